//! Values of columns: JSON, texts that somebody may have edited, numbers.

use rusqlite::Row;

/// A list or map as JSON; neither can fail to be written.
pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A text that may be missing or, edited by hand, something else: both count as empty.
pub(super) fn text<'a>(row: &'a Row<'_>, column: usize) -> &'a str {
    row.get_ref(column).ok().and_then(|value| value.as_str().ok()).unwrap_or_default()
}

/// JSON that may be missing or wrong, likewise.
pub(super) fn from_json<T: serde::de::DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

/// SQLite's integers are signed.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
