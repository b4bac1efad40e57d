//! Orchestration patterns: plans of several agents, the similarity of goals, and statistics learned from outcomes.
//!
//! The store owns the one mutable [`PatternSet`] and publishes snapshots of it. A clone is cheap, since it shares
//! patterns and analysed goals with the original.
//!
//! In reading order: [`Plan`] (which agents work, in which order), [`Decision`] and [`Outcome`] (what an orchestrator
//! reports), [`Counters`] and [`DecayedStats`] (the statistics of outcomes), [`Pattern`] (a goal, its plan and its
//! statistics), [`Goal`] (an analysed goal, ready to be compared), [`PatternSet`] (all patterns: matching and
//! learning), [`OutcomeHistory`] (evidence about single agents from similar tasks), [`Neighbours`] (the same with tasks
//! compared by the agents they retrieve, whatever their wording).

mod decision;
mod goal;
mod goal_index;
mod knn;
mod learning;
mod outcome_history;
mod pattern;
mod pattern_set;
mod persistent_vec;
mod plan;
mod stats;

pub use decision::{
    Decision, MAX_DURATION_MS, MAX_GOAL_CHARS, MAX_ID_CHARS, MAX_TOKENS_SAVED, Outcome, check_goal,
    is_same_description,
};
pub use goal::{Goal, MAX_COMPARED_CHARS};
pub use knn::{Neighbours, Profile};
pub use learning::{DecisionContext, LearnReport, Observation, UnknownPattern};
pub use outcome_history::{AgentEvidence, MAX_REMEMBERED_TASKS, OutcomeHistory, TaskEvidence, TaskOutcome};
pub use pattern::{MIN_USES_TO_PRUNE, Origin, PRUNE_BELOW, Pattern};
pub use pattern_set::{
    DEFAULT_MIN_SIMILARITY, MAX_MATCHES, MAX_PATTERNS, PatternMatch, PatternSet, SimilaritySearch,
};
pub use plan::{MAX_AGENT_CHARS, MAX_AGENTS, Plan};
pub use stats::{Counters, DEFAULT_HALF_LIFE, DecayedStats};
