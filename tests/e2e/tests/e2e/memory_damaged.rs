//! A memory of which no record can be read: it is not empty, and nobody says so.

use std::fs;

use e2e::Stage;

const FILE: &str = "{\"text\":\"The door is green.\"}\n{\"text\":\"The roof leaks.\"}\n";

fn with_records() -> Option<Stage> {
    let stage = Stage::new()?;
    stage.write("some.jsonl", FILE);
    stage.answer(["memory", "import", "some.jsonl"]);
    Some(stage)
}

#[test]
fn a_memory_under_the_keys_of_another_one_is_not_called_empty() {
    let (Some(stage), Some(other)) = (with_records(), with_records()) else { return };
    let keys = "state/memory/keys";
    fs::copy(other.path(keys), stage.path(keys)).expect("files can be copied");
    for command in ["list", "recall door", "explain door", "stats", "import some.jsonl"] {
        let ended = stage.call(["memory"].into_iter().chain(command.split(' ')));
        assert_eq!(ended.code, Some(0), "{command}: {ended:?}");
        assert!(!ended.err.contains("nothing is remembered yet"), "{command}: {ended:?}");
        assert!(!ended.err.contains("forgotten since"), "{command}: {ended:?}");
        let told = "damaged: `agent-host memory verify` says which";
        assert!(ended.err.contains("2 record(s) ") && ended.err.contains(told), "{ended:?}");
    }
    for command in ["list", "recall door", "explain door", "import some.jsonl"] {
        let answer = stage.answer(["memory"].into_iter().chain(command.split(' ')));
        assert_eq!(answer["damaged"], 2, "{command}: {answer}");
    }
    let taken = stage.call(["memory", "snapshot", "backup"]);
    assert!(taken.err.contains("2 record(s) are damaged"), "{taken:?}");
    let shown = stage.call(["memory", "show", "m0"]);
    assert_eq!(shown.code, Some(5), "{shown:?}");
    assert!(shown.err.contains("put back a copy of the whole folder"), "{shown:?}");
    let gone = stage.call(["memory", "forget", "--space", "default", "--yes"]);
    assert!(gone.err.contains("2 record(s) are damaged"), "{gone:?}");
    let list = stage.call(["memory", "list"]);
    assert!(list.err.contains("2 record(s) are damaged"), "{list:?}");
}
