//! `plugin.json` and `marketplace.json`, read as leniently as possible, with the reason why the client rejects one.

use serde_json::{Map, Value};

/// The components that a manifest names.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Components {
    /// Paths that replace `agents/`.
    pub agents: Option<Vec<String>>,
    /// Paths that replace `commands/`.
    pub commands: Option<Vec<Command>>,
    /// Paths added to `skills/`.
    pub skills: Vec<String>,
}

impl Components {
    /// Whether any are named.
    pub(super) fn selects(&self) -> bool {
        self.agents.is_some() || self.commands.is_some() || !self.skills.is_empty()
    }
}

/// One entry of `commands`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Command {
    /// A file or a folder.
    Path(String),
    /// A named file.
    Named(String, String),
    /// A named text in the manifest itself.
    Inline(String, String),
}

/// The content of one `plugin.json`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Manifest {
    /// Its `name`, if it is text and not empty.
    pub name: Option<String>,
    /// Its `category`.
    pub category: String,
    /// Its `keywords` and `tags`.
    pub keywords: Vec<String>,
    pub components: Components,
    /// `defaultEnabled: false`.
    pub disabled: bool,
    /// `defaultEnabled: true`.
    pub default_enabled: bool,
    /// Why the client rejects the manifest and with it the plugin: a phrase.
    pub rejected: Option<String>,
}

/// One local plugin of a `marketplace.json`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Listing {
    pub name: String,
    /// The plugin's folder as written, prefixed with `metadata.pluginRoot`.
    pub source: String,
    pub category: String,
    pub keywords: Vec<String>,
    pub components: Components,
}

/// Reads a `plugin.json`. Never fails: unusable members are ignored, and `rejected` says why the client rejects it.
pub(super) fn read_manifest(bytes: &[u8]) -> Manifest {
    let value: Value = match serde_json::from_slice(without_mark(bytes)) {
        Ok(value) => value,
        Err(error) => return rejected(format!("it is not JSON: {error}")),
    };
    let Value::Object(map) = value else { return rejected("it is not a JSON object".to_owned()) };
    let name = map.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    Manifest {
        name: name.map(super::sanitize::one_line),
        category: text(&map, "category"),
        keywords: keywords(&map),
        components: components(&map),
        disabled: map.get("defaultEnabled") == Some(&Value::Bool(false)),
        default_enabled: map.get("defaultEnabled") == Some(&Value::Bool(true)),
        rejected: rejection(&map),
    }
}

fn rejected(reason: String) -> Manifest {
    Manifest { rejected: Some(reason), ..Manifest::default() }
}

/// Reads the local plugins of a `marketplace.json`; `Err` is a phrase.
pub(super) fn read_marketplace(bytes: &[u8]) -> Result<Vec<Listing>, String> {
    let value: Value =
        serde_json::from_slice(without_mark(bytes)).map_err(|error| format!("it is not JSON: {error}"))?;
    let Some(plugins) = value.get("plugins").and_then(Value::as_array) else {
        return Err("it has no `plugins` list".to_owned());
    };
    let base = value.pointer("/metadata/pluginRoot").and_then(Value::as_str).unwrap_or_default();
    Ok(plugins.iter().filter_map(Value::as_object).filter_map(|entry| listing(entry, base)).collect())
}

