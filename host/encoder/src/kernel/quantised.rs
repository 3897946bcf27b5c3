//! Products of matrices of bytes, that stand for numbers.
//!
//! A weight is a signed byte times the scale of its column. An input is an unsigned byte, less the
//! zero of its row, times the scale of its row. The sum of the products of bytes is a whole number
//! and exact, so that the same outputs come from any instructions:
//!
//! ```text
//! sum of (input - zero) * weight = sum of input * weight - zero * sum of weight
//! ```

use super::{
    BLOCK, Level, for_each_level,
    rows::{ROUNDING, fold, sum},
};

/// Rows of a panel whose bytes stand together, as the dot product of bytes takes them.
const GROUP: usize = 4;

/// Four rows of a block of columns: four bytes for each column.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Group([[i8; GROUP]; BLOCK]);

/// A matrix of weights as bytes, in the order in which the loops read it.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuantisedPanels {
    /// Rows, filled up with zeros to whole groups.
    depth: usize,
    columns: usize,
    groups: Vec<Group>,
    blocks: Vec<Block>,
}

/// What is known of each column of a block.
#[derive(Clone, Debug)]
struct Block {
    scales: [f32; BLOCK],
    /// Sum of the weights of a column, as bytes.
    sums: [i32; BLOCK],
}

impl QuantisedPanels {
    /// The matrix whose transpose is `weights`, with a row of `depth` values for each column.
    pub(crate) fn of_transposed(weights: &[f32], depth: usize) -> Self {
        let columns = weights.len() / depth;
        let groups = depth.div_ceil(GROUP);
        let count = columns.div_ceil(BLOCK);
        let mut panels = Self {
            depth: groups * GROUP,
            columns,
            groups: vec![Group([[0; GROUP]; BLOCK]); count * groups],
            blocks: vec![Block { scales: [0.0; BLOCK], sums: [0; BLOCK] }; count],
        };
        for (column, weights) in weights.chunks_exact(depth).enumerate() {
            panels.take_column(column, weights);
        }
        panels
    }

    fn take_column(&mut self, column: usize, weights: &[f32]) {
        let highest = weights.iter().fold(0.0_f32, |highest, weight| highest.max(weight.abs()));
        // A column of zeros has no scale, and needs none.
        let inverse = if highest > 0.0 { 127.0 / highest } else { 0.0 };
        let count = self.depth / GROUP;
        let block = &mut self.blocks[column / BLOCK];
        let groups = &mut self.groups[column / BLOCK * count..][..count];
        block.scales[column % BLOCK] = highest / 127.0;
        for (group, weights) in groups.iter_mut().zip(weights.chunks(GROUP)) {
            for (byte, weight) in group.0[column % BLOCK].iter_mut().zip(weights) {
                *byte = (weight * inverse).round() as i8;
                block.sums[column % BLOCK] += i32::from(*byte);
            }
        }
    }
}

/// Rows of inputs as bytes.
#[derive(Debug, Default)]
pub(crate) struct QuantisedRows {
    bytes: Vec<u8>,
    scales: Vec<f32>,
    zeros: Vec<i32>,
}

impl QuantisedRows {
    /// Takes rows of `depth` values, in place of what was there.
    pub(crate) fn take(&mut self, level: Level, inputs: &[f32], depth: usize) {
        quantise(level, inputs, depth, self);
    }
}

for_each_level! {
    fn quantise(_level, inputs: &[f32], depth: usize, into: &mut QuantisedRows) {
        let (count, line) = (inputs.len() / depth, depth.next_multiple_of(GROUP));
        // Bytes that fill up a group meet weights of zero: any value will do.
        into.bytes.resize(count * line, 0);
        into.scales.resize(count, 0.0);
        into.zeros.resize(count, 0);
        let rows = inputs.chunks_exact(depth).zip(into.bytes.chunks_exact_mut(line));
        for (at, (row, bytes)) in rows.enumerate() {
            let lowest = fold(row, 0.0, lower, lower);
            let highest = fold(row, 0.0, higher, higher);
            // Zero, but NaN where a value is not finite: it shall not be lost on the way.
            let finite = sum(row, |value| value * 0.0);
            let scale = (highest - lowest) / 255.0 + finite;
            let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            let zero = (-lowest * inverse + ROUNDING) - ROUNDING;
            for (byte, value) in bytes.iter_mut().zip(row) {
                let step = value.mul_add(inverse, zero).clamp(0.0, 255.0);
                *byte = (step + ROUNDING).to_bits() as u8;
            }
            into.scales[at] = scale;
            into.zeros[at] = zero as i32;
        }
    }
}

