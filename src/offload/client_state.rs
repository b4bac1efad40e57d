//! What the client carries in its prompt now, and what an offload took out of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::entry::Entry;
use super::places::{Places, Target};
use super::record_file::StoredRecord;
use catalog::{Kind, MAX_SETTINGS_BYTES};
use claude_settings::{ClientSettings, FileSettings, Level, SettingKey};

/// The rule that allows our own tools.
pub(super) const OWN_TOOLS: &str = "mcp__plugin_adjutant_adjutant";

/// The settings of the client and the records of offloads, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientState {
    settings: ClientSettings,
    offloaded: Offloaded,
    /// The names of plugins, as far as settings and records say them.
    plugin_names: BTreeSet<String>,
}

/// What offloads took out of the prompt, as their records say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offloaded {
    /// By `name@market`.
    plugins: BTreeMap<String, OffloadedPlugin>,
    /// By id, each with an entry for every target that it was recorded for.
    agents: BTreeMap<String, Vec<OffloadedAgent>>,
    skills: BTreeSet<String>,
    /// The name in ids of each plugin that entries were taken out of, by `name@market`.
    names: BTreeMap<String, String>,
}

/// An agent that is denied for us.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OffloadedAgent {
    /// The level of the file that denies it.
    level: Level,
    /// Where it comes from ([`Entry::source`]); `None` in records of old.
    source: Option<String>,
}

/// A plugin that was switched off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct OffloadedPlugin {
    /// Its name in ids.
    name: String,
    /// The levels of the files in which it was, each with what stood there before.
    before: Vec<(Level, Option<bool>)>,
}

