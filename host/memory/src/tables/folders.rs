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

impl Tables {
    /// All folders, by their paths.
    pub(crate) fn folders(&self) -> Result<Vec<Folder>, Broken> {
        guarded(|| {
            let transaction = self.database().begin_read().map_err(broken)?;
            let table = match transaction.open_table(FOLDERS) {
                Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                other => other.map_err(broken)?,
            };
            let mut folders = Vec::new();
            for row in table.iter().map_err(broken)? {
                let row = row.map_err(broken)?.1;
                let plain = match &self.1 {
                    Some(veil) => veil.unwrap(row.value()),
                    None => Some(row.value().to_vec()),
                };
                let folder = plain.and_then(|it| rmp_serde::from_slice(&it).ok());
                let damaged = || Broken::damaged("what is known of a folder of snapshots");
                folders.push(folder.ok_or_else(damaged)?);
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
