//! The posting lists of all terms, and what a query does with them: count, scan, find, score.

use std::sync::Arc;

use super::cursor::PostingCursor;
use super::packed::{BLOCK, Block, PackedLists, SINGLE, Stored};
use super::packer::PostingsPacker;
use super::posting::{NO_TEMPLATE, Posting, PostingTemplates, TEMPLATE_BITS};
use super::short;
use crate::numeric::as_u32;

/// The changed lists may take 1/2 of the bytes of the shared ones before all are compacted.
const CHANGED_SHARE: usize = 2;

/// The posting lists of one kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PostingLists {
    pub(super) templates: PostingTemplates,
    /// Shared with the lists that these were updated from.
    pub(super) packed: Arc<PackedLists>,
    /// The terms whose lists changed since the last compaction, sorted.
    pub(super) changed: Vec<u32>,
    /// Their lists, by position in `changed`.
    pub(super) changed_lists: PackedLists,
}

/// The list of one term.
struct List<'l> {
    /// Its number of postings.
    n: usize,
    bytes: &'l [u8],
    /// The blocks of a long list.
    blocks: Option<&'l [Block]>,
}

impl PostingLists {
    /// The lists that a packer compressed.
    pub(crate) fn new(packer: PostingsPacker) -> PostingLists {
        let PostingsPacker { templates, packed } = packer;
        PostingLists { templates, packed: Arc::new(packed.shrunk()), ..PostingLists::default() }
    }

    /// What most postings are like.
    pub(crate) fn templates(&self) -> &PostingTemplates {
        &self.templates
    }

    /// The buffers that hold the list of a term, and its number in them.
    fn locate(&self, term: u32) -> (u32, &PackedLists) {
        match self.changed.binary_search(&term) {
            Ok(at) => (as_u32(at), &self.changed_lists),
            Err(_) => (term, &self.packed),
        }
    }

    /// These lists with those of the terms in `touched`, which is sorted, replaced by what `rewrite` appends to its
    /// buffer. The entries of all other lists must be where they were.
    pub(crate) fn updated(
        &self,
        templates: PostingTemplates,
        touched: &[u32],
        mut rewrite: impl FnMut(u32, &mut Vec<Posting>),
    ) -> PostingLists {
        let mut changed: Vec<u32> = self.changed.iter().chain(touched).copied().collect();
        changed.sort_unstable();
        changed.dedup();
        let mut packer = PostingsPacker::new(templates);
        let mut postings = Vec::new();
        for &term in &changed {
            if touched.binary_search(&term).is_ok() {
                postings.clear();
                rewrite(term, &mut postings);
                packer.add(&postings);
            } else {
                let (from, lists) = self.locate(term);
                packer.copy(lists, from);
            }
        }
        let PostingsPacker { templates, packed: changed_lists } = packer;
        let changed_lists = changed_lists.shrunk();
        PostingLists { templates, packed: Arc::clone(&self.packed), changed, changed_lists }
    }

    /// The same lists, compacted where a large part of them changed. `n_terms` is the number of term ids.
    pub(crate) fn compacted(self, n_terms: usize) -> PostingLists {
        let is_large = self.changed_lists.n_bytes() * CHANGED_SHARE > self.packed.n_bytes();
        if is_large { self.merged(n_terms) } else { self }
    }

    /// The same lists in one piece.
    pub(super) fn merged(&self, n_terms: usize) -> PostingLists {
        let mut packer = PostingsPacker::new(self.templates.clone());
        for term in 0..as_u32(n_terms) {
            let (from, lists) = self.locate(term);
            packer.copy(lists, from);
        }
        PostingLists::new(packer)
    }

    /// The document frequency of a term: in how many entries of the kind it occurs.
    pub(crate) fn frequency(&self, term: u32) -> usize {
        self.list(term).n
    }

    fn list(&self, term: u32) -> List<'_> {
        let (term, packed) = self.locate(term);
        match packed.stored(term) {
            Stored::None => List { n: 0, bytes: &[], blocks: None },
            Stored::Short(0..=SINGLE, bytes) => List { n: 1, bytes, blocks: None },
            Stored::Short(_, bytes) => {
                let (n, bytes) = bytes.split_first().map_or((0, bytes), |(n, rest)| ((*n).into(), rest));
                List { n, bytes, blocks: None }
            }
            Stored::Long(long, bytes) => {
                List { n: long.count as usize, bytes, blocks: Some(packed.blocks_of(long)) }
            }
        }
    }

    /// The postings of a term, by document.
    pub(crate) fn postings(&self, term: u32) -> PostingCursor<'_> {
        let List { n, bytes, .. } = self.list(term);
        PostingCursor::new(&self.templates, bytes, n, 0)
    }

    /// The posting of a term in one document, with the term's document frequency; `None` where it does not occur there.
    pub(crate) fn find(&self, term: u32, document: u32) -> Option<(Posting, usize)> {
        let List { n, bytes, blocks } = self.list(term);
        let Some(blocks) = blocks else {
            return short::find(bytes, n, &self.templates, document).map(|posting| (posting, n));
        };
        let nth = blocks.partition_point(|block| block.base <= document).checked_sub(1)?;
        let start = blocks[nth].at.checked_sub(blocks.first()?.at)?;
        let rest = bytes.get(start as usize..)?;
        let mut cursor = PostingCursor::new(&self.templates, rest, n - nth * BLOCK, blocks[nth].base);
        let posting = cursor.find(|posting| posting.document >= document);
        posting.filter(|posting| posting.document == document).map(|posting| (posting, n))
    }

    /// Adds the contributions of a term to `scores`, one for each entry of the kind. `step` returns the value of one step
    /// of impact, given the term's document frequency.
    pub(crate) fn add_scores(&self, term: u32, step: impl FnOnce(usize) -> f32, scores: &mut [f32]) {
        let List { n, bytes, blocks } = self.list(term);
        let step = step(n);
        if blocks.is_none() {
            return short::add_scores(bytes, n, &self.templates, step, scores);
        }
        let mut cursor = PostingCursor::new(&self.templates, bytes, n, 0);
        let impacts = self.templates.impacts.as_slice();
        let (mut documents, mut untemplated) = ([0; BLOCK], [0u8; BLOCK]);
        while cursor.fill() {
            // Whether a posting follows a template is unpredictable: a branch would cost more than adding nothing.
            let mut n_untemplated = 0;
            for (nth, &code) in (0u8..).zip(&cursor.codes[..cursor.filled]) {
                let document = cursor.base.wrapping_add(code >> TEMPLATE_BITS);
                cursor.base = document.wrapping_add(1);
                let template = code % (1 << TEMPLATE_BITS);
                documents[usize::from(nth)] = document;
                untemplated[n_untemplated] = nth;
                n_untemplated += usize::from(template == NO_TEMPLATE);
                let at = document as usize;
                if let (Some(score), Some(impacts)) = (scores.get_mut(at), impacts.get(at)) {
                    *score += step * f32::from(impacts[template as usize]);
                }
            }
            for &nth in &untemplated[..n_untemplated] {
                let (_, impact) = cursor.untemplated();
                if let Some(score) = scores.get_mut(documents[usize::from(nth)] as usize) {
                    *score += step * f32::from(impact);
                }
            }
        }
    }
}
