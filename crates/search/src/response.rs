//! What an [`Index`](crate::Index) answers.

use std::sync::Arc;

use crate::fields::Field;
use catalog::Definition;

/// One row of a ranking.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The entry.
    pub definition: Arc<Definition>,
    /// Its position in the catalog.
    pub position: usize,
    /// How well it suits the request, 0..=1 and never NaN; comparable within one answer.
    pub score: f32,
    /// Ids of the near duplicates that this row stands for, sorted.
    pub copies: Vec<String>,
    /// The requested role, where the entry is its primary or a fallback.
    pub role: Option<String>,
    /// The ids of that role's fallbacks, in order, where the entry is its primary.
    pub fallbacks: Vec<String>,
}

/// The answer to a [`crate::Request`].
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Best first.
    pub hits: Vec<Hit>,
    /// How well the catalog can serve the request, 0..=1; comparable between requests.
    pub confidence: f32,
    /// A sentence that says which signals decided.
    pub reasoning: String,
    /// Where there are no hits: similar roles, capabilities and entries, at most five.
    pub suggestions: Vec<String>,
}

/// An answer with the breakdown of each score.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    /// The answer.
    pub findings: Findings,
    /// One for each hit, in the same order.
    pub breakdowns: Vec<ScoreBreakdown>,
    /// Words of the request that neither the vocabulary nor the alias table has.
    pub unknown: Vec<String>,
}

/// The parts of one hit's score, which add up to it.
#[derive(Debug, Clone, Default)]
pub struct ScoreBreakdown {
    /// The BM25F contribution of each term of the request, largest first.
    pub terms: Vec<TermContribution>,
    /// Similarity in the latent semantic space of the collection.
    pub latent: f32,
    /// Similarity that an embedding model finds.
    pub semantic: f32,
    /// The best match of one of several intents.
    pub intent: f32,
    /// The entry has the requested capability.
    pub capability: f32,
    /// The request is the entry's name.
    pub name: f32,
    /// The entry is primary or fallback of the requested role.
    pub role: f32,
    /// The entry's language model suits the task.
    pub model: f32,
    /// Past outcomes.
    pub prior: f32,
}

impl ScoreBreakdown {
    /// The sum of all parts.
    pub fn total(&self) -> f32 {
        let terms: f32 = self.terms.iter().map(|term| term.score).sum();
        let ScoreBreakdown { terms: _, latent, semantic, intent, capability, name, role, model, prior } =
            self;
        terms + latent + semantic + intent + capability + name + role + model + prior
    }
}

/// The contribution of one term to a score.
#[derive(Debug, Clone)]
pub struct TermContribution {
    /// The word, as in the request or in the collection.
    pub term: String,
    /// The word of the request that it stands for, where it is not that word itself (alias, correction, joined compound).
    pub via: Option<String>,
    /// Its part of the score.
    pub score: f32,
    /// How that part divides among the fields that contain the term.
    pub fields: Vec<(Field, f32)>,
}
