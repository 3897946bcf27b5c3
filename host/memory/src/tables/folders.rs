//! The folders with snapshots of a store: what is forgotten is forgotten there too.

use redb::{ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};
use voyager_disk::database::{Broken, guarded};

use super::{Change, Done, FORMAT, META, META_FORMAT, Tables, younger};
use crate::{owner::Veil, snapshot::folder_id::FolderId};

/// By the path and the id of the folder, hidden as names of encoders are: what is known of it.
const FOLDERS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("snapshots");

/// A folder with snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Folder {
    /// Where it lies.
    pub(crate) folder: String,
    /// The number of the last snapshot there that is this store's.
    pub(crate) number: u64,
    /// What tells that one from another of the same number.
    pub(crate) mark: [u8; 16],
    /// It may have the keys of records below this, and has none of others.
    pub(crate) upto: u64,
    /// Whether it may still have keys of records that are forgotten.
    pub(crate) pending: bool,
    /// What tells it from another one in the same place; none where a program noted it that gave folders no ids.
    #[serde(default)]
    pub(crate) id: Option<FolderId>,
}

/// What parts a path and an id: no path has it.
const BEHIND_PATH: char = '\0';

impl Folder {
    /// One of which no more is known than under what it is noted.
    fn unknown(name: String) -> Self {
        let (folder, id) = match name.split_once(BEHIND_PATH) {
            Some((path, id)) => (path.to_owned(), id.parse().ok()),
            None => (name, None),
        };
        Self { folder, number: 0, mark: [0; 16], upto: u64::MAX, pending: true, id }
    }

    /// Whether it is the same one in the same place.
    pub(crate) fn is_that(&self, other: &Self) -> bool {
        self.folder == other.folder && self.id == other.id
    }

    /// Under what it is noted.
    fn name(&self) -> String {
        match self.id {
            Some(id) => format!("{}{BEHIND_PATH}{id}", self.folder),
            None => self.folder.clone(),
        }
    }
}

/// What folders are called: by their paths, and where several lie or lay in one place by their ids, too.
pub(crate) fn called(folders: &[Folder]) -> Vec<String> {
    let name = |folder: &Folder| {
        let is_one = folders.iter().filter(|it| it.folder == folder.folder).count() == 1;
        let id = folder.id.map_or_else(|| "0".repeat(ID_DIGITS), |it| it.to_string());
        match is_one {
            true => folder.folder.clone(),
            false => format!("{}#{}", folder.folder, &id[..ID_DIGITS]),
        }
    };
    folders.iter().map(name).collect()
}

/// So many digits of an id are shown.
const ID_DIGITS: usize = 8;

impl Tables {
    /// All folders, by their paths. One whose row is damaged may have keys of anything.
    pub(crate) fn folders(&self) -> Result<Vec<Folder>, Broken> {
        self.read(|transaction| {
            let Some(table) = younger(transaction, FOLDERS)? else { return Ok(Vec::new()) };
            let mut folders = Vec::new();
            for row in table.iter()? {
                let (hidden, row) = row?;
                let (name, plain) = match &self.1 {
                    Some(veil) => (veil.show(hidden.value()), veil.unwrap(row.value())),
                    None => (None, Some(row.value().to_vec())),
                };
                let unknown = || Folder::unknown(name.unwrap_or_else(|| hidden.value().to_owned()));
                let folder = plain.and_then(|it| rmp_serde::from_slice(&it).ok());
                folders.push(folder.unwrap_or_else(unknown));
            }
            folders.sort_by(|a: &Folder, b| (&a.folder, a.id).cmp(&(&b.folder, b.id)));
            Ok(folders)
        })
    }

    /// Notes what is known of folders, and no longer what is known of others.
    pub(crate) fn note_folders(&self, folders: &[Folder], gone: &[Folder]) -> Result<(), Broken> {
        guarded(|| {
            let transaction = self.database().begin_write()?;
            remove(&transaction, self.1.as_ref(), gone)?;
            put(&transaction, self.1.as_ref(), folders)?;
            Ok(transaction.commit()?)
        })
    }
}

impl Change {
    /// Notes what is known of folders.
    pub(crate) fn note_folders(&self, folders: &[Folder]) -> Done<()> {
        put(&self.transaction, self.veil.as_ref(), folders)
    }
}

fn put(transaction: &WriteTransaction, veil: Option<&Veil>, folders: &[Folder]) -> Done<()> {
    if folders.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(FOLDERS)?;
    // Who knows of no ids would take what has one for damaged.
    transaction.open_table(META)?.insert(META_FORMAT, FORMAT)?;
    for folder in folders {
        let plain = rmp_serde::to_vec(folder).expect("texts and numbers can be written");
        let (name, row) = match veil {
            Some(veil) => (veil.hide(&folder.name()), veil.wrap(&plain)),
            None => (folder.name(), plain),
        };
        table.insert(name.as_str(), row.as_slice())?;
    }
    Ok(())
}

