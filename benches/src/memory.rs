//! What remembering costs: acknowledged writes beside plain SQLite on the same disk, and what is asked of memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::patterns::{Decision, Outcome, OutcomeHistory, Pattern, PatternSet, Plan, TaskOutcome};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use store::{Store, StoreError, StoreOptions};

use crate::load::Percentiles;
use crate::numbers::Numbers;
use crate::report::{aligned, cells, counted, figure, judged, verdict};
use crate::starts::Spread;
use crate::{aims, interrupt};

/// Decisions of each measurement of throughput, and of a table of what is read.
const DECISIONS: usize = 20_000;
const OPENED: usize = 5_000;

/// The share of the decisions where each costs a commit of its own.
const SHARE_OF_FEW: usize = 40;

/// How many callers record at once.
const WRITERS: [usize; 3] = [1, 8, 64];

/// Microseconds within which a query's experience and a match are looked up.
const EXPERIENCE_US: f64 = 100.0;
const MATCH_US: f64 = 1_000.0;

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
        decided_at_ms: None,
    }
}

fn decisions(count: usize) -> Vec<Decision> {
    let mut numbers = Numbers::of(1);
    let goals: Vec<String> = (0..300).map(|_| goal(&mut numbers)).collect();
    (0..count).map(|at| decision(format!("task-{at}"), goals[numbers.below(goals.len())].clone())).collect()
}

/// What remembering costs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Remembering {
    /// Rows a second into plain SQLite: all in one transaction, and with a commit for each.
    pub(crate) one_transaction: f64,
    pub(crate) commit_each: f64,
    pub(crate) stores: Vec<Acknowledged>,
    pub(crate) reads: Vec<Read>,
    /// Milliseconds for opening a store that holds decisions, the median.
    pub(crate) opening_ms: f64,
}

/// What the store does for so many callers at once.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Acknowledged {
    pub(crate) writers: usize,
    /// Decisions a second that are acknowledged.
    pub(crate) per_second: f64,
}

/// Something that is asked of memory while a query is answered, in microseconds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Read {
    pub(crate) name: String,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// What the median is aimed at.
    pub(crate) aim: f64,
}

/// How much is recorded and asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amount {
    decisions: usize,
    calls: usize,
}

impl Amount {
    /// For figures to keep.
    pub(crate) const FULL: Amount = Amount { decisions: DECISIONS, calls: 2_000 };

    /// For a test of the bench itself.
    pub(crate) const TINY: Amount = Amount { decisions: DECISIONS / 100, calls: 20 };
}

impl Remembering {
    /// Measures on the disk that `folder` lies on.
    pub(crate) fn measure(folder: &Path, amount: Amount) -> anyhow::Result<Remembering> {
        let all = decisions(amount.decisions);
        let few = &all[..amount.decisions / SHARE_OF_FEW];
        let one_transaction = best(|round| plain(&folder.join(format!("one-{round}.db")), &all, true))?;
        let commit_each = best(|round| plain(&folder.join(format!("each-{round}.db")), few, false))?;
        let of_writers = |writers: usize| {
            let decisions = if writers == 1 { few } else { &all };
            let folder = |round| folder.join(format!("store-{writers}-{round}"));
            let per_second = best(|round| store(&folder(round), decisions, writers))?;
            anyhow::Ok(Acknowledged { writers, per_second })
        };
        let stores = WRITERS.into_iter().map(of_writers).collect::<Result<_, _>>()?;
        let reads = reads(amount.calls)?;
        let opening_ms = opening(&folder.join("opened"))?;
        Ok(Remembering { one_transaction, commit_each, stores, reads, opening_ms })
    }

    /// The rate for so many callers over those of plain SQLite: all in one transaction, a commit for each.
    pub(crate) fn over_plain(&self, writers: usize) -> Option<[f64; 2]> {
        let store = self.stores.iter().find(|store| store.writers == writers)?;
        Some([self.one_transaction, self.commit_each].map(|plain| store.per_second / plain))
    }

