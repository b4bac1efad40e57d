//! What the process's exit code says.

/// It failed; standard error says why.
pub const FAILED: u8 = 1;

/// Nothing was found, or the request was refused.
pub const NOTHING_FOUND: u8 = 2;

/// There is no running instance.
pub const NOT_RUNNING: u8 = 3;

/// A routing check found a query that does not find whom it should.
pub const CHECK_FAILED: u8 = 4;

/// It cannot be done while an instance runs.
pub const RUNNING: u8 = 5;

/// The port is held by another program (the number of "address in use" on Linux).
pub const PORT_TAKEN: u8 = 98;
