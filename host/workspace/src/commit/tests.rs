//! Commits that are crashed before every system call, hindered by other writers, and undone.

use std::{
    collections::{BTreeMap, HashMap},
    os::{fd::BorrowedFd, unix::fs::PermissionsExt as _},
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use proptest::prelude::*;
use voyager_base::record::{AppendError, ReadError};

use super::*;

#[derive(Default)]
struct Memory(Mutex<HashMap<Digest, Vec<u8>>>);

impl Content for Memory {
    fn put(&self, bytes: &[u8]) -> Result<Digest, AppendError> {
        let digest = Digest::of(bytes);
        self.0.lock().unwrap().insert(digest, bytes.to_vec());
        Ok(digest)
    }

    fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.0.lock().unwrap().get(&digest).cloned())
    }
}

type Hook<'a> = Box<dyn Fn(u64) + Send + Sync + 'a>;

/// The system, which dies before a call, or lacks a call, or lets somebody else in before a call.
struct Faulty<'a> {
    calls: AtomicU64,
    syncs: AtomicU64,
    folder_syncs: AtomicU64,
    dies_at: u64,
    old_system: bool,
    before: Hook<'a>,
}

impl Faulty<'_> {
    fn new() -> Self {
        let (calls, syncs, folder_syncs) = Default::default();
        Self {
            calls,
            syncs,
            folder_syncs,
            dies_at: u64::MAX,
            old_system: false,
            before: Box::new(|_| ()),
        }
    }

    fn step(&self) -> io::Result<()> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        if number >= self.dies_at {
            return Err(io::Error::other("the host died"));
        }
        (self.before)(number);
        Ok(())
    }

    fn modern(&self) -> io::Result<()> {
        if self.old_system { Err(Errno::INVAL.into()) } else { Ok(()) }
    }
}

impl Calls for Faulty<'_> {
    fn make_folder(&self, at: At<'_>, mode: u32) -> io::Result<()> {
        self.step()?;
        Kernel.make_folder(at, mode)
    }

    fn write_new(&self, at: At<'_>, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
        // A crash leaves half of the file.
        self.step().inspect_err(|_| drop(Kernel.write_new(at, &bytes[..bytes.len() / 2], mode)))?;
        Kernel.write_new(at, bytes, mode)
    }

    fn exchange(&self, one: At<'_>, other: At<'_>) -> io::Result<()> {
        self.modern()?;
        self.step()?;
        Kernel.exchange(one, other)
    }

    fn rename_new(&self, from: At<'_>, to: At<'_>) -> io::Result<()> {
        self.modern()?;
        self.step()?;
        Kernel.rename_new(from, to)
    }

    fn rename(&self, from: At<'_>, to: At<'_>) -> io::Result<()> {
        self.step()?;
        Kernel.rename(from, to)
    }

    fn link_new(&self, from: At<'_>, to: At<'_>) -> io::Result<()> {
        self.step()?;
        Kernel.link_new(from, to)
    }

    fn remove(&self, at: At<'_>) -> io::Result<()> {
        self.step()?;
        Kernel.remove(at)
    }

    fn remove_folder(&self, at: At<'_>) -> io::Result<()> {
        self.step()?;
        Kernel.remove_folder(at)
    }

    fn sync_folder(&self, _: BorrowedFd<'_>) -> io::Result<()> {
        self.step()?;
        self.folder_syncs.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn sync(&self, _: BorrowedFd<'_>) -> io::Result<()> {
        self.step()?;
        self.syncs.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Content, permissions and time of each file below a folder, by path; folders have none.
type Snapshot = BTreeMap<String, Option<(Vec<u8>, u32, SystemTime)>>;

fn snapshot(root: &Path) -> Snapshot {
    fn walk(root: &Path, folder: &Path, into: &mut Snapshot) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let (path, entry) = entry.map(|it| (it.path(), it)).unwrap();
            let metadata = entry.metadata().unwrap();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if metadata.is_dir() {
                into.insert(name, None);
                walk(root, &path, into);
            } else {
                let content = std::fs::read(&path).unwrap();
                let mode = metadata.permissions().mode() & 0o7777;
                into.insert(name, Some((content, mode, metadata.modified().unwrap())));
            }
        }
    }
    let mut all = Snapshot::new();
    walk(root, root, &mut all);
    all
}