    /// All of it, as a table.
    pub(crate) fn table(&self) -> Vec<Vec<String>> {
        let mut rows = vec![cells(["what remembering costs", "value", "target", ""])];
        let rate = |value: f64| figure(value) + "/s";
        rows.push(cells(["plain SQLite, all rows in one transaction", &rate(self.one_transaction)]));
        rows.push(cells(["plain SQLite, a commit for each row", &rate(self.commit_each)]));
        for Acknowledged { writers, per_second } in &self.stores {
            rows.push(cells([&format!("acknowledged decisions, {writers} writers"), &rate(*per_second)]));
            let over = self.over_plain(*writers).unwrap_or_default();
            let names = ["  of one transaction", "  of a commit for each"];
            for ((name, value), aim) in
                names.into_iter().zip(over).zip([aims::OF_ONE_TRANSACTION, aims::OF_A_COMMIT_EACH])
            {
                let mut row = cells([name, &figure(value)]);
                if Some(writers) == WRITERS.last() {
                    row.extend([format!("≥ {aim}"), verdict(value >= aim)]);
                }
                rows.push(row);
            }
        }
        for Read { name, p50, p99, aim } in &self.reads {
            let mut row = cells([&format!("{name}, p50 / p99"), &format!("{p50:.0} / {p99:.0} µs")]);
            row.extend(judged(Some(*aim), *p50, "µs"));
            rows.push(row);
        }
        let name = format!("opening a store of {} decisions, median", counted(OPENED));
        rows.push(cells([&name, &format!("{:.1} ms", self.opening_ms)]));
        rows
    }

    /// As text.
    pub(crate) fn in_words(&self) -> String {
        aligned(&self.table())
    }
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
    store.wait_until_loaded();
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

/// The times of `count` calls.
fn times(name: String, aim: f64, count: usize, mut call: impl FnMut(usize)) -> anyhow::Result<Read> {
    let mut times = Vec::with_capacity(count);
    for at in 0..count {
        let began = Instant::now();
        call(at);
        times.push(began.elapsed());
    }
    interrupt::check()?;
    let Percentiles { p50, p99, .. } = Percentiles::of(&mut times);
    Ok(Read { name, p50, p99, aim })
}

/// What is asked of memory while a query is answered.
fn reads(calls: usize) -> anyhow::Result<Vec<Read>> {
    let mut numbers = Numbers::of(2);
    let goals: Vec<String> = (0..200).map(|_| goal(&mut numbers)).collect();
    let mut rows = Vec::new();
    for tasks in [500, 5_000] {
        let mut outcomes = OutcomeHistory::new(None);
        outcomes.extend((0..tasks).map(|at| TaskOutcome {
            task_id: at.to_string(),
            description: goal(&mut numbers),
            agents: vec!["team:architect".to_owned(), format!("team:developer{}", at % 40)],
            result: Outcome::Success,
            at_ms: 0,
        }));
        let name = format!("experience for a query among {} outcomes", counted(tasks));
        rows.push(times(name, EXPERIENCE_US, calls, |at| {
            std::hint::black_box(outcomes.for_task(&goals[at % goals.len()], 0));
        })?);
    }
    for patterns in [1_000, 10_000] {
        let plan = Plan::new(&["team:architect".to_owned()], &BTreeMap::new(), &[]);
        let plan = plan.map_err(|why| anyhow::anyhow!("{}", why.join("; ")))?;
        let mut pattern_set = PatternSet::default();
        pattern_set.extend((0..patterns).map(|at| Pattern {
            id: at.to_string(),
            goal: goal(&mut numbers),
            plan: plan.clone(),
            ..Pattern::default()
        }));
        let name = format!("match over {} patterns", counted(patterns));
        rows.push(times(name, MATCH_US, calls / 2, |at| {
            std::hint::black_box(pattern_set.matches(&goals[at % goals.len()], 0.7, 5, 0));
        })?);
    }
    Ok(rows)
}

/// Milliseconds for opening a store in `folder`, the median of some times.
fn opening(folder: &Path) -> anyhow::Result<f64> {
    store(folder, &decisions(OPENED), 64)?;
    let spread = Spread::over(5, || {
        let began = Instant::now();
        let store = Store::open(StoreOptions::new(folder))?;
        let took = began.elapsed();
        store.wait_until_loaded();
        Ok(took)
    })?;
    Ok(spread.median)
}
