//! Decisions: the aggregate of the outcomes of past tasks, and the command that records a decision.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rusqlite::Connection;

use super::aggregate::{Aggregate, Draft};
use super::decision_rows::{self as rows, StoredDecision};
use super::error::StoreError;
use super::patterns::{PatternDraft, Patterns, new_id};
use super::transaction::{ApplyError, Transaction, WriteCommand};
use domain::patterns::{
    Decision, DecisionContext, Goal, Outcome, OutcomeHistory, Pattern, Plan, TaskOutcome, is_same_description,
};

/// The receipt of a decision.
#[derive(Debug, Clone)]
pub struct DecisionReceipt {
    /// Whether a later decision on the same task is stored already, so that this one changed nothing. Otherwise it is durable
    /// and in effect.
    pub is_superseded: bool,
    /// The pattern that learned from the decision in effect, as it stands now.
    pub pattern: Option<Arc<Pattern>>,
    /// Whether it created that pattern.
    pub founded: bool,
    /// The earlier decision on the same task that it replaced.
    pub replaced: Option<ReplacedDecision>,
}

/// A decision that another replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplacedDecision {
    /// The agents that it named, in order.
    pub agents_used: Vec<String>,
    /// Its outcome; `None` where the row had been damaged.
    pub result: Option<Outcome>,
    /// When it was made, in milliseconds since the Unix epoch; `None` if unknown.
    pub decided_at_ms: Option<i64>,
}

/// The aggregate of the outcomes of past tasks.
#[derive(Debug)]
pub(super) struct Outcomes {
    published: ArcSwap<OutcomeHistory>,
    draft: Draft<OutcomeDraft>,
    half_life: Option<Duration>,
}

/// The uncommitted outcomes.
#[derive(Debug, Default)]
struct OutcomeDraft {
    /// The history that replaces the published one, if it was loaded.
    loaded: Option<OutcomeHistory>,
    added: Vec<(TaskOutcome, Arc<Goal>)>,
}

impl Outcomes {
    /// An empty history, whose evidence decays with that half-life.
    pub(super) fn new(half_life: Option<Duration>) -> Outcomes {
        let published = ArcSwap::from_pointee(OutcomeHistory::new(half_life));
        Outcomes { published, draft: Draft::default(), half_life }
    }

    /// The snapshot of the last commit.
    pub(super) fn snapshot(&self) -> Arc<OutcomeHistory> {
        self.published.load_full()
    }

    fn add(&self, outcome: TaskOutcome, goal: Arc<Goal>) {
        self.draft.with(OutcomeDraft::default, |draft| draft.added.push((outcome, goal)));
    }
}

impl Aggregate for Outcomes {
    /// Analysing thousands of descriptions takes longer than the rest of a start, and ranking works without them.
    fn is_deferred(&self) -> bool {
        true
    }

    fn load(&self, connection: &Connection) -> rusqlite::Result<Option<String>> {
        let mut history = OutcomeHistory::new(self.half_life);
        history.extend(rows::read_outcomes(connection)?);
        if !(history.is_empty() && self.published.load().is_empty()) {
            self.draft.set(OutcomeDraft { loaded: Some(history), added: Vec::new() });
        }
        Ok(None)
    }

    /// Nothing is left: each decision writes its own row.
    fn flush(&self, _: &Connection) -> rusqlite::Result<()> {
        Ok(())
    }

    fn publish(&self) -> bool {
        let Some(OutcomeDraft { loaded, added }) = self.draft.take() else { return false };
        let mut history = loaded.unwrap_or_else(|| OutcomeHistory::clone(&self.published.load()));
        for (outcome, goal) in added {
            history.push(outcome, goal);
        }
        self.published.store(Arc::new(history));
        true
    }

    fn discard(&self) {
        self.draft.take();
    }

    fn write_back(&self, connection: &Connection) -> rusqlite::Result<()> {
        self.published.load().tasks().try_for_each(|outcome| rows::write_outcome(connection, outcome))
    }
}

/// Records a decision and lets a pattern learn from it.
#[derive(Debug)]
pub(super) struct RecordDecision {
    decision: Decision,
    goal: Arc<Goal>,
    plan: Plan,
    patterns: Arc<Patterns>,
    outcomes: Arc<Outcomes>,
}

impl RecordDecision {
    /// Validates and analyses a decision, in the caller's thread.
    ///
    /// # Errors
    /// [`StoreError::Invalid`]
    pub(super) fn new(
        decision: Decision,
        patterns: &Arc<Patterns>,
        outcomes: &Arc<Outcomes>,
    ) -> Result<RecordDecision, StoreError> {
        let plan = decision.check().map_err(StoreError::Invalid)?;
        let goal = Arc::new(Goal::new(&decision.task_description));
        let (patterns, outcomes) = (Arc::clone(patterns), Arc::clone(outcomes));
        Ok(RecordDecision { decision, goal, plan, patterns, outcomes })
    }

