//! A sum of weighed features, learned so that of all rows of a question those that answer it have the largest sums.
//!
//! The loss is that of ListNet's top one (Cao and others 2007): the softmax of the sums of a question's rows should be
//! spread over its answers alone. It is convex, so that there is one answer, which Newton's method finds in a dozen rounds.

use serde::{Deserialize, Serialize};

use super::{
    Group, Unfit,
    logistic::{FEATURES_MAX, ROUNDS_MAX, SETTLED, Weight, solve},
};

/// Features count within these bounds: a record that stands out by ten deviations is no better than one by six, and
/// where conversations are unlike those of the training, only what is far out differs much.
const BOUNDS: (f32, f32) = (-3.0, 6.0);

/// A score from the features of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    weights: Vec<Weight>,
}

/// The loss at some weights, and the quadratic that touches it there.
struct Touching {
    loss: f64,
    /// Downhill.
    slope: Vec<f64>,
    /// The lower half of a symmetric matrix.
    curve: Vec<Vec<f64>>,
}

impl Linear {
    /// The sum that tells the answers of `groups` best, with `penalty` (above zero) for each group on the squares of its
    /// weights.
    ///
    /// # Errors
    /// When a group has not `features` features for each row, or none has both answers and others.
    pub fn fit(groups: &[Group<'_>], features: usize, penalty: f64) -> Result<Self, Unfit> {
        let teaches = |it: &&Group<'_>| it.relevant.contains(&true) && it.relevant.contains(&false);
        if features > FEATURES_MAX
            || groups.iter().any(|it| it.features.len() != it.relevant.len() * features)
        {
            return Err(Unfit("every row must have the same features, 512 at most".to_owned()));
        }
        if !penalty.is_finite() || penalty <= 0.0 {
            return Err(Unfit("the penalty must be a number above zero".to_owned()));
        }
        let groups: Vec<&Group<'_>> = groups.iter().filter(teaches).collect();
        if groups.is_empty() {
            return Err(Unfit("no group has both relevant rows and others".to_owned()));
        }
        let mut model = Self::before(&groups, features);
        let mut at = model.touching(&groups, penalty);
        for _ in 0..ROUNDS_MAX {
            let step = solve(at.curve.clone(), at.slope.clone());
            let (settled, next) = model.stepped(&step, &groups, penalty, at.loss);
            let Some((weights, touching)) = next else { break };
            (model.weights, at) = (weights, touching);
            if settled {
                break;
            }
        }
        Ok(model)
    }

    /// A model that knows the scales of its features, and nothing else.
    fn before(groups: &[&Group<'_>], features: usize) -> Self {
        let scale = |feature: usize| {
            let values =
                || groups.iter().flat_map(|it| it.features.iter().skip(feature).step_by(features));
            Weight::of_values(|| {
                values().copied().map(bounded).filter(|it| it.is_finite()).map(f64::from)
            })
        };
        Self { weights: (0..features).map(scale).collect() }
    }

    /// Where `step`, or as much of it as makes the loss smaller, leads; and whether it is too small to matter.
    fn stepped(
        &self,
        step: &[f64],
        groups: &[&Group<'_>],
        penalty: f64,
        loss: f64,
    ) -> (bool, Option<(Vec<Weight>, Touching)>) {
        let longest = step.iter().fold(0.0_f64, |longest, it| longest.max(it.abs()));
        let mut share = 1.0;
        while longest * share > SETTLED {
            let mut next = self.clone();
            next.weights.iter_mut().zip(step).for_each(|(it, step)| it.weight += share * step);
            let touching = next.touching(groups, penalty);
            if touching.loss <= loss {
                return (false, Some((next.weights, touching)));
            }
            share /= 2.0;
        }
        (true, None)
    }

    fn touching(&self, groups: &[&Group<'_>], penalty: f64) -> Touching {
        let size = self.weights.len();
        let stiff = penalty * groups.len() as f64;
        let squares = self.weights.iter().map(|it| it.weight * it.weight).sum::<f64>();
        let slope = self.weights.iter().map(|it| -stiff * it.weight).collect();
        let mut curve = vec![vec![0.0; size]; size];
        curve.iter_mut().enumerate().for_each(|(at, row)| row[at] = stiff);
        let mut touching = Touching { loss: stiff * squares / 2.0, slope, curve };
        let mut scaled = Vec::new();
        for group in groups {
            scaled.clear();
            for row in group.features.chunks(size) {
                scaled.extend(self.weights.iter().zip(row).map(|(it, v)| it.scaled(bounded(*v))));
            }
            self.add_group(&scaled, group.relevant, &mut touching);
        }
        touching
    }

    fn add_group(&self, scaled: &[f64], relevant: &[bool], touching: &mut Touching) {
        let size = self.weights.len();
        let sum = |row: &[f64]| -> f64 {
            row.iter().zip(&self.weights).map(|(value, it)| value * it.weight).sum()
        };
        let sums: Vec<f64> = scaled.chunks(size).map(sum).collect();
        let most = sums.iter().copied().fold(f64::MIN, f64::max);
        let whole: f64 = sums.iter().map(|it| (it - most).exp()).sum();
        let answers = relevant.iter().filter(|it| **it).count() as f64;
        let mut mean = vec![0.0; size];
        for ((row, sum), relevant) in scaled.chunks(size).zip(&sums).zip(relevant) {
            let said = (sum - most).exp() / whole;
            let wanted = if *relevant { answers.recip() } else { 0.0 };
            touching.loss += wanted * (whole.ln() + most - sum);
            for (at, value) in row.iter().enumerate() {
                touching.slope[at] += (wanted - said) * value;
                mean[at] += said * value;
                let weighed = said * value;
                let cells = touching.curve[at].iter_mut().zip(&row[..=at]);
                cells.for_each(|(cell, other)| *cell += weighed * other);
            }
        }
        for (at, value) in mean.iter().enumerate() {
            let cells = touching.curve[at].iter_mut().zip(&mean[..=at]);
            cells.for_each(|(cell, other)| *cell -= value * other);
        }
    }

    /// The score of a row: higher is better.
    ///
    /// # Panics
    /// When the row has another number of features than those of the training.
    pub fn score(&self, row: &[f32]) -> f64 {
        assert_eq!(row.len(), self.weights.len(), "a row has the features of the training");
        self.weights.iter().zip(row).map(|(it, value)| it.weight * it.scaled(bounded(*value))).sum()
    }

    /// How many features a row has.
    pub fn features(&self) -> usize {
        self.weights.len()
    }

    /// What each feature counts, all on one scale: the sign is the direction.
    pub fn weights(&self) -> impl Iterator<Item = f64> {
        self.weights.iter().map(|it| it.weight)
    }

    /// The same order of rows, on another scale.
    pub(super) fn scale_by(&mut self, factor: f64) {
        self.weights.iter_mut().for_each(|it| it.weight *= factor);
    }
}

/// What is no number stays none.
fn bounded(value: f32) -> f32 {
    value.clamp(BOUNDS.0, BOUNDS.1)
}

#[cfg(test)]
mod tests {
    use voyager_base::chance::{Chance, Seeded};

    use super::*;

    /// Groups of 20 rows with three features; the one with the largest `first - 2 * second` answers.
    fn groups(count: usize) -> (Vec<f32>, Vec<bool>) {
        let chance = Seeded::new(1);
        let unit = || (chance.number() >> 40) as f32 / 16_777_216.0 * 2.0 - 1.0;
        let (mut features, mut relevant) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let rows: Vec<[f32; 3]> = (0..20).map(|_| [unit(), unit(), unit()]).collect();
            let worth = |row: &[f32; 3]| row[0] - 2.0 * row[1];
            let best = rows.iter().map(worth).fold(f32::MIN, f32::max);
            relevant.extend(rows.iter().map(|it| worth(it) == best));
            features.extend(rows.into_iter().flatten());
        }
        (features, relevant)
    }

    fn split<'a>(features: &'a [f32], relevant: &'a [bool]) -> Vec<Group<'a>> {
        let parts = features.chunks(60).zip(relevant.chunks(20));
        parts.map(|(features, relevant)| Group { features, relevant }).collect()
    }

    #[test]
    fn the_weights_are_those_that_the_answers_have() {
        let (features, relevant) = groups(200);
        let model = Linear::fit(&split(&features, &relevant), 3, 1e-3).unwrap();
        let weights: Vec<f64> = model.weights().collect();
        assert!((weights[1] / weights[0] + 2.0).abs() < 0.1, "{weights:?}");
        assert!((weights[2] / weights[0]).abs() < 0.1, "{weights:?}");
    }

    #[test]
    fn the_loss_is_at_its_lowest() {
        let (features, relevant) = groups(30);
        let groups = split(&features, &relevant);
        let all: Vec<&Group<'_>> = groups.iter().collect();
        let model = Linear::fit(&groups, 3, 1e-2).unwrap();
        let least = model.touching(&all, 1e-2).loss;
        for at in 0..3 {
            for by in [-1e-3, 1e-3] {
                let mut other = model.clone();
                other.weights[at].weight += by;
                assert!(other.touching(&all, 1e-2).loss > least, "feature {at} by {by}");
            }
        }
    }

    #[test]
    fn what_is_far_out_or_no_number_counts_within_bounds() {
        let (features, relevant) = groups(30);
        let model = Linear::fit(&split(&features, &relevant), 3, 1e-2).unwrap();
        let score = |first| model.score(&[first, 0.0, 0.0]);
        assert_eq!(score(6.0), score(1e30));
        assert!(score(6.0) > score(5.0));
        assert_eq!(score(f32::NEG_INFINITY), score(-3.0));
        assert!(score(f32::NAN).is_finite());
    }

    #[test]
    fn what_teaches_nothing_is_refused() {
        let refused = |groups: &[Group<'_>], features, penalty| {
            Linear::fit(groups, features, penalty).unwrap_err().to_string()
        };
        let group = Group { features: &[1.0, 2.0], relevant: &[true, false] };
        let same = Group { features: &[1.0, 2.0], relevant: &[true, true] };
        assert!(refused(&[group], 2, 1.0).contains("same features"));
        assert!(refused(&[group], 1, 0.0).contains("penalty"));
        assert!(refused(&[same], 1, 1.0).contains("no group"));
        assert!(refused(&[], 1, 1.0).contains("no group"));
    }
}
