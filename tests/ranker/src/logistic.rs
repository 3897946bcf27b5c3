//! Logistic regression: a few signals become a probability. It learns by Newton's method.

use voyager_memory::rank::{Logistic, Weight};

/// Most rounds of Newton's method; with a penalty it needs about ten.
pub(crate) const ROUNDS_MAX: usize = 50;

/// A change of the weights that no longer changes a probability.
pub(crate) const SETTLED: f64 = 1e-10;

/// Most features: each round solves a dense system of this size.
pub(crate) const FEATURES_MAX: usize = 512;

/// The scale of some values, each of them a number, which are gone through twice; they count nothing yet.
pub(crate) fn scale_of<I: Iterator<Item = f64>>(values: impl Fn() -> I) -> Weight {
    let count = values().count().max(1) as f64;
    let mean = values().sum::<f64>() / count;
    let variance = values().map(|it| (it - mean).powi(2)).sum::<f64>() / count;
    // A feature that never changes keeps its scale: it adds zero whatever its weight.
    let deviation = if variance > 1e-18 { variance.sqrt() } else { 1.0 };
    Weight { mean, deviation, weight: 0.0 }
}

/// Rows from which nothing can be learned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no logistic model can be fitted: {0}")]
pub struct Unfit(pub(crate) String);

/// The model that explains `labels` best, with `penalty` (above zero) on the squares of its weights; by
/// Newton's method.
///
/// # Errors
/// When rows differ in length, the labels are not one for each row, or all of them say the same.
pub fn fit(rows: &[Vec<f32>], labels: &[bool], penalty: f64) -> Result<Logistic, Unfit> {
    fit_weighed(rows, labels, &vec![1.0; labels.len()], penalty)
}

/// The same, where a row counts as so many: numbers of zero or more, one for each.
///
/// # Errors
/// As [`fit`], and when something else counts.
pub fn fit_weighed(
    rows: &[Vec<f32>],
    labels: &[bool],
    counts: &[f64],
    penalty: f64,
) -> Result<Logistic, Unfit> {
    let features = check(rows, labels, penalty)?;
    if counts.len() != rows.len() || counts.iter().any(|it| !it.is_finite() || *it < 0.0) {
        return Err(Unfit("each row must count as a number of rows".to_owned()));
    }
    let mut of_features = before(rows, features);
    let scaled: Vec<Vec<f64>> = rows.iter().map(|row| scaled(&of_features, row)).collect();
    let mut weights = vec![0.0; features + 1];
    for _ in 0..ROUNDS_MAX {
        let said = labels.iter().copied().zip(counts.iter().copied());
        let step = newton_step(&scaled, said, &weights, penalty);
        // Newton's step can overshoot far from the answer; a bounded one can't run away.
        let longest = step.iter().fold(0.0_f64, |longest, it| longest.max(it.abs()));
        let share = if longest > 4.0 { 4.0 / longest } else { 1.0 };
        weights.iter_mut().zip(&step).for_each(|(weight, step)| *weight += share * step);
        if longest < SETTLED {
            break;
        }
    }
    of_features.iter_mut().zip(&weights[1..]).for_each(|(it, weight)| it.weight = *weight);
    Ok(Logistic::of(weights[0], of_features))
}

/// The scales of features, which count nothing yet.
fn before(rows: &[Vec<f32>], features: usize) -> Vec<Weight> {
    let scale = |feature: usize| {
        let values = || rows.iter().map(move |row| f64::from(row[feature]));
        scale_of(|| values().filter(|it| it.is_finite()))
    };
    (0..features).map(scale).collect()
}

/// A row on the common scales, behind the one that the intercept weighs.
fn scaled(weights: &[Weight], row: &[f32]) -> Vec<f64> {
    let scaled = weights.iter().zip(row).map(|(weight, value)| weight.scaled(*value));
    std::iter::once(1.0).chain(scaled).collect()
}

fn check(rows: &[Vec<f32>], labels: &[bool], penalty: f64) -> Result<usize, Unfit> {
    let fail = |problem: &str| Err(Unfit(problem.to_owned()));
    let features = rows.first().map_or(0, Vec::len);
    if rows.len() != labels.len() {
        return fail("there must be one label for each row");
    }
    if !labels.contains(&true) || !labels.contains(&false) {
        return fail("there must be rows of both labels");
    }
    if features > FEATURES_MAX || rows.iter().any(|row| row.len() != features) {
        return fail("every row must have the same features, 512 at most");
    }
    if !penalty.is_finite() || penalty <= 0.0 {
        return fail("the penalty must be a number above zero");
    }
    Ok(features)
}

fn sigmoid(it: f64) -> f64 {
    1.0 / (1.0 + (-it).exp())
}

/// Where the quadratic that touches the loss at `weights` has its lowest point, seen from there. `said` is the label of
/// each row, and as how many it counts.
fn newton_step(
    rows: &[Vec<f64>],
    said: impl Iterator<Item = (bool, f64)>,
    weights: &[f64],
    penalty: f64,
) -> Vec<f64> {
    let size = weights.len();
    let mut slope: Vec<f64> = weights.iter().map(|it| -penalty * it).collect();
    let mut curve = vec![vec![0.0; size]; size];
    // The intercept is what the labels say on average: nothing pulls it to zero but a hair, which keeps
    // the system solvable.
    slope[0] = 0.0;
    for (at, row) in curve.iter_mut().enumerate() {
        row[at] = if at == 0 { 1e-9 } else { penalty };
    }
    for (row, (label, count)) in rows.iter().zip(said) {
        let told = sigmoid(row.iter().zip(weights).map(|(value, weight)| value * weight).sum());
        let miss = count * (f64::from(u8::from(label)) - told);
        let certainty = count * told * (1.0 - told);
        for (at, value) in row.iter().enumerate() {
            slope[at] += miss * value;
            for (cell, other) in curve[at].iter_mut().zip(&row[..=at]) {
                *cell += certainty * value * other;
            }
        }
    }
    solve(curve, slope)
}

