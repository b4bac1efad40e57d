//! The configuration files: one of the project, one of the user for all projects.
//!
//! A key that is not known, a value of another form and, in a project's file, a key that a project must not set are
//! refused with the line they stand in: a file that is half understood would be half obeyed.

use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use confined_fs::{DirPath, NamedFile};
use serde_yaml::{Mapping, Value as Yaml};

use super::ConfigError;
use super::layers::{Given, Layer, Source, Value};
use super::setting::{Form, InFiles, SETTINGS, Setting, switch};

/// Bytes of a configuration file: a hundred times what all settings take.
pub const MAX_CONFIG_FILE_BYTES: u64 = 64 * 1024;

/// The folder of the project's file.
const FOLDER: &str = ".claude";

/// The names of the project's file, the first that is there being read.
const PROJECT_FILES: [&str; 2] = ["adjutant.yml", "adjutant.yaml"];

/// The names of the user's file in the folder `adjutant`, likewise.
const USER_FILES: [&str; 2] = ["config.yml", "config.yaml"];

/// Whose file it is, which decides what it may say and where its paths begin.
#[derive(Clone, Copy)]
enum Owner<'a> {
    /// The project at that folder.
    Project(&'a Path),
    /// The user with that home.
    User(Option<&'a Path>),
}

/// What the file of the project in `folder` says; nothing where there is none, or where `.claude` itself is a link, which
/// is not followed.
///
/// # Errors
/// Where it cannot be read, or says what it must not.
pub(super) fn of_project(folder: &Path) -> Result<Layer, ConfigError> {
    let Ok(claude) = DirPath::from(folder).sub(FOLDER).open() else { return Ok(Layer::new()) };
    for name in PROJECT_FILES {
        let path = folder.join(FOLDER).join(name);
        let text = match claude.open_file(name.as_ref()) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            opened => opened.and_then(text_of),
        };
        let text = text.map_err(|error| refused(&path, None, error.to_string()))?;
        return Reader { path: &path, text: &text, owner: Owner::Project(folder) }.read();
    }
    Ok(Layer::new())
}

/// What the user's file in the folder `base` says, seen from the project in `folder`, in which no link is followed.
///
/// # Errors
/// As [`of_project`].
pub(super) fn of_user(base: &Path, home: Option<&Path>, folder: &Path) -> Result<Layer, ConfigError> {
    for name in USER_FILES {
        let path = base.join("adjutant").join(name);
        let text = match NamedFile::new(folder, &path).open_regular() {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => continue,
            opened => opened.and_then(text_of),
        };
        let text = text.map_err(|error| refused(&path, None, error.to_string()))?;
        return Reader { path: &path, text: &text, owner: Owner::User(home) }.read();
    }
    Ok(Layer::new())
}

fn text_of(file: std::fs::File) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    file.take(MAX_CONFIG_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_CONFIG_FILE_BYTES {
        let why = format!("it is larger than {} KiB", MAX_CONFIG_FILE_BYTES / 1024);
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, why));
    }
    String::from_utf8(bytes).map_err(|_| std::io::Error::new(ErrorKind::InvalidData, "it is not UTF-8"))
}

fn refused(path: &Path, line: Option<usize>, why: String) -> ConfigError {
    ConfigError::File { file: path.to_owned(), line, why }
}

/// One file that is read.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    owner: Owner<'a>,
}

