//! What the process's exit code says.

/// It failed; standard error says why.
pub const FAILED: u8 = 1;

/// Nothing was found, or the request or the command line was refused.
pub const NOTHING_FOUND: u8 = 2;

/// There is no running instance.
pub const NOT_RUNNING: u8 = 3;

/// A routing check found a query that does not find whom it should.
pub const CHECK_FAILED: u8 = 4;

/// It cannot be done while an instance runs.
pub const RUNNING: u8 = 5;

/// The port is held by another program (the number of "address in use" on Linux).
pub const PORT_TAKEN: u8 = 98;

/// All of them, in the words of the help.
pub const MEANINGS: [(u8, &str); 7] = [
    (0, "done"),
    (FAILED, "failed; standard error says why"),
    (NOTHING_FOUND, "nothing found, or the request or the command line was refused"),
    (NOT_RUNNING, "no instance runs"),
    (CHECK_FAILED, "a check failed"),
    (RUNNING, "cannot be done while an instance runs"),
    (PORT_TAKEN, "the port is held by another program"),
];

#[cfg(test)]
mod tests {
    use super::{FAILED, NOTHING_FOUND};
    use protocol::ErrorCode;

    #[test]
    fn error_codes_exit_as_the_help_says() {
        for code in ErrorCode::ALL {
            let is_answer = matches!(code, ErrorCode::InvalidParams | ErrorCode::NotFound);
            assert_eq!(code.exit_code(), if is_answer { NOTHING_FOUND } else { FAILED }, "{code}");
        }
    }
}
