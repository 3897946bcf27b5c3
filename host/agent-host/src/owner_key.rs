//! What opens a locked memory: where it comes from, never what it is.

use std::{
    fmt,
    io::Read as _,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use voyager_memory::{KEY_FILE_BYTES_MAX, OwnerKey, OwnerKind};

use crate::{failure::Failure, secret_source::SecretSource};

/// Where the key of the memory comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// A passphrase, as secrets are given.
    Passphrase(SecretSource),
    /// A key file: all its bytes.
    File(PathBuf),
}

impl FromStr for KeySource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("key-file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            // It may be the passphrase itself, so it is not repeated.
            _ => text.parse().map(Self::Passphrase).map_err(|_| {
                "write `env:VARIABLE` or `file:PATH` for a passphrase, or `key-file:PATH`; a \
                 passphrase itself never stands here"
                    .to_owned()
            }),
        }
    }
}

impl KeySource {
    /// The same, with a path that means the same in every folder.
    pub(crate) fn absolute(self, folder: &Path) -> Self {
        match self {
            Self::Passphrase(source) => Self::Passphrase(source.absolute(folder)),
            Self::File(path) => Self::File(folder.join(path)),
        }
    }

    /// Reads the key.
    pub(crate) fn read(&self) -> Result<TypedKey, Failure> {
        let key = match self {
            Self::Passphrase(source) => TypedKey::passphrase(&source.text()?),
            Self::File(path) => {
                let told = |error: std::io::Error| Failure::environment(path.display(), &error);
                let mut secret = Vec::new();
                // Somebody may name a device that never ends.
                let most = KEY_FILE_BYTES_MAX as u64 + 1;
                let file = std::fs::File::open(path).map_err(told)?;
                file.take(most).read_to_end(&mut secret).map_err(told)?;
                TypedKey { kind: Kind::KeyFile, secret }
            }
        };
        key.owner_key().map_err(Failure::usage)?;
        Ok(key)
    }

    /// Reads what the store takes.
    pub(crate) fn owner_key(&self) -> Result<OwnerKey, Failure> {
        self.read()?.owner_key().map_err(Failure::usage)
    }
}

/// A key on its way to the process that has the state. Only its own user can read the socket.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct TypedKey {
    kind: Kind,
    secret: Vec<u8>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Passphrase,
    KeyFile,
}

impl fmt::Debug for TypedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypedKey")
    }
}

impl TypedKey {
    fn passphrase(text: &str) -> Self {
        Self { kind: Kind::Passphrase, secret: text.as_bytes().to_vec() }
    }

    /// What the store takes.
    pub(crate) fn owner_key(&self) -> Result<OwnerKey, String> {
        let kind = match self.kind {
            Kind::Passphrase => OwnerKind::Passphrase,
            Kind::KeyFile => OwnerKind::KeyFile,
        };
        OwnerKey::new(kind, &self.secret)
    }
}

/// Asks at the terminal for the passphrase of a memory, without showing what is typed.
pub(crate) fn ask() -> Result<TypedKey, Failure> {
    ask_with("passphrase of the memory: ")
}

fn ask_with(prompt: &str) -> Result<TypedKey, Failure> {
    let typed = rpassword::prompt_password(prompt).map_err(no_terminal)?;
    let key = TypedKey::passphrase(&typed);
    key.owner_key().map(|_| key).map_err(Failure::usage)
}

/// Asks for one that nobody knows yet, twice: one that was mistyped would open nothing for ever.
pub(crate) fn ask_for_new() -> Result<TypedKey, Failure> {
    let one = ask_with("new passphrase of the memory: ")?;
    let again = rpassword::prompt_password("again: ").map_err(no_terminal)?;
    if one.secret == again.as_bytes() {
        Ok(one)
    } else {
        Err(Failure::usage("the passphrases are not the same"))
    }
}

fn no_terminal(error: std::io::Error) -> Failure {
    Failure::usage(format!("there is no terminal to ask for a passphrase: {error}"))
        .hint("name a source with --passphrase or --key-file")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureKind;

    #[test]
    fn a_key_is_a_passphrase_from_a_source_or_a_file() {
        let read = |text: &str| text.parse::<KeySource>();
        assert_eq!(read("key-file:a:b"), Ok(KeySource::File("a:b".into())));
        let variable = SecretSource::Variable("PASS".into());
        assert_eq!(read("env:PASS"), Ok(KeySource::Passphrase(variable)));
        for text in ["green door 7", "key-file:", "env:", "hush:green door 7"] {
            let error = read(text).unwrap_err();
            assert!(error.contains("key-file:PATH") && !error.contains("green"), "{error}");
        }
    }

    #[test]
    fn what_is_too_short_is_told_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let source = KeySource::File("key".into()).absolute(folder.path());
        assert_eq!(source.read().unwrap_err().kind, FailureKind::Environment, "it is not there");
        std::fs::write(&path, [7; 32]).unwrap();
        assert_eq!(source.read().unwrap().owner_key().unwrap().kind(), OwnerKind::KeyFile);
        std::fs::write(&path, "green").unwrap();
        let typed = KeySource::Passphrase(SecretSource::File(path)).read().unwrap_err();
        assert!(typed.message.contains("a passphrase has"), "{typed}");
        let error = source.read().unwrap_err().message;
        assert!(error.contains("32 to 65536 bytes") && !error.contains("green"), "{error}");
        assert!(!format!("{:?}", TypedKey::passphrase("green door")).contains("103"));
    }
}
