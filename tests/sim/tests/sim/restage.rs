//! What a task staged before its host died is staged again as it was, whatever happened to the files
//! in between.

use std::collections::BTreeMap;

use serde_bytes::ByteBuf;
use sim::{
    guests::{Guest, Guests},
    host::{Host, Life},
    machine::Machine,
    plan::{operation, plan, step},
};
use voyager_agent::Event;
use voyager_base::{
    Error, ErrorKind, Type, Value,
    process::RunProgram,
    record::Journal as _,
    sim::{CrashModel, SimDisk},
    tasks::MapTasks,
    value,
    workspace::{RenameFile, WriteFile},
};
use voyager_manifest::plan::Plan;

#[test]
fn a_file_that_its_user_changed_before_the_run_went_on_is_a_conflict() {
    // Twice a program is about to start and has run; then the files are committed.
    for point in 1..=5 {
        let machine = Machine::with_files([("a.txt", "old")]);
        let plan = plan(vec![step("a", "stages", &[])], &[]);
        let host = interrupted(&plan, &machine, point);
        machine.set_file("a.txt", Some(b"the user's".to_vec()));
        let life = host.resume(host.only_run().unwrap());
        let Life::Ended(Err(failure)) = life else { panic!("point {point}: {life:?}") };
        assert_eq!(failure.error.kind, ErrorKind::Conflict, "point {point}: {failure}");
        let files = BTreeMap::from([("a.txt".to_owned(), "the user's".to_owned())]);
        assert_eq!(machine.files(), files, "point {point}");
    }
}

#[test]
fn without_a_change_of_somebody_else_all_that_was_staged_is_committed() {
    for point in 1..=6 {
        let machine = Machine::with_files([("a.txt", "old")]);
        let plan = plan(vec![step("a", "stages", &[])], &[]);
        let host = interrupted(&plan, &machine, point);
        let life = host.resume(host.only_run().unwrap());
        assert!(matches!(life, Life::Ended(Ok(_))), "point {point}: {life:?}");
        let files = [("a.txt", "first"), ("b.txt", "second"), ("c.txt", "third")];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        assert_eq!(machine.files(), BTreeMap::from(files), "point {point}");
    }
}

#[test]
fn an_executable_file_keeps_its_mode_over_the_death_of_its_host() {
    for function in ["moves", "moves-in-a-child"] {
        let machine = Machine::with_files([("run.sh", "text")]);
        machine.set_mode("run.sh", 0o755);
        let mut plan = plan(vec![step("a", function, &[])], &[]);
        plan.skills[0].operations.push(operation("move", 0, Type::String).into());
        let host = interrupted(&plan, &machine, 1);
        // What the user does to the old name does not matter to the new one.
        machine.set_mode("run.sh", 0o644);
        let life = host.resume(host.only_run().unwrap());
        assert!(matches!(life, Life::Ended(Ok(_))), "{function}: {life:?}");
        assert_eq!(machine.mode("tool.sh"), Some(0o755), "{function}");
    }
}

#[test]
fn only_what_a_call_changed_is_recorded_and_only_where_the_attempt_could_go_on() {
    let only = |function| {
        let host = Host::start(&SimDisk::new(1), &Machine::default(), &guests(), 1).unwrap();
        let life = host.run(&plan(vec![step("a", function, &[])], &[]));
        assert!(matches!(life, Life::Ended(Ok(_))), "{life:?}");
        staged(&host)
    };
    assert_eq!(
        only("stages"),
        ["intended: a.txt", "answered: b.txt", "answered: c.txt", "done: a.txt b.txt c.txt"]
    );
    assert_eq!(only("writes"), ["done: a.txt b.txt"]);
}

/// A host that starts anew after the one before it died at a point of `plan`.
fn interrupted(plan: &Plan, machine: &Machine, point: u64) -> Host {
    let disk = SimDisk::new(point);
    machine.crash_at(point);
    let host = Host::start(&disk, machine, &guests(), point).unwrap();
    assert_eq!(host.run(plan), Life::Died, "point {point}");
    drop(host);
    machine.restart();
    let disk = disk.after_crash(CrashModel::Lost, point);
    Host::start(&disk, machine, &guests(), point + 1).unwrap()
}

fn guests() -> Guests {
    Guests::default()
        .with("stages", |guest| async move {
            write(&guest, "a.txt", "first").await?;
            start(&guest, "one").await;
            write(&guest, "b.txt", "second").await?;
            start(&guest, "two").await;
            write(&guest, "c.txt", "third").await?;
            Ok(text(""))
        })
        .with("writes", |guest| async move {
            write(&guest, "a.txt", "first").await?;
            write(&guest, "b.txt", "second").await?;
            Ok(text(""))
        })
        .with("move", |guest| async move { rename(&guest).await.map(|()| text("")) })
        .with("moves", |guest| async move {
            rename(&guest).await?;
            start(&guest, "one").await;
            Ok(text(""))
        })
        .with("moves-in-a-child", |guest| async move {
            let arguments = vec![ByteBuf::from(value::encode_tuple(&[]))];
            let operation = "guests/move".to_owned();
            guest.ask(MapTasks { operation, arguments, parallel: 0 }).await?.remove(0)?;
            start(&guest, "one").await;
            Ok(text(""))
        })
}

/// Starts a program. Whether it ran to its end is not known after a crash, and does not matter here.
async fn start(guest: &Guest, argument: &str) {
    let _ = guest
        .ask(RunProgram {
            program: "make".to_owned(),
            arguments: vec![argument.to_owned()],
            folder: None,
            directory: None,
            environment: Vec::new(),
            stdin: ByteBuf::new(),
            time_max: None,
        })
        .await;
}

async fn write(guest: &Guest, path: &str, content: &str) -> Result<(), Error> {
    let (root, path) = ("repo".to_owned(), path.to_owned());
    guest.ask(WriteFile { root, path, content: ByteBuf::from(content.as_bytes()) }).await
}

async fn rename(guest: &Guest) -> Result<(), Error> {
    let (from, to) = ("run.sh".to_owned(), "tool.sh".to_owned());
    guest.ask(RenameFile { root: "repo".to_owned(), from, to }).await
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// The paths of staged changes in the records of the only run, record by record.
fn staged(host: &Host) -> Vec<String> {
    let entries = host.store.read(host.only_run().unwrap(), 0, usize::MAX).unwrap();
    let mut lines = Vec::new();
    for entry in entries {
        let (name, changes) = match voyager_agent::event::decode(&entry.payload, &*host.store) {
            Ok(timed) => match timed.event {
                Event::EffectIntended { staged, .. } => ("intended", staged),
                Event::EffectAnswered { staged, .. } => ("answered", staged),
                Event::TaskDone { changes, .. } => ("done", changes),
                _ => continue,
            },
            Err(error) => panic!("{error}"),
        };
        let paths: Vec<String> = changes.into_iter().map(|change| change.path).collect();
        if !paths.is_empty() {
            lines.push(format!("{name}: {}", paths.join(" ")));
        }
    }
    lines
}
