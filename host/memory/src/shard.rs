//! What recall searches: the records of one space as postings, threads and authors, in memory.
//!
//! A shard follows from its records alone. It answers with whole numbers that can be added up (how many
//! records, how many hold a term), and scores with the totals that it is given, so that the answer of many
//! shards is that of one that holds everything.

mod aliases;
mod dense;
mod fields;
mod image;
mod postings;
pub(crate) mod sentences;
mod texts;
mod times;
pub(crate) mod varint;

use std::collections::{BTreeMap, HashMap};

use voyager_base::memory::KIND_ALIAS;

use crate::{
    alias,
    fields::{FOUND_BYTES_MAX, FieldIs},
    pack::{FlatList, Section},
    record::{Draft, MemoryId, Record, is_of_host},
    terms::{self, Stems},
    vectors::{Vectors, level::ask_for},
};

use self::image::ROW_BYTES;
use self::{
    aliases::Aliases,
    dense::DenseWords,
    fields::Fields,
    postings::Lists,
    sentences::{Sentence, Speaks},
    texts::Texts,
    times::Times,
};
pub(crate) use self::{
    dense::{Dense, Places},
    image::FORMAT as IMAGE_FORMAT,
    postings::Postings,
    times::AskedDays,
};

/// A place in a shard.
pub(crate) type Place = u32;

/// A word of a shard.
pub(crate) type Term = u32;

/// What says that a record belongs to no thread, or has no author.
pub(crate) const NONE: u32 = u32::MAX;

/// A record as recall knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Doc {
    /// Its place in the shard.
    pub(crate) place: Place,
    /// Its name in the store.
    pub(crate) id: MemoryId,
    /// When what it tells was told, in microseconds since 1970.
    pub(crate) at: u64,
    /// Its thread, or [`NONE`].
    pub(crate) thread: u32,
    /// Its place in the thread.
    pub(crate) position: u32,
    /// Its author, or [`NONE`].
    pub(crate) author: u32,
    /// Its kind.
    pub(crate) kind: u32,
    /// How much it matters.
    pub(crate) importance: f32,
    /// How sure its author was.
    pub(crate) confidence: f32,
    /// What its text looks like.
    pub(crate) look: Look,
    /// Whether it has tags.
    pub(crate) tagged: bool,
    /// How many tokens of a language model it takes, about.
    pub(crate) tokens: u32,
}

/// A record as it is kept: [`Doc`] in fewer bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    id: MemoryId,
    at: u64,
    /// Where its tags and terms begin.
    text: u64,
    thread: u32,
    position: u32,
    author: u32,
    /// [`NONE`] where no record has the place.
    kind: u32,
    importance: f32,
    confidence: f32,
    tokens: u32,
    /// The bits of its look, and [`TAGGED`].
    look: u8,
}

/// Says that a record has tags: most questions about those need not look where they lie.
const TAGGED: u8 = 1 << 7;

impl Row {
    /// That of a place without a record.
    const FREE: Self = Self {
        id: MemoryId(0),
        at: 0,
        text: 0,
        thread: NONE,
        position: 0,
        author: NONE,
        kind: NONE,
        importance: 0.0,
        confidence: 0.0,
        tokens: 0,
        look: 0,
    };
}

/// What a text looks like, as far as that tells whether it answers something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// It asks something.
    pub(crate) asks: bool,
    /// It holds a digit.
    pub(crate) number: bool,
    /// It names a time.
    pub(crate) time: bool,
    /// Whom it speaks of.
    pub(crate) speaks: Speaks,
}

impl Look {
    /// One bit for each, the first in the lowest.
    fn bits(self) -> u8 {
        let Self { asks, number, time, speaks: Speaks { of_me, of_you } } = self;
        let flags = [asks, number, time, of_me, of_you];
        flags.iter().rev().fold(0, |bits, it| bits << 1 | u8::from(*it))
    }

    fn of_bits(bits: u8) -> Self {
        let flag = |bit: u8| bits >> bit & 1 != 0;
        let [asks, number, time, of_me, of_you] = [flag(0), flag(1), flag(2), flag(3), flag(4)];
        Self { asks, number, time, speaks: Speaks { of_me, of_you } }
    }

    fn of(text: &str, read: &sentences::Read) -> Self {
        Self {
            asks: text.contains('?'),
            number: text.bytes().any(|it| it.is_ascii_digit()),
            time: read.names_time,
            speaks: read.speaks,
        }
    }
}

/// How many tokens of a language model `text` takes, about: one for each seven bytes of a word, rounded up, and
/// one for each sign between.
pub fn tokens_of(text: &str) -> u32 {
    let words = text.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty());
    let of_words: usize = words.map(|it| it.len().div_ceil(7)).sum();
    let signs = text.chars().filter(|it| !it.is_alphanumeric() && !it.is_whitespace()).count();
    u32::try_from(of_words + signs).unwrap_or(u32::MAX)
}

/// Records of one conversation or document, in the order of their writing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Thread {
    /// Their places.
    pub(crate) docs: Vec<Place>,
    /// How many terms they have together.
    pub(crate) length: u64,
}

