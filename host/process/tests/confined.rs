//! Real programs, really confined. The test program starts itself as the launcher, so it has a `main` of
//! its own.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "all of this is a test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::TcpListener,
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::Duration,
};

use libtest_mimic::{Arguments, Trial};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags},
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use voyager_base::{
    BoxFuture, Error, ErrorKind,
    call::{CallContext, Cancellation},
    clock::{Clock, Timestamp},
    grant::{FolderGrant, Globs, GrantLayer, Grants, ProgramGrant},
    process::{Absorbed, Finished, ProcessService, RunProgram, StagedFile, Views},
    secret::{Secret, Secrets},
    sim::asking,
};
use voyager_process::{Launcher, Process, ProcessOptions, Stream, Toolchain, launcher_main};

const LAUNCH: &str = "__launch";
/// The same on a kernel that lacks something: [`Lack`]s follow, joined by commas.
const LAUNCH_WITHOUT: &str = "__launch-without";
/// Confines itself and tells what it can still do, to a file of its own and to its parent.
const COMPUTE: &str = "__compute";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == LAUNCH) {
        launcher_main(arguments[1..].to_vec());
    }
    if arguments.first().is_some_and(|first| first == LAUNCH_WITHOUT) {
        arguments[1].split(',').for_each(take_away);
        launcher_main(arguments[2..].to_vec());
    }
    if arguments.first().is_some_and(|first| first == COMPUTE) {
        return compute(&arguments[1], Path::new(&arguments[2]));
    }
    plant_canaries();
    let tests: Vec<(&str, fn())> = vec![
        ("a_program_tells_its_output_and_exit_code", a_program_tells_its_output_and_exit_code),
        ("a_signal_is_told", a_signal_is_told),
        ("standard_input_is_fed", standard_input_is_fed),
        ("no_canary_of_the_host_reaches_a_program", no_canary_of_the_host_reaches_a_program),
        ("a_program_has_three_open_files", a_program_has_three_open_files),
        ("variables_of_the_call_arrive_and_secrets_are_denied", variables_arrive),
        ("a_secret_reaches_its_program_and_no_output", a_secret_reaches_its_program),
        ("a_file_with_a_secret_is_not_staged", a_file_with_a_secret_is_not_staged),
        (
            "a_program_computes_on_so_many_processors_as_it_may",
            a_program_computes_on_few_processors,
        ),
        ("the_network_is_cut_without_a_grant", the_network_is_cut_without_a_grant),
        ("the_network_is_there_with_a_grant", the_network_is_there_with_a_grant),
        ("a_program_can_talk_to_itself", a_program_can_talk_to_itself),
        ("changes_within_the_grant_are_staged_and_others_discarded", changes_are_staged),
        ("a_program_sees_what_is_staged", a_program_sees_what_is_staged),
        ("removals_and_replacements_are_found", removals_and_replacements_are_found),
        ("a_touched_file_is_no_change", a_touched_file_is_no_change),
        ("what_may_not_be_read_is_absent_to_a_program", what_may_not_be_read_is_absent),
        ("what_is_absent_is_no_change_and_can_be_made", what_is_absent_can_be_made),
        ("staged_files_that_may_not_be_read_are_absent", staged_files_can_be_absent),
        ("a_granted_folder_within_another_has_its_own_globs", folders_have_their_own_globs),
        ("nothing_outside_the_view_can_be_written", nothing_outside_can_be_written),
        ("secrets_of_the_machine_can_not_be_read", secrets_can_not_be_read),
        ("a_link_out_of_the_view_leads_nowhere", a_link_out_of_the_view_leads_nowhere),
        ("dangerous_system_calls_are_refused", dangerous_system_calls_are_refused),
        ("the_time_limit_ends_grandchildren_too", the_time_limit_ends_grandchildren_too),
        ("what_is_left_in_the_background_ends_with_the_program", background_ends),
        ("cancelling_ends_the_program", cancelling_ends_the_program),
        ("output_is_bounded_and_shown_live", output_is_bounded_and_shown_live),
        ("what_is_missing_is_said", what_is_missing_is_said),
        ("a_program_that_can_not_start_says_so", a_program_that_can_not_start),
        ("what_is_not_granted_is_denied", what_is_not_granted_is_denied),
        ("an_unmet_demand_is_denied", an_unmet_demand_is_denied),
        ("without_a_folder_it_runs_in_a_private_one", without_a_folder),
        ("a_directory_within_the_folder_is_entered", a_directory_is_entered),
        ("private_folders_are_gone_afterwards_and_swept_at_start", private_folders_are_gone),
        ("too_many_changed_bytes_are_a_limit", too_many_changed_bytes_are_a_limit),
        ("thousands_of_discarded_files_are_only_counted", thousands_of_discarded_files),
        ("an_older_owner_is_refused", an_older_owner_is_refused),
        ("a_host_that_is_gone_ends_its_programs", a_host_that_is_gone),
        ("a_program_can_not_reach_its_keeper", a_program_can_not_reach_its_keeper),
        ("cargo_tests_a_crate_offline", cargo_tests_a_crate_offline),
        ("a_kernel_without_overlay_gives_a_copy", a_kernel_without_overlay_gives_a_copy),
        ("a_kernel_without_mounts_keeps_the_other_walls", a_kernel_without_mounts),
        ("a_kernel_without_namespaces_keeps_landlock_and_seccomp", a_kernel_without_namespaces),
        ("a_kernel_without_landlock_has_a_root_of_its_own", a_kernel_without_landlock),
        ("where_nothing_confines_nothing_starts", where_nothing_confines_nothing_starts),
        ("a_fork_bomb_is_bounded_and_ends", a_fork_bomb_is_bounded),
        ("a_memory_hog_is_bounded", a_memory_hog_is_bounded),
        ("a_control_group_is_gone_afterwards", a_control_group_is_gone),
        ("a_process_that_only_computes_is_shut_in", computing_is_shut_in),
    ];
    let trials = tests.into_iter().map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}

