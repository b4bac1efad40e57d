//! The ranking as a whole, through the public interface.

mod bad_input;
mod bm25f_oracle;
mod collection;
mod ranking;
mod similarity;
mod update;
