//! Reading the candidates of a scan, unchanged ones from the cache.

use std::sync::Arc;

use super::files::{Cursor, File, Read};
use super::scan_cache::CachedRoot;
use crate::cancellation::Cancellation;
use crate::entry;
use crate::layout::Candidate;
use crate::problem::{Problem, code};
use crate::threads::in_shares;
use confined_fs::scan_root::{ReadError, ScanRoot};

/// Candidates that a thread takes at a time: few enough that no thread is left with all large files at the end.
const SHARE: usize = 32;

/// A candidate and the number of its root.
pub(super) type Located = (usize, Candidate);

/// The outcome of reading one candidate.
pub(super) struct ReadOutcome {
    /// The file, if it could be read.
    pub file: Option<File>,
    /// Why it could not be read.
    pub problems: Vec<Problem>,
    /// Whether it was opened instead of taken from the cache.
    pub opened: bool,
}

/// Reads candidates of some roots.
pub(super) struct Reader<'a> {
    pub roots: &'a [&'a ScanRoot],
    /// The files of the last scan.
    pub known: &'a [CachedRoot],
    /// Bytes of one file at most.
    pub cap: usize,
    /// Once it is set, nothing more is read.
    pub cancellation: &'a Cancellation,
}

impl Reader<'_> {
    /// Reads `candidates`, in parallel where that pays; outcomes are in their order. Candidates of one root are ordered by
    /// path.
    pub(super) fn all(&self, candidates: &[Located]) -> Vec<ReadOutcome> {
        in_shares(candidates, SHARE, |some| self.some(some))
    }

    fn some(&self, candidates: &[Located]) -> Vec<ReadOutcome> {
        let mut cursor: Option<(usize, Option<Cursor<'_>>)> = None;
        let one = |(root, candidate): &Located| {
            if self.cancellation.is_cancelled() {
                return ReadOutcome { file: None, problems: Vec::new(), opened: false };
            }
            if cursor.as_ref().is_none_or(|(known, _)| known != root) {
                let known = self.known.iter().find(|known| known.path == self.roots[*root].path());
                cursor = Some((*root, known.map(|known| Cursor::new(&known.files, &candidate.path))));
            }
            let cursor = cursor.as_mut().and_then(|(_, cursor)| cursor.as_mut());
            self.one(self.roots[*root], candidate, cursor)
        };
        candidates.iter().map(one).collect()
    }

    fn one(&self, root: &ScanRoot, candidate: &Candidate, cursor: Option<&mut Cursor<'_>>) -> ReadOutcome {
        if let Some(cursor) = cursor.filter(|_| candidate.inline.is_none())
            && let Some(stamp) = root.stamp(&candidate.path)
            && let Some(known) = cursor.recall(&candidate.path, stamp, &candidate.context)
        {
            let context = candidate.context.clone();
            let file = File { component_root: candidate.component_root, context, ..known.clone() };
            return ReadOutcome { file: Some(file), problems: Vec::new(), opened: false };
        }
        let read = match &candidate.inline {
            Some(text) => root
                .stamp(&candidate.path)
                .map(|stamp| (text.clone().into_bytes(), stamp))
                .ok_or(ReadError::Vanished),
            None => root.read(&candidate.path, self.cap),
        };
        match read {
            Ok((bytes, stamp)) => {
                let (definition, problems) = entry::read(&candidate.path, &bytes, &candidate.context);
                let file = File {
                    stamp,
                    context: candidate.context.clone(),
                    component_root: candidate.component_root,
                    read: match definition {
                        Some(definition) => Read::Entry(Arc::new(definition)),
                        None => Read::Nothing(candidate.path.as_path().into()),
                    },
                    agent_names: None,
                    problems: problems.into(),
                };
                ReadOutcome { file: Some(file), problems: Vec::new(), opened: true }
            }
            Err(error) => ReadOutcome { file: None, problems: unreadable(candidate, &error), opened: true },
        }
    }
}

fn unreadable(candidate: &Candidate, error: &ReadError) -> Vec<Problem> {
    let code = match error {
        // A vanished file is not a problem; the next scan will not list it.
        ReadError::Vanished => return Vec::new(),
        ReadError::Escape => code::SKIPPED_ESCAPE,
        ReadError::NotRegular => code::FILE_NOT_REGULAR,
        ReadError::TooLarge => code::FILE_TOO_LARGE,
        ReadError::Unreadable(_) => code::FILE_UNREADABLE,
    };
    let message = format!("the file was not read: {}", error.phrase());
    vec![Problem::new(candidate.path.clone(), code, "skipped", message)]
}
