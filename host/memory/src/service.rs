//! What skills see of the memory: `voyager:memory`, within the spaces that their grants name.

use std::{collections::BTreeSet, iter, sync::Arc};

use futures_channel::oneshot;
use voyager_base::{
    BoxFuture, Error, ErrorKind,
    call::{Blocking, CallContext},
    clock::{Clock, Timestamp},
    grant::Grants,
    memory::{
        DatedMemory, FIELD_TRUST, FieldCondition, FindMemory, ForgetMemory, FoundMemory,
        KeepResult, ListMemory, MemoryDraft, MemoryHit, MemoryPassage, MemorySearch, MemoryService,
        MemoryTurn, OfferedResult, PART_BYTES_MAX, RELATED_MAX, ReadMemory, RecallMemory, Recalled,
        RelateMemory, RelatedMemory, RememberMemory, Remembered, SeekHistory, SeekPassages,
        SeekRelations, SeekResults, Trust, UsedMemory,
    },
    policy::Access,
};

use crate::{
    asking::Kindred,
    cache::{Made, Offer},
    error::{OpenError, ReadError, WriteError},
    fields::{FOUND_BYTES_MAX, FieldIs, NoFieldIs},
    lineage::DERIVED_FROM,
    passages::{Passage, Turn},
    question::analyse,
    recall::{Dated, Hit, Question, Signals, SubQuery},
    record::{Draft, FIELD_RUN, FIELD_SKILL, FIELDS_OF_HOST, LABELS_MAX, MemoryId, Record},
    row::Edge,
    store::{Entry, Memory, check_question},
    succession::SUPERSEDES,
};

/// The memory, opened when somebody first needs it. May block.
pub type MemoryOf = Arc<dyn Fn() -> Result<Arc<Memory>, OpenError> + Send + Sync>;

/// What an encoder knows of a question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meaning {
    /// Its vector.
    pub vector: Option<Vec<f32>>,
    /// Words that mean something like its own.
    pub kindred: Vec<Kindred>,
    /// The vectors of its parts.
    pub parts: Vec<SubQuery>,
}

impl Meaning {
    /// What of a question has a vector: all of it first, then its parts.
    pub fn texts(question: &str, now: Timestamp) -> Vec<String> {
        let parts = analyse(question, now).parts;
        iter::once(question.to_owned()).chain(parts).collect()
    }

    /// What the vectors of these texts tell, and kindred words.
    pub fn of(texts: Vec<String>, vectors: Vec<Option<Vec<f32>>>, kindred: Vec<Kindred>) -> Self {
        let mut both = texts.into_iter().zip(vectors);
        let vector = both.next().and_then(|it| it.1);
        let part = |(text, vector): (String, Option<_>)| Some(SubQuery { text, vector: vector? });
        Self { vector, kindred, parts: both.filter_map(part).collect() }
    }
}

/// What makes vectors of texts, elsewhere: this crate only keeps and compares them.
pub trait Encodes: Send + Sync {
    /// What is known of a question; nothing where that can't be said now, so that its words find what answers it. It
    /// is of the encoder that the memory has.
    fn question<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Meaning>;

    /// The vector of a question alone, where nobody looks at the rest; none as above.
    fn vector<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Option<Vec<f32>>>;

    /// Records were written that have no vector yet.
    fn written(&self);
}

/// Answers skills from a memory.
#[derive(Clone)]
pub struct Service {
    memory: MemoryOf,
    blocking: Blocking,
    clock: Arc<dyn Clock>,
    encoder: Option<Arc<dyn Encodes>>,
}

impl Service {
    /// A service of a memory that does its work where `blocking` says.
    pub fn new(memory: MemoryOf, blocking: Blocking, clock: Arc<dyn Clock>) -> Self {
        Self { memory, blocking, clock, encoder: None }
    }

    /// The same with something that makes vectors.
    #[must_use]
    pub fn with_encoder(self, encoder: Arc<dyn Encodes>) -> Self {
        Self { encoder: Some(encoder), ..self }
    }

