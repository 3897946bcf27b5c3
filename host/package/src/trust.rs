//! Whom the operator trusts: keys by name, what each may sign, and what becomes of a skill that none of them signed.

use serde::{Deserialize, Serialize};

use crate::{
    record::Signer,
    signature::{PublicKey, Signature, SignatureError},
};

/// What stands at the beginning of the file.
const FORM: &str = "trust/v1";

/// The policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Policy {
    voyager: String,
    /// What becomes of skills that no trusted key signed.
    #[serde(default)]
    pub unsigned: Unsigned,
    /// The keys.
    #[serde(default)]
    pub keys: Vec<TrustedKey>,
}

/// What becomes of skills that no trusted key signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unsigned {
    /// They are installed and served.
    Allow,
    /// What comes from elsewhere is held until somebody approves it; what lies on this machine is the operator's own.
    #[default]
    Ask,
    /// They are neither installed nor served.
    Deny,
}

/// A key, and what its owner may sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TrustedKey {
    /// What the operator calls its owner.
    pub name: String,
    /// The second line of minisign's public key file.
    pub key: String,
    /// Packages: `acme:spelling`, `acme:*`, or `*`.
    pub packages: Vec<String>,
}

/// What a signature is worth here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A trusted key signed it, and may.
    Signed(Signer),
    /// None did; why, in words.
    Unsigned(String),
}

/// A signature that is worse than none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is no signature, or one of another content.
    #[error(transparent)]
    Bad(#[from] SignatureError),
    /// The key is trusted, but not with this package.
    #[error("{name} ({key}) may not sign {package}")]
    NotForPackage {
        /// Whose key it is.
        name: String,
        /// The key's id.
        key: String,
        /// What was signed.
        package: String,
    },
}

/// The policy's file is wrong. Until it is mended nothing is installed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It has another form.
    #[error("{0}")]
    Form(String),
    /// A key can't be read.
    #[error("the key of `{name}`: {source}")]
    Key {
        /// Whose.
        name: String,
        /// Why.
        source: SignatureError,
    },
    /// Two keys have one name or one id.
    #[error("`{0}` is there already")]
    Twice(String),
    /// No such form of a package.
    #[error("`{0}` names no packages: `acme:spelling`, `acme:*` or `*` is wanted")]
    Pattern(String),
}

impl Default for Policy {
    fn default() -> Self {
        Self { voyager: FORM.to_owned(), unsigned: Unsigned::default(), keys: Vec::new() }
    }
}

impl Policy {
    /// Reads a policy from the data of its file.
    ///
    /// # Errors
    /// What is wrong.
    pub fn read(data: serde_json::Value) -> Result<Self, PolicyError> {
        let read: Self =
            serde_json::from_value(data).map_err(|error| PolicyError::Form(error.to_string()))?;
        if read.voyager != FORM {
            return Err(PolicyError::Form(format!("a policy begins with `voyager: {FORM}`")));
        }
        let mut policy = Self { keys: Vec::new(), ..read };
        for key in read.keys {
            policy.add(key)?;
        }
        Ok(policy)
    }

    /// Trusts another key.
    ///
    /// # Errors
    /// It is no key, or there is one of its name or id.
    pub fn add(&mut self, key: TrustedKey) -> Result<(), PolicyError> {
        if let Some(bad) = key.packages.iter().find(|it| !is_pattern(it)) {
            return Err(PolicyError::Pattern(bad.clone()));
        }
        let id = |key: &TrustedKey| {
            let read = PublicKey::read(&key.key).map(|it| it.id());
            read.map_err(|source| PolicyError::Key { name: key.name.clone(), source })
        };
        let own = id(&key)?;
        for other in &self.keys {
            if other.name == key.name || id(other)? == own {
                return Err(PolicyError::Twice(other.name.clone()));
            }
        }
        self.keys.push(key);
        Ok(())
    }