/// Makes the kernel look, for this process, as if it had been built without something.
fn take_away(what: &str) {
    let calls: &[(i64, Option<(u8, u64)>)] = match what {
        "namespaces" => &[(libc::SYS_unshare, None)],
        "mounts" => &[(libc::SYS_mount, None)],
        // Only the overlay is mounted with just these flags.
        "overlay" => &[(libc::SYS_mount, Some((3, libc::MS_NOSUID | libc::MS_NODEV)))],
        "landlock" => &[(libc::SYS_landlock_create_ruleset, None)],
        "seccomp" => {
            &[(libc::SYS_seccomp, None), (libc::SYS_prctl, Some((0, libc::PR_SET_SECCOMP as u64)))]
        }
        other => panic!("nothing is known of {other}"),
    };
    let rule = |(argument, value)| {
        let condition =
            SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value);
        SeccompRule::new(vec![condition.unwrap()]).unwrap()
    };
    let rules = calls.iter().map(|(number, only)| (*number, only.map(rule).into_iter().collect()));
    let filter = SeccompFilter::new(
        rules.collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EOPNOTSUPP as u32),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let filter: BpfProgram = filter.unwrap().try_into().unwrap();
    // The second stage has the first one's filters, and may not be able to add more.
    let _ = seccompiler::apply_filter(&filter);
}

/// 200 secrets in the environment of the host, under names of every kind.
fn plant_canaries() {
    for number in 0..200 {
        let name = match number % 4 {
            0 => format!("CANARY_{number}_TOKEN"),
            1 => format!("HARMLESS_LOOKING_{number}"),
            2 => format!("LD_CANARY_{number}"),
            _ => format!("lower_case_{number}"),
        };
        #[expect(unsafe_code, reason = "the canaries have to be in the real environment")]
        // SAFETY: no other thread runs yet.
        unsafe {
            std::env::set_var(name, format!("canary-{number}-bird"));
        }
    }
}

fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Runtime::new().unwrap())
}

struct RealClock;

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "a test of real programs needs the real time")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_micros(since.as_micros() as u64)
    }

    fn wait_until(&self, deadline: Timestamp) -> BoxFuture<'static, ()> {
        let left = deadline.since(self.now());
        Box::pin(tokio::time::sleep(left))
    }
}

#[derive(Default)]
struct Stage {
    staged: Mutex<Vec<StagedFile>>,
    absorbed: Mutex<Vec<StagedFile>>,
}

impl Views for Stage {
    fn staged(&self, _: &CallContext, _: &str) -> Result<Vec<StagedFile>, Error> {
        Ok(self.staged.lock().unwrap().clone())
    }

    fn absorb(
        &self,
        _: &CallContext,
        _: &str,
        changes: Vec<StagedFile>,
    ) -> Result<Absorbed, Error> {
        let changed = changes.iter().map(|change| change.path.clone()).collect();
        self.absorbed.lock().unwrap().extend(changes);
        Ok(Absorbed { changed, discarded: 0 })
    }
}

/// Output as it came.
type Shown = (Stream, Vec<u8>);

/// A host with one granted folder, and what one program may do on it.
struct Bench {
    folder: tempfile::TempDir,
    stage: Arc<Stage>,
    shown: Arc<Mutex<Vec<Shown>>>,
    told: Mutex<Option<mpsc::Sender<()>>>,
    grant: ProgramGrant,
    read: Vec<&'static str>,
    write: Vec<&'static str>,
    write_bytes_max: Option<u64>,
    has_folder: bool,
    secrets: Secrets,
    cancellation: Cancellation,
    tools: Toolchain,
    /// What the kernel is made to lack.
    lacking: &'static str,
    process: OnceLock<Process>,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("repo/src")).unwrap();
        fs::write(folder.path().join("repo/src/a"), "a").unwrap();
        fs::write(folder.path().join("repo/README"), "read me").unwrap();
        Self {
            folder,
            stage: Arc::default(),
            shown: Arc::default(),
            told: Mutex::default(),
            grant: ProgramGrant {
                run: vec![],
                network: false,
                time_max: Some(Duration::from_secs(60)),
                output_bytes_max: None,
                memory_bytes_max: None,
                processes_max: None,
                cpus_max: None,
                demand: vec![],
                secrets: BTreeMap::new(),
            },
            read: vec!["**"],
            write: vec!["src/**"],
            write_bytes_max: None,
            has_folder: true,
            secrets: Secrets::default(),
            cancellation: Cancellation::default(),
            tools: Toolchain::system(),
            lacking: "",
            process: OnceLock::new(),
        }
    }

    /// The run has this secret, and the program gets it as `TOKEN`.
    fn with_secret(mut self, value: &str) -> Self {
        let values = BTreeMap::from([("token".to_owned(), Secret::new(value).unwrap())]);
        self.secrets = Secrets::new(values, BTreeSet::new());
        self.grant.secrets.insert("TOKEN".to_owned(), "token".to_owned());
        self
    }

    fn staged(self, path: &str, content: Option<&str>) -> Self {
        let content = content.map(|it| it.as_bytes().to_vec());
        let file = StagedFile { path: path.to_owned(), content, executable: false };
        self.stage.staged.lock().unwrap().push(file);
        self
    }

    fn repo(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    /// A number of seconds that no other test sleeps.
    fn mark() -> String {
        static MARKS: AtomicU64 = AtomicU64::new(0);
        format!("{}.{}", std::process::id(), MARKS.fetch_add(1, Ordering::Relaxed))
    }

    fn process(&self) -> &Process {
        self.process.get_or_init(|| {
            let arguments = match self.lacking {
                "" => vec![LAUNCH.to_owned()],
                lacking => vec![LAUNCH_WITHOUT.to_owned(), lacking.to_owned()],
            };
            let launcher = Launcher { program: std::env::current_exe().unwrap(), arguments };
            let mut options = ProcessOptions::new(
                launcher,
                self.tools.clone(),
                self.folder.path().join("private"),
                Arc::clone(&self.stage) as Arc<dyn Views>,
                Arc::new(RealClock),
            );
            let (shown, told) = (Arc::clone(&self.shown), self.told.lock().unwrap().take());
            options.output = Arc::new(move |_, stream, bytes| {
                shown.lock().unwrap().push((stream, bytes.to_vec()));
                if let Some(told) = &told {
                    let _ = told.send(());
                }
            });
            Process::new(options)
        })
    }

    fn context(&self, program: &str) -> CallContext {
        let folder = FolderGrant {
            root: "repo".into(),
            read: Globs::new(self.read.iter().copied()).unwrap(),
            write: Globs::new(self.write.iter().copied()).unwrap(),
            write_bytes_max: self.write_bytes_max,
        };
        let run =
            if self.grant.run.is_empty() { vec![program.into()] } else { self.grant.run.clone() };
        let layer = GrantLayer {
            source: "test".into(),
            workspace: Some(if self.has_folder { vec![folder] } else { vec![] }),
            process: Some(vec![ProgramGrant { run, ..self.grant.clone() }]),
            ..GrantLayer::default()
        };
        let folders = BTreeMap::from([("repo".to_owned(), self.repo().display().to_string())]);
        CallContext {
            secrets: self.secrets.clone(),
            cancellation: self.cancellation.clone(),
            ..asking(Grants { folders: Arc::new(folders), layers: vec![Arc::new(layer)] })
        }
    }

    fn run(&self, call: RunProgram) -> Result<Finished, Error> {
        let context = self.context(&call.program);
        runtime().block_on(self.process().run(&context, call))
    }

    fn sh(&self, script: &str) -> Result<Finished, Error> {
        self.run(command("sh", &["-c", script]))
    }

    /// What a script writes to its standard output.
    fn told_by(&self, script: &str) -> String {
        text(&self.sh(script).unwrap().stdout)
    }

    fn absorbed(&self) -> Vec<(String, Option<String>)> {
        let absorbed = self.stage.absorbed.lock().unwrap();
        absorbed.iter().map(|it| (it.path.clone(), it.content.as_deref().map(text))).collect()
    }
}

