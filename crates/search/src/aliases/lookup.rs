//! The alias table as its users see it.

use std::sync::{Arc, LazyLock};

use foldhash::HashSet;

use super::alias_file::{self, AliasProblem};
use super::compiler::AliasCompiler;
use super::precompiled;
use super::table::{AliasEntry, AliasTable};
use super::token::Token;
use crate::string_table::StringTable;

static BUILT_IN: LazyLock<Aliases> = LazyLock::new(|| Aliases {
    table: Arc::new(precompiled::parse(precompiled::BUILT_IN).unwrap_or_default()),
});

/// An alias table, ready for lookups; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Aliases {
    pub(super) table: Arc<AliasTable>,
}

impl Aliases {
    /// The table that comes with the program: general vocabulary of software.
    pub fn built_in() -> &'static Aliases {
        &BUILT_IN
    }

    /// Parses an alias file. Entries that cannot be parsed become problems; the others are used.
    pub fn parse(text: &str) -> (Aliases, Vec<AliasProblem>) {
        let (written, problems) = alias_file::parse(text);
        let mut compiler = AliasCompiler::default();
        for (head, expansions) in &written {
            compiler.add_written(head, expansions);
        }
        (Aliases { table: Arc::new(compiler.finish()) }, problems)
    }

    /// This table with `over` merged over it: a head of `over` replaces the same head here; one without expansions removes
    /// it.
    #[must_use]
    pub fn merged(&self, over: &Aliases) -> Aliases {
        let mut compiler = AliasCompiler::default();
        let replaced: HashSet<&str> = over.table.heads.iter().collect();
        compiler.add_table(&self.table, |head| !replaced.contains(head));
        compiler.add_table(&over.table, |_| true);
        Aliases { table: Arc::new(compiler.finish()) }
    }

    /// How many heads the table has.
    pub fn len(&self) -> usize {
        self.table.heads.len()
    }

    /// Whether the table is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The terms of the table in ascending order; the numbers of an expansion are ranks among them.
    pub(crate) fn terms(&self) -> &StringTable {
        &self.table.terms
    }

    /// Whether a term alone is a head.
    pub(crate) fn is_head(&self, term: &str) -> bool {
        let is_single = |entry: &AliasEntry| {
            entry.terms.len() == 1 && entry.phrase.len() == 0 && entry.expansions.len() > 0
        };
        let entries = self.table.id(term).into_iter().flat_map(|id| self.table.entries_starting_with(id));
        entries.into_iter().any(|at| is_single(&self.table.entries[at]))
    }

    /// The number of each word's key in the table; `None` where no head has it.
    pub(crate) fn key_ids(&self, words: &[Token]) -> Vec<Option<u32>> {
        words.iter().map(|word| self.table.id(word.key())).collect()
    }
}
