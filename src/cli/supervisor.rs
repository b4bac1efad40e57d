//! Starting a server that crashed again: `MCP_AUTO_RESTART=on`.
//!
//! `adjutant serve` then is two processes: a small one that waits, and the server, which records itself as the
//! project's instance. A crash is an end by a signal or with a code that is not chosen; how it came about goes to the
//! log. An end that was asked for (by a signal to either, or by `adjutant down`), a port that is taken and a first
//! start that fails are no crashes.

use std::collections::VecDeque;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::{allocator, exit, output, small_runtime};
use crate::config::Config;
use crate::instance::Supervision;
use crate::telemetry::logging;

/// The flag that tells a server from who supervises it.
pub(super) const SUPERVISED: &str = "--supervised";

/// Time before the first restart; it doubles with each that follows.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest time before a restart.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A server that ran this long is well: the next pause is the first again.
const WELL_AFTER: Duration = Duration::from_mins(5);

/// Restarts within [`WINDOW`] at most; more would only fill the log.
const MAX_RESTARTS: usize = 5;

/// The time in which restarts are counted.
const WINDOW: Duration = Duration::from_mins(1);

/// Bytes of a server's last words that are kept for the log.
const LAST_WORDS: usize = 4 * 1024;

/// What follows an end.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Exit(u8),
    Restart,
}

/// Runs the server until it ends by itself or too often.
pub(super) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let (log_guard, _) = logging::start(&config.project.paths.log_dir, config.daemon.log_level);
    let supervision = Supervision::announce(&config.project);
    if let Err(error) = &supervision {
        output::hint(&format!("no file names the supervisor: {error}"));
    }
    let code = small_runtime()?.block_on(supervise());
    drop((supervision, log_guard));
    Ok(ExitCode::from(code?))
}

async fn supervise() -> anyhow::Result<u8> {
    let mut signals = Signals::watch()?;
    let mut restarts: VecDeque<Instant> = VecDeque::new();
    let mut pause = FIRST_PAUSE;
    let mut is_first = true;
    loop {
        let began = Instant::now();
        let ended = Server::start()?.wait(&mut signals).await?;
        match next(ended.status, ended.was_asked, is_first) {
            Next::Exit(code) => return Ok(code),
            Next::Restart => is_first = false,
        }
        restarts.retain(|at| at.elapsed() < WINDOW);
        tracing::error!(
            exit_code = ended.status.code(),
            signal = ended.status.signal(),
            ran_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            restarts = restarts.len(),
            last_words = ended.last_words,
            "the server crashed"
        );
        if restarts.len() >= MAX_RESTARTS {
            tracing::error!(restarts = MAX_RESTARTS, "it is not started again: it crashed too often");
            output::error(&format!(
                "the server crashed {} times within a minute; the log says how",
                restarts.len() + 1
            ));
            return Ok(exit::FAILED);
        }
        restarts.push_back(Instant::now());
        if began.elapsed() > WELL_AFTER {
            pause = FIRST_PAUSE;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = signals.any() => return Ok(0),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// What follows an end of this kind.
fn next(status: ExitStatus, was_asked: bool, is_first: bool) -> Next {
    match status.code() {
        Some(code) => {
            let code = u8::try_from(code).unwrap_or(exit::FAILED);
            let is_chosen = matches!(code, 0 | exit::PORT_TAKEN) || (is_first && code == exit::FAILED);
            if was_asked || is_chosen { Next::Exit(code) } else { Next::Restart }
        }
        None if was_asked => Next::Exit(exit::FAILED),
        None => Next::Restart,
    }
}

/// The signals that ask for an end.
struct Signals([tokio::signal::unix::Signal; 3]);

impl Signals {
    fn watch() -> anyhow::Result<Self> {
        let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
        let [terminate, interrupt, hang_up] = kinds.map(signal);
        Ok(Signals([terminate?, interrupt?, hang_up?]))
    }

    async fn any(&mut self) {
        let [terminate, interrupt, hang_up] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
}

/// A server that runs.
struct Server {
    child: Child,
    last_words: Arc<Mutex<VecDeque<u8>>>,
}

/// How one came to its end.
struct Ended {
    status: ExitStatus,
    was_asked: bool,
    last_words: String,
}

impl Server {
    /// Starts this program again, with the same arguments and the flag that makes it the server. It leads a group of
    /// its own, so that a signal from the terminal comes here alone and is passed on once.
    fn start() -> anyhow::Result<Self> {
        let mut command = std::process::Command::new(std::env::current_exe()?);
        command.args(std::env::args_os().skip(1)).arg(SUPERVISED);
        allocator::settle(&mut command);
        let mut command = Command::from(command);
        command.process_group(0).stdin(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().context("the server could not be started")?;
        Ok(Server { child, last_words: Arc::default() })
    }

    async fn wait(mut self, signals: &mut Signals) -> anyhow::Result<Ended> {
        let hearing = self.child.stderr.take().map(|stderr| hear(stderr, Arc::clone(&self.last_words)));
        let hearing = async {
            if let Some(hearing) = hearing {
                hearing.await;
            }
        };
        tokio::pin!(hearing);
        let (mut was_asked, mut has_heard_all) = (false, false);
        let status = loop {
            tokio::select! {
                status = self.child.wait() => break status?,
                () = signals.any() => {
                    was_asked = true;
                    self.terminate();
                }
                () = &mut hearing, if !has_heard_all => has_heard_all = true,
            }
        };
        if !has_heard_all {
            // What it said last may still be in the pipe; somebody it started may hold that open.
            let _ = tokio::time::timeout(FIRST_PAUSE, hearing).await;
        }
        let words = std::mem::take(&mut *self.last_words.lock().unwrap_or_else(PoisonError::into_inner));
        let words = Vec::from(words);
        Ok(Ended { status, was_asked, last_words: String::from_utf8_lossy(&words).trim().to_owned() })
    }

    fn terminate(&self) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // Gone meanwhile is as good.
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

/// Passes on what a server says on its standard error, and keeps the end of it.
async fn hear(mut from: tokio::process::ChildStderr, kept: Arc<Mutex<VecDeque<u8>>>) {
    let mut chunk = [0; 1024];
    let mut own = tokio::io::stderr();
    while let Ok(length @ 1..) = from.read(&mut chunk).await {
        // Nobody may be listening any more.
        let _ = own.write_all(&chunk[..length]).await;
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(&chunk[..length]);
        let surplus = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crashes_are_followed_by_a_restart() {
        let exited = |code: i32| ExitStatus::from_raw(code << 8);
        let killed = ExitStatus::from_raw(9);
        let cases = [
            (exited(0), false, false, Next::Exit(0)),
            (exited(98), false, false, Next::Exit(98)),
            (exited(1), false, true, Next::Exit(1)),
            (exited(1), false, false, Next::Restart),
            (exited(101), false, true, Next::Restart),
            (killed, false, true, Next::Restart),
            (killed, true, false, Next::Exit(1)),
            (exited(101), true, false, Next::Exit(101)),
        ];
        for (status, was_asked, is_first, expected) in cases {
            assert_eq!(next(status, was_asked, is_first), expected, "{status:?} {was_asked} {is_first}");
        }
    }
}
