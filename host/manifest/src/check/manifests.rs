//! Steps that run another manifest.
//!
//! The other manifest is checked by itself first, as if somebody ran it; then its steps become steps within
//! the one that runs it, with its folders called as the caller calls them.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc, time::Duration};

use voyager_base::{
    Digest, Limits, Type, Value,
    grant::{Globs, ProgramGrant},
    http::HttpGrant,
    operation::{Operation, OperationName},
};

use super::{Checker, StepResult, expressions::At, read, transactions::REMEMBERED};
use crate::{
    code::Code,
    convert::article,
    diagnostic::{Finding, Findings},
    library::{Library, Pins},
    plan::{
        Action, Argument, Awaited, Bounds, Changes, FolderPlan, GrantPlan, Input, InputKind,
        PinnedManifest, Plan, Priority, Step, SubManifest,
    },
    power::inclusion::{Inclusion, within},
    scalar,
    shape::{clip, is_path},
    shell,
    yaml::Node,
};

/// Most steps of a plan, those of the manifests that it runs counted: what a run records first, and what
/// every host that resumes it has to hold.
const STEPS_MAX: usize = 10_000;
/// Most manifests that run each other.
const LEVELS_MAX: usize = 16;

/// The manifests that the checked one uses, directly or through others. Each is checked once.
pub(super) struct Shelf<'l> {
    pub(super) library: Library<'l>,
    known: RefCell<BTreeMap<String, Arc<Sub>>>,
}

impl<'l> Shelf<'l> {
    pub(super) fn new(library: Library<'l>) -> Self {
        Self { library, known: RefCell::default() }
    }
}

/// Another manifest.
struct Sub {
    /// Its plan, or why there is none.
    plan: Result<Plan, String>,
    /// What it takes and gives.
    operation: Option<Arc<Operation>>,
    /// Its own path, and that of each manifest that it runs.
    files: Vec<PinnedManifest>,
    /// The manifests that run each other, where it is one of them.
    cycle: Option<String>,
}

/// Whether a `use` names a file and no operation.
pub(super) fn is_manifest(name: &str) -> bool {
    name.starts_with(['.', '/']) || name.ends_with(".yaml") || name.ends_with(".yml")
}

/// The operation that a manifest is to those that run it: its inputs are the parameters, and the record of its
/// outputs is the result.
fn operation_of(path: &str, plan: &Plan) -> Operation {
    let outputs = plan.outputs.iter().map(|output| (output.name.as_str(), output.ty.clone()));
    let record = (!plan.outputs.is_empty()).then(|| Type::record(outputs));
    Operation {
        name: OperationName {
            package: plan.name.clone(),
            version: plan.version.clone(),
            interface: "manifest".to_owned(),
            function: path.to_owned(),
        },
        docs: plan.description.clone(),
        parameters: plan.inputs.iter().map(|it| (it.name.clone(), parameter(it))).collect(),
        result: record,
    }
}

/// An input that need not be given is an option to the caller.
fn parameter(input: &Input) -> Type {
    match (&input.ty, &input.default) {
        (ty @ Type::Option(_), _) | (ty, None) => ty.clone(),
        (ty, Some(_)) => Type::option(ty.clone()),
    }
}

/// What a manifest at a path takes and gives; none where it is wrong.
pub(crate) fn operation_at(
    path: &str,
    catalog: &crate::Catalog,
    library: Library<'_>,
) -> Option<Arc<Operation>> {
    let path = path.strip_prefix("./").filter(|it| is_path(it))?;
    let ceiling = Limits::ceiling();
    let shelf = Shelf::new(Library { pins: &Pins::Ignored, ..library });
    let findings = Findings::default();
    let checker = Checker::new("", "", catalog, &ceiling, &shelf, Vec::new(), findings);
    checker.sub_at(path).operation.clone()
}

