//! The skill's side of `wit/skill.wit`: bindings, granted folders, child tasks.
//!
//! Everything that decides is elsewhere; here records are only carried over.

#![allow(
    missing_docs,
    unsafe_code,
    reason = "generated from the WIT, where the documentation stands"
)]
#![allow(
    clippy::allow_attributes_without_reason,
    clippy::unwrap_used,
    clippy::use_self,
    reason = "generated"
)]
#![allow(unreachable_pub, unnameable_types, unused_qualifications, reason = "generated")]

use crate::audit::{self, Crew, Entry, Refused};
use crate::dependencies::{self, Database};
use crate::model;
use crate::scan::{Look, scan};
use crate::source::Source;
use std::collections::BTreeMap;

wit_bindgen::generate!({
    path: ["../../wit/types.wit", "../../wit/run.wit", "../../wit/workspace.wit", "../../wit/tasks.wit", "wit"],
    world: "voyager:security/skill",
    generate_all,
});

use exports::voyager::security::{
    audit as audit_interface, code, dependencies as dependencies_interface, findings, rules, sarif,
    secrets,
};
use voyager::run::run;
use voyager::tasks::tasks;
use voyager::types::types::{Error, Fault, Retry};
use voyager::workspace::files::{self, Folder};

/// Name of the granted folder that holds advisories.
const ADVISORIES: &str = "advisories";

/// Files of one audit at most.
const FILES_MAX: usize = 400_000;

/// Entries asked for at once.
const PAGE: u32 = 5_000;

/// Packages named in one search, so that its expression stays small.
const NAMES_A_SEARCH: usize = 100;

/// Hidden files that are known to hold secrets: a listing leaves hidden ones out unless asked.
const HIDDEN: &[&str] = &[
    "**/.env*",
    "**/.npmrc",
    "**/.pypirc",
    "**/.netrc",
    "**/.pgpass",
    "**/.s3cfg",
    "**/.boto",
    "**/.htpasswd",
    "**/.dockercfg",
    "**/.docker/config.json",
    "**/.aws/*",
    "**/.ssh/*",
    "**/.kube/config",
    "**/.cargo/*",
    "**/.m2/*.xml",
    "**/.gitconfig",
    "**/.git-credentials",
    "**/.github/**",
    "**/.gitlab-ci.yml",
    "**/.travis.yml",
    "**/.circleci/**",
    "**/.ci/**",
    "**/.vscode/*",
    "**/.idea/**",
    "**/.bash*",
    "**/.zsh*",
    "**/.profile",
    "**/.config/**",
    "**/.yarnrc*",
    "**/.s3*",
];

struct Skill;

export!(Skill);

impl secrets::Guest for Skill {
    fn scan(paths: Vec<String>) -> Result<findings::ScanResult, Error> {
        scan_paths(&paths, Look::Secrets)
    }
}

impl code::Guest for Skill {
    fn scan(paths: Vec<String>) -> Result<findings::ScanResult, Error> {
        scan_paths(&paths, Look::Code)
    }
}

impl dependencies_interface::Guest for Skill {
    fn scan(paths: Vec<String>) -> Result<findings::DependencyResult, Error> {
        let granted = Granted::open()?;
        Ok(granted.dependencies(&paths).into())
    }
}

impl audit_interface::Guest for Skill {
    fn audit(globs: Vec<String>) -> Result<findings::Report, Error> {
        let granted = Granted::open()?;
        let mut notes = Vec::new();
        let (entries, unlisted) = granted.code.entries(&globs, &mut notes)?;
        let total = entries.len() as u64;
        run::progress(0, Some(total), "listed the files");
        let own = |paths: &[String]| {
            let before = total - paths.len() as u64;
            scan(&granted.code, paths, Look::Both, |done| {
                if done % 256 == 0 {
                    run::progress(before + done as u64, Some(total), "scanning");
                }
            })
        };
        let mut scans = audit::scan_all(&entries, &Tasks, own, &mut notes, |done| {
            run::progress(done, Some(total), "scanning")
        });
        scans.push(model::ScanResult { skipped: unlisted, ..model::ScanResult::default() });
        let locks: Vec<String> = entries
            .into_iter()
            .map(|entry| entry.path)
            .filter(|path| audit::is_own_lock_file(path))
            .collect();
        run::progress(total, Some(total), "checking dependencies");
        let dependencies = granted.dependencies(&locks);
        Ok(audit::report(scans, dependencies, notes).into())
    }

    fn files(paths: Vec<String>) -> Result<findings::ScanResult, Error> {
        scan_paths(&paths, Look::Both)
    }
}

