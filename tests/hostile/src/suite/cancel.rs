//! Runs that are cancelled while a skill is within each of the host's functions.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use voyager_agent::{Nobody, Request};
use voyager_base::{Limits, Value, call::Folders, disk::Disk, grant::GrantLayer, sim::SimDisk};

use super::{
    Case,
    matrix::{ALL, ROWS, Row},
};
use crate::{
    Arena, Call, World,
    arena::{ended, manifest},
    runs::{store_on, world_on},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::scene(
            "cancel-within-each-function",
            "is cancelled within each function of `wit/`, while the host's answer takes an hour or the skill \
             asks for ever",
            "guests are dropped where they stand; what answers is told that nobody waits",
            "all end, nothing is left",
            |arena| {
                Box::pin(async move {
                    for row in ROWS {
                        let ended = cancelled(&arena, row).await;
                        if ended != "cancelled" {
                            return format!("{}: {ended}", row.function);
                        }
                    }
                    "all end, nothing is left".to_owned()
                })
            },
        ),
        Case::scene(
            "time-up-within-a-search",
            "has its time end while the host searches",
            "`time` 50 ms; what answers is told that nobody waits",
            "timeout time: 50ms",
            |arena| Box::pin(async move { timed_out(&arena).await }),
        ),
    ]
}

/// Begins a run that calls a function for ever, among services whose answers take an hour.
struct Waiting {
    around: World,
    world: Arc<voyager_agent::World>,
    live: voyager_agent::Live,
}

async fn begin(arena: &Arena, row: &Row, limits: &str) -> Waiting {
    let around = World::new(u64::MAX, Duration::from_secs(3_600));
    let disk: Arc<dyn Disk> = Arc::new(SimDisk::new(1));
    let services = around.services();
    let world = world_on(&arena.host, store_on(disk), 2, &services, Arc::new(Nobody));
    let world = Arc::new(world);
    let call = Call { grants: ALL.to_owned(), limits: limits.to_owned(), ..Call::default() };
    let component = row.endless();
    let skill = arena.host.sandbox.load(&component).expect("it is a skill");
    let request = Request {
        plan: manifest(&skill, &call).into(),
        inputs: BTreeMap::from([("repo".to_owned(), Value::String("/nowhere".to_owned()))]),
        secrets: BTreeMap::new(),
        folders: Folders::from([("repo".to_owned(), "/nowhere".to_owned())]),
        policy: GrantLayer { source: "the host".to_owned(), ..GrantLayer::default() },
        limits: Limits::ceiling(),
    };
    let live = voyager_agent::start(&world, request).await.expect("it begins");
    Waiting { around, world, live }
}

async fn cancelled(arena: &Arena, row: &Row) -> String {
    let asks = row.over.1 != 0 && !row.function.starts_with("run.");
    let Waiting { around, world, live } = begin(arena, row, "cpu: 1h, time: 1h").await;
    let (handle, outcome) = (live.handle.clone(), tokio::spawn(live.outcome));
    // It computes, or the host has its question; a child computes where it asked for one.
    let waits = asks && !row.function.starts_with("tasks.")
        || row.function.contains("listing")
        || row.function.contains("body");
    let begun =
        || if waits { !around.asked().is_empty() } else { world.schedule.load().computing > 0 };
    while !begun() && !outcome.is_finished() {
        tokio::task::yield_now().await;
    }
    handle.cancel();
    let told = match outcome.await {
        Ok(Ok(outcome)) => ended(outcome),
        other => format!("{other:?}"),
    };
    left(&around, &world).map_or(told, str::to_owned)
}

async fn timed_out(arena: &Arena) -> String {
    let row = ROWS.iter().find(|row| row.function.ends_with("search")).expect("there is one");
    let Waiting { around, world, live } = begin(arena, row, "time: 50ms").await;
    let told = ended(live.outcome.await.expect("it can be recorded"));
    left(&around, &world).map_or(told, str::to_owned)
}

/// What is left of a run that has ended.
fn left(around: &World, world: &voyager_agent::World) -> Option<&'static str> {
    if !around.all_cancelled() {
        return Some("a service still works for nobody");
    }
    (world.schedule.load().computing > 0).then_some("somebody holds a slot")
}
