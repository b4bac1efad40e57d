//! Words that make no capability, and words that turn into one: the lists of `words.txt`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// The lists by name.
static LISTS: LazyLock<HashMap<&'static str, HashSet<&'static str>>> = LazyLock::new(|| {
    let mut lists: HashMap<&'static str, HashSet<&'static str>> = HashMap::new();
    let mut list = "";
    for line in include_str!("words.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            list = name;
        } else {
            lists.entry(list).or_default().extend(line.split_whitespace());
        }
    }
    lists
});

fn list(name: &str) -> &'static HashSet<&'static str> {
    LISTS.get(name).expect("words.txt holds every list that is asked for, see the test")
}

static SEPARATORS: LazyLock<&HashSet<&str>> = LazyLock::new(|| list("separators"));
static PRAISE: LazyLock<&HashSet<&str>> = LazyLock::new(|| list("praise"));
static FILLER: LazyLock<&HashSet<&str>> = LazyLock::new(|| list("filler"));
static GENERIC: LazyLock<HashSet<String>> =
    LazyLock::new(|| list("generic").iter().map(|word| word.replace('_', " ")).collect());
static ING_NOUNS: LazyLock<&HashSet<&str>> = LazyLock::new(|| list("ing-nouns"));
static LY_NOUNS: LazyLock<&HashSet<&str>> = LazyLock::new(|| list("ly-nouns"));
static NAME_WORDS: LazyLock<&HashSet<&str>> = LazyLock::new(|| list("name-words"));
static ROLES: LazyLock<HashMap<&str, &str>> =
    LazyLock::new(|| list("roles").iter().filter_map(|pair| pair.split_once('=')).collect());

/// Whether phrases end at `word`.
pub(super) fn is_separator(word: &str) -> bool {
    SEPARATORS.contains(word) || (word.len() > 4 && word.ends_with("ly") && !LY_NOUNS.contains(word))
}

/// Whether `word` is a verb at the head of a phrase: `converting directives`.
pub(super) fn is_gerund(word: &str) -> bool {
    word.len() > 5 && word.ends_with("ing") && !ING_NOUNS.contains(word)
}

/// Whether `word`, a part of a name, is a tag by itself.
pub(super) fn tags_alone(word: &str) -> bool {
    NAME_WORDS.contains(word)
}

/// Whether `word` says nothing at the front of a phrase.
pub(super) fn is_praise(word: &str) -> bool {
    PRAISE.contains(word)
}

/// Whether `word` says nothing at the end of a phrase.
pub(super) fn is_filler(word: &str) -> bool {
    FILLER.contains(word)
}

/// Whether `tag` says nothing alone.
pub(super) fn is_generic(tag: &str) -> bool {
    GENERIC.contains(tag)
}

/// The activity that a role noun stands for, empty for one that says nothing.
pub(super) fn activity(role: &str) -> Option<&'static str> {
    ROLES.get(role).copied()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_list_is_there() {
        assert!(
            super::is_separator("the") && super::is_separator("safely") && !super::is_separator("supply")
        );
        assert!(
            super::is_praise("modern") && super::is_filler("patterns") && super::is_generic("best practices")
        );
        assert!(
            super::is_gerund("converting") && !super::is_gerund("testing") && super::tags_alone("mobile")
        );
        assert_eq!(super::activity("reviewer"), Some("review"));
        assert_eq!(super::activity("expert"), Some(""));
    }
}
