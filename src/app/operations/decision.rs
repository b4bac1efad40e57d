//! `cacheDecision`: what was done, and how it went.

use super::kind_query::required;
use super::patterns::pattern_view;
use crate::app::authorization::Principal;
use crate::app::operation::{Operation, Output, Rendering, Tool};
use crate::app::{AppError, Project};
use domain::patterns::{Decision, Outcome};
use protocol::{AccessRole, DecisionParams, DecisionStored, OperationClass, ResultName};
use store::{ReplacedDecision, rfc3339};

/// What the client of an outdated decision reads.
const SUPERSEDED: &str =
    "a decision on this task that was made later is stored already: this one changes nothing";

/// `cacheDecision`
#[derive(Debug)]
pub struct CacheDecision;

fn outcome_of(name: ResultName) -> Outcome {
    match name {
        ResultName::Success => Outcome::Success,
        ResultName::Failure => Outcome::Failure,
        ResultName::Partial => Outcome::Partial,
    }
}

/// The wire form of a decision that was replaced.
fn replaced_view(replaced: ReplacedDecision) -> protocol::ReplacedDecision {
    protocol::ReplacedDecision {
        agents_used: replaced.agents_used,
        result: replaced.result.map(|result| result.as_str().to_owned()),
        decided_at: replaced.decided_at_ms.map(rfc3339),
    }
}

impl Output for DecisionStored {}

impl Operation for CacheDecision {
    const NAME: &'static str = "cacheDecision";
    const CLASS: OperationClass = OperationClass::Write;
    const PERMISSION: AccessRole = AccessRole::Operator;
    const TITLE: &'static str = "Record an outcome";
    const SENTENCE: &'static str =
        "Record who worked on a task and how it went, so that recommendations learn.";
    const TOOL: Option<&'static Tool> = Some(&Tool {
        name: "record_outcome",
        position: 6,
        description: "Stores who worked on a task and how it went, so that recommendations learn. \
                      The same task_id and description again correct it; another task needs another task_id.",
        counted: None,
        free_text: Some("task_description"),
        default_budget: None,
        max_result_chars: None,
        rendering: Rendering::Stored,
    });
    type Params = DecisionParams;
    type Answer = DecisionStored;
    type Output = DecisionStored;

    async fn run(
        project: &Project,
        principal: &Principal,
        params: DecisionParams,
    ) -> Result<DecisionStored, AppError> {
        project.drain_outbox_before(principal).await;
        project.record(params).await
    }
}

impl Project {
    /// Stores a decision, from which patterns and ranking learn.
    async fn record(&self, params: DecisionParams) -> Result<DecisionStored, AppError> {
        let mut warnings = self.unknown_agents(&params.agents_used);
        let decision = Decision {
            task_description: required("task_description", &params.task_description)?,
            task_id: params.task_id,
            agents_used: self.by_id(params.agents_used),
            result: outcome_of(params.result),
            duration_ms: params.duration_ms.and_then(|ms| u64::try_from(ms).ok()),
            tokens_saved: params.tokens_saved,
            pattern_id: params.pattern_id,
            dependencies: (params.dependencies.into_iter())
                .map(|(agent, others)| (self.by_id([agent]).remove(0), self.by_id(others)))
                .collect(),
            parallel_groups: params.parallel_groups.into_iter().map(|group| self.by_id(group)).collect(),
            decided_at_ms: params.decided_at_ms,
        };
        let receipt = self.store.record_decision(decision).await?;
        if receipt.is_superseded {
            warnings.push(SUPERSEDED.to_owned());
        }
        let snapshot = self.snapshot();
        let pattern = receipt.pattern.map(|pattern| pattern_view(&pattern, &snapshot));
        let replaced = receipt.replaced.map(replaced_view);
        Ok(DecisionStored { stored: !receipt.is_superseded, pattern, replaced, warnings })
    }
}
