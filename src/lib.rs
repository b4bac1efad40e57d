//! Adjutant: the staff officer beside an orchestrator.
//!
//! It indexes every agent, skill and command of a project's plugins at startup, answers "who can do this?"
//! with just the entries a task needs, hands over full definitions on demand, and remembers which sequences
//! of agents worked. In reading order, which is also the direction data flows in:
//!
//! * the crate [`catalog`] reads plugin folders into definitions and problems;
//! * [`search`] holds the in-memory indexes over a catalog, and one ranking that combines them;
//! * [`domain`] knows patterns of agents, how alike two goals are, and what outcomes teach;
//! * [`store`] is the SQLite database with its single writer, [`protocol`] the wire types and error codes;
//! * [`app`] is the service itself, every operation once;
//! * [`server`] has the HTTP, JSON-RPC and MCP endpoints, [`client`] asks them from another process;
//! * [`offload`] takes listings out of the client's prompt, by settings that [`claude_settings`] edits;
//! * [`mcp_clients`] adds the server to the clients of this machine;
//! * [`instance`] knows which process serves a project, [`cli`] is the command line;
//! * [`config`], [`telemetry`] and [`tasks`] are settings, log lines and metrics, and async background tasks.
//!
//! # Asking a collection
//!
//! ```
//! use catalog::{Kind, ScanOptions, scan};
//! use search::{Aliases, Index, Request};
//!
//! let catalog = scan(&ScanOptions::new("fixtures"), None);
//! let index = Index::build(&catalog, Aliases::built_in());
//! let context = Some("our login page fails for screen reader users");
//! let found = index.find(&Request { kind: Kind::Agent, context, limit: 3, ..Request::default() });
//! assert_eq!(found.hits[0].definition.id, "frontend-web:accessibility-reviewer");
//! println!("{} ({:.2})", found.reasoning, found.confidence);
//! ```
//!
//! # Asking a service
//!
//! [`client::OrchestratorClient`] asks a running instance, and [`app::InProcess`] answers where none runs.

pub mod app;
pub mod cli;
pub mod config;
pub mod instance;
pub mod mcp_clients;
pub mod offload;
pub mod server;
pub mod tasks;
pub mod telemetry;
