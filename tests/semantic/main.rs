//! The optional embedding model, over every transport, with a model of a few hundred numbers.

#![cfg(feature = "semantic")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod commands;
mod folders;
mod model;
#[expect(dead_code, reason = "each test binary uses a part of it")]
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use confined_fs::NamedDir;
use model::Tiny;
use serde_json::{Value, json};
use support::{Project, Service};

/// The time anything may take on a busy machine.
const DEADLINE: Duration = Duration::from_mins(1);

/// A service over `project` with a model, or what is to be taken for one, in `model`.
fn service_with(project: &Project, model: &Path) -> Service {
    let data = tempfile::tempdir().unwrap();
    let mut config = project.config(data.path());
    config.paths.model_dir = NamedDir::Elsewhere(model.to_owned());
    config.paths.model_given = true;
    Service::with_config(config, data)
}

/// Waits until `/health` says what is wanted of the model.
async fn wait_for(service: &Service, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let health = service.get("/health").await.json();
        if wanted(&health) {
            return health;
        }
        assert!(began.elapsed() < DEADLINE, "waited in vain for {what}: {health}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn ready(service: &Service) -> Value {
    wait_for(service, "a ready model", |health| {
        health["semantic"]["state"] == "ready" && health["ranking"] == "latent"
    })
    .await
}

/// Asks until the model takes part: on a busy machine it may be beyond its budget.
async fn judged(service: &Service, method: &str, params: Value) -> Value {
    let began = Instant::now();
    loop {
        let answer = service.call(method, params.clone()).await.json();
        let reasoning = answer["result"]["reasoning"].as_str();
        if reasoning.is_some_and(|reasoning| !reasoning.contains("without the embedding model")) {
            return answer["result"].clone();
        }
        assert!(began.elapsed() < DEADLINE, "the model never took part: {answer}");
    }
}

#[tokio::test]
async fn requests_in_other_words_are_understood() {
    let (project, folder) = (Project::sample(), tempfile::tempdir().unwrap());
    let service = service_with(&project, &Tiny::default().write(folder.path()));
    let health = ready(&service).await;
    assert_eq!(health["status"], "healthy", "{health}");
    assert_eq!(health["semantic"]["model"], "tiny");
    assert_eq!(health["semantic"]["embedded"], health["semantic"]["total"]);
    let cases = [
        ("herding cattle", "ops:kubernetes-architect"),
        ("pushing pixels", "web:react-specialist"),
        ("fire brigade", "ops:incident-responder"),
    ];
    for (context, wanted) in cases {
        let params = json!({ "context": context });
        let answer = judged(&service, "queryAgents", params.clone()).await;
        assert_eq!(answer["agents"][0]["id"], wanted, "{context}: {answer}");
        let explained = judged(&service, "explain", params).await;
        let hit = &explained["hits"][0];
        assert!(hit["semantic"].as_f64().unwrap() > 0.1, "{explained}");
    }
    // Asked again, the answer is a kept one.
    assert_eq!(service.result("queryAgents", json!({ "context": "fire brigade" })).await["cache_hit"], true);
}

#[tokio::test]
async fn a_task_done_well_speaks_for_its_agents() {
    let (project, folder) = (Project::sample(), tempfile::tempdir().unwrap());
    let service = service_with(&project, &Tiny::default().write(folder.path()));
    let total = ready(&service).await["semantic"]["total"].as_u64().unwrap();
    let decision = json!({ "task_id": "1", "task_description": "a test on guinea pigs", "result": "success",
        "agents_used": ["web:css-artist"] });
    service.result("cacheDecision", decision).await;
    let failed = json!({ "task_id": "2", "task_description": "herding cattle", "result": "failure",
        "agents_used": ["web:css-artist"] });
    service.result("cacheDecision", failed).await;
    service.project.reindex().await.unwrap();
    wait_for(&service, "the task to be read", |health| {
        health["semantic"]["state"] == "ready" && health["semantic"]["total"] == total + 1
    })
    .await;
    let explained = judged(&service, "explain", json!({ "context": "pigs", "limit": 20 })).await;
    let hits = explained["hits"].as_array().unwrap();
    let semantic =
        |id: &str| hits.iter().find(|hit| hit["id"] == id).map(|hit| hit["semantic"].as_f64().unwrap());
    assert!(semantic("web:css-artist").unwrap() > 0.1, "{explained}");
}

#[tokio::test]
async fn odd_requests_are_answered() {
    let (project, folder) = (Project::sample(), tempfile::tempdir().unwrap());
    let service = service_with(&project, &Tiny::default().write(folder.path()));
    ready(&service).await;
    for context in
        ["🎉".repeat(500), "🎉 ".repeat(250), "helm ".repeat(100), "\u{200b}".into(), "日本語".repeat(100)]
    {
        let answered = service.call("queryAgents", json!({ "context": context })).await;
        assert!([200, 404, 400].contains(&answered.status.as_u16()), "{context}: {}", answered.text);
    }
}

#[tokio::test]
async fn a_burst_is_answered_with_or_without_the_model() {
    let (project, folder) = (Project::sample(), tempfile::tempdir().unwrap());
    let service = Arc::new(service_with(&project, &Tiny::default().write(folder.path())));
    ready(&service).await;
    let asked = (0..200).map(|at| {
        let service = Arc::clone(&service);
        async move { service.result("queryAgents", json!({ "context": format!("helm charts {at}") })).await }
    });
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer["agents"][0]["id"], "ops:kubernetes-architect", "{answer}");
    }
}