/// A step that runs another manifest.
pub(super) struct Ran {
    pub(super) action: Option<Action>,
    pub(super) result: StepResult,
    /// The manifest's own deadline, counted from the begin of an attempt.
    pub(super) deadline: Option<Duration>,
    /// The manifest's own priority, where it is below that of others.
    pub(super) priority: Option<Priority>,
}

impl Default for Ran {
    fn default() -> Self {
        Self { action: None, result: StepResult::Unknown, deadline: None, priority: None }
    }
}

/// How the caller's names stand for those of the manifest that it runs.
struct Naming {
    /// Each input that is a granted folder, and the caller's folder; none where it is not given.
    folders: BTreeMap<String, Option<FolderPlan>>,
    /// The caller's name for each folder.
    roots: BTreeMap<String, String>,
    /// The caller's name for each secret; none where it is not given.
    secrets: BTreeMap<String, Option<String>>,
    prefix: String,
}

impl<'a> Checker<'a> {
    /// A step that runs another manifest, and what it gives.
    pub(super) fn manifest_step(
        &mut self,
        position: usize,
        node: &Node,
        inside: &At,
        own: Option<&GrantPlan>,
        limits: &Limits,
    ) -> Ran {
        let unknown = Ran::default();
        let used = node.get("use").and_then(|name| Some((name, self.sub(name)?)));
        let Some((name, (path, sub))) = used else {
            self.unchecked_arguments(node.get("with"), inside);
            return unknown;
        };
        let (Ok(plan), Some(operation)) = (&sub.plan, &sub.operation) else {
            self.unchecked_arguments(node.get("with"), inside);
            return unknown;
        };
        let result = operation.result.clone();
        let arguments = self.sub_arguments(node, &path, plan, inside);
        let secrets = self.sub_secrets(node, &path, plan);
        for skill in &plan.skills {
            let known = self.catalog.skills().iter().find(|it| it.component == skill.component);
            if let Some(known) = known {
                self.used_skills.entry(known.component.to_string()).or_insert(known);
            }
        }
        let ran = Ran {
            action: None,
            result: result.clone().map_or(StepResult::Nothing, StepResult::Type),
            deadline: plan.bounds.deadline,
            priority: (plan.priority < Priority::default()).then_some(plan.priority),
        };
        let (Some(arguments), Some(secrets)) = (arguments, secrets) else { return ran };
        let ceiling = self.narrower_by(own);
        let folders = self.sub_folders(node, plan, &arguments, &ceiling);
        let prefix = format!("{}/", self.steps[position].id);
        let is_good = folders.is_some();
        let naming = Naming::new(&plan.grants, folders.unwrap_or_default(), secrets, prefix);
        self.sub_grants(name, &naming.grants(&plan.grants), &ceiling);
        self.sub_in_transactions(name, plan, &naming);
        for wait in plan.steps.iter().filter_map(Step::wait) {
            if let Awaited::Signal(signal) = &wait.on {
                self.signal_of(&name.span, signal, wait.result.as_ref());
            }
        }
        let inner: Vec<Step> = plan.steps.iter().map(|step| naming.step(step, limits)).collect();
        let all = self.steps.len() + self.inner.values().map(Vec::len).sum::<usize>() + inner.len();
        if STEPS_MAX < all {
            let message = format!("with `{}` there are {all} steps", clip(&path));
            self.report(
                Finding::new(Code::SubSize, &name.span, message)
                    .help(format!("a run has at most {STEPS_MAX}; do less in one run")),
            );
            return ran;
        }
        self.inner.insert(position, inner);
        let sub = SubManifest {
            name: plan.name.clone(),
            version: plan.version.clone(),
            file: plan.file.clone(),
            source: plan.source,
            inputs: plan.inputs.clone(),
            arguments,
            outputs: plan.outputs.clone(),
            result,
            grants: naming.grants(&plan.grants),
            parallel: plan.bounds.parallel,
            steps: (plan.bounds.steps != Bounds::default().steps).then_some(plan.bounds.steps),
        };
        Ran { action: is_good.then(|| Action::Manifest(Box::new(sub))), ..ran }
    }

