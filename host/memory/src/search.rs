//! The arms over a set of shards, with totals of all of them.

use std::collections::{BTreeMap, HashMap};

use crate::{
    arm::{Arm, CANDIDATES, Scores, Session, Spot, Spread, Untouched},
    shard::{AskedDays, Doc, Place, Places, RADII, Shard, Totals},
    vectors::{
        Estimates, LISTED_MIN, Query, Vectors,
        level::{Level, for_each_level},
        select::{Told, best_of},
        sketch::{ONE, Probe},
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
pub(crate) const EXACT_MAX: usize = 20_000;

/// The usual [`Search::shaded`]. The tenth nearest of a million lies so far above the last of these that an estimate
/// would have to be wrong by eight times its usual error to miss it, where vectors lie in clusters; by one where they
/// lie without any order.
const SHADED: usize = 2_000;

/// The usual [`Search::reranked`]: as many as are ranked.
const RERANKED: usize = CANDIDATES;

/// At most so many are compared exactly, whatever could be nearer.
const RERANKED_MAX: usize = 500;

/// So many of the nearest are wanted for sure.
const SURE: usize = 10;

/// So sure: an estimate is too low by so many of its usual errors once in 160 times.
const ERRORS: f64 = 2.5;

/// Words with how often they are asked for, and those of other names with their share of the name.
pub(crate) type Words = BTreeMap<String, f64>;

/// Says whether a record may be given back.
type Allow<'a> = dyn Fn(&Shard, &Doc) -> bool + 'a;

/// Some shards, searched as one.
pub(crate) struct Search<'a> {
    pub(crate) shards: Vec<&'a Shard>,
    pub(crate) totals: Totals,
    /// So many windows are scored by an arm, as long as the rarest word alone does not lie in more.
    pub(crate) touched_max: u64,
    /// So many vectors are compared exactly, all of them. Of more, cosines are estimated.
    pub(crate) exact_max: usize,
    /// From so many vectors on, those of some lists are estimated, where all may be given back.
    pub(crate) listed_min: usize,
    /// So many of the best estimates are made again, closer.
    pub(crate) shaded: usize,
    /// So many of the best of those are compared exactly, and what could be nearer than the tenth of them.
    pub(crate) reranked: usize,
    /// Whether a record may be given back; nothing where all may.
    allowed: Option<Box<Allow<'a>>>,
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

/// What a time has to say to speak for a record that nothing else speaks for. One that half of all records fit tells one of the
/// ten bits that tell one of a thousand apart.
const SPEAKS_FROM: f64 = 0.1;

/// What was told, or tells of what was, in the time that a question names.
pub(crate) struct TimeArm {
    asked: AskedDays,
    /// How much such a time says: 1 where one record alone fits it, near 0 where nearly all do.
    says: f64,
    /// Whether it speaks for what fits it: where it says enough, or is all that is asked for.
    pub(crate) speaks: bool,
    /// The best, in the order of how well they fit.
    pub(crate) top: Vec<Spot>,
}

impl TimeArm {
    /// How well the time of a record fits, by how much that says: from 0 to 1.
    pub(crate) fn value(&self, shard: &Shard, place: Place) -> f64 {
        self.says * shard.time_fit(place, &self.asked)
    }
}

impl<'a> Search<'a> {
    pub(crate) fn new(shards: Vec<&'a Shard>) -> Self {
        let mut totals = Totals::default();
        shards.iter().for_each(|it| totals += it.totals());
        Self {
            shards,
            totals,
            touched_max: TOUCHED_MAX,
            exact_max: EXACT_MAX,
            listed_min: LISTED_MIN,
            shaded: SHADED,
            reranked: RERANKED,
            allowed: None,
        }
    }

    /// Gives back only records of which `allow` says so. The others still count for how rare words are. It is asked of
    /// records that would be among the best, not of all.
    pub(crate) fn only(&mut self, allow: impl Fn(&Shard, &Doc) -> bool + 'a) {
        self.allowed = Some(Box::new(allow));
    }

    /// Whether a record may be given back.
    pub(crate) fn allows(&self, spot: Spot) -> bool {
        let Some(allow) = &self.allowed else { return true };
        let shard = self.shard(spot);
        shard.doc(spot.place).is_some_and(|doc| allow(shard, &doc))
    }

    fn arm(&self, scores: Vec<Scores>, untouched: Untouched) -> Arm<'a> {
        Arm::new(&self.shards, scores, untouched, self.totals.docs, |it| self.allows(it))
    }

    pub(crate) fn shard(&self, spot: Spot) -> &'a Shard {
        self.shards[spot.shard as usize]
    }

    /// How many records hold a word.
    pub(crate) fn holders(&self, word: &str) -> u64 {
        self.shards.iter().map(|it| it.holders(word) as u64).sum()
    }

    /// How rare a word is, by the number of the records that hold it.
    pub(crate) fn rarity(&self, word: &str) -> f64 {
        self.rarity_of(self.holders(word))
    }

    /// How rare a word is that so many records hold.
    pub(crate) fn rarity_of(&self, holders: u64) -> f64 {
        rarity(self.totals.docs, holders)
    }

    /// BM25 over windows of `RADII[reach]` records on both sides.
    ///
    /// Rare words decide what is scored. Once their windows are [`Search::touched_max`], commoner words only add
    /// to what is scored already: what holds none of the rarer ones would hardly come to the front.
    pub(crate) fn keyword(&self, words: &Words, reach: usize) -> Arm<'a> {
        let radius = RADII[reach];
        let mean_length = self.totals.lengths[reach] as f64 / self.totals.docs.max(1) as f64;
        let mut found: Vec<Found> = self.shards.iter().map(|_| Found::default()).collect();
        let mut windows = Windows::default();
        for (word, times, finds) in self.by_rarity(words, 2 * u64::from(radius) + 1) {
            let weight = |holders| rarity(self.totals.docs, holders) * times;
            if finds {
                let of = |shard: &&Shard| windows.of(shard, radius, shard.postings(word)).to_vec();
                let seen: Vec<Vec<(Place, u32)>> = self.shards.iter().map(of).collect();
                let weight = weight(seen.iter().map(|it| it.len() as u64).sum());
                for ((found, seen), shard) in found.iter_mut().zip(&seen).zip(&self.shards) {
                    let room = |it| room(shard.window_length(it, radius), mean_length);
                    found.join(seen, room, |it| shard.ask_for_window(it));
                    found.add(weight);
                }
                continue;
            }
            // It finds nothing more, and no word behind it does.
            let weight = weight(spread(self.holders(word), self.totals.docs, radius));
            for (found, shard) in found.iter_mut().zip(&self.shards) {
                match shard.dense(word) {
                    Some(dense) => {
                        found.count(|place| shard.count_in_window(dense, place, radius));
                    }
                    None => {
                        let near = found.near(shard, radius);
                        let postings = shard.postings(word).filter(|it| near.holds(it.0));
                        let mut seen = windows.of(shard, radius, postings).iter().peekable();
                        // Both in the order of places.
                        found.count(|place| {
                            while seen.next_if(|it| it.0 < place).is_some() {}
                            seen.next_if(|it| it.0 == place).map_or(0, |it| it.1)
                        });
                    }
                }
                found.add(weight);
            }
        }
        let scores = found.into_iter().map(|it| Scores::new(it.places, it.values));
        self.arm(scores.collect(), Untouched::Zero)
    }

    /// Words, the rarest first, with what they count, and whether they find records or only add to
    /// what rarer ones found. A record that holds one lies in `windows` windows.
    fn by_rarity<'b>(&self, words: &'b Words, windows: u64) -> Vec<(&'b str, f64, bool)> {
        let mut order: Vec<(u64, &str, f64)> =
            words.iter().map(|(word, times)| (self.holders(word), word.as_str(), *times)).collect();
        order.sort_unstable_by_key(|it| (it.0, it.1));
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
            let weight = rarity(sessions, holders.min(sessions)) * times;
            for (session, count) in counts {
                let room = room(self.session_length(session), mean_length);
                *values.entry(session).or_default() += weight * saturation(count, room);
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

    /// Records of some days: those that fit best, of those that matter most, of those the first.
    ///
    /// A time that more than [`Search::touched_max`] records fit finds none by itself: it says little then, and nothing
    /// of which of them are meant. Nor does one that says less than [`SPEAKS_FROM`], unless it is `alone`: all that is asked for.
    pub(crate) fn time(&self, asked: &AskedDays, alone: bool) -> TimeArm {
        let of = |it: &&Shard| it.in_time(asked, self.touched_max);
        let found: Vec<(u64, Vec<Place>)> = self.shards.iter().map(of).collect();
        let count: u64 = found.iter().map(|it| it.0).sum();
        let docs = self.totals.docs;
        let says = if count == 0 { 0.0 } else { rarity(docs, count) / rarity(docs, 1) };
        let speaks = alone || says >= SPEAKS_FROM;
        let mut fitting = Vec::new();
        if speaks && count <= self.touched_max {
            for ((shard, number), (_, places)) in self.shards.iter().zip(0..).zip(found) {
                fitting.extend(places.into_iter().filter_map(|place| {
                    let Doc { id, importance, .. } = shard.doc(place)?;
                    let spot = Spot { shard: number, place };
                    Some((shard.time_fit(place, asked), importance, id, spot))
                }));
            }
        }
        fitting.sort_unstable_by(|a, b| {
            b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2))
        });
        let spots = fitting.into_iter().map(|it| it.3);
        let top = spots.filter(|it| self.allows(*it)).take(CANDIDATES).collect();
        TimeArm { asked: asked.clone(), says, speaks, top }
    }

    /// How many records fit a time, where those are so many that it finds none by itself.
    pub(crate) fn common_time(&self, asked: &AskedDays) -> Option<u64> {
        let count = self.shards.iter().map(|it| it.in_time(asked, 0).0).sum();
        (count > self.touched_max).then_some(count)
    }

    /// Words that the best of an arm hold and the question doesn't: what else to look for.
    pub(crate) fn feedback(&self, arm: &Arm<'_>, asked: &Words) -> Words {
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
        new.map(|(word, _)| (word.to_owned(), 1.0)).collect()
    }

    /// Whether there are so many vectors that cosines are estimated.
    pub(crate) fn estimates(&self) -> bool {
        self.vectors() > self.exact_max
    }

    /// How many vectors there are.
    fn vectors(&self) -> usize {
        self.shards.iter().map(|it| it.vectors.len()).sum()
    }

    /// How near the vectors of all records lie to one.
    pub(crate) fn vector(&self, query: &Query) -> Arm<'a> {
        if self.estimates() {
            return self.estimated(query);
        }
        let of = |shard: &&Shard| {
            let (places, values) = shard.vectors.all_cosines(query).unzip();
            Scores::new(places, values)
        };
        self.arm(self.shards.iter().map(of).collect(), Untouched::Unknown)
    }

    /// The same in three stages: all cosines are estimated, the best of them again, and the best of those compared.
    fn estimated(&self, query: &Query) -> Arm<'a> {
        let shards: Vec<&Vectors> = self.shards.iter().map(|it| &it.vectors).collect();
        let many = self.vectors() >= self.listed_min && self.allowed.is_none();
        let mut estimates = match many {
            true => Estimates::of_near(query.code(), shards),
            false => Estimates::of_all(query.code(), shards),
        };
        let asks = |shard, place| self.allows(Spot { shard, place });
        let best = estimates.best(self.shaded, self.allowed.as_ref().map(|_| asks));
        let told = estimates.closer(&best);
        let first = best_of(told.clone(), self.reranked);
        let lowest = first.iter().map(|it| it.0).min();
        let mut looked_at = self.cosines(query, &first);
        let bar = could_be_near(estimates.probe(), &looked_at);
        let others = told.into_iter().filter(|it| bar <= it.0 && Some(it.0) < lowest);
        let others = best_of(others.collect(), RERANKED_MAX.saturating_sub(first.len()));
        looked_at.extend(self.cosines(query, &others));
        Arm::of_estimates(&self.shards, estimates, looked_at)
    }

    /// The cosines with some.
    fn cosines(&self, query: &Query, some: &[Told]) -> Vec<(f64, Spot)> {
        let mut looked_at = Vec::with_capacity(some.len());
        for of in some.chunk_by(|one, other| one.1 == other.1) {
            let shard = of[0].1;
            let vectors = &self.shards[shard as usize].vectors;
            let cosines = vectors.cosines(query, of.iter().map(|it| it.2));
            looked_at.extend(cosines.map(|(place, cosine)| (cosine, Spot { shard, place })));
        }
        looked_at
    }
}

