//! The line that adds the server to each client, filled in for this machine.

use crate::cli::output::{self, Tone};
use crate::mcp_clients::{McpClient, ServerCommand, deep_link, install_line};

/// Prints them.
pub(super) fn print(server: &ServerCommand, clients: impl Iterator<Item = McpClient>) {
    for client in clients {
        output::toned(&[(Tone::Strong, client.title())]);
        let line = install_line(client, server);
        for text in line.iter().chain(&deep_link(client, server)) {
            output::line(&format!("  {text}"));
        }
        if line.is_none() {
            for text in server.whole_file(client).lines() {
                output::line(&format!("  {text}"));
            }
        }
    }
    output::toned(&[(Tone::Strong, "Any other, in .mcp.json or its own file")]);
    output::line(&format!("  {}", server.whole_file(McpClient::Cursor)));
}

/// Offers the lines after a start.
pub(in crate::cli) fn offer() {
    let Ok(program) = std::env::current_exe() else { return };
    let server = ServerCommand::of(&program);
    let line = server.and_then(|server| install_line(McpClient::ClaudeCode, &server));
    output::line("for Claude Code in every project, and for other clients:");
    if let Some(line) = line {
        output::line(&format!("  {line}"));
    }
    output::line("  adjutant init       # finds your clients and adds it, after showing each change");
}
