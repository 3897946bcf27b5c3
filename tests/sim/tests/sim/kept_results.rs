//! Results that outlive their runs: who computes, who is given what another run computed, and that a
//! verification finds out where that was no function of the arguments.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sim::{
    guests::Guests,
    host::{Host, Life},
    machine::Machine,
    plan::checked,
};
use voyager_agent::{book::Book, event, replay, replay_verify};
use voyager_base::{RunId, Value, sim::SimDisk};

const BODY: &str = "steps:
  - { id: one, use: words/double, with: { p0: a }, cache: { ttl: 1h } }
outputs:
  one: { from: steps.one }
";

struct Stage {
    host: Host,
    computed: Arc<AtomicU32>,
}

impl Stage {
    /// A host whose guest gives `result` of its argument and the number of calls before.
    fn new(result: fn(&str, u32) -> String) -> Self {
        let computed = Arc::<AtomicU32>::default();
        let counted = Arc::clone(&computed);
        let guests = Guests::default().with("double", move |guest| {
            let before = counted.fetch_add(1, Ordering::SeqCst);
            let text = result(guest.text(0), before);
            async move { Ok(Value::String(text)) }
        });
        let host = Host::start(&SimDisk::new(1), &Machine::default(), &guests, 1).unwrap();
        Self { host, computed }
    }

    /// Runs it; gives back its id, what it gave, and the run that computed that where it was another.
    fn run(&self, body: &str) -> (RunId, Value, Option<RunId>) {
        let before = self.host.world.journal.runs().unwrap();
        let Life::Ended(outcome) = self.host.run(&checked(body)) else { panic!("the host died") };
        let value = outcome.unwrap().remove(0).1;
        let mut runs = self.host.world.journal.runs().unwrap();
        runs.retain(|run| !before.contains(run));
        let run = runs[0];
        (run, value, self.kept_from(run))
    }

    fn kept_from(&self, run: RunId) -> Option<RunId> {
        let mut book = Book::of_all();
        let entries = self.host.world.journal.read(run, 0, usize::MAX).unwrap();
        for (sequence, entry) in (0..).zip(entries) {
            book.apply(
                sequence,
                &event::decode(&entry.payload, &*self.host.world.content).unwrap(),
            );
        }
        book.attempts().filter_map(|attempt| attempt.end.as_ref()?.kept_from).next()
    }

    fn computed(&self) -> u32 {
        self.computed.load(Ordering::SeqCst)
    }

    fn later(&self, by: Duration) {
        let clock = Arc::clone(&self.host.world.clock);
        self.host.block_on(async move { clock.wait_until(clock.now().after(by)).await }).unwrap();
    }
}

fn twice(text: &str, _: u32) -> String {
    text.repeat(2)
}

#[test]
fn a_later_run_is_given_what_an_earlier_one_computed() {
    let stage = Stage::new(twice);
    let (first, value, from) = stage.run(BODY);
    assert_eq!((value.as_str(), from), (Some("aa"), None));
    let (second, value, from) = stage.run(BODY);
    assert_eq!((value.as_str(), from, stage.computed()), (Some("aa"), Some(first), 1));
    let world = &stage.host.world;
    replay(&*world.journal, &*world.content, second).unwrap();
    let world = Arc::clone(world);
    let verified =
        stage.host.block_on(async move { replay_verify(&world, second).await }).unwrap().unwrap();
    assert_eq!((verified.difference, verified.attempts), (None, 1));
    assert_eq!(stage.computed(), 2);
}

#[test]
fn other_arguments_and_steps_that_do_not_ask_compute() {
    let stage = Stage::new(twice);
    stage.run(BODY);
    let (_, value, from) = stage.run(&BODY.replace("p0: a", "p0: b"));
    assert_eq!((value.as_str(), from, stage.computed()), (Some("bb"), None, 2));
    let (_, _, from) = stage.run(&BODY.replace(", cache: { ttl: 1h }", ""));
    assert_eq!((from, stage.computed()), (None, 3));
}

#[test]
fn what_is_too_old_is_computed_again() {
    let stage = Stage::new(twice);
    stage.run(BODY);
    stage.later(Duration::from_secs(3_601));
    let (second, _, from) = stage.run(BODY);
    assert_eq!((from, stage.computed()), (None, 2));
    assert_eq!(stage.run(BODY).2, Some(second));
}

#[test]
fn a_failure_is_not_kept() {
    let guests = Guests::default();
    let host = Host::start(&SimDisk::new(1), &Machine::default(), &guests, 1).unwrap();
    let Life::Ended(Err(_)) = host.run(&checked(BODY)) else { panic!("there is no such guest") };
    let stage = Stage { host, computed: Arc::default() };
    let run = *stage.host.world.journal.runs().unwrap().last().unwrap();
    let Life::Ended(Err(_)) = stage.host.run(&checked(BODY)) else { panic!("it was kept") };
    assert_eq!(stage.kept_from(run), None);
}

#[test]
fn a_verification_finds_a_result_that_depends_on_more_than_the_arguments() {
    let stage = Stage::new(|text, before| format!("{text}{before}"));
    stage.run(BODY);
    let (second, value, from) = stage.run(BODY);
    assert_eq!((value.as_str(), from.is_some()), (Some("a0"), true));
    let world = Arc::clone(&stage.host.world);
    let verified = stage.host.block_on(async move { replay_verify(&world, second).await });
    let difference = verified.unwrap().unwrap().difference.unwrap();
    assert_eq!(difference.recorded, "the result \"a0\"");
}
