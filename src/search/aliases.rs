//! What other words a word stands for: abbreviations, synonyms, product families, symptoms.
//!
//! The table is data (`aliases.yml` here, and a user's own merged over it): `head: [expansion, …]`, heads and expansions
//! of one or several words. Expansion is one step deep, so cycles are harmless.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use super::text::{self, Form};

/// Bytes of an alias file that are read.
const MAX_FILE: usize = 1 << 20;
/// Bytes of one entry: YAML engines are quadratic on nested text.
const MAX_ENTRY: usize = 4096;
/// Expansions of one head that are used.
const MAX_EXPANSIONS: usize = 12;
/// Characters of a head or an expansion.
const MAX_PHRASE: usize = 80;
/// How many other content words may stand among those of a head of several words.
const SLACK: usize = 2;

static BUILT_IN: LazyLock<Aliases> = LazyLock::new(|| Aliases::parse(include_str!("aliases.yml")).0);

/// What is wrong with an entry of an alias file; the rest of the file is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasProblem {
    /// The line the entry starts on, counted from 1.
    pub line: usize,
    /// What is wrong, in a sentence without a final full stop.
    pub message: String,
}

/// An alias table, ready to be looked up.
#[derive(Debug, Clone, Default)]
pub struct Aliases {
    written: BTreeMap<String, Vec<String>>,
    entries: Vec<Entry>,
    /// Entries by the first content term of their head.
    by_term: HashMap<String, Vec<usize>>,
}

#[derive(Debug, Clone)]
struct Entry {
    head: String,
    /// Content terms of the head.
    terms: Vec<String>,
    /// All words, for a head such as `out of memory` that only its stop words tell apart.
    phrase: Vec<String>,
    expansions: Vec<Vec<String>>,
}

/// A word of a request, as the alias table and the query reader see it.
#[derive(Debug, Clone)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// Nothing for a stop word.
    pub(crate) term: Option<String>,
    pub(crate) form: Form,
}

/// The words of `text`, at most `limit` of them.
pub(crate) fn read(text: &str, limit: usize) -> Vec<Word> {
    let mut read = Vec::new();
    text::words(text, |word, form| {
        if read.len() < limit {
            read.push(Word { text: word.to_owned(), term: text::term(word), form });
        }
    });
    read
}

/// A head found in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match<'a> {
    /// As written in the table.
    pub(crate) head: &'a str,
    /// The words of the request it covers.
    pub(crate) words: Vec<usize>,
    /// Content terms of each expansion.
    pub(crate) expansions: &'a [Vec<String>],
    /// The number of the entry in the table.
    pub(crate) entry: usize,
}

