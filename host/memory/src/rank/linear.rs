//! A sum of weighed features: of all rows of a question those that answer it should have the largest sums.

use serde::{Deserialize, Serialize};

use super::Weight;

/// Features count within these bounds: a record that stands out by ten deviations is no better than one by six, and
/// where conversations are unlike those of the training, only what is far out differs much.
const BOUNDS: (f32, f32) = (-3.0, 6.0);

/// A score from the features of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    weights: Vec<Weight>,
}

impl Linear {
    /// The sum of features of which each has a weight.
    pub fn of(weights: Vec<Weight>) -> Self {
        Self { weights }
    }

    /// The score of a row: higher is better.
    ///
    /// # Panics
    /// When the row has another number of features than those of the training.
    pub fn score(&self, row: &[f32]) -> f64 {
        assert_eq!(row.len(), self.weights.len(), "a row has the features of the training");
        self.weights
            .iter()
            .zip(row)
            .map(|(it, value)| it.weight * it.scaled(Self::bounded(*value)))
            .sum()
    }

    /// How many features a row has.
    pub fn features(&self) -> usize {
        self.weights.len()
    }

    /// What each feature counts, all on one scale: the sign is the direction.
    pub fn weights(&self) -> impl Iterator<Item = f64> {
        self.weights.iter().map(|it| it.weight)
    }

    /// What a feature counts as: what is far out counts as what is at a bound, and what is no number stays none.
    pub fn bounded(value: f32) -> f32 {
        value.clamp(BOUNDS.0, BOUNDS.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_far_out_or_no_number_counts_within_bounds() {
        let model = Linear::of(vec![Weight { mean: 0.5, deviation: 0.5, weight: 2.0 }]);
        let score = |value| model.score(&[value]);
        assert_eq!([score(0.5), score(1.0)], [0.0, 2.0]);
        assert_eq!(score(6.0), score(1e30));
        assert!(score(6.0) > score(5.0));
        assert_eq!(score(f32::NEG_INFINITY), score(-3.0));
        assert_eq!(score(f32::NAN), 0.0, "it says nothing");
    }
}
