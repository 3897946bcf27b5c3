//! What is different between the power of two versions of a manifest.
//!
//! Whatever can't be shown to be narrower counts as more.

use std::{cmp::Ordering, fmt::Write as _, time::Duration};

use serde::Serialize;
use voyager_base::{
    Limits,
    grant::{Globs, ProgramRule},
    http::{HttpHost, HttpRule, METHODS},
    memory::Trust,
};

use super::{
    FolderReach, Power, Reach,
    inclusion::{Inclusion, within},
    line_of,
};
use crate::scalar::{show_duration, show_size};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Difference {
    /// Its direction.
    pub how: How,
    /// What is different.
    pub what: String,
    /// What was approved.
    pub before: Option<String>,
    /// What there is now.
    pub after: Option<String>,
    /// Something that is allowed now and was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// Where it comes from.
    pub places: Vec<Place>,
}

/// The direction of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// There is more, or it can't be shown that there is not.
    Grew,
    /// Something else stands in its place: neither more nor less.
    Changed,
    /// There is less.
    Shrank,
}

impl How {
    /// Whether it goes beyond what was approved.
    pub fn is_beyond(self) -> bool {
        self != Self::Shrank
    }
}

/// Where a difference comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Place {
    /// The step; none for the whole manifest.
    pub step: Option<String>,
    /// The line of the manifest; none where it isn't there any more.
    pub line: Option<u32>,
}

/// What is different between what was approved and the plan of the manifest `text`. Equal differences of
/// several steps are one.
pub fn differences(old: &Power, new: &Power, text: &str) -> Vec<Difference> {
    let mut found = Found { text, differences: Vec::new() };
    found.run(old, new);
    for step in &new.steps {
        match old.steps.iter().find(|it| it.step == step.step) {
            Some(before) => found.step(before, step),
            None => {
                let place = Place { step: Some(step.step.clone()), line: Some(step.line) };
                found.tell(How::Grew, "a new step", None, Some(&step.operation), place);
                found.step(&step.nothing(), step);
            }
        }
    }
    for step in old.steps.iter().filter(|it| new.steps.iter().all(|new| new.step != it.step)) {
        let place = Place { step: Some(step.step.clone()), line: None };
        found.tell(How::Shrank, "a step is gone", Some(&step.operation), None, place);
    }
    found.differences.sort_by_key(|it| it.how);
    found.differences
}

/// Differences as lines for a person.
pub fn to_text(differences: &[Difference]) -> String {
    let mut text = String::new();
    for it in differences {
        let how = match it.how {
            How::Grew => "grew   ",
            How::Changed => "changed",
            How::Shrank => "shrank ",
        };
        let _ = write!(text, "{how}  {}", it.what);
        match (&it.before, &it.after) {
            (Some(before), Some(after)) => drop(write!(text, ": {after}, was {before}")),
            (None, Some(after)) => drop(write!(text, ": {after}")),
            (Some(before), None) => drop(write!(text, ": was {before}")),
            (None, None) => {}
        }
        if let Some(example) = &it.example {
            let _ = write!(text, "; now also `{example}`");
        }
        text.push('\n');
        for place in &it.places {
            let line = place.line.map_or_else(String::new, |line| format!("line {line}"));
            let of = place.step.as_ref().map(|step| format!("step {step}"));
            let parts: Vec<String> =
                [line].into_iter().filter(|it| !it.is_empty()).chain(of).collect();
            if !parts.is_empty() {
                let _ = writeln!(text, "         {}", parts.join(", "));
            }
        }
    }
    text
}

struct Found<'a> {
    text: &'a str,
    differences: Vec<Difference>,
}

