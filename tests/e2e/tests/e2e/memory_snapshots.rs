//! Backups of the memory: taken while another process has it, restored elsewhere, reached by forgetting.

use std::fs;

use e2e::{Stage, Telling, tree};
use serde_json::{Value as Json, json};

fn memory(stage: &Stage, arguments: &[&str]) -> Json {
    stage.answer([&["memory"], arguments].concat())
}

fn refused(stage: &Stage, arguments: &[&str], code: i32) -> String {
    let ended = stage.call([&["memory"], arguments].concat());
    assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
    ended.err
}

/// Whether any file of a folder holds these bytes.
fn holds(stage: &Stage, folder: &str, bytes: &[u8]) -> bool {
    let files = tree(&stage.path(folder));
    files.iter().any(|(_, content)| content.windows(bytes.len()).any(|it| it == bytes))
}

#[test]
fn a_snapshot_is_restored_and_what_was_forgotten_is_not() {
    let Some(stage) = Stage::new() else { return };
    for text in ["The door is green.", "The vault opens with xylophone.", "The roof leaks."] {
        memory(&stage, &["add", text]);
    }
    memory(&stage, &["relate", "m0", "near", "m2"]);
    memory(&stage, &["relate", "m2", "derived-from", "m1"]);
    let first = memory(&stage, &["snapshot", "backup"]);
    assert_eq!((&first["name"], &first["records"]), (&"snapshot-00000001".into(), &3.into()));
    let keys = fs::read(stage.path("backup/keys")).expect("the keys of the backup");
    fs::remove_file(stage.path("backup/keys")).expect("it goes");
    let told = refused(&stage, &["snapshots", "backup"], 5);
    assert!(told.contains("its file `keys` is missing") && !told.contains("not there"), "{told}");
    fs::write(stage.path("backup/keys"), keys).expect("it comes back");
    let told = refused(&stage, &["snapshots", "backup/keys"], 5);
    assert!(told.contains("it is no folder"), "{told}");
    let told = refused(&stage, &["snapshot", "backup/keys"], 5);
    assert!(told.contains("not a directory"), "{told}");
    let told = refused(&stage, &["snapshots", "state"], 5);
    assert!(told.contains("has no snapshots") && !told.contains("not there"), "{told}");
    let again = stage.call(["memory", "snapshot", "backup"]);
    assert!(again.code == Some(0) && again.err.contains("0 B of"), "{again:?}");
    let keys = fs::read(stage.path("backup/keys")).expect("the keys of the backup");
    let key = &keys[512 + 32..512 + 64];
    assert!(holds(&stage, "backup", key), "the search finds what is there");
    let receipt = stage.call(["memory", "forget", "m1"]);
    assert!(receipt.out.contains("also in the snapshots in"), "{receipt:?}");
    assert!(!holds(&stage, "backup", key), "no snapshot can be read");
    assert!(!holds(&stage, "backup", b"xylophone") && !holds(&stage, "backup", b"door"));
    // Where there is a memory, none is put in its place.
    let full = refused(&stage, &["restore", "--from", "backup"], 2);
    assert!(full.contains("there is a memory already") && full.contains("--state"), "{full}");
    fs::rename(stage.path("state/memory"), stage.path("away")).expect("it moves");
    let unknown = refused(&stage, &["restore", "--from", "backup", "--at", "snapshot-00000009"], 2);
    assert!(unknown.contains("memory snapshots FOLDER"), "{unknown}");
    refused(&stage, &["restore", "m0", "--at", "snapshot-00000001"], 2);
    let nonsense = refused(&stage, &["restore", "--from", "backup", "--at", "noon"], 2);
    assert!(nonsense.contains("no name of a snapshot, and no time"), "{nonsense}");
    let restored =
        stage.call(["memory", "restore", "--from", "backup", "--at", "snapshot-00000001"]);
    assert!(restored.out.contains("2 record(s) of snapshot-00000001"), "{restored:?}");
    assert!(restored.err.contains("1 record(s) were forgotten since"), "{restored:?}");
    assert!(restored.err.contains("derived from what was forgotten since: m2."), "{restored:?}");
    let recall = memory(&stage, &["recall", "green door"]);
    assert_eq!(recall["hits"][0]["record"]["id"], "m0", "{recall}");
    let verified = memory(&stage, &["verify"]);
    assert_eq!((&verified["whole"], &verified["relations"]), (&true.into(), &1.into()));
    // There are later snapshots than the one that it came from.
    let later = refused(&stage, &["snapshot", "backup"], 5);
    assert!(later.contains("name another folder"), "{later}");
    memory(&stage, &["snapshot", "other"]);
}

