//! Sketches of vectors: a sign a dimension and one number, from which a cosine can be estimated.
//!
//! A vector is rotated (`rotation.rs`), and of each number only its sign is kept, with the cosine between the
//! vector and its signs. The vector of a question stays finer: three bits a number. The estimate
//!
//! ```text
//! cosine(question, vector) = cosine(question, signs) / cosine(vector, signs), about
//! ```
//!
//! is right on average, and its error falls with the root of the dimensions (RaBitQ, Gao and Long 2024). At 384
//! dimensions it is about 0.037 for vectors that have nothing in common, and less for near ones. The best are
//! estimated again with a bit more of each number (`shade.rs`).
//!
//! What is left of a row beside the one number holds signs too: a vector is filled up with zeros before it is
//! rotated. 384 dimensions become 480 signs, which make the error a tenth smaller and cost nothing.
//!
//! ```text
//! row: signs, eight a byte, the first in the lowest bit | 2^16 / cosine(vector, signs), u32 little-endian
//! ```
//!
//! All sums are of whole numbers: every machine, and every split of the rows, gives the same estimates.

use super::{
    Code, CodeRef,
    level::Level,
    rotation::rotate,
    scan::{self, Coarse},
    shade::{self, Fine},
};

/// The estimate of a cosine of 1.
pub const ONE: i32 = 1 << 20;

/// The estimate of a row that has no vector: below every other.
pub const NONE: i32 = i32::MIN;

/// Bytes at the end of a row that hold no signs.
pub(super) const TAIL: usize = size_of::<u32>();

/// What a row is a multiple of.
const GRAIN: usize = 16;

/// Bytes of a row, for vectors of so many dimensions: 64 for 384, a multiple of 16.
pub fn row_bytes(dimensions: usize) -> usize {
    (dimensions.div_ceil(8) + GRAIN).next_multiple_of(GRAIN)
}

/// Writes the sketch of a vector into a row of `row_bytes`. A row that is all zero has no vector.
pub fn write(code: CodeRef<'_>, row: &mut [u8]) {
    write_turned(&Turned::of(code, Level::best()), row);
}

/// The same of a vector that is rotated.
pub(super) fn write_turned(turned: &Turned, row: &mut [u8]) {
    turned.clear(row);
    // Lanes, not one sum after the other: the order is part of the format.
    let mut sums = [0.0_f32; 8];
    for eight in turned.numbers.as_chunks::<8>().0 {
        for (sum, number) in sums.iter_mut().zip(eight) {
            *sum += number.abs();
        }
    }
    let sum: f64 = sums.into_iter().map(f64::from).sum();
    if sum == 0.0 {
        return;
    }
    let (signs, tail) = row.split_at_mut(turned.numbers.len() / 8);
    for (byte, eight) in signs.iter_mut().zip(turned.numbers.as_chunks::<8>().0) {
        *byte = eight.iter().rev().fold(0, |byte, number| byte << 1 | u8::from(*number >= 0.0));
    }
    let inverse = turned.length * (turned.numbers.len() as f64).sqrt() / sum;
    tail.copy_from_slice(&((inverse * 65_536.0).round() as u32).to_le_bytes());
}

/// A vector, rotated.
#[derive(Debug)]
pub(super) struct Turned {
    /// As many as a row has signs.
    pub(super) numbers: Vec<f32>,
    pub(super) length: f64,
}

impl Turned {
    /// Makes a row ready that is to hold something of it.
    pub(super) fn clear(&self, row: &mut [u8]) {
        assert_eq!(row.len(), self.numbers.len() / 8 + TAIL, "a row is as long as its vector asks");
        row.fill(0);
    }

    pub(super) fn of(code: CodeRef<'_>, level: Level) -> Self {
        let mut numbers = vec![0.0; (row_bytes(code.steps.len()) - TAIL) * 8];
        for (number, step) in numbers.iter_mut().zip(code.steps) {
            *number = f32::from(*step as i8);
        }
        // Exact, other than the sum of what is rotated.
        let squares: i64 = code.steps.iter().map(|it| i64::from(*it as i8).pow(2)).sum();
        rotate(level, &mut numbers);
        Self { numbers, length: (squares as f64).sqrt() }
    }
}

