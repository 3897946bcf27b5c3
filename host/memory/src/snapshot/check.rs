//! All of a folder of snapshots, read: what can be restored, and what can't.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_bytes::ByteBuf;
use voyager_base::disk::Disk;

use super::{
    SnapshotError, Snapshots,
    chunks::{self, Rows},
    content, listed,
    manifest::name_of,
};
use crate::{
    error::OpenError,
    keys::{self, Keys},
    owner::{Owner, OwnerKey},
    record::MemoryId,
    row::open_record,
};

/// What reading all of a folder showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The snapshots: those whose every part is what was written, and the others.
    pub snapshots: Snapshots,
    /// How many parts were read.
    pub chunks: u64,
    /// Whether records were opened too. Those of a locked memory are only with its key.
    pub opened: bool,
    /// Records of whole snapshots that were not forgotten, and do not open: the folder's key of them is damaged, or they were
    /// when they were taken.
    pub unopened: Vec<MemoryId>,
}

/// Reads all snapshots of a folder, each part once, and opens their records. Changes nothing that counts. `see` is told how
/// many parts are read, of how many, and says whether to go on.
///
/// # Errors
/// [`SnapshotError`]: where `owner` does not open them, the keys are missing or damaged as a whole, or `see` stopped it.
pub fn check_snapshots(
    disk: &Arc<dyn Disk>,
    owner: Option<&OwnerKey>,
    see: &dyn Fn(u64, u64) -> bool,
) -> Result<Checked, SnapshotError> {
    let found = content(&**disk).map_err(SnapshotError::disk)?;
    let owner = match Owner::find(disk, owner) {
        Err(OpenError::Locked { .. }) => None,
        found => Some(found?.ok_or_else(|| SnapshotError::Damaged {
            what: keys::FILE.to_owned(),
            reason: "it is missing, or no file of keys".to_owned(),
        })?),
    };
    let next = found.whole.values().map(|it| it.0.next).max().unwrap_or(0);
    let opener = match &owner {
        Some(owner) => Some(Opener::of(&**disk, owner, next)?),
        None => None,
    };
    let all: BTreeSet<_> = found.whole.values().flat_map(|it| &it.0.chunks).collect();
    let (total, bytes) = (all.len() as u64, all.iter().map(|it| it.1).sum());
    let mut problems = BTreeMap::new();
    let mut unopened = BTreeMap::new();
    for (done, chunk) in (1..).zip(all) {
        match chunks::read(&**disk, &found.files, chunk) {
            Ok(Rows::Records(rows)) => {
                if let Some(opener) = &opener {
                    unopened.insert(chunk, opener.unopened(&rows)?);
                }
            }
            Ok(_) => {}
            Err(error) => drop(problems.insert(chunk, error.to_string())),
        }
        if !see(done, total) {
            return Err(SnapshotError::Stopped);
        }
    }
    let mut checked = Checked { chunks: total, opened: opener.is_some(), ..Checked::default() };
    checked.snapshots = Snapshots { damaged: found.damaged, bytes, ..Snapshots::default() };
    let veil = owner.as_ref().and_then(Owner::veil);
    let mut lost = BTreeSet::new();
    for (number, (manifest, body, signature)) in &found.whole {
        let foreign = veil.as_ref().is_some_and(|it| it.sign(body) != *signature);
        let broken: Vec<&String> =
            manifest.chunks.iter().filter_map(|it| problems.get(it)).collect();
        let problem = match broken.as_slice() {
            _ if foreign => "its signature is not of the memory that this folder is of".to_owned(),
            [] => {
                lost.extend(manifest.chunks.iter().filter_map(|it| unopened.get(it)).flatten());
                checked.snapshots.whole.push(listed(manifest));
                continue;
            }
            [one] => (*one).clone(),
            [one, others @ ..] => format!("{one}; {} more of its parts are damaged", others.len()),
        };
        checked.snapshots.damaged.push((name_of(*number), problem));
    }
    checked.unopened = lost.into_iter().collect();
    Ok(checked)
}

/// What opens records of a folder.
struct Opener {
    keys: Keys,
    forgotten: BTreeSet<u64>,
}

impl Opener {
    fn of(disk: &dyn Disk, owner: &Owner, next: u64) -> Result<Self, SnapshotError> {
        let keys = Keys::open(disk, next, owner.mask())?;
        let forgotten = keys.destroyed(next).map_err(SnapshotError::disk)?;
        Ok(Self { keys, forgotten })
    }

    /// Those of some rows, in the order of their ids, that do not open.
    fn unopened(&self, rows: &[(u64, ByteBuf)]) -> Result<Vec<MemoryId>, SnapshotError> {
        let (Some((first, _)), Some((last, _))) = (rows.first(), rows.last()) else {
            return Ok(Vec::new());
        };
        let count = last.saturating_sub(*first).saturating_add(1);
        // What was signed may still have been written by something else.
        if count > chunks::IDS {
            return Ok(rows.iter().map(|it| MemoryId(it.0)).collect());
        }
        let keys = self.keys.keys(*first, count as usize).map_err(SnapshotError::disk)?;
        let opens = |(id, row): &(u64, ByteBuf)| {
            let place = id.checked_sub(*first).and_then(|it| usize::try_from(it).ok());
            let key = place.and_then(|it| keys.get(it)).and_then(Option::as_ref);
            key.is_some_and(|it| open_record(it, MemoryId(*id), row).is_some())
        };
        let closed = rows.iter().filter(|it| !self.forgotten.contains(&it.0) && !opens(it));
        Ok(closed.map(|it| MemoryId(it.0)).collect())
    }
}
