//! In which settings a running instance differs from what a command was told.

use std::fmt;

use super::run_files::Endpoint;
use crate::config::{Config, SETTINGS};

/// The key of the token, of which nobody says more than that there is one.
const TOKEN: &str = "token";

/// A setting that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its key.
    pub key: &'static str,
    /// The value of the instance.
    pub running: String,
    /// The value that the command was told.
    pub asked: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} is {}, not {}", self.key, self.running, self.asked)
    }
}

impl Endpoint {
    /// The settings in which the instance differs from `config`; none where it does not say how it was started.
    pub fn differences(&self, config: &Config) -> Vec<Difference> {
        let Some(running) = &self.settings else { return Vec::new() };
        let asked = config.comparable();
        let differs = |key: &&'static str| running.get(*key) != asked.get(*key);
        let keys = SETTINGS.iter().map(|setting| setting.key).filter(differs);
        let default = |key| SETTINGS.iter().find(|setting| setting.key == key).map(|setting| setting.default);
        let shown = |value: Option<&String>, key| match value {
            Some(value) => value.clone(),
            None if key == TOKEN => "none".to_owned(),
            None => default(key).unwrap_or_default().to_owned(),
        };
        keys.map(|key| Difference {
            key,
            running: shown(running.get(key), key),
            asked: shown(asked.get(key), key),
        })
        .collect()
    }
}
