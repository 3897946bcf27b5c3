//! Forgetting runs, and the content that nobody names any more.
//!
//! What records mean is not known here. But a hash has one form in every record and in all content that
//! names other content, so looking for that form finds all that is named, and at worst too much.

use std::collections::{BTreeMap, BTreeSet};

use voyager_base::{
    Digest, RunId,
    record::{AppendError, ReadError},
};

use crate::{
    error::cannot_append,
    packs::Place,
    store::{Rest, Shared, Store},
};

/// How a hash begins in MessagePack: 32 bytes.
const HASH_BEGIN: [u8; 2] = [0xc4, 32];

/// Pruning writes a pack anew where at least one in so many of its bytes is of no use.
const PRUNED: u64 = 4;
/// Purging does where a single one is.
const PURGED: u64 = u64::MAX;

/// What forgetting runs gives back, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Bytes of rows of records. The file of records does not shrink; what comes later uses the room.
    pub record_bytes: u64,
    /// Bytes of pack files, segments of records among them.
    pub content_bytes: u64,
}

/// Why runs could not be forgotten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PruneError {
    /// Something can't be read: nothing that it might name was removed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The disk refused.
    #[error(transparent)]
    Write(#[from] AppendError),
}

/// What is to be done with packs.
struct Sweep {
    /// Packs to be written anew, with their sizes, and what of them is kept.
    packs: BTreeMap<u32, Vec<(Digest, Place)>>,
    /// Content of these packs that is of no use.
    dead: Vec<Digest>,
    /// Bytes that it takes.
    bytes: u64,
}

impl Store {
    /// What forgetting `runs` would give back.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn prunable(&self, runs: &BTreeSet<RunId>) -> Result<Pruned, ReadError> {
        let record_bytes = self.shared().record_bytes(runs)?;
        let content_bytes = self.shared().sweep(runs, PRUNED)?.bytes;
        Ok(Pruned { record_bytes, content_bytes })
    }

    /// Forgets `runs` durably, and then the content that no other run names. After a crash each run is
    /// there as a whole or not at all, and of the rest everything is.
    ///
    /// Nothing may be put or appended meanwhile: content that is about to be named is of no use yet.
    ///
    /// # Errors
    /// [`PruneError`].
    pub async fn prune(&self, runs: BTreeSet<RunId>) -> Result<Pruned, PruneError> {
        let record_bytes = self.shared().record_bytes(&runs)?;
        self.forget(runs).await?;
        // Whatever can't be read might name anything: then nothing of the content goes.
        let sweep = self.shared().sweep(&BTreeSet::new(), PRUNED)?;
        let content_bytes = sweep.bytes;
        self.shared().carry_out(sweep)?;
        Ok(Pruned { record_bytes, content_bytes })
    }

    /// Removes all content that no run names, also the little that pruning leaves in packs which are not worth being
    /// written anew. With [`Store::shrink`] after it no pack holds anything of a run that was forgotten, and the file of
    /// records has given back the pages that it lay in; what database pages have beside their rows is not overwritten.
    ///
    /// Nothing may be put or appended meanwhile: content that is about to be named is of no use yet.
    ///
    /// # Errors
    /// [`PruneError`].
    pub async fn purge(&self) -> Result<(), PruneError> {
        // What was put last is in no index yet, and nobody would know where it went.
        self.forget(BTreeSet::new()).await?;
        let sweep = self.shared().sweep(&BTreeSet::new(), PURGED)?;
        self.shared().carry_out(sweep)
    }
}

impl Shared {
    /// Bytes of the records of `runs`, those included that still stand in the log.
    fn record_bytes(&self, runs: &BTreeSet<RunId>) -> Result<u64, ReadError> {
        let logged = self.logged();
        let logged = logged.iter().filter(|(key, _)| runs.contains(&crate::row::run_of(key)));
        let logged: u64 = logged.map(|(_, row)| row.len() as u64).sum();
        Ok(logged + self.tables.bytes_of(runs)?)
    }

    /// What would be of no use without `runs`, in packs where at least one in `share` bytes is.
    fn sweep(&self, runs: &BTreeSet<RunId>, share: u64) -> Result<Sweep, ReadError> {
        let places = self.tables.blobs()?;
        let mut named: BTreeSet<Digest> = BTreeSet::new();
        let mut open = Vec::new();
        let find = |bytes: &[u8], named: &mut BTreeSet<Digest>, open: &mut Vec<Digest>| {
            for digest in hashes(bytes) {
                if places.contains_key(&digest) && named.insert(digest) {
                    open.push(digest);
                }
            }
        };
        self.tables.each_row(runs, &mut |row| find(row, &mut named, &mut open))?;
        for (key, row) in self.logged() {
            if !runs.contains(&crate::row::run_of(&key)) {
                find(&row, &mut named, &mut open);
            }
        }
        // A segment names what its records name: its own bytes are packed, and name nothing.
        self.tables.each_segment(runs, &mut |run, first, segment| {
            named.insert(segment.digest);
            let records = self.unpack_segment(run, first, &segment)?;
            records.entries.iter().for_each(|it| find(&it.payload, &mut named, &mut open));
            Ok(())
        })?;
        while let Some(digest) = open.pop() {
            let bytes = self.packs.read(digest, places[&digest])?;
            find(&bytes, &mut named, &mut open);
        }
        let (mut kept, mut dead): (BTreeMap<u32, _>, BTreeMap<u32, _>) = Default::default();
        for (digest, place) in &places {
            let side = if named.contains(digest) { &mut kept } else { &mut dead };
            side.entry(place.pack).or_insert_with(Vec::new).push((*digest, *place));
        }
        let mut sweep = Sweep { packs: BTreeMap::new(), dead: Vec::new(), bytes: 0 };
        let weigh = |blobs: &[(Digest, Place)]| blobs.iter().map(|(_, it)| it.size()).sum::<u64>();
        for (pack, dead) in dead {
            let kept = kept.remove(&pack).unwrap_or_default();
            let (lost, left) = (weigh(&dead), weigh(&kept));
            if lost.saturating_mul(share) >= lost + left {
                sweep.bytes += lost;
                sweep.dead.extend(dead.iter().map(|(digest, _)| *digest));
                sweep.packs.insert(pack, kept);
            }
        }
        Ok(sweep)
    }

    /// Writes what is kept into new packs, then lets the index say so, then removes the old ones. A crash
    /// before the second leaves things twice, one before the third a pack that is indexed again when the
    /// store opens.
    fn carry_out(&self, sweep: Sweep) -> Result<(), PruneError> {
        if sweep.packs.is_empty() {
            return Ok(());
        }
        self.packs.begin_new();
        for (digest, place) in sweep.packs.values().flatten() {
            let bytes = self.packs.read(*digest, *place)?;
            self.packs.put(*digest, &bytes, || Ok(false))?;
        }
        let synced = self.packs.sync().map_err(cannot_append)?;
        let old: Vec<u32> = sweep.packs.into_keys().collect();
        self.tables.reindex(&synced, &sweep.dead, &old).map_err(cannot_append)?;
        self.state().rest = Rest::Written;
        self.packs.indexed();
        self.packs.remove(&old).map_err(cannot_append)?;
        Ok(())
    }
}

/// All that may be a hash in some bytes.
fn hashes(bytes: &[u8]) -> impl Iterator<Item = Digest> {
    bytes.windows(HASH_BEGIN.len() + 32).filter_map(|window| {
        let hash = window.strip_prefix(&HASH_BEGIN)?;
        Some(Digest(*hash.first_chunk()?))
    })
}
