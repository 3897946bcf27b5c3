//! Secrets that runs are given, and given again by whoever goes on with them.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
};

use voyager_agent::{GivenSecret, GivenSecrets, KeptSecret, event::RunStarted};
use voyager_base::{chance::Chance as _, secret::Secret};
use voyager_manifest::Plan;

use super::Host;
use crate::{
    failure::Failure, protocol::TypedSecret, secret_source::SecretSource, system::SystemChance,
};

impl Host {
    /// What was typed.
    pub(super) fn given(&self, typed: Vec<TypedSecret>) -> Result<GivenSecrets, Failure> {
        let mut given = GivenSecrets::new();
        for TypedSecret { name, source, value } in typed {
            let value = Secret::new(&value)
                .map_err(|unfit| Failure::usage(format!("the secret `{name}`: {unfit}")))?;
            given.insert(name, self.secret(value, source)?);
        }
        Ok(given)
    }

    /// What was typed, and of the secrets that a run began with the others, from where they came then.
    pub(super) fn recalled(
        &self,
        started: &RunStarted,
        typed: Vec<TypedSecret>,
    ) -> Result<GivenSecrets, Failure> {
        let mut given = self.given(typed)?;
        for (name, kept) in &started.secrets {
            let source = kept.source.parse::<SecretSource>().ok();
            // One that is not there any more is told as missing.
            let read = source.filter(|_| !given.contains_key(name)).and_then(|it| it.read().ok());
            if let Some(value) = read {
                given.insert(name.clone(), self.secret(value, kept.source.clone())?);
            }
        }
        Ok(given)
    }

    /// The same for another plan, which may want others.
    pub(super) fn recalled_for(
        &self,
        plan: &Plan,
        started: &RunStarted,
        typed: Vec<TypedSecret>,
    ) -> Result<GivenSecrets, Failure> {
        let typed_names: Vec<String> = typed.iter().map(|secret| secret.name.clone()).collect();
        let mut given = self.recalled(started, typed)?;
        given.retain(|name, _| {
            typed_names.contains(name) || plan.secrets.iter().any(|secret| secret.name == *name)
        });
        Ok(given)
    }

    fn secret(&self, value: Secret, source: String) -> Result<GivenSecret, Failure> {
        let key = self.secret_key().map_err(|error| {
            Failure::environment("cannot use the key of secrets in the state folder", &error)
        })?;
        let kept = KeptSecret { source, digest: value.digest(&key) };
        Ok(GivenSecret { value, kept })
    }

    /// The key of the digests that records keep: without it nobody can try out what a secret was. This
    /// process has the state, so nobody else makes one meanwhile.
    fn secret_key(&self) -> io::Result<[u8; 32]> {
        let path = self.places.state.join("secret-key");
        let mut key = [0; 32];
        match fs::read(&path) {
            Ok(bytes) => {
                let whole = <[u8; 32]>::try_from(bytes);
                return whole.map_err(|_| io::Error::other("it does not have 32 bytes"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => SystemChance.fill(&mut key),
            Err(error) => return Err(error),
        }
        let partial = path.with_extension("partial");
        let mut options = fs::OpenOptions::new();
        let mut file =
            options.write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        file.write_all(&key)?;
        file.sync_all()?;
        fs::rename(partial, path)?;
        Ok(key)
    }
}
