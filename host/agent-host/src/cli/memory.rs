//! `agent-host memory`: what this machine remembers.

mod alias;
mod bench;
mod lessons;
mod open_here;
mod snapshot;

use std::{
    collections::BTreeMap,
    io::{BufWriter, IsTerminal as _, Read as _, Write as _},
    path::PathBuf,
};

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};
use voyager_base::{clock::Timestamp, memory::Trust};
use voyager_memory::{Draft, Edge, FieldIs, LIMIT_MAX, MemoryId, Question, TEXT_BYTES_MAX};

use self::open_here::OpenHere;
use super::{Context, out::Out, run::current_folder};
use crate::{
    answer::memory::{ExportAnswer, ForgetAnswer, OwnerAnswer},
    encoding::Setting,
    failure::{Failure, FailureKind},
    import::{
        Format,
        table::{TableError, TableWriter},
    },
    interrupts,
    moment::{self, Moment},
    owner_key::{self, KeySource, TypedKey},
    printing,
    protocol::{Forgetting, ImportRequest, MemoryRequest, Request},
    report::{self, memory as told, past},
    session, when,
};

/// Remembers, finds again, forgets.
///
/// There is one memory in the state folder. A record has a text, and what you say of it; a question finds the records
/// that answer it, and tells why. What is forgotten is gone for certain. `docs/guide/memory.md` shows the first five
/// minutes.
#[derive(Args)]
pub(crate) struct Memory {
    #[command(subcommand)]
    command: MemoryCommand,
}

#[derive(Subcommand)]
enum MemoryCommand {
    Add(Add),
    Recall(Recall),
    Explain(Explain),
    Learn(lessons::Learn),
    Lessons(lessons::Lessons),
    Alias(alias::Alias),
    /// Shows a record with its relations.
    Show {
        /// Its id, like m12.
        id: MemoryId,
    },
    /// What was true before: all records that supersede each other around one, the newest first.
    History {
        /// Its id, like m12.
        id: MemoryId,
    },
    /// Lists the newest records.
    List {
        /// How many, up to a thousand. `memory export` writes all.
        #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = limit)]
        limit: usize,
        /// Only what is older than this one, like m12: the last of what was listed leads to the next.
        #[arg(long, value_name = "ID")]
        before: Option<MemoryId>,
        #[command(flatten)]
        bounds: Bounds,
        /// The archived ones, instead of the others.
        #[arg(long)]
        archived: bool,
        /// What it would have listed then: a time, or the number of a commit. What was forgotten since stays forgotten.
        #[arg(long, value_name = "TIME|COMMIT", value_parser = moment::typed)]
        as_of: Option<Moment>,
    },
    /// What became of the memory between two states: what was added, superseded, related, archived, brought back,
    /// forgotten.
    ///
    /// A state is a time, or the number of a commit as `memory audit` tells it; 0 is before the first. Of what was
    /// forgotten it says ids, and never what those records held.
    Diff {
        /// The earlier one.
        #[arg(value_name = "FROM", value_parser = moment::typed)]
        from: Moment,
        /// The later one [default: now].
        #[arg(value_name = "TO", value_parser = moment::typed)]
        to: Option<Moment>,
    },
    /// Who wrote a record, when and in which commit, and all that was done to it since.
    Blame {
        /// Its id, like m12.
        id: MemoryId,
    },
    /// Brings archived records back: they are recalled again, and fade anew. With --from a whole memory from a snapshot.
    Restore {
        /// Their ids, like m12.
        #[arg(value_name = "ID")]
        ids: Vec<MemoryId>,
        /// The weight that they have from now on, 0.05 to 1.
        #[arg(long, value_name = "NUMBER", default_value_t = 0.5, value_parser = weight)]
        weight: f64,
        #[command(flatten)]
        from: snapshot::Source,
    },
    Snapshot(snapshot::Snapshot),
    Snapshots(snapshot::Snapshots),
    /// Relates two records: from what answers a question, relations lead on.
    Relate {
        /// The record it starts at.
        from: MemoryId,
        /// What it says, for example `causes`; `supersedes` leads from the newer fact to the older one, which is not
        /// recalled any more.
        kind: String,
        /// The record it leads to.
        to: MemoryId,
        /// How strong it is, above 0 and up to 1.
        #[arg(long, value_name = "NUMBER", default_value_t = 1.0)]
        weight: f32,
    },
    /// Takes back what `relate` said: all relations of a kind that lead from one record to another.
    Unrelate {
        /// The record they start at.
        from: MemoryId,
        /// What they say, as `show` has it. `derived-from` stays: trust goes by it.
        kind: String,
        /// The record they lead to.
        to: MemoryId,
    },
    Forget(Forget),
    /// Keeps a record from fading.
    Pin {
        /// Its id, like m12.
        id: MemoryId,
    },
    /// Lets a record fade again.
    Unpin {
        /// Its id, like m12.
        id: MemoryId,
    },
    /// Says that records were of use: a tenth of what they lost comes back, and they fade later.
    Use {
        /// Their ids, like m12.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<MemoryId>,
    },
    Trust(TrustArgs),
    Consolidate(Consolidate),
    /// Lets cycles of decay pass: what nobody uses (`memory use`) has half of its weight after 50, and is archived after 217.
    Tick {
        /// How many, up to a million.
        #[arg(default_value_t = 1)]
        cycles: u64,
    },
    /// What was done last: which records were written, forgotten, related. Never what they said.
    Audit {
        /// How many lines.
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        limit: usize,
    },
    /// What there is, and the room that it takes.
    Stats,
    /// Checks everything that is stored, and tells what is damaged and what to do about it.
    ///
    /// Every row is opened under its key, relations and what fades are compared with them, and the kept index with its
    /// root. Commands and skills go on meanwhile. The exit code is 1 where something is damaged.
    Verify,
    /// Locks the memory: who has the folder and not the key reads nothing.
    ///
    /// Without an option a passphrase is asked for at the terminal. Commands and hosts get it with `--memory-key`; where
    /// they have none the memory stays closed. There is no other way in: what opens it is to be kept.
    Lock(LockArgs),
    /// Changes what a locked memory opens with.
    Rekey(LockArgs),
    /// Lets whoever can read the folder open the memory.
    Unlock,
    /// Makes the vectors that records lack, of the encoder that this host has. What is written later gets its own beside
    /// other work.
    Encode,
    Import(Import),
    Export(Export),
    Bench(bench::Bench),
}

