//! Every operation of the service, one file a subject, and the one table that lists them.

pub mod decision;
pub mod definition;
pub mod explain;
pub mod find;
pub mod health;
pub mod import;
pub mod kind_query;
pub mod patterns;
pub mod reindex;
mod table;

pub use table::{Method, Visitor};
