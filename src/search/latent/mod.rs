//! Likeness of meaning, learned from the collection itself: latent semantic analysis (Deerwester et al., 1990).

use crate::catalog::Catalog;

/// A latent space trained on one catalog.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Latent {
    key: String,
}

/// Why stored bytes are not a usable space; the caller trains anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LatentError {
    /// Another version wrote them.
    #[error("the latent space was written by another version")]
    Version,
    /// Cut short or altered.
    #[error("the latent space is damaged")]
    Damaged,
}

impl Latent {
    /// Learns the space of a catalog. Seconds of work: keep it off the request path.
    pub fn train(catalog: &Catalog) -> Latent {
        Latent { key: Latent::key(catalog) }
    }

    /// What a space depends on: the version of the method and the content of every entry, in order. As hex.
    pub fn key(catalog: &Catalog) -> String {
        let _ = catalog;
        String::new()
    }

    /// Whether this space was trained on exactly this catalog.
    pub fn fits(&self, catalog: &Catalog) -> bool {
        self.key == Latent::key(catalog)
    }

    /// For keeping on disk.
    pub fn to_bytes(&self) -> Vec<u8> {
        Vec::new()
    }

    /// What [`Latent::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Latent, LatentError> {
        let _ = bytes;
        Err(LatentError::Version)
    }
}
