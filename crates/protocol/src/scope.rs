//! Where entries come from, on the wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where an entry comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScopeName {
    /// The project: its files, and what is installed for it.
    #[default]
    Project,
    /// The user: own files, and what is installed for the user.
    User,
    /// An administrator.
    Managed,
    /// The service: what comes with it, or is registered with it.
    Server,
    /// An offload took it out of the client's listing, whosever it is.
    Offloaded,
}
