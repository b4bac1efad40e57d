//! The tools: what they answer, in both eras, and that it is what `POST /` answers.

use serde_json::{Value, json};

use super::client::{Client, message_of, text_of};
use crate::support::{Project, Service};

#[tokio::test]
async fn both_eras_introduce_the_same_server() {
    let service = Service::over(&Project::sample());
    let new = Client::new_era(&service).result("server/discover", json!({})).await;
    let instructions = new["instructions"].as_str().unwrap();
    assert!(instructions.contains("6 agents, 2 skills, 1 workflows"), "{instructions}");
    assert!(new["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")), "{new}");
    assert_eq!(new["capabilities"]["tools"]["listChanged"], true);
    assert_eq!(new["capabilities"]["prompts"].get("listChanged"), None);
    assert_eq!(new["cacheScope"], "private");
    let [old, new] = Client::both(&service).await;
    let (old, mut new) =
        (old.result("tools/list", json!({})).await, new.result("tools/list", json!({})).await);
    assert_eq!(old["tools"], new["tools"]);
    assert!(new["ttlMs"].as_u64().is_some_and(|ttl| ttl > 0), "{new}");
    assert_eq!(new["resultType"].take(), "complete");
    assert_eq!(old.get("resultType"), None);
    let names: Vec<&str> =
        old["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    let expected = [
        "find_agents",
        "find_skills",
        "find_workflows",
        "get_definition",
        "recommend_pattern",
        "record_outcome",
    ];
    assert_eq!(names, expected);
    for tool in old["tools"].as_array().unwrap() {
        assert_eq!(tool["annotations"]["readOnlyHint"], tool["name"] != "record_outcome", "{tool}");
        assert_eq!(tool["annotations"]["openWorldHint"], false);
    }
}

/// Waits for the end of the training: ranking changes once when it ends, and answers with it.
async fn trained(service: &Service) {
    let mut generations = service.project.generations();
    while !service.project.snapshot().latent_ready {
        generations.changed().await.unwrap();
    }
}

#[tokio::test]
async fn every_transport_gives_the_same_answer() {
    let service = Service::over(&Project::sample());
    trained(&service).await;
    let outcome = json!({
        "task_id": "t1",
        "task_description": "build the checkout page",
        "agents_used": ["web:react-specialist", "web:css-artist"],
        "result": "success",
    });
    let cases = [
        (
            "find_agents",
            "queryAgents",
            json!({ "context": "kubernetes cluster", "limit": 3, "max_tokens": 900 }),
        ),
        ("find_agents", "queryAgents", json!({ "role": "frontend_developer", "max_tokens": 120 })),
        ("find_skills", "querySkills", json!({ "context": "terraform modules", "max_tokens": 500 })),
        ("find_workflows", "queryWorkflows", json!({ "goal": "deploy a service", "max_tokens": 500 })),
        (
            "get_definition",
            "getDefinition",
            json!({ "kind": "agent", "id": "ops:incident-responder", "max_tokens": 90 }),
        ),
        ("record_outcome", "cacheDecision", outcome),
        (
            "recommend_pattern",
            "getOrchestrationPattern",
            json!({ "goal": "build the checkout page", "max_tokens": 500, "plugin": "web" }),
        ),
    ];
    for (tool, method, params) in cases {
        let mut plain = service.result(method, params.clone()).await;
        for client in Client::both(&service).await {
            let mut answer = client.call(tool, params.clone()).await["structuredContent"].take();
            // What was asked before may be cached, what was recorded before is replaced; a pattern says when it was taught last.
            for answer in [&mut plain, &mut answer] {
                answer.as_object_mut().unwrap().remove("cache_hit");
                answer.as_object_mut().unwrap().remove("replaced");
                for member in ["updated_at", "created_at"] {
                    answer["pattern"].as_object_mut().map(|pattern| pattern.remove(member));
                }
            }
            if !plain["pattern"].is_object() {
                for answer in [&mut plain, &mut answer] {
                    answer.as_object_mut().unwrap().remove("pattern");
                }
            }
            assert_eq!(answer, plain, "{tool} in {}", client.era());
        }
    }
}

