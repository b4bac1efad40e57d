//! Queries made of a collection's own words, the same in every run.

use std::collections::HashSet;
use std::sync::Arc;

use catalog::Definition;
use search::text;

use crate::numbers::Numbers;

/// Where every run's queries begin.
const SEED: u64 = 0x000a_55ed;

/// Words of one query, and how many of them are of one entry.
const WORDS: usize = 8;
const OF_ONE: usize = 5;

/// Entries looked at for a query before there are too few.
const MAX_ATTEMPTS: usize = 1_000;

/// `count` queries of eight distinct plain words, five of them in a row (save stop words and compounds) from one entry's
/// description and three from another's: about something, but not what any single entry says.
///
/// Stop words are left out, since only some of the engines know them.
pub fn queries(definitions: &[Arc<Definition>], count: usize) -> anyhow::Result<Vec<String>> {
    anyhow::ensure!(!definitions.is_empty(), "there is nothing to ask for");
    let mut numbers = Numbers::of(SEED);
    (0..count).map(|_| query(definitions, &mut numbers)).collect()
}

fn query(definitions: &[Arc<Definition>], numbers: &mut Numbers) -> anyhow::Result<String> {
    let mut words: Vec<&str> = Vec::new();
    for _ in 0..MAX_ATTEMPTS {
        let wanted = if words.is_empty() { OF_ONE } else { WORDS - OF_ONE };
        let of_entry = plain(&numbers.one_of(definitions).description, &words);
        if of_entry.len() >= wanted {
            let from = numbers.below(of_entry.len() - wanted + 1);
            words.extend(&of_entry[from..from + wanted]);
        }
        if words.len() == WORDS {
            return Ok(words.join(" "));
        }
    }
    anyhow::bail!("the collection's descriptions are too short to ask from")
}

/// The distinct words of `text` that are written the same everywhere, save those in `known`.
fn plain<'t>(text: &'t str, known: &[&str]) -> Vec<&'t str> {
    let mut seen: HashSet<&str> = known.iter().copied().collect();
    let bare = text.split_whitespace().map(|word| word.trim_end_matches(['.', ',', ';', ':']));
    let is_plain = |word: &&str| word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    bare.filter(is_plain).filter(|word| !text::is_stop_word(word) && seen.insert(word)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{plain, queries};
    use crate::subject;

    #[test]
    fn queries_are_eight_words_and_the_same_in_every_run() {
        let catalog = subject::catalog(2_000, Path::new("")).unwrap();
        let asked = queries(catalog.definitions(), 100).unwrap();
        assert_eq!(asked, queries(catalog.definitions(), 100).unwrap());
        for query in &asked {
            let words: std::collections::HashSet<_> = query.split(' ').collect();
            assert_eq!(words.len(), 8, "{query}");
        }
    }

    #[test]
    fn only_plain_words_are_asked() {
        let text = "Reviews the code, not web-hooks or iOS; finds code, flaws.";
        assert_eq!(plain(text, &["flaws"]), ["code", "finds"]);
    }

    #[test]
    fn too_little_text_is_an_error() {
        assert!(queries(&[], 1).is_err());
        assert!(queries(&[std::sync::Arc::default()], 1).is_err());
    }
}
