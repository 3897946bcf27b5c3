//! Whole runs on a living host: journal, replay, verification, cancel, children, limits.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_bytes::ByteBuf;
use sim::{
    guests::Guests,
    host::{Host, Life, request},
    machine::Machine,
    manifests,
    plan::{self, operation, plan, step, step_of},
};
use voyager_agent::lineage::EffectStatus;
use voyager_base::{
    Error, ErrorKind, Type, Value,
    grant::Globs,
    process::RunProgram,
    sim::SimDisk,
    tasks::MapTasks,
    value,
    workspace::{ReadFile, WriteFile},
};

#[test]
fn a_sequence_runs_and_replays_to_the_same_chain() {
    let plan = plan(
        vec![step("a", "upper", &["\"hello\""]), step("b", "upper", &["steps.a + \"x\""])],
        &[("all", Type::String, "steps.b")],
    );
    let host = host(&Machine::default(), &manifests::guests());
    let life = host.run(&plan);
    assert_eq!(life, Life::Ended(Ok(vec![("all".to_owned(), text("HELLOX"))])));
    let run = host.only_run().unwrap();
    let (journal, content) = (&*host.world.journal, &*host.world.content);
    let replayed = voyager_agent::replay(journal, content, run).unwrap();
    let Life::Ended(outcome) = life else { unreachable!("asserted above") };
    assert_eq!(replayed.outcome, Some(outcome.clone()));
    assert_eq!(Some(replayed.head), journal.head(run).unwrap());
    assert_eq!(host.resume(run), Life::Ended(outcome), "a run that has ended stays as it is");
}

#[test]
fn a_guest_that_does_otherwise_is_caught_at_its_first_record() {
    let planted = Arc::new(AtomicBool::new(false));
    let differs = Arc::clone(&planted);
    let guests = Guests::default().with("upper", move |guest| {
        let differs = Arc::clone(&differs);
        async move {
            let other = differs.load(Ordering::SeqCst) && guest.text(0) == "b.txt";
            let path = if other { "a.txt" } else { guest.text(0) }.to_owned();
            let bytes = guest.ask(read(&path)).await?;
            Ok(text(&String::from_utf8_lossy(&bytes)))
        }
    });
    let plan =
        plan(vec![step("a", "upper", &["\"a.txt\""]), step("b", "upper", &["\"b.txt\""])], &[]);
    let host = host(&Machine::with_files([("a.txt", "one"), ("b.txt", "two")]), &guests);
    assert!(matches!(host.run(&plan), Life::Ended(Ok(_))));
    assert_eq!(verify(&host), None);
    planted.store(true, Ordering::SeqCst);
    let difference = verify(&host).unwrap();
    assert!(difference.starts_with("simulated.yaml:2: step `b`: record "), "{difference}");
    assert!(difference.contains("recorded `workspace.read {\"root\":\"repo\",\"path\":\"b.txt\""));
    assert!(difference.contains("now `workspace.read {\"root\":\"repo\",\"path\":\"a.txt\""));
}

#[test]
fn a_cancelled_run_ends_as_cancelled_and_commits_nothing() {
    let guests = Guests::default().with("write", |guest| async move {
        guest.ask(write("new.txt", "text")).await?;
        std::future::pending().await
    });
    let plan = plan(vec![step("a", "write", &[])], &[]);
    let machine = Machine::default();
    let host = host(&machine, &guests);
    let world = Arc::clone(&host.world);
    let outcome = host.block_on(async move {
        let live = voyager_agent::start(&world, request(&plan)).await.unwrap();
        live.handle.cancel();
        live.outcome.await.unwrap()
    });
    assert_eq!(outcome.unwrap().unwrap_err().error.kind, ErrorKind::Cancelled);
    assert!(machine.files().is_empty());
    assert_eq!(verify(&host), None, "what was cut short is compared as far as it went");
}

#[test]
fn a_denied_question_is_recorded_and_changes_nothing() {
    let guests = Guests::default().with("upper", |guest| async move {
        let denied = guest.ask(write("new.txt", "text")).await.unwrap_err();
        Ok(text(denied.kind.name()))
    });
    let mut denied = step("a", "upper", &["\"\""]);
    denied.grants.workspace = Some(vec![]);
    let plan = plan(vec![denied], &[("a", Type::String, "steps.a")]);
    let machine = Machine::default();
    let host = host(&machine, &guests);
    assert_eq!(host.run(&plan), Life::Ended(Ok(vec![("a".to_owned(), text("denied"))])));
    assert!(machine.files().is_empty());
    let view = view(&host);
    assert_eq!(view.tasks[0].effects[0].status, EffectStatus::Denied);
    assert_eq!(verify(&host), None);
}

#[test]
fn a_task_that_calls_itself_with_the_same_arguments_is_refused() {
    let guests = Guests::default().with("again", |guest| async move {
        let operation = "guests/again".to_owned();
        let arguments = vec![ByteBuf::from(value::encode_tuple(&[guest.argument(0).clone()]))];
        let mut outcomes = guest.ask(MapTasks { operation, arguments, parallel: 0 }).await?;
        outcomes.remove(0).map(|_| text("never"))
    });
    let host = host(&Machine::default(), &guests);
    let error = failure(host.run(&plan(vec![step("a", "again", &["\"x\""])], &[])));
    assert!(error.message.contains("it would never end"), "{error}");
}