/// The estimate from which on a vector could be nearer than the last of those that are wanted for sure; above all where
/// there are no more than those.
fn could_be_near(probe: &Probe, looked_at: &[(f64, Spot)]) -> i32 {
    let mut cosines: Vec<f64> = looked_at.iter().map(|it| it.0).collect();
    if cosines.len() <= SURE {
        return i32::MAX;
    }
    let last = *cosines.select_nth_unstable_by(SURE - 1, |a, b| b.total_cmp(a)).1;
    ((last - ERRORS * probe.error_closer(last)) * f64::from(ONE)) as i32
}

/// The inverse document frequency, in the form that is never negative.
fn rarity(docs: u64, holders: u64) -> f64 {
    let (docs, holders) = (docs as f64, holders as f64);
    (1.0 + (docs - holders + 0.5).max(0.0) / (holders + 0.5)).ln()
}

/// What a word's count is held against in a text of some length.
fn room(length: u64, mean_length: f64) -> f64 {
    K1 * (1.0 - B + B * length as f64 / mean_length.max(1.0))
}

#[inline(always)]
fn saturation(count: u32, room: f64) -> f64 {
    let count = f64::from(count);
    count * (K1 + 1.0) / (count + room)
}

for_each_level! {
    /// Adds to each value what a word is worth that stands so often in a text of such room.
    fn add_saturated(
        level,
        weight: f64,
        counts: &[u32],
        rooms: &[f64],
        values: &mut [f64],
    ) -> () {
        for ((count, room), value) in counts.iter().zip(rooms).zip(values) {
            *value += weight * saturation(*count, *room);
        }
    }
}

