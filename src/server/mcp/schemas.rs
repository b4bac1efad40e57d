//! The JSON schemas of what tools take and give, written by hand.
//!
//! Derived ones say the same in twice the characters, and a client pays for each. That they agree with what the
//! operations really read and write is held by tests.

use rmcp::model::JsonObject;
use serde_json::{Value, json};

/// An object's schema; members beyond those named are refused.
fn object(properties: Value, required: &[&str]) -> JsonObject {
    let mut schema = JsonObject::new();
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), properties);
    if !required.is_empty() {
        schema.insert("required".into(), required.into());
    }
    schema
}

fn input(properties: Value, required: &[&str]) -> JsonObject {
    let mut schema = object(properties, required);
    schema.insert("additionalProperties".into(), false.into());
    schema
}

fn text(max: u32) -> Value {
    json!({ "type": "string", "maxLength": max })
}

fn said(max: u32, description: &str) -> Value {
    json!({ "type": "string", "maxLength": max, "description": description })
}

fn whole(min: i64, max: i64) -> Value {
    json!({ "type": "integer", "minimum": min, "maximum": max })
}

fn names() -> Value {
    json!({ "type": "array", "items": { "type": "string" } })
}

/// What every query takes besides its own.
fn query(mut properties: Value, required: &[&str]) -> JsonObject {
    if let Value::Object(members) = &mut properties {
        members.insert("plugin".into(), text(200));
        members.insert("limit".into(), whole(1, 20));
        members.insert("max_tokens".into(), whole(1, 100_000));
    }
    input(properties, required)
}

pub(super) fn agent_query() -> JsonObject {
    let context = said(500, "The task in a sentence");
    query(json!({ "context": context, "capability": text(100), "role": text(50) }), &[])
}

pub(super) fn skill_query() -> JsonObject {
    query(json!({ "context": text(500) }), &["context"])
}

pub(super) fn workflow_query() -> JsonObject {
    query(json!({ "goal": text(500) }), &["goal"])
}

pub(super) fn definition_query() -> JsonObject {
    let kind = json!({ "enum": ["agent", "skill", "workflow"] });
    let id = said(300, "plugin:name");
    input(json!({ "kind": kind, "id": id, "max_tokens": whole(1, 100_000) }), &["kind", "id"])
}

pub(super) fn goal_query() -> JsonObject {
    let similarity = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    query(json!({ "goal": text(500), "min_similarity": similarity }), &["goal"])
}

pub(super) fn decision() -> JsonObject {
    let properties = json!({
        "task_id": text(200),
        "task_description": text(2000),
        "agents_used": names(),
        "result": { "enum": ["success", "failure", "partial"] },
        "duration_ms": { "type": "integer" },
        "tokens_saved": { "type": "integer" },
        "pattern_id": said(200, "The pattern followed"),
        "dependencies": { "type": "object", "additionalProperties": names() },
        "parallel_groups": { "type": "array", "items": names() },
    });
    input(properties, &["task_id", "task_description", "agents_used", "result"])
}

fn string() -> Value {
    json!({ "type": "string" })
}

fn number() -> Value {
    json!({ "type": "number" })
}

/// The answer to a query: rows under `field`, or none and what comes near.
fn found(field: &str, row: &[(&str, Value)]) -> JsonObject {
    let mut members = JsonObject::new();
    members.insert("id".into(), string());
    members.insert("name".into(), string());
    members.insert("description".into(), string());
    members.insert("plugin".into(), string());
    members.insert("score".into(), number());
    members.insert("copies".into(), names());
    members.extend(row.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())));
    let row = object(Value::Object(members), &["id", "name", "description", "plugin", "score"]);
    let mut properties = JsonObject::new();
    properties.insert(field.into(), json!({ "type": "array", "items": row }));
    properties.insert("reasoning".into(), string());
    properties.insert("confidence".into(), number());
    properties.insert("cache_hit".into(), json!({ "type": "boolean" }));
    properties.insert("tokens".into(), json!({ "type": "integer" }));
    properties.insert("token_estimator".into(), string());
    properties.insert("suggestions".into(), names());
    object(Value::Object(properties), &[field, "reasoning", "confidence"])
}

