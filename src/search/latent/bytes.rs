//! A latent space as bytes, for keeping beside the database.
//!
//! Layout, little endian: magic, version, key, dimensions, terms, then the arrays, then the SHA-256 of all before it.

use sha2::{Digest, Sha256};

use super::{Latent, VERSION};
use crate::search::weights::compact;

const MAGIC: &[u8; 8] = b"adjlsa\0\0";
const DIGEST: usize = 32;

/// Why stored bytes are not a usable space; the caller trains anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LatentError {
    /// Another version of the program wrote them, or they are something else altogether.
    #[error("the latent space was written by another version")]
    Version,
    /// Cut short or altered.
    #[error("the latent space is damaged")]
    Damaged,
}

impl Latent {
    /// For keeping on disk.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        put(&mut bytes, self.key.as_bytes());
        bytes.extend_from_slice(&compact(self.dimensions).to_le_bytes());
        put(&mut bytes, self.terms.join("\n").as_bytes());
        for floats in [&self.idf, &self.term_scales, &self.documents] {
            put(&mut bytes, &floats.iter().flat_map(|float| float.to_le_bytes()).collect::<Vec<u8>>());
        }
        put(&mut bytes, &self.term_rows.iter().map(|part| part.cast_unsigned()).collect::<Vec<u8>>());
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }

    /// Reads what [`Latent::to_bytes`] wrote. Whether it belongs to a catalog, [`Latent::fits`] says.
    pub fn from_bytes(bytes: &[u8]) -> Result<Latent, LatentError> {
        let start = [MAGIC.as_slice(), &VERSION.to_le_bytes()].concat();
        let rest = bytes.strip_prefix(start.as_slice()).ok_or(LatentError::Version)?;
        let body = bytes
            .len()
            .checked_sub(DIGEST)
            .filter(|&body| body >= start.len())
            .ok_or(LatentError::Damaged)?;
        if Sha256::digest(&bytes[..body]).as_slice() != &bytes[body..] {
            return Err(LatentError::Damaged);
        }
        let mut reader = Reader { rest: &rest[..body - start.len()] };
        let latent = reader.latent().ok_or(LatentError::Damaged)?;
        let (terms, dimensions) = (latent.terms.len(), latent.dimensions);
        let whole = latent.idf.len() == terms
            && latent.term_scales.len() == terms
            && latent.term_rows.len() == terms * dimensions
            && (dimensions == 0 || latent.documents.len() % dimensions == 0)
            && reader.rest.is_empty();
        if whole { Ok(latent) } else { Err(LatentError::Damaged) }
    }
}

fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&compact(part.len()).to_le_bytes());
    bytes.extend_from_slice(part);
}

struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    fn latent(&mut self) -> Option<Latent> {
        let key = String::from_utf8(self.part()?.to_vec()).ok()?;
        let dimensions = self.count()?;
        let terms = std::str::from_utf8(self.part()?).ok()?;
        let terms = terms.split('\n').filter(|term| !term.is_empty()).map(Into::into).collect();
        let (idf, term_scales, documents) = (self.floats()?, self.floats()?, self.floats()?);
        let term_rows = self.part()?.iter().map(|part| part.cast_signed()).collect();
        Some(Latent { key, dimensions, terms, idf, term_rows, term_scales, documents })
    }

    fn count(&mut self) -> Option<usize> {
        let (count, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        usize::try_from(u32::from_le_bytes(*count)).ok()
    }

    fn part(&mut self) -> Option<&'b [u8]> {
        let length = self.count()?;
        let (part, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(part)
    }

    fn floats(&mut self) -> Option<Vec<f32>> {
        let (floats, rest) = self.part()?.as_chunks::<4>();
        rest.is_empty().then(|| floats.iter().map(|float| f32::from_le_bytes(*float)).collect())
    }
}