/// Names with numbers, which are used again when nobody holds them any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    numbers: Numbers,
    names: Vec<Box<str>>,
    holders: Vec<u32>,
    free: Vec<u32>,
}

/// The numbers of names that somebody holds, each once.
#[derive(Clone, Debug, Default)]
struct Numbers {
    /// In the order of the names, as a kept index has them: hashing all takes most of what reading them does.
    sorted: Vec<u32>,
    /// Those that came since.
    hashed: HashMap<Box<str>, u32>,
}

impl Names {
    /// The number of `name`, held once more.
    pub(crate) fn hold(&mut self, name: &str) -> u32 {
        if let Some(number) = self.find(name) {
            self.holders[number as usize] += 1;
            return number;
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.names.push(Box::default());
            self.holders.push(0);
            (self.names.len() - 1) as u32
        });
        self.numbers.hashed.insert(name.into(), number);
        self.names[number as usize] = name.into();
        self.holders[number as usize] = 1;
        number
    }

    /// The number of a name that nobody held, held so many times.
    pub(crate) fn hold_for(&mut self, name: &str, holders: u32) -> u32 {
        let number = self.hold(name);
        self.holders[number as usize] = holders;
        number
    }

    /// Lets go of a number once.
    pub(crate) fn release(&mut self, number: u32) {
        let holders = &mut self.holders[number as usize];
        *holders -= 1;
        if *holders == 0 {
            let name = &self.names[number as usize];
            if self.numbers.hashed.remove(name).is_none() {
                // What nobody holds has no place in an order that is searched; and one that goes is rarely the last.
                let Numbers { sorted, hashed } = &mut self.numbers;
                let others = sorted.drain(..).filter(|it| *it != number);
                hashed.extend(others.map(|it| (self.names[it as usize].clone(), it)));
            }
            self.names[number as usize] = Box::default();
            self.free.push(number);
        }
    }

    /// The number of a name.
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        let Numbers { sorted, hashed } = &self.numbers;
        if let Some(number) = hashed.get(name) {
            return Some(*number);
        }
        let found = sorted.binary_search_by(|it| self.name(*it).cmp(name)).ok()?;
        Some(sorted[found])
    }

    /// The name of a number.
    pub(crate) fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    /// All names in use.
    pub(crate) fn all(&self) -> impl Iterator<Item = &str> {
        let held = self.names.iter().zip(&self.holders).filter(|it| *it.1 > 0);
        held.map(|it| &**it.0)
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// How many are in use.
    fn in_use(&self) -> usize {
        self.numbers.sorted.len() + self.numbers.hashed.len()
    }
}

/// The records of one space.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shard {
    rows: FlatList<Row, ROW_BYTES>,
    /// Tags and terms of all records.
    texts: Texts,
    /// By place: how many terms the record has. Scoring asks for nothing else of most records.
    lengths: Vec<u32>,
    /// By place: how far its window reaches, where that is a run of places.
    reaches: Vec<Reach>,
    /// Places in the order of their records' ids, which is mostly their own.
    by_id: Vec<Place>,
    /// By place: when it was told, and of which days it tells.
    times: Times,
    fields: Fields,
    aliases: Aliases,
    free: Vec<Place>,
    words: Names,
    /// Of words of records that were taken in, until one goes.
    stems: Stems,
    /// By word: the records that hold it.
    postings: Vec<Postings>,
    /// Where postings lie that were not read yet.
    lists: Lists,
    /// The commonest of them once more.
    dense: DenseWords,
    thread_names: Names,
    threads: Vec<Thread>,
    authors: Names,
    kinds: Names,
    tags: Names,
    /// Terms of all records.
    length: u64,
    /// Records without a thread, and their terms.
    loose: usize,
    loose_length: u64,
    /// Terms of all windows of threads, by [`RADII`].
    window_lengths: [u64; RADII.len()],
    pub(crate) vectors: Vectors,
}

/// The fields that a record is found by.
fn found_by(draft: &Draft) -> impl Iterator<Item = (&str, &str)> {
    let all = draft.fields.iter().map(|it| (it.0.as_str(), it.1.as_str()));
    all.filter(|it| it.1.len() <= FOUND_BYTES_MAX)
}

