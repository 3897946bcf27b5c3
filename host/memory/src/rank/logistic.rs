//! Logistic regression: a few signals become a probability.

use serde::{Deserialize, Serialize};

/// A probability from the features of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Logistic {
    intercept: f64,
    weights: Vec<Weight>,
}

/// One feature: how it is brought to mean zero and deviation one, and what it counts then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weight {
    /// What is zero on the common scale.
    pub mean: f64,
    /// What is one on it, from there.
    pub deviation: f64,
    /// What one counts.
    pub weight: f64,
}

impl Weight {
    /// The feature on the common scale. One that is not finite says nothing: it counts as the mean.
    pub fn scaled(&self, value: f32) -> f64 {
        if value.is_finite() { (f64::from(value) - self.mean) / self.deviation } else { 0.0 }
    }
}

impl Logistic {
    /// The model of features of which each has a weight, and of what counts without any.
    pub fn of(intercept: f64, weights: Vec<Weight>) -> Self {
        Self { intercept, weights }
    }

    /// How probable it is that a row's label is true.
    ///
    /// # Panics
    /// When the row has another number of features than those of the training.
    pub fn probability(&self, row: &[f32]) -> f64 {
        assert_eq!(row.len(), self.weights.len(), "a row has the features of the training");
        let weighed = self.weights.iter().zip(row).map(|(it, value)| it.weight * it.scaled(*value));
        sigmoid(self.intercept + weighed.sum::<f64>())
    }

    /// What each feature counts, all on one scale: the sign is the direction.
    pub fn weights(&self) -> impl Iterator<Item = f64> {
        self.weights.iter().map(|it| it.weight)
    }
}

fn sigmoid(it: f64) -> f64 {
    1.0 / (1.0 + (-it).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_counts_from_its_mean_and_one_that_is_no_number_counts_as_it() {
        let weight = Weight { mean: 1.0, deviation: 2.0, weight: 3.0_f64.ln() };
        let model = Logistic::of(0.0, vec![weight]);
        let told = |value| model.probability(&[value]);
        assert_eq!([told(1.0), told(f32::NAN), told(f32::INFINITY)], [0.5; 3]);
        assert!((told(3.0) - 0.75).abs() < 1e-12 && (told(-1.0) - 0.25).abs() < 1e-12);
        assert!((Logistic::of(9.0_f64.ln(), Vec::new()).probability(&[]) - 0.9).abs() < 1e-12);
    }
}