/// What is to open the memory.
#[derive(Args)]
struct LockArgs {
    /// A file of 32 bytes or more that nobody can guess, kept elsewhere.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase")]
    key_file: Option<PathBuf>,
    /// A passphrase, as env:VARIABLE or file:PATH [default: it is asked for].
    // Not read while the line is: what is wrong there is repeated to whoever typed it, and to their logs.
    #[arg(long, value_name = "SOURCE")]
    passphrase: Option<String>,
}

/// Remembers a text, and prints its id.
#[derive(Args)]
struct Add {
    /// The text; `-` reads it from standard input.
    text: String,
    /// The space that it belongs to.
    #[arg(long, value_name = "NAME", default_value = "default")]
    space: String,
    /// Who said or wrote it.
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// The conversation or document that it is a part of.
    #[arg(long, value_name = "NAME")]
    thread: Option<String>,
    /// When it was told: `2024-01-02`, `2024-01-02T10:11:12+01:00` [default: now].
    #[arg(long, value_name = "TIME", value_parser = when::typed)]
    at: Option<Timestamp>,
    /// What kind of record it is.
    #[arg(long, value_name = "NAME", default_value = "note")]
    kind: String,
    /// A word to find it by. May be given several times.
    #[arg(long = "tag", value_name = "NAME")]
    tags: Vec<String>,
    /// Something more about it. May be given several times.
    #[arg(long = "field", value_name = "NAME=VALUE", value_parser = field)]
    fields: Vec<(String, String)>,
    /// How much it matters, 0 to 1.
    #[arg(long, value_name = "NUMBER", default_value_t = 0.5)]
    importance: f32,
    /// How sure its author was, 0 to 1.
    #[arg(long, value_name = "NUMBER", default_value_t = 1.0)]
    confidence: f32,
    /// It never fades.
    #[arg(long)]
    pin: bool,
    /// A record of the same space that is not true any more: it stays as history, and is not recalled. May be given
    /// several times.
    #[arg(long, value_name = "ID")]
    supersedes: Vec<MemoryId>,
    /// A record that it is derived from, of any space: it is trusted no more than that. May be given several times.
    #[arg(long, value_name = "ID")]
    derived_from: Vec<MemoryId>,
    /// How far it is trusted: `outside`, `skill`, `imported` or `owner`.
    #[arg(long, value_name = "TRUST", default_value_t = Trust::Owner)]
    trust: Trust,
}

