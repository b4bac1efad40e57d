//! The files that log lines go into: one a day, cut and redacted line by line, the older ones compressed, the oldest gone.
//!
//! All of it happens on the thread that writes the log; nobody who logs waits for it.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::limits::{DAYS_KEPT, MAX_DAY_BYTES, MAX_TEXT_CHARS};
use super::redaction::redacted;
use confined_fs::{ConfinedDir, DirPath, Replacing};

/// Days whose files stay as they are: today's and yesterday's, which another process may still write to.
const PLAIN_DAYS: usize = 2;

/// Bytes of lines that are written together.
const BUFFER_BYTES: usize = 16 * 1024;

/// Time between two looks whether the file is still where it was.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Part of a day's bytes that only warnings and errors may use.
const RESERVE: u64 = MAX_DAY_BYTES / 10;

/// Lines that were not written: too many for one day, or the disk did not take them.
static UNWRITTEN: AtomicU64 = AtomicU64::new(0);

/// Lines of this process that no file holds.
pub(super) fn unwritten_lines() -> u64 {
    UNWRITTEN.load(Ordering::Relaxed)
}

/// Today, UTC.
fn today() -> Date {
    OffsetDateTime::now_utc().date()
}

/// The name of a day's file.
fn name_of(day: Date) -> String {
    // A date of the calendar can be written in digits.
    let day = day.format(format_description!("[year]-[month]-[day]")).unwrap_or_default();
    format!("mcp.{day}.log")
}

/// Compresses and removes what is older than a day.
type Tidy = fn(&ConfinedDir, Date) -> io::Result<()>;

/// Writes lines into the file of the day. Each call of `write` brings one line, as the subscriber makes it.
#[derive(Debug)]
pub(super) struct DailyFile {
    dir: DirPath,
    today: fn() -> Date,
    tidy: Tidy,
    day: Date,
    file: Option<File>,
    /// Whole lines that wait.
    waiting: Vec<u8>,
    waiting_lines: u64,
    /// Bytes of the day's file, with those that wait.
    bytes: u64,
    looked: Instant,
}

impl DailyFile {
    /// Opens today's file in `dir`, and tidies up.
    ///
    /// # Errors
    /// Where the folder or the file cannot be written.
    pub(super) fn open(dir: &DirPath) -> io::Result<Self> {
        DailyFile::over(dir, today, tidy)
    }

    #[cfg(test)]
    fn with_clock(dir: &DirPath, today: fn() -> Date) -> io::Result<Self> {
        DailyFile::over(dir, today, tidy)
    }

    fn over(dir: &DirPath, today: fn() -> Date, tidy: Tidy) -> io::Result<Self> {
        let day = today();
        let file = dir.create()?.append(name_of(day).as_ref())?;
        let bytes = file.metadata()?.len();
        let daily = DailyFile {
            dir: dir.clone(),
            today,
            tidy,
            day,
            file: Some(file),
            waiting: Vec::with_capacity(BUFFER_BYTES),
            waiting_lines: 0,
            bytes,
            looked: Instant::now(),
        };
        daily.tidy_up();
        Ok(daily)
    }

    /// Goes on in another file where the day is another, or the file was taken away.
    fn turn(&mut self) {
        let day = (self.today)();
        if day != self.day {
            self.write_out();
            self.day = day;
            self.reopen();
            self.tidy_up();
        }
    }

    /// Opens the day's file, anew where there was one before.
    fn reopen(&mut self) {
        self.file = self.dir.file(name_of(self.day)).append().ok();
        self.bytes = self.file.as_ref().and_then(|file| file.metadata().ok()).map_or(0, |found| found.len());
    }

    /// Writes what waits; what the disk does not take is counted and forgotten.
    fn write_out(&mut self) {
        if self.looked.elapsed() > LOOK_EVERY {
            self.looked = Instant::now();
            let is_gone =
                self.file.as_ref().is_none_or(|file| file.metadata().is_ok_and(|found| found.nlink() == 0));
            if is_gone {
                // The folder may have gone with it.
                let _ = self.dir.create();
                self.reopen();
            }
        }
        let written = self.file.as_mut().is_some_and(|file| file.write_all(&self.waiting).is_ok());
        if !written {
            UNWRITTEN.fetch_add(self.waiting_lines, Ordering::Relaxed);
        }
        self.waiting.clear();
        self.waiting_lines = 0;
    }

