//! Compiling components, which come from anywhere: in a child process with bounds on memory and time,
//! since no bound inside a process holds against a compiler that was made to eat it.

mod child;

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    ops::Deref,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

pub(crate) use self::child::Refusal;
pub use self::child::compile_child_main;
use self::child::{Request, compile};
use crate::{decode::Decoded, engine::EngineShape, load::LoadError};

/// Most bytes that a compiled component may have: the compiler's answer is read into memory.
pub(crate) const ANSWER_BYTES_MAX: u64 = 512 << 20;

/// Who compiles.
#[derive(Clone, Debug)]
pub enum CompilerCommand {
    /// A child process that calls [`compile_child_main`].
    Child {
        /// The program, usually this host itself.
        program: PathBuf,
        /// Its arguments, usually a hidden command.
        arguments: Vec<OsString>,
        /// What the child may use.
        bounds: CompileBounds,
    },
    /// This process, without any bound. For tests and tools with components of their own: a crafted
    /// component takes all memory and time there is.
    InProcess,
}

/// What compiling one component may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompileBounds {
    /// Bytes of address space.
    pub memory_bytes: u64,
    /// Processor time, of all threads together.
    pub cpu: Duration,
    /// Time until the child is killed.
    pub time: Duration,
}

impl Default for CompileBounds {
    fn default() -> Self {
        // Processor time is the bound that bites; the other leaves room for a busy machine. A component with an
        // interpreter in it (17 MiB for Python) takes up to 41 s where the compiler itself is not optimised.
        let (cpu, time) = (Duration::from_secs(120), Duration::from_secs(240));
        Self { memory_bytes: 2 << 30, cpu, time }
    }
}

/// A component as it can be run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Compiled {
    pub(crate) decoded: Decoded,
    /// Native code in wasmtime's own form.
    pub(crate) code: Code,
}

/// Native code at the end of what it was read with: it has megabytes, and copying them costs more
/// than authenticating them.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    read: Vec<u8>,
    from: usize,
}

impl Code {
    /// The code that begins at `from`, or an empty one.
    pub(crate) fn at(read: Vec<u8>, from: usize) -> Self {
        let from = from.min(read.len());
        Self { read, from }
    }
}

impl Deref for Code {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.read[self.from..]
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl CompilerCommand {
    /// Validates, describes and compiles `component`.
    pub(crate) fn compile(
        &self,
        component: &[u8],
        shape: &EngineShape,
    ) -> Result<Compiled, LoadError> {
        match self {
            Self::InProcess => compile(component, shape).map_err(LoadError::from),
            Self::Child { program, arguments, bounds } => {
                let mut command = Command::new(program);
                command.args(arguments).env_clear().current_dir("/");
                let request = Request { bounds: *bounds, shape: shape.into() };
                in_child(command, &request, component)
            }
        }
    }
}

fn in_child(
    mut command: Command,
    request: &Request,
    component: &[u8],
) -> Result<Compiled, LoadError> {
    let unavailable = |what: &str, error: &dyn std::fmt::Display| {
        LoadError::CompilerUnavailable(format!("{what}: {error}"))
    };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| unavailable("it does not start", &error))?;
    let input = request.frame(component).map_err(|error| unavailable("no request", &error))?;
    let (answer, ended) = converse(&mut child, input, request.bounds.time)
        .map_err(|error| unavailable("it can't be talked to", &error))?;
    let Some(ended) = ended else {
        return Err(LoadError::CompileBound(format!("{:?} of time", request.bounds.time)));
    };
    read_answer(answer, ended, &request.bounds)
}

/// Gives the child its input and takes its answer; no exit status where it was killed for its time.
fn converse(
    child: &mut Child,
    input: Vec<u8>,
    time: Duration,
) -> io::Result<(Vec<u8>, Option<ExitStatus>)> {
    let missing = || io::Error::other("a pipe is missing");
    let mut stdin = child.stdin.take().ok_or_else(missing)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let (sender, receiver) = mpsc::channel();
    // The child may end without reading all: then writing fails, and its answer tells why.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let reader = std::thread::spawn(move || {
        let mut answer = Vec::new();
        let read = stdout.take(ANSWER_BYTES_MAX).read_to_end(&mut answer);
        // Nobody listens any more where the time was up.
        drop(sender.send(read.map(|_| answer)));
    });
    let received = receiver.recv_timeout(time);
    if received.is_err() {
        child.kill()?;
    }
    let status = child.wait()?;
    for thread in [writer, reader] {
        drop(thread.join());
    }
    match received {
        Ok(answer) => Ok((answer?, Some(status))),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok((Vec::new(), None)),
    }
}

fn read_answer(
    answer: Vec<u8>,
    ended: ExitStatus,
    bounds: &CompileBounds,
) -> Result<Compiled, LoadError> {
    use std::os::unix::process::ExitStatusExt as _;
    let signal = ended.signal();
    if signal == Some(rustix::process::Signal::XCPU.as_raw())
        || signal == Some(rustix::process::Signal::KILL.as_raw())
    {
        return Err(LoadError::CompileBound(format!("{:?} of processor time", bounds.cpu)));
    }
    if signal.is_some() {
        // The allocator aborts where memory ends; a too deep component ends the stack.
        return Err(LoadError::CompileBound(format!(
            "{} bytes of memory, or the compiler's stack ({ended})",
            bounds.memory_bytes
        )));
    }
    match answer.split_first() {
        Some((0, _)) => Compiled::read(answer, 1)
            .ok_or_else(|| LoadError::CompilerUnavailable("its answer can't be read".to_owned())),
        Some((1, body)) => Err(rmp_serde::from_slice::<Refusal>(body).map_or_else(
            |error| LoadError::CompilerUnavailable(format!("its answer can't be read: {error}")),
            LoadError::from,
        )),
        _ => Err(LoadError::CompilerUnavailable(format!("it ended without an answer ({ended})"))),
    }
}
