//! `adjutant config show`: which settings hold, and who said so.

use std::process::ExitCode;

use serde_json::json;

use super::{output, table};
use crate::config::{Config, Environment, Flags, Source};

/// Characters of a value that the table shows.
const VALUE_CHARS: usize = 60;

#[derive(Debug, clap::Args)]
pub(super) struct ConfigArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List every setting with its value and who said it
    Show(ShowArguments),
}

#[derive(Debug, clap::Args)]
struct ShowArguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &ConfigArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let Action::Show(arguments) = &arguments.action;
    let config = Config::resolve(&arguments.flags, environment)?;
    let shown = config.shown();
    if arguments.json {
        let settings = shown.iter().map(|shown| {
            let place = (shown.source != Source::Default).then_some(&shown.place);
            json!({ "key": shown.key, "value": shown.value, "source": shown.source.as_str(), "place": place })
        });
        let all = json!({
            "root": config.project.root.display().to_string(),
            "name": config.project.name,
            "id": config.project.id,
            "settings": settings.collect::<Vec<_>>(),
        });
        output::line(&format!("{all:#}"));
        return Ok(ExitCode::SUCCESS);
    }
    let from = |source, place: &str| match source {
        Source::Default => "default".to_owned(),
        Source::LastUp => format!("remembered from {place}"),
        // The key stands at the beginning of the row.
        Source::ProjectFile | Source::UserFile => {
            place.split_once(" in ").map_or(place, |(_, file)| file).trim_end_matches(',').to_owned()
        }
        Source::Flag | Source::Environment => place.to_owned(),
    };
    let rows: Vec<_> = shown
        .iter()
        .map(|shown| {
            let value = table::one_line(&shown.value, VALUE_CHARS);
            [shown.key.to_owned(), value, from(shown.source, &shown.place)]
        })
        .collect();
    table::print(["SETTING", "VALUE", "FROM"], &rows);
    Ok(ExitCode::SUCCESS)
}
