//! One tree: of all leaves, the one that gains most is split next.

use voyager_memory::rank::{Split, Tree};

use super::{Parameters, bins::Bins, lambdas::Pull};

/// Least stiffness of a leaf: with less, its answer would be a division by nearly nothing.
const LEAF_CURVE_MIN: f64 = 1e-3;

/// What the rows of a bin or a leaf add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum {
    slope: f64,
    curve: f64,
    rows: u32,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.slope += other.slope;
        self.curve += other.curve;
        self.rows += other.rows;
    }

    fn without(self, other: Self) -> Self {
        Self {
            slope: self.slope - other.slope,
            curve: self.curve - other.curve,
            rows: self.rows - other.rows,
        }
    }

    /// How much lower the loss is with the best answer for all of these rows.
    fn gain(self, l2: f64) -> f64 {
        self.slope * self.slope / (self.curve + l2)
    }
}

/// Sums of each bin of each feature in use, one after the other.
type Histogram = Vec<Sum>;

/// Grows trees on the same rows.
pub(super) struct Grower<'a> {
    bins: &'a Bins,
    parameters: &'a Parameters,
    /// Histograms of leaves that are no more.
    spare: Vec<Histogram>,
}

/// A tree on bins. Children are as in a [`Split`].
pub(super) struct Grown {
    asks: Vec<Ask>,
    leaves: Vec<f32>,
}

/// A split on bins: right is what is in a bin behind `bin`.
struct Ask {
    feature: usize,
    bin: u8,
    children: [i16; 2],
}

/// A leaf of a tree that grows.
struct Leaf {
    rows: Vec<u32>,
    sum: Sum,
    histogram: Histogram,
    best: Option<Candidate>,
    /// The split above, and on which side of it.
    parent: Option<(usize, usize)>,
}

/// A split that a leaf could have.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    gain: f64,
    feature: usize,
    bin: u8,
    left: Sum,
}

impl<'a> Grower<'a> {
    pub(super) fn new(bins: &'a Bins, parameters: &'a Parameters) -> Self {
        Self { bins, parameters, spare: Vec::new() }
    }

    /// The tree that answers `pulls` best, judged by `rows` and asking for `features`.
    pub(super) fn grow(&mut self, pulls: &[Pull], rows: &[u32], features: &[usize]) -> Grown {
        let mut asks: Vec<Ask> = Vec::new();
        let mut leaves = vec![self.root(pulls, rows, features)];
        while leaves.len() < self.parameters.leaves {
            let gain = |leaf: &Leaf| leaf.best.map_or(0.0, |it| it.gain);
            // Of equal leaves the first, so that the order of growing is one order.
            let Some(at) = (0..leaves.len())
                .rev()
                .max_by(|a, b| gain(&leaves[*a]).total_cmp(&gain(&leaves[*b])))
            else {
                break;
            };
            let Some(best) = leaves[at].best else { break };
            let number = asks.len();
            if let Some((split, side)) = leaves[at].parent {
                asks[split].children[side] = number as i16;
            }
            asks.push(Ask {
                feature: best.feature,
                bin: best.bin,
                children: [!(at as i16), !(leaves.len() as i16)],
            });
            let leaf = leaves.swap_remove(at);
            let [left, right] = self.split(leaf, best, number, pulls, features);
            // The left one takes the place of what was split, the right one a new place at the end.
            leaves.push(left);
            let last = leaves.len() - 1;
            leaves.swap(at, last);
            leaves.push(right);
        }
        let answers = leaves.iter().map(|leaf| self.answer(leaf.sum)).collect();
        self.spare.extend(leaves.into_iter().map(|leaf| leaf.histogram));
        Grown { asks, leaves: answers }
    }

    fn answer(&self, sum: Sum) -> f32 {
        let stiffness = (sum.curve + self.parameters.l2).max(f64::MIN_POSITIVE);
        (-sum.slope / stiffness * self.parameters.learning_rate) as f32
    }

    fn root(&mut self, pulls: &[Pull], rows: &[u32], features: &[usize]) -> Leaf {
        let mut sum = Sum::default();
        for row in rows {
            let Pull { slope, curve } = pulls[*row as usize];
            sum.add(Sum { slope, curve, rows: 1 });
        }
        let histogram = self.histogram(rows, pulls, features);
        let best = self.best(&histogram, sum, features);
        Leaf { rows: rows.to_vec(), sum, histogram, best, parent: None }
    }

    fn split(
        &mut self,
        leaf: Leaf,
        best: Candidate,
        parent: usize,
        pulls: &[Pull],
        features: &[usize],
    ) -> [Leaf; 2] {
        let column = self.bins.column(best.feature);
        let (right, left): (Vec<u32>, Vec<u32>) =
            leaf.rows.iter().partition(|row| column[**row as usize] > best.bin);
        let sums = [best.left, leaf.sum.without(best.left)];
        // Only the smaller side is counted; the other one is what remains.
        let small = usize::from(right.len() < left.len());
        let counted = self.histogram(if small == 0 { &left } else { &right }, pulls, features);
        let mut remaining = leaf.histogram;
        remaining.iter_mut().zip(&counted).for_each(|(all, part)| *all = all.without(*part));
        let histograms = if small == 0 { [counted, remaining] } else { [remaining, counted] };
        let leaf = |side: usize, rows, histogram: Histogram| {
            let best = self.best(&histogram, sums[side], features);
            Leaf { rows, sum: sums[side], histogram, best, parent: Some((parent, side)) }
        };
        let [of_left, of_right] = histograms;
        [leaf(0, left, of_left), leaf(1, right, of_right)]
    }