    /// The manifest that `use` names, with its path from the root folder.
    fn sub(&mut self, node: &Node) -> Option<(String, Arc<Sub>)> {
        let text = node.text().filter(|_| !node.is_null())?;
        let plain = text.strip_prefix("./").filter(|it| is_path(it));
        let Some(plain) = plain.filter(|it| it.ends_with(".yaml")) else {
            let message = format!("`{}` is no path to a manifest below this one", clip(text));
            let help = match text.trim_start_matches("./") {
                rest if is_path(rest) && rest.ends_with(".yaml") => format!("write `./{rest}`"),
                _ => "write it from this file's folder, downwards: `./parts/build.yaml`".to_owned(),
            };
            self.report(Finding::new(Code::SubPath, &node.span, message).help(help));
            return None;
        };
        let path = self.path_from(plain);
        if let Some(at) = self.around_files.iter().position(|it| *it == path) {
            let cycle = cycle(&self.around_files[at..], &path);
            self.told_cycle(node, &cycle);
            return None;
        }
        if LEVELS_MAX < self.around_files.len() {
            let message = format!("more than {LEVELS_MAX} manifests run each other here");
            self.report(
                Finding::new(Code::SubSize, &node.span, message)
                    .help("let one of them run the others side by side"),
            );
            return None;
        }
        let sub = self.sub_at(&path);
        if let Some(cycle) = &sub.cycle {
            self.told_cycle(node, cycle);
            return None;
        }
        if let Err(reason) = &sub.plan {
            let message = format!("`{}` can't be used: {reason}", clip(text));
            let help = "`agent-host validate` says all that is wrong with it";
            self.report(Finding::new(Code::SubManifest, &node.span, message).help(help));
            return None;
        }
        self.pinned_as_locked(node, &sub);
        self.manifests.extend(sub.files.iter().map(|it| (it.path.clone(), it.source)));
        Some((path, sub))
    }

    fn told_cycle(&mut self, node: &Node, cycle: &str) {
        self.cycle.get_or_insert_with(|| cycle.to_owned());
        let message = format!("these manifests run each other for ever: {cycle}");
        self.report(
            Finding::new(Code::SubCycle, &node.span, message)
                .help("remove one of the steps; to do something again, write `repeat`"),
        );
    }

    /// A path from the folder of the checked file, as one from the root folder.
    fn path_from(&self, plain: &str) -> String {
        match self.around_files.last().and_then(|own| own.rsplit_once('/')) {
            Some((folder, _)) => format!("{folder}/{plain}"),
            None => plain.to_owned(),
        }
    }

    /// The manifest at a path from the root folder, checked by itself.
    fn sub_at(&self, path: &str) -> Arc<Sub> {
        if let Some(known) = self.shelf.known.borrow().get(path) {
            return Arc::clone(known);
        }
        let sub = Arc::new(self.checked_sub(path));
        self.shelf.known.borrow_mut().insert(path.to_owned(), Arc::clone(&sub));
        sub
    }

    fn checked_sub(&self, path: &str) -> Sub {
        let wrong = |reason: String| Sub {
            plan: Err(reason),
            operation: None,
            files: Vec::new(),
            cycle: None,
        };
        let text = match self.shelf.library.files.read(path) {
            Ok(text) => text,
            Err(reason) => return wrong(reason),
        };
        let mut findings = Findings::default();
        let lossy = String::from_utf8_lossy(&text);
        let (mut plan, mut cycle, mut manifests) = (None, None, BTreeMap::new());
        if let Some(root) = read(&text, &mut findings) {
            let mut around = self.around_files.clone();
            around.push(path.to_owned());
            let file = self.beside(path);
            let mut checker = Checker::new(
                &lossy,
                &file,
                self.catalog,
                self.policy,
                self.shelf,
                around,
                findings,
            );
            checker.root_file.clone_from(&self.root_file);
            plan = checker.manifest(&root);
            (findings, cycle, manifests) = (checker.findings, checker.cycle, checker.manifests);
        }
        let has_errors = findings.has_errors();
        let (diagnostics, _) = findings.finish(&lossy);
        let first = diagnostics.iter().find(|it| it.severity == crate::Severity::Error);
        let Some(plan) = plan.filter(|_| !has_errors) else {
            let reason = first.map(|it| format!("line {}: {}", it.place.line, it.message));
            return Sub { cycle, ..wrong(reason.unwrap_or_else(|| "it is wrong".to_owned())) };
        };
        if plan.concurrency.is_some() {
            return wrong(
                "it has a `concurrency` of its own, which only a whole run can keep".into(),
            );
        }
        manifests.insert(path.to_owned(), Digest::of(&text));
        let pinned = |(path, source)| PinnedManifest { path, source };
        Sub {
            operation: Some(Arc::new(operation_of(path, &plan))),
            plan: Ok(plan),
            files: manifests.into_iter().map(pinned).collect(),
            cycle: None,
        }
    }

