//! The Model Context Protocol: both eras over HTTP through the router, and over standard input and output through
//! the real binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(clippy::needless_pass_by_value, reason = "messages are written in place")]

mod bad_input;
mod changes;
mod client;
mod cost;
mod resources;
mod schema;
mod stdio;
mod tools;
