//! The text of a client's file with our server in it, and without it again; whatever else it holds stays as it is written.

use serde_json::Value;

use super::client::{Format, McpClient};
use super::edited::{Done, Edited, TakenBack};
use super::server_command::{SERVER, ServerCommand};
use super::toml_text;
use claude_settings::{EntryPlace, SettingsError};

/// What an entry in JSON says of a server at an address, which is none that is started.
const REMOTE: [&str; 8] = ["url", "serverUrl", "httpUrl", "tcp", "headers", "headersHelper", "oauth", "auth"];

/// The text with the server in it; `None` where it is there already. No `text` is no file. The error is a phrase.
pub(super) fn with_server(
    client: McpClient,
    text: Option<&str>,
    server: &ServerCommand,
) -> Result<Option<Edited>, String> {
    match client.format() {
        Format::Json(container) => {
            let place = EntryPlace { container, name: SERVER };
            // Clients take an empty file for one without settings.
            let text = text.filter(|text| !text.trim().is_empty());
            with_entry(client, place, text, server).map_err(|error| error.to_string())
        }
        Format::Toml(container) => toml_text::with_table(container, text.unwrap_or_default(), server),
    }
}

fn with_entry(
    client: McpClient,
    place: EntryPlace<'_>,
    text: Option<&str>,
    server: &ServerCommand,
) -> Result<Option<Edited>, SettingsError> {
    let wanted = server.entry(client);
    let old = text.map(|text| place.read(text)).transpose()?.flatten();
    let old = old.and_then(|old| serde_json::from_str::<Value>(&old).ok());
    let edit = match &old {
        // What else the user says of it, such as its environment, stays.
        Some(Value::Object(old)) => {
            let is_local = old.get("type").is_none_or(|kind| kind == "stdio");
            let is_there = ["command", "args"].iter().all(|name| old.get(*name) == wanted.get(*name));
            if is_local && is_there && !REMOTE.iter().any(|name| old.contains_key(*name)) {
                return Ok(None);
            }
            let stale = REMOTE.into_iter().chain((!is_local && !client.names_transport()).then_some("type"));
            let stale: Vec<&str> = stale.collect();
            place.merge(text.unwrap_or_default(), &wanted, &stale)?
        }
        _ => place.set(text, &wanted.to_string())?,
    };
    let Some(edit) = edit else { return Ok(None) };
    let new = place.read(&edit.text)?.unwrap_or_default();
    let (text, old, created_container) = (edit.text, edit.old, edit.created_container);
    Ok(Some(Edited { text, old, new, created_container }))
}

/// The text without what was done to it. The error is a phrase.
pub(super) fn taken_back(client: McpClient, text: &str, done: Done<'_>) -> Result<TakenBack, String> {
    let Done { old, new, created_container } = done;
    match client.format() {
        Format::Json(_) if text.trim().is_empty() => Ok(TakenBack::Gone),
        Format::Json(container) => {
            let place = EntryPlace { container, name: SERVER };
            let taken_back = || {
                if place.read(text)?.is_none() {
                    return Ok(TakenBack::Gone);
                }
                let after = place.take_back(text, new, old, created_container)?;
                Ok(after.map_or(TakenBack::Changed, TakenBack::Text))
            };
            taken_back().map_err(|error: SettingsError| error.to_string())
        }
        Format::Toml(container) => toml_text::without_table(container, text, done),
    }
}

