//! Products of matrices of `f32`.

use super::{
    BLOCK, Level, for_each_level,
    rows::{exp, fold, sum},
};

/// A matrix to multiply with, in the order in which the loops read it: block after block of columns,
/// in each the rows one after another. The last block is filled up with zeros.
#[derive(Clone, Debug, Default)]
pub(crate) struct Panels {
    rows: usize,
    columns: usize,
    blocks: Vec<[f32; BLOCK]>,
}

impl Panels {
    /// The matrix whose transpose is `weights`, that is with a row of `depth` values for each column,
    /// as frameworks keep the weights of a layer.
    pub(crate) fn of_transposed(weights: &[f32], depth: usize) -> Self {
        let columns = weights.len() / depth;
        let mut blocks = vec![[0.0; BLOCK]; columns.div_ceil(BLOCK) * depth];
        for (column, weights) in weights.chunks_exact(depth).enumerate() {
            let block = &mut blocks[column / BLOCK * depth..][..depth];
            for (row, weight) in block.iter_mut().zip(weights) {
                row[column % BLOCK] = *weight;
            }
        }
        Self { rows: depth, columns, blocks }
    }
}

for_each_level! {
    /// `inputs` times `panels`, plus `bias`, into `outputs`. Inputs are rows one after another.
    fn multiply(level, inputs: &[f32], panels: &Panels, bias: &[f32], outputs: &mut [f32]) {
        let (depth, columns) = (panels.rows, panels.columns);
        let inputs = Rows { values: inputs, stride: depth, count: inputs.len() / depth };
        for (at, panel) in panels.blocks.chunks_exact(depth).enumerate() {
            let first = at * BLOCK;
            let width = BLOCK.min(columns - first);
            let mut start = [0.0; BLOCK];
            start[..width].copy_from_slice(&bias[first..first + width]);
            multiply_block(level, inputs, panel, &start, &mut outputs[first..], columns, width);
        }
    }

    /// Attention of one text of `tokens`, each a row of `rows`: query, key and value for all `heads`,
    /// queries divided by the root of a head's width already. Writes a row of the same width as a query.
    fn attend(
        level,
        rows: &[f32],
        tokens: usize,
        heads: usize,
        work: &mut Attention,
        outputs: &mut [f32],
    ) {
        let width = outputs.len() / tokens;
        let head = width / heads;
        for first in (0..width).step_by(head) {
            work.take_keys(&rows[width + first..], 3 * width, tokens, head);
            work.take_values(&rows[2 * width + first..], 3 * width, tokens, head);
            let line = tokens.next_multiple_of(BLOCK);
            work.scores.resize(tokens * line, 0.0);
            let queries = Rows { values: &rows[first..], stride: 3 * width, count: tokens };
            for (at, panel) in work.keys.chunks_exact(head).enumerate() {
                let scores = &mut work.scores[at * BLOCK..];
                multiply_block(level, queries, panel, &[0.0; BLOCK], scores, line, BLOCK);
            }
            for scores in work.scores.chunks_exact_mut(line) {
                softmax(&mut scores[..tokens]);
            }
            let shares = Rows { values: &work.scores, stride: line, count: tokens };
            for (at, panel) in work.values.chunks_exact(tokens).enumerate() {
                let outputs = &mut outputs[first + at * BLOCK..];
                let columns = BLOCK.min(head - at * BLOCK);
                multiply_block(level, shares, panel, &[0.0; BLOCK], outputs, width, columns);
            }
        }
    }
}

/// What [`attend`] writes on its way, kept from call to call.
#[derive(Debug, Default)]
pub(crate) struct Attention {
    /// Keys of a head as panels: a block of tokens, in it a row for each value of a key.
    keys: Vec<[f32; BLOCK]>,
    /// Values of a head as panels: a block of columns, in it a row for each token.
    values: Vec<[f32; BLOCK]>,
    /// A row for each query, a column for each key.
    scores: Vec<f32>,
}

impl Attention {
    #[inline(always)]
    fn take_keys(&mut self, rows: &[f32], stride: usize, tokens: usize, head: usize) {
        self.keys.clear();
        self.keys.resize(tokens.div_ceil(BLOCK) * head, [0.0; BLOCK]);
        for token in 0..tokens {
            let panel = &mut self.keys[token / BLOCK * head..][..head];
            for (row, value) in panel.iter_mut().zip(&rows[token * stride..][..head]) {
                row[token % BLOCK] = *value;
            }
        }
    }

    #[inline(always)]
    fn take_values(&mut self, rows: &[f32], stride: usize, tokens: usize, head: usize) {
        self.values.clear();
        self.values.resize(head.div_ceil(BLOCK) * tokens, [0.0; BLOCK]);
        for token in 0..tokens {
            let row = &rows[token * stride..][..head];
            for (at, chunk) in row.chunks(BLOCK).enumerate() {
                self.values[at * tokens + token][..chunk.len()].copy_from_slice(chunk);
            }
        }
    }
}

/// Rows of a matrix that begin `stride` apart.
#[derive(Clone, Copy)]
struct Rows<'a> {
    values: &'a [f32],
    stride: usize,
    count: usize,
}

/// All rows of `inputs` times one block of columns, plus `start`, into the first `width` columns of
/// `outputs`, whose rows begin `stride` apart.
#[inline(always)]
fn multiply_block(
    level: Level,
    inputs: Rows<'_>,
    panel: &[[f32; BLOCK]],
    start: &[f32; BLOCK],
    outputs: &mut [f32],
    stride: usize,
    width: usize,
) {
    let mut done = 0;
    if width == BLOCK {
        // As many rows at once as there are registers for.
        if level.has_32_wide_registers() {
            done = multiply_tiles::<12>(done, inputs, panel, start, outputs, stride);
            done = multiply_tiles::<4>(done, inputs, panel, start, outputs, stride);
        } else {
            done = multiply_tiles::<3>(done, inputs, panel, start, outputs, stride);
        }
        multiply_tiles::<1>(done, inputs, panel, start, outputs, stride);
        return;
    }
    while done < inputs.count {
        let [sums] = sums(&inputs.values[done * inputs.stride..], inputs.stride, panel);
        let output = &mut outputs[done * stride..][..width];
        for (output, (sum, start)) in output.iter_mut().zip(sums.iter().zip(start)) {
            *output = sum + start;
        }
        done += 1;
    }
}

