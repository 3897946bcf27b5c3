//! The tables of `voyager: policy/v1`, what the operator of a host says above every manifest.

use voyager_base::http::METHODS;

use super::{CONFINEMENTS, COUNT, GLOBS, Object, Shape, TASK_LIMITS, key, list, must};

/// What the first key of a policy has to say.
pub(crate) const POLICY_HEADER: &str = "policy/v1";

const ROOT: Shape = Shape::Text { chars_max: 4_000 };

/// The whole file.
pub(crate) static HOST_POLICY: Object = Object {
    what: "a policy",
    keys: &[
        must(
            "voyager",
            Shape::Word(&[POLICY_HEADER]),
            "Says that this is a policy, and in which version of the language. The first line.",
        ),
        must(
            "otherwise",
            Shape::Word(&["allow", "ask", "deny"]),
            "What holds of whatever no rule speaks of: `allow` leaves it to the manifest.",
        ),
        key("limits", Shape::Object(&TASK_LIMITS), "The most that a manifest may raise limits to."),
        key("allow", Shape::Object(&RULES), ALLOW),
        key("ask", Shape::Object(&RULES), ASK),
        key("deny", Shape::Object(&DENIALS), DENY),
        key(
            "skills",
            list(&Shape::Object(&SKILLS)),
            "Rules for the skills of certain packages, beside those for all.",
        ),
    ],
};

const ALLOW: &str = "What a task may use, as far as its manifest grants it.";
const ASK: &str = "What a task may use where a person says so. It counts before `allow`.";
const DENY: &str = "What no task may use, whatever grants it. It counts before `ask` and `allow`.";

/// Rules for some packages.
pub(crate) static SKILLS: Object = Object {
    what: "rules for skills",
    keys: &[
        must("packages", GLOBS, "Globs over the names of packages: `acme:*`."),
        key("allow", Shape::Object(&RULES), ALLOW),
        key("ask", Shape::Object(&RULES), ASK),
        key("deny", Shape::Object(&DENIALS), DENY),
    ],
};

const TASKS: &str =
    "Operations that are called as child tasks: globs over `package:name/interface.function`.";
const ANYWHERE: &str = "Absolute path of a folder, `~/` and `~/NAME` for your own, or `any` for whatever folder a run is given.";

/// What is allowed or asked for.
pub(crate) static RULES: Object = Object {
    what: "rules",
    keys: &[
        key("workspace", list(&Shape::Object(&PLACE)), "Folders."),
        key("process", list(&Shape::Object(&STARTED)), "Programs of the machine."),
        key("http", list(&Shape::Object(&ASKED)), "Servers."),
        key("memory", Shape::Object(&RULED_SPACES), "Spaces of the memory."),
        key("tasks", GLOBS, TASKS),
    ],
};

/// What is denied.
pub(crate) static DENIALS: Object = Object {
    what: "denials",
    keys: &[
        key("workspace", list(&Shape::Object(&HIDDEN)), "Folders."),
        key("process", list(&Shape::Object(&REFUSED)), "Programs of the machine."),
        key("http", list(&Shape::Object(&SHUT)), "Servers."),
        key("memory", Shape::Object(&RULED_SPACES), "Spaces of the memory."),
        key("tasks", GLOBS, TASKS),
    ],
};

/// A folder.
pub(crate) static PLACE: Object = Object {
    what: "a folder",
    keys: &[
        must("root", ROOT, ANYWHERE),
        key("read", GLOBS, "Globs of what may be read, from the folder on."),
        key("write", GLOBS, "Globs of what may be written, removed, renamed."),
        key("write-bytes", Shape::Size { least: 0 }, "Most bytes that one task may write."),
    ],
};

/// Spaces of the memory that a rule speaks of. How far what is read there is to be trusted, manifests say.
pub(crate) static RULED_SPACES: Object = Object {
    what: "spaces",
    keys: &[
        key("read", GLOBS, "Globs over names of spaces whose memories may be recalled and read."),
        key(
            "write",
            GLOBS,
            "Globs over names of spaces in which may be remembered, related and forgotten.",
        ),
    ],
};

/// A folder, or a part of it, that is denied.
pub(crate) static HIDDEN: Object = Object {
    what: "a folder",
    keys: &[
        must("root", ROOT, ANYWHERE),
        key("read", GLOBS, "Globs of what may not be read."),
        key("write", GLOBS, "Globs of what may not be written, removed, renamed."),
    ],
};

const RUN: &str = "Program and first arguments; a call that begins with these words is meant.";

/// A program, with the bounds that it has.
pub(crate) static STARTED: Object = Object {
    what: "a program",
    keys: &[
        must("run", Shape::Words, RUN),
        key(
            "network",
            Shape::Word(&["none", "any"]),
            "Whether it may use the network; `none` where nothing is said.",
        ),
        key("time", Shape::Duration { least_ms: 1 }, "Longest time that it may take."),
        key("output", Shape::Size { least: 1 }, "Most bytes kept of each of its outputs."),
        key("memory", Shape::Size { least: 1 << 20 }, "Most memory of all its processes together."),
        key("processes", COUNT, "Most processes at a time, threads counted."),
        key("cpus", COUNT, "Most processors that it computes on at a time."),
        key(
            "demand",
            list(&Shape::Word(&CONFINEMENTS)),
            "Confinements without which it must not start.",
        ),
    ],
};

/// A program that is denied.
pub(crate) static REFUSED: Object =
    Object { what: "a program", keys: &[must("run", Shape::Words, RUN)] };

const HOST: &str = "Its name: `api.example.org`, `*.example.org` for all below it, `*` for every name; with `http://` before it where requests go in plain, and the port behind it where it is another one.";
const WITH_METHODS: &str = "Methods of requests; all where none is named.";

/// Servers, with the bounds that requests to them have.
pub(crate) static ASKED: Object = Object {
    what: "a server",
    keys: &[
        must("host", Shape::Text { chars_max: 300 }, HOST),
        key("methods", list(&Shape::Word(&METHODS)), WITH_METHODS),
        key(
            "private",
            list(&Shape::Text { chars_max: 50 }),
            "Addresses, or ranges of them, that are no public ones and may be dialled all the same.",
        ),
        key("send", Shape::Size { least: 0 }, "Most bytes of the body of a request."),
        key("receive", Shape::Size { least: 0 }, "Most bytes of the body of an answer."),
        key(
            "time",
            Shape::Duration { least_ms: 1 },
            "Longest time to the last byte of the answer.",
        ),
    ],
};

/// Servers that are denied.
pub(crate) static SHUT: Object = Object {
    what: "a server",
    keys: &[
        must("host", Shape::Text { chars_max: 300 }, HOST),
        key("methods", list(&Shape::Word(&METHODS)), WITH_METHODS),
    ],
};
