//! How results read: aligned tables, with the targets where there are any.

use std::io::Write;

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

    /// With the target it should reach.
    pub(crate) fn at_least(mut self, target: f64, value: f64) -> Row {
        self.0.extend([format!("≥ {target}"), verdict(value >= target)]);
        self
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

/// Says on the standard error what is being measured.
pub(crate) fn progress(what: &str) {
    // Nobody may be listening any more; the run goes on for its file.
    let _ = writeln!(std::io::stderr(), "measuring: {what}");
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
    use super::{aligned, cells, judged};

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
