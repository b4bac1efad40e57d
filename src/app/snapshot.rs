//! One immutable state of the world that a request is answered from.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use super::index::Scanned;
use super::tokens;
use catalog::{Catalog, Definition, Kind, KindMap};
use search::{Index, LatentSpace};

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
    /// Estimated tokens of the listing lines of each kind; counted when first needed.
    listing_tokens: Arc<OnceLock<KindMap<usize>>>,
    /// Those of the snapshot before, which stand in until these are counted.
    listing_before: Option<KindMap<usize>>,
    /// Estimated tokens of each definition, one more than they are; 0 where nobody asked yet. In the catalog's order.
    whole_tokens: Arc<[AtomicU32]>,
    /// Thousandths of a token of what each definition's row tells of it; 0 where nobody asked yet. In the same order.
    row_thousandths: Arc<[AtomicU32]>,
    /// That part of the rows of a small catalog, as JSON, where somebody asked.
    rows: Arc<[OnceLock<Box<str>>]>,
}

/// Entries of a catalog whose rows are kept once written, some 700 bytes each; of a larger one few are asked for twice.
const MAX_ROWS: usize = 2_000;

impl Snapshot {
    /// The first or next state, from its parts.
    pub(super) fn new(generation: u64, index: Index, scanned: Scanned) -> Self {
        let Scanned { catalog, embedded_default, own_aliases, before: _, kept_index: _, took: _ } = scanned;
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
            own_aliases: own_aliases.map(Into::into),
            listing_tokens: Arc::default(),
            listing_before: None,
            whole_tokens,
            row_thousandths,
            rows,
        }
    }

    /// The same state with the latent score taking part, as the next generation.
    #[must_use]
    pub fn with_latent(&self, latent: Arc<LatentSpace>) -> Self {
        Snapshot {
            generation: self.generation + 1,
            catalog: Arc::clone(&self.catalog),
            index: self.index.with_latent(latent),
            latent_ready: true,
            embedded_default: self.embedded_default,
            own_aliases: self.own_aliases.clone(),
            listing_tokens: Arc::clone(&self.listing_tokens),
            listing_before: self.listing_before,
            whole_tokens: Arc::clone(&self.whole_tokens),
            row_thousandths: Arc::clone(&self.row_thousandths),
            rows: Arc::clone(&self.rows),
        }
    }

    /// Definitions of that kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.catalog.of_kind(kind).len()
    }

    /// What a client would carry in place of asking: what it lists of the kind, estimated.
    ///
    /// While they are counted beside a large catalog that has just changed, those of the one before.
    pub fn listing_tokens(&self, kind: Kind) -> usize {
        let counted = self.listing_tokens.get().copied().or(self.listing_before);
        let tokens = counted.unwrap_or_else(|| *self.listing_tokens.get_or_init(|| self.estimate_listing()));
        tokens[kind]
    }

    /// Counts what [`Snapshot::listing_tokens`] answers, so that nobody waits for it.
    pub(super) fn count_listing(&self) {
        self.listing_tokens.get_or_init(|| self.estimate_listing());
    }

    fn estimate_listing(&self) -> KindMap<usize> {
        let mut estimated = KindMap::default();
        for listed in self.catalog.client_listing(true) {
            estimated[listed.definition.kind] += tokens::estimate(&listed.line);
        }
        estimated
    }

    /// The same state as it follows `current`.
    #[must_use]
    pub(super) fn after(self, current: &Snapshot) -> Self {
        let listing_before = current.listing_tokens.get().copied().or(current.listing_before);
        Snapshot { listing_before, ..self }
    }

    /// What loading a definition of this catalog whole costs, by `estimate` when it is first asked for.
    pub fn whole_tokens(&self, definition: &Definition, estimate: impl FnOnce() -> usize) -> usize {
        let wanted = (definition.kind, &definition.id, &definition.path);
        let definitions = self.catalog.definitions();
        let at = definitions.binary_search_by(|known| (known.kind, &known.id, &known.path).cmp(&wanted));
        let kept = at.ok().and_then(|at| self.whole_tokens.get(at));
        // One more than they are, so that an empty text is told apart from one that nobody asked for.
        estimated(kept, || estimate() + 1).saturating_sub(1)
    }

    /// Thousandths of a token that the row of the definition at that place costs, as far as it does not depend on the
    /// request, by `estimate` when it is first asked for.
    pub(super) fn row_thousandths(&self, place: usize, estimate: impl FnOnce() -> usize) -> usize {
        estimated(self.row_thousandths.get(place), estimate)
    }

    /// That part of the row itself at the end of `json`, as `write` writes it when it is first asked for.
    pub(super) fn write_row(&self, place: usize, json: &mut String, write: impl FnOnce(&mut String)) {
        let Some(kept) = self.rows.get(place) else { return write(json) };
        json.push_str(kept.get_or_init(|| {
            let mut row = String::new();
            write(&mut row);
            row.into_boxed_str()
        }));
    }
}

/// The number that is kept, where one is, else what `estimate` says, which is kept from then on.
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
