//! A copy of a collection whose files come, go and change while it is served.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;
use walkdir::WalkDir;

use super::{Phase, Stage};
use crate::collection::Collection;
use crate::http::{Connection, Request};

/// Time between two changes.
const EVERY: Duration = Duration::from_secs(10);

/// An agent that stays as it is, for whoever needs one.
pub(super) const STEADY_AGENT: &str = "soak:steady";

/// The copy, gone in the end.
#[derive(Debug)]
pub(super) struct Project {
    dir: tempfile::TempDir,
}

impl Project {
    /// Copies the plugins of a collection.
    pub(super) fn copy_of(collection: &Path) -> anyhow::Result<Project> {
        let dir = tempfile::tempdir()?;
        let plugins = collection.join("plugins");
        for entry in WalkDir::new(&plugins) {
            let entry = entry.context("the collection cannot be walked")?;
            let to = dir.path().join("plugins").join(entry.path().strip_prefix(&plugins)?);
            if entry.file_type().is_dir() {
                std::fs::create_dir_all(&to)?;
            } else if entry.file_type().is_file() {
                std::fs::copy(entry.path(), &to)?;
            }
        }
        let project = Project { dir };
        project.write(
            "plugins/soak/agents/steady.md",
            "steady",
            "Stays as it is while everything else changes.",
        )?;
        Ok(project)
    }

    pub(super) fn root(&self) -> &Path {
        self.dir.path()
    }

    fn write(&self, path: &str, name: &str, description: &str) -> std::io::Result<PathBuf> {
        let file = self.root().join(path);
        std::fs::create_dir_all(file.parent().unwrap_or(self.root()))?;
        std::fs::write(&file, format!("---\nname: {name}\ndescription: {description}\n---\n\nBody.\n"))?;
        Ok(file)
    }

    /// Every ten seconds a file changes, one goes and one comes, and somebody asks for a re-index; how many were answered.
    pub(super) fn change_until_the_end(&self, port: u16, stage: &Stage) -> u64 {
        let files = Collection::at(self.root()).map(|collection| collection.files).unwrap_or_default();
        let (mut turn, mut answered) = (0_usize, 0);
        let mut taken: Option<(PathBuf, Vec<u8>)> = None;
        while !stage.is(Phase::End) {
            let began = Instant::now();
            while began.elapsed() < EVERY && !stage.is(Phase::End) {
                std::thread::sleep(Duration::from_millis(100));
            }
            turn += 1;
            // The clients' own latencies are compared without changes of files.
            if stage.is(Phase::Quiet) || stage.is(Phase::Slow) {
                continue;
            }
            // Each of these may fail only where the end takes the folder away.
            let _ =
                self.write("plugins/soak/agents/changing.md", "changing", &format!("Changes, turn {turn}."));
            if let Some((file, bytes)) = taken.take() {
                let _ = std::fs::write(file, bytes);
            }
            let file = &files[turn % files.len().max(1)];
            if !file.ends_with("steady.md")
                && let Ok(bytes) = std::fs::read(file)
            {
                let _ = std::fs::remove_file(file);
                taken = Some((file.clone(), bytes));
            }
            answered += u64::from(reindex(port));
        }
        answered
    }
}

fn reindex(port: u16) -> bool {
    let request = Request::post_to("/reindex", &[], &json!({}).to_string());
    let asked =
        Connection::open(port).and_then(|mut open| open.exchange(&request).map(|answer| answer.status));
    asked.is_ok_and(|status| status == 200)
}