#[test]
fn children_are_bounded_in_number_and_depth() {
    let guests = Guests::default().with("deeper", |guest| async move {
        let argument = text(&format!("{}x", guest.text(0)));
        let arguments = vec![ByteBuf::from(value::encode_tuple(&[argument]))];
        let operation = "guests/deeper".to_owned();
        let mut outcomes = guest.ask(MapTasks { operation, arguments, parallel: 0 }).await?;
        outcomes.remove(0).map(|_| text("never"))
    });
    let mut deep = step("a", "deeper", &["\"x\""]);
    deep.limits.depth = 3;
    let host_of = || host(&Machine::default(), &guests);
    let (one, other) = (host_of(), host_of());
    let error = failure(one.run(&plan(vec![deep.clone()], &[])));
    assert_eq!(error.bound.as_deref(), Some("depth: 3"));
    assert_eq!(view(&one).tasks.iter().map(|task| task.depth).max(), Some(3));
    deep.limits.children = 0;
    let error = failure(other.run(&plan(vec![deep], &[])));
    assert_eq!(error.bound.as_deref(), Some("children: 0"));
}

#[test]
fn children_that_change_a_file_differently_conflict_and_the_others_are_merged() {
    let guests = Guests::default()
        .with("put", |guest| async move {
            let (path, content) = guest.text(0).split_once('=').unwrap();
            guest.ask(write(path, content)).await?;
            Ok(text(path))
        })
        .with("all", |guest| async move {
            let argument = |it: &str| ByteBuf::from(value::encode_tuple(&[text(it)]));
            let arguments = ["a=1", "b=2", "a=3"].map(argument).to_vec();
            let call = MapTasks { operation: "guests/put".to_owned(), arguments, parallel: 1 };
            let outcomes = guest.ask(call).await?;
            let kinds = outcomes.iter().map(|it| it.as_ref().err().map(|it| it.kind.name()));
            Ok(text(&format!("{:?}", kinds.collect::<Vec<_>>())))
        });
    let mut made = plan(vec![step("all", "all", &[])], &[("all", Type::String, "steps.all")]);
    made.skills[0].operations.push(operation("put", 1, Type::String).into());
    let machine = Machine::default();
    let host = host(&machine, &guests);
    let outputs = vec![("all".to_owned(), text("[None, None, Some(\"conflict\")]"))];
    assert_eq!(host.run(&made), Life::Ended(Ok(outputs)));
    let files = machine.files();
    assert_eq!(files.into_iter().collect::<Vec<_>>(), [pair("a", "1"), pair("b", "2")]);
    assert_eq!(verify(&host), None);
}

#[test]
fn the_number_of_tasks_of_a_run_is_bounded() {
    let mut bounded =
        plan(vec![step("a", "upper", &["\"x\""]), step("b", "upper", &["\"y\""])], &[]);
    bounded.bounds.steps = 1;
    let error = failure(host(&Machine::default(), &manifests::guests()).run(&bounded));
    assert_eq!(error.bound.as_deref(), Some("steps: 1"));
}

#[test]
fn host_calls_are_counted_and_a_guest_can_not_flood_the_journal_by_asking_on() {
    let guests = Guests::default().with("flood", |guest| async move {
        let mut limited = 0;
        for _ in 0..1_000 {
            if guest.ask(read("a.txt")).await.is_err_and(|error| error.kind == ErrorKind::Limit) {
                limited += 1;
            }
        }
        Ok(text(&limited.to_string()))
    });
    let mut flood = step("a", "flood", &[]);
    flood.limits.host_calls = 10;
    let host = host(&Machine::with_files([("a.txt", "one")]), &guests);
    let plan = plan(vec![flood], &[("a", Type::String, "steps.a")]);
    assert_eq!(host.run(&plan), Life::Ended(Ok(vec![("a".to_owned(), text("990"))])));
    assert_eq!(view(&host).tasks[0].effects.len(), 10);
    assert_eq!(verify(&host), None);
}

#[test]
fn a_large_answer_lies_in_the_content_store_and_replays() {
    let large = "x".repeat(200_000);
    let guests = Guests::default().with("upper", |guest| async move {
        let bytes = guest.ask(read("a.txt")).await?;
        Ok(text(&String::from_utf8_lossy(&bytes)))
    });
    let host = host(&Machine::with_files([("a.txt", large.as_str())]), &guests);
    let plan = plan(vec![step("a", "upper", &["\"\""])], &[("a", Type::String, "steps.a")]);
    assert_eq!(host.run(&plan), Life::Ended(Ok(vec![("a".to_owned(), text(&large))])));
    assert_eq!(view(&host).tasks[0].effects[0].status, EffectStatus::Answered { bytes: None });
    assert_eq!(verify(&host), None);
}