/// Says how far records are trusted by themselves.
///
/// A record is trusted as the least of its own trust and that of all that it is derived from. From the least:
/// `outside` (a run remembered it that may have it from a file, a server, a program), `skill` (a skill made it up of
/// nothing that is trusted less), `imported`, `owner`. Of two that say that one supersedes the other, the one that is
/// trusted less hides nothing.
#[derive(Args)]
struct TrustArgs {
    /// How far: `outside`, `skill`, `imported` or `owner`.
    #[arg(value_name = "TRUST")]
    trust: Trust,
    /// Ids of records, like m12.
    #[arg(value_name = "ID")]
    ids: Vec<MemoryId>,
    /// All of this space.
    #[arg(long, value_name = "NAME", conflicts_with = "ids")]
    space: Option<String>,
}

/// Finds records that say the same, and has one of them stand for the others.
///
/// Records say the same with the same words in the same order, but for case, marks and words like `the` or `really`: in
/// one space, by one author, of one kind, with the same fields. Recall gives the most trusted one, and names the others.
/// Nothing is changed or removed, and `--undo` takes it back.
#[derive(Args)]
struct Consolidate {
    /// Within this space only [default: within each].
    #[arg(long, value_name = "NAME")]
    space: Option<String>,
    /// Only tells what would be found.
    #[arg(long)]
    dry_run: bool,
    /// Takes the consolidation of this commit back.
    #[arg(long, value_name = "COMMIT", conflicts_with_all = ["space", "dry_run"])]
    undo: Option<u64>,
}

/// Finds the records that answer a question.
#[derive(Args)]
struct Recall {
    #[command(flatten)]
    question: Asking,
    /// Puts turns of a thread that stand next to each other together, in their order, with those right beside them as far
    /// as the budget allows.
    #[arg(long)]
    passages: bool,
}

/// Tells why a question is answered as it is: for each hit its ten signals, and with `--json` all that is known.
#[derive(Args)]
struct Explain {
    #[command(flatten)]
    question: Asking,
    /// Tells why this record is, or is not, among the hits.
    #[arg(long, value_name = "ID")]
    id: Option<MemoryId>,
}

#[derive(Args)]
struct Asking {
    /// The question, in words; what stands in "quotation marks" is looked for as a run of words.
    query: String,
    /// Most tokens that the texts take together, about.
    #[arg(long, value_name = "TOKENS")]
    budget: Option<u32>,
    /// Most records [default: 10, or with --budget as many as fit].
    #[arg(long, value_name = "NUMBER", value_parser = limit)]
    limit: Option<usize>,
    #[command(flatten)]
    bounds: Bounds,
    /// Also records that were archived.
    #[arg(long)]
    archived: bool,
    /// Also records that a newer one supersedes.
    #[arg(long)]
    history: bool,
    /// Also records that say the same as a better one, or as one that stands for them.
    #[arg(long)]
    copies: bool,
    /// What it would have found then: a time, or the number of a commit. What was forgotten since stays forgotten;
    /// records are ranked by what is known now.
    #[arg(long, value_name = "TIME|COMMIT", value_parser = moment::typed)]
    as_of: Option<Moment>,
}

