//! What became of scenarios: for people, as JSON, as JUnit's XML, as TAP.

use std::{fmt::Write as _, path::Path};

use serde_json::{Value as Json, json};
use voyager_manifest::{
    Code, Severity,
    diagnostic::{self, Diagnostic, Place},
};

use super::{Tested, Verdict, load::Wrong};
use crate::failure::Failure;

/// Forms of a report in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// One object.
    Json,
    /// JUnit's XML, as code hosts read it.
    Junit,
    /// The Test Anything Protocol, version 13.
    Tap,
}

/// What became of all scenarios.
pub(crate) struct Report {
    /// Those that were played.
    pub(crate) tested: Vec<Tested>,
    /// Those that can't be.
    pub(crate) wrong: Vec<Wrong>,
    /// How many were not reached.
    pub(crate) left: usize,
    /// Time of the machine from start to end.
    pub(crate) took: std::time::Duration,
}

impl Tested {
    /// What differs, as a compiler shows it; none where it passed.
    pub(crate) fn shown(&self, color: bool) -> Option<String> {
        let case = &self.case;
        let rate = match self.runs {
            1 => String::new(),
            runs => format!("{} of {runs} runs passed\n", self.passed),
        };
        let text = match self.failure.as_ref()? {
            Verdict::Passed => return None,
            Verdict::Stuck(reason) => format!("error: {}: {reason}", case.file),
            Verdict::Differs(_) => {
                diagnostic::render(&self.diagnostics(), &case.file, case.text.as_bytes(), color)
            }
        };
        Some(format!("{rate}{}", text.trim_end()))
    }

    fn diagnostics(&self) -> Vec<Diagnostic> {
        let Some(Verdict::Differs(differences)) = &self.failure else { return Vec::new() };
        let finding = |difference: &voyager_agent::scenario::Difference| Diagnostic {
            code: Code::Unmet,
            severity: Severity::Error,
            message: difference.message.clone(),
            place: Place::of(&self.case.text, &difference.span),
            label: String::new(),
            help: (!difference.details.is_empty()).then(|| difference.details.join("\n")),
            related: Vec::new(),
        };
        differences.iter().map(finding).collect()
    }

    fn json(&self) -> Json {
        let reason = match &self.failure {
            Some(Verdict::Stuck(reason)) => Some(reason),
            _ => None,
        };
        json!({
            "name": self.case.scenario.name,
            "file": self.case.file,
            "passed": self.good,
            "runs": self.runs,
            "runs-passed": self.passed,
            "millis": millis(self.took),
            "reason": reason,
            "differences": diagnostic::to_json(&self.diagnostics()),
        })
    }
}

impl Report {
    /// How many failed.
    pub(crate) fn failed(&self) -> usize {
        self.tested.iter().filter(|it| !it.good).count()
    }

    /// All of it as JSON.
    pub(crate) fn json(&self) -> Json {
        let wrong =
            self.wrong.iter().map(|it| json!({ "file": it.file, "diagnostics": it.diagnostics }));
        json!({
            "passed": self.tested.len() - self.failed(),
            "failed": self.failed(),
            "not-run": self.left,
            "millis": millis(self.took),
            "scenarios": self.tested.iter().map(Tested::json).collect::<Vec<_>>(),
            "wrong": wrong.collect::<Vec<_>>(),
        })
    }

    /// Writes it into a file.
    pub(crate) fn write(&self, style: Style, file: &Path) -> Result<(), Failure> {
        let text = match style {
            Style::Json => format!("{:#}\n", self.json()),
            Style::Junit => self.junit(),
            Style::Tap => self.tap(),
        };
        std::fs::write(file, text).map_err(|error| {
            Failure::environment(format!("cannot write the report {}", file.display()), &error)
        })
    }

    fn junit(&self) -> String {
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let all = self.tested.len() + self.wrong.len();
        // Writing into a string can't fail.
        let _ = writeln!(
            xml,
            "<testsuite name=\"scenarios\" tests=\"{all}\" failures=\"{}\" errors=\"{}\" time=\"{:.3}\">",
            self.failed(),
            self.wrong.len(),
            self.took.as_secs_f64(),
        );
        for it in &self.tested {
            let _ = write!(
                xml,
                "  <testcase name=\"{}\" classname=\"{}\" time=\"{:.3}\"",
                escaped(&it.case.scenario.name),
                escaped(&it.case.file),
                it.took.as_secs_f64(),
            );
            match it.shown(false).filter(|_| !it.good) {
                None => xml.push_str("/>\n"),
                Some(shown) => {
                    let _ = writeln!(
                        xml,
                        ">\n    <failure>{}</failure>\n  </testcase>",
                        escaped(&shown)
                    );
                }
            }
        }
        for it in &self.wrong {
            let (file, shown) = (escaped(&it.file), escaped(&it.shown));
            let _ = writeln!(
                xml,
                "  <testcase name=\"{file}\" classname=\"{file}\">\n    <error>{shown}</error>\n  </testcase>"
            );
        }
        xml.push_str("</testsuite>\n");
        xml
    }

    fn tap(&self) -> String {
        let mut text = format!("TAP version 13\n1..{}\n", self.tested.len() + self.wrong.len());
        let tested = self.tested.iter().map(|it| {
            let name = format!("{} ({})", it.case.scenario.name, it.case.file);
            (name, it.shown(false).filter(|_| !it.good))
        });
        let wrong = self.wrong.iter().map(|it| (it.file.clone(), Some(it.shown.clone())));
        for (number, (name, shown)) in tested.chain(wrong).enumerate() {
            let word = if shown.is_some() { "not ok" } else { "ok" };
            let _ = writeln!(text, "{word} {} - {}", number + 1, name.replace('#', "\\#"));
            for line in shown.iter().flat_map(|it| it.lines()) {
                let _ = writeln!(text, "  # {line}");
            }
        }
        text
    }
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A text as XML holds it: what XML can't hold at all is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' => escaped.push(character),
            other if other.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}
