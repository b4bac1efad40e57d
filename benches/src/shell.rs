//! The command line as whoever types it meets it: whole processes, from start to end.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::product::Recipe;
use crate::scenario::Scenario;
use crate::starts::Spread;

/// One command.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Shell {
    pub(crate) name: String,
    pub(crate) took: Spread,
}

/// Runs every command that asks or records, `count` times each, against the instance that serves in `data_dir`, and one
/// where none does.
pub(crate) fn measure(
    recipe: &Recipe<'_>,
    scenario: &Scenario,
    data_dir: &Path,
    count: usize,
) -> anyhow::Result<Vec<Shell>> {
    let (context, agent) = (scenario.context(), scenario.agent());
    let agents = scenario.some_agents().join(",");
    let record =
        ["record", "--task-id", "bench", "--result", "success", "--agents", &agents, "--description"];
    let commands: [(&str, Vec<&str>); 8] = [
        ("find agents", vec!["find", "agents", context]),
        ("find skills", vec!["find", "skills", context]),
        ("find workflows", vec!["find", "workflows", context]),
        ("show agents", vec!["show", "agents", agent]),
        ("pattern", vec!["pattern", context]),
        ("explain", vec!["explain", context]),
        ("record", [&record[..], &[context]].concat()),
        ("status", vec!["status"]),
    ];
    let over = |data_dir: &Path, words: &[&str]| Spread::over(count, || run(recipe, Some(data_dir), words));
    let version = Spread::over(count, || run(recipe, None, &["--version"]))?;
    let mut measured = vec![Shell { name: "--version, which does nothing".to_owned(), took: version }];
    for (name, words) in commands {
        measured.push(Shell { name: name.to_owned(), took: over(data_dir, &words)? });
    }
    let nobody = tempfile::tempdir()?;
    let took = over(nobody.path(), &["find", "agents", context])?;
    measured.push(Shell { name: "find agents, where no instance runs".to_owned(), took });
    Ok(measured)
}

fn run(recipe: &Recipe<'_>, data_dir: Option<&Path>, words: &[&str]) -> anyhow::Result<Duration> {
    let mut command = Command::new(recipe.binary);
    command.args(words);
    if let Some(data_dir) = data_dir {
        command.arg("--root").arg(recipe.collection).arg("--data-dir").arg(data_dir);
    }
    command.env_clear().envs(recipe.settings.iter().copied()).stdin(Stdio::null());
    let began = Instant::now();
    let output = command.output().context("the product cannot be started")?;
    let took = began.elapsed();
    let said = || String::from_utf8_lossy(&output.stderr).trim().to_owned();
    anyhow::ensure!(output.status.success(), "adjutant {}: {}", words.join(" "), said());
    Ok(took)
}
