//! Stand-ins for what surrounds the sandbox: a ledger that checks grants and counts, services that
//! answer little and slowly.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_bytes::ByteBuf;
use voyager_base::{
    BoxFuture, Error, RunId, TaskId,
    call::{
        Admission, CallContext, Cancellation, Folders, Ledger, Lineage, Outcome, Question,
        Remaining, Report, Services, StageId, Stop,
    },
    clock::Timestamp,
    grant::{FolderGrant, Globs, GrantLayer, Grants, ProgramGrant},
    http::{HttpRequest, HttpResponse, HttpService},
    id::RecordId,
    memory::{
        FindMemory, ForgetMemory, FoundMemory, KeepResult, ListMemory, MemoryPassage,
        MemoryService, OfferedResult, ReadMemory, RecallMemory, Recalled, RelateMemory,
        RelatedMemory, RememberMemory, Remembered, SeekHistory, SeekPassages, SeekRelations,
        SeekResults, UsedMemory,
    },
    process::{Finished, ProcessService, RunProgram},
    sim::asking,
    tasks::{ChildOutcome, MapTasks, TasksService},
    workspace::{
        Change, Conflict, Entry, FileKind, FileStat, Found, Inspect, List, Listed, Look, ReadFile,
        RemoveFile, RenameFile, Replace, Replaced, Search, ShowDiff, Standing, WorkspaceService,
        WriteFile,
    },
};

const RUN: RunId = RunId([1; 16]);

/// What surrounds one call.
#[derive(Clone)]
pub struct World {
    /// The ledger.
    pub book: Arc<Book>,
    services: Arc<Silent>,
}

impl Default for World {
    fn default() -> Self {
        Self::new(u64::MAX, Duration::ZERO)
    }
}

impl World {
    /// Grants `src/**` of the folder `repo` for reading and the program `true`; admits
    /// `host_calls_max` questions, each of which is answered after `delay`.
    pub fn new(host_calls_max: u64, delay: Duration) -> Self {
        let grants = Arc::new(grants());
        let book = Book { run: RUN, grants, host_calls_max, log: Mutex::default() };
        Self { book: Arc::new(book), services: Arc::new(Silent::new(delay)) }
    }

    /// The same as by default, in another run.
    pub fn in_run(run: RunId) -> Self {
        let book = Book {
            run,
            grants: Arc::new(grants()),
            host_calls_max: u64::MAX,
            log: Mutex::default(),
        };
        Self { book: Arc::new(book), ..Self::default() }
    }

    /// The services.
    pub fn services(&self) -> Arc<Services> {
        Arc::new(Services {
            workspace: Arc::clone(&self.services) as _,
            process: Arc::clone(&self.services) as _,
            http: Arc::clone(&self.services) as _,
            memory: Arc::clone(&self.services) as _,
            tasks: Arc::clone(&self.services) as _,
        })
    }

    /// Whether all whose answers take a while were told that nobody waits for them any more.
    pub fn all_cancelled(&self) -> bool {
        lock(&self.services.cancellations).iter().all(Cancellation::is_cancelled)
    }

    /// What the services were asked, in words.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.services.asked).clone()
    }
}

fn grants() -> Grants {
    let folder = FolderGrant {
        root: "repo".to_owned(),
        read: Globs::new(["src/**"]).expect("the glob is well formed"),
        write: Globs::none(),
        write_bytes_max: None,
    };
    let program = ProgramGrant {
        run: vec!["true".to_owned()],
        network: false,
        time_max: None,
        output_bytes_max: None,
        memory_bytes_max: None,
        processes_max: None,
        cpus_max: None,
        demand: Vec::new(),
        secrets: BTreeMap::new(),
    };
    let layer = GrantLayer {
        source: "manifest".to_owned(),
        workspace: Some(vec![folder]),
        process: Some(vec![program]),
        http: None,
        memory: None,
        tasks: Some(Globs::new(["**"]).expect("the glob is well formed")),
        ..GrantLayer::default()
    };
    let folders = Arc::new(BTreeMap::from([("repo".to_owned(), "/nowhere".to_owned())]));
    Grants { folders, layers: vec![Arc::new(layer)] }
}

