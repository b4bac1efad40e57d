//! Evaluating the ranking: do queries still find the entries they should?

use serde::{Deserialize, Serialize};

use super::operations::kind_query::kind_of;
use super::snapshot::Snapshot;
use catalog::Kind;
use confined_fs::NamedFile;
use protocol::KindName;
use search::Request;

/// Rows of an answer in which an expected entry may stand unless a query says otherwise.
const WITHIN: usize = 1;

/// One query and the entries it should find.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// agent, skill or workflow; agent where nothing is said.
    pub kind: Option<KindName>,
    /// A capability asked for.
    pub capability: Option<String>,
    /// A role asked for.
    pub role: Option<String>,
    /// The task or goal asked for.
    #[serde(alias = "goal")]
    pub context: Option<String>,
    /// The plugin it is restricted to.
    pub plugin: Option<String>,
    /// Ids of which one must be found; none means that nothing may be found.
    #[serde(default)]
    pub expect: Vec<String>,
    /// Among how many first rows.
    pub within: Option<usize>,
}

/// The result of one query.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// What was asked, in short.
    pub query: String,
    /// The entries it should find.
    pub expected: Vec<String>,
    /// The entries it finds, best first.
    pub found: Vec<String>,
    /// Why.
    pub reasoning: String,
    /// Whether it finds what it should.
    pub holds: bool,
}

/// Reads expectations, one JSON object a line; empty lines do not count.
///
/// # Errors
/// A sentence naming the first line that cannot be read, or why the file cannot.
pub fn read_expectations(file: &NamedFile) -> anyhow::Result<Vec<Expectation>> {
    let text = file.read_text()?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|error| anyhow::anyhow!("line {}: {error}", index + 1))
        })
        .collect()
}

/// Runs every query against the snapshot and compares.
pub fn evaluate(snapshot: &Snapshot, expectations: &[Expectation]) -> Vec<Verdict> {
    expectations.iter().map(|expectation| evaluate_one(snapshot, expectation)).collect()
}

fn evaluate_one(snapshot: &Snapshot, expectation: &Expectation) -> Verdict {
    let Expectation { kind, capability, role, context, plugin, expect, within } = expectation;
    let kind = kind.map_or(Kind::Agent, kind_of);
    let limit = within.unwrap_or(WITHIN).clamp(1, super::operations::kind_query::MAX_LIMIT);
    let request = Request {
        kind,
        capability: capability.as_deref(),
        role: role.as_deref(),
        context: context.as_deref(),
        plugin: plugin.as_deref(),
        scopes: None,
        only: None,
        limit,
        prior: None,
        similarity: None,
    };
    let findings = snapshot.index.find(&request);
    let serves =
        |id: &String| findings.hits.iter().any(|hit| hit.definition.id == *id || hit.copies.contains(id));
    let holds = if expect.is_empty() { findings.hits.is_empty() } else { expect.iter().any(serves) };
    let asked = [capability, role, context].into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
    Verdict {
        query: format!("{}: {}", kind.as_str(), asked.join(" / ")),
        expected: expect.clone(),
        found: findings.hits.iter().map(|hit| hit.definition.id.clone()).collect(),
        reasoning: findings.reasoning,
        holds,
    }
}
