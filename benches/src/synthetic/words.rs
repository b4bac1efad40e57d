//! A vocabulary without end: the word of every rank, worked out from the rank alone.

use std::sync::LazyLock;

use super::list::{CONTENT, ENDINGS, FUNCTION, NAME_ENDINGS, SYLLABLES};
use crate::numbers::Numbers;

static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let mut words: Vec<&str> = Vec::new();
    for word in CONTENT.split_whitespace() {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
});

static FUNCTION_WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| FUNCTION.split_whitespace().collect());

/// A function word, the frequent ones frequently.
pub(super) fn function(numbers: &mut Numbers) -> &'static str {
    let rank = numbers.zipf(u32::try_from(FUNCTION_WORDS.len()).unwrap_or(1));
    FUNCTION_WORDS[rank as usize]
}

/// The content word of a rank: those of the built-in list first, then words derived from it, compounds, and names made of
/// syllables, in a mixture. Distant ranks may share a word.
pub(super) fn content(rank: u32) -> String {
    if let Some(word) = WORDS.get(rank as usize) {
        return (*word).to_owned();
    }
    let mut numbers = Numbers::of(0xc0ff_ee00_0000_0000 ^ u64::from(rank));
    let words: &[&str] = &WORDS;
    let common = |numbers: &mut Numbers| words[numbers.zipf(words.len().try_into().unwrap_or(1)) as usize];
    match numbers.below(100) {
        0..30 => {
            let stem = numbers.one_of(words);
            format!("{}{}", stem.strip_suffix('e').unwrap_or(stem), numbers.one_of(&ENDINGS))
        }
        30..36 => format!("{}-{}", common(&mut numbers), numbers.one_of(words)),
        36..38 => format!("{}{}", common(&mut numbers), numbers.one_of(words)),
        38..40 => format!("{}{}", common(&mut numbers), capitalised(words[numbers.below(words.len())])),
        _ => {
            let syllables = 2 + numbers.below(3);
            let mut name: String = (0..syllables).map(|_| *numbers.one_of(&SYLLABLES)).collect();
            name.push_str(NAME_ENDINGS[numbers.below(NAME_ENDINGS.len())]);
            name
        }
    }
}

/// `word` with a capital first letter; it is ASCII.
pub(super) fn capitalised(word: &str) -> String {
    word[..1].to_ascii_uppercase() + &word[1..]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::content;

    #[test]
    fn the_vocabulary_goes_on_without_many_repetitions() {
        let words: HashSet<String> = (0..20_000).map(content).collect();
        assert!(words.len() > 17_000, "{}", words.len());
        assert!(words.iter().all(|word| word.is_ascii() && word.len() >= 2 && word.len() < 40));
        assert_eq!(content(123_456), content(123_456));
    }
}
