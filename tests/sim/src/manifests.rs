//! Six small plans with their guests and files: one that reads in child tasks, one that changes
//! files, one that starts programs, one of steps within steps, one that changes files together, one that
//! takes back what it did.

use serde_bytes::ByteBuf;
use voyager_base::{
    Error, ErrorKind, Type, Value,
    process::RunProgram,
    tasks::MapTasks,
    value,
    workspace::{List, ReadFile, Replace, TextQuery, WriteFile},
};
use voyager_manifest::plan::{FailMode, Plan, RetryPlan};

use crate::{
    guests::{Guest, Guests},
    machine::Machine,
    plan::{checked, for_each, operation, plan, step, step_of},
};

/// A plan with all that it needs.
pub struct Manifest {
    /// Its name in messages.
    pub name: &'static str,
    /// The plan.
    pub plan: Plan,
    /// Its files.
    pub files: Vec<(&'static str, &'static str)>,
    /// Whether it may end with an effect of which nobody knows whether it happened.
    pub may_be_unknown: bool,
}

impl Manifest {
    /// A machine with its files.
    pub fn machine(&self) -> Machine {
        Machine::with_files(self.files.iter().copied())
    }
}

/// All of them.
pub fn all() -> [Manifest; 6] {
    [reading(), changing(), starting(), nesting(), transacting(), compensating()]
}

/// Guests for all of them.
pub fn guests() -> Guests {
    Guests::default()
        .with("list", list)
        .with("upper", |guest| async move { Ok(text(&guest.text(0).to_uppercase())) })
        .with("shout", |guest| async move { read(&guest, guest.text(0)).await.map(|it| text(&it)) })
        .with("map", map)
        .with("copy", copy)
        .with("rename", rename)
        .with("make", make)
        .with("count", count)
        .with("append", append)
}

fn reading() -> Manifest {
    let texts = Type::list(Type::String);
    let files = step_of("files", operation("list", 0, texts.clone()), &[]);
    let all = step_of("all", operation("map", 1, texts.clone()), &["\"shout\""]);
    let each = for_each(step("each", "upper", &["item"]), "steps.all", 2, FailMode::Fast);
    Manifest {
        name: "reading",
        plan: plan(
            vec![files, all, each],
            &[("files", texts.clone(), "steps.files"), ("each", texts, "steps.each")],
        ),
        files: vec![("a.txt", "one"), ("b.txt", "two"), ("c.txt", "three")],
        may_be_unknown: false,
    }
}

fn changing() -> Manifest {
    let texts = Type::list(Type::String);
    let rename = step("rename", "rename", &["\"old\"", "\"new\""]);
    let files = step_of("files", operation("list", 0, texts.clone()), &[]);
    let copies = for_each(step("copies", "copy", &["item"]), "steps.files", 2, FailMode::Fast);
    let count = step("count", "count", &[]);
    Manifest {
        name: "changing",
        plan: plan(
            vec![rename, files, copies, count],
            &[("copies", texts, "steps.copies"), ("count", Type::String, "steps.count")],
        ),
        files: vec![("a.txt", "old one"), ("b.txt", "two old"), ("c.txt", "three")],
        may_be_unknown: false,
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
        name: "starting",
        plan: plan(
            vec![make, count],
            &[("made", Type::String, "steps.make"), ("count", Type::String, "steps.count")],
        ),
        files: vec![("a.txt", "one")],
        may_be_unknown: true,
    }
}

