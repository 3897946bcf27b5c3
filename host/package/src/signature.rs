//! Signatures in minisign's form, which its own program and others make and check too.
//!
//! The signature is over the bytes of the component. They hold its operations with their types, what it asks for and
//! its docs, so that there is nothing of a skill that a signature does not cover.

use std::{fmt, io::Cursor};

use minisign::{KeyPair, PublicKeyBox, SecretKey, SecretKeyBox, SignatureBox};

/// Signatures are some hundred bytes; more is none.
pub const SIGNATURE_BYTES_MAX: u64 = 16 << 10;

/// How a secret key with a password begins: `EdS`, of the algorithms Ed25519 and scrypt, in base64.
const PROTECTED: &str = "RWRT";

/// A signature.
#[derive(Clone)]
pub struct Signature(SignatureBox);

/// A key that signatures are checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(minisign::PublicKey);

/// A new pair of keys, as the texts of two files.
pub struct Keys {
    /// For everybody.
    pub public: String,
    /// For nobody else.
    pub secret: String,
}

/// A key or a signature can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The text is no signature.
    #[error("this is no signature of minisign: {0}")]
    Malformed(String),
    /// The text is no key.
    #[error("this is no key of minisign: {0}")]
    Key(String),
    /// Somebody else signed, or something else was signed.
    #[error("the signature of the key {key} is not one of this content")]
    Wrong {
        /// The key's id.
        key: String,
    },
    /// It can't be signed.
    #[error("cannot sign: {0}")]
    Sign(String),
}

impl Signature {
    /// Reads a signature file.
    ///
    /// # Errors
    /// It is none.
    pub fn read(text: &str) -> Result<Self, SignatureError> {
        let malformed = |error: String| SignatureError::Malformed(error);
        if text.len() as u64 > SIGNATURE_BYTES_MAX {
            return Err(malformed("it is too long".to_owned()));
        }
        let read = SignatureBox::from_string(text).map_err(|error| malformed(error.to_string()))?;
        Ok(Self(read))
    }

    /// Id of the key that made it, as it says.
    pub fn key(&self) -> String {
        id(self.0.keynum())
    }

    /// The comment that is signed too.
    pub fn comment(&self) -> String {
        self.0.trusted_comment().unwrap_or_default()
    }
}

impl PublicKey {
    /// Reads a key: the text of its file, or its second line alone.
    ///
    /// # Errors
    /// It is none.
    pub fn read(text: &str) -> Result<Self, SignatureError> {
        let text = text.trim();
        let read = if text.contains('\n') {
            PublicKeyBox::from_string(text).and_then(PublicKeyBox::into_public_key)
        } else {
            minisign::PublicKey::from_base64(text)
        };
        read.map(Self).map_err(|error| SignatureError::Key(error.to_string()))
    }

    /// Its id.
    pub fn id(&self) -> String {
        id(self.0.keynum())
    }

    /// Checks that the key's owner signed these bytes.
    ///
    /// # Errors
    /// Somebody else did, or something else was signed.
    pub fn check(&self, signature: &Signature, bytes: &[u8]) -> Result<(), SignatureError> {
        minisign::verify(&self.0, &signature.0, Cursor::new(bytes), true, false, true)
            .map_err(|_| SignatureError::Wrong { key: signature.key() })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_base64())
    }
}

impl Keys {
    /// Makes a pair. With a password the secret one is of use only to who knows it.
    ///
    /// # Errors
    /// There is no randomness, or too little memory for a password.
    pub fn generate(password: Option<String>) -> Result<Self, SignatureError> {
        let failed = |error: minisign::PError| SignatureError::Key(error.to_string());
        // Without one the library would ask, and write to standard output.
        let pair = match password {
            Some(_) => KeyPair::generate_encrypted_keypair(password).map_err(failed)?,
            None => KeyPair::generate_unencrypted_keypair().map_err(failed)?,
        };
        Ok(Self {
            public: pair.pk.to_box().map_err(failed)?.into_string(),
            secret: pair.sk.to_box(None).map_err(failed)?.into_string(),
        })
    }
}

