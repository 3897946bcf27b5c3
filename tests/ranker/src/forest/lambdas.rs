//! Which way each row is pulled, and how stiffly.

use crate::Group;

/// First and second derivative of the loss at a row's score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pull {
    pub(super) slope: f64,
    pub(super) curve: f64,
}

/// The pairs of all groups.
pub(super) struct Lambdas {
    groups: Vec<Pairs>,
    truncation: usize,
    /// What a place counts in DCG.
    discounts: Vec<f64>,
    pulls: Vec<Pull>,
    order: Vec<u32>,
}

/// One group.
struct Pairs {
    start: usize,
    relevant: Vec<bool>,
    /// DCG of the best order; zero for a group that teaches nothing.
    best: f64,
}

impl Lambdas {
    pub(super) fn new(groups: &[Group<'_>], truncation: usize) -> Self {
        let longest = groups.iter().map(|it| it.relevant.len()).max().unwrap_or(0);
        let discounts: Vec<f64> =
            (0..longest).map(|place| (place as f64 + 2.0).log2().recip()).collect();
        let mut start = 0;
        let pairs = groups.iter().map(|group| {
            let relevant = group.relevant.to_vec();
            let answers = relevant.iter().filter(|it| **it).count();
            let teaches = answers < relevant.len();
            let best =
                if teaches { discounts[..answers.min(truncation)].iter().sum() } else { 0.0 };
            start += relevant.len();
            Pairs { start: start - relevant.len(), relevant, best }
        });
        let groups: Vec<Pairs> = pairs.collect();
        let pulls = vec![Pull::default(); start];
        Self { groups, truncation, discounts, pulls, order: Vec::new() }
    }

    /// The pulls of all rows at `scores`.
    pub(super) fn pulls(&mut self, scores: &[f64]) -> &[Pull] {
        for group in &self.groups {
            let rows = group.start..group.start + group.relevant.len();
            let pulls = &mut self.pulls[rows.clone()];
            pulls.fill(Pull::default());
            if group.best > 0.0 {
                group.pull(&scores[rows], self.truncation, &self.discounts, &mut self.order, pulls);
            }
        }
        &self.pulls
    }
}

impl Pairs {
    fn pull(
        &self,
        scores: &[f64],
        truncation: usize,
        discounts: &[f64],
        order: &mut Vec<u32>,
        pulls: &mut [Pull],
    ) {
        order.clear();
        order.extend(0..scores.len() as u32);
        // Equal scores stay in the order of the rows: the sort is stable.
        order.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
        let spread = scores[order[0] as usize] > scores[order[scores.len() - 1] as usize];
        let mut total = 0.0;
        for first in 0..truncation.min(scores.len()) {
            for second in first + 1..scores.len() {
                let (a, b) = (order[first] as usize, order[second] as usize);
                if self.relevant[a] == self.relevant[b] {
                    continue;
                }
                let (high, low) = if self.relevant[a] { (a, b) } else { (b, a) };
                let margin = scores[high] - scores[low];
                let mut change = (discounts[first] - discounts[second]) / self.best;
                if spread {
                    // Pairs that are far apart already would drown those that are close.
                    change /= 0.01 + margin.abs();
                }
                let wrong = 1.0 / (1.0 + margin.exp());
                let (slope, curve) = (wrong * change, wrong * (1.0 - wrong) * change);
                pulls[high].slope -= slope;
                pulls[low].slope += slope;
                pulls[high].curve += curve;
                pulls[low].curve += curve;
                total += 2.0 * slope;
            }
        }
        if total > 0.0 {
            // A group with many pairs counts little more than one with few.
            let scale = (1.0 + total).log2() / total;
            pulls.iter_mut().for_each(|it| {
                it.slope *= scale;
                it.curve *= scale;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_pulled_apart_by_what_its_exchange_would_gain() {
        let relevant = [false, true];
        let mut lambdas = Lambdas::new(&[Group { features: &[], relevant: &relevant }], 30);
        // Equal scores: the answer stands second. Wrong by one half, nDCG would gain 1 - 1/log2(3) = 0.3691;
        // the sum 0.3691 is scaled to log2(1.3691) = 0.4532: half of it each way.
        let pulls = lambdas.pulls(&[0.0, 0.0]);
        assert!((pulls[0].slope - 0.2266).abs() < 1e-4, "{pulls:?}");
        assert!((pulls[1].slope + 0.2266).abs() < 1e-4, "{pulls:?}");
        assert!((pulls[0].curve - 0.1133).abs() < 1e-4 && pulls[0].curve == pulls[1].curve);
        // With the answer in front already, it is pulled on, less.
        let pulls = lambdas.pulls(&[0.0, 3.0]);
        assert!(pulls[1].slope < 0.0 && pulls[1].slope > -0.05, "{pulls:?}");
    }

    #[test]
    fn pairs_behind_the_truncation_and_groups_of_one_kind_are_left_alone() {
        let relevant = [false, false, true];
        let mut lambdas = Lambdas::new(&[Group { features: &[], relevant: &relevant }], 1);
        let pulls = lambdas.pulls(&[3.0, 2.0, 1.0]);
        assert!(pulls[0].slope > 0.0 && pulls[2].slope < 0.0);
        assert_eq!(pulls[1], Pull::default());
        let mut lambdas = Lambdas::new(&[Group { features: &[], relevant: &[true, true] }], 30);
        assert_eq!(lambdas.pulls(&[1.0, 2.0]), [Pull::default(); 2]);
    }
}
