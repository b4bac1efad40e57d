//! The HTTP endpoints through the router: who may call, what is answered around JSON-RPC, health and metrics.

use std::time::Duration;

use crate::support::{Project, Service, json_request};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

const HEALTH: &str = r#"{"jsonrpc":"2.0","method":"getHealth","id":1}"#;

type Headers = &'static [(&'static str, &'static str)];

#[tokio::test]
async fn only_this_machine_and_only_json_is_answered() {
    let service = Service::over(&Project::sample());
    let cases: [(&str, Headers, u16); 12] = [
        ("plain", &[("host", "localhost:3700"), ("content-type", "application/json")], 200),
        ("IPv6", &[("host", "[::1]:3700"), ("content-type", "application/json; charset=utf-8")], 200),
        (
            "loopback page",
            &[
                ("host", "localhost"),
                ("origin", "http://localhost:5173"),
                ("content-type", "application/json"),
            ],
            200,
        ),
        ("foreign host", &[("host", "attacker.com"), ("content-type", "application/json")], 403),
        ("rebinding", &[("host", "127.0.0.1.nip.io:3700"), ("content-type", "application/json")], 403),
        ("any address", &[("host", "0.0.0.0:3700"), ("content-type", "application/json")], 403),
        (
            "foreign page",
            &[
                ("host", "localhost"),
                ("origin", "https://attacker.com"),
                ("content-type", "application/json"),
            ],
            403,
        ),
        (
            "null origin",
            &[("host", "localhost"), ("origin", "null"), ("content-type", "application/json")],
            403,
        ),
        ("no host", &[("content-type", "application/json")], 400),
        (
            "two hosts",
            &[("host", "localhost"), ("host", "localhost"), ("content-type", "application/json")],
            400,
        ),
        ("a form", &[("host", "localhost"), ("content-type", "text/plain")], 415),
        (
            "compressed",
            &[("host", "localhost"), ("content-type", "application/json"), ("content-encoding", "gzip")],
            415,
        ),
    ];
    for (name, headers, status) in cases {
        for path in ["/", "/reindex"] {
            let mut request = Request::post(path);
            for (header, value) in headers {
                request = request.header(*header, *value);
            }
            let answered = service.send(request.body(Body::from(HEALTH)).unwrap()).await;
            assert_eq!(answered.status.as_u16(), status, "{name} at {path}: {}", answered.text);
            assert!(
                !answered.headers.keys().any(|header| header.as_str().starts_with("access-control")),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn other_methods_and_routes_are_refused() {
    let service = Service::over(&Project::sample());
    for (method, path, status, allow) in [
        ("GET", "/", 405, Some("POST")),
        ("DELETE", "/health", 405, Some("GET,HEAD")),
        ("OPTIONS", "/", 405, Some("POST")),
        ("GET", "/reindex", 405, Some("POST")),
        ("GET", "/nope", 404, None),
    ] {
        let request = Request::builder().method(method).uri(path).header("host", "localhost");
        let answered = service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answered.status.as_u16(), status, "{method} {path}: {}", answered.text);
        assert_eq!(
            answered.headers.get("allow").map(|value| value.to_str().unwrap()),
            allow,
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn bodies_are_bounded_before_they_are_read() {
    let service = Service::over(&Project::sample());
    let declared = json_request("/")
        .header("content-length", "104857600")
        .body(Body::from("x".repeat(1_048_577)))
        .unwrap();
    assert_eq!(service.send(declared).await.status.as_u16(), 413);
    let chunks = (0..40).map(|_| Ok::<_, std::io::Error>(vec![b' '; 65_536]));
    let chunked = Body::from_stream(futures_util::stream::iter(chunks));
    assert_eq!(service.post(chunked).await.status.as_u16(), 413);
    let largest = format!("{HEALTH}{}", " ".repeat(1_048_576 - HEALTH.len()));
    assert_eq!(service.post(largest).await.status.as_u16(), 200);
}

#[tokio::test]
async fn every_answer_carries_a_correlation_id() {
    let service = Service::over(&Project::sample());
    let given = service
        .send(json_request("/").header("x-correlation-id", "abc-1").body(Body::from(HEALTH)).unwrap())
        .await;
    assert_eq!(given.headers["x-correlation-id"], "abc-1");
    let mut made_ids = std::collections::HashSet::new();
    for unusable in ["", "has blank", &"x".repeat(129)] {
        let request =
            json_request("/").header("x-correlation-id", unusable).body(Body::from(HEALTH)).unwrap();
        let made = service.send(request).await;
        assert!(made_ids.insert(made.headers["x-correlation-id"].clone()), "{unusable:?}");
    }
    let refused = service.send(Request::post("/").header("host", "evil").body(Body::empty()).unwrap()).await;
    assert!(refused.headers.contains_key("x-correlation-id"));
}

#[tokio::test]
async fn health_has_the_members_of_the_contract() {
    let project = Project::sample();
    let service = Service::over(&project);
    let health = service.get("/health").await;
    assert_eq!(health.status.as_u16(), 200);
    let health = health.json();
    assert_eq!(health["status"], "healthy", "{health}");
    assert_eq!(health["indexes"], json!({ "agents": 6, "skills": 2, "workflows": 1, "patterns": 0 }));
    assert_eq!(health["project"]["root"], project.path().canonicalize().unwrap().to_str().unwrap());
    assert_eq!(health["pid"], std::process::id());
    assert_eq!(health["database"]["connected"], true);
    for number in ["uptime_ms", "memory_mb", "problems", "generation"] {
        assert!(health[number].is_number(), "{number} of {health}");
    }
    let through_rpc = service.result("getHealth", json!({})).await;
    assert_eq!(through_rpc["project"], health["project"]);
}

#[tokio::test]
async fn a_project_without_anything_is_degraded_and_says_why() {
    let service = Service::over(&Project::empty());
    let health = service.get("/health").await;
    assert_eq!(
        (health.status.as_u16(), &health.json()["status"]),
        (200, &json!("degraded")),
        "{}",
        health.text
    );
    assert!(health.text.contains("no agents, skills or workflows"), "{}", health.text);
    assert_eq!(service.call("queryAgents", json!({ "context": "anything" })).await.code(), -32004);
}

#[tokio::test]
async fn metrics_are_measured() {
    let service = Service::over(&Project::sample());
    for _ in 0..3 {
        service.result("queryAgents", json!({ "context": "kubernetes" })).await;
    }
    service.call("nonsense", json!({})).await;
    let metrics = service.get("/metrics").await.json();
    assert_eq!(metrics["queries"]["by_method"]["queryAgents"], 3);
    assert_eq!((&metrics["cache"]["hits"], &metrics["cache"]["misses"]), (&json!(2), &json!(1)));
    assert_eq!(metrics["errors"], json!({ "-32601": 1 }));
    let times = &metrics["performance"];
    let (p50, p99) =
        (times["p50_query_time_ms"].as_f64().unwrap(), times["p99_query_time_ms"].as_f64().unwrap());
    assert!(0.0 < p50 && p50 <= p99, "{times}");
    assert!(metrics["tokens"]["baseline"].as_u64() > Some(0));
    assert!(metrics["tokens"]["estimator"].is_string());
}

#[tokio::test]
async fn metrics_speak_prometheus_where_asked_to() {
    let service = Service::over(&Project::sample());
    service.result("queryAgents", json!({ "context": "kubernetes" })).await;
    for (accept, path, is_text) in [
        ("*/*", "/metrics", false),
        ("application/json", "/metrics", false),
        ("text/plain;q=0.3, application/json", "/metrics", false),
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5,*/*;q=0.1", "/metrics", true),
        ("application/json", "/metrics?format=prometheus", true),
    ] {
        let request = Request::get(path)
            .header("host", "localhost")
            .header("accept", accept)
            .body(Body::empty())
            .unwrap();
        let answered = service.send(request).await;
        assert_eq!(answered.text.starts_with("# HELP"), is_text, "{accept} {path}");
    }
    let text = service.get("/metrics?format=prometheus").await.text;
    assert!(text.contains("adjutant_calls_total{method=\"queryAgents\"} 1\n"), "{text}");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok() && name.starts_with(|c: char| c.is_ascii_lowercase()), "{line}");
    }
}

#[tokio::test]
async fn the_token_ledger_knows_who_asked_for_what() {
    let service = Service::over(&Project::sample());
    let ask = async |headers: &[(&str, &str)], method: &str, params: Value| {
        let body = json!({ "jsonrpc": "2.0", "method": method, "params": params, "id": 1 });
        let request =
            headers.iter().fold(json_request("/"), |request, (name, value)| request.header(*name, *value));
        service.send(request.body(body.to_string().into()).unwrap()).await
    };
    let question = json!({ "context": "kubernetes" });
    for _ in 0..2 {
        ask(
            &[("x-adjutant-client", "my \"client\"/2"), ("user-agent", "node")],
            "queryAgents",
            question.clone(),
        )
        .await;
    }
    ask(&[("user-agent", "curl/8.5.0")], "querySkills", json!({ "context": "terraform" })).await;
    ask(&[], "getDefinition", json!({ "kind": "agent", "id": "css-artist" })).await;
    ask(&[], "queryAgents", json!({ "context": "🎉" })).await;
    let tokens = service.get("/metrics").await.json()["tokens"].clone();
    let clients = &tokens["by_client"];
    let of_client = &clients["my--client"]["queryAgents"];
    assert_eq!(of_client["calls"], 2, "{tokens}");
    assert!(
        of_client["returned"].as_u64() > Some(20) && of_client["baseline"].as_u64() > Some(100),
        "{tokens}"
    );
    assert_eq!(clients["curl"]["querySkills"]["calls"], 1);
    // What is loaded because it was asked for spares nothing.
    assert_eq!(clients["unknown"]["getDefinition"]["baseline"], 0);
    assert!(clients["unknown"]["getDefinition"]["returned"].as_u64() > Some(5));
    assert!(clients["unknown"].get("queryAgents").is_none(), "nothing was answered");
    let sum = |member: &str| -> u64 {
        let methods =
            clients.as_object().unwrap().values().flat_map(|methods| methods.as_object().unwrap().values());
        methods.map(|sums| sums[member].as_u64().unwrap()).sum()
    };
    assert_eq!(
        (sum("returned"), sum("baseline")),
        (tokens["returned"].as_u64().unwrap(), tokens["baseline"].as_u64().unwrap())
    );
    let text = service.get("/metrics?format=prometheus").await.text;
    let line = format!(
        "adjutant_tokens_returned_total{{client=\"my--client\",method=\"queryAgents\"}} {}\n",
        of_client["returned"]
    );
    assert!(text.contains(&line), "{text}");
}

#[tokio::test]
async fn a_reindex_reports_what_changed() {
    let project = Project::sample();
    let service = Service::over(&project);
    let reindex = async || -> Value {
        let answered = service.send(json_request("/reindex").body(Body::from("{}")).unwrap()).await;
        assert_eq!(answered.status.as_u16(), 200, "{}", answered.text);
        answered.json()
    };
    let counts = |report: &Value| {
        ["added", "changed", "removed", "unchanged"].map(|name| report[name].as_u64().unwrap())
    };
    let generation = service.get("/health").await.json()["generation"].as_u64().unwrap();
    assert_eq!(counts(&reindex().await), [0, 0, 0, 9]);

    project.agent("new", "rust-expert", "Writes Rust.");
    project.agent("web", "css-artist", "Writes CSS, now with a longer description.");
    let gone = project.path().join("plugins/ops/commands/deploy.md");
    std::fs::remove_file(gone).unwrap();
    let report = reindex().await;
    assert_eq!(counts(&report), [1, 1, 1, 7]);
    assert!(report["generation"].as_u64().unwrap() > generation);
    assert_eq!(service.call("queryWorkflows", json!({ "goal": "deploy a service" })).await.code(), -32004);
}

#[tokio::test]
async fn reindex_calls_that_come_together_share_scans() {
    let service = Service::over(&Project::sample());
    let before = service.get("/health").await.json()["scans"].as_u64().unwrap();
    let calls = (0..100).map(|_| service.project.reindex());
    let reports = futures_util::future::join_all(calls).await;
    assert!(reports.iter().all(Result::is_ok));
    let after = service.get("/health").await.json()["scans"].as_u64().unwrap();
    assert!((1..=3).contains(&(after - before)), "{} scans", after - before);
}

#[tokio::test]
async fn a_reindex_finds_what_changed_before_it_was_asked_for() {
    let project = Project::sample();
    for number in 0..300 {
        project.agent("crowd", &format!("member-{number}"), "One of many.");
    }
    let service = Service::over(&project);
    let known = service.project.snapshot().count(catalog::Kind::Agent);
    for round in 1..=20_u32 {
        // The file comes at another moment of the scan that is under way in each round.
        let running = service.project.reindex();
        let asking = async {
            tokio::time::sleep(Duration::from_micros(u64::from(round) * 400)).await;
            project.agent("late", &format!("late-{round}"), "Comes late.");
            service.project.reindex().await.unwrap();
            assert_eq!(service.project.snapshot().count(catalog::Kind::Agent), known + round as usize);
        };
        let (first, ()) = tokio::join!(running, asking);
        first.unwrap();
    }
}

#[tokio::test]
async fn a_changed_role_registry_is_noticed() {
    let project = Project::sample();
    let service = Service::over(&project);
    let lead = async || {
        let found = service.result("queryAgents", json!({ "role": "frontend_developer" })).await;
        found["agents"][0]["id"].clone()
    };
    assert_eq!(lead().await, "web:react-specialist");
    project
        .write(".claude/agent-registry.yml", "roles:\n  frontend_developer:\n    primary: web:css-artist\n");
    service.project.reindex().await.unwrap();
    assert_eq!(lead().await, "web:css-artist");
}

#[tokio::test]
async fn a_reindex_is_an_operation_with_an_endpoint_of_its_own_and_no_method() {
    let service = Service::over(&Project::sample());
    let refused = service.call("reindex", json!({})).await;
    assert_eq!(refused.code(), -32601);
    let methods = refused.json()["error"]["data"]["methods"].clone();
    assert!(!methods.as_array().unwrap().contains(&json!("reindex")), "{methods}");

    service.project.shut_down();
    let stopping = service.send(json_request("/reindex").body("{}".into()).unwrap()).await;
    assert_eq!(
        (stopping.status, &stopping.headers["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
    );
    let refusal = stopping.json();
    assert_eq!(
        (&refusal["code"], &refusal["error"], &refusal["message"], &refusal["data"]["reason"]),
        (&json!(-32006), &json!("unavailable"), &json!("the service is stopping"), &json!("stopping"))
    );
}
