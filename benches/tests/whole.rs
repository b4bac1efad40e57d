//! The bench from end to end: everything once over the fixtures, as little as there can be, kept and compared.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const BENCH: &str = env!("CARGO_BIN_EXE_adjutant-bench");

/// The checkout this crate lies in.
fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The product's binary: the one that `ADJUTANT_BIN` names, else the one beside the bench's, made up to date.
#[expect(clippy::disallowed_methods, reason = "the test is told as the script is which binary to ask")]
fn product() -> PathBuf {
    if let Some(named) = std::env::var_os("ADJUTANT_BIN") {
        return named.into();
    }
    let folder = Path::new(BENCH).parent().unwrap();
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--locked", "--quiet", "--bin", "adjutant"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    build
        .arg("--manifest-path")
        .arg(project().join("Cargo.toml"))
        .arg("--target-dir")
        .arg(folder.parent().unwrap());
    assert!(build.status().unwrap().success(), "the product cannot be built");
    folder.join("adjutant")
}

fn bench(words: &[&str], files: &[(&str, &Path)]) -> Output {
    let mut command = Command::new(BENCH);
    command.args(words).arg("--project").arg(project()).arg("--binary").arg(product());
    command.arg("--collection").arg(project().join("fixtures"));
    for (option, file) in files {
        command.arg(option).arg(file);
    }
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    text.concat()
}

#[test]
fn one_run_measures_everything_and_is_compared_with_itself() {
    let folder = tempfile::tempdir().unwrap();
    let [kept, section] = ["kept.json", "section.md"].map(|name| folder.path().join(name));
    let output = bench(&["all", "--tiny"], &[("--json", &kept), ("--markdown", &section)]);
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    let summary = text.split("\n\n").nth(1).unwrap();
    assert!(summary.starts_with("The numbers"), "{text}");
    let left_out: Vec<_> = summary.lines().filter(|line| line.contains("not measured")).collect();
    // What is aimed at over 100,000 and 1,000,000 entries.
    assert_eq!(left_out.len(), 6, "{text}");
    assert!(left_out.iter().all(|line| line.contains("00,000")), "{text}");
    let all: Value = serde_json::from_slice(&std::fs::read(&kept).unwrap()).unwrap();
    assert_eq!(all["scale"]["services"][0]["indexed"], 1_000, "{text}");
    for engine in all["scale"]["engines"].as_array().unwrap() {
        assert!(engine["timed"]["searches"].as_u64().unwrap() >= 100, "{engine}");
    }
    let section = std::fs::read_to_string(section).unwrap();
    assert_eq!(section.lines().filter(|line| line.starts_with("| --- |")).count(), 6, "{section}");

    let compared = bench(&["scale", "--sizes", "1000", "--in-process"], &[("--compare", &kept)]);
    let text = said(&compared);
    assert!(compared.status.success(), "{text}");
    let bytes = text.lines().find(|line| line.starts_with("1,000 entries, bytes/entry")).unwrap();
    assert!(bytes.ends_with("1.00"), "the same index weighs the same: {bytes}");

    std::fs::write(&kept, "{}").unwrap();
    let refused = bench(&["run", "--quick"], &[("--compare", &kept)]);
    assert!(!refused.status.success() && said(&refused).contains("is not a kept run"), "{}", said(&refused));
}
