//! Attacks on the memory: spaces that no grant names, batches and texts that are too large, drafts that say
//! what only the host says.

use super::Case;
use crate::component;

pub(super) fn cases() -> Vec<Case> {
    let none = "the manifest speaks of all capabilities: what it does not grant, it refuses";
    let space = "every space of a question, and of each draft, has to be granted";
    let batch = "1,000 drafts or numbers of one call";
    let draft = "drafts are checked before anything is written, all of them";
    vec![
        remembering(
            "memory-ungranted",
            "remembers without a grant",
            none,
            "denied",
            &[("notes", 4)],
            "",
        ),
        remembering(
            "memory-foreign-space",
            "remembers in a space beside the granted one",
            space,
            "denied",
            &[("private", 4)],
            NOTES,
        ),
        remembering(
            "memory-one-foreign-space",
            "hides a draft for another space among its own",
            space,
            "denied",
            &[("notes", 4), ("private", 4), ("notes", 4)],
            NOTES,
        ),
        remembering(
            "memory-space-by-glob",
            "calls a space `*`, as a grant would",
            space,
            "denied",
            &[("*", 4)],
            NOTES,
        ),
        remembering(
            "memory-space-above",
            "calls a space `notes/../private`",
            space,
            "denied",
            &[("notes/../private", 4)],
            NOTES,
        ),
        remembering(
            "memory-space-with-a-line-end",
            "puts a line end into the name of a space",
            draft,
            "invalid",
            &[("a\\0a\\1b[2J", 4)],
            "memory: { write: [\"**\"] }",
        ),
        remembering("memory-empty", "remembers nothing", draft, "invalid", &[("notes", 0)], NOTES),
        remembering(
            "memory-large-text",
            "remembers a text of 2 MiB",
            draft,
            "invalid",
            &[("notes", 2 << 20)],
            NOTES,
        ),
        remembering(
            "memory-huge-text",
            "remembers a text of 10 MB",
            "`call-bytes` 4 MiB",
            "limit call-bytes: 4194304",
            &[("notes", 10_000_000)],
            NOTES,
        ),
        remembering(
            "memory-many-drafts",
            "remembers 1,001 drafts at once",
            batch,
            "limit drafts: 1000",
            &[("notes", 4); 1001],
            NOTES,
        ),
        remembering("memory-no-drafts", "remembers no draft at all", batch, "invalid", &[], NOTES),
        trusting(
            "memory-raises-trust",
            "calls what it remembers the owner's word, and reads it back where only such may be read",
            "trust is what may reach the run: a draft asks for less, and never gets more",
            "not-found",
            "owner",
            "memory: { read: [notes], write: [notes], trust: owner }",
        ),
        trusting(
            "memory-launders-trust",
            "calls a skill's word what a server may have told its run, and reads it back as such",
            "what may reach the run bounds what it remembers",
            "not-found",
            "skill",
            "http: [ { host: example.org } ], memory: { read: [notes], write: [notes], trust: skill }",
        ),
        trusting(
            "memory-unknown-trust",
            "calls what it remembers trusted as `root`",
            draft,
            "invalid",
            "root",
            NOTES,
        ),
        keeping(
            "results-tell-others",
            "keeps a result for whoever may read a space in which it may only read",
            "what is offered to the readers of spaces is kept by who may remember in one of them",
            "denied",
            (0, 5),
            "memory: { read: [notes], write: [other] }",
        ),
        keeping(
            "results-of-a-foreign-space",
            "keeps a result of a space that it may only write",
            space,
            "denied",
            (0, 5),
            "memory: { read: [other], write: [notes] }",
        ),
        keeping(
            "results-large-text",
            "keeps a result of 65,537 bytes",
            "64 KiB of one result",
            "limit text: 65536",
            (0, 65_537),
            NOTES,
        ),
        keeping(
            "results-many-numbers",
            "says that a question found 101 memories",
            "100 memories of one question",
            "limit found: 100",
            (101, 5),
            NOTES,
        ),
        keeping(
            "results-made-up",
            "keeps a result of memories that its question does not find",
            "a result is kept where the question, asked again, finds what it was made of",
            "gives 0",
            (3, 5),
            NOTES,
        ),
        searching(
            "evidence-of-a-foreign-space",
            "asks for the reasons of what is in a space that it may only write",
            space,
            "denied",
            (0, 0),
            "memory: { read: [other], write: [notes] }",
        ),
        searching(
            "evidence-many-fields",
            "asks for 65 fields at once",
            "64 fields of one question",
            "limit fields: 64",
            (65, 1),
            NOTES,
        ),
        searching(
            "evidence-large-value",
            "asks for a field with a value of 257 bytes",
            "256 bytes of a value that something is found by",
            "invalid",
            (1, 257),
            NOTES,
        ),
    ]
}

