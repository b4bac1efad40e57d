//! Which content an index or a space was made from.

use std::ops::{Add, Sub};

use sha2::{Digest, Sha256};

use super::weights::compact;
use crate::catalog::{Catalog, Definition};

/// A number that stands for the content of a catalog: the sum of those of its entries, so that a change of one of them is
/// reckoned in without looking at the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Content(pub(super) u128);

impl Content {
    pub(crate) fn of(catalog: &Catalog) -> Content {
        catalog.definitions().iter().fold(Content::default(), |sum, entry| sum + Content::of_entry(entry))
    }

    /// From everything that decides an entry's place in the catalog, its file's content, and what else is searched of it.
    pub(crate) fn of_entry(definition: &Definition) -> Content {
        let mut hash = Sha256::new();
        let path = definition.path.as_os_str().as_encoded_bytes();
        let Definition { kind, id, content_hash, plugin, name, category, .. } = definition;
        let mut add = |part: &[u8]| {
            hash.update(compact(part.len()).to_le_bytes());
            hash.update(part);
        };
        for part in [kind.as_str(), id, content_hash, plugin, name, category] {
            add(part.as_bytes());
        }
        add(path);
        // What a manifest may say without a change of the entry's own file.
        for list in [&definition.keywords, &definition.capabilities, &definition.aliases] {
            add(&compact(list.len()).to_le_bytes());
            for item in list {
                add(item.as_bytes());
            }
        }
        let digest = hash.finalize();
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
