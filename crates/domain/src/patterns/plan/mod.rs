//! Plans: which agents work on a goal, and which of them wait for which.

mod build;
mod order;
mod validate;

pub use build::Plan;
pub use validate::{MAX_AGENT_CHARS, MAX_AGENTS};

#[cfg(test)]
mod tests;
