//! A conversation with questions about it, and the answers kept apart.

use serde::{Deserialize, Serialize};
use voyager_base::clock::Timestamp;

/// A conversation, and what is known of its questions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conversation {
    /// What a ranker may see.
    pub seen: Seen,
    /// For each question what a ranker may not see.
    pub gold: Vec<Gold>,
}

/// What a ranker may see.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seen {
    /// The name of the conversation.
    pub name: String,
    /// Everything that was said, in its order.
    pub turns: Vec<Turn>,
    /// The words of each question.
    pub questions: Vec<String>,
}

/// What somebody said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// Who; nobody's name where it is a note.
    pub speaker: String,
    /// Its name in the conversation, like `D3:11`.
    pub id: String,
    /// What.
    pub text: String,
    /// What a picture shows that came along.
    pub caption: Option<String>,
    /// In which session: numbers rise, with gaps where a session is empty. 0 is none.
    pub session: u32,
    /// When the session began.
    pub at: Timestamp,
}

impl Turn {
    /// The turn as one text, as it is indexed and as its tokens are counted.
    pub fn full(&self) -> String {
        let Self { speaker, text, .. } = self;
        match &self.caption {
            None if speaker.is_empty() => text.clone(),
            None => format!("{speaker}: {text}"),
            Some(caption) => format!("{speaker}: {text} [shares {caption}]"),
        }
    }
}

/// What a ranker may not see of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gold {
    /// Its number in its conversation, from zero, counting those without evidence that are not asked.
    pub number: usize,
    /// What makes it hard.
    pub category: Category,
    /// The turns that answer it: places among the turns, rising, at least one.
    pub evidence: Vec<usize>,
    /// The answer, where there is one.
    pub answer: Option<String>,
}

/// What makes a question hard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// The answer is made of what was said in several places.
    MultiHop,
    /// It asks when.
    Temporal,
    /// It asks for what follows from what was said.
    Open,
    /// One place answers it.
    SingleHop,
    /// It takes for granted what was never said: there is no answer.
    Adversarial,
    /// What it asks for has changed: one place says how it is by now. Only in work logs.
    Update,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::MultiHop,
        Self::Temporal,
        Self::Open,
        Self::SingleHop,
        Self::Adversarial,
        Self::Update,
    ];
}