fn command(program: &str, arguments: &[&str]) -> RunProgram {
    RunProgram {
        program: program.to_owned(),
        arguments: arguments.iter().map(|&it| it.to_owned()).collect(),
        folder: None,
        directory: None,
        environment: vec![],
        stdin: Default::default(),
        time_max: None,
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn a_program_tells_its_output_and_exit_code() {
    let finished = Bench::new().sh("echo out; echo err >&2; exit 3").unwrap();
    assert_eq!((text(&finished.stdout), text(&finished.stderr)), ("out\n".into(), "err\n".into()));
    assert_eq!((finished.exit_code, finished.signal), (Some(3), None));
    assert!(finished.confinement.iter().any(|it| it.starts_with("view:")), "{finished:?}");
    println!("confinement here: {}", finished.confinement.join(", "));
}

fn a_signal_is_told() {
    let finished = Bench::new().sh("kill -TERM $$").unwrap();
    assert_eq!((finished.exit_code, finished.signal), (None, Some(15)));
}

fn standard_input_is_fed() {
    let mut call = command("cat", &[]);
    call.stdin = vec![b'x'; 3 << 20].into();
    let mut bench = Bench::new();
    bench.grant.output_bytes_max = Some(4 << 20);
    let finished = bench.run(call).unwrap();
    assert_eq!(finished.stdout.len(), 3 << 20);
    assert!(finished.stdout.iter().all(|it| *it == b'x'));
}

fn no_canary_of_the_host_reaches_a_program() {
    let bench = Bench::new();
    // The second part looks into every process that the program can see.
    let told = bench.told_by("env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null; true");
    assert!(told.contains("LANG=C.UTF-8"), "{told}");
    assert!(!told.contains("canary") && !told.contains("CANARY"), "{told}");
    assert_eq!(told.lines().filter(|line| line.starts_with("PATH=")).count(), 1);
}

fn a_program_has_three_open_files() {
    let leak = fs::File::open("/dev/null").unwrap();
    // One that a careless library would leave open for every child.
    let kept = rustix_dup(&leak);
    // By the shell itself: a program that lists them would have the list open.
    let script = "n=0; while [ $n -lt 256 ]; do [ -e /proc/$$/fd/$n ] && echo $n; n=$((n+1)); done";
    let told = Bench::new().told_by(script);
    drop(kept);
    assert_eq!(told, "0\n1\n2\n");
}

/// A descriptor without close-on-exec.
fn rustix_dup(file: &fs::File) -> OwnedFd {
    rustix::io::dup(file).unwrap()
}

fn a_secret_reaches_its_program() {
    let mut bench = Bench::new().with_secret("hush-hush");
    let script = "test \"$TOKEN\" = hush-\"\"hush && echo good; echo \"<$TOKEN>\"; printf hush- >&2; \
                  printf \"hush %s\" \"$TOKEN\" >&2; printf '%s' \"$TOKEN\" | base64";
    let finished = bench.sh(script).unwrap();
    assert_eq!(text(&finished.stderr), "*** ***");
    let told = text(&finished.stdout);
    assert!(told.starts_with("good\n<***>\n***"), "{told}");
    for (_, shown) in bench.shown.lock().unwrap().iter() {
        assert!(!text(shown).contains("hush-hush"), "{}", text(shown));
    }
    // Of a tail that is cut nothing is left of what stood across the cut.
    bench.grant.output_bytes_max = Some(4);
    let finished = bench.sh("printf '%s' \"$TOKEN\"ab").unwrap();
    assert_eq!(text(&finished.stdout), "**ab");
    // Without a grant it is not there; and what another program of the run tells is scrubbed all the same.
    bench.grant.output_bytes_max = None;
    bench.grant.secrets.clear();
    assert_eq!(bench.told_by("echo \"<$TOKEN>\" hush-hush"), "<> ***\n");
}

fn a_program_computes_on_few_processors() {
    let mut bench = Bench::new();
    bench.grant.cpus_max = Some(1);
    let finished = bench.sh("nproc; taskset -p 3 $$ >/dev/null 2>&1 || echo kept").unwrap();
    assert_eq!(text(&finished.stdout), "1\nkept\n");
    assert!(finished.confinement.iter().any(|it| it == "cpus:affinity"));
    // More than there are is all that there are.
    bench.grant.cpus_max = Some(1_000_000);
    assert_eq!(
        bench.told_by("nproc"),
        format!("{}\n", std::thread::available_parallelism().unwrap())
    );
}

fn a_file_with_a_secret_is_not_staged() {
    for script in [
        "echo token=$TOKEN > src/config",
        "echo x > src/$TOKEN",
        "printf '%s' $TOKEN | base64 > src/b",
    ] {
        let bench = Bench::new().with_secret("hush-hush");
        let error = bench.sh(script).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied, "{script}: {error}");
        assert!(error.message.contains("wrote the secret `token`"), "{script}: {error}");
        assert!(!error.message.contains("hush"), "{script}: {error}");
        assert!(bench.stage.absorbed.lock().unwrap().is_empty(), "{script}");
    }
    // Outside the grant nothing is kept anyway.
    let bench = Bench::new().with_secret("hush-hush");
    assert_eq!(bench.sh("echo $TOKEN > here; echo $TOKEN > $HOME/.netrc").unwrap().discarded, 1);
}

fn variables_arrive() {
    let bench = Bench::new();
    let mut call =
        command("sh", &["-c", "echo $CI $HOME $TMPDIR; touch $HOME/x $TMPDIR/y && echo ok"]);
    call.environment = vec![("CI".into(), "yes".into())];
    let told = text(&bench.run(call).unwrap().stdout);
    assert!(told.starts_with("yes ") && told.ends_with("ok\n"), "{told}");
    let mut call = command("sh", &["-c", "true"]);
    call.environment = vec![("LD_PRELOAD".into(), "evil.so".into())];
    assert_eq!(bench.run(call).unwrap_err().kind, ErrorKind::Denied);
}

const CONNECT: &str =
    "import socket,sys\nsocket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)";

fn the_network_is_cut_without_a_grant() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let finished = Bench::new().run(command("python3", &["-c", CONNECT, &port])).unwrap();
    assert_eq!(finished.exit_code, Some(1), "{}", text(&finished.stderr));
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err());
}

