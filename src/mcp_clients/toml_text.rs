//! Our server as a table of a TOML file; comments, order and the ends of lines stay as they are written.

use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::edited::{Done, Edited, TakenBack};
use super::server_command::{SERVER, ServerCommand};

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

/// What an entry says of a server at an address; Codex refuses it beside a command.
const REMOTE: [&str; 7] = [
    "url",
    "bearer_token",
    "bearer_token_env_var",
    "http_headers",
    "env_http_headers",
    "oauth_resource",
    "scopes",
];

/// The text with the server in it; `None` where it is there already. The error is a phrase.
pub(super) fn with_table(
    container: &str,
    text: &str,
    server: &ServerCommand,
) -> Result<Option<Edited>, String> {
    let (lines, text) = Lines::of(text)?;
    let edited = with_table_in_lines(container, &text, server)?;
    Ok(edited.map(|edited| Edited { text: lines.written(&edited.text), ..edited }))
}

fn with_table_in_lines(
    container: &str,
    text: &str,
    server: &ServerCommand,
) -> Result<Option<Edited>, String> {
    let mut document = parsed(text)?;
    let old = servers(&mut document, container)?.and_then(|servers| servers.get(SERVER)).cloned();
    let wanted = |item: &Item| {
        let args = item.get("args").and_then(Item::as_array);
        let args = args.map(|args| args.iter().map(|arg| arg.as_str()).collect::<Vec<_>>());
        let wanted: Vec<Option<&str>> = server.args.iter().map(|arg| Some(arg.as_str())).collect();
        let is_there =
            item.get("command").and_then(Item::as_str) == Some(&*server.command) && args == Some(wanted);
        is_there && !REMOTE.iter().any(|name| item.get(name).is_some())
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
    for name in REMOTE {
        table.remove(name);
    }
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

/// The text without what was done to it. The error is a phrase.
pub(super) fn without_table(container: &str, text: &str, done: Done<'_>) -> Result<TakenBack, String> {
    let (lines, text) = Lines::of(text)?;
    let mut document = parsed(&text)?;
    let Some(servers) = servers(&mut document, container)? else { return Ok(TakenBack::Gone) };
    let Some(now) = servers.get(SERVER) else { return Ok(TakenBack::Gone) };
    if !is_same(&shown(now), done.new) {
        return Ok(TakenBack::Changed);
    }
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
    Ok(TakenBack::Text(lines.written(&document.to_string())))
}

/// Whether the file says that the server is not to be started.
pub(super) fn is_switched_off(container: &str, text: &str) -> bool {
    let document = Lines::of(text).and_then(|(_, text)| parsed(&text)).unwrap_or_default();
    let entry = document.get(container).and_then(|servers| servers.get(SERVER));
    entry.and_then(|entry| entry.get("enabled")).and_then(Item::as_bool) == Some(false)
}

/// How a file begins and how its lines end: the editor of TOML would make all of them alike.
#[derive(Debug, Clone, Copy)]
struct Lines {
    has_mark: bool,
    end: &'static str,
}

impl Lines {
    /// Those of a text, and the text with plain line ends and without the mark. The error is a phrase.
    fn of(text: &str) -> Result<(Lines, String), String> {
        let (has_mark, text) = text.strip_prefix('\u{feff}').map_or((false, text), |rest| (true, rest));
        let carried = text.matches("\r\n").count();
        if carried > 0 && carried != text.matches('\n').count() {
            return Err("some of its lines end in CRLF and some in LF".to_owned());
        }
        let end = if carried > 0 { "\r\n" } else { "\n" };
        Ok((Lines { has_mark, end }, text.replace("\r\n", "\n")))
    }

    /// The text as the file has it.
    fn written(self, text: &str) -> String {
        let mark = if self.has_mark { "\u{feff}" } else { "" };
        format!("{mark}{}", text.replace('\n', self.end))
    }
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