/// Which records are meant, whatever their words.
#[derive(Args)]
struct Bounds {
    /// Those of this space only. May be given several times.
    #[arg(long = "space", value_name = "NAME")]
    spaces: Vec<String>,
    /// Those by this author only.
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// Those of this thread only.
    #[arg(long, value_name = "NAME")]
    thread: Option<String>,
    /// Those of this kind only.
    #[arg(long, value_name = "NAME")]
    kind: Option<String>,
    /// Those with this tag only. May be given several times: with all of them.
    #[arg(long = "tag", value_name = "NAME")]
    tags: Vec<String>,
    /// Those with a field like this only: `invoice=INV-7`, or "amount>=1000" with <, <=, > or >=, which compares numbers as
    /// numbers, texts by their bytes, and neither with the other. May be given several times: with all of them.
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<FieldIs>,
    /// Those told at this time or later.
    #[arg(long, value_name = "TIME", value_parser = when::typed)]
    since: Option<Timestamp>,
    /// Those told before this time.
    #[arg(long, value_name = "TIME", value_parser = when::typed)]
    until: Option<Timestamp>,
    /// Only records that are trusted so far: `outside`, `skill`, `imported` or `owner`.
    #[arg(long, value_name = "TRUST")]
    min_trust: Option<Trust>,
}

impl Bounds {
    /// A question without words.
    fn question(self) -> Question {
        let Self { spaces, author, thread, kind, tags, fields, since, until, min_trust } = self;
        let trust = min_trust;
        Question {
            spaces,
            author,
            thread,
            kind,
            tags,
            fields,
            since,
            until,
            trust,
            ..Question::default()
        }
    }
}

/// Forgets records for certain, and prints a receipt.
///
/// Their rows are removed and their keys destroyed, so that old copies of the rows can't be read either. It can't be
/// taken back. Journals of runs, and exports that were made before, still hold what they were given.
#[derive(Args)]
struct Forget {
    /// Ids of records, like m12.
    #[arg(value_name = "ID")]
    ids: Vec<MemoryId>,
    /// All of this space; with --thread those of the thread there.
    #[arg(long, value_name = "NAME", conflicts_with = "ids")]
    space: Option<String>,
    /// All of this thread.
    #[arg(long, value_name = "NAME", conflicts_with = "ids")]
    thread: Option<String>,
    /// Only archived records.
    #[arg(long, conflicts_with = "ids")]
    archived: bool,
    /// With --archived only those that faded so many cycles ago, or earlier.
    #[arg(long, value_name = "CYCLES", conflicts_with = "ids")]
    older_than: Option<u64>,
    /// Does not ask.
    #[arg(long)]
    yes: bool,
}

/// Remembers what files hold: drafts, chats, notes.
///
/// JSON Lines hold a draft each, as `memory export` writes them; a table in Parquet holds one a row. A chat is a JSON
/// array of messages, ChatGPT's conversations.json, or text with lines like `Ada: hello`,
/// `[2024-01-02 10:11] Ada: hello` or `31/12/2023, 10:11 - Ada: hello`. Of a folder all notes in Markdown are read, each
/// as a thread of sections or paragraphs; links are not followed.
///
/// The same file imported again adds nothing, and an import that was stopped goes on where it was.
#[derive(Args)]
struct Import {
    /// The file or the folder; `-` reads standard input.
    path: PathBuf,
    /// The space of all records [default: what the file says, else `default`].
    #[arg(long, value_name = "NAME")]
    space: Option<String>,
    /// What it is.
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    format: Format,
    /// Counts broken records, and what can't be read of a folder, and goes on, instead of stopping at the first.
    #[arg(long)]
    skip_bad: bool,
    /// Adds also what an earlier import added, forgotten since or not.
    #[arg(long)]
    again: bool,
    /// How far what it holds is trusted, where it says nothing less: `outside`, `skill`, `imported`, or `owner` of what
    /// you wrote yourself.
    #[arg(long, value_name = "TRUST", default_value_t = Trust::Imported)]
    trust: Trust,
}

