//! What a step is: a call, a block of steps, a sleep, a wait; and what repeats it.

use std::ops::Range;

use voyager_base::{Limits, Type, types::IntKind};

use super::{
    Checker, StepResult,
    expressions::{At, Local},
    flow::TAKEN,
    manifests::is_manifest,
    steps::Site,
};
use crate::{
    catalog::Found,
    code::Code,
    convert::fits,
    diagnostic::Finding,
    plan::{
        Action, Argument, Awaited, Block, Carry, Changes, GrantPlan, Handling, Mode, Part, Repeat,
        Step, Wait,
    },
    scalar::{duration, int},
    yaml::{Entry, Node},
};

/// What a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Call,
    Block(Mode),
    /// It runs another manifest.
    Manifest,
    Sleep,
    /// It waits for somebody.
    Wait,
    /// None of them, or several: told already.
    Unclear,
}

/// Keys that say what a step does: just one of them stands in it.
const DOES: [&str; 6] = ["use", "steps", "switch", "sleep", "approve", "await"];
/// Keys that mean nothing where a step only sleeps.
const NOT_OF_SLEEPS: [&str; 11] = [
    "for-each",
    "repeat",
    "policy",
    "retry",
    "timeout",
    "expect",
    "on-error",
    "compensate",
    "grants",
    "limits",
    "priority",
];

/// Keys that mean nothing where a step waits for somebody: what is to happen again, or for each of some
/// items, stands in a block.
const NOT_OF_WAITS: [&str; 8] =
    ["for-each", "repeat", "policy", "retry", "compensate", "grants", "limits", "priority"];

/// A block, and where its steps stand.
pub(super) struct BlockSite<'s, 'n> {
    pub(super) position: usize,
    pub(super) mode: Mode,
    pub(super) sites: &'s [Site<'n>],
    /// The folder whose files its steps change together.
    pub(super) transaction: Option<String>,
}

/// What is known of a repeat before the step that it repeats.
pub(super) struct Begun<'n> {
    carry: Vec<BegunCarry<'n>>,
    is_good: bool,
}

struct BegunCarry<'n> {
    entry: &'n Entry,
    ty: Type,
    start: Argument,
}

impl<'a> Checker<'a> {
    /// What a step is, by its keys.
    pub(super) fn form(&mut self, node: &Node) -> Form {
        let does: Vec<&Entry> = DOES.iter().filter_map(|key| node.entry(key)).collect();
        let form = match does.as_slice() {
            [one] => match one.key.as_str() {
                "use" if one.value.text().is_some_and(is_manifest) => Form::Manifest,
                "use" => Form::Call,
                "sleep" => Form::Sleep,
                "approve" | "await" => Form::Wait,
                "switch" => Form::Block(Mode::Switch),
                _ => Form::Block(match node.get("parallel").and_then(Node::text) {
                    Some("any") => Mode::Any,
                    Some("race") => Mode::Race,
                    _ => Mode::All,
                }),
            },
            [] => {
                let span = node.entries().first().map_or(&node.span, |first| &first.key_span);
                self.report(
                    Finding::new(Code::StepForm, span, "this step does nothing")
                        .label("`use`, `steps`, `switch`, `sleep`, `approve` or `await` is missing")
                        .help("name an operation with `use`, or give it steps"),
                );
                Form::Unclear
            }
            [first, second, ..] => {
                let message = format!("`{}` and `{}` stand in one step", first.key, second.key);
                self.report(
                    Finding::new(Code::StepForm, &second.key_span, message)
                        .help("make two steps of it; one within a block with `steps`"),
                );
                Form::Unclear
            }
        };
        self.out_of_place(node, form);
        form
    }

    /// Tells of keys that have no meaning in a step of this form.
    fn out_of_place(&mut self, node: &Node, form: Form) {
        let (wrong, belongs): (Vec<&str>, &str) = match form {
            Form::Call => (vec!["parallel", "finally", "transaction"], "a block with `steps`"),
            Form::Block(mode) => {
                let changes =
                    if node.get("transaction").is_some() { None } else { Some("changes") };
                let parallel = (mode == Mode::Switch).then_some("parallel");
                let always = ["with", "cache", "concurrency", "resources"];
                let wrong = always.into_iter().chain(changes).chain(parallel);
                (wrong.collect(), "another form of step")
            }
            Form::Manifest => {
                let wrong = [
                    "parallel",
                    "finally",
                    "transaction",
                    "changes",
                    "cache",
                    "concurrency",
                    "resources",
                ];
                (wrong.into(), "another form of step")
            }
            Form::Sleep | Form::Wait => {
                let own: &[&str] = if form == Form::Sleep { &NOT_OF_SLEEPS } else { &NOT_OF_WAITS };
                let others = [
                    "with",
                    "changes",
                    "cache",
                    "concurrency",
                    "resources",
                    "parallel",
                    "finally",
                    "transaction",
                ];
                let wrong = others.into_iter().chain(own.iter().copied());
                (wrong.collect(), "another form of step")
            }
            Form::Unclear => return,
        };
        for entry in wrong.into_iter().filter_map(|key| node.entry(key)) {
            let message = format!("`{}` belongs to {belongs}", entry.key);
            self.report(
                Finding::new(Code::StepForm, &entry.key_span, message)
                    .help("remove it, or put it into the step that it is meant for"),
            );
        }
    }

