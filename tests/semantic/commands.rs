//! `adjutant model`.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::model::Tiny;
use super::support::Project;

fn run(project: &Project, arguments: &[&str]) -> Output {
    let root = project.path().to_str().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_adjutant"));
    command
        .args(arguments)
        .args(["--root", root])
        .env("HOME", root)
        .env("MCP_USER_SCOPE", "off")
        .stdin(Stdio::null());
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_model_is_installed_looked_at_and_removed() {
    let (project, folder) = (Project::sample(), tempfile::tempdir().unwrap());
    // What the folder's name says of the family is not lost with it.
    let model = Tiny::default().write(&folder.path().join("e5-tiny"));
    let config = std::fs::read_to_string(model.join("config.json")).unwrap();
    std::fs::write(model.join("config.json"), config.replace("\"tiny\"", "\"\"")).unwrap();
    let (model, missing) = (model.to_str().unwrap(), folder.path().join("none"));
    let steps: [(&[&str], i32, &str); 8] = [
        (&["model", "status"], 2, "no model is installed"),
        (&["model", "remove"], 2, "no model is installed"),
        (&["model", "install", missing.to_str().unwrap()], 1, "config.json is missing"),
        (&["model", "install", model], 0, "installed e5-tiny: 16 dimensions"),
        (&["model", "install", model], 0, "installed"),
        (&["model", "status"], 0, "no instance is running"),
        (&["find", "agents", "helm", "charts"], 0, "without the embedding model: only a running instance"),
        (&["model", "remove"], 0, "removed"),
    ];
    for (arguments, code, part) in steps {
        let output = run(&project, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(part), "{arguments:?}: {}", text(&output));
        if arguments.starts_with(&["model", "status"]) && code == 0 {
            let json: Value =
                serde_json::from_slice(&run(&project, &["model", "status", "--json"]).stdout).unwrap();
            assert_eq!(json["facts"]["query_prefix"], "query: ");
            assert_eq!(json["sha256"].as_str().map(str::len), Some(64));
        }
    }
    let left: Vec<_> = std::fs::read_dir(project.path().join(".claude/mcp-server/data")).unwrap().collect();
    assert!(
        left.iter().all(|entry| !entry.as_ref().unwrap().file_name().to_string_lossy().contains("model"))
    );
}
