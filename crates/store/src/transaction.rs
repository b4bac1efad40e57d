//! What jobs do to the rows and to the book, inside one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rusqlite::Connection;

use super::error::StoreError;
use super::queue::Entry;
use super::records::{DecisionReceipt, StoredPattern};
use super::rows::{self, Former};
use super::timestamp::now_ms;
use domain::patterns::{
    DecayedStats, Decision, DecisionContext, Goal, MAX_PATTERNS, Pattern, PatternSet, Plan, TaskOutcome,
};

/// A transaction in the making: what will be published and answered if it is committed.
pub(super) struct Work<'a> {
    connection: &'a Connection,
    pub book: PatternSet,
    pub changed: BTreeMap<String, Arc<Pattern>>,
    /// Those of them that are new, or have another plan.
    pub replanned: BTreeSet<String>,
    pub outcomes: Vec<(TaskOutcome, Arc<Goal>)>,
    now_ms: i64,
}

/// What a job came to, to be answered once its transaction is committed.
pub(super) enum Done {
    Decision(Result<DecisionReceipt, StoreError>),
    Patterns(Result<Vec<StoredPattern>, StoreError>),
}

impl<'a> Work<'a> {
    /// A transaction over the connection's, which starts from a copy of the book.
    pub(super) fn new(connection: &'a Connection, book: PatternSet) -> Work<'a> {
        Work {
            connection,
            book,
            changed: BTreeMap::new(),
            replanned: BTreeSet::new(),
            outcomes: Vec::new(),
            now_ms: now_ms(),
        }
    }

    /// Keeps a decision. The outer error ends the transaction, the inner one is the caller's.
    pub(super) fn decide(
        &mut self,
        decision: &Decision,
        goal: &Arc<Goal>,
        plan: &Plan,
    ) -> rusqlite::Result<Result<DecisionReceipt, StoreError>> {
        let former = rows::read_decision(self.connection, &decision.task_id)?;
        let at_ms = former.as_ref().map_or(self.now_ms, |former| former.at_ms);
        // No decision is made after it arrives: a clock that is ahead must not keep later corrections out.
        let decided_at_ms = decision.decided_at_ms.map_or(self.now_ms, |at_ms| at_ms.min(self.now_ms));
        if let Some(former) = former.as_ref().filter(|former| self.is_later(former, decided_at_ms)) {
            return Ok(Ok(self.superseded(former)));
        }
        let occasion = DecisionContext {
            decision,
            goal,
            plan,
            former: former.as_ref().and_then(|former| former.lesson.as_ref()),
            same_task: former.as_ref().is_some_and(|former| {
                former.task_description == decision.task_description
                    && former.agents_used == decision.agents_used
            }),
            at_ms,
            now_ms: self.now_ms,
        };
        let learned = match self.book.learn(&occasion, new_id) {
            Ok(learned) => learned,
            Err(unknown) => return Ok(Err(StoreError::UnknownPattern(unknown.0))),
        };
        if learned.created {
            self.replanned.extend(learned.pattern.iter().map(|pattern| pattern.id.clone()));
        }
        for pattern in learned.changed {
            self.changed.insert(pattern.id.clone(), pattern);
        }
        let pattern_id = learned.observation.as_ref().map(|lesson| lesson.pattern_id.as_str());
        rows::write_decision(self.connection, decision, pattern_id, at_ms, decided_at_ms)?;
        let outcome = TaskOutcome {
            task_id: decision.task_id.clone(),
            description: decision.task_description.clone(),
            agents: decision.agents_used.clone(),
            result: decision.result,
            at_ms,
        };
        self.outcomes.push((outcome, Arc::clone(goal)));
        Ok(Ok(DecisionReceipt {
            stored: true,
            is_superseded: false,
            pattern: learned.pattern,
            founded: learned.created,
            corrected: former.is_some(),
        }))
    }

    /// Whether the decision in effect was made after `decided_at_ms`. A time that is still to come is of a clock that was
    /// set back since, and says nothing.
    fn is_later(&self, former: &Former, decided_at_ms: i64) -> bool {
        former.decided_at_ms.is_some_and(|at_ms| at_ms > decided_at_ms && at_ms <= self.now_ms)
    }

    /// The receipt of a decision that changes nothing, since `former` was made later.
    fn superseded(&self, former: &Former) -> DecisionReceipt {
        let pattern_id = former.lesson.as_ref().map(|lesson| lesson.pattern_id.as_str());
        DecisionReceipt {
            stored: false,
            is_superseded: true,
            pattern: pattern_id.and_then(|id| self.book.get(id)).cloned(),
            founded: false,
            corrected: false,
        }
    }

    /// Keeps patterns, each once, all or none. The outer error ends the transaction, the inner one is the caller's.
    pub(super) fn keep(
        &mut self,
        entries: &[Entry],
    ) -> rusqlite::Result<Result<Vec<StoredPattern>, StoreError>> {
        let mut kept = Vec::with_capacity(entries.len());
        let mut fresh: BTreeMap<(&str, &[String]), String> = BTreeMap::new();
        let (mut added, mut adopted) = (Vec::new(), Vec::new());
        for Entry { pattern, goal, stated } in entries {
            let known = self.book.find(goal, pattern.plan.agent_sequence()).map(|known| known.id.clone());
            let key = (goal.normal(), pattern.plan.agent_sequence());
            if let Some(id) = known {
                adopted.push((id.clone(), stated.then(|| pattern.plan.clone())));
                kept.push(StoredPattern { id, created: false });
            } else if let Some(id) = fresh.get(&key) {
                kept.push(StoredPattern { id: id.clone(), created: false });
            } else {
                let id = new_id();
                fresh.insert(key, id.clone());
                added.push(Pattern {
                    id: id.clone(),
                    decayed: DecayedStats::fresh(&pattern.counters, self.now_ms),
                    created_ms: self.now_ms,
                    updated_ms: self.now_ms,
                    ..Pattern::clone(pattern)
                });
                kept.push(StoredPattern { id, created: true });
            }
        }
        // Nothing was changed up to here, so that a chunk that is refused leaves nothing behind.
        if self.book.len() + added.len() > MAX_PATTERNS {
            let why = format!("no more than {MAX_PATTERNS} patterns can be kept");
            return Ok(Err(StoreError::Invalid(vec![why])));
        }
        for (id, plan) in adopted {
            self.replanned.insert(id.clone());
            self.changed.extend(self.book.adopt(&id, plan, self.now_ms).map(|known| (id, known)));
        }
        for pattern in &added {
            rows::write_pattern(self.connection, pattern)?;
        }
        self.book.extend(added);
        Ok(Ok(kept))
    }
}

fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
