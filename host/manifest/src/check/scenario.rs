//! Scenarios, checked against the plan of the manifest that they test: names, types, contradictions.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use voyager_base::{
    Error, ErrorKind, Limits, Type, Value,
    clock::Timestamp,
    memory::{DatedMemory, KIND_USUAL, Remembered},
    operation::Operation,
    secret::Secret,
    sim::CrashModel,
    types::Field,
};

use super::{
    Checker, KnownInput, StepResult, arguments::suggest, expressions::At, manifests::Shelf, read,
};
use crate::{
    catalog::Catalog,
    check::expressions::Local,
    code::{Code, Severity},
    diagnostic::{Diagnostic, Finding, Findings},
    language::{SCENARIO, SCENARIO_HEADER, SCRIPT, SCRIPT_HEADER},
    library::Library,
    plan::{Action, Awaited, InputKind, Plan, Wait},
    scalar,
    scenario::{
        Answer, Called, Ending, Expected, ExpectedCalls, ExpectedError, ExpectedFile, ExpectedStep,
        Fault, FileEnding, MemoryAnswer, ProgramAnswer, Scenario, ServerAnswer, Span, StepEnding,
        Used, When, Which, Whose,
    },
    shape::{self, clip, is_path},
    yaml::{Entry, Kind, Node},
};

/// What an answer of the memory may hold, and of which questions.
const MEMORY_GIVES: [(&str, &[&str]); 3] = [
    ("gives", &["recall", "read", "offers", "find", "passages", "list", "relations", "history"]),
    ("doubt", &["recall", "find"]),
    ("dated", &["recall", "find"]),
];

/// What asks the memory with words, or brings some: only of these an answer can say which.
const MEMORY_TEXTS: [&str; 5] = ["remember", "recall", "offers", "find", "passages"];

/// What became of the text of a scenario.
#[derive(Clone, Debug)]
pub struct CheckedScenario {
    /// The scenario, where there is no error.
    pub scenario: Option<Scenario>,
    /// What was found, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// How many more findings there are.
    pub omitted: usize,
}

impl CheckedScenario {
    /// How many of the findings are errors.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|found| found.severity == Severity::Error).count()
    }
}

/// The path of the manifest that a scenario names, as far as its text can be read. What is wrong with the
/// text, [`check_scenario`] tells.
pub fn manifest_of(text: &[u8]) -> Option<String> {
    let root = read(text, &mut Findings::default())?;
    root.get("manifest").and_then(Node::text).map(str::to_owned)
}

/// Checks the text of a scenario against the plan of the manifest that it names; without one, `plan` says
/// why it can't be used, and what needs no plan is checked all the same.
pub fn check_scenario(
    text: &[u8],
    plan: Result<&Plan, &str>,
    catalog: &Catalog,
) -> CheckedScenario {
    checked(text, catalog, |checker, root| checker.scenario(root, plan))
}

/// Checks the text of a script, the answers of the host to one call of a skill. `plan` is that of the call, a manifest
/// with one step. What comes of it is a scenario without inputs, files and expectations.
pub fn check_script(text: &[u8], plan: &Plan, catalog: &Catalog) -> CheckedScenario {
    checked(text, catalog, |checker, root| checker.script(root, plan))
}