fn the_network_is_there_with_a_grant() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut bench = Bench::new();
    bench.grant.network = true;
    let finished = bench.run(command("python3", &["-c", CONNECT, &port])).unwrap();
    assert_eq!(finished.exit_code, Some(0), "{}", text(&finished.stderr));
    assert!(listener.accept().is_ok());
    assert!(!finished.confinement.iter().any(|it| it == "network-namespace"));
}

fn a_program_can_talk_to_itself() {
    let script = "import socket\ns=socket.create_server(('127.0.0.1',0))\n\
                  c=socket.create_connection(s.getsockname(),5)\nprint('connected')";
    let finished = Bench::new().run(command("python3", &["-c", script])).unwrap();
    if finished.confinement.iter().any(|it| it == "network-namespace") {
        assert_eq!(text(&finished.stdout), "connected\n", "{}", text(&finished.stderr));
    }
}

fn changes_are_staged() {
    let bench = Bench::new();
    let finished = bench
        .sh("echo A > src/a; mkdir -p src/deep && echo n > src/deep/new; chmod +x src/deep/new; \
             echo x > README; echo y > other; ln -s a src/link; mkfifo src/pipe")
        .unwrap();
    assert_eq!(finished.exit_code, Some(0), "{}", text(&finished.stderr));
    let expected = [("src/a", "A\n"), ("src/deep/new", "n\n")];
    let expected: Vec<_> =
        expected.iter().map(|(path, it)| ((*path).to_owned(), Some((*it).to_owned()))).collect();
    assert_eq!(bench.absorbed(), expected);
    assert!(bench.stage.absorbed.lock().unwrap()[1].executable);
    assert_eq!(finished.changed, ["src/a", "src/deep/new"]);
    assert_eq!(finished.discarded, 4);
    // The folder itself is as it was.
    assert_eq!(fs::read_to_string(bench.repo().join("src/a")).unwrap(), "a");
    assert_eq!(fs::read_to_string(bench.repo().join("README")).unwrap(), "read me");
    assert!(!bench.repo().join("other").exists());
}

fn a_program_sees_what_is_staged() {
    let bench = Bench::new()
        .staged("src/a", Some("staged"))
        .staged("src/b", Some("new"))
        .staged("README", None);
    let told = bench.told_by("cat src/a src/b; ls");
    assert_eq!(told, "stagednewsrc\n");
    assert_eq!(bench.absorbed(), []);
    bench.sh("rm src/b; echo back > src/a").unwrap();
    let expected = [("src/a".to_owned(), Some("back\n".to_owned())), ("src/b".to_owned(), None)];
    assert_eq!(bench.absorbed(), expected);
}

fn removals_and_replacements_are_found() {
    let mut bench = Bench::new();
    bench.write = vec!["**"];
    fs::create_dir_all(bench.repo().join("old/deep")).unwrap();
    fs::write(bench.repo().join("old/deep/x"), "x").unwrap();
    fs::write(bench.repo().join("old/y"), "y").unwrap();
    fs::write(bench.repo().join("gone"), "g").unwrap();
    let finished = bench
        .sh("rm -r old; mkdir old; echo z > old/z; rm gone; mkdir gone; echo i > gone/i; mv src moved")
        .unwrap();
    assert_eq!(finished.exit_code, Some(0), "{}", text(&finished.stderr));
    let mut absorbed = bench.absorbed();
    absorbed.sort();
    let expected = [
        ("gone", None),
        ("gone/i", Some("i\n")),
        ("moved/a", Some("a")),
        ("old/deep/x", None),
        ("old/y", None),
        ("old/z", Some("z\n")),
        ("src/a", None),
    ];
    let expected = expected.map(|(path, it)| (path.to_owned(), it.map(str::to_owned)));
    assert_eq!(absorbed, expected);
}

fn a_touched_file_is_no_change() {
    let bench = Bench::new();
    bench.sh("touch src/a; chmod 640 src/a; cat src/a > x; cat x > src/a; rm x").unwrap();
    assert_eq!(bench.absorbed(), []);
}

/// A folder of which only some may be read, on a kernel that lacks something.
fn partly_readable(what: &'static str) -> Bench {
    let mut bench = lacking(what);
    bench.read = vec!["src/**", "**/*.txt"];
    bench.write = vec!["src/**", "out/**", "keys/mine"];
    for folder in ["keys/deep", "out", "src/deep"] {
        fs::create_dir_all(bench.repo().join(folder)).unwrap();
    }
    for path in
        ["secret", ".env", "keys/key", "keys/deep/key", "out/old", "out/taken", "keys/public.txt"]
    {
        fs::write(bench.repo().join(path), format!("hush {path}")).unwrap();
    }
    std::os::unix::fs::symlink("../secret", bench.repo().join("src/link")).unwrap();
    std::os::unix::fs::symlink("../keys", bench.repo().join("src/keys")).unwrap();
    bench
}

