//! The text of a client's file with our server in it, and without it again; whatever else it holds stays as it is written.

use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::client::{Format, McpClient};
use super::server_command::{SERVER, ServerCommand};
use claude_settings::EntryPlace;

/// A file's text with the server in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edited {
    pub text: String,
    /// The entry's text before; `None` where there was none.
    pub old: Option<String>,
    /// The entry's text now.
    pub new: String,
    /// Whether the object or table that holds the servers had to be made.
    pub created_container: bool,
}

/// What an edit did, as it is recorded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done<'a> {
    pub old: Option<&'a str>,
    pub new: &'a str,
    pub created_container: bool,
}

/// The text with the server in it; `None` where it is there already. No `text` is no file. The error is a phrase.
pub(super) fn with_server(
    client: McpClient,
    text: Option<&str>,
    server: &ServerCommand,
) -> Result<Option<Edited>, String> {
    match client.format() {
        Format::Json(container) => {
            let new = server.entry(client).to_string();
            let edit =
                EntryPlace { container, name: SERVER }.set(text, &new).map_err(|error| error.to_string())?;
            Ok(edit.map(|edit| Edited {
                text: edit.text,
                old: edit.old,
                new,
                created_container: edit.created_container,
            }))
        }
        Format::Toml(container) => with_table(container, text.unwrap_or_default(), server),
    }
}

/// The text without what was done to it; `None` where somebody changed the entry since. The error is a phrase.
pub(super) fn taken_back(client: McpClient, text: &str, done: Done<'_>) -> Result<Option<String>, String> {
    let Done { old, new, created_container } = done;
    match client.format() {
        Format::Json(container) => EntryPlace { container, name: SERVER }
            .take_back(text, new, old, created_container)
            .map_err(|error| error.to_string()),
        Format::Toml(container) => without_table(container, text, done),
    }
}

fn parsed(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| format!("it is not TOML ({})", error.message()))
}

/// The table of servers; `None` where there is none.
fn servers<'a>(document: &'a mut DocumentMut, container: &str) -> Result<Option<&'a mut Table>, String> {
    match document.get_mut(container) {
        None | Some(Item::None) => Ok(None),
        Some(Item::Table(table)) => Ok(Some(table)),
        Some(_) => Err(format!("its {container} is not a table")),
    }
}

fn with_table(container: &str, text: &str, server: &ServerCommand) -> Result<Option<Edited>, String> {
    let mut document = parsed(text)?;
    let old = servers(&mut document, container)?.and_then(|servers| servers.get(SERVER)).cloned();
    let wanted = |item: &Item| {
        let args = item.get("args").and_then(Item::as_array);
        let args = args.map(|args| args.iter().map(|arg| arg.as_str()).collect::<Vec<_>>());
        let wanted: Vec<Option<&str>> = server.args.iter().map(|arg| Some(arg.as_str())).collect();
        item.get("command").and_then(Item::as_str) == Some(&*server.command) && args == Some(wanted)
    };
    if old.as_ref().is_some_and(wanted) {
        return Ok(None);
    }
    let mut table = match &old {
        // What else the user says of it, such as a timeout, stays.
        Some(Item::Table(table)) => table.clone(),
        Some(_) => return Err(format!("its {container}.{SERVER} is not a table")),
        None => Table::new(),
    };
    table.insert("command", value(&*server.command));
    table.insert("args", value(server.args.iter().map(String::as_str).collect::<Array>()));
    let created_container = servers(&mut document, container)?.is_none();
    if created_container {
        let mut servers = Table::new();
        // Without a header of its own.
        servers.set_implicit(true);
        document.insert(container, Item::Table(servers));
    }
    if old.is_none() && !text.trim().is_empty() {
        table.decor_mut().set_prefix("\n");
    }
    if let Some(servers) = servers(&mut document, container)? {
        servers.insert(SERVER, Item::Table(table.clone()));
    }
    let old = old.map(|item| shown(&item));
    let new = shown(&Item::Table(table));
    Ok(Some(Edited { text: document.to_string(), old, new, created_container }))
}

fn without_table(container: &str, text: &str, done: Done<'_>) -> Result<Option<String>, String> {
    let mut document = parsed(text)?;
    let Some(servers) = servers(&mut document, container)? else { return Ok(None) };
    let Some(now) = servers.get(SERVER).filter(|now| is_same(&shown(now), done.new)) else { return Ok(None) };
    match (done.old, now) {
        (Some(old), Item::Table(now)) => {
            let mut table = parsed(old)?.as_table().clone();
            *table.decor_mut() = now.decor().clone();
            table.set_position(now.position());
            servers.insert(SERVER, Item::Table(table));
        }
        _ => drop(servers.remove(SERVER)),
    }
    if done.created_container && servers.is_empty() {
        document.remove(container);
    }
    Ok(Some(document.to_string()))
}

/// The pairs of an entry as a document of their own.
fn shown(item: &Item) -> String {
    match item {
        Item::Table(table) => {
            let mut document = DocumentMut::new();
            for (key, item) in table {
                document.insert(key, item.clone());
            }
            document.to_string()
        }
        other => other.to_string(),
    }
}

/// Whether two entries say the same, however they are laid out.
fn is_same(one: &str, other: &str) -> bool {
    let plain = |text: &str| {
        let pairs = text.parse::<DocumentMut>().ok()?;
        let mut pairs: Vec<(String, String)> = pairs
            .iter()
            .map(|(key, item)| {
                let mut item = item.clone();
                if let Some(value) = item.as_value_mut() {
                    value.decor_mut().clear();
                    if let Some(array) = value.as_array_mut() {
                        array.fmt();
                    }
                }
                (key.to_owned(), item.to_string())
            })
            .collect();
        pairs.sort();
        Some(pairs)
    };
    one == other || matches!((plain(one), plain(other)), (Some(one), Some(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Done, Edited, McpClient, ServerCommand, taken_back, with_server};

    fn server() -> ServerCommand {
        ServerCommand::of(Path::new("/opt/adjutant"))
    }

    fn edit(client: McpClient, text: Option<&str>) -> Edited {
        with_server(client, text, &server()).unwrap().unwrap()
    }

    fn back(client: McpClient, text: &str, edited: &Edited) -> Option<String> {
        let Edited { old, new, created_container, .. } = edited;
        let done = Done { old: old.as_deref(), new, created_container: *created_container };
        taken_back(client, text, done).unwrap()
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
    fn an_entry_that_was_laid_out_anew_is_still_ours() {
        let edited = edit(McpClient::Codex, Some(CODEX));
        let laid_out = edited.text.replace("args = [\"mcp\"]", "args = [\n  \"mcp\",\n]");
        assert_ne!(laid_out, edited.text);
        assert!(back(McpClient::Codex, &laid_out, &edited).is_some_and(|text| !text.contains("adjutant")));
    }

    #[test]
    fn what_cannot_be_edited_safely_is_refused() {
        for text in ["mcp_servers = 1\n", "mcp_servers = { docs = { command = 'x' } }\n", "a = \n", "{}"] {
            assert!(with_server(McpClient::Codex, Some(text), &server()).is_err(), "{text}");
        }
        for text in ["{ // mine\n}", "", "[]", "{\"servers\": 1}"] {
            assert!(with_server(McpClient::VsCode, Some(text), &server()).is_err(), "{text}");
        }
    }
}
