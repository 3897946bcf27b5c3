//! Dangerous calls by syntax, in Python, JavaScript, TypeScript, and Rust.
//!
//! A call is judged by its resolved name (imports and their aliases included) and by what stands in
//! its arguments; data is not followed through variables. Text in macros of Rust is not parsed, so
//! not seen.

mod javascript;
mod nesting;
mod python;
mod rules;
mod rust;

use crate::model::{RuleInfo, Severity};
use crate::text::{Describe, Hit};
use rules::{CodeRule, RULES};
use std::ops::Range;

/// Findings of one file at most.
const HITS_MAX: usize = 200;

/// Levels of an expression that a visitor descends into. Deeper ones are generated, and the stack
/// of a sandbox is small.
const DEPTH_MAX: u32 = 200;

/// A language whose syntax is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python.
    Python,
    /// JavaScript and TypeScript, with and without JSX; how the file is read depends on its name.
    Script(Script),
    /// Rust.
    Rust,
}

/// The dialects of JavaScript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// JavaScript, JSX allowed.
    JavaScript,
    /// TypeScript.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
}

impl Language {
    /// By the name of the file.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        let extension = path.rsplit('/').next()?.rsplit_once('.')?.1;
        match extension {
            "py" | "pyi" | "pyw" => Some(Self::Python),
            "js" | "mjs" | "cjs" | "jsx" => Some(Self::Script(Script::JavaScript)),
            "ts" | "mts" | "cts" => Some(Self::Script(Script::TypeScript)),
            "tsx" => Some(Self::Script(Script::Tsx)),
            "rs" => Some(Self::Rust),
            _ => None,
        }
    }
}

/// Finds the dangerous calls of a text.
///
/// # Errors
/// Why it can't be parsed: not UTF-8, nested too deeply for the stack, a syntax error with its place.
pub fn scan(language: Language, text: &[u8]) -> Result<Vec<Hit>, String> {
    let text = std::str::from_utf8(text)
        .map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
    nesting::check(language, text)?;
    let mut sink = Sink { text, hits: Vec::new() };
    match language {
        Language::Python => python::scan(text, &mut sink)?,
        Language::Script(script) => javascript::scan(script, text, &mut sink)?,
        Language::Rust => rust::scan(text, &mut sink)?,
    }
    Ok(sink.hits)
}

/// Takes hits while a visitor walks.
struct Sink<'a> {
    text: &'a str,
    hits: Vec<Hit>,
}

impl Sink<'_> {
    /// Reports `what` (a resolved name) at `range`.
    fn report(&mut self, rule: &'static str, range: Range<usize>, what: &str) {
        self.report_as(rule, None, range, what);
    }

    /// The same with another severity than the rule's own.
    fn report_as(
        &mut self,
        rule: &'static str,
        severity: Option<Severity>,
        range: Range<usize>,
        what: &str,
    ) {
        let Some(known) = find(rule) else { return };
        if self.hits.len() >= HITS_MAX {
            return;
        }
        let start = range.start.min(self.text.len());
        let end = range.end.clamp(start, self.text.len());
        let source = &self.text.as_bytes()[start..end.min(start + 200)];
        let mut identity = what.as_bytes().to_vec();
        identity.extend(source.iter().filter(|b| !b.is_ascii_whitespace()));
        self.hits.push(Hit {
            rule: known.id,
            start,
            end,
            severity: severity.unwrap_or(known.severity),
            confidence: known.confidence,
            message: format!("`{}` {}", shorten(what), known.title),
            identity,
        });
    }
}

/// A name short enough for a message.
fn shorten(name: &str) -> &str {
    &name[..name.floor_char_boundary(80)]
}

/// Whether a text begins like a statement of SQL.
fn is_sql(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "select", "insert", "update", "delete", "replace", "drop", "create", "alter", "with",
        "merge", "truncate", "grant",
    ];
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    text[end..].starts_with(|c: char| c.is_whitespace())
        && WORDS.iter().any(|word| text[..end].eq_ignore_ascii_case(word))
}

/// Whether a name is one of something that must not be guessed.
fn is_secret_name(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "token",
        "secret",
        "password",
        "passwd",
        "nonce",
        "salt",
        "otp",
        "apikey",
        "api_key",
        "session_id",
        "sessionid",
        "csrf",
    ];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

fn find(rule: &str) -> Option<&'static CodeRule> {
    RULES.iter().find(|known| known.id == rule)
}

/// Describes a rule of this module.
#[must_use]
pub fn describe(rule: &str) -> Describe {
    let known = find(rule);
    Describe {
        kind: "code",
        help: known.map_or("", |rule| rule.help).to_owned(),
        cwe: known.map(|rule| rule.cwe),
    }
}

/// Every rule of this module.
#[must_use]
pub fn catalogue() -> Vec<RuleInfo> {
    RULES
        .iter()
        .map(|rule| RuleInfo {
            id: rule.id,
            kind: "code",
            severity: rule.severity,
            title: rule.title,
            help: rule.help.to_owned(),
            cwe: Some(rule.cwe),
        })
        .collect()
}

#[cfg(test)]
mod tests;
