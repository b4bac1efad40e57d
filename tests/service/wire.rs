//! The wire contract, held against those who write it by hand: the TypeScript client, and the rows that are written
//! without `serde` for speed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use adjutant::app::operations::Method;
use protocol::{AgentsFound, ErrorCode, METHODS, MethodTraits, OperationClass, SkillsFound, WorkflowsFound};
use schemars::{JsonSchema, schema_for};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::{Project, Service};

fn typescript() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(".claude/lib/client/wire.ts");
    std::fs::read_to_string(file).unwrap()
}

/// The lines of a block that begins with `head`, up to its closing brace.
fn block<'a>(source: &'a str, head: &str) -> Vec<&'a str> {
    let lines = source.lines().skip_while(|line| !line.starts_with(head)).skip(1);
    let block: Vec<&str> = lines.take_while(|line| !line.starts_with('}')).collect();
    assert!(!block.is_empty(), "wire.ts has no {head}");
    block
}

#[test]
fn typescript_has_the_same_table_of_errors() {
    let source = typescript();
    let theirs: BTreeSet<&str> =
        block(&source, "export const ERROR_CODES = {").into_iter().map(str::trim).collect();
    let line = |code: ErrorCode| {
        format!("{}: {{ code: {}, retryable: {} }},", code.name(), code.code(), code.is_retryable())
    };
    let ours: Vec<String> = ErrorCode::ALL.into_iter().map(line).collect();
    assert_eq!(theirs, ours.iter().map(String::as_str).collect());
}

#[test]
fn clients_know_the_methods_as_the_operations_are() {
    let known: Vec<_> = METHODS.map(|method| (method.name, method.class)).to_vec();
    let served: Vec<_> = (Method::ALL.into_iter().filter(|method| method.is_rpc_method()))
        .map(|method| (method.name(), method.class()))
        .collect();
    assert_eq!(known, served);
    let source = typescript();
    let theirs: BTreeSet<&str> =
        block(&source, "export const METHODS = {").into_iter().map(str::trim).collect();
    let line = |method: MethodTraits| {
        let MethodTraits { name, class, is_cacheable, is_repeatable } = method;
        let writes = class == OperationClass::Write;
        format!("{name}: {{ writes: {writes}, cacheable: {is_cacheable}, repeatable: {is_repeatable} }},")
    };
    let ours = METHODS.map(line);
    assert_eq!(theirs, ours.iter().map(String::as_str).collect());
}

/// The members that a TypeScript interface declares itself.
fn members(source: &str, interface: &str) -> BTreeSet<String> {
    let head = format!("export interface {interface} ");
    let members = block(source, &head).into_iter().filter_map(|line| {
        let (name, _) = line.strip_prefix("  ")?.split_once(':')?;
        let name = name.trim_end_matches('?');
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then(|| name.to_owned())
    });
    members.collect()
}

fn properties<T: JsonSchema>() -> BTreeSet<String> {
    let schema = schema_for!(T).to_value();
    schema["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn typescript_declares_the_same_members() {
    let source = typescript();
    let pairs: [(&str, BTreeSet<String>); 8] = [
        ("AgentRow", properties::<protocol::AgentRow>()),
        ("SkillRow", properties::<protocol::SkillRow>()),
        ("WorkflowRow", properties::<protocol::WorkflowRow>()),
        ("OrchestrationPattern", properties::<protocol::OrchestrationPattern>()),
        ("PatternMatch", properties::<protocol::PatternMatch>()),
        ("ExplainedHit", properties::<protocol::ExplainedHit>()),
        ("DecisionParams", properties::<protocol::DecisionParams>()),
        ("Health", properties::<protocol::Health>()),
    ];
    for (interface, ours) in pairs {
        assert_eq!(members(&source, interface), ours, "{interface}");
    }
}

/// Members of `value`, and of what is in it, by where they are.
fn places(value: &Value, at: &str, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| places(member, &format!("{at}.{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}[{index}]"), found));
        }
        other => {
            found.insert(at.to_owned(), other.clone());
        }
    }
}

/// Reads an answer as its wire type and writes it again: nothing may be lost, nothing added, nothing in another order.
#[track_caller]
fn assert_written_as<T: Serialize + DeserializeOwned>(answer: &str) {
    let read: T = serde_json::from_str(answer).unwrap();
    let again = serde_json::to_string(&read).unwrap();
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    places(&serde_json::from_str(answer).unwrap(), "", &mut before);
    places(&serde_json::from_str(&again).unwrap(), "", &mut after);
    assert_eq!(before, after);
    assert_eq!(again, answer);
}

#[tokio::test]
async fn rows_are_written_as_their_types_say() {
    let project = Project::sample();
    // A copy in another plugin, so that rows have every member.
    project.agent("web2", "react-specialist", "Builds React user interfaces with hooks and fast rendering.");
    let service = Service::over(&project);
    let result = async |method: &str, params: Value| {
        let text = service.call(method, params).await.text;
        let start = text.find("\"result\":").unwrap() + "\"result\":".len();
        text[start..].rsplit_once(",\"id\":").unwrap().0.to_owned()
    };
    for budget in [None, Some(300)] {
        let role = json!({ "role": "frontend_developer", "max_tokens": budget });
        assert_written_as::<AgentsFound>(&result("queryAgents", role).await);
        let task = json!({ "context": "React user interfaces with hooks", "max_tokens": budget });
        assert_written_as::<AgentsFound>(&result("queryAgents", task).await);
        let skill = json!({ "context": "terraform", "max_tokens": budget });
        assert_written_as::<SkillsFound>(&result("querySkills", skill).await);
        let goal = json!({ "goal": "deploy a service", "max_tokens": budget });
        assert_written_as::<WorkflowsFound>(&result("queryWorkflows", goal).await);
    }
    let row = result("queryAgents", json!({ "context": "React user interfaces with hooks" })).await;
    assert!(row.contains("\"copies\":["), "{row}");
}
