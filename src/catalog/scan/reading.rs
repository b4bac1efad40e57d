//! Reading the candidates of a scan, those that did not change from memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::files::{Cursor, File, Read};
use super::memory::Memory;
use crate::catalog::beneath::{ReadError, Root};
use crate::catalog::entry;
use crate::catalog::layout::Candidate;
use crate::catalog::problem::{Problem, code};

/// Below this many candidates a second thread costs more than it saves.
const WORTH_A_THREAD: usize = 64;
/// More threads than this gain nothing on a tree of small files.
const MAX_THREADS: usize = 4;
/// Candidates that a thread takes at a time: few enough that no thread is left with the last of the large files.
const SHARE: usize = 32;

/// A candidate and the number of its root.
pub(super) type Located = (usize, Candidate);

/// What became of one candidate.
pub(super) struct Outcome {
    /// What to remember, where the file could be read.
    pub file: Option<File>,
    /// What was wrong where nothing can be remembered.
    pub problems: Vec<Problem>,
    /// The file was opened, not recalled.
    pub opened: bool,
}

/// What is read, from where, and with what known of the last time.
pub(super) struct Reading<'a> {
    pub roots: &'a [&'a Root],
    pub memory: Option<&'a Memory>,
    /// Bytes of one file.
    pub cap: usize,
}

impl Reading<'_> {
    /// Reads `candidates`, in parallel where that pays; outcomes are in their order. Within one root they come ordered
    /// by path.
    pub(super) fn all(&self, candidates: &[Located]) -> Vec<Outcome> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
        if threads == 1 || candidates.len() < WORTH_A_THREAD {
            return self.some(candidates);
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let mut read = Vec::new();
            loop {
                let share = next.fetch_add(1, Ordering::Relaxed);
                let Some(rest) = candidates.get(share * SHARE..).filter(|rest| !rest.is_empty()) else {
                    return read;
                };
                read.push((share, self.some(&rest[..rest.len().min(SHARE)])));
            }
        };
        let mut shares = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut shares = work();
            for other in others {
                match other.join() {
                    Ok(read) => shares.extend(read),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            shares
        });
        shares.sort_unstable_by_key(|(share, _)| *share);
        shares.into_iter().flat_map(|(_, outcomes)| outcomes).collect()
    }

    fn some(&self, candidates: &[Located]) -> Vec<Outcome> {
        let mut cursor: Option<(usize, Option<Cursor<'_>>)> = None;
        let one = |(root, candidate): &Located| {
            if cursor.as_ref().is_none_or(|(known, _)| known != root) {
                let files = self.memory.and_then(|memory| memory.files_of(self.roots[*root].path()));
                cursor = Some((*root, files.map(|files| Cursor::new(files, &candidate.path))));
            }
            let cursor = cursor.as_mut().and_then(|(_, cursor)| cursor.as_mut());
            self.one(self.roots[*root], candidate, cursor)
        };
        candidates.iter().map(one).collect()
    }

    fn one(&self, root: &Root, candidate: &Candidate, cursor: Option<&mut Cursor<'_>>) -> Outcome {
        if let Some(cursor) = cursor.filter(|_| candidate.inline.is_none())
            && let Some(stamp) = root.stamp(&candidate.path)
            && let Some(known) = cursor.recall(&candidate.path, stamp, &candidate.context)
        {
            let file = File { place: candidate.place, ..known.clone() };
            return Outcome { file: Some(file), problems: Vec::new(), opened: false };
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
                    place: candidate.place,
                    read: match definition {
                        Some(definition) => Read::Entry(Arc::new(definition)),
                        None => Read::Nothing(candidate.path.as_path().into()),
                    },
                    problems: problems.into(),
                };
                Outcome { file: Some(file), problems: Vec::new(), opened: true }
            }
            Err(error) => Outcome { file: None, problems: unreadable(candidate, &error), opened: true },
        }
    }
}

fn unreadable(candidate: &Candidate, error: &ReadError) -> Vec<Problem> {
    let code = match error {
        // A file that is gone is none; the next scan will not list it.
        ReadError::Vanished => return Vec::new(),
        ReadError::Escape => code::SKIPPED_ESCAPE,
        ReadError::NotRegular => code::FILE_NOT_REGULAR,
        ReadError::TooLarge => code::FILE_TOO_LARGE,
        ReadError::Unreadable(_) => code::FILE_UNREADABLE,
    };
    let message = format!("the file was not read: {}", error.phrase());
    vec![Problem::new(candidate.path.clone(), code, "skipped", message)]
}
