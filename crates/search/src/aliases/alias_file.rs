//! Parsing an alias file, entry by entry, so that a malformed entry costs only itself.

use std::collections::BTreeMap;

/// Bytes of an alias file that are read; the rest is ignored.
const MAX_FILE: usize = 1 << 20;
/// Bytes of one entry: YAML parsers are quadratic on nested text.
const MAX_ENTRY: usize = 4096;
/// Opening brackets of one entry, for the same reason.
const MAX_BRACKETS: usize = 8;
/// Expansions of one head; further ones are ignored.
const MAX_EXPANSIONS: usize = 12;
/// Characters of a head or an expansion.
const MAX_PHRASE: usize = 80;

/// A problem of one entry of an alias file; the other entries are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasProblem {
    /// The line the entry starts on, counted from 1.
    pub line: usize,
    /// A sentence without a final full stop.
    pub message: String,
}

/// Heads with their expansions.
pub(super) type Written = BTreeMap<String, Vec<String>>;

/// Parses a whole file: its entries, and the problems of those that were ignored or shortened.
pub(super) fn parse(text: &str) -> (Written, Vec<AliasProblem>) {
    let mut problems = Vec::new();
    let end = text.floor_char_boundary(MAX_FILE);
    if end < text.len() {
        problems.push(AliasProblem { line: 1, message: format!("only the first {MAX_FILE} bytes are read") });
    }
    let mut written = Written::new();
    for (line, block) in blocks(&text[..end]) {
        match entry(block) {
            Ok(entries) => {
                for (head, expansions) in entries {
                    for message in insert(&mut written, &head, expansions) {
                        problems.push(AliasProblem { line, message });
                    }
                }
            }
            Err(message) => problems.push(AliasProblem { line, message }),
        }
    }
    (written, problems)
}

/// The top-level entries of a file with the lines they start on. Indented lines and list items continue an entry.
fn blocks(text: &str) -> Vec<(usize, &str)> {
    let mut blocks: Vec<(usize, usize, usize)> = Vec::new();
    let mut at = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let end = at + line.len();
        let continues = line.starts_with([' ', '\t', '-', ']', '}']);
        match blocks.last_mut() {
            Some(last) if continues => last.2 = end,
            _ if line.trim().is_empty() || line.starts_with('#') || line.starts_with("---") => {}
            _ => blocks.push((number + 1, at, end)),
        }
        at = end;
    }
    blocks.into_iter().map(|(line, from, to)| (line, text[from..to].trim_start_matches('\u{feff}'))).collect()
}

fn entry(block: &str) -> Result<Vec<(String, Vec<String>)>, String> {
    if block.len() > MAX_ENTRY || block.matches(['[', '{']).count() > MAX_BRACKETS {
        return Err(format!("the entry is longer than {MAX_ENTRY} bytes or nested, it is ignored"));
    }
    // Most entries need no YAML parser.
    if let Some(plain) = plain_entry(block) {
        return Ok(vec![plain]);
    }
    let read: Written = serde_yaml::from_str(block).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.split(" at line").next().unwrap_or_default();
        format!("not `head: [expansion, …]`, the entry is ignored ({reason})")
    })?;
    Ok(read.into_iter().collect())
}

/// `head: [one, "2fa", two words]`: words without YAML syntax, optionally in double quotes.
fn plain_entry(block: &str) -> Option<(String, Vec<String>)> {
    let plain = |text: &str| -> Option<String> {
        let sign = |b: u8| b.is_ascii_alphanumeric() || b" -./".contains(&b);
        let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let word = quoted.unwrap_or(text);
        let starts = quoted.is_some() || word.starts_with(|c: char| c.is_ascii_alphabetic());
        (starts && !word.is_empty() && word.bytes().all(sign)).then(|| word.to_owned())
    };
    let (head, rest) = block.trim_end().split_once(": [")?;
    let list = rest.strip_suffix(']')?;
    let expansions: Option<Vec<String>> = list.split(',').map(|part| plain(part.trim())).collect();
    Some((plain(head)?, expansions?))
}

/// Adds an entry, within the limits. Returns its problems.
fn insert(written: &mut Written, head: &str, mut expansions: Vec<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let head = head.trim().to_lowercase();
    if head.is_empty() || head.chars().count() > MAX_PHRASE {
        return vec![format!("a head has 1 to {MAX_PHRASE} characters, the entry is ignored")];
    }
    let given = expansions.len();
    expansions.retain(|phrase| phrase.trim().to_lowercase() != head && phrase.chars().count() <= MAX_PHRASE);
    if expansions.len() < given {
        wrong.push(format!("`{head}` stands for itself or for an overlong phrase, which is ignored"));
    }
    if expansions.len() > MAX_EXPANSIONS {
        wrong.push(format!("`{head}` has more than {MAX_EXPANSIONS} expansions, the rest is ignored"));
        expansions.truncate(MAX_EXPANSIONS);
    }
    if written.contains_key(&head) {
        wrong.push(format!("`{head}` is defined again, the last definition counts"));
    }
    written.insert(head, expansions);
    wrong
}
