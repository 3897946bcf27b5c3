//! A sum and a forest side by side.
//!
//! What a sum learned holds for talk of another kind, since it has nothing to say but how much each signal counts. A
//! forest knows that one signal counts where another is absent, and is easily wrong where talk is of another kind. Where both err,
//! they err differently.

use serde::{Deserialize, Serialize};

use super::{Forest, Linear};

/// A score from the features of a row: of a sum and of a forest, each on a scale of its own, so that they count alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranker {
    linear: Linear,
    forest: Forest,
}

impl Ranker {
    /// Both of them, each on a scale on which it counts as much as the other.
    ///
    /// # Panics
    /// When they read rows of different lengths.
    pub fn of(linear: Linear, forest: Forest) -> Self {
        assert_eq!(linear.features(), forest.features(), "both read the same rows");
        Self { linear, forest }
    }

    /// The score of a row: higher is better.
    ///
    /// # Panics
    /// When the row has another number of features than those of the training.
    pub fn score(&self, row: &[f32]) -> f64 {
        self.linear.score(row) + self.forest.score(row)
    }

    /// The scores of many rows, each as [`Ranker::score`] says.
    ///
    /// # Panics
    /// When a row has another number of features than those of the training.
    pub fn scores(&self, rows: &[&[f32]]) -> Vec<f64> {
        let of_forest = self.forest.scores(rows);
        rows.iter().zip(of_forest).map(|(row, it)| self.linear.score(row) + it).collect()
    }

    /// How many features a row has.
    pub fn features(&self) -> usize {
        self.forest.features()
    }

    /// The sum.
    pub fn linear(&self) -> &Linear {
        &self.linear
    }

    /// The forest.
    pub fn forest(&self) -> &Forest {
        &self.forest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::{Split, Tree, Weight};

    #[test]
    fn many_rows_score_as_one_by_one_and_bytes_keep_it() {
        let weight = |weight| Weight { mean: 0.5, deviation: 2.0, weight };
        let linear = Linear::of(vec![weight(1.0), weight(-0.3)]);
        let split = Split { feature: 1, threshold: 2.0, children: [!0, !1] };
        let tree = Tree { splits: vec![split], leaves: vec![0.1, -0.7] };
        let ranker = Ranker::of(linear, Forest::of(2, &[tree]).unwrap());
        assert_eq!(ranker.score(&[2.5, 2.5]), 1.0 - 0.3 + f64::from(-0.7_f32));
        let features: Vec<f32> = (0..400).map(|it| (it * 37 % 101) as f32 / 20.0).collect();
        let rows: Vec<&[f32]> = features.chunks(2).collect();
        let scores: Vec<f64> = rows.iter().map(|it| ranker.score(it)).collect();
        assert_eq!(ranker.scores(&rows), scores);
        let bytes = rmp_serde::to_vec(&ranker).unwrap();
        assert_eq!(rmp_serde::from_slice::<Ranker>(&bytes).unwrap(), ranker);
    }
}
