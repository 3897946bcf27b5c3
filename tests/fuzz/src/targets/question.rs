//! Questions of a skill under any grants: what they deny is neither told nor changed, on whatever way,
//! and answers are no longer than they may be.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    num::NonZeroUsize,
    os::unix::fs::symlink,
    path::Path,
    sync::{Arc, LazyLock},
};

use crate::memory::Memory;
use arbitrary::{Error::IncorrectFormat, Result, Unstructured};
use futures_executor::block_on;
use serde_bytes::ByteBuf;
use voyager_base::{
    BoxFuture, Error, ErrorKind,
    call::{
        self, Admission, CallContext, HostCall, Ledger, Lineage, Outcome, Question, Remaining,
        Report, Services, Stop,
    },
    clock::Timestamp,
    grant::{FolderGrant, Globs, GrantLayer, Grants, ProgramGrant},
    process::{Finished, ProcessService, RunProgram},
    sim::asking,
    tasks::{ChildOutcome, MapTasks, TasksService},
    workspace::{
        Inspect, List, ReadFile, RemoveFile, RenameFile, Replace, Search, ShowDiff, TextQuery,
        WorkspaceService, WriteFile,
    },
};
use voyager_workspace::Workspace;

/// Files of the folder: each holds a mark that no other has, `<` its path `>`.
const FILES: [&str; 5] = ["a/file", "a/b/file", "b/file", "file", "b/open"];
/// A link in the folder, and what it leads to.
const LINKS: [(&str, &str); 3] =
    [("a/link", "../b"), ("b/file-link", "../a/b/file"), ("out", "../out")];
/// Most bytes of one read, and a line of a search that is shown.
const READ_BYTES_MAX: usize = 4 << 20;
const TEXT_BYTES_MAX: usize = 1_024;

static SCENE: LazyLock<tempfile::TempDir> = LazyLock::new(scene);

/// States what must hold of any bytes.
///
/// # Panics
/// Where it does not.
pub fn target(bytes: &[u8]) {
    // An input too short for a question is none.
    let _ = check(&mut Unstructured::new(bytes));
    assert_eq!(files(SCENE.path()), *FURNISHED, "a question changed a file, not what is staged");
}

static FURNISHED: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| files(SCENE.path()));

/// A granted folder `in` beside one that is not.
fn scene() -> tempfile::TempDir {
    let scene = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = |path: &str| scene.path().join(path);
    for file in FILES {
        let file = Path::new(file);
        fs::create_dir_all(path("in").join(file.parent().expect("it has one"))).expect("it is new");
        let text = format!("x <{}>\n", file.display());
        fs::write(path("in").join(file), text).expect("it is new");
    }
    fs::create_dir(path("out")).expect("it is new");
    fs::write(path("out/file"), "x <out/file>").expect("it is new");
    for (link, to) in LINKS {
        symlink(to, path("in").join(link)).expect("it is new");
    }
    scene
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("it can be read").flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|it| it.is_dir()) {
            found.extend(files(&path));
        } else {
            found.insert(path.display().to_string(), fs::read(&path).unwrap_or_default());
        }
    }
    found
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let skill = Skill::new(grants(u)?);
    for _ in 0..u.int_in_range(1..=6)? {
        skill.any(u)?;
        skill.staged_where_granted();
    }
    Ok(())
}

/// A skill that asks, and what it may.
struct Skill {
    gate: Gate,
    workspace: Workspace,
    services: Arc<Services>,
}

impl Skill {
    fn new(grants: Grants) -> Self {
        // Blocking work is done at once: a thread for each question would take most of the time.
        let content = Arc::new(Memory::default());
        let workspace = Workspace::new(content, Arc::new(|work| work()), NonZeroUsize::MIN);
        let grants = Arc::new(grants);
        let services = Services {
            workspace: Arc::new(workspace.clone()),
            process: Arc::new(Others),
            http: Arc::new(voyager_base::http::NoHttp),
            memory: Arc::new(voyager_base::memory::NoMemory),
            tasks: Arc::new(Others),
        };
        Self { gate: Gate(asking(grants)), workspace, services: Arc::new(services) }
    }

    /// Asks, and looks that nothing is told that may not be read. None where there is no answer.
    fn ask<C: HostCall + Clone>(&self, question: C) -> Option<C::Reply> {
        let allowed = self.gate.0.grants.check(&question.need()).is_ok();
        let answer = block_on(call::ask(&self.gate, &self.services, question)).expect("no stop");
        if !allowed {
            let error = answer.err().expect("what is denied has no answer");
            assert_eq!(error.kind, ErrorKind::Denied);
            return None;
        }
        let told = serde_json::to_string(&answer.as_ref().ok()).expect("an answer has a text");
        self.tells_only_readable(&told);
        answer.ok()
    }

