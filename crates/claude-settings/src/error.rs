//! Why a settings file is left alone.

/// Why a settings file cannot be edited. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Its text is not one JSON object.
    #[error("it is not a JSON object ({0})")]
    NotJson(String),
    /// A member that holds settings of ours has another shape than the client gives it.
    #[error("its member {0} is not {1}")]
    Shape(String, &'static str),
    /// The record of what was written holds something else than JSON values.
    #[error("the record of what was written is damaged ({0:?} is not a JSON value)")]
    DamagedRecord(String),
    /// A member is there twice: which one counts is the client's guess.
    #[error("its member {0} is there twice")]
    Duplicate(String),
}
