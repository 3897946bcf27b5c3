//! Runs that take over what ended well inside of what did not.

use sim::{
    host::{Host, Life, request},
    machine::Machine,
    manifests,
    plan::{checked, checked_among},
};
use voyager_agent::{
    DriveError, Event, ForkError, Live, Message,
    event::{Origin, RunStarted},
    fork::Inherited,
    undo::written,
};
use voyager_base::{
    RunId, Value,
    clock::Timestamp,
    record::{Batch, Durability, Entry, Journal as _},
    sim::SimDisk,
    value,
};
use voyager_manifest::plan::Plan;

/// A host, and what is on its machine: `a.txt`, `b.txt`, an empty `log.txt`, and no `c.txt`.
struct Stage {
    machine: Machine,
    host: Host,
}

impl Stage {
    fn new() -> Self {
        let files = [("a.txt", "one"), ("b.txt", "two"), ("log.txt", "")];
        let machine = Machine::with_files(files);
        let host = Host::start(&SimDisk::new(1), &machine, &manifests::guests(), 1).unwrap();
        Self { machine, host }
    }

    /// The run that began last, and how it ended.
    fn begun(&self, begin: impl FnOnce() -> Life) -> (RunId, Result<String, String>) {
        let known = self.host.store.runs().unwrap();
        let life = begin();
        let runs = self.host.store.runs().unwrap();
        let run = runs.into_iter().find(|it| !known.contains(it)).unwrap();
        let Life::Ended(outcome) = life else { panic!("{life:?}") };
        let world = std::sync::Arc::clone(&self.host.world);
        let verified =
            self.host.block_on(async move { voyager_agent::replay_verify(&world, run).await });
        let verified = verified.unwrap().unwrap();
        assert_eq!(verified.difference, None);
        let shown = |(_, value): &(String, Value)| value.to_json().to_string();
        let outcome = outcome.map(|all| all.iter().map(shown).collect::<Vec<_>>().join(" "));
        (run, outcome.map_err(|failure| failure.to_string()))
    }

    fn fails(&self, plan: &Plan) -> RunId {
        let (run, outcome) = self.begun(|| self.host.run(plan));
        assert!(outcome.is_err(), "{outcome:?}");
        run
    }

    fn retry(&self, run: RunId, plan: &Plan) -> (RunId, Result<String, String>) {
        self.begun(|| self.host.fork(run, None, request(plan)))
    }

    fn fork(&self, run: RunId, from: &str, plan: &Plan) -> (RunId, Result<String, String>) {
        self.begun(|| self.host.fork(run, Some(from), request(plan)))
    }

    /// The calls of the steps of a run, in the order in which they began.
    fn calls(&self, run: RunId) -> String {
        let mut calls = Vec::new();
        let started = self.started(run);
        self.facts(run, |event| {
            let Event::TaskStarted(task) = event else { return };
            let Origin::Step { step, .. } = task.origin else { return };
            let step = &started.plan.steps[step];
            let parameters = &step.call().unwrap().operation.parameters;
            let types: Vec<_> = parameters.iter().map(|(_, ty)| ty.clone()).collect();
            let arguments = value::decode_tuple(&types, &task.arguments).unwrap();
            let texts: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
            calls.push(format!("{}({})", step.id, texts.join(", ")));
        });
        calls.join(" ")
    }

    fn started(&self, run: RunId) -> RunStarted {
        let mut first = None;
        self.facts(run, |event| {
            if let Event::RunStarted(started) = event {
                first = Some((**started).clone());
            }
        });
        first.unwrap()
    }

    fn facts(&self, run: RunId, mut take: impl FnMut(&Event)) {
        let world = &self.host.world;
        voyager_agent::facts::<voyager_base::record::ReadError>(
            &*world.journal,
            &*world.content,
            run,
            |_, _, timed| {
                take(&timed.event);
                Ok(())
            },
        )
        .unwrap();
    }

    /// Lets a run go on until it waits for somebody.
    fn waits(&self, begin: impl Future<Output = Live> + Send + 'static) -> RunId {
        let lived = self.host.block_on(async move {
            let live = begin.await;
            live.handle.leave_when_waiting();
            (live.id, live.outcome.await)
        });
        let (run, ended) = lived.unwrap();
        assert_eq!(ended, Err(DriveError::Waits));
        run
    }

