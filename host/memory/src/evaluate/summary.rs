//! Many questions as one figure, with how far to trust it.
//!
//! Questions of one conversation go well or badly together. So an interval comes from drawing *conversations*
//! with replacement, thousands of times: a cluster bootstrap, after Efron and Tibshirani (1993).

use std::collections::BTreeMap;

use serde::Serialize;
use voyager_base::chance::{Chance, Seeded};

use super::{Category, Scored, dates::Agreement};

/// How often conversations are drawn for an interval.
pub const RESAMPLES: usize = 10_000;

/// Share of answerable questions that may be refused by mistake, where abstention is measured.
const FALSE_ALARMS: f64 = 0.05;

/// A mean with its interval: 95 of 100 such intervals hold the mean of all conversations of the kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The mean over the questions.
    pub mean: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// All measures of some questions.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// How many questions.
    pub questions: usize,
    /// Each measure by name.
    pub measures: BTreeMap<&'static str, Estimate>,
}

/// What a ranker is worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Over all questions.
    pub overall: Row,
    /// Over those of each category.
    pub categories: BTreeMap<Category, Row>,
    /// How well doubt tells questions without an answer, where the ranker has any.
    pub abstention: Option<Abstention>,
    /// How often the date is right, where some answer is one.
    pub dates: Option<Dates>,
}

/// How often the date is right that a ranking gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Dates {
    /// How many questions have a date as their answer.
    pub questions: usize,
    /// How many of them give the same stretch of time.
    pub exact: usize,
    /// How many more give one that lies within it, or shares the most of an open one.
    pub within: usize,
}

/// How well doubt tells questions without an answer from the others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Abstention {
    /// How probable it is that the ranker doubts a question without an answer more than one with.
    pub auroc: f64,
    /// Share of the questions without an answer that a threshold catches under which 5 % of the others fall.
    pub caught: f64,
}

/// Means and intervals; the same `seed` gives the same ones.
pub fn summarise(scored: &[Scored], resamples: usize, seed: u64) -> Summary {
    let of = |category| scored.iter().filter(move |it| it.category == category);
    let categories = Category::ALL.into_iter().filter(|it| of(*it).next().is_some());
    Summary {
        overall: row(scored.iter(), resamples, seed),
        categories: categories.map(|it| (it, row(of(it), resamples, seed))).collect(),
        abstention: abstention(scored),
        dates: dates(scored),
    }
}

fn dates(scored: &[Scored]) -> Option<Dates> {
    let count = |of: Agreement| scored.iter().filter(|it| it.date == Some(of)).count();
    let (exact, within) = (count(Agreement::Exact), count(Agreement::Within));
    let questions = exact + within + count(Agreement::Wrong);
    (questions > 0).then_some(Dates { questions, exact, within })
}

/// What each question is worth more than with another ranker: its [`summarise`] tells whether a gain is one,
/// since both were asked the same.
///
/// # Panics
/// When the two were not asked the same questions in the same order.
#[must_use]
pub fn gain(over: &[Scored], with: &[Scored]) -> Vec<Scored> {
    assert_eq!(over.len(), with.len(), "both rankers were asked the same questions");
    let gains = over.iter().zip(with).map(|(old, new)| {
        let same = (&old.conversation, old.question) == (&new.conversation, new.question);
        assert!(same, "both rankers were asked the same questions");
        let measures = new.measures.iter().map(|(name, it)| (*name, it - old.measures[name]));
        Scored { measures: measures.collect(), doubt: None, date: None, ..new.clone() }
    });
    gains.collect()
}

fn row<'a>(scored: impl Iterator<Item = &'a Scored>, resamples: usize, seed: u64) -> Row {
    let mut clusters: BTreeMap<&str, Vec<&Scored>> = BTreeMap::new();
    for it in scored {
        clusters.entry(&it.conversation).or_default().push(it);
    }
    let clusters: Vec<Vec<&Scored>> = clusters.into_values().collect();
    let draws = draws(clusters.len(), resamples, seed);
    let names = clusters.first().map(|it| it[0].measures.keys().copied());
    let estimate = |name| {
        let sum = |cluster: &Vec<&Scored>| {
            let values = cluster.iter().map(|it| it.measures[name]);
            (values.sum::<f64>(), cluster.len() as f64)
        };
        estimate(&clusters.iter().map(sum).collect::<Vec<_>>(), &draws)
    };
    Row {
        questions: clusters.iter().map(Vec::len).sum(),
        measures: names.into_iter().flatten().map(|name| (name, estimate(name))).collect(),
    }
}

/// For each resample how often each cluster is in it.
fn draws(clusters: usize, resamples: usize, seed: u64) -> Vec<Vec<u32>> {
    let chance = Seeded::new(seed);
    let draw = |_| {
        let mut times = vec![0; clusters];
        for _ in 0..clusters {
            // The bias of a remainder of 64 bits is far below noise.
            times[(chance.number() % clusters as u64) as usize] += 1;
        }
        times
    };
    (0..resamples).map(draw).collect()
}

/// The mean of clusters, each a sum and a count.
fn estimate(clusters: &[(f64, f64)], draws: &[Vec<u32>]) -> Estimate {
    let mean = |times: &mut dyn Iterator<Item = f64>| {
        let (mut sum, mut count) = (0.0, 0.0);
        for ((of_sum, of_count), times) in clusters.iter().zip(times) {
            sum += times * of_sum;
            count += times * of_count;
        }
        sum / count
    };
    let all = mean(&mut std::iter::repeat(1.0));
    let drawn = draws.iter().map(|times| mean(&mut times.iter().map(|it| f64::from(*it))));
    let mut drawn: Vec<f64> = drawn.collect();
    drawn.sort_unstable_by(f64::total_cmp);
    let quantile = |share: f64| {
        let last = drawn.len().saturating_sub(1) as f64;
        drawn.get((share * last).round() as usize).copied().unwrap_or(all)
    };
    Estimate { mean: all, low: quantile(0.025), high: quantile(0.975) }
}

