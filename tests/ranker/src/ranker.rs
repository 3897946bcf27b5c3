//! What recall ranks by: a sum and a forest that count alike.

use voyager_memory::rank::{Forest, Linear, Ranker};

use crate::{
    Group,
    forest::{self, Parameters, Untrainable},
    linear::{self, Penalty},
    logistic::Unfit,
};

/// Groups or parameters from which one of the two can't be learned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub enum Unteachable {
    /// The sum.
    Linear(#[from] Unfit),
    /// The forest.
    Forest(#[from] Untrainable),
}

/// Learns both from groups of one or more kinds of talk, whose rows have `features` features.
///
/// # Errors
/// When one of the two can't be learned.
pub fn train(
    kinds: &[&[Group<'_>]],
    features: usize,
    parameters: &Parameters,
    penalty: Penalty,
) -> Result<Ranker, Unteachable> {
    let groups = kinds.concat();
    let mut weights = linear::weights(kinds, features, penalty)?;
    let mut trees = forest::trees(&groups, features, parameters)?;
    let linear = Linear::of(weights.clone());
    let by = spread(&groups, features, |row| linear.score(row)).recip();
    weights.iter_mut().for_each(|it| it.weight *= by);
    let forest = Forest::of(features, &trees).map_err(Untrainable::from)?;
    let by = spread(&groups, features, |row| forest.score(row)).recip();
    let leaves = trees.iter_mut().flat_map(|it| &mut it.leaves);
    leaves.for_each(|it| *it = (f64::from(*it) * by) as f32);
    let forest = Forest::of(features, &trees).map_err(Untrainable::from)?;
    Ok(Ranker::of(Linear::of(weights), forest))
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
    fn both_count_alike() {
        let features: Vec<f32> = (0..400).map(|it| (it * 37 % 101) as f32 / 20.0).collect();
        let relevant: Vec<bool> = (0..200).map(|it| it % 10 == 3 || it % 7 == 0).collect();
        let parts = features.chunks(20).zip(relevant.chunks(10));
        let groups: Vec<Group<'_>> =
            parts.map(|(features, relevant)| Group { features, relevant }).collect();
        let penalty = Penalty { each: 0.1, unlike: 0.0 };
        let parameters = Parameters { trees: 5, leaf_rows_min: 5, ..Parameters::default() };
        let ranker = train(&[&groups], 2, &parameters, penalty).unwrap();
        assert!((spread(&groups, 2, |it| ranker.linear().score(it)) - 1.0).abs() < 1e-9);
        // Leaves are of single precision.
        assert!((spread(&groups, 2, |it| ranker.forest().score(it)) - 1.0).abs() < 1e-5);
    }
}
