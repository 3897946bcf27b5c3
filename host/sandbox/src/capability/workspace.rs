//! `voyager:workspace`: files of the granted folders.

use serde_bytes::ByteBuf;
use voyager_base::{
    Error, ErrorKind,
    workspace::{
        FileEntry, FileKind, FileStat, Found, Inspect, List, Listed, Place, ReadFile, RemoveFile,
        RenameFile, Replace, Replaced, Search, ShowDiff, TextQuery, WriteFile,
    },
};
use wasmtime::component::{Resource, ResourceTableError};

use super::wit::voyager::workspace::files;
use crate::{ending::Ending, guest::Guest};

/// Most entries that one `listing.next` gives.
const ENTRIES_MAX: usize = 10_000;

/// A guest that holds listings with more files than this, not yet taken, gets no further one: each may
/// have a million, and handles alone would let it hold a thousand of them.
const LISTED_MAX: usize = 100_000;

/// A granted folder, as the guest's handle names it.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct Folder {
    root: String,
}

/// A listing, and how much of it the guest has seen. It is one effect, recorded as a whole.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct Listing {
    entries: std::vec::IntoIter<FileEntry>,
    skipped: Vec<(String, String)>,
}

type Answer<T> = wasmtime::Result<Result<T, files::Error>>;

impl files::Host for Guest {
    async fn roots(&mut self) -> Answer<Vec<files::Root>> {
        let grants = self.ledger().grants();
        let names = grants.granted_roots().into_iter();
        let roots = names.map(|name| {
            let folder = self.open(Folder { root: name.to_owned() })?;
            Ok(files::Root { name: name.to_owned(), folder })
        });
        roots.collect::<wasmtime::Result<_>>().map(Ok)
    }
}

impl files::HostFolder for Guest {
    async fn list(
        &mut self,
        folder: Resource<Folder>,
        globs: Vec<String>,
    ) -> Answer<Resource<Listing>> {
        let root = self.root(&folder)?;
        if self.listed > LISTED_MAX {
            let message = format!(
                "this task holds listings with more than {LISTED_MAX} files; take these, or drop the \
                 listings, before the next"
            );
            let error = Error::new(ErrorKind::Limit, message);
            return Ok(Err(error.bound(format!("listed-files: {LISTED_MAX}")).into()));
        }
        match self.ask(List { root, globs }).await? {
            Ok(Listed { files, skipped }) => {
                self.listed += files.len();
                self.open(Listing { entries: files.into_iter(), skipped }).map(Ok)
            }
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn stat(&mut self, folder: Resource<Folder>, path: String) -> Answer<files::Stat> {
        let root = self.root(&folder)?;
        let answer = self.ask(Inspect { root, path, follow: false }).await?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }

    async fn read(
        &mut self,
        folder: Resource<Folder>,
        path: String,
        offset: u64,
        length: u64,
    ) -> Answer<Vec<u8>> {
        let root = self.root(&folder)?;
        let answer = self.ask(ReadFile { root, path, offset, length }).await?;
        Ok(answer.map(ByteBuf::into_vec).map_err(Into::into))
    }

    async fn write(
        &mut self,
        folder: Resource<Folder>,
        path: String,
        content: Vec<u8>,
    ) -> Answer<()> {
        let root = self.root(&folder)?;
        let content = ByteBuf::from(content);
        Ok(self.ask(WriteFile { root, path, content }).await?.map_err(Into::into))
    }

    async fn remove(&mut self, folder: Resource<Folder>, path: String) -> Answer<()> {
        let root = self.root(&folder)?;
        Ok(self.ask(RemoveFile { root, path }).await?.map_err(Into::into))
    }

    async fn rename(&mut self, folder: Resource<Folder>, from: String, to: String) -> Answer<()> {
        let root = self.root(&folder)?;
        Ok(self.ask(RenameFile { root, from, to }).await?.map_err(Into::into))
    }

    async fn search(
        &mut self,
        folder: Resource<Folder>,
        query: files::Query,
        places_max: u32,
    ) -> Answer<files::Found> {
        let root = self.root(&folder)?;
        let answer = self.ask(Search { root, query: query.into(), places_max }).await?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }

    async fn replace(
        &mut self,
        folder: Resource<Folder>,
        query: files::Query,
        replacement: String,
    ) -> Answer<files::Replaced> {
        let root = self.root(&folder)?;
        let answer = self.ask(Replace { root, query: query.into(), replacement }).await?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }

    async fn diff(&mut self, folder: Resource<Folder>, bytes_max: u64) -> Answer<String> {
        let root = self.root(&folder)?;
        Ok(self.ask(ShowDiff { root, bytes_max }).await?.map_err(Into::into))
    }

    async fn drop(&mut self, folder: Resource<Folder>) -> wasmtime::Result<()> {
        self.handles.delete(folder)?;
        Ok(())
    }
}

impl files::HostListing for Guest {
    async fn next(&mut self, listing: Resource<Listing>, max: u32) -> Answer<Vec<files::Entry>> {
        let listing = self.handles.get_mut(&listing)?;
        let max = ENTRIES_MAX.min(max as usize);
        let entries: Vec<files::Entry> =
            listing.entries.by_ref().take(max).map(Into::into).collect();
        self.listed -= entries.len();
        Ok(Ok(entries))
    }

    async fn skipped(
        &mut self,
        listing: Resource<Listing>,
    ) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(self.handles.get(&listing)?.skipped.clone())
    }

    async fn drop(&mut self, listing: Resource<Listing>) -> wasmtime::Result<()> {
        let listing = self.handles.delete(listing)?;
        self.listed -= listing.entries.len();
        Ok(())
    }
}

impl Guest {
    fn root(&self, folder: &Resource<Folder>) -> wasmtime::Result<String> {
        Ok(self.handles.get(folder)?.root.clone())
    }

