//! Stages the real program: a state folder of its own, the shipped skills, a repository to work on.
//!
//! `cargo xtask test` builds what is needed and says where it is. Without that, the tests say that they
//! are skipped.

use std::{
    fs::{self, DirBuilder},
    io::{BufRead, BufReader, Lines},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::OnceLock,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use tempfile::TempDir;

/// The program, with folders that go when it goes.
pub struct Stage {
    folder: TempDir,
    program: PathBuf,
    skills: PathBuf,
}

/// What the program did.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Stage {
    /// Stages the program; none, with a word on standard error, where nothing was built.
    #[expect(clippy::disallowed_methods, reason = "`cargo xtask test` says where things are")]
    pub fn new() -> Option<Self> {
        let (Ok(program), Ok(skills)) =
            (std::env::var("VOYAGER_TEST_PROGRAM"), std::env::var("VOYAGER_TEST_SKILLS"))
        else {
            eprintln!("skipped: run `cargo xtask test`, which builds the program and the skills");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let stage = Self { folder, program: program.into(), skills: skills.into() };
        stage.take_compiled();
        Some(stage)
    }

    /// Gives the stage the compiled skills, which are the same for all: compiling them anew takes far
    /// longer than most tests.
    fn take_compiled(&self) {
        static COMPILED: OnceLock<PathBuf> = OnceLock::new();
        let compiled = COMPILED.get_or_init(|| {
            let state = self.skills.with_file_name("tests-state");
            // What a host knows of skills it need not compile, also where it was built anew since.
            let _ = fs::remove_file(state.join("skills-seen"));
            let mut list = Command::new(&self.program);
            list.arg("--state").arg(&state).arg("--skills").arg(&self.skills);
            if self.test_skills().is_dir() {
                list.arg("--skills").arg(self.test_skills());
            }
            let listed = list.args(["skill", "list"]).output().expect("the program starts");
            assert!(listed.status.success(), "{listed:?}");
            state.join("compiled")
        });
        let own = self.path("state/compiled");
        DirBuilder::new().recursive(true).mode(0o700).create(&own).expect("folders can be made");
        for entry in fs::read_dir(compiled).expect("the skills are compiled") {
            let entry = entry.expect("it can be listed");
            fs::copy(entry.path(), own.join(entry.file_name())).expect("files can be copied");
        }
    }

    /// Components that only tests use, beside the shipped ones.
    fn test_skills(&self) -> PathBuf {
        self.skills.with_file_name("test-skills")
    }

    /// Has skills of the stage's own folder come before the shipped ones.
    pub fn prefer_skills_in(&mut self, name: &str) {
        self.skills = self.path(name);
        fs::create_dir_all(&self.skills).expect("folders can be made");
    }

    /// Has a command-line program of the tests, `tool` or `fetch`, be the only skill. False, with a word on
    /// standard error, where it was not built.
    pub fn take_tool(&mut self, name: &str) -> bool {
        let built = self.test_skills().join(format!("{name}.wasm"));
        self.prefer_skills_in("tools");
        let there = fs::copy(&built, self.skills.join(format!("{name}.wasm"))).is_ok();
        if !there {
            eprintln!("skipped: run `cargo xtask test`, which builds {}", built.display());
        }
        there
    }

    /// A path in the stage's own folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the SDK, the manifests and the WIT of the program lie.
    pub fn share(&self) -> PathBuf {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../..").into()
    }

    /// Writes a file in the stage's own folder, with the folders above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file has a folder"))
            .expect("folders can be made");
        fs::write(&path, content).expect("files can be written");
        path
    }

    /// The program, about to be called with `arguments`.
    pub fn command<I: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = I>,
    ) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--state").arg(self.path("state")).arg("--skills").arg(&self.skills);
        command.arg("--share").arg(self.share());
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        // The user's own skills and policy are not part of a test.
        command.env("HOME", self.folder.path()).env_remove("XDG_DATA_HOME");
        command.env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME");
        command.env_remove("VOYAGER_POLICY").env_remove("VOYAGER_MEMORY_KEY");
        command.env_remove("VOYAGER_ENCODER").env_remove("VOYAGER_ENCODER_KEY");
        command
    }

    /// The program as [`Self::command`] gives it, but with the permissions of files counting where
    /// the tests run as root too. None, with a word on standard error, where the machine can't do that.
    pub fn command_bound_by_permissions<I: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = I>,
    ) -> Option<Command> {
        let command = self.command(arguments);
        if !rustix::process::geteuid().is_root() {
            return Some(command);
        }
        let secret = self.write("secret", "");
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).expect("it is ours");
        let bound = |program: &std::ffi::OsStr| {
            let mut bound = Command::new("setpriv");
            bound.args(["--bounding-set", "-dac_override,-dac_read_search", "--"]).arg(program);
            bound.stdin(Stdio::null()).current_dir(self.folder.path());
            bound
        };
        let mut reads = bound("cat".as_ref());
        let can = bound("true".as_ref()).status().is_ok_and(|it| it.success());
        if !can || reads.arg(&secret).stderr(Stdio::null()).status().is_ok_and(|it| it.success()) {
            eprintln!("skipped: `setpriv` can't take root's right to read all files away here");
            return None;
        }
        let mut bound = bound(command.get_program());
        bound.args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => bound.env(name, value),
                None => bound.env_remove(name),
            };
        }
        Some(bound)
    }

    /// Calls the program and waits for its end.
    pub fn call<I: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Ended {
        Ended::from(self.command(arguments).output().expect("the program starts"))
    }

    /// Calls the program with `--json`; gives back the answer.
    pub fn answer<I: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = I>,
    ) -> Json {
        let mut command = self.command(arguments);
        command.arg("--json");
        let ended = Ended::from(command.output().expect("the program starts"));
        let mut last = ended.last();
        assert_eq!(last["update"], "done", "{ended:?}");
        last["answer"].take()
    }

    /// The commands that `--help` of a command lists; of the program itself where it is empty.
    pub fn commands(&self, of: &[&str]) -> Vec<String> {
        let help = self.call(of.iter().chain(&["--help"]));
        assert_eq!(help.code, Some(0), "{help:?}");
        let lines = help.out.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
        lines
            .take_while(|line| line.starts_with("  "))
            // Further in stands the rest of a long sentence.
            .filter(|line| !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
            .collect()
    }

    /// Calls the program with `--json` and kills it (SIGKILL) when it has printed `lines` lines. Gives
    /// back whether it was killed before its end.
    pub fn kill_after<I: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = I>,
        lines: usize,
    ) -> bool {
        let mut left = lines;
        self.kill_when(arguments, |_| {
            left -= 1;
            left == 0
        })
    }

    /// Calls the program with `--json` and kills it (SIGKILL) at the first line that `is_enough`. Gives
    /// back whether there was one.
    pub fn kill_when<I: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = I>,
        is_enough: impl FnMut(&String) -> bool,
    ) -> bool {
        let mut command = self.command(arguments);
        command.arg("--json").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        let out = child.stdout.take().expect("its output is piped");
        let reached = BufReader::new(out).lines().map_while(Result::ok).find(is_enough);
        kill(&mut child);
        reached.is_some()
    }
}

