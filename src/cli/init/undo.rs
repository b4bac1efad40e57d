//! Taking out what was written, but for what was changed since.

use std::path::Path;
use std::process::ExitCode;

use super::confirmation::Confirmation;
use crate::cli::exit;
use crate::cli::offload::show_diff;
use crate::cli::output::{self, Tone};
use crate::mcp_clients::{InitRecord, McpClient, Places, Undo, Undoing};

pub(super) fn undo(
    project: &Path,
    places: &Places,
    is_wanted: impl Fn(McpClient) -> bool,
    confirmation: Confirmation,
) -> ExitCode {
    let record = match InitRecord::load(places) {
        Ok(record) => record,
        Err(error) => {
            output::error(&error.to_string());
            return exit::FAILED.into();
        }
    };
    let files: Vec<_> = record.files.into_iter().filter(|written| is_wanted(written.client)).collect();
    if files.is_empty() {
        output::line("nothing was written by adjutant init");
        return ExitCode::SUCCESS;
    }
    let mut is_whole = true;
    for written in files {
        let (client, file) = (written.client, written.file.display().to_string());
        output::toned(&[(Tone::Strong, client.title())]);
        let path = written.file.clone();
        match Undo::prepare(project, places, written) {
            Ok(Undoing::Ready(undo)) => is_whole &= take_out(&undo, places, confirmation),
            Ok(Undoing::Changed) => {
                output::toned(&[(Tone::Warning, "left alone, changed since: "), (Tone::Plain, &file)]);
            }
            Ok(Undoing::Gone) => {
                output::toned(&[(Tone::Plain, "is no longer in "), (Tone::Plain, &file)]);
                is_whole &= confirmation.dry_run || is_forgotten(places, &path);
            }
            Err(error) => {
                output::error(&error.to_string());
                is_whole = false;
            }
        }
    }
    if is_whole { ExitCode::SUCCESS } else { exit::FAILED.into() }
}

/// Whether the record no longer has a file whose entry somebody took out.
fn is_forgotten(places: &Places, file: &Path) -> bool {
    InitRecord::forget(places, file).inspect_err(|error| output::error(&error.to_string())).is_ok()
}

/// Whether nothing went wrong.
fn take_out(undo: &Undo, places: &Places, confirmation: Confirmation) -> bool {
    show_diff(undo.file(), undo.before(), undo.after());
    if !confirmation.allows(undo.file()) {
        output::line("nothing was written");
        return true;
    }
    if let Err(error) = undo.write(places) {
        output::error(&error.to_string());
        return false;
    }
    output::toned(&[(Tone::Good, "restored "), (Tone::Plain, &undo.file().display().to_string())]);
    true
}
