//! Recall: what is looked at for a question, and which of it is given back.

use std::{iter, sync::Arc};

use voyager_base::{Digest, clock::Timestamp, memory::Trust};

use super::{Memory, naming::other_names};
use crate::{
    asking::Asking,
    cache::{Answer, Asked, end_of_minute},
    error::ReadError,
    groups::saying,
    index::Index,
    past::Past,
    question::Related,
    recall::{
        self, Aside, Candidate, Considered, Dated, Hit, Look, QUESTION_BYTES_MAX, Question, Ranked,
        Recall, SAME_MAX, Same,
    },
    record::MemoryId,
    search::Search,
    shard::{Doc, Shard},
    vectors::Query,
    when::{self, Granularity, Interval},
};

impl Memory {
    /// Finds what answers a question. Whoever asks the same again in the same minute, while nothing changed, gets the
    /// same answer from the cache.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn recall(&self, question: &Question, now: Timestamp) -> Result<Recall, ReadError> {
        let asked = Asked::of(question, now);
        let (answer, commit) = self.asked(|index| {
            if let Some(known) = self.answers_mut().find(&asked, index) {
                debug_assert!(
                    self.answer(index, question, now).as_ref() == Ok(&*known) || index.is_torn(),
                    "an answer is given again only where asking anew gives the same"
                );
                return Ok((known, index.commit()));
            }
            let answer = Arc::new(self.answer(index, question, now)?);
            if !index.is_torn() {
                self.answers_mut().keep(asked.clone(), &answer, index);
                self.choose(index, &asked, question)?;
            }
            Ok((answer, index.commit()))
        })?;
        self.tell(&answer, commit)
    }

    /// Does what [`Memory::recall`] does, without the cache: for those who measure or compare.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn recall_anew(&self, question: &Question, now: Timestamp) -> Result<Recall, ReadError> {
        let (answer, commit) =
            self.asked(|index| Ok((self.answer(index, question, now)?, index.commit())))?;
        self.tell(&answer, commit)
    }

    fn answer(
        &self,
        index: &Index,
        question: &Question,
        now: Timestamp,
    ) -> Result<Answer, ReadError> {
        let past = self.past(index, question)?;
        let past = past.as_ref();
        let Considered { candidates, doubt, .. } =
            self.look(index, (question, past), now, Look::Ranking)?;
        let count = candidates.len();
        let answering = candidates.iter().filter(|it| it.speaks).count();
        let grouping = Grouping::of(index, question, past);
        let (packed, duplicates) = self.pack(candidates, &grouping)?;
        let same = packed.iter().map(|it| grouping.same(it.1.id)).collect();
        let superseded = self.left_out(index, (question, past), now)?;
        Ok(Answer { packed, same, candidates: count, answering, duplicates, superseded, doubt })
    }

    /// How many would be given back, were they not superseded. To know that is to ask again, where there are any.
    fn left_out(
        &self,
        index: &Index,
        (question, past): (&Question, Option<&Past>),
        now: Timestamp,
    ) -> Result<usize, ReadError> {
        let are_some = match past {
            Some(past) => past.supersedes(),
            None => index.supersedes_in(&question.spaces),
        };
        if question.history || !are_some {
            return Ok(0);
        }
        let all = Question { history: true, ..question.clone() };
        let looked = self.look(index, (&all, past), now, Look::Ranking)?.candidates;
        let grouping = Grouping { on: !question.copies, ..Grouping::of(index, &all, past) };
        let (packed, _) = self.pack(looked, &grouping)?;
        Ok(packed.iter().filter(|it| is_superseded(index, past, it.1.id)).count())
    }

    /// The best of what was looked at, without those that say the same as a better one, and how many those were.
    fn pack(
        &self,
        looked: Vec<Candidate>,
        grouping: &Grouping<'_>,
    ) -> Result<(Vec<(f64, Candidate)>, usize), ReadError> {
        let Grouping { index, question, .. } = *grouping;
        let scored = looked.into_iter().map(|it| (it.score, it)).collect();
        recall::pack(index, scored, question, |it| grouping.stands(it), |it| self.says(it))
    }

    /// Which of some hits of a question says the same as another record, as a consolidation found: none where the question
    /// does not allow that one.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn said_by<'a>(
        &self,
        question: &Question,
        hits: &'a [Hit],
        id: MemoryId,
    ) -> Result<Option<&'a Hit>, ReadError> {
        self.asked(|index| {
            let past = self.past(index, question)?;
            let grouping = Grouping::of(index, question, past.as_ref());
            let group = |id| grouping.stands(id).unwrap_or(id);
            let says_it = |it: &&Hit| it.record.id != id && group(it.record.id) == group(id);
            Ok(hits.iter().find(says_it).filter(|_| grouping.allows(id)))
        })
    }

    /// What is the same for records that say the same; none for one that can't be read. It takes no lock of the index,
    /// which whoever packs an answer has.
    fn says(&self, id: MemoryId) -> Result<Option<Digest>, ReadError> {
        Ok(self.record_if_there(id)?.map(|it| saying(&it)))
    }

    /// Reads the records of an answer.
    fn tell(&self, answer: &Answer, commit: u64) -> Result<Recall, ReadError> {
        let Answer { packed, same, .. } = answer;
        let ids: Vec<MemoryId> = packed.iter().map(|it| it.1.id).collect();
        let records = self.records(&ids)?;
        // A record that was forgotten in between is none.
        let there = packed.iter().zip(same).zip(records);
        let hits = there.filter_map(|((it, same), record)| {
            Some(recall::hit(it.0, it.1.clone(), record?, same.clone()))
        });
        let hits = hits.collect();
        Ok(Recall {
            hits,
            candidates: answer.candidates,
            answering: answer.answering,
            duplicates: answer.duplicates,
            superseded: answer.superseded,
            doubt: answer.doubt,
            commit,
        })
    }

    /// What is looked at closely for a question, with its features, in the order of writing.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn consider(&self, question: &Question, now: Timestamp) -> Result<Considered, ReadError> {
        self.asked(|index| {
            let past = self.past(index, question)?;
            self.look(index, (question, past.as_ref()), now, Look::Features)
        })
    }

    fn look(
        &self,
        index: &Index,
        (question, past): (&Question, Option<&Past>),
        now: Timestamp,
        look: Look,
    ) -> Result<Considered, ReadError> {
        let now = end_of_minute(now);
        let query = self.vector_of(question, Query::of)?;
        let shards = index.shards(&question.spaces);
        let others = |text: &str| other_names(index, (question, past), text);
        let mut asking = Asking::of(question, query, &shards, &others(&question.text), now);
        if asking.words.is_empty() && asking.vector.is_none() {
            let reason = "the question has no word that tells what to look for".to_owned();
            return Err(ReadError::Invalid { reason });
        }
        let mut parts = Vec::with_capacity(asking.parts.len());
        for text in &asking.parts {
            let part = question.part(text);
            let vector = self.vector_of(&part, Query::of)?;
            let asking = Asking::of(&part, vector, &shards, &others(text), now);
            if !asking.words.is_empty() {
                parts.push((part, asking));
            }
        }
        let search = self.search(index, (question, past));
        let rank = |it: &(Question, Asking)| recall::apart(index, &search, (&it.0, &it.1), now);
        let tied = asking.tied.take();
        let at = |tied: &Related| parts.iter().position(|it| it.0.text == tied.event);
        // When the event was is known before the others are asked.
        let mut event = None;
        if let Some((at, Related { bound, rest, .. })) = tied.and_then(|it| Some((at(&it)?, it))) {
            let part = parts.remove(at);
            let (text, ranking) = (part.0.text.as_str(), rank(&part));
            let telling = recall::holding_all(&search, &part.1, &ranking);
            // With the history what was superseded is found, and is no doubt about what is so.
            let stands = |it: &(MemoryId, Timestamp)| !is_superseded(index, past, it.0);
            let found = self.event(text, telling.into_iter().filter(stands).collect())?;
            if let Some(found) = found {
                // Its words are a time here, and nothing that is asked for beside.
                let rest = parts.iter().find(|it| it.0.text == rest);
                asking.beside_time = rest.map_or(0, |it| it.1.beside_time);
                let time = found.window(bound, now);
                let others = parts.iter_mut().map(|it| &mut it.1);
                iter::once(&mut asking).chain(others).for_each(|it| it.ask_about(time));
            }
            event = Some((at, ranking, found));
        }
        let mut ranked: Vec<Ranked> = parts.iter().map(rank).collect();
        let event = event.and_then(|(at, ranking, found)| {
            ranked.insert(at, ranking);
            found
        });
        let considered = recall::consider(index, (question, &asking), ranked, &search, now, look);
        Ok(Considered { event, ..considered })
    }

    /// When an event was that a question is tied to, by the records that hold all of its words, the best first, and when each was
    /// told: by what says a time of it, of the best and the first that was told, where no other of those says another time; or else
    /// by when that first one was told. What holds only some of its words may tell of another one.
    fn event(
        &self,
        event: &str,
        telling: Vec<(MemoryId, Timestamp)>,
    ) -> Result<Option<Dated>, ReadError> {
        let Some(first) = telling.iter().copied().min_by_key(|(id, told)| (*told, *id)) else {
            return Ok(None);
        };
        let mut read: Vec<(MemoryId, Timestamp)> =
            telling.into_iter().take(1 + when::NEXT).collect();
        if !read.contains(&first) {
            read.push(first);
        }
        let mut said: Vec<Dated> = Vec::new();
        for (by, told) in read {
            let Some(record) = self.record_if_there(by)? else { continue };
            let date = when::date_of_event(event, &record.draft.text, told);
            said.extend(date.map(|(interval, granularity)| Dated {
                interval,
                granularity,
                by,
                is_said: true,
            }));
        }
        let Some(best) = said.first() else {
            let (by, told) = first;
            let interval = Interval::day_of(told);
            return Ok(Some(Dated { interval, granularity: Granularity::Day, by, is_said: false }));
        };
        let agree = said.iter().all(|it| it.interval.overlaps(best.interval));
        Ok(agree.then_some(*best))
    }

    /// What a question searches.
    pub(super) fn search<'a>(
        &self,
        index: &'a Index,
        (question, past): (&'a Question, Option<&'a Past>),
    ) -> Search<'a> {
        let mut search = Search::new(index.shards(&question.spaces));
        search.exact_max = self.exact_vectors_max;
        // Who asks for no alias has no use for one: it says no more than what things are called.
        let hides = question.kind.is_none() && search.shards.iter().any(|it| it.has_aliases());
        if past.is_some() || question.is_selective() || index.sets_aside() || hides {
            search.only(move |shard, doc| {
                !(hides && shard.alias(doc.place).is_some())
                    && allowed(index, (question, past), shard, doc)
            });
        }
        search
    }

    /// What `of` makes of the vector of a question that is within bounds.
    pub(super) fn vector_of<T>(
        &self,
        question: &Question,
        of: impl Fn(&[f32]) -> Option<T>,
    ) -> Result<Option<T>, ReadError> {
        check_question(&question.text)?;
        let vector = question.vector.as_ref().map(|it| self.of_vector(it, of)).transpose();
        let invalid =
            |it| ReadError::Invalid { reason: format!("the vector of the question {it}") };
        vector.map_err(invalid)
    }
}