/// Rows from `first` on, `COUNT` at a time, all columns of the block; returns the first row that is left.
#[inline(always)]
fn multiply_tiles<const COUNT: usize>(
    mut first: usize,
    inputs: Rows<'_>,
    panel: &[[f32; BLOCK]],
    start: &[f32; BLOCK],
    outputs: &mut [f32],
    stride: usize,
) -> usize {
    while inputs.count - first >= COUNT {
        let sums = sums::<COUNT>(&inputs.values[first * inputs.stride..], inputs.stride, panel);
        for at in 0..COUNT {
            let output = &mut outputs[(first + at) * stride..][..BLOCK];
            for column in 0..BLOCK {
                output[column] = sums[at][column] + start[column];
            }
        }
        first += COUNT;
    }
    first
}

/// The sums stay in registers from the first row of the panel to the last. By index, and without a way
/// out of the loop: only so does the compiler keep them there.
#[inline(always)]
fn sums<const COUNT: usize>(
    inputs: &[f32],
    stride: usize,
    panel: &[[f32; BLOCK]],
) -> [[f32; BLOCK]; COUNT] {
    let mut rows: [&[f32]; COUNT] = [&[]; COUNT];
    for at in 0..COUNT {
        rows[at] = &inputs[at * stride..][..panel.len()];
    }
    let mut sums = [[0.0_f32; BLOCK]; COUNT];
    for (depth, weights) in panel.iter().enumerate() {
        for at in 0..COUNT {
            let input = rows[at][depth];
            for column in 0..BLOCK {
                sums[at][column] = input.mul_add(weights[column], sums[at][column]);
            }
        }
    }
    sums
}

#[inline(always)]
fn softmax(scores: &mut [f32]) {
    let highest = fold(scores, f32::NEG_INFINITY, higher, higher);
    for score in &mut *scores {
        *score = exp(*score - highest);
    }
    let whole = sum(scores, |score| score);
    for score in scores {
        *score /= whole;
    }
}

#[inline(always)]
fn higher(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|at| (((at + seed) * 7_919 % 2_003) as f32 - 1_001.0) / 500.0).collect()
    }

    #[test]
    fn products_are_those_of_the_plain_loop_on_every_level() {
        for (rows, depth, columns) in [(1, 1, 1), (3, 5, 31), (13, 8, 33), (30, 64, 96)] {
            let (inputs, weights) = (numbers(rows * depth, 1), numbers(columns * depth, 2));
            let bias = numbers(columns, 3);
            let panels = Panels::of_transposed(&weights, depth);
            let mut expected = vec![0.0_f32; rows * columns];
            for (at, output) in expected.iter_mut().enumerate() {
                let (row, column) = (at / columns, at % columns);
                *output = 0.0;
                for k in 0..depth {
                    let weight = weights[column * depth + k];
                    *output = inputs[row * depth + k].mul_add(weight, *output);
                }
                *output += bias[column];
            }
            for level in Level::all() {
                let mut outputs = vec![f32::NAN; rows * columns];
                multiply(level, &inputs, &panels, &bias, &mut outputs);
                assert_eq!(outputs, expected, "{level:?} {rows} x {depth} x {columns}");
            }
        }
    }

    #[test]
    fn attention_is_that_of_the_plain_loop_on_every_level() {
        for (tokens, heads, head) in [(1, 1, 4), (5, 2, 32), (33, 3, 40)] {
            let width = heads * head;
            let rows = numbers(tokens * 3 * width, 4);
            let expected = plain_attention(&rows, tokens, heads, head);
            let mut bits: Option<Vec<u32>> = None;
            for level in Level::all() {
                let mut outputs = vec![f32::NAN; tokens * width];
                // Left-overs of a longer text must not count.
                let mut work = Attention { scores: vec![9.0; 5_000], ..Attention::default() };
                attend(level, &rows, tokens, heads, &mut work, &mut outputs);
                for (output, expected) in outputs.iter().zip(&expected) {
                    assert!((f64::from(*output) - expected).abs() < 1e-4, "{output} {expected}");
                }
                let of_level: Vec<u32> = outputs.iter().map(|it| it.to_bits()).collect();
                let portable = bits.get_or_insert_with(|| of_level.clone());
                assert_eq!(of_level, *portable, "{level:?} gives other bits");
            }
        }
    }

    fn plain_attention(rows: &[f32], tokens: usize, heads: usize, head: usize) -> Vec<f64> {
        let width = heads * head;
        let value = |token: usize, column: usize| f64::from(rows[token * 3 * width + column]);
        let mut outputs = vec![0.0; tokens * width];
        for token in 0..tokens {
            for first in (0..width).step_by(head) {
                let scores = (0..tokens).map(|other| {
                    (first..first + head)
                        .map(|at| value(token, at) * value(other, width + at))
                        .sum::<f64>()
                        .exp()
                });
                let scores: Vec<f64> = scores.collect();
                let whole: f64 = scores.iter().sum();
                for at in first..first + head {
                    outputs[token * width + at] = (0..tokens)
                        .map(|other| scores[other] / whole * value(other, 2 * width + at))
                        .sum();
                }
            }
        }
        outputs
    }
}
