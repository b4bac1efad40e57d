//! What an offload would write: for each entry that the client lists, the setting that takes it out.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;

use super::client_state::ClientState;
use super::places::{Places, Target};
use super::plugin_parts::running_parts;
use catalog::{Catalog, Definition, Kind, Marketplaces, Scope};
use claude_settings::{Level, SettingKey};

/// The plugin that brings the offloaded entries back when they are asked for: it stays.
const OWN_PLUGIN: &str = "adjutant";

/// The rule that allows our own tools.
const OWN_TOOLS: &str = "mcp__plugin_adjutant_adjutant";

/// What is to leave the prompt.
#[derive(Debug, Clone, Copy)]
pub enum Selection<'a> {
    /// Everything that the client lists.
    Everything,
    /// These plugins, each `name` or `name@market`.
    Plugins(&'a [String]),
}

impl Selection<'_> {
    /// The name among those given that means the plugin.
    fn named<'a>(&'a self, plugin: &str) -> Option<&'a str> {
        let Selection::Plugins(names) = self else { return None };
        let name = plugin.rsplit_once('@').map_or(plugin, |(name, _)| name);
        names.iter().map(String::as_str).find(|given| *given == plugin || *given == name)
    }
}

/// What an offload would do.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// What is written.
    pub keys: Vec<SettingKey>,
    /// The name in ids of each plugin that is switched off, by `name@market`.
    pub plugin_names: BTreeMap<String, String>,
    /// What stays in the listing, and why.
    pub staying: Vec<Staying>,
    /// Names that were given and mean no plugin that is installed and enabled.
    pub unknown: Vec<String>,
    /// Whether the plugin is there that brings offloaded entries back when they are asked for.
    pub has_own_plugin: bool,
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
            plan.has_own_plugin = true;
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
    if let Selection::Plugins(names) = selection {
        let known: BTreeSet<&str> = plugins.keys().filter_map(|plugin| selection.named(plugin)).collect();
        plan.unknown = names.iter().filter(|name| !known.contains(name.as_str())).cloned().collect();
        plugins.retain(|plugin, _| selection.named(plugin).is_some());
        own.clear();
    }
    let open = |plugins: &PathBuf| Marketplaces::open(plugins, &places.project);
    let marketplaces = places.plugins.as_ref().map(open).unwrap_or_default();
    let surroundings = Surroundings { catalog, state, target, marketplaces };
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
}

impl Surroundings<'_> {
    /// Why what is written is of no effect, where settings of `level` say otherwise.
    fn overruled(&self, level: Level) -> Option<&'static str> {
        let reason = match level {
            Level::Managed => "an administrator prescribes it",
            _ => "the project's settings say so",
        };
        (level > self.target.level()).then_some(reason)
    }
}

impl Plan {
    fn offload_plugin(&mut self, plugin: &str, definitions: &[&Definition], around: &Surroundings<'_>) {
        let Some(first) = definitions.first() else { return };
        let overruled = around.state.settings().plugin(plugin).and_then(|(level, _)| around.overruled(level));
        if let Some(reason) = overruled {
            return self.stays(&first.plugin, definitions.len(), reason);
        }
        let (name, market) = plugin.rsplit_once('@').unwrap_or((plugin, ""));
        let mut folders = around.catalog.plugins().iter().filter(|known| known.name == first.plugin);
        let folder = folders.find(|known| known.is_installed()).map(|known| known.root.as_path());
        let marketplace = around.marketplaces.location(market);
        let reason = match folder.and_then(|folder| running_parts(folder, marketplace, name)) {
            Some(parts) if parts.is_empty() => {
                self.keys.push(SettingKey::Plugin(plugin.to_owned()));
                self.plugin_names.insert(plugin.to_owned(), first.plugin.clone());
                return self.take_out(definitions.iter().copied());
            }
            Some(parts) => format!("the plugin has {}, which would end with it", parts.join(", ")),
            None => "the plugin cannot be read, so it is unknown what else it does".to_owned(),
        };
        let (agents, others): (Vec<&Definition>, Vec<&Definition>) =
            definitions.iter().partition(|definition| definition.kind == Kind::Agent);
        self.keys.extend(agents.iter().map(|agent| SettingKey::Agent(agent.id.clone())));
        self.take_out(agents);
        self.stays(&first.plugin, others.len(), format!("skills and commands stay: {reason}"));
    }

    /// Offloads what belongs to no plugin.
    fn offload_own(&mut self, definitions: &[&Definition], around: &Surroundings<'_>) {
        for definition in definitions {
            let id = definition.id.clone();
            match definition.kind {
                Kind::Agent => self.keys.push(SettingKey::Agent(id)),
                Kind::Skill | Kind::Workflow if around.state.settings().denies_skill(&id) => {
                    self.stays(&id, 1, "you denied it");
                    continue;
                }
                Kind::Skill | Kind::Workflow => {
                    let stated = around.state.settings().skill_override(&id);
                    if let Some(reason) = stated.and_then(|(level, _)| around.overruled(level)) {
                        self.stays(&id, 1, reason);
                        continue;
                    }
                    let key = SettingKey::Skill(id);
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
