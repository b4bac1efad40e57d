//! The clients that are known.

use serde::{Deserialize, Serialize};

/// A program that starts MCP servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum McpClient {
    /// Claude Code.
    ClaudeCode,
    /// Cursor.
    Cursor,
    /// Visual Studio Code.
    VsCode,
    /// Codex.
    Codex,
    /// Windsurf.
    Windsurf,
    /// Gemini CLI.
    GeminiCli,
}

/// How a client writes its servers down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A JSON object whose member of this name holds the servers.
    Json(&'static str),
    /// A TOML file whose table of this name does.
    Toml(&'static str),
}

impl McpClient {
    /// All of them, in the order in which they are shown.
    pub const ALL: [McpClient; 6] = [
        McpClient::ClaudeCode,
        McpClient::Cursor,
        McpClient::VsCode,
        McpClient::Codex,
        McpClient::Windsurf,
        McpClient::GeminiCli,
    ];

    /// Its name on the command line, which is also the one in the record.
    pub fn name(self) -> &'static str {
        match self {
            McpClient::ClaudeCode => "claude-code",
            McpClient::Cursor => "cursor",
            McpClient::VsCode => "vs-code",
            McpClient::Codex => "codex",
            McpClient::Windsurf => "windsurf",
            McpClient::GeminiCli => "gemini-cli",
        }
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            McpClient::ClaudeCode => "Claude Code",
            McpClient::Cursor => "Cursor",
            McpClient::VsCode => "VS Code",
            McpClient::Codex => "Codex",
            McpClient::Windsurf => "Windsurf",
            McpClient::GeminiCli => "Gemini CLI",
        }
    }

    pub(super) fn format(self) -> Format {
        match self {
            McpClient::VsCode => Format::Json("servers"),
            McpClient::Codex => Format::Toml("mcp_servers"),
            McpClient::ClaudeCode | McpClient::Cursor | McpClient::Windsurf | McpClient::GeminiCli => {
                Format::Json("mcpServers")
            }
        }
    }

    /// Whether its entries say that the server speaks over standard input and output.
    pub(super) fn names_transport(self) -> bool {
        matches!(self, McpClient::ClaudeCode | McpClient::VsCode)
    }
}