fn contents(root: &Path) -> BTreeMap<String, Vec<u8>> {
    snapshot(root).into_iter().filter_map(|(path, file)| Some((path, file?.0))).collect()
}

struct Scene {
    folder: tempfile::TempDir,
    content: Memory,
    changes: Vec<Change>,
}

const FILES: [(&str, &str); 4] =
    [("a", "one"), ("deep/b.sh", "two"), ("deep/er/c", "three"), ("bystander", "untouched")];

impl Scene {
    /// Two updates (one of them of permissions too), a removal, a file in new folders.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in FILES {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        }
        let content = Memory::default();
        let state = |text: &str, mode: Option<u32>| {
            let digest = content.put(text.as_bytes()).unwrap();
            Some(FileState { digest, size: text.len() as u64, mode })
        };
        let change = |path: &str, before, after| Change {
            root: "r".into(),
            path: path.into(),
            before,
            after,
        };
        let changes = vec![
            change("a", state("one", Some(0o640)), state("ONE!", Some(0o640))),
            change("deep/b.sh", state("two", Some(0o640)), state("TWO", Some(0o750))),
            change("deep/er/c", state("three", Some(0o640)), None),
            change("new/er/d", None, state("four", None)),
        ];
        Self { folder, content, changes }
    }

    fn commit(&self, calls: &dyn Calls) -> Result<Vec<Conflict>, Error> {
        self.commit_all(calls, &self.changes)
    }

    fn commit_all(&self, calls: &dyn Calls, changes: &[Change]) -> Result<Vec<Conflict>, Error> {
        let means = Means { content: &self.content, calls, threads: NonZeroUsize::MIN };
        let root = self.folder.path().to_str().unwrap().to_owned();
        commit(&means, &Folders::from([("r".to_owned(), root)]), changes)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn assert_committed(&self, context: &str) {
        let expected =
            [("a", "ONE!"), ("bystander", "untouched"), ("deep/b.sh", "TWO"), ("new/er/d", "four")];
        let expected = expected.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
        assert_eq!(contents(self.path()), BTreeMap::from(expected), "{context}");
        let mode = std::fs::metadata(self.path().join("deep/b.sh")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o750, "{context}");
    }
}

fn systems() -> impl Iterator<Item = bool> {
    [false, true].into_iter()
}

#[test]
fn a_commit_that_makes_folders_syncs_twice_and_leaves_nothing_behind() {
    for old_system in systems() {
        let (scene, faulty) = (Scene::new(), Faulty { old_system, ..Faulty::new() });
        assert_eq!(scene.commit(&faulty).unwrap(), []);
        scene.assert_committed("");
        assert_eq!(
            faulty.syncs.load(Ordering::Relaxed),
            2,
            "one before anything is applied, one at the end"
        );
        assert_eq!(scene.commit(&faulty).unwrap(), [], "a second call changes nothing");
        scene.assert_committed("again");
    }
}

#[test]
fn a_commit_within_known_folders_syncs_the_file_system_once() {
    let (scene, faulty) = (Scene::new(), Faulty::new());
    assert_eq!(scene.commit_all(&faulty, &scene.changes[..3]).unwrap(), []);
    let syncs = || [&faulty.syncs, &faulty.folder_syncs].map(|it| it.load(Ordering::Relaxed));
    assert_eq!(syncs(), [1, 4], "the three folders, and the prepared one");
    assert_eq!(scene.commit_all(&faulty, &scene.changes[..3]).unwrap(), []);
    assert_eq!(syncs(), [1, 4], "there is nothing to do");
}

#[test]
fn a_folder_that_had_to_be_made_again_is_synced_with_the_file_system() {
    for removed_at in 0.. {
        let scene = Scene::new();
        let folder = scene.path().join("there");
        std::fs::create_dir(&folder).unwrap();
        let change =
            Change { path: "there/a".to_owned(), before: None, ..scene.changes[0].clone() };
        let removed = AtomicBool::new(false);
        let hook = |number| {
            if number == removed_at {
                removed.store(std::fs::remove_dir(&folder).is_ok(), Ordering::Relaxed);
            }
        };
        let faulty = Faulty { before: Box::new(hook), ..Faulty::new() };
        if scene.commit_all(&faulty, &[change]).is_err() {
            // It went right before its file came, after somebody had looked.
            continue;
        }
        assert!(folder.join("a").exists());
        if !removed.load(Ordering::Relaxed) {
            assert!(removed_at > 3, "only {removed_at} calls");
            break;
        }
        assert_eq!(faulty.syncs.load(Ordering::Relaxed), 2, "call {removed_at}");
    }
}

