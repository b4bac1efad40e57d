//! JSON log lines, one file a day, seven kept.
//!
//! Never logged: request bodies, parameters' texts, definitions. A line names its call by `correlation_id`.

use std::path::Path;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt};

/// Days of log files that are kept.
const DAYS_KEPT: usize = 7;

/// Lines that may wait for the disk before further ones are dropped and counted. At some 300 bytes a line
/// this bounds what a stalled disk costs to about 5 MB.
const WAITING_LINES: usize = 16_384;

/// Keeps the log being written; dropping it flushes what waits.
#[derive(Debug)]
pub struct LogGuard {
    _worker: Option<WorkerGuard>,
    dropped: Option<ErrorCounter>,
}

impl LogGuard {
    /// Lines that were lost because the disk could not keep up.
    pub fn dropped_lines(&self) -> usize {
        self.dropped.as_ref().map_or(0, ErrorCounter::dropped_lines)
    }
}

/// Starts logging into `mcp.<date>.log` files in `dir`, for the whole process.
///
/// Where the folder cannot be written the service goes on without log files; the returned text says why.
pub fn start(dir: &Path, level: tracing::Level) -> (LogGuard, Option<String>) {
    let file = std::fs::create_dir_all(dir).map_err(anyhow::Error::from).and_then(|()| {
        let builder = Builder::new().rotation(Rotation::DAILY).filename_prefix("mcp").filename_suffix("log");
        Ok(builder.max_log_files(DAYS_KEPT).build(dir)?)
    });
    let (worker, dropped, problem) = match file {
        Ok(file) => {
            let (writer, guard) = NonBlockingBuilder::default()
                .lossy(true)
                .buffered_lines_limit(WAITING_LINES)
                // Lines that come together are written together: the worker flushes when none is waiting.
                .finish(std::io::BufWriter::new(file));
            let dropped = writer.error_counter();
            let lines =
                fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
            let layer = lines.with_target(false).with_writer(writer).with_filter(ours(level));
            install(Registry::default().with(layer));
            (Some(guard), Some(dropped), None)
        }
        Err(error) => {
            (None, None, Some(format!("no log is written: {} cannot be used: {error:#}", dir.display())))
        }
    };
    (LogGuard { _worker: worker, dropped }, problem)
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
