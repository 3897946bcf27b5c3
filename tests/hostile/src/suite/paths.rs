//! Attacks by paths: out of the folder, out of the grant, onto what is no file.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use voyager_base::BoxFuture;

use super::{Case, FILES};
use crate::{Arena, Call, Ground, component};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = spellings();
    cases.extend(links());
    cases.extend(writes());
    cases.extend(races());
    cases
}

/// One thing done to one path.
fn on(
    method: &'static str,
    name: &'static str,
    tries: &'static str,
    bound: &'static str,
    outcome: &'static str,
    path: &str,
) -> Case {
    let with = format!("path: {}", serde_json::Value::from(path));
    Case::call(name, tries, bound, outcome, move || files(method)).grants(FILES).with(with)
}

/// A path as text alone.
fn spellings() -> Vec<Case> {
    const FORM: &str = "a path is checked before anything opens it";
    let long_name = format!("src/{}", "n".repeat(256));
    let long_path = format!("src/{}a", "a/".repeat(2_100));
    let read =
        |name, tries, bound, outcome, path: &str| on("read", name, tries, bound, outcome, path);
    vec![
        read("dots", "reads `../outside/secret.txt`", FORM, "denied", "../outside/secret.txt"),
        read(
            "dots-inside",
            "reads `src/../../outside/secret.txt`",
            FORM,
            "denied",
            "src/../../outside/secret.txt",
        ),
        read("dots-within", "reads `src/../secret.txt`", FORM, "denied", "src/../secret.txt"),
        read("dots-at-the-end", "reads `src/..`", FORM, "denied", "src/.."),
        read("absolute", "reads `/etc/passwd`", FORM, "denied", "/etc/passwd"),
        read("absolute-twice", "reads `//etc/passwd`", FORM, "denied", "//etc/passwd"),
        read("proc", "reads `/proc/self/environ`", FORM, "denied", "/proc/self/environ"),
        read(
            "ungranted",
            "reads `secret.txt`, which lies in the folder",
            "the grant's globs",
            "denied",
            "secret.txt",
        ),
        read("trailing-slash", "reads `src/lib.rs/`", FORM, "invalid", "src/lib.rs/"),
        read("doubled-slash", "reads `src//lib.rs`", FORM, "invalid", "src//lib.rs"),
        read("single-dot", "reads `src/./lib.rs`", FORM, "invalid", "src/./lib.rs"),
        read("empty-path", "reads the empty path", FORM, "denied", ""),
        read("backslash", r"reads `src\..\..\secret.txt`", FORM, "denied", r"src\..\..\secret.txt"),
        read("nul", "reads a path with a NUL", FORM, "invalid", "src/lib.rs\0.txt"),
        read("line-end-in-a-path", "reads a path with a line end", FORM, "invalid", "src/lib.rs\n"),
        read(
            "escape-in-a-path",
            "reads a path that colours a terminal",
            FORM,
            "invalid",
            "src/\u{1b}[31m",
        ),
        read(
            "long-name",
            "reads a name of 256 bytes",
            "255 bytes for a name",
            "invalid",
            &long_name,
        ),
        read(
            "long-path",
            "reads a path of 4,205 bytes",
            "4,096 bytes for a path",
            "invalid",
            &long_path,
        ),
        read(
            "fullwidth-dots",
            "reads `．．/outside/secret.txt`",
            "only `.` is a dot",
            "denied",
            "\u{ff0e}\u{ff0e}/outside/secret.txt",
        ),
        read(
            "one-dot-leader",
            "reads `src/‥/‥/secret.txt`",
            "only `.` is a dot",
            "not-found",
            "src/\u{2025}/\u{2025}/secret.txt",
        ),
        read(
            "division-slash",
            "reads `src∕..∕secret.txt`",
            "only `/` parts names",
            "denied",
            "src\u{2215}..\u{2215}secret.txt",
        ),
        read(
            "case-folded",
            "reads `SRC/LIB.RS`",
            "letters are compared as they are",
            "denied",
            "SRC/LIB.RS",
        ),
        read(
            "case-folded-name",
            "reads `src/LIB.RS`",
            "letters are compared as they are",
            "not-found",
            "src/LIB.RS",
        ),
        read(
            "ignorable-character",
            "reads `src/lib\u{200d}.rs`, with an invisible character",
            "letters are compared as they are",
            "not-found",
            "src/lib\u{200d}.rs",
        ),
        read(
            "decomposed",
            "reads `src/é.rs` in its other form",
            "letters are compared as they are",
            "not-found",
            "src/e\u{301}.rs",
        )
        .prepare(|ground| write(ground, "repo/src/\u{e9}.rs", "composed")),
        read(
            "file-as-a-folder",
            "reads `src/lib.rs/x`",
            "a file is no folder",
            "invalid",
            "src/lib.rs/x",
        ),
        read(
            "staging-folder",
            "reads where commits prepare their files",
            "no grant reaches it",
            "denied",
            ".voyager-x/y",
        )
        .grants("workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"**\"] } ]")
        .prepare(|ground| write(ground, "repo/.voyager-x/y", "prepared")),
    ]
}

