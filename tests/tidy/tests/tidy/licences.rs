//! Licences and sources of everything that is linked.

use crate::{assert_none, metadata};

/// Licences that may be combined with `MIT OR Apache-2.0`.
const ALLOWED: [&str; 16] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // Of a list of root certificates: data, to be passed on with its text.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

#[test]
fn every_licence_is_one_we_may_use() {
    let mut findings = Vec::new();
    for package in &metadata().packages {
        let licence = package.license.as_deref().unwrap_or_default();
        if !satisfied(licence) {
            let file = package.license_file.as_deref().unwrap_or("no file");
            findings.push(format!("{} {}: `{licence}` ({file})", package.name, package.version));
        }
    }
    assert_none("Only permissive licences.", &findings);
}

#[test]
fn every_crate_comes_from_the_registry() {
    let registry = "registry+https://github.com/rust-lang/crates.io-index";
    let foreign = metadata()
        .packages
        .iter()
        .filter(|it| it.source.as_deref().is_some_and(|source| source != registry));
    let findings: Vec<String> = foreign
        .map(|it| format!("{} from {}", it.name, it.source.as_deref().unwrap_or("?")))
        .collect();
    assert_none("Crates come from crates.io, not from repositories.", &findings);
}

/// Whether an SPDX expression can be met with the allowed licences. The old `/` means `OR`.
fn satisfied(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    !words.is_empty() && any(&words, &mut at) && at == words.len()
}

fn any(words: &[&str], at: &mut usize) -> bool {
    let mut met = all(words, at);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all(words, at);
    }
    met
}

fn all(words: &[&str], at: &mut usize) -> bool {
    let mut met = one(words, at);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(words, at);
    }
    met
}

fn one(words: &[&str], at: &mut usize) -> bool {
    let word = words.get(*at).copied().unwrap_or_default();
    *at += 1;
    if word == "(" {
        let met = any(words, at);
        *at += 1;
        return met;
    }
    let mut licence = word.to_owned();
    if words.get(*at) == Some(&"WITH") {
        licence = format!("{word} WITH {}", words.get(*at + 1).copied().unwrap_or_default());
        *at += 2;
    }
    ALLOWED.contains(&licence.as_str())
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    assert!(satisfied("MIT OR GPL-3.0"));
    assert!(satisfied("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(satisfied("Apache-2.0 WITH LLVM-exception"));
    assert!(satisfied("MIT/Apache-2.0"));
    assert!(!satisfied("MIT AND GPL-3.0"));
    assert!(!satisfied("GPL-3.0"));
    assert!(!satisfied(""));
}
