//! The one table of error codes: JSON-RPC code, name, HTTP status, exit code, and whether the same call may succeed later.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $name:literal, $status:literal, $retry:literal, $exit:literal;)*) => {
        /// Why a call failed, the same for every transport and client.
        ///
        /// ```
        /// use adjutant_protocol::ErrorCode;
        ///
        /// let code = ErrorCode::from_code(-32006).unwrap();
        /// assert_eq!((code.name(), code.http_status(), code.is_retryable()), ("unavailable", 503, true));
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: [ErrorCode; [$($code),*].len()] = [$(ErrorCode::$variant),*];

            /// The JSON-RPC code.
            pub const fn code(self) -> i32 {
                match self { $(ErrorCode::$variant => $code,)* }
            }

            /// The name in both clients and on REST.
            pub const fn name(self) -> &'static str {
                match self { $(ErrorCode::$variant => $name,)* }
            }

            /// The HTTP status of a single call that fails so.
            pub const fn http_status(self) -> u16 {
                match self { $(ErrorCode::$variant => $status,)* }
            }

            /// Whether the same call, unchanged, may succeed later.
            pub const fn is_retryable(self) -> bool {
                match self { $(ErrorCode::$variant => $retry,)* }
            }

            /// The exit code of a command that fails so.
            pub const fn exit_code(self) -> u8 {
                match self { $(ErrorCode::$variant => $exit,)* }
            }

            /// The code that a peer sent, where it is one of the table.
            pub fn from_code(code: i64) -> Option<ErrorCode> {
                ErrorCode::ALL.into_iter().find(|known| i64::from(known.code()) == code)
            }
        }
    };
}

impl ErrorCode {
    /// The code of a request that was refused with this status before anything was known of a call: any status that the
    /// table does not have means a fault of the service (5xx) or a request that none could be (4xx).
    pub const fn of_http_status(status: u16) -> ErrorCode {
        match status {
            401 => ErrorCode::Unauthenticated,
            403 => ErrorCode::Forbidden,
            404 => ErrorCode::NotFound,
            429 => ErrorCode::RateLimited,
            503 => ErrorCode::Unavailable,
            500..=599 => ErrorCode::Internal,
            _ => ErrorCode::InvalidRequest,
        }
    }
}

error_codes! {
    // variant = JSON-RPC code, name, HTTP status, retryable, exit code
    /// Not JSON, or not UTF-8.
    NotJson = -32700, "not_json", 400, false, 1;
    /// Not a request object, an empty batch, or a wrong `jsonrpc`.
    InvalidRequest = -32600, "invalid_request", 400, false, 1;
    /// There is no such method; `data.methods` lists the known ones.
    UnknownMethod = -32601, "unknown_method", 404, false, 1;
    /// Missing, of the wrong type, out of range or unknown; `data.validation_errors` has a sentence for each.
    InvalidParams = -32602, "invalid_params", 400, false, 2;
    /// A fault of the service: `data.correlation_id` leads to the log, which has the details.
    Internal = -32603, "internal", 500, false, 1;
    /// No or wrong credentials.
    Unauthenticated = -32001, "unauthenticated", 401, false, 1;
    /// The caller's role or scope does not allow it.
    Forbidden = -32003, "forbidden", 403, false, 1;
    /// Nothing matches; `data.suggestions` has near misses.
    NotFound = -32004, "not_found", 404, false, 2;
    /// Too many calls; `data.retry_after_ms` says when to retry.
    RateLimited = -32005, "rate_limited", 429, true, 1;
    /// The service cannot do it now; see [`UnavailableReason`]. `data.retry_after_ms` says when to retry.
    Unavailable = -32006, "unavailable", 503, true, 1;
    /// A rule, consent, a held tool or a server that waits for approval.
    Denied = -32007, "denied", 403, false, 1;
    /// A person is asked; `data.approval` names the approval.
    ApprovalPending = -32008, "approval_pending", 202, true, 1;
    /// State, revision or key do not fit; `data.state` is the current one.
    Conflict = -32009, "conflict", 409, false, 1;
    /// An upstream server failed.
    UpstreamFailed = -32011, "upstream_failed", 502, false, 1;
    /// An upstream server's queue, or the one in front of it, is full.
    UpstreamBusy = -32013, "upstream_busy", 503, true, 1;
    /// An upstream server did not answer in time; the outcome is unknown.
    UpstreamTimeout = -32014, "upstream_timeout", 504, false, 1;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Why the service is [`ErrorCode::Unavailable`]: `data.reason` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnavailableReason {
    /// It has not started yet.
    Starting,
    /// It shuts down.
    Stopping,
    /// It has more to do than it takes on at once.
    Overloaded,
    /// The database can be read only, until the process is started again.
    ReadOnly,
    /// There is no room on the disk.
    DiskFull,
    /// The database did not take it, for any other reason.
    NotStored,
    /// Reading the files again failed.
    ScanFailed,
}

impl UnavailableReason {
    /// Every reason.
    pub const ALL: [UnavailableReason; 7] = [
        UnavailableReason::Starting,
        UnavailableReason::Stopping,
        UnavailableReason::Overloaded,
        UnavailableReason::ReadOnly,
        UnavailableReason::DiskFull,
        UnavailableReason::NotStored,
        UnavailableReason::ScanFailed,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            UnavailableReason::Starting => "starting",
            UnavailableReason::Stopping => "stopping",
            UnavailableReason::Overloaded => "overloaded",
            UnavailableReason::ReadOnly => "read_only",
            UnavailableReason::DiskFull => "disk_full",
            UnavailableReason::NotStored => "not_stored",
            UnavailableReason::ScanFailed => "scan_failed",
        }
    }

    /// Milliseconds after which a retry is worth it: a start and a queue take moments, a full disk or a read-only database
    /// needs somebody.
    pub const fn retry_after_ms(self) -> u64 {
        match self {
            UnavailableReason::Starting
            | UnavailableReason::Stopping
            | UnavailableReason::Overloaded
            | UnavailableReason::NotStored
            | UnavailableReason::ScanFailed => 1_000,
            UnavailableReason::DiskFull => 10_000,
            UnavailableReason::ReadOnly => 60_000,
        }
    }
}

impl fmt::Display for UnavailableReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ErrorCode, UnavailableReason};

    #[test]
    fn codes_and_names_are_unique_and_lead_back() {
        let names: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_code(code.code().into()), Some(code));
            assert!(!(-32099..=-32020).contains(&code.code()), "{code} is of the MCP specification's range");
        }
        assert_eq!(ErrorCode::from_code(-32000), None);
    }

    #[test]
    fn what_may_be_retried_answers_a_status_that_says_so() {
        for code in ErrorCode::ALL {
            assert_eq!(code.is_retryable(), matches!(code.http_status(), 202 | 429 | 503), "{code}");
        }
    }

    #[test]
    fn a_refusal_has_the_code_of_its_status() {
        for status in [400, 401, 403, 404, 429, 500, 503] {
            assert_eq!(ErrorCode::of_http_status(status).http_status(), status);
        }
        for status in [405, 406, 408, 413, 415, 431] {
            assert_eq!(ErrorCode::of_http_status(status), ErrorCode::InvalidRequest, "{status}");
        }
    }

    #[test]
    fn reasons_have_their_names_on_the_wire() {
        for reason in UnavailableReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
