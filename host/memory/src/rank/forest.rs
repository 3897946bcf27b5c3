//! Regression trees in flat arrays, their sum as a score.

use serde::{Deserialize, Serialize};

/// Longest encoded forest that is read: ten times what one of 200 trees with 15 leaves has.
const BYTES_MAX: usize = 512 << 10;

/// Rows that are scored together.
const ROWS: usize = 64;

/// Trees whose leaves are summed up.
///
/// Many rows are scored without a branch that depends on them (QuickScorer, Lucchese and others 2015): each split
/// whose answer is "right" strikes out the leaves on its left, and the first leaf that is left is that of the row.
///
/// A row goes right at a split where its feature is *greater* than the threshold, and left otherwise. A
/// feature that is not a number is greater than nothing: it goes left, in training as in scoring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Encoded", into = "Encoded")]
pub struct Forest {
    features: usize,
    trees: Vec<Start>,
    splits: Vec<Split>,
    leaves: Vec<f32>,
    /// By split: the leaves that stay where a row goes right, the leftmost in the lowest bit.
    stay: Vec<u32>,
    /// The leaves of each tree once more, from left to right.
    from_left: Vec<f32>,
    /// Whether a tree has more leaves than such a number has bits: then rows are scored one by one.
    tall: bool,
}

/// Where the splits and leaves of a tree begin among those of the forest.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Start {
    split: u32,
    leaf: u32,
    /// Where a row enters.
    root: i16,
}

/// A tree as it was grown.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// In the order of growing: a child comes after its parent, the first is where a row enters.
    pub splits: Vec<Split>,
    /// What rows score that end there: one more than there are splits.
    pub leaves: Vec<f32>,
}

/// One question about a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// Of which feature.
    pub feature: u16,
    /// What the feature is to be greater than.
    pub threshold: f32,
    /// Where a row goes that is not, and one that is: `n` of at least zero is split `n` of the same tree, a negative one
    /// is leaf `!n`.
    pub children: [i16; 2],
}

impl Forest {
    /// Most trees of a forest.
    pub const TREES_MAX: usize = 4_096;

    /// Most leaves of one tree: a child has its place in 16 bits, one of them for what it is.
    pub const LEAVES_MAX: usize = 1 << 15;

    /// Most features of a row.
    pub const FEATURES_MAX: usize = 1 << 12;

    /// The forest of some trees, for rows of so many features.
    ///
    /// # Errors
    /// When there is more of something than a forest may have, a threshold or a leaf is no number, a split asks for a feature
    /// that is not there, or its children make no tree.
    pub fn of(features: usize, trees: &[Tree]) -> Result<Self, Malformed> {
        if features > Self::FEATURES_MAX || trees.len() > Self::TREES_MAX {
            return Err(Malformed("it has too many features or trees".to_owned()));
        }
        let mut forest = Self::empty(features);
        for tree in trees {
            tree.check(features)?;
            forest.push(&tree.splits, &tree.leaves);
        }
        Ok(forest)
    }

    /// A forest without trees: everything scores zero.
    fn empty(features: usize) -> Self {
        Self {
            features,
            trees: Vec::new(),
            splits: Vec::new(),
            leaves: Vec::new(),
            stay: Vec::new(),
            from_left: Vec::new(),
            tall: false,
        }
    }

    /// Adds a tree, which was checked.
    fn push(&mut self, splits: &[Split], leaves: &[f32]) {
        assert_eq!(splits.len() + 1, leaves.len(), "a split makes two leaves of one");
        self.trees.push(Start {
            split: u32::try_from(self.splits.len()).expect("trees and leaves are bounded"),
            leaf: u32::try_from(self.leaves.len()).expect("trees and leaves are bounded"),
            root: if splits.is_empty() { !0 } else { 0 },
        });
        self.splits.extend_from_slice(splits);
        self.leaves.extend_from_slice(leaves);
        self.tall |= leaves.len() > u32::BITS as usize;
        if !self.tall {
            let first = self.stay.len();
            self.stay.resize(self.splits.len(), u32::MAX);
            let mut line = Vec::with_capacity(leaves.len());
            let root = if splits.is_empty() { !0 } else { 0 };
            line_up(splits, leaves, root, &mut self.stay[first..], &mut line);
            self.from_left.extend(line);
        }
    }

    /// The score of a row: higher is better. Scores of two forests can't be compared.
    ///
    /// # Panics
    /// When the row has another number of features than those of the training.
    pub fn score(&self, row: &[f32]) -> f64 {
        assert_eq!(
            row.len(),
            self.features,
            "a row has the features that the forest was trained on"
        );
        self.trees.iter().map(|tree| f64::from(self.leaf_of(*tree, row))).sum()
    }