    /// Does `work` with the memory, off the threads that poll futures.
    fn with<'a, T: Send + 'static>(
        &'a self,
        work: impl FnOnce(&Memory, Timestamp) -> Result<T, Error> + Send + 'static,
    ) -> BoxFuture<'a, Result<T, Error>> {
        let (sender, receiver) = oneshot::channel();
        let (memory, now) = (Arc::clone(&self.memory), self.clock.now());
        (self.blocking)(Box::new(move || {
            let done = memory().map_err(|it| Error::unavailable(it.to_string()));
            // The asker may be gone: then nobody needs the outcome.
            drop(sender.send(done.and_then(|memory| work(&memory, now))));
        }));
        let gone =
            |_| Error::unavailable("the memory was closed before it answered: the host stops");
        Box::pin(async move { receiver.await.map_err(gone)? })
    }

    /// What is known of the words of a question. Encoding costs more the longer it is, so that one which is too long is
    /// refused before.
    async fn meaning(&self, text: &str) -> Result<Meaning, Error> {
        check_question(text)?;
        Ok(match &self.encoder {
            Some(encoder) => encoder.question(text).await,
            None => Meaning::default(),
        })
    }

    /// Its vector alone, with the same bound.
    async fn vector(&self, text: &str) -> Result<Option<Vec<f32>>, Error> {
        check_question(text)?;
        Ok(match &self.encoder {
            Some(encoder) => encoder.vector(text).await,
            None => None,
        })
    }
}

