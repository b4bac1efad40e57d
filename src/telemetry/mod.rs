//! What an operator sees of a running instance: log lines and measurements.

pub mod ledger;
mod log_files;
pub mod logging;
pub mod memory;
pub mod metrics;
pub mod redaction;
