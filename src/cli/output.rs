//! The one place that prints.
//!
//! Colours appear where a terminal is, and follow `NO_COLOR`, `CLICOLOR` and `CLICOLOR_FORCE`. A reader that closed
//! the pipe wants no more, which is no failure of ours; whatever else keeps data from being written is told at the end.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};

/// How a piece of a line stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Not at all.
    Plain,
    /// What the line is about.
    Strong,
    /// What is there for completeness.
    Quiet,
    /// It went well.
    Good,
    /// It went badly.
    Bad,
    /// It deserves a look.
    Warning,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Tone::Plain => Style::new(),
            Tone::Strong => Style::new().bold(),
            Tone::Quiet => Style::new().dimmed(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Bad => AnsiColor::Red.on_default(),
            Tone::Warning => AnsiColor::Yellow.on_default(),
        }
    }
}

/// A line of data.
pub(super) fn line(text: &str) {
    toned(&[(Tone::Plain, text)]);
}

/// A line of data in pieces.
pub(super) fn toned(pieces: &[(Tone, &str)]) {
    note(write_line(&mut anstream::stdout().lock(), pieces));
}

/// A line of data that nobody needs: whoever reads it may be gone.
pub(super) fn line_to_anybody(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Data that is a file's content, as it is.
pub(super) fn bytes(content: &[u8]) {
    note(std::io::stdout().lock().write_all(content));
}

/// Why data could not be written, unless its reader had enough.
static FAILED: OnceLock<String> = OnceLock::new();

fn note(written: io::Result<()>) {
    if let Err(error) = written.and_then(|()| io::stdout().flush())
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        let _ = FAILED.set(error.to_string());
    }
}

/// Why not all data was written to standard output; `None` where it was.
pub(super) fn failure() -> Option<&'static str> {
    FAILED.get().map(String::as_str)
}

/// What went wrong.
pub(super) fn error(text: &str) {
    // Where not even this can be told, there is nobody to tell.
    let _ = write_line(&mut anstream::stderr().lock(), &[(Tone::Bad, "error: "), (Tone::Plain, text)]);
}

/// What to try.
pub(super) fn hint(text: &str) {
    let _ = write_line(&mut anstream::stderr().lock(), &[(Tone::Warning, "hint: "), (Tone::Plain, text)]);
}

fn write_line(out: &mut impl Write, pieces: &[(Tone, &str)]) -> io::Result<()> {
    let mut line = String::new();
    for (tone, text) in pieces {
        let style = tone.style();
        // Writing to a String cannot fail.
        let _ = std::fmt::Write::write_fmt(&mut line, format_args!("{style}{}{style:#}", printable(text)));
    }
    writeln!(out, "{line}")
}

/// `text` without what could steer a terminal or reorder what it shows: files' names and texts are not ours.
fn printable(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{FFFD}' } else { c }).collect()
}

/// Time after which somebody who waits is told what for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Word of something that takes long, on standard error and only on a terminal; taken away when this is dropped.
#[derive(Debug)]
pub(super) struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

/// Says `what` is going on, and for how long, once it took a second.
pub(super) fn progress(what: &'static str) -> Progress {
    if !std::io::stderr().is_terminal() {
        return Progress(None);
    }
    let (sender, done) = channel();
    let began = Instant::now();
    let telling = move || {
        let mut width = 0;
        while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(PATIENCE) {
            let text = format!("{what} … {} s", began.elapsed().as_secs());
            width = text.chars().count();
            let _ = write!(std::io::stderr().lock(), "\r{text}");
        }
        if width > 0 {
            let _ = write!(std::io::stderr().lock(), "\r{:width$}\r", "");
        }
    };
    let thread = std::thread::Builder::new().name("progress".into()).spawn(telling);
    Progress(thread.ok().map(|thread| (sender, thread)))
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.0.take() {
            drop(done);
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_cannot_steer_the_terminal() {
        let mut out = Vec::new();
        write_line(&mut out, &[(Tone::Good, "a\u{1b}[31m\u{202e}b"), (Tone::Plain, "\tc")]).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("a\u{fffd}[31m\u{fffd}b"), "{text:?}");
        assert!(text.starts_with("\u{1b}[32m") && text.ends_with("\tc\n"), "{text:?}");
    }
}
