//! Teaches what recall ranks by, on conversations and notes that are made up here. Nothing of it ships but what was learned.
//!
//! [`worklog`] makes up conversations, [`notes`] stores of notes that nobody says to anybody. [`train()`] learns a ranker
//! from rankings with known answers: a sum ([`linear`]) and trees ([`forest`]). [`logistic`] learns doubt.
//!
//! What is deliberately not here: the models and how they score, which the product needs (`rank` of the memory), and the measures
//! (`evaluate` of the memory).
//!
//! Start reading at `examples/train.rs`, which `cargo xtask train` runs. `examples/locomo` learns on published conversations,
//! each time on all but the one that it is asked about.

mod draw;
pub mod forest;
mod group;
pub mod linear;
pub mod logistic;
pub mod notes;
mod outcome;
mod ranker;
mod vectors;
pub mod worklog;

pub use self::{
    group::Group,
    outcome::or_exit,
    ranker::{Unteachable, train},
    vectors::Vectors,
};