impl Shard {
    /// Takes a record in. Records of one thread come in the order of their ids.
    pub(crate) fn add(&mut self, record: &Record) -> Place {
        let draft = &record.draft;
        let labels = draft.author.iter().chain(&draft.tags).map(String::as_str);
        let labels = labels.chain(found_by(draft).filter(|it| !is_of_host(it.0)).map(|it| it.1));
        let read = sentences::read(&draft.text, &mut self.stems);
        let look = Look::of(&draft.text, &read);
        let words = labels.flat_map(terms::terms).chain(read.terms);
        let terms: Vec<Term> = words.map(|it| self.words.hold(&it)).collect();
        let tags: Vec<u32> = draft.tags.iter().map(|it| self.tags.hold(it)).collect();
        self.postings.resize_with(self.words.len(), Postings::default);
        let place = self.free.pop().unwrap_or_else(|| {
            self.rows.push(Row::FREE);
            self.lengths.push(0);
            self.reaches.push(Reach::ALONE);
            (self.rows.len() - 1) as Place
        });
        for (term, count) in counted(&terms) {
            let postings = &mut self.postings[term as usize];
            postings.insert(place, count, &self.lists);
            self.dense.added(term, (place, count), postings, self.rows.len());
        }
        let thread = draft.thread.as_ref().map_or(NONE, |it| self.thread_names.hold(it));
        let length = terms.len() as u64;
        let author = draft.author.as_ref().map_or(NONE, |it| self.authors.hold(it));
        self.length += length;
        let at = self.find(record.id).unwrap_or_else(|at| at);
        self.by_id.insert(at, place);
        self.lengths[place as usize] = length as u32;
        self.times.set(place, record.at(), &draft.text);
        self.fields.add(place, found_by(draft));
        // A row may be of a program that let an alias say anything.
        if draft.kind == KIND_ALIAS && alias::check(&draft.kind, &draft.text).is_ok() {
            self.aliases.add(place, &draft.text);
        }
        let row = Row {
            id: record.id,
            at: record.at().as_micros(),
            text: self.texts.add(&tags, &read.sentences, &terms),
            thread,
            position: 0,
            author,
            kind: self.kinds.hold(&draft.kind),
            importance: draft.importance,
            confidence: draft.confidence,
            tokens: tokens_of(&draft.text),
            look: look.bits() | if tags.is_empty() { 0 } else { TAGGED },
        };
        self.rows.set(place as usize, row);
        if thread == NONE {
            self.loose += 1;
            self.loose_length += length;
        } else {
            self.threads.resize_with(self.thread_names.len(), Thread::default);
            self.changing(thread, |it| it.join(thread, place, record.id, length));
        }
        place
    }

    /// Changes a thread, and keeps the sums over its windows.
    fn changing(&mut self, thread: u32, change: impl FnOnce(&mut Self)) {
        let before = self.window_lengths_of(thread);
        change(self);
        let after = self.window_lengths_of(thread);
        for (sum, (before, after)) in
            self.window_lengths.iter_mut().zip(before.into_iter().zip(after))
        {
            *sum = *sum - before + after;
        }
    }

    /// Puts a record at the end of its thread, or where its id belongs.
    fn join(&mut self, thread: u32, place: Place, id: MemoryId, length: u64) {
        let Thread { mut docs, length: before } =
            std::mem::take(&mut self.threads[thread as usize]);
        // It is the newest, mostly.
        let at = match docs.last() {
            Some(last) if self.row(*last).id > id => {
                docs.partition_point(|it| self.row(*it).id < id)
            }
            _ => docs.len(),
        };
        docs.insert(at, place);
        for (position, place) in docs.iter().enumerate().skip(at) {
            self.rows.set(*place as usize, Row { position: position as u32, ..self.row(*place) });
        }
        self.threads[thread as usize] = Thread { docs, length: before + length };
        self.measure(thread, at);
    }

    /// Measures again how far windows reach, for the records of a thread around a position that changed.
    fn measure(&mut self, thread: u32, position: usize) {
        let docs = &self.threads[thread as usize].docs;
        let around = position.saturating_sub(Reach::MAX)..docs.len().min(position + Reach::MAX + 1);
        for position in around {
            self.reaches[docs[position] as usize] = Reach::of(docs, position);
        }
    }

    /// Lets a record go, with everything that tells of it.
    pub(crate) fn remove(&mut self, id: MemoryId) -> bool {
        self.stems.clear();
        let Ok(at) = self.find(id) else { return false };
        let place = self.by_id[at];
        let Some(doc) = self.doc(place) else { return false };
        let (terms, tags): (Vec<Term>, Vec<u32>) =
            (self.terms(place).collect(), self.tags_of(place).collect());
        if self.is_torn() {
            // What was read may be wrong, and all of this is made anew.
            return false;
        }
        for (term, _) in counted(&terms) {
            let postings = &mut self.postings[term as usize];
            postings.remove(place, &self.lists);
            self.dense.removed(term, place, postings);
        }
        for term in &terms {
            self.words.release(*term);
        }
        let length = terms.len() as u64;
        if doc.thread != NONE {
            let gone = BTreeMap::from([(doc.position, place)]);
            self.changing(doc.thread, |it| it.leave(doc.thread, &gone));
        }
        self.loose -= 1;
        self.loose_length -= length;
        if doc.author != NONE {
            self.authors.release(doc.author);
        }
        self.kinds.release(doc.kind);
        tags.into_iter().for_each(|it| self.tags.release(it));
        self.length -= length;
        self.by_id.remove(at);
        self.vectors.remove(place);
        self.times.remove(place);
        self.fields.remove(place);
        self.aliases.remove(place);
        self.texts.remove(self.row(place).text, length as u32);
        self.rows.set(place as usize, Row::FREE);
        self.lengths[place as usize] = 0;
        self.reaches[place as usize] = Reach::ALONE;
        self.free.push(place);
        if self.texts.is_loose() {
            let mut rows: Vec<Row> = self.rows.iter().collect();
            let there = rows.iter_mut().zip(&self.lengths).filter(|it| it.0.kind != NONE);
            self.texts.tighten(there.map(|(row, terms)| (&mut row.text, *terms)));
            self.rows = FlatList::of(rows);
        }
        true
    }

