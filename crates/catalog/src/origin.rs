//! Where a definition comes from: its scope, the marketplace of its plugin, and the folder its path is relative to.

use std::path::PathBuf;

/// Where a layer or a definition comes from, which decides its precedence ([`Scope::precedence`]).
///
/// Declared in order of precedence, the highest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// What an administrator prescribes for all users of the machine.
    Managed,
    /// Files of the project.
    #[default]
    Project,
    /// The user's own files and what is installed for the user.
    User,
    /// Entries registered while the service runs.
    Runtime,
    /// What an upstream server offers.
    Upstream,
    /// A collection that comes with the service.
    BuiltIn,
}

impl Scope {
    /// All of them, the highest precedence first.
    pub const ALL: [Scope; 6] =
        [Scope::Managed, Scope::Project, Scope::User, Scope::Runtime, Scope::Upstream, Scope::BuiltIn];
}

/// Where a definition comes from. All definitions of one plugin share it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The scope it belongs to; for an installed plugin, that of its installation.
    pub scope: Scope,
    /// The marketplace its plugin was installed from; empty where it was not.
    pub marketplace: String,
    /// The name under which its plugin is installed from there, which its manifest may state otherwise; empty where it was
    /// not.
    pub installed_as: String,
    /// The absolute folder that [`crate::Definition::path`] is relative to; empty where that goes without saying, in a
    /// project.
    pub root: PathBuf,
    /// Whether ids of its plugin mean the installed plugin also where the project develops one of that name, since entries of
    /// the installed one were taken out of the client's listing under these ids.
    pub is_meant_by_ids: bool,
}

impl Origin {
    /// The plugin as settings of the client name it, `NAME@MARKETPLACE`; `None` where it was not installed.
    pub fn installed_plugin(&self) -> Option<String> {
        let Origin { installed_as, marketplace, .. } = self;
        (!installed_as.is_empty()).then(|| format!("{installed_as}@{marketplace}"))
    }
}
