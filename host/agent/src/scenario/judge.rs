//! Compares what happened with what a scenario expects. All that differs is told, with the place in the
//! scenario that expects otherwise.

use voyager_base::{ErrorKind, Value};
use voyager_manifest::{
    Plan, Scenario,
    expr::Scope,
    scenario::{
        Called, Ending, ExpectedCalls, ExpectedError, ExpectedFile, ExpectedStep, FileEnding, Span,
        StepEnding, Used,
    },
};

use super::{Played, differ, trace::Trace};
use crate::Outcome;

/// An expectation that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where the scenario expects otherwise.
    pub span: Span,
    /// What differs, in one sentence.
    pub message: String,
    /// What differs in it, line by line.
    pub details: Vec<String>,
}

/// The content of a file now, and before the run; none where there is no file.
pub type NowAndBefore = (Option<Vec<u8>>, Option<Vec<u8>>);

/// What is compared.
pub struct Judged<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The plan of its manifest.
    pub plan: &'a Plan,
    /// The inputs of the run.
    pub inputs: &'a [(String, Value)],
    /// What came of it.
    pub played: &'a Played,
    /// The content of a file of the workspace now, and before the run; none where there is none.
    pub file: &'a dyn Fn(&str) -> NowAndBefore,
    /// Paths of all files of the workspace that were added, removed or changed.
    pub changed: &'a [String],
}

/// Compares what happened with what is expected.
pub fn judge(judged: &Judged<'_>) -> Vec<Difference> {
    let mut judge = Judge { judged, found: Vec::new() };
    judge.status();
    judge.outputs();
    judge.steps();
    judge.files();
    judge.calls();
    judge.limits();
    for (span, message) in &judged.played.idle {
        judge.differs(span, *message, vec![]);
    }
    judge.found
}

struct Judge<'j, 'a> {
    judged: &'j Judged<'a>,
    found: Vec<Difference>,
}

impl Judge<'_, '_> {
    fn differs(&mut self, span: &Span, message: impl Into<String>, details: Vec<String>) {
        self.found.push(Difference { span: span.clone(), message: message.into(), details });
    }

    fn trace(&self) -> &Trace {
        &self.judged.played.trace
    }

    fn status(&mut self) {
        let expect = &self.judged.scenario.expect;
        let outcome = &self.judged.played.outcome;
        let ending = ending(outcome);
        if ending != expect.status.1 {
            let details = outcome.as_ref().err().map(reason).into_iter().collect();
            let message = format!("the run is {}, not {}", ending.word(), expect.status.1.word());
            self.differs(&expect.status.0, message, details);
            return;
        }
        if let (Some(expected), Err(failure)) = (&expect.error, outcome) {
            self.error(expected, failure);
        }
    }

    fn error(&mut self, expected: &ExpectedError, failure: &crate::Failure) {
        let (kind, message) = (failure.error.kind, &failure.error.message);
        if let Some((span, wanted)) = &expected.kind
            && *wanted != kind
        {
            let said = format!("the error is `{kind}`, not `{wanted}`");
            self.differs(span, said, vec![reason(failure)]);
        }
        if let Some((span, wanted)) = &expected.step
            && failure.step.as_ref() != Some(wanted)
        {
            let is = failure
                .step
                .as_ref()
                .map_or_else(|| "the run itself".to_owned(), |it| format!("`{it}`"));
            self.differs(span, format!("{is} failed, not `{wanted}`"), vec![reason(failure)]);
        }
        if let Some((span, wanted)) = &expected.message
            && !message.contains(wanted.as_str())
        {
            let details = vec![format!("it is: {}", differ::clipped(message))];
            self.differs(span, "the message of the error does not contain this", details);
        }
    }

    fn outputs(&mut self) {
        let Ok(outputs) = &self.judged.played.outcome else { return };
        let expect = &self.judged.scenario.expect;
        for (span, name, wanted) in &expect.outputs {
            let Some((_, is)) = outputs.iter().find(|(own, _)| own == name) else { continue };
            let details = differ::values(wanted, is);
            if !details.is_empty() {
                self.differs(span, format!("the output `{name}` is not this"), details);
            }
        }
        let names = Names { inputs: self.judged.inputs, outputs: Value::Record(outputs.clone()) };
        for (span, expr, message) in &expect.that {
            let said = match expr.evaluate(&names) {
                Ok(Value::Bool(true)) => continue,
                Ok(_) if message.is_empty() => "this does not hold".to_owned(),
                Ok(_) => message.clone(),
                Err(error) => format!("this has no value: {error}"),
            };
            let mentioned: Vec<String> = outputs
                .iter()
                .filter(|(name, _)| expr.text().contains(&format!("outputs.{name}")))
                .map(|(name, it)| {
                    format!("outputs.{name} is {}", differ::clipped(&it.to_json().to_string()))
                })
                .collect();
            self.differs(span, said, mentioned);
        }
    }

    fn steps(&mut self) {
        for expected in &self.judged.scenario.expect.steps {
            self.step(expected);
        }
    }

