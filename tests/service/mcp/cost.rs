//! What the server costs a client before it asks anything.

use serde_json::{Value, json};

use super::client::Client;
use crate::support::{Project, Service};

/// Digits that the numbers of a large collection have more than those of the sample: 2 each, said in the
/// instructions and in three descriptions.
const MORE_DIGITS: usize = 12;

#[tokio::test]
async fn connecting_costs_little() {
    let service = Service::over(&Project::sample());
    let client = Client::new_era(&service);
    let instructions = client.result("server/discover", json!({})).await["instructions"].clone();
    let instructions = instructions.as_str().unwrap().chars().count();
    assert!(instructions < 2_000, "{instructions}");
    let listed = client.result("tools/list", json!({})).await;
    let chars =
        |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).chars().count();
    let (mut names, mut shown) = (0, 0);
    for tool in listed["tools"].as_array().unwrap() {
        assert!(chars(&tool["description"]) < 2_000, "{tool}");
        names += chars(&tool["name"]) + 1;
        // What a client puts before a model; output schemas stay with the client.
        shown += chars(&tool["name"]) + chars(&tool["description"]) + chars(&tool["inputSchema"]) + 3;
    }
    let with_search = (instructions + names + MORE_DIGITS).div_ceil(4);
    let without_search = (instructions + shown + MORE_DIGITS).div_ceil(4);
    println!("with tool search {with_search} tokens, without {without_search}");
    assert!(with_search <= 250, "{with_search} tokens with tool search");
    assert!(without_search <= 1_000, "{without_search} tokens without");
}
