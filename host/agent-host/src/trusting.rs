//! The operator's policy of trust: a file in the folder of configuration.

use std::{
    fs::{self, DirBuilder},
    io::ErrorKind,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use voyager_manifest::settings;
use voyager_package::Policy;

use crate::{
    failure::{Failure, FailureKind},
    places::Places,
};

/// The file of the policy; none where there is no folder for it.
pub(crate) fn file(places: &Places) -> Option<PathBuf> {
    places.configuration.as_ref().map(|it| it.join("trust.yaml"))
}

/// Reads the policy; where there is no file it is the default one.
///
/// # Errors
/// Why it can't be read, in words.
pub(crate) fn read(file: Option<&Path>) -> Result<Policy, String> {
    let Some(file) = file else { return Ok(Policy::default()) };
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Policy::default()),
        Err(error) => return Err(format!("cannot read {}: {error}", file.display())),
    };
    let shown = file.display().to_string();
    let data = settings::read(&text, &shown)?;
    Policy::read(data).map_err(|error| format!("{shown}: {error}"))
}

/// The policy that commands work with.
pub(crate) fn policy(places: &Places) -> Result<Policy, Failure> {
    read(file(places).as_deref()).map_err(|why| {
        Failure::new(FailureKind::Environment, format!("the policy of trust is wrong: {why}"))
            .hint("until it is mended only shipped skills are served, and none is installed")
    })
}

/// Writes the policy: whoever reads meanwhile finds the old one or the new one.
pub(crate) fn write(places: &Places, policy: &Policy) -> Result<PathBuf, Failure> {
    let file = file(places).ok_or_else(|| {
        Failure::usage("there is no place for the policy: neither HOME nor XDG_CONFIG_HOME is set")
    })?;
    let written = || {
        let folder = file.parent().unwrap_or_else(|| Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let partial = file.with_extension("partial");
        fs::write(&partial, policy.to_yaml())?;
        fs::rename(&partial, &file)
    };
    written().map_err(|error: std::io::Error| {
        Failure::environment(format!("cannot write {}", file.display()), &error)
    })?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use voyager_package::{Keys, PublicKey, TrustedKey, Unsigned};

    #[test]
    fn a_policy_reads_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trust.yaml");
        assert_eq!(read(Some(&file)), Ok(Policy::default()));
        let keys = Keys::generate(None).unwrap();
        let key = PublicKey::read(&keys.public).unwrap().to_string();
        let mut policy = Policy::default();
        policy.unsigned = Unsigned::Deny;
        let packages = vec!["acme:*".to_owned(), "*".to_owned()];
        policy.add(TrustedKey { name: "a \"b\"".to_owned(), key, packages }).unwrap();
        fs::write(&file, policy.to_yaml()).unwrap();
        assert_eq!(read(Some(&file)), Ok(policy));
        fs::write(&file, "voyager: trust/v1\nunsigned: [").unwrap();
        assert!(read(Some(&file)).unwrap_err().contains("trust.yaml:2"));
    }
}
