//! An index over a catalog of which little changed.
//!
//! Entries that stayed are not read again: their postings are copied, list by list, with the places that entries have now.
//! What comes out is what building anew would make, save for the numbering of terms.

use std::sync::Arc;

use foldhash::HashMap;

use super::aliases::Aliases;
use super::bm25f::{AnalyzedEntry, Bm25fIndex, FieldLengths, ImpactModel, KindIndex, TermCounter};
use super::fingerprint::Fingerprint;
use super::index::{Core, alias_terms, kinds, roles};
use super::near_duplicates::{NearDuplicates, name_hash, pair_duplicates};
use super::postings::{Posting, PostingLists, PostingTemplates, PostingsPacker, TemplateImpacts};
use super::vocabulary::{TermInterner, VocabularyExtension};
use crate::numeric::as_u32;
use catalog::{Catalog, Definition, Kind};

/// Entries read again at most: of more, building anew is as fast, since it reads on several threads.
const MAX_READ: usize = 256;
/// Entries of one name that are compared again at most.
const MAX_GROUP: usize = 64;
/// An entry that is gone.
const GONE: u32 = u32::MAX;

/// The parts of the index over `catalog`; `None` where it is better built anew.
pub(super) fn core(old: &Core, catalog: &Catalog, aliases: &Aliases) -> Option<Core> {
    let definitions = catalog.shared_definitions();
    let change = Change::between(&old.definitions, &definitions)?;
    let mut reader =
        Reader { counter: TermCounter::default(), vocabulary: VocabularyExtension::new(&old.vocabulary) };
    let gone = change.gone.iter().map(|&at| (at, reader.read(&old.definitions[at]))).collect();
    let new = change.new.iter().map(|&at| (at, reader.read(&definitions[at]))).collect();
    let texts = Texts { gone, new };
    let kinds = kinds(&definitions);
    let mut of_kinds = Vec::new();
    for kind in Kind::ALL {
        let frame = Frame {
            from: old.kinds[kind as usize].clone(),
            to: kinds[kind as usize].clone(),
            terms: reader.vocabulary.n_terms(),
        };
        of_kinds.push(of_kind(&old.lexical.kinds[kind as usize], &frame, &change, &texts, &old.weights)?);
    }
    let lexical = Bm25fIndex { kinds: of_kinds.try_into().ok()?, field: old.lexical.field };
    let copies = copies(old, &definitions, &change, &mut reader)?;
    let mut unused: Vec<u32> =
        texts.terms_gone().filter(|&term| lexical.total_frequency(term) == 0).collect();
    unused.sort_unstable();
    unused.dedup();
    let vocabulary = reader.vocabulary.finish(&unused).map_or_else(|| Arc::clone(&old.vocabulary), Arc::new);
    let mut sizes = old.sizes.clone();
    let names = old.names.updated(|at| change.place(at), change.new.iter().copied(), &definitions);
    let mut fingerprint = old.fingerprint;
    for (at, read) in &texts.gone {
        sizes[old.definitions[*at].kind as usize].remove(read.terms.len());
        fingerprint = fingerprint - Fingerprint::of_entry(&old.definitions[*at]);
    }
    for (at, read) in &texts.new {
        sizes[definitions[*at].kind as usize].add(read.terms.len());
        fingerprint = fingerprint + Fingerprint::of_entry(&definitions[*at]);
    }
    vocabulary.is_compact().then(|| Core {
        fingerprint,
        kinds,
        alias_terms: alias_terms(aliases, &vocabulary),
        vocabulary,
        lexical,
        aliases: aliases.clone(),
        capabilities: old.capabilities.updated(|at| change.place(at), &change.new, &definitions),
        names,
        roles: roles(catalog),
        copies,
        sizes,
        weights: old.weights.clone(),
        definitions,
    })
}

/// Which entries differ between two catalogs.
struct Change {
    /// Where each entry is now.
    places: Vec<u32>,
    /// Entries that were, sorted.
    gone: Vec<usize>,
    /// Entries that are new, sorted.
    new: Vec<usize>,
}

