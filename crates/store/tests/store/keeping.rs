//! What is kept, found again, and given away.

use confined_fs::NamedFile;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use adjutant_store::{
    BACKUPS_KEPT, NewPattern, QueryRecord, SCHEMA_VERSION, Store, StoreError, StoreOptions, StoreReader,
};
use domain::patterns::Outcome;
use rusqlite::Connection;
use tempfile::tempdir;

use super::{decision, dump, fill, open, wait};

const PATIENCE: Duration = Duration::from_secs(20);

fn pattern(goal: &str, agents: &[&str]) -> NewPattern {
    let agent_sequence = agents.iter().map(|&agent| agent.to_owned()).collect();
    NewPattern { goal: goal.to_owned(), agent_sequence, ..NewPattern::default() }
}

#[test]
fn the_first_schema_is_the_published_one_and_data_of_it_survives() {
    let folder = tempdir().unwrap();
    let connection = Connection::open(folder.path().join("mcp.db")).unwrap();
    connection.execute_batch(include_str!("../../../../migrations/0001_initial.sql")).unwrap();
    connection
        .execute_batch(
            "PRAGMA user_version = 1;
             INSERT INTO orchestration_patterns (id, goal, agent_sequence, success_count, failure_count,
               avg_duration_ms, avg_tokens_saved) VALUES ('p', 'add login', '[\"a\",\"b\"]', 3, 1, 500, -20);
             INSERT INTO decision_history (task_id, task_description, agents_used, result)
               VALUES ('t', 'add login', '[\"a\",\"b\"]', 'success');
             INSERT INTO agent_queries (capability) VALUES ('react')",
        )
        .unwrap();
    connection.close().unwrap();

    let store = open(folder.path());
    let found = store.patterns().matches("add login", 0.7, 1, i64::MAX);
    let counters = found[0].pattern.counters;
    assert_eq!((counters.successes, counters.failures), (3, 1));
    assert_eq!((counters.avg_duration_ms(), counters.avg_tokens_saved()), (500, -20));
    store.wait_until_loaded();
    assert_eq!(store.outcomes().len(), 1);
    assert_eq!(store.history(9).unwrap()[0].task_id, "t");
    assert_eq!(store.frequent_queries(9).unwrap()[0].capability.as_deref(), Some("react"));
    assert!(store.close(PATIENCE));
    assert_eq!(dump(folder.path(), "PRAGMA user_version"), [format!("Integer({SCHEMA_VERSION})")]);
}

#[test]
fn what_was_acknowledged_is_there_after_a_restart() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let first =
        wait(store.record_decision(decision("t1", "add login to the api", Outcome::Success))).unwrap();
    assert!(!first.is_superseded && first.founded && first.replaced.is_none());
    let again =
        wait(store.record_decision(decision("t1", "add login to the api", Outcome::Partial))).unwrap();
    assert!(again.replaced.is_some() && !again.founded);
    let learned = again.pattern.unwrap();
    assert_eq!(
        (learned.counters.successes, learned.counters.partials, learned.counters.duration_sum_ms),
        (0, 1, 1_000)
    );
    wait(store.record_decision(decision("t2", "add login to the API", Outcome::Failure))).unwrap();
    let stored = wait(store.add_pattern(pattern("ship it", &["x", "y"]))).unwrap();
    let before = format!("{:?}", store.patterns().patterns().collect::<Vec<_>>());
    assert!(store.close(PATIENCE));
    drop(store);

    let store = open(folder.path());
    assert_eq!(format!("{:?}", store.patterns().patterns().collect::<Vec<_>>()), before);
    assert!(store.patterns().get(&stored.id).is_some());
    assert_eq!(store.status().notes, Vec::<String>::new());
    let history = store.history(10).unwrap();
    assert_eq!(history.iter().map(|entry| entry.task_id.as_str()).collect::<Vec<_>>(), ["t2", "t1"]);
    assert_eq!(history[1].pattern_id.as_deref(), Some(learned.id.as_str()));
    store.wait_until_loaded();
    let evidence = store.outcomes().for_task("add login to the api", i64::MAX);
    assert_eq!(evidence.agent("architect").map(|known| known.tasks), Some(2));
}

