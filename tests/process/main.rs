//! The real binary: its command line, its life as a process, and what it does under pressure.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[expect(dead_code, reason = "each test binary uses a part of it")]
#[path = "../support/mod.rs"]
mod support;

mod background;
mod cli;
mod client;
mod configuration;
mod docs;
mod examples;
mod hooks;
mod init;
mod install;
mod leftovers;
mod lifecycle;
mod litter;
mod memory;
mod offload;
mod offload_rules;
mod offload_undo;
mod planted_links;
mod plugin;
mod pressure;
mod same_service;
mod user_scope;
