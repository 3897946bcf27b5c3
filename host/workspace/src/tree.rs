//! Answers about whole folders: list, search, replace, diff.

use std::{collections::BTreeMap, num::NonZeroUsize, sync::Mutex};

use voyager_base::{
    call::CallContext,
    error::Error,
    grant::Grants,
    workspace::{FileEntry, Found, List, Listed, Place, Replace, Replaced, Search, ShowDiff},
};

use crate::{
    diff,
    diff::Side,
    files::Task,
    folder::{FILE_BYTES_MAX, open_regular, read_whole},
    stage::{Layers, Staged, Stamp, Version},
    text::{Finder, Pattern, Replacement},
    walk::{Filter, Skipped, Source, Visited, Visitor, Walk, bounded},
};

/// Most places that one search gives back, whatever was asked for.
const PLACES_MAX: usize = 100_000;
/// Longest diff, whatever was asked for.
const DIFF_BYTES_MAX: u64 = 16 << 20;

/// What the answers need.
pub(crate) struct Tree<'a> {
    /// What is staged.
    pub(crate) layers: &'a Layers,
    /// Who asks.
    pub(crate) context: &'a CallContext,
    /// How many threads.
    pub(crate) threads: NonZeroUsize,
}

impl Tree<'_> {
    pub(crate) fn list(&self, call: List) -> Result<Listed, Error> {
        let filter = Filter::new(&self.context.grants, &call.root, call.globs)?;
        let (lists, skipped) = self.walk(&call.root, &filter, Lister::default)?;
        let mut files: Vec<FileEntry> = lists.into_iter().flat_map(|it| it.0).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Listed { files, skipped: bounded(skipped) })
    }

    pub(crate) fn search(&self, call: Search) -> Result<Found, Error> {
        let pattern = Pattern::new(&call.query)?;
        let filter = Filter::new(&self.context.grants, &call.root, call.query.globs)?;
        let places_max = usize::try_from(call.places_max).unwrap_or(PLACES_MAX).min(PLACES_MAX);
        let best = Mutex::new(Best { places: BTreeMap::new(), count: 0, places_max, more: false });
        let make = || Seeker {
            contents: Contents::new(self.layers),
            finder: Finder::new(&pattern),
            best: &best,
            files: 0,
        };
        let (seekers, mut skipped) = self.walk(&call.root, &filter, make)?;
        let files_searched = seekers.iter().map(|it| it.files).sum();
        skipped.extend(seekers.into_iter().flat_map(|it| it.contents.skipped));
        let best = best.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (places, more) = best.end();
        Ok(Found { places, files_searched, skipped: bounded(skipped), more })
    }

    pub(crate) fn replace(&self, call: Replace) -> Result<Replaced, Error> {
        let pattern = Pattern::new(&call.query)?;
        let with = Replacement::new(&pattern, &call.query, call.replacement)?;
        let filter = Filter::new(&self.context.grants, &call.root, call.query.globs)?;
        let task = Task::new(self.layers, self.context, &call.root)?;
        let make = || Changer {
            contents: Contents::new(self.layers),
            finder: Finder::new(&pattern),
            with: &with,
            context: self.context,
            root: &call.root,
            changed: Vec::new(),
        };
        let (changers, mut skipped) = self.walk(&call.root, &filter, make)?;
        let mut changed = Vec::new();
        for changer in changers {
            changed.extend(changer.changed);
            skipped.extend(changer.contents.skipped);
        }
        changed.sort_by(|a, b| a.path.cmp(&b.path));
        let files: Vec<(String, u64)> =
            changed.iter().map(|it| (it.path.clone(), it.places)).collect();
        let places = files.iter().map(|(_, places)| places).sum();
        task.stage(changed.into_iter().map(|it| (it.path, it.staged)).collect())?;
        Ok(Replaced { files, places, skipped: bounded(skipped) })
    }

    pub(crate) fn diff(&self, call: &ShowDiff) -> Result<String, Error> {
        let bytes_max = call.bytes_max.min(DIFF_BYTES_MAX);
        let mut shown = String::new();
        let own = self.context.stages.first().map(std::slice::from_ref).unwrap_or_default();
        for (path, staged) in self.layers.overlay(own, &call.root) {
            if shown.len() as u64 > bytes_max {
                break;
            }
            // What is staged may be hidden too: a rename brings what the task never saw.
            let readable = self.context.grants.may_read(&call.root, &path);
            let bytes = |version: &Option<Version>| {
                let shown = version.as_ref().filter(|_| readable);
                shown.map(|it| self.layers.bytes(&it.blob)).transpose()
            };
            let (before, after) = (bytes(&staged.before)?, bytes(&staged.after)?);
            let (old, new) = (side(&staged.before, &before), side(&staged.after, &after));
            diff::add(&mut shown, &path, old, new);
        }
        diff::cut(&mut shown, bytes_max);
        Ok(shown)
    }

    fn walk<V: Visitor>(
        &self,
        root: &str,
        filter: &Filter<'_>,
        make: impl Fn() -> V + Sync,
    ) -> Result<(Vec<V>, Vec<Skipped>), Error> {
        let task = Task::new(self.layers, self.context, root)?;
        let overlay = task.overlay();
        let walk = Walk {
            folder: task.folder(),
            filter,
            overlay: &overlay,
            threads: self.threads,
            cancellation: &self.context.cancellation,
        };
        walk.run(make)
    }
}