impl Reader<'_> {
    fn read(&self) -> Result<Layer, ConfigError> {
        let text = self.text.strip_prefix('\u{feff}').unwrap_or(self.text);
        let parsed: Yaml = serde_yaml::from_str(text).map_err(|error| {
            let line = error.location().map(|location| location.line());
            // The library says the place at the end, in other words.
            let why = error.to_string();
            refused(self.path, line, why.split(" at line ").next().unwrap_or_default().to_owned())
        })?;
        let members = match parsed {
            Yaml::Null => Mapping::new(),
            Yaml::Mapping(members) => members,
            _ => return Err(refused(self.path, None, "it must consist of lines `key: value`".into())),
        };
        let mut layer = Layer::new();
        for (name, value) in &members {
            let name = scalar(name).unwrap_or_default();
            let fault = |why: String| refused(self.path, self.line_of(&name), why);
            let setting = Setting::named(&name).ok_or_else(|| fault(unknown(&name)))?;
            let value = self.value(setting, value).map_err(fault)?;
            let line = self.line_of(&name).map(|line| format!(", line {line},")).unwrap_or_default();
            let place = format!("`{}` in {}{line}", setting.key, self.path.display());
            let given = Given { source: self.source(), place, value };
            if layer.insert(setting.key, given).is_some() {
                return Err(fault(format!("`{}` stands there twice", setting.key)));
            }
        }
        Ok(layer)
    }

    fn source(&self) -> Source {
        match self.owner {
            Owner::Project(_) => Source::ProjectFile,
            Owner::User(_) => Source::UserFile,
        }
    }

    /// The line that begins with a key, counted from 1.
    fn line_of(&self, name: &str) -> Option<usize> {
        let begins = |line: &str| {
            let line = line.trim_start_matches(['\u{feff}', ' ', '{', '"', '\'']);
            let rest = line.strip_prefix(name)?;
            rest.trim_start_matches(['"', '\'', ' ']).starts_with(':').then_some(())
        };
        self.text.lines().position(|line| begins(line).is_some()).map(|at| at + 1)
    }

    /// A value of the form that the setting has, and that this file may give it.
    fn value(&self, setting: &Setting, value: &Yaml) -> Result<Value, String> {
        let key = setting.key;
        self.may_say(setting)?;
        let wrong = || format!("`{key}` is {}; it must be {}", shown(value), setting.expected);
        match setting.form {
            Form::Path => {
                let path = scalar(value).filter(|text| !text.is_empty()).ok_or_else(wrong)?;
                self.path(key, &path).map(|path| Value::Text(path.into()))
            }
            Form::Paths => {
                let one = std::slice::from_ref(value);
                let items = value.as_sequence().map_or(one, Vec::as_slice);
                let texts = items.iter().map(|item| scalar(item).filter(|text| !text.is_empty()));
                let texts: Vec<String> = texts.collect::<Option<_>>().ok_or_else(wrong)?;
                let paths = texts.iter().map(|text| self.path(key, text));
                Ok(Value::Paths(paths.collect::<Result<_, String>>()?))
            }
            Form::Text(_) | Form::Switch => {
                let text = scalar(value).ok_or_else(wrong)?;
                let is_right = match setting.form {
                    Form::Text(is_right) => is_right(&text),
                    _ => switch(&text).is_some(),
                };
                if !is_right {
                    return Err(wrong());
                }
                match (self.owner, setting.in_files) {
                    (Owner::Project(_), InFiles::ProjectIf(may, why)) if !may(&text) => {
                        Err(format!("a project's file must not set `{key}` to {}: {why}", shown(value)))
                    }
                    _ => Ok(Value::Text(text.into())),
                }
            }
        }
    }

    fn may_say(&self, setting: &Setting) -> Result<(), String> {
        let key = setting.key;
        match (setting.in_files, self.owner) {
            (InFiles::Nowhere(why), _) => Err(format!("no file may set `{key}`: {why}")),
            (InFiles::UserOnly(why), Owner::Project(_)) => Err(format!(
                "a project's file must not set `{key}`: {why}; set it in ~/.config/adjutant/config.yml or {}",
                setting.flag.or(setting.variable).unwrap_or("with a flag")
            )),
            (InFiles::ProjectOnly(why), Owner::User(_)) => {
                Err(format!("the file for all projects cannot set `{key}`: {why}"))
            }
            _ => Ok(()),
        }
    }

    /// A path of this file: of a project's, one in the project; of the user's, an absolute one or one in the home folder.
    fn path(&self, key: &str, text: &str) -> Result<PathBuf, String> {
        let path = Path::new(text);
        match self.owner {
            Owner::Project(folder) => {
                let is_inside =
                    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
                if !is_inside || text.starts_with('~') {
                    return Err(format!(
                        "a project's file must not set `{key}` to {text:?}: it leads out of the project"
                    ));
                }
                let found = DirPath::from(folder).sub(path).open();
                found.map_err(|error| format!("`{key}` is {text:?}, which cannot be used: {error}"))?;
                let below = path.components().filter(|part| matches!(part, Component::Normal(_)));
                Ok(folder.components().chain(below).collect())
            }
            Owner::User(home) => match (path.strip_prefix("~"), home) {
                (Ok(below), Some(home)) => Ok(home.join(below)),
                _ if path.is_absolute() => Ok(path.to_owned()),
                _ => Err(format!(
                    "`{key}` is {text:?}; it must be an absolute path or one that begins with ~/"
                )),
            },
        }
    }
}

