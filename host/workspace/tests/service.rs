//! The service as a task sees it: reading, staging, walking, merging, committing.

mod common;

use std::os::unix::fs::PermissionsExt as _;

use common::{Scene, grant, kind, query, stage};
use futures_executor::block_on;
use proptest::prelude::*;
use voyager_base::{
    ErrorKind,
    grant::FolderGrant,
    process::{StagedFile, Views},
    workspace::{Change, FileKind, List, ReadFile, TextQuery, WorkspaceService as _},
};
use voyager_workspace::inverted;

#[test]
fn a_task_sees_what_it_staged_and_nobody_else_does() {
    let scene = Scene::new(&[("a", "one"), ("b", "two")]);
    scene.write("a", "ONE").unwrap();
    scene.write("new/c", "three").unwrap();
    scene.remove("b").unwrap();
    assert_eq!(scene.read("a").unwrap(), "ONE");
    assert_eq!(scene.read("new/c").unwrap(), "three");
    assert_eq!(kind(scene.read("b")), Some(ErrorKind::NotFound));
    assert_eq!(scene.stat("new").unwrap().kind, FileKind::Directory);
    assert_eq!(scene.stat("new/c").unwrap().size, 5);
    assert_eq!(scene.list(&[]), ["a", "new/c"]);
    assert_eq!(scene.on_disk("a").unwrap(), "one");
    let other = scene.with_stages(&[stage(2)]);
    assert_eq!(scene.read_in(&other, "a").unwrap(), "one");
    let child = scene.with_stages(&[stage(2), stage(1)]);
    assert_eq!(scene.read_in(&child, "a").unwrap(), "ONE");
}

