//! Timestamps in the database's formats.

use time::format_description::FormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

const WRITTEN: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
/// The format of SQLite's `CURRENT_TIMESTAMP`.
const SQLITE: &[FormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
const FILE_NAME: &[FormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:3]Z");

/// Now, in milliseconds since 1970, UTC.
pub fn now_ms() -> i64 {
    to_ms(std::time::SystemTime::now())
}

/// A timestamp in milliseconds since 1970, UTC.
pub(super) fn to_ms(moment: impl Into<OffsetDateTime>) -> i64 {
    let moment: OffsetDateTime = moment.into();
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

fn from_ms(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// RFC 3339 with milliseconds, UTC, which sorts by time. A timestamp beyond the year 9999 becomes 1970.
pub fn rfc3339(ms: i64) -> String {
    from_ms(ms).format(WRITTEN).unwrap_or_default()
}

/// Parses RFC 3339 or the format of SQLite's functions; 0 if it is neither.
pub(super) fn parse(text: &str) -> i64 {
    let moment = OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| PrimitiveDateTime::parse(text, SQLITE).map(PrimitiveDateTime::assume_utc));
    moment.map_or(0, to_ms)
}

/// A timestamp as part of a file name; such names sort by time.
pub(super) fn for_file_name(ms: i64) -> String {
    from_ms(ms).format(FILE_NAME).unwrap_or_default()
}

/// The reverse of [`for_file_name`].
pub(super) fn from_file_name(text: &str) -> Option<i64> {
    PrimitiveDateTime::parse(text, FILE_NAME).ok().map(|moment| to_ms(moment.assume_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_survive_being_written() {
        for ms in [0, 1, 999, 1_762_293_600_123, 253_402_300_799_999] {
            assert_eq!(parse(&rfc3339(ms)), ms);
            assert_eq!(from_file_name(&for_file_name(ms)), Some(ms));
        }
        assert_eq!(rfc3339(1_762_293_600_123), "2025-11-04T22:00:00.123Z");
        assert_eq!(parse("2025-11-04 22:00:00"), 1_762_293_600_000);
        assert_eq!(parse("yesterday"), 0);
        assert_eq!(rfc3339(i64::MAX), "1970-01-01T00:00:00.000Z");
    }
}
