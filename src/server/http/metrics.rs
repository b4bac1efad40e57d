//! `GET /metrics`: what was measured, as JSON or as Prometheus text.

use std::fmt::Write;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::responses::{Form, refuse};
use crate::app::Project;
use crate::server::rpc::RpcError;
use crate::server::state::ServerState;
use catalog::Kind;

/// What was measured, as JSON, or as Prometheus text where the client asks for that.
pub(super) async fn metrics(
    State(state): State<ServerState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(project) = state.project() else {
        return refuse(Form::Plain, &RpcError::starting());
    };
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let format = query.as_deref().unwrap_or_default();
    if format.split('&').any(|pair| pair == "format=prometheus") || prefers_text(accept) {
        let content_type = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
        return (content_type, exposition(project)).into_response();
    }
    Json(project.metrics_report()).into_response()
}

/// Whether an `Accept` header ranks plain text or `OpenMetrics` above JSON.
fn prefers_text(accept: &str) -> bool {
    let mut best = [0.0_f32; 2];
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let slot = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "text/plain" | "application/openmetrics-text" => 0,
            "application/json" => 1,
            _ => continue,
        };
        let weight = parts.find_map(|parameter| parameter.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        best[slot] = best[slot].max(weight);
    }
    best[0] > best[1]
}

/// The measurements in the Prometheus text format, version 0.0.4.
fn exposition(project: &Project) -> String {
    let mut text = String::with_capacity(4096);
    let metrics = project.metrics();
    let snapshot = project.snapshot();
    let store = project.store().status();
    let health = project.health();
    let cache = metrics.cache();
    let calls = metrics.calls_by_method().into_iter();
    let calls = calls.map(|(method, n)| (format!("{{method=\"{method}\"}}"), n.to_string()));
    family(&mut text, "adjutant_calls_total", "counter", "Calls answered.", calls.collect());
    let errors = metrics.errors_by_code().into_iter();
    let errors = errors.map(|(code, n)| (format!("{{code=\"{code}\"}}"), n.to_string())).collect();
    family(&mut text, "adjutant_errors_total", "counter", "Error answers.", errors);
    let mut latencies = Vec::new();
    for (method, latency) in metrics.latency_by_method() {
        for (quantile, ms) in [("0.5", latency.p50_ms), ("0.95", latency.p95_ms), ("0.99", latency.p99_ms)] {
            let labels = format!("{{method=\"{method}\",quantile=\"{quantile}\"}}");
            latencies.push((labels, format!("{}", ms / 1000.0)));
        }
        latencies.push((format!("_sum{{method=\"{method}\"}}"), latency.sum_s.to_string()));
        latencies.push((format!("_count{{method=\"{method}\"}}"), latency.count.to_string()));
    }
    family(&mut text, "adjutant_call_duration_seconds", "summary", "Time to answer a call.", latencies);
    let entries =
        Kind::ALL.map(|kind| (format!("{{kind=\"{}\"}}", kind.as_str()), snapshot.count(kind).to_string()));
    family(&mut text, "adjutant_entries", "gauge", "Entries indexed.", entries.into());
    tokens(&mut text, project);
    let mut single = |name: &str, kind: &str, help: &str, value: String| {
        family(&mut text, name, kind, help, vec![(String::new(), value)]);
    };
    single("adjutant_cache_hits_total", "counter", "Answers served again.", cache.hits.to_string());
    single("adjutant_cache_misses_total", "counter", "Answers computed.", cache.misses.to_string());
    single("adjutant_panics_total", "counter", "Handlers that panicked.", metrics.panics().to_string());
    single(
        "adjutant_patterns",
        "gauge",
        "Patterns remembered.",
        project.store().patterns().len().to_string(),
    );
    single("adjutant_problems", "gauge", "Files with a diagnostic.", health.problems.to_string());
    single("adjutant_generation", "gauge", "Snapshot being served.", snapshot.generation.to_string());
    single("adjutant_database_bytes", "gauge", "Size of the database.", store.size_bytes.to_string());
    single(
        "adjutant_log_rows_dropped_total",
        "counter",
        "Query log rows lost.",
        store.dropped_log_rows.to_string(),
    );
    let lines = crate::telemetry::logging::dropped_lines().to_string();
    single("adjutant_log_lines_dropped_total", "counter", "Log lines that no file holds.", lines);
    let resident = crate::telemetry::resident_memory::resident_bytes().unwrap_or(0).to_string();
    single("process_resident_memory_bytes", "gauge", "Resident set.", resident);
    single("adjutant_uptime_seconds", "gauge", "Time since start.", (health.uptime_ms / 1000).to_string());
    text
}

/// What answers cost and spared, by client and method.
fn tokens(text: &mut String, project: &Project) {
    let (mut returned, mut baseline) = (Vec::new(), Vec::new());
    for (client, methods) in project.metrics().tokens().by_client() {
        for (method, counts) in methods {
            let labels = format!("{{client=\"{client}\",method=\"{method}\"}}");
            returned.push((labels.clone(), counts.returned.to_string()));
            baseline.push((labels, counts.baseline.to_string()));
        }
    }
    let help = "Estimated tokens of answers.";
    family(text, "adjutant_tokens_returned_total", "counter", help, returned);
    let help = "Estimated tokens of the listings not carried.";
    family(text, "adjutant_tokens_baseline_total", "counter", help, baseline);
}

/// One metric family; a sample's first part is its labels, with a suffix of the name before them if it has one.
fn family(text: &mut String, name: &str, kind: &str, help: &str, samples: Vec<(String, String)>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in samples {
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}