impl MemoryService for Service {
    fn remember<'a>(
        &'a self,
        context: &'a CallContext,
        call: RememberMemory,
    ) -> BoxFuture<'a, Result<Vec<u64>, Error>> {
        let (key, run) = (context.idempotency_key, context.run.to_string());
        let skill = context.skill.clone();
        let (encoder, left) = (self.encoder.clone(), context.grants.trust_left());
        self.with(move |memory, now| {
            let entry = |it| entry(it, left, &run, &skill);
            let entries = call.drafts.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
            let ids = memory.remember(&entries, Some(&key), now)?;
            encoder.iter().for_each(|it| it.written());
            Ok(ids.into_iter().map(|it| it.0).collect())
        })
    }

    fn recall<'a>(
        &'a self,
        context: &'a CallContext,
        call: RecallMemory,
    ) -> BoxFuture<'a, Result<Recalled, Error>> {
        let grants = Arc::clone(&context.grants);
        Box::pin(async move {
            let meaning = self.meaning(&call.text).await?;
            let answered = self.with(move |memory, now| {
                let Some(question) = question(call, meaning, &grants, memory) else {
                    return Ok(Recalled::default());
                };
                Ok(recalled(memory, &question, now)?.0)
            });
            answered.await
        })
    }

    fn relate<'a>(
        &'a self,
        context: &'a CallContext,
        call: RelateMemory,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let (key, grants) = (context.idempotency_key, Arc::clone(&context.grants));
        self.with(move |memory, now| {
            let RelateMemory { from, kind, to, weight } = call;
            let (from, to) = (MemoryId(from), MemoryId(to));
            if memory.is_done(&key)? {
                return Ok(());
            }
            writable(memory, &grants, from)?;
            seen(memory, &grants, to)?;
            // What it says of a record must not lower it, nor hide it, where the record is trusted more.
            match kind.as_str() {
                DERIVED_FROM => within(memory, &grants, from, "be told what it is derived from")?,
                SUPERSEDES => within(memory, &grants, to, "be superseded")?,
                _ => {}
            }
            Ok(memory.relate(&Edge { from, kind, to, weight }, Some(&key), now)?)
        })
    }

    fn forget<'a>(
        &'a self,
        context: &'a CallContext,
        call: ForgetMemory,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let (key, grants) = (context.idempotency_key, Arc::clone(&context.grants));
        self.with(move |memory, now| {
            let ids: Vec<MemoryId> = call.ids.into_iter().map(MemoryId).collect();
            // What is forgotten has no space any more that could be granted.
            if !memory.is_done(&key)? {
                ids.iter().try_for_each(|it| writable(memory, &grants, *it))?;
            }
            memory.forget(&ids, Some(&key), now)?;
            Ok(())
        })
    }

    fn used<'a>(
        &'a self,
        context: &'a CallContext,
        call: UsedMemory,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let (key, grants) = (context.idempotency_key, Arc::clone(&context.grants));
        self.with(move |memory, now| {
            let ids: Vec<MemoryId> = call.ids.into_iter().map(MemoryId).collect();
            if memory.is_done(&key)? {
                return Ok(());
            }
            ids.iter().try_for_each(|it| writable(memory, &grants, *it))?;
            Ok(memory.used(&ids, Some(&key), now)?)
        })
    }

    fn read<'a>(
        &'a self,
        context: &'a CallContext,
        call: ReadMemory,
    ) -> BoxFuture<'a, Result<Remembered, Error>> {
        let grants = Arc::clone(&context.grants);
        self.with(move |memory, _| {
            let id = MemoryId(call.id);
            readable(memory, &grants, id)?;
            Ok(told(memory, memory.record(id)?))
        })
    }

    fn keep_result<'a>(
        &'a self,
        context: &'a CallContext,
        call: KeepResult,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        let grants = Arc::clone(&context.grants);
        let (run, skill) = (context.run.to_string(), context.skill.clone());
        Box::pin(async move {
            let KeepResult { question: asked, found, text } = call;
            let meaning = self.meaning(&asked.text).await?;
            let kept = self.with(move |memory, now| {
                let Some(question) = question(asked, meaning, &grants, memory) else {
                    return Ok(false);
                };
                tellable(&grants, &question.spaces)?;
                // The same question again, so that the result is never of an answer that was another one.
                let recall = memory.recall(&question, now)?;
                let ids = |it: Vec<MemoryId>| it.into_iter().collect::<BTreeSet<_>>();
                let found: Vec<MemoryId> = found.into_iter().map(MemoryId).collect();
                let finds = recall.hits.iter().map(|it| it.record.id).collect();
                if ids(found.clone()) != ids(finds) {
                    return Ok(false);
                }
                let trust = grants.trust_left();
                let made = Made { text: text.into(), found, run, skill, trust };
                Ok(memory.keep_result(&question, &recall, made, now)?)
            });
            kept.await
        })
    }

    fn offers<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekResults,
    ) -> BoxFuture<'a, Result<Vec<OfferedResult>, Error>> {
        let grants = Arc::clone(&context.grants);
        Box::pin(async move {
            let SeekResults { question: asked, likeness } = call;
            // Results are found by their whole questions.
            let vector = self.vector(&asked.text).await?;
            let meaning = Meaning { vector, ..Meaning::default() };
            let offered = self.with(move |memory, now| {
                let Some(question) = question(asked, meaning, &grants, memory) else {
                    return Ok(Vec::new());
                };
                let least = (likeness, grants.trust_wanted());
                let offers = memory.offered(&question, least, now)?;
                Ok(offers.into_iter().map(OfferedResult::from).collect())
            });
            offered.await
        })
    }

    fn find<'a>(
        &'a self,
        context: &'a CallContext,
        call: FindMemory,
    ) -> BoxFuture<'a, Result<FoundMemory, Error>> {
        let grants = Arc::clone(&context.grants);
        Box::pin(async move {
            let meaning = self.meaning(&call.search.question.text).await?;
            let found = self.with(move |memory, now| {
                let Some((question, now)) = searched(call.search, meaning, &grants, memory, now)?
                else {
                    return Ok(FoundMemory::default());
                };
                let (recalled, signals) = recalled(memory, &question, now)?;
                let named = |it: Signals| it.named().map(|it| (it.0.to_owned(), it.1)).into();
                Ok(FoundMemory { recalled, signals: signals.into_iter().map(named).collect() })
            });
            found.await
        })
    }

    fn passages<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekPassages,
    ) -> BoxFuture<'a, Result<Vec<MemoryPassage>, Error>> {
        let grants = Arc::clone(&context.grants);
        Box::pin(async move {
            let meaning = self.meaning(&call.search.question.text).await?;
            let told = self.with(move |memory, now| {
                let Some((question, now)) = searched(call.search, meaning, &grants, memory, now)?
                else {
                    return Ok(Vec::new());
                };
                let hits = memory.recall(&question, now)?.hits;
                let passages = memory.passages(&question, &hits)?;
                Ok(passages.into_iter().map(|it| passage(memory, it)).collect())
            });
            told.await
        })
    }

    fn list<'a>(
        &'a self,
        context: &'a CallContext,
        call: ListMemory,
    ) -> BoxFuture<'a, Result<Vec<Remembered>, Error>> {
        let grants = Arc::clone(&context.grants);
        self.with(move |memory, now| {
            let ListMemory { search, after } = call;
            let meaning = Meaning::default();
            let Some((question, _)) = searched(search, meaning, &grants, memory, now)? else {
                return Ok(Vec::new());
            };
            let ids = memory.allowed_after(&question, after.map(MemoryId), question.limit)?;
            told_part(memory, &ids)
        })
    }

    fn relations<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekRelations,
    ) -> BoxFuture<'a, Result<Vec<RelatedMemory>, Error>> {
        let grants = Arc::clone(&context.grants);
        self.with(move |memory, _| {
            let id = MemoryId(call.id);
            readable(memory, &grants, id)?;
            let ends = memory.ends(id)?.into_iter();
            let ends = ends.filter(|it| readable(memory, &grants, it.1).is_ok()).map(|it| it.0);
            let skip = call.skip as usize;
            let edges = if grants.trust_wanted() == Trust::Outside {
                let part: Vec<_> = ends.skip(skip).take(RELATED_MAX).collect();
                memory.relations_at(id, &part)?
            } else {
                // What a relation says is known when it is read.
                let all = memory.relations_at(id, &ends.collect::<Vec<_>>())?.into_iter();
                all.filter(is_vouched).skip(skip).take(RELATED_MAX).collect()
            };
            let end = |it: &Edge| if it.from == id { it.to } else { it.from };
            let records = part_of(memory, &edges.iter().map(end).collect::<Vec<_>>())?;
            let related = |(edge, record): (Edge, Option<Record>)| {
                let Edge { from, kind, to, weight } = edge;
                let relation = RelateMemory { from: from.0, kind, to: to.0, weight };
                Some(RelatedMemory { relation, memory: told(memory, record?) })
            };
            Ok(edges.into_iter().zip(records).filter_map(related).collect())
        })
    }

    fn history<'a>(
        &'a self,
        context: &'a CallContext,
        call: SeekHistory,
    ) -> BoxFuture<'a, Result<Vec<Remembered>, Error>> {
        let grants = Arc::clone(&context.grants);
        self.with(move |memory, _| {
            let id = MemoryId(call.id);
            readable(memory, &grants, id)?;
            // What supersedes each other is of one space.
            let story = memory.story(id, grants.trust_wanted())?;
            let part = story.into_iter().skip(call.skip as usize).take(RELATED_MAX);
            told_part(memory, &part.collect::<Vec<_>>())
        })
    }
}

