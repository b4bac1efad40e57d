//! The network: a BERT encoder (Devlin et al., 2019) for one text at a time.
//!
//! One text at a time needs no padding and no mask, and a query comes alone anyway. The table of words, half of a small
//! model, is kept in half precision: only a dozen of its rows are read for a query.

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::ops::softmax_last_dim;
use candle_nn::{LayerNorm, Linear, Module};

use super::folder::{BertConfig, ModelError, Pooling};
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
    /// Query, key and value as one product.
    attend: Linear,
    merge: Linear,
    merged: LayerNorm,
    widen: Linear,
    narrow: Linear,
    narrowed: LayerNorm,
}

#[derive(Debug, Clone, Copy)]
enum Activation {
    Gelu,
    GeluTanh,
    Relu,
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

    fn linear(&self, name: &str, into: usize, from: usize) -> std::result::Result<Linear, ModelError> {
        let weight = self.tensor(&format!("{name}.weight"), &[into, from])?;
        Ok(Linear::new(weight, Some(self.tensor(&format!("{name}.bias"), &[into])?)))
    }

    fn norm(&self, name: &str, size: usize) -> std::result::Result<LayerNorm, ModelError> {
        let weight = self.tensor(&format!("{name}.weight"), &[size])?;
        Ok(LayerNorm::new(weight, self.tensor(&format!("{name}.bias"), &[size])?, self.epsilon))
    }

    fn layer(&self, hidden: usize, wide: usize) -> std::result::Result<Layer, ModelError> {
        let parts = ["query", "key", "value"].map(|part| format!("attention.self.{part}"));
        let weights = parts.iter().map(|part| self.tensor(&format!("{part}.weight"), &[hidden, hidden]));
        let weights = weights.collect::<std::result::Result<Vec<_>, _>>()?;
        let biases = parts.iter().map(|part| self.tensor(&format!("{part}.bias"), &[hidden]));
        let biases = biases.collect::<std::result::Result<Vec<_>, _>>()?;
        let joined = |parts: &[Tensor]| Tensor::cat(parts, 0).map_err(ModelError::computing);
        Ok(Layer {
            attend: Linear::new(joined(&weights)?, Some(joined(&biases)?)),
            merge: self.linear("attention.output.dense", hidden, hidden)?,
            merged: self.norm("attention.output.LayerNorm", hidden)?,
            widen: self.linear("intermediate.dense", wide, hidden)?,
            narrow: self.linear("output.dense", hidden, wide)?,
            narrowed: self.norm("output.LayerNorm", hidden)?,
        })
    }
}

impl ModelError {
    pub(super) fn computing(error: candle_core::Error) -> Self {
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
        let layers = (0..config.num_hidden_layers)
            .map(|layer| part(format!("encoder.layer.{layer}.")).layer(hidden, config.intermediate_size));
        Ok(Bert {
            words: tensors.get(words, &[config.vocab_size, hidden], DType::F16)?,
            positions: embeddings
                .tensor("position_embeddings.weight", &[config.max_position_embeddings, hidden])?,
            kind: kinds.narrow(0, 0, 1).and_then(|row| row.copy()).map_err(ModelError::computing)?,
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
        let placed = (words + self.positions.narrow(0, 0, tokens.len())?)?.broadcast_add(&self.kind)?;
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
        let all = self.attend.forward(state)?.reshape((tokens, 3, heads, size))?;
        let part = |at: usize| all.narrow(1, at, 1)?.squeeze(1)?.transpose(0, 1)?.contiguous();
        #[expect(clippy::cast_precision_loss, reason = "a head has some dozens of numbers")]
        let scaled = (part(0)? * (1.0 / (size as f64).sqrt()))?;
        let likeness = softmax_last_dim(&scaled.matmul(&part(1)?.t()?)?)?;
        let heard = likeness.matmul(&part(2)?)?.transpose(0, 1)?.reshape((tokens, hidden))?;
        let state = self.merged.forward(&(self.merge.forward(&heard)? + state)?)?;
        let wide = self.widen.forward(&state)?;
        let wide = match activation {
            Activation::Gelu => wide.gelu_erf()?,
            Activation::GeluTanh => wide.gelu()?,
            Activation::Relu => wide.relu()?,
        };
        debug_assert_eq!(wide.dim(D::Minus2)?, tokens);
        self.narrowed.forward(&(self.narrow.forward(&wide)? + state)?)
    }
}
