//! The service: from a granted call to a program that has ended, and its changes staged.
//!
//! Whether the call may be made was decided before; what is decided here is how long, with how much
//! output, and confined by what. The launcher does the confining, and says so.

use std::{
    collections::BTreeMap,
    fs,
    os::{fd::OwnedFd, unix::net::UnixStream as StdStream},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    process::{Child, Command},
};
use voyager_base::{
    BoxFuture, Error, ErrorKind, RunId, TaskId,
    call::CallContext,
    clock::{Clock, Timestamp},
    grant::ProgramRule,
    process::{Finished, ProcessService, RunProgram, StagedFile, Views},
    secret::Scrubber,
};

use crate::{
    environment, programs,
    tail::Tail,
    toolchain::Toolchain,
    view::{View, remove_tree},
    wire::{self, Plan, Report, ResourceLimits, Start},
};

/// One of the two outputs of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the two that every program has")]
pub enum Stream {
    Stdout,
    Stderr,
}

/// Gets output while a program runs: which task, which stream, the next bytes. Called from the task
/// that drives the run, so it must not block.
pub type Output = Arc<dyn Fn(TaskId, Stream, &[u8]) + Send + Sync>;

/// How the launcher is started: the host's binary and its hidden subcommand, which calls
/// [`launcher_main`](crate::launcher_main) with the arguments that follow.
#[derive(Clone, Debug)]
pub struct Launcher {
    /// Absolute path of the binary.
    pub program: PathBuf,
    /// The hidden subcommand.
    pub arguments: Vec<String>,
}

/// What the service needs and what bounds it.
#[derive(Clone)]
pub struct ProcessOptions {
    /// How the launcher is started.
    pub launcher: Launcher,
    /// Where programs are looked up, what they may read beside the system's own files, and the
    /// operator's variables.
    pub toolchain: Toolchain,
    /// Absolute path of a folder for private files of running programs, this service's alone. Best on
    /// the disk of the granted folders.
    pub folder: PathBuf,
    /// The staged changes of tasks.
    pub views: Arc<dyn Views>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Gets output live.
    pub output: Output,
    /// Longest time of a program whose grant names none.
    pub time_max: Duration,
    /// Most bytes kept of each output where the grant names none.
    pub output_bytes_max: u64,
    /// Most bytes of changed files that are staged where the grant names none.
    pub write_bytes_max: u64,
    /// Most bytes of a folder that is copied where the kernel gives no overlay and the disk no reflinks.
    pub copy_bytes_max: u64,
    /// Most open files of each process.
    pub open_files_max: u64,
    /// Most processes of a program, threads counted, where the grant names none.
    pub processes_max: u64,
    /// Most bytes of memory where the grant names none: of all processes together where the kernel gives a
    /// control group, of each where it does not.
    pub memory_bytes_max: u64,
    /// Largest file that a program may write.
    pub file_bytes_max: u64,
}

impl ProcessOptions {
    /// The usual bounds: ten minutes, 1 MiB of each output, 256 MiB of changes, 4 GiB of copies, 4,096
    /// open files and processes, files of 16 GiB, three quarters of the machine's memory; no live output.
    pub fn new(
        launcher: Launcher,
        toolchain: Toolchain,
        folder: PathBuf,
        views: Arc<dyn Views>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            launcher,
            toolchain,
            folder,
            views,
            clock,
            output: Arc::new(|_, _, _| {}),
            time_max: Duration::from_secs(600),
            output_bytes_max: 1 << 20,
            write_bytes_max: 256 << 20,
            copy_bytes_max: 4 << 30,
            open_files_max: 4096,
            processes_max: 4096,
            memory_bytes_max: usable_memory_bytes(),
            file_bytes_max: 16 << 30,
        }
    }
}

/// Three quarters of the machine's memory, in whole MiB: a program that wants all must not take the host with
/// it.
pub fn usable_memory_bytes() -> u64 {
    let machine = rustix::system::sysinfo();
    let bytes = machine.totalram.saturating_mul(u64::from(machine.mem_unit));
    (bytes / 4 * 3) >> 20 << 20
}

