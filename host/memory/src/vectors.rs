//! Vectors of the records of a shard: what they mean, as far as an encoder knows.
//!
//! A record has at most one, of its own text alone: a vector of a text with its neighbours would still tell of
//! a neighbour that was forgotten. They are kept as whole numbers of one byte with one scale, which changes a
//! cosine by less than 0.01.
//!
//! Many are searched in two stages: [`sketch::Probe`] estimates the cosines with all from their sketches,
//! [`select::best`] names the best of the estimates, and those are compared exactly, by [`CodeRef::cosine`].

mod level;
mod product;
mod rotation;
mod scan;
pub mod select;
pub mod sketch;

use serde::{Deserialize, Serialize};

use self::level::Level;

/// Most dimensions of a vector.
pub const DIMENSIONS_MAX: usize = 4096;

/// A vector of length one, as whole numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// What a step is worth.
    scale: f32,
    /// The steps, as bytes.
    #[serde(with = "serde_bytes")]
    steps: Vec<u8>,
}

impl Code {
    /// The code of `vector`, whatever its length. None where it has no direction: all zero, or something
    /// that is no number.
    pub fn of(vector: &[f32]) -> Option<Self> {
        let length = vector.iter().map(|it| f64::from(*it).powi(2)).sum::<f64>().sqrt();
        if !length.is_finite() || length <= f64::from(f32::MIN_POSITIVE) {
            return None;
        }
        let largest = vector.iter().fold(0_f32, |it, other| it.max(other.abs()));
        let step = f64::from(largest) / 127.0;
        let steps = vector.iter().map(|it| (f64::from(*it) / step).round() as i8 as u8).collect();
        Some(Self { scale: (step / length) as f32, steps })
    }

    /// Numbers in the vector.
    pub fn dimensions(&self) -> usize {
        self.steps.len()
    }

    /// Whether each of its numbers is negative.
    pub(crate) fn signs(&self) -> impl Iterator<Item = bool> {
        self.steps.iter().map(|it| (*it).cast_signed() < 0)
    }

    /// The same, borrowed.
    pub fn borrowed(&self) -> CodeRef<'_> {
        CodeRef { scale: self.scale, steps: &self.steps }
    }

    /// The cosine of the angle between two, of as many dimensions.
    pub fn cosine(&self, other: &Self) -> f64 {
        self.borrowed().cosine(other.borrowed())
    }
}

/// A vector of length one whose numbers lie elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodeRef<'a> {
    /// What a step is worth.
    pub scale: f32,
    /// The steps: signed bytes.
    pub steps: &'a [u8],
}

impl CodeRef<'_> {
    /// The cosine of the angle between two, of as many dimensions.
    pub fn cosine(self, other: CodeRef<'_>) -> f64 {
        let product = product::product(Level::best(), self.steps, other.steps);
        f64::from(product) * f64::from(self.scale) * f64::from(other.scale)
    }
}

/// The vectors of a shard, by place: all of one encoder.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vectors {
    /// Numbers of each vector.
    dimensions: usize,
    /// By place: its sketch, all zero where there is no vector.
    sketches: Vec<u8>,
    /// By place: what a step is worth, zero where there is no vector.
    scales: Vec<f32>,
    /// By place: its steps.
    steps: Vec<u8>,
    count: usize,
}

impl Vectors {
    /// Takes in the vector of a record, in place of the one that it had.
    pub(crate) fn set(&mut self, place: u32, code: &Code) {
        if self.count == 0 {
            *self = Self { dimensions: code.dimensions(), ..Self::default() };
        }
        assert_eq!(code.dimensions(), self.dimensions, "a store has vectors of one encoder");
        let (place, row) = (place as usize, self.row_bytes());
        if self.scales.len() <= place {
            lengthen(&mut self.scales, place + 1);
            lengthen(&mut self.steps, (place + 1) * self.dimensions);
            lengthen(&mut self.sketches, (place + 1) * row);
        }
        self.count += usize::from(self.scales[place] == 0.0);
        self.scales[place] = code.scale;
        self.steps[place * self.dimensions..][..self.dimensions].copy_from_slice(&code.steps);
        sketch::write(code.borrowed(), &mut self.sketches[place * row..][..row]);
    }

