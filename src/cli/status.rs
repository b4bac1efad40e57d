//! `adjutant status`: health and metrics of the project's instance.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::output::{self, Tone};
use super::{HEALTH_TIMEOUT, exit, offload, running_client, small_runtime, table};
use crate::config::{Config, Environment, Flags};
use crate::instance::Endpoint;
use client::ClientError;
use client::outbox::{Outbox, OutboxStatus};
use protocol::Refusal;

#[derive(Debug, clap::Args)]
pub(super) struct StatusArguments {
    #[command(flatten)]
    flags: Flags,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What an instance does that answers others.
const REFUSED: &str = "refused";

pub(super) fn run(arguments: &StatusArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let waiting = Outbox::new(&config.project.paths.outbox_dir).status();
    let outbox = json!({ "waiting": waiting.decisions, "refused": waiting.refused });
    let Some((client, endpoint)) = running_client(&config) else {
        if arguments.json {
            output::line(&format!("{:#}", json!({ "running": false, "outbox": outbox })));
        } else {
            output::line(&format!("not running: {}", config.project.root.display()));
            show_waiting(waiting);
            output::hint("start it with: adjutant up");
        }
        return Ok(exit::NOT_RUNNING.into());
    };
    let client = client.within(HEALTH_TIMEOUT);
    let asked = small_runtime()?.block_on(async {
        Ok::<_, ClientError>((client.get("/health").await?.body, client.get("/metrics").await?.body))
    });
    let (health, metrics) = match asked {
        Ok(answers) => answers,
        Err(error) => {
            let why = ("does not answer", error.to_string());
            return Ok(tell_silent(arguments, &endpoint, &why, &outbox, waiting));
        }
    };
    if let Some(refusal) = Refusal::stated_in(&health)
        && refusal.known_code().is_some_and(|code| !code.is_retryable())
    {
        let why = (REFUSED, refusal.message);
        return Ok(tell_silent(arguments, &endpoint, &why, &outbox, waiting));
    }
    if arguments.json {
        let url = &endpoint.url;
        let all = json!({
            "running": true, "url": url, "base": endpoint.base, "health": health, "metrics": metrics, "outbox": outbox,
        });
        output::line(&format!("{all:#}"));
    } else {
        show(&endpoint.base, &health, &metrics);
        show_waiting(waiting);
        show_ledger(&metrics["tokens"]);
        offload::note_relisted(&config.project, environment);
    }
    Ok(ExitCode::SUCCESS)
}

/// Says that an instance is there, what it does in place of answering, and why.
fn tell_silent(
    arguments: &StatusArguments,
    endpoint: &Endpoint,
    (verb, why): &(&str, String),
    outbox: &Value,
    waiting: OutboxStatus,
) -> ExitCode {
    let Endpoint { url, pid, .. } = endpoint;
    let is_token = *verb == REFUSED;
    if arguments.json {
        let all = json!({ "running": true, "url": url, "pid": pid, "error": why, "outbox": outbox });
        output::line(&format!("{all:#}"));
    } else {
        output::error(&format!("the instance at {url} (pid {pid}) {verb}: {why}"));
        show_waiting(waiting);
        output::hint(if is_token {
            "set MCP_TOKEN, or MCP_TOKEN_FILE to a file with the token"
        } else {
            "adjutant down ends it and adjutant up starts it anew; until then clients use their fallback"
        });
    }
    exit::FAILED.into()
}

fn show(url: &str, health: &Value, metrics: &Value) {
    let status = text(&health["status"]);
    let tone = if status == "healthy" { Tone::Good } else { Tone::Bad };
    output::toned(&[(Tone::Quiet, &label("status")), (tone, &status)]);
    for reason in health["reasons"].as_array().into_iter().flatten() {
        row("", &text(reason));
    }
    row("project", &text(&health["project"]["root"]));
    row("url", url);
    row(
        "process",
        &format!("pid {}, version {}, up {}", health["pid"], text(&health["version"]), uptime(health)),
    );
    row("entries", &super::up::origins(health));
    let indexes = &health["indexes"];
    row(
        "index",
        &format!(
            "{} agents, {} skills, {} workflows, {} patterns; generation {}, {} ranking, watch {}",
            indexes["agents"],
            indexes["skills"],
            indexes["workflows"],
            indexes["patterns"],
            health["generation"],
            text(&health["ranking"]),
            text(&health["watch"])
        ),
    );
    if let Some(progress) = super::model::progress(&health["semantic"]) {
        row("model", &format!("{}: {progress}", text(&health["semantic"]["model"])));
    }
    row("problems", &format!("{} files (see: adjutant doctor)", health["problems"]));
    row("memory", &format!("{} MiB", health["memory_mb"]));
    let database = &health["database"];
    let state = if database["connected"] == true { "connected" } else { "not connected" };
    row("database", &format!("{state}, {} MiB", database["size_mb"]));
    show_traffic(metrics);
}

fn show_traffic(metrics: &Value) {
    let cache = &metrics["cache"];
    let rate = cache["hit_rate"].as_f64().unwrap_or(0.0) * 100.0;
    row("cache", &format!("{} hits, {} misses ({rate:.0} %)", cache["hits"], cache["misses"]));
    let times = &metrics["performance"];
    let queries = format!(
        "{}; p50 {} ms, p95 {} ms, p99 {} ms",
        metrics["queries"]["total"],
        times["p50_query_time_ms"],
        times["p95_query_time_ms"],
        times["p99_query_time_ms"]
    );
    row("queries", &queries);
    let tokens = &metrics["tokens"];
    let sums = format!(
        "{} returned, {} would have been carried ({})",
        tokens["returned"],
        tokens["baseline"],
        text(&tokens["estimator"])
    );
    row("tokens", &sums);
}

/// Decisions that wait for an instance, where there are any.
fn show_waiting(waiting: OutboxStatus) {
    if waiting.decisions > 0 {
        row("outbox", &format!("{} decisions wait to be stored", waiting.decisions));
    }
    if waiting.refused > 0 {
        row("", &format!("{} were refused and are kept in .claude/mcp-server/outbox", waiting.refused));
    }
}

/// What answers cost each client and spared it.
fn show_ledger(tokens: &Value) {
    let mut rows = Vec::new();
    for (client, methods) in tokens["by_client"].as_object().into_iter().flatten() {
        for (method, sums) in methods.as_object().into_iter().flatten() {
            let sum = |name: &str| sums[name].to_string();
            rows.push([client.clone(), method.clone(), sum("calls"), sum("returned"), sum("baseline")]);
        }
    }
    if !rows.is_empty() {
        output::line("");
        table::print(["CLIENT", "METHOD", "CALLS", "TOKENS RETURNED", "NOT CARRIED"], &rows);
    }
}

fn label(text: &str) -> String {
    format!("{text:<10} ")
}

fn row(name: &str, value: &str) {
    output::toned(&[(Tone::Quiet, &label(name)), (Tone::Plain, value)]);
}

/// A value as text without quotes.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn uptime(health: &Value) -> String {
    let seconds = health["uptime_ms"].as_u64().unwrap_or(0) / 1000;
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
