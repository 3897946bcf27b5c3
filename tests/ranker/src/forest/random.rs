//! Trees that ask at random, and are right together: how probable something is, learned from a few hundred rows.
//!
//! P. Geurts, D. Ernst and L. Wehenkel, *Extremely randomized trees* (2006). Each split is the best of a few questions that
//! are drawn, a feature and a bound for each. No single tree fits the rows well, so that none follows their chance,
//! and the mean of hundreds knows what counts only beside something else, which no sum does.

use std::ops::Range;

use voyager_base::chance::{Chance, Seeded};
use voyager_memory::rank::{Forest, Split, Tree};

use super::{Untrainable, drawn};

/// How many trees there are, and how they are grown.
#[derive(Clone, Debug, PartialEq)]
pub struct RandomTrees {
    /// How many.
    pub trees: usize,
    /// Fewest rows of a leaf.
    pub leaf_rows_min: usize,
    /// So many features that differ among the rows of a node are asked for, one bound each.
    pub asked: usize,
    /// What chance begins with.
    pub seed: u64,
}

impl RandomTrees {
    /// As the paper has it for labels: the root of the number of features is asked for.
    pub fn of(features: usize) -> Self {
        let asked = (features as f64).sqrt().round().max(1.0) as usize;
        Self { trees: 1_000, leaf_rows_min: 3, asked, seed: 1 }
    }

    /// A forest whose score of a row is how probable its label is.
    ///
    /// # Errors
    /// When rows differ in length, the labels are not one for each row or all say the same, or a number is out of range.
    pub fn train(&self, rows: &[Vec<f32>], labels: &[bool]) -> Result<Forest, Untrainable> {
        let fail = |problem: String| Err(Untrainable(problem));
        let features = rows.first().map_or(0, Vec::len);
        if rows.len() != labels.len() || rows.iter().any(|it| it.len() != features) {
            return fail("every row must have the same features and one label".to_owned());
        }
        if !labels.contains(&true) || !labels.contains(&false) {
            return fail("there must be rows of both labels".to_owned());
        }
        if features == 0 || features > Forest::FEATURES_MAX || rows.len() > Forest::LEAVES_MAX {
            return fail(format!("{features} features of {} rows", rows.len()));
        }
        if !(1..=Forest::TREES_MAX).contains(&self.trees)
            || self.leaf_rows_min == 0
            || self.asked == 0
        {
            return fail(format!("a parameter is out of range: {self:?}"));
        }
        let chance = Seeded::new(self.seed);
        let trees = (0..self.trees).map(|_| self.grow(rows, labels, &chance));
        Ok(Forest::of(features, &trees.collect::<Vec<Tree>>())?)
    }

    /// A tree on all rows; its leaves have their share of the mean of all trees.
    fn grow(&self, rows: &[Vec<f32>], labels: &[bool], chance: &Seeded) -> Tree {
        let (mut splits, mut leaves) = (Vec::<Split>::new(), Vec::new());
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let mut nodes = vec![Node { rows: 0..rows.len(), parent: None }];
        while let Some(Node { rows: range, parent }) = nodes.pop() {
            let node = &mut order[range.clone()];
            let child = match self.question(node, rows, labels, chance) {
                Some((feature, threshold)) => {
                    // Equal ones stay in their order, so that a seed gives one forest.
                    let is_right = |it: &usize| rows[*it][feature] > threshold;
                    node.sort_by_key(is_right);
                    let middle = range.start + node.partition_point(|it| !is_right(it));
                    let number = splits.len();
                    let feature = feature as u16;
                    splits.push(Split { feature, threshold, children: [0, 0] });
                    let side = |rows, side| Node { rows, parent: Some((number, side)) };
                    nodes.push(side(middle..range.end, 1));
                    nodes.push(side(range.start..middle, 0));
                    number as i16
                }
                None => {
                    let true_ones = node.iter().filter(|it| labels[**it]).count();
                    let share = true_ones as f64 / node.len() as f64 / self.trees as f64;
                    leaves.push(share as f32);
                    !((leaves.len() - 1) as i16)
                }
            };
            if let Some((split, side)) = parent {
                splits[split].children[side] = child;
            }
        }
        Tree { splits, leaves }
    }

