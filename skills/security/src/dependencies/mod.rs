//! Dependencies with known vulnerabilities: lock files against an advisory database that lies
//! beside, as data.
//!
//! Nothing is fetched. The database is a folder in the form of RustSec (`crates/NAME/ID.md`), or of
//! OSV (`*.json` anywhere), or both.

mod advisory;
mod lock;
mod version;

use crate::model::{
    Confidence, DependencyResult, FINDINGS_MAX, RuleInfo, SKIPPED_MAX, Severity, settle,
};
use crate::source::{Source, read_whole};
use crate::text::{Describe, Hit, Origin, Placer};
use advisory::{Advisory, Sort};
use lock::{Ecosystem, Package};
use std::collections::{BTreeMap, BTreeSet};

/// Largest lock file.
const LOCK_BYTES_MAX: u64 = 32 << 20;

/// Largest advisory.
const ADVISORY_BYTES_MAX: u64 = 1 << 20;

/// Advisories that are read at most: ten times what any lock file was seen to need.
const ADVISORIES_MAX: usize = 20_000;

const VULNERABLE: &str = "vulnerable-dependency";
const UNSOUND: &str = "unsound-dependency";
const UNMAINTAINED: &str = "unmaintained-dependency";

/// An advisory database.
pub trait Database: Source {
    /// The files that match one of the globs, ordered, at most `max`.
    ///
    /// # Errors
    /// Why the folder can't be read.
    fn list(&self, globs: &[String], max: usize) -> Result<Vec<String>, String>;

    /// The JSON files that name one of the packages, where that can be found out faster than by
    /// reading all of them.
    ///
    /// # Errors
    /// Why the folder can't be searched.
    fn naming(&self, packages: &[String], max: usize) -> Result<Vec<String>, String>;
}

/// Whether a file is a lock file or a manifest that is understood.
#[must_use]
pub fn is_lock_file(path: &str) -> bool {
    lock::Format::of(path).is_some()
}

/// A lock file with what it pins.
struct Pinned {
    path: String,
    text: String,
    packages: Vec<Package>,
}

/// Checks the lock files among `paths`.
pub fn scan(
    source: &dyn Source,
    database: Option<&dyn Database>,
    paths: &[String],
) -> DependencyResult {
    let mut result = DependencyResult::default();
    let pinned = read_locks(source, paths, &mut result);
    let Some(database) = database else {
        result.notes.push(
            "no advisory database: grant a folder named `advisories` that holds RustSec's or OSV's advisories to check dependencies"
                .to_owned(),
        );
        return result;
    };
    let advisories = read_advisories(database, &pinned, &mut result);
    result.advisories = Some(advisories.values().map(|list| list.len() as u64).sum());
    for file in &pinned {
        check(file, &advisories, &mut result);
    }
    result.dropped += settle(&mut result.findings, FINDINGS_MAX);
    result.skipped.sort();
    result.skipped.truncate(SKIPPED_MAX);
    result
}

fn read_locks(source: &dyn Source, paths: &[String], result: &mut DependencyResult) -> Vec<Pinned> {
    let mut pinned = Vec::new();
    for path in paths {
        let Some(format) = lock::Format::of(path) else { continue };
        // `go.sum` also names versions that were only looked at; `go.mod` beside it knows better.
        if format == lock::Format::GoSum && paths.contains(&path.replace("go.sum", "go.mod")) {
            continue;
        }
        let read = read_whole(source, path, LOCK_BYTES_MAX)
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned()))
            .and_then(|text| lock::parse(format, &text).map(|packages| (text, packages)));
        match read {
            Ok((text, packages)) => {
                result.files.push(path.clone());
                result.packages += packages.len() as u64;
                pinned.push(Pinned { path: path.clone(), text, packages });
            }
            Err(reason) => result.skipped.push((path.clone(), reason)),
        }
    }
    result.files.sort();
    pinned
}

type Advisories = BTreeMap<(Ecosystem, String), Vec<Advisory>>;

fn read_advisories(
    database: &dyn Database,
    pinned: &[Pinned],
    result: &mut DependencyResult,
) -> Advisories {
    let wanted: BTreeSet<(Ecosystem, String)> = pinned
        .iter()
        .flat_map(|file| &file.packages)
        .map(|package| (package.ecosystem, package.name.clone()))
        .collect();
    let mut found: BTreeMap<(Ecosystem, String), BTreeMap<String, Advisory>> = BTreeMap::new();
    for path in candidates(database, &wanted, result) {
        let text = read_whole(database, &path, ADVISORY_BYTES_MAX)
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned()));
        match text.and_then(|text| advisory::parse(&path, &text)) {
            Ok(list) => {
                for one in list
                    .into_iter()
                    .filter(|one| wanted.contains(&(one.ecosystem, one.package.clone())))
                {
                    found
                        .entry((one.ecosystem, one.package.clone()))
                        .or_default()
                        .insert(one.id.clone(), one);
                }
            }
            Err(reason) => result.skipped.push((format!("advisories/{path}"), reason)),
        }
    }
    found
        .into_iter()
        .map(|(package, list)| (package, without_doubles(list.into_values().collect())))
        .collect()
}

