//! Everything besides its content that the definition of a file depends on: its place in a plugin, and what the plugin says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::path::lossy;
use crate::kind::Kind;
use crate::manifest::Components;

/// What a plugin gives all its entries.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PluginFacts {
    /// The plugin's name; empty for a project's own entries.
    pub plugin: String,
    pub category: String,
    pub keywords: Vec<String>,
}

/// How an entry gets the last part of its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Naming {
    /// The front matter's name, else the file's stem: agents.
    ListingSize { stem: Arc<str> },
    /// Always this: commands, and skills within a skills folder.
    Fixed { name: Arc<str> },
    /// The front matter's name with unusual characters replaced, else the folder's: a path that is itself a skill.
    OwnSkill { folder: Arc<str> },
}

/// Everything besides the file's content that a definition depends on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EntryContext {
    pub kind: Kind,
    /// What stands before the name in the id: empty, or `plugin:` with folders, each followed by `:`.
    pub prefix: Arc<str>,
    pub naming: Naming,
    pub facts: Arc<PluginFacts>,
    /// Why the client does not look here, a phrase; empty where it does.
    pub not_loaded: &'static str,
}

/// A folder with components, and where they are.
#[derive(Debug, Clone)]
pub(crate) struct ComponentRoot {
    /// The folder, relative to the root.
    pub base: PathBuf,
    pub facts: Arc<PluginFacts>,
    pub components: Components,
    /// Whether the listed skills are all there are (a marketplace's selection from a shared folder).
    pub only_listed: bool,
}

/// What all contexts of a place share.
pub(super) struct Site<'a> {
    pub facts: &'a Arc<PluginFacts>,
    pub base: &'a Path,
    pub prefix: &'a Arc<str>,
}

impl Site<'_> {
    pub(super) fn context(&self, kind: Kind, naming: Naming) -> EntryContext {
        let facts = Arc::clone(self.facts);
        EntryContext { kind, prefix: Arc::clone(self.prefix), naming, facts, not_loaded: "" }
    }

    /// The context of `path` with the folders between `folder` and it in the id.
    pub(super) fn below(&self, folder: &Path, path: &Path, kind: Kind, naming: Naming) -> EntryContext {
        let mut context = self.context(kind, naming);
        let between = path.parent().and_then(|parent| parent.strip_prefix(folder).ok());
        let mut parts = between.into_iter().flat_map(Path::components).peekable();
        if parts.peek().is_some() {
            let mut prefix = String::from(&*context.prefix);
            for part in parts {
                prefix.push_str(&lossy(Some(part.as_os_str())));
                prefix.push(':');
            }
            context.prefix = prefix.into();
        }
        context
    }
}
