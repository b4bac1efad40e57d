//! `adjutant find`, `show` and `explain`: asking from a terminal or a script.

use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::ask::{CallResult, call};
use super::output::{self, Tone};
use super::table;
use crate::app::operation::Operation;
use crate::app::operations::definition::GetDefinition;
use crate::app::operations::explain::Explain;
use crate::app::operations::kind_query::{QueryNames, names};
use crate::config::{Config, Environment, Flags};
use catalog::Kind;

/// Below this confidence nothing fits well.
const LOW_CONFIDENCE: f64 = 0.3;

/// A kind of entry on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum KindArgument {
    /// Agents
    #[value(alias = "agent")]
    Agents,
    /// Skills
    #[value(alias = "skill")]
    Skills,
    /// Workflows (commands)
    #[value(alias = "workflow", alias = "commands", alias = "command")]
    Workflows,
}

/// Where an entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScopeArgument {
    /// The project: its files, and what is installed for it
    Project,
    /// You: your own files, and what is installed for you
    User,
    /// Your administrator
    Managed,
    /// The service: what comes with it, or is registered with it
    Server,
    /// Anybody: what an offload took out of the client's listing
    Offloaded,
}

impl KindArgument {
    fn kind(self) -> Kind {
        match self {
            KindArgument::Agents => Kind::Agent,
            KindArgument::Skills => Kind::Skill,
            KindArgument::Workflows => Kind::Workflow,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct FindArguments {
    /// What to look for
    kind: KindArgument,
    /// The task in your own words
    words: Vec<String>,
    #[command(flatten)]
    query: QueryArguments,
    /// Fill this many tokens: texts are shortened before rows are dropped
    #[arg(long, value_name = "N")]
    max_tokens: Option<i64>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Args)]
pub(super) struct ExplainArguments {
    /// The task in your own words
    words: Vec<String>,
    /// What to look for
    #[arg(long, value_enum, default_value = "agents")]
    kind: KindArgument,
    #[command(flatten)]
    query: QueryArguments,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, clap::Args)]
struct QueryArguments {
    /// A capability the agent should have
    #[arg(long)]
    capability: Option<String>,
    /// A role of the registry
    #[arg(long)]
    role: Option<String>,
    /// Only this plugin's entries
    #[arg(long)]
    plugin: Option<String>,
    /// Only entries of this scope
    #[arg(long, value_enum)]
    scope: Option<ScopeArgument>,
    /// Rows at most, 1 to 20
    #[arg(long, value_name = "N")]
    limit: Option<i64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct ShowArguments {
    /// What it is
    kind: KindArgument,
    /// Its id (`plugin:name`), or its name where that is unique
    id: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

impl QueryArguments {
    /// The parameters that were given, with the words under `words_as`.
    fn params(&self, words_as: &str, words: &[String]) -> Value {
        let mut params = Map::new();
        if !words.is_empty() {
            params.insert(words_as.to_owned(), words.join(" ").into());
        }
        let texts = [("capability", &self.capability), ("role", &self.role), ("plugin", &self.plugin)];
        for (name, value) in texts {
            if let Some(value) = value {
                params.insert(name.to_owned(), value.as_str().into());
            }
        }
        if let Some(scope) = self.scope.and_then(|scope| scope.to_possible_value()) {
            params.insert("scope".to_owned(), scope.get_name().into());
        }
        if let Some(limit) = self.limit {
            params.insert("limit".to_owned(), limit.into());
        }
        params.into()
    }
}

pub(super) fn find(arguments: &FindArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let FindArguments { kind, words, query, max_tokens, flags } = arguments;
    let config = Config::resolve(flags, environment)?;
    let kind = kind.kind();
    let QueryNames { method, text, .. } = names(kind);
    let mut params = query.params(text, words);
    if let Some(most) = max_tokens {
        params["max_tokens"] = (*most).into();
    }
    run(&config, method, &params, query.json, |answer| show_rows(&answer[kind.plural()], answer))
}

pub(super) fn show(arguments: &ShowArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let params = json!({ "kind": arguments.kind.kind().as_str(), "id": arguments.id });
    run(&config, GetDefinition::NAME, &params, arguments.json, |definition| {
        let text = |member: &str| definition[member].as_str().unwrap_or_default();
        let path = format!("  ({})", definition["source"]["path"].as_str().unwrap_or_default());
        output::toned(&[(Tone::Strong, text("id")), (Tone::Quiet, &path)]);
        output::line(text("description"));
        output::line("");
        output::line(text("body"));
    })
}

pub(super) fn explain(arguments: &ExplainArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let ExplainArguments { words, kind, query, flags } = arguments;
    let config = Config::resolve(flags, environment)?;
    let mut params = query.params("context", words);
    params["kind"] = kind.kind().as_str().into();
    run(&config, Explain::NAME, &params, query.json, |explained| {
        show_explanation(explained, kind.kind().plural());
    })
}

/// Asks and prints; nothing found is an exit code of its own.
fn run(
    config: &Config,
    method: &'static str,
    params: &Value,
    as_json: bool,
    show: impl FnOnce(&Value),
) -> anyhow::Result<ExitCode> {
    match call(config, method, params)? {
        CallResult::Answer(answer) if as_json => output::line(&format!("{answer:#}")),
        CallResult::Answer(answer) => show(&answer),
        CallResult::Refused { message, details, exit } => {
            output::error(&message);
            for detail in &details {
                output::hint(detail);
            }
            return Ok(exit.into());
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show_rows(rows: &Value, answer: &Value) {
    let rows: Vec<&Value> = rows.as_array().into_iter().flatten().collect();
    let text = |row: &Value, member: &str| row[member].as_str().unwrap_or_default().to_owned();
    let width = rows.iter().map(|row| text(row, "id").chars().count()).max().unwrap_or(0);
    for row in rows {
        let id = format!("{:<width$}", text(row, "id"));
        let score = format!("  {:.2}  ", row["score"].as_f64().unwrap_or(0.0));
        let description = table::one_line(&text(row, "description"), 90);
        output::toned(&[(Tone::Strong, &id), (Tone::Quiet, &score), (Tone::Plain, &description)]);
    }
    show_reasoning(answer);
    if let Some(tokens) = answer["tokens"].as_u64() {
        output::toned(&[(Tone::Quiet, "tokens "), (Tone::Plain, &tokens.to_string())]);
    }
}

/// Why, and how sure.
fn show_reasoning(answer: &Value) {
    let confidence = answer["confidence"].as_f64().unwrap_or(0.0);
    let tone = if confidence < LOW_CONFIDENCE { Tone::Warning } else { Tone::Good };
    output::line("");
    output::toned(&[
        (Tone::Quiet, "because "),
        (Tone::Plain, answer["reasoning"].as_str().unwrap_or_default()),
    ]);
    output::toned(&[(Tone::Quiet, "confidence "), (tone, &format!("{confidence:.2}"))]);
}

fn show_explanation(explained: &Value, kind: &str) {
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    let hits: Vec<&Value> = explained["hits"].as_array().into_iter().flatten().collect();
    if hits.is_empty() {
        output::line(&format!("no {kind}: {}", explained["reasoning"].as_str().unwrap_or_default()));
    }
    for hit in hits {
        let id = hit["id"].as_str().unwrap_or_default();
        output::toned(&[(Tone::Plain, &format!("{:.3}  ", number(&hit["score"]))), (Tone::Strong, id)]);
        for term in hit["terms"].as_array().into_iter().flatten() {
            let via = term["via"].as_str().map(|via| format!(" for {via}")).unwrap_or_default();
            let fields: Vec<String> = term["fields"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(field, share)| format!("{field} {:.3}", number(share)))
                .collect();
            let label = format!("{}{via}", term["term"].as_str().unwrap_or_default());
            output::line(&format!("  {:+.3}  {label:<32} {}", number(&term["share"]), fields.join(", ")));
        }
        let parts = [
            ("latent", "close in meaning"),
            ("semantic", "the embedding model"),
            ("need", "one of several needs"),
            ("capability", "the capability asked for"),
            ("name", "the name asked for"),
            ("role", "the role asked for"),
            ("model", "a fitting model"),
            ("outcomes", "outcomes of similar tasks"),
        ];
        for (part, label) in parts.into_iter().filter(|(part, _)| number(&hit[*part]) != 0.0) {
            let record = hit["record"].as_str().filter(|_| part == "outcomes").unwrap_or_default();
            output::line(&format!("  {:+.3}  {label:<32} {record}", number(&hit[part])));
        }
    }
    show_reasoning(explained);
}
