//! One process that serves one project, as flags, environment and files say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::layers::{Given, Layer, Layers, Source};
use super::setting::{self, SETTINGS};
use super::{
    ConfigError, DaemonConfig, Environment, Flags, ProjectConfig, ProjectRecords, file, project_root,
};

/// The resolved configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// What concerns the process.
    pub daemon: DaemonConfig,
    /// What concerns the project it serves.
    pub project: ProjectConfig,
    /// Who said what.
    pub layers: Layers,
    /// What is remembered of the user's projects; `None` without a home.
    pub records: Option<ProjectRecords>,
}

/// A setting as it holds, and where that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its key.
    pub key: &'static str,
    /// The value in words; of a secret, that there is one.
    pub value: String,
    /// Who said it.
    pub source: Source,
    /// The flag, variable or file.
    pub place: String,
}

impl Config {
    /// Resolves flags over environment over the project's file over the user's file over what the last `up` was told over
    /// defaults.
    ///
    /// # Errors
    /// Where a value or a file cannot be read, a file says what it must not, or the project's folder does not exist.
    pub fn resolve(flags: &Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let (root, mut layers) = sources(flags, environment)?;
        let id = ProjectConfig::id_of(&root);
        let records = ProjectRecords::of(environment, &root);
        if let Some(record) = records.as_ref().and_then(|records| records.read(&id)) {
            layers.push(record.layer());
        }
        let wanted = layers.given(setting::NAME).map(Given::shown);
        let name = ProjectRecords::name(records.as_ref(), &id, &root, wanted);
        let project = ProjectConfig::resolve(root, name, &layers, environment)?;
        let daemon = DaemonConfig::resolve(&layers, &project)?;
        Ok(Config { daemon, project, layers, records })
    }

    /// The folder to start an instance with; `None` where the project's file says which, and the current folder leads to it.
    pub fn root_to_name(&self) -> Option<&Path> {
        let source = self.layers.given(setting::ROOT).map(|given| given.source);
        (source != Some(Source::ProjectFile)).then_some(&*self.project.root)
    }

    /// Whether a flag says the setting of that key.
    pub fn is_by_flag(&self, key: &str) -> bool {
        let setting = SETTINGS.iter().find(|setting| setting.key == key);
        let given = setting.and_then(|setting| self.layers.given(setting));
        given.is_some_and(|given| given.source == Source::Flag)
    }

    /// The further plugin folders that are not there.
    pub fn missing_plugin_dirs(&self) -> Vec<&Path> {
        let dirs = self.project.plugin_dirs.iter().map(PathBuf::as_path);
        dirs.filter(|dir| !dir.is_dir()).collect()
    }

    /// What an instance is started with that another start may differ in, by key: what is no default, with absolute paths.
    pub fn comparable(&self) -> BTreeMap<String, String> {
        let own = [setting::ROOT, setting::NAME, setting::PORT, setting::REGISTER, setting::TOKEN];
        let others = SETTINGS.iter().filter(|setting| own.iter().all(|own| own.key != setting.key));
        let given = others.filter_map(|setting| {
            let given = self.layers.given(setting)?.absolute(setting).shown();
            (given != setting.default).then(|| (setting.key.to_owned(), given))
        });
        let token = self.daemon.access.token.as_ref();
        given.chain(token.map(|_| (setting::TOKEN.key.to_owned(), "required".to_owned()))).collect()
    }

    /// Every setting as it holds, and where that was said.
    pub fn shown(&self) -> Vec<Shown> {
        let show = |setting: &&'static setting::Setting| {
            let given = self.layers.given(setting);
            let mut value = given.map_or_else(|| setting.default.to_owned(), Given::shown);
            if setting.is_secret() && given.is_some() {
                "set, and not shown".clone_into(&mut value);
            }
            if setting.key == setting::ROOT.key {
                value = self.project.root.display().to_string();
            } else if setting.key == setting::NAME.key {
                value.clone_from(&self.project.name);
            }
            Shown {
                key: setting.key,
                value,
                source: given.map_or(Source::Default, |given| given.source),
                place: given.map_or_else(String::new, |given| given.place.clone()),
            }
        };
        SETTINGS.iter().map(show).collect()
    }
}