/// Files of the database that may be about the wanted packages.
fn candidates(
    database: &dyn Database,
    wanted: &BTreeSet<(Ecosystem, String)>,
    result: &mut DependencyResult,
) -> Vec<String> {
    let mut paths = Vec::new();
    let crates: BTreeSet<&str> = wanted
        .iter()
        .filter(|(kind, _)| *kind == Ecosystem::Cargo)
        .map(|(_, name)| name.as_str())
        .collect();
    if !crates.is_empty() {
        match database.list(&["crates/**/*.md".to_owned()], ADVISORIES_MAX) {
            Ok(list) => {
                paths.extend(list.into_iter().filter(|path| {
                    path.split('/').nth(1).is_some_and(|name| crates.contains(name))
                }))
            }
            Err(reason) => {
                result.notes.push(format!("the advisory database can't be listed: {reason}"))
            }
        }
    }
    let names: BTreeSet<String> = wanted.iter().map(|(_, name)| name.clone()).collect();
    if !names.is_empty() {
        match database.naming(&names.into_iter().collect::<Vec<_>>(), ADVISORIES_MAX) {
            Ok(list) => paths.extend(list),
            Err(reason) => {
                result.notes.push(format!("the advisory database can't be searched: {reason}"))
            }
        }
    }
    if paths.len() > ADVISORIES_MAX {
        result.notes.push(format!("only {ADVISORIES_MAX} of {} advisories were read", paths.len()));
        paths.truncate(ADVISORIES_MAX);
    }
    paths
}

/// One advisory often stands in several databases: the first of those that name each other is kept,
/// RustSec's own before copies.
fn without_doubles(mut list: Vec<Advisory>) -> Vec<Advisory> {
    list.sort_by_key(|one| (!one.id.starts_with("RUSTSEC-"), one.id.clone()));
    let mut known: BTreeSet<String> = BTreeSet::new();
    list.retain(|one| {
        let fresh =
            !known.contains(&one.id) && !one.aliases.iter().any(|alias| known.contains(alias));
        known.insert(one.id.clone());
        known.extend(one.aliases.iter().cloned());
        fresh
    });
    list
}

fn check(file: &Pinned, advisories: &Advisories, result: &mut DependencyResult) {
    let mut hits = Vec::new();
    let mut helps: Vec<(String, String)> = Vec::new();
    for package in &file.packages {
        let list = advisories
            .get(&(package.ecosystem, package.name.clone()))
            .map_or(&[][..], Vec::as_slice);
        for advisory in list.iter().filter(|advisory| advisory.affects(&package.version)) {
            let hit = hit(package, advisory);
            helps.push((hit.message.clone(), help(advisory)));
            hits.push(hit);
        }
    }
    let mut placer = Placer::new(&file.path);
    placer.place(file.text.as_bytes(), Origin::START, hits, describe);
    for finding in &mut placer.findings {
        if let Some((_, help)) = helps.iter().find(|(message, _)| *message == finding.message) {
            finding.help.clone_from(help);
        }
    }
    result.suppressed += placer.suppressed;
    result.findings.append(&mut placer.findings);
}

fn hit(package: &Package, advisory: &Advisory) -> Hit {
    let aliases: Vec<&str> = advisory
        .aliases
        .iter()
        .filter(|alias| alias.starts_with("CVE-"))
        .map(String::as_str)
        .take(2)
        .collect();
    let also =
        if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
    let rule = match advisory.sort {
        Sort::Vulnerability => VULNERABLE,
        Sort::Unsound => UNSOUND,
        Sort::Unmaintained => UNMAINTAINED,
    };
    Hit {
        rule,
        start: package.place.start,
        end: package.place.end,
        severity: advisory.severity,
        confidence: Confidence::High,
        message: format!(
            "{} {}: {}{also}: {}",
            package.name, package.version, advisory.id, advisory.title
        ),
        identity: format!("{} {}", package.name, advisory.id).into_bytes(),
    }
}

fn help(advisory: &Advisory) -> String {
    match (&advisory.fixed[..], advisory.sort) {
        ([], Sort::Unmaintained) => "Look for a maintained replacement.".to_owned(),
        ([], _) => "No fixed version is known: replace it, or make sure that the weakness can't be reached.".to_owned(),
        (fixed, _) => format!("Update to {}.", fixed.join(" or ")),
    }
}

/// Describes a rule of this module.
#[must_use]
pub fn describe(rule: &str) -> Describe {
    let cwe = if rule == UNMAINTAINED { "CWE-1104" } else { "CWE-1395" };
    Describe {
        kind: "dependency",
        help: "Update to a fixed version, or replace it.".to_owned(),
        cwe: Some(cwe),
    }
}

/// Every rule of this module.
#[must_use]
pub fn catalogue() -> Vec<RuleInfo> {
    [
        (VULNERABLE, Severity::High, "a dependency in a version with a known vulnerability"),
        (UNSOUND, Severity::Medium, "a dependency whose safe interface can break memory safety"),
        (UNMAINTAINED, Severity::Info, "a dependency that nobody maintains"),
    ]
    .map(|(id, severity, title)| {
        let Describe { kind, help, cwe } = describe(id);
        RuleInfo { id, kind, severity, title, help, cwe }
    })
    .into()
}

#[cfg(test)]
mod tests;