/// What lies at a path.
fn links() -> Vec<Case> {
    const WAY: &str =
        "each step of the way is taken on a handle, and links are resolved inside the folder";
    let read = |name, tries, bound, outcome, path: &str, prepare| {
        on("read", name, tries, bound, outcome, path).prepare(prepare)
    };
    vec![
        read("link-out", "reads a link to a file outside", WAY, "denied", "src/link", |ground| {
            link("../../outside/secret.txt", ground, "repo/src/link");
        }),
        read(
            "link-out-absolute",
            "reads a link with an absolute target outside",
            WAY,
            "denied",
            "src/link",
            |ground| {
                link(&ground.path("outside/secret.txt"), ground, "repo/src/link");
            },
        ),
        read(
            "link-in-absolute",
            "reads a link with an absolute target inside",
            WAY,
            "denied",
            "src/link",
            |ground| {
                link(&ground.path("repo/src/lib.rs"), ground, "repo/src/link");
            },
        ),
        read(
            "folder-link-out",
            "reads through a link to a folder outside",
            WAY,
            "denied",
            "src/link/secret.txt",
            |ground| {
                link("../../outside", ground, "repo/src/link");
            },
        ),
        read(
            "link-to-proc",
            "reads through a link to `/proc/self`",
            WAY,
            "denied",
            "src/link/environ",
            |ground| {
                link("/proc/self", ground, "repo/src/link");
            },
        ),
        read(
            "link-to-a-device",
            "reads a link to `/dev/zero`",
            WAY,
            "denied",
            "src/link",
            |ground| {
                link("/dev/zero", ground, "repo/src/link");
            },
        ),
        read(
            "link-to-ungranted",
            "reads a link to a file that lies in the folder and is not granted",
            "the grant is asked again where a link leads",
            "denied",
            "src/link",
            |ground| {
                link("../secret.txt", ground, "repo/src/link");
            },
        ),
        read(
            "link-chain-out",
            "reads a chain of ten links that leads outside",
            WAY,
            "denied",
            "src/link0",
            |ground| {
                for at in 0..9 {
                    link(&format!("link{}", at + 1), ground, &format!("repo/src/link{at}"));
                }
                link("../../outside/secret.txt", ground, "repo/src/link9");
            },
        ),
        read(
            "link-loop",
            "reads a link to itself",
            "40 links on a path",
            "unavailable",
            "src/link",
            |ground| {
                link("link", ground, "repo/src/link");
            },
        ),
        read(
            "link-chain-long",
            "reads a chain of 50 links",
            "40 links on a path",
            "unavailable",
            "src/link0",
            |ground| {
                for at in 0..50 {
                    link(&format!("link{}", at + 1), ground, &format!("repo/src/link{at}"));
                }
                write(ground, "repo/src/link50", "the end");
            },
        ),
        read(
            "folder",
            "reads a folder",
            "only files have content",
            "invalid",
            "src/sub",
            |ground| {
                fs::create_dir(ground.at("repo/src/sub")).expect("it is new");
            },
        ),
        read(
            "pipe",
            "reads a named pipe that nobody writes",
            "only files have content; nothing is waited for",
            "invalid",
            "src/pipe",
            |ground| {
                pipe(ground, "repo/src/pipe");
            },
        ),
        read(
            "socket",
            "reads a socket",
            "only files have content",
            "invalid",
            "src/socket",
            |ground| {
                drop(std::os::unix::net::UnixListener::bind(ground.at("repo/src/socket")));
            },
        ),
        on(
            "list",
            "list-links-and-pipes",
            "lists a folder of links that lead outside and to each other, and of pipes",
            "a walk follows no link, and opens no pipe",
            "goes on",
            "",
        )
        .prepare(|ground| {
            link("../../outside", ground, "repo/src/link");
            link("..", ground, "repo/src/up");
            link("/", ground, "repo/src/root");
            pipe(ground, "repo/src/pipe");
        }),
    ]
}

