//! `adjutant patterns`: the sequences of agents that are known to work, to look at and to share.

mod commands;
pub(super) mod import_export;

pub(super) use commands::{PatternsArguments, run};
