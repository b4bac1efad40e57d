//! JSON-RPC through the router: envelopes, parameters, errors and every method.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use crate::support::{Project, Service};
use serde_json::{Value, json};

fn ids(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_no_message_gets_the_code_of_the_table() {
    let service = Service::over(&Project::sample());
    let deep = "[".repeat(10_000);
    let batch_too_large =
        format!("[{}]", vec![r#"{"jsonrpc":"2.0","method":"getHealth","id":1}"#; 65].join(","));
    let cases: Vec<(&str, Vec<u8>, i64)> = vec![
        ("empty", b"".to_vec(), -32700),
        ("truncated", br#"{"jsonrpc":"2.0","method":"#.to_vec(), -32700),
        ("trailing comma", br#"{"jsonrpc":"2.0","method":"getHealth","id":1,}"#.to_vec(), -32700),
        ("NaN", b"NaN".to_vec(), -32700),
        ("two values", b"{} {}".to_vec(), -32700),
        (
            "lone surrogate",
            br#"{"jsonrpc":"2.0","method":"queryAgents","params":{"context":"\ud800"},"id":1}"#.to_vec(),
            -32700,
        ),
        ("reversed surrogates", br#"["\udc00\ud800"]"#.to_vec(), -32700),
        ("not UTF-8", b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\",\"id\":1}".to_vec(), -32700),
        ("byte order mark", b"\xef\xbb\xbf{}".to_vec(), -32700),
        ("UTF-16", "{}".encode_utf16().flat_map(u16::to_le_bytes).collect(), -32700),
        ("too deep", deep.into_bytes(), -32700),
        ("number", b"1".to_vec(), -32600),
        ("null", b"null".to_vec(), -32600),
        ("empty object", b"{}".to_vec(), -32600),
        ("empty batch", b"[]".to_vec(), -32600),
        ("version 1.0", br#"{"jsonrpc":"1.0","method":"getHealth","id":1}"#.to_vec(), -32600),
        ("method is a number", br#"{"jsonrpc":"2.0","method":1,"id":1}"#.to_vec(), -32600),
        ("reserved method", br#"{"jsonrpc":"2.0","method":"rpc.x","id":1}"#.to_vec(), -32600),
        (
            "params are a number",
            br#"{"jsonrpc":"2.0","method":"getHealth","params":1,"id":1}"#.to_vec(),
            -32600,
        ),
        ("id is an object", br#"{"jsonrpc":"2.0","method":"getHealth","id":{}}"#.to_vec(), -32600),
        ("id is a boolean", br#"{"jsonrpc":"2.0","method":"getHealth","id":true}"#.to_vec(), -32600),
        ("repeated id", br#"{"jsonrpc":"2.0","method":"getHealth","id":1,"id":2}"#.to_vec(), -32600),
        ("batch too large", batch_too_large.into_bytes(), -32600),
    ];
    for (name, body, code) in cases {
        let answered = service.post(body).await;
        assert_eq!((answered.status.as_u16(), answered.code()), (400, code), "{name}: {}", answered.text);
        assert_eq!(answered.json()["jsonrpc"], "2.0", "{name}");
    }
}

#[tokio::test]
async fn ids_come_back_bit_for_bit() {
    let service = Service::over(&Project::sample());
    let long = format!("{:?}", "x".repeat(10_000));
    for id in [
        "1",
        "-7",
        "1.5",
        "1e400",
        "9007199254740993",
        "18446744073709551616",
        "null",
        r#""""#,
        r#""\u00e9""#,
        &long,
    ] {
        let answered = service.post(format!(r#"{{"jsonrpc":"2.0","method":"getHealth","id":{id}}}"#)).await;
        assert!(answered.text.ends_with(&format!(r#","id":{id}}}"#)), "{id}: {}", answered.text);
        let refused = service.post(format!(r#"{{"jsonrpc":"1.0","method":"getHealth","id":{id}}}"#)).await;
        assert!(refused.text.ends_with(&format!(r#","id":{id}}}"#)), "{id}: {}", refused.text);
    }
}

#[tokio::test]
async fn notifications_are_done_and_not_answered() {
    let service = Service::over(&Project::sample());
    let note = json!({ "jsonrpc": "2.0", "method": "storePattern", "params": { "goal": "ship the page", "agent_sequence": ["a"] } });
    let answered = service.post(note.to_string()).await;
    assert_eq!((answered.status.as_u16(), answered.text.as_str()), (204, ""));
    let found = service.result("queryPattern", json!({ "goal": "ship the page" })).await;
    assert_eq!(found["matches"][0]["pattern"]["goal"], "ship the page");

    let batch =
        json!([{ "jsonrpc": "2.0", "method": "getHealth" }, { "jsonrpc": "2.0", "method": "nonsense" }]);
    let answered = service.post(batch.to_string()).await;
    assert_eq!((answered.status.as_u16(), answered.text.as_str()), (204, ""));
}

#[tokio::test]
async fn batches_answer_each_call() {
    let service = Service::over(&Project::sample());
    let answered = service.post("[1,2,3]").await;
    let codes: Vec<Value> =
        answered.json().as_array().unwrap().iter().map(|one| one["error"]["code"].clone()).collect();
    assert_eq!((answered.status.as_u16(), codes), (200, vec![json!(-32600); 3]));

    let mixed = json!([
        { "jsonrpc": "2.0", "method": "getHealth", "id": "a" },
        { "jsonrpc": "2.0", "method": "getHealth" },
        { "jsonrpc": "2.0", "method": "nonsense", "id": 2 },
        7,
    ]);
    let answered = service.post(mixed.to_string()).await;
    let answers = answered.json();
    assert_eq!(answers.as_array().unwrap().len(), 3);
    assert_eq!(answers[0]["id"], "a");
    assert_eq!((&answers[1]["error"]["code"], &answers[1]["id"]), (&json!(-32601), &json!(2)));
    assert_eq!((&answers[2]["error"]["code"], &answers[2]["id"]), (&json!(-32600), &json!(null)));
}

#[tokio::test]
async fn unknown_methods_name_the_known_ones() {
    let service = Service::over(&Project::sample());
    let answered = service.call("queryAgent", json!({})).await;
    assert_eq!((answered.status.as_u16(), answered.code()), (404, -32601));
    let error = &answered.json()["error"];
    assert!(error["message"].as_str().unwrap().contains("did you mean queryAgents?"), "{error}");
    assert_eq!(error["data"]["methods"].as_array().unwrap().len(), 11);

    let answered = service.call(&"x".repeat(5000), json!({})).await;
    assert!(answered.json()["error"]["message"].as_str().unwrap().len() < 120, "{}", answered.text);
}

#[tokio::test]
async fn wrong_parameters_get_a_sentence_each() {
    let service = Service::over(&Project::sample());
    let emoji = "😀".repeat(501);
    let cases = [
        ("queryAgents", json!({}), "one of capability, role, context is required, got none"),
        ("queryAgents", json!({ "context": "  " }), "one of capability, role, context is required, got none"),
        ("queryAgents", json!({ "capability": 5 }), "capability must be a string, got integer 5"),
        (
            "queryAgents",
            json!({ "capability": "x".repeat(101) }),
            "capability must have at most 100 characters, got 101",
        ),
        ("queryAgents", json!({ "role": "x".repeat(51) }), "role must have at most 50 characters, got 51"),
        ("queryAgents", json!({ "context": emoji }), "context must have at most 500 characters, got 501"),
        ("queryAgents", json!({ "context": "a", "limit": 0 }), "limit must be between 1 and 20, got 0"),
        ("queryAgents", json!({ "context": "a", "limit": -1 }), "limit must be between 1 and 20, got -1"),
        ("queryAgents", json!({ "context": "a", "limit": 21 }), "limit must be between 1 and 20, got 21"),
        (
            "queryAgents",
            json!({ "context": "a", "limit": 1_000_000_000 }),
            "limit must be between 1 and 20, got 1000000000",
        ),
        (
            "queryAgents",
            json!({ "context": "a", "limit": "5" }),
            "limit must be a whole number, got string \"5\"",
        ),
        (
            "queryAgents",
            json!({ "context": "a", "limit": 2.5 }),
            "limit must be a whole number, got floating point 2.5",
        ),
        (
            "queryAgents",
            json!({ "contxt": "a" }),
            "contxt is not a known parameter (known: capability, role, context, limit, plugin, scope, max_tokens)",
        ),
        ("querySkills", json!({}), "context is required"),
        ("querySkills", json!({ "context": "" }), "context must not be empty, got only white space"),
        ("queryWorkflows", json!({ "goal": ["a"] }), "goal must be a string, got sequence"),
        (
            "queryPattern",
            json!({ "goal": "a", "min_similarity": 1.5 }),
            "min_similarity must be between 0.0 and 1.0, got 1.5",
        ),
        ("getDefinition", json!({ "kind": "agent" }), "id is required"),
        ("getHealth", json!({ "x": 1 }), "x is not a known parameter (known: none)"),
        ("queryAgents", json!(["react"]), "params must be an object with named members, got a list"),
    ];
    for (method, params, expected) in cases {
        let answered = service.call(method, params.clone()).await;
        assert_eq!(
            (answered.status.as_u16(), answered.code()),
            (400, -32602),
            "{method} {params}: {}",
            answered.text
        );
        assert_eq!(answered.sentences(), [expected], "{method} {params}");
    }
    let several = service.call("queryAgents", json!({ "capability": "x".repeat(200), "limit": 99 })).await;
    assert_eq!(several.sentences().len(), 2, "{}", several.text);
    let raw = r#"{"jsonrpc":"2.0","method":"queryAgents","params":{"context":"a","limit":1e400},"id":1}"#;
    assert_eq!(service.post(raw).await.sentences().len(), 1);
}

#[tokio::test]
async fn agents_are_found_by_capability_context_and_role() {
    let service = Service::over(&Project::sample());
    let by_context =
        service.result("queryAgents", json!({ "context": "our kubernetes cluster needs helm charts" })).await;
    assert_eq!(ids(&by_context["agents"])[0], "ops:kubernetes-architect");
    let row = &by_context["agents"][0];
    assert_eq!(
        (&row["name"], &row["plugin"], &row["model"]),
        (&json!("kubernetes-architect"), &json!("ops"), &json!("sonnet"))
    );
    assert!(row["capabilities"].as_array().is_some_and(|all| !all.is_empty()), "{row}");
    assert!(by_context["confidence"].as_f64().unwrap() > 0.0);
    assert!(by_context["reasoning"].as_str().unwrap().len() > 10);

    let by_capability = service.result("queryAgents", json!({ "capability": "react", "limit": 1 })).await;
    assert_eq!(ids(&by_capability["agents"]), ["web:react-specialist"]);

    let by_role = service.result("queryAgents", json!({ "role": "frontend_developer" })).await;
    assert_eq!(ids(&by_role["agents"])[..2], ["web:react-specialist", "web:css-artist"]);
    let primary = &by_role["agents"][0];
    assert_eq!(
        (&primary["role"], &primary["fallbacks"]),
        (&json!("frontend_developer"), &json!(["web:css-artist"]))
    );

    let in_plugin = service.result("queryAgents", json!({ "context": "tests", "plugin": "core" })).await;
    assert_eq!(ids(&in_plugin["agents"]), ["core:test-engineer"]);
}

#[tokio::test]
async fn skills_and_workflows_have_the_shapes_of_the_contract() {
    let service = Service::over(&Project::sample());
    let skills = service.result("querySkills", json!({ "context": "terraform infrastructure" })).await;
    let skill = &skills["skills"][0];
    assert_eq!(skill["id"], "ops:terraform-modules");
    for member in ["name", "category", "keywords", "description", "plugin", "score"] {
        assert!(!skill[member].is_null(), "{member} of {skill}");
    }
    let workflows = service.result("queryWorkflows", json!({ "goal": "deploy a service" })).await;
    let workflow = &workflows["workflows"][0];
    assert_eq!((&workflow["id"], &workflow["arguments"]), (&json!("ops:deploy"), &json!("<service>")));
    assert_eq!(workflow["steps"].as_array().unwrap().len(), 2, "{workflow}");
    assert!(workflow["agents"].is_array());
}

#[tokio::test]
async fn what_nothing_serves_says_so_with_suggestions() {
    let service = Service::over(&Project::sample());
    for params in [
        json!({ "context": "🎉🎉🎉" }),
        json!({ "context": "the of and to" }),
        json!({ "role": "pastry_chef" }),
    ] {
        let answered = service.call("queryAgents", params.clone()).await;
        assert_eq!((answered.status.as_u16(), answered.code()), (404, -32004), "{params}: {}", answered.text);
        assert!(answered.json()["error"]["data"]["suggestions"].is_array(), "{}", answered.text);
    }
}

#[tokio::test]
async fn answers_are_cached_until_something_changes() {
    let project = Project::sample();
    let service = Service::over(&project);
    let ask = || service.result("queryAgents", json!({ "context": "quantum compilers", "limit": 3 }));
    let params = json!({ "context": "  kubernetes   helm ", "limit": 3 });
    assert_eq!(service.result("queryAgents", params).await["cache_hit"], false);
    // White space makes no other query; another limit does.
    assert_eq!(
        service.result("queryAgents", json!({ "context": "kubernetes helm", "limit": 3 })).await["cache_hit"],
        true
    );
    assert_eq!(
        service.result("queryAgents", json!({ "context": "kubernetes helm", "limit": 4 })).await["cache_hit"],
        false
    );

    project.agent("lab", "quantum-engineer", "Writes quantum compilers and circuit optimisers.");
    service.project.reindex().await.unwrap();
    let found = ask().await;
    assert_eq!((ids(&found["agents"])[0], &found["cache_hit"]), ("lab:quantum-engineer", &json!(false)));
}

#[tokio::test]
async fn a_token_budget_is_kept() {
    let project = Project::sample();
    let long = "Handles kubernetes incidents. ".repeat(60);
    for n in 0..8 {
        project.agent("many", &format!("responder-{n}"), &format!("Variant {n} number{n}. {long}"));
    }
    let service = Service::over(&project);
    let whole = service
        .result("queryAgents", json!({ "context": "kubernetes incidents", "max_tokens": 100_000 }))
        .await;
    let whole_rows = whole["agents"].as_array().unwrap().len();
    for budget in [1, 40, 100, 200, 600, 1500] {
        let answered = service
            .call("queryAgents", json!({ "context": "kubernetes incidents", "max_tokens": budget }))
            .await;
        assert_eq!(answered.status.as_u16(), 200, "{}", answered.text);
        let result = &answered.json()["result"];
        let used = result["tokens"].as_u64().unwrap();
        assert!(used <= budget, "{used} of {budget}: {}", answered.text);
        let found = result["agents"].as_array().unwrap().len();
        assert_eq!(found == 0, budget < 100, "{budget}: {}", answered.text);
        if budget >= 600 {
            let rows = result["agents"].as_array().unwrap();
            assert!(
                rows.len() >= whole_rows.min(5),
                "descriptions are shortened before rows are dropped: {}",
                rows.len()
            );
        }
    }
}

#[tokio::test]
async fn definitions_are_whole_and_found_by_any_of_their_names() {
    let service = Service::over(&Project::sample());
    for id in ["web:react-specialist", "react-specialist", "web/react-specialist"] {
        let found = service.result("getDefinition", json!({ "kind": "agent", "id": id })).await;
        assert_eq!(found["id"], "web:react-specialist", "{id}");
        assert!(found["body"].as_str().unwrap().contains("Body of react-specialist."), "{found}");
        assert_eq!(found["source"]["sha256"].as_str().unwrap().len(), 64);
    }
    let ambiguous = service.call("getDefinition", json!({ "kind": "agent", "id": "test-engineer" })).await;
    assert_eq!(ambiguous.code(), -32602);
    assert!(ambiguous.text.contains("core:test-engineer, qa:test-engineer"), "{}", ambiguous.text);
    let missing = service.call("getDefinition", json!({ "kind": "agent", "id": "../../etc/passwd" })).await;
    assert_eq!((missing.status.as_u16(), missing.code()), (404, -32004));
    let near = service.call("getDefinition", json!({ "kind": "agent", "id": "web:react-specialst" })).await;
    assert!(
        near.json()["error"]["data"]["suggestions"].to_string().contains("web:react-specialist"),
        "{}",
        near.text
    );
}

#[tokio::test]
async fn decisions_teach_patterns_once_each() {
    let service = Service::over(&Project::sample());
    let decision = |task: &str, result: &str| {
        json!({ "task_id": task, "task_description": "roll out the new cluster", "result": result,
                "agents_used": ["ops:kubernetes-architect", "qa:test-engineer"], "duration_ms": 1000 })
    };
    let founded = service.result("cacheDecision", decision("t1", "success")).await;
    assert_eq!((&founded["stored"], &founded["pattern"]["success_count"]), (&json!(true), &json!(1)));
    service.result("cacheDecision", decision("t1", "success")).await;
    let again = service.result("cacheDecision", decision("t2", "failure")).await;
    assert_eq!(
        (&again["pattern"]["success_count"], &again["pattern"]["failure_count"]),
        (&json!(1), &json!(1))
    );
    let corrected = service.result("cacheDecision", decision("t2", "success")).await;
    assert_eq!(
        (&corrected["pattern"]["success_count"], &corrected["pattern"]["failure_count"]),
        (&json!(2), &json!(0))
    );

    let best = service.result("getOrchestrationPattern", json!({ "goal": "roll out the new cluster" })).await;
    assert_eq!(best["pattern"]["agent_sequence"], json!(["ops:kubernetes-architect", "qa:test-engineer"]));
    assert_eq!(
        (&best["success_rate"], &best["similarity"], &best["task_count"]),
        (&json!(1.0), &json!(1.0), &json!(2))
    );
    let none = service.call("getOrchestrationPattern", json!({ "goal": "bake a cake" })).await;
    assert_eq!((none.status.as_u16(), none.code()), (404, -32004));
}

#[tokio::test]
async fn plans_are_checked_and_completed() {
    let service = Service::over(&Project::sample());
    let plan =
        json!({ "goal": "build it", "agent_sequence": ["a", "b", "c"], "dependencies": { "c": ["a", "b"] } });
    let stored = service.result("storePattern", plan.clone()).await;
    assert_eq!((&stored["created"], stored["warnings"].as_array().unwrap().len()), (&json!(true), 3));
    let again = service.result("storePattern", plan).await;
    assert_eq!((&again["created"], &again["id"]), (&json!(false), &stored["id"]));
    let found = service.result("queryPattern", json!({ "goal": "build it" })).await;
    assert_eq!(found["matches"][0]["pattern"]["parallel_groups"], json!([["a", "b"], ["c"]]));
    let refused = [
        json!({ "goal": "g", "agent_sequence": [] }),
        json!({ "goal": "g", "agent_sequence": ["a", "b"], "dependencies": { "a": ["b"], "b": ["a"] } }),
        json!({ "goal": "g", "agent_sequence": ["a"], "dependencies": { "a": ["z"] } }),
        json!({ "goal": "g", "agent_sequence": ["a"], "parallel_groups": [["a", "z"]] }),
        json!({ "goal": " ", "agent_sequence": ["a"] }),
        json!({ "goal": "g", "agent_sequence": vec!["a"; 10_000] }),
    ];
    for params in refused {
        let answered = service.call("storePattern", params.clone()).await;
        assert_eq!(answered.code(), -32602, "{params}: {}", answered.text);
        assert!(!answered.sentences().is_empty());
    }
}

#[tokio::test]
async fn decisions_with_nonsense_are_refused() {
    let service = Service::over(&Project::sample());
    let valid = json!({ "task_id": "t", "task_description": "d", "agents_used": ["a"], "result": "success" });
    let cases = [
        ("task_id", json!("")),
        ("task_description", json!("  ")),
        ("agents_used", json!([])),
        ("result", json!("maybe")),
        ("duration_ms", json!(-1)),
        ("duration_ms", json!(1e18)),
        ("pattern_id", json!("no-such-pattern")),
        ("dependencies", json!({ "a": ["a"] })),
    ];
    for (field, value) in cases {
        let mut params = valid.clone();
        params[field] = value.clone();
        let answered = service.call("cacheDecision", params).await;
        assert_eq!(answered.code(), -32602, "{field} = {value}: {}", answered.text);
    }
}

#[tokio::test]
async fn outcomes_move_agents_in_the_ranking_and_are_named() {
    let project = Project::empty();
    for name in ["alpha", "beta", "gamma"] {
        project.agent("p", name, "Tunes slow database queries and indexes.");
    }
    let service = Service::over(&project);
    let ask =
        async || service.result("queryAgents", json!({ "context": "tune slow database queries" })).await;
    let before = ask().await;
    let last = ids(&before["agents"]).last().unwrap().to_string();
    for n in 0..6 {
        let decision = json!({ "task_id": format!("t{n}"), "task_description": "tune slow database queries",
                               "agents_used": [last], "result": "success" });
        service.result("cacheDecision", decision).await;
    }
    let after = ask().await;
    assert_eq!((ids(&after["agents"])[0], &after["cache_hit"]), (last.as_str(), &json!(false)), "{after}");
    assert!(after["reasoning"].as_str().unwrap().contains("6 of 6 similar tasks succeeded"), "{after}");
}

#[tokio::test]
async fn outcomes_carry_over_to_tasks_in_other_words() {
    let project = Project::sample();
    for (name, description) in [
        ("alpha", "Tunes slow queries and designs indexes for web shops."),
        ("beta", "Designs indexes of warehouses, and tunes slow queries."),
        ("gamma", "Finds slow queries, tunes them and designs indexes."),
    ] {
        project.agent("data", name, description);
    }
    let service = Service::over(&project);
    let task = json!({ "context": "design better indexes" });
    let before = service.result("queryAgents", task.clone()).await;
    let last = ids(&before["agents"])[2].to_string();
    assert!(last.starts_with("data:"), "{before}");
    for n in 0..10 {
        // Not a word in common with what is asked.
        let decision = json!({ "task_id": format!("t{n}"), "task_description": "slow queries",
                               "agents_used": [last], "result": "success" });
        service.result("cacheDecision", decision).await;
    }
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let after = loop {
        let after = service.result("queryAgents", task.clone()).await;
        if ids(&after["agents"])[0] == last || std::time::Instant::now() > deadline {
            break after;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(ids(&after["agents"])[0], last, "{after}");
    assert!(after["reasoning"].as_str().unwrap().contains("10 of 10 similar tasks succeeded"), "{after}");
}

#[tokio::test]
async fn a_decision_that_waited_does_not_undo_a_later_one() {
    let project = Project::sample();
    let service = Service::over(&project);
    let decision = |result: &str| {
        json!({ "task_id": "t6", "task_description": "rename the columns", "agents_used": ["css-artist"],
                "result": result })
    };
    project.write(".claude/mcp-server/outbox/1763700000000-0a1b2c3d.json", &decision("success").to_string());
    let stored = service.result("cacheDecision", decision("failure")).await;
    assert_eq!(stored["stored"], true, "{stored}");
    // Called by its bare name, kept under its id.
    assert_eq!(stored["pattern"]["agent_sequence"], json!(["web:css-artist"]), "{stored}");
    service.project.drain_outbox().await;
    let outcomes = service.project.store().outcomes();
    let results: Vec<_> =
        outcomes.tasks().map(|task| (task.task_id.as_str(), task.result.as_str())).collect();
    assert_eq!(results, [("t6", "failure")]);
}

#[tokio::test]
async fn a_hidden_entry_is_found_by_its_id_alone() {
    let project = Project::sample();
    project.write(
        ".claude/agents/asker.md",
        "---\nname: asker\ndescription: Asks about kubernetes clusters.\nadjutant: hidden\n---\nAsk.",
    );
    let service = Service::over(&project);
    let found =
        service.result("queryAgents", json!({ "context": "asks about kubernetes", "limit": 20 })).await;
    assert!(!ids(&found["agents"]).contains(&"asker"), "{found}");
    let whole = service.result("getDefinition", json!({ "kind": "agent", "id": "asker" })).await;
    assert_eq!(whole["body"], "Ask.");
}

#[tokio::test]
async fn explanations_add_up() {
    let service = Service::over(&Project::sample());
    let explained = service
        .result("explain", json!({ "context": "kubernetes cluster deployments", "capability": "helm" }))
        .await;
    let hits = explained["hits"].as_array().unwrap();
    assert!(!hits.is_empty());
    for hit in hits {
        let number = |member: &str| hit[member].as_f64().unwrap();
        let terms: f64 =
            hit["terms"].as_array().unwrap().iter().map(|term| term["share"].as_f64().unwrap()).sum();
        let parts = ["latent", "need", "capability", "name", "role", "model", "outcomes"];
        let sum = terms + parts.iter().map(|part| number(part)).sum::<f64>();
        assert!((sum.clamp(0.0, 1.0) - number("score")).abs() < 1e-3, "{sum} is not the score of {hit}");
        for term in hit["terms"].as_array().unwrap() {
            let fields: f64 =
                term["fields"].as_object().unwrap().values().map(|share| share.as_f64().unwrap()).sum();
            assert!((fields - term["share"].as_f64().unwrap()).abs() < 1e-3, "{term}");
        }
    }
}

#[tokio::test]
async fn a_projects_own_aliases_are_used_and_their_errors_told() {
    let project = Project::sample();
    let service = Service::over(&project);
    let ask = json!({ "context": "frobnicate the zorp" });
    assert_eq!(service.call("queryAgents", ask.clone()).await.code(), -32004);
    project.write(
        ".claude/aliases.yml",
        "frobnicate: [responsive css layouts]\nzorp: [zorp, frobnicate]\nbroken: {a: [\n",
    );
    service.project.reindex().await.unwrap();
    let found = service.result("queryAgents", ask).await;
    assert_eq!(ids(&found["agents"])[0], "web:css-artist", "{found}");
    let problems = service.project.snapshot();
    let problems = problems.catalog.problems();
    assert!(
        problems.iter().any(|problem| problem.code == "alias_invalid" && problem.line == Some(3)),
        "{problems:?}"
    );
}

#[tokio::test]
async fn a_word_said_often_asks_for_no_more() {
    let service = Service::over(&Project::sample());
    let once = service.result("queryAgents", json!({ "context": "kubernetes" })).await;
    let often = service.result("queryAgents", json!({ "context": "kubernetes ".repeat(40) })).await;
    assert_eq!(ids(&often["agents"]), ids(&once["agents"]));
}
