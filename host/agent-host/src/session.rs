//! Who answers a command: this process, when it can open the state; else the process that has it, over
//! its socket.

use std::{io, sync::Arc, time::Duration};

use serde_json::Value as Json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt as _, AsyncWriteExt, BufReader, Lines},
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Semaphore, SemaphorePermit, mpsc},
    time::timeout,
};
use voyager_base::call::Cancellation;

use crate::{
    cli::Context,
    failure::{Failure, FailureKind},
    host::{Host, Opened},
    interrupts::Interrupts,
    printing,
    progress::Progress,
    protocol::{Event, Request, Update},
    report,
};

/// Longest request, in bytes: a record with the longest text and fields, each letter of them escaped.
const LINE_BYTES_MAX: usize = 32 << 20;

/// What nearly all requests have room in.
const SMALL_BYTES_MAX: usize = 64 << 10;

/// Who has connected and not said all of what they want. Together with [`LARGE`] and [`WHOLE_WITHIN`] it bounds what
/// strays can have this process hold, and how long: 256 requests of 64 KiB, and two of 32 MiB with as much twice more
/// while they are parsed, are about 200 MiB.
static ASKING: Semaphore = Semaphore::const_new(256);

/// Those of them whose request is none of [`SMALL_BYTES_MAX`]: small ones do not wait for them.
static LARGE: Semaphore = Semaphore::const_new(2);

/// So long a small request may take to come, and the rest of a large one: who makes one has all of it before it connects.
const WHOLE_WITHIN: Duration = Duration::from_secs(10);

/// So long nobody is served after an error: the next one would come at once.
const PAUSE_OF_ERRORS: Duration = Duration::from_millis(50);

/// All that is said behind a request: `cancel`, once.
const WORDS_BYTES_MAX: u64 = 1 << 10;

/// So long effects get to end whose outcome nobody waits for any more.
const LAST: Duration = Duration::from_secs(2);

/// Has the request answered, and shows what happens meanwhile.
pub(crate) fn ask(context: &Context, request: Request) -> Result<Json, Failure> {
    ask_in_parts(context, request, |_| Ok(()))
}

/// The same, where the answer is too large for one line: `take` gets its parts.
pub(crate) fn ask_in_parts(
    context: &Context,
    request: Request,
    take: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<Json, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment("cannot start threads", &error))?;
    let goes_on = request.goes_on_by();
    let outcome = runtime.block_on(async {
        match reach(context, runtime.handle(), async |it| offer(it, &request).await).await? {
            Reached::Here(host) => here(context, host, request, take).await,
            Reached::Elsewhere(taken) => elsewhere(context, taken?, goes_on, take).await,
        }
    });
    let is_left = matches!(outcome, Ok(None));
    runtime.shutdown_timeout(if is_left { Duration::ZERO } else { LAST });
    outcome?.ok_or_else(|| Failure::new(FailureKind::Cancelled, "left").hint(goes_on))
}