/// A question as the memory is asked it: in spaces that the grants let be read. None where there is no such space.
fn question(
    call: RecallMemory,
    Meaning { vector, kindred, parts }: Meaning,
    grants: &Grants,
    memory: &Memory,
) -> Option<Question> {
    let mut spaces = call.spaces;
    if spaces.is_empty() {
        spaces = memory.spaces();
        spaces.retain(|it| grants.may_recall(it));
        // No space named would be all of them.
        if spaces.is_empty() {
            return None;
        }
    }
    Some(Question {
        text: call.text,
        vector,
        kindred,
        parts,
        spaces,
        limit: call.limit as usize,
        budget_tokens: call.budget_tokens,
        author: call.author,
        thread: call.thread,
        kind: call.kind,
        tags: call.tags,
        fields: Vec::new(),
        since: call.since,
        until: call.until,
        archived: false,
        history: false,
        copies: false,
        trust: Some(grants.trust_wanted()).filter(|it| *it > Trust::Outside),
        as_of: None,
    })
}

/// The same with what a search adds, and when it is asked. None where there is no space that may be read.
fn searched(
    search: MemorySearch,
    meaning: Meaning,
    grants: &Grants,
    memory: &Memory,
    now: Timestamp,
) -> Result<Option<(Question, Timestamp)>, Error> {
    let MemorySearch { question: asked, fields, history, as_of } = search;
    let fields = fields.into_iter().map(FieldIs::try_from).collect::<Result<_, _>>()?;
    let Some(question) = question(asked, meaning, grants, memory) else { return Ok(None) };
    let line = as_of.map(|it| memory.commit_at(it)).transpose()?;
    let as_of_commit = line.map(|it| it.map_or(0, |it| it.commit));
    let question = Question { fields, history, as_of: as_of_commit, ..question };
    // What was yesterday for who asks of an earlier state is the day before that.
    Ok(Some((question, as_of.map_or(now, |it| it.min(now)))))
}

impl TryFrom<FieldCondition> for FieldIs {
    type Error = Error;