/// How well doubt tells questions without an answer from the others; nothing where there are not both, or
/// the ranker has no doubts.
pub fn abstention(scored: &[Scored]) -> Option<Abstention> {
    let doubts = |without: bool| -> Vec<f64> {
        let asked = scored.iter().filter(|it| (it.category == Category::Adversarial) == without);
        asked.filter_map(|it| it.doubt).collect()
    };
    let (without, mut with) = (doubts(true), doubts(false));
    if without.is_empty() || with.is_empty() {
        return None;
    }
    with.sort_unstable_by(f64::total_cmp);
    // Equal doubts are half a success each.
    let success = |doubt: &f64| {
        let lower = with.partition_point(|it| it < doubt);
        let not_higher = with.partition_point(|it| it <= doubt);
        (lower + not_higher) as f64 / 2.0
    };
    let successes: f64 = without.iter().map(success).sum();
    // So many may be refused by mistake; the next one in line is the threshold.
    let mistakes = (FALSE_ALARMS * with.len() as f64).floor() as usize;
    let threshold = with[with.len() - 1 - mistakes.min(with.len() - 1)];
    let caught = without.iter().filter(|it| **it > threshold).count();
    Some(Abstention {
        auroc: successes / (without.len() * with.len()) as f64,
        caught: caught as f64 / without.len() as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(conversation: &str, question: usize, category: Category, value: f64) -> Scored {
        Scored {
            conversation: conversation.to_owned(),
            question,
            category,
            candidates: 240,
            ranks: Vec::new(),
            doubt: None,
            date: None,
            measures: BTreeMap::from([("R@5", value)]),
        }
    }

    #[test]
    fn means_are_over_questions_and_by_category() {
        let all = [
            scored("a", 0, Category::Open, 1.0),
            scored("a", 1, Category::Temporal, 0.0),
            scored("b", 0, Category::Open, 0.5),
        ];
        let summary = summarise(&all, 100, 1);
        assert_eq!(summary.overall.questions, 3);
        assert_eq!(summary.overall.measures["R@5"].mean, 0.5);
        assert_eq!(summary.categories[&Category::Open].measures["R@5"].mean, 0.75);
        assert_eq!(summary.categories.len(), 2);
        assert_eq!(summary.abstention, None);
        assert_eq!(summarise(&[], 100, 1).overall, Row::default());
    }

    #[test]
    fn an_interval_comes_from_drawing_conversations() {
        // Two conversations of 10 questions, all found in one and none in the other: a resample is 0, 1/2 or 1,
        // with 1/4, 1/2, 1/4. Drawn by questions, the interval would be narrow.
        let all: Vec<Scored> = (0..20)
            .map(|it| {
                let name = if it < 10 { "a" } else { "b" };
                scored(name, it, Category::Open, f64::from(u8::from(it < 10)))
            })
            .collect();
        let estimate = summarise(&all, RESAMPLES, 1).overall.measures["R@5"];
        assert_eq!(estimate, Estimate { mean: 0.5, low: 0.0, high: 1.0 });
        let alone = summarise(&all[..10], RESAMPLES, 1).overall.measures["R@5"];
        assert_eq!(alone, Estimate { mean: 1.0, low: 1.0, high: 1.0 });
        let halves = draws(2, RESAMPLES, 1).iter().filter(|it| **it == [1, 1]).count();
        assert!((4_800..5_200).contains(&halves), "{halves} of 10 000 are one of each");
    }

    #[test]
    fn dates_are_counted_where_the_answer_is_one() {
        let all = [
            Some(Agreement::Exact),
            Some(Agreement::Wrong),
            None,
            Some(Agreement::Within),
            Some(Agreement::Exact),
        ];
        let all = all.map(|date| Scored { date, ..scored("a", 0, Category::Temporal, 0.0) });
        let dates = Dates { questions: 4, exact: 2, within: 1 };
        assert_eq!(summarise(&all, 10, 1).dates, Some(dates));
        assert_eq!(summarise(&all[2..3], 10, 1).dates, None);
        assert_eq!(summarise(&gain(&all, &all), 10, 1).dates, None);
    }

    #[test]
    fn a_gain_is_taken_question_by_question() {
        let old = [scored("a", 0, Category::Open, 0.25), scored("b", 0, Category::Open, 0.5)];
        let new = [scored("a", 0, Category::Open, 0.75), scored("b", 0, Category::Open, 1.0)];
        let gain = summarise(&gain(&old, &new), RESAMPLES, 1).overall.measures["R@5"];
        assert_eq!(gain, Estimate { mean: 0.5, low: 0.5, high: 0.5 });
    }

    #[test]
    fn abstention_is_told_by_doubt() {
        let asked =
            |category, doubt| Scored { doubt: Some(doubt), ..scored("a", 0, category, 0.0) };
        let mut all: Vec<Scored> =
            (0..40).map(|it| asked(Category::SingleHop, f64::from(it))).collect();
        // Above 38, 37, 20 and a half of those below: 40 + 38.5 + 37 + 20.5 of 4 * 40.
        all.extend([40.0, 38.0, 36.5, 20.0].map(|it| asked(Category::Adversarial, it)));
        let found = abstention(&all).unwrap();
        assert!((found.auroc - 136.0 / 160.0).abs() < 1e-12, "{found:?}");
        // 5 % of 40 are two, 38 and 39: what is above 37 is caught.
        assert_eq!(found.caught, 0.5);
    }
}
