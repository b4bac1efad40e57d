//! The persisted form of a latent space.
//!
//! Layout, little endian: magic, version, key, dimensions, terms, the arrays, and the SHA-256 of everything before it.

use sha2::{Digest, Sha256};

use super::space::{LatentSpace, VERSION};
use crate::codec::{ByteReader, ByteWriter};
use crate::numeric::as_u32;

const MAGIC: &[u8; 8] = b"adjlsa\0\0";
const DIGEST: usize = 32;

/// Why persisted bytes are not a usable space; the caller trains a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LatentError {
    /// Another version of the program wrote them, or they are something else.
    #[error("the latent space was written by another version")]
    Version,
    /// Truncated or altered.
    #[error("the latent space is damaged")]
    Damaged,
}

impl LatentSpace {
    /// Encodes the space for [`LatentSpace::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = ByteWriter::default();
        writer.bytes.extend_from_slice(MAGIC);
        writer.u32(VERSION);
        writer.block(self.key.as_bytes());
        writer.u32(as_u32(self.dimensions));
        writer.block(self.terms.join("\n").as_bytes());
        for floats in [&self.idf, &self.term_scales, &self.document_scales] {
            writer.f32s(floats);
        }
        for vectors in [&self.term_rows, &self.documents] {
            writer.block(&vectors.iter().map(|part| part.cast_unsigned()).collect::<Vec<u8>>());
        }
        let digest = Sha256::digest(&writer.bytes);
        writer.bytes.extend_from_slice(&digest);
        writer.bytes
    }

    /// Decodes what [`LatentSpace::to_bytes`] encoded. Whether the space belongs to a catalog is up to
    /// [`Index::accepts`](crate::Index::accepts).
    pub fn from_bytes(bytes: &[u8]) -> Result<LatentSpace, LatentError> {
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
        let mut reader = ByteReader { rest: &rest[..body - start.len()] };
        let space = decode(&mut reader).ok_or(LatentError::Damaged)?;
        let (terms, dimensions) = (space.terms.len(), space.dimensions);
        let is_consistent = space.idf.len() == terms
            && space.term_scales.len() == terms
            && space.term_rows.len() == terms * dimensions
            && space.documents.len() == space.document_scales.len() * dimensions
            && reader.rest.is_empty();
        if is_consistent { Ok(space) } else { Err(LatentError::Damaged) }
    }
}

fn decode(reader: &mut ByteReader<'_>) -> Option<LatentSpace> {
    let key = reader.text()?.to_owned();
    let dimensions = reader.count()?;
    let terms = reader.text()?;
    let terms = terms.split('\n').filter(|term| !term.is_empty()).map(Into::into).collect();
    let (idf, term_scales, document_scales) = (reader.f32s()?, reader.f32s()?, reader.f32s()?);
    let mut vectors = || Some(reader.block()?.iter().map(|part| part.cast_signed()).collect());
    let (term_rows, documents) = (vectors()?, vectors()?);
    Some(LatentSpace { key, dimensions, terms, idf, term_rows, term_scales, documents, document_scales })
}