/// One side of a diff, where `bytes` are those of `version` as far as they may be shown.
fn side<'a>(version: &Option<Version>, bytes: &'a Option<Vec<u8>>) -> Side<'a> {
    match (version, bytes) {
        (None, _) => Side::Absent,
        (Some(_), Some(bytes)) => Side::Bytes(bytes),
        (Some(_), None) => Side::Hidden("the grant does not let this task read it"),
    }
}

#[derive(Default)]
struct Lister(Vec<FileEntry>);

impl Visitor for Lister {
    fn visit(&mut self, file: &Visited<'_>) -> Result<(), Error> {
        let size = match file.source {
            Source::Staged(staged) => staged.after.as_ref().map_or(0, Version::size),
            Source::Disk(folder, name) => {
                let flags = rustix::fs::AtFlags::SYMLINK_NOFOLLOW;
                // Vanished meanwhile: not listed.
                let Ok(stat) = rustix::fs::statat(folder, name, flags) else { return Ok(()) };
                u64::try_from(stat.st_size).unwrap_or(0)
            }
        };
        self.0.push(FileEntry { path: file.path.to_owned(), size });
        Ok(())
    }
}

/// Reads the contents of files one after the other into one buffer.
struct Contents<'a> {
    layers: &'a Layers,
    bytes: Vec<u8>,
    skipped: Vec<Skipped>,
}

/// What is known of a content beside its bytes.
struct Origin {
    mode: Option<u32>,
    stamp: Option<Stamp>,
}

impl<'a> Contents<'a> {
    fn new(layers: &'a Layers) -> Self {
        Self { layers, bytes: Vec::new(), skipped: Vec::new() }
    }

    /// Reads a text file; none where it is passed over.
    fn read(&mut self, file: &Visited<'_>) -> Result<Option<Origin>, Error> {
        let origin = match file.source {
            Source::Staged(staged) => {
                let Some(after) = &staged.after else { return Ok(None) };
                self.bytes = self.layers.bytes(&after.blob)?;
                Origin { mode: after.mode, stamp: None }
            }
            Source::Disk(folder, name) => match self.read_disk(folder, name) {
                Ok(Ok(stat)) => {
                    Origin { mode: Some(stat.st_mode & 0o7777), stamp: Some(Stamp::of(&stat)) }
                }
                Ok(Err(reason)) => return Ok(self.skip(file, reason)),
                // Vanished meanwhile: as if it had never been.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Ok(self.skip(file, error.to_string())),
            },
        };
        if memchr::memchr(0, &self.bytes).is_some() {
            return Ok(self.skip(file, "binary (it has a NUL byte)".to_owned()));
        }
        Ok(Some(origin))
    }

