//! Every function that a skill may import: allowed, denied, and over its limit.
//!
//! The functions are read from `wit/`: a test fails for one without a row here.

use std::fmt::Write as _;

use wit_parser::{
    Function, Resolve,
    abi::{AbiVariant, WasmType},
};

use super::Case;
use crate::{component, forge};

/// Title of the group.
pub const TITLE: &str = "Every import";

/// One function.
pub struct Row {
    /// Its name: `interface.function`, as in `files.[method]folder.stat`.
    pub function: &'static str,
    /// Its arguments in the text form of WebAssembly, but for the handle before them and the address
    /// behind them.
    arguments: &'static str,
    /// A number that is told of its answer, at address 512; none where only the end counts.
    measure: &'static str,
    /// What comes of it where all is granted.
    pub allowed: &'static str,
    /// What comes of it where nothing useful is granted.
    pub denied: &'static str,
    /// A limit, how often it is called then (for ever where 0), and what comes of it.
    pub over: (&'static str, u32, &'static str),
}

const PATH: &str = "(i32.const 16) (i32.const 10)";
/// The length of the first list or text of an answer.
const LENGTH: &str = "(i32.load (i32.const 524))";
/// Of `http.send`: asks the server of the arena.
const SEND: &str = "(i32.const 200) (i32.const 3) (i32.const 160) (i32.const 27) \
                    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) \
                    (i32.const 0) (i32.const 0)";
const CALLS: (&str, u32, &str) = ("host-calls: 1", 2, "limit host-calls: 1");
const CPU: (&str, u32, &str) = ("cpu: 50ms", 0, "limit cpu: 50ms");