/// Most bytes kept of one output, whatever a grant says: it is journaled.
const OUTPUT_BYTES_MOST: u64 = 64 << 20;
/// Most bytes of standard input.
const STDIN_BYTES_MAX: usize = 32 << 20;
/// Time that the launcher has to end a program's processes before it is killed itself. It waits for
/// nothing but the kernel, so this bites only where the kernel hangs.
const END_TIME_MAX: Duration = Duration::from_secs(10);

/// Runs programs: the service behind `voyager:process`. Its futures need a tokio runtime with I/O.
pub struct Process(Arc<Inner>);

struct Inner {
    options: ProcessOptions,
    /// The launcher said that the kernel gives no overlay, or no file system of its own.
    no_overlay: AtomicBool,
    no_root: AtomicBool,
    serial: AtomicU64,
    /// Processors that were handed out so far.
    cpus: AtomicU32,
    /// Highest fencing token seen of each run.
    owners: Mutex<BTreeMap<RunId, u64>>,
}

impl Process {
    /// The service. Nothing is started or written yet.
    pub fn new(options: ProcessOptions) -> Self {
        Self(Arc::new(Inner {
            options,
            no_overlay: AtomicBool::new(false),
            no_root: AtomicBool::new(false),
            serial: AtomicU64::new(0),
            cpus: AtomicU32::new(0),
            owners: Mutex::new(BTreeMap::new()),
        }))
    }

    /// Removes what programs of an earlier process of this host left behind. Called once at start,
    /// before any run: the programs themselves ended with that process, and none is started again.
    ///
    /// # Errors
    /// Where the folder can't be listed or something in it can't be removed.
    pub fn sweep(&self) -> std::io::Result<()> {
        let entries = match self.0.options.folder.read_dir() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            remove_tree(&entry?.path())?;
        }
        Ok(())
    }
}

impl ProcessService for Process {
    fn run<'a>(
        &'a self,
        context: &'a CallContext,
        call: RunProgram,
    ) -> BoxFuture<'a, Result<Finished, Error>> {
        let (inner, context) = (Arc::clone(&self.0), context.clone());
        Box::pin(async move { inner.run(context, call).await })
    }
}

/// A call with everything decided.
struct Job {
    context: CallContext,
    rule: ProgramRule,
    program: PathBuf,
    call: RunProgram,
    environment: BTreeMap<String, String>,
    /// The granted folder that it starts in.
    folder: Option<String>,
    deadline: Timestamp,
    /// None where the task itself ends earlier.
    time_max: Option<Duration>,
    output_bytes_max: usize,
}

/// How far one start of the launcher came.
enum Attempt {
    Ended(Ended),
    /// The kernel lacks what the views were made for; nothing ran.
    Again,
}

struct Ended {
    exit_code: Option<i32>,
    signal: Option<i32>,
    confinement: Vec<String>,
    stdout: Tail,
    stderr: Tail,
}

impl Inner {
    async fn run(
        self: Arc<Self>,
        context: CallContext,
        call: RunProgram,
    ) -> Result<Finished, Error> {
        let job = Arc::new(self.decide(context, call)?);
        let private = Private(self.private(&job));
        let (inner, place, prepared) = (Arc::clone(&self), private.0.clone(), Arc::clone(&job));
        let mut views = blocking(move || inner.prepare(&prepared, &place)).await?;
        let ended = loop {
            match self.attempt(&job, &private.0, &views).await? {
                Attempt::Ended(ended) => break ended,
                Attempt::Again => {
                    let most = self.options.copy_bytes_max;
                    views = blocking(move || {
                        views
                            .into_iter()
                            .map(|view| view.into_copy(most))
                            .collect::<Result<Vec<_>, _>>()
                    })
                    .await?;
                }
            }
        };
        let (inner, place, finished) = (Arc::clone(&self), Arc::clone(&job), ended);
        blocking(move || {
            let finished = inner.absorb(&place, &views, finished);
            drop(private);
            finished
        })
        .await
    }