    /// Whether what lies in a kept index was found damaged: nothing that was told since counts.
    pub(crate) fn is_torn(&self) -> bool {
        self.lists.as_ref().is_some_and(Section::is_damaged) || self.vectors.is_torn()
    }

    /// Where a record is in the order of ids.
    fn find(&self, id: MemoryId) -> Result<usize, usize> {
        let of = |at: usize| self.by_id.get(at).map(|it| self.row(*it).id);
        match (of(0), self.by_id.len().checked_sub(1).and_then(of)) {
            (Some(first), Some(last)) if first <= id && id <= last => {
                // None lies behind where it would with no gaps, and there it is, mostly.
                let end = self.by_id.len().min((id.0 - first.0) as usize);
                if of(end) == Some(id) {
                    return Ok(end);
                }
                self.by_id[..end].binary_search_by_key(&id, |it| self.row(*it).id)
            }
            (_, Some(last)) if last < id => Err(self.by_id.len()),
            _ => Err(0),
        }
    }

    /// The row of a place; a free one where what was read fits nothing here.
    #[inline]
    fn row(&self, place: Place) -> Row {
        let Some(row) = self.rows.get(place as usize) else { return Row::FREE };
        if self.fits(&row) {
            return row;
        }
        self.rows.doubt("the row of a record");
        Row::FREE
    }

    /// Takes records out of their threads: they are alone from then on. Whatever lies behind one in its thread moves up, so
    /// that of many that go each thread is gone through once for all.
    pub(crate) fn leave_threads(&mut self, ids: &[MemoryId]) {
        let mut leaving: BTreeMap<u32, BTreeMap<u32, Place>> = BTreeMap::new();
        let docs = ids.iter().filter_map(|it| self.doc(self.place(*it)?));
        for doc in docs.filter(|it| it.thread != NONE) {
            leaving.entry(doc.thread).or_default().insert(doc.position, doc.place);
        }
        if self.is_torn() {
            // What was read may be wrong, and all of this is made anew.
            return;
        }
        for (thread, gone) in leaving {
            self.changing(thread, |it| it.leave(thread, &gone));
        }
    }

    /// Takes records out of a thread, by their positions there.
    fn leave(&mut self, thread: u32, gone: &BTreeMap<u32, Place>) {
        let Thread { docs, mut length } = std::mem::take(&mut self.threads[thread as usize]);
        for place in gone.values() {
            let terms = self.length_of(*place);
            length -= terms;
            self.loose += 1;
            self.loose_length += terms;
            self.rows.set(*place as usize, Row { thread: NONE, position: 0, ..self.row(*place) });
            self.reaches[*place as usize] = Reach::ALONE;
            self.thread_names.release(thread);
        }
        let first = gone.keys().next().map_or(docs.len(), |it| *it as usize);
        let stays =
            |(position, place): (u32, Place)| (!gone.contains_key(&position)).then_some(place);
        let docs: Vec<Place> = (0..).zip(docs).filter_map(stays).collect();
        for (position, place) in docs.iter().enumerate().skip(first) {
            self.rows.set(*place as usize, Row { position: position as u32, ..self.row(*place) });
        }
        self.threads[thread as usize] = Thread { docs, length };
        let mut gaps: Vec<usize> =
            gone.keys().zip(0..).map(|(position, before)| *position as usize - before).collect();
        gaps.dedup();
        gaps.into_iter().for_each(|it| self.measure(thread, it));
    }

    /// A record by its place.
    #[inline]
    pub(crate) fn doc(&self, place: Place) -> Option<Doc> {
        let row = self.row(place);
        (row.kind != NONE).then_some(())?;
        Some(Doc {
            place,
            id: row.id,
            at: row.at,
            thread: row.thread,
            position: row.position,
            author: row.author,
            kind: row.kind,
            importance: row.importance,
            confidence: row.confidence,
            look: Look::of_bits(row.look),
            tagged: row.look & TAGGED != 0,
            tokens: row.tokens,
        })
    }

    /// The terms of a record in their order: author, tags and fields first.
    pub(crate) fn terms(&self, place: Place) -> impl Iterator<Item = Term> {
        self.texts.terms(self.row(place).text, self.lengths[place as usize])
    }

    /// The sentences of a record, whose terms are the last of [`Self::terms`].
    pub(crate) fn sentences(&self, place: Place) -> impl Iterator<Item = Sentence> {
        self.texts.sentences(self.row(place).text, self.lengths[place as usize])
    }

    /// The tags of a record.
    pub(crate) fn tags_of(&self, place: Place) -> impl Iterator<Item = u32> + use<> {
        let tags: Vec<u32> = self.texts.tags(self.row(place).text).collect();
        tags.into_iter()
    }

    /// The place of a record.
    pub(crate) fn place(&self, id: MemoryId) -> Option<Place> {
        self.find(id).ok().map(|it| self.by_id[it])
    }

