//! The rules of the house, held by reading the sources: which layer may name which, where a dependency, a file or the
//! environment may be touched, and what a module looks like. A rule is changed here on purpose or not at all.

#![cfg(test)]

mod circles;
mod form;
mod layers;
mod sources;

/// Fails with one line for each violation.
fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}
