//! Honest measuring: how well a ranking finds what answers a question.
//!
//! A [`Conversation`] holds what a ranker may see ([`Seen`]) apart from what it may not ([`Gold`]), and
//! [`measure`] shows it only the one. Conversations come from [`locomo`], a published benchmark whose file is
//! not part of the project. Those that may be trained on are made up, by a crate that does not ship (`tests/ranker`).
//!
//! There is no judge and no model here: evidence is found or it is not, within so many turns or so many tokens.
//! Start reading at [`measure`]; what [`crate::Memory`] says to questions is asked in a [`Trial`].

mod corpus;
mod date;
pub mod dates;
pub mod locomo;
pub mod material;
mod metrics;
mod reliability;
mod summary;
mod table;
mod trial;

pub use self::{
    corpus::{Category, Conversation, Gold, Seen, Turn},
    date::{Date, MONTHS},
    metrics::{BUDGETS, CUTS, Ranking, Scored, Unfair, check_fair, measure, write_lines},
    reliability::{BINS, Bin, Reliability, reliability},
    summary::{Abstention, Dates, Estimate, RESAMPLES, Row, Summary, abstention, gain, summarise},
    table::{details, table},
    trial::{Asked, RECALL, Reader, Trial, Unasked, ask_all, scored, untrained},
};
