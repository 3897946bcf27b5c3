//! Whole runs over the real sandbox: the real loop, ledger, schedule and journal, on a simulated disk.

use std::{collections::BTreeMap, sync::Arc};

use voyager_agent::{Live, Notice, Observer, Outcome, Request, Rules, Schedule, StartError};
use voyager_base::{
    BoxFuture, Limits, RunId,
    call::{Services, Spawn},
    chance::Seeded,
    clock::{Clock, Timestamp},
    disk::Disk,
    grant::GrantLayer,
    policy::Unchanging,
    record::{Content, Journal},
    sim::{MemoryResults, SimDisk},
};
use voyager_journal::{Options, Store};
use voyager_manifest::{Catalog, check, plan::Plan};
use voyager_sandbox::Sandbox;

use crate::{Host, World};

/// A host of runs.
pub struct RunHost {
    /// What stands around its runs.
    pub world: Arc<voyager_agent::World>,
    /// What answers, and was asked.
    pub around: World,
    catalog: Catalog,
}

impl RunHost {
    /// A host with these components and so many slots, whose records lie on `disk`.
    ///
    /// # Panics
    /// Where a component can't be loaded, or the disk is damaged.
    pub fn new(
        host: &Host,
        components: &[Vec<u8>],
        slots: u32,
        disk: &SimDisk,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self::on(host, components, slots, Arc::new(disk.clone()), observer)
    }

    /// The same on any disk.
    ///
    /// # Panics
    /// As [`Self::new`].
    pub fn on(
        host: &Host,
        components: &[Vec<u8>],
        slots: u32,
        disk: Arc<dyn Disk>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let load = |component: &Vec<u8>| host.sandbox.load(component).expect("it is a skill");
        let catalog = components.iter().map(|it| (*load(it)).clone()).collect();
        let around = World::default();
        let world = world_on(host, store_on(disk), slots, &around.services(), observer);
        Self { world: Arc::new(world), around, catalog: Catalog::new(catalog) }
    }

    /// The plan of a manifest, whose head comes of itself.
    ///
    /// # Panics
    /// Where something is wrong with it.
    pub fn plan(&self, text: &str) -> Plan {
        plan(&self.catalog, text)
    }

    /// Begins a run.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(&self, plan: Plan) -> Result<Live, StartError> {
        let request = Request {
            plan: plan.into(),
            inputs: BTreeMap::new(),
            secrets: BTreeMap::new(),
            folders: BTreeMap::new(),
            policy: GrantLayer { source: "the host".to_owned(), ..GrantLayer::default() },
            limits: Limits::ceiling(),
        };
        voyager_agent::start(&self.world, request).await
    }

    /// Runs a manifest to its end.
    ///
    /// # Errors
    /// Those of the run.
    ///
    /// # Panics
    /// Where it can't begin, or can't go on.
    pub async fn run(&self, text: &str) -> Outcome {
        let live = self.start(self.plan(text)).await.expect("it begins");
        live.outcome.await.expect("it can be recorded")
    }

    /// What the journal tells of a run.
    ///
    /// # Panics
    /// Where it can't be read.
    pub fn view(&self, run: RunId) -> voyager_agent::RunView {
        voyager_agent::inspect(&*self.world.journal, &*self.world.content, run)
            .expect("it is there")
    }
}

/// The plan of a manifest, whose head comes of itself.
///
/// # Panics
/// Where something is wrong with it.
pub(crate) fn plan(catalog: &Catalog, text: &str) -> Plan {
    let text = format!("voyager: manifest/v1\nname: test\nversion: 1.0.0\n{text}");
    let checked = check(text.as_bytes(), "test.yaml", catalog, &Limits::ceiling());
    let found: Vec<String> =
        checked.diagnostics.iter().map(|it| format!("{}: {}", it.place.line, it.message)).collect();
    checked.plan.unwrap_or_else(|| panic!("{found:?}\n{text}"))
}

/// A journal on `disk`.
///
/// # Panics
/// Where that is damaged.
pub(crate) fn store_on(disk: Arc<dyn Disk>) -> Arc<Store> {
    Arc::new(Store::open(disk, Options::default()).expect("the disk is whole"))
}

/// What stands around runs over the sandbox of `host`; of the services those of files and programs.
pub(crate) fn world_on(
    host: &Host,
    store: Arc<Store>,
    slots: u32,
    services: &Services,
    observer: Arc<dyn Observer>,
) -> voyager_agent::World {
    let clock: Arc<dyn Clock> = Arc::clone(&host.clock);
    // Each host has other chance than the one before it.
    let chance = Seeded::new(store.runs().map_or(0, |runs| runs.len() as u64));
    voyager_agent::World {
        journal: Arc::<Store>::clone(&store) as Arc<dyn Journal>,
        content: store as Arc<dyn Content>,
        results: Arc::new(MemoryResults::default()),
        skills: Arc::new(Sandbox::clone(&host.sandbox)),
        workspace: Arc::clone(&services.workspace),
        process: Arc::clone(&services.process),
        http: Arc::clone(&services.http),
        memory: Arc::clone(&services.memory),
        clock: Arc::clone(&clock),
        chance: Arc::new(chance),
        spawn: Arc::new(Tokio(tokio::runtime::Handle::current())),
        policy: Arc::new(Unchanging::default()),
        observer,
        schedule: Schedule::new(Rules::new(slots), clock),
    }
}

/// Starts futures on tokio's threads.
struct Tokio(tokio::runtime::Handle);

impl Spawn for Tokio {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        drop(self.0.spawn(future));
    }
}

/// Tells tests of pauses.
pub struct Pauses {
    pauses: tokio::sync::watch::Sender<(u32, u32)>,
    /// Lines that guests logged.
    pub lines: std::sync::atomic::AtomicU32,
}

impl Pauses {
    /// An observer, and what it has seen so far: pauses and their ends.
    pub fn watch() -> (Arc<Self>, tokio::sync::watch::Receiver<(u32, u32)>) {
        let (tell, told) = tokio::sync::watch::channel((0, 0));
        let lines = std::sync::atomic::AtomicU32::new(0);
        (Arc::new(Self { pauses: tell, lines }), told)
    }
}

impl Observer for Pauses {
    fn notice(&self, _run: RunId, _at: Timestamp, notice: Notice<'_>) {
        match notice {
            Notice::Paused { .. } => self.pauses.send_modify(|(paused, _)| *paused += 1),
            Notice::Continued { .. } => self.pauses.send_modify(|(_, continued)| *continued += 1),
            Notice::Report { .. } => {
                self.lines.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
            _ => {}
        }
    }
}