#[test]
fn a_pattern_is_kept_once_and_takes_over_a_stated_plan() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let first = wait(store.add_pattern(pattern("Ship  it", &["x", "y"]))).unwrap();
    assert!(first.created);
    let mut stated = pattern("ship it", &["x", "y"]);
    stated.dependencies = BTreeMap::from([("y".to_owned(), Vec::new())]);
    let second = wait(store.add_pattern(stated)).unwrap();
    assert_eq!((second.id.as_str(), second.created), (first.id.as_str(), false));
    wait(store.add_pattern(pattern("ship it", &["x", "y"]))).unwrap();
    let known = store.patterns().get(&first.id).unwrap().plan.clone();
    assert_eq!(known.parallel_groups(), [["x", "y"]]);
    assert!(wait(store.add_pattern(pattern("ship it", &["y", "x"]))).unwrap().created);

    let refused = wait(store.add_pattern(pattern(" ", &[]))).unwrap_err();
    let StoreError::Invalid(problems) = refused else { panic!("{refused}") };
    assert_eq!(problems.len(), 2);
    let unknown = domain::patterns::Decision {
        pattern_id: Some("nowhere".to_owned()),
        ..decision("t", "ship it", Outcome::Success)
    };
    assert_eq!(
        wait(store.record_decision(unknown)).unwrap_err(),
        StoreError::UnknownPattern("nowhere".to_owned())
    );
    assert!(store.history(9).unwrap().is_empty());
}

#[test]
fn queries_are_logged_and_the_frequent_ones_known() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    for (capability, times) in [("rust", 3), ("react", 5), ("go", 1)] {
        for _ in 0..times {
            store.log_query(QueryRecord {
                method: "queryAgents".to_owned(),
                capability: Some(capability.to_owned()),
                limit: Some(5),
                returned: vec!["p:a".to_owned()].into(),
                ..QueryRecord::default()
            });
        }
    }
    assert!(store.close(PATIENCE));
    let store = open(folder.path());
    let frequent = store.frequent_queries(2).unwrap();
    let names: Vec<_> =
        frequent.iter().map(|query| (query.capability.as_deref().unwrap(), query.count)).collect();
    assert_eq!(names, [("react", 5), ("rust", 3)]);
    assert_eq!(
        dump(folder.path(), "SELECT agents_returned FROM agent_queries LIMIT 1"),
        ["Text([91, 34, 112, 58, 97, 34, 93])"]
    );
}

#[test]
fn a_closed_store_is_clean_and_stays_closed() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, 3);
    assert!(store.close(PATIENCE) && store.close(PATIENCE));
    assert_eq!(
        wait(store.record_decision(decision("t", "g", Outcome::Success))).unwrap_err(),
        StoreError::Closed
    );
    assert!(!folder.path().join("mcp.db-wal").exists());
    assert_eq!(std::fs::read_to_string(folder.path().join("mcp.lock")).unwrap(), "");
    assert_eq!(store.patterns().len(), 3, "what was known is still readable");
}

#[test]
fn a_directory_has_one_owner() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    let error = Store::open(StoreOptions::new(folder.path())).unwrap_err();
    let StoreError::Locked { pid, .. } = error else { panic!("{error}") };
    assert_eq!(pid, Some(std::process::id()));
    assert!(matches!(
        Store::restore(&StoreOptions::new(folder.path()), None),
        Err(StoreError::Locked { .. })
    ));
    drop(store);
    open(folder.path());
}

#[test]
fn backups_are_made_while_writing_and_can_be_restored() {
    let folder = tempdir().unwrap();
    let options = StoreOptions::new(folder.path());
    let store = open(folder.path());
    fill(&store, 3);
    let backup = store.backup().unwrap();
    assert!(store.backup_if_older(Duration::from_hours(1)).unwrap().is_none());
    wait(store.record_decision(decision("later", "something else entirely", Outcome::Success))).unwrap();
    assert!(store.close(PATIENCE));
    drop(store);

    let restored = Store::restore(&options, None).unwrap();
    assert_eq!(restored.backup.path, backup.path);
    assert!(restored.replaced.is_some_and(|path| path.exists()), "what it replaced is kept");
    let store = open(folder.path());
    assert_eq!((store.patterns().len(), store.history(9).unwrap().len()), (3, 3));
    for _ in 0..BACKUPS_KEPT + 2 {
        store.backup().unwrap();
    }
    let backups = Store::backups(&options);
    assert_eq!(backups.len(), BACKUPS_KEPT);
    assert!(backups.windows(2).all(|pair| pair[0].at_ms > pair[1].at_ms));
    assert!(!backups.iter().any(|kept| kept.path == backup.path), "the oldest went first");
    let aside = std::fs::read_dir(folder.path()).unwrap().filter(|entry| {
        entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("mcp.db.replaced-")
    });
    assert_eq!(aside.count(), 1, "what a backup replaced is still there");
}