/// Changes.
fn writes() -> Vec<Case> {
    const WAY: &str = "each step of the way is taken on a handle";
    let case = |method: &'static str, name, tries, bound, outcome, path: &str, prepare| {
        on(method, name, tries, bound, outcome, path).prepare(prepare)
    };
    let nothing: fn(&Ground) = |_| {};
    vec![
        case(
            "write",
            "write-dots",
            "writes `../outside/new`",
            "a path is checked before anything opens it",
            "denied",
            "../outside/new",
            nothing,
        ),
        case(
            "write",
            "write-ungranted",
            "writes `secret.txt`",
            "the grant's globs",
            "denied",
            "secret.txt",
            nothing,
        ),
        case(
            "write",
            "write-through-a-link",
            "writes a link to a file outside",
            WAY,
            "denied",
            "src/link",
            |ground| {
                link("../../outside/secret.txt", ground, "repo/src/link");
            },
        ),
        case(
            "write",
            "write-through-a-folder-link",
            "writes below a link to a folder outside",
            WAY,
            "denied",
            "src/link/new",
            |ground| {
                link("../../outside", ground, "repo/src/link");
            },
        ),
        case(
            "write",
            "write-through-a-link-to-ungranted",
            "writes a link to a file that lies in the folder and is not granted",
            "the grant is asked again where a link leads",
            "denied",
            "src/link",
            |ground| {
                link("../secret.txt", ground, "repo/src/link");
            },
        ),
        case(
            "write",
            "write-a-hard-link",
            "writes a file that has another name outside",
            "a commit puts a new file in the place of the old one",
            "goes on",
            "src/hard",
            |ground| {
                fs::hard_link(ground.at("outside/secret.txt"), ground.at("repo/src/hard"))
                    .expect("both lie on one disk");
            },
        ),
        case(
            "write",
            "write-a-pipe",
            "writes a named pipe",
            "only files are written",
            "invalid",
            "src/pipe",
            |ground| {
                pipe(ground, "repo/src/pipe");
            },
        ),
        case(
            "write",
            "write-a-folder",
            "writes `src`'s folder",
            "only files are written",
            "invalid",
            "src/sub",
            |ground| {
                fs::create_dir(ground.at("repo/src/sub")).expect("it is new");
            },
        ),
        case(
            "write",
            "write-below-a-file",
            "writes `src/lib.rs/new`",
            "a file is no folder",
            "invalid",
            "src/lib.rs/new",
            nothing,
        ),
        case(
            "write",
            "write-staging-folder",
            "writes where commits prepare their files",
            "no grant reaches it",
            "denied",
            ".voyager-x/y",
            nothing,
        )
        .grants("workspace: [ { root: inputs.repo, write: [\"**\"] } ]"),
        case(
            "write",
            "write-beyond-its-bytes",
            "writes more than its grant has room for",
            "`write-bytes` 2 B",
            "limit write-bytes-max: 2",
            "src/new",
            nothing,
        )
        .grants("workspace: [ { root: inputs.repo, write: [\"**\"], write-bytes: 2B } ]"),
        case(
            "remove",
            "remove-dots",
            "removes `../outside/secret.txt`",
            "a path is checked before anything opens it",
            "denied",
            "../outside/secret.txt",
            nothing,
        ),
        case(
            "remove",
            "remove-through-a-folder-link",
            "removes a file below a link to a folder outside",
            WAY,
            "denied",
            "src/link/secret.txt",
            |ground| {
                link("../../outside", ground, "repo/src/link");
            },
        ),
        case(
            "rename",
            "rename-out",
            "renames `src/lib.rs` to `../outside/new`",
            "a path is checked before anything opens it",
            "denied",
            "../outside/new",
            nothing,
        ),
        case(
            "rename",
            "rename-over",
            "renames `src/lib.rs` over another file",
            "nothing is overwritten by a rename",
            "conflict",
            "src/other.rs",
            |ground| {
                write(ground, "repo/src/other.rs", "other");
            },
        ),
        case(
            "rename",
            "rename-onto-a-link",
            "renames `src/lib.rs` over a link to a file outside",
            "nothing is overwritten by a rename",
            "conflict",
            "src/link",
            |ground| {
                link("../../outside/secret.txt", ground, "repo/src/link");
            },
        ),
        case(
            "rename",
            "rename-with-a-trailing-slash",
            "renames `src/lib.rs` to `src/link/`, a link to a folder outside",
            "a path is checked before anything opens it",
            "invalid",
            "src/link/",
            |ground| {
                link("../../outside", ground, "repo/src/link");
            },
        ),
        case(
            "unveil",
            "rename-to-read",
            "renames what it may not read to where it may",
            "a rename shows nothing",
            "denied",
            "",
            nothing,
        )
        .grants("workspace: [ { root: inputs.repo, read: [\"src/**\"], write: [\"**\"] } ]"),
    ]
}

