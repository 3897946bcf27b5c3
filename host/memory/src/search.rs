//! The arms over a set of shards, with totals of all of them.

use std::collections::{BTreeMap, HashMap};

use crate::{
    arm::{Arm, Scores, Session, Spot, Spread, Untouched},
    pool::Pool,
    shard::{Doc, Place, Places, RADII, Shard, Totals},
    vectors::{
        Code, Estimates,
        select::{self, Moments},
        sketch::{NONE, Probe},
    },
};

/// How quickly one more of the same word counts less (Robertson and Zaragoza 2009).
const K1: f64 = 1.5;
/// How much longer texts count less.
const B: f64 = 0.75;

/// Feedback looks at so many of the best, and takes so many words from them (Lavrenko and Croft 2001).
const FEEDBACK_RECORDS: usize = 8;
const FEEDBACK_WORDS: usize = 20;

/// The usual [`Search::touched_max`].
const TOUCHED_MAX: u64 = 20_000;

/// The usual [`Search::exact_max`].
const EXACT_MAX: usize = 20_000;

/// The usual [`Search::reranked`].
const RERANKED: usize = 1_000;

/// Words with how often they are asked for.
pub(crate) type Words = BTreeMap<String, u32>;

/// Some shards, searched as one.
pub(crate) struct Search<'a> {
    pub(crate) shards: Vec<&'a Shard>,
    pub(crate) totals: Totals,
    /// So many windows are scored by an arm, as long as the rarest word alone does not lie in more.
    pub(crate) touched_max: u64,
    /// So many vectors are compared exactly, all of them. Of more, cosines are estimated.
    pub(crate) exact_max: usize,
    /// So many of the best estimates are compared exactly.
    pub(crate) reranked: usize,
    /// By shard and place: whether a record may be given back; nothing where all may.
    allowed: Option<Vec<Vec<bool>>>,
}

/// How well sessions do as a whole.
pub(crate) struct SessionArm {
    values: BTreeMap<Session, f64>,
    spread: Spread,
    ranks: HashMap<Session, u32>,
}

impl SessionArm {
    /// How many standard deviations a session lies above the mean.
    pub(crate) fn z(&self, session: Session) -> f64 {
        self.spread.z(self.values.get(&session).copied().unwrap_or(0.0))
    }

    /// One over its rank.
    pub(crate) fn reciprocal_rank(&self, session: Session) -> f64 {
        self.ranks.get(&session).map_or(0.0, |it| 1.0 / f64::from(it + 1))
    }
}

impl<'a> Search<'a> {
    pub(crate) fn new(shards: Vec<&'a Shard>) -> Self {
        let mut totals = Totals::default();
        shards.iter().for_each(|it| totals += it.totals());
        let (touched_max, exact_max, reranked) = (TOUCHED_MAX, EXACT_MAX, RERANKED);
        Self { shards, totals, touched_max, exact_max, reranked, allowed: None }
    }

    /// Gives back only records of which `allow` says so. The others still count for how rare words are.
    pub(crate) fn only(&mut self, allow: impl Fn(&Shard, &Doc) -> bool) {
        let of_shard = |shard: &&Shard| {
            let allowed = |it: Place| shard.doc(it).is_some_and(|doc| allow(shard, &doc));
            (0..shard.capacity() as Place).map(allowed).collect()
        };
        self.allowed = Some(self.shards.iter().map(of_shard).collect());
    }

    /// Whether a record may be given back.
    pub(crate) fn allows(&self, spot: Spot) -> bool {
        let flag = |it: &Vec<Vec<bool>>| it[spot.shard as usize][spot.place as usize];
        self.allowed.as_ref().is_none_or(flag)
    }

    fn arm(&self, scores: Vec<Scores>, untouched: Untouched) -> Arm {
        Arm::new(&self.shards, scores, untouched, self.totals.docs, |it| self.allows(it))
    }

