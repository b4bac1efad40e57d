//! What carrying a collection costs against asking, counted by a real tokenizer, and how near the product's own
//! estimator comes to it.
//!
//! The texts are the product's (`adjutant tokens --json --texts`); the tokenizer is o200k.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde::Deserialize;
use tiktoken_rs::{CoreBPE, o200k_base};

use crate::report::line;

#[derive(Debug, clap::Args)]
pub(crate) struct TokensArguments {
    /// The product's binary
    #[arg(long, value_name = "FILE")]
    binary: PathBuf,
    /// Folders of plugins, each counted by itself
    #[arg(required = true)]
    collections: Vec<PathBuf>,
}

/// What the product prints of a collection, as far as it is needed here.
#[derive(Debug, Deserialize)]
struct Printed {
    estimator: Estimator,
    kinds: Vec<OfKind>,
    texts: Vec<Sort>,
}

#[derive(Debug, Deserialize)]
struct Estimator {
    name: String,
}

#[derive(Debug, Deserialize)]
struct OfKind {
    entries: usize,
    asked: usize,
    found: usize,
}

#[derive(Debug, Deserialize)]
struct Sort {
    name: String,
    texts: Vec<String>,
    estimated: u64,
}

/// Texts of one sort.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    texts: u64,
    chars: u64,
    tokens: u64,
    estimated: u64,
}

impl Sum {
    fn add(&mut self, other: Sum) {
        self.texts += other.texts;
        self.chars += other.chars;
        self.tokens += other.tokens;
        self.estimated += other.estimated;
    }

    fn mean(&self) -> u64 {
        self.tokens.checked_div(self.texts).unwrap_or(0)
    }
}

/// Sums by sort, the kinds of an answer or a body together.
type Sums = BTreeMap<String, Sum>;

/// How far estimates are from counts, in tenths of a percent.
#[derive(Debug, Clone, Copy)]
struct Spread {
    lowest: i64,
    highest: i64,
}

/// Fewer tokens say nothing of an error in percent.
const MIN_TOKENS: u64 = 400;

pub(crate) fn run(arguments: &TokensArguments) -> anyhow::Result<()> {
    let tokenizer = o200k_base().context("the tokenizer's vocabulary")?;
    line(
        "| collection | agents listed | skills and commands listed | carried | without a bound | start | schemas | a find | of carried | a body | found |",
    );
    line("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut spreads: BTreeMap<&str, [Spread; 2]> = BTreeMap::new();
    let mut estimator = String::new();
    for collection in &arguments.collections {
        let printed = ask(&arguments.binary, collection)?;
        let sums = count(&tokenizer, &printed);
        print_row(collection, &printed, &sums);
        for (name, sum) in &sums {
            widen(&mut spreads, sort_of(name), sum);
        }
        estimator = printed.estimator.name;
    }
    line("");
    line(&format!(
        "error against o200k, lowest to highest over collections and kinds ({MIN_TOKENS} tokens or more):"
    ));
    line("");
    line(&format!("| texts | {estimator} | characters / 4 |"));
    line("| --- | --- | --- |");
    for (sort, [own, quarter]) in spreads {
        line(&format!("| {sort} | {} | {} |", shown(own), shown(quarter)));
    }
    Ok(())
}

fn ask(binary: &Path, collection: &Path) -> anyhow::Result<Printed> {
    let nowhere = tempfile::tempdir()?;
    let output = Command::new(binary)
        .args(["tokens", "--json", "--texts", "--root"])
        .arg(collection)
        .arg("--data-dir")
        .arg(nowhere.path())
        .output()
        .with_context(|| binary.display().to_string())?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("what it printed")
}

fn count(tokenizer: &CoreBPE, printed: &Printed) -> Sums {
    let mut sums = Sums::new();
    for Sort { name, texts, estimated } in &printed.texts {
        let mut sum = Sum { estimated: *estimated, ..Sum::default() };
        for text in texts {
            sum.texts += 1;
            sum.chars += text.chars().count() as u64;
            sum.tokens += tokenizer.encode_ordinary(text).len() as u64;
        }
        sums.entry(name.clone()).or_default().add(sum);
    }
    sums
}

/// All kinds of a sort.
fn together(sums: &Sums, sort: &str) -> Sum {
    let mut total = Sum::default();
    sums.iter().filter(|(name, _)| sort_of(name) == sort).for_each(|(_, sum)| total.add(*sum));
    total
}

/// `listing` of `listing agent`.
fn sort_of(name: &str) -> &'static str {
    const SORTS: [&str; 6] = ["answer", "body", "listing", "schemas", "start", "unbounded"];
    let first = name.split(' ').next().unwrap_or_default();
    SORTS.into_iter().find(|sort| *sort == first).unwrap_or("other")
}

fn print_row(collection: &Path, printed: &Printed, sums: &Sums) {
    let agents = sums.get("listing agent").copied().unwrap_or_default();
    let listing = together(sums, "listing");
    let answer = together(sums, "answer");
    let name = collection.file_name().unwrap_or_default().to_string_lossy();
    let entries: usize = printed.kinds.iter().map(|kind| kind.entries).sum();
    let (found, asked) =
        printed.kinds.iter().fold((0, 0), |(found, asked), kind| (found + kind.found, asked + kind.asked));
    let share = (answer.mean() * 1000).checked_div(listing.tokens).unwrap_or(0);
    line(&format!(
        "| {name} ({entries}) | {} | {} | {} | {} | {} | {} | {} | {}.{} % | {} | {found} of {asked} |",
        agents.tokens,
        listing.tokens - agents.tokens,
        listing.tokens,
        together(sums, "unbounded").tokens,
        together(sums, "start").tokens,
        together(sums, "schemas").tokens,
        answer.mean(),
        share / 10,
        share % 10,
        together(sums, "body").mean(),
    ));
}

fn widen(spreads: &mut BTreeMap<&'static str, [Spread; 2]>, sort: &'static str, sum: &Sum) {
    if sum.tokens < MIN_TOKENS {
        return;
    }
    let error = |estimated: u64| {
        let (estimated, tokens) = (i64::try_from(estimated), i64::try_from(sum.tokens));
        let (Ok(estimated), Ok(tokens)) = (estimated, tokens) else { return 0 };
        (estimated - tokens) * 1000 / tokens
    };
    let errors = [error(sum.estimated), error(sum.chars.div_ceil(4))];
    let known = spreads.entry(sort).or_insert(errors.map(|error| Spread { lowest: error, highest: error }));
    for (spread, error) in known.iter_mut().zip(errors) {
        spread.lowest = spread.lowest.min(error);
        spread.highest = spread.highest.max(error);
    }
}

fn shown(spread: Spread) -> String {
    let percent = |tenths: i64| {
        let sign = if tenths < 0 { "-" } else { "+" };
        format!("{sign}{}.{} %", tenths.abs() / 10, tenths.abs() % 10)
    };
    format!("{} to {}", percent(spread.lowest), percent(spread.highest))
}