    fn try_from(condition: FieldCondition) -> Result<Self, Error> {
        let FieldCondition { name, comparison, value } = condition;
        if value.len() > FOUND_BYTES_MAX {
            return Err(Error::invalid(NoFieldIs::Long.to_string()));
        }
        Ok(Self { name, comparison, value })
    }
}

/// What answers a question, and why each hit does.
fn recalled(
    memory: &Memory,
    question: &Question,
    now: Timestamp,
) -> Result<(Recalled, Vec<Signals>), Error> {
    let recall = memory.recall(question, now)?;
    let duplicates = u32::try_from(recall.duplicates).unwrap_or(u32::MAX);
    let dated = memory.dated(question, &recall.hits, now)?.and_then(dated);
    let signals = recall.hits.iter().map(|it| it.signals).collect();
    let hits = recall.hits.into_iter().map(|it| hit(memory, it)).collect();
    Ok((Recalled { hits, duplicates, doubt: recall.doubt, dated }, signals))
}

/// Whether a relation may be told to a task whose grants want trust, given that both of its ends may. Nobody notes who relates, and
/// its kind is a text: only those are told that nobody may say of what is trusted more than they are.
fn is_vouched(edge: &Edge) -> bool {
    [SUPERSEDES, DERIVED_FROM].contains(&edge.kind.as_str())
}

