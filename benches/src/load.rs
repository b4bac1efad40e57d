//! Latency over one connection and throughput over several, product and echo in turns.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::http::{Connection, Request};
use crate::interrupt;
use crate::operations::CACHED;

/// A request and the answer the product gave to it.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) request: Request,
    pub(crate) answer: Vec<u8>,
}

/// Where both sides listen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sides {
    pub(crate) product: u16,
    pub(crate) echo: u16,
}

/// How much is asked: `blocks` of `per_block` requests of each side, after one block that is not counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounds {
    pub(crate) blocks: usize,
    pub(crate) per_block: usize,
}

impl Rounds {
    /// Requests to each side, the uncounted ones included.
    pub(crate) fn requests(self) -> usize {
        (self.blocks + 1) * self.per_block
    }

    /// The same blocks, as long as so many requests allow without asking one twice.
    pub(crate) fn within(self, requests: usize) -> Rounds {
        let per_block = (requests / (self.blocks + 1)).clamp(1, self.per_block);
        Rounds { per_block, ..self }
    }
}

/// Times in microseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

/// What one connection saw of both sides.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) name: String,
    /// Counted requests to each side.
    pub(crate) requests: usize,
    /// Bytes of an answer's body, on average.
    pub(crate) answer_bytes: usize,
    pub(crate) product: Percentiles,
    pub(crate) echo: Percentiles,
    /// Answers that were not the recorded ones, byte for byte.
    pub(crate) differing: usize,
}

/// What many connections saw of both sides.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Throughput {
    /// What was asked; runs that were kept before there was a choice asked [`CACHED`].
    #[serde(default = "cached")]
    pub(crate) name: String,
    pub(crate) connections: usize,
    pub(crate) product: Flow,
    pub(crate) echo: Flow,
}

fn cached() -> String {
    CACHED.to_owned()
}

/// Requests a second, and the times they took.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Flow {
    pub(crate) per_second: f64,
    pub(crate) times: Percentiles,
}

impl Percentiles {
    /// The nearest-rank percentiles of `times`, which are sorted; zeros of none.
    pub(crate) fn of(times: &mut [Duration]) -> Percentiles {
        times.sort_unstable();
        let at = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100);
            rank.checked_sub(1).map_or(0.0, |index| times[index].as_secs_f64() * 1e6)
        };
        Percentiles { p50: at(50), p95: at(95), p99: at(99) }
    }
}

/// One side of a latency measurement.
struct Side {
    connection: Connection,
    times: Vec<Duration>,
    differing: usize,
}

impl Side {
    fn open(port: u16) -> anyhow::Result<Side> {
        Ok(Side { connection: Connection::open(port)?, times: Vec::new(), differing: 0 })
    }

    /// Asks everything in `block` once; the comparison of answers is not timed.
    fn ask<'a>(&mut self, block: impl Iterator<Item = &'a Exchange>) -> anyhow::Result<()> {
        for exchange in block {
            let began = Instant::now();
            let answer = self.connection.exchange(&exchange.request)?;
            self.times.push(began.elapsed());
            anyhow::ensure!(answer.status == 200, "status {} in a measurement", answer.status);
            self.differing += usize::from(answer.body != exchange.answer);
        }
        interrupt::check()
    }
}

/// Asks both sides the same, block by block in turns, going round `exchanges` as often as it takes.
pub(crate) fn latency(
    name: &str,
    sides: Sides,
    exchanges: &[Exchange],
    rounds: Rounds,
) -> anyhow::Result<Latency> {
    let (mut product, mut echo) = (Side::open(sides.product)?, Side::open(sides.echo)?);
    for block in 0..=rounds.blocks {
        let asked = || exchanges.iter().cycle().skip(block * rounds.per_block % exchanges.len());
        // Each side goes first in every other block.
        let (first, second) =
            if block % 2 == 0 { (&mut product, &mut echo) } else { (&mut echo, &mut product) };
        first.ask(asked().take(rounds.per_block)).with_context(|| format!("{name}, block {block}"))?;
        second.ask(asked().take(rounds.per_block)).with_context(|| format!("{name}, block {block}"))?;
        if block == 0 {
            product.times.clear();
            echo.times.clear();
        }
    }
    anyhow::ensure!(echo.differing == 0, "the echo server gave other bytes than it was told");
    Ok(Latency {
        name: name.to_owned(),
        requests: product.times.len(),
        answer_bytes: exchanges.iter().map(|exchange| exchange.answer.len()).sum::<usize>() / exchanges.len(),
        product: Percentiles::of(&mut product.times),
        echo: Percentiles::of(&mut echo.times),
        differing: product.differing,
    })
}

