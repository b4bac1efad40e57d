//! Entries as people write them, as many as are wanted: a name, a description, keywords; the same in every run.
//!
//! Terms follow Zipf's law. An entry is about one of some hundred topics, each with a vocabulary of its own beside the
//! common one, so that words keep company as they do in real text. About a third of a description are function words.

mod list;
mod words;

use std::collections::HashSet;

use crate::numbers::Numbers;

/// Ranks of the vocabulary: what a million entries use of it grows with them.
const VOCABULARY: u32 = 400_000;
/// What entries are about, and the words of one topic.
const TOPICS: usize = 600;
const TOPIC_WORDS: u32 = 400;
/// Words that a topic is mostly told by.
const FOREMOST: usize = 8;
/// Words of a description: at least these, and up to so many more. With name and keywords an entry has 416 bytes.
const LEAST_WORDS: usize = 26;
const MORE_WORDS: usize = 31;
/// Keywords of an entry at most, and at least.
const LEAST_KEYWORDS: usize = 4;
const MORE_KEYWORDS: usize = 5;
/// Words of a sentence at most, and at least.
const LEAST_SENTENCE: usize = 8;
const MORE_SENTENCE: usize = 14;

/// What one entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Lower case with hyphens; no two entries of one run have the same.
    pub name: String,
    /// Sentences.
    pub description: String,
    /// Single words.
    pub keywords: Vec<String>,
}

impl Entry {
    /// Bytes of all it says.
    pub fn bytes(&self) -> usize {
        self.name.len() + self.description.len() + self.keywords.iter().map(String::len).sum::<usize>()
    }
}

/// Entries without end.
#[derive(Debug)]
pub struct Entries {
    numbers: Numbers,
    names: HashSet<String>,
}

impl Entries {
    /// The entries of `seed`.
    pub fn of(seed: u64) -> Entries {
        Entries { numbers: Numbers::of(seed), names: HashSet::new() }
    }

    fn name(&mut self, topic: usize) -> String {
        let mut name = self.word(topic);
        loop {
            name = format!("{name}-{}", self.word(topic));
            let whole = format!("{name}-{}", self.numbers.one_of(&list::ROLES)).to_ascii_lowercase();
            if self.names.insert(whole.clone()) {
                return whole;
            }
        }
    }

    /// A content word: every other one is of the topic.
    fn word(&mut self, topic: usize) -> String {
        if self.numbers.percent(50) {
            return words::content(self.numbers.zipf(VOCABULARY));
        }
        // Its foremost words are about as frequent as each other: none is in every sentence.
        let foremost = u32::try_from(self.numbers.below(FOREMOST)).unwrap_or_default();
        let of_topic = self.numbers.zipf(TOPIC_WORDS).max(foremost);
        let mut mixed = Numbers::of((topic as u64) << 32 | u64::from(of_topic));
        // A topic's words are common ones and rare ones, but hardly the commonest, which are everybody's.
        words::content(20 + mixed.zipf(VOCABULARY / 4))
    }

    fn description(&mut self, topic: usize) -> String {
        let total = LEAST_WORDS + self.numbers.below(MORE_WORDS + 1);
        let mut text = String::with_capacity(total * 8);
        let mut left = 0;
        for at in 0..total {
            let word = if left > 1 && self.numbers.percent(35) {
                words::function(&mut self.numbers).to_owned()
            } else {
                self.word(topic)
            };
            if left == 0 {
                left = LEAST_SENTENCE + self.numbers.below(MORE_SENTENCE + 1);
                text.push_str(if at == 0 { "" } else { ". " });
                text.push_str(&words::capitalised(&word));
            } else {
                text.push_str(if self.numbers.percent(8) { ", " } else { " " });
                text.push_str(&word);
            }
            left -= 1;
        }
        text + "."
    }
}

impl Iterator for Entries {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let topic = self.numbers.below(TOPICS);
        let name = self.name(topic);
        let description = self.description(topic);
        let mut keywords: Vec<String> = Vec::new();
        for _ in 0..LEAST_KEYWORDS + self.numbers.below(MORE_KEYWORDS + 1) {
            let keyword = self.word(topic).to_ascii_lowercase();
            if !keywords.contains(&keyword) {
                keywords.push(keyword);
            }
        }
        Some(Entry { name, description, keywords })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Entries, Entry};

    #[test]
    fn entries_are_the_same_in_every_run_and_differ_by_seed() {
        let some = |seed| Entries::of(seed).take(50).collect::<Vec<Entry>>();
        assert_eq!(some(1), some(1));
        assert_ne!(some(1), some(2));
    }

    #[test]
    fn entries_have_the_length_that_figures_are_given_for() {
        let bytes: usize = Entries::of(1).take(5_000).map(|entry| entry.bytes()).sum();
        let mean = bytes / 5_000;
        assert!((406..=426).contains(&mean), "{mean} bytes");
    }

    #[test]
    fn words_are_spread_as_in_real_text() {
        let mut counts: HashMap<String, usize> = HashMap::new();
        for entry in Entries::of(1).take(5_000) {
            let words = entry.description.split(|c: char| !c.is_ascii_alphanumeric());
            for word in words.filter(|word| !word.is_empty()) {
                *counts.entry(word.to_ascii_lowercase()).or_default() += 1;
            }
        }
        let total: usize = counts.values().sum();
        let once = counts.values().filter(|count| **count == 1).count();
        let most = counts.values().max().copied().unwrap_or_default();
        // Real text: the commonest word has some percent of all, and about half of the distinct words come once.
        assert!((total / 50..total / 10).contains(&most), "{most} of {total}");
        assert!((counts.len() / 4..counts.len() * 3 / 4).contains(&once), "{once} of {}", counts.len());
    }
}