impl Change {
    fn between(old: &[Arc<Definition>], new: &[Arc<Definition>]) -> Option<Change> {
        let mut change = Change { places: Vec::with_capacity(old.len()), gone: Vec::new(), new: Vec::new() };
        let mut rest = new.iter().enumerate().peekable();
        for (at, entry) in old.iter().enumerate() {
            let order = |other: &Definition| {
                (other.kind, &other.id, &other.path).cmp(&(entry.kind, &entry.id, &entry.path))
            };
            let is_before = |other: &Arc<Definition>| !Arc::ptr_eq(other, entry) && order(other).is_lt();
            while let Some((place, _)) = rest.next_if(|(_, other)| is_before(other)) {
                change.new.push(place);
            }
            if let Some((place, _)) = rest.next_if(|(_, other)| Arc::ptr_eq(other, entry)) {
                change.places.push(as_u32(place));
            } else {
                change.places.push(GONE);
                change.gone.push(at);
            }
            if change.gone.len() + change.new.len() > MAX_READ {
                return None;
            }
        }
        change.new.extend(rest.map(|(place, _)| place));
        (change.gone.len() + change.new.len() <= MAX_READ).then_some(change)
    }

    /// Where an entry is now, if it still is.
    fn place(&self, at: u32) -> Option<u32> {
        self.places.get(at as usize).copied().filter(|&place| place != GONE)
    }
}

/// Reads entries in terms of a vocabulary that grows.
struct Reader<'v> {
    counter: TermCounter,
    vocabulary: VocabularyExtension<'v>,
}

impl Reader<'_> {
    fn read(&mut self, definition: &Definition) -> AnalyzedEntry {
        self.counter.analyze(definition, &mut self.vocabulary)
    }
}

/// What the entries say that went and came, with their places then and now.
struct Texts {
    gone: Vec<(usize, AnalyzedEntry)>,
    new: Vec<(usize, AnalyzedEntry)>,
}

impl Texts {
    fn terms_gone(&self) -> impl Iterator<Item = u32> {
        self.gone.iter().flat_map(|(_, read)| &read.terms).map(|&(term, _)| term)
    }
}

/// Where the entries of one kind were and are, and how many terms there are now.
struct Frame {
    from: std::ops::Range<usize>,
    to: std::ops::Range<usize>,
    terms: usize,
}

/// The lists of one kind; `None` where averages moved so far that every posting brings something else.
fn of_kind(
    old: &KindIndex,
    frame: &Frame,
    change: &Change,
    texts: &Texts,
    weights: &super::Weights,
) -> Option<KindIndex> {
    let mut lengths: FieldLengths = old.lengths;
    let gone = || texts.gone.iter().filter(|(at, _)| frame.from.contains(at));
    let new = || texts.new.iter().filter(|(at, _)| frame.to.contains(at));
    gone().for_each(|(_, read)| lengths.subtract(&read.lengths));
    new().for_each(|(_, read)| lengths.add(&read.lengths));
    let averages = lengths.averages();
    if averages.map(f32::to_bits) != old.lengths.averages().map(f32::to_bits) {
        return None;
    }
    let impacts = ImpactModel::new(averages, weights);
    let mut templates = moved_shapes(old, frame, change);
    for (at, read) in new() {
        templates.impacts[at - frame.to.start] = impacts.template_impacts(&old.templates, &read.lengths);
    }
    let edits = Edits::of(old, frame, change, texts, &Now { impacts, templates: &templates });
    let lists = repack(&old.lists, frame, change, templates, &edits);
    Some(KindIndex { lists, templates: old.templates, entries: frame.to.len(), lengths })
}

/// What the templates bring to the entries that stayed, at the places they have now.
fn moved_shapes(old: &KindIndex, frame: &Frame, change: &Change) -> PostingTemplates {
    let PostingTemplates { fields, impacts } = old.lists.templates();
    let mut moved = vec![TemplateImpacts::default(); frame.to.len()];
    for (at, impacts) in frame.from.clone().zip(impacts) {
        if let Some(place) = change.place(as_u32(at)) {
            moved[place as usize - frame.to.start] = *impacts;
        }
    }
    PostingTemplates { fields: *fields, impacts: moved }
}

/// What becomes of the lists of one kind.
struct Edits {
    /// Whether entries that stayed are where they were: then only the lists of some terms are others.
    stays: bool,
    /// These terms, sorted.
    touched: Vec<u32>,
    /// All postings of entries that came.
    added: HashMap<u32, Vec<Posting>>,
}

/// What postings bring now.
struct Now<'s> {
    impacts: ImpactModel,
    templates: &'s PostingTemplates,
}

