//! Adjutant: the staff officer beside an orchestrator.
//!
//! It indexes every agent, skill and command of a project's plugins at startup, answers "who can do this?"
//! with just the entries a task needs, hands over full definitions on demand, and remembers which sequences
//! of agents worked. In reading order, which is also the direction data flows in:
//!
//! * [`catalog`]: what the plugin folders hold, read into definitions and problems;
//! * [`search`]: the in-memory indexes over a catalog, and one ranking that combines them;
//! * [`patterns`]: plans of several agents, how alike two goals are, and what outcomes teach;
//! * [`store`]: the SQLite database and its single writer thread;
//! * [`app`]: the service itself, every operation once;
//! * [`server`]: the HTTP doors; [`client`]: asking them from another process;
//! * [`instance`]: which process serves a project; [`cli`]: the command line;
//! * [`config`], [`telemetry`], [`tasks`]: settings, log lines and measurements, background work.

pub mod app;
pub mod catalog;
pub mod cli;
pub mod client;
pub mod config;
pub mod instance;
pub mod patterns;
pub mod search;
pub mod semantic;
pub mod server;
pub mod store;
pub mod tasks;
pub mod telemetry;
