//! Files that change together or not at all, and runs that are taken back: the example of
//! `docs/guide/manifests.md` with real skills and a real program.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt as _, symlink},
    path::{Path, PathBuf},
};

use e2e::{Ended, Stage};
use serde_json::{Value as Json, json};

const GUIDE: &str = include_str!("../../../../docs/guide/manifests.md");

/// Fails where the file that the rename changes says what it must not.
const CHECK: &str = "import sys; sys.exit(open('src/a.py').read().startswith('def u'))";

struct Scene {
    stage: Stage,
    manifest: String,
    repo: PathBuf,
}

impl Scene {
    fn new() -> Option<Self> {
        let stage = Stage::new()?;
        stage.write("repo/src/a.py", "def one():\n    return two()\n");
        stage.write("repo/src/b.py", "from a import one\n");
        stage.write("repo/check.py", CHECK);
        let repo = stage.path("repo");
        symlink("src/a.py", repo.join("link")).expect("links can be made");
        let blocks = GUIDE.split("```yaml\n").skip(1).filter_map(|it| it.split("\n```").next());
        let block = blocks.into_iter().find(|it| it.contains("name: tested-rename"));
        let text = format!("{}\n", block.expect("the guide shows `tested-rename`"));
        let manifest = stage.write("tested-rename.yaml", text).display().to_string();
        Some(Self { stage, manifest, repo })
    }

    fn arguments(&self, to: &str) -> Vec<String> {
        let inputs = [
            format!("repo={}", self.repo.display()),
            "old=one".to_owned(),
            format!("new={to}"),
            "tests=python3 check.py".to_owned(),
        ];
        let inputs = inputs.into_iter().flat_map(|input| ["--input".to_owned(), input]);
        ["run".to_owned(), self.manifest.clone()].into_iter().chain(inputs).collect()
    }

    /// Renames `one`. The id of the run.
    fn renamed(&self, to: &str) -> String {
        let run = self.stage.answer(self.arguments(to));
        assert_eq!(run["status"], "done", "{run}");
        run["run"].as_str().expect("the run has an id").to_owned()
    }

    fn undo(&self, arguments: &[&str]) -> (Ended, Json) {
        let ended = self.stage.call(["--json", "undo"].iter().chain(arguments));
        let answer = ended.last()["answer"].take();
        (ended, answer)
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.repo.join(path)).expect("the file is there")
    }
}

#[test]
fn a_change_is_kept_where_the_tests_pass_with_it() {
    let Some(scene) = Scene::new() else { return };
    let run = scene.renamed("good");
    assert_eq!(scene.text("src/a.py"), "def good():\n    return two()\n");
    assert_eq!(scene.text("src/b.py"), "from a import good\n");
    let replayed = scene.stage.answer(["replay", &run, "--verify"]);
    assert_eq!(replayed["status"], "done", "{replayed}");
}

#[test]
fn a_change_with_which_the_tests_fail_leaves_no_trace() {
    let Some(scene) = Scene::new() else { return };
    let before = snapshot(&scene.repo);
    let ended = scene.stage.call(["--json".to_owned()].into_iter().chain(scene.arguments("ugly")));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("the tests fail with the new name"), "{ended:?}");
    assert_eq!(snapshot(&scene.repo), before);
}

#[test]
fn a_run_that_is_killed_within_a_transaction_has_changed_nothing_and_goes_on() {
    let Some(scene) = Scene::new() else { return };
    let before = snapshot(&scene.repo);
    let renamed = |line: &String| line.contains("step-done") && line.contains("rename");
    assert!(scene.stage.kill_when(scene.arguments("good"), renamed), "the rename ends");
    assert_eq!(snapshot(&scene.repo), before);
    let ended = scene.stage.call(["--json", "resume"]);
    let run = ended.last()["answer"].take();
    if run["status"] == "done" {
        assert_eq!(scene.text("src/b.py"), "from a import good\n");
    } else {
        // Where the program was under way, nobody knows whether it ran.
        assert_eq!(run["error"]["kind"], "unknown-effect", "{ended:?}");
        assert_eq!(snapshot(&scene.repo), before);
    }
}

