//! Throws mutated bytes at the readers of untrusted input, and keeps those that made them do something new.
//!
//! No instrumentation: what an input came to is what its target says (which problems, how many parts), which steers a search
//! on stable Rust well enough to get beyond what random bytes reach.

#[path = "../../tests/service/fuzz/targets.rs"]
mod targets;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use targets::{TARGETS, Target};

use crate::interrupt;
use crate::numbers::Numbers;
use crate::report::Row;

/// Bytes of an input at most: the smallest limit of any target is 16 KB, which is to be crossed now and then.
const MAX_BYTES: usize = 20_000;

/// Inputs kept to start from.
const MAX_KEPT: usize = 4_000;

/// Time one input may take before it counts as found: a machine under load stretches a thousandth of it.
const SLOW: Duration = Duration::from_secs(1);

/// Inputs between two looks at the clock.
const STRIDE: u64 = 64;

/// Fuzzes one target for that long.
///
/// # Errors
/// Where there is no such target, or an input breaks a promise; it is then in the file that the error names.
pub(crate) fn fuzz(name: &str, lasting: Duration, seed: u64, found_in: &Path) -> anyhow::Result<Vec<Row>> {
    let target = TARGETS.iter().find(|target| target.name == name).with_context(|| {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        format!("there is no target {name}; there are {}", names.join(", "))
    })?;
    let mut search = Search::new(target, seed);
    for seed in target.seeds {
        search.run(seed.as_bytes().to_vec(), found_in)?;
    }
    let began = Instant::now();
    while began.elapsed() < lasting {
        for _ in 0..STRIDE {
            let input = search.mutant();
            search.run(input, found_in)?;
        }
        interrupt::check()?;
    }
    Ok(search.rows(began.elapsed()))
}

/// The state of one run.
struct Search<'a> {
    target: &'a Target,
    numbers: Numbers,
    kept: Vec<Vec<u8>>,
    known: HashSet<u64>,
    executions: u64,
    slowest: Duration,
}

impl<'a> Search<'a> {
    fn new(target: &'a Target, seed: u64) -> Self {
        Search {
            target,
            numbers: Numbers::of(seed),
            kept: vec![Vec::new()],
            known: HashSet::new(),
            executions: 0,
            slowest: Duration::ZERO,
        }
    }

    /// Runs one input; one that came to something new is kept.
    fn run(&mut self, input: Vec<u8>, found_in: &Path) -> anyhow::Result<()> {
        let (mut outcome, mut took) = self.timed(&input);
        // A machine that does something else makes any input slow once.
        for _ in 0..2 {
            if outcome.is_some() && took >= SLOW {
                (outcome, took) = self.timed(&input);
            }
        }
        self.slowest = self.slowest.max(took);
        match outcome {
            Some(outcome) if took < SLOW => {
                if self.known.insert(outcome) && self.kept.len() < MAX_KEPT {
                    self.kept.push(input);
                }
                Ok(())
            }
            Some(_) => self.report(&input, &format!("took {} ms", took.as_millis()), found_in),
            None => self.report(&input, "panicked", found_in),
        }
    }

    /// What an input came to, unless it panicked, and the time that took.
    fn timed(&mut self, input: &[u8]) -> (Option<u64>, Duration) {
        self.executions += 1;
        let began = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.target.run)(input)));
        (outcome.ok(), began.elapsed())
    }

    fn report(&self, input: &[u8], why: &str, found_in: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(found_in)?;
        let file = found_in.join(format!("{}-{}", self.target.name, self.executions));
        std::fs::write(&file, input)?;
        anyhow::bail!(
            "{} {why} after {} executions; the input is in {}",
            self.target.name,
            self.executions,
            file.display()
        )
    }

    /// One of the kept inputs, changed in a few places.
    fn mutant(&mut self) -> Vec<u8> {
        let mut input = self.numbers.one_of(&self.kept).clone();
        for _ in 0..=self.numbers.below(4) {
            self.change(&mut input);
        }
        input.truncate(MAX_BYTES);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.numbers.below(input.len() + 1);
        let until = (at + 1 + self.numbers.below(32)).min(input.len());
        match self.numbers.below(8) {
            0 if at < input.len() => input[at] ^= 1 << self.numbers.below(8),
            1 if at < input.len() => input[at] = self.byte(),
            2 if at < until => drop(input.drain(at..until)),
            3 if at < until => {
                // Again and again, towards limits of size and depth.
                let piece = input[at..until].repeat(1 + self.numbers.below(64));
                input.splice(at..at, piece);
            }
            4 => {
                let other = self.numbers.one_of(&self.kept).clone();
                let from = self.numbers.below(other.len() + 1);
                input.splice(at.., other[from..].iter().copied());
            }
            5 => input.insert(at, self.byte()),
            _ => {
                let word = self.numbers.one_of(self.target.words).as_bytes();
                input.splice(at..at, word.iter().copied());
            }
        }
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.numbers.below(256)).unwrap_or(0)
    }

    fn rows(&self, took: Duration) -> Vec<Row> {
        let row = |what: &str, value: String| Row::of(what, value);
        #[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 do not occur")]
        let rate = self.executions as f64 / took.as_secs_f64();
        vec![
            row("target", self.target.name.to_owned()),
            row("executions", self.executions.to_string()),
            row("executions a second", format!("{rate:.0}")),
            row("outcomes told apart", self.known.len().to_string()),
            row("slowest", format!("{:.1} ms", self.slowest.as_secs_f64() * 1000.0)),
            row("promises broken", "0".into()),
        ]
    }
}
