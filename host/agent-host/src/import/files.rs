//! The files of an import, and the reader of each.

use std::{
    collections::VecDeque,
    ffi::OsString,
    fs::{self, FileType, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use voyager_base::call::Cancellation;

use super::{
    Bad, Bytes, Format, Found, Item, NOTE_BYTES_MAX, Place, Source, Stop, chat,
    input::{Input, Piece, utf8},
    lines, notes,
    stream::Stream,
    table::{self, Table},
    transcript::Transcript,
};

/// Most files of one folder.
const FILES_MAX: usize = 100_000;

/// Most folders within each other.
const DEPTH_MAX: usize = 64;

/// What is to be read.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// The files, in the order of their names.
    pub(crate) files: Vec<Listed>,
    /// Other files, and links, which are not read.
    pub(crate) passed_over: u64,
    /// Folders below that one, and notes, which can't be read: their paths, and what the system said.
    pub(crate) unread: Vec<(String, io::Error)>,
}

/// A file that is to be read.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// What it is called, where its path says nothing to people.
    given: Option<String>,
    /// Its size when it was listed.
    pub(crate) bytes: u64,
    /// What its records are the thread of, unless they say otherwise.
    pub(crate) thread: String,
    /// What it is taken for.
    format: Format,
    /// Whether it was named itself: then a link is followed.
    pub(crate) is_named: bool,
    /// Whether it is read as it comes, once, and nobody knows how much follows.
    pub(crate) is_stream: bool,
}

impl Listed {
    /// What people call it.
    pub(crate) fn name(&self) -> String {
        self.given.clone().unwrap_or_else(|| self.path.display().to_string())
    }
}

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoFiles {
    /// The machine refuses.
    #[error("{path}: {error}")]
    Disk {
        /// Which file or folder.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// It is nothing that can be imported.
    #[error("{0}")]
    Unfit(String),
}

impl Files {
    /// The file at a path, or the notes of the folder there; `given` is what it is called, where that is something
    /// else.
    ///
    /// # Errors
    /// [`NoFiles`].
    pub(crate) fn find(path: &Path, given: Option<&str>, format: Format) -> Result<Self, NoFiles> {
        let name = given.map_or_else(|| path.display().to_string(), str::to_owned);
        let disk = |error| NoFiles::Disk { path: name.clone(), error };
        let unfit = |why: &str| Err(NoFiles::Unfit(format!("{name} {why}")));
        let about = fs::metadata(path).map_err(disk)?;
        if about.is_dir() {
            if !matches!(format, Format::Auto | Format::Markdown) {
                return unfit("is a folder: of folders only notes in Markdown are imported");
            }
            let mut files = Self::default();
            files.below(path, path, 0)?;
            return Ok(files);
        }
        let is_stream = about.file_type().is_fifo();
        if !about.is_file() && !is_stream {
            return unfit("is no file and no folder");
        }
        if is_stream && format == Format::Parquet {
            return unfit(
                "is a stream, and a table is read from its end: write it to a file first",
            );
        }
        let last = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (given, path) = (given.map(str::to_owned), path.to_owned());
        let (thread, bytes) = (given.clone().unwrap_or_else(last), about.len());
        let file = Listed { path, given, bytes, thread, format, is_named: true, is_stream };
        Ok(Self { files: vec![file], ..Self::default() })
    }

    fn below(&mut self, root: &Path, folder: &Path, depth: usize) -> Result<(), NoFiles> {
        let disk = |error| NoFiles::Disk { path: folder.display().to_string(), error };
        let too_much = |what: String| NoFiles::Unfit(format!("{}: {what}", root.display()));
        if depth > DEPTH_MAX {
            return Err(too_much(format!("more than {DEPTH_MAX} folders lie within each other")));
        }
        let entries = match listed(folder) {
            Err(error) if depth > 0 => {
                self.unread.push((folder.display().to_string(), error));
                return Ok(());
            }
            entries => entries.map_err(disk)?,
        };
        for (name, kind) in entries {
            let path = folder.join(&name);
            let is_hidden = name.to_string_lossy().starts_with('.');
            if kind.is_dir() && !is_hidden {
                self.below(root, &path, depth + 1)?;
            } else if kind.is_file() && !is_hidden && ends_as(&path, &["md", "markdown"]) {
                if self.files.len() == FILES_MAX {
                    return Err(too_much(format!("has more than {FILES_MAX} notes")));
                }
                let bytes = match fs::symlink_metadata(&path) {
                    Ok(about) => about.len(),
                    Err(error) => {
                        self.unread.push((path.display().to_string(), error));
                        continue;
                    }
                };
                let thread = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
                let (thread, format) = (thread.into_owned(), Format::Markdown);
                let (given, is_named, is_stream) = (None, false, false);
                let file = Listed { path, given, bytes, thread, format, is_named, is_stream };
                self.files.push(file);
            } else {
                self.passed_over += 1;
            }
        }
        Ok(())
    }

    /// The bytes of all.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|it| it.bytes).sum()
    }
}

