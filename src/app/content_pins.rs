//! Which content of a definition was last delivered, so that one that has changed since is marked.
//!
//! An updated plugin may bring other content under a name that users trust. The first answer that delivers it says so. The
//! hashes are lines of a file, appended when they are new; a line that is lost in a crash costs one mark.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::{Mutex, PoisonError};

use catalog::Definition;
use confined_fs::{DirPath, FilePath, Replacing};

/// The file in the data directory.
const FILE: &str = "used.log";

/// Definitions that are tracked: some twenty times the largest known collection.
pub const MAX_PINS: usize = 50_000;

/// Bytes of the file that are read: twice what so many lines of the usual length take.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// The content last delivered, by kind and id.
#[derive(Debug)]
pub(super) struct ContentPins {
    file: FilePath,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The content's hash, by kind and id.
    hashes: HashMap<String, String>,
    /// Opened with the first line that is new.
    file: Option<File>,
    /// The file cannot be written: new hashes last until the end of the process.
    is_broken: bool,
}

impl ContentPins {
    /// The hashes that the file in `data_dir` holds; none where it cannot be read.
    pub(super) fn load(data_dir: &DirPath) -> Self {
        let file = data_dir.file(FILE);
        let (hashes, lines) = read(&file);
        // Definitions that changed often leave lines behind.
        if lines > 2 * hashes.len().max(64) {
            rewrite(&file, &hashes);
        }
        ContentPins { file, known: Mutex::new(Known { hashes, ..Known::default() }) }
    }

    /// Records that `definition` is delivered; whether it was before, with another content.
    pub(super) fn note(&self, definition: &Definition) -> bool {
        let key = format!("{} {}", definition.kind.as_str(), definition.id);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.hashes.get(&key);
        if before == Some(&definition.content_hash) || (before.is_none() && known.hashes.len() >= MAX_PINS) {
            return false;
        }
        let line = format!("{} {key}\n", definition.content_hash);
        let changed = known.hashes.insert(key, definition.content_hash.clone()).is_some();
        known.append(&self.file, &line);
        changed
    }
}

impl Known {
    fn append(&mut self, path: &FilePath, line: &str) {
        if self.is_broken {
            return;
        }
        if self.file.is_none() {
            self.file = path.append().ok();
        }
        let written = self.file.as_mut().is_some_and(|file| file.write_all(line.as_bytes()).is_ok());
        self.is_broken = !written;
    }
}

/// The last hash of each key, and how many lines there were.
fn read(path: &FilePath) -> (HashMap<String, String>, usize) {
    let mut hashes = HashMap::new();
    let mut lines = 0;
    let Ok(file) = path.open() else { return (hashes, 0) };
    for line in BufReader::new(file.take(MAX_FILE_BYTES)).lines() {
        // Whatever is not text was not written by us.
        let Ok(line) = line else { break };
        lines += 1;
        if let Some((hash, key)) = line.split_once(' ')
            && hash.len() == 64
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && (hashes.len() < MAX_PINS || hashes.contains_key(key))
        {
            hashes.insert(key.to_owned(), hash.to_owned());
        }
    }
    (hashes, lines)
}

fn rewrite(path: &FilePath, hashes: &HashMap<String, String>) {
    let mut lines: Vec<String> = hashes.iter().map(|(key, hash)| format!("{hash} {key}\n")).collect();
    lines.sort();
    // Where it fails the longer file remains in use.
    let _ = path.write(Replacing::Private, lines.concat().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::{ContentPins, FILE};
    use catalog::Definition;

    fn definition(id: &str, content: char) -> Definition {
        Definition { id: id.into(), content_hash: content.to_string().repeat(64), ..Definition::default() }
    }

    #[test]
    fn a_changed_content_is_told_once_also_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let pins = ContentPins::load(&dir.path().into());
        for (content, is_changed) in [('a', false), ('a', false), ('b', true), ('b', false)] {
            assert_eq!(pins.note(&definition("p:x", content)), is_changed, "{content}");
        }
        let again = ContentPins::load(&dir.path().into());
        assert!(!again.note(&definition("p:x", 'b')));
        assert!(!again.note(&definition("p:new", 'c')));
        assert!(again.note(&definition("p:x", 'd')));
    }

    #[test]
    fn the_file_stays_short_and_may_be_garbage() {
        let dir = tempfile::tempdir().unwrap();
        let pins = ContentPins::load(&dir.path().into());
        for turn in 0..300 {
            pins.note(&definition("p:x", if turn % 2 == 0 { 'a' } else { 'b' }));
        }
        let again = ContentPins::load(&dir.path().into());
        assert_eq!(std::fs::read_to_string(dir.path().join(FILE)).unwrap().lines().count(), 1);
        assert!(!again.note(&definition("p:x", 'b')));
        std::fs::write(dir.path().join(FILE), b"\xff\xfe garbage\n\n a b c").unwrap();
        assert!(!ContentPins::load(&dir.path().into()).note(&definition("p:x", 'a')));
        // Where nothing can be written it is known until the end of the process.
        let nowhere = ContentPins::load(&dir.path().join("missing").into());
        assert!(!nowhere.note(&definition("p:x", 'a')) && nowhere.note(&definition("p:x", 'b')));
    }
}
