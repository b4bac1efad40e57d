//! Columns that line up, and quantities in units that read well.

use super::output::{self, Tone};

/// Space between two columns.
const GAP: &str = "  ";

/// Prints rows below a heading; each column is as wide as its widest cell, the last ends where it ends. The first
/// column stands out.
pub(super) fn print<const N: usize>(heading: [&str; N], rows: &[[String; N]]) {
    let heading = heading.map(str::to_owned);
    let mut widths = [0; N];
    for row in std::iter::once(&heading).chain(rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    print_row(&heading, widths, [Tone::Quiet, Tone::Quiet]);
    for row in rows {
        print_row(row, widths, [Tone::Strong, Tone::Plain]);
    }
}

/// Prints one row; `first` is the tone of its first cell, `rest` that of the others.
fn print_row<const N: usize>(row: &[String; N], widths: [usize; N], [first, rest]: [Tone; 2]) {
    let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    let line = cells.collect::<Vec<_>>().join(GAP);
    let line = line.trim_end();
    let cut = line.char_indices().nth(widths.first().copied().unwrap_or(0)).map_or(line.len(), |(at, _)| at);
    let (head, tail) = line.split_at(cut);
    output::toned(&[(first, head), (rest, tail)]);
}

/// A time as RFC 3339 writes it, without what nobody reads in a list.
pub(super) fn minute(timestamp: &str) -> String {
    timestamp.chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// Text on one line, cut to `most` characters.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    crate::app::hit_view::shortened(&line, most)
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
