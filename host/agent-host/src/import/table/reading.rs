//! The records and relations of a table, in two passes over its rows.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, atomic::Ordering::Relaxed},
};

use parquet::{
    basic::{Compression, Type as Physical},
    errors::ParquetError,
    file::metadata::{ParquetMetaData, ParquetMetaDataReader},
};
use serde::Deserialize;
use voyager_base::clock::Timestamp;
use voyager_memory::{
    Draft, Edge, LABELS_MAX, MemoryId, NAME_BYTES_MAX, SUPERSEDES_MAX, TEXT_BYTES_MAX,
};

use super::{
    super::{Bad, Bytes, Found, Item, LINE_BYTES_MAX, Place, Stop, lines::Id},
    MAGIC,
    cells::{Cell, Cells, Value},
    pages::{Column, Held, Pages, Source},
    schema::{Columns, Shape, Sort},
    thrift,
};
use crate::when;

/// Longest that a file says of itself, in bytes: some kilobytes for a group of rows.
const FOOTER_BYTES_MAX: u64 = 4 << 20;

/// So many rows are read at once.
const ROWS: usize = 64;

/// A table that is read row by row.
pub(in super::super) struct Table {
    source: Source,
    about: ParquetMetaData,
    columns: Columns,
    pass: Pass,
    /// The next group of rows.
    next_group: usize,
    group: Group,
    /// How many rows this pass has read.
    row: u64,
    /// Relations of a row that nobody took.
    items: VecDeque<Found>,
}

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    Records,
    /// The ids of all rows are known.
    Relations,
    Done,
}

/// A group of rows.
#[derive(Default)]
struct Group {
    held: Arc<Held>,
    /// By the number of the leaf: those that this pass needs.
    cells: BTreeMap<usize, Cells>,
    /// Rows that are not read, and those that are read and nobody took.
    left: u64,
    ready: usize,
}

/// A relation as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    kind: String,
    to: Id,
    #[serde(default)]
    weight: Option<f32>,
}

impl Table {
    /// A file from its beginning; nothing where it is none of Parquet.
    pub(in super::super) fn open(file: Bytes) -> Result<Self, Stop> {
        let source = Source::new(file)?;
        let start = Place { line: 1, column: 1 };
        let wrong = |why: String| Stop::Bad(Bad::new(start, why));
        let end = source.length.checked_sub(8).filter(|it| *it >= 4);
        let end =
            end.ok_or_else(|| wrong("this is no Parquet file: it is too short".to_owned()))?;
        let (first, last) = (source.bytes(0, 4)?, source.bytes(end, 8)?);
        if first == b"PARE" || last[4..] == *b"PARE" {
            return Err(wrong("the file is encrypted: write it without".to_owned()));
        }
        if first != MAGIC {
            return Err(wrong("this is no Parquet file: it begins otherwise".to_owned()));
        }
        if last[4..] != *MAGIC {
            return Err(wrong(
                "the file does not end as Parquet files do: it is cut off".to_owned(),
            ));
        }
        let length = u64::from(u32::from_le_bytes([last[0], last[1], last[2], last[3]]));
        if length > FOOTER_BYTES_MAX {
            return Err(wrong(format!(
                "the file says more than {FOOTER_BYTES_MAX} bytes of itself: write larger groups of rows"
            )));
        }
        let damaged = || wrong("what the file says of itself is damaged".to_owned());
        let begin = end.checked_sub(length).filter(|it| *it >= 4).ok_or_else(damaged)?;
        let footer = source.bytes(begin, length)?;
        match thrift::is_modest(&footer) {
            Some(true) => {}
            Some(false) => {
                return Err(wrong("the file has too many columns, or too deep ones".to_owned()));
            }
            None => return Err(damaged()),
        }
        let about = ParquetMetaDataReader::decode_metadata(&footer);
        let about = about.map_err(|it| {
            wrong(format!("what the file says of itself is damaged: {}", told(&it)))
        })?;
        let columns = Columns::of(about.file_metadata().schema());
        let columns = columns
            .map_err(|(column, problem)| Stop::Bad(Bad::new(Place { line: 1, column }, problem)))?;
        if columns.shape("relations").is_some() && columns.shape("id").is_none() {
            return Err(wrong(
                "there are relations, and no column `id` to say of which record".to_owned(),
            ));
        }
        Ok(Self {
            source,
            about,
            columns,
            pass: Pass::Records,
            next_group: 0,
            group: Group::default(),
            row: 0,
            items: VecDeque::new(),
        })
    }

