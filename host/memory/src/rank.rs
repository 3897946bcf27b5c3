//! Learned fusion: many signals about a candidate become one score.
//!
//! A [`Forest`] is what ships and scores; [`train()`] makes one from rankings with known answers; a
//! [`Logistic`] turns a few signals into a probability, such as that of there being no answer at all.
//! What the signals mean is not known here: a candidate is a row of numbers.

mod forest;
mod logistic;
mod train;

pub use self::{
    forest::{Forest, Malformed},
    logistic::{Logistic, Unfit},
    train::{Group, Parameters, Untrainable, train},
};