fn remove(transaction: &WriteTransaction, veil: Option<&Veil>, folders: &[Folder]) -> Done<()> {
    let mut table = transaction.open_table(FOLDERS)?;
    for folder in folders {
        let name = folder.name();
        if let Some(veil) = veil {
            table.remove(veil.hide(&name).as_str())?;
        }
        // Where its name is damaged it is called as it lies there.
        table.remove(name.as_str())?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::sync::Arc;

    use voyager_base::{chance::Seeded, clock::Timestamp, disk::Disk as _, sim::SimDisk};

    use super::*;
    use crate::{
        Draft, MemoryId, Places,
        fuzz::One,
        snapshot::folder_id,
        store::{Memory, Options},
    };

    #[test]
    fn a_folder_whose_row_is_damaged_is_pending_and_in_nobodys_way() {
        let (disk, chance) = (SimDisk::new(1), Arc::new(Seeded::new(1)));
        let memory = Memory::open(Arc::new(disk), Options::default(), chance).unwrap();
        let draft = || Draft { text: "The door is green.".to_owned(), ..Draft::default() }.into();
        memory.remember(&[draft(), draft()], None, Timestamp::default()).unwrap();
        let (tables, _) = memory.tables_for_tests();
        let hide = |it: &str| tables.1.as_ref().unwrap().hide(it);
        for name in [hide("/backup").as_str(), "damaged"] {
            let transaction = tables.database().begin_write().unwrap();
            let mut table = transaction.open_table(FOLDERS).unwrap();
            table.insert(name, [7; 40].as_slice()).unwrap();
            drop(table);
            transaction.commit().unwrap();
        }
        let all = ["/backup", "damaged"].map(str::to_owned);
        assert_eq!(memory.snapshot_folders().unwrap(), all.clone().map(|it| (it, true)));
        let told = memory.forget(&[MemoryId(0)], None, Timestamp::default()).unwrap();
        let pending: Vec<String> = told.pending.into_iter().map(|it| it.0).collect();
        assert_eq!(pending, all);
        all.iter().for_each(|it| memory.leave_snapshots(it).unwrap());
        assert_eq!(memory.snapshot_folders().unwrap(), []);
    }

    /// A memory whose snapshots all go into one folder.
    fn into(folder: SimDisk) -> Memory {
        let places: Option<Arc<dyn Places>> = Some(Arc::new(One(folder)));
        let options = Options { places, ..Options::default() };
        Memory::open(Arc::new(SimDisk::new(1)), options, Arc::new(Seeded::new(1))).unwrap()
    }

    #[test]
    fn a_folder_of_before_there_were_ids_is_given_one_by_the_next_snapshot() {
        let folder = SimDisk::new(2);
        let memory = into(folder.clone());
        let draft = || Draft { text: "The door is green.".to_owned(), ..Draft::default() }.into();
        memory.remember(&[draft(), draft()], None, Timestamp::default()).unwrap();
        let take = || memory.snapshot("/backup", "/home", Timestamp::default(), &|_, _| true);
        take().unwrap();
        let (tables, _) = memory.tables_for_tests();
        let noted = tables.folders().unwrap();
        let older = Folder { id: None, ..noted[0].clone() };
        tables.note_folders(std::slice::from_ref(&older), &noted).unwrap();
        folder.remove(folder_id::FILE).unwrap();
        let told = memory.forget(&[MemoryId(0)], None, Timestamp::default()).unwrap();
        assert_eq!((told.reached.len(), told.pending.len()), (1, 0), "it is reached as it is");
        take().unwrap();
        let known = tables.folders().unwrap();
        assert_eq!((known.len(), known[0].number, known[0].pending), (1, 2, false));
        assert_eq!(known[0].id, FolderId::of(&folder).unwrap());
        assert!(known[0].id.is_some());
        // Bytes of before there were ids.
        let mut row = rmp_serde::to_vec(&older).unwrap();
        assert_eq!((row[0], row.pop()), (0x96, Some(0xc0)));
        row[0] = 0x95;
        assert_eq!(rmp_serde::from_slice::<Folder>(&row).unwrap(), older);
    }

    #[test]
    fn an_empty_folder_is_none_of_before_there_were_ids() {
        let memory = into(SimDisk::new(2));
        let (tables, _) = memory.tables_for_tests();
        let older = Folder { number: 3, mark: [7; 16], ..Folder::unknown("/stick".to_owned()) };
        tables.note_folders(std::slice::from_ref(&older), &[]).unwrap();
        memory.snapshot("/stick", "/home", Timestamp::default(), &|_, _| true).unwrap();
        let known = tables.folders().unwrap();
        assert!(known.len() == 2 && known.contains(&older), "{known:?}");
    }

    #[test]
    fn there_is_an_end_to_folders() {
        let memory = into(SimDisk::new(2));
        let take = || memory.snapshot("/backup", "/home", Timestamp::default(), &|_, _| true);
        let (tables, _) = memory.tables_for_tests();
        let many: Vec<_> = (0..256).map(|it| Folder::unknown(format!("/{it}"))).collect();
        tables.note_folders(&many, &[]).unwrap();
        let refused = take().unwrap_err().to_string();
        assert!(refused.contains("snapshots in 256 folders"), "{refused}");
        tables.note_folders(&[], &many[..1]).unwrap();
        take().unwrap();
        take().unwrap();
    }

    #[test]
    fn folders_are_told_apart_where_they_share_a_place() {
        let of = |folder: &str, id: Option<&str>| Folder {
            id: id.map(|it| it.parse().unwrap()),
            ..Folder::unknown(folder.to_owned())
        };
        let ids = ["00112233445566778899aabbccddeeff", "ff112233445566778899aabbccddeeff"];
        let all =
            [of("/a", None), of("/a", Some(ids[0])), of("/a", Some(ids[1])), of("/b#0", None)];
        assert_eq!(called(&all), ["/a#00000000", "/a#00112233", "/a#ff112233", "/b#0"]);
        assert_eq!(Folder::unknown(all[2].name()), all[2]);
    }
}
