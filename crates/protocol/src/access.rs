//! What an operation does to the service's state, and which role it takes to call it.

use serde::{Deserialize, Serialize};

/// Whether an operation changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationClass {
    /// It reads a snapshot and waits for nothing.
    Read,
    /// It changes what is stored and waits for the disk.
    Write,
}

/// A caller's role; a higher one may do everything that a lower one may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessRole {
    /// Queries, health, metrics, lists.
    Viewer,
    /// Also decisions and patterns.
    Operator,
    /// Everything.
    Admin,
}

impl AccessRole {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            AccessRole::Viewer => "viewer",
            AccessRole::Operator => "operator",
            AccessRole::Admin => "admin",
        }
    }

    /// Whether this role includes `required`.
    pub fn includes(self, required: AccessRole) -> bool {
        self >= required
    }
}
