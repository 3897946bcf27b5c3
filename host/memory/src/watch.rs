//! Whether recall finds the vectors that lie nearest: now and then a question is put to all of them.
//!
//! Of many vectors a question compares those exactly whose sketches look near, and may miss one of the nearest. How
//! often it does depends on the vectors, and is known only to who compares them all. So some questions are taken up
//! again once they are answered: the ten nearest of all vectors are looked for in small steps, which somebody takes
//! while nobody waits, and the ten that these stages find are held against them. That is recall@10 by its
//! definition, of whole questions; a sample of a large memory would mostly hold none of the ten nearest.
//!
//! A hash of the question and the commit chooses, so that what was asked chooses the same questions each time. One costs
//! as many comparisons as there are vectors: of a larger memory fewer are taken, and any question pays for about
//! [`ROWS_A_QUESTION`] of them.
//!
//! What is found is told, and decides nothing. It is of this process, and no part of what a memory keeps.

use std::collections::VecDeque;

use voyager_base::Digest;

use crate::{arm::Spot, recall::Question, record::MemoryId, search::Search, vectors::Query};

/// So many of the nearest should be found.
const NEAREST: usize = 10;

/// So many comparisons a question pays for in the long run: in memory about a quarter of a millisecond.
const ROWS_A_QUESTION: usize = 4_096;

/// So many vectors are compared in a step: a write, and who asks behind it, waits for no more, which is some
/// milliseconds where they lie in a file.
pub(crate) const STEP_ROWS: usize = 2_048;

/// So many questions wait at most. Others are not taken: those that are asked in a rush tell little more.
const WAITING_MAX: usize = 8;

/// What recall@10 should be at least.
const RECALL_MIN: f64 = 0.95;

/// Fewer questions may be odd ones, all of whose nearest vectors are missed together.
const SURE_FROM: u64 = 5;

/// Standard deviations on either side that hold 95 of 100.
const SURE: f64 = 1.959_963_984_540_054;

/// How many of the nearest vectors were found, of the questions that were put to all vectors since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Questions.
    pub questions: u64,
    /// Vectors that should have been found: ten for each, or all where there are fewer.
    pub nearest: u64,
    /// Those of them that were found.
    pub found: u64,
}

impl Watched {
    /// The share that was found: recall@10. None where nothing is known yet.
    pub fn recall(&self) -> Option<f64> {
        (self.nearest > 0).then(|| self.found as f64 / self.nearest as f64)
    }

    /// Between what the share of all questions lies, with 95 %, as if vectors were missed one by one (Wilson 1927).
    pub fn interval(&self) -> Option<(f64, f64)> {
        let (share, count) = (self.recall()?, self.nearest as f64);
        let square = SURE * SURE / count;
        let middle = (share + square / 2.0) / (1.0 + square);
        let within =
            SURE / (1.0 + square) * (share * (1.0 - share) / count + square / (4.0 * count)).sqrt();
        Some(((middle - within).max(0.0), (middle + within).min(1.0)))
    }

    /// Whether too few are found, as far as one can be sure of that.
    pub fn is_low(&self) -> bool {
        self.questions >= SURE_FROM && self.interval().is_some_and(|it| it.1 < RECALL_MIN)
    }
}

/// Questions that are to be put to all vectors, and what came of it.
#[derive(Default)]
pub(crate) struct Watch {
    waiting: VecDeque<Check>,
    told: Watched,
}

impl Watch {
    /// Whether a question is chosen that was asked at `commit` and is told apart by `key`, where so many vectors were
    /// estimated.
    pub(crate) fn chooses(&self, key: &Digest, commit: u64, vectors: usize) -> bool {
        let hash = Digest::of_parts([key.0.as_slice(), &commit.to_le_bytes()]);
        let number = hash.0.first_chunk().map_or(0, |it| u64::from_le_bytes(*it));
        let one_of = vectors.div_ceil(ROWS_A_QUESTION).max(1) as u64;
        number.is_multiple_of(one_of) && self.waiting.len() < WAITING_MAX
    }

    /// Lets a question wait for its check.
    pub(crate) fn wait(&mut self, check: Check) {
        self.waiting.push_back(check);
    }

    /// Lets a question wait for its next step, before others.
    pub(crate) fn go_on(&mut self, check: Check) {
        self.waiting.push_front(check);
    }

