//! `GET /metrics` as JSON: what was measured since the start.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::CacheHealth;

/// The seed's metrics, completed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MetricsReport {
    /// Calls.
    pub queries: QueryMetrics,
    /// Latencies.
    pub performance: Performance,
    /// The answer caches.
    pub cache: CacheHealth,
    /// Stored patterns.
    pub patterns: PatternMetrics,
    /// Error answers by JSON-RPC code.
    pub errors: BTreeMap<String, u64>,
    /// Handlers that panicked.
    pub panics: u64,
    /// Log lines that no file holds.
    pub log_lines_dropped: u64,
    /// Estimated tokens.
    pub tokens: TokenMetrics,
    /// The resident set, MiB.
    pub memory_mb: f64,
    /// The database, MiB.
    pub database_size_mb: f64,
}

/// Calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct QueryMetrics {
    /// All of them.
    pub total: u64,
    /// By method.
    pub by_method: BTreeMap<Cow<'static, str>, u64>,
}

/// Latencies, measured with a histogram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Performance {
    /// Mean, milliseconds.
    pub avg_query_time_ms: f64,
    /// Median, milliseconds.
    pub p50_query_time_ms: f64,
    /// 95th percentile, milliseconds.
    pub p95_query_time_ms: f64,
    /// 99th percentile, milliseconds.
    pub p99_query_time_ms: f64,
}

/// Stored patterns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PatternMetrics {
    /// How many there are.
    pub total: usize,
    /// Their average success rate; 0 where there are none.
    pub avg_success_rate: f64,
}

/// Estimated tokens of answers, and of the listings that need not be carried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TokenMetrics {
    /// Tokens of answers.
    pub returned: u64,
    /// Tokens of the listings of the kinds that were asked for.
    pub baseline: u64,
    /// How tokens are estimated.
    pub estimator: Cow<'static, str>,
    /// The same by client and method.
    pub by_client: BTreeMap<String, BTreeMap<Cow<'static, str>, MethodTokens>>,
}

/// Tokens of one client's calls of one method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MethodTokens {
    /// Calls that were answered.
    pub calls: u64,
    /// Tokens of the answers.
    pub returned: u64,
    /// Tokens of the listings not carried.
    pub baseline: u64,
}