    fn tell(&self, run: RunId, message: Message) {
        let world = std::sync::Arc::clone(&self.host.world);
        let told = async move { voyager_agent::tell(&world, run, message).await };
        self.host.block_on(told).unwrap().unwrap();
    }

    /// A host on the same machine that died right after a fact of the run, and the run killed by somebody.
    fn killed_after(self, run: RunId, is_last: impl Fn(&Event) -> bool) -> Self {
        let (mut facts, mut ended) = (0, false);
        self.facts(run, |event| {
            facts += usize::from(!ended);
            ended |= is_last(event);
        });
        assert!(ended, "there is no such fact");
        let mut entries = self.host.store.read(run, 0, usize::MAX).unwrap();
        entries.truncate(facts);
        let host = Host::start(&SimDisk::new(2), &self.machine, &manifests::guests(), 2).unwrap();
        let stage = Self { machine: self.machine.clone(), host };
        stage.write(run, entries);
        stage.tell(run, Message::Kill { by: "ada".to_owned() });
        assert!(matches!(stage.host.resume(run), Life::Ended(Err(_))));
        stage
    }

    fn write(&self, run: RunId, entries: Vec<Entry>) {
        let journal = std::sync::Arc::clone(&self.host.world.journal);
        let written = async move {
            let (head, epoch) = journal.claim(run).await.unwrap();
            let durability = Durability::Synced;
            journal.append(Batch { run, epoch, after: head, entries, durability }).await.unwrap();
        };
        self.host.block_on(written).unwrap();
    }

    fn mend(&self) {
        self.machine.set_file("c.txt", Some(b"three".to_vec()));
    }

    fn inherited(
        &self,
        run: RunId,
        from: Option<&str>,
        plan: &Plan,
    ) -> Result<Inherited, ForkError> {
        voyager_agent::inherit(&self.host.world, run, from, &request(plan))
    }
}