    /// The file at a path from the root folder, as messages call it.
    fn beside(&self, path: &str) -> String {
        match self.root_file.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{path}"),
            None => path.to_owned(),
        }
    }

    /// Tells of manifests that are not what the lock holds. Only the manifest that a run begins with has one.
    fn pinned_as_locked(&mut self, node: &Node, sub: &Sub) {
        if self.around_files.len() != 1 {
            return;
        }
        let (reason, wrong): (String, Option<&PinnedManifest>) = match self.shelf.library.pins {
            Pins::Ignored => return,
            Pins::Missing => ("is not pinned".to_owned(), sub.files.first()),
            Pins::Malformed(reason) => (
                format!("is not pinned, since the lock can't be read: {reason}"),
                sub.files.first(),
            ),
            Pins::Known(pins) => {
                let differs =
                    |it: &&PinnedManifest| pins.get(&it.path) != Some(&it.source.to_string());
                let wrong = sub.files.iter().find(differs);
                let reason = match wrong.is_some_and(|it| pins.contains_key(&it.path)) {
                    true => "was changed since it was pinned",
                    false => "is not pinned",
                };
                (reason.to_owned(), wrong)
            }
        };
        let Some(wrong) = wrong else { return };
        let message = format!("`{}` {reason}", clip(&wrong.path));
        let help = format!("read it, then type `agent-host lock {}`", shell::word(&self.root_file));
        self.report(Finding::new(Code::Unpinned, &node.span, message).help(help));
    }

    /// What each input is given, in their order.
    fn sub_arguments(
        &mut self,
        step: &Node,
        path: &str,
        plan: &Plan,
        at: &At,
    ) -> Option<Vec<Argument>> {
        let with = step.get("with");
        let inputs = plan.inputs.iter().map(|it| it.name.as_str());
        let secrets = plan.secrets.iter().map(|it| it.name.as_str());
        let names: Vec<&str> = inputs.chain(secrets).collect();
        let mut good = self.arguments_are_known(with, path, &names, at);
        let mut arguments = Vec::with_capacity(plan.inputs.len());
        for input in &plan.inputs {
            let argument = match (with.and_then(|with| with.get(&input.name)), &input.default) {
                (Some(node), _) => self.sub_argument(node, input, at),
                (None, Some(default)) if input.kind != InputKind::Path => {
                    Some(Argument::Literal(default.clone()))
                }
                (None, None) if matches!(input.ty, Type::Option(_)) => {
                    Some(Argument::Literal(Value::NONE))
                }
                (None, default) => {
                    let span = step.get("use").map_or(&step.span, |node| &node.span);
                    let message =
                        format!("the input `{}` of `{}` is missing", input.name, clip(path));
                    let why = match default {
                        Some(_) => ": its default is a path, which only a whole run can look up",
                        None => "",
                    };
                    let help =
                        format!("add `{}` to `with`: {}{why}", input.name, article(&input.ty));
                    self.report(Finding::new(Code::MissingArgument, span, message).help(help));
                    None
                }
            };
            good &= argument.is_some();
            arguments.extend(argument);
        }
        good.then_some(arguments)
    }

    fn sub_argument(&mut self, node: &Node, input: &Input, at: &At) -> Option<Argument> {
        let bare = match &input.ty {
            Type::Option(inner) => inner,
            ty => ty,
        };
        let is_measure = matches!(input.kind, InputKind::Duration | InputKind::Size);
        let argument = if is_measure && node.text().is_some() {
            let value = self.given(node, bare, &input.kind)?;
            let is_option = matches!(input.ty, Type::Option(_));
            Argument::Literal(if is_option { Value::some(value) } else { value })
        } else {
            self.argument(node, &input.ty, Some(at))?
        };
        if let Argument::Literal(value) = &argument
            && let Err(error) = input.accepts(value)
        {
            self.report(Finding::new(Code::SubInput, &node.span, error.reason));
            return None;
        }
        Some(argument)
    }

    /// The caller's folder for each input through which the manifest grants itself one.
    fn sub_folders(
        &mut self,
        step: &Node,
        plan: &Plan,
        arguments: &[Argument],
        ceiling: &GrantPlan,
    ) -> Option<BTreeMap<String, Option<FolderPlan>>> {
        let mut folders: BTreeMap<String, Option<FolderPlan>> = BTreeMap::new();
        let mut good = true;
        for folder in plan.grants.workspace.iter().flatten() {
            let given = plan.inputs.iter().zip(arguments).find(|(it, _)| it.name == folder.input);
            let Some((_, argument)) = given else { continue };
            if *argument == Argument::Literal(Value::NONE) {
                folders.insert(folder.input.clone(), None);
                continue;
            }
            let node = step.get("with").and_then(|with| with.get(&folder.input)).unwrap_or(step);
            let caller = self.caller_folder(node, folder, argument, ceiling);
            let twice = caller
                .as_ref()
                .is_some_and(|own| folders.values().flatten().any(|known| known.root == own.root));
            if let (true, Some(own)) = (twice, &caller) {
                let message = format!("the folder `{}` is given twice", own.root);
                self.report(
                    Finding::new(Code::SubFolder, &node.span, message)
                        .help("give each granted folder of the manifest another one"),
                );
            }
            good &= caller.is_some() && !twice;
            folders.insert(folder.input.clone(), caller);
        }
        good.then_some(folders)
    }

    fn caller_folder(
        &mut self,
        node: &Node,
        folder: &FolderPlan,
        argument: &Argument,
        ceiling: &GrantPlan,
    ) -> Option<FolderPlan> {
        let named = match argument {
            Argument::Computed(expr) => expr.text().trim().strip_prefix("inputs."),
            Argument::Literal(_)
            | Argument::Template(_)
            | Argument::Record(_)
            | Argument::List(_) => None,
        };
        let is_input = |name: &&str| self.inputs.iter().any(|it| it.name == *name && it.is_path);
        let Some(name) = named.filter(is_input) else {
            let message = format!("`{}` is a folder that the manifest is granted", folder.input);
            self.report(
                Finding::new(Code::SubFolder, &node.span, message)
                    .help("give it an input of type `path`: `{ from: inputs.NAME }`"),
            );
            return None;
        };
        let mut known = ceiling.workspace.iter().flatten();
        let Some(own) = known.find(|it| it.input == name).cloned() else {
            let message = format!("`inputs.{name}` is not granted here, and the manifest uses it");
            self.report(
                Finding::new(Code::WiderGrant, &node.span, message)
                    .help(format!("add `{{ root: inputs.{name}, ... }}` to the grants")),
            );
            return None;
        };
        for (verb, inner, outer) in
            [("read", &folder.read, &own.read), ("write", &folder.write, &own.write)]
        {
            self.globs_lent(node, &format!("{verb} in `{name}`"), inner, outer);
        }
        Some(own)
    }

    /// Tells of what a manifest may do and its caller not.
    fn globs_lent(&mut self, node: &Node, what: &str, inner: &Globs, outer: &Globs) {
        if inner.is_empty() {
            return;
        }
        let label = match within(std::slice::from_ref(inner), std::slice::from_ref(outer)) {
            Inclusion::Within => return,
            Inclusion::Beyond(path) => format!("`{path}`, for example"),
            Inclusion::Unknown => "these globs are too large to be compared".to_owned(),
        };
        let granted = match outer.patterns() {
            [] => "nothing".to_owned(),
            patterns => patterns.join(", "),
        };
        let message = format!("the manifest wants more than there is: {what} is {granted}");
        self.report(
            Finding::new(Code::WiderGrant, &node.span, message)
                .label(label)
                .help("widen the grants here, or narrow those of the manifest"),
        );
    }

    /// Tells of programs and operations that a manifest may start and its caller not.
    fn sub_grants(&mut self, name: &Node, grants: &GrantPlan, ceiling: &GrantPlan) {
        for program in grants.process.iter().flatten() {
            let granted = ceiling.process.as_deref().unwrap_or_default();
            self.program_within(name, program, granted);
        }
        for server in grants.http.iter().flatten() {
            self.server_within(name, server, ceiling.http.as_deref().unwrap_or_default());
        }
        let granted = ceiling.memory.clone().unwrap_or_default();
        if let Some(spaces) = &grants.memory {
            self.globs_lent(name, "`memory.read`", &spaces.read, &granted.read);
            self.globs_lent(name, "`memory.write`", &spaces.write, &granted.write);
        }
        if let Some(tasks) = &grants.tasks {
            let none = Globs::none();
            self.globs_lent(name, "`tasks`", tasks, ceiling.tasks.as_ref().unwrap_or(&none));
        }
    }

    /// What the manifest means to the transactions around the step that runs it.
    fn sub_in_transactions(&mut self, name: &Node, plan: &Plan, naming: &Naming) {
        if self.transactions.is_empty() {
            return;
        }
        let written = |step: &Step| {
            let folders = step.grants.workspace.as_ref().or(plan.grants.workspace.as_ref());
            let written = folders.into_iter().flatten().filter(|it| !it.write.is_empty());
            let written = written.filter_map(|it| naming.folder(it)).map(|it| it.root);
            written.collect::<Vec<String>>()
        };
        let keeps = |it: &&Step| it.call().is_some() && it.changes == Changes::Commit;
        let keeps = plan.steps.iter().filter(keeps);
        let roots: Vec<String> = keeps.flat_map(written).collect();
        self.changed_in_transactions(&roots);
        if plan.steps.iter().any(|step| step.concurrency.is_some()) {
            let message =
                "a step of this manifest has a key of its own, and a transaction is around it";
            self.report(
                Finding::new(Code::StepForm, &name.span, message)
                    .help("give the manifest that a run begins with the key"),
            );
        }
        if plan.steps.iter().any(|step| step.wait().is_some()) {
            let message =
                "a step of this manifest waits for somebody, and a transaction is around it";
            self.report(
                Finding::new(Code::StepForm, &name.span, message)
                    .help("wait before the transaction, or after it"),
            );
        }
        let online = plan.grants.process.iter().flatten().find(|program| program.network);
        if let Some(program) = online {
            let message = format!(
                "`{}` may use the network, and what it does there is not taken back",
                clip(&program.run.join(" "))
            );
            self.report(
                Finding::new(Code::BeyondTransaction, &name.span, message)
                    .help("move the step out of the transaction, or narrow its grants"),
            );
        }
        if let Some(server) = plan.grants.http.iter().flatten().find(|it| it.may_change()) {
            let message = format!(
                "`{}` may be changed, and what is done there is not taken back",
                server.host
            );
            self.report(
                Finding::new(Code::BeyondTransaction, &name.span, message)
                    .help("move the step out of the transaction, or narrow its grants"),
            );
        }
        if plan.grants.memory.as_ref().is_some_and(|it| !it.write.is_empty()) {
            self.report(
                Finding::new(Code::BeyondTransaction, &name.span, REMEMBERED)
                    .help("move the step out of the transaction, or narrow its grants"),
            );
        }
    }

    /// Tells of entries of `with` that nothing is called like.
    pub(super) fn arguments_are_known(
        &mut self,
        with: Option<&Node>,
        of: &str,
        names: &[&str],
        at: &At,
    ) -> bool {
        let mut good = true;
        for entry in with.map(Node::entries).unwrap_or_default() {
            if !names.contains(&entry.key.as_str()) && scalar::is_name(&entry.key) {
                let message = format!("`{of}` has no parameter `{}`", clip(&entry.key));
                let help = match names.is_empty() {
                    true => "it has none".to_owned(),
                    false => super::arguments::suggest(&entry.key, names),
                };
                self.report(
                    Finding::new(Code::UnknownArgument, &entry.key_span, message).help(help),
                );
                self.unchecked_argument(&entry.value, at);
                good = false;
            }
        }
        good
    }
}

