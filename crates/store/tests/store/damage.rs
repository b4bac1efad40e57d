//! Files that are not what they were.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use adjutant_store::{Store, StoreError, StoreOptions};
use domain::patterns::Outcome;
use rusqlite::Connection;
use tempfile::tempdir;

use super::{decision, dump, fill, open, wait};

const PATIENCE: Duration = Duration::from_secs(20);

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

fn damage(kind: &str, database: &Path) {
    match kind {
        "header" => overwrite(database, 0, &[0x55; 100]),
        "page" => overwrite(database, 4096, &[0xff; 300]),
        "truncated" => OpenOptions::new().write(true).open(database).unwrap().set_len(9_000).unwrap(),
        "empty" => fs::write(database, "").unwrap(),
        "no database" => fs::write(database, "hello\n".repeat(5_000)).unwrap(),
        other => panic!("{other}"),
    }
}

fn named(folder: &Path, start: &str) -> usize {
    let entries = fs::read_dir(folder).unwrap();
    entries.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(start)).count()
}

#[test]
fn a_damaged_database_is_moved_aside_and_the_newest_good_backup_restored() {
    for kind in ["header", "page", "truncated", "empty", "no database"] {
        // How many of the backups are damaged as well, and how many patterns are found then.
        for (damaged, expected) in [(0, 3), (1, 2), (2, 0)] {
            let folder = tempdir().unwrap();
            let store = open(folder.path());
            fill(&store, 2);
            store.backup().unwrap();
            fill(&store, 3);
            store.backup().unwrap();
            fill(&store, 4);
            assert!(store.close(PATIENCE));
            drop(store);

            damage(kind, &folder.path().join("mcp.db"));
            for backup in Store::backups(&StoreOptions::new(folder.path())).iter().take(damaged) {
                damage(kind, &backup.path);
            }
            let store = open(folder.path());
            assert_eq!(store.patterns().len(), expected, "{kind}, {damaged} damaged backups");
            let status = store.status();
            assert_eq!((status.notes.len(), status.degraded), (1, None), "{kind}");
            assert!(status.notes[0].contains("mcp.db.corrupt-"), "{:?}", status.notes);
            assert_eq!(named(folder.path(), "mcp.db.corrupt-"), 1, "nothing is deleted");
            wait(store.record_decision(decision("new", "brand new thing", Outcome::Success))).unwrap();
            assert!(store.close(PATIENCE));
            drop(store);
            let store = open(folder.path());
            assert_eq!((store.patterns().len(), store.status().notes.len()), (expected + 1, 0), "{kind}");
        }
    }
}

#[test]
fn a_log_of_garbage_is_kept_aside_and_the_rest_is_there() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, 3);
    assert!(store.close(PATIENCE));
    drop(store);
    fs::write(folder.path().join("mcp.db-wal"), [0xab; 10_000]).unwrap();
    let store = open(folder.path());
    assert_eq!(store.patterns().len(), 3);
    assert!(store.status().notes[0].contains("write-ahead log"), "{:?}", store.status().notes);
    assert_eq!(named(folder.path(), "mcp.db-wal.corrupt-"), 1);
}

#[test]
fn a_row_of_nonsense_does_not_take_the_others_with_it() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, 3);
    assert!(store.close(PATIENCE));
    drop(store);
    let connection = Connection::open(folder.path().join("mcp.db")).unwrap();
    connection
        .execute_batch(
            "UPDATE orchestration_patterns SET agent_sequence = 'oops' WHERE rowid = 1;
             UPDATE orchestration_patterns SET faded_at_ms = 'oops' WHERE rowid = 2;
             UPDATE decision_history SET result = x'00', timestamp = NULL, agents_used = 7",
        )
        .unwrap();
    connection.close().unwrap();
    let store = open(folder.path());
    assert_eq!(store.patterns().len(), 1);
    assert!(
        store.status().notes[0].starts_with("2 patterns hold no valid plan"),
        "{:?}",
        store.status().notes
    );
    wait(store.record_decision(decision("task-0", "goal0 topic0", Outcome::Success))).unwrap();
}

#[test]
fn a_newer_schema_is_served_but_not_touched() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, 3);
    assert!(store.close(PATIENCE));
    drop(store);
    let database = folder.path().join("mcp.db");
    let connection = Connection::open(&database).unwrap();
    connection
        .execute_batch("ALTER TABLE decision_history ADD COLUMN mood TEXT; PRAGMA user_version = 9999")
        .unwrap();
    connection.close().unwrap();
    let before = fs::read(&database).unwrap();

    let store = open(folder.path());
    assert_eq!(store.patterns().len(), 3);
    let status = store.status();
    assert!(status.read_only && status.connected);
    assert!(status.degraded.unwrap().contains("schema 9999"));
    let refused = wait(store.record_decision(decision("t", "g", Outcome::Success))).unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly(_)));
    assert_eq!(store.history(9).unwrap().len(), 3);
    assert!(store.close(PATIENCE));
    assert!(fs::read(&database).unwrap() == before);
}

#[test]
fn where_there_can_be_no_directory_there_is_still_a_store() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let store = open(&file.join("data"));
    assert!(store.status().read_only && !store.status().connected);
    assert!(store.patterns().is_empty() && store.frequent_queries(9).unwrap().is_empty());
    assert!(matches!(
        wait(store.record_decision(decision("t", "g", Outcome::Success))),
        Err(StoreError::ReadOnly(_))
    ));
    assert!(store.backup().is_err());
    assert!(store.close(PATIENCE));
}

