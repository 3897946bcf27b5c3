//! `wasi:filesystem`: the granted folders for programs, and for everybody else no files at all. This only
//! translates; see `files.rs`. Files have no times, one link each, and no symbolic link is made or read.

use voyager_base::{
    Digest,
    workspace::{Entry, FileKind},
};
use wasmtime::component::Resource;

use super::{
    io::{Input, Sink, StreamFault},
    wit::wasi::filesystem::{
        preopens,
        types::{
            self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
            ErrorCode, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
        },
    },
};
use crate::{
    files::{Fault, FileId, Fs, Node, Opening, Place},
    guest::Guest,
};

/// Most bytes that one read gives, whatever was asked for.
const READ_BYTES_MAX: u64 = 64 << 10;

/// Entries of folders that a program may hold, not yet taken.
const LISTED_MAX: usize = 100_000;

/// An open file or folder.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct Descriptor {
    what: What,
    flags: DescriptorFlags,
}

#[derive(Clone)]
enum What {
    Folder(Place),
    File(FileId),
}

/// What lies in a folder, as far as it was not taken.
#[expect(unreachable_pub, reason = "the bindings re-export it")]
pub struct Entries(std::vec::IntoIter<Entry>);

type Handle = Resource<Descriptor>;

impl preopens::Host for Guest {
    /// One folder is the current one; several lie in it, by their names.
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Handle, String)>> {
        if self.command.is_none() {
            return Ok(Vec::new());
        }
        let grants = self.ledger().grants();
        let roots = grants.roots();
        let flags = DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY;
        let is_only = roots.len() == 1;
        let open = |root: &&str| {
            let folder = Descriptor { what: What::Folder(Place::root(root)), flags };
            let name = if is_only { "." } else { root };
            Ok((self.open(folder)?, name.to_owned()))
        };
        roots.iter().map(open).collect()
    }
}

impl Guest {
    fn descriptor(&self, handle: &Handle) -> wasmtime::Result<Descriptor> {
        Ok(self.handles.get(handle)?.clone())
    }

    fn folder(&self, handle: &Handle) -> Fs<Place> {
        match self.descriptor(handle)?.what {
            What::Folder(place) => Ok(place),
            What::File(_) => Err(ErrorCode::NotDirectory.into()),
        }
    }

    /// What a folder's handle and a path name.
    fn place(&self, handle: &Handle, path: &str) -> Fs<Place> {
        Ok(self.folder(handle)?.at(path)?)
    }

    fn file(&self, handle: &Handle, right: DescriptorFlags) -> Fs<FileId> {
        let descriptor = self.descriptor(handle)?;
        match descriptor.what {
            What::Folder(_) => Err(ErrorCode::IsDirectory.into()),
            What::File(_) if !descriptor.flags.contains(right) => {
                Err(ErrorCode::BadDescriptor.into())
            }
            What::File(id) => Ok(id),
        }
    }

    async fn sync_descriptor(&mut self, handle: &Handle) -> Fs<()> {
        match self.descriptor(handle)?.what {
            What::Folder(_) => Ok(()),
            What::File(id) => Ok(self.sync_file(id).await??),
        }
    }
}

impl types::Host for Guest {
    fn convert_error_code(&mut self, fault: Fault) -> wasmtime::Result<ErrorCode> {
        match fault {
            Fault::Code(code) => Ok(code),
            Fault::End(error) => Err(error),
        }
    }

    async fn filesystem_error_code(
        &mut self,
        fault: Resource<StreamFault>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(match self.handles.get(&fault)? {
            StreamFault::File(code) => Some(*code),
            StreamFault::Http(_) => None,
        })
    }
}

impl types::HostDescriptor for Guest {
    async fn read_via_stream(&mut self, handle: Handle, offset: u64) -> Fs<Resource<Input>> {
        let id = self.file(&handle, DescriptorFlags::READ)?;
        let stream = self.open(Input::File { id, offset })?;
        self.share_file(id)?;
        Ok(stream)
    }

    async fn write_via_stream(&mut self, handle: Handle, offset: u64) -> Fs<Resource<Sink>> {
        let id = self.file(&handle, DescriptorFlags::WRITE)?;
        let stream = self.open(Sink::File { id, offset: Some(offset) })?;
        self.share_file(id)?;
        Ok(stream)
    }

    async fn append_via_stream(&mut self, handle: Handle) -> Fs<Resource<Sink>> {
        let id = self.file(&handle, DescriptorFlags::WRITE)?;
        let stream = self.open(Sink::File { id, offset: None })?;
        self.share_file(id)?;
        Ok(stream)
    }