#[test]
fn a_commit_within_many_folders_syncs_none_of_them_alone() {
    let (scene, faulty) = (Scene::new(), Faulty::new());
    let changes: Vec<Change> = (0..=SYNCED_FOLDERS_MAX)
        .map(|number| {
            std::fs::create_dir(scene.path().join(number.to_string())).unwrap();
            Change { path: format!("{number}/a"), before: None, ..scene.changes[0].clone() }
        })
        .collect();
    assert_eq!(scene.commit_all(&faulty, &changes).unwrap(), []);
    let syncs = [&faulty.syncs, &faulty.folder_syncs].map(|it| it.load(Ordering::Relaxed));
    assert_eq!(syncs, [2, 0]);
}

#[test]
fn after_a_crash_before_any_call_a_second_commit_within_known_folders_finishes() {
    for dies_at in 0.. {
        let scene = Scene::new();
        let changes = &scene.changes[..3];
        let faulty = Faulty { dies_at, ..Faulty::new() };
        if scene.commit_all(&faulty, changes).is_ok() {
            assert!(dies_at > 15, "only {dies_at} calls");
            break;
        }
        assert_eq!(scene.commit_all(&Faulty::new(), changes).unwrap(), [], "call {dies_at}");
        let all: Vec<String> = contents(scene.path()).into_keys().collect();
        assert_eq!(all, ["a", "bystander", "deep/b.sh"], "call {dies_at}");
    }
}

#[test]
fn after_a_crash_before_any_call_a_second_commit_finishes() {
    for old_system in systems() {
        for dies_at in 0.. {
            let scene = Scene::new();
            let faulty = Faulty { dies_at, old_system, ..Faulty::new() };
            if scene.commit(&faulty).is_ok() {
                assert!(dies_at > 15, "only {dies_at} calls");
                break;
            }
            let healthy = Faulty { old_system, ..Faulty::new() };
            assert_eq!(scene.commit(&healthy).unwrap(), [], "died at {dies_at}");
            scene.assert_committed(&format!("died at {dies_at}, old system: {old_system}"));
        }
    }
}

#[test]
fn crash_upon_crash_ends_well_too() {
    for old_system in systems() {
        for dies_at in 0..40 {
            for dies_again_at in (0..40).step_by(3) {
                let scene = Scene::new();
                drop(scene.commit(&Faulty { dies_at, old_system, ..Faulty::new() }));
                drop(scene.commit(&Faulty { dies_at: dies_again_at, old_system, ..Faulty::new() }));
                assert_eq!(scene.commit(&Faulty { old_system, ..Faulty::new() }).unwrap(), []);
                scene.assert_committed(&format!(
                    "died at {dies_at}, then {dies_again_at}, old: {old_system}"
                ));
            }
        }
    }
}

#[test]
fn a_file_that_somebody_changed_before_is_a_conflict_and_nothing_is_touched() {
    let scene = Scene::new();
    std::fs::write(scene.path().join("deep/er/c"), "mine!").unwrap();
    let before = snapshot(scene.path());
    let faulty = Faulty::new();
    let conflicts = scene.commit(&faulty).unwrap();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(conflicts[0].path, "deep/er/c");
    assert_eq!(snapshot(scene.path()), before);
    assert_eq!(faulty.calls.load(Ordering::Relaxed), 0);
}

/// What somebody else does in the middle of a commit.
fn intrude(root: &Path, path: &str, how: u8) {
    let path = root.join(path);
    match how % 3 {
        0 => {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(root.join("scratch"), "the user's own").unwrap();
            std::fs::rename(root.join("scratch"), &path).unwrap();
        }
        1 => drop(std::fs::remove_file(&path)),
        _ => {
            drop(std::fs::remove_file(&path));
            drop(std::fs::create_dir_all(&path));
        }
    }
}

