//! Steps: their order, their operations, their results.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use voyager_base::{Type, operation::Operation};

use super::{
    Checker, KnownStep, StepResult,
    arguments::suggest,
    blocks::{BlockSite, Form, can_change},
    expressions::{At, Local},
    manifests::is_manifest,
    templates::templated,
};
use crate::{
    catalog::{Found, NotFound},
    code::Code,
    convert::article,
    diagnostic::Finding,
    plan::{Action, Argument, Call, Changes, FailMode, ForEach, GrantPlan, Handling, Part, Step},
    scalar::{self, duration},
    shape::clip,
    yaml::Node,
};
use voyager_base::Value;

/// Where a step stands.
pub(super) struct Site<'n> {
    pub(super) node: &'n Node,
    /// Position of the block that holds it.
    pub(super) within: Option<usize>,
    pub(super) part: Part,
    /// Position of the step above it in the same list.
    above: Option<usize>,
    /// Positions of the steps directly within it.
    pub(super) inside: Vec<usize>,
}

/// Lists steps in the order of the text, those inside a block after it. Gives back the positions of
/// those that stand in `list` itself.
fn collect<'n>(
    list: Option<&'n Node>,
    within: Option<usize>,
    part: Part,
    sites: &mut Vec<Site<'n>>,
) -> Vec<usize> {
    let mut positions = Vec::new();
    for node in list.map(Node::items).unwrap_or_default() {
        let position = sites.len();
        let above = positions.last().copied();
        sites.push(Site { node, within, part, above, inside: Vec::new() });
        positions.push(position);
        let parts = [("steps", Part::Body), ("switch", Part::Body), ("finally", Part::Finally)];
        for (key, part) in parts {
            let inside = collect(node.get(key), Some(position), part, sites);
            sites[position].inside.extend(inside);
        }
        if let Some(node) = node.get("compensate").filter(|it| it.get("use").is_some()) {
            let (within, part) = (Some(position), Part::Compensation);
            let own = sites.len();
            sites.push(Site { node, within, part, above: None, inside: Vec::new() });
            sites[position].inside.push(own);
        }
    }
    positions
}

impl<'a> Checker<'a> {
    /// The steps, where all are good.
    pub(super) fn manifest_steps(&mut self, root: &Node) -> Option<Vec<Step>> {
        let mut sites = Vec::new();
        let mut outermost = Vec::new();
        for (key, part) in [("steps", Part::Body), ("finally", Part::Finally)] {
            outermost.extend(collect(root.get(key), None, part, &mut sites));
        }
        for (position, site) in sites.iter().enumerate() {
            self.known_step(position, site);
        }
        for (position, site) in sites.iter().enumerate() {
            self.steps[position].needs = self.needs(position, site.node);
        }
        let mut steps: Vec<Option<Step>> = vec![None; sites.len()];
        self.steps_inside(&outermost, &sites, &mut steps);
        let steps: Vec<Step> = steps.into_iter().collect::<Option<_>>()?;
        Some(assembled(steps, std::mem::take(&mut self.inner)))
    }

