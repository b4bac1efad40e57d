//! What was said about the settings, and by whom: flags over environment over the project's file over the user's file over
//! what the last `up` was told.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use confined_fs::DirPath;

use super::ConfigError;
use super::raw::{Environment, Flags};
use super::setting::{self, Form, SETTINGS, Setting, switch};

/// Who said something about a setting, the first going before the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A flag of the command.
    Flag,
    /// The environment.
    Environment,
    /// The project's own file.
    ProjectFile,
    /// The user's file for all projects.
    UserFile,
    /// The last `adjutant up` of the project.
    LastUp,
    /// Nobody.
    Default,
}

impl Source {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Flag => "flag",
            Source::Environment => "environment",
            Source::ProjectFile => "project file",
            Source::UserFile => "user file",
            Source::LastUp => "last up",
            Source::Default => "default",
        }
    }
}

/// What a setting was said to be.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(OsString),
    Paths(Vec<PathBuf>),
}

/// A value, and where it stands: a flag, a variable, a file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) source: Source,
    /// As the subject of a sentence.
    pub(super) place: String,
    pub(super) value: Value,
}

/// Without the value, which may be secret.
impl fmt::Debug for Given {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Given").field(&self.place).finish()
    }
}

impl Given {
    /// The same with absolute paths; of a switch, `on` or `off`.
    pub(super) fn absolute(&self, setting: &Setting) -> Given {
        let absolute = |path: &PathBuf| {
            // Of one that is not there, as it is written.
            let real = DirPath::from(path).real_path().or_else(|_| std::path::absolute(path));
            real.unwrap_or_else(|_| path.clone())
        };
        let value = match (&self.value, setting.form) {
            (Value::Paths(paths), _) => Value::Paths(paths.iter().map(absolute).collect()),
            (Value::Text(text), Form::Path) => Value::Text(absolute(&text.into()).into()),
            (Value::Text(text), Form::Switch) => {
                let is_on = switch(&text.to_string_lossy());
                Value::Text(
                    is_on.map_or_else(|| text.clone(), |is_on| if is_on { "on" } else { "off" }.into()),
                )
            }
            (Value::Text(text), Form::Text(_) | Form::Paths) => Value::Text(text.clone()),
        };
        Given { value, ..self.clone() }
    }

    /// The value as one text.
    pub(super) fn shown(&self) -> String {
        match &self.value {
            Value::Text(text) => text.to_string_lossy().into_owned(),
            Value::Paths(paths) => {
                let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
                paths.join(", ")
            }
        }
    }
}

/// What one source says, by key.
pub(super) type Layer = BTreeMap<&'static str, Given>;

/// All that was said, the source that goes first first.
#[derive(Clone, Default)]
pub struct Layers(Vec<Layer>);

/// The keys alone: some values are secret.
impl fmt::Debug for Layers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.0.iter().map(|layer| layer.keys().collect::<Vec<_>>())).finish()
    }
}

impl Layers {
    /// Flags over environment.
    pub(super) fn new(flags: &Flags, environment: &Environment) -> Self {
        Layers(vec![of_flags(flags), of_environment(environment)])
    }

    /// Adds a source that goes behind those that are there.
    pub(super) fn push(&mut self, layer: Layer) {
        self.0.push(layer);
    }

    /// What counts for a setting, and who said it; `None` where the default does.
    pub(super) fn given(&self, setting: &Setting) -> Option<&Given> {
        self.0.iter().find_map(|layer| layer.get(setting.key))
    }

    /// A path.
    pub(super) fn path(&self, setting: &Setting) -> Option<PathBuf> {
        match &self.given(setting)?.value {
            Value::Text(text) => Some(text.into()),
            Value::Paths(paths) => paths.first().cloned(),
        }
    }

    /// Several paths.
    pub(super) fn paths(&self, setting: &Setting) -> Vec<PathBuf> {
        match self.given(setting).map(|given| &given.value) {
            Some(Value::Paths(paths)) => paths.clone(),
            Some(Value::Text(text)) => vec![text.into()],
            None => Vec::new(),
        }
    }

    /// A value of type `T`.
    ///
    /// # Errors
    /// Where it is none; the text says where it stands and what it must be.
    pub(super) fn parsed<T: FromStr>(&self, setting: &Setting) -> Result<Option<T>, ConfigError> {
        self.read(setting, |text| text.trim().parse().ok())
    }

    /// On or off.
    ///
    /// # Errors
    /// As [`Layers::parsed`].
    pub(super) fn switch(&self, setting: &Setting) -> Result<Option<bool>, ConfigError> {
        self.read(setting, switch)
    }

    fn read<T>(
        &self,
        setting: &Setting,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(given) = self.given(setting) else { return Ok(None) };
        let value = given.shown();
        read(&value).map(Some).ok_or_else(|| ConfigError::Value {
            place: given.place.clone(),
            value,
            expected: setting.expected,
        })
    }
}

/// What the flags say.
fn of_flags(flags: &Flags) -> Layer {
    let Flags { root, plugins, port, bind, data_dir, max_files, no_user_scope, no_watch } = flags;
    let text = |path: &PathBuf| Value::Text(path.clone().into());
    let off = |is_off: &bool| is_off.then(|| Value::Text("off".into()));
    let said = |value: &dyn ToString| Value::Text(value.to_string().into());
    let all = [
        (setting::ROOT, root.as_ref().map(text)),
        (setting::PLUGINS, (!plugins.is_empty()).then(|| Value::Paths(plugins.clone()))),
        (setting::PORT, port.as_ref().map(|port| said(port))),
        (setting::BIND, bind.as_ref().map(|bind| said(bind))),
        (setting::DATA_DIR, data_dir.as_ref().map(text)),
        (setting::MAX_FILES, max_files.as_ref().map(|max_files| said(max_files))),
        (setting::USER_SCOPE, off(no_user_scope)),
        (setting::WATCH, off(no_watch)),
    ];
    let given = |(setting, value): (&Setting, Option<Value>)| {
        let place = setting.flag.unwrap_or(setting.key).to_owned();
        Some((setting.key, Given { source: Source::Flag, place, value: value? }))
    };
    all.into_iter().filter_map(given).collect()
}

/// What the environment says.
fn of_environment(environment: &Environment) -> Layer {
    let given = |setting: &&'static Setting| {
        let variable = setting.variable?;
        let value = match setting.form {
            Form::Paths => {
                Some(environment.paths(variable)).filter(|paths| !paths.is_empty()).map(Value::Paths)
            }
            Form::Text(_) | Form::Switch | Form::Path => environment.value(variable).map(Value::Text),
        };
        let source = Source::Environment;
        Some((setting.key, Given { source, place: variable.to_owned(), value: value? }))
    };
    SETTINGS.iter().filter_map(given).collect()
}
