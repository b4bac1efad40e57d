//! One agent, skill or workflow, as read from its file.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::invocation::Invocation;
use super::kind::Kind;
use super::origin::Origin;

/// One entry of the catalog. Text fields are whole as read (lossy UTF-8, control characters removed);
/// answers shorten them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Definition {
    /// Its kind.
    pub kind: Kind,
    /// `plugin:name`, written exactly as Claude Code writes it; a project's own entries have no prefix. No two definitions of
    /// a file layer have the same kind and id: where several files claim one, all but one have `@` and their path behind it.
    pub id: String,
    /// The plugin's name; empty for a project's or a user's own `.claude` entries.
    pub plugin: String,
    /// Agents: the name in the front matter, else the stem. Skills: the folder. Workflows: the stem.
    pub name: String,
    /// Other ids and names that find it (the front matter's name of a skill or command, the stem of an agent).
    pub aliases: Vec<String>,
    /// Its purpose; derived from the first heading and paragraph where the file states none.
    pub description: String,
    /// The front matter's `when_to_use`, where a file has one.
    pub when_to_use: String,
    /// The front matter's `model` as written; no enum, since files hold ids, aliases and free text.
    pub model: Option<String>,
    /// The front matter's `tools` (agents) or `allowed-tools` (skills, workflows), split.
    pub tools: Vec<String>,
    /// Agents: members of the front matter that say how the client runs it beside its tools and model, each by its name, and
    /// with its value where that is one of a few: `disallowedTools`, `permissionMode: plan`.
    pub run_settings: Vec<String>,
    /// The front matter's `category`, else the marketplace's for the plugin, else empty.
    pub category: String,
    /// The front matter's and the plugin manifest's `keywords` and `tags`, lower case, without duplicates; preceded,
    /// for a skill that states none, by those derived as for `capabilities`.
    pub keywords: Vec<String>,
    /// Stated capabilities, or those derived from name, keywords, description, headings and bullets.
    pub capabilities: Vec<String>,
    /// The front matter's `argument-hint`, as text.
    pub arguments: String,
    /// Workflows: the titles of its steps or phases, in order.
    pub steps: Vec<String>,
    /// Workflows: the agents that its body names, as written.
    pub agents: Vec<String>,
    /// Markdown headings of the body in order, without hashes; fenced code is ignored.
    pub headings: Vec<String>,
    /// The text after the front matter.
    pub body: String,
    /// Where it comes from.
    pub origin: Arc<Origin>,
    /// The file, relative to the root it was found under.
    pub path: PathBuf,
    /// Lower-case hex SHA-256 of the file's bytes.
    pub content_hash: String,
    /// Whether its author asked not to offer it (`adjutant: hidden`): it is found by its id alone.
    pub hidden: bool,
    /// Skills and workflows: who may run it in Claude Code.
    pub invocation: Invocation,
    /// Whether Claude Code does not load it under its id: it does not look there, does not load the plugin, or keeps another
    /// file of the same id.
    pub not_loaded: bool,
}

impl Definition {
    /// Its file as people are told of it: relative to the project, or absolute where it lies elsewhere.
    pub fn shown_path(&self) -> Cow<'_, Path> {
        let root = &self.origin.root;
        if root.as_os_str().is_empty() {
            Cow::Borrowed(&self.path)
        } else {
            Cow::Owned(root.join(&self.path))
        }
    }
}
