//! The files of one root as they were read, in blocks that a later scan shares where nothing in them changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::definition::Definition;
use crate::layout::{EntryContext, path_order};
use crate::problem::Problem;
use confined_fs::scan_root::Stamp;

/// Files of one block: a change copies one block and the list of blocks, and a thread decodes one at a time.
const BLOCK: usize = 64;

/// One file as it was read for one plugin. Copying it allocates nothing.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub stamp: Stamp,
    pub context: EntryContext,
    /// Which of the scan's places it was found in.
    pub place: u32,
    pub read: Read,
    pub problems: Arc<[Problem]>,
}

/// What a file turned out to be.
#[derive(Debug, Clone)]
pub(crate) enum Read {
    Entry(Arc<Definition>),
    /// No entry; the path that a definition would have named.
    Nothing(Arc<Path>),
}

impl File {
    /// Relative to the root.
    pub(crate) fn path(&self) -> &Path {
        match &self.read {
            Read::Entry(definition) => &definition.path,
            Read::Nothing(path) => path,
        }
    }

    /// Whether `other` was recalled as this.
    pub(super) fn is_as(&self, other: &File) -> bool {
        let same = match (&self.read, &other.read) {
            (Read::Entry(one), Read::Entry(other)) => Arc::ptr_eq(one, other),
            (Read::Nothing(one), Read::Nothing(other)) => one == other,
            _ => false,
        };
        same && self.place == other.place && self.stamp == other.stamp && self.context == other.context
    }

    pub(crate) fn definition(&self) -> Option<&Arc<Definition>> {
        match &self.read {
            Read::Entry(definition) => Some(definition),
            Read::Nothing(_) => None,
        }
    }
}

fn is_before(file: &File, path: &Path) -> bool {
    path_order(file.path(), path).is_lt()
}

/// Files ordered by path; those of one path, which several plugins may share, are in one block and in the order of
/// their places.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    blocks: Vec<Arc<[File]>>,
}

impl Files {
    /// Of files that are ordered by path.
    pub(crate) fn new(files: Vec<File>) -> Files {
        let mut made = Files::default();
        made.append(files);
        made
    }

    /// Of blocks as they were; `None` where they are not in order.
    pub(crate) fn of_blocks(blocks: Vec<Arc<[File]>>) -> Option<Files> {
        let files = Files { blocks };
        let is_whole = files.blocks.iter().all(|block| !block.is_empty());
        (is_whole && files.iter().is_sorted_by(|a, b| path_order(a.path(), b.path()).is_le()))
            .then_some(files)
    }

    /// Takes over files that stand behind those there are.
    fn append(&mut self, files: Vec<File>) {
        let mut block: Vec<File> = Vec::new();
        for file in files {
            if block.len() >= BLOCK
                && block.last().is_some_and(|last| last.path().as_os_str() != file.path().as_os_str())
            {
                self.blocks.push(std::mem::take(&mut block).into());
            }
            block.push(file);
        }
        if !block.is_empty() {
            self.blocks.push(block.into());
        }
    }

    pub(crate) fn blocks(&self) -> &[Arc<[File]>] {
        &self.blocks
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &File> {
        self.blocks.iter().flat_map(|block| block.iter())
    }

    pub(crate) fn len(&self) -> usize {
        self.blocks.iter().map(|block| block.len()).sum()
    }

    /// The files at and behind `path`.
    pub(super) fn from(&self, path: &Path) -> impl Iterator<Item = &File> {
        let first =
            self.blocks.partition_point(|block| block.last().is_some_and(|last| is_before(last, path)));
        let blocks = &self.blocks[first..];
        let skipped = blocks.first().map_or(0, |block| block.partition_point(|file| is_before(file, path)));
        blocks.iter().flat_map(|block| block.iter()).skip(skipped)
    }

    /// The files at `path`.
    pub(super) fn at(&self, path: &Path) -> impl Iterator<Item = &File> {
        self.from(path).take_while(move |file| file.path() == path)
    }

    /// The files in the folder `folder` and below it; all, where it is empty.
    pub(super) fn below(&self, folder: &Path) -> impl Iterator<Item = &File> {
        self.from(folder).take_while(move |file| file.path().starts_with(folder))
    }

    /// The same with other files at these paths. Blocks without such a path are shared.
    pub(super) fn with(&self, mut edits: BTreeMap<PathBuf, Vec<File>>) -> Files {
        let mut made = Files { blocks: Vec::with_capacity(self.blocks.len() + 1) };
        for (at, block) in self.blocks.iter().enumerate() {
            // What stands before the next block's first file belongs to this one.
            let behind = match self.blocks.get(at + 1).and_then(|next| next.first()) {
                Some(next) => edits.split_off(next.path()),
                None => BTreeMap::new(),
            };
            let own = std::mem::replace(&mut edits, behind);
            if own.is_empty() {
                made.blocks.push(Arc::clone(block));
                continue;
            }
            let kept = block.iter().filter(|file| !own.contains_key(file.path()));
            let mut files: Vec<File> = kept.cloned().collect();
            files.extend(own.into_values().flatten());
            // Stable: files of one path stay as they were given.
            files.sort_by(|a, b| path_order(a.path(), b.path()));
            made.append(files);
        }
        made.append(edits.into_values().flatten().collect());
        made
    }
}

/// Walks files along with paths that come in the same order, so that finding one costs no search.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    files: &'a Files,
    block: usize,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Set at the first file that is not before `path`.
    pub(super) fn new(files: &'a Files, path: &Path) -> Cursor<'a> {
        let block =
            files.blocks.partition_point(|block| block.last().is_some_and(|last| is_before(last, path)));
        let at =
            files.blocks.get(block).map_or(0, |block| block.partition_point(|file| is_before(file, path)));
        Cursor { files, block, at }
    }

    /// What was read from `path`, which is not before the last path asked for, at `stamp` and for `context`.
    pub(super) fn recall(&mut self, path: &Path, stamp: Stamp, context: &EntryContext) -> Option<&'a File> {
        loop {
            let block = self.files.blocks.get(self.block)?;
            match block.get(self.at) {
                Some(file) if !is_before(file, path) => break,
                Some(_) => self.at += 1,
                None => (self.block, self.at) = (self.block + 1, 0),
            }
        }
        let here = self.files.blocks[self.block][self.at..].iter();
        let here = here.take_while(|file| file.path().as_os_str() == path.as_os_str());
        here.into_iter().find(|file| file.stamp == stamp && file.context == *context)
    }
}
