//! Snapshots: the immutable state that a request is answered from.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use super::index::Scanned;
use super::{origins, tokens};
use crate::offload::ClientState;
use catalog::{Catalog, Definition, Kind, KindMap};
use protocol::OriginHealth;
use search::{Index, LatentSpace};

/// One generation of the catalog and its indexes.
#[derive(Debug)]
pub struct Snapshot {
    /// Incremented with every swap; part of every cache key.
    pub generation: u64,
    /// The definitions, roles and problems of all sources.
    pub catalog: Arc<Catalog>,
    /// The indexes over `catalog`.
    pub index: Index,
    /// Whether the ranking uses the latent score yet.
    pub latent_ready: bool,
    /// Whether the built-in collection serves, since the project has no plugins of its own.
    pub embedded_default: bool,
    /// How many entries come from where; counted when first needed.
    origins: Arc<OnceLock<OriginHealth>>,
    /// What the client carries in its prompt, and what an offload took out of it.
    pub client: Arc<ClientState>,
    /// The text of the project's alias file, to detect changes.
    pub(super) own_aliases: Option<Arc<str>>,
    /// Estimated tokens of the listing lines of each kind; counted when first needed.
    listing_tokens: Arc<OnceLock<KindMap<usize>>>,
    /// Those of the snapshot before, which serve until these are counted.
    listing_before: Option<KindMap<usize>>,
    /// Estimated tokens of each definition plus one, in the catalog's order; 0 if not estimated yet.
    whole_tokens: Arc<[AtomicU32]>,
    /// Estimated thousandths of a token of the entry columns of each row, in the same order; 0 if not estimated yet.
    row_thousandths: Arc<[AtomicU32]>,
    /// These columns as JSON, in the same order; empty for a large catalog.
    rows: Arc<[OnceLock<Box<str>>]>,
}

/// Entries of a catalog whose rows are cached, some 700 bytes each; of a larger one few are requested twice.
const MAX_ROWS: usize = 2_000;

impl Snapshot {
    /// A snapshot without latent score.
    pub(super) fn new(generation: u64, index: Index, scanned: Scanned) -> Self {
        let Scanned {
            catalog,
            embedded_default,
            own_aliases,
            client,
            before: _,
            persisted_index: _,
            took: _,
        } = scanned;
        let nothing_yet = || catalog.definitions().iter().map(|_| AtomicU32::new(0)).collect();
        let (whole_tokens, row_thousandths) = (nothing_yet(), nothing_yet());
        let entries = catalog.definitions().len();
        let rows = (0..entries).filter(|_| entries <= MAX_ROWS).map(|_| OnceLock::new()).collect();
        Snapshot {
            generation,
            catalog: Arc::new(catalog),
            index,
            latent_ready: false,
            embedded_default,
            origins: Arc::default(),
            client: Arc::new(client),
            own_aliases: own_aliases.map(Into::into),
            listing_tokens: Arc::default(),
            listing_before: None,
            whole_tokens,
            row_thousandths,
            rows,
        }
    }

    /// The same with the latent score, as the next generation.
    #[must_use]
    pub fn with_latent(&self, latent: Arc<LatentSpace>) -> Self {
        Snapshot {
            generation: self.generation + 1,
            catalog: Arc::clone(&self.catalog),
            index: self.index.with_latent(latent),
            latent_ready: true,
            embedded_default: self.embedded_default,
            origins: Arc::clone(&self.origins),
            client: Arc::clone(&self.client),
            own_aliases: self.own_aliases.clone(),
            listing_tokens: Arc::clone(&self.listing_tokens),
            listing_before: self.listing_before,
            whole_tokens: Arc::clone(&self.whole_tokens),
            row_thousandths: Arc::clone(&self.row_thousandths),
            rows: Arc::clone(&self.rows),
        }
    }

    /// The number of definitions of that kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.catalog.of_kind(kind).len()
    }

    /// How many entries come from where.
    pub fn origins(&self) -> OriginHealth {
        *self.origins.get_or_init(|| origins::counts(&self.catalog))
    }

    /// Estimated tokens of what a client would list of the kind and does not, the baseline of what a query saves.
    ///
    /// After a change of the catalog, the number of the snapshot before until the new one is counted in the background.
    pub fn listing_tokens(&self, kind: Kind) -> usize {
        let counted = self.listing_tokens.get().copied().or(self.listing_before);
        let tokens = counted.unwrap_or_else(|| *self.listing_tokens.get_or_init(|| self.estimate_listing()));
        tokens[kind]
    }

    /// Counts the tokens for [`Snapshot::listing_tokens`] in advance.
    pub(super) fn count_listing(&self) {
        self.listing_tokens.get_or_init(|| self.estimate_listing());
    }

    fn estimate_listing(&self) -> KindMap<usize> {
        let estimate = |is_listed: &dyn Fn(&Definition) -> bool| {
            let mut estimated: KindMap<usize> = KindMap::default();
            for listed in self.catalog.client_listing_of(true, is_listed) {
                estimated[listed.definition.kind] += tokens::estimate(&listed.line);
            }
            estimated
        };
        // What it carries anyway nobody is spared.
        let (all, carried) = (estimate(&|_| true), estimate(&|one| self.client.is_carried(one)));
        all.map(|kind, tokens| tokens.saturating_sub(carried[kind]))
    }

    /// The same as the successor of `current`.
    #[must_use]
    pub(super) fn after(self, current: &Snapshot) -> Self {
        let listing_before = current.listing_tokens.get().copied().or(current.listing_before);
        Snapshot { listing_before, ..self }
    }

    /// Tokens of a whole definition of this catalog, computed by `estimate` on first use.
    pub fn whole_tokens(&self, definition: &Definition, estimate: impl FnOnce() -> usize) -> usize {
        let wanted = (definition.kind, &definition.id, &definition.path);
        let definitions = self.catalog.definitions();
        let at = definitions.binary_search_by(|known| (known.kind, &known.id, &known.path).cmp(&wanted));
        let kept = at.ok().and_then(|at| self.whole_tokens.get(at));
        // Plus one, which distinguishes an empty text from one that is not estimated yet.
        estimated(kept, || estimate() + 1).saturating_sub(1)
    }

    /// Thousandths of a token of the entry columns of the definition at that position, computed by `estimate` on first use.
    pub(super) fn row_thousandths(&self, place: usize, estimate: impl FnOnce() -> usize) -> usize {
        estimated(self.row_thousandths.get(place), estimate)
    }

    /// Appends these columns to `json`, written by `write` on first use.
    pub(super) fn write_row(&self, place: usize, json: &mut String, write: impl FnOnce(&mut String)) {
        let Some(kept) = self.rows.get(place) else { return write(json) };
        json.push_str(kept.get_or_init(|| {
            let mut row = String::new();
            write(&mut row);
            row.into_boxed_str()
        }));
    }
}

/// The cached number, else that of `estimate`, which is cached.
fn estimated(kept: Option<&AtomicU32>, estimate: impl FnOnce() -> usize) -> usize {
    if let Some(known @ 1..) = kept.map(|kept| kept.load(Ordering::Relaxed)) {
        return known as usize;
    }
    let number = estimate();
    if let (Some(kept), Ok(number)) = (kept, u32::try_from(number)) {
        kept.store(number, Ordering::Relaxed);
    }
    number
}
