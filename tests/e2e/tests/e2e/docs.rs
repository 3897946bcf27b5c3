//! What the pages show is checked: every complete manifest in them is valid.

use std::{fs, path::PathBuf};

use e2e::Stage;

/// Complete manifests in the pages below a folder of `docs`, with the page and their number.
fn manifests(folder: &str) -> Vec<(String, String)> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../docs", folder].iter().collect();
    let mut found = Vec::new();
    for entry in fs::read_dir(&path).expect("the pages are there").flatten() {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        let page = entry.file_name().to_string_lossy().replace('.', "-");
        let blocks = text.split("```yaml\n").skip(1).filter_map(|it| it.split("\n```").next());
        for (number, block) in blocks.filter(|it| it.starts_with("voyager: manifest/")).enumerate()
        {
            found.push((format!("{page}-{number}.yaml"), format!("{block}\n")));
        }
    }
    found.sort();
    found
}

#[test]
fn every_manifest_in_the_pages_is_valid() {
    let Some(stage) = Stage::new() else { return };
    let all: Vec<_> = ["guide", "reference"].into_iter().flat_map(manifests).collect();
    assert!(!all.is_empty(), "the pages show manifests");
    for (name, text) in all {
        stage.write(&name, &text);
        let ended = stage.call(["validate", &name]);
        assert_eq!(ended.code, Some(0), "{name}:\n{text}\n{}", ended.err);
    }
}

#[test]
fn what_the_guide_to_skills_shows_is_what_is_told() {
    let Some(stage) = Stage::new() else { return };
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/skills.md");
    let text = fs::read_to_string(page).expect("the page is there");
    let blocks: Vec<&str> =
        text.split("```console\n").skip(1).filter_map(|it| it.split("```").next()).collect();
    assert!(!blocks.is_empty(), "the page shows what is told");
    for block in blocks {
        let (line, told) = block.split_once('\n').expect("a command and what it tells");
        let words = line.strip_prefix("$ agent-host ").expect("a command of ours").split(' ');
        let ended = stage.call(words.map(|word| word.trim_matches('\'')));
        assert_eq!(ended.out + &ended.err, told, "{line}");
    }
}
