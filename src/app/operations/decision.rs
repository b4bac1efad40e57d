//! `cacheDecision`: what was done, and how it went.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use validator::Validate;

use super::find::required;
use super::patterns::PatternView;
use crate::app::operation::{CallContext, Operation, Output};
use crate::app::{App, AppError};
use domain::patterns::{Decision, Outcome};

/// `cacheDecision`
#[derive(Debug)]
pub struct CacheDecision;

/// What `cacheDecision` takes.
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct DecisionParams {
    /// The caller's name for the task; sent again it corrects what was sent before.
    #[validate(length(min = 1, max = 200))]
    pub task_id: String,
    /// What was to be done.
    #[validate(length(max = 2000))]
    pub task_description: String,
    /// Who worked on it, in order.
    #[validate(length(min = 1, max = 64))]
    pub agents_used: Vec<String>,
    /// success, failure or partial.
    pub result: ResultName,
    /// How long it took.
    #[validate(range(min = 0, max = 2_592_000_000_i64))]
    pub duration_ms: Option<i64>,
    /// What it saved; negative where it cost more than carrying everything.
    #[validate(range(min = -1_000_000_000, max = 1_000_000_000))]
    pub tokens_saved: Option<i64>,
    /// The pattern that was followed.
    #[validate(length(min = 1, max = 200))]
    pub pattern_id: Option<String>,
    /// Who waited for whom.
    #[serde(default)]
    pub dependencies: BTreeMap<String, Vec<String>>,
    /// Who worked at the same time.
    #[serde(default)]
    pub parallel_groups: Vec<Vec<String>>,
}

/// A result on the wire.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResultName {
    /// It worked.
    Success,
    /// It did not.
    Failure,
    /// It worked in part.
    Partial,
}

impl From<ResultName> for Outcome {
    fn from(name: ResultName) -> Self {
        match name {
            ResultName::Success => Outcome::Success,
            ResultName::Failure => Outcome::Failure,
            ResultName::Partial => Outcome::Partial,
        }
    }
}

/// What was stored, and what learned from it.
#[derive(Debug, Serialize)]
pub struct DecisionStored {
    stored: bool,
    /// The pattern that learned; `null` where none matched and the result founds none.
    pattern: Option<PatternView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl Output for DecisionStored {}

impl Operation for CacheDecision {
    const NAME: &'static str = "cacheDecision";
    type Params = DecisionParams;
    type Output = DecisionStored;

    async fn run(app: &App, _: &CallContext, params: DecisionParams) -> Result<DecisionStored, AppError> {
        app.record_after_drain(params).await
    }
}

impl App {
    /// Stores a decision and lets it teach.
    pub(in crate::app) async fn record(&self, params: DecisionParams) -> Result<DecisionStored, AppError> {
        let warnings = self.unknown_agents(&params.agents_used);
        let decision = Decision {
            task_description: required("task_description", &params.task_description)?,
            task_id: params.task_id,
            agents_used: self.by_id(params.agents_used),
            result: params.result.into(),
            duration_ms: params.duration_ms.and_then(|ms| u64::try_from(ms).ok()),
            tokens_saved: params.tokens_saved,
            pattern_id: params.pattern_id,
            dependencies: (params.dependencies.into_iter())
                .map(|(agent, others)| (self.by_id([agent]).remove(0), self.by_id(others)))
                .collect(),
            parallel_groups: params.parallel_groups.into_iter().map(|group| self.by_id(group)).collect(),
        };
        let receipt = self.store.record_decision(decision).await?;
        self.neighbours.request();
        let pattern = receipt.pattern.map(|pattern| PatternView::of(&pattern));
        Ok(DecisionStored { stored: receipt.stored, pattern, warnings })
    }
}