#[tokio::test]
async fn the_fast_path_answers_what_the_full_path_answers() {
    let service = Service::over(&Project::sample());
    let goal =
        json!({ "goal": "build the page", "agent_sequence": ["web:css-artist", "web:react-specialist"] });
    service.result("storePattern", goal).await;
    // The ranking changes once when its training is done.
    while service.get("/health").await.json()["ranking"] != "latent" {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let cases = [
        ("find_agents", json!({ "role": "frontend_developer" })),
        ("find_agents", json!({ "context": "kubernetes \"cluster\"\n日本 🎉", "max_tokens": 60 })),
        ("find_agents", json!({ "context": "qzxv" })),
        ("find_agents", json!({ "limit": 0 })),
        ("find_agents", json!(null)),
        ("find_skills", json!({ "context": "terraform" })),
        ("find_workflows", json!({ "goal": "deploy a service" })),
        ("get_definition", json!({ "kind": "skill", "id": "web:accessibility-audit" })),
        ("get_definition", json!({ "kind": "agent", "id": "test-engineer" })),
        ("recommend_pattern", json!({ "goal": "build the page" })),
        ("recommend_pattern", json!({ "goal": "qzxv" })),
        ("nonsense", json!({})),
    ];
    for client in Client::both(&service).await {
        for (tool, arguments) in &cases {
            let params = json!({ "name": tool, "arguments": arguments });
            let mut body = client.parts("tools/call", params).1;
            if arguments.is_null() {
                body["params"].as_object_mut().unwrap().remove("arguments");
            }
            let mut answers = Vec::new();
            for is_unusual in [false, true] {
                if is_unusual {
                    // An unknown member is ignored, and sends a request down the full path.
                    body["unusual"] = json!(true);
                }
                let head = client.parts("tools/call", json!({ "name": tool })).0;
                let answered = service.send(head.body(body.to_string().into()).unwrap()).await;
                let mut message = message_of(&answered);
                if let Some(answer) = message["result"]["structuredContent"].as_object_mut() {
                    answer.remove("cache_hit");
                }
                answers.push((answered.status, message));
            }
            assert_eq!(answers[0], answers[1], "{tool} {arguments} in {}", client.era());
        }
    }
}

#[tokio::test]
async fn a_write_takes_the_full_path() {
    let service = Service::over(&Project::sample());
    let outcome = json!({ "task_id": "1", "task_description": "build the page", "agents_used": ["a"], "result": "success" });
    let question = json!({ "context": "kubernetes" });
    let client = Client::new_era(&service);
    for (tool, arguments, is_fast) in [("record_outcome", outcome, false), ("find_agents", question, true)] {
        let answered =
            client.message_text("tools/call", json!({ "name": tool, "arguments": arguments })).await;
        // The library writes the id first, the fast path last.
        assert_eq!(answered.ends_with(",\"id\":7}"), is_fast, "{tool}: {answered}");
    }
}

#[tokio::test]
async fn a_model_can_read_the_answer_and_knows_what_to_do_next() {
    let service = Service::over(&Project::sample());
    let [old, new] = Client::both(&service).await;
    for client in [&old, &new] {
        let found = client.call("find_agents", json!({ "context": "kubernetes cluster" })).await;
        assert_eq!(found["isError"], false);
        let text = text_of(&found);
        assert!(text.contains("1. ops:kubernetes-architect: Designs Kubernetes"), "{text}");
        assert!(text.contains("get_definition"), "{text}");
        let loaded =
            client.call("get_definition", json!({ "kind": "agent", "id": "kubernetes-architect" })).await;
        assert!(text_of(&loaded).contains("Body of kubernetes-architect."), "{loaded}");
    }
    let advice = new.call("recommend_pattern", json!({ "goal": "paint the fence" })).await;
    assert!(text_of(&advice).starts_with("Nothing found:"), "{advice}");
    let outcome = json!({ "task_id": "1", "task_description": "paint the fence", "agents_used": ["nobody:here"], "result": "success" });
    let stored = new.call("record_outcome", outcome).await;
    assert!(text_of(&stored).contains("now counts 1 successes"), "{stored}");
    assert!(text_of(&stored).contains("Warning: nobody:here"), "{stored}");
    let advice = new.call("recommend_pattern", json!({ "goal": "paint the fence" })).await;
    assert!(text_of(&advice).contains("nobody:here"), "{advice}");
}

#[tokio::test]
async fn an_empty_result_is_a_result_that_says_what_comes_near() {
    let service = Service::over(&Project::sample());
    let cases = [
        ("find_agents", json!({ "capability": "quantum basket weaving" }), Some("agents")),
        ("find_skills", json!({ "context": "qzxv" }), Some("skills")),
        ("find_workflows", json!({ "goal": "qzxv" }), Some("workflows")),
        ("get_definition", json!({ "kind": "agent", "id": "web:react" }), None),
        ("recommend_pattern", json!({ "goal": "qzxv" }), None),
    ];
    for client in Client::both(&service).await {
        for (tool, arguments, rows) in &cases {
            let result = client.call(tool, arguments.clone()).await;
            assert_eq!(result["isError"], false, "{tool}: {result}");
            let answer = &result["structuredContent"];
            if let Some(rows) = rows {
                assert_eq!(answer[rows], json!([]), "{tool}: {result}");
            }
            assert!(answer["suggestions"].is_array(), "{tool}: {result}");
            assert!(text_of(&result).starts_with("Nothing found:"), "{tool}: {result}");
        }
        let near = client.call("get_definition", json!({ "kind": "agent", "id": "web:react" })).await;
        assert_eq!(near["structuredContent"]["suggestions"][0], "web:react-specialist", "{near}");
    }
}

#[tokio::test]
async fn wrong_arguments_are_told_to_the_model_in_sentences() {
    let service = Service::over(&Project::sample());
    let cases: [(&str, Value, &str); 9] = [
        ("find_agents", json!({}), "one of capability, role, context is required"),
        ("find_agents", json!({ "context": 7 }), "context must be"),
        ("find_agents", json!({ "context": "x", "limit": 21 }), "limit must be between 1 and 20, got 21"),
        ("find_agents", json!({ "context": "x", "max_tokens": "few" }), "max_tokens must be"),
        ("find_agents", json!({ "context": "x", "nonsense": 1 }), "nonsense is not a known parameter"),
        ("find_skills", json!({ "context": " " }), "context must not be empty"),
        ("get_definition", json!({ "kind": "robot", "id": "x" }), "kind"),
        ("get_definition", json!({ "kind": "agent", "id": "test-engineer" }), "qa:test-engineer"),
        ("record_outcome", json!({ "task_id": "1" }), "is required"),
    ];
    for client in Client::both(&service).await {
        for (tool, arguments, expected) in &cases {
            let result = client.call(tool, arguments.clone()).await;
            assert_eq!(result["isError"], true, "{tool}: {result}");
            assert!(text_of(&result).contains(expected), "{tool} {arguments}: {result}");
        }
    }
}

#[tokio::test]
async fn answers_keep_to_their_budget() {
    let project = Project::empty();
    let long =
        "Designs and reviews payment services in great and lasting detail, again and again. ".repeat(40);
    for number in 0..30 {
        project.agent("shop", &format!("payment-expert-{number}"), &long);
    }
    let service = Service::over(&project);
    let client = Client::new_era(&service);
    for (arguments, budget) in [
        (json!({ "context": "payment services" }), 2_000),
        (json!({ "context": "payment services", "limit": 20 }), 2_000),
        (json!({ "context": "payment services", "max_tokens": 300 }), 500),
    ] {
        let result = client.call("find_agents", arguments.clone()).await;
        let structured = result["structuredContent"].to_string();
        assert!(!result["structuredContent"]["agents"].as_array().unwrap().is_empty(), "{arguments}");
        for form in [structured.as_str(), text_of(&result)] {
            let tokens = form.chars().count() / 4;
            assert!(tokens <= budget, "{arguments}: {tokens} tokens");
        }
    }
}

#[tokio::test]
async fn definitions_and_patterns_keep_to_their_budget() {
    let project = Project::empty();
    project.write(
        "plugins/shop/agents/historian.md",
        &format!(
            "---\nname: historian\ndescription: Knows all.\n---\n{}",
            "A line with \"quotes\" and a tab\t.\n".repeat(8_000)
        ),
    );
    let names: Vec<String> = (0..24).map(|at| format!("a-worker-with-a-long-name-{at}")).collect();
    for name in &names {
        project.agent("shop", name, "Works.");
    }
    let service = Service::over(&project);
    let client = Client::new_era(&service);
    for (budget, most) in [(None, 20_000), (Some(500), 500), (Some(1), 200)] {
        let arguments = json!({ "kind": "agent", "id": "historian", "max_tokens": budget });
        let result = client.call("get_definition", arguments).await;
        let answer = &result["structuredContent"];
        let body = answer["body"].as_str().unwrap();
        assert!(body.ends_with("larger max_tokens.]") && answer["body_is_cut"] == true, "{body:.100}");
        let tokens = adjutant::app::tokens::estimate(&answer.to_string());
        assert!(tokens <= most + 30, "{tokens} of {most}");
        assert!(most <= 200 || tokens >= most - 30, "{tokens} of {most}");
    }

    let agents: Vec<String> = names.iter().map(|name| format!("shop:{name}")).collect();
    for number in 0..3 {
        let goal = "rotate the signing keys of the payment api";
        let pattern = json!({ "goal": goal, "agent_sequence": &agents[number..] });
        service.result("storePattern", pattern).await;
    }
    let goal = json!({ "goal": "rotate the signing keys of the payment api" });
    let whole = service.result("getOrchestrationPattern", goal.clone()).await;
    assert_eq!(whole["alternatives"].as_array().unwrap().len(), 2);
    let result = client.call("recommend_pattern", goal).await;
    let answer = &result["structuredContent"];
    assert_eq!(answer["pattern"]["agent_sequence"].as_array().unwrap().len(), 24);
    assert!(answer.get("alternatives").is_none_or(|others| others.as_array().unwrap().len() < 2), "{answer}");
    assert!(answer["tokens"].as_u64().unwrap() > 0 && answer.to_string().chars().count() / 4 <= 2_000);
}

#[tokio::test]
async fn calls_are_measured_like_those_of_every_transport() {
    let service = Service::over(&Project::sample());
    let client = Client::new_era(&service);
    client.call("find_agents", json!({ "context": "kubernetes" })).await;
    client.call("find_agents", json!({ "context": "kubernetes", "limit": 99 })).await;
    let metrics = service.get("/metrics").await.json();
    assert_eq!(metrics["queries"]["by_method"]["queryAgents"], 2, "{metrics}");
    assert_eq!(metrics["errors"]["-32602"], 1, "{metrics}");
}

#[tokio::test]
async fn the_token_ledger_knows_clients_of_either_era() {
    let service = Service::over(&Project::sample());
    for client in Client::both(&service).await {
        client.call("find_agents", json!({ "context": "kubernetes" })).await;
    }
    // The long way, which a request takes that is unusual in some respect.
    let old = Client::old_era(&service).await;
    let (head, body) =
        old.parts("tools/call", json!({ "name": "find_agents", "arguments": { "context": "css" } }));
    let head = head.header("accept", "application/json;q=1.0, text/event-stream;q=0.5");
    service.send(head.body(body.to_string().into()).unwrap()).await;
    let tokens = service.get("/metrics").await.json()["tokens"].clone();
    assert!(tokens["by_client"]["test"]["queryAgents"]["calls"].as_u64() >= Some(2), "{tokens}");
    assert_eq!(tokens["by_client"].as_object().unwrap().len(), 1, "{tokens}");
}