/// A ledger that checks grants, counts, and remembers the log within bounds.
pub struct Book {
    run: RunId,
    grants: Arc<Grants>,
    host_calls_max: u64,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    host_calls: u64,
    lines: Vec<String>,
    lines_dropped: u64,
    used: Vec<(Duration, u64)>,
    /// Of guests that broke; none where nobody wants them.
    cores: Option<Vec<Vec<u8>>>,
}

impl Book {
    /// Lines of the log, at most 1,000.
    pub fn lines(&self) -> Vec<String> {
        lock(&self.log).lines.clone()
    }

    /// Lines beyond those.
    pub fn lines_dropped(&self) -> u64 {
        lock(&self.log).lines_dropped
    }

    /// Processor time and memory of each guest that is gone.
    pub fn used(&self) -> Vec<(Duration, u64)> {
        lock(&self.log).used.clone()
    }

    /// Wants the cores of guests that break from now on.
    pub fn want_cores(&self) {
        lock(&self.log).cores = Some(Vec::new());
    }

    /// Those that came.
    pub fn cores(&self) -> Vec<Vec<u8>> {
        lock(&self.log).cores.clone().unwrap_or_default()
    }

    /// Questions so far.
    pub fn host_calls(&self) -> u64 {
        lock(&self.log).host_calls
    }

    fn decide(&self, question: &Question<'_>) -> Admission {
        if let Err(error) = self.grants.check(&question.need) {
            return Admission::Denied(error);
        }
        let mut log = lock(&self.log);
        log.host_calls += 1;
        if log.host_calls > self.host_calls_max {
            return Admission::Denied(Error::limit("host-calls", self.host_calls_max));
        }
        let (run, task) = (self.run, TaskId::root(self.run));
        let ordinal = u32::try_from(log.host_calls).unwrap_or(u32::MAX);
        let record = RecordId { task, attempt: 1, ordinal };
        Admission::Perform(CallContext {
            run,
            record,
            stages: Arc::new([StageId { run, task, attempt: 1 }]),
            ..asking(Arc::clone(&self.grants))
        })
    }
}

impl Ledger for Book {
    fn admit<'a>(&'a self, question: Question<'a>) -> BoxFuture<'a, Result<Admission, Stop>> {
        let admission = self.decide(&question);
        Box::pin(std::future::ready(Ok(admission)))
    }

    fn perform<'a>(
        &'a self,
        _context: CallContext,
        effect: BoxFuture<'static, Outcome>,
    ) -> BoxFuture<'a, Result<Vec<u8>, Stop>> {
        Box::pin(async move { Ok(effect.await.reply) })
    }

    fn report(&self, report: Report) {
        let Report::Log { level, message } = report else { return };
        let mut log = lock(&self.log);
        if log.lines.len() < 1_000 {
            log.lines.push(format!("{level}: {message}"));
        } else {
            log.lines_dropped += 1;
        }
    }

    fn core(&self, make: &mut dyn FnMut() -> Vec<u8>) {
        if let Some(cores) = &mut lock(&self.log).cores {
            cores.push(make());
        }
    }

    fn used(&self, cpu: Duration, memory_bytes: u64) {
        lock(&self.log).used.push((cpu, memory_bytes));
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_millis(1_000_000)
    }

    fn lineage(&self) -> Lineage {
        Lineage { run: self.run, task: TaskId::root(self.run), parents: Arc::new([]) }
    }

    fn remaining(&self) -> Remaining {
        Remaining { host_calls: self.host_calls_max, log_bytes: 0, children: 0, depth: 0 }
    }

    fn grants(&self) -> Arc<Grants> {
        Arc::clone(&self.grants)
    }
}

/// All services at once: each answer takes its time and says nothing.
struct Silent {
    delay: Duration,
    asked: Mutex<Vec<String>>,
    cancellations: Mutex<Vec<Cancellation>>,
}

impl Silent {
    fn new(delay: Duration) -> Self {
        Self { delay, asked: Mutex::default(), cancellations: Mutex::default() }
    }

