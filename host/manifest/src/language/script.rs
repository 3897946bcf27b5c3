//! The tables of `voyager: script/v1`, the answers of the host to one call of a skill in its tests.

use super::{
    DESCRIPTION, Object, Shape, key, list, must,
    scenario::{
        DETAIL, ERROR_MESSAGE, FAILS, MEMORY_ANSWER, PROGRAM_ANSWER, RESULT, SERVER_ANSWER, TEXT,
        TIMES,
    },
};

/// What the first key of a script has to say.
pub(crate) const SCRIPT_HEADER: &str = "script/v1";

/// The whole file.
pub(crate) static SCRIPT: Object = Object {
    what: "a script",
    keys: &[
        must(
            "voyager",
            Shape::Word(&[SCRIPT_HEADER]),
            "Says that this is a script, and in which version of the language. The first line.",
        ),
        key("description", DESCRIPTION, "What it is for."),
        key("seed", TEXT, "What the skill's randomness grows from."),
        key(
            "secrets",
            Shape::Map { of: &TEXT, least: 0 },
            "Stand-ins for secrets, by name. One that is not named here gets one of its own.",
        ),
        key(
            "answers",
            list(&Shape::Object(&CHILD_ANSWER)),
            "What stands in for child tasks. A call takes the first answer that fits it; of the skill's own operations those that none fits really run.",
        ),
        key("programs", list(&Shape::Object(&PROGRAM_ANSWER)), "What stands in for programs."),
        key("servers", list(&Shape::Object(&SERVER_ANSWER)), "What stands in for servers."),
        key("memory", list(&Shape::Object(&MEMORY_ANSWER)), "What stands in for the memory."),
    ],
};

/// What stands in for a child task.
static CHILD_ANSWER: Object = Object {
    what: "an answer",
    keys: &[
        must("operation", Shape::Operation, "The operation whose calls it answers."),
        TIMES,
        RESULT,
        FAILS,
        ERROR_MESSAGE,
        DETAIL,
        key(
            "takes",
            Shape::Duration { least_ms: 0 },
            "How long the call takes, by the skill's clock.",
        ),
    ],
};
