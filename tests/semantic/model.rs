//! A model of a few hundred numbers that knows which words mean alike.
//!
//! Its layers add nothing and its words point along one axis for each group of words, so that the vector of a text is
//! the mean of its words' groups. It is a BERT all the same, and everything that runs one runs.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Words that mean the same to the model.
pub(crate) const GROUPS: [&[&str]; 5] = [
    &["a", "first", "text"],
    &["kubernetes", "clusters", "helm", "herding", "cattle"],
    &["react", "hooks", "buttons", "pixels"],
    &["postmortems", "outages", "fire", "brigade"],
    &["tests", "coverage", "guinea", "pigs"],
];
const SPECIAL: [&str; 4] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];

/// How a model is built.
#[derive(Clone)]
pub(crate) struct Tiny {
    pub(crate) hidden: usize,
    pub(crate) architecture: &'static str,
    /// Words of the tokenizer that the weights do not have.
    pub(crate) extra_words: usize,
}

impl Default for Tiny {
    fn default() -> Self {
        Tiny { hidden: 16, architecture: "bert", extra_words: 0 }
    }
}

impl Tiny {
    /// Writes the model's folder.
    pub(crate) fn write(&self, folder: &Path) -> PathBuf {
        std::fs::create_dir_all(folder).unwrap();
        let mut words: Vec<String> = SPECIAL.iter().map(|&word| word.to_owned()).collect();
        words.extend(GROUPS.iter().flat_map(|group| group.iter().map(|&word| word.to_owned())));
        let known = words.len();
        words.extend((0..self.extra_words).map(|at| format!("first{at}")));
        let config = json!({
            "model_type": self.architecture, "_name_or_path": "tiny", "hidden_size": self.hidden,
            "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": known,
            "max_position_embeddings": 64, "type_vocab_size": 2, "hidden_act": "gelu",
        });
        std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
        std::fs::write(folder.join("tokenizer.json"), tokenizer(&words).to_string()).unwrap();
        std::fs::write(folder.join("model.safetensors"), self.weights(known)).unwrap();
        folder.to_owned()
    }

    fn weights(&self, words: usize) -> Vec<u8> {
        let hidden = self.hidden;
        let mut tensors: Vec<(String, Vec<usize>, Vec<f32>)> = Vec::new();
        let mut add = |name: &str, shape: &[usize], value: f32| {
            tensors.push((name.to_owned(), shape.to_vec(), vec![value; shape.iter().product()]));
        };
        add("embeddings.position_embeddings.weight", &[64, hidden], 0.0);
        add("embeddings.token_type_embeddings.weight", &[2, hidden], 0.0);
        add("embeddings.LayerNorm.weight", &[hidden], 1.0);
        add("embeddings.LayerNorm.bias", &[hidden], 0.0);
        for layer in 0..2 {
            let mut linear = |name: &str, into: usize, from: usize| {
                add(&format!("encoder.layer.{layer}.{name}.weight"), &[into, from], 0.0);
                add(&format!("encoder.layer.{layer}.{name}.bias"), &[into], 0.0);
            };
            for part in ["query", "key", "value"] {
                linear(&format!("attention.self.{part}"), hidden, hidden);
            }
            linear("attention.output.dense", hidden, hidden);
            linear("intermediate.dense", 8, hidden);
            linear("output.dense", hidden, 8);
            for norm in ["attention.output", "output"] {
                add(&format!("encoder.layer.{layer}.{norm}.LayerNorm.weight"), &[hidden], 1.0);
                add(&format!("encoder.layer.{layer}.{norm}.LayerNorm.bias"), &[hidden], 0.0);
            }
        }
        let mut rows = vec![0.0; words * hidden];
        let mut word = SPECIAL.len();
        for (axis, group) in GROUPS.iter().enumerate() {
            for _ in *group {
                rows[word * hidden + axis] = 1.0;
                word += 1;
            }
        }
        tensors.push(("embeddings.word_embeddings.weight".into(), vec![words, hidden], rows));
        safetensors(&tensors)
    }
}

/// Splits at blanks and marks, and knows whole words only.
fn tokenizer(words: &[String]) -> Value {
    let vocabulary: serde_json::Map<String, Value> =
        words.iter().enumerate().map(|(id, word)| (word.clone(), id.into())).collect();
    let special = |id: usize| json!({ "id": SPECIAL[id], "ids": [id], "tokens": [SPECIAL[id]] });
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": SPECIAL.iter().enumerate().map(|(id, content)| json!({
            "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true,
        })).collect::<Vec<_>>(),
        "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": { "type": "TemplateProcessing",
            "single": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } },
                { "SpecialToken": { "id": "[SEP]", "type_id": 0 } }],
            "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 1 } }],
            "special_tokens": { "[CLS]": special(2), "[SEP]": special(3) } },
        "decoder": null,
        "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary },
    })
}

/// The file format: the header's length, the header, the numbers.
fn safetensors(tensors: &[(String, Vec<usize>, Vec<f32>)]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape, values) in tensors {
        let from = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        header.insert(
            name.clone(),
            json!({ "dtype": "F32", "shape": shape, "data_offsets": [from, data.len()] }),
        );
    }
    let header = Value::from(header).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(data);
    file
}
