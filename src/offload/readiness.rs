//! Whether what is offloaded can be found and run: asked before anything is written.

use std::path::PathBuf;

use super::client_state::ClientState;
use super::entry::Entry;
use super::places::{Places, Target};
use super::stand_in::StandIn;
use crate::config::{Environment, ProjectConfig};
use catalog::{Catalog, MarketplaceLocation, Marketplaces, Scope};

/// The plugin that brings offloaded entries back when they are asked for: it stays.
pub(super) const OWN_PLUGIN: &str = "adjutant";

/// Something without which offloaded helpers are lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What it is: a sentence without its full stop.
    pub what: String,
    /// The command that brings it.
    pub remedy: String,
}

impl Missing {
    fn new(what: impl Into<String>, remedy: impl Into<String>) -> Missing {
        Missing { what: what.into(), remedy: remedy.into() }
    }
}

/// What is missing for an offload to the settings of `target`; nothing where offloaded helpers are found and run.
pub fn missing(
    config: &ProjectConfig,
    environment: &Environment,
    catalog: &Catalog,
    state: &ClientState,
    target: Target,
) -> Vec<Missing> {
    let mut missing = Vec::new();
    if config.user_scope.is_none() {
        let what = "what you have installed is not indexed, so that it could not be found";
        missing.push(Missing::new(what, "unset MCP_USER_SCOPE, and leave out --no-user-scope"));
    } else {
        missing.extend(missing_plugin(&Places::of(config), catalog, state, target));
    }
    if state.settings().disables_hooks() {
        let what = "settings switch all hooks off, and a hook runs offloaded agents";
        missing.push(Missing::new(what, "remove \"disableAllHooks\" from the client's settings"));
    }
    if program(environment, catalog).is_none() {
        let what =
            "the plugin's hooks find no program: adjutant is neither on PATH nor in cargo's bin folder";
        let own = std::env::current_exe().ok();
        let remedy = own.map_or_else(
            || "cargo install --locked --path . (in a clone of Adjutant)".to_owned(),
            |own| format!("ln -s {} ~/.local/bin/adjutant (or any folder of PATH)", own.display()),
        );
        missing.push(Missing::new(what, remedy));
    }
    missing
}

/// What is wrong with the plugin that runs offloaded helpers.
fn missing_plugin(
    places: &Places,
    catalog: &Catalog,
    state: &ClientState,
    target: Target,
) -> Option<Missing> {
    let of_plugin = |id: &str| id.rsplit_once('@').is_some_and(|(name, _)| name == OWN_PLUGIN);
    let serves = |stand_in: StandIn| {
        let own = catalog.definitions().iter().find(|one| one.id == stand_in.id())?;
        let is_installed = own.origin.installed_plugin().is_some_and(|plugin| of_plugin(&plugin));
        (is_installed && state.is_carried(Entry::from(&**own))).then_some(own.origin.scope)
    };
    let scope = serves(StandIn::Reader).zip(serves(StandIn::Specialist)).map(|(scope, _)| scope);
    match scope {
        Some(Scope::Project) if target == Target::User => {
            let what = "the plugin adjutant is installed for this project alone, and not for all projects";
            return Some(Missing::new(what, "claude plugin install adjutant@adjutant --scope user"));
        }
        Some(_) => return None,
        None => {}
    }
    let stated = state.settings().files().flat_map(|(_, file)| file.disabled_plugins());
    if let Some(off) = stated.into_iter().find(|id| of_plugin(id)) {
        let what = "the plugin adjutant, which runs offloaded agents, is switched off";
        return Some(Missing::new(what, format!("claude plugin enable {off}")));
    }
    if [StandIn::Reader, StandIn::Specialist].iter().any(|one| state.settings().denies_agent(one.id())) {
        let what = "a rule denies the agents that stand in for offloaded ones";
        return Some(Missing::new(what, "remove the rule Agent(adjutant:…) from permissions.deny"));
    }
    let plugins = places.plugins.as_ref();
    let registry = plugins.map(|plugins| Marketplaces::open(plugins, &places.project)).unwrap_or_default();
    let install = "claude plugin install adjutant@adjutant";
    let remedy = match registry.location(OWN_PLUGIN) {
        MarketplaceLocation::At(_) => install.to_owned(),
        _ => format!("claude plugin marketplace add ./ && {install} (in a clone of Adjutant)"),
    };
    Some(Missing::new("the plugin adjutant, which runs offloaded agents, is not installed", remedy))
}

/// The builds of a checkout below its target folder: `.claude/init.sh` makes the second.
const BUILDS: [&str; 2] = ["release/adjutant", "trial/adjutant"];

/// The program that the plugin's hooks run, found as `.claude/plugin/adjutant.sh` finds it.
fn program(environment: &Environment, catalog: &Catalog) -> Option<PathBuf> {
    let cargo = environment.path("CARGO_HOME").or_else(|| Some(environment.path("HOME")?.join(".cargo")));
    let on_path = environment.paths("PATH").into_iter().chain(cargo.map(|cargo| cargo.join("bin")));
    let installed =
        catalog.plugins().iter().filter(|plugin| plugin.name == OWN_PLUGIN && plugin.is_installed());
    // A release brings the program along; a folder marketplace is loaded where it lies, in a checkout.
    let target = environment.path("CARGO_TARGET_DIR");
    let own = installed.flat_map(|plugin| {
        let checkout = plugin.root.join("../..");
        let built = target.clone().unwrap_or_else(|| PathBuf::from("target"));
        let built = checkout.join("Cargo.toml").is_file().then(|| checkout.join(built));
        let built = built.into_iter().flat_map(|built| BUILDS.map(|build| built.join(build)));
        std::iter::once(plugin.root.join("bin/adjutant")).chain(built)
    });
    let candidates = environment.path("ADJUTANT_BIN").into_iter().chain(own);
    candidates.chain(on_path.map(|folder| folder.join("adjutant"))).find(|candidate| is_program(candidate))
}

fn is_program(file: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