/// Has the state until it is stopped: answers other processes, has skills ready, and where `resumes`, goes on with
/// runs that nobody asks for. Where a `cycle` has a length, cycles of the memory's decay pass.
pub(crate) fn serve(
    context: &Context,
    resumes: bool,
    cycle: Option<Duration>,
) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment("cannot start threads", &error))?;
    let served = runtime.block_on(async {
        let host = match reach(context, runtime.handle(), async |_| Ok(())).await? {
            Reached::Here(host) => host,
            Reached::Elsewhere(()) => return Err(busy(context)),
        };
        let mut stop = Stop::new()?;
        let server = serve_others(context, &host).ok_or_else(|| {
            Failure::new(FailureKind::Environment, "no other process can ask this one")
                .hint("another folder with --state DIR may do")
        })?;
        let (sender, mut updates) = mpsc::unbounded_channel();
        let send = || {
            let sender = sender.clone();
            // Whoever shows them is there as long as the others.
            move |update: &Update| drop(sender.send(update.clone()))
        };
        let state = context.places.state.clone();
        send()(&Update::Event(Event::Serving { state }));
        let mut tasks = vec![tokio::spawn(Arc::clone(&host).watch_skills(send()))];
        let (asked, tell) = (Arc::clone(&host), send());
        tasks.push(tokio::task::spawn_blocking(move || {
            if let Some(text) = asked.told_of_memory() {
                tell(&Update::Note { text });
            }
        }));
        let quiet = Cancellation::default();
        let tending = tokio::spawn(Arc::clone(&host).tend(quiet.clone(), send()));
        if let Some(every) = cycle {
            tasks.push(tokio::spawn(Arc::clone(&host).pass_cycles(every, send())));
        }
        if resumes {
            let (host, tell) = (Arc::clone(&host), send());
            tasks.push(tokio::spawn(async move {
                let fails =
                    |error| tell(&Update::Note { text: format!("runs do not go on: {error}") });
                host.attend(&tell).await.unwrap_or_else(fails);
            }));
        }
        let mut progress = Progress::new(context);
        loop {
            tokio::select! {
                Some(update) = updates.recv() => progress.show(&update)?,
                () = stop.asked() => break,
            }
        }
        // What is not taken yet is answered by the process that asks: it gets the state.
        host.close();
        tasks.push(server);
        let interrupted = host.going_on();
        quiet.cancel();
        // It may just have the journal, which closes with the last of the host.
        let _ = tending.await;
        for task in tasks {
            task.abort();
            let _ = task.await;
        }
        let _ = std::fs::remove_file(context.places.state.join("socket"));
        Ok(interrupted)
    });
    // Runs that go on are interrupted: what they did is in the journal.
    runtime.shutdown_timeout(LAST);
    let interrupted = served?;
    report::tell(context, &serde_json::json!({ "interrupted": interrupted }), 0, || {
        if 0 < interrupted {
            printing::note(format!("{interrupted} run(s) go on at the next start"));
        }
        Ok(())
    })
}

/// What stops a process that stays.
struct Stop {
    people: Interrupts,
    machine: Interrupts,
}

impl Stop {
    fn new() -> Result<Self, Failure> {
        Ok(Self { people: Interrupts::of_people()?, machine: Interrupts::of_machine()? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            () = self.people.next() => {}
            () = self.machine.next() => {}
        }
    }
}

fn busy(context: &Context) -> Failure {
    let message = format!("another process has {}", context.places.state.display());
    Failure::new(FailureKind::Environment, message)
        .hint("it serves other commands as long as its runs go on; stop it, or use --state DIR")
}

/// Has a question answered by whoever has the state, and shows nothing. It is not kept: where no process has it,
/// this one takes it for a moment, serves nobody, and runs nothing.
pub(crate) fn look(context: &Context, request: Request) -> Result<Json, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure::environment("cannot start threads", &error))?;
    runtime.block_on(async {
        let (sender, mut updates) = mpsc::channel(64);
        match reach(context, runtime.handle(), async |it| offer(it, &request).await).await? {
            Reached::Here(host) => {
                let nobody = Cancellation::default();
                host.answer(request, &nobody, &sender).await;
                drop(sender);
            }
            Reached::Elsewhere(taken) => drop(taken?.tell(sender)),
        }
        while let Some(update) = updates.recv().await {
            match update {
                Update::Done { answer } => return Ok(answer),
                Update::Failed { error } => return Err(error),
                Update::Event(_) | Update::Note { .. } | Update::Part { .. } => {}
            }
        }
        Err(Failure::new(FailureKind::Environment, "the process that has the state went away"))
    })
}

/// Whether some process has the state, and answers.
pub(crate) fn is_elsewhere(context: &Context) -> bool {
    std::os::unix::net::UnixStream::connect(context.places.state.join("socket")).is_ok()
}

/// Who answers.
enum Reached<T> {
    /// This process.
    Here(Arc<Host>),
    /// The one at the other end.
    Elsewhere(T),
}

