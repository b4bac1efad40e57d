//! Claude Code's settings files: what they switch off, and edits of their text that can be taken back.
//!
//! A settings file is the user's. An edit changes nothing but the keys it is about ([`Document`]): order, indentation and
//! numbers of the rest stay as they are written. What was edited is recorded ([`Record`]), and [`restore`] compares three
//! texts of each key: the one before, the one that was written, and the one that is there now. A key that somebody
//! changed in the meantime stays as it is.
//!
//! ```
//! use adjutant_claude_settings::{Record, SettingKey, offload, restore};
//!
//! let before = "{\n  \"model\": \"opus\"\n}\n";
//! let mut record = Record::default();
//! let keys = [SettingKey::Plugin("web@market".to_owned()), SettingKey::Agent("reviewer".to_owned())];
//! let after = offload(Some(before), &keys, &mut record, 0).unwrap();
//! assert!(after.contains("\"web@market\": false") && after.contains("\"Agent(reviewer)\""));
//! let restored = restore(Some(&after), &record).unwrap();
//! assert_eq!(restored.text.as_deref(), Some(before));
//! ```
//!
//! Texts go in and out as strings: this crate opens no file and knows no clock.

mod document;
mod edit;
mod effective;
mod entry;
mod error;
mod file_settings;
mod json_span;
mod key;
mod record;
mod restore;

pub use document::Document;
pub use edit::offload;
pub use effective::{ClientSettings, Level};
pub use entry::{EntryEdit, EntryPlace};
pub use error::SettingsError;
pub use file_settings::FileSettings;
pub use key::SettingKey;
pub use record::{Record, Written};
pub use restore::{Changed, Restored, restore};
