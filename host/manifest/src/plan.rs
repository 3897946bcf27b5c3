//! A checked manifest: every name resolved, every type known, every grant computed.
//!
//! A plan is data. It is the first thing that a run's journal records, so that a run goes on with the
//! plan that it began with, whatever became of the file.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use voyager_base::{
    Digest, ErrorKind, Limits, Type, Value,
    grant::{Globs, ProgramGrant},
    http::HttpGrant,
    memory::MemoryGrant,
    operation::{Operation, OperationName},
    workspace::Change,
};

use crate::{expr::Expr, scalar, template::Template};

/// A checked manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it is for.
    pub description: String,
    /// File that it was read from, for messages.
    pub file: String,
    /// Hash of the text.
    pub source: Digest,
    /// What a run is given.
    pub inputs: Vec<Input>,
    /// Secrets that a run is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretInput>,
    /// Bounds of a run.
    pub bounds: Bounds,
    /// How important a run is, where whoever starts it says nothing else.
    #[serde(default)]
    pub priority: Priority,
    /// A text: runs with the same one take turns together. None leaves a run turns of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fair_by: Option<Argument>,
    /// How many runs with the same key run at a time.
    #[serde(default)]
    pub concurrency: Option<Concurrency>,
    /// The ceiling of every step's grants.
    pub grants: GrantPlan,
    /// All steps in the order of the text, those inside blocks after their block. A step only depends
    /// on earlier ones.
    pub steps: Vec<Step>,
    /// What a run gives back.
    pub outputs: Vec<Output>,
    /// Skills that steps and their child tasks may use: name as in grants, and the pinned component.
    pub skills: Vec<PinnedSkill>,
    /// Manifests that steps run, directly or through others, by path.
    #[serde(default)]
    pub manifests: Vec<PinnedManifest>,
}

/// A manifest that a step runs, as it was when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedManifest {
    /// Its path from the folder of the manifest that a run begins with.
    pub path: String,
    /// Hash of its text.
    pub source: Digest,
}

/// A skill and the component that a run uses for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PinnedSkill {
    /// Its package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Hash of the component.
    pub component: Digest,
    /// Its operations that child tasks may be granted.
    pub operations: Vec<Arc<Operation>>,
    /// Its other operations: a child task that asks for one is denied, not told that there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OperationName>,
}

/// What a run is given under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it may be.
    pub kind: InputKind,
    /// Type of its value; an option where the input may be absent.
    #[serde(rename = "type")]
    pub ty: Type,
    /// Its value where none is given; without one the input must be given, unless `ty` is an option.
    pub default: Option<Value>,
}

/// A secret that a run is given under a name. It has no value that a plan or a record could hold; only
/// grants of programs name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretInput {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether it may be left out.
    pub optional: bool,
}

/// What an input may be, beyond its type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputKind {
    /// Text, with a pattern (a regular expression for the whole text) and a most number of characters.
    Text {
        /// Regular expression that the whole text must match.
        pattern: Option<String>,
        /// Most characters.
        length_max: Option<u64>,
    },
    /// One of these texts.
    Choice(Vec<String>),
    /// A path of the machine. It is made absolute when a run starts.
    Path,
    /// A whole number within bounds.
    Int {
        /// Least value.
        min: Option<i64>,
        /// Most value.
        max: Option<i64>,
    },
    /// A duration; the value is in milliseconds.
    Duration,
    /// A size; the value is in bytes.
    Size,
    /// Any value of the type.
    Any,
}

/// Bounds of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Time from the start of a run to its end.
    pub deadline: Option<Duration>,
    /// Most tasks of a run, retries and children counted.
    pub steps: u64,
    /// Most tasks at a time; 0 for as many as the host has cores.
    pub parallel: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { deadline: None, steps: 100_000, parallel: 0 }
    }
}

/// How important something is: who goes first where not all can.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// It has time.
    Low,
    /// As usual.
    #[default]
    Standard,
    /// Before others.
    High,
    /// At once: where all slots are taken, it takes one from a lower one.
    Critical,
}

impl Priority {
    /// All, the lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Standard, Self::High, Self::Critical];
    /// Their names, in the same order.
    pub const NAMES: [&'static str; 4] = ["low", "standard", "high", "critical"];

    /// Its name.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.name() == name)
    }

