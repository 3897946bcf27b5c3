//! Signs that nothing answers a question, read off its ranking: above all that the best records are by somebody else
//! than it asks about, and that none holds what is rare in it.
//!
//! Where there is nobody to compare, as among notes, the words tell it: how much of the question the best records hold
//! (decision 0072). These signs have bounds, so that they say the same in stores of all sizes.

use serde::{Deserialize, Serialize};

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
    Me = 26,
    You = 27,
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

/// The same, between what they tell of themselves.
const TOLD_OF_ITSELF: [Of; 2] = [Of::Coverage, Of::Kindred];

/// What is looked at of the ten best together.
const OF_THE_BEST: [Of; 6] =
    [Of::Coverage, Of::WindowCoverage, Of::VectorZ, Of::Rarest, Of::Kindred, Of::WindowKindred];

/// So many are the best.
const BEST: usize = 10;

/// A vector that stands out by so many deviations stands out.
const STANDS_OUT: f64 = 10.0;

/// How recall knows that nothing answers a question, by its ranking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Doubter {
    /// In talk, and where the question names who wrote some of the records that were found, and others are by others: by
    /// [`signs`].
    pub by_whom: Logistic,
    /// Elsewhere: by [`signs_of_words`].
    pub by_words: Logistic,
}

impl Doubter {
    /// How probable it is that nothing answers, from 0 to 1: by what the ranker gave each row, the row, which share of
    /// the question's words some record holds, and whether the records are talk. 0.5 is where either is as probable, if
    /// as many questions have an answer as have none. None where words are to tell it and the question has none.
    pub fn doubt(
        &self,
        ranked: Vec<(f64, &[f32])>,
        known: Option<f64>,
        is_talk: bool,
    ) -> Option<f64> {
        let by = |whose: Of| ranked.iter().any(|(_, row)| row[whose as usize] > 0.0);
        if ranked.is_empty() {
            Some(1.0)
        } else if is_talk || by(Of::Mine) && by(Of::Other) {
            Some(self.by_whom.probability(&signs_of(ranked)))
        } else {
            Some(self.by_words.probability(&of_words(ranked, known?)))
        }
    }
}

/// The signs of a ranking: rows as [`crate::features::ranking_names`] names them.
pub fn signs<'a>(rows: impl Iterator<Item = &'a [f32]>, ranker: &Ranker) -> Vec<f32> {
    let rows: Vec<&[f32]> = rows.collect();
    signs_of(ranker.scores(&rows).into_iter().zip(rows).collect())
}

/// The signs that words give, of the rows of a ranking and the share of the question's words that some record holds.
pub fn signs_of_words<'a>(
    rows: impl Iterator<Item = &'a [f32]>,
    known: f64,
    ranker: &Ranker,
) -> Vec<f32> {
    let rows: Vec<&[f32]> = rows.collect();
    of_words(ranker.scores(&rows).into_iter().zip(rows).collect(), known)
}

fn of_words(mut ranked: Vec<(f64, &[f32])>, known: f64) -> Vec<f32> {
    ranked.sort_by(|one, other| other.0.total_cmp(&one.0));
    let of_the_best = |of: Of| {
        let best = ranked.iter().take(BEST).map(|(_, row)| f64::from(row[of as usize]));
        best.fold(0.0, f64::max)
    };
    let vector = ranked.first().map_or(0.0, |(_, row)| f64::from(row[Of::VectorZ as usize]));
    let held = of_the_best(Of::Coverage);
    let signs = [
        held,
        of_the_best(Of::Kindred),
        of_the_best(Of::Rarest),
        known,
        // Of the words that are held at all.
        if known > 0.0 { held / known } else { 0.0 },
        vector.clamp(0.0, STANDS_OUT),
    ];
    signs.map(|it| it as f32).to_vec()
}

/// [`signs`], where the ranker gave its scores already.
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
    let of_itself = |whose: Of| {
        by(whose).filter(|(_, row)| row[Of::Me as usize] > 0.0 && row[Of::You as usize] <= 0.0)
    };
    let all_of_itself = |whose: Of| together(of_itself(whose).map(|it| it.0)).unwrap_or(lowest);
    let most_of_itself = |whose: Of, of: Of| {
        of_itself(whose).map(|(_, row)| f64::from(row[of as usize])).fold(0.0, f64::max)
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
        value(0, Of::Me) * value(0, Of::Mine),
        value(0, Of::Me) * value(0, Of::Other),
    ];
    signs.extend(OF_THE_FIRST.map(|it| value(0, it)));
    signs.extend(COMPARED.map(|it| most(Of::Mine, it) - most(Of::Other, it)));
    signs.extend(OF_THE_BEST.map(of_the_best));
    signs.push(all_of_itself(Of::Mine) - all_of_itself(Of::Other));
    let told = |of| most_of_itself(Of::Mine, of) - most_of_itself(Of::Other, of);
    signs.extend(TOLD_OF_ITSELF.map(told));
    signs.into_iter().map(|it| it as f32).collect()
}

