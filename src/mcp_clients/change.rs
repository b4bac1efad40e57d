//! A change of a client's file: prepared and shown first, then written if the file is still what was shown. A copy of
//! what was there stays beside it.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::macros::format_description;

use super::client::McpClient;
use super::config_text::{is_switched_off, taken_back, with_server};
use super::edited::{Done, Edited, TakenBack};
use super::error::ClientError;
use super::places::Places;
use super::record::{InitRecord, WrittenFile};
use super::server_command::ServerCommand;
use confined_fs::{NamedFile, Replacing};

/// Bytes of a client's file at most: Claude Code keeps its history in the same file, which grows to some MiB.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// A client's file, and its text when a change of it was prepared.
#[derive(Debug)]
struct Before {
    file: NamedFile,
    text: Option<String>,
}

impl Before {
    fn read(file: NamedFile) -> Result<Before, ClientError> {
        let text = read(&file)?;
        Ok(Before { file, text })
    }

    /// Writes `after`, or removes the file where there is to be none; only if it is what it was.
    fn replace(&self, after: Option<&str>) -> Result<(), ClientError> {
        let path = self.file.path();
        if read(&self.file)? != self.text {
            return Err(ClientError::Changed(path.to_owned()));
        }
        let written = match after {
            Some(text) => self.file.create_folder().and_then(|()| self.file.write(text.as_bytes())),
            None => self.file.remove(),
        };
        written.map_err(|error| ClientError::left_alone(path, &error))
    }

    /// Copies the file as it is beside itself; `None` where there is none.
    fn copy(&self, now: OffsetDateTime) -> Result<Option<PathBuf>, ClientError> {
        let Some(text) = &self.text else { return Ok(None) };
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        let failed = |error: &dyn std::fmt::Display| ClientError::left_alone(self.file.path(), error);
        let date = now.format(format).map_err(|error| failed(&error))?;
        let file = self.file.in_its_folder().map_err(|error| failed(&error))?;
        let mut copy = file.with_suffix(&format!(".before-adjutant-{date}"));
        let mut number = 1;
        while copy.exists() {
            number += 1;
            copy = file.with_suffix(&format!(".before-adjutant-{date}-{number}"));
        }
        let written = copy
            .dir()
            .open()
            .and_then(|dir| dir.write(copy.name(), Replacing::PrivateDurably, text.as_bytes()));
        written.map_err(|error| failed(&error))?;
        Ok(Some(copy.path()))
    }
}

/// Its text; `None` where there is no file.
fn read(file: &NamedFile) -> Result<Option<String>, ClientError> {
    let failed = |reason: &dyn std::fmt::Display| ClientError::left_alone(file.path(), reason);
    match file.regular() {
        Ok(None) => return Ok(None),
        Ok(Some(facts)) if facts.is_read_only() => return Err(failed(&"it is read-only")),
        Ok(Some(_)) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
    }
    let read = file.in_its_folder().and_then(|file| file.read_text(MAX_FILE_BYTES));
    match read {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(failed(&"it is not text")),
        Err(error) => Err(failed(&error)),
    }
}

