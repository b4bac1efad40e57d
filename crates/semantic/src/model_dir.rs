//! A model directory: which files it must contain, what they say, and why one cannot be used.

use std::fmt::Write as _;
use std::io::Read;
use std::path::PathBuf;
use std::time::SystemTime;

use confined_fs::{NamedDir, NamedFile};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The architecture.
pub const CONFIG: &str = "config.json";
/// The weights.
pub const WEIGHTS: &str = "model.safetensors";
/// The tokenizer.
pub const TOKENIZER: &str = "tokenizer.json";
/// How token vectors are pooled into one; without it, their mean is taken.
pub const POOLING: &str = "1_Pooling/config.json";
/// The longest text of the training.
const SENTENCE: &str = "sentence_bert_config.json";
/// The prefixes of requests and passages.
pub const PROMPTS: &str = "config_sentence_transformers.json";

/// The files that determine the vectors. The first three are required.
pub const FILES: [&str; 6] = [CONFIG, TOKENIZER, WEIGHTS, POOLING, SENTENCE, PROMPTS];
/// How many of [`FILES`] are required.
const REQUIRED: usize = 3;

/// The largest weights in bytes: a BERT-base in single precision. Larger models answer no query in time.
const MAX_WEIGHTS: u64 = 512 * 1024 * 1024;
/// The largest size of any other file in bytes; the tokenizer of a model for a hundred languages has 17 MB.
const MAX_FILE: u64 = 32 * 1024 * 1024;
/// The most numbers in a vector.
pub const MAX_DIMENSIONS: usize = 1024;

/// Why a model cannot be used; the message names the file and the problem.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A required file does not exist, or is not a regular file.
    #[error("{} is missing: a model folder holds {CONFIG}, {TOKENIZER} and {WEIGHTS}", .0.display())]
    Missing(PathBuf),
    /// A file cannot be read, copied or written.
    #[error("{} cannot be used: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The files are a model, but not one that can be run.
    #[error("the model cannot be run: {0}")]
    Unsupported(String),
    /// The files are damaged or do not belong together.
    #[error("{file} is damaged: {problem}")]
    Broken {
        /// The file's name.
        file: &'static str,
        /// A sentence without a final full stop.
        problem: String,
    },
    /// This program was built without the `semantic` feature.
    #[error("this build cannot run a model: it was made without the cargo feature `semantic`")]
    NotBuilt,
}

impl ModelError {
    /// Wraps an I/O error of a file.
    pub(super) fn io(file: &NamedFile) -> impl Fn(std::io::Error) -> Self + use<> {
        let path = file.path().to_owned();
        move |source| ModelError::Io { path: path.clone(), source }
    }

    pub(super) fn broken(file: &'static str, problem: &dyn std::fmt::Display) -> Self {
        ModelError::Broken { file, problem: problem.to_string() }
    }
}

/// How the vectors of a text's tokens are pooled into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Their mean (`MiniLM`, e5, gte).
    Mean,
    /// That of the first token, `[CLS]` (bge).
    Cls,
}

/// The properties of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelInfo {
    /// The name in its configuration, otherwise that of the directory.
    pub name: String,
    /// Numbers in a vector.
    pub dimensions: usize,
    /// Layers of the network.
    pub layers: usize,
    /// Tokens of a text that the model reads.
    pub max_tokens: usize,
    /// How token vectors are pooled.
    pub pooling: Pooling,
    /// The prefix of a request.
    pub query_prefix: String,
    /// The prefix of a passage.
    pub passage_prefix: String,
    /// Size of the weights in bytes.
    pub bytes: u64,
}

/// A directory whose small files were read and found usable.
#[derive(Debug, Clone)]
pub struct ModelDir {
    /// Where it is.
    pub path: NamedDir,
    /// The properties of the model.
    pub info: ModelInfo,
    #[cfg_attr(not(feature = "encoder"), expect(dead_code, reason = "only an encoder is built by it"))]
    pub(super) config: BertConfig,
}

/// The hyperparameters in `config.json`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct BertConfig {
    #[serde(default)]
    model_type: String,
    #[serde(rename = "_name_or_path", default)]
    name: String,
    pub(super) hidden_size: usize,
    pub(super) num_hidden_layers: usize,
    pub(super) num_attention_heads: usize,
    pub(super) intermediate_size: usize,
    pub(super) vocab_size: usize,
    pub(super) max_position_embeddings: usize,
    #[serde(default = "usual_types")]
    pub(super) type_vocab_size: usize,
    #[serde(default = "usual_epsilon")]
    pub(super) layer_norm_eps: f64,
    #[serde(default = "usual_activation")]
    pub(super) hidden_act: String,
    #[serde(default = "usual_positions")]
    position_embedding_type: String,
}

fn usual_types() -> usize {
    2
}