/// How often a process is asked again that has the state and does not answer yet, or no more: together longer than
/// one takes that is about to end.
const TRIES: u32 = 100;
/// How long it gets each time.
const PAUSE: Duration = Duration::from_millis(50);

/// Opens the state, or reaches the process that has it, which is asked by `ask`. One that has just opened it, is about
/// to end, or only looks, does not answer: it gets a moment.
async fn reach<T>(
    context: &Context,
    runtime: &tokio::runtime::Handle,
    ask: impl AsyncFn(UnixStream) -> io::Result<T>,
) -> Result<Reached<T>, Failure> {
    let socket = context.places.state.join("socket");
    let mut tries = 0;
    loop {
        if let Opened::Here(host) = Host::open(context, runtime.clone())? {
            return Ok(Reached::Here(host));
        }
        let asked = async { ask(UnixStream::connect(&socket).await?).await };
        match asked.await {
            Ok(it) => return Ok(Reached::Elsewhere(it)),
            Err(_) if tries < TRIES => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                let state = context.places.state.display();
                return Err(Failure::environment(format!("another process has {state}"), &error)
                    .hint("wait for it to end, or use another state folder with --state DIR"));
            }
        }
        tries += 1;
    }
}

/// The answer of this process; none where somebody leaves before it.
async fn here(
    context: &Context,
    host: Arc<Host>,
    request: Request,
    take: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<Option<Json>, Failure> {
    let mut interrupts = Interrupts::of_people()?;
    let server = serve_others(context, &host);
    let stop = Cancellation::default();
    let tending = tokio::spawn(Arc::clone(&host).tend(stop.clone(), |_| {}));
    let watching = tokio::spawn(Arc::clone(&host).watch_skills(|_| {}));
    let cancellation = Cancellation::default();
    let (sender, updates) = mpsc::channel(1_024);
    let work = tokio::spawn({
        let (host, cancellation) = (Arc::clone(&host), cancellation.clone());
        async move { host.answer(request, &cancellation, &sender).await }
    });
    let outcome = watch(context, &mut interrupts, updates, take, || cancellation.cancel()).await;
    if !matches!(outcome, Ok(None)) {
        let ended = async {
            // The answer came through the channel; a panic in the work did not.
            let _ = work.await;
            let waiting = |what| printing::note(format!("waiting for {what} of other processes"));
            host.idle(waiting).await;
            stop.cancel();
            watching.abort();
            for task in [tending, watching] {
                // It may just have the journal, which closes with the last of the host.
                let _ = task.await;
            }
            // Others may have been served meanwhile.
            while !host.close_idle() {
                host.idle(waiting).await;
            }
        };
        tokio::select! {
            () = ended => {}
            () = interrupts.next() => {}
        }
    }
    if let Some(server) = server {
        server.abort();
        let _ = std::fs::remove_file(context.places.state.join("socket"));
    }
    outcome
}

/// Shows updates until the answer comes. The first Ctrl-C asks to cancel; the second leaves, without an answer.
async fn watch(
    context: &Context,
    interrupts: &mut Interrupts,
    mut updates: mpsc::Receiver<Update>,
    mut take: impl FnMut(&str) -> Result<(), Failure>,
    cancel: impl Fn(),
) -> Result<Option<Json>, Failure> {
    let mut progress = Progress::new(context);
    let mut interrupted = false;
    loop {
        let update = tokio::select! {
            update = updates.recv() => update,
            () = interrupts.next() => {
                if interrupted {
                    return Ok(None);
                }
                interrupted = true;
                printing::note("cancelling; press Ctrl-C again to leave at once");
                cancel();
                continue;
            }
        };
        match update {
            Some(Update::Done { answer }) => return Ok(Some(answer)),
            Some(Update::Failed { error }) => return Err(error),
            Some(Update::Part { text }) => take(&text)?,
            Some(update) => progress.show(&update)?,
            None => return Err(Failure::new(FailureKind::Bug, "the work ended without an answer")),
        }
    }
}

/// Offers a request to the process at the other end. Where that ends before it takes it, nothing was done.
async fn offer(stream: UnixStream, request: &Request) -> io::Result<Result<Taken, Failure>> {
    let (reading, mut writing) = stream.into_split();
    let mut line = match serde_json::to_vec(request) {
        Ok(line) => line,
        // A path may be no text.
        Err(error) => {
            let message = format!("the process that has the state can't be asked: {error}");
            return Ok(Err(Failure::usage(message)));
        }
    };
    line.push(b'\n');
    if LINE_BYTES_MAX < line.len() {
        return Ok(Err(
            too_large().hint("end the process that has the state; this one has it itself then")
        ));
    }
    writing.write_all(&line).await?;
    let mut reading = BufReader::new(reading);
    if reading.fill_buf().await?.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Ok(Taken { lines: reading.lines(), writing }))
}

