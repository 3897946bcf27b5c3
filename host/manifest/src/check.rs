//! Checks what a manifest means, and makes a plan of it. All findings come in one pass: what depends
//! on something wrong is left out, the rest is looked at all the same.
//!
//! One file for each construct; [`crate::shape`] has seen to the form before.

mod arguments;
mod blocks;
mod expressions;
mod flow;
mod grants;
mod inputs;
mod limits;
mod manifests;
mod order;
mod outputs;
mod policies;
mod policy;
mod resources;
mod scenario;
mod secrets;
mod steps;
mod templates;
mod transactions;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use voyager_base::{
    Digest, Limits, Type,
    operation::{OperationName, Skill},
};

pub(crate) use self::manifests::operation_at;
pub use self::policy::{CheckedPolicy, HostPolicy, check_policy};
pub use self::scenario::{CheckedScenario, check_scenario, check_script, manifest_of};
use self::{
    expressions::{At, Local},
    manifests::Shelf,
};
use crate::{
    catalog::Catalog,
    code::{Code, Severity},
    diagnostic::{Diagnostic, Finding, Findings},
    language::{HEADER, MANIFEST},
    library::Library,
    plan::{
        Bounds, GrantPlan, Input, Part, PinnedManifest, PinnedSkill, Plan, Priority, SecretInput,
        Step,
    },
    shape,
    yaml::{self, Node, TEXT_BYTES_MAX},
};

/// What became of a text.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The plan, where there is no error.
    pub plan: Option<Plan>,
    /// What was found, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// How many more findings there are.
    pub omitted: usize,
}

impl Checked {
    /// Whether nothing was found at all.
    pub fn is_clean(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// How many of the findings are errors.
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|found| found.severity == Severity::Error).count()
    }
}

/// Checks the text of `file` against the skills of `catalog`; limits may be raised up to `policy`. It can run
/// no other manifest.
pub fn check(text: &[u8], file: &str, catalog: &Catalog, policy: &Limits) -> Checked {
    check_among(text, file, catalog, policy, Library::empty())
}

/// Checks the text of `file` against the skills of `catalog` and the manifests of `library`.
pub fn check_among(
    text: &[u8],
    file: &str,
    catalog: &Catalog,
    policy: &Limits,
    library: Library<'_>,
) -> Checked {
    let mut findings = Findings::default();
    let lossy = String::from_utf8_lossy(text);
    let mut plan = None;
    let shelf = Shelf::new(library);
    let own = file.rsplit_once('/').map_or(file, |(_, name)| name).to_owned();
    if let Some(root) = read(text, &mut findings) {
        let mut checker = Checker::new(&lossy, file, catalog, policy, &shelf, vec![own], findings);
        plan = checker.manifest(&root);
        findings = checker.findings;
    }
    let plan = plan.filter(|_| !findings.has_errors());
    let (diagnostics, omitted) = findings.finish(&lossy);
    Checked { plan, diagnostics, omitted }
}

/// The tree of a text that is fit to be read as YAML.
fn read(text: &[u8], findings: &mut Findings) -> Option<Node> {
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("a manifest has at most 1 MiB, this one has {} bytes", text.len());
        findings.push(Finding::new(Code::TooLarge, &(0..0), message));
        return None;
    }
    let text = match str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            findings.push(
                Finding::new(Code::NotUtf8, &(at..at), "here the text is not UTF-8")
                    .help("save the file as UTF-8"),
            );
            return None;
        }
    };
    if text.starts_with('\u{feff}') {
        findings.push(
            Finding::new(Code::ByteOrderMark, &(0..0), "the text begins with a byte order mark")
                .help("save the file as UTF-8 without BOM"),
        );
        return None;
    }
    yaml::read(text, findings)
}

