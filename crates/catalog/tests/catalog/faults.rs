//! Trees that fight back: links, pipes, permissions, sizes, odd roots.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use adjutant_catalog::{Catalog, Kind, KindMap, Limits, ScanOptions, Severity, scan};

const AGENT: &str = "---\nname: worker\ndescription: Works\n---\n\nBody.\n";

fn write(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn project() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path().join("plugins/p/.claude-plugin/plugin.json"), r#"{"name": "p"}"#);
    dir
}

fn codes(catalog: &Catalog) -> Vec<&str> {
    catalog.problems().iter().map(|problem| problem.code).collect()
}

fn ids(catalog: &Catalog) -> Vec<&str> {
    catalog.definitions().iter().map(|definition| definition.id.as_str()).collect()
}

#[test]
fn links_are_followed_only_where_the_client_does_and_never_out_of_the_root() {
    let outside = tempfile::tempdir().unwrap();
    write(outside.path().join("secret.md"), AGENT);
    write(outside.path().join("skill/SKILL.md"), AGENT);
    let dir = project();
    let plugin = dir.path().join("plugins/p");
    write(plugin.join("agents/real.md"), "---\nname: real\ndescription: d\n---\n");
    write(plugin.join("skills/one/SKILL.md"), AGENT);
    write(plugin.join("shared/two/SKILL.md"), AGENT);
    symlink("real.md", plugin.join("agents/link.md")).unwrap();
    symlink("..", plugin.join("agents/loop")).unwrap();
    symlink(outside.path().join("secret.md"), plugin.join("agents/out.md")).unwrap();
    symlink(outside.path(), plugin.join("agents/out")).unwrap();
    symlink("nowhere.md", plugin.join("agents/broken.md")).unwrap();
    symlink("one", plugin.join("skills/again")).unwrap();
    symlink("../shared/two", plugin.join("skills/two")).unwrap();
    symlink(outside.path().join("skill"), plugin.join("skills/out")).unwrap();
    symlink(outside.path(), dir.path().join("plugins/out")).unwrap();
    let catalog = scan(&ScanOptions::new(dir.path()), None);
    assert_eq!(ids(&catalog), ["p:real", "p:one", "p:two"]);
    let count = |code| codes(&catalog).iter().filter(|known| **known == code).count();
    assert_eq!(count("skipped_escape"), 4, "{:#?}", catalog.problems());
    assert_eq!(count("skipped_symlink"), 3, "{:#?}", catalog.problems());
}

#[test]
fn pipes_sizes_permissions_and_odd_names() {
    let dir = project();
    let agents = dir.path().join("plugins/p/agents");
    write(agents.join("fine.md"), "---\nname: fine\ndescription: d\n---\n");
    rustix::fs::mknodat(rustix::fs::CWD, agents.join("pipe.md"), rustix::fs::FileType::Fifo, 0o644.into(), 0)
        .unwrap();
    fs::File::create(agents.join("sparse.md")).unwrap().set_len(4 << 30).unwrap();
    write(agents.join("closed.md"), AGENT);
    fs::set_permissions(agents.join("closed.md"), fs::Permissions::from_mode(0o000)).unwrap();
    write(agents.join("two\nlines.md"), "Text");
    fs::write(agents.join(std::ffi::OsStr::from_bytes(b"latin\xff.md")), "Text").unwrap();
    let catalog = scan(&ScanOptions::new(dir.path()), None);
    let ids = ids(&catalog);
    assert!(
        ids.contains(&"p:fine") && ids.contains(&"p:twolines") && ids.contains(&"p:latin\u{fffd}"),
        "{ids:?}"
    );
    for code in ["file_not_regular", "file_too_large", "path_not_clean"] {
        assert!(codes(&catalog).contains(&code), "{code}: {:#?}", catalog.problems());
    }
    // The superuser reads everything.
    if fs::read(agents.join("closed.md")).is_err() {
        assert!(codes(&catalog).contains(&"file_unreadable"));
    }
    assert!(catalog.problems().iter().all(|problem| !problem.message.contains(['\n', '\u{1b}'])));
}

