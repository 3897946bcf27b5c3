//! The manifest language as tables: every construct, its keys, and what each may hold.
//!
//! The parser checks a text against these tables and [`crate::schema`] is made from them, so that the
//! two can't differ. What the tables don't say (types, references, grants) is in [`mod@crate::check`].

mod policy;
mod scenario;
mod script;

pub(crate) use self::{
    policy::{HOST_POLICY, POLICY_HEADER},
    scenario::{SCENARIO, SCENARIO_HEADER},
    script::{SCRIPT, SCRIPT_HEADER},
};
use voyager_base::http::METHODS;

use crate::plan::Priority;

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Any text of at most so many characters.
    Text { chars_max: usize },
    /// A kebab-case name.
    Name,
    /// The name of a step of a plan: names joined by `/`.
    StepName,
    /// `1.2.3`.
    Version,
    /// `2024-05-31`.
    Day,
    /// `true` or `false`.
    Bool,
    /// A whole number in this range.
    Int { least: i64, most: i64 },
    /// A number in this range.
    Number { least: f64, most: f64 },
    /// `30s`, `1h30m`; at least so many milliseconds.
    Duration { least_ms: u64 },
    /// `64MiB`; at least so many bytes.
    Size { least: u64 },
    /// One of a few words.
    Word(&'static [&'static str]),
    /// An expression.
    Expression,
    /// A type.
    Type,
    /// A glob over paths.
    Glob,
    /// The name of an operation.
    Operation,
    /// A path input: `inputs.repo` or `repo`.
    Root,
    /// An input that is a secret: `inputs.token` or `token`.
    Secret,
    /// The name of a policy, or `none`.
    Policy,
    /// A kind of error.
    ErrorKind,
    /// A relative file name.
    File,
    /// A path within a workspace.
    Path,
    /// A list with at least so many items.
    List { of: &'static Self, least: usize },
    /// A text of words, or a list of them.
    Words,
    /// A mapping from names to values.
    Map { of: &'static Self, least: usize },
    /// A mapping from names of steps of a plan to values.
    StepNames(&'static Self),
    /// A mapping from paths within a workspace to values.
    Paths(&'static Self),
    /// A mapping from names of variables of a program to values.
    Variables(&'static Self),
    /// A mapping from kinds of error, or `any`, to values.
    Kinds(&'static Self),
    /// A mapping with these keys.
    Object(&'static Object),
    /// Steps of a manifest or of a block, at least one.
    Steps,
    /// Any value, in which `{ from: ... }` and `{ expr: "..." }` may stand.
    Argument,
    /// Any value.
    Literal,
    /// Any value, and none too.
    Result,
}

/// A construct of the language.
#[derive(Debug)]
pub(crate) struct Object {
    /// What it is, with an article, for messages.
    pub(crate) what: &'static str,
    /// Its keys, in the order of the documentation.
    pub(crate) keys: &'static [Key],
}

/// A key of a construct.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    pub(crate) docs: &'static str,
}

const fn key(name: &'static str, shape: Shape, docs: &'static str) -> Key {
    Key { name, shape, required: false, docs }
}

const fn must(name: &'static str, shape: Shape, docs: &'static str) -> Key {
    Key { name, shape, required: true, docs }
}

const fn list(of: &'static Shape) -> Shape {
    Shape::List { of, least: 0 }
}

/// What the first key has to say.
pub(crate) const HEADER: &str = "manifest/v1";

/// Most characters of a description.
const DESCRIPTION: Shape = Shape::Text { chars_max: 4_000 };
const GLOBS: Shape = list(&Shape::Glob);
const COUNT: Shape = Shape::Int { least: 1, most: u32::MAX as i64 };

/// The whole file.
pub(crate) static MANIFEST: Object = Object {
    what: "a manifest",
    keys: &[
        must(
            "voyager",
            Shape::Word(&[HEADER]),
            "Says that this is a manifest, and in which version of the language. The first line.",
        ),
        must("name", Shape::Name, "Its name."),
        must("version", Shape::Version, "Its own version, `1.2.3`."),
        key("description", DESCRIPTION, "What it is for."),
        key(
            "inputs",
            Shape::Map { of: &Shape::Object(&INPUT), least: 0 },
            "What a run is given, by name: `inputs.NAME` in expressions.",
        ),
        key("limits", Shape::Object(&LIMITS), "Bounds of a run, and of each of its tasks."),
        key(
            "priority",
            Shape::Word(&Priority::NAMES),
            "How important a run is; `standard` where nothing is said. A `critical` task takes the slot of a lower one where none is free.",
        ),
        key(
            "fair-by",
            Shape::Argument,
            "A text, `{ from: inputs.customer }`, or `{ expr: \"...\" }`: runs with the same one take turns together, as one run would.",
        ),
        key(
            "concurrency",
            Shape::Object(&RUN_CONCURRENCY),
            "How many runs with the same key run at a time; the others wait.",
        ),
        key(
            "grants",
            Shape::Object(&GRANTS),
            "The ceiling of what steps may use. What isn't granted is denied.",
        ),
        key(
            "policies",
            Shape::Map { of: &Shape::Object(&POLICY), least: 0 },
            "What several steps say of retries, time, limits and errors, by name: `policy: NAME` in a step.",
        ),
        key(
            "defaults",
            Shape::Map { of: &Shape::Policy, least: 0 },
            "The policy of calls that name none, by the skill's short name; `any` for all other skills.",
        ),
        must(
            "steps",
            Shape::Steps,
            "The steps. Each waits for the one above it, unless `needs` says otherwise.",
        ),
        key("finally", Shape::Steps, FINALLY),
        key(
            "outputs",
            Shape::Map { of: &Shape::Object(&OUTPUT), least: 0 },
            "What a run gives back, by name.",
        ),
    ],
};

/// Something that a run is given.
pub(crate) static INPUT: Object = Object {
    what: "an input",
    keys: &[
        must(
            "type",
            Shape::Type,
            "`string`, `int`, `float`, `bool`, `path`, `choice`, `duration`, `size`, `bytes`, `secret`, or a type of WIT.",
        ),
        key("description", DESCRIPTION, "What it is for."),
        key("default", Shape::Literal, "Its value where none is given."),
        key(
            "optional",
            Shape::Bool,
            "Whether it may be absent. Then it is an option in expressions.",
        ),
        key(
            "pattern",
            Shape::Text { chars_max: 1_000 },
            "A regular expression that the whole text must match.",
        ),
        key("length-max", Shape::Int { least: 1, most: i64::MAX }, "Most characters of the text."),
        key(
            "min",
            Shape::Int { least: i64::MIN, most: i64::MAX },
            "Least value of the whole number.",
        ),
        key(
            "max",
            Shape::Int { least: i64::MIN, most: i64::MAX },
            "Greatest value of the whole number.",
        ),
        key(
            "choices",
            Shape::List { of: &Shape::Name, least: 1 },
            "What an input of type `choice` may be.",
        ),
    ],
};

/// One step.
pub(crate) static STEP: Object = Object {
    what: "a step",
    keys: &[
        must("id", Shape::Name, "Its name: `steps.ID` in expressions."),
        key(
            "use",
            Shape::Operation,
            "The operation: `skill/function`, or in full `package:skill@1.2/interface.function`. Or another manifest: `./parts/build.yaml`.",
        ),
        key(
            "steps",
            Shape::Steps,
            "A block: steps within this one. Its result is the record of their results, `steps.ID.INNER`.",
        ),
        key(
            "parallel",
            Shape::Word(&["all", "any", "race"]),
            "The steps of the block begin together: `all` have to end well, `any` one is enough, or the first that ends decides the `race`; the others are stopped.",
        ),
        key(
            "switch",
            Shape::Steps,
            "A block of cases: the first step whose `when` holds runs, and no other. A last one without `when` runs otherwise.",
        ),
        key(
            "transaction",
            Shape::Object(&TRANSACTION),
            "The steps of the block change files together: they see each other's changes, and when the block ends well all of them become real, otherwise none.",
        ),
        key("finally", Shape::Steps, FINALLY),
        key("sleep", Shape::Duration { least_ms: 1 }, "Waits for so long; it survives a restart."),
        key(
            "approve",
            Shape::Object(&APPROVE),
            "Waits until somebody approves; it survives a restart. Its result says who: `by` and `comment`. A refusal is an error of the kind `refused`.",
        ),
        key(
            "await",
            Shape::Object(&AWAIT),
            "Waits for a signal from outside; it survives a restart. Its result is what the signal carries.",
        ),
        key(
            "repeat",
            Shape::Object(&REPEAT),
            "Runs again and again. Its result is that of the last round.",
        ),
        key(
            "with",
            Shape::Map { of: &Shape::Argument, least: 0 },
            "Arguments by name: a value, `{ from: steps.a.b }`, `{ expr: \"...\" }`, or `{ template: \"... {{ steps.a.b }} ...\" }`.",
        ),
        key("when", Shape::Expression, "Runs only where this holds. Its result is then an option."),
        key(
            "for-each",
            Shape::Object(&FOR_EACH),
            "Runs once for each item of a list; its result is the list of results, in the same order.",
        ),
        key(
            "needs",
            list(&Shape::Name),
            "The steps that must end before, instead of the one above. Those that it refers to are added.",
        ),
        key("retry", Shape::Object(&RETRY), "When a failed attempt is followed by another."),
        key(
            "timeout",
            Shape::Duration { least_ms: 1 },
            "Longest time of an attempt, or of a wait.",
        ),
        key(
            "policy",
            Shape::Policy,
            "The policy that says what the step doesn't say itself; `none` keeps the default away.",
        ),
        key(
            "expect",
            list(&Shape::Object(&EXPECT)),
            "What must hold of its result; otherwise it fails with the kind `expectation`.",
        ),
        key(
            "on-error",
            Shape::Kinds(&Shape::Word(&["fail", "continue"])),
            "What happens when it fails for good, by kind of error. With `continue` the run goes on without its result.",
        ),
        key(
            "changes",
            Shape::Word(&["commit", "discard"]),
            "Whether files that it changed become real when it ends well. `discard` makes it a preview.",
        ),
        key(
            "cache",
            Shape::Object(&CACHE),
            "Keeps its result for later calls with the same arguments, in this run and in others. For skills that only compute.",
        ),
        key(
            "compensate",
            Shape::Object(&COMPENSATE),
            "The call that takes back what it did, where the block around it or the run fails or is cancelled afterwards.",
        ),
        key("grants", Shape::Object(&GRANTS), "What it may use, within the manifest's grants."),
        key("limits", Shape::Object(&TASK_LIMITS), "Bounds of each of its tasks."),
        key(
            "priority",
            Shape::Word(&Priority::NAMES),
            "How important its tasks are: at most as much as the manifest and the blocks around it.",
        ),
        key(
            "concurrency",
            Shape::Object(&CONCURRENCY),
            "How many of its tasks with the same key run at a time, over all runs; the others wait.",
        ),
        key("resources", Shape::Object(&RESOURCES), RESERVED),
    ],
};

const RESERVED: &str =
    "What each of its tasks reserves of the host before it begins, and is held to.";

/// What a task reserves.
pub(crate) static RESOURCES: Object = Object {
    what: "resources",
    keys: &[
        key(
            "memory",
            Shape::Size { least: 64 << 10 },
            "Memory of its instance and of its programs together.",
        ),
        key("cpu", COUNT, "Processors that its programs compute on at a time."),
    ],
};

/// What somebody has to approve.
pub(crate) static APPROVE: Object = Object {
    what: "an approval",
    keys: &[must(
        "show",
        Shape::Argument,
        "What is approved, as a text: a text, `{ from: steps.a.b }`, or `{ expr: \"...\" }`.",
    )],
};

/// What somebody has to send.
pub(crate) static AWAIT: Object = Object {
    what: "an await",
    keys: &[
        must("signal", Shape::Name, "Name of the signal."),
        key(
            "type",
            Shape::Type,
            "Type of what it carries, as of an input; nothing where none is given.",
        ),
    ],
};

/// What several steps say, said once.
pub(crate) static POLICY: Object = Object {
    what: "a policy",
    keys: &[
        key("retry", Shape::Object(&RETRY), "When a failed attempt is followed by another."),
        key("timeout", Shape::Duration { least_ms: 1 }, "Longest time of an attempt."),
        key("limits", Shape::Object(&TASK_LIMITS), "Bounds of each task."),
        key("resources", Shape::Object(&RESOURCES), RESERVED),
        key(
            "on-error",
            Shape::Kinds(&Shape::Word(&["fail", "continue"])),
            "What happens when the step fails for good, by kind of error.",
        ),
    ],
};

/// Keeping results of calls.
pub(crate) static CACHE: Object = Object {
    what: "a cache",
    keys: &[must(
        "ttl",
        Shape::Duration { least_ms: 1 },
        "How old a result may be; an older one is computed again.",
    )],
};

const KEY: Key = must(
    "key",
    Shape::Argument,
    "A text, `{ from: inputs.repo }`, or `{ expr: \"...\" }`: those with the same one stand in each other's way.",
);
const KEY_MAX: Key = key("max", COUNT, "How many may have it at a time; 1 where none is given.");

/// How many tasks may have a key at a time.
pub(crate) static CONCURRENCY: Object = Object { what: "a concurrency", keys: &[KEY, KEY_MAX] };

/// How many runs may have a key at a time.
pub(crate) static RUN_CONCURRENCY: Object = Object {
    what: "a concurrency of runs",
    keys: &[
        KEY,
        KEY_MAX,
        key(
            "cancel-in-progress",
            Shape::Bool,
            "Whether a run that wants the key cancels older ones that have it or wait for it.",
        ),
    ],
};

/// Taking back what a step did.
pub(crate) static COMPENSATE: Object = Object {
    what: "a compensation",
    keys: &[
        must("use", Shape::Operation, "The operation."),
        key(
            "with",
            Shape::Map { of: &Shape::Argument, least: 0 },
            "Arguments by name, as of a step; `result` is that of the step. They are computed when it ends well.",
        ),
        key("retry", Shape::Object(&RETRY), "When a failed attempt is followed by another."),
        key("timeout", Shape::Duration { least_ms: 1 }, "Longest time of an attempt."),
        key("grants", Shape::Object(&GRANTS), "What it may use, within the step's grants."),
        key("limits", Shape::Object(&TASK_LIMITS), "Bounds of each of its tasks."),
    ],
};

/// Changing files together.
pub(crate) static TRANSACTION: Object = Object {
    what: "a transaction",
    keys: &[must("workspace", Shape::Root, "The folder, an input of type `path`.")],
};

/// Running a step for each of some items.
pub(crate) static FOR_EACH: Object = Object {
    what: "a for-each",
    keys: &[
        must("in", Shape::Expression, "The list."),
        key("as", Shape::Name, "Name of the item in expressions; `item` where none is given."),
        key("parallel", COUNT, "Most items at a time; the run's bound where none is given."),
        key(
            "fail",
            Shape::Word(&["fast", "collect"]),
            "`fast`: the first failed item fails the step. `collect`: all run, and failed ones are none in the list of results.",
        ),
    ],
};

const FINALLY: &str = "Steps that run after all others, however they ended, also after a failure or a cancel. They see the results of the others as options.";

/// Running a step again and again.
pub(crate) static REPEAT: Object = Object {
    what: "a repeat",
    keys: &[
        must("max", Shape::Int { least: 1, most: 100_000 }, "Most rounds."),
        key(
            "until",
            Shape::Expression,
            "Ends after the round in whose `result` this holds. Without it, all rounds run.",
        ),
        key(
            "exhausted",
            Shape::Word(&["fail", "continue"]),
            "What happens where `until` holds in no round: `fail` (with the kind `limit`), or `continue` with the last result.",
        ),
        key(
            "collect",
            Shape::Bool,
            "Whether the result is the list of all rounds' results, and not the last one.",
        ),
        key(
            "carry",
            Shape::Map { of: &Shape::Object(&CARRY), least: 1 },
            "Values that go from round to round, by name.",
        ),
    ],
};

/// A value that goes from round to round.
pub(crate) static CARRY: Object = Object {
    what: "a carried value",
    keys: &[
        must("type", Shape::Type, "Its type."),
        must("start", Shape::Argument, "Its value in the first round."),
        must("next", Shape::Expression, "Its value in the next round, from this round's `result`."),
    ],
};

/// Trying again.
pub(crate) static RETRY: Object = Object {
    what: "a retry",
    keys: &[
        must(
            "attempts",
            Shape::Int { least: 1, most: 100 },
            "Attempts in total, the first one included.",
        ),
        key(
            "wait",
            Shape::Duration { least_ms: 0 },
            "Wait before the second attempt; `1s` where none is given.",
        ),
        key(
            "factor",
            Shape::Number { least: 1.0, most: 100.0 },
            "By how much each later wait is longer; 2 where none is given.",
        ),
        key(
            "wait-max",
            Shape::Duration { least_ms: 0 },
            "Ceiling of a wait; `1m` where none is given.",
        ),
        key(
            "on",
            Shape::List { of: &Shape::ErrorKind, least: 1 },
            "Kinds of error that are tried again; `timeout` and `unavailable` where none are given.",
        ),
    ],
};

/// What must hold of a result.
pub(crate) static EXPECT: Object = Object {
    what: "an expectation",
    keys: &[
        must("that", Shape::Expression, "A condition over `result`."),
        key("message", Shape::Text { chars_max: 1_000 }, "What to say where it doesn't hold."),
    ],
};

/// What may be used.
pub(crate) static GRANTS: Object = Object {
    what: "grants",
    keys: &[
        key("workspace", list(&Shape::Object(&FOLDER)), "Folders."),
        key("process", list(&Shape::Object(&PROGRAM)), "Programs of the machine."),
        key("http", list(&Shape::Object(&SERVER)), "Servers that may be asked."),
        key("memory", Shape::Object(&SPACES), "Spaces of the memory."),
        key(
            "tasks",
            list(&Shape::Glob),
            "Operations that skills may call as child tasks: globs over `package:name/interface.function`.",
        ),
    ],
};

/// A granted folder.
pub(crate) static FOLDER: Object = Object {
    what: "a folder",
    keys: &[
        must("root", Shape::Root, "The input that holds its path: `inputs.repo`."),
        key(
            "name",
            Shape::Name,
            "Name under which skills see it; the input's where none is given.",
        ),
        key("read", GLOBS, "Globs of what may be read."),
        key("write", GLOBS, "Globs of what may be written, removed, renamed."),
        key("write-bytes", Shape::Size { least: 0 }, "Most bytes that one task may write."),
    ],
};

/// Granted spaces of the memory.
pub(crate) static SPACES: Object = Object {
    what: "spaces",
    keys: &[
        key("read", GLOBS, "Globs over names of spaces whose memories may be recalled and read."),
        key(
            "write",
            GLOBS,
            "Globs over names of spaces in which may be remembered, related and forgotten.",
        ),
        key(
            "trust",
            Shape::Word(&["outside", "skill", "imported", "owner"]),
            "The least trust of what may be recalled and read; all where nothing is said.",
        ),
    ],
};

/// A granted program.
pub(crate) static PROGRAM: Object = Object {
    what: "a program",
    keys: &[
        must(
            "run",
            Shape::Words,
            "Program and first arguments; a call must begin with these words.",
        ),
        key(
            "network",
            Shape::Word(&["none", "any"]),
            "Whether it may use the network; `none` where nothing is said.",
        ),
        key("time", Shape::Duration { least_ms: 1 }, "Longest time that it may take."),
        key(
            "output",
            Shape::Size { least: 1 },
            "Most bytes kept of its standard output, and of its standard error.",
        ),
        key(
            "memory",
            Shape::Size { least: 1 << 20 },
            "Most memory of all its processes together, or of each where the kernel can't tell.",
        ),
        key("processes", COUNT, "Most processes at a time, threads counted."),
        key("cpus", COUNT, "Most processors that it computes on at a time."),
        key(
            "demand",
            list(&Shape::Word(&CONFINEMENTS)),
            "Confinements without which it must not start.",
        ),
        key(
            "env",
            Shape::Variables(&Shape::Object(&VARIABLE)),
            "Secrets that it gets in its environment, by the name of the variable.",
        ),
    ],
};

/// A granted server.
pub(crate) static SERVER: Object = Object {
    what: "a server",
    keys: &[
        must(
            "host",
            Shape::Text { chars_max: 300 },
            "Its name: `api.example.org`, `*.example.org` for all below it, `*` for every name; with `http://` before it where requests go in plain, and the port behind it where it is another one.",
        ),
        key(
            "methods",
            list(&Shape::Word(&METHODS)),
            "Methods that a request may have; `GET` and `HEAD` where none are given.",
        ),
        key(
            "private",
            list(&Shape::Text { chars_max: 50 }),
            "Addresses that may be dialled though they are no public ones: `10.1.2.3`, or all that begin alike, `10.1.0.0/16`.",
        ),
        key("send", Shape::Size { least: 0 }, "Most bytes of the body of a request."),
        key("receive", Shape::Size { least: 1 }, "Most bytes of the body of an answer."),
        key(
            "time",
            Shape::Duration { least_ms: 1 },
            "Longest time from the request to the last byte of the answer.",
        ),
        key(
            "secrets",
            Shape::Variables(&Shape::Object(&VARIABLE)),
            "Secrets that its headers may hold, by the name in the placeholder `${secrets.NAME}`.",
        ),
    ],
};

/// A variable of a program.
pub(crate) static VARIABLE: Object = Object {
    what: "a variable",
    keys: &[must("secret", Shape::Secret, "The input that is the secret: `inputs.token`.")],
};

/// What a machine may be able to confine programs with.
pub(crate) const CONFINEMENTS: [&str; 5] =
    ["landlock", "seccomp", "network-namespace", "view", "cgroup"];

/// An output.
pub(crate) static OUTPUT: Object = Object {
    what: "an output",
    keys: &[
        must("from", Shape::Expression, "Its value."),
        key("type", Shape::Type, "Its type; that of the expression where none is given."),
        key("description", DESCRIPTION, "What it is."),
        key(
            "file",
            Shape::File,
            "File below `--out` that it is written to: text and bytes as they are, anything else as JSON.",
        ),
    ],
};

/// Keys of [`LIMITS`] that bound the run; the others bound each task.
pub(crate) const RUN_LIMITS: usize = 3;

/// Bounds of a run and of each of its tasks.
pub(crate) static LIMITS: Object = Object { what: "limits", keys: &LIMIT_KEYS };

/// Bounds of each task of a step.
pub(crate) static TASK_LIMITS: Object =
    Object { what: "limits of a step", keys: LIMIT_KEYS.split_at(RUN_LIMITS).1 };

static LIMIT_KEYS: [Key; 16] = [
    key("deadline", Shape::Duration { least_ms: 1 }, "Time from the start of a run to its end."),
    key(
        "steps",
        Shape::Int { least: 1, most: 10_000_000 },
        "Most tasks of a run, retries and children counted.",
    ),
    key(
        "parallel",
        COUNT,
        "Most tasks at a time; as many as the machine has cores where none is given.",
    ),
    key("memory", Shape::Size { least: 64 << 10 }, "Memory of one task."),
    key("table-elements", COUNT, "Elements of all tables of one task."),
    key("instances", COUNT, "Core instances, memories and tables of one task, each."),
    key("handles", COUNT, "Handles that one task has at a time."),
    key("cpu", Shape::Duration { least_ms: 1 }, "Processor time of one task."),
    key(
        "time",
        Shape::Duration { least_ms: 1 },
        "Time of one task, host calls included, waiting for child tasks not.",
    ),
    key(
        "host-calls",
        Shape::Int { least: 1, most: i64::MAX },
        "Questions of one task to the host.",
    ),
    key("call-bytes", Shape::Size { least: 1 }, "Bytes of one host call in each direction."),
    key("value-bytes", Shape::Size { least: 1 }, "Bytes of the arguments, and of the result."),
    key("log-bytes", Shape::Size { least: 0 }, "Bytes of one task's log."),
    key("log-lines", Shape::Int { least: 0, most: i64::MAX }, "Lines of one task's log."),
    key("children", Shape::Int { least: 0, most: u32::MAX as i64 }, "Child tasks of one task."),
    key("depth", COUNT, "Levels of child tasks."),
];
