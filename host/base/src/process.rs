//! `voyager:process`: programs of the machine, confined.

use std::{borrow::Cow, time::Duration};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    BoxFuture,
    call::{CallContext, Effect, HostCall, Need, Services},
    error::Error,
    secret::Secrets,
};

/// Runs a program to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunProgram {
    /// Name of the program, looked up in the host's closed search path.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Granted folder to work in; the only granted one where none is named.
    pub folder: Option<String>,
    /// Path inside the folder.
    pub directory: Option<String>,
    /// Variables beside the sanitised ones.
    pub environment: Vec<(String, String)>,
    /// Standard input.
    pub stdin: ByteBuf,
    /// Longest time; never more than the grant's.
    pub time_max: Option<Duration>,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// Exit code; none where a signal ended it.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The end of standard output.
    pub stdout: ByteBuf,
    /// The end of standard error.
    pub stderr: ByteBuf,
    /// Bytes of output that were dropped.
    pub dropped: u64,
    /// Files within the grant that the program changed; staged now.
    pub changed: Vec<String>,
    /// Number of files that it changed outside the grant; those changes are discarded.
    pub discarded: u64,
    /// What confined it.
    pub confinement: Vec<String>,
}

impl HostCall for RunProgram {
    const NAME: &'static str = "process.run";
    const EFFECT: Effect = Effect::External;
    type Reply = Finished;

    fn need(&self) -> Need<'_> {
        Need::Program { program: &self.program, arguments: &self.arguments }
    }

    fn perform<'a>(
        self,
        services: &'a Services,
        context: &'a CallContext,
    ) -> BoxFuture<'a, Result<Finished, Error>> {
        Box::pin(async move {
            let reply = services.process.run(context, self).await;
            // What is recorded and what the guest gets holds no secret, whoever answered.
            match reply {
                Ok(finished) => Ok(finished.scrubbed(&context.secrets)),
                Err(error) => Err(context.secrets.scrub_error(error)),
            }
        })
    }
}

impl Finished {
    fn scrubbed(self, secrets: &Secrets) -> Self {
        let scrub = |bytes: ByteBuf| match secrets.scrub(&bytes) {
            Cow::Borrowed(_) => bytes,
            Cow::Owned(clean) => ByteBuf::from(clean),
        };
        Self { stdout: scrub(self.stdout), stderr: scrub(self.stderr), ..self }
    }
}

/// Runs programs.
pub trait ProcessService: Send + Sync {
    /// Runs a program to its end, or to its time limit, or until the context is cancelled; then the
    /// whole tree of its processes is killed.
    fn run<'a>(
        &'a self,
        context: &'a CallContext,
        call: RunProgram,
    ) -> BoxFuture<'a, Result<Finished, Error>>;
}

/// One staged file, as a view needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct StagedFile {
    /// Path below the folder.
    pub path: String,
    /// Its content; none where it is removed.
    pub content: Option<Vec<u8>>,
    /// Whether it may be executed.
    pub executable: bool,
}

/// What became of the changes that a program made in its view.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Absorbed {
    /// Paths that are staged now.
    pub changed: Vec<String>,
    /// Number of changes outside the grant.
    pub discarded: u64,
}

/// Lets programs work on a folder with the staged changes of a task in it.
pub trait Views: Send + Sync {
    /// All that the task sees as changed in a folder, over all its layers.
    ///
    /// # Errors
    /// `denied` for a folder that is not granted.
    fn staged(&self, context: &CallContext, root: &str) -> Result<Vec<StagedFile>, Error>;

    /// Stages what a program changed, as far as the grant's write globs allow.
    ///
    /// # Errors
    /// `limit` where that is too much; then nothing is staged.
    fn absorb(
        &self,
        context: &CallContext,
        root: &str,
        changes: Vec<StagedFile>,
    ) -> Result<Absorbed, Error>;
}

/// Longest name of a variable.
pub const VARIABLE_BYTES_MAX: usize = 256;

/// Whether a text can be the name of a variable.
pub fn is_variable(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(letter)
        && !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.len() <= VARIABLE_BYTES_MAX
}

/// Variables that the host sets for every program, or for those without network: nobody else may.
pub const HOST_VARIABLES: [&str; 19] = [
    "CARGO_NET_OFFLINE",
    "GIT_TERMINAL_PROMPT",
    "GOPROXY",
    "GOTOOLCHAIN",
    "HOME",
    "LANG",
    "LC_ALL",
    "NPM_CONFIG_OFFLINE",
    "PATH",
    "PIP_NO_INDEX",
    "PYTHONDONTWRITEBYTECODE",
    "SHELL",
    "TERM",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
];
