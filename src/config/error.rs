//! Why a configuration cannot be used.

use std::path::PathBuf;

/// Why a configuration cannot be used; the text says which setting and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A configuration file that cannot be used.
    #[error("{}{}: {why}", .file.display(), .line.map(|line| format!(":{line}")).unwrap_or_default())]
    File {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1, where one is to blame.
        line: Option<usize>,
        /// Why, and what would be right.
        why: String,
    },
    /// A value that cannot be read.
    #[error("{place} is {value:?}; it must be {expected}")]
    Value {
        /// The flag, the variable, or the key with its file.
        place: String,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// The project's folder cannot be used.
    #[error("the project's folder {path:?} cannot be used: {source}", path = .path.display())]
    Root {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The token cannot be used. Neither names what it holds.
    #[error("the token in {place} cannot be used: {why}")]
    Token {
        /// The variable or the file.
        place: String,
        /// Why.
        why: String,
    },
    /// An address that others reach, and no token.
    #[error(
        "{address} can be reached by others, which needs a token: set MCP_TOKEN, or write one into {file:?}",
        file = .file.display()
    )]
    Unguarded {
        /// The address.
        address: std::net::IpAddr,
        /// Where a token is looked for.
        file: PathBuf,
    },
}
