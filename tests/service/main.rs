//! The service driven through its public endpoints, most of it in this process: HTTP, JSON-RPC, MCP, access and trust.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod corrections;
mod fuzz;
mod http;
mod identity;
mod mcp;
mod patterns;
mod refusals;
mod rpc;
mod trust;
mod wire;
