//! Where the client's settings lie, and where the record of an offload is kept.

use std::path::PathBuf;

use crate::config::{ProjectConfig, UserScope};
use claude_settings::Level;
use confined_fs::{DirPath, FilePath, NamedFile};

/// Whose settings an offload writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The user's for this project: `.claude/settings.local.json`.
    Project,
    /// The user's for all projects: `settings.json` in the client's folder.
    User,
}

impl Target {
    /// Both.
    pub const ALL: [Target; 2] = [Target::Project, Target::User];

    /// The level of its settings.
    pub(super) fn level(self) -> Level {
        match self {
            Target::Project => Level::Local,
            Target::User => Level::User,
        }
    }
}

/// The folders that concern an offload.
#[derive(Debug, Clone)]
pub struct Places {
    /// The project's folder, free of links.
    pub project: PathBuf,
    /// The client's folder, usually `~/.claude`; `None` without a home.
    pub base: Option<PathBuf>,
    /// Where the client keeps plugins and the registries of them.
    pub plugins: Option<PathBuf>,
    /// Where an administrator prescribes settings.
    pub managed: PathBuf,
    /// Where an instance keeps its files, and where records of old may lie.
    pub state: DirPath,
}

/// The name of the record.
const RECORD: &str = "offload.json";

/// The folder in the project that holds the record of an offload for it, wherever an instance keeps its own files: the
/// settings are the project's, and whoever changes or reads them has to find it.
pub(super) const PROJECT_STATE: &str = ".claude/mcp-server/data";

/// The folder in the client's folder that holds the record of an offload for all projects.
const USER_STATE: &str = "adjutant";

impl Places {
    /// Those of a project; the user's also where what the user has is not indexed.
    pub fn of(config: &ProjectConfig) -> Places {
        let user = config.client.as_ref();
        Places {
            project: config.root.clone(),
            base: user.map(|user| user.base.clone()),
            plugins: user.map(|user| user.plugins.clone()),
            managed: UserScope::managed_dir(),
            state: config.paths.data_dir.clone(),
        }
    }

    /// The settings file of that level; `None` without a home.
    pub(super) fn settings(&self, level: Level) -> Option<NamedFile> {
        let own = self.project.join(".claude");
        let path = match level {
            Level::Managed => self.managed.join("managed-settings.json"),
            Level::Local => own.join("settings.local.json"),
            Level::Project => own.join("settings.json"),
            Level::User => self.base.as_ref()?.join("settings.json"),
        };
        Some(NamedFile::new(&self.project, &path))
    }

    /// The settings file that an offload writes; `None` without a home.
    pub fn target(&self, target: Target) -> Option<FilePath> {
        match target {
            Target::Project => Some(DirPath::from(&self.project).sub(".claude").file("settings.local.json")),
            Target::User => Some(DirPath::from(self.base.as_ref()?).file("settings.json")),
        }
    }

    /// The folder of the record; `None` without a home.
    pub fn record_dir(&self, target: Target) -> Option<DirPath> {
        match target {
            Target::Project => Some(DirPath::from(&self.project).sub(PROJECT_STATE)),
            Target::User => Some(DirPath::from(self.base.as_ref()?).sub(USER_STATE)),
        }
    }

    /// The record of what was written; `None` without a home.
    pub fn record(&self, target: Target) -> Option<FilePath> {
        self.record_dir(target).map(|dir| dir.file(RECORD))
    }

    /// Where the record was kept in former times, if that is another place.
    pub(super) fn old_record(&self, target: Target) -> Option<FilePath> {
        let is_elsewhere = self.record_dir(target).is_some_and(|dir| dir.path() != self.state.path());
        (target == Target::Project && is_elsewhere).then(|| self.state.file(RECORD))
    }

    /// The folder for what a user's sessions were told; `None` without a home.
    pub fn sessions(&self) -> Option<DirPath> {
        self.base.as_ref().map(|base| DirPath::from(base).sub(USER_STATE).sub("sessions"))
    }
}
