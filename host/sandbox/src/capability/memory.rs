//! `voyager:memory`: what runs leave for runs to come.

use voyager_base::{
    Error,
    call::HostCall,
    clock::Timestamp,
    memory::{
        Comparison, DatedMemory, FieldCondition, FindMemory, ForgetMemory, FoundMemory, HITS_MAX,
        HITS_USUAL, KIND_LESSON, KeepResult, Lesson, ListMemory, MemoryDraft, MemoryHit,
        MemoryPassage, MemorySearch, MemoryTurn, OfferedResult, ReadMemory, RecallMemory, Recalled,
        RelateMemory, RelatedMemory, RememberMemory, Remembered, SeekHistory, SeekPassages,
        SeekRelations, SeekResults, UsedMemory,
    },
};

use super::wit::voyager::memory::{evidence, memory, results};
use crate::guest::Guest;

type Answer<T> = wasmtime::Result<Result<T, memory::Error>>;

impl memory::Host for Guest {
    async fn remember(&mut self, drafts: Vec<memory::Draft>) -> Answer<Vec<u64>> {
        let drafts = drafts.into_iter().map(Into::into).collect();
        self.checked(RememberMemory::new(drafts)).await
    }

    async fn recall(&mut self, question: memory::Question) -> Answer<memory::Recalled> {
        self.find(question.into()).await
    }

    async fn relate(&mut self, relation: memory::Relation) -> Answer<()> {
        let memory::Relation { from, kind, to, weight } = relation;
        let answer = self.ask(RelateMemory { from, kind, to, weight }).await?;
        Ok(answer.map_err(Into::into))
    }

    async fn forget(&mut self, ids: Vec<u64>) -> Answer<()> {
        self.checked(ForgetMemory::new(ids)).await
    }

    async fn used(&mut self, ids: Vec<u64>) -> Answer<()> {
        self.checked(UsedMemory::new(ids)).await
    }

    async fn read(&mut self, id: u64) -> Answer<memory::Remembered> {
        let answer = self.ask(ReadMemory { id }).await?;
        Ok(answer.map(Into::into).map_err(Into::into))
    }

    async fn learn(&mut self, lesson: memory::Lesson) -> Answer<u64> {
        let answer = self.checked(RememberMemory::new(vec![Lesson::from(lesson).into()])).await?;
        let id = |ids: Vec<u64>| {
            let none = || Error::unavailable("the memory gave no id").into();
            ids.first().copied().ok_or_else(none)
        };
        Ok(answer.and_then(id))
    }

    async fn lessons(
        &mut self,
        context: String,
        spaces: Vec<String>,
        limit: Option<u32>,
    ) -> Answer<memory::Recalled> {
        let kind = Some(KIND_LESSON.to_owned());
        let limit = limit.unwrap_or(HITS_USUAL);
        self.find(RecallMemory { text: context, spaces, limit, kind, ..RecallMemory::default() })
            .await
    }
}

impl results::Host for Guest {
    async fn keep(
        &mut self,
        question: memory::Question,
        found: Vec<u64>,
        text: String,
    ) -> Answer<bool> {
        self.checked(KeepResult::new(question.into(), found, text)).await
    }

    async fn offers(
        &mut self,
        question: memory::Question,
        likeness: Option<f64>,
    ) -> Answer<Vec<results::Offer>> {
        let offers = self.checked(SeekResults::new(question.into(), likeness)).await?;
        Ok(offers.map(|all| all.into_iter().map(Into::into).collect()))
    }
}

impl evidence::Host for Guest {
    async fn find(&mut self, search: evidence::Search) -> Answer<evidence::Found> {
        let search = MemorySearch::from(search).checked();
        Ok(self.checked(search.map(|search| FindMemory { search })).await?.map(Into::into))
    }

    async fn passages(&mut self, search: evidence::Search) -> Answer<Vec<evidence::Passage>> {
        let search = MemorySearch::from(search).checked();
        let passages = self.checked(search.map(|search| SeekPassages { search })).await?;
        Ok(passages.map(|all| all.into_iter().map(Into::into).collect()))
    }

    async fn list(
        &mut self,
        search: evidence::Search,
        after: Option<u64>,
    ) -> Answer<Vec<memory::Remembered>> {
        let limit = search.question.limit;
        let listed = self.checked(ListMemory::new(search.into(), limit, after)).await?;
        Ok(listed.map(|all| all.into_iter().map(Into::into).collect()))
    }

    async fn relations(&mut self, id: u64, skip: Option<u32>) -> Answer<Vec<evidence::Related>> {
        let answer = self.ask(SeekRelations { id, skip: skip.unwrap_or(0) }).await?;
        Ok(answer.map(|all| all.into_iter().map(Into::into).collect()).map_err(Into::into))
    }

    async fn history(&mut self, id: u64, skip: Option<u32>) -> Answer<Vec<memory::Remembered>> {
        let answer = self.ask(SeekHistory { id, skip: skip.unwrap_or(0) }).await?;
        Ok(answer.map(|all| all.into_iter().map(Into::into).collect()).map_err(Into::into))
    }
}