/// Solves a symmetric positive system, of which the lower half is given, by Cholesky's factors.
pub(crate) fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for at in 0..size {
        for column in 0..=at {
            let known: f64 = (0..column).map(|it| matrix[at][it] * matrix[column][it]).sum();
            let rest = matrix[at][column] - known;
            // The penalty keeps the diagonal above zero but for rounding.
            matrix[at][column] =
                if at == column { rest.max(1e-12).sqrt() } else { rest / matrix[column][column] };
        }
    }
    for at in 0..size {
        let known: f64 = (0..at).map(|it| matrix[at][it] * right[it]).sum();
        right[at] = (right[at] - known) / matrix[at][at];
    }
    for at in (0..size).rev() {
        let known: f64 = (at + 1..size).map(|it| matrix[it][at] * right[it]).sum();
        right[at] = (right[at] - known) / matrix[at][at];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_solved() {
        // [[4, 2], [2, 3]] x = [10, 8] has x = [7/4, 3/2].
        let found = solve(vec![vec![4.0, 0.0], vec![2.0, 3.0]], vec![10.0, 8.0]);
        assert!((found[0] - 1.75).abs() < 1e-12 && (found[1] - 1.5).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn without_features_the_probability_is_the_share_of_the_true() {
        let rows = vec![Vec::new(); 4];
        let model = fit(&rows, &[true, false, false, false], 1.0).unwrap();
        assert!((model.probability(&[]) - 0.25).abs() < 1e-8);
    }

    #[test]
    fn one_binary_feature_gives_the_shares_of_its_two_sides() {
        // Three of four where the feature is 1, one of four where it is 0: the fit of a saturated model.
        let rows: Vec<Vec<f32>> = (0..8).map(|it| vec![(it / 4) as f32]).collect();
        let labels = [true, false, false, false, true, true, true, false];
        let model = fit(&rows, &labels, 1e-9).unwrap();
        assert!((model.probability(&[1.0]) - 0.75).abs() < 1e-6);
        assert!((model.probability(&[0.0]) - 0.25).abs() < 1e-6);
        assert!((model.probability(&[f32::NAN]) - 0.5).abs() < 1e-6, "not a number is the mean");
    }

    #[test]
    fn rows_that_a_line_parts_end_with_finite_weights() {
        let rows: Vec<Vec<f32>> = (0..20).map(|it| vec![it as f32, 7.0]).collect();
        let labels: Vec<bool> = (0..20).map(|it| it >= 10).collect();
        let model = fit(&rows, &labels, 0.1).unwrap();
        let weights: Vec<f64> = model.weights().collect();
        assert!(weights[0] > 1.0 && weights[0] < 100.0 && weights[1].abs() < 1e-9, "{weights:?}");
        assert!(model.probability(&[19.0, 7.0]) > 0.95);
        assert!(model.probability(&[0.0, 7.0]) < 0.05);
    }

    #[test]
    fn a_row_that_counts_as_three_is_three_rows() {
        let rows: Vec<Vec<f32>> = vec![vec![1.0], vec![3.0], vec![2.0]];
        let labels = [true, false, false];
        let model = fit_weighed(&rows, &labels, &[3.0, 1.0, 0.0], 0.1).unwrap();
        // The scale is that of the rows as they came, which the weight takes up but for the penalty.
        let same =
            fit(&[vec![1.0], vec![1.0], vec![1.0], vec![3.0]], &[true, true, true, false], 1e-6);
        let free = fit_weighed(&rows, &labels, &[3.0, 1.0, 0.0], 1e-6).unwrap();
        let same = same.unwrap();
        for value in [1.0, 2.0, 3.0] {
            let (one, other) = (free.probability(&[value]), same.probability(&[value]));
            assert!((one - other).abs() < 1e-2, "{one} {other}");
        }
        assert!(model.probability(&[1.0]) > 0.75 && model.probability(&[3.0]) < 0.75);
        for counts in [&[1.0, 1.0][..], &[1.0, 1.0, -1.0], &[1.0, 1.0, f64::NAN]] {
            assert!(fit_weighed(&rows, &labels, counts, 1.0).is_err());
        }
    }

    #[test]
    fn what_teaches_nothing_is_refused() {
        let refused =
            |rows: &[Vec<f32>], labels: &[bool], penalty| fit(rows, labels, penalty).unwrap_err().0;
        assert!(refused(&[vec![1.0]], &[true], 1.0).contains("both labels"));
        assert!(refused(&[vec![1.0]], &[true, false], 1.0).contains("one label"));
        assert!(refused(&[vec![1.0], vec![]], &[true, false], 1.0).contains("same features"));
        assert!(refused(&[vec![1.0], vec![2.0]], &[true, false], 0.0).contains("penalty"));
    }
}