/// All rows.
pub const ROWS: &[Row] = &[
    Row {
        function: "run.get-lineage",
        arguments: "",
        measure: "",
        allowed: "goes on",
        denied: "goes on",
        over: CPU,
    },
    Row {
        function: "run.get-remaining",
        arguments: "",
        measure: "",
        allowed: "goes on",
        denied: "goes on",
        over: CPU,
    },
    Row {
        function: "run.progress",
        arguments: "(i64.const 1) (i32.const 0) (i64.const 0) (i32.const 16) (i32.const 10)",
        measure: "",
        allowed: "goes on",
        denied: "goes on",
        over: ("log-bytes: 20B", 100, "goes on"),
    },
    Row {
        function: "run.log",
        arguments: "(i32.const 16) (i32.const 0) (i32.const 16) (i32.const 10)",
        measure: "",
        allowed: "goes on",
        denied: "goes on",
        over: ("log-lines: 2", 100, "goes on"),
    },
    Row {
        function: "tasks.call",
        arguments: "(i32.const 48) (i32.const 18) (i32.const 96) (i32.const 1)",
        measure: "(i32.const 1)",
        allowed: "gives 1",
        denied: "denied",
        over: ("children: 1", 2, "limit children: 1"),
    },
    Row {
        function: "tasks.map",
        arguments: "(i32.const 48) (i32.const 18) (i32.const 112) (i32.const 1) (i32.const 0)",
        measure: LENGTH,
        allowed: "gives 1",
        denied: "denied",
        over: ("depth: 1", 1, "limit depth: 1"),
    },
    Row {
        function: "process.run",
        arguments: "(i32.const 80) (i32.const 4) (i32.const 0) (i32.const 0) \
                    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) \
                    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0)",
        measure: "(i32.const 1)",
        allowed: "gives 1",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "http.send",
        arguments: SEND,
        measure: "(i32.load16_u (i32.const 520))",
        allowed: "gives 200",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "http.[method]body.next",
        arguments: "(i32.const 3)",
        measure: "(i32.load (i32.const 516))",
        allowed: "gives 3",
        denied: "trapped…",
        over: CPU,
    },
    Row {
        function: "http.[method]body.remaining",
        arguments: "",
        measure: "",
        allowed: "goes on",
        denied: "trapped…",
        over: CPU,
    },
    Row {
        function: "memory.remember",
        arguments: "(i32.const 1024) (i32.const 1)",
        measure: LENGTH,
        allowed: "gives 1",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "memory.recall",
        arguments: "(i32.const 1280)",
        measure: "(i32.const 1)",
        allowed: "gives 1",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "memory.relate",
        arguments: "(i64.const 99999999) (i32.const 16) (i32.const 3) (i64.const 1) (f32.const 1)",
        measure: "(i32.const 1)",
        allowed: "not-found",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "memory.forget",
        arguments: "(i32.const 1152) (i32.const 1)",
        measure: "(i32.const 1)",
        allowed: "not-found",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "memory.used",
        arguments: "(i32.const 1152) (i32.const 1)",
        measure: "(i32.const 1)",
        allowed: "not-found",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "memory.read",
        arguments: "(i64.const 99999999)",
        measure: "(i32.const 1)",
        allowed: "not-found",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "memory.learn",
        arguments: "(i32.const 16) (i32.const 3) (i32.const 16) (i32.const 10) (i32.const 16) (i32.const 10) \
                    (i32.const 16) (i32.const 10) (i32.const 1) (i32.const 0) (i32.const 0)",
        measure: "(i32.const 1)",
        allowed: "gives 1",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "memory.lessons",
        arguments: "(i32.const 16) (i32.const 10) (i32.const 1024) (i32.const 1) (i32.const 0) (i32.const 0)",
        measure: "(i32.const 1)",
        allowed: "gives 1",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "results.keep",
        arguments: "(i32.const 1280)",
        measure: "(i32.const 1)",
        allowed: "gives 1",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "results.offers",
        arguments: "(i32.const 1280)",
        measure: "(i32.const 1)",
        allowed: "gives 1",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "evidence.find",
        arguments: "(i32.const 1280)",
        measure: "(i32.const 1)",
        allowed: "gives 1",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "evidence.passages",
        arguments: "(i32.const 1280)",
        measure: "(i32.const 1)",
        allowed: "gives 1",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "evidence.list",
        arguments: "(i32.const 1536)",
        measure: "(i32.const 1)",
        allowed: "gives 1",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "evidence.relations",
        arguments: "(i64.const 99999999) (i32.const 0) (i32.const 0)",
        measure: "(i32.const 1)",
        allowed: "not-found",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "evidence.history",
        arguments: "(i64.const 99999999) (i32.const 0) (i32.const 0)",
        measure: "(i32.const 1)",
        allowed: "not-found",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "files.roots",
        arguments: "",
        measure: LENGTH,
        allowed: "gives 1",
        denied: "gives 1",
        over: ("handles: 10", 0, "limit handles: 10"),
    },
    Row {
        function: "files.[method]folder.list",
        arguments: "(i32.const 0) (i32.const 0)",
        measure: "(call $seen)",
        allowed: "gives 2",
        denied: "gives 0",
        over: CALLS,
    },
    Row {
        function: "files.[method]folder.stat",
        arguments: PATH,
        measure: "(i32.const 1)",
        allowed: "gives 1",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "files.[method]folder.read",
        arguments: "(i32.const 16) (i32.const 10) (i64.const 0) (i64.const 100)",
        measure: LENGTH,
        allowed: "gives 13",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "files.[method]folder.write",
        arguments: "(i32.const 16) (i32.const 10) (i32.const 16) (i32.const 10)",
        measure: "(i32.const 1)",
        allowed: "gives 1",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "files.[method]folder.remove",
        arguments: PATH,
        measure: "(i32.const 1)",
        allowed: "gives 1",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "files.[method]folder.rename",
        arguments: "(i32.const 16) (i32.const 10) (i32.const 16) (i32.const 9)",
        measure: "(i32.const 1)",
        allowed: "gives 1",
        denied: "denied",
        over: CALLS,
    },
    Row {
        function: "files.[method]folder.search",
        arguments: "(i32.const 32) (i32.const 4) (i32.const 1) (i32.const 0) (i32.const 0) \
                    (i32.const 0) (i32.const 0) (i32.const 100)",
        measure: LENGTH,
        allowed: "gives 1",
        denied: "gives 0",
        over: CALLS,
    },
    Row {
        function: "files.[method]folder.replace",
        arguments: "(i32.const 32) (i32.const 4) (i32.const 1) (i32.const 0) (i32.const 0) \
                    (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 3)",
        measure: LENGTH,
        allowed: "gives 1",
        denied: "gives 0",
        over: CALLS,
    },
    Row {
        function: "files.[method]folder.diff",
        arguments: "(i64.const 1000)",
        measure: LENGTH,
        allowed: "gives 0",
        denied: "gives 0",
        over: CALLS,
    },
    Row {
        function: "files.[method]listing.next",
        arguments: "(i32.const 10)",
        measure: LENGTH,
        allowed: "gives 2",
        denied: "gives 0",
        over: CPU,
    },
    Row {
        function: "files.[method]listing.skipped",
        arguments: "",
        measure: "(i32.load (i32.const 516))",
        allowed: "gives 0",
        denied: "gives 0",
        over: CPU,
    },
];

