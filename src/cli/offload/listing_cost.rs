//! What the client's listing costs a model, by kind.

use crate::app::tokens;
use crate::offload::ClientState;
use catalog::{Catalog, Definition, Kind, KindMap};

/// Entries and estimated tokens of a listing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ListingCost {
    pub entries: KindMap<usize>,
    pub tokens: KindMap<usize>,
}

impl ListingCost {
    /// The cost of listing what the client carries and `keeps` says stays.
    pub(super) fn of(
        catalog: &Catalog,
        state: &ClientState,
        keeps: impl Fn(&Definition) -> bool,
    ) -> ListingCost {
        let mut cost = ListingCost::default();
        for listed in catalog.client_listing_of(true, |one| state.is_carried(one) && keeps(one)) {
            let kind = listed.definition.kind;
            cost.entries[kind] += 1;
            cost.tokens[kind] += tokens::estimate(&listed.line);
        }
        cost
    }

    /// Tokens of all kinds.
    pub(super) fn total(&self) -> usize {
        self.tokens.values().sum()
    }

    /// Entries of all kinds.
    pub(super) fn count(&self) -> usize {
        self.entries.values().sum()
    }

    /// A row for each kind and one for all: entries and tokens here, and in `after`.
    pub(super) fn rows(&self, after: &ListingCost) -> Vec<[String; 5]> {
        let row = |name: &str, numbers: [usize; 4]| {
            let [a, b, c, d] = numbers.map(|number| number.to_string());
            [name.to_owned(), a, b, c, d]
        };
        let kinds = Kind::ALL.map(|kind| {
            let name = if kind == Kind::Workflow { "commands" } else { kind.plural() };
            row(name, [self.entries[kind], self.tokens[kind], after.entries[kind], after.tokens[kind]])
        });
        let all = row("all", [self.count(), self.total(), after.count(), after.total()]);
        kinds.into_iter().chain([all]).collect()
    }
}