    /// The scores of many rows, each as [`Forest::score`] says.
    ///
    /// # Panics
    /// When a row has another number of features than those of the training.
    pub fn scores(&self, rows: &[&[f32]]) -> Vec<f64> {
        if self.tall {
            return rows.iter().map(|it| self.score(it)).collect();
        }
        let mut scores = Vec::with_capacity(rows.len());
        let mut columns = vec![[0.0; ROWS]; self.features];
        for rows in rows.chunks(ROWS) {
            for (at, row) in rows.iter().enumerate() {
                assert_eq!(row.len(), self.features, "a row has the features of the training");
                columns.iter_mut().zip(*row).for_each(|(column, it)| column[at] = *it);
            }
            scores.extend_from_slice(&self.scores_of(&columns)[..rows.len()]);
        }
        scores
    }

    /// The scores of rows that are given by feature.
    fn scores_of(&self, columns: &[[f32; ROWS]]) -> [f64; ROWS] {
        // As an empty sum has it.
        let mut scores = [std::iter::empty::<f64>().sum(); ROWS];
        for (number, tree) in self.trees.iter().enumerate() {
            let end = self.trees.get(number + 1).map_or(self.splits.len(), |it| it.split as usize);
            let splits = tree.split as usize..end;
            let mut left = [u32::MAX; ROWS];
            for (split, stay) in self.splits[splits.clone()].iter().zip(&self.stay[splits]) {
                let column = &columns[usize::from(split.feature)];
                for (left, value) in left.iter_mut().zip(column) {
                    *left &= if *value > split.threshold { *stay } else { u32::MAX };
                }
            }
            let leaves = &self.from_left[tree.leaf as usize..];
            for (score, left) in scores.iter_mut().zip(left) {
                *score += f64::from(leaves[left.trailing_zeros() as usize]);
            }
        }
        scores
    }

    fn leaf_of(&self, tree: Start, row: &[f32]) -> f32 {
        let mut at = tree.root;
        while at >= 0 {
            let split = &self.splits[tree.split as usize + at as usize];
            let right = row[usize::from(split.feature)] > split.threshold;
            at = split.children[usize::from(right)];
        }
        self.leaves[tree.leaf as usize + !at as usize]
    }

    /// How many features a row has.
    pub fn features(&self) -> usize {
        self.features
    }

    /// How many trees there are.
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// How many splits ask for each feature: zero for those that nobody needs to compute.
    pub fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.features];
        for split in &self.splits {
            uses[usize::from(split.feature)] += 1;
        }
        uses
    }

    /// The compact form: MessagePack, about 40 KB for 200 trees with 15 leaves.
    pub fn to_bytes(&self) -> Vec<u8> {
        rmp_serde::to_vec(self).expect("numbers in vectors can be encoded")
    }

    /// Reads the compact form, from wherever it comes.
    ///
    /// # Errors
    /// When the bytes are too many, or no forest.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > BYTES_MAX {
            return Err(Malformed(format!(
                "it has {} bytes, and {BYTES_MAX} are the most",
                bytes.len()
            )));
        }
        let mut rest = bytes;
        let mut decoder = rmp_serde::Deserializer::new(&mut rest);
        let forest = Self::deserialize(&mut decoder).map_err(|it| Malformed(it.to_string()))?;
        if !rest.is_empty() {
            return Err(Malformed(format!("{} bytes follow its end", rest.len())));
        }
        Ok(forest)
    }
}

/// Puts the leaves below `child` into `line` from left to right, and writes which of them stay where a row goes right.
fn line_up(splits: &[Split], leaves: &[f32], child: i16, stay: &mut [u32], line: &mut Vec<f32>) {
    if child < 0 {
        line.push(leaves[!child as usize]);
        return;
    }
    let [left, right] = splits[child as usize].children;
    let before = line.len();
    line_up(splits, leaves, left, stay, line);
    // The leaves on the right come yet, so the number has a bit for them.
    stay[child as usize] = !((1 << line.len()) - (1 << before));
    line_up(splits, leaves, right, stay, line);
}

/// Bytes that are no forest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no ranking model: {0}; train it anew")]
pub struct Malformed(String);

/// The form on disk: columns, since a row of a MessagePack table would spend a byte on being one.
#[derive(Serialize, Deserialize)]
struct Encoded {
    features: usize,
    /// Splits of each tree; it has one leaf more.
    sizes: Vec<u16>,
    asks: Vec<u16>,
    thresholds: Vec<f32>,
    left: Vec<i16>,
    right: Vec<i16>,
    leaves: Vec<f32>,
}

