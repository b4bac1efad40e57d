//! Which entries a session was told of: none is named twice.

use std::collections::BTreeSet;
use std::io;

use sha2::{Digest, Sha256};

use super::places::Places;
use confined_fs::{DirPath, FilePath, Replacing};

/// Bytes of what is remembered of a session at most: some ten thousand ids.
const MAX_BYTES: u64 = 1 << 20;

/// Sessions that are remembered. The oldest go first; a forgotten one is told of an entry a second time.
pub const MAX_SESSIONS: usize = 64;

/// The ids that a session was told of.
#[derive(Debug)]
pub struct SessionHints {
    dir: DirPath,
    file: FilePath,
    given: BTreeSet<String>,
}

impl SessionHints {
    /// What is remembered of the session; `None` without a home to remember it in.
    pub fn load(places: &Places, session: &str) -> Option<SessionHints> {
        let dir = places.sessions()?;
        let digest = Sha256::digest(session.as_bytes());
        let name =
            format!("{:016x}", digest[..8].iter().fold(0_u64, |name, byte| name << 8 | u64::from(*byte)));
        let file = dir.file(name);
        let given = file.read_text(MAX_BYTES).unwrap_or_default().lines().map(str::to_owned).collect();
        Some(SessionHints { dir, file, given })
    }

    /// Whether the session was told of it.
    pub fn has(&self, kind: &str, id: &str) -> bool {
        self.given.contains(&format!("{kind} {id}"))
    }

    /// Notes an entry that the session is told of.
    pub fn add(&mut self, kind: &str, id: &str) {
        self.given.insert(format!("{kind} {id}"));
    }

    /// Remembers it, and forgets the oldest sessions.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn store(&self) -> io::Result<()> {
        let text = self.given.iter().fold(String::new(), |text, one| text + one + "\n");
        let dir = self.dir.create()?;
        if !self.file.exists() {
            let mut known: Vec<_> = dir
                .names()?
                .into_iter()
                .filter_map(|name| Some((dir.regular(&name).ok()??.modified, name)))
                .collect();
            known.sort();
            let surplus = (known.len() + 1).saturating_sub(MAX_SESSIONS);
            for (_, name) in &known[..surplus.min(known.len())] {
                dir.remove_file_if_any(name)?;
            }
        }
        dir.write(self.file.name(), Replacing::Private, text.as_bytes())
    }
}
