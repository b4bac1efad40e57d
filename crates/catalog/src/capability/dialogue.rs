//! Taking example dialogue out of a description: what somebody says in an example is nobody's capability.
//!
//! Dialogue is what stands in `<example>` and similar tags, a turn (`user: …`, `- **Assistant**: "…"`), and quoted speech.

use std::borrow::Cow;

/// Tags around examples and what is said in them.
const TAGS: [&str; 9] = [
    "example",
    "examples",
    "commentary",
    "dialogue",
    "conversation",
    "scenario",
    "user",
    "assistant",
    "human",
];

/// Who speaks in a dialogue and nowhere else.
const SPEAKERS: [&str; 11] = [
    "user",
    "human",
    "assistant",
    "main assistant",
    "ai assistant",
    "ai",
    "claude",
    "claude code",
    "bot",
    "me",
    "you",
];

/// Labels of a turn where a quote follows, and of what stands around turns.
const LABELS: [&str; 22] = [
    "agent",
    "answer",
    "client",
    "commentary",
    "context",
    "customer",
    "developer",
    "engineer",
    "input",
    "manager",
    "output",
    "prompt",
    "question",
    "reply",
    "request",
    "response",
    "scenario",
    "situation",
    "system",
    "q",
    "a",
    "example",
];

/// Labels of what introduces a dialogue.
const INTRODUCTIONS: [&str; 8] =
    ["context", "scenario", "situation", "setting", "background", "example", "examples", "commentary"];

/// Words before quoted speech that is an example of a request.
const SAYING: [&str; 31] = [
    "answer",
    "answers",
    "replies",
    "say",
    "says",
    "said",
    "saying",
    "ask",
    "asks",
    "asked",
    "asking",
    "mention",
    "mentions",
    "report",
    "reports",
    "complain",
    "complains",
    "write",
    "writes",
    "type",
    "types",
    "request",
    "requests",
    "want",
    "wants",
    "like",
    "as",
    "e.g.",
    "examples",
    "example",
    "or",
];

/// Quoted words from which on a quote behind such a word is a sentence instead of a term.
const SENTENCE: usize = 4;

/// Bytes of a label with what stands around it.
const MAX_LABEL: usize = 40;

/// Words of somebody who speaks of themselves or to somebody.
const PERSONS: [&str; 12] =
    ["i", "me", "my", "mine", "we", "us", "our", "ours", "let's", "you", "your", "please"];

/// `text` without dialogue.
pub(super) fn without_dialogue(text: &str) -> Cow<'_, str> {
    if !text.contains([':', '<', '>', '[', '"', '“', '\'', '‘']) {
        return Cow::Borrowed(text);
    }
    let untagged = without_tags(text);
    let has_both =
        ["Q:", "A:"].iter().all(|label| untagged.lines().any(|line| unmarked(line).starts_with(label)));
    let has_turns = has_both || untagged.lines().any(is_turn);
    let mut out = String::with_capacity(untagged.len());
    for paragraph in untagged.split("\n\n") {
        add_paragraph(paragraph, has_turns, &mut out);
        out.push_str("\n\n");
    }
    Cow::Owned(out)
}

/// Whether a word is one of a person who speaks, such as `i`, `we've` or `my`; in lower case.
pub(super) fn is_personal(word: &str) -> bool {
    let stem = word.split(['\'', '’']).next().unwrap_or(word);
    let is_contracted = stem.len() < word.len();
    PERSONS.contains(&word) || (is_contracted && (PERSONS.contains(&stem) || stem == "let"))
}

/// Whether a line, or the item of a list, is a turn of a dialogue.
pub(super) fn is_turn(line: &str) -> bool {
    turn_label(line).is_some() || is_script(unmarked(line))
}

/// Whether a line is a turn as in a script: `[User] …`, `user> …`, `User - "…"`.
fn is_script(line: &str) -> bool {
    let end = line.find(|c: char| !c.is_alphabetic() && c != ' ').unwrap_or(line.len());
    let (label, rest) = line.split_at(end);
    if label.len() > MAX_LABEL || !SPEAKERS.contains(&&*label.trim_end().to_lowercase()) {
        return false;
    }
    let is_quoted = |text: &str| text.trim_start().starts_with(['"', '“', '\'', '‘', '«', '「']);
    rest.starts_with([']', '>']) || rest.strip_prefix(['-', '–', '—']).is_some_and(is_quoted)
}