/// What lies in a folder, by its name.
fn listed(folder: &Path) -> io::Result<Vec<(OsString, FileType)>> {
    let entry = |it: io::Result<fs::DirEntry>| {
        let it = it?;
        Ok((it.file_name(), it.file_type()?))
    };
    let mut entries = fs::read_dir(folder)?.map(entry).collect::<io::Result<Vec<_>>>()?;
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(entries)
}

/// Whether text with such a name may be a chat: much else has lines like `name: value`.
fn may_be_a_chat(path: &Path) -> bool {
    path.extension().is_none() || ends_as(path, &["txt", "text", "log", "chat"])
}

fn ends_as(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    endings.contains(&ending.as_str())
}

/// A file that is read item by item.
pub(crate) struct Reader {
    kind: Kind,
    /// Items that a piece gave and nobody took.
    items: VecDeque<Found>,
    /// The thread of what has none.
    thread: Option<String>,
}

/// How a file is cut into pieces.
enum Kind {
    Lines(Input, Parse),
    Array(Input, Parse),
    Transcript(Box<Transcript>),
    Table(Box<Table>),
    /// It is read, and has so many bytes.
    Note(Box<notes::Records>, u64),
    /// There is nothing in it.
    Empty(u64),
}

/// The items of a piece that begins at a place.
type Parse = fn(Place, &[u8]) -> Result<Vec<Item>, Bad>;

impl Reader {
    /// Opens a file. A stream is read until it ends, or whoever asked does not want it any more.
    ///
    /// # Errors
    /// [`Stop`].
    pub(crate) fn open(file: &Listed, cancellation: &Cancellation) -> Result<Self, Stop> {
        if file.is_stream {
            let stream = Stream::open(&file.path, cancellation.clone())?;
            return Self::new(Box::new(stream), file);
        }
        let mut options = OpenOptions::new();
        options.read(true);
        if !file.is_named {
            // It was no link when it was listed.
            options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        }
        let opened = options.open(&file.path)?;
        Self::new(Box::new(opened), file)
    }

    fn new(mut bytes: Bytes, file: &Listed) -> Result<Self, Stop> {
        let (items, thread) = (VecDeque::new(), Some(file.thread.clone()));
        let is = |endings: &[&str]| file.format == Format::Auto && ends_as(&file.path, endings);
        if file.format == Format::Markdown || is(&["md", "markdown"]) {
            let (records, bytes) = note(bytes)?;
            return Ok(Self { kind: Kind::Note(Box::new(records), bytes), items, thread });
        }
        if file.format == Format::Parquet
            || is(&["parquet"])
            || (file.format == Format::Auto && !file.is_stream && is_table(&mut *bytes)?)
        {
            let table = Box::new(Table::open(bytes)?);
            return Ok(Self { kind: Kind::Table(table), items, thread: None });
        }
        let mut input = Input::new(bytes)?;
        let sign = input.peek()?;
        if file.format == Format::Jsonl || is(&["jsonl", "ndjson"]) {
            return Ok(Self { kind: Kind::Lines(input, lines::item), items, thread: None });
        }
        let kind = match sign {
            [Some(b'['), Some(b'{' | b']')] => Kind::Array(input, chat::items),
            [Some(b'{'), _] if file.format == Format::Chat => Kind::Lines(input, chat::items),
            [Some(b'{'), _] => {
                return Ok(Self { kind: Kind::Lines(input, lines::item), items, thread: None });
            }
            [None, _] => Kind::Empty(input.bytes()),
            _ if file.format == Format::Auto && !may_be_a_chat(&file.path) => {
                let problem = "its name does not say what this is; say it with --format";
                return Err(Stop::Bad(Bad::new(Place { line: 1, column: 1 }, problem)));
            }
            _ if file.is_stream => {
                let problem = "no JSON begins here: other text is read twice, which a stream is not; write it to a \
                               file first, or say `--format markdown`";
                return Err(Stop::Bad(Bad::new(Place { line: 1, column: 1 }, problem)));
            }
            _ => Kind::Transcript(Box::new(Transcript::new(input)?)),
        };
        Ok(Self { kind, items, thread })
    }

    /// How many bytes were read.
    pub(crate) fn bytes(&self) -> u64 {
        match &self.kind {
            Kind::Lines(input, _) | Kind::Array(input, _) => input.bytes(),
            Kind::Transcript(it) => it.bytes(),
            Kind::Table(it) => it.bytes(),
            Kind::Note(_, bytes) | Kind::Empty(bytes) => *bytes,
        }
    }

