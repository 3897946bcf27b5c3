//! From tokens to vectors.

use super::layers::{Layer, Layers, Linear, Pooling};
use crate::kernel::{
    Attention, Level, QuantisedRows, add_and_norm, attend, gelu, multiply, multiply_quantised,
    norm, normalise_to_unit,
};

/// Tokens that run together at most, unless a single text has more: enough that the weights are read
/// seldom, few enough that what is between two layers stays in the processor's cache.
const TOKENS_TOGETHER: usize = 128;

/// Everything that a run writes, kept from run to run.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Tokens of the texts that run together, one after another.
    tokens: Vec<u32>,
    /// Where each text ends among the tokens.
    ends: Vec<usize>,
    /// A row for each token, as it goes from layer to layer.
    hidden: Vec<f32>,
    /// Queries, keys and values, or what stands between the two halves of a layer's neurons.
    wide: Vec<f32>,
    /// What is added to `hidden`.
    addend: Vec<f32>,
    context: Vec<f32>,
    attention: Attention,
    bytes: QuantisedRows,
}

impl Scratch {
    pub(super) fn clear(&mut self) {
        self.tokens.clear();
        self.ends.clear();
    }

    /// Adds the text whose tokens `write` puts behind those that are there.
    pub(super) fn add<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u32>) -> Result<(), E>,
    ) -> Result<(), E> {
        write(&mut self.tokens)?;
        self.ends.push(self.tokens.len());
        Ok(())
    }

    pub(super) fn is_full(&self) -> bool {
        self.tokens.len() >= TOKENS_TOGETHER
    }
}

impl Layers {
    /// Runs the texts of `scratch`, and takes them out.
    pub(super) fn run(&self, level: Level, scratch: &mut Scratch, vectors: &mut Vec<Vec<f32>>) {
        self.embed(level, scratch);
        for layer in &self.layers {
            layer.run(level, self.heads, self.epsilon, scratch);
        }
        let width = self.width();
        for text in texts(&scratch.ends) {
            let rows = &scratch.hidden[text.start * width..text.end * width];
            let mut vector = self.pool(rows);
            normalise_to_unit(level, &mut vector);
            vectors.push(vector);
        }
        scratch.clear();
    }

    fn embed(&self, level: Level, scratch: &mut Scratch) {
        let width = self.width();
        scratch.hidden.clear();
        for text in texts(&scratch.ends) {
            for (position, token) in scratch.tokens[text].iter().enumerate() {
                let token = &self.tokens[*token as usize * width..][..width];
                let position = &self.positions[position * width..][..width];
                scratch.hidden.extend(token.iter().zip(position).map(|(a, b)| a + b));
            }
        }
        norm(level, &mut scratch.hidden, &self.norm.weight, &self.norm.bias, self.epsilon);
    }

    fn pool(&self, rows: &[f32]) -> Vec<f32> {
        let width = self.width();
        let mut vector = rows[..width].to_vec();
        if self.pooling == Pooling::Mean {
            // The sum: its length does not matter.
            for row in rows[width..].chunks_exact(width) {
                for (sum, value) in vector.iter_mut().zip(row) {
                    *sum += value;
                }
            }
        }
        vector
    }
}

/// Where the texts lie among the tokens.
fn texts(ends: &[usize]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(ends).map(|(start, end)| start..*end)
}

impl Layer {
    fn run(&self, level: Level, heads: usize, epsilon: f32, scratch: &mut Scratch) {
        let Scratch { ends, hidden, wide, addend, context, attention, bytes, .. } = scratch;
        self.attention.apply(level, hidden, wide, bytes);
        context.resize(hidden.len(), 0.0);
        let width = self.attention_norm.weight.len();
        for text in texts(ends) {
            let rows = &wide[text.start * 3 * width..text.end * 3 * width];
            let outputs = &mut context[text.start * width..text.end * width];
            attend(level, rows, text.len(), heads, attention, outputs);
        }
        self.attention_output.apply(level, context, addend, bytes);
        let norm = &self.attention_norm;
        add_and_norm(level, hidden, addend, &norm.weight, &norm.bias, epsilon);

        self.intermediate.apply(level, hidden, wide, bytes);
        gelu(level, wide);
        self.output.apply(level, wide, addend, bytes);
        let norm = &self.output_norm;
        add_and_norm(level, hidden, addend, &norm.weight, &norm.bias, epsilon);
    }
}

impl Linear {
    /// Each row of `inputs` through this, in place of what was in `outputs`.
    fn apply(
        &self,
        level: Level,
        inputs: &[f32],
        outputs: &mut Vec<f32>,
        bytes: &mut QuantisedRows,
    ) {
        match self {
            Self::Exact { depth, panels, bias } => {
                outputs.resize(inputs.len() / depth * bias.len(), 0.0);
                multiply(level, inputs, panels, bias, outputs);
            }
            Self::Bytes { depth, panels, bias } => {
                outputs.resize(inputs.len() / depth * bias.len(), 0.0);
                bytes.take(level, inputs, *depth);
                multiply_quantised(level, bytes, panels, bias, outputs);
            }
        }
    }
}