#[test]
fn what_a_killed_backup_left_is_swept_away() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("backups")).unwrap();
    fs::write(folder.path().join("backups/20250101T000000.000Z.unfinished"), "half").unwrap();
    let store = open(folder.path());
    assert_eq!(named(&folder.path().join("backups"), ""), 0);
    assert!(Store::backups(&StoreOptions::new(folder.path())).is_empty());
    drop(store);
}

#[test]
fn a_database_taken_away_while_in_use_is_put_back_whole() {
    for kind in ["file", "file and log", "folder", "another in its place"] {
        let (folder, outside) = (tempdir().unwrap(), tempdir().unwrap());
        let data = folder.path().join("data");
        let store = open(&data);
        fill(&store, 3);
        match kind {
            "file" => fs::remove_file(data.join("mcp.db")).unwrap(),
            "file and log" => {
                for name in ["mcp.db", "mcp.db-wal", "mcp.db-shm"] {
                    fs::remove_file(data.join(name)).unwrap();
                }
            }
            "folder" => fs::rename(&data, outside.path().join("data")).unwrap(),
            _ => {
                fs::write(data.join("new"), "not a database").unwrap();
                fs::rename(data.join("new"), data.join("mcp.db")).unwrap();
            }
        }
        assert_eq!(store.patterns().len(), 3, "{kind}");
        let status = store.status();
        assert_eq!(status.degraded.is_some(), kind != "another in its place", "{kind}: {status:?}");
        wait(store.record_decision(decision("new", "brand new thing", Outcome::Success))).unwrap();
        let status = store.status();
        assert_eq!((status.degraded, status.notes.len()), (None, 1), "{kind}");
        assert!(status.notes[0].contains("taken away"), "{kind}: {:?}", status.notes);
        let kept = status.notes[0].rsplit(' ').next().map(Path::new).filter(|path| path.exists());
        assert_eq!(kept.is_some_and(|path| path != data.join("mcp.db")), kind == "another in its place");
        assert_eq!(named(&data, "mcp.db.replaced-") > 0, kind == "another in its place", "{kind}");
        assert!(matches!(Store::open(StoreOptions::new(&data)), Err(StoreError::Locked { .. })), "{kind}");
        assert!(store.close(PATIENCE), "{kind}");
        drop(store);
        let store = open(&data);
        assert_eq!((store.patterns().len(), store.history(9).unwrap().len()), (4, 4), "{kind}");
        assert!(store.status().notes.is_empty(), "{kind}");
    }
}

#[test]
fn a_database_taken_away_just_before_the_end_is_put_back() {
    let folder = tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, 3);
    fs::remove_file(folder.path().join("mcp.db")).unwrap();
    assert!(store.close(PATIENCE));
    drop(store);
    assert_eq!(open(folder.path()).patterns().len(), 3);
}

#[test]
fn a_database_overwritten_while_in_use_is_replaced_and_given_what_is_in_memory() {
    for content in ["hello\n".repeat(20_000), String::new()] {
        let folder = tempdir().unwrap();
        let mut options = StoreOptions::new(folder.path());
        options.check_every = Duration::from_millis(5);
        let store = Store::open(options.clone()).unwrap();
        fill(&store, 2);
        store.backup().unwrap();
        fill(&store, 4);
        // Closed once, so that the log does not hold all there is.
        assert!(store.close(PATIENCE));
        drop(store);
        let store = Store::open(options).unwrap();
        store.wait_until_loaded();
        // In place, as a copy over it would: the file stays the same file.
        fs::write(folder.path().join("mcp.db"), content).unwrap();
        while store.status().notes.is_empty() {
            std::thread::yield_now();
        }
        assert!(store.status().notes[0].contains("written back"), "{:?}", store.status().notes);
        wait(store.record_decision(decision("new", "brand new thing", Outcome::Success))).unwrap();
        assert_eq!((store.patterns().len(), store.status().degraded), (5, None));
        assert!(store.close(PATIENCE));
        drop(store);
        let store = open(folder.path());
        assert_eq!((store.patterns().len(), store.history(9).unwrap().len()), (5, 5));
        assert_eq!(named(folder.path(), "mcp.db.corrupt-"), 1);
    }
}

#[test]
fn a_deleted_database_is_restored_once_the_status_shows_that_it_is_missing() {
    let folder = tempdir().unwrap();
    let mut options = StoreOptions::new(folder.path());
    options.check_every = Duration::from_hours(1);
    let store = Store::open(options).unwrap();
    fill(&store, 3);
    for part in ["mcp.db", "mcp.db-wal", "mcp.db-shm"] {
        fs::remove_file(folder.path().join(part)).unwrap();
    }
    let missing = store.status();
    assert!(missing.degraded.is_some_and(|why| why.contains("gone")));
    while store.status().notes.is_empty() {
        std::thread::yield_now();
    }
    let restored = store.status();
    assert!(restored.notes[0].contains("taken away") && restored.degraded.is_none(), "{restored:?}");
    assert_eq!(dump(folder.path(), "SELECT count(*) FROM decision_history"), ["Integer(3)"]);
}