/// Signs bytes with the text of a secret key's file; `comment` is signed too. `password` is asked where the key has
/// one.
///
/// # Errors
/// It is no key, or the password is wrong.
pub fn sign(
    secret: &str,
    bytes: &[u8],
    comment: &str,
    password: impl FnOnce() -> Result<String, String>,
) -> Result<String, SignatureError> {
    let key = secret_key(secret, password)?;
    let comment: String = comment.chars().filter(|it| !it.is_control() || *it == '\t').collect();
    let signature = minisign::sign(None, &key, Cursor::new(bytes), Some(&comment), None);
    signature.map(|it| it.into_string()).map_err(|error| SignatureError::Sign(error.to_string()))
}

fn secret_key(
    text: &str,
    password: impl FnOnce() -> Result<String, String>,
) -> Result<SecretKey, SignatureError> {
    let failed = |error: minisign::PError| SignatureError::Key(error.to_string());
    let boxed = SecretKeyBox::from_string(text.trim()).map_err(failed)?;
    if !text.lines().nth(1).is_some_and(|it| it.starts_with(PROTECTED)) {
        return boxed.into_unencrypted_secret_key().map_err(failed);
    }
    let password = password().map_err(SignatureError::Sign)?;
    boxed.into_secret_key(Some(password)).map_err(failed)
}

/// As minisign's own program shows it.
fn id(number: &[u8]) -> String {
    number.iter().rev().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> Result<String, String> {
        Err("no password is wanted".to_owned())
    }

    #[test]
    fn a_signature_is_of_one_content_by_one_key() {
        let (ours, theirs) = (Keys::generate(None).unwrap(), Keys::generate(None).unwrap());
        let key = PublicKey::read(&ours.public).unwrap();
        let signature =
            Signature::read(&sign(&ours.secret, b"skill", "acme", none).unwrap()).unwrap();
        assert_eq!(signature.key(), key.id());
        assert_eq!(signature.comment(), "acme");
        assert_eq!(key.check(&signature, b"skill"), Ok(()));
        let wrong = Err(SignatureError::Wrong { key: key.id() });
        assert_eq!(key.check(&signature, b"skull"), wrong);
        let other = Signature::read(&sign(&theirs.secret, b"skill", "", none).unwrap()).unwrap();
        assert!(key.check(&other, b"skill").is_err());
    }

    #[test]
    fn a_changed_comment_is_a_wrong_signature() {
        let keys = Keys::generate(None).unwrap();
        let text = sign(&keys.secret, b"skill", "version 1", none).unwrap();
        let changed = Signature::read(&text.replace("version 1", "version 2")).unwrap();
        assert!(PublicKey::read(&keys.public).unwrap().check(&changed, b"skill").is_err());
    }

    #[test]
    fn a_key_reads_back_as_one_line() {
        let keys = Keys::generate(None).unwrap();
        let key = PublicKey::read(&keys.public).unwrap();
        assert_eq!(PublicKey::read(&key.to_string()), Ok(key));
        for text in ["", "RWQ", "untrusted comment: x\nRWQ"] {
            assert!(PublicKey::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_minisign_itself_signed_is_understood() {
        // From the documentation of minisign: the content is `test`.
        let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
        let signature = "untrusted comment: signature from minisign secret key\n\
            RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
            trusted comment: timestamp:1633700835\tfile:test\tprehashed\n\
            wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==\n";
        let key = PublicKey::read(key).unwrap();
        let signature = Signature::read(signature).unwrap();
        assert_eq!(key.id(), "E7620F1842B4E81F");
        assert_eq!(key.check(&signature, b"test"), Ok(()));
    }

    #[test]
    fn hostile_texts_are_no_signatures() {
        let long = "a".repeat(20 << 10);
        for text in ["", "a\nb\nc\nd", "untrusted comment: x\n\n\n", &long] {
            assert!(Signature::read(text).is_err());
        }
    }
}