    /// Places of the records behind one, and of all where none is named, in the order of their ids.
    pub(crate) fn after(&self, id: Option<MemoryId>) -> &[Place] {
        let first = id.map_or(0, |it| self.find(it).map_or_else(|at| at, |at| at + 1));
        &self.by_id[first..]
    }

    /// Places of all records.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> {
        let mut is_free = vec![false; self.rows.len()];
        self.free.iter().for_each(|it| is_free[*it as usize] = true);
        (0..self.rows.len() as Place).filter(move |it| !is_free[*it as usize])
    }

    /// Places that were ever used.
    pub(crate) fn capacity(&self) -> usize {
        self.rows.len()
    }

    /// The number of records.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// The records that hold a word, and how often.
    pub(crate) fn postings(&self, word: &str) -> postings::Iter<'_> {
        let postings = self.words.find(word).map(|it| &self.postings[it as usize]);
        postings.map(|it| it.iter(&self.lists)).unwrap_or_default()
    }

    /// A word that many records hold, to be counted in windows.
    pub(crate) fn dense(&self, word: &str) -> Option<&Dense> {
        let number = self.words.find(word)?;
        self.dense.get(number, &self.postings[number as usize], &self.lists)
    }

    /// How often such a word stands in a window.
    #[inline]
    pub(crate) fn count_in_window(&self, word: &Dense, place: Place, radius: u32) -> u32 {
        match self.run(place, radius) {
            Some(run) => word.in_run(*run.start(), *run.end()),
            None => self.window(&place, radius).iter().map(|it| word.in_run(*it, *it)).sum(),
        }
    }

    /// How many records hold a word.
    pub(crate) fn holders(&self, word: &str) -> usize {
        self.words.find(word).map_or(0, |it| self.postings[it as usize].len())
    }

    /// Whether some records tell other names.
    pub(crate) fn has_aliases(&self) -> bool {
        !self.aliases.is_empty()
    }

    /// What a record says that tells other names; none where it tells none.
    pub(crate) fn alias(&self, place: Place) -> Option<&str> {
        self.aliases.text(place)
    }

    /// Whether some tell a name that begins with a word.
    pub(crate) fn has_name_from(&self, word: &str) -> bool {
        self.aliases.begins(word)
    }

    /// The records that tell a name of such a spelling.
    pub(crate) fn with_name(&self, spelling: &str) -> impl Iterator<Item = Place> {
        self.aliases.places(spelling)
    }

    /// How well the time of a record fits days that are asked for, from 0 to 1.
    pub(crate) fn time_fit(&self, place: Place, asked: &AskedDays) -> f64 {
        self.times.fit(place, asked)
    }

    /// How many records fit days that are asked for, and which, where they are no more than `most`.
    pub(crate) fn in_time(&self, asked: &AskedDays, most: u64) -> (u64, Vec<Place>) {
        self.times.fitting(asked, most)
    }

    /// Whether a record has such a field.
    pub(crate) fn has_field(&self, place: Place, asked: &FieldIs) -> bool {
        self.fields.has(place, asked)
    }

    /// The values of a record's fields that are words of it, in their order.
    pub(crate) fn field_words(&self, place: Place) -> impl Iterator<Item = &str> {
        self.fields.of(place).filter(|it| !is_of_host(it.0)).map(|it| it.1)
    }

    /// The records that have such a field.
    pub(crate) fn with_field(&self, asked: &FieldIs) -> Vec<Place> {
        self.fields.places(asked)
    }

    /// The number of a word.
    pub(crate) fn term(&self, word: &str) -> Option<Term> {
        self.words.find(word)
    }

    /// The word of a number.
    pub(crate) fn word(&self, term: Term) -> &str {
        self.words.name(term)
    }

    /// Names of kinds.
    pub(crate) fn kinds(&self) -> &Names {
        &self.kinds
    }

    /// Names of tags.
    pub(crate) fn tags(&self) -> &Names {
        &self.tags
    }

    /// Names of threads.
    pub(crate) fn thread_names(&self) -> &Names {
        &self.thread_names
    }

    /// Names of authors.
    pub(crate) fn authors(&self) -> &Names {
        &self.authors
    }

    /// A thread.
    pub(crate) fn thread(&self, thread: u32) -> Option<&Thread> {
        self.threads.get(thread as usize)
    }

    /// How many threads hold something.
    pub(crate) fn threads_in_use(&self) -> usize {
        self.thread_names.in_use()
    }

    /// How many different words there are.
    pub(crate) fn words_in_use(&self) -> usize {
        self.words.in_use()
    }

    /// The neighbour of a record in its thread, `distance` further on.
    pub(crate) fn neighbour(&self, doc: &Doc, distance: i32) -> Option<Place> {
        let thread = self.thread(doc.thread)?;
        let position = usize::try_from(i64::from(doc.position) + i64::from(distance)).ok()?;
        thread.docs.get(position).copied()
    }

    /// The records around one in its thread, itself among them, up to `radius` away.
    pub(crate) fn window<'a>(&'a self, place: &'a Place, radius: u32) -> &'a [Place] {
        let threaded = self.doc(*place).and_then(|doc| Some((doc, self.thread(doc.thread)?)));
        let Some((doc, thread)) = threaded.filter(|_| radius > 0) else {
            return std::slice::from_ref(place);
        };
        let from = doc.position.saturating_sub(radius) as usize;
        let to = (doc.position as usize + radius as usize + 1).min(thread.docs.len());
        &thread.docs[from.min(to)..to]
    }

    /// The places of a window, where they follow each other.
    #[inline]
    pub(crate) fn run(&self, place: Place, radius: u32) -> Option<std::ops::RangeInclusive<Place>> {
        self.reaches[place as usize].run(place, radius)
    }

    /// Shows the records of a window. As [`Shard::window`], and where a thread's places follow each other, as
    /// they do when it was written in one go, without a look at record and thread.
    pub(crate) fn each_in_window(&self, place: Place, radius: u32, mut see: impl FnMut(Place)) {
        match self.run(place, radius) {
            Some(run) => run.for_each(see),
            None => self.window(&place, radius).iter().for_each(|it| see(*it)),
        }
    }

    /// How many terms the records of a window have together.
    pub(crate) fn window_length(&self, place: Place, radius: u32) -> u64 {
        let mut length = 0;
        self.each_in_window(place, radius, |it| length += self.length_of(it));
        length
    }

    /// Asks the memory for what tells of a window that is looked at soon.
    #[inline(always)]
    pub(crate) fn ask_for_window(&self, place: Place) {
        ask_for(&self.reaches, place as usize);
        ask_for(&self.lengths, place as usize);
    }

    /// How many terms a record has.
    pub(crate) fn length_of(&self, place: Place) -> u64 {
        u64::from(self.lengths[place as usize])
    }

    /// What can be added up over shards.
    pub(crate) fn totals(&self) -> Totals {
        Totals {
            docs: self.by_id.len() as u64,
            lengths: std::array::from_fn(|it| match RADII[it] {
                0 => self.length,
                _ => self.loose_length + self.window_lengths[it],
            }),
            sessions: (self.thread_names.in_use() + self.loose) as u64,
        }
    }

    /// How many terms all windows of a thread have together.
    fn window_lengths_of(&self, thread: u32) -> [u64; RADII.len()] {
        let Some(thread) = self.thread(thread) else { return [0; RADII.len()] };
        RADII.map(|radius| {
            // A record is in a window for each neighbour within the radius, and in its own.
            let missing = |docs: &mut dyn Iterator<Item = &Place>| -> u64 {
                (1..=u64::from(radius))
                    .rev()
                    .zip(docs)
                    .map(|(it, doc)| it * self.length_of(*doc))
                    .sum()
            };
            let all = (2 * u64::from(radius) + 1) * thread.length;
            all - missing(&mut thread.docs.iter()) - missing(&mut thread.docs.iter().rev())
        })
    }
}