impl Naming {
    fn new(
        grants: &GrantPlan,
        folders: BTreeMap<String, Option<FolderPlan>>,
        secrets: BTreeMap<String, Option<String>>,
        prefix: String,
    ) -> Self {
        let own = |it: &FolderPlan| folders.get(&it.input).and_then(Option::as_ref);
        let root = |it: &FolderPlan| Some((it.root.clone(), own(it)?.root.clone()));
        let roots = grants.workspace.iter().flatten().filter_map(root).collect();
        Self { folders, roots, secrets, prefix }
    }

    /// A step as it stands within the one that runs its manifest. Positions are still those of its own.
    fn step(&self, step: &Step, limits: &Limits) -> Step {
        let mut step = step.clone();
        step.id = format!("{}{}", self.prefix, step.id);
        step.grants = self.grants(&step.grants);
        step.limits = step.limits.lowest(limits);
        match &mut step.action {
            Action::Block(block) => {
                let root = block.transaction.as_ref();
                block.transaction = root.map(|it| self.roots.get(it).unwrap_or(it).clone());
            }
            Action::Manifest(sub) => sub.grants = self.grants(&sub.grants),
            Action::Call(_) | Action::Sleep(_) | Action::Wait(_) | Action::Restore(_) => {}
        }
        step
    }

