//! The pages of a column, read from a file that may lie about them.

use std::{
    io::{self, Read as _, Seek as _, SeekFrom},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use parquet::{
    basic::Encoding,
    column::page::{Page, PageMetadata, PageReader},
    errors::{ParquetError, Result},
};

use super::{
    super::Bytes,
    thrift::{self, Header},
};

/// Longest page, in bytes. DuckDB writes such of 100 MB.
pub(super) const PAGE_BYTES_MAX: u64 = 128 << 20;

/// Most bytes that pages of all columns may need at once.
const HELD_BYTES_MAX: u64 = 256 << 20;

/// What a value of a list, or of a dictionary, needs in memory beside its bytes.
const VALUE_BYTES: u64 = 48;

/// Longest header of a page, in bytes: two texts as bounds of what is in it are in it.
const HEADER_BYTES_MAX: u64 = 64 << 10;

/// So much is read at first.
const HEADER_BYTES: u64 = 512;

/// A file that several columns are read of.
#[derive(Clone)]
pub(super) struct Source {
    file: Arc<Mutex<Bytes>>,
    pub(super) length: u64,
    /// How many bytes were read.
    pub(super) read: Arc<AtomicU64>,
}

impl Source {
    pub(super) fn new(mut file: Bytes) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        Ok(Self { file: Arc::new(Mutex::new(file)), length, read: Arc::default() })
    }

    /// The bytes there, which must be in the file.
    pub(super) fn bytes(&self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        if offset.checked_add(length).is_none_or(|it| it > self.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; length as usize];
        // Whoever panicked while it read left nothing behind.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut bytes)?;
        self.read.fetch_add(length, Relaxed);
        Ok(bytes)
    }
}

/// What pages need in memory, of all columns together.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: AtomicU64,
    /// Counts up where nobody has values of earlier pages any more.
    turn: AtomicU64,
}

impl Held {
    pub(super) fn next_turn(&self) {
        self.turn.fetch_add(1, Relaxed);
    }
}

/// The pages of a column.
pub(super) struct Pages {
    source: Source,
    held: Arc<Held>,
    column: Column,
    /// Where the next page begins.
    offset: u64,
    has_dictionary: bool,
    /// What this column's pages hold since the turn began.
    own: u64,
    turn: u64,
}

/// How a column lies in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Where the first page begins, and where the last one ends.
    pub(super) begin: u64,
    pub(super) end: u64,
    /// Whether they are compressed with Snappy.
    pub(super) is_snappy: bool,
    /// Whether a row may have several values, and whether it may have none: then there are levels that say so.
    pub(super) is_list: bool,
    pub(super) is_optional: bool,
    /// Whether values have lengths.
    pub(super) is_text: bool,
}

impl Pages {
    pub(super) fn new(source: &Source, held: &Arc<Held>, column: Column) -> Self {
        let (source, held) = (source.clone(), Arc::clone(held));
        let (offset, turn) = (column.begin, held.turn.load(Relaxed));
        Self { source, held, column, offset, has_dictionary: false, own: 0, turn }
    }

    /// The header of the next page; moves behind it.
    fn header(&mut self) -> Result<Header> {
        let left = self.column.end.saturating_sub(self.offset);
        for most in [HEADER_BYTES, HEADER_BYTES_MAX] {
            let bytes = self.source.bytes(self.offset, left.min(most))?;
            if let Some((header, length)) = thrift::header(&bytes) {
                self.offset += length as u64;
                return Ok(header);
            }
        }
        Err(damaged("what stands before a page says nothing"))
    }

