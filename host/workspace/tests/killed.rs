//! A host that is killed in the middle of a commit, for real.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use common::{Scene, Store, folders, query};
use futures_executor::block_on;
use voyager_base::workspace::WorkspaceService;
use voyager_workspace::{Workspace, thread_each};

const FILES: usize = 300;
const KILLS: u64 = 10;

/// Commits what the scene's task staged, from the content store alone, as a host after a crash does.
fn commit_again(root: &Path, store: &Path, changes: &[voyager_base::workspace::Change]) {
    let threads = std::num::NonZeroUsize::new(2).unwrap();
    let workspace = Workspace::new(Arc::new(Store(store.to_owned())), thread_each(), threads);
    assert_eq!(block_on(workspace.commit(&folders(root), changes)).unwrap(), []);
}

/// The process that the other test kills; without a job from it there is nothing to do.
#[test]
fn commits_until_it_is_killed() {
    let Ok(job) = std::fs::read("job") else { return };
    let job: (String, String, Vec<voyager_base::workspace::Change>) =
        rmp_serde::from_slice(&job).unwrap();
    std::fs::write("started", "").unwrap();
    commit_again(Path::new(&job.0), Path::new(&job.1), &job.2);
}

#[test]
fn a_killed_commit_is_finished_by_the_next_host() {
    let mut halves = 0;
    for kill in 0..KILLS {
        let scene = Scene::new(&[]);
        (0..FILES).for_each(|number| {
            scene.put(&format!("d{}/f{number}", number % 9), &format!("old {number}"))
        });
        scene.replace(query("old"), "new").unwrap();
        for number in 0..20 {
            scene.write(&format!("fresh/{}/{number}", number % 3), "new").unwrap();
        }
        let changes = scene.staged();
        assert_eq!(changes.len(), FILES + 20);
        let work = tempfile::tempdir().unwrap();
        let job = (scene.path().to_str().unwrap(), scene.store.path().to_str().unwrap(), &changes);
        std::fs::write(work.path().join("job"), rmp_serde::to_vec(&job).unwrap()).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["commits_until_it_is_killed", "--exact"])
            .current_dir(work.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while !work.path().join("started").exists() {
            std::thread::sleep(Duration::from_micros(200));
        }
        // Seeded, and spread over preparing and applying, which begins when the folder has its name.
        if kill % 2 == 1 {
            while child.try_wait().unwrap().is_none()
                && !scene.staging_folders().iter().any(|it| !it.contains(".new"))
            {
                std::thread::sleep(Duration::from_micros(50));
            }
        }
        std::thread::sleep(Duration::from_micros(kill * 7919 % 12_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let new = || {
            (0..FILES)
                .filter(|n| scene.on_disk(&format!("d{}/f{n}", n % 9)).unwrap().starts_with("new"))
        };
        halves += usize::from((1..FILES).contains(&new().count()));
        commit_again(scene.path(), scene.store.path(), &changes);
        assert_eq!(new().count(), FILES, "kill {kill}");
        for number in 0..20 {
            assert_eq!(scene.on_disk(&format!("fresh/{}/{number}", number % 3)).unwrap(), "new");
        }
        assert!(scene.staging_folders().is_empty(), "kill {kill}");
    }
    println!("{halves} of {KILLS} kills came between the first file and the last");
}
