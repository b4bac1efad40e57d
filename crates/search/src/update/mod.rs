//! Updating an index where little of the catalog changed.
//!
//! Entries that stayed are not analysed again: their postings are copied, list by list, with new positions. The result
//! equals a newly built index, except for the numbering of terms.

mod apply;
mod diff;
mod duplicates;
mod postings;
