//! Guests that compute without end, and critical ones that must not wait for them.

use std::sync::{Arc, atomic::Ordering::SeqCst};

use voyager_agent::{Nobody, replay_verify};
use voyager_base::{ErrorKind, Value, sim::SimDisk};
use voyager_hostile::{Host, Pauses, RunHost, spinner, working_spinner};

/// Rounds that take a second or so: far longer than a slot is waited for.
const SECONDS: &str = "300000000";

fn spin(rounds: &str, more: &str) -> String {
    format!(
        "limits: {{ cpu: 10m, time: 10m }}\n{more}\nsteps:\n  - id: spin\n    use: hostile/f\n    \
         with: {{ rounds: {rounds} }}\noutputs: {{ sum: {{ from: steps.spin }} }}\n"
    )
}

fn sum(outcome: &voyager_agent::Outcome) -> Value {
    outcome.as_ref().unwrap()[0].1.clone()
}

/// Waits until some guest has a slot.
async fn computes(runs: &RunHost) {
    while runs.world.schedule.load().computing == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_critical_task_runs_while_a_low_one_computes_and_that_ends_as_it_would_have() {
    let (host, disk) = (Host::new(), SimDisk::new(1));
    let (observer, mut pauses) = Pauses::watch();
    let runs = RunHost::new(&host, &[spinner()], 1, &disk, observer);
    let alone = sum(&runs.run(&spin(SECONDS, "")).await);

    let low = runs.start(runs.plan(&spin(SECONDS, "priority: low"))).await.unwrap();
    let id = low.id;
    let low = tokio::spawn(low.outcome);
    computes(&runs).await;
    let critical = runs.start(runs.plan(&spin(SECONDS, "priority: critical"))).await.unwrap();
    let (first, critical) = (critical.id, tokio::spawn(critical.outcome));
    pauses.wait_for(|(paused, _)| *paused == 1).await.unwrap();
    assert!(critical.await.unwrap().unwrap().is_ok());
    pauses.wait_for(|(_, continued)| *continued == 1).await.unwrap();

    let outcome = low.await.unwrap().unwrap();
    assert_eq!(sum(&outcome), alone, "a pause changes no result");
    let view = runs.view(id);
    assert!(runs.view(first).tasks[0].ended < view.tasks[0].ended, "it waited for the low one");
    assert_eq!(view.tasks.len(), 1, "nothing was done twice");
    assert_eq!(view.tasks[0].pauses, 1);
    let verified = replay_verify(&runs.world, id).await.unwrap();
    assert_eq!(verified.difference, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_task_can_be_cancelled_and_uses_none_of_its_time() {
    let (host, disk) = (Host::new(), SimDisk::new(1));
    let (observer, mut pauses) = Pauses::watch();
    let runs = RunHost::new(&host, &[spinner()], 1, &disk, observer);
    let short = "limits: { cpu: 10m, time: 300ms }\npriority: low\nsteps:\n  - id: spin\n    \
                 use: hostile/f\n    with: { rounds: 100000000000 }\n";
    let low = runs.start(runs.plan(short)).await.unwrap();
    let cancelled = runs.start(runs.plan(&spin(SECONDS, "priority: low"))).await.unwrap();
    let handle = cancelled.handle.clone();
    let (low, cancelled) = (tokio::spawn(low.outcome), tokio::spawn(cancelled.outcome));
    computes(&runs).await;
    let critical = runs.start(runs.plan(&spin(SECONDS, "priority: critical"))).await.unwrap();
    let critical = tokio::spawn(critical.outcome);
    pauses.wait_for(|(paused, _)| *paused == 1).await.unwrap();
    handle.cancel();
    let cancelled = cancelled.await.unwrap().unwrap().unwrap_err();
    assert_eq!(cancelled.error.kind, ErrorKind::Cancelled);
    assert!(!low.is_finished(), "its time stands still while it is paused");
    assert!(critical.await.unwrap().unwrap().is_ok());
    let low = low.await.unwrap().unwrap().unwrap_err();
    assert_eq!(low.error.kind, ErrorKind::Timeout, "and then goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_host_dies_while_it_is_paused_goes_on() {
    let (host, disk) = (Host::new(), SimDisk::new(1));
    let (observer, mut pauses) = Pauses::watch();
    let id = {
        let runs = RunHost::new(&host, &[spinner()], 1, &disk, observer);
        let low = runs.start(runs.plan(&spin("1000000", "priority: low"))).await.unwrap();
        let (id, low) = (low.id, tokio::spawn(low.outcome));
        let endless = runs.plan(&spin("100000000000", "priority: critical"));
        let critical = tokio::spawn(runs.start(endless).await.unwrap().outcome);
        // Whether the low one has begun or not: it does not compute now.
        tokio::select! {
            paused = pauses.wait_for(|(paused, _)| *paused == 1) => drop(paused.unwrap()),
            () = tokio::time::sleep(std::time::Duration::from_millis(200)) => {}
        }
        low.abort();
        critical.abort();
        id
    };
    let runs = RunHost::new(&host, &[spinner()], 1, &disk, Arc::new(Nobody));
    let live = voyager_agent::resume(&runs.world, id, Default::default()).await.unwrap();
    assert!(live.outcome.await.unwrap().is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_room_the_guest_that_rests_is_dropped_and_goes_on_from_the_record() {
    let (host, disk) = (Host::with_room(1), SimDisk::new(1));
    let (observer, mut pauses) = Pauses::watch();
    let told = Arc::clone(&observer);
    let runs = RunHost::new(&host, &[working_spinner()], 1, &disk, observer);
    let grants = "grants: { process: [ { run: \"true\" } ] }";
    let alone = sum(&runs.run(&spin(SECONDS, grants)).await);
    assert_eq!((runs.around.asked().len(), told.lines.load(SeqCst)), (2, 1));

    let plan = runs.plan(&spin(SECONDS, &format!("{grants}\npriority: low")));
    let low = runs.start(plan).await.unwrap();
    let (id, low) = (low.id, tokio::spawn(low.outcome));
    // It computes, behind its first program.
    while told.lines.load(SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    let critical = spin(SECONDS, &format!("{grants}\npriority: critical"));
    assert_eq!(sum(&runs.run(&critical).await), alone);
    let outcome = low.await.unwrap().unwrap();
    assert_eq!(sum(&outcome), alone);
    assert_eq!(*pauses.borrow_and_update(), (1, 1));
    let view = runs.view(id);
    assert_eq!((view.tasks.len(), view.tasks[0].attempt), (1, 1));
    assert_eq!((view.tasks[0].pauses, view.tasks[0].evictions), (1, 1));
    assert_eq!(view.tasks[0].effects.len(), 2);
    assert_eq!(runs.around.asked().len(), 6, "no program was started twice");
    assert_eq!(told.lines.load(SeqCst), 3, "no line was told twice");
    let verified = replay_verify(&runs.world, id).await.unwrap();
    assert_eq!(verified.difference, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_room_and_nobody_who_rests_a_task_fails_as_before() {
    let (host, disk) = (Host::with_room(1), SimDisk::new(1));
    let runs = RunHost::new(&host, &[spinner()], 2, &disk, Arc::new(Nobody));
    let first = runs.start(runs.plan(&spin("100000000000", ""))).await.unwrap();
    let (handle, first) = (first.handle.clone(), tokio::spawn(first.outcome));
    computes(&runs).await;
    // The first may not have started yet: then it is the one that fails.
    let second = runs.start(runs.plan(&spin("100000000000", ""))).await.unwrap();
    let (other, second) = (second.handle.clone(), tokio::spawn(second.outcome));
    let mut ends = futures_util::stream::FuturesUnordered::from_iter([first, second]);
    let failed = futures_util::StreamExt::next(&mut ends).await.unwrap().unwrap().unwrap();
    assert_eq!(failed.unwrap_err().error.kind, ErrorKind::Unavailable);
    handle.cancel();
    other.cancel();
    let left = futures_util::StreamExt::next(&mut ends).await.unwrap().unwrap().unwrap();
    assert_eq!(left.unwrap_err().error.kind, ErrorKind::Cancelled);
}
