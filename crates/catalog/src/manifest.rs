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
    /// Adds what `other` names.
    pub(super) fn add(&mut self, other: &Components) {
        if let Some(agents) = &other.agents {
            self.agents.get_or_insert_default().extend_from_slice(agents);
        }
        if let Some(commands) = &other.commands {
            self.commands.get_or_insert_default().extend_from_slice(commands);
        }
        self.skills.extend_from_slice(&other.skills);
    }

    /// What is selected from the folders that are read unless something else is said: for agents and commands an empty list
    /// where any is selected, so that the folder itself is not read, and the selected skills.
    pub(super) fn selected(&self) -> Components {
        let lies_in = |path: &str, folder: &str| {
            let inside =
                path.trim_start_matches("./").strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
            inside.is_some_and(|inside| !inside.is_empty())
        };
        let any_agent = self.agents.iter().flatten().any(|path| lies_in(path, "agents"));
        let commands = self.commands.iter().flatten();
        let any_command = commands
            .filter_map(|command| match command {
                Command::Path(path) | Command::Named(_, path) => Some(path),
                Command::Inline(..) => None,
            })
            .any(|path| lies_in(path, "commands"));
        Components {
            agents: any_agent.then(Vec::new),
            commands: any_command.then(Vec::new),
            skills: self.skills.iter().filter(|path| lies_in(path, "skills")).cloned().collect(),
        }
    }

    /// All paths, as written.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        let commands = self.commands.iter().flatten().filter_map(|command| match command {
            Command::Path(path) | Command::Named(_, path) => Some(path),
            Command::Inline(..) => None,
        });
        self.agents.iter().flatten().chain(&self.skills).chain(commands).map(String::as_str)
    }

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
    /// Whether it adds to the plugin's manifest instead of taking its place: `strict`, which is true unless stated.
    pub strict: bool,
    /// Whether another plugin of the marketplace has the same folder.
    pub shares_folder: bool,
    /// What is wrong with it: a phrase. Without name and source it cannot be used at all.
    pub fault: Option<String>,
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
    let mut listings: Vec<Listing> = plugins.iter().filter_map(|entry| listing(entry, base)).collect();
    let sources: Vec<String> =
        listings.iter().map(|listing| listing.source.trim_matches(['.', '/']).to_owned()).collect();
    for (at, listing) in listings.iter_mut().enumerate().filter(|(_, listing)| !listing.name.is_empty()) {
        let mut others = sources.iter().enumerate().filter(|(other, _)| *other != at);
        listing.shares_folder = others.any(|(_, source)| *source == sources[at]);
    }
    Ok(listings)
}

/// The listing of an entry; `None` for a plugin that lies elsewhere.
fn listing(entry: &Value, base: &str) -> Option<Listing> {
    let unusable = |fault: &str| Some(Listing { fault: Some(fault.to_owned()), ..Listing::default() });
    let Some(entry) = entry.as_object() else { return unusable("it is not an object") };
    let name = text(entry, "name");
    let source = match entry.get("source") {
        Some(Value::String(source)) => source,
        Some(Value::Object(_)) => return None,
        _ => return unusable(&format!("{name:?} has no `source`")),
    };
    if name.is_empty() {
        return unusable(&format!("the one in {source:?} has no `name`"));
    }
    let source = if base.is_empty() || source.starts_with("./") {
        source.clone()
    } else {
        format!("{}/{source}", base.trim_end_matches('/'))
    };
    Some(Listing {
        source,
        category: text(entry, "category"),
        keywords: keywords(entry),
        components: components(entry),
        shares_folder: false,
        strict: entry.get("strict") != Some(&Value::Bool(false)),
        fault: component_fault(entry).map(|fault| format!("{name:?}: {fault}")),
        name,
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
    component_fault(map)
}

/// The first reason why the client does not take the component paths of a manifest or of a marketplace's entry.
fn component_fault(map: &Map<String, Value>) -> Option<String> {
    for key in ["agents", "commands", "skills"] {
        let Some(value) = map.get(key) else { continue };
        let paths: Vec<&Value> = match value {
            Value::Object(named) if key == "commands" => {
                let is_whole =
                    |entry: &Value| ["source", "content"].iter().any(|part| entry[part].is_string());
                if let Some((name, _)) = named.iter().find(|(_, entry)| !is_whole(entry)) {
                    return Some(format!("the command {name:?} has neither a `source` nor a `content`"));
                }
                named.values().filter_map(|entry| entry.get("source")).collect()
            }
            Value::Array(items) => items.iter().collect(),
            other => vec![other],
        };
        for path in paths {
            let Some(path) = path.as_str() else {
                return Some(format!("`{key}` holds {path}, which is not a path"));
            };
            if !path.starts_with("./") {
                return Some(format!("the path {path:?} under `{key}` does not start with `./`"));
            }
            if key == "agents" && !path.to_ascii_lowercase().ends_with(".md") {
                return Some(format!("the path {path:?} under `agents` does not end in `.md`"));
            }
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
        check(r#"{"name": "a", "skills": {"s": "./s"}}"#, true);
        check(r#"{"name": "a", "skills": ["./s", 1]}"#, true);
        check(r#"{"name": "a", "agents": null}"#, true);
        check(r#"{"name": "a", "commands": {"c": {"description": "d"}}}"#, true);
        check(r#"{"name": "a", "commands": {"c": {"source": "c.md"}}}"#, true);
        check(r#"{"name": "a", "commands": {"c": {"source": "./c.md"}, "d": {"content": "t"}}}"#, false);
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

    #[test]
    fn what_is_wrong_with_a_listing_is_said() {
        let json = br#"{"plugins": [7, {"source": "./a"}, {"name": "b"}, {"name": "c", "source": "./c", "agents": "./x"},
            {"name": "d", "source": "./d", "strict": false, "skills": ["./s"]}]}"#;
        let listings = read_marketplace(json).unwrap();
        let faults: Vec<Option<&str>> = listings.iter().map(|listing| listing.fault.as_deref()).collect();
        assert_eq!(
            faults,
            [
                Some("it is not an object"),
                Some("the one in \"./a\" has no `name`"),
                Some("\"b\" has no `source`"),
                Some("\"c\": the path \"./x\" under `agents` does not end in `.md`"),
                None
            ]
        );
        assert_eq!(listings.iter().map(|listing| listing.strict).collect::<Vec<_>>()[3..], [true, false]);
    }
}
