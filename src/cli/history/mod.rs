//! `adjutant history`: the decisions that were recorded, to look at and to share.

mod commands;
mod entry_json;
mod import_export;

pub(super) use commands::{HistoryArguments, run};
