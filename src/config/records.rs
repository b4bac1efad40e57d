//! What is remembered of each project between two starts: its name, its port, and the settings of the last `adjutant up`.
//!
//! It lies in the user's state folder and not in the project: a project may be a clone or a copy, and must not say of
//! itself how it was started.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use confined_fs::{DirPath, FilePath, Replacing};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::layers::{Given, Layer, Layers, Source, Value};
use super::raw::Environment;
use super::setting::{self, Setting, is_name};

/// Bytes of a record that are read; a usual one has 200.
const MAX_BYTES: u64 = 1 << 20;

/// The file that is locked while records are changed.
const LOCK: &str = "lock";

/// The place of a setting in a sentence.
const PLACE: &str = "the last `adjutant up`";

/// What is remembered of one project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectRecord {
    /// Its folder.
    pub root: PathBuf,
    /// Its name in addresses, which no other project of the user has.
    pub name: String,
    /// The port on which it was served last.
    pub port: Option<u16>,
    /// What flags and variables of the last `up` said, by key.
    #[serde(default)]
    settings: BTreeMap<String, Remembered>,
}

/// A remembered value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Remembered {
    Text(String),
    Paths(Vec<String>),
}

/// The records of all projects of the user: their folder, and the one that holds it.
#[derive(Debug, Clone)]
pub struct ProjectRecords(DirPath, DirPath);

impl ProjectRecords {
    /// Those of the user whose environment this is; `None` without a home. `root` is the folder of the project at hand,
    /// in which no link is followed.
    pub(super) fn of(environment: &Environment, root: &Path) -> Option<Self> {
        let absolute = |name| environment.path(name).filter(|path| path.is_absolute());
        let base = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")))?;
        let state = DirPath::named(root, &base.join("adjutant"));
        Some(ProjectRecords(DirPath::named(root, &base.join("adjutant/projects")), state))
    }

    /// The record of a project.
    pub fn read(&self, id: &str) -> Option<ProjectRecord> {
        serde_json::from_slice(&self.file(id).read(MAX_BYTES).ok()?).ok()
    }

    /// Whether there is a record of a project.
    pub fn has(&self, id: &str) -> bool {
        self.file(id).exists()
    }

    /// The records of the other projects that are still there.
    pub fn others(&self, id: &str) -> Vec<ProjectRecord> {
        let is_other = |name: &OsStr| {
            let path = Path::new(name);
            path.extension().is_some_and(|ending| ending == "json") && path.file_stem() != Some(id.as_ref())
        };
        let names = self.0.names().into_iter().filter(|name| is_other(name));
        let records = names.filter_map(|name| {
            serde_json::from_slice::<ProjectRecord>(&self.0.file(name).read(MAX_BYTES).ok()?).ok()
        });
        records.filter(|record| record.root.is_dir()).collect()
    }

    /// Gives a project its name and keeps it from others; the name.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn reserve_name(&self, id: &str, root: &Path, layers: &Layers) -> io::Result<String> {
        let _lock = self.lock()?;
        let wanted = layers.given(setting::NAME).map(Given::shown);
        let name = Self::name(Some(self), id, root, wanted);
        let record = self.read(id).unwrap_or_default();
        self.write(id, &ProjectRecord { root: root.to_owned(), name: name.clone(), ..record })?;
        Ok(name)
    }

    /// Replaces the record of a project by what `change` makes of it; of several commands at once each sees what the others
    /// wrote.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn update(&self, id: &str, change: impl FnOnce(&mut ProjectRecord)) -> io::Result<()> {
        let _lock = self.lock()?;
        let mut record = self.read(id).unwrap_or_default();
        change(&mut record);
        self.write(id, &record)
    }

    fn write(&self, id: &str, record: &ProjectRecord) -> io::Result<()> {
        let text = serde_json::to_string_pretty(record)?;
        self.file(id).write(Replacing::Private, format!("{text}\n").as_bytes())
    }

    /// Forgets a project; whether anything was remembered.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn forget(&self, id: &str) -> io::Result<bool> {
        match self.file(id).remove() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            removed => removed?,
        }
        // The last project takes the folders along.
        if self.0.names().iter().all(|name| name == LOCK) {
            let _ = self.0.file(LOCK).remove();
            let _ = self.0.remove().and_then(|()| self.1.remove());
        }
        Ok(true)
    }

    fn file(&self, id: &str) -> FilePath {
        self.0.file(format!("{id}.json"))
    }

    fn lock(&self) -> io::Result<File> {
        self.0.create()?;
        let file = self.0.file(LOCK).open_or_create()?;
        // Some network folders know no locks: better written than not.
        let _ = flock(&file, FlockOperation::LockExclusive);
        Ok(file)
    }

    /// The name of a project in addresses: the one it wants, else its folder's, with a number where another one has it.
    pub(super) fn name(records: Option<&Self>, id: &str, root: &Path, wanted: Option<String>) -> String {
        let base = wanted.filter(|name| is_name(name)).unwrap_or_else(|| slug(root, id));
        let Some(records) = records else { return base };
        let is_one_of_base = |name: &String| {
            let rest = name.strip_prefix(&base).map(|rest| rest.strip_prefix('-').unwrap_or(rest));
            rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        };
        if let Some(own) = records.read(id).map(|record| record.name).filter(is_one_of_base) {
            return own;
        }
        let taken: BTreeSet<String> = records.others(id).into_iter().map(|record| record.name).collect();
        if !taken.contains(&base) {
            return base;
        }
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        numbered.into_iter().find(|name| !taken.contains(name)).unwrap_or(base)
    }
}

