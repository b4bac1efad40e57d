//! What can be asked of an [`Index`](crate::Index).

use std::fmt;

use catalog::{Definition, Kind, Scope};

/// A request: which entries suit a task? At least one of `capability`, `role` and `context` should contain words; they
/// combine.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The kind of entry.
    pub kind: Kind,
    /// A capability that the entry should have, such as `react`.
    pub capability: Option<&'a str>,
    /// A role of the registry, such as `frontend_developer`: its primary and its fallbacks lead the answer.
    pub role: Option<&'a str>,
    /// The task in the caller's own words.
    pub context: Option<&'a str>,
    /// Restricts the answer to entries of this plugin.
    pub plugin: Option<&'a str>,
    /// Restricts the answer to entries of these scopes.
    pub scopes: Option<&'a [Scope]>,
    /// Restricts the answer to entries of which this says so.
    pub only: Option<&'a dyn Fn(&Definition) -> bool>,
    /// The most hits to return.
    pub limit: usize,
    /// What past outcomes say about entries.
    pub prior: Option<&'a dyn Prior>,
    /// The similarity that an embedding model finds between the request and each entry of the kind: cosines in catalog
    /// order, -1..=1, NaN for an entry that is not embedded yet. Ignored where their number is not that of the entries.
    pub similarity: Option<&'a [f32]>,
}

/// Which entries may be in an answer.
#[derive(Clone, Copy)]
pub(crate) struct EntryFilter<'a> {
    plugin: Option<&'a str>,
    scopes: Option<&'a [Scope]>,
    only: Option<&'a dyn Fn(&Definition) -> bool>,
}

impl<'a> EntryFilter<'a> {
    pub(crate) fn of(request: &Request<'a>) -> Self {
        EntryFilter { plugin: request.plugin, scopes: request.scopes, only: request.only }
    }

    /// Whether no entry is left out.
    pub(crate) fn admits_all(&self) -> bool {
        self.plugin.is_none() && self.scopes.is_none() && self.only.is_none()
    }

    /// Whether the entry may be in the answer.
    pub(crate) fn admits(&self, definition: &Definition) -> bool {
        self.plugin.is_none_or(|plugin| definition.plugin == plugin)
            && self.scopes.is_none_or(|scopes| scopes.contains(&definition.origin.scope))
            && self.only.is_none_or(|admits| admits(definition))
    }
}

/// A prior over entries, learned from past outcomes.
pub trait Prior {
    /// Called once, before anything else: the entries that lead by all other signals, with their scores, best first. Which
    /// entries a request retrieves says what it is about.
    fn observe_leaders(&self, leaders: &[(&Definition, f32)]);

    /// The prior of an entry: -1 (its tasks failed) through 0 (nothing is known) to 1 (they succeeded). Values outside are
    /// clamped; NaN counts as 0.
    fn prior(&self, definition: &Definition) -> f32;

    /// Names or ids of the entries that something is known about, once the leaders were observed; `None` where every entry
    /// must be asked for. Names that no entry has do no harm.
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
            scopes: None,
            only: None,
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
            .field("scopes", &self.scopes)
            .field("only", &self.only.is_some())
            .field("limit", &self.limit)
            .field("prior", &self.prior.is_some())
            .field("similarity", &self.similarity.is_some())
            .finish()
    }
}
