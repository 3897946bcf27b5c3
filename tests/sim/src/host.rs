//! A simulated host: real journal, interpreter, ledger and loop over a simulated disk and machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use voyager_agent::{
    DriveError, ForkError, GivenSecret, GivenSecrets, KeptSecret, Message, Notice, Observer,
    Outcome, Request, Rules, Schedule, StartError, TellError, Told, World,
};
use voyager_base::{
    BoxFuture, Digest, Limits, RunId,
    chain::Head,
    chance::Seeded,
    clock::Timestamp,
    grant::GrantLayer,
    memory::{MemoryService, NoMemory},
    policy::Unchanging,
    record::{AppendError, Batch, Content, Durability, Entry, Journal, ReadError},
    secret::Secret,
    sim::{Executor, SimClock, SimDisk, Unfinished, wait},
};
use voyager_journal::{Options, Store};
use voyager_manifest::plan::{Plan, Resources};
use voyager_memory::{Memory, Options as MemoryOptions, Service};

use crate::{
    guests::{Guests, Sandbox},
    machine::Machine,
    workspace::SimWorkspace,
};

/// What tasks of simulated hosts can reserve.
pub const CAPACITY: Resources = Resources { memory: 1 << 30, cpu: 4 };

/// A host from its start to its end, planned or not.
pub struct Host {
    /// What is around its runs.
    pub world: Arc<World>,
    /// Its records.
    pub store: Arc<Ledgered>,
    /// What happened, as lines.
    pub log: Arc<Log>,
    executor: Executor,
    clock: SimClock,
    machine: Machine,
}

/// Appends between two compactions.
const APPENDS_BETWEEN: u64 = 3;

/// How a life of a host ended.
#[derive(Debug, PartialEq)]
pub enum Life {
    /// The run has an outcome.
    Ended(Outcome),
    /// The host died, or can't write.
    Died,
}

impl Host {
    /// Starts a host. None where its disk dies while it starts.
    pub fn start(disk: &SimDisk, machine: &Machine, guests: &Guests, seed: u64) -> Option<Self> {
        // Even short runs are packed, in several segments.
        let options = Options {
            cache_bytes: 1 << 20,
            segment_bytes_max: 2_000,
            segment_bytes_min: 1,
            compaction_bytes_max: 5_000,
            ..Options::default()
        };
        let store = Store::open(Arc::new(disk.clone()), options).ok()?;
        Some(Self::with(store, Some(disk), machine, guests, seed))
    }

    /// A host over a store, whatever disk that has. What was acknowledged is not remembered: it is for
    /// measurements.
    pub fn over(store: Store, machine: &Machine, guests: &Guests, seed: u64) -> Self {
        Self::with(store, None, machine, guests, seed)
    }

    fn with(
        store: Store,
        disk: Option<&SimDisk>,
        machine: &Machine,
        guests: &Guests,
        seed: u64,
    ) -> Self {
        let remembers = disk.is_some();
        let store = Arc::new(Ledgered { store, remembers, acknowledged: Mutex::default() });
        let executor = Executor::default();
        let clock = SimClock::new(Timestamp::from_millis(1_800_000_000_000));
        let content: Arc<dyn Content> = Arc::<Ledgered>::clone(&store);
        let log = Arc::<Log>::default();
        let world = World {
            journal: Arc::<Ledgered>::clone(&store),
            content: Arc::clone(&content),
            results: machine.results(),
            skills: Arc::new(Sandbox { guests: guests.clone(), clock: clock.clone() }),
            workspace: Arc::new(SimWorkspace::new(machine.clone(), content)),
            process: Arc::new(machine.clone()),
            http: Arc::new(voyager_base::http::NoHttp),
            memory: memory(disk, clock.clone()),
            clock: Arc::new(clock.clone()),
            chance: Arc::new(Seeded::new(seed)),
            spawn: Arc::new(executor.clone()),
            policy: Arc::new(Unchanging::default()),
            observer: Arc::<Log>::clone(&log),
            schedule: Schedule::new(Rules::new(2).with_capacity(CAPACITY), Arc::new(clock.clone())),
        };
        let (world, machine) = (Arc::new(world), machine.clone());
        Self { world, store, log, executor, clock, machine }
    }

    /// Starts a run and lets it go on to its end, or the host's.
    pub fn run(&self, plan: &Plan) -> Life {
        self.start_with(request(plan))
    }

    /// Starts what is asked for and lets it go on to its end, or the host's.
    pub fn start_with(&self, request: Request) -> Life {
        let world = Arc::clone(&self.world);
        self.live(async move { voyager_agent::start(&world, request).await })
    }

