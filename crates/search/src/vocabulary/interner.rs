//! Numbering the terms of a text.

/// Assigns numbers to terms as they occur.
pub(crate) trait TermInterner {
    /// The number of a word's term; a new term gets the next one. `None` for a stop word.
    fn intern(&mut self, word: &str) -> Option<u32>;

    /// How many numbers are in use.
    fn n_terms(&self) -> usize;
}