/// Writes all records and relations, as JSON Lines or as a table in Parquet; `memory import` reads both.
///
/// What pandas, Polars or DuckDB read is `--out memory.parquet`: a row for each record, with its relations.
#[derive(Args)]
struct Export {
    /// Those of this space only.
    #[arg(long, value_name = "NAME")]
    space: Option<String>,
    /// Where to; `-` is standard output, as without it. A pipe or a device takes all as it comes.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What is written [default: what the name of the file says, else jsonl].
    #[arg(long, value_name = "FORMAT")]
    format: Option<Written>,
}

/// What an export is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Written {
    /// A record or a relation a line.
    Jsonl,
    /// A table with a row for each record.
    Parquet,
}

impl Memory {
    pub(crate) fn run(self, context: &Context) -> Result<u8, Failure> {
        match self.command {
            MemoryCommand::Add(it) => it.run(context),
            MemoryCommand::Recall(Recall { question, passages }) => {
                let (question, as_of) = question.question();
                let request = MemoryRequest::Recall { question, as_of, passages };
                told::recall(context, &ask(context, request)?)
            }
            MemoryCommand::Explain(Explain { question, id }) => {
                let (question, as_of) = question.question();
                let request = MemoryRequest::Explain { question, id, as_of };
                told::explain(context, &ask(context, request)?)
            }
            MemoryCommand::Learn(it) => it.run(context),
            MemoryCommand::Lessons(it) => it.run(context),
            MemoryCommand::Alias(it) => it.run(context),
            MemoryCommand::Show { id } => {
                told::show(context, &ask(context, MemoryRequest::Show { id })?)
            }
            MemoryCommand::History { id } => {
                past::history(context, &ask(context, MemoryRequest::History { id })?)
            }
            MemoryCommand::List { limit, before, bounds, archived, as_of } => {
                let question = Question { archived, history: true, ..bounds.question() };
                let request = MemoryRequest::List { limit, before, question, as_of };
                told::list(context, &ask(context, request)?, archived, before)
            }
            MemoryCommand::Diff { from, to } => {
                past::diff(context, &ask(context, MemoryRequest::Diff { from, to })?)
            }
            MemoryCommand::Blame { id } => {
                past::blame(context, &ask(context, MemoryRequest::Blame { id })?)
            }
            MemoryCommand::Restore { ids, weight, from } => {
                if let Some(code) = from.run(context)? {
                    return Ok(code);
                }
                if ids.is_empty() {
                    return Err(Failure::usage("nothing says what is to be restored")
                        .hint("name archived records by their ids, or a folder of snapshots with --from FOLDER"));
                }
                told::restore(context, &ask(context, MemoryRequest::Restore { ids, weight })?)
            }
            MemoryCommand::Snapshot(it) => it.run(context),
            MemoryCommand::Snapshots(it) => it.run(context),
            MemoryCommand::Relate { from, kind, to, weight } => {
                let edge = Edge { from, kind, to, weight };
                edge.check().map_err(|it| Failure::usage(it.to_string()))?;
                told::relate(context, &ask(context, MemoryRequest::Relate { edge })?)
            }
            MemoryCommand::Unrelate { from, kind, to } => {
                told::unrelate(context, &ask(context, MemoryRequest::Unrelate { from, kind, to })?)
            }
            MemoryCommand::Forget(it) => it.run(context),
            MemoryCommand::Pin { id } => pin(context, id, true),
            MemoryCommand::Unpin { id } => pin(context, id, false),
            MemoryCommand::Use { ids } => {
                told::used(context, &ask(context, MemoryRequest::Use { ids })?)
            }
            MemoryCommand::Trust(TrustArgs { trust, ids, space }) => {
                if ids.is_empty() && space.is_none() {
                    return Err(Failure::usage("nothing says which records are meant")
                        .hint("name them by their ids, or all of a space with --space NAME"));
                }
                let request = MemoryRequest::Trust { trust, ids, space };
                told::trust(context, &ask(context, request)?)
            }
            MemoryCommand::Consolidate(Consolidate { space, dry_run, undo }) => {
                let request = match undo {
                    Some(commit) => MemoryRequest::Part { commit },
                    None => MemoryRequest::Consolidate { space, dry_run },
                };
                told::consolidation::consolidate(context, &ask(context, request)?)
            }
            MemoryCommand::Tick { cycles } => {
                told::tick(context, &ask(context, MemoryRequest::Tick { cycles })?)
            }
            MemoryCommand::Audit { limit } => {
                told::audit(context, &ask(context, MemoryRequest::Audit { limit })?, limit)
            }
            MemoryCommand::Stats => told::stats(context, &ask(context, MemoryRequest::Stats)?),
            MemoryCommand::Verify => {
                told::verify::verify(context, &ask(context, MemoryRequest::Verify)?)
            }
            MemoryCommand::Lock(it) => it.run(context, false),
            MemoryCommand::Rekey(it) => it.run(context, true),
            MemoryCommand::Unlock => told::owner(context, &ask(context, MemoryRequest::Unlock)?),
            MemoryCommand::Encode => {
                let setting = Setting::find(&context.encoder, &context.places, &current_folder()?)?;
                let request = MemoryRequest::Encode { has_encoder: setting.is_some() };
                told::encode(context, &ask(context, request)?)
            }
            MemoryCommand::Import(it) => it.run(context),
            MemoryCommand::Export(it) => it.run(context),
            MemoryCommand::Bench(it) => it.run(context),
        }
    }
}

