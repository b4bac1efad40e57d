//! The command line: it translates arguments into calls of operations and answers into text.
//!
//! Data goes to standard output, errors to standard error. Exit codes are those of [`exit`].

mod allocator;
mod ask;
mod backup;
mod check;
mod command_line;
mod completions;
mod config_show;
mod connection;
mod doctor;
mod down;
pub mod exit;
mod find;
mod help;
mod hint;
mod history;
mod hook;
mod init;
mod limits;
mod mcp;
mod model;
mod offload;
mod operation_commands;
mod output;
mod pattern;
mod patterns;
mod port_choice;
mod record;
mod register;
mod reindex;
mod restore;
mod serve;
mod service;
mod status;
mod store_access;
mod supervisor;
mod table;
mod tokens;
mod uninstall;
mod up;

pub use command_line::run;
use connection::{
    HEALTH_TIMEOUT, client_of, hint_missing_plugins, options_to_read, prepare_state, running_client,
    small_runtime, store_options,
};
