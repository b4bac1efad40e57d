//! The tools: what they answer, in both eras, and that it is what `POST /` answers.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::client::{Client, message_of, row_ids, text_of};
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
async fn a_model_reads_what_post_answers() {
    let service = Service::over(&Project::sample());
    trained(&service).await;
    let finds = [
        ("find_agents", "queryAgents", "agents", json!({ "context": "kubernetes cluster", "limit": 3 })),
        ("find_agents", "queryAgents", "agents", json!({ "role": "frontend_developer" })),
        ("find_skills", "querySkills", "skills", json!({ "context": "terraform modules" })),
        ("find_workflows", "queryWorkflows", "workflows", json!({ "goal": "deploy a service" })),
    ];
    for (tool, method, kind, params) in finds {
        let plain = service.result(method, params.clone()).await;
        let rows = plain[kind].as_array().unwrap();
        let score = |row: &Value| row["score"].as_f64().unwrap();
        let told = rows.iter().filter(|row| score(row) * 20.0 >= score(&rows[0]));
        let told: Vec<&str> = told.map(|row| row["id"].as_str().unwrap()).collect();
        for client in Client::both(&service).await {
            let answer = client.call(tool, params.clone()).await;
            assert_eq!(row_ids(&answer), told, "{tool} in {}", client.era());
            let said = format!("Confidence {}. ", plain["confidence"]);
            assert!(text_of(&answer).starts_with(&said), "{said}: {answer}");
        }
    }

    let params = json!({ "kind": "agent", "id": "ops:incident-responder" });
    let plain = service.result("getDefinition", params.clone()).await;
    let outcome = json!({
        "task_id": "t1",
        "task_description": "build the checkout page",
        "agents_used": ["web:react-specialist", "web:css-artist"],
        "result": "success",
    });
    let stored = service.result("cacheDecision", outcome.clone()).await;
    for client in Client::both(&service).await {
        let answer = client.call("get_definition", params.clone()).await;
        let (above, body) = text_of(&answer).split_once("\n\n").unwrap();
        assert_eq!(body, plain["body"], "{answer}");
        assert!(above.starts_with("agent ops:incident-responder, "), "{above}");
        let answer = client.call("record_outcome", outcome.clone()).await;
        let pattern = stored["pattern"]["id"].as_str().unwrap();
        assert!(text_of(&answer).starts_with(&format!("Stored. Pattern {pattern} ")), "{answer}");
        let goal = json!({ "goal": "build the checkout page", "plugin": "web" });
        let answer = client.call("recommend_pattern", goal).await;
        let sequence = format!("Sequence (pattern_id {pattern}): web:react-specialist -> web:css-artist");
        assert!(text_of(&answer).contains(&sequence), "{answer}");
    }
}

#[tokio::test]
async fn a_model_gets_text_and_nothing_beside_it() {
    let service = Service::over(&Project::sample());
    let outcome =
        json!({ "task_id": "1", "task_description": "ship it", "agents_used": ["a"], "result": "success" });
    let calls = [
        ("find_agents", json!({ "context": "kubernetes" })),
        ("find_agents", json!({ "context": "qzxv" })),
        ("find_agents", json!({ "limit": 0 })),
        ("find_skills", json!({ "context": "terraform" })),
        ("find_workflows", json!({ "goal": "deploy" })),
        ("get_definition", json!({ "kind": "workflow", "id": "ops:deploy" })),
        ("record_outcome", outcome),
        ("recommend_pattern", json!({ "goal": "ship it" })),
    ];
    for client in Client::both(&service).await {
        for (tool, arguments) in &calls {
            let mut result = client.call(tool, arguments.clone()).await;
            result.as_object_mut().unwrap().remove("resultType");
            let names: BTreeSet<&str> = result.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(names, BTreeSet::from(["content", "isError"]), "{tool}: {result}");
            assert_eq!(result["content"].as_array().unwrap().len(), 1, "{tool}: {result}");
        }
    }
}