/// Whether a line is a question or an answer of a list of both.
fn is_question_or_answer(line: &str) -> bool {
    ["Q:", "A:"].iter().any(|label| unmarked(line).starts_with(label))
}

/// `text` without the content of [`TAGS`]. An example that is not closed reaches to the end, other tags without an end are
/// placeholders.
fn without_tags(text: &str) -> Cow<'_, str> {
    let Some(first) = (text.match_indices('<')).find(|(at, _)| tag_at(&text[*at..]).is_some()) else {
        return Cow::Borrowed(text);
    };
    let mut out = text[..first.0].to_owned();
    let mut rest = &text[first.0..];
    while let Some((name, length)) = tag_at(rest) {
        let inner = &rest[length..];
        // A closing tag alone, whose opening one is lost, ends nothing.
        let is_closing = rest.starts_with("</");
        let end = if is_closing { Some(0) } else { end_of_tag(inner, &name) };
        let open = if name.contains("example") { "" } else { inner };
        rest = end.map_or(open, |end| &inner[end..]);
        out.push('\n');
        let next = rest.match_indices('<').find(|(at, _)| tag_at(&rest[*at..]).is_some());
        let (before, behind) = rest.split_at(next.map_or(rest.len(), |(at, _)| at));
        out.push_str(before);
        rest = behind;
    }
    Cow::Owned(out)
}

/// The name of the tag that `text` begins with, if it is one of [`TAGS`], and the tag's length.
fn tag_at(text: &str) -> Option<(String, usize)> {
    let inner = text.strip_prefix('<')?;
    let end = inner.find('>')?;
    let written = inner[..end].trim_start_matches('/').split([' ', '\t', '\n']).next()?.to_ascii_lowercase();
    let mut parts = written.split(['_', '-']).map(|part| part.trim_end_matches(|c: char| c.is_ascii_digit()));
    parts.any(|part| TAGS.contains(&part)).then_some((written, end + 2))
}

/// Where the text behind the closing tag of `name` begins, past all examples in it.
fn end_of_tag(inner: &str, name: &str) -> Option<usize> {
    let mut depth = 1_usize;
    for (at, _) in inner.match_indices('<') {
        let Some((other, length)) = tag_at(&inner[at..]) else { continue };
        if other != name {
            continue;
        }
        if inner[at..].starts_with("</") {
            depth -= 1;
            if depth == 0 {
                return Some(at + length);
            }
        } else {
            depth += 1;
        }
    }
    None
}

/// Adds a paragraph without its dialogue: the lines from the first turn to the last, turns and speech within lines, and,
/// where the text has turns (`has_turns`), what introduces them.
fn add_paragraph(paragraph: &str, has_turns: bool, out: &mut String) {
    let lines: Vec<&str> = paragraph.lines().filter(|line| !(has_turns && is_introduction(line))).collect();
    let is_said = |line: &&str| is_turn(line) || (has_turns && is_question_or_answer(line));
    let first = lines.iter().position(is_said);
    let last = lines.iter().rposition(is_said);
    for (at, line) in lines.iter().enumerate() {
        if first.is_some_and(|first| at >= first) && last.is_some_and(|last| at <= last) {
            continue;
        }
        // A turn without quotes, or in quotes that are still open, goes on.
        let goes_on = last.is_some_and(|last| {
            at > last && lines[last..at].iter().map(|line| line.matches('"').count()).sum::<usize>() % 2 == 1
        });
        if !goes_on {
            out.push_str(&without_speech(&without_turns(line)));
            out.push('\n');
        }
    }
}

/// Whether a line introduces a dialogue, such as `Context: …`.
fn is_introduction(line: &str) -> bool {
    let label = unmarked(line).split_once(':').map(|(label, _)| label.to_lowercase());
    let is_mark = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '*' | '_' | '#');
    label.is_some_and(|label| INTRODUCTIONS.contains(&label.trim_end_matches(is_mark)))
}

/// `line` without list markers, quotes and emphasis before its text.
fn unmarked(line: &str) -> &str {
    const MARKS: &str = " \t-*+>#_`.)([\"";
    line.trim_start_matches(|c: char| c.is_ascii_digit() || MARKS.contains(c))
}

/// The text behind the label of a turn that `line` begins with.
fn turn_label(line: &str) -> Option<&str> {
    labelled(unmarked(line))
}