    fn decide(&self, context: CallContext, call: RunProgram) -> Result<Job, Error> {
        self.fence(&context)?;
        let rule = context.grants.program(&call.program, &call.arguments)?;
        programs::check_arguments(&call.arguments)?;
        if call.stdin.len() > STDIN_BYTES_MAX {
            return Err(Error::limit("process.stdin-bytes", STDIN_BYTES_MAX));
        }
        let toolchain = &self.options.toolchain;
        let search_path: Vec<_> =
            toolchain.search_path.iter().map(|it| it.to_string_lossy()).collect();
        let environment = environment::sanitized(
            &search_path.join(":"),
            rule.network,
            &toolchain.variables,
            &granted_secrets(&context, &rule)?,
            &call.environment,
        )?;
        let folder = folder(&context, &call)?;
        let program = programs::find(&call.program, &toolchain.search_path)?;
        let granted = rule.time_max.unwrap_or(self.options.time_max);
        let time_max = call.time_max.map_or(granted, |asked| asked.min(granted));
        let own = self.options.clock.now().after(time_max);
        let deadline = context.deadline.map_or(own, |latest| latest.min(own));
        let time_max = (deadline == own).then_some(time_max);
        let kept = rule.output_bytes_max.unwrap_or(self.options.output_bytes_max);
        let output_bytes_max = kept.min(OUTPUT_BYTES_MOST) as usize;
        Ok(Job {
            context,
            rule,
            program,
            call,
            environment,
            folder,
            deadline,
            time_max,
            output_bytes_max,
        })
    }

    fn fence(&self, context: &CallContext) -> Result<(), Error> {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = owners.entry(context.run).or_insert(context.fencing_token);
        if context.fencing_token < *seen {
            return Err(Error::new(ErrorKind::Conflict, "the run has another owner now"));
        }
        *seen = context.fencing_token;
        Ok(())
    }

    fn private(&self, job: &Job) -> PathBuf {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        self.options.folder.join(format!("{}-{serial}", job.context.run))
    }

    /// Where the next program begins that may have so many processors.
    fn cpus_from(&self, cpus_max: u32) -> u32 {
        self.cpus.fetch_add(cpus_max, Ordering::Relaxed)
    }

    fn prepare(&self, job: &Job, private: &Path) -> Result<Vec<View>, Error> {
        let made = ["tmp/home", "tmp/work", "tmp/runtime", "root", "views"]
            .iter()
            .try_for_each(|name| fs::create_dir_all(private.join(name)))
            .and_then(|()| {
                fs::set_permissions(private, std::os::unix::fs::PermissionsExt::from_mode(0o700))
            });
        made.map_err(|error| {
            Error::unavailable(format!("no private folder at {}: {error}", private.display()))
        })?;
        let copied =
            self.no_overlay.load(Ordering::Relaxed) || self.no_root.load(Ordering::Relaxed);
        let grants = &job.context.grants;
        let mut views = Vec::new();
        for root in grants.roots() {
            let staged = self.options.views.staged(&job.context, root)?;
            let store = private.join("views").join(views.len().to_string());
            let most = self.options.copy_bytes_max;
            views.push(View::prepare(root, grants, store, staged, copied, most)?);
        }
        Ok(views)
    }

    async fn attempt(&self, job: &Job, private: &Path, views: &[View]) -> Result<Attempt, Error> {
        let plan = self.plan(job, private, views)?;
        let own_root = plan.own_root;
        let plan = wire::encode(&plan).map_err(|error| launcher(&error))?;
        let stdin = wire::frame(&job.call.stdin).map_err(|error| launcher(&error))?;
        let mut running = self.launch().map_err(|error| launcher(&error))?;
        let message = [&plan[..], &plan, &stdin].concat();
        let (outcome, stdout, stderr) = {
            let pump = |stream| {
                let output = Arc::clone(&self.options.output);
                let scrubber = job.context.secrets.scrubber();
                (job.context.record.task, stream, output, job.output_bytes_max, scrubber)
            };
            let out = copied(running.child.stdout.take(), pump(Stream::Stdout));
            let err = copied(running.child.stderr.take(), pump(Stream::Stderr));
            let watched = self.watch(job, &mut running, &message);
            tokio::join!(watched, out, err)
        };
        match outcome.map_err(|error| with_last_words(error, stdout.last(), stderr.last()))? {
            Told::Ended { exit_code, signal, confinement } => {
                Ok(Attempt::Ended(Ended { exit_code, signal, confinement, stdout, stderr }))
            }
            Told::NoOverlay(reason) => {
                self.no_overlay.store(true, Ordering::Relaxed);
                again(views.iter().any(View::is_overlay), "overlay", &reason)
            }
            Told::NoRoot(reason) => {
                self.no_root.store(true, Ordering::Relaxed);
                again(own_root, "file system of its own", &reason)
            }
        }
    }

