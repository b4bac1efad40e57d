//! `getDefinition`: the whole of one entry, the just-in-time load that a query is for.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use validator::Validate;

use super::find::whole;
use crate::app::operation::{CallContext, Operation, Output};
use crate::app::{App, AppError, Snapshot, tokens};
use catalog::{Definition, Kind, Lookup};
use search::Request;

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
    /// Tokens of the whole answer at most: the body is cut where they run out, and the answer says so.
    #[validate(range(min = 1, max = 100_000))]
    pub max_tokens: Option<i64>,
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

/// All that is known of one entry, as much of it as a token budget has room for.
#[derive(Debug)]
pub struct WholeDefinition {
    definition: Arc<Definition>,
    /// Where the body is cut, in bytes; `None` where it is whole.
    cut_at: Option<usize>,
    /// Estimated tokens of the answer.
    tokens: usize,
    /// Whether the caller set a token budget and is told what was used.
    tells_tokens: bool,
    /// It was handed out before, with another content.
    changed_since_use: bool,
}

/// Ends a body that was cut.
const CUT: &str = "\n\n[Cut here: the rest is in the file, or comes with a larger max_tokens.]";

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
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    body_is_cut: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_estimator: Option<&'static str>,
}

/// Where a definition comes from, so that a reader can judge it.
#[derive(Serialize)]
struct Source<'a> {
    path: std::borrow::Cow<'a, str>,
    sha256: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    changed_since_use: bool,
}

impl<'a> View<'a> {
    /// A definition with another body.
    fn of(definition: &'a Definition, body: &'a str) -> View<'a> {
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
            source: Source {
                path: definition.path.to_string_lossy(),
                sha256: &definition.content_hash,
                changed_since_use: false,
            },
            body,
            body_is_cut: false,
            tokens: None,
            token_estimator: None,
        }
    }

    /// Estimated tokens it has as JSON.
    fn tokens(&self) -> usize {
        serde_json::to_string(self).map_or(0, |json| tokens::estimate(&json))
    }
}

impl WholeDefinition {
    /// A definition that costs `whole` tokens, with its body cut where that exceeds `max_tokens`.
    fn of(definition: &Arc<Definition>, whole: usize, max_tokens: Option<usize>) -> Self {
        let fits = max_tokens.is_none_or(|budget| whole <= budget);
        let cut_at = max_tokens.filter(|_| !fits).map(|budget| longest(definition, budget));
        let tokens = cut_at.map_or(whole, |end| View::of(definition, &cut(definition, end)).tokens());
        WholeDefinition {
            definition: Arc::clone(definition),
            cut_at,
            tokens,
            tells_tokens: max_tokens.is_some(),
            changed_since_use: false,
        }
    }
}

/// The beginning of a body, and that it ends there.
fn cut(definition: &Definition, end: usize) -> String {
    [&definition.body[..end], CUT].concat()
}

/// The longest beginning of the body, in bytes, with which the answer costs no more than `budget`; none of it where
/// all else does already.
fn longest(definition: &Definition, budget: usize) -> usize {
    let body = &definition.body;
    let (mut fits, mut exceeds) = (0, body.len());
    while exceeds - fits > 1 {
        let middle = body.floor_char_boundary(fits.midpoint(exceeds));
        if middle == fits {
            break;
        }
        if View::of(definition, &cut(definition, middle)).tokens() <= budget {
            fits = middle;
        } else {
            exceeds = middle;
        }
    }
    fits
}

impl Serialize for WholeDefinition {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let definition = &*self.definition;
        let cut = self.cut_at.map(|end| cut(definition, end));
        let view = View::of(definition, cut.as_deref().unwrap_or(&definition.body));
        View {
            source: Source { changed_since_use: self.changed_since_use, ..view.source },
            body_is_cut: cut.is_some(),
            tokens: self.tells_tokens.then_some(self.tokens),
            token_estimator: self.tells_tokens.then_some(tokens::ESTIMATOR),
            ..view
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
        let wanted = whole(params.max_tokens);
        match snapshot.catalog.find(kind, params.id.trim()) {
            Lookup::One(definition) => {
                let whole = || View::of(definition, &definition.body).tokens();
                let whole = snapshot.whole_tokens(definition, whole);
                let changed_since_use = app.pins.note(definition);
                let answer = WholeDefinition::of(definition, whole, wanted);
                // It is loaded because it was asked for: it costs, and spares nothing.
                app.metrics().tokens().record(&call.client, Self::NAME, answer.tokens, 0);
                Ok(WholeDefinition { changed_since_use, ..answer })
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
