//! Small plans with their guests and files: six made here, and those of the folder `plans`, which cover
//! every construct of the language.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_bytes::ByteBuf;
use voyager_base::{
    Error, ErrorKind, Type, Value,
    memory::{ForgetMemory, MemoryDraft, RecallMemory, RelateMemory, RememberMemory},
    process::RunProgram,
    tasks::MapTasks,
    value,
    workspace::{List, ReadFile, Replace, TextQuery, WriteFile},
};
use voyager_manifest::plan::{FailMode, Plan, RetryPlan};

use crate::{
    guests::{Guest, Guests},
    machine::Machine,
    plan::{checked, checked_among, for_each, operation, plan, step, step_of},
};

/// A plan with all that it needs.
pub struct Manifest {
    /// Its name in messages.
    pub name: String,
    /// The plan.
    pub plan: Plan,
    /// Its files.
    pub files: Vec<(&'static str, &'static str)>,
    /// The kind of error with which it ends, where it does not end well.
    pub fails_with: Option<ErrorKind>,
    /// Whether it may end with an effect of which nobody knows whether it happened.
    pub may_be_unknown: bool,
    /// A file without which its first run fails: somebody writes it, and the run is retried.
    pub mended_by: Option<String>,
}

impl Manifest {
    /// A machine with its files.
    pub fn machine(&self) -> Machine {
        Machine::with_files(self.files.iter().copied())
    }
}

/// All of them.
///
/// # Panics
/// Where a file of the folder is no plan.
pub fn all() -> Vec<Manifest> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans");
    let files = fs::read_dir(&folder).expect("the folder of plans is there");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("it is read").path()).collect();
    files.sort();
    let written = files.iter().map(|file| from_file(file));
    let made = [reading(), changing(), starting(), lending(), bounding(), remembering()];
    made.into_iter().chain(written).collect()
}

/// A plan whose text stands in a file. A line of it may say how it ends where it does not end well,
/// `# ends: KIND` or `# ends: well, or with an unknown effect`, and another which file somebody writes after
/// it failed, to retry it: `# retried with: FILE`.
fn from_file(file: &Path) -> Manifest {
    let text = fs::read_to_string(file).expect("it is read");
    let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let said = |what: &str| text.lines().find_map(|line| line.strip_prefix(what));
    let ends = said("# ends: ");
    let mended_by = said("# retried with: ").map(str::to_owned);
    let may_be_unknown = ends == Some("well, or with an unknown effect");
    let fails_with = ends.filter(|_| !may_be_unknown).map(|kind| {
        ErrorKind::from_name(kind).unwrap_or_else(|| panic!("{name}: no kind of error: {kind}"))
    });
    let files = vec![("a.txt", "old one"), ("b.txt", "two old"), ("log.txt", "")];
    Manifest { plan: checked(&text), name, files, fails_with, may_be_unknown, mended_by }
}

/// Guests for all of them.
pub fn guests() -> Guests {
    Guests::default()
        .with("list", list)
        .with("upper", |guest| async move { Ok(text(&guest.text(0).to_uppercase())) })
        .with("double", |guest| async move { Ok(text(&guest.text(0).repeat(2))) })
        .with("shout", |guest| async move { read(&guest, guest.text(0)).await.map(|it| text(&it)) })
        .with("map", map)
        .with("copy", copy)
        .with("rename", rename)
        .with("make", |guest| make(guest, "make"))
        .with("deploy", |guest| make(guest, "deploy"))
        .with("count", count)
        .with("keep", keep)
        .with("recall", recall)
        .with("append", |guest| async move { note(&guest, "log.txt", guest.text(0)).await })
        .with("note", |guest| async move { note(&guest, guest.text(0), guest.text(1)).await })
}

