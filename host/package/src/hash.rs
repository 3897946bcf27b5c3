//! Hashes of contents, as people pin them.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};
use voyager_base::Digest;

/// The content that is wanted and no other: `blake3:HEX`, as `skill inspect` shows it, or `sha256:HEX`, as registries
/// and `sha256sum` do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// The component's own hash.
    Blake3(Digest),
    /// In hexadecimal digits.
    Sha256(String),
}

/// No pin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no hash: `blake3:` or `sha256:` with 64 hexadecimal digits is wanted")]
pub struct MalformedPin(String);

impl Pin {
    /// Whether the bytes are those.
    pub fn fits(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Blake3(digest) => Digest::of(bytes) == *digest,
            Self::Sha256(digits) => sha256(bytes) == *digits,
        }
    }
}

impl FromStr for Pin {
    type Err = MalformedPin;

    fn from_str(text: &str) -> Result<Self, MalformedPin> {
        let malformed = || MalformedPin(text.to_owned());
        let (kind, digits) = text.split_once(':').ok_or_else(malformed)?;
        let digits = digits.to_ascii_lowercase();
        // Digests are written as 64 digits whatever the kind.
        let digest: Digest = digits.parse().map_err(|_| malformed())?;
        match kind {
            "blake3" => Ok(Self::Blake3(digest)),
            "sha256" => Ok(Self::Sha256(digits)),
            _ => Err(malformed()),
        }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blake3(digest) => write!(f, "blake3:{digest}"),
            Self::Sha256(digits) => write!(f, "sha256:{digits}"),
        }
    }
}

/// SHA-256 in hexadecimal digits, by which registries name contents.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_fits_its_content_alone() {
        let blake3 = format!("blake3:{}", Digest::of(b"abc"));
        // The first example of FIPS 180-4.
        let sha256 = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for text in [blake3.as_str(), sha256] {
            let pin: Pin = text.parse().unwrap();
            assert!(pin.fits(b"abc") && !pin.fits(b"abd"), "{text}");
            assert_eq!(pin.to_string(), text);
        }
    }

    #[test]
    fn half_a_hash_pins_nothing() {
        for text in ["", "blake3:", "sha256:ba78", "ba78", "md5:900150983cd24fb0d6963f7d28e17f72"] {
            assert!(text.parse::<Pin>().is_err(), "{text}");
        }
    }
}