    fn grants(&self, grants: &GrantPlan) -> GrantPlan {
        let folders = grants.workspace.as_ref();
        GrantPlan {
            workspace: folders.map(|all| all.iter().filter_map(|it| self.folder(it)).collect()),
            process: grants
                .process
                .as_ref()
                .map(|all| all.iter().map(|it| self.program(it)).collect()),
            http: grants.http.as_ref().map(|all| all.iter().map(|it| self.server(it)).collect()),
            memory: grants.memory.clone(),
            tasks: grants.tasks.clone(),
            lines: grants.lines.clone(),
        }
    }

    fn program(&self, program: &ProgramGrant) -> ProgramGrant {
        ProgramGrant { secrets: self.own_secrets(&program.secrets), ..program.clone() }
    }

    fn server(&self, server: &HttpGrant) -> HttpGrant {
        HttpGrant { secrets: self.own_secrets(&server.secrets), ..server.clone() }
    }

    fn own_secrets(&self, secrets: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let own = |(place, name): (&String, &String)| {
            Some((place.clone(), self.secrets.get(name)?.clone()?))
        };
        secrets.iter().filter_map(own).collect()
    }

    fn folder(&self, folder: &FolderPlan) -> Option<FolderPlan> {
        let own = self.folders.get(&folder.input)?.as_ref()?;
        let (root, input) = (own.root.clone(), own.input.clone());
        Some(FolderPlan { root, input, ..folder.clone() })
    }
}

/// Manifests that run each other, for a message.
fn cycle(files: &[String], again: &str) -> String {
    let files = files.iter().map(String::as_str).chain([again]);
    files.map(|it| format!("`{it}`")).collect::<Vec<_>>().join(" runs ")
}
