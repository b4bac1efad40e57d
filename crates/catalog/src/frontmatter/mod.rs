//! Front matter: the block between the two `---` lines at the top of a file.

mod bounds;
mod engine;
mod lenient;
mod plain;
mod quoting;
mod read;
#[cfg(test)]
mod tests;
mod value;

pub(super) use read::{FrontMatter, parse_document, read};
pub(super) use value::Fields;