fn what_may_not_be_read_is_absent() {
    for what in ["", "overlay", "mounts", "namespaces"] {
        let bench = partly_readable(what);
        // Each in the usual way, through a link, and through what the kernel shows of this process and
        // of its mounts.
        let script = "for f in secret .env keys/key keys/deep/key out/old src/link src/keys/key; do \
                        cat $f; cat /proc/self/cwd/$f; cat /proc/$$/root/$PWD/$f; [ -e $f ] && echo $f; \
                      done 2>/dev/null; \
                      ln secret src/x; mv secret src/y; cp -r . src/all; \
                      for d in $(cut -d' ' -f5 /proc/self/mountinfo) \
                        $(tr ,: '\\n' < /proc/self/mountinfo | sed -n 's/.*dir=//p'); do \
                        find $d -maxdepth 3 -name secret; done 2>/dev/null; \
                      cat src/a keys/public.txt; ls -A . keys out";
        let told = bench.told_by(script);
        let expected =
            "ahush keys/public.txt.:\nkeys\nout\nsrc\n\nkeys:\ndeep\npublic.txt\n\nout:\n";
        assert_eq!(told, expected, "{what}");
        let absorbed = bench.absorbed();
        assert!(
            absorbed.iter().all(|(_, it)| it.as_deref() != Some("hush secret")),
            "{absorbed:?}"
        );
        assert!(absorbed.iter().all(|(path, _)| path.starts_with("src/all/")), "{absorbed:?}");
    }
}

fn what_is_absent_can_be_made() {
    for what in ["", "overlay", "namespaces"] {
        let bench = partly_readable(what);
        let finished = bench
            .sh("rm -rf keys out; mkdir keys out; echo n > keys/mine; echo n > out/new; \
                 printf 'hush out/old' > out/old; echo x > secret; rm secret; echo x > .env; \
                 mkdir out/taken")
            .unwrap();
        assert_eq!(finished.exit_code, Some(0), "{}", text(&finished.stderr));
        let mut absorbed = bench.absorbed();
        absorbed.sort();
        // An empty folder is no change, also where it would take the place of a file.
        // That `out/old` is as it was is not for the program to know.
        let expected = [("keys/mine", "n\n"), ("out/new", "n\n"), ("out/old", "hush out/old")];
        let expected = expected.map(|(path, it)| (path.to_owned(), Some(it.to_owned())));
        assert_eq!(absorbed, expected, "{what}");
        // `.env` written, `keys/public.txt` removed: neither may be. Nothing else was removed, for
        // nothing else was there.
        assert_eq!(finished.discarded, 2, "{what}");
        assert_eq!(fs::read_to_string(bench.repo().join("keys/key")).unwrap(), "hush keys/key");
    }
}

fn staged_files_can_be_absent() {
    for what in ["", "overlay"] {
        let bench = partly_readable(what)
            .staged("out/written", Some("hush"))
            .staged("out/told.txt", Some("told"))
            .staged("secret", None);
        assert_eq!(
            bench.told_by("cat out/told.txt; ls -A out; cat secret 2>&1"),
            "toldtold.txt\ncat: secret: No such file or directory\n",
            "{what}"
        );
        assert_eq!(bench.absorbed(), [], "{what}");
    }
}

/// The outer one hides what the inner one shows.
fn folders_have_their_own_globs() {
    for what in ["", "overlay"] {
        let bench = partly_readable(what);
        let mut context = bench.context("sh");
        let mut grants = Grants::clone(&context.grants);
        let inner = bench.repo().join("keys/deep").display().to_string();
        Arc::make_mut(&mut grants.folders).insert("inner".into(), inner);
        let layer = Arc::make_mut(&mut grants.layers[0]);
        layer.workspace.as_mut().unwrap().push(FolderGrant {
            root: "inner".into(),
            read: Globs::new(["key"]).unwrap(),
            write: Globs::none(),
            write_bytes_max: None,
        });
        context.grants = Arc::new(grants);
        let mut call = command("sh", &["-c", "cat key; ls -A ..; cat ../key ../../secret"]);
        call.folder = Some("inner".into());
        let finished = runtime().block_on(bench.process().run(&context, call)).unwrap();
        let told = text(&finished.stdout);
        assert!(told.starts_with("hush keys/deep/key"), "{what}: {told}");
        assert!(!told.contains("hush keys/key") && !told.contains("hush secret"), "{what}: {told}");
    }
}

fn nothing_outside_can_be_written() {
    let bench = Bench::new();
    let outside = bench.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let file = outside.join("file");
    let script = format!(
        "echo x > {0}; echo x > /usr/x; echo x > /etc/x; echo x > /x; mkdir -p {0}; true",
        file.display()
    );
    bench.sh(&script).unwrap();
    assert!(!file.exists());
    assert!(["/usr/x", "/etc/x", "/x"].iter().all(|path| !Path::new(path).exists()));
}

fn secrets_can_not_be_read() {
    let bench = Bench::new();
    let secret = bench.folder.path().join("secret");
    fs::write(&secret, "hush").unwrap();
    let told = bench.told_by(&format!(
        "cat {} /etc/shadow 2>/dev/null; ls /root /home /run /var 2>/dev/null; echo done",
        secret.display()
    ));
    assert_eq!(told, "done\n");
}

fn a_link_out_of_the_view_leads_nowhere() {
    let bench = Bench::new();
    let secret = bench.folder.path().join("secret");
    fs::write(&secret, "hush").unwrap();
    std::os::unix::fs::symlink(&secret, bench.repo().join("src/link")).unwrap();
    let told = bench.told_by("cat src/link 2>/dev/null; echo x > src/link; echo done");
    assert!(told.ends_with("done\n") && !told.contains("hush"), "{told}");
    assert_eq!(fs::read_to_string(&secret).unwrap(), "hush");
}

fn dangerous_system_calls_are_refused() {
    // mount, ptrace, unshare, keyctl, bpf, io_uring_setup on x86-64.
    let script = "import ctypes,sys\nlibc=ctypes.CDLL(None,use_errno=True)\n\
                  for n in map(int,sys.argv[1:]):\n print(n,libc.syscall(n,0,0,0,0,0),ctypes.get_errno())\n\
                  print(open('/proc/self/status').read())";
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    let numbers = ["165", "101", "272", "250", "321", "425"];
    let arguments: Vec<&str> = ["-c", script].into_iter().chain(numbers).collect();
    let finished = Bench::new().run(command("python3", &arguments)).unwrap();
    let told = text(&finished.stdout);
    for number in numbers {
        assert!(told.contains(&format!("{number} -1 1\n")), "{told} {}", text(&finished.stderr));
    }
    assert!(told.contains("CapEff:\t0000000000000000"), "{told}");
    assert!(told.contains("CapBnd:\t0000000000000000"), "{told}");
    assert!(told.contains("NoNewPrivs:\t1"), "{told}");
}