/// The project's folder, and who says what but for what is remembered.
fn sources(flags: &Flags, environment: &Environment) -> Result<(PathBuf, Layers), ConfigError> {
    let mut layers = Layers::new(flags, environment);
    let home = environment.path("HOME").filter(|home| home.is_absolute());
    let named = layers.path(setting::ROOT);
    let here = || PathBuf::from(".");
    let found = match &named {
        Some(named) => Some(absolute(named)?),
        None => project_root::enclosing(&absolute(&here())?, home.as_deref()),
    };
    let base = environment.path("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    let base = base.or_else(|| Some(home.as_ref()?.join(".config")));
    let mut of_user = match base {
        Some(base) => {
            let seen_from = found.clone().map_or_else(|| absolute(&here()), Ok)?;
            file::of_user(&base, home.as_deref(), &seen_from)?
        }
        None => Layer::new(),
    };
    let folder = if let Some(found) = found {
        of_user.remove(setting::ROOT.key);
        found
    } else {
        let default = of_user.get(setting::ROOT.key).map(|given| PathBuf::from(given.shown()));
        absolute(&default.unwrap_or_else(here))?
    };
    let mut of_project = file::of_project(&folder)?;
    let root = match of_project.get(setting::ROOT.key).filter(|_| named.is_none()) {
        Some(given) => absolute(Path::new(&given.shown()))?,
        None => folder,
    };
    if named.is_some() {
        of_project.remove(setting::ROOT.key);
    }
    layers.push(of_project);
    layers.push(of_user);
    Ok((root, layers))
}

/// The folder at `path`, free of links.
fn absolute(path: &Path) -> Result<PathBuf, ConfigError> {
    let failed = |source| ConfigError::Root { path: path.to_owned(), source };
    let absolute = path.canonicalize().map_err(failed)?;
    if absolute.is_dir() { Ok(absolute) } else { Err(failed(std::io::ErrorKind::NotADirectory.into())) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Environment, Flags, Source};
    use super::Config;

    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn the_first_who_speaks_is_heard() {
        let base = tempfile::tempdir().unwrap();
        let (root, home) = (base.path().join("my project ünï"), base.path().join("home"));
        std::fs::create_dir_all(&root).unwrap();
        let (own, config) = (root.join(".claude/adjutant.yml"), home.join("cfg/adjutant/config.yml"));
        let home = home.to_str().unwrap().to_owned();
        let config_home = format!("{home}/cfg");
        let resolve = |port: Option<u16>, variable: Option<&str>| {
            let mut pairs = vec![("HOME", home.as_str()), ("XDG_CONFIG_HOME", config_home.as_str())];
            pairs.extend(variable.map(|port| ("MCP_PORT", port)));
            let flags = Flags { root: Some(root.clone()), port, ..Flags::default() };
            let config = Config::resolve(&flags, &Environment::of(&pairs)).unwrap();
            let shown = config.shown().into_iter().find(|shown| shown.key == "port").unwrap();
            (config, shown.value, shown.source)
        };
        let (first, value, source) = resolve(None, None);
        assert_eq!((value.as_str(), source), ("3700", Source::Default));
        let records = first.records.unwrap();
        records.update(&first.project.id, |record| record.port = Some(3705)).unwrap();
        assert_eq!(resolve(None, None).2, Source::LastUp);
        write(&config, "port: 3704\ncache-ttl: 7\n");
        assert_eq!(resolve(None, None).2, Source::UserFile);
        write(&own, "port: 3703\n");
        assert_eq!(resolve(None, None).2, Source::ProjectFile);
        assert_eq!(resolve(None, Some("3702")).2, Source::Environment);
        let (config, value, source) = resolve(Some(3701), Some("3702"));
        assert_eq!((value.as_str(), source, config.daemon.port), ("3701", Source::Flag, 3701));
        assert_eq!(config.project.cache.answers.as_secs(), 7);
    }

    #[test]
    fn an_earlier_source_that_cannot_be_read_is_named() {
        let root = tempfile::tempdir().unwrap();
        let flags = Flags { root: Some(root.path().to_owned()), ..Flags::default() };
        let why = Config::resolve(&flags, &Environment::of(&[("MCP_PORT", "many")])).unwrap_err().to_string();
        assert_eq!(why, "MCP_PORT is \"many\"; it must be a port number");
        write(&root.path().join(".claude/adjutant.yml"), "\nport: many\n");
        let why = Config::resolve(&flags, &Environment::default()).unwrap_err().to_string();
        assert!(why.ends_with("adjutant.yml:2: `port` is \"many\"; it must be a port number"), "{why}");
    }

    #[test]
    fn the_projects_file_moves_the_root_within_it_alone() {
        let base = tempfile::tempdir().unwrap();
        let inner = base.path().join("packages/app");
        std::fs::create_dir_all(&inner).unwrap();
        write(&base.path().join(".claude/adjutant.yml"), "root: packages/app\n");
        let flags = Flags { root: Some(base.path().to_owned()), ..Flags::default() };
        let named = Config::resolve(&flags, &Environment::default()).unwrap();
        assert_eq!(named.project.root, base.path().canonicalize().unwrap(), "a flag goes first");
    }

    #[test]
    fn state_of_all_projects_in_one_place_is_kept_apart() {
        let base = tempfile::tempdir().unwrap();
        let (root, home) = (base.path().join("p"), base.path().join("home"));
        std::fs::create_dir_all(&root).unwrap();
        write(&home.join(".config/adjutant/config.yml"), "data-dir: ~/state\n");
        let flags = Flags { root: Some(root), ..Flags::default() };
        let environment = Environment::of(&[("HOME", home.to_str().unwrap())]);
        let project = Config::resolve(&flags, &environment).unwrap().project;
        assert_eq!(project.paths.data_dir.path(), home.join("state").join(&project.id));
    }
}
