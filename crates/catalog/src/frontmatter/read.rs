//! Reading front matter in three attempts, and how the client reads it.
//!
//! A block is parsed strictly (framed by `gray_matter`, by a bounded engine; plain lines need neither), else after the
//! client's own repair (quoting plain values), else line by line. What the client reads is determined separately, since
//! ids depend on it.

use std::collections::HashMap;

use gray_matter::{Matter, Pod};

use super::bounds::{self, Excess, MAX_BYTES};
use super::engine::{self, BoundedYaml};
use super::lenient::{self, Keys};
use super::value::{self, Fields};
use super::{plain, quoting};
use crate::problem::code;

/// A file's text, split into front matter and body.
#[derive(Debug, Default)]
pub(crate) struct FrontMatter<'a> {
    /// The fields; empty if there is no front matter.
    pub fields: Fields,
    /// The name that the client reads; `None` if it falls back to the file name.
    pub client_name: Option<String>,
    /// Whether the file starts with a front matter at all.
    pub present: bool,
    /// Whether the client reads any field of it.
    pub client_reads_it: bool,
    /// The text after it.
    pub body: &'a str,
    /// Problems of the block.
    pub findings: Vec<Finding>,
}

/// A problem of a front matter.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub code: &'static str,
    pub line: Option<usize>,
    pub action: &'static str,
    pub message: String,
}

/// Reads the front matter of `text` (decoded: no byte order mark, `\n` line ends). `carriage_returns`: the file
/// had other line ends, with which the client's repair does not work.
pub(crate) fn read(text: &str, carriage_returns: bool) -> FrontMatter<'_> {
    let Some(frame) = frame(text) else {
        return FrontMatter { body: text, ..FrontMatter::default() };
    };
    let mut matter = match frame {
        Frame::Closed { head, block, rest, end } => closed(head, block, (rest, end), carriage_returns),
        Frame::Open { rest } => open(rest, text),
    };
    if matter.present && !text.starts_with("---") {
        matter.client_name = None;
        matter.client_reads_it = false;
        matter.findings.push(Finding {
            code: code::FRONTMATTER_NOT_FIRST,
            line: Some(1),
            action: "kept",
            message: "the front matter does not start on the first line; Claude Code reads none of it"
                .to_owned(),
        });
    }
    matter
}

enum Frame<'a> {
    /// Both rules are there: `head` includes them, `block` is the text between them, `rest` all text after the opening rule,
    /// and the body starts at byte `end` of `rest`.
    Closed { head: &'a str, block: &'a str, rest: &'a str, end: usize },
    /// There is no closing rule within the limit: `rest` is all text after the opening one.
    Open { rest: &'a str },
}

/// Finds the block within [`MAX_BYTES`]. Blank lines before the opening rule are accepted.
fn frame(text: &str) -> Option<Frame<'_>> {
    let start = text.len() - text.trim_start().len();
    let text = &text[start..];
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if first.trim_end() != "---" {
        return None;
    }
    let opening = text.len() - rest.len();
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            let end = at + line.len();
            return Some(Frame::Closed { head: &text[..opening + end], block: &rest[..at], rest, end });
        }
        at += line.len();
        if at > MAX_BYTES {
            break;
        }
    }
    Some(Frame::Open { rest })
}

fn closed<'a>(
    head: &str,
    block: &str,
    (rest, end): (&'a str, usize),
    carriage_returns: bool,
) -> FrontMatter<'a> {
    let mut findings = Vec::new();
    let (mut fields, reading, kept_lines) = match strict(head, block) {
        Ok(fields) => (fields, Reading::Strict, usize::MAX),
        Err(error) => fall_back(block, &error, carriage_returns, &mut findings),
    };
    unescape_newlines(&mut fields, block);
    let mut client_name = fields.raw("name").map(value::text_of);
    if reading == Reading::Salvaged {
        client_name = None;
    }
    let mut client_reads_it = reading != Reading::Salvaged && !fields.is_empty();
    if let Some(inline) = block.find("---") {
        let seen = client_fields(&block[..inline], carriage_returns);
        client_reads_it = !seen.is_empty();
        client_name = seen.raw("name").map(value::text_of);
        findings.push(Finding {
            code: code::FRONTMATTER_RULE_IN_VALUE,
            line: Some(2 + block[..inline].matches('\n').count()),
            action: "kept",
            message: "Claude Code ends the front matter at the `---` inside this line and loses what follows"
                .to_owned(),
        });
    }
    // If a rule of the body was taken for the closing one, the body starts where the fields end.
    let body = if kept_lines < block.lines().count() { skip_lines(rest, kept_lines) } else { &rest[end..] };
    FrontMatter {
        fields,
        client_name: client_name.filter(|name| !name.is_empty()),
        present: true,
        client_reads_it,
        body,
        findings,
    }
}

