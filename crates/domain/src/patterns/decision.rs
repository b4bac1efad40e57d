//! Decisions: an orchestrator's report of which agents worked on a task, and of the outcome.

use std::collections::BTreeMap;

use super::plan::{MAX_AGENTS, Plan};

/// The longest goal or task description, in characters: four times the longest context of a query.
pub const MAX_GOAL_CHARS: usize = 2_000;

/// The longest id of a task or pattern, in characters.
pub const MAX_ID_CHARS: usize = 200;

/// The longest duration, in milliseconds: thirty days. Anything longer is in the wrong unit.
pub const MAX_DURATION_MS: u64 = 30 * 24 * 3600 * 1000;

/// The most tokens that one decision may report as saved (or, negative, as wasted).
pub const MAX_TOKENS_SAVED: i64 = 1_000_000_000;

/// The outcome of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// The task succeeded.
    Success,
    /// The task failed.
    Failure,
    /// The task succeeded in part, which counts half.
    Partial,
}

impl Outcome {
    /// `success`, `failure` or `partial`: the form on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::Failure => "failure",
            Outcome::Partial => "partial",
        }
    }

    /// The inverse of [`Outcome::as_str`]; `None` for any other text.
    pub fn parse(text: &str) -> Option<Outcome> {
        [Outcome::Success, Outcome::Failure, Outcome::Partial]
            .into_iter()
            .find(|known| known.as_str() == text)
    }

    /// Its share of a success: 1, 0 or ½.
    pub fn credit(self) -> f64 {
        match self {
            Outcome::Success => 1.0,
            Outcome::Failure => 0.0,
            Outcome::Partial => 0.5,
        }
    }
}

/// Whether two descriptions are of one task: the same words in the same order, whatever their case and spacing.
pub fn is_same_description(one: &str, other: &str) -> bool {
    one.split_whitespace().map(str::to_lowercase).eq(other.split_whitespace().map(str::to_lowercase))
}

/// One orchestration that took place. A later decision with the same `task_id` and description corrects an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The caller's name for the task.
    pub task_id: String,
    /// The task; becomes the goal of a pattern created from this decision.
    pub task_description: String,
    /// The agents that worked on it, in order. Of repeated agents the first occurrence counts.
    pub agents_used: Vec<String>,
    /// The outcome.
    pub result: Outcome,
    /// The duration in milliseconds.
    pub duration_ms: Option<u64>,
    /// Tokens saved; negative where more were used.
    pub tokens_saved: Option<i64>,
    /// The pattern that was followed, if any.
    pub pattern_id: Option<String>,
    /// For each agent, the agents it waited for; the dependencies of a pattern created from this decision.
    pub dependencies: BTreeMap<String, Vec<String>>,
    /// Agents that worked in parallel; the groups of a pattern created from this decision.
    pub parallel_groups: Vec<Vec<String>>,
    /// When it was made, in milliseconds since 1970, UTC; `None` means on arrival. Of two decisions on one task the
    /// later one is in effect, whichever arrives last.
    pub decided_at_ms: Option<i64>,
}

impl Decision {
    /// Validates the decision. Returns its agents, without repetitions, as a plan.
    ///
    /// # Errors
    /// One sentence for each field that exceeds its limit and for each problem of the plan.
    pub fn check(&self) -> Result<Plan, Vec<String>> {
        let mut problems = Vec::new();
        problems.extend(check_text("task_id", &self.task_id, MAX_ID_CHARS));
        problems.extend(check_goal("task_description", &self.task_description));
        if let Some(id) = &self.pattern_id {
            problems.extend(check_text("pattern_id", id, MAX_ID_CHARS));
        }
        if let Some(duration) = self.duration_ms.filter(|&duration| duration > MAX_DURATION_MS) {
            problems
                .push(format!("duration_ms is {duration}: at most {MAX_DURATION_MS} (30 days) is allowed"));
        }
        if let Some(tokens) =
            self.tokens_saved.filter(|tokens| tokens.unsigned_abs() > MAX_TOKENS_SAVED.unsigned_abs())
        {
            problems.push(format!("tokens_saved is {tokens}: at most {MAX_TOKENS_SAVED} is allowed"));
        }
        match self.plan() {
            Err(more) => problems.extend(more),
            Ok(plan) if problems.is_empty() => return Ok(plan),
            Ok(_) => {}
        }
        Err(problems)
    }

    fn plan(&self) -> Result<Plan, Vec<String>> {
        // Rejected before the search for repetitions, which is quadratic.
        let count = self.agents_used.len();
        if count == 0 {
            return Err(vec!["agents_used is empty: a decision names at least one agent".to_owned()]);
        }
        if count > 4 * MAX_AGENTS {
            return Err(vec![format!("agents_used names {count} agents: at most {MAX_AGENTS} are allowed")]);
        }
        let mut sequence: Vec<String> = Vec::new();
        for agent in &self.agents_used {
            if !sequence.contains(agent) {
                sequence.push(agent.clone());
            }
        }
        Plan::new(&sequence, &self.dependencies, &self.parallel_groups).map_err(|problems| {
            problems.into_iter().map(|problem| problem.replace("agent_sequence", "agents_used")).collect()
        })
    }
}

/// Validates a goal. Returns a sentence about `field` where it is blank or too long.
pub fn check_goal(field: &str, goal: &str) -> Option<String> {
    check_text(field, goal, MAX_GOAL_CHARS)
}

fn check_text(field: &str, text: &str, most: usize) -> Option<String> {
    if text.trim().is_empty() {
        Some(format!("{field} is blank"))
    } else if text.chars().nth(most).is_some() {
        Some(format!("{field} is longer than {most} characters"))
    } else {
        None
    }
}
