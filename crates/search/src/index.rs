//! The index over one catalog: its parts, and what they are bound to.

use std::ops::Range;
use std::sync::Arc;

use crate::aliases::Aliases;
use crate::bm25f::Bm25fIndex;
use crate::capability_index::CapabilityIndex;
use crate::fingerprint::Fingerprint;
use crate::latent::{BoundLatentSpace, LatentSpace};
use crate::name_index::NameIndex;
use crate::near_duplicates::NearDuplicates;
use crate::query::QueryParser;
use crate::role_index::RoleIndex;
use crate::size_histogram::SizeHistogram;
use crate::vocabulary::Vocabulary;
use crate::weights::Weights;
use catalog::{Definition, Kind, KindMap};

/// Distinct terms of a description without a body.
const ONE_LINER_TERMS: f32 = 20.0;

/// An immutable index over one catalog; cheap to clone. It is [built](Index::build), [updated](Index::updated) or
/// [read](Index::from_bytes), and then [asked](Index::find).
#[derive(Debug, Clone)]
pub struct Index {
    pub(crate) core: Arc<IndexCore>,
    pub(crate) latent: Option<Arc<BoundLatentSpace>>,
}

/// Everything but the latent space, which arrives later.
#[derive(Debug)]
pub(crate) struct IndexCore {
    /// Of the catalog; a latent space must have been trained on the same.
    pub(crate) fingerprint: Fingerprint,
    /// The entries of the catalog, in its order.
    pub(crate) definitions: Arc<[Arc<Definition>]>,
    /// The positions of each kind's entries.
    pub(crate) kinds: KindMap<Range<usize>>,
    pub(crate) vocabulary: Arc<Vocabulary>,
    pub(crate) lexical: Bm25fIndex,
    pub(crate) aliases: Aliases,
    /// The vocabulary's id for each term of the alias table, where it has one.
    pub(crate) alias_terms: Vec<Option<u32>>,
    pub(crate) capabilities: CapabilityIndex,
    pub(crate) names: NameIndex,
    pub(crate) roles: RoleIndex,
    pub(crate) duplicates: NearDuplicates,
    /// The distinct terms of each kind's entries.
    pub(crate) sizes: KindMap<SizeHistogram>,
    pub(crate) weights: Weights,
}

impl Index {
    /// This index with a latent space that takes part in the ranking; without one where the space was trained on another
    /// catalog.
    #[must_use]
    pub fn with_latent(&self, latent: Arc<LatentSpace>) -> Index {
        let bound =
            self.accepts(&latent).then(|| Arc::new(BoundLatentSpace::new(latent, &self.core.vocabulary)));
        Index { core: Arc::clone(&self.core), latent: bound }
    }

    /// Whether a latent space was trained on this index's catalog and has a vector for each entry.
    pub fn accepts(&self, latent: &LatentSpace) -> bool {
        latent.covers(self.core.definitions.len())
            && latent.trained_on() == LatentSpace::key_of(self.core.fingerprint)
    }

    /// Whether a latent space takes part in the ranking.
    pub fn has_latent(&self) -> bool {
        self.latent.is_some()
    }

    /// The positions of a kind's entries in the catalog.
    pub fn range(&self, kind: Kind) -> Range<usize> {
        self.core.range(kind)
    }
}

impl IndexCore {
    /// The parser of requests to this index.
    pub(crate) fn query_parser(&self) -> QueryParser<'_> {
        let IndexCore { vocabulary, lexical, aliases, alias_terms, weights, .. } = self;
        QueryParser { vocabulary, lexical, aliases, alias_terms, weights }
    }

    /// The weight of the latent score among the entries of a kind: one-liners give it little to learn from.
    pub(crate) fn latent_share(&self, kind: Kind) -> f32 {
        let terms = self.sizes[kind].median();
        self.weights.latent * terms / (terms + ONE_LINER_TERMS)
    }

    /// The positions of a kind's entries.
    pub(crate) fn range(&self, kind: Kind) -> Range<usize> {
        self.kinds[kind].clone()
    }
}
