//! What remembering costs: acknowledged writes beside plain SQLite on the same disk, and what is asked of memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adjutant::patterns::{Decision, Outcome, Outcomes, Pattern, PatternBook, Plan, TaskOutcome};
use adjutant::store::{Store, StoreError, StoreOptions};
use rusqlite::{Connection, params};

use crate::interrupt;
use crate::numbers::Numbers;
use crate::report::Row;

/// Decisions of each measurement of throughput.
const DECISIONS: usize = 20_000;

/// Decisions where each costs a commit of its own.
const FEW_DECISIONS: usize = 500;

/// How often a measurement is repeated; the best counts, since whatever else runs only takes away.
const ROUNDS: usize = 3;

/// Words that tasks are made of: a few common, many rare.
const COMMON: [&str; 12] =
    ["add", "fix", "api", "test", "page", "user", "service", "query", "deploy", "data", "login", "cache"];

/// Eight words, half of them common.
fn goal(numbers: &mut Numbers) -> String {
    let words = (0..8).map(|at| match at % 2 {
        0 => (*numbers.one_of(&COMMON)).to_owned(),
        _ => format!("topic{}", numbers.below(600)),
    });
    words.collect::<Vec<_>>().join(" ")
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
    let mut numbers = Numbers::of(1);
    let goals: Vec<String> = (0..300).map(|_| goal(&mut numbers)).collect();
    (0..count).map(|at| decision(format!("task-{at}"), goals[numbers.below(goals.len())].clone())).collect()
}

/// Writes, on the disk that `folder` lies on.
pub(crate) fn writes(folder: &Path) -> anyhow::Result<Vec<Row>> {
    let all = decisions(DECISIONS);
    let one = best(|round| plain(&folder.join(format!("one-{round}.db")), &all, true))?;
    let each = best(|round| plain(&folder.join(format!("each-{round}.db")), &all[..FEW_DECISIONS], false))?;
    let mut rows = vec![
        Row::of("plain SQLite, all rows in one transaction", format!("{one:.0}/s")),
        Row::of("plain SQLite, a commit for each row", format!("{each:.0}/s")),
    ];
    for writers in [1, 8, 64] {
        let count = if writers == 1 { FEW_DECISIONS } else { DECISIONS };
        let rate =
            best(|round| store(&folder.join(format!("store-{writers}-{round}")), &all[..count], writers))?;
        rows.push(Row::of(format!("acknowledged decisions, {writers} writers"), format!("{rate:.0}/s")));
        let [of_one, of_each] = [rate / one, rate / each];
        let target = |row: Row, least: f64, value: f64| {
            if writers == 64 { row.at_least(least, value) } else { row }
        };
        rows.push(target(Row::of("  of one transaction", format!("{of_one:.3}")), 0.15, of_one));
        rows.push(target(Row::of("  of a commit for each", format!("{of_each:.2}")), 3.0, of_each));
    }
    Ok(rows)
}

/// The best rate of some rounds.
fn best(mut measure: impl FnMut(usize) -> anyhow::Result<f64>) -> anyhow::Result<f64> {
    let mut best: f64 = 0.0;
    for round in 0..ROUNDS {
        best = best.max(measure(round)?);
        interrupt::check()?;
    }
    Ok(best)
}

fn rate(count: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took.as_secs_f64()
}

/// Rows of decisions a second into plain SQLite, in one transaction or each in its own.
fn plain(file: &Path, decisions: &[Decision], together: bool) -> anyhow::Result<f64> {
    let connection = Connection::open(file)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")?;
    connection.execute_batch(include_str!("../../migrations/0001_initial.sql"))?;
    connection.execute_batch(include_str!("../../migrations/0002_learning.sql"))?;
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

/// Decisions a second that the store acknowledges to so many concurrent callers.
fn store(folder: &Path, decisions: &[Decision], writers: usize) -> anyhow::Result<f64> {
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
                Ok::<(), StoreError>(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        anyhow::Ok(())
    })?;
    let took = began.elapsed();
    store.close(Duration::from_secs(30));
    Ok(rate(decisions.len(), took))
}

/// The median and the 99th percentile of `count` calls.
fn percentiles(count: usize, mut call: impl FnMut(usize)) -> anyhow::Result<[Duration; 2]> {
    let mut times = Vec::with_capacity(count);
    for at in 0..count {
        let began = Instant::now();
        call(at);
        times.push(began.elapsed());
    }
    interrupt::check()?;
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
    Ok([at(50), at(99)])
}

fn timed(name: String, [p50, p99]: [Duration; 2], most: Duration) -> Row {
    let row = Row::of(name, format!("{} / {} µs", p50.as_micros(), p99.as_micros()));
    row.at_most(&format!("{} µs", most.as_micros()), p50 <= most)
}

/// What is asked of memory while a query is answered, and a start that reads it.
pub(crate) fn reads(folder: &Path) -> anyhow::Result<Vec<Row>> {
    let mut numbers = Numbers::of(2);
    let goals: Vec<String> = (0..200).map(|_| goal(&mut numbers)).collect();
    let mut rows = Vec::new();
    for tasks in [500, 5_000] {
        let mut outcomes = Outcomes::new(None);
        outcomes.extend((0..tasks).map(|at| TaskOutcome {
            task_id: at.to_string(),
            description: goal(&mut numbers),
            agents: vec!["team:architect".to_owned(), format!("team:developer{}", at % 40)],
            result: Outcome::Success,
            at_ms: 0,
        }));
        let times = percentiles(2_000, |at| {
            std::hint::black_box(outcomes.for_task(&goals[at % goals.len()], 0));
        })?;
        let name = format!("experience for a query among {tasks} outcomes, p50 / p99");
        rows.push(timed(name, times, Duration::from_micros(100)));
    }
    for patterns in [1_000, 10_000] {
        let plan = Plan::new(&["team:architect".to_owned()], &BTreeMap::new(), &[]);
        let plan = plan.map_err(|why| anyhow::anyhow!("{}", why.join("; ")))?;
        let mut book = PatternBook::default();
        book.extend((0..patterns).map(|at| Pattern {
            id: at.to_string(),
            goal: goal(&mut numbers),
            plan: plan.clone(),
            ..Pattern::default()
        }));
        let times = percentiles(1_000, |at| {
            std::hint::black_box(book.matches(&goals[at % goals.len()], 0.7, 5, 0));
        })?;
        rows.push(timed(
            format!("match over {patterns} patterns, p50 / p99"),
            times,
            Duration::from_millis(1),
        ));
    }
    store(&folder.join("opened"), &decisions(5_000), 64)?;
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let store = Store::open(StoreOptions::new(folder.join("opened")))?;
        times.push(began.elapsed());
        store.wait_until_settled();
    }
    times.sort_unstable();
    rows.push(Row::of("opening a store of 5,000 decisions, median", format!("{} µs", times[2].as_micros())));
    Ok(rows)
}
