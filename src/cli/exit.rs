//! What the process's exit code says.

/// It failed; standard error says why.
pub const FAILED: u8 = 1;

/// There is no running instance.
pub const NOT_RUNNING: u8 = 3;

/// The port is held by another program (the number of "address in use" on Linux).
pub const PORT_TAKEN: u8 = 98;
