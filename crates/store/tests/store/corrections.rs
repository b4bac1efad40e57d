//! Two decisions on one task: the one made later is in effect, in whichever order they arrive.

use std::path::Path;
use std::time::Duration;

use adjutant_store::{DecisionReceipt, NewPattern, Store, StoreError, now_ms};
use domain::patterns::{Decision, MAX_PATTERNS, Outcome};
use rusqlite::Connection;
use tempfile::tempdir;

use super::{decision, dump, open, wait};

const PATIENCE: Duration = Duration::from_secs(20);

fn decided(at_ms: impl Into<Option<i64>>, result: Outcome) -> Decision {
    Decision { decided_at_ms: at_ms.into(), ..decision("t1", "add login to the api", result) }
}

fn record(store: &Store, decision: Decision) -> DecisionReceipt {
    wait(store.record_decision(decision)).unwrap()
}

/// The result in effect, in the history and as the outcome of the task.
fn in_effect(store: &Store) -> (String, Outcome) {
    store.wait_until_loaded();
    let result = store.history(1).unwrap().remove(0).result;
    let outcome = store.outcomes().tasks().next().unwrap().result;
    (result, outcome)
}

#[test]
fn an_older_decision_changes_nothing_and_the_receipt_says_so() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let newer = record(&store, decided(2_000, Outcome::Failure));
    assert!(!newer.is_superseded);
    let corrected = record(&store, decided(3_000, Outcome::Partial));
    assert!(corrected.replaced.is_some());
    let before = format!("{:?}", store.patterns().patterns().collect::<Vec<_>>());

    let older = record(&store, decided(2_999, Outcome::Success));
    assert!(older.is_superseded && older.replaced.is_none() && !older.founded);
    assert_eq!(in_effect(&store), ("partial".to_owned(), Outcome::Partial));
    assert_eq!(format!("{:?}", store.patterns().patterns().collect::<Vec<_>>()), before);

    // The time is on disk with the decision.
    assert!(store.close(PATIENCE));
    let store = open(folder.path());
    assert!(record(&store, decided(2_999, Outcome::Success)).is_superseded);
    assert_eq!(in_effect(&store), ("partial".to_owned(), Outcome::Partial));
}

#[test]
fn the_receipt_of_an_older_decision_names_the_pattern_that_learned_from_the_newer() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let newer = record(&store, decided(2_000, Outcome::Success)).pattern.unwrap();
    let older = record(&store, decided(1_000, Outcome::Failure)).pattern.unwrap();
    assert_eq!((older.id.as_str(), older.counters), (newer.id.as_str(), newer.counters));
}

#[test]
fn at_equal_times_and_without_one_the_later_arrival_counts() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let (success, failure) = (Outcome::Success, Outcome::Failure);
    for (at_ms, result) in [
        (Some(2_000), success),
        (Some(2_000), failure),
        // Made on arrival, which is later than any time of the past.
        (None, success),
        (None, failure),
        // From a clock that is ahead: made on arrival at the latest.
        (Some(i64::MAX), success),
        (Some(i64::MAX), failure),
        (None, success),
    ] {
        let receipt = record(&store, decided(at_ms, result));
        assert!(!receipt.is_superseded, "{at_ms:?}");
        assert_eq!(in_effect(&store).1, result, "{at_ms:?}");
    }
    assert!(record(&store, decided(now_ms() - 60_000, failure)).is_superseded, "older than an arrival");
}

#[test]
fn a_decision_that_an_older_schema_holds_has_no_time_to_compare() {
    let folder = tempdir().unwrap();
    record(&open(folder.path()), decided(5_000, Outcome::Failure));
    let connection = Connection::open(folder.path().join("mcp.db")).unwrap();
    connection.execute("UPDATE decision_history SET decided_at_ms = NULL", []).unwrap();
    // Set by a clock that was ahead then, which must not keep corrections out until that time comes.
    let ahead = now_ms() + 86_400_000;
    let store = open(folder.path());
    assert!(!record(&store, decided(1_000, Outcome::Partial)).is_superseded);
    connection.execute("UPDATE decision_history SET decided_at_ms = ?1", [ahead]).unwrap();
    assert!(!record(&store, decided(now_ms(), Outcome::Success)).is_superseded);
    assert_eq!(in_effect(&store).1, Outcome::Success);
}