/// A score that several have together, the best first: the logarithm of the sum of what they are the logarithms of.
pub fn together(mut scores: impl Iterator<Item = f64>) -> Option<f64> {
    let best = scores.next()?;
    let others: f64 = scores.map(|it| (it - best).exp()).sum();
    Some(best + others.ln_1p())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::features;

    /// A row that names nobody.
    fn row_of_words(held: f32, kindred: f32, rarest: f32, vector: f32) -> Vec<f32> {
        let mut row = vec![0.0; features::ranking_names().len()];
        let of = [
            (Of::Coverage, held),
            (Of::Kindred, kindred),
            (Of::Rarest, rarest),
            (Of::VectorZ, vector),
        ];
        of.iter().for_each(|it| row[it.0 as usize] = it.1);
        row
    }

    proptest! {
        #[test]
        fn doubt_is_a_probability(
            rows in prop::collection::vec(prop::collection::vec(-1e6_f32..1e6, features::RANKING), 0..12),
            scores in prop::collection::vec(-1e3_f64..1e3, 12),
            known in prop::option::of(0.0..=1.0),
            kindred in any::<bool>(),
            is_talk in any::<bool>(),
        ) {
            let ranked: Vec<(f64, &[f32])> =
                scores.into_iter().zip(rows.iter().map(Vec::as_slice)).collect();
            let doubt = super::super::doubter(kindred).doubt(ranked, known, is_talk);
            prop_assert!(doubt.is_none_or(|it| (0.0..=1.0).contains(&it)), "{doubt:?}");
        }

        /// What holds more of the words of a question, or means more like it, is not doubted more.
        #[test]
        fn what_is_held_speaks_for_an_answer(
            one in 0.0..=1.0_f32,
            other in 0.0..=1.0_f32,
            near in 0.0..10.0_f32,
            rarest in 0.0..=1.0_f32,
            kindred in any::<bool>(),
        ) {
            let doubt = |held: f32, near: f32| {
                let row = row_of_words(held, held, rarest, near);
                super::super::doubter(kindred).doubt(vec![(1.0, &row[..])], Some(1.0), false).unwrap()
            };
            let (less, more) = (one.min(other), one.max(other));
            prop_assert!(doubt(more, near) <= doubt(less, near));
            prop_assert!(doubt(one, near + 1.0) <= doubt(one, near));
        }
    }

    #[test]
    fn whom_a_question_names_counts_in_talk_and_beside_others() {
        let of = |whose: Of| {
            let mut row = row_of_words(1.0, 1.0, 1.0, 5.0);
            row[whose as usize] = 1.0;
            row
        };
        let (mine, other) = (of(Of::Mine), of(Of::Other));
        let doubter = super::super::doubter(false);
        let by_words = |ranked: &[(f64, &[f32])], is_talk: bool| {
            let ranked = ranked.to_vec();
            doubter.doubt(ranked.clone(), Some(1.0), is_talk).unwrap()
                == doubter.by_words.probability(&of_words(ranked, 1.0))
        };
        assert!(by_words(&[(2.0, &mine), (1.0, &mine)], false));
        assert!(!by_words(&[(2.0, &mine), (1.0, &mine)], true));
        assert!(by_words(&[(2.0, &row_of_words(1.0, 1.0, 1.0, 5.0))], false));
        assert!(!by_words(&[(2.0, &mine), (1.0, &other)], false));
        assert_eq!(doubter.doubt(vec![(1.0, &mine[..])], None, false), None, "it has no words");
    }

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
            (Of::Me, "of_me"),
            (Of::You, "of_you"),
            (Of::Kindred, "kindred_coverage"),
            (Of::WindowKindred, "kindred_window_coverage"),
        ] {
            assert_eq!(names[of as usize], name);
        }
    }

    #[test]
    fn scores_together_are_worth_more_than_the_best() {
        assert_eq!(together([].into_iter()), None);
        assert_eq!(together([2.5].into_iter()), Some(2.5));
        let both = together([2.0, 2.0].into_iter()).unwrap();
        assert!((both - (2.0 * 2.0_f64.exp()).ln()).abs() < 1e-12, "{both}");
        assert_eq!(together([1e300, -1e300].into_iter()), Some(1e300));
    }

    /// Who speaks of himself tells what he did; who speaks of another says what he heard.
    #[test]
    fn what_others_tell_of_themselves_speaks_against_who_is_asked_about() {
        let width = features::ranking_names().len();
        let row = |of: &[(Of, f32)]| {
            let mut row = vec![0.0; width];
            of.iter().for_each(|it| row[it.0 as usize] = it.1);
            row
        };
        let told = |whose: Of| row(&[(whose, 1.0), (Of::Me, 1.0), (Of::Coverage, 0.75)]);
        let (mine, other) = (told(Of::Mine), told(Of::Other));
        let heard = row(&[(Of::Mine, 1.0), (Of::Me, 1.0), (Of::You, 1.0), (Of::Coverage, 1.0)]);
        let last_three = |ranked: &[(f64, &[f32])]| {
            let signs = signs_of(ranked.to_vec());
            signs[signs.len() - 3..].to_vec()
        };
        let (low, nobody) = (-3.0, vec![0.0; width]);
        assert_eq!(last_three(&[(2.0, &mine), (low, &nobody)]), [5.0, 0.75, 0.0]);
        assert_eq!(last_three(&[(2.0, &other), (1.0, &heard), (low, &nobody)]), [-5.0, -0.75, 0.0]);
        assert_eq!(last_three(&[(2.0, &other), (2.0, &mine)]), [0.0; 3]);
    }

    #[test]
    fn a_ranking_of_nothing_is_doubted_and_has_signs() {
        let signs = signs([].into_iter(), super::super::ranker(true));
        assert!(signs.iter().all(|it| *it == 0.0));
    }
}
