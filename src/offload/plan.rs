//! What an offload would write: for each entry that the client lists, the setting that takes it out.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;

use super::client_state::{ClientState, OWN_TOOLS};
use super::entry::Entry;
use super::places::{Places, Target};
use super::plugin_parts::running_parts;
use super::readiness::OWN_PLUGIN;
use super::stand_in::{losses, reason_to_stay};
use catalog::{Catalog, Definition, Kind, Marketplaces, Scope};
use claude_settings::{Level, SettingKey};

/// What is to leave the prompt.
#[derive(Debug, Clone, Copy)]
pub enum Selection<'a> {
    /// Everything that the client lists.
    Everything,
    /// These plugins, each `name` or `name@market`, and entries of no plugin, by their ids.
    Named(&'a [String]),
}

impl Selection<'_> {
    /// The name among those given that means the plugin.
    fn named<'a>(&'a self, plugin: &str) -> Option<&'a str> {
        let Selection::Named(names) = self else { return None };
        let name = plugin.rsplit_once('@').map_or(plugin, |(name, _)| name);
        names.iter().map(String::as_str).find(|given| *given == plugin || *given == name)
    }

    /// The name among those given that means the entry of no plugin.
    fn named_entry<'a>(&'a self, id: &str) -> Option<&'a str> {
        let Selection::Named(names) = self else { return None };
        names.iter().map(String::as_str).find(|given| *given == id)
    }
}

/// What an offload would do.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// What is written.
    pub keys: Vec<SettingKey>,
    /// The name in ids of each plugin that entries are taken out of, by `name@market`.
    pub plugin_names: BTreeMap<String, String>,
    /// Where each agent that is denied comes from, by its id ([`Entry::source`]).
    pub agent_sources: BTreeMap<String, String>,
    /// What stand-ins lack or may beyond the agents that they stand in for: the ids of these agents, by a clause.
    pub losses: BTreeMap<&'static str, Vec<String>>,
    /// What is typed under another name once its plugin is off: skills and commands that the user may run.
    pub typed: Vec<(Kind, String)>,
    /// What stays in the listing, and why.
    pub staying: Vec<Staying>,
    /// Names that were given and mean no plugin that is installed and enabled, and no listed entry.
    pub unknown: Vec<String>,
    leaving: HashSet<(Kind, String, PathBuf)>,
}

/// Entries that stay in the listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Staying {
    /// Whose they are: a plugin's name, or the id of an entry of no plugin.
    pub plugin: String,
    /// How many.
    pub entries: usize,
    /// Why: a clause.
    pub reason: String,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.keys.iter().all(|key| matches!(key, SettingKey::Allow(_)))
    }

    /// Whether the entry leaves the listing.
    pub fn takes_out(&self, definition: &Definition) -> bool {
        self.leaving.contains(&(definition.kind, definition.id.clone(), definition.path.clone()))
    }

    fn take_out<'a>(&mut self, definitions: impl IntoIterator<Item = &'a Definition>) {
        let keys = definitions.into_iter().map(|one| (one.kind, one.id.clone(), one.path.clone()));
        self.leaving.extend(keys);
    }

    fn stays(&mut self, plugin: &str, entries: usize, reason: impl Into<String>) {
        if entries > 0 {
            self.staying.push(Staying { plugin: plugin.to_owned(), entries, reason: reason.into() });
        }
    }
}

