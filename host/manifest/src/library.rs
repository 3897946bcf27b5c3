//! The other manifests that a manifest uses: where their texts come from, and how they are pinned.
//!
//! Whoever checks reads no file itself: it asks [`Files`]. A file beside the manifest, its *lock*, holds the
//! hash of every manifest that its steps run. A text that has another hash is not used, so that what was
//! reviewed and approved is what runs.

use std::{collections::BTreeMap, fmt::Write as _};

use voyager_base::Digest;

use crate::{
    diagnostic::Findings,
    plan::Plan,
    yaml::{self, Node},
};

/// What the first key of a lock says.
const HEADER: &str = "lock/v1";

/// Files below the folder of a manifest.
pub trait Files {
    /// The bytes of the file at a path from there, which leads downwards.
    ///
    /// # Errors
    /// Why it can't be read, in a few words.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// What is known of the manifests beside the one that is checked.
#[derive(Clone, Copy)]
pub struct Library<'l> {
    /// Their texts.
    pub files: &'l dyn Files,
    /// The hashes that they have to have.
    pub pins: &'l Pins,
}

impl Library<'static> {
    /// No other manifest at all.
    pub fn empty() -> Self {
        Self { files: &Nothing, pins: &Pins::Ignored }
    }
}

/// Hashes of manifests by their paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pins {
    /// There is no lock.
    Missing,
    /// There is one that can't be read, and why.
    Malformed(String),
    /// Those of the lock.
    Known(BTreeMap<String, String>),
    /// Whatever is there is taken: what a lock is made from.
    Ignored,
}

struct Nothing;

impl Files for Nothing {
    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("there are no files here".to_owned())
    }
}

impl Pins {
    /// Reads a lock; none is there where `text` is none.
    pub fn read(text: Option<&[u8]>) -> Self {
        let Some(text) = text else { return Self::Missing };
        match known(text) {
            Ok(pins) => Self::Known(pins),
            Err(reason) => Self::Malformed(reason.to_owned()),
        }
    }

    /// The lock of a plan: the hash of every manifest that its steps run. None where they run none.
    pub fn lock(plan: &Plan) -> Option<String> {
        if plan.manifests.is_empty() {
            return None;
        }
        let mut text = format!(
            "# Written by `agent-host lock`: the manifests that {} runs, as they were reviewed.\n\
             voyager: {HEADER}\nmanifests:\n",
            plan.name
        );
        for pinned in &plan.manifests {
            let _ = writeln!(text, "  {}: {}", pinned.path, pinned.source);
        }
        Some(text)
    }
}

fn known(text: &[u8]) -> Result<BTreeMap<String, String>, &'static str> {
    let text = str::from_utf8(text).map_err(|_| "it is not UTF-8")?;
    let mut findings = Findings::default();
    let root = yaml::read(text, &mut findings).filter(|_| !findings.has_errors());
    let root = root.ok_or("it is no YAML")?;
    if root.get("voyager").and_then(Node::text) != Some(HEADER) {
        return Err("its first line is not `voyager: lock/v1`");
    }
    let pin = |entry: &yaml::Entry| {
        let hash = entry.value.text().filter(|it| it.parse::<Digest>().is_ok());
        Some((entry.key.clone(), hash?.to_owned()))
    };
    let entries = root.get("manifests").map(Node::entries).unwrap_or_default();
    entries.iter().map(pin).collect::<Option<_>>().ok_or("an entry is no hash")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_none_says_why() {
        let wrong = |text: &[u8]| match Pins::read(Some(text)) {
            Pins::Malformed(reason) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(wrong(b"\xff"), "it is not UTF-8");
        assert_eq!(wrong(b"a: [\n"), "it is no YAML");
        assert_eq!(wrong(b"voyager: lock/v2\n"), "its first line is not `voyager: lock/v1`");
        assert_eq!(
            wrong(b"voyager: lock/v1\nmanifests: { a.yaml: short }\n"),
            "an entry is no hash"
        );
        assert_eq!(Pins::read(None), Pins::Missing);
    }
}
