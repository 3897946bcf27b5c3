//! Lock files against a database, small ones here and the real one where it is at hand.

use super::*;
use std::path::{Path, PathBuf};

/// A database in memory.
impl Database for BTreeMap<String, Vec<u8>> {
    fn list(&self, _: &[String], max: usize) -> Result<Vec<String>, String> {
        Ok(self
            .keys()
            .filter(|path| path.starts_with("crates/") && path.ends_with(".md"))
            .take(max)
            .cloned()
            .collect())
    }

    fn naming(&self, _: &[String], max: usize) -> Result<Vec<String>, String> {
        Ok(self.keys().filter(|path| path.ends_with(".json")).take(max).cloned().collect())
    }
}

/// A database on disk.
struct Folder(PathBuf);

impl Source for Folder {
    fn read(&self, path: &str, offset: u64, length: u64) -> Result<Vec<u8>, String> {
        let content = std::fs::read(self.0.join(path)).map_err(|error| error.to_string())?;
        BTreeMap::from([(String::new(), content)]).read("", offset, length)
    }
}

impl Database for Folder {
    fn list(&self, _: &[String], max: usize) -> Result<Vec<String>, String> {
        let mut paths = Vec::new();
        for folder in
            std::fs::read_dir(self.0.join("crates")).map_err(|error| error.to_string())?.flatten()
        {
            for file in
                std::fs::read_dir(folder.path()).map_err(|error| error.to_string())?.flatten()
            {
                let path = file.path();
                paths.push(path.strip_prefix(&self.0).unwrap().to_string_lossy().into_owned());
            }
        }
        paths.sort();
        paths.truncate(max);
        Ok(paths)
    }

    fn naming(&self, _: &[String], _: usize) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }
}

fn files(list: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    list.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
}

fn cargo_lock(packages: &[(&str, &str)]) -> String {
    let entry = |(name, version): &(&str, &str)| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\n"
        )
    };
    packages.iter().map(entry).collect()
}

fn summary(result: &DependencyResult) -> Vec<String> {
    result
        .findings
        .iter()
        .map(|f| format!("{}:{} {} {}", f.path, f.line, f.severity, f.message))
        .collect()
}

#[test]
fn without_a_database_the_result_says_so_and_counts_packages() {
    let files = files(&[("Cargo.lock", &cargo_lock(&[("time", "0.1.43")]))]);
    let result = scan(&files, None, &["Cargo.lock".to_owned()]);
    assert_eq!((result.packages, result.advisories), (1, None));
    assert!(result.notes[0].contains("no advisory database"));
}

#[test]
fn lock_files_of_several_ecosystems_meet_advisories_of_osv() {
    let database = files(&[
        (
            "npm/GHSA-1.json",
            r#"{"id":"GHSA-1","summary":"Pollution","affected":[{"package":{"ecosystem":"npm","name":"lodash"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"4.17.21"}]}]}]}"#,
        ),
        (
            "pypi/PYSEC-1.json",
            r#"{"id":"PYSEC-1","summary":"Injection","aliases":["CVE-2020-1"],"affected":[{"package":{"ecosystem":"PyPI","name":"django"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"3.0"},{"fixed":"3.2.2"}]}]}]}"#,
        ),
        (
            "go/GO-1.json",
            r#"{"id":"GO-1","summary":"Panic","affected":[{"package":{"ecosystem":"Go","name":"a.org/b"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.4"}]}]}]}"#,
        ),
        ("bad.json", "{"),
    ]);
    let code = files(&[
        (
            "web/package-lock.json",
            "{\"packages\": {\n\"node_modules/lodash\": {\"version\": \"4.17.20\"}}}",
        ),
        ("requirements.txt", "flask==1.0\nDjango==3.2.1\n"),
        ("go.mod", "module m\nrequire a.org/b v1.2.3\n"),
        ("go.sum", "a.org/b v1.0.0 h1:x\n"),
        ("broken/Cargo.lock", "[["),
    ]);
    let paths: Vec<String> = code.keys().cloned().collect();
    let result = scan(&code, Some(&database), &paths);
    assert_eq!(
        summary(&result),
        [
            "go.mod:2 high a.org/b v1.2.3: GO-1: Panic",
            "requirements.txt:2 high django 3.2.1: PYSEC-1 (CVE-2020-1): Injection",
            "web/package-lock.json:2 high lodash 4.17.20: GHSA-1: Pollution",
        ]
    );
    assert_eq!(result.findings[2].help, "Update to >= 4.17.21.");
    let skipped: Vec<_> = result.skipped.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(skipped, ["advisories/bad.json", "broken/Cargo.lock"]);
    assert_eq!((result.files.len(), result.packages, result.advisories), (3, 4, Some(3)));
}

