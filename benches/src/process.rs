//! A process this run started: its memory, and its certain end.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

/// A running child; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process(Child);

/// Resident memory in MiB.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resident {
    /// Now.
    pub(crate) now: f64,
    /// The most since the process started.
    pub(crate) peak: f64,
}

/// Megabytes, which limits are stated in, of mebibytes.
pub(crate) fn megabytes(mebibytes: f64) -> f64 {
    mebibytes * 1.048_576
}

impl Process {
    /// Starts `command`.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Process> {
        let child = command.spawn().with_context(|| format!("{command:?} cannot be started"))?;
        Ok(Process(child))
    }

    /// Its id.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// The child itself, for its pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// Fails where it has ended already.
    pub(crate) fn ensure_running(&mut self) -> anyhow::Result<()> {
        match self.0.try_wait()? {
            None => Ok(()),
            Some(status) => anyhow::bail!("process {} ended: {status}", self.id()),
        }
    }

    /// Whether it has not ended yet.
    pub(crate) fn is_running(&mut self) -> anyhow::Result<bool> {
        Ok(self.0.try_wait()?.is_none())
    }

    /// Asks it to end and waits; one that does not end within `patience` is an error (and is killed).
    pub(crate) fn terminate(self, patience: Duration) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.0), Signal::TERM)?;
        self.wait(patience)
    }

    /// Waits for its end; one that does not come within `patience` is an error (and the process is killed).
    pub(crate) fn wait(mut self, patience: Duration) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.0.try_wait()?.is_none() {
            anyhow::ensure!(began.elapsed() < patience, "process {} did not end in time", self.id());
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }

    /// Its resident memory; `None` where the system has no `/proc`.
    pub(crate) fn resident(&self) -> Option<Resident> {
        resident_of(&std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads the text of `/proc/PID/status`.
fn resident_of(status: &str) -> Option<Resident> {
    let mebibytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let kibibytes: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(f64::from(kibibytes) / 1024.0)
    };
    Some(Resident { now: mebibytes("VmRSS")?, peak: mebibytes("VmHWM")? })
}

#[cfg(test)]
mod tests {
    use super::{Resident, resident_of};

    #[test]
    fn resident_memory_is_read_in_mebibytes() {
        let status = "Name:\tadjutant\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\nThreads:\t9\n";
        assert_eq!(resident_of(status), Some(Resident { now: 10.0, peak: 20.0 }));
        assert_eq!(resident_of("Name:\tzombie\n"), None);
    }
}
