//! LambdaMART: trees that are grown to bring what is relevant to the front.
//!
//! C. Burges, *From RankNet to LambdaRank to LambdaMART* (2010). Each round asks, of every pair of a relevant
//! and an irrelevant row of a group, how much nDCG would change if the two changed places, pulls them apart
//! by that much, and fits a tree to the pulls. Details follow LightGBM's `lambdarank`, so that its parameters
//! mean the same here: histograms of features, growth by the best leaf, lambdas normalised per group.
//!
//! The same input and seed give the same forest, bit for bit, on every machine of one architecture.

mod bins;
mod grow;
mod lambdas;
mod random;

use voyager_base::chance::{Chance, Seeded};
use voyager_memory::rank::{Forest, Malformed, Tree};

use crate::Group;
use bins::Bins;
use grow::Grower;
use lambdas::Lambdas;

pub use random::RandomTrees;

/// Most rows of a training: a row has its number in 32 bits.
const ROWS_MAX: usize = 1 << 26;

/// How a forest is trained. The defaults are what a ranker of conversations with gold is trained with; what ships has its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// Rounds: one tree each.
    pub trees: usize,
    /// Most leaves of a tree.
    pub leaves: usize,
    /// Which share of a tree's answer counts.
    pub learning_rate: f64,
    /// Fewest rows of a leaf.
    pub leaf_rows_min: u32,
    /// Which share of the features a tree may ask for.
    pub feature_fraction: f64,
    /// Which share of the rows a tree is grown on.
    pub row_fraction: f64,
    /// Penalty on the squares of what leaves answer.
    pub l2: f64,
    /// Pairs count when one of the two is among so many first rows.
    pub truncation: usize,
    /// Most values of a feature that are told apart.
    pub bins: usize,
    /// What chance begins with.
    pub seed: u64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            trees: 200,
            leaves: 15,
            learning_rate: 0.06,
            leaf_rows_min: 40,
            feature_fraction: 0.5,
            row_fraction: 0.8,
            l2: 0.0,
            truncation: 30,
            bins: 255,
            seed: 1,
        }
    }
}

/// Groups or parameters from which no forest can be trained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no forest can be trained: {0}")]
pub struct Untrainable(String);

impl From<Malformed> for Untrainable {
    /// Trees that grew out of what a forest may hold.
    fn from(it: Malformed) -> Self {
        Self(it.to_string())
    }
}