/// Copies files, those of a step together. The last is not there.
const COPIES: &str = "
steps:
  - { id: copy, for-each: { in: \"['a.txt', 'b.txt', 'c.txt']\", as: file, parallel: 1 }, use: guests/copy, with: { p0: { from: file } } }
outputs: { copies: { from: steps.copy } }
";

#[test]
fn items_that_ended_well_are_kept_and_what_they_staged_becomes_real_with_the_rest() {
    let (stage, plan) = (Stage::new(), checked(COPIES));
    let run = stage.fails(&plan);
    assert_eq!(stage.calls(run), "copy(a.txt) copy(b.txt) copy(c.txt)");
    assert!(!stage.machine.files().contains_key("copy-of-a.txt"), "the step commits as a whole");
    stage.mend();
    let (retried, outcome) = stage.retry(run, &plan);
    assert_eq!(stage.calls(retried), "copy(c.txt)");
    assert_eq!(outcome.unwrap(), r#"["copy-of-a.txt","copy-of-b.txt","copy-of-c.txt"]"#);
    let files = stage.machine.files();
    assert_eq!((&*files["copy-of-a.txt"], &*files["copy-of-c.txt"]), ("one", "three"));
    let world = &stage.host.world;
    let written = written(&*world.journal, &*world.content, retried).unwrap();
    assert_eq!(written.changes.len(), 3, "an undo takes back what the kept items did too");
}

#[test]
fn an_item_whose_files_somebody_changed_since_runs_again() {
    let (stage, plan) = (Stage::new(), checked(COPIES));
    let run = stage.fails(&plan);
    stage.mend();
    stage.machine.set_file("copy-of-b.txt", Some(b"mine".to_vec()));
    let (retried, outcome) = stage.retry(run, &plan);
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(stage.calls(retried), "copy(b.txt) copy(c.txt)");
    assert_eq!(stage.machine.files()["copy-of-b.txt"], "two");
}

#[test]
fn a_retry_that_fails_too_hands_on_what_it_had_and_what_it_did() {
    let (stage, plan) = (Stage::new(), checked(&COPIES.replace("'c.txt'", "'c.txt', 'd.txt'")));
    let run = stage.fails(&plan);
    stage.mend();
    let (second, outcome) = stage.retry(run, &plan);
    assert!(outcome.is_err());
    assert_eq!(stage.calls(second), "copy(c.txt) copy(d.txt)");
    // The third ends before any of its steps begins.
    let (world, request) = (std::sync::Arc::clone(&stage.host.world), request(&plan));
    let begun = async move { voyager_agent::fork(&world, second, None, request).await };
    let third = stage.host.block_on(begun).unwrap().unwrap().id;
    stage.tell(third, Message::Kill { by: "ada".to_owned() });
    assert!(matches!(stage.host.resume(third), Life::Ended(Err(_))));
    assert_eq!(stage.calls(third), "");
    stage.machine.set_file("d.txt", Some(b"four".to_vec()));
    let (fourth, outcome) = stage.retry(third, &plan);
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(stage.calls(fourth), "copy(d.txt)");
    assert_eq!(stage.machine.files()["copy-of-a.txt"], "one");
}

/// A block for each item: what ended well within the item that failed is kept too, since it is real.
const BLOCKS: &str = "
steps:
  - id: each
    for-each: { in: \"['a.txt', 'c.txt', 'b.txt']\", as: file, parallel: 1 }
    steps:
      - { id: noted, use: guests/append, with: { p0: { from: file } } }
      - { id: read, use: guests/shout, with: { p0: { from: file } } }
      - { id: upper, use: guests/upper, with: { p0: { from: steps.read } } }
outputs: { all: { from: \"steps.each.map(it, it.noted + it.upper)\" } }
";

#[test]
fn steps_of_an_item_that_ended_well_are_kept() {
    let (stage, plan) = (Stage::new(), checked(BLOCKS));
    let run = stage.fails(&plan);
    assert_eq!(stage.machine.files()["log.txt"], "a.txt\nc.txt\n", "each step commits its own");
    stage.mend();
    let (retried, outcome) = stage.retry(run, &plan);
    assert_eq!(
        stage.calls(retried),
        "read(c.txt) upper(three) noted(b.txt) read(b.txt) upper(two)"
    );
    assert_eq!(outcome.unwrap(), r#"["a.txtONE","c.txtTHREE","b.txtTWO"]"#);
    assert_eq!(stage.machine.files()["log.txt"], "a.txt\nc.txt\nb.txt\n");
}

#[test]
fn items_within_items_are_kept() {
    let body = "
steps:
  - id: outer
    for-each: { in: \"['x', 'y']\", as: name, parallel: 1 }
    steps:
      - { id: upper, use: guests/upper, with: { p0: { from: name } } }
      - id: inner
        for-each: { in: \"['a.txt', name == 'x' ? 'b.txt' : 'c.txt', 'b.txt']\", as: file, parallel: 1 }
        steps:
          - { id: read, use: guests/shout, with: { p0: { from: file } } }
          - { id: both, use: guests/upper, with: { p0: { expr: \"steps.upper + steps.read\" } } }
outputs: { all: { from: \"steps.outer.map(it, it.inner.map(one, one.both))\" } }
";
    let (stage, plan) = (Stage::new(), checked(body));
    let run = stage.fails(&plan);
    stage.mend();
    let (retried, outcome) = stage.retry(run, &plan);
    assert_eq!(stage.calls(retried), "read(c.txt) both(Ythree) read(b.txt) both(Ytwo)");
    assert_eq!(outcome.unwrap(), r#"[["XONE","XTWO","XTWO"],["YONE","YTHREE","YTWO"]]"#);
}

#[test]
fn items_within_another_manifest_are_kept() {
    let part = "voyager: manifest/v1
name: part
version: 1.0.0
inputs: { folder: { type: path }, word: { type: string } }
grants: { workspace: [ { root: inputs.folder, read: [\"**\"], write: [\"**\"] } ] }
steps:
  - { id: copy, for-each: { in: \"['a.txt', inputs.word]\", as: file, parallel: 1 }, use: guests/copy, with: { p0: { from: file } } }
outputs: { copies: { from: steps.copy } }
";
    let body = "
steps:
  - { id: one, use: ./part.yaml, for-each: { in: \"['b.txt', 'c.txt']\", as: word, parallel: 1 }, with: { folder: { from: inputs.repo }, word: { from: word } } }
outputs: { all: { from: \"steps.one.map(it, it.copies)\" } }
";
    let (stage, plan) = (Stage::new(), checked_among(body, &[("part.yaml", part)]));
    let run = stage.fails(&plan);
    stage.mend();
    let (retried, outcome) = stage.retry(run, &plan);
    assert_eq!(stage.calls(retried), "one/copy(c.txt)");
    assert_eq!(
        outcome.unwrap(),
        r#"[["copy-of-a.txt","copy-of-b.txt"],["copy-of-a.txt","copy-of-c.txt"]]"#
    );
}

#[test]
fn rounds_that_ended_well_are_kept_with_what_they_carry() {
    let body = "
steps:
  - id: rounds
    repeat: { max: 3, collect: true, carry: { so-far: { type: string, start: s, next: result.upper } } }
    steps:
      - { id: upper, use: guests/upper, with: { p0: { expr: \"so-far + string(round)\" } } }
      - { id: read, use: guests/shout, with: { p0: { expr: \"round == 2 ? 'c.txt' : 'a.txt'\" } } }
outputs: { all: { from: \"steps.rounds.map(it, it.upper + it.read)\" } }
";
    let (stage, plan) = (Stage::new(), checked(body));
    let run = stage.fails(&plan);
    assert_eq!(stage.calls(run), "upper(s1) read(a.txt) upper(S12) read(c.txt)");
    stage.mend();
    let (retried, outcome) = stage.retry(run, &plan);
    assert_eq!(stage.calls(retried), "read(c.txt) upper(S123) read(a.txt)");
    assert_eq!(outcome.unwrap(), r#"["S1one","S12three","S123one"]"#);
}

#[test]
fn branches_and_cases_are_kept() {
    let body = "
steps:
  - id: both
    parallel: all
    steps:
      - { id: left, use: guests/append, with: { p0: left } }
      - id: right
        switch:
          - { id: never, when: \"1 == 2\", use: guests/upper, with: { p0: never } }
          - { id: reads, for-each: { in: \"['a.txt', 'c.txt']\", as: file, parallel: 1 }, use: guests/shout, with: { p0: { from: file } } }
outputs: { all: { from: steps.both.right.reads } }
";
    let (stage, plan) = (Stage::new(), checked(body));
    let run = stage.fails(&plan);
    stage.mend();
    let (retried, outcome) = stage.retry(run, &plan);
    assert_eq!((&*stage.calls(retried), outcome.is_ok()), ("reads(c.txt)", true), "{outcome:?}");
    assert_eq!(stage.machine.files()["log.txt"], "left\n");
}

#[test]
fn of_a_transaction_all_or_nothing_is_kept() {
    let body = "
steps:
  - id: each
    for-each: { in: \"['b.txt', 'c.txt']\", as: file, parallel: 1 }
    transaction: { workspace: inputs.repo }
    steps:
      - { id: upper, use: guests/upper, with: { p0: { from: file } } }
      - { id: copied, use: guests/copy, with: { p0: { from: file } } }
outputs: { all: { from: \"steps.each.map(it, it.copied)\" } }
";
    let (stage, plan) = (Stage::new(), checked(body));
    let run = stage.fails(&plan);
    stage.mend();
    let (retried, outcome) = stage.retry(run, &plan);
    assert_eq!(stage.calls(retried), "upper(c.txt) copied(c.txt)");
    assert_eq!(outcome.unwrap(), r#"["copy-of-b.txt","copy-of-c.txt"]"#);
    assert_eq!(stage.machine.files()["copy-of-b.txt"], "two", "the item that was kept is real");

    let around = "
steps:
  - id: all
    transaction: { workspace: inputs.repo }
    steps:
      - { id: each, for-each: { in: \"['b.txt', 'c.txt']\", as: file, parallel: 1 }, use: guests/copy, with: { p0: { from: file } } }
outputs: { all: { from: steps.all.each } }
";
    let (stage, plan) = (Stage::new(), checked(around));
    let run = stage.fails(&plan);
    stage.mend();
    let (retried, _) = stage.retry(run, &plan);
    assert_eq!(stage.calls(retried), "each(b.txt) each(c.txt)");
}

#[test]
fn nothing_is_kept_of_a_race_nor_of_a_block_whose_finally_has_run() {
    for (head, foot) in [
        ("parallel: any\n    steps:", ""),
        ("parallel: race\n    steps:", ""),
        (
            "steps:",
            "    finally:\n      - { id: cleared, use: guests/upper, with: { p0: cleared } }\n",
        ),
    ] {
        let body = format!(
            "
steps:
  - id: block
    {head}
      - {{ id: reads, for-each: {{ in: \"['a.txt', 'c.txt']\", as: file, parallel: 1 }}, use: guests/shout, with: {{ p0: {{ from: file }} }} }}
{foot}"
        );
        let (stage, plan) = (Stage::new(), checked(&body));
        let run = stage.fails(&plan);
        stage.mend();
        let (retried, outcome) = stage.retry(run, &plan);
        assert!(outcome.is_ok(), "{outcome:?}");
        assert!(stage.calls(retried).starts_with("reads(a.txt) reads(c.txt)"), "{head}");
    }
}

#[test]
fn what_was_taken_back_runs_again() {
    let body = "
steps:
  - id: each
    for-each: { in: \"['a.txt', 'c.txt']\", as: file, parallel: 1 }
    steps:
      - { id: noted, use: guests/append, with: { p0: { from: file } }, compensate: { use: guests/append, with: { p0: { expr: \"'no ' + file\" } } } }
      - { id: upper, needs: [], use: guests/upper, with: { p0: { from: file } } }
      - { id: read, use: guests/shout, with: { p0: { from: file } } }
";
    let (stage, plan) = (Stage::new(), checked(body));
    let run = stage.fails(&plan);
    assert_eq!(stage.machine.files()["log.txt"], "a.txt\nc.txt\nno c.txt\nno a.txt\n");
    stage.mend();
    let (retried, outcome) = stage.retry(run, &plan);
    assert!(outcome.is_ok(), "{outcome:?}");
    let calls = stage.calls(retried);
    assert_eq!(calls.matches("noted(").count(), 2, "{calls}");
}

/// A block for each item with something to take back, and a wait in the second.
const SAGA: &str = "
steps:
  - id: each
    for-each: { in: \"['a', 'b', 'c']\", as: word, parallel: 1 }
    steps:
      - { id: noted, use: guests/append, with: { p0: { from: word } }, compensate: { use: guests/append, with: { p0: { expr: \"'no ' + word\" } } } }
      - { id: late, when: \"word == 'b'\", await: { signal: late } }
  - { id: read, use: guests/shout, with: { p0: c.txt } }
";

#[test]
fn what_a_kill_left_of_items_is_kept_and_taken_back_later() {
    let (stage, plan) = (Stage::new(), checked(SAGA));
    let (world, asked) = (std::sync::Arc::clone(&stage.host.world), request(&plan));
    let killed = stage.waits(async move { voyager_agent::start(&world, asked).await.unwrap() });
    stage.tell(killed, Message::Kill { by: "ada".to_owned() });
    assert!(matches!(stage.host.resume(killed), Life::Ended(Err(_))));
    assert_eq!(stage.machine.files()["log.txt"], "a\nb\n");
    let (world, asked) = (std::sync::Arc::clone(&stage.host.world), request(&plan));
    let forked = async move { voyager_agent::fork(&world, killed, None, asked).await.unwrap() };
    let second = stage.waits(forked);
    let (id, name, by) = ("1".to_owned(), "late".to_owned(), "ada".to_owned());
    stage.tell(second, Message::Signal { id, name, value: None, by });
    assert!(matches!(stage.host.resume(second), Life::Ended(Err(_))), "there is no c.txt");
    assert!(stage.calls(second).starts_with("noted(c) read(c.txt)"), "{}", stage.calls(second));
    assert_eq!(stage.machine.files()["log.txt"], "a\nb\nc\nno c\nno b\nno a\n");
}

#[test]
fn what_a_step_committed_is_not_committed_again_where_its_host_died_before_its_end() {
    let (stage, plan) = (Stage::new(), checked(COPIES));
    stage.mend();
    let (run, _) = stage.begun(|| stage.host.run(&plan));
    let stage = stage.killed_after(run, |event| matches!(event, Event::CommitDone { .. }));
    stage.machine.set_file("copy-of-a.txt", Some(b"mine".to_vec()));
    let (retried, outcome) = stage.retry(run, &plan);
    assert_eq!((&*stage.calls(retried), outcome.is_ok()), ("", true), "{outcome:?}");
    assert_eq!(stage.machine.files()["copy-of-a.txt"], "mine");
}

#[test]
fn items_that_changed_one_file_differently_run_again() {
    let both = "
steps:
  - { id: noted, for-each: { in: \"['a', 'b']\", as: word, parallel: 1 }, use: guests/append, with: { p0: { from: word } } }
";
    let (stage, plan) = (Stage::new(), checked(both));
    let run = stage.fails(&plan);
    assert_eq!(stage.calls(run), "noted(a) noted(b)", "both changed one file");
    let (retried, _) = stage.retry(run, &plan);
    assert_eq!(stage.calls(retried), "noted(a) noted(b)", "neither can be kept");
}

#[test]
fn where_a_case_ended_well_no_other_runs() {
    let body = "
steps:
  - id: chosen
    switch:
      - { id: first, use: guests/append, with: { p0: first } }
      - { id: second, use: guests/append, with: { p0: second } }
  - { id: last, use: guests/append, with: { p0: last } }
";
    let (stage, plan) = (Stage::new(), checked(body));
    let (run, _) = stage.begun(|| stage.host.run(&plan));
    let (forked, _) = stage.fork(run, "second", &plan);
    assert_eq!(stage.calls(forked), "first(first) last(last)", "which case it is, is decided anew");
    stage.machine.set_file("log.txt", Some(b"first\n".to_vec()));
    let stage = stage.killed_after(
        run,
        |event| matches!(event, Event::StepDone { step, .. } if plan.steps[*step].id == "first"),
    );
    let (retried, outcome) = stage.retry(run, &plan);
    assert_eq!((&*stage.calls(retried), outcome.is_ok()), ("last(last)", true), "{outcome:?}");
}

#[test]
fn a_block_that_repeats_or_chooses_runs_as_a_whole_where_a_step_in_it_runs_anew() {
    let body = "
steps:
  - id: rounds
    repeat: { max: 2 }
    steps:
      - { id: upper, use: guests/upper, with: { p0: { expr: string(round) } } }
      - id: chosen
        switch:
          - { id: never, when: \"round == 3\", use: guests/upper, with: { p0: never } }
          - { id: read, use: guests/shout, with: { p0: a.txt } }
  - id: once
    switch:
      - { id: none, when: \"1 == 2\", use: guests/upper, with: { p0: none } }
      - { id: some, use: guests/upper, with: { p0: some } }
";
    let (stage, plan) = (Stage::new(), checked(body));
    let (run, outcome) = stage.begun(|| stage.host.run(&plan));
    assert!(outcome.is_ok(), "{outcome:?}");
    let (forked, _) = stage.fork(run, "read", &plan);
    assert_eq!(stage.calls(forked), "upper(1) read(a.txt) upper(2) read(a.txt) some(some)");
    // Its condition holds now: the case that ran before must not stand beside it.
    let other = checked(&body.replace("1 == 2", "1 == 1"));
    let (forked, _) = stage.fork(run, "none", &other);
    assert_eq!(stage.calls(forked), "none(none)");
}

#[test]
fn a_step_that_owes_something_is_done_anew_as_a_whole_where_a_part_of_it_is() {
    let (stage, plan) = (Stage::new(), checked(SAGA));
    let (world, asked) = (std::sync::Arc::clone(&stage.host.world), request(&plan));
    let killed = stage.waits(async move { voyager_agent::start(&world, asked).await.unwrap() });
    stage.tell(killed, Message::Kill { by: "ada".to_owned() });
    assert!(matches!(stage.host.resume(killed), Life::Ended(Err(_))));
    let kept = stage.inherited(killed, None, &plan).unwrap().steps;
    assert_eq!((kept.parts.len(), kept.compensations.len()), (1, 1));
    let open = &kept.parts[0].items[1].steps;
    assert_eq!((open.kept.len(), open.compensations.len()), (1, 1));
    let kept = stage.inherited(killed, Some("late"), &plan).unwrap().steps;
    assert!(kept.is_empty(), "{kept:?}");
}

#[test]
fn a_run_of_the_semantics_before_goes_on_and_one_of_others_does_not() {
    let (stage, plan) = (Stage::new(), checked(COPIES));
    let run = stage.fails(&plan);
    let begun = |number: u8, semantics: u32| {
        let started = RunStarted { semantics, ..stage.started(run) };
        let (id, world) = (RunId([number; 16]), &stage.host.world);
        let event = Event::RunStarted(Box::new(started));
        let payload = voyager_agent::event::encode(Timestamp::default(), &event, &*world.content);
        stage.write(id, vec![Entry { salt: [1; 16], payload: payload.unwrap() }]);
        id
    };
    stage.mend();
    let old = begun(1, 5);
    assert!(matches!(stage.host.resume(old), Life::Ended(Ok(_))));
    assert_eq!(stage.calls(old), "copy(a.txt) copy(b.txt) copy(c.txt)");
    for (number, other) in [(2, 4), (3, 7)] {
        assert_eq!(stage.host.resume(begun(number, other)), Life::Died, "{other}");
    }
}

#[test]
fn a_step_within_a_block_can_be_the_first_to_run_anew() {
    let (stage, plan) = (Stage::new(), checked(BLOCKS));
    stage.mend();
    let (run, outcome) = stage.begun(|| stage.host.run(&plan));
    assert!(outcome.is_ok(), "{outcome:?}");
    // What comes after it may be another step in the later manifest, and what comes before may not.
    let other = checked(
        &BLOCKS.replace("p0: { from: steps.read }", "p0: { expr: \"'so ' + steps.read\" }"),
    );
    let (forked, outcome) = stage.fork(run, "upper", &other);
    assert_eq!(stage.calls(forked), "upper(so one) upper(so three) upper(so two)");
    assert_eq!(outcome.unwrap(), r#"["a.txtSO ONE","c.txtSO THREE","b.txtSO TWO"]"#);
    assert_eq!(stage.machine.files()["log.txt"], "a.txt\nc.txt\nb.txt\n");

    let (forked, _) = stage.fork(run, "each", &plan);
    assert_eq!(stage.calls(forked).matches("noted(").count(), 3, "of the block itself all runs");
    let other = checked(&BLOCKS.replace("guests/append, with", "guests/upper, with"));
    let refused = stage.inherited(run, Some("upper"), &other);
    let Err(ForkError::Blocked(why)) = refused else { panic!("{refused:?}") };
    assert_eq!(why.len(), 1, "each item says the same: {why:?}");
    assert!(why[0].contains("`noted` (line"), "{why:?}");
}

#[test]
fn items_of_other_values_run() {
    let (stage, plan) = (Stage::new(), checked(COPIES));
    let run = stage.fails(&plan);
    let mut inherited = stage.inherited(run, None, &plan).unwrap();
    let items = &mut inherited.steps.parts[0].items;
    assert_eq!(items.iter().map(|it| it.item).collect::<Vec<_>>(), [0, 1]);
    // As if the second had been the first.
    (items[0].of, items[1].item) = (items[1].of, 7);
    let started = RunStarted { inherited: Some(inherited), ..stage.started(run) };
    let mut interpreter =
        voyager_agent::interpreter::Interpreter::new(run, started, Default::default());
    let mut starts = Vec::new();
    while let Some(command) = interpreter.poll_command() {
        use voyager_agent::interpreter::Command;
        match command {
            Command::Record(event) => interpreter.apply(Default::default(), &event).unwrap(),
            Command::Start(task) => starts.push(task.origin),
            other => panic!("{other:?}"),
        }
    }
    let begins = |item| move |origin: &Origin| matches!(origin, Origin::Step { item: own, .. } if *own == item);
    assert!(starts.iter().any(begins(0)), "{starts:?}");
}