/// What is known while a manifest is checked.
struct Checker<'a> {
    text: &'a str,
    /// The checked file, for messages.
    file: &'a str,
    /// The file that was checked first, for messages.
    root_file: String,
    /// The file that was checked first, by its name, and those on the way to this one, by their paths.
    around_files: Vec<String>,
    /// The manifests that this one may run.
    shelf: &'a Shelf<'a>,
    /// Steps of the manifests that steps run, by the position of that step.
    inner: BTreeMap<usize, Vec<Step>>,
    /// Hashes of these manifests and of those that they run, by path.
    manifests: BTreeMap<String, Digest>,
    /// Where the policies stand, and what was found in them: several steps use one.
    policies_at: Range<usize>,
    told_of_policies: BTreeSet<(Code, usize, usize)>,
    /// Manifests that run each other, where this one is among them.
    cycle: Option<String>,
    /// Bytes at which lines end.
    line_ends: Vec<usize>,
    catalog: &'a Catalog,
    policy: &'a Limits,
    findings: Findings,
    inputs: Vec<KnownInput>,
    /// All steps, those inside a block after it.
    steps: Vec<KnownStep>,
    /// Names that the blocks around the step being checked give it.
    around: Vec<Local>,
    /// Id of each step to its position.
    ids: BTreeMap<String, usize>,
    /// Steps that the one being checked refers to.
    referred: BTreeSet<usize>,
    /// Inputs that something refers to.
    used_inputs: BTreeSet<String>,
    /// Skills that steps use, by component.
    used_skills: BTreeMap<String, &'a Skill>,
    /// Capabilities whose lack was told for a skill.
    told_grants: BTreeSet<(String, &'static str)>,
    grants: GrantPlan,
    /// The transactions around the step being checked, the innermost last.
    transactions: Vec<transactions::Open>,
    /// Signals that steps wait for: where the first one stands, and what it carries.
    signals: BTreeMap<String, (Range<usize>, Option<Type>)>,
    /// Capabilities of which the manifest says something, if only that nothing is granted.
    spoken: BTreeSet<&'static str>,
    limits: Limits,
    /// Whether the manifest bounds the time of a task itself.
    time_is_given: bool,
    bounds: Bounds,
    priority: Priority,
}

struct KnownInput {
    name: String,
    span: Range<usize>,
    /// Its type as expressions see it, where that is known.
    ty: Option<Type>,
    is_path: bool,
    /// None where something is wrong with it, and where it is a secret.
    input: Option<Input>,
    /// A secret, which has no value here.
    secret: Option<SecretInput>,
}

struct KnownStep {
    id: String,
    span: Range<usize>,
    /// Position of the block that holds it; none where that is the manifest.
    within: Option<usize>,
    part: Part,
    /// Position of the step above it in the same list.
    above: Option<usize>,
    /// Positions of `needs`, before they are checked.
    needs: Vec<usize>,
    result: StepResult,
    /// Its type for one that runs however this one ended.
    optional: Option<Type>,
    /// The priority of its tasks.
    priority: Priority,
}

/// What `steps.<id>` is.
#[derive(Clone, Debug, PartialEq)]
enum StepResult {
    Type(Type),
    /// Nothing: the operation gives back no value.
    Nothing,
    /// It isn't checked yet, or something is wrong with the step.
    Unknown,
}

impl<'a> Checker<'a> {
    fn new(
        text: &'a str,
        file: &'a str,
        catalog: &'a Catalog,
        policy: &'a Limits,
        shelf: &'a Shelf<'a>,
        around_files: Vec<String>,
        findings: Findings,
    ) -> Self {
        Self {
            text,
            file,
            root_file: file.to_owned(),
            around_files,
            shelf,
            inner: BTreeMap::new(),
            manifests: BTreeMap::new(),
            policies_at: 0..0,
            told_of_policies: BTreeSet::new(),
            cycle: None,
            line_ends: text.match_indices('\n').map(|(at, _)| at).collect(),
            catalog,
            policy,
            findings,
            inputs: Vec::new(),
            steps: Vec::new(),
            around: Vec::new(),
            ids: BTreeMap::new(),
            referred: BTreeSet::new(),
            used_inputs: BTreeSet::new(),
            used_skills: BTreeMap::new(),
            told_grants: BTreeSet::new(),
            grants: GrantPlan::default(),
            transactions: Vec::new(),
            signals: BTreeMap::new(),
            spoken: BTreeSet::new(),
            limits: Limits::default().lowest(policy),
            time_is_given: false,
            bounds: Bounds::default(),
            priority: Priority::default(),
        }
    }