fn ask(context: &Context, request: MemoryRequest) -> Result<Json, Failure> {
    opened(context, request, |it| session::ask(context, it))
}

/// Sends a request with what opens the memory, where that is known, or is typed.
fn opened(
    context: &Context,
    what: MemoryRequest,
    mut send: impl FnMut(Request) -> Result<Json, Failure>,
) -> Result<Json, Failure> {
    let told = |mut it: Failure| {
        it.message = format!("the key of the memory: {}", it.message);
        it
    };
    let key = context.memory_key.as_ref().map(KeySource::read).transpose().map_err(told)?;
    let has_key = key.is_some();
    let failure = match send(Request::Memory { what: what.clone(), key }) {
        Err(failure) if !has_key && failure.kind == FailureKind::Environment => failure,
        ended => return ended,
    };
    // Nothing was done where it could not be opened.
    if !can_ask(context) || locked_with(context).as_deref() != Some(PASSPHRASE) {
        return Err(failure);
    }
    send(Request::Memory { what, key: Some(owner_key::ask()?) })
}

/// What a memory is locked with that did not open; none where it is something else that is wrong.
fn locked_with(context: &Context) -> Option<String> {
    let request = Request::Memory { what: MemoryRequest::Owner, key: None };
    let answer: OwnerAnswer = report::read(&session::look(context, request).ok()?).ok()?;
    answer.locked_with
}

const PASSPHRASE: &str = "passphrase";

/// Whether somebody is there to be asked.
fn can_ask(context: &Context) -> bool {
    std::io::stdin().is_terminal() && printing::on_terminal() && !context.json
}

fn pin(context: &Context, id: MemoryId, pinned: bool) -> Result<u8, Failure> {
    told::pin(context, &ask(context, MemoryRequest::Pin { id, pinned })?)
}

impl Add {
    fn run(self, context: &Context) -> Result<u8, Failure> {
        let Self { space, author, thread, at, kind, tags, importance, confidence, .. } = self;
        let text = if self.text == "-" { typed()? } else { self.text };
        let mut fields = BTreeMap::new();
        for (name, value) in self.fields {
            if fields.contains_key(&name) {
                return Err(Failure::usage(format!("the field `{name}` is given twice")));
            }
            fields.insert(name, value);
        }
        let (pinned, supersedes, derived_from) = (self.pin, self.supersedes, self.derived_from);
        let trust = Some(self.trust);
        let draft = Draft {
            space,
            text,
            author,
            thread,
            at,
            kind,
            tags,
            fields,
            importance,
            confidence,
            pinned,
        };
        draft.check().map_err(|it| Failure::usage(it.to_string()))?;
        told::add(
            context,
            &ask(context, MemoryRequest::Add { draft, supersedes, derived_from, trust })?,
        )
    }
}

