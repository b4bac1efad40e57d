//! Finds clients, shows the change of each file, asks, and writes it.

use std::process::ExitCode;

use time::OffsetDateTime;

use super::confirmation::Confirmation;
use super::lines;
use super::undo::undo;
use crate::app;
use crate::cli::offload::show_diff;
use crate::cli::output::{self, Tone};
use crate::cli::{exit, table};
use crate::config::{Config, Environment, Flags};
use crate::mcp_clients::{Change, McpClient, Places, ServerCommand};
use catalog::Kind;
use search::{Aliases, Index, Request};

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(in crate::cli) struct InitArguments {
    /// Only this client, even if it is not found; may be repeated: claude-code, cursor, vs-code, codex, windsurf,
    /// gemini-cli
    #[arg(long = "client", value_name = "NAME", value_parser = client_named)]
    clients: Vec<McpClient>,
    /// Print the line that adds the server to each client, and write nothing
    #[arg(long, conflicts_with_all = ["yes", "dry_run", "undo"])]
    print: bool,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write without a question
    #[arg(long)]
    yes: bool,
    /// Take out what was written, but for what was changed since
    #[arg(long)]
    undo: bool,
    #[command(flatten)]
    flags: Flags,
}

fn client_named(name: &str) -> Result<McpClient, String> {
    let known = McpClient::ALL.map(McpClient::name).join(", ");
    McpClient::ALL.into_iter().find(|client| client.name() == name).ok_or(format!("the clients are {known}"))
}

/// Requests for the sample, tried in turn.
const SAMPLES: [&str; 3] =
    ["review code for security problems", "write tests for an API", "improve documentation"];

pub(in crate::cli) fn run(arguments: &InitArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let program = std::env::current_exe()?;
    let Some(server) = ServerCommand::of(&program) else {
        output::error(&format!(
            "the path of this program is not UTF-8, and no client's file can hold it: {}",
            program.display()
        ));
        output::hint("move it, or install it elsewhere");
        return Ok(exit::FAILED.into());
    };
    let is_wanted = |client| arguments.clients.is_empty() || arguments.clients.contains(&client);
    if arguments.print {
        lines::print(&server, McpClient::ALL.into_iter().filter(|client| is_wanted(*client)));
        return Ok(ExitCode::SUCCESS);
    }
    let Some(places) = Places::of(environment) else {
        output::error("the clients' files are unknown: HOME is not set");
        return Ok(exit::FAILED.into());
    };
    let config = Config::resolve(&arguments.flags, environment)?;
    let confirmation = Confirmation { dry_run: arguments.dry_run, yes: arguments.yes };
    if arguments.undo {
        return Ok(undo(&config.project.root, &places, is_wanted, confirmation));
    }
    let named = McpClient::ALL.into_iter().filter(|client| is_wanted(*client));
    let found: Vec<McpClient> =
        named.filter(|client| !arguments.clients.is_empty() || places.has(*client)).collect();
    if found.is_empty() {
        output::line(&format!(
            "no client was found; {} are known",
            McpClient::ALL.map(McpClient::title).join(", ")
        ));
        output::hint("name one with --client, or see the line for each: adjutant init --print");
        return Ok(exit::NOTHING_FOUND.into());
    }
    let mut is_whole = true;
    for client in found {
        is_whole &= add(&config, &places, client, &server, confirmation);
    }
    if !arguments.dry_run {
        conclude(&config);
    }
    Ok(if is_whole { ExitCode::SUCCESS } else { exit::FAILED.into() })
}

/// Adds the server to one client; whether nothing went wrong.
fn add(
    config: &Config,
    places: &Places,
    client: McpClient,
    server: &ServerCommand,
    confirmation: Confirmation,
) -> bool {
    let heading = |what: &str| {
        output::toned(&[(Tone::Strong, client.title()), (Tone::Plain, what)]);
    };
    let prepared = match Change::prepare(&config.project.root, places, client, server) {
        Ok(prepared) => prepared,
        Err(error) => {
            heading("");
            output::error(&error.to_string());
            output::line("what belongs there:");
            output::line(&server.whole_file(client));
            return false;
        }
    };
    let Some(change) = prepared.change else {
        heading(": has it already");
        tell_switched_off(prepared.is_switched_off);
        return true;
    };
    heading(if change.is_of_new_file() { ": a new file" } else { "" });
    show_diff(change.file(), change.before(), change.after());
    tell_switched_off(prepared.is_switched_off);
    if !confirmation.allows(change.file()) {
        output::line("nothing was written");
        return true;
    }
    match change.write(places, OffsetDateTime::now_utc()) {
        Ok(copy) => {
            let kept = copy.map(|copy| format!("; as it was: {}", copy.display())).unwrap_or_default();
            output::toned(&[
                (Tone::Good, "written "),
                (Tone::Plain, &format!("{}{kept}", change.file().display())),
            ]);
            true
        }
        Err(error) => {
            output::error(&error.to_string());
            false
        }
    }
}

fn tell_switched_off(is_switched_off: bool) {
    if is_switched_off {
        output::toned(&[(
            Tone::Warning,
            "its entry is switched off there, and stays so until you switch it on",
        )]);
    }
}

/// Says what comes next, with one real answer.
fn conclude(config: &Config) {
    output::line("");
    output::line("Clients start it by themselves; restart those that are open. Then, or without any client:");
    let rows = [
        [
            "adjutant up".to_owned(),
            "serves this project in the background, and remembers what worked".to_owned(),
        ],
        ["adjutant find agents WORDS".to_owned(), "asks what a model would ask".to_owned()],
        ["adjutant init --undo".to_owned(), "takes out what was written".to_owned()],
    ];
    table::print(["COMMAND", "DOES"], &rows);
    let (catalog, _) = app::scan_once(&config.project);
    let index = Index::build(&catalog, Aliases::built_in());
    for context in SAMPLES {
        let request = Request { kind: Kind::Agent, context: Some(context), limit: 3, ..Request::default() };
        let found = index.find(&request);
        if found.hits.is_empty() {
            continue;
        }
        output::line("");
        output::line(&format!("who can \"{context}\"?"));
        for hit in &found.hits {
            let description = app::hit_view::shortened(&hit.definition.description, 70);
            output::line(&format!("  {:<44} {description}", hit.definition.id));
        }
        output::line(&format!("  because: {}", found.reasoning));
        return;
    }
    output::line("no sample: no agent of this project or of yours fits the sample requests");
}
