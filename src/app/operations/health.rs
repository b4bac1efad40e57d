//! `getHealth`, `GET /health` and `GET /metrics`: how the service is doing, measured.

use std::collections::BTreeMap;

use super::find::nothing_indexed;
use crate::app::authorization::Principal;
use crate::app::operation::{Operation, Output};
use crate::app::{AppError, Project, WatchState, origins, tokens};
use crate::telemetry::token_usage::{TokenCounts, TokenUsage};
use crate::telemetry::{logging, resident_memory};
use catalog::Kind;
use protocol::{
    AccessRole, CacheHealth, DatabaseHealth, Health, IndexHealth, MethodTokens, MetricsReport, NoParams,
    OperationClass, PatternMetrics, Performance, ProjectHealth, QueryMetrics, TokenMetrics,
};

/// `getHealth`
#[derive(Debug)]
pub struct GetHealth;

impl Output for Health {}

impl Operation for GetHealth {
    const NAME: &'static str = "getHealth";
    const CLASS: OperationClass = OperationClass::Read;
    const PERMISSION: AccessRole = AccessRole::Viewer;
    const TITLE: &'static str = "Get health";
    const SENTENCE: &'static str = "Report how the service is doing.";
    type Params = NoParams;
    type Answer = Health;
    type Output = Health;

    async fn run(project: &Project, _: &Principal, _: NoParams) -> Result<Health, AppError> {
        Ok(project.health())
    }
}

fn token_metrics(usage: &TokenUsage) -> TokenMetrics {
    let TokenCounts { returned, baseline, .. } = usage.total();
    let counts = |counts: TokenCounts| {
        let TokenCounts { calls, returned, baseline } = counts;
        MethodTokens { calls, returned, baseline }
    };
    let by_client = usage.by_client().into_iter().map(|(client, methods)| {
        (client, methods.into_iter().map(|(method, sums)| (method.into(), counts(sums))).collect())
    });
    TokenMetrics { returned, baseline, estimator: tokens::ESTIMATOR.into(), by_client: by_client.collect() }
}

impl Project {
    /// The current health.
    pub fn health(&self) -> Health {
        let snapshot = self.snapshot();
        let store = self.store.status();
        let mut reasons = Vec::new();
        if snapshot.embedded_default {
            reasons.push(
                format!(
                    "the project has no plugins: the built-in collection in fixtures/plugins is served; looked in {}",
                    origins::places(&self.config)
                ),
            );
        }
        let notes = reasons.len();
        if snapshot.catalog.definitions().is_empty() {
            reasons.push(nothing_indexed(&self.config));
        }
        let watch = match self.file_watch().state() {
            WatchState::Off => "off",
            WatchState::On => "on",
            WatchState::Degraded(why) => {
                reasons.push(why);
                "degraded"
            }
        };
        reasons.extend(store.degraded.clone());
        reasons.extend(self.backups().problem());
        let (semantic, problem) = self.embedding.health();
        reasons.extend(problem);
        reasons.extend(self.workers().problems());
        let status = if reasons.len() > notes { "degraded" } else { "healthy" };
        reasons.extend(store.notes.iter().cloned());
        Health {
            status: status.into(),
            uptime_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            memory_mb: memory_mb(),
            cache: self.cache_health(),
            database: DatabaseHealth {
                connected: store.connected,
                size_mb: mebibytes(store.size_bytes),
                read_only: store.read_only,
                dropped_log_rows: store.dropped_log_rows,
            },
            indexes: IndexHealth {
                agents: snapshot.count(Kind::Agent),
                skills: snapshot.count(Kind::Skill),
                workflows: snapshot.count(Kind::Workflow),
                patterns: self.store.patterns().len(),
            },
            origins: snapshot.origins(),
            version: env!("CARGO_PKG_VERSION").into(),
            project: ProjectHealth {
                root: self.config.root.display().to_string(),
                id: self.config.id.clone(),
            },
            pid: std::process::id(),
            problems: snapshot.catalog.files_with_problems(),
            generation: snapshot.generation,
            scans: self.reindexing().finished(),
            ranking: if snapshot.latent_ready && snapshot.index.has_latent() { "latent" } else { "lexical" }
                .into(),
            semantic,
            watch: watch.into(),
            timings_ms: self.timings.report(),
            reasons,
        }
    }

    /// What was measured since the start.
    pub fn metrics_report(&self) -> MetricsReport {
        let by_method: BTreeMap<_, _> = self
            .metrics
            .calls_by_method()
            .into_iter()
            .map(|(method, calls)| (method.into(), calls))
            .collect();
        let latency = self.metrics.latency();
        let patterns = self.store.patterns();
        MetricsReport {
            queries: QueryMetrics { total: by_method.values().sum(), by_method },
            performance: Performance {
                avg_query_time_ms: latency.mean_ms,
                p50_query_time_ms: latency.p50_ms,
                p95_query_time_ms: latency.p95_ms,
                p99_query_time_ms: latency.p99_ms,
            },
            cache: self.cache_health(),
            patterns: PatternMetrics {
                total: patterns.len(),
                avg_success_rate: patterns.avg_success_rate().unwrap_or(0.0),
            },
            errors: self
                .metrics
                .errors_by_code()
                .into_iter()
                .map(|(code, n)| (code.to_string(), n))
                .collect(),
            panics: self.metrics.panics(),
            log_lines_dropped: logging::dropped_lines(),
            tokens: token_metrics(self.metrics.tokens()),
            memory_mb: memory_mb(),
            database_size_mb: mebibytes(self.store.status().size_bytes),
        }
    }

    fn cache_health(&self) -> CacheHealth {
        let counts = self.metrics.cache();
        CacheHealth { hits: counts.hits, misses: counts.misses, hit_rate: counts.hit_rate() }
    }
}

fn memory_mb() -> f64 {
    mebibytes(resident_memory::resident_bytes().unwrap_or(0))
}

/// Bytes as MiB with one decimal.
#[expect(clippy::cast_precision_loss, reason = "sizes beyond 2^53 bytes do not occur")]
fn mebibytes(bytes: u64) -> f64 {
    (bytes as f64 / 1024.0 / 1024.0 * 10.0).round() / 10.0
}
