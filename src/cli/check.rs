//! `adjutant check`: do queries still find whom they should? Exit code 4 where one does not, for CI.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::{exit, options_to_read, output};
use crate::app;
use crate::app::eval::{Expectation, evaluate, read_expectations};
use crate::app::operations::kind_query::{kind_of_method, names};
use crate::config::{Config, Environment, Flags};
use confined_fs::NamedFile;
use store::Store;

#[derive(Debug, clap::Args)]
pub(super) struct CheckArguments {
    /// Queries with expected answers, one JSON object a line (kind, context, expect, within; see docs/commands.md);
    /// without it, the logged queries are asked again and their winners compared
    file: Option<PathBuf>,
    /// Logged queries that are asked again, newest first
    #[arg(long, default_value_t = 200)]
    limit: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(arguments: &CheckArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let expectations = match &arguments.file {
        Some(file) => read_expectations(&NamedFile::new(&config.project.root, file))?,
        None => logged(&config, arguments.limit)?,
    };
    let snapshot = app::snapshot_once(&config.project);
    let checked = evaluate(&snapshot, &expectations);
    let failed = checked.iter().filter(|one| !one.holds).count();
    if arguments.json {
        output::line(&format!(
            "{:#}",
            json!({ "checked": checked.len(), "failed": failed, "queries": checked })
        ));
    } else {
        for one in checked.iter().filter(|one| !one.holds) {
            let named = |ids: &[String]| if ids.is_empty() { "nobody".to_owned() } else { ids.join(", ") };
            output::line(&one.query);
            output::line(&format!("  expected  {}", named(&one.expected)));
            output::line(&format!("  found     {}", named(&one.found)));
            output::line(&format!("  because   {}", one.reasoning));
        }
        output::line(&format!(
            "{} queries, {} as expected, {failed} not",
            checked.len(),
            checked.len() - failed
        ));
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { exit::CHECK_FAILED.into() })
}

/// The logged queries, each expected to be won by whom it was won last.
fn logged(config: &Config, limit: usize) -> anyhow::Result<Vec<Expectation>> {
    let options = options_to_read(config);
    let queries = Store::logged_queries(&options, limit)?;
    Ok(queries
        .into_iter()
        .map(|logged| Expectation {
            kind: kind_of_method(&logged.query.method).map(|kind| names(kind).kind),
            capability: logged.query.capability,
            role: logged.query.role,
            context: logged.query.context,
            plugin: logged.query.plugin,
            expect: logged.returned.into_iter().take(1).collect(),
            within: None,
        })
        .collect())
}
