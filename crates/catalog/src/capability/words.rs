//! The table of words: which make no capability, which imply one, and technical terms. The lists of `words.txt` and
//! `terms.txt` are in one table, so that each word of a text is looked up once.

use std::sync::LazyLock;

use foldhash::{HashMap, HashMapExt};

use super::tokens::{Token, split};
use super::word::{Term, Word};

static WORDS: LazyLock<HashMap<&'static str, Word>> = LazyLock::new(|| {
    let mut words: HashMap<&'static str, Word> = HashMap::new();
    let mut list = "";
    for line in include_str!("words.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            list = name;
            continue;
        }
        for entry in line.split_whitespace() {
            let (word, activity) =
                entry.split_once('=').map_or((entry, None), |(word, rest)| (word, Some(rest)));
            let known = words.entry(word).or_default();
            match list {
                "separators" => known.separates = true,
                "praise" => known.is_praise = true,
                "filler" => known.is_filler = true,
                "generic" => known.is_generic = true,
                "ing-nouns" => known.is_ing_noun = true,
                "ly-nouns" => known.is_ly_noun = true,
                "name-words" => known.tags_alone = true,
                _ => known.activity = activity,
            }
        }
    }
    for line in include_str!("terms.txt").lines().filter(|line| !line.starts_with("# ") && !line.is_empty()) {
        let tag = line.trim_start_matches('^');
        let parts: Vec<&'static str> = split(tag, tag).map(|token| token.text).collect();
        if let Some(&first) = parts.first() {
            let term = Term { words: parts, tag, needs_capital: line.starts_with('^') };
            words.entry(first).or_default().terms.push(term);
        }
    }
    for word in words.values_mut() {
        word.terms.sort_by_key(|term| std::cmp::Reverse(term.words.len()));
    }
    words
});

/// The words of `text`, whose ASCII lower-case form is `lower` (of the same length), looked up.
pub(super) fn tokens<'a>(text: &str, lower: &'a str) -> Vec<Token<'a>> {
    split(text, lower).map(|token| Token { known: lookup(token.text), ..token }).collect()
}

/// What is known about `word`, given in lower case.
pub(super) fn lookup(word: &str) -> Option<&'static Word> {
    WORDS.get(word)
}

/// Whether phrases end at `word`: listed, or an adverb.
pub(super) fn separates(word: &str, known: Option<&Word>) -> bool {
    let is_adverb = || word.len() > 4 && word.ends_with("ly") && !known.is_some_and(|known| known.is_ly_noun);
    known.is_some_and(|known| known.separates) || is_adverb()
}

/// Whether `word` is a verb at the head of a phrase: `converting directives`.
pub(super) fn is_gerund(word: &str, known: Option<&Word>) -> bool {
    word.len() > 5 && word.ends_with("ing") && !known.is_some_and(|known| known.is_ing_noun)
}

/// Whether `tag` means nothing on its own. In the list, `_` stands for a space.
pub(super) fn is_generic(tag: &str) -> bool {
    let generic = |word: &str| lookup(word).is_some_and(|known| known.is_generic);
    if tag.contains(' ') { generic(&tag.replace(' ', "_")) } else { generic(tag) }
}

/// Whether `tag` is a term.
pub(super) fn is_term(tag: &str) -> bool {
    let first = tag.split([' ', '/']).next().unwrap_or_default();
    lookup(first).is_some_and(|known| known.terms.iter().any(|term| term.tag == tag))
}

#[cfg(test)]
mod tests {
    use super::{is_generic, is_gerund, is_term, lookup, separates};

    #[test]
    fn every_list_is_read() {
        let separates = |word| separates(word, lookup(word));
        let is_gerund = |word| is_gerund(word, lookup(word));
        assert!(separates("the") && separates("safely") && !separates("supply"));
        assert!(is_gerund("converting") && !is_gerund("testing"));
        assert!(is_generic("best practices") && is_generic("code") && !is_generic("react"));
        assert!(lookup("modern").unwrap().is_praise && lookup("patterns").unwrap().is_filler);
        assert!(lookup("mobile").unwrap().tags_alone);
        assert_eq!(lookup("reviewer").unwrap().activity, Some("review"));
        assert_eq!(lookup("expert").unwrap().activity, Some(""));
        assert!(is_term("ci/cd") && is_term("machine learning") && !is_term("machine"));
    }
}