#[test]
fn one_thing_in_two_databases_is_reported_once() {
    let rustsec = "```toml\n[advisory]\nid = \"RUSTSEC-1\"\npackage = \"a\"\naliases = [\"GHSA-2\"]\n[versions]\npatched = []\n```\n# T\n";
    let osv = r#"{"id":"GHSA-2","aliases":["RUSTSEC-1"],"affected":[{"package":{"ecosystem":"crates.io","name":"a"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#;
    let database = files(&[("crates/a/RUSTSEC-1.md", rustsec), ("x.json", osv)]);
    let code = files(&[("Cargo.lock", &cargo_lock(&[("a", "1.0.0")]))]);
    let result = scan(&code, Some(&database), &["Cargo.lock".to_owned()]);
    assert_eq!(summary(&result), ["Cargo.lock:2 high a 1.0.0: RUSTSEC-1: T"]);
}

/// The database's copy, where `ADVISORIES` of the build or the usual place has one.
fn real_database() -> Option<Folder> {
    let place = option_env!("VOYAGER_TEST_ADVISORIES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/advisory-db"),
        PathBuf::from,
    );
    place.join("crates").is_dir().then_some(Folder(place))
}

#[test]
fn the_real_database_knows_the_real_vulnerabilities() {
    let Some(database) = real_database() else {
        println!(
            "skipped: build with VOYAGER_TEST_ADVISORIES=FOLDER, a checkout of rustsec/advisory-db"
        );
        return;
    };
    let lock = cargo_lock(&[
        ("chrono", "0.4.19"),
        ("hyper", "0.14.9"),
        ("openssl", "0.10.47"),
        ("regex", "1.5.4"),
        ("serde", "1.0.228"),
        ("smallvec", "1.6.0"),
        ("time", "0.1.43"),
        ("tokio", "1.8.0"),
    ]);
    let code = files(&[("Cargo.lock", &lock)]);
    let result = scan(&code, Some(&database), &["Cargo.lock".to_owned()]);
    assert!(result.skipped.is_empty(), "{:?}", result.skipped);
    let ids: Vec<String> = result
        .findings
        .iter()
        .map(|f| {
            let mut words = f.message.split(' ');
            format!("{} {}", words.next().unwrap(), words.nth(1).unwrap().trim_end_matches(':'))
        })
        .collect();
    expect_test::expect![[r#"
        chrono RUSTSEC-2020-0159
        hyper RUSTSEC-2022-0022
        hyper RUSTSEC-2021-0078
        hyper RUSTSEC-2021-0079
        openssl RUSTSEC-2023-0072
        openssl RUSTSEC-2023-0022
        openssl RUSTSEC-2023-0023
        openssl RUSTSEC-2023-0024
        openssl RUSTSEC-2023-0044
        openssl RUSTSEC-2024-0357
        openssl RUSTSEC-2025-0004
        openssl RUSTSEC-2025-0022
        regex RUSTSEC-2022-0013
        smallvec RUSTSEC-2021-0003
        time RUSTSEC-2020-0071
        tokio RUSTSEC-2023-0005
        tokio RUSTSEC-2025-0023
        tokio RUSTSEC-2021-0072
        tokio RUSTSEC-2021-0124
        tokio RUSTSEC-2023-0001"#]]
    .assert_eq(&ids.join("\n"));
}

#[test]
fn every_advisory_of_the_real_database_is_understood() {
    let Some(database) = real_database() else {
        println!(
            "skipped: build with VOYAGER_TEST_ADVISORIES=FOLDER, a checkout of rustsec/advisory-db"
        );
        return;
    };
    let paths = database.list(&[], usize::MAX).unwrap();
    let mut counts = (0, 0);
    for path in &paths {
        let text =
            String::from_utf8(read_whole(&database, path, ADVISORY_BYTES_MAX).unwrap()).unwrap();
        match advisory::parse(path, &text) {
            Ok(list) if list.is_empty() => counts.1 += 1,
            Ok(_) => counts.0 += 1,
            Err(reason) => panic!("{path}: {reason}"),
        }
    }
    println!("{} advisories, {} withdrawn", counts.0, counts.1);
    assert!(counts.0 > 1_000);
}
