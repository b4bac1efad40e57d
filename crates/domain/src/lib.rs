//! Plans of several agents, how alike two goals are, and what outcomes teach.
//!
//! Everything here is pure: ids and times (milliseconds since 1970, UTC) are passed in, nothing is written anywhere.
//! The store owns the one mutable [`PatternBook`] and publishes snapshots of it; a snapshot is cheap to clone, since
//! patterns and analysed goals are shared.
//!
//! In reading order: [`Plan`] (which agents, in which order), [`Decision`] and [`Outcome`] (what was done and how it
//! went), [`Tally`] and [`Fading`] (the sums they add up to), [`Pattern`] (a goal, its plan and its sums), [`Goal`] (an
//! analysed goal and its similarity to another), [`PatternBook`] (all patterns, matching and learning), [`Outcomes`]
//! (what the same history says of single agents), [`Neighbours`] (the same across other words).

mod book;
mod decision;
mod goal;
mod index;
mod learning;
mod neighbours;
mod outcomes;
mod pattern;
mod plan;
mod shelf;
mod tally;

pub use book::{
    DEFAULT_MIN_SIMILARITY, MAX_MATCHES, MAX_PATTERNS, PatternBook, PatternMatch, PatternRequest,
};
pub use decision::{
    Decision, MAX_DURATION_MS, MAX_GOAL_CHARS, MAX_ID_CHARS, MAX_TOKENS_SAVED, Outcome, check_goal,
};
pub use goal::{Goal, MAX_COMPARED_CHARS};
pub use learning::{Learned, Lesson, Occasion, UnknownPattern};
pub use neighbours::{Neighbours, Profile};
pub use outcomes::{AgentEvidence, MAX_REMEMBERED_TASKS, Outcomes, TaskEvidence, TaskOutcome};
pub use pattern::{MIN_USES_TO_PRUNE, Origin, PRUNE_BELOW, Pattern};
pub use plan::{MAX_AGENT_CHARS, MAX_AGENTS, Plan};
pub use tally::{DEFAULT_HALF_LIFE, Fading, Tally};