/// A weight: what is no number can't be sent to the process that has the memory.
fn weight(text: &str) -> Result<f64, String> {
    let weight: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    let is_one = weight > 0.0 && weight <= 1.0;
    if is_one { Ok(weight) } else { Err("a weight lies above 0 and not above 1".to_owned()) }
}

/// What stands on standard input, without line ends behind it.
fn typed() -> Result<String, Failure> {
    let unread = |error: std::io::Error| Failure::environment("cannot read standard input", &error);
    let mut bytes = Vec::new();
    // With a line end, and a byte more than there may be.
    let most = TEXT_BYTES_MAX as u64 + 3;
    std::io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(unread)?;
    let ends = bytes.iter().rev().take_while(|it| matches!(it, b'\r' | b'\n')).count();
    bytes.truncate(bytes.len() - ends);
    // Before it is read as text: it may have been cut within a letter.
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(Failure::usage(format!(
            "standard input holds more than {TEXT_BYTES_MAX} bytes, the most of one record: split it into records of one thread"
        )));
    }
    String::from_utf8(bytes).map_err(|it| unread(std::io::Error::other(it)))
}

impl Asking {
    /// The question, and of which state it is asked: the host knows which commit is meant.
    fn question(self) -> (Question, Option<Moment>) {
        let Self { query, budget, limit, bounds, archived, history, copies, as_of } = self;
        // Who names a budget wants it filled.
        let usual = if budget.is_some() { LIMIT_MAX } else { Question::default().limit };
        let question = Question {
            text: query,
            limit: limit.unwrap_or(usual),
            budget_tokens: budget,
            archived,
            history,
            copies,
            ..bounds.question()
        };
        (question, as_of)
    }
}

impl Forget {
    fn run(self, context: &Context) -> Result<u8, Failure> {
        let Self { ids, space, thread, archived, older_than, yes } = self;
        if older_than.is_some() && !archived {
            return Err(Failure::usage(
                "--older-than says which of the archived records are meant",
            )
            .hint("type --archived, too"));
        }
        if ids.is_empty() && space.is_none() && thread.is_none() && !archived {
            return Err(Failure::usage("nothing says what is to be forgotten").hint(
                "name records by their ids, or all of some with --space NAME, --thread NAME or --archived",
            ));
        }
        let archived = archived.then_some(older_than.unwrap_or_default());
        let mut what = Forgetting { ids, space, thread, archived, only: None };
        // Whoever names records means them.
        if what.ids.is_empty() && !yes {
            let request = MemoryRequest::Forget { what: what.clone(), dry_run: true };
            let found: ForgetAnswer = report::read(&ask(context, request)?)?;
            if !found.ids.is_empty() {
                confirm(context, &what, found.ids.len())?;
            }
            // Others may have remembered more while somebody thought about it.
            what.only = Some(found.ids.iter().filter_map(|it| it.parse().ok()).collect());
        }
        told::forget(context, &ask(context, MemoryRequest::Forget { what, dry_run: false })?)
    }
}

/// Asks whether so many records are to be forgotten.
fn confirm(context: &Context, what: &Forgetting, count: usize) -> Result<(), Failure> {
    let of = |name: &Option<String>, what: &str| {
        name.as_ref().map_or_else(String::new, |it| format!(" of the {what} `{it}`"))
    };
    let (thread, space) = (of(&what.thread, "thread"), of(&what.space, "space"));
    let archived = if what.archived.is_some() { "archived " } else { "" };
    let all = printing::harmless(&format!("{count} {archived}record(s){thread}{space}"));
    if !can_ask(context) {
        let message = format!("{all} would be forgotten for certain; nothing is forgotten yet");
        return Err(Failure::usage(message).hint("say so with --yes"));
    }
    printing::note(format!("Forget {all} for certain? It can't be taken back. [y]es, [n]o"));
    match interrupts::typed_line()?.as_deref().map(str::trim) {
        Some("y" | "yes") => Ok(()),
        _ => Err(Failure::new(FailureKind::Cancelled, "nothing is forgotten")),
    }
}

impl LockArgs {
    fn run(self, context: &Context, again: bool) -> Result<u8, Failure> {
        let key = self.key(context)?;
        told::owner(context, &ask(context, MemoryRequest::Lock { key, again })?)
    }

