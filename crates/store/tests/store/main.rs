//! The store as its callers see it: what it keeps, and what it does when the disk lets it down.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod child;
mod corrections;
mod damage;
mod keeping;
mod limits;

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;

use adjutant_store::{Store, StoreOptions};
use domain::patterns::{Decision, Outcome};
use rusqlite::Connection;

/// Runs a future on this thread.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn open(folder: &Path) -> Store {
    Store::open(StoreOptions::new(folder)).unwrap()
}

fn decision(task: &str, goal: &str, result: Outcome) -> Decision {
    Decision {
        task_id: task.to_owned(),
        task_description: goal.to_owned(),
        agents_used: vec!["architect".to_owned(), "developer".to_owned()],
        result,
        duration_ms: Some(1_000),
        tokens_saved: Some(40),
        pattern_id: None,
        dependencies: BTreeMap::new(),
        parallel_groups: Vec::new(),
        decided_at_ms: None,
    }
}

/// Reports `count` successes, each for another goal, so that each founds a pattern.
fn fill(store: &Store, count: usize) {
    for index in 0..count {
        let goal = format!("goal{index} topic{index}");
        wait(store.record_decision(decision(&format!("task-{index}"), &goal, Outcome::Success))).unwrap();
    }
}

/// Everything in a table, as text.
fn dump(folder: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(folder.join("mcp.db")).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        Ok((0..columns)
            .map(|column| format!("{:?}", row.get_ref(column).unwrap()))
            .collect::<Vec<_>>()
            .join("|"))
    });
    rows.unwrap().map(Result::unwrap).collect()
}