    fn plan(&self, job: &Job, private: &Path, views: &[View]) -> Result<Plan, Error> {
        let toolchain = &self.options.toolchain;
        let text = |path: &Path| {
            let text = path.to_str().map(str::to_owned);
            text.ok_or_else(|| Error::invalid(format!("the path {} is no UTF-8", path.display())))
        };
        let readable = toolchain.search_path.iter().chain(&toolchain.readable);
        let start = match &job.folder {
            None => Start::Private,
            Some(folder) => Start::View {
                index: views.iter().position(|view| view.root == *folder).unwrap_or(0),
                directory: job.call.directory.clone().unwrap_or_default(),
            },
        };
        Ok(Plan {
            program: text(&job.program)?,
            arguments: job.call.arguments.clone(),
            environment: job.environment.clone().into_iter().collect(),
            start,
            network: job.rule.network,
            demand: job.rule.demand.clone(),
            private: text(private)?,
            readable: readable.map(|path| text(path)).collect::<Result<_, _>>()?,
            views: views.iter().map(View::plan).collect::<Result<_, _>>()?,
            own_root: !self.no_root.load(Ordering::Relaxed),
            limits: ResourceLimits {
                open_files_max: self.options.open_files_max,
                processes_max: job.rule.processes_max.unwrap_or(self.options.processes_max),
                memory_bytes_max: job
                    .rule
                    .memory_bytes_max
                    .unwrap_or(self.options.memory_bytes_max),
                file_bytes_max: self.options.file_bytes_max,
                cpus_max: job.rule.cpus_max,
                cpus_from: self.cpus_from(job.rule.cpus_max.unwrap_or(0)),
            },
        })
    }

    /// A launcher whose line is dropped ends everything by itself. It must not be killed: where there is
    /// no process namespace, only it knows what to kill.
    fn launch(&self) -> std::io::Result<Running> {
        let (line, far) = StdStream::pair()?;
        line.set_nonblocking(true)?;
        let child = Command::new(&self.options.launcher.program)
            .args(&self.options.launcher.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(far)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Running { child, line: UnixStream::from_std(line)? })
    }

    /// Follows the launcher to its end, and ends it when time is up or nobody wants the outcome.
    async fn watch(&self, job: &Job, running: &mut Running, message: &[u8]) -> Result<Told, Error> {
        let told = tokio::select! {
            told = listen(&mut running.line, message, &job.rule) => told,
            () = job.context.cancellation.cancelled() => Err(Error::cancelled()),
            () = self.options.clock.wait_until(job.deadline) => Err(timeout(job)),
        };
        self.end(running).await;
        told
    }

    /// Closes the line, whereupon the launcher kills every process of the program, and waits until it
    /// has done so.
    async fn end(&self, running: &mut Running) {
        let _ = running.line.shutdown().await;
        let latest = self.options.clock.now().after(END_TIME_MAX);
        let ended = tokio::select! {
            _ = running.child.wait() => true,
            () = self.options.clock.wait_until(latest) => false,
        };
        if !ended {
            let _ = running.child.kill().await;
        }
    }

