//! Compiled skills on disk.
//!
//! Compiled code is native code: whoever writes it runs in the host. So the folder belongs to the host
//! alone (0700), every entry is authenticated with a key that lies in it (0600), and code from
//! anywhere else is never loaded.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags};
use voyager_base::{Digest, chance::Chance};

use crate::{
    compiler::{ANSWER_BYTES_MAX, Code, Compiled},
    decode::Decoded,
};

/// Bytes of an authentication code.
const CODE_BYTES: usize = 32;

/// Most bytes of an entry: no compiler's answer has more.
const ENTRY_BYTES_MAX: u64 = ANSWER_BYTES_MAX + CODE_BYTES as u64;

/// A folder of compiled skills.
pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; 32],
    /// What all code in use depends on beside the component.
    engine: Digest,
}

impl Cache {
    /// Opens the folder, and makes it and its key where they are missing.
    pub(crate) fn open(folder: &Path, engine: Digest, chance: &dyn Chance) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let found = fs::metadata(folder)?;
        if found.uid() != rustix::process::geteuid().as_raw() || found.mode() & 0o077 != 0 {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "it must belong to the user of this host, with mode 0700: what lies there is run as \
                 native code",
            ));
        }
        let key = key(folder, chance)?;
        Ok(Self { folder: folder.to_owned(), key, engine })
    }

    /// The compiled skill, where an authentic one is there. Anything else counts as missing.
    pub(crate) fn find(&self, component: Digest) -> Option<Compiled> {
        let bytes = read(&self.path(component)).ok()?;
        let (code, body) = bytes.split_at_checked(CODE_BYTES)?;
        let expected = self.authenticate(component, body);
        // Compared in constant time.
        if expected != blake3::Hash::from_slice(code).ok()? {
            return None;
        }
        let compiled = Compiled::read(bytes, CODE_BYTES)?;
        (compiled.decoded.skill.component == component).then_some(compiled)
    }

    /// Keeps a compiled skill.
    pub(crate) fn keep(&self, compiled: &Compiled) -> io::Result<()> {
        let component = compiled.decoded.skill.component;
        let mut body = Vec::new();
        compiled.write(&mut body)?;
        let path = self.path(component);
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        let mut file = private(&partial)?;
        file.write_all(self.authenticate(component, &body).as_bytes())?;
        file.write_all(&body)?;
        drop(file);
        fs::rename(&partial, &path)
    }

    fn path(&self, component: Digest) -> PathBuf {
        self.folder.join(format!("{component}-{}.skill", &self.engine.to_string()[..16]))
    }

    fn authenticate(&self, component: Digest, body: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&component.0).update(&self.engine.0).update(body);
        hasher.finalize()
    }
}

/// The folder's key. Two hosts that start at once agree on that of the first.
fn key(folder: &Path, chance: &dyn Chance) -> io::Result<[u8; 32]> {
    let path = folder.join("key");
    let mut key = [0; 32];
    match fs::File::open(&path) {
        Ok(mut file) => return file.read_exact(&mut key).map(|()| key),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    chance.fill(&mut key);
    let partial = folder.join(format!("key.{}.partial", std::process::id()));
    private(&partial)?.write_all(&key)?;
    let linked = fs::hard_link(&partial, &path);
    fs::remove_file(&partial)?;
    match linked {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::File::open(&path)?.read_exact(&mut key).map(|()| key)
        }
        Err(error) => Err(error),
    }
}

/// A new file. What lies there is what a host that died left, or a link: neither is written to.
fn private(path: &Path) -> io::Result<fs::File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => OpenOptions::new().write(true).create_new(true).mode(0o600).open(path),
    }
}

/// Reads an entry: a file of a bounded size. A link is not followed and a pipe not waited for, so that what
/// others may have put there costs nothing but compiling again.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = fs::File::from(rustix::fs::open(path, OFlags::RDONLY | flags, Mode::empty())?);
    let found = file.metadata()?;
    if !found.is_file() || found.len() > ENTRY_BYTES_MAX {
        return Err(io::Error::other("it is no entry"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or(0));
    file.take(ENTRY_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The framing of a compiled skill: length of the description, description, code.
impl Compiled {
    /// Writes it.
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> io::Result<()> {
        let decoded = rmp_serde::to_vec_named(&self.decoded).map_err(io::Error::other)?;
        out.extend_from_slice(&(decoded.len() as u64).to_le_bytes());
        out.extend_from_slice(&decoded);
        out.extend_from_slice(&self.code);
        Ok(())
    }

    /// Reads it from the bytes behind `from`; none where they are something else.
    pub(crate) fn read(bytes: Vec<u8>, from: usize) -> Option<Self> {
        let (length, rest) = bytes.get(from..)?.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (decoded, code) = rest.split_at_checked(length)?;
        let decoded: Decoded = rmp_serde::from_slice(decoded).ok()?;
        let at = bytes.len() - code.len();
        Some(Self { decoded, code: Code::at(bytes, at) })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use voyager_base::{chance::Seeded, operation::Skill};

    use super::*;

    fn compiled() -> Compiled {
        let skill = Skill {
            component: Digest::of(b"component"),
            package: "a:b".into(),
            version: String::new(),
            docs: String::new(),
            operations: Vec::new(),
            imports: Vec::new(),
            size: 9,
        };
        Compiled {
            decoded: Decoded {
                skill,
                imports: Vec::new(),
                reusable: false,
                program: None,
                lines: Vec::new(),
            },
            code: Code::at(b"code".to_vec(), 0),
        }
    }

    fn open(folder: &Path) -> io::Result<Cache> {
        Cache::open(folder, Digest::of(b"engine"), &Seeded::new(1))
    }

    #[test]
    fn what_is_kept_is_found_by_this_engine_only() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("cache");
        let component = compiled().decoded.skill.component;
        open(&folder).unwrap().keep(&compiled()).unwrap();
        assert_eq!(open(&folder).unwrap().find(component), Some(compiled()));
        let other = Cache::open(&folder, Digest::of(b"other"), &Seeded::new(2)).unwrap();
        assert_eq!(other.find(component), None);
    }

    #[test]
    fn a_changed_entry_counts_as_missing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(&folder.path().join("cache")).unwrap();
        cache.keep(&compiled()).unwrap();
        let component = compiled().decoded.skill.component;
        let path = cache.path(component);
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(cache.find(component), None);
        fs::write(&path, b"short").unwrap();
        assert_eq!(cache.find(component), None);
        // An authentic entry under the name of another component is not taken for it.
        cache.keep(&compiled()).unwrap();
        let other = Digest::of(b"other");
        fs::rename(&path, cache.path(other)).unwrap();
        assert_eq!(cache.find(other), None);
    }

    #[test]
    fn a_folder_that_others_may_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let error = open(folder.path()).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
}
