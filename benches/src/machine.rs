//! The machine and the build that figures belong to.

use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// What is said where the system does not tell.
const UNKNOWN: &str = "n/a";

/// Facts without which a figure says little.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory: String,
    pub(crate) kernel: String,
    /// The load averages before the run: a busy machine shows here.
    pub(crate) load: String,
    pub(crate) rustc: String,
    /// The binary that was measured, with its folder, which is called as the profile it was built with.
    pub(crate) binary: String,
    /// The checkout's commit, with `+` where files differ from it.
    pub(crate) commit: String,
}

impl Machine {
    /// Asks the system; the commit is that of `project`, and `binary` is measured.
    pub(crate) fn here(project: &Path, binary: &Path) -> Machine {
        let folder = binary.parent().and_then(Path::file_name).map(Path::new);
        let uname = rustix::system::uname();
        let [system, release] = [uname.sysname(), uname.release()].map(std::ffi::CStr::to_string_lossy);
        Machine {
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| UNKNOWN.into()),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory: field("/proc/meminfo", "MemTotal")
                .and_then(|text| mebibytes(&text))
                .unwrap_or_else(|| UNKNOWN.into()),
            kernel: format!("{system} {release}"),
            load: std::fs::read_to_string("/proc/loadavg")
                .ok()
                .and_then(|text| Some(text.rsplitn(3, ' ').nth(2)?.to_owned()))
                .unwrap_or_else(|| UNKNOWN.into()),
            rustc: said(Command::new("rustc").arg("--version")).unwrap_or_else(|| UNKNOWN.into()),
            binary: folder
                .zip(binary.file_name())
                .map_or_else(|| UNKNOWN.into(), |(folder, name)| folder.join(name).display().to_string()),
            commit: commit(project).unwrap_or_else(|| UNKNOWN.into()),
        }
    }

    /// All of it, in two lines.
    pub(crate) fn in_words(&self) -> String {
        format!(
            "{}, {} cores, {}, {}, load {}\n{}, commit {}, {}\n",
            self.cpu, self.cores, self.memory, self.kernel, self.load, self.rustc, self.commit, self.binary,
        )
    }
}

/// The value of the first line of a `/proc` file that is called `name`.
fn field(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

/// Kibibytes as `/proc` writes them, in MiB.
fn mebibytes(text: &str) -> Option<String> {
    let kibibytes: u64 = text.strip_suffix("kB")?.trim().parse().ok()?;
    Some(format!("{} MiB", kibibytes / 1024))
}

fn commit(project: &Path) -> Option<String> {
    let git = || {
        let mut command = Command::new("git");
        command.arg("-C").arg(project);
        command
    };
    let commit = said(git().args(["rev-parse", "--short", "HEAD"]))?;
    let changed = said(git().args(["status", "--porcelain", "--untracked-files=no"]))?;
    Some(if changed.is_empty() { commit } else { commit + "+" })
}

/// What a successful command prints.
fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