    pub(crate) fn shard(&self, spot: Spot) -> &'a Shard {
        self.shards[spot.shard as usize]
    }

    /// How many records hold a word.
    fn holders(&self, word: &str) -> u64 {
        self.shards.iter().map(|it| it.holders(word) as u64).sum()
    }

    /// How rare a word is, by the number of the records that hold it.
    pub(crate) fn rarity(&self, word: &str) -> f64 {
        rarity(self.totals.docs, self.holders(word))
    }

    /// BM25 over windows of `RADII[reach]` records on both sides.
    ///
    /// Rare words decide what is scored. Once their windows are [`Search::touched_max`], commoner words only add
    /// to what is scored already: what holds none of the rarer ones would hardly come to the front.
    pub(crate) fn keyword(&self, words: &Words, reach: usize) -> Arm {
        let radius = RADII[reach];
        let mean_length = self.totals.lengths[reach] as f64 / self.totals.docs.max(1) as f64;
        let capacities = self.shards.iter().map(|it| it.capacity());
        let mut windows: Vec<Windows> = capacities.clone().map(Windows::new).collect();
        let mut scores: Vec<Scores> = capacities.map(Scores::new).collect();
        for (word, times, finds) in self.by_rarity(words, 2 * u64::from(radius) + 1) {
            let all = windows.iter_mut().zip(&scores).zip(&self.shards);
            for ((windows, scores), shard) in all {
                match finds {
                    true => windows.count(shard, word, radius),
                    false => windows.count_known(shard, word, radius, scores),
                }
            }
            let holders = match finds {
                true => windows.iter().map(|it| it.touched.len() as u64).sum(),
                false => spread(self.holders(word), self.totals.docs, radius),
            };
            let weight = rarity(self.totals.docs, holders) * f64::from(times);
            let all = windows.iter_mut().zip(&mut scores).zip(&self.shards);
            for ((windows, scores), shard) in all {
                windows.drain(shard, radius, |place, count, length| {
                    scores.add(place, weight * saturation(count, length as f64, mean_length));
                });
            }
        }
        self.arm(scores, Untouched::Zero)
    }

    /// Words, the rarest first, with how often they are asked for, and whether they find records or only add to
    /// what rarer ones found. A record that holds one lies in `windows` windows.
    fn by_rarity<'b>(&self, words: &'b Words, windows: u64) -> Vec<(&'b str, u32, bool)> {
        let mut order: Vec<(u64, &str, u32)> =
            words.iter().map(|(word, times)| (self.holders(word), word.as_str(), *times)).collect();
        order.sort_unstable();
        let mut touched = 0;
        let placed = order.into_iter().filter(|it| it.0 > 0).map(|(holders, word, times)| {
            let finds = touched == 0 || touched + holders * windows <= self.touched_max;
            touched += holders * windows;
            (word, times, finds)
        });
        placed.collect()
    }

    /// BM25 over whole sessions.
    pub(crate) fn sessions(&self, words: &Words) -> SessionArm {
        let sessions = self.totals.sessions.max(1);
        let mean_length = self.totals.lengths[0] as f64 / sessions as f64;
        let mut values: BTreeMap<Session, f64> = BTreeMap::new();
        for (word, times, finds) in self.by_rarity(words, 1) {
            let mut counts: BTreeMap<Session, u32> = BTreeMap::new();
            for (number, shard) in self.shards.iter().enumerate() {
                for (place, count) in shard.postings(word) {
                    let spot = Spot { shard: number as u32, place };
                    let session = Session::of(&self.shards, spot);
                    if finds || values.contains_key(&session) {
                        *counts.entry(session).or_default() += count;
                    }
                }
            }
            let holders = if finds { counts.len() as u64 } else { self.holders(word) };
            let weight = rarity(sessions, holders.min(sessions)) * f64::from(times);
            for (session, count) in counts {
                let length = self.session_length(session) as f64;
                *values.entry(session).or_default() +=
                    weight * saturation(count, length, mean_length);
            }
        }
        let spread = Spread::of(values.values().copied(), sessions);
        let mut order: Vec<(Session, f64)> = values.iter().map(|it| (*it.0, *it.1)).collect();
        order.sort_by(|one, other| {
            other
                .1
                .total_cmp(&one.1)
                .then_with(|| self.first_of(one.0).cmp(&self.first_of(other.0)))
        });
        let ranks = order.iter().enumerate().map(|(rank, it)| (it.0, rank as u32)).collect();
        SessionArm { values, spread, ranks }
    }

    fn session_length(&self, session: Session) -> u64 {
        match session {
            Session::Thread(shard, thread) => {
                self.shards[shard as usize].thread(thread).map_or(0, |it| it.length)
            }
            Session::Alone(spot) => self.shard(spot).length_of(spot.place),
        }
    }

    /// The first record of a session: what decides between two that do equally well.
    fn first_of(&self, session: Session) -> Option<crate::record::MemoryId> {
        let (shard, place) = match session {
            Session::Thread(shard, thread) => {
                (shard, *self.shards[shard as usize].thread(thread)?.docs.first()?)
            }
            Session::Alone(spot) => (spot.shard, spot.place),
        };
        self.shards[shard as usize].doc(place).map(|it| it.id)
    }

    /// Words that the best of an arm hold and the question doesn't: what else to look for.
    pub(crate) fn feedback(&self, arm: &Arm, asked: &Words) -> Words {
        let mut weights: BTreeMap<&str, f64> = BTreeMap::new();
        for spot in arm.top.iter().take(FEEDBACK_RECORDS) {
            let shard = self.shard(*spot);
            let terms: Vec<_> = shard.terms(spot.place).collect();
            for (term, _) in crate::shard::counted(&terms) {
                let word = shard.word(term);
                *weights.entry(word).or_default() += self.rarity(word);
            }
        }
        let mut order: Vec<_> = weights.into_iter().collect();
        // Equal weights stay in the order of the words.
        order.sort_by(|one, other| other.1.total_cmp(&one.1));
        let best = order.into_iter().take(FEEDBACK_WORDS);
        let new = best.filter(|(word, _)| !asked.contains_key(*word));
        new.map(|(word, _)| (word.to_owned(), 1)).collect()
    }

    /// How near the vectors of all records lie to one.
    pub(crate) fn vector(&self, code: &Code) -> Arm {
        let count: usize = self.shards.iter().map(|it| it.vectors.len()).sum();
        if count > self.exact_max {
            return self.estimated(code);
        }
        let mut scores: Vec<Scores> =
            self.shards.iter().map(|it| Scores::new(it.capacity())).collect();
        for (number, shard) in self.shards.iter().enumerate() {
            for (place, cosine) in shard.vectors.all_cosines(code) {
                scores[number].add(place, cosine);
            }
        }
        self.arm(scores, Untouched::Unknown)
    }

    /// The same in two stages: all cosines are estimated, and the best of them compared.
    fn estimated(&self, code: &Code) -> Arm {
        let probe = Probe::of(code);
        let all: Vec<Estimates> =
            self.shards.iter().map(|it| it.vectors.estimates(&probe)).collect();
        let slices: Vec<&[i32]> = all.iter().map(|it| &**it).collect();
        let moments = Moments::of(&slices);
        let best = match &self.allowed {
            None => select::best(&slices, self.reranked),
            Some(allowed) => {
                let masked = |(of_shard, allowed): (&Estimates, &Vec<bool>)| -> Vec<i32> {
                    let of_shard = of_shard.iter().zip(allowed);
                    of_shard.map(|(it, allowed)| if *allowed { *it } else { NONE }).collect()
                };
                let masked: Vec<Vec<i32>> = all.iter().zip(allowed).map(masked).collect();
                let slices: Vec<&[i32]> = masked.iter().map(Vec::as_slice).collect();
                select::best(&slices, self.reranked)
            }
        };
        let mut looked_at = Vec::with_capacity(best.len());
        for of in best.chunk_by(|one, other| one.0 == other.0) {
            let shard = of[0].0;
            let vectors = &self.shards[shard as usize].vectors;
            let cosines = vectors.cosines(code, of.iter().map(|it| it.1));
            looked_at.extend(cosines.map(|(place, cosine)| (cosine, Spot { shard, place })));
        }
        Arm::of_estimates(&self.shards, all, moments, looked_at)
    }
}

