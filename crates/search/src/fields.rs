//! The fields of an entry, which BM25F weighs separately.

use catalog::Definition;

/// A field of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The name and its aliases.
    Name,
    /// The description.
    Description,
    /// When to use it.
    WhenToUse,
    /// Keywords, tags and category.
    Keywords,
    /// The headings of the body.
    Headings,
    /// The body text.
    Body,
}

/// How many fields there are.
pub const FIELDS: usize = 6;

impl Field {
    /// All fields, in the order of every array of `FIELDS` numbers.
    pub const ALL: [Field; FIELDS] =
        [Field::Name, Field::Description, Field::WhenToUse, Field::Keywords, Field::Headings, Field::Body];

    /// The name that an answer's `reasoning` uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Field::Name => "name",
            Field::Description => "description",
            Field::WhenToUse => "when to use",
            Field::Keywords => "keywords",
            Field::Headings => "headings",
            Field::Body => "body",
        }
    }

    /// Passes the text of this field of `definition` to `each`, in pieces.
    pub(crate) fn for_each_text(self, definition: &Definition, mut each: impl FnMut(&str)) {
        match self {
            Field::Name => {
                each(&definition.name);
                // A name from the front matter may add words to the file's stem; one that only prefixes it with the
                // plugin would do no more than lengthen the field.
                definition
                    .aliases
                    .iter()
                    .filter(|alias| !alias.ends_with(&definition.name))
                    .for_each(|alias| each(alias));
            }
            Field::Description => each(&definition.description),
            Field::WhenToUse => each(&definition.when_to_use),
            Field::Keywords => {
                each(&definition.category);
                definition.keywords.iter().for_each(|keyword| each(keyword));
            }
            Field::Headings => definition.headings.iter().for_each(|heading| each(heading)),
            Field::Body => each(&definition.body),
        }
    }
}
