//! What is wrong with an offload that was made: said by each command that looks at it.

use crate::cli::output::{self, Tone};
use crate::config::{Environment, ProjectConfig};
use crate::offload::{ClientState, Missing, NotRun, Places, StoredRecord, Target, missing, not_run};
use catalog::Catalog;

use super::wording::flag_of;

/// What is wrong.
#[derive(Debug, Default)]
pub(super) struct Attention {
    /// Records that cannot be read, and one that came with the tree: a sentence each.
    pub records: Vec<String>,
    /// Agents that are neither listed nor run.
    pub not_run: Vec<NotRun>,
    /// What is missing for offloaded helpers to be run.
    pub missing: Vec<Missing>,
}

impl Attention {
    /// What is wrong with the offloads that concern the project.
    pub(super) fn of(
        config: &ProjectConfig,
        environment: &Environment,
        catalog: &Catalog,
        state: &ClientState,
    ) -> Attention {
        let places = Places::of(config);
        let mut all: Vec<Missing> = Vec::new();
        for target in Target::ALL.into_iter().filter(|target| is_recorded(&places, *target)) {
            let lacking = missing(config, environment, catalog, state, target);
            all.extend(lacking.into_iter().filter(|one| !all.contains(one)).collect::<Vec<_>>());
        }
        Attention { records: unread_records(&places), not_run: not_run(catalog, state), missing: all }
    }

    pub(super) fn tell(&self) {
        for why in &self.records {
            output::hint(why);
        }
        for one in &self.not_run {
            output::toned(&[(Tone::Warning, "not listed, not run: "), (Tone::Plain, &sentence(one))]);
        }
        tell_missing(&self.missing);
    }
}

/// Says what is wrong with the offloads that concern the project.
pub(in crate::cli) fn tell_attention(
    config: &ProjectConfig,
    environment: &Environment,
    catalog: &Catalog,
    state: &ClientState,
) {
    Attention::of(config, environment, catalog, state).tell();
}

/// Whether anything was written to the settings of the target.
pub(super) fn is_recorded(places: &Places, target: Target) -> bool {
    StoredRecord::load(places, target).is_ok_and(|stored| !stored.written.is_empty())
}

/// Says what is missing, and which command brings it.
pub(super) fn tell_missing(missing: &[Missing]) {
    for Missing { what, remedy } in missing {
        output::toned(&[(Tone::Warning, "missing "), (Tone::Plain, what)]);
        output::hint(remedy);
    }
}

/// Why records are left out.
pub(super) fn unread_records(places: &Places) -> Vec<String> {
    let damaged = Target::ALL.into_iter().filter_map(|target| StoredRecord::load(places, target).err());
    let foreign = StoredRecord::foreign(places).map(|file| {
        format!(
            "the record {file} was not written for this folder and is left out; adjutant restore-listings shows and undoes what it says"
        )
    });
    damaged.map(|error| error.to_string()).chain(foreign).collect()
}

fn sentence(one: &NotRun) -> String {
    let NotRun { id, source, reason, target } = one;
    let flag = flag_of(*target);
    format!(
        "{id} ({source}): {reason}; adjutant restore-listings{flag} lists it again, and adjutant offload{flag} then takes out the others"
    )
}