fn usual_epsilon() -> f64 {
    1e-12
}

fn usual_activation() -> String {
    "gelu".to_owned()
}

fn usual_positions() -> String {
    "absolute".to_owned()
}

/// Size and modification time of each of [`FILES`], `None` for a missing one.
pub type FileStamps = Vec<Option<(u64, SystemTime)>>;

/// The stamps of a directory's files, which change whenever a model is installed, replaced or removed. No file is read.
pub fn file_stamps(folder: &NamedDir) -> FileStamps {
    let of = |name: &&str| {
        let facts = folder.file(name).regular().ok()??;
        Some((facts.bytes, facts.modified))
    };
    FILES.iter().map(of).collect()
}

/// Whether a directory contains any file of a model, so that its errors are worth reporting.
pub fn has_model_files(folder: &NamedDir) -> bool {
    FILES[..REQUIRED].iter().any(|name| folder.file(name).exists())
}

impl ModelDir {
    /// Reads the small files of a directory and the size of the large one.
    ///
    /// # Errors
    /// A required file is missing or cannot be read, or the model is not an encoder that can be run.
    pub fn open(path: &NamedDir) -> Result<ModelDir, ModelError> {
        for name in &FILES[..REQUIRED] {
            let file = path.file(name);
            if file.regular().map_err(ModelError::io(&file))?.is_none() {
                return Err(ModelError::Missing(file.path().to_owned()));
            }
        }
        let config: BertConfig = serde_json::from_slice(&read_bounded(&path.file(CONFIG))?)
            .map_err(|error| ModelError::broken(CONFIG, &error))?;
        config.check()?;
        let weights = path.file(WEIGHTS);
        let found = weights.regular().map_err(ModelError::io(&weights))?;
        let bytes = found.map_or(0, |facts| facts.bytes);
        if bytes > MAX_WEIGHTS {
            let limit = MAX_WEIGHTS / (1024 * 1024);
            return Err(ModelError::Unsupported(format!("its weights are larger than {limit} MiB")));
        }
        let info = info(path, &config, bytes)?;
        Ok(ModelDir { path: path.clone(), info, config })
    }

    /// The content of a file of the directory.
    #[cfg_attr(not(feature = "encoder"), expect(dead_code, reason = "only an encoder reads it"))]
    pub(super) fn read(&self, name: &'static str) -> Result<Vec<u8>, ModelError> {
        read_bounded(&self.path.file(name))
    }

    /// The SHA-256 of all files that determine the vectors, as hex: vectors of different models must not be compared.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn identity(&self) -> Result<String, ModelError> {
        let mut hash = Sha256::new();
        for name in FILES {
            let named = self.path.file(name);
            let mut file = match named.open_regular() {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                opened => opened.map_err(ModelError::io(&named))?,
            };
            hash.update(name);
            let mut part = vec![0; 256 * 1024];
            loop {
                let read = file.read(&mut part).map_err(ModelError::io(&named))?;
                if read == 0 {
                    break;
                }
                hash.update(&part[..read]);
            }
        }
        Ok(hash.finalize().iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        }))
    }
}

impl BertConfig {
    fn check(&self) -> Result<(), ModelError> {
        let unsupported = |what: String| Err(ModelError::Unsupported(what));
        if self.model_type != "bert" {
            let named = if self.model_type.is_empty() { "none" } else { &self.model_type };
            return unsupported(format!("its architecture is {named:?}, only \"bert\" can be"));
        }
        if self.position_embedding_type != "absolute" {
            return unsupported(format!("it places tokens by {:?}", self.position_embedding_type));
        }
        if !matches!(self.hidden_act.as_str(), "gelu" | "gelu_new" | "gelu_pytorch_tanh" | "relu") {
            return unsupported(format!("its activation is {:?}", self.hidden_act));
        }
        if !self.layer_norm_eps.is_finite() || self.layer_norm_eps < 0.0 {
            return unsupported(format!("its epsilon is {}", self.layer_norm_eps));
        }
        let (hidden, heads) = (self.hidden_size, self.num_attention_heads);
        if hidden == 0 || heads == 0 || hidden > MAX_DIMENSIONS || hidden % heads != 0 {
            return unsupported(format!("its vectors have {hidden} numbers for {heads} heads"));
        }
        let sizes = [
            self.num_hidden_layers,
            self.intermediate_size,
            self.vocab_size,
            self.max_position_embeddings,
            self.type_vocab_size,
        ];
        if sizes.iter().any(|&size| size == 0 || size > 1 << 20) || self.num_hidden_layers > 48 {
            return unsupported("its sizes are not those of a sentence encoder".to_owned());
        }
        Ok(())
    }
}

