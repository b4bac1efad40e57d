//! An older decision never replaces its correction, whichever way and whenever it arrives.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeMap;

use crate::support::{Project, Service};
use axum::http::StatusCode;
use client::outbox::{MAX_FILES, Outbox};
use domain::patterns::{Decision, Outcome};
use protocol::ErrorCode;
use serde_json::{Value, json};
use store::{Store, StoreOptions};

fn renaming(result: &str) -> Value {
    json!({ "task_id": "t7", "task_description": "rename the columns", "agents_used": ["web:css-artist"],
            "result": result })
}

fn results(service: &Service) -> Vec<String> {
    service.project.store().history(9).unwrap().into_iter().map(|decision| decision.result).collect()
}

/// Drains the outbox until nothing is queued or claimed. The drain of the start may be at it as well, so that what one drain
/// returns tells only its own share.
pub(crate) async fn drain_whole(service: &Service) {
    let outbox = Outbox::new(service.project.config().paths.outbox_dir.clone());
    while !outbox.is_empty() {
        service.project.drain_outbox().await;
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_correction_outlives_a_queued_decision_that_somebody_else_was_sending() {
    let project = Project::sample();
    let service = Service::over(&project);
    let outbox = Outbox::new(service.project.config().paths.outbox_dir.clone());
    outbox.put(&renaming("success")).unwrap();
    // Another client holds the claim, so that the drain before the correction passes it by.
    let claimed = outbox.claim_oldest().unwrap();
    let corrected = service.result("cacheDecision", renaming("failure")).await;
    assert_eq!(corrected["stored"], true, "{corrected}");

    let late = service.result("cacheDecision", claimed.read().unwrap()).await;
    assert_eq!(late["stored"], false, "{late}");
    assert_eq!(late["pattern"], corrected["pattern"], "{late}");
    assert!(late["warnings"][0].as_str().unwrap().contains("made later"), "{late}");
    assert_eq!(results(&service), ["failure"]);
    // Given back it is drained, and done with.
    claimed.release();
    drain_whole(&service).await;
    assert_eq!(outbox.status().refused, 0);
    assert_eq!(results(&service), ["failure"]);
    // The service itself is no client.
    assert_eq!(service.project.metrics().calls_by_method(), [("cacheDecision", 2)]);
}

#[tokio::test]
async fn what_is_drained_at_the_start_does_not_undo_what_was_stored_before() {
    let project = Project::sample();
    let data = tempfile::tempdir().unwrap();
    let config = project.config(data.path());
    let outbox = Outbox::new(config.paths.outbox_dir.clone());
    outbox.put(&renaming("success")).unwrap();
    let claimed = outbox.claim_oldest().unwrap();
    {
        let store = Store::open(StoreOptions::new(data.path())).unwrap();
        let correction = Decision {
            task_id: "t7".to_owned(),
            task_description: "rename the columns".to_owned(),
            agents_used: vec!["web:css-artist".to_owned()],
            result: Outcome::Failure,
            duration_ms: None,
            tokens_saved: None,
            pattern_id: None,
            dependencies: BTreeMap::new(),
            parallel_groups: Vec::new(),
            decided_at_ms: None,
        };
        store.record_decision(correction).await.unwrap();
    }
    // Whoever held the claim went away.
    claimed.release();
    let service = Service::with_config(config, data);
    drain_whole(&service).await;
    assert_eq!(results(&service), ["failure"]);
}

#[tokio::test]
async fn when_a_decision_was_made_is_a_param_within_limits() {
    let service = Service::over(&Project::sample());
    let at = |at: Value| {
        let mut params = renaming("partial");
        params["decided_at_ms"] = at;
        params
    };
    for wrong in [json!(-1), json!("yesterday"), json!(10_000_000_000_000_i64)] {
        let refused = service.call("cacheDecision", at(wrong)).await;
        assert_eq!(refused.code(), -32602, "{}", refused.text);
        assert!(refused.sentences()[0].starts_with("decided_at_ms must be"), "{}", refused.text);
    }
    for right in [json!(null), json!(0), json!(1_763_700_000_000_i64)] {
        let answered = service.call("cacheDecision", at(right)).await;
        assert_eq!(answered.status, StatusCode::OK, "{}", answered.text);
    }
}

#[tokio::test]
async fn a_decision_that_a_full_outbox_cannot_take_may_come_again() {
    let project = Project::sample();
    let service = Service::over(&project);
    let outbox = service.project.config().paths.outbox_dir.path();
    std::fs::create_dir_all(&outbox).unwrap();
    for number in 0..MAX_FILES {
        std::fs::File::create(outbox.join(number.to_string())).unwrap();
    }
    let refused = adjutant::app::Project::queue_decision(service.project.config(), &renaming("success"), 1)
        .unwrap_err();
    let data = refused.to_object("c-1").data.unwrap();
    assert_eq!((refused.code(), data.reason.as_deref()), (ErrorCode::Unavailable, Some("overloaded")));
    assert!(data.retry_after_ms.is_some());
}
