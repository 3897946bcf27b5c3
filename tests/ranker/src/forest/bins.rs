//! Features as small numbers: a split is looked for among the bounds of bins, not among all values.

use crate::Group;

/// Values of a feature that its bounds are chosen by. More of them move a bound by less than a row.
const SAMPLE: usize = 200_000;

/// Rows that a bin should hold at least, so that a bound is not drawn around a single one.
const BIN_ROWS_MIN: usize = 3;

/// All rows of all groups, each value as the number of its bin.
pub(super) struct Bins {
    rows: usize,
    /// By feature: upper bounds of all bins but the last. A value is in the bin whose number is how many
    /// bounds it is greater than; what is no number is greater than none.
    bounds: Vec<Vec<f32>>,
    /// By feature: the bin of each row.
    columns: Vec<Vec<u8>>,
}

impl Bins {
    pub(super) fn new(groups: &[Group<'_>], features: usize, bins: usize) -> Self {
        let rows = groups.iter().map(|it| it.relevant.len()).sum();
        let (mut bounds, mut columns) = (Vec::new(), Vec::new());
        for feature in 0..features {
            let values: Vec<f32> = groups
                .iter()
                .flat_map(|group| group.features.iter().skip(feature).step_by(features).copied())
                .collect();
            let of_feature = bounds_of(&values, bins);
            let bin = |it: &f32| of_feature.partition_point(|bound| it > bound) as u8;
            columns.push(values.iter().map(bin).collect());
            bounds.push(of_feature);
        }
        Self { rows, bounds, columns }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// The bin of each row in one feature.
    pub(super) fn column(&self, feature: usize) -> &[u8] {
        &self.columns[feature]
    }

    /// How many bins a feature has.
    pub(super) fn bins(&self, feature: usize) -> usize {
        self.bounds[feature].len() + 1
    }

    /// What a row must be greater than to be behind `bin`.
    pub(super) fn bound(&self, feature: usize, bin: u8) -> f32 {
        self.bounds[feature][usize::from(bin)]
    }
}

/// Bounds that cut values into at most `bins` parts of about the same size, between different values.
fn bounds_of(values: &[f32], bins: usize) -> Vec<f32> {
    let step = values.len().div_ceil(SAMPLE).max(1);
    let mut sample: Vec<f32> = values.iter().copied().step_by(step).collect();
    // What is no number is the smallest: it shares the first bin with the smallest number, or has it alone.
    sample.iter_mut().filter(|it| it.is_nan()).for_each(|it| *it = f32::NEG_INFINITY);
    // Zero is zero: with both of its signs in a row, equality and the order would disagree.
    sample.iter_mut().filter(|it| **it == 0.0).for_each(|it| *it = 0.0);
    sample.sort_unstable_by(f32::total_cmp);
    let runs: Vec<(f32, usize)> =
        sample.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
    let few = runs.len() <= bins;
    let mut bounds = Vec::new();
    let (mut rest, mut held) = (sample.len(), 0);
    for pair in runs.windows(2) {
        let [(lower, count), (upper, next)] = [pair[0], pair[1]];
        held += count;
        // What is left, shared among the bins that are left: frequent values have bins of their own.
        let share = rest as f64 / (bins - bounds.len()) as f64;
        let full = held as f64 + next as f64 / 2.0 >= share;
        if bounds.len() + 1 < bins && held >= BIN_ROWS_MIN && (few || full) {
            bounds.push(between(lower, upper));
            rest -= held;
            held = 0;
        }
    }
    bounds
}

/// A bound that `lower` is not greater than, and `upper` is.
fn between(lower: f32, upper: f32) -> f32 {
    let middle = lower / 2.0 + upper / 2.0;
    if middle >= lower && middle < upper { middle } else { lower }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_have_a_bin_each() {
        let values: Vec<f32> = (0..30).map(|it| (it % 3) as f32).collect();
        assert_eq!(bounds_of(&values, 255), [0.5, 1.5]);
        assert_eq!(bounds_of(&[1.0; 30], 255), [0.0; 0]);
        assert_eq!(bounds_of(&[], 255), [0.0; 0]);
    }

    #[test]
    fn many_values_are_cut_into_even_parts() {
        let values: Vec<f32> = (0..1_000).map(|it| it as f32).collect();
        let bounds = bounds_of(&values, 10);
        assert_eq!(bounds.len(), 9);
        for (number, bound) in bounds.iter().enumerate() {
            let even = 100.0 * (number as f32 + 1.0);
            assert!((bound - even).abs() <= 2.0, "{bounds:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_in_the_first_bin() {
        let values = [f32::NAN, f32::NAN, f32::NAN, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, f32::INFINITY];
        let group = Group { features: &values, relevant: &[false; 10] };
        let bins = Bins::new(&[group], 1, 255);
        assert_eq!(bins.column(0), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]);
        assert_eq!((bins.rows(), bins.bins(0)), (10, 4));
        // The way of a row through a tree agrees with its bins.
        for (value, bin) in values.iter().zip(bins.column(0)) {
            for bound in 0..3 {
                assert_eq!(*value > bins.bound(0, bound), *bin > bound);
            }
        }
    }

    #[test]
    fn a_bound_lies_between_neighbours_that_have_no_middle() {
        let upper = f32::from_bits(1.0_f32.to_bits() + 1);
        assert_eq!(between(1.0, upper), 1.0);
        assert_eq!(between(f32::NEG_INFINITY, 1.0), f32::NEG_INFINITY);
        assert_eq!(between(f32::MAX, f32::INFINITY), f32::MAX);
        assert_eq!(between(f32::NEG_INFINITY, f32::INFINITY), f32::NEG_INFINITY);
    }
}