#[inline(always)]
fn lower(a: f32, b: f32) -> f32 {
    if b < a { b } else { a }
}

#[inline(always)]
fn higher(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

/// `inputs` times `panels`, plus `bias`, into `outputs`.
pub(crate) fn multiply_quantised(
    level: Level,
    inputs: &QuantisedRows,
    panels: &QuantisedPanels,
    bias: &[f32],
    outputs: &mut [f32],
) {
    #[cfg(target_arch = "x86_64")]
    {
        if level.has_avx512() {
            // SAFETY: a level says so only on a machine that was found to have the features.
            #[allow(unsafe_code, reason = "instructions that were found on this machine")]
            return unsafe { avx512::multiply(inputs, panels, bias, outputs) };
        }
        if level.has_avx2() {
            // SAFETY: as above.
            #[allow(unsafe_code, reason = "instructions that were found on this machine")]
            return unsafe { avx2::multiply(inputs, panels, bias, outputs) };
        }
    }
    let _ = level;
    portable::multiply(inputs, panels, bias, outputs);
}

/// The loops over blocks and rows, with `sums` for as many rows at once as `counts` says.
macro_rules! multiply {
    ($inputs:ident, $panels:ident, $bias:ident, $outputs:ident, $sums:ident, [$($count:literal),*]) => {
        let rows = $inputs.scales.len();
        let quads = $inputs.bytes.as_chunks::<GROUP>().0;
        let line = $panels.depth / GROUP;
        for (at, groups) in $panels.groups.chunks_exact(line).enumerate() {
            let columns = at * BLOCK..$panels.columns.min((at + 1) * BLOCK);
            let mut row = 0;
            $(
                while rows - row >= $count {
                    let sums = $sums::<$count>(&quads[row * line..], groups);
                    for (at_row, sums) in (row..).zip(&sums) {
                        let outputs = &mut $outputs[at_row * $panels.columns..][columns.clone()];
                        let row = ($inputs.zeros[at_row], $inputs.scales[at_row]);
                        write(sums, row, &$panels.blocks[at], &$bias[columns.clone()], outputs);
                    }
                    row += $count;
                }
            )*
        }
    };
}

/// What the sums of bytes of one row stand for.
#[inline(always)]
fn write(
    sums: &[i32; BLOCK],
    (zero, scale): (i32, f32),
    block: &Block,
    bias: &[f32],
    outputs: &mut [f32],
) {
    let value = |at: usize, bias: f32| {
        let exact = sums[at].wrapping_sub(zero.wrapping_mul(block.sums[at]));
        (exact as f32).mul_add(scale * block.scales[at], bias)
    };
    // The length that is known makes whole registers of it.
    if let (Ok(outputs), Ok(bias)) =
        (<&mut [f32; BLOCK]>::try_from(&mut *outputs), <&[f32; BLOCK]>::try_from(bias))
    {
        for at in 0..BLOCK {
            outputs[at] = value(at, bias[at]);
        }
    } else {
        for (at, (output, bias)) in outputs.iter_mut().zip(bias).enumerate() {
            *output = value(at, *bias);
        }
    }
}

mod portable {
    use super::{BLOCK, GROUP, Group, QuantisedPanels, QuantisedRows, write};

    pub(super) fn multiply(
        inputs: &QuantisedRows,
        panels: &QuantisedPanels,
        bias: &[f32],
        outputs: &mut [f32],
    ) {
        multiply!(inputs, panels, bias, outputs, sums, [1]);
    }

    fn sums<const COUNT: usize>(inputs: &[[u8; GROUP]], groups: &[Group]) -> [[i32; BLOCK]; COUNT] {
        let mut sums = [[0; BLOCK]; COUNT];
        for (row, sums) in sums.iter_mut().enumerate() {
            for (quad, group) in inputs[row * groups.len()..].iter().zip(groups) {
                for (sum, weights) in sums.iter_mut().zip(&group.0) {
                    for (input, weight) in quad.iter().zip(weights) {
                        *sum += i32::from(*input) * i32::from(*weight);
                    }
                }
            }
        }
        sums
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::{BLOCK, GROUP, Group, QuantisedPanels, QuantisedRows, write};

    /// Columns whose four bytes fill a register as words.
    const COLUMNS: usize = 4;

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn multiply(
        inputs: &QuantisedRows,
        panels: &QuantisedPanels,
        bias: &[f32],
        outputs: &mut [f32],
    ) {
        multiply!(inputs, panels, bias, outputs, sums, [2, 1]);
    }

    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn sums<const COUNT: usize>(inputs: &[[u8; GROUP]], groups: &[Group]) -> [[i32; BLOCK]; COUNT] {
        let mut sums = [[0; BLOCK]; COUNT];
        // Half a block at a time: the sums of a whole one would not fit the registers.
        for first in (0..BLOCK).step_by(BLOCK / 2) {
            let halves = half::<COUNT>(inputs, groups, first);
            for (sums, halves) in sums.iter_mut().zip(&halves) {
                for (at, pairs) in halves.iter().flatten().enumerate() {
                    sums[first + at] = pairs[0] + pairs[1];
                }
            }
        }
        sums
    }

    /// For each row and column two sums, of the products of two bytes each. As words, since the
    /// product of bytes that AVX2 has would not keep every sum.
    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn half<const COUNT: usize>(
        inputs: &[[u8; GROUP]],
        groups: &[Group],
        first: usize,
    ) -> [[[[i32; 2]; COLUMNS]; 4]; COUNT] {
        let mut rows: [&[[u8; GROUP]]; COUNT] = [&[]; COUNT];
        for row in 0..COUNT {
            rows[row] = &inputs[row * groups.len()..][..groups.len()];
        }
        let mut sums = [[_mm256_setzero_si256(); 4]; COUNT];
        for (at, group) in groups.iter().enumerate() {
            let quarters = group.0[first..first + BLOCK / 2].as_chunks::<COLUMNS>().0;
            let mut weights = [_mm256_setzero_si256(); 4];
            for quarter in 0..4 {
                // SAFETY: the quarter is 16 bytes, which may lie anywhere.
                #[allow(unsafe_code, reason = "a load from a place that is known to be there")]
                let bytes = unsafe { _mm_loadu_si128(quarters[quarter].as_ptr().cast()) };
                weights[quarter] = _mm256_cvtepi8_epi16(bytes);
            }
            for row in 0..COUNT {
                let input = _mm_set1_epi32(i32::from_le_bytes(rows[row][at]));
                let input = _mm256_cvtepu8_epi16(input);
                for quarter in 0..4 {
                    let products = _mm256_madd_epi16(input, weights[quarter]);
                    sums[row][quarter] = _mm256_add_epi32(sums[row][quarter], products);
                }
            }
        }
        let mut pairs = [[[[0; 2]; COLUMNS]; 4]; COUNT];
        for row in 0..COUNT {
            for quarter in 0..4 {
                pairs[row][quarter] = words(sums[row][quarter]);
            }
        }
        pairs
    }

    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn words(register: __m256i) -> [[i32; 2]; COLUMNS] {
        let mut words = [[0; 2]; COLUMNS];
        // SAFETY: the words are 32 bytes, which may lie anywhere.
        #[allow(unsafe_code, reason = "a store to a place that is known to be there")]
        unsafe {
            _mm256_storeu_si256(words.as_mut_ptr().cast(), register);
        }
        words
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::{BLOCK, GROUP, Group, QuantisedPanels, QuantisedRows, write};

    /// Columns whose sums fill a register.
    const COLUMNS: usize = BLOCK / 2;

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma")]
    pub(super) fn multiply(
        inputs: &QuantisedRows,
        panels: &QuantisedPanels,
        bias: &[f32],
        outputs: &mut [f32],
    ) {
        multiply!(inputs, panels, bias, outputs, sums, [12, 4, 1]);
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma")]
    #[inline]
    fn sums<const COUNT: usize>(inputs: &[[u8; GROUP]], groups: &[Group]) -> [[i32; BLOCK]; COUNT] {
        let mut rows: [&[[u8; GROUP]]; COUNT] = [&[]; COUNT];
        for row in 0..COUNT {
            rows[row] = &inputs[row * groups.len()..][..groups.len()];
        }
        let mut sums = [[_mm512_setzero_si512(); 2]; COUNT];
        for (at, group) in groups.iter().enumerate() {
            let (low, high) = group.0.split_at(COLUMNS);
            let weights = [load(low), load(high)];
            for row in 0..COUNT {
                // SAFETY: each row was cut to the number of groups, and `at` counts them.
                #[allow(unsafe_code, reason = "a check here costs a fifth of the speed")]
                let bytes = unsafe { *rows[row].get_unchecked(at) };
                let input = _mm512_set1_epi32(i32::from_le_bytes(bytes));
                for half in 0..2 {
                    sums[row][half] = _mm512_dpbusd_epi32(sums[row][half], input, weights[half]);
                }
            }
        }
        let mut exact = [[0; BLOCK]; COUNT];
        for row in 0..COUNT {
            exact[row] = words(sums[row]);
        }
        exact
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn load(columns: &[[i8; GROUP]]) -> __m512i {
        assert_eq!(columns.len(), COLUMNS, "half a block of columns");
        // SAFETY: the columns are 64 bytes, which may lie anywhere.
        #[allow(unsafe_code, reason = "a load from a place that is known to be there")]
        unsafe {
            _mm512_loadu_si512(columns.as_ptr().cast())
        }
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn words(registers: [__m512i; 2]) -> [i32; BLOCK] {
        let mut words = [0_i32; BLOCK];
        for (words, register) in words.chunks_exact_mut(COLUMNS).zip(registers) {
            // SAFETY: the words are 64 bytes, which may lie anywhere.
            #[allow(unsafe_code, reason = "a store to a place that is known to be there")]
            unsafe {
                _mm512_storeu_si512(words.as_mut_ptr().cast(), register);
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|at| (((at + seed) * 7_919 % 2_003) as f32 - 901.0) / 500.0).collect()
    }

    fn product(level: Level, inputs: &[f32], weights: &[f32], depth: usize) -> Vec<f32> {
        let panels = QuantisedPanels::of_transposed(weights, depth);
        let mut rows = QuantisedRows::default();
        // Left-overs of longer rows must not count.
        rows.take(level, &numbers(3 * inputs.len(), 9), depth);
        rows.take(level, inputs, depth);
        let mut outputs = vec![f32::NAN; inputs.len() / depth * panels.columns];
        let bias = numbers(panels.columns, 5);
        multiply_quantised(level, &rows, &panels, &bias, &mut outputs);
        outputs
    }

    #[test]
    fn products_are_near_those_of_numbers_and_the_same_bits_on_every_level() {
        for (rows, depth, columns) in [(1, 1, 1), (3, 5, 31), (13, 8, 33), (30, 66, 96)] {
            let (inputs, weights) = (numbers(rows * depth, 1), numbers(columns * depth, 2));
            let expected = product(Level::all()[0], &inputs, &weights, depth);
            let bias = numbers(columns, 5);
            for (at, output) in expected.iter().enumerate() {
                let (row, column) = (at / columns, at % columns);
                let pairs = inputs[row * depth..].iter().zip(&weights[column * depth..]);
                let exact: f32 = pairs.take(depth).map(|(a, b)| a * b).sum();
                // Each product is off by half a step of either side at most.
                let bound = depth as f32 * (2.3 * 2.3 / 127.0 + 2.3 * 2.3 / 255.0);
                assert!((output - exact - bias[column]).abs() < bound, "{output} {exact}");
            }
            for level in Level::all() {
                let outputs = product(level, &inputs, &weights, depth);
                assert_eq!(outputs, expected, "{level:?} {rows} x {depth} x {columns}");
            }
        }
    }

    #[test]
    fn the_largest_bytes_do_not_overflow_on_any_level() {
        for sign in [1.0, -1.0] {
            let (inputs, weights) = (vec![1.0; 4_096], vec![sign; 4_096]);
            for level in Level::all() {
                let outputs = product(level, &inputs, &weights, 4_096);
                let expected = 4_096.0 * sign + numbers(1, 5)[0];
                assert!((outputs[0] - expected).abs() < 0.01, "{level:?}: {}", outputs[0]);
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_not_lost() {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut inputs = vec![0.5; 40];
            inputs[33] = value;
            for level in Level::all() {
                let outputs = product(level, &inputs, &numbers(80, 1), 40);
                assert!(outputs.iter().all(|it| it.is_nan()), "{level:?} {value}: {outputs:?}");
            }
        }
    }
}