fn the_time_limit_ends_grandchildren_too() {
    let mut bench = Bench::new();
    bench.grant.time_max = Some(Duration::from_millis(300));
    let mark = Bench::mark();
    let script = format!("(setsid sh -c 'sleep {mark}' &); sleep {mark}");
    let mut call = command("sh", &["-c", &script]);
    call.time_max = Some(Duration::from_secs(1000));
    let error = bench.run(call).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.message.contains("0.3 s"), "{}", error.message);
    assert_eq!(bench.absorbed(), []);
    assert_eq!(processes_with(&mark), 0);
}

fn processes_with(mark: &str) -> usize {
    processes(mark).len()
}

fn background_ends() {
    let bench = Bench::new();
    let mark = Bench::mark();
    let script = format!("(setsid sleep {mark} &); (sleep {mark} >&- 2>&- <&- &); echo started");
    let finished = bench.sh(&script).unwrap();
    assert_eq!(text(&finished.stdout), "started\n");
    assert_eq!(processes_with(&mark), 0);
}

fn cancelling_ends_the_program() {
    let bench = Bench::new();
    let (told, heard) = mpsc::channel();
    *bench.told.lock().unwrap() = Some(told);
    let cancellation = bench.cancellation.clone();
    let canceller = std::thread::spawn(move || {
        heard.recv().unwrap();
        cancellation.cancel();
    });
    let error = bench.sh("echo running; trap '' TERM INT; sleep 1000").unwrap_err();
    canceller.join().unwrap();
    assert_eq!(error.kind, ErrorKind::Cancelled);
}

fn output_is_bounded_and_shown_live() {
    let mut bench = Bench::new();
    bench.grant.output_bytes_max = Some(1000);
    let finished = bench.sh("yes | head -c 100000; echo end; echo e >&2").unwrap();
    assert_eq!(finished.stdout.len(), 1000);
    assert!(finished.stdout.ends_with(b"y\nend\n"));
    assert_eq!(finished.dropped, 100_004 - 1000);
    let shown = bench.shown.lock().unwrap();
    let of = |stream| shown.iter().filter(|it| it.0 == stream).map(|it| it.1.len()).sum::<usize>();
    assert_eq!((of(Stream::Stdout), of(Stream::Stderr)), (100_004, 2));
}

fn what_is_missing_is_said() {
    let bench = Bench::new();
    let error = bench.run(command("no-such-program", &[])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    let mut call = command("sh", &["-c", "true"]);
    call.directory = Some("no-such-directory".into());
    assert_eq!(bench.run(call).unwrap_err().kind, ErrorKind::NotFound);
}

/// Found in the search path, but its interpreter is nowhere.
fn a_program_that_can_not_start() {
    let mut bench = Bench::new();
    let folder = bench.folder.path().join("bin");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("broken"), "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(folder.join("broken"), fs::Permissions::from_mode(0o755)).unwrap();
    bench.tools.search_path.push(folder);
    let error = bench.run(command("broken", &[])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("broken can't be started"), "{error}");
}

fn what_is_not_granted_is_denied() {
    let mut bench = Bench::new();
    bench.grant.run = vec!["cat".into()];
    assert_eq!(bench.sh("true").unwrap_err().kind, ErrorKind::Denied);
    let mut call = command("cat", &[]);
    call.folder = Some("other".into());
    assert_eq!(bench.run(call).unwrap_err().kind, ErrorKind::Denied);
    let mut call = command("cat", &[]);
    call.directory = Some("../outside".into());
    assert_eq!(bench.run(call).unwrap_err().kind, ErrorKind::Denied);
}

fn an_unmet_demand_is_denied() {
    let mut bench = Bench::new();
    bench.grant.demand = vec!["view".into(), "unheard-of".into()];
    let error = bench.sh("true").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.message.contains("`unheard-of`") && !error.message.contains("`view`"), "{error}");
}

fn without_a_folder() {
    let mut bench = Bench::new();
    bench.has_folder = false;
    let told = bench.told_by("pwd; echo x > y && cat y; ls /");
    assert!(told.contains("/work\nx\n"), "{told}");
    assert!(!bench.told_by("ls").contains('y'));
}

fn a_directory_is_entered() {
    let bench = Bench::new();
    let mut call = command("cat", &["a"]);
    call.directory = Some("src".into());
    assert_eq!(text(&bench.run(call).unwrap().stdout), "a");
}

fn private_folders_are_gone() {
    let bench = Bench::new();
    bench
        .sh("mkdir -p $TMPDIR/locked/in && chmod 0 $TMPDIR/locked; mkdir src/l; chmod 0 src/l")
        .unwrap();
    let private = bench.folder.path().join("private");
    assert_eq!(private.read_dir().unwrap().count(), 0);
    fs::create_dir_all(private.join("left/over")).unwrap();
    bench.process().sweep().unwrap();
    assert_eq!(private.read_dir().unwrap().count(), 0);
}

fn too_many_changed_bytes_are_a_limit() {
    let mut bench = Bench::new();
    bench.write_bytes_max = Some(100);
    let error = bench.sh("head -c 1000 /dev/zero > src/a").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
    assert_eq!(bench.absorbed(), []);
}

fn thousands_of_discarded_files() {
    let script =
        "import os\nos.mkdir('target')\nfor i in range(5000): open(f'target/{i}','w').write('x')";
    let finished = Bench::new().run(command("python3", &["-c", script])).unwrap();
    assert_eq!(finished.discarded, 5000, "{}", text(&finished.stderr));
    assert_eq!(finished.changed, Vec::<String>::new());
}

fn an_older_owner_is_refused() {
    let bench = Bench::new();
    bench.sh("true").unwrap();
    let mut context = bench.context("sh");
    context.fencing_token = 0;
    let error = runtime().block_on(bench.process().run(&context, command("sh", &["-c", "true"])));
    assert_eq!(error.unwrap_err().kind, ErrorKind::Conflict);
}