/// Whether a task with these grants may tell something to whoever may read all of some spaces: where it may remember in one
/// of them, they could read it there.
fn tellable(grants: &Grants, spaces: &[String]) -> Result<(), Error> {
    let mut refused = None;
    for space in spaces {
        match grants.space(space, Access::Write) {
            Ok(()) => return Ok(()),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    refused.map_or(Ok(()), Err)
}

impl From<Offer> for OfferedResult {
    fn from(offer: Offer) -> Self {
        let Offer { question, asked, cosine, made } = offer;
        let Made { text, found, run, skill, trust } = made;
        let found = found.into_iter().map(|it| it.0).collect();
        Self { question, asked, likeness: cosine, found, text: text.to_string(), run, skill, trust }
    }
}

/// The space of a record that grants let be seen at all: others have no records.
fn seen(memory: &Memory, grants: &Grants, id: MemoryId) -> Result<String, Error> {
    let space = memory.space_of(id)?;
    let may = |access| grants.space(&space, access).is_ok();
    if may(Access::Read) || may(Access::Write) {
        Ok(space)
    } else {
        Err(ReadError::NotFound { id }.into())
    }
}

/// Whether a record may be read: its space is granted, and it is trusted as far as is wanted.
fn readable(memory: &Memory, grants: &Grants, id: MemoryId) -> Result<(), Error> {
    grants.space(&seen(memory, grants, id)?, Access::Read)?;
    if memory.trust(id)? < grants.trust_wanted() {
        return Err(ReadError::NotFound { id }.into());
    }
    Ok(())
}

fn writable(memory: &Memory, grants: &Grants, id: MemoryId) -> Result<(), Error> {
    grants.space(&seen(memory, grants, id)?, Access::Write)
}

/// Whether a record is trusted no more than what a task with these grants remembers.
fn within(memory: &Memory, grants: &Grants, id: MemoryId, to: &str) -> Result<(), Error> {
    let (trust, left) = (memory.trust(id)?, grants.trust_left());
    if trust <= left {
        return Ok(());
    }
    let message = format!(
        "m{} can't {to} by this run: it is trusted as `{trust}`, and what the run says as `{left}`; its owner can, with \
         `agent-host memory relate`",
        id.0
    );
    Err(Error::denied(message, "no grant allows it"))
}

/// What a skill wants remembered, trusted as far as its run is, or less where it says so.
fn entry(mut it: MemoryDraft, left: Trust, run: &str, skill: &str) -> Result<Entry, Error> {
    let mut trust = left;
    for (_, asked) in it.fields.extract_if(.., |it| it.0 == FIELD_TRUST) {
        let asked = asked.parse::<Trust>();
        let asked =
            asked.map_err(|it| Error::invalid(format!("the field `{FIELD_TRUST}`: {it}")))?;
        trust = trust.min(asked);
    }
    let (fields, most) = (it.fields.len(), LABELS_MAX - FIELDS_OF_HOST.len());
    if fields > most {
        return Err(Error::invalid(format!("fields: are {fields}, and {most} are the most")));
    }
    Ok(Entry { trust, ..draft(it, run, skill).into() })
}

/// A record as skills see it.
fn told(memory: &Memory, record: Record) -> Remembered {
    // One that was forgotten in between is trusted least.
    let trust = memory.trust(record.id).unwrap_or_default();
    let mut told = Remembered::from(record);
    told.fields.retain(|it| it.0 != FIELD_TRUST);
    let place = told.fields.partition_point(|it| it.0.as_str() < FIELD_TRUST);
    told.fields.insert(place, (FIELD_TRUST.to_owned(), trust.to_string()));
    told
}

/// The first of some records, as [`part_of`], without those that were forgotten in between.
fn told_part(memory: &Memory, ids: &[MemoryId]) -> Result<Vec<Remembered>, Error> {
    let records = part_of(memory, ids)?.into_iter().flatten();
    Ok(records.map(|it| told(memory, it)).collect())
}

/// The first of some records, as far as they take [`PART_BYTES_MAX`] together, and one at least; none for those that were
/// forgotten in between. They are read one by one, so that no more than that is held.
fn part_of(memory: &Memory, ids: &[MemoryId]) -> Result<Vec<Option<Record>>, Error> {
    let (mut part, mut taken) = (Vec::new(), 0);
    for id in ids {
        let record = memory.records(&[*id])?.pop().flatten();
        let bytes = record.as_ref().map_or(0, |it| it.draft.bytes());
        if taken > 0 && PART_BYTES_MAX < taken + bytes {
            break;
        }
        taken += bytes;
        part.push(record);
    }
    Ok(part)
}

fn passage(memory: &Memory, passage: Passage) -> MemoryPassage {
    let turn = |Turn { score, tokens, record }: Turn| MemoryTurn {
        memory: told(memory, record),
        score,
        tokens,
    };
    let turns = passage.turns.into_iter().map(turn).collect();
    MemoryPassage { score: passage.score, turns }
}

fn hit(memory: &Memory, hit: Hit) -> MemoryHit {
    let Hit { record, score, tokens, .. } = hit;
    MemoryHit { memory: told(memory, record), score, tokens }
}

/// A time as it is told; none where it leaves the calendar.
fn dated(Dated { interval, granularity, by, is_said }: Dated) -> Option<DatedMemory> {
    let (first, last) = interval.days()?;
    let granularity = granularity.name().to_owned();
    Some(DatedMemory { first, last, granularity, by: by.0, said: is_said })
}

/// What a skill wants remembered, with who it is: that no skill can say for itself.
fn draft(draft: MemoryDraft, run: &str, skill: &str) -> Draft {
    let mut draft = Draft::from(draft);
    draft.author.get_or_insert_with(|| skill.to_owned());
    let own = [(FIELD_RUN, run), (FIELD_SKILL, skill)];
    draft.fields.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    draft
}

impl From<MemoryDraft> for Draft {
    fn from(draft: MemoryDraft) -> Self {
        let usual = Self::default();
        Self {
            space: draft.space,
            text: draft.text,
            author: draft.author,
            thread: draft.thread,
            at: draft.at,
            kind: draft.kind.unwrap_or(usual.kind),
            tags: draft.tags,
            fields: draft.fields.into_iter().collect(),
            importance: draft.importance.unwrap_or(usual.importance),
            confidence: draft.confidence.unwrap_or(usual.confidence),
            pinned: draft.pinned,
        }
    }
}

impl From<Record> for Remembered {
    fn from(record: Record) -> Self {
        let at = record.at();
        let Draft { space, text, author, thread, kind, tags, fields, .. } = record.draft;
        let fields = fields.into_iter().collect();
        Self { id: record.id.0, space, text, author, thread, at, kind, tags, fields }
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        let message = error.to_string();
        match error {
            ReadError::NotFound { .. } => Self::not_found(message),
            ReadError::Invalid { .. } => Self::invalid(message),
            ReadError::Damaged { .. } | ReadError::Disk { .. } => Self::unavailable(message),
        }
    }
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        let message = error.to_string();
        match error {
            WriteError::Invalid { .. } => Self::invalid(message),
            WriteError::NotFound { .. } => Self::not_found(message),
            // It shows only when the store is opened again; another attempt has another key.
            WriteError::Disk { .. } => Self::new(ErrorKind::UnknownEffect, message),
        }
    }
}
