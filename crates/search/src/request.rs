//! What is asked of an [`Index`](super::Index), and what it answers.

use std::fmt;
use std::sync::Arc;

use super::Field;
use catalog::{Definition, Kind};

/// A request: who fits? At least one of `capability`, `role` and `context` should hold words; they combine.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The kind of entry wanted.
    pub kind: Kind,
    /// A capability the entry should have, such as `react`.
    pub capability: Option<&'a str>,
    /// A role of the registry, such as `frontend_developer`: its primary and fallbacks lead the answer.
    pub role: Option<&'a str>,
    /// What is to be done, in the asker's own words.
    pub context: Option<&'a str>,
    /// Only entries of this plugin.
    pub plugin: Option<&'a str>,
    /// Most hits wanted.
    pub limit: usize,
    /// What outcomes have taught.
    pub prior: Option<&'a dyn Prior>,
    /// How alike in meaning an embedding model finds the request and each entry of the kind, in catalog order, -1..1;
    /// NaN where it does not know the entry yet. Another number of values than of entries is taken for none.
    pub similarity: Option<&'a [f32]>,
}

/// What outcomes have taught about entries.
pub trait Prior {
    /// Told once, before anything is asked: the entries that lead by all other evidence, with their scores, best
    /// first. Whom a request finds says what it is about.
    fn observe_leaders(&self, leaders: &[(&Definition, f32)]);

    /// What is known of an entry, -1..1; values outside and NaN are clamped.
    fn prior(&self, definition: &Definition) -> f32;

    /// Names or ids of the entries that something is known of, once the leaders were told; `None` where each must be
    /// asked about. More than there are does no harm.
    fn known_names(&self) -> Option<Vec<String>> {
        None
    }
}

impl<F: Fn(&Definition) -> f32> Prior for F {
    fn observe_leaders(&self, _: &[(&Definition, f32)]) {}

    fn prior(&self, definition: &Definition) -> f32 {
        self(definition)
    }
}

impl Default for Request<'_> {
    fn default() -> Self {
        Request {
            kind: Kind::Agent,
            capability: None,
            role: None,
            context: None,
            plugin: None,
            limit: 5,
            prior: None,
            similarity: None,
        }
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("kind", &self.kind)
            .field("capability", &self.capability)
            .field("role", &self.role)
            .field("context", &self.context)
            .field("plugin", &self.plugin)
            .field("limit", &self.limit)
            .field("prior", &self.prior.is_some())
            .field("similarity", &self.similarity.is_some())
            .finish()
    }
}

/// One row of an answer.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The entry.
    pub definition: Arc<Definition>,
    /// Its place in the catalog.
    pub position: usize,
    /// How well it fits, in 0..=1, to compare within one answer; never NaN.
    pub score: f32,
    /// Ids of near-identical entries of the same name that this row stands for, sorted.
    pub copies: Vec<String>,
    /// The role asked for, where the entry is its primary or a fallback.
    pub role: Option<String>,
    /// The ids of that role's fallbacks, in order, where the entry is its primary.
    pub fallbacks: Vec<String>,
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Best first.
    pub hits: Vec<Hit>,
    /// How well the catalog can serve the request, in 0..=1, comparable between requests.
    pub confidence: f32,
    /// A sentence that says what decided.
    pub reasoning: String,
    /// What comes near where nothing fits: roles, capabilities and entries, at most five.
    pub suggestions: Vec<String>,
}

/// What made the score of each hit. The numbers of a hit add up to its score.
#[derive(Debug, Clone, Default)]
pub struct Explanation {
    /// The answer explained.
    pub findings: Findings,
    /// One for each hit, in the same order.
    pub breakdowns: Vec<ScoreBreakdown>,
    /// Words of the request that neither the collection nor the aliases know.
    pub unknown: Vec<String>,
}

/// The parts of one hit's score.
#[derive(Debug, Clone, Default)]
pub struct ScoreBreakdown {
    /// What each term of the request brought by BM25F, largest first.
    pub terms: Vec<TermContribution>,
    /// Likeness of meaning, as the collection teaches it.
    pub latent: f32,
    /// Likeness of meaning, as an embedding model judges it.
    pub semantic: f32,
    /// The best fit to one of several needs.
    pub intent: f32,
    /// The capability asked for.
    pub capability: f32,
    /// The request is the entry's name.
    pub name: f32,
    /// Primary or fallback of the role asked for.
    pub role: f32,
    /// A model that fits the task.
    pub model: f32,
    /// Learned outcomes.
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

/// What one term brought.
#[derive(Debug, Clone)]
pub struct TermContribution {
    /// The word, as in the request or in the alias table.
    pub term: String,
    /// The word of the request it stands for, where it is not that word itself (alias, repair, joined compound).
    pub via: Option<String>,
    /// Its part of the score.
    pub score: f32,
    /// How that part divides over the fields it was found in.
    pub fields: Vec<(Field, f32)>,
}