/// Trains a forest on `groups` whose rows have `features` features.
///
/// # Errors
/// When lengths do not fit, a parameter is out of range, or no group has both answers and others.
pub fn train(
    groups: &[Group<'_>],
    features: usize,
    parameters: &Parameters,
) -> Result<Forest, Untrainable> {
    Ok(Forest::of(features, &trees(groups, features, parameters)?)?)
}

/// The trees of [`train`].
pub(crate) fn trees(
    groups: &[Group<'_>],
    features: usize,
    parameters: &Parameters,
) -> Result<Vec<Tree>, Untrainable> {
    check(groups, features, parameters)?;
    let chance = Seeded::new(parameters.seed);
    let bins = Bins::new(groups, features, parameters.bins);
    let mut lambdas = Lambdas::new(groups, parameters.truncation);
    let mut grower = Grower::new(&bins, parameters);
    let mut scores = vec![0.0; bins.rows()];
    let mut trees = Vec::new();
    for _ in 0..parameters.trees {
        let pulls = lambdas.pulls(&scores);
        let rows = some_rows(bins.rows(), parameters.row_fraction, &chance);
        let features = some_features(features, parameters.feature_fraction, &chance);
        let tree = grower.grow(pulls, &rows, &features);
        tree.add_to(&mut scores, &bins);
        trees.push(tree.on_values(&bins));
    }
    Ok(trees)
}

fn check(
    groups: &[Group<'_>],
    features: usize,
    parameters: &Parameters,
) -> Result<(), Untrainable> {
    let fail = |problem: String| Err(Untrainable(problem));
    if features == 0 || features > Forest::FEATURES_MAX {
        let most = Forest::FEATURES_MAX;
        return fail(format!("{features} features: there must be 1 to {most}"));
    }
    for (number, group) in groups.iter().enumerate() {
        if group.features.len() != group.relevant.len() * features {
            return fail(format!("group {number} has not {features} features for each row"));
        }
    }
    if groups.iter().map(|it| it.relevant.len()).sum::<usize>() > ROWS_MAX {
        return fail(format!("more than {ROWS_MAX} rows"));
    }
    if !groups.iter().any(|it| it.relevant.contains(&true) && it.relevant.contains(&false)) {
        return fail("no group has both relevant rows and others".to_owned());
    }
    let it = parameters;
    let share = |share: f64| share > 0.0 && share <= 1.0;
    let sizes = (1..=Forest::TREES_MAX).contains(&it.trees)
        && (2..=Forest::LEAVES_MAX).contains(&it.leaves)
        && (2..=255).contains(&it.bins)
        && it.truncation > 0;
    let numbers = share(it.feature_fraction)
        && share(it.row_fraction)
        && it.learning_rate > 0.0
        && it.learning_rate.is_finite()
        && it.l2 >= 0.0
        && it.l2.is_finite();
    if !sizes || !numbers {
        return fail(format!("a parameter is out of range: {parameters:?}"));
    }
    Ok(())
}

/// Each row with the probability `share`, in their order.
fn some_rows(rows: usize, share: f64, chance: &Seeded) -> Vec<u32> {
    let all = 0..u32::try_from(rows).expect("rows are bounded");
    if share >= 1.0 {
        return all.collect();
    }
    let mut bytes = vec![0; rows * 2];
    chance.fill(&mut bytes);
    let below = (share * 65_536.0) as u32;
    let drawn = bytes.chunks_exact(2).map(|it| u32::from(u16::from_le_bytes([it[0], it[1]])));
    all.zip(drawn).filter(|(_, drawn)| *drawn < below).map(|(row, _)| row).collect()
}

/// A share of the features, at least one, in their order.
fn some_features(features: usize, share: f64, chance: &Seeded) -> Vec<usize> {
    let count = ((features as f64 * share).round() as usize).clamp(1, features);
    let mut some: Vec<usize> = drawn(features, chance).take(count).collect();
    some.sort_unstable();
    some
}

/// All features in an order that is drawn, as far as anybody asks.
fn drawn(features: usize, chance: &Seeded) -> impl Iterator<Item = usize> {
    let mut all: Vec<usize> = (0..features).collect();
    // Fisher and Yates. The bias of a remainder of 64 bits is far below noise.
    (0..features).map(move |at| {
        let other = at + (chance.number() % (features - at) as u64) as usize;
        all.swap(at, other);
        all[at]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups of 50 rows with 4 features, of which the relevant one has the largest sum of the second and
    /// the square of the third; the others are noise.
    fn groups(count: usize, seed: u64) -> (Vec<f32>, Vec<bool>) {
        let chance = Seeded::new(seed);
        let mut features = Vec::new();
        let mut relevant = Vec::new();
        for _ in 0..count {
            let unit = || (chance.number() >> 40) as f32 / 16_777_216.0 - 0.5;
            let rows: Vec<[f32; 4]> = (0..50).map(|_| [unit(), unit(), unit(), unit()]).collect();
            let value = |row: &[f32; 4]| row[1] + 4.0 * row[2] * row[2];
            let best = rows.iter().map(value).fold(f32::MIN, f32::max);
            relevant.extend(rows.iter().map(|row| value(row) == best));
            features.extend(rows.iter().flatten());
        }
        (features, relevant)
    }

    fn split<'a>(features: &'a [f32], relevant: &'a [bool]) -> Vec<Group<'a>> {
        let parts = features.chunks(200).zip(relevant.chunks(50));
        parts.map(|(features, relevant)| Group { features, relevant }).collect()
    }

    /// In which share of the groups the relevant row comes first.
    fn first(forest: &Forest, groups: &[Group<'_>]) -> f64 {
        let hits = groups.iter().filter(|group| {
            let scores = group.features.chunks(4).map(|row| forest.score(row));
            let scores: Vec<f64> = scores.collect();
            let best = (0..50).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
            best.is_some_and(|best| group.relevant[best])
        });
        hits.count() as f64 / groups.len() as f64
    }

    fn small() -> Parameters {
        Parameters { trees: 60, leaf_rows_min: 10, feature_fraction: 1.0, ..Parameters::default() }
    }

    #[test]
    fn what_was_learned_holds_for_groups_that_were_not_seen() {
        let (features, relevant) = groups(200, 1);
        let forest = train(&split(&features, &relevant), 4, &small()).unwrap();
        let (features, relevant) = groups(200, 2);
        let hits = first(&forest, &split(&features, &relevant));
        assert!(hits > 0.7, "the best of 50 comes first in {hits}");
        let uses = forest.uses();
        assert!(uses[1] + uses[2] > 2 * (uses[0] + uses[3]), "noise is left alone: {uses:?}");
    }

    #[test]
    fn the_same_seed_trains_the_same_forest_and_another_another() {
        let (features, relevant) = groups(40, 1);
        let groups = split(&features, &relevant);
        let trained = |seed| {
            let parameters = Parameters { seed, trees: 5, feature_fraction: 0.5, ..small() };
            train(&groups, 4, &parameters).unwrap()
        };
        assert_eq!(trained(1), trained(1));
        assert_ne!(trained(1), trained(2));
    }

    #[test]
    fn what_is_no_number_trains_and_scores() {
        let (mut features, relevant) = groups(100, 1);
        // The feature that matters most is missing where it is below zero: missing is the smallest.
        features.chunks_mut(4).filter(|row| row[1] < 0.0).for_each(|row| row[1] = f32::NAN);
        let groups = split(&features, &relevant);
        let forest = train(&groups, 4, &small()).unwrap();
        assert!(first(&forest, &groups) > 0.6);
    }

    #[test]
    fn two_hundred_trees_with_fifteen_leaves_fit_into_64_kilobytes() {
        let (features, relevant) = groups(60, 1);
        let parameters = Parameters { leaf_rows_min: 1, ..Parameters::default() };
        let forest = train(&split(&features, &relevant), 4, &parameters).unwrap();
        let bytes = forest.to_bytes();
        assert_eq!(forest.trees(), 200);
        assert!(forest.uses().iter().sum::<usize>() > 2_000, "the trees are full-grown");
        assert!(bytes.len() < 64 << 10, "{} bytes", bytes.len());
        assert_eq!(Forest::from_bytes(&bytes), Ok(forest));
    }

    #[test]
    fn what_cannot_be_trained_is_refused_with_the_reason() {
        let refused = |groups: &[Group<'_>], features, change: fn(&mut Parameters)| {
            let mut parameters = small();
            change(&mut parameters);
            train(groups, features, &parameters).unwrap_err().0
        };
        let group = Group { features: &[1.0, 2.0], relevant: &[true, false] };
        let same = Group { features: &[1.0, 2.0], relevant: &[true, true] };
        assert!(refused(&[group], 0, |_| {}).contains("features"));
        assert!(refused(&[group], 2, |_| {}).contains("group 0"));
        assert!(refused(&[same], 1, |_| {}).contains("no group"));
        assert!(refused(&[], 1, |_| {}).contains("no group"));
        assert!(refused(&[group], 1, |it| it.leaves = 1).contains("out of range"));
        assert!(refused(&[group], 1, |it| it.row_fraction = 0.0).contains("out of range"));
        assert!(refused(&[group], 1, |it| it.learning_rate = f64::NAN).contains("out of range"));
    }
}
