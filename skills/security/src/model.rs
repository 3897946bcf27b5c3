//! What the scanners report: the records of `wit/skill.wit`, in the same order of fields, so that
//! their MessagePack (structs as arrays) is the canonical form in which child tasks answer.
//!
//! Severities are ordered here and names outside: the set is open to whoever reads a report.

use serde::{Deserialize, Serialize};

/// Findings of one answer at most: an answer of that size stays below the host's bound on what one
/// call may hand over (4 MiB), and nobody reads more.
pub const FINDINGS_MAX: usize = 5_000;

/// Skipped files of one answer at most, for the same reason.
pub const SKIPPED_MAX: usize = 5_000;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Somebody who reads the file can take over something that matters.
    Critical,
    /// Likely to be exploitable.
    High,
    /// Exploitable under conditions.
    Medium,
    /// Bad practice, or a secret of small power.
    Low,
    /// Worth knowing when reviewing.
    Info,
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }

    /// The severity with this name; what is unknown counts as the least.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|s| s.name() == name).unwrap_or(Self::Info)
    }

    /// One step milder, for places where harm is unlikely, such as tests.
    #[must_use]
    pub const fn milder(self) -> Self {
        match self {
            Self::Critical => Self::High,
            Self::High => Self::Medium,
            Self::Medium => Self::Low,
            Self::Low | Self::Info => Self::Info,
        }
    }
}

/// How sure a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// A checksum or an exact format.
    High,
    /// A typical form.
    Medium,
    /// A guess that deserves a look.
    Low,
}

impl Confidence {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// One place that needs attention. See `wit/skill.wit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Id of the rule.
    pub rule: String,
    /// `secret`, `code`, `dependency`.
    pub kind: String,
    /// Name of a [`Severity`].
    pub severity: String,
    /// Name of a [`Confidence`].
    pub confidence: String,
    /// File, from the granted folder.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
    /// Column of the first character, from 1, in code points.
    pub column: u32,
    /// Column after the last character, on the same line.
    pub end_column: u32,
    /// What was found, never with the secret itself.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// The weakness, `CWE-78` for example.
    pub cwe: Option<String>,
    /// Stays the same when the place moves within its file.
    pub fingerprint: String,
}

/// What a scan over files found. See `wit/skill.wit`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanResult {
    /// The findings, in order.
    pub findings: Vec<Finding>,
    /// Number of files that were read.
    pub files_scanned: u64,
    /// Bytes that were looked at.
    pub bytes_scanned: u64,
    /// Findings that a comment took out.
    pub suppressed: u64,
    /// Findings above the limit.
    pub dropped: u64,
    /// Files that were not looked at, or not wholly, with the reason.
    pub skipped: Vec<(String, String)>,
}

/// What a check of lock files found. See `wit/skill.wit`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DependencyResult {
    /// The findings, in order.
    pub findings: Vec<Finding>,
    /// Lock files and manifests that were read.
    pub files: Vec<String>,
    /// Packages with an exact version in them.
    pub packages: u64,
    /// Advisories that were read, none without a database.
    pub advisories: Option<u64>,
    /// Findings that a comment took out.
    pub suppressed: u64,
    /// Findings above the limit.
    pub dropped: u64,
    /// Files that were not understood, with the reason.
    pub skipped: Vec<(String, String)>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// What a whole audit found. See `wit/skill.wit`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The findings of every kind, in order.
    pub findings: Vec<Finding>,
    /// Number of findings by severity, the worst first.
    pub counts: Vec<(String, u64)>,
    /// Number of files that were read.
    pub files_scanned: u64,
    /// Bytes that were looked at.
    pub bytes_scanned: u64,
    /// Packages with an exact version in lock files.
    pub packages: u64,
    /// Advisories that were read, none without a database.
    pub advisories: Option<u64>,
    /// Findings that a comment took out.
    pub suppressed: u64,
    /// Findings above the limit.
    pub dropped: u64,
    /// Files that were not looked at, or not wholly, with the reason.
    pub skipped: Vec<(String, String)>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// One thing that the scanners look for, as the catalogue names it. See `wit/skill.wit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// Its id.
    pub id: &'static str,
    /// `secret`, `code`, `dependency`.
    pub kind: &'static str,
    /// Severity of its findings where nothing says otherwise.
    pub severity: Severity,
    /// What it looks for.
    pub title: &'static str,
    /// What to do about a finding.
    pub help: String,
    /// The weakness.
    pub cwe: Option<&'static str>,
}

/// Puts findings in the order of reports and keeps the worst `max`; returns how many were dropped.
pub fn settle(findings: &mut Vec<Finding>, max: usize) -> u64 {
    let dropped = findings.len().saturating_sub(max);
    if dropped > 0 {
        findings.sort_by(|a, b| {
            (Severity::of(&a.severity), place(a)).cmp(&(Severity::of(&b.severity), place(b)))
        });
        findings.truncate(max);
    }
    findings.sort_by(|a, b| place(a).cmp(&place(b)));
    dropped as u64
}

fn place(finding: &Finding) -> (&str, u32, u32, &str, &str) {
    (&finding.path, finding.line, finding.column, &finding.rule, &finding.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(path: &str, line: u32, severity: Severity) -> Finding {
        Finding {
            rule: "r".into(),
            kind: "code".into(),
            severity: severity.name().into(),
            confidence: "high".into(),
            path: path.into(),
            line,
            column: 1,
            end_column: 2,
            message: String::new(),
            help: String::new(),
            cwe: None,
            fingerprint: String::new(),
        }
    }

    #[test]
    fn the_least_severe_are_dropped_first_and_the_rest_is_ordered_by_place() {
        let mut findings = vec![
            finding("b", 1, Severity::Low),
            finding("b", 2, Severity::High),
            finding("a", 9, Severity::Critical),
        ];
        assert_eq!(settle(&mut findings, 2), 1);
        let places: Vec<_> = findings.iter().map(|f| (f.path.as_str(), f.line)).collect();
        assert_eq!(places, [("a", 9), ("b", 2)]);
    }

    #[test]
    fn a_result_survives_the_canonical_bytes() {
        let result = ScanResult {
            findings: vec![finding("a", 1, Severity::Info)],
            skipped: vec![("b".into(), "gone".into())],
            ..ScanResult::default()
        };
        let bytes = rmp_serde::to_vec(&result).unwrap();
        assert_eq!(bytes[0], 0x96, "a record is an array of its six fields");
        assert_eq!(rmp_serde::from_slice::<ScanResult>(&bytes).unwrap(), result);
    }
}
