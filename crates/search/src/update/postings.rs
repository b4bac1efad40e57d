//! The inverted index of one kind after an update.

use std::ops::Range;

use foldhash::HashMap;

use super::diff::{AnalyzedDiff, CatalogDiff};
use crate::bm25f::{AnalyzedEntry, FieldLengths, ImpactModel, KindIndex};
use crate::numeric::as_u32;
use crate::postings::{Posting, PostingLists, PostingTemplates, PostingsPacker, TemplateImpacts};
use crate::weights::Weights;

/// The entries of one kind before and after an update.
pub(super) struct KindFrame {
    /// Old positions.
    pub(super) from: Range<usize>,
    /// New positions.
    pub(super) to: Range<usize>,
    /// The number of term ids after the update.
    pub(super) n_terms: usize,
}

/// The index of one kind after an update; `None` where an average field length changed so much that every posting has
/// another impact.
pub(super) fn updated_kind(
    old: &KindIndex,
    frame: &KindFrame,
    diff: &CatalogDiff,
    analyzed: &AnalyzedDiff,
    weights: &Weights,
) -> Option<KindIndex> {
    let mut lengths: FieldLengths = old.lengths;
    let removed = || analyzed.removed.iter().filter(|(at, _)| frame.from.contains(at));
    let added = || analyzed.added.iter().filter(|(at, _)| frame.to.contains(at));
    removed().for_each(|(_, entry)| lengths.subtract(&entry.lengths));
    added().for_each(|(_, entry)| lengths.add(&entry.lengths));
    let averages = lengths.averages();
    if averages.map(f32::to_bits) != old.lengths.averages().map(f32::to_bits) {
        return None;
    }
    let impacts = ImpactModel::new(averages, weights);
    let mut templates = moved_templates(old, frame, diff);
    for (at, entry) in added() {
        templates.impacts[at - frame.to.start] = impacts.template_impacts(&old.templates, &entry.lengths);
    }
    let edits =
        ListEdits::between(old, frame, diff, analyzed, &NewImpacts { impacts, templates: &templates });
    let lists = edited_lists(&old.lists, frame, diff, templates, &edits);
    Some(KindIndex { lists, templates: old.templates, entries: frame.to.len(), lengths })
}

/// The template impacts of the entries that stayed, at their new positions.
fn moved_templates(old: &KindIndex, frame: &KindFrame, diff: &CatalogDiff) -> PostingTemplates {
    let PostingTemplates { fields, impacts } = old.lists.templates();
    let mut moved = vec![TemplateImpacts::default(); frame.to.len()];
    for (at, impacts) in frame.from.clone().zip(impacts) {
        if let Some(position) = diff.moved(as_u32(at)) {
            moved[position as usize - frame.to.start] = *impacts;
        }
    }
    PostingTemplates { fields: *fields, impacts: moved }
}

/// How the posting lists of one kind change.
struct ListEdits {
    /// Whether all entries that stayed are where they were, so that only some lists change.
    in_place: bool,
    /// The terms of those lists, sorted.
    touched: Vec<u32>,
    /// The postings of added entries, by term.
    added: HashMap<u32, Vec<Posting>>,
}

/// The impacts of postings after the update.
struct NewImpacts<'s> {
    impacts: ImpactModel,
    templates: &'s PostingTemplates,
}

impl ListEdits {
    fn between(
        old: &KindIndex,
        frame: &KindFrame,
        diff: &CatalogDiff,
        analyzed: &AnalyzedDiff,
        new: &NewImpacts<'_>,
    ) -> ListEdits {
        let old_document = |at: usize| at - frame.from.start;
        let new_document = |at: usize| at - frame.to.start;
        // Where as many entries came as went, and at the same positions, the others did not move.
        let is_moved = |at: usize| {
            diff.moved(as_u32(at)).is_some_and(|to| new_document(to as usize) != old_document(at))
        };
        let in_place = !frame.from.clone().any(is_moved);
        let posting = |document: usize, frequencies, entry: &AnalyzedEntry| {
            new.impacts.posting(as_u32(document), frequencies, &entry.lengths)
        };
        // How each posting that goes is encoded, by term and document.
        let mut removed: HashMap<(u32, usize), _> = HashMap::default();
        for (at, entry) in analyzed.removed.iter().filter(|(at, _)| frame.from.contains(at)) {
            for (term, frequencies) in &entry.terms {
                let posting = posting(old_document(*at), *frequencies, entry);
                removed.insert((*term, old_document(*at)), old.lists.templates().encoding(posting));
            }
        }
        let (mut touched, mut added) = (Vec::new(), HashMap::<u32, Vec<Posting>>::default());
        for (at, entry) in analyzed.added.iter().filter(|(at, _)| frame.to.contains(at)) {
            for (term, frequencies) in &entry.terms {
                let posting = posting(new_document(*at), *frequencies, entry);
                added.entry(*term).or_default().push(posting);
                // Where only the length of an entry changed, most postings have other impacts by the same templates.
                let encoding = new.templates.encoding(posting);
                if removed.remove(&(*term, new_document(*at))) != Some(encoding) {
                    touched.push(*term);
                }
            }
        }
        touched.extend(removed.into_keys().map(|(term, _)| term));
        touched.sort_unstable();
        touched.dedup();
        ListEdits { in_place, touched, added }
    }
}

/// The lists with new positions, without the postings of removed entries and with those of added ones.
fn edited_lists(
    old: &PostingLists,
    frame: &KindFrame,
    diff: &CatalogDiff,
    templates: PostingTemplates,
    edits: &ListEdits,
) -> PostingLists {
    let from = frame.from.start;
    let moved = |document: u32| {
        let position = diff.moved(as_u32(from) + document)?;
        Some(position - as_u32(frame.to.start))
    };
    let edit = |term: u32, postings: &mut Vec<Posting>| {
        postings.extend(
            old.postings(term)
                .filter_map(|posting| Some(Posting { document: moved(posting.document)?, ..posting })),
        );
        if let Some(added) = edits.added.get(&term) {
            for posting in added {
                let at = postings.partition_point(|other| other.document < posting.document);
                postings.insert(at, *posting);
            }
        }
    };
    if edits.in_place {
        return old.updated(templates, &edits.touched, edit).compacted(frame.n_terms);
    }
    let mut packer = PostingsPacker::new(templates);
    let mut postings = Vec::new();
    for term in 0..as_u32(frame.n_terms) {
        postings.clear();
        edit(term, &mut postings);
        packer.add(&postings);
    }
    PostingLists::new(packer)
}
