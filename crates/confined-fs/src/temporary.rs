//! Temporary files: their names, and removing those that a killed process left behind.

use std::ffi::{OsStr, OsString};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, test_kill_process};

use crate::confined_dir::ConfinedDir;

const ENDING: &str = ".tmp";

/// A name for a temporary file that takes the place of `name`: `<name>.<process id>-<number>.tmp`.
pub(crate) fn name_for(name: &OsStr) -> OsString {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut temporary = name.to_owned();
    temporary.push(format!(".{}-{number}{ENDING}", std::process::id()));
    temporary
}

/// The file that a temporary file was to replace, and the process that wrote it; `None` where it is no name of ours.
/// Before it was `<name without its ending>.<process id>.tmp`.
fn parse(temporary: &str) -> Option<(&str, u32)> {
    let (name, writer) = temporary.strip_suffix(ENDING)?.rsplit_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (process, number) = writer.split_once('-').unwrap_or((writer, "0"));
    (!name.is_empty() && digits(process) && digits(number)).then_some(())?;
    Some((name, process.parse().ok()?))
}

impl ConfinedDir {
    /// Removes the temporary files of those files that `is_ours` names and whose process is gone; answers how many there
    /// were. One that is being written is locked, in whatever container its process runs.
    pub fn sweep_temporary(&self, is_ours: impl Fn(&str) -> bool) -> usize {
        let names = self.names().unwrap_or_default();
        let is_left = |name: &&OsString| {
            let parsed = name.to_str().and_then(parse);
            parsed.is_some_and(|(of, process)| is_ours(of) && self.is_abandoned(name, process))
        };
        names.iter().filter(is_left).filter(|name| self.remove_file(name).is_ok()).count()
    }

    fn is_abandoned(&self, name: &OsStr, process: u32) -> bool {
        let is_own = process == std::process::id();
        let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
        let is_gone = pid.is_none_or(|pid| test_kill_process(pid) == Err(rustix::io::Errno::SRCH));
        // A later process may have the id of the one that wrote, this one included: then the lock decides.
        (is_gone || is_own)
            && self.open_file(name).is_ok_and(|file| {
                match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                    Ok(()) => true,
                    Err(rustix::io::Errno::WOULDBLOCK) => false,
                    // No locks here.
                    Err(_) => is_gone,
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::{name_for, parse};
    use std::ffi::OsStr;

    #[test]
    fn names_tell_what_they_are_for_and_of_whom() {
        let name = name_for(OsStr::new("catalog.bin")).into_string().unwrap();
        assert_eq!(parse(&name), Some(("catalog.bin", std::process::id())));
        assert_eq!(parse("catalog.123.tmp"), Some(("catalog", 123)));
        for other in
            ["catalog.tmp", "catalog.x.tmp", "12.tmp", ".12.tmp", "a.1-.tmp", "a.-1.tmp", "a.1-2", "a"]
        {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
