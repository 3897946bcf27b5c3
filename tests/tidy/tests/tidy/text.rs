//! What the text of the project must show.

use crate::{assert_none, root, sources};

#[test]
fn every_module_says_what_it_is_for() {
    let mut findings = Vec::new();
    for folder in ["host", "skills", "sdk/rust/src", "tests"] {
        for (path, text) in sources(folder, ".rs") {
            let template = path.contains("/template/") || path.contains("/fixtures/");
            if !template && !text.lines().take(10).any(|line| line.starts_with("//!")) {
                findings.push(path);
            }
        }
    }
    assert_none("A file begins with what it is for.", &findings);
}

#[test]
fn nothing_is_left_half_done() {
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["unimplement", "ed!("].concat()];
    let mut findings = Vec::new();
    for folder in ["host", "skills", "sdk", "tests", "manifests", "wit"] {
        for (path, text) in sources(folder, "") {
            if path.contains("/fixtures/") || path.contains("/corpus/") || path.contains("/golden/")
            {
                continue;
            }
            for (number, line) in text.lines().enumerate() {
                if marks.iter().any(|mark| line.contains(mark.as_str())) {
                    findings.push(format!("{path}:{}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    assert_none("What is not finished is not on main.", &findings);
}

#[test]
fn no_test_is_ignored() {
    let mark = ["#[igno", "re"].concat();
    let mut findings = Vec::new();
    for folder in ["host", "skills", "sdk", "tests"] {
        for (path, text) in sources(folder, ".rs") {
            for (number, line) in text.lines().enumerate().filter(|(_, line)| line.contains(&mark))
            {
                findings.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert_none("A test runs, or says at run time why it is skipped.", &findings);
}

#[test]
fn the_visible_root_is_the_agreed_list() {
    const AGREED: [&str; 14] = [
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "docs",
        "host",
        "manifests",
        "sdk",
        "skills",
        "tests",
        "wit",
    ];
    let entries = std::fs::read_dir(root()).expect("the root can be read").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut findings: Vec<String> = names
        .filter(|it| !it.starts_with('.') && it != "target" && !AGREED.contains(&it.as_str()))
        .collect();
    findings.sort();
    assert_none("The root stays a table of contents; tools have hidden names.", &findings);
}