impl Offloaded {
    /// What the records of both targets say; one that cannot be read says nothing.
    pub fn load(places: &Places) -> Offloaded {
        let mut offloaded = Offloaded::default();
        for target in Target::ALL {
            let Ok(stored) = StoredRecord::load(places, target) else { continue };
            offloaded.names.extend(stored.plugin_names.clone());
            for written in &stored.written.keys {
                match &written.key {
                    SettingKey::Plugin(id) => {
                        let usual = id.rsplit_once('@').map_or(id.as_str(), |(name, _)| name);
                        let name = stored.plugin_names.get(id).map_or(usual, String::as_str);
                        let plugin = offloaded.plugins.entry(id.clone()).or_default();
                        name.clone_into(&mut plugin.name);
                        let before = written.old.as_deref().and_then(|old| old.trim().parse().ok());
                        plugin.before.push((target.level(), before));
                    }
                    SettingKey::Agent(id) => {
                        let source = stored.agent_sources.get(id).cloned();
                        let agent = OffloadedAgent { level: target.level(), source };
                        offloaded.agents.entry(id.clone()).or_default().push(agent);
                    }
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

    /// Whether an offload may have taken out the agent, as far as its id says.
    pub fn may_have_agent(&self, id: &str) -> bool {
        let plugin = id.split_once(':').map(|(plugin, _)| plugin);
        self.agents.contains_key(id)
            || plugin.is_some_and(|plugin| {
                self.plugins.iter().any(|(installed, own)| own.name == plugin || installed == plugin)
            })
    }

    /// The plugin as settings name it, of which an answer says this name in ids and this marketplace; `None` where it was not
    /// installed from one.
    pub fn installed_plugin(&self, name: &str, marketplace: &str) -> Option<Cow<'_, str>> {
        if marketplace.is_empty() {
            return None;
        }
        let is_of = |id: &str| id.rsplit_once('@').is_some_and(|(_, market)| market == marketplace);
        let mut named = self.plugins.iter().map(|(id, own)| (id, &own.name)).chain(&self.names);
        let known = named.find(|(id, own)| *own == name && is_of(id)).map(|(id, _)| Cow::from(id));
        known.or_else(|| Some(Cow::from(format!("{name}@{marketplace}"))))
    }
}

impl ClientState {
    /// Reads settings and records. A settings file that cannot be read says nothing, as for the client.
    pub fn load(places: &Places) -> ClientState {
        ClientState::of(places, Offloaded::load(places))
    }

    /// The same with records that were read before.
    pub fn of(places: &Places, offloaded: Offloaded) -> ClientState {
        let mut settings = ClientSettings::default();
        for level in Level::HIGHEST_FIRST {
            let file = places.settings(level).and_then(|file| file.in_its_folder().ok());
            let Some(content) = file.and_then(|file| file.read(MAX_SETTINGS_BYTES).ok()) else { continue };
            match FileSettings::parse(&content) {
                Ok(said) => settings.add(level, said),
                Err(error) => tracing::debug!(?level, %error, "settings that say nothing"),
            }
        }
        let stated =
            settings.files().flat_map(|(_, file)| file.enabled_plugins().chain(file.disabled_plugins()));
        let stated = stated.filter_map(|id| Some(id.rsplit_once('@')?.0));
        let recorded = offloaded.names.values().chain(offloaded.plugins.values().map(|plugin| &plugin.name));
        let plugin_names = stated.chain(recorded.map(String::as_str)).map(str::to_owned).collect();
        ClientState { settings, offloaded, plugin_names }
    }

    /// What the settings say together.
    pub fn settings(&self) -> &ClientSettings {
        &self.settings
    }

    /// What offloads took out.
    pub fn offloaded(&self) -> &Offloaded {
        &self.offloaded
    }

    /// Whether the settings of the target allow our tools, which an offload writes.
    pub fn allows_own_tools(&self, target: Target) -> bool {
        self.settings.file(target.level()).is_some_and(|file| file.allows(OWN_TOOLS))
    }

    /// The plugin under whose name the entry of no plugin goes: it would be taken for an entry of that plugin.
    pub(super) fn borrowed_plugin<'a>(&self, entry: &Entry<'a>) -> Option<&'a str> {
        let (plugin, _) = entry.id.split_once(':').filter(|_| entry.plugin.is_empty())?;
        self.plugin_names.contains(plugin).then_some(plugin)
    }

    /// The target of the offload that took out the agent, or denies it since it took out another one of that id.
    pub(super) fn taken_out_for(&self, entry: &Entry<'_>) -> Option<Target> {
        let denied = self.offloaded.agents.get(entry.id).into_iter().flatten().map(|agent| agent.level);
        let off = entry.installed.as_deref().and_then(|plugin| self.offloaded.plugins.get(plugin));
        let off = off.into_iter().flat_map(|plugin| plugin.before.iter().map(|(level, _)| *level));
        // What is for all projects has to be taken back there.
        denied.chain(off).map(|level| if level == Level::User { Target::User } else { Target::Project }).max()
    }

    /// Whether a rule of ours, and nothing else, denies the agent.
    pub(super) fn is_denied_for_us(&self, id: &str) -> bool {
        self.settings.denies_agent(id) && self.has_offloaded_agent(false, id)
    }

    /// The plugins that offloads switched off and nobody else did, each `name@market`.
    pub fn offloaded_plugins(&self) -> impl Iterator<Item = &str> {
        self.offloaded.plugins.keys().map(String::as_str).filter(|plugin| self.has_offloaded_plugin(plugin))
    }

    /// Whether what an offload took out under that key, and the client lists, was put back by hand: its file does not say any
    /// longer what was written.
    pub fn was_put_back(&self, key: &SettingKey) -> bool {
        match key {
            SettingKey::Plugin(id) => self.offloaded.plugins.get(id).is_some_and(|ours| {
                let says = |level: Level| self.settings.file(level).and_then(|file| file.plugin(id));
                ours.before.iter().any(|(level, _)| says(*level) != Some(false))
            }),
            SettingKey::Agent(id) => self.offloaded.agents.contains_key(id),
            SettingKey::Skill(id) => self.offloaded.skills.contains(id),
            SettingKey::Allow(_) => false,
        }
    }

    /// The plugins whose ids mean what is installed, each `name@market`: entries of them were offloaded.
    pub fn plugins_meant_by_ids(&self) -> impl Iterator<Item = &str> {
        let denied = self.offloaded.agents.iter().filter(|(id, _)| self.settings.denies_agent(id));
        let sources = denied.flat_map(|(_, ours)| ours).filter_map(|agent| agent.source.as_deref());
        let denied = sources.filter(|source| source.contains('@'));
        self.offloaded_plugins().chain(denied)
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
        if self.borrowed_plugin(&entry).is_some() {
            return false;
        }
        let plugin = entry.installed.as_deref().filter(|plugin| self.has_offloaded_plugin(plugin));
        match entry.kind {
            Kind::Agent => {
                let denied =
                    self.offloaded.agents.get(entry.id).filter(|_| self.settings.denies_agent(entry.id));
                let is_of = |agent: &OffloadedAgent| match &agent.source {
                    Some(source) => entry.is_from(source),
                    None => entry.installed.is_some() || entry.plugin.is_empty(),
                };
                denied.is_none_or(|ours| ours.iter().any(is_of))
                    && self.has_offloaded_agent(plugin.is_some(), entry.id)
            }
            Kind::Skill | Kind::Workflow => {
                let own = entry.plugin.is_empty() && self.settings.hides_skill(entry.id);
                // What the user denied himself is no offload of ours.
                !self.settings.denies_skill(entry.id)
                    && (plugin.is_some() || own && self.offloaded.skills.contains(entry.id))
            }
        }
    }

    /// The same for an agent of which only the id is known.
    pub fn is_offloaded_agent(&self, id: &str) -> bool {
        let name = id.split_once(':').map(|(plugin, _)| plugin);
        let mut plugins = self.offloaded.plugins.iter();
        let plugin = plugins.find(|(plugin, own)| {
            (Some(own.name.as_str()) == name || Some(plugin.as_str()) == name)
                && self.has_offloaded_plugin(plugin)
        });
        self.has_offloaded_agent(plugin.is_some(), id)
    }

    /// Whether an offload switched the plugin `name@market` off, it is still off, and without the offload it would not be:
    /// what somebody switches off himself, before or after, is off.
    pub fn has_offloaded_plugin(&self, plugin: &str) -> bool {
        let without_offload =
            |ours: &OffloadedPlugin| self.settings.plugin_with(plugin, &ours.before) != Some(false);
        matches!(self.settings.plugin(plugin), Some((_, false)))
            && self.offloaded.plugins.get(plugin).is_some_and(without_offload)
    }

    /// An agent that the user denied himself is not offloaded, whatever became of its plugin.
    fn has_offloaded_agent(&self, has_plugin: bool, id: &str) -> bool {
        if !self.settings.denies_agent(id) {
            return has_plugin;
        }
        let ours = self.offloaded.agents.get(id).into_iter().flatten();
        let levels: Vec<Level> = ours.map(|agent| agent.level).collect();
        !levels.is_empty() && !self.settings.denies_agent_beside(id, &levels)
    }
}
