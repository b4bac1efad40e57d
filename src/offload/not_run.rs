//! Agents that the client refuses since an offload, and that no stand-in runs.

use super::client_state::ClientState;
use super::entry::Entry;
use super::places::Target;
use super::stand_in::reason_to_stay;
use catalog::{Catalog, Kind};

/// An agent that is neither listed nor run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRun {
    /// Its id.
    pub id: String,
    /// Where it comes from: its plugin `name@market`, else its scope.
    pub source: String,
    /// Why: a clause.
    pub reason: String,
    /// The offload that has to be taken back for the agent to be listed again.
    pub target: Target,
}

/// The agents that offloads took out and that may not be run any more, since they were updated, and those that are denied
/// in place of another agent of their id.
pub fn not_run(catalog: &Catalog, state: &ClientState) -> Vec<NotRun> {
    let of = |agent| {
        let entry = Entry::from(agent);
        let reason = if state.is_offloaded(entry.clone()) {
            reason_to_stay(agent)?
        } else {
            // An entry of a plugin that is not installed is none of the client's.
            let is_clients = entry.installed.is_some() || entry.plugin.is_empty();
            (is_clients && state.is_denied_for_us(entry.id)).then_some(())?;
            "the rule for another agent of this name denies it".to_owned()
        };
        let source = entry.source().unwrap_or_default().to_owned();
        Some(NotRun { id: entry.id.to_owned(), source, reason, target: state.taken_out_for(&entry)? })
    };
    catalog.of_kind(Kind::Agent).iter().filter_map(|agent| of(agent)).collect()
}