/// That no other process is asked for so much.
fn too_large() -> Failure {
    let most = LINE_BYTES_MAX >> 20;
    Failure::usage(format!(
        "the request has more than {most} MiB, the most of one between processes"
    ))
}

/// A request that the process at the other end answers.
struct Taken {
    lines: Lines<BufReader<OwnedReadHalf>>,
    writing: OwnedWriteHalf,
}

impl Taken {
    /// Has its updates go to `sender`; gives back the way to tell the other process more.
    fn tell(self, sender: mpsc::Sender<Update>) -> OwnedWriteHalf {
        let Self { mut lines, writing } = self;
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                // That it was taken.
                if line.is_empty() {
                    continue;
                }
                let Ok(update) = serde_json::from_str(&line) else { break };
                if sender.send(update).await.is_err() {
                    break;
                }
            }
        });
        writing
    }
}

/// The answer of another process; none where somebody leaves before it.
async fn elsewhere(
    context: &Context,
    taken: Taken,
    goes_on: &str,
    take: impl FnMut(&str) -> Result<(), Failure>,
) -> Result<Option<Json>, Failure> {
    let mut interrupts = Interrupts::of_people()?;
    let (sender, updates) = mpsc::channel(64);
    let writing = Arc::new(tokio::sync::Mutex::new(taken.tell(sender)));
    watch(context, &mut interrupts, updates, take, || {
        let writing = Arc::clone(&writing);
        // Where the other side is gone, its updates end too, and that is reported.
        tokio::spawn(async move { writing.lock().await.write_all(b"cancel\n").await });
    })
    .await
    .map_err(|failure| match failure.kind {
        FailureKind::Bug => {
            Failure::new(FailureKind::Environment, "the process that ran it went away")
                .hint(goes_on)
        }
        _ => failure,
    })
}

/// Serves other processes on a socket beside the state, for its owner only.
fn serve_others(context: &Context, host: &Arc<Host>) -> Option<tokio::task::JoinHandle<()>> {
    let path = context.places.state.join("socket");
    // We hold the lock of the state, so a socket that lies there is nobody's.
    let _ = std::fs::remove_file(&path);
    let listener = match UnixListener::bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            printing::note(format!(
                "note: no other process can ask this one: {}: {error}",
                path.display()
            ));
            return None;
        }
    };
    if let Err(error) = restrict(&path) {
        printing::note(format!("note: {}: {error}", path.display()));
        return None;
    }
    let host = Arc::clone(host);
    Some(tokio::spawn(async move {
        let mut told = false;
        loop {
            let turn = ASKING.acquire().await.expect("nobody closes it");
            match listener.accept().await {
                Ok((stream, _)) => {
                    told = false;
                    let owner = rustix::process::getuid().as_raw();
                    if stream.peer_cred().is_ok_and(|peer| peer.uid() == owner) {
                        tokio::spawn(serve_one(Arc::clone(&host), stream, turn));
                    }
                }
                // One is whoever hung up again, or there are too many open files: those who ask wait for it, as this does.
                Err(error) => {
                    if !told {
                        tracing::warn!(%error, "a process that asks is not served yet");
                    }
                    told = true;
                    tokio::time::sleep(PAUSE_OF_ERRORS).await;
                }
            }
        }
    }))
}

