//! What the definition of a file depends on besides its content: its place in a plugin, and the plugin's manifest.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::path::lossy;
use crate::kind::Kind;
use crate::manifest::Components;
use crate::origin::Origin;

/// What all entries of a plugin have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PluginFacts {
    /// The plugin's name; empty for a project's own entries.
    pub plugin: String,
    pub category: String,
    pub keywords: Vec<String>,
    /// Where they come from.
    pub origin: Arc<Origin>,
    /// Whether the client does not load the plugin.
    pub not_loaded: bool,
}

/// The origin of the last part of an entry's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Naming {
    /// The front matter's name, else the file's stem: agents.
    Stated { stem: Arc<str> },
    /// This name: commands, and skills in a skills folder.
    Fixed { name: Arc<str> },
    /// The front matter's name with unusual characters replaced, else the folder's: a path that is itself a skill.
    OwnSkill { folder: Arc<str> },
}

/// Everything besides the file's content that a definition depends on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EntryContext {
    pub kind: Kind,
    /// The part of the id before the name: empty, or `plugin:` and folders, each followed by `:`.
    pub prefix: Arc<str>,
    pub naming: Naming,
    pub facts: Arc<PluginFacts>,
    /// Why the client does not load the file: a phrase; empty if it does.
    pub not_loaded: &'static str,
}

/// A folder with components: a plugin, or a project's `.claude`.
#[derive(Debug, Clone)]
pub(crate) struct ComponentRoot {
    /// The folder, relative to the root.
    pub base: PathBuf,
    pub facts: Arc<PluginFacts>,
    pub components: Components,
    /// What marketplaces list for the plugin; added to `components`.
    pub added: Components,
    /// Whether the skills folder counts besides the skills that are listed.
    pub has_skills_folder: bool,
    /// Whether only `added` counts: a marketplace's selection from a folder without a manifest that several plugins share.
    pub only_added: bool,
    /// Whether other plugins have the same folder.
    pub is_shared: bool,
}

/// What all contexts in a component root share.
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

    /// The context of `path`, with the folders between it and `folder` in the id; of an agent that belongs to no plugin
    /// they are not part.
    pub(super) fn below(&self, folder: &Path, path: &Path, kind: Kind, naming: Naming) -> EntryContext {
        let mut context = self.context(kind, naming);
        if kind == Kind::Agent && self.facts.plugin.is_empty() {
            return context;
        }
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