/// Whether the file says that the server is not to be started; not where it cannot be read.
pub(super) fn is_switched_off(client: McpClient, text: &str) -> bool {
    match client.format() {
        Format::Json(container) => {
            let entry = EntryPlace { container, name: SERVER }.read(text).ok().flatten();
            let entry = entry.and_then(|entry| serde_json::from_str::<Value>(&entry).ok());
            entry.is_some_and(|entry| entry["disabled"] == true || entry["enabled"] == false)
        }
        Format::Toml(container) => toml_text::is_switched_off(container, text),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{
        Done, Edited, McpClient, ServerCommand, TakenBack, is_switched_off, taken_back, with_server,
    };

    fn server() -> ServerCommand {
        ServerCommand::of(Path::new("/opt/adjutant")).unwrap()
    }

    fn edit(client: McpClient, text: Option<&str>) -> Edited {
        with_server(client, text, &server()).unwrap().unwrap()
    }

    fn back(client: McpClient, text: &str, edited: &Edited) -> Option<String> {
        let Edited { old, new, created_container, .. } = edited;
        let done = Done { old: old.as_deref(), new, created_container: *created_container };
        match taken_back(client, text, done).unwrap() {
            TakenBack::Text(text) => Some(text),
            TakenBack::Changed => None,
            TakenBack::Gone => panic!("the entry is there"),
        }
    }

    const CODEX: &str = "# mine\nmodel = \"o9\"   # why not\n\n[mcp_servers.docs]\ncommand = \"docs\"\n\n[profiles.x]\na = [1,2]\n";

    #[test]
    fn toml_keeps_comments_and_order_and_comes_back() {
        for text in ["", CODEX, "model = 'a'\n", "[mcp_servers]\n", "[[x]]\ny = 1\n"] {
            let edited = edit(McpClient::Codex, Some(text));
            let read: toml_edit::DocumentMut = edited.text.parse().unwrap();
            let entry = &read["mcp_servers"]["adjutant"];
            assert_eq!(entry["command"].as_str(), Some("/opt/adjutant"), "{}", edited.text);
            assert_eq!(entry["args"][0].as_str(), Some("mcp"));
            for line in text.lines() {
                assert!(edited.text.lines().any(|other| other == line), "{line} is lost: {}", edited.text);
            }
            assert_eq!(
                with_server(McpClient::Codex, Some(&edited.text), &server()),
                Ok(None),
                "{}",
                edited.text
            );
            assert_eq!(back(McpClient::Codex, &edited.text, &edited).as_deref(), Some(text));
        }
    }

    #[test]
    fn an_entry_of_the_users_is_replaced_and_put_back() {
        let text = "[mcp_servers.adjutant]\ncommand = \"npx\" # old\nargs = [ \"-y\" ]\nstartup_timeout_sec = 20\n\n[z]\n";
        let edited = edit(McpClient::Codex, Some(text));
        assert!(edited.text.contains("startup_timeout_sec = 20") && edited.text.contains("/opt/adjutant"));
        assert_eq!(back(McpClient::Codex, &edited.text, &edited).as_deref(), Some(text));
        let changed = edited.text.replace("/opt", "/usr");
        assert_eq!(back(McpClient::Codex, &changed, &edited), None, "somebody changed it");
        let json = r#"{"servers": {"adjutant": {"url": "http://x"}}}"#;
        let edited = edit(McpClient::VsCode, Some(json));
        assert_eq!(back(McpClient::VsCode, &edited.text, &edited).as_deref(), Some(json));
    }

    #[test]
    fn what_belongs_to_a_server_at_an_address_goes() {
        let text = "[mcp_servers.adjutant]\nurl = \"http://x/mcp\"\nbearer_token_env_var = \"T\"\nenabled = false\noauth_resource = \"r\"\n\n[mcp_servers.adjutant.http_headers]\nA = \"b\"\n";
        let edited = edit(McpClient::Codex, Some(text));
        let read: toml_edit::DocumentMut = edited.text.parse().unwrap();
        let entry = read["mcp_servers"]["adjutant"].as_table().unwrap();
        let keys: Vec<&str> = entry.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["enabled", "command", "args"], "{}", edited.text);
        assert!(is_switched_off(McpClient::Codex, &edited.text));
        // Beside a command that is right, an address is no less refused.
        let both =
            "[mcp_servers.adjutant]\ncommand = \"/opt/adjutant\"\nargs = [\"mcp\"]\nurl = \"http://x\"\n";
        assert!(!edit(McpClient::Codex, Some(both)).text.contains("url"));
        assert!(!is_switched_off(McpClient::Codex, both));
    }

    #[test]
    fn toml_keeps_the_ends_of_its_lines() {
        let dos = CODEX.replace('\n', "\r\n");
        for text in [dos.clone(), format!("\u{feff}{CODEX}"), format!("\u{feff}{dos}")] {
            let edited = edit(McpClient::Codex, Some(&text));
            let lines = |text: &str| text.split_inclusive('\n').map(str::to_owned).collect::<Vec<String>>();
            let after = lines(&edited.text);
            assert!(lines(&text).iter().all(|line| after.contains(line)), "{after:?}");
            let is_dos = text.contains('\r');
            let ends = |end: &str| edited.text.matches(end).count();
            assert_eq!(ends("\r\n"), if is_dos { ends("\n") } else { 0 }, "{:?}", edited.text);
            assert_eq!(with_server(McpClient::Codex, Some(&edited.text), &server()), Ok(None));
            assert_eq!(back(McpClient::Codex, &edited.text, &edited), Some(text));
        }
    }

    #[test]
    fn json_keeps_what_the_user_says_of_the_entry() {
        let values = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let own = r#"{"mcpServers": {"adjutant": {"command": "/opt/adjutant", "args": ["mcp"], "env": {"A": "b"}, "disabled": true}}}"#;
        for client in [McpClient::ClaudeCode, McpClient::Cursor, McpClient::Windsurf] {
            assert_eq!(with_server(client, Some(own), &server()), Ok(None), "it has it already");
            assert!(is_switched_off(client, own));
        }
        let moved = own.replace("/opt", "/old").replace("[\"mcp\"]", "[\"mcp\", \"--x\"]");
        let edited = edit(McpClient::Cursor, Some(&moved));
        assert_eq!(edited.text, own, "only what we say of it changes");
        assert_eq!(back(McpClient::Cursor, &edited.text, &edited), Some(moved));

        let remote = r#"{"mcpServers": {"adjutant": {"type": "http", "url": "http://x", "headers": {"A": "b"}, "env": {"A": "b"}}}}"#;
        for (client, kind) in [(McpClient::ClaudeCode, Some("stdio")), (McpClient::Cursor, None)] {
            let edited = edit(client, Some(remote));
            let entry = &values(&edited.text)["mcpServers"]["adjutant"];
            assert_eq!(entry["type"].as_str(), kind, "{}", edited.text);
            assert_eq!(
                (&entry["url"], &entry["headers"]),
                (&serde_json::Value::Null, &serde_json::Value::Null)
            );
            assert_eq!((&entry["command"], &entry["env"]["A"]), (&"/opt/adjutant".into(), &"b".into()));
            assert_eq!(back(client, &edited.text, &edited).as_deref(), Some(remote));
        }
        assert!(
            with_server(McpClient::Cursor, Some(r#"{"mcpServers": {"adjutant": 1}}"#), &server())
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn an_empty_file_says_nothing() {
        for text in ["", "\n"] {
            let edited = edit(McpClient::GeminiCli, Some(text));
            assert_eq!(edited.old, None);
            assert!(edited.text.contains("/opt/adjutant"), "{}", edited.text);
        }
    }

    #[test]
    fn an_entry_that_is_gone_is_no_change_of_it() {
        for (client, text) in
            [(McpClient::Cursor, "{}"), (McpClient::Cursor, ""), (McpClient::Codex, "a = 1\n")]
        {
            let edited = edit(client, None);
            let done = Done { old: None, new: &edited.new, created_container: true };
            assert_eq!(taken_back(client, text, done), Ok(TakenBack::Gone), "{text:?}");
        }
    }

    #[test]
    fn an_entry_that_was_laid_out_anew_is_still_ours() {
        let edited = edit(McpClient::Codex, Some(CODEX));
        let laid_out = edited.text.replace("args = [\"mcp\"]", "args = [\n  \"mcp\",\n]");
        assert_ne!(laid_out, edited.text);
        assert!(back(McpClient::Codex, &laid_out, &edited).is_some_and(|text| !text.contains("adjutant")));
    }

    #[test]
    fn what_cannot_be_edited_safely_is_refused() {
        for text in [
            "mcp_servers = 1\n",
            "mcp_servers = { docs = { command = 'x' } }\n",
            "a = \n",
            "{}",
            "a = 1\r\nb = 2\n",
        ] {
            assert!(with_server(McpClient::Codex, Some(text), &server()).is_err(), "{text}");
        }
        for text in ["{ // mine\n}", "[]", "{\"servers\": 1}"] {
            assert!(with_server(McpClient::VsCode, Some(text), &server()).is_err(), "{text}");
        }
    }
}
