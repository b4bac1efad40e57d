//! A list whose snapshots are cheap.

use std::sync::Arc;

/// How many items share one allocation: changing one copies its chunk, taking a snapshot copies one pointer a chunk.
const CHUNK: usize = 128;

/// A list that is added to and changed in place, and cloned after each change.
#[derive(Debug)]
#[expect(clippy::rc_buffer, reason = "copied on write: a snapshot shares the chunks that did not change")]
pub(super) struct PersistentVec<T> {
    chunks: Vec<Arc<Vec<Arc<T>>>>,
    len: usize,
}

impl<T> Clone for PersistentVec<T> {
    fn clone(&self) -> Self {
        PersistentVec { chunks: self.chunks.clone(), len: self.len }
    }
}

impl<T> Default for PersistentVec<T> {
    fn default() -> Self {
        PersistentVec { chunks: Vec::new(), len: 0 }
    }
}

impl<T> PersistentVec<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, item: Arc<T>) {
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Arc::new(Vec::with_capacity(CHUNK)));
        }
        Arc::make_mut(&mut self.chunks[self.len / CHUNK]).push(item);
        self.len += 1;
    }

    pub(super) fn get_mut(&mut self, place: usize) -> &mut Arc<T> {
        &mut Arc::make_mut(&mut self.chunks[place / CHUNK])[place % CHUNK]
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The items from `place` on.
    pub(super) fn from(&self, place: usize) -> impl Iterator<Item = &Arc<T>> {
        (place..self.len).map(|place| &self[place])
    }
}

impl<T> std::ops::Index<usize> for PersistentVec<T> {
    type Output = Arc<T>;

    fn index(&self, place: usize) -> &Arc<T> {
        &self.chunks[place / CHUNK][place % CHUNK]
    }
}
