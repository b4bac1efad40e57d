//! Reading the candidates of a scan, those that did not change from memory.

use std::path::PathBuf;
use std::sync::Arc;

use super::memory::{Memory, Remembered};
use crate::catalog::beneath::{ReadError, Root};
use crate::catalog::entry;
use crate::catalog::layout::Candidate;
use crate::catalog::problem::{Problem, code};

/// Below this many candidates a second thread costs more than it saves.
const WORTH_A_THREAD: usize = 64;
/// More threads than this gain nothing on a tree of small files.
const MAX_THREADS: usize = 4;

/// What became of one candidate.
pub(super) struct Outcome {
    /// The absolute path, and what to remember, where the file could be stamped.
    pub remembered: Option<(PathBuf, Remembered)>,
    /// What was read where nothing can be remembered.
    pub problems: Vec<Problem>,
    /// The file was opened, not recalled.
    pub opened: bool,
}

/// Reads `candidates`, each with its root, in parallel where that pays; outcomes are in their order.
pub(super) fn read_all(
    candidates: &[(&Root, Candidate)],
    memory: Option<&Memory>,
    cap: usize,
) -> Vec<Outcome> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    if threads == 1 || candidates.len() < WORTH_A_THREAD {
        return candidates.iter().map(|(root, candidate)| read_one(root, candidate, memory, cap)).collect();
    }
    let share = candidates.len().div_ceil(threads);
    std::thread::scope(|scope| {
        let workers: Vec<_> = candidates
            .chunks(share)
            .map(|chunk| {
                scope.spawn(move || {
                    chunk
                        .iter()
                        .map(|(root, candidate)| read_one(root, candidate, memory, cap))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| match worker.join() {
                Ok(outcomes) => outcomes,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

fn read_one(root: &Root, candidate: &Candidate, memory: Option<&Memory>, cap: usize) -> Outcome {
    let absolute = root.path().join(&candidate.path);
    if let Some(memory) = memory.filter(|_| candidate.inline.is_none())
        && let Some(stamp) = root.stamp(&candidate.path)
        && let Some(known) = memory.recall(&absolute, stamp, &candidate.context)
    {
        return Outcome { remembered: Some((absolute, known.clone())), problems: Vec::new(), opened: false };
    }
    let read = match &candidate.inline {
        Some(text) => root
            .stamp(&candidate.path)
            .map(|stamp| (text.clone().into_bytes(), stamp))
            .ok_or(ReadError::Vanished),
        None => root.read(&candidate.path, cap),
    };
    match read {
        Ok((bytes, stamp)) => {
            let (definition, problems) = entry::read(&candidate.path, &bytes, &candidate.context);
            let remembered = Remembered {
                stamp,
                context: candidate.context.clone(),
                definition: definition.map(Arc::new),
                problems: problems.into(),
            };
            Outcome { remembered: Some((absolute, remembered)), problems: Vec::new(), opened: true }
        }
        Err(error) => Outcome { remembered: None, problems: unreadable(candidate, &error), opened: true },
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
