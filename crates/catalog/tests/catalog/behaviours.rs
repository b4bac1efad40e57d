//! The behaviours of the parser, one folder each under `fixtures/behaviours`: an `input` tree and what a scan of it
//! must say in `expected.json` (`fixtures/README.md` has the format).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adjutant_catalog::{
    Cancellation, Catalog, CatalogSource, Definition, FileSource, Kind, Known, LayerId, Lookup, ScanOptions,
    Scope, scan,
};
use serde_json::{Value, json};

fn folders() -> Vec<PathBuf> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/behaviours");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(base).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

#[test]
fn every_behaviour_is_as_its_fixture_says() {
    let folders = folders();
    assert_eq!(folders.len(), 18, "one folder for each behaviour");
    let mut wrong = Vec::new();
    for folder in &folders {
        let text = std::fs::read_to_string(folder.join("expected.json")).unwrap();
        let expected: Value = serde_json::from_str(&text).unwrap();
        let catalog = scan(&ScanOptions::new(folder.join("input")), None);
        let name = folder.file_name().unwrap().to_string_lossy();
        wrong.extend(differences(&catalog, &expected).into_iter().map(|line| format!("{name}: {line}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn differences(catalog: &Catalog, expected: &Value) -> Vec<String> {
    let mut wrong = entries(catalog, &expected["entries"]);
    let mut compare = |what: &str, found: Value| {
        if !expected[what].is_null() && expected[what] != found {
            wrong.push(format!("{what}\n  expected {}\n  found    {found}", expected[what]));
        }
    };
    compare("plugins", plugins(catalog));
    compare("roles", roles(catalog, &expected["roles"]));
    wrong.extend(problems(catalog, &expected["problems"]));
    for search in expected["find"].as_array().into_iter().flatten() {
        let found = json!(find(catalog, kind(&search["kind"]), search["name"].as_str().unwrap()));
        if found != search["ids"] {
            wrong.push(format!("find {}: {found}, not {}", search["name"], search["ids"]));
        }
    }
    wrong
}

fn kind(name: &Value) -> Kind {
    Kind::ALL.into_iter().find(|kind| name == kind.as_str()).unwrap()
}

fn find(catalog: &Catalog, kind: Kind, name: &str) -> Vec<String> {
    match catalog.find(kind, name) {
        Lookup::One(definition) => vec![definition.id.clone()],
        Lookup::Ambiguous(several) => several.iter().map(|definition| definition.id.clone()).collect(),
        Lookup::Missing => Vec::new(),
    }
}

/// The entries must be exactly those expected; of each, what the fixture states is compared.
fn entries(catalog: &Catalog, expected: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut left: Vec<&Definition> = catalog.definitions().iter().map(AsRef::as_ref).collect();
    for entry in expected.as_array().unwrap() {
        let same_id = |definition: &&Definition| {
            definition.kind == kind(&entry["kind"]) && entry["id"] == definition.id.as_str()
        };
        let candidates: Vec<usize> = (0..left.len()).filter(|&at| same_id(&left[at])).collect();
        let best =
            candidates.iter().map(|&at| (fields(left[at], entry), at)).min_by_key(|(bad, _)| bad.len());
        match best {
            None => wrong.push(format!("no {} {}", entry["kind"], entry["id"])),
            Some((bad, at)) => {
                wrong.extend(bad);
                left.remove(at);
            }
        }
    }
    wrong.extend(left.iter().map(|definition| format!("unexpected {}", definition.id)));
    wrong
}

fn fields(definition: &Definition, expected: &Value) -> Vec<String> {
    let stated: BTreeMap<&str, Value> = BTreeMap::from([
        ("kind", json!(definition.kind.as_str())),
        ("id", json!(definition.id)),
        ("plugin", json!(definition.plugin)),
        ("name", json!(definition.name)),
        ("aliases", json!(definition.aliases)),
        ("description", json!(definition.description)),
        ("when_to_use", json!(definition.when_to_use)),
        ("model", json!(definition.model)),
        ("tools", json!(definition.tools)),
        ("category", json!(definition.category)),
        ("keywords", json!(definition.keywords)),
        ("capabilities", json!(definition.capabilities)),
        ("arguments", json!(definition.arguments)),
        ("steps", json!(definition.steps)),
        ("agents", json!(definition.agents)),
        ("headings", json!(definition.headings)),
        ("body", json!(definition.body)),
    ]);
    let mut wrong = Vec::new();
    for (key, wanted) in expected.as_object().unwrap() {
        let (field, how) = ["_include", "_exclude", "_contains"]
            .iter()
            .find_map(|how| key.strip_suffix(how).map(|field| (field, *how)))
            .unwrap_or((key, ""));
        let found = stated.get(field).unwrap_or_else(|| panic!("no such field: {field}"));
        let items = || wanted.as_array().unwrap().iter();
        let holds = match how {
            "_include" => items().all(|item| found.as_array().unwrap().contains(item)),
            "_exclude" => items().all(|item| !found.as_array().unwrap().contains(item)),
            "_contains" => items().all(|item| found.as_str().unwrap().contains(item.as_str().unwrap())),
            _ => found == wanted,
        };
        if !holds {
            wrong.push(format!("{} {key}\n  expected {wanted}\n  found    {found}", definition.id));
        }
    }
    wrong
}

fn plugins(catalog: &Catalog) -> Value {
    catalog.plugins().iter().map(|plugin| json!({"name": plugin.name, "loaded": plugin.loaded})).collect()
}

/// The roles, each with the fields that the fixture states for it.
fn roles(catalog: &Catalog, expected: &Value) -> Value {
    let all = catalog.roles().iter().map(|role| {
        json!({
            "name": role.name,
            "primary": role.primary.id,
            "fallbacks": role.fallbacks.iter().map(|agent| agent.id.clone()).collect::<Vec<_>>(),
            "capabilities": role.capabilities,
            "model": role.model,
            "use_when": role.use_when,
        })
    });
    all.enumerate()
        .map(|(at, mut role)| {
            let stated = expected[at].as_object().cloned().unwrap_or_default();
            role.as_object_mut().unwrap().retain(|key, _| stated.contains_key(key));
            role
        })
        .collect()
}

/// Problems as a multiset of code and path, with the line where the fixture states one.
fn problems(catalog: &Catalog, expected: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut left: Vec<_> = catalog.problems().iter().collect();
    for problem in expected.as_array().unwrap() {
        let found = left.iter().position(|known| {
            problem["code"] == known.code
                && problem["path"] == *known.path.to_string_lossy()
                && (problem["line"].is_null() || problem["line"] == json!(known.line))
        });
        match found {
            Some(at) => drop(left.remove(at)),
            None => wrong.push(format!("no problem {problem}")),
        }
    }
    wrong.extend(left.iter().map(|problem| format!("unexpected problem {problem:?}")));
    wrong
}

#[test]
fn a_cancelled_scan_opens_no_further_file() {
    let options = ScanOptions::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures"));
    assert!(scan(&options, None).report().files_read > 0);
    let (source, cancelled) =
        (FileSource::new(LayerId::only(Scope::Project), options), Cancellation::default());
    cancelled.cancel();
    let loaded = source.load(Known::Nothing, &cancelled);
    assert_eq!(Catalog::merge([Arc::new(loaded.layer)]).report().files_read, 0);
}
