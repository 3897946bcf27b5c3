//! `memory snapshot`, `memory snapshots`, and restoring from a folder of them.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{Context, ask, current_folder};
use crate::{
    failure::Failure,
    protocol::{MemoryRequest, SnapshotChoice},
    report::memory::snapshot as told,
    when,
};

/// Takes a snapshot of the memory into a folder.
///
/// The first one holds everything; later ones add what changed, so that one an hour costs little. Commands and skills
/// go on meanwhile. The folder is a backup of its own: `memory restore --from FOLDER` brings the memory back anywhere.
/// What is forgotten later is forgotten there too, so keep it where this machine can reach it.
#[derive(Args)]
pub(super) struct Snapshot {
    /// The folder: a new one, an empty one, or one with snapshots of this memory.
    folder: PathBuf,
    /// Removes older snapshots of this memory, so that this one and the newest before it are so many.
    #[arg(long, value_name = "N")]
    keep: Option<NonZeroUsize>,
}

/// Lists the snapshots of a folder.
///
/// With `--verify` all of them are read, each part once, and their records are opened: exit code 1 where something is damaged.
/// The memory is not needed for that, and nothing is restored.
#[derive(Args)]
pub(super) struct Snapshots {
    /// The folder.
    folder: PathBuf,
    /// Reads all of them, to know that they can be restored.
    #[arg(long, conflicts_with = "leave")]
    verify: bool,
    /// Leaves the folder alone from now on: what is forgotten is not forgotten there any more.
    #[arg(long)]
    leave: bool,
}

/// From where a memory is restored.
#[derive(Args)]
pub(super) struct Source {
    /// Restores the memory from this folder of snapshots, where there is no memory yet.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["ids", "weight"])]
    from: Option<PathBuf>,
    /// That snapshot: its name, or a time, at which or before it was taken [default: the newest].
    #[arg(long, value_name = "NAME|TIME", conflicts_with = "ids", value_parser = chosen)]
    at: Option<SnapshotChoice>,
}

impl Snapshot {
    pub(super) fn run(self, context: &Context) -> Result<u8, Failure> {
        let folder = absolute(&self.folder)?;
        told::taken(context, &ask(context, MemoryRequest::Snapshot { folder, keep: self.keep })?)
    }
}

impl Snapshots {
    pub(super) fn run(self, context: &Context) -> Result<u8, Failure> {
        let folder = absolute(&self.folder)?;
        if self.leave {
            return told::left(context, &ask(context, MemoryRequest::LeaveSnapshots { folder })?);
        }
        told::list(
            context,
            &ask(context, MemoryRequest::Snapshots { folder, verify: self.verify })?,
        )
    }
}

impl Source {
    /// Restores, where a folder is named.
    pub(super) fn run(self, context: &Context) -> Result<Option<u8>, Failure> {
        let Some(from) = &self.from else {
            return match self.at {
                None => Ok(None),
                Some(_) => Err(Failure::usage("--at says which snapshot of a folder is meant")
                    .hint("name the folder with --from FOLDER")),
            };
        };
        let folder = absolute(from)?;
        let at = self.at.unwrap_or_default();
        let answer = ask(context, MemoryRequest::RestoreFrom { folder, at })?;
        told::restored(context, &answer).map(Some)
    }
}

/// One name for one folder, whether it is there yet or not.
fn absolute(folder: &Path) -> Result<String, Failure> {
    let path = current_folder()?.join(folder);
    let known = path.canonicalize().or_else(|error| {
        let (parent, name) = (path.parent(), path.file_name());
        let (Some(parent), Some(name)) = (parent, name) else { return Err(error) };
        Ok(parent.canonicalize()?.join(name))
    });
    let known = known.map_err(|it| Failure::environment(folder.display(), &it))?;
    let text = known.to_str().map(str::to_owned);
    text.ok_or_else(|| Failure::usage(format!("{} is no text", folder.display())))
}

fn chosen(text: &str) -> Result<SnapshotChoice, String> {
    if text.starts_with("snapshot-") {
        return Ok(SnapshotChoice::Named { name: text.to_owned() });
    }
    let at = when::typed(text).map_err(|it| format!("no name of a snapshot, and no time: {it}"))?;
    Ok(SnapshotChoice::At { at })
}
