//! What the log may take of disk and memory.

/// Days of log files that are kept.
pub const DAYS_KEPT: usize = 7;

/// Lines that may wait for the disk before further ones are dropped and counted. At some 300 bytes a line
/// this bounds what a stalled disk costs to about 5 MB.
pub const WAITING_LINES: usize = 16_384;

/// Characters of one value that a line keeps: the longest message of our own has some 300.
pub const MAX_TEXT_CHARS: usize = 1_024;

/// Bytes of one day's file, a tenth of them for warnings and errors alone: with what is compressed, a week of full days
/// has some 300 MB. At 300 bytes a call it is reached after 350,000 calls.
pub const MAX_DAY_BYTES: u64 = 100 << 20;