/// The properties that the files state; for those that they leave open, the conventions of the model's family.
fn info(path: &NamedDir, config: &BertConfig, bytes: u64) -> Result<ModelInfo, ModelError> {
    let shown = path.path();
    let folder = shown.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = if config.name.is_empty() { folder } else { config.name.clone() };
    let pooling: PoolingFile = optional(path, POOLING)?;
    let sentence: SentenceFile = optional(path, SENTENCE)?;
    let prompts: PromptsFile = optional(path, PROMPTS)?;
    let family = Family::of(&name);
    let stated = (pooling.pooling_mode_cls_token, pooling.pooling_mode_mean_tokens);
    let pooling = match stated {
        (true, true) => return Err(ModelError::Unsupported("it joins two kinds of vectors".to_owned())),
        (true, false) => Pooling::Cls,
        (false, false) if family == Family::Bge => Pooling::Cls,
        (false, _) => Pooling::Mean,
    };
    let [query, passage] = family.prefixes();
    let or_usual = |prompt: Option<String>, usual: &str| prompt.unwrap_or_else(|| usual.to_owned());
    let max_tokens =
        sentence.max_seq_length.unwrap_or(usize::MAX).clamp(8, config.max_position_embeddings.max(8));
    Ok(ModelInfo {
        dimensions: config.hidden_size,
        layers: config.num_hidden_layers,
        max_tokens: max_tokens.min(config.max_position_embeddings),
        pooling,
        query_prefix: or_usual(prompts.prompts.query, query),
        passage_prefix: or_usual(prompts.prompts.passage.or(prompts.prompts.document), passage),
        name,
        bytes,
    })
}

/// Families of encoders with conventions that their files do not state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    E5,
    Bge,
    Other,
}

impl Family {
    fn of(name: &str) -> Family {
        let name = name.to_lowercase();
        let has = |part: &str| name.split(|c: char| !c.is_alphanumeric()).any(|word| word == part);
        match () {
            () if has("e5") => Family::E5,
            () if has("bge") => Family::Bge,
            () => Family::Other,
        }
    }

    /// The prefixes of a request and of a passage.
    fn prefixes(self) -> [&'static str; 2] {
        match self {
            Family::E5 => ["query: ", "passage: "],
            Family::Bge => ["Represent this sentence for searching relevant passages: ", ""],
            Family::Other => ["", ""],
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PoolingFile {
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SentenceFile {
    max_seq_length: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PromptsFile {
    prompts: Prompts,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Prompts {
    query: Option<String>,
    passage: Option<String>,
    document: Option<String>,
}

/// A small JSON file; its defaults where it does not exist.
fn optional<T: Default + serde::de::DeserializeOwned>(
    path: &NamedDir,
    name: &'static str,
) -> Result<T, ModelError> {
    let file = path.file(name);
    if file.regular().map_err(ModelError::io(&file))?.is_none() {
        return Ok(T::default());
    }
    serde_json::from_slice(&read_bounded(&file)?).map_err(|error| ModelError::broken(name, &error))
}

fn read_bounded(file: &NamedFile) -> Result<Vec<u8>, ModelError> {
    let failed = ModelError::io(file);
    let mut bytes = Vec::new();
    let opened = file.open_regular().map_err(&failed)?;
    opened.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(&failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_known_by_their_names_unless_files_say_otherwise() {
        let asks = "Represent this sentence for searching relevant passages: ";
        let cases = [
            ("intfloat/e5-small-v2", "", Pooling::Mean, "query: ", "passage: "),
            ("BAAI/bge-small-en-v1.5", "", Pooling::Cls, asks, ""),
            ("thenlper/gte-small", "", Pooling::Mean, "", ""),
            ("nreimers/MiniLM-L6-H384-uncased", "", Pooling::Mean, "", ""),
            ("BAAI/bge-small", r#"{"prompts":{"query":"Q: ","document":"D: "}}"#, Pooling::Cls, "Q: ", "D: "),
        ];
        for (name, prompts, pooling, query, passage) in cases {
            let folder = tempfile::tempdir().unwrap();
            let config = serde_json::json!({
                "model_type": "bert", "_name_or_path": name, "hidden_size": 8, "num_hidden_layers": 1,
                "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 9, "max_position_embeddings": 16,
            });
            std::fs::write(folder.path().join(CONFIG), config.to_string()).unwrap();
            for empty in [TOKENIZER, WEIGHTS] {
                std::fs::write(folder.path().join(empty), "").unwrap();
            }
            if !prompts.is_empty() {
                std::fs::write(folder.path().join(PROMPTS), prompts).unwrap();
            }
            let info = ModelDir::open(&NamedDir::Elsewhere(folder.path().to_owned())).unwrap().info;
            let said = (info.pooling, info.query_prefix.as_str(), info.passage_prefix.as_str());
            assert_eq!(said, (pooling, query, passage), "{name}");
        }
    }
}