    /// A sleep.
    pub(super) fn sleep(&mut self, node: &Node) -> Option<Action> {
        node.get("sleep").and_then(Node::text).and_then(duration).map(Action::Sleep)
    }

    /// A wait for somebody, and what it gives.
    pub(super) fn wait(&mut self, node: &Node, inside: &At) -> (Option<Action>, StepResult) {
        if !self.transactions.is_empty() {
            let entry = node.entry("approve").or_else(|| node.entry("await"));
            if let Some(entry) = entry {
                // What it holds back would be staged for days, while others change the files below it.
                let message = "a transaction can't wait for somebody";
                self.report(
                    Finding::new(Code::StepForm, &entry.key_span, message)
                        .help("wait before the transaction, or after it"),
                );
            }
        }
        let wait = match (node.get("approve"), node.get("await")) {
            (Some(approve), _) => {
                let show = approve.get("show");
                show.and_then(|show| self.argument(show, &Type::String, Some(inside)))
                    .map(Wait::approval)
            }
            (None, Some(node)) => self.signal(node),
            (None, None) => None,
        };
        let result = match &wait {
            Some(Wait { result: Some(ty), .. }) => StepResult::Type(ty.clone()),
            Some(Wait { result: None, .. }) => StepResult::Nothing,
            None => StepResult::Unknown,
        };
        (wait.map(Action::Wait), result)
    }

    /// The signal that a step waits for.
    fn signal(&mut self, node: &Node) -> Option<Wait> {
        let name = node.get("signal")?;
        let result = match node.get("type") {
            Some(node) => Some(self.ty(node)?),
            None => None,
        };
        let text = name.text().filter(|it| crate::scalar::is_name(it))?.to_owned();
        let is_known = self.signal_of(&name.span, &text, result.as_ref());
        is_known.then_some(Wait { on: Awaited::Signal(text), result })
    }

    /// Whether all that waits for a signal wants the same of it; tells where not.
    pub(super) fn signal_of(&mut self, span: &Range<usize>, name: &str, ty: Option<&Type>) -> bool {
        match self.signals.get(name).cloned() {
            Some((first, known)) if !same(known.as_ref(), ty) => {
                let message = format!("the signal `{name}` has two types");
                self.report(
                    Finding::new(Code::SignalType, span, message)
                        .help("give both the same `type`, or another `signal`")
                        .related(&first, "the first one"),
                );
                false
            }
            Some(_) => true,
            None => {
                self.signals.insert(name.to_owned(), (span.clone(), ty.cloned()));
                true
            }
        }
    }

    /// A block, with all that stands within it, and the record that it gives.
    pub(super) fn block(
        &mut self,
        block: &BlockSite<'_, '_>,
        steps: &mut [Option<Step>],
        inside: &At,
        grants: Option<&GrantPlan>,
        limits: &Limits,
    ) -> (Option<Action>, StepResult) {
        let inner = block.sites[block.position].inside.iter().copied();
        let inner: Vec<usize> =
            inner.filter(|at| self.steps[*at].part != Part::Compensation).collect();
        self.held(&inner, block.sites, steps, inside, grants, limits);

        let body = inner.iter().copied().filter(|at| self.steps[*at].part == Part::Body);
        let body: Vec<usize> = body.collect();
        self.cases(block, &body);
        let mut fields = Some(Vec::new());
        for at in &body {
            match (&self.steps[*at].result, &mut fields) {
                (StepResult::Type(ty), Some(fields)) => {
                    fields.push((self.steps[*at].id.clone(), ty.clone()));
                }
                (StepResult::Unknown, _) => fields = None,
                (StepResult::Nothing | StepResult::Type(_), _) => {}
            }
        }
        let Some(fields) = fields else { return (None, StepResult::Unknown) };
        let fields = fields.iter().map(|(id, ty)| (id.as_str(), ty.clone()));
        let record = Type::record(fields);
        let result = match &record {
            Type::Record(record) if record.body.is_empty() => StepResult::Nothing,
            _ => StepResult::Type(record),
        };
        let of_block = match &result {
            StepResult::Type(ty) => Some(ty.clone()),
            StepResult::Nothing | StepResult::Unknown => None,
        };
        let (mode, transaction) = (block.mode, block.transaction.clone());
        (Some(Action::Block(Block { mode, result: of_block, transaction })), result)
    }

