//! The resources: every entry under its own URI, and the catalog as a table of contents.
//!
//! Only the catalog is listed; entries are reached through templates, since a list of hundreds would cost a
//! client more than the plugins themselves.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use rmcp::ErrorData;
use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::{Value, json};

use crate::app::Snapshot;
use catalog::{Definition, Kind, KindMap, Lookup};

const SCHEME: &str = "adjutant://";
const CATALOG: &str = "adjutant://catalog";
const MARKDOWN: &str = "text/markdown";

/// Stands for the plugin of a project's own entries, which have none.
const NO_PLUGIN: &str = "-";

/// Percent-encoded in a path segment: everything but unreserved characters (RFC 3986) and the colon, which is common in
/// ids.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// The resources that are listed: the catalog.
pub(super) fn list(snapshot: &Snapshot) -> Vec<Resource> {
    let counts = snapshot.catalog.counts().enumerated(" and ");
    let size = u64::try_from(contents(snapshot).len()).unwrap_or(u64::MAX);
    let catalog = Resource::new(CATALOG, "catalog")
        .with_title("Catalog")
        .with_description(format!("The ids of {counts}, by plugin"))
        .with_mime_type("application/json")
        .with_size(size);
    vec![catalog]
}

/// The URI template of each kind of entry.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    let template = |kind: Kind| {
        let kind = kind.as_str();
        ResourceTemplate::new(format!("{SCHEME}{kind}/{{plugin}}/{{name}}"), kind)
            .with_title(format!("The body of one {kind}"))
            .with_mime_type(MARKDOWN)
    };
    Kind::ALL.map(template).to_vec()
}

/// Which kind of entry a template is of.
pub(super) fn kind_of_template(uri: &str) -> Option<Kind> {
    let rest = uri.strip_prefix(SCHEME)?.strip_suffix("/{plugin}/{name}")?;
    Kind::ALL.into_iter().find(|kind| kind.as_str() == rest)
}

/// The name of an entry within its plugin: what follows the plugin in its id.
pub(super) fn name_of(definition: &Definition) -> &str {
    let prefix = definition.id.strip_prefix(definition.plugin.as_str());
    prefix.and_then(|rest| rest.strip_prefix(':')).unwrap_or(&definition.id)
}

/// The plugin of an entry, as URIs have it.
pub(super) fn plugin_of(definition: &Definition) -> &str {
    if definition.plugin.is_empty() { NO_PLUGIN } else { &definition.plugin }
}

/// The URI of an entry.
pub(super) fn address(definition: &Definition) -> String {
    let [plugin, name] =
        [plugin_of(definition), name_of(definition)].map(|part| utf8_percent_encode(part, ESCAPED));
    format!("{SCHEME}{}/{plugin}/{name}", definition.kind.as_str())
}

/// Reads a resource.
///
/// # Errors
/// Where there is no such resource; the data has the URI.
pub(super) fn read(snapshot: &Snapshot, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    if uri == CATALOG {
        let whole = ResourceContents::text(contents(snapshot), uri).with_mime_type("application/json");
        return Ok(ReadResourceResult::new(vec![whole]));
    }
    let missing = |message: String| ErrorData::resource_not_found(message, Some(json!({ "uri": uri })));
    let Some((kind, id)) = entry_of(uri) else {
        return Err(missing(format!("there is no such resource; {CATALOG} lists what there is")));
    };
    match snapshot.catalog.find(kind, &id) {
        Lookup::One(definition) => {
            let body = ResourceContents::text(definition.body.clone(), uri).with_mime_type(MARKDOWN);
            Ok(ReadResourceResult::new(vec![body]))
        }
        Lookup::Ambiguous(candidates) => {
            let addresses: Vec<String> = candidates.iter().take(20).map(|one| address(one)).collect();
            Err(missing(format!("several entries go by that name: {}", addresses.join(", "))))
        }
        Lookup::Missing => Err(missing(format!("no {} is called {id:?}", kind.as_str()))),
    }
}

/// The kind and id that a URI names.
fn entry_of(uri: &str) -> Option<(Kind, String)> {
    let mut segments = uri.strip_prefix(SCHEME)?.splitn(3, '/');
    let kind = segments.next()?;
    let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind)?;
    let [plugin, name] = [segments.next()?, segments.next()?]
        .map(|part| percent_decode_str(part).decode_utf8().ok().map(std::borrow::Cow::into_owned));
    let (plugin, name) = (plugin?, name?);
    if name.is_empty() {
        return None;
    }
    Some((kind, if plugin == NO_PLUGIN { name } else { format!("{plugin}:{name}") }))
}

/// The ids of all entries, by plugin.
fn contents(snapshot: &Snapshot) -> String {
    let mut plugins: BTreeMap<&str, KindMap<Vec<&str>>> = BTreeMap::new();
    for definition in snapshot.catalog.definitions() {
        plugins.entry(plugin_of(definition)).or_default()[definition.kind].push(name_of(definition));
    }
    let plugins = plugins.iter().map(|(plugin, names)| {
        let names = names.iter().map(|(kind, names)| (kind.plural(), json!(names)));
        std::iter::once(("plugin", json!(plugin))).chain(names).collect::<Value>()
    });
    let plugins = ("plugins", plugins.collect::<Value>());
    let counts = snapshot.catalog.counts();
    let counts = counts.iter().map(|(kind, count)| (kind.plural(), json!(count)));
    counts.chain([plugins]).collect::<Value>().to_string()
}

#[cfg(test)]
mod tests {
    use super::{address, entry_of, kind_of_template, templates};
    use catalog::{Definition, Kind};

    #[test]
    fn every_address_leads_back_to_its_entry() {
        for (plugin, id) in [
            ("web", "web:react-specialist"),
            ("pa", "pa:sub:deep:a04-name"),
            ("pa", "pa:A05 With Space/and slash"),
            ("日本", "日本:説明 100%"),
            ("", "own-agent"),
            ("x", "x:{name}?#[]"),
        ] {
            let definition = Definition { id: id.into(), plugin: plugin.into(), ..Definition::default() };
            let address = address(&definition);
            assert!(address.is_ascii() && !address.contains(' '), "{address}");
            assert_eq!(entry_of(&address), Some((Kind::Agent, id.to_owned())), "{address}");
        }
    }

    #[test]
    fn what_is_no_address_names_nothing() {
        for uri in [
            "",
            "adjutant://",
            "adjutant://agent",
            "adjutant://agent/web",
            "adjutant://agent/web/",
            "adjutant://robot/web/x",
            "adjutant://agent/web/%ff",
            "file:///etc/passwd",
            "ADJUTANT://agent/web/x",
        ] {
            assert_eq!(entry_of(uri), None, "{uri:?}");
        }
    }

    #[test]
    fn templates_know_their_kind() {
        let kinds: Vec<_> =
            templates().iter().map(|template| kind_of_template(&template.uri_template)).collect();
        assert_eq!(kinds, Kind::ALL.map(Some));
        assert_eq!(kind_of_template("adjutant://robot/{plugin}/{name}"), None);
    }
}