    async fn advise(&mut self, _: Handle, _: u64, _: u64, _: Advice) -> Fs<()> {
        Ok(())
    }

    async fn sync_data(&mut self, handle: Handle) -> Fs<()> {
        self.sync_descriptor(&handle).await
    }

    async fn get_flags(&mut self, handle: Handle) -> Fs<DescriptorFlags> {
        Ok(self.descriptor(&handle)?.flags)
    }

    async fn get_type(&mut self, handle: Handle) -> Fs<DescriptorType> {
        Ok(match self.descriptor(&handle)?.what {
            What::Folder(_) => DescriptorType::Directory,
            What::File(_) => DescriptorType::RegularFile,
        })
    }

    async fn set_size(&mut self, handle: Handle, size: u64) -> Fs<()> {
        let id = self.file(&handle, DescriptorFlags::WRITE)?;
        self.resize_file(id, size).await
    }

    async fn set_times(&mut self, _: Handle, _: NewTimestamp, _: NewTimestamp) -> Fs<()> {
        Ok(())
    }

    async fn read(&mut self, handle: Handle, length: u64, offset: u64) -> Fs<(Vec<u8>, bool)> {
        let id = self.file(&handle, DescriptorFlags::READ)?;
        let most = usize::try_from(length.min(READ_BYTES_MAX)).unwrap_or(0);
        let bytes = self.read_file(id, offset, most).await?;
        let is_end = bytes.is_empty() && most > 0;
        Ok((bytes, is_end))
    }

    async fn write(&mut self, handle: Handle, bytes: Vec<u8>, offset: u64) -> Fs<u64> {
        let id = self.file(&handle, DescriptorFlags::WRITE)?;
        self.write_file(id, Some(offset), &bytes).await?;
        Ok(bytes.len() as u64)
    }

    async fn read_directory(&mut self, handle: Handle) -> Fs<Resource<Entries>> {
        let place = self.folder(&handle)?;
        if self.listed > LISTED_MAX {
            return Err(ErrorCode::InsufficientMemory.into());
        }
        let entries = self.entries(&place).await?;
        self.listed += entries.len();
        Ok(self.open(Entries(entries.into_iter()))?)
    }

    async fn sync(&mut self, handle: Handle) -> Fs<()> {
        self.sync_descriptor(&handle).await
    }

    async fn create_directory_at(&mut self, handle: Handle, path: String) -> Fs<()> {
        let place = self.place(&handle, &path)?;
        self.make_folder(&place).await
    }

    async fn stat(&mut self, handle: Handle) -> Fs<DescriptorStat> {
        Ok(match self.descriptor(&handle)?.what {
            What::Folder(_) => stat(&Node { kind: FileKind::Directory, size: 0 }),
            What::File(id) => stat(&Node { kind: FileKind::File, size: self.file_size(id)? }),
        })
    }

    async fn stat_at(
        &mut self,
        handle: Handle,
        flags: PathFlags,
        path: String,
    ) -> Fs<DescriptorStat> {
        let place = self.place(&handle, &path)?;
        let follow = flags.contains(PathFlags::SYMLINK_FOLLOW);
        Ok(stat(&self.look_up(&place, follow).await?))
    }

    async fn set_times_at(
        &mut self,
        _: Handle,
        _: PathFlags,
        _: String,
        _: NewTimestamp,
        _: NewTimestamp,
    ) -> Fs<()> {
        Ok(())
    }

    async fn link_at(
        &mut self,
        _: Handle,
        _: PathFlags,
        _: String,
        _: Handle,
        _: String,
    ) -> Fs<()> {
        Err(ErrorCode::NotPermitted.into())
    }