    /// How many bytes were read; the second pass reads some again.
    pub(in super::super) fn bytes(&self) -> u64 {
        match self.pass {
            Pass::Done => self.source.length,
            _ => self.source.read.load(Relaxed).min(self.source.length),
        }
    }

    /// The next item; none at the end.
    pub(in super::super) fn next(&mut self) -> Result<Option<Found>, Stop> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Ok(Some(item));
            }
            if self.group.ready == 0 && self.group.left == 0 && !self.open_group()? {
                return Ok(None);
            }
            if self.group.ready == 0 {
                self.read()?;
                continue;
            }
            self.group.ready -= 1;
            self.row += 1;
            let mut row = BTreeMap::new();
            for (leaf, cells) in &mut self.group.cells {
                let cell = cells.next();
                row.insert(*leaf, cell.map_err(|it| stopped(&self.columns, *leaf, self.row, it))?);
            }
            let row = Row { columns: &self.columns, cells: row };
            let bad = |(name, problem): (&str, String)| Bad {
                place: Place { line: self.row, column: self.columns.number(name) },
                problem: format!("{name}: {problem}"),
            };
            let place = Place { line: self.row, column: 1 };
            match self.pass {
                Pass::Records => {
                    return Ok(Some(row.record().map(|it| (place, it)).map_err(bad)));
                }
                _ => {
                    let place = Place { column: self.columns.number("relations"), ..place };
                    match row.relations() {
                        Ok(items) => self.items.extend(items.into_iter().map(|it| Ok((place, it)))),
                        Err(it) => self.items.push_back(Err(bad(it))),
                    }
                }
            }
        }
    }

    /// Begins the next group of rows that has some, in the next pass where this one is over. False where all are.
    fn open_group(&mut self) -> Result<bool, Stop> {
        while self.group.left == 0 {
            if self.pass == Pass::Done {
                return Ok(false);
            }
            if self.next_group == self.about.num_row_groups() {
                let again = self.pass == Pass::Records && self.columns.shape("relations").is_some();
                self.pass = if again { Pass::Relations } else { Pass::Done };
                (self.next_group, self.row, self.group) = (0, 0, Group::default());
                continue;
            }
            let number = self.next_group;
            self.next_group += 1;
            self.group = self.group(number)?;
        }
        Ok(true)
    }

    fn group(&self, number: usize) -> Result<Group, Stop> {
        let about = self.about.row_group(number);
        let held = Arc::new(Held::default());
        let mut cells = BTreeMap::new();
        for leaf in &self.columns.leaves {
            let name = leaf.path[0].as_str();
            let is_read = match self.pass {
                Pass::Records => name != "relations",
                _ => matches!(name, "relations" | "id"),
            };
            if !is_read {
                continue;
            }
            let wrong = |problem: &str| {
                let error = ParquetError::General(problem.to_owned());
                stopped(&self.columns, leaf.index, self.row + 1, error)
            };
            if leaf.index >= about.num_columns() {
                return Err(wrong("a group of rows does not have it"));
            }
            let chunk = about.column(leaf.index);
            if chunk.file_path().is_some() {
                return Err(wrong("it lies in another file"));
            }
            let is_snappy = match chunk.compression() {
                Compression::UNCOMPRESSED => false,
                Compression::SNAPPY => true,
                other => {
                    let name = format!("{other:?}");
                    let name = name.split('(').next().unwrap_or_default();
                    return Err(wrong(&format!(
                        "it is compressed with {name}, which is not read here: write it with Snappy, \
                         or without"
                    )));
                }
            };
            let begin = [
                Some(chunk.data_page_offset()),
                chunk.dictionary_page_offset().filter(|it| *it > 0),
            ];
            let begin = begin.into_iter().flatten().min().and_then(|it| u64::try_from(it).ok());
            let length = u64::try_from(chunk.compressed_size()).ok();
            let end = begin.zip(length).and_then(|(begin, length)| begin.checked_add(length));
            let (Some(begin), Some(end)) = (begin, end.filter(|it| *it <= self.source.length))
            else {
                return Err(wrong("it lies outside of the file"));
            };
            let column = Column {
                begin,
                end,
                is_snappy,
                is_list: leaf.lists > 0,
                is_optional: leaf.there > 0,
                is_text: chunk.column_descr().physical_type() == Physical::BYTE_ARRAY,
            };
            let pages = Pages::new(&self.source, &held, column);
            let column = Cells::new(leaf, chunk.column_descr_ptr(), Box::new(pages));
            let column =
                column.map_err(|it| stopped(&self.columns, leaf.index, self.row + 1, it))?;
            cells.insert(leaf.index, column);
        }
        let start = Place { line: self.row + 1, column: 1 };
        let left = u64::try_from(about.num_rows());
        let left = left.map_err(|_| Stop::Bad(Bad::new(start, "a group has less than no rows")))?;
        Ok(Group { held, cells, left, ready: 0 })
    }

    /// Reads the next rows of the group.
    fn read(&mut self) -> Result<(), Stop> {
        let rows = self.group.left.min(ROWS as u64);
        // What all columns had of earlier pages goes before any reads later ones.
        self.group.cells.values_mut().for_each(Cells::clear);
        self.group.held.next_turn();
        for (leaf, cells) in &mut self.group.cells {
            let read = cells.read(rows as usize);
            read.map_err(|it| stopped(&self.columns, *leaf, self.row + 1, it))?;
        }
        self.group.left -= rows;
        self.group.ready = rows as usize;
        Ok(())
    }
}

