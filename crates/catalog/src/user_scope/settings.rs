//! The four settings files, as the client reads them.

use super::json_file::{Content, JsonFile};
use crate::problem::code;
use claude_settings::FileSettings;

/// What the file says; `None` where it cannot be used. Of a member that cannot be used, what it said in `last` counts.
pub(super) fn read(file: &mut JsonFile<'_>, last: Option<&FileSettings>) -> Option<FileSettings> {
    let bytes = match file.bytes() {
        Content::Missing => return Some(FileSettings::default()),
        Content::Unusable => return None,
        Content::Is(bytes) => bytes,
    };
    let said = match FileSettings::parse(&bytes) {
        Ok(said) => said,
        Err(error) => {
            file.report(code::SETTINGS_UNUSABLE, error.to_string());
            return None;
        }
    };
    for what in said.unusable() {
        file.report(code::SETTINGS_UNUSABLE, what.clone());
    }
    for what in said.odd() {
        file.report(code::INSTALL_INVALID, what.clone());
    }
    Some(match last {
        Some(last) => said.or_last(last),
        None => said,
    })
}
