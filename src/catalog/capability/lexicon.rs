//! Names of the field that are good tags by themselves.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::tokens::{Token, tokens};

/// A name: its words, how it is written as a tag, and whether it needs a capital to count.
struct Term {
    words: Vec<&'static str>,
    tag: &'static str,
    needs_capital: bool,
}

/// Terms by their first word, those of more words first.
static TERMS: LazyLock<HashMap<&'static str, Vec<Term>>> = LazyLock::new(|| {
    let mut terms: HashMap<&'static str, Vec<Term>> = HashMap::new();
    let lines = include_str!("terms.txt").lines().filter(|line| !line.starts_with("# ") && !line.is_empty());
    for line in lines {
        let tag = line.trim_start_matches('^');
        let words: Vec<&str> = tokens(tag, tag).iter().map(|token| token.word).collect();
        if let Some(&first) = words.first() {
            terms.entry(first).or_default().push(Term { words, tag, needs_capital: line.starts_with('^') });
        }
    }
    for list in terms.values_mut() {
        list.sort_by_key(|term| std::cmp::Reverse(term.words.len()));
    }
    terms
});

/// The terms in `text`, in order. In a name (`is_name`) nothing is an ordinary word, so no capital is asked for.
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

/// Whether `tag` is a term.
pub(super) fn is_term(tag: &str) -> bool {
    let first = tag.split([' ', '/']).next().unwrap_or_default();
    TERMS.get(first).is_some_and(|terms| terms.iter().any(|term| term.tag == tag))
}

fn term_at(text: &[Token<'_>], is_name: bool) -> Option<&'static Term> {
    let first = text.first()?;
    TERMS.get(first.word)?.iter().find(|term| {
        let Some(window) = text.get(..term.words.len()) else { return false };
        let capital = !term.needs_capital || is_name || (first.capital && !first.begins);
        // Words of one term stand together; a slash within it (`ci/cd`) is the term's own.
        let together = term.tag.contains('/') || window.iter().skip(1).all(|token| !token.starts);
        capital && together && window.iter().zip(&term.words).all(|(token, word)| token.word == *word)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
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