    /// Gives the guest a handle.
    pub(crate) fn open<T: Send + 'static>(&mut self, thing: T) -> wasmtime::Result<Resource<T>> {
        self.handles.push(thing).map_err(|error| self.not_opened(error))
    }

    /// Gives the guest a handle that must be dropped before another.
    pub(crate) fn open_below<T: Send + 'static, P: 'static>(
        &mut self,
        thing: T,
        parent: &Resource<P>,
    ) -> wasmtime::Result<Resource<T>> {
        self.handles.push_child(thing, parent).map_err(|error| self.not_opened(error))
    }

    fn not_opened(&self, error: ResourceTableError) -> wasmtime::Error {
        match error {
            ResourceTableError::Full => Ending::limit("handles", self.handles.max_capacity()),
            other => other.into(),
        }
    }
}

impl From<FileEntry> for files::Entry {
    fn from(entry: FileEntry) -> Self {
        Self { path: entry.path, size: entry.size }
    }
}

impl From<FileStat> for files::Stat {
    fn from(stat: FileStat) -> Self {
        let kind = match stat.kind {
            FileKind::File => files::Kind::File,
            FileKind::Directory => files::Kind::Directory,
            FileKind::Symlink => files::Kind::Symlink,
            FileKind::Other(what) => files::Kind::Other(what),
        };
        Self { kind, size: stat.size }
    }
}

impl From<files::Query> for TextQuery {
    fn from(query: files::Query) -> Self {
        let files::Query { pattern, literal, word, ignore_case, globs } = query;
        Self { pattern, literal, word, ignore_case, globs }
    }
}

impl From<Place> for files::Place {
    fn from(place: Place) -> Self {
        let Place { path, line, column, text } = place;
        Self { path, line, column, text }
    }
}

impl From<Found> for files::Found {
    fn from(found: Found) -> Self {
        let Found { places, files_searched, skipped, more } = found;
        let places = places.into_iter().map(Into::into).collect();
        Self { places, files_searched, skipped, more }
    }
}

impl From<Replaced> for files::Replaced {
    fn from(replaced: Replaced) -> Self {
        let Replaced { files, places, skipped } = replaced;
        Self { files, places, skipped }
    }
}
