//! Manifests that are wrong, each with the codes and places that have to be found, and manifests that
//! are right.
//!
//! The last lines of each bad manifest are its expectations, `# expect: V0103 at 5:1`. With
//! `UPDATE_CORPUS=1` in the environment they are written anew; read the difference before you keep it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use voyager_base::Limits;
use voyager_manifest::{Checked, Code, Files, Library, Pins, check_among, render};

const EXPECT: &str = "# expect: ";

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    files
}

fn checked(path: &Path, text: &[u8]) -> Checked {
    let name = path.file_name().unwrap().to_str().unwrap();
    let pins = match name.starts_with("sub-pin-") {
        true => Pins::read(fs::read(others(&name.replace(".yaml", ".lock"))).ok().as_deref()),
        false => Pins::Ignored,
    };
    let library = Library { files: &Others, pins: &pins };
    check_among(text, name, &crate::common::catalog(), &Limits::ceiling(), library)
}

/// Manifests that those of the corpus run.
struct Others;

impl Files for Others {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        fs::read(others(path)).map_err(|_| "there is no such file".to_owned())
    }
}

fn others(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/others").join(path)
}

fn found(checked: &Checked) -> Vec<String> {
    let show = |found: &voyager_manifest::Diagnostic| {
        format!("{} at {}:{}", found.code, found.place.line, found.place.column)
    };
    checked.diagnostics.iter().map(show).collect()
}

/// The text without its expectations, and these. Byte texts need not be UTF-8.
fn split(text: &[u8]) -> (Vec<u8>, Vec<String>) {
    let mut lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let mut expected = Vec::new();
    while let Some(line) = lines.last().and_then(|line| line.strip_prefix(EXPECT.as_bytes())) {
        expected.insert(0, String::from_utf8_lossy(line).trim().to_owned());
        lines.pop();
    }
    (lines.concat(), expected)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whether to update is the developer's word")]
fn every_bad_manifest_is_told_what_is_wrong_and_where() {
    let update = std::env::var("UPDATE_CORPUS").is_ok();
    let mut differences = String::new();
    let paths = files("bad");
    assert!(paths.len() >= 400, "the corpus has {} cases", paths.len());
    for path in &paths {
        let (text, expected) = split(&fs::read(path).unwrap());
        let checked = checked(path, &text);
        let found = found(&checked);
        assert!(!found.is_empty(), "{} is good", path.display());
        if found == expected {
            continue;
        }
        if update {
            let mut text = text.clone();
            for line in &found {
                text.extend(format!("{EXPECT}{line}\n").bytes());
            }
            fs::write(path, text).unwrap();
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        differences.push_str(&format!("{name}\n  expected {expected:?}\n  found    {found:?}\n"));
        differences.push_str(&render(&checked.diagnostics, name, &text, false));
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn every_code_has_a_case() {
    let seen: BTreeSet<String> = files("bad")
        .iter()
        .flat_map(|path| split(&fs::read(path).unwrap()).1)
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect();
    // Too large for a corpus: see the tests of size.
    let elsewhere = [Code::TooLarge, Code::Nodes, Code::SubSize];
    let missing: Vec<String> = Code::ALL
        .iter()
        // Those of scenarios have their cases in `scenarios.rs`, those of policies in `policy.rs`.
        .filter(|code| !code.text().starts_with("V08") && !code.text().starts_with("V049"))
        .filter(|code| !elsewhere.contains(code) && !seen.contains(code.text()))
        .map(|code| format!("{code} {}", code.title()))
        .collect();
    assert!(missing.is_empty(), "no case for {missing:#?}");
}

#[test]
fn every_good_manifest_has_a_plan_and_no_findings() {
    for path in files("good") {
        let text = fs::read(&path).unwrap();
        let checked = checked(&path, &text);
        let shown = render(&checked.diagnostics, &path.display().to_string(), &text, false);
        assert!(checked.is_clean(), "{shown}");
        let plan = checked.plan.unwrap();
        let json = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<voyager_manifest::Plan>(&json).unwrap(), plan);
    }
}

#[test]
fn an_error_leaves_no_plan_and_a_warning_does() {
    for path in files("bad") {
        let (text, _) = split(&fs::read(&path).unwrap());
        let checked = checked(&path, &text);
        assert_eq!(checked.plan.is_some(), checked.errors() == 0, "{}", path.display());
    }
}

/// Manifests `0.yaml` to `99.yaml`, each of which runs the next one so many times.
struct Chain(usize);

impl Files for Chain {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let number: usize = path.trim_end_matches(".yaml").parse().map_err(|_| "no number")?;
        Ok(self.text(number).into_bytes())
    }
}

impl Chain {
    fn text(&self, number: usize) -> String {
        let step = |at: usize| format!("  - {{ id: s{at}, use: ./{}.yaml }}\n", number + 1);
        let steps: String = match number {
            99 => "  - { id: s, sleep: 1s }\n".to_owned(),
            _ => (0..self.0).map(step).collect(),
        };
        format!("voyager: manifest/v1\nname: chain\nversion: 1.0.0\nsteps:\n{steps}")
    }

    fn found(&self, first: usize) -> Vec<String> {
        let library = Library { files: self, pins: &Pins::Ignored };
        let (text, catalog) = (self.text(first), crate::common::catalog());
        let name = format!("{first}.yaml");
        let checked = check_among(text.as_bytes(), &name, &catalog, &Limits::ceiling(), library);
        checked.diagnostics.iter().map(|it| format!("{} {}", it.code, it.message)).collect()
    }
}

#[test]
fn manifests_that_run_each_other_too_deeply_or_too_often_have_no_plan() {
    assert!(Chain(1).found(84).is_empty(), "sixteen are not too many");
    let deep = Chain(1).found(82);
    assert!(deep[0].contains("more than 16 manifests"), "{deep:?}");
    let wide = Chain(10).found(95);
    assert!(wide.iter().any(|it| it.contains("there are")), "{wide:?}");
}
