//! Places in text that may not be UTF-8, and the comments that take findings out.
//!
//! Offsets are bytes, columns are Unicode code points; lines are counted only for the few offsets
//! that somebody asks about.

use crate::model::{Confidence, Finding, Severity};
use std::collections::BTreeMap;

/// Line and column of the first byte of a piece of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in code points.
    pub column: u32,
}

impl Origin {
    /// The beginning of a file.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The place after `bytes`, which begin here.
    #[must_use]
    pub fn after(self, bytes: &[u8]) -> Self {
        let lines = memchr::memchr_iter(b'\n', bytes).count();
        let tail = memchr::memrchr(b'\n', bytes).map_or(bytes, |at| &bytes[at + 1..]);
        let start = if lines > 0 { 1 } else { self.column };
        Self {
            line: self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX)),
            column: start.saturating_add(code_points(tail)),
        }
    }
}

/// Number of code points; a byte that is part of no valid UTF-8 counts as one.
#[must_use]
pub fn code_points(bytes: &[u8]) -> u32 {
    let count: usize =
        bytes.utf8_chunks().map(|c| c.valid().chars().count() + c.invalid().len()).sum();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A finding before its place is known in lines: what a scanner hands over.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Id of the rule.
    pub rule: &'static str,
    /// First byte.
    pub start: usize,
    /// Byte after the last one.
    pub end: usize,
    /// How bad it is here.
    pub severity: Severity,
    /// How sure the rule is here.
    pub confidence: Confidence,
    /// What was found, without the secret.
    pub message: String,
    /// What makes the finding the same when it moves: hashed into the fingerprint.
    pub identity: Vec<u8>,
}

/// What is constant over all findings of a rule.
#[derive(Clone, Debug)]
pub struct Describe {
    /// `secret`, `code`, `dependency`.
    pub kind: &'static str,
    /// What to do.
    pub help: String,
    /// The weakness.
    pub cwe: Option<&'static str>,
}

/// Turns the hits of one file into findings: places, fingerprints, and suppression.
pub struct Placer<'a> {
    path: &'a str,
    /// How often an identity was seen in this file, so that repeats differ.
    seen: BTreeMap<[u8; 16], u32>,
    /// Findings so far.
    pub findings: Vec<Finding>,
    /// Findings that a comment took out.
    pub suppressed: u64,
}

impl<'a> Placer<'a> {
    /// For the file at `path`.
    #[must_use]
    pub fn new(path: &'a str) -> Self {
        Self { path, seen: BTreeMap::new(), findings: Vec::new(), suppressed: 0 }
    }

    /// Places `hits` of the piece `data` that begins at `origin`.
    pub fn place(
        &mut self,
        data: &[u8],
        origin: Origin,
        mut hits: Vec<Hit>,
        describe: impl Fn(&str) -> Describe,
    ) {
        hits.sort_by_key(|hit| (hit.start, hit.end, hit.rule));
        let (mut at, mut here) = (0, origin);
        for hit in hits {
            let start = hit.start.min(data.len());
            here = here.after(&data[at..start]);
            at = start;
            let line_end = memchr::memchr(b'\n', &data[start..]).map_or(data.len(), |n| start + n);
            let end = hit.end.clamp(start, line_end);
            if is_allowed(line_around(data, start, line_end), hit.rule) {
                self.suppressed += 1;
                continue;
            }
            let end_column = here.column.saturating_add(code_points(&data[start..end]).max(1));
            let described = describe(hit.rule);
            let fingerprint = self.fingerprint(&hit);
            self.findings.push(Finding {
                rule: hit.rule.to_owned(),
                kind: described.kind.to_owned(),
                severity: hit.severity.name().to_owned(),
                confidence: hit.confidence.name().to_owned(),
                path: self.path.to_owned(),
                line: here.line,
                column: here.column,
                end_column,
                message: hit.message,
                help: described.help,
                cwe: described.cwe.map(str::to_owned),
                fingerprint,
            });
        }
    }

    fn fingerprint(&mut self, hit: &Hit) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in [hit.rule.as_bytes(), self.path.as_bytes(), &hit.identity] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        let repeat = self.seen.entry(key).or_insert(0);
        hasher.update(&repeat.to_le_bytes());
        *repeat += 1;
        hasher.finalize().to_hex()[..16].to_owned()
    }
}

/// The line that holds `at`, from at most 4 KiB before to at most 4 KiB after: a comment further
/// away in a line of megabytes is nobody's comment.
fn line_around(data: &[u8], at: usize, line_end: usize) -> &[u8] {
    let from = at.saturating_sub(4096);
    let start = memchr::memrchr(b'\n', &data[from..at]).map_or(from, |n| from + n + 1);
    &data[start..line_end.min(at + 4096)]
}