/// Grants of all that the rows use.
pub(super) const ALL: &str = concat!(
    "workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"src/**\"] } ], ",
    "process: [ { run: \"true\" } ], tasks: [\"**\"], memory: { read: [\"**\"], write: [\"**\"] }, ",
    "http: [ { host: \"http://server.test:18080\", private: [127.0.0.0/8] } ]"
);
/// A folder without any of these files, another program, another operation.
const OTHER: &str = concat!(
    "workspace: [ { root: inputs.repo, read: [\"other/**\"], write: [\"other/**\"] } ], ",
    "process: [ { run: \"false\" } ], tasks: [\"other:**\"], ",
    "memory: { read: [other], write: [other] }, ",
    "http: [ { host: \"http://other.test:18080\", private: [127.0.0.0/8] } ]"
);

/// Of a memory that is not there a grant of other spaces says as little as one of all: what is not granted is to read at all,
const UNREADABLE: &str = "memory: { write: [other] }";
/// or to write.
const UNWRITABLE: &str = "memory: { read: [other] }";

/// The names of all functions of `wit/`, with what makes a core module import them.
pub fn functions() -> Vec<String> {
    let resolve = forge::contract();
    let all = resolve.interfaces.iter().filter_map(|(_, interface)| {
        Some((interface.name.as_deref()?, interface.functions.keys()))
    });
    let all = all.flat_map(|(interface, names)| names.map(move |it| format!("{interface}.{it}")));
    let mut all: Vec<String> = all.collect();
    all.sort();
    all
}

pub(super) fn cases() -> Vec<Case> {
    ROWS.iter().flat_map(of_row).collect()
}

fn of_row(row: &'static Row) -> [Case; 3] {
    let other = match row.function {
        "memory.read" | "evidence.relations" | "evidence.history" => UNREADABLE,
        "memory.relate" | "memory.forget" | "memory.used" => UNWRITABLE,
        _ => OTHER,
    };
    let name = row.function.replace("[method]", "").replace('.', "-");
    let case = |what: &str, outcome, rounds: u32| {
        let (name, tries) = (format!("{name}-{what}"), format!("calls it, {what}"));
        Case::call(name, tries, "", outcome, move || row.component(rounds))
    };
    [
        case("allowed", row.allowed, 1).grants(ALL),
        case("denied", row.denied, 1).grants(other),
        case("over-its-limit", row.over.2, row.over.1).grants(ALL).limits(row.over.0),
    ]
}

impl Row {
    /// Calls it for ever, within all limits of handles. Children compute for ever.
    pub(super) fn endless(&self) -> Vec<u8> {
        let opens = self.function == "files.roots";
        let drop = "(call $drop (i32.load offset=8 (i32.load (i32.const 520))))";
        self.make(0, "(loop br 0)", if opens { drop } else { "" })
    }

    /// Calls it so often (for ever where 0), and gives back what came of the last call.
    fn component(&self, rounds: u32) -> Vec<u8> {
        self.make(rounds, "", "")
    }

    /// The same; children do `child`, and `after` is done after each call.
    fn make(&self, rounds: u32, child: &str, after: &str) -> Vec<u8> {
        let resolve = forge::contract();
        let (interface, function) = find(&resolve, self.function);
        let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
        let parameters: String = signature
            .params
            .iter()
            .map(|it| match it {
                WasmType::I64 => "i64 ",
                WasmType::F32 => "f32 ",
                _ => "i32 ",
            })
            .collect();
        // Only what is a number itself comes without an address.
        let (returned, dropped) = match signature.results.first() {
            Some(WasmType::I64) => ("(result i64)", "(drop)"),
            Some(_) => ("(result i32)", "(drop)"),
            None => ("", ""),
        };
        let handle = match &function.name {
            name if name.starts_with("[method]folder") => "(local.get $folder)",
            name if name.starts_with("[method]listing") => "(local.get $listing)",
            name if name.starts_with("[method]body") => "(local.get $body)",
            _ => "",
        };
        let answer = if signature.retptr { "(i32.const 512)" } else { "" };
        let again = match rounds {
            0 => "(br 0)".to_owned(),
            rounds => format!(
                "(local.set $rounds (i32.add (local.get $rounds) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get $rounds) (i32.const {rounds})))"
            ),
        };
        let plain = ["skipped", "body.next"].iter().any(|it| self.function.ends_with(it));
        let fails = !self.measure.is_empty() && !plain;
        let (ty, end) = match (self.measure, fails) {
            ("", _) => ("", String::new()),
            (measure, false) => (" -> u32", measure.to_owned()),
            (measure, true) => (
                " -> result<u32, error>",
                format!(
                    "(if (i32.eqz (i32.load8_u (i32.const 512)))
                        (then (i32.store (i32.const 520) {measure})))
                    (i32.const 512)"
                ),
            ),
        };
        let world = match self.function.starts_with("files.") {
            true => format!("import {interface};"),
            false => format!("import voyager:workspace/files@0.1.0; import {interface};"),
        };
        let result = if ty.is_empty() { "" } else { "(result i32)" };
        component(
            &format!("use voyager:types/types@0.1.0.{{error}}; f: func(){ty}; g: func();"),
            &world,
            &format!(
                r#"(import "voyager:workspace/files@0.1.0" "roots" (func $roots (param i32)))
                (import "voyager:workspace/files@0.1.0" "[method]folder.list" (func $list (param i32 i32 i32 i32)))
                (import "voyager:workspace/files@0.1.0" "[method]listing.next" (func $next-of (param i32 i32 i32)))
                (import "voyager:workspace/files@0.1.0" "[resource-drop]folder" (func $drop (param i32)))
                (import "{interface}" "{name}" (func $do (param {parameters}) {returned}))
                (data (i32.const 16) "src/lib.rs") (data (i32.const 32) "main")
                (data (i32.const 48) "test:hostile/api.g") (data (i32.const 80) "true")
                {send}
                (data (i32.const 160) "http://server.test:18080/ok") (data (i32.const 200) "GET")
                ;; A draft with the text `src/lib.rs` in the space `src`, a number of none, and questions in
                ;; it, with words and without.
                (data (i32.const 1024) "\10\00\00\00\03\00\00\00\10\00\00\00\0a\00\00\00")
                (data (i32.const 1152) "\ff\ff\ff")
                (data (i32.const 1280) "\10\00\00\00\0a\00\00\00\00\04\00\00\01\00\00\00")
                (data (i32.const 1544) "\00\04\00\00\01\00\00\00")
                (data (i32.const 96) "\90") (data (i32.const 112) "\60\00\00\00\01\00\00\00")
                (func $seen (result i32)
                    (call $next-of (i32.load (i32.const 520)) (i32.const 10) (i32.const 640))
                    (i32.load (i32.const 652)))
                (func (export "test:hostile/api@0.1.0#g") {child})
                (func (export "test:hostile/api@0.1.0#f") {result}
                    (local $folder i32) (local $listing i32) (local $body i32) (local $rounds i32)
                    (call $roots (i32.const 256))
                    (local.set $folder (i32.load offset=8 (i32.load (i32.const 264))))
                    {listing}
                    (loop
                        ;; What an answer brings along is forgotten.
                        (global.set $next (i32.const 4096))
                        (call $do {handle} {arguments} {answer}) {dropped}
                        {after}
                        {again})
                    {end})"#,
                name = function.name,
                arguments = self.arguments,
                send = if handle.contains("body") {
                    r#"(import "voyager:http/http@0.1.0" "send" (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32 i32 i32)))"#
                } else {
                    ""
                },
                listing = if handle.contains("body") {
                    format!(
                        "(call $send {SEND} (i32.const 512))
                        (local.set $body (i32.load (i32.const 540)))"
                    )
                } else if handle.contains("listing") {
                    "(call $list (local.get $folder) (i32.const 0) (i32.const 0) (i32.const 512))
                    (local.set $listing (i32.load (i32.const 520)))"
                        .to_owned()
                } else {
                    String::new()
                },
            ),
        )
    }
}

/// The interface of a function, as imports name it, and the function.
fn find<'a>(resolve: &'a Resolve, name: &str) -> (String, &'a Function) {
    let (wanted, function) = name.split_once('.').expect("it names interface and function");
    let found = resolve.interfaces.iter().find(|(_, it)| it.name.as_deref() == Some(wanted));
    let (id, interface) = found.unwrap_or_else(|| panic!("no interface {wanted}"));
    let function = interface.functions.get(function);
    let full = resolve.id_of(id).expect("it has a name");
    (full, function.unwrap_or_else(|| panic!("no function {name}")))
}

/// The rows as a part of the page.
pub(super) fn table() -> String {
    let mut table = format!(
        "\n## {TITLE}\n\nThe functions of `wit/`, each allowed, denied, and called beyond a limit. A new one \
         without a row fails a test.\n\n\
         | function | allowed | denied | over its limit |\n|---|---|---|---|\n"
    );
    for row in ROWS {
        let function = row.function.replace("[method]", "");
        let (limit, _, over) = row.over;
        writeln!(table, "| `{function}` | {} | {} | `{limit}`: {over} |", row.allowed, row.denied)
            .expect("writing to a text does not fail");
    }
    table
}
