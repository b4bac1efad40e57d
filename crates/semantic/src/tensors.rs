//! The weights of a model, read tensor by tensor, so that memory never holds a second copy of them.

use std::fs::File;
use std::os::unix::fs::FileExt;

use candle_core::{DType, Device, Tensor};
use safetensors::tensor::{Dtype, Metadata};

use super::model_dir::{ModelError, WEIGHTS};
use confined_fs::NamedFile;

/// The largest header in bytes; that of a BERT-base has 30 KB.
const MAX_HEADER: u64 = 8 * 1024 * 1024;
/// Bytes of the header's length.
const LENGTH: u64 = 8;

/// An open safetensors file whose header is consistent with its size.
pub(super) struct Tensors {
    file: File,
    header: Metadata,
    /// Offset of the weights.
    data: u64,
    /// The prefix of all tensor names: empty, or `bert.`.
    prefix: &'static str,
}

impl Tensors {
    /// Opens the file and reads its header.
    ///
    /// # Errors
    /// The file cannot be read, is no safetensors file, or is truncated.
    pub(super) fn open(weights: &NamedFile) -> Result<Tensors, ModelError> {
        let failed = ModelError::io(weights);
        let file = weights.open_regular().map_err(&failed)?;
        let size = file.metadata().map_err(&failed)?.len();
        let too_short = || ModelError::broken(WEIGHTS, &format!("it ends after {size} bytes"));
        if size < LENGTH {
            return Err(too_short());
        }
        let mut length = [0; 8];
        file.read_exact_at(&mut length, 0).map_err(&failed)?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER {
            return Err(ModelError::broken(WEIGHTS, &"it does not begin as such a file does"));
        }
        let data = LENGTH + length;
        if size < data {
            return Err(too_short());
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut bytes, LENGTH).map_err(failed)?;
        // Deserialising checks that the tensors cover the data without gaps and have the sizes of their shapes.
        let header: Metadata =
            serde_json::from_slice(&bytes).map_err(|error| ModelError::broken(WEIGHTS, &error))?;
        let wanted = data + header.data_len() as u64;
        if size != wanted {
            let problem = format!("it has {size} bytes in place of {wanted}; was it copied in full?");
            return Err(ModelError::broken(WEIGHTS, &problem));
        }
        let bare = header.info("embeddings.word_embeddings.weight").is_some();
        Ok(Tensors { file, header, data, prefix: if bare { "" } else { "bert." } })
    }

    /// Reads a tensor of exactly this shape, converted to `dtype`.
    ///
    /// # Errors
    /// The file lacks the tensor, or has it in another shape or an unsupported type; or it cannot be read.
    pub(super) fn get(&self, name: &str, shape: &[usize], dtype: DType) -> Result<Tensor, ModelError> {
        let name = format!("{}{name}", self.prefix);
        let info = (self.header.info(&name))
            .ok_or_else(|| ModelError::Unsupported(format!("it has no tensor {name}")))?;
        if info.shape != shape {
            let problem = format!("{name} has the shape {:?} in place of {shape:?}", info.shape);
            return Err(ModelError::broken(WEIGHTS, &problem));
        }
        let stored = match info.dtype {
            Dtype::F32 => DType::F32,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            other => return Err(ModelError::Unsupported(format!("its weights are stored as {other:?}"))),
        };
        let (from, to) = info.data_offsets;
        let mut bytes = vec![0; to - from];
        (self.file.read_exact_at(&mut bytes, self.data + from as u64))
            .map_err(|error| ModelError::broken(WEIGHTS, &error))?;
        Tensor::from_raw_buffer(&bytes, stored, shape, &Device::Cpu)
            .and_then(|tensor| tensor.to_dtype(dtype))
            .map_err(|error| ModelError::broken(WEIGHTS, &error))
    }
}
