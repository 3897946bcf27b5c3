//! SIGKILL at seeded points, then `resume`: the same outputs, and no half-applied set of files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use e2e::{Stage, tree};
use voyager_base::chance::{Chance, Seeded};

/// Files of the trees that are worked on.
const FILES: usize = 2_000;

/// Kills of each manifest: few in the ordinary test, many in a storm.
#[expect(clippy::disallowed_methods, reason = "the long form is asked for by `cargo xtask storm`")]
fn kills() -> u64 {
    if std::env::var("VOYAGER_STORM").is_ok() { 100 } else { 5 }
}

fn grow(folder: &Path) {
    for number in 0..FILES {
        let path = folder.join(format!("d{}/f{number}.py", number % 40));
        fs::create_dir_all(path.parent().expect("above")).expect("folders can be made");
        let text = format!("def old_name_{number}():\n    return old_name + {number}\n");
        fs::write(path, text).expect("files can be written");
    }
}

#[test]
fn an_audit_that_is_killed_gives_the_same_report_when_resumed() {
    let Some(reference) = Stage::new() else { return };
    grow(&reference.path("repo"));
    let audit = |stage: &Stage, repo: &Path| {
        let input = format!("repo={}", repo.display());
        let out = stage.path("out").display().to_string();
        ["run", "audit", "--input", &input, "--out", &out].map(str::to_owned)
    };
    let repo = reference.path("repo");
    let whole = reference.answer(audit(&reference, &repo));
    assert_eq!(whole["status"], "done", "{whole}");
    let expected = tree(&reference.path("out"));
    let seed = 20_261_120;
    let chance = Seeded::new(seed);
    for kill in 0..kills() {
        let stage = Stage::new().expect("staged before");
        let lines = usize::try_from(chance.number() % 40).expect("small") + 1;
        let killed = stage.kill_after(audit(&stage, &repo), lines);
        let place = format!("seed {seed}, kill {kill} after {lines} lines (killed: {killed})");
        if killed {
            // Killed once more while it recovers.
            let again = usize::try_from(chance.number() % 10).expect("small") + 1;
            let out = stage.path("out").display().to_string();
            stage.kill_after(["resume", "--out", &out], again);
            let listed = stage.answer(["runs"]);
            // One that has ended may have been killed before it wrote its artifacts.
            if let Some(run) = listed[0]["run"].as_str() {
                let resumed = stage.answer(["resume", run, "--out", &out]);
                assert_eq!(resumed["status"], "done", "{place}: {resumed}");
            }
            if listed.as_array().is_some_and(Vec::is_empty) {
                // Killed before the run began.
                stage.answer(audit(&stage, &repo));
            }
        }
        assert_eq!(tree(&stage.path("out")), expected, "{place}");
    }
}

#[test]
fn a_rename_that_is_killed_leaves_all_files_changed_or_none() {
    let Some(first) = Stage::new() else { return };
    drop(first);
    let seed = 20_261_121;
    let chance = Seeded::new(seed);
    for kill in 0..kills() {
        let stage = Stage::new().expect("staged before");
        let repo: PathBuf = stage.path("repo");
        grow(&repo);
        let before = tree(&repo);
        let inputs = [
            format!("repo={}", repo.display()),
            "from=old_name".into(),
            "to=new_name".into(),
            "apply=true".into(),
        ];
        let mut arguments = vec!["run".to_owned(), "rename".to_owned()];
        inputs.into_iter().for_each(|input| arguments.extend(["--input".to_owned(), input]));
        let lines = usize::try_from(chance.number() % 8).expect("small") + 1;
        let killed = stage.kill_after(arguments, lines);
        let place = format!("seed {seed}, kill {kill} after {lines} lines (killed: {killed})");
        let listed = stage.answer(["runs"]);
        if listed[0]["status"] == "interrupted" {
            let resumed = stage.answer(["resume"]);
            assert_eq!(resumed["status"], "done", "{place}: {resumed}");
        }
        let after = tree(&repo);
        let begun = !listed.as_array().is_some_and(Vec::is_empty);
        let expected = if begun { changed(&before) } else { before };
        assert_eq!(after.len(), expected.len(), "{place}");
        assert!(after == expected, "{place}: some files are changed and some are not");
    }
}

fn changed(tree: &[(PathBuf, Vec<u8>)]) -> Vec<(PathBuf, Vec<u8>)> {
    let replace = |content: &Vec<u8>| {
        String::from_utf8_lossy(content)
            .replace("return old_name +", "return new_name +")
            .into_bytes()
    };
    tree.iter().map(|(path, content)| (path.clone(), replace(content))).collect()
}