#[test]
fn roots_that_are_missing_empty_or_files() {
    let dir = tempfile::tempdir().unwrap();
    let missing = scan(&ScanOptions::new(dir.path().join("gone")), None);
    assert_eq!(codes(&missing), ["root_unreadable"]);
    let empty = scan(&ScanOptions::new(dir.path()), None);
    assert_eq!((empty.counts(), codes(&empty)), (KindMap::default(), vec!["plugins_missing"]));
    write(dir.path().join("plugins"), "a file");
    let file = scan(&ScanOptions::new(dir.path()), None);
    assert_eq!(codes(&file), ["plugins_missing"]);
    assert!(file.problems()[0].message.contains("is a file"));
    assert_eq!(file.problems()[0].severity(), Severity::Note);
    fs::remove_file(dir.path().join("plugins")).unwrap();
    write(dir.path().join("plugins/p/agents/worker.md"), AGENT);
    let back = scan(&ScanOptions::new(dir.path()), Some(&file));
    assert_eq!(ids(&back), ["p:worker"], "a plugin without a manifest has its folder's name");
    assert!(codes(&back).is_empty());
}

#[test]
fn limits_bound_a_scan() {
    let dir = project();
    for at in 0..9 {
        write(dir.path().join(format!("plugins/p/agents/a{at}.md")), "Text");
    }
    write(dir.path().join("plugins/p/agents/1/2/3/4/deep.md"), "Text");
    let with = |limits| scan(&ScanOptions { limits, ..ScanOptions::new(dir.path()) }, None);
    let few = with(Limits { files: 5, ..Limits::default() });
    assert_eq!((few.counts()[Kind::Agent], codes(&few).contains(&"limit_files")), (5, true));
    let flat = with(Limits { depth: 3, ..Limits::default() });
    assert_eq!((flat.counts()[Kind::Agent], codes(&flat).contains(&"limit_depth")), (9, true));
    let all = with(Limits { files: 10, ..Limits::default() });
    assert_eq!((all.counts()[Kind::Agent], codes(&all).contains(&"limit_files")), (10, false));
}

#[test]
fn skipped_folders_and_a_skills_own_parts() {
    let dir = project();
    let plugin = dir.path().join("plugins/p");
    for folder in ["node_modules", "backups", ".git"] {
        write(plugin.join("agents").join(folder).join("a.md"), AGENT);
    }
    write(plugin.join("agents/.hidden/b.md"), "---\nname: b\n---\n");
    write(plugin.join("skills/s/SKILL.md"), AGENT);
    write(plugin.join("skills/s/references/r.md"), AGENT);
    write(plugin.join("skills/s/agents/a.md"), AGENT);
    write(plugin.join("skills/flat.md"), AGENT);
    write(plugin.join("commands/k/SKILL.md"), AGENT);
    write(plugin.join("commands/k/other.md"), AGENT);
    let catalog = scan(&ScanOptions::new(dir.path()), None);
    assert_eq!(ids(&catalog), ["p:.hidden:b", "p:flat", "p:k", "p:s"]);
}

#[test]
fn extra_folders_may_be_a_plugin_a_folder_of_plugins_or_a_collection() {
    let base = tempfile::tempdir().unwrap();
    let path = |name: &str| base.path().join(name);
    write(path("one/.claude-plugin/plugin.json"), r#"{"name": "single"}"#);
    write(path("one/agents/worker.md"), AGENT);
    write(path("many/first/agents/worker.md"), AGENT);
    write(path("many/second/skills/s/SKILL.md"), AGENT);
    write(path("set/plugins/third/commands/c.md"), AGENT);
    write(path("set/.claude/agents/internal.md"), AGENT);
    write(path("bare/agents/worker.md"), AGENT);
    write(path("project/.claude/agents/own.md"), "---\nname: own\n---\n");
    let options = ScanOptions {
        extra_plugin_dirs: ["one", "many", "set", "bare", "one"].map(path).to_vec(),
        ..ScanOptions::new(path("project"))
    };
    let catalog = scan(&options, None);
    assert_eq!(ids(&catalog), ["bare:worker", "first:worker", "own", "single:worker", "second:s", "third:c"]);
    assert_eq!(catalog.find(Kind::Agent, "single/worker").one().unwrap().id, "single:worker");
    assert_eq!(catalog.find(Kind::Agent, "own").one().unwrap().plugin, "");
}

#[test]
fn a_copy_under_another_root_is_kept_once() {
    let base = tempfile::tempdir().unwrap();
    for root in ["a", "b"] {
        write(base.path().join(root).join("plugins/p/agents/worker.md"), AGENT);
    }
    let options = ScanOptions {
        extra_plugin_dirs: vec![base.path().join("b")],
        ..ScanOptions::new(base.path().join("a"))
    };
    let catalog = scan(&options, None);
    assert_eq!(ids(&catalog), ["p:worker"]);
    assert_eq!(codes(&catalog), ["identical_copy"]);
}
