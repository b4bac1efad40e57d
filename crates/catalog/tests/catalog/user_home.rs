//! A home folder as Claude Code leaves it, for the tests of what the user has.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adjutant_catalog::{
    Cancellation, Catalog, CatalogSource, FileSource, Kind, Known, LayerId, Limits, ScanOptions, Scope,
    UserPlaces, UserSource,
};
use serde_json::{Value, json};

pub(crate) fn write(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) fn entry(name: &str, description: &str) -> String {
    format!("---\nname: {name}\ndescription: {description}\n---\n\nBody of {name}.\n")
}

/// A user's home folder beside a project, gone after the test.
pub(crate) struct User {
    dir: tempfile::TempDir,
}

impl User {
    pub(crate) fn new() -> User {
        let user = User { dir: tempfile::tempdir().unwrap() };
        for folder in ["home", "project", "managed"] {
            fs::create_dir(user.path(folder)).unwrap();
        }
        user
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(below)
    }

    /// A file in `~/.claude`.
    pub(crate) fn own(&self, below: &str) -> PathBuf {
        self.path("home/.claude").join(below)
    }

    pub(crate) fn places(&self) -> UserPlaces {
        UserPlaces {
            home: Some(self.path("home")),
            base: self.own(""),
            plugins: self.own("plugins"),
            managed: self.path("managed"),
            project: self.path("project"),
        }
    }

    /// A plugin of a marketplace as the client caches it: with one agent, of the plugin's name.
    pub(crate) fn cache(&self, name: &str, marketplace: &str, version: &str) -> PathBuf {
        let folder = self.own(&format!("plugins/cache/{marketplace}/{name}/{version}"));
        write(folder.join(".claude-plugin/plugin.json"), &json!({ "name": name }).to_string());
        write(folder.join(format!("agents/{name}.md")), &entry(name, &format!("version {version}")));
        folder
    }

    pub(crate) fn registry(&self, value: &Value) {
        write(self.own("plugins/installed_plugins.json"), &value.to_string());
    }

    /// Says of these plugins that they are installed for the user.
    pub(crate) fn install(&self, plugins: &[(&str, &Path)]) {
        let plugins: serde_json::Map<String, Value> = plugins
            .iter()
            .map(|(id, path)| ((*id).to_owned(), json!([{ "scope": "user", "installPath": path }])))
            .collect();
        self.registry(&json!({ "version": 2, "plugins": plugins }));
    }

    pub(crate) fn settings(&self, file: &str, enabled: &Value) {
        write(self.path(file), &json!({ "enabledPlugins": enabled }).to_string());
    }

    pub(crate) fn enable(&self, enabled: &Value) {
        self.settings("home/.claude/settings.json", enabled);
    }

    pub(crate) fn source(&self) -> UserSource {
        UserSource::new(self.places(), Limits::default(), Vec::new())
    }

    pub(crate) fn sources(&self) -> [Arc<dyn CatalogSource>; 3] {
        let project = ScanOptions::new(self.path("project"));
        [
            Arc::new(UserSource::managed(self.places(), Limits::default())),
            Arc::new(FileSource::new(LayerId::only(Scope::Project), project)),
            Arc::new(self.source()),
        ]
    }

    pub(crate) fn catalog(&self) -> Catalog {
        let load = |source: &Arc<dyn CatalogSource>| source.load(Known::Nothing, &Cancellation::default());
        Catalog::merge(self.sources().iter().map(|source| Arc::new(load(source).layer)))
    }
}

pub(crate) fn ids(catalog: &Catalog) -> Vec<&str> {
    catalog.definitions().iter().map(|definition| definition.id.as_str()).collect()
}

/// The codes of problems, apart from that of an empty project.
pub(crate) fn codes(catalog: &Catalog) -> Vec<&str> {
    let codes = catalog.problems().iter().map(|problem| problem.code);
    codes.filter(|code| *code != "plugins_missing").collect()
}

pub(crate) fn says<'a>(catalog: &'a Catalog, id: &str) -> &'a str {
    &catalog.find(Kind::Agent, id).one().unwrap().description
}