    /// The next higher one; the highest stays.
    #[must_use]
    pub fn raised(self) -> Self {
        Self::ALL[(self as usize + 1).min(Self::ALL.len() - 1)]
    }
}

impl std::fmt::Display for Priority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What at most so many may do at a time, over all runs of a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Concurrency {
    /// A text: those with the same one stand in each other's way.
    pub key: Argument,
    /// How many may have it at a time.
    pub max: u32,
    /// Whether a run that wants it cancels older ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancels: bool,
}

/// What a task reserves of the host before it begins. Its limits and grants hold it to that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// Bytes of memory, of its instance and its programs together; 0 where none is reserved.
    #[serde(default)]
    pub memory: u64,
    /// Processors of its programs; 0 where none are reserved.
    #[serde(default)]
    pub cpu: u32,
}

impl std::fmt::Display for Resources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let memory =
            (0 < self.memory).then(|| format!("memory {}", scalar::show_size(self.memory)));
        let cpu = match self.cpu {
            0 => None,
            1 => Some("1 processor".to_owned()),
            many => Some(format!("{many} processors")),
        };
        f.write_str(&memory.into_iter().chain(cpu).collect::<Vec<_>>().join(", "))
    }
}

/// Grants as far as they are known before a run: folders are named by inputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GrantPlan {
    /// Folders; `None` in a step leaves them as the manifest grants them.
    pub workspace: Option<Vec<FolderPlan>>,
    /// Programs, likewise.
    pub process: Option<Vec<ProgramGrant>>,
    /// Servers, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<Vec<HttpGrant>>,
    /// Spaces of the memory, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryGrant>,
    /// Operations that may be called as child tasks, likewise.
    pub tasks: Option<Globs>,
    /// Where it stands, for messages.
    #[serde(default, skip_serializing_if = "Lines::is_empty")]
    pub lines: Lines,
}

/// Lines of `grants` and of the capabilities in it, by their names. All are equal: where something stands is
/// nothing of what it says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lines(pub BTreeMap<String, u32>);

impl Lines {
    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Lines {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A folder that a run grants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FolderPlan {
    /// Name under which skills see it: the input's, unless the manifest gives another.
    pub root: String,
    /// The input that holds its path. Where that is absent, so is the grant.
    pub input: String,
    /// What may be read.
    pub read: Globs,
    /// What may be written.
    pub write: Globs,
    /// Most bytes that one task may write.
    pub write_bytes_max: Option<u64>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its id; of a step of another manifest after that of the step that runs it, `deploy/build`.
    pub id: String,
    /// Where it stands in its file.
    pub line: u32,
    /// Position of the block that holds it; none where that is the manifest.
    pub within: Option<usize>,
    /// When it runs among the steps of its block.
    pub part: Part,
    /// Positions of the steps of its block that must end before: the one before it or those of
    /// `needs`, and all that it or a step inside it refers to.
    pub needs: Vec<usize>,
    /// Runs only where this holds; otherwise it is skipped and its result is none.
    pub when: Option<Expr>,
    /// Runs once for each of some items; its result is the list of results.
    pub for_each: Option<ForEach>,
    /// Runs again and again, for each item where it has several.
    pub repeat: Option<Repeat>,
    /// What it does.
    pub action: Action,
    /// Whether what it staged becomes real when it ends well.
    pub changes: Changes,
    /// When a failed attempt is followed by another.
    pub retry: Option<RetryPlan>,
    /// Longest time of an attempt.
    pub timeout: Option<Duration>,
    /// What must hold of its result (`result`), for each item where it has several.
    pub expect: Vec<Expectation>,
    /// What happens when it fails for good: the first that names the error's kind. Without one the run
    /// fails.
    pub on_error: Vec<Handler>,
    /// Grants beside the manifest's, which they narrow.
    pub grants: GrantPlan,
    /// Bounds of each of its tasks.
    pub limits: Limits,
    /// How important it is; none leaves that to what holds it, which it never exceeds.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// How many of its tasks with the same key run at a time.
    #[serde(default)]
    pub concurrency: Option<Concurrency>,
    /// What each of its tasks reserves before it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Type of `steps.<id>`: that of one item ([`Self::of_item`]), a list of it with `for-each`, an
    /// option of that where the step can be skipped, left behind, or its failure passed over; none
    /// where there is no value.
    pub result: Option<Type>,
}

/// When a step runs among the steps of its block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// In its turn.
    #[default]
    Body,
    /// After all others, however they ended.
    Finally,
    /// Not by itself: it takes back what the step that holds it did, where that turns out to be of no
    /// use.
    Compensation,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It calls an operation.
    Call(Call),
    /// It runs the steps that stand within it.
    Block(Block),
    /// It runs the steps of another manifest, which stand within it.
    Manifest(Box<SubManifest>),
    /// It waits for so long.
    Sleep(Duration),
    /// It waits for somebody.
    Wait(Wait),
    /// It makes changes real that are known before: what an undo does. No manifest says so.
    Restore(Vec<Change>),
}

/// A wait for somebody outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    /// For what.
    pub on: Awaited,
    /// Type of what it gives; none where that is nothing.
    pub result: Option<Type>,
}

