//! Skills are installed, updated and removed; what asks for more waits for a person.

use std::{fs, path::Path, process::Stdio};

use e2e::{Ended, Stage};
use serde_json::Value as Json;

/// A skill `acme:spelling` that asks for these interfaces.
pub(crate) fn component(version: &str, asks: &[&str], number: u32) -> Vec<u8> {
    named("acme:spelling", version, asks, number)
}

pub(crate) fn named(package: &str, version: &str, asks: &[&str], number: u32) -> Vec<u8> {
    let imports: String = asks.iter().map(|it| format!("(import \"{it}\" (instance))\n")).collect();
    let text = format!(
        "(component {imports}
           (core module $m (func (export \"f\") (result i32) i32.const {number}))
           (core instance $i (instantiate $m))
           (func $f (result u32) (canon lift (core func $i \"f\")))
           (instance $e (export \"count\" (func $f)))
           (export \"{package}/checking@{version}\" (instance $e)))"
    );
    wat::parse_str(text).expect("it is a component")
}

pub(crate) const FILES: &str = "voyager:workspace/files@0.1.0";
pub(crate) const PROCESS: &str = "voyager:process/process@0.1.0";

/// The folder that skills are installed into.
fn served(stage: &Stage) -> std::path::PathBuf {
    stage.path(".local/share/voyager/skills")
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.flatten().map(|it| it.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What the installed skill gives.
pub(crate) fn count(stage: &Stage) -> Json {
    let mut counted = stage.answer(["skill", "run", "spelling/count"]);
    let outputs = counted["outputs"].as_object_mut().expect("outputs");
    outputs.values_mut().next().expect("one").take()
}

fn installed(stage: &Stage) -> Vec<String> {
    let listed = stage.answer(["skill", "list"]);
    let all = listed["installed"].as_array().expect("a list").iter();
    all.map(|it| format!("{} {}", it["package"], it["version"]).replace('"', "")).collect()
}

/// Fails as it should; gives back the error.
pub(crate) fn refused(stage: &Stage, arguments: &[&str], code: i32) -> Json {
    let ended = stage.call([arguments, &["--json"]].concat());
    assert_eq!(ended.code, Some(code), "{ended:?}");
    ended.last()["error"].take()
}

#[test]
fn a_skill_is_installed_used_and_removed() {
    let Some(stage) = Stage::new() else { return };
    stage.write("spelling.wasm", component("1.0.0", &[FILES], 7));
    let ended = stage.call(["skill", "install", "spelling.wasm"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("acme:spelling@1.0.0 is installed"), "{ended:?}");
    assert!(ended.out.contains(&format!("asks for {FILES}")), "{ended:?}");
    assert_eq!(names(&served(&stage)), ["acme.spelling@1.0.0.wasm"]);
    assert_eq!(count(&stage), 7);
    let again = stage.answer(["skill", "install", "spelling.wasm"]);
    assert_eq!(again["skills"][0]["outcome"], "unchanged", "{again}");
    assert_eq!(stage.call(["skill", "remove", "spelling"]).code, Some(0));
    assert!(names(&served(&stage)).is_empty() && installed(&stage).is_empty());
}

#[test]
fn a_folder_gives_all_its_components() {
    let Some(stage) = Stage::new() else { return };
    stage.write("shop/a.wasm", named("acme:one", "1.0.0", &[], 1));
    stage.write("shop/b.wasm", named("acme:two", "1.0.0", &[], 2));
    stage.answer(["skill", "install", "shop"]);
    assert_eq!(installed(&stage), ["acme:one 1.0.0", "acme:two 1.0.0"]);
    let error = refused(&stage, &["skill", "install", "manifests-are-none"], 5);
    assert!(error["message"].as_str().expect("a text").contains("cannot read"), "{error}");
}

#[test]
fn an_update_that_asks_for_more_is_held_until_it_is_approved() {
    let Some(stage) = Stage::new() else { return };
    stage.write("one.wasm", component("1.0.0", &[FILES], 1));
    stage.write("two.wasm", component("1.1.0", &[FILES], 2));
    stage.write("more.wasm", component("1.2.0", &[FILES, PROCESS], 3));
    stage.answer(["skill", "install", "one.wasm"]);
    // One that asks for the same takes its place.
    let two = stage.answer(["skill", "install", "two.wasm"]);
    assert_eq!(two["skills"][0]["replaced"][0], "acme:spelling@1.0.0", "{two}");
    let ended = stage.call(["skill", "install", "more.wasm"]);
    assert_eq!(ended.code, Some(7), "{ended:?}");
    for part in [
        "acme:spelling@1.2.0 is held",
        &format!("+ asks for {PROCESS}"),
        "agent-host skill approve acme:spelling@1.2.0",
    ] {
        assert!(ended.err.contains(part), "{part}: {ended:?}");
    }
    assert_eq!(count(&stage), 2, "the approved one is served");
    let listed = stage.answer(["skill", "list"]);
    assert_eq!(listed["held"][0]["version"], "1.2.0", "{listed}");
    stage.answer(["skill", "approve", "spelling"]);
    assert_eq!(count(&stage), 3);
    assert_eq!(installed(&stage), ["acme:spelling 1.2.0"]);
}

#[test]
fn older_other_and_unpinned_contents_are_refused() {
    let Some(stage) = Stage::new() else { return };
    let new = component("2.0.0", &[], 1);
    stage.write("new.wasm", &new);
    stage.write("old.wasm", component("1.0.0", &[], 2));
    let pin = format!("blake3:{}", voyager_base::Digest::of(&new));
    refused(&stage, &["skill", "install", "old.wasm", "--hash", &pin], 4);
    stage.answer(["skill", "install", "new.wasm", "--hash", &pin]);
    let error = refused(&stage, &["skill", "install", "old.wasm"], 4);
    assert!(error["hint"].as_str().expect("a hint").contains("--downgrade"), "{error}");
    refused(&stage, &["skill", "install", "old.wasm", "--downgrade", "--frozen"], 4);
    stage.answer(["skill", "install", "old.wasm", "--keep"]);
    assert_eq!(installed(&stage), ["acme:spelling 1.0.0", "acme:spelling 2.0.0"]);
    stage.answer(["skill", "install", "old.wasm", "--downgrade"]);
    refused(&stage, &["skill", "install", "new.wasm", "--hash", "blake3:12"], 2);
}

#[test]
fn what_is_no_skill_or_has_no_proper_name_is_not_installed() {
    let Some(stage) = Stage::new() else { return };
    stage.write("text.wasm", "no component");
    let whole = component("1.0.0", &[], 1);
    stage.write("half.wasm", &whole[..whole.len() / 2]);
    stage.write("unknown.wasm", component("1.0.0", &["acme:secret/door@1.0.0"], 1));
    for file in ["text.wasm", "half.wasm", "unknown.wasm", "../../etc/passwd"] {
        refused(&stage, &["skill", "install", file], 5);
    }
    assert!(names(&served(&stage)).is_empty());
}

#[test]
fn two_that_install_at_once_leave_one_whole_skill() {
    let Some(stage) = Stage::new() else { return };
    let mut children = Vec::new();
    for number in 0..4 {
        let file = format!("{number}.wasm");
        stage.write(&file, component(&format!("1.{number}.0"), &[], number));
        let mut command = stage.command(["skill", "install", &file, "--downgrade", "--json"]);
        children.push(command.stdout(Stdio::piped()).spawn().expect("the program starts"));
    }
    for child in children {
        let ended = Ended::from(child.wait_with_output().expect("it ends"));
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let left = installed(&stage);
    assert_eq!(left.len(), 1, "{left:?}");
    let version = left[0].split(' ').nth(1).expect("a version");
    assert_eq!(names(&served(&stage)), [format!("acme.spelling@{version}.wasm")]);
}

/// Keys by the name of their files, and a component that is signed with them.
pub(crate) fn signed(stage: &Stage, key: &str, file: &str, content: &[u8]) {
    if !stage.path(&format!("{key}.key")).exists() {
        stage.answer(["skill", "keygen", key, "--no-password"]);
    }
    stage.write(file, content);
    stage.answer(["skill", "sign", file, "--key", &format!("{key}.key")]);
}

pub(crate) fn trust(stage: &Stage, key: &str, packages: &str) {
    stage.answer(["skill", "trust", "add", key, &format!("{key}.pub"), "--package", packages]);
}

pub(crate) fn message(error: &Json) -> &str {
    error["message"].as_str().expect("a message")
}

#[test]
fn a_signature_of_another_content_or_key_is_refused() {
    let Some(stage) = Stage::new() else { return };
    let (one, other) = (component("1.0.0", &[], 1), component("1.1.0", &[], 2));
    signed(&stage, "acme", "one.wasm", &one);
    signed(&stage, "mallory", "other.wasm", &other);
    trust(&stage, "acme", "acme:*");
    // Changed after it was signed.
    stage.write("one.wasm", [one.as_slice(), b"\0\x05\x04more"].concat());
    let error = refused(&stage, &["skill", "install", "one.wasm"], 4);
    assert!(message(&error).contains("is not one of this content"), "{error}");
    // The signature of another file.
    let copied = fs::read(stage.path("one.wasm.minisig")).expect("it is signed");
    stage.write("third.wasm", component("1.2.0", &[], 3));
    stage.write("third.wasm.minisig", copied);
    refused(&stage, &["skill", "install", "third.wasm"], 4);
    stage.write("third.wasm.minisig", "no signature at all");
    refused(&stage, &["skill", "install", "third.wasm"], 4);
    // A key that nobody trusts is no signature, and on this machine not needed.
    let done = stage.answer(["skill", "install", "other.wasm"]);
    assert_eq!(done["skills"][0]["signer"], Json::Null, "{done}");
    // A trusted key, but not with this package.
    signed(&stage, "acme", "foreign.wasm", &named("other:spelling", "1.0.0", &[], 1));
    let error = refused(&stage, &["skill", "install", "foreign.wasm"], 4);
    assert!(message(&error).contains("may not sign other:spelling"), "{error}");
}

#[test]
fn an_update_by_another_signer_is_held() {
    let Some(stage) = Stage::new() else { return };
    signed(&stage, "acme", "one.wasm", &component("1.0.0", &[], 1));
    signed(&stage, "new", "two.wasm", &component("1.1.0", &[], 2));
    stage.write("three.wasm", component("1.2.0", &[], 3));
    trust(&stage, "acme", "acme:*");
    trust(&stage, "new", "*");
    let one = stage.answer(["skill", "install", "one.wasm"]);
    assert_eq!(one["skills"][0]["signer"]["name"], "acme", "{one}");
    let error = refused(&stage, &["skill", "install", "two.wasm"], 7);
    assert!(message(&error).contains("was signed by acme"), "{error}");
    let error = refused(&stage, &["skill", "install", "three.wasm"], 7);
    assert!(message(&error).contains("this by no trusted key"), "{error}");
    stage.answer(["skill", "approve", "spelling@1.1.0"]);
    assert_eq!(count(&stage), 2);
}

#[test]
fn where_unsigned_skills_are_denied_none_is_served() {
    let Some(stage) = Stage::new() else { return };
    stage.write("one.wasm", component("1.0.0", &[], 1));
    stage.answer(["skill", "install", "one.wasm"]);
    stage.answer(["skill", "trust", "unsigned", "deny"]);
    let error = refused(&stage, &["skill", "install", "one.wasm", "--keep"], 4);
    assert!(message(&error).contains("denies"), "{error}");
    let reasons = || {
        let listed = stage.answer(["skill", "list"]);
        let all = listed["quarantined"].as_array().expect("a list").clone();
        let own = all.into_iter().filter(|it| it["file"].to_string().contains(".local"));
        own.map(|it| it["reason"].to_string()).collect::<Vec<_>>()
    };
    assert!(reasons()[0].contains("denies"), "{:?}", reasons());
    // Signed, and put into the folder by hand.
    signed(&stage, "acme", "two.wasm", &component("2.0.0", &[], 2));
    trust(&stage, "acme", "acme:*");
    for end in ["wasm", "wasm.minisig"] {
        let content = fs::read(stage.path(&format!("two.{end}"))).expect("it is signed");
        stage.write(&format!(".local/share/voyager/skills/two.{end}"), content);
    }
    assert_eq!((count(&stage), reasons().len()), (Json::from(2), 1));
    stage.answer(["skill", "trust", "remove", "acme"]);
    assert_eq!(reasons().len(), 2);
}

#[test]
fn an_installed_file_that_somebody_changed_is_not_served() {
    let Some(stage) = Stage::new() else { return };
    stage.write("one.wasm", component("1.0.0", &[], 1));
    stage.answer(["skill", "install", "one.wasm"]);
    let file = served(&stage).join("acme.spelling@1.0.0.wasm");
    fs::write(&file, component("1.0.0", &[PROCESS], 9)).expect("it can be written");
    let listed = stage.answer(["skill", "list"]);
    let quarantined = listed["quarantined"].to_string();
    assert!(quarantined.contains("as it was installed"), "{quarantined}");
    stage.answer(["skill", "install", "one.wasm"]);
    assert_eq!(count(&stage), 1);
}

#[test]
fn a_policy_that_is_wrong_lets_nothing_in() {
    let Some(stage) = Stage::new() else { return };
    stage.write("one.wasm", component("1.0.0", &[], 1));
    stage.answer(["skill", "install", "one.wasm"]);
    stage.write(".config/voyager/trust.yaml", "voyager: trust/v1\nunsinged: deny\n");
    let error = refused(&stage, &["skill", "install", "one.wasm"], 5);
    assert!(message(&error).contains("unsinged"), "{error}");
    let listed = stage.answer(["skill", "list"]);
    assert!(listed["quarantined"].to_string().contains("nobody can tell"), "{listed}");
}

#[test]
fn an_inspection_says_where_a_skill_comes_from() {
    let Some(stage) = Stage::new() else { return };
    signed(&stage, "acme", "one.wasm", &component("1.0.0", &[], 1));
    trust(&stage, "acme", "acme:*");
    stage.answer(["skill", "install", "one.wasm"]);
    let told = stage.answer(["skill", "inspect", "spelling"]);
    let provenance = &told["provenance"];
    assert_eq!(provenance["signer"]["name"], "acme", "{told}");
    let source = provenance["installed"]["source"].as_str().expect("it was installed");
    assert!(source.ends_with("one.wasm"), "{source}");
    // A shipped one carries what Rust's tools put in.
    let shipped = stage.answer(["skill", "inspect", "process"]);
    let producers = shipped["provenance"]["producers"].to_string();
    assert!(producers.contains("Rust"), "{producers}");
    let changed = [component("1.0.0", &[], 1).as_slice(), b"\0\x05\x04more"].concat();
    stage.write("one.wasm", changed);
    let told = stage.call(["skill", "inspect", "one.wasm"]);
    assert!(told.out.contains("trust      refused: "), "{told:?}");
}
