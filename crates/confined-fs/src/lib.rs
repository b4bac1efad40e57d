//! Opening files in folders that somebody else may have filled: no link leads out of them and no pipe blocks a reader.

pub mod private_file;
pub mod scan_root;