    async fn open_at(
        &mut self,
        handle: Handle,
        path_flags: PathFlags,
        path: String,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> Fs<Handle> {
        let place = self.place(&handle, &path)?;
        let follow = path_flags.contains(PathFlags::SYMLINK_FOLLOW);
        if open.contains(OpenFlags::DIRECTORY) {
            if open.contains(OpenFlags::CREATE) {
                return Err(ErrorCode::Invalid.into());
            }
            if self.look_up(&place, follow).await?.kind != FileKind::Directory {
                return Err(ErrorCode::NotDirectory.into());
            }
            return Ok(self.open(Descriptor { what: What::Folder(place), flags })?);
        }
        let how = Opening {
            create: open.contains(OpenFlags::CREATE),
            exclusive: open.contains(OpenFlags::EXCLUSIVE),
            truncate: open.contains(OpenFlags::TRUNCATE),
            write: flags.contains(DescriptorFlags::WRITE),
        };
        let what = match self.open_file(&place, follow, how).await? {
            Some(id) => What::File(id),
            None => What::Folder(place),
        };
        Ok(self.open(Descriptor { what, flags })?)
    }

    async fn readlink_at(&mut self, handle: Handle, path: String) -> Fs<String> {
        let place = self.place(&handle, &path)?;
        match self.look_up(&place, false).await?.kind {
            FileKind::Symlink => Err(ErrorCode::NotPermitted.into()),
            _ => Err(ErrorCode::Invalid.into()),
        }
    }

    async fn remove_directory_at(&mut self, handle: Handle, path: String) -> Fs<()> {
        let place = self.place(&handle, &path)?;
        self.remove_folder(&place).await
    }

    async fn rename_at(
        &mut self,
        handle: Handle,
        path: String,
        other: Handle,
        to: String,
    ) -> Fs<()> {
        let (from, to) = (self.place(&handle, &path)?, self.place(&other, &to)?);
        self.rename_file(&from, &to).await
    }

    async fn symlink_at(&mut self, _: Handle, _: String, _: String) -> Fs<()> {
        Err(ErrorCode::NotPermitted.into())
    }

    async fn unlink_file_at(&mut self, handle: Handle, path: String) -> Fs<()> {
        let place = self.place(&handle, &path)?;
        self.remove_file(&place).await
    }

    async fn is_same_object(&mut self, one: Handle, other: Handle) -> wasmtime::Result<bool> {
        Ok(match (self.descriptor(&one)?.what, self.descriptor(&other)?.what) {
            (What::File(one), What::File(other)) => one == other,
            (What::Folder(one), What::Folder(other)) => one == other,
            _ => false,
        })
    }

    async fn metadata_hash(&mut self, handle: Handle) -> Fs<MetadataHashValue> {
        match self.descriptor(&handle)?.what {
            What::Folder(place) => Ok(identity(&place)),
            What::File(id) => {
                let place = self.file_place(id)?.ok_or(ErrorCode::NoEntry)?;
                Ok(identity(&place))
            }
        }
    }

    async fn metadata_hash_at(
        &mut self,
        handle: Handle,
        flags: PathFlags,
        path: String,
    ) -> Fs<MetadataHashValue> {
        let place = self.place(&handle, &path)?;
        self.look_up(&place, flags.contains(PathFlags::SYMLINK_FOLLOW)).await?;
        Ok(identity(&place))
    }

    async fn drop(&mut self, handle: Handle) -> wasmtime::Result<()> {
        match self.handles.delete(handle)?.what {
            What::Folder(_) => Ok(()),
            What::File(id) => self.close_file(id).await,
        }
    }
}

impl types::HostDirectoryEntryStream for Guest {
    async fn read_directory_entry(
        &mut self,
        entries: Resource<Entries>,
    ) -> Fs<Option<DirectoryEntry>> {
        let entries = self.handles.get_mut(&entries).map_err(wasmtime::Error::from)?;
        let Some(Entry { name, kind }) = entries.0.next() else { return Ok(None) };
        self.listed -= 1;
        Ok(Some(DirectoryEntry { type_: descriptor_type(&kind), name }))
    }

    async fn drop(&mut self, entries: Resource<Entries>) -> wasmtime::Result<()> {
        let entries = self.handles.delete(entries)?;
        self.listed -= entries.0.len();
        Ok(())
    }
}

fn stat(node: &Node) -> DescriptorStat {
    DescriptorStat {
        type_: descriptor_type(&node.kind),
        link_count: 1,
        size: node.size,
        data_access_timestamp: None,
        data_modification_timestamp: None,
        status_change_timestamp: None,
    }
}

fn descriptor_type(kind: &FileKind) -> DescriptorType {
    match kind {
        FileKind::File => DescriptorType::RegularFile,
        FileKind::Directory => DescriptorType::Directory,
        FileKind::Symlink => DescriptorType::SymbolicLink,
        FileKind::Other(_) => DescriptorType::Unknown,
    }
}

/// What stands for a file's number on its device.
fn identity(place: &Place) -> MetadataHashValue {
    let digest = Digest::of_parts([place.root.as_bytes(), b"/", place.path.as_bytes()]).0;
    let number = |from: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest[from..from + 8]);
        u64::from_le_bytes(bytes)
    };
    MetadataHashValue { lower: number(0), upper: number(8) }
}
