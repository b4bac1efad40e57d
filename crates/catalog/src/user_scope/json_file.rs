//! Reading the client's settings and registries, which may be missing, half written, or not what they seem.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::problem::{Problem, code};
use confined_fs::NamedFile;

/// Bytes of a settings file or registry at most; those of a user with a hundred plugins have some 60 KB.
pub const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// Problems that are reported of one file.
const MAX_REPORTED: usize = 20;

/// One of the client's files, and what is wrong with it.
#[derive(Debug)]
pub(super) struct JsonFile<'a> {
    path: &'a Path,
    project: &'a Path,
    problems: Vec<Problem>,
}

/// What a file holds.
#[derive(Debug)]
pub(super) enum Content<T> {
    /// There is none.
    Missing,
    /// It cannot be used; that was reported.
    Unusable,
    Is(T),
}

impl<'a> JsonFile<'a> {
    pub(super) fn new(path: &'a Path, project: &'a Path) -> JsonFile<'a> {
        JsonFile { path, project, problems: Vec::new() }
    }

    /// Reads it whole. In the project no link is followed; elsewhere it is the user's own.
    pub(super) fn read(&mut self) -> Content<Value> {
        match self.bytes() {
            Content::Missing => Content::Missing,
            Content::Unusable => Content::Unusable,
            Content::Is(bytes) => {
                match serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)) {
                    Ok(value) => Content::Is(value),
                    Err(error) => {
                        self.report(code::SETTINGS_UNUSABLE, format!("the file is not JSON: {error}"));
                        Content::Unusable
                    }
                }
            }
        }
    }

    /// The same before it is read as JSON.
    pub(super) fn bytes(&mut self) -> Content<Vec<u8>> {
        let file = NamedFile::new(self.project, self.path);
        let bytes = match file.in_its_folder().and_then(|file| file.read(MAX_SETTINGS_BYTES)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Content::Missing,
            Err(error) => {
                self.report(code::SETTINGS_UNUSABLE, format!("the file was not read: {error}"));
                return Content::Unusable;
            }
        };
        if self.path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
            let message =
                "the file is a link: changes of what it leads to are noticed with the next scan only";
            self.report(code::SETTINGS_LINKED, message.to_owned());
        }
        Content::Is(bytes)
    }

    /// Reports a problem of the file; of many, the first.
    pub(super) fn report(&mut self, code: &'static str, message: String) {
        if self.problems.len() >= MAX_REPORTED {
            return;
        }
        let action = if code == code::SETTINGS_UNUSABLE { "skipped" } else { "kept" };
        self.problems.push(Problem::new(shown(self.path, self.project), code, action, message));
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

/// The path as problems name it: relative to the project, else absolute.
fn shown(path: &Path, project: &Path) -> PathBuf {
    path.strip_prefix(project).unwrap_or(path).to_owned()
}
