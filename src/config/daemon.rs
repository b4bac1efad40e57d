//! What concerns the process, whichever projects it serves.

use super::layers::Layers;
use super::{Access, ConfigError, ProjectConfig, Source, setting};

/// The port a client tries first.
pub const DEFAULT_PORT: u16 = 3700;

/// The configuration of the process.
#[derive(Debug, Clone)]
pub struct DaemonConfig {
    /// The loopback port; 0 takes any free one.
    pub port: u16,
    /// Who said which port.
    pub port_source: Source,
    /// Who may ask, and how often.
    pub access: Access,
    /// The least severe level that is logged.
    pub log_level: tracing::Level,
    /// Whether a server that crashes is started again.
    pub auto_restart: bool,
    /// Whether `up` writes the address into the client's folder.
    pub register: bool,
}

impl DaemonConfig {
    /// `project` is the one whose token file counts.
    pub(super) fn resolve(layers: &Layers, project: &ProjectConfig) -> Result<Self, ConfigError> {
        Ok(DaemonConfig {
            port: layers.parsed(setting::PORT)?.unwrap_or(DEFAULT_PORT),
            port_source: layers.given(setting::PORT).map_or(Source::Default, |given| given.source),
            access: Access::resolve(layers, project)?,
            log_level: layers.parsed(setting::LOG_LEVEL)?.unwrap_or(tracing::Level::INFO),
            auto_restart: layers.switch(setting::AUTO_RESTART)?.unwrap_or(false),
            register: layers.switch(setting::REGISTER)?.unwrap_or(false),
        })
    }
}
