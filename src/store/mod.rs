//! The SQLite database and its single writer thread.
