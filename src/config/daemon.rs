//! What concerns the process, whichever projects it serves.

use super::{Access, ConfigError, Environment, Flags, ProjectConfig};

/// The port a client tries first.
pub const DEFAULT_PORT: u16 = 3700;

/// The configuration of the process.
#[derive(Debug, Clone)]
pub struct DaemonConfig {
    /// The loopback port; 0 takes any free one.
    pub port: u16,
    /// Who may ask, and how often.
    pub access: Access,
    /// The least severe level that is logged.
    pub log_level: tracing::Level,
    /// Whether a server that crashes is started again.
    pub auto_restart: bool,
}

impl DaemonConfig {
    /// `project` is the one whose token file counts.
    pub(super) fn resolve(
        flags: &Flags,
        environment: &Environment,
        project: &ProjectConfig,
    ) -> Result<Self, ConfigError> {
        let access = Access::resolve(flags, environment, project)?;
        let port = match flags.port {
            Some(port) => Some(port),
            None => environment.parsed("MCP_PORT", "a port number")?,
        };
        let log_level = environment.parsed("MCP_LOG_LEVEL", "one of error, warn, info, debug, trace")?;
        Ok(DaemonConfig {
            port: port.unwrap_or(DEFAULT_PORT),
            access,
            log_level: log_level.unwrap_or(tracing::Level::INFO),
            auto_restart: environment.switch("MCP_AUTO_RESTART")?.unwrap_or(false),
        })
    }
}
