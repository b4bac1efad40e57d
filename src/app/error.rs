//! What can go wrong with an operation, by what the caller can do about it.

use store::StoreError;

/// Why an operation has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The caller's parameters are wrong; each sentence names a field, its limit and what came.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
    /// Nothing matches; the caller may ask for what comes near.
    #[error("{message}")]
    NotFound {
        /// What was looked for.
        message: String,
        /// What comes near: ids, roles, capabilities; best first, may be empty.
        suggestions: Vec<String>,
    },
    /// The memory did not take it: the caller is told which kind of trouble it is, and may try again. Paths and details
    /// are for the log.
    #[error("{}", .0.kind())]
    NotStored(StoreError),
    /// Ours to fix: the detail is for the log, never for the client.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl AppError {
    /// One wrong parameter.
    pub fn invalid(sentence: impl Into<String>) -> Self {
        AppError::Invalid(vec![sentence.into()])
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::UnknownPattern(id) => {
                AppError::invalid(format!("pattern_id must be the id of a stored pattern, got {id:?}"))
            }
            StoreError::Invalid(sentences) => AppError::Invalid(sentences),
            other => AppError::NotStored(other),
        }
    }
}
