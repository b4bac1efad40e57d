//! Patching the ordered lists of a layer: replacing the definitions and problems of some files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::dedupe::dedupe;
use super::files::File;
use super::scan_cache::{CachedComponentRoot, CachedRoot};
use crate::claude_code::ListingSize;
use crate::definition::Definition;
use crate::kind::Kind;
use crate::layer::Layer;
use crate::lookup::NameIndex;
use crate::problem::Problem;

/// Removed and added items.
#[derive(Debug)]
struct Exchange<T> {
    removed: Vec<T>,
    added: Vec<T>,
}

/// Collects the differences from a layer.
#[derive(Debug)]
pub(super) struct Patch<'a> {
    previous: &'a Layer,
    definitions: Exchange<Arc<Definition>>,
    problems: Exchange<Problem>,
}

/// The patched lists.
#[derive(Debug)]
pub(super) struct Patched {
    pub definitions: Arc<[Arc<Definition>]>,
    pub claimants: Arc<[Arc<Definition>]>,
    pub problems: Arc<[Problem]>,
    pub listing: ListingSize,
    pub names: NameIndex,
}

impl<T> Default for Exchange<T> {
    fn default() -> Self {
        Exchange { removed: Vec::new(), added: Vec::new() }
    }
}

impl<'a> Patch<'a> {
    pub(super) fn new(previous: &'a Layer) -> Self {
        Patch { previous, definitions: Exchange::default(), problems: Exchange::default() }
    }

    /// Notes new files at these paths of a root.
    pub(super) fn note_files(&mut self, known: &CachedRoot, edits: &BTreeMap<PathBuf, Vec<File>>) {
        for (path, files) in edits {
            for gone in known.files.at(path) {
                self.definitions.removed.extend(gone.definition().cloned());
                self.problems.removed.extend(gone.problems.iter().cloned());
            }
            for file in files {
                self.definitions.added.extend(file.definition().cloned());
                self.problems.added.extend(file.problems.iter().cloned());
            }
        }
    }

    /// Notes component roots that were scanned again, and returns all of them.
    pub(super) fn note_component_roots(
        &mut self,
        component_roots: &Arc<[Arc<CachedComponentRoot>]>,
        renewed: BTreeMap<u32, CachedComponentRoot>,
    ) -> Arc<[Arc<CachedComponentRoot>]> {
        let differs = |(at, component_root): &(u32, CachedComponentRoot)| {
            component_roots[*at as usize].problems != component_root.problems
        };
        let renewed: Vec<_> = renewed.into_iter().filter(differs).collect();
        if renewed.is_empty() {
            return Arc::clone(component_roots);
        }
        let mut component_roots = component_roots.to_vec();
        for (at, component_root) in renewed {
            let known = &mut component_roots[at as usize];
            self.problems.removed.extend(known.problems.iter().cloned());
            self.problems.added.extend(component_root.problems.iter().cloned());
            *known = Arc::new(component_root);
        }
        component_roots.into()
    }

    /// The patched lists. `None` if two definitions have the same id and path, so that their order is unknown.
    pub(super) fn finish(mut self) -> Option<Patched> {
        let was = &self.previous.cache.state;
        let (mut kept, mut claimants) = (Exchange::default(), Exchange::default());
        let Exchange { removed, added } = std::mem::take(&mut self.definitions);
        let ids: BTreeSet<(Kind, &str)> = removed
            .iter()
            .chain(&added)
            .map(|definition| (definition.kind, definition.id.as_str()))
            .collect();
        for id in ids {
            let claimed = carriers(&was.claimants, id);
            let claimed = if claimed.is_empty() { carriers(&self.previous.definitions, id) } else { claimed };
            let old = dedupe(claimed.to_vec());
            let stay = claimed.iter().filter(|one| !holds(&removed, one));
            let come = added.iter().filter(|one| (one.kind, one.id.as_str()) == id);
            let mut new = dedupe(in_order(stay.chain(come).cloned().collect())?);
            self.problems.removed.extend(old.problems);
            self.problems.added.extend(new.problems);
            // As they were kept, so that what stays the same is shared.
            let old_kept = kept_before(&self.previous.definitions, &old.kept);
            for one in &mut new.kept {
                if let Some(same) = old_kept.iter().find(|same| *same == one) {
                    *one = Arc::clone(same);
                }
            }
            kept.note(&old_kept, &new.kept);
            claimants.note(&old.claimants, &new.claimants);
        }
        let definitions = exchanged(&self.previous.definitions, &kept);
        let problems = self.problems();
        let added = listing(&kept.added, &problems);
        let listing = self.previous.listing.changed(added, listing(&kept.removed, &self.previous.problems));
        let names = self.previous.names.changed(&definitions, &kept.removed, &kept.added);
        Some(Patched {
            claimants: exchanged(&was.claimants, &claimants),
            definitions,
            problems,
            listing,
            names,
        })
    }