/// What ends the reading of a column, from a row on.
fn stopped(columns: &Columns, leaf: usize, row: u64, error: ParquetError) -> Stop {
    let error = match error {
        ParquetError::External(error) => match error.downcast::<std::io::Error>() {
            Ok(error) => return Stop::Disk(*error),
            Err(error) => ParquetError::External(error),
        },
        other => other,
    };
    let name = columns.leaves.get(leaf).map_or("", |it| it.path[0].as_str());
    let place = Place { line: row, column: columns.number(name) };
    Stop::Bad(Bad::new(place, format!("{name}: {}", told(&error))))
}

fn told(error: &ParquetError) -> String {
    match error {
        ParquetError::General(text) | ParquetError::EOF(text) | ParquetError::NYI(text) => {
            text.clone()
        }
        other => other.to_string(),
    }
}

/// A row of a pass.
struct Row<'a> {
    columns: &'a Columns,
    /// By the number of the leaf.
    cells: BTreeMap<usize, Cell>,
}

/// The name of a column, and what is wrong there.
type Wrong<'a> = (&'a str, String);

impl<'a> Row<'a> {
    fn record(&self) -> Result<Item, Wrong<'a>> {
        let plain = Draft::default();
        let draft = Draft {
            space: self.text("space")?.unwrap_or(plain.space),
            text: self.text("text")?.unwrap_or_default(),
            author: self.text("author")?,
            thread: self.text("thread")?,
            at: self.time()?,
            kind: self.text("kind")?.unwrap_or(plain.kind),
            tags: self.tags()?,
            fields: self.fields()?,
            importance: self.number("importance")?.unwrap_or(plain.importance),
            confidence: self.number("confidence")?.unwrap_or(plain.confidence),
            pinned: self.yes_or_no("pinned")?,
        };
        // Like a line of JSON: what is imported is new, and is not archived.
        self.yes_or_no("archived")?;
        let (id, supersedes) = (self.id()?, self.supersedes()?);
        let trust = self.text("trust")?.map(|it| it.parse()).transpose();
        let trust = trust.map_err(|it| ("trust", it))?;
        Ok(Item::Record { id, draft: Box::new(draft), supersedes, trust, untimed: None })
    }

    fn relations(&self) -> Result<Vec<Item>, Wrong<'a>> {
        let name = "relations";
        let mut links = Vec::new();
        match self.columns.shape(name) {
            Some(Shape::One(_)) => {
                links = self.json(name)?.unwrap_or_default();
            }
            Some(Shape::Links(kind, to, weight)) => {
                let (kinds, tos) = (self.cell(*kind), self.cell(*to));
                let weights = weight.map(|it| self.cell(it));
                if kinds.len() != tos.len() || weights.is_some_and(|it| it.len() != tos.len()) {
                    return Err((name, "its lists are damaged".to_owned()));
                }
                for (at, (kind, to)) in kinds.iter().zip(tos).enumerate() {
                    let (Some(kind), Some(to)) = (kind, to) else {
                        return Err((
                            name,
                            "one is null, or its kind, or where it leads".to_owned(),
                        ));
                    };
                    let kind = text(kind, NAME_BYTES_MAX).map_err(|it| (name, it))?;
                    let to = Id(id(to).map_err(|it| (name, it))?);
                    let weight = weights.and_then(|it| it[at].as_ref()).map(real).transpose();
                    let weight = weight.map_err(|it| (name, it))?;
                    links.push(Link { kind, to, weight });
                }
            }
            _ => {}
        }
        if links.is_empty() {
            return Ok(Vec::new());
        }
        let from =
            self.id()?.ok_or_else(|| (name, "the row has relations, and no id".to_owned()))?;
        let item = |Link { kind, to, weight }: Link| {
            let (to, weight) = (to.0, weight.unwrap_or(1.0));
            let edge = Edge { from: MemoryId(from), kind: kind.clone(), to: MemoryId(to), weight };
            edge.check().map_err(|it| (name, it.to_string()))?;
            Ok(Item::Relation { from, kind, to, weight })
        };
        links.into_iter().map(item).collect()
    }

    fn cell(&self, leaf: usize) -> &[Option<Value>] {
        self.cells.get(&leaf).map_or(&[], Vec::as_slice)
    }

    /// The one value of a column.
    fn one(&self, name: &str) -> Option<(&Value, Sort)> {
        let Some(Shape::One(leaf)) = self.columns.shape(name) else { return None };
        let value = self.cell(*leaf).first()?.as_ref()?;
        Some((value, self.columns.leaves[*leaf].sort))
    }

    fn text<'n>(&self, name: &'n str) -> Result<Option<String>, Wrong<'n>> {
        let most = if name == "text" { TEXT_BYTES_MAX } else { NAME_BYTES_MAX };
        let read = self.one(name).map(|it| text(it.0, most)).transpose();
        read.map_err(|it| (name, it))
    }

    fn number<'n>(&self, name: &'n str) -> Result<Option<f32>, Wrong<'n>> {
        self.one(name).map(|it| real(it.0)).transpose().map_err(|it| (name, it))
    }

    fn yes_or_no<'n>(&self, name: &'n str) -> Result<bool, Wrong<'n>> {
        match self.one(name) {
            None => Ok(false),
            Some((Value::YesOrNo(it), _)) => Ok(*it),
            Some(_) => Err((name, "a boolean is wanted".to_owned())),
        }
    }

    fn id(&self) -> Result<Option<u64>, Wrong<'a>> {
        self.one("id").map(|it| id(it.0)).transpose().map_err(|it| ("id", it))
    }

    fn time(&self) -> Result<Option<Timestamp>, Wrong<'a>> {
        let Some((value, sort)) = self.one("at") else { return Ok(None) };
        let (read, told) = match (value, sort) {
            (Value::Whole(it), Sort::Ticks(second)) => {
                let micros = match second {
                    1_000_000_000 => Some(it.div_euclid(1_000)),
                    second => it.checked_mul(i128::from(1_000_000 / second)),
                };
                let micros = micros.and_then(|it| u64::try_from(it).ok());
                (micros.map(Timestamp::from_micros), it.to_string())
            }
            (Value::Whole(it), Sort::Days) => {
                let days = u64::try_from(*it).ok().and_then(|it| it.checked_mul(86_400_000_000));
                (days.map(Timestamp::from_micros), format!("{it} days"))
            }
            (Value::Whole(it), _) => (when::of_number(*it as f64), it.to_string()),
            (Value::Real(it), _) => (when::of_number(*it), it.to_string()),
            (Value::Old(it), _) => (of_old(it.data()), format!("{:?}", it.data())),
            (value, _) => {
                let text = text(value, NAME_BYTES_MAX).map_err(|it| ("at", it))?;
                (when::read(&text), text)
            }
        };
        let wrong = || ("at", format!("`{told}` is no time since 1970; {}", when::EXAMPLES));
        read.map(Some).ok_or_else(wrong)
    }

    fn tags(&self) -> Result<Vec<String>, Wrong<'a>> {
        let name = "tags";
        match self.columns.shape(name) {
            Some(Shape::Many(leaf)) => {
                let tags = self.cell(*leaf);
                few(name, tags.len(), LABELS_MAX)?;
                let tag = |it: &Option<Value>| match it {
                    Some(value) => text(value, NAME_BYTES_MAX).map_err(|it| (name, it)),
                    None => Err((name, "one is null".to_owned())),
                };
                tags.iter().map(tag).collect()
            }
            _ => Ok(self.json(name)?.unwrap_or_default()),
        }
    }

    fn supersedes(&self) -> Result<Vec<u64>, Wrong<'a>> {
        let name = "supersedes";
        match self.columns.shape(name) {
            Some(Shape::Many(leaf)) => {
                let older = self.cell(*leaf);
                few(name, older.len(), SUPERSEDES_MAX)?;
                let older = older.iter().map(|it| match it {
                    Some(value) => id(value).map_err(|it| (name, it)),
                    None => Err((name, "one is null".to_owned())),
                });
                older.collect()
            }
            _ => {
                let older: Vec<Id> = self.json(name)?.unwrap_or_default();
                few(name, older.len(), SUPERSEDES_MAX)?;
                Ok(older.into_iter().map(|it| it.0).collect())
            }
        }
    }

    fn fields(&self) -> Result<BTreeMap<String, String>, Wrong<'a>> {
        let name = "fields";
        let value = |it: &Value| text(it, TEXT_BYTES_MAX).map_err(|it| (name, it));
        let mut fields = BTreeMap::new();
        match self.columns.shape(name) {
            Some(Shape::Pairs(keys, values)) => {
                let (keys, values) = (self.cell(*keys), self.cell(*values));
                few(name, keys.len(), LABELS_MAX)?;
                for (at, key) in keys.iter().enumerate() {
                    let Some(key) = key else { return Err((name, "one has no name".to_owned())) };
                    let key = text(key, NAME_BYTES_MAX).map_err(|it| (name, it))?;
                    // One without a value says nothing.
                    if let Some(Some(it)) = values.get(at) {
                        fields.insert(key, value(it)?);
                    }
                }
            }
            Some(Shape::Couples(leaf)) => {
                let texts = self.cell(*leaf);
                few(name, texts.len() / 2, LABELS_MAX)?;
                for couple in texts.chunks(2) {
                    let [Some(key), of] = couple else {
                        return Err((name, "one is no list of a name and its value".to_owned()));
                    };
                    let key = text(key, NAME_BYTES_MAX).map_err(|it| (name, it))?;
                    if let Some(it) = of {
                        fields.insert(key, value(it)?);
                    }
                }
            }
            Some(Shape::Struct(leaves)) => {
                for leaf in leaves {
                    let key = self.columns.leaves[*leaf].path[1].clone();
                    if let Some(Some(it)) = self.cell(*leaf).first() {
                        fields.insert(key, value(it)?);
                    }
                    few(name, fields.len(), LABELS_MAX)?;
                }
            }
            _ => fields = self.json(name)?.unwrap_or_default(),
        }
        Ok(fields)
    }

    /// What a text says as JSON; nothing where it is null or blank.
    fn json<'n, T: serde::de::DeserializeOwned>(
        &self,
        name: &'n str,
    ) -> Result<Option<T>, Wrong<'n>> {
        let Some((value, _)) = self.one(name) else { return Ok(None) };
        let text = text(value, LINE_BYTES_MAX).map_err(|it| (name, it))?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        let wrong = |error: serde_json::Error| {
            (name, format!("this is no list or object as JSON: {error}"))
        };
        serde_json::from_str(&text).map(Some).map_err(wrong)
    }
}

