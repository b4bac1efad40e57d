//! Kill the service under load, again and again, and look for what it had acknowledged.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use rusqlite::Connection as Database;
use serde_json::{Value, json};
use store::{StoreOptions, StoreReader};

use crate::http::Connection;
use crate::interrupt;
use crate::numbers::Numbers;
use crate::product::Recipe;
use crate::queries;
use crate::report::Row;

/// Where the rounds begin.
const SEED: u64 = 0x0bad_5eed;

/// The database's name in the data directory.
const DATABASE: &str = "mcp.db";

/// Callers that report decisions, and those that store patterns, at the same time.
const DECIDERS: usize = 6;
const PLANNERS: usize = 2;

/// Goals that a caller stores patterns for in a round.
const GOALS: usize = 20;

/// Milliseconds under load before the kill: between this and twice as many.
const LOAD_MS: usize = 150;

/// What one caller was told is kept.
#[derive(Debug, Default)]
struct Acknowledged {
    /// The result last acknowledged, by task.
    decisions: BTreeMap<String, &'static str>,
    /// The result last sent and never answered, by task: it may or may not be there.
    unanswered: BTreeMap<String, &'static str>,
    /// Goals by the id they were acknowledged with.
    patterns: BTreeMap<String, String>,
}

impl Acknowledged {
    fn absorb(&mut self, later: Acknowledged) {
        for task in later.decisions.keys() {
            self.unanswered.remove(task);
        }
        self.decisions.extend(later.decisions);
        self.unanswered.extend(later.unanswered);
        self.patterns.extend(later.patterns);
    }
}

/// What the rounds came to.
#[derive(Debug, Default)]
struct Tally {
    rounds: usize,
    lost_decisions: usize,
    lost_patterns: usize,
    damaged: usize,
    slowest_start: Duration,
}

/// Kills the service `rounds` times.
///
/// # Errors
/// Where an acknowledged row is not found again, the database is damaged, or an instance does not start.
pub(crate) fn kill(recipe: &Recipe<'_>, rounds: usize) -> anyhow::Result<Vec<Row>> {
    let data_dir = tempfile::tempdir()?;
    let mut numbers = Numbers::of(SEED);
    let (mut known, mut tally) = (Acknowledged::default(), Tally::default());
    let began = Instant::now();
    for round in 0..rounds {
        let product = recipe.start(data_dir.path()).with_context(|| format!("round {round}"))?;
        tally.slowest_start = tally.slowest_start.max(product.started_in);
        let load = Duration::from_millis(u64::try_from(LOAD_MS + numbers.below(LOAD_MS))?);
        let stop = AtomicBool::new(false);
        let port = product.port;
        let told = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..DECIDERS + PLANNERS)
                .map(|caller| {
                    let stop = &stop;
                    let numbers = Numbers::of(SEED ^ u64::try_from(round * 100 + caller).unwrap_or(0));
                    scope.spawn(move || call_until_killed(port, round, caller, numbers, stop))
                })
                .collect();
            std::thread::sleep(load);
            let killed = product.kill();
            stop.store(true, Ordering::Relaxed);
            let told: Vec<_> = callers.into_iter().filter_map(|caller| caller.join().ok()).collect();
            killed.map(|()| told)
        })?;
        anyhow::ensure!(told.len() == DECIDERS + PLANNERS, "a caller panicked");
        for told in told {
            known.absorb(told);
        }
        verify(data_dir.path(), &known, &mut tally)?;
        tally.rounds += 1;
        interrupt::check()?;
    }
    Ok(tally.rows(&known, began.elapsed()))
}

/// Reports decisions or stores patterns until the connection breaks; some decisions are corrected at once.
fn call_until_killed(
    port: u16,
    round: usize,
    caller: usize,
    mut numbers: Numbers,
    stop: &AtomicBool,
) -> Acknowledged {
    let mut told = Acknowledged::default();
    let Ok(mut connection) = Connection::open(port) else { return told };
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        if caller >= DECIDERS {
            // Few enough that there is room for those of all rounds.
            let goal = format!("goal {round} {caller} {}", number % GOALS);
            let Some(answer) =
                ask(&mut connection, &queries::store_pattern(&goal, &["team:developer".into()]))
            else {
                break;
            };
            if let Some(id) = answer["result"]["id"].as_str() {
                told.patterns.insert(id.to_owned(), goal);
            }
            continue;
        }
        // Every fourth decision corrects the one before.
        let task = format!("{round}-{caller}-{}", number - usize::from(number % 4 == 3));
        let result = *numbers.one_of(&["success", "failure", "partial"]);
        told.unanswered.insert(task.clone(), result);
        let params = json!({ "task_id": task, "task_description": format!("task {} of a soak", numbers.below(40)),
                             "agents_used": ["team:developer"], "result": result });
        let Some(answer) = ask(&mut connection, &queries::call("cacheDecision", &params)) else { break };
        if answer["result"]["stored"] == true {
            told.unanswered.remove(&task);
            told.decisions.insert(task, result);
        }
    }
    told
}

fn ask(connection: &mut Connection, request: &crate::http::Request) -> Option<Value> {
    let answer = connection.exchange(request).ok()?;
    serde_json::from_slice(answer.body).ok()
}

/// Looks for everything acknowledged so far in a copy of the files as the kill left them: the next start has to mend
/// the originals itself.
fn verify(data_dir: &Path, known: &Acknowledged, tally: &mut Tally) -> anyhow::Result<()> {
    let copy = tempfile::tempdir()?;
    for entry in std::fs::read_dir(data_dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(DATABASE) && entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name()))?;
        }
    }
    let options = StoreOptions::new(copy.path());
    let database = copy.path().join(DATABASE);
    let checked: String =
        Database::open(&database)?.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    tally.damaged += usize::from(checked != "ok");
    let reader = StoreReader::open(&options)?.context("there is no database after a kill")?;
    let kept: BTreeMap<String, String> =
        reader.history(usize::MAX)?.into_iter().map(|entry| (entry.task_id, entry.result)).collect();
    tally.lost_decisions = known
        .decisions
        .iter()
        .filter(|(task, result)| {
            let found = kept.get(*task).map(String::as_str);
            found != Some(**result) && (found.is_none() || found != known.unanswered.get(*task).copied())
        })
        .count();
    let patterns: BTreeMap<String, String> =
        reader.patterns()?.patterns().map(|pattern| (pattern.id.clone(), pattern.goal.clone())).collect();
    tally.lost_patterns = known.patterns.iter().filter(|(id, goal)| patterns.get(*id) != Some(goal)).count();
    anyhow::ensure!(
        tally.lost_decisions + tally.lost_patterns + tally.damaged == 0,
        "after round {}: {} decisions and {} patterns lost, integrity: {checked}",
        tally.rounds,
        tally.lost_decisions,
        tally.lost_patterns
    );
    Ok(())
}

impl Tally {
    fn rows(&self, known: &Acknowledged, took: Duration) -> Vec<Row> {
        vec![
            Row::of("kills under load", self.rounds.to_string()),
            Row::of("decisions acknowledged", known.decisions.len().to_string()),
            Row::of("  of them lost", self.lost_decisions.to_string()),
            Row::of("patterns acknowledged", known.patterns.len().to_string()),
            Row::of("  of them lost", self.lost_patterns.to_string()),
            Row::of("decisions sent and not answered", known.unanswered.len().to_string()),
            Row::of("integrity checks that were not ok", self.damaged.to_string()),
            Row::of("slowest start after a kill", format!("{} ms", self.slowest_start.as_millis())),
            Row::of("took", format!("{} s", took.as_secs())),
        ]
    }
}
