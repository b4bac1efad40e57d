//! The network: a BERT encoder (Devlin et al., 2019) for one text at a time.
//!
//! A single text needs neither padding nor an attention mask, and a query comes alone anyway. The word embeddings, half of a
//! small model, are held in half precision: a query reads only a dozen of their rows.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::ops::softmax_last_dim;
use candle_nn::{LayerNorm, Module};

use super::bias_activation::{Activation, add_activate};
use super::model_dir::{BertConfig, ModelError, Pooling};
use super::tensors::Tensors;

/// A loaded network. Shapes: V vocabulary, P positions, H hidden size, I intermediate size.
#[derive(Debug)]
pub(super) struct Bert {
    /// Word embeddings, shape (V, H), half precision.
    words: Tensor,
    /// Position embeddings, shape (P, H).
    positions: Tensor,
    /// The embedding of the first segment, shape (1, H); there is no second one here.
    segment: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
    heads: usize,
    activation: Activation,
}

/// A transformer block: self-attention and a feed-forward network, each with a residual connection and a layer norm.
#[derive(Debug)]
struct Layer {
    /// Query, key and value projections in one, (H, 3H); queries are scaled by 1 / √(head size).
    query_key_value: Linear,
    attention_output: Linear,
    attention_norm: LayerNorm,
    /// (H, I).
    intermediate: Linear,
    /// (I, H).
    output: Linear,
    output_norm: LayerNorm,
}

/// A linear layer.
#[derive(Debug)]
struct Linear {
    /// Shape (in, out): in this layout it is multiplied as it is; the transpose would have to be copied for every text.
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// `weight` has the shape (out, in), as in the files.
    fn new(weight: &Tensor, bias: Tensor) -> Result<Linear> {
        Ok(Linear { weight: weight.t()?.contiguous()?, bias })
    }

    fn forward(&self, state: &Tensor, activation: Activation) -> Result<Tensor> {
        add_activate(&state.matmul(&self.weight)?, &self.bias, activation)
    }
}

/// Reads the tensors of one part of the network, whose names start with `name`.
struct Part<'a> {
    tensors: &'a Tensors,
    name: String,
    epsilon: f64,
}

impl Part<'_> {
    fn tensor(&self, name: &str, shape: &[usize]) -> std::result::Result<Tensor, ModelError> {
        self.tensors.get(&format!("{}{name}", self.name), shape, DType::F32)
    }

    fn linear(&self, name: &str, outputs: usize, inputs: usize) -> std::result::Result<Linear, ModelError> {
        let weight = self.tensor(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = self.tensor(&format!("{name}.bias"), &[outputs])?;
        Linear::new(&weight, bias).map_err(|error| ModelError::computing(&error))
    }

    fn norm(&self, name: &str, size: usize) -> std::result::Result<LayerNorm, ModelError> {
        let weight = self.tensor(&format!("{name}.weight"), &[size])?;
        Ok(LayerNorm::new(weight, self.tensor(&format!("{name}.bias"), &[size])?, self.epsilon))
    }

    fn layer(
        &self,
        hidden: usize,
        intermediate: usize,
        heads: usize,
    ) -> std::result::Result<Layer, ModelError> {
        Ok(Layer {
            query_key_value: self.query_key_value(hidden, heads)?,
            attention_output: self.linear("attention.output.dense", hidden, hidden)?,
            attention_norm: self.norm("attention.output.LayerNorm", hidden)?,
            intermediate: self.linear("intermediate.dense", intermediate, hidden)?,
            output: self.linear("output.dense", hidden, intermediate)?,
            output_norm: self.norm("output.LayerNorm", hidden)?,
        })
    }

    fn query_key_value(&self, hidden: usize, heads: usize) -> std::result::Result<Linear, ModelError> {
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
            Tensor::cat(&weights, 0).and_then(|weight| Linear::new(&weight, Tensor::cat(&biases, 0)?));
        joined.map_err(|error| ModelError::computing(&error))
    }
}

impl ModelError {
    /// A computation that the network cannot do with these weights.
    pub(super) fn computing(error: &candle_core::Error) -> Self {
        ModelError::Unsupported(error.to_string())
    }
}

impl Bert {
    /// Reads all weights and checks their shapes.
    pub(super) fn load(tensors: &Tensors, config: &BertConfig) -> std::result::Result<Bert, ModelError> {
        let hidden = config.hidden_size;
        let part = |name: String| Part { tensors, name, epsilon: config.layer_norm_eps };
        let embeddings = part("embeddings.".to_owned());
        let words = "embeddings.word_embeddings.weight";
        let segments =
            embeddings.tensor("token_type_embeddings.weight", &[config.type_vocab_size, hidden])?;
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
            segment: segments
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

    /// The vector of a text, H numbers, not normalised. `tokens` are its token ids, at least one and at most P.
    pub(super) fn embed(&self, tokens: &[u32], pooling: Pooling) -> Result<Vec<f32>> {
        let ids = Tensor::new(tokens, &Device::Cpu)?;
        let words = self.words.index_select(&ids, 0)?.to_dtype(DType::F32)?;
        let embedded = add_activate(&words, &self.positions.narrow(0, 0, tokens.len())?, Activation::Linear)?;
        let embedded = add_activate(&embedded, &self.segment, Activation::Linear)?;
        let mut state = self.norm.forward(&embedded)?;
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
    /// The next state; both have the shape (tokens, H).
    fn forward(&self, state: &Tensor, heads: usize, activation: Activation) -> Result<Tensor> {
        let (tokens, hidden) = state.dims2()?;
        let size = hidden / heads;
        // (tokens, 3, heads, size) is split into three of (heads, tokens, size).
        let all =
            self.query_key_value.forward(state, Activation::Linear)?.reshape((tokens, 3, heads, size))?;
        let part = |at: usize| all.narrow(1, at, 1)?.squeeze(1)?.transpose(0, 1)?.contiguous();
        let attention = softmax_last_dim(&part(0)?.matmul(&part(1)?.t()?)?)?;
        let context = attention.matmul(&part(2)?)?.transpose(0, 1)?.reshape((tokens, hidden))?;
        let attended = self.attention_output.forward(&context, Activation::Linear)?;
        let state = self.attention_norm.forward(&add_activate(&attended, state, Activation::Linear)?)?;
        let intermediate = self.intermediate.forward(&state, activation)?;
        let output = self.output.forward(&intermediate, Activation::Linear)?;
        self.output_norm.forward(&add_activate(&output, &state, Activation::Linear)?)
    }
}
