//! Cached answers: a cache for each kind of entry and one for patterns, bounded by time and by the bytes they hold.
//!
//! A key holds every parameter and the generation of what the answer was computed from, so that a re-index invalidates
//! all older answers at once. Concurrent misses of one key are computed once.

use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;
use moka::sync::Cache;

use super::outcome_prior::LearningVersion;
use super::search_response::SearchResponse;
use crate::config::CacheTtl;
use catalog::KindMap;
use domain::patterns::PatternMatch;
use protocol::ScopeName;

/// Bytes that one cache holds at most: some hundreds of answers, more than an orchestrator asks for in a day.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// Bytes that the cache itself holds for an entry beside its key and value, as the allocator counts them.
const ENTRY_BYTES: usize = 300;

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
    /// Only entries of this scope.
    pub scope: Option<ScopeName>,
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
    /// Whose agents alone.
    pub plugin: Option<String>,
    /// Whether patterns with agents that the catalog lacks are among the matches.
    pub with_incomplete: bool,
    /// The generation of the catalog, which says whose agents are which and which are missing.
    pub generation: u64,
    /// The version of the patterns: every write changes it.
    pub version: u64,
}

/// The answers about one kind of entry.
#[derive(Debug)]
pub struct AnswerCache(Cache<QueryKey, Arc<SearchResponse>, RandomState>);

/// The patterns that serve goals.
#[derive(Debug)]
pub struct PatternCache(Cache<PatternKey, Arc<[PatternMatch]>>);

impl Caches {
    /// Empty caches whose entries live as long as `ttl` says.
    pub fn new(ttl: &CacheTtl) -> Self {
        Caches {
            answers: KindMap::from_fn(|_| AnswerCache::new(ttl.answers)),
            patterns: PatternCache::new(ttl.patterns),
        }
    }
}

impl AnswerCache {
    fn new(ttl: Duration) -> Self {
        let weigher = |key: &QueryKey, response: &Arc<SearchResponse>| {
            weight(key.memory_bytes() + response.memory_bytes())
        };
        let builder = Cache::builder().max_capacity(MAX_BYTES).weigher(weigher).time_to_live(ttl);
        AnswerCache(builder.build_with_hasher(RandomState::default()))
    }

    /// The cached answer for `key`.
    pub fn get(&self, key: &QueryKey) -> Option<Arc<SearchResponse>> {
        self.0.get(key)
    }

    /// The cached answer for `key`, else the one that `compute` makes; and whether it was cached. It takes the lock that
    /// coalesces misses even on a hit: where a hit is likely, call [`AnswerCache::get`] first.
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

impl PatternCache {
    fn new(ttl: Duration) -> Self {
        // A match shares its pattern with the set of patterns only until that replaces it, and pins it from then on.
        let weigher = |key: &PatternKey, matches: &Arc<[PatternMatch]>| {
            let pinned: usize = matches.iter().map(|one| one.pattern.memory_bytes()).sum();
            weight(key.memory_bytes() + size_of_val(&**matches) + pinned)
        };
        PatternCache(Cache::builder().max_capacity(MAX_BYTES).weigher(weigher).time_to_live(ttl).build())
    }

    /// The cached matches for `key`, else those that `compute` finds; and whether they were cached.
    pub fn get_or(
        &self,
        key: &PatternKey,
        compute: impl FnOnce() -> Vec<PatternMatch>,
    ) -> (Arc<[PatternMatch]>, bool) {
        let entry = self.0.entry_by_ref(key).or_insert_with(|| compute().into());
        (Arc::clone(entry.value()), !entry.is_fresh())
    }
}

/// The weight of an entry whose key and value hold that many bytes.
fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes + ENTRY_BYTES).unwrap_or(u32::MAX)
}

impl QueryKey {
    /// Bytes it holds in memory, itself included.
    fn memory_bytes(&self) -> usize {
        let texts = [&self.capability, &self.role, &self.context, &self.plugin];
        size_of::<Self>() + texts.into_iter().flatten().map(String::capacity).sum::<usize>()
    }
}

impl PatternKey {
    /// Bytes it holds in memory, itself included.
    fn memory_bytes(&self) -> usize {
        let plugin = self.plugin.as_ref().map_or(0, String::capacity);
        size_of::<Self>() + self.goal.capacity() + plugin
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{Caches, MAX_BYTES, PatternKey};
    use crate::config::CacheTtl;

    fn key(goal: String) -> PatternKey {
        PatternKey {
            goal,
            min_similarity: 0,
            limit: 5,
            plugin: None,
            with_incomplete: false,
            generation: 1,
            version: 1,
        }
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