#[test]
fn a_newer_snapshot_that_is_damaged_is_told_where_an_older_one_is_restored() {
    let Some(stage) = Stage::new() else { return };
    for text in ["The door is green.", "The roof leaks."] {
        memory(&stage, &["add", text]);
        memory(&stage, &["snapshot", "backup"]);
    }
    let newest = fs::OpenOptions::new().write(true).open(stage.path("backup/snapshot-00000002"));
    newest.and_then(|it| it.set_len(100)).expect("it can be cut off");
    fs::rename(stage.path("state/memory"), stage.path("away")).expect("it moves");
    let restored = stage.call(["memory", "restore", "--from", "backup"]);
    assert!(restored.out.contains("1 record(s) of snapshot-00000001"), "{restored:?}");
    assert!(
        restored.err.contains("snapshot-00000002 is newer, and was passed over"),
        "{restored:?}"
    );
    fs::remove_dir_all(stage.path("state/memory")).expect("it goes");
    let named = memory(&stage, &["restore", "--from", "backup", "--at", "snapshot-00000001"]);
    assert_eq!(named["passed-over"].as_array().map(Vec::len), Some(0), "{named}");
}

#[test]
fn a_folder_of_snapshots_is_verified_without_restoring_it() {
    let Some(stage) = Stage::new() else { return };
    for text in ["The door is green.", "The roof leaks."] {
        memory(&stage, &["add", text]);
    }
    memory(&stage, &["snapshot", "backup"]);
    let whole = stage.call(["memory", "snapshots", "backup", "--verify"]);
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert!(whole.out.contains("part(s) read, and all records open"), "{whole:?}");
    let keys = fs::read(stage.path("backup/keys")).expect("it is there");
    let mut bytes = keys.clone();
    bytes[512 + 32] ^= 1;
    fs::write(stage.path("backup/keys"), bytes).expect("it is written");
    let damaged = stage.call(["memory", "snapshots", "backup", "--verify", "--json"]);
    assert_eq!(damaged.code, Some(1), "{damaged:?}");
    let found: Json = serde_json::from_str(&damaged.out).expect("an answer");
    assert_eq!(found["answer"]["verified"]["unopened"], json!(["m1"]), "{found}");
    fs::write(stage.path("backup/keys"), keys).expect("it is written");
    let chunk = fs::read_dir(stage.path("backup")).expect("a folder").find_map(|it| {
        let path = it.expect("a file").path();
        path.to_string_lossy().contains("chunk-").then_some(path)
    });
    fs::write(chunk.expect("a part"), "rotten").expect("it is written");
    let damaged = stage.call(["memory", "snapshots", "backup", "--verify"]);
    assert_eq!(damaged.code, Some(1), "{damaged:?}");
    assert!(damaged.out.contains("is damaged: it has another length"), "{damaged:?}");
    assert!(damaged.err.contains("writes anew what it needs"), "{damaged:?}");
    let listed = memory(&stage, &["snapshots", "backup"]);
    assert_eq!((&listed["verified"], &listed["damaged"]), (&Json::Null, &json!([])), "{listed}");
    // What the program advised.
    memory(&stage, &["snapshot", "backup"]);
    memory(&stage, &["snapshots", "backup", "--verify"]);
}

#[test]
fn a_backup_that_is_away_is_named_and_damage_is_told() {
    let Some(stage) = Stage::new() else { return };
    memory(&stage, &["add", "The door is green."]);
    memory(&stage, &["add", "The roof leaks."]);
    memory(&stage, &["snapshot", "backup"]);
    fs::rename(stage.path("backup"), stage.path("unplugged")).expect("it moves");
    let receipt = stage.call(["memory", "forget", "m0"]);
    assert!(receipt.err.contains("NOT yet in the snapshots in"), "{receipt:?}");
    assert!(!stage.path("backup").exists(), "nothing is made in its place");
    fs::rename(stage.path("unplugged"), stage.path("backup")).expect("it moves");
    let pending = memory(&stage, &["forget", "m1"]);
    assert_eq!(
        (pending["snapshots"].as_array().map(Vec::len), &pending["pending"]),
        (Some(1), &Json::Array(Vec::new()))
    );
    assert!(refused(&stage, &["snapshots", "state", "--leave"], 2).contains("it has: "));
    let folder = stage.path("backup").canonicalize().expect("it is there");
    memory(&stage, &["snapshots", folder.to_str().expect("text"), "--leave"]);
    let inside = refused(&stage, &["snapshot", "state/backup"], 2);
    assert!(inside.contains("lies in the state folder"), "{inside}");

    memory(&stage, &["add", "The wall is blue."]);
    let keys = stage.path("state/memory/keys");
    let mut bytes = fs::read(&keys).expect("the keys");
    bytes[512 + 2 * 32] ^= 1;
    fs::write(&keys, bytes).expect("they are written");
    let damaged = stage.call(["memory", "verify"]);
    assert_eq!(damaged.code, Some(1), "{damaged:?}");
    assert!(damaged.out.contains("record m2: its row does not open under its key"), "{damaged:?}");
    assert!(damaged.out.contains("`memory forget m2`"), "{damaged:?}");
}

