//! The same query as tool calls of the Model Context Protocol, in both of its eras and over both transports.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use crate::http::{Request, header_of_answer};
use crate::process::Process;
use crate::product::Recipe;

const ACCEPT: (&str, &str) = ("Accept", "application/json, text/event-stream");
const NEWER: &str = "2026-07-28";
const OLDER: &str = "2025-11-25";

/// The tool that is asked where one stands for all.
pub(crate) const TOOL: &str = "find_agents";

/// Time a client over standard input waits.
const END_PATIENCE: Duration = Duration::from_secs(10);

fn about_us() -> Value {
    json!({ "name": "bench", "version": "1" })
}

/// What every request of the newer era carries.
fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": NEWER,
        "io.modelcontextprotocol/clientInfo": about_us(),
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

fn call(tool: &str, arguments: &Value, meta: Option<Value>) -> Value {
    let mut params = json!({ "name": tool, "arguments": arguments });
    if let Some(meta) = meta {
        params["_meta"] = meta;
    }
    json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params })
}

/// A call of a tool, in the stateless era.
pub(crate) fn newer(tool: &str, arguments: &Value) -> Request {
    let headers = [ACCEPT, ("MCP-Protocol-Version", NEWER), ("Mcp-Method", "tools/call"), ("Mcp-Name", tool)];
    Request::post_to("/mcp", &headers, &call(tool, arguments, Some(meta())).to_string())
}

fn initialize() -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": { "protocolVersion": OLDER, "capabilities": {}, "clientInfo": about_us() } })
}

/// [`TOOL`] for a context in the era of sessions, one of which is begun here.
pub(crate) fn older(port: u16, context: &str) -> anyhow::Result<Request> {
    let close = ("Connection", "close");
    let begin = Request::post_to("/mcp", &[ACCEPT, close], &initialize().to_string());
    let session = header_of_answer(port, &begin, "mcp-session-id")?.context("no session was begun")?;
    let headers = [ACCEPT, ("MCP-Protocol-Version", OLDER), ("Mcp-Session-Id", session.as_str())];
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let closing = [&headers[..], &[close]].concat();
    header_of_answer(port, &Request::post_to("/mcp", &closing, &ready.to_string()), "date")?;
    Ok(Request::post_to("/mcp", &headers, &call(TOOL, &json!({ "context": context }), None).to_string()))
}

/// How long a client of `adjutant mcp` waits, from starting it, where no instance runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waits {
    /// For the server to introduce itself.
    pub(crate) introduction: Duration,
    /// For the answer to a first tool call, which is sent together with everything before it.
    pub(crate) answer: Duration,
}

/// Starts `adjutant mcp` in a fresh data directory and asks it.
pub(crate) fn over_stdio(recipe: &Recipe<'_>, context: &str) -> anyhow::Result<Waits> {
    let data_dir = tempfile::tempdir()?;
    let mut command = Command::new(recipe.binary);
    command.arg("mcp").arg("--root").arg(recipe.collection).arg("--data-dir").arg(data_dir.path());
    command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let began = Instant::now();
    let mut process = Process::start(&mut command)?;
    let mut input = process.child().stdin.take().context("no standard input")?;
    let output = process.child().stdout.take().context("no standard output")?;
    let mut lines = BufReader::new(output).lines();
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let mut asked = call(TOOL, &json!({ "context": context }), None);
    asked["id"] = json!(2);
    write!(input, "{}\n{ready}\n{asked}\n", initialize())?;
    input.flush()?;
    let mut wait_for = |id: u64| -> anyhow::Result<Duration> {
        for line in lines.by_ref() {
            let message: Value = serde_json::from_str(&line?)?;
            if message["id"] == id {
                anyhow::ensure!(message.get("result").is_some(), "an error over stdio: {message}");
                return Ok(began.elapsed());
            }
        }
        anyhow::bail!("the server ended before its answer")
    };
    let waits = Waits { introduction: wait_for(1)?, answer: wait_for(2)? };
    drop(input);
    process.wait(END_PATIENCE)?;
    Ok(waits)
}