fn few(name: &str, count: usize, most: usize) -> Result<(), Wrong<'_>> {
    let wrong = || (name, format!("are {count}, and {most} are the most"));
    (count <= most).then_some(()).ok_or_else(wrong)
}

fn text(value: &Value, most: usize) -> Result<String, String> {
    let Value::Bytes(bytes) = value else { return Err("a text is wanted".to_owned()) };
    let bytes = bytes.data();
    if bytes.len() > most {
        return Err(format!("has {} bytes, and {most} are the most", bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "this is no UTF-8".to_owned())?;
    Ok(text.to_owned())
}

fn real(value: &Value) -> Result<f32, String> {
    match value {
        Value::Whole(it) => Ok(*it as f32),
        Value::Real(it) => Ok(*it as f32),
        _ => Err("a number is wanted".to_owned()),
    }
}

fn id(value: &Value) -> Result<u64, String> {
    match value {
        Value::Whole(it) => {
            u64::try_from(*it).map_err(|_| format!("`{it}` is no id; write for example `m12`"))
        }
        value => {
            let text = text(value, NAME_BYTES_MAX)?;
            text.parse::<MemoryId>().map(|it| it.0).map_err(|error| error.to_string())
        }
    }
}

/// Nanoseconds of a day, and the day as astronomers count it.
fn of_old(words: &[u32]) -> Option<Timestamp> {
    const DAY_OF_1970: u64 = 2_440_588;
    let &[low, high, day] = words else { return None };
    let nanos = (u64::from(high) << 32) | u64::from(low);
    let days = u64::from(day).checked_sub(DAY_OF_1970)?;
    days.checked_mul(86_400_000_000)?.checked_add(nanos / 1_000).map(Timestamp::from_micros)
}