/// A skill that keeps a text of so many bytes, as made of so many memories.
fn keeping(
    name: &'static str,
    tries: &'static str,
    bound: &'static str,
    outcome: &'static str,
    (found, text): (usize, usize),
    grants: &str,
) -> Case {
    let make = move || {
        component(
            "use voyager:types/types@0.1.0.{error}; f: func() -> result<u32, error>;",
            "import voyager:memory/results@0.1.0;",
            // A question's words, its spaces, and behind 112 bytes of it what was found and what was made of that.
            &format!(
                r#"(import "voyager:memory/results@0.1.0" "keep" (func $keep (param i32 i32)))
                (memory (export "memory") 16)
                {ALLOCATES}
                (data (i32.const 64) "notes")
                (func (export "test:hostile/api@0.1.0#f") (result i32)
                    ;; No memory has such a number.
                    (memory.fill (i32.const 2048) (i32.const 255) (i32.const 1024))
                    (memory.fill (i32.const 131072) (i32.const 120) (i32.const 131072))
                    (i32.store (i32.const 96) (i32.const 64)) (i32.store (i32.const 100) (i32.const 5))
                    (i32.store (i32.const 1280) (i32.const 64)) (i32.store (i32.const 1284) (i32.const 5))
                    (i32.store (i32.const 1288) (i32.const 96)) (i32.store (i32.const 1292) (i32.const 1))
                    (i32.store (i32.const 1392) (i32.const 2048)) (i32.store (i32.const 1396) (i32.const {found}))
                    (i32.store (i32.const 1400) (i32.const 131072)) (i32.store (i32.const 1404) (i32.const {text}))
                    (call $keep (i32.const 1280) (i32.const 512))
                    (if (i32.eqz (i32.load8_u (i32.const 512)))
                        (then (i32.store (i32.const 520) (i32.load8_u (i32.const 520)))))
                    (i32.const 512))"#
            ),
        )
    };
    Case::call(name, tries, bound, outcome, make).grants(grants)
}

/// A skill that asks for so many fields, the first of them with a value of so many bytes.
fn searching(
    name: &'static str,
    tries: &'static str,
    bound: &'static str,
    outcome: &'static str,
    (fields, value): (usize, usize),
    grants: &str,
) -> Case {
    let make = move || {
        component(
            "use voyager:types/types@0.1.0.{error}; f: func() -> result<u32, error>;",
            "import voyager:memory/evidence@0.1.0;",
            // A question's words, its spaces, and behind 112 bytes of it the fields.
            &format!(
                r#"(import "voyager:memory/evidence@0.1.0" "find" (func $find (param i32 i32)))
                (memory (export "memory") 16)
                {ALLOCATES}
                (data (i32.const 64) "notes")
                (func (export "test:hostile/api@0.1.0#f") (result i32)
                    (memory.fill (i32.const 131072) (i32.const 120) (i32.const 1024))
                    (i32.store (i32.const 96) (i32.const 64)) (i32.store (i32.const 100) (i32.const 5))
                    (i32.store (i32.const 1280) (i32.const 64)) (i32.store (i32.const 1284) (i32.const 5))
                    (i32.store (i32.const 1288) (i32.const 96)) (i32.store (i32.const 1292) (i32.const 1))
                    (i32.store (i32.const 1392) (i32.const 2048)) (i32.store (i32.const 1396) (i32.const {fields}))
                    (i32.store (i32.const 2060) (i32.const 131072)) (i32.store (i32.const 2064) (i32.const {value}))
                    (call $find (i32.const 1280) (i32.const 512))
                    (if (i32.eqz (i32.load8_u (i32.const 512)))
                        (then (i32.store (i32.const 520) (i32.const 1))))
                    (i32.const 512))"#
            ),
        )
    };
    Case::call(name, tries, bound, outcome, make).grants(grants)
}

/// A skill that remembers a draft which says how far it is trusted, and reads it back.
fn trusting(
    name: &'static str,
    tries: &'static str,
    bound: &'static str,
    outcome: &'static str,
    trust: &'static str,
    grants: &str,
) -> Case {
    Case::call(name, tries, bound, outcome, move || raising(trust)).grants(grants)
}

/// Where the fields of a draft lie in it.
const FIELDS: usize = 76;