/// A folder's name as it can stand in an address; the id where nothing of it can.
fn slug(root: &Path, id: &str) -> String {
    let folder = root.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '.' { c } else { '-' };
    let slug: String = folder.chars().take(48).map(plain).collect();
    let slug = slug.trim_matches(['-', '.', '_']);
    let mut parts = slug.split('-').filter(|part| !part.is_empty()).peekable();
    if parts.peek().is_none() { id.to_owned() } else { parts.collect::<Vec<_>>().join("-") }
}

impl ProjectRecord {
    /// Notes what the flags and variables of a start say, and what is still remembered of those before.
    pub fn remember(&mut self, layers: &Layers) {
        self.settings.clear();
        for setting in setting::SETTINGS {
            let is_told_each_time = [setting::ROOT, setting::PORT, setting::REGISTER, setting::TOKEN]
                .iter()
                .any(|other| other.key == setting.key);
            let given = layers.given(setting);
            let given = given.filter(|given| {
                matches!(given.source, Source::Flag | Source::Environment | Source::LastUp)
                    && !is_told_each_time
            });
            if let Some(value) = given.and_then(|given| remembered(setting, given)) {
                self.settings.insert(setting.key.to_owned(), value);
            }
        }
    }

    /// Forgets what flags and variables said.
    pub fn forget_settings(&mut self) {
        self.settings.clear();
        self.port = None;
    }

    /// What it says, as a source of settings.
    pub(super) fn layer(&self) -> Layer {
        let given = |value| Given { source: Source::LastUp, place: PLACE.to_owned(), value };
        let known = self.settings.iter().filter_map(|(key, value)| {
            let value = match value {
                Remembered::Text(text) => Value::Text(text.into()),
                Remembered::Paths(paths) => Value::Paths(paths.iter().map(PathBuf::from).collect()),
            };
            Some((Setting::named(key)?.key, given(value)))
        });
        let port = self.port.map(|port| (setting::PORT.key, given(Value::Text(port.to_string().into()))));
        known.chain(port).collect()
    }
}

/// A value to be remembered, its paths absolute; `None` where it is not UTF-8.
fn remembered(setting: &Setting, given: &Given) -> Option<Remembered> {
    match given.absolute(setting).value {
        Value::Paths(paths) => {
            let paths = paths.iter().map(|path| path.to_str().map(str::to_owned));
            Some(Remembered::Paths(paths.collect::<Option<_>>()?))
        }
        Value::Text(text) => Some(Remembered::Text(text.to_str()?.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{ProjectRecords, slug};
    use crate::config::{Config, Environment, Flags};

    #[test]
    fn a_folders_name_can_stand_in_an_address() {
        let cases = [
            ("/a/My Project", "my-project"),
            ("/a/api_v2.0", "api_v2.0"),
            ("/a/Projekt mit Leer zeichen ünï 日本", "projekt-mit-leer-zeichen-n"),
            ("/a/日本", "id"),
            ("/a/--x--", "x"),
            ("/", "id"),
        ];
        for (root, expected) in cases {
            assert_eq!(slug(Path::new(root), "id"), expected, "{root}");
        }
    }

    #[test]
    fn names_are_not_shared_and_stay() {
        let base = tempfile::tempdir().unwrap();
        let home = base.path().join("home");
        let environment = Environment::of(&[("HOME", home.to_str().unwrap())]);
        let resolve = |root: &Path| {
            std::fs::create_dir_all(root).unwrap();
            let flags = Flags { root: Some(root.to_owned()), ..Flags::default() };
            Config::resolve(&flags, &environment).unwrap()
        };
        let note = |config: &Config| {
            let (root, name) = (config.project.root.clone(), config.project.name.clone());
            let records: &ProjectRecords = config.records.as_ref().unwrap();
            records.update(&config.project.id, |record| (record.root, record.name) = (root, name)).unwrap();
        };
        let (one, other) = (base.path().join("a/app"), base.path().join("b/app"));
        let first = resolve(&one);
        assert_eq!(first.project.name, "app");
        assert!(!home.exists(), "nothing is written by looking");
        note(&first);
        let second = resolve(&other);
        assert_eq!(second.project.name, "app-2");
        note(&second);
        assert_eq!(
            (resolve(&one).project.name, resolve(&other).project.name),
            ("app".into(), "app-2".into())
        );
        std::fs::create_dir(other.join(".claude")).unwrap();
        std::fs::write(other.join(".claude/adjutant.yml"), "name: shop").unwrap();
        assert_eq!(resolve(&other).project.name, "shop");
        std::fs::remove_dir_all(&one).unwrap();
        std::fs::remove_file(other.join(".claude/adjutant.yml")).unwrap();
        first.records.unwrap().forget(&second.project.id).unwrap();
        assert_eq!(resolve(&other).project.name, "app", "the name of one that is gone is free");
    }
}
