//! One immutable state of the world that a request is answered from.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::index::Scanned;
use super::tokens;
use crate::catalog::{Catalog, Definition, Kind};
use crate::search::{Index, Latent};

/// A catalog, the indexes over it, and which generation they are.
#[derive(Debug)]
pub struct Snapshot {
    /// Counts up with every swap; part of every cache key.
    pub generation: u64,
    /// What the files hold.
    pub catalog: Arc<Catalog>,
    /// The indexes over `catalog`.
    pub index: Index,
    /// Whether the latent score takes part in the ranking yet.
    pub latent_ready: bool,
    /// Whether the project has no plugins of its own and its `fixtures` stand in.
    pub embedded_default: bool,
    /// The project's own alias file, to notice when it changes.
    pub(super) own_aliases: Option<Arc<str>>,
    /// Estimated tokens of every entry's listing line, by kind as in [`Kind::ALL`].
    listing_tokens: [usize; 3],
    /// Estimated tokens of each definition, one more than they are; 0 where nobody asked yet. In the catalog's order.
    whole_tokens: Arc<[AtomicUsize]>,
}

impl Snapshot {
    /// The first or next state, from its parts.
    pub(super) fn new(generation: u64, index: Index, scanned: Scanned) -> Self {
        let Scanned { catalog, embedded_default, own_aliases } = scanned;
        let listed = catalog.client_listing(true);
        let listing_tokens = Kind::ALL.map(|kind| {
            let of_kind = listed.iter().filter(|listed| listed.definition.kind == kind);
            of_kind.map(|listed| tokens::estimate(&listed.line)).sum()
        });
        drop(listed);
        let whole_tokens = catalog.definitions().iter().map(|_| AtomicUsize::new(0)).collect();
        Snapshot {
            generation,
            catalog: Arc::new(catalog),
            index,
            latent_ready: false,
            embedded_default,
            own_aliases: own_aliases.map(Into::into),
            listing_tokens,
            whole_tokens,
        }
    }

    /// The same state with the latent score taking part, as the next generation.
    #[must_use]
    pub fn with_latent(&self, latent: Arc<Latent>) -> Self {
        Snapshot {
            generation: self.generation + 1,
            catalog: Arc::clone(&self.catalog),
            index: self.index.with_latent(latent),
            latent_ready: true,
            embedded_default: self.embedded_default,
            own_aliases: self.own_aliases.clone(),
            listing_tokens: self.listing_tokens,
            whole_tokens: Arc::clone(&self.whole_tokens),
        }
    }

    /// Definitions of that kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.catalog.definitions().iter().filter(|definition| definition.kind == kind).count()
    }

    /// What a client would carry in place of asking: what it lists of the kind, estimated.
    pub fn listing_tokens(&self, kind: Kind) -> usize {
        Kind::ALL.iter().position(|known| *known == kind).map_or(0, |at| self.listing_tokens[at])
    }

    /// What loading a definition of this catalog whole costs, by `estimate` when it is first asked for.
    pub fn whole_tokens(&self, definition: &Definition, estimate: impl FnOnce() -> usize) -> usize {
        let wanted = (definition.kind, &definition.id, &definition.path);
        let definitions = self.catalog.definitions();
        let at = definitions.binary_search_by(|known| (known.kind, &known.id, &known.path).cmp(&wanted));
        let kept = at.ok().and_then(|at| self.whole_tokens.get(at));
        if let Some(known @ 1..) = kept.map(|kept| kept.load(Ordering::Relaxed)) {
            return known - 1;
        }
        let tokens = estimate();
        if let Some(kept) = kept {
            kept.store(tokens + 1, Ordering::Relaxed);
        }
        tokens
    }
}