/// A command that goes on, with `--json`, and what it tells meanwhile. It does not outlive the test.
pub struct Telling {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Telling {
    /// Starts it.
    pub fn begin(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { child, lines }
    }

    /// The next line that has all of `parts`.
    pub fn until(&mut self, parts: &[&str]) -> Json {
        let fits = |line: &String| parts.iter().all(|part| line.contains(part));
        let line = self.lines.by_ref().map_while(Result::ok).find(fits);
        let line = line.unwrap_or_else(|| panic!("{parts:?} never came"));
        serde_json::from_str(&line).expect("it is JSON")
    }

    /// Has it end in good order; gives back its last line.
    pub fn stop(mut self) -> Json {
        let pid = self.child.id().try_into().ok().and_then(Pid::from_raw);
        kill_process(pid.expect("it is a process"), Signal::INT).expect("it lives");
        let last = self.until(&["\"exit-code\""]);
        assert!(self.child.wait().expect("a child can be waited for").success(), "{last}");
        last
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}

impl Ended {
    /// The last line of standard output as JSON: with `--json`, how the command ended.
    pub fn last(&self) -> Json {
        let last = self.out.lines().last().unwrap_or_default();
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn kill(child: &mut Child) {
    // Ended already is as good as killed.
    let _ = child.kill();
    child.wait().expect("a child can be waited for");
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Files below a folder with their content, ordered by path, so that two trees can be compared.
pub fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("the folder can be read").flatten() {
            let path = entry.path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                let content = fs::read(&path).unwrap_or_default();
                found.push((path.strip_prefix(folder).expect("below").to_owned(), content));
            }
        }
    }
    found.sort();
    found
}
