//! What chats and notes say when they are imported, and what nobody can read of them.

use e2e::Stage;
use serde_json::Value as Json;

fn memory(stage: &Stage, arguments: &[&str]) -> Json {
    stage.answer([&["memory"], arguments].concat())
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
