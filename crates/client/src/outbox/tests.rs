//! The queue as several clients use it.

use serde_json::json;

use super::*;

fn outbox() -> (tempfile::TempDir, Outbox) {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::new(folder.path().join("deep/outbox"));
    (folder, outbox)
}

fn files(outbox: &Outbox) -> Vec<String> {
    let entries = std::fs::read_dir(outbox.folder()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Replays with fixed verdicts; the task ids that were sent.
async fn replay(outbox: &Outbox, verdict: impl Fn(&str) -> Verdict) -> (Replayed, Vec<String>) {
    let mut sent = Vec::new();
    let replayed = outbox
        .replay(|params| {
            let id = params["task_id"].as_str().unwrap_or_default().to_owned();
            sent.push(id.clone());
            std::future::ready(verdict(&id))
        })
        .await;
    (replayed, sent)
}

#[tokio::test]
async fn what_waits_is_sent_oldest_first_and_once() {
    let (_folder, outbox) = outbox();
    assert!(outbox.is_empty());
    for id in ["a", "b", "c"] {
        outbox.put(&json!({ "task_id": id })).unwrap();
    }
    assert_eq!(outbox.status().decisions, 3);
    let (replayed, sent) = replay(&outbox, |_| Verdict::Acknowledged).await;
    assert_eq!((replayed.stored, sent), (3, vec!["a".into(), "b".into(), "c".into()]));
    assert!(files(&outbox).is_empty());
}

#[tokio::test]
async fn an_interrupted_replay_keeps_the_rest_in_place() {
    let (_folder, outbox) = outbox();
    for id in ["a", "b", "c"] {
        outbox.put(&json!({ "task_id": id })).unwrap();
    }
    let before = files(&outbox);
    let away_at_b = |id: &str| if id == "a" { Verdict::Acknowledged } else { Verdict::Unreachable };
    let (replayed, sent) = replay(&outbox, away_at_b).await;
    assert!(replayed.is_interrupted);
    assert_eq!(sent, ["a", "b"]);
    assert_eq!(files(&outbox), before[1..]);
}

#[tokio::test]
async fn what_is_refused_is_kept_and_in_nobodys_way() {
    let (_folder, outbox) = outbox();
    outbox.put(&json!({ "task_id": "bad" })).unwrap();
    outbox.put(&json!({ "task_id": "good" })).unwrap();
    std::fs::write(outbox.folder().join("0000000000001-00000000.json"), "no json").unwrap();
    std::fs::create_dir(outbox.folder().join("0000000000002-00000000.json")).unwrap();
    let wrong = |id: &str| {
        if id == "bad" { Verdict::Refused("wrong".into()) } else { Verdict::Acknowledged }
    };
    let (replayed, sent) = replay(&outbox, wrong).await;
    assert_eq!((replayed.stored, replayed.refused.len()), (1, 3));
    assert_eq!(sent, ["bad", "good"]);
    assert!(files(&outbox).iter().all(|file| file.ends_with(".json.refused")));
    assert_eq!((outbox.status().refused, outbox.is_empty()), (3, true));
}

#[tokio::test]
async fn a_claim_holds_a_minute() {
    let (_folder, outbox) = outbox();
    outbox.put(&json!({ "task_id": "a" })).unwrap();
    let claimed = outbox.claim_oldest().unwrap();
    assert!(outbox.claim_oldest().is_none(), "claimed twice");
    drop(claimed);
    assert!(outbox.claim_oldest().is_none(), "the claim holds on");
    let name = files(&outbox).remove(0);
    let (original, _) = name.rsplit_once(".claimed-").unwrap();
    let old = format!("{original}.claimed-1000000000000");
    std::fs::rename(outbox.folder().join(&name), outbox.folder().join(old)).unwrap();
    let (replayed, _) = replay(&outbox, |_| Verdict::Acknowledged).await;
    assert_eq!(replayed.stored, 1);
}

#[test]
fn a_queued_decision_says_when_it_was_made() {
    let (_folder, outbox) = outbox();
    let time = decision_time();
    outbox.put_decided(&json!({ "task_id": "a" }), time).unwrap();
    let content = std::fs::read_to_string(outbox.folder().join(&files(&outbox)[0])).unwrap();
    assert_eq!(content, r#"{"task_id":"a"}"#, "older services read the file as it is");
    let claimed = outbox.claim_oldest().unwrap();
    assert_eq!(claimed.read().unwrap(), json!({ "task_id": "a", "decided_at_ms": time }));
    claimed.acknowledge();
    // What the caller states is not replaced by the name.
    outbox.put(&json!({ "decided_at_ms": 7 })).unwrap();
    assert_eq!(outbox.claim_oldest().unwrap().read().unwrap(), json!({ "decided_at_ms": 7 }));
}

#[tokio::test]
async fn a_superseded_decision_is_done_with() {
    let (_folder, outbox) = outbox();
    outbox.put(&json!({ "task_id": "a" })).unwrap();
    let (replayed, _) = replay(&outbox, |_| Verdict::Superseded).await;
    assert_eq!((replayed.stored, replayed.superseded), (0, 1));
    assert!(files(&outbox).is_empty());
}

#[test]
fn many_that_claim_at_once_get_each_decision_once() {
    let (_folder, outbox) = outbox();
    for id in 0..100 {
        outbox.put(&json!({ "task_id": id.to_string() })).unwrap();
    }
    let mut all: Vec<String> = std::thread::scope(|scope| {
        let take = || {
            let mut mine = Vec::new();
            while let Some(claimed) = outbox.claim_oldest() {
                mine.push(claimed.read().unwrap()["task_id"].as_str().unwrap().to_owned());
                claimed.acknowledge();
            }
            mine
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    all.sort_by_key(|id| id.parse::<usize>().unwrap());
    // One that saw another's claims only may have stopped early, but nothing comes twice.
    let whole: Vec<String> = (0..100).map(|id| id.to_string()).collect();
    assert_eq!(all, whole);
}

#[test]
fn it_is_bounded() {
    let (_folder, outbox) = outbox();
    outbox.put(&json!({ "task_id": "a" })).unwrap();
    let large = json!({ "task_id": "b", "text": "x".repeat(usize::try_from(MAX_BYTES).unwrap()) });
    assert!(matches!(outbox.put(&large), Err(OutboxError::Full(1))));
    assert_eq!(files(&outbox).len(), 1);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("outbox"), "in its place").unwrap();
    let outbox = Outbox::new(folder.path().join("outbox"));
    assert!(matches!(outbox.put(&json!({})), Err(OutboxError::Failed { .. })));
    assert!(outbox.is_empty() && outbox.claim_oldest().is_none());
}
