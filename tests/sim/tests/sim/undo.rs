//! Undo: a run that takes back what another one wrote.

use std::collections::BTreeMap;

use sim::{
    guests::Guests,
    host::{Host, Life},
    machine::Machine,
    plan::checked,
};
use voyager_agent::undo::written;
use voyager_base::{
    ErrorKind, RunId, Value,
    grant::GrantLayer,
    record::Journal as _,
    sim::{CrashModel, SimDisk},
};

const STEPS: &str = "
steps:
  - { id: renamed, use: guests/rename, with: { p0: old, p1: new } }
  - id: together
    transaction: { workspace: inputs.repo }
    steps:
      - { id: again, use: guests/rename, with: { p0: new, p1: newer } }
      - { id: copied, use: guests/copy, with: { p0: b.txt } }
";

#[test]
fn undo_takes_back_a_run_and_undoing_that_brings_it_back() {
    let (machine, host) = ran(STEPS);
    let after = machine.files();
    assert_eq!(after["copy-of-b.txt"], "newer too");
    let run = host.only_run().unwrap();
    let undo = undone(&host, run);
    assert_eq!(machine.files(), before());
    undone(&host, undo);
    assert_eq!(machine.files(), after);
}

#[test]
fn a_file_that_somebody_changed_since_is_a_conflict_and_nothing_is_touched() {
    let (machine, host) = ran(STEPS);
    machine.set_file("b.txt", Some(b"the user's".to_vec()));
    let after = machine.files();
    let Life::Ended(Err(failure)) = undo(&host, host.only_run().unwrap()) else { panic!() };
    assert_eq!(failure.error.kind, ErrorKind::Conflict, "{failure}");
    assert_eq!(machine.files(), after);
}

#[test]
fn what_somebody_changed_between_two_steps_is_told() {
    let body = "
steps:
  - { id: renamed, use: guests/rename, with: { p0: old, p1: new } }
  - { id: edited, use: guests/edit }
  - { id: again, use: guests/rename, with: { p0: user, p1: robot } }
";
    let (machine, host) = ran(body);
    assert_eq!(machine.files()["a.txt"], "the robot's");
    let run = host.only_run().unwrap();
    let written = written(&*host.world.journal, &*host.world.content, run).unwrap();
    let paths: Vec<&str> = written.interleaved.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(paths, ["a.txt"]);
}

#[test]
fn an_undo_goes_on_after_its_host_died() {
    let points = {
        let (machine, host) = ran(STEPS);
        let begun = machine.points();
        undone(&host, host.only_run().unwrap());
        begun + 1..=machine.points()
    };
    assert!(points.clone().count() >= 3, "{points:?}");
    for point in points {
        let machine = machine();
        let disk = SimDisk::new(3);
        let host = Host::start(&disk, &machine, &guests(&machine), 3).unwrap();
        assert!(matches!(host.run(&checked(STEPS)), Life::Ended(Ok(_))));
        machine.crash_at(point);
        let run = host.only_run().unwrap();
        assert_eq!(undo(&host, run), Life::Died, "point {point}");
        drop(host);
        machine.restart();
        let disk = disk.after_crash(CrashModel::Lost, point);
        let host = Host::start(&disk, &machine, &guests(&machine), point + 4).unwrap();
        let runs = host.store.runs().unwrap();
        let undo = runs.into_iter().find(|it| *it != run).unwrap();
        assert!(matches!(host.resume(undo), Life::Ended(Ok(_))), "point {point}");
        assert_eq!(machine.files(), before(), "point {point}");
        voyager_agent::replay(&*host.world.journal, &*host.world.content, undo).unwrap();
    }
}

fn machine() -> Machine {
    Machine::with_files([("a.txt", "old"), ("b.txt", "old too"), ("c.txt", "other")])
}

fn before() -> BTreeMap<String, String> {
    machine().files()
}

fn ran(body: &str) -> (Machine, Host) {
    let machine = machine();
    let host = Host::start(&SimDisk::new(1), &machine, &guests(&machine), 1).unwrap();
    let life = host.run(&checked(body));
    assert!(matches!(life, Life::Ended(Ok(_))), "{life:?}");
    (machine, host)
}

fn guests(machine: &Machine) -> Guests {
    let machine = machine.clone();
    sim::manifests::guests().with("edit", move |_| {
        machine.set_file("a.txt", Some(b"the user's".to_vec()));
        async { Ok(Value::String(String::new())) }
    })
}

/// Takes back all of `run`, as far as its files let it.
fn undo(host: &Host, run: RunId) -> Life {
    let written = written(&*host.world.journal, &*host.world.content, run).unwrap();
    host.start_with(written.undo(written.taken_back(), GrantLayer::default()))
}

/// The run that took back all of `run`.
fn undone(host: &Host, run: RunId) -> RunId {
    let known = host.store.runs().unwrap();
    let life = undo(host, run);
    assert!(matches!(life, Life::Ended(Ok(_))), "{life:?}");
    let mut runs = host.store.runs().unwrap().into_iter();
    runs.find(|it| !known.contains(it)).unwrap()
}
