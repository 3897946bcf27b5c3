//! What the machine remembers: added, found, imported, exported, forgotten, by one process and by two.

use std::{fmt::Write as _, fs, io::Write as _, process::Stdio};

use e2e::{Ended, Stage, Telling};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value as Json, json};

use crate::grants::at_question;

/// Calls `memory` with `--json`; gives back the answer.
fn memory(stage: &Stage, arguments: &[&str]) -> Json {
    stage.answer([&["memory"], arguments].concat())
}

/// Calls `memory`, which is to fail with this exit code; gives back what is told about it.
fn refused(stage: &Stage, arguments: &[&str], code: i32) -> String {
    let ended = stage.call([&["memory"], arguments].concat());
    assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
    ended.err
}

/// The texts that answer a question.
fn found(stage: &Stage, query: &str) -> Vec<String> {
    let recall = memory(stage, &["recall", query]);
    let hits = recall["hits"].as_array().expect("a list").iter();
    hits.filter_map(|it| it["record"]["text"].as_str().map(str::to_owned)).collect()
}

fn records(stage: &Stage) -> u64 {
    memory(stage, &["stats"])["records"].as_u64().expect("a number")
}

#[test]
fn what_is_added_is_found_shown_and_forgotten() {
    let Some(stage) = Stage::new() else { return };
    let empty = stage.call(["memory", "recall", "door"]);
    assert!(empty.code == Some(0) && empty.err.contains("agent-host memory add TEXT"), "{empty:?}");
    let added = stage.call([
        "memory",
        "add",
        "The door is green.",
        "--author",
        "Ada",
        "--thread",
        "house",
        "--at",
        "2024-01-02 10:11",
        "--tag",
        "paint",
        "--field",
        "room=hall",
        "--importance",
        "0.9",
        "--pin",
    ]);
    assert_eq!((added.code, added.out.as_str()), (Some(0), "m0\n"), "{added:?}");
    memory(&stage, &["add", "The roof leaks.", "--space", "work"]);
    memory(&stage, &["relate", "m0", "near", "m1", "--weight", "0.5"]);
    let shown = memory(&stage, &["show", "m0"]);
    assert_eq!(shown["at"], "2024-01-02T10:11:00.000Z", "{shown}");
    let is = |key: &str| shown[key].to_string();
    assert_eq!(
        [is("author"), is("importance"), is("pinned"), is("weight")],
        ["\"Ada\"", "0.9", "true", "1.0"]
    );
    assert_eq!(shown["relations"][0]["kind"], "near", "{shown}");
    // A relation leads to what the words do not.
    assert_eq!(
        found(&stage, "which colour has the door?"),
        ["The door is green.", "The roof leaks."]
    );
    let people = stage.call(["memory", "recall", "door", "--space", "default"]);
    assert!(people.out.contains("m0  2024-01-02 10:11  Ada  [house]"), "{people:?}");
    assert!(people.out.contains("        The door is green."), "{people:?}");
    let listed = memory(&stage, &["list", "--space", "work"]);
    assert_eq!((&listed["of"], &listed["records"][0]["id"]), (&1.into(), &"m1".into()), "{listed}");

    let receipt = stage.call(["memory", "forget", "m0"]);
    assert!(
        receipt.out.contains("forgot 1 record(s): m0") && receipt.out.contains("commit 4"),
        "{receipt:?}"
    );
    assert!(receipt.err.contains("`runs prune`, then `runs compact`"), "{receipt:?}");
    assert!(refused(&stage, &["show", "m0"], 2).contains("there is no memory m0"));
    assert_eq!(found(&stage, "green door"), [""; 0]);
    let audit = memory(&stage, &["audit"]);
    let deeds: Vec<&str> =
        audit.as_array().expect("a list").iter().filter_map(|it| it["deed"].as_str()).collect();
    assert_eq!(deeds, ["forgotten", "related", "remembered", "remembered"]);
    assert!(!audit.to_string().contains("green"), "{audit}");
}

#[test]
fn a_damaged_database_is_told_in_words() {
    let Some(stage) = Stage::new() else { return };
    for number in 0..8 {
        memory(&stage, &["add", &format!("Door {number} is green.")]);
    }
    let file = stage.path("state/memory/memory.redb");
    let whole = fs::read(&file).expect("it is there");
    let mut refused = 0;
    for page in 1..whole.len() / 4096 {
        let mut bytes = whole.clone();
        for byte in &mut bytes[page * 4096..(page + 1) * 4096] {
            *byte ^= 0x5a;
        }
        fs::write(&file, bytes).expect("it is written");
        let listed = stage.call(["memory", "list"]);
        assert!(!listed.err.contains("panicked"), "{page} {listed:?}");
        // Some pages are free.
        if listed.code != Some(0) {
            assert_eq!(listed.code, Some(5), "{page} {listed:?}");
            assert!(listed.err.contains("memory.redb is damaged"), "{page} {listed:?}");
            refused += 1;
        }
    }
    assert!(refused > 3, "{refused}");
    fs::write(&file, whole).expect("it is written");
    assert_eq!(found(&stage, "green").len(), 8);
}