/// Blocks for each item, cases, rounds with carried values, sleeps, and what runs at last.
fn nesting() -> Manifest {
    Manifest {
        name: "nesting",
        plan: checked(
            "
steps:
  - { id: renamed, use: guests/rename, with: { p0: old, p1: new } }
  - { id: files, use: guests/list }
  - id: each
    for-each: { in: steps.files, as: file, parallel: 2 }
    steps:
      - { id: read, use: guests/shout, with: { p0: { from: file } } }
      - id: choose
        switch:
          - { id: copied, when: \"contains(steps.read, 'new')\", use: guests/copy, with: { p0: { from: file } } }
          - { id: upper, use: guests/upper, with: { p0: { from: steps.read } } }
  - id: rounds
    repeat: { max: 3, carry: { last: { type: string, start: none, next: result.shouted } } }
    steps:
      - { id: rest, sleep: 5ms }
      - { id: shouted, use: guests/upper, with: { p0: { expr: \"last + string(round)\" } } }
      - { id: counted, use: guests/count }
finally:
  - { id: last, use: guests/map, with: { p0: shout } }
outputs:
  each: { from: \"steps.each.map(it, default(it.choose.copied, '') + default(it.choose.upper, ''))\" }
  shouted: { from: steps.rounds.shouted }
  counted: { from: steps.rounds.counted }
",
        ),
        files: vec![("a.txt", "old one"), ("b.txt", "two old"), ("c.txt", "three")],
        may_be_unknown: false,
    }
}

/// Files that change together: over several steps, in child tasks, in parts that may fail by themselves.
fn transacting() -> Manifest {
    Manifest {
        name: "transacting",
        plan: checked(
            "
steps:
  - id: together
    transaction: { workspace: inputs.repo }
    steps:
      - { id: renamed, use: guests/rename, with: { p0: old, p1: new } }
      - { id: files, use: guests/list }
      - id: copies
        for-each: { in: steps.files, as: file, parallel: 2 }
        steps:
          - { id: copied, use: guests/copy, with: { p0: { from: file } } }
      - id: refused
        transaction: { workspace: inputs.repo }
        on-error: { any: continue }
        steps:
          - { id: more, use: guests/rename, with: { p0: new, p1: newer } }
          - { id: missing, use: guests/shout, with: { p0: nowhere.txt } }
      - id: apart
        parallel: all
        steps:
          - { id: left, use: guests/copy, with: { p0: copy-of-a.txt } }
          - { id: right, use: guests/copy, with: { p0: copy-of-b.txt } }
      - { id: counted, use: guests/count }
  - id: taken-back
    transaction: { workspace: inputs.repo }
    on-error: { any: continue }
    steps:
      - { id: again, use: guests/rename, with: { p0: new, p1: newest } }
      - { id: nothing, use: guests/shout, with: { p0: nowhere.txt } }
  - { id: count, use: guests/count }
outputs:
  counted: { from: steps.together.counted }
  count: { from: steps.count }
",
        ),
        files: vec![("a.txt", "old one"), ("b.txt", "two old")],
        may_be_unknown: false,
    }
}

/// Blocks that fail after some of their steps have ended well. Whatever is done and taken back adds a word
/// to a file, so that the file tells what was done twice.
fn compensating() -> Manifest {
    Manifest {
        name: "compensating",
        plan: checked(
            "
steps:
  - id: trip
    on-error: { any: continue }
    steps:
      - { id: flight, use: guests/append, with: { p0: flight }, compensate: { use: guests/append, with: { p0: { expr: \"'no ' + result\" } } } }
      - id: rooms
        for-each: { in: \"['one', 'two']\", as: town, parallel: 1 }
        use: guests/upper
        with: { p0: { from: town } }
        compensate: { use: guests/append, with: { p0: { expr: \"town + ' is no ' + result\" } } }
      - id: car
        steps:
          - { id: keys, use: guests/append, with: { p0: keys }, compensate: { use: guests/append, with: { p0: { expr: \"'no ' + result\" } } } }
        compensate: { use: guests/append, with: { p0: { expr: \"'no car of ' + result.keys\" } } }
      - { id: missing, use: guests/shout, with: { p0: nowhere.txt } }
    finally:
      - { id: tidy, use: guests/append, with: { p0: tidy } }
  - { id: kept, use: guests/append, with: { p0: kept }, compensate: { use: guests/append, with: { p0: never } } }
  - { id: count, use: guests/count }
outputs:
  count: { from: steps.count }
",
        ),
        files: vec![("log.txt", "")],
        may_be_unknown: false,
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
async fn make(guest: Guest) -> Result<Value, Error> {
    let before = read(&guest, "a.txt").await?;
    write(&guest, "before.txt", &before).await?;
    let mut made = String::new();
    for number in ["first", "second"] {
        let finished = guest
            .ask(RunProgram {
                program: "make".to_owned(),
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
async fn append(guest: Guest) -> Result<Value, Error> {
    let so_far = read(&guest, "log.txt").await?;
    write(&guest, "log.txt", &format!("{so_far}{}\n", guest.text(0))).await?;
    Ok(text(guest.text(0)))
}

async fn count(guest: Guest) -> Result<Value, Error> {
    let mut all = String::new();
    for path in paths(&guest).await? {
        all.push_str(&format!("{path}: {}\n", read(&guest, &path).await?));
    }
    Ok(text(&all))
}
