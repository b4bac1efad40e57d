//! Which project the current folder lies in.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use confined_fs::DirPath;

/// What makes a folder the root of a project.
const MARKS: [&str; 2] = [".claude", ".git"];

/// The mark of a plugin, which is a project only where it is the current folder: above that, the project is what holds it.
const PLUGIN: &str = ".claude-plugin";

/// The folder of plugins in a project.
const COLLECTION: &str = "plugins";

/// What a plugin holds at least one of.
const PARTS: [&str; 4] = [PLUGIN, "agents", "skills", "commands"];

/// Entries of a folder `plugins` that are looked at to find out whether it holds any plugin.
const MAX_LOOKED_AT: usize = 200;

/// Permission to write for everybody.
const FOR_ALL: u32 = 0o002;

/// The project that `folder` lies in: the nearest folder, itself included, with `.claude`, `.git` or a folder of plugins.
///
/// The home folder is none, nor is what lies above it: its `.claude` is the client's. A folder above is passed over where
/// it, or its mark, is somebody else's or writable for everybody, since anybody could have put the mark there.
pub(super) fn enclosing(folder: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let here = folder.metadata().ok()?;
    let home = home.and_then(|home| home.metadata().ok());
    let trusted = [here.uid(), rustix::process::geteuid().as_raw()];
    for (steps, candidate) in folder.ancestors().enumerate() {
        let facts = candidate.metadata().ok()?;
        if home.as_ref().is_some_and(|home| is_same(home, &facts)) || candidate.parent().is_none() {
            return None;
        }
        let is_trusted = |facts: &Metadata| trusted.contains(&facts.uid()) && facts.mode() & FOR_ALL == 0;
        if steps > 0 && !is_trusted(&facts) {
            continue;
        }
        let has =
            |mark: &str| candidate.join(mark).metadata().is_ok_and(|facts| steps == 0 || is_trusted(&facts));
        let is_plugin = steps == 0 && has(PLUGIN);
        if is_plugin || MARKS.into_iter().any(has) || (has(COLLECTION) && holds_plugins(candidate)) {
            return Some(candidate.to_owned());
        }
    }
    None
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Whether the folder `plugins` holds a plugin: many programs call a folder so.
fn holds_plugins(project: &Path) -> bool {
    let names = DirPath::from(project).sub(COLLECTION).names();
    let collection = project.join(COLLECTION);
    let is_plugin = |name| PARTS.iter().any(|part| collection.join(&name).join(part).is_dir());
    names.into_iter().take(MAX_LOOKED_AT).any(is_plugin)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::enclosing;

    #[test]
    fn the_nearest_marked_folder_is_the_project() {
        let base = tempfile::tempdir().unwrap();
        let base = base.path().canonicalize().unwrap();
        let cases = [
            (".git", "", Some("p")),
            (".git", "src/deep ünï 日本", Some("p")),
            (".claude", ".claude/agents", Some("p")),
            ("plugins/x/agents", "plugins/x/agents", Some("p")),
            ("plugins/x.js", "plugins/x.js", None),
            ("docs", "docs", None),
        ];
        for (at, (mark, from, expected)) in cases.into_iter().enumerate() {
            let parent = base.join(at.to_string());
            let folder = parent.join("p").join(from);
            std::fs::create_dir_all(parent.join("p").join(mark)).unwrap();
            std::fs::create_dir_all(&folder).unwrap();
            // As home, so that nothing above takes part.
            let found = enclosing(&folder, Some(&parent));
            assert_eq!(found, expected.map(|name| parent.join(name)), "{mark}, {from}");
        }
    }

    #[test]
    fn neither_the_home_folder_nor_one_that_anybody_writes_is_found() {
        let base = tempfile::tempdir().unwrap();
        let below = base.path().join("a/b");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::create_dir(base.path().join(".claude")).unwrap();
        assert_eq!(enclosing(&below, Some(base.path())), None);
        assert_eq!(enclosing(base.path(), Some(base.path())), None);
        assert_eq!(enclosing(&below, Some(Path::new("/nonexistent"))).as_deref(), Some(base.path()));
        std::fs::set_permissions(base.path(), PermissionsExt::from_mode(0o777)).unwrap();
        assert_ne!(enclosing(&below, None).as_deref(), Some(base.path()));
    }
}
