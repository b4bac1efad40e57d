//! What the plugin folders hold: files read into [`Definition`]s, and what was wrong with them into [`Problem`]s.
//!
//! A scan never fails as a whole. This module knows no clock, network, async or database, and nothing of search.

mod definition;
mod problem;

pub use definition::{Definition, Kind};
pub use problem::Problem;

use std::sync::Arc;

/// Everything one scan read, immutable from then on.
#[derive(Debug, Default)]
pub struct Catalog {
    definitions: Vec<Arc<Definition>>,
    problems: Vec<Problem>,
}

/// What [`Catalog::find`] answers.
#[derive(Debug)]
pub enum Lookup<'a> {
    /// Exactly one definition goes by that id, alias or bare name.
    One(&'a Arc<Definition>),
    /// A bare name that several definitions carry; never empty.
    Ambiguous(Vec<&'a Arc<Definition>>),
    /// No definition goes by it.
    Missing,
}

impl Catalog {
    /// All definitions, ordered by kind, then id; an index into this slice is stable for the life of the catalog.
    pub fn definitions(&self) -> &[Arc<Definition>] {
        &self.definitions
    }

    /// What was wrong with files, and what was done about it.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}
