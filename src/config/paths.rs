//! Where a project's files are kept.

use std::path::{Path, PathBuf};

use confined_fs::{DirPath, FilePath, NamedDir};

/// Where an instance keeps its files, below the project's root.
pub const STATE_DIR: &str = ".claude/mcp-server";

/// The installed embedding model, in the data directory.
pub const MODEL_DIR: &str = "model";

/// Where an instance keeps its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The database and its backups.
    pub data_dir: DirPath,
    /// `mcp.pid` and `endpoint.json`.
    pub run_dir: DirPath,
    /// The log files.
    pub log_dir: DirPath,
    /// Decisions that clients queued while no instance ran: always below the project's root, wherever the rest is kept,
    /// since a client knows no more than the project.
    pub outbox_dir: DirPath,
    /// The embedding model, where there is one.
    pub model_dir: NamedDir,
    /// Whether `model_dir` was given, so that it must hold a model.
    pub model_given: bool,
}

impl Paths {
    /// With no data directory given, everything is under the project's `.claude/mcp-server`; with one given,
    /// everything is in it, so that two instances with two data directories share nothing.
    pub(super) fn resolve(root: &Path, data_dir: Option<PathBuf>, log_dir: Option<PathBuf>) -> Self {
        let own = DirPath::from(root).sub(STATE_DIR);
        let outbox_dir = own.sub("outbox");
        let (run_dir, data_dir) = match data_dir {
            Some(given) => {
                let given = DirPath::named(root, &given);
                (given.clone(), given)
            }
            None => (own.clone(), own.sub("data")),
        };
        let log_dir = log_dir.map_or_else(|| run_dir.sub("logs"), |given| DirPath::named(root, &given));
        let model_dir = data_dir.sub(MODEL_DIR).into();
        Paths { data_dir, run_dir, log_dir, outbox_dir, model_dir, model_given: false }
    }

    pub(super) fn with_model(mut self, root: &Path, given: Option<PathBuf>) -> Self {
        if let Some(given) = given {
            self.model_dir = NamedDir::new(root, &given);
            self.model_given = true;
        }
        self
    }

    /// Where `adjutant model install` puts a model.
    pub fn installed_model(&self) -> DirPath {
        self.data_dir.sub(MODEL_DIR)
    }

    /// Holds the process id and start time of the running instance.
    pub fn pid_file(&self) -> FilePath {
        self.run_dir.file("mcp.pid")
    }

    /// Names the process that restarts a crashed instance.
    pub fn supervisor_file(&self) -> FilePath {
        self.run_dir.file("supervisor.pid")
    }

    /// Names the process that asks for the project's store.
    pub fn handover_file(&self) -> FilePath {
        self.data_dir.file("mcp.wish")
    }

    /// Says where the running instance listens.
    pub fn endpoint_file(&self) -> FilePath {
        self.run_dir.file("endpoint.json")
    }
}
