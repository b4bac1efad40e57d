//! Query parsing: from the words of a request to weighted terms of the collection.

mod parser;
mod tokens;
mod weighted;

pub(crate) use parser::QueryParser;
pub(crate) use tokens::QueryTokens;
pub(crate) use weighted::WeightedQuery;
