//! The index as of a commit, kept in a file beside the rows, so that opening reads rows of what came later only.
//!
//! It is a pack under a key of its own. Key and root lie in the header of the keys' file, one sector that is
//! overwritten in place; forgetting anything overwrites them together with the keys of what is forgotten, and
//! opening does where a power failure left them. So no index can be read that tells of a record whose forgetting was
//! acknowledged. An index that is missing, damaged, of another encoder or another version is made anew from the rows:
//! nothing but time depends on it.

use std::io;

use serde::{Deserialize, Serialize};
use voyager_base::{chance::Chance, disk::Disk};
use voyager_disk::database::Broken;

use crate::{
    index::Index,
    keys::{Keys, Slip},
    pack::{Pack, Root, Writer},
    shard::IMAGE_FORMAT,
    store::Encoder,
    tables::{AuditLine, Counters, Deed, Tables},
};

/// What names of these files begin with.
const PREFIX: &str = "index-";

/// What a kept index says of itself.
#[derive(Serialize, Deserialize)]
struct Manifest {
    format: u32,
    commit: u64,
    /// The first id that is not in it.
    next: u64,
    /// Name and dimensions of the encoder whose vectors it holds.
    encoder: Option<(String, usize)>,
    /// In the order of their sections.
    spaces: Vec<String>,
}

/// A kept index, read.
pub(crate) struct Kept {
    pub(crate) index: Index,
    /// The first id that is not in it.
    pub(crate) next: u64,
    /// Records whose standing changed since, or from which a relation leads that came since.
    pub(crate) changed: Vec<u64>,
}

fn said_of(encoder: Option<&Encoder>) -> Option<(String, usize)> {
    encoder.map(|it| (it.name.clone(), it.dimensions))
}

/// Keeps an index. One that was kept before is replaced; a crash leaves that one, this one, or none. Gives it back
/// with its spaces in their order, where it can be read.
pub(crate) fn keep(
    disk: &dyn Disk,
    keys: &Keys,
    index: &Index,
    counters: Counters,
    encoder: Option<&Encoder>,
    chance: &dyn Chance,
) -> io::Result<Option<(Pack, Vec<String>)>> {
    let (there, mut key) = (disk.list()?, [0; 32]);
    let name = loop {
        chance.fill(&mut key);
        let name = format!("{PREFIX}{:016x}", chance.number());
        // The index may rest on one that was kept before.
        if !there.contains(&name) {
            break name;
        }
    };
    let write = || -> io::Result<Root> {
        let mut writer = Writer::new(disk.open(&name)?, &key)?;
        index.write(&mut writer)?;
        let root = writer.finish(&Manifest {
            format: IMAGE_FORMAT,
            commit: counters.commit,
            next: counters.next,
            encoder: said_of(encoder),
            spaces: index.spaces().map(|it| it.0.to_owned()).collect(),
        })?;
        disk.sync_folder()?;
        Ok(root)
    };
    let Root(root) = write().inspect_err(|_| {
        // The disk may be full: a part that nobody can read shall not take its room.
        drop(disk.remove(&name));
    })?;
    let mut file = [0; 16];
    file.copy_from_slice(&name.as_bytes()[PREFIX.len()..]);
    keys.note(&Slip { file, key, root })?;
    sweep(disk, Some(&name))?;
    let pack = Pack::open(disk.open(&name)?, &key, Some(&Root(root))).ok();
    Ok(pack.map(|it| (it, index.spaces().map(|it| it.0.to_owned()).collect())))
}

/// Removes the files of all indexes but one. Nobody has their keys.
pub(crate) fn sweep(disk: &dyn Disk, but: Option<&str>) -> io::Result<()> {
    for name in disk.list()? {
        if name.starts_with(PREFIX) && Some(name.as_str()) != but {
            disk.remove(&name)?;
        }
    }
    Ok(())
}

/// The kept index as a file, for those who check it; none where none is kept.
pub(crate) fn open(disk: &dyn Disk, keys: &Keys) -> Option<Result<Pack, String>> {
    let Slip { file, key, root } = keys.slip().ok()??;
    let name = format!("{PREFIX}{}", str::from_utf8(&file).ok()?);
    let there = || -> io::Result<bool> { Ok(disk.list()?.contains(&name)) };
    match there() {
        Ok(true) => {}
        Ok(false) => return Some(Err("its file is gone".to_owned())),
        Err(error) => return Some(Err(error.to_string())),
    }
    let opened = disk.open(&name).map_err(|it| it.to_string());
    Some(
        opened.and_then(|it| {
            Pack::open(it, &key, Some(&Root(root))).map_err(|error| error.to_string())
        }),
    )
}

/// The kept index and what it says of itself, where both can be read.
fn found(disk: &dyn Disk, keys: &Keys) -> Option<(Pack, Manifest)> {
    let Slip { file, key, root } = keys.slip().ok()??;
    let name = format!("{PREFIX}{}", str::from_utf8(&file).ok()?);
    disk.list().ok()?.contains(&name).then_some(())?;
    let pack = Pack::open(disk.open(&name).ok()?, &key, Some(&Root(root))).ok()?;
    let manifest = pack.manifest().ok()?;
    Some((pack, manifest))
}

/// Of an index that cannot be used: destroys the key of one that tells of what was forgotten since, where the power
/// failed when the keys of that were gone, and this one was not; and removes the files of those that nobody has a key of.
pub(crate) fn clear(
    disk: &dyn Disk,
    keys: &Keys,
    tables: &Tables,
    counters: Counters,
) -> Result<(), Broken> {
    if let Ok(None) = keys.slip() {
        // They take room and nothing else, so who can't remove them goes on.
        drop(sweep(disk, None));
        return Ok(());
    }
    let Some((_, Manifest { commit, .. })) = found(disk, keys) else { return Ok(()) };
    let since = usize::try_from(counters.commit.saturating_sub(commit)).unwrap_or(usize::MAX);
    if tables.audit(since)?.iter().any(|it| it.deed == Deed::Forgotten) {
        keys.destroy(&[]).map_err(Broken::disk)?;
        sweep(disk, None).map_err(Broken::disk)?;
    }
    Ok(())
}

/// The kept index, where there is one that later rows can be added to.
pub(crate) fn read(
    disk: &dyn Disk,
    keys: &Keys,
    tables: &Tables,
    counters: Counters,
    encoder: Option<&Encoder>,
    resident_max: usize,
) -> Option<Kept> {
    let (pack, manifest) = found(disk, keys)?;
    let Manifest { format, commit, next, encoder: of, spaces } = manifest;
    let known = format == IMAGE_FORMAT && of == said_of(encoder);
    (known && commit <= counters.commit && next <= counters.next).then_some(())?;
    // What was forgotten took the key with it, unless the process ended in between. Vectors that came later
    // are of records that may lie in it.
    let since = usize::try_from(counters.commit - commit).ok()?;
    let later = tables.audit(since).ok()?;
    let added = |it: &AuditLine| match it.deed {
        Deed::Forgotten => false,
        Deed::Encoded => it.first >= next,
        _ => true,
    };
    later.iter().all(added).then_some(())?;
    let changed = tables.changed_since(commit, counters).ok()??;
    let index = Index::read(&pack, spaces, resident_max)?;
    (!pack.is_damaged()).then_some(Kept { index, next, changed })
}
