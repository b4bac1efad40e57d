//! Decisions stay those of their task, and a pattern is recommended only where all of its agents exist.

use crate::corrections::drain_whole;
use crate::support::{Project, Service};
use client::outbox::Outbox;
use serde_json::{Value, json};

fn report(task: &str, description: &str, agents: &[&str], result: &str) -> Value {
    json!({ "task_id": task, "task_description": description, "agents_used": agents, "result": result })
}

#[tokio::test]
async fn a_task_id_names_one_task() {
    let service = Service::over(&Project::sample());
    let first = report("17", "Rotate the signing keys", &["ops:kubernetes-architect"], "success");
    let stored = service.result("cacheDecision", first).await;
    assert!(stored.get("replaced").is_none(), "{stored}");

    for other in ["add a login page", "rotate the signing keys of the API", "rotate signing keys"] {
        let answered =
            service.call("cacheDecision", report("17", other, &["qa:test-engineer"], "success")).await;
        assert_eq!((answered.status.as_u16(), answered.code()), (409, -32009), "{}", answered.text);
        let error = &answered.json()["error"];
        assert_eq!(error["data"]["state"], "Rotate the signing keys", "{error}");
        assert!(error["message"].as_str().unwrap().contains("another task_id"), "{error}");
    }
    let history = service.project.store().history(9).unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].result, "success");
    let patterns = service.result("queryPattern", json!({ "goal": "rotate the signing keys" })).await;
    assert_eq!(patterns["matches"][0]["pattern"]["success_count"], 1, "{patterns}");

    // The same task in another case and spacing: corrected, and the answer says what it was.
    let again = report("17", "rotate  the signing\nkeys ", &["qa:test-engineer"], "failure");
    let corrected = service.result("cacheDecision", again).await;
    assert_eq!(corrected["replaced"]["agents_used"], json!(["ops:kubernetes-architect"]), "{corrected}");
    assert_eq!(corrected["replaced"]["result"], "success", "{corrected}");
    assert!(corrected["replaced"]["decided_at"].as_str().unwrap().ends_with('Z'), "{corrected}");
}

#[tokio::test]
async fn a_queued_decision_under_the_id_of_another_task_is_set_aside() {
    let service = Service::over(&Project::sample());
    service.result("cacheDecision", report("1", "rotate keys", &["qa:test-engineer"], "success")).await;
    let outbox = Outbox::new(service.project.config().paths.outbox_dir.clone());
    outbox.put(&report("1", "paint the fence", &["qa:test-engineer"], "failure")).unwrap();
    drain_whole(&service).await;
    assert_eq!(outbox.status().refused, 1);
    let history = service.project.store().history(9).unwrap();
    assert_eq!((history.len(), history[0].result.as_str()), (1, "success"), "{history:?}");
}

#[tokio::test]
async fn a_pattern_with_missing_agents_is_marked_and_not_recommended() {
    let project = Project::sample();
    let service = Service::over(&project);
    let goal = "tidy the attic";
    let recommend = || service.call("getOrchestrationPattern", json!({ "goal": goal }));
    let known = "qa:test-engineer";
    for task in ["a", "b", "c"] {
        service.result("cacheDecision", report(task, goal, &[known, "attic:tidier"], "success")).await;
    }
    let withheld = recommend().await;
    assert_eq!((withheld.status.as_u16(), withheld.code()), (404, -32004), "{}", withheld.text);
    assert!(withheld.text.contains("attic:tidier") && !withheld.text.contains(known), "{}", withheld.text);
    let listed = service.result("queryPattern", json!({ "goal": goal })).await;
    assert_eq!(listed["matches"][0]["pattern"]["missing_agents"], json!(["attic:tidier"]), "{listed}");

    // One that can be followed comes first, whatever its record.
    service.result("cacheDecision", report("d", goal, &[known], "success")).await;
    service.result("cacheDecision", report("e", goal, &[known], "failure")).await;
    let recommended = recommend().await.json()["result"].clone();
    assert_eq!(recommended["pattern"]["agent_sequence"], json!([known]), "{recommended}");
    assert!(recommended["pattern"].get("missing_agents").is_none(), "{recommended}");
    let listed = service.result("queryPattern", json!({ "goal": goal })).await;
    assert_eq!(listed["matches"].as_array().unwrap().len(), 2, "{listed}");
    assert_eq!(listed["matches"][1]["pattern"]["missing_agents"], json!(["attic:tidier"]), "{listed}");

    // Once the agent exists, the pattern is whole again.
    project.agent("attic", "tidier", "Tidies attics.");
    service.project.reindex().await.unwrap();
    let recommended = recommend().await.json()["result"].clone();
    assert_eq!(recommended["pattern"]["agent_sequence"], json!([known, "attic:tidier"]), "{recommended}");
}

#[tokio::test]
async fn agents_that_the_client_brings_along_are_not_missing() {
    let service = Service::over(&Project::sample());
    let stored = service
        .result(
            "cacheDecision",
            report("1", "look around the code", &["general-purpose", "Explore"], "success"),
        )
        .await;
    assert!(stored.get("warnings").is_none_or(|warnings| warnings == &json!([])), "{stored}");
    let recommended =
        service.result("getOrchestrationPattern", json!({ "goal": "look around the code" })).await;
    assert_eq!(recommended["pattern"]["agent_sequence"], json!(["general-purpose", "Explore"]));
}
