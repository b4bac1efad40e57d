//! Column values: JSON, text that may have been edited by hand, integers.

use rusqlite::Row;

/// A list or map as JSON, which cannot fail.
pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The text of a column; empty if it is NULL or not text.
pub(super) fn text<'a>(row: &'a Row<'_>, column: usize) -> &'a str {
    row.get_ref(column).ok().and_then(|value| value.as_str().ok()).unwrap_or_default()
}

/// The value of a JSON text; the default if it is not valid.
pub(super) fn from_json<T: serde::de::DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

/// An SQLite integer, which is signed; larger numbers are clamped.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