/// The line to the launcher breaks without a word, as when the host is killed.
fn a_host_that_is_gone() {
    for what in ["", "namespaces"] {
        let bench = lacking(what);
        let (told, heard) = mpsc::channel();
        *bench.told.lock().unwrap() = Some(told);
        let mark = Bench::mark();
        let script = format!("(setsid sh -c 'echo up; sleep {mark}' &); sleep {mark}");
        let context = bench.context("sh");
        let run = bench.process().run(&context, command("sh", &["-c", &script]));
        let mut run = Box::pin(run);
        let watched = runtime().block_on(async {
            tokio::select! {
                ended = &mut run => panic!("{ended:?}"),
                heard = tokio::task::spawn_blocking(move || heard.recv()) => heard.unwrap().unwrap(),
            }
            processes(&mark)
        });
        assert!(watched.len() >= 2);
        drop(run);
        for process in watched {
            let mut ended = [PollFd::new(&process, PollFlags::IN)];
            let long = Timespec { tv_sec: 20, tv_nsec: 0 };
            assert_eq!(poll(&mut ended, Some(&long)), Ok(1), "{what}");
        }
    }
}

/// Processes of the machine with `mark` in their command line.
fn processes(mark: &str) -> Vec<OwnedFd> {
    let ids = fs::read_dir("/proc").unwrap().flatten().filter(|process| {
        fs::read(process.path().join("cmdline")).is_ok_and(|it| text(&it).contains(mark))
    });
    let ids = ids.filter_map(|process| process.file_name().to_str()?.parse().ok());
    ids.filter_map(Pid::from_raw)
        .filter_map(|id| rustix::process::pidfd_open(id, PidfdFlags::empty()).ok())
        .collect()
}

fn a_program_can_not_reach_its_keeper() {
    for what in ["", "landlock"] {
        let told = lacking(what)
            .told_by("cat /proc/1/environ /proc/1/maps; readlink /proc/1/fd/* /proc/1/exe; echo x > /proc/1/mem");
        assert_eq!(told, "", "{what}");
    }
}

/// The real thing, where the machine has it.
fn cargo_tests_a_crate_offline() {
    let mut bench = Bench::new();
    let Some(home) = std::env::home_dir() else { return };
    bench.tools = Toolchain::found(&home);
    if !home.join(".cargo/bin/cargo").exists() {
        return;
    }
    let manifest = "[package]\nname = \"tiny\"\nedition = \"2021\"\n[workspace]\n";
    fs::write(bench.repo().join("Cargo.toml"), manifest).unwrap();
    fs::write(bench.repo().join("src/lib.rs"), "#[test]\nfn passes() {}\n").unwrap();
    let finished = bench.run(command("cargo", &["test"])).unwrap();
    assert_eq!(finished.exit_code, Some(0), "{}", text(&finished.stderr));
    assert!(text(&finished.stdout).contains("test passes ... ok"));
    assert!(!bench.repo().join("target").exists());
    assert_eq!(finished.changed, Vec::<String>::new());
}

fn lacking(what: &'static str) -> Bench {
    Bench { lacking: what, ..Bench::new() }
}

/// Everything that must hold however little the kernel has.
fn holds_out(what: &'static str, active: &[&str], inactive: &[&str]) {
    let mut bench = lacking(what);
    let secret = bench.folder.path().join("secret");
    fs::write(&secret, "hush").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!(
        "echo A > src/a; rm README; echo x > {0}; cat {0} /etc/shadow; echo x > /usr/x; \
         cat /proc/*/environ; python3 -c \"{CONNECT}\" {port} && echo connected; \
         touch $TMPDIR/t && echo private",
        secret.display()
    );
    let finished = bench.sh(&script).unwrap();
    let told = text(&finished.stdout);
    assert!(told.ends_with("private\n"), "{told} {}", text(&finished.stderr));
    for leak in ["hush", "root:", "canary", "connected"] {
        assert!(!told.contains(leak), "{leak}: {told}");
    }
    assert_eq!(bench.absorbed(), [("src/a".to_owned(), Some("A\n".to_owned()))]);
    assert_eq!(finished.discarded, 1);
    assert_eq!(fs::read_to_string(bench.repo().join("src/a")).unwrap(), "a");
    assert_eq!(fs::read_to_string(&secret).unwrap(), "hush");
    let has = |name: &&str| finished.confinement.iter().any(|it| it.starts_with(*name));
    assert!(active.iter().all(has) && !inactive.iter().any(has), "{:?}", finished.confinement);

    bench.process = OnceLock::new();
    bench.grant.time_max = Some(Duration::from_millis(300));
    let mark = Bench::mark();
    let error = bench.sh(&format!("(setsid sh -c 'sleep {mark}' &); sleep {mark}")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert_eq!(processes_with(&mark), 0);
}

fn a_kernel_without_overlay_gives_a_copy() {
    holds_out("overlay", &["mount-namespace", "network-namespace"], &["view:overlayfs"]);
    // What is known is not tried again, and staged files are in the copy.
    let bench = lacking("overlay").staged("src/b", Some("b"));
    assert_eq!(bench.told_by("cat src/b; pwd"), format!("b{}\n", bench.repo().display()));
    assert_eq!(bench.told_by("cat src/b"), "b");
    assert_eq!(bench.absorbed(), []);
}

fn a_kernel_without_mounts() {
    holds_out(
        "mounts",
        &["network-namespace", "landlock", "pid"],
        &["mount-namespace", "private-proc"],
    );
}

fn a_kernel_without_namespaces() {
    holds_out(
        "namespaces",
        &["landlock", "seccomp"],
        &["mount-namespace", "network", "pid", "user"],
    );
}

fn a_kernel_without_landlock() {
    holds_out("landlock", &["mount-namespace", "private-proc"], &["landlock"]);
}

fn where_nothing_confines_nothing_starts() {
    let error = lacking("namespaces,landlock").sh("true").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.message.contains("`landlock`"), "{error}");
    let error = lacking("namespaces,seccomp").sh("true").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.message.contains("`network-namespace`"), "{error}");
    // With the network granted there is nothing to cut.
    let mut bench = lacking("namespaces,seccomp");
    bench.grant.network = true;
    assert!(bench.sh("true").is_ok());
    let mut bench = lacking("seccomp");
    bench.grant.demand = vec!["seccomp".into()];
    assert_eq!(bench.sh("true").unwrap_err().bound.as_deref(), Some("demand: [seccomp]"));
}