#[test]
fn a_commit_makes_it_real_and_its_inverse_undoes_it() {
    let scene = Scene::new(&[("a", "one"), ("b", "two"), ("c.sh", "three")]);
    let script = scene.path().join("c.sh");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    scene.write("a", "ONE").unwrap();
    scene.remove("b").unwrap();
    scene.rename("c.sh", "bin/d.sh").unwrap();
    let changes = scene.staged();
    assert_eq!(scene.commit(), []);
    assert_eq!(scene.on_disk("a").unwrap(), "ONE");
    assert_eq!(scene.on_disk("b"), None);
    assert_eq!(scene.on_disk("c.sh"), None);
    assert_eq!(scene.on_disk("bin/d.sh").unwrap(), "three");
    let mode = std::fs::metadata(scene.path().join("bin/d.sh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    assert!(scene.staging_folders().is_empty());
    let undo = inverted(&changes);
    let folders = common::folders(scene.path());
    assert_eq!(block_on(scene.workspace.commit(&folders, &undo)).unwrap(), []);
    assert_eq!(scene.on_disk("a").unwrap(), "one");
    assert_eq!(scene.on_disk("b").unwrap(), "two");
    assert_eq!(scene.on_disk("c.sh").unwrap(), "three");
}

#[test]
fn staging_what_is_there_already_is_no_change() {
    let scene = Scene::new(&[("a", "one")]);
    scene.write("a", "two").unwrap();
    scene.write("a", "one").unwrap();
    scene.write("b", "new").unwrap();
    scene.remove("b").unwrap();
    assert_eq!(scene.staged(), []);
}

#[test]
fn an_edit_between_reading_and_writing_is_a_conflict() {
    let scene = Scene::new(&[("a", "one")]);
    scene.read("a").unwrap();
    scene.put("a", "the user's edit");
    assert_eq!(kind(scene.write("a", "mine")), Some(ErrorKind::Conflict));
    assert_eq!(scene.staged(), []);
}

#[test]
fn files_in_the_way_are_named() {
    let scene = Scene::new(&[("file", ""), ("folder/a", "")]);
    assert_eq!(kind(scene.write("file/a", "")), Some(ErrorKind::Invalid));
    assert_eq!(kind(scene.write("folder", "")), Some(ErrorKind::Invalid));
    scene.write("staged", "").unwrap();
    assert_eq!(kind(scene.write("staged/a", "")), Some(ErrorKind::Invalid));
    scene.write("new/b", "").unwrap();
    assert_eq!(kind(scene.write("new", "")), Some(ErrorKind::Invalid));
    assert_eq!(kind(scene.rename("file", "staged")), Some(ErrorKind::Conflict));
    assert_eq!(kind(scene.rename("file", "folder")), Some(ErrorKind::Conflict));
    assert_eq!(kind(scene.rename("absent", "x")), Some(ErrorKind::NotFound));
    assert_eq!(kind(scene.remove("absent")), Some(ErrorKind::NotFound));
    assert_eq!(kind(scene.remove("folder")), Some(ErrorKind::Invalid));
    assert_eq!(kind(scene.read("folder")), Some(ErrorKind::Invalid));
}

#[test]
fn ranges_end_with_the_file() {
    let scene = Scene::new(&[("a", "0123456789")]);
    let read = |offset, length| {
        let call = ReadFile { root: "r".into(), path: "a".into(), offset, length };
        block_on(scene.workspace.read(&scene.context, call)).map(serde_bytes::ByteBuf::into_vec)
    };
    for _ in 0..2 {
        assert_eq!(read(3, 4).unwrap(), b"3456");
        assert_eq!(read(8, 100).unwrap(), b"89");
        assert_eq!(read(10, 1).unwrap(), b"");
        assert_eq!(read(u64::MAX, 1).unwrap(), b"");
        assert_eq!(kind(read(0, (4 << 20) + 1)), Some(ErrorKind::Limit));
        scene.write("a", "0123456789").unwrap();
        scene.write("b", "0123456789").unwrap();
    }
}

#[test]
fn the_grants_bound_on_bytes_holds_for_all_files_together() {
    let grant = FolderGrant { write_bytes_max: Some(10), ..grant(&["**"], &["**"]) };
    let scene = Scene::granted(&[("x", "aaaa"), ("y", "aaaa")], grant);
    scene.write("a", "123456").unwrap();
    scene.write("a", "1234567890").unwrap();
    let error = scene.write("b", "1").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Limit);
    assert_eq!(error.bound.unwrap(), "write-bytes-max: 10");
    assert_eq!(kind(scene.replace(query("a"), "b")), Some(ErrorKind::Limit));
    assert_eq!(scene.staged().len(), 1);
}

#[test]
fn large_contents_come_back_from_the_content_store() {
    let scene = Scene::new(&[]);
    let large = "x".repeat(3 << 20);
    scene.write("a", &large).unwrap();
    assert_eq!(scene.read("a").unwrap(), large);
    assert_eq!(scene.commit(), []);
    assert_eq!(scene.on_disk("a").unwrap(), large);
}

#[test]
fn a_walk_honours_ignore_files_and_hides_what_is_hidden() {
    let scene = Scene::new(&[
        (".gitignore", "*.log\n/target\n!keep.log\nbuild/\n"),
        (".git/info/exclude", "excluded\n"),
        (".ignore", "ignored\n"),
        ("a.log", ""),
        ("keep.log", ""),
        ("target/x", ""),
        ("deep/target/x", ""),
        ("deep/.gitignore", "!b.log\nlocal\n"),
        ("deep/b.log", ""),
        ("deep/local/x", ""),
        ("deep/build/x", ""),
        ("excluded", ""),
        ("ignored/x", ""),
        (".github/workflows/ci.yml", ""),
        (".env", ""),
        ("vendored/.git/HEAD", ""),
        ("vendored/c.log", ""),
        ("src/lib.rs", ""),
    ]);
    let all = ["deep/b.log", "deep/target/x", "keep.log", "src/lib.rs", "vendored/c.log"];
    assert_eq!(scene.list(&[]), all);
    assert_eq!(scene.list(&["**"]), all);
    assert_eq!(scene.list(&["src/**", "*.log"]), ["keep.log", "src/lib.rs"]);
    assert_eq!(scene.list(&[".github/**", "**/.env"]), [".env", ".github/workflows/ci.yml"]);
    assert_eq!(scene.list(&[".git/HEAD"]), [""; 0]);
}

#[test]
fn staged_files_are_walked_like_those_on_the_disk() {
    let scene = Scene::new(&[("a", "needle"), ("b", "needle"), ("sub/c", "needle")]);
    scene.write("a", "nothing").unwrap();
    scene.remove("b").unwrap();
    scene.write("x/y/z", "a needle").unwrap();
    scene.write("x/hidden.log", "needle").unwrap();
    scene.write("x/.gitignore", "*.log\n").unwrap();
    let found = scene.search(query("needle"), 10).unwrap();
    let places: Vec<_> =
        found.places.iter().map(|it| (it.path.as_str(), it.line, it.column)).collect();
    assert_eq!(places, [("sub/c", 1, 1), ("x/y/z", 1, 3)]);
    assert_eq!(found.files_searched, 3);
    let replaced = scene.replace(query("needle"), "pin").unwrap();
    assert_eq!(replaced.files, [("sub/c".to_owned(), 1), ("x/y/z".to_owned(), 1)]);
    assert_eq!(scene.read("x/y/z").unwrap(), "a pin");
}

#[test]
fn a_search_stops_at_the_asked_number_in_order() {
    let scene = Scene::new(&[]);
    for number in 0..300 {
        scene.put(&format!("d{}/f{number:03}", number % 7), "x x\nx\n");
    }
    let all = scene.search(query("x"), 10_000).unwrap();
    assert_eq!((all.places.len(), all.more), (900, false));
    for max in [0, 1, 2, 17, 899] {
        let found = scene.search(query("x"), max).unwrap();
        assert_eq!(found.places, all.places[..max as usize]);
        assert!(found.more);
        assert_eq!(found.files_searched, 300);
    }
    assert!(!scene.search(query("x"), 900).unwrap().more);
}

#[test]
fn odd_files_are_reported_and_never_fatal() {
    let scene = Scene::new(&[("good", "needle\n")]);
    std::fs::write(scene.path().join("binary"), b"needle\0").unwrap();
    std::fs::write(scene.path().join("latin1"), b"caf\xe9 needle\n").unwrap();
    let large = std::fs::File::create(scene.path().join("large")).unwrap();
    large.set_len((100 << 20) + 1).unwrap();
    let status =
        std::process::Command::new("mkfifo").arg(scene.path().join("pipe")).status().unwrap();
    assert!(status.success());
    // What is reached by another name is no loss.
    std::os::unix::fs::symlink(".", scene.path().join("loop")).unwrap();
    std::os::unix::fs::symlink("round", scene.path().join("round")).unwrap();
    std::os::unix::fs::symlink("absent", scene.path().join("nowhere")).unwrap();
    let odd: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff\xfe");
    std::fs::write(scene.path().join(odd), "needle").unwrap();
    std::fs::write(scene.path().join("back\\slash"), "needle").unwrap();
    let mut deep = scene.path().to_owned();
    for _ in 0..140 {
        deep.push("d");
    }
    std::fs::create_dir_all(&deep).unwrap();
    let found = scene.search(query("needle"), 10).unwrap();
    let places: Vec<_> = found.places.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(places, ["good", "latin1"]);
    let skipped: Vec<_> = found.skipped.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(skipped.len(), 8, "{skipped:?}");
    for expected in ["binary", "large", "pipe", "round", "nowhere"] {
        assert!(skipped.contains(&expected), "{expected} is missing in {skipped:?}");
    }
    let list = List { root: "r".into(), globs: Vec::new() };
    let listed = block_on(scene.workspace.list(&scene.context, list)).unwrap();
    let passed_over: Vec<_> = listed.skipped.iter().map(|(path, _)| path.as_str()).collect();
    // A listing does not open the files.
    let unopened = |path: &&&str| !["binary", "large"].contains(*path);
    assert_eq!(passed_over, skipped.iter().filter(unopened).copied().collect::<Vec<_>>());
    let replaced = scene.replace(query("needle"), "pin").unwrap();
    assert_eq!(replaced.places, 2);
    assert_eq!(scene.commit(), []);
    assert_eq!(std::fs::read(scene.path().join("latin1")).unwrap(), b"caf\xe9 pin\n");
}

#[test]
fn a_bulk_replace_touches_only_what_may_be_read_and_written() {
    let files = [("a.rs", "x"), ("a.txt", "x"), ("secret.rs", "x"), ("gen/a.rs", "x")];
    let scene = Scene::granted(&files, grant(&["*", "gen/*"], &["*.rs", "secret.*"]));
    let replaced = scene.replace(TextQuery { literal: true, ..query("x") }, "$1").unwrap();
    let files: Vec<_> = replaced.files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(files, ["a.rs", "secret.rs"]);
    assert_eq!(scene.commit(), []);
    assert_eq!(scene.on_disk("a.rs").unwrap(), "$1");
}

#[test]
fn a_diff_shows_what_is_staged_but_nothing_unreadable() {
    let scene =
        Scene::granted(&[("a", "one\n"), ("secret", "password\n")], grant(&["a", "b"], &["*"]));
    scene.write("a", "two\n").unwrap();
    scene.write("b", "new\n").unwrap();
    scene.write("secret", "x\n").unwrap();
    let diff = scene.diff(10_000);
    assert!(diff.contains("--- a/a\n+++ b/a\n@@ -1,1 +1,1 @@\n-one\n+two\n"), "{diff}");
    assert!(diff.contains("--- /dev/null\n+++ b/b\n"), "{diff}");
    assert!(diff.contains("Files a/secret and b/secret differ"), "{diff}");
    assert!(!diff.contains("password"), "{diff}");
    assert!(scene.diff(80).len() <= 80);
}

#[test]
fn a_rename_does_not_make_unreadable_files_readable() {
    let scene = Scene::granted(&[("secret", "password")], grant(&["open/**"], &["**"]));
    assert_eq!(kind(scene.rename("secret", "open/x")), Some(ErrorKind::Denied));
    scene.rename("secret", "hidden").unwrap();
    assert_eq!(kind(scene.rename("hidden", "open/x")), Some(ErrorKind::Denied));
    let diff = scene.diff(10_000);
    assert!(diff.contains("Files /dev/null and b/hidden differ"), "{diff}");
    assert!(!diff.contains("password"), "{diff}");
}

#[test]
fn children_merge_unless_they_changed_the_same_file_differently() {
    let scene = Scene::new(&[("a", "one"), ("b", "one")]);
    let child = |task| scene.with_stages(&[stage(task), stage(1)]);
    scene.write_in(&child(2), "a", "two").unwrap();
    scene.write_in(&child(3), "b", "three").unwrap();
    scene.write_in(&child(4), "a", "four").unwrap();
    scene.write_in(&child(5), "a", "two").unwrap();
    for task in [2, 3, 5] {
        scene.workspace.merge(stage(task), stage(1)).unwrap();
    }
    assert_eq!(kind(scene.workspace.merge(stage(4), stage(1))), Some(ErrorKind::Conflict));
    assert_eq!(scene.read_in(&child(4), "a").unwrap(), "four");
    scene.workspace.discard(stage(4));
    scene.write_in(&child(6), "a", "six").unwrap();
    scene.workspace.merge(stage(6), stage(1)).unwrap();
    assert_eq!(scene.commit(), []);
    assert_eq!(scene.on_disk("a").unwrap(), "six");
    assert_eq!(scene.on_disk("b").unwrap(), "three");
}

#[test]
fn a_layer_can_be_staged_once_more_from_its_changes() {
    let scene = Scene::new(&[("a", "one")]);
    scene.write("a", "two").unwrap();
    scene.write("b", "new").unwrap();
    let changes = scene.staged();
    scene.workspace.discard(stage(1));
    assert_eq!(scene.read("a").unwrap(), "one");
    scene.workspace.restage(stage(1), &changes).unwrap();
    assert_eq!(scene.read("a").unwrap(), "two");
    assert_eq!(scene.staged(), changes);
}

#[test]
fn what_is_staged_anew_is_told_once_and_stages_the_same_again() {
    let scene = Scene::new(&[("a", "one"), ("b", "one")]);
    let anew = || block_on(scene.workspace.staged_anew(stage(1))).unwrap();
    let paths = |changes: &[Change]| changes.iter().map(|it| it.path.clone()).collect::<Vec<_>>();
    scene.write("a", "two").unwrap();
    scene.write("b", "two").unwrap();
    let first = anew();
    assert_eq!(paths(&first), ["a", "b"]);
    scene.write("a", "three").unwrap();
    scene.write("b", "one").unwrap();
    let second = anew();
    assert_eq!(paths(&second), ["a", "b"]);
    assert_eq!(second[1].before, second[1].after, "it is again as it was");
    assert_eq!(anew(), []);
    let staged = scene.staged();
    assert_eq!(paths(&staged), ["a"]);
    // Somebody changes the file; what the task saw stays what it saw.
    scene.workspace.discard(stage(1));
    scene.put("a", "edited");
    scene.workspace.restage(stage(1), &first).unwrap();
    scene.workspace.restage(stage(1), &second).unwrap();
    assert_eq!(anew(), [], "it was told before");
    assert_eq!(scene.staged(), staged);
    assert_eq!(scene.commit().len(), 1);
    assert_eq!(scene.on_disk("a").unwrap(), "edited");
}

#[test]
fn a_views_changes_are_staged_within_the_grant() {
    let scene = Scene::granted(
        &[("src/a", "one"), ("src/b", "two"), ("c", "three")],
        grant(&["**"], &["src/**"]),
    );
    scene.write("src/new", "staged").unwrap();
    let view = Views::staged(&scene.workspace, &scene.context, "r").unwrap();
    assert_eq!(
        view,
        [StagedFile {
            path: "src/new".into(),
            content: Some(b"staged".to_vec()),
            executable: false
        }]
    );
    let file = |path: &str, content: Option<&str>, executable| StagedFile {
        path: path.into(),
        content: content.map(|it| it.as_bytes().to_vec()),
        executable,
    };
    let changes = vec![
        file("src/a", Some("ONE"), true),
        file("src/b", None, false),
        file("src/new", Some("staged"), false),
        file("c", Some("denied"), false),
        file("../x", Some("denied"), false),
    ];
    let absorbed = scene.workspace.absorb(&scene.context, "r", changes).unwrap();
    assert_eq!(absorbed.changed, ["src/a", "src/b"]);
    assert_eq!(absorbed.discarded, 2);
    assert_eq!(scene.commit(), []);
    assert_eq!(scene.on_disk("src/a").unwrap(), "ONE");
    let mode = std::fs::metadata(scene.path().join("src/a")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111);
    assert_eq!(scene.on_disk("src/b"), None);
    assert_eq!(scene.on_disk("c").unwrap(), "three");
}

#[test]
fn a_cancelled_search_ends() {
    let scene = Scene::new(&[("a", "x")]);
    scene.context.cancellation.cancel();
    assert_eq!(kind(scene.search(query("x"), 10)), Some(ErrorKind::Cancelled));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_users_edit_between_staging_and_commit_is_kept(
        staged in prop::collection::btree_map(0_usize..6, prop::option::of("[a-c]{0,3}"), 1..6),
        edited in prop::collection::btree_map(0_usize..8, prop::option::of("[a-c]{0,3}"), 0..4),
    ) {
        const FILES: [&str; 8] = ["a", "b", "d/c", "d/d", "new/e", "f", "g", "h"];
        let scene = Scene::new(&[("a", "aa"), ("b", "b"), ("d/c", ""), ("d/d", "x"), ("g", "g"), ("h", "")]);
        for (file, text) in &staged {
            match text {
                Some(text) => scene.write(FILES[*file], text).unwrap(),
                None => drop(scene.remove(FILES[*file])),
            }
        }
        let changes = scene.staged();
        for (file, text) in &edited {
            match text {
                Some(text) => scene.put(FILES[*file], text),
                None => drop(std::fs::remove_file(scene.path().join(FILES[*file]))),
            }
        }
        let all = || FILES.map(|path| scene.on_disk(path));
        let before = all();
        let conflicts = scene.commit();
        let after = all();
        let state = |text: &Option<String>| text.as_ref().map(|it| voyager_base::Digest::of(it.as_bytes()));
        if conflicts.is_empty() {
            for (path, (before, after)) in FILES.iter().zip(before.iter().zip(&after)) {
                match changes.iter().find(|it| it.path == *path) {
                    None => prop_assert_eq!(before, after),
                    Some(change) => {
                        let expected = [&change.before, &change.after].map(|it| it.as_ref().map(|it| it.digest));
                        prop_assert!(expected.contains(&state(before)), "an edit of {} is lost", path);
                        prop_assert_eq!(expected[1], state(after));
                    }
                }
            }
        } else {
            prop_assert_eq!(before, after);
        }
        prop_assert!(scene.staging_folders().is_empty());
    }
}

#[test]
fn a_look_shows_a_folder_as_the_task_sees_it() {
    let scene = Scene::new(&[
        (".gitignore", "ignored"),
        ("ignored", ""),
        (".hidden/a", ""),
        ("gone", ""),
        ("deep/er/a", ""),
        (".voyager-1/a", ""),
    ]);
    scene.remove("gone").unwrap();
    scene.write("new/er/a", "").unwrap();
    assert_eq!(scene.look("").unwrap(), [".gitignore", ".hidden/", "deep/", "ignored", "new/"]);
    assert_eq!(scene.look("new").unwrap(), ["er/"]);
    assert_eq!(scene.look("deep/er").unwrap(), ["a"]);
    for (path, kind) in [
        ("deep/er/a", ErrorKind::Invalid),
        ("nowhere", ErrorKind::NotFound),
        (".voyager-1", ErrorKind::NotFound),
        ("..", ErrorKind::Denied),
    ] {
        assert_eq!(scene.look(path).unwrap_err().kind, kind, "{path}");
    }
}

#[test]
fn a_look_shows_what_may_be_read_and_the_way_to_it() {
    let files = [("src/a", ""), ("src/b.txt", ""), ("lib/a", ""), ("other/a", ""), ("a", "")];
    let scene = Scene::granted(&files, grant(&["src/*.txt", "lib/**"], &[]));
    std::os::unix::fs::symlink("../other", scene.path().join("lib/link")).unwrap();
    assert_eq!(scene.look("").unwrap(), ["lib/", "src/"]);
    assert_eq!(scene.look("src").unwrap(), ["b.txt"]);
    assert_eq!(scene.look("other").unwrap_err().kind, ErrorKind::Denied);
    assert_eq!(scene.look("lib/link").unwrap_err().kind, ErrorKind::Denied);
}
