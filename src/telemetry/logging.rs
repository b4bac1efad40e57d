//! JSON log lines, one file a day, seven kept, the older ones compressed.
//!
//! Never logged: request bodies, parameters' texts, definitions. A line names its call by `correlation_id`; what looks like
//! a secret is redacted all the same.

use std::sync::OnceLock;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt};

use super::limits::WAITING_LINES;
use super::log_files::{DailyFile, unwritten_lines};
use confined_fs::DirPath;

/// Counts the lines that found no place to wait, of the log of this process.
static CROWDED_OUT: OnceLock<ErrorCounter> = OnceLock::new();

/// Lines of this process that no file holds: the disk could not keep up or did not take them, or the day's file was full.
pub fn dropped_lines() -> u64 {
    CROWDED_OUT.get().map_or(0, |counter| counter.dropped_lines() as u64) + unwritten_lines()
}

/// Keeps the log being written; dropping it flushes what waits.
#[derive(Debug)]
pub struct LogGuard {
    _worker: Option<WorkerGuard>,
}

/// Starts logging into `mcp.<date>.log` files in `dir`, for the whole process.
///
/// Where the folder cannot be written the service goes on without log files; the returned text says why.
pub fn start(dir: &DirPath, level: tracing::Level) -> (LogGuard, Option<String>) {
    match DailyFile::open(dir) {
        Ok(file) => {
            let (writer, guard) = NonBlockingBuilder::default()
                .lossy(true)
                .buffered_lines_limit(WAITING_LINES)
                // Lines that come together are written together: the worker flushes when none is waiting.
                .finish(file);
            // A second log of one process (tests do that) counts with the first.
            let _ = CROWDED_OUT.set(writer.error_counter());
            let lines = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
            let layer = lines.with_target(false).with_writer(writer).with_filter(ours(level));
            install(Registry::default().with(layer));
            (LogGuard { _worker: Some(guard) }, None)
        }
        Err(error) => {
            let problem = format!("no log is written: {dir} cannot be used: {error}");
            (LogGuard { _worker: None }, Some(problem))
        }
    }
}

/// What is logged: all of that level, but nothing of the protocol's library, which writes whole messages and a line
/// for each request.
fn ours(level: tracing::Level) -> Targets {
    Targets::new().with_default(level).with_target("rmcp", LevelFilter::OFF)
}

/// A second subscriber in one process (tests do that) leaves the first in force.
fn install(subscriber: impl tracing::Subscriber + Send + Sync + 'static) {
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("logging was started before");
    }
}
