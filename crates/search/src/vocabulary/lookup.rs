//! Looking up words and terms: the shared dictionary overlaid with a delta.

use std::sync::Arc;

use crate::codec::{ByteReader, ByteWriter};
use crate::merge_sorted::merge_sorted;
use crate::numeric::as_u32;
use crate::term_dict::TermDict;
use crate::text;

/// Strings that may come and go before the dictionary is rebuilt: this many, plus a share of all terms, up to a limit,
/// since every update copies the delta.
const MIN_CHANGES: usize = 256;
const CHANGES_SHARE: usize = 64;
const MAX_CHANGES: usize = 8_192;

/// The words of a collection as written, and the terms they reduce to.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    /// Shared by all vocabularies derived from one another.
    pub(super) dict: Arc<TermDict>,
    pub(super) delta: Delta,
}

/// What came and went since the dictionary was built.
#[derive(Debug, Default)]
pub(super) struct Delta {
    /// New words with the ids of their terms, sorted.
    pub(super) words: Vec<(Arc<str>, u32)>,
    /// New terms with their ids, sorted.
    pub(super) terms: Vec<(Arc<str>, u32)>,
    /// Ids of dictionary terms that no entry uses any more, sorted. A term that comes back gets a new id.
    pub(super) retired: Vec<u32>,
    /// Term ids with the position of their shortest word in `words`, sorted.
    pub(super) display: Vec<(u32, u32)>,
    /// Every id is below this.
    pub(super) n_ids: usize,
}

impl Delta {
    /// The same delta with the display word of each of its terms worked out.
    pub(super) fn with_display(mut self) -> Delta {
        let words = self.words.iter().zip(0..);
        let mut words: Vec<_> = words.map(|((word, id), at)| (*id, word.len(), at)).collect();
        words.sort_unstable();
        words.dedup_by_key(|(id, ..)| *id);
        self.display = words.into_iter().map(|(id, _, at)| (id, at)).collect();
        self
    }

    pub(super) fn is_retired(&self, id: u32) -> bool {
        self.retired.binary_search(&id).is_ok()
    }
}

/// The id of a string in a sorted list.
fn id_in(sorted: &[(Arc<str>, u32)], wanted: &str) -> Option<u32> {
    let at = sorted.binary_search_by(|(string, _)| string.as_ref().cmp(wanted)).ok()?;
    Some(sorted[at].1)
}

impl Vocabulary {
    /// A vocabulary without a delta.
    pub(super) fn from_dict(dict: TermDict) -> Vocabulary {
        let delta = Delta { n_ids: dict.len(), ..Delta::default() };
        Vocabulary { dict: Arc::new(dict), delta }
    }

    /// Encodes the vocabulary for [`Vocabulary::read`].
    pub(crate) fn write(&self, writer: &mut ByteWriter) {
        self.dict.write(writer);
        for list in [&self.delta.words, &self.delta.terms] {
            writer.u32(as_u32(list.len()));
            for (string, id) in list {
                writer.block(string.as_bytes());
                writer.u32(*id);
            }
        }
        writer.u32s(self.delta.retired.iter().copied());
        writer.u32(as_u32(self.delta.n_ids));
    }

    /// Decodes what [`Vocabulary::write`] encoded; `None` where it is malformed.
    pub(crate) fn read(reader: &mut ByteReader<'_>) -> Option<Vocabulary> {
        let dict = Arc::new(TermDict::read(reader)?);
        let mut list = || -> Option<Vec<(Arc<str>, u32)>> {
            (0..reader.count()?).map(|_| Some((reader.text()?.into(), reader.u32()?))).collect()
        };
        let (words, terms) = (list()?, list()?);
        let (retired, n_ids) = (reader.u32s()?, reader.count()?);
        let most = MAX_CHANGES.max(MIN_CHANGES) * text::MAX_WORD_CHARS + dict.len();
        let delta = Delta { words, terms, retired, display: Vec::new(), n_ids }.with_display();
        let sound = (dict.len()..=most).contains(&n_ids)
            && delta.words.iter().chain(&delta.terms).all(|(_, id)| (*id as usize) < n_ids)
            && delta.retired.iter().all(|id| (*id as usize) < dict.len())
            && delta.retired.is_sorted()
            && delta.words.is_sorted()
            && delta.terms.is_sorted();
        sound.then_some(Vocabulary { dict, delta })
    }

    /// Every term id is below this; not every number below it is one.
    pub(crate) fn n_ids(&self) -> usize {
        self.delta.n_ids
    }

    /// Whether the delta is still small enough to go on with.
    pub(crate) fn is_compact(&self) -> bool {
        let Delta { words, retired, n_ids, .. } = &self.delta;
        let changes = words.len() + retired.len() + n_ids - self.dict.len();
        changes <= (MIN_CHANGES + self.dict.n_terms() / CHANGES_SHARE).min(MAX_CHANGES)
    }

    /// The term of an id.
    pub(crate) fn term(&self, id: u32) -> Option<String> {
        if (id as usize) < self.dict.len() {
            return self.dict.text(id);
        }
        let new = self.delta.terms.iter().find(|(_, new)| *new == id);
        new.map(|(term, _)| term.as_ref().to_owned())
    }

    /// A term in its display form: the shortest word of the collection that reduces to it, not the stem.
    pub(crate) fn display(&self, id: u32) -> String {
        let shared = self.dict.display(id);
        let new = self.delta.display.binary_search_by_key(&id, |(new, _)| *new).ok();
        let new = new.map(|at| self.delta.words[self.delta.display[at].1 as usize].0.as_ref().to_owned());
        let both = shared.into_iter().chain(new);
        both.min_by(|a, b| (a.len(), a).cmp(&(b.len(), b))).unwrap_or_default()
    }

    /// The id of the term of a surface word; `None` where the collection does not use that very word.
    pub(crate) fn id_of_word(&self, word: &str) -> Option<u32> {
        if let Some(new) = id_in(&self.delta.words, word) {
            return Some(new);
        }
        let (_, links) = self.dict.find(word)?;
        links.term.filter(|id| !self.delta.is_retired(*id))
    }

    /// The id of a term.
    pub(crate) fn id_of_term(&self, term: &str) -> Option<u32> {
        if let Some(new) = id_in(&self.delta.terms, term) {
            return Some(new);
        }
        let (rank, links) = self.dict.find(term)?;
        (links.display.is_some() && !self.delta.is_retired(rank)).then_some(rank)
    }

    /// All terms with their ids, sorted by term.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (String, u32)> {
        let mut cursor = self.dict.cursor();
        let shared = std::iter::from_fn(|| {
            loop {
                let rank = cursor.advance()?;
                let is_term = self.dict.links(rank, cursor.tag).display.is_some();
                if is_term && !self.delta.is_retired(rank) {
                    return Some((cursor.text().to_owned(), rank));
                }
            }
        });
        let new = self.delta.terms.iter().map(|(term, id)| (term.as_ref().to_owned(), *id));
        merge_sorted(shared, new.collect()).into_iter()
    }
}
