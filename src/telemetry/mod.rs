//! What an operator sees of a running instance: log lines and measurements.

pub mod ledger;
pub mod logging;
pub mod memory;
pub mod metrics;
