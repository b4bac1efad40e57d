//! `adjutant tokens`: what carrying everything costs against asking, for the user's own catalog.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::measure::{Measured, OfKind, measure};
use crate::app::{Project, tokens};
use crate::cli::output::{self, Tone};
use crate::cli::{small_runtime, table};
use crate::config::{Config, Environment, Flags};
use catalog::Kind;
use store::{Store, StoreOptions};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct TokensArguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// With --json, also print the texts themselves, to count them otherwise
    #[arg(long, requires = "json")]
    texts: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(in crate::cli) fn run(
    arguments: &TokensArguments,
    environment: &Environment,
) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let measured = {
        let _progress = output::progress("asking the catalog for its own entries");
        // Nothing of this is to be remembered.
        let nowhere = StoreOptions::new(config.project.paths.data_dir.clone());
        let project =
            Project::offline(config.project, Store::open_read_only(nowhere, "it is only measured")?);
        let measured = small_runtime()?.block_on(measure(&project));
        project.shut_down();
        measured
    };
    let summary = Summary::of(&measured);
    if arguments.json {
        let mut all = as_json(&measured, &summary);
        if arguments.texts {
            let texts = measured.all().map(
                |texts| json!({ "name": texts.name, "texts": texts.texts, "estimated": texts.tokens() }),
            );
            all["texts"] = texts.collect();
        }
        output::line(&format!("{all:#}"));
    } else {
        print(&measured, &summary);
    }
    Ok(ExitCode::SUCCESS)
}

/// What it comes to.
#[derive(Debug, Clone, Copy)]
struct Summary {
    carried: usize,
    uncapped: usize,
    start: usize,
    /// All tools' descriptions and schemas.
    schemas: usize,
    /// A mean answer.
    answer: usize,
    /// A mean body.
    body: usize,
}

impl Summary {
    fn of(measured: &Measured) -> Self {
        let sum = |of: fn(&OfKind) -> usize| measured.kinds.iter().map(of).sum::<usize>();
        let mean = |total: usize, count: usize| total.checked_div(count).unwrap_or(0);
        let asked = sum(|of| of.answers.texts.len());
        Summary {
            carried: sum(|of| of.listing.tokens()),
            uncapped: sum(|of| of.unbounded.tokens()),
            start: measured.start.tokens(),
            schemas: measured.schemas.tokens(),
            answer: mean(sum(|of| of.answers.tokens()), asked),
            body: mean(sum(|of| of.bodies.tokens()), sum(|of| of.bodies.texts.len())),
        }
    }

    /// How many finds cost as much as carrying everything, with the schemas looked at once and `each` paid a find.
    fn break_even(&self, each: usize) -> usize {
        self.carried.saturating_sub(self.start + self.schemas).checked_div(each).unwrap_or(0)
    }
}

fn as_json(measured: &Measured, summary: &Summary) -> Value {
    let kinds: Vec<Value> = measured
        .kinds
        .iter()
        .map(|of| {
            json!({
                "kind": of.kind.as_str(),
                "entries": of.bodies.texts.len(),
                "listing": { "chars": of.listing.chars(), "tokens": of.listing.tokens(), "name_only": of.name_only },
                "unbounded": { "chars": of.unbounded.chars(), "tokens": of.unbounded.tokens() },
                "answer": { "tokens": of.answers.mean_tokens() },
                "asked": of.found.1,
                "found": of.found.0,
                "body": { "tokens": of.bodies.mean_tokens() },
            })
        })
        .collect();
    json!({
        "estimator": { "name": tokens::ESTIMATOR, "error": tokens::ESTIMATOR_ERROR },
        "kinds": kinds,
        "carrying": { "tokens": summary.carried, "unbounded_tokens": summary.uncapped },
        "listed_now": {
            "entries": measured.listed_now.texts.len(),
            "tokens": measured.listed_now.tokens(),
            "offloaded": measured.offloaded,
        },
        "asking": {
            "start_tokens": summary.start,
            "schemas_tokens": summary.schemas,
            "answer_tokens": summary.answer,
            "body_tokens": summary.body,
        },
        "break_even_finds": {
            "without_bodies": summary.break_even(summary.answer),
            "with_bodies": summary.break_even(summary.answer + summary.body),
        },
    })
}

fn print(measured: &Measured, summary: &Summary) {
    let rows: Vec<[String; 8]> = measured.kinds.iter().map(as_row).collect();
    let heading = ["KIND", "ENTRIES", "CARRIED", "NAME ONLY", "ALL TEXTS", "ANSWER", "BODY", "FOUND"];
    table::print(heading, &rows);
    let row = |label: &str, value: String| {
        output::toned(&[(Tone::Quiet, &format!("{label:<12} ")), (Tone::Plain, &value)]);
    };
    output::line("");
    row("counted", measured.origins.clone());
    let Summary { carried, uncapped, start, schemas, answer, body } = *summary;
    row(
        "carrying",
        format!("{carried} tokens at every start ({uncapped} if the client had room for all texts)"),
    );
    row("listed now", listed_now(measured));
    row("asking", format!("{start} tokens at every start, {schemas} more once the tools are looked at"));
    row("a find", format!("{answer} tokens; a body {body} more"));
    let (without, with) = (summary.break_even(answer), summary.break_even(answer + body));
    row("break-even", format!("{without} finds a session, or {with} with the body loaded each time"));
    row("estimated", format!("{}; {}", tokens::ESTIMATOR, tokens::ESTIMATOR_ERROR));
}

/// What the client lists of it now, which no asking spares.
fn listed_now(measured: &Measured) -> String {
    let (entries, tokens) = (measured.listed_now.texts.len(), measured.listed_now.tokens());
    let out = measured.offloaded;
    format!(
        "{tokens} tokens of {entries} entries by Claude Code, as its settings say; {out} entries are offloaded"
    )
}

fn as_row(of: &OfKind) -> [String; 8] {
    let kind = match of.kind {
        Kind::Workflow => "command",
        other => other.as_str(),
    };
    [
        kind.to_owned(),
        of.bodies.texts.len().to_string(),
        of.listing.tokens().to_string(),
        of.name_only.to_string(),
        of.unbounded.tokens().to_string(),
        of.answers.mean_tokens().to_string(),
        of.bodies.mean_tokens().to_string(),
        format!("{} of {}", of.found.0, of.found.1),
    ]
}