    /// Starts what is asked for with what an earlier run did, and lets it go on to its end, or the host's.
    ///
    /// # Panics
    /// Where nothing can be taken over.
    pub fn fork(&self, earlier: RunId, from: Option<&str>, request: Request) -> Life {
        let (world, from) = (Arc::clone(&self.world), from.map(str::to_owned));
        self.live(async move {
            let forked = voyager_agent::fork(&world, earlier, from.as_deref(), request).await;
            forked.map_err(|error| match error {
                ForkError::Start(error) => error,
                refused => panic!("{refused}"),
            })
        })
    }

    /// Goes on with a run, to its end or the host's.
    pub fn resume(&self, run: RunId) -> Life {
        self.resume_with(run, secrets())
    }

    /// The same with other secrets.
    pub fn resume_with(&self, run: RunId, secrets: GivenSecrets) -> Life {
        let world = Arc::clone(&self.world);
        self.live(async move { voyager_agent::resume(&world, run, secrets).await })
    }

    /// Runs a future to its end; none where the host died.
    ///
    /// # Panics
    /// Where it waits for nothing: whatever a test plays has to go on.
    pub fn block_on<T: Send + 'static>(
        &self,
        main: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let machine = self.machine.clone();
        match self.executor.run(&self.clock, move || machine.is_dead(), main) {
            Ok(ended) => Some(ended),
            Err(Unfinished::Halted) => None,
            Err(stands) => panic!("{stands}"),
        }
    }

    fn live(
        &self,
        begin: impl Future<Output = Result<voyager_agent::Live, StartError>> + Send + 'static,
    ) -> Life {
        let mut lived = self.lived(begin, true);
        // Nobody holds a run that waits: people tell it by the journal, and somebody goes on with it.
        while let Some(Err((Some(run), DriveError::Waits))) = lived {
            let Some(said) = self.people(run) else { return Life::Died };
            let world = Arc::clone(&self.world);
            let resumed = async move { voyager_agent::resume(&world, run, secrets()).await };
            lived = self.lived(resumed, said);
        }
        match lived {
            Some(Ok(outcome)) => Life::Ended(outcome),
            Some(Err((_, reason))) => {
                self.log.line(format!("died: {reason}"));
                Life::Died
            }
            None => Life::Died,
        }
    }

    fn lived(
        &self,
        begin: impl Future<Output = Result<voyager_agent::Live, StartError>> + Send + 'static,
        leaves: bool,
    ) -> Option<Result<Outcome, (Option<RunId>, DriveError)>> {
        self.block_on(async move {
            let live = begin.await.map_err(|error| {
                let reason = error.to_string();
                (None, DriveError::Task { reason })
            })?;
            if leaves {
                live.handle.leave_when_waiting();
            }
            live.outcome.await.map_err(|error| (Some(live.id), error))
        })
    }

    /// Answers all that a run waits for, each twice: approvals, but of the step `refused`, and signals,
    /// but of the step `late`. Whether there was anything to say; none where the host died.
    fn people(&self, run: RunId) -> Option<bool> {
        let waits = voyager_agent::waiting(&self.world, run).ok()?;
        let begun = voyager_agent::inspect(&*self.world.journal, &*self.world.content, run).ok()?;
        let mut said = false;
        for wait in waits {
            let step = begun.steps[wait.step].id.clone();
            let (id, by) = (wait.id.to_string(), "ada".to_owned());
            let message = match wait.shown {
                Some(_) => Message::Answer {
                    wait: id,
                    approved: step != "refused",
                    by,
                    comment: "seen".to_owned(),
                },
                None if step == "late" => continue,
                None => {
                    let value = Some(voyager_base::Value::String("told".to_owned()));
                    Message::Signal { id, name: step, value, by }
                }
            };
            for again in [false, true] {
                let (world, message) = (Arc::clone(&self.world), message.clone());
                let told =
                    self.block_on(async move { voyager_agent::tell(&world, run, message).await })?;
                match told {
                    Ok(Told::Taken) if !again => {}
                    // A signal is known, and an approval has nobody who waits for it.
                    Ok(Told::Known) | Err(TellError::Unwanted(_)) if again => {}
                    Ok(told) => panic!("{told:?}, the second time: {again}"),
                    Err(error) => {
                        self.log.line(format!("not told: {error}"));
                        return None;
                    }
                }
            }
            said = true;
        }
        Some(said)
    }

    /// The only run of the host, where one was acknowledged.
    pub fn only_run(&self) -> Option<RunId> {
        self.store.runs().ok()?.first().copied()
    }
}

/// The memory of a host: on the disk of its journal, opened when a guest first needs it.
fn memory(disk: Option<&SimDisk>, clock: SimClock) -> Arc<dyn MemoryService> {
    let Some(disk) = disk.cloned() else { return Arc::new(NoMemory) };
    let opened = Mutex::new(None);
    let open = move || {
        let mut opened = opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(memory) = &*opened {
            return Ok(Arc::clone(memory));
        }
        let chance = Arc::new(Seeded::new(disk.calls()));
        let memory = Memory::open(Arc::new(disk.clone()), MemoryOptions::default(), chance)?;
        Ok(Arc::clone(opened.insert(Arc::new(memory))))
    };
    // At once: the order of the disk's calls must not depend on threads.
    Arc::new(Service::new(Arc::new(open), Arc::new(|work| work()), Arc::new(clock)))
}

