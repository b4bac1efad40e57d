//! The schemas, held against what operations really take and give.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::client::Client;
use crate::support::{Project, Service};
use adjutant::app::operations::Method;

const METHODS: [(&str, &str); 6] = [
    ("find_agents", "queryAgents"),
    ("find_skills", "querySkills"),
    ("find_workflows", "queryWorkflows"),
    ("get_definition", "getDefinition"),
    ("recommend_pattern", "getOrchestrationPattern"),
    ("record_outcome", "cacheDecision"),
];

/// Parameters that a client sends by itself and no model is told.
const NOT_FOR_MODELS: [&str; 1] = ["decided_at_ms"];

async fn tools(service: &Service) -> Vec<Value> {
    let listed = Client::new_era(service).result("tools/list", json!({})).await;
    listed["tools"].as_array().unwrap().clone()
}

fn tool<'a>(tools: &'a [Value], name: &str) -> &'a Value {
    tools.iter().find(|tool| tool["name"] == name).unwrap()
}

/// Why `value` does not follow `schema`, for the keywords our schemas use.
fn violation(schema: &Value, value: &Value, at: &str) -> Option<String> {
    let named = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other} is no type"),
    };
    let types: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|name| named(name)) {
        return Some(format!("{at} is {value}, not {types:?}"));
    }
    if let (Some(properties), Some(members)) = (schema["properties"].as_object(), value.as_object()) {
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(required) {
                return Some(format!("{at} has no {required}"));
            }
        }
        for (name, member) in members {
            let Some(schema) = properties.get(name) else { return Some(format!("{at}.{name} is not named")) };
            if let Some(found) = violation(schema, member, &format!("{at}.{name}")) {
                return Some(found);
            }
        }
    }
    if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
        return list.iter().find_map(|item| violation(items, item, &format!("{at}[]")));
    }
    None
}

#[tokio::test]
async fn inputs_are_exactly_what_operations_take() {
    let service = Service::over(&Project::sample());
    let tools = tools(&service).await;
    for (name, method) in METHODS {
        let schema = &tool(&tools, name)["inputSchema"];
        let refused = service.call(method, json!({ "no such parameter": 1 })).await.sentences().join(" ");
        let known = refused.split_once("(known: ").unwrap().1.split_once(')').unwrap().0;
        let known = known.split(", ").flat_map(|name| name.split(" or "));
        let known: BTreeSet<&str> = known.filter(|name| !NOT_FOR_MODELS.contains(name)).collect();
        let named: BTreeSet<&str> =
            schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(named, known, "{name}");
        assert_eq!(schema["additionalProperties"], false, "{name}");
    }
}

#[tokio::test]
async fn limits_of_inputs_are_those_of_operations() {
    let service = Service::over(&Project::sample());
    let tools = tools(&service).await;
    let valid = |name: &str| match name {
        "find_workflows" | "recommend_pattern" => json!({ "goal": "deploy a service" }),
        "get_definition" => json!({ "kind": "agent", "id": "x" }),
        "record_outcome" => {
            json!({ "task_id": "1", "task_description": "x y", "agents_used": ["a"], "result": "success" })
        }
        _ => json!({ "context": "deploy a service" }),
    };
    for (name, method) in METHODS {
        let properties = tool(&tools, name)["inputSchema"]["properties"].as_object().unwrap().clone();
        for (property, schema) in properties {
            let mut edges = Vec::new();
            if let Some(max) = schema["maxLength"].as_u64() {
                let length = usize::try_from(max).unwrap();
                edges.push((json!("x".repeat(length)), json!("x".repeat(length + 1))));
            }
            if schema["type"] == "integer" && schema["maximum"].is_i64() {
                let (min, max) = (schema["minimum"].as_i64().unwrap(), schema["maximum"].as_i64().unwrap());
                edges.push((json!(min), json!(min - 1)));
                edges.push((json!(max), json!(max + 1)));
            }
            for (inside, outside) in edges {
                let mut params = valid(name);
                params[&property] = inside;
                let taken = service.call(method, params.clone()).await;
                let is_refused = taken.json()["error"]["code"] == -32602
                    && taken.sentences().iter().any(|sentence| {
                        sentence.contains(" must have ") || sentence.contains(" must be between ")
                    });
                assert!(!is_refused, "{name}.{property}: {}", taken.text);
                params[&property] = outside;
                let refused = service.call(method, params).await;
                assert_eq!(refused.json()["error"]["code"], -32602, "{name}.{property}: {}", refused.text);
            }
        }
    }
}

/// The schema of a method's answer, which no client of MCP is told.
fn output_schema(method: &str) -> Value {
    Value::Object(Method::named(method).unwrap().output_schema())
}

#[tokio::test]
async fn answers_follow_their_schemas() {
    let service = Service::over(&Project::sample());
    let outcome = |id: &str, result: &str| {
        json!({ "task_id": id, "task_description": "ship it", "agents_used": ["a", "b"], "result": result,
            "dependencies": { "b": ["a"] } })
    };
    let calls = [
        ("find_agents", json!({ "role": "frontend_developer" })),
        ("find_agents", json!({ "context": "qzxv" })),
        ("find_skills", json!({ "context": "terraform" })),
        ("find_workflows", json!({ "goal": "deploy" })),
        ("get_definition", json!({ "kind": "workflow", "id": "ops:deploy" })),
        ("get_definition", json!({ "kind": "skill", "id": "web:accessibility-audit" })),
        ("get_definition", json!({ "kind": "skill", "id": "nobody" })),
        ("recommend_pattern", json!({ "goal": "ship it" })),
        ("record_outcome", outcome("0", "failure")),
        ("record_outcome", outcome("1", "success")),
        ("recommend_pattern", json!({ "goal": "ship it" })),
    ];
    for (name, arguments) in calls {
        let method = METHODS.iter().find(|(tool, _)| *tool == name).unwrap().1;
        let answered = service.call(method, arguments.clone()).await.json();
        let Some(answer) = answered.get("result") else {
            assert_eq!(answered["error"]["code"], -32004, "{name} {arguments}: {answered}");
            continue;
        };
        let found = violation(&output_schema(method), answer, "answer");
        assert_eq!(found, None, "{name} {arguments}: {answer}");
    }
}

#[tokio::test]
async fn no_schema_makes_a_client_skip_its_tool() {
    let service = Service::over(&Project::sample());
    for tool in tools(&service).await {
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
        for combined in ["anyOf", "oneOf", "allOf"] {
            assert_eq!(tool["inputSchema"].get(combined), None, "{tool}");
        }
        // With one, a client shows a model JSON in place of the text.
        assert_eq!(tool.get("outputSchema"), None, "{tool}");
    }
}

/// The schemas as they were first written by hand, one tool a line: those made from the types cost no character more.
const BY_HAND: &str = include_str!("../../data/tool_schemas.jsonl");

#[tokio::test]
async fn schemas_made_from_types_are_those_that_were_written_by_hand() {
    let service = Service::over(&Project::sample());
    let listed = Client::new_era(&service).message_text("tools/list", json!({})).await;
    for line in BY_HAND.lines() {
        let by_hand: Value = serde_json::from_str(line).unwrap();
        let written = format!("\"inputSchema\":{}", by_hand["inputSchema"]);
        assert!(listed.contains(&written), "{}\n{written}\n{listed}", by_hand["name"]);
        let method = METHODS.iter().find(|(tool, _)| by_hand["name"] == *tool).unwrap().1;
        assert_eq!(output_schema(method).to_string(), by_hand["outputSchema"].to_string(), "{method}");
    }
}