    fn answer<T: Send + 'static>(
        &self,
        context: &CallContext,
        question: String,
        answer: Result<T, Error>,
    ) -> BoxFuture<'static, Result<T, Error>> {
        let mut asked = lock(&self.asked);
        if asked.len() < 1_000 {
            asked.push(question);
        }
        let (delay, cancellation) = (self.delay, context.cancellation.clone());
        if delay.is_zero() {
            return Box::pin(std::future::ready(answer));
        }
        lock(&self.cancellations).push(cancellation.clone());
        Box::pin(async move {
            tokio::select! {
                () = tokio::time::sleep(delay) => answer,
                () = cancellation.cancelled() => Err(Error::cancelled()),
            }
        })
    }
}

impl WorkspaceService for Silent {
    fn list<'a>(
        &'a self,
        context: &'a CallContext,
        call: List,
    ) -> BoxFuture<'a, Result<Listed, Error>> {
        self.answer(context, format!("list {}", call.root), Ok(Listed::default()))
    }

    fn look<'a>(
        &'a self,
        context: &'a CallContext,
        call: Look,
    ) -> BoxFuture<'a, Result<Vec<Entry>, Error>> {
        self.answer(context, format!("look {}", call.path), Ok(Vec::new()))
    }

    fn stat<'a>(
        &'a self,
        context: &'a CallContext,
        call: Inspect,
    ) -> BoxFuture<'a, Result<FileStat, Error>> {
        self.answer(
            context,
            format!("stat {}", call.path),
            Ok(FileStat { kind: FileKind::File, size: 0 }),
        )
    }

    fn read<'a>(
        &'a self,
        context: &'a CallContext,
        call: ReadFile,
    ) -> BoxFuture<'a, Result<ByteBuf, Error>> {
        self.answer(context, format!("read {}", call.path), Ok(ByteBuf::from(b"content".to_vec())))
    }

    fn write<'a>(
        &'a self,
        context: &'a CallContext,
        call: WriteFile,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.answer(context, format!("write {}", call.path), Ok(()))
    }

    fn remove<'a>(
        &'a self,
        context: &'a CallContext,
        call: RemoveFile,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.answer(context, format!("remove {}", call.path), Ok(()))
    }

    fn rename<'a>(
        &'a self,
        context: &'a CallContext,
        call: RenameFile,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.answer(context, format!("rename {}", call.from), Ok(()))
    }

    fn search<'a>(
        &'a self,
        context: &'a CallContext,
        call: Search,
    ) -> BoxFuture<'a, Result<Found, Error>> {
        self.answer(context, format!("search {}", call.query.pattern), Ok(Found::default()))
    }

    fn replace<'a>(
        &'a self,
        context: &'a CallContext,
        call: Replace,
    ) -> BoxFuture<'a, Result<Replaced, Error>> {
        self.answer(context, format!("replace {}", call.query.pattern), Ok(Replaced::default()))
    }

    fn diff<'a>(
        &'a self,
        context: &'a CallContext,
        call: ShowDiff,
    ) -> BoxFuture<'a, Result<String, Error>> {
        self.answer(context, format!("diff {}", call.root), Ok(String::new()))
    }

    fn staged(&self, _: StageId) -> BoxFuture<'_, Result<Vec<Change>, Error>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn staged_anew(&self, _: StageId) -> BoxFuture<'_, Result<Vec<Change>, Error>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn restage(&self, _: StageId, _: &[Change]) -> Result<(), Error> {
        Ok(())
    }

    fn merge(&self, _: StageId, _: StageId) -> Result<(), Error> {
        Ok(())
    }

    fn discard(&self, _: StageId) {}

    fn assess<'a>(
        &'a self,
        _: &'a Folders,
        _: &'a [Change],
    ) -> BoxFuture<'a, Result<Vec<Standing>, Error>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn commit<'a>(
        &'a self,
        _: &'a Folders,
        _: &'a [Change],
    ) -> BoxFuture<'a, Result<Vec<Conflict>, Error>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

impl ProcessService for Silent {
    fn run<'a>(
        &'a self,
        context: &'a CallContext,
        call: RunProgram,
    ) -> BoxFuture<'a, Result<Finished, Error>> {
        let finished = Finished {
            exit_code: Some(0),
            signal: None,
            stdout: ByteBuf::new(),
            stderr: ByteBuf::new(),
            dropped: 0,
            changed: Vec::new(),
            discarded: 0,
            confinement: Vec::new(),
        };
        self.answer(context, format!("run {}", call.program), Ok(finished))
    }
}

