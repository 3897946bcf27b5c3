//! Shades of vectors: what their sketches leave open, a second bit for each number.
//!
//! A sketch says on which side of zero a number of the rotated vector lies, its shade whether it lies far from it: beyond
//! one standard deviation of the vector's numbers. Together they are whole numbers, 3, 1, -1 or -3, and a cosine is
//! estimated from them as from the signs alone (Extended RaBitQ, Gao and others 2025). At 384 dimensions the error is
//! about 0.0176 for vectors that have nothing in common, half of that of a sketch.
//!
//! All sketches are scanned for a question, and shades are looked at of the best of them only: they lie in a list of
//! their own.
//!
//! ```text
//! row: whether it lies far, eight a byte, as in a sketch | 2^13 / cosine(vector, whole numbers), u16 little-endian,
//!      the length of the whole numbers taken as if they were signs | first two bytes of the BLAKE3 hash of all that
//! ```
//!
//! The check is for who reads a row alone, which no other hash speaks for.

use super::{
    CodeRef,
    level::{Level, for_each_level},
    scan::{LINE, Line, Steps},
    sketch::{Turned, write_turned},
};

/// Planes of a question's steps: finer than those of the scan, since few rows meet them.
const PLANES: usize = 4;

/// What a step is worth, in standard deviations: see that of the scan.
const STEP: f32 = 0.35;

/// How far from zero is far, in standard deviations: the least error of four whole numbers that are as far from each
/// other, for what is spread as a normal distribution is.
const FAR: f64 = 1.0;

/// Bytes of a row's check, behind as many of its cosine.
const CHECK: usize = 2;

/// What a cosine of 1 is kept as: an eighth of what sketches have for it, and more than enough for an error of 0.01.
const INVERSE: f64 = 8192.0;

/// The square of an estimate's usual error, times the numbers of a rotated vector, of vectors that have nothing in common:
/// `1 / (a b) - 1`, where `a` and `b` are the squares of the cosines of vector and question with their whole numbers, 0.881
/// and 0.987.
pub(super) const VARIANCE: f64 = 0.15;

/// The steps of a question that meet sketch and shade.
pub(super) type Fine = Steps<PLANES>;

impl Fine {
    pub(super) fn of(question: &Turned, row_bytes: usize) -> Self {
        Self::rounded(question, row_bytes, STEP)
    }
}

/// Writes sketch and shade of a vector.
pub fn write_both(code: CodeRef<'_>, sketch: &mut [u8], shade: &mut [u8]) {
    let turned = Turned::of(code, Level::best());
    write_turned(&turned, sketch);
    write_shade(&turned, shade);
}

pub(super) fn write_shade(turned: &Turned, row: &mut [u8]) {
    turned.clear(row);
    let count = (turned.numbers.len() as f64).sqrt();
    let far = (FAR * turned.length / count) as f32;
    // Lanes, not one sum after the other: the order is part of the format.
    let mut sums = [0.0_f32; 8];
    let (bits, tail) = row.split_at_mut(turned.numbers.len() / 8);
    for (byte, eight) in bits.iter_mut().zip(turned.numbers.as_chunks::<8>().0) {
        for (at, (sum, number)) in sums.iter_mut().zip(eight).enumerate() {
            let number = number.abs();
            let is_far = number > far;
            *byte |= u8::from(is_far) << at;
            *sum += number * if is_far { 3.0 } else { 1.0 };
        }
    }
    let sum: f64 = sums.into_iter().map(f64::from).sum();
    if sum > 0.0 {
        let inverse = (turned.length * count / sum * INVERSE).round() as u16;
        tail[..CHECK].copy_from_slice(&inverse.to_le_bytes());
        let check = check(row);
        let end = row.len() - CHECK;
        row[end..].copy_from_slice(&check);
    }
}

/// Whether a row is what was written, or that of no vector.
pub(super) fn is_whole(row: &[u8]) -> bool {
    row.ends_with(&check(row)) || row.iter().all(|it| *it == 0)
}