#[test]
fn patterns_travel_as_json_lines() {
    let (here, there) = (tempdir().unwrap(), tempdir().unwrap());
    let store = open(here.path());
    fill(&store, 3);
    let mut lines = Vec::new();
    assert_eq!(store.export_patterns(&mut lines).unwrap(), 3);
    let mut lines = String::from_utf8(lines).unwrap();
    lines.push_str("\n{\"goal\":\"g\",\"agent_sequence\":[]}\nnot json\n");
    // Counts that nobody can have made would outrank everything for good.
    lines.push_str("{\"goal\":\"g\",\"agent_sequence\":[\"a:b\"],\"success_count\":4294967295}\n");

    let other = open(there.path());
    let report = wait(other.import_patterns(&lines, 1)).unwrap();
    assert_eq!((report.created, report.known, report.refused_count), (3, 0, 3), "{:?}", report.refused);
    assert!(report.refused[0].starts_with("line 5: agent_sequence is empty"), "{:?}", report.refused);
    let report = wait(other.import_patterns(&lines, 1)).unwrap();
    assert_eq!((report.created, report.known), (0, 3));
    let found = other.patterns().matches("goal1 topic1", 0.7, 1, i64::MAX);
    assert_eq!((found[0].task_count, found[0].pattern.counters.avg_duration_ms()), (1, 1_000));
}

#[test]
fn a_backup_is_named_by_path_file_or_day() {
    let folder = tempdir().unwrap();
    let options = StoreOptions::new(folder.path());
    let store = open(folder.path());
    fill(&store, 1);
    let first = store.backup().unwrap();
    fill(&store, 2);
    let second = store.backup().unwrap();
    assert!(store.close(PATIENCE));
    drop(store);
    let name = first.path.file_name().unwrap();
    let day = adjutant_store::rfc3339(second.at_ms)[..10].to_owned();
    for (wanted, expected) in
        [(first.path.as_path(), 1), (Path::new(name), 1), (Path::new(&day), 2), (second.path.as_path(), 2)]
    {
        Store::restore(&options, Some(&NamedFile::new(folder.path(), wanted))).unwrap();
        assert_eq!(open(folder.path()).patterns().len(), expected, "{}", wanted.display());
    }
    for wanted in ["nowhere.db", "1999-01-01", "."] {
        let named = NamedFile::new(folder.path(), Path::new(wanted));
        let error = Store::restore(&options, Some(&named)).unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{wanted}: {error}");
    }
    assert_eq!(open(folder.path()).patterns().len(), 2, "what cannot be restored changes nothing");
}

#[test]
fn backups_with_dates_to_come_crowd_nobody_out() {
    let folder = tempdir().unwrap();
    let options = StoreOptions::new(folder.path());
    let store = open(folder.path());
    fill(&store, 1);
    let made = store.backup().unwrap();
    for year in 2100..2100 + BACKUPS_KEPT {
        let ahead = made.path.with_file_name(format!("mcp-{year}0101T000000.000Z.db"));
        std::fs::copy(&made.path, ahead).unwrap();
    }
    std::fs::remove_file(&made.path).unwrap();
    let new = store.backup_if_older(Duration::from_hours(24)).unwrap().unwrap();
    let kept = Store::backups(&options);
    assert!(kept.contains(&new) && kept.len() == BACKUPS_KEPT, "{kept:?}");
    assert!(store.backup_if_older(Duration::from_hours(24)).unwrap().is_none());
}

