//! `explain`: what made the scores of an answer, as numbers that add up.

use serde::{Deserialize, Serialize};
use validator::Validate;

use super::definition::KindName;
use super::find::{DEFAULT_LIMIT, request_of, whole};
use crate::app::cache::{QueryKey, canonical};
use crate::app::operation::{CallContext, Operation, Output};
use crate::app::{App, AppError};
use catalog::{Definition, Kind};
use search::{Explanation, Prior, Request, ScoreBreakdown, TermContribution};

/// `explain`
#[derive(Debug)]
pub struct Explain;

/// What `explain` takes: a query of any kind. Lengths count Unicode characters.
#[derive(Debug, Default, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct ExplainParams {
    /// agent, skill or workflow; agents where nothing is said.
    pub kind: Option<KindName>,
    /// A capability tag.
    #[validate(length(max = 100))]
    pub capability: Option<String>,
    /// A role of the registry.
    #[validate(length(max = 50))]
    pub role: Option<String>,
    /// The task or goal in the caller's words.
    #[validate(length(max = 500))]
    pub context: Option<String>,
    /// Only this plugin's entries.
    #[validate(length(max = 200))]
    pub plugin: Option<String>,
    /// Rows at most.
    #[validate(range(min = 1, max = 20))]
    pub limit: Option<i64>,
}

/// An answer, taken apart.
#[derive(Debug, Serialize)]
pub struct Explained {
    reasoning: String,
    confidence: f32,
    /// Words of the request that neither the collection nor the aliases know.
    unknown: Vec<String>,
    hits: Vec<ExplainedHit>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<String>,
}

/// One row, taken apart: the parts add up to the score, but for its bounds of 0 and 1.
#[derive(Debug, Serialize)]
pub struct ExplainedHit {
    id: String,
    score: f32,
    terms: Vec<ExplainedTerm>,
    latent: f32,
    semantic: f32,
    need: f32,
    capability: f32,
    name: f32,
    role: f32,
    model: f32,
    outcomes: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
}

/// What one term brought.
#[derive(Debug, Serialize)]
pub struct ExplainedTerm {
    term: String,
    /// The word of the request it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<String>,
    share: f32,
    /// How that divides over the fields it stands in.
    fields: serde_json::Map<String, serde_json::Value>,
}

impl Output for Explained {}

impl Operation for Explain {
    const NAME: &'static str = "explain";
    type Params = ExplainParams;
    type Output = Explained;

    async fn run(app: &App, _: &CallContext, params: ExplainParams) -> Result<Explained, AppError> {
        let kind = params.kind.map_or(Kind::Agent, Kind::from);
        let key = QueryKey {
            capability: canonical(params.capability.as_deref()),
            role: canonical(params.role.as_deref()),
            context: canonical(params.context.as_deref()),
            plugin: canonical(params.plugin.as_deref()),
            limit: whole(params.limit).unwrap_or(DEFAULT_LIMIT),
            ..QueryKey::default()
        };
        if key.capability.is_none() && key.role.is_none() && key.context.is_none() {
            return Err(AppError::invalid("one of capability, role, context is required, got none"));
        }
        let snapshot = app.snapshot();
        let scores = app.semantic_scores(&snapshot, kind, &key).await;
        let outcomes = app.outcome_prior(kind, &key);
        let prior = outcomes.as_ref().map(|known| known as &dyn Prior);
        let request = Request { similarity: scores.similarity(), ..request_of(kind, &key, prior) };
        let mut explanation = snapshot.index.explain(&request);
        scores.note(&mut explanation.findings.reasoning);
        let record = |definition: &Definition| outcomes.as_ref().and_then(|known| known.record(definition));
        Ok(Explained::of(explanation, record))
    }
}

impl Explained {
    fn of(explanation: Explanation, record: impl Fn(&Definition) -> Option<String>) -> Self {
        let Explanation { findings, breakdowns, unknown } = explanation;
        let hits = findings.hits.iter().zip(breakdowns).map(|(hit, shares)| {
            ExplainedHit::of(hit.definition.id.clone(), hit.score, shares, record(&hit.definition))
        });
        Explained {
            hits: hits.collect(),
            reasoning: findings.reasoning,
            confidence: findings.confidence,
            unknown,
            suggestions: findings.suggestions,
        }
    }
}

impl ExplainedHit {
    fn of(id: String, score: f32, shares: ScoreBreakdown, record: Option<String>) -> Self {
        let ScoreBreakdown { terms, latent, semantic, intent, capability, name, role, model, prior } = shares;
        let terms = terms.into_iter().map(ExplainedTerm::of).collect();
        ExplainedHit {
            id,
            score,
            terms,
            latent,
            semantic,
            need: intent,
            capability,
            name,
            role,
            model,
            outcomes: prior,
            record,
        }
    }
}

impl ExplainedTerm {
    fn of(term: TermContribution) -> Self {
        let fields = term.fields.iter().map(|(field, share)| (field.as_str().to_owned(), (*share).into()));
        ExplainedTerm { fields: fields.collect(), term: term.term, via: term.via, share: term.score }
    }
}