    /// Lets a pattern learn in the draft. Fails before it changes anything.
    fn learn(
        &self,
        draft: &mut PatternDraft,
        former: Option<&StoredDecision>,
        at_ms: i64,
        now_ms: i64,
    ) -> Result<Learning, StoreError> {
        let is_same_task = |former: &StoredDecision| {
            former.task_description == self.decision.task_description
                && former.agents_used == self.decision.agents_used
        };
        let context = DecisionContext {
            decision: &self.decision,
            goal: &self.goal,
            plan: &self.plan,
            former: former.and_then(|former| former.observation.as_ref()),
            same_task: former.is_some_and(is_same_task),
            at_ms,
            now_ms,
        };
        let learned = draft.set.learn(&context, new_id);
        let learned = learned.map_err(|unknown| StoreError::UnknownPattern(unknown.0))?;
        if let Some(created) = learned.pattern.as_ref().filter(|_| learned.created) {
            draft.write_plan(&created.id);
        }
        draft.write_counts(learned.changed);
        let pattern_id = learned.observation.map(|observation| observation.pattern_id);
        Ok(Learning { pattern: learned.pattern, pattern_id, founded: learned.created })
    }

    fn outcome(&self, at_ms: i64) -> TaskOutcome {
        TaskOutcome {
            task_id: self.decision.task_id.clone(),
            description: self.decision.task_description.clone(),
            agents: self.decision.agents_used.clone(),
            result: self.decision.result,
            at_ms,
        }
    }

    /// The receipt of a decision that changes nothing, since `former` was made later.
    fn superseded(&self, former: &StoredDecision) -> DecisionReceipt {
        let pattern_id = former.observation.as_ref().map(|lesson| lesson.pattern_id.as_str());
        let pattern = |draft: &mut PatternDraft| pattern_id.and_then(|id| draft.set.get(id)).cloned();
        DecisionReceipt {
            is_superseded: true,
            pattern: self.patterns.with_draft(pattern),
            founded: false,
            replaced: None,
        }
    }
}

/// What learning did.
struct Learning {
    pattern: Option<Arc<Pattern>>,
    pattern_id: Option<String>,
    founded: bool,
}

/// Whether the decision in effect was made after `decided_at_ms`. A time in the future comes from a clock that has been set
/// back since, and is ignored.
fn is_later(former: &StoredDecision, decided_at_ms: i64, now_ms: i64) -> bool {
    former.decided_at_ms.is_some_and(|at_ms| at_ms > decided_at_ms && at_ms <= now_ms)
}

impl WriteCommand for RecordDecision {
    type Receipt = DecisionReceipt;

    fn apply(&mut self, transaction: &Transaction<'_>) -> Result<DecisionReceipt, ApplyError> {
        let &Transaction { connection, now_ms } = transaction;
        let former = rows::read_decision(connection, &self.decision.task_id)?;
        if let Some(former) = &former
            && !is_same_description(&former.task_description, &self.decision.task_description)
        {
            let (task_id, stored) = (self.decision.task_id.clone(), former.task_description.clone());
            return Err(ApplyError::Refused(StoreError::OtherTask { task_id, stored }));
        }
        // A decision is made before it arrives: a client's clock that is ahead must not block later corrections.
        let decided_at_ms = self.decision.decided_at_ms.map_or(now_ms, |at_ms| at_ms.min(now_ms));
        if let Some(former) = former.as_ref().filter(|former| is_later(former, decided_at_ms, now_ms)) {
            return Ok(self.superseded(former));
        }
        let at_ms = former.as_ref().map_or(now_ms, |former| former.at_ms);
        let learn = |draft: &mut PatternDraft| self.learn(draft, former.as_ref(), at_ms, now_ms);
        let Learning { pattern, pattern_id, founded } =
            self.patterns.with_draft(learn).map_err(ApplyError::Refused)?;
        rows::write_decision(connection, &self.decision, pattern_id.as_deref(), at_ms, decided_at_ms)?;
        self.outcomes.add(self.outcome(at_ms), Arc::clone(&self.goal));
        let replaced = former.map(|former| ReplacedDecision {
            agents_used: former.agents_used,
            result: former.result,
            decided_at_ms: former.decided_at_ms,
        });
        Ok(DecisionReceipt { is_superseded: false, pattern, founded, replaced })
    }
}