/// In how many windows a word lies that so many of the records hold, if those lie anywhere.
fn spread(holders: u64, docs: u64, radius: u32) -> u64 {
    let free = 1.0 - holders as f64 / docs.max(1) as f64;
    let reached = 1.0 - free.max(0.0).powi(2 * radius as i32 + 1);
    (docs as f64 * reached).round() as u64
}

/// So many windows further on lies what is asked for ahead.
const AHEAD: usize = 32;

/// What words found in a shard.
#[derive(Default)]
struct Found {
    /// Its windows, by the records in their middle, in the order of those.
    places: Vec<Place>,
    /// What each is worth.
    values: Vec<f64>,
    /// See [`room`].
    rooms: Vec<f64>,
    /// How often the word stands in each that was looked at last.
    counts: Vec<u32>,
    /// Records that lie in the windows of those; made when it is asked for, which is when nothing more is found.
    near: Option<Places>,
}

impl Found {
    /// Takes in windows of one more word, in the order of their places, each with how often the word stands there.
    /// What lies further on is asked for before its room is.
    fn join(
        &mut self,
        seen: &[(Place, u32)],
        room: impl Fn(Place) -> f64,
        ask_for: impl Fn(Place),
    ) {
        let before = std::mem::take(self);
        let most = before.places.len() + seen.len();
        self.places.reserve_exact(most);
        self.values.reserve_exact(most);
        self.rooms.reserve_exact(most);
        self.counts.reserve_exact(most);
        let mut add = |place: Place, value: f64, room: f64, count: u32| {
            self.places.push(place);
            self.values.push(value);
            self.rooms.push(room);
            self.counts.push(count);
        };
        let known = before.places.iter().zip(before.values).zip(before.rooms);
        let mut known = known.map(|((place, value), room)| (*place, value, room)).peekable();
        for (at, (place, count)) in seen.iter().enumerate() {
            seen.get(at + AHEAD).into_iter().for_each(|it| ask_for(it.0));
            while let Some((before, value, room)) = known.next_if(|it| it.0 < *place) {
                add(before, value, room, 0);
            }
            match known.next_if(|it| it.0 == *place) {
                Some((_, value, room)) => add(*place, value, room, *count),
                None => add(*place, 0.0, room(*place), *count),
            }
        }
        known.for_each(|(place, value, room)| add(place, value, room, 0));
    }

