//! What chats, notes and streams say when they are imported, and what nobody can read of them.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
};

use e2e::{Ended, Stage};
use serde_json::Value as Json;

fn memory(stage: &Stage, arguments: &[&str]) -> Json {
    stage.answer([&["memory"], arguments].concat())
}

/// Imports what another program writes.
fn piped(stage: &Stage, path: &str, text: &str) -> Ended {
    let mut command = stage.command(["memory", "import", path, "--json"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("a pipe");
    // It may have ended by then.
    let _ = input.write_all(text.as_bytes());
    drop(input);
    Ended::from(child.wait_with_output().expect("it ends"))
}

#[test]
fn messages_are_told_when_they_were() {
    let Some(stage) = Stage::new() else { return };
    stage.write(
        "chat.txt",
        "\u{200e}[31/12/2023, 10:11:12] Ada: one\n[02/01/2024, 10:11:12] Ada: two\n\
         [2024-01-03, 10:11:12] Ada: three\n[17.05.2024, 10:11] Ada: four\n",
    );
    let imported = memory(&stage, &["import", "chat.txt"]);
    assert_eq!((&imported["records"], &imported["untimed"]), (&4.into(), &0.into()), "{imported}");
    let list = memory(&stage, &["list"]);
    let at = |record: &Json| record["at"].as_str().map(|it| it[..16].to_owned());
    let times: Vec<_> = list["records"].as_array().unwrap().iter().filter_map(at).collect();
    let expected = ["2024-05-17T10:11", "2024-01-03T10:11", "2024-01-02T10:11", "2023-12-31T10:11"];
    assert_eq!(times, expected);
}

#[test]
fn times_that_may_be_two_days_are_counted_and_told() {
    let Some(stage) = Stage::new() else { return };
    let line = "02/01/2024, 10:12 - Bob: text\n";
    stage.write("chat.txt", line.repeat(12));
    stage.write("note.md", "---\ndate: 05/03/2024\n---\nThe roof leaks.\n");
    let told = stage.call(["memory", "import", "chat.txt"]);
    assert!(told.err.contains("12 time(s) can't be read"), "{told:?}");
    let first = "chat.txt:1:1: `02/01/2024, 10:12` may be 2024-01-02 or 2024-02-01";
    assert!(told.err.contains(first) && told.err.contains("  and 2 more"), "{told:?}");
    let note = memory(&stage, &["import", "note.md"]);
    assert_eq!(note["untimed"], 1, "{note}");
    assert!(note["first-untimed"][0].as_str().unwrap().contains("note.md:2:1: `05/03/2024` may"));
    stage.write("bad.jsonl", "x\n".repeat(15));
    let told = stage.call(["memory", "import", "bad.jsonl", "--skip-bad"]);
    assert!(told.err.contains("15 broken record(s)") && told.err.contains("  and 5 more"));
}

#[test]
fn a_stream_is_read_as_it_comes() {
    let Some(stage) = Stage::new() else { return };
    let lines = "{\"text\":\"one\"}\n{\"text\":\"two\"}\n";
    for (path, known) in [("-", 0), ("/dev/stdin", 2)] {
        let imported = piped(&stage, path, lines);
        assert!(imported.out.contains("\"records\":2") == (known == 0), "{imported:?}");
        assert!(imported.out.contains(&format!("\"known\":{known}")), "{imported:?}");
    }
    let file = fs::File::open(stage.write("chat.txt", "[31/12/2023, 10:11] Ada: hello\n")).unwrap();
    let mut command = stage.command(["memory", "import", "-", "--format", "chat"]);
    let redirected = Ended::from(command.stdin(Stdio::from(file)).output().unwrap());
    assert!(redirected.out.contains("1 new record(s)"), "{redirected:?}");
    let told = piped(&stage, "-", "Ada: hello\n");
    assert!(told.code == Some(2) && told.out.contains("standard input:1:1: no JSON"), "{told:?}");
    let made = Command::new("mkfifo").arg(stage.path("pipe.jsonl")).status();
    assert!(made.is_ok_and(|it| it.success()));
    let mut reader = stage.command(["memory", "import", "pipe.jsonl"]);
    let reader = reader.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    fs::write(stage.path("pipe.jsonl"), "{\"text\":\"three\"}\n").unwrap();
    let read = Ended::from(reader.wait_with_output().unwrap());
    assert!(read.out.contains("1 new record(s)"), "{read:?}");
    // The file is another process's, which has the state.
    let other = Stage::new().unwrap();
    let exported = stage.call(["memory", "export"]).out;
    assert!(piped(&other, "-", &exported).out.contains("\"records\":4"));
    assert_eq!(other.call(["memory", "export"]).out.lines().count(), 4);
}

#[test]
fn a_relation_that_was_taken_back_stays_so_when_its_file_is_imported_again() {
    let Some(stage) = Stage::new() else { return };
    let mut text = "{\"id\":\"m0\",\"text\":\"The door is green.\"}\n\
                    {\"id\":\"m1\",\"text\":\"The door is red.\",\"supersedes\":[\"m0\"]}\n\
                    {\"from\":\"m1\",\"kind\":\"about\",\"to\":\"m0\"}\n"
        .to_owned();
    stage.write("a.jsonl", &text);
    assert_eq!(memory(&stage, &["import", "a.jsonl"])["relations"], 2);
    let again = memory(&stage, &["import", "a.jsonl"]);
    assert_eq!((&again["relations"], &again["taken-back"]), (&0.into(), &0.into()), "{again}");
    for kind in ["supersedes", "about"] {
        memory(&stage, &["unrelate", "m1", kind, "m0"]);
    }
    let again = memory(&stage, &["import", "a.jsonl"]);
    assert_eq!((&again["relations"], &again["taken-back"]), (&0.into(), &2.into()), "{again}");
    let told = stage.call(["memory", "import", "a.jsonl"]);
    assert!(
        told.err.contains("2 relation(s) are left out: one between the same records"),
        "{told:?}"
    );
    // The other way round is no circle, and what the file gained comes in.
    memory(&stage, &["relate", "m0", "supersedes", "m1"]);
    text += "{\"id\":\"m2\",\"text\":\"The door is old.\",\"supersedes\":[\"m1\"]}\n";
    text += "{\"from\":\"m1\",\"kind\":\"supersedes\",\"to\":\"m0\"}\n";
    stage.write("a.jsonl", &text);
    let more = memory(&stage, &["import", "a.jsonl"]);
    assert_eq!((&more["records"], &more["relations"]), (&1.into(), &1.into()), "{more}");
    assert_eq!(more["taken-back"], 3, "{more}");
    // What was related again since is there, and nothing is taken back of what is all new.
    memory(&stage, &["relate", "m1", "about", "m0"]);
    assert_eq!(memory(&stage, &["import", "a.jsonl"])["taken-back"], 2);
    let anew = memory(&stage, &["import", "a.jsonl", "--again"]);
    assert_eq!((&anew["records"], &anew["taken-back"]), (&3.into(), &0.into()), "{anew}");
}

#[test]
fn a_file_is_found_again_after_a_shorter_copy_of_it() {
    let Some(stage) = Stage::new() else { return };
    let count = |answer: &Json| ["records", "known", "relations"].map(|it| answer[it].clone());
    let import = |lines: &[&str]| {
        stage.write("a.jsonl", lines.join("\n"));
        count(&memory(&stage, &["import", "a.jsonl"]))
    };
    let (alpha, beta) = ("{\"id\":0,\"text\":\"alpha\"}", "{\"id\":1,\"text\":\"beta\"}");
    let about = "{\"from\":1,\"kind\":\"about\",\"to\":0}";
    let gamma = "{\"id\":2,\"text\":\"gamma\",\"supersedes\":[0]}";
    assert_eq!(import(&[alpha, beta]), [2, 0, 0]);
    assert_eq!(import(&[alpha]), [1, 0, 0]);
    assert_eq!(import(&[alpha, beta, about, gamma]), [1, 2, 2]);
    let beta_of = |id: &str| memory(&stage, &["show", id])["relations"][0].clone();
    assert_eq!((&beta_of("m1")["from"], &beta_of("m1")["to"]), (&"m1".into(), &"m2".into()));
    assert_eq!(import(&[alpha, beta, gamma]), [0, 3, 0]);

    let chat = |messages: usize| {
        stage.write("chat.txt", &"Ada: one\nBob: two\nAda: three\n"[..[0, 9, 18, 29][messages]]);
        count(&memory(&stage, &["import", "chat.txt"]))
    };
    assert_eq!([chat(2), chat(1), chat(3)], [[2, 0, 0], [1, 0, 0], [1, 2, 0]]);
}

#[test]
fn what_stands_before_a_broken_line_is_known_once_that_is_mended() {
    let Some(stage) = Stage::new() else { return };
    let import = |line: &str| {
        let lines = ["{\"text\":\"one\"}", "{\"text\":\"two\"}", line, "{\"text\":\"four\"}"];
        stage.write("a.jsonl", lines.join("\n"));
        let answer = memory(&stage, &["import", "a.jsonl", "--skip-bad"]);
        ["records", "known", "bad"].map(|it| answer[it].clone())
    };
    assert_eq!(import("nonsense"), [3, 0, 1]);
    assert_eq!(import("nonsense"), [0, 3, 1]);
    assert_eq!(import("{\"text\":\"three\"}"), [2, 2, 0]);
}

#[test]
fn relations_of_the_same_two_records_are_all_imported_and_once() {
    let Some(stage) = Stage::new() else { return };
    for text in ["The door is green.", "The house has a door."] {
        memory(&stage, &["add", text]);
    }
    for weight in ["0.5", "0.9", "0.9"] {
        memory(&stage, &["relate", "m0", "about", "m1", "--weight", weight]);
    }
    let relations = |stage: &Stage, path: &str| {
        memory(stage, &["import", path])["relations"].as_u64().expect("a number")
    };
    for file in ["a.jsonl", "a.parquet"] {
        assert_eq!(memory(&stage, &["export", "--out", file])["relations"], 3);
        let other = Stage::new().unwrap();
        let path = stage.path(file);
        let path = path.to_str().unwrap();
        assert_eq!([relations(&other, path), relations(&other, path)], [3, 0], "{file}");
    }
    // Of one that is told more often than it was, the others come in.
    let lines = fs::read_to_string(stage.path("a.jsonl")).unwrap();
    let last = lines.lines().next_back().unwrap();
    let more = stage.write("a.jsonl", format!("{lines}{last}\n"));
    let other = Stage::new().unwrap();
    other.write("a.jsonl", &lines);
    assert_eq!(relations(&other, "a.jsonl"), 3);
    assert_eq!(relations(&other, more.to_str().unwrap()), 1);
}

#[test]
fn known_records_that_are_trusted_otherwise_are_told() {
    let Some(stage) = Stage::new() else { return };
    let less = "{\"text\":\"three\",\"trust\":\"skill\"}";
    stage.write("a.jsonl", format!("{{\"text\":\"one\"}}\n{{\"text\":\"two\"}}\n{less}\n"));
    let otherwise = |arguments: &[&str]| {
        memory(&stage, &[&["import", "a.jsonl"], arguments].concat())["trusted-otherwise"].clone()
    };
    let owner = ["--trust", "owner"];
    assert_eq!([otherwise(&[]), otherwise(&[]), otherwise(&owner)], [0, 0, 2]);
    memory(&stage, &["trust", "owner", "m0"]);
    let told = stage.call(["memory", "import", "a.jsonl", "--trust", "owner"]);
    assert!(told.err.contains("1 of them are trusted otherwise"), "{told:?}");
    memory(&stage, &["forget", "m1"]);
    assert_eq!(otherwise(&owner), 0);
}

#[test]
fn what_is_exported_is_read_however_much_it_supersedes_or_escapes() {
    let Some(stage) = Stage::new() else { return };
    let mut text: String =
        (0..100).map(|it| format!("{{\"id\":{it},\"text\":\"Door {it} is green.\"}}\n")).collect();
    let long = "\\u0001".repeat(400_000);
    text += &format!("{{\"id\":100,\"text\":\"All doors are red. {long}\"}}\n");
    text += &(0..100)
        .map(|it| format!("{{\"from\":100,\"kind\":\"supersedes\",\"to\":{it}}}\n"))
        .collect::<String>();
    stage.write("a.jsonl", &text);
    let imported = memory(&stage, &["import", "a.jsonl"]);
    assert_eq!((&imported["records"], &imported["relations"]), (&101.into(), &100.into()));
    for file in ["b.jsonl", "b.parquet"] {
        let exported = memory(&stage, &["export", "--out", file]);
        assert_eq!(exported["relations"], 100, "{exported}");
        let other = Stage::new().unwrap();
        let path = stage.path(file);
        let read = memory(&other, &["import", path.to_str().unwrap()]);
        assert_eq!((&read["records"], &read["relations"]), (&101.into(), &100.into()), "{file}");
    }
}

/// A pipe gives as little at once as was written.
#[test]
fn a_stream_that_begins_slowly_is_read_whole() {
    let Some(stage) = Stage::new() else { return };
    let mut command = stage.command(["memory", "import", "-", "--json"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("a pipe");
    for part in ["\u{feff}", "\n", "[", "\n", "{\"text\":", "\"one\"}\n]\n"] {
        input.write_all(part.as_bytes()).unwrap();
        input.flush().unwrap();
        std::thread::yield_now();
    }
    drop(input);
    let read = Ended::from(child.wait_with_output().expect("it ends"));
    assert!(read.out.contains("\"records\":1"), "{read:?}");
}

#[test]
fn what_can_t_be_read_of_a_folder_is_counted_where_that_is_asked_for() {
    let Some(stage) = Stage::new() else { return };
    stage.write("notes/a.md", "The door is green.\n");
    stage.write("notes/b.md", b"caf\xe9\n");
    let stopped = stage.call(["memory", "import", "notes"]);
    assert_eq!(stopped.code, Some(2), "{stopped:?}");
    assert!(stopped.err.contains("count it with --skip-bad"), "{stopped:?}");
    stage.write("notes/c.md", "The roof leaks.\n");
    stage.write("notes/inner/d.md", "The cellar is dry.\n");
    stage.write("notes/z.md", "The attic is full.\n");
    for name in ["notes/c.md", "notes/inner"] {
        let none = fs::Permissions::from_mode(0o000);
        fs::set_permissions(stage.path(name), none).expect("it is ours");
    }
    let import = |more: &[&str]| {
        let mut command =
            stage.command_bound_by_permissions([&["memory", "import", "notes"], more].concat())?;
        Some(Ended::from(command.output().expect("the program starts")))
    };
    let Some(stopped) = import(&[]) else { return };
    assert_eq!(stopped.code, Some(5), "{stopped:?}");
    assert!(stopped.err.contains("notes/inner"), "{stopped:?}");
    assert!(stopped.err.contains("count it with --skip-bad"), "{stopped:?}");
    let skipped = import(&["--skip-bad"]).expect("it was bound before");
    assert_eq!(skipped.code, Some(0), "{skipped:?}");
    assert!(skipped.out.contains("1 new record(s)"), "{skipped:?}");
    assert!(skipped.err.contains("3 broken record(s) were passed over"), "{skipped:?}");
    for name in ["b.md:1:", "c.md: ", "inner: "] {
        assert!(skipped.err.contains(&format!("notes/{name}")), "{skipped:?}");
    }
    let all = fs::Permissions::from_mode(0o700);
    fs::set_permissions(stage.path("notes/inner"), all).expect("it is ours");
}
