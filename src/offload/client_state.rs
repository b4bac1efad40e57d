//! What the client carries in its prompt now, and what an offload took out of it.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::Entry;
use super::places::{Places, Target};
use super::record_file::StoredRecord;
use catalog::{Kind, MAX_SETTINGS_BYTES};
use claude_settings::{ClientSettings, Level, SettingKey};

/// The settings of the client and the records of offloads, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientState {
    settings: ClientSettings,
    offloaded: Offloaded,
}

/// What offloads took out of the prompt, as their records say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offloaded {
    /// The name in ids of each plugin, by `name@market`.
    plugins: BTreeMap<String, String>,
    agents: BTreeSet<String>,
    skills: BTreeSet<String>,
}

impl Offloaded {
    /// What the records of both targets say; one that cannot be read says nothing.
    pub fn load(places: &Places) -> Offloaded {
        let mut offloaded = Offloaded::default();
        for target in Target::ALL {
            let Ok(stored) = StoredRecord::load(places, target) else { continue };
            for written in &stored.written.keys {
                match &written.key {
                    SettingKey::Plugin(id) => {
                        let usual = id.rsplit_once('@').map_or(id.as_str(), |(name, _)| name);
                        let name = stored.plugin_names.get(id).map_or(usual, String::as_str);
                        offloaded.plugins.insert(id.clone(), name.to_owned());
                    }
                    SettingKey::Agent(id) => drop(offloaded.agents.insert(id.clone())),
                    SettingKey::Skill(id) => drop(offloaded.skills.insert(id.clone())),
                    SettingKey::Allow(_) => {}
                }
            }
        }
        offloaded
    }

    /// Whether nothing was offloaded.
    pub fn is_empty(&self) -> bool {
        self.plugins.is_empty() && self.agents.is_empty() && self.skills.is_empty()
    }

    /// The plugin `name@market` that has this name in ids, and was switched off.
    pub fn plugin_named(&self, name: &str, marketplace: &str) -> Option<&str> {
        let is_of = |id: &str| id.rsplit_once('@').is_some_and(|(_, market)| market == marketplace);
        let mut plugins = self.plugins.iter().filter(|(id, own)| own.as_str() == name && is_of(id));
        plugins.next().map(|(id, _)| id.as_str())
    }

    /// The plugins that were switched off, each `name@market`.
    pub fn plugins(&self) -> impl Iterator<Item = &str> {
        self.plugins.keys().map(String::as_str)
    }
}

impl ClientState {
    /// Reads settings and records. A settings file that cannot be read says nothing, as for the client.
    pub fn load(places: &Places) -> ClientState {
        let mut settings = ClientSettings::default();
        for level in [Level::User, Level::Project, Level::Local, Level::Managed] {
            let file = places.settings(level).and_then(|file| file.in_its_folder().ok());
            if let Some(text) = file.and_then(|file| file.read_text(MAX_SETTINGS_BYTES).ok())
                && let Err(error) = settings.add(level, &text)
            {
                tracing::debug!(?level, %error, "settings that say nothing");
            }
        }
        ClientState { settings, offloaded: Offloaded::load(places) }
    }

    /// What the settings say together.
    pub fn settings(&self) -> &ClientSettings {
        &self.settings
    }

    /// What offloads took out.
    pub fn offloaded(&self) -> &Offloaded {
        &self.offloaded
    }

    /// Whether the client lists the entry, as far as settings decide.
    ///
    /// An entry of a plugin that is not installed is none of the client's: it loads the plugin only if a flag of its own
    /// names it.
    pub fn is_carried<'a>(&self, entry: impl Into<Entry<'a>>) -> bool {
        let entry = entry.into();
        let installed = entry.installed.as_deref();
        let is_off = |plugin: &str| matches!(self.settings.plugin(plugin), Some((_, false)));
        if installed.map_or(!entry.plugin.is_empty(), is_off) {
            return false;
        }
        match entry.kind {
            Kind::Agent => !self.settings.denies_agent(entry.id),
            // A plugin's cannot be hidden one by one.
            Kind::Skill | Kind::Workflow => installed.is_some() || !self.settings.hides_skill(entry.id),
        }
    }

    /// Whether an offload took the entry out of the listing, and it is still out of it.
    pub fn is_offloaded<'a>(&self, entry: impl Into<Entry<'a>>) -> bool {
        let entry = entry.into();
        let plugin = entry.installed.as_deref().filter(|plugin| self.has_offloaded_plugin(plugin));
        match entry.kind {
            Kind::Agent => self.has_offloaded_agent(plugin.is_some(), entry.id),
            Kind::Skill | Kind::Workflow => {
                let own = entry.plugin.is_empty() && self.settings.hides_skill(entry.id);
                plugin.is_some() || own && self.offloaded.skills.contains(entry.id)
            }
        }
    }

    /// The same for an agent of which only the id is known.
    pub fn is_offloaded_agent(&self, id: &str) -> bool {
        let name = id.split_once(':').map(|(plugin, _)| plugin);
        let mut plugins = self.offloaded.plugins.iter();
        let plugin = plugins.find(|(plugin, own)| {
            (Some(own.as_str()) == name || Some(plugin.as_str()) == name) && self.has_offloaded_plugin(plugin)
        });
        self.has_offloaded_agent(plugin.is_some(), id)
    }

    /// Whether an offload switched the plugin `name@market` off, and it is still off.
    pub fn has_offloaded_plugin(&self, plugin: &str) -> bool {
        self.offloaded.plugins.contains_key(plugin)
            && matches!(self.settings.plugin(plugin), Some((_, false)))
    }

    /// An agent that the user denied himself is not offloaded, whatever became of its plugin.
    fn has_offloaded_agent(&self, has_plugin: bool, id: &str) -> bool {
        if self.settings.denies_agent(id) { self.offloaded.agents.contains(id) } else { has_plugin }
    }
}
