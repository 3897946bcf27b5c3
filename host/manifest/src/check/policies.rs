//! Policies: what several steps say of retries, time, limits and errors, said once and used by name.
//!
//! They are put into the steps that use them before these are checked, so that nothing else knows of them.

use std::borrow::Cow;

use super::{Checker, arguments::suggest};
use crate::{
    code::Code,
    diagnostic::Finding,
    language::POLICY,
    scalar,
    shape::clip,
    yaml::{Entry, Kind, Node},
};

/// Keys of a step and of a block that hold steps.
const HOLDS: [&str; 3] = ["steps", "switch", "finally"];
/// What stands for every skill that has no default of its own.
const ANY: &str = "any";
/// What a step says that wants no default.
const NONE: &str = "none";

/// The policies and defaults of a manifest, and which of them something used.
struct Policies<'n> {
    policies: &'n [Entry],
    defaults: &'n [Entry],
    used: Vec<&'n str>,
    used_defaults: Vec<&'n str>,
    findings: Vec<Finding>,
}

impl Checker<'_> {
    /// The manifest with what its policies say written into its steps.
    pub(super) fn with_policies<'n>(&mut self, root: &'n Node) -> Cow<'n, Node> {
        // Most manifests have none, and need not be copied for them.
        if !["policy", "policies", "defaults"].iter().any(|word| self.text.contains(word)) {
            return Cow::Borrowed(root);
        }
        let entries = |key: &str| root.get(key).map(Node::entries).unwrap_or_default();
        let (policies, defaults) = (entries("policies"), entries("defaults"));
        if let Some(entry) = root.entry("policies") {
            self.policies_at = entry.key_span.start..entry.value.span.end;
        }
        policies.iter().for_each(|policy| self.policy(policy));
        let mut all = Policies {
            policies,
            defaults,
            used: Vec::new(),
            used_defaults: Vec::new(),
            findings: Vec::new(),
        };
        let applied = all.node(root);
        all.defaults_are_known();
        let is_unused = |it: &&Entry| it.key != NONE && !all.used.contains(&it.key.as_str());
        let unused = policies.iter().filter(is_unused).filter(|it| scalar::is_name(&it.key));
        let unused = unused.map(|it| {
            let message = format!("no step uses the policy `{}`", it.key);
            Finding::new(Code::UnusedPolicy, &it.key_span, message)
                .help(format!("write `policy: {}` in a step, or remove it", it.key))
        });
        let unused: Vec<Finding> = unused.collect();
        all.findings.into_iter().chain(unused).for_each(|finding| self.report(finding));
        Cow::Owned(applied)
    }

    /// Checks what a policy says, whoever uses it.
    fn policy(&mut self, policy: &Entry) {
        if policy.key == NONE {
            let message = format!("no policy can be called `{NONE}`: that is what asks for none");
            self.report(
                Finding::new(Code::UnknownPolicy, &policy.key_span, message)
                    .help("choose another name"),
            );
        }
        if let Kind::Map(entries) = &policy.value.kind
            && entries.is_empty()
        {
            let message = format!("the policy `{}` says nothing", clip(&policy.key));
            self.report(
                Finding::new(Code::EmptyValue, &policy.key_span, message).help(
                    "say `retry`, `timeout`, `limits`, `resources` or `on-error`, or remove it",
                ),
            );
        }
        if let Some(retry) = policy.value.get("retry") {
            self.retry(retry);
        }
        if let Some(limits) = policy.value.get("limits") {
            self.task_limits(limits, self.limits.clone());
        }
        if let Some(handlers) = policy.value.get("on-error") {
            self.handlers(handlers);
        }
    }
}

impl<'n> Policies<'n> {
    /// A mapping that holds steps, with their policies applied.
    fn node(&mut self, node: &'n Node) -> Node {
        let Kind::Map(entries) = &node.kind else { return node.clone() };
        let entries = entries.iter().map(|entry| {
            let Kind::List(items) = &entry.value.kind else { return entry.clone() };
            if !HOLDS.contains(&entry.key.as_str()) {
                return entry.clone();
            }
            let items = items.iter().map(|item| self.step(item)).collect();
            let value = Node { kind: Kind::List(items), span: entry.value.span.clone() };
            Entry { value, ..entry.clone() }
        });
        Node { kind: Kind::Map(entries.collect()), span: node.span.clone() }
    }

