//! Fingerprints of a catalog: which content an index or a latent space was built from.

use std::num::NonZero;
use std::ops::{Add, Sub};
use std::panic::resume_unwind;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::numeric::as_u32;
use catalog::{Catalog, Definition};

/// The least number of entries worth a thread of their own, and the most threads.
const MIN_PART: usize = 8_192;
const MAX_THREADS: usize = 4;

/// A 128-bit hash of the content of a catalog: the sum of the hashes of its entries, so that the change of one entry
/// updates it without a look at the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) u128);

impl Fingerprint {
    /// The fingerprint of a catalog, computed on several threads where it is large.
    pub(crate) fn of_catalog(catalog: &Catalog) -> Fingerprint {
        let definitions = catalog.definitions();
        let n_threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS);
        let part = definitions.len().div_ceil(n_threads).max(MIN_PART);
        if definitions.len() <= part {
            return Fingerprint::of_part(definitions);
        }
        std::thread::scope(|scope| {
            let parts = definitions.chunks(part).map(|part| scope.spawn(|| Fingerprint::of_part(part)));
            let parts: Vec<_> = parts.collect();
            // A part that panicked would leave the sum wrong: propagate the panic.
            let joined =
                parts.into_iter().map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic)));
            joined.fold(Fingerprint::default(), Add::add)
        })
    }

    fn of_part(definitions: &[Arc<Definition>]) -> Fingerprint {
        let mut buffer = Vec::new();
        let of_entry = |entry: &Arc<Definition>| Fingerprint::hash(entry, &mut buffer);
        definitions.iter().map(of_entry).fold(Fingerprint::default(), Add::add)
    }

    /// The fingerprint of one entry.
    pub(crate) fn of_entry(definition: &Definition) -> Fingerprint {
        Fingerprint::hash(definition, &mut Vec::new())
    }

    /// Hashes everything that determines an entry's position in the catalog, the content of its file, and what else of it
    /// is searched. `buffer` is scratch space.
    fn hash(definition: &Definition, buffer: &mut Vec<u8>) -> Fingerprint {
        buffer.clear();
        let path = definition.path.as_os_str().as_encoded_bytes();
        let Definition { kind, id, content_hash, plugin, name, category, .. } = definition;
        let mut add = |part: &[u8]| {
            buffer.extend_from_slice(&as_u32(part.len()).to_le_bytes());
            buffer.extend_from_slice(part);
        };
        for part in [kind.as_str(), id, content_hash, plugin, name, category] {
            add(part.as_bytes());
        }
        add(path);
        // What a manifest may change without a change of the entry's own file.
        for list in [&definition.keywords, &definition.capabilities, &definition.aliases] {
            add(&as_u32(list.len()).to_le_bytes());
            for item in list {
                add(item.as_bytes());
            }
        }
        let digest = Sha256::digest(&buffer);
        Fingerprint(digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte)))
    }
}

impl Add for Fingerprint {
    type Output = Fingerprint;

    fn add(self, other: Fingerprint) -> Fingerprint {
        Fingerprint(self.0.wrapping_add(other.0))
    }
}

impl Sub for Fingerprint {
    type Output = Fingerprint;

    fn sub(self, other: Fingerprint) -> Fingerprint {
        Fingerprint(self.0.wrapping_sub(other.0))
    }
}
