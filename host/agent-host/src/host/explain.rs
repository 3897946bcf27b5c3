//! `grants explain`: what the steps of a run could use, who said so, what they used, and what they were denied.
//! All of it from the record: neither the manifest nor the policy of today is looked at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use voyager_agent::{
    Event as Fact,
    event::{Asked, Origin},
};
use voyager_base::{
    TaskId,
    policy::{Rules, Verdict},
};
use voyager_manifest::outlook::{self, Prospect, outlook};

use super::Host;
use crate::failure::Failure;

/// Answers `grants explain`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Explained {
    /// The run.
    pub(crate) run: String,
    /// Name of its manifest.
    pub(crate) name: String,
    /// The policy that it began under; none where that left everything to manifests.
    pub(crate) policy: Option<String>,
    /// What people allowed for it.
    pub(crate) decisions: Vec<Decision>,
    /// Each step and capability.
    pub(crate) steps: Vec<Used>,
}

/// What somebody allowed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Decision {
    /// What.
    pub(crate) what: String,
    /// To which package.
    pub(crate) package: String,
    /// Who.
    pub(crate) by: String,
    /// When.
    pub(crate) at: String,
    /// `run` or `always`.
    pub(crate) scope: String,
}

/// A capability in a step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Used {
    /// The step.
    pub(crate) step: String,
    /// The capability.
    pub(crate) capability: String,
    /// What was granted.
    pub(crate) grants: Vec<Source>,
    /// How many questions were answered.
    pub(crate) used: u64,
    /// What was denied.
    pub(crate) denied: Vec<Denied>,
}

/// A grant, and who says so.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Source {
    /// What.
    pub(crate) grant: String,
    /// To the skills of which package.
    pub(crate) package: String,
    /// Where it stands.
    pub(crate) from: String,
    /// The wider grants around it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) narrows: Vec<String>,
    /// `allow`, `ask` or `deny`.
    pub(crate) policy: String,
    /// Where the policy says so, or who allowed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<String>,
    /// Whether the policy says so of a part of it only.
    pub(crate) partly: bool,
}

/// Something that was denied.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Denied {
    /// Why, and the line to add.
    pub(crate) message: String,
    /// How often.
    pub(crate) times: u64,
}

/// What the tasks of a run asked for, by step and capability.
#[derive(Default)]
struct Uses {
    steps: BTreeMap<TaskId, usize>,
    used: BTreeMap<(usize, String), u64>,
    denied: BTreeMap<(usize, String), Vec<Denied>>,
}

impl Uses {
    fn apply(&mut self, fact: &Fact) {
        match fact {
            Fact::TaskStarted(started) => {
                let step = match &started.origin {
                    Origin::Step { step, .. } => Some(*step),
                    Origin::Parent { asked, .. } => self.steps.get(&asked.task).copied(),
                };
                if let Some(step) = step {
                    self.steps.insert(started.task, step);
                }
            }
            Fact::EffectAnswered { record, asked, .. } => {
                if let Some(key) = self.key(record.task, asked) {
                    *self.used.entry(key).or_default() += 1;
                }
            }
            Fact::EffectDenied { record, asked, error } => {
                let Some(key) = self.key(record.task, asked) else { return };
                let denied = self.denied.entry(key).or_default();
                match denied.iter_mut().find(|it| it.message == error.message) {
                    Some(known) => known.times += 1,
                    None => denied.push(Denied { message: error.message.clone(), times: 1 }),
                }
            }
            _ => {}
        }
    }

    fn key(&self, task: TaskId, asked: &Asked) -> Option<(usize, String)> {
        let capability = asked.name.split('.').next().unwrap_or(&asked.name);
        Some((*self.steps.get(&task)?, capability.to_owned()))
    }
}

impl Host {
    /// Answers `grants explain`.
    pub(super) fn explain(&self, named: Option<&str>) -> Result<Explained, Failure> {
        let run = self.named(named)?;
        let started = self.begun(run)?;
        let mut uses = Uses::default();
        self.walk(run, |_, timed| uses.apply(&timed.event))?;
        let open = Rules::default();
        let rules = started.policy.rules.as_deref().unwrap_or(&open);
        // What a component imports is read where it is still there; otherwise it may be anything.
        let catalog = self.catalog.now();
        let plan = &started.plan;
        let prospects = outlook(plan, rules, &started.folders, &|it| catalog.imports(it));
        let mut steps: Vec<Used> = Vec::new();
        for (number, step) in plan.steps.iter().enumerate().filter(|(_, it)| it.call().is_some()) {
            let capabilities = uses.used.keys().chain(uses.denied.keys());
            let own = prospects.iter().filter(|it| it.step == step.id);
            let asked = capabilities.filter(|it| it.0 == number).map(|it| it.1.clone());
            let mut all: Vec<String> = own.map(|it| it.capability.clone()).chain(asked).collect();
            all.sort_unstable();
            all.dedup();
            for capability in all {
                let key = (number, capability);
                let here = |it: &&Prospect| it.step == step.id && it.capability == key.1;
                steps.push(Used {
                    step: step.id.clone(),
                    grants: prospects.iter().filter(here).map(|it| source(it, rules)).collect(),
                    used: uses.used.get(&key).copied().unwrap_or_default(),
                    denied: uses.denied.remove(&key).unwrap_or_default(),
                    capability: key.1,
                });
            }
        }
        let decisions = rules.allowed.iter().map(|it| Decision {
            what: outlook::show(&it.what),
            package: it.package.clone(),
            by: it.by.clone(),
            at: it.at.clone(),
            scope: it.scope.clone(),
        });
        Ok(Explained {
            run: run.to_string(),
            name: plan.name.clone(),
            policy: (!rules.unanswered().are_open()).then(|| rules.file.clone()),
            decisions: decisions.collect(),
            steps,
        })
    }
}

fn source(it: &Prospect, rules: &Rules) -> Source {
    let allowed = rules
        .allowed
        .iter()
        .find(|allowed| allowed.package == it.package && it.what.as_ref() == Some(&allowed.what));
    let line = it.rule.or_else(|| {
        // Where no rule speaks, what holds otherwise does; a policy that is open has no such line.
        rules.lines.get("otherwise").copied()
    });
    let place = line.map(|line| match line {
        0 => "this host keeps its policy, its answers and its state".to_owned(),
        line => format!("{}:{line}", rules.file),
    });
    let because = match (it.verdict, allowed) {
        (Verdict::Ask, Some(allowed)) => {
            Some(format!("allowed by {} on {} ({})", allowed.by, allowed.at, allowed.scope))
        }
        _ => place,
    };
    Source {
        grant: it.grant.clone(),
        package: it.package.clone(),
        from: it.from.clone(),
        narrows: it.narrows.clone(),
        policy: it.verdict.name().to_owned(),
        because,
        partly: it.partly,
    }
}
