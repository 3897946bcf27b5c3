//! What runs leave for runs to come.
//!
//! ```no_run
//! # fn main() -> Result<(), voyager_sdk::Error> {
//! use voyager_sdk::memory;
//!
//! let known = memory::recall(&memory::question("How is the parser tested?"))?;
//! if known.hits.is_empty() {
//!     memory::keep(memory::draft("notes/parser", "The parser is tested by `cargo test -p parser`."))?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A draft, a question and a lesson are records with public fields; [`draft`] and [`question`] make them with
//! nothing but what every one has:
//!
//! ```no_run
//! # fn main() -> Result<(), voyager_sdk::Error> {
//! use voyager_sdk::memory::{self, Draft, Lesson, Question};
//!
//! let all = memory::remember(&[
//!     Draft { kind: Some("decision".into()), ..memory::draft("notes/parser", "We use a hand-written parser.") },
//!     Draft { author: Some("Ada".into()), ..memory::draft("notes/parser", "Because its errors are better.") },
//! ])?;
//! let few = Question { limit: Some(3), budget_tokens: Some(500), ..memory::question("Why that parser?") };
//! for hit in memory::recall(&few)?.hits {
//!     voyager_sdk::log(voyager_sdk::Level::Info, &hit.memory.text);
//! }
//! memory::learn(&Lesson {
//!     space: "lessons".into(),
//!     context: "The parser fails on tabs".into(),
//!     tried: "expanding tabs in the lexer".into(),
//!     outcome: "columns in messages were wrong".into(),
//!     worked: false,
//!     tags: vec!["parser".into()],
//! })?;
//! memory::used(&all)?; // they fade later
//! memory::forget(&all)?;
//! # Ok(())
//! # }
//! ```

use crate::{
    Error,
    bindings::voyager::{
        memory::memory,
        types::types::{Fault, Retry},
    },
};
pub use memory::{
    Dated, Draft, Field, Hit, Lesson, Question, Recalled, Relation, Remembered, forget, learn,
    lessons, read, recall, relate, remember, used,
};

/// A draft with nothing but its space and its text.
pub fn draft(space: impl Into<String>, text: impl Into<String>) -> Draft {
    Draft {
        space: space.into(),
        text: text.into(),
        author: None,
        thread: None,
        at_ms: None,
        kind: None,
        tags: Vec::new(),
        fields: Vec::new(),
        importance: None,
        confidence: None,
        pinned: false,
    }
}

/// A question in all spaces that the grant lets be read.
pub fn question(text: impl Into<String>) -> Question {
    Question {
        text: text.into(),
        spaces: Vec::new(),
        limit: None,
        budget_tokens: None,
        author: None,
        thread: None,
        kind: None,
        tags: Vec::new(),
        since_ms: None,
        until_ms: None,
    }
}

/// How far a memory is trusted, with all that it is derived from: `owner`, `imported`, `skill` or `outside`.
pub fn trust(memory: &Remembered) -> &str {
    let field = memory.fields.iter().find(|it| it.name == "trust");
    field.map_or("outside", |it| it.value.as_str())
}

/// Remembers one draft, and gives back its number.
///
/// # Errors
/// What the host says; see [`remember`].
pub fn keep(draft: Draft) -> Result<u64, Error> {
    let none = || {
        let message = "the host gave no number of what it remembered".to_owned();
        Error::Unavailable(Fault { message, bound: None, retry: Retry::Never })
    };
    remember(&[draft])?.first().copied().ok_or_else(none)
}