fn reading() -> Manifest {
    let texts = Type::list(Type::String);
    let files = step_of("files", operation("list", 0, texts.clone()), &[]);
    let all = step_of("all", operation("map", 1, texts.clone()), &["\"shout\""]);
    let each = for_each(step("each", "upper", &["item"]), "steps.all", 2, FailMode::Fast);
    Manifest {
        name: "reading".to_owned(),
        plan: plan(
            vec![files, all, each],
            &[("files", texts.clone(), "steps.files"), ("each", texts, "steps.each")],
        ),
        files: vec![("a.txt", "one"), ("b.txt", "two"), ("c.txt", "three")],
        fails_with: None,
        may_be_unknown: false,
        mended_by: None,
    }
}

/// What a guest remembers, relates and forgets twice shows in the numbers of what comes after it.
fn remembering() -> Manifest {
    let list = |it: Type| Type::list(it);
    let one = step_of("one", operation("keep", 1, list(Type::String)), &["\"one\""]);
    let two = step_of("two", operation("keep", 1, list(Type::String)), &["\"two\""]);
    let all = step_of("all", operation("recall", 0, list(Type::String)), &[]);
    let texts = list(Type::String);
    Manifest {
        name: "remembering".to_owned(),
        plan: plan(
            vec![one, two, all],
            &[
                ("one", texts.clone(), "steps.one"),
                ("two", texts.clone(), "steps.two"),
                ("all", texts, "steps.all"),
            ],
        ),
        files: vec![("a.txt", "one")],
        fails_with: None,
        may_be_unknown: false,
        mended_by: None,
    }
}

fn changing() -> Manifest {
    let texts = Type::list(Type::String);
    let rename = step("rename", "rename", &["\"old\"", "\"new\""]);
    let files = step_of("files", operation("list", 0, texts.clone()), &[]);
    let copies = for_each(step("copies", "copy", &["item"]), "steps.files", 2, FailMode::Fast);
    let count = step("count", "count", &[]);
    Manifest {
        name: "changing".to_owned(),
        plan: plan(
            vec![rename, files, copies, count],
            &[("copies", texts, "steps.copies"), ("count", Type::String, "steps.count")],
        ),
        files: vec![("a.txt", "old one"), ("b.txt", "two old"), ("c.txt", "three")],
        fails_with: None,
        may_be_unknown: false,
        mended_by: None,
    }
}

fn starting() -> Manifest {
    let mut make = step("make", "make", &["\"all\""]);
    make.retry = Some(RetryPlan {
        attempts: 2,
        wait: std::time::Duration::from_millis(100),
        factor: 2.0,
        wait_max: std::time::Duration::from_secs(1),
        on: vec![ErrorKind::Timeout],
    });
    let count = step("count", "count", &[]);
    Manifest {
        name: "starting".to_owned(),
        plan: plan(
            vec![make, count],
            &[("made", Type::String, "steps.make"), ("count", Type::String, "steps.count")],
        ),
        files: vec![("a.txt", "one")],
        fails_with: None,
        may_be_unknown: true,
        mended_by: None,
    }
}

