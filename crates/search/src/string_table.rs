//! A table of sorted strings in one buffer, found by hash.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::numeric::as_u32;

/// Distinct strings in ascending order, in one allocation, with a hash index over them.
#[derive(Debug, Default)]
pub(crate) struct StringTable {
    text: String,
    ends: Vec<u32>,
    ranks: HashTable<u32>,
    hasher: FixedState,
}

impl StringTable {
    /// The table of strings that are already in order.
    pub(crate) fn new<'a>(sorted: impl Iterator<Item = &'a str>) -> StringTable {
        let mut table = StringTable::default();
        sorted.for_each(|entry| table.push(entry));
        table.indexed()
    }

    /// Appends a string. It is not found before the table is [indexed](StringTable::indexed).
    pub(crate) fn push(&mut self, entry: &str) {
        self.text.push_str(entry);
        self.ends.push(as_u32(self.text.len()));
    }

    /// The same table with its hash index.
    pub(crate) fn indexed(mut self) -> StringTable {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        let mut ranks = HashTable::with_capacity(self.len());
        for rank in 0..self.len() {
            let rehash = |&other: &u32| self.hasher.hash_one(self.get(other as usize));
            ranks.insert_unique(self.hasher.hash_one(self.get(rank)), as_u32(rank), rehash);
        }
        self.ranks = ranks;
        self
    }

    /// How many strings there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The string at a rank, which must be below [`StringTable::len`].
    pub(crate) fn get(&self, rank: usize) -> &str {
        let start = if rank == 0 { 0 } else { self.ends[rank - 1] as usize };
        &self.text[start..self.ends[rank] as usize]
    }

    /// All strings in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|rank| self.get(rank))
    }

    /// The rank of a string.
    pub(crate) fn find(&self, entry: &str) -> Option<usize> {
        let same = |&rank: &u32| self.get(rank as usize) == entry;
        self.ranks.find(self.hasher.hash_one(entry), same).map(|&rank| rank as usize)
    }
}
