//! Whether entries are listed again, where everything was to leave the prompt.

use super::attention::{is_recorded, tell_attention, unread_records};
use super::listing_cost::ListingCost;
use super::wording::flag_of;
use crate::app;
use crate::cli::output;
use crate::config::{Environment, ProjectConfig};
use crate::offload::{ClientState, Places, Selection, StoredRecord, Target, plan};
use catalog::Catalog;

/// Entries that an offload of everything would take out now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Relisted {
    pub entries: usize,
    pub tokens: usize,
    /// The settings that it would write.
    pub target: Target,
}

impl Relisted {
    /// In a sentence, with the command that takes them out.
    pub(super) fn sentence(&self) -> String {
        let Relisted { entries, tokens, target } = *self;
        let subject = if entries == 1 { "1 new entry is" } else { &format!("{entries} new entries are") };
        format!("{subject} listed again ({tokens} tokens): adjutant offload{}", flag_of(target))
    }
}

/// The entries that `adjutant offload` would take out; `None` where that was not asked for once and for all, or there are
/// none. What the user enabled again himself is not among them.
pub(super) fn relisted(catalog: &Catalog, state: &ClientState, places: &Places) -> Option<Relisted> {
    let target = target_of_everything(places)?;
    let plan = plan(catalog, state, places, target, &Selection::Everything);
    let before = ListingCost::of(catalog, state, |_| true);
    let after = ListingCost::of(catalog, state, |one| !plan.takes_out(one));
    let entries = before.count().saturating_sub(after.count());
    let tokens = before.total().saturating_sub(after.total());
    (entries > 0).then_some(Relisted { entries, tokens, target })
}

/// The settings to which everything was offloaded, once and for all.
pub(super) fn target_of_everything(places: &Places) -> Option<Target> {
    let is_wanted =
        |target: &Target| StoredRecord::load(places, *target).is_ok_and(|stored| stored.everything);
    Target::ALL.into_iter().find(is_wanted)
}

/// Says that new entries are listed, where everything was to leave the prompt, and what is wrong with an offload.
pub(in crate::cli) fn note(config: &ProjectConfig, environment: &Environment) {
    let places = Places::of(config);
    for target in Target::ALL {
        // A hook looks in one place for it, whatever folder an instance is told to use.
        if let Err(error) = StoredRecord::migrate(&places, target) {
            tracing::debug!(%error, "a record of old stays where it is");
        }
    }
    let is_any = Target::ALL.into_iter().any(|target| is_recorded(&places, target));
    if !is_any && target_of_everything(&places).is_none() {
        for why in unread_records(&places) {
            output::hint(&why);
        }
        return;
    }
    let (catalog, _) = app::scan_once(config);
    let state = ClientState::load(&places);
    if let Some(relisted) = relisted(&catalog, &state, &places) {
        output::line(&relisted.sentence());
    }
    tell_attention(config, environment, &catalog, &state);
}