/// The text behind the label of a turn that `text` begins with.
fn labelled(text: &str) -> Option<&str> {
    let (label, rest) = text.split_once([':', '：'])?;
    if label.len() > MAX_LABEL {
        return None;
    }
    let name = label.trim_end_matches(is_label_mark).to_lowercase();
    let rest = rest.trim_start_matches(['*', '_', '`', ' ', '\t']);
    let is_quoted = rest.starts_with(['"', '“', '\'', '‘', '«', '「']);
    // `user:admin` is no turn.
    let is_apart = rest.len() < text.len() - label.len() - 1 || rest.is_empty() || is_quoted;
    let is_turn = (is_apart && SPEAKERS.contains(&&*name)) || (is_quoted && LABELS.contains(&&*name));
    is_turn.then_some(rest)
}

/// `line` without turns that begin within it, with the context or example that they are introduced by. One turn without
/// quotes is none: `for a user: login and logout`.
fn without_turns(line: &str) -> Cow<'_, str> {
    let Some(first) = turn_within(line) else { return Cow::Borrowed(line) };
    let said = labelled(&line[first..]).unwrap_or_default();
    if said.chars().next().and_then(closing_quote).is_none() && turn_within(said).is_none() {
        return Cow::Borrowed(line);
    }
    let before = line[..first].to_ascii_lowercase();
    let introduced = ["example", "context:"].iter().filter_map(|word| before.rfind(word)).min();
    let mut out = line[..introduced.unwrap_or(first)].to_owned();
    let mut rest = &line[first..];
    while let Some(said) = labelled(rest) {
        let behind = match said.chars().next().and_then(closing_quote) {
            Some(quote) => {
                let inner = &said[said.chars().next().map_or(0, char::len_utf8)..];
                inner.find(quote).map_or("", |end| &inner[end + quote.len_utf8()..])
            }
            None => &said[turn_within(said).unwrap_or(said.len())..],
        };
        let next = turn_within(behind).unwrap_or(behind.len());
        out.push_str(". ");
        out.push_str(&behind[..next]);
        rest = &behind[next..];
    }
    Cow::Owned(out)
}

/// Where a turn begins within `text`: at a label of one or two words before a colon.
fn turn_within(text: &str) -> Option<usize> {
    text.match_indices([':', '：']).find_map(|(colon, _)| {
        let label = text[..colon].trim_end_matches(is_label_mark);
        let one = word_start(label)?;
        let two = label[..one].strip_suffix(' ').and_then(word_start);
        two.into_iter().chain([one]).find(|at| labelled(&text[*at..]).is_some())
    })
}

/// Where the word that `text` ends with begins, if it is a word on its own.
fn word_start(text: &str) -> Option<usize> {
    let start = text
        .rfind(|c: char| !c.is_alphabetic())
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let is_joined = text[..start].ends_with(|c: char| c.is_numeric() || matches!(c, '_' | '-' | '/' | '.'));
    (start < text.len() && !is_joined).then_some(start)
}

/// Whether `c` may stand between a label and its colon: a number, or the end of emphasis.
fn is_label_mark(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, ' ' | '*' | '_' | '`' | ')' | ']' | '#')
}

fn closing_quote(opening: char) -> Option<char> {
    match opening {
        '"' => Some('"'),
        '\'' => Some('\''),
        '“' => Some('”'),
        '‘' => Some('’'),
        '«' => Some('»'),
        '「' => Some('」'),
        _ => None,
    }
}