    fn key(self, context: &Context) -> Result<TypedKey, Failure> {
        let source = match (self.key_file, self.passphrase) {
            (Some(path), _) => KeySource::File(path),
            (None, Some(text)) => KeySource::Passphrase(text.parse().map_err(Failure::usage)?),
            (None, None) if can_ask(context) => return owner_key::ask_for_new(),
            (None, None) => {
                return Err(Failure::usage("there is no terminal to ask for a passphrase")
                    .hint("name a source with --passphrase or --key-file"));
            }
        };
        let source = source.absolute(&current_folder()?);
        if let KeySource::File(path) = &source
            && let (Ok(path), Ok(state)) =
                (path.canonicalize(), context.places.state.canonicalize())
            && path.starts_with(state)
        {
            return Err(Failure::usage("the key file lies in the state folder")
                .hint("keep it elsewhere: who copies the folder has it too"));
        }
        source.read()
    }
}

impl Import {
    fn run(self, context: &Context) -> Result<u8, Failure> {
        let Self { path, space, format, skip_bad, again, trust } = self;
        if let Some(space) = &space {
            let draft = Draft { space: space.clone(), text: "x".to_owned(), ..Draft::default() };
            draft.check().map_err(|it| Failure::usage(it.to_string()))?;
        }
        // It is open until all of it is read.
        let opened = OpenHere::find(&path)?;
        let (path, name) = match &opened {
            Some(opened) => (opened.path.clone(), Some(opened.name.clone())),
            None => (current_folder()?.join(path), None),
        };
        let request = ImportRequest { path, name, space, format, skip_bad, again, trust };
        told::import(context, &ask(context, MemoryRequest::Import(request))?)
    }
}

impl Export {
    fn run(self, context: &Context) -> Result<u8, Failure> {
        let named =
            |it: &PathBuf| it.extension().is_some_and(|it| it.eq_ignore_ascii_case("parquet"));
        let is_table = match self.format {
            Some(format) => format == Written::Parquet,
            None => self.out.as_ref().is_some_and(named),
        };
        let request = MemoryRequest::Export { space: self.space, in_rows: is_table };
        let Some(out) = self.out.filter(|it| it.as_os_str() != "-") else {
            if is_table {
                return Err(Failure::usage("a table is no text for standard output")
                    .hint("write a file with --out FILE"));
            }
            if context.json {
                let message =
                    "an export is lines of JSON already, and those of `--json` are others";
                return Err(Failure::usage(message)
                    .hint("leave `--json` away, or write a file with --out FILE"));
            }
            let write = |part: &str| printing::bytes(part.as_bytes());
            let answer = opened(context, request, |it| session::ask_in_parts(context, it, write))?;
            let answer: ExportAnswer = report::read(&answer)?;
            told::exported(&answer, None);
            return Ok(0);
        };
        let mut file = Out::begin(&out)?;
        let answer = if is_table {
            let failed = |error: TableError| Failure::environment(out.display(), &error);
            let mut table = TableWriter::new(BufWriter::new(&mut file)).map_err(failed)?;
            let mut write =
                |part: &str| part.lines().try_for_each(|it| table.line(it)).map_err(failed);
            let answer =
                opened(context, request, |it| session::ask_in_parts(context, it, &mut write))?;
            table.finish().map_err(failed)?;
            answer
        } else {
            let failed = |error: std::io::Error| Failure::environment(out.display(), &error);
            let mut write = |part: &str| file.write_all(part.as_bytes()).map_err(failed);
            opened(context, request, |it| session::ask_in_parts(context, it, &mut write))?
        };
        file.end()?;
        let exported: ExportAnswer = report::read(&answer)?;
        let mut answer = answer;
        answer["file"] = json!(out.display().to_string());
        report::tell(context, &answer, 0, || {
            told::exported(&exported, Some(&out));
            Ok(())
        })
    }
}

fn field(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn limit(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|it| (1..=LIMIT_MAX).contains(it));
    number.ok_or_else(|| format!("a number from 1 to {LIMIT_MAX} is wanted"))
}