    fn absorb(&self, job: &Job, views: &[View], ended: Ended) -> Result<Finished, Error> {
        let grants = &job.context.grants;
        let (mut changed, mut discarded) = (Vec::new(), 0);
        for view in views {
            let bytes_max =
                grants.write_bytes_max(&view.root).unwrap_or(self.options.write_bytes_max);
            let changes = view.changes(&|path| grants.may_write(&view.root, path), bytes_max)?;
            discarded += changes.discarded;
            if changes.files.is_empty() {
                continue;
            }
            without_secrets(&job.context, &view.root, &changes.files)?;
            let absorbed = self.options.views.absorb(&job.context, &view.root, changes.files)?;
            discarded += absorbed.discarded;
            let here = job.folder.as_ref() == Some(&view.root);
            let named = |path: String| if here { path } else { format!("{}:{path}", view.root) };
            changed.extend(absorbed.changed.into_iter().map(named));
        }
        let (stdout, stdout_dropped) = ended.stdout.finish();
        let (stderr, stderr_dropped) = ended.stderr.finish();
        Ok(Finished {
            exit_code: ended.exit_code,
            signal: ended.signal,
            stdout: stdout.into(),
            stderr: stderr.into(),
            dropped: stdout_dropped + stderr_dropped,
            changed,
            discarded,
            confinement: ended.confinement,
        })
    }
}

/// A private folder, gone when nobody needs it.
struct Private(PathBuf);

impl Drop for Private {
    fn drop(&mut self) {
        // What is left is swept at the next start.
        let _ = remove_tree(&self.0);
    }
}

struct Running {
    child: Child,
    line: UnixStream,
}

/// What the launcher said at last.
enum Told {
    Ended { exit_code: Option<i32>, signal: Option<i32>, confinement: Vec<String> },
    NoOverlay(String),
    NoRoot(String),
}

async fn listen(line: &mut UnixStream, message: &[u8], rule: &ProgramRule) -> Result<Told, Error> {
    // A launcher that ends early has said why; then the rest of the message can't be sent.
    let sent = line.write_all(message).await;
    let mut started = None;
    loop {
        let report = next_report(line).await.map_err(|error| match &sent {
            Err(sent) => launcher(sent),
            Ok(()) => launcher(&error),
        })?;
        match report {
            Report::Started { confinement } => started = Some(confinement),
            Report::Ended { exit_code, signal } => {
                let confinement = started.unwrap_or_default();
                return Ok(Told::Ended { exit_code, signal, confinement });
            }
            Report::NoOverlay { reason } => return Ok(Told::NoOverlay(reason)),
            Report::NoRoot { reason } => return Ok(Told::NoRoot(reason)),
            Report::Refused { missing } => return Err(refused(&missing, rule)),
            Report::NoDirectory { reason } => return Err(Error::not_found(reason)),
            Report::Failed { reason } => return Err(Error::unavailable(reason)),
        }
    }
}

async fn next_report(line: &mut UnixStream) -> std::io::Result<Report> {
    let mut prefix = [0; 4];
    line.read_exact(&mut prefix).await?;
    let mut body = vec![0; wire::announced(prefix)?];
    line.read_exact(&mut body).await?;
    wire::decode(&body)
}

async fn copied(
    source: Option<impl AsyncRead + Unpin>,
    (task, stream, output, bytes_max, mut scrubber): (TaskId, Stream, Output, usize, Scrubber),
) -> Tail {
    let mut tail = Tail::new(bytes_max);
    let Some(mut source) = source else { return tail };
    // Scrubbed before it is cut: half a secret at the beginning of a tail would not be recognised.
    let mut take = |clean: Vec<u8>| {
        if !clean.is_empty() {
            output(task, stream, &clean);
            tail.push(&clean);
        }
    };
    let mut bytes = vec![0; 32 << 10];
    while let Ok(length @ 1..) = source.read(&mut bytes).await {
        take(scrubber.push(&bytes[..length]));
    }
    take(scrubber.finish());
    tail
}

/// The secrets that a program gets, by variable. One that the run was not given is not set.
fn granted_secrets(
    context: &CallContext,
    rule: &ProgramRule,
) -> Result<BTreeMap<String, String>, Error> {
    let mut granted = BTreeMap::new();
    for (variable, name) in &rule.secrets {
        if let Some(secret) = context.secrets.get(name)? {
            granted.insert(variable.clone(), secret.reveal().to_owned());
        }
    }
    Ok(granted)
}