    /// Notes how often a word stands in each window.
    fn count(&mut self, count: impl FnMut(Place) -> u32) {
        self.counts.clear();
        self.counts.extend(self.places.iter().copied().map(count));
    }

    /// Adds what a word is worth that was counted: nothing where it does not stand.
    fn add(&mut self, weight: f64) {
        add_saturated(Level::best(), weight, &self.counts, &self.rooms, &mut self.values);
    }

    /// The records that lie in the windows that were found.
    fn near(&mut self, shard: &Shard, radius: u32) -> &Places {
        self.near.get_or_insert_with(|| {
            let mut near = Places::none(shard.capacity());
            for place in &self.places {
                shard.each_in_window(*place, radius, |it| near.add(it));
            }
            near
        })
    }
}

/// Makes windows of the records that hold a word.
#[derive(Default)]
struct Windows {
    held: Vec<(Place, u32)>,
    seen: Vec<(Place, u32)>,
    loose: Vec<(Place, u32)>,
}

impl Windows {
    /// In which windows of a shard a word lies, and how often, in their order: given the records that hold it.
    fn of(
        &mut self,
        shard: &Shard,
        radius: u32,
        postings: impl Iterator<Item = (Place, u32)>,
    ) -> &[(Place, u32)] {
        let Self { held, seen, loose } = self;
        seen.clear();
        if radius == 0 {
            seen.extend(postings);
            return seen;
        }
        held.clear();
        held.extend(postings);
        for (at, (center, times)) in held.iter().copied().enumerate() {
            held.get(at + AHEAD / 2).into_iter().for_each(|it| shard.ask_for_window(it.0));
            // Windows are runs, mostly, of which each begins behind the one before: what both hold was seen last.
            let Some(run) = shard.run(center, radius) else {
                loose.extend(shard.window(&center, radius).iter().map(|it| (*it, times)));
                continue;
            };
            let (first, last) = run.into_inner();
            let both = seen.last().map_or(0, |it| (it.0 + 1).saturating_sub(first));
            let at = seen.len().checked_sub(both as usize).filter(|_| first + both <= last + 1);
            match at.filter(|at| seen.get(*at).is_none_or(|it| it.0 == first)) {
                Some(at) => {
                    seen[at..].iter_mut().for_each(|it| it.1 += times);
                    seen.extend((first + both..=last).map(|it| (it, times)));
                }
                None => loose.extend((first..=last).map(|it| (it, times))),
            }
        }
        if !loose.is_empty() {
            seen.append(loose);
            seen.sort_unstable();
            seen.dedup_by(|later, known| {
                let same = later.0 == known.0;
                known.1 += if same { later.1 } else { 0 };
                same
            });
        }
        seen
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use proptest::prelude::*;
    use voyager_base::chance::Seeded;

    use super::*;
    use crate::{
        evaluate::material::Clusters,
        record::{Draft, MemoryId, Record},
        vectors::Code,
    };

    /// A shard of records in threads, 0 for none, of which some were forgotten before the last came.
    fn shard(texts: &[(u8, String)], gone: &[prop::sample::Index]) -> Shard {
        let mut shard = Shard::default();
        let add = |shard: &mut Shard, id: usize, (thread, text): &(u8, String)| {
            let thread = (*thread > 0).then(|| format!("t{thread}"));
            let draft = Draft { text: text.clone(), thread, ..Draft::default() };
            let id = MemoryId(id as u64);
            shard.add(&Record { id, written: Default::default(), draft });
        };
        let (first, last) = texts.split_at(texts.len() * 3 / 4);
        first.iter().enumerate().for_each(|(id, it)| add(&mut shard, id, it));
        for gone in gone.iter().filter(|_| !first.is_empty()) {
            shard.remove(MemoryId(gone.index(first.len()) as u64));
        }
        last.iter().enumerate().for_each(|(id, it)| add(&mut shard, first.len() + id, it));
        shard
    }

    /// Of a round cluster all are about as near: few of the ten nearest are among the first 20 that are read.
    #[test]
    fn what_could_be_among_the_nearest_is_looked_at() {
        let chance = Seeded::new(5);
        let clusters = Clusters::round(&chance, 1, 384);
        let near = || clusters.near(&chance, 0);
        let texts = vec![(0, String::new()); 1_000];
        let mut shard = shard(&texts, &[]);
        (0..1_000).for_each(|it| shard.vectors.set(it, &Code::of(&near()).unwrap()));
        let mut search = Search::new(vec![&shard]);
        let mut found = 0;
        for _ in 0..20 {
            let question = Query::of(&near()).unwrap();
            search.exact_max = usize::MAX;
            let exact = search.vector(&question).top;
            (search.exact_max, search.reranked) = (0, 20);
            let top = search.vector(&question).top;
            found += exact[..SURE].iter().filter(|it| top[..SURE].contains(it)).count();
        }
        assert!(found >= 198, "{found} of 200");
    }

    /// Lists say where to look for what is near, and nothing where only some may be given back.
    #[test]
    fn very_many_vectors_are_searched_by_lists_unless_something_is_filtered() {
        let chance = Seeded::new(6);
        let clusters = Clusters::thin(&chance, 30, 384, 48);
        let near = |at| clusters.near(&chance, at);
        let mut shard = shard(&vec![(0, String::new()); 9_000], &[]);
        for at in 0..9_000 {
            shard.vectors.set(at, &Code::of(&near(at as usize)).unwrap());
        }
        shard.vectors.settle();
        let (mut found, mut others) = (0, 0);
        for at in 0..10 {
            let question = Query::of(&near(at)).unwrap();
            let top = |listed_min, selective: bool| {
                let mut search = Search::new(vec![&shard]);
                (search.exact_max, search.listed_min) = (0, listed_min);
                if selective {
                    search.only(|_, doc| doc.id.0 % 3 == 0);
                }
                let arm = search.vector(&question);
                let values = (0..9_000).map(|place| arm.value(Spot { shard: 0, place }));
                (arm.top.clone(), values.collect::<Vec<_>>())
            };
            let (all, near) = (top(usize::MAX, false), top(9_000, false));
            found += all.0[..SURE].iter().filter(|it| near.0[..SURE].contains(it)).count();
            others += usize::from(all.0 != near.0);
            // What lists do not hold has its value too, but for the few that are looked at closely.
            let alike = all.1.iter().zip(&near.1).filter(|it| it.0 == it.1).count();
            assert!(alike > 6_000, "{alike}");
            assert_eq!(top(usize::MAX, true), top(9_000, true));
        }
        assert!(found >= 98, "{found} of 100");
        assert!(others > 0, "all were scanned");
    }

    /// What the arm is by its definition.
    fn by_definition(search: &Search<'_>, words: &Words, reach: usize) -> BTreeMap<Spot, f64> {
        let (docs, radius) = (search.totals.docs, RADII[reach]);
        let mean = (search.totals.lengths[reach] as f64 / docs.max(1) as f64).max(1.0);
        let mut values = BTreeMap::new();
        for (word, times, finds) in search.by_rarity(words, 2 * u64::from(radius) + 1) {
            let mut counts = BTreeMap::new();
            for (number, shard) in search.shards.iter().enumerate() {
                for place in shard.places() {
                    let spot = Spot { shard: number as u32, place };
                    let window = shard.window(&place, radius).iter();
                    let terms = window.flat_map(|it| shard.terms(*it));
                    let count = terms.filter(|it| shard.word(*it) == word).count();
                    if count > 0 && (finds || values.contains_key(&spot)) {
                        counts.insert(spot, count as f64);
                    }
                }
            }
            let holders = match finds {
                true => counts.len() as u64,
                false => spread(search.holders(word), docs, radius),
            };
            let weight = rarity(docs, holders) * times;
            for (spot, count) in counts {
                let window = search.shard(spot).window(&spot.place, radius).iter();
                let length: u64 = window.map(|it| search.shard(spot).length_of(*it)).sum();
                let room = K1 * (1.0 - B + B * length as f64 / mean);
                *values.entry(spot).or_default() += weight * (count * (K1 + 1.0) / (count + room));
            }
        }
        values
    }

    proptest! {
        /// Runs of places and scattered threads, common words in bits and others in postings: all the same.
        #[test]
        fn an_arm_is_what_its_definition_says_bit_for_bit(
            texts in proptest::collection::vec((0_u8..5, "[a-d]x( [a-e]x){0,9}"), 1..90),
            long in any::<bool>(),
            gone in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
            split in any::<prop::sample::Index>(),
            asked in proptest::collection::btree_map("[a-f]x", prop_oneof![Just(1.0), Just(2.0), Just(0.5)], 1..5),
        ) {
            let mut texts = texts;
            if long {
                texts.sort_by_key(|it| it.0);
            }
            let (one, other) = texts.split_at(split.index(texts.len() + 1));
            let (one, other) = (shard(one, &gone), shard(other, &[]));
            for touched_max in [1, 60, u64::MAX] {
                let mut search = Search::new(vec![&one, &other]);
                search.touched_max = touched_max;
                for reach in 0..RADII.len() {
                    let arm = search.keyword(&asked, reach);
                    let expected = by_definition(&search, &asked, reach);
                    for (number, shard) in search.shards.iter().enumerate() {
                        for place in shard.places() {
                            let spot = Spot { shard: number as u32, place };
                            let value = arm.value(spot).unwrap().to_bits();
                            let wanted = expected.get(&spot).copied().unwrap_or(0.0).to_bits();
                            prop_assert_eq!(value, wanted, "{:?} {} {}", spot, reach, touched_max);
                        }
                    }
                    let best = expected.values().copied().fold(0.0, f64::max);
                    prop_assert_eq!(arm.best().to_bits(), best.to_bits());
                }
            }
        }
    }
}