impl From<Forest> for Encoded {
    fn from(forest: Forest) -> Self {
        let ends = forest.trees.iter().skip(1).map(|it| it.split as usize);
        let ends = ends.chain([forest.splits.len()]);
        let sizes = forest.trees.iter().zip(ends).map(|(tree, end)| {
            u16::try_from(end - tree.split as usize).expect("the leaves of a tree are bounded")
        });
        let splits = &forest.splits;
        Self {
            features: forest.features,
            sizes: sizes.collect(),
            asks: splits.iter().map(|it| it.feature).collect(),
            thresholds: splits.iter().map(|it| it.threshold).collect(),
            left: splits.iter().map(|it| it.children[0]).collect(),
            right: splits.iter().map(|it| it.children[1]).collect(),
            leaves: forest.leaves,
        }
    }
}

impl TryFrom<Encoded> for Forest {
    type Error = Malformed;

    fn try_from(it: Encoded) -> Result<Self, Malformed> {
        let splits: usize = it.sizes.iter().map(|size| usize::from(*size)).sum();
        let columns = [it.asks.len(), it.thresholds.len(), it.left.len(), it.right.len()];
        if columns.iter().any(|len| *len != splits) || it.leaves.len() != splits + it.sizes.len() {
            return Err(Malformed(
                "its columns have not the lengths that its trees need".to_owned(),
            ));
        }
        let children = it.left.into_iter().zip(it.right);
        let splits = it.asks.into_iter().zip(it.thresholds).zip(children);
        let mut splits = splits.map(|((feature, threshold), (left, right))| Split {
            feature,
            threshold,
            children: [left, right],
        });
        let mut leaves = it.leaves.into_iter();
        let sizes = it.sizes.into_iter().map(usize::from);
        let trees: Vec<Tree> = sizes
            .map(|size| Tree {
                splits: splits.by_ref().take(size).collect(),
                leaves: leaves.by_ref().take(size + 1).collect(),
            })
            .collect();
        Self::of(it.features, &trees)
    }
}

impl Tree {
    /// Whether it is one, for rows of so many features.
    ///
    /// Every split but the first, and every leaf, is the child of exactly one split before it: so there is no
    /// cycle, and nothing that no row can reach.
    fn check(&self, features: usize) -> Result<(), Malformed> {
        let fail = |problem: &str| Err(Malformed(problem.to_owned()));
        let Self { splits, leaves } = self;
        if leaves.len() != splits.len() + 1 {
            return fail("a tree has not one leaf more than it has splits");
        }
        if leaves.len() > Forest::LEAVES_MAX {
            return fail("a tree has too many leaves");
        }
        if splits.iter().any(|it| usize::from(it.feature) >= features) {
            return fail("a split asks for a feature that is not there");
        }
        if splits.iter().any(|it| it.threshold.is_nan()) || leaves.iter().any(|it| !it.is_finite())
        {
            return fail("a threshold or a leaf is no number");
        }
        let mut met_splits = vec![false; splits.len()];
        let mut met_leaves = vec![false; leaves.len()];
        for (at, split) in splits.iter().enumerate() {
            for child in split.children {
                let (met, place) = if child < 0 {
                    (&mut met_leaves, !child as usize)
                } else if child as usize > at {
                    (&mut met_splits, child as usize)
                } else {
                    return fail("a tree goes round in a circle");
                };
                match met.get_mut(place) {
                    None => return fail("a tree leads to a place that is not there"),
                    Some(true) => return fail("two ways of a tree meet"),
                    Some(met) => *met = true,
                }
            }
        }
        // As many children as places, each met once: none is left.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn two_trees() -> Forest {
        let mut forest = Forest::empty(2);
        forest.push(
            &[
                Split { feature: 0, threshold: 1.0, children: [!0, 1] },
                Split { feature: 1, threshold: -2.0, children: [!1, !2] },
            ],
            &[1.0, 2.0, 4.0],
        );
        forest.push(&[], &[0.5]);
        forest
    }

    #[test]
    fn a_row_goes_right_where_it_is_greater_and_left_where_it_is_no_number() {
        let forest = two_trees();
        assert_eq!(forest.score(&[1.0, 9.0]), 1.5);
        assert_eq!(forest.score(&[1.1, -2.0]), 2.5);
        assert_eq!(forest.score(&[f32::INFINITY, -1.9]), 4.5);
        assert_eq!(forest.score(&[f32::NAN, 9.0]), 1.5);
        assert_eq!(forest.score(&[2.0, f32::NAN]), 2.5);
        assert_eq!(forest.uses(), [1, 1]);
    }

    #[test]
    fn a_forest_survives_its_bytes() {
        let forest = two_trees();
        assert_eq!(Forest::from_bytes(&forest.to_bytes()), Ok(forest.clone()));
        let longer = [forest.to_bytes(), vec![0]].concat();
        assert!(Forest::from_bytes(&longer).unwrap_err().to_string().contains("1 bytes follow"));
    }

