//! Learned fusion: many signals about a candidate become one score.
//!
//! A [`Ranker`] is what ships and scores: a [`Linear`] sum and a [`Forest`], both learned from
//! rankings with known answers. A [`Logistic`] turns a few signals into a probability, such as that of there being no answer at all.
//! What the signals mean is not known here: a candidate is a row of numbers.
//!
//! What learns them does not ship: `tests/ranker`.

mod doubt;
mod forest;
mod lead;
mod linear;
mod logistic;
mod ranker;

use std::sync::LazyLock;

pub use self::{
    doubt::{Doubter, signs, signs_of_words, together},
    forest::{Forest, Malformed, Split, Tree},
    lead::is_led_by_the_second,
    linear::Linear,
    logistic::{Logistic, Weight},
    ranker::Ranker,
};

/// What recall ranks by: trained on conversations that we make up (`tests/ranker`), and on nothing else.
/// `cargo xtask train` makes such rankers. The first is for questions that say nothing of kindred words, the
/// second for those that do: what vectors and words are worth beside each other is not the same there.
static RANKERS: LazyLock<[Ranker; 2]> =
    LazyLock::new(|| rmp_serde::from_slice(SHIPPED).expect("a test reads it"));

/// The bytes of the two rankers that ship.
pub const SHIPPED: &[u8] = include_bytes!("rank/ranker.bin");

/// How recall knows that nothing answers a question, by the ranking of each of [`RANKERS`].
static DOUBTERS: LazyLock<[Doubter; 2]> =
    LazyLock::new(|| rmp_serde::from_slice(SHIPPED_DOUBT).expect("a test reads it"));

/// The bytes of the two models of doubt that ship.
pub const SHIPPED_DOUBT: &[u8] = include_bytes!("rank/doubter.bin");

/// What recall ranks by where a question says which words are kindred to its own, or does not.
pub fn ranker(kindred: bool) -> &'static Ranker {
    &RANKERS[usize::from(kindred)]
}

/// How recall knows that nothing answers a question, by what [`ranker()`] says of it.
pub fn doubter(kindred: bool) -> &'static Doubter {
    &DOUBTERS[usize::from(kindred)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features;

    #[test]
    fn the_ranker_that_ships_reads_what_recall_knows() {
        assert_eq!(features::ranking_names().len(), features::RANKING);
        for kindred in [false, true] {
            let ranker = ranker(kindred);
            assert_eq!(ranker.features(), features::RANKING);
            assert_eq!(ranker.linear().features(), features::RANKING);
            let signs = signs([].into_iter(), ranker).len();
            let doubter = doubter(kindred);
            assert_eq!(doubter.by_whom.weights().count(), signs);
            let signs = signs_of_words([].into_iter(), 0.0, ranker).len();
            assert_eq!(doubter.by_words.weights().count(), signs);
            assert_eq!(doubter.doubt(Vec::new(), None, false), Some(1.0));
            let used = ranker.forest().uses().iter().filter(|it| **it > 0).count();
            assert!(used > 20, "it uses what it reads");
        }
        assert!(SHIPPED.len() < 64 << 10, "{} bytes", SHIPPED.len());
        assert_eq!(rmp_serde::to_vec(&*RANKERS).unwrap(), SHIPPED);
        assert_eq!(rmp_serde::to_vec(&*DOUBTERS).unwrap(), SHIPPED_DOUBT);
    }
}