/// What a step waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Awaited {
    /// A person who approves what this text says.
    Approval(Argument),
    /// A signal of this name.
    Signal(String),
}

impl Wait {
    /// What an approval gives: who approved, and what they said.
    pub fn approval(show: Argument) -> Self {
        let fields = [("by", Type::String), ("comment", Type::String)];
        Self { on: Awaited::Approval(show), result: Some(Type::record(fields)) }
    }
}

/// A call of an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The operation.
    pub operation: Arc<Operation>,
    /// The component that exports it.
    pub component: Digest,
    /// For each parameter, in their order, where its value comes from.
    pub arguments: Vec<Argument>,
    /// How old a result may be that an earlier call with the same arguments gave; none where every call
    /// is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<Duration>,
}

/// Another manifest that a step runs: its own steps stand within that step.
///
/// They see inputs and steps of their own manifest only. Its folders have the names that the caller gives them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubManifest {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its file, for messages.
    pub file: String,
    /// Hash of its text.
    pub source: Digest,
    /// What it is given.
    pub inputs: Vec<Input>,
    /// For each input, in their order, where its value comes from.
    pub arguments: Vec<Argument>,
    /// What it gives back.
    pub outputs: Vec<Output>,
    /// A record of its outputs; none where it has none.
    pub result: Option<Type>,
    /// Its own ceiling of grants, within those of its caller.
    pub grants: GrantPlan,
    /// Most of its tasks at a time, in each execution; 0 for as many as the run may have.
    #[serde(default)]
    pub parallel: u32,
    /// Most of its tasks in each execution, where it says so itself: retries and children counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
}

/// Steps within a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// How its steps stand to each other.
    pub mode: Mode,
    /// A record of its steps' results by their ids; none where no step has one.
    pub result: Option<Type>,
    /// The folder whose files its steps change together, all or none when it ends; none where each step
    /// makes its own changes real.
    pub transaction: Option<String>,
}

/// How the steps of a block stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// All run, in the order of their needs. The first that fails fails the block.
    All,
    /// All begin; the first that ends well ends the block, and the others are stopped. It fails where
    /// all do.
    Any,
    /// All begin; the first that ends, well or not, ends the block, and the others are stopped.
    Race,
    /// The first whose `when` holds runs, and no other.
    Switch,
}

/// Runs a step again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeat {
    /// Most rounds.
    pub max: u32,
    /// Ends after the round in whose `result` this holds; without it, all rounds run.
    pub until: Option<Expr>,
    /// Whether the result is the list of all rounds' results, and not the last one.
    pub collect: bool,
    /// Whether it fails where `until` never holds.
    pub exhausted: Handling,
    /// Values that go from round to round.
    pub carry: Vec<Carry>,
}

/// A value that goes from round to round, under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Carry {
    /// Its name in expressions.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: Type,
    /// Its value in the first round.
    pub start: Argument,
    /// Its value in each further round, from the `result` of the one before.
    pub next: Expr,
}

impl Step {
    /// The call that it makes, where it makes one.
    pub fn call(&self) -> Option<&Call> {
        match &self.action {
            Action::Call(call) => Some(call),
            Action::Block(_)
            | Action::Manifest(_)
            | Action::Sleep(_)
            | Action::Wait(_)
            | Action::Restore(_) => None,
        }
    }

