//! Posting lists of the entries of one kind, compressed.
//!
//! What a term contributes to an entry is computed at indexing time and stored as one of 255 steps, its impact (Anh, de
//! Kretser, Moffat: "Vector-space ranking with effective early termination", 2001), so that scoring a posting is one
//! addition. Most postings follow one of three [`PostingTemplates`], whose impacts are stored once for each entry: such a
//! posting is the distance to the document before it and the number of its template.
//!
//! A list is cut into blocks of 128 postings, bit-packed to the width of the largest, and a tail of varints. The fields
//! and impacts of postings without a template follow their block. The lists that an update changes lie beside the shared
//! ones until all are compacted.

mod cursor;
mod lists;
mod packed;
mod packer;
mod persist;
mod posting;
mod short;

pub(crate) use lists::PostingLists;
pub(crate) use packer::PostingsPacker;
pub(crate) use posting::{Posting, PostingTemplates, TEMPLATES, TemplateImpacts};

#[cfg(test)]
mod tests;
