//! What can go wrong with an operation, by what the caller can do about it.

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
