//! Secrets: values that nobody is shown.
//!
//! A [`Secret`] is no [`Value`](crate::Value): no expression, template, argument or record can hold one. It
//! goes from whoever starts a run into the environment of a granted program, and nowhere else. What a
//! program gives back is scrubbed of all secrets of its run before anybody sees it ([`Secrets::scrub`],
//! [`Scrubber`]), also where it comes in pieces.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::Range,
    sync::Arc,
};

use aho_corasick::AhoCorasick;
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use crate::{Digest, Error};

/// Fewer bytes than this stand in any output by chance, and can be guessed from their digest.
pub const SECRET_BYTES_MIN: usize = 8;
/// Longest secret: a key with its certificates, or the JSON of a service account.
pub const SECRET_BYTES_MAX: usize = 16 << 10;
/// What stands in place of a secret.
pub const MASK: &str = "***";

/// A value that is never shown: it has no `Display`, no `Serialize`, and its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

/// A text can't be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnfitSecret {
    /// It is too short.
    #[error("it has less than {SECRET_BYTES_MIN} bytes: so little can't be kept out of output")]
    Short,
    /// It is too long.
    #[error("it has more than {SECRET_BYTES_MAX} bytes")]
    Long,
    /// It holds a NUL, which no variable can.
    #[error("it holds a NUL, which no variable of a program can")]
    Nul,
}

impl Secret {
    /// A secret from its text.
    ///
    /// # Errors
    /// [`UnfitSecret`].
    pub fn new(text: &str) -> Result<Self, UnfitSecret> {
        match text.len() {
            length if length < SECRET_BYTES_MIN => Err(UnfitSecret::Short),
            length if SECRET_BYTES_MAX < length => Err(UnfitSecret::Long),
            _ if text.contains('\0') => Err(UnfitSecret::Nul),
            _ => Ok(Self(text.into())),
        }
    }

    /// Its text, for the one place that hands it to a program.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// By which the same value is recognised, and nothing else is learnt without the key.
    pub fn digest(&self, key: &[u8; 32]) -> Digest {
        Digest(*blake3::keyed_hash(key, self.0.as_bytes()).as_bytes())
    }

    /// The texts that give it away: itself, its longer lines, and the usual encodings of it.
    fn forms(&self) -> BTreeSet<Vec<u8>> {
        let text = &*self.0;
        let mut forms = BTreeSet::from([text.as_bytes().to_vec(), percent(text), hex(text)]);
        let json = serde_json::Value::String(text.to_owned()).to_string();
        forms.insert(json.as_bytes()[1..json.len() - 1].to_vec());
        forms.extend(text.lines().map(|line| line.trim().as_bytes().to_vec()));
        for shift in 0..3 {
            let form = base64(text, shift);
            let url_safe = form.iter().map(|byte| match byte {
                b'+' => b'-',
                b'/' => b'_',
                other => *other,
            });
            forms.insert(url_safe.collect());
            forms.insert(form);
        }
        forms.retain(|form| SECRET_BYTES_MIN <= form.len());
        forms
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({MASK})")
    }
}

fn percent(text: &str) -> Vec<u8> {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => vec![byte],
        other => format!("%{other:02X}").into_bytes(),
    };
    text.bytes().flat_map(byte).collect()
}

fn hex(text: &str) -> Vec<u8> {
    text.bytes().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
}

/// What stays the same of its base64 wherever it begins `shift` bytes after a group of three, whatever
/// stands around it.
fn base64(text: &str, shift: usize) -> Vec<u8> {
    let padded = [&[0; 2][..shift], text.as_bytes()].concat();
    let encoded = STANDARD_NO_PAD.encode(&padded).into_bytes();
    // A character holds six bits; those that hold bits of what is before or behind are left out.
    let (first, last) = ((shift * 8).div_ceil(6), padded.len() * 8 / 6);
    encoded[first..last].to_vec()
}

/// The secrets of a run, by name.
#[derive(Clone, Default)]
pub struct Secrets(Option<Arc<Known>>);

struct Known {
    values: BTreeMap<String, Secret>,
    lacking: BTreeSet<String>,
    /// Every form of every one.
    forms: Vec<Vec<u8>>,
    /// Whose form it is.
    names: Vec<String>,
    finder: AhoCorasick,
}

impl Secrets {
    /// Secrets by name, and the names of those that the run had and nobody has given again.
    pub fn new(values: BTreeMap<String, Secret>, lacking: BTreeSet<String>) -> Self {
        if values.is_empty() && lacking.is_empty() {
            return Self::default();
        }
        let (mut forms, mut names) = (Vec::new(), Vec::new());
        for (name, secret) in &values {
            for form in secret.forms() {
                forms.push(form);
                names.push(name.clone());
            }
        }
        let finder = AhoCorasick::new(&forms).expect("the forms of a few secrets are small");
        Self(Some(Arc::new(Known { values, lacking, forms, names, finder })))
    }