    /// What it waits for, where it waits for somebody.
    pub fn wait(&self) -> Option<&Wait> {
        match &self.action {
            Action::Wait(wait) => Some(wait),
            Action::Call(_)
            | Action::Block(_)
            | Action::Manifest(_)
            | Action::Sleep(_)
            | Action::Restore(_) => None,
        }
    }

    /// The manifest that it runs, where it runs one.
    pub fn manifest(&self) -> Option<&SubManifest> {
        match &self.action {
            Action::Manifest(sub) => Some(sub),
            Action::Call(_)
            | Action::Block(_)
            | Action::Sleep(_)
            | Action::Wait(_)
            | Action::Restore(_) => None,
        }
    }

    /// Whether other steps stand within it.
    pub fn holds_steps(&self) -> bool {
        matches!(self.action, Action::Block(_) | Action::Manifest(_))
    }

    /// Its id in its own manifest.
    pub fn local_id(&self) -> &str {
        self.id.rsplit_once('/').map_or(self.id.as_str(), |(_, id)| id)
    }

    /// How the steps within it stand to each other, where it is a block.
    pub fn mode(&self) -> Option<Mode> {
        match &self.action {
            Action::Block(block) => Some(block.mode),
            Action::Call(_)
            | Action::Manifest(_)
            | Action::Sleep(_)
            | Action::Wait(_)
            | Action::Restore(_) => None,
        }
    }

    /// The folder whose files the steps within it change together, where it is a transaction.
    pub fn transaction(&self) -> Option<&str> {
        match &self.action {
            Action::Block(block) => block.transaction.as_deref(),
            Action::Call(_)
            | Action::Manifest(_)
            | Action::Sleep(_)
            | Action::Wait(_)
            | Action::Restore(_) => None,
        }
    }

    /// Type of what one round gives: the success of the operation, the record of a block or manifest, an
    /// answer.
    pub fn of_round(&self) -> Option<&Type> {
        match &self.action {
            Action::Call(call) => call.operation.success(),
            Action::Block(block) => block.result.as_ref(),
            Action::Wait(wait) => wait.result.as_ref(),
            Action::Manifest(sub) => sub.result.as_ref(),
            Action::Sleep(_) | Action::Restore(_) => None,
        }
    }

    /// Type of what one item gives: that of a round, or the list of all rounds.
    pub fn of_item(&self) -> Option<Type> {
        let round = self.of_round()?.clone();
        let collects = self.repeat.as_ref().is_some_and(|repeat| repeat.collect);
        Some(if collects { Type::list(round) } else { round })
    }
}

impl Plan {
    /// The type of what a signal of this name carries; outside none where no step waits for one, inside
    /// where it carries nothing.
    pub fn signal(&self, name: &str) -> Option<Option<&Type>> {
        let waits = self.steps.iter().filter_map(Step::wait);
        let mut named = waits.filter(|it| matches!(&it.on, Awaited::Signal(own) if own == name));
        named.next().map(|it| it.result.as_ref())
    }

    /// Names of the signals that its steps wait for.
    pub fn signals(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for wait in self.steps.iter().filter_map(Step::wait) {
            if let Awaited::Signal(name) = &wait.on
                && !names.contains(&name.as_str())
            {
                names.push(name.as_str());
            }
        }
        names
    }

    /// Positions of the steps that stand directly within a block; of the manifest where none is named.
    pub fn inside(&self, block: Option<usize>) -> impl Iterator<Item = usize> {
        let all = self.steps.iter().enumerate();
        let inside = all.filter(move |(_, step)| step.within == block);
        inside.filter(|(_, step)| step.part != Part::Compensation).map(|(position, _)| position)
    }

    /// Position of the step that takes back what a step did.
    pub fn compensation(&self, of: usize) -> Option<usize> {
        let is = |step: &Step| step.within == Some(of) && step.part == Part::Compensation;
        self.steps.iter().position(is)
    }

    /// A step and the blocks that hold it, from the inside to the outside.
    pub fn outward(&self, step: usize) -> impl Iterator<Item = &Step> {
        std::iter::successors(self.steps.get(step), |step| self.steps.get(step.within?))
    }