    /// Adds up `rows` by bin, feature after feature.
    fn histogram(&mut self, rows: &[u32], pulls: &[Pull], features: &[usize]) -> Histogram {
        let mut histogram = self.spare.pop().unwrap_or_default();
        histogram.clear();
        histogram.resize(features.iter().map(|it| self.bins.bins(*it)).sum(), Sum::default());
        // Read once in the order of the rows, instead of once for each feature from all over memory.
        let pulls: Vec<Pull> = rows.iter().map(|row| pulls[*row as usize]).collect();
        let mut rest = histogram.as_mut_slice();
        for feature in features {
            let (sums, behind) = rest.split_at_mut(self.bins.bins(*feature));
            let column = self.bins.column(*feature);
            for (row, Pull { slope, curve }) in rows.iter().zip(&pulls) {
                let sum = &mut sums[usize::from(column[*row as usize])];
                sum.slope += slope;
                sum.curve += curve;
                sum.rows += 1;
            }
            rest = behind;
        }
        histogram
    }

    /// The split that gains most, of those that leave enough on both sides.
    fn best(&self, histogram: &[Sum], whole: Sum, features: &[usize]) -> Option<Candidate> {
        let Parameters { leaf_rows_min, l2, .. } = *self.parameters;
        let enough = |it: Sum| it.rows >= leaf_rows_min.max(1) && it.curve >= LEAF_CURVE_MIN;
        if !enough(whole) {
            return None;
        }
        let mut best: Option<Candidate> = None;
        let mut rest = histogram;
        for feature in features {
            let (sums, behind) = rest.split_at(self.bins.bins(*feature));
            let mut left = Sum::default();
            for (bin, sum) in sums[..sums.len() - 1].iter().enumerate() {
                left.add(*sum);
                let right = whole.without(left);
                if !enough(right) {
                    break;
                }
                let gain = left.gain(l2) + right.gain(l2) - whole.gain(l2);
                if sum.rows > 0 && enough(left) && gain > best.map_or(1e-12, |it| it.gain) {
                    best = Some(Candidate { gain, feature: *feature, bin: bin as u8, left });
                }
            }
            rest = behind;
        }
        best
    }
}

impl Grown {
    /// Adds what the tree answers for every row to its score.
    pub(super) fn add_to(&self, scores: &mut [f64], bins: &Bins) {
        for (row, score) in scores.iter_mut().enumerate() {
            *score += f64::from(self.leaves[self.leaf_of(row, bins)]);
        }
    }

    fn leaf_of(&self, row: usize, bins: &Bins) -> usize {
        let mut at = if self.asks.is_empty() { !0 } else { 0 };
        while at >= 0 {
            let ask = &self.asks[at as usize];
            at = ask.children[usize::from(bins.column(ask.feature)[row] > ask.bin)];
        }
        !at as usize
    }

    /// The same tree on values.
    pub(super) fn on_values(self, bins: &Bins) -> Tree {
        let split = |it: &Ask| Split {
            feature: u16::try_from(it.feature).expect("features are bounded"),
            threshold: bins.bound(it.feature, it.bin),
            children: it.children,
        };
        Tree { splits: self.asks.iter().map(split).collect(), leaves: self.leaves }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Group;

    #[test]
    fn a_tree_parts_rows_where_the_pulls_turn() {
        // Pulled up above 2, down below; the second feature is noise.
        let features = [0.0, 5.0, 1.0, 4.0, 2.0, 5.0, 3.0, 4.0, 4.0, 5.0, 5.0, 4.0];
        let bins = Bins::new(&[Group { features: &features, relevant: &[false; 6] }], 2, 255);
        let parameters =
            Parameters { leaves: 2, leaf_rows_min: 1, learning_rate: 0.5, ..Parameters::default() };
        // Bins hold three rows at least: the only bound lies between 2 and 3.
        assert_eq!((bins.bins(0), bins.bound(0, 0)), (2, 2.5));
        let up = Pull { slope: -1.0, curve: 0.5 };
        let down = Pull { slope: 2.0, curve: 0.5 };
        let pulls = [down, down, down, up, up, up];
        let grown = Grower::new(&bins, &parameters).grow(&pulls, &[0, 1, 2, 3, 4, 5], &[0, 1]);
        let split = Split { feature: 0, threshold: 2.5, children: [!0, !1] };
        let mut scores = [1.0; 6];
        grown.add_to(&mut scores, &bins);
        assert_eq!(scores, [-1.0, -1.0, -1.0, 2.0, 2.0, 2.0]);
        // -slope / curve, half of it: -6 / 1.5 / 2 and 3 / 1.5 / 2.
        let tree = Tree { splits: vec![split], leaves: vec![-2.0, 1.0] };
        assert_eq!(grown.on_values(&bins), tree);
    }

    #[test]
    fn a_leaf_that_is_too_small_is_not_made() {
        let features: Vec<f32> = (0..6).map(|it| it as f32).collect();
        let bins = Bins::new(&[Group { features: &features, relevant: &[false; 6] }], 1, 255);
        let parameters = Parameters { leaf_rows_min: 4, ..Parameters::default() };
        let pulls: Vec<Pull> =
            (0..6).map(|it| Pull { slope: f64::from(it) - 2.0, curve: 1.0 }).collect();
        let grown = Grower::new(&bins, &parameters).grow(&pulls, &[0, 1, 2, 3, 4, 5], &[0]);
        assert_eq!((grown.asks.len(), grown.leaves.len()), (0, 1));
    }
}
