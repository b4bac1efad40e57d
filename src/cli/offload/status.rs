//! `adjutant offload status`: what was taken out of the prompt, and what the client lists.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::attention::Attention;
use super::listing_cost::ListingCost;
use super::relisted::{relisted, target_of_everything};
use crate::app;
use crate::cli::output::{self, Tone};
use crate::cli::table;
use crate::config::{Config, Environment, Flags};
use crate::offload::{ClientState, Places, SettingsRestore, StoredRecord, Target};
use catalog::{Catalog, Kind, KindMap};

#[derive(Debug, clap::Args)]
pub(super) struct StatusArguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

/// Entries that an offload took out.
fn offloaded(catalog: &Catalog, state: &ClientState) -> KindMap<usize> {
    let of_kind = |kind| catalog.of_kind(kind).iter().filter(|one| state.is_offloaded(&***one)).count();
    KindMap::from_fn(of_kind)
}

pub(super) fn status(arguments: &StatusArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let places = Places::of(&config.project);
    let (catalog, _) = app::scan_once(&config.project);
    let state = ClientState::load(&places);
    let listed = ListingCost::of(&catalog, &state, |_| true);
    let offloaded = offloaded(&catalog, &state);
    let everything = target_of_everything(&places).is_some();
    let again = relisted(&catalog, &state, &places);
    let attention = Attention::of(&config.project, environment, &catalog, &state);
    if arguments.json {
        let Attention { records, not_run, missing } = attention;
        let not_run =
            not_run.iter().map(|one| json!({ "id": one.id, "source": one.source, "reason": one.reason }));
        let by_kind = |counts: &KindMap<usize>| -> Value {
            counts.iter().map(|(kind, count)| (kind.plural(), json!(count))).collect()
        };
        let again = again.map(|again| json!({ "entries": again.entries, "tokens": again.tokens }));
        let all = json!({
            "everything": everything,
            "offloaded": by_kind(&offloaded),
            "listed": by_kind(&listed.entries),
            "listed_tokens": by_kind(&listed.tokens),
            "listed_again": again,
            "not_run": not_run.collect::<Vec<_>>(),
            "missing": missing.iter().map(|one| one.what.as_str()).collect::<Vec<_>>(),
            "records_left_out": records,
            "settings": Target::ALL.iter().filter_map(|target| as_json(&places, *target)).collect::<Vec<_>>(),
        });
        output::line(&format!("{all:#}"));
        return Ok(ExitCode::SUCCESS);
    }
    let rows = Kind::ALL.map(|kind| {
        let name = if kind == Kind::Workflow { "commands" } else { kind.plural() };
        let numbers = [offloaded[kind], listed.entries[kind], listed.tokens[kind]];
        let [out, entries, tokens] = numbers.map(|number| number.to_string());
        [name.to_owned(), out, entries, tokens]
    });
    table::print(["", "OFFLOADED", "LISTED", "TOKENS"], &rows);
    for target in Target::ALL {
        show_record(&places, target);
    }
    if let Some(again) = again {
        output::line(&again.sentence());
    }
    attention.tell();
    Ok(ExitCode::SUCCESS)
}

/// What was written to one settings file; `None` where nothing was.
fn as_json(places: &Places, target: Target) -> Option<Value> {
    let stored = StoredRecord::load(places, target).ok().filter(|stored| !stored.is_empty())?;
    let changed = SettingsRestore::prepare(places, target)
        .ok()
        .flatten()
        .map_or_else(Vec::new, |restore| restore.changed.iter().map(|changed| changed.key.shown()).collect());
    let file = places.target(target).map(|file| file.path().display().to_string());
    Some(json!({ "file": file, "keys": stored.written.keys.len(), "changed_since": changed }))
}

fn show_record(places: &Places, target: Target) {
    let row = |name: &str, text: &str| {
        output::toned(&[(Tone::Quiet, &format!("{name:<9} ")), (Tone::Plain, text)]);
    };
    match StoredRecord::load(places, target) {
        // Said of all records.
        Err(_) => {}
        Ok(stored) if stored.is_empty() => {}
        Ok(stored) => {
            let file = places.target(target).map(|file| file.to_string()).unwrap_or_default();
            row("written", &format!("{} keys in {file}", stored.written.keys.len()));
            match SettingsRestore::prepare(places, target) {
                Ok(restore) => {
                    for changed in restore.iter().flat_map(|restore| &restore.changed) {
                        row(
                            "changed",
                            &format!("{} is no longer what was written: it is yours", changed.key.shown()),
                        );
                    }
                }
                Err(error) => output::hint(&error.to_string()),
            }
        }
    }
}
