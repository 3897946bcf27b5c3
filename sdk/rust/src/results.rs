//! What runs made of answers of the memory, offered to runs that ask nearly the same.
//!
//! ```no_run
//! # fn main() -> Result<(), voyager_sdk::Error> {
//! use voyager_sdk::{memory, results};
//! # fn think(_: &memory::Recalled) -> String { String::new() }
//!
//! let question = memory::question("How is the parser tested?");
//! let answer = match results::offers(&question, None)?.into_iter().next() {
//!     // The same words, or nearly the same: whether it does, is for the skill to judge.
//!     Some(offer) if offer.likeness > 0.97 => offer.text,
//!     _ => {
//!         let recalled = memory::recall(&question)?;
//!         let answer = think(&recalled);
//!         results::keep_for(&question, &recalled, &answer)?;
//!         answer
//!     }
//! };
//! # Ok(())
//! # }
//! ```
//!
//! A result is gone when something in its spaces changes, after a day, and with the host: nothing may rest on one.

pub use crate::bindings::voyager::memory::results::{Offer, keep, offers};
use crate::{
    Error,
    memory::{Question, Recalled},
};

/// Keeps what was made of all that a question found. False where it is not kept.
///
/// # Errors
/// What the host says; see [`keep`].
pub fn keep_for(question: &Question, recalled: &Recalled, text: &str) -> Result<bool, Error> {
    let found: Vec<u64> = recalled.hits.iter().map(|it| it.memory.id).collect();
    keep(question, &found, text)
}
