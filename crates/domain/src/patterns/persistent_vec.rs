//! A vector with cheap snapshots: chunks are shared between clones and copied on write.

use std::sync::Arc;

/// Items in a chunk: changing an item copies its chunk, a snapshot copies one pointer for each chunk.
const CHUNK: usize = 128;

/// A vector that is appended to, changed in position, and cloned after each change.
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

    pub(super) fn get_mut(&mut self, position: usize) -> &mut Arc<T> {
        &mut Arc::make_mut(&mut self.chunks[position / CHUNK])[position % CHUNK]
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The items at `position` and after it.
    pub(super) fn from(&self, position: usize) -> impl Iterator<Item = &Arc<T>> {
        (position..self.len).map(|position| &self[position])
    }
}

impl<T> std::ops::Index<usize> for PersistentVec<T> {
    type Output = Arc<T>;

    fn index(&self, position: usize) -> &Arc<T> {
        &self.chunks[position / CHUNK][position % CHUNK]
    }
}
