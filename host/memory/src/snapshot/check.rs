//! All of a folder of snapshots, read: what can be restored, and what can't.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_bytes::ByteBuf;
use voyager_base::disk::Disk;

use super::{
    FOREIGN, NOT_GIVEN, SnapshotError, Snapshots, check_given,
    chunks::{self, Rows},
    content, given_away, listed,
    manifest::name_of,
};
use crate::{
    error::OpenError,
    keys::{self, Key, Keys},
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
    let owner = match Owner::find(disk, owner) {
        Err(OpenError::Locked { .. }) => None,
        found => Some(found?.ok_or_else(|| SnapshotError::Damaged {
            what: keys::FILE.to_owned(),
            reason: "it is missing, or no file of keys".to_owned(),
        })?),
    };
    // What somebody else wrote says nothing of this memory: not how many records there are, and not what is in them.
    let veil = owner.as_ref().and_then(Owner::veil);
    let found = content(&**disk, veil.as_ref()).map_err(SnapshotError::disk)?;
    let (signed, foreign): (Vec<_>, Vec<_>) =
        found.whole.iter().partition(|it| veil.is_none() || it.1.is_own);
    let next = signed.iter().map(|it| it.1.next).max().unwrap_or(0);
    let opener = match &owner {
        Some(owner) => Some(Opener::of(&**disk, owner, next)?),
        None => None,
    };
    let all: BTreeSet<_> = signed.iter().flat_map(|it| &it.1.chunks).collect();
    let (total, bytes) = (all.len() as u64, all.iter().map(|it| it.1).sum());
    let mut problems = BTreeMap::new();
    let mut unopened = BTreeMap::new();
    let mut given = BTreeMap::new();
    for (done, chunk) in (1..).zip(all) {
        match chunks::read(&**disk, &found.files, chunk) {
            Ok(Rows::Records(rows)) => {
                if let Some(opener) = &opener {
                    unopened.insert(chunk, opener.unopened(&rows)?);
                }
            }
            Ok(rows) => drop(given.insert(chunk, given_away(&rows))),
            Err(error) => drop(problems.insert(chunk, error.to_string())),
        }
        if !see(done, total) {
            return Err(SnapshotError::Stopped);
        }
    }
    let mut checked = Checked { chunks: total, opened: opener.is_some(), ..Checked::default() };
    checked.snapshots = Snapshots { damaged: found.damaged, bytes, ..Snapshots::default() };
    let mut lost = BTreeSet::new();
    for (number, manifest) in signed {
        let broken: Vec<&String> =
            manifest.chunks.iter().filter_map(|it| problems.get(it)).collect();
        let given = manifest.chunks.iter().filter_map(|it| given.get(it)).flatten().copied();
        let problem = match broken.as_slice() {
            [] if check_given(manifest, given).is_err() => NOT_GIVEN.to_owned(),
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
    let named = foreign.iter().map(|it| (name_of(*it.0), FOREIGN.to_owned()));
    checked.snapshots.damaged.extend(named);
    checked.unopened = lost.into_iter().collect();
    Ok(checked)
}

/// What opens records of a folder.
struct Opener {
    keys: Keys,
    /// The first id that was not given away.
    next: u64,
}

impl Opener {
    fn of(disk: &dyn Disk, owner: &Owner, next: u64) -> Result<Self, SnapshotError> {
        let keys = Keys::open(disk, next, owner.mask())?;
        Ok(Self { keys, next })
    }

    /// Those of some rows, in the order of their ids, that do not open.
    fn unopened(&self, rows: &[(u64, ByteBuf)]) -> Result<Vec<MemoryId>, SnapshotError> {
        let (Some((first, _)), Some((last, _))) = (rows.first(), rows.last()) else {
            return Ok(Vec::new());
        };
        let count = last.saturating_sub(*first).saturating_add(1);
        // Without a key of its owner a folder says nothing of who wrote a part.
        if count > chunks::IDS || *last >= self.next {
            return Ok(rows.iter().map(|it| MemoryId(it.0)).collect());
        }
        let keys = self.keys.keys(*first, count as usize).map_err(SnapshotError::disk)?;
        let opens = |(id, row): &(u64, ByteBuf)| {
            let place = id.checked_sub(*first).and_then(|it| usize::try_from(it).ok());
            let opens = |it: &Key| open_record(it, MemoryId(*id), row).is_some();
            // One that has no key any more is forgotten.
            let slot = place.and_then(|it| keys.get(it));
            slot.is_some_and(|it| it.as_ref().is_none_or(opens))
        };
        let closed = rows.iter().filter(|it| !opens(it));
        Ok(closed.map(|it| MemoryId(it.0)).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_bytes::ByteArray;
    use voyager_base::{
        chance::{Chance, Seeded},
        clock::Timestamp,
        sim::SimDisk,
    };

    use super::{
        super::{
            Places, Restored, Restoring, Which,
            manifest::{self, Found, Manifest, chunk_name},
            restore,
        },
        *,
    };
    use crate::{
        Draft, Encoder,
        fuzz::One,
        owner::Veil,
        store::{Memory, Options},
        tables::Deed,
    };

    type Line = (u64, (u64, u8, u64, u64));

    /// A folder with a snapshot of two records, of which one is forgotten.
    fn snapshot() -> (SimDisk, Arc<dyn Disk>) {
        let place = SimDisk::new(2);
        let folder: Arc<dyn Disk> = Arc::new(place.clone());
        let places: Option<Arc<dyn Places>> = Some(Arc::new(One(place.clone())));
        let options = Options { places, ..Options::default() };
        let memory = Memory::open(Arc::new(SimDisk::new(1)), options, Arc::new(Seeded::new(1)));
        let memory = memory.unwrap();
        let draft = Draft { text: "The gate opens at six.".to_owned(), ..Draft::default() };
        let entries = [draft.clone().into(), draft.into()];
        let ids = memory.remember(&entries, None, Timestamp::from_millis(1)).unwrap();
        memory.forget(&ids[1..], None, Timestamp::from_millis(2)).unwrap();
        memory.snapshot("/backup", "/home", Timestamp::from_millis(3), &|_, _| true).unwrap();
        (place, folder)
    }

    /// What the folder says, and what signs there.
    fn said(place: &SimDisk, folder: &Arc<dyn Disk>) -> (Manifest, Veil) {
        let veil = Owner::find(folder, None).unwrap().unwrap().veil().unwrap();
        let Found::Whole(manifest) = manifest::read(place, 1, Some(&veil)).unwrap() else {
            panic!("it was just written")
        };
        (*manifest, veil)
    }

    fn restored(folder: &Arc<dyn Disk>, to: SimDisk) -> Result<Restored, SnapshotError> {
        let restoring = Restoring {
            from: Arc::clone(folder),
            folder: "/backup",
            to: Arc::new(to.clone()),
            owner: None,
            places: &One(to),
        };
        let chance: Arc<dyn Chance> = Arc::new(Seeded::new(4));
        restore(&restoring, &Which::Newest, &chance, &|_, _| true)
    }

    /// Has a manifest name other lines of the audit, which are the last of its parts.
    fn set_audit(place: &SimDisk, manifest: &mut Manifest, lines: Vec<Line>) {
        let lines = rmp_serde::to_vec(&Rows::Audit(lines)).unwrap();
        let hash = *blake3::hash(&lines).as_bytes();
        place.open(&chunk_name(&hash)).unwrap().write_at(0, &lines).unwrap();
        *manifest.chunks.last_mut().unwrap() = (ByteArray::new(hash), lines.len() as u64);
    }

    /// Whoever has a folder that is not locked has what signs, and slots that hold nothing cost a sparse file nothing.
    #[test]
    fn a_snapshot_that_counts_more_ids_than_were_given_away_is_refused() {
        let (place, folder) = snapshot();
        let told = || {
            let found = check_snapshots(&folder, None, &|_, _| true).unwrap().snapshots;
            let restored = restored(&folder, SimDisk::new(3));
            (found.damaged, restored.map(|it| it.records).map_err(|it| it.to_string()))
        };
        assert_eq!(told(), (Vec::new(), Ok(1)));
        let (mut manifest, veil) = said(&place, &folder);
        manifest.next = 1 << 16;
        manifest.write(&place, &veil).unwrap();
        place.open(keys::FILE).unwrap().set_len(4 << 20).unwrap();
        let damaged = |how: &str| vec![("snapshot-00000001".to_owned(), how.to_owned())];
        let refused = format!("snapshot-00000001 is damaged: {NOT_GIVEN}");
        assert_eq!(told(), (damaged(NOT_GIVEN), Err(refused.clone())));
        // Nor does it help to tell of a commit in many lines.
        let line = (1, (0, Deed::Remembered.code(), 0, 1 << 10));
        set_audit(&place, &mut manifest, vec![line; 64]);
        manifest.write(&place, &veil).unwrap();
        assert_eq!(told(), (damaged(NOT_GIVEN), Err(refused)));
        let again = *manifest.chunks.last().unwrap();
        manifest.chunks.extend(vec![again; 64]);
        manifest.write(&place, &veil).unwrap();
        let none = "there is no snapshot that is whole in this folder".to_owned();
        assert_eq!(told(), (damaged("it names a part twice"), Err(none)));
    }

    /// With it a memory comes back that does not open.
    #[test]
    fn an_encoder_whose_name_is_damaged_is_left_out_and_told() {
        let (place, folder) = snapshot();
        let (mut manifest, veil) = said(&place, &folder);
        let mut with = |name: String| {
            manifest.encoders = vec![(0, name, 3)];
            manifest.write(&place, &veil).unwrap();
            let to = SimDisk::new(3);
            let restored = restored(&folder, to.clone()).unwrap();
            let encoder = Some(Encoder { name: "MiniLM".to_owned(), dimensions: 3 });
            let options = Options { encoder, ..Options::default() };
            Memory::open(Arc::new(to), options, Arc::new(Seeded::new(5))).unwrap();
            (restored.records, restored.faults.into_iter().map(|it| it.problem).collect::<Vec<_>>())
        };
        assert_eq!(with(veil.hide("MiniLM")), (1, vec![]));
        let told = "the name of an encoder is damaged: its vectors are left out";
        assert_eq!(with("MiniLM".to_owned()), (1, vec![told.to_owned()]));
    }

    /// Of a program that knows more, or of nobody: the rest of the audit can be read.
    #[test]
    fn a_line_of_the_audit_that_nobody_knows_is_left_out_and_told() {
        let (place, folder) = snapshot();
        let (mut manifest, veil) = said(&place, &folder);
        let line = |commit, deed| (commit, (0, deed, 0, 2));
        set_audit(&place, &mut manifest, vec![line(1, Deed::Remembered.code()), line(2, u8::MAX)]);
        manifest.write(&place, &veil).unwrap();
        let to = SimDisk::new(3);
        let restored = restored(&folder, to.clone()).unwrap();
        let problems: Vec<_> = restored.faults.iter().map(|it| &*it.problem).collect();
        assert_eq!(problems, ["it has 1 lines up to 1, and there were 2 commits"]);
        let memory = Memory::open(Arc::new(to), Options::default(), Arc::new(Seeded::new(5)));
        let memory = memory.unwrap();
        let deeds: Vec<_> = memory.audit(9).unwrap().iter().map(|it| it.deed).collect();
        assert_eq!(deeds, [Deed::Remembered]);
    }

    /// Where no key of its owner signs a folder, a part may be of anybody: its ids are read as far as there are keys.
    #[test]
    fn records_that_no_store_gave_ids_do_not_open_and_are_no_refusing_disk() {
        let disk = SimDisk::new(1);
        let folder: Arc<dyn Disk> = Arc::new(disk.clone());
        let memory =
            Memory::open(Arc::clone(&folder), Options::default(), Arc::new(Seeded::new(1)));
        let memory = memory.unwrap();
        let draft = Draft { text: "The gate opens at six.".to_owned(), ..Draft::default() };
        memory.remember(&[draft.into()], None, Timestamp::from_millis(1)).unwrap();
        let owner = Owner::find(&folder, None).unwrap().unwrap();
        let opener = Opener::of(&disk, &owner, 1).unwrap();
        let row = |id| (id, ByteBuf::from([7; 40]));
        for ids in [vec![0], vec![0, 1], vec![0, 9_000_000], vec![u64::MAX], vec![0, u64::MAX]] {
            let rows: Vec<_> = ids.iter().map(|it| row(*it)).collect();
            let expected: Vec<_> = ids.into_iter().map(MemoryId).collect();
            assert_eq!(opener.unopened(&rows).unwrap(), expected);
        }
    }
}