    fn tells_only_readable(&self, told: &str) {
        assert!(!told.contains("<out/file>"), "told of a file beside the folder: {told}");
        for file in FILES.iter().filter(|file| !self.may_read(file)) {
            assert!(!told.contains(&format!("<{file}>")), "told what `{file}` holds: {told}");
        }
    }

    fn may_read(&self, path: &str) -> bool {
        self.gate.0.grants.may_read("r", path)
    }

    fn any(&self, u: &mut Unstructured<'_>) -> Result<()> {
        let root = if u.ratio(1, 20)? { u.arbitrary()? } else { "r".to_owned() };
        match u.int_in_range(0..=10)? {
            0 => {
                let (path, offset) = (path(u)?, if u.ratio(1, 4)? { u.arbitrary()? } else { 0 });
                let length = if u.ratio(1, 4)? { u.arbitrary()? } else { 100 };
                let bytes = self.ask(ReadFile { root, path, offset, length });
                let longest = READ_BYTES_MAX.min(usize::try_from(length).unwrap_or(usize::MAX));
                let bytes = bytes.unwrap_or_default();
                assert!(bytes.len() <= longest);
                self.tells_only_readable(&String::from_utf8_lossy(&bytes));
            }
            1 => drop(self.ask(Inspect { root, path: path(u)?, follow: false })),
            2 => {
                let content = ByteBuf::from(b"x written\n".to_vec());
                self.ask(WriteFile { root, path: path(u)?, content });
            }
            3 => drop(self.ask(RemoveFile { root, path: path(u)? })),
            4 => drop(self.ask(RenameFile { root, from: path(u)?, to: path(u)? })),
            5 => {
                let listed = self.ask(List { root, globs: globs(u)? }).unwrap_or_default();
                listed.files.iter().for_each(|file| assert!(self.may_read(&file.path)));
            }
            6 => {
                let places_max = u.arbitrary::<u8>()?.into();
                let call = Search { root, query: query(u)?, places_max };
                let found = self.ask(call).unwrap_or_default();
                assert!(found.places.len() <= places_max as usize);
                for place in &found.places {
                    assert!(self.may_read(&place.path) && place.text.len() <= TEXT_BYTES_MAX);
                }
            }
            7 => {
                let replacement = u.arbitrary()?;
                let call = Replace { root, query: query(u)?, replacement };
                let replaced = self.ask(call).unwrap_or_default();
                for (path, _) in &replaced.files {
                    assert!(self.gate.0.grants.may_write("r", path), "replaced in `{path}`");
                }
            }
            8 => {
                let bytes_max = if u.arbitrary()? { u.arbitrary::<u8>()?.into() } else { 10_000 };
                let shown = self.ask(ShowDiff { root, bytes_max }).unwrap_or_default();
                assert!(shown.len() as u64 <= bytes_max);
            }
            9 => {
                let call = RunProgram {
                    program: word(u)?,
                    arguments: vec![word(u)?, word(u)?],
                    folder: None,
                    directory: None,
                    environment: Vec::new(),
                    stdin: ByteBuf::new(),
                    time_max: None,
                };
                self.ask(call);
            }
            _ => {
                let call = MapTasks { operation: word(u)?, arguments: Vec::new(), parallel: 0 };
                self.ask(call);
            }
        }
        Ok(())
    }

    /// Nothing is staged but what may be written, in no place but the folder.
    fn staged_where_granted(&self) {
        let stage = self.gate.0.stages[0];
        let staged = block_on(WorkspaceService::staged(&self.workspace, stage));
        let mut seen = BTreeSet::new();
        for change in staged.into_iter().flatten() {
            assert_eq!(change.root, "r");
            assert!(self.gate.0.grants.may_write("r", &change.path), "staged `{}`", change.path);
            assert!(!change.path.split('/').any(|name| matches!(name, "" | "." | "..")));
            assert!(seen.insert(change.path), "a file is staged once");
        }
    }
}

/// What the run's ledger does at its least: no record, no limits.
struct Gate(CallContext);

impl Ledger for Gate {
    fn admit<'a>(
        &'a self,
        question: Question<'a>,
    ) -> BoxFuture<'a, std::result::Result<Admission, Stop>> {
        let admission = match self.0.grants.check(&question.need) {
            Ok(()) => Admission::Perform(self.0.clone()),
            Err(error) => Admission::Denied(error),
        };
        Box::pin(std::future::ready(Ok(admission)))
    }

    fn perform<'a>(
        &'a self,
        _context: CallContext,
        effect: BoxFuture<'static, Outcome>,
    ) -> BoxFuture<'a, std::result::Result<Vec<u8>, Stop>> {
        Box::pin(async { Ok(effect.await.reply) })
    }

    fn report(&self, _report: Report) {}

    fn time(&self) -> Timestamp {
        Timestamp::default()
    }

    fn lineage(&self) -> Lineage {
        Lineage { run: self.0.run, task: self.0.record.task, parents: [].into() }
    }

    fn remaining(&self) -> Remaining {
        Remaining { host_calls: 1, log_bytes: 1, children: 1, depth: 1 }
    }

    fn grants(&self) -> Arc<Grants> {
        Arc::clone(&self.0.grants)
    }
}

