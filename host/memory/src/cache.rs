//! Answers that were given before, for whoever asks the same again: never one that asking anew would not give.
//!
//! An answer is a function of the question, of the minute in which it is asked, and of the state of the index.
//! The first two are its key ([`Asked`]); of the state it depends on the spaces that were searched, and on the cycle
//! of decay and whether anything is set aside, which concern all spaces. Whatever changes a space marks it with the
//! commit that does ([`Stamps`]), so an answer holds as long as none of its spaces was marked since it was given.
//! There is no estimate in that, and nothing that a write could forget to announce: marks are set where the index
//! changes.
//!
//! Totals of a space (how many records, how long, how rare words are) go into each of its scores. So any change of
//! a space ends all answers from it; bounds that let some stand would have to hold for every arm and every ranker.
//!
//! Kept are numbers: ids, scores and signals. Words of records are read when the answer is given, and of a question
//! a hash is kept. To a question that is only nearly the same no answer is given from here; what was made of answers
//! is offered for such, as what it is ([`Results`]).

mod results;
mod stamps;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use voyager_base::{Digest, clock::Timestamp};

pub use self::results::{Made, Offer, ResultsTold};
pub(crate) use self::{results::Results, stamps::Stamps};
use crate::{
    index::Index,
    recall::{Candidate, LIMIT_MAX, Question, Same},
};

/// The clock of recall goes in steps of a minute.
const STEP_MICROS: u64 = 60_000_000;

/// Bytes that an answer takes beside its hits, about.
const OVERHEAD_BYTES: usize = 256;

/// The time that recall takes for `now`: the last moment of its minute. What was told before `now` was told before it, and
/// days end where they end; so one minute is one time, and an answer can hold throughout.
pub(crate) fn end_of_minute(now: Timestamp) -> Timestamp {
    let micros = now.as_micros();
    Timestamp::from_micros(micros.saturating_add(STEP_MICROS - 1 - micros % STEP_MICROS))
}

/// A question that was asked, without what makes no difference.
#[derive(Clone)]
pub(crate) struct Asked {
    key: Digest,
    /// The spaces that were searched; all where none is named.
    spaces: Vec<String>,
}

impl Asked {
    /// A question that is asked at `now`. Its words are taken letter by letter: capitals tell names, and
    /// spaces count towards how much of a long question is read.
    pub(crate) fn of(question: &Question, now: Timestamp) -> Self {
        let mut question = Question { limit: question.limit.min(LIMIT_MAX), ..question.clone() };
        for names in [&mut question.spaces, &mut question.tags] {
            names.sort_unstable();
            names.dedup();
        }
        // All of it, so that a part which questions get later is in the key at once.
        let all = rmp_serde::to_vec(&question).expect("texts and numbers can be written");
        let minute = end_of_minute(now).as_micros().to_le_bytes();
        let key = Digest::of_parts([minute.as_slice(), &all]);
        Self { key, spaces: question.spaces }
    }

    /// What tells it apart from others, and from itself a minute later.
    pub(crate) fn key(&self) -> &Digest {
        &self.key
    }
}

/// What was found, before the records are read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// What is given back, the best first, with scores.
    pub(crate) packed: Vec<(f64, Candidate)>,
    /// For each of these the others that say the same.
    pub(crate) same: Vec<Same>,
    /// How many records were looked at closely.
    pub(crate) candidates: usize,
    /// For how many of these something in the question speaks.
    pub(crate) answering: usize,
    /// How many were left out because another one says the same.
    pub(crate) duplicates: usize,
    /// How many would be given back, were they not superseded.
    pub(crate) superseded: usize,
    /// How probable it is that nothing answers.
    pub(crate) doubt: Option<f64>,
}

impl Answer {
    fn bytes(&self) -> usize {
        let of = |it: &(f64, Candidate)| size_of_val(it) + size_of_val(it.1.features.as_slice());
        let same = self.same.iter().map(|it| size_of_val(it) + size_of_val(it.0.as_slice()));
        self.packed.iter().map(of).chain(same).sum()
    }
}