/// The inverse document frequency, in the form that is never negative.
fn rarity(docs: u64, holders: u64) -> f64 {
    let (docs, holders) = (docs as f64, holders as f64);
    (1.0 + (docs - holders + 0.5).max(0.0) / (holders + 0.5)).ln()
}

fn saturation(count: u32, length: f64, mean_length: f64) -> f64 {
    let count = f64::from(count);
    count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length / mean_length.max(1.0)))
}

/// In how many windows a word lies that so many of the records hold, if those lie anywhere.
fn spread(holders: u64, docs: u64, radius: u32) -> u64 {
    let free = 1.0 - holders as f64 / docs.max(1) as f64;
    let reached = 1.0 - free.max(0.0).powi(2 * radius as i32 + 1);
    (docs as f64 * reached).round() as u64
}

/// In which windows of a shard a word lies, and how often.
struct Windows {
    counts: Vec<u32>,
    touched: Vec<Place>,
    /// Records that lie in the window of one that is scored; made when the first common word comes.
    near: Places,
}

/// Counts that are all zero.
static COUNTS: Pool<u32> = Pool::new();

impl Drop for Windows {
    fn drop(&mut self) {
        let mut counts = std::mem::take(&mut self.counts);
        self.touched.iter().for_each(|it| counts[*it as usize] = 0);
        COUNTS.give_back(counts);
    }
}

impl Windows {
    fn new(capacity: usize) -> Self {
        Self { counts: COUNTS.take(capacity, 0), touched: Vec::new(), near: Places::default() }
    }

    /// Counts a word in the windows that are scored already.
    fn count_known(&mut self, shard: &Shard, word: &str, radius: u32, scores: &Scores) {
        if self.near.is_empty() {
            self.near = Places::none(shard.capacity());
            for scored in scores.touched() {
                shard.each_in_window(*scored, radius, |it| self.near.add(it));
            }
        }
        let near = std::mem::take(&mut self.near);
        shard.each_of(word, &near, |center, count| {
            shard.each_in_window(center, radius, |place| {
                if scores.holds(place) {
                    self.see(place, count);
                }
            });
        });
        self.near = near;
    }

    /// Counts a word.
    fn count(&mut self, shard: &Shard, word: &str, radius: u32) {
        for (center, count) in shard.postings(word) {
            shard.each_in_window(center, radius, |place| self.see(place, count));
        }
    }

    fn see(&mut self, place: Place, count: u32) {
        let known = &mut self.counts[place as usize];
        if *known == 0 {
            self.touched.push(place);
        }
        *known += count;
    }

    /// Shows what was counted: place, count, length of the window; and begins anew.
    fn drain(&mut self, shard: &Shard, radius: u32, mut see: impl FnMut(Place, u32, u64)) {
        for place in self.touched.drain(..) {
            let count = std::mem::take(&mut self.counts[place as usize]);
            see(place, count, shard.window_length(place, radius));
        }
    }
}