fn hash(text: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What a client needs to have the server.
#[derive(Debug)]
pub struct Prepared {
    /// The change of its file; `None` where it has the server already.
    pub change: Option<Change>,
    /// Whether its entry is switched off, which stays so.
    pub is_switched_off: bool,
}

/// The server in a client's file, ready to be written.
#[derive(Debug)]
pub struct Change {
    project: PathBuf,
    client: McpClient,
    before: Before,
    edited: Edited,
}

impl Change {
    /// Prepares it. `project` is the folder in which no link is followed.
    ///
    /// # Errors
    /// [`ClientError::LeftAlone`] where the file cannot be read or edited.
    pub fn prepare(
        project: &Path,
        places: &Places,
        client: McpClient,
        server: &ServerCommand,
    ) -> Result<Prepared, ClientError> {
        let before = Before::read(places.named(project, &places.file(client)))?;
        let edited = with_server(client, before.text.as_deref(), server)
            .map_err(|reason| ClientError::left_alone(before.file.path(), &reason))?;
        let text = edited.as_ref().map(|edited| &*edited.text).or(before.text.as_deref());
        let is_switched_off = text.is_some_and(|text| is_switched_off(client, text));
        let project = project.to_owned();
        let change = edited.map(|edited| Change { project, client, before, edited });
        Ok(Prepared { change, is_switched_off })
    }

    /// Whether there is no file yet.
    pub fn is_of_new_file(&self) -> bool {
        self.before.text.is_none()
    }

    /// The file.
    pub fn file(&self) -> &Path {
        self.before.file.path()
    }

    /// Its text now; empty where there is no file.
    pub fn before(&self) -> &str {
        self.before.text.as_deref().unwrap_or_default()
    }

    /// Its text afterwards.
    pub fn after(&self) -> &str {
        &self.edited.text
    }

    /// Copies the file, records the change and writes it; the path of the copy. The record comes first, so that nothing is
    /// written that cannot be taken back.
    ///
    /// # Errors
    /// [`ClientError::Changed`] where the file is not what it was, and where it or the record cannot be written. Then the
    /// file is as it was.
    pub fn write(&self, places: &Places, now: OffsetDateTime) -> Result<Option<PathBuf>, ClientError> {
        let mut record = InitRecord::load(places)?;
        let before = record.clone();
        let position = record.files.iter().position(|known| known.file == self.file());
        let earlier = position.map(|position| record.files.remove(position));
        let copy = self.before.copy(now)?;
        record.files.push(self.recorded(earlier, copy.clone()));
        record.store(places)?;
        if let Err(error) = self.before.replace(Some(&self.edited.text)) {
            // What was not written needs no record and no copy.
            let _ = before.store(places);
            remove_copy(places, &self.project, copy.as_deref());
            return Err(error);
        }
        Ok(copy)
    }

    /// What undoing needs to know. Where this program wrote the file before, undoing leads back to before that.
    fn recorded(&self, earlier: Option<WrittenFile>, copy: Option<PathBuf>) -> WrittenFile {
        let Edited { text, old, new, created_container } = self.edited.clone();
        let mut written = WrittenFile {
            client: self.client,
            file: self.file().to_owned(),
            copy,
            sha256: Some(hash(&text)),
            old,
            new,
            created_container,
        };
        if let Some(earlier) = earlier.filter(|earlier| written.old.as_deref() == Some(&*earlier.new)) {
            let is_untouched = earlier.sha256.as_deref() == Some(&*hash(self.before()));
            written.copy = earlier.copy;
            written.sha256 = written.sha256.filter(|_| is_untouched);
            written.old = earlier.old;
            written.created_container = earlier.created_container;
        }
        written
    }
}

/// Removes a copy that nobody needs any more; one that stays does no harm.
fn remove_copy(places: &Places, project: &Path, copy: Option<&Path>) {
    let _ = copy.map(|copy| places.named(project, copy).remove());
}

/// What there is to undo in a client's file.
#[derive(Debug)]
pub enum Undoing {
    /// The entry is ours.
    Ready(Box<Undo>),
    /// Somebody changed the entry since.
    Changed,
    /// Somebody took the entry or the file out.
    Gone,
}

/// Taking the server out of a client's file, ready to be written.
#[derive(Debug)]
pub struct Undo {
    project: PathBuf,
    written: WrittenFile,
    before: Before,
    /// The text afterwards; `None` where there is to be no file.
    after: Option<String>,
    /// Whether the file is as it was written, so that the copy is no longer needed.
    is_exact: bool,
}

impl Undo {
    /// Prepares it.
    ///
    /// # Errors
    /// [`ClientError::LeftAlone`] where the file cannot be read or edited.
    pub fn prepare(project: &Path, places: &Places, written: WrittenFile) -> Result<Undoing, ClientError> {
        let before = Before::read(places.named(project, &written.file))?;
        let Some(text) = before.text.clone() else { return Ok(Undoing::Gone) };
        let original = match &written.copy {
            None => Some(None),
            Some(copy) => read(&places.named(project, copy))?.map(Some),
        };
        let project = project.to_owned();
        if written.sha256.as_deref() == Some(&*hash(&text))
            && let Some(after) = original
        {
            return Ok(Undoing::Ready(Box::new(Undo { project, written, before, after, is_exact: true })));
        }
        let WrittenFile { client, old, new, created_container, .. } = &written;
        let done = Done { old: old.as_deref(), new, created_container: *created_container };
        let left_alone = |reason: String| ClientError::left_alone(before.file.path(), &reason);
        let after = match taken_back(*client, &text, done).map_err(left_alone)? {
            TakenBack::Text(after) => Some(after),
            TakenBack::Changed => return Ok(Undoing::Changed),
            TakenBack::Gone => return Ok(Undoing::Gone),
        };
        Ok(Undoing::Ready(Box::new(Undo { project, written, before, after, is_exact: false })))
    }

    /// The file.
    pub fn file(&self) -> &Path {
        self.before.file.path()
    }

    /// Its text now.
    pub fn before(&self) -> &str {
        self.before.text.as_deref().unwrap_or_default()
    }

    /// Its text afterwards; empty where there is to be no file.
    pub fn after(&self) -> &str {
        self.after.as_deref().unwrap_or_default()
    }

    /// Writes it and forgets what was recorded; the copy goes where the file is what it holds.
    ///
    /// # Errors
    /// As [`Change::write`].
    pub fn write(&self, places: &Places) -> Result<(), ClientError> {
        self.before.replace(self.after.as_deref())?;
        InitRecord::forget(places, &self.written.file)?;
        remove_copy(places, &self.project, self.written.copy.as_deref().filter(|_| self.is_exact));
        Ok(())
    }
}