    /// The patched problems, ordered, with repetitions.
    fn problems(&mut self) -> Arc<[Problem]> {
        let before = &self.previous.problems;
        let Exchange { removed, added } = &mut self.problems;
        removed.sort();
        added.sort();
        if removed == added {
            return Arc::clone(before);
        }
        let mut gone = removed.iter().peekable();
        let mut now = Vec::with_capacity(before.len() + added.len());
        for problem in before.iter() {
            if gone.next_if(|gone| *gone == problem).is_none() {
                now.push(problem.clone());
            }
        }
        now.append(added);
        // Two ordered runs, which sorting merges.
        now.sort();
        now.into()
    }
}

impl Exchange<Arc<Definition>> {
    fn note(&mut self, old: &[Arc<Definition>], new: &[Arc<Definition>]) {
        self.removed.extend(old.iter().filter(|one| !holds(new, one)).cloned());
        self.added.extend(new.iter().filter(|one| !holds(old, one)).cloned());
    }
}

fn holds(list: &[Arc<Definition>], one: &Arc<Definition>) -> bool {
    list.iter().any(|other| Arc::ptr_eq(other, one))
}

fn key(definition: &Definition) -> (Kind, &str, &Path) {
    (definition.kind, &definition.id, &definition.path)
}

/// Definitions of one id, ordered by path; `None` if two have the same path.
fn in_order(mut definitions: Vec<Arc<Definition>>) -> Option<Vec<Arc<Definition>>> {
    definitions.sort_by(|a, b| a.path.cmp(&b.path));
    definitions.is_sorted_by(|a, b| a.path < b.path).then_some(definitions)
}

/// The definitions with this id; `definitions` are in the catalog's order.
fn carriers<'a>(definitions: &'a [Arc<Definition>], id: (Kind, &str)) -> &'a [Arc<Definition>] {
    let from = definitions.partition_point(|definition| (definition.kind, definition.id.as_str()) < id);
    let alike = definitions[from..].iter().take_while(|one| (one.kind, one.id.as_str()) == id);
    &definitions[from..from + alike.count()]
}

/// Those of `definitions`, which are in the catalog's order, that are equal to these.
fn kept_before(definitions: &[Arc<Definition>], equal: &[Arc<Definition>]) -> Vec<Arc<Definition>> {
    let there = |one: &Arc<Definition>| {
        let alike = carriers(definitions, (one.kind, &one.id));
        alike.iter().find(|known| known.path == one.path).unwrap_or(one).clone()
    };
    equal.iter().map(there).collect()
}

/// `definitions`, which are in the catalog's order, with the exchange applied.
fn exchanged(
    definitions: &Arc<[Arc<Definition>]>,
    exchange: &Exchange<Arc<Definition>>,
) -> Arc<[Arc<Definition>]> {
    if exchange.removed.is_empty() && exchange.added.is_empty() {
        return Arc::clone(definitions);
    }
    let component_root = |one: &Arc<Definition>| definitions.partition_point(|known| key(known) < key(one));
    // At a position where one is removed, another is inserted first.
    let mut steps: Vec<(usize, Option<&Arc<Definition>>)> =
        exchange.removed.iter().map(|gone| (component_root(gone), None)).collect();
    let mut added: Vec<&Arc<Definition>> = exchange.added.iter().collect();
    added.sort_by(|a, b| key(a).cmp(&key(b)));
    steps.extend(added.into_iter().map(|one| (component_root(one), Some(one))));
    steps.sort_by_key(|(at, one)| (*at, one.is_none()));
    let mut made = Vec::with_capacity(definitions.len() + exchange.added.len());
    let mut done = 0;
    for (at, one) in steps {
        made.extend_from_slice(&definitions[done..at.max(done)]);
        done = done.max(at);
        match one {
            Some(one) => made.push(Arc::clone(one)),
            None => done += 1,
        }
    }
    made.extend_from_slice(&definitions[done..]);
    made.into()
}

/// The size of the client's listing of these definitions, given all problems in order.
fn listing(definitions: &[Arc<Definition>], problems: &[Problem]) -> ListingSize {
    let mut own = Vec::new();
    for definition in definitions {
        let from = problems.partition_point(|problem| *problem.path < *definition.path);
        own.extend(problems[from..].iter().take_while(|problem| *problem.path == *definition.path).cloned());
    }
    ListingSize::of(definitions, &own)
}