    /// The secret of this name; none where the run was not given one.
    ///
    /// # Errors
    /// `denied` where the run was given one, and whoever goes on with it did not give it again.
    pub fn get(&self, name: &str) -> Result<Option<&Secret>, Error> {
        let Some(known) = &self.0 else { return Ok(None) };
        if known.lacking.contains(name) {
            let message = format!(
                "the run goes on without its secret `{name}`; give it with `--secret {name}=...` when \
                 you resume the run"
            );
            return Err(Error::denied(message, format!("secret: {name}")));
        }
        Ok(known.values.get(name))
    }

    /// The name of a secret that stands in `bytes`, in whatever form.
    pub fn found_in(&self, bytes: &[u8]) -> Option<&str> {
        let known = self.0.as_ref()?;
        known.finder.find(bytes).map(|found| &*known.names[found.pattern().as_usize()])
    }

    /// `bytes` without any secret.
    pub fn scrub<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        if self.found_in(bytes).is_none() {
            return Cow::Borrowed(bytes);
        }
        let mut scrubber = self.scrubber();
        let mut scrubbed = scrubber.push(bytes);
        scrubbed.extend(scrubber.finish());
        Cow::Owned(scrubbed)
    }

    /// A text without any secret.
    pub fn scrub_text(&self, text: &str) -> String {
        // Masks stand for whole characters, since secrets are text.
        String::from_utf8_lossy(&self.scrub(text.as_bytes())).into_owned()
    }

    /// An error that names no secret.
    pub fn scrub_error(&self, error: Error) -> Error {
        if self.0.is_none() {
            return error;
        }
        let bound = error.bound.as_deref().map(|it| self.scrub_text(it));
        Error { message: self.scrub_text(&error.message), bound, ..error }
    }

    /// Scrubs what comes in pieces.
    pub fn scrubber(&self) -> Scrubber {
        Scrubber { secrets: self.clone(), held: Vec::new(), covered: 0 }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.0.iter().flat_map(|known| &known.values);
        f.debug_map().entries(known).finish()
    }
}

/// Takes secrets out of bytes that come in pieces. It holds back what may be the beginning of a secret,
/// and nothing else.
#[derive(Debug)]
pub struct Scrubber {
    secrets: Secrets,
    held: Vec<u8>,
    /// So many of the held bytes belong to a secret whose mask is given out already.
    covered: usize,
}

impl Scrubber {
    /// The next piece; gives back what is certain now.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let Some(known) = &self.secrets.0 else { return bytes.to_vec() };
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let certain = known.beginning_at_end(&all);
        let (clean, covered) = known.masked(&all, certain, self.covered);
        self.covered = covered;
        self.held = all.split_off(certain);
        clean
    }

    /// What was held back.
    pub fn finish(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let covered = std::mem::take(&mut self.covered);
        match &self.secrets.0 {
            Some(known) => known.masked(&held, held.len(), covered).0,
            None => held,
        }
    }
}

impl Known {
    /// Where the last bytes begin that may become a secret; the length where none do.
    fn beginning_at_end(&self, bytes: &[u8]) -> usize {
        let longest = self.forms.iter().map(Vec::len).max().unwrap_or(0);
        let from = bytes.len().saturating_sub(longest.saturating_sub(1));
        let begins = |at: &usize| {
            let rest = &bytes[*at..];
            self.forms.iter().any(|form| rest.len() < form.len() && form.starts_with(rest))
        };
        (from..bytes.len()).find(begins).unwrap_or(bytes.len())
    }

    /// The first `until` bytes with a mask for whatever belongs to a secret, of which the first `covered`
    /// do already; and how many bytes behind `until` belong to one that began before.
    fn masked(&self, bytes: &[u8], until: usize, covered: usize) -> (Vec<u8>, usize) {
        let mut clean = Vec::with_capacity(until);
        // Up to where the bytes are given out or masked.
        let mut at = covered;
        for Range { start, end } in self.places(bytes) {
            if until <= start {
                break;
            }
            if at <= start {
                clean.extend_from_slice(&bytes[at..start]);
                clean.extend_from_slice(MASK.as_bytes());
            }
            at = at.max(end);
        }
        clean.extend_from_slice(bytes.get(at..until).unwrap_or_default());
        (clean, at.saturating_sub(until))
    }

