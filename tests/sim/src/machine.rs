//! What outlives a host: the files of its user, and what its programs did.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_bytes::ByteBuf;
use voyager_base::{
    BoxFuture, Digest, Error,
    call::CallContext,
    process::{Finished, ProcessService, RunProgram},
    record::Results,
    sim::MemoryResults,
};

/// A machine. Clones are the same machine.
#[derive(Clone, Default)]
pub struct Machine(Arc<Mutex<State>>);

/// A file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct File {
    pub(crate) content: Vec<u8>,
    /// Its permission bits; those of a new file where none are given.
    pub(crate) mode: Option<u32>,
}

impl File {
    fn new(content: Vec<u8>) -> Self {
        Self { content, mode: None }
    }
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, File>,
    programs: BTreeMap<Digest, u32>,
    starts: BTreeMap<Vec<String>, u32>,
    results: Arc<MemoryResults>,
    points: u64,
    crash_at: Option<u64>,
}

impl State {
    /// Starts a program; gives back how it ends.
    fn start(&mut self, key: Digest, arguments: &[String]) -> i32 {
        *self.programs.entry(key).or_default() += 1;
        let starts = self.starts.entry(arguments.to_vec()).or_default();
        *starts += 1;
        let stumbles = *starts == 1 && arguments.first().is_some_and(|it| it == STUMBLE);
        i32::from(stumbles)
    }
}

impl Machine {
    /// A machine with these files.
    pub fn with_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let machine = Self::default();
        machine.state().files = files
            .into_iter()
            .map(|(path, text)| (path.to_owned(), File::new(text.as_bytes().to_vec())))
            .collect();
        machine
    }

    /// What keeps results, from host to host.
    pub(crate) fn results(&self) -> Arc<dyn Results> {
        Arc::<MemoryResults>::clone(&self.state().results) as _
    }

    /// All files as text.
    pub fn files(&self) -> BTreeMap<String, String> {
        let text = |file: &File| String::from_utf8_lossy(&file.content).into_owned();
        self.state().files.iter().map(|(path, file)| (path.clone(), text(file))).collect()
    }

    /// How often each effect was done, by idempotency key.
    pub fn programs(&self) -> BTreeMap<Digest, u32> {
        self.state().programs.clone()
    }

    /// How often each program was started, by its arguments.
    pub fn starts(&self) -> BTreeMap<Vec<String>, u32> {
        self.state().starts.clone()
    }

    /// Points so far at which the host could have died in the middle of doing something.
    pub fn points(&self) -> u64 {
        self.state().points
    }

    /// Lets the host die at point number `point`, from 1.
    pub fn crash_at(&self, point: u64) {
        self.state().crash_at = Some(point);
    }

    /// Whether the host has died.
    pub fn is_dead(&self) -> bool {
        let state = self.state();
        state.crash_at.is_some_and(|point| point <= state.points)
    }

    /// Starts the host again.
    pub fn restart(&self) {
        let mut state = self.state();
        state.crash_at = None;
        state.points = 0;
    }

    /// Passes a point. False where the host is dead from here on.
    pub fn pass(&self) -> bool {
        self.state().points += 1;
        !self.is_dead()
    }

    /// The permission bits of a file, where it has other than those of a new one.
    pub fn mode(&self, path: &str) -> Option<u32> {
        self.file(path).and_then(|file| file.mode)
    }

    /// Sets the permission bits of a file, as its user does.
    pub fn set_mode(&self, path: &str, mode: u32) {
        if let Some(file) = self.state().files.get_mut(path) {
            file.mode = Some(mode);
        }
    }

    /// Changes a file, as its user does.
    pub fn set_file(&self, path: &str, content: Option<Vec<u8>>) {
        let mode = self.mode(path);
        self.put(path, content.map(|content| File { content, mode }));
    }

    pub(crate) fn file(&self, path: &str) -> Option<File> {
        self.state().files.get(path).cloned()
    }

    pub(crate) fn put(&self, path: &str, file: Option<File>) {
        let mut state = self.state();
        match file {
            Some(file) => state.files.insert(path.to_owned(), file),
            None => state.files.remove(path),
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A program whose first argument is this fails when it is started for the first time.
pub const STUMBLE: &str = "stumble";

impl ProcessService for Machine {
    fn run<'a>(
        &'a self,
        context: &'a CallContext,
        call: RunProgram,
    ) -> BoxFuture<'a, Result<Finished, Error>> {
        Box::pin(async move {
            let mut told = call.arguments.clone();
            let rule = context.grants.program(&call.program, &call.arguments)?;
            for (variable, name) in &rule.secrets {
                let secret = context.secrets.get(name)?.map_or("nothing", |it| it.reveal());
                // As a careless program does.
                told.push(format!("{variable}={secret}"));
            }
            if !self.pass() {
                return std::future::pending().await;
            }
            let exit_code = self.state().start(context.idempotency_key, &call.arguments);
            if !self.pass() {
                return std::future::pending().await;
            }
            Ok(Finished {
                exit_code: Some(exit_code),
                signal: None,
                stdout: ByteBuf::from(told.join(" ").into_bytes()),
                stderr: ByteBuf::new(),
                dropped: 0,
                changed: Vec::new(),
                discarded: 0,
                confinement: Vec::new(),
            })
        })
    }
}
