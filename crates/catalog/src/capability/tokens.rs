//! Splitting text into words, with what separates them.

use super::word::Word;

/// A word of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    /// The word, ASCII letters in lower case, without the punctuation around it.
    pub text: &'a str,
    /// It began with a capital.
    pub capital: bool,
    /// It is the first, or follows punctuation, a slash or a line end.
    pub starts: bool,
    /// It begins a sentence or a line, where any word has a capital.
    pub begins: bool,
    /// Its entry in the table of words.
    pub known: Option<&'static Word>,
}

/// The words of `text`, whose ASCII lower-case form is `lower` (of the same length), not looked up.
pub(super) fn split<'a>(text: &str, lower: &'a str) -> impl Iterator<Item = Token<'a>> {
    let mut at = 0;
    let (mut starts, mut begins) = (true, true);
    std::iter::from_fn(move || {
        loop {
            let rest = &lower[at..];
            let from = at + rest.find(is_word_char)?;
            for c in lower[at..from].chars().filter(|c| !matches!(c, ' ' | '\t')) {
                starts = true;
                begins |= matches!(c, '\n' | '!' | '?' | ':' | '。');
            }
            let end = lower[from..].find(|c| !is_word_char(c)).map_or(lower.len(), |length| from + length);
            at = end;
            let whole = &lower[from..end];
            // Up to here the full stop belongs to the last word of the sentence.
            let ends_sentence = whole.ends_with('.');
            let Some((offset, word)) = trimmed(whole) else {
                // A dash alone separates.
                starts = true;
                begins |= ends_sentence;
                continue;
            };
            let capital = text[from + offset..].chars().next().is_some_and(char::is_uppercase);
            let token = Token { text: word, capital, starts, begins, known: None };
            (starts, begins) = (ends_sentence, ends_sentence);
            return Some(token);
        }
    })
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '+' | '#' | '.' | '-' | '_' | '\'' | '’')
}

/// `whole` without the punctuation around it, and its offset; `None` if nothing is left.
fn trimmed(whole: &str) -> Option<(usize, &str)> {
    let left = whole.trim_start_matches(['-', '_', '\'', '’', '+', '#']);
    // `.net` begins with a dot, the last word of a sentence ends with one.
    let left = if left.starts_with("..") { left.trim_start_matches('.') } else { left };
    let word = left.trim_end_matches(['.', '-', '_', '\'', '’']);
    word.contains(char::is_alphanumeric).then(|| (whole.len() - left.len(), word))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let lower = text.to_ascii_lowercase();
        let shown: Vec<String> = split(text, &lower)
            .map(|token| format!("{}{}", if token.starts { "|" } else { "" }, token.text))
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn words_know_what_stands_before_them() {
        check("C++ and .NET, go", &["|c++", "and", ".net", "|go"]);
        check("REST/GraphQL. Use it", &["|rest", "|graphql", "|use", "it"]);
        check("a - b's", &["|a", "|b's"]);
        check("日本 c#", &["|日本", "c#"]);
        check("... -- ", &[]);
    }

    #[test]
    fn capitals_and_beginnings() {
        let text = "Go is Go. Go, Go: x";
        let lower = text.to_ascii_lowercase();
        let begins: Vec<bool> = split(text, &lower).map(|token| token.begins).collect();
        assert_eq!(begins, [true, false, false, true, false, true]);
        assert_eq!(split(text, &lower).filter(|token| token.capital).count(), 4);
    }
}
