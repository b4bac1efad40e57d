//! Where the user's files lie. The paths are passed in: this crate knows no environment.

use std::path::{Path, PathBuf};

use claude_settings::Level;

/// The folders that hold what the user has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPlaces {
    /// The user's home folder, where it is known: links in `base` may lead anywhere below it.
    pub home: Option<PathBuf>,
    /// The client's folder, usually `~/.claude`: settings, and the user's own agents, skills and commands.
    pub base: PathBuf,
    /// Where the client keeps plugins and the registries of them, usually `plugins` in `base`.
    pub plugins: PathBuf,
    /// Where an administrator prescribes settings and entries.
    pub managed: PathBuf,
    /// The project's folder, free of links.
    pub project: PathBuf,
}

/// The file of an administrator's settings, in the folder of [`UserPlaces::managed`].
pub(super) const MANAGED_SETTINGS: &str = "managed-settings.json";

/// The user's settings, and those that a project shares.
pub(super) const SETTINGS: &str = "settings.json";

/// The user's settings for one project.
pub(super) const LOCAL_SETTINGS: &str = "settings.local.json";

/// What is installed, and where.
pub(super) const INSTALLED: &str = "installed_plugins.json";

/// The same in the second version of the format, beside a file in the first.
pub(super) const INSTALLED_V2: &str = "installed_plugins_v2.json";

/// Where marketplaces lie.
pub(super) const MARKETPLACES: &str = "known_marketplaces.json";

/// Folders of entries that belong to no plugin.
pub(super) const COMPONENTS: [&str; 3] = ["agents", "commands", "skills"];

impl UserPlaces {
    /// The file of these settings.
    pub(super) fn settings(&self, level: Level) -> PathBuf {
        match level {
            Level::Managed => self.managed.join(MANAGED_SETTINGS),
            Level::Local => self.project.join(".claude").join(LOCAL_SETTINGS),
            Level::Project => self.project.join(".claude").join(SETTINGS),
            Level::User => self.base.join(SETTINGS),
        }
    }

    /// The folder whose files may be links to each other, and where in it `base` lies: the home folder, if `base` is in it
    /// once links are followed.
    pub(super) fn personal(&self) -> (PathBuf, PathBuf) {
        let base = self.base.canonicalize().unwrap_or_else(|_| self.base.clone());
        let home = self.home.as_ref().and_then(|home| home.canonicalize().ok());
        let in_home = home.and_then(|home| Some((base.strip_prefix(&home).ok()?.to_owned(), home)));
        in_home.map_or_else(|| (base, PathBuf::new()), |(inside, home)| (home, inside))
    }

    /// Whether the user's own entries are those of the project, which is then the home folder.
    pub(super) fn are_the_projects(&self) -> bool {
        let real = |path: &Path| path.canonicalize().ok();
        real(&self.base).is_some_and(|base| real(&self.project.join(".claude")) == Some(base))
    }

    /// Whether `folder`, which the user named to be read, is the client's cache or a part of it that holds plugins in several
    /// versions: which of them count, only the registry knows.
    pub fn is_cache(&self, folder: &Path) -> bool {
        let real = |path: &Path| path.canonicalize().ok();
        let Some((folder, plugins)) = real(folder).zip(real(&self.plugins)) else { return false };
        // cache/MARKETPLACE/PLUGIN/VERSION
        folder == plugins
            || folder.strip_prefix(plugins.join("cache")).is_ok_and(|inside| inside.components().count() <= 2)
    }
}
