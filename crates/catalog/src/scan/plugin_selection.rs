//! Which plugin folders are skipped, which plugins Claude Code does not load, and why.
//!
//! [`super::roots`] walks the folders and asks here; `manifest.rs` says what makes a manifest invalid. A plugin that the
//! client does not load is indexed all the same and marked as not loaded. Which installed plugins count for a project is
//! decided in `user_scope/selection.rs`.

use std::path::Path;

use crate::layout::{MANIFEST_FILE, is_skipped};
use crate::manifest::{Listing, Manifest};
use crate::problem::{Problem, code};

/// What kind of folder plugins are looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RootKind {
    /// The project: plugins need a manifest or a place in `plugins/`.
    Project,
    /// A folder the user named: a plugin, a folder of plugins or a collection.
    Extra,
}

/// Folders of a project that contain plugins only by accident: build output, samples, and parts of a plugin.
const PASSED_BY: [&str; 14] = [
    "agents",
    "commands",
    "skills",
    "hooks",
    "target",
    "dist",
    "build",
    "vendor",
    "fixtures",
    "tests",
    "test",
    "testdata",
    "examples",
    "templates",
];
/// Levels of folders below a root that are searched for manifests: `plugin/`, `categories/plugin/`.
const MANIFEST_DEPTH: usize = 2;
/// One more below `plugins/`: `plugins/category/plugin/`.
const PLUGINS_DEPTH: usize = 3;

/// Whether the children of `folder`, which are `depth` levels below the root, may be plugins.
pub(super) fn may_have_plugins(folder: &Path, depth: usize) -> bool {
    depth <= if is_in_plugins(folder) { PLUGINS_DEPTH } else { MANIFEST_DEPTH }
}

/// Whether the folder lies in `plugins/`, or is it.
pub(super) fn is_in_plugins(folder: &Path) -> bool {
    folder.starts_with("plugins")
}

/// Whether the folder is not even opened: a hidden one, and those that no entries are taken from.
pub(super) fn is_never_opened(folder: &Path) -> bool {
    let is_hidden = folder.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    is_hidden || is_skipped(folder)
}

/// Whether the child `name` of `folder` is neither a plugin nor searched for plugins.
pub(super) fn is_passed_by(folder: &Path, name: &str) -> bool {
    !is_in_plugins(folder) && PASSED_BY.contains(&name)
}

/// Whether the child `name` of `folder` is a plugin without a manifest, too, if it has components.
pub(super) fn needs_no_manifest(root: RootKind, folder: &Path, name: &str) -> bool {
    let is_root = folder == Path::new("");
    folder == Path::new("plugins") || (root == RootKind::Extra && is_root && name != "plugins")
}

/// Why the client does not load the plugin in `folder`, which marketplaces list so; `None` if its manifest is no obstacle.
pub(super) fn unloaded(folder: &Path, manifest: &Manifest, listings: &[Listing]) -> Option<Problem> {
    let (code, message) = if let Some(reason) = &manifest.rejected {
        (code::MANIFEST_REJECTED, format!("Claude Code rejects the plugin's manifest: {reason}"))
    } else if manifest.disabled {
        let message = "Claude Code does not load the plugin: `defaultEnabled` is false";
        (code::PLUGIN_DISABLED, message.to_owned())
    } else if manifest.components.selects()
        && listings.iter().any(|listing| !listing.strict && listing.components.selects())
    {
        let message = "Claude Code does not load the plugin: its marketplace entry says `strict: false`, and both the entry and \
                       the manifest name components";
        (code::MANIFEST_REJECTED, message.to_owned())
    } else {
        return None;
    };
    Some(Problem::new(folder.join(MANIFEST_FILE), code, "kept", message))
}