#[test]
fn a_run_is_taken_back_and_that_again() {
    let Some(scene) = Scene::new() else { return };
    let run = scene.renamed("good");
    let after = (scene.text("src/a.py"), scene.text("src/b.py"));
    let (ended, would) = scene.undo(&[&run, "--dry-run"]);
    assert_eq!((ended.code, &would["outcome"]), (Some(0), &json!("possible")), "{would}");
    assert_eq!(would["restored"].as_array().map(Vec::len), Some(2), "{would}");
    assert_eq!(would["not-undone"][0]["about"], "python3 check.py", "{would}");
    assert_eq!(scene.text("src/b.py"), after.1, "nothing is done yet");

    let (ended, undone) = scene.undo(&[&run]);
    assert_eq!((ended.code, &undone["outcome"]), (Some(0), &json!("done")), "{undone}");
    assert_eq!(scene.text("src/a.py"), "def one():\n    return two()\n");
    let by = undone["undo"].as_str().expect("the undo is a run").to_owned();
    let shown = scene.stage.answer(["runs", "show", &by]);
    assert_eq!((&shown["name"], &shown["inputs"]["run"]), (&json!("undo"), &json!(run)), "{shown}");
    assert_eq!(scene.stage.answer(["replay", &by, "--verify"])["status"], "done");

    let (_, again) = scene.undo(&[&run]);
    assert_eq!(again["outcome"], "nothing", "{again}");
    let (_, redone) = scene.undo(&[&by]);
    assert_eq!(redone["outcome"], "done", "{redone}");
    assert_eq!((scene.text("src/a.py"), scene.text("src/b.py")), after);
}

#[test]
fn an_undo_touches_nothing_where_somebody_changed_a_file_since() {
    let Some(scene) = Scene::new() else { return };
    let run = scene.renamed("good");
    scene.stage.write("repo/src/b.py", "from a import good  # mine\n");
    let before = snapshot(&scene.repo);
    for arguments in [vec![run.as_str()], vec![run.as_str(), "--dry-run"]] {
        let (ended, refused) = scene.undo(&arguments);
        assert_eq!((ended.code, &refused["outcome"]), (Some(1), &json!("refused")), "{refused}");
        assert_eq!(refused["conflicts"][0]["path"], "src/b.py", "{refused}");
        assert_eq!(refused["restored"], json!([]), "{refused}");
    }
    assert_eq!(snapshot(&scene.repo), before);
    let told = scene.stage.call(["undo", &run]);
    assert!(told.out.contains("src/b.py") && told.err.contains("nothing is touched"), "{told:?}");
}

#[test]
fn a_step_is_taken_back_where_a_later_one_fails_or_the_host_dies() {
    let Some(scene) = Scene::new() else { return };
    let manifest = "\
voyager: manifest/v1
name: taken-back
version: 1.0.0
inputs: { repo: { type: path } }
grants:
  workspace: [ { root: inputs.repo, read: [\"**\"], write: [\"**\"] } ]
  process: [ { run: python3 } ]
steps:
  - id: there
    use: coder/rename
    with: { name: one, to: uno, globs: [], diff-bytes: 0 }
    compensate:
      use: coder/rename
      with: { name: uno, to: one, globs: { expr: \"result.files.map(it, it.path)\" }, diff-bytes: 0 }
  - id: checked
    use: process/run
    with: { command: python3 check.py }
    expect: [ { that: result.passed } ]
";
    let manifest = scene.stage.write("taken-back.yaml", manifest).display().to_string();
    let input = format!("repo={}", scene.repo.display());
    let arguments = ["run", &manifest, "--input", &input];
    let ended = scene.stage.call(["--json"].iter().chain(&arguments));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains(r#""step-done","step":"there.compensate""#), "{ended:?}");
    assert_eq!(scene.text("src/b.py"), "from a import one\n");

    let under_way = |line: &String| line.contains("step-started") && line.contains("compensate");
    assert!(scene.stage.kill_when(arguments, under_way), "the compensation begins");
    let resumed = scene.stage.call(["--json", "resume"]);
    assert_eq!(resumed.code, Some(1), "{resumed:?}");
    assert_eq!(scene.text("src/a.py"), "def one():\n    return two()\n");
    assert_eq!(scene.text("src/b.py"), "from a import one\n");
    let run = resumed.last()["answer"]["run"].as_str().expect("it has an id").to_owned();
    assert_eq!(scene.stage.answer(["replay", &run, "--verify"])["status"], "failed");
}

/// Of every path below a folder its kind and mode, its time, and its content or target.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (u32, i64, i64, Vec<u8>)> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(path) = open.pop() {
        let stat = fs::symlink_metadata(&path).expect("it is there");
        let content = if stat.is_dir() {
            open.extend(
                fs::read_dir(&path).expect("it can be listed").flatten().map(|it| it.path()),
            );
            Vec::new()
        } else if stat.is_symlink() {
            let target = fs::read_link(&path).expect("it is a link");
            target.as_os_str().as_encoded_bytes().to_vec()
        } else {
            fs::read(&path).expect("it can be read")
        };
        all.insert(path, (stat.mode(), stat.mtime(), stat.mtime_nsec(), content));
    }
    all
}
