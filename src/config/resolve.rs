//! One process that serves one project, as flags and environment say.

use super::{ConfigError, DaemonConfig, Environment, Flags, ProjectConfig};

/// The resolved configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// What concerns the process.
    pub daemon: DaemonConfig,
    /// What concerns the project it serves.
    pub project: ProjectConfig,
}

impl Config {
    /// Resolves flags over environment over defaults.
    ///
    /// # Errors
    /// Where a value cannot be read or the project's folder does not exist.
    pub fn resolve(flags: &Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let project = ProjectConfig::resolve(flags, environment)?;
        let daemon = DaemonConfig::resolve(flags, environment, &project)?;
        Ok(Config { daemon, project })
    }
}