impl Found<'_> {
    fn run(&mut self, old: &Power, new: &Power) {
        let at = |keys: &[&str]| Place { step: None, line: line_of(self.text, keys) };
        let (limits, priority, concurrency) =
            (at(&["limits"]), at(&["priority"]), at(&["concurrency"]));
        self.bound("deadline of a run", old.deadline, new.deadline, show_duration, &limits);
        let count = |it: u64| it.to_string();
        self.bound("tasks of a run", Some(old.tasks_max), Some(new.tasks_max), count, &limits);
        let parallel = |it: u32| Some(it).filter(|it| *it != 0);
        let many = |it: u32| it.to_string();
        self.bound(
            "tasks at a time",
            parallel(old.parallel),
            parallel(new.parallel),
            many,
            &limits,
        );
        let named = |it: crate::plan::Priority| it.to_string();
        self.bound("priority", Some(old.priority), Some(new.priority), named, &priority);
        if old.fair_by != new.fair_by {
            self.tell(How::Changed, "by what runs take turns", None, None, at(&["fair-by"]));
        }
        let most = |it: &Power| it.concurrency.as_ref().map(|it| it.max);
        self.bound("runs at a time", most(old), most(new), many, &concurrency);
        if let (Some(before), Some(after)) = (&old.concurrency, &new.concurrency)
            && before.key != after.key
        {
            self.tell(How::Changed, "the key of `concurrency`", None, None, concurrency.clone());
        }
        let cancels = |it: &Power| it.concurrency.as_ref().is_some_and(|it| it.cancels);
        if cancels(old) != cancels(new) {
            let how = if cancels(new) { How::Grew } else { How::Shrank };
            self.tell(how, "cancels older runs with the same key", None, None, concurrency);
        }
        for folder in &new.defaults {
            let before = old.defaults.iter().find(|it| it.input == folder.input);
            if let Some(before) = before.filter(|it| it.default != folder.default) {
                let show = |it: &Option<voyager_base::Value>| {
                    it.as_ref().map_or_else(|| "none".to_owned(), |it| it.to_json().to_string())
                };
                let how = if folder.default.is_none() { How::Shrank } else { How::Changed };
                let what = format!("where inputs.{} is by default", folder.input);
                let place = Place {
                    step: None,
                    line: line_of(self.text, &["inputs", &folder.input, "default"])
                        .or_else(|| line_of(self.text, &["inputs", &folder.input])),
                };
                let (before, after) = (show(&before.default), show(&folder.default));
                self.tell(how, &what, Some(&before), Some(&after), place);
            }
        }
        self.skills(old, new);
        for file in new.artifacts.iter().filter(|it| !old.artifacts.contains(it)) {
            let place = Place { step: None, line: line_of(self.text, &["outputs"]) };
            self.tell(How::Grew, "writes the artifact", None, Some(file), place);
        }
        for file in old.artifacts.iter().filter(|it| !new.artifacts.contains(it)) {
            let place = Place { step: None, line: None };
            self.tell(How::Shrank, "writes the artifact", Some(file), None, place);
        }
    }

    /// Other code within the same grants is neither more nor less power, but nobody approved it.
    fn skills(&mut self, old: &Power, new: &Power) {
        let show = |it: &super::SkillPower| {
            format!("{} ({})", it.version, it.component.get(..8).unwrap_or_default())
        };
        for skill in new.skills.iter().filter(|it| !old.skills.contains(it)) {
            let what = format!("skill {}", skill.package);
            let place = Place { step: None, line: None };
            let before = old.skills.iter().filter(|it| it.package == skill.package);
            let before: Vec<String> = before.map(show).collect();
            let how = if before.is_empty() { How::Grew } else { How::Changed };
            let before = Some(before.join(", ")).filter(|it| !it.is_empty());
            self.tell(how, &what, before.as_deref(), Some(&show(skill)), place);
        }
        let gone = |it: &&super::SkillPower| {
            !new.skills.contains(it) && {
                let others = |skill: &super::SkillPower| {
                    skill.package == it.package && !old.skills.contains(skill)
                };
                !new.skills.iter().any(others)
            }
        };
        for skill in old.skills.iter().filter(gone) {
            let place = Place { step: None, line: None };
            self.tell(
                How::Shrank,
                &format!("skill {}", skill.package),
                Some(&show(skill)),
                None,
                place,
            );
        }
    }

    fn step(&mut self, old: &Reach, new: &Reach) {
        let place = Place { step: Some(new.step.clone()), line: Some(new.line) };
        if old.operation != new.operation {
            let (before, after) = (Some(old.operation.as_str()), Some(new.operation.as_str()));
            self.tell(How::Changed, "operation", before, after, place.clone());
        }
        let count = |it: u64| it.to_string();
        self.bound("attempts of its task", old.attempts_max, new.attempts_max, count, &place);
        self.bound("timeout", old.timeout, new.timeout, show_duration, &place);
        let named = |it: crate::plan::Priority| it.to_string();
        self.bound("priority", Some(old.priority), Some(new.priority), named, &place);
        for ((name, before), (_, after)) in limits(&old.limits).into_iter().zip(limits(&new.limits))
        {
            let show = |it: u128| match name {
                "cpu" | "time" => {
                    show_duration(Duration::from_nanos(u64::try_from(it).unwrap_or(u64::MAX)))
                }
                _ => it.to_string(),
            };
            self.bound(&format!("limit `{name}`"), Some(before), Some(after), show, &place);
        }
        for folder in &new.folders {
            let before = old.folders.iter().find(|it| it.root == folder.root);
            self.folder(before, folder, &place);
        }
        for folder in
            old.folders.iter().filter(|it| new.folders.iter().all(|new| new.root != it.root))
        {
            let what = format!("the folder {}", folder.root);
            self.tell(How::Shrank, &what, Some("granted"), None, place.clone());
        }
        let writes = new.folders.iter().any(|it| !it.write.is_empty());
        if old.keeps_changes != new.keeps_changes && writes {
            let how = if new.keeps_changes { How::Grew } else { How::Shrank };
            let word = |keeps| Some(if keeps { "kept" } else { "only a preview" });
            self.tell(
                how,
                "changes",
                word(old.keeps_changes),
                word(new.keeps_changes),
                place.clone(),
            );
        }
        self.programs(old, new, &place);
        self.servers(old, new, &place);
        self.globs("recalls from the memory", &old.recalls, &new.recalls, &place);
        self.trust(old, new, &place);
        self.globs("remembers in the memory", &old.remembers, &new.remembers, &place);
        self.globs("calls", &old.calls, &new.calls, &place);
        for gate in old.approvals.iter().filter(|it| !new.approvals.contains(it)) {
            self.tell(How::Grew, "runs without the approval", Some(gate), None, place.clone());
        }
        // Of a new step nothing is narrower for it.
        for gate in new.approvals.iter().filter(|it| !old.approvals.contains(it)) {
            self.tell(How::Shrank, "needs the approval", None, Some(gate), place.clone());
        }
    }

    fn folder(&mut self, old: Option<&FolderReach>, new: &FolderReach, place: &Place) {
        let (nothing, root) = (Vec::new(), &new.root);
        if let Some(old) = old.filter(|old| old.input != new.input) {
            let (before, after) =
                (format!("inputs.{}", old.input), format!("inputs.{}", new.input));
            let what = format!("the folder {root}");
            self.tell(How::Changed, &what, Some(&before), Some(&after), place.clone());
        }
        let (read, write) = old.map_or((&nothing, &nothing), |old| (&old.read, &old.write));
        self.globs(&format!("reads {root}"), read, &new.read, place);
        self.globs(&format!("writes {root}"), write, &new.write, place);
        if let Some(old) = old.filter(|old| !old.write.is_empty() && !new.write.is_empty()) {
            let what = format!("bytes that a task may write in {root}");
            self.bound(&what, old.write_bytes_max, new.write_bytes_max, show_size, place);
        }
    }

    fn globs(&mut self, what: &str, old: &[Globs], new: &[Globs], place: &Place) {
        let show = |layers: &[Globs]| {
            let layers: Vec<String> = layers.iter().map(|it| it.patterns().join(", ")).collect();
            Some(layers.join("; and of these only ")).filter(|it| !it.is_empty())
        };
        let (how, example) = match within(new, old) {
            Inclusion::Beyond(path) => (How::Grew, Some(path).filter(|_| !old.is_empty())),
            Inclusion::Unknown => (How::Grew, None),
            // What matches the same is no difference, however it is written.
            Inclusion::Within if within(old, new) == Inclusion::Within => return,
            Inclusion::Within => (How::Shrank, None),
        };
        self.add(Difference {
            how,
            what: what.to_owned(),
            before: show(old),
            after: show(new),
            example,
            places: vec![place.clone()],
        });
    }

    /// Where either side recalls nothing, the spaces tell it. An approval that does not say how much trust was asked for
    /// approved what asks for the most.
    fn trust(&mut self, old: &Reach, new: &Reach, place: &Place) {
        if old.recalls.is_empty() || new.recalls.is_empty() {
            return;
        }
        let most = Some(Trust::Owner);
        let how = match new.recalls_trust.or(most).cmp(&old.recalls_trust.or(most)) {
            Ordering::Equal => return,
            Ordering::Less => How::Grew,
            Ordering::Greater => How::Shrank,
        };
        let shown =
            |it: Option<Trust>| it.map_or_else(|| "unknown".to_owned(), |it| it.to_string());
        let (before, after) = (shown(old.recalls_trust), shown(new.recalls_trust));
        let what = "least trust of what it recalls";
        self.tell(how, what, Some(&before), Some(&after), place.clone());
    }

    /// Which rule holds for a command depends on the longest beginning that fits it. So comparing the
    /// rules at the beginnings that either side names compares them at all commands.
    fn programs(&mut self, old: &Reach, new: &Reach, place: &Place) {
        let named = old.programs.iter().chain(&new.programs).flatten();
        let mut runs: Vec<&[String]> = named.map(|it| it.run.as_slice()).collect();
        runs.sort_unstable();
        runs.dedup();
        for run in runs {
            let (before, after) = (old.rule(run), new.rule(run));
            let how = match (&before, &after) {
                (None, None) => continue,
                (None, Some(_)) => How::Grew,
                (Some(_), None) => How::Shrank,
                (Some(before), Some(after)) if allows(before, after) => {
                    if allows(after, before) {
                        continue;
                    }
                    How::Shrank
                }
                (Some(_), Some(_)) => How::Grew,
            };
            let what = format!("starts `{}`", run.join(" "));
            let (before, after) = (before.as_ref().map(show_rule), after.as_ref().map(show_rule));
            self.tell(how, &what, before.as_deref(), after.as_deref(), place.clone());
        }
    }

    /// Which rule holds for a server depends on the entry that says most of it. So comparing the rules at
    /// the entries that either side names compares them at all servers.
    fn servers(&mut self, old: &Reach, new: &Reach, place: &Place) {
        let named = old.servers.iter().chain(&new.servers).flatten();
        let mut hosts: Vec<&HttpHost> = named.map(|it| &it.host).collect();
        hosts.sort_unstable();
        hosts.dedup();
        for host in hosts {
            for method in METHODS {
                let (before, after) = (old.request(host, method), new.request(host, method));
                let how = match (&before, &after) {
                    (None, None) => continue,
                    (None, Some(_)) => How::Grew,
                    (Some(_), None) => How::Shrank,
                    (Some(before), Some(after)) if before.covers(after) => {
                        if after.covers(before) {
                            continue;
                        }
                        How::Shrank
                    }
                    (Some(_), Some(_)) => How::Grew,
                };
                let what = format!("sends {method} to {host}");
                let (before, after) =
                    (before.as_ref().map(show_request), after.as_ref().map(show_request));
                self.tell(how, &what, before.as_deref(), after.as_deref(), place.clone());
            }
        }
    }

    /// Compares bounds, of which none is the widest.
    fn bound<T: Ord + Copy>(
        &mut self,
        what: &str,
        old: Option<T>,
        new: Option<T>,
        show: impl Fn(T) -> String,
        place: &Place,
    ) {
        let how = match bounded(old, new) {
            Ordering::Equal => return,
            Ordering::Less => How::Grew,
            Ordering::Greater => How::Shrank,
        };
        let shown = |it: Option<T>| it.map_or_else(|| "without bound".to_owned(), &show);
        self.tell(how, what, Some(&shown(old)), Some(&shown(new)), place.clone());
    }

    fn tell(
        &mut self,
        how: How,
        what: &str,
        before: Option<&str>,
        after: Option<&str>,
        place: Place,
    ) {
        self.add(Difference {
            how,
            what: what.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
            example: None,
            places: vec![place],
        });
    }

    fn add(&mut self, difference: Difference) {
        let same = |it: &&mut Difference| {
            let alike = Difference { places: difference.places.clone(), ..(**it).clone() };
            alike == difference
        };
        match self.differences.iter_mut().find(same) {
            Some(known) => known.places.extend(difference.places),
            None => self.differences.push(difference),
        }
    }
}

