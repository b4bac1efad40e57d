//! The network: a BERT encoder (Devlin et al., 2019) for one text at a time.
//!
//! One text at a time needs no padding and no mask, and a query comes alone anyway. The table of words, half of a small
//! model, is kept in half precision: only a dozen of its rows are read for a query.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::ops::softmax_last_dim;
use candle_nn::{LayerNorm, Module};

use super::bias_activation::{Activation, add_activate};
use super::model_dir::{BertConfig, ModelError, Pooling};
use super::tensors::Tensors;

/// A loaded network.
#[derive(Debug)]
pub(super) struct Bert {
    words: Tensor,
    positions: Tensor,
    /// The row of the first kind of text; there is no second text here.
    kind: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
    heads: usize,
    activation: Activation,
}

#[derive(Debug)]
struct Layer {
    /// Query, key and value as one product; queries are scaled by the root of a head's size.
    attend: Dense,
    merge: Dense,
    merged: LayerNorm,
    widen: Dense,
    narrow: Dense,
    narrowed: LayerNorm,
}

/// A product with a weight for each pair of numbers, and a bias.
#[derive(Debug)]
struct Dense {
    /// (from, into): lying this way they are multiplied as they are; the other way they would be turned for each text.
    weight: Tensor,
    bias: Tensor,
}

impl Dense {
    /// `weight` as files hold it, (into, from).
    fn new(weight: &Tensor, bias: Tensor) -> Result<Dense> {
        Ok(Dense { weight: weight.t()?.contiguous()?, bias })
    }

    fn forward(&self, state: &Tensor, activation: Activation) -> Result<Tensor> {
        add_activate(&state.matmul(&self.weight)?, &self.bias, activation)
    }
}

/// Reads the tensors of one part of the network.
struct Part<'a> {
    tensors: &'a Tensors,
    name: String,
    epsilon: f64,
}

impl Part<'_> {
    fn tensor(&self, name: &str, shape: &[usize]) -> std::result::Result<Tensor, ModelError> {
        self.tensors.get(&format!("{}{name}", self.name), shape, DType::F32)
    }

    fn linear(&self, name: &str, into: usize, from: usize) -> std::result::Result<Dense, ModelError> {
        let weight = self.tensor(&format!("{name}.weight"), &[into, from])?;
        let bias = self.tensor(&format!("{name}.bias"), &[into])?;
        Dense::new(&weight, bias).map_err(|error| ModelError::computing(&error))
    }

    fn norm(&self, name: &str, size: usize) -> std::result::Result<LayerNorm, ModelError> {
        let weight = self.tensor(&format!("{name}.weight"), &[size])?;
        Ok(LayerNorm::new(weight, self.tensor(&format!("{name}.bias"), &[size])?, self.epsilon))
    }

    fn layer(&self, hidden: usize, wide: usize, heads: usize) -> std::result::Result<Layer, ModelError> {
        Ok(Layer {
            attend: self.attend(hidden, heads)?,
            merge: self.linear("attention.output.dense", hidden, hidden)?,
            merged: self.norm("attention.output.LayerNorm", hidden)?,
            widen: self.linear("intermediate.dense", wide, hidden)?,
            narrow: self.linear("output.dense", hidden, wide)?,
            narrowed: self.norm("output.LayerNorm", hidden)?,
        })
    }

    fn attend(&self, hidden: usize, heads: usize) -> std::result::Result<Dense, ModelError> {
        #[expect(clippy::cast_precision_loss, reason = "a head has some dozens of numbers")]
        let scale = 1.0 / ((hidden / heads) as f64).sqrt();
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for (part, factor) in [("query", scale), ("key", 1.0), ("value", 1.0)] {
            let weight = self.tensor(&format!("attention.self.{part}.weight"), &[hidden, hidden])?;
            let bias = self.tensor(&format!("attention.self.{part}.bias"), &[hidden])?;
            weights.push((weight * factor).map_err(|error| ModelError::computing(&error))?);
            biases.push((bias * factor).map_err(|error| ModelError::computing(&error))?);
        }
        let joined =
            Tensor::cat(&weights, 0).and_then(|weight| Dense::new(&weight, Tensor::cat(&biases, 0)?));
        joined.map_err(|error| ModelError::computing(&error))
    }
}

