//! A sum of weighed features, learned so that of all rows of a question those that answer it have the largest sums.
//!
//! The loss is that of ListNet's top one (Cao and others 2007): the softmax of the sums of a question's rows should be
//! spread over its answers alone. It is convex, so that there is one answer, which Newton's method finds in a dozen rounds.
//!
//! A sum is asked about talk of another kind than it was learned from. What a feature counts there is told best by whether it counts the
//! same in the kinds that are known: where it does not, it pays more for its weight ([`Penalty::unlike`]).

use voyager_memory::rank::{Linear, Weight};

use crate::{
    Group,
    logistic::{FEATURES_MAX, ROUNDS_MAX, SETTLED, Unfit, scale_of, solve},
};

/// What a sum pays for the squares of its weights, for each question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Penalty {
    /// For each weight: above zero.
    pub each: f64,
    /// So many times the variance of that weight among sums that are learned from each kind of talk alone, beside it.
    pub unlike: f64,
}

/// The loss at some weights, and the quadratic that touches it there.
struct Touching {
    loss: f64,
    /// Downhill.
    slope: Vec<f64>,
    /// The lower half of a symmetric matrix.
    curve: Vec<Vec<f64>>,
}

/// The sum that tells the answers of groups best, of one or more kinds of talk, with a penalty on its weights.
///
/// # Errors
/// When a group has not `features` features for each row, or none has both answers and others.
pub fn fit(kinds: &[&[Group<'_>]], features: usize, penalty: Penalty) -> Result<Linear, Unfit> {
    weights(kinds, features, penalty).map(Linear::of)
}

/// The weights of [`fit`].
pub(crate) fn weights(
    kinds: &[&[Group<'_>]],
    features: usize,
    penalty: Penalty,
) -> Result<Vec<Weight>, Unfit> {
    let groups = || kinds.iter().copied().flatten();
    let wrong = |it: &Group<'_>| it.features.len() != it.relevant.len() * features;
    if features > FEATURES_MAX || groups().any(wrong) {
        return Err(Unfit("every row must have the same features, 512 at most".to_owned()));
    }
    let Penalty { each, unlike } = penalty;
    let finite = each.is_finite() && unlike.is_finite();
    if !finite || each <= 0.0 || unlike < 0.0 {
        let problem = "the penalty must be a number above zero, and none of it below";
        return Err(Unfit(problem.to_owned()));
    }
    let teaches = |it: &&Group<'_>| it.relevant.contains(&true) && it.relevant.contains(&false);
    let kinds = kinds.iter().map(|it| it.iter().filter(teaches).collect());
    let kinds: Vec<Vec<&Group<'_>>> = kinds.filter(|it: &Vec<_>| !it.is_empty()).collect();
    let groups = kinds.concat();
    if groups.is_empty() {
        return Err(Unfit("no group has both relevant rows and others".to_owned()));
    }
    let before = Sum::before(&groups, features);
    let mut penalties = vec![each; features];
    if unlike > 0.0 {
        let alone = kinds.iter().map(|it| before.clone().settled(it, &penalties));
        let alone: Vec<Sum> = alone.collect();
        for (feature, it) in penalties.iter_mut().enumerate() {
            *it += unlike * variance(alone.iter().map(|sum| sum.weights[feature].weight));
        }
    }
    Ok(before.settled(&groups, &penalties).weights)
}

/// A sum that is being learned.
#[derive(Clone)]
struct Sum {
    weights: Vec<Weight>,
}

impl Sum {
    /// The weights that tell the answers of some groups best, with a penalty on each.
    fn settled(mut self, groups: &[&Group<'_>], penalties: &[f64]) -> Self {
        let mut at = self.touching(groups, penalties);
        for _ in 0..ROUNDS_MAX {
            let step = solve(at.curve.clone(), at.slope.clone());
            let (settled, next) = self.stepped(&step, groups, penalties, at.loss);
            let Some((weights, touching)) = next else { break };
            (self.weights, at) = (weights, touching);
            if settled {
                break;
            }
        }
        self
    }

    /// A model that knows the scales of its features, and nothing else.
    fn before(groups: &[&Group<'_>], features: usize) -> Self {
        let scale = |feature: usize| {
            let values =
                || groups.iter().flat_map(|it| it.features.iter().skip(feature).step_by(features));
            scale_of(|| {
                values().copied().map(Linear::bounded).filter(|it| it.is_finite()).map(f64::from)
            })
        };
        Self { weights: (0..features).map(scale).collect() }
    }

    /// Where `step`, or as much of it as makes the loss smaller, leads; and whether it is too small to matter.
    fn stepped(
        &self,
        step: &[f64],
        groups: &[&Group<'_>],
        penalties: &[f64],
        loss: f64,
    ) -> (bool, Option<(Vec<Weight>, Touching)>) {
        let longest = step.iter().fold(0.0_f64, |longest, it| longest.max(it.abs()));
        let mut share = 1.0;
        while longest * share > SETTLED {
            let mut next = self.clone();
            next.weights.iter_mut().zip(step).for_each(|(it, step)| it.weight += share * step);
            let touching = next.touching(groups, penalties);
            if touching.loss <= loss {
                return (false, Some((next.weights, touching)));
            }
            share /= 2.0;
        }
        (true, None)
    }

    fn touching(&self, groups: &[&Group<'_>], penalties: &[f64]) -> Touching {
        let size = self.weights.len();
        let stiff: Vec<f64> = penalties.iter().map(|it| it * groups.len() as f64).collect();
        let pulls = || self.weights().zip(&stiff).map(|(weight, stiff)| stiff * weight);
        let loss = self.weights().zip(pulls()).map(|(weight, pull)| weight * pull / 2.0).sum();
        let mut curve = vec![vec![0.0; size]; size];
        curve.iter_mut().enumerate().for_each(|(at, row)| row[at] = stiff[at]);
        let mut touching = Touching { loss, slope: pulls().map(|it| -it).collect(), curve };
        let mut scaled = Vec::new();
        for group in groups {
            scaled.clear();
            for row in group.features.chunks(size) {
                scaled.extend(
                    self.weights.iter().zip(row).map(|(it, v)| it.scaled(Linear::bounded(*v))),
                );
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

    fn weights(&self) -> impl Iterator<Item = f64> {
        self.weights.iter().map(|it| it.weight)
    }
}

/// How much some numbers differ, as a few of many.
fn variance(numbers: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = numbers.clone().count() as f64;
    let mean = numbers.clone().sum::<f64>() / count;
    numbers.map(|it| (it - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0)
}

#[cfg(test)]
mod tests {
    use voyager_base::chance::{Chance, Seeded};

    use super::*;

    /// Groups of 20 rows with three features; the one with the largest `first - 2 * second` answers.
    fn groups(count: usize) -> (Vec<f32>, Vec<bool>) {
        groups_by(count, 0.0)
    }

    /// The same, where so much of the third is added.
    fn groups_by(count: usize, third: f32) -> (Vec<f32>, Vec<bool>) {
        let chance = Seeded::new(1);
        let unit = || (chance.number() >> 40) as f32 / 16_777_216.0 * 2.0 - 1.0;
        let (mut features, mut relevant) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let rows: Vec<[f32; 3]> = (0..20).map(|_| [unit(), unit(), unit()]).collect();
            let worth = |row: &[f32; 3]| row[0] - 2.0 * row[1] + third * row[2];
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

    fn each(each: f64) -> Penalty {
        Penalty { each, unlike: 0.0 }
    }

    #[test]
    fn the_weights_are_those_that_the_answers_have() {
        let (features, relevant) = groups(200);
        let model = fit(&[&split(&features, &relevant)], 3, each(1e-3)).unwrap();
        let weights: Vec<f64> = model.weights().collect();
        assert!((weights[1] / weights[0] + 2.0).abs() < 0.1, "{weights:?}");
        assert!((weights[2] / weights[0]).abs() < 0.1, "{weights:?}");
    }

    #[test]
    fn the_loss_is_at_its_lowest() {
        let (features, relevant) = groups(30);
        let groups = split(&features, &relevant);
        let all: Vec<&Group<'_>> = groups.iter().collect();
        let model = Sum { weights: weights(&[&groups], 3, each(1e-2)).unwrap() };
        let least = model.touching(&all, &[1e-2; 3]).loss;
        for at in 0..3 {
            for by in [-1e-3, 1e-3] {
                let mut other = model.clone();
                other.weights[at].weight += by;
                assert!(other.touching(&all, &[1e-2; 3]).loss > least, "feature {at} by {by}");
            }
        }
    }

    /// The third feature counts in one of two kinds of groups, the others in both.
    #[test]
    fn what_counts_in_one_kind_alone_counts_less() {
        let (one, other) = (groups(200), groups_by(200, 2.0));
        let kinds = [split(&one.0, &one.1), split(&other.0, &other.1)];
        let kinds = [kinds[0].as_slice(), kinds[1].as_slice()];
        let share = |unlike| {
            let model = fit(&kinds, 3, Penalty { each: 1e-2, unlike }).unwrap();
            let weights: Vec<f64> = model.weights().collect();
            weights[2] / weights[1].abs()
        };
        assert!(share(0.0) > 0.3, "{}", share(0.0));
        assert!(share(1.0) < share(0.0) / 2.0, "{} {}", share(1.0), share(0.0));
        // One kind alone, and one that nothing is learned from, differ from nothing.
        let silent = Group { features: &[1.0; 3], relevant: &[true] };
        let sums = [&kinds[..1], &[kinds[0], &[silent]]].map(|kinds| {
            let of = |unlike| fit(kinds, 3, Penalty { each: 1e-2, unlike }).unwrap();
            (of(0.0), of(1.0))
        });
        assert!(sums.iter().all(|it| it.0 == it.1));
    }

    #[test]
    fn what_teaches_nothing_is_refused() {
        let refused = |groups: &[Group<'_>], features, penalty| {
            fit(&[groups], features, each(penalty)).unwrap_err().to_string()
        };
        let group = Group { features: &[1.0, 2.0], relevant: &[true, false] };
        let same = Group { features: &[1.0, 2.0], relevant: &[true, true] };
        assert!(refused(&[group], 2, 1.0).contains("same features"));
        assert!(refused(&[group], 1, 0.0).contains("penalty"));
        let below = Penalty { each: 1.0, unlike: -1.0 };
        assert!(fit(&[&[group]], 1, below).unwrap_err().to_string().contains("penalty"));
        assert!(refused(&[same], 1, 1.0).contains("no group"));
        assert!(refused(&[], 1, 1.0).contains("no group"));
    }
}