pub(super) fn agents_found() -> JsonObject {
    found(
        "agents",
        &[("model", string()), ("capabilities", names()), ("role", string()), ("fallbacks", names())],
    )
}

pub(super) fn skills_found() -> JsonObject {
    found("skills", &[("category", string()), ("keywords", names())])
}

pub(super) fn workflows_found() -> JsonObject {
    found("workflows", &[("arguments", string()), ("steps", names()), ("agents", names())])
}

pub(super) fn definition() -> JsonObject {
    let source = object(
        json!({ "path": string(), "sha256": string(), "changed_since_use": { "type": "boolean" } }),
        &[],
    );
    let properties = json!({
        "kind": string(),
        "id": string(),
        "name": string(),
        "plugin": string(),
        "aliases": names(),
        "description": string(),
        "when_to_use": string(),
        "model": string(),
        "tools": names(),
        "category": string(),
        "keywords": names(),
        "capabilities": names(),
        "arguments": string(),
        "steps": names(),
        "agents": names(),
        "source": source,
        "body": string(),
        "body_is_cut": { "type": "boolean" },
        "tokens": { "type": "integer" },
        "token_estimator": string(),
        "reasoning": string(),
        "suggestions": names(),
    });
    object(properties, &[])
}

fn pattern() -> Value {
    let properties = json!({
        "id": string(),
        "goal": string(),
        "agent_sequence": names(),
        "dependencies": { "type": "object", "additionalProperties": names() },
        "parallel_groups": { "type": "array", "items": names() },
        "success_count": { "type": "integer" },
        "failure_count": { "type": "integer" },
        "partial_count": { "type": "integer" },
        "avg_duration_ms": { "type": "integer" },
        "avg_tokens_saved": { "type": "integer" },
        "created_at": string(),
        "updated_at": string(),
    });
    Value::Object(object(properties, &["id", "goal", "agent_sequence"]))
}

pub(super) fn recommendation() -> JsonObject {
    let matched = json!({
        "pattern": pattern(),
        "success_rate": number(),
        "similarity": number(),
        "task_count": { "type": "integer" },
    });
    let mut properties = matched.clone();
    if let Value::Object(members) = &mut properties {
        let alternative = object(matched, &["pattern", "success_rate", "similarity", "task_count"]);
        members.insert("alternatives".into(), json!({ "type": "array", "items": alternative }));
        members.insert("reasoning".into(), string());
        members.insert("confidence".into(), number());
        members.insert("cache_hit".into(), json!({ "type": "boolean" }));
        members.insert("tokens".into(), json!({ "type": "integer" }));
        members.insert("token_estimator".into(), string());
        members.insert("suggestions".into(), names());
    }
    object(properties, &["reasoning"])
}

pub(super) fn decision_stored() -> JsonObject {
    let mut pattern = pattern();
    // `null` where the outcome taught no pattern.
    pattern["type"] = json!(["object", "null"]);
    let properties = json!({ "stored": { "type": "boolean" }, "pattern": pattern, "warnings": names() });
    object(properties, &["stored"])
}

/// The answer of a tool that found nothing, in the form of its schema.
pub(super) fn nothing_found(tool: &str, message: &str, suggestions: &[String]) -> Value {
    let rows = match tool {
        "find_agents" => Some("agents"),
        "find_skills" => Some("skills"),
        "find_workflows" => Some("workflows"),
        _ => None,
    };
    let mut answer = JsonObject::new();
    if let Some(field) = rows {
        answer.insert(field.into(), json!([]));
        answer.insert("confidence".into(), json!(0));
    }
    answer.insert("reasoning".into(), message.into());
    answer.insert("suggestions".into(), suggestions.into());
    Value::Object(answer)
}
