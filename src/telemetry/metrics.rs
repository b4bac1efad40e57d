//! Counters and latencies. Percentiles come from histograms, never from a mean.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

use super::call_log::CallLog;
use super::token_usage::TokenUsage;

/// The longest latency told apart from longer ones, in microseconds: one minute.
const MAX_MICROS: u64 = 60_000_000;

/// Significant digits kept of a latency: within 1 %, in 20 KB a method.
const DIGITS: u8 = 2;

/// The measurements of one process since its start.
#[derive(Debug)]
pub struct Metrics {
    methods: Vec<MethodMetrics>,
    errors: Mutex<BTreeMap<i32, u64>>,
    panics: AtomicU64,
    tokens: TokenUsage,
    call_log: CallLog,
}

#[derive(Debug)]
struct MethodMetrics {
    name: &'static str,
    calls: AtomicU64,
    cache_hits: AtomicU64,
    cache_misses: AtomicU64,
    micros: Mutex<Histogram<u64>>,
}

/// What was measured of one method, or of all together.
#[derive(Debug, Clone, Copy, Default)]
pub struct Latency {
    /// Calls measured.
    pub count: u64,
    /// Arithmetic mean, milliseconds.
    pub mean_ms: f64,
    /// Median, milliseconds.
    pub p50_ms: f64,
    /// 95th percentile, milliseconds.
    pub p95_ms: f64,
    /// 99th percentile, milliseconds.
    pub p99_ms: f64,
    /// Sum, seconds.
    pub sum_s: f64,
}

/// How a cache did.
#[derive(Debug, Clone, Copy, Default)]
pub struct CacheCounts {
    /// Answers served again.
    pub hits: u64,
    /// Answers computed.
    pub misses: u64,
}

impl CacheCounts {
    /// Hits as a share of both; 0 where nothing was asked.
    pub fn hit_rate(self) -> f64 {
        let total = self.hits + self.misses;
        if total == 0 { 0.0 } else { ratio(self.hits, total) }
    }
}

impl Metrics {
    /// Metrics for exactly these methods.
    pub fn new(methods: &[&'static str]) -> Self {
        let methods = methods.iter().map(|name| MethodMetrics {
            name,
            calls: AtomicU64::new(0),
            cache_hits: AtomicU64::new(0),
            cache_misses: AtomicU64::new(0),
            micros: Mutex::new(empty_histogram()),
        });
        Metrics {
            methods: methods.collect(),
            errors: Mutex::default(),
            panics: AtomicU64::new(0),
            tokens: TokenUsage::default(),
            call_log: CallLog::default(),
        }
    }

    /// Records one finished call of a known method.
    pub fn record_call(&self, method: &str, took: Duration, cache_hit: Option<bool>) {
        let Some(metrics) = self.methods.iter().find(|known| known.name == method) else { return };
        metrics.calls.fetch_add(1, Ordering::Relaxed);
        match cache_hit {
            Some(true) => metrics.cache_hits.fetch_add(1, Ordering::Relaxed),
            Some(false) => metrics.cache_misses.fetch_add(1, Ordering::Relaxed),
            None => 0,
        };
        let micros = u64::try_from(took.as_micros()).unwrap_or(MAX_MICROS).clamp(1, MAX_MICROS);
        metrics.micros.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(micros);
    }

    /// Records one error answer.
    pub fn record_error(&self, code: i32) {
        *self.errors.lock().unwrap_or_else(PoisonError::into_inner).entry(code).or_default() += 1;
    }

    /// Records a handler that panicked; it was answered as an internal error.
    pub fn record_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// Handlers that panicked.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// What answers cost, and what they spared.
    pub fn tokens(&self) -> &TokenUsage {
        &self.tokens
    }

    /// The log lines of calls.
    pub fn call_log(&self) -> &CallLog {
        &self.call_log
    }

    /// Calls of each method that was called.
    pub fn calls_by_method(&self) -> Vec<(&'static str, u64)> {
        let counts = self.methods.iter().map(|method| (method.name, method.calls.load(Ordering::Relaxed)));
        counts.filter(|(_, calls)| *calls > 0).collect()
    }

    /// Error answers by code.
    pub fn errors_by_code(&self) -> BTreeMap<i32, u64> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How the caches did, over all methods.
    pub fn cache(&self) -> CacheCounts {
        self.methods.iter().fold(CacheCounts::default(), |sum, method| CacheCounts {
            hits: sum.hits + method.cache_hits.load(Ordering::Relaxed),
            misses: sum.misses + method.cache_misses.load(Ordering::Relaxed),
        })
    }

    /// The latency of each method that was called.
    pub fn latency_by_method(&self) -> Vec<(&'static str, Latency)> {
        let latencies = self.methods.iter().map(|method| {
            (method.name, Latency::of(&method.micros.lock().unwrap_or_else(PoisonError::into_inner)))
        });
        latencies.filter(|(_, latency)| latency.count > 0).collect()
    }

    /// The latency over all methods.
    pub fn latency(&self) -> Latency {
        let mut all = empty_histogram();
        for method in &self.methods {
            let one = method.micros.lock().unwrap_or_else(PoisonError::into_inner);
            // Adding histograms of the same bounds cannot fail.
            let _ = all.add(&*one);
        }
        Latency::of(&all)
    }
}

impl Latency {
    fn of(micros: &Histogram<u64>) -> Self {
        if micros.is_empty() {
            return Latency::default();
        }
        let at = |quantile: f64| to_f64(micros.value_at_quantile(quantile)) / 1000.0;
        let mean_ms = micros.mean() / 1000.0;
        Latency {
            count: micros.len(),
            mean_ms,
            p50_ms: at(0.50),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            sum_s: mean_ms / 1000.0 * to_f64(micros.len()),
        }
    }
}

fn empty_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, MAX_MICROS, DIGITS).expect("the bounds are valid constants")
}

/// `part` of `whole`, which is not 0.
fn ratio(part: u64, whole: u64) -> f64 {
    to_f64(part) / to_f64(whole)
}

#[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 do not occur")]
fn to_f64(value: u64) -> f64 {
    value as f64
}
