//! No two files of a crate need each other, directly or by way of others.
//!
//! A folder's front (`mod.rs`, `lib.rs`) is left out: it declares and re-exports, and its children may go by way of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::assert_none;
use crate::sources::{Source, crates, modules, sources};

type Edges<'a> = BTreeMap<&'a [String], BTreeMap<Vec<String>, usize>>;

/// Which files of a crate name which others, with a line for each.
fn edges<'a>(files: &'a BTreeMap<Vec<String>, &Source>) -> Edges<'a> {
    let mut edges = Edges::new();
    for (module, source) in files.iter().filter(|(_, source)| !source.is_front()) {
        for name in &source.names {
            let Some((first, rest)) = name.segments.split_first() else { continue };
            if *first != source.krate {
                continue;
            }
            // The longest part of the path that is a file.
            let Some(target) = (0..=rest.len())
                .rev()
                .map(|length| &rest[..length])
                .find(|prefix| files.contains_key(*prefix))
            else {
                continue;
            };
            if target != module.as_slice() && !files[target].is_front() {
                edges.entry(module).or_default().entry(target.to_vec()).or_insert(name.line);
            }
        }
    }
    edges
}

/// The files that can be reached from one.
fn reached(edges: &Edges<'_>, from: &[String]) -> BTreeSet<Vec<String>> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from.to_vec()];
    while let Some(module) = open.pop() {
        for next in edges.get(module.as_slice()).into_iter().flatten().map(|(next, _)| next) {
            if reached.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    reached
}

#[test]
fn no_two_files_need_each_other() {
    let sources = sources();
    let mut violations = Vec::new();
    for krate in crates(sources) {
        let files = modules(sources, krate);
        let edges = edges(&files);
        for (module, targets) in &edges {
            for (target, line) in targets {
                if reached(&edges, target).contains(*module) {
                    let needed = target.join("::");
                    violations.push(format!("{}: {needed} needs this file, too", files[*module].at(*line)));
                }
            }
        }
    }
    assert_none(&violations);
}