    /// Checks the steps that stand directly within one block, or the manifest.
    pub(super) fn steps_inside(
        &mut self,
        positions: &[usize],
        sites: &[Site<'_>],
        steps: &mut [Option<Step>],
    ) {
        for position in positions.iter().copied() {
            let site = &sites[position];
            // What a step refers to outside its block, the block has to wait for.
            let outer = std::mem::take(&mut self.referred);
            steps[position] = self.step(position, site.node, sites, steps);
            let own = std::mem::replace(&mut self.referred, outer);
            let outside = own.into_iter().filter(|other| self.steps[*other].within != site.within);
            self.referred.extend(outside);
        }
    }

    fn known_step(&mut self, position: usize, site: &Site<'_>) {
        let node = site.node;
        let id = node.get("id");
        let mut text = id.and_then(Node::text).unwrap_or_default().to_owned();
        let span = id.map_or(node.span.start..node.span.start + 1, |id| id.span.clone());
        if !text.is_empty() {
            match self.ids.get(&text).copied() {
                Some(first) => {
                    let first = self.steps[first].span.clone();
                    let message = format!("two steps have the id `{}`", clip(&text));
                    self.report(
                        Finding::new(Code::DuplicateStep, &span, message)
                            .help("rename one of them")
                            .related(&first, "the first one"),
                    );
                }
                None => {
                    self.ids.insert(text.clone(), position);
                }
            }
        }
        if let (Part::Compensation, Some(of)) = (site.part, site.within) {
            // No name of a manifest has a dot.
            text = format!("{}.compensate", self.steps[of].id);
        }
        self.steps.push(KnownStep {
            id: text,
            span,
            within: site.within,
            part: site.part,
            above: site.above,
            needs: Vec::new(),
            result: StepResult::Unknown,
            optional: None,
            priority: self.priority,
        });
    }

    /// The positions that `needs` names, good or not.
    fn needs(&mut self, position: usize, node: &Node) -> Vec<usize> {
        let place = |step: &KnownStep| (step.within, step.part);
        let own = place(&self.steps[position]);
        let mut needs = Vec::new();
        for item in node.get("needs").map(Node::items).unwrap_or_default() {
            let Some(id) = item.text().filter(|id| scalar::is_name(id)) else { continue };
            match self.ids.get(id).copied() {
                Some(other) if needs.contains(&other) => self.report(
                    Finding::new(Code::UselessKey, &item.span, format!("`{id}` stands here twice"))
                        .help("remove it"),
                ),
                Some(other) if place(&self.steps[other]) != own => self.report(
                    Finding::new(
                        Code::UnknownNeed,
                        &item.span,
                        format!("`{id}` does not stand beside this step"),
                    )
                    .help("a step waits for steps of its own list; what it refers to it waits for anyway"),
                ),
                Some(other) => needs.push(other),
                None => {
                    let ids: Vec<&str> = self.steps.iter().map(|step| step.id.as_str()).collect();
                    let near = suggest(id, &ids[..ids.len().min(20)]);
                    self.report(
                        Finding::new(
                            Code::UnknownNeed,
                            &item.span,
                            format!("there is no step `{id}`"),
                        )
                        .help(near),
                    );
                }
            }
        }
        needs
    }

    /// Tells of needs that can't be met.
    fn check_needs(&mut self, position: usize, node: &Node) {
        for item in node.get("needs").map(Node::items).unwrap_or_default() {
            let Some(id) = item.text() else { continue };
            let is_beside = |other: &usize| self.steps[position].needs.contains(other);
            let later = self.ids.get(id).copied().filter(|other| *other >= position);
            let Some(other) = later.filter(is_beside) else { continue };
            let finding = if other == position {
                Finding::new(Code::Cycle, &item.span, "a step can't wait for itself")
                    .help("remove it")
            } else if self.reaches(other, position) {
                let own = &self.steps[position].id;
                let message = format!("`{own}` and `{id}` wait for each other");
                Finding::new(Code::Cycle, &item.span, message).help("remove one of the needs")
            } else {
                Finding::new(
                    Code::ForwardReference,
                    &item.span,
                    format!("the step `{id}` comes later"),
                )
                .help(format!("move this step below `{id}`"))
            };
            self.report(finding);
        }
    }

    /// Whether the step at `from` waits for the one at `to`, directly or not.
    fn reaches(&self, from: usize, to: usize) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(step) = open.pop() {
            if step == to {
                return true;
            }
            if seen.insert(step) {
                open.extend(self.steps[step].needs.iter().copied());
            }
        }
        false
    }

