//! Honest measuring: how well a ranking finds what answers a question.
//!
//! A [`Conversation`] holds what a ranker may see ([`Seen`]) apart from what it may not ([`Gold`]), and
//! [`measure`] shows it only the one. Conversations come from [`locomo`], a published benchmark whose file is
//! not part of the project, or from [`worklog`], our own generator, whose
//! conversations may be trained on. Stores of notes that nobody says to anybody come from [`notes`].
//!
//! There is no judge and no model here: evidence is found or it is not, within so many turns or so many tokens.
//! Start reading at [`measure`]; what [`crate::Memory`] says to questions is asked in a [`Trial`].

mod corpus;
mod date;
pub mod dates;
mod draw;
pub mod locomo;
pub mod material;
mod metrics;
pub mod notes;
mod reliability;
mod summary;
mod table;
mod trial;
pub mod worklog;

pub use self::{
    corpus::{Category, Conversation, Gold, Seen, Turn},
    metrics::{BUDGETS, CUTS, Ranking, Scored, Unfair, check_fair, measure, write_lines},
    reliability::{BINS, Bin, Reliability, reliability},
    summary::{Abstention, Dates, Estimate, RESAMPLES, Row, Summary, abstention, gain, summarise},
    table::{details, table},
    trial::{Asked, RECALL, Reader, Trial, Unasked, ask_all, scored, untrained},
};
