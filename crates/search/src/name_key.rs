//! Normalised names: one key for all spellings of a capability, a role or an entry's name.

use crate::numeric::as_f32;
use crate::text::{self, TokenForm};

/// Terms of a name that its key holds.
const MAX_KEY_TERMS: usize = 16;
/// Bytes of a key.
const MAX_KEY_BYTES: usize = 128;
/// Longer keys are not compared by edit distance, whose cost is quadratic.
const MAX_COMPARED_BYTES: usize = 64;

/// The terms of a name, joined by blanks, so that `frontend_developer`, `Frontend Developer` and `frontend-developers` have
/// one key.
pub(crate) fn name_key(name: &str) -> String {
    let mut key = NameKeyBuilder::default();
    text::tokenize(name, |word, form| {
        key.add(form, || text::term(word).unwrap_or_else(|| word.to_owned()));
    });
    key.finish()
}

/// Builds a [`name_key`] word by word.
#[derive(Debug, Default)]
pub(crate) struct NameKeyBuilder {
    key: String,
    terms: usize,
}

impl NameKeyBuilder {
    /// Appends a word. `term` is its index term, or the word itself where it is a stop word.
    pub(crate) fn add<S: AsRef<str>>(&mut self, form: TokenForm, term: impl FnOnce() -> S) {
        if form == TokenForm::Joined || self.terms == MAX_KEY_TERMS {
            return;
        }
        if self.terms > 0 {
            self.key.push(' ');
        }
        self.key.push_str(term().as_ref());
        self.terms += 1;
    }

    /// The key of all words.
    pub(crate) fn finish(mut self) -> String {
        self.key.truncate(self.key.floor_char_boundary(MAX_KEY_BYTES));
        self.key
    }
}

/// The similarity of two keys for suggestions, 0..=1: the Dice coefficient of their terms or the normalised edit
/// similarity, whichever is higher.
pub(crate) fn key_similarity(a: &str, b: &str) -> f32 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let (mine, theirs): (Vec<_>, Vec<_>) = (a.split(' ').collect(), b.split(' ').collect());
    let common = mine.iter().filter(|term| theirs.contains(term)).count();
    let dice = 2.0 * as_f32(common) / as_f32(mine.len() + theirs.len());
    #[expect(clippy::cast_possible_truncation, reason = "a ratio needs no double precision")]
    let edits = if a.len() > MAX_COMPARED_BYTES || b.len() > MAX_COMPARED_BYTES {
        0.0
    } else {
        strsim::normalized_levenshtein(a, b) as f32
    };
    dice.max(edits)
}
