//! `getHealth`, `GET /health` and `GET /metrics`: how the service is doing, measured.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::app::embedding::EmbeddingHealth;
use crate::app::operation::{CallContext, Operation, Output};
use crate::app::timings::Timings;
use crate::app::{App, AppError, WatchState, tokens};
use crate::telemetry::token_usage::{TokenCounts, TokenUsage};
use crate::telemetry::{logging, memory};
use catalog::Kind;

/// `getHealth`
#[derive(Debug)]
pub struct GetHealth;

/// `getHealth` takes nothing.
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

/// How the service is doing.
#[derive(Debug, Serialize)]
pub struct Health {
    /// `healthy`, or `degraded`: it answers, but `reasons` says what does not work.
    pub status: &'static str,
    /// Milliseconds since the start.
    pub uptime_ms: u64,
    /// The resident set, MiB.
    pub memory_mb: f64,
    /// How the answer caches do.
    pub cache: CacheHealth,
    /// How the database does.
    pub database: DatabaseHealth,
    /// What is indexed.
    pub indexes: IndexHealth,
    /// The version of the running binary.
    pub version: &'static str,
    /// Which project is answered for.
    pub project: ProjectHealth,
    /// The process.
    pub pid: u32,
    /// Files with a diagnostic.
    pub problems: usize,
    /// Counts up with every change of what is served.
    pub generation: u64,
    /// Scans since the start, the first included.
    pub scans: u64,
    /// `lexical` until the latent score is trained, then `latent`.
    pub ranking: &'static str,
    /// The embedding model, and how far it has read the entries.
    pub semantic: EmbeddingHealth,
    /// `on`, `off` or `degraded`.
    pub watch: &'static str,
    /// How long the parts of the start took.
    pub timings_ms: Timings,
    /// What to know: why it is degraded, or that the built-in collection is served.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// How the answer caches do.
#[derive(Debug, Serialize)]
pub struct CacheHealth {
    hits: u64,
    misses: u64,
    hit_rate: f64,
}

/// How the database does.
#[derive(Debug, Serialize)]
pub struct DatabaseHealth {
    connected: bool,
    size_mb: f64,
    read_only: bool,
    dropped_log_rows: u64,
}

/// How much is indexed.
#[derive(Debug, Serialize)]
pub struct IndexHealth {
    agents: usize,
    skills: usize,
    workflows: usize,
    patterns: usize,
}

/// Which project is answered for.
#[derive(Debug, Serialize)]
pub struct ProjectHealth {
    root: String,
    id: String,
}

impl Output for Health {}

impl Operation for GetHealth {
    const NAME: &'static str = "getHealth";
    type Params = NoParams;
    type Output = Health;

    async fn run(app: &App, _: &CallContext, _: NoParams) -> Result<Health, AppError> {
        Ok(app.health())
    }
}

/// The seed's metrics, completed.
#[derive(Debug, Serialize)]
pub struct MetricsReport {
    queries: QueryMetrics,
    performance: Performance,
    cache: CacheHealth,
    patterns: PatternMetrics,
    errors: BTreeMap<String, u64>,
    panics: u64,
    log_lines_dropped: u64,
    tokens: TokenMetrics,
    memory_mb: f64,
    database_size_mb: f64,
}

#[derive(Debug, Serialize)]
struct QueryMetrics {
    total: u64,
    by_method: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the seed's names on the wire")]
struct Performance {
    avg_query_time_ms: f64,
    p50_query_time_ms: f64,
    p95_query_time_ms: f64,
    p99_query_time_ms: f64,
}

#[derive(Debug, Serialize)]
struct PatternMetrics {
    total: usize,
    avg_success_rate: f64,
}

#[derive(Debug, Serialize)]
struct TokenMetrics {
    returned: u64,
    baseline: u64,
    estimator: &'static str,
    by_client: BTreeMap<String, BTreeMap<&'static str, MethodTokens>>,
}

/// What one client's calls of one method cost and spared.
#[derive(Debug, Serialize)]
struct MethodTokens {
    calls: u64,
    returned: u64,
    baseline: u64,
}

impl TokenMetrics {
    fn of(ledger: &TokenUsage) -> Self {
        let TokenCounts { returned, baseline, .. } = ledger.total();
        let counts = |counts: TokenCounts| {
            let TokenCounts { calls, returned, baseline } = counts;
            MethodTokens { calls, returned, baseline }
        };
        let by_client = ledger.by_client().into_iter().map(|(client, methods)| {
            (client, methods.into_iter().map(|(method, sums)| (method, counts(sums))).collect())
        });
        TokenMetrics { returned, baseline, estimator: tokens::ESTIMATOR, by_client: by_client.collect() }
    }
}

impl App {
    /// The current health.
    pub fn health(&self) -> Health {
        let snapshot = self.snapshot();
        let store = self.store.status();
        let mut reasons = Vec::new();
        if snapshot.embedded_default {
            reasons.push(
                "the project has no plugins: the built-in collection in fixtures/plugins is served".into(),
            );
        }
        let notes = reasons.len();
        if snapshot.catalog.definitions().is_empty() {
            reasons.push("no agents, skills or workflows were found".into());
        }
        let watch = match self.watching.state() {
            WatchState::Off => "off",
            WatchState::On => "on",
            WatchState::Degraded(why) => {
                reasons.push(why);
                "degraded"
            }
        };
        reasons.extend(store.degraded.clone());
        reasons.extend(self.backups.problem());
        let (semantic, problem) = self.embedding.health();
        reasons.extend(problem);
        let status = if reasons.len() > notes { "degraded" } else { "healthy" };
        reasons.extend(store.notes.iter().cloned());
        Health {
            status,
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
                patterns: self.store.book().len(),
            },
            version: env!("CARGO_PKG_VERSION"),
            project: ProjectHealth {
                root: self.config.project.root.display().to_string(),
                id: self.config.project.id.clone(),
            },
            pid: std::process::id(),
            problems: snapshot.catalog.files_with_problems(),
            generation: snapshot.generation,
            scans: self.refresher.finished(),
            ranking: if snapshot.latent_ready && snapshot.index.has_latent() { "latent" } else { "lexical" },
            semantic,
            watch,
            timings_ms: self.timings.clone(),
            reasons,
        }
    }

    /// What was measured since the start.
    pub fn metrics_report(&self) -> MetricsReport {
        let by_method: BTreeMap<_, _> = self.metrics.calls_by_method().into_iter().collect();
        let latency = self.metrics.latency();
        let book = self.store.book();
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
                total: book.len(),
                avg_success_rate: book.avg_success_rate().unwrap_or(0.0),
            },
            errors: self
                .metrics
                .errors_by_code()
                .into_iter()
                .map(|(code, n)| (code.to_string(), n))
                .collect(),
            panics: self.metrics.panics(),
            log_lines_dropped: logging::dropped_lines(),
            tokens: TokenMetrics::of(self.metrics.tokens()),
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
    mebibytes(memory::resident_bytes().unwrap_or(0))
}

/// Bytes as MiB with one decimal.
#[expect(clippy::cast_precision_loss, reason = "sizes beyond 2^53 bytes do not occur")]
fn mebibytes(bytes: u64) -> f64 {
    (bytes as f64 / 1024.0 / 1024.0 * 10.0).round() / 10.0
}
