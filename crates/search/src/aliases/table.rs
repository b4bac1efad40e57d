//! The alias table: every term numbered, in few large arrays, since it is as large as the index of a small collection.

use crate::numeric::as_u32;
use crate::string_table::StringTable;

/// Separates the expansions of a head.
pub(super) const GAP: u32 = u32::MAX;

/// A range of numbered terms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn len(self) -> usize {
        (self.end - self.start) as usize
    }
}

/// One way to match a head; a compound has two (`ci/cd`, `cicd`).
#[derive(Debug, Clone, Copy)]
pub(super) struct AliasEntry {
    /// The number of the head.
    pub(super) head: u32,
    /// The content terms of the head.
    pub(super) terms: Span,
    /// All its words in order, where stop words belong to it (`out of memory`); otherwise empty.
    pub(super) phrase: Span,
    /// The content terms of the expansions, separated by [`GAP`]; empty for a head that is to be removed.
    pub(super) expansions: Span,
}

/// Heads and expansions as numbers of terms.
#[derive(Debug, Default)]
pub(super) struct AliasTable {
    /// The terms in ascending order; a term's number is its rank.
    pub(super) terms: StringTable,
    /// The heads as written, in order of their numbers.
    pub(super) heads: StringTable,
    pub(super) entries: Vec<AliasEntry>,
    /// What the spans of the entries refer to.
    pub(super) ids: Vec<u32>,
    /// The first term of each entry's head with the entry's number, sorted.
    pub(super) by_first_term: Vec<(u32, u32)>,
}

impl AliasTable {
    /// The head of that number, as written.
    pub(super) fn head(&self, head: u32) -> &str {
        self.heads.get(head as usize)
    }

    /// The number of a term.
    pub(super) fn id(&self, term: &str) -> Option<u32> {
        self.terms.find(term).map(as_u32)
    }

    /// The numbers of a span.
    pub(super) fn ids(&self, span: Span) -> &[u32] {
        &self.ids[span.start as usize..span.end as usize]
    }

    /// The entries whose head starts with the term of that number.
    pub(super) fn entries_starting_with(&self, id: u32) -> impl Iterator<Item = usize> {
        let from = self.by_first_term.partition_point(|(first, _)| *first < id);
        self.by_first_term[from..]
            .iter()
            .take_while(move |(first, _)| *first == id)
            .map(|(_, entry)| *entry as usize)
    }
}

/// The first term of each entry's head with the entry's number, sorted.
pub(super) fn by_first_term(entries: &[AliasEntry], ids: &[u32]) -> Vec<(u32, u32)> {
    let first_of = |entry: &AliasEntry| {
        let span = if entry.phrase.len() > 0 { entry.phrase } else { entry.terms };
        (span.len() > 0).then(|| ids[span.start as usize])
    };
    let entries = entries.iter().enumerate();
    let mut first: Vec<(u32, u32)> =
        entries.filter_map(|(at, entry)| Some((first_of(entry)?, as_u32(at)))).collect();
    first.sort_unstable();
    first
}
