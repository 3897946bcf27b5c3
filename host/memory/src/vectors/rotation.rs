//! A rotation that spreads whatever a vector holds evenly over its numbers.
//!
//! It is a function of the number of dimensions alone, since sketches on a disk depend on it: four rounds of
//! fixed signs, a Hadamard transform over the first or the last power of two numbers in turn, and sums and
//! differences of the two halves, which let the blocks mix (the rotation of the RaBitQ library).

use super::level::for_each_level;

pub(super) const ROUNDS: u64 = 4;

/// Numbers that share a word of signs.
const WORD: usize = 64;

for_each_level! {
    /// Rotates `values`, an even number of them.
    fn rotate(level, values: &mut [f32]) -> () {
        assert!(values.len() >= 2 && values.len().is_multiple_of(2), "halves are as long");
        let power = 1 << values.len().ilog2();
        for round in 0..ROUNDS {
            flip(values, round);
            let first = if round % 2 == 0 { 0 } else { values.len() - power };
            hadamard(&mut values[first..first + power]);
            let (one, other) = values.split_at_mut(values.len() / 2);
            for (one, other) in one.iter_mut().zip(other) {
                let (sum, difference) = (*one + *other, *one - *other);
                *one = sum * std::f32::consts::FRAC_1_SQRT_2;
                *other = difference * std::f32::consts::FRAC_1_SQRT_2;
            }
        }
    }
}

/// Changes the sign of about every second number.
#[inline(always)]
pub(super) fn flip(values: &mut [f32], round: u64) {
    for (at, values) in values.chunks_mut(WORD).enumerate() {
        let signs = signs(round << 32 | at as u64);
        for (bit, value) in values.iter_mut().enumerate() {
            *value = f32::from_bits(value.to_bits() ^ (((signs >> bit) as u32) << 31));
        }
    }
}

/// The words of signs: SplitMix64, by number.
#[inline(always)]
fn signs(number: u64) -> u64 {
    let mut word = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// The Hadamard transform of a power of two numbers; lengths stay.
#[inline(always)]
fn hadamard(values: &mut [f32]) {
    hadamards(values, 1);
    let scale = (values.len() as f32).sqrt().recip();
    for value in values {
        *value *= scale;
    }
}

/// So many transforms side by side, both powers of two: of each the first number, of each the second, and so on. The
/// squares of the lengths become as many times what they were as each has numbers.
#[inline(always)]
pub(super) fn hadamards(values: &mut [f32], transforms: usize) {
    let mut part = transforms;
    // Two steps at once, which reads and writes each number half as often; what is added to what stays the same.
    while 4 * part <= values.len() {
        for four in values.chunks_exact_mut(4 * part) {
            let (low, high) = four.split_at_mut(2 * part);
            let ((first, second), (third, fourth)) =
                (low.split_at_mut(part), high.split_at_mut(part));
            for (((first, second), third), fourth) in
                first.iter_mut().zip(second).zip(third).zip(fourth)
            {
                let (sum, difference) = (*first + *second, *first - *second);
                let (other_sum, other_difference) = (*third + *fourth, *third - *fourth);
                (*first, *third) = (sum + other_sum, sum - other_sum);
                (*second, *fourth) = (difference + other_difference, difference - other_difference);
            }
        }
        part *= 4;
    }
    if part < values.len() {
        let (one, other) = values.split_at_mut(part);
        for (one, other) in one.iter_mut().zip(other) {
            (*one, *other) = (*one + *other, *one - *other);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors::level::Level;

    fn rotated(values: &[f32]) -> Vec<f32> {
        let mut values = values.to_vec();
        rotate(Level::best(), &mut values);
        values
    }

    fn product(one: &[f32], other: &[f32]) -> f64 {
        one.iter().zip(other).map(|(one, other)| f64::from(*one) * f64::from(*other)).sum()
    }

    /// Two vectors of as many numbers, an even number of them.
    fn two() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
        (1_usize..700).prop_flat_map(|half| {
            let numbers = || proptest::collection::vec(-1.0_f32..1.0, 2 * half);
            (numbers(), numbers())
        })
    }

    proptest! {
        #[test]
        fn lengths_and_angles_stay((one, other) in two()) {
            let (turned, turned_other) = (rotated(&one), rotated(&other));
            let lengths = (product(&one, &one) * product(&other, &other)).sqrt();
            let length = product(&turned, &turned).sqrt();
            let length_before = product(&one, &one).sqrt();
            prop_assert!((length - length_before).abs() <= 1e-5 * length_before);
            let drift = product(&turned, &turned_other) - product(&one, &other);
            prop_assert!(drift.abs() <= 1e-5 * lengths, "{drift}");
        }

        #[test]
        fn every_level_rotates_alike((one, _) in two()) {
            let expected = rotated(&one);
            for level in Level::all() {
                let mut values = one.clone();
                rotate(level, &mut values);
                prop_assert_eq!(&values, &expected);
            }
        }
    }

    /// By its definition: a number counts against another one where their places have an odd number of ones in common.
    #[test]
    fn transforms_side_by_side_are_what_they_are_defined_as() {
        for (numbers, transforms) in
            [(1_usize, 1_usize), (2, 1), (4, 1), (8, 1), (64, 1), (128, 1), (2, 8), (32, 4)]
        {
            let count = numbers * transforms;
            let values: Vec<f32> = (0..count).map(|it| (it * it % 23) as f32 - 11.0).collect();
            let expected = (0..count).map(|at| {
                let (row, column) = (at / transforms, at % transforms);
                let signed = (0..numbers).map(|it| match (it & row).count_ones() % 2 {
                    0 => values[it * transforms + column],
                    _ => -values[it * transforms + column],
                });
                signed.sum::<f32>()
            });
            let expected: Vec<f32> = expected.collect();
            let mut values = values.clone();
            hadamards(&mut values, transforms);
            assert_eq!(values, expected, "{numbers} {transforms}");
        }
    }

    #[test]
    fn a_single_number_is_spread_over_all() {
        for dimensions in [224, 480, 864, 4192] {
            for at in [0, 1, dimensions / 2, dimensions - 1] {
                let mut values = vec![0.0; dimensions];
                values[at] = 1.0;
                let turned = rotated(&values);
                // 0.798 where they are spread as chance would do it, 0 where one number holds all.
                let even =
                    turned.iter().map(|it| it.abs()).sum::<f32>() / (dimensions as f32).sqrt();
                assert!((0.7..0.9).contains(&even), "{dimensions} {at} {even}");
            }
        }
    }
}