#[test]
fn within_one_transaction_the_order_of_making_counts_too() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    // Whoever holds the database for writing keeps the writer waiting, so that both are in the next transaction.
    let other = Connection::open(folder.path().join("mcp.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (first, newer, older) = wait(async {
        let first = store.record_decision(decision("t0", "hold the writer", Outcome::Success));
        let newer = store.record_decision(decided(2_000, Outcome::Failure));
        let older = store.record_decision(decided(1_000, Outcome::Success));
        let free = async { other.execute_batch("ROLLBACK").unwrap() };
        let (first, newer, older, ()) = tokio::join!(first, newer, older, free);
        (first.unwrap(), newer.unwrap(), older.unwrap())
    });
    assert!(!first.is_superseded && !newer.is_superseded && older.is_superseded);
    assert_eq!(store.history(1).unwrap()[0].result, "failure");
}

fn pattern(goal: &str, dependencies: &[(&str, &[&str])]) -> NewPattern {
    let names = |agents: &[&str]| agents.iter().map(|&agent| agent.to_owned()).collect();
    NewPattern {
        goal: goal.to_owned(),
        agent_sequence: names(&["x", "y"]),
        dependencies: dependencies
            .iter()
            .map(|(agent, others)| ((*agent).to_owned(), names(others)))
            .collect(),
        ..NewPattern::default()
    }
}

/// A database with room for so many patterns more.
fn nearly_full(folder: &Path, room: usize) {
    drop(open(folder));
    let connection = Connection::open(folder.join("mcp.db")).unwrap();
    connection
        .execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO orchestration_patterns (id, goal, agent_sequence)
             SELECT 'p' || i, 'goal' || i || ' topic' || i, '[\"a\",\"b\"]' FROM n",
            [i64::try_from(MAX_PATTERNS - room).unwrap()],
        )
        .unwrap();
}

#[test]
fn a_chunk_that_would_exceed_the_maximum_changes_nothing() {
    let folder = tempdir().unwrap();
    nearly_full(folder.path(), 2);
    let store = open(folder.path());
    let known = wait(store.add_pattern(pattern("ship it", &[]))).unwrap();
    let before = store.patterns().get(&known.id).unwrap().clone();
    let rows = dump(folder.path(), "SELECT * FROM orchestration_patterns WHERE goal = 'ship it'");

    // The known one would take over another plan; of the two new ones the second finds no room.
    let line =
        |goal: &str, more: &str| format!("{{\"goal\":\"{goal}\",\"agent_sequence\":[\"x\",\"y\"]{more}}}\n");
    let chunk = line("ship it", ",\"parallel_groups\":[[\"x\",\"y\"]]") + &line("one", "") + &line("two", "");
    let refused = wait(store.import_patterns(&chunk, 1)).unwrap_err();
    assert!(matches!(refused, StoreError::Invalid(_)), "{refused}");
    assert_eq!(store.patterns().len(), MAX_PATTERNS - 1);
    assert_eq!(store.patterns().get(&known.id).unwrap().plan, before.plan, "the plan was adopted");
    assert_eq!(dump(folder.path(), "SELECT * FROM orchestration_patterns WHERE goal = 'ship it'"), rows);

    // The same without the last fits, and is taken over as a whole.
    let fits = line("ship it", ",\"parallel_groups\":[[\"x\",\"y\"]]") + &line("one", "");
    let report = wait(store.import_patterns(&fits, 1)).unwrap();
    assert_eq!((report.created, report.known), (1, 1));
    assert_ne!(store.patterns().get(&known.id).unwrap().plan, before.plan);
    assert_eq!(store.patterns().len(), MAX_PATTERNS);
}
