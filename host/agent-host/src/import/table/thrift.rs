//! As much of Thrift's compact protocol as shows how large a thing says that it is, before anybody believes it.
//!
//! <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>, and for the numbers of fields
//! <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>.

/// Most columns and groups of a file.
const ELEMENTS_MAX: usize = 1_000;

/// Most groups within each other.
const DEPTH_MAX: usize = 16;

/// Sorts of values.
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

/// What stands before a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// 0: data, 2: a dictionary, 3: data of the second version.
    pub(super) sort: i64,
    /// Bytes of the page as it lies in the file, and as it was before.
    pub(super) compressed: i64,
    /// See `compressed`.
    pub(super) uncompressed: i64,
    /// Whether it says what sort of page follows.
    pub(super) is_told: bool,
    pub(super) values: i64,
    pub(super) encoding: i64,
    /// How the levels of the first version are written.
    pub(super) level_encodings: [i64; 2],
    /// The second version says more of them: how many values are null, how many rows there are, and the bytes of
    /// both sorts of levels, which are never compressed.
    pub(super) nulls: i64,
    pub(super) rows: i64,
    pub(super) definition_bytes: i64,
    pub(super) repetition_bytes: i64,
    pub(super) is_plain: bool,
}

/// Reads a header, and tells how many bytes it has; nothing where it is none, or does not end.
pub(super) fn header(bytes: &[u8]) -> Option<(Header, usize)> {
    let mut thrift = Thrift(bytes);
    let mut header = Header::default();
    thrift.fields(|thrift, id, sort| match (id, sort) {
        (1, I16..=I64) => thrift.put(&mut header.sort),
        (2, I16..=I64) => thrift.put(&mut header.uncompressed),
        (3, I16..=I64) => thrift.put(&mut header.compressed),
        (5 | 7 | 8, STRUCT) => {
            header.is_told = true;
            thrift.page(id, &mut header)
        }
        _ => thrift.skip(sort, DEPTH_MAX),
    })?;
    Some((header, bytes.len() - thrift.0.len()))
}

/// Whether what a file says of itself has no more columns, and none deeper within each other, than a table of records
/// has any use for.
pub(super) fn is_modest(footer: &[u8]) -> Option<bool> {
    let mut thrift = Thrift(footer);
    let mut modest = true;
    thrift.fields(|thrift, id, sort| match (id, sort) {
        (2, LIST) => {
            let (count, sort) = thrift.list()?;
            modest &= count <= ELEMENTS_MAX;
            // How many are still to come in each of the groups that stand open.
            let mut open: Vec<i64> = Vec::new();
            for _ in 0..count {
                let children = thrift.children(sort)?;
                while open.last() == Some(&0) {
                    open.pop();
                }
                if let Some(last) = open.last_mut() {
                    *last -= 1;
                }
                modest &= (0..=ELEMENTS_MAX as i64).contains(&children) && open.len() <= DEPTH_MAX;
                if !modest {
                    return None;
                }
                open.push(children);
            }
            Some(())
        }
        _ => thrift.skip(sort, DEPTH_MAX),
    });
    if !modest {
        return Some(false);
    }
    Thrift(footer).skip(STRUCT, DEPTH_MAX).map(|()| true)
}

/// What is still to be read.
struct Thrift<'a>(&'a [u8]);

impl<'a> Thrift<'a> {
    /// Reads a struct field by field.
    fn fields(&mut self, mut field: impl FnMut(&mut Self, i64, u8) -> Option<()>) -> Option<()> {
        let mut id = 0_i64;
        loop {
            let first = self.byte()?;
            let sort = first & 15;
            if first == 0 {
                return Some(());
            }
            id = match first >> 4 {
                0 => self.whole()?,
                more => id.checked_add(i64::from(more))?,
            };
            field(self, id, sort)?;
        }
    }

    /// What a header tells of its sort of page.
    fn page(&mut self, of: i64, header: &mut Header) -> Option<()> {
        self.fields(|thrift, id, sort| {
            let place = match (of, id, sort) {
                (8, 7, _) => {
                    header.is_plain = sort == FALSE;
                    return thrift.skip(sort, DEPTH_MAX);
                }
                (_, 1, I16..=I64) => &mut header.values,
                (5 | 7, 2, I16..=I64) | (8, 4, I16..=I64) => &mut header.encoding,
                (5, 3, I16..=I64) => &mut header.level_encodings[0],
                (5, 4, I16..=I64) => &mut header.level_encodings[1],
                (8, 2, I16..=I64) => &mut header.nulls,
                (8, 3, I16..=I64) => &mut header.rows,
                (8, 5, I16..=I64) => &mut header.definition_bytes,
                (8, 6, I16..=I64) => &mut header.repetition_bytes,
                _ => return thrift.skip(sort, DEPTH_MAX),
            };
            *place = thrift.whole()?;
            Some(())
        })
    }

    /// How many children an element of a schema says that it has.
    fn children(&mut self, sort: u8) -> Option<i64> {
        let mut children = 0;
        if sort != STRUCT {
            return None;
        }
        self.fields(|thrift, id, sort| match (id, sort) {
            (5, I16..=I64) => thrift.put(&mut children),
            _ => thrift.skip(sort, DEPTH_MAX),
        })?;
        Some(children)
    }

    fn put(&mut self, place: &mut i64) -> Option<()> {
        *place = self.whole()?;
        Some(())
    }

    /// Passes over a value of a field.
    fn skip(&mut self, sort: u8, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match sort {
            TRUE | FALSE => Some(()),
            BYTE => self.take(1).map(drop),
            I16..=I64 => self.number().map(drop),
            DOUBLE => self.take(8).map(drop),
            BINARY => {
                let length = usize::try_from(self.number()?).ok()?;
                self.take(length).map(drop)
            }
            LIST | SET => {
                let (count, sort) = self.list()?;
                (0..count).try_for_each(|_| self.element(sort, depth))
            }
            MAP => {
                let count = self.number()?;
                if count == 0 {
                    return Some(());
                }
                let sorts = self.byte()?;
                (0..count).try_for_each(|_| {
                    self.element(sorts >> 4, depth)?;
                    self.element(sorts & 15, depth)
                })
            }
            STRUCT => self.fields(|thrift, _, sort| thrift.skip(sort, depth)),
            _ => None,
        }
    }

    /// Passes over an element, where yes and no are a byte.
    fn element(&mut self, sort: u8, depth: usize) -> Option<()> {
        match sort {
            TRUE | FALSE => self.take(1).map(drop),
            other => self.skip(other, depth),
        }
    }

    /// How many elements a list has, and of which sort they are.
    fn list(&mut self) -> Option<(usize, u8)> {
        let first = self.byte()?;
        let count = match first >> 4 {
            15 => usize::try_from(self.number()?).ok()?,
            few => usize::from(few),
        };
        // Each has a byte at least.
        (count <= self.0.len()).then_some((count, first & 15))
    }

    fn whole(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 127) << shift;
            if byte < 128 {
                return Some(number);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|it| it[0])
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}
