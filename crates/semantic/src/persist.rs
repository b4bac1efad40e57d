//! The persisted form of vectors, so that an unchanged collection is embedded once.
//!
//! The file names the model that made the vectors and ends with a checksum. A file that is truncated, damaged or of another
//! model is ignored, and its passages are embedded again.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use sha2::{Digest, Sha256};

use super::vectors::{TextKey, Vectors};
use confined_fs::{FilePath, Replacing};

/// The magic number; its last digit is the version of the format.
const MAGIC: &[u8; 8] = b"ADJVECT1";
const CHECKSUM: usize = 32;
const IDENTITY: usize = 64;
/// Magic, identity, dimensions, count.
const HEAD: usize = 8 + IDENTITY + 4 + 4;
/// The largest file in bytes: a hundred thousand entries.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// The vectors in a file; `None` where it does not exist, is damaged, or is of another model than the one with this
/// identity and number of dimensions.
pub fn load(file: &FilePath, identity: &str, dimensions: usize) -> Option<Vectors> {
    let bytes = file.read(MAX_BYTES).ok()?;
    let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    if content.len() < HEAD || Sha256::digest(content).as_slice() != checksum {
        return None;
    }
    let (head, rows) = content.split_at(HEAD);
    let number = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?) as usize);
    let (stored_dimensions, count) = (number(8 + IDENTITY)?, number(12 + IDENTITY)?);
    let row = 16 + 4 + dimensions;
    let is_ours = &head[..8] == MAGIC
        && &head[8..8 + IDENTITY] == identity.as_bytes()
        && stored_dimensions == dimensions
        && rows.len() == count.checked_mul(row)?;
    if !is_ours {
        return None;
    }
    let mut vectors = Vectors::new(dimensions);
    for row in rows.chunks_exact(row) {
        let key: TextKey = row[..16].try_into().ok()?;
        let scale = f32::from_le_bytes(row[16..20].try_into().ok()?);
        vectors.add_quantised(key, scale, row[20..].iter().map(|byte| byte.cast_signed()));
    }
    Some(vectors)
}

/// Writes vectors atomically: a reader, or a start after a power failure, finds either the old file or the new one.
///
/// # Errors
/// The directory cannot be written or the disk is full; the old file is then unchanged, and nothing of the new one remains.
pub fn save(file: &FilePath, identity: &str, vectors: &Vectors) -> io::Result<()> {
    file.replace(Replacing::PrivateDurably, |out| write_to(out, identity, vectors))
}

fn write_to(out: &mut BufWriter<File>, identity: &str, vectors: &Vectors) -> io::Result<()> {
    let mut file = Summed { file: out, sum: Sha256::new() };
    let small = |number: usize| u32::try_from(number).map_err(|_| io::ErrorKind::InvalidInput);
    file.put(MAGIC)?;
    if identity.len() != IDENTITY {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    file.put(identity.as_bytes())?;
    file.put(&small(vectors.dimensions())?.to_le_bytes())?;
    file.put(&small(vectors.len())?.to_le_bytes())?;
    for key in vectors.keys() {
        let Some((scale, parts)) = vectors.quantised(&key) else { continue };
        file.put(&key)?;
        file.put(&scale.to_le_bytes())?;
        let bytes: Vec<u8> = parts.iter().map(|part| part.cast_unsigned()).collect();
        file.put(&bytes)?;
    }
    let Summed { file, sum } = file;
    file.write_all(&sum.finalize())
}

struct Summed<'f> {
    file: &'f mut BufWriter<File>,
    sum: Sha256,
}

impl Summed<'_> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.file.write_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::text_key;
    use confined_fs::DirPath;

    #[test]
    fn a_file_gives_back_what_was_written_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vectors.bin");
        let file = DirPath::from(folder.path()).file("vectors.bin");
        let identity = "a".repeat(IDENTITY);
        let mut vectors = Vectors::new(3);
        for text in ["one", "two", "three"] {
            vectors.add(text_key(text), &[0.6, 0.0, -0.8]);
        }
        save(&file, &identity, &vectors).unwrap();
        let back = load(&file, &identity, 3).unwrap();
        assert_eq!(back.len(), 3);
        assert_eq!(back.quantised(&text_key("two")), vectors.quantised(&text_key("two")));
        assert!(load(&file, &"b".repeat(IDENTITY), 3).is_none(), "another model");
        assert!(load(&file, &identity, 4).is_none(), "another size");
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            std::fs::write(&path, &whole[..at]).unwrap();
            assert!(load(&file, &identity, 3).is_none(), "cut after {at} bytes");
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(&path, &damaged).unwrap();
            assert!(load(&file, &identity, 3).is_none(), "byte {at} is another");
        }
        assert!(
            save(&DirPath::from(folder.path()).sub("missing").file("vectors.bin"), &identity, &vectors)
                .is_err()
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }
}
