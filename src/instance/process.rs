//! A process, told apart from a later one with the same id by its start time.

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// A process: its id and when it started, in the system's own terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// The process id.
    pub pid: u32,
    started: String,
}

impl Process {
    /// This process.
    pub fn of_this_process() -> Self {
        let pid = std::process::id();
        Process { pid, started: start_time(pid).unwrap_or_default() }
    }

    /// The PID file's content: the id alone on the first line, for `kill $(head -n1 …)` and its like, the start
    /// time on the second.
    pub(super) fn to_pid_file(&self) -> String {
        format!("{}\n#{}\n", self.pid, self.started)
    }

    /// Reads a PID file.
    pub(super) fn from_pid_file(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        let started = lines.next()?.trim().strip_prefix('#')?.to_owned();
        Some(Process { pid, started })
    }

    /// Whether it runs still, and is not a later process with the same id.
    pub fn is_alive(&self) -> bool {
        self.target().is_some_and(|pid| test_kill_process(pid).is_ok())
            && start_time(self.pid).is_some_and(|started| started == self.started)
    }

    /// Whether a process of that id runs, whichever it is.
    pub fn is_running(pid: u32) -> bool {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        // One that belongs to somebody else may not be signalled, and runs.
        pid.is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
    }

    /// Asks it to end. Verify with [`Process::is_alive`] first: that is what keeps strangers safe.
    pub fn terminate(&self) -> bool {
        self.is_alive() && self.target().is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok())
    }

    /// Ends it at once.
    pub fn kill(&self) -> bool {
        self.is_alive() && self.target().is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok())
    }

    fn target(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.pid).ok()?)
    }
}

/// When a process started: clock ticks since boot. A process that ended and was not awaited counts as gone.
#[cfg(target_os = "linux")]
fn start_time(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command in parentheses, which may itself hold blanks and parentheses.
    let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace();
    let state = fields.next()?;
    let started = fields.nth(18)?;
    (!matches!(state, "Z" | "X")).then(|| started.to_owned())
}

/// When a process started, as `ps` says.
#[cfg(not(target_os = "linux"))]
fn start_time(pid: u32) -> Option<String> {
    let output =
        std::process::Command::new("ps").args(["-o", "lstart=", "-p", &pid.to_string()]).output().ok()?;
    let started = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!started.is_empty()).then_some(started)
}

#[cfg(test)]
mod tests {
    use super::Process;

    #[test]
    fn this_process_is_alive_and_survives_its_file() {
        let process = Process::of_this_process();
        assert!(process.is_alive());
        assert_eq!(Process::from_pid_file(&process.to_pid_file()), Some(process));
    }

    #[test]
    fn a_later_process_with_the_same_id_is_another_one() {
        let earlier = Process { started: "1".into(), ..Process::of_this_process() };
        assert!(!earlier.is_alive());
        assert!(!earlier.terminate());
    }

    #[test]
    fn a_damaged_file_names_nobody() {
        for text in ["", "x", "12", "12\n34", "-1\n#2", "99999999999\n#1"] {
            assert_eq!(Process::from_pid_file(text), None, "{text:?}");
        }
    }
}