/// Compares bounds, of which none is the widest.
fn bounded<T: Ord>(old: Option<T>, new: Option<T>) -> Ordering {
    match (old, new) {
        (None, None) => Ordering::Equal,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(old), Some(new)) => old.cmp(&new),
    }
}

/// Whether whatever `narrow` allows, `wide` allows too.
fn allows(wide: &ProgramRule, narrow: &ProgramRule) -> bool {
    let fits = |order: Ordering| order != Ordering::Less;
    (wide.network || !narrow.network)
        && fits(bounded(wide.time_max, narrow.time_max))
        && fits(bounded(wide.output_bytes_max, narrow.output_bytes_max))
        && fits(bounded(wide.memory_bytes_max, narrow.memory_bytes_max))
        && fits(bounded(wide.processes_max, narrow.processes_max))
        && fits(bounded(wide.cpus_max, narrow.cpus_max))
        && wide.demand.iter().all(|it| narrow.demand.contains(it))
        && narrow.secrets.iter().all(|(variable, name)| wide.secrets.get(variable) == Some(name))
}

/// What a rule allows, in words.
pub(crate) fn show_rule(rule: &ProgramRule) -> String {
    let mut parts = vec![if rule.network { "with network" } else { "without network" }.to_owned()];
    parts.extend(rule.time_max.map(|it| format!("for {}", show_duration(it))));
    parts.extend(rule.output_bytes_max.map(|it| format!("output {}", show_size(it))));
    parts.extend(rule.memory_bytes_max.map(|it| format!("memory {}", show_size(it))));
    parts.extend(rule.processes_max.map(|it| format!("{it} processes")));
    parts.extend(rule.cpus_max.map(|it| format!("on {it} processors")));
    if !rule.demand.is_empty() {
        let mut demand = rule.demand.clone();
        demand.sort_unstable();
        demand.dedup();
        parts.push(format!("demands {}", demand.join(", ")));
    }
    parts.extend(show_secrets(rule));
    parts.join(", ")
}

