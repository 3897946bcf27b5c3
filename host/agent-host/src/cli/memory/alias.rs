//! `memory alias`: names that mean the same.

use clap::{Args, builder::NonEmptyStringValueParser};
use voyager_base::memory::{KIND_ALIAS, Trust};
use voyager_memory::Draft;

use super::{Context, ask};
use crate::{failure::Failure, protocol::MemoryRequest, report::memory as told};

/// Remembers names that mean the same, and prints its id: who asks by one finds what was written with another.
///
/// It is a pinned record of the kind `alias`: `memory list --kind alias` lists them, `memory forget` takes one back, and
/// `memory explain` says which one counted. Other spellings of a name, in capitals or without, need none.
#[derive(Args)]
pub(super) struct Alias {
    /// The names: two or more.
    #[arg(value_name = "NAME", num_args = 2.., required = true, value_parser = NonEmptyStringValueParser::new())]
    names: Vec<String>,
    /// The space that it belongs to: it counts for questions to that.
    #[arg(long, value_name = "NAME", default_value = "default")]
    space: String,
}

impl Alias {
    pub(super) fn run(self, context: &Context) -> Result<u8, Failure> {
        let Self { names, space } = self;
        if let Some(name) = names.iter().find(|it| it.contains('=')) {
            return Err(Failure::usage(format!("a name holds no `=`: \"{name}\"")));
        }
        let draft = Draft {
            space,
            text: names.join(" = "),
            kind: KIND_ALIAS.to_owned(),
            pinned: true,
            ..Draft::default()
        };
        draft.check().map_err(|it| Failure::usage(it.to_string()))?;
        let trust = Some(Trust::Owner);
        let (supersedes, derived_from) = (Vec::new(), Vec::new());
        told::add(
            context,
            &ask(context, MemoryRequest::Add { draft, supersedes, derived_from, trust })?,
        )
    }
}
