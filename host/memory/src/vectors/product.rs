//! The product of two codes, which is exact.

use super::{A_BYTE, CodeRef, QUARTERS, level::for_each_level};

/// The quarter of a step that a byte holds at a place.
#[inline(always)]
fn quarter(byte: u8, place: usize) -> i16 {
    (i16::from(byte) << (14 - 2 * place)) >> 14
}

/// A number in quarters of a step.
#[inline(always)]
fn number(step: u8, quarter: i16) -> i16 {
    i16::from(step.cast_signed()) * QUARTERS as i16 + quarter
}

/// The numbers of a code that has quarters, in quarters of a step.
pub(super) fn numbers(CodeRef { steps, quarters, .. }: CodeRef<'_>) -> Vec<i16> {
    let runs = steps.chunks(quarters.len().max(1)).enumerate();
    let of = |(place, steps): (usize, &[u8])| -> Vec<i16> {
        let run = steps.iter().zip(quarters);
        run.map(|(step, byte)| number(*step, quarter(*byte, place))).collect()
    };
    runs.flat_map(of).collect()
}

/// The largest number, in quarters of a step, whatever a row holds.
pub(super) const LARGEST: f64 = 514.0;

/// Numbers that are multiplied together.
const TOGETHER: usize = 32;

for_each_level! {
    /// The sum of the products of numbers with those of a code that has as many and quarters, in quarters of a
    /// step. The lengths of both are at most as long as their product fits 32 bits.
    fn product(level, one: &[i16], steps: &[u8], quarters: &[u8]) -> i32 {
        let mut sum = 0;
        let run = quarters.len();
        if run == 0 {
            return 0;
        }
        let runs = one.chunks(run).zip(steps.chunks(run));
        for (place, (one, steps)) in runs.enumerate().take(A_BYTE) {
            // The last run may be shorter. All are short: a loop over any number makes no vectors of them, and one over as
            // many does.
            let bytes = &quarters[..one.len()];
            let (one, one_rest) = one.as_chunks::<TOGETHER>();
            let (steps, steps_rest) = steps.as_chunks::<TOGETHER>();
            let (bytes, bytes_rest) = bytes.as_chunks::<TOGETHER>();
            for ((one, steps), bytes) in one.iter().zip(steps).zip(bytes) {
                sum += sum_of(one, steps, bytes, place);
            }
            sum += sum_of(one_rest, steps_rest, bytes_rest, place);
        }
        sum
    }
}

#[inline(always)]
fn sum_of(one: &[i16], steps: &[u8], bytes: &[u8], place: usize) -> i32 {
    let all = one.iter().zip(steps).zip(bytes);
    all.map(|((one, step), byte)| i32::from(*one) * i32::from(number(*step, quarter(*byte, place))))
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors::{level::Level, quarters_bytes};

    proptest! {
        #[test]
        fn every_level_has_the_exact_sum(
            steps in proptest::collection::vec((any::<u8>(), any::<u8>(), any::<u8>()), 0..900),
        ) {
            let of = |which: fn(&(u8, u8, u8)) -> u8| steps.iter().map(which).collect::<Vec<u8>>();
            let (one, other, mut quarters) = (of(|it| it.0), of(|it| it.1), of(|it| it.2));
            quarters.truncate(quarters_bytes(steps.len()));
            let code = |steps| numbers(CodeRef { scale: 1.0, steps, quarters: &quarters });
            let (numbers, others) = (code(&one), code(&other));
            let exact: i64 =
                numbers.iter().zip(&others).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum();
            for level in Level::all() {
                let found = product(level, &numbers, &other, &quarters);
                prop_assert_eq!(i64::from(found), exact, "{:?}", level);
            }
        }
    }

    #[test]
    fn the_largest_sum_fits() {
        // The lowest step with the lowest quarter.
        let (steps, quarters) = ([0x80; 4096], [0b1010_1010; 1024]);
        let numbers = numbers(CodeRef { scale: 1.0, steps: &steps, quarters: &quarters });
        for level in Level::all() {
            assert_eq!(product(level, &numbers, &steps, &quarters), 514 * 514 * 4096);
        }
    }
}