fn checked(
    text: &[u8],
    catalog: &Catalog,
    check: impl FnOnce(&mut Checker<'_>, &Node) -> Option<Scenario>,
) -> CheckedScenario {
    let mut findings = Findings::default();
    let lossy = String::from_utf8_lossy(text);
    let mut scenario = None;
    if let Some(root) = read(text, &mut findings) {
        let policy = Limits::ceiling();
        let shelf = Shelf::new(Library::empty());
        let mut checker = Checker::new(&lossy, "", catalog, &policy, &shelf, Vec::new(), findings);
        scenario = check(&mut checker, &root);
        findings = checker.findings;
    }
    let scenario = scenario.filter(|_| !findings.has_errors());
    let (diagnostics, omitted) = findings.finish(&lossy);
    CheckedScenario { scenario, diagnostics, omitted }
}

impl Checker<'_> {
    fn scenario(&mut self, root: &Node, plan: Result<&Plan, &str>) -> Option<Scenario> {
        self.header(root, SCENARIO_HEADER, "scenario");
        shape::check_object(root, &SCENARIO, &mut self.findings);
        let plan = match (plan, root.get("manifest")) {
            (Ok(plan), _) => plan,
            (Err(reason), Some(node)) => {
                let message = format!("the manifest can't be used: {reason}");
                self.report(Finding::new(Code::ScenarioManifest, &node.span, message));
                return None;
            }
            (Err(_), None) => return None,
        };
        let text = |key: &str| root.get(key).and_then(Node::text).unwrap_or_default().to_owned();
        let span = root.get("name").map_or(0..0, |node| node.span.clone());
        let inputs = self.scenario_inputs(root, plan, &span);
        let secrets = self.scenario_secrets(root.get("secrets"), plan);
        let answers = self.answers(root.get("answers"), plan);
        let programs = items(root, "programs").iter().map(program_answer).collect();
        let servers = items(root, "servers").iter().map(server_answer).collect();
        let memory = items(root, "memory").iter().map(|it| self.memory_answer(it)).collect();
        let faults = items(root, "faults").iter();
        let faults: Vec<Option<(Span, Fault)>> =
            faults.map(|it| Some((head(it), self.fault(it, plan)?))).collect();
        let expect = self.expected(root.get("expect"), plan, &span);
        Some(Scenario {
            name: text("name"),
            description: text("description"),
            span,
            inputs: inputs?,
            secrets: secrets?,
            folder: root.get("folder").and_then(told),
            files: told_map(root.get("files")),
            answers: answers?,
            programs,
            servers,
            memory,
            faults: faults.into_iter().collect::<Option<_>>()?,
            expect: expect?,
        })
    }

    fn script(&mut self, root: &Node, plan: &Plan) -> Option<Scenario> {
        self.header(root, SCRIPT_HEADER, "script");
        shape::check_object(root, &SCRIPT, &mut self.findings);
        let seed = root.get("seed").and_then(Node::text).unwrap_or(SCRIPT_HEADER);
        let secrets = self.scenario_secrets(root.get("secrets"), plan);
        let answers = self.answers(root.get("answers"), plan);
        Some(Scenario {
            // What chance grows from.
            name: seed.to_owned(),
            description: String::new(),
            span: 0..0,
            inputs: BTreeMap::new(),
            secrets: secrets?,
            folder: None,
            files: Vec::new(),
            answers: answers?,
            programs: items(root, "programs").iter().map(program_answer).collect(),
            servers: items(root, "servers").iter().map(server_answer).collect(),
            memory: items(root, "memory").iter().map(|it| self.memory_answer(it)).collect(),
            faults: Vec::new(),
            expect: nothing_said(&(0..0)),
        })
    }

    fn scenario_inputs(
        &mut self,
        root: &Node,
        plan: &Plan,
        name: &Span,
    ) -> Option<BTreeMap<String, Value>> {
        let node = root.get("inputs");
        let (mut values, mut good) = (BTreeMap::new(), true);
        let names: Vec<&str> = plan.inputs.iter().map(|input| input.name.as_str()).collect();
        for entry in node.map(Node::entries).unwrap_or_default() {
            let Some(input) = plan.inputs.iter().find(|input| input.name == entry.key) else {
                let message = format!("the manifest has no input `{}`", clip(&entry.key));
                self.report(
                    Finding::new(Code::UnknownInput, &entry.key_span, message)
                        .help(suggest(&entry.key, &names)),
                );
                good = false;
                continue;
            };
            match self.scenario_input(&entry.value, input) {
                Some(value) => drop(values.insert(input.name.clone(), value)),
                None => good = false,
            }
        }
        for input in &plan.inputs {
            let needed = input.default.is_none() && !matches!(input.ty, Type::Option(_));
            if needed && node.is_none_or(|node| node.get(&input.name).is_none()) {
                let span = root.entry("inputs").map_or(name, |entry| &entry.key_span);
                let message = format!("the input `{}` is missing", input.name);
                let help = match input.kind {
                    InputKind::Path => format!("write `{}: .` for the whole workspace", input.name),
                    _ => format!("it is {}", crate::convert::article(&input.ty)),
                };
                self.report(Finding::new(Code::MissingInput, span, message).help(help));
                good = false;
            }
        }
        good.then_some(values)
    }

    /// A stand-in for each secret that is named, or that a run can't begin without.
    fn scenario_secrets(
        &mut self,
        node: Option<&Node>,
        plan: &Plan,
    ) -> Option<BTreeMap<String, Secret>> {
        let (mut secrets, mut good) = (BTreeMap::new(), true);
        let names: Vec<&str> = plan.secrets.iter().map(|secret| secret.name.as_str()).collect();
        for entry in node.map(Node::entries).unwrap_or_default() {
            let text = entry.value.text().unwrap_or_default();
            let problem = if !names.contains(&entry.key.as_str()) {
                let message = format!("the manifest has no secret `{}`", clip(&entry.key));
                let help = suggest(&entry.key, &names);
                Finding::new(Code::UnknownSecret, &entry.key_span, message).help(help)
            } else {
                match Secret::new(text) {
                    Ok(secret) => {
                        secrets.insert(entry.key.clone(), secret);
                        continue;
                    }
                    Err(unfit) => {
                        let message = format!("this can't stand in for a secret: {unfit}");
                        Finding::new(Code::InputMisfit, &entry.value.span, message)
                    }
                }
            };
            self.report(problem);
            good = false;
        }
        for secret in plan.secrets.iter().filter(|secret| !secret.optional) {
            let stand_in = Secret::new(&format!("stand-in for {}", secret.name)).ok()?;
            secrets.entry(secret.name.clone()).or_insert(stand_in);
        }
        good.then_some(secrets)
    }

    fn scenario_input(&mut self, node: &Node, input: &crate::plan::Input) -> Option<Value> {
        let inner = match &input.ty {
            Type::Option(inner) => inner,
            ty => ty,
        };
        let value = self.given(node, inner, &input.kind)?;
        if let (InputKind::Path, Some(text)) = (&input.kind, value.as_str())
            && text != "."
            && !is_path(text)
        {
            let message = format!("`{}` is no path within the workspace", clip(text));
            self.report(
                Finding::new(Code::WorkspacePath, &node.span, message)
                    .help("`.` is the whole workspace, `repo` a folder in it"),
            );
            return None;
        }
        if let Err(error) = crate::input::accepts(&input.kind, &value) {
            self.report(Finding::new(Code::InputMisfit, &node.span, error.reason));
            return None;
        }
        Some(if matches!(input.ty, Type::Option(_)) { Value::some(value) } else { value })
    }

    /// The step that a node names.
    fn step_of(&mut self, node: &Node, plan: &Plan) -> Option<usize> {
        self.step_named(node.text()?, &node.span, plan)
    }

    fn step_named(&mut self, id: &str, span: &Span, plan: &Plan) -> Option<usize> {
        let found = plan.steps.iter().position(|step| step.id == id);
        if found.is_none() {
            let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
            let message = format!("the manifest has no step `{}`", clip(id));
            self.report(Finding::new(Code::UnknownStep, span, message).help(suggest(id, &ids)));
        }
        found
    }

    /// The step that a node names, which has to call something.
    fn calling_step(&mut self, node: &Node, plan: &Plan) -> Option<usize> {
        let step = self.step_of(node, plan)?;
        if plan.steps[step].call().is_some() {
            return Some(step);
        }
        let what = match plan.steps[step].action {
            Action::Sleep(_) => "sleeps",
            Action::Wait(_) => "waits for somebody",
            Action::Manifest(_) => "runs another manifest",
            _ => "is a block",
        };
        let message = format!("the step `{}` {what}, and calls nothing", plan.steps[step].id);
        self.report(
            Finding::new(Code::NotCalled, &node.span, message)
                .help("name a step that uses an operation"),
        );
        None
    }

    fn answers(&mut self, node: Option<&Node>, plan: &Plan) -> Option<Vec<Answer>> {
        let all = node.map(Node::items).unwrap_or_default();
        let read: Vec<Option<Answer>> = all.iter().map(|node| self.answer(node, plan)).collect();
        let read: Vec<Answer> = read.into_iter().collect::<Option<_>>()?;
        for (at, answer) in read.iter().enumerate() {
            let covers = |earlier: &&Answer| {
                earlier.of == answer.of
                    && earlier.times.is_none()
                    && earlier.which.covers(answer.which)
            };
            if let Some(earlier) = read[..at].iter().find(covers) {
                self.report(
                    Finding::new(Code::UnreachedAnswer, &answer.span, "no call takes this answer")
                        .help("put it first, or say above how many `times`")
                        .related(&earlier.span, "this one fits them all"),
                );
            }
        }
        Some(read)
    }

    /// The step of an answer, where it is one that waits for somebody.
    fn waiting_step(node: &Node, plan: &Plan) -> Option<usize> {
        let id = node.get("step").filter(|_| node.get("operation").is_none())?.text()?;
        plan.steps.iter().position(|step| step.id == id && step.wait().is_some())
    }

    /// What somebody says to a step that waits for them.
    fn word(&mut self, node: &Node, step: usize, plan: &Plan) -> Option<Answer> {
        const FOREIGN: [&str; 5] = ["item", "attempt", "detail", "writes", "removes"];
        if let Some(entry) = FOREIGN.iter().find_map(|key| node.entry(key)) {
            let message = format!("`{}` has no meaning for a step that waits", entry.key);
            self.report(Finding::new(Code::AnswerForm, &entry.key_span, message).help("remove it"));
            return None;
        }
        let wait = plan.steps[step].wait()?;
        let result = self.word_result(node, wait)?;
        Some(Answer {
            span: head(node),
            of: Whose::Step(step),
            which: Which::default(),
            times: number(node, "times").and_then(|it| it.try_into().ok()),
            takes: duration(node, "takes").unwrap_or_default(),
            writes: Vec::new(),
            result,
        })
    }

    fn word_result(&mut self, node: &Node, wait: &Wait) -> Option<Result<Value, Error>> {
        let is_approval = matches!(wait.on, Awaited::Approval(_));
        match (node.entry("result"), node.entry("fails"), &wait.result) {
            (None, Some(fails), _) => {
                let kind = ErrorKind::from_name(fails.value.text()?)?;
                if is_approval && kind == ErrorKind::Refused {
                    return Some(Err(scripted(kind, node)));
                }
                let message = match is_approval {
                    true => "an approval fails as `refused` alone",
                    false => "a signal does not fail",
                };
                self.report(
                    Finding::new(Code::AnswerForm, &fails.key_span, message)
                        .help("leave the answer out to let the step's `timeout` pass"),
                );
                None
            }
            (Some(_), Some(fails), _) => {
                let message = "an answer gives a result or fails, not both";
                self.report(Finding::new(Code::AnswerForm, &fails.key_span, message));
                None
            }
            (Some(result), None, Some(ty)) => self.literal(&result.value, ty).map(Ok),
            (Some(result), None, None) => {
                let message = "this signal carries nothing";
                self.report(
                    Finding::new(Code::AnswerForm, &result.key_span, message)
                        .help("leave `result` out"),
                );
                None
            }
            (None, None, None) => Some(Ok(Value::Tuple(Vec::new()))),
            (None, None, Some(_)) if is_approval => {
                let text = |key: &str, text: &str| (key.to_owned(), Value::String(text.to_owned()));
                Some(Ok(Value::Record(vec![text("by", "scenario"), text("comment", "")])))
            }
            (None, None, Some(ty)) => {
                let message = "an answer needs a `result`";
                self.report(
                    Finding::new(Code::AnswerForm, &head(node), message)
                        .help(format!("the signal carries {}", crate::convert::article(ty))),
                );
                None
            }
        }
    }

    fn answer(&mut self, node: &Node, plan: &Plan) -> Option<Answer> {
        if let Some(step) = Self::waiting_step(node, plan) {
            return self.word(node, step, plan);
        }
        let (of, operation) = self.whose(node, plan)?;
        let which = which(node);
        if let (Whose::Operation(_), Some(entry)) =
            (&of, node.entry("item").or_else(|| node.entry("attempt")))
        {
            let message = format!("`{}` is counted within a step", entry.key);
            self.report(
                Finding::new(Code::AnswerForm, &entry.key_span, message)
                    .help("name the `step` instead of the operation"),
            );
        }
        let result = self.answer_result(node, &operation)?;
        let written = told_map(node.get("writes")).into_iter().map(|(at, text)| (at, Some(text)));
        let removed = items(node, "removes").iter().filter_map(Node::text);
        let removed = removed.map(|path| (path.to_owned(), None));
        Some(Answer {
            span: head(node),
            of,
            which,
            times: number(node, "times").and_then(|it| it.try_into().ok()),
            takes: duration(node, "takes").unwrap_or_default(),
            writes: written.chain(removed).collect(),
            result,
        })
    }

    fn memory_answer(&mut self, node: &Node) -> MemoryAnswer {
        let text = |key: &str| node.get(key).and_then(Node::text);
        let asks = text("asks").unwrap_or_default();
        let fails = text("fails").and_then(ErrorKind::from_name);
        for (key, of) in MEMORY_GIVES {
            let Some(entry) = node.entry(key) else { continue };
            let (message, help) = if fails.is_some() {
                (format!("an answer that fails has no `{key}`"), "keep one of them")
            } else if !of.contains(&asks) {
                (format!("`{key}` is nothing that `{}` gives back", clip(asks)), "remove it")
            } else {
                continue;
            };
            self.report(Finding::new(Code::AnswerForm, &entry.key_span, message).help(help));
        }
        if let Some(entry) = node.entry("text").filter(|_| !MEMORY_TEXTS.contains(&asks)) {
            let message = format!("what asks the memory to `{}` holds no text", clip(asks));
            let found = Finding::new(Code::AnswerForm, &entry.key_span, message);
            self.report(found.help("remove it: this answer would fit nothing"));
        }
        let gives = items(node, "gives").iter().zip(1..).map(|(it, id)| remembered(it, id));
        MemoryAnswer {
            span: head(node),
            asks: asks.to_owned(),
            text: text("text").map(str::to_owned),
            times: number(node, "times").and_then(|it| it.try_into().ok()),
            takes: duration(node, "takes").unwrap_or_default(),
            doubt: text("doubt").and_then(scalar::float),
            dated: node.get("dated").map(|it| self.dated(it)),
            result: fails.map_or_else(|| Ok(gives.collect()), Err),
        }
    }

    /// When that was which a question asks about.
    fn dated(&mut self, node: &Node) -> DatedMemory {
        let text = |key: &str| node.get(key).and_then(Node::text);
        let first = text("first").unwrap_or_default();
        let last = node.entry("last");
        // Days that are written alike are in the order of their texts.
        if let Some(entry) = last.filter(|it| it.value.text().is_some_and(|it| it < first)) {
            let message = "the last day is before the first";
            self.report(Finding::new(Code::AnswerForm, &entry.key_span, message).help("swap them"));
        }
        DatedMemory {
            first: first.to_owned(),
            last: text("last").unwrap_or(first).to_owned(),
            granularity: text("granularity").unwrap_or("day").to_owned(),
            by: number(node, "by").unwrap_or(1),
            said: text("said").and_then(scalar::bool).unwrap_or(true),
        }
    }

    fn whose(&mut self, node: &Node, plan: &Plan) -> Option<(Whose, Arc<Operation>)> {
        match (node.get("step"), node.get("operation")) {
            (Some(step), None) => {
                let step = self.calling_step(step, plan)?;
                let call = plan.steps[step].call()?;
                Some((Whose::Step(step), call.operation.clone()))
            }
            (None, Some(operation)) => {
                let found = self.operation(operation)?.operation.clone();
                Some((Whose::Operation(found.name.clone()), found))
            }
            (step, _) => {
                let message = match step {
                    Some(_) => "an answer is for a step or for an operation, not for both",
                    None => "an answer needs a `step` or an `operation`",
                };
                self.report(Finding::new(Code::AnswerForm, &head(node), message));
                None
            }
        }
    }

    fn answer_result(
        &mut self,
        node: &Node,
        operation: &Operation,
    ) -> Option<Result<Value, Error>> {
        let (result, fails) = (node.entry("result"), node.entry("fails"));
        if let (Some(_), Some(fails)) = (result, fails) {
            let message = "an answer gives a result or fails, not both";
            self.report(Finding::new(Code::AnswerForm, &fails.key_span, message));
            return None;
        }
        if let (None, Some(entry)) = (fails, node.entry("message").or_else(|| node.entry("detail")))
        {
            let message = format!("`{}` belongs to `fails`", entry.key);
            self.report(Finding::new(Code::AnswerForm, &entry.key_span, message));
            return None;
        }
        if let Some(fails) = fails {
            let kind = ErrorKind::from_name(fails.value.text()?)?;
            let detail = match node.entry("detail") {
                None => None,
                Some(entry) => Some(self.detail(entry, kind, operation)?),
            };
            return Some(Err(Error { detail, ..scripted(kind, node) }));
        }
        match (result, operation.success()) {
            (Some(entry), Some(ty)) => self.literal(&entry.value, ty).map(Ok),
            (None, None) => Some(Ok(Value::Tuple(Vec::new()))),
            (Some(entry), None) => {
                let message = format!("`{}` gives back nothing", operation.name.unversioned());
                self.report(
                    Finding::new(Code::AnswerForm, &entry.key_span, message)
                        .help("leave `result` out"),
                );
                None
            }
            (None, Some(ty)) => {
                let message = "an answer needs a `result`, or says how it `fails`";
                self.report(
                    Finding::new(Code::AnswerForm, &head(node), message)
                        .help(format!("the result is {}", crate::convert::article(ty))),
                );
                None
            }
        }
    }

    fn detail(&mut self, entry: &Entry, kind: ErrorKind, operation: &Operation) -> Option<Value> {
        let own = operation.failure().filter(|_| !operation.fails_by_kind());
        match own {
            Some(ty) if kind == ErrorKind::Failed => self.literal(&entry.value, ty),
            _ => {
                let message = match own {
                    Some(_) => "`detail` belongs to `fails: failed`",
                    None => "this operation has no error of its own",
                };
                self.report(
                    Finding::new(Code::AnswerForm, &entry.key_span, message).help("remove it"),
                );
                None
            }
        }
    }

    fn fault(&mut self, node: &Node, plan: &Plan) -> Option<Fault> {
        const KINDS: [(&str, &[&str]); 4] = [
            ("kill", &["step", "count", "disk"]),
            ("fail", &["step", "item", "attempt", "message"]),
            ("delay", &["step", "item", "attempt"]),
            ("jump", &["at", "step", "count"]),
        ];
        let mut named = KINDS.iter().filter(|(kind, _)| node.get(kind).is_some());
        let (Some((kind, keys)), None) = (named.next(), named.next()) else {
            let message = "a fault is one of `kill`, `fail`, `delay`, `jump`";
            self.report(Finding::new(Code::FaultForm, &head(node), message));
            return None;
        };
        let foreign = |entry: &&Entry| {
            entry.key != *kind
                && !keys.contains(&entry.key.as_str())
                && !entry.key.starts_with("x-")
        };
        if let Some(entry) = node.entries().iter().find(foreign) {
            let message = format!("`{}` has no meaning for `{kind}`", clip(&entry.key));
            self.report(Finding::new(Code::FaultForm, &entry.key_span, message).help("remove it"));
            return None;
        }
        match *kind {
            "kill" => {
                let disk = match node.get("disk").and_then(Node::text) {
                    Some("lost") => CrashModel::Lost,
                    Some("torn") => CrashModel::Torn,
                    Some("reordered") => CrashModel::Reordered,
                    _ => CrashModel::Clean,
                };
                Some(Fault::Kill { when: self.when(node, "kill", plan)?, disk })
            }
            "jump" => {
                let by = duration(node, "jump")?;
                if node.get("at").is_none() {
                    let message = "`jump` needs to know when: `at`";
                    self.report(Finding::new(Code::FaultForm, &head(node), message));
                    return None;
                }
                Some(Fault::Jump { when: self.when(node, "at", plan)?, by })
            }
            _ => {
                let Some(step) = node.get("step") else {
                    let message = format!("`{kind}` needs a `step`");
                    self.report(Finding::new(Code::FaultForm, &head(node), message));
                    return None;
                };
                let (step, which) = (self.calling_step(step, plan)?, which(node));
                if *kind == "delay" {
                    return Some(Fault::Delay { step, which, by: duration(node, "delay")? });
                }
                let kind = ErrorKind::from_name(node.get("fail")?.text()?)?;
                Some(Fault::Fail { step, which, error: scripted(kind, node) })
            }
        }
    }

    fn when(&mut self, node: &Node, key: &str, plan: &Plan) -> Option<When> {
        let step = match node.get("step") {
            Some(step) => Some(self.step_of(step, plan)?),
            None => None,
        };
        let count = number(node, "count").and_then(|it| it.try_into().ok()).unwrap_or(1);
        Some(When { point: node.get(key)?.text()?.to_owned(), step, count })
    }

    fn expected(&mut self, node: Option<&Node>, plan: &Plan, name: &Span) -> Option<Expected> {
        let Some(node) = node else { return Some(nothing_said(name)) };
        let told = node.entry("error").map(|entry| self.expected_error(entry, plan));
        let error = told.clone().flatten();
        let status = self.status(node, &error, name);
        let outputs = self.expected_outputs(node.get("outputs"), plan);
        let that = self.conditions(node.get("that"), plan);
        if let Some((_, ending @ (Ending::Failed | Ending::Cancelled))) = status
            && let Some(entry) = node.entry("outputs").or_else(|| node.entry("that"))
        {
            let message = format!("a run that {} has no outputs", ended(ending));
            self.report(
                Finding::new(Code::ExpectationForm, &entry.key_span, message).help("remove it"),
            );
        }
        let steps = node.get("steps").map(Node::entries).unwrap_or_default();
        let steps: Vec<_> = steps.iter().map(|entry| self.expected_step(entry, plan)).collect();
        let files = node.get("files").map(Node::entries).unwrap_or_default();
        let files: Vec<_> = files.iter().map(|entry| self.expected_file(entry)).collect();
        let calls: Vec<_> =
            items(node, "calls").iter().map(|node| self.expected_calls(node)).collect();
        if matches!(told, Some(None)) {
            return None;
        }
        Some(Expected {
            status: status?,
            error,
            outputs: outputs?,
            that: that?,
            steps: steps.into_iter().collect::<Option<_>>()?,
            files: files.into_iter().collect::<Option<_>>()?,
            others_unchanged: node.get("other-files").map(|node| node.span.clone()),
            calls: calls.into_iter().collect::<Option<_>>()?,
            limits: limits(node.get("limits")),
        })
    }

    fn status(
        &mut self,
        node: &Node,
        error: &Option<ExpectedError>,
        name: &Span,
    ) -> Option<(Span, Ending)> {
        let status = match node.get("status") {
            None => match error {
                Some(error) => (error.span.clone(), Ending::Failed),
                None => (name.clone(), Ending::Succeeded),
            },
            Some(status) => {
                let all = [Ending::Succeeded, Ending::Failed, Ending::Cancelled];
                let ending = all.into_iter().find(|it| Some(it.word()) == status.text())?;
                (status.span.clone(), ending)
            }
        };
        if let (Ending::Succeeded, Some(error)) = (status.1, error) {
            let message = "a run that succeeds has no error";
            self.report(
                Finding::new(Code::ExpectationForm, &status.0, message)
                    .help("write `status: failed`, or remove `error`")
                    .related(&error.span, "the error"),
            );
            return None;
        }
        Some(status)
    }

    fn expected_error(&mut self, entry: &Entry, plan: &Plan) -> Option<ExpectedError> {
        let node = &entry.value;
        let kind = match node.get("kind") {
            Some(kind) => Some((kind.span.clone(), ErrorKind::from_name(kind.text()?)?)),
            None => None,
        };
        if let Some(step) = node.get("step") {
            self.step_of(step, plan)?;
        }
        Some(ExpectedError {
            span: entry.key_span.clone(),
            kind,
            step: node.get("step").and_then(told),
            message: node.get("message").and_then(told),
        })
    }

    fn expected_outputs(
        &mut self,
        node: Option<&Node>,
        plan: &Plan,
    ) -> Option<Vec<(Span, String, Value)>> {
        let names: Vec<&str> = plan.outputs.iter().map(|output| output.name.as_str()).collect();
        let (mut outputs, mut good) = (Vec::new(), true);
        for entry in node.map(Node::entries).unwrap_or_default() {
            let Some(output) = plan.outputs.iter().find(|output| output.name == entry.key) else {
                let message = format!("the manifest has no output `{}`", clip(&entry.key));
                self.report(
                    Finding::new(Code::UnknownOutput, &entry.key_span, message)
                        .help(suggest(&entry.key, &names)),
                );
                good = false;
                continue;
            };
            match self.literal(&entry.value, &output.ty) {
                Some(value) => {
                    outputs.push((head(&entry.value), entry.key.clone(), value));
                }
                None => good = false,
            }
        }
        good.then_some(outputs)
    }

    fn conditions(
        &mut self,
        node: Option<&Node>,
        plan: &Plan,
    ) -> Option<Vec<(Span, crate::expr::Expr, String)>> {
        let field = |output: &crate::plan::Output| Field {
            name: output.name.clone(),
            ty: output.ty.clone(),
            docs: String::new(),
        };
        let fields = plan.outputs.iter().map(field).collect();
        let record = Type::Record(voyager_base::types::Named::new(None, fields));
        let local = Local { name: "outputs".to_owned(), result: StepResult::Type(record) };
        let at = At { step: None, locals: vec![local] };
        self.inputs = plan.inputs.iter().map(known).collect();
        let (mut conditions, mut good) = (Vec::new(), true);
        for item in node.map(Node::items).unwrap_or_default() {
            let Some(that) = item.get("that") else { continue };
            let message = item.get("message").and_then(Node::text).unwrap_or_default();
            match self.condition(that, &at, "what is expected") {
                Some(expr) => conditions.push((that.span.clone(), expr, message.to_owned())),
                None => good = false,
            }
        }
        good.then_some(conditions)
    }

    fn expected_step(&mut self, entry: &Entry, plan: &Plan) -> Option<ExpectedStep> {
        let step = self.step_named(&entry.key, &entry.key_span, plan)?;
        let node = &entry.value;
        let is = node.get("is").and_then(|node| {
            let ending = StepEnding::ALL.into_iter().find(|it| Some(it.word()) == node.text())?;
            Some((node.span.clone(), ending))
        });
        let kind = node
            .get("kind")
            .and_then(|node| Some((node.span.clone(), ErrorKind::from_name(node.text()?)?)));
        if let (Some((_, ending)), Some((span, _))) = (&is, &kind)
            && !matches!(ending, StepEnding::Failed | StepEnding::Stopped)
        {
            let message = format!("a step that is `{}` has no error", ending.word());
            self.report(Finding::new(Code::ExpectationForm, span, message));
            return None;
        }
        let counted = |key: &str| Some((node.get(key)?.span.clone(), number(node, key)?));
        Some(ExpectedStep { step, is, kind, attempts: counted("attempts"), runs: counted("runs") })
    }

    fn expected_file(&mut self, entry: &Entry) -> Option<ExpectedFile> {
        let node = &entry.value;
        let is = node.get("is").and_then(|node| {
            let ending = match node.text()? {
                "absent" => FileEnding::Absent,
                "unchanged" => FileEnding::Unchanged,
                _ => FileEnding::Present,
            };
            Some((node.span.clone(), ending))
        });
        let content = ["equals", "contains", "lacks"].into_iter().find_map(|key| node.entry(key));
        if let (Some((span, FileEnding::Absent)), Some(content)) = (&is, content) {
            self.report(
                Finding::new(Code::ExpectationForm, span, "a file that is absent has no content")
                    .related(&content.key_span, "its content"),
            );
            return None;
        }
        if is.is_none() && content.is_none() {
            let message = format!("nothing is expected of `{}`", clip(&entry.key));
            self.report(
                Finding::new(Code::ExpectationForm, &entry.key_span, message)
                    .help("write `equals`, `contains`, `lacks` or `is`"),
            );
            return None;
        }
        let texts = |key: &str| items(node, key).iter().filter_map(told).collect();
        Some(ExpectedFile {
            span: entry.key_span.clone(),
            path: entry.key.clone(),
            equals: node.get("equals").and_then(told),
            contains: texts("contains"),
            lacks: texts("lacks"),
            is,
        })
    }

    fn expected_calls(&mut self, node: &Node) -> Option<ExpectedCalls> {
        let what = match (node.get("operation"), node.get("host")) {
            (Some(operation), None) => {
                Called::Operation(self.operation(operation)?.operation.name.unversioned())
            }
            (None, Some(host)) => Called::Host(self.host_call(host)?),
            _ => {
                let message = "calls are those of an `operation`, or questions to the `host`";
                self.report(Finding::new(Code::ExpectationForm, &head(node), message));
                return None;
            }
        };
        let (times, least, most) =
            (number(node, "times"), number(node, "least"), number(node, "most"));
        let (least, most) = match (times, least, most) {
            (Some(times), None, None) => (times, times),
            (None, Some(least), most) => (least, most.unwrap_or(u64::MAX)),
            (None, None, Some(most)) => (0, most),
            _ => {
                let message = "how often: `times`, or `least` and `most`";
                self.report(Finding::new(Code::ExpectationForm, &head(node), message));
                return None;
            }
        };
        Some(ExpectedCalls { span: head(node), what, least, most })
    }

    fn host_call(&mut self, node: &Node) -> Option<String> {
        let name = node.text()?;
        if !HOST_CALLS.contains(&name) {
            let message = format!("skills ask no `{}`", clip(name));
            self.report(
                Finding::new(Code::UnknownWord, &node.span, message)
                    .help(suggest(name, &HOST_CALLS)),
            );
            return None;
        }
        Some(name.to_owned())
    }
}

