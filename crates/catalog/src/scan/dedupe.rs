//! Which of several files that claim one id has it, and under which ids the others are found.

use std::cmp::Reverse;
use std::path::Path;
use std::sync::Arc;

use crate::definition::Definition;
use crate::layer;
use crate::problem::{Problem, code, shown};
use crate::sanitize::one_line;

/// Bytes of an id that a path makes longer; a longer one would not be accepted as a parameter.
const MAX_ID: usize = 300;

/// Hexadecimal digits of a content hash that tell files of one path apart.
const HASH_DIGITS: usize = 12;

/// Definitions of which no two have the same kind and id.
#[derive(Debug, Default)]
pub(super) struct Deduped {
    /// In the catalog's order.
    pub kept: Vec<Arc<Definition>>,
    /// All definitions whose id others claim as well, as their files state them, in the catalog's order.
    pub claimants: Vec<Arc<Definition>>,
    pub problems: Vec<Problem>,
}

/// Leaves each id to one definition. Of the others, those with content that is there already are left out as copies; the
/// rest get an id of their own. `definitions` are in the catalog's order.
///
/// What the client loads comes before what it does not. Of several that it loads it keeps the one that it reads last, in the
/// order of the file system or of plugins: here the one nearest to the top, and of these the last by path, where a number
/// counts by its value (`2.10` comes after `2.9`).
pub(super) fn dedupe(definitions: Vec<Arc<Definition>>) -> Deduped {
    let is_same_id = |a: &Arc<Definition>, b: &Arc<Definition>| a.kind == b.kind && a.id == b.id;
    if definitions.is_sorted_by(|a, b| !is_same_id(a, b)) {
        return Deduped { kept: definitions, ..Deduped::default() };
    }
    let mut deduped = Deduped { kept: Vec::with_capacity(definitions.len()), ..Deduped::default() };
    for claimants in definitions.chunk_by(is_same_id) {
        match claimants {
            [only] => deduped.kept.push(Arc::clone(only)),
            several => deduped.leave_to_one(several),
        }
    }
    deduped.kept.sort_by(|a, b| layer::order(a, b));
    deduped
}

impl Deduped {
    fn leave_to_one(&mut self, claimants: &[Arc<Definition>]) {
        self.claimants.extend_from_slice(claimants);
        let Some(winner) = claimants.iter().min_by_key(|one| precedence(one)) else { return };
        let mut kept = vec![Arc::clone(winner)];
        for loser in claimants.iter().filter(|one| !Arc::ptr_eq(one, winner)) {
            let id = &loser.id;
            if let Some(twin) = kept.iter().find(|one| one.content_hash == loser.content_hash) {
                let message = format!("{id}: the same content was found as {}", shown(&twin.shown_path()));
                self.problems.push(Problem::new(
                    loser.shown_path(),
                    code::IDENTICAL_COPY,
                    "skipped",
                    message,
                ));
                continue;
            }
            let own = own_id(loser, &kept);
            if !loser.not_loaded {
                let message = format!(
                    "{id}: {} has this id, too, and Claude Code keeps one of them; this one is found as {own}",
                    shown(&winner.shown_path())
                );
                self.problems.push(Problem::new(loser.shown_path(), code::DUPLICATE_ID, "kept", message));
            }
            kept.push(Arc::new(Definition { id: own, not_loaded: true, ..Definition::clone(loser) }));
        }
        self.kept.append(&mut kept);
    }
}

/// The lowest has the id.
fn precedence(definition: &Definition) -> (bool, usize, Reverse<Vec<Part>>, Reverse<&Path>) {
    let path = &definition.path;
    (definition.not_loaded, path.components().count(), Reverse(parts(path)), Reverse(path))
}

/// A run of digits, or what stands between two.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Text(String),
    Number(u64),
}

fn parts(path: &Path) -> Vec<Part> {
    let text = path.to_string_lossy();
    let mut parts = Vec::new();
    let mut rest = &*text;
    while !rest.is_empty() {
        let is_number = rest.starts_with(|c: char| c.is_ascii_digit());
        let end = rest.find(|c: char| c.is_ascii_digit() != is_number).unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        parts.push(if is_number {
            Part::Number(part.parse().unwrap_or(u64::MAX))
        } else {
            Part::Text(part.to_owned())
        });
        rest = behind;
    }
    parts
}

/// An id for a definition whose own another has; none of `taken` has it.
fn own_id(definition: &Definition, taken: &[Arc<Definition>]) -> String {
    let Definition { id, path, content_hash, .. } = definition;
    let by_path = format!("{id}@{}", one_line(&path.to_string_lossy()));
    if by_path.len() <= MAX_ID && taken.iter().all(|other| other.id != by_path) {
        return by_path;
    }
    format!("{id}@{}", &content_hash[..HASH_DIGITS.min(content_hash.len())])
}
