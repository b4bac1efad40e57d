//! Finding technical terms in a text.

use super::tokens::Token;
use super::word::Term;

/// The terms in `text`, in order. In a name (`is_name`) there are no ordinary words, so that no capital is required.
pub(super) fn terms_in(text: &[Token<'_>], is_name: bool) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match term_at(&text[at..], is_name) {
            Some(term) => {
                found.push(term.tag);
                at += term.words.len();
            }
            None => at += 1,
        }
    }
    found
}

fn term_at(text: &[Token<'_>], is_name: bool) -> Option<&'static Term> {
    let first = text.first()?;
    first.known?.terms.iter().find(|term| {
        let Some(window) = text.get(..term.words.len()) else { return false };
        let capital = !term.needs_capital || is_name || (first.capital && !first.begins);
        // The words of a term are adjacent; a slash (`ci/cd`) is part of the term.
        let together = term.tag.contains('/') || window.iter().skip(1).all(|token| !token.starts);
        capital && together && window.iter().zip(&term.words).all(|(token, word)| token.text == *word)
    })
}

#[cfg(test)]
mod tests {
    use super::super::words::tokens;
    use super::terms_in;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let lower = text.to_ascii_lowercase();
        assert_eq!(terms_in(&tokens(text, &lower), false), expected);
    }

    #[test]
    fn only_whole_words_and_names_count() {
        check("MongoDB and reactive code that should go fast", &["mongodb"]);
        check("services in Go, Rust and React Native. Go now", &["go", "rust", "react native"]);
        check("the rest of it; a REST API with CI/CD", &["rest api", "ci/cd"]);
        check("C++, C# and .NET", &["c++", "c#", ".net"]);
    }
}
