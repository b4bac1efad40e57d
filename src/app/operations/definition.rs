//! `getDefinition`: the whole of one entry, the just-in-time load that a query is for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::app::operation::{CallContext, Operation, Output};
use crate::app::{App, AppError, Snapshot};
use crate::catalog::{Definition, Kind, Lookup};
use crate::search::Request;

/// `getDefinition`
#[derive(Debug)]
pub struct GetDefinition;

/// What `getDefinition` takes.
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct DefinitionQuery {
    /// agent, skill or workflow.
    pub kind: KindName,
    /// `plugin:name`, an alias, or a bare name where it is unique.
    #[validate(length(min = 1, max = 300))]
    pub id: String,
}

/// A kind of entry on the wire.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KindName {
    /// An agent.
    Agent,
    /// A skill.
    Skill,
    /// A workflow.
    Workflow,
}

impl From<KindName> for Kind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Agent => Kind::Agent,
            KindName::Skill => Kind::Skill,
            KindName::Workflow => Kind::Workflow,
        }
    }
}

/// All that is known of one entry.
#[derive(Debug)]
pub struct WholeDefinition(Arc<Definition>);

/// A definition as it goes out.
#[derive(Serialize)]
struct View<'a> {
    kind: &'static str,
    id: &'a str,
    name: &'a str,
    plugin: &'a str,
    aliases: &'a [String],
    description: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    when_to_use: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    tools: &'a [String],
    category: &'a str,
    keywords: &'a [String],
    capabilities: &'a [String],
    #[serde(skip_serializing_if = "str::is_empty")]
    arguments: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    steps: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    agents: &'a [String],
    source: Source<'a>,
    body: &'a str,
}

/// Where a definition comes from, so that a reader can judge it.
#[derive(Serialize)]
struct Source<'a> {
    path: std::borrow::Cow<'a, str>,
    sha256: &'a str,
}

impl Serialize for WholeDefinition {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let definition = &*self.0;
        View {
            kind: definition.kind.as_str(),
            id: &definition.id,
            name: &definition.name,
            plugin: &definition.plugin,
            aliases: &definition.aliases,
            description: &definition.description,
            when_to_use: &definition.when_to_use,
            model: definition.model.as_deref(),
            tools: &definition.tools,
            category: &definition.category,
            keywords: &definition.keywords,
            capabilities: &definition.capabilities,
            arguments: &definition.arguments,
            steps: &definition.steps,
            agents: &definition.agents,
            source: Source { path: definition.path.to_string_lossy(), sha256: &definition.content_hash },
            body: &definition.body,
        }
        .serialize(serializer)
    }
}

impl Output for WholeDefinition {}

impl Operation for GetDefinition {
    const NAME: &'static str = "getDefinition";
    type Params = DefinitionQuery;
    type Output = WholeDefinition;

    async fn run(app: &App, call: &CallContext, params: DefinitionQuery) -> Result<Self::Output, AppError> {
        let kind = Kind::from(params.kind);
        let snapshot = app.snapshot();
        match snapshot.catalog.find(kind, params.id.trim()) {
            Lookup::One(definition) => {
                // It is loaded because it was asked for: it costs, and spares nothing.
                let cost = snapshot.whole_tokens(definition);
                app.metrics().tokens().record(&call.client, Self::NAME, cost, 0);
                Ok(WholeDefinition(Arc::clone(definition)))
            }
            Lookup::Ambiguous(candidates) => {
                let ids: Vec<&str> = candidates.iter().take(20).map(|one| one.id.as_str()).collect();
                let (name, kind) = (params.id.trim(), kind.as_str());
                Err(AppError::invalid(format!(
                    "id must name one {kind}, got {name:?} which {} go by: {}",
                    candidates.len(),
                    ids.join(", ")
                )))
            }
            Lookup::Missing => Err(AppError::NotFound {
                message: format!("no {} is called {:?}", kind.as_str(), params.id.trim()),
                suggestions: names_near(&snapshot, kind, params.id.trim()),
            }),
        }
    }
}

/// Ids of entries that a wrong id may have meant.
fn names_near(snapshot: &Snapshot, kind: Kind, id: &str) -> Vec<String> {
    let words = id.replace([':', '/'], " ");
    let findings =
        snapshot.index.find(&Request { kind, context: Some(&words), limit: 5, ..Request::default() });
    if findings.hits.is_empty() {
        return findings.suggestions;
    }
    findings.hits.iter().map(|hit| hit.definition.id.clone()).collect()
}