impl sarif::Guest for Skill {
    fn render(report: findings::Report) -> Result<String, String> {
        crate::sarif::render(&report.into())
    }
}

impl rules::Guest for Skill {
    fn all() -> Vec<findings::Rule> {
        let rule = |rule: model::RuleInfo| findings::Rule {
            id: rule.id.to_owned(),
            kind: rule.kind.to_owned(),
            severity: rule.severity.name().to_owned(),
            title: rule.title.to_owned(),
            help: rule.help,
            cwe: rule.cwe.map(str::to_owned),
        };
        crate::catalogue::all().into_iter().map(rule).collect()
    }
}

fn scan_paths(paths: &[String], look: Look) -> Result<findings::ScanResult, Error> {
    let granted = Granted::open()?;
    Ok(scan(&granted.code, paths, look, |_| ()).into())
}

/// What a listing passed over, with the reason.
type Unlisted = Vec<(String, String)>;

/// A granted folder as a source of files.
struct Place(Folder);

impl Source for Place {
    fn read(&self, path: &str, offset: u64, length: u64) -> Result<Vec<u8>, String> {
        self.0.read(path, offset, length).map_err(reason)
    }
}

impl Place {
    /// The readable files that match, and without globs the hidden ones that matter too, with what was
    /// passed over.
    fn entries(
        &self,
        globs: &[String],
        notes: &mut Vec<String>,
    ) -> Result<(Vec<Entry>, Unlisted), Error> {
        let (mut found, mut unlisted) = self.matching(globs, FILES_MAX)?;
        if globs.is_empty() {
            let hidden: Vec<String> = HIDDEN.iter().map(|glob| (*glob).to_owned()).collect();
            match self.matching(&hidden, FILES_MAX) {
                Ok((more, also)) => {
                    found.extend(more);
                    unlisted.extend(also);
                }
                Err(error) => {
                    notes.push(format!("hidden files can't be listed: {}", reason(error)));
                }
            }
        }
        if found.len() >= FILES_MAX {
            notes.push(format!("only the first {FILES_MAX} files were scanned: narrow the globs"));
        }
        let entries = found.into_iter().map(|(path, size)| Entry { path, size }).collect();
        Ok((entries, unlisted))
    }

    fn matching(
        &self,
        globs: &[String],
        max: usize,
    ) -> Result<(BTreeMap<String, u64>, Unlisted), Error> {
        let listing = self.0.list(globs)?;
        let mut found = BTreeMap::new();
        loop {
            let page = listing.next(PAGE)?;
            let last = page.is_empty();
            found.extend(page.into_iter().map(|entry| (entry.path, entry.size)));
            if last || found.len() >= max {
                return Ok((found, listing.skipped()));
            }
        }
    }
}

impl Database for Place {
    fn list(&self, globs: &[String], max: usize) -> Result<Vec<String>, String> {
        self.matching(globs, max).map(|(found, _)| found.into_keys().collect()).map_err(reason)
    }

    fn naming(&self, packages: &[String], max: usize) -> Result<Vec<String>, String> {
        let mut paths = std::collections::BTreeSet::new();
        for names in packages.chunks(NAMES_A_SEARCH) {
            let names: Vec<String> = names.iter().map(|name| flexible(name)).collect();
            let query = files::Query {
                pattern: format!(r#""name"\s*:\s*"({})""#, names.join("|")),
                literal: false,
                word: false,
                ignore_case: true,
                globs: vec!["**/*.json".to_owned()],
            };
            let places_max = u32::try_from(max).unwrap_or(u32::MAX);
            let found = self.0.search(&query, places_max).map_err(reason)?;
            paths.extend(found.places.into_iter().map(|place| place.path));
        }
        Ok(paths.into_iter().take(max).collect())
    }
}

/// A name as an expression; PyPI's separators stand for each other.
fn flexible(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            '-' | '_' | '.' => "[-_.]+".to_owned(),
            c if c.is_ascii_alphanumeric() || matches!(c, '/' | '@') => c.to_string(),
            c => format!(r"\x{{{:X}}}", u32::from(c)),
        })
        .collect()
}

/// The granted folders by their part.
struct Granted {
    code: Place,
    advisories: Option<Place>,
}

