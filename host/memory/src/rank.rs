//! Learned fusion: many signals about a candidate become one score.
//!
//! A [`Forest`] is what ships and scores; [`train()`] makes one from rankings with known answers; a
//! [`Logistic`] turns a few signals into a probability, such as that of there being no answer at all.
//! What the signals mean is not known here: a candidate is a row of numbers.

mod doubt;
mod forest;
mod logistic;
mod train;

use std::sync::LazyLock;

pub use self::{
    doubt::signs,
    forest::{Forest, Malformed},
    logistic::{Logistic, Unfit},
    train::{Group, Parameters, Untrainable, train},
};

/// What recall ranks by: trained on conversations that [`crate::evaluate::worklog`] makes up, and on nothing else.
/// `cargo xtask train` makes the same bytes again.
pub(crate) static RANKER: LazyLock<Forest> =
    LazyLock::new(|| Forest::from_bytes(SHIPPED).expect("a test reads it"));

/// The bytes of the ranker that ships.
pub const SHIPPED: &[u8] = include_bytes!("rank/ranker.bin");

/// How recall knows that nothing answers a question.
static DOUBTER: LazyLock<Logistic> =
    LazyLock::new(|| rmp_serde::from_slice(SHIPPED_DOUBT).expect("a test reads it"));

/// The bytes of the model of doubt that ships.
pub const SHIPPED_DOUBT: &[u8] = include_bytes!("rank/doubter.bin");

/// How probable it is that nothing answers a question, by its ranking: what [`RANKER`] gave each row, and the row.
pub(crate) fn doubt(ranked: Vec<(f64, &[f32])>) -> f64 {
    doubt::doubt(ranked, &DOUBTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features;

    #[test]
    fn the_ranker_that_ships_reads_what_recall_knows() {
        assert_eq!(RANKER.features(), features::RANKING);
        assert_eq!(features::ranking_names().len(), features::RANKING);
        assert_eq!(DOUBTER.weights().count(), signs([].into_iter(), &RANKER).len());
        assert_eq!(doubt(Vec::new()), 1.0);
        assert!(SHIPPED.len() < 64 << 10, "{} bytes", SHIPPED.len());
        assert!(RANKER.uses().iter().filter(|it| **it > 0).count() > 20, "it uses what it reads");
    }
}
