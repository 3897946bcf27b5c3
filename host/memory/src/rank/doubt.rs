//! Signs that nothing answers a question, read off its ranking: above all that the best records are by somebody else
//! than it asks about, and that none holds what is rare in it.

use super::{Logistic, Ranker};

/// Which of the features of a ranked record the signs are made of.
#[derive(Clone, Copy)]
enum Of {
    KeywordZ = 0,
    KeywordRatio = 2,
    WindowZ = 5,
    WindowRatio = 7,
    VectorZ = 10,
    Coverage = 16,
    WindowCoverage = 17,
    Rarest = 18,
    WindowRarest = 19,
    Mine = 20,
    Other = 21,
    SpeaksOfItself = 26,
    Kindred = 31,
    WindowKindred = 32,
}

/// What is looked at of the best record.
const OF_THE_FIRST: [Of; 9] = [
    Of::KeywordZ,
    Of::KeywordRatio,
    Of::WindowZ,
    Of::WindowRatio,
    Of::VectorZ,
    Of::WindowCoverage,
    Of::Rarest,
    Of::WindowRarest,
    Of::WindowKindred,
];

/// What is compared between the best records by whom the question asks about and those by others.
const COMPARED: [Of; 8] = [
    Of::KeywordZ,
    Of::WindowZ,
    Of::VectorZ,
    Of::Coverage,
    Of::Rarest,
    Of::WindowCoverage,
    Of::Kindred,
    Of::WindowKindred,
];

/// What is looked at of the ten best together.
const OF_THE_BEST: [Of; 6] =
    [Of::Coverage, Of::WindowCoverage, Of::VectorZ, Of::Rarest, Of::Kindred, Of::WindowKindred];

/// So many are the best.
const BEST: usize = 10;

/// The signs of a ranking: rows as [`crate::features::ranking_names`] names them.
pub fn signs<'a>(rows: impl Iterator<Item = &'a [f32]>, ranker: &Ranker) -> Vec<f32> {
    let rows: Vec<&[f32]> = rows.collect();
    signs_of(ranker.scores(&rows).into_iter().zip(rows).collect())
}

/// The same, where the ranker gave its scores already.
fn signs_of(mut ranked: Vec<(f64, &[f32])>) -> Vec<f32> {
    // Equal ones stay in the order in which they came.
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
    let value = |place: usize, of: Of| {
        ranked.get(place).map_or(0.0, |(_, row)| f64::from(row[of as usize]))
    };
    let lowest = ranked.last().map_or(0.0, |it| it.0);
    let score = |place: usize| ranked.get(place).map_or(lowest, |it| it.0);
    let by = |whose: Of| ranked.iter().filter(move |(_, row)| row[whose as usize] > 0.0);
    let best_by = |whose: Of| by(whose).next().map_or(lowest, |it| it.0);
    let share = |count: usize| {
        let of = ranked.iter().take(count).filter(|(_, row)| row[Of::Mine as usize] > 0.0);
        of.count() as f64 / count as f64
    };
    let most = |whose: Of, of: Of| {
        by(whose).map(|(_, row)| f64::from(row[of as usize])).fold(0.0, f64::max)
    };
    let of_the_best = |of: Of| {
        let best = ranked.iter().take(BEST).map(|(_, row)| f64::from(row[of as usize]));
        best.fold(0.0, f64::max)
    };
    let named = ranked
        .first()
        .map_or(0.0, |(_, row)| f64::from(row[Of::Mine as usize] + row[Of::Other as usize]));
    let mut signs = vec![
        named,
        value(0, Of::Mine) - value(0, Of::Other),
        share(3),
        share(5),
        share(BEST),
        best_by(Of::Mine) - best_by(Of::Other),
        best_by(Of::Mine),
        score(0),
        score(0) - score(1),
        score(0) - score(BEST - 1),
        value(0, Of::SpeaksOfItself) * value(0, Of::Mine),
        value(0, Of::SpeaksOfItself) * value(0, Of::Other),
    ];
    signs.extend(OF_THE_FIRST.map(|it| value(0, it)));
    signs.extend(COMPARED.map(|it| most(Of::Mine, it) - most(Of::Other, it)));
    signs.extend(OF_THE_BEST.map(of_the_best));
    signs.into_iter().map(|it| it as f32).collect()
}

/// How probable it is that nothing answers a question, by its ranking: what the ranker gave each row, and the row.
pub(crate) fn doubt(ranked: Vec<(f64, &[f32])>, of: &Logistic) -> f64 {
    if ranked.is_empty() { 1.0 } else { of.probability(&signs_of(ranked)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features;

    #[test]
    fn signs_are_made_of_the_features_that_they_name() {
        let names = features::ranking_names();
        for (of, name) in [
            (Of::KeywordZ, "keyword.z"),
            (Of::KeywordRatio, "keyword.ratio"),
            (Of::WindowZ, "window2.z"),
            (Of::WindowRatio, "window2.ratio"),
            (Of::VectorZ, "vector.z"),
            (Of::Coverage, "coverage"),
            (Of::WindowCoverage, "window_coverage"),
            (Of::Rarest, "rarest"),
            (Of::WindowRarest, "window_rarest"),
            (Of::Mine, "author_asked_for"),
            (Of::Other, "other_author_asked_for"),
            (Of::SpeaksOfItself, "of_me"),
            (Of::Kindred, "kindred_coverage"),
            (Of::WindowKindred, "kindred_window_coverage"),
        ] {
            assert_eq!(names[of as usize], name);
        }
    }

    #[test]
    fn a_ranking_of_nothing_is_doubted_and_has_signs() {
        let signs = signs([].into_iter(), super::super::ranker(true));
        assert!(signs.iter().all(|it| *it == 0.0));
    }
}