/// How many records of its thread lie around one, up to [`Reach::MAX`] before and behind, where their places
/// follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reach(u8);

impl Reach {
    const MAX: usize = RADII[RADII.len() - 1] as usize;
    const ALONE: Self = Self(0);
    /// The thread must be asked.
    const SCATTERED: Self = Self(u8::MAX);

    fn of(docs: &[Place], position: usize) -> Self {
        let place = docs[position] as usize;
        let (before, behind) =
            (position.min(Self::MAX), (docs.len() - 1 - position).min(Self::MAX));
        let around = &docs[position - before..=position + behind];
        let run = around.iter().enumerate().all(|(at, it)| *it as usize + before == place + at);
        if run { Self(before as u8 | (behind as u8) << 4) } else { Self::SCATTERED }
    }

    fn run(self, place: Place, radius: u32) -> Option<std::ops::RangeInclusive<Place>> {
        let (before, behind) = (u32::from(self.0 & 15), u32::from(self.0 >> 4));
        (self != Self::SCATTERED).then(|| place - before.min(radius)..=place + behind.min(radius))
    }
}

/// How far the windows reach that vote for a record.
pub(crate) const RADII: [u32; 4] = [0, 1, 2, 4];

/// What scoring needs to know of everything that is searched. Whole numbers, so that those of many shards
/// add up to those of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Records.
    pub(crate) docs: u64,
    /// Terms of all windows, by [`RADII`].
    pub(crate) lengths: [u64; RADII.len()],
    /// Threads, and records without one.
    pub(crate) sessions: u64,
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.docs += other.docs;
        self.sessions += other.sessions;
        self.lengths.iter_mut().zip(other.lengths).for_each(|(it, other)| *it += other);
    }
}

