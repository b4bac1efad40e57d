//! Word of changed lists, in both eras.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::client::{Client, OLD, row_ids};
use crate::support::{Project, Service};

/// Nothing here takes longer than a moment; a machine under load gets more.
const DEADLINE: Duration = Duration::from_secs(30);

/// The events of an open stream, one after the other.
struct Events {
    body: Body,
    waiting: String,
}

impl Events {
    fn of(response: axum::response::Response) -> Self {
        assert_eq!(response.status(), 200);
        Events { body: response.into_body(), waiting: String::new() }
    }

    /// The next message; `None` at the stream's end.
    async fn next(&mut self) -> Option<Value> {
        loop {
            while let Some(end) = self.waiting.find('\n') {
                let line: String = self.waiting.drain(..=end).collect();
                let data = line.strip_prefix("data:").and_then(|data| serde_json::from_str(data).ok());
                if data.is_some() {
                    return data;
                }
            }
            let frame = tokio::time::timeout(DEADLINE, self.body.frame()).await.expect("waited in vain")?;
            let data = frame.unwrap().into_data().unwrap_or_default();
            self.waiting.push_str(std::str::from_utf8(&data).unwrap());
        }
    }
}

#[tokio::test]
async fn subscribers_of_the_newer_era_are_told_what_they_asked_for() {
    let project = Project::sample();
    let service = Service::over(&project);
    let client = Client::new_era(&service);
    let wanted = json!({ "notifications": { "toolsListChanged": true, "promptsListChanged": true,
        "resourceSubscriptions": ["adjutant://catalog"] } });
    let mut events = Events::of(service.open(client.request("subscriptions/listen", wanted)).await);
    let first = events.next().await.unwrap();
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged", "{first}");
    // Prompts do not change here, and resources are not followed: neither is promised.
    assert_eq!(first["params"]["notifications"], json!({ "toolsListChanged": true }), "{first}");

    // Nothing a client has seen changes.
    project.agent("web", "css-artist", "Writes other layouts.");
    service.project.reindex().await.unwrap();
    // One more agent: the numbers in descriptions do.
    project.agent("web", "svg-artist", "Draws icons.");
    service.project.reindex().await.unwrap();
    let told = events.next().await.unwrap();
    assert_eq!(told["method"], "notifications/tools/list_changed", "{told}");
    assert_eq!(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 7, "{told}");
    let tools = client.result("tools/list", json!({})).await;
    assert!(tools["tools"][0]["description"].as_str().unwrap().contains("7 indexed agents"), "{tools}");
}

#[tokio::test]
async fn sessions_of_the_older_era_are_told_on_their_stream() {
    let project = Project::sample();
    let service = Service::over(&project);
    let client = Client::old_era(&service).await;
    let stream = Request::get("/mcp")
        .header("host", "localhost")
        .header("accept", "text/event-stream")
        .header("mcp-protocol-version", OLD)
        .header("mcp-session-id", client.session.clone().unwrap());
    let mut events = Events::of(service.open(stream.body(Body::empty()).unwrap()).await);
    project.agent("web", "svg-artist", "Draws icons.");
    service.project.reindex().await.unwrap();
    let told = [events.next().await.unwrap(), events.next().await.unwrap()];
    let methods = told.map(|message| message["method"].as_str().unwrap().to_owned());
    assert_eq!(methods, ["notifications/tools/list_changed", "notifications/resources/list_changed"]);
}

#[tokio::test]
async fn a_client_that_vanishes_or_never_reads_holds_up_nobody() {
    let project = Project::sample();
    let service = Service::over(&project);
    let client = Client::new_era(&service);
    let wanted = json!({ "notifications": { "toolsListChanged": true } });
    let mut kept = Vec::new();
    for number in 0..40 {
        let response = service.open(client.request("subscriptions/listen", wanted.clone())).await;
        if number % 2 == 0 {
            drop(response);
        } else {
            // Never read.
            kept.push(response);
        }
    }
    for number in 0..20 {
        project.agent("web", &format!("artist-{number}"), "Draws icons.");
        service.project.reindex().await.unwrap();
    }
    let found = client.call("find_agents", json!({ "context": "draws icons" })).await;
    assert_eq!(row_ids(&found).len(), 5, "{found}");
    assert_eq!(kept.len(), 20);
}
