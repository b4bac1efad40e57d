//! The four settings files, as the client reads them.

use super::json_file::{Content, JsonFile};
use crate::problem::code;
use claude_settings::FileSettings;

/// What the file says; `None` where it cannot be used.
pub(super) fn read(file: &mut JsonFile<'_>) -> Option<FileSettings> {
    let bytes = match file.bytes() {
        Content::Missing => return Some(FileSettings::default()),
        Content::Unusable => return None,
        Content::Is(bytes) => bytes,
    };
    let said = FileSettings::parse(&bytes);
    said.inspect_err(|error| file.report(code::SETTINGS_UNUSABLE, error.to_string())).ok()
}
