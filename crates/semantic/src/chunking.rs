//! Chunking: which passages of an entry are embedded.
//!
//! The title passage is made of name and description. A few more are taken from the start of the body, each prefixed with
//! the name, since prose alone rarely says what it is about. Further passages hardly help: together with the lexical score,
//! one passage retrieves what a dozen do, at a tenth of the cost.

use catalog::Definition;

/// Passages taken from a body.
pub const BODY_PASSAGES: usize = 2;
/// Words of each: about 110 tokens, of which the known models read 256 or 512.
const PASSAGE_WORDS: usize = 80;
/// Tokens of a passage that are embedded; further ones cost more than they contribute.
pub const MAX_PASSAGE_TOKENS: usize = 144;
/// Tokens of a request that are embedded; a short request has a dozen. The latency grows with their number.
pub const MAX_REQUEST_TOKENS: usize = 48;
/// Characters of a text that are read: more than fit the tokens.
const MAX_CHARS: usize = 2_000;

/// The title passage of an entry: name, description and when to use it.
pub fn title_passage(definition: &Definition) -> String {
    let Definition { description, when_to_use, .. } = definition;
    format!("{}: {} {}", name(definition), truncated(description), truncated(when_to_use))
        .trim_end()
        .to_owned()
}

/// The passages from the start of an entry's body, at most [`BODY_PASSAGES`].
pub fn body_passages(definition: &Definition) -> Vec<String> {
    let name = name(definition);
    let mut words = definition.body.split_whitespace();
    let mut passages = Vec::new();
    while passages.len() < BODY_PASSAGES {
        let passage: Vec<&str> = words.by_ref().take(PASSAGE_WORDS).collect();
        if passage.is_empty() {
            break;
        }
        // A single "word" may be a whole file of encoded data.
        passages.push(format!("{name}. {}", truncated(&passage.join(" "))));
    }
    passages
}

/// The passage of a task that an agent completed.
pub fn task_passage(description: &str) -> String {
    truncated(description).to_owned()
}

fn name(definition: &Definition) -> String {
    definition.name.replace(['-', '_'], " ")
}

/// The first [`MAX_CHARS`] characters of a text.
fn truncated(text: &str) -> &str {
    text.char_indices().nth(MAX_CHARS).map_or(text, |(end, _)| &text[..end])
}