    fn step(
        &mut self,
        position: usize,
        node: &Node,
        sites: &[Site<'_>],
        steps: &mut [Option<Step>],
    ) -> Option<Step> {
        self.check_needs(position, node);
        let form = match self.form(node) {
            Form::Manifest if self.steps[position].part == Part::Compensation => Form::Call,
            form => form,
        };
        let outside = At { step: Some(position), locals: Vec::new() };
        let when = node.get("when").map(|when| self.condition(when, &outside, "`when`"));
        let (for_each, item) = match node.get("for-each") {
            Some(node) => {
                let (for_each, item) = self.for_each(node, &outside);
                (Some(for_each), Some(item))
            }
            None => (None, None),
        };
        let mut locals: Vec<Local> = item.into_iter().collect();
        let begun = node.get("repeat").map(|node| self.begin_repeat(node, position, &mut locals));
        let inside = At { step: Some(position), locals };
        let mut limits = self.step_limits(node, form == Form::Call);
        let operation = node.get("use").filter(|_| form != Form::Manifest);
        let found = operation.and_then(|name| self.operation(name));
        let mut grants = self.step_grants(node, found.map(|found| found.skill));
        let skill = found.as_ref().map(|found| found.skill);
        let resources = self.step_resources(node, skill, &mut limits, &mut grants);
        let block = self.steps[position].within;
        let around = block.map_or(self.priority, |block| self.steps[block].priority);
        let priority = self.own_priority(node, around);
        self.steps[position].priority = priority.map_or(around, |own| own.min(around));
        let concurrency = self.concurrency(node, &inside);
        let mut bounds = (None, None);
        let (action, of_round) = match form {
            Form::Manifest => {
                let ran = self.manifest_step(position, node, &inside, grants.as_ref(), &limits);
                bounds = (ran.deadline, ran.priority);
                (ran.action, ran.result)
            }
            Form::Call => self.call(node, found.as_ref(), &inside),
            Form::Block(mode) => {
                let begun =
                    node.entry("transaction").map(|it| self.begin_transaction(it, &mut grants));
                let transaction = begun.clone().flatten();
                let block = BlockSite { position, mode, sites, transaction };
                let (action, result) = self.block(&block, steps, &inside, grants.as_ref(), &limits);
                match begun {
                    None => (action, result),
                    Some(begun) => (action.filter(|_| self.end_transaction(node, begun)), result),
                }
            }
            Form::Sleep => (self.sleep(node), StepResult::Nothing),
            Form::Wait => self.wait(node, &inside),
            Form::Unclear => {
                self.unchecked_arguments(node.get("with"), &inside);
                self.around.extend(inside.locals.iter().cloned());
                self.steps_inside(&sites[position].inside, sites, steps);
                self.around.truncate(self.around.len() - inside.locals.len());
                (None, StepResult::Unknown)
            }
        };
        let of_result = |result: &StepResult| At {
            step: Some(position),
            locals: std::iter::once(Local { name: "result".to_owned(), result: result.clone() })
                .chain(inside.locals.iter().cloned())
                .collect(),
        };
        let repeat = match (node.get("repeat"), begun) {
            (Some(node), Some(begun)) => Some(self.end_repeat(node, begun, &of_result(&of_round))),
            _ => None,
        };
        let of_item = match (of_round, &repeat) {
            (StepResult::Type(ty), Some(Some(repeat))) if repeat.collect => {
                StepResult::Type(Type::list(ty))
            }
            (of_round, _) => of_round,
        };
        let expect = match node.get("expect") {
            Some(node) => self.expectations(node, &of_result(&of_item)),
            None => Some(Vec::new()),
        };
        self.compensation(position, sites, steps, &of_result(&of_item), grants.as_ref(), &limits);
        let retry = node.get("retry").map(|node| self.retry(node));
        let on_error = node.get("on-error").map(|node| self.handlers(node)).unwrap_or_default();
        if let Some(found) = &found {
            self.kinds_are_reached(node, found.operation);
        }
        if form == Form::Wait {
            self.kinds_of_waits_are_reached(node);
        }
        let changes = self.changes(node, found.as_ref());
        if form == Form::Call {
            self.within_transactions(node, found.as_ref(), grants.as_ref(), changes);
        }
        self.repeated_changes(node, found.as_ref(), changes);

        let may_be_absent = when.is_some()
            || on_error.iter().any(|handler| handler.then == Handling::Continue)
            || self.may_be_left(position, sites);
        let result = result_type(of_item, for_each.as_ref(), may_be_absent);
        let known = &mut self.steps[position];
        known.result = result.clone();
        known.optional = match &result {
            StepResult::Type(ty @ Type::Option(_)) => Some(ty.clone()),
            StepResult::Type(ty) => Some(Type::option(ty.clone())),
            StepResult::Nothing | StepResult::Unknown => None,
        };

        let timeout = node.get("timeout").and_then(Node::text).and_then(duration);
        Some(Step {
            id: self.steps[position].id.clone(),
            line: self.line_at(node.span.start),
            within: self.steps[position].within,
            part: self.steps[position].part,
            needs: self.all_needs(position, node, sites),
            when: flat(when)?,
            for_each: flat(for_each)?,
            repeat: flat(repeat)?,
            action: action?,
            changes,
            retry: flat(retry)?,
            timeout: timeout.into_iter().chain(bounds.0).min(),
            expect: expect?,
            on_error,
            grants: grants.unwrap_or_default(),
            limits,
            priority: priority.into_iter().chain(bounds.1).min(),
            concurrency: concurrency?,
            resources,
            result: match result {
                StepResult::Type(ty) => Some(ty),
                StepResult::Nothing | StepResult::Unknown => None,
            },
        })
    }

    /// The call of a step with `use`, and what it gives.
    fn call(
        &mut self,
        node: &Node,
        found: Option<&Found<'a>>,
        inside: &At,
    ) -> (Option<Action>, StepResult) {
        let Some(found) = found else {
            self.unchecked_arguments(node.get("with"), inside);
            return (None, StepResult::Unknown);
        };
        let arguments = self.arguments(node, found.operation, inside);
        let cache = self.cache(node, found);
        self.used_skills.entry(found.skill.component.to_string()).or_insert(found.skill);
        let result = match found.operation.success() {
            Some(ty) => StepResult::Type(ty.clone()),
            None => StepResult::Nothing,
        };
        let call = arguments.map(|arguments| {
            Action::Call(Call {
                operation: found.operation.clone(),
                component: found.skill.component,
                arguments,
                cache,
            })
        });
        (call, result)
    }

    /// How long results of the call are kept.
    fn cache(&mut self, node: &Node, found: &Found<'_>) -> Option<Duration> {
        let entry = node.entry("cache")?;
        if !found.skill.is_pure() {
            let effects: Vec<String> =
                found.skill.effects().map(|it| format!("`{}`", clip(it))).collect();
            let message = format!(
                "a result of `{}` may depend on more than its arguments",
                found.skill.short_name()
            );
            self.report(
                Finding::new(Code::ImpureCache, &entry.key_span, message)
                    .label(format!("the skill imports {}", effects.join(", ")))
                    .help("remove `cache`, or move what only computes into a skill of its own"),
            );
        }
        entry.value.get("ttl").and_then(Node::text).and_then(duration)
    }

    /// The steps that must end before: those of `needs` or the one above, and all referred to.
    fn all_needs(&self, position: usize, node: &Node, sites: &[Site<'_>]) -> Vec<usize> {
        let own = &self.steps[position];
        let together = own.part == Part::Body
            && own.within.is_some_and(|block| sites[block].node.get("parallel").is_some());
        let mut needs: BTreeSet<usize> = match node.get("needs") {
            Some(_) => own.needs.iter().copied().collect(),
            None => own.above.filter(|_| !together).into_iter().collect(),
        };
        needs.extend(self.referred.iter().copied());
        let beside = |other: &KnownStep| (other.within, other.part) == (own.within, own.part);
        needs.retain(|other| *other < position && beside(&self.steps[*other]));
        needs.into_iter().collect()
    }

    fn step_limits(&mut self, node: &Node, is_call: bool) -> voyager_base::Limits {
        let own = node.get("limits");
        let mut limits = self.limits.clone();
        if let Some(own) = own {
            limits = self.task_limits(own, limits);
        }
        let timeout = node.get("timeout").and_then(|node| Some((node, duration(node.text()?)?)));
        if let Some((node, timeout)) = timeout {
            // Where only the timeout says how long the step may take, the default on the task's time
            // doesn't come before it.
            if !self.time_is_given && own.is_none_or(|own| own.get("time").is_none()) {
                limits.time = limits.time.max(timeout.min(self.policy.time));
            }
            self.timeout_is_reached(node, timeout, is_call.then_some(&limits));
        }
        limits
    }

    fn changes(&mut self, node: &Node, found: Option<&Found<'_>>) -> Changes {
        let Some(entry) = node.entry("changes") else { return Changes::Commit };
        if node.get("use").is_none() && node.get("transaction").is_none() {
            return Changes::Commit;
        }
        if !found.is_none_or(can_change) {
            self.report(
                Finding::new(Code::UselessKey, &entry.key_span, "this skill can't change files")
                    .help("remove `changes`"),
            );
        }
        match entry.value.text() {
            Some("discard") => Changes::Discard,
            _ => Changes::Commit,
        }
    }

    pub(super) fn operation(&mut self, node: &Node) -> Option<Found<'a>> {
        let name = node.text().filter(|_| !node.is_null())?;
        if is_manifest(name) {
            let message = format!("`{}` is a file, and an operation is wanted", clip(name));
            self.report(
                Finding::new(Code::MalformedOperation, &node.span, message)
                    .help("only a step can run another manifest"),
            );
            return None;
        }
        let reason = match self.catalog.find(name) {
            Ok(found) => return self.without_handles(node, found),
            Err(reason) => reason,
        };
        let finding = |code, message: String| Finding::new(code, &node.span, message);
        self.report(match reason {
            NotFound::Malformed => {
                finding(Code::MalformedOperation, format!("`{}` names no operation", clip(name)))
                    .help("write `skill/function`, or `package:skill@1.2/interface.function`")
            }
            NotFound::Skill { name, near } => {
                finding(Code::UnknownSkill, format!("there is no skill `{}`", clip(&name))).help(
                    match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "`agent-host skill list` shows all".to_owned(),
                    },
                )
            }
            NotFound::Version { name, wanted, there } => finding(
                Code::SkillVersion,
                format!("the skill `{name}` is not there in version {wanted}"),
            )
            .help(format!("there is {}", there.join(", "))),
            NotFound::Operation { skill, near, all } => {
                let all: Vec<&str> = all.iter().map(String::as_str).collect();
                finding(
                    Code::UnknownOperation,
                    format!("the skill `{skill}` has no such operation"),
                )
                .help(match near {
                    Some(near) => format!("did you mean `{skill}/{near}`?"),
                    None => suggest("", &all),
                })
            }
            NotFound::Ambiguous(names) => finding(
                Code::AmbiguousOperation,
                format!("`{name}` fits {} operations", names.len()),
            )
            .help(format!("write {}", names.join(" or "))),
        });
        None
    }