fn raising(trust: &str) -> Vec<u8> {
    let length = trust.len();
    component(
        "use voyager:types/types@0.1.0.{error}; f: func() -> result<u32, error>;",
        "import voyager:memory/memory@0.1.0;",
        &format!(
            r#"(import "voyager:memory/memory@0.1.0" "remember" (func $remember (param i32 i32 i32)))
            (import "voyager:memory/memory@0.1.0" "read" (func $read (param i64 i32)))
            (memory (export "memory") 16)
            {ALLOCATES}
            (data (i32.const 64) "notestrust{trust}")
            (func (export "test:hostile/api@0.1.0#f") (result i32)
                (i32.store (i32.const 256) (i32.const 69)) (i32.store (i32.const 260) (i32.const 5))
                (i32.store (i32.const 264) (i32.const 74)) (i32.store (i32.const 268) (i32.const {length}))
                (i32.store (i32.const {DRAFTS}) (i32.const 64))
                (i32.store (i32.const {space}) (i32.const 5))
                (i32.store (i32.const {text}) (i32.const 64))
                (i32.store (i32.const {text_length}) (i32.const 5))
                (i32.store (i32.const {fields}) (i32.const 256))
                (i32.store (i32.const {fields_count}) (i32.const 1))
                (call $remember (i32.const {DRAFTS}) (i32.const 1) (i32.const 512))
                (if (i32.eqz (i32.load8_u (i32.const 512)))
                    (then (call $read (i64.load (i32.load (i32.const 520))) (i32.const 512))))
                (if (i32.eqz (i32.load8_u (i32.const 512)))
                    (then (i32.store (i32.const 520) (i32.const 7))))
                (i32.const 512))"#,
            space = DRAFTS + 4,
            text = DRAFTS + 8,
            text_length = DRAFTS + 12,
            fields = DRAFTS + FIELDS,
            fields_count = DRAFTS + FIELDS + 4,
        ),
    )
}

/// What gives room behind the first half of a MiB to what an answer brings along.
const ALLOCATES: &str = r#"(global $free (mut i32) (i32.const 524288))
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $free (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
    (global.get $free)
    (global.set $free (i32.add (global.get $free) (local.get 3))))"#;

const NOTES: &str = "memory: { read: [notes], write: [notes] }";

/// A skill that remembers a draft for each of these spaces, with a text of so many bytes.
fn remembering(
    name: &'static str,
    tries: &'static str,
    bound: &'static str,
    outcome: &'static str,
    drafts: &[(&'static str, usize)],
    grants: &str,
) -> Case {
    let drafts = drafts.to_vec();
    Case::call(name, tries, bound, outcome, move || skill(&drafts)).grants(grants)
}

/// Bytes of a draft in the memory of a guest.
const DRAFT: usize = 104;
/// Where names of spaces, texts and drafts lie there.
const NAMES: usize = 64;
const TEXTS: usize = 4 << 20;
const DRAFTS: usize = 65_536;

fn skill(drafts: &[(&'static str, usize)]) -> Vec<u8> {
    let stores = drafts.iter().enumerate().map(|(number, (space, text))| {
        // A byte that is written as `\0a` is one.
        let length = space.len() - 2 * space.matches('\\').count();
        let fields = [NAMES + 64 * (number % 3), length, TEXTS, *text];
        let at = DRAFTS + DRAFT * number;
        let store = |(place, it): (usize, &usize)| {
            format!("(i32.store (i32.const {}) (i32.const {it}))", at + 4 * place)
        };
        fields.iter().enumerate().map(store).collect::<String>()
    });
    let stores: String = stores.collect();
    let name = |(number, (space, _)): (usize, &(&str, usize))| {
        format!("(data (i32.const {}) \"{space}\")", NAMES + 64 * number)
    };
    let names: String = drafts.iter().take(3).enumerate().map(name).collect();
    component(
        "use voyager:types/types@0.1.0.{error}; f: func() -> result<u32, error>;",
        "import voyager:memory/memory@0.1.0;",
        &format!(
            r#"(import "voyager:memory/memory@0.1.0" "remember" (func $remember (param i32 i32 i32)))
            (memory (export "memory") 256)
            {ALLOCATES}
            {names}
            (func (export "test:hostile/api@0.1.0#f") (result i32)
                (memory.fill (i32.const {TEXTS}) (i32.const 120) (i32.const 11000000))
                {stores}
                (call $remember (i32.const {DRAFTS}) (i32.const {count}) (i32.const 512))
                (if (i32.eqz (i32.load8_u (i32.const 512)))
                    (then (i32.store (i32.const 520) (i32.load (i32.const 524)))))
                (i32.const 512))"#,
            count = drafts.len(),
        ),
    )
}
