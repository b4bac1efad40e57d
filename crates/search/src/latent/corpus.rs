//! The collection as a matrix: entries chunked into passages, passages as sparse rows.

use std::sync::Arc;

use foldhash::HashMap;

use super::vector_math::normalise;
use crate::fields::Field;
use crate::numeric::{as_f32, as_u32};
use crate::text::{self, TokenForm};
use catalog::{Cancellation, Definition};

/// Terms of a passage: about 250–500 words, including stop words.
const PASSAGE_TERMS: usize = 200;
/// Passages that the decomposition is computed from; of a larger collection every n-th is taken.
const MAX_PASSAGES: usize = 6_000;
/// Passages of one entry; a body of 294 KB has some 200.
const MAX_ENTRY_PASSAGES: usize = 64;
/// Terms of the matrix; those of a larger collection with the highest passage frequency.
const MAX_TERMS: usize = 20_000;

/// A term of a passage with its count, and later with its weight.
type Cell = (u32, f32);

/// One passage of an entry.
#[derive(Debug)]
struct Passage {
    document: u32,
    /// Whether it is made of name and description, rather than headings and body.
    is_title: bool,
    cells: Vec<Cell>,
}

/// A matrix with a row of unit length for each passage and a column for each term.
#[derive(Debug, Default)]
pub(super) struct Corpus {
    /// Sorted; a term's column is its rank.
    pub(super) terms: Vec<Box<str>>,
    pub(super) idf: Vec<f32>,
    passages: Vec<Passage>,
    /// The passages that the decomposition is computed from, by number.
    sample: Vec<usize>,
    documents: usize,
}

impl Corpus {
    /// The matrix of these entries; `None` where it was cancelled.
    pub(super) fn read(definitions: &[Arc<Definition>], cancellation: &Cancellation) -> Option<Corpus> {
        let mut numbers = TermNumbers::default();
        let mut passages = Vec::new();
        for (document, definition) in definitions.iter().enumerate() {
            if cancellation.is_cancelled() {
                return None;
            }
            let title = [Field::Name, Field::Description, Field::WhenToUse, Field::Keywords];
            for (fields, is_title) in [(&title[..], true), (&[Field::Headings, Field::Body][..], false)] {
                let mut chunker = Chunker {
                    numbers: &mut numbers,
                    counts: HashMap::default(),
                    length: 0,
                    done: Vec::new(),
                };
                for &field in fields {
                    field.for_each_text(definition, |part| chunker.read(part));
                }
                let cells = chunker.finish();
                passages.extend(cells.into_iter().map(|cells| Passage {
                    document: as_u32(document),
                    is_title,
                    cells,
                }));
            }
        }
        let step = passages.len().div_ceil(MAX_PASSAGES).max(1);
        let sample = (0..passages.len()).step_by(step).collect();
        let mut corpus = Corpus { passages, sample, documents: definitions.len(), ..Corpus::default() };
        corpus.weigh(numbers);
        Some(corpus)
    }

    /// How many rows the decomposition is computed from.
    pub(super) fn n_rows(&self) -> usize {
        self.sample.len()
    }

    /// One of those rows.
    pub(super) fn row(&self, row: usize) -> &[Cell] {
        &self.passages[self.sample[row]].cells
    }