    fn step(&mut self, node: &'n Node) -> Node {
        let mut step = self.node(node);
        let Some(policy) = self.policy_of(node) else { return step };
        if node.get("sleep").is_some() {
            // That it has no policy is told with its other keys.
            return step;
        }
        let own = |key: &str| node.entry(key).is_some();
        let added = policy.value.entries().iter();
        let added: Vec<Entry> = added.filter(|it| !own(&it.key)).cloned().collect();
        let says = !policy.value.entries().is_empty();
        if let (true, Some(named)) = (says && added.is_empty(), node.get("policy")) {
            let message = format!("the step says all that `{}` says itself", clip(&policy.key));
            self.findings.push(
                Finding::new(Code::UselessKey, &named.span, message).help("remove one of them"),
            );
        }
        let is_known = |it: &Entry| POLICY.keys.iter().any(|key| key.name == it.key);
        if let Kind::Map(entries) = &mut step.kind {
            entries.extend(added.into_iter().filter(is_known));
        }
        step
    }

    /// The policy of a step: the one that it names, or the default for its skill.
    fn policy_of(&mut self, step: &'n Node) -> Option<&'n Entry> {
        if let Some(named) = step.get("policy") {
            let name = named.text().filter(|_| !named.is_null())?;
            return if name == NONE { self.none(named) } else { self.named(named, name) };
        }
        let name = step.get("use").and_then(Node::text)?;
        if super::manifests::is_manifest(name) {
            return None;
        }
        let skill = name.split(['/', '@']).next().unwrap_or_default();
        let skill = skill.rsplit(':').next().unwrap_or_default();
        let (policies, defaults) = (self.policies, self.defaults);
        let default = |key: &str| defaults.iter().find(|it| it.key == key);
        let own = default(skill).or_else(|| default(ANY))?;
        self.used_defaults.push(&own.key);
        let name = own.value.text().filter(|it| *it != NONE)?;
        policies.iter().find(|it| it.key == name)
    }

    /// A step that wants no default, where there is one.
    fn none(&mut self, named: &Node) -> Option<&'n Entry> {
        if self.defaults.is_empty() {
            let message = "there is no default that this could keep away";
            self.findings
                .push(Finding::new(Code::UselessKey, &named.span, message).help("remove it"));
        }
        None
    }

    fn named(&mut self, at: &Node, name: &str) -> Option<&'n Entry> {
        let policies = self.policies;
        let known = policies.iter().find(|it| it.key == name);
        match known {
            Some(policy) => self.used.push(&policy.key),
            None => {
                let names: Vec<&str> = self.policies.iter().map(|it| it.key.as_str()).collect();
                let help = match names.is_empty() {
                    true => format!("add `policies: {{ {}: {{ timeout: 5m }} }}`", clip(name)),
                    false => suggest(name, &names),
                };
                let message = format!("there is no policy `{}`", clip(name));
                self.findings.push(Finding::new(Code::UnknownPolicy, &at.span, message).help(help));
            }
        }
        known
    }

    /// Tells of defaults that name no policy, and of those that no step gets.
    fn defaults_are_known(&mut self) {
        for default in self.defaults {
            let Some(name) = default.value.text().filter(|_| !default.value.is_null()) else {
                continue;
            };
            if name != NONE {
                self.named(&default.value, name);
            }
            if !self.used_defaults.contains(&default.key.as_str()) {
                let what = match default.key.as_str() {
                    ANY => "no step is left for `any`".to_owned(),
                    skill => format!("no step uses the skill `{}`", clip(skill)),
                };
                self.findings.push(
                    Finding::new(Code::UselessDefault, &default.key_span, what)
                        .help("remove it, or correct the skill's name"),
                );
            }
        }
    }
}