    /// Compresses and removes older files, on a thread of its own: a large file takes a second. What cannot be tidied up
    /// today, or crashes, is logged and tried again tomorrow and at the next start.
    fn tidy_up(&self) {
        let (dir, day, tidy) = (self.dir.clone(), self.day, self.tidy);
        let tidying =
            std::thread::Builder::new().name("log-janitor".into()).spawn(move || {
                match catch_unwind(AssertUnwindSafe(|| dir.open().and_then(|dir| tidy(&dir, day)))) {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "older log files are left as they are until tomorrow");
                    }
                    Err(_) => tracing::error!("tidying older log files crashed; it is tried again tomorrow"),
                }
            });
        drop(tidying);
    }
}

impl Write for DailyFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.turn();
        let text = String::from_utf8_lossy(line);
        let kept = kept_of(&text);
        let after = self.bytes + kept.len() as u64;
        if after > MAX_DAY_BYTES || (after > MAX_DAY_BYTES - RESERVE && !matters(&kept)) {
            UNWRITTEN.fetch_add(1, Ordering::Relaxed);
            return Ok(line.len());
        }
        self.bytes = after;
        self.waiting.extend_from_slice(kept.as_bytes());
        self.waiting_lines += 1;
        if self.waiting.len() >= BUFFER_BYTES {
            self.write_out();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.waiting.is_empty() {
            self.write_out();
        }
        Ok(())
    }
}

impl Drop for DailyFile {
    fn drop(&mut self) {
        self.write_out();
    }
}

/// Whether a line is a warning or an error.
fn matters(line: &str) -> bool {
    line.contains(r#""level":"WARN""#) || line.contains(r#""level":"ERROR""#)
}

/// What a file keeps of a line: no secret, and no value longer than the limit.
fn kept_of(line: &str) -> Cow<'_, str> {
    if line.len() <= MAX_TEXT_CHARS {
        return redacted(line);
    }
    let Ok(mut fields) = serde_json::from_str::<Value>(line) else {
        // Not ours: none of it can be told from the rest.
        let start: String = line.chars().take(MAX_TEXT_CHARS).collect();
        return Cow::Owned(redacted(&start).trim_end().to_owned() + "…\n");
    };
    cut(&mut fields);
    Cow::Owned(redacted(&fields.to_string()).into_owned() + "\n")
}

/// Cuts every text.
fn cut(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARS) {
                text.truncate(end);
                text.push('…');
            }
        }
        Value::Array(values) => values.iter_mut().for_each(cut),
        Value::Object(members) => members.values_mut().for_each(cut),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Compresses files that nobody writes to any more, and removes the oldest beyond [`DAYS_KEPT`]. Files of days to come,
/// which a clock that was set back leaves, crowd nobody out.
fn tidy(dir: &ConfinedDir, today: Date) -> io::Result<()> {
    dir.sweep_temporary(|name| is_log(name.strip_suffix(".gz").unwrap_or(name)));
    let newest = name_of(today);
    let mut past = Vec::new();
    for name in dir.names()?.into_iter().filter_map(|name| name.into_string().ok()) {
        let plain = name.strip_suffix(".gz").unwrap_or(&name).to_owned();
        if is_log(&plain) && plain <= newest {
            past.push((plain, name));
        }
    }
    past.sort_by(|a, b| b.cmp(a));
    for (at, (plain, name)) in past.iter().enumerate() {
        if at >= DAYS_KEPT {
            dir.remove_file(name.as_ref())?;
        } else if at >= PLAIN_DAYS && name == plain {
            compress(dir, plain)?;
        }
    }
    Ok(())
}

/// Whether a name is that of a day's file.
fn is_log(name: &str) -> bool {
    let day = name.strip_prefix("mcp.").and_then(|rest| rest.strip_suffix(".log"));
    day.is_some_and(|day| Date::parse(day, format_description!("[year]-[month]-[day]")).is_ok())
}