    /// Checks steps that a step holds, whose names they see and whose grants and limits they have.
    fn held(
        &mut self,
        positions: &[usize],
        sites: &[Site<'_>],
        steps: &mut [Option<Step>],
        inside: &At,
        grants: Option<&GrantPlan>,
        limits: &Limits,
    ) {
        let ceiling = self.grants.clone();
        if let Some(own) = grants {
            self.grants = narrower(&ceiling, own);
        }
        let outer = std::mem::replace(&mut self.limits, limits.clone());
        self.around.extend(inside.locals.iter().rev().cloned());
        self.steps_inside(positions, sites, steps);
        self.around.truncate(self.around.len() - inside.locals.len());
        (self.limits, self.grants) = (outer, ceiling);
    }

    /// What takes back what a step did, where it says that.
    pub(super) fn compensation(
        &mut self,
        position: usize,
        sites: &[Site<'_>],
        steps: &mut [Option<Step>],
        of_result: &At,
        grants: Option<&GrantPlan>,
        limits: &Limits,
    ) {
        let mut inside = sites[position].inside.iter().copied();
        let Some(own) = inside.find(|at| self.steps[*at].part == Part::Compensation) else {
            return;
        };
        self.held(&[own], sites, steps, of_result, grants, limits);
    }

    /// Tells of alternatives that are none.
    fn cases(&mut self, block: &BlockSite<'_, '_>, body: &[usize]) {
        let node = |at: &usize| block.sites[*at].node;
        match block.mode {
            Mode::Switch => {
                for entry in body.iter().filter_map(|at| node(at).entry("needs")) {
                    let message = "a case waits for no other: one of them runs";
                    self.report(
                        Finding::new(Code::UselessKey, &entry.key_span, message).help("remove it"),
                    );
                }
                let always = body.iter().position(|at| node(at).get("when").is_none());
                let Some(after) = always.and_then(|place| body.get(place + 1)) else { return };
                let span = self.steps[*after].span.clone();
                self.report(
                    Finding::new(Code::UnreachableStep, &span, "this case is never reached")
                        .help("a case without `when` always runs: put it last"),
                );
            }
            Mode::Any | Mode::Race if body.len() == 1 => {
                let of = block.sites[block.position].node;
                let Some(entry) = of.entry("parallel") else { return };
                self.report(
                    Finding::new(Code::UselessKey, &entry.key_span, "one step has no rival")
                        .help("remove `parallel`, or add a step"),
                );
            }
            Mode::All | Mode::Any | Mode::Race => {}
        }
    }

    /// Whether a step may be left behind by the others of its block.
    pub(super) fn may_be_left(&self, position: usize, sites: &[Site<'_>]) -> bool {
        let own = &self.steps[position];
        let block = own.within.map(|block| sites[block].node);
        own.part == Part::Body
            && block.is_some_and(|block| {
                let parallel = block.get("parallel").and_then(Node::text);
                block.get("switch").is_some() || matches!(parallel, Some("any" | "race"))
            })
    }

    /// The carried values of a repeat, whose names the step sees beside `round`.
    pub(super) fn begin_repeat<'n>(
        &mut self,
        node: &'n Node,
        position: usize,
        locals: &mut Vec<Local>,
    ) -> Begun<'n> {
        let mut begun = Begun { carry: Vec::new(), is_good: true };
        let at = At { step: Some(position), locals: locals.clone() };
        for entry in node.get("carry").map(Node::entries).unwrap_or_default() {
            if TAKEN.contains(&entry.key.as_str()) || locals.iter().any(|it| it.name == entry.key) {
                let message = format!("`{}` already means something in expressions", entry.key);
                self.report(
                    Finding::new(Code::ItemName, &entry.key_span, message)
                        .help("choose another name"),
                );
                begun.is_good = false;
                continue;
            }
            let ty = entry.value.get("type").and_then(|node| self.ty(node));
            let start = match (&ty, entry.value.get("start")) {
                (Some(ty), Some(start)) => self.argument(start, ty, Some(&at)),
                _ => None,
            };
            let result = ty.clone().map_or(StepResult::Unknown, StepResult::Type);
            locals.push(Local { name: entry.key.clone(), result });
            match (ty, start) {
                (Some(ty), Some(start)) => begun.carry.push(BegunCarry { entry, ty, start }),
                _ => begun.is_good = false,
            }
        }
        let round = StepResult::Type(Type::Int(IntKind::U32));
        locals.push(Local { name: "round".to_owned(), result: round });
        begun
    }

    /// The repeat, where all of it is good.
    pub(super) fn end_repeat(
        &mut self,
        node: &Node,
        begun: Begun<'_>,
        of_result: &At,
    ) -> Option<Repeat> {
        let text = |key: &str| node.get(key).and_then(Node::text);
        let until = node.get("until").map(|it| self.condition(it, of_result, "`until`"));
        let mut carry = begun.is_good.then(Vec::new);
        for BegunCarry { entry, ty, start } in begun.carry {
            let next = self.carried(entry, &ty, of_result);
            match (next, &mut carry) {
                (Some(next), Some(all)) => {
                    all.push(Carry { name: entry.key.clone(), ty, start, next });
                }
                _ => carry = None,
            }
        }
        if let (None, Some(entry)) = (node.get("until"), node.entry("exhausted")) {
            self.report(
                Finding::new(Code::UselessKey, &entry.key_span, "without `until` all rounds run")
                    .help("add `until`, or remove `exhausted`"),
            );
        }
        let max = text("max").and_then(int).and_then(|number| u32::try_from(number).ok())?;
        Some(Repeat {
            max,
            until: match until {
                None => None,
                Some(good) => Some(good?),
            },
            collect: text("collect") == Some("true"),
            exhausted: match text("exhausted") {
                Some("continue") => Handling::Continue,
                _ => Handling::Fail,
            },
            carry: carry?,
        })
    }

    fn carried(&mut self, entry: &Entry, ty: &Type, at: &At) -> Option<crate::expr::Expr> {
        let next = entry.value.get("next")?;
        let typed = self.expression(next, at)?;
        if let Err(misfit) = fits(&typed.ty?, ty) {
            let message = format!("the next `{}`: {misfit}", entry.key);
            self.report(
                Finding::new(Code::CarriedType, &next.span, message)
                    .help(format!("it is carried as {ty}")),
            );
            return None;
        }
        Some(typed.expr)
    }

    /// Files that a call changes become real when its step ends, so its further rounds would not see
    /// them: within a block, each round ends with its steps.
    pub(super) fn repeated_changes(
        &mut self,
        node: &Node,
        found: Option<&Found<'a>>,
        changes: Changes,
    ) {
        let Some(entry) = node.entry("repeat") else { return };
        let writes = node.get("transaction").is_some()
            || found.is_some_and(can_change) && self.may_write(node.get("grants"));
        if changes == Changes::Commit && writes {
            self.report(
                Finding::new(
                    Code::RepeatedChanges,
                    &entry.key_span,
                    "each round would not see what the one before changed",
                )
                .help("repeat a block: `steps: [...]` with this step in it, so that each round's changes become real"),
            );
        }
    }

    /// What is left of the grants here with those of a step.
    pub(super) fn narrower_by(&self, own: Option<&GrantPlan>) -> GrantPlan {
        own.map_or_else(|| self.grants.clone(), |own| narrower(&self.grants, own))
    }

    /// Whether a step with these grants may change a file.
    fn may_write(&self, own: Option<&Node>) -> bool {
        let own = own.and_then(|own| own.get("workspace"));
        match own {
            Some(folders) => folders.items().iter().any(|folder| folder.get("write").is_some()),
            None => self.grants.workspace.iter().flatten().any(|folder| !folder.write.is_empty()),
        }
    }
}

fn same(one: Option<&Type>, other: Option<&Type>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.same(other),
        (None, None) => true,
        _ => false,
    }
}

/// Whether a skill has a way to change files.
pub(super) fn can_change(found: &Found<'_>) -> bool {
    let ways = ["workspace", "process", "tasks"];
    ways.into_iter().any(|capability| found.skill.imports_capability(capability))
}

/// What is left for the steps of a block.
fn narrower(ceiling: &GrantPlan, own: &GrantPlan) -> GrantPlan {
    GrantPlan {
        workspace: own.workspace.clone().or_else(|| ceiling.workspace.clone()),
        process: own.process.clone().or_else(|| ceiling.process.clone()),
        http: own.http.clone().or_else(|| ceiling.http.clone()),
        memory: own.memory.clone().or_else(|| ceiling.memory.clone()),
        tasks: own.tasks.clone().or_else(|| ceiling.tasks.clone()),
        lines: own.lines.clone(),
    }
}