    /// The best of some questions that are drawn, by Gini's measure: a feature, and what a row is to be greater than. None
    /// where all rows have one label, or no question leaves enough of them on both sides.
    fn question(
        &self,
        node: &[usize],
        rows: &[Vec<f32>],
        labels: &[bool],
        chance: &Seeded,
    ) -> Option<(usize, f32)> {
        let all_true = node.iter().filter(|it| labels[**it]).count();
        if all_true == 0 || all_true == node.len() || node.len() < 2 * self.leaf_rows_min {
            return None;
        }
        let (mut best, mut asked) = (None, 0);
        for feature in drawn(rows[0].len(), chance) {
            let values = || node.iter().map(|it| rows[*it][feature]).filter(|it| it.is_finite());
            let ends = values().reduce(f32::min).zip(values().reduce(f32::max));
            let Some((least, most)) = ends.filter(|it| it.0 < it.1) else { continue };
            let width = f64::from(most) - f64::from(least);
            let drawn = f64::from(least) + width * chance.share();
            let threshold = if drawn as f32 >= most { least } else { drawn as f32 };
            let mut right = (0, 0);
            for it in node.iter().filter(|it| rows[**it][feature] > threshold) {
                right.0 += 1;
                right.1 += usize::from(labels[*it]);
            }
            let left = (node.len() - right.0, all_true - right.1);
            if left.0.min(right.0) >= self.leaf_rows_min {
                let pure = |(count, true_ones): (usize, usize)| {
                    let (count, true_ones) = (count as f64, true_ones as f64);
                    (true_ones * true_ones + (count - true_ones) * (count - true_ones)) / count
                };
                let gain = pure(left) + pure(right);
                if best.is_none_or(|(most, _)| gain > most) {
                    best = Some((gain, (feature, threshold)));
                }
            }
            asked += 1;
            if asked == self.asked {
                break;
            }
        }
        Some(best?.1)
    }
}

/// Rows that no question was found for yet: where they stand, and below which side of which split.
struct Node {
    rows: Range<usize>,
    parent: Option<(usize, usize)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of four features, of which the label says whether the first two are of one sign: no sum of them tells it.
    fn rows(count: usize, seed: u64) -> (Vec<Vec<f32>>, Vec<bool>) {
        let chance = Seeded::new(seed);
        let unit = || chance.share() as f32 - 0.5;
        let rows: Vec<Vec<f32>> = (0..count).map(|_| (0..4).map(|_| unit()).collect()).collect();
        let labels = rows.iter().map(|it| it[0] * it[1] > 0.0).collect();
        (rows, labels)
    }

    fn small() -> RandomTrees {
        RandomTrees { trees: 100, ..RandomTrees::of(4) }
    }

    #[test]
    fn what_no_sum_tells_is_learned_and_holds_for_rows_that_were_not_seen() {
        let (seen, labels) = rows(400, 1);
        let forest = small().train(&seen, &labels).unwrap();
        let (unseen, labels) = rows(400, 2);
        let told: Vec<f64> = unseen.iter().map(|it| forest.score(it)).collect();
        assert!(told.iter().all(|it| (-1e-6..=1.0 + 1e-6).contains(it)), "probabilities");
        let hits = told.iter().zip(&labels).filter(|it| (*it.0 > 0.5) == *it.1).count();
        assert!(hits > 360, "{hits} of 400");
    }

    #[test]
    fn a_seed_gives_one_forest_and_another_seed_another() {
        let (rows, labels) = rows(100, 1);
        let forest = small().train(&rows, &labels).unwrap();
        assert_eq!(small().train(&rows, &labels), Ok(forest.clone()));
        assert_ne!(RandomTrees { seed: 2, ..small() }.train(&rows, &labels), Ok(forest));
    }

    #[test]
    fn what_is_no_number_is_greater_than_nothing() {
        let rows: Vec<Vec<f32>> =
            (0..60).map(|it| vec![if it % 3 == 0 { f32::NAN } else { 1.0 + it as f32 }]).collect();
        let labels: Vec<bool> = (0..60).map(|it| it % 3 == 0 || it < 20).collect();
        let forest = RandomTrees { leaf_rows_min: 1, ..RandomTrees::of(1) };
        let forest = RandomTrees { trees: 50, ..forest }.train(&rows, &labels).unwrap();
        assert!(forest.score(&[f32::NAN]) > 0.9 && forest.score(&[60.0]) < 0.1);
    }

    #[test]
    fn rows_from_which_nothing_can_be_learned_are_refused() {
        let (rows, labels) = rows(20, 1);
        let fails = |trees: RandomTrees, rows: &[Vec<f32>], labels: &[bool]| {
            assert!(trees.train(rows, labels).is_err());
        };
        fails(small(), &rows, &labels[1..]);
        fails(small(), &rows, &[true; 20]);
        fails(small(), &[vec![], vec![]], &[true, false]);
        fails(small(), &[vec![1.0], vec![]], &[true, false]);
        for of in [
            RandomTrees { trees: 0, ..small() },
            RandomTrees { leaf_rows_min: 0, ..small() },
            RandomTrees { asked: 0, ..small() },
        ] {
            fails(of, &rows, &labels);
        }
    }
}