    /// Lets that of a record go.
    pub(crate) fn remove(&mut self, place: u32) {
        let place = place as usize;
        if self.scales.get(place).is_some_and(|it| *it != 0.0) {
            self.count -= 1;
            self.scales[place] = 0.0;
            self.steps[place * self.dimensions..][..self.dimensions].fill(0);
            let row = self.row_bytes();
            self.sketches[place * row..][..row].fill(0);
        }
    }

    /// That of a record.
    pub(crate) fn of(&self, place: u32) -> Option<CodeRef<'_>> {
        let place = place as usize;
        let scale = *self.scales.get(place).filter(|it| **it != 0.0)?;
        Some(CodeRef { scale, steps: &self.steps[place * self.dimensions..][..self.dimensions] })
    }

    /// All, by place.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u32, CodeRef<'_>)> {
        (0..self.scales.len() as u32).filter_map(|place| Some((place, self.of(place)?)))
    }

    /// Estimates of the cosines with all, by place: none for those that lie behind the last vector.
    pub(crate) fn estimates(&self, probe: &sketch::Probe) -> Vec<i32> {
        let mut estimates = vec![sketch::NONE; self.scales.len()];
        if self.count > 0 {
            probe.estimate(&self.sketches, &mut estimates);
        }
        estimates
    }

    /// How many records have vectors.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Places up to that of the last vector.
    pub(crate) fn places(&self) -> usize {
        self.scales.len()
    }

    /// Dimensions, sketches, scales and steps, by place.
    pub(crate) fn arrays(&self) -> (usize, &[u8], &[f32], &[u8]) {
        (self.dimensions, &self.sketches, &self.scales, &self.steps)
    }

    /// From the arrays; none where they do not belong together.
    pub(crate) fn of_arrays(
        dimensions: usize,
        sketches: Vec<u8>,
        scales: Vec<f32>,
        steps: Vec<u8>,
    ) -> Option<Self> {
        let count = scales.iter().filter(|it| **it != 0.0).count();
        let fits = dimensions <= DIMENSIONS_MAX
            && scales.iter().all(|it| it.is_finite())
            && steps.len() == scales.len() * dimensions
            && sketches.len() == scales.len() * sketch::row_bytes(dimensions);
        fits.then_some(Self { dimensions, sketches, scales, steps, count })
    }

    fn row_bytes(&self) -> usize {
        sketch::row_bytes(self.dimensions)
    }
}

/// Lengthens with zeros, with room for an eighth more: doubling would leave half of a large store's memory unused.
fn lengthen<T: Clone + Default>(list: &mut Vec<T>, length: usize) {
    if list.capacity() < length {
        list.reserve_exact(length + length / 8 - list.len());
    }
    list.resize(length, T::default());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_has_no_direction_has_no_code() {
        for vector in [vec![], vec![0.0; 4], vec![f32::NAN, 1.0], vec![f32::INFINITY, 1.0]] {
            assert_eq!(Code::of(&vector), None, "{vector:?}");
        }
        assert!(Code::of(&[1e30, 1e30]).is_some());
    }

    proptest! {
        #[test]
        fn a_cosine_is_the_exact_product_of_the_steps(
            one in proptest::collection::vec(-1.0_f32..1.0, 1..500),
        ) {
            let other: Vec<f32> = one.iter().rev().map(|it| it + 0.25).collect();
            if let (Some(one), Some(other)) = (Code::of(&one), Code::of(&other)) {
                let steps = one.steps.iter().zip(&other.steps);
                let product: i32 =
                    steps.map(|(one, other)| i32::from(*one as i8) * i32::from(*other as i8)).sum();
                let expected = f64::from(product) * f64::from(one.scale) * f64::from(other.scale);
                prop_assert_eq!(one.cosine(&other).to_bits(), expected.to_bits());
            }
        }

        #[test]
        fn a_code_changes_a_cosine_by_less_than_a_hundredth(
            one in proptest::collection::vec(-1.0_f32..1.0, 384),
            other in proptest::collection::vec(-1.0_f32..1.0, 384),
        ) {
            let length = |it: &[f32]| it.iter().map(|it| f64::from(*it).powi(2)).sum::<f64>().sqrt();
            let product: f64 =
                one.iter().zip(&other).map(|(one, other)| f64::from(*one) * f64::from(*other)).sum();
            let exact = product / length(&one) / length(&other);
            let coded = Code::of(&one).unwrap().cosine(&Code::of(&other).unwrap());
            prop_assert!((exact - coded).abs() < 0.01, "{exact} {coded}");
        }
    }
}
