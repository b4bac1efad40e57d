//! Columns that line up, and quantities in units that read well.

use super::output;

/// Space between two columns.
const GAP: &str = "  ";

/// Prints rows below a heading; each column is as wide as its widest cell, the last ends where it ends.
pub(super) fn print<const N: usize>(heading: [&str; N], rows: &[[String; N]]) {
    let heading = heading.map(str::to_owned);
    let all = || std::iter::once(&heading).chain(rows);
    let mut widths = [0; N];
    for row in all() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in all() {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        output::line(cells.collect::<Vec<_>>().join(GAP).trim_end());
    }
}

/// A time as RFC 3339 writes it, without what nobody reads in a list.
pub(super) fn minute(timestamp: &str) -> String {
    timestamp.chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// Text on one line, cut to `most` characters.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    crate::app::rows::shortened(&line, most)
}

/// Milliseconds in the unit that suits them.
pub(super) fn duration(ms: i64) -> String {
    match ms {
        ..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms / 1_000 % 60),
        _ => format!("{} h {} min", ms / 3_600_000, ms / 60_000 % 60),
    }
}

/// Bytes in the unit that suits them.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        ..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_well() {
        for (ms, text) in [(7, "7 ms"), (1_250, "1.2 s"), (61_000, "1 min 1 s"), (7_260_000, "2 h 1 min")] {
            assert_eq!(duration(ms), text);
        }
        for (bytes, text) in [(512, "512 bytes"), (49_152, "49 KB"), (123_456_789, "123 MB")] {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(minute("2026-11-21T02:25:09.123Z"), "2026-11-21 02:25");
        assert_eq!(one_line(" a\n b ", 10), "a b");
    }
}