/// Puts a compressed copy in the place of a file, whole or not at all.
fn compress(dir: &ConfinedDir, name: &str) -> io::Result<()> {
    let mut plain = dir.open_file(name.as_ref())?;
    dir.replace(format!("{name}.gz").as_ref(), Replacing::PrivateDurably, |out| {
        let mut encoder = GzEncoder::new(out, Compression::default());
        io::copy(&mut plain, &mut encoder)?;
        encoder.finish().map(drop)
    })?;
    dir.remove_file(name.as_ref())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::{Read, Write};
    use std::path::Path;
    use std::sync::atomic::{AtomicU64, Ordering};

    use flate2::read::GzDecoder;
    use time::macros::date;
    use time::{Date, Duration};

    use super::{ConfinedDir, DailyFile, DirPath, is_log, kept_of, name_of, tidy, unwritten_lines};
    use crate::telemetry::limits::{DAYS_KEPT, MAX_DAY_BYTES, MAX_TEXT_CHARS};

    const FIRST: Date = date!(2026 - 11 - 21);

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_week_is_kept_and_all_but_two_days_compressed() {
        let dir = tempfile::tempdir().unwrap();
        for day in 0..10 {
            std::fs::write(dir.path().join(name_of(FIRST - Duration::days(day))), format!("day {day}\n"))
                .unwrap();
        }
        std::fs::write(dir.path().join(name_of(FIRST + Duration::days(3))), "of a clock gone wrong\n")
            .unwrap();
        std::fs::write(dir.path().join("start.log"), "not a day's\n").unwrap();
        tidy(&DirPath::from(dir.path()).open().unwrap(), FIRST).unwrap();
        // Doing it again changes nothing.
        tidy(&DirPath::from(dir.path()).open().unwrap(), FIRST).unwrap();
        let names = names(dir.path());
        let plain = names.iter().filter(|name| is_log(name)).count();
        let compressed: Vec<_> = names.iter().filter(|name| name.ends_with(".log.gz")).collect();
        assert_eq!((plain, compressed.len()), (3, DAYS_KEPT - 2), "{names:?}");
        assert!(names.contains(&"start.log".to_owned()));
        let mut text = String::new();
        let oldest = dir.path().join(compressed[0]);
        GzDecoder::new(std::fs::File::open(oldest).unwrap()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "day 6\n");
    }

    #[test]
    fn each_day_has_its_file_whichever_way_the_clock_jumps() {
        thread_local!(static DAY: Cell<Date> = const { Cell::new(FIRST) });
        let dir = tempfile::tempdir().unwrap();
        let mut log = DailyFile::with_clock(&dir.path().into(), || DAY.get()).unwrap();
        for (day, line) in
            [(FIRST, "a\n"), (date!(2026 - 11 - 22), "b\n"), (date!(1970 - 01 - 01), "c\n"), (FIRST, "d\n")]
        {
            DAY.set(day);
            log.write_all(line.as_bytes()).unwrap();
        }
        drop(log);
        assert_eq!(std::fs::read_to_string(dir.path().join(name_of(FIRST))).unwrap(), "a\nd\n");
        assert_eq!(std::fs::read_to_string(dir.path().join(name_of(date!(2026 - 11 - 22)))).unwrap(), "b\n");
    }

    #[test]
    fn a_janitor_that_crashes_holds_no_line_up_and_comes_again_the_next_day() {
        thread_local!(static DAY: Cell<Date> = const { Cell::new(FIRST) });
        static CALLS: AtomicU64 = AtomicU64::new(0);
        fn crash(_: &ConfinedDir, _: Date) -> std::io::Result<()> {
            CALLS.fetch_add(1, Ordering::SeqCst);
            panic!("on purpose, for a test");
        }
        let dir = tempfile::tempdir().unwrap();
        let mut log = DailyFile::over(&dir.path().into(), || DAY.get(), crash).unwrap();
        log.write_all(b"a\n").unwrap();
        DAY.set(date!(2026 - 11 - 22));
        log.write_all(b"b\n").unwrap();
        drop(log);
        for (day, line) in [(FIRST, "a\n"), (date!(2026 - 11 - 22), "b\n")] {
            assert_eq!(std::fs::read_to_string(dir.path().join(name_of(day))).unwrap(), line);
        }
        while CALLS.load(Ordering::SeqCst) < 2 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn lines_are_cut_redacted_and_still_json() {
        let long = format!(r#"{{"level":"INFO","message":"{}","token":"abcdef"}}"#, "é".repeat(5_000));
        let kept = kept_of(&long);
        let read: serde_json::Value = serde_json::from_str(&kept).unwrap();
        assert_eq!(read["message"].as_str().unwrap().chars().count(), MAX_TEXT_CHARS + 1);
        assert_eq!(read["token"], "[redacted]");
        assert!(kept_of(&"x".repeat(100_000)).len() <= MAX_TEXT_CHARS + 10);
    }

    #[test]
    fn a_day_is_bounded_and_keeps_room_for_what_matters() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(name_of(FIRST));
        std::fs::File::create(&file).unwrap().set_len(MAX_DAY_BYTES - 100).unwrap();
        let mut log = DailyFile::with_clock(&dir.path().into(), || FIRST).unwrap();
        let before = unwritten_lines();
        log.write_all(b"{\"level\":\"INFO\"}\n").unwrap();
        assert_eq!(unwritten_lines(), before + 1);
        log.write_all(b"{\"level\":\"ERROR\"}\n").unwrap();
        log.write_all(format!("{{\"level\":\"ERROR\",\"m\":\"{}\"}}\n", "x".repeat(200)).as_bytes()).unwrap();
        assert_eq!(unwritten_lines(), before + 2);
        drop(log);
        assert_eq!(std::fs::metadata(file).unwrap().len(), MAX_DAY_BYTES - 100 + 18);
    }
}
