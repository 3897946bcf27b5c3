//! What is known of an installed skill, and the name of its file.

use serde::{Deserialize, Serialize};
use voyager_base::operation::Skill;

use crate::{Face, hash::sha256};

/// Everything that is installed or held: the lock, by the hashes of contents.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Records {
    /// The form of the file: another one is not read.
    pub form: u32,
    /// What is installed, ordered by package and version.
    pub installed: Vec<Record>,
    /// What waits for an approval.
    pub held: Vec<Held>,
}

/// One installed skill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// Its package, for example `acme:spelling`.
    pub package: String,
    /// Its version; empty where it has none.
    pub version: String,
    /// Name of its file in the folder of skills.
    pub file: String,
    /// Where it came from, as it was named.
    pub source: String,
    /// BLAKE3 of the component, as `skill inspect` shows it.
    pub component: String,
    /// SHA-256 of the component, as registries name it.
    pub sha256: String,
    /// Digest of the manifest in the registry that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// Who signed it; none where nobody did whom the operator trusts.
    pub signer: Option<Signer>,
    /// Size in bytes.
    pub size: u64,
    /// What it asks for and what it can do.
    pub face: Face,
    /// When it was installed, as RFC 3339.
    pub installed: String,
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Signer {
    /// The name that the operator gave the key.
    pub name: String,
    /// The key's id.
    pub key: String,
}

/// A skill that is not served before somebody approves it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Held {
    /// What it is.
    #[serde(flatten)]
    pub record: Record,
    /// Why it is held, a sentence each, with what it changes.
    pub reasons: Vec<String>,
    /// Whether other versions stay beside it.
    pub keep: bool,
}

/// A package or version that may not become the name of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no name of a package with a version: letters, digits and hyphens, as in `acme:spelling@1.2.0`"
)]
pub struct BadName(String);

impl Record {
    /// Of a skill whose component was validated.
    ///
    /// # Errors
    /// Its name can't be that of a file.
    pub fn new(
        skill: &Skill,
        bytes: &[u8],
        source: &str,
        installed: String,
    ) -> Result<Self, BadName> {
        Ok(Self {
            package: skill.package.clone(),
            version: skill.version.clone(),
            file: file_name(&skill.package, &skill.version)?,
            source: source.to_owned(),
            component: skill.component.to_string(),
            sha256: sha256(bytes),
            manifest: None,
            signer: None,
            size: skill.size,
            face: Face::of(skill),
            installed,
        })
    }

    /// Package and version, as people write them.
    pub fn name(&self) -> String {
        match self.version.as_str() {
            "" => self.package.clone(),
            version => format!("{}@{version}", self.package),
        }
    }

    /// Whether it is meant by `spelling`, `acme:spelling` or `acme:spelling@1.2.0`.
    pub fn is_named(&self, named: &str) -> bool {
        let (package, version) = named.split_once('@').unwrap_or((named, &self.version));
        let short = self.package.split_once(':').map_or("", |(_, short)| short);
        (package == self.package || package == short) && version == self.version
    }
}

/// The namespace of what has no name but that of its file.
const PROGRAMS: &str = "command";

/// The file of a skill: no two skills share one, and it leads nowhere.
///
/// # Errors
/// The package is no `namespace:name`, or the version none.
pub fn file_name(package: &str, version: &str) -> Result<String, BadName> {
    let bad = || BadName(format!("{package}@{version}"));
    let (namespace, name) = package.split_once(':').ok_or_else(bad)?;
    let label = |text: &str| {
        let letters = text.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
        letters && text.len() <= 64 && text.starts_with(|it: char| it.is_ascii_alphabetic())
    };
    let numbered = version.is_empty() || semver::Version::parse(version).is_ok();
    if !label(namespace) || !label(name) || !numbered || version.len() > 64 {
        return Err(bad());
    }
    // Neither `.` nor `@` is in a label.
    let at = if version.is_empty() { "" } else { "@" };
    // A command-line program is named by its file, and has to keep that name.
    Ok(match namespace {
        PROGRAMS => format!("{name}{at}{version}.wasm"),
        _ => format!("{namespace}.{name}{at}{version}.wasm"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_package_and_leads_nowhere() {
        assert_eq!(file_name("acme:spelling", "1.2.0").unwrap(), "acme.spelling@1.2.0.wasm");
        assert_eq!(file_name("acme:spelling", "").unwrap(), "acme.spelling.wasm");
        assert_eq!(file_name("command:sd", "1.0.0").unwrap(), "sd@1.0.0.wasm");
        for (package, version) in [
            ("spelling", "1.0.0"),
            ("../acme:x", "1.0.0"),
            ("acme:../x", "1.0.0"),
            ("acme:x/y", "1.0.0"),
            (".acme:x", "1.0.0"),
            ("acme:x", "../1.0.0"),
            ("acme:x", "1"),
            ("acme:", "1.0.0"),
            ("acme:x\0", "1.0.0"),
            ("acme:x", "1.0.0-rc/1"),
        ] {
            assert!(file_name(package, version).is_err(), "{package} {version}");
        }
        assert_ne!(file_name("a-b:c", "1.0.0").unwrap(), file_name("a:b-c", "1.0.0").unwrap());
    }
}
