//! The memory asked by structure, by relations and for reasons.
//!
//! ```no_run
//! # fn main() -> Result<(), voyager_sdk::Error> {
//! use voyager_sdk::{
//!     evidence::{self, Comparison, Search},
//!     memory,
//! };
//!
//! let unpaid = Search {
//!     fields: vec![
//!         evidence::is("status", "unpaid"),
//!         evidence::compares("amount", Comparison::AtLeast, "1000"),
//!     ],
//!     ..evidence::search("Which invoice is late?")
//! };
//! for found in evidence::find(&unpaid)?.hits {
//!     let near = evidence::signal(&found, "vector");
//!     voyager_sdk::log(voyager_sdk::Level::Info, &format!("{near:.2} {}", found.hit.memory.text));
//!     for other in evidence::relations(found.hit.memory.id, None)? {
//!         voyager_sdk::log(voyager_sdk::Level::Info, &format!("{}: {}", other.relation.kind, other.memory.text));
//!     }
//! }
//!
//! // All within these bounds, 100 at most at a time.
//! let all = Search { fields: vec![evidence::is("status", "unpaid")], ..evidence::search("") };
//! let mut last = None;
//! loop {
//!     let part = evidence::list(&all, last)?;
//!     let Some(end) = part.last() else { break };
//!     last = Some(end.id);
//! }
//! # Ok(())
//! # }
//! ```

pub use crate::bindings::voyager::memory::evidence::{
    Comparison, Condition, Explained, Found, Passage, Related, Search, Signal, Turn, find, history,
    list, passages, relations,
};
use crate::memory;

/// A search in all spaces that the grant lets be read.
pub fn search(text: impl Into<String>) -> Search {
    Search { question: memory::question(text), fields: Vec::new(), history: false, as_of_ms: None }
}

/// That a field has just this value.
pub fn is(name: impl Into<String>, value: impl Into<String>) -> Condition {
    compares(name, Comparison::Equal, value)
}

/// That the value of a field compares so with another one.
pub fn compares(
    name: impl Into<String>,
    comparison: Comparison,
    value: impl Into<String>,
) -> Condition {
    Condition { name: name.into(), comparison, value: value.into() }
}

/// How much there is of a reason for a memory that was found; 0 where it is not told.
pub fn signal(found: &Explained, name: &str) -> f64 {
    found.signals.iter().find(|it| it.name == name).map_or(0.0, |it| it.value)
}