    /// The file that a step stands in.
    pub fn file_of(&self, step: usize) -> &str {
        let around = self.outward(step).skip(self.outside(step)).find_map(Step::manifest);
        around.map_or(self.file.as_str(), |sub| sub.file.as_str())
    }

    /// The line of the manifest that a run begins with at which a step stands; of one of another manifest that of
    /// the step which runs it.
    pub fn line_of(&self, step: usize) -> u32 {
        let around = self.outward(step).skip(self.outside(step));
        let runs = around.filter(|it| it.manifest().is_some()).last();
        runs.or_else(|| self.steps.get(step)).map_or(0, |it| it.line)
    }

    /// How many of a step and the blocks that hold it don't have it inside: itself, and what it takes back.
    fn outside(&self, step: usize) -> usize {
        let takes_back = self.steps.get(step).is_some_and(|it| it.part == Part::Compensation);
        if takes_back { 2 } else { 1 }
    }

    /// The grants that narrow a step's, from the outside to the inside: with each its step, where it is not
    /// the manifest's own.
    pub fn grants_around(&self, step: usize) -> Vec<(Option<&Step>, &GrantPlan)> {
        let mut layers: Vec<(Option<&Step>, &GrantPlan)> = Vec::new();
        for (number, around) in self.outward(step).enumerate() {
            let inner = around.manifest().filter(|_| self.outside(step) <= number);
            layers.extend(inner.map(|sub| (Some(around), &sub.grants)));
            layers.push((Some(around), &around.grants));
        }
        layers.push((None, &self.grants));
        layers.reverse();
        layers
    }

    /// How important the tasks of a step are: the lowest of what it, the blocks around it, and the run
    /// say.
    pub fn priority_of(&self, step: usize) -> Priority {
        let said = self.outward(step).filter_map(|step| step.priority);
        said.fold(self.priority, Priority::min)
    }
}

/// Runs a step for each of some items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForEach {
    /// The items: an expression that gives a list.
    pub items: Expr,
    /// Name of the item in expressions.
    pub variable: String,
    /// Most items at a time; 0 for the run's bound.
    pub parallel: u32,
    /// What a failed item does to the others.
    pub fail: FailMode,
}

/// What a failed item does to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailMode {
    /// No further item starts, running ones are cancelled, the step fails.
    Fast,
    /// All items run; failed ones are none in the list of results, whose elements are options.
    Collect,
}

/// Where the value of a parameter comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Argument {
    /// It stands in the manifest.
    Literal(Value),
    /// It is computed when the step starts, and has the parameter's type (present options and widened
    /// numbers included: [`crate::convert`]).
    Computed(Expr),
    /// It is a text with values in it, written when the step starts.
    Template(Template),
    /// A record that mixes both: its fields in declaration order.
    Record(Vec<(String, Self)>),
    /// A list that mixes both.
    List(Vec<Self>),
}

/// Whether staged changes become real.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changes {
    /// When the step ends well, all at once.
    #[default]
    Commit,
    /// Never: the step is a preview.
    Discard,
}

/// When a failed attempt is followed by another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetryPlan {
    /// Attempts in total, the first one included.
    pub attempts: u32,
    /// Wait before the second attempt.
    pub wait: Duration,
    /// By how much each later wait is longer.
    pub factor: f64,
    /// Ceiling of a wait.
    pub wait_max: Duration,
    /// Kinds of error that are tried again.
    pub on: Vec<ErrorKind>,
}

/// What must hold of a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// A condition over `result`, `inputs`, `steps` and the item.
    pub that: Expr,
    /// What to say where it does not hold.
    pub message: String,
}

/// What happens when a step fails for good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handler {
    /// Kinds of error; all where empty.
    pub kinds: Vec<ErrorKind>,
    /// What happens.
    pub then: Handling,
}

/// What happens when a step fails for good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handling {
    /// The run fails.
    Fail,
    /// The run goes on; the step's result is none.
    Continue,
}

/// What a run gives back under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: Type,
    /// Where it comes from.
    pub from: Expr,
    /// File name under `--out`, where it is written as an artifact: text as it is, bytes as they are,
    /// anything else as JSON.
    pub file: Option<String>,
}