#[test]
fn two_sticks_in_one_place_are_two_folders() {
    let Some(stage) = Stage::new() else { return };
    let (backup, other) = (stage.path("backup"), stage.path("other"));
    for text in ["The door is green.", "The roof leaks.", "The wall is blue."] {
        memory(&stage, &["add", text]);
    }
    memory(&stage, &["snapshot", "backup"]);
    fs::rename(&backup, &other).expect("it is unplugged");
    memory(&stage, &["snapshot", "backup"]);
    let told = memory(&stage, &["forget", "m0"]);
    assert_eq!(told["snapshots"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(told["pending"][0]["problem"], "another folder lies there now", "{told}");
    let away = told["pending"][0]["name"].as_str().expect("a text").to_owned();
    let path = backup.canonicalize().expect("it is there").display().to_string();
    assert!(away.starts_with(&format!("{path}#")), "{told}");
    // The path alone says too little.
    let which = refused(&stage, &["snapshots", &path, "--leave"], 2);
    assert!(which.contains(&away), "{which}");
    // What is restored knows both, and forgets in both.
    memory(&stage, &["snapshot", "backup"]);
    fs::rename(stage.path("state/memory"), stage.path("away")).expect("it moves");
    let restored = stage.call(["memory", "restore", "--from", "backup"]);
    assert!(restored.err.contains(&format!("other folders with snapshots of this memory: {away}")));
    fs::rename(&backup, stage.path("first")).expect("it is unplugged");
    fs::rename(&other, &backup).expect("it is plugged in");
    let told = memory(&stage, &["forget", "m1"]);
    assert_eq!(told["snapshots"][0], away.as_str(), "{told}");
    let keys = fs::read(stage.path("backup/keys")).expect("the keys of the backup");
    assert_eq!(keys[512..512 + 64], [0; 64], "it is caught up with");
    let left = memory(&stage, &["snapshots", &away, "--leave"]);
    assert_eq!(left["folder"], away.as_str(), "{left}");
    let stats = memory(&stage, &["stats"]);
    assert_eq!(stats["snapshots"][0]["folder"], path.as_str(), "{stats}");
}

#[test]
fn a_folder_that_is_thinned_out_does_not_grow_for_ever() {
    let Some(stage) = Stage::new() else { return };
    for text in ["The door is green.", "The roof leaks.", "The wall is blue."] {
        memory(&stage, &["add", text]);
        let taken = memory(&stage, &["snapshot", "backup", "--keep", "2"]);
        let damaged = taken["aside"].as_array().map(Vec::len);
        assert_eq!(damaged, Some(0), "{taken}");
    }
    let listed = memory(&stage, &["snapshots", "backup"]);
    let names: Vec<&str> = listed["snapshots"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert_eq!(names, ["snapshot-00000002", "snapshot-00000003"]);
    let told = stage.call(["memory", "snapshot", "backup", "--keep", "1"]);
    assert!(told.code == Some(0) && told.err.contains("2 older one(s) removed"), "{told:?}");
    refused(&stage, &["snapshot", "backup", "--keep", "0"], 2);
    fs::write(stage.path("backup/snapshot-00000003"), "Dear diary,".repeat(99)).expect("written");
    let told = stage.call(["memory", "snapshot", "backup", "--keep", "1"]);
    assert!(told.err.contains("left as it is: snapshot-00000003: it is no snapshot"), "{told:?}");
    assert!(stage.path("backup/snapshot-00000003").exists(), "nobody's are not removed");
    memory(&stage, &["forget", "m0"]);
    fs::rename(stage.path("state/memory"), stage.path("away")).expect("it moves");
    let restored = memory(&stage, &["restore", "--from", "backup"]);
    assert_eq!((&restored["records"], &restored["forgotten"]), (&2.into(), &1.into()));
}

#[test]
fn a_host_that_has_the_memory_takes_its_snapshots() {
    let Some(stage) = Stage::new() else { return };
    memory(&stage, &["add", "The door is green."]);
    let mut host = Telling::begin(stage.command(["serve", "--json"]));
    host.until(&["serving"]);
    assert_eq!(memory(&stage, &["snapshot", "backup"])["records"], 1);
    assert_eq!(memory(&stage, &["verify"])["whole"], true);
    let listed = memory(&stage, &["snapshots", "backup"]);
    assert_eq!(listed["snapshots"].as_array().map(Vec::len), Some(1), "{listed}");
    host.stop();
}
