//! Full queues and full databases.

use std::time::Duration;

use adjutant_store::{QueryRecord, Store, StoreError, StoreOptions};
use domain::patterns::Outcome;
use rusqlite::Connection;
use tempfile::tempdir;

use super::{decision, dump, fill, wait};

const PATIENCE: Duration = Duration::from_secs(20);

fn query() -> QueryRecord {
    QueryRecord { method: "queryAgents".to_owned(), context: Some("x".repeat(400)), ..QueryRecord::default() }
}

#[test]
fn a_full_queue_refuses_decisions_and_drops_log_rows() {
    let folder = tempdir().unwrap();
    let mut options = StoreOptions::new(folder.path());
    options.queue_capacity = 1;
    options.queue_timeout = Duration::from_millis(20);
    let store = Store::open(options).unwrap();
    // Whoever holds the database for writing keeps the writer waiting.
    let other = Connection::open(folder.path().join("mcp.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    std::thread::scope(|scope| {
        let first = scope.spawn(|| wait(store.record_decision(decision("t1", "g", Outcome::Success))));
        let second = scope.spawn(|| wait(store.record_decision(decision("t2", "g", Outcome::Success))));
        while !(first.is_finished() || second.is_finished()) {
            std::thread::yield_now();
        }
        for _ in 0..10 {
            store.log_query(query());
        }
        assert!(store.status().dropped_log_rows >= 6, "the buffer takes four rows for each job");
        other.execute_batch("ROLLBACK").unwrap();
        let results = [first.join().unwrap(), second.join().unwrap()];
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert!(results.iter().any(|result| matches!(result, Err(StoreError::Overloaded))));
    });
    assert!(store.close(PATIENCE));
    assert_eq!(dump(folder.path(), "SELECT count(*) FROM decision_history"), ["Integer(1)"]);
    assert_eq!(dump(folder.path(), "SELECT count(*) FROM agent_queries"), ["Integer(4)"]);
}

#[test]
fn above_the_soft_limit_the_log_gives_way_and_nothing_else() {
    let folder = tempdir().unwrap();
    let mut options = StoreOptions::new(folder.path());
    options.soft_limit_bytes = 300_000;
    options.queue_capacity = 10_000;
    let store = Store::open(options).unwrap();
    fill(&store, 20);
    for _ in 0..5_000 {
        store.log_query(query());
    }
    // Pruning goes on in small steps behind the log; each commit lets one pass.
    let mut rows = usize::MAX;
    for round in 0..2_000 {
        wait(store.record_decision(decision("task-0", "goal0 topic0", Outcome::Success))).unwrap();
        let left = dump(folder.path(), "SELECT count(*) FROM agent_queries");
        rows = left[0].trim_start_matches("Integer(").trim_end_matches(')').parse().unwrap();
        if round > 0 && (1..1_000).contains(&rows) {
            break;
        }
    }
    assert!(rows < 1_000, "{rows} rows are left");
    assert_eq!(store.status().dropped_log_rows, 0);
    assert!(store.close(PATIENCE));
    assert_eq!(dump(folder.path(), "SELECT count(*) FROM decision_history"), ["Integer(20)"]);
    assert_eq!(dump(folder.path(), "SELECT count(*) FROM orchestration_patterns"), ["Integer(20)"]);
}

#[test]
fn above_the_hard_limit_the_log_takes_no_more() {
    let folder = tempdir().unwrap();
    let mut options = StoreOptions::new(folder.path());
    options.soft_limit_bytes = 1;
    options.hard_limit_bytes = 1;
    let store = Store::open(options).unwrap();
    store.log_query(query());
    while store.status().dropped_log_rows == 0 {
        std::thread::yield_now();
    }
    fill(&store, 3);
    assert!(store.close(PATIENCE));
    assert_eq!(dump(folder.path(), "SELECT count(*) FROM agent_queries"), ["Integer(0)"]);
    assert_eq!(dump(folder.path(), "SELECT count(*) FROM decision_history"), ["Integer(3)"]);
}

#[test]
fn a_write_ahead_log_that_a_reader_let_grow_is_emptied_once_it_is_gone() {
    const LIMIT: u64 = 16 << 20;
    let folder = tempdir().unwrap();
    let mut options = StoreOptions::new(folder.path());
    options.check_every = Duration::from_millis(50);
    let store = Store::open(options).unwrap();
    let bytes = || std::fs::metadata(folder.path().join("mcp.db-wal")).unwrap().len();
    let reader = Connection::open(folder.path().join("mcp.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM sqlite_master").unwrap();
    let goal = "rotate the signing keys ".repeat(80);
    let mut number = 0;
    while bytes() <= LIMIT {
        let stored = (0..64).map(|at| {
            let task = decision(&format!("t{}", number + at), &goal, Outcome::Success);
            store.record_decision(task)
        });
        for stored in stored.collect::<Vec<_>>() {
            wait(stored).unwrap();
        }
        number += 64;
    }
    // While it is read it stays, and writing goes on.
    wait(store.record_decision(decision("while read", "g", Outcome::Success))).unwrap();
    assert!(bytes() > LIMIT);
    drop(reader);
    let deadline = std::time::Instant::now() + PATIENCE;
    while bytes() > LIMIT && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert!(bytes() <= LIMIT, "{} bytes, and nobody reads", bytes());
    assert_eq!(store.status().degraded, None);
    assert!(store.close(PATIENCE));
}