/// Names of the questions that skills ask the host.
pub(crate) const HOST_CALLS: [&str; 27] = [
    "http.fetch",
    "http.send",
    "memory.find",
    "memory.forget",
    "memory.history",
    "memory.keep-result",
    "memory.list",
    "memory.offers",
    "memory.passages",
    "memory.read",
    "memory.recall",
    "memory.relate",
    "memory.relations",
    "memory.remember",
    "memory.used",
    "process.run",
    "tasks.map",
    "workspace.diff",
    "workspace.list",
    "workspace.look",
    "workspace.read",
    "workspace.remove",
    "workspace.rename",
    "workspace.replace",
    "workspace.search",
    "workspace.stat",
    "workspace.write",
];

fn nothing_said(name: &Span) -> Expected {
    Expected {
        status: (name.clone(), Ending::Succeeded),
        error: None,
        outputs: Vec::new(),
        that: Vec::new(),
        steps: Vec::new(),
        files: Vec::new(),
        others_unchanged: None,
        calls: Vec::new(),
        limits: Vec::new(),
    }
}

fn ended(ending: Ending) -> &'static str {
    match ending {
        Ending::Succeeded => "succeeded",
        Ending::Failed => "failed",
        Ending::Cancelled => "was cancelled",
    }
}

fn known(input: &crate::plan::Input) -> KnownInput {
    KnownInput {
        name: input.name.clone(),
        span: 0..0,
        ty: Some(input.ty.clone()),
        secret: None,
        is_path: matches!(input.kind, InputKind::Path),
        input: None,
    }
}