    /// The next page as it was before it was compressed.
    fn next_page(&mut self) -> Result<Option<Page>> {
        while self.offset < self.column.end {
            let header = self.header()?;
            let left = self.column.end.saturating_sub(self.offset);
            let sizes = (u64::try_from(header.compressed), u64::try_from(header.uncompressed));
            let (Ok(compressed), Ok(uncompressed)) = sizes else {
                return Err(damaged("a page has less than no bytes"));
            };
            if compressed > left {
                return Err(damaged("a page ends behind its column"));
            }
            if compressed.max(uncompressed) > PAGE_BYTES_MAX {
                return Err(damaged(&format!(
                    "a page has more than {PAGE_BYTES_MAX} bytes; write smaller ones"
                )));
            }
            let begin = self.offset;
            self.offset += compressed;
            if !(header.is_told && matches!(header.sort, 0 | 2 | 3)) {
                // There may be an index between pages.
                continue;
            }
            let values = number(header.values)?;
            let is_dictionary = header.sort == 2;
            let beside = if self.column.is_list || is_dictionary { u64::from(values) } else { 0 };
            self.hold(uncompressed + VALUE_BYTES * beside, is_dictionary)?;
            let bytes = self.source.bytes(begin, compressed)?;
            let bytes = self.plain(&header, bytes, uncompressed as usize)?;
            return self.page(&header, values, bytes).map(Some);
        }
        Ok(None)
    }

    /// Counts what a page needs. A dictionary stays as long as its column is read.
    fn hold(&mut self, bytes: u64, stays: bool) -> Result<()> {
        let turn = self.held.turn.load(Relaxed);
        if turn != self.turn {
            self.held.bytes.fetch_sub(self.own, Relaxed);
            (self.own, self.turn) = (0, turn);
        }
        if !stays {
            self.own += bytes;
        }
        if self.held.bytes.fetch_add(bytes, Relaxed) + bytes > HELD_BYTES_MAX {
            return Err(damaged(&format!(
                "the pages of one place need more than {HELD_BYTES_MAX} bytes; write smaller ones, \
                 and shorter lists"
            )));
        }
        Ok(())
    }

    fn plain(&self, header: &Header, bytes: Vec<u8>, length: usize) -> Result<Vec<u8>> {
        let levels = match header.sort {
            3 => {
                number(header.definition_bytes)? as usize
                    + number(header.repetition_bytes)? as usize
            }
            _ => 0,
        };
        let wrong = || damaged("a page has another length than it says");
        if levels > length || levels > bytes.len() {
            return Err(wrong());
        }
        let is_plain = !self.column.is_snappy || (header.sort == 3 && header.is_plain);
        if is_plain {
            return if bytes.len() == length { Ok(bytes) } else { Err(wrong()) };
        }
        let (levels, compressed) = bytes.split_at(levels);
        let mut plain = vec![0; length];
        plain[..levels.len()].copy_from_slice(levels);
        let place = &mut plain[levels.len()..];
        // A page without values has nothing compressed.
        if place.is_empty() {
            return Ok(plain);
        }
        let is_whole = snap::raw::decompress_len(compressed) == Ok(place.len());
        let read = is_whole.then(|| snap::raw::Decoder::new().decompress(compressed, place));
        read.and_then(std::result::Result::ok).ok_or_else(wrong)?;
        Ok(plain)
    }