#[tokio::test]
async fn a_model_that_writes_too_much_is_answered_and_told() {
    let service = Service::over(&Project::sample());
    // Sentences end where they end: what fits is kept.
    let long = format!("kubernetes cluster. {}", "and so on. ".repeat(600));
    let outcome =
        json!({ "task_id": "1", "task_description": &long, "agents_used": ["a"], "result": "success" });
    let cases = [
        ("find_agents", "queryAgents", "context", json!({ "context": &long })),
        ("find_skills", "querySkills", "context", json!({ "context": &long })),
        ("find_workflows", "queryWorkflows", "goal", json!({ "goal": &long })),
        ("recommend_pattern", "getOrchestrationPattern", "goal", json!({ "goal": &long })),
        ("record_outcome", "cacheDecision", "task_description", outcome),
    ];
    for (tool, method, name, arguments) in cases {
        let refused = service.call(method, arguments.clone()).await;
        let most = refused.sentences()[0].split_once("at most ").map(|(_, rest)| rest.to_owned());
        let most = most.and_then(|rest| rest.split(' ').next().map(str::to_owned)).unwrap();
        for client in Client::both(&service).await {
            let result = client.call(tool, arguments.clone()).await;
            assert_eq!(result["isError"], false, "{tool}: {result}");
            let note = format!("Only the first {most} characters of {name} were read. ");
            assert!(text_of(&result).starts_with(&note), "{tool}: {result}");
        }
    }
    // At a word, and in characters: what fits is whole.
    let fits = "日".repeat(500);
    let client = Client::new_era(&service);
    let result = client.call("find_agents", json!({ "context": fits })).await;
    assert!(!text_of(&result).contains("Only the first"), "{result}");
    let history = service.project.store().history(9).unwrap();
    let kept = &history[0].task_description;
    assert!(long.starts_with(kept.as_str()) && long[kept.len()..].starts_with(' '), "{history:?}");
    assert!(kept.chars().count() > 1_990, "{history:?}");
}

#[tokio::test]
async fn rows_that_are_noise_beside_the_first_are_not_shown() {
    let project = Project::empty();
    project.agent(
        "shop",
        "payment-expert",
        "Takes payments, refunds payments and reconciles payments by card.",
    );
    for number in 0..6 {
        let words = "orders invoices ledgers parcels returns vouchers ".repeat(6);
        project.agent("shop", &format!("clerk-{number}"), &format!("Files {words} and one card."));
    }
    let service = Service::over(&project);
    trained(&service).await;
    let question = json!({ "context": "refunds payments by card", "limit": 20 });
    let plain = service.result("queryAgents", question.clone()).await;
    let rows = plain["agents"].as_array().unwrap();
    let score = |row: &Value| row["score"].as_f64().unwrap();
    let noise = rows.iter().filter(|row| score(row) * 20.0 < score(&rows[0])).count();
    let result = Client::new_era(&service).call("find_agents", question).await;
    assert_eq!(row_ids(&result).len(), rows.len() - noise, "{result} of {plain}");
    assert!(noise > 0, "{plain}");
}

