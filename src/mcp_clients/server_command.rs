//! What a client starts: this program, where it is installed.

use std::path::Path;

use serde_json::{Value, json};

use super::client::{Format, McpClient};

/// The name under which clients know the server.
pub(super) const SERVER: &str = "adjutant";

/// The package in the registries of npm and Python.
const PACKAGE: &str = "adjutant-mcp";

/// A command and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCommand {
    /// The program: an absolute path, or the name of one that fetches ours.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
}

impl ServerCommand {
    /// The command for a program that lies at `program`. A copy that npx or uvx keeps for a while is started through
    /// them, since its path does not last.
    pub fn of(program: &Path) -> ServerCommand {
        let names: Vec<&str> = program.iter().filter_map(|name| name.to_str()).collect();
        let runner: &[&str] = if names.contains(&"_npx") {
            &["npx", "-y", PACKAGE]
        } else if names.windows(2).any(|pair| pair[0] == "uv" && pair[1].starts_with("archive-v")) {
            &["uvx", PACKAGE]
        } else {
            let command = program.to_string_lossy().into_owned();
            return ServerCommand { command, args: vec!["mcp".to_owned()] };
        };
        let words = runner[1..].iter().chain(&["mcp"]);
        ServerCommand { command: runner[0].to_owned(), args: words.map(|&word| word.to_owned()).collect() }
    }

    /// The entry that a client has for it.
    pub fn entry(&self, client: McpClient) -> Value {
        let mut entry = json!({});
        if client.names_transport() {
            entry["type"] = json!("stdio");
        }
        entry["command"] = json!(self.command);
        entry["args"] = json!(self.args);
        entry
    }

    /// What stands in a client's file where it has no other server.
    pub fn whole_file(&self, client: McpClient) -> String {
        match client.format() {
            Format::Json(container) => json!({ container: { SERVER: self.entry(client) } }).to_string(),
            Format::Toml(container) => {
                let quoted = |text: &str| Value::from(text).to_string();
                let args: Vec<String> = self.args.iter().map(|arg| quoted(arg)).collect();
                let (command, args) = (quoted(&self.command), args.join(", "));
                format!("[{container}.{SERVER}]\ncommand = {command}\nargs = [{args}]")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{McpClient, ServerCommand};

    fn line(program: &str) -> String {
        let server = ServerCommand::of(Path::new(program));
        format!("{} {}", server.command, server.args.join(" "))
    }

    #[test]
    fn a_program_is_named_by_its_path_where_that_lasts() {
        assert_eq!(line("/usr/local/bin/adjutant"), "/usr/local/bin/adjutant mcp");
        assert_eq!(
            line("/h/.npm/_npx/1f/node_modules/@adjutant/linux-x64/adjutant"),
            "npx -y adjutant-mcp mcp"
        );
        assert_eq!(line("/h/.cache/uv/archive-v0/x1/bin/adjutant"), "uvx adjutant-mcp mcp");
        assert_eq!(
            line("/h/.local/share/uv/tools/adjutant-mcp/bin/adjutant"),
            "/h/.local/share/uv/tools/adjutant-mcp/bin/adjutant mcp"
        );
    }

    #[test]
    fn a_file_of_its_own_can_be_read_by_the_client() {
        let server = ServerCommand::of(Path::new("/a \"b\"\\c/ü"));
        for client in McpClient::ALL {
            let text = server.whole_file(client);
            let args = if client == McpClient::Codex {
                let document: toml_edit::DocumentMut = text.parse().unwrap();
                let entry = &document["mcp_servers"]["adjutant"];
                assert_eq!(entry["command"].as_str(), Some(&*server.command));
                entry["args"].as_array().map(toml_edit::Array::len)
            } else {
                let file: serde_json::Value = serde_json::from_str(&text).unwrap();
                let container = if client == McpClient::VsCode { "servers" } else { "mcpServers" };
                assert_eq!(file[container]["adjutant"]["command"], *server.command);
                file[container]["adjutant"]["args"].as_array().map(Vec::len)
            };
            assert_eq!(args, Some(1), "{text}");
        }
    }
}
