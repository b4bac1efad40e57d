//! What the user has: the plugins that Claude Code installed, and agents, skills and commands of the user's own.
//!
//! Claude Code says in two registries what is installed and from where, and in four settings files what is enabled. A
//! plugin counts as it does there: [`selection`] decides which ones do, [`source`] reads them where they lie.

mod installs;
mod json_file;
mod marketplaces;
mod places;
mod selection;
mod settings;
mod source;
mod user_files;

pub use json_file::MAX_SETTINGS_BYTES;
pub use marketplaces::{MarketplaceLocation, Marketplaces};
pub use places::UserPlaces;
pub use source::{OffloadedPlugins, UserSource};

pub(super) use user_files::UserFiles;
