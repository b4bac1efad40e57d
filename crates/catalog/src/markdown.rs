//! The outline of a markdown body: headings, paragraphs and list items, without fenced code.

/// One block-level line of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Its level (1 to 6) and text.
    Heading(usize, &'a str),
    /// A `-`, `*` or `+` item: its indentation in columns and its text.
    Bullet(usize, &'a str),
    /// A `1.` or `1)` item: its indentation in columns and its text.
    Numbered(usize, &'a str),
    /// A line of text.
    Text(&'a str),
    /// A line of fenced code.
    Code(&'a str),
    /// A blank line.
    Blank,
}

/// The lines of a text whose lines end in `\n`. The same as [`str::lines`] at a fraction of the cost; a scan iterates over
/// all bodies more than once.
pub(super) fn text_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest.as_bytes());
        let (line, behind) = end.map_or((rest, ""), |end| (&rest[..end], &rest[end + 1..]));
        rest = behind;
        Some(line)
    })
}

/// The lines of `body`, classified.
pub(super) fn lines(body: &str) -> impl Iterator<Item = Line<'_>> {
    let mut fence: Option<&str> = None;
    text_lines(body).filter_map(move |line| {
        let trimmed = line.trim_ascii();
        if let Some(mark) = fence {
            if trimmed.starts_with(mark) && trimmed.trim_start_matches(&mark[..1]).is_empty() {
                fence = None;
                return None;
            }
            return Some(Line::Code(line));
        }
        if let Some(mark) = fence_mark(trimmed) {
            fence = Some(mark);
            return None;
        }
        Some(classify(line, trimmed))
    })
}

/// The run of backticks or tildes that opens a fence.
fn fence_mark(trimmed: &str) -> Option<&str> {
    let mark = match trimmed.as_bytes().first()? {
        b'`' => '`',
        b'~' => '~',
        _ => return None,
    };
    let rest = trimmed.trim_start_matches(mark);
    let run = &trimmed[..trimmed.len() - rest.len()];
    // Inline code may start a line, too; an info string has no backtick.
    (run.len() >= 3 && !rest.contains('`')).then_some(run)
}

fn classify<'a>(line: &'a str, trimmed: &'a str) -> Line<'a> {
    let Some(first) = trimmed.as_bytes().first() else { return Line::Blank };
    let indent = line.len() - line.trim_ascii_start().len();
    let special = match first {
        b'#' if indent < 4 => heading(trimmed),
        b'-' | b'*' | b'+' => item(&trimmed[1..]).map(|text| Line::Bullet(indent, text)),
        b'0'..=b'9' => {
            let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
            let rest = trimmed[digits..].strip_prefix(['.', ')']).filter(|_| digits < 4);
            rest.and_then(item).map(|text| Line::Numbered(indent, text))
        }
        _ => None,
    };
    special.unwrap_or(Line::Text(trimmed))
}

fn heading(trimmed: &str) -> Option<Line<'_>> {
    let hashes = trimmed.bytes().take_while(|&b| b == b'#').count();
    let text = trimmed[hashes..].strip_prefix([' ', '\t']).filter(|_| hashes < 7)?;
    Some(Line::Heading(hashes, text.trim().trim_end_matches('#').trim_end()))
}

/// The text after the marker of a list item and the space behind it.
fn item(rest: &str) -> Option<&str> {
    rest.strip_prefix([' ', '\t']).map(str::trim_start)
}

