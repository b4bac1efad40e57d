//! The caches hold no more than their limit says, counted by the allocator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::alloc::System;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use adjutant::app::cache::{Caches, MAX_BYTES, PatternKey, QueryKey};
use adjutant::app::search_response::SearchResponse;
use adjutant::app::snapshot_once;
use adjutant::config::{CacheTtl, Config, Environment, Flags};
use catalog::Kind;
use domain::patterns::{Pattern, PatternMatch, Plan};
use search::Request;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The allocator counts for the whole process, so one test measures at a time.
static MEASURING: Mutex<()> = Mutex::new(());

/// Bytes that are allocated now.
fn allocated() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// What is beyond the limit at most: entries whose insertion or eviction the cache has yet to process, which it does in
/// batches of 64, and its tables.
const SLACK: usize = 768 * 1024;

/// Fails where `fill` leaves more bytes in caches than their limit allows, or so few that the limit is not put to use.
#[track_caller]
fn assert_within_limit(what: &str, fill: impl FnOnce(&Caches)) {
    let caches = Caches::new(&CacheTtl::default());
    let before = allocated();
    fill(&caches);
    let held = allocated().saturating_sub(before);
    let limit = usize::try_from(MAX_BYTES).unwrap();
    assert!(held <= limit + SLACK, "{what}: {held} bytes are held where {limit} are the limit");
    assert!(held >= limit / 3, "{what}: only {held} bytes of {limit} are used");
}

/// A pattern of some 2 KiB that nothing but the match holds, as one is that was replaced since.
fn pattern_match(number: usize) -> PatternMatch {
    let agents: Vec<String> = (0..8).map(|agent| format!("plugin-{number}:agent-number-{agent}")).collect();
    let pattern = Pattern {
        id: format!("pattern-{number}"),
        goal: format!("goal {number}: {}", "x".repeat(200)),
        plan: Plan::new(&agents, &BTreeMap::new(), &[]).unwrap(),
        ..Pattern::default()
    };
    PatternMatch { pattern: Arc::new(pattern), similarity: 1.0, success_rate: 0.5, task_count: 0, score: 0.5 }
}

fn pattern_key(goal: String) -> PatternKey {
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
fn matches_weigh_what_they_hold() {
    let _measuring = MEASURING.lock().unwrap_or_else(PoisonError::into_inner);
    assert_within_limit("patterns", |caches| {
        for number in 0..6_000 {
            let matches = || (0..2).map(|one| pattern_match(number * 2 + one)).collect();
            caches.patterns.get_or(&pattern_key(format!("goal number {number}")), matches);
        }
    });
}

#[test]
fn empty_matches_weigh_their_place_in_the_cache() {
    let _measuring = MEASURING.lock().unwrap_or_else(PoisonError::into_inner);
    assert_within_limit("goals without a pattern", |caches| {
        for number in 0..30_000 {
            caches.patterns.get_or(&pattern_key(format!("goal number {number}")), Vec::new);
        }
    });
}

#[test]
fn answers_weigh_what_they_hold() {
    let _measuring = MEASURING.lock().unwrap_or_else(PoisonError::into_inner);
    let data = tempfile::tempdir().unwrap();
    let flags = Flags {
        root: Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")),
        data_dir: Some(data.path().to_owned()),
        ..Flags::default()
    };
    let snapshot = snapshot_once(&Config::resolve(&flags, &Environment::default()).unwrap().project);
    let request = Request { context: Some("review code for security"), limit: 5, ..Request::default() };
    let findings = snapshot.index.find(&request);
    assert!(!findings.hits.is_empty());
    for (what, context) in [("short questions", 10), ("long questions", 500)] {
        assert_within_limit(what, |caches| {
            for number in 0..6_000 {
                let context = Some(format!("{number:0>context$}"));
                let key = QueryKey { context, limit: 5, ..QueryKey::default() };
                let answer = |_: &QueryKey| SearchResponse::of(Kind::Agent, &snapshot, &findings, None);
                caches.answers[Kind::Agent].get_or(&key, answer);
            }
        });
    }
}
