//! A run that goes on is given its secrets again, or does without them and says so.

use std::{collections::BTreeMap, sync::Arc};

use sim::{
    host::{Host, Life, SECRET, request, secrets},
    machine::Machine,
    manifests,
    plan::checked,
};
use voyager_agent::{
    DriveError, Event, GivenSecrets, Message, StartError, Timed, event::RunStarted,
    secrets::misfits,
};
use voyager_base::{ErrorKind, RunId, record::ReadError, secret::Secret, sim::SimDisk};

fn machine() -> Machine {
    Machine::with_files([("a.txt", "one")])
}

/// Other secrets of the same name.
fn others() -> GivenSecrets {
    let mut given = secrets();
    let other = given.get_mut("token").unwrap();
    other.value = Secret::new("other-other-other").unwrap();
    other.kept.digest = other.value.digest(&[7; 32]);
    given
}

#[test]
fn a_run_does_not_begin_without_a_secret_that_it_needs() {
    let host = Host::start(&SimDisk::new(1), &machine(), &manifests::guests(), 1).unwrap();
    let mut asked =
        request(&checked("steps: [ { id: a, use: guests/deploy, with: { p0: all } } ]"));
    asked.secrets = BTreeMap::new();
    let world = Arc::clone(&host.world);
    let started = host.block_on(async move { voyager_agent::start(&world, asked).await.map(drop) });
    let Some(Err(StartError::Inputs(problems))) = started else { panic!("{started:?}") };
    assert!(problems[0].contains("`token` is missing"), "{problems:?}");
    assert_eq!(host.only_run(), None);
}

#[test]
fn a_program_does_not_start_with_another_secret_than_the_run_began_with() {
    for (given, problem) in [
        (GivenSecrets::new(), Some("the secret `token` is missing")),
        (others(), Some("is another one than the run began with")),
        (secrets(), None),
    ] {
        let (disk, machine) = (SimDisk::new(1), machine());
        let host = Host::start(&disk, &machine, &manifests::guests(), 1).unwrap();
        let plan = checked(
            "steps:\n  - { id: asked, approve: { show: deploy } }\n  \
             - { id: deployed, use: guests/deploy, with: { p0: all } }",
        );
        let (world, asked) = (Arc::clone(&host.world), request(&plan));
        let run = host.block_on(async move {
            let live = voyager_agent::start(&world, asked).await.unwrap();
            live.handle.leave_when_waiting();
            assert_eq!(live.outcome.await, Err(DriveError::Waits));
            let [wait] = &voyager_agent::waiting(&world, live.id).unwrap()[..] else { panic!() };
            let (wait, by) = (wait.id.to_string(), "ada".to_owned());
            let answer = Message::Answer { wait, approved: true, by, comment: String::new() };
            voyager_agent::tell(&world, live.id, answer).await.unwrap();
            live.id
        });
        let run = run.unwrap();
        let started = begun(&host, run);
        assert_eq!(started.secrets["token"].source, "env:TOKEN");
        let problems = misfits(&started, &given);
        assert_eq!(problems.len(), usize::from(problem.is_some()), "{problems:?}");
        assert!(problem.is_none_or(|problem| problems[0].contains(problem)), "{problems:?}");
        match (host.resume_with(run, given), problem) {
            (Life::Ended(Ok(_)), None) => assert_eq!(machine.starts().len(), 2),
            (Life::Ended(Err(failure)), Some(_)) => {
                assert_eq!(failure.error.kind, ErrorKind::Denied, "{failure}");
                assert!(failure.error.message.contains("without its secret"), "{failure}");
                assert!(machine.starts().is_empty(), "{:?}", machine.starts());
            }
            (life, _) => panic!("{life:?}"),
        }
        assert!(!disk.holds(SECRET.as_bytes()) && !disk.holds(b"other-other"));
    }
}

fn begun(host: &Host, run: RunId) -> RunStarted {
    let (journal, content) = (&*host.world.journal, &*host.world.content);
    let mut begun = None;
    let take = |_, _, timed: &Timed| {
        if let Event::RunStarted(started) = &timed.event {
            begun = Some((**started).clone());
        }
        Ok::<(), ReadError>(())
    };
    voyager_agent::facts(journal, content, run, take).unwrap();
    begun.unwrap()
}