impl Aliases {
    /// The table that comes with the program: general vocabulary of software.
    pub fn built_in() -> &'static Aliases {
        &BUILT_IN
    }

    /// Reads an alias file. Entries that cannot be read become problems; the others are used.
    pub fn parse(text: &str) -> (Aliases, Vec<AliasProblem>) {
        let mut problems = Vec::new();
        let text = if text.len() > MAX_FILE {
            problems
                .push(AliasProblem { line: 1, message: format!("only the first {MAX_FILE} bytes are read") });
            &text[..text.floor_char_boundary(MAX_FILE)]
        } else {
            text
        };
        let mut written = BTreeMap::new();
        for (line, block) in blocks(text) {
            match entry(block) {
                Ok(entries) => {
                    for (head, expansions) in entries {
                        keep(&mut written, &mut problems, line, (head, expansions));
                    }
                }
                Err(message) => problems.push(AliasProblem { line, message }),
            }
        }
        (Aliases::compile(written), problems)
    }

    /// This table with `over` laid over it: a head of `over` replaces the same head here, an empty list removes it.
    #[must_use]
    pub fn merged(&self, over: &Aliases) -> Aliases {
        let mut written = self.written.clone();
        written.extend(over.written.clone());
        Aliases::compile(written)
    }

    /// How many heads the table has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the table is empty.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The index terms `text` stands for beyond its own, in order of the heads found, with repetitions.
    pub fn expansions(&self, text: &str) -> Vec<String> {
        let words = read(text, usize::MAX);
        self.find(&words).into_iter().flat_map(|found| found.expansions.iter().flatten().cloned()).collect()
    }

    fn compile(written: BTreeMap<String, Vec<String>>) -> Aliases {
        let mut aliases = Aliases::default();
        for (head, expansions) in &written {
            let words = read(head, usize::MAX);
            let content = |word: &Word| word.term.clone().filter(|_| word.form != Form::Joined);
            let terms: Vec<String> = words.iter().filter_map(content).collect();
            let stops = words.iter().any(|word| word.term.is_none());
            let phrase = if terms.len() < 2 && stops {
                words.iter().map(|word| word.text.clone()).collect()
            } else {
                Vec::new()
            };
            let expansions: Vec<_> = expansions
                .iter()
                .map(|phrase| content_terms(phrase))
                .filter(|terms| !terms.is_empty())
                .collect();
            // A compound may be asked for joined: `ci/cd` as `cicd`.
            let joined =
                words.last().filter(|last| last.form == Form::Joined && terms.len() + 1 == words.len());
            for terms in [Some(terms), joined.and_then(|last| last.term.clone()).map(|term| vec![term])]
                .into_iter()
                .flatten()
            {
                let key = terms.first().or(phrase.first());
                let Some(key) = key.filter(|_| !expansions.is_empty()).cloned() else { continue };
                aliases.by_term.entry(key).or_default().push(aliases.entries.len());
                let phrase = phrase.clone();
                aliases.entries.push(Entry {
                    head: head.clone(),
                    terms,
                    phrase,
                    expansions: expansions.clone(),
                });
            }
        }
        aliases.written = written;
        aliases
    }

    /// Whether a term alone is a head.
    pub(crate) fn has(&self, term: &str) -> bool {
        let entries = self.by_term.get(term).map_or(&[][..], Vec::as_slice);
        entries.iter().any(|&at| self.entries[at].terms.len() == 1 && self.entries[at].phrase.is_empty())
    }

    /// The heads found among `words`: those of more words first, and none that lies wholly within a longer one.
    pub(crate) fn find(&self, words: &[Word]) -> Vec<Match<'_>> {
        let mut found: Vec<Match<'_>> = Vec::new();
        for (at, word) in words.iter().enumerate() {
            let key = word.term.as_deref().unwrap_or(&word.text);
            for &entry in self.by_term.get(key).map_or(&[][..], Vec::as_slice) {
                let covered = self.entries[entry].covers(words, at);
                if let Some(covered) = covered.filter(|_| found.iter().all(|other| other.entry != entry)) {
                    let Entry { head, expansions, .. } = &self.entries[entry];
                    found.push(Match { head, words: covered, expansions, entry });
                }
            }
        }
        found.sort_by_key(|found| std::cmp::Reverse(found.words.len()));
        let mut kept: Vec<Match<'_>> = Vec::with_capacity(found.len());
        for next in found {
            let within = |longer: &Match<'_>| {
                longer.words.len() > next.words.len()
                    && next.words.iter().all(|word| longer.words.contains(word))
            };
            if !kept.iter().any(within) {
                kept.push(next);
            }
        }
        kept
    }
}

impl Entry {
    /// The words of a request the head covers when its first content term stands at `at`.
    fn covers(&self, words: &[Word], at: usize) -> Option<Vec<usize>> {
        if !self.phrase.is_empty() {
            return self.covers_phrase(words, at);
        }
        if words[at].form == Form::Joined && self.terms.len() > 1 {
            return None;
        }
        let mut covered = vec![at];
        let reach = self.terms.len() + SLACK;
        for term in &self.terms[1..] {
            let content = |&at: &usize| words[at].term.is_some() && words[at].form != Form::Joined;
            let is_it =
                |&place: &usize| words[place].term.as_ref() == Some(term) && !covered.contains(&place);
            let after = (at + 1..words.len()).filter(content).take(reach).find(is_it);
            let before = || (0..at).rev().filter(content).take(reach).find(is_it);
            let place = after.or_else(before)?;
            covered.push(place);
        }
        Some(covered)
    }

