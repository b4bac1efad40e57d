//! Which texts of an entry are embedded.
//!
//! One says what it is for: its name and description. Some more are taken from the front of its body, each with the name
//! before it, since a piece of prose alone seldom says what it is about. Further pieces hardly help: together with the
//! words, one piece finds what a dozen do, at a tenth of the cost.

use catalog::Definition;

/// Passages of a body.
pub const BODY_PASSAGES: usize = 2;
/// Words of each: about 110 tokens, of which the known models read 256 or 512.
const WORDS: usize = 80;
/// Tokens of a passage that are embedded; what is beyond them costs more than it says.
pub const MAX_PASSAGE_TOKENS: usize = 144;
/// Tokens of a request that are embedded; a short one has a dozen. The time it takes grows with them.
pub const MAX_REQUEST_TOKENS: usize = 48;
/// Characters of a description that are looked at: what fits the tokens, with room to spare.
const MAX_CHARS: usize = 2_000;

/// What an entry is for, in one text.
pub fn title_passage(definition: &Definition) -> String {
    let Definition { description, when_to_use, .. } = definition;
    format!("{}: {} {}", name(definition), cut(description), cut(when_to_use)).trim_end().to_owned()
}

/// The front of its body, in pieces.
pub fn body_passages(definition: &Definition) -> Vec<String> {
    let name = name(definition);
    let mut words = definition.body.split_whitespace();
    let mut pieces = Vec::new();
    while pieces.len() < BODY_PASSAGES {
        let piece: Vec<&str> = words.by_ref().take(WORDS).collect();
        if piece.is_empty() {
            break;
        }
        // One "word" may be a file's worth of encoded data.
        pieces.push(format!("{name}. {}", cut(&piece.join(" "))));
    }
    pieces
}

/// A task that an entry is known to have done.
pub fn task_passage(description: &str) -> String {
    cut(description).to_owned()
}

fn name(definition: &Definition) -> String {
    definition.name.replace(['-', '_'], " ")
}

/// The text's first characters.
fn cut(text: &str) -> &str {
    text.char_indices().nth(MAX_CHARS).map_or(text, |(end, _)| &text[..end])
}
