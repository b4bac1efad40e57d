//! The one line that adds the server to a client: a command for a shell, or a link that the client opens.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::client::McpClient;
use super::server_command::{SERVER, ServerCommand};

/// What `encodeURIComponent` encodes, and the few signs it leaves.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The command that adds `server` to a client; `None` for a client that has none.
pub fn install_line(client: McpClient, server: &ServerCommand) -> Option<String> {
    let words = |before: &[&str]| {
        let before = before.iter().copied();
        let own = std::iter::once(&*server.command).chain(server.args.iter().map(String::as_str));
        before.chain(own).map(quoted).collect::<Vec<String>>().join(" ")
    };
    match client {
        McpClient::ClaudeCode => Some(words(&["claude", "mcp", "add", "--scope", "user", SERVER, "--"])),
        McpClient::Codex => Some(words(&["codex", "mcp", "add", SERVER, "--"])),
        McpClient::GeminiCli => Some(words(&["gemini", "mcp", "add", "--scope", "user", SERVER])),
        McpClient::VsCode => Some(format!("code --add-mcp {}", quoted(&named(server)))),
        McpClient::Cursor | McpClient::Windsurf => None,
    }
}

/// The link that a client opens to add `server`, after asking; `None` for a client that has none.
pub fn deep_link(client: McpClient, server: &ServerCommand) -> Option<String> {
    let encoded = |text: &str| utf8_percent_encode(text, COMPONENT).to_string();
    match client {
        McpClient::Cursor => {
            let config = STANDARD.encode(server.entry(client).to_string());
            let config = encoded(&config);
            Some(format!("cursor://anysphere.cursor-deeplink/mcp/install?name={SERVER}&config={config}"))
        }
        McpClient::VsCode => Some(format!("vscode:mcp/install?{}", encoded(&named(server)))),
        McpClient::ClaudeCode | McpClient::Codex | McpClient::Windsurf | McpClient::GeminiCli => None,
    }
}

/// The entry with its name in it.
fn named(server: &ServerCommand) -> String {
    json!({ "name": SERVER, "command": server.command, "args": server.args }).to_string()
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use base64::Engine;
    use percent_encoding::percent_decode_str;
    use serde_json::{Value, json};

    use super::{McpClient, STANDARD, ServerCommand, deep_link, install_line};

    const ODD: &str = "/opt/it's \"here\"/ä+b/adjutant";

    /// The words that a shell makes of a line.
    fn words(line: &str) -> Vec<String> {
        let script = format!("printf '%s\\0' {line}");
        let said = Command::new("sh").args(["-c", &script]).output().unwrap().stdout;
        let text = String::from_utf8(said).unwrap();
        text.trim_end_matches('\0').split('\0').map(str::to_owned).collect()
    }

    #[test]
    fn a_shell_reads_the_lines_as_they_are_meant() {
        let server = ServerCommand::of(Path::new(ODD)).unwrap();
        let line = |client| words(&install_line(client, &server).unwrap());
        assert_eq!(
            line(McpClient::ClaudeCode),
            ["claude", "mcp", "add", "--scope", "user", "adjutant", "--", ODD, "mcp"]
        );
        assert_eq!(line(McpClient::Codex), ["codex", "mcp", "add", "adjutant", "--", ODD, "mcp"]);
        assert_eq!(
            line(McpClient::GeminiCli),
            ["gemini", "mcp", "add", "--scope", "user", "adjutant", ODD, "mcp"]
        );
        let code = line(McpClient::VsCode);
        assert_eq!(code[..2], ["code", "--add-mcp"]);
        let entry: Value = serde_json::from_str(&code[2]).unwrap();
        assert_eq!(entry, json!({ "name": "adjutant", "command": ODD, "args": ["mcp"] }));
    }

    #[test]
    fn links_hold_the_entry_and_nothing_that_an_address_would_change() {
        let server = ServerCommand::of(Path::new(ODD)).unwrap();
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let cursor = deep_link(McpClient::Cursor, &server).unwrap();
        let config = cursor
            .strip_prefix("cursor://anysphere.cursor-deeplink/mcp/install?name=adjutant&config=")
            .unwrap();
        assert!(!config.contains(['+', '/', '=', '&', ' ']), "{config}");
        let config = STANDARD.decode(decoded(config)).unwrap();
        let entry: Value = serde_json::from_slice(&config).unwrap();
        assert_eq!(entry, json!({ "command": ODD, "args": ["mcp"] }));
        let code = deep_link(McpClient::VsCode, &server).unwrap();
        let entry: Value =
            serde_json::from_str(&decoded(code.strip_prefix("vscode:mcp/install?").unwrap())).unwrap();
        assert_eq!(entry, json!({ "name": "adjutant", "command": ODD, "args": ["mcp"] }));
    }

    #[test]
    fn every_client_but_one_has_a_line_or_a_link() {
        let server = ServerCommand::of(Path::new("/bin/adjutant")).unwrap();
        let without = McpClient::ALL.into_iter().filter(|client| {
            install_line(*client, &server).is_none() && deep_link(*client, &server).is_none()
        });
        assert_eq!(without.collect::<Vec<McpClient>>(), [McpClient::Windsurf]);
    }
}