/// Tries, as a process that shall only compute, all that it must not, and what it must.
fn compute(lacking: &str, file: &Path) {
    lacking.split(',').filter(|what| !what.is_empty()).for_each(take_away);
    let parent = rustix::process::getppid().unwrap();
    let confined = voyager_process::confine_self();
    let tried: [(&str, std::io::Result<()>); 11] = [
        ("open", fs::File::open("/etc/passwd").map(drop)),
        ("create", fs::write(file.with_extension("new"), "x")),
        ("truncate", fs::write(file, "x")),
        ("list", fs::read_dir("/").map(drop)),
        ("remove", fs::remove_file(file)),
        ("rights", fs::set_permissions(file, fs::Permissions::from_mode(0o777))),
        ("tcp", TcpListener::bind("127.0.0.1:0").map(drop)),
        ("unix", std::os::unix::net::UnixStream::pair().map(drop)),
        ("start", std::process::Command::new("/bin/true").spawn().map(drop)),
        ("signal", rustix::process::test_kill_process(parent).map_err(Into::into)),
        (
            "thread",
            std::thread::Builder::new().spawn(|| vec![1_u8; 32 << 20].len()).map(|it| {
                assert_eq!(it.join().unwrap(), 32 << 20);
            }),
        ),
    ];
    let mut asked = String::new();
    std::io::Read::read_to_string(&mut std::io::stdin(), &mut asked).unwrap();
    let could = tried.iter().filter(|(_, outcome)| outcome.is_ok()).map(|(name, _)| *name);
    println!("{asked} {} | {}", confined.active.join(" "), could.collect::<Vec<_>>().join(" "));
}

fn computing_is_shut_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "as it was").unwrap();
    let told = |lacking: &str| {
        let (asking, asked) = std::io::pipe().unwrap();
        std::io::Write::write_all(&mut { asked }, b"asked").unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let child = child.args([COMPUTE, lacking]).arg(&file).env_clear().stdin(asking);
        let output = child.output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert_eq!(told(""), "asked no-privileges landlock seccomp | thread\n");
    assert_eq!(told("landlock"), "asked no-privileges seccomp | thread\n");
    // No path is opened, nobody touched; what Landlock does not know is what the filter is for.
    assert_eq!(told("seccomp"), "asked no-privileges landlock | rights unix thread\n");
    assert_eq!(fs::read_to_string(&file).unwrap(), "as it was");
}

/// Most processes that a program can have at a time where its grant says 40.
const BOMB: &str = "import os,time\nn=1\ntry:\n while n<2000:\n  if os.fork()==0: time.sleep(1000)\n  n+=1\n\
                    except OSError: pass\nprint(n)";

fn a_fork_bomb_is_bounded() {
    let mut bench = Bench::new();
    bench.grant.processes_max = Some(40);
    let finished = bench.run(command("python3", &["-c", BOMB])).unwrap();
    let bounded = finished.confinement.iter().find(|it| it.starts_with("processes:"));
    let Some(bounded) = bounded else {
        // Root on a kernel before 6.14 without a control group.
        println!("not bounded here: {:?}", finished.confinement);
        return;
    };
    // A namespace gives out its first 300 numbers in addition.
    let most = if bounded == "processes:pid-namespace" { 340 } else { 40 };
    let number: u32 = text(&finished.stdout).trim().parse().unwrap();
    assert!((20..=most).contains(&number), "{number} {bounded}");

    bench.process = OnceLock::new();
    bench.grant.time_max = Some(Duration::from_millis(500));
    let mark = Bench::mark();
    // The first process waits without a fork of its own, which the bomb would not leave it.
    let script = format!("bomb() {{ bomb {mark} | bomb {mark} & }}; bomb & exec sleep {mark}");
    let error = bench.sh(&script).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert_eq!(processes_with(&mark), 0);
}

fn a_memory_hog_is_bounded() {
    let hog = "import sys\nkept=[]\nfor n in range(1000):\n kept.append(b'x'*(1<<20))\n print(n,flush=True)";
    for what in ["", "namespaces"] {
        let mut bench = lacking(what);
        bench.grant.memory_bytes_max = Some(128 << 20);
        let finished = bench.run(command("python3", &["-c", hog])).unwrap();
        let bounded = finished.confinement.iter().filter(|it| it.starts_with("memory:")).count();
        assert_eq!(bounded, 1, "{:?}", finished.confinement);
        let megabytes = text(&finished.stdout).lines().count();
        assert!((16..128).contains(&megabytes), "{what} {megabytes} {}", text(&finished.stderr));
        assert_ne!(finished.exit_code, Some(0), "{what}");
    }
}

fn a_control_group_is_gone() {
    for what in ["", "namespaces"] {
        // Before: a later run would remove what this one leaves.
        let finished = lacking(what).sh("true").unwrap();
        let has = finished.confinement.iter().any(|it| it == "cgroup");
        println!("control group here: {has}");
        let bench = lacking(what);
        let (told, heard) = mpsc::channel();
        *bench.told.lock().unwrap() = Some(told);
        let cancellation = bench.cancellation.clone();
        let mark = Bench::mark();
        let script = format!("(setsid sleep {mark} &); echo up; sleep {mark}");
        let group = std::thread::spawn(move || {
            heard.recv().unwrap();
            let group = group_of(&mark);
            cancellation.cancel();
            (group, mark)
        });
        assert_eq!(bench.sh(&script).unwrap_err().kind, ErrorKind::Cancelled);
        let (group, mark) = group.join().unwrap();
        assert_eq!(processes_with(&mark), 0);
        assert_eq!(has, group.is_some(), "{what}");
        if let Some(group) = group {
            // Wherever groups are mounted here.
            let script = "find /sys/fs/cgroup -type d -name \"$1\" 2>/dev/null";
            let found =
                std::process::Command::new("sh").args(["-c", script, "sh", &group]).output();
            assert_eq!(text(&found.unwrap().stdout), "", "{what}");
        }
    }
}

/// Name of the control group made for the process with `mark` in its command line.
fn group_of(mark: &str) -> Option<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|process| process.path());
    let mut marked = processes.filter(|process| {
        fs::read(process.join("cmdline")).is_ok_and(|it| text(&it).contains(mark))
    });
    let groups = fs::read_to_string(marked.next()?.join("cgroup")).unwrap();
    let group = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let (_, name) = group.rsplit_once('/')?;
    name.starts_with("voyager-").then(|| name.to_owned())
}
