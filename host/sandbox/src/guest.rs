//! What the host keeps for one running guest: the data of its store.

use std::{sync::Arc, time::Duration};

use voyager_base::{
    Digest,
    call::{Invocation, Ledger, Report, Services},
    chance::Seeded,
    clock::{Clock, Timestamp},
};
use wasmtime::component::{ResourceTable, Val};

use crate::{
    command::Command,
    ending::Ending,
    engine::Ticks,
    held::Held,
    limits::{Memory, Processor},
    text::plain,
    timing::Timing,
};

/// Longest line of a log, in bytes.
const LINE_BYTES_MAX: usize = 8 << 10;

/// The data of a guest's store.
pub(crate) struct Guest {
    /// Whose call it is; none between two calls.
    task: Option<Task>,
    pub(crate) handles: ResourceTable,
    /// Files in the listings that it holds.
    pub(crate) listed: usize,
    /// What of its requests and their answers is held for it.
    pub(crate) held: Held,
    pub(crate) memory: Memory,
    pub(crate) processor: Processor,
    pub(crate) timing: Timing,
    seed: Digest,
    /// Grown from the seed where the guest asks for randomness.
    chance: Option<Seeded>,
    pub(crate) clock: VirtualClock,
    pub(crate) call_bytes_max: u64,
    /// Calls into WebAssembly that have not returned.
    pub(crate) depth: u32,
    outputs: [Vec<u8>; 2],
    /// The program that it runs as, where it is one.
    pub(crate) command: Option<Box<Command>>,
}

/// The task that calls: what decides on its questions, and who answers them.
struct Task {
    ledger: Arc<dyn Ledger>,
    services: Arc<Services>,
}

impl Task {
    fn of(invocation: &Invocation) -> Self {
        Self { ledger: Arc::clone(&invocation.ledger), services: Arc::clone(&invocation.services) }
    }
}

/// One of the guest's standard outputs. Both become lines of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub enum Output {
    Standard,
    Error,
}

impl Guest {
    pub(crate) fn new(invocation: &Invocation, clock: Arc<dyn Clock>, ticks: Ticks) -> Self {
        let limits = &invocation.limits;
        let mut handles = ResourceTable::new();
        handles.set_max_capacity(limits.handles as usize);
        Self {
            handles,
            listed: 0,
            held: Held::default(),
            memory: Memory::new(limits),
            processor: Processor::new(ticks, limits.cpu),
            timing: Timing::start(clock, limits.time),
            seed: invocation.seed,
            chance: None,
            clock: VirtualClock { began: invocation.ledger.time(), slept: Duration::ZERO },
            call_bytes_max: limits.call_bytes,
            depth: 0,
            outputs: [Vec::new(), Vec::new()],
            command: None,
            task: Some(Task::of(invocation)),
        }
    }

    /// Begins another call in the same instance: everything is as for a new one, but what the
    /// instance holds of its memory still counts. Limits are those of the call before.
    pub(crate) fn begin(&mut self, invocation: &Invocation) {
        self.processor.restart();
        self.timing.restart(invocation.limits.time);
        self.chance = None;
        self.seed = invocation.seed;
        self.clock = VirtualClock { began: invocation.ledger.time(), slept: Duration::ZERO };
        self.depth = 0;
        self.task = Some(Task::of(invocation));
    }

    /// Lets go of the task, and tells what its call used.
    pub(crate) fn leave(&mut self) {
        if let Some(task) = self.task.take() {
            task.ledger.used(self.timing.computed(), self.memory.held());
        }
    }

    /// Where a more important task has taken its slot: the wait until it has one again. That takes none
    /// of its time.
    pub(crate) fn pause(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        let wait = self.ledger().pause()?;
        let stopped = self.timing.pause();
        Some(async move {
            wait.await;
            drop(stopped);
        })
    }

    /// Stops while a more important task has its slot.
    pub(crate) async fn rest(&mut self) {
        if let Some(pause) = self.pause() {
            pause.await;
        }
    }

    /// Decides on what the guest asks.
    pub(crate) fn ledger(&self) -> &dyn Ledger {
        &*self.task().ledger
    }

    /// Answer what the guest asks.
    pub(crate) fn services(&self) -> &Arc<Services> {
        &self.task().services
    }

    fn task(&self) -> &Task {
        self.task.as_ref().expect("a guest runs only while a task calls it")
    }

    /// The time that the guest sees.
    pub(crate) fn now(&self) -> Timestamp {
        self.ledger().time().after(self.clock.slept)
    }

    /// The randomness that the guest sees.
    pub(crate) fn chance(&mut self) -> &Seeded {
        self.chance.get_or_insert_with(|| Seeded::from_bytes(&self.seed.0))
    }

    /// What comes of a program that has exited: files that it left open are closed first.
    pub(crate) async fn end_program(&mut self, exit_code: u8) -> wasmtime::Result<Val> {
        self.stage_files().await?;
        let outcome = self.command.as_mut().map(|command| command.outcome(exit_code));
        let outcome = outcome.expect("only a program ends as one");
        outcome.map_err(|error| Ending::Host(error).into())
    }

    /// Writes a line to the log.
    pub(crate) fn log(&self, level: &str, message: &str) {
        let level = match level {
            "error" | "warn" | "debug" => level,
            _ => "info",
        };
        let message = plain(message, LINE_BYTES_MAX);
        self.ledger().report(Report::Log { level: level.to_owned(), message });
    }

    /// Takes what the guest wrote to an output: it belongs to the result of a program, and otherwise its
    /// complete lines are logged.
    ///
    /// # Errors
    /// Ends a program that has printed too much.
    pub(crate) fn output(&mut self, output: Output, bytes: &[u8]) -> wasmtime::Result<()> {
        match &mut self.command {
            Some(command) => command.print(output, bytes)?,
            None => self.log_output(output, bytes),
        }
        Ok(())
    }

    fn log_output(&mut self, output: Output, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let line = &mut self.outputs[output as usize];
            let room = LINE_BYTES_MAX.saturating_sub(line.len());
            line.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.end_line(output);
            }
        }
    }

    /// Logs what of the outputs had no line end, and what a program had printed that came to no result.
    pub(crate) fn end_outputs(&mut self) {
        if let Some(command) = &mut self.command {
            let [stdout, stderr] = command.take_outputs();
            self.log_output(Output::Standard, &stdout);
            self.log_output(Output::Error, &stderr);
        }
        for output in [Output::Standard, Output::Error] {
            if !self.outputs[output as usize].is_empty() {
                self.end_line(output);
            }
        }
    }

    fn end_line(&mut self, output: Output) {
        let line = std::mem::take(&mut self.outputs[output as usize]);
        let level = if output == Output::Error { "warn" } else { "info" };
        self.log(level, String::from_utf8_lossy(&line).trim_end());
    }
}

impl Drop for Guest {
    /// However its call ends, also where somebody lets go of it.
    fn drop(&mut self) {
        self.leave();
    }
}

/// A guest's time: that of the last record, and what it slept. So sleeping takes no time, and a replay
/// sees the same.
pub(crate) struct VirtualClock {
    pub(crate) began: Timestamp,
    pub(crate) slept: Duration,
}