fn skip_lines(text: &str, lines: usize) -> &str {
    let skipped: usize = text.split_inclusive('\n').take(lines).map(str::len).sum();
    &text[skipped..]
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Reading {
    Strict,
    Quoted,
    Salvaged,
}

/// Why strict parsing failed.
enum StrictError {
    Excess(Excess),
    Yaml { line: Option<usize>, message: String },
}

fn strict(head: &str, block: &str) -> Result<Fields, StrictError> {
    bounds::check(block).map_err(StrictError::Excess)?;
    let is_framed_plainly = head.strip_prefix("---\n").is_some_and(|rest| {
        rest.strip_prefix(block).is_some_and(|closing| matches!(closing, "---" | "---\n"))
    });
    if is_framed_plainly && let Some(fields) = plain::read(block) {
        return Ok(Fields::from(fields));
    }
    let parsed = Matter::<BoundedYaml>::new().parse::<Pod>(head);
    match parsed {
        Ok(entity) => match entity.data {
            None | Some(Pod::Null) => Ok(Fields::default()),
            Some(Pod::Hash(map)) => Ok(Fields::from(map)),
            Some(_) => {
                Err(StrictError::Yaml { line: None, message: "it holds no `key: value` lines".to_owned() })
            }
        },
        Err(error) => {
            let (line, message) = engine::line_of(&error);
            Err(StrictError::Yaml { line, message })
        }
    }
}

fn strict_block(block: &str) -> Result<Fields, StrictError> {
    strict(&format!("---\n{block}\n---\n"), block)
}

fn fall_back(
    block: &str,
    error: &StrictError,
    carriage_returns: bool,
    findings: &mut Vec<Finding>,
) -> (Fields, Reading, usize) {
    let (code, line, reason) = match error {
        StrictError::Excess(excess) => {
            let reason = match excess {
                Excess::Depth => "it nests too deep",
                Excess::Aliases => "it uses too many aliases",
            };
            (code::FRONTMATTER_TOO_COMPLEX, None, reason.to_owned())
        }
        // Plus one for the opening rule, which the engine does not count.
        StrictError::Yaml { line, message } => {
            (code::FRONTMATTER_SALVAGED, line.map(|line| line + 1), message.clone())
        }
    };
    let quotable = matches!(error, StrictError::Yaml { .. });
    if let Some(fields) = quotable.then(|| strict_block(&quoting::quoted(block)).ok()).flatten() {
        let (code, note, reading) = if carriage_returns {
            let note = "Claude Code cannot quote lines that end in CR LF and loses every field";
            (code::FRONTMATTER_CRLF, note, Reading::Salvaged)
        } else {
            (code::FRONTMATTER_REPAIRED, "quoting plain values mends it", Reading::Quoted)
        };
        let message = format!("the front matter is not YAML: {reason}; {note}");
        findings.push(Finding { code, line, action: "repaired", message });
        return (fields, reading, usize::MAX);
    }
    let salvaged = lenient::read(block, if quotable { Keys::Known } else { Keys::Any });
    let message = format!("the front matter is not YAML: {reason}; it was read line by line");
    findings.push(Finding { code, line, action: "repaired", message });
    let lines = if salvaged.fields.is_empty() { 0 } else { salvaged.lines };
    // A block that is too complex for this engine is not for the client's.
    (salvaged.fields, if quotable { Reading::Salvaged } else { Reading::Quoted }, lines)
}

/// The fields that the client reads in `block`: as strict YAML, else as YAML after quoting, else none.
fn client_fields(block: &str, carriage_returns: bool) -> Fields {
    strict_block(block)
        .ok()
        .or_else(|| (!carriage_returns).then(|| strict_block(&quoting::quoted(block)).ok()).flatten())
        .unwrap_or_default()
}

/// Front matter without a closing rule within the limit: the fields down to the first blank line, heading or rule.
fn open<'a>(rest: &'a str, text: &'a str) -> FrontMatter<'a> {
    let reading = lenient::read_open(rest, Keys::Known);
    let after = skip_lines(rest, reading.lines);
    let (next, behind) = after.split_once('\n').unwrap_or((after, ""));
    // There is a closing rule beyond the limit: the client reads such a block.
    let too_large = next.trim_end() == "---";
    let reading = if too_large { lenient::read_open(rest, Keys::Any) } else { reading };
    if reading.fields.is_empty() {
        return FrontMatter { body: text, ..FrontMatter::default() };
    }
    let (code, line, message) = if too_large {
        let message = format!("the front matter is larger than {MAX_BYTES} bytes; it was read line by line");
        (code::FRONTMATTER_TOO_LARGE, None, message)
    } else {
        let message = "no `---` line closes the front matter; the fields at the top were read".to_owned();
        (code::FRONTMATTER_UNCLOSED, Some(1), message)
    };
    FrontMatter {
        client_name: reading.fields.text("name").filter(|_| too_large),
        fields: reading.fields,
        present: true,
        client_reads_it: too_large,
        body: if too_large { behind } else { after },
        findings: vec![Finding { code, line, action: "repaired", message }],
    }
}

/// Replaces a literal `\n` in a plain scalar by the newline that its author meant; in a quoted one YAML has done so.
fn unescape_newlines(fields: &mut Fields, block: &str) {
    for key in ["description", "when_to_use"] {
        let Some(Pod::String(text)) = fields.raw(key) else { continue };
        if !text.contains("\\n") {
            continue;
        }
        let is_plain = block.lines().any(|line| {
            lenient::split_known_key(line)
                .is_some_and(|(name, rest)| name == key && !rest.starts_with(['"', '\'', '|', '>']))
        });
        if is_plain {
            let text = text.replace("\\n", "\n");
            fields.insert_text(key, text);
        }
    }
}

/// The fields of a registry or another YAML document, within the same bounds; `Err` has the line and the message.
pub(crate) fn parse_document(text: &str) -> Result<HashMap<String, Pod>, (Option<usize>, String)> {
    use gray_matter::engine::Engine as _;
    bounds::check(text).map_err(|_| (None, "it nests too deep or uses too many aliases".to_owned()))?;
    match BoundedYaml::parse(text) {
        Ok(Pod::Hash(map)) => Ok(map),
        Ok(Pod::Null) => Ok(HashMap::new()),
        Ok(_) => Err((None, "it holds no `key: value` lines".to_owned())),
        Err(error) => Err(engine::line_of(&error)),
    }
}
