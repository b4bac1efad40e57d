//! Finding a definition by id, alias or bare name.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::definition::Definition;
use super::kind::Kind;

/// The result of [`super::Catalog::find`].
#[derive(Debug)]
pub enum Lookup<'a> {
    /// Exactly one definition has that id, alias or bare name.
    One(&'a Arc<Definition>),
    /// Several definitions, each of another id, share that bare name or alias; never empty.
    Ambiguous(Vec<&'a Arc<Definition>>),
    /// No definition has it.
    Missing,
}

impl<'a> Lookup<'a> {
    /// The result for these definitions. Of several with one id, which no caller could tell apart, the first counts.
    pub(super) fn of(mut found: Vec<&'a Arc<Definition>>) -> Lookup<'a> {
        found.dedup_by(|one, before| one.id == before.id);
        match (found.pop(), found.is_empty()) {
            (None, _) => Lookup::Missing,
            (Some(only), true) => Lookup::One(only),
            (Some(last), false) => {
                found.push(last);
                Lookup::Ambiguous(found)
            }
        }
    }

    /// The definition, if there is exactly one.
    pub fn one(self) -> Option<&'a Arc<Definition>> {
        match self {
            Lookup::One(definition) => Some(definition),
            Lookup::Ambiguous(_) | Lookup::Missing => None,
        }
    }
}

/// How a name matches a definition, the most specific first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum MatchRank {
    Id,
    Alias,
    Bare,
}

impl MatchRank {
    /// The most specific way in which `name` matches the definition, if it does.
    fn of(definition: &Definition, name: &str) -> Option<MatchRank> {
        if definition.id == name {
            return Some(MatchRank::Id);
        }
        let is_alias = definition.aliases.iter().any(|alias| alias == name);
        if is_alias && (name.contains(':') || definition.plugin.is_empty()) {
            return Some(MatchRank::Alias);
        }
        (is_alias || definition.name == name).then_some(MatchRank::Bare)
    }
}

/// Changes since the base that are searched one by one; beyond, the base is rebuilt.
const MAX_LOOSE: usize = 512;

/// An index of definitions by all their names: a base, and what changed since it was built.
#[derive(Debug, Clone, Default)]
pub(super) struct NameIndex {
    base: Arc<Base>,
    /// Positions in the base of removed definitions, ordered.
    gone: Vec<u32>,
    /// Definitions added since.
    added: Vec<Arc<Definition>>,
}

#[derive(Debug, Default)]
struct Base {
    definitions: Arc<[Arc<Definition>]>,
    hasher: RandomState,
    /// The upper half of a name's hash and, below it, the position of a definition with that name, ordered. The names
    /// themselves are in the definitions.
    hashes: Box<[u64]>,
}

impl Base {
    fn new(definitions: &Arc<[Arc<Definition>]>) -> Base {
        let hasher = RandomState::new();
        let mut marks = Vec::with_capacity(definitions.len() * 2);
        for (definition, position) in definitions.iter().zip(0_u32..) {
            let names = [&definition.id, &definition.name].into_iter().chain(&definition.aliases);
            marks.extend(names.map(|name| upper(&hasher, definition.kind, name) | u64::from(position)));
        }
        marks.sort_unstable();
        marks.dedup();
        Base { definitions: Arc::clone(definitions), hasher, hashes: marks.into() }
    }

    /// The positions of definitions that may have the name, in order: their hashes are equal.
    fn positions(&self, kind: Kind, name: &str) -> impl Iterator<Item = u32> {
        let upper = upper(&self.hasher, kind, name);
        let from = self.hashes.partition_point(|&hash| hash < upper);
        let alike = self.hashes[from..].iter().take_while(move |&&hash| hash & UPPER == upper);
        alike.filter_map(|&hash| u32::try_from(hash & !UPPER).ok())
    }

    /// The position of exactly this definition.
    fn position(&self, definition: &Arc<Definition>) -> Option<u32> {
        let mut positions = self.positions(definition.kind, &definition.id);
        positions.find(|&at| Arc::ptr_eq(&self.definitions[at as usize], definition))
    }
}

const UPPER: u64 = !0 << 32;

fn upper(hasher: &RandomState, kind: Kind, name: &str) -> u64 {
    hasher.hash_one((kind, name)) & UPPER
}

impl NameIndex {
    pub(super) fn new(definitions: &Arc<[Arc<Definition>]>) -> NameIndex {
        NameIndex { base: Arc::new(Base::new(definitions)), ..NameIndex::default() }
    }

    /// The index of `definitions`: those of this index without `removed` and with `added`.
    pub(super) fn changed(
        &self,
        definitions: &Arc<[Arc<Definition>]>,
        removed: &[Arc<Definition>],
        added: &[Arc<Definition>],
    ) -> NameIndex {
        if self.gone.len() + removed.len() + self.added.len() + added.len() > MAX_LOOSE {
            return NameIndex::new(definitions);
        }
        let mut names = self.clone();
        names.added.retain(|known| !removed.iter().any(|removed| Arc::ptr_eq(known, removed)));
        names.gone.extend(removed.iter().filter_map(|removed| self.base.position(removed)));
        names.gone.sort_unstable();
        names.added.extend_from_slice(added);
        names
    }

    /// The definitions that `name` means, in the catalog's order: all that match in the most specific way that matches any.
    /// An alias or a bare name means what the client loads, where that carries it, and nothing else.
    pub(super) fn find(&self, kind: Kind, name: &str) -> Vec<&Arc<Definition>> {
        let found = self.find_written(kind, name);
        if !found.is_empty() || !name.contains('/') {
            return found;
        }
        self.find_written(kind, &name.replacen('/', ":", 1))
    }

    fn find_written(&self, kind: Kind, name: &str) -> Vec<&Arc<Definition>> {
        let there = self.base.positions(kind, name).filter(|at| self.gone.binary_search(at).is_err());
        let known = there.map(|at| &self.base.definitions[at as usize]).chain(&self.added);
        let mut found: Vec<(MatchRank, &Arc<Definition>)> = known
            .filter(|definition| definition.kind == kind)
            .filter_map(|definition| Some((MatchRank::of(definition, name)?, definition)))
            .collect();
        if found.iter().all(|(rank, _)| *rank != MatchRank::Id)
            && found.iter().any(|(_, definition)| !definition.not_loaded)
        {
            found.retain(|(_, definition)| !definition.not_loaded);
        }
        let Some(surest) = found.iter().map(|(rank, _)| *rank).min() else { return Vec::new() };
        found.retain(|(rank, _)| *rank == surest);
        found.sort_by(|(_, a), (_, b)| (&a.id, &a.path).cmp(&(&b.id, &b.path)));
        found.into_iter().map(|(_, definition)| definition).collect()
    }
}
