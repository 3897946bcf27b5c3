//! What is told beside an answer, and what is kept of it: dates, passages, results that somebody made of it, and how
//! much of what is nearest it found.

use std::{
    collections::{HashMap, HashSet},
    iter,
};

use voyager_base::{Digest, clock::Timestamp, memory::Trust};

use super::{Memory, check_question, recalling::allowed};
use crate::{
    arm::Spot,
    asking::Named,
    cache::{Answers, Asked, Made, Offer, ResultsTold, end_of_minute},
    error::ReadError,
    groups::saying,
    index::Index,
    passages::{self, Passage, Seat},
    question::{Cue, analyse},
    recall::{Dated, Hit, Question, Recall},
    record::{MemoryId, Record},
    search::Search,
    shard::{AskedDays, Doc, NONE, Shard},
    terms,
    vectors::{Code, Query},
    watch::{Check, STEP_ROWS, Step, Watched},
    when::{self, Granularity, Interval},
};

impl Memory {
    /// How many records fit the time that a question names, where those are so many that it finds none of them by
    /// itself: then the words of the question have to.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn common_time(
        &self,
        question: &Question,
        now: Timestamp,
    ) -> Result<Option<u64>, ReadError> {
        check_question(&question.text)?;
        let now = end_of_minute(now);
        let times = analyse(&question.text, now).times;
        let Some(asked) = AskedDays::of(&times, now) else { return Ok(None) };
        self.asked(|index| Ok(Search::new(index.shards(&question.spaces)).common_time(&asked)))
    }

    /// When that happened which a question asks about, by the best of what was found, those beside it in its thread, and the next best.
    /// None where it asks for no time, or nothing was found.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn dated(
        &self,
        question: &Question,
        hits: &[Hit],
        now: Timestamp,
    ) -> Result<Option<Dated>, ReadError> {
        let Some(best) = hits.first() else { return Ok(None) };
        if analyse(&question.text, end_of_minute(now)).cue != Cue::When {
            return Ok(None);
        }
        let beside = self.asked(|index| {
            let past = self.past(index, question)?;
            Ok(beside(&self.search(index, (question, past.as_ref())), best.record.id))
        })?;
        let beside: Vec<Record> = self.records(&beside)?.into_iter().flatten().collect();
        let next = hits.iter().skip(1).take(when::NEXT).map(|it| &it.record);
        let all: Vec<&Record> = iter::once(&best.record).chain(&beside).chain(next).collect();
        let texts = all.iter().map(|it| (it.draft.text.as_str(), it.at()));
        let told = || (0, Interval::day_of(best.record.at()), Granularity::Day);
        let found = when::date_among((&question.text, now), texts);
        let (number, interval, granularity) = found.unwrap_or_else(told);
        Ok(Some(Dated { interval, granularity, by: all[number].id, is_said: found.is_some() }))
    }

    /// Puts the hits of a question together: those that stand next to each other in their thread become one passage, and
    /// turns beside them come along as far as the budget allows.
    ///
    /// Such a turn lies within the spaces and times of the question, is trusted as far as it wants, and is neither archived nor
    /// superseded where it asks for no such ones. Who said it, of which kind it is and which tags it has is asked of hits alone: before
    /// an answer by Ada stands what Bob asked. What says the same as a hit is not told again, unless copies are asked for.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn passages(&self, question: &Question, hits: &[Hit]) -> Result<Vec<Passage>, ReadError> {
        let around = Question {
            author: None,
            kind: None,
            tags: Vec::new(),
            fields: Vec::new(),
            ..question.bare()
        };
        let told = hits.iter().filter(|_| !question.copies).map(|it| saying(&it.record));
        let told: HashSet<Digest> = told.collect();
        self.asked(|index| {
            let past = self.past(index, question)?;
            let spaces: HashMap<&str, &Shard> = index.spaces().collect();
            let seat = |id: MemoryId| {
                let space = index.space_of(id)?;
                let shard = spaces.get(space)?;
                let doc = shard.doc(shard.place(id)?)?;
                (doc.thread != NONE).then_some(((space, doc.thread), doc.position))
            };
            let known = |((space, thread), position): Seat<(&str, u32)>| {
                let shard = *spaces.get(space)?;
                let place = shard.thread(thread)?.docs.get(position as usize)?;
                Some((shard, shard.doc(*place)?))
            };
            let turn = |seat: Seat<(&str, u32)>, left: u64| {
                let is_meant = |(shard, doc): &(&Shard, Doc)| {
                    u64::from(doc.tokens) <= left
                        && allowed(index, (&around, past.as_ref()), shard, doc)
                };
                let Some((_, doc)) = known(seat).filter(is_meant) else { return Ok(None) };
                let record = self.record_if_there(doc.id)?;
                Ok(record.filter(|it| !told.contains(&saying(it))))
            };
            passages::passages(hits, question.budget_tokens, seat, turn)
        })
    }

    /// Names of a question that are short for those of authors in its spaces, each with the author: "mel", "Melanie".
    pub fn short_forms(&self, question: &Question, now: Timestamp) -> Vec<(String, String)> {
        let (text, index) = (question.text.as_str(), self.index());
        let said: Vec<String> = terms::words(text).collect();
        let named = Named::of(&said, &[], &analyse(text, now), &index.shards(&question.spaces));
        named.short.into_iter().map(|(short, long)| (short, long.author)).collect()
    }

    /// Keeps what somebody made of the answer to a question, for [`Memory::offered`]: until a space that was
    /// searched changes. Whoever calls this is let see all that was found. False where it is not kept: the answer holds no
    /// more, or the result is too large.
    ///
    /// # Errors
    /// [`ReadError::Invalid`].
    pub fn keep_result(
        &self,
        question: &Question,
        recall: &Recall,
        made: Made,
        now: Timestamp,
    ) -> Result<bool, ReadError> {
        let vector = self.vector_of(question, Code::of)?;
        let index = self.index();
        Ok(self.results_mut().keep((question, vector), (recall.commit, &index), made, now))
    }

    /// What was made of the answers to the nearest questions about the same spaces with the same filters, from a cosine
    /// and a trust on: at most [`OFFERS_MAX`](voyager_base::memory::OFFERS_MAX). They are results of those questions and not
    /// of this one: who asks judges whether one does.
    ///
    /// # Errors
    /// [`ReadError::Invalid`].
    pub fn offered(
        &self,
        question: &Question,
        least: (f64, Trust),
        now: Timestamp,
    ) -> Result<Vec<Offer>, ReadError> {
        let vector = self.vector_of(question, Code::of)?;
        let index = self.index();
        Ok(self.results_mut().near((question, vector.as_ref()), least, &index, now))
    }

    /// How results do that were kept.
    pub fn results(&self) -> ResultsTold {
        self.results_mut().told()
    }

    /// How the cache of answers does.
    pub fn answers(&self) -> Answers {
        self.answers_mut().told()
    }

    /// Lets a question wait to be put to all vectors, where it is chosen.
    pub(super) fn choose(
        &self,
        index: &Index,
        asked: &Asked,
        question: &Question,
    ) -> Result<(), ReadError> {
        // What was there at an earlier commit has to be read, and is found in the same way.
        if question.vector.is_none() || question.as_of.is_some() {
            return Ok(());
        }
        let shards = index.shards(&question.spaces);
        let vectors: usize = shards.iter().map(|it| it.vectors.len()).sum();
        let is_chosen = vectors > self.exact_vectors_max
            && self.watch_mut().chooses(asked.key(), index.commit(), vectors);
        if is_chosen && let Some(query) = self.vector_of(question, Query::of)? {
            self.watch_mut().wait(Check::new(question, query));
        }
        Ok(())
    }

    /// How many of the nearest vectors questions find, as far as [`Memory::watch_step`] looked.
    pub fn watched(&self) -> Watched {
        self.watch_mut().told()
    }

    /// Compares some more of all vectors with the question whose turn it is, of those that were chosen of what
    /// [`Memory::recall`] answered. Says whether there are more to compare. For whoever has time: it takes some
    /// milliseconds at most.
    pub fn watch_step(&self) -> bool {
        let Some(mut check) = self.watch_mut().next() else { return false };
        let question = check.question();
        let step = {
            let index = self.index();
            let search = self.search(&index, (&question, None));
            let as_of = (index.commit(), index.changed(&question.spaces));
            let step = check.step(&search, as_of, STEP_ROWS);
            // What was compared of a damaged index says nothing. Whoever asks next makes it anew.
            if index.is_torn() { Step::Moot } else { step }
        };
        let mut watch = self.watch_mut();
        match step {
            Step::Goes => watch.go_on(check),
            Step::Ends(counts) => watch.count(counts),
            Step::Moot => {}
        }
        watch.is_waiting()
    }
}

/// Those beside a record in its thread that a question allows, as [`when::BESIDE`] names them.
fn beside(search: &Search<'_>, id: MemoryId) -> Vec<MemoryId> {
    let found =
        search.shards.iter().zip(0..).find_map(|(it, shard)| Some((it, shard, it.place(id)?)));
    let Some((of, shard, place)) = found else { return Vec::new() };
    let Some(doc) = of.doc(place) else { return Vec::new() };
    let near = when::BESIDE.iter().filter_map(|it| of.neighbour(&doc, *it));
    let allowed = near.filter(|it| search.allows(Spot { shard, place: *it }));
    allowed.filter_map(|it| Some(of.doc(it)?.id)).collect()
}
