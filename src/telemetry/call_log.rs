//! The log lines of calls.
//!
//! A line costs as much as a cached answer does, on two threads. So of what was quick and went well, as many a second get
//! one as a person or an agent makes, and of what failed or was slow some more; the next line says how many went without.
//! All of them are in the metrics, and at level `debug` in the log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::sampler::Sampler;

/// Lines a second for calls that were quick and went well.
pub const QUICK_LINES: u32 = 20;

/// Lines a second for calls that failed or were slow: who asks wrongly in a loop shall not push everything else out of a
/// day's log.
pub const TROUBLED_LINES: u32 = 100;

/// What a call that is not worth a line of its own takes at most: some hundred times a query that was not asked before.
pub const QUICK: Duration = Duration::from_millis(10);

/// What the log says of a call.
#[derive(Debug, Clone, Copy)]
pub struct LoggedCall<'a> {
    /// What the answer bears as well.
    pub correlation_id: &'a str,
    /// The tool, where the call came as one.
    pub tool: Option<&'static str>,
    /// The method.
    pub method: &'static str,
    /// Time from reading the call to having its answer.
    pub took: Duration,
    /// Whether the answer was there already; `None` for what is never kept.
    pub cache_hit: Option<bool>,
    /// The JSON-RPC error it ended with.
    pub error_code: Option<i32>,
}

/// Writes lines of calls.
#[derive(Debug)]
pub struct CallLog {
    began: Instant,
    quick: Sampler,
    troubled: Sampler,
    left_out: AtomicU64,
}

impl Default for CallLog {
    fn default() -> Self {
        CallLog {
            began: Instant::now(),
            quick: Sampler::of(QUICK_LINES),
            troubled: Sampler::of(TROUBLED_LINES),
            left_out: AtomicU64::new(0),
        }
    }
}

impl CallLog {
    /// Writes the line of one call that is answered, or counts it.
    pub fn write(&self, call: &LoggedCall<'_>) {
        let is_quick = call.took < QUICK && call.error_code.is_none();
        let sampler = if is_quick { &self.quick } else { &self.troubled };
        if !sampler.admits(self.began.elapsed().as_secs()) {
            if tracing::enabled!(tracing::Level::DEBUG) {
                line(call, None);
            } else {
                self.left_out.fetch_add(1, Ordering::Relaxed);
            }
            return;
        }
        let left_out = Some(self.left_out.load(Ordering::Relaxed)).filter(|count| *count > 0);
        line(call, left_out.map(|_| self.left_out.swap(0, Ordering::Relaxed)));
    }
}

fn line(call: &LoggedCall<'_>, left_out: Option<u64>) {
    tracing::info!(
        correlation_id = call.correlation_id,
        tool = call.tool,
        method = call.method,
        duration_ms = call.took.as_secs_f64() * 1000.0,
        cache_hit = call.cache_hit,
        error_code = call.error_code,
        unlisted = left_out,
        "call"
    );
}
