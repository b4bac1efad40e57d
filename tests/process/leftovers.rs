//! What a process that was killed left behind is swept at the next start, and nothing else.

use std::process::{Command, Output, Stdio};

use crate::support::Project;

fn run(project: &Project, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
    command.args(arguments).arg("--root").arg(project.path());
    command.env_clear().env("HOME", project.path()).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn temporary_files_of_a_killed_process_are_swept_at_the_start() {
    let project = Project::sample();
    // No process has the first id; the second is the first process of all, which is there as long as the machine is.
    let (gone, alive) = (999_999_999, 1);
    let swept = [
        format!("data/model.{gone}.new/config.json"),
        format!("data/model.{gone}.old/config.json"),
        format!("data/catalog.{gone}.tmp"),
        format!("data/index.bin.{gone}-3.tmp"),
        format!("data/latent.bin.{gone}-0.tmp"),
        format!("data/vectors.{gone}.tmp"),
        format!("endpoint.{gone}.tmp"),
        format!("mcp.pid.{gone}-1.tmp"),
        format!("logs/mcp.2026-11-21.log.gz.{gone}-0.tmp"),
    ];
    let stays = [
        "data/model/config.json".to_owned(),
        format!("data/model.{alive}.new/config.json"),
        format!("data/catalog.bin.{alive}-0.tmp"),
        format!("data/notes.{gone}.tmp"),
        "data/catalog.tmp".to_owned(),
        format!("logs/notes.log.{gone}-0.tmp"),
        format!("{gone}.tmp"),
    ];
    let files = |names: &[String]| -> Vec<_> {
        names.iter().map(|name| format!(".claude/mcp-server/{name}")).collect()
    };
    let (swept, stays) = (files(&swept), files(&stays));
    for name in swept.iter().chain(&stays) {
        project.write(name, "half of a file");
    }
    let up = run(&project, &["up", "--port", "0"]);
    let down = run(&project, &["down"]);
    assert!(up.status.success() && down.status.success(), "{up:?} {down:?}");
    let left: Vec<_> = swept.iter().filter(|name| project.path().join(name).exists()).collect();
    assert!(left.is_empty(), "{left:?}");
    let lost: Vec<_> = stays.iter().filter(|name| !project.path().join(name).exists()).collect();
    assert!(lost.is_empty(), "{lost:?}");
}
