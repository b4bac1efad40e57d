//! Answers kept for a while, one cache a kind, bounded by time and bytes.
//!
//! A key holds every parameter and the generation of what the answer was computed from, so a re-index ends
//! all older answers at once. Equal misses that come together are computed once.

use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use moka::sync::Cache;

use super::outcome_prior::LearningVersion;
use super::search_response::SearchResponse;
use crate::config::CacheTtl;
use catalog::KindMap;
use domain::patterns::PatternMatch;

/// Bytes a cache may keep: some hundreds of answers, more than a day of an orchestrator asks for.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// All that determines the answer to a query, in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct QueryKey {
    /// Texts are trimmed, inner white space is one blank; empty is absent.
    pub capability: Option<String>,
    /// See `capability`.
    pub role: Option<String>,
    /// The context of agents and skills, the goal of workflows; see `capability`.
    pub context: Option<String>,
    /// Only this plugin's entries.
    pub plugin: Option<String>,
    /// Rows at most.
    pub limit: usize,
    /// Tokens at most.
    pub max_tokens: Option<usize>,
    /// The snapshot it is answered from.
    pub generation: u64,
    /// The state of what was learned, where that takes part in the answer.
    pub learned: LearningVersion,
    /// The state of what an embedding model knows of the entries.
    pub embedding: u64,
}

/// The caches of one project.
#[derive(Debug)]
pub struct Caches {
    /// Answers about each kind of entry.
    pub answers: KindMap<AnswerCache>,
    /// Matches of `getOrchestrationPattern` and `queryPattern`.
    pub patterns: PatternCache,
}

/// All that determines which patterns serve a goal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PatternKey {
    /// In canonical form.
    pub goal: String,
    /// The least similarity, as its bits.
    pub min_similarity: u64,
    /// Matches at most.
    pub limit: usize,
    /// Whose agents alone, with the generation of the catalog that says so.
    pub plugin: Option<(String, u64)>,
    /// The state of the book: anything written makes it another.
    pub version: u64,
}

/// Matches of goals.
#[derive(Debug)]
pub struct PatternCache(Cache<PatternKey, Arc<[PatternMatch]>>);

impl PatternCache {
    fn new(ttl: Duration) -> Self {
        // A match shares its pattern with the book, so that it costs little more than its goal.
        let weigher = |key: &PatternKey, matches: &Arc<[PatternMatch]>| {
            u32::try_from(key.goal.len() + 64 * matches.len() + 128).unwrap_or(u32::MAX)
        };
        PatternCache(Cache::builder().max_capacity(MAX_BYTES).weigher(weigher).time_to_live(ttl).build())
    }

    /// The matches kept for `key`, or those `compute` finds; and whether they were kept.
    pub fn get_or(
        &self,
        key: &PatternKey,
        compute: impl FnOnce() -> Vec<PatternMatch>,
    ) -> (Arc<[PatternMatch]>, bool) {
        let entry = self.0.entry_by_ref(key).or_insert_with(|| compute().into());
        (Arc::clone(entry.value()), !entry.is_fresh())
    }
}

/// One kind's answers.
#[derive(Debug)]
pub struct AnswerCache(Cache<QueryKey, Arc<SearchResponse>, RandomState>);

impl Caches {
    /// Empty caches that keep answers as long as `ttl` says.
    pub fn new(ttl: &CacheTtl) -> Self {
        Caches {
            answers: KindMap::from_fn(|_| AnswerCache::new(ttl.answers)),
            patterns: PatternCache::new(ttl.patterns),
        }
    }
}

impl AnswerCache {
    fn new(ttl: Duration) -> Self {
        let weigher = |key: &QueryKey, found: &Arc<SearchResponse>| {
            u32::try_from(found.memory_bytes()).unwrap_or(u32::MAX).saturating_add(key.weight())
        };
        let builder = Cache::builder().max_capacity(MAX_BYTES).weigher(weigher).time_to_live(ttl);
        AnswerCache(builder.build_with_hasher(RandomState::default()))
    }

    /// The answer kept for `key`.
    pub fn get(&self, key: &QueryKey) -> Option<Arc<SearchResponse>> {
        self.0.get(key)
    }

    /// The answer kept for `key`, or the one `compute` makes; and whether it was kept. Takes the lock that coalesces misses
    /// even where it was: who expects that asks [`AnswerCache::get`] first.
    pub fn get_or(
        &self,
        key: &QueryKey,
        compute: impl FnOnce(&QueryKey) -> SearchResponse,
    ) -> (Arc<SearchResponse>, bool) {
        let entry = self.0.entry_by_ref(key).or_insert_with(|| Arc::new(compute(key)));
        let is_hit = !entry.is_fresh();
        (entry.into_value(), is_hit)
    }
}

impl QueryKey {
    /// Roughly the bytes it keeps.
    fn weight(&self) -> u32 {
        let texts = [&self.capability, &self.role, &self.context, &self.plugin];
        let bytes: usize = texts.iter().filter_map(|text| text.as_ref().map(String::len)).sum();
        u32::try_from(bytes + 160).unwrap_or(u32::MAX)
    }
}

/// `text` in canonical form: `None` where it says nothing.
pub fn canonical(text: Option<&str>) -> Option<String> {
    let text = text?;
    if is_canonical(text) {
        return Some(text.to_owned());
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Whether `text` is ASCII in canonical form, as nearly all are.
fn is_canonical(text: &str) -> bool {
    let mut after_blank = true;
    for byte in text.bytes() {
        let is_blank = byte == b' ';
        // The other white space of ASCII is below the blank; what is beyond ASCII is looked at character by character.
        if !(b' '..=b'~').contains(&byte) || (is_blank && after_blank) {
            return false;
        }
        after_blank = is_blank;
    }
    !after_blank
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{Caches, MAX_BYTES, PatternKey, canonical};
    use crate::config::CacheTtl;

    fn key(goal: String) -> PatternKey {
        PatternKey { goal, min_similarity: 0, limit: 5, plugin: None, version: 1 }
    }

    #[test]
    fn texts_are_brought_into_one_form() {
        for (text, form) in [
            ("plain words", Some("plain words")),
            ("  plain\t\u{a0}words \n", Some("plain words")),
            ("plain  words", Some("plain words")),
            (" plain", Some("plain")),
            ("plain ", Some("plain")),
            ("a\u{b}b", Some("a b")),
            ("größer\u{3000}als", Some("größer als")),
            ("", None),
            (" \n ", None),
        ] {
            assert_eq!(canonical(Some(text)).as_deref(), form, "{text:?}");
        }
        assert_eq!(canonical(None), None);
    }

    #[test]
    fn equal_questions_that_come_together_are_answered_once() {
        let (caches, computed) = (Caches::new(&CacheTtl::default()), AtomicUsize::new(0));
        let barrier = std::sync::Barrier::new(64);
        std::thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    barrier.wait();
                    caches.patterns.get_or(&key("the same".into()), || {
                        computed.fetch_add(1, Ordering::Relaxed);
                        Vec::new()
                    });
                });
            }
        });
        assert_eq!(computed.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn any_number_of_questions_costs_no_more_than_the_limit() {
        let caches = Caches::new(&CacheTtl::default());
        for number in 0..100_000 {
            caches.patterns.get_or(&key(format!("goal number {number}")), Vec::new);
        }
        caches.patterns.0.run_pending_tasks();
        assert!(caches.patterns.0.weighted_size() <= MAX_BYTES, "{}", caches.patterns.0.weighted_size());
        assert!(caches.patterns.0.entry_count() > 1_000);
    }
}
