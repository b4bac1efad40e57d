//! What the user decided, resolved once at start: flags over environment over defaults.
//!
//! This is the only module that reads the environment. Everything else takes a [`Config`] or a part of it: the process
//! takes a [`DaemonConfig`], a project in it a [`ProjectConfig`].

pub mod access;
mod daemon;
mod error;
mod paths;
mod project;
mod raw;
mod resolve;
mod settings;
mod user_scope;

pub use access::{Access, Token};
pub use daemon::{DEFAULT_PORT, DaemonConfig};
pub use error::ConfigError;
pub use paths::{MODEL_DIR, Paths};
pub use project::ProjectConfig;
pub use raw::{Environment, Flags};
pub use resolve::Config;
pub use settings::{CacheTtl, Memory, Reindex};
pub use user_scope::UserScope;