    /// The page, where what decodes it finds as many values as it is told: it takes that for granted.
    fn page(&mut self, header: &Header, num_values: u32, bytes: Vec<u8>) -> Result<Page> {
        let wrong = || damaged("a page has fewer values than it says");
        if header.sort == 2 {
            if !matches!(header.encoding, 0 | 2) {
                return Err(damaged("its dictionary is not written plain"));
            }
            if self.column.is_text && texts_in(&bytes, num_values) < num_values {
                return Err(wrong());
            }
            self.has_dictionary = true;
            let (buf, encoding) = (bytes.into(), Encoding::PLAIN);
            return Ok(Page::DictionaryPage { buf, num_values, encoding, is_sorted: false });
        }
        let encoding = encoding(header.encoding)?;
        let is_plain = encoding == Encoding::PLAIN;
        if encoding == Encoding::RLE_DICTIONARY && !self.has_dictionary {
            return Err(damaged("its dictionary is missing"));
        }
        let (repetition, definition, bytes) = match header.sort {
            3 => (number(header.repetition_bytes)?, number(header.definition_bytes)?, bytes),
            _ => self.without_lengths(header, bytes)?,
        };
        let values = bytes.get((repetition + definition) as usize..).ok_or_else(wrong)?;
        // The levels may say that fewer are there; then the others are passed over.
        let found = match self.column.is_text && is_plain {
            true => texts_in(values, num_values),
            false => num_values,
        };
        let nulls = if header.sort == 3 { number(header.nulls)? } else { 0 };
        Ok(Page::DataPageV2 {
            buf: bytes.into(),
            num_values,
            encoding,
            num_nulls: nulls.max(num_values - found).min(num_values),
            num_rows: 0,
            def_levels_byte_len: definition,
            rep_levels_byte_len: repetition,
            is_compressed: false,
            statistics: None,
        })
    }

    /// A page of the first version as one of the second, where the lengths of levels stand in the header.
    fn without_lengths(&self, header: &Header, bytes: Vec<u8>) -> Result<(u32, u32, Vec<u8>)> {
        let wrong = || damaged("the levels of a page are damaged");
        let (mut rest, mut lengths) = (bytes.as_slice(), [0; 2]);
        let mut levels = Vec::new();
        let [definition, repetition] = header.level_encodings;
        let there = [(self.column.is_list, repetition), (self.column.is_optional, definition)];
        for (length, (is_there, encoding)) in lengths.iter_mut().zip(there) {
            if !is_there {
                continue;
            }
            if encoding != RLE {
                return Err(damaged("its levels are written in a way that is not read here"));
            }
            let (bytes, behind) = rest.split_first_chunk::<4>().ok_or_else(wrong)?;
            *length = u32::from_le_bytes(*bytes);
            let (level, behind) = behind.split_at_checked(*length as usize).ok_or_else(wrong)?;
            levels.extend_from_slice(level);
            rest = behind;
        }
        if levels.is_empty() && rest.len() == bytes.len() {
            return Ok((0, 0, bytes));
        }
        levels.extend_from_slice(rest);
        Ok((lengths[0], lengths[1], levels))
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.held.bytes.fetch_sub(self.own, Relaxed);
    }
}

fn damaged(how: &str) -> ParquetError {
    ParquetError::General(how.to_owned())
}

fn number(number: i64) -> Result<u32> {
    let bounded = u32::try_from(number).ok().filter(|it| *it <= i32::MAX.cast_unsigned());
    bounded.ok_or_else(|| damaged("a page has a number of values that is none"))
}

/// The number of the encoding of levels.
const RLE: i64 = 3;

/// How values are written that are read here: there is little that these can hide.
fn encoding(number: i64) -> Result<Encoding> {
    match number {
        0 => Ok(Encoding::PLAIN),
        2 | 8 => Ok(Encoding::RLE_DICTIONARY),
        RLE => Ok(Encoding::RLE),
        5..=7 => Err(damaged(
            "it is written in differences (DELTA); write it plain, or with dictionaries",
        )),
        _ => Err(damaged(
            "it is written in a way that is not read here; write it plain, or with dictionaries",
        )),
    }
}

/// How many texts with their lengths before them are whole, up to so many.
fn texts_in(bytes: &[u8], most: u32) -> u32 {
    let (mut rest, mut found) = (bytes, 0);
    while found < most {
        let Some((length, behind)) = rest.split_first_chunk::<4>() else { break };
        let length = u32::from_le_bytes(*length) as usize;
        let Some(behind) = behind.get(length..) else { break };
        (rest, found) = (behind, found + 1);
    }
    found
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.next_page()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        Err(damaged("nobody looks ahead"))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        Err(damaged("no page is passed over"))
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        // Whether the next page goes on with the last row is seen when it is read.
        Ok(self.offset >= self.column.end)
    }
}
