//! What is aimed at, in one place: the tables and the summary judge by these numbers.

/// Cached queries a second over the echo's at least, from so many connections on.
pub(crate) const THROUGHPUT: (usize, f64) = (8, 0.75);

/// Microseconds by which the product's median may exceed the echo's: a query that is cached, one that was never asked.
pub(crate) const CACHED_US: f64 = 8.0;
pub(crate) const UNCACHED_US: f64 = 25.0;

/// The slowest hundredth over the echo's at most, over so many connections.
pub(crate) const TAIL: (usize, f64) = (64, 2.0);

/// The median of a tool call over that of the same query at most.
pub(crate) const TOOL_CALL: f64 = 3.0;

/// A query's time with the query log on over that with it off at most.
pub(crate) const LOGGING: f64 = 1.2;

/// Milliseconds from spawn to the first healthy answer at most, and of a cold start as a multiple of reading the files.
pub(crate) const COLD_MS: f64 = 60.0;
pub(crate) const COLD_READINGS: f64 = 8.0;
pub(crate) const WARM_MS: f64 = 30.0;

/// Milliseconds from the start of `adjutant mcp` to its introduction at most.
pub(crate) const STDIO_MS: f64 = 150.0;

/// Resident megabytes after the mixed queries at most.
pub(crate) const RESIDENT_MB: f64 = 25.0;

/// The product's median over tantivy's at most, by the number of entries up to which it holds.
const OVER_TANTIVY: [(usize, f64); 3] = [(1_000, 0.2), (100_000, 0.6), (usize::MAX, 1.0)];

/// Bytes of the product's index an entry at most, from so many entries on: below, what does not grow weighs more.
pub(crate) const BYTES_AN_ENTRY: (usize, f64) = (100_000, 150.0);

/// Milliseconds at most from beginning to look at one changed file, which a watch does once changes rest, to serving it.
pub(crate) const CHANGE_MS: f64 = 50.0;

/// Milliseconds of a warm start, and microseconds of the slowest hundredth of uncached queries, over a million files.
pub(crate) const MILLION_WARM_MS: f64 = 3_000.0;
pub(crate) const MILLION_P99_US: f64 = 20_000.0;

/// Decisions a second that are acknowledged to 64 writers at least: of the rate of one transaction, and of a commit for
/// each.
pub(crate) const OF_ONE_TRANSACTION: f64 = 0.15;
pub(crate) const OF_A_COMMIT_EACH: f64 = 3.0;

/// The aim of [`OVER_TANTIVY`] for so many entries.
pub(crate) fn over_tantivy(entries: usize) -> f64 {
    OVER_TANTIVY.iter().find(|(most, _)| entries <= *most).map_or(1.0, |(_, aim)| *aim)
}

#[cfg(test)]
mod tests {
    use super::over_tantivy;

    #[test]
    fn aims_follow_the_size() {
        assert_eq!(
            [488, 10_000, 100_000, 1_000_000].map(|size| over_tantivy(size).to_string()),
            ["0.2", "0.6", "0.6", "1"]
        );
    }
}
