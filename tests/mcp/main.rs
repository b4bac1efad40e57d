//! The Model Context Protocol: both eras over HTTP through the router, and over standard input and output through
//! the real binary.

#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod changes;
mod client;
mod cost;
mod resources;
mod schema;
mod stdio;
mod tools;
