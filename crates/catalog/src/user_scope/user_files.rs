//! The client's settings and registries, as they were read last.

use std::path::Path;

use super::installs::{Installs, Registry};
use super::json_file::JsonFile;
use super::marketplaces::Marketplaces;
use super::places::{INSTALLED, INSTALLED_V2, MARKETPLACES, UserPlaces};
use super::settings;
use crate::problem::Problem;
use claude_settings::{ClientSettings, Level};

/// What all of them say.
#[derive(Debug, Default)]
pub(crate) struct UserFiles {
    pub(super) settings: ClientSettings,
    pub(super) installs: Installs,
    pub(super) marketplaces: Marketplaces,
    pub(super) problems: Vec<Problem>,
}

impl UserFiles {
    /// Reads all of them. Of a file that cannot be used, what `last` says counts: it may just be written.
    pub(super) fn read(places: &UserPlaces, last: Option<&UserFiles>) -> UserFiles {
        let mut problems = Vec::new();
        let mut settings = ClientSettings::default();
        for level in Level::HIGHEST_FIRST {
            let last = last.and_then(|last| last.settings.file(level));
            let read = with(&places.settings(level), places, &mut problems, settings::read);
            settings.add(level, read.or_else(|| last.cloned()).unwrap_or_default());
        }
        let marketplaces = with(&places.plugins.join(MARKETPLACES), places, &mut problems, |file| {
            Marketplaces::read(file, last.map(|last| &last.marketplaces))
        });
        let installs = installs(places, &mut problems)
            .or_else(|| last.map(|last| last.installs.clone()))
            .unwrap_or_default();
        UserFiles { settings, installs, marketplaces, problems }
    }

    /// Whether settings enable the plugin, and which: the first that name it decide.
    pub(super) fn decision(&self, plugin: &str) -> Option<(bool, Level)> {
        self.settings.plugin(plugin).map(|(level, is_enabled)| (is_enabled, level))
    }

    /// The plugins that some settings enable, those of the highest precedence first.
    pub(super) fn enabled(&self) -> impl Iterator<Item = &str> {
        self.settings.files().flat_map(|(_, file)| file.enabled_plugins())
    }
}

/// What is installed; `None` where no registry can be used.
fn installs(places: &UserPlaces, problems: &mut Vec<Problem>) -> Option<Installs> {
    let first = with(&places.plugins.join(INSTALLED), places, problems, Registry::read);
    if first.as_ref().is_some_and(|registry| registry.version.is_some_and(|version| version > 1)) {
        return first.map(|registry| registry.installs);
    }
    let second = with(&places.plugins.join(INSTALLED_V2), places, problems, Registry::read);
    let is_there = |registry: &Registry| registry.version.is_some() || !registry.installs.0.is_empty();
    second.filter(is_there).or(first).map(|registry| registry.installs)
}

fn with<T>(
    path: &Path,
    places: &UserPlaces,
    problems: &mut Vec<Problem>,
    read: impl FnOnce(&mut JsonFile<'_>) -> T,
) -> T {
    let mut file = JsonFile::new(path, &places.project);
    let content = read(&mut file);
    problems.extend(file.into_problems());
    content
}