impl HttpService for Silent {
    fn exchange<'a>(
        &'a self,
        context: &'a CallContext,
        request: HttpRequest,
    ) -> BoxFuture<'a, Result<HttpResponse, Error>> {
        let url = request.url.to_string();
        let body = ByteBuf::from(b"fine".to_vec());
        let question = format!("{} {url}", request.method);
        let response = HttpResponse { status: 200, url, headers: Vec::new(), body };
        self.answer(context, question, Ok(response))
    }
}

impl MemoryService for Silent {
    fn remember<'a>(
        &'a self,
        context: &'a CallContext,
        call: RememberMemory,
    ) -> BoxFuture<'a, Result<Vec<u64>, Error>> {
        let ids = (0..call.drafts.len() as u64).collect();
        self.answer(context, format!("remember {}", call.drafts.len()), Ok(ids))
    }

    fn recall<'a>(
        &'a self,
        context: &'a CallContext,
        call: RecallMemory,
    ) -> BoxFuture<'a, Result<Recalled, Error>> {
        self.answer(context, format!("recall {}", call.text), Ok(Recalled::default()))
    }

    fn relate<'a>(
        &'a self,
        context: &'a CallContext,
        call: RelateMemory,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.answer(context, format!("relate {} {}", call.from, call.to), Ok(()))
    }

    fn forget<'a>(
        &'a self,
        context: &'a CallContext,
        call: ForgetMemory,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.answer(context, format!("forget {:?}", call.ids), Ok(()))
    }

    fn used<'a>(
        &'a self,
        context: &'a CallContext,
        call: UsedMemory,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.answer(context, format!("used {:?}", call.ids), Ok(()))
    }

    fn read<'a>(
        &'a self,
        context: &'a CallContext,
        call: ReadMemory,
    ) -> BoxFuture<'a, Result<Remembered, Error>> {
        let none = Error::not_found("nothing is remembered");
        self.answer(context, format!("read m{}", call.id), Err(none))
    }

    fn keep_result<'a>(
        &'a self,
        context: &'a CallContext,
        call: KeepResult,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        self.answer(context, format!("keep what was made for {}", call.question.text), Ok(false))
    }

    fn offers<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekResults,
    ) -> BoxFuture<'a, Result<Vec<OfferedResult>, Error>> {
        let question = format!("what was made for {}", call.question.text);
        self.answer(context, question, Ok(Vec::new()))
    }

    fn find<'a>(
        &'a self,
        context: &'a CallContext,
        call: FindMemory,
    ) -> BoxFuture<'a, Result<FoundMemory, Error>> {
        let question = format!("find {}", call.search.question.text);
        self.answer(context, question, Ok(FoundMemory::default()))
    }

    fn passages<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekPassages,
    ) -> BoxFuture<'a, Result<Vec<MemoryPassage>, Error>> {
        let question = format!("passages for {}", call.search.question.text);
        self.answer(context, question, Ok(Vec::new()))
    }

    fn list<'a>(
        &'a self,
        context: &'a CallContext,
        call: ListMemory,
    ) -> BoxFuture<'a, Result<Vec<Remembered>, Error>> {
        self.answer(context, format!("list after {:?}", call.after), Ok(Vec::new()))
    }

    fn relations<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekRelations,
    ) -> BoxFuture<'a, Result<Vec<RelatedMemory>, Error>> {
        self.answer(context, format!("relations of m{}", call.id), Ok(Vec::new()))
    }

    fn history<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekHistory,
    ) -> BoxFuture<'a, Result<Vec<Remembered>, Error>> {
        self.answer(context, format!("history of m{}", call.id), Ok(Vec::new()))
    }
}

impl TasksService for Silent {
    fn map<'a>(
        &'a self,
        context: &'a CallContext,
        call: MapTasks,
    ) -> BoxFuture<'a, Result<Vec<ChildOutcome>, Error>> {
        let outcomes = call.arguments.iter().map(|it| Ok(it.clone())).collect();
        self.answer(context, format!("map {}", call.operation), Ok(outcomes))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
