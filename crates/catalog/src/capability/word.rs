//! What is known about one word.

/// A name of the field: its words, how it is written as a tag, and whether it needs a capital to count.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub words: Vec<&'static str>,
    pub tag: &'static str,
    pub needs_capital: bool,
}

/// What is known about one word.
#[expect(clippy::struct_excessive_bools, reason = "a word may be in any of the lists, independently")]
#[derive(Debug, Clone, Default)]
pub(super) struct Word {
    /// Phrases end at it.
    pub separates: bool,
    /// It says nothing at the front of a phrase.
    pub is_praise: bool,
    /// It says nothing at the end of a phrase.
    pub is_filler: bool,
    /// It says nothing alone.
    pub is_generic: bool,
    /// A noun in `-ing`.
    pub is_ing_noun: bool,
    /// No adverb, although in `-ly`.
    pub is_ly_noun: bool,
    /// As a part of a name it is a tag by itself.
    pub tags_alone: bool,
    /// The activity that it stands for as a role, empty for a role that says nothing.
    pub activity: Option<&'static str>,
    /// The terms that begin with it, those of more words first.
    pub terms: Vec<Term>,
}
