//! Reads what people keep elsewhere as drafts: JSON Lines, tables in Parquet, chats, notes in Markdown.
//!
//! A file is streamed: of a large one a line, an element or a message is in memory, of a note the note. What is wrong
//! is told with its place, and nothing is passed over without a word.
//!
//! Not here: what becomes of the drafts (`host/memory/importing.rs`). Start reading at [`Files`], then [`Reader`].

// With their paths: the fuzz targets read this file from elsewhere.
#[path = "import/chat.rs"]
mod chat;
#[path = "import/files.rs"]
pub(crate) mod files;
#[path = "import/input.rs"]
mod input;
#[path = "import/lines.rs"]
pub(crate) mod lines;
#[path = "import/notes.rs"]
mod notes;
#[path = "import/plain.rs"]
mod plain;
#[path = "import/stamp.rs"]
mod stamp;
#[path = "import/stream.rs"]
mod stream;
#[path = "import/table.rs"]
pub(crate) mod table;
#[path = "import/transcript.rs"]
mod transcript;

use std::io::{self, Read, Seek};

use serde::{Deserialize, Serialize};
use voyager_base::memory::Trust;
use voyager_memory::Draft;

pub(crate) use self::files::{Files, Listed, NoFiles, Reader};

/// Longest line, in bytes: a record with the longest text and fields, each letter of them escaped.
const LINE_BYTES_MAX: usize = 32 << 20;

/// Longest element of an array, in bytes: whole conversations are one.
const ELEMENT_BYTES_MAX: usize = 32 << 20;

/// Largest note, in bytes.
const NOTE_BYTES_MAX: u64 = 16 << 20;

/// What a file is taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    /// What its name and its first sign say.
    #[default]
    Auto,
    /// A draft or a relation a line, as `memory export` writes them.
    Jsonl,
    /// A table in Parquet, a row for each record, with the columns that `memory export` writes.
    Parquet,
    /// A chat: an array of messages or of ChatGPT's conversations, messages as lines of JSON, or lines like
    /// `Name: text`.
    Chat,
    /// A note: front matter, headings, paragraphs.
    Markdown,
}

/// Something of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// A draft, and the id that the file has for it.
    Record {
        /// For the relations of the same file.
        id: Option<u64>,
        /// What is to be remembered.
        draft: Box<Draft>,
        /// The ids that the file has for the records which it supersedes.
        supersedes: Vec<u64>,
        /// How far the file says it is to be trusted.
        trust: Option<Trust>,
        /// Where the file says a time that nobody can read, and why not.
        untimed: Option<Bad>,
    },
    /// A relation between two records of the file.
    Relation {
        /// The id that the file has for the record it starts at.
        from: u64,
        /// What it says.
        kind: String,
        /// The id that the file has for the record it leads to.
        to: u64,
        /// How strong it is.
        weight: f32,
    },
    /// A message without a text.
    Empty,
}

impl Item {
    fn record(draft: Draft) -> Self {
        Self::timed(draft, None)
    }

    /// One of a file that says times, of which nobody may be able to read this one.
    fn timed(draft: Draft, untimed: Option<Bad>) -> Self {
        let (draft, supersedes) = (Box::new(draft), Vec::new());
        Self::Record { id: None, draft, supersedes, trust: None, untimed }
    }
}

/// A place in a file, from 1. In a table lines are rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The line.
    pub(crate) line: u64,
    /// The byte of the line; in a table the column.
    pub(crate) column: u64,
}

/// What is wrong at a place, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bad {
    /// Where.
    pub(crate) place: Place,
    /// One sentence.
    pub(crate) problem: String,
}

impl Bad {
    fn new(place: Place, problem: impl Into<String>) -> Self {
        Self { place, problem: problem.into() }
    }

    /// What the JSON reader found in a piece that begins at `start`.
    fn json(start: Place, piece: &[u8], error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |it| it.0);
        let (line, column) = (error.line() as u64, error.column() as u64);
        let place = match line {
            0 => start,
            1 => Place { line: start.line, column: start.column + column.saturating_sub(1) },
            // Behind a line end within a text the reader counts from 0.
            _ => Place { line: start.line + line - 1, column: column.max(1) },
        };
        let lines = piece.split_inclusive(|it| *it == b'\n');
        let before: usize = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum();
        let there = before + error.column().saturating_sub(1);
        Self::new(place, plain::words(problem, piece, there))
    }
}

/// Something of a file, or what is wrong with it; either way what follows can be read.
type Found = Result<(Place, Item), Bad>;

/// Why no more can be read of a file.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The machine refuses.
    Disk(io::Error),
    /// What is there is no such file.
    Bad(Bad),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// Where bytes come from.
type Bytes = Box<dyn Source>;

/// A file, or what is like one.
trait Source: Read + Seek + Send {}

impl<T: Read + Seek + Send> Source for T {}

/// A name without what is no part of one, where something is left.
fn name(text: &str) -> Option<String> {
    let plain: String =
        text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect::<String>();
    let plain = plain.trim();
    (!plain.is_empty()).then(|| plain.to_owned())
}

#[cfg(test)]
#[path = "import/tests.rs"]
mod tests;