fn program_answer(node: &Node) -> ProgramAnswer {
    let run = match node.get("run").map(|run| &run.kind) {
        Some(Kind::List(items)) => items.iter().filter_map(Node::text).map(str::to_owned).collect(),
        Some(Kind::Scalar { text, .. }) => text.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default().to_owned();
    let fails = node.get("fails").and_then(Node::text).and_then(ErrorKind::from_name);
    let code = number(node, "exit-code").and_then(|it| it.try_into().ok()).unwrap_or(0);
    ProgramAnswer {
        span: head(node),
        run,
        times: number(node, "times").and_then(|it| it.try_into().ok()),
        takes: duration(node, "takes").unwrap_or_default(),
        result: match fails {
            Some(kind) => Err((kind, "the scenario lets the program fail".to_owned())),
            None => Ok((code, text("stdout"), text("stderr"))),
        },
    }
}

fn server_answer(node: &Node) -> ServerAnswer {
    let text = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default().to_owned();
    let headers = node.get("headers").map(Node::entries).unwrap_or_default().iter();
    let header =
        |entry: &Entry| (entry.key.to_ascii_lowercase(), entry.value.text().map(str::to_owned));
    let headers = headers.map(header).filter_map(|(name, value)| Some((name, value?))).collect();
    let status = number(node, "status").and_then(|it| it.try_into().ok()).unwrap_or(200);
    ServerAnswer {
        span: head(node),
        url: text("url"),
        method: node.get("method").and_then(Node::text).map(str::to_owned),
        times: number(node, "times").and_then(|it| it.try_into().ok()),
        takes: duration(node, "takes").unwrap_or_default(),
        result: match node.get("fails").and_then(Node::text).and_then(ErrorKind::from_name) {
            Some(kind) => Err(kind),
            None => Ok((status, headers, text("body"))),
        },
    }
}

/// A memory that a scenario gives; by the place in its list where it has no number.
fn remembered(node: &Node, id: u64) -> Remembered {
    let text = |key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    let fields = node.get("fields").map(Node::entries).unwrap_or_default().iter();
    let field = |it: &Entry| Some((it.key.clone(), it.value.text()?.to_owned()));
    Remembered {
        id: number(node, "id").unwrap_or(id),
        space: text("space").unwrap_or_else(|| "scenario".to_owned()),
        text: text("text").unwrap_or_default(),
        author: text("author"),
        thread: text("thread"),
        at: Timestamp::default(),
        kind: text("kind").unwrap_or_else(|| KIND_USUAL.to_owned()),
        tags: items(node, "tags").iter().filter_map(Node::text).map(str::to_owned).collect(),
        fields: fields.filter_map(field).collect(),
    }
}

fn limits(node: Option<&Node>) -> Vec<(Span, Used, u64)> {
    let mut limits = Vec::new();
    for used in [Used::Tasks, Used::HostCalls, Used::Time, Used::Resumes] {
        let Some(at) = node.and_then(|node| node.get(used.key())) else { continue };
        let most = match used {
            Used::Time => at.text().and_then(scalar::duration).map(|it| it.as_millis()),
            _ => at.text().and_then(scalar::int).and_then(|it| it.try_into().ok()),
        };
        limits
            .extend(most.map(|it| (at.span.clone(), used, u64::try_from(it).unwrap_or(u64::MAX))));
    }
    limits
}

/// The error that a scenario lets happen.
fn scripted(kind: ErrorKind, node: &Node) -> Error {
    let message = node.get("message").and_then(Node::text);
    Error::new(kind, message.unwrap_or("the scenario lets it fail"))
}

fn which(node: &Node) -> Which {
    Which {
        item: number(node, "item"),
        attempt: number(node, "attempt").and_then(|it| it.try_into().ok()),
    }
}

fn number(node: &Node, key: &str) -> Option<u64> {
    node.get(key).and_then(Node::text).and_then(scalar::int).and_then(|it| it.try_into().ok())
}

fn duration(node: &Node, key: &str) -> Option<Duration> {
    node.get(key).and_then(Node::text).and_then(scalar::duration)
}

fn items<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    node.get(key).map(Node::items).unwrap_or_default()
}

fn told(node: &Node) -> Option<(Span, String)> {
    Some((head(node), node.text()?.to_owned()))
}

fn told_map(node: Option<&Node>) -> Vec<(String, String)> {
    let entries = node.map(Node::entries).unwrap_or_default();
    let pair = |entry: &Entry| Some((entry.key.clone(), entry.value.text()?.to_owned()));
    entries.iter().filter_map(pair).collect()
}

/// Where a construct begins: its first key, or the whole of a single value on one line.
fn head(node: &Node) -> Span {
    match &node.kind {
        Kind::Map(entries) => {
            let first = entries.first().map(|entry| entry.key_span.clone());
            first.unwrap_or_else(|| node.span.clone())
        }
        Kind::List(_) => node.span.start..node.span.start + 1,
        Kind::Scalar { text, .. } if text.contains('\n') => node.span.start..node.span.start + 1,
        Kind::Scalar { .. } => node.span.clone(),
    }
}
