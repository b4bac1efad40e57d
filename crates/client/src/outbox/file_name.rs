//! The names of an outbox's files, which tell a file's state and when its decision was made.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The state of a file, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind<'a> {
    Queued,
    /// Since when, in Unix milliseconds, and the name to which a released claim returns.
    Claimed(u64, &'a str),
    Refused,
    Unfinished,
    Foreign,
}

impl<'a> FileKind<'a> {
    pub(super) fn of(file: &'a str) -> Self {
        if is_name(file) {
            return FileKind::Queued;
        }
        if let Some((name, since)) = file.rsplit_once(".claimed-")
            && let Ok(since) = since.parse()
            && is_name(name)
        {
            return FileKind::Claimed(since, name);
        }
        match file.rsplit_once('.') {
            Some((name, "refused")) if is_name(name) => FileKind::Refused,
            Some((name, "tmp")) if is_name(name) => FileKind::Unfinished,
            _ => FileKind::Foreign,
        }
    }
}

/// Whether a file has the name of a queued decision: `<13 digits>-<8 hex>.json`.
pub(super) fn is_name(file: &str) -> bool {
    let Some((time, rest)) = file.split_once('-') else { return false };
    let Some(random) = rest.strip_suffix(".json") else { return false };
    time.len() == 13
        && time.bytes().all(|byte| byte.is_ascii_digit())
        && random.len() == 8
        && random.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The time of a decision that is made now, in milliseconds since 1970, UTC. Strictly increasing within this process, so that
/// two decisions of one millisecond keep their order.
pub fn decision_time() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = now_ms();
    let next = |last: u64| Some(now.max(last + 1));
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or(now);
    now.max(last + 1)
}

/// A name for a decision made at that time.
pub(super) fn new_name(decided_at_ms: u64) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("{decided_at_ms:013}-{}.json", &random[..8])
}

/// When the decision of a file was made, by its name.
pub(super) fn decided_at_ms(file: &str) -> Option<u64> {
    let (time, _) = file.split_once('-')?;
    time.parse().ok()
}

pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Whether a file has a name that belongs to an outbox.
pub fn is_file_of_queue(name: &str) -> bool {
    FileKind::of(name) != FileKind::Foreign
}

#[cfg(test)]
mod tests {
    use super::{FileKind, decided_at_ms, decision_time, is_name, new_name};

    #[test]
    fn names_say_what_a_file_is() {
        let name = "1763700000000-0a1b2c3d.json";
        let cases = [
            (name.to_owned(), FileKind::Queued),
            (format!("{name}.claimed-1763700000001"), FileKind::Claimed(1_763_700_000_001, name)),
            (format!("{name}.refused"), FileKind::Refused),
            (format!("{name}.tmp"), FileKind::Unfinished),
            (format!("{name}.claimed-x"), FileKind::Foreign),
            ("1763700000000-0a1b2c3.json".to_owned(), FileKind::Foreign),
            ("176370000000-0a1b2c3d.json".to_owned(), FileKind::Foreign),
            ("README".to_owned(), FileKind::Foreign),
        ];
        for (file, role) in cases {
            assert_eq!(FileKind::of(&file), role, "{file}");
        }
    }

    #[test]
    fn names_sort_as_their_decisions_were_made() {
        let times: Vec<u64> = (0..1000).map(|_| decision_time()).collect();
        let names: Vec<String> = times.iter().map(|&time| new_name(time)).collect();
        assert!(names.is_sorted() && names.iter().all(|name| is_name(name)), "{:?}", &names[..3]);
        assert!(names.iter().zip(times).all(|(name, time)| decided_at_ms(name) == Some(time)));
    }
}