    #[test]
    fn what_is_no_forest_is_refused_with_the_reason() {
        let refused = |change: fn(&mut Encoded)| {
            let mut encoded = Encoded::from(two_trees());
            change(&mut encoded);
            Forest::try_from(encoded).unwrap_err().0
        };
        assert!(refused(|it| it.right[0] = 0).contains("circle"));
        assert!(refused(|it| it.right[1] = 1).contains("circle"));
        assert!(refused(|it| it.left[0] = !3).contains("not there"));
        assert!(refused(|it| it.right[0] = 2).contains("not there"));
        assert!(refused(|it| it.left[0] = !1).contains("meet"));
        assert!(refused(|it| it.asks[1] = 2).contains("feature that is not there"));
        assert!(refused(|it| it.leaves[0] = f32::NAN).contains("no number"));
        assert!(refused(|it| it.leaves.push(0.0)).contains("lengths"));
        assert!(refused(|it| it.sizes = vec![1, 0]).contains("lengths"));
        assert!(refused(|it| it.features = Forest::FEATURES_MAX + 1).contains("too many"));
        let long = Forest::from_bytes(&vec![0; BYTES_MAX + 1]).unwrap_err();
        assert!(long.to_string().contains("are the most"));
    }

    #[test]
    fn a_forest_is_made_of_trees_that_are_trees() {
        let stump = || Tree {
            splits: vec![Split { feature: 1, threshold: 2.0, children: [!0, !1] }],
            leaves: vec![1.0, 3.0],
        };
        let forest = Forest::of(2, &[stump(), stump()]).unwrap();
        assert_eq!((forest.features(), forest.trees()), (2, 2));
        assert_eq!(forest.scores(&[&[0.0, 2.0], &[0.0, 2.1]]), [2.0, 6.0]);
        let refused = |change: fn(&mut Tree)| {
            let mut tree = stump();
            change(&mut tree);
            Forest::of(2, &[tree]).unwrap_err().0
        };
        assert!(refused(|it| it.leaves.push(0.0)).contains("one leaf more"));
        assert!(refused(|it| it.splits[0].feature = 2).contains("feature that is not there"));
        assert!(refused(|it| it.splits[0].threshold = f32::NAN).contains("no number"));
        assert!(refused(|it| it.splits[0].children = [0, !1]).contains("circle"));
        let many = vec![Tree { splits: Vec::new(), leaves: vec![0.0] }; Forest::TREES_MAX + 1];
        assert!(Forest::of(2, &many).unwrap_err().0.contains("too many"));
    }

    /// Splits as growing makes them: each time a leaf becomes a split with two.
    fn grown(choices: &[(prop::sample::Index, u16, i8)]) -> (Vec<Split>, Vec<f32>) {
        let mut splits: Vec<Split> = Vec::new();
        for (number, (leaf, feature, threshold)) in choices.iter().enumerate() {
            let leaf = !(leaf.index(number + 1) as i16);
            let (new, right) = (number as i16, !(number as i16 + 1));
            let all = splits.iter_mut().flat_map(|it| &mut it.children);
            all.filter(|it| **it == leaf).for_each(|it| *it = new);
            let threshold = f32::from(*threshold);
            splits.push(Split { feature: *feature, threshold, children: [leaf, right] });
        }
        // No sum is exact, so that the order of adding shows.
        let leaves = (0..=choices.len()).map(|it| (it as f32 + 0.1).exp2() / 3.0).collect();
        (splits, leaves)
    }

    proptest! {
        #[test]
        fn many_rows_score_as_one_by_one_bit_for_bit(
            trees in prop::collection::vec(
                prop::collection::vec((any::<prop::sample::Index>(), 0_u16..4, -3_i8..3), 0..40),
                0..6,
            ),
            rows in prop::collection::vec(
                prop::collection::vec(
                    prop_oneof![9 => (-4_i8..4).prop_map(f32::from), 1 => Just(f32::NAN)],
                    4,
                ),
                0..150,
            ),
            tall in any::<bool>(),
        ) {
            let mut forest = Forest::empty(4);
            for choices in trees {
                let most = if tall { 40 } else { 31 };
                let (splits, leaves) = grown(&choices[..choices.len().min(most)]);
                forest.push(&splits, &leaves);
            }
            let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
            let scores = forest.scores(&rows);
            prop_assert_eq!(scores.len(), rows.len());
            for (score, row) in scores.into_iter().zip(rows) {
                prop_assert_eq!(score.to_bits(), forest.score(row).to_bits());
            }
        }

        #[test]
        fn hostile_bytes_score_or_are_refused(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            noise in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let _ = Forest::from_bytes(&noise);
            let mut bytes = two_trees().to_bytes();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(forest) = Forest::from_bytes(&bytes) {
                let row = vec![0.5; forest.features()];
                prop_assert!(forest.score(&row).is_finite());
                prop_assert_eq!(forest.scores(&[&row]), [forest.score(&row)]);
                prop_assert_eq!(Forest::from_bytes(&forest.to_bytes()), Ok(forest));
            }
        }
    }
}
