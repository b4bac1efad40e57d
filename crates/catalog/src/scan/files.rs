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
    /// Its component root, by position in the scan.
    pub component_root: u32,
    pub read: Read,
    /// Of a command: a checksum of the names that it was searched for, once that has happened.
    pub agent_names: Option<u32>,
    pub problems: Arc<[Problem]>,
}

/// The result of reading a file.
#[derive(Debug, Clone)]
pub(crate) enum Read {
    Entry(Arc<Definition>),
    /// It is not an entry; its path.
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

    /// Whether `other` is the same file, taken over from the cache.
    pub(super) fn is_as(&self, other: &File) -> bool {
        let same = match (&self.read, &other.read) {
            (Read::Entry(one), Read::Entry(other)) => Arc::ptr_eq(one, other),
            (Read::Nothing(one), Read::Nothing(other)) => one == other,
            _ => false,
        };
        same && self.component_root == other.component_root
            && self.stamp == other.stamp
            && self.context == other.context
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

/// Files ordered by path. Those of one path, which several plugins may share, are in one block and in the order of their
/// component roots.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    blocks: Vec<Arc<[File]>>,
}

impl Files {
    /// From files that are ordered by path.
    pub(crate) fn new(files: Vec<File>) -> Files {
        let mut made = Files::default();
        made.append(files);
        made
    }

    /// From blocks; `None` if they are not ordered by path.
    pub(crate) fn of_blocks(blocks: Vec<Arc<[File]>>) -> Option<Files> {
        let files = Files { blocks };
        let is_whole = files.blocks.iter().all(|block| !block.is_empty());
        (is_whole && files.iter().is_sorted_by(|a, b| path_order(a.path(), b.path()).is_le()))
            .then_some(files)
    }

    /// Appends files that come after all others.
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

    /// The files at `path` and after it.
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

    /// The files below `folder`; all, if it is empty.
    pub(super) fn below(&self, folder: &Path) -> impl Iterator<Item = &File> {
        self.from(folder).take_while(move |file| file.path().starts_with(folder))
    }

    /// A copy with the files at these paths replaced. Blocks without such a path are shared.
    pub(super) fn with(&self, mut edits: BTreeMap<PathBuf, Vec<File>>) -> Files {
        let mut made = Files { blocks: Vec::with_capacity(self.blocks.len() + 1) };
        for (at, block) in self.blocks.iter().enumerate() {
            // Paths before the next block's first file belong to this block.
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
            // Stable: files of one path keep their order.
            files.sort_by(|a, b| path_order(a.path(), b.path()));
            made.append(files);
        }
        made.append(edits.into_values().flatten().collect());
        made
    }
}

/// Finds files by paths that come in the same order, without a search for each.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    files: &'a Files,
    block: usize,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor at the first file that is not before `path`.
    pub(super) fn new(files: &'a Files, path: &Path) -> Cursor<'a> {
        let block =
            files.blocks.partition_point(|block| block.last().is_some_and(|last| is_before(last, path)));
        let at =
            files.blocks.get(block).map_or(0, |block| block.partition_point(|file| is_before(file, path)));
        Cursor { files, block, at }
    }

    /// The cached file at `path` with this stamp and context. Paths have to come in order.
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