impl ModelError {
    pub(super) fn computing(error: &candle_core::Error) -> Self {
        ModelError::Unsupported(error.to_string())
    }
}

impl Bert {
    /// Reads all weights, checking their shapes.
    pub(super) fn load(tensors: &Tensors, config: &BertConfig) -> std::result::Result<Bert, ModelError> {
        let hidden = config.hidden_size;
        let part = |name: String| Part { tensors, name, epsilon: config.layer_norm_eps };
        let embeddings = part("embeddings.".to_owned());
        let words = "embeddings.word_embeddings.weight";
        let kinds = embeddings.tensor("token_type_embeddings.weight", &[config.type_vocab_size, hidden])?;
        let layers = (0..config.num_hidden_layers).map(|layer| {
            part(format!("encoder.layer.{layer}.")).layer(
                hidden,
                config.intermediate_size,
                config.num_attention_heads,
            )
        });
        Ok(Bert {
            words: tensors.get(words, &[config.vocab_size, hidden], DType::F16)?,
            positions: embeddings
                .tensor("position_embeddings.weight", &[config.max_position_embeddings, hidden])?,
            kind: kinds
                .narrow(0, 0, 1)
                .and_then(|row| row.copy())
                .map_err(|error| ModelError::computing(&error))?,
            norm: embeddings.norm("LayerNorm", hidden)?,
            layers: layers.collect::<std::result::Result<_, _>>()?,
            heads: config.num_attention_heads,
            activation: match config.hidden_act.as_str() {
                "relu" => Activation::Relu,
                "gelu" => Activation::Gelu,
                _ => Activation::GeluTanh,
            },
        })
    }

    /// The vector of a text given as tokens (at least one, at most as many as there are positions), not yet of unit
    /// length.
    pub(super) fn embed(&self, tokens: &[u32], pooling: Pooling) -> Result<Vec<f32>> {
        let ids = Tensor::new(tokens, &Device::Cpu)?;
        let words = self.words.index_select(&ids, 0)?.to_dtype(DType::F32)?;
        let placed = add_activate(&words, &self.positions.narrow(0, 0, tokens.len())?, Activation::Linear)?;
        let placed = add_activate(&placed, &self.kind, Activation::Linear)?;
        let mut state = self.norm.forward(&placed)?;
        for layer in &self.layers {
            state = layer.forward(&state, self.heads, self.activation)?;
        }
        match pooling {
            Pooling::Mean => state.mean(0)?.to_vec1(),
            Pooling::Cls => state.get(0)?.to_vec1(),
        }
    }
}

impl Layer {
    /// One round over a state of (tokens, hidden).
    fn forward(&self, state: &Tensor, heads: usize, activation: Activation) -> Result<Tensor> {
        let (tokens, hidden) = state.dims2()?;
        let size = hidden / heads;
        // (tokens, 3, heads, size) → three of (heads, tokens, size)
        let all = self.attend.forward(state, Activation::Linear)?.reshape((tokens, 3, heads, size))?;
        let part = |at: usize| all.narrow(1, at, 1)?.squeeze(1)?.transpose(0, 1)?.contiguous();
        let likeness = softmax_last_dim(&part(0)?.matmul(&part(1)?.t()?)?)?;
        let heard = likeness.matmul(&part(2)?)?.transpose(0, 1)?.reshape((tokens, hidden))?;
        let merged = self.merge.forward(&heard, Activation::Linear)?;
        let state = self.merged.forward(&add_activate(&merged, state, Activation::Linear)?)?;
        let wide = self.widen.forward(&state, activation)?;
        let narrowed = self.narrow.forward(&wide, Activation::Linear)?;
        self.narrowed.forward(&add_activate(&narrowed, &state, Activation::Linear)?)
    }
}