/// Whether the text of a question is short enough, to be known before anybody takes it apart or encodes it.
///
/// # Errors
/// [`ReadError::Invalid`].
pub fn check_question(text: &str) -> Result<(), ReadError> {
    let (bytes, most) = (text.len(), QUESTION_BYTES_MAX);
    if bytes <= most {
        return Ok(());
    }
    let reason = format!("the question has {bytes} bytes, and {most} are the most");
    Err(ReadError::Invalid { reason })
}

/// Whether a newer record supersedes one, or did at the commit that is asked about.
fn is_superseded(index: &Index, past: Option<&Past>, id: MemoryId) -> bool {
    match past {
        Some(past) => past.is_superseded(id),
        None => index.succession().holds(id),
    }
}

/// Whether a question lets a record be given back.
pub(super) fn allowed(
    index: &Index,
    (question, past): (&Question, Option<&Past>),
    shard: &Shard,
    doc: &Doc,
) -> bool {
    if index.is_leaving(doc.id) {
        return false;
    }
    let archived = match past {
        Some(past) => past.is_archived(doc.id),
        None => index.standing(doc.id).is_none_or(|it| it.archived),
    };
    let superseded = is_superseded(index, past, doc.id);
    let trust = match question.trust {
        Some(_) => index.trust(doc.id).unwrap_or_default(),
        None => Trust::Owner,
    };
    let was_there = past.is_none_or(|it| it.holds(doc.id));
    was_there && recall::allows(question, shard, doc, Aside { archived, superseded, trust })
}

