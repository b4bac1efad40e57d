//! The clients that start an MCP server: what each of them is called, where it keeps its servers, and in which form.
//!
//! `client` names them, `server_command` is what they start, `install_line` words the one line that adds it, `places` says
//! which files a client has, `config_text` and `toml_text` edit their text, and `change` writes them so that it can be taken back.

mod change;
mod client;
mod config_text;
mod edited;
mod error;
mod install_line;
mod places;
mod record;
mod server_command;
mod toml_text;

pub use change::{Change, Prepared, Undo, Undoing};
pub use client::McpClient;
pub use error::ClientError;
pub use install_line::{deep_link, install_line};
pub use places::Places;
pub use record::{InitRecord, WrittenFile};
pub use server_command::ServerCommand;