#[tokio::test]
async fn the_line_above_a_body_is_short() {
    let project = Project::empty();
    let tools: Vec<String> = (0..40).map(|number| format!("mcp__server__tool_{number}")).collect();
    let text = format!(
        "---\nname: many\ndescription: Has many tools.\nmodel: opus\ntools: {}\n---\nThe body.\n\nIts end.",
        tools.join(", ")
    );
    project.write("plugins/shop/agents/many.md", &text);
    let service = Service::over(&project);
    let client = Client::new_era(&service);
    let load = || client.call("get_definition", json!({ "kind": "agent", "id": "shop:many" }));
    let first = load().await;
    let expected =
        "agent shop:many, model opus, 40 tools, from plugins/shop/agents/many.md\n\nThe body.\n\nIts end.";
    assert_eq!(text_of(&first), expected);
    let above = expected.split_once("\n\n").unwrap().0;
    assert!(adjutant::app::tokens::estimate(above) <= 40, "{above}");

    project.write("plugins/shop/agents/many.md", &text.replace("The body.", "Another body."));
    service.project.reindex().await.unwrap();
    let changed = load().await;
    assert!(text_of(&changed).contains("changed since it was last loaded"), "{changed}");
    assert!(text_of(&changed).ends_with("Another body.\n\nIts end."), "{changed}");
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
                answers.push((answered.status, message_of(&answered)));
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
        ("find_agents", json!({ "capability": "quantum basket weaving" })),
        ("find_skills", json!({ "context": "qzxv" })),
        ("find_workflows", json!({ "goal": "qzxv" })),
        ("get_definition", json!({ "kind": "agent", "id": "web:react" })),
        ("recommend_pattern", json!({ "goal": "qzxv" })),
    ];
    for client in Client::both(&service).await {
        for (tool, arguments) in &cases {
            let result = client.call(tool, arguments.clone()).await;
            assert_eq!(result["isError"], false, "{tool}: {result}");
            assert!(text_of(&result).starts_with("Nothing found:"), "{tool}: {result}");
        }
        let near = client.call("get_definition", json!({ "kind": "agent", "id": "web:react" })).await;
        assert!(text_of(&near).contains("What comes near: web:react-specialist"), "{near}");
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
        (json!({ "context": "payment services" }), 1_200),
        (json!({ "context": "payment services", "limit": 20 }), 1_200),
        (json!({ "context": "payment services", "max_tokens": 300 }), 300),
        (json!({ "context": "payment services", "max_tokens": 100 }), 100),
    ] {
        let result = client.call("find_agents", arguments.clone()).await;
        let tokens = adjutant::app::tokens::estimate(text_of(&result));
        assert!(tokens <= budget, "{arguments}: {tokens} tokens");
        // What there is room for is used.
        assert!(!row_ids(&result).is_empty(), "{result}");
        assert!(budget > 300 || tokens * 2 > budget, "{arguments}: {tokens} tokens");
    }
    let result = client.call("find_agents", json!({ "context": "payment services", "max_tokens": 1 })).await;
    assert!(text_of(&result).starts_with("No row: 20 found, but none fits 1 tokens"), "{result}");
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
        let text = text_of(&result);
        assert!(text.ends_with("larger max_tokens.]"), "{text:.100}");
        let tokens = adjutant::app::tokens::estimate(text);
        assert!(tokens <= most, "{tokens} of {most}");
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
    let ask = |budget: Option<usize>| {
        let mut bounded = goal.clone();
        bounded["max_tokens"] = budget.into();
        client.call("recommend_pattern", bounded)
    };
    let whole = ask(None).await;
    let tokens = adjutant::app::tokens::estimate(text_of(&whole));
    assert!(tokens <= 1_200, "{tokens}: {whole}");
    for (budget, alternatives) in [(None, 2), (Some(tokens), 2), (Some(tokens - 1), 1), (Some(1), 0)] {
        let result = ask(budget).await;
        let text = text_of(&result);
        assert_eq!(text.matches("\nAlternative ").count(), alternatives, "{budget:?}: {text}");
        let best = text.lines().find(|line| line.starts_with("Sequence ")).unwrap();
        assert_eq!(best.matches(" -> ").count(), 23, "the best is given whole: {text}");
    }
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

#[tokio::test]
async fn the_token_ledger_counts_what_a_model_reads() {
    let service = Service::over(&Project::sample());
    trained(&service).await;
    let client = Client::new_era(&service);
    let (mut told, mut plain) = (0, 0);
    let long = "css ".repeat(200);
    for _ in 0..2 {
        for arguments in [
            json!({ "context": "css" }),
            json!({ "context": "css", "max_tokens": 90 }),
            json!({ "context": long, "max_tokens": 90 }),
        ] {
            let found = client.call("find_agents", arguments.clone()).await;
            let tokens = adjutant::app::tokens::estimate(text_of(&found));
            assert!(tokens <= 90 || arguments["max_tokens"].is_null(), "{tokens}: {found}");
            told += tokens;
        }
        let answered = service.call("queryAgents", json!({ "context": "css" })).await;
        plain += adjutant::app::tokens::estimate(&answered.json()["result"].to_string());
    }
    let by_client = service.get("/metrics").await.json()["tokens"]["by_client"].clone();
    let returned = |client: &str| by_client[client]["queryAgents"]["returned"].as_u64().unwrap();
    assert_eq!(returned("test"), told as u64, "{by_client}");
    // All of the answer but its last member, which says whether it was cached.
    let json = returned("unknown");
    assert!(json <= plain as u64 && json + 20 >= plain as u64, "{json} of {plain}: {by_client}");
}