struct Kept {
    answer: Arc<Answer>,
    spaces: Vec<String>,
    /// The commit that it was given at.
    commit: u64,
    /// When it was used last, by [`Cache::uses`].
    used: u64,
    bytes: usize,
}

impl Kept {
    /// Whether asking anew would give the same.
    fn stands(&self, index: &Index) -> bool {
        index.changed(&self.spaces) <= self.commit
    }
}

/// How the cache of answers does, since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Questions that were answered from it.
    pub hits: u64,
    /// Questions that were not.
    pub misses: u64,
    /// Answers that it holds; some may not hold any more.
    pub kept: usize,
    /// Bytes that they take, about.
    pub bytes: usize,
}

/// Answers that were given. Which of them are kept depends on what was asked, in its order, and on nothing else.
pub(crate) struct Cache {
    bytes_max: usize,
    kept: HashMap<Digest, Kept>,
    /// Keys by their last use, the first of which go first.
    order: BTreeMap<u64, Digest>,
    uses: u64,
    told: Answers,
}

impl Cache {
    /// A cache that takes up to about `bytes_max`; none of it where that is nothing.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let told = Answers::default();
        Self { bytes_max, kept: HashMap::new(), order: BTreeMap::new(), uses: 0, told }
    }

    /// Lets all go, where nothing is known any more of what changed.
    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.order.clear();
        self.told.bytes = 0;
    }

    /// The answer to a question, where the one that was given holds for `index`.
    pub(crate) fn find(&mut self, asked: &Asked, index: &Index) -> Option<Arc<Answer>> {
        if self.kept.get(&asked.key).is_some_and(|it| !it.stands(index)) {
            self.remove(&asked.key);
        }
        self.uses += 1;
        let Some(kept) = self.kept.get_mut(&asked.key) else {
            self.told.misses += 1;
            return None;
        };
        self.told.hits += 1;
        self.order.remove(&kept.used);
        kept.used = self.uses;
        self.order.insert(kept.used, asked.key);
        Some(Arc::clone(&kept.answer))
    }

    /// Keeps an answer that `index` gave. Those that were not used for longest go, where there is no room.
    pub(crate) fn keep(&mut self, asked: Asked, answer: &Arc<Answer>, index: &Index) {
        self.remove(&asked.key);
        if index.is_between() {
            return;
        }
        let names: usize = asked.spaces.iter().map(|it| size_of_val(it) + it.len()).sum();
        let bytes = OVERHEAD_BYTES + names + answer.bytes();
        // One question shall not drive out all others.
        if bytes > self.bytes_max / 4 {
            return;
        }
        while self.told.bytes + bytes > self.bytes_max
            && let Some((_, key)) = self.order.pop_first()
        {
            self.remove(&key);
        }
        self.uses += 1;
        self.order.insert(self.uses, asked.key);
        self.told.bytes += bytes;
        let kept = Kept {
            answer: Arc::clone(answer),
            spaces: asked.spaces,
            commit: index.commit(),
            used: self.uses,
            bytes,
        };
        self.kept.insert(asked.key, kept);
    }

    /// Lets all go that do not hold any more.
    pub(crate) fn sweep(&mut self, index: &Index) {
        let gone = self.order.values().filter(|it| !self.kept[*it].stands(index));
        let gone: Vec<Digest> = gone.copied().collect();
        gone.iter().for_each(|it| self.remove(it));
    }

    /// How it does.
    pub(crate) fn told(&self) -> Answers {
        Answers { kept: self.kept.len(), ..self.told }
    }

    fn remove(&mut self, key: &Digest) {
        if let Some(kept) = self.kept.remove(key) {
            self.order.remove(&kept.used);
            self.told.bytes -= kept.bytes;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests;
