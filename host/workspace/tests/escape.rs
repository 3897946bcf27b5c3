//! Ways out of a folder that must be closed.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::{
    os::unix::fs::symlink,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use common::{Scene, context, grant, kind, query, stage};
use futures_executor::block_on;
use voyager_base::{
    ErrorKind,
    workspace::{RemoveFile, WorkspaceService as _},
};

/// A folder with links of all sorts, beside a folder with a secret.
fn links() -> (Scene, tempfile::TempDir) {
    let scene = Scene::new(&[("real/file", "inside"), ("top", "inside")]);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "outside").unwrap();
    let link = |target: &str, name: &str| symlink(target, scene.path().join(name)).unwrap();
    let out = outside.path().to_str().unwrap();
    link(out, "absolute");
    link(&format!("{out}/secret"), "absolute-file");
    link(&format!("..{out}"), "up");
    link("absolute", "chain");
    link("chain", "chain2");
    link("real/../..", "dots");
    link("/proc/self", "proc");
    link("/proc/self/root", "magic");
    link("/proc/self/cwd", "cwd");
    link("loop2", "loop1");
    link("loop1", "loop2");
    link("nothing", "dangling");
    link("../nothing", "dangling-out");
    link("real", "inside");
    link("real/file", "inside-file");
    link("inside/../top", "roundabout");
    (scene, outside)
}

const OUT: [&str; 18] = [
    "absolute/secret",
    "absolute-file",
    "absolute",
    "up/secret",
    "chain/secret",
    "chain2/secret",
    "dots/x",
    "proc/environ",
    "proc",
    "magic/etc/passwd",
    "cwd/Cargo.toml",
    "loop1",
    "loop2/x",
    "../secret",
    "/etc/passwd",
    "real/../../secret",
    "inside/../../secret",
    "dangling-out",
];

#[test]
fn no_path_reads_writes_removes_or_renames_outside() {
    let (scene, outside) = links();
    for path in OUT {
        let tries = [
            kind(scene.read(path)),
            kind(scene.write(path, "broken out")),
            kind(scene.rename("top", &format!("{path}/x"))),
        ];
        for result in tries {
            let refused = matches!(
                result,
                Some(
                    ErrorKind::Denied
                        | ErrorKind::Invalid
                        | ErrorKind::NotFound
                        | ErrorKind::Unavailable
                )
            );
            assert!(refused, "{path}: {result:?}");
        }
        assert!(kind(scene.remove(path)).is_some(), "{path}");
    }
    for path in
        ["absolute/secret", "chain2/secret", "proc/environ", "magic/etc/passwd", "absolute-file"]
    {
        assert_eq!(kind(scene.read(path)), Some(ErrorKind::Denied), "{path}");
        assert_eq!(kind(scene.write(path, "")), Some(ErrorKind::Denied), "{path}");
    }
    assert_eq!(scene.staged(), []);
    assert_eq!(std::fs::read_to_string(outside.path().join("secret")).unwrap(), "outside");
}

#[test]
fn links_within_the_folder_lead_to_the_file_itself() {
    let (scene, _outside) = links();
    for path in ["inside/file", "inside-file"] {
        assert_eq!(scene.read(path).unwrap(), "inside");
    }
    assert_eq!(scene.read("roundabout").unwrap(), "inside");
    scene.write("inside/file", "changed").unwrap();
    scene.write("inside/new", "new").unwrap();
    assert_eq!(scene.read("real/file").unwrap(), "changed");
    let paths: Vec<_> = scene.staged().into_iter().map(|it| it.path).collect();
    assert_eq!(paths, ["real/file", "real/new"]);
    assert_eq!(scene.commit(), []);
    assert_eq!(scene.on_disk("real/file").unwrap(), "changed");
    assert!(std::fs::symlink_metadata(scene.path().join("inside")).unwrap().is_symlink());
    assert_eq!(kind(scene.remove("inside-file")), Some(ErrorKind::Invalid));
}

#[test]
fn a_link_does_not_widen_the_grant() {
    let scene = Scene::granted(
        &[("open/a", ""), ("closed/b", "secret")],
        grant(&["open/**"], &["open/**"]),
    );
    symlink("../closed", scene.path().join("open/way")).unwrap();
    assert_eq!(kind(scene.read("open/way/b")), Some(ErrorKind::Denied));
    assert_eq!(kind(scene.write("open/way/b", "")), Some(ErrorKind::Denied));
    assert_eq!(scene.search(query("secret"), 10).unwrap().places, []);
    assert_eq!(scene.list(&[]), ["open/a"]);
}

#[test]
fn a_walk_follows_no_link() {
    let (scene, _outside) = links();
    assert_eq!(scene.list(&[]), ["real/file", "top"]);
    assert_eq!(scene.search(query("side"), 10).unwrap().files_searched, 2);
}