    fn manifest(&mut self, root: &Node) -> Option<Plan> {
        self.header(root, HEADER, "manifest");
        shape::check_object(root, &MANIFEST, &mut self.findings);
        let text = |key: &str| root.get(key).and_then(Node::text).unwrap_or_default().to_owned();

        self.known_inputs(root.get("inputs"));
        self.manifest_limits(root.get("limits"));
        let root = &*self.with_policies(root);
        self.manifest_grants(root.entry("grants"));
        self.priority = self.own_priority(root, Priority::Critical).unwrap_or_default();
        // Nothing of a step is known when a run begins: only inputs can be named.
        let anywhere = At { step: None, locals: Vec::new() };
        let fair_by = self.fair_by(root, &anywhere);
        let concurrency = self.concurrency(root, &anywhere);
        let steps = self.manifest_steps(root);
        let outputs = self.outputs(root.get("outputs"));
        self.unused_inputs();
        self.unused_grants(root.get("grants"));

        Some(Plan {
            name: text("name"),
            version: text("version"),
            description: text("description"),
            file: self.file.to_owned(),
            source: Digest::of(self.text.as_bytes()),
            inputs: self
                .inputs
                .iter()
                .filter(|known| known.secret.is_none())
                .map(|known| known.input.clone())
                .collect::<Option<_>>()?,
            secrets: self.inputs.iter().filter_map(|known| known.secret.clone()).collect(),
            bounds: self.bounds.clone(),
            priority: self.priority,
            fair_by: fair_by?,
            concurrency: concurrency?,
            grants: self.grants.clone(),
            steps: steps?,
            outputs: outputs?,
            skills: self.pinned(),
            manifests: self
                .manifests
                .iter()
                .map(|(path, source)| PinnedManifest { path: path.clone(), source: *source })
                .collect(),
        })
    }

    fn header(&mut self, root: &Node, header: &str, what: &str) {
        let entries = root.entries();
        if entries.is_empty() {
            return;
        }
        match entries.iter().position(|entry| entry.key == "voyager") {
            Some(0) => {}
            Some(_) => self.report(
                Finding::new(Code::Header, &entries[0].key_span, "`voyager` is not the first key")
                    .help(format!("make `voyager: {header}` the first line")),
            ),
            None => self.report(
                Finding::new(
                    Code::Header,
                    &entries[0].key_span,
                    format!("the text doesn't say that it is a {what}"),
                )
                .help(format!("make `voyager: {header}` the first line")),
            ),
        }
    }

    /// The skills of the steps, and those whose operations child tasks may call.
    fn pinned(&self) -> Vec<PinnedSkill> {
        let tasks = self.grants.tasks.as_ref();
        let is_granted =
            |name: &OperationName| tasks.is_some_and(|globs| globs.matches(&name.unversioned()));
        let mut pinned: Vec<PinnedSkill> =
            self.used_skills.values().map(|skill| pin(skill, is_granted)).collect();
        if tasks.is_some() {
            for skill in self.catalog.newest() {
                let is_there = pinned.iter().any(|known| known.package == skill.package);
                if !is_there && skill.operations.iter().any(|it| is_granted(&it.name)) {
                    pinned.push(pin(skill, is_granted));
                }
            }
        }
        pinned.sort_by(|a, b| (&a.package, &a.version).cmp(&(&b.package, &b.version)));
        pinned
    }

    fn report(&mut self, finding: Finding) {
        let (code, span) = finding.place();
        let again = self.policies_at.contains(&span.start)
            && !self.told_of_policies.insert((code, span.start, span.end));
        if again {
            return;
        }
        self.findings.push(finding);
    }
}

fn pin(skill: &Skill, is_granted: impl Fn(&OperationName) -> bool) -> PinnedSkill {
    let (granted, others): (Vec<_>, Vec<_>) =
        skill.operations.iter().partition(|it| is_granted(&it.name));
    PinnedSkill {
        package: skill.package.clone(),
        version: skill.version.clone(),
        component: skill.component,
        operations: granted.into_iter().cloned().collect(),
        others: others.into_iter().map(|it| it.name.clone()).collect(),
    }
}
