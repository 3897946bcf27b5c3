//! Findings with their places, and how they are shown.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use crate::code::{Code, Severity};

/// Most findings that are shown: nobody reads more at once.
pub const DIAGNOSTICS_MAX: usize = 100;

/// One finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnostic {
    /// What sort.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What stands there, in a few words; may be empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Other places that have to do with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

/// Some bytes of the text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Line of the first, from 1.
    pub line: usize,
    /// Column of the first in characters, from 1.
    pub column: usize,
    /// The bytes, from 0.
    pub span: Range<usize>,
}

/// Another place that has to do with a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What is there.
    pub message: String,
}

impl Place {
    /// The place of some bytes of a text.
    pub fn of(text: &str, span: &Range<usize>) -> Self {
        Lines::new(text).place(span)
    }
}

/// A finding before its place is counted out.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    code: Code,
    span: Range<usize>,
    message: String,
    label: String,
    help: Option<String>,
    related: Vec<(Range<usize>, String)>,
}

impl Finding {
    pub(crate) fn new(code: Code, span: &Range<usize>, message: impl Into<String>) -> Self {
        Self {
            code,
            span: span.clone(),
            message: message.into(),
            label: String::new(),
            help: None,
            related: Vec::new(),
        }
    }

    /// What sort of finding it is, and where.
    pub(crate) fn place(&self) -> (Code, &Range<usize>) {
        (self.code, &self.span)
    }

    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()).filter(|help: &String| !help.is_empty()), ..self }
    }

    pub(crate) fn related(mut self, span: &Range<usize>, message: impl Into<String>) -> Self {
        self.related.push((span.clone(), message.into()));
        self
    }
}

/// Collects findings, of a hostile text no more than memory allows.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    all: Vec<Finding>,
    dropped: usize,
}

impl Findings {
    pub(crate) fn push(&mut self, finding: Finding) {
        if self.all.len() < 10 * DIAGNOSTICS_MAX {
            self.all.push(finding);
        } else {
            self.dropped += 1;
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.dropped > 0
            || self.all.iter().any(|finding| finding.code.severity() == Severity::Error)
    }

    /// The findings in the order of the text, and how many were left out.
    pub(crate) fn finish(mut self, text: &str) -> (Vec<Diagnostic>, usize) {
        self.all.sort_by_key(|finding| (finding.span.start, finding.span.end, finding.code));
        self.all.dedup_by(|a, b| a.code == b.code && a.span == b.span && a.message == b.message);
        // An error isn't left out for a warning.
        let errors = self.all.iter().filter(|f| f.code.severity() == Severity::Error).count();
        let mut warnings_left = DIAGNOSTICS_MAX.saturating_sub(errors);
        let mut omitted = self.dropped;
        self.all.retain(|finding| {
            let keep = finding.code.severity() == Severity::Error || warnings_left > 0;
            if finding.code.severity() == Severity::Warning {
                warnings_left = warnings_left.saturating_sub(1);
            }
            omitted += usize::from(!keep);
            keep
        });
        omitted += self.all.len().saturating_sub(DIAGNOSTICS_MAX);
        self.all.truncate(DIAGNOSTICS_MAX);
        let lines = Lines::new(text);
        (self.all.into_iter().map(|finding| lines.diagnostic(finding)).collect(), omitted)
    }
}

/// Where the lines of a text begin.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    fn diagnostic(&self, finding: Finding) -> Diagnostic {
        let related = finding.related.into_iter();
        Diagnostic {
            code: finding.code,
            severity: finding.code.severity(),
            message: finding.message,
            place: self.place(&finding.span),
            label: finding.label,
            help: finding.help,
            related: related
                .map(|(span, message)| Related { place: self.place(&span), message })
                .collect(),
        }
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let start = floor(self.text, span.start);
        let end = floor(self.text, span.end.max(start));
        let line = self.starts.partition_point(|begin| *begin <= start);
        let begin = self.starts[line - 1];
        let column = self.text[begin..start].chars().count() + 1;
        Place { line, column, span: start..end }
    }
}

/// Line and column behind the last character of a place in `text`, both from 1.
pub(crate) fn end_of(place: &Place, text: &str) -> (usize, usize) {
    let start = floor(text, place.span.start);
    let spanned = &text[start..floor(text, place.span.end).max(start)];
    match spanned.rsplit_once('\n') {
        Some((before, last)) => {
            (place.line + 1 + before.matches('\n').count(), last.chars().count() + 1)
        }
        None => (place.line, place.column + spanned.chars().count()),
    }
}

/// The start of the character that `at` lies in.
fn floor(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}

/// Shows findings as a compiler does: with the lines they are about and carets below.
pub fn render(diagnostics: &[Diagnostic], file: &str, text: &[u8], colour: bool) -> String {
    let text = String::from_utf8_lossy(text);
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut shown = String::new();
    for diagnostic in diagnostics {
        shown.push_str(&renderer.render(&[group(diagnostic, file, &text)]));
        shown.push_str("\n\n");
    }
    shown
}

fn group<'a>(diagnostic: &'a Diagnostic, file: &'a str, text: &'a str) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let clamp = |place: &Place| {
        let start = floor(text, place.span.start);
        start..floor(text, place.span.end).max(start)
    };
    let label = Some(diagnostic.label.as_str()).filter(|label| !label.is_empty());
    let mut snippet = Snippet::source(text)
        .path(file)
        .annotation(AnnotationKind::Primary.span(clamp(&diagnostic.place)).label(label));
    for related in &diagnostic.related {
        let span = clamp(&related.place);
        snippet =
            snippet.annotation(AnnotationKind::Context.span(span).label(related.message.as_str()));
    }
    let group = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.text())
        .element(snippet);
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

/// One line for a program to read: an array of findings.
pub fn to_json(diagnostics: &[Diagnostic]) -> serde_json::Value {
    serde_json::to_value(diagnostics).unwrap_or_default()
}
