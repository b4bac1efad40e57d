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
    /// The command for a program that lies at `program`; `None` where its path is not UTF-8, which no client's file can
    /// hold. A copy that npx, uvx or another runner keeps for a while is started through it, since its path does not last.
    pub fn of(program: &Path) -> Option<ServerCommand> {
        let Some(runner) = runner(program) else {
            let command = program.to_str()?.to_owned();
            return Some(ServerCommand { command, args: vec!["mcp".to_owned()] });
        };
        let words = runner[1..].iter().chain(&[PACKAGE, "mcp"]);
        let args = words.map(|&word| word.to_owned()).collect();
        Some(ServerCommand { command: runner[0].to_owned(), args })
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

/// The words before the package's name of the runner in whose cache a program lies; `None` where it is installed.
fn runner(program: &Path) -> Option<&'static [&'static str]> {
    let names: Vec<&str> = program.iter().filter_map(|name| name.to_str()).collect();
    let has = |fits: &dyn Fn(&str) -> bool| names.iter().any(|name| fits(name));
    let is_numbered = |name: &str, before: &str| {
        let number = name.strip_prefix(before);
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let is_beside = |one: &str, other: &str| names.windows(2).any(|pair| pair == [one, other]);
    if has(&|name| name == "_npx") {
        Some(&["npx", "-y"])
    } else if has(&|name| is_numbered(name, "archive-v") || is_numbered(name, "environments-v")) {
        Some(&["uvx"])
    } else if has(&|name| name.starts_with("bunx-")) {
        Some(&["bunx"])
    } else if has(&|name| name.starts_with("xfs-")) && has(&|name| name.starts_with("dlx-")) {
        Some(&["yarn", "dlx"])
    } else if has(&|name| name == "dlx" || name.starts_with("dlx-")) {
        Some(&["pnpm", "dlx"])
    } else if [(".cache", "pipx"), ("Caches", "pipx"), ("pipx", ".cache")]
        .iter()
        .any(|(one, other)| is_beside(one, other))
    {
        Some(&["pipx", "run"])
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{McpClient, ServerCommand};

    fn line(program: &str) -> String {
        let server = ServerCommand::of(Path::new(program)).unwrap();
        format!("{} {}", server.command, server.args.join(" "))
    }

    #[test]
    fn a_program_is_named_by_its_path_where_that_lasts() {
        assert_eq!(line("/usr/local/bin/adjutant"), "/usr/local/bin/adjutant mcp");
        assert_eq!(
            line("/h/.npm/_npx/1f/node_modules/@adjutant/linux-x64/adjutant"),
            "npx -y adjutant-mcp mcp"
        );
        for cached in ["/h/.cache/uv/archive-v0/x1", "/big/cache/archive-v1/x1", "/big/environments-v2/a-1"] {
            assert_eq!(line(&format!("{cached}/bin/adjutant")), "uvx adjutant-mcp mcp");
        }
        let inside = "node_modules/@adjutant/linux-x64/adjutant";
        for (cached, runner) in [
            ("/h/.cache/pnpm/dlx/1f/19a-b", "pnpm dlx"),
            ("/h/.local/share/pnpm/store/dlx-1234/5", "pnpm dlx"),
            ("/tmp/xfs-1f/dlx-77", "yarn dlx"),
            ("/tmp/bunx-1000-adjutant-mcp@latest", "bunx"),
        ] {
            assert_eq!(line(&format!("{cached}/{inside}")), format!("{runner} adjutant-mcp mcp"));
        }
        assert_eq!(line("/h/.cache/pipx/1f/bin/adjutant"), "pipx run adjutant-mcp mcp");
        for lasting in ["/h/.local/share/pipx/venvs/x/bin/adjutant", "/h/archive-video/adjutant"] {
            assert_eq!(line(lasting), format!("{lasting} mcp"));
        }
        assert_eq!(
            line("/h/.local/share/uv/tools/adjutant-mcp/bin/adjutant"),
            "/h/.local/share/uv/tools/adjutant-mcp/bin/adjutant mcp"
        );
    }

    #[test]
    fn a_path_that_no_file_can_hold_is_not_written() {
        use std::os::unix::ffi::OsStrExt;
        let broken = std::ffi::OsStr::from_bytes(b"/opt/\xff/adjutant");
        assert_eq!(ServerCommand::of(Path::new(broken)), None);
    }

    #[test]
    fn a_file_of_its_own_can_be_read_by_the_client() {
        let server = ServerCommand::of(Path::new("/a \"b\"\\c/ü")).unwrap();
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
