//! The secrets of a run: given by whoever starts it, and again by whoever goes on with it.
//!
//! The record keeps where a secret came from and a keyed digest of it, never the secret. So a run that is
//! gone on with can tell the same secret from another one, and a replay, which starts no program, needs
//! none.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use voyager_base::{
    Digest,
    secret::{Secret, Secrets},
};
use voyager_manifest::plan::Plan;

use crate::event::RunStarted;

/// What the record keeps of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeptSecret {
    /// Where it came from, for example `env:API_TOKEN`.
    pub source: String,
    /// [`Secret::digest`] under the key of the host.
    pub digest: Digest,
}

/// A secret that somebody gives a run.
#[derive(Clone, Debug)]
pub struct GivenSecret {
    /// The secret.
    pub value: Secret,
    /// What the record keeps of it.
    pub kept: KeptSecret,
}

/// Secrets that somebody gives a run, by name.
pub type GivenSecrets = BTreeMap<String, GivenSecret>;

/// What a run of `plan` begins with; all problems at once.
pub(crate) fn begin(
    plan: &Plan,
    given: GivenSecrets,
) -> Result<(Secrets, BTreeMap<String, KeptSecret>), Vec<String>> {
    let is_known = |name: &String| plan.secrets.iter().any(|secret| secret.name == *name);
    let unknown = given.keys().filter(|name| !is_known(name));
    let mut problems: Vec<String> = unknown
        .map(|name| match plan.inputs.iter().any(|input| input.name == *name) {
            true => format!("the input `{name}` is no secret; give it with `--input {name}=...`"),
            false => format!("there is no secret `{name}`"),
        })
        .collect();
    let needed = plan.secrets.iter().filter(|secret| !secret.optional);
    problems.extend(needed.filter(|secret| !given.contains_key(&secret.name)).map(|secret| {
        let name = &secret.name;
        format!(
            "the secret `{name}` is missing; give `--secret {name}=env:VARIABLE` or `--secret \
             {name}=file:PATH`"
        )
    }));
    if !problems.is_empty() {
        return Err(problems);
    }
    let kept = given.iter().map(|(name, secret)| (name.clone(), secret.kept.clone())).collect();
    let values = given.into_iter().map(|(name, secret)| (name, secret.value)).collect();
    Ok((Secrets::new(values, BTreeSet::new()), kept))
}

/// What a run goes on with: those of its secrets that were given again. Programs that need another one are
/// refused.
pub(crate) fn again(started: &RunStarted, given: &GivenSecrets) -> Secrets {
    let (mut values, mut lacking) = (BTreeMap::new(), BTreeSet::new());
    for (name, kept) in &started.secrets {
        match given.get(name).filter(|secret| secret.kept.digest == kept.digest) {
            Some(secret) => drop(values.insert(name.clone(), secret.value.clone())),
            None => drop(lacking.insert(name.clone())),
        }
    }
    Secrets::new(values, lacking)
}

/// Why a run could not go on with these secrets as it began; nothing where it could.
pub fn misfits(started: &RunStarted, given: &GivenSecrets) -> Vec<String> {
    let strange = given.keys().filter(|name| !started.secrets.contains_key(*name));
    let mut problems: Vec<String> =
        strange.map(|name| format!("the run began without a secret `{name}`")).collect();
    for (name, kept) in &started.secrets {
        match given.get(name) {
            None => problems.push(format!(
                "the secret `{name}` is missing: the run began with the one from {}; make it readable \
                 there again, or give `--secret {name}=env:VARIABLE` or `--secret {name}=file:PATH`",
                kept.source
            )),
            Some(secret) if secret.kept.digest != kept.digest => problems.push(format!(
                "the secret `{name}` from {} is another one than the run began with; give that one, or \
                 end the run with `agent-host cancel`, whereupon `agent-host retry` takes the new one and \
                 keeps what ended well",
                secret.kept.source
            )),
            Some(_) => {}
        }
    }
    problems
}