    /// The next one.
    pub(crate) fn next(&mut self) -> Option<Check> {
        self.waiting.pop_front()
    }

    /// Whether one waits.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Counts what came of one.
    pub(crate) fn count(&mut self, (found, nearest): (u64, u64)) {
        // One whose filters leave nothing tells nothing.
        self.told.questions += u64::from(nearest > 0);
        self.told.nearest += nearest;
        self.told.found += found;
    }

    /// What came of all.
    pub(crate) fn told(&self) -> Watched {
        self.told
    }
}

/// A question that is put to all vectors, step by step.
pub(crate) struct Check {
    /// What it asks, without its words and its vector.
    question: Question,
    query: Query,
    /// What the stages find, the nearest first, and as of which commit.
    found: Option<(u64, Vec<Near>)>,
    /// The nearest of the others, the nearest first.
    missed: Vec<Near>,
    /// Places that were looked at, over all shards.
    done: usize,
}

/// A record and the cosine of its vector with that of the question.
type Near = (f64, MemoryId);

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// There are more.
    Goes,
    /// So many were found, of so many.
    Ends((u64, u64)),
    /// There is nothing to tell: by now there are so few vectors that all are compared anyway.
    Moot,
}

impl Check {
    /// One that begins.
    pub(crate) fn new(question: &Question, query: Query) -> Self {
        Self { question: question.bare(), query, found: None, missed: Vec::new(), done: 0 }
    }

    /// What it asks.
    pub(crate) fn question(&self) -> Question {
        self.question.clone()
    }

    /// One more step. What is searched is as of `commit`, and changed last by `changed`: what is found is asked anew
    /// where it was not since. A record that is written while others are compared may be passed over.
    pub(crate) fn step(
        &mut self,
        search: &Search<'_>,
        (commit, changed): (u64, u64),
        rows: usize,
    ) -> Step {
        if !search.estimates() {
            return Step::Moot;
        }
        let known = self.found.take_if(|it| changed <= it.0);
        let found = known.map_or_else(|| self.found_in(search), |it| it.1);
        let (mut skipped, mut left) = (self.done, rows);
        for (shard, number) in search.shards.iter().zip(0..) {
            let places = shard.vectors.places();
            let first = skipped.min(places);
            let last = places.min(first + left);
            skipped -= first;
            let some = first as u32..last as u32;
            for (place, cosine) in shard.vectors.cosines(&self.query, some) {
                let spot = Spot { shard: number, place };
                see(search, &found, &mut self.missed, (cosine, spot));
            }
            self.done += last - first;
            left -= last - first;
        }
        if left == 0 {
            self.found = Some((commit, found));
            return Step::Goes;
        }
        Step::Ends(self.ended(search, &found))
    }

    /// What the stages find.
    fn found_in(&self, search: &Search<'_>) -> Vec<Near> {
        let arm = search.vector(&self.query);
        let near = |it: &Spot| {
            let id = search.shard(*it).doc(it.place)?.id;
            Some((arm.value(*it)?, id))
        };
        arm.top.iter().take(NEAREST).filter_map(near).collect()
    }

    /// How many of the nearest were found, and how many those are.
    fn ended(&self, search: &Search<'_>, found: &[Near]) -> (u64, u64) {
        let is_there = |id| search.shards.iter().any(|it| it.place(id).is_some());
        let is_missed = |it: &&Near| found.iter().all(|other| other.1 != it.1) && is_there(it.1);
        let mut missed = self.missed.iter().filter(is_missed).peekable();
        let nearest = NEAREST.min(found.len() + missed.clone().count());
        let mut left = found.iter().peekable();
        let mut hits = 0;
        for _ in 0..nearest {
            let nearer = missed.peek().is_some_and(|it| left.peek().is_none_or(|of| of.0 < it.0));
            if nearer {
                missed.next();
            } else {
                left.next();
                hits += 1;
            }
        }
        (hits, nearest as u64)
    }
}

