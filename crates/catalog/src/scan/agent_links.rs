//! Which agents of its own plugin a command names. A file alone cannot tell, since it takes the names of the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::files::{File, Read};
use super::reader::ReadOutcome;
use crate::agent_mentions::{AgentNames, agents};
use crate::definition::Definition;
use crate::kind::Kind;
use crate::threads::in_shares;

/// Commands that a thread searches at a time.
const SHARE: usize = 16;

/// Fills in the agents of commands. `outcomes` are all files of each component root among them. A command that was searched
/// for the same names before is not searched again.
pub(super) fn link(outcomes: &mut [ReadOutcome]) {
    let mut by_component_root: BTreeMap<u32, Vec<Arc<Definition>>> = BTreeMap::new();
    for file in outcomes.iter().filter_map(|outcome| outcome.file.as_ref()) {
        if let Some(definition) = file.definition().filter(|definition| definition.kind == Kind::Agent) {
            by_component_root.entry(file.component_root).or_default().push(Arc::clone(definition));
        }
    }
    let names: BTreeMap<u32, (AgentNames<'_>, u32)> = by_component_root
        .iter()
        .map(|(component_root, agents)| {
            let names = AgentNames::of(agents.iter().map(|agent| &**agent));
            let version = names.version();
            (*component_root, (names, version))
        })
        .collect();
    let none = (AgentNames::default(), 0);
    let names_for = |file: &File| names.get(&file.component_root).unwrap_or(&none);
    let stale: Vec<usize> = (outcomes.iter().zip(0..))
        .filter_map(|(outcome, at)| Some((outcome.file.as_ref()?, at)))
        .filter(|(file, _)| file.definition().is_some_and(|definition| definition.kind == Kind::Workflow))
        .filter(|(file, _)| file.agent_names != Some(names_for(file).1))
        .map(|(_, at)| at)
        .collect();
    let search = |at: &usize| {
        let file = outcomes[*at].file.as_ref()?;
        Some((agents(&file.definition()?.body, &names_for(file).0), names_for(file).1))
    };
    let found = in_shares(&stale, SHARE, |some| some.iter().map(search).collect());
    for (at, found) in stale.into_iter().zip(found) {
        let (Some((agents, version)), Some(file)) = (found, outcomes[at].file.as_mut()) else { continue };
        file.agent_names = Some(version);
        if let Read::Entry(definition) = &mut file.read
            && definition.agents != agents
        {
            Arc::make_mut(definition).agents = agents;
        }
    }
}