    /// The next item; none at the end of the file.
    ///
    /// # Errors
    /// [`Stop`].
    pub(crate) fn next(&mut self) -> Result<Option<Found>, Stop> {
        let found = loop {
            if let Some(found) = self.items.pop_front() {
                break found;
            }
            let (piece, parse) = match &mut self.kind {
                Kind::Empty(_) => return Ok(None),
                Kind::Note(it, _) => match it.next() {
                    Some(found) => break Ok(found),
                    None => return Ok(None),
                },
                Kind::Table(it) => match it.next()? {
                    Some(found) => break found,
                    None => return Ok(None),
                },
                Kind::Transcript(it) => match it.next()? {
                    Some(found) => break found,
                    None => return Ok(None),
                },
                Kind::Lines(input, parse) => (input.line()?, *parse),
                Kind::Array(input, parse) => (input.element()?, *parse),
            };
            let Some(piece) = piece else { return Ok(None) };
            self.items.extend(items(piece, parse));
        };
        Ok(Some(found.and_then(|(place, item)| self.checked(place, item))))
    }

    /// An item in its thread, where it is one that can be remembered.
    fn checked(&self, place: Place, item: Item) -> Found {
        let Item::Record { id, mut draft, supersedes, trust, untimed } = item else {
            return Ok((place, item));
        };
        if draft.thread.is_none() {
            draft.thread.clone_from(&self.thread);
        }
        draft.check().map_err(|it| Bad { place, problem: it.to_string() })?;
        Ok((place, Item::Record { id, draft, supersedes, trust, untimed }))
    }
}

/// Whether a file begins and ends as tables in Parquet do: text may begin so, too.
fn is_table(bytes: &mut dyn Source) -> io::Result<bool> {
    let length = bytes.seek(io::SeekFrom::End(0))?;
    let mut ends = [[0; 4]; 2];
    if length >= 12 {
        for (end, at) in ends.iter_mut().zip([0, length - 4]) {
            bytes.seek(io::SeekFrom::Start(at))?;
            bytes.read_exact(end)?;
        }
    }
    bytes.seek(io::SeekFrom::Start(0))?;
    Ok(ends == [*table::MAGIC; 2])
}

fn items(piece: Piece, parse: Parse) -> Vec<Found> {
    let (place, bytes) = match piece {
        Ok(piece) => piece,
        Err(bad) => return vec![Err(bad)],
    };
    if bytes.trim_ascii().is_empty() {
        return Vec::new();
    }
    // The JSON reader would say no more than that it is wrong.
    let text = match utf8(place, bytes) {
        Ok(text) => text,
        Err(bad) => return vec![Err(bad)],
    };
    match parse(place, text.as_bytes()) {
        Ok(items) => items.into_iter().map(|it| Ok((place, it))).collect(),
        Err(bad) => vec![Err(bad)],
    }
}

/// The records of a note, and its bytes.
fn note(bytes: Bytes) -> Result<(notes::Records, u64), Stop> {
    let mut content = Vec::new();
    bytes.take(NOTE_BYTES_MAX + 1).read_to_end(&mut content)?;
    let start = Place { line: 1, column: 1 };
    let read = content.len() as u64;
    if read > NOTE_BYTES_MAX {
        let problem = format!("the note has more than {NOTE_BYTES_MAX} bytes: split it");
        return Err(Stop::Bad(Bad::new(start, problem)));
    }
    let text = utf8(start, content).map_err(Stop::Bad)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok((notes::Records::of(text).map_err(Stop::Bad)?, read))
}

/// Reads a file that is in memory, for tests and for the fuzz targets.
#[cfg_attr(not(test), allow(dead_code, reason = "the program reads files where they lie"))]
pub(crate) fn read(name: &str, format: Format, content: &[u8]) -> (Vec<Found>, Option<Stop>) {
    read_from(name, format, Box::new(io::Cursor::new(content.to_vec())))
}

/// The same of bytes that come as they like.
#[cfg_attr(not(test), allow(dead_code, reason = "the program reads files where they lie"))]
pub(super) fn read_from(name: &str, format: Format, bytes: Bytes) -> (Vec<Found>, Option<Stop>) {
    let (path, thread) = (PathBuf::from(name), name.to_owned());
    let (given, is_named, is_stream) = (None, true, false);
    let file = Listed { path, given, bytes: 0, thread, format, is_named, is_stream };
    let mut found = Vec::new();
    let mut reader = match Reader::new(bytes, &file) {
        Ok(reader) => reader,
        Err(stop) => return (found, Some(stop)),
    };
    loop {
        match reader.next() {
            Ok(Some(it)) => found.push(it),
            Ok(None) => return (found, None),
            Err(stop) => return (found, Some(stop)),
        }
    }
}
