//! The weights of an encoder, in the order in which they are used.

use super::{
    OpenError, Precision,
    folder::{Config, Folder, Tensors},
};
use crate::kernel::{Panels, QuantisedPanels};

/// All weights, and how they are used.
#[derive(Debug)]
pub(super) struct Layers {
    pub(super) heads: usize,
    pub(super) epsilon: f32,
    pub(super) pooling: Pooling,
    /// A row for each token of the vocabulary.
    pub(super) tokens: Vec<f32>,
    /// A row for each place in a text; the type of a lone text is added.
    pub(super) positions: Vec<f32>,
    pub(super) norm: Norm,
    pub(super) layers: Vec<Layer>,
}

/// Which row of the last layer is the text's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pooling {
    /// The mean of all tokens'.
    Mean,
    /// The first token's.
    First,
}

/// One layer: attention over the tokens of a text, then two rows of neurons for each token.
#[derive(Debug)]
pub(super) struct Layer {
    /// Query, key and value in one; the query is divided by the root of a head's width.
    pub(super) attention: Linear,
    pub(super) attention_output: Linear,
    pub(super) attention_norm: Norm,
    pub(super) intermediate: Linear,
    pub(super) output: Linear,
    pub(super) output_norm: Norm,
}

/// A product with a matrix, plus a bias.
#[derive(Debug)]
pub(super) enum Linear {
    Exact { depth: usize, panels: Panels, bias: Vec<f32> },
    Bytes { depth: usize, panels: QuantisedPanels, bias: Vec<f32> },
}

/// Weight and bias of a norm.
#[derive(Debug)]
pub(super) struct Norm {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

impl Layers {
    pub(super) fn of(folder: &Folder, precision: Precision) -> Result<Self, OpenError> {
        let config = &folder.config;
        let width = config.hidden_size;
        let tensors = folder.tensors()?;
        let embedding = |name: &str, rows| {
            tensors.values(&format!("embeddings.{name}_embeddings.weight"), &[rows, width])
        };
        let mut positions = embedding("position", config.max_position_embeddings)?;
        let types = embedding("token_type", config.type_vocab_size)?;
        for row in positions.chunks_exact_mut(width) {
            for (value, more) in row.iter_mut().zip(&types) {
                *value += more;
            }
        }
        let reader = Reader { tensors: &tensors, precision };
        let layers = (0..config.num_hidden_layers).map(|at| reader.layer(config, at));
        Ok(Self {
            heads: config.num_attention_heads,
            epsilon: config.layer_norm_eps,
            pooling: folder.pooling,
            tokens: embedding("word", config.vocab_size)?,
            positions,
            norm: reader.norm("embeddings.LayerNorm", width)?,
            layers: layers.collect::<Result<_, _>>()?,
        })
    }

    /// Numbers in a row.
    pub(super) fn width(&self) -> usize {
        self.norm.weight.len()
    }
}

struct Reader<'a> {
    tensors: &'a Tensors<'a>,
    precision: Precision,
}

impl Reader<'_> {
    fn layer(&self, config: &Config, at: usize) -> Result<Layer, OpenError> {
        let (width, wide) = (config.hidden_size, config.intermediate_size);
        let name = |part: &str| format!("encoder.layer.{at}.{part}");
        Ok(Layer {
            attention: self.attention(config, &name("attention.self"))?,
            attention_output: self.linear(&name("attention.output.dense"), width, width)?,
            attention_norm: self.norm(&name("attention.output.LayerNorm"), width)?,
            intermediate: self.linear(&name("intermediate.dense"), width, wide)?,
            output: self.linear(&name("output.dense"), wide, width)?,
            output_norm: self.norm(&name("output.LayerNorm"), width)?,
        })
    }

    fn attention(&self, config: &Config, name: &str) -> Result<Linear, OpenError> {
        let width = config.hidden_size;
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for part in ["query", "key", "value"] {
            weights.extend(self.tensors.values(&format!("{name}.{part}.weight"), &[width, width])?);
            bias.extend(self.tensors.values(&format!("{name}.{part}.bias"), &[width])?);
        }
        let root = ((width / config.num_attention_heads) as f32).sqrt();
        for value in weights[..width * width].iter_mut().chain(&mut bias[..width]) {
            *value /= root;
        }
        Ok(self.linear_of(&weights, width, bias))
    }

    fn linear(&self, name: &str, depth: usize, columns: usize) -> Result<Linear, OpenError> {
        let weights = self.tensors.values(&format!("{name}.weight"), &[columns, depth])?;
        let bias = self.tensors.values(&format!("{name}.bias"), &[columns])?;
        Ok(self.linear_of(&weights, depth, bias))
    }

    fn linear_of(&self, weights: &[f32], depth: usize, bias: Vec<f32>) -> Linear {
        match self.precision {
            Precision::Exact => {
                let panels = Panels::of_transposed(weights, depth);
                Linear::Exact { depth, panels, bias }
            }
            Precision::Bytes => {
                let panels = QuantisedPanels::of_transposed(weights, depth);
                Linear::Bytes { depth, panels, bias }
            }
        }
    }

    fn norm(&self, name: &str, width: usize) -> Result<Norm, OpenError> {
        let values = |part: &str| self.tensors.values(&format!("{name}.{part}"), &[width]);
        Ok(Norm { weight: values("weight")?, bias: values("bias")? })
    }
}