/// Looks at one of all vectors.
fn see(search: &Search<'_>, found: &[Near], missed: &mut Vec<Near>, (cosine, spot): (f64, Spot)) {
    // What is as near as the last one that was found is as good.
    let reaches = |of: &[Near]| of.get(NEAREST - 1).is_none_or(|it| it.0 < cosine);
    if !reaches(found) || !reaches(missed) {
        return;
    }
    let Some(id) = search.shard(spot).doc(spot.place).map(|it| it.id) else { return };
    let is_known = found.iter().chain(&*missed).any(|it| it.1 == id);
    if !is_known && search.allows(spot) {
        let at = missed.partition_point(|it| it.0 >= cosine);
        missed.insert(at, (cosine, id));
        missed.truncate(NEAREST);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use proptest::prelude::*;
    use voyager_base::{
        chance::{Chance as _, Seeded},
        clock::Timestamp,
    };

    use super::*;
    use crate::{index::Index, record::Draft, record::Record, row::Standing, shard::Shard};

    const DIMENSIONS: usize = 32;

    const STANDING: Standing =
        Standing { weight: 1.0, cycle: 0, pinned: false, archived: false, trust: None };

    fn query(chance: &Seeded) -> Query {
        // A sum of some is spread as numbers of a text's vector are.
        let number = |_| (0..4).map(|_| (chance.number() % 1_000) as f32 - 499.5).sum();
        let numbers: Vec<f32> = (0..DIMENSIONS).map(number).collect();
        Query::of(&numbers).unwrap()
    }

    fn add(index: &mut Index, id: u64, of: &Query) {
        let draft = Draft {
            space: format!("space {}", id % 3),
            text: format!("text {id}"),
            author: Some(format!("author {}", id % 2)),
            ..Draft::default()
        };
        let record = Record { id: MemoryId(id), written: Timestamp::from_millis(id), draft };
        index.add(&record, STANDING, (id % 7 != 3).then(|| of.code().clone()));
    }

    fn index(chance: &Seeded, count: u64) -> Index {
        let mut index = Index::default();
        (0..count).for_each(|id| add(&mut index, id, &query(chance)));
        index
    }

    /// A search that compares so many exactly, of records by one author alone where it is `selective`.
    fn search(shards: Vec<&Shard>, reranked: usize, selective: bool) -> Search<'_> {
        let mut search = Search::new(shards);
        (search.exact_max, search.reranked) = (0, reranked);
        if selective {
            search.only(|_, doc| doc.id.0 % 2 == 1);
        }
        search
    }

    /// Recall@10, by sorting all.
    fn by_definition(search: &Search<'_>, query: &Query) -> (u64, u64) {
        let mut all = Vec::new();
        for (shard, number) in search.shards.iter().zip(0..) {
            let of = shard.vectors.all_cosines(query);
            let of = of.map(|(place, cosine)| (cosine, Spot { shard: number, place }));
            all.extend(of.filter(|it| search.allows(it.1)));
        }
        all.sort_by(|one, other| other.0.total_cmp(&one.0));
        let nearest = all.len().min(NEAREST);
        let last = all[nearest - 1].0;
        let arm = search.vector(query);
        let found = arm.top.iter().take(NEAREST).filter(|it| arm.value(**it) >= Some(last));
        (found.count() as u64, nearest as u64)
    }

    fn checked(search: &Search<'_>, query: &Query, rows: usize) -> (u64, u64) {
        let mut check = Check::new(&Question::default(), query.clone());
        for _ in 0..100_000 {
            match check.step(search, (1, 1), rows) {
                Step::Goes => {}
                Step::Ends(counts) => return counts,
                Step::Moot => panic!("it estimates"),
            }
        }
        panic!("it ends");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_check_tells_recall_at_ten_by_its_definition(
            seed in any::<u64>(),
            count in 1_u64..900,
            reranked in prop_oneof![Just(1_usize), 5..60_usize, Just(1_000)],
            rows in prop_oneof![Just(7_usize), 50..400_usize],
            selective in any::<bool>(),
            confused in any::<bool>(),
        ) {
            let chance = Seeded::new(seed);
            let mut index = index(&chance, count + 20);
            if confused {
                index.shards_mut().for_each(|it| it.vectors.confuse_sketches());
            }
            let search = search(index.shards(&[]), reranked, selective);
            let query = query(&chance);
            let told = checked(&search, &query, rows);
            prop_assert_eq!(told, by_definition(&search, &query));
            if reranked == 1_000 && !confused {
                prop_assert_eq!(told.0, told.1, "all were compared");
            }
        }
    }

    fn recall_of(index: &Index, questions: &[Query]) -> Watched {
        let mut watch = Watch::default();
        let search = search(index.shards(&[]), 200, false);
        questions.iter().for_each(|it| watch.count(checked(&search, it, STEP_ROWS)));
        watch.told()
    }

    #[test]
    fn sketches_of_other_vectors_are_seen_in_the_figure() {
        let chance = Seeded::new(5);
        let mut index = index(&chance, 3_000);
        let questions: Vec<Query> = (0..20).map(|_| query(&chance)).collect();
        let honest = recall_of(&index, &questions);
        assert_eq!((honest.questions, honest.nearest), (20, 200));
        assert!(honest.recall() > Some(0.97) && !honest.is_low(), "{honest:?}");
        index.shards_mut().for_each(|it| it.vectors.confuse_sketches());
        let confused = recall_of(&index, &questions);
        // A tenth of them is found by chance: 200 of about 2,570.
        assert!(confused.recall() < Some(0.2) && confused.is_low(), "{confused:?}");
    }

    #[test]
    fn what_changes_meanwhile_is_taken_for_what_it_is_by_then() {
        let chance = Seeded::new(9);
        let mut index = index(&chance, 700);
        let query = query(&chance);
        let mut check = Check::new(&Question::default(), query.clone());
        let step = |check: &mut Check, index: &Index, commit| {
            check.step(&search(index.shards(&[]), 3, false), (commit, commit), 100)
        };
        for _ in 0..7 {
            assert_eq!(step(&mut check, &index, 1), Step::Goes);
        }
        assert_eq!(check.missed.len(), NEAREST);
        // All that was found or missed is forgotten, and ten come that lie next to the question.
        let (_, found) = check.found.clone().unwrap();
        found.iter().chain(&check.missed).for_each(|it| index.remove(it.1));
        (0..10).map(|it| 1_000 + it * 7).for_each(|id| add(&mut index, id, &query));
        let ended = (0..30).find_map(|_| match step(&mut check, &index, 2) {
            Step::Ends(counts) => Some(counts),
            _ => None,
        });
        let (found, nearest) = ended.unwrap();
        assert_eq!(found, nearest, "what was missed is not here any more, and all ten are as near");
    }

    #[test]
    fn few_vectors_are_compared_anyway() {
        let index = index(&Seeded::new(1), 50);
        let search = Search::new(index.shards(&[]));
        let mut check = Check::new(&Question::default(), query(&Seeded::new(2)));
        assert_eq!(check.step(&search, (1, 1), 10), Step::Moot);
    }

    #[test]
    fn a_large_memory_takes_fewer_questions_and_a_rush_takes_none() {
        let mut watch = Watch::default();
        let chosen = |watch: &Watch, vectors| {
            let key = |it: u32| Digest::of(&it.to_le_bytes());
            (0..4_000).filter(|it| watch.chooses(&key(*it), 3, vectors)).count()
        };
        assert_eq!(chosen(&watch, ROWS_A_QUESTION), 4_000);
        let tenth = chosen(&watch, 10 * ROWS_A_QUESTION);
        assert!((320..480).contains(&tenth), "{tenth}");
        assert_eq!(tenth, chosen(&watch, 10 * ROWS_A_QUESTION), "the same ones each time");
        let query = query(&Seeded::new(1));
        (0..WAITING_MAX).for_each(|_| watch.wait(Check::new(&Question::default(), query.clone())));
        assert_eq!(chosen(&watch, ROWS_A_QUESTION), 0);
    }

    #[test]
    fn an_interval_is_that_of_wilson() {
        let told = |found, nearest| Watched { questions: nearest / 10, nearest, found };
        assert_eq!(Watched::default().interval(), None);
        // By the formula, in Python.
        for (found, nearest, low, high) in
            [(10, 10, 0.722_467, 1.0), (95, 100, 0.888_249, 0.978_456), (0, 10, 0.0, 0.277_533)]
        {
            let (lower, upper) = told(found, nearest).interval().unwrap();
            assert!((lower - low).abs() < 1e-5 && (upper - high).abs() < 1e-5, "{lower} {upper}");
        }
        assert!(!told(10, 40).is_low(), "four may be odd ones");
        assert!(!told(47, 50).is_low(), "three more may be bad luck");
        assert!(told(80, 100).is_low());
    }
}