/// Whether the line says `voyager: allow RULE` (several rules with commas) for this rule.
fn is_allowed(line: &[u8], rule: &str) -> bool {
    const MARK: &[u8] = b"voyager: allow ";
    let Some(at) = memchr::memmem::find(line, MARK) else { return false };
    let rest = &line[at + MARK.len()..];
    rest.split(|b| *b == b',').any(|item| {
        let name = item.trim_ascii_start();
        let end = name
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || *b == b'-'))
            .unwrap_or(name.len());
        &name[..end] == rule.as_bytes()
    })
}

/// Why these first bytes of a file are no text, if they aren't.
#[must_use]
pub fn binary(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
        return Some("UTF-16 text is not scanned: convert it to UTF-8");
    }
    let head = &head[..head.len().min(8192)];
    memchr::memchr(0, head).map(|_| "binary file (NUL bytes)")
}

/// Whether a path looks like tests, examples, or fixtures, where secrets are mostly made up and
/// dangerous calls mostly harmless.
#[must_use]
pub fn is_test_path(path: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "test",
        "tests",
        "testing",
        "testdata",
        "test-data",
        "test_data",
        "__tests__",
        "spec",
        "specs",
        "fixtures",
        "fixture",
        "mocks",
        "mock",
        "__mocks__",
        "example",
        "examples",
        "samples",
        "e2e",
        "benches",
        "testsuite",
        "cassettes",
        "snapshots",
        "__snapshots__",
    ];
    let lower = path.to_ascii_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let stem = name.split('.').next().unwrap_or(name);
    folders.split('/').any(|part| FOLDERS.contains(&part))
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || stem.ends_with("-test")
        || matches!(stem, "test" | "tests" | "conftest")
        || name.contains(".test.")
        || name.contains(".spec.")
        || name.contains(".example")
        || name.contains(".sample")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(rule: &'static str, start: usize, end: usize) -> Hit {
        Hit {
            rule,
            start,
            end,
            severity: Severity::High,
            confidence: Confidence::High,
            message: String::new(),
            identity: b"x".to_vec(),
        }
    }

    fn describe(_: &str) -> Describe {
        Describe { kind: "secret", help: String::new(), cwe: None }
    }

    #[test]
    fn columns_count_code_points_and_stray_bytes() {
        let data = "é = 'a'\nü\u{1F600}\u{FFFD}".as_bytes().to_vec();
        let at = data.len();
        let mut placer = Placer::new("f");
        placer.place(&data, Origin::START, vec![hit("r", 5, 8), hit("r", at - 3, at)], describe);
        let places: Vec<_> =
            placer.findings.iter().map(|f| (f.line, f.column, f.end_column)).collect();
        assert_eq!(places, [(1, 5, 8), (2, 3, 4)]);
        assert_eq!(code_points(b"a\xff\xfeb"), 4);
    }

    #[test]
    fn a_piece_in_the_middle_of_a_file_knows_where_it_begins() {
        let whole = b"one\ntwo three";
        let origin = Origin::START.after(&whole[..8]);
        assert_eq!(origin, Origin { line: 2, column: 5 });
        assert_eq!(origin.after(b"abc"), Origin { line: 2, column: 8 });
    }

    #[test]
    fn repeats_of_one_secret_have_fingerprints_of_their_own_that_survive_moving() {
        let mut one = Placer::new("f");
        one.place(b"aa bb", Origin::START, vec![hit("r", 0, 2), hit("r", 3, 5)], describe);
        let mut moved = Placer::new("f");
        moved.place(b"\n\n aa bb", Origin::START, vec![hit("r", 3, 5), hit("r", 6, 8)], describe);
        assert_ne!(one.findings[0].fingerprint, one.findings[1].fingerprint);
        assert_eq!(one.findings[0].fingerprint, moved.findings[0].fingerprint);
        assert_eq!(one.findings[1].fingerprint, moved.findings[1].fingerprint);
    }

    #[test]
    fn a_comment_on_the_line_takes_a_finding_out() {
        let data = b"x # voyager: allow other, r\ny # voyager: allow rr";
        let mut placer = Placer::new("f");
        placer.place(data, Origin::START, vec![hit("r", 0, 1), hit("r", 28, 29)], describe);
        assert_eq!((placer.suppressed, placer.findings.len()), (1, 1));
        assert_eq!(placer.findings[0].line, 2);
    }

    #[test]
    fn binary_and_utf16_files_are_told_from_text() {
        assert!(binary(b"\x7fELF\0").is_some());
        assert!(binary(b"\xff\xfea\0").unwrap().contains("UTF-16"));
        assert!(binary(b"caf\xe9 latin-1").is_none());
    }

    #[test]
    fn tests_and_examples_are_recognised_by_their_path() {
        for path in [
            "a/tests/x.py",
            "test_x.py",
            "x_test.go",
            "src/x.spec.ts",
            ".env.example",
            "examples/a.rs",
        ] {
            assert!(is_test_path(path), "{path}");
        }
        for path in ["src/latest.py", "contest/x.py", "src/testament.rs"] {
            assert!(!is_test_path(path), "{path}");
        }
    }
}
