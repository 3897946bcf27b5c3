//! What a plan needs, and what is open about it: effects that nothing takes back, branches that no scenario
//! looks at, programs and loops without a bound. For whoever decides whether it may run.
//!
//! A scenario counts for a branch where it *expects* it: what it only passes through unseen is no test.

use std::fmt::Write as _;

use serde::Serialize;
use voyager_base::http::SAFE_METHODS;

use crate::{
    plan::{Bounds, Handler, Mode, Part, Plan},
    power::{Imports, Reach, items_max, line_of, path},
    scalar::show_duration,
    scenario::{ExpectedStep, Scenario, StepEnding},
};

/// What a plan needs, and what is open about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sheet {
    /// The manifest's name.
    pub name: String,
    /// Skills that have to be there.
    pub skills: Vec<String>,
    /// Inputs that have to be given.
    pub inputs: Vec<String>,
    /// Programs that have to be there, where a step gets to them.
    pub programs: Vec<String>,
    /// How many scenarios beside the manifest were looked at.
    pub scenarios: usize,
    /// What is open, by line.
    pub risks: Vec<Risk>,
}

/// Something that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Risk {
    /// What sort.
    pub kind: Kind,
    /// The step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The line of the manifest.
    pub line: Option<u32>,
    /// What is the case.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// What to do about it.
    pub way_out: String,
}

/// Sorts of risks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An input without description.
    UndescribedInput,
    /// A program with network, or a server that may be changed: what is done there stays done.
    Irreversible,
    /// A program whose changes of files become real before the run has ended.
    KeptEarly,
    /// Nothing says how to take back what an irreversible step did.
    NoCompensation,
    /// A program that only the limits of its task end.
    NoTimeout,
    /// A loop over items whose number nobody knows.
    UnboundedLoop,
    /// A branch that no scenario expects.
    UntestedBranch,
}

impl Kind {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UndescribedInput => "undescribed-input",
            Self::Irreversible => "irreversible",
            Self::KeptEarly => "kept-early",
            Self::NoCompensation => "no-compensation",
            Self::NoTimeout => "no-timeout",
            Self::UnboundedLoop => "unbounded-loop",
            Self::UntestedBranch => "untested-branch",
        }
    }
}

/// The sheet of the plan of the manifest `text`, with the scenarios beside it.
pub fn sheet(plan: &Plan, imports: &Imports<'_>, scenarios: &[&Scenario], text: &str) -> Sheet {
    let reaches: Vec<Option<Reach>> =
        (0..plan.steps.len()).map(|at| Reach::of(plan, at, imports)).collect();
    let mut programs: Vec<String> =
        reaches.iter().flatten().flat_map(Reach::starts).map(|(run, _)| run.join(" ")).collect();
    programs.sort_unstable();
    programs.dedup();
    let mut found = Found { plan, risks: Vec::new() };
    found.inputs(text);
    let expected: Vec<&ExpectedStep> =
        scenarios.iter().flat_map(|scenario| &scenario.expect.steps).collect();
    for (at, reach) in reaches.iter().enumerate() {
        if let Some(reach) = reach {
            found.programs(at, reach);
            found.servers(at, reach);
        }
        found.looping(at);
        found.branches(at, &expected);
    }
    found.risks.sort_by_key(|risk| (risk.line, risk.kind));
    let needed = plan.inputs.iter().filter(|input| {
        input.default.is_none() && !matches!(input.ty, voyager_base::Type::Option(_))
    });
    Sheet {
        name: plan.name.clone(),
        skills: plan.skills.iter().map(|it| format!("{}@{}", it.package, it.version)).collect(),
        inputs: needed.map(|input| input.name.clone()).collect(),
        programs,
        scenarios: scenarios.len(),
        risks: found.risks,
    }
}