    fn read_disk(
        &mut self,
        folder: rustix::fd::BorrowedFd<'_>,
        name: &str,
    ) -> std::io::Result<Result<rustix::fs::Stat, String>> {
        let Some((file, stat)) = open_regular(folder, name)? else {
            return Ok(Err("no regular file".to_owned()));
        };
        if !read_whole(file, &stat, FILE_BYTES_MAX, &mut self.bytes)? {
            return Ok(Err(format!("it has more than {FILE_BYTES_MAX} bytes")));
        }
        Ok(Ok(stat))
    }

    fn skip(&mut self, file: &Visited<'_>, reason: String) -> Option<Origin> {
        self.skipped.push((file.path.to_owned(), reason));
        None
    }
}

/// The first places of a search, in the order of their paths.
struct Best {
    places: BTreeMap<String, Vec<Place>>,
    count: usize,
    places_max: usize,
    more: bool,
}

impl Best {
    fn add(&mut self, path: &str, places: Vec<Place>, more: bool) {
        self.more |= more;
        self.count += places.len();
        self.places.insert(path.to_owned(), places);
        // Files far behind are forgotten, so that memory stays bounded.
        while let Some(last) = self.places.last_entry() {
            if self.count - last.get().len() < self.places_max {
                return;
            }
            self.count -= last.remove().len();
            self.more = true;
        }
    }

    fn end(self) -> (Vec<Place>, bool) {
        let mut places: Vec<Place> = self.places.into_values().flatten().collect();
        let more = self.more || places.len() > self.places_max;
        places.truncate(self.places_max);
        (places, more)
    }
}

struct Seeker<'a> {
    contents: Contents<'a>,
    finder: Finder<'a>,
    best: &'a Mutex<Best>,
    files: u64,
}

impl Visitor for Seeker<'_> {
    fn visit(&mut self, file: &Visited<'_>) -> Result<(), Error> {
        if self.contents.read(file)?.is_none() {
            return Ok(());
        }
        self.files += 1;
        let places_max =
            self.best.lock().unwrap_or_else(std::sync::PoisonError::into_inner).places_max;
        match self.finder.places(file.path, &self.contents.bytes, places_max) {
            Ok((places, more)) if !places.is_empty() || more => {
                let mut best = self.best.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                best.add(file.path, places, more);
            }
            Ok(_) => {}
            Err(error) => drop(self.contents.skip(file, error.to_string())),
        }
        Ok(())
    }
}

struct Changed {
    path: String,
    places: u64,
    staged: Staged,
}

struct Changer<'a> {
    contents: Contents<'a>,
    finder: Finder<'a>,
    with: &'a Replacement,
    context: &'a CallContext,
    root: &'a str,
    changed: Vec<Changed>,
}

impl Visitor for Changer<'_> {
    fn visit(&mut self, file: &Visited<'_>) -> Result<(), Error> {
        let grants: &Grants = &self.context.grants;
        if !grants.may_write(self.root, file.path) {
            return Ok(());
        }
        let Some(origin) = self.contents.read(file)? else { return Ok(()) };
        let bytes_max = usize::try_from(FILE_BYTES_MAX).unwrap_or(usize::MAX);
        let replaced = self.finder.replaced(&self.contents.bytes, self.with, bytes_max);
        let (bytes, places) = match replaced {
            Ok(Some(replaced)) => replaced,
            Ok(None) => return Ok(()),
            Err(error) => {
                self.contents.skip(file, error.to_string());
                return Ok(());
            }
        };
        let layers = self.contents.layers;
        let seen = self
            .context
            .stages
            .first()
            .and_then(|own| layers.witnessed(*own, self.root, file.path));
        if seen.is_some() && origin.stamp.is_some() && seen != origin.stamp {
            self.contents.skip(file, "somebody changed it since this task read it".to_owned());
            return Ok(());
        }
        let old = std::mem::take(&mut self.contents.bytes);
        let before = Some(Version { blob: layers.keep(old)?, mode: origin.mode });
        let after = Some(Version { blob: layers.keep(bytes)?, mode: origin.mode });
        self.changed.push(Changed {
            path: file.path.to_owned(),
            places,
            staged: Staged { before, after },
        });
        Ok(())
    }
}
