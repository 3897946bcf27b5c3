//! Which of the first two of a ranking leads it.

use std::{collections::HashMap, hash::Hash};

/// What the session says that holds most of what was found, in standard deviations of the scores.
const SESSION_WEIGHT: f64 = 1.0;

/// So many of the best speak for their sessions.
const VOTERS: usize = 20;

/// The best speaks with `1 / VOTES_FROM`, the next one with less.
const VOTES_FROM: f64 = 5.0;

/// So many of the best tell how far scores lie apart.
const SPREAD_OVER: usize = 50;

/// Whether the second of a ranking is to lead it: where both score nearly alike, the one does whose session, a conversation for
/// example, holds more of what was found. Each has its score and its session, the best first. Of others the order says all:
/// what is told of sessions moves those to worse places as often as to better ones (decision 0062).
pub fn is_led_by_the_second<S: Eq + Hash>(ranked: &[(f64, S)]) -> bool {
    let [first, second, ..] = ranked else { return false };
    let spread = spread(ranked.iter().take(SPREAD_OVER).map(|it| it.0));
    if first.1 == second.1 || spread == 0.0 {
        return false;
    }
    let mut votes: HashMap<&S, f64> = HashMap::new();
    for (rank, (_, session)) in ranked.iter().take(VOTERS).enumerate() {
        *votes.entry(session).or_default() += 1.0 / (VOTES_FROM + rank as f64);
    }
    let most = votes.values().copied().fold(0.0, f64::max);
    let worth = |it: &(f64, S)| it.0 / spread + SESSION_WEIGHT * votes[&it.1] / most;
    worth(second) > worth(first)
}

/// The standard deviation of some numbers; 0 of none.
fn spread(scores: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = scores.clone().count().max(1) as f64;
    let mean = scores.clone().sum::<f64>() / count;
    (scores.map(|it| (it - mean).powi(2)).sum::<f64>() / count).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixty records, each a little worse than the one before, in the sessions of the first few.
    fn ranked(gap: f64, sessions: &[u32]) -> Vec<(f64, u32)> {
        let score = |it: usize| if it == 0 { gap } else { -(it as f64) / 10.0 };
        let session = |it: usize| sessions.get(it).copied().unwrap_or(100 + it as u32);
        (0..60).map(|it| (score(it), session(it))).collect()
    }

    #[test]
    fn a_session_decides_between_the_first_two_where_scores_hardly_do() {
        let crowd = [1, 2, 2, 2, 2];
        assert!(is_led_by_the_second(&ranked(0.0, &crowd)));
        assert!(!is_led_by_the_second(&ranked(2.0, &crowd)), "the first is far better");
        assert!(!is_led_by_the_second(&ranked(0.0, &[2, 1, 2, 2, 2])), "it is in that session");
        assert!(!is_led_by_the_second(&ranked(0.0, &[2, 2, 2, 2, 2])), "both are");
        assert!(!is_led_by_the_second(&ranked(0.0, &[])), "no session speaks");
    }

    #[test]
    fn few_or_equal_scores_say_nothing() {
        for count in 0..3 {
            let ranked: Vec<(f64, u32)> = (0..count).map(|it| (1.0, it)).collect();
            assert!(!is_led_by_the_second(&ranked));
        }
        assert!(!is_led_by_the_second(&[(f64::NAN, 1), (f64::NAN, 2), (0.0, 2)]));
    }
}
