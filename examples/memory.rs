//! Measures what remembering costs, on the disk of a folder: `cargo run --release --example memory -- [FOLDER [writes|reads]]`.
//!
//! Figures of different disks cannot be compared; the ratios to plain SQLite in the same run can.

#![expect(clippy::print_stdout, reason = "a table is all it makes")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use adjutant::patterns::{Decision, Outcome, Outcomes, Pattern, PatternBook, Plan, TaskOutcome};
use adjutant::store::{Store, StoreOptions};
use rusqlite::{Connection, params};

type Failure = Box<dyn std::error::Error>;

/// Decisions of each measurement of throughput.
const DECISIONS: usize = 20_000;

/// Decisions where each costs a commit of its own.
const FEW_DECISIONS: usize = 500;

/// How often a measurement is repeated; the best counts, since whatever else runs only takes away.
const ROUNDS: usize = 3;

/// Words that tasks are made of: a few common, many rare.
const COMMON: [&str; 12] =
    ["add", "fix", "api", "test", "page", "user", "service", "query", "deploy", "data", "login", "cache"];

/// A deterministic source of numbers (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from((mixed ^ (mixed >> 31)) % bound).unwrap_or(0)
    }

    /// Eight words, half of them common.
    fn goal(&mut self) -> String {
        let words = (0..8).map(|at| match at % 2 {
            0 => COMMON[self.below(COMMON.len())].to_owned(),
            _ => format!("topic{}", self.below(600)),
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

fn decision(task: String, goal: String) -> Decision {
    Decision {
        task_id: task,
        task_description: goal,
        agents_used: vec!["team:architect".to_owned(), "team:developer".to_owned()],
        result: Outcome::Success,
        duration_ms: Some(1_000),
        tokens_saved: Some(40),
        pattern_id: None,
        dependencies: BTreeMap::new(),
        parallel_groups: Vec::new(),
    }
}

fn decisions(count: usize) -> Vec<Decision> {
    let mut numbers = Numbers(1);
    let goals: Vec<String> = (0..300).map(|_| numbers.goal()).collect();
    (0..count).map(|at| decision(format!("task-{at}"), goals[numbers.below(goals.len())].clone())).collect()
}

fn main() -> Result<(), Failure> {
    let folder: PathBuf = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let only = std::env::args().nth(2);
    let folder = tempfile::Builder::new().prefix("adjutant-memory-").tempdir_in(folder)?;
    if only.as_deref().is_none_or(|only| only == "writes") {
        throughput(folder.path())?;
    }
    if only.as_deref().is_none_or(|only| only == "reads") {
        reading(folder.path())?;
    }
    Ok(())
}

fn row(name: &str, value: &str) {
    println!("{name:<58} {value:>14}");
}

fn best(mut measure: impl FnMut(usize) -> Result<f64, Failure>) -> Result<f64, Failure> {
    let rates: Result<Vec<f64>, Failure> = (0..ROUNDS).map(&mut measure).collect();
    Ok(rates?.into_iter().fold(0.0, f64::max))
}

fn rate(count: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took.as_secs_f64()
}

fn throughput(folder: &Path) -> Result<(), Failure> {
    let all = decisions(DECISIONS);
    let one = best(|round| plain(&folder.join(format!("one-{round}.db")), &all, true))?;
    let each = best(|round| plain(&folder.join(format!("each-{round}.db")), &all[..FEW_DECISIONS], false))?;
    row("plain SQLite, all rows in one transaction", &format!("{one:.0}/s"));
    row("plain SQLite, a commit for each row", &format!("{each:.0}/s"));
    for writers in [1, 8, 64] {
        let count = if writers == 1 { FEW_DECISIONS } else { DECISIONS };
        let store =
            best(|round| store(&folder.join(format!("store-{writers}-{round}")), &all[..count], writers))?;
        row(&format!("acknowledged decisions, {writers} writers"), &format!("{store:.0}/s"));
        row("  of one transaction", &format!("{:.3}", store / one));
        row("  of a commit for each", &format!("{:.2}", store / each));
    }
    Ok(())
}

fn plain(file: &Path, decisions: &[Decision], together: bool) -> Result<f64, Failure> {
    let connection = Connection::open(file)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")?;
    connection.execute_batch(include_str!("../migrations/0001_initial.sql"))?;
    connection.execute_batch(include_str!("../migrations/0002_learning.sql"))?;
    let mut insert = connection.prepare(
        "INSERT INTO decision_history (task_id, task_description, agents_used, result, duration_ms, tokens_saved,
           timestamp, pattern_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let began = Instant::now();
    if together {
        connection.execute_batch("BEGIN")?;
    }
    for decision in decisions {
        insert.execute(params![
            decision.task_id,
            decision.task_description,
            r#"["team:architect","team:developer"]"#,
            decision.result.as_str(),
            1_000,
            decision.tokens_saved,
            "2026-11-21T00:00:00.000Z",
            "00000000-0000-0000-0000-000000000000",
        ])?;
    }
    if together {
        connection.execute_batch("COMMIT")?;
    }
    Ok(rate(decisions.len(), began.elapsed()))
}

fn store(folder: &Path, decisions: &[Decision], writers: usize) -> Result<f64, Failure> {
    let store = Arc::new(Store::open(StoreOptions::new(folder))?);
    store.wait_until_settled();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let began = Instant::now();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for writer in 0..writers {
            let mine: Vec<Decision> = decisions.iter().skip(writer).step_by(writers).cloned().collect();
            let store = Arc::clone(&store);
            tasks.spawn(async move {
                for decision in mine {
                    store.record_decision(decision).await?;
                }
                Ok::<(), adjutant::store::StoreError>(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok::<(), Failure>(())
    })?;
    let took = began.elapsed();
    store.close(Duration::from_secs(30));
    Ok(rate(decisions.len(), took))
}

/// The 50th and 99th percentile of `count` calls, in microseconds.
fn percentiles(count: usize, mut call: impl FnMut(usize)) -> String {
    let mut times: Vec<Duration> = (0..count)
        .map(|at| {
            let began = Instant::now();
            call(at);
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1].as_micros();
    format!("{} / {} us", at(50), at(99))
}

fn reading(folder: &Path) -> Result<(), Failure> {
    let mut numbers = Numbers(2);
    let goals: Vec<String> = (0..200).map(|_| numbers.goal()).collect();
    for tasks in [500, 5_000, 5_127] {
        let mut outcomes = Outcomes::new(None);
        outcomes.extend((0..tasks).map(|at| TaskOutcome {
            task_id: at.to_string(),
            description: numbers.goal(),
            agents: vec!["team:architect".to_owned(), format!("team:developer{}", at % 40)],
            result: Outcome::Success,
            at_ms: 0,
        }));
        let times = percentiles(2_000, |at| {
            std::hint::black_box(outcomes.for_task(&goals[at % goals.len()], 0));
        });
        row(&format!("experience for a query, {tasks} tasks, p50 / p99"), &times);
    }
    for patterns in [1_000, 10_000] {
        let mut book = PatternBook::default();
        let plan =
            Plan::new(&["team:architect".to_owned()], &BTreeMap::new(), &[]).map_err(|why| why.join("; "))?;
        book.extend((0..patterns).map(|at| Pattern {
            id: at.to_string(),
            goal: numbers.goal(),
            plan: plan.clone(),
            ..Pattern::default()
        }));
        let times = percentiles(1_000, |at| {
            std::hint::black_box(book.matches(&goals[at % goals.len()], 0.7, 5, 0));
        });
        row(&format!("match over {patterns} patterns, p50 / p99"), &times);
    }
    let data = folder.join("opened");
    store(&data, &decisions(5_000), 64)?;
    let opened = percentiles(5, |_| {
        // The clean stop that follows is not timed by itself, yet short beside the opening.
        drop(std::hint::black_box(Store::open(StoreOptions::new(&data))));
    });
    row("open and close, 5000 decisions, 300 patterns, p50 / p99", &opened);
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let store = Store::open(StoreOptions::new(&data))?;
        times.push(began.elapsed());
        store.wait_until_settled();
    }
    times.sort_unstable();
    row("open alone, p50", &format!("{} us", times[2].as_micros()));
    Ok(())
}
