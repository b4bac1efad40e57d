//! Which content an index or a space was made from.

use std::num::NonZero;
use std::ops::{Add, Sub};
use std::panic::resume_unwind;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::numeric::as_u32;
use catalog::{Catalog, Definition};

/// Entries whose content is worked out on a thread of its own at least, and threads at most.
const MIN_PART: usize = 8_192;
const MAX_THREADS: usize = 4;

/// A number that stands for the content of a catalog: the sum of those of its entries, so that a change of one of them is
/// reckoned in without looking at the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Content(pub(super) u128);

impl Content {
    pub(crate) fn of(catalog: &Catalog) -> Content {
        let definitions = catalog.definitions();
        let n_threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS);
        let part = definitions.len().div_ceil(n_threads).max(MIN_PART);
        if definitions.len() <= part {
            return Content::of_part(definitions);
        }
        std::thread::scope(|scope| {
            let parts = definitions.chunks(part).map(|part| scope.spawn(|| Content::of_part(part)));
            let parts: Vec<_> = parts.collect();
            // A part that panicked would leave the sum wrong: pass the panic on.
            let joined =
                parts.into_iter().map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic)));
            joined.fold(Content::default(), Add::add)
        })
    }

    fn of_part(definitions: &[Arc<Definition>]) -> Content {
        let mut text = Vec::new();
        let of_entry = |entry: &Arc<Definition>| Content::told(entry, &mut text);
        definitions.iter().map(of_entry).fold(Content::default(), Add::add)
    }

    pub(crate) fn of_entry(definition: &Definition) -> Content {
        Content::told(definition, &mut Vec::new())
    }

    /// From everything that decides an entry's place in the catalog, its file's content, and what else is searched of it.
    /// `text` is room for it.
    fn told(definition: &Definition, text: &mut Vec<u8>) -> Content {
        text.clear();
        let path = definition.path.as_os_str().as_encoded_bytes();
        let Definition { kind, id, content_hash, plugin, name, category, .. } = definition;
        let mut add = |part: &[u8]| {
            text.extend_from_slice(&as_u32(part.len()).to_le_bytes());
            text.extend_from_slice(part);
        };
        for part in [kind.as_str(), id, content_hash, plugin, name, category] {
            add(part.as_bytes());
        }
        add(path);
        // What a manifest may say without a change of the entry's own file.
        for list in [&definition.keywords, &definition.capabilities, &definition.aliases] {
            add(&as_u32(list.len()).to_le_bytes());
            for item in list {
                add(item.as_bytes());
            }
        }
        let digest = Sha256::digest(&text);
        Content(digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte)))
    }
}

impl Add for Content {
    type Output = Content;

    fn add(self, other: Content) -> Content {
        Content(self.0.wrapping_add(other.0))
    }
}

impl Sub for Content {
    type Output = Content;

    fn sub(self, other: Content) -> Content {
        Content(self.0.wrapping_sub(other.0))
    }
}