/// Headings in order, without hashes and emphasis; empty ones are left out.
pub(super) fn headings(lines: &[Line<'_>]) -> Vec<String> {
    lines
        .iter()
        .filter_map(|line| match line {
            Line::Heading(_, text) => Some(plain(text)),
            _ => None,
        })
        .filter(|text| !text.is_empty())
        .collect()
}

/// A description for a file that has none: its first heading and its first paragraph of prose, as `heading: paragraph`, or
/// the one that exists.
pub(super) fn summary(lines: &[Line<'_>]) -> String {
    let heading = lines.iter().find_map(|line| match line {
        Line::Heading(_, text) => Some(plain(text)),
        _ => None,
    });
    let paragraph = first_paragraph(lines);
    match (heading.filter(|text| !text.is_empty()), paragraph) {
        (Some(heading), Some(paragraph)) => format!("{heading}: {paragraph}"),
        (heading, paragraph) => heading.or(paragraph).unwrap_or_default(),
    }
}

/// The first paragraph outside sections that only warn the reader; failing that, the first in one.
fn first_paragraph(lines: &[Line<'_>]) -> Option<String> {
    let mut paragraph: Vec<&str> = Vec::new();
    let mut in_notice = false;
    let mut notice: Option<String> = None;
    for line in lines.iter().chain([&Line::Blank]) {
        match *line {
            Line::Text(text) if !is_markup(text) => {
                paragraph.push(text);
                continue;
            }
            Line::Text(_) | Line::Code(_) => continue,
            Line::Bullet(_, text) | Line::Numbered(_, text) if !paragraph.is_empty() => {
                paragraph.push(text);
                continue;
            }
            _ => {}
        }
        if !paragraph.is_empty() {
            let text = plain(&paragraph.join(" "));
            paragraph.clear();
            if !in_notice && !text.ends_with(':') {
                return Some(text);
            }
            notice.get_or_insert(text);
        }
        if let Line::Heading(_, text) = line {
            in_notice = is_notice(text);
        }
    }
    notice
}

fn is_notice(heading: &str) -> bool {
    const WORDS: [&str; 5] = ["critical", "important", "warning", "notice", "caution"];
    let lower = heading.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word))
}

/// Whether it is a rule, table, comment, quote or tag instead of prose.
fn is_markup(text: &str) -> bool {
    text.starts_with(['|', '<', '>', '!']) || text.chars().all(|c| matches!(c, '-' | '=' | '*' | '_' | ' '))
}

/// `text` without emphasis, backticks and link targets, white space collapsed.
pub(super) fn plain(text: &str) -> String {
    if !text.bytes().any(|byte| matches!(byte, b'*' | b'`' | b'[' | b']')) && !text.contains("  ") {
        return text.trim().to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' | '`' | '[' => {}
            ']' => {
                if chars.next_if_eq(&'(').is_some() {
                    for skipped in chars.by_ref() {
                        if skipped == ')' {
                            break;
                        }
                    }
                }
            }
            _ => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{lines, plain, text_lines};

    fn headings(body: &str) -> Vec<String> {
        super::headings(&lines(body).collect::<Vec<_>>())
    }

    fn summary(body: &str) -> String {
        super::summary(&lines(body).collect::<Vec<_>>())
    }

    #[test]
    fn lines_are_those_of_the_standard_library() {
        for text in ["", "\n", "a", "a\n", "a\n\nb", "\n\na\n\n", "日本\n語"] {
            assert!(text_lines(text).eq(text.lines()), "{text:?}");
        }
    }

    #[test]
    fn headings_do_not_come_from_code() {
        let body = "# One\n```bash\n# not\n```\n## **Two** ##\n~~~\n# not\n```\n~~~\n### `three`\n#hash\n";
        assert_eq!(headings(body), ["One", "Two", "three"]);
    }

    #[test]
    fn a_summary_is_heading_and_prose() {
        assert_eq!(summary("# Title\n\nText of\ntwo lines.\n\nMore."), "Title: Text of two lines.");
        assert_eq!(summary("Just text"), "Just text");
        assert_eq!(summary("# Only"), "Only");
        assert_eq!(summary(""), "");
        let notice = "# Fix\n\n## CRITICAL: delegate\n\n**DO NOT run.**\n\n## Overview\n\nFixes bugs.";
        assert_eq!(summary(notice), "Fix: Fixes bugs.");
        assert_eq!(plain("a [link](http://x/y) **b** `c`"), "a link b c");
    }
}
