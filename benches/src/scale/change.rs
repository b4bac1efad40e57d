//! One file of many changes: how long until it is served, as its writer sees it and as the service reports it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use adjutant_bench::subject::SEED;
use adjutant_bench::synthetic::{Entries, Entry};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::files;
use crate::http::{Connection, Request};
use crate::product::Product;
use crate::starts::Spread;
use crate::{interrupt, queries};

/// Changes of each kind, of which the median counts.
const CHANGES: usize = 5;

/// Words that nothing else holds, and that no repair takes for another: one a change.
const MARKS: [&str; 2 * CHANGES] = ["ab", "cd", "ef", "gh", "ik", "lm", "no", "pq", "rs", "tu"];

/// Time until a changed file has to be served, and the service has to have told so.
const PATIENCE: Duration = Duration::from_mins(2);

/// Time between two looks for a changed answer.
const POLL: Duration = Duration::from_millis(1);

/// What the service logs once a re-index is served.
const REINDEXED: &str = "re-indexed";

/// Milliseconds of one changed file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Changed {
    /// From writing it to its new words being found, noticed by the service itself.
    pub(crate) served: Spread,
    /// Of these, from beginning to look at what changed to serving it, as the service reports: all but the wait for
    /// further changes.
    pub(crate) reported: Spread,
    /// From writing it to its new words being found where a re-index is asked for, which looks at every file.
    pub(crate) asked: Spread,
}

/// Changes files below `root`, one after the other, half of them in silence.
pub(super) fn measure(product: &Product, root: &Path, data_dir: &Path) -> anyhow::Result<Changed> {
    let mut connection = Connection::open_patient(product.port, PATIENCE)?;
    let (mut served, mut reported, mut asked) = (Vec::new(), Vec::new(), Vec::new());
    let entries = Entries::of(SEED).take(2 * CHANGES);
    for ((at, entry), mark) in entries.enumerate().zip(MARKS) {
        let word = format!("zyqv{mark}xj");
        let changed = Entry { description: format!("{} {word}", entry.description), ..entry.clone() };
        let known = reports(data_dir)?.into_iter().filter(Report::is_change).count();
        let is_asked = at % 2 == 1;
        let began = Instant::now();
        fs::write(files::path_of(root, at, &entry), files::text_of(&changed))?;
        if is_asked {
            let report = connection.exchange(&Request::post_to("/reindex", &[], ""))?;
            anyhow::ensure!(report.status == 200, "a re-index is refused with {}", report.status);
        }
        wait_until_found(&mut connection, &word, &entry.name).with_context(|| format!("change {at}"))?;
        let took = began.elapsed();
        let last = next_report(data_dir, known)?;
        if is_asked {
            asked.push(took);
        } else {
            served.push(took);
            reported.push(last);
        }
        settle(data_dir)?;
    }
    Ok(Changed { served: Spread::of(served), reported: Spread::of(reported), asked: Spread::of(asked) })
}

fn wait_until_found(connection: &mut Connection, word: &str, name: &str) -> anyhow::Result<()> {
    let began = Instant::now();
    let request = queries::agents(word);
    loop {
        let answer: Value = serde_json::from_slice(connection.exchange(&request)?.body)?;
        let first = answer["result"]["agents"][0]["id"].as_str().unwrap_or_default();
        if first.ends_with(name) {
            return Ok(());
        }
        interrupt::check()?;
        anyhow::ensure!(began.elapsed() < PATIENCE, "a changed file is not served: {answer}");
        std::thread::sleep(POLL);
    }
}

/// How long the service says the first re-index that found a change took, after so many; its log is written a moment after
/// it serves.
fn next_report(data_dir: &Path, known: usize) -> anyhow::Result<Duration> {
    let began = Instant::now();
    loop {
        if let Some(report) = reports(data_dir)?.iter().filter(|one| one.is_change()).nth(known) {
            return Ok(report.took);
        }
        interrupt::check()?;
        anyhow::ensure!(began.elapsed() < PATIENCE, "the service does not log that it re-indexed");
        std::thread::sleep(POLL);
    }
}

/// Waits until nothing is re-indexed any more: the watch looks again at what was asked for.
fn settle(data_dir: &Path) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut known = reports(data_dir)?.len();
    let mut since = Instant::now();
    while since.elapsed() < QUIET && began.elapsed() < PATIENCE {
        interrupt::check()?;
        std::thread::sleep(QUIET / 10);
        let now = reports(data_dir)?.len();
        if now != known {
            (known, since) = (now, Instant::now());
        }
    }
    Ok(())
}

/// Time without a re-index after which none is to be expected: several times what the watch waits.
const QUIET: Duration = Duration::from_secs(1);

/// A re-index that the service has logged.
#[derive(Debug, PartialEq)]
struct Report {
    changed: u64,
    took: Duration,
}

impl Report {
    /// Whether it found what its writer changed: what was asked for is looked at again once the watch hears of it.
    fn is_change(&self) -> bool {
        self.changed > 0
    }
}

/// All of them, in order.
fn reports(data_dir: &Path) -> anyhow::Result<Vec<Report>> {
    let mut files: Vec<_> = fs::read_dir(data_dir.join("logs"))?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let mut reports = Vec::new();
    for file in files {
        reports.extend(reports_in(&String::from_utf8_lossy(&fs::read(file.path())?)));
    }
    Ok(reports)
}

fn reports_in(log: &str) -> impl Iterator<Item = Report> {
    // Most lines are of calls, and need not be read.
    let lines = log.lines().filter(|line| line.contains(REINDEXED));
    let lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let reindexed = lines.filter(|line| line["message"] == REINDEXED);
    reindexed.filter_map(|line| {
        let took = Duration::try_from_secs_f64(line["duration_ms"].as_f64()? / 1e3).ok()?;
        Some(Report { changed: line["changed"].as_u64()?, took })
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Report, reports_in};

    #[test]
    fn only_whole_lines_of_a_reindex_are_reports() {
        let log = r#"{"message":"ready","duration_ms":1.0}
{"message":"re-indexed","changed":1,"duration_ms":12.5}
{"message":"re-indexed","durat"#;
        let report = Report { changed: 1, took: Duration::from_micros(12_500) };
        assert_eq!(reports_in(log).collect::<Vec<_>>(), [report]);
    }
}
