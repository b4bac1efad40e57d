//! `adjutant status`: health and metrics of the project's instance.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::{exit, output, running_client, small_runtime};
use crate::config::{Config, Environment, Flags};

#[derive(Debug, clap::Args)]
pub(super) struct StatusArguments {
    #[command(flatten)]
    flags: Flags,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &StatusArguments, environment: &Environment) -> anyhow::Result<ExitCode> {
    let config = Config::resolve(&arguments.flags, environment)?;
    let Some((client, endpoint)) = running_client(&config) else {
        if arguments.json {
            output::line(&json!({ "running": false }).to_string());
        } else {
            output::line(&format!("not running: {}", config.project.root.display()));
            output::hint("start it with: adjutant up");
        }
        return Ok(exit::NOT_RUNNING.into());
    };
    let (health, metrics) = small_runtime()?.block_on(async {
        anyhow::Ok((client.get("/health").await?.body, client.get("/metrics").await?.body))
    })?;
    if arguments.json {
        let all = json!({ "running": true, "url": endpoint.url, "health": health, "metrics": metrics });
        output::line(&format!("{all:#}"));
    } else {
        show(&endpoint.url, &health, &metrics);
    }
    Ok(ExitCode::SUCCESS)
}

fn show(url: &str, health: &Value, metrics: &Value) {
    let row = |label: &str, value: String| output::line(&format!("{label:<10} {value}"));
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    row("status", text(&health["status"]));
    for reason in health["reasons"].as_array().into_iter().flatten() {
        row("", text(reason));
    }
    row("project", text(&health["project"]["root"]));
    row("url", url.to_owned());
    row(
        "process",
        format!("pid {}, version {}, up {}", health["pid"], text(&health["version"]), uptime(health)),
    );
    let indexes = &health["indexes"];
    row(
        "index",
        format!(
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
        row("model", format!("{}: {progress}", text(&health["semantic"]["model"])));
    }
    row("problems", format!("{} files (see: adjutant doctor)", health["problems"]));
    row("memory", format!("{} MiB", health["memory_mb"]));
    let database = &health["database"];
    let state = if database["connected"] == true { "connected" } else { "not connected" };
    row("database", format!("{state}, {} MiB", database["size_mb"]));
    let cache = &metrics["cache"];
    let rate = cache["hit_rate"].as_f64().unwrap_or(0.0) * 100.0;
    row("cache", format!("{} hits, {} misses ({rate:.0} %)", cache["hits"], cache["misses"]));
    let times = &metrics["performance"];
    row(
        "queries",
        format!(
            "{}; p50 {} ms, p95 {} ms, p99 {} ms",
            metrics["queries"]["total"],
            times["p50_query_time_ms"],
            times["p95_query_time_ms"],
            times["p99_query_time_ms"]
        ),
    );
    let tokens = &metrics["tokens"];
    row(
        "tokens",
        format!(
            "{} returned, {} would have been carried ({})",
            tokens["returned"],
            tokens["baseline"],
            text(&tokens["estimator"])
        ),
    );
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