/// Steps that run other manifests: for each item, within a transaction, and one that runs another in turn and
/// takes back what that did.
fn lending() -> Manifest {
    let parts = [
        (
            "change.yaml",
            "\
voyager: manifest/v1
name: change
version: 1.0.0
inputs: { folder: { type: path }, to: { type: string } }
grants: { workspace: [ { root: inputs.folder, name: place, read: [\"**\"], write: [\"**\"] } ] }
steps:
  - id: all
    transaction: { workspace: place }
    steps:
      - { id: renamed, use: guests/rename, with: { p0: old, p1: { from: inputs.to } } }
      - { id: files, use: guests/list }
  - { id: words, use: ./parts/words.yaml, with: { folder: { from: inputs.folder }, word: { from: inputs.to } } }
outputs:
  files: { from: steps.all.files }
  word: { from: steps.words.word }
",
        ),
        (
            "parts/words.yaml",
            "\
voyager: manifest/v1
name: words
version: 1.0.0
inputs: { folder: { type: path }, word: { type: string, default: none } }
grants: { workspace: [ { root: inputs.folder, read: [\"**\"], write: [\"log.txt\"] } ] }
steps:
  - { id: rest, sleep: 5ms }
  - { id: all, use: guests/append, with: { p0: { from: inputs.word } }, compensate: { use: guests/append, with: { p0: { expr: \"'no ' + inputs.word\" } } } }
  - { id: fails, use: guests/shout, with: { p0: nowhere.txt }, when: inputs.word == 'bad' }
finally:
  - { id: last, use: guests/append, with: { p0: { expr: \"'after ' + inputs.word\" } } }
outputs: { word: { from: inputs.word } }
",
        ),
    ];
    Manifest {
        name: "lending".to_owned(),
        plan: checked_among(
            "
steps:
  - { id: all, use: ./change.yaml, with: { folder: { from: inputs.repo }, to: new } }
  - id: each
    for-each: { in: steps.all.files, as: file, parallel: 1 }
    use: ./parts/words.yaml
    with: { folder: { from: inputs.repo }, word: { from: file } }
    compensate: { use: guests/append, with: { p0: { expr: \"'un' + result.word\" } } }
  - id: trip
    transaction: { workspace: inputs.repo }
    on-error: { any: continue }
    steps:
      - { id: bad, use: ./parts/words.yaml, with: { folder: { from: inputs.repo }, word: bad } }
  - { id: count, use: guests/count }
outputs:
  words: { from: \"steps.each.map(it, it.word)\" }
  count: { from: steps.count }
",
            &parts,
        ),
        files: vec![("a.txt", "old one"), ("log.txt", "")],
        fails_with: None,
        may_be_unknown: false,
        mended_by: None,
    }
}

/// A manifest within another that bounds its own tasks: each execution by itself, children counted.
fn bounding() -> Manifest {
    let few = "\
voyager: manifest/v1
name: few
version: 1.0.0
inputs: { folder: { type: path }, words: { type: list<string> } }
limits: { steps: 3, parallel: 1 }
grants:
  workspace: [ { root: inputs.folder, read: [\"**\"], write: [\"**\"] } ]
  tasks: [\"**\"]
steps:
  - { id: each, for-each: { in: inputs.words, as: word }, use: guests/upper, with: { p0: { from: word } } }
  - { id: all, when: size(inputs.words) < 2, use: guests/map, with: { p0: shout } }
outputs: { words: { from: inputs.words } }
";
    Manifest {
        name: "bounding".to_owned(),
        plan: checked_among(
            "
steps:
  - id: few
    for-each: { in: \"[['a', 'b', 'c'], ['d', 'e', 'f', 'g'], ['h', 'i'], ['j']]\", as: words, parallel: 1, fail: collect }
    use: ./few.yaml
    with: { folder: { from: inputs.repo }, words: { from: words } }
  - { id: count, use: guests/count }
outputs:
  done: { from: \"steps.few.map(it, has(it))\" }
  count: { from: steps.count }
",
            &[("few.yaml", few)],
        ),
        files: vec![("a.txt", "one"), ("b.txt", "two"), ("c.txt", "three")],
        fails_with: None,
        may_be_unknown: false,
        mended_by: None,
    }
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

async fn paths(guest: &Guest) -> Result<Vec<String>, Error> {
    let files = guest.ask(List { root: "repo".to_owned(), globs: Vec::new() }).await?;
    Ok(files.files.into_iter().map(|file| file.path).collect())
}

async fn read(guest: &Guest, path: &str) -> Result<String, Error> {
    let (root, path) = ("repo".to_owned(), path.to_owned());
    let bytes = guest.ask(ReadFile { root, path, offset: 0, length: 1 << 20 }).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn write(guest: &Guest, path: &str, content: &str) -> Result<(), Error> {
    let (root, path) = ("repo".to_owned(), path.to_owned());
    let content = ByteBuf::from(content.as_bytes());
    guest.ask(WriteFile { root, path, content }).await
}

async fn list(guest: Guest) -> Result<Value, Error> {
    Ok(Value::List(paths(&guest).await?.iter().map(|path| text(path)).collect()))
}

/// Calls an operation for each file, as children.
async fn map(guest: Guest) -> Result<Value, Error> {
    let operation = format!("sim:guests/guests.{}", guest.text(0));
    let arguments = paths(&guest).await?;
    let arguments = arguments.iter().map(|path| ByteBuf::from(value::encode_tuple(&[text(path)])));
    let call = MapTasks { operation, arguments: arguments.collect(), parallel: 0 };
    let mut values = Vec::new();
    for outcome in guest.ask(call).await? {
        let value = value::decode(&Type::String, &outcome?);
        values.push(value.map_err(|error| Error::invalid(error.to_string()))?);
    }
    Ok(Value::List(values))
}

async fn copy(guest: Guest) -> Result<Value, Error> {
    let content = read(&guest, guest.text(0)).await?;
    let path = format!("copy-of-{}", guest.text(0));
    write(&guest, &path, &content).await?;
    Ok(text(&path))
}

async fn rename(guest: Guest) -> Result<Value, Error> {
    let query = TextQuery {
        pattern: guest.text(0).to_owned(),
        literal: true,
        word: false,
        ignore_case: false,
        globs: Vec::new(),
    };
    let replacement = guest.text(1).to_owned();
    let replaced = guest.ask(Replace { root: "repo".to_owned(), query, replacement }).await?;
    Ok(text(&format!("{} places", replaced.places)))
}

/// Starts a program twice, with a change before, between and after.
async fn make(guest: Guest, program: &str) -> Result<Value, Error> {
    let before = read(&guest, "a.txt").await?;
    write(&guest, "before.txt", &before).await?;
    let mut made = String::new();
    for number in ["first", "second"] {
        let finished = guest
            .ask(RunProgram {
                program: program.to_owned(),
                arguments: vec![guest.text(0).to_owned(), number.to_owned()],
                folder: None,
                directory: None,
                environment: Vec::new(),
                stdin: ByteBuf::new(),
                time_max: None,
            })
            .await?;
        made.push_str(&String::from_utf8_lossy(&finished.stdout));
        write(&guest, &format!("{number}.txt"), &made).await?;
    }
    Ok(text(&made))
}

/// Adds a word to a file.
async fn note(guest: &Guest, file: &str, word: &str) -> Result<Value, Error> {
    let so_far = read(guest, file).await?;
    write(guest, file, &format!("{so_far}{word}\n")).await?;
    Ok(text(word))
}

async fn count(guest: Guest) -> Result<Value, Error> {
    let mut all = String::new();
    for path in paths(&guest).await? {
        all.push_str(&format!("{path}: {}\n", read(&guest, &path).await?));
    }
    Ok(text(&all))
}

/// Remembers two notes in one call and one in another, relates two of them, and forgets one.
async fn keep(guest: Guest) -> Result<Value, Error> {
    let note = |text: String| MemoryDraft {
        space: "notes".to_owned(),
        text,
        author: None,
        thread: None,
        at: None,
        kind: None,
        tags: Vec::new(),
        fields: Vec::new(),
        importance: None,
        confidence: None,
        pinned: false,
    };
    let name = guest.text(0).to_owned();
    let drafts = vec![note(format!("note {name}")), note(format!("note {name} too"))];
    let mut ids = guest.ask(RememberMemory::new(drafts)?).await?;
    ids.extend(guest.ask(RememberMemory::new(vec![note(format!("note {name} last"))])?).await?);
    let (from, to, kind) = (ids[0], ids[2], "leads to".to_owned());
    guest.ask(RelateMemory { from, kind, to, weight: 1.0 }).await?;
    guest.ask(ForgetMemory::new(vec![ids[1]])?).await?;
    Ok(Value::List(ids.iter().map(|id| text(&id.to_string())).collect()))
}

/// What there is, by number.
async fn recall(guest: Guest) -> Result<Value, Error> {
    let question = RecallMemory { text: "note".to_owned(), limit: 50, ..RecallMemory::default() };
    let recalled = guest.ask(question).await?;
    let mut all: Vec<(u64, String)> =
        recalled.hits.into_iter().map(|it| (it.memory.id, it.memory.text)).collect();
    all.sort_unstable();
    Ok(Value::List(all.iter().map(|(id, it)| text(&format!("{id} {it}"))).collect()))
}
