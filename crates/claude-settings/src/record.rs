//! What an offload wrote: enough to take each key back, and no more of the user's file than that.

use serde::{Deserialize, Serialize};

use crate::key::SettingKey;

/// What was written to one settings file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The keys, in the order in which they were written.
    pub keys: Vec<Written>,
    /// The containers that the keys stand in, where they were missing or empty before.
    pub containers: Vec<Before>,
    /// Whether there was no file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub created_file: bool,
}

/// One key that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Which one.
    pub key: SettingKey,
    /// The JSON text of its value before; `None` where it was not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// The JSON text that was written.
    pub new: String,
    /// When, in milliseconds since 1970.
    pub written_ms: i64,
}

/// A container as it was before a key was written into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// The names of the members that lead to it.
    pub path: Vec<String>,
    /// The blanks between its brackets; `None` where it was missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<String>,
}

impl Record {
    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// What was written for that key.
    pub fn written(&self, key: &SettingKey) -> Option<&Written> {
        self.keys.iter().find(|written| written.key == *key)
    }

    /// What was written to one file where this record was begun without knowing `older`.
    #[must_use]
    pub fn after(mut self, older: Record) -> Record {
        for written in older.keys {
            match self.keys.iter_mut().find(|own| own.key == written.key) {
                // What stood there before the first of both is what an undo puts back.
                Some(own) if written.written_ms <= own.written_ms => own.old = written.old,
                Some(_) => {}
                None => self.keys.push(written),
            }
        }
        for before in older.containers {
            match self.containers.iter_mut().find(|own| own.path == before.path) {
                Some(own) => own.inside = before.inside,
                None => self.containers.push(before),
            }
        }
        self.keys.sort_by_key(|written| written.written_ms);
        self.created_file |= older.created_file;
        self
    }

    pub(crate) fn note_container(&mut self, path: &[&str], inside: Option<&str>) {
        if self.containers.iter().all(|known| known.path != path) {
            let path = path.iter().map(|part| (*part).to_owned()).collect();
            self.containers.push(Before { path, inside: inside.map(str::to_owned) });
        }
    }

    pub(crate) fn container(&self, path: &[&str]) -> Option<&Before> {
        self.containers.iter().find(|known| known.path == path)
    }
}