    fn step(&mut self, expected: &ExpectedStep) {
        let Some(is) = self.trace().steps.get(expected.step).cloned() else { return };
        let id = self.judged.plan.steps[expected.step].id.clone();
        let ending = is.ending.unwrap_or(StepEnding::NotReached);
        let details: Vec<String> =
            is.error.iter().map(|error| format!("{}: {}", error.kind, error.message)).collect();
        if let Some((span, wanted)) = &expected.is
            && *wanted != ending
        {
            let message =
                format!("the step `{id}` is `{}`, not `{}`", ending.word(), wanted.word());
            self.differs(span, message, details);
            return;
        }
        if let Some((span, wanted)) = &expected.kind
            && is.error.as_ref().map(|error| error.kind) != Some(*wanted)
        {
            let kind = is
                .error
                .as_ref()
                .map_or_else(|| "no error".to_owned(), |it| format!("`{}`", it.kind));
            self.differs(span, format!("the step `{id}` has {kind}, not `{wanted}`"), details);
        }
        for (counted, number, what) in
            [(&expected.attempts, is.attempts, "attempts"), (&expected.runs, is.runs, "runs")]
        {
            if let Some((span, wanted)) = counted
                && *wanted != number
            {
                self.differs(
                    span,
                    format!("the step `{id}` has {number} {what}, not {wanted}"),
                    vec![],
                );
            }
        }
    }

    fn files(&mut self) {
        let expect = &self.judged.scenario.expect;
        for expected in &expect.files {
            self.file(expected);
        }
        let Some(span) = &expect.others_unchanged else { return };
        let named = |path: &&String| !expect.files.iter().any(|file| file.path == **path);
        let others: Vec<String> = self.judged.changed.iter().filter(named).cloned().collect();
        if !others.is_empty() {
            self.differs(span, format!("{} other file(s) changed", others.len()), others);
        }
    }

    fn file(&mut self, expected: &ExpectedFile) {
        let (now, before) = (self.judged.file)(&expected.path);
        let path = &expected.path;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if let Some((span, wanted)) = &expected.is {
            let said = match (wanted, &now) {
                (FileEnding::Present, None) => Some(format!("there is no file `{path}`")),
                (FileEnding::Absent, Some(_)) => Some(format!("there is a file `{path}`")),
                (FileEnding::Unchanged, now) if *now != before => {
                    Some(format!("the file `{path}` changed"))
                }
                _ => None,
            };
            let details = match (wanted, &before, &now) {
                (FileEnding::Unchanged, Some(before), Some(now)) => {
                    differ::texts(&text(before), &text(now))
                }
                _ => Vec::new(),
            };
            if let Some(said) = said {
                self.differs(span, said, details);
                return;
            }
        }
        let wants = expected.equals.is_some()
            || !expected.contains.is_empty()
            || !expected.lacks.is_empty();
        let Some(now) = now else {
            if wants {
                self.differs(&expected.span, format!("there is no file `{path}`"), vec![]);
            }
            return;
        };
        let now = text(&now);
        if let Some((span, wanted)) = &expected.equals
            && *wanted != now
        {
            let details = differ::texts(wanted, &now);
            self.differs(span, format!("the file `{path}` is not this"), details);
        }
        for (span, wanted) in expected.contains.iter().filter(|(_, it)| !now.contains(it.as_str()))
        {
            let details = vec![format!("it is: {}", differ::clipped(&now))];
            let message = format!("the file `{path}` lacks {}", differ::clipped(wanted));
            self.differs(span, message, details);
        }
        for (span, unwanted) in expected.lacks.iter().filter(|(_, it)| now.contains(it.as_str())) {
            let message = format!("the file `{path}` contains {}", differ::clipped(unwanted));
            self.differs(span, message, vec![]);
        }
    }

    fn calls(&mut self) {
        for ExpectedCalls { span, what, least, most } in &self.judged.scenario.expect.calls {
            let (name, is) = match what {
                Called::Operation(name) => (name, self.trace().operations.get(name)),
                Called::Host(name) => (name, self.trace().questions.get(name)),
            };
            let is = is.copied().unwrap_or(0);
            if !(*least..=*most).contains(&is) {
                let wanted = match (*least, *most) {
                    (least, most) if least == most => format!("{least} times"),
                    (least, u64::MAX) => format!("at least {least} times"),
                    (0, most) => format!("at most {most} times"),
                    (least, most) => format!("{least} to {most} times"),
                };
                self.differs(span, format!("`{name}` was called {is} times, not {wanted}"), vec![]);
            }
        }
    }

    fn limits(&mut self) {
        for (span, used, most) in &self.judged.scenario.expect.limits {
            let trace = self.trace();
            let is = match used {
                Used::Tasks => trace.tasks(),
                Used::HostCalls => trace.host_calls(),
                Used::Time => u64::try_from(trace.time.as_millis()).unwrap_or(u64::MAX),
                Used::Resumes => trace.resumes,
            };
            if *most < is {
                let unit = if *used == Used::Time { "ms" } else { "" };
                let message = format!("`{}` is {is}{unit}, more than {most}{unit}", used.key());
                self.differs(span, message, vec![]);
            }
        }
    }
}

fn ending(outcome: &Outcome) -> Ending {
    match outcome {
        Ok(_) => Ending::Succeeded,
        Err(failure) if failure.error.kind == ErrorKind::Cancelled => Ending::Cancelled,
        Err(_) => Ending::Failed,
    }
}

fn reason(failure: &crate::Failure) -> String {
    let step = failure.step.as_ref().map(|step| format!("step `{step}`: ")).unwrap_or_default();
    format!("{step}{}: {}", failure.error.kind, differ::clipped(&failure.error.message))
}

/// What conditions may name: `inputs` and `outputs`.
struct Names<'a> {
    inputs: &'a [(String, Value)],
    outputs: Value,
}

impl Scope for Names<'_> {
    fn input(&self, name: &str) -> Option<&Value> {
        self.inputs.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    fn step(&self, _id: &str) -> Option<&Value> {
        None
    }

    fn local(&self, name: &str) -> Option<&Value> {
        (name == "outputs").then_some(&self.outputs)
    }
}
