//! The tables of `voyager: scenario/v1`, the tests of manifests.

use super::{COUNT, DESCRIPTION, Key, METHODS, Object, Shape, key, list, must};
use voyager_base::memory::GRANULARITIES;

use crate::scenario::MEMORY_ASKED;

/// What the first key of a scenario has to say.
pub(crate) const SCENARIO_HEADER: &str = "scenario/v1";

/// Points of a run at which a fault can strike: the names of the facts that are recorded there.
const POINTS: [&str; 11] = [
    "step-started",
    "wait-started",
    "wait-answered",
    "signal-received",
    "task-started",
    "effect-intended",
    "effect-answered",
    "task-done",
    "commit-intended",
    "commit-done",
    "step-done",
];

pub(super) const TEXT: Shape = Shape::Text { chars_max: 1_000_000 };
const MESSAGE: Shape = Shape::Text { chars_max: 4_000 };
const NUMBER: Shape = Shape::Int { least: 0, most: u32::MAX as i64 };

/// The whole file.
pub(crate) static SCENARIO: Object = Object {
    what: "a scenario",
    keys: &[
        must(
            "voyager",
            Shape::Word(&[SCENARIO_HEADER]),
            "Says that this is a scenario, and in which version of the language. The first line.",
        ),
        must("name", Shape::Name, "Its name, in reports and for `--filter`."),
        key("description", DESCRIPTION, "What it shows."),
        must(
            "manifest",
            TEXT,
            "The manifest that it tests: a path from the scenario's own folder.",
        ),
        key(
            "inputs",
            Shape::Map { of: &Shape::Literal, least: 0 },
            "What the run is given, by name. A path is one within the fresh workspace; `.` is all of it.",
        ),
        key(
            "secrets",
            Shape::Map { of: &TEXT, least: 0 },
            "Stand-ins for secrets, by name. One that is not named here, and may not be absent, gets one of its own.",
        ),
        key(
            "folder",
            TEXT,
            "A folder whose files are copied into the fresh workspace: a path from the scenario's own folder.",
        ),
        key(
            "files",
            Shape::Paths(&TEXT),
            "Files of the fresh workspace: their content by path. They come after those of `folder`.",
        ),
        key(
            "answers",
            list(&Shape::Object(&ANSWER)),
            "What stands in for skills. A call takes the first answer that fits it; one that none fits runs the real skill in its sandbox.",
        ),
        key(
            "programs",
            list(&Shape::Object(&PROGRAM_ANSWER)),
            "What stands in for programs that skills start. One that none fits is really started.",
        ),
        key(
            "servers",
            list(&Shape::Object(&SERVER_ANSWER)),
            "What stands in for servers that skills ask. A request that none fits fails with `unavailable`: a scenario asks nobody.",
        ),
        key(
            "memory",
            list(&Shape::Object(&MEMORY_ANSWER)),
            "What stands in for the memory. A question that none fits fails with `unavailable`: a scenario remembers nothing.",
        ),
        key("faults", list(&Shape::Object(&FAULT)), "What goes wrong meanwhile."),
        key(
            "expect",
            Shape::Object(&EXPECTED),
            "What must be true in the end. Where nothing is said, that the run succeeded.",
        ),
    ],
};

/// What stands in for a call: so many of them, and how they end.
pub(super) const TIMES: Key =
    key("times", COUNT, "So many calls at most; then the next answer that fits is taken.");
pub(super) const RESULT: Key =
    key("result", Shape::Result, "The success, of the operation's type.");
pub(super) const FAILS: Key =
    key("fails", Shape::ErrorKind, "The kind of error instead of a success.");
pub(super) const ERROR_MESSAGE: Key = key("message", MESSAGE, "The message of the error.");
pub(super) const DETAIL: Key =
    key("detail", Shape::Result, "With `fails: failed` the operation's own error, of its type.");

/// What stands in for a skill.
pub(crate) static ANSWER: Object = Object {
    what: "an answer",
    keys: &[
        key(
            "step",
            Shape::StepName,
            "The step whose calls it answers, or that waits for it: an approval, or a signal.",
        ),
        key(
            "operation",
            Shape::Operation,
            "The operation whose calls it answers, whoever makes them: `skill/function`.",
        ),
        key("item", NUMBER, "Only the call for this item of a `for-each`, from 0."),
        key("attempt", COUNT, "Only this attempt, from 1."),
        TIMES,
        RESULT,
        FAILS,
        ERROR_MESSAGE,
        DETAIL,
        key(
            "takes",
            Shape::Duration { least_ms: 0 },
            "How long the call takes, or the step waits, in the time of the scenario.",
        ),
        key(
            "writes",
            Shape::Paths(&TEXT),
            "Files that it stages as a skill does, within the grants: their content by path.",
        ),
        key("removes", list(&Shape::Path), "Files whose removal it stages."),
    ],
};