    fn covers_phrase(&self, words: &[Word], at: usize) -> Option<Vec<usize>> {
        (0..self.phrase.len()).find_map(|offset| {
            let start = at.checked_sub(offset)?;
            let run = words.get(start..start + self.phrase.len())?;
            let same = run.iter().zip(&self.phrase).all(|(word, wanted)| word.text == *wanted);
            same.then(|| (start..start + self.phrase.len()).collect())
        })
    }
}

/// Content terms of a phrase, compounds in pieces and joined.
fn content_terms(phrase: &str) -> Vec<String> {
    text::terms(phrase)
}

/// The top-level entries of a file with the lines they start on: what is indented or a list item continues an entry.
fn blocks(text: &str) -> Vec<(usize, &str)> {
    let mut blocks: Vec<(usize, usize, usize)> = Vec::new();
    let mut at = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let end = at + line.len();
        let continues = line.starts_with([' ', '\t', '-', ']', '}']);
        match blocks.last_mut() {
            Some(last) if continues => last.2 = end,
            _ if line.trim().is_empty() || line.starts_with('#') || line.starts_with("---") => {}
            _ => blocks.push((number + 1, at, end)),
        }
        at = end;
    }
    blocks.into_iter().map(|(line, from, to)| (line, text[from..to].trim_start_matches('\u{feff}'))).collect()
}

/// A head with its expansions.
type Written = (String, Vec<String>);

fn entry(block: &str) -> Result<Vec<Written>, String> {
    if block.len() > MAX_ENTRY || block.matches(['[', '{']).count() > 8 {
        return Err(format!("the entry is longer than {MAX_ENTRY} bytes or nested, it is ignored"));
    }
    // Most entries are this plain; the engine is for the rest.
    if let Some(plain) = plain_entry(block) {
        return Ok(vec![plain]);
    }
    let read: BTreeMap<String, Vec<String>> = serde_yaml::from_str(block).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.split(" at line").next().unwrap_or_default();
        format!("not `head: [expansion, …]`, the entry is ignored ({reason})")
    })?;
    Ok(read.into_iter().collect())
}

/// `head: [one, two words]` without any quoting.
fn plain_entry(block: &str) -> Option<Written> {
    let plain = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b" -./".contains(&b))
    };
    let (head, rest) = block.trim_end().split_once(": [")?;
    let list = rest.strip_suffix(']')?;
    let expansions: Vec<String> = list.split(',').map(|part| part.trim().to_owned()).collect();
    (plain(head) && expansions.iter().all(|part| plain(part))).then(|| (head.to_owned(), expansions))
}

fn keep(
    written: &mut BTreeMap<String, Vec<String>>,
    problems: &mut Vec<AliasProblem>,
    line: usize,
    (head, mut expansions): Written,
) {
    let mut complain = |message: String| problems.push(AliasProblem { line, message });
    let head = head.trim().to_lowercase();
    if head.is_empty() || head.chars().count() > MAX_PHRASE {
        return complain(format!("a head has 1 to {MAX_PHRASE} characters, the entry is ignored"));
    }
    let given = expansions.len();
    expansions.retain(|phrase| phrase.trim().to_lowercase() != head && phrase.chars().count() <= MAX_PHRASE);
    if expansions.len() < given {
        complain(format!("`{head}` stands for itself or for an overlong phrase, which is ignored"));
    }
    if expansions.len() > MAX_EXPANSIONS {
        complain(format!("`{head}` has more than {MAX_EXPANSIONS} expansions, the rest is ignored"));
        expansions.truncate(MAX_EXPANSIONS);
    }
    if written.contains_key(&head) {
        complain(format!("`{head}` is defined again, the last definition counts"));
    }
    written.insert(head, expansions);
}