/// Different terms with how often they occur, in the order of their numbers.
pub(crate) fn counted(terms: &[Term]) -> Vec<(Term, u32)> {
    let mut sorted = terms.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|one, other| one == other).map(|it| (it[0], it.len() as u32)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use proptest::prelude::*;

    use voyager_base::{clock::Timestamp, disk::Disk, sim::SimDisk};

    use super::*;
    use crate::{
        pack::{Pack, Writer},
        record::Draft,
        vectors::{Code, Query},
    };

    fn record(id: u64, thread: u8, text: &str) -> Record {
        let thread = (thread > 0).then(|| format!("t{thread}"));
        let author = Some(format!("author {}", id % 3));
        let draft = Draft { text: text.to_owned(), thread, author, ..Draft::default() };
        Record { id: MemoryId(id), written: Default::default(), draft }
    }

    const TIMES_TOLD: [&str; 3] = ["", "before Easter", "on 3 May 2023 or last week"];

    #[test]
    fn nothing_that_is_kept_of_words_tells_of_what_is_gone() {
        let mut shard = Shard::default();
        shard.add(&record(1, 1, "The door is green."));
        shard.add(&record(2, 1, "The vault opens with xylophones."));
        assert!(format!("{shard:?}").contains("xylophones"));
        shard.remove(MemoryId(2));
        let left = format!("{shard:?}");
        assert!(!left.contains("xylophon") && left.contains("door"), "{left}");
    }

    /// One by one they would have what lies behind them move up more than a thousand million times.
    #[test]
    fn what_leaves_a_long_thread_together_leaves_it_in_one_step() {
        const COUNT: u64 = 50_000;
        let mut shard = Shard::default();
        let bare = |id| {
            let draft = Draft { thread: Some("t".to_owned()), ..Draft::default() };
            Record { id: MemoryId(id), written: Default::default(), draft }
        };
        (0..COUNT).for_each(|it| _ = shard.add(&bare(it)));
        let gone: Vec<MemoryId> = (0..COUNT / 2).map(MemoryId).collect();
        shard.leave_threads(&gone);
        gone.iter().for_each(|it| assert!(shard.remove(*it)));
        let position = |id| shard.doc(shard.place(MemoryId(id)).unwrap()).unwrap().position;
        assert_eq!([COUNT / 2, COUNT - 1].map(position), [0, COUNT as u32 / 2 - 1]);
    }

    /// Everything that scoring reads, by id and by word.
    fn seen(shard: &Shard) -> impl PartialEq + std::fmt::Debug + use<> {
        let id = |it: &Place| shard.doc(*it).unwrap().id;
        for place in shard.places() {
            for radius in RADII {
                let mut seen = Vec::new();
                shard.each_in_window(place, radius, |it| seen.push(it));
                assert_eq!(seen, shard.window(&place, radius), "{place} {radius}");
            }
        }
        let mut windows: Vec<_> = shard
            .places()
            .map(|it| {
                let of = |radius| {
                    let window = shard.window(&it, radius).iter().map(id).collect::<Vec<_>>();
                    (window, shard.window_length(it, radius))
                };
                (id(&it), RADII.map(of))
            })
            .collect();
        windows.sort();
        let mut postings = BTreeMap::new();
        for word in shard.words.all() {
            let mut of: Vec<_> = shard.postings(word).map(|it| (id(&it.0), it.1)).collect();
            assert_eq!(of.len(), shard.holders(word));
            of.sort();
            postings.insert(word.to_owned(), of);
        }
        let authors: std::collections::BTreeSet<_> =
            shard.authors.all().map(str::to_owned).collect();
        let mut times: Vec<_> = shard.places().map(|it| (id(&it), shard.times.of(it))).collect();
        times.sort();
        (windows, postings, authors, times, shard.totals(), shard.len())
    }

    /// What is held of each record itself, with names for numbers.
    fn held(shard: &Shard) -> Vec<String> {
        let all = shard.places().map(|it| {
            let terms: Vec<_> = shard.terms(it).map(|it| shard.word(it)).collect();
            let tags: Vec<_> = shard.tags_of(it).map(|it| shard.tags.name(it)).collect();
            let sentences: Vec<_> = shard.sentences(it).collect();
            let times = shard.times.of(it);
            format!("{:?} {terms:?} {sentences:?} {tags:?} {times:?}", shard.doc(it))
        });
        all.collect()
    }

    fn sums_of_windows(shard: &Shard) -> [u64; RADII.len()] {
        RADII.map(|radius| shard.places().map(|it| shard.window_length(it, radius)).sum())
    }

    proptest! {
        #[test]
        fn what_was_removed_leaves_nothing(
            texts in proptest::collection::vec((0_u8..4, "[a-d]( [a-d]){0,4}"), 1..30),
            removed in proptest::collection::vec(any::<prop::sample::Index>(), 0..30),
            together in any::<bool>(),
        ) {
            let records: Vec<_> = texts
                .iter()
                .zip(0..)
                .map(|((thread, text), id)| {
                    let time = TIMES_TOLD[id as usize % 3];
                    let mut record = record(id, *thread, &format!("x{text} green {time}"));
                    record.draft.at = Some(Timestamp::from_millis(id * 86_400_000));
                    record
                })
                .collect();
            let mut shard = Shard::default();
            records.iter().for_each(|it| {
                shard.add(it);
            });
            let gone: std::collections::BTreeSet<_> =
                removed.iter().map(|it| it.index(records.len()) as u64).collect();
            if together {
                let gone: Vec<_> = gone.iter().copied().map(MemoryId).collect();
                shard.leave_threads(&gone);
            }
            for id in &gone {
                prop_assert!(shard.remove(MemoryId(*id)));
                prop_assert!(!shard.remove(MemoryId(*id)), "it is gone");
            }
            let mut fresh = Shard::default();
            let left = records.iter().filter(|it| !gone.contains(&it.id.0));
            left.clone().for_each(|it| {
                fresh.add(it);
            });
            prop_assert_eq!(seen(&shard), seen(&fresh));
            prop_assert_eq!(shard.totals().lengths, sums_of_windows(&shard));
            // Places that were used before are used again.
            records.iter().filter(|it| gone.contains(&it.id.0)).for_each(|it| {
                shard.add(it);
            });
            let mut all = Shard::default();
            records.iter().for_each(|it| {
                all.add(it);
            });
            prop_assert_eq!(seen(&shard), seen(&all));
            prop_assert!(shard.capacity() == records.len());
        }

        #[test]
        fn a_shard_reads_back_and_lives_on(
            texts in proptest::collection::vec((0_u8..4, 0_u8..3, "[a-d]( [a-d]){0,4}"), 1..30),
            removed in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
            later in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
            rests in any::<bool>(),
        ) {
            let mut shard = Shard::default();
            for ((thread, tags, text), id) in texts.iter().zip(0..) {
                let text = format!("{text} {}. I told you", TIMES_TOLD[id as usize % 3]);
                let mut record = record(id, *thread, &text);
                record.draft.tags = (0..*tags).map(|it| format!("tag {it}")).collect();
                let place = shard.add(&record);
                if id % 3 != 0 {
                    shard.vectors.set(place, &Code::of(&[1.0, id as f32, -2.0]).unwrap());
                }
            }
            let all = |shard: &mut Shard, gone: &[prop::sample::Index]| {
                gone.iter().for_each(|it| {
                    shard.remove(MemoryId(it.index(texts.len()) as u64));
                });
            };
            all(&mut shard, &removed);
            let disk = SimDisk::new(1);
            let mut writer = Writer::new(disk.open("pack").unwrap(), &[7; 32]).unwrap();
            shard.write(&mut writer, "0").unwrap();
            writer.finish(&0).unwrap();
            let pack = Pack::open(disk.open("pack").unwrap(), &[7; 32], None).unwrap();
            let mut read = Shard::read(&pack, "0", if rests { 0 } else { usize::MAX }).unwrap();
            prop_assert_eq!(held(&read), held(&shard));
            for _ in 0..2 {
                prop_assert_eq!(seen(&read), seen(&shard));
                prop_assert_eq!(held(&read), held(&shard));
                let question = Query::of(&[0.5, 1.0, -0.25]).unwrap();
                let vectors = |it: &Shard| {
                    let cosines: Vec<_> = it.vectors.all_cosines(&question).collect();
                    let (shades, _) = it.vectors.arrays();
                    (cosines, it.vectors.sketches(), shades.into_owned(), it.vectors.len())
                };
                prop_assert_eq!(vectors(&read), vectors(&shard));
                for shard in [&mut read, &mut shard] {
                    all(shard, &later);
                    let place = shard.add(&record(100, 1, "later a b"));
                    shard.vectors.set(place, &Code::of(&[2.0, 1.0, 0.0]).unwrap());
                }
            }
        }
    }

    /// What is kept depends on how texts become terms and looks, too. Where this changes, so must the format:
    /// an index that was kept before is made anew then.
    #[test]
    fn what_is_kept_has_a_format_of_its_own() {
        let mut shard = Shard::default();
        let text = "Didn't Zoë's 3 friends go hiking yesterday? I told you: internationalisation!";
        let mut one = record(7, 1, text);
        one.draft.tags = vec!["outdoor trips".to_owned()];
        let fields = [("trail", "E5"), ("km", "12.5"), ("run", "7")];
        one.draft.fields = fields.map(|it| (it.0.to_owned(), it.1.to_owned())).into();
        let place = shard.add(&one);
        let mut names = record(8, 0, "door = gate");
        names.draft.kind = KIND_ALIAS.to_owned();
        shard.add(&names);
        shard.vectors.set(place, &Code::of(&[1.0, -2.0, 3.0]).unwrap());
        let disk = SimDisk::new(1);
        let mut writer = Writer::new(disk.open("pack").unwrap(), &[7; 32]).unwrap();
        shard.write(&mut writer, "0").unwrap();
        writer.finish(&IMAGE_FORMAT).unwrap();
        let bytes = disk.content("pack").unwrap();
        expect_test::expect!["17 6f0f4567764ad8e76d8bab8745edc1af17f6eeb36f0188f8954f38b018cbf926"]
            .assert_eq(&format!("{IMAGE_FORMAT} {}", blake3::hash(&bytes).to_hex()));
    }

    #[test]
    fn tokens_are_counted_about_as_a_language_model_does() {
        assert_eq!(tokens_of(""), 0);
        assert_eq!(tokens_of("The door is green."), 5);
        assert_eq!(tokens_of("internationalisation"), 3);
    }
}
