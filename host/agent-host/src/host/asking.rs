//! What the policy asks before a run, and what was answered.

use std::path::Path;

use serde::{Deserialize, Serialize};
use voyager_base::{
    call::Folders,
    policy::{Allowed, Rules, Verdict, What},
};
use voyager_manifest::{
    Plan,
    outlook::{Prospect, outlook},
};

use super::Host;
use crate::{
    decisions::Decisions,
    failure::{Failure, FailureKind},
    policy,
    protocol::Yes,
};

/// One question: what a skill would use, and where that is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Ask {
    /// The package of the skill.
    pub(crate) package: String,
    /// The capability.
    pub(crate) capability: String,
    /// What it would use, for people.
    pub(crate) grant: String,
    /// The same exactly.
    pub(crate) what: What,
    /// The steps that would.
    pub(crate) steps: Vec<String>,
    /// Where the manifest grants it.
    pub(crate) from: String,
    /// Where the policy asks.
    pub(crate) rule: String,
}

/// Whose run it is, and what was answered.
pub(super) struct Asker<'a> {
    pub(super) plan: &'a Plan,
    pub(super) folders: &'a Folders,
    /// The manifest's file.
    pub(super) file: &'a Path,
    /// What was answered just now.
    pub(super) said: &'a [Yes],
    /// What was answered for an earlier run that this one goes on from.
    pub(super) earlier: &'a [Allowed],
}

impl Host {
    /// The rules with what people allowed for this run.
    ///
    /// # Errors
    /// Where something is asked for that nobody has allowed.
    pub(super) fn answered_rules(&self, rules: Rules, asker: &Asker<'_>) -> Result<Rules, Failure> {
        let own = policy::own_paths(&self.places);
        let rules = rules.keeping(own.iter().map(String::as_str), asker.folders);
        let catalog = self.catalog.now();
        let prospects = outlook(asker.plan, &rules, asker.folders, &|it| catalog.imports(it));
        let asks = asks(&rules, prospects);
        if asks.is_empty() {
            return Ok(rules);
        }
        let decisions = Decisions::of(&self.places.state);
        let remembered = decisions.allowed(&asker.plan.name, asker.file)?;
        let (mut allowed, mut always, mut open) = (Vec::new(), Vec::new(), Vec::new());
        for ask in asks {
            let is_it = |it: &&Allowed| it.package == ask.package && it.what == ask.what;
            let known = remembered.iter().chain(asker.earlier).find(is_it).cloned();
            let said =
                asker.said.iter().find(|it| it.package == ask.package && it.what == ask.what);
            match (known, said) {
                (Some(known), _) => allowed.push(known),
                (None, Some(yes)) => {
                    let new = Allowed {
                        package: ask.package,
                        what: ask.what,
                        by: yes.by.clone(),
                        at: self.world.clock.now().to_string(),
                        scope: if yes.always { "always" } else { "run" }.to_owned(),
                    };
                    always.extend(yes.always.then(|| new.clone()));
                    allowed.push(new);
                }
                (None, None) => open.push(ask),
            }
        }
        if !open.is_empty() {
            return Err(unanswered(&open));
        }
        if !always.is_empty() {
            decisions.remember(&asker.plan.name, asker.file, always)?;
        }
        Ok(Rules { allowed, ..rules })
    }
}

/// The questions among what a policy makes of a plan, each once.
fn asks(rules: &Rules, prospects: Vec<Prospect>) -> Vec<Ask> {
    let mut asks: Vec<Ask> = Vec::new();
    for it in prospects.into_iter().filter(|it| it.verdict == Verdict::Ask) {
        let Some(what) = it.what else { continue };
        let same = asks.iter_mut().find(|ask| ask.package == it.package && ask.what == what);
        if let Some(ask) = same {
            if !ask.steps.contains(&it.step) {
                ask.steps.push(it.step);
            }
            continue;
        }
        let line = it.rule.or_else(|| rules.lines.get("otherwise").copied()).unwrap_or(1);
        asks.push(Ask {
            package: it.package,
            capability: it.capability,
            grant: it.grant,
            what,
            steps: vec![it.step],
            from: it.from,
            rule: format!("{}:{line}", rules.file),
        });
    }
    asks
}

fn unanswered(open: &[Ask]) -> Failure {
    let lines = open.iter().map(|ask| {
        let (capability, grant) = (&ask.capability, &ask.grant);
        format!("  {} of {}: {grant} (asked for at {})", capability, ask.package, ask.rule)
    });
    let lines: Vec<String> = lines.collect();
    let message = format!(
        "the policy asks before this run, and nobody answered; nothing was run\n{}",
        lines.join("\n")
    );
    let failure = Failure::new(FailureKind::Asked, message).hint(
        "run it once on a terminal and answer `always`, or move the named lines of the policy to `allow`",
    );
    Failure { diagnostics: serde_json::to_value(open).ok(), ..failure }
}