#[test]
fn devices_are_no_files() {
    let scene = Scene::new(&[]);
    let devices = context(Path::new("/dev"), grant(&["**"], &["**"]), &[stage(1)]);
    // One without an end, one that is always full, and one that would wait for somebody to type.
    for path in ["zero", "full", "null", "random", "tty"] {
        let told = scene.read_in(&devices, path).unwrap_err();
        assert!(
            told.kind == ErrorKind::Invalid && told.message.contains("no regular file"),
            "{told}"
        );
        let refused = [
            kind(scene.write_in(&devices, path, "x")),
            kind(block_on(
                scene
                    .workspace
                    .remove(&devices, RemoveFile { root: "r".into(), path: path.into() }),
            )),
        ];
        assert_eq!(refused, [Some(ErrorKind::Invalid); 2], "{path}");
    }
}

#[test]
fn special_files_are_refused_without_waiting() {
    let scene = Scene::new(&[]);
    assert!(
        std::process::Command::new("mkfifo")
            .arg(scene.path().join("pipe"))
            .status()
            .unwrap()
            .success()
    );
    let _socket = std::os::unix::net::UnixListener::bind(scene.path().join("socket")).unwrap();
    for path in ["pipe", "socket"] {
        assert_eq!(kind(scene.read(path)), Some(ErrorKind::Invalid), "{path}");
        assert_eq!(kind(scene.write(path, "x")), Some(ErrorKind::Invalid), "{path}");
        assert!(matches!(
            scene.stat(path).unwrap().kind,
            voyager_base::workspace::FileKind::Other(_)
        ));
    }
}

#[test]
fn a_hard_link_keeps_its_content_when_the_file_is_replaced() {
    let scene = Scene::new(&[("a", "shared")]);
    let outside = tempfile::tempdir_in(scene.path().parent().unwrap()).unwrap();
    std::fs::hard_link(scene.path().join("a"), outside.path().join("b")).unwrap();
    scene.write("a", "changed").unwrap();
    assert_eq!(scene.commit(), []);
    assert_eq!(scene.on_disk("a").unwrap(), "changed");
    assert_eq!(std::fs::read_to_string(outside.path().join("b")).unwrap(), "shared");
}

#[test]
fn odd_names_are_refused_or_taken_as_they_are() {
    let scene = Scene::new(&[]);
    for path in ["a/", "a//b", "./a", "", "a\0b", "a\\b", &"x".repeat(256), &"y/".repeat(2049)] {
        assert_eq!(kind(scene.write(path, "")), Some(ErrorKind::Invalid), "{path:?}");
        assert_eq!(kind(scene.read(path)), Some(ErrorKind::Invalid), "{path:?}");
    }
    assert_eq!(kind(scene.write(".voyager-x/y", "")), Some(ErrorKind::Denied));
    for path in ["ünïcödé/文字", "e\u{301}", "\u{e9}", "CON", "a b", "-rf", &"z".repeat(255)]
    {
        scene.write(path, path).unwrap();
    }
    assert_eq!(scene.commit(), []);
    assert_eq!(scene.read("ünïcödé/文字").unwrap(), "ünïcödé/文字");
    assert_eq!(scene.list(&["é", "e\u{301}"]), ["e\u{301}", "é"]);
}

#[test]
fn swapping_a_folder_for_a_link_opens_no_way_out() {
    let scene = Scene::new(&[("d/secret", "inside")]);
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "outside").unwrap();
    let stop = AtomicBool::new(false);
    let (here, there, link) = ("d", "aside", "link");
    symlink(outside.path(), scene.path().join(link)).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // A commit may make the folder anew in a moment when it is missing: then a rename fails.
            let rename = |from: &str, to: &str| {
                drop(std::fs::rename(scene.path().join(from), scene.path().join(to)));
            };
            while !stop.load(Ordering::Relaxed) {
                rename(here, there);
                rename(link, here);
                rename(here, link);
                rename(there, here);
            }
        });
        let mut seen = 0;
        for round in 0..2000 {
            match scene.read("d/secret") {
                Ok(text) => {
                    assert_ne!(text, "outside");
                    seen += 1;
                }
                Err(error) => assert!(
                    matches!(error.kind, ErrorKind::Denied | ErrorKind::NotFound),
                    "{round}: {error:?}"
                ),
            }
            if round % 100 == 0 {
                drop(scene.write("d/secret", &format!("{round}")));
                let changes = scene.staged();
                let folders = common::folders(scene.path());
                drop(block_on(scene.workspace.commit(&folders, &changes)));
                drop(scene.search(query("side"), 10).map(|found| {
                    assert!(found.places.iter().all(|it| it.text != "outside"), "{found:?}");
                }));
                scene.workspace.discard(stage(1));
                let path = [here, there].map(|it| scene.path().join(it).join("secret"));
                path.iter().for_each(|path| drop(std::fs::write(path, "inside")));
                std::fs::write(outside.path().join("secret"), "outside").unwrap();
            }
        }
        stop.store(true, Ordering::Relaxed);
        assert!(seen > 0, "never read anything");
    });
    let beyond: Vec<_> =
        std::fs::read_dir(outside.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(beyond, ["secret"], "nothing was written outside");
}
