//! What an installed plugin has beside agents, skills and commands: it would end with the plugin.

use std::io;
use std::path::Path;

use serde_json::Value;

use catalog::{MAX_SETTINGS_BYTES, MarketplaceLocation};
use confined_fs::{DirPath, FilePath};

/// Files and folders of a plugin that the client runs or applies, each with its name for people.
const PARTS: [(&str, &str, &str); 6] = [
    ("hooks", "hooks.json", "hooks"),
    ("", ".mcp.json", "MCP servers"),
    ("", ".lsp.json", "language servers"),
    ("", "monitors.json", "monitors"),
    ("monitors", "monitors.json", "monitors"),
    ("", "settings.json", "settings"),
];

/// Folders whose files are applied.
const FOLDERS: [(&str, &str); 4] = [
    ("output-styles", "output styles"),
    ("themes", "themes"),
    ("bin", "programs"),
    ("workflows", "workflows"),
];

/// Members of a manifest, or of a marketplace's entry, that declare the same elsewhere.
const MEMBERS: [(&str, &str); 7] = [
    ("hooks", "hooks"),
    ("mcpServers", "MCP servers"),
    ("lspServers", "language servers"),
    ("outputStyles", "output styles"),
    ("themes", "themes"),
    ("monitors", "monitors"),
    ("settings", "settings"),
];

/// The parts that the client runs or applies, by their names; `None` where the plugin cannot be read.
///
/// `folder` is the plugin's, `marketplace` says where the marketplace lies that may declare more of it under `name`.
pub(super) fn running_parts(
    folder: &Path,
    marketplace: MarketplaceLocation<'_>,
    name: &str,
) -> Option<Vec<&'static str>> {
    let plugin = DirPath::from(folder);
    let names = plugin.open().and_then(|dir| dir.names()).ok()?;
    // A folder that is there and cannot be opened, such as a link, may hold anything.
    let may_hold_parts = PARTS.iter().map(|(below, ..)| *below).chain(FOLDERS.map(|(below, _)| below));
    for below in may_hold_parts.filter(|below| !below.is_empty()) {
        if names.iter().any(|name| name.as_os_str() == below) && plugin.sub(below).open().is_err() {
            return None;
        }
    }
    let mut parts: Vec<&'static str> = Vec::new();
    for (below, file, part) in PARTS {
        let dir = if below.is_empty() { plugin.clone() } else { plugin.sub(below) };
        if dir.file(file).exists() {
            parts.push(part);
        }
    }
    let filled = FOLDERS.iter().filter(|(below, _)| !plugin.sub(below).names().is_empty());
    parts.extend(filled.map(|(_, part)| *part));
    let manifest = read(&plugin.sub(".claude-plugin").file("plugin.json")).ok()?;
    let declared = match marketplace {
        MarketplaceLocation::At(location) => entry_of(location, name).ok()?,
        MarketplaceLocation::Undeclared => None,
        MarketplaceLocation::Unknown => return None,
    };
    for declaring in [manifest, declared].into_iter().flatten() {
        let members = MEMBERS.iter().filter(|(member, _)| is_something(&declaring[*member]));
        parts.extend(members.map(|(_, part)| *part));
    }
    parts.sort_unstable();
    parts.dedup();
    Some(parts)
}

/// The entry of a plugin in a marketplace; `None` where it has none.
fn entry_of(location: &Path, name: &str) -> io::Result<Option<Value>> {
    let file = match (location.extension(), location.parent(), location.file_name()) {
        (Some(ending), Some(folder), Some(file)) if ending == "json" => DirPath::from(folder).file(file),
        _ => DirPath::from(location).sub(".claude-plugin").file("marketplace.json"),
    };
    let marketplace = read(&file)?.unwrap_or_default();
    let entries = marketplace["plugins"].as_array().into_iter().flatten();
    Ok(entries.into_iter().find(|entry| entry["name"] == name).cloned())
}

/// A JSON file; `None` where there is none.
fn read(file: &FilePath) -> io::Result<Option<Value>> {
    if !file.exists() {
        return Ok(None);
    }
    let text = file.read_text(MAX_SETTINGS_BYTES)?;
    Ok(Some(serde_json::from_str(&text)?))
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{MarketplaceLocation, running_parts};

    #[test]
    fn what_runs_is_found_wherever_it_is_declared() {
        let table: [(&str, &str, Option<&[&str]>); 13] = [
            ("agents/a.md", "", Some(&[])),
            (".mcp.json", "{}", Some(&["MCP servers"])),
            ("monitors/monitors.json", "[]", Some(&["monitors"])),
            ("bin/tool", "", Some(&["programs"])),
            ("workflows/w.yml", "", Some(&["workflows"])),
            ("../market/.claude-plugin/marketplace.json", "{", None),
            ("hooks/hooks.json", "{}", Some(&["hooks"])),
            ("output-styles/short.md", "", Some(&["output styles"])),
            (".claude-plugin/plugin.json", r#"{"name": "p", "hooks": {}, "mcpServers": []}"#, Some(&[])),
            (".claude-plugin/plugin.json", r#"{"mcpServers": "./servers.json"}"#, Some(&["MCP servers"])),
            (".claude-plugin/plugin.json", r#"{"lspServers": {"go": {}}}"#, Some(&["language servers"])),
            (".claude-plugin/plugin.json", "{", None),
            (
                "../market/.claude-plugin/marketplace.json",
                r#"{"plugins": [{"name": "p", "hooks": "./h.json"}]}"#,
                Some(&["hooks"]),
            ),
        ];
        for (file, content, expected) in table {
            let dir = tempfile::tempdir().unwrap();
            let (plugin, market) = (dir.path().join("plugin"), dir.path().join("market"));
            for folder in [&plugin, &market] {
                std::fs::create_dir(folder).unwrap();
            }
            let file = plugin.join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, content).unwrap();
            let found = running_parts(&plugin, MarketplaceLocation::At(&market), "p");
            assert_eq!(found.as_deref(), expected, "{}: {content}", file.display());
        }
        assert_eq!(running_parts("/nonexistent/plugin".as_ref(), MarketplaceLocation::Undeclared, "p"), None);
        let dir = tempfile::tempdir().unwrap();
        let declared = |location| running_parts(dir.path(), location, "p");
        assert_eq!(declared(MarketplaceLocation::Undeclared).as_deref(), Some(&[][..]));
        assert_eq!(declared(MarketplaceLocation::Unknown), None, "it may declare anything");
        std::os::unix::fs::symlink("/nonexistent", dir.path().join("hooks")).unwrap();
        assert_eq!(declared(MarketplaceLocation::Undeclared), None, "a link may lead to hooks");
    }
}