/// A text, number or switch as text.
fn scalar(value: &Yaml) -> Option<String> {
    match value {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(is_on) => Some(is_on.to_string()),
        _ => None,
    }
}

/// A value as a sentence names it.
fn shown(value: &Yaml) -> String {
    match value {
        Yaml::Null => "empty".to_owned(),
        Yaml::Sequence(_) => "a list".to_owned(),
        Yaml::Mapping(_) | Yaml::Tagged(_) => "a mapping".to_owned(),
        _ => format!("{:?}", scalar(value).unwrap_or_default()),
    }
}

fn unknown(name: &str) -> String {
    if let Some(nearest) = Setting::nearest(name) {
        return format!("there is no setting `{name}`; did you mean `{nearest}`?");
    }
    let keys: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    format!("there is no setting `{name}`; there are {}", keys.join(", "))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{MAX_CONFIG_FILE_BYTES, of_project, of_user};

    type Read = Result<Vec<(&'static str, String)>, String>;

    fn project(text: &str) -> (tempfile::TempDir, Read) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join(".claude")).unwrap();
        std::fs::create_dir_all(dir.path().join("mit Leer zeichen/日本")).unwrap();
        std::fs::write(dir.path().join(".claude/adjutant.yml"), text).unwrap();
        let read = of_project(dir.path()).map_err(|error| error.to_string());
        let read = read.map(|layer| layer.into_iter().map(|(key, given)| (key, given.shown())).collect());
        (dir, read)
    }

    #[test]
    fn a_project_says_what_concerns_it() {
        let (dir, read) = project(
            "# ours\nport: 3790\nplugins: [mit Leer zeichen/日本, ./mit Leer zeichen]\nwatch: off\nuser_scope: no\nhalf-life-days: 0\n",
        );
        let inside = |path: &str| dir.path().join(path).display().to_string();
        let plugins = format!("{}, {}", inside("mit Leer zeichen/日本"), inside("mit Leer zeichen"));
        let expected = [
            ("half-life-days", "0".to_owned()),
            ("plugins", plugins),
            ("port", "3790".to_owned()),
            ("user-scope", "no".to_owned()),
            ("watch", "off".to_owned()),
        ];
        assert_eq!(read.unwrap(), expected);
        for empty in ["", "# nothing\n", "---\n", "{}"] {
            assert_eq!(project(empty).1, Ok(Vec::new()), "{empty:?}");
        }
    }

    #[test]
    fn a_project_reaches_nothing_outside_and_loosens_nothing() {
        let cases = [
            ("data-dir: x", "must not set `data-dir`"),
            ("bind: 0.0.0.0", "must not set `bind`"),
            ("token-file: x", "must not set `token-file`"),
            ("token: 0123456789abcdef", "no file may set `token`"),
            ("rate-limit: 0", "must not set `rate-limit`"),
            ("max-files: 9", "must not set `max-files`"),
            ("register: on", "must not set `register`"),
            ("log-dir: x", "must not set `log-dir`"),
            ("model-dir: x", "must not set `model-dir`"),
            ("user-scope: on", "must not set `user-scope` to \"on\""),
            ("query-log: true", "must not set `query-log`"),
            ("port: 80", "must not set `port` to \"80\""),
            ("root: ..", "leads out of the project"),
            ("root: /", "leads out of the project"),
            ("plugins: ~/x", "leads out of the project"),
            ("plugins: [a/../../b]", "leads out of the project"),
            ("plugins: missing", "cannot be used"),
        ];
        for (text, part) in cases {
            let why = project(text).1.unwrap_err();
            assert!(why.contains(part) && why.contains("adjutant.yml:1:"), "{text}: {why}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named_with_its_line() {
        let cases = [
            ("port: 3790\nplugin: x\n", "yml:2: there is no setting `plugin`; did you mean `plugins`?"),
            ("port: many\n", "yml:1: `port` is \"many\"; it must be a port number"),
            ("port: [1]\n", "yml:1: `port` is a list; it must be a port number"),
            ("\nport:\n", "yml:2: `port` is empty; it must be a port number"),
            ("plugins: [{a: b}]\n", "yml:1: `plugins` is a list; it must be a folder or a list of folders"),
            ("watch: perhaps\n", "`watch` is \"perhaps\"; it must be on or off"),
            ("name: Two Words\n", "`name` is \"Two Words\"; it must be 1 to 64 lower-case letters"),
            ("half-life-days: 1\nhalf_life_days: 2\n", "stands there twice"),
            ("port: 1\nport: 2\n", "duplicate"),
            ("- port\n", "it must consist of lines `key: value`"),
            ("port: [\n", "adjutant.yml:"),
        ];
        for (text, part) in cases {
            let why = project(text).1.unwrap_err();
            assert!(why.contains(part), "{text:?}: {why}");
        }
        let size = usize::try_from(MAX_CONFIG_FILE_BYTES).unwrap();
        assert!(project(&format!("#{}", "x".repeat(size - 1))).1.is_ok());
        assert!(project(&format!("#{}", "x".repeat(size))).1.unwrap_err().contains("larger than 64 KiB"));
    }

    #[test]
    fn no_link_is_followed_and_an_alias_bomb_ends() {
        let (dir, _) = project("");
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("adjutant.yml"), "port: 3790").unwrap();
        let file = dir.path().join(".claude/adjutant.yml");
        std::fs::write(&file, "plugins: linked").unwrap();
        symlink(outside.path(), dir.path().join("linked")).unwrap();
        assert!(of_project(dir.path()).unwrap_err().to_string().contains("symbolic link"));
        std::fs::remove_file(&file).unwrap();
        symlink(outside.path().join("adjutant.yml"), &file).unwrap();
        assert!(of_project(dir.path()).unwrap_err().to_string().contains("symbolic link"));
        std::fs::remove_dir_all(dir.path().join(".claude")).unwrap();
        symlink(outside.path(), dir.path().join(".claude")).unwrap();
        assert!(of_project(dir.path()).unwrap().is_empty());
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..30 {
            let below = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb += &["a", &level.to_string(), ": &a", &level.to_string(), " [", &below, "]\n"].concat();
        }
        assert!(project(&bomb).1.is_err());
    }

    #[test]
    fn the_users_file_says_more_and_names_places_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let base = home.path().join(".config");
        std::fs::create_dir_all(base.join("adjutant")).unwrap();
        let read = |text: &str| {
            std::fs::write(base.join("adjutant/config.yml"), text).unwrap();
            of_user(&base, Some(home.path()), Path::new("/nonexistent")).map_err(|error| error.to_string())
        };
        let layer = read("data-dir: ~/state\nplugins: /opt/plugins\nregister: on\nrate-limit: 0\n").unwrap();
        assert_eq!(layer["data-dir"].shown(), home.path().join("state").display().to_string());
        assert_eq!(layer["plugins"].shown(), "/opt/plugins");
        assert!(read("plugins: relative").unwrap_err().contains("absolute"));
        assert!(read("name: x").unwrap_err().contains("no two projects share a name"));
        assert!(read("token: 0123456789abcdef").unwrap_err().contains("no file may set"));
    }
}