#[test]
fn somebody_else_is_never_overwritten_at_any_moment_of_a_commit() {
    for old_system in systems() {
        for (path, _) in [("a", 0), ("deep/b.sh", 1), ("deep/er/c", 2), ("new/er/d", 3)] {
            for at in 0..30 {
                let scene = Scene::new();
                let before = snapshot(scene.path());
                let once = AtomicBool::new(false);
                let root = scene.path().to_owned();
                let hook = |number| {
                    if number == at && !once.swap(true, Ordering::Relaxed) {
                        intrude(&root, path, 0);
                    }
                };
                let faulty = Faulty { before: Box::new(hook), old_system, ..Faulty::new() };
                let context = format!("{path} at {at}, old system: {old_system}");
                let conflicts = scene.commit(&faulty).expect(&context);
                if !once.load(Ordering::Relaxed) {
                    break;
                }
                let text = std::fs::read_to_string(scene.path().join(path));
                assert_eq!(text.expect(&context), "the user's own", "{context}");
                if conflicts.is_empty() {
                    continue;
                }
                // Everything else is as it was: the very files, with their times.
                let mut after = snapshot(scene.path());
                let mut expected = before.clone();
                for snapshot in [&mut after, &mut expected] {
                    snapshot.remove(path);
                    snapshot
                        .retain(|name, _| !(path.starts_with("new/") && name.starts_with("new")));
                }
                assert_eq!(after, expected, "{context}");
            }
        }
    }
}

#[test]
fn a_rollback_that_crashes_is_finished_by_the_next_commit() {
    for old_system in systems() {
        for dies_at in 0..60 {
            let scene = Scene::new();
            let before = snapshot(scene.path());
            let root = scene.path().to_owned();
            let once = AtomicBool::new(false);
            let new = root.join("new/er/d");
            // Somebody creates the last file just before it is renamed into its place.
            let hook = |_| {
                if root.join("new/er").exists() && !once.swap(true, Ordering::Relaxed) {
                    std::fs::write(&new, "the user's own").unwrap();
                }
            };
            let faulty = Faulty { dies_at, before: Box::new(hook), old_system, ..Faulty::new() };
            let first = scene.commit(&faulty);
            drop(faulty);
            if !once.load(Ordering::Relaxed) {
                continue;
            }
            let conflicts = scene.commit(&Faulty { old_system, ..Faulty::new() }).unwrap();
            assert_eq!(conflicts.len(), 1, "died at {dies_at}");
            let mut after = snapshot(scene.path());
            after.retain(|name, _| !name.starts_with("new"));
            assert_eq!(after, before, "died at {dies_at}, first: {first:?}");
            assert_eq!(std::fs::read_to_string(&new).unwrap(), "the user's own");
        }
    }
}

#[test]
fn a_failing_disk_leaves_nothing_changed() {
    struct Full;
    impl Calls for Full {
        fn make_folder(&self, at: At<'_>, mode: u32) -> io::Result<()> {
            Kernel.make_folder(at, mode)
        }
        fn write_new(&self, at: At<'_>, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
            if at.1 == "3" { Err(Errno::NOSPC.into()) } else { Kernel.write_new(at, bytes, mode) }
        }
        fn exchange(&self, one: At<'_>, other: At<'_>) -> io::Result<()> {
            Kernel.exchange(one, other)
        }
        fn rename_new(&self, from: At<'_>, to: At<'_>) -> io::Result<()> {
            Kernel.rename_new(from, to)
        }
        fn rename(&self, from: At<'_>, to: At<'_>) -> io::Result<()> {
            Kernel.rename(from, to)
        }
        fn link_new(&self, from: At<'_>, to: At<'_>) -> io::Result<()> {
            Kernel.link_new(from, to)
        }
        fn remove(&self, at: At<'_>) -> io::Result<()> {
            Kernel.remove(at)
        }
        fn remove_folder(&self, at: At<'_>) -> io::Result<()> {
            Kernel.remove_folder(at)
        }
        fn sync_folder(&self, folder: BorrowedFd<'_>) -> io::Result<()> {
            Kernel.sync_folder(folder)
        }
        fn sync(&self, folder: BorrowedFd<'_>) -> io::Result<()> {
            Kernel.sync(folder)
        }
    }
    let scene = Scene::new();
    let before = snapshot(scene.path());
    let error = scene.commit(&Full).unwrap_err();
    assert!(error.message.ends_with("nothing is changed"), "{}", error.message);
    assert_eq!(snapshot(scene.path()), before);
}

