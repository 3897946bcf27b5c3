//! The folders with snapshots of a store: what is forgotten is forgotten there too.

use redb::{ReadableDatabase, ReadableTable, TableDefinition, TableError, WriteTransaction};
use serde::{Deserialize, Serialize};
use voyager_disk::database::{Broken, guarded};

use super::{Change, Done, Tables, broken};
use crate::owner::Veil;

/// By the folder, hidden as names of encoders are: what is known of it.
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
}

impl Folder {
    /// One of which no more is known than where it lies.
    fn unknown(folder: String) -> Self {
        Self { folder, number: 0, mark: [0; 16], upto: u64::MAX, pending: true }
    }
}

impl Tables {
    /// All folders, by their paths. One whose row is damaged may have keys of anything.
    pub(crate) fn folders(&self) -> Result<Vec<Folder>, Broken> {
        guarded(|| {
            let transaction = self.database().begin_read().map_err(broken)?;
            let table = match transaction.open_table(FOLDERS) {
                Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                other => other.map_err(broken)?,
            };
            let mut folders = Vec::new();
            for row in table.iter().map_err(broken)? {
                let (hidden, row) = row.map_err(broken)?;
                let (name, plain) = match &self.1 {
                    Some(veil) => (veil.show(hidden.value()), veil.unwrap(row.value())),
                    None => (None, Some(row.value().to_vec())),
                };
                let unknown = || Folder::unknown(name.unwrap_or_else(|| hidden.value().to_owned()));
                let folder = plain.and_then(|it| rmp_serde::from_slice(&it).ok());
                folders.push(folder.unwrap_or_else(unknown));
            }
            folders.sort_by(|a: &Folder, b| a.folder.cmp(&b.folder));
            Ok(folders)
        })
    }

    /// Notes what is known of folders.
    pub(crate) fn note_folders(&self, folders: &[Folder]) -> Result<(), Broken> {
        guarded(|| {
            let transaction = self.database().begin_write().map_err(broken)?;
            put(&transaction, self.1.as_ref(), folders)?;
            transaction.commit().map_err(broken)
        })
    }

    /// Leaves a folder alone from now on.
    pub(crate) fn leave_folder(&self, folder: &str) -> Result<(), Broken> {
        guarded(|| {
            let transaction = self.database().begin_write().map_err(broken)?;
            {
                let mut table = transaction.open_table(FOLDERS).map_err(broken)?;
                let name = self.1.as_ref().map_or_else(|| folder.to_owned(), |it| it.hide(folder));
                table.remove(name.as_str()).map_err(broken)?;
                // Where its path is damaged it is called as it lies there.
                table.remove(folder).map_err(broken)?;
            }
            transaction.commit().map_err(broken)
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
    for folder in folders {
        let plain = rmp_serde::to_vec(folder).expect("texts and numbers can be written");
        let (name, row) = match veil {
            Some(veil) => (veil.hide(&folder.folder), veil.wrap(&plain)),
            None => (folder.folder.clone(), plain),
        };
        table.insert(name.as_str(), row.as_slice())?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::sync::Arc;

    use voyager_base::{chance::Seeded, clock::Timestamp, sim::SimDisk};

    use super::*;
    use crate::{Draft, MemoryId, store::Memory, store::Options};

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
}