/// The vector of a question, made ready to be compared with sketches.
#[derive(Clone, Debug)]
pub struct Probe {
    level: Level,
    row_bytes: usize,
    coarse: Coarse,
    fine: Fine,
}

impl Probe {
    /// Makes a vector ready.
    pub fn of(code: &Code) -> Self {
        Self::at(code, Level::best())
    }

    pub(super) fn at(code: &Code, level: Level) -> Self {
        Self::of_turned(&Turned::of(code.borrowed(), level), level)
    }

    /// Makes one ready that is rotated.
    pub(super) fn of_turned(turned: &Turned, level: Level) -> Self {
        let row_bytes = turned.numbers.len() / 8 + TAIL;
        let (coarse, fine) = (Coarse::of(turned, row_bytes), Fine::of(turned, row_bytes));
        Self { level, row_bytes, coarse, fine }
    }

    /// Bytes of the rows that it is compared with.
    pub(super) fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    /// Estimates of the cosines with the vectors of the rows, in parts of [`ONE`], into `out`: one a row,
    /// [`NONE`] where it has no vector. The rows are of vectors of as many dimensions, one after the other.
    ///
    /// An estimate can be a little above `ONE`, and is always between `-2 * ONE` and `2 * ONE`.
    pub fn estimate(&self, rows: &[u8], out: &mut [i32]) {
        assert_eq!(rows.len(), out.len() * self.row_bytes, "an estimate a row");
        scan::estimate(self.level, &self.coarse, self.row_bytes, rows, out);
    }

    /// A better estimate of the cosine with one, from its sketch and its shade.
    #[inline]
    pub fn estimate_closer(&self, sketch: &[u8], shade: &[u8]) -> i32 {
        shade::estimate(self.level, &self.fine, sketch, shade)
    }