fn check(row: &[u8]) -> [u8; CHECK] {
    let [first, second, ..] = *blake3::hash(&row[..row.len() - CHECK]).as_bytes();
    [first, second]
}

/// What a row says of its cosine, as a sketch does.
fn inverse(row: &[u8]) -> i32 {
    let [.., low, high, _, _] = *row else { return 0 };
    i32::from(u16::from_le_bytes([low, high])) << 3
}

/// The estimate from a sketch and a shade, as [`super::sketch::Probe::estimate`].
pub(super) fn estimate(level: Level, steps: &Fine, sketch: &[u8], shade: &[u8]) -> i32 {
    steps.finish(product(level, steps.total, &steps.lines, sketch, shade), inverse(shade))
}

for_each_level! {
    /// The sum of the steps times the whole numbers that the rows hold together.
    ///
    /// A step counts once, and twice more where the shade says far: up, or down where the sketch has another sign.
    fn product(level, total: i64, lines: &[Line<PLANES>], sketch: &[u8], shade: &[u8]) -> i64 {
        let mut sum = 0;
        let rows = sketch.chunks(LINE).zip(shade.chunks(LINE));
        for (line, (sketch, shade)) in lines.iter().zip(rows) {
            let [signs, planes @ ..] = &line.0;
            let rows = words(sketch).zip(words(shade)).zip(words(signs));
            for (at, ((sketch, far), signs)) in rows.enumerate() {
                let others = sketch ^ signs;
                for (worth, plane) in planes.iter().enumerate() {
                    let steps = u64::from_le_bytes(plane.as_chunks::<8>().0[at]);
                    let count = |which: u64| i64::from((which & steps).count_ones());
                    let there = count(far) - count(others) - 2 * count(far & others);
                    sum += there << worth;
                }
            }
        }
        total + 2 * sum
    }
}