    /// Where secrets stand, in order; those that overlap are one.
    fn places(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut places: Vec<Range<usize>> =
            self.finder.find_overlapping_iter(bytes).map(|found| found.range()).collect();
        places.sort_by_key(|place| place.start);
        let mut joined: Vec<Range<usize>> = Vec::new();
        for place in places {
            match joined.last_mut() {
                Some(last) if place.start < last.end => last.end = last.end.max(place.end),
                _ => joined.push(place),
            }
        }
        joined
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secrets(texts: &[&str]) -> Secrets {
        let named = |(at, text): (usize, &&str)| (format!("s{at}"), Secret::new(text).unwrap());
        Secrets::new(texts.iter().enumerate().map(named).collect(), BTreeSet::new())
    }

    fn scrubbed(secrets: &Secrets, text: &str) -> String {
        secrets.scrub_text(text)
    }

    #[test]
    fn a_secret_is_not_shown_by_any_trait() {
        let secret = Secret::new("hush-hush").unwrap();
        let all = secrets(&["hush-hush"]);
        for shown in [format!("{secret:?}"), format!("{all:?}"), format!("{:?}", all.scrubber())] {
            assert!(shown.contains(MASK) && !shown.contains("hush"), "{shown}");
        }
    }

    #[test]
    fn what_can_not_be_kept_secret_is_refused() {
        assert_eq!(Secret::new("1234567"), Err(UnfitSecret::Short));
        assert_eq!(Secret::new("12345678\0"), Err(UnfitSecret::Nul));
        assert_eq!(Secret::new(&"x".repeat(SECRET_BYTES_MAX + 1)), Err(UnfitSecret::Long));
    }

    #[test]
    fn the_usual_encodings_of_a_secret_are_taken_out() {
        let text = "p\u{e4}ss/w\"ord+1?";
        let all = secrets(&[text]);
        let basic = STANDARD_NO_PAD.encode(format!("user:{text}:rest"));
        for form in [
            text.to_owned(),
            serde_json::Value::String(text.to_owned()).to_string(),
            "p%C3%A4ss%2Fw%22ord%2B1%3F".to_owned(),
            hex(text).into_iter().map(char::from).collect(),
            STANDARD_NO_PAD.encode(text),
            basic.clone(),
        ] {
            let clean = scrubbed(&all, &format!("> {form} <"));
            assert!(clean.contains(MASK), "{form}: {clean}");
            assert!(!clean.contains(&form), "{form}: {clean}");
        }
        for user in ["", "u", "us", "use"] {
            let basic = STANDARD_NO_PAD.encode(format!("{user}{text}"));
            assert!(scrubbed(&all, &basic).contains(MASK), "{basic}");
        }
    }

    #[test]
    fn each_long_line_of_a_secret_is_one() {
        let all = secrets(&["-----BEGIN-----\nMIIEvQIBADAN\nBgkq\n-----END-----\n"]);
        assert_eq!(scrubbed(&all, "key: MIIEvQIBADAN, then BgkqXX"), "key: ***, then BgkqXX");
    }

    #[test]
    fn nothing_else_is_taken_out() {
        let all = secrets(&["hush-hush"]);
        assert_eq!(scrubbed(&all, "hush hush-hus hush-hush."), "hush hush-hus ***.");
        assert!(matches!(all.scrub(b"hush"), Cow::Borrowed(_)));
        assert_eq!(all.found_in(b"a hush-hush b"), Some("s0"));
        assert_eq!(Secrets::default().scrub(b"anything"), Cow::Borrowed(b"anything"));
    }

    #[test]
    fn only_what_may_become_a_secret_is_held_back() {
        let mut scrubber = secrets(&["hush-hush"]).scrubber();
        let mut push = |text: &str| String::from_utf8(scrubber.push(text.as_bytes())).unwrap();
        assert_eq!(push("plain"), "plain");
        assert_eq!(push(" hus"), " ");
        assert_eq!(push("h-hus"), "");
        assert_eq!(push("h, hush"), "***, ");
        assert_eq!(push("ed"), "hushed");
        assert_eq!(push("hush"), "");
        assert_eq!(scrubber.finish(), b"hush");
    }

    #[test]
    fn a_run_lacks_only_what_it_had() {
        let all = Secrets::new(BTreeMap::new(), BTreeSet::from(["token".to_owned()]));
        assert_eq!(all.get("token").unwrap_err().kind, crate::ErrorKind::Denied);
        assert_eq!(all.get("other"), Ok(None));
    }

    proptest! {
        #[test]
        fn pieces_are_scrubbed_like_the_whole(
            text in "[ab]{0,40}",
            cuts in prop::collection::vec(0_usize..40, 0..6),
        ) {
            // They overlap themselves and each other.
            let all = secrets(&["abababab", "aaaaaaaa", "babababaa"]);
            let whole = all.scrub(text.as_bytes()).into_owned();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let mut scrubber = all.scrubber();
            let mut pieces = Vec::new();
            for pair in cuts.windows(2) {
                pieces.extend(scrubber.push(&text.as_bytes()[pair[0]..pair[1]]));
            }
            pieces.extend(scrubber.finish());
            prop_assert_eq!(&pieces, &whole);
            prop_assert_eq!(all.found_in(&pieces), None);
        }
    }
}
