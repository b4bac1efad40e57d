//! The in-memory indexes over a catalog, and one ranking that combines them.

pub mod text;
