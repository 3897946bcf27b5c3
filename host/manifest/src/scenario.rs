//! A checked scenario: what a run of a manifest is given, what stands in for skills, what goes wrong, and
//! what must be true in the end.
//!
//! It is data, made by [`crate::check_scenario`]; whoever runs it needs no more than this and the plan.

use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

use voyager_base::{
    Error, ErrorKind, Type, Value,
    memory::{DatedMemory, Remembered},
    operation::OperationName,
    secret::Secret,
    sim::CrashModel,
};

use crate::{
    expr::Expr,
    plan::{Action, Plan},
};

/// Some bytes of the scenario's text, where a failed expectation is shown.
pub type Span = Range<usize>;

/// A checked scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it shows.
    pub description: String,
    /// Where the name stands, for what has no place of its own.
    pub span: Span,
    /// Values of inputs by name. A path is one within the workspace.
    pub inputs: BTreeMap<String, Value>,
    /// Stand-ins for secrets, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// A folder that is copied into the workspace, from the scenario's own.
    pub folder: Option<(Span, String)>,
    /// Files of the workspace: path and content.
    pub files: Vec<(String, String)>,
    /// What stands in for skills.
    pub answers: Vec<Answer>,
    /// What stands in for programs.
    pub programs: Vec<ProgramAnswer>,
    /// What stands in for servers.
    pub servers: Vec<ServerAnswer>,
    /// What stands in for the memory.
    pub memory: Vec<MemoryAnswer>,
    /// What goes wrong.
    pub faults: Vec<(Span, Fault)>,
    /// What must be true in the end.
    pub expect: Expected,
}

/// What stands in for a skill.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Where it stands.
    pub span: Span,
    /// Whose calls it answers.
    pub of: Whose,
    /// Which of them.
    pub which: Which,
    /// So many at most.
    pub times: Option<u32>,
    /// How long the call takes.
    pub takes: Duration,
    /// Files that it stages: path in the workspace, and content; none for a removal.
    pub writes: Vec<(String, Option<String>)>,
    /// How the call ends.
    pub result: Result<Value, Error>,
}

/// Whose calls an answer is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of the step at this position of the plan.
    Step(usize),
    /// Those of an operation, whoever makes them.
    Operation(OperationName),
}

/// Which calls of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// Those for this item.
    pub item: Option<u64>,
    /// Those of this attempt.
    pub attempt: Option<u32>,
}

impl Which {
    /// Whether a call is meant.
    pub fn fits(self, item: u64, attempt: u32) -> bool {
        self.item.is_none_or(|it| it == item) && self.attempt.is_none_or(|it| it == attempt)
    }

    /// Whether all calls that are meant by `other` are meant by this too.
    pub(crate) fn covers(self, other: Self) -> bool {
        (self.item.is_none() || self.item == other.item)
            && (self.attempt.is_none() || self.attempt == other.attempt)
    }
}

/// What stands in for a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramAnswer {
    /// Where it stands.
    pub span: Span,
    /// Program and first arguments.
    pub run: Vec<String>,
    /// So many starts at most.
    pub times: Option<u32>,
    /// How long it takes.
    pub takes: Duration,
    /// Exit code, standard output, standard error; or why it does not run.
    pub result: Result<(u8, String, String), (ErrorKind, String)>,
}

/// Status, headers and body of an answer of a server.
pub type Served = (u16, Vec<(String, String)>, String);

/// What stands in for a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAnswer {
    /// Where it stands.
    pub span: Span,
    /// How the URL begins.
    pub url: String,
    /// The method; any where there is none.
    pub method: Option<String>,
    /// So many requests at most.
    pub times: Option<u32>,
    /// How long it takes.
    pub takes: Duration,
    /// Status, headers, body; or why there is no answer.
    pub result: Result<Served, ErrorKind>,
}

/// What stands in for the memory.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryAnswer {
    /// Where it stands.
    pub span: Span,
    /// Which questions it answers: one of [`MEMORY_ASKED`].
    pub asks: String,
    /// Only those that ask for this text, or remember it, among other words.
    pub text: Option<String>,
    /// So many questions at most.
    pub times: Option<u32>,
    /// How long it takes.
    pub takes: Duration,
    /// How probable it is that nothing answers a question.
    pub doubt: Option<f64>,
    /// When that happened which a question asks about.
    pub dated: Option<DatedMemory>,
    /// The memories that are found, the best first; or why there is no answer.
    pub result: Result<Vec<Remembered>, ErrorKind>,
}

/// What a memory may be asked.
pub const MEMORY_ASKED: [&str; 12] = [
    "remember",
    "recall",
    "relate",
    "forget",
    "used",
    "read",
    "offers",
    "find",
    "passages",
    "list",
    "relations",
    "history",
];

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The host dies, and is started again.
    Kill {
        /// When.
        when: When,
        /// What its disk has of what was not synced.
        disk: CrashModel,
    },
    /// The clock jumps forward.
    Jump {
        /// When.
        when: When,
        /// How far.
        by: Duration,
    },
    /// A call fails.
    Fail {
        /// Position of the step.
        step: usize,
        /// Which calls.
        which: Which,
        /// So.
        error: Error,
    },
    /// A call takes longer.
    Delay {
        /// Position of the step.
        step: usize,
        /// Which calls.
        which: Which,
        /// How much.
        by: Duration,
    },
}

/// The moment after a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// Name of the recorded fact.
    pub point: String,
    /// Position of the step that it belongs to; any where none is named.
    pub step: Option<usize>,
    /// The how-manieth, from 1.
    pub count: u32,
}