fn races() -> Vec<Case> {
    const SWAPPED: &str = "each step of the way is taken on a handle that follows no link";
    vec![
        Case::scene(
            "swap-while-reading",
            "has somebody swap a folder for a link to one outside, over and over, and reads 2,000 times",
            SWAPPED,
            "never reads what lies outside",
            |arena| swapped(arena, "reader"),
        ),
        Case::scene(
            "swap-while-committing",
            "has somebody swap a folder for a link to one outside, over and over, and writes into it 30 times",
            SWAPPED,
            "never writes outside",
            |arena| swapped(arena, "writer"),
        ),
    ]
}

/// Plays one component again and again while somebody swaps a folder for a link to one outside.
fn swapped(arena: Arc<Arena>, who: &'static str) -> BoxFuture<'static, String> {
    Box::pin(async move {
        let ground = Arc::new(Ground::new());
        write(&ground, "repo/src/sub/secret.txt", "inside");
        link("../../outside", &ground, "repo/src/other");
        let swaps = Swaps::start(&ground);
        let (rounds, component): (u32, fn() -> Vec<u8>) =
            if who == "reader" { (4, || reader(500)) } else { (30, || files("write")) };
        let with = if who == "reader" { "" } else { "path: src/sub/new" };
        let call = Call {
            component: Box::new(component),
            grants: FILES.to_owned(),
            with: with.to_owned(),
            limits: "cpu: 1m, time: 5m".to_owned(),
            ..Call::default()
        };
        let mut seen = 0;
        for _ in 0..rounds {
            let ended = arena.call_in(&call, &ground).await;
            seen += u32::from(who == "reader" && ended != "gives 0");
        }
        drop(swaps);
        ground.check();
        match (who, seen) {
            ("reader", 0) => "never reads what lies outside".to_owned(),
            ("writer", _) => "never writes outside".to_owned(),
            _ => format!("{seen} rounds read what lies outside"),
        }
    })
}

/// Somebody who exchanges `src/sub` and `src/other` until it is dropped.
struct Swaps {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Swaps {
    fn start(ground: &Arc<Ground>) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let (stopped, ground) = (Arc::clone(&stop), Arc::clone(ground));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::SeqCst) {
                swap(&ground.at("repo/src/sub"), &ground.at("repo/src/other"));
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Swaps {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(self.thread.take().map(std::thread::JoinHandle::join));
    }
}

fn swap(one: &Path, other: &Path) {
    let flags = rustix::fs::RenameFlags::EXCHANGE;
    let (here, there) = (rustix::fs::CWD, rustix::fs::CWD);
    rustix::fs::renameat_with(here, one, there, other, flags).expect("both are there");
}

/// Reads `src/sub/secret.txt` so often, and counts the answers that begin as what lies outside.
fn reader(times: u32) -> Vec<u8> {
    super::number(
        "import voyager:workspace/files@0.1.0;",
        &format!(
            r#"(import "voyager:workspace/files@0.1.0" "roots" (func $roots (param i32)))
            (import "voyager:workspace/files@0.1.0" "[method]folder.read" (func $read (param i32 i32 i32 i64 i64 i32)))
            (data (i32.const 16) "src/sub/secret.txt")
            (func (export "test:hostile/api@0.1.0#f") (result i32)
                (local $left i32) (local $seen i32)
                (call $roots (i32.const 256))
                (local.set $left (i32.const {times}))
                (loop
                    (call $read (i32.load offset=8 (i32.load (i32.const 264)))
                        (i32.const 16) (i32.const 18) (i64.const 0) (i64.const 100) (i32.const 512))
                    (if (i32.eqz (i32.load8_u (i32.const 512)))
                        (then (local.set $seen (i32.add (local.get $seen)
                            ;; `n` of `nobody`.
                            (i32.eq (i32.load8_u (i32.load (i32.const 520))) (i32.const 110))))))
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br_if 0 (local.get $left)))
                (local.get $seen))"#
        ),
    )
}

fn write(ground: &Ground, path: &str, text: &str) {
    let path = ground.at(path);
    fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("there is room");
    fs::write(path, text).expect("there is room");
}

fn link(target: &str, ground: &Ground, path: &str) {
    symlink(target, ground.at(path)).expect("it is new");
}

fn pipe(ground: &Ground, path: &str) {
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, ground.at(path), rustix::fs::FileType::Fifo, mode, 0)
        .expect("it is new");
}