/// The sheet as lines for a person.
pub fn to_text(sheet: &Sheet) -> String {
    let mut text = format!("{}\n", sheet.name);
    let needs =
        [("skills", &sheet.skills), ("inputs", &sheet.inputs), ("programs", &sheet.programs)];
    for (what, needed) in needs.into_iter().filter(|(_, needed)| !needed.is_empty()) {
        let _ = writeln!(text, "  needs {what} {}", needed.join(", "));
    }
    let _ = writeln!(text, "  has {} scenario(s) beside it", sheet.scenarios);
    for risk in &sheet.risks {
        let line = risk.line.map_or_else(String::new, |line| format!("line {line}, "));
        let step = risk.step.as_ref().map_or_else(String::new, |step| format!("step {step}: "));
        let _ = writeln!(
            text,
            "\n{line}{step}{} ({})\n  why      {}\n  way out  {}",
            risk.what,
            risk.kind.name(),
            risk.why,
            risk.way_out
        );
    }
    match sheet.risks.len() {
        0 => text.push_str("\nnothing is open\n"),
        open => drop(writeln!(text, "\n{open} open")),
    }
    text
}

struct Found<'p> {
    plan: &'p Plan,
    risks: Vec<Risk>,
}

impl Found<'_> {
    fn inputs(&mut self, text: &str) {
        for input in self.plan.inputs.iter().filter(|it| it.description.trim().is_empty()) {
            self.risks.push(Risk {
                kind: Kind::UndescribedInput,
                step: None,
                line: line_of(text, &["inputs", &input.name]),
                what: format!("the input `{}` has no description", input.name),
                why: "whoever starts a run has to guess what it means".to_owned(),
                way_out: "add `description`".to_owned(),
            });
        }
    }

    fn programs(&mut self, at: usize, reach: &Reach) {
        let starts = reach.starts();
        if starts.is_empty() {
            return;
        }
        let names = |network: bool| {
            let all = starts.iter().filter(|(_, rule)| rule.network || !network);
            all.map(|(run, _)| format!("`{}`", run.join(" "))).collect::<Vec<_>>().join(", ")
        };
        let is_taken_back = self.is_taken_back(at);
        let online = names(true);
        if !online.is_empty() {
            self.tell(
                at,
                Kind::Irreversible,
                format!("starts {online} with network"),
                "what it does there stays done: no undo and no transaction takes it back",
                "`network: none` in the grant, or `compensate`",
            );
            if !is_taken_back {
                self.tell(
                    at,
                    Kind::NoCompensation,
                    "nothing takes back what it does over the network".to_owned(),
                    "where a later step fails, its effect stays behind",
                    "add `compensate` to the step",
                );
            }
        }
        let writes = reach.keeps_changes && reach.folders.iter().any(|it| !it.write.is_empty());
        let is_atomic = self.plan.outward(at).any(|step| step.transaction().is_some());
        if writes && !is_atomic && !is_taken_back {
            self.tell(
                at,
                Kind::KeptEarly,
                format!("{} may change files outside of a transaction", names(false)),
                "its changes become real when the step ends, whatever becomes of the run",
                "a `transaction` around it, `changes: discard`, a grant without `write`, or `compensate`",
            );
        }
        let is_timed = self.plan.outward(at).any(|step| step.timeout.is_some())
            || starts.iter().all(|(_, rule)| rule.time_max.is_some());
        if !is_timed {
            self.tell(
                at,
                Kind::NoTimeout,
                format!("{} may run without a timeout", names(false)),
                &format!(
                    "only the limits of its task end it, after {}, in the middle of what it does",
                    show_duration(reach.limits.time)
                ),
                "`timeout` of the step, or `time` in the grant",
            );
        }
    }

    fn servers(&mut self, at: usize, reach: &Reach) {
        let changes = |(_, methods, _): &(_, Vec<&'static str>, _)| {
            methods.iter().any(|method| !SAFE_METHODS.contains(method))
        };
        let changed = reach.asks().into_iter().filter(changes);
        let changed: Vec<String> = changed.map(|(host, ..)| format!("`{host}`")).collect();
        if changed.is_empty() {
            return;
        }
        self.tell(
            at,
            Kind::Irreversible,
            format!("may change something at {}", changed.join(", ")),
            "what is done there stays done: no undo and no transaction takes it back",
            "`methods: [GET]` in the grant, or `compensate`",
        );
        if !self.is_taken_back(at) {
            self.tell(
                at,
                Kind::NoCompensation,
                "nothing takes back what it does over the network".to_owned(),
                "where a later step fails, its effect stays behind",
                "add `compensate` to the step",
            );
        }
    }

    /// Whether somebody says how to take it back. Of a compensation, nobody asks that.
    fn is_taken_back(&self, at: usize) -> bool {
        let mut around = self.plan.outward(at);
        self.plan.steps[at].part == Part::Compensation
            || self.taken_back(at)
            || around.any(|step| step.part == Part::Compensation)
    }

    /// Whether the step or a block around it says how to take it back.
    fn taken_back(&self, at: usize) -> bool {
        let mut around = std::iter::successors(Some(at), |at| self.plan.steps[*at].within);
        around.any(|at| self.plan.compensation(at).is_some())
    }

    fn looping(&mut self, at: usize) {
        let step = &self.plan.steps[at];
        if items_max(step).is_some() || self.plan.bounds.steps < Bounds::default().steps {
            return;
        }
        self.tell(
            at,
            Kind::UnboundedLoop,
            "runs once for each item, and nobody knows how many there are".to_owned(),
            &format!(
                "what the run is given decides how much it does; only the default of `limits.steps` ({}) ends it",
                self.plan.bounds.steps
            ),
            "`limits: { steps: N }`",
        );
    }

    fn branches(&mut self, at: usize, expected: &[&ExpectedStep]) {
        let step = &self.plan.steps[at];
        let begins = |it: &&&ExpectedStep| {
            let inside =
                std::iter::successors(Some(it.step), |at| self.plan.steps.get(*at)?.within);
            inside.into_iter().any(|it| it == at) && began(it)
        };
        let (runs, skipped) = (
            expected.iter().any(|it| begins(&it)),
            expected.iter().any(|it| it.step == at && ended(it) == Some(StepEnding::Skipped)),
        );
        let is_case =
            step.within.is_some_and(|block| self.plan.steps[block].mode() == Some(Mode::Switch));
        let condition = step.when.as_ref().map(ToString::to_string);
        let case = || match &condition {
            Some(condition) => format!("the case `{condition}`"),
            None => "the last case".to_owned(),
        };
        let mut open = Vec::new();
        if is_case {
            open.extend((!runs).then(|| format!("no scenario expects {} to run", case())));
        } else if let Some(condition) = &condition {
            open.extend((!runs).then(|| format!("no scenario expects it to run (`{condition}`)")));
            open.extend(
                (!skipped).then(|| format!("no scenario expects it to be skipped (`{condition}`)")),
            );
        }
        for handler in &step.on_error {
            if !expected.iter().any(|it| it.step == at && fails(it, handler)) {
                let kinds: Vec<String> = handler.kinds.iter().map(ToString::to_string).collect();
                let kinds = if kinds.is_empty() { "any kind".to_owned() } else { kinds.join(", ") };
                open.push(format!("no scenario expects it to fail ({kinds}), as `on-error` says"));
            }
        }
        for what in open {
            self.tell(
                at,
                Kind::UntestedBranch,
                what,
                "what nobody looked at before runs for the first time when it matters",
                "a scenario beside the manifest that expects this of the step: `agent-host test` plays it",
            );
        }
    }

    fn tell(&mut self, at: usize, kind: Kind, what: String, why: &str, way_out: &str) {
        self.risks.push(Risk {
            kind,
            step: Some(path(self.plan, at)),
            line: Some(self.plan.line_of(at)),
            what,
            why: why.to_owned(),
            way_out: way_out.to_owned(),
        });
    }
}

fn ended(expected: &ExpectedStep) -> Option<StepEnding> {
    expected.is.as_ref().map(|(_, is)| *is)
}

/// Whether a scenario expects a step to begin.
fn began(expected: &ExpectedStep) -> bool {
    let counted =
        |it: &Option<(crate::scenario::Span, u64)>| it.as_ref().is_some_and(|it| it.1 > 0);
    matches!(ended(expected), Some(StepEnding::Ran | StepEnding::Failed | StepEnding::Stopped))
        || counted(&expected.attempts)
        || counted(&expected.runs)
}

/// Whether a scenario expects a step to fail in a way that the handler is for.
fn fails(expected: &ExpectedStep, handler: &Handler) -> bool {
    match &expected.kind {
        Some((_, kind)) => handler.kinds.is_empty() || handler.kinds.contains(kind),
        None => ended(expected) == Some(StepEnding::Failed),
    }
}