fn restrict(path: &std::path::Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

/// Serves one process; `turn` is its turn to say what it wants.
async fn serve_one(host: Arc<Host>, stream: UnixStream, turn: SemaphorePermit<'static>) {
    let (reading, mut writing) = stream.into_split();
    let mut reading = BufReader::new(reading);
    let asked = request(&mut reading).await;
    drop(turn);
    // Who only looks whether somebody is here says nothing; who was too slow asks again.
    let Some(request) = asked else { return };
    let Some(_served) = host.serve() else { return };
    if writing.write_all(b"\n").await.is_err() {
        return;
    }
    let (sender, mut updates) = mpsc::channel(1_024);
    let cancellation = Cancellation::default();
    let cancelled = cancellation.clone();
    // Nobody else has the sender: updates end with the answer.
    tokio::spawn(async move {
        match request {
            Ok(request) => host.answer(request, &cancelled, &sender).await,
            // Whoever asked may have left.
            Err(error) => drop(sender.send(Update::Failed { error }).await),
        }
    });
    let listening = tokio::spawn(async move {
        let mut words = reading.take(WORDS_BYTES_MAX);
        let mut word = String::new();
        while words.read_line(&mut word).await.is_ok_and(|read| read > 0) {
            if word.trim() == "cancel" {
                cancellation.cancel();
            }
            word.clear();
        }
    });
    while let Some(update) = updates.recv().await {
        let mut line = serde_json::to_vec(&update).expect("updates are plain data");
        line.push(b'\n');
        // The client may leave; its run goes on, and is in the journal.
        if writing.write_all(&line).await.is_err() {
            break;
        }
    }
    listening.abort();
}

/// What a process asks; none where it hung up before, or was too slow.
async fn request(reading: &mut BufReader<OwnedReadHalf>) -> Option<Result<Request, Failure>> {
    let mut line = Vec::new();
    let small = is_whole_within(SMALL_BYTES_MAX, reading, &mut line);
    if timeout(WHOLE_WITHIN, small).await.ok()?.ok()? {
        return parsed(&line);
    }
    // Held until nothing is left of the line. To wait for it takes none of the time that the rest may take, and has an
    // end: who waits is one of those who are asking.
    let _turn = timeout(WHOLE_WITHIN, LARGE.acquire()).await.ok()?.expect("nobody closes it");
    timeout(WHOLE_WITHIN, large(reading, line)).await.ok()?
}

/// The same of a large request, of which `line` is the beginning.
async fn large(
    reading: &mut BufReader<OwnedReadHalf>,
    mut line: Vec<u8>,
) -> Option<Result<Request, Failure>> {
    if is_whole_within(LINE_BYTES_MAX, reading, &mut line).await.ok()? {
        return parsed(&line);
    }
    // Who writes does not read yet.
    loop {
        line.clear();
        if is_whole_within(SMALL_BYTES_MAX, reading, &mut line).await.ok()? {
            return Some(Err(too_large()));
        }
    }
}

/// Reads on until a line is whole, or has so many bytes; says whether it is whole.
async fn is_whole_within(
    bytes_max: usize,
    reading: &mut BufReader<OwnedReadHalf>,
    line: &mut Vec<u8>,
) -> io::Result<bool> {
    let room = bytes_max - line.len();
    let read = reading.take(room as u64).read_until(b'\n', line).await?;
    Ok(read < room || line.ends_with(b"\n"))
}

fn parsed(line: &[u8]) -> Option<Result<Request, Failure>> {
    let refused = |error| {
        Failure::usage(format!("the request can't be read: {error}"))
            .hint("both processes must be of the same version")
    };
    (!line.is_empty()).then(|| serde_json::from_slice(line).map_err(refused))
}