#[test]
fn undoing_gives_back_contents_and_permissions() {
    let scene = Scene::new();
    let before = contents(scene.path());
    assert_eq!(scene.commit(&Faulty::new()).unwrap(), []);
    assert_eq!(scene.commit_all(&Faulty::new(), &inverted(&scene.changes)).unwrap(), []);
    assert_eq!(contents(scene.path()), before);
    let mode = std::fs::metadata(scene.path().join("deep/b.sh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
}

#[test]
fn undoing_leaves_what_somebody_edited_later() {
    let scene = Scene::new();
    assert_eq!(scene.commit(&Faulty::new()).unwrap(), []);
    std::fs::write(scene.path().join("a"), "later").unwrap();
    let after = snapshot(scene.path());
    let conflicts = scene.commit_all(&Faulty::new(), &inverted(&scene.changes)).unwrap();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(snapshot(scene.path()), after);
}

#[test]
fn a_folder_that_became_a_link_is_a_conflict_and_nothing_is_written_beyond_it() {
    let (scene, outside) = (Scene::new(), tempfile::tempdir().unwrap());
    std::fs::rename(scene.path().join("deep"), outside.path().join("deep")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("deep"), scene.path().join("deep")).unwrap();
    let before = snapshot(outside.path());
    let conflicts = scene.commit(&Faulty::new()).unwrap();
    assert_eq!(
        conflicts.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(),
        ["deep/b.sh", "deep/er/c"]
    );
    assert_eq!(snapshot(outside.path()), before);
}

#[test]
fn changes_that_make_no_sense_are_refused() {
    let scene = Scene::new();
    let twice = [scene.changes.clone(), scene.changes.clone()].concat();
    let state = scene.changes[0].after.clone();
    let at = |path: &str| {
        vec![Change { root: "r".into(), path: path.into(), before: None, after: state.clone() }]
    };
    let empty = vec![Change { root: "r".into(), path: "x".into(), before: None, after: None }];
    for changes in [twice, at("../x"), at("/x"), at(".voyager-x/0"), empty] {
        scene.commit_all(&Faulty::new(), &changes).unwrap_err();
    }
    assert_eq!(contents(scene.path()).len(), FILES.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn all_or_none_with_a_crash_and_somebody_else_at_any_moment(
        old_system: bool,
        dies_at in 0_u64..60,
        intrudes_at in 0_u64..60,
        which in 0_usize..4,
        how: u8,
    ) {
        let scene = Scene::new();
        let root = scene.path().to_owned();
        let path = scene.changes[which].path.clone();
        let once = AtomicBool::new(false);
        let hook = |number| {
            if number == intrudes_at && !once.swap(true, Ordering::Relaxed) {
                intrude(&root, &path, how);
            }
        };
        let faulty = Faulty { dies_at, before: Box::new(hook), old_system, ..Faulty::new() };
        let first = scene.commit(&faulty);
        drop(faulty);
        let intruded = once.load(Ordering::Relaxed);
        let result = match first {
            Ok(conflicts) => conflicts,
            Err(_) => scene.commit(&Faulty { old_system, ..Faulty::new() }).unwrap(),
        };
        let mut files = contents(&root);
        if intruded && how % 3 == 0 {
            prop_assert_eq!(files.get(&path).map(Vec::as_slice), Some(b"the user's own".as_slice()));
        }
        prop_assert!(!files.keys().any(|name| name.starts_with(STAGING_PREFIX)));
        // All others are either all as before or all as after.
        files.remove(&path);
        files.retain(|name, _| !name.ends_with(".voyager-kept"));
        let before = |change: &Change| change.before.as_ref().map(|it| it.digest);
        let after = |change: &Change| change.after.as_ref().map(|it| it.digest);
        let others = || scene.changes.iter().filter(|it| it.path != path);
        let now = |change: &Change| files.get(&change.path).map(|bytes| Digest::of(bytes));
        if result.is_empty() {
            prop_assert!(others().all(|it| now(it) == after(it)));
        } else {
            prop_assert!(others().all(|it| now(it) == before(it)), "{:?}", result);
        }
    }
}
