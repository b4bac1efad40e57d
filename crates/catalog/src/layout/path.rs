//! Paths and file names, and the names that the client derives from them.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use crate::sanitize::one_line;

/// A plugin's manifest, relative to the plugin.
pub(crate) const MANIFEST_FILE: &str = ".claude-plugin/plugin.json";

/// A marketplace's list of plugins, relative to its root.
pub(crate) const MARKETPLACE_FILE: &str = ".claude-plugin/marketplace.json";

/// The file that makes a folder a skill.
pub(super) const SKILL_FILE: &str = "SKILL.md";

/// Compares paths by their components, at a fraction of the cost of comparing [`Path`]s: both are relative and have no `.`,
/// `..` or repeated separator, so that comparing bytes is enough.
pub(crate) fn path_order(one: &Path, other: &Path) -> Ordering {
    const CHUNK: usize = 16;
    let (one, other) = (one.as_os_str().as_encoded_bytes(), other.as_os_str().as_encoded_bytes());
    let chunks = one.chunks_exact(CHUNK).zip(other.chunks_exact(CHUNK));
    let alike = chunks.take_while(|(one, other)| one == other).count() * CHUNK;
    let (one, other) = (&one[alike..], &other[alike..]);
    // A component comes before those that it is a prefix of.
    let rank = |byte: u8| if byte == b'/' { 0 } else { u16::from(byte) + 1 };
    let differs = one.iter().zip(other).find(|(one, other)| one != other);
    differs.map_or_else(|| one.len().cmp(&other.len()), |(one, other)| rank(*one).cmp(&rank(*other)))
}

/// Folders that contain no entries on purpose.
const SKIPPED_FOLDERS: [&str; 3] = ["node_modules", "backups", ".git"];

/// A relative path without `.` and `..`; `None` if it leads out of its base.
pub(crate) fn normalize_path(written: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in Path::new(written).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => path.push(part),
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

/// Whether the folder is skipped.
pub(crate) fn is_skipped(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| SKIPPED_FOLDERS.contains(&name))
}

pub(super) fn has_md_extension(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.len() >= 3 && name[name.len() - 3..].eq_ignore_ascii_case(b".md")
}

pub(super) fn lossy(name: Option<&OsStr>) -> String {
    one_line(&name.unwrap_or_default().to_string_lossy())
}

/// The file name without `.md`, whatever its case.
pub(super) fn stem(path: &Path) -> String {
    let name = lossy(path.file_name());
    match name.len().checked_sub(3).and_then(|at| name.get(at..).map(|end| (at, end))) {
        Some((at, end)) if end.eq_ignore_ascii_case(".md") => name[..at].to_owned(),
        _ => name,
    }
}

/// The file name without `.md`; an upper-case suffix stays, as in the client.
pub(super) fn command_name(path: &Path) -> String {
    let name = lossy(path.file_name());
    name.strip_suffix(".md").map(str::to_owned).unwrap_or(name)
}

/// `name` as the client writes it in skill ids: `-` for each UTF-16 unit of characters other than ASCII letters, digits, `_`
/// and `-`.
pub(crate) fn client_skill_id(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') {
            out.push(c);
        } else {
            out.extend(std::iter::repeat_n('-', c.len_utf16()));
        }
    }
    out
}

/// An I/O error without the path, which the problem has already.
pub(super) fn describe(error: &std::io::Error) -> String {
    error.kind().to_string()
}

#[cfg(test)]
mod tests {
    use super::{client_skill_id, command_name, normalize_path, path_order, stem};
    use std::path::Path;

    #[test]
    fn names_are_written_as_the_client_writes_them() {
        assert_eq!(client_skill_id("s15 space"), "s15-space");
        assert_eq!(client_skill_id(".s17"), "-s17");
        assert_eq!(client_skill_id("日本"), "--");
        assert_eq!(stem(Path::new("a/x.agent.md")), "x.agent");
        assert_eq!(stem(Path::new("A.MD")), "A");
        assert_eq!(command_name(Path::new("c08.MD")), "c08.MD");
    }

    #[test]
    fn paths_are_ordered_by_their_parts() {
        let long = "plugins/some-plugin/agents/sub";
        let paths = ["", "a", "a/b", "a/b/c", "a-b", "a-b/c", "a.md", "a0", "b", "日本/x", long]
            .map(str::to_owned)
            .into_iter()
            .chain(["/x.md", "-b/x.md", "/x", ".md", ""].map(|end| format!("{long}{end}")))
            .collect::<Vec<_>>();
        for one in &paths {
            for other in &paths {
                let (one, other) = (Path::new(one), Path::new(other));
                assert_eq!(path_order(one, other), one.cmp(other), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn component_paths_stay_inside() {
        assert_eq!(normalize_path("./skills/").as_deref(), Some(Path::new("skills")));
        assert_eq!(normalize_path("./a/../b").as_deref(), Some(Path::new("b")));
        assert_eq!(normalize_path("../up"), None);
        assert_eq!(normalize_path("./a/../../b"), None);
        assert_eq!(normalize_path("/etc"), None);
    }
}
