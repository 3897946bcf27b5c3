//! `manifests/rename.yaml`: files change together, or not at all.

use std::{fs, path::PathBuf};

use e2e::{Stage, tree};

fn repository(stage: &Stage) -> PathBuf {
    stage.write("repo/a.py", "def old_name():\n    return 1\n");
    stage.write("repo/deep/b.py", "from a import old_name\nold_name()\nold_name_too = 2\n");
    stage.write("repo/c.txt", "nothing here\n");
    stage.path("repo")
}

fn arguments(repo: &std::path::Path, apply: bool) -> [String; 10] {
    let input = |text: String| ["--input".to_owned(), text];
    let [a, b] = input(format!("repo={}", repo.display()));
    let [c, d] = input("from=old_name".into());
    let [e, f] = input("to=new_name".into());
    let [g, h] = input(format!("apply={apply}"));
    ["run".into(), "rename".into(), a, b, c, d, e, f, g, h]
}

#[test]
fn a_preview_shows_the_change_and_makes_none() {
    let Some(stage) = Stage::new() else { return };
    let repo = repository(&stage);
    let before = tree(&repo);
    let run = stage.answer(arguments(&repo, false));
    assert_eq!(run["status"], "done", "{run}");
    let diff = run["artifacts"][0][1].as_str().expect("the preview is an artifact");
    let diff = fs::read_to_string(diff).expect("it is there");
    assert!(diff.contains("-def old_name():\n+def new_name():\n"), "{diff}");
    assert_eq!(tree(&repo), before);
}

#[test]
fn applying_changes_whole_words_only() {
    let Some(stage) = Stage::new() else { return };
    let repo = repository(&stage);
    let run = stage.answer(arguments(&repo, true));
    assert_eq!(run["status"], "done", "{run}");
    assert_eq!(run["changed"].as_array().map(Vec::len), Some(2), "{run}");
    assert_eq!(fs::read_to_string(repo.join("a.py")).unwrap(), "def new_name():\n    return 1\n");
    let b = fs::read_to_string(repo.join("deep/b.py")).unwrap();
    assert_eq!(b, "from a import new_name\nnew_name()\nold_name_too = 2\n");
    // Nothing of ours stays behind.
    let names: Vec<_> = tree(&repo).into_iter().map(|(path, _)| path).collect();
    assert_eq!(names.len(), 3, "{names:?}");
}
