//! `explain`: the parts of the scores of an answer.

use super::find::{only_offloaded, request_of};
use super::kind_query::kind_of;
use super::kind_query::{DEFAULT_LIMIT, whole};
use crate::app::authorization::Principal;
use crate::app::cache::QueryKey;
use crate::app::canonical_text::canonical;
use crate::app::operation::{Operation, Output};
use crate::app::{AppError, Project};
use catalog::{Definition, Kind};
use protocol::{AccessRole, ExplainParams, ExplainedHit, ExplainedTerm, Explanation, OperationClass};
use search::{Prior, Request, ScoreBreakdown, TermContribution};

/// `explain`
#[derive(Debug)]
pub struct Explain;

impl Output for Explanation {}

impl Operation for Explain {
    const NAME: &'static str = "explain";
    const CLASS: OperationClass = OperationClass::Read;
    const PERMISSION: AccessRole = AccessRole::Viewer;
    const TITLE: &'static str = "Explain an answer";
    const SENTENCE: &'static str = "Explain the scores of an answer as numbers that add up.";
    type Params = ExplainParams;
    type Answer = Explanation;
    type Output = Explanation;

    async fn run(project: &Project, _: &Principal, params: ExplainParams) -> Result<Explanation, AppError> {
        let kind = params.kind.map_or(Kind::Agent, kind_of);
        let key = QueryKey {
            capability: canonical(params.capability.as_deref()),
            role: canonical(params.role.as_deref()),
            context: canonical(params.context.as_deref()),
            plugin: canonical(params.plugin.as_deref()),
            scope: params.scope,
            limit: whole(params.limit).unwrap_or(DEFAULT_LIMIT),
            ..QueryKey::default()
        };
        if key.capability.is_none() && key.role.is_none() && key.context.is_none() {
            return Err(AppError::invalid("one of capability, role, context is required, got none"));
        }
        let snapshot = project.snapshot();
        let scores = project.semantic_scores(&snapshot, kind, &key).await;
        let outcomes = project.outcome_prior(kind, &key);
        let prior = outcomes.as_ref().map(|known| known as &dyn Prior);
        let is_offloaded = |definition: &Definition| snapshot.client.is_offloaded(definition);
        let request = Request {
            similarity: scores.similarity(),
            only: only_offloaded(&key, &is_offloaded),
            ..request_of(kind, &key, prior)
        };
        let mut explanation = snapshot.index.explain(&request);
        scores.note(&mut explanation.findings.reasoning);
        let record = |definition: &Definition| outcomes.as_ref().and_then(|known| known.record(definition));
        Ok(explained(explanation, record))
    }
}

/// The wire form of an explanation.
fn explained(
    explanation: search::Explanation,
    record: impl Fn(&Definition) -> Option<String>,
) -> Explanation {
    let search::Explanation { findings, breakdowns, unknown } = explanation;
    let hits = findings.hits.iter().zip(breakdowns).map(|(hit, shares)| {
        explained_hit(hit.definition.id.clone(), hit.score, shares, record(&hit.definition))
    });
    Explanation {
        hits: hits.collect(),
        reasoning: findings.reasoning,
        confidence: findings.confidence,
        unknown,
        suggestions: findings.suggestions,
    }
}

fn explained_hit(id: String, score: f32, shares: ScoreBreakdown, record: Option<String>) -> ExplainedHit {
    let ScoreBreakdown { terms, latent, semantic, intent, capability, name, role, model, prior } = shares;
    let terms = terms.into_iter().map(explained_term).collect();
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

fn explained_term(term: TermContribution) -> ExplainedTerm {
    let fields = term.fields.iter().map(|(field, share)| (field.as_str().to_owned(), f64::from(*share)));
    ExplainedTerm { fields: fields.collect(), term: term.term, via: term.via, share: term.score }
}