/// What a rule allows a request, in words.
pub(crate) fn show_request(rule: &HttpRule) -> String {
    let mut parts = Vec::new();
    match rule.private() {
        [] => parts.push("at public addresses".to_owned()),
        nets => {
            let nets: Vec<String> = nets.iter().map(ToString::to_string).collect();
            parts.push(format!("at public addresses and {}", nets.join(" and ")));
        }
    }
    parts.extend(rule.time_max.map(|it| format!("for {}", show_duration(it))));
    parts.extend(rule.send_bytes_max.map(|it| format!("{} out", show_size(it))));
    parts.extend(rule.receive_bytes_max.map(|it| format!("{} in", show_size(it))));
    let secret = |(key, name): (&String, &String)| format!("inputs.{name} as {key}");
    let secrets: Vec<String> = rule.secrets.iter().flatten().map(secret).collect();
    if !secrets.is_empty() {
        parts.push(format!("with the secret {}", secrets.join(" and ")));
    }
    parts.join(", ")
}

/// The secrets that a rule hands out, in words.
pub(crate) fn show_secrets(rule: &ProgramRule) -> Option<String> {
    let secret = |(variable, name): (&String, &String)| format!("inputs.{name} as {variable}");
    let secrets: Vec<String> = rule.secrets.iter().map(secret).collect();
    (!secrets.is_empty()).then(|| format!("with the secret {}", secrets.join(" and ")))
}

/// All limits by name, as whole numbers; times in nanoseconds.
fn limits(limits: &Limits) -> [(&'static str, u128); 13] {
    // Whoever adds a limit has to compare it too.
    let Limits {
        memory,
        table_elements,
        instances,
        handles,
        cpu,
        time,
        host_calls,
        call_bytes,
        value_bytes,
        log_bytes,
        log_lines,
        children,
        depth,
    } = limits;
    [
        ("memory", u128::from(*memory)),
        ("table-elements", u128::from(*table_elements)),
        ("instances", u128::from(*instances)),
        ("handles", u128::from(*handles)),
        ("cpu", cpu.as_nanos()),
        ("time", time.as_nanos()),
        ("host-calls", u128::from(*host_calls)),
        ("call-bytes", u128::from(*call_bytes)),
        ("value-bytes", u128::from(*value_bytes)),
        ("log-bytes", u128::from(*log_bytes)),
        ("log-lines", u128::from(*log_lines)),
        ("children", u128::from(*children)),
        ("depth", u128::from(*depth)),
    ]
}