#[test]
fn a_long_run_is_resumed_from_a_checkpoint_with_its_open_task() {
    let guests = Guests::default()
        .with("upper", |guest| async move { Ok(text(guest.text(0))) })
        .with("make", |guest| async move {
            guest.ask(program("first")).await?;
            for _ in 0..30 {
                guest.ask(read("a.txt")).await?;
            }
            guest.ask(program("second")).await?;
            Ok(text("made"))
        });
    let items: Vec<String> = (0..600).map(|item| format!("\"{item}\"")).collect();
    let items = format!("[{}]", items.join(", "));
    let each = plan::for_each(
        step("each", "upper", &["item"]),
        &items,
        4,
        voyager_manifest::plan::FailMode::Fast,
    );
    let mut made = plan(
        vec![step_of("make", operation("make", 0, Type::String), &[]), each],
        &[("last", Type::String, "steps.each[599]"), ("made", Type::String, "steps.make")],
    );
    made.steps[1].needs = vec![];
    let machine = Machine::with_files([("a.txt", "one")]);
    let disk = SimDisk::new(3);
    let first = Host::start(&disk, &machine, &guests, 3).unwrap();
    assert!(matches!(first.run(&made), Life::Ended(Ok(_))));
    let run = first.only_run().unwrap();
    assert!(first.world.journal.last_checkpoint(run).unwrap().is_some());
    let calls = disk.calls();
    drop(first);
    for share in [50, 80, 95, 99] {
        let machine = Machine::with_files([("a.txt", "one")]);
        let disk = SimDisk::new(3);
        disk.crash_at(calls * share / 100);
        let host = Host::start(&disk, &machine, &guests, 3).unwrap();
        assert_eq!(host.run(&made), Life::Died);
        drop(host);
        let disk = disk.after_crash(voyager_base::sim::CrashModel::Lost, share);
        let host = Host::start(&disk, &machine, &guests, 4).unwrap();
        let outputs = vec![("last".to_owned(), text("599")), ("made".to_owned(), text("made"))];
        assert_eq!(host.resume(run), Life::Ended(Ok(outputs)));
        assert!(machine.programs().values().all(|count| *count == 1));
        assert_eq!(verify(&host), None);
    }
}

#[test]
fn inputs_that_do_not_fit_begin_nothing() {
    let host = host(&Machine::default(), &manifests::guests());
    let plan = plan(vec![], &[]);
    let mut asked = request(&plan);
    asked.inputs.insert("rep".to_owned(), text("x"));
    asked.inputs.insert("repo".to_owned(), Value::Bool(true));
    let world = Arc::clone(&host.world);
    let error = host.block_on(async move {
        voyager_agent::start(&world, asked).await.err().map(|error| error.to_string())
    });
    assert_eq!(
        error.unwrap().unwrap(),
        "the input `repo` must be a string; there is no input `rep`; there is repo"
    );
    assert_eq!(host.only_run(), None);
}

#[test]
fn what_a_manifest_does_not_speak_of_it_does_not_grant() {
    let guests = Guests::default().with("upper", |guest| async move {
        let error = guest.ask(program("x")).await.unwrap_err();
        Ok(text(&error.message))
    });
    let mut silent = plan(vec![step("a", "upper", &["\"\""])], &[("a", Type::String, "steps.a")]);
    silent.grants.process = None;
    silent.grants.tasks = Some(Globs::none());
    let host = host(&Machine::default(), &guests);
    let Life::Ended(Ok(outputs)) = host.run(&silent) else { panic!("{:?}", host.log.lines()) };
    assert!(format!("{outputs:?}").contains("the grants of the manifest don't let this task"));
}

fn host(machine: &Machine, guests: &Guests) -> Host {
    Host::start(&SimDisk::new(1), machine, guests, 1).unwrap()
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn pair(path: &str, content: &str) -> (String, String) {
    (path.to_owned(), content.to_owned())
}

fn read(path: &str) -> ReadFile {
    ReadFile { root: "repo".to_owned(), path: path.to_owned(), offset: 0, length: 1 << 20 }
}

fn write(path: &str, content: &str) -> WriteFile {
    let content = ByteBuf::from(content.as_bytes());
    WriteFile { root: "repo".to_owned(), path: path.to_owned(), content }
}

fn program(argument: &str) -> RunProgram {
    RunProgram {
        program: "make".to_owned(),
        arguments: vec![argument.to_owned()],
        folder: None,
        directory: None,
        environment: vec![],
        stdin: ByteBuf::new(),
        time_max: None,
    }
}

fn failure(life: Life) -> Error {
    match life {
        Life::Ended(Err(failure)) => failure.error,
        other => panic!("the run must fail: {other:?}"),
    }
}

fn view(host: &Host) -> voyager_agent::RunView {
    let run = host.only_run().unwrap();
    voyager_agent::inspect(&*host.world.journal, &*host.world.content, run).unwrap()
}

/// The first difference that a verification finds.
fn verify(host: &Host) -> Option<String> {
    let (world, run) = (Arc::clone(&host.world), host.only_run().unwrap());
    let verified = host.block_on(async move { voyager_agent::replay_verify(&world, run).await });
    verified.unwrap().unwrap().difference.map(|difference| difference.to_string())
}
