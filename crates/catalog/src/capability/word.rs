//! What the table of words knows about one word.

/// A technical term: its words, the tag, and whether it counts only with a capital.
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
    /// It means nothing at the start of a phrase.
    pub is_praise: bool,
    /// It means nothing at the end of a phrase.
    pub is_filler: bool,
    /// It means nothing on its own.
    pub is_generic: bool,
    /// A noun in `-ing`.
    pub is_ing_noun: bool,
    /// Not an adverb, although it ends in `-ly`.
    pub is_ly_noun: bool,
    /// As part of a name it is a tag on its own.
    pub tags_alone: bool,
    /// The activity of this role (`reviewer`: `review`); empty for a role without one.
    pub activity: Option<&'static str>,
    /// The terms that begin with it, longest first.
    pub terms: Vec<Term>,
}
