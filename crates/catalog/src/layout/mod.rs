//! Which files of a plugin are entries, and what their ids are made of.

mod collector;
mod entry_context;
mod path;
mod skills;

pub(super) use collector::{Candidate, Collector};
pub(super) use entry_context::{ComponentRoot, EntryContext, Naming, PluginFacts};
pub(super) use path::{
    MANIFEST_FILE, MARKETPLACE_FILE, client_skill_id, is_skipped, normalize_path, path_order,
};
pub(super) use skills::NOT_LOADED;
