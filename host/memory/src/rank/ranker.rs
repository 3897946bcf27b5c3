//! A sum and a forest side by side.
//!
//! What a sum learned holds for talk of another kind, since it has nothing to say but how much each signal counts. A
//! forest knows that one signal counts where another is absent, and is easily wrong where talk is of another kind. Where both err,
//! they err differently.

use serde::{Deserialize, Serialize};

use super::{Forest, Group, Linear, Parameters, Penalty, Unfit, Untrainable, train};

/// A score from the features of a row: of a sum and of a forest, each on a scale of its own, so that they count alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranker {
    linear: Linear,
    forest: Forest,
}

/// Groups or parameters from which one of the two can't be learned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub enum Unteachable {
    /// The sum.
    Linear(#[from] Unfit),
    /// The forest.
    Forest(#[from] Untrainable),
}

impl Ranker {
    /// Learns both from groups of one or more kinds of talk, whose rows have `features` features.
    ///
    /// # Errors
    /// When one of the two can't be learned.
    pub fn train(
        kinds: &[&[Group<'_>]],
        features: usize,
        parameters: &Parameters,
        penalty: Penalty,
    ) -> Result<Self, Unteachable> {
        let groups = kinds.concat();
        let mut linear = Linear::fit(kinds, features, penalty)?;
        let mut forest = train(&groups, features, parameters)?;
        linear.scale_by(spread(&groups, features, |row| linear.score(row)).recip());
        forest.scale_by(spread(&groups, features, |row| forest.score(row)).recip());
        Ok(Self { linear, forest })
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

/// How far scores of rows of a group lie apart, on average: their standard deviation.
fn spread(groups: &[Group<'_>], features: usize, score: impl Fn(&[f32]) -> f64) -> f64 {
    let of = |group: &Group<'_>| {
        let scores: Vec<f64> = group.features.chunks(features).map(&score).collect();
        let count = scores.len().max(1) as f64;
        let mean = scores.iter().sum::<f64>() / count;
        (scores.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / count).sqrt()
    };
    let mean = groups.iter().map(of).sum::<f64>() / groups.len().max(1) as f64;
    // Scores that are all the same say nothing on any scale.
    if mean > 1e-12 { mean } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_count_alike_and_one_by_one_as_together() {
        let features: Vec<f32> = (0..400).map(|it| (it * 37 % 101) as f32 / 20.0).collect();
        let relevant: Vec<bool> = (0..200).map(|it| it % 10 == 3 || it % 7 == 0).collect();
        let parts = features.chunks(20).zip(relevant.chunks(10));
        let groups: Vec<Group<'_>> =
            parts.map(|(features, relevant)| Group { features, relevant }).collect();
        let penalty = Penalty { each: 0.1, unlike: 0.0 };
        let parameters = Parameters { trees: 5, leaf_rows_min: 5, ..Parameters::default() };
        let ranker = Ranker::train(&[&groups], 2, &parameters, penalty).unwrap();
        assert!((spread(&groups, 2, |it| ranker.linear.score(it)) - 1.0).abs() < 1e-9);
        // Leaves are of single precision.
        assert!((spread(&groups, 2, |it| ranker.forest.score(it)) - 1.0).abs() < 1e-5);
        let rows: Vec<&[f32]> = features.chunks(2).collect();
        let scores: Vec<f64> = rows.iter().map(|it| ranker.score(it)).collect();
        assert_eq!(ranker.scores(&rows), scores);
        let bytes = rmp_serde::to_vec(&ranker).unwrap();
        assert_eq!(rmp_serde::from_slice::<Ranker>(&bytes).unwrap(), ranker);
    }
}
