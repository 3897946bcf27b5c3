//! What happens to one row after another: norms, and the functions a neuron goes through.

use super::for_each_level;

/// Numbers that are added up side by side before they are added together.
const LANES: usize = 16;

for_each_level! {
    /// Each row of `rows` minus its mean, divided by its deviation, times `weight` plus `bias`.
    fn norm(_level, rows: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
        for row in rows.chunks_exact_mut(weight.len()) {
            norm_row(row, weight, bias, epsilon);
        }
    }

    /// [`norm`] of `rows` plus `addend`, in `rows`.
    fn add_and_norm(
        _level,
        rows: &mut [f32],
        addend: &[f32],
        weight: &[f32],
        bias: &[f32],
        epsilon: f32,
    ) {
        let width = weight.len();
        for (row, addend) in rows.chunks_exact_mut(width).zip(addend.chunks_exact(width)) {
            for (value, more) in row.iter_mut().zip(addend) {
                *value += more;
            }
            norm_row(row, weight, bias, epsilon);
        }
    }

    /// `x` times the normal distribution's share below `x`, for each value.
    fn gelu(_level, values: &mut [f32]) {
        for value in values {
            let half = 0.5 * *value;
            *value = half.mul_add(erf(*value * std::f32::consts::FRAC_1_SQRT_2), half);
        }
    }

    /// The scalar product of `one` with each of `rows`, of as many numbers.
    fn products(_level, one: &[i8], rows: &[i8], out: &mut [i32]) {
        for (out, row) in out.iter_mut().zip(rows.chunks_exact(one.len())) {
            let both = one.iter().zip(row);
            *out = both.map(|(a, b)| i32::from(i16::from(*a) * i16::from(*b))).sum();
        }
    }

    /// The vector divided by its length. A vector without a direction becomes one of NaN.
    fn normalise_to_unit(_level, vector: &mut [f32]) {
        let length = sum(vector, |value| value * value).sqrt();
        for value in vector {
            *value /= length;
        }
    }
}

#[inline(always)]
fn norm_row(row: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    let count = row.len() as f32;
    let mean = sum(row, |value| value) / count;
    let variance = sum(row, |value| (value - mean) * (value - mean)) / count;
    let scale = 1.0 / (variance + epsilon).sqrt();
    for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
        *value = ((*value - mean) * scale).mul_add(*weight, *bias);
    }
}

/// The sum of `of(value)`, lane by lane, then over the lanes.
#[inline(always)]
pub(super) fn sum(values: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    fold(values, 0.0, |sum, value| sum + of(value), |a, b| a + b)
}

/// A fold whose order does not depend on the machine.
#[inline(always)]
pub(super) fn fold(
    values: &[f32],
    start: f32,
    step: impl Fn(f32, f32) -> f32,
    join: impl Fn(f32, f32) -> f32,
) -> f32 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [start; LANES];
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = step(*lane, *value);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane = step(*lane, *value);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for at in 0..width {
            lanes[at] = join(lanes[at], lanes[at + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// Added to a value below 2^22, it leaves no room for a fraction (1.5 * 2^23): the sum is rounded to a
/// whole number, which stands in its low bits.
pub(super) const ROUNDING: f32 = 12_582_912.0;

/// e to the power of `x`, for `x` at most 0; relative error below 2e-7, and 0 below -87.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // ln 2 in two parts, so that the remainder is exact (Cody and Waite).
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let clamped = if x < -87.0 { -87.0 } else { x };
    let shifted = clamped * std::f32::consts::LOG2_E + ROUNDING;
    let power = shifted - ROUNDING;
    let rest = power.mul_add(-LN_2_LOW, power.mul_add(-LN_2_HIGH, clamped));
    // Coefficients of Cephes' expf.
    let mut series = 1.987_569_1e-4_f32;
    for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        series = series.mul_add(rest, coefficient);
    }
    let fraction = series.mul_add(rest * rest, rest) + 1.0;
    let scale = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    if x < -87.0 { 0.0 } else { fraction * scale }
}

/// The error function, absolute error below 3e-7: a quotient of polynomials, as in Eigen.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let mut above = -2.726_142_3e-10_f32;
    for coefficient in [
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ] {
        above = above.mul_add(square, coefficient);
    }
    let mut below = -1.456_607_2e-5_f32;
    for coefficient in [-2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        below = below.mul_add(square, coefficient);
    }
    x * above / below
}

#[cfg(test)]
mod tests {
    use super::{super::Level, *};

    /// Values of `math.erf`.
    #[test]
    fn gelu_is_the_exact_one() {
        for (x, expected) in [
            (-6.0_f64, -5.919_52e-9_f64),
            (-1.0, -0.158_655_25),
            (-0.1, -0.046_017_22),
            (0.0, 0.0),
            (0.5, 0.345_731_23),
            (3.0, 2.995_950_3),
            (50.0, 50.0),
        ] {
            for level in Level::all() {
                let mut value = [x as f32];
                gelu(level, &mut value);
                let off = (f64::from(value[0]) - expected).abs();
                assert!(off < 1e-6 * x.abs().max(1.0), "{x}: {} is not {expected}", value[0]);
            }
        }
    }

    #[test]
    fn exp_is_close_to_the_systems() {
        for step in 0..8_700 {
            let x = -0.01 * step as f32;
            let expected = f64::from(x).exp();
            assert!((f64::from(exp(x)) / expected - 1.0).abs() < 3e-7, "{x}");
        }
        assert_eq!([exp(-88.0), exp(f32::NEG_INFINITY), exp(0.0)], [0.0, 0.0, 1.0]);
    }

    #[test]
    fn rows_are_the_same_bits_on_every_level() {
        let row: Vec<f32> = (0..150).map(|at| ((at * 37 % 101) as f32 - 50.0) / 17.0).collect();
        let weight: Vec<f32> = row.iter().rev().copied().collect();
        let results = Level::all().into_iter().map(|level| {
            let mut rows = row.clone();
            norm(level, &mut rows, &weight[..75], &row[..75], 1e-12);
            add_and_norm(level, &mut rows, &weight, &weight[..75], &row[..75], 1e-12);
            gelu(level, &mut rows);
            normalise_to_unit(level, &mut rows);
            rows.iter().map(|it| it.to_bits()).collect::<Vec<_>>()
        });
        let results: Vec<_> = results.collect();
        assert!(results.iter().all(|it| *it == results[0]));
    }
}
