//! A catalog's lists with some files' definitions and problems exchanged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::dedupe::merge;
use super::files::File;
use super::scan_cache::{PlaceMemory, RootMemory};
use crate::Catalog;
use crate::claude_code::Stated;
use crate::definition::{Definition, Kind};
use crate::lookup::Names;
use crate::problem::Problem;

/// What comes and what goes.
#[derive(Debug)]
struct Exchange<T> {
    removed: Vec<T>,
    added: Vec<T>,
}

/// Gathers what differs from a catalog.
#[derive(Debug)]
pub(super) struct Edition<'a> {
    previous: &'a Catalog,
    definitions: Exchange<Arc<Definition>>,
    problems: Exchange<Problem>,
}

/// The catalog's lists, exchanged.
#[derive(Debug)]
pub(super) struct Edited {
    pub definitions: Arc<[Arc<Definition>]>,
    pub copies: Arc<[Arc<Definition>]>,
    pub noted: Arc<[Problem]>,
    pub stated: Stated,
    pub names: Names,
}

impl<T> Default for Exchange<T> {
    fn default() -> Self {
        Exchange { removed: Vec::new(), added: Vec::new() }
    }
}

impl<'a> Edition<'a> {
    pub(super) fn new(previous: &'a Catalog) -> Self {
        Edition { previous, definitions: Exchange::default(), problems: Exchange::default() }
    }

    /// Other files stand at these paths of a root.
    pub(super) fn note_files(&mut self, known: &RootMemory, edits: &BTreeMap<PathBuf, Vec<File>>) {
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

    /// Some places were listed again.
    pub(super) fn note_places(
        &mut self,
        places: &Arc<[Arc<PlaceMemory>]>,
        renewed: BTreeMap<u32, PlaceMemory>,
    ) -> Arc<[Arc<PlaceMemory>]> {
        let differs = |(at, place): &(u32, PlaceMemory)| places[*at as usize].problems != place.problems;
        let renewed: Vec<_> = renewed.into_iter().filter(differs).collect();
        if renewed.is_empty() {
            return Arc::clone(places);
        }
        let mut places = places.to_vec();
        for (at, place) in renewed {
            let known = &mut places[at as usize];
            self.problems.removed.extend(known.problems.iter().cloned());
            self.problems.added.extend(place.problems.iter().cloned());
            *known = Arc::new(place);
        }
        places.into()
    }

    /// The lists with all that exchanged. `None` where the order of two definitions of one id is not told by their paths.
    pub(super) fn finish(mut self) -> Option<Edited> {
        let standing = &self.previous.memory.standing;
        let (mut kept, mut copies) = (Exchange::default(), Exchange::default());
        let Exchange { removed, added } = std::mem::take(&mut self.definitions);
        let ids: BTreeSet<(Kind, &str)> = removed
            .iter()
            .chain(&added)
            .map(|definition| (definition.kind, definition.id.as_str()))
            .collect();
        for id in ids {
            let old = merge(in_order(
                carriers(&self.previous.definitions, id)
                    .iter()
                    .chain(carriers(&standing.copies, id))
                    .cloned()
                    .collect(),
            )?);
            let stay = old.kept.iter().chain(&old.copies).filter(|one| !holds(&removed, one));
            let come = added.iter().filter(|one| (one.kind, one.id.as_str()) == id);
            let new = merge(in_order(stay.chain(come).cloned().collect())?);
            self.problems.removed.extend(old.problems);
            self.problems.added.extend(new.problems);
            kept.note(&old.kept, &new.kept);
            copies.note(&old.copies, &new.copies);
        }
        let definitions = exchanged(&self.previous.definitions, &kept);
        let noted = self.noted();
        let stated =
            standing.stated.changed(stated(&kept.added, &noted), stated(&kept.removed, &standing.noted));
        let names = self.previous.names.changed(&definitions, &kept.removed, &kept.added);
        Some(Edited { copies: exchanged(&standing.copies, &copies), definitions, noted, stated, names })
    }

    /// The problems, in order and with repetitions.
    fn noted(&mut self) -> Arc<[Problem]> {
        let noted = &self.previous.memory.standing.noted;
        let Exchange { removed, added } = &mut self.problems;
        removed.sort();
        added.sort();
        if removed == added {
            return Arc::clone(noted);
        }
        let mut gone = removed.iter().peekable();
        let mut now = Vec::with_capacity(noted.len() + added.len());
        for problem in noted.iter() {
            if gone.next_if(|gone| *gone == problem).is_none() {
                now.push(problem.clone());
            }
        }
        now.append(added);
        // Two runs in order, which sorting merges.
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

/// Definitions of one id in the order of their paths; `None` where two have the same.
fn in_order(mut definitions: Vec<Arc<Definition>>) -> Option<Vec<Arc<Definition>>> {
    definitions.sort_by(|a, b| a.path.cmp(&b.path));
    definitions.is_sorted_by(|a, b| a.path < b.path).then_some(definitions)
}

/// Those of `definitions`, which are in the catalog's order, that carry the id.
fn carriers<'a>(definitions: &'a [Arc<Definition>], id: (Kind, &str)) -> &'a [Arc<Definition>] {
    let from = definitions.partition_point(|definition| (definition.kind, definition.id.as_str()) < id);
    let alike = definitions[from..].iter().take_while(|one| (one.kind, one.id.as_str()) == id);
    &definitions[from..from + alike.count()]
}

/// `definitions` in the catalog's order, without some and with others.
fn exchanged(
    definitions: &Arc<[Arc<Definition>]>,
    exchange: &Exchange<Arc<Definition>>,
) -> Arc<[Arc<Definition>]> {
    if exchange.removed.is_empty() && exchange.added.is_empty() {
        return Arc::clone(definitions);
    }
    let place = |one: &Arc<Definition>| definitions.partition_point(|known| key(known) < key(one));
    // What comes to stand where something goes is put there first.
    let mut steps: Vec<(usize, Option<&Arc<Definition>>)> =
        exchange.removed.iter().map(|gone| (place(gone), None)).collect();
    let mut added: Vec<&Arc<Definition>> = exchange.added.iter().collect();
    added.sort_by(|a, b| key(a).cmp(&key(b)));
    steps.extend(added.into_iter().map(|one| (place(one), Some(one))));
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

/// What the client's listing names of definitions, given all problems in order.
fn stated(definitions: &[Arc<Definition>], noted: &[Problem]) -> Stated {
    let mut own = Vec::new();
    for definition in definitions {
        let from = noted.partition_point(|problem| *problem.path < *definition.path);
        own.extend(noted[from..].iter().take_while(|problem| *problem.path == *definition.path).cloned());
    }
    Stated::of(definitions, &own)
}