/// Programs and tasks: whoever gets this far was let.
struct Others;

impl ProcessService for Others {
    fn run<'a>(
        &'a self,
        context: &'a CallContext,
        call: RunProgram,
    ) -> BoxFuture<'a, std::result::Result<Finished, Error>> {
        context.grants.program(&call.program, &call.arguments).expect("a program that is granted");
        Box::pin(std::future::ready(Err(Error::unavailable("no programs here"))))
    }
}

impl TasksService for Others {
    fn map<'a>(
        &'a self,
        _context: &'a CallContext,
        _call: MapTasks,
    ) -> BoxFuture<'a, std::result::Result<Vec<ChildOutcome>, Error>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

fn grants(u: &mut Unstructured<'_>) -> Result<Grants> {
    let folder = SCENE.path().join("in").display().to_string();
    let folders = Arc::new(BTreeMap::from([("r".to_owned(), folder)]));
    let length = u.int_in_range(1..=2)?;
    let layers = (0..length).map(|_| layer(u).map(Arc::new)).collect::<Result<_>>()?;
    Ok(Grants { folders, layers })
}

fn layer(u: &mut Unstructured<'_>) -> Result<GrantLayer> {
    let folders = u.int_in_range(1..=2)?;
    let folder = |u: &mut Unstructured<'_>| {
        let write_bytes_max = u.arbitrary::<Option<u16>>()?.map(u64::from);
        Ok(FolderGrant { root: "r".into(), read: granted(u)?, write: granted(u)?, write_bytes_max })
    };
    let program = ProgramGrant {
        run: vec![word(u)?],
        network: false,
        time_max: None,
        output_bytes_max: None,
        memory_bytes_max: None,
        processes_max: None,
        cpus_max: None,
        demand: Vec::new(),
        secrets: BTreeMap::new(),
    };
    Ok(GrantLayer {
        source: "fuzz".into(),
        workspace: Some((0..folders).map(|_| folder(u)).collect::<Result<_>>()?),
        process: Some(vec![program]),
        http: None,
        memory: None,
        tasks: Some(granted(u)?),
        rules: None,
        stands: None,
    })
}

fn granted(u: &mut Unstructured<'_>) -> Result<Globs> {
    Globs::new(globs(u)?).map_err(|_| IncorrectFormat)
}

fn globs(u: &mut Unstructured<'_>) -> Result<Vec<String>> {
    const GLOBS: [&str; 10] =
        ["**", "*", "a/**", "b/*", "**/file", "a/b/**", "{a,b}/file", "b/[!f]*", "new", "*/?*"];
    let length = u.int_in_range(0..=2)?;
    let glob = |u: &mut Unstructured<'_>| match u.ratio(1, 8)? {
        true => path(u),
        false => Ok((*u.choose(&GLOBS)?).to_owned()),
    };
    (0..length).map(|_| glob(u)).collect()
}

/// A path that means something, names put together, or any text.
fn path(u: &mut Unstructured<'_>) -> Result<String> {
    const NAMES: [&str; 10] = ["a", "b", "file", "link", "file-link", "..", ".", "", "open", "new"];
    match u.int_in_range(0..=8)? {
        0 => u.arbitrary(),
        1..=3 => {
            let length = u.int_in_range(1..=4)?;
            let names = (0..length).map(|_| u.choose(&NAMES).copied());
            Ok(names.collect::<Result<Vec<_>>>()?.join("/"))
        }
        _ => Ok((*u.choose(&FILES)?).to_owned()),
    }
}

fn query(u: &mut Unstructured<'_>) -> Result<TextQuery> {
    Ok(TextQuery {
        pattern: if u.ratio(3, 4)? { "x".to_owned() } else { u.arbitrary()? },
        literal: u.arbitrary()?,
        word: u.arbitrary()?,
        ignore_case: u.arbitrary()?,
        globs: globs(u)?,
    })
}

fn word(u: &mut Unstructured<'_>) -> Result<String> {
    match u.ratio(1, 8)? {
        true => u.arbitrary(),
        false => Ok((*u.choose(&["cargo", "test", "new"])?).to_owned()),
    }
}