#[test]
fn several_backups_of_a_day_leave_those_of_other_days() {
    let folder = tempdir().unwrap();
    let options = StoreOptions::new(folder.path());
    let store = open(folder.path());
    fill(&store, 1);
    let made = store.backup().unwrap();
    let earlier: Vec<_> = (1..=3)
        .map(|day| {
            let path = made.path.with_file_name(format!("mcp-2026010{day}T080000.000Z.db"));
            std::fs::copy(&made.path, &path).unwrap();
            path
        })
        .collect();
    for _ in 0..BACKUPS_KEPT + 3 {
        store.backup().unwrap();
    }
    let kept = Store::backups(&options);
    assert_eq!(kept.len(), BACKUPS_KEPT);
    for path in earlier {
        assert!(kept.iter().any(|backup| backup.path == path), "{} went", path.display());
    }
}

#[test]
fn a_reader_needs_no_lock_and_takes_none() {
    let folder = tempdir().unwrap();
    let options = StoreOptions::new(folder.path());
    assert!(StoreReader::open(&options).unwrap().is_none());
    let store = open(folder.path());
    fill(&store, 3);
    let reader = StoreReader::open(&options).unwrap().unwrap();
    assert_eq!((reader.history(2).unwrap().len(), reader.patterns().unwrap().len()), (2, 3));
    fill(&store, 4);
    assert_eq!(reader.patterns().unwrap().len(), 4);
    assert!(store.close(PATIENCE));
}

#[test]
fn followers_hear_of_every_publication_once_it_can_be_read() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    store.wait_until_loaded();
    let mut publications = store.publications();
    assert!(!publications.has_changed().unwrap());
    wait(store.record_decision(decision("t1", "add login", Outcome::Success))).unwrap();
    assert!(publications.has_changed().unwrap());
    assert_eq!(*publications.borrow_and_update(), store.version());
    assert_eq!(store.outcomes().len(), 1);
}

#[test]
fn a_reader_of_another_process_does_not_keep_the_stop_from_being_clean() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, 1);
    let other = Connection::open(folder.path().join("mcp.db")).unwrap();
    other.execute_batch("BEGIN").unwrap();
    let count = |connection: &Connection| {
        connection.query_row("SELECT count(*) FROM decision_history", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(count(&other), 1);
    fill(&store, 3);
    // Its snapshot keeps the write-ahead log from being emptied; waiting for it must not use up the time.
    assert!(store.close(Duration::from_millis(400)));
    assert_eq!(std::fs::read(folder.path().join("mcp.lock")).unwrap(), b"", "the next start checks in full");
    assert_eq!(count(&other), 1);
    drop((store, other));
    assert_eq!(open(folder.path()).history(9).unwrap().len(), 3);
}

#[test]
fn closing_comes_first_and_ends_what_others_are_doing() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, 5);
    std::thread::scope(|scope| {
        let all_began = Arc::new(Barrier::new(5));
        let endlessly = |work: fn(&Store) -> Result<(), StoreError>| {
            let (store, all_began) = (&store, all_began.clone());
            scope.spawn(move || {
                work(store).unwrap();
                all_began.wait();
                loop {
                    match work(store) {
                        Ok(()) => {}
                        Err(error) => break error,
                    }
                }
            })
        };
        let backup = endlessly(|store| store.backup().map(drop));
        let others = [
            endlessly(|store| store.history(9).map(drop)),
            endlessly(|store| store.frequent_queries(9).map(drop)),
            endlessly(|store| wait(store.record_decision(decision("t", "g", Outcome::Success))).map(drop)),
        ];
        all_began.wait();
        assert!(store.close(PATIENCE));
        assert!(store.close(Duration::ZERO), "it was clean, and stays so");
        // Interrupted in the middle, or refused before.
        assert!(matches!(backup.join().unwrap(), StoreError::Unavailable(_) | StoreError::Closed));
        for other in others {
            let error = other.join().unwrap();
            assert!(matches!(error, StoreError::Unavailable(_) | StoreError::Closed), "{error}");
        }
    });
    assert_eq!(std::fs::read(folder.path().join("mcp.lock")).unwrap(), b"");
    let left = std::fs::read_dir(folder.path().join("backups")).unwrap();
    assert!(left.flatten().all(|file| file.file_name().to_string_lossy().ends_with(".db")));
}