    /// How wrong that usually is, of a vector with such a cosine: less of near ones.
    pub(crate) fn error_closer(&self, cosine: f64) -> f64 {
        let numbers = ((self.row_bytes - TAIL) * 8) as f64;
        (shade::VARIANCE / numbers * (1.0 - cosine * cosine).max(0.0)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Rows of the codes, none where there is none.
    fn rows(codes: &[Option<Code>], dimensions: usize) -> Vec<u8> {
        let bytes = row_bytes(dimensions);
        let mut rows = vec![0; codes.len() * bytes];
        for (code, row) in codes.iter().zip(rows.chunks_exact_mut(bytes)) {
            if let Some(code) = code {
                write(code.borrowed(), row);
            }
        }
        rows
    }

    fn estimates(probe: &Probe, rows: &[u8]) -> Vec<i32> {
        let mut out = vec![7; rows.len() / probe.row_bytes];
        probe.estimate(rows, &mut out);
        out
    }

    fn dimensions() -> impl Strategy<Value = usize> {
        prop_oneof![
            Just(384_usize),
            Just(1),
            Just(4096),
            prop_oneof![Just(256_usize), Just(768), Just(1024), Just(1536)],
            1_usize..700
        ]
    }

    /// A question and vectors of as many dimensions, some missing.
    fn any_codes() -> impl Strategy<Value = (Code, Vec<Option<Code>>)> {
        dimensions().prop_flat_map(|dimensions| {
            let vector = || {
                proptest::collection::vec(-1.0_f32..1.0, dimensions)
                    .prop_filter_map("it has a direction", |it| Code::of(&it))
            };
            (vector(), proptest::collection::vec(proptest::option::weighted(0.9, vector()), 0..40))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_level_estimates_alike((question, codes) in any_codes(), noise in any::<u64>()) {
            let mut rows = rows(&codes, question.dimensions());
            // Rows from a broken disk too: whatever they hold, all agree on it.
            let every = (noise % 5) as usize + 3;
            if noise % 2 == 0 {
                for (at, byte) in rows.iter_mut().enumerate().filter(|(at, _)| at % every == 0) {
                    *byte ^= (noise >> (at % 57)) as u8;
                }
            }
            let all = Level::all();
            let expected = estimates(&Probe::at(&question, all[0]), &rows);
            for level in all {
                prop_assert_eq!(&estimates(&Probe::at(&question, level), &rows), &expected, "{:?}", level);
            }
            for estimate in expected {
                prop_assert!(estimate == NONE || estimate.abs() <= 2 * ONE);
            }
        }

        #[test]
        fn a_split_changes_no_estimate((question, codes) in any_codes(), split in any::<prop::sample::Index>()) {
            let rows = rows(&codes, question.dimensions());
            let probe = Probe::of(&question);
            let (one, other) = rows.split_at(split.index(codes.len() + 1) * probe.row_bytes);
            let parts = [estimates(&probe, one), estimates(&probe, other)].concat();
            prop_assert_eq!(estimates(&probe, &rows), parts);
        }

        #[test]
        fn a_row_without_a_vector_says_so((question, codes) in any_codes()) {
            let found = estimates(&Probe::of(&question), &rows(&codes, question.dimensions()));
            for (code, estimate) in codes.iter().zip(found) {
                prop_assert_eq!(code.is_none(), estimate == NONE);
            }
        }

        #[test]
        fn a_vector_is_near_itself_and_far_from_its_opposite(
            (question, _) in any_codes(),
        ) {
            let numbers: Vec<f32> = question.steps.iter().map(|it| -f32::from(*it as i8)).collect();
            let opposite = Code::of(&numbers);
            let dimensions = question.dimensions();
            let rows = rows(&[Some(question.clone()), opposite], dimensions);
            let found = estimates(&Probe::of(&question), &rows);
            prop_assert!((found[0] - ONE).abs() < ONE / 20, "{}", found[0]);
            prop_assert!((found[1] + ONE).abs() < ONE / 20, "{}", found[1]);
        }

        #[test]
        fn an_estimate_is_near_the_cosine(
            one in proptest::collection::vec(-1.0_f32..1.0, 384),
            other in proptest::collection::vec(-1.0_f32..1.0, 384),
            share in 0.0_f32..1.0,
        ) {
            let mixed: Vec<f32> = one.iter().zip(&other).map(|(a, b)| a * share + b).collect();
            let (one, mixed) = (Code::of(&one).unwrap(), Code::of(&mixed).unwrap());
            let found = estimates(&Probe::of(&one), &rows(&[Some(mixed.clone())], 384));
            let error = f64::from(found[0]) / f64::from(ONE) - one.cosine(&mixed);
            prop_assert!(error.abs() < 0.2, "{error}");
        }
    }

    #[test]
    fn rows_are_as_long_as_stated() {
        assert_eq!(row_bytes(384), 64);
        for dimensions in 1..=4096 {
            let bytes = row_bytes(dimensions);
            assert!(bytes.is_multiple_of(16) && (bytes - TAIL) * 8 >= dimensions, "{dimensions}");
        }
    }

    #[test]
    fn the_format_on_the_disk_stays() {
        let vector: Vec<f32> = (0..384).map(|it| ((it * 37 + 11) % 101) as f32 - 50.0).collect();
        let mut row = [0; 64];
        write(Code::of(&vector).unwrap().borrowed(), &mut row);
        expect_test::expect!["6fa931ed35405faa5b552560273f2ee79a7193778566b29340a5c67a22843073"]
            .assert_eq(&blake3::hash(&row).to_hex());
    }

    #[test]
    fn a_question_without_a_direction_is_as_far_from_all() {
        let code = Code::of(&[0.5; 384]).unwrap();
        let nothing = Code { scale: 1.0, steps: vec![0; 384], quarters: vec![0; 96] };
        let rows = rows(&[Some(code), Some(nothing.clone())], 384);
        assert_eq!(estimates(&Probe::of(&nothing), &rows), [0, NONE]);
    }
}