fn listing(entry: &Map<String, Value>, base: &str) -> Option<Listing> {
    let source = entry.get("source")?.as_str()?;
    let source = if base.is_empty() || source.starts_with("./") {
        source.to_owned()
    } else {
        format!("{}/{source}", base.trim_end_matches('/'))
    };
    Some(Listing {
        name: super::sanitize::one_line(entry.get("name")?.as_str()?),
        source,
        category: text(entry, "category"),
        keywords: keywords(entry),
        components: components(entry),
    })
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

fn text(map: &Map<String, Value>, key: &str) -> String {
    map.get(key).and_then(Value::as_str).map(super::sanitize::one_line).unwrap_or_default()
}

fn keywords(map: &Map<String, Value>) -> Vec<String> {
    ["keywords", "tags"].iter().flat_map(|key| strings(map.get(*key), true)).collect()
}

/// A string or a list of strings; with `split`, a string is a comma-separated list.
fn strings(value: Option<&Value>, split: bool) -> Vec<String> {
    match value {
        Some(Value::String(text)) if split => text.split(',').map(|item| item.trim().to_owned()).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn components(map: &Map<String, Value>) -> Components {
    Components {
        agents: map.get("agents").map(|value| strings(Some(value), false)),
        commands: map.get("commands").map(commands),
        skills: strings(map.get("skills"), false),
    }
}

fn commands(value: &Value) -> Vec<Command> {
    let Value::Object(named) = value else {
        return strings(Some(value), false).into_iter().map(Command::Path).collect();
    };
    let one = |(name, entry): (&String, &Value)| {
        let name = super::sanitize::one_line(name);
        if let Some(source) = entry.get("source").and_then(Value::as_str) {
            return Some(Command::Named(name, source.to_owned()));
        }
        entry.get("content").and_then(Value::as_str).map(|content| Command::Inline(name, content.to_owned()))
    };
    named.iter().filter_map(one).collect()
}

/// The first reason why the client rejects the manifest.
fn rejection(map: &Map<String, Value>) -> Option<String> {
    match map.get("name") {
        None => return Some("it has no `name`".to_owned()),
        Some(Value::String(name)) if name.is_empty() => return Some("its `name` is empty".to_owned()),
        Some(Value::String(name)) if name.contains(char::is_whitespace) => {
            return Some("its `name` holds a blank".to_owned());
        }
        Some(Value::String(_)) => {}
        Some(_) => return Some("its `name` is not text".to_owned()),
    }
    if map.get("version").is_some_and(|version| !version.is_string()) {
        return Some("its `version` is not text".to_owned());
    }
    for key in ["agents", "commands", "skills"] {
        let mut paths = strings(map.get(key), false);
        if let Some(Value::Object(_)) = map.get(key) {
            paths.clear();
        }
        if let Some(path) = paths.iter().find(|path| !path.starts_with("./")) {
            return Some(format!("the path {path:?} under `{key}` does not start with `./`"));
        }
        if key == "agents"
            && let Some(path) = paths.iter().find(|path| !path.to_ascii_lowercase().ends_with(".md"))
        {
            return Some(format!("the path {path:?} under `agents` does not end in `.md`"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{read_manifest, read_marketplace};

    #[track_caller]
    fn check(json: &str, rejected: bool) {
        assert_eq!(read_manifest(json.as_bytes()).rejected.is_some(), rejected, "{json}");
    }

    #[test]
    fn rejects_what_the_client_rejects() {
        check("{", true);
        check("[]", true);
        check(r#"{"version": "1"}"#, true);
        check(r#"{"name": "Cap Name"}"#, true);
        check(r#"{"name": "a", "version": 1.0}"#, true);
        check(r#"{"name": "a", "agents": ["./agents"]}"#, true);
        check(r#"{"name": "a", "agents": ["agents/a.md"]}"#, true);
        check(r#"{"name": "a", "skills": "../up"}"#, true);
        check(r#"{"name": "a", "agents": ["./a.md"], "skills": ["./s/"], "x": 1}"#, false);
        check(r#"{"name": "a", "keywords": "b, c", "author": "d", "repository": {}}"#, false);
    }

    #[test]
    fn remote_plugins_are_left_out() {
        let json = br#"{"metadata": {"pluginRoot": "./p"}, "plugins": [
            {"name": "a", "source": {"source": "url", "url": "u"}}, {"name": "b", "source": "b"},
            {"name": "c", "source": "./c", "tags": ["t"], "keywords": ["k"], "category": "x"}]}"#;
        let listings = read_marketplace(json).unwrap();
        assert_eq!(listings.iter().map(|l| l.source.as_str()).collect::<Vec<_>>(), ["./p/b", "./c"]);
        assert_eq!(listings[1].keywords, ["k", "t"]);
    }
}
