//! Text cut into words, with what separates them.

use std::ops::Range;

/// A word of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// The word, ASCII letters in lower case, without the punctuation around it.
    pub word: &'a str,
    /// It began with a capital.
    pub capital: bool,
    /// Punctuation, a slash or a line end stands before it, or it is the first.
    pub starts: bool,
    /// It begins a sentence or a line, where any word has a capital.
    pub begins: bool,
}

/// The words of `text`, whose ASCII lower-case form is `lower` (of the same length).
pub(super) fn tokens<'a>(text: &str, lower: &'a str) -> Vec<Token<'a>> {
    let mut out = Vec::new();
    let (mut starts, mut begins) = (true, true);
    let mut begin: Option<usize> = None;
    for (at, c) in lower.char_indices().chain([(lower.len(), '\n')]) {
        let in_word = c.is_alphanumeric() || matches!(c, '+' | '#' | '.' | '-' | '_' | '\'' | '’');
        match (begin, in_word) {
            (None, true) => begin = Some(at),
            (Some(from), false) => {
                begin = None;
                let added = match word(text, lower, from..at) {
                    Some((word, capital)) => {
                        out.push(Token { word, capital, starts, begins });
                        true
                    }
                    None => false,
                };
                // A dash alone separates, and so does the end of a sentence, which stays with the word until here.
                starts = !added || lower[..at].ends_with('.');
                begins = (begins && !added) || lower[..at].ends_with('.');
            }
            _ => {}
        }
        if !in_word && c != ' ' && c != '\t' {
            starts = true;
            begins |= matches!(c, '\n' | '!' | '?' | ':' | '。');
        }
    }
    out
}

/// The word in `range` without the punctuation around it, and whether it has a capital; `None` when nothing is left.
fn word<'a>(text: &str, lower: &'a str, range: Range<usize>) -> Option<(&'a str, bool)> {
    let whole = &lower[range.clone()];
    let left = whole.trim_start_matches(['-', '_', '\'', '’', '+', '#']);
    // `.net` begins with a dot, the end of a sentence ends with one.
    let left = if left.starts_with("..") { left.trim_start_matches('.') } else { left };
    let word = left.trim_end_matches(['.', '-', '_', '\'', '’']);
    if !word.contains(char::is_alphanumeric) {
        return None;
    }
    let from = range.start + (whole.len() - left.len());
    Some((word, text[from..].chars().next().is_some_and(char::is_uppercase)))
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let lower = text.to_ascii_lowercase();
        let shown: Vec<String> = tokens(text, &lower)
            .iter()
            .map(|token| format!("{}{}", if token.starts { "|" } else { "" }, token.word))
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn words_know_what_stands_before_them() {
        check("C++ and .NET, go", &["|c++", "and", ".net", "|go"]);
        check("REST/GraphQL. Use it", &["|rest", "|graphql", "|use", "it"]);
        check("a - b's", &["|a", "|b's"]);
        check("日本 c#", &["|日本", "c#"]);
    }
}
