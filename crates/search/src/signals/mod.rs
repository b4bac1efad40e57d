//! All ranking signals of one request, and the score they add up to.

mod confidence;
mod parsed_query;
mod ranking;
mod score_parts;

pub(crate) use parsed_query::ParsedQuery;
pub(crate) use ranking::RankingSignals;
pub(crate) use score_parts::ScoreParts;
