//! Secrets in bytes of any kind.
//!
//! One pass of an automaton over all keywords; each hit is looked at in a short window by its rule.
//! Nothing here knows files: pieces of them come in, [`Hit`]s without the secret come out.

mod check;
mod generic;
mod rules;
mod words;

use crate::model::{Confidence, RuleInfo, Severity};
use crate::text::{Describe, Hit, is_test_path};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use generic::Style;
use regex::bytes::{Regex, RegexBuilder};
use rules::{RULES, Rule};
use std::cell::OnceCell;
use std::ops::Range;

/// Longest secret that is looked at, in bytes from its keyword.
const WINDOW: usize = 2_500;

/// What pieces of a file must overlap by, so that a secret at their border is found in one of them.
pub const OVERLAP: usize = 4_096;

/// Bytes before a keyword that a rule may look at.
pub const LOOK_BEHIND: usize = 512;

/// Findings of one file at most: more is a list of keys, and one line of it is enough.
pub const HITS_MAX: usize = 200;

const GENERIC_SECRET: &str = "generic-secret";
const GENERIC_PASSWORD: &str = "generic-password";

/// Who asked for a keyword.
#[derive(Clone, Copy)]
enum Owner {
    Rule(usize),
    Generic,
}

/// Finds secrets. Make one and use it for many files: rules compile when they first have work.
pub struct Scanner {
    keywords: AhoCorasick,
    owners: Vec<Owner>,
    exact: Vec<Option<&'static str>>,
    compiled: Vec<OnceCell<Regex>>,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

impl Scanner {
    /// Builds the automaton over all keywords.
    #[must_use]
    pub fn new() -> Self {
        let mut patterns: Vec<&str> = Vec::new();
        let (mut owners, mut exact) = (Vec::new(), Vec::new());
        for (index, rule) in RULES.iter().enumerate() {
            for keyword in rule.keywords {
                patterns.push(keyword);
                owners.push(Owner::Rule(index));
                exact.push((!rule.any_case).then_some(*keyword));
            }
        }
        for keyword in generic::KEYWORDS {
            patterns.push(keyword);
            owners.push(Owner::Generic);
            exact.push(None);
        }
        let keywords = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(patterns)
            .expect("some hundred short keywords fit an automaton");
        Self { keywords, owners, exact, compiled: RULES.iter().map(|_| OnceCell::new()).collect() }
    }

    /// Finds the secrets whose keyword begins within `emit`. `data` is a piece of the file at
    /// `path`: see [`OVERLAP`] and [`LOOK_BEHIND`] for what it should hold around `emit`.
    #[must_use]
    pub fn scan(&self, path: &str, data: &[u8], emit: Range<usize>) -> Vec<Hit> {
        let style = Style::of(path);
        let mut found: Vec<Found> = Vec::new();
        for hit in self.keywords.find_overlapping_iter(data) {
            if !emit.contains(&hit.start()) {
                continue;
            }
            let pattern = hit.pattern().as_usize();
            if self.exact[pattern].is_some_and(|keyword| &data[hit.range()] != keyword.as_bytes()) {
                continue;
            }
            let one = match self.owners[pattern] {
                Owner::Rule(index) => self.apply(index, data, hit.range()),
                Owner::Generic => generic_find(data, hit.range(), style),
            };
            found.extend(one);
            if found.len() > 4 * HITS_MAX {
                break;
            }
        }
        let in_test = is_test_path(path);
        without_overlaps(found).into_iter().filter_map(|one| one.into_hit(data, in_test)).collect()
    }

    fn apply(&self, index: usize, data: &[u8], keyword: Range<usize>) -> Option<Found> {
        let rule = &RULES[index];
        if rule.before == 0 && starts_inside_a_word(data, &keyword) {
            return None;
        }
        let from = keyword.start.saturating_sub(rule.before);
        let window = &data[from..data.len().min(keyword.start + WINDOW)];
        let regex = self.compiled[index].get_or_init(|| compile(rule));
        let groups = regex.captures(window)?;
        let secret = (1..groups.len()).find_map(|group| groups.get(group))?;
        let bytes = secret.as_bytes();
        let credible = (rule.human || !check::is_placeholder_token(bytes))
            && !check::is_template(bytes)
            && words::entropy(bytes) >= rule.entropy
            && rule.check.is_none_or(|check| check(bytes))
            && rule.context.is_none_or(|check| check(&groups[0]));
        credible.then(|| Found {
            rank: index,
            span: from + secret.start()..from + secret.end(),
            name: None,
        })
    }
}

fn compile(rule: &Rule) -> Regex {
    RegexBuilder::new(rule.pattern)
        .unicode(false)
        .size_limit(4 << 20)
        .build()
        .expect("a test compiles every rule")
}

/// The keyword goes on to the left: `task_live_` holds `sk_live_`. Does not matter for keywords that
/// begin with a mark.
fn starts_inside_a_word(data: &[u8], keyword: &Range<usize>) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    is_word(data[keyword.start])
        && keyword
            .start
            .checked_sub(1)
            .is_some_and(|before| is_word(data[before]) && !is_escape(data, before))
}

/// The letter at `at` is the end of an escape such as `\n`.
fn is_escape(data: &[u8], at: usize) -> bool {
    matches!(data[at], b'n' | b'r' | b't')
        && at.checked_sub(1).is_some_and(|before| data[before] == b'\\')
}

