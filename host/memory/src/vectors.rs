//! Vectors of the records of a shard: what they mean, as far as an encoder knows.
//!
//! A record has at most one, of its own text alone: a vector of a text with its neighbours would still tell of
//! a neighbour that was forgotten. They are kept as whole numbers of one byte with one scale, which changes a
//! cosine by less than 0.01, and compared all.

use serde::{Deserialize, Serialize};

/// Most dimensions of a vector.
pub const DIMENSIONS_MAX: usize = 4096;

/// A vector of length one, as whole numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Code {
    /// What a step is worth.
    scale: f32,
    /// The steps, as bytes.
    #[serde(with = "serde_bytes")]
    steps: Vec<u8>,
}

impl Code {
    /// The code of `vector`, whatever its length. None where it has no direction: all zero, or something
    /// that is no number.
    pub(crate) fn of(vector: &[f32]) -> Option<Self> {
        let length = vector.iter().map(|it| f64::from(*it).powi(2)).sum::<f64>().sqrt();
        if !length.is_finite() || length <= f64::from(f32::MIN_POSITIVE) {
            return None;
        }
        let largest = vector.iter().fold(0_f32, |it, other| it.max(other.abs()));
        let step = f64::from(largest) / 127.0;
        let steps = vector.iter().map(|it| (f64::from(*it) / step).round() as i8 as u8).collect();
        Some(Self { scale: (step / length) as f32, steps })
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.steps.len()
    }

    /// The cosine of the angle between two, of as many dimensions.
    pub(crate) fn cosine(&self, other: &Self) -> f64 {
        let product: i32 = self
            .steps
            .iter()
            .zip(&other.steps)
            .map(|(one, other)| i32::from(*one as i8) * i32::from(*other as i8))
            .sum();
        f64::from(product) * f64::from(self.scale) * f64::from(other.scale)
    }
}

/// The vectors of a shard, by place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vectors {
    codes: Vec<Option<Code>>,
    count: usize,
}

impl Vectors {
    /// Takes in the vector of a record, in place of the one that it had.
    pub(crate) fn set(&mut self, place: u32, code: Code) {
        let place = place as usize;
        if self.codes.len() <= place {
            self.codes.resize(place + 1, None);
        }
        self.count += usize::from(self.codes[place].is_none());
        self.codes[place] = Some(code);
    }

    /// Lets that of a record go.
    pub(crate) fn remove(&mut self, place: u32) {
        if let Some(code) = self.codes.get_mut(place as usize) {
            self.count -= usize::from(code.take().is_some());
        }
    }

    /// That of a record.
    pub(crate) fn of(&self, place: u32) -> Option<&Code> {
        self.codes.get(place as usize)?.as_ref()
    }

    /// All, by place.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u32, &Code)> {
        let all = self.codes.iter().enumerate();
        all.filter_map(|(place, code)| Some((place as u32, code.as_ref()?)))
    }

    /// How many records have vectors.
    pub(crate) fn len(&self) -> usize {
        self.count
    }
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