/// An operation `f(path)` that does one thing to a file and gives back the host's answer: `read`, `write`,
/// `remove`; `rename` of `src/lib.rs` to it; `unveil`: renames `secret.txt` to `src/shown`; `list`: the
/// number of files that are listed.
pub(super) fn files(method: &str) -> Vec<u8> {
    let (answer, signature, call) = match method {
        "read" => (
            "list<u8>",
            "i32 i32 i32 i64 i64 i32",
            "(local.get $path) (local.get $length) (i64.const 0) (i64.const 100) (i32.const 512)",
        ),
        "write" => (
            "_",
            "i32 i32 i32 i32 i32 i32",
            "(local.get $path) (local.get $length) (i32.const 16) (i32.const 3) (i32.const 512)",
        ),
        "remove" => {
            ("_", "i32 i32 i32 i32", "(local.get $path) (local.get $length) (i32.const 512)")
        }
        "rename" => (
            "_",
            "i32 i32 i32 i32 i32 i32",
            "(i32.const 16) (i32.const 10) (local.get $path) (local.get $length) (i32.const 512)",
        ),
        "unveil" => (
            "_",
            "i32 i32 i32 i32 i32 i32",
            "(i32.const 32) (i32.const 10) (i32.const 48) (i32.const 9) (i32.const 512)",
        ),
        _ => ("_", "i32 i32 i32 i32", "(i32.const 0) (i32.const 0) (i32.const 512)"),
    };
    let name = if method == "unveil" { "rename" } else { method };
    component(
        &format!(
            "use voyager:types/types@0.1.0.{{error}};
            f: func(path: string) -> result<{answer}, error>;"
        ),
        "import voyager:workspace/files@0.1.0;",
        &format!(
            r#"(import "voyager:workspace/files@0.1.0" "roots" (func $roots (param i32)))
            (import "voyager:workspace/files@0.1.0" "[method]folder.{name}" (func $do (param {signature})))
            (data (i32.const 16) "src/lib.rs") (data (i32.const 32) "secret.txt")
            (data (i32.const 48) "src/shown")
            (func (export "test:hostile/api@0.1.0#f") (param $path i32) (param $length i32) (result i32)
                (call $roots (i32.const 256))
                (call $do (i32.load offset=8 (i32.load (i32.const 264))) {call})
                (i32.const 512))"#
        ),
    )
}
