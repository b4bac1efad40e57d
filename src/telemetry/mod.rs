//! What an operator sees of a running instance: log lines and measurements.

pub mod call_log;
pub mod limits;
mod log_files;
pub mod logging;
pub mod metrics;
pub mod redaction;
pub mod resident_memory;
pub mod sampler;
pub mod token_usage;