    /// Trusts a key no more; tells whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.keys.len();
        self.keys.retain(|it| it.name != name);
        self.keys.len() < before
    }

    /// What the signature of a package's component is worth.
    ///
    /// # Errors
    /// It is worse than none.
    pub fn judge(
        &self,
        package: &str,
        bytes: &[u8],
        signature: Option<&str>,
    ) -> Result<Standing, Refusal> {
        let Some(text) = signature else {
            return Ok(Standing::Unsigned("it is not signed".to_owned()));
        };
        let signature = Signature::read(text)?;
        let id = signature.key();
        let keys = self.keys.iter().filter_map(|it| Some((it, PublicKey::read(&it.key).ok()?)));
        let Some((trusted, key)) = keys.into_iter().find(|(_, key)| key.id() == id) else {
            let why = format!("it is signed by the key {id}, which nobody here trusts");
            return Ok(Standing::Unsigned(why));
        };
        key.check(&signature, bytes)?;
        let name = trusted.name.clone();
        if !trusted.packages.iter().any(|it| covers(it, package)) {
            return Err(Refusal::NotForPackage { name, key: id, package: package.to_owned() });
        }
        Ok(Standing::Signed(Signer { name, key: id }))
    }

    /// Whether a signer whose signature was checked before may still sign the package.
    pub fn still_trusts(&self, signer: &Signer, package: &str) -> bool {
        self.keys.iter().any(|it| {
            PublicKey::read(&it.key).is_ok_and(|key| key.id() == signer.key)
                && it.packages.iter().any(|it| covers(it, package))
        })
    }

    /// The text of its file.
    pub fn to_yaml(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let unsigned = match self.unsigned {
            Unsigned::Allow => "allow",
            Unsigned::Ask => "ask",
            Unsigned::Deny => "deny",
        };
        let mut text = format!("voyager: {FORM}\nunsigned: {unsigned}\n");
        text += if self.keys.is_empty() { "keys: []\n" } else { "keys:\n" };
        for key in &self.keys {
            let packages: Vec<String> = key.packages.iter().map(|it| quoted(it)).collect();
            text += &format!(
                "  - name: {}\n    key: {}\n    packages: [{}]\n",
                quoted(&key.name),
                quoted(&key.key),
                packages.join(", ")
            );
        }
        text
    }
}

fn is_pattern(text: &str) -> bool {
    let label =
        |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
    let pair = |(namespace, name): (&str, &str)| label(namespace) && (name == "*" || label(name));
    text == "*" || text.split_once(':').is_some_and(pair)
}

fn covers(pattern: &str, package: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => package.starts_with(beginning),
        None => pattern == package,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::{Keys, sign};
    use serde_json::json;

    fn key(name: &str, keys: &Keys, packages: &[&str]) -> TrustedKey {
        TrustedKey {
            name: name.to_owned(),
            key: PublicKey::read(&keys.public).unwrap().to_string(),
            packages: packages.iter().map(|&it| it.to_owned()).collect(),
        }
    }

    #[test]
    fn a_trusted_key_signs_what_it_may_and_nothing_else() {
        let (ours, theirs) = (Keys::generate(None).unwrap(), Keys::generate(None).unwrap());
        let mut policy = Policy::default();
        policy.add(key("acme", &ours, &["acme:*"])).unwrap();
        let signature = sign(&ours.secret, b"skill", "", || Err(String::new())).unwrap();
        let judge = |package, bytes, signature| policy.judge(package, bytes, signature);
        assert!(matches!(
            judge("acme:spelling", b"skill", Some(signature.as_str())),
            Ok(Standing::Signed(Signer { name, .. })) if name == "acme"
        ));
        assert!(matches!(
            judge("acmes:spelling", b"skill", Some(&signature)),
            Err(Refusal::NotForPackage { .. })
        ));
        assert!(matches!(judge("acme:spelling", b"skull", Some(&signature)), Err(Refusal::Bad(_))));
        assert!(matches!(judge("acme:spelling", b"skill", Some("text")), Err(Refusal::Bad(_))));
        assert!(matches!(judge("acme:spelling", b"skill", None), Ok(Standing::Unsigned(_))));
        let other = sign(&theirs.secret, b"skill", "", || Err(String::new())).unwrap();
        let Ok(Standing::Unsigned(why)) = judge("acme:spelling", b"skill", Some(&other)) else {
            panic!("nobody trusts it")
        };
        assert!(why.contains("nobody here trusts"), "{why}");
    }

    #[test]
    fn patterns_name_packages_and_no_beginnings() {
        for good in ["*", "acme:*", "acme:spelling"] {
            assert!(is_pattern(good), "{good}");
        }
        for bad in ["", "acme", "acme*", "acme:spell*", "*:spelling", "acme:"] {
            assert!(!is_pattern(bad), "{bad}");
        }
        assert!(covers("*", "a:b") && covers("a:*", "a:b") && covers("a:b", "a:b"));
        assert!(!covers("a:*", "ab:c") && !covers("a:b", "a:bc"));
    }

    #[test]
    fn a_policy_that_is_not_understood_is_no_policy() {
        let keys = Keys::generate(None).unwrap();
        let good = key("acme", &keys, &["*"]);
        for data in [
            json!(null),
            json!({}),
            json!({ "voyager": "trust/v2" }),
            json!({ "voyager": "trust/v1", "unsigned": "no" }),
            json!({ "voyager": "trust/v1", "unsinged": "deny" }),
            json!({ "voyager": "trust/v1", "keys": [{ "name": "a", "key": "b", "packages": [] }] }),
            json!({ "voyager": "trust/v1", "keys": [good, { "name": "b", "key": good.key, "packages": [] }] }),
        ] {
            assert!(Policy::read(data.clone()).is_err(), "{data}");
        }
        let policy = Policy::read(json!({ "voyager": "trust/v1", "keys": [good] })).unwrap();
        assert_eq!(policy.unsigned, Unsigned::Ask);
    }
}