    /// Drops terms that occur in a single passage, numbers the others alphabetically, and turns counts into rows of
    /// `(1 + ln tf) · idf`, normalised to unit length.
    fn weigh(&mut self, numbers: TermNumbers) {
        let mut frequency = vec![0usize; numbers.terms.len()];
        for (term, _) in self.passages.iter().flat_map(|passage| &passage.cells) {
            frequency[*term as usize] += 1;
        }
        let mut frequent: Vec<(Box<str>, u32)> =
            numbers.terms.into_iter().filter(|(_, id)| frequency[*id as usize] > 1).collect();
        frequent.sort_unstable_by(|a, b| {
            frequency[b.1 as usize].cmp(&frequency[a.1 as usize]).then_with(|| a.0.cmp(&b.0))
        });
        frequent.truncate(MAX_TERMS);
        frequent.sort_unstable();
        let mut columns = vec![None; frequency.len()];
        let all = as_f32(self.passages.len());
        for (column, (_, id)) in frequent.iter().enumerate() {
            columns[*id as usize] = Some(as_u32(column));
        }
        self.idf =
            frequent.iter().map(|(_, id)| (all / as_f32(frequency[*id as usize])).ln().max(0.0)).collect();
        self.terms = frequent.into_iter().map(|(term, _)| term).collect();
        for passage in &mut self.passages {
            let weigh = |&(term, count): &Cell| {
                let column = columns[term as usize]?;
                Some((column, (1.0 + count.ln()) * self.idf[column as usize]))
            };
            passage.cells = passage.cells.iter().filter_map(weigh).collect();
            passage.cells.sort_unstable_by_key(|cell| cell.0);
            let length = passage.cells.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
            if length > 0.0 {
                passage.cells.iter_mut().for_each(|(_, weight)| *weight /= length);
            }
        }
    }

    /// The unit vectors of all entries, shape (entries, dimensions): each the mean of its title's and its body's direction.
    /// `vectors` has shape (terms, dimensions).
    pub(super) fn document_vectors(&self, vectors: &[f32], dimensions: usize) -> Vec<f32> {
        let mut documents = vec![0.0; self.documents * dimensions];
        let mut parts = [vec![0.0f32; dimensions], vec![0.0f32; dimensions]];
        for passages in self.passages.chunk_by(|a, b| a.document == b.document) {
            for part in &mut parts {
                part.fill(0.0);
            }
            for passage in passages {
                let part = &mut parts[usize::from(passage.is_title)];
                for &(column, weight) in &passage.cells {
                    let vector = &vectors[column as usize * dimensions..][..dimensions];
                    part.iter_mut().zip(vector).for_each(|(sum, value)| *sum += weight * value);
                }
            }
            let document = passages[0].document as usize * dimensions;
            let document = &mut documents[document..document + dimensions];
            for part in &mut parts {
                normalise(part);
                document.iter_mut().zip(part.iter()).for_each(|(sum, value)| *sum += value);
            }
            normalise(document);
        }
        documents
    }
}

/// Numbers terms in order of occurrence.
#[derive(Debug, Default)]
struct TermNumbers {
    words: HashMap<Box<str>, Option<u32>>,
    terms: HashMap<Box<str>, u32>,
}

impl TermNumbers {
    fn number(&mut self, word: &str) -> Option<u32> {
        if let Some(&known) = self.words.get(word) {
            return known;
        }
        let number = text::term(word).map(|term| {
            let next = as_u32(self.terms.len());
            *self.terms.entry(term.into_boxed_str()).or_insert(next)
        });
        self.words.insert(word.into(), number);
        number
    }
}

/// Chunks running text into passages.
struct Chunker<'w> {
    numbers: &'w mut TermNumbers,
    counts: HashMap<u32, f32>,
    length: usize,
    done: Vec<Vec<Cell>>,
}

impl Chunker<'_> {
    fn read(&mut self, part: &str) {
        text::tokenize(part, |word, form| {
            // The joined form of a compound only repeats its pieces.
            if form == TokenForm::Joined || self.done.len() >= MAX_ENTRY_PASSAGES {
                return;
            }
            if let Some(term) = self.numbers.number(word) {
                *self.counts.entry(term).or_insert(0.0) += 1.0;
                self.length += 1;
                if self.length >= PASSAGE_TERMS {
                    self.cut();
                }
            }
        });
    }

    fn cut(&mut self) {
        let mut cells: Vec<Cell> = self.counts.drain().collect();
        cells.sort_unstable_by_key(|cell| cell.0);
        self.done.push(cells);
        self.length = 0;
    }

    fn finish(mut self) -> Vec<Vec<Cell>> {
        if !self.counts.is_empty() {
            self.cut();
        }
        self.done
    }
}
