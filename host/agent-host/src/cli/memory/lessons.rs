//! `memory learn` and `memory lessons`: what was tried in which situation, and what came of it.

use clap::{Args, builder::NonEmptyStringValueParser};
use voyager_base::memory::{KIND_LESSON, Lesson, MemoryDraft, Trust};
use voyager_memory::{Draft, Question};

use super::{Context, ask, limit};
use crate::{failure::Failure, protocol::MemoryRequest, report::memory as told};

/// Remembers what was tried in a situation and what came of it, and prints its id.
///
/// It is a record of the kind `lesson`, as skills leave them: its fields `context`, `tried`, `outcome` and `worked` hold
/// its parts.
#[derive(Args)]
pub(super) struct Learn {
    /// The situation.
    #[arg(value_name = "CONTEXT", value_parser = NonEmptyStringValueParser::new())]
    situation: String,
    /// What was tried.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    tried: String,
    /// What came of it.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    outcome: String,
    /// It did not work.
    #[arg(long)]
    failed: bool,
    /// The space that it belongs to.
    #[arg(long, value_name = "NAME", default_value = "default")]
    space: String,
    /// A word to find it by. May be given several times.
    #[arg(long = "tag", value_name = "NAME")]
    tags: Vec<String>,
}

/// Finds what was learned in situations like this one: what was tried, whether it worked, what came of it.
///
/// It is `memory recall` among records of the kind `lesson`; that has more bounds.
#[derive(Args)]
pub(super) struct Lessons {
    /// The situation, in words.
    #[arg(value_name = "CONTEXT")]
    situation: String,
    /// Those of this space only. May be given several times.
    #[arg(long = "space", value_name = "NAME")]
    spaces: Vec<String>,
    /// Most lessons [default: 10].
    #[arg(long, value_name = "NUMBER", value_parser = limit)]
    limit: Option<usize>,
}

impl Learn {
    pub(super) fn run(self, context: &Context) -> Result<u8, Failure> {
        let Self { situation, tried, outcome, failed, space, tags } = self;
        let lesson = Lesson { space, context: situation, tried, outcome, worked: !failed, tags };
        let draft = Draft::from(MemoryDraft::from(lesson));
        draft.check().map_err(|it| Failure::usage(it.to_string()))?;
        let trust = Some(Trust::Owner);
        let (supersedes, derived_from) = (Vec::new(), Vec::new());
        told::add(
            context,
            &ask(context, MemoryRequest::Add { draft, supersedes, derived_from, trust })?,
        )
    }
}

impl Lessons {
    pub(super) fn run(self, context: &Context) -> Result<u8, Failure> {
        let Self { situation: text, spaces, limit } = self;
        let usual = Question::default();
        let (limit, kind) = (limit.unwrap_or(usual.limit), Some(KIND_LESSON.to_owned()));
        let question = Question { text, spaces, limit, kind, ..usual };
        let request = MemoryRequest::Recall { question, as_of: None, passages: false };
        told::lessons(context, &ask(context, request)?)
    }
}
