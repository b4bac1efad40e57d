//! What can go wrong with an operation, by what the caller can do about it, and the error object each becomes.

use std::io::ErrorKind;

use client::outbox::OutboxError;
use protocol::{AccessRole, ErrorCode, ErrorData, ErrorObject, UnavailableReason};
use store::StoreError;

/// Why an operation has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The caller's parameters are wrong; each sentence names a field, its limit and what came.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
    /// The caller's role does not allow it.
    #[error("it takes the role {}", required.as_str())]
    Forbidden {
        /// The role it takes.
        required: AccessRole,
    },
    /// Nothing matches; the caller may ask for a near miss.
    #[error("{message}")]
    NotFound {
        /// What was looked for.
        message: String,
        /// Near misses: ids, roles, capabilities; best first, may be empty.
        suggestions: Vec<String>,
    },
    /// It does not fit the state of what it names.
    #[error("{message}")]
    Conflict {
        /// What it does not fit, and what the caller can do.
        message: String,
        /// That state.
        state: String,
    },
    /// The store did not take it, and may later. Paths and details are for the log.
    #[error("{}", .0.kind())]
    NotStored(StoreError),
    /// It cannot be done now, and may be later.
    #[error("{sentence}")]
    Unavailable {
        /// Why, as a client's program reads it.
        reason: UnavailableReason,
        /// Why, as a person reads it.
        sentence: &'static str,
    },
    /// A fault of ours: the detail is for the log, never for the client.
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl AppError {
    /// One wrong parameter.
    pub fn invalid(sentence: impl Into<String>) -> Self {
        AppError::Invalid(vec![sentence.into()])
    }

    /// Its code on the wire.
    pub fn code(&self) -> ErrorCode {
        match self {
            AppError::Invalid(_) => ErrorCode::InvalidParams,
            AppError::Forbidden { .. } => ErrorCode::Forbidden,
            AppError::NotFound { .. } => ErrorCode::NotFound,
            AppError::Conflict { .. } => ErrorCode::Conflict,
            AppError::NotStored(_) | AppError::Unavailable { .. } => ErrorCode::Unavailable,
            AppError::Internal(_) => ErrorCode::Internal,
        }
    }

    /// The error object of a call that the log knows as `correlation_id`.
    pub fn to_object(&self, correlation_id: &str) -> ErrorObject {
        match self {
            AppError::Invalid(sentences) => ErrorObject::new(self.code(), "Invalid params")
                .with_data(ErrorData { validation_errors: Some(sentences.clone()), ..ErrorData::default() }),
            AppError::Forbidden { required } => {
                ErrorObject::new(self.code(), "Forbidden").with_data(ErrorData {
                    required_role: Some(required.as_str().to_owned()),
                    ..ErrorData::default()
                })
            }
            AppError::NotFound { message, suggestions } => ErrorObject::new(self.code(), message.clone())
                .with_data(ErrorData { suggestions: Some(suggestions.clone()), ..ErrorData::default() }),
            AppError::Conflict { message, state } => ErrorObject::new(self.code(), message.clone())
                .with_data(ErrorData { state: Some(state.clone()), ..ErrorData::default() }),
            AppError::NotStored(cause) => unavailable(reason(cause), cause.kind(), correlation_id),
            AppError::Unavailable { reason, sentence } => unavailable(*reason, sentence, correlation_id),
            AppError::Internal(_) => ErrorObject::new(self.code(), "Internal error").with_data(ErrorData {
                correlation_id: Some(correlation_id.to_owned()),
                ..ErrorData::default()
            }),
        }
    }
}

fn unavailable(reason: UnavailableReason, sentence: &str, correlation_id: &str) -> ErrorObject {
    let mut object = ErrorObject::unavailable(reason, sentence);
    if let Some(data) = &mut object.data {
        data.correlation_id = Some(correlation_id.to_owned());
    }
    object
}

/// Why the store did not take it, as a client reads it.
fn reason(error: &StoreError) -> UnavailableReason {
    match error {
        StoreError::ReadOnly(_) => UnavailableReason::ReadOnly,
        StoreError::Overloaded => UnavailableReason::Overloaded,
        StoreError::Closed => UnavailableReason::Stopping,
        StoreError::DiskFull(_) => UnavailableReason::DiskFull,
        StoreError::Unavailable(_)
        | StoreError::Locked { .. }
        | StoreError::Invalid(_)
        | StoreError::UnknownPattern(_)
        | StoreError::OtherTask { .. } => UnavailableReason::NotStored,
    }
}

impl From<OutboxError> for AppError {
    fn from(error: OutboxError) -> Self {
        let (reason, sentence) = match &error {
            OutboxError::Full(_) => {
                (UnavailableReason::Overloaded, "too many decisions wait on disk already; start an instance")
            }
            OutboxError::Failed { source, .. } => match source.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    (UnavailableReason::DiskFull, "the disk is full; try again once there is room")
                }
                ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
                    (UnavailableReason::ReadOnly, "the decision cannot be kept on disk: it is read-only")
                }
                _ => (UnavailableReason::NotStored, "the decision cannot be kept on disk; try again later"),
            },
        };
        AppError::Unavailable { reason, sentence }
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::UnknownPattern(id) => {
                AppError::invalid(format!("pattern_id must be the id of a stored pattern, got {id:?}"))
            }
            StoreError::OtherTask { task_id, stored } => AppError::Conflict {
                message: format!(
                    "task_id {task_id:?} already names the task {stored:?}: use another task_id, or send that \
                     description to correct its outcome"
                ),
                state: stored,
            },
            StoreError::Invalid(sentences) => AppError::Invalid(sentences),
            other => AppError::NotStored(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_cannot_do_now_says_why_and_when_to_retry() {
        let cases = [
            (StoreError::Overloaded, "overloaded"),
            (StoreError::Closed, "stopping"),
            (StoreError::ReadOnly("/secret".to_owned()), "read_only"),
            (StoreError::DiskFull("database or disk is full".to_owned()), "disk_full"),
            (StoreError::Unavailable("disk I/O error /secret".to_owned()), "not_stored"),
        ];
        for (cause, reason) in cases {
            let error = AppError::from(cause);
            assert_eq!(error.code(), ErrorCode::Unavailable, "{reason}");
            let object = error.to_object("c-1");
            assert!(!object.message.contains("secret"), "{}", object.message);
            let data = object.data.unwrap();
            assert_eq!((data.reason.as_deref(), data.correlation_id.as_deref()), (Some(reason), Some("c-1")));
            assert!(data.retry_after_ms.is_some_and(|ms| ms >= 1_000), "{reason}");
        }
    }

    #[test]
    fn what_the_outbox_cannot_take_now_says_why_and_when_to_retry() {
        let failed = |kind: ErrorKind| OutboxError::Failed { path: "/secret".into(), source: kind.into() };
        let cases = [
            (OutboxError::Full(10_000), "overloaded"),
            (failed(ErrorKind::StorageFull), "disk_full"),
            (failed(ErrorKind::QuotaExceeded), "disk_full"),
            (failed(ErrorKind::ReadOnlyFilesystem), "read_only"),
            (failed(ErrorKind::Other), "not_stored"),
        ];
        for (cause, reason) in cases {
            let error = AppError::from(cause);
            assert_eq!(error.code(), ErrorCode::Unavailable, "{reason}");
            let object = error.to_object("c-1");
            assert!(!object.message.contains("secret"), "{}", object.message);
            let data = object.data.unwrap();
            assert_eq!(data.reason.as_deref(), Some(reason));
            assert!(data.retry_after_ms.is_some_and(|ms| ms >= 1_000), "{reason}");
        }
    }
}
