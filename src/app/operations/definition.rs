//! `getDefinition`: the whole of one entry, the just-in-time load that a query is for.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Serialize;

use super::kind_query::kind_of;
use super::kind_query::whole;
use crate::app::authorization::Principal;
use crate::app::operation::{Cost, Operation, Output, Rendering, Tool};
use crate::app::{AppError, Project, Snapshot, origins, tokens};
use catalog::{Definition, Kind, Lookup};
use protocol::{AccessRole, DefinitionQuery, DefinitionSource, OperationClass};
use search::Request;

/// Estimated tokens of a tool's answer where the caller sets no budget, below the 25,000 at which Claude Code cuts. The
/// longest body of a real collection has 13,000.
const TOOL_BUDGET: usize = 20_000;

/// `getDefinition`
#[derive(Debug)]
pub struct GetDefinition;

/// All that is known of one entry, as much of it as a token budget has room for.
#[derive(Debug)]
pub struct WholeDefinition {
    definition: Arc<Definition>,
    /// Where the body is cut, in bytes; `None` where it is whole.
    cut_at: Option<usize>,
    /// Estimated tokens of the answer.
    tokens: usize,
    /// Whether the caller set a token budget, so that the answer reports the tokens used.
    tells_tokens: bool,
    /// Whether it was returned before with another content.
    changed_since_use: bool,
    /// Whether an offload took it out of the client's listing.
    is_offloaded: bool,
}

/// The end of a body that was cut.
pub const CUT: &str = "\n\n[Cut here: the rest is in the file, or comes with a larger max_tokens.]";

/// The wire form of a definition, with `body` in place of its own.
fn view<'a>(definition: &'a Definition, body: &'a str) -> protocol::Definition<'a> {
    protocol::Definition {
        kind: definition.kind.as_str().into(),
        id: definition.id.as_str().into(),
        name: definition.name.as_str().into(),
        plugin: definition.plugin.as_str().into(),
        scope: origins::scope_text(definition).into(),
        marketplace: origins::marketplace(definition).map(Cow::from),
        aliases: definition.aliases.as_slice().into(),
        description: definition.description.as_str().into(),
        when_to_use: definition.when_to_use.as_str().into(),
        model: definition.model.as_deref().map(Cow::from),
        tools: definition.tools.as_slice().into(),
        category: definition.category.as_str().into(),
        keywords: definition.keywords.as_slice().into(),
        capabilities: definition.capabilities.as_slice().into(),
        arguments: definition.arguments.as_str().into(),
        steps: definition.steps.as_slice().into(),
        agents: definition.agents.as_slice().into(),
        invocation: definition.invocation.restriction().map(Cow::from),
        source: DefinitionSource {
            path: definition.shown_path().to_string_lossy().into_owned().into(),
            sha256: definition.content_hash.as_str().into(),
            changed_since_use: false,
        },
        body: body.into(),
        ..protocol::Definition::default()
    }
}

/// Estimated tokens a definition has as JSON.
fn tokens_of(view: &protocol::Definition<'_>) -> usize {
    serde_json::to_string(view).map_or(0, |json| tokens::estimate(&json))
}

impl WholeDefinition {
    /// A definition that costs `whole` tokens, with its body cut where that exceeds `max_tokens`.
    fn of(definition: &Arc<Definition>, whole: usize, max_tokens: Option<usize>) -> Self {
        let fits = max_tokens.is_none_or(|budget| whole <= budget);
        let cut_at = max_tokens.filter(|_| !fits).map(|budget| longest(definition, budget));
        let tokens = cut_at.map_or(whole, |end| tokens_of(&view(definition, &cut(definition, end))));
        WholeDefinition {
            definition: Arc::clone(definition),
            cut_at,
            tokens,
            tells_tokens: max_tokens.is_some(),
            changed_since_use: false,
            is_offloaded: false,
        }
    }
}

/// A body cut at `end`, with a note that says so.
fn cut(definition: &Definition, end: usize) -> String {
    [&definition.body[..end], CUT].concat()
}

/// The longest prefix of the body, in bytes, with which the answer stays within `budget`; empty where the rest of the answer
/// exceeds it already.
fn longest(definition: &Definition, budget: usize) -> usize {
    let fits = |end: usize| tokens_of(&view(definition, &cut(definition, end))) <= budget;
    tokens::longest_prefix(&definition.body, fits)
}

impl Serialize for WholeDefinition {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let definition = &*self.definition;
        let cut = self.cut_at.map(|end| cut(definition, end));
        let view = view(definition, cut.as_deref().unwrap_or(&definition.body));
        protocol::Definition {
            source: DefinitionSource { changed_since_use: self.changed_since_use, ..view.source },
            scope: if self.is_offloaded { origins::OFFLOADED.into() } else { view.scope },
            body_is_cut: cut.is_some(),
            tokens: self.tells_tokens.then_some(self.tokens),
            token_estimator: self.tells_tokens.then_some(tokens::ESTIMATOR.into()),
            ..view
        }
        .serialize(serializer)
    }
}

impl Output for WholeDefinition {
    /// It is loaded because it was asked for: it costs, and spares nothing.
    fn cost(&self) -> Option<Cost> {
        Some(Cost { as_json: self.tokens, spared: 0 })
    }
}

impl Operation for GetDefinition {
    const NAME: &'static str = "getDefinition";
    const CLASS: OperationClass = OperationClass::Read;
    const PERMISSION: AccessRole = AccessRole::Viewer;
    const TITLE: &'static str = "Get a definition";
    const SENTENCE: &'static str = "Show one entry in full.";
    const TOOL: Option<&'static Tool> = Some(&Tool {
        name: "get_definition",
        position: 4,
        description: "Loads one entry whole: its instructions, tools and model.",
        counted: None,
        free_text: None,
        default_budget: Some(TOOL_BUDGET),
        max_result_chars: Some(TOOL_BUDGET * 5),
        rendering: Rendering::Definition,
    });
    type Params = DefinitionQuery;
    type Answer = protocol::Definition<'static>;
    type Output = WholeDefinition;

    async fn run(
        project: &Project,
        _: &Principal,
        params: DefinitionQuery,
    ) -> Result<Self::Output, AppError> {
        let kind = kind_of(params.kind);
        let snapshot = project.snapshot();
        let wanted = whole(params.max_tokens);
        // A name may begin or end with a blank.
        let found = match snapshot.catalog.find(kind, &params.id) {
            Lookup::Missing => snapshot.catalog.find(kind, params.id.trim()),
            found => found,
        };
        match found {
            Lookup::One(definition) => {
                let whole = || tokens_of(&view(definition, &definition.body));
                let whole = snapshot.whole_tokens(definition, whole);
                let changed_since_use = project.pins.note(definition);
                let answer = WholeDefinition::of(definition, whole, wanted);
                let is_offloaded = snapshot.client.is_offloaded(&**definition);
                Ok(WholeDefinition { changed_since_use, is_offloaded, ..answer })
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

/// Ids of entries similar to an unknown id.
fn names_near(snapshot: &Snapshot, kind: Kind, id: &str) -> Vec<String> {
    let words = id.replace([':', '/'], " ");
    let findings =
        snapshot.index.find(&Request { kind, context: Some(&words), limit: 5, ..Request::default() });
    if findings.hits.is_empty() {
        return findings.suggestions;
    }
    findings.hits.iter().map(|hit| hit.definition.id.clone()).collect()
}