/// `line` without quotes of what somebody says: those in the first or second person, questions, and sentences that follow a
/// word of saying.
fn without_speech(line: &str) -> Cow<'_, str> {
    if !line.contains(['"', '“', '\'', '‘', '«', '「']) {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((at, opening)) = rest.char_indices().find(|(at, c)| {
        // An apostrophe within a word opens nothing.
        closing_quote(*c).is_some() && !rest[..*at].ends_with(char::is_alphanumeric)
    }) {
        let (before, quoted) = rest.split_at(at);
        let inner = &quoted[opening.len_utf8()..];
        let end = closing_quote(opening).and_then(|quote| {
            let mut ends = inner.match_indices(quote);
            ends.find(|(end, _)| !inner[end + quote.len_utf8()..].starts_with(char::is_alphanumeric))
                .map(|(end, _)| (end, end + quote.len_utf8()))
        });
        out.push_str(before);
        let Some((end, behind)) = end else {
            out.push_str(quoted);
            return Cow::Owned(out);
        };
        let said = &inner[..end];
        if is_speech(&out, said) {
            out.push_str(". ");
        } else {
            out.push_str(&quoted[..opening.len_utf8() + behind]);
        }
        rest = &inner[behind..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Whether the quoted text is something that somebody says; `before` is what stands before it.
fn is_speech(before: &str, said: &str) -> bool {
    let words: Vec<String> = said
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .collect();
    let is_sentence = words.len() >= SENTENCE;
    let last = before.trim_end_matches([' ', ':', ',', '.', '(']).rsplit([' ', '(', '"', '”']).next();
    let is_introduced = last.is_some_and(|word| SAYING.contains(&&*word.to_lowercase()));
    words.iter().any(|word| is_personal(word))
        || (words.len() > 1 && said.trim_end().ends_with(['?', '!']))
        || (words.len() > 1 && is_introduced && before.trim_end().ends_with(':'))
        || (is_sentence && (is_introduced || before.trim_end().ends_with([':', ',', '.'])))
}

#[cfg(test)]
mod tests {
    use super::{is_personal, without_dialogue, without_tags};

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let left = without_dialogue(text);
        let left: Vec<&str> =
            left.split(|c: char| c.is_whitespace() || c == '.').filter(|word| !word.is_empty()).collect();
        assert_eq!(left.join(" "), expected, "{text:?}");
    }

    #[test]
    fn dialogue_is_left_out_however_it_is_written() {
        for dialogue in [
            "<example>Context: tired of debugging. user: \"We debug\" assistant: \"I've added\"</example>",
            "<example>\nContext: debugging\n\nuser: \"debug\"\n<commentary>\nx\n</commentary>\n</example>",
            "<Examples><example>debugging</example> <example>x</example></Examples>",
            "<example1>debugging</example1>",
            "<example>never closed: debugging",
            "user: \"We have been debugging\"\nassistant: \"I've added jokes\"",
            "- User: \"debugging\"\n- Assistant: I will\n",
            "**User**: \"debugging\" \n**Assistant:** \"ok\"",
            "> Human: debugging\n> for hours\n> AI: let me see",
            "Q: \"how to debug?\"\nA: \"so\"",
            "Context: the team is debugging\n\nuser: debugging goes\non and on\nassistant: \"I'll use it\"",
            "user: \"debugging\nfor hours\"",
            "1. Customer: \"the app is debugging\"",
            "用户 user： \"debugging\"",
            "[User] We keep debugging\n[Assistant] I'll help",
            "user> debugging\nassistant> fixed the debugging",
            "User - \"debugging\"\nAssistant - \"done debugging\"",
            "Q: How does one debug?\nA: By debugging.",
            "<user_message>debugging</user_message>\n<assistant-response>debugging</assistant-response>",
            "As in - the user asks: \"debugging pods\", the agent answers: \"debugging it\"",
        ] {
            let text = format!("Lightens the mood.\n\n{dialogue}");
            let left = without_dialogue(&text);
            assert!(left.contains("Lightens the mood."), "{text:?}");
            assert!(!left.contains("debug"), "{text:?}: {left:?}");
        }
        check(
            "Does x. Examples: Context: tired of debugging. user: \"we debug\" assistant: \"so\"",
            "Does x",
        );
        check("Does x. user: we debug assistant: I will", "Does x");
        check("Does x. User: \"debug\" (then) Assistant: \"ok\" Does y.", "Does x (then) Does y");
        check("Use when the user says \"the app feels sluggish today\".", "Use when the user says");
        check("Use for \"my app is slow\" and 'I cannot log in'.", "Use for and");
    }

    #[test]
    fn other_text_stays() {
        for text in [
            "Tests for a user: admin paths and role:user checks",
            "Use for \"kubernetes\", \"helm charts\" and 'argo cd'.",
            "Reviews code: style, naming, don't-repeat-yourself",
            "Handles a <user> placeholder of 5 < 6",
        ] {
            check(
                text,
                &without_tags(text).split_whitespace().collect::<Vec<_>>().join(" ").replace('.', ""),
            );
        }
        assert!(is_personal("i've") && is_personal("we’ll") && is_personal("let's") && is_personal("my"));
        assert!(!is_personal("it's") && !is_personal("team") && !is_personal("don't"));
    }
}