/// What must be true in the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    /// How the run ended.
    pub status: (Span, Ending),
    /// Why it failed.
    pub error: Option<ExpectedError>,
    /// Outputs by name.
    pub outputs: Vec<(Span, String, Value)>,
    /// Conditions over `outputs` and `inputs`, with what to say where they don't hold.
    pub that: Vec<(Span, Expr, String)>,
    /// What became of steps.
    pub steps: Vec<ExpectedStep>,
    /// What became of files.
    pub files: Vec<ExpectedFile>,
    /// Whether all other files must be as they were.
    pub others_unchanged: Option<Span>,
    /// How often something was called.
    pub calls: Vec<ExpectedCalls>,
    /// What the run used at most.
    pub limits: Vec<(Span, Used, u64)>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It gave its outputs.
    Succeeded,
    /// A step failed for good.
    Failed,
    /// It was cancelled.
    Cancelled,
}

impl Ending {
    /// Its word in scenarios.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedError {
    /// Where this stands.
    pub span: Span,
    /// Its kind.
    pub kind: Option<(Span, ErrorKind)>,
    /// Id of the step.
    pub step: Option<(Span, String)>,
    /// A text that its message contains.
    pub message: Option<(Span, String)>,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedStep {
    /// Position of the step.
    pub step: usize,
    /// How it stood in the end.
    pub is: Option<(Span, StepEnding)>,
    /// The kind of its error.
    pub kind: Option<(Span, ErrorKind)>,
    /// Attempts of its calls in total.
    pub attempts: Option<(Span, u64)>,
    /// How often it began.
    pub runs: Option<(Span, u64)>,
}

/// How a step stood in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum StepEnding {
    Ran,
    Skipped,
    Failed,
    Stopped,
    NotReached,
}

impl StepEnding {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Ran, Self::Skipped, Self::Failed, Self::Stopped, Self::NotReached];

    /// Its word in scenarios.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ran => "ran",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::NotReached => "not-reached",
        }
    }
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedFile {
    /// Where it stands.
    pub span: Span,
    /// Path in the workspace.
    pub path: String,
    /// Its whole content.
    pub equals: Option<(Span, String)>,
    /// Texts that it contains.
    pub contains: Vec<(Span, String)>,
    /// Texts that it does not contain.
    pub lacks: Vec<(Span, String)>,
    /// Whether it is there, or as it was.
    pub is: Option<(Span, FileEnding)>,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum FileEnding {
    Present,
    Absent,
    Unchanged,
}

/// How often something was called.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedCalls {
    /// Where it stands.
    pub span: Span,
    /// What.
    pub what: Called,
    /// At least so often.
    pub least: u64,
    /// At most so often.
    pub most: u64,
}

/// What was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// An operation, by its unversioned name.
    Operation(String),
    /// The host, by the name of the question.
    Host(String),
}

/// What a run uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// Attempts of tasks.
    Tasks,
    /// Questions to the host.
    HostCalls,
    /// Milliseconds of the scenario's time.
    Time,
    /// How often the run was gone on with.
    Resumes,
}

impl Used {
    /// Its key in scenarios.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::HostCalls => "host-calls",
            Self::Time => "time",
            Self::Resumes => "resumes",
        }
    }
}

/// Takes the docs out of a plan's types and operations: they help people who read it, and a run that
/// nobody looks into carries them from its first record to its last for nothing.
pub fn without_docs(plan: &mut Plan) {
    plan.inputs.iter_mut().for_each(|input| type_without_docs(&mut input.ty));
    plan.outputs.iter_mut().for_each(|output| type_without_docs(&mut output.ty));
    let operations = plan.skills.iter_mut().flat_map(|skill| skill.operations.iter_mut());
    let calls = plan.steps.iter_mut().filter_map(|step| {
        step.result.iter_mut().for_each(type_without_docs);
        match &mut step.action {
            Action::Call(call) => Some(&mut call.operation),
            Action::Block(block) => {
                block.result.iter_mut().for_each(type_without_docs);
                None
            }
            Action::Wait(wait) => {
                wait.result.iter_mut().for_each(type_without_docs);
                None
            }
            Action::Manifest(sub) => {
                sub.inputs.iter_mut().for_each(|input| type_without_docs(&mut input.ty));
                sub.outputs.iter_mut().for_each(|output| type_without_docs(&mut output.ty));
                sub.result.iter_mut().for_each(type_without_docs);
                None
            }
            Action::Sleep(_) | Action::Restore(_) => None,
        }
    });
    for operation in operations.chain(calls) {
        let operation = Arc::make_mut(operation);
        operation.docs.clear();
        operation.parameters.iter_mut().for_each(|(_, ty)| type_without_docs(ty));
        operation.result.iter_mut().for_each(type_without_docs);
    }
}

fn type_without_docs(ty: &mut Type) {
    match ty {
        Type::List(inner) | Type::Option(inner) => type_without_docs(inner),
        Type::Result(ok, error) => {
            ok.iter_mut().chain(error).for_each(|inner| type_without_docs(inner));
        }
        Type::Tuple(types) => types.iter_mut().for_each(type_without_docs),
        Type::Record(record) => {
            for field in &mut Arc::make_mut(record).body {
                field.docs.clear();
                type_without_docs(&mut field.ty);
            }
        }
        Type::Variant(variant) => {
            for case in &mut Arc::make_mut(variant).body {
                case.docs.clear();
                case.ty.iter_mut().for_each(type_without_docs);
            }
        }
        _ => {}
    }
}