/// What an offload of `selection` to the settings of `target` would do, where the client lists what it does now.
pub fn plan(
    catalog: &Catalog,
    state: &ClientState,
    places: &Places,
    target: Target,
    selection: &Selection<'_>,
) -> Plan {
    let mut plan = Plan::default();
    let mut plugins: BTreeMap<String, Vec<&Definition>> = BTreeMap::new();
    let mut own: Vec<&Definition> = Vec::new();
    for listed in catalog.client_listing_of(false, |one| state.is_carried(one)) {
        let definition: &Definition = listed.definition;
        if definition.plugin == OWN_PLUGIN {
            continue;
        }
        match definition.origin.installed_plugin() {
            Some(plugin) => plugins.entry(plugin).or_default().push(definition),
            // The project's are nothing to the user's other projects.
            None if definition.plugin.is_empty()
                && (target == Target::Project || definition.origin.scope != Scope::Project) =>
            {
                own.push(definition);
            }
            // A plugin that is not installed is loaded by a flag of the client, which no setting takes back.
            None => {}
        }
    }
    if let Selection::Named(names) = selection {
        let entries = own.iter().filter_map(|one| selection.named_entry(&one.id));
        let known: BTreeSet<&str> =
            plugins.keys().filter_map(|plugin| selection.named(plugin)).chain(entries).collect();
        plan.unknown = names.iter().filter(|name| !known.contains(name.as_str())).cloned().collect();
        plugins.retain(|plugin, _| selection.named(plugin).is_some());
        own.retain(|one| selection.named_entry(&one.id).is_some());
    }
    let open = |plugins: &PathBuf| Marketplaces::open(plugins, &places.project);
    let marketplaces = places.plugins.as_ref().map(open).unwrap_or_default();
    let is_named = matches!(selection, Selection::Named(_));
    let surroundings = Surroundings { catalog, state, target, marketplaces, is_named };
    for (plugin, definitions) in &plugins {
        plan.offload_plugin(plugin, definitions, &surroundings);
    }
    plan.offload_own(&own, &surroundings);
    if !plan.keys.is_empty() {
        plan.keys.push(SettingKey::Allow(OWN_TOOLS.to_owned()));
    }
    plan.staying.sort();
    plan
}

/// What an offload depends on beside the entries.
struct Surroundings<'a> {
    catalog: &'a Catalog,
    state: &'a ClientState,
    target: Target,
    marketplaces: Marketplaces,
    /// Whether what is to leave was named, so that it leaves once more although the user put it back.
    is_named: bool,
}

/// What a rule for all projects does beyond the agent that it is for.
const DENIED_EVERYWHERE: &str = "an agent that a project has under this name is denied, too, and not run";

impl Surroundings<'_> {
    /// The installed plugin under whose name the entry of no plugin goes.
    fn borrowed_plugin<'a>(&self, definition: &'a Definition) -> Option<&'a str> {
        let (plugin, _) = definition.id.split_once(':')?;
        let is_installed =
            self.catalog.plugins().iter().any(|known| known.is_installed() && known.name == plugin);
        self.state.borrowed_plugin(&Entry::from(definition)).or(is_installed.then_some(plugin))
    }

    /// Why what is written is of no effect, where settings of `level` say otherwise.
    fn overruled(&self, level: Level) -> Option<&'static str> {
        let reason = match level {
            Level::Managed => "an administrator prescribes it",
            _ => "the project's settings say so",
        };
        (level > self.target.level()).then_some(reason)
    }

    /// Why the agent stays listed where the rest of its plugin leaves.
    fn reason_to_stay(&self, agent: &Definition) -> Option<String> {
        let put_back = self.put_back(&SettingKey::Agent(agent.id.clone()));
        reason_to_stay(agent).or(put_back.map(str::to_owned))
    }

    /// Why what was offloaded before and is listed stays so, unless it is named.
    fn put_back(&self, key: &SettingKey) -> Option<&'static str> {
        let is_users = !self.is_named && self.state.was_put_back(key);
        is_users.then_some("you enabled it again; name it to take it out")
    }
}