/// A secret before it is described.
struct Found {
    /// Index of its rule; beyond the rules the generic ones.
    rank: usize,
    span: Range<usize>,
    /// The name it is assigned to.
    name: Option<Range<usize>>,
}

const RANK_GENERIC_SECRET: usize = RULES.len();
const RANK_GENERIC_PASSWORD: usize = RULES.len() + 1;

fn generic_find(data: &[u8], keyword: Range<usize>, style: Style) -> Option<Found> {
    let candidate = generic::candidate(data, keyword, style)?;
    let rank = if candidate.human { RANK_GENERIC_PASSWORD } else { RANK_GENERIC_SECRET };
    Some(Found { rank, span: candidate.value, name: Some(candidate.name) })
}

/// Of finds that share bytes only the one of the most special rule.
fn without_overlaps(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|one| (one.rank, one.span.start, one.span.end));
    let mut kept: Vec<Found> = Vec::new();
    for one in found {
        let clash = kept
            .iter()
            .any(|other| one.span.start < other.span.end && other.span.start < one.span.end);
        if !clash {
            kept.push(one);
        }
    }
    kept
}

impl Found {
    fn into_hit(self, data: &[u8], in_test: bool) -> Option<Hit> {
        let secret = &data[self.span.clone()];
        let rule = RULES.get(self.rank);
        let human = rule.map_or(self.rank == RANK_GENERIC_PASSWORD, |rule| rule.human);
        let guessed = rule.is_none_or(|rule| rule.human);
        if in_test && guessed && !is_strong_evidence(secret) {
            return None;
        }
        let (id, title, severity, confidence) = match rule {
            Some(rule) => (rule.id, rule.title, rule.severity, confidence_of(rule)),
            None if human => (GENERIC_PASSWORD, "password", Severity::Medium, Confidence::Low),
            None => (GENERIC_SECRET, "secret", Severity::Medium, Confidence::Medium),
        };
        let name = self.name.map(|name| String::from_utf8_lossy(&data[name]).into_owned());
        let weak = human || secret.len() < 16;
        let identity =
            if weak { name.clone().unwrap_or_default().into_bytes() } else { secret.to_vec() };
        Some(Hit {
            rule: id,
            start: self.span.start,
            end: self.span.end,
            severity: if in_test { severity.milder() } else { severity },
            confidence,
            message: message(title, name.as_deref(), secret, weak, in_test),
            identity,
        })
    }
}

/// In tests a guess is only worth a report when a machine drew it.
fn is_strong_evidence(secret: &[u8]) -> bool {
    secret.len() >= 24 && words::entropy(secret) >= 4.0 && check::random_looking(secret)
}

fn confidence_of(rule: &Rule) -> Confidence {
    match (rule.check.is_some(), rule.human) {
        (_, true) => Confidence::Low,
        (true, false) => Confidence::High,
        (false, false) => Confidence::Medium,
    }
}

/// Says what was found and never the secret: a few characters of a long one, its length, and, where
/// nobody could guess the secret from it, a hash to tell two secrets apart.
fn message(title: &str, name: Option<&str>, secret: &[u8], weak: bool, in_test: bool) -> String {
    let mut text = title[..1].to_uppercase() + &title[1..];
    if let Some(name) = name {
        text += &format!(" assigned to `{name}`");
    }
    if !secret.starts_with(b"-----BEGIN") {
        let shown = if weak { 0 } else { (secret.len() / 8).min(4) };
        let start: String = secret[..shown]
            .iter()
            .map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '?' })
            .collect();
        text += &format!(": `{start}...` ({} characters", secret.len());
        if !weak {
            text += &format!(", BLAKE3 {}", &blake3::hash(secret).to_hex()[..8]);
        }
        text += ")";
    }
    if in_test {
        text += ", in a test or example";
    }
    text
}

/// Describes a rule of this module.
#[must_use]
pub fn describe(rule: &str) -> Describe {
    let known = RULES.iter().find(|known| known.id == rule);
    Describe { kind: "secret", help: help(known), cwe: Some(cwe(known)) }
}

fn cwe(rule: Option<&Rule>) -> &'static str {
    match rule {
        Some(rule) if rule.id.contains("private-key") || rule.id.contains("secret-key") => {
            "CWE-321"
        }
        Some(rule) if rule.human => "CWE-259",
        _ => "CWE-798",
    }
}

fn help(rule: Option<&Rule>) -> String {
    match rule {
        Some(rule) => format!(
            "Revoke it ({}), take it out of the file and its history, and load it from the environment or a vault.",
            rule.place
        ),
        None => "If it is real, change it where it is used, and load it from the environment or a vault.".to_owned(),
    }
}

/// Every rule of this module.
#[must_use]
pub fn catalogue() -> Vec<RuleInfo> {
    let generic = [
        (
            GENERIC_SECRET,
            "a value that looks drawn at random, assigned to a name such as `api_key` or `token`",
        ),
        (
            GENERIC_PASSWORD,
            "a value that looks like a password, assigned to a name such as `password`",
        ),
    ];
    let generic = generic.map(|(id, title)| (id, title, Severity::Medium));
    RULES
        .iter()
        .map(|rule| (rule.id, rule.title, rule.severity))
        .chain(generic)
        .map(|(id, title, severity)| {
            let Describe { kind, help, cwe } = describe(id);
            RuleInfo { id, kind, severity, title, help, cwe }
        })
        .collect()
}

#[cfg(test)]
mod tests;
