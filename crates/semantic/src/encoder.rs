//! The sentence encoder: from text to vector.

use super::model_dir::{ModelDir, ModelError, ModelInfo};

/// The role of a text in a comparison, which selects the prefix that some models expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputRole {
    /// A request.
    Query,
    /// A passage of an entry, or a completed task.
    Passage,
}

/// A loaded model.
#[derive(Debug)]
pub struct Encoder {
    info: ModelInfo,
    identity: String,
    #[cfg(feature = "encoder")]
    engine: engine::Engine,
}

impl Encoder {
    /// The properties of the model.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// The SHA-256 of the model's files, as hex: vectors of different models must not be compared.
    pub fn identity(&self) -> &str {
        &self.identity
    }
}

/// Confines embedding on this thread to the thread itself: the machine's other processors are for requests. Call it once on
/// each thread that embeds.
pub fn use_current_thread_only() {
    #[cfg(feature = "encoder")]
    {
        // Fails where the thread has a pool of its own already, which is as good.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
    }
}

#[cfg(not(feature = "encoder"))]
impl Encoder {
    /// Loads a model, which this build cannot.
    ///
    /// # Errors
    /// Always [`ModelError::NotBuilt`].
    pub fn load(_: &ModelDir) -> Result<Encoder, ModelError> {
        Err(ModelError::NotBuilt)
    }

    /// See [`Encoder::load`].
    ///
    /// # Errors
    /// Always.
    pub fn embed(&self, _: &str, _: InputRole, _: usize) -> Result<Vec<f32>, ModelError> {
        Err(ModelError::NotBuilt)
    }
}

#[cfg(feature = "encoder")]
mod engine {
    use tokenizers::Tokenizer;

    use super::{Encoder, InputRole, ModelDir, ModelError};
    use crate::bert::Bert;
    use crate::model_dir::{TOKENIZER, WEIGHTS};
    use crate::tensors::Tensors;

    #[derive(Debug)]
    pub(super) struct Engine {
        tokenizer: Tokenizer,
        bert: Bert,
        vocabulary: u32,
    }

    impl Encoder {
        /// Loads a model: some 90 MB for a small one, in a tenth of a second.
        ///
        /// # Errors
        /// The weights are incomplete, damaged, or do not match the configuration; or the tokenizer cannot be read.
        pub fn load(folder: &ModelDir) -> Result<Encoder, ModelError> {
            let tensors = Tensors::open(&folder.path.file(WEIGHTS))?;
            let mut tokenizer = Tokenizer::from_bytes(folder.read(TOKENIZER)?)
                .map_err(|error| ModelError::broken(TOKENIZER, &error))?;
            // Tokenizer files carry settings of the training; here texts are truncated and never padded.
            tokenizer.with_padding(None);
            tokenizer.with_truncation(None).map_err(|error| ModelError::broken(TOKENIZER, &error))?;
            let bert = Bert::load(&tensors, &folder.config)?;
            let vocabulary = u32::try_from(folder.config.vocab_size).unwrap_or(u32::MAX);
            let encoder = Encoder {
                info: folder.info.clone(),
                identity: folder.identity()?,
                engine: Engine { tokenizer, bert, vocabulary },
            };
            // Files that do not belong together fail at the first text.
            encoder.embed("a first text", InputRole::Query, 8)?;
            Ok(encoder)
        }

        /// Embeds a text, of which at most `max_tokens` tokens are read. Returns a vector of unit length with
        /// the model's number of dimensions; the same text gives the same vector on the same machine.
        ///
        /// # Errors
        /// The tokenizer has tokens that the network lacks, or the vector has no direction.
        pub fn embed(&self, text: &str, role: InputRole, max_tokens: usize) -> Result<Vec<f32>, ModelError> {
            let tokens = self.tokens(text, role, max_tokens)?;
            let mut vector = self
                .engine
                .bert
                .embed(&tokens, self.info.pooling)
                .map_err(|error| ModelError::computing(&error))?;
            let length = vector.iter().map(|part| part * part).sum::<f32>().sqrt();
            if !length.is_finite() || length <= f32::MIN_POSITIVE {
                return Err(ModelError::broken(WEIGHTS, &"they make vectors without a direction"));
            }
            for part in &mut vector {
                *part /= length;
            }
            Ok(vector)
        }

        /// The token ids of a text, including the special tokens around it; at most `max_tokens`, and at most as many as
        /// the model reads.
        fn tokens(&self, text: &str, role: InputRole, max_tokens: usize) -> Result<Vec<u32>, ModelError> {
            let prefix = match role {
                InputRole::Query => &self.info.query_prefix,
                InputRole::Passage => &self.info.passage_prefix,
            };
            let text = format!("{prefix}{text}");
            let encoded = self.engine.tokenizer.encode_fast(text, true);
            let encoded = encoded.map_err(|error| ModelError::broken(TOKENIZER, &error))?;
            let mut tokens = encoded.get_ids().to_vec();
            let most = max_tokens.min(self.info.max_tokens).max(2);
            if let (true, Some(&last)) = (tokens.len() > most, tokens.last()) {
                tokens.truncate(most);
                // The last token marks the end of the text.
                tokens[most - 1] = last;
            }
            if tokens.is_empty() {
                return Err(ModelError::broken(TOKENIZER, &"it makes no token of a text"));
            }
            if tokens.iter().any(|&token| token >= self.engine.vocabulary) {
                return Err(ModelError::broken(TOKENIZER, &"it knows tokens that the weights do not"));
            }
            Ok(tokens)
        }
    }
}