/// What stands in for a program.
pub(crate) static PROGRAM_ANSWER: Object = Object {
    what: "a program's answer",
    keys: &[
        must(
            "run",
            Shape::Words,
            "Program and first arguments: it answers every start that begins with these words.",
        ),
        key("times", COUNT, "So many starts at most; then the next answer that fits is taken."),
        key(
            "exit-code",
            Shape::Int { least: 0, most: 255 },
            "Its exit code; 0 where none is given.",
        ),
        key("stdout", TEXT, "What it prints."),
        key("stderr", TEXT, "What it complains."),
        key("fails", Shape::ErrorKind, "The kind of error with which it does not even run."),
        key(
            "takes",
            Shape::Duration { least_ms: 0 },
            "How long it takes, in the time of the scenario.",
        ),
    ],
};

/// What stands in for a server.
pub(crate) static SERVER_ANSWER: Object = Object {
    what: "a server's answer",
    keys: &[
        must(
            "url",
            Shape::Text { chars_max: 8_000 },
            "It answers every request whose URL begins with this.",
        ),
        key("method", Shape::Word(&METHODS), "Only those with this method."),
        key("times", COUNT, "So many requests at most; then the next answer that fits is taken."),
        key("status", Shape::Int { least: 200, most: 599 }, "Its status; 200 where none is given."),
        key("headers", Shape::Variables(&TEXT), "Its headers."),
        key("body", TEXT, "Its body."),
        key("fails", Shape::ErrorKind, "The kind of error that there is in place of an answer."),
        key(
            "takes",
            Shape::Duration { least_ms: 0 },
            "How long it takes, in the time of the scenario.",
        ),
    ],
};

/// What stands in for the memory.
pub(crate) static MEMORY_ANSWER: Object = Object {
    what: "an answer of the memory",
    keys: &[
        must(
            "asks",
            Shape::Word(&MEMORY_ASKED),
            "What it answers. A lesson that is learned is remembered, and lessons are recalled.",
        ),
        key("text", TEXT, "Only questions and drafts whose text holds this."),
        key("times", COUNT, "So many questions at most; then the next answer that fits is taken."),
        key(
            "gives",
            list(&Shape::Object(&GIVEN_MEMORY)),
            "The memories that are found, the best first; of `read` the first. What is remembered is numbered from 1.",
        ),
        key(
            "doubt",
            Shape::Number { least: 0.0, most: 1.0 },
            "Of `recall`: how probable it is that nothing answers; nothing is said of it where none is given.",
        ),
        key(
            "dated",
            Shape::Object(&GIVEN_TIME),
            "Of `recall`: when that happened which the question asks about.",
        ),
        key("fails", Shape::ErrorKind, "The kind of error that there is in place of an answer."),
        key(
            "takes",
            Shape::Duration { least_ms: 0 },
            "How long it takes, in the time of the scenario.",
        ),
    ],
};

/// A memory that a scenario gives.
pub(crate) static GIVEN_MEMORY: Object = Object {
    what: "a memory",
    keys: &[
        must("text", TEXT, "Its text."),
        key("id", COUNT, "Its number; its place in the list where none is given."),
        key("space", Shape::Text { chars_max: 256 }, "Its space; `scenario` where none is given."),
        key("author", Shape::Text { chars_max: 256 }, "Who said it."),
        key("thread", Shape::Text { chars_max: 256 }, "What it is a part of."),
        key("kind", Shape::Text { chars_max: 256 }, "What kind it is; `note` where none is given."),
        key("tags", list(&Shape::Text { chars_max: 256 }), "Its tags."),
        key("fields", Shape::Variables(&TEXT), "Its fields."),
    ],
};

/// A time that a scenario gives.
pub(crate) static GIVEN_TIME: Object = Object {
    what: "a time",
    keys: &[
        must("first", Shape::Day, "Its first day."),
        key("last", Shape::Day, "Its last day; the first where none is given."),
        key(
            "granularity",
            Shape::Word(&GRANULARITIES),
            "How exactly it was meant; `day` where none is given.",
        ),
        key("by", COUNT, "The number of the memory that says so; 1 where none is given."),
        key(
            "said",
            Shape::Bool,
            "Whether that says it; else this is when it was told. It does where nothing is given.",
        ),
    ],
};

