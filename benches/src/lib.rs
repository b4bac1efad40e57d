//! What the benches' binaries share: entries to search, and the engines that search them.
//!
//! * [`numbers`]: numbers that look random and are the same in every run;
//! * [`synthetic`]: entries of a realistic vocabulary, as many as are wanted; [`subject`]: these or real ones as a catalog;
//! * [`asked`]: the queries; [`engine`]: the product and what it is compared with, behind one face;
//! * [`reference`]: the published formula, worked out for every entry.

pub mod collection_queries;
pub mod engine;
pub mod numbers;
pub mod reference;
pub mod subject;
pub mod synthetic;
