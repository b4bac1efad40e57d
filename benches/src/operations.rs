//! Every operation over every transport, as requests: those that repeat, those that are new every time, and
//! those that write.

use serde_json::{Value, json};

use crate::http::Request;
use crate::mcp;
use crate::queries::{self, Contexts};
use crate::scenario::Scenario;

/// The name of the row whose query is always the same.
pub(crate) const CACHED: &str = "queryAgents, cached";

/// The name of the row whose queries are never repeated.
pub(crate) const UNCACHED: &str = "queryAgents, uncached";

/// The names of the tool calls that are compared with [`CACHED`].
pub(crate) const TOOL_CALLS: [&str; 2] =
    ["find_agents over /mcp, 2026-07-28", "find_agents over /mcp, 2025-11-25"];

/// Words that goals are made new by: a number alone would not be a word.
const NEW_WORD: &str = "task";

/// Requests under the name of their row.
#[derive(Debug)]
pub(crate) struct RequestSet {
    pub(crate) name: String,
    pub(crate) requests: Vec<Request>,
}

impl RequestSet {
    fn one(name: &str, request: Request) -> RequestSet {
        RequestSet { name: name.to_owned(), requests: vec![request] }
    }
}

/// A tool of the Model Context Protocol, and what it is asked for a text.
type Tool = (&'static str, fn(&str) -> Value);

/// The tools that find; their answers are cached.
const FINDERS: [Tool; 3] = [
    (mcp::TOOL, |text| json!({ "context": text })),
    ("find_skills", |text| json!({ "context": text })),
    ("find_workflows", |text| json!({ "goal": text })),
];

/// The calls that find, by JSON-RPC.
const CALLS: [Tool; 3] = [
    ("queryAgents", |text| json!({ "context": text })),
    ("querySkills", |text| json!({ "context": text })),
    ("queryWorkflows", |text| json!({ "goal": text })),
];

/// Requests whose answer is the same every time; the first is [`CACHED`].
pub(crate) fn steady(scenario: &Scenario, port: u16) -> anyhow::Result<Vec<RequestSet>> {
    let (context, agent) = (scenario.context(), scenario.agent());
    let mut asked: Vec<RequestSet> = CALLS
        .iter()
        .map(|(method, params)| {
            RequestSet::one(&format!("{method}, cached"), queries::call(method, &params(context)))
        })
        .collect();
    let plain = [
        ("queryPattern, cached", queries::pattern(context)),
        ("getOrchestrationPattern", queries::call("getOrchestrationPattern", &json!({ "goal": context }))),
        ("getDefinition", queries::definition(agent)),
        ("explain", queries::call("explain", &json!({ "context": context }))),
        (TOOL_CALLS[0], mcp::newer(mcp::TOOL, &json!({ "context": context }))),
        (TOOL_CALLS[1], mcp::older(port, context)?),
    ];
    asked.extend(plain.into_iter().map(|(name, request)| RequestSet::one(name, request)));
    let other_tools = FINDERS[1..].iter().map(|(tool, arguments)| (*tool, arguments(context))).chain([
        ("recommend_pattern", json!({ "goal": context })),
        ("get_definition", json!({ "kind": "agent", "id": agent })),
    ]);
    asked.extend(other_tools.map(|(tool, arguments)| {
        RequestSet::one(&format!("{tool} over /mcp"), mcp::newer(tool, &arguments))
    }));
    Ok(asked)
}

/// `count` requests of each kind that finds, none of them asked before; the first kind is [`UNCACHED`].
pub(crate) fn fresh(
    scenario: &Scenario,
    contexts: &mut Contexts,
    count: usize,
) -> anyhow::Result<Vec<RequestSet>> {
    let mut asked = Vec::new();
    for (method, params) in CALLS {
        let requests =
            contexts.take(count)?.iter().map(|text| queries::call(method, &params(text))).collect();
        asked.push(RequestSet { name: format!("{method}, uncached"), requests });
    }
    let goals = (0..count).map(|at| scenario.goal_like(at, &format!("{NEW_WORD}{at}")));
    let requests = goals.map(|goal| queries::pattern(&goal)).collect();
    asked.push(RequestSet { name: "queryPattern, uncached".to_owned(), requests });
    for (tool, arguments) in FINDERS {
        let requests = contexts.take(count)?.iter().map(|text| mcp::newer(tool, &arguments(text))).collect();
        asked.push(RequestSet { name: format!("{tool} over /mcp, uncached"), requests });
    }
    Ok(asked)
}

/// `count` requests of each kind that writes.
pub(crate) fn writing(scenario: &Scenario, count: usize) -> Vec<RequestSet> {
    let agents = scenario.some_agents();
    let goal = |at: usize| scenario.goal_like(at, &format!("{NEW_WORD} of {at}"));
    let decision =
        |transport: &str, at: usize| queries::decision(&format!("{transport}-{at}"), &goal(at), agents);
    let all = |name: &str, request: &dyn Fn(usize) -> Request| RequestSet {
        name: name.to_owned(),
        requests: (0..count).map(request).collect(),
    };
    vec![
        all("cacheDecision", &|at| queries::call("cacheDecision", &decision("post", at))),
        all("storePattern", &|at| queries::store_pattern(&goal(at), agents)),
        all("record_outcome over /mcp", &|at| mcp::newer("record_outcome", &decision("mcp", at))),
    ]
}
