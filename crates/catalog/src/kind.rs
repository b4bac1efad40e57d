//! The kinds of entries, and a value for each of them.

use std::ops::{Index, IndexMut};

/// What an entry of the catalog is. A command of a plugin is a workflow on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `agents/**/*.md`
    #[default]
    Agent,
    /// `skills/<folder>/SKILL.md`
    Skill,
    /// `commands/**/*.md`
    Workflow,
}

/// How many kinds there are.
const COUNT: usize = Kind::ALL.len();

impl Kind {
    /// All kinds, in the order in which a catalog lists them.
    pub const ALL: [Kind; 3] = [Kind::Agent, Kind::Skill, Kind::Workflow];

    /// One entry of the kind: `agent`, `skill` or `workflow`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Agent => "agent",
            Kind::Skill => "skill",
            Kind::Workflow => "workflow",
        }
    }

    /// Several entries of the kind: `agents`, `skills` or `workflows`.
    pub const fn plural(self) -> &'static str {
        match self {
            Kind::Agent => "agents",
            Kind::Skill => "skills",
            Kind::Workflow => "workflows",
        }
    }
}

// A value's place in a `KindMap` is its kind's in `Kind::ALL`, which is therefore in the order of declaration.
const _: () = {
    let mut at = 0;
    while at < COUNT {
        assert!(Kind::ALL[at] as usize == at, "Kind::ALL is not in the order of declaration");
        at += 1;
    }
};

/// A value for each kind.
///
/// ```
/// use adjutant_catalog::{Kind, KindMap};
///
/// let mut lengths = KindMap::from_fn(|kind| kind.as_str().len());
/// lengths[Kind::Skill] += 1;
/// assert_eq!(lengths.map(|_, length| length * 2)[Kind::Skill], 12);
/// assert_eq!(lengths.iter().next(), Some((Kind::Agent, &5)));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct KindMap<T>([T; COUNT]);

impl<T> KindMap<T> {
    /// The map of what `value` gives for each kind, asked in the order of [`Kind::ALL`].
    pub fn from_fn(value: impl FnMut(Kind) -> T) -> KindMap<T> {
        KindMap(Kind::ALL.map(value))
    }

    /// The map of what `value` gives for each kind; `None` as soon as it gives none.
    pub fn try_from_fn(value: impl FnMut(Kind) -> Option<T>) -> Option<KindMap<T>> {
        let values: Option<Vec<T>> = Kind::ALL.into_iter().map(value).collect();
        Some(KindMap(values?.try_into().ok()?))
    }

    /// The kinds and their values, in the order of [`Kind::ALL`].
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Kind, &T)> {
        Kind::ALL.into_iter().zip(&self.0)
    }

    /// The values, in the order of [`Kind::ALL`].
    pub fn values(&self) -> impl ExactSizeIterator<Item = &T> {
        self.0.iter()
    }

    /// The map of what `value` makes of each value, in the order of [`Kind::ALL`].
    pub fn map<'a, U>(&'a self, mut value: impl FnMut(Kind, &'a T) -> U) -> KindMap<U> {
        KindMap::from_fn(|kind| value(kind, &self[kind]))
    }
}

impl KindMap<usize> {
    /// The counts as text, with `last` before the last: `3 agents, 1 skills and 0 workflows`.
    pub fn enumerated(&self, last: &str) -> String {
        let mut parts: Vec<String> =
            self.iter().map(|(kind, count)| format!("{count} {}", kind.plural())).collect();
        let end = parts.pop().unwrap_or_default();
        format!("{}{last}{end}", parts.join(", "))
    }
}

impl<T> Index<Kind> for KindMap<T> {
    type Output = T;

    fn index(&self, kind: Kind) -> &T {
        &self.0[kind as usize]
    }
}

impl<T> IndexMut<Kind> for KindMap<T> {
    fn index_mut(&mut self, kind: Kind) -> &mut T {
        &mut self.0[kind as usize]
    }
}