/// Which records stand for others where a question is asked.
struct Grouping<'a> {
    index: &'a Index,
    question: &'a Question,
    past: Option<&'a Past>,
    /// Whether any does.
    on: bool,
}

impl<'a> Grouping<'a> {
    fn of(index: &'a Index, question: &'a Question, past: Option<&'a Past>) -> Self {
        Self { index, question, past, on: !question.history && !question.copies }
    }

    /// What stands for a record: it is allowed, and trusted as much.
    fn stands(&self, id: MemoryId) -> Option<MemoryId> {
        let (standing, commit) = self.index.groups().standing(id).filter(|_| self.on)?;
        let was_so = self.past.is_none_or(|it| commit <= it.commit);
        let is_trusted = self.index.trust(standing) >= self.index.trust(id);
        (was_so && is_trusted && self.allows(standing)).then_some(standing)
    }

    /// The others that say the same as a record that is given back, as far as they are allowed.
    fn same(&self, id: MemoryId) -> Same {
        let standing = self.stands(id).unwrap_or(id);
        let members = self.index.groups().members(standing);
        let members = members.filter(|it| self.stands(*it) == Some(standing) && self.allows(*it));
        let mut same: Vec<MemoryId> = members.chain([standing]).filter(|it| *it != id).collect();
        same.sort_unstable();
        let more = same.len().saturating_sub(SAME_MAX);
        same.truncate(SAME_MAX);
        (same, more)
    }

    fn allows(&self, id: MemoryId) -> bool {
        let shard = self.index.shard_of(id);
        let doc = shard.and_then(|it| Some((it, it.doc(it.place(id)?)?)));
        doc.is_some_and(|(shard, doc)| allowed(self.index, (self.question, self.past), shard, &doc))
    }
}