impl Edits {
    fn of(old: &KindIndex, frame: &Frame, change: &Change, texts: &Texts, now: &Now<'_>) -> Edits {
        let there = |at: usize| at - frame.from.start;
        let here = |at: usize| at - frame.to.start;
        // Where as many went as came, and at the same places, nobody else moved.
        let moved = |at: usize| change.place(as_u32(at)).is_some_and(|to| here(to as usize) != there(at));
        let stays = !frame.from.clone().any(moved);
        let posting = |document: usize, counts, read: &AnalyzedEntry| {
            now.impacts.posting(as_u32(document), counts, &read.lengths)
        };
        // What is told of each posting that went and that came, by term and document.
        let mut went: HashMap<(u32, usize), _> = HashMap::default();
        for (at, read) in texts.gone.iter().filter(|(at, _)| frame.from.contains(at)) {
            for (term, counts) in &read.terms {
                let posting = posting(there(*at), *counts, read);
                went.insert((*term, there(*at)), old.lists.templates().encoding(posting));
            }
        }
        let (mut touched, mut added) = (Vec::new(), HashMap::<u32, Vec<Posting>>::default());
        for (at, read) in texts.new.iter().filter(|(at, _)| frame.to.contains(at)) {
            for (term, counts) in &read.terms {
                let posting = posting(here(*at), *counts, read);
                added.entry(*term).or_default().push(posting);
                // An entry whose length changed mostly brings something else by the same templates.
                if went.remove(&(*term, here(*at))) != Some(now.templates.encoding(posting)) {
                    touched.push(*term);
                }
            }
        }
        touched.extend(went.into_keys().map(|(term, _)| term));
        touched.sort_unstable();
        touched.dedup();
        Edits { stays, touched, added }
    }
}

/// The lists with the places entries have now, without those that went and with those that came.
fn repack(
    old: &PostingLists,
    frame: &Frame,
    change: &Change,
    templates: PostingTemplates,
    edits: &Edits,
) -> PostingLists {
    let from = frame.from.start;
    let moved = |document: u32| {
        let place = change.place(as_u32(from) + document)?;
        Some(place - as_u32(frame.to.start))
    };
    let edited = |term: u32, postings: &mut Vec<Posting>| {
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
    if edits.stays {
        return old.updated(templates, &edits.touched, edited).compacted(frame.terms);
    }
    let mut packer = PostingsPacker::new(templates);
    let mut postings = Vec::new();
    for term in 0..as_u32(frame.terms) {
        postings.clear();
        edited(term, &mut postings);
        packer.add(&postings);
    }
    PostingLists::new(packer)
}

/// Who is a copy of whom: entries that share a name with one that went or came are compared anew.
fn copies(
    old: &Core,
    definitions: &[Arc<Definition>],
    change: &Change,
    reader: &mut Reader<'_>,
) -> Option<NearDuplicates> {
    let mut names = vec![0; definitions.len()];
    for (&name, place) in
        old.copies.name_hashes.iter().zip(&change.places).filter(|(_, place)| **place != GONE)
    {
        names[*place as usize] = name;
    }
    change.new.iter().for_each(|&at| names[at] = name_hash(&definitions[at]));
    let gone = change.gone.iter().map(|&at| old.copies.name_hashes[at]);
    let new = change.new.iter().map(|&at| names[at]);
    let mut groups: HashMap<u32, Vec<usize>> = gone.chain(new).map(|name| (name, Vec::new())).collect();
    for (at, name) in names.iter().enumerate() {
        if let Some(group) = groups.get_mut(name) {
            group.push(at);
        }
    }
    let stayed = old.copies.representatives.iter();
    let mut leaders: Vec<(u32, u32)> = stayed
        .filter_map(|&(copy, leader)| Some((change.place(copy)?, change.place(leader)?)))
        .filter(|(copy, _)| !groups.contains_key(&names[*copy as usize]))
        .collect();
    for group in groups.values().filter(|group| group.len() > 1) {
        if group.len() > MAX_GROUP {
            return None;
        }
        let terms =
            |at: usize| reader.read(&definitions[at]).terms.into_iter().map(|(term, _)| term).collect();
        pair_duplicates(group, terms, &mut leaders);
    }
    Some(NearDuplicates::from_pairs(names, leaders))
}