impl Granted {
    fn open() -> Result<Self, Error> {
        let mut roots = files::roots()?;
        let advisories = roots
            .iter()
            .position(|root| root.name == ADVISORIES)
            .map(|at| Place(roots.remove(at).folder));
        let names: Vec<&str> = roots.iter().map(|root| root.name.as_str()).collect();
        if names.len() > 1 {
            let message = format!(
                "more than one folder is granted ({}): grant the step one, beside `{ADVISORIES}`",
                names.join(", ")
            );
            return Err(Error::Invalid(Fault { message, bound: None, retry: Retry::Never }));
        }
        let code = roots.pop().ok_or_else(no_folder)?;
        Ok(Self { code: Place(code.folder), advisories })
    }

    fn dependencies(&self, paths: &[String]) -> model::DependencyResult {
        dependencies::scan(
            &self.code,
            self.advisories.as_ref().map(|place| place as &dyn Database),
            paths,
        )
    }
}

fn no_folder() -> Error {
    Error::Denied(Fault {
        message: "no folder is granted: grant the step a workspace to scan".to_owned(),
        bound: Some("workspace: [ { root: inputs.NAME, read: [\"**\"] } ]".to_owned()),
        retry: Retry::Never,
    })
}

/// Child tasks of `audit.files`.
struct Tasks;

impl Crew for Tasks {
    fn scan(
        &self,
        shares: &[Vec<String>],
    ) -> Result<Vec<Result<model::ScanResult, String>>, Refused> {
        let remaining = run::get_remaining();
        if remaining.depth == 0 || (remaining.child_tasks as usize) < shares.len() {
            return Err(Refused::Denied);
        }
        let arguments: Vec<Vec<u8>> = shares
            .iter()
            .map(|share| rmp_serde::to_vec(&(share,)))
            .collect::<Result<_, _>>()
            .map_err(|error| Refused::Failed(error.to_string()))?;
        let outcomes = tasks::map("voyager:security/audit.files", &arguments, 0).map_err(
            |error| match error {
                Error::Denied(_) => Refused::Denied,
                other => Refused::Failed(reason(other)),
            },
        )?;
        Ok(outcomes
            .into_iter()
            .map(|outcome| {
                outcome.map_err(reason).and_then(|bytes| {
                    rmp_serde::from_slice(&bytes).map_err(|error| error.to_string())
                })
            })
            .collect())
    }
}

/// One sentence of an error.
fn reason(error: Error) -> String {
    match error {
        Error::Denied(fault) => format!("denied: {}", fault.message),
        Error::NotFound(fault) => format!("not found: {}", fault.message),
        Error::Other(other) => format!("{}: {}", other.code, other.fault.message),
        Error::Invalid(fault)
        | Error::Conflict(fault)
        | Error::Limit(fault)
        | Error::Timeout(fault)
        | Error::Unavailable(fault)
        | Error::UnknownEffect(fault)
        | Error::Cancelled(fault) => fault.message,
    }
}

/// Carries a record over, field by field, in both directions.
macro_rules! carry {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl From<model::$name> for findings::$name {
            fn from(from: model::$name) -> Self {
                Self { $($field: Carry::carry(from.$field)),* }
            }
        }

        impl From<findings::$name> for model::$name {
            fn from(from: findings::$name) -> Self {
                Self { $($field: Carry::carry(from.$field)),* }
            }
        }
    };
}

/// Carries a field over.
trait Carry<T> {
    fn carry(self) -> T;
}

macro_rules! same {
    ($($type:ty),* $(,)?) => {
        $(impl Carry<$type> for $type {
            fn carry(self) -> $type {
                self
            }
        })*
    };
}

same!(
    String,
    u32,
    u64,
    Option<String>,
    Option<u64>,
    Vec<String>,
    Vec<(String, String)>,
    Vec<(String, u64)>
);

impl Carry<Vec<findings::Finding>> for Vec<model::Finding> {
    fn carry(self) -> Vec<findings::Finding> {
        self.into_iter().map(Into::into).collect()
    }
}

impl Carry<Vec<model::Finding>> for Vec<findings::Finding> {
    fn carry(self) -> Vec<model::Finding> {
        self.into_iter().map(Into::into).collect()
    }
}

carry!(Finding {
    rule,
    kind,
    severity,
    confidence,
    path,
    line,
    column,
    end_column,
    message,
    help,
    cwe,
    fingerprint,
});
carry!(ScanResult { findings, files_scanned, bytes_scanned, suppressed, dropped, skipped });
carry!(DependencyResult {
    findings,
    files,
    packages,
    advisories,
    suppressed,
    dropped,
    skipped,
    notes
});
carry!(Report {
    findings,
    counts,
    files_scanned,
    bytes_scanned,
    packages,
    advisories,
    suppressed,
    dropped,
    skipped,
    notes,
});