impl Plan {
    fn offload_plugin(&mut self, plugin: &str, definitions: &[&Definition], around: &Surroundings<'_>) {
        let Some(first) = definitions.first() else { return };
        let overruled = around.state.settings().plugin(plugin).and_then(|(level, _)| around.overruled(level));
        if let Some(reason) = overruled {
            return self.stays(&first.plugin, definitions.len(), reason);
        }
        if let Some(reason) = around.put_back(&SettingKey::Plugin(plugin.to_owned())) {
            return self.stays(&first.plugin, definitions.len(), reason);
        }
        let (name, market) = plugin.rsplit_once('@').unwrap_or((plugin, ""));
        let mut folders = around.catalog.plugins().iter().filter(|known| known.name == first.plugin);
        let folder = folders.find(|known| known.is_installed()).map(|known| known.root.as_path());
        let marketplace = around.marketplaces.location(market);
        let (agents, others): (Vec<&Definition>, Vec<&Definition>) =
            definitions.iter().partition(|definition| definition.kind == Kind::Agent);
        let staying: Vec<&str> = agents
            .iter()
            .filter(|agent| around.reason_to_stay(agent).is_some())
            .map(|one| &*one.id)
            .collect();
        let reason = match folder.and_then(|folder| running_parts(folder, marketplace, name)) {
            Some(parts) if parts.is_empty() && staying.is_empty() => {
                self.keys.push(SettingKey::Plugin(plugin.to_owned()));
                self.plugin_names.insert(plugin.to_owned(), first.plugin.clone());
                for agent in agents {
                    self.note_losses(agent);
                }
                let typed = others.iter().filter(|one| one.invocation.is_by_user());
                self.typed.extend(typed.map(|one| (one.kind, one.id.clone())));
                return self.take_out(definitions.iter().copied());
            }
            Some(parts) if parts.is_empty() => {
                format!("with the plugin {} would go, too", staying.join(", "))
            }
            Some(parts) => format!("the plugin has {}, which would end with it", parts.join(", ")),
            None => "the plugin cannot be read, so it is unknown what else it does".to_owned(),
        };
        for agent in agents {
            if self.deny(agent, around) {
                self.plugin_names.insert(plugin.to_owned(), first.plugin.clone());
            }
        }
        self.stays(&first.plugin, others.len(), format!("skills and commands stay: {reason}"));
    }

    /// Takes out an agent alone; whether it leaves.
    fn deny(&mut self, agent: &Definition, around: &Surroundings<'_>) -> bool {
        if let Some(reason) = around.reason_to_stay(agent) {
            self.stays(&agent.id, 1, reason);
            return false;
        }
        self.keys.push(SettingKey::Agent(agent.id.clone()));
        if let Some(source) = Entry::from(agent).source() {
            self.agent_sources.insert(agent.id.clone(), source.to_owned());
        }
        self.note_losses(agent);
        self.take_out([agent]);
        true
    }

    fn note_losses(&mut self, agent: &Definition) {
        for loss in losses(agent) {
            self.losses.entry(loss).or_default().push(agent.id.clone());
        }
    }

    /// Offloads what belongs to no plugin.
    fn offload_own(&mut self, definitions: &[&Definition], around: &Surroundings<'_>) {
        for definition in definitions {
            let id = definition.id.clone();
            if let Some(plugin) = around.borrowed_plugin(definition) {
                self.stays(&id, 1, format!("it goes under the name of the plugin {plugin}"));
                continue;
            }
            match definition.kind {
                Kind::Agent => {
                    if self.deny(definition, around) && around.target == Target::User {
                        self.losses.entry(DENIED_EVERYWHERE).or_default().push(id);
                    }
                    continue;
                }
                Kind::Skill | Kind::Workflow if around.state.settings().denies_skill(&id) => {
                    self.stays(&id, 1, "you denied it");
                    continue;
                }
                Kind::Skill | Kind::Workflow => {
                    let stated = around.state.settings().skill_override(&id);
                    let key = SettingKey::Skill(id.clone());
                    let overruled = stated.and_then(|(level, _)| around.overruled(level));
                    if let Some(reason) = overruled.or_else(|| around.put_back(&key)) {
                        self.stays(&id, 1, reason);
                        continue;
                    }
                    // A skill and a command may have one id.
                    if !self.keys.contains(&key) {
                        self.keys.push(key);
                    }
                }
            }
            self.take_out([*definition]);
        }
    }
}
