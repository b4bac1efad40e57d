//! The catalog of a project: the [`Definition`]s of agents, skills and workflows that its sources hold, and the [`Problem`]s
//! found on the way.
//!
//! Each [`CatalogSource`] fills a [`Layer`]; a [`Catalog`] is the merged layers. A [`FileSource`] scans plugin folders. A
//! scan never fails as a whole. This crate knows no clock, network, async code or database, and nothing about search.
//!
//! ```
//! use adjutant_catalog::{Kind, ScanOptions, scan};
//!
//! let catalog = scan(&ScanOptions::new("../../fixtures"), None);
//! let agent = catalog.find(Kind::Agent, "accessibility-reviewer").one().unwrap();
//! assert_eq!(agent.id, "frontend-web:accessibility-reviewer");
//! // Files with problems are reported, and the catalog has everything else.
//! assert!(catalog.problems().iter().all(|problem| !problem.message.is_empty()));
//! // What Claude Code would carry in every prompt.
//! let carried: usize = catalog.client_listing(true).iter().map(|listed| listed.line.len()).sum();
//! assert!(carried > 1_000);
//! ```

mod agent_mentions;
mod built_in_agents;
mod cancellation;
mod capability;
mod catalog;
mod changes;
mod claude_code;
mod definition;
mod entry;
mod frontmatter;
mod invocation;
mod kind;
mod layer;
mod layout;
mod limits;
mod lookup;
mod manifest;
mod markdown;
mod merge;
mod origin;
mod persist;
mod problem;
mod prompt_injection;
mod role;
mod role_registry;
mod roles;
mod sanitize;
mod scan;
mod source;
mod threads;
mod user_scope;
mod workflow;

pub use built_in_agents::is_built_in_agent;
pub use cancellation::Cancellation;
pub use catalog::Catalog;
pub use changes::Changes;
pub use claude_code::{LISTING_BUDGET, Listed};
pub use definition::Definition;
pub use invocation::Invocation;
pub use kind::{Kind, KindMap};
pub use layer::{Layer, LayerId, Plugin, ScanReport};
pub use limits::Limits;
pub use lookup::Lookup;
pub use origin::{Origin, Scope};
pub use persist::PersistedScan;
pub use problem::{CODES, Problem, Severity, code};
pub use role::{Role, RoleAgent};
pub use roles::Roles;
pub use scan::{FileSource, ScanOptions, scan};
pub use source::{CatalogSource, Known, Loaded, WatchRoot, reload};
pub use user_scope::{
    MAX_SETTINGS_BYTES, MarketplaceLocation, Marketplaces, OffloadedPlugins, UserPlaces, UserSource,
};
