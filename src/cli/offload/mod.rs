//! `adjutant offload` and `adjutant restore-listings`: taking the listings out of the client's prompt, and putting them back.

mod attention;
mod command;
mod listing_cost;
mod question;
mod relisted;
mod restore;
mod status;
mod wording;

pub(super) use attention::tell_attention;
pub(super) use command::{OffloadArguments, run};
pub(super) use question::{is_confirmed, show_diff};
pub(super) use relisted::note as note_relisted;
pub(super) use restore::{RestoreListingsArguments, Undone, restore_listings, undo_for_project};