    fn without_handles(&mut self, node: &Node, found: Found<'a>) -> Option<Found<'a>> {
        let types = found.operation.parameters.iter().map(|(_, ty)| ty);
        let handle = types.chain(&found.operation.result).find_map(Type::handle);
        let Some(handle) = handle else { return Some(found) };
        let message = format!("`{}` takes or gives {}", found.operation.name, clip(handle));
        self.report(
            Finding::new(Code::HandleOperation, &node.span, message)
                .help("use an operation of plain values"),
        );
        None
    }

    /// The argument for each parameter.
    fn arguments(&mut self, step: &Node, operation: &Operation, at: &At) -> Option<Vec<Argument>> {
        let with = step.get("with");
        let names: Vec<&str> = operation.parameters.iter().map(|(name, _)| name.as_str()).collect();
        let mut good = self.arguments_are_known(with, &operation.name.unversioned(), &names, at);
        let mut arguments = Vec::with_capacity(operation.parameters.len());
        for (name, ty) in &operation.parameters {
            let argument = match with.and_then(|with| with.get(name)) {
                Some(node) => self.argument(node, ty, Some(at)),
                None if matches!(ty, Type::Option(_)) => Some(Argument::Literal(Value::NONE)),
                None => {
                    let span = step.get("use").map_or(&step.span, |node| &node.span);
                    let message = format!("the argument `{name}` is missing");
                    self.report(
                        Finding::new(Code::MissingArgument, span, message)
                            .help(format!("add `{name}` to `with`: {}", article(ty))),
                    );
                    None
                }
            };
            good &= argument.is_some();
            arguments.extend(argument);
        }
        good.then_some(arguments)
    }

    /// Checks the references in arguments of an operation that is unknown.
    pub(super) fn unchecked_arguments(&mut self, with: Option<&Node>, at: &At) {
        for entry in with.map(Node::entries).unwrap_or_default() {
            self.unchecked_argument(&entry.value, at);
        }
    }

    pub(super) fn unchecked_argument(&mut self, node: &Node, at: &At) {
        if let Some(entry) = super::arguments::computed(node) {
            self.expression(&entry.value, at);
            return;
        }
        if let Some(entry) = templated(node) {
            self.checked_template(entry, at);
            return;
        }
        node.items().iter().for_each(|item| self.unchecked_argument(item, at));
        node.entries().iter().for_each(|entry| self.unchecked_argument(&entry.value, at));
    }

    /// The step's own grants, where they are good.
    fn step_grants(
        &mut self,
        node: &Node,
        skill: Option<&voyager_base::operation::Skill>,
    ) -> Option<GrantPlan> {
        let own = node.get("grants");
        let grants = match own {
            Some(_) => self.narrowed(node.entry("grants")?),
            None => Some(GrantPlan::default()),
        };
        if let (Some(skill), Some(name)) = (skill, node.get("use")) {
            self.missing_grants(skill, own, &name.span);
        }
        grants
    }
}

/// The steps of a plan: behind each that runs another manifest those of that manifest, which stand within it.
fn assembled(steps: Vec<Step>, mut inner: BTreeMap<usize, Vec<Step>>) -> Vec<Step> {
    let mut shift = 0;
    let moved = (0..steps.len()).map(|at| {
        let place = at + shift;
        shift += inner.get(&at).map_or(0, Vec::len);
        place
    });
    let moved: Vec<usize> = moved.collect();
    let mut all: Vec<Step> = Vec::new();
    for (at, mut step) in steps.into_iter().enumerate() {
        step.within = step.within.map(|block| moved[block]);
        step.needs.iter_mut().for_each(|need| *need = moved[*need]);
        all.push(step);
        let base = all.len();
        for mut step in inner.remove(&at).unwrap_or_default() {
            step.within = Some(step.within.map_or(moved[at], |block| block + base));
            step.needs.iter_mut().for_each(|need| *need += base);
            all.push(step);
        }
    }
    all
}

/// What is given may be wrong; what isn't given is right.
fn flat<T>(given: Option<Option<T>>) -> Option<Option<T>> {
    match given {
        Some(None) => None,
        Some(good) => Some(good),
        None => Some(None),
    }
}

fn result_type(
    success: StepResult,
    for_each: Option<&Option<ForEach>>,
    may_be_absent: bool,
) -> StepResult {
    let StepResult::Type(ty) = success else { return success };
    let ty = match for_each {
        Some(Some(ForEach { fail: FailMode::Collect, .. })) => Type::list(Type::option(ty)),
        Some(Some(_)) => Type::list(ty),
        Some(None) => return StepResult::Unknown,
        None => ty,
    };
    StepResult::Type(if may_be_absent { Type::option(ty) } else { ty })
}
