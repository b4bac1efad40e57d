//! Finding a definition by what someone calls it.

use std::collections::HashMap;
use std::sync::Arc;

use super::definition::{Definition, Kind};

/// What [`super::Catalog::find`] answers.
#[derive(Debug)]
pub enum Lookup<'a> {
    /// Exactly one definition goes by that id, alias or bare name.
    One(&'a Arc<Definition>),
    /// A bare name, alias or duplicate id that several definitions carry; never empty.
    Ambiguous(Vec<&'a Arc<Definition>>),
    /// No definition goes by it.
    Missing,
}

impl<'a> Lookup<'a> {
    /// The definition, if there is exactly one.
    pub fn one(self) -> Option<&'a Arc<Definition>> {
        match self {
            Lookup::One(definition) => Some(definition),
            Lookup::Ambiguous(_) | Lookup::Missing => None,
        }
    }
}

/// The ways to name a definition, the surest first.
const RANKS: [Rank; 3] = [Rank::Id, Rank::Alias, Rank::Bare];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Rank {
    Id,
    Alias,
    Bare,
}

/// Positions in a catalog by kind, rank and name.
#[derive(Debug, Default)]
pub(super) struct Names {
    positions: HashMap<(Kind, Rank, Box<str>), Vec<usize>>,
}

impl Names {
    pub(super) fn new(definitions: &[Arc<Definition>]) -> Names {
        let mut names = Names::default();
        for (position, definition) in definitions.iter().enumerate() {
            names.add(definition.kind, Rank::Id, &definition.id, position);
            names.add(definition.kind, Rank::Bare, &definition.name, position);
            for alias in &definition.aliases {
                let is_id = alias.contains(':') || definition.plugin.is_empty();
                names.add(definition.kind, if is_id { Rank::Alias } else { Rank::Bare }, alias, position);
            }
        }
        names
    }

    fn add(&mut self, kind: Kind, rank: Rank, name: &str, position: usize) {
        let positions = self.positions.entry((kind, rank, name.into())).or_default();
        if positions.last() != Some(&position) {
            positions.push(position);
        }
    }

    /// The positions that `name` may mean: those of the surest rank that knows it.
    pub(super) fn positions(&self, kind: Kind, name: &str) -> &[usize] {
        let slashed = name.replacen('/', ":", 1);
        for name in [name, slashed.as_str()] {
            for rank in RANKS {
                if let Some(positions) = self.positions.get(&(kind, rank, name.into())) {
                    return positions;
                }
            }
        }
        &[]
    }
}