impl Guest {
    /// Asks the host, where what it is to be asked is within bounds.
    async fn checked<C: HostCall>(&mut self, call: Result<C, Error>) -> Answer<C::Reply> {
        match call {
            Ok(call) => Ok(self.ask(call).await?.map_err(Into::into)),
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn find(&mut self, question: RecallMemory) -> Answer<memory::Recalled> {
        Ok(self.checked(question.checked()).await?.map(Into::into))
    }
}

impl From<memory::Draft> for MemoryDraft {
    fn from(draft: memory::Draft) -> Self {
        Self {
            space: draft.space,
            text: draft.text,
            author: draft.author,
            thread: draft.thread,
            at: draft.at_ms.map(time),
            kind: draft.kind,
            tags: draft.tags,
            fields: draft.fields.into_iter().map(|it| (it.name, it.value)).collect(),
            importance: draft.importance,
            confidence: draft.confidence,
            pinned: draft.pinned,
        }
    }
}

impl From<memory::Lesson> for Lesson {
    fn from(lesson: memory::Lesson) -> Self {
        let memory::Lesson { space, context, tried, outcome, worked, tags } = lesson;
        Self { space, context, tried, outcome, worked, tags }
    }
}

impl From<memory::Question> for RecallMemory {
    fn from(question: memory::Question) -> Self {
        // Who names a budget wants it filled.
        let usual = if question.budget_tokens.is_some() { HITS_MAX } else { HITS_USUAL };
        Self {
            text: question.text,
            spaces: question.spaces,
            limit: question.limit.unwrap_or(usual),
            budget_tokens: question.budget_tokens,
            author: question.author,
            thread: question.thread,
            kind: question.kind,
            tags: question.tags,
            since: question.since_ms.map(time),
            until: question.until_ms.map(time),
        }
    }
}

/// A time that a skill names; one that no clock shows is the last that there is.
fn time(millis: u64) -> Timestamp {
    Timestamp::from_micros(millis.saturating_mul(1_000))
}

impl From<Recalled> for memory::Recalled {
    fn from(recalled: Recalled) -> Self {
        let Recalled { hits, duplicates, doubt, dated } = recalled;
        let hits = hits.into_iter().map(Into::into).collect();
        Self { hits, duplicates, doubt, dated: dated.map(Into::into) }
    }
}

impl From<DatedMemory> for memory::Dated {
    fn from(it: DatedMemory) -> Self {
        let DatedMemory { first, last, granularity, by, said } = it;
        Self { first, last, granularity, by, said }
    }
}

impl From<MemoryHit> for memory::Hit {
    fn from(hit: MemoryHit) -> Self {
        Self { memory: hit.memory.into(), score: hit.score, tokens: hit.tokens }
    }
}

impl From<Remembered> for memory::Remembered {
    fn from(record: Remembered) -> Self {
        let Remembered { id, space, text, author, thread, at, kind, tags, fields } = record;
        let field = |(name, value)| memory::Field { name, value };
        let fields = fields.into_iter().map(field).collect();
        Self { id, space, text, author, thread, at_ms: at.as_millis(), kind, tags, fields }
    }
}

impl From<OfferedResult> for results::Offer {
    fn from(offer: OfferedResult) -> Self {
        let OfferedResult { question, asked, likeness, found, text, run, skill, trust } = offer;
        let (asked_ms, trust) = (asked.as_millis(), trust.to_string());
        Self { question, asked_ms, likeness, found, text, run, skill, trust }
    }
}

impl From<evidence::Search> for MemorySearch {
    fn from(search: evidence::Search) -> Self {
        let evidence::Search { question, fields, history, as_of_ms } = search;
        let fields = fields.into_iter().map(Into::into).collect();
        Self { question: question.into(), fields, history, as_of: as_of_ms.map(time) }
    }
}

impl From<evidence::Condition> for FieldCondition {
    fn from(condition: evidence::Condition) -> Self {
        let evidence::Condition { name, comparison, value } = condition;
        let comparison = match comparison {
            evidence::Comparison::Equal => Comparison::Equal,
            evidence::Comparison::Less => Comparison::Less,
            evidence::Comparison::AtMost => Comparison::AtMost,
            evidence::Comparison::Greater => Comparison::Greater,
            evidence::Comparison::AtLeast => Comparison::AtLeast,
        };
        Self { name, comparison, value }
    }
}

impl From<FoundMemory> for evidence::Found {
    fn from(found: FoundMemory) -> Self {
        let FoundMemory { recalled, signals } = found;
        let Recalled { hits, duplicates, doubt, dated } = recalled;
        let signal = |(name, value)| evidence::Signal { name, value };
        let explained = |(hit, signals): (MemoryHit, Vec<(String, f64)>)| evidence::Explained {
            hit: hit.into(),
            signals: signals.into_iter().map(signal).collect(),
        };
        let hits = hits.into_iter().zip(signals).map(explained).collect();
        Self { hits, duplicates, doubt, dated: dated.map(Into::into) }
    }
}

impl From<MemoryPassage> for evidence::Passage {
    fn from(passage: MemoryPassage) -> Self {
        let turns = passage.turns.into_iter().map(Into::into).collect();
        Self { score: passage.score, turns }
    }
}

impl From<MemoryTurn> for evidence::Turn {
    fn from(turn: MemoryTurn) -> Self {
        Self { memory: turn.memory.into(), score: turn.score, tokens: turn.tokens }
    }
}

impl From<RelatedMemory> for evidence::Related {
    fn from(related: RelatedMemory) -> Self {
        let RelateMemory { from, kind, to, weight } = related.relation;
        let relation = memory::Relation { from, kind, to, weight };
        Self { relation, memory: related.memory.into() }
    }
}
