//! Keys of runs and tasks: how many have one at a time, and how long.

use std::{
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use serde_bytes::ByteBuf;
use sim::{
    guests::Guests,
    host::{Host, request},
    machine::Machine,
    plan::checked,
};
use voyager_agent::{Outcome, StartError};
use voyager_base::{
    ErrorKind, Value,
    clock::Clock,
    sim::SimDisk,
    workspace::{ReadFile, WriteFile},
};

/// How many guests are at work, and how many were at a time.
#[derive(Default)]
struct Work {
    clock: OnceLock<Arc<dyn Clock>>,
    now: Mutex<(u32, u32)>,
}

impl Work {
    async fn takes_a_second(&self) {
        {
            let mut now = self.now.lock().unwrap();
            now.0 += 1;
            now.1 = now.1.max(now.0);
        }
        let clock = self.clock.get().unwrap();
        clock.wait_until(clock.now().after(Duration::from_secs(1))).await;
        self.now.lock().unwrap().0 -= 1;
    }
}

/// Guests that read a number from a file, take a second, and write the next one.
fn guests(work: &Arc<Work>) -> Guests {
    let work = Arc::clone(work);
    Guests::default().with("make", move |guest| {
        let work = Arc::clone(&work);
        async move {
            let path = guest.text(0).to_owned();
            let root = "repo".to_owned();
            let read = ReadFile { root, path: path.clone(), offset: 0, length: 100 };
            let bytes = guest.ask(read).await?;
            let number: u32 = String::from_utf8_lossy(&bytes).parse().unwrap();
            work.takes_a_second().await;
            let content = ByteBuf::from((number + 1).to_string().into_bytes());
            guest.ask(WriteFile { root: "repo".to_owned(), path, content }).await?;
            Ok(Value::String(number.to_string()))
        }
    })
}

/// What became of so many runs of a manifest that begin at once, and of the file; and how many guests
/// were at work at a time.
fn at_once(runs: usize, body: &str) -> (Vec<Outcome>, String, u32) {
    let (work, machine) = (Arc::<Work>::default(), Machine::with_files([("n.txt", "0")]));
    let host = Host::start(&SimDisk::new(1), &machine, &guests(&work), 1).unwrap();
    work.clock.set(Arc::clone(&host.world.clock)).ok().unwrap();
    let (world, plan) = (Arc::clone(&host.world), checked(body));
    let outcomes = host.block_on(async move {
        let mut lives = Vec::new();
        for _ in 0..runs {
            lives.push(voyager_agent::start(&world, request(&plan)).await.unwrap().outcome);
        }
        futures_util::future::join_all(lives).await
    });
    let outcomes = outcomes.unwrap().into_iter().map(Result::unwrap).collect();
    let most = work.now.lock().unwrap().1;
    (outcomes, machine.files()["n.txt"].clone(), most)
}

const STEP: &str = "steps:\n  - { id: next, use: guests/make, with: { p0: n.txt }";

#[test]
fn without_a_key_runs_stand_in_each_others_way() {
    let (_, file, most) = at_once(2, &format!("{STEP} }}\n"));
    assert_eq!((file.as_str(), most), ("1", 2), "one writes over what the other wrote");
}

#[test]
fn a_task_has_its_key_until_what_it_changed_is_real() {
    let key = "concurrency: { key: { expr: \"'file ' + inputs.repo\" } }";
    let (outcomes, file, most) = at_once(5, &format!("{STEP}, {key} }}\n"));
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!((file.as_str(), most), ("5", 1));
}

#[test]
fn a_run_has_its_key_until_it_ends() {
    let twice = "steps:\n  - { id: one, use: guests/make, with: { p0: n.txt } }\n  \
                 - { id: two, use: guests/make, with: { p0: n.txt } }\n";
    let (outcomes, file, most) = at_once(4, &format!("concurrency: {{ key: n }}\n{twice}"));
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!((file.as_str(), most), ("8", 1));
}

#[test]
fn so_many_items_of_all_runs_have_a_key_at_a_time() {
    let body = "steps:\n  - id: next\n    use: guests/make\n    with: { p0: n.txt }\n    \
                changes: discard\n    for-each: { in: \"[1, 2, 3, 4]\", parallel: 4 }\n";
    let (outcomes, _, most) = at_once(2, body);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(most, 2, "as many as there are slots");
    let (outcomes, _, most) = at_once(2, &format!("{body}    concurrency: {{ key: n }}\n"));
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(most, 1);
}

#[test]
fn a_newer_run_cancels_an_older_one_which_takes_back_what_it_did() {
    let body = "concurrency: { key: n, cancel-in-progress: true }\nsteps:\n  \
                - id: one\n    use: guests/make\n    with: { p0: n.txt }\n    \
                compensate: { use: guests/make, with: { p0: undone.txt } }\n  \
                - { id: two, use: guests/make, with: { p0: n.txt } }\n";
    let work = Arc::<Work>::default();
    let machine = Machine::with_files([("n.txt", "0"), ("undone.txt", "0")]);
    let host = Host::start(&SimDisk::new(1), &machine, &guests(&work), 1).unwrap();
    let clock = Arc::clone(&host.world.clock);
    work.clock.set(Arc::clone(&clock)).ok().unwrap();
    let (world, plan) = (Arc::clone(&host.world), checked(body));
    let outcomes = host.block_on(async move {
        let older = voyager_agent::start(&world, request(&plan)).await.unwrap().outcome;
        let newer = async {
            // The older one is at its second step.
            clock.wait_until(clock.now().after(Duration::from_millis(1_500))).await;
            voyager_agent::start(&world, request(&plan)).await.unwrap().outcome.await
        };
        futures_util::future::join(older, newer).await
    });
    let (older, newer) = outcomes.unwrap();
    let failure = older.unwrap().unwrap_err();
    assert_eq!(failure.error.kind, ErrorKind::Cancelled, "{failure}");
    assert!(failure.error.message.contains("a newer run has the same key"), "{failure}");
    assert!(newer.unwrap().is_ok());
    let files = machine.files();
    assert_eq!((files["n.txt"].as_str(), files["undone.txt"].as_str()), ("3", "1"));
}

/// In which order guests of runs begin, each of which does four things in any order: a letter for each,
/// the one of its manifest.
fn order(fair_by: [Option<&'static str>; 4]) -> String {
    let order = Arc::<Mutex<String>>::default();
    let (told, clock) = (Arc::clone(&order), Arc::<OnceLock<Arc<dyn Clock>>>::default());
    let of_guests = Arc::clone(&clock);
    let guests = Guests::default().with("upper", move |guest| {
        told.lock().unwrap().push_str(guest.text(0));
        let clock = Arc::clone(of_guests.get().unwrap());
        async move {
            clock.wait_until(clock.now().after(Duration::from_secs(1))).await;
            Ok(Value::String(String::new()))
        }
    });
    let host = Host::start(&SimDisk::new(1), &Machine::default(), &guests, 1).unwrap();
    clock.set(Arc::clone(&host.world.clock)).ok().unwrap();
    let (world, clock) = (Arc::clone(&host.world), Arc::clone(&host.world.clock));
    let outcomes = host.block_on(async move {
        let mut lives = Vec::new();
        for (name, fair_by) in ["a", "b", "c", "d"].into_iter().zip(fair_by) {
            let fair_by = fair_by.map(|it| format!("fair-by: {it}\n")).unwrap_or_default();
            let plan = checked(&format!(
                "{fair_by}steps:\n  - id: each\n    use: guests/upper\n    with: {{ p0: {name} }}\n    \
                 for-each: {{ in: \"[1, 2, 3, 4]\", parallel: 4 }}\n"
            ));
            lives.push(voyager_agent::start(&world, request(&plan)).await.unwrap().outcome);
            // Runs of one moment are in any order.
            clock.wait_until(clock.now().after(Duration::from_millis(1))).await;
        }
        futures_util::future::join_all(lives).await
    });
    assert!(outcomes.unwrap().into_iter().all(|it| it.unwrap().is_ok()));
    order.lock().unwrap().clone()
}

#[test]
fn runs_with_the_same_fair_by_take_turns_together() {
    // The first two have slots before the others come.
    assert_eq!(order([None; 4]), "aabcdabcdabcdbcd");
    let key = Some("{ expr: \"'of ' + inputs.repo\" }");
    assert_eq!(order([key, key, key, Some("another")]), "aadadbdcdabcbcbc");
    assert_eq!(order([key, key, key, None]), "aadadbdcdabcbcbc");
}

#[test]
fn a_run_whose_fair_by_has_no_value_does_not_begin() {
    let host = Host::start(&SimDisk::new(1), &Machine::default(), &Guests::default(), 1).unwrap();
    let plan =
        checked("fair-by: { expr: \"[inputs.repo][7]\" }\nsteps: [ { id: wait, sleep: 1s } ]");
    let world = Arc::clone(&host.world);
    let started =
        host.block_on(async move { voyager_agent::start(&world, request(&plan)).await.map(drop) });
    let Some(Err(StartError::Inputs(problems))) = started else { panic!("{started:?}") };
    assert!(problems[0].starts_with("fair-by: "), "{problems:?}");
    assert_eq!(host.only_run(), None);
}

#[test]
fn so_many_tasks_of_all_runs_begin_as_what_they_reserve_fits() {
    let body = |memory: &str| {
        format!(
            "steps:\n  - id: next\n    use: guests/make\n    with: {{ p0: n.txt }}\n    \
             changes: discard\n    for-each: {{ in: \"[1, 2, 3, 4]\", parallel: 4 }}\n    \
             resources: {{ memory: {memory} }}\n"
        )
    };
    for (memory, most) in [("500MiB", 2), ("600MiB", 1)] {
        let (outcomes, _, at_a_time) = at_once(2, &body(memory));
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(at_a_time, most, "{memory} of a gibibyte");
    }
}

#[test]
fn a_run_that_reserves_more_than_there_is_does_not_begin() {
    let host = Host::start(&SimDisk::new(1), &Machine::default(), &Guests::default(), 1).unwrap();
    let plan =
        checked("steps: [ { id: huge, use: guests/count, resources: { memory: 2GiB, cpu: 8 } } ]");
    let world = Arc::clone(&host.world);
    let started =
        host.block_on(async move { voyager_agent::start(&world, request(&plan)).await.map(drop) });
    let Some(Err(StartError::Capacity(problems))) = started else { panic!("{started:?}") };
    assert_eq!(
        problems,
        [
            "the step `huge` reserves memory 2GiB, 8 processors, and all of this host is memory 1GiB, \
          4 processors"
        ]
    );
    assert_eq!(host.only_run(), None);
}

#[test]
fn an_attempt_that_failed_lets_go_of_its_key() {
    let body = format!(
        "{STEP}, concurrency: {{ key: n }}, retry: {{ attempts: 3, on: [expectation] }}, \
         expect: [ {{ that: \"result == 'never'\", message: no }} ] }}\n"
    );
    let (outcomes, ..) = at_once(2, &body);
    let kinds = outcomes.iter().map(|it| it.as_ref().unwrap_err().error.kind);
    assert!(kinds.into_iter().all(|kind| kind == ErrorKind::Expectation), "{outcomes:?}");
}
