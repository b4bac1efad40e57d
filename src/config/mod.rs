//! What the user decided, resolved once at start: flags over environment over files over what was remembered over defaults.
//!
//! This is the only module that reads the environment. Everything else takes a [`Config`] or a part of it: the process
//! takes a [`DaemonConfig`], a project in it a [`ProjectConfig`].

pub mod access;
mod daemon;
mod error;
mod file;
mod layers;
mod paths;
mod project;
mod project_root;
mod raw;
mod records;
mod resolve;
mod setting;
mod settings;
mod user_scope;

pub use access::{Access, Token};
pub use daemon::{DEFAULT_PORT, DaemonConfig};
pub use error::ConfigError;
pub use file::MAX_CONFIG_FILE_BYTES;
pub use layers::{Layers, Source};
pub use paths::{MODEL_DIR, Paths, STATE_DIR};
pub use project::ProjectConfig;
pub use raw::{Environment, Flags};
pub use records::{ProjectRecord, ProjectRecords};
pub use resolve::{Config, Shown};
pub use setting::{Form, InFiles, SETTINGS, Setting};
pub use settings::{CacheTtl, Memory, Reindex};
pub use user_scope::UserScope;