/// How much is asked over many connections: so many blocks of so long on each side.
pub(crate) type Blocks = (usize, Duration);

/// Asks `requests`, round and round, over many connections at once, both sides in turns.
pub(crate) fn throughput(
    name: &str,
    sides: Sides,
    requests: &[Request],
    connections: usize,
    (blocks, block): Blocks,
) -> anyhow::Result<Throughput> {
    let (mut product, mut echo) = (Vec::new(), Vec::new());
    flood(sides.product, requests, connections, block / 4)?;
    flood(sides.echo, requests, connections, block / 4)?;
    for _ in 0..blocks {
        product.append(&mut flood(sides.product, requests, connections, block)?);
        echo.append(&mut flood(sides.echo, requests, connections, block)?);
        interrupt::check()?;
    }
    let seconds = block.as_secs_f64() * f64::from(u32::try_from(blocks)?);
    let flow = |mut times: Vec<Duration>| -> anyhow::Result<Flow> {
        let count = f64::from(u32::try_from(times.len())?);
        Ok(Flow { per_second: count / seconds, times: Percentiles::of(&mut times) })
    };
    Ok(Throughput { name: name.to_owned(), connections, product: flow(product)?, echo: flow(echo)? })
}

/// Keeps one request open on each connection for `block`; the times of those answered within it.
///
/// One thread a core serves its share of the connections in turn, which costs the least a client can; a time
/// therefore includes the wait for that turn.
fn flood(
    port: u16,
    requests: &[Request],
    connections: usize,
    block: Duration,
) -> anyhow::Result<Vec<Duration>> {
    let drivers = thread::available_parallelism().map_or(1, usize::from).min(connections);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..drivers)
            .map(|driver| {
                let share = connections / drivers + usize::from(driver < connections % drivers);
                // Each driver begins elsewhere, so that they do not ask the same at the same time.
                let asked = requests.iter().cycle().skip(driver * requests.len() / drivers);
                scope.spawn(move || drive(port, asked, share, block))
            })
            .collect();
        let mut times = Vec::new();
        for thread in threads {
            let of_thread = thread.join().map_err(|_| anyhow::anyhow!("a client thread panicked"))?;
            times.append(&mut of_thread.context("throughput")?);
        }
        Ok(times)
    })
}

fn drive<'a>(
    port: u16,
    mut asked: impl Iterator<Item = &'a Request>,
    share: usize,
    block: Duration,
) -> anyhow::Result<Vec<Duration>> {
    let mut next = || asked.next().context("there is nothing to ask");
    let mut open = Vec::with_capacity(share);
    for _ in 0..share {
        open.push((Connection::open(port)?, Instant::now()));
    }
    let mut times = Vec::new();
    let deadline = Instant::now() + block;
    for (connection, sent) in &mut open {
        connection.send(next()?)?;
        *sent = Instant::now();
    }
    loop {
        for (connection, sent) in &mut open {
            let status = connection.receive()?.status;
            let now = Instant::now();
            anyhow::ensure!(status == 200, "status {status} in a measurement");
            if now >= deadline {
                return Ok(times);
            }
            times.push(now - *sent);
            *sent = now;
            connection.send(next()?)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Percentiles;

    #[test]
    fn percentiles_are_the_nearest_ranks() {
        let cases = [(1, [1.0, 1.0, 1.0]), (2, [1.0, 2.0, 2.0]), (100, [50.0, 95.0, 99.0])];
        for (count, [p50, p95, p99]) in cases {
            let mut times: Vec<_> = (1..=count).rev().map(Duration::from_micros).collect();
            let found = Percentiles::of(&mut times);
            for (found, expected) in [(found.p50, p50), (found.p95, p95), (found.p99, p99)] {
                assert!((found - expected).abs() < 1e-6, "{count}: {found} for {expected}");
            }
        }
        assert!(Percentiles::of(&mut []).p99.abs() < 1e-6);
    }
}