/// The bytes of a row as whole words, which it is a multiple of.
#[inline(always)]
fn words(row: &[u8]) -> impl Iterator<Item = u64> {
    row.as_chunks::<8>().0.iter().map(|it| u64::from_le_bytes(*it))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors::{
        Code,
        sketch::{NONE, ONE, Probe, TAIL, row_bytes},
    };

    /// Sketch and shade of a vector.
    fn rows(code: &Code) -> (Vec<u8>, Vec<u8>) {
        let bytes = row_bytes(code.dimensions());
        let (mut sketch, mut shade) = (vec![7; bytes], vec![7; bytes]);
        write_both(code.borrowed(), &mut sketch, &mut shade);
        (sketch, shade)
    }

    fn vector(dimensions: usize) -> impl Strategy<Value = Code> {
        proptest::collection::vec(-1.0_f32..1.0, dimensions)
            .prop_filter_map("it has a direction", |it| Code::of(&it))
    }

    /// A question and a vector of as many dimensions.
    fn any_two() -> impl Strategy<Value = (Code, Code)> {
        let dimensions = prop_oneof![Just(384_usize), Just(1), Just(4096), 1_usize..1600];
        dimensions.prop_flat_map(|it| (vector(it), vector(it)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_level_estimates_alike((question, code) in any_two(), noise in any::<u64>()) {
            let (mut sketch, mut shade) = rows(&code);
            // Rows from a broken disk too: whatever they hold, all agree on it.
            let every = (noise % 5) as usize + 3;
            if noise % 2 == 0 {
                for (at, byte) in sketch.iter_mut().chain(&mut shade).enumerate() {
                    *byte ^= if at % every == 0 { (noise >> (at % 57)) as u8 } else { 0 };
                }
            }
            let of = |level| Probe::at(&question, level).estimate_closer(&sketch, &shade);
            let all = Level::all();
            let expected = of(all[0]);
            for level in all {
                prop_assert_eq!(of(level), expected, "{:?}", level);
            }
            prop_assert!(expected == NONE || expected.abs() <= 2 * ONE);
        }

        #[test]
        fn a_product_is_that_of_the_whole_numbers((question, code) in any_two()) {
            let (sketch, shade) = rows(&code);
            let bytes = sketch.len();
            let fine = Fine::of(&Turned::of(question.borrowed(), Level::best()), bytes);
            let bit = |row: &[u8], at: usize| i64::from(row[at / 8] >> (at % 8) & 1);
            let expected: i64 = (0..(bytes - TAIL) * 8).map(|at| {
                let plane = |it: usize| bit(&fine.lines[at / 8 / LINE].0[it], at % (8 * LINE));
                let step = (2 * plane(0) - 1) * (plane(1) + 2 * plane(2) + 4 * plane(3));
                step * (2 * bit(&sketch, at) - 1) * (1 + 2 * bit(&shade, at))
            }).sum();
            let found = product(Level::best(), fine.total, &fine.lines, &sketch, &shade);
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn a_vector_is_near_itself_and_far_from_its_opposite((question, _) in any_two()) {
            let numbers: Vec<f32> = question.steps.iter().map(|it| -f32::from(*it as i8)).collect();
            let probe = Probe::of(&question);
            let (sketch, shade) = rows(&question);
            let found = probe.estimate_closer(&sketch, &shade);
            prop_assert!((found - ONE).abs() < ONE / 20, "{}", found);
            if let Some(opposite) = Code::of(&numbers) {
                let (sketch, shade) = rows(&opposite);
                let found = probe.estimate_closer(&sketch, &shade);
                prop_assert!((found + ONE).abs() < ONE / 20, "{}", found);
            }
        }

        /// Within six times the usual error, which is three times that of a sketch.
        #[test]
        fn an_estimate_is_near_the_cosine(
            one in proptest::collection::vec(-1.0_f32..1.0, 384),
            other in proptest::collection::vec(-1.0_f32..1.0, 384),
            share in 0.0_f32..1.0,
        ) {
            let mixed: Vec<f32> = one.iter().zip(&other).map(|(a, b)| a * share + b).collect();
            if let (Some(one), Some(mixed)) = (Code::of(&one), Code::of(&mixed)) {
                let (sketch, shade) = rows(&mixed);
                let found = Probe::of(&one).estimate_closer(&sketch, &shade);
                let error = f64::from(found) / f64::from(ONE) - one.cosine(&mixed);
                prop_assert!(error.abs() < 0.106, "{error}");
            }
        }
    }

    #[test]
    fn the_format_on_the_disk_stays() {
        let vector: Vec<f32> = (0..384).map(|it| ((it * 37 + 11) % 101) as f32 - 50.0).collect();
        let mut row = [0; 64];
        let code = Code::of(&vector).expect("it has a direction");
        write_both(code.borrowed(), &mut [0; 64], &mut row);
        expect_test::expect!["05674abb6458c262083fd3f10b01f0966da0d020f06d1bc884a734851c243f41"]
            .assert_eq(&blake3::hash(&row).to_hex());
    }

    #[test]
    fn what_a_disk_changed_is_seen() {
        let vector: Vec<f32> = (0..384).map(|it| ((it * 53 + 7) % 89) as f32 - 44.0).collect();
        let mut shade = rows(&Code::of(&vector).expect("it has a direction")).1;
        for byte in 0..shade.len() {
            assert!(is_whole(&shade));
            for by in [1, 16, 128, 255] {
                shade[byte] ^= by;
                assert!(!is_whole(&shade), "{byte} {by}");
                shade[byte] ^= by;
            }
        }
    }

    #[test]
    fn a_row_without_a_vector_says_so() {
        let code = Code::of(&[0.5; 384]).expect("it has a direction");
        let probe = Probe::of(&code);
        assert_eq!(probe.estimate_closer(&[0; 64], &[0; 64]), NONE);
        let nothing = Code { scale: 1.0, steps: vec![0; 384], quarters: vec![0; 96] };
        let (sketch, shade) = rows(&nothing);
        assert_eq!((sketch.as_slice(), shade.as_slice()), ([0; 64].as_slice(), [0; 64].as_slice()));
        assert!(is_whole(&shade));
        let (sketch, shade) = rows(&code);
        assert_eq!(Probe::of(&nothing).estimate_closer(&sketch, &shade), 0);
    }
}
