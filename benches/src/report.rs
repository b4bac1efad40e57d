//! How results read: aligned tables, with the targets where there are any.

use std::io::Write;
use std::sync::LazyLock;
use std::time::Instant;

use crate::machine::Machine;

/// A row of a table of single values.
#[derive(Debug)]
pub(crate) struct Row(Vec<String>);

impl Row {
    /// A value without a target.
    pub(crate) fn of(name: impl Into<String>, value: impl Into<String>) -> Row {
        Row(vec![name.into(), value.into()])
    }

    /// A row of more than one value.
    pub(crate) fn of_many(name: impl Into<String>, values: impl IntoIterator<Item = String>) -> Row {
        Row(std::iter::once(name.into()).chain(values).collect())
    }

    /// With the target it should stay below.
    pub(crate) fn at_most(mut self, target: &str, met: bool) -> Row {
        self.0.extend([format!("≤ {target}"), verdict(met)]);
        self
    }
}

/// Prints a heading with the machine's facts and a table.
pub(crate) fn print_table(heading: &str, machine: &Machine, rows: Vec<Row>) -> anyhow::Result<()> {
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| row.0).collect();
    writeln!(std::io::stdout(), "{heading}\n{}\n{}", machine.in_words(), aligned(&rows))?;
    Ok(())
}

/// When the first progress was told.
static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Says on the standard error what is being measured, and how long everything took until now.
pub(crate) fn progress(what: &str) {
    let seconds = BEGAN.elapsed().as_secs();
    // Nobody may be listening any more; the run goes on for its file.
    let _ = writeln!(std::io::stderr(), "{:>3}:{:02} {what}", seconds / 60, seconds % 60);
}

/// Prints a line to the standard output.
pub(crate) fn line(text: &str) {
    // A reader that closed the pipe wants no more.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A target and whether `value` meets it; two empty cells where there is none.
pub(crate) fn judged(target: Option<f64>, value: f64, unit: &str) -> [String; 2] {
    let Some(target) = target else { return Default::default() };
    [format!("≤ {target} {unit}"), verdict(value <= target)]
}

/// Whether a target is met, in a word.
pub(crate) fn verdict(met: bool) -> String {
    if met { "met" } else { "MISSED" }.to_owned()
}

/// A measured value with three digits that count, or all before the point.
pub(crate) fn figure(value: f64) -> String {
    let decimals = match value.abs() {
        size if size < 1.0 => 3,
        size if size < 10.0 => 2,
        size if size < 100.0 => 1,
        _ => 0,
    };
    grouped(&format!("{value:.decimals$}"))
}

/// A number of things, its digits in groups of three.
pub(crate) fn counted(count: usize) -> String {
    grouped(&count.to_string())
}

/// With commas between groups of three digits before the point.
pub(crate) fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let digits = whole.trim_start_matches('-').len();
    let mut text = whole[..whole.len() - digits].to_owned();
    for (at, digit) in whole[whole.len() - digits..].chars().enumerate() {
        if at > 0 && (digits - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

/// Rows of cells as a table of Markdown, the first row its head.
pub(crate) fn markdown(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let line = |row: &Vec<String>| {
        let padded = row.iter().map(String::as_str).chain(std::iter::repeat("")).take(columns);
        padded.fold(String::from("|"), |line, cell| line + " " + &cell.replace('|', "\\|") + " |") + "\n"
    };
    let under = "|".to_owned() + &" --- |".repeat(columns) + "\n";
    let lines = rows.iter().map(line);
    lines.enumerate().map(|(at, line)| if at == 0 { line + &under } else { line }).collect()
}

/// A row of texts.
pub(crate) fn cells<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

/// Rows of cells as lines: the first column to the left, the others to the right.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| Some(row.get(column)?.chars().count())).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let padded = row.iter().enumerate().map(|(column, cell)| {
            let width = widths[column];
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::{aligned, cells, counted, figure, judged, markdown};

    #[test]
    fn figures_have_the_digits_that_count() {
        let told = [0.16, 0.7478, 3.138, 41.44, 216.4, 94_260.3, -1_234_567.0].map(figure);
        assert_eq!(told, ["0.160", "0.748", "3.14", "41.4", "216", "94,260", "-1,234,567"]);
        assert_eq!([1, 488, 1_000, 1_000_000].map(counted), ["1", "488", "1,000", "1,000,000"]);
    }

    #[test]
    fn a_table_of_markdown_has_a_head_and_whole_rows() {
        let rows = [cells(["a", "b"]), cells(["x|y", "1"]), cells(["z"])];
        assert_eq!(markdown(&rows[..1]), "| a | b |\n| --- | --- |\n");
        assert_eq!(markdown(&rows).lines().skip(2).collect::<Vec<_>>(), ["| x\\|y | 1 |", "| z |  |"]);
    }

    #[test]
    fn columns_are_aligned_by_characters() {
        let rows = [cells(["name", "µs"]), cells(["a longer name", "12.5"]), cells(["x", ""])];
        assert_eq!(aligned(&rows), "name             µs\na longer name  12.5\nx\n");
    }

    #[test]
    fn a_target_is_met_up_to_itself() {
        assert_eq!(judged(Some(2.0), 2.0, "×"), ["≤ 2 ×", "met"]);
        assert_eq!(judged(Some(2.0), 2.01, "×"), ["≤ 2 ×", "MISSED"]);
        assert_eq!(judged(None, 1.0, "×"), ["", ""]);
    }
}