/// Something that goes wrong.
pub(crate) static FAULT: Object = Object {
    what: "a fault",
    keys: &[
        key(
            "kill",
            Shape::Word(&POINTS),
            "The host dies when this is recorded, and is started again: the run goes on from its journal.",
        ),
        key("fail", Shape::ErrorKind, "The step's call fails so, whatever would have answered it."),
        key("delay", Shape::Duration { least_ms: 1 }, "The step's call takes so much longer."),
        key(
            "jump",
            Shape::Duration { least_ms: 1 },
            "The clock jumps forward when `at` is recorded.",
        ),
        key("at", Shape::Word(&POINTS), "When the clock jumps."),
        key("step", Shape::StepName, "Only for this step."),
        key("item", NUMBER, "Only for this item of a `for-each`, from 0."),
        key("attempt", COUNT, "Only for this attempt, from 1."),
        key("count", COUNT, "At the how-manieth such record, from 1."),
        key(
            "disk",
            Shape::Word(&["kept", "lost", "torn", "reordered"]),
            "What the disk has of what was not synced when the host dies: all of it (the process was killed), nothing, a torn beginning of each write, or some of the writes (the power failed).",
        ),
        key("message", MESSAGE, "The message of the error of `fail`."),
    ],
};

/// What must be true in the end.
pub(crate) static EXPECTED: Object = Object {
    what: "what is expected",
    keys: &[
        key(
            "status",
            Shape::Word(&["succeeded", "failed", "cancelled"]),
            "How the run ended; `failed` where `error` is given, `succeeded` otherwise.",
        ),
        key("error", Shape::Object(&EXPECTED_ERROR), "Why it failed."),
        key(
            "outputs",
            Shape::Map { of: &Shape::Literal, least: 0 },
            "Outputs by name, of their types. Those that are not named may be anything.",
        ),
        key(
            "that",
            list(&Shape::Object(&super::EXPECT)),
            "Conditions over `outputs` and `inputs`.",
        ),
        key(
            "steps",
            Shape::StepNames(&Shape::Object(&EXPECTED_STEP)),
            "What became of steps, by id; of those of another manifest `deploy/build`.",
        ),
        key(
            "files",
            Shape::Paths(&Shape::Object(&EXPECTED_FILE)),
            "What became of files, by their path in the workspace.",
        ),
        key(
            "other-files",
            Shape::Word(&["unchanged"]),
            "That no file was added, removed or changed but those of `files`.",
        ),
        key("calls", list(&Shape::Object(&EXPECTED_CALLS)), "How often something was called."),
        key("limits", Shape::Object(&EXPECTED_LIMITS), "What the run used at most."),
    ],
};

/// Why a run failed.
pub(crate) static EXPECTED_ERROR: Object = Object {
    what: "an expected error",
    keys: &[
        key("kind", Shape::ErrorKind, "Its kind."),
        key("step", Shape::StepName, "The step that failed."),
        key("message", MESSAGE, "A text that its message contains."),
    ],
};

/// What became of a step.
pub(crate) static EXPECTED_STEP: Object = Object {
    what: "an expected step",
    keys: &[
        key(
            "is",
            Shape::Word(&["ran", "skipped", "failed", "stopped", "not-reached"]),
            "How it stood in the end: it ended well, its `when` did not hold, it failed for good, it was stopped, or it never began. Of a step within a block, the last time.",
        ),
        key("kind", Shape::ErrorKind, "The kind of its error."),
        key("attempts", NUMBER, "Attempts of its calls in total, over all items and rounds."),
        key(
            "runs",
            NUMBER,
            "How often it began: once, and once for each item, round and attempt of the blocks around it.",
        ),
    ],
};

/// What became of a file.
pub(crate) static EXPECTED_FILE: Object = Object {
    what: "an expected file",
    keys: &[
        key("equals", TEXT, "Its whole content."),
        key("contains", list(&TEXT), "Texts that it contains."),
        key("lacks", list(&TEXT), "Texts that it does not contain."),
        key(
            "is",
            Shape::Word(&["present", "absent", "unchanged"]),
            "Whether it is there, or as it was.",
        ),
    ],
};

/// How often something was called.
pub(crate) static EXPECTED_CALLS: Object = Object {
    what: "expected calls",
    keys: &[
        key("operation", Shape::Operation, "Calls of this operation, by steps and by skills."),
        key(
            "host",
            Shape::Text { chars_max: 100 },
            "Questions of skills to the host: `workspace.read`, `process.run`, `tasks.map`.",
        ),
        key("times", NUMBER, "Exactly so often."),
        key("least", NUMBER, "At least so often."),
        key("most", NUMBER, "At most so often."),
    ],
};

/// What a run used at most.
pub(crate) static EXPECTED_LIMITS: Object = Object {
    what: "expected limits",
    keys: &[
        key("tasks", NUMBER, "Attempts of tasks, those of child tasks too."),
        key("host-calls", NUMBER, "Questions of skills to the host."),
        key(
            "time",
            Shape::Duration { least_ms: 0 },
            "Time from start to end, in the time of the scenario.",
        ),
        key("resumes", NUMBER, "How often the run was gone on with after the host died."),
    ],
};