/// What a program changed would be staged, recorded, and real: a secret must not be in it.
fn without_secrets(context: &CallContext, root: &str, files: &[StagedFile]) -> Result<(), Error> {
    for file in files {
        let content = file.content.as_deref().unwrap_or_default();
        let secrets = &context.secrets;
        let found = secrets.found_in(content).or_else(|| secrets.found_in(file.path.as_bytes()));
        if let Some(name) = found {
            let path = secrets.scrub_text(&file.path);
            let message = format!(
                "the program wrote the secret `{name}` into `{path}` of `{root}`; none of its changes \
                 is kept; have it write into its `$HOME` instead, which is gone when it ends, or narrow \
                 the grant's `write`"
            );
            return Err(Error::denied(message, format!("secret: {name}")));
        }
    }
    Ok(())
}

/// Once more with less, where less was not asked for already.
fn again(asked: bool, what: &str, reason: &str) -> Result<Attempt, Error> {
    if asked {
        return Ok(Attempt::Again);
    }
    Err(Error::unavailable(format!("the kernel gives no {what}: {reason}")))
}

fn folder(context: &CallContext, call: &RunProgram) -> Result<Option<String>, Error> {
    let roots = context.grants.roots();
    let folder = match (&call.folder, roots.as_slice()) {
        (Some(name), _) => {
            context.grants.check(&voyager_base::call::Need::Folder { root: name })?;
            Some(name.clone())
        }
        (None, []) => None,
        (None, [only]) => Some((*only).to_owned()),
        (None, several) => {
            return Err(Error::invalid(format!(
                "several folders are granted ({}); name one of them in `folder`",
                several.join(", ")
            )));
        }
    };
    let directory = Path::new(call.directory.as_deref().unwrap_or_default());
    let inside = directory.components().all(|it| matches!(it, std::path::Component::Normal(_)));
    if !inside || directory.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(Error::denied(
            format!(
                "the directory `{}` leaves its folder",
                directory.display().to_string().escape_debug()
            ),
            "directory",
        ));
    }
    if folder.is_none() && !directory.as_os_str().is_empty() {
        return Err(Error::invalid("a directory is named, but no folder is granted"));
    }
    Ok(folder)
}

fn refused(missing: &[(String, String)], rule: &ProgramRule) -> Error {
    let named: Vec<_> =
        missing.iter().map(|(name, reason)| format!("`{name}` ({reason})")).collect();
    let demanded = missing.iter().any(|(name, _)| rule.demand.contains(name));
    let way_out = if demanded {
        "run it on a machine that has it, or drop it from the grant's `demand`"
    } else {
        "it is never run without; use a kernel with Landlock or user namespaces"
    };
    let names: Vec<_> = missing.iter().map(|(name, _)| name.as_str()).collect();
    Error::denied(
        format!("this machine does not confine the program by {}: {way_out}", named.join(", ")),
        format!("demand: [{}]", names.join(", ")),
    )
}

fn timeout(job: &Job) -> Error {
    let (bound, way_out) = match job.time_max.map(|time| time.as_secs_f64()) {
        Some(seconds) => (format!("{seconds} s"), "raise the time of its grant"),
        None => ("the time of its task".to_owned(), "raise the limit of the task"),
    };
    let message = format!(
        "`{}` did not end within {bound} and was killed with all its processes; its changes are \
         discarded; {way_out}",
        job.call.program
    );
    Error::new(ErrorKind::Timeout, message).bound(format!("time: {bound}"))
}

/// What a program said last tells why it did not end.
fn with_last_words(error: Error, stdout: String, stderr: String) -> Error {
    let words = if stderr.is_empty() { stdout } else { stderr };
    if error.kind != ErrorKind::Timeout || words.is_empty() {
        return error;
    }
    let message = format!("{}; its last line was `{}`", error.message, words.escape_debug());
    Error { message, ..error }
}

fn launcher(error: &std::io::Error) -> Error {
    Error::unavailable(format!("the launcher of programs failed: {error}"))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Error::unavailable(format!("the work of the process service stopped: {error}"))
    })?
}