#[test]
fn a_relation_that_was_wrong_is_taken_back() {
    let Some(stage) = Stage::new() else { return };
    for text in ["The door is green.", "The door is red."] {
        memory(&stage, &["add", text]);
    }
    memory(&stage, &["relate", "m1", "supersedes", "m0"]);
    assert_eq!(found(&stage, "door"), ["The door is red."]);
    let wrong = refused(&stage, &["unrelate", "m1", "about", "m0"], 2);
    assert!(wrong.contains("m1 has no relation `about` to m0: it has `supersedes`"), "{wrong}");
    assert!(wrong.contains("memory show m1"), "{wrong}");
    let taken = stage.call(["memory", "unrelate", "m1", "supersedes", "m0"]);
    assert_eq!((taken.code, taken.out.as_str()), (Some(0), "taken back: m1 supersedes m0\n"));
    assert_eq!(found(&stage, "door").len(), 2);
    let diff = memory(&stage, &["diff", "3"]);
    assert_eq!(diff["unrelated"], json!(["m0", "m1"]), "{diff}");
    let since = memory(&stage, &["blame", "m0"])["since"].clone();
    assert_eq!((&since[0]["deed"], since.as_array().map(Vec::len)), (&"unrelated".into(), Some(1)));
    assert_eq!(memory(&stage, &["audit"])[0]["deed"], "unrelated");
    assert!(refused(&stage, &["unrelate", "m1", "derived-from", "m0"], 2).contains("stays"));
    assert!(refused(&stage, &["unrelate", "m1", "near", "m7"], 2).contains("no memory m7"));
    let forged = refused(&stage, &["relate", "m1", "about\n  m0 owner", "m0"], 2);
    assert!(forged.contains("is no name"), "{forged}");
    let lines =
        [r#"{"id":1,"text":"a"}"#, r#"{"id":2,"text":"b"}"#, r#"{"from":1,"kind":"a\nb","to":2}"#];
    stage.write("edge.jsonl", lines.join("\n"));
    let forged = refused(&stage, &["import", "edge.jsonl"], 2);
    assert!(forged.contains("edge.jsonl:3:1: kind: "), "{forged}");
}

#[test]
fn explain_says_why_a_record_is_no_hit() {
    let Some(stage) = Stage::new() else { return };
    for text in ["The door is green.", "The green door was painted by a friend of ours.", "Rain."] {
        memory(&stage, &["add", text]);
    }
    // Of two that say the same the one that matters more is told.
    memory(&stage, &["add", "The door is green.", "--space", "copy", "--importance", "1"]);
    let explain =
        |arguments: &[&str]| memory(&stage, &[&["explain", "green door"], arguments].concat());
    let all = explain(&[]);
    let first = &all["hits"][0];
    assert!(
        first["signals"]["keyword"].is_number() && first["features"]["window2.z"].is_number(),
        "{all}"
    );
    assert_eq!(first["signals"].as_object().map(|it| it.len()), Some(10), "{all}");
    let verdict = |arguments: &[&str]| explain(arguments)["asked"]["verdict"].clone();
    assert_eq!(verdict(&["--id", "m3"]), "hit");
    assert_eq!(verdict(&["--id", "m1", "--limit", "1"]), "beyond-limit");
    assert_eq!(verdict(&["--id", "m1", "--budget", "6"]), "beyond-budget");
    let third = ["--id", "m1", "--copies", "--limit", "2"];
    assert_eq!(verdict(&third), "beyond-limit");
    assert_eq!(verdict(&[third.as_slice(), &["--budget", "6"]].concat()), "beyond-budget");
    assert_eq!(verdict(&["--id", "m2"]), "not-found");
    assert_eq!(verdict(&["--id", "m0"]), "duplicate");
    assert_eq!(verdict(&["--id", "m0", "--space", "copy"]), "excluded");
    let people = stage.call(["memory", "explain", "green door", "--id", "m1", "--limit", "1"]);
    assert!(
        people.out.contains("m1: beyond-limit: it is number 2, and the limit is 1"),
        "{people:?}"
    );
    assert!(people.out.contains("last hit"), "{people:?}");
}

#[test]
fn explain_says_how_a_question_was_read() {
    let Some(stage) = Stage::new() else { return };
    memory(&stage, &["add", "The ferry brought us to Oslo.", "--author", "Ada"]);
    let question = "When did Ada and Tom sail after the storm of last May?";
    let explained = memory(&stage, &["explain", question]);
    let read = &explained["question"];
    assert_eq!(read["wants"], "when", "{explained}");
    assert_eq!(read["names"], json!(["Ada", "Tom"]), "{explained}");
    let time = &read["times"][0];
    assert_eq!(time["said"], "last May", "{explained}");
    assert!(time["from"].as_str().is_some_and(|it| it.contains("-05-01")), "{explained}");
    assert_eq!(read["tied"]["how"], "after", "{explained}");
    let text = stage.call(["memory", "explain", question]).out;
    for line in [
        "time last May: ",
        "after \"the storm of last May\": the answer does not go by when that was",
        "apart \"When did Ada and Tom sail\"",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let plain = memory(&stage, &["explain", "ferry"])["question"].clone();
    assert_eq!(
        (&plain["parts"], &plain["tied"], &plain["times"]),
        (&json!([]), &Json::Null, &json!([]))
    );
    memory(&stage, &["add", "The storm came on 3 May 2023.", "--at", "2023-05-08"]);
    let tied = &["explain", "What did we do after the storm?"];
    let explained = memory(&stage, tied);
    let when = &explained["question"]["tied"]["when"];
    assert_eq!(
        (&when["first"], &when["by"], &when["said"]),
        (&json!("2023-05-03"), &json!("m1"), &json!(true)),
        "{explained}"
    );
    let text = stage.call(["memory", "explain", "What did we do after the storm?"]).out;
    assert!(text.contains("after \"the storm\": 2023-05-03, says m1"), "{text}");
    let kinds = "What sank and who saw it?";
    assert_eq!(
        memory(&stage, &["explain", kinds])["question"]["parts"],
        json!(["What sank", "who saw it"])
    );
}

#[test]
fn recall_says_when_what_was_asked_about_happened() {
    let Some(stage) = Stage::new() else { return };
    memory(&stage, &["add", "We climbed the volcano last week.", "--at", "2023-05-08"]);
    memory(&stage, &["add", "The orchestra plays.", "--at", "2023-05-09"]);
    let question = ["recall", "When did we climb the volcano?"];
    assert_eq!(
        memory(&stage, &question)["when"],
        json!({ "first": "2023-05-01", "last": "2023-05-07", "granularity": "week", "by": "m0", "said": true })
    );
    let told = |question: &str| stage.call(["memory", "recall", question]).err;
    assert!(told(question[1]).contains("when: 2023-05-01 to 2023-05-07, says m0"));
    let orchestra = told("When does the orchestra play?");
    assert!(
        orchestra.contains("when: m1 was told on 2023-05-09, and tells no time of it"),
        "{orchestra}"
    );
    assert_eq!(memory(&stage, &["recall", "Who climbed the volcano?"])["when"], Json::Null);
}

#[test]
fn a_budget_without_a_limit_is_filled() {
    let Some(stage) = Stage::new() else { return };
    let mut notes = String::new();
    for number in 0..300 {
        let text = format!(
            "Note {number}: the green door of house {number} was painted on a day when it rained, by a friend of the owner."
        );
        let note = json!({ "text": text, "author": format!("Author {}", number % 7) });
        writeln!(notes, "{note}").expect("a text takes all");
    }
    stage.write("notes.jsonl", notes);
    memory(&stage, &["import", "notes.jsonl"]);
    let filled = memory(&stage, &["recall", "green door", "--budget", "4000"]);
    let tokens = filled["tokens"].as_u64().expect("a number");
    assert!((3_900..=4_000).contains(&tokens), "{tokens} of {}", filled["left-out"]);
    let hits = |arguments: &[&str]| {
        let recall = memory(&stage, &[&["recall", "green door"], arguments].concat());
        recall["hits"].as_array().map(Vec::len)
    };
    assert_eq!((hits(&[]), hits(&["--budget", "4000", "--limit", "10"])), (Some(10), Some(10)));
}

#[test]
fn turns_of_a_chat_are_told_as_passages() {
    let Some(stage) = Stage::new() else { return };
    let said = [
        ("Ada", "Good morning."),
        ("Bob", "Did the deployment fail?"),
        ("Ada", "Yes, at night."),
        ("Ada", "The certificate of the deployment had expired."),
        ("Bob", "I see."),
        ("Bob", "Lunch is at noon."),
        ("Ada", "Soup again."),
    ];
    let line = |((author, text), minute): (&(&str, &str), u32)| {
        format!("[2024-01-02 10:{minute:02}] {author}: {text}\n")
    };
    stage.write("chat.txt", said.iter().zip(10..).map(line).collect::<String>());
    memory(&stage, &["import", "chat.txt", "--trust", "owner"]);
    memory(&stage, &["add", "A deployment is a rollout.", "--at", "2024-01-03 10:00"]);
    let question = ["recall", "\"deployment\"", "--limit", "3", "--passages"];
    let recall = memory(&stage, &question);
    let passages = recall["passages"].as_array().expect("a list");
    let ids: Vec<String> = passages.iter().map(|it| it["ids"].to_string()).collect();
    assert_eq!(ids, [r#"["m7"]"#, r#"["m0","m1","m2","m3","m4"]"#], "{recall}");
    let (alone, talk) = (&passages[0], &passages[1]);
    assert_eq!((&talk["thread"], &alone["thread"]), (&"chat.txt".into(), &Json::Null), "{recall}");
    assert_eq!(talk["score"], recall["hits"][1]["score"], "{recall}");
    let turns = talk["turns"].as_array().expect("a list");
    let are_hits: Vec<bool> = turns.iter().map(|it| it["score"].is_number()).collect();
    assert_eq!(are_hits, [false, true, false, true, false], "{recall}");
    assert_eq!(turns[1]["record"]["at"], "2024-01-02T10:11:00.000Z", "{recall}");
    let sum: u64 = passages.iter().filter_map(|it| it["tokens"].as_u64()).sum();
    assert_eq!(recall["tokens"].as_u64(), Some(sum), "{recall}");
    let people = stage.call([&["memory"], question.as_slice()].concat());
    let lines = [
        "        m2  2024-01-02 10:12  Ada  [chat.txt]",
        "        Yes, at night.",
        "        = m0 to m4: ",
    ];
    assert!(lines.iter().all(|it| people.out.contains(it)), "{}", people.out);
    assert!(people.err.contains("2 passage(s)"), "{}", people.err);
    // Nothing is left for turns beside the hits.
    let hits = memory(&stage, &question[..4])["tokens"].to_string();
    let tight = memory(&stage, &[question.as_slice(), &["--budget", &hits]].concat());
    let tight = tight["passages"].as_array().expect("a list");
    assert!(
        tight.len() == 3
            && tight.iter().all(|it| it["turns"].as_array().is_some_and(|it| it.len() == 1))
    );
    assert_eq!(memory(&stage, &question[..4])["passages"], Json::Null);
}

#[test]
fn a_short_name_is_the_authors_whose_name_it_begins() {
    let Some(stage) = Stage::new() else { return };
    for author in ["Melanie", "Tom"] {
        memory(&stage, &["add", "I painted something green.", "--author", author]);
    }
    let question = ["explain", "What did Mel paint?"];
    let explained = memory(&stage, &question);
    assert_eq!(explained["names"], json!([{ "said": "mel", "author": "Melanie" }]), "{explained}");
    assert_eq!(explained["hits"][0]["id"], "m0", "{explained}");
    assert!(stage.call(["memory", "explain", "What did Mel paint?"]).out.contains("mel = Melanie"));
    // Where there are two, nobody knows which is meant.
    memory(&stage, &["add", "I painted something red.", "--author", "Melissa"]);
    assert_eq!(memory(&stage, &question)["names"], json!([]));
}

#[test]
fn records_are_found_by_their_fields() {
    let Some(stage) = Stage::new() else { return };
    let offer =
        ["add", "The offer is in.", "--field", "invoice=INV-77231", "--field", "amount=1200"];
    memory(&stage, &[offer.as_slice(), &["--kind", "offer"]].concat());
    memory(&stage, &["add", "The offer of last year.", "--field", "amount=999.5", "--tag", "old"]);
    memory(&stage, &["add", "Rain is likely."]);
    let ids = |answer: &Json| -> Vec<String> {
        let records = answer["records"].as_array().unwrap().iter();
        records.map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    for (bounds, wanted) in [
        ("--field invoice=INV-77231", ["m0"].as_slice()),
        ("--field invoice=inv-77231", &[]),
        ("--field amount>=999", &["m1", "m0"]),
        ("--field amount>999.5", &["m0"]),
        ("--field amount>=0 --tag old", &["m1"]),
        ("--kind offer", &["m0"]),
        ("--since 3000-01-01", &[]),
    ] {
        let listed =
            memory(&stage, &["list"].into_iter().chain(bounds.split(' ')).collect::<Vec<_>>());
        assert_eq!(ids(&listed), wanted, "{bounds}");
        assert_eq!(
            (&listed["of"], &listed["in-all"]),
            (&json!(wanted.len()), &json!(3)),
            "{bounds}"
        );
    }
    assert_eq!(found(&stage, "INV-77231"), ["The offer is in."]);
    let recalled = memory(&stage, &["recall", "offer", "--field", "amount<1000"]);
    assert_eq!(recalled["hits"][0]["record"]["id"], "m1", "{recalled}");
    assert_eq!(recalled["hits"].as_array().unwrap().len(), 1, "{recalled}");
    let told = memory(&stage, &["explain", "offer", "--id", "m0", "--field", "amount<1000"]);
    assert!(told.to_string().contains("its field `amount` is `1200`, and `amount<1000`"), "{told}");
    let told = stage.call(["memory", "recall", "offer", "--field", "amont=1200"]);
    assert!(
        told.err.contains("no answer has the field `amont`; did you mean `amount`?"),
        "{told:?}"
    );
    let told = refused(&stage, &["list", "--field", "amount"], 2);
    assert!(told.contains("NAME>=VALUE"), "{told}");
}

#[test]
fn a_space_that_is_not_there_is_told() {
    let Some(stage) = Stage::new() else { return };
    memory(&stage, &["add", "The door is green.", "--space", "notes"]);
    for command in ["list", "recall door", "explain door"] {
        let words = ["memory"].into_iter().chain(command.split(' '));
        let ended = stage.call(words.chain(["--space", "note"]));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let told =
            "there is no space `note`; did you mean `notes`? (`agent-host memory stats` shows all)";
        assert!(ended.err.contains(told), "{ended:?}");
        assert!(!ended.err.contains("nothing is remembered yet"), "{ended:?}");
    }
    assert_eq!(stage.call(["memory", "list", "--space", "notes"]).err, "");
}

#[test]
fn a_name_that_is_mistyped_is_no_empty_success() {
    let Some(stage) = Stage::new() else { return };
    memory(
        &stage,
        &[
            ["add", "The door is green.", "--space", "notes", "--author", "Ada"].as_slice(),
            &["--tag", "paint", "--thread", "house"],
        ]
        .concat(),
    );
    for command in ["export --out all.jsonl", "forget --yes", "trust owner", "consolidate"] {
        let words: Vec<&str> = command.split(' ').chain(["--space", "note"]).collect();
        let told = refused(&stage, &words, 2);
        assert!(told.contains("there is no space `note`; did you mean `notes`?"), "{told}");
    }
    assert!(!stage.path("all.jsonl").exists());
    let told = stage.call(["memory", "recall", "door", "--author", "ada"]);
    assert!(told.err.contains("no answer is by `ada`; did you mean `Ada`?"), "{told:?}");
    let told = stage.call(["memory", "recall", "door", "--tag", "Paint"]);
    assert!(told.err.contains("no answer has the tag `Paint`; did you mean `paint`?"), "{told:?}");
    let both = ["memory", "recall", "door", "--thread", "House", "--kind", "Note"];
    let told = stage.call(both);
    for meant in
        ["of the thread `House`; did you mean `house`?", "of the kind `Note`; did you mean `note`?"]
    {
        assert!(told.err.contains(meant), "{told:?}");
    }
}

#[test]
fn small_slips_are_told_as_what_they_are() {
    let Some(stage) = Stage::new() else { return };
    memory(&stage, &["add", "The door is green.\u{202e}"]);
    let twice = refused(&stage, &["add", "a", "--field", "a=1", "--field", "a=2"], 2);
    assert!(twice.contains("the field `a` is given twice"), "{twice}");
    // A counter that stands at its end would let nothing fade any more.
    let cycles = refused(&stage, &["tick", "18446744073709551615"], 2);
    assert!(cycles.contains("1000000"), "{cycles}");
    let audit = stage.call(["memory", "audit", "--limit", "0"]);
    assert!(!audit.err.contains("nothing is remembered yet"), "{audit:?}");
    let out = refused(&stage, &["export", "--out", "nope/t.jsonl"], 5);
    assert!(out.contains("nope/t.jsonl") && !out.contains(".tmp"), "{out}");
    let shown = stage.call(["memory", "show", "m0"]).out;
    assert!(shown.contains("green.\u{fffd}") && !shown.contains('\u{202e}'), "{shown}");
}

#[test]
fn a_day_that_there_is_not_or_that_may_be_two_is_told() {
    let Some(stage) = Stage::new() else { return };
    memory(&stage, &["add", "The door was painted.", "--at", "2023-02-28"]);
    let ended = stage.call(["memory", "recall", "When was the door painted, on 31 February 2023?"]);
    assert!(ended.out.contains("The door was painted."), "{ended:?}");
    let told = "31 February 2023: there is no such day; the question is asked without it";
    assert!(ended.err.contains(told), "{ended:?}");
    let ask = |question: &str| memory(&stage, &["recall", question])["notes"].clone();
    assert_eq!(ask("door on 2023-02-31"), json!([told.replace("31 February 2023", "2023-02-31")]));
    assert_eq!(ask("door on 2023-02-28"), json!([]));
    let told = "05/07/2023 may be 2023-07-05 or 2023-05-07: the question is asked without it; write the one that is meant";
    assert_eq!(ask("door on 05/07/2023"), json!([told]));
    assert_eq!(ask("door on 25/07/2023"), json!([]));
}

#[test]
fn a_second_process_asks_the_one_that_has_the_memory() {
    let Some(stage) = Stage::new() else { return };
    memory(&stage, &["add", "The door is green."]);
    let mut host = Telling::begin(stage.command(["serve", "--json"]));
    host.until(&["\"serving\""]);
    assert_eq!(found(&stage, "door"), ["The door is green."]);
    memory(&stage, &["add", "The door is red."]);
    memory(&stage, &["forget", "m0"]);
    let exported = stage.call(["memory", "export"]);
    assert!(
        exported.code == Some(0) && exported.out.contains("\"The door is red.\""),
        "{exported:?}"
    );
    host.stop();
    assert_eq!(found(&stage, "door"), ["The door is red."]);
}

#[test]
fn a_space_is_forgotten_only_where_somebody_says_so() {
    let Some(stage) = Stage::new() else { return };
    for (text, space, thread) in [("one", "a", "x"), ("two", "a", "y"), ("three", "b", "x")] {
        memory(&stage, &["add", text, "--space", space, "--thread", thread]);
    }
    let told = refused(&stage, &["forget", "--space", "a"], 2);
    assert!(told.contains("2 record(s) of the space `a`") && told.contains("--yes"), "{told}");
    assert_eq!(records(&stage), 3);
    let receipt = memory(&stage, &["forget", "--space", "a", "--thread", "x", "--yes"]);
    assert_eq!(receipt["ids"], serde_json::json!(["m0"]), "{receipt}");
    assert!(refused(&stage, &["forget", "--space", "none"], 2).contains("no space `none`"));
    memory(&stage, &["forget", "--thread", "x", "--yes"]);
    assert_eq!(found(&stage, "one two three"), ["two"]);
}

#[test]
fn an_import_that_is_repeated_adds_nothing_and_one_of_a_longer_file_the_rest() {
    let Some(stage) = Stage::new() else { return };
    let chat = "[2024-01-02 10:11] Ada: The door is green.\nBob: I like it.\n";
    stage.write("chat.txt", chat);
    let import = |path: &str, more: &[&str]| {
        let it = memory(&stage, &[&["import", path], more].concat());
        let count = |key: &str| it[key].as_u64().expect("a number");
        [count("records"), count("known"), count("forgotten")]
    };
    assert_eq!(import("chat.txt", &[]), [2, 0, 0]);
    assert_eq!(import("chat.txt", &[]), [0, 2, 0]);
    stage.write("chat.txt", format!("{chat}Ada: So do I.\n"));
    assert_eq!(import("chat.txt", &[]), [1, 2, 0]);
    // The same under another name is the same; its thread is another, and so it is not.
    assert_eq!(import("chat.txt", &["--space", "other"]), [3, 0, 0]);
    memory(&stage, &["forget", "m1"]);
    assert_eq!(import("chat.txt", &[]), [0, 2, 1]);
    assert_eq!(import("chat.txt", &["--again"]), [3, 0, 0]);
    assert_eq!(records(&stage), 8);
}

#[test]
fn a_folder_of_notes_is_read_and_links_are_not_followed() {
    let Some(stage) = Stage::new() else { return };
    stage.write("notes/house.md", "---\nauthor: Ada\n---\n# Door\nGreen, like [[Paint]].\n");
    stage.write("notes/deep/roof.md", "It leaks.\n");
    stage.write("notes/.hidden/secret.md", "Nobody sees it.\n");
    stage.write("notes/picture.png", "no text");
    stage.write("outside.md", "Somewhere else.\n");
    std::os::unix::fs::symlink("../outside.md", stage.path("notes/link.md"))
        .expect("links can be made");
    let imported = memory(&stage, &["import", "notes"]);
    let is = |key: &str| imported[key].as_u64();
    assert_eq!(
        [is("records"), is("files"), is("files-passed-over")],
        [Some(2), Some(2), Some(3)],
        "{imported}"
    );
    let door = memory(&stage, &["recall", "what colour has the door", "--tag", "Paint"]);
    let record = &door["hits"][0]["record"];
    assert_eq!(
        (&record["thread"], &record["author"]),
        (&"house.md".into(), &"Ada".into()),
        "{door}"
    );
    assert_eq!(record["fields"]["section"], "Door", "{door}");
    // What changed is read anew; what did not is known.
    stage.write("notes/deep/roof.md", "It is mended.\n");
    let imported = memory(&stage, &["import", "notes"]);
    assert_eq!((&imported["records"], &imported["known"]), (&1.into(), &1.into()), "{imported}");
}

#[test]
fn what_is_exported_comes_back_the_same() {
    let (Some(stage), Some(other)) = (Stage::new(), Stage::new()) else { return };
    memory(&stage, &["add", "Forgotten."]);
    memory(
        &stage,
        &["add", "The door\nis \"green\".", "--author", "Ada", "--tag", "x", "--field", "a=b"],
    );
    memory(
        &stage,
        &["add", "The roof leaks.", "--space", "work", "--importance", "0.1", "--at", "2024-01-02"],
    );
    memory(&stage, &["relate", "m1", "near", "m2", "--weight", "0.7"]);
    memory(&stage, &["pin", "m2"]);
    memory(&stage, &["forget", "m0"]);
    let first = memory(&stage, &["export", "--out", "first.jsonl"]);
    assert_eq!((&first["records"], &first["relations"]), (&2.into(), &1.into()), "{first}");
    let first = fs::read_to_string(stage.path("first.jsonl")).expect("it is there");
    assert_eq!(stage.call(["memory", "export"]).out, first, "the same on standard output");
    other.write("first.jsonl", &first);
    let imported = memory(&other, &["import", "first.jsonl", "--trust", "owner"]);
    assert_eq!(
        (&imported["records"], &imported["relations"]),
        (&2.into(), &1.into()),
        "{imported}"
    );
    let again = memory(&other, &["import", "first.jsonl"]);
    assert_eq!((&again["records"], &again["relations"]), (&0.into(), &0.into()), "{again}");
    assert_eq!(memory(&other, &["show", "m1"])["pinned"], true);
    // The ids are others: there was one more.
    let second = other.call(["memory", "export"]).out;
    assert_eq!(second.replace("\"m1\"", "\"m2\"").replace("\"m0\"", "\"m1\""), first);
    let part = stage.call(["memory", "export", "--space", "work"]).out;
    assert_eq!(part.lines().count(), 1, "{part}");
}

#[test]
fn a_table_takes_the_memory_along_as_lines_do() {
    let (Some(stage), Some(other)) = (Stage::new(), Stage::new()) else { return };
    memory(&stage, &["add", "Forgotten."]);
    memory(
        &stage,
        &["add", "The door\nis \"green\".", "--author", "Ada", "--tag", "x", "--field", "a=b"],
    );
    memory(&stage, &["add", "The door is red.", "--supersedes", "m1", "--pin"]);
    memory(
        &stage,
        &["add", "The roof leaks.", "--space", "work", "--importance", "0.1", "--at", "2024-01-02"],
    );
    // One leads to a row below it, and one supersedes a newer record.
    memory(&stage, &["relate", "m1", "near", "m3", "--weight", "0.7"]);
    memory(&stage, &["add", "The door is old."]);
    memory(&stage, &["relate", "m1", "supersedes", "m4"]);
    memory(&stage, &["forget", "m0"]);
    let lines = stage.call(["memory", "export"]).out;
    let table = memory(&stage, &["export", "--out", "first.parquet"]);
    assert_eq!((&table["records"], &table["relations"]), (&4.into(), &3.into()), "{table}");
    let bytes = fs::read(stage.path("first.parquet")).expect("it is there");
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    memory(&stage, &["export", "--format", "parquet", "--out", "again"]);
    assert_eq!(fs::read(stage.path("again")).expect("it is there"), bytes, "the same bytes");
    other.write("first.jsonl", &lines);
    fs::write(other.path("named-otherwise"), &bytes).expect("it can be written");
    // Owner of both: an export says where something is trusted less.
    let imported = memory(&other, &["import", "named-otherwise", "--trust", "owner"]);
    assert_eq!(
        (&imported["records"], &imported["relations"]),
        (&4.into(), &3.into()),
        "{imported}"
    );
    let known = memory(&other, &["import", "first.jsonl"]);
    assert_eq!((&known["records"], &known["relations"]), (&0.into(), &0.into()), "{known}");
    assert_eq!(known["known"], 4, "the lines say the same: {known}");
    // The ids are others: there was one more.
    let second = other.call(["memory", "export"]).out;
    let renamed = (0..4)
        .fold(lines, |text, it| text.replace(&format!("\"m{}\"", it + 1), &format!("\"m{it}\"")));
    assert_eq!(second, renamed);
    let part = memory(&stage, &["export", "--out", "work.parquet", "--space", "work"]);
    assert_eq!((&part["records"], &part["relations"]), (&1.into(), &0.into()), "{part}");

    let refused_ = refused(&stage, &["export", "--format", "parquet"], 2);
    assert!(refused_.contains("--out FILE"), "{refused_}");
    fs::write(other.path("cut.parquet"), &bytes[..bytes.len() - 9]).expect("it can be written");
    let cut = refused(&other, &["import", "cut.parquet"], 2);
    assert!(cut.contains("cut.parquet:1:1: the file does not end as Parquet files do"), "{cut}");
    let unfit = refused(&other, &["import", "first.jsonl", "--format", "parquet"], 2);
    assert!(unfit.contains("this is no Parquet file"), "{unfit}");
}

#[test]
fn what_can_not_be_imported_is_told_with_its_place_and_the_way_out() {
    let Some(stage) = Stage::new() else { return };
    stage.write(
        "bad.jsonl",
        "{\"text\":\"one\"}\n{\"text\":\"two\",\"autor\":\"Ada\"}\n{\"text\":\"three\"}\n",
    );
    let told = refused(&stage, &["import", "bad.jsonl"], 2);
    assert!(told.contains("bad.jsonl:2:21: unknown field `autor`"), "{told}");
    assert!(told.contains("--skip-bad") && told.contains("1 new record(s) are in"), "{told}");
    let skipped = memory(&stage, &["import", "bad.jsonl", "--skip-bad"]);
    let is = |key: &str| skipped[key].as_u64();
    assert_eq!([is("records"), is("known"), is("bad")], [Some(1), Some(1), Some(1)], "{skipped}");
    assert!(skipped["first-bad"][0].as_str().is_some_and(|it| it.contains(":2:21:")), "{skipped}");
    stage.write("mended.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two\"}\n{\"text\":\"three\"}\n");
    stage.write("empty.jsonl", "");
    assert_eq!(memory(&stage, &["import", "empty.jsonl"])["records"], 0);
    stage.write(
        "relation.jsonl",
        "{\"text\":\"a\",\"id\":1}\n{\"from\":1,\"kind\":\"x\",\"to\":9}\n",
    );
    assert!(
        refused(&stage, &["import", "relation.jsonl"], 2).contains("no record m9 stands before")
    );
    assert!(refused(&stage, &["import", "none.jsonl"], 5).contains("none.jsonl"));
    fs::create_dir_all(stage.path("none")).expect("folders can be made");
    assert!(refused(&stage, &["import", "none"], 2).contains("has no notes"));
    assert!(refused(&stage, &["import", "none", "--format", "chat"], 2).contains("is a folder"));
    assert!(refused(&stage, &["import", "/dev/null"], 2).contains("no file and no folder"));
    stage.write("prose.txt", "Once upon a time.\n");
    assert!(refused(&stage, &["import", "prose.txt"], 2).contains("--format markdown"));
    assert_eq!(memory(&stage, &["import", "prose.txt", "--format", "markdown"])["records"], 1);

    assert!(refused(&stage, &["add", " "], 2).contains("text: is empty"));
    assert!(refused(&stage, &["add", "a", "--importance", "2"], 2).contains("between 0 and 1"));
    assert!(
        refused(&stage, &["add", "a", "--at", "soon"], 2)
            .contains("write for example `2024-01-02`")
    );
    assert!(refused(&stage, &["recall", "?"], 2).contains("no word that tells what to look for"));
    assert!(refused(&stage, &["show", "x"], 2).contains("like m12"));
    assert!(
        refused(&stage, &["relate", "m0", "is", "m0"], 2).contains("that the relation starts at")
    );
    assert!(refused(&stage, &["forget", "m0", "m99"], 2).contains("there is no memory m99"));
    assert!(
        memory(&stage, &["show", "m0"])["text"].is_string(),
        "nothing of a wrong batch is forgotten"
    );
}

#[test]
fn a_text_comes_from_standard_input_too() {
    let Some(stage) = Stage::new() else { return };
    let text = fs::File::open(stage.write("text", "one\ntwo\n")).expect("it was written");
    let added = stage.command(["memory", "add", "-"]).stdin(Stdio::from(text)).output();
    let added = Ended::from(added.expect("the program starts"));
    assert_eq!(added.out, "m0\n", "{added:?}");
    assert_eq!(memory(&stage, &["show", "m0"])["text"], "one\ntwo");
    // More than there may be, and cut within a letter.
    let text = fs::File::open(stage.write("long", format!("a{}", "ö".repeat(1 << 20))));
    let text = Stdio::from(text.expect("it was written"));
    let refused = stage.command(["memory", "add", "-"]).stdin(text).output();
    let refused = Ended::from(refused.expect("the program starts"));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("more than 1048576 bytes, the most of one record"), "{refused:?}");
}

#[test]
fn an_import_that_is_stopped_goes_on_where_it_was() {
    stopped_import(None);
    // Where what is broken ends each batch before it is full.
    stopped_import(Some(100));
}

/// Stops an import of many records, and of a broken line behind each so many of them.
fn stopped_import(broken: Option<u64>) {
    let Some(stage) = Stage::new() else { return };
    const LINES: u64 = 3_000;
    let mut text = String::new();
    for number in 0..LINES {
        writeln!(text, "{{\"text\":\"Line {number} of many.\"}}").expect("texts can be written");
        if broken.is_some_and(|it| number % it == 0) {
            text.push_str("nonsense\n");
        }
    }
    stage.write("many.jsonl", text);
    let import = ["memory", "import", "many.jsonl", "--skip-bad"];
    let mut command = stage.command([import.as_slice(), &["--json"]].concat());
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
    let out = child.stdout.take().expect("it is piped");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(out)).map_while(Result::ok);
    let first = lines.next().expect("a line");
    assert!(first.contains("\"importing\""), "{first}");
    let pid = child.id().try_into().ok().and_then(Pid::from_raw);
    kill_process(pid.expect("it is a process"), Signal::INT).expect("it lives");
    let last = lines.last().expect("a last line");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{last}");
    assert!(last.contains("goes on") && last.contains("stopped after"), "{last}");
    let before = records(&stage);
    assert!(0 < before && before < LINES, "{before}");
    let imported = memory(&stage, &import[1..]);
    assert_eq!(imported["known"], before, "{imported}");
    assert_eq!(records(&stage), LINES);
}

#[test]
fn what_is_added_while_somebody_is_asked_is_not_forgotten() {
    let Some(stage) = Stage::new() else { return };
    let add = |text: &str| memory(&stage, &["add", text, "--space", "x"]);
    add("The door is green.");
    let (code, told) = at_question(&stage, &["memory", "forget", "--space", "x"], |terminal, _| {
        add("The door is red.");
        terminal.write_all(b"y\n").expect("it can be typed");
    });
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("Forget 1 record(s)") && told.contains("forgot 1 record(s)"), "{told}");
    assert_eq!(found(&stage, "door"), ["The door is red."]);
}

#[test]
fn a_long_list_is_read_in_parts() {
    let Some(stage) = Stage::new() else { return };
    for number in 0..5 {
        memory(&stage, &["add", &format!("The door {number} is green.")]);
    }
    let part = |args: &[&str]| {
        let answer = memory(&stage, &[&["list", "--limit", "2"], args].concat());
        let ids = answer["records"].as_array().expect("a list").iter();
        let ids: Vec<String> = ids.filter_map(|it| it["id"].as_str().map(str::to_owned)).collect();
        (ids.join(" "), answer["of"].as_u64(), answer["older"].as_u64())
    };
    assert_eq!(part(&[]), ("m4 m3".to_owned(), Some(5), Some(3)));
    assert_eq!(part(&["--before", "m3"]), ("m2 m1".to_owned(), Some(5), Some(1)));
    assert_eq!(part(&["--before", "m1"]), ("m0".to_owned(), Some(5), Some(0)));
    let people = stage.call(["memory", "list", "--limit", "2", "--before", "m3"]);
    assert!(people.err.contains("2 of 5") && people.err.contains("`--before m1`"), "{people:?}");
    let people = stage.call(["memory", "list", "--before", "m0"]);
    assert!(people.err.contains("none is older"), "{people:?}");
    let told = refused(&stage, &["list", "--limit", "200000"], 2);
    assert!(told.contains("1 to 1000"), "{told}");
}

#[test]
fn what_faded_is_archived_restored_and_forgotten_when_that_is_asked_for() {
    let Some(stage) = Stage::new() else { return };
    let ids = |answer: &Json| -> Vec<String> {
        let records = answer["records"].as_array().expect("a list").iter();
        records.filter_map(|it| it["id"].as_str().map(str::to_owned)).collect()
    };
    memory(&stage, &["add", "The door is green."]);
    memory(&stage, &["add", "The door is old."]);
    memory(&stage, &["add", "The door has a name.", "--pin"]);
    memory(&stage, &["relate", "m2", "about", "m1"]);
    let none = stage.call(["memory", "list", "--archived"]);
    assert!(none.err.contains("no record here is archived"), "{none:?}");
    assert_eq!(memory(&stage, &["tick", "216"])["archived"], 0);
    let ticked = memory(&stage, &["tick"]);
    assert_eq!((&ticked["cycle"], &ticked["archived"]), (&217.into(), &1.into()), "{ticked}");
    assert_eq!(memory(&stage, &["stats"])["archived"], 1);
    assert_eq!(ids(&memory(&stage, &["list"])), ["m2", "m1"]);
    assert_eq!(ids(&memory(&stage, &["list", "--archived"])), ["m0"]);
    assert_eq!(memory(&stage, &["show", "m0"])["archived"], true);
    assert!(!found(&stage, "green door").contains(&"The door is green.".to_owned()));
    let explained = memory(&stage, &["explain", "green door", "--id", "m0"]);
    assert_eq!(explained["asked"]["verdict"], "excluded", "{explained}");
    let all = memory(&stage, &["recall", "green door", "--archived"]);
    assert_eq!(all["hits"][0]["record"]["id"], "m0", "{all}");
    let archived =
        |question: &[&str]| memory(&stage, &[&["recall"], question].concat())["archived"].clone();
    assert_eq!(archived(&["green"]), json!(1));
    assert_eq!(archived(&["blue"]), json!(0));
    assert_eq!(archived(&["door"]), Json::Null, "others answer it");
    assert_eq!(archived(&["blue", "--archived"]), Json::Null);
    let people = stage.call(["memory", "recall", "green"]);
    assert!(people.err.contains("1 left out, which faded; `--archived`"), "{people:?}");
    let exported = stage.call(["memory", "export"]).out;
    let told: Vec<bool> = exported.lines().map(|it| it.contains("\"archived\":true")).collect();
    assert_eq!(told, [true, false, false, false], "{exported}");
    refused(&stage, &["restore", "m0", "--weight", "0.01"], 2);
    for none in ["nan", "inf", "0", "much"] {
        let told = refused(&stage, &["restore", "m0", "--weight", none], 2);
        assert!(told.contains("--weight"), "{told}");
        let told = refused(&stage, &["relate", "m0", "about", "m1", "--weight", none], 2);
        assert!(told.contains("weight"), "{told}");
    }
    refused(&stage, &["restore", "m9"], 2);
    let restored = memory(&stage, &["restore", "m0", "m1"]);
    assert_eq!(restored["ids"].to_string(), "[\"m0\"]", "{restored}");
    assert!(found(&stage, "green door").contains(&"The door is green.".to_owned()));
    memory(&stage, &["tick", "200"]);
    let younger = memory(&stage, &["forget", "--archived", "--older-than", "34", "--yes"]);
    assert_eq!(younger["ids"].to_string(), "[]", "{younger}");
    refused(&stage, &["forget", "--archived"], 2);
    refused(&stage, &["forget", "m1", "--older-than", "3"], 2);
    let forgotten = memory(&stage, &["forget", "--archived", "--older-than", "33", "--yes"]);
    assert_eq!(forgotten["ids"].to_string(), "[\"m0\"]", "{forgotten}");
    assert_eq!(records(&stage), 2);
}

#[test]
fn the_newer_fact_wins_and_the_older_stays_as_history() {
    let Some(stage) = Stage::new() else { return };
    memory(&stage, &["add", "The door is green.", "--author", "Ada"]);
    memory(&stage, &["add", "The door is red.", "--supersedes", "m0"]);
    assert_eq!(found(&stage, "door"), ["The door is red."]);
    let people = stage.call(["memory", "recall", "door"]);
    assert!(
        people.err.contains("1 left out, which newer ones supersede; `--history`"),
        "{people:?}"
    );
    let all = stage.call(["memory", "recall", "door", "--history"]);
    assert!(all.out.contains("m0  ") && all.out.contains("superseded by m1"), "{all:?}");
    let explained = stage.call(["memory", "explain", "door", "--id", "m0"]);
    assert!(explained.out.contains("m0: superseded: it is superseded by m1"), "{explained:?}");
    assert_eq!(memory(&stage, &["show", "m0"])["superseded-by"], serde_json::json!(["m1"]));
    let ids = |answer: &Json| -> Vec<String> {
        let records = answer["records"].as_array().expect("a list").iter();
        records.filter_map(|it| it["id"].as_str().map(str::to_owned)).collect()
    };
    memory(&stage, &["add", "The door is blue."]);
    memory(&stage, &["relate", "m2", "supersedes", "m1"]);
    assert_eq!(ids(&memory(&stage, &["history", "m0"])), ["m2", "m1", "m0"]);
    let told = stage.call(["memory", "history", "m1"]);
    let lines: Vec<&str> = told.out.lines().collect();
    assert!(lines[0].starts_with("m2 ") && lines[0].ends_with("supersedes m1"), "{told:?}");
    assert!(lines[4].contains("Ada") && lines[4].ends_with("superseded by m1"), "{told:?}");
    let circle = refused(&stage, &["relate", "m0", "supersedes", "m2"], 2);
    assert!(circle.contains("m2 supersedes m1 supersedes m0"), "{circle}");
    memory(&stage, &["add", "The roof leaks.", "--space", "work"]);
    let far = refused(&stage, &["relate", "m3", "supersedes", "m2"], 2);
    assert!(far.contains("the same space") && far.contains("`work`"), "{far}");
    assert!(refused(&stage, &["add", "x", "--supersedes", "m99"], 2).contains("no memory m99"));
    assert_eq!(found(&stage, "door"), ["The door is blue."]);
    memory(&stage, &["forget", "m2"]);
    assert_eq!(found(&stage, "door"), ["The door is red."]);
    memory(&stage, &["forget", "m1"]);
    assert_eq!(found(&stage, "door"), ["The door is green."]);
    let alone = stage.call(["memory", "history", "m0"]);
    assert!(alone.err.contains("m0 supersedes nothing, and nothing supersedes it"), "{alone:?}");
}

#[test]
fn a_record_is_superseded_by_what_hides_it_alone() {
    let Some(stage) = Stage::new() else { return };
    memory(&stage, &["add", "The door is green."]);
    memory(&stage, &["add", "The door is red.", "--supersedes", "m0"]);
    memory(&stage, &["add", "The door is black.", "--supersedes", "m0", "--trust", "outside"]);
    memory(&stage, &["add", "The door is blue.", "--supersedes", "m0"]);
    let by = json!(["m1", "m3"]);
    assert_eq!(memory(&stage, &["show", "m0"])["superseded-by"], by);
    let story = memory(&stage, &["history", "m0"]);
    assert_eq!(story["records"][3]["superseded-by"], by, "{story}");
    let reason = |arguments: &[&str]| {
        let question = ["explain", "door", "--id", "m0"].as_slice();
        memory(&stage, &[question, arguments].concat())["asked"]["reason"].clone()
    };
    let told = |by: &str| {
        json!(format!("it is superseded by {by}, and `--history` asks for such ones too"))
    };
    assert_eq!(reason(&[]), told("m1 and m3"));
    assert_eq!(reason(&["--as-of", "3"]), told("m1"));
}

#[test]
fn what_supersedes_is_exported_and_imported() {
    let (Some(stage), Some(other)) = (Stage::new(), Stage::new()) else { return };
    for text in ["The door is green.", "The door is red.", "The door is old."] {
        memory(&stage, &["add", text]);
    }
    memory(&stage, &["relate", "m1", "supersedes", "m0"]);
    // The older one was written later.
    memory(&stage, &["relate", "m1", "supersedes", "m2"]);
    let exported = stage.call(["memory", "export"]).out;
    assert!(exported.contains("\"supersedes\":[\"m0\"]"), "{exported}");
    assert!(exported.contains("\"kind\":\"supersedes\",\"to\":\"m2\""), "{exported}");
    other.write("facts.jsonl", &exported);
    for new in [2, 0] {
        let imported = memory(&other, &["import", "facts.jsonl", "--trust", "owner"]);
        assert_eq!(imported["relations"], new, "{imported}");
        assert_eq!(found(&other, "door"), ["The door is red."]);
    }
    assert_eq!(other.call(["memory", "export"]).out, exported);
    let circle = format!("{exported}{}\n", r#"{"from":"m0","kind":"supersedes","to":"m1"}"#);
    other.write("circle.jsonl", circle);
    let told = refused(&other, &["import", "circle.jsonl"], 2);
    assert!(told.contains("circle.jsonl:5:1: m0 can't supersede m1"), "{told}");
    other.write(
        "far.jsonl",
        "{\"id\":1,\"text\":\"a\"}\n{\"text\":\"b\",\"space\":\"x\",\"supersedes\":[1]}\n",
    );
    assert!(
        refused(&other, &["import", "far.jsonl"], 2).contains("far.jsonl:2:1: m1 is in another")
    );
    other.write("none.jsonl", "{\"text\":\"b\",\"supersedes\":[7]}\n");
    let told = refused(&other, &["import", "none.jsonl"], 2);
    assert!(told.contains("none.jsonl:1:1: no record m7 stands before"), "{told}");
}

#[test]
fn the_past_is_asked_compared_and_blamed() {
    let Some(stage) = Stage::new() else { return };
    memory(&stage, &["add", "The door is green.", "--author", "Ada"]);
    memory(&stage, &["add", "The door is red.", "--supersedes", "m0"]);
    memory(&stage, &["pin", "m0"]);
    memory(&stage, &["add", "The roof leaks."]);
    let texts = |answer: &Json| -> Vec<String> {
        let hits = answer["hits"].as_array().expect("a list").iter();
        hits.filter_map(|it| it["record"]["text"].as_str().map(str::to_owned)).collect()
    };
    let then = memory(&stage, &["recall", "door", "--as-of", "#1"]);
    assert_eq!(
        (texts(&then), &then["as-of"]["commit"]),
        (vec!["The door is green.".to_owned()], &1.into())
    );
    let people = stage.call(["memory", "recall", "door", "--as-of", "1"]);
    assert!(people.err.contains("as of commit #1 (2"), "{people:?}");
    assert!(people.err.contains("stays forgotten"), "{people:?}");
    let none = memory(&stage, &["recall", "door", "--as-of", "2000-01-01"]);
    assert_eq!((texts(&none).len(), &none["as-of"]["commit"]), (0, &0.into()), "{none}");
    assert_eq!(
        texts(&memory(&stage, &["recall", "door", "--as-of", "2999-01-01"])),
        ["The door is red."]
    );
    let explained = memory(&stage, &["explain", "door", "--id", "m1", "--as-of", "1"]);
    assert_eq!(explained["asked"]["verdict"], "excluded", "{explained}");
    let listed = memory(&stage, &["list", "--as-of", "2"]);
    assert_eq!((&listed["of"], &listed["as-of"]["commit"]), (&2.into(), &2.into()), "{listed}");
    for wrong in ["soon", "#", "999"] {
        refused(&stage, &["recall", "door", "--as-of", wrong], 2);
        refused(&stage, &["diff", wrong], 2);
    }
    let diff = memory(&stage, &["diff", "1"]);
    assert_eq!(diff["added"], serde_json::json!(["m1", "m2"]), "{diff}");
    assert_eq!((&diff["superseded"][0]["from"], &diff["pinned"][0]), (&"m1".into(), &"m0".into()));
    memory(&stage, &["forget", "m1"]);
    let told = stage.call(["memory", "diff", "0"]).out;
    for part in [
        "commit #0 (before the first) to #5 (",
        "added       2: m0, m2",
        "1 more, forgotten since",
        "forgotten   1: m1",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("red") && !told.contains("superseded"), "{told}");
    assert!(refused(&stage, &["diff", "3", "1"], 2).contains("#1 lies before #3"));
    let blame = memory(&stage, &["blame", "m0"]);
    assert_eq!((&blame["author"], &blame["commit"]), (&"Ada".into(), &1.into()), "{blame}");
    assert_eq!(blame["since"].as_array().map(Vec::len), Some(1), "{blame}");
    assert_eq!(blame["since"][0]["deed"], "pinned", "{blame}");
    let told = stage.call(["memory", "blame", "m0"]).out;
    assert!(
        told.contains("commit #1") && told.contains("#3  2") && told.contains("  pinned"),
        "{told}"
    );
    let gone = refused(&stage, &["blame", "m1"], 2);
    assert!(gone.contains("it was forgotten on 2") && gone.contains("in commit #5"), "{gone}");
    let never = refused(&stage, &["blame", "m9"], 2);
    assert!(!never.contains("forgotten"), "{never}");
}

#[test]
fn a_record_is_trusted_as_its_sources_also_once_they_are_gone() {
    let Some(stage) = Stage::new() else { return };
    stage.write("page.jsonl", "{\"id\":1,\"text\":\"The page says that the door is open.\"}\n");
    memory(&stage, &["import", "page.jsonl"]);
    memory(&stage, &["add", "So the door is open.", "--derived-from", "m0"]);
    memory(&stage, &["add", "The door is shut."]);
    let trust = |id: &str| memory(&stage, &["show", id])["trust"].as_str().expect("one").to_owned();
    assert_eq!([trust("m0"), trust("m1"), trust("m2")], ["imported", "imported", "owner"]);
    let lowered = memory(&stage, &["trust", "outside", "m0"]);
    assert_eq!(lowered["lowered"], serde_json::json!([]), "{lowered}");
    let shown = stage.call(["memory", "show", "m1"]);
    assert!(shown.out.contains("trust       outside, by itself owner, through m0"), "{shown:?}");
    let query = ["recall", "door", "--min-trust", "skill"];
    let sure = memory(&stage, &query);
    assert_eq!(sure["hits"].as_array().map(Vec::len), Some(1), "{sure}");
    assert_eq!(sure["hits"][0]["record"]["trust"], "owner");
    let asked =
        memory(&stage, &["explain", "door", "--min-trust", "skill", "--id", "m1"])["asked"].clone();
    assert_eq!(asked["verdict"], "excluded", "{asked}");
    assert_eq!(asked["reason"], "it is trusted as `outside`, through m0, and more is asked for");
    // Who is trusted less hides nothing.
    let told = stage.call(["memory", "relate", "m1", "supersedes", "m2"]);
    assert!(told.err.contains("m2 is trusted more than m1"), "{told:?}");
    assert_eq!(found(&stage, "door is shut").len(), 3);
    memory(&stage, &["forget", "m0"]);
    assert_eq!(trust("m1"), "outside");
    // It is exported as what it is, and comes back as no more.
    memory(&stage, &["export", "--out", "all.jsonl"]);
    let lines = fs::read_to_string(stage.path("all.jsonl")).expect("it was written");
    assert!(lines.contains("\"trust\":\"outside\""), "{lines}");
    memory(&stage, &["import", "all.jsonl", "--space", "again", "--trust", "owner"]);
    assert_eq!([trust("m3"), trust("m4")], ["outside", "owner"]);
    let raised = memory(&stage, &["trust", "owner", "--space", "default"]);
    assert_eq!(raised["ids"], serde_json::json!(["m1", "m2"]));
    assert_eq!(trust("m1"), "owner");
    assert_eq!(found(&stage, "door is shut").iter().filter(|it| it.contains("shut")).count(), 1);
    let told = refused(&stage, &["trust", "root", "m1"], 2);
    assert!(told.contains("`outside`, `skill`, `imported` or `owner`"), "{told}");
    assert!(refused(&stage, &["trust", "owner", "m0"], 2).contains("no memory m0"));
    assert!(refused(&stage, &["add", "x", "--derived-from", "m9"], 2).contains("no memory m9"));
    let diff = memory(&stage, &["diff", "0"]);
    assert_eq!(diff["trusted"], serde_json::json!(["m1", "m2"]), "{diff}");
}

#[test]
fn one_stands_for_those_that_say_the_same_and_undo_leaves_nothing_of_it() {
    let Some(stage) = Stage::new() else { return };
    for (text, tag) in [
        ("The door is green.", "a"),
        ("the door is green", "b"),
        ("The door is really green!", "c"),
        ("The door is not green.", "d"),
    ] {
        memory(&stage, &["add", text, "--tag", tag]);
    }
    // Scores move with the minute.
    let hits = |arguments: &[&str]| {
        let recall = memory(&stage, &[&["recall", "green door"], arguments].concat());
        let hits = recall["hits"].as_array().expect("a list").iter();
        hits.map(|it| (it["record"]["id"].clone(), it["same"].clone())).collect::<Vec<_>>()
    };
    let before = hits(&[]);
    let dry = memory(&stage, &["consolidate", "--dry-run"]);
    assert_eq!((&dry["dry-run"], &dry["commit"]), (&true.into(), &Json::Null), "{dry}");
    assert_eq!(hits(&[]), before);
    let found = memory(&stage, &["consolidate", "--space", "default"]);
    let group = serde_json::json!([
        { "id": "m2", "copies": ["m0", "m1"], "text": "The door is really green!" }
    ]);
    assert_eq!((&found["groups"], &found["copies"]), (&group, &2.into()), "{found}");
    assert_eq!(dry["groups"], group);
    let told = stage.call(["memory", "recall", "green door"]);
    assert!(told.out.contains("and 2 that say the same: m0, m1"), "{told:?}");
    assert_eq!(hits(&[]).len(), 2, "{:?}", hits(&[]));
    assert_eq!(hits(&["--copies"]).len(), 4);
    let shown = [memory(&stage, &["show", "m0"]), memory(&stage, &["show", "m2"])];
    assert_eq!(shown[0]["standing"], "m2");
    assert_eq!(shown[1]["stands-for"], json!(["m0", "m1"]));
    let asked = memory(&stage, &["explain", "green door", "--id", "m0"])["asked"].clone();
    assert_eq!(
        asked["reason"], "m2 stands for it and says the same; `--copies` asks for all",
        "{asked}"
    );
    assert_eq!(memory(&stage, &["list"])["of"], 4);
    let commit = found["commit"].to_string();
    let undone = memory(&stage, &["consolidate", "--undo", &commit]);
    assert_eq!(undone["parted"], json!(["m0", "m1"]), "{undone}");
    assert_eq!(hits(&[]), before, "as it was");
    assert!(
        refused(&stage, &["consolidate", "--undo", &commit], 2).contains("nothing is left of it")
    );
    assert!(refused(&stage, &["consolidate", "--space", "none"], 2).contains("no space `none`"));
    memory(&stage, &["consolidate"]);
    memory(&stage, &["forget", "m2"]);
    assert_eq!(hits(&[]).len(), 3);
}

#[test]
fn what_is_missing_is_named_and_can_be_typed() {
    let Some(stage) = Stage::new() else { return };
    for (command, options) in [
        ("forget", ["--space", "--thread", "--archived"].as_slice()),
        ("forget --older-than 5", &["--archived"]),
        ("restore", &["--from"]),
        ("restore --at 2024-01-01", &["--from"]),
        ("trust owner", &["--space"]),
    ] {
        let told = refused(&stage, &command.split(' ').collect::<Vec<_>>(), 2);
        assert!(options.iter().all(|it| told.contains(it)), "{command}: {told}");
        assert!(!told.contains("<ID>"), "{command}: {told}");
    }
}