impl Drop for Host {
    fn drop(&mut self) {
        self.executor.drop_all();
    }
}

/// The only secret of simulated runs.
pub const SECRET: &str = "hush-hush-hush";

/// It, as runs are given it.
pub fn secrets() -> GivenSecrets {
    let value = Secret::new(SECRET).expect("it is long enough");
    let kept = KeptSecret { source: "env:TOKEN".to_owned(), digest: value.digest(&[7; 32]) };
    BTreeMap::from([("token".to_owned(), GivenSecret { value, kept })])
}

/// What every simulated run is asked with.
pub fn request(plan: &Plan) -> Request {
    Request {
        plan: Arc::new(plan.clone()),
        inputs: BTreeMap::new(),
        secrets: if plan.secrets.is_empty() { BTreeMap::new() } else { secrets() },
        folders: BTreeMap::from([("repo".to_owned(), "/repo".to_owned())]),
        policy: GrantLayer { source: "the host".to_owned(), ..GrantLayer::default() },
        limits: Limits::ceiling(),
    }
}

/// The real journal, which remembers what it acknowledged as synced. Acknowledgements are waited for
/// at once, so that the order of the disk's calls does not depend on threads.
pub struct Ledgered {
    store: Store,
    remembers: bool,
    acknowledged: Mutex<BTreeMap<RunId, Vec<Entry>>>,
}

impl Ledgered {
    /// What was acknowledged as durable, by run.
    pub fn acknowledged(&self) -> BTreeMap<RunId, Vec<Entry>> {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Ledgered {
    /// Remembers what was acknowledged of a run, as far as the disk lives to give it.
    fn remember(&self, run: RunId, head: Head) {
        let mut all = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(run).or_default();
        while (known.len() as u64) < head.sequence
            && let Ok(more) = self.store.read(run, known.len() as u64, usize::MAX)
        {
            known.extend(more);
        }
        known.truncate(usize::try_from(head.sequence).unwrap_or(usize::MAX));
    }

    /// Packs records while a run goes on, as a host does. Where the disk fails, the run learns of it itself.
    fn compact_sometimes(&self) {
        if self.store.appended().is_multiple_of(APPENDS_BETWEEN)
            && let Ok(packed) = self.store.compact(&BTreeSet::new())
        {
            let _ = wait(packed);
        }
    }
}

impl Journal for Ledgered {
    fn claim(&self, run: RunId) -> BoxFuture<'static, Result<(Head, u64), AppendError>> {
        let claimed = wait(self.store.claim(run));
        Box::pin(std::future::ready(claimed))
    }

    fn append(&self, batch: Batch) -> BoxFuture<'static, Result<Head, AppendError>> {
        let (run, durability) = (batch.run, batch.durability);
        let appended = wait(self.store.append(batch));
        if let Ok(head) = &appended
            && durability == Durability::Synced
            && self.remembers
        {
            self.remember(run, *head);
            self.compact_sometimes();
        }
        Box::pin(std::future::ready(appended))
    }

    fn read(&self, run: RunId, from: u64, bytes_max: usize) -> Result<Vec<Entry>, ReadError> {
        self.store.read(run, from, bytes_max)
    }

    fn head(&self, run: RunId) -> Result<Option<Head>, ReadError> {
        self.store.head(run)
    }

    fn runs(&self) -> Result<Vec<RunId>, ReadError> {
        self.store.runs()
    }

    fn checkpoint(
        &self,
        run: RunId,
        at: Head,
        state: Vec<u8>,
    ) -> BoxFuture<'static, Result<(), AppendError>> {
        let kept = wait(self.store.checkpoint(run, at, state));
        Box::pin(std::future::ready(kept))
    }

    fn last_checkpoint(&self, run: RunId) -> Result<Option<(Head, Vec<u8>)>, ReadError> {
        self.store.last_checkpoint(run)
    }
}

impl Content for Ledgered {
    fn put(&self, bytes: &[u8]) -> Result<Digest, AppendError> {
        self.store.put(bytes)
    }

    fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, ReadError> {
        self.store.get(digest)
    }
}

/// What happened, as lines.
#[derive(Default)]
pub struct Log(Mutex<Vec<String>>);

impl Log {
    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn line(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

impl Observer for Log {
    fn notice(&self, _run: RunId, _at: Timestamp, notice: Notice<'_>) {
        if let Notice::Fact(event) = notice {
            self.line(event.name().to_owned());
        }
    }
}
