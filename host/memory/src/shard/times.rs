//! When the records of a shard were told, and of which days they tell.
//!
//! Four bytes for each record, and twelve for each time that one names: what a time finds is looked up here, without a
//! look at rows, which rest on the disk. Whole days in UTC, as people name them.

use voyager_base::clock::Timestamp;

use super::Place;
use crate::when::{self, Bound, Interval};

/// What says that nothing was told: no record has the place.
const NEVER: i32 = i32::MAX;

/// So many places share a list of what their records name.
const BLOCK: usize = 1_024;

/// Of so many times that one text names it is known: more is a calendar.
const NAMED_MAX: usize = 8;

/// Bytes of one of those: its place, its first and its last day.
const NAMED_BYTES: usize = 12;

/// What a time that was named tells of a part of it. A week tells of its days, a month hardly does.
const PART_MIN: f64 = 1.0 / 8.0;

/// How well a record fits that was told then, and tells of another time.
const TOLD_ONLY: f64 = 0.5;

const DAY_MICROS: i64 = 86_400_000_000;

/// Days in a row, counted since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Days {
    first: i32,
    last: i32,
}

impl Days {
    /// Those of a time, which may be open to one side.
    fn of(Interval { from, to }: Interval) -> Option<Self> {
        let day = |micros: i64| i32::try_from(micros.div_euclid(DAY_MICROS)).ok();
        (from < to).then_some(Self { first: day(from)?, last: day(to - 1)? })
    }

    /// Whether they have one end alone.
    fn is_open(self) -> bool {
        let ever = Self::of(Interval { from: i64::MIN, to: i64::MAX });
        ever.is_some_and(|it| self.first == it.first || self.last == it.last)
    }

    /// The days that both have.
    fn both(self, other: Self) -> Option<Self> {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        (first <= last).then_some(Self { first, last })
    }

    fn holds(self, day: i32) -> bool {
        self.first <= day && day <= self.last
    }

    /// Which part of these days lies among others.
    fn part_in(self, other: Self) -> f64 {
        let count = |it: Self| i64::from(it.last) - i64::from(it.first) + 1;
        self.both(other).map_or(0, count) as f64 / count(self) as f64
    }

    /// How well these days, which a text names, fit those that are asked for.
    fn fit(self, asked: &AskedDays) -> f64 {
        let part: f64 = asked.0.iter().map(|it| self.part_in(*it)).sum();
        if part < PART_MIN { 0.0 } else { part }
    }

    fn lies_in(self, other: Self) -> bool {
        other.first <= self.first && self.last <= other.last
    }
}

/// The days of all times that a question names: one or more, apart from each other, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AskedDays(Vec<Days>);

impl AskedDays {
    /// Those of the times of a text, told at `told`: of the first [`NAMED_MAX`]. Of a time and another one that it lies in,
    /// only the narrower one is asked for; and one with one end is a bound of those that reach over it: "since 1 May, and
    /// before 5 May".
    pub(crate) fn of(times: &[when::Mention], told: Timestamp) -> Option<Self> {
        let named = times.iter().filter_map(|it| Days::of(it.window(told)?));
        let (open, mut all): (Vec<Days>, Vec<Days>) =
            named.take(NAMED_MAX).partition(|it| it.is_open());
        for bound in open {
            if all.iter().any(|it| it.both(bound).is_some()) {
                all.iter_mut().for_each(|it| *it = it.both(bound).unwrap_or(*it));
            } else {
                all.push(bound);
            }
        }
        all.sort_unstable();
        all.dedup();
        let is_narrow = |it: &Days| !all.iter().any(|other| other != it && other.lies_in(*it));
        let mut apart: Vec<Days> = Vec::new();
        for days in all.iter().copied().filter(is_narrow) {
            match apart.last_mut() {
                Some(last) if days.first <= last.last => last.last = last.last.max(days.last),
                _ => apart.push(days),
            }
        }
        (!apart.is_empty()).then_some(Self(apart))
    }

    /// Those of one time.
    pub(crate) fn within(window: Interval) -> Option<Self> {
        Some(Self(vec![Days::of(window)?]))
    }

    fn hold(&self, day: i32) -> bool {
        self.0.iter().any(|it| it.holds(day))
    }
}

/// A time that a record names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    place: Place,
    days: Days,
}

/// When records were told, and of which days they tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Times {
    /// By place: the day, or [`NEVER`].
    told: Vec<i32>,
    /// What is named, in the order of places: a list for each [`BLOCK`] of them.
    named: Vec<Vec<Named>>,
}

/// The day of a time.
fn day_of(time: Timestamp) -> i32 {
    i32::try_from(time.as_micros() / DAY_MICROS.unsigned_abs()).map_or(NEVER - 1, |it| it)
}

/// Of which days a text tells that was told then: by times with both ends. That something was before a day tells of none.
fn named_in(text: &str, told: Timestamp) -> Vec<Days> {
    let mentions = when::mentions(text, told);
    let definite = mentions.iter().filter(|it| matches!(it.bound, Bound::Within | Bound::Since));
    let mut days: Vec<Days> = definite.filter_map(|it| Days::of(it.window(told)?)).collect();
    days.truncate(NAMED_MAX);
    days.sort_unstable();
    days.dedup();
    days
}

impl Times {
    /// Takes in what a record says.
    pub(super) fn set(&mut self, place: Place, told: Timestamp, text: &str) {
        let at = place as usize;
        if self.told.len() <= at {
            self.told.resize(at + 1, NEVER);
            self.named.resize_with(at / BLOCK + 1, Vec::new);
        }
        self.told[at] = day_of(told);
        let days = named_in(text, told);
        let block = &mut self.named[at / BLOCK];
        let start = block.partition_point(|it| it.place < place);
        // It comes at the end, mostly; lists stay as short as they can be.
        block.reserve_exact(days.len());
        block.splice(start..start, days.into_iter().map(|days| Named { place, days }));
    }

    /// Forgets what was known of a place.
    pub(super) fn remove(&mut self, place: Place) {
        let at = place as usize;
        if let Some(told) = self.told.get_mut(at) {
            *told = NEVER;
        }
        if let Some(block) = self.named.get_mut(at / BLOCK) {
            block.retain(|it| it.place != place);
        }
    }

    /// What a record names.
    fn named_by(&self, place: Place) -> &[Named] {
        let Some(block) = self.named.get(place as usize / BLOCK) else { return &[] };
        let start = block.partition_point(|it| it.place < place);
        let end = start + block[start..].partition_point(|it| it.place == place);
        &block[start..end]
    }

    /// All that is known of a place: when it was told, and the days that it names.
    #[cfg(test)]
    pub(super) fn of(&self, place: Place) -> (i32, Vec<Days>) {
        let named = self.named_by(place).iter().map(|it| it.days).collect();
        (self.told[place as usize], named)
    }

    fn told_in(&self, place: Place, asked: &AskedDays) -> bool {
        self.told.get(place as usize).is_some_and(|it| asked.hold(*it))
    }

    /// How well the time of a record fits days that are asked for, from 0 to 1. What it names counts before when it was
    /// told; of a record that names no time, both are the same.
    pub(super) fn fit(&self, place: Place, asked: &AskedDays) -> f64 {
        let named = self.named_by(place);
        let best = named.iter().map(|it| it.days.fit(asked)).fold(0.0, f64::max);
        match self.told_in(place, asked) {
            true if named.is_empty() => 1.0,
            true => best.max(TOLD_ONLY),
            false => best,
        }
    }

    /// How many records fit days at all, and which: those alone of the first blocks that hold no more than `most`.
    pub(super) fn fitting(&self, asked: &AskedDays, most: u64) -> (u64, Vec<Place>) {
        let (mut count, mut places) = (0, Vec::new());
        let blocks = self.told.chunks(BLOCK).zip(&self.named).zip((0..).step_by(BLOCK));
        for ((told, named), first) in blocks {
            // Without a branch for each: most blocks hold none. No day lies in two of what is asked for.
            let told_in =
                |days: &Days| told.iter().map(|it| u64::from(days.holds(*it))).sum::<u64>();
            let in_time: u64 = asked.0.iter().map(told_in).sum();
            count += in_time;
            if in_time > 0 && count <= most {
                let all = told.iter().zip(first..).filter(|it| asked.hold(*it.0));
                places.extend(all.map(|it| it.1));
            }
            let mut last = None;
            for Named { place, days } in named {
                let is_new = days.fit(asked) > 0.0 && last != Some(*place);
                if is_new && !self.told_in(*place, asked) {
                    last = Some(*place);
                    count += 1;
                    if count <= most {
                        places.push(*place);
                    }
                }
            }
        }
        (count, places)
    }

    /// As sections of bytes: when each was told, and what they name.
    pub(super) fn bytes(&self) -> (Vec<u8>, Vec<u8>) {
        let told = self.told.iter().flat_map(|it| it.to_le_bytes()).collect();
        let named = self.named.iter().flatten().flat_map(|Named { place, days }| {
            let ends = [days.first, days.last].map(i32::to_le_bytes);
            [place.to_le_bytes(), ends[0], ends[1]].into_iter().flatten()
        });
        (told, named.collect())
    }

    /// From such bytes, for so many places.
    pub(super) fn of_bytes(told: &[u8], named: &[u8], places: usize) -> Option<Self> {
        let (told, []) = told.as_chunks() else { return None };
        let told: Vec<i32> = told.iter().map(|it| i32::from_le_bytes(*it)).collect();
        let (named, []) = named.as_chunks::<NAMED_BYTES>() else { return None };
        let named: Vec<Named> = named
            .iter()
            .map(|it| {
                let [place, first, last] = [0, 4, 8].map(|at| {
                    let bytes = it[at..].first_chunk().copied().unwrap_or_default();
                    i32::from_le_bytes(bytes)
                });
                Named { place: place.cast_unsigned(), days: Days { first, last } }
            })
            .collect();
        let fits = told.len() == places
            && named.is_sorted()
            && named.last().is_none_or(|it| (it.place as usize) < places)
            && named.iter().all(|it| it.days.first <= it.days.last);
        fits.then_some(())?;
        let mut times = Self { told, named: vec![Vec::new(); places.div_ceil(BLOCK)] };
        for block in named.chunk_by(|a, b| a.place as usize / BLOCK == b.place as usize / BLOCK) {
            times.named[block[0].place as usize / BLOCK] = block.to_vec();
        }
        Some(times)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn at(day: u64) -> Timestamp {
        Timestamp::from_millis(day * 86_400_000 + 3_600_000)
    }

    /// The days of a question asked on the 19,500th day: 23 May 2023.
    fn asked(question: &str) -> Option<AskedDays> {
        let now = at(19_500);
        AskedDays::of(&when::mentions(question, now), now)
    }

    #[test]
    fn a_question_asks_about_the_days_of_the_times_that_it_names() {
        let all = |of: &[(i32, i32)]| {
            Some(AskedDays(of.iter().map(|it| Days { first: it.0, last: it.1 }).collect()))
        };
        let days = |first, last| all(&[(first, last)]);
        assert_eq!(asked("What happened on 3 May 2023?"), days(19_480, 19_480));
        assert_eq!(asked("What did we do last week?"), days(19_492, 19_498));
        assert_eq!(asked("What happened in May 2023?"), days(19_478, 19_508));
        assert_eq!(asked("What did we do since Friday?"), days(19_496, 19_500));
        let ever = Days::of(Interval { from: i64::MIN, to: i64::MAX }).unwrap();
        assert_eq!(asked("What did we do before 3 May 2023?"), days(ever.first, 19_479));
        assert_eq!(asked("What did we do until 3 May 2023?"), days(ever.first, 19_480));
        assert_eq!(asked("What did we do after 3 May 2023?"), days(19_481, ever.last));
        assert_eq!(asked("What did we do every Friday for two years?"), None);
        assert_eq!(asked("What colour is the door?"), None);
        let two = all(&[(19_480, 19_480), (19_482, 19_482)]);
        assert_eq!(asked("What happened on 5 May 2023, and what on 3 May 2023?"), two);
        assert_eq!(
            asked("What happened in April and June 2023?"),
            all(&[(19_448, 19_477), (19_509, 19_538)])
        );
        assert_eq!(asked("On 3 May 2023, in May 2023, or in 2023?"), days(19_480, 19_480));
        // A time with one end is a bound of those that reach over it, and one of several of others.
        let both = "after 3 May 2023 and before 9 May 2023";
        assert_eq!(asked(&format!("What did we do {both}?")), days(19_481, 19_485));
        assert_eq!(asked("What did we do in May 2023, before 5 May 2023?"), days(19_478, 19_481));
        assert_eq!(asked("Before 3 May 2023, or before 9 May 2023?"), days(ever.first, 19_479));
        let apart = all(&[(ever.first, 19_479), (19_486, ever.last)]);
        assert_eq!(asked("What did we do before 3 May 2023, or after 8 May 2023?"), apart);
        assert_eq!(
            asked("From 1 May 2023 to 4 May 2023, or from 3 May 2023 to 9 May 2023?"),
            days(19_478, 19_486)
        );
    }

    #[test]
    fn what_a_text_names_counts_before_when_it_was_told() {
        let question = asked("What happened on 3 May 2023?").unwrap();
        let fit = |told: u64, text: &str| {
            let mut times = Times::default();
            times.set(0, at(told), text);
            times.fit(0, &question)
        };
        assert_eq!(fit(19_480, "We sold the boat."), 1.0);
        assert_eq!(fit(19_481, "We sold the boat."), 0.0);
        assert_eq!(fit(19_481, "We sold the boat yesterday."), 1.0);
        assert_eq!(fit(19_480, "We sold the boat yesterday."), TOLD_ONLY);
        assert_eq!(fit(19_490, "We sold the boat last week."), 1.0 / 7.0);
        assert_eq!(fit(19_520, "We sold the boat in May 2023."), 0.0, "a month tells of no day");
        let question = asked("What happened before 3 May 2023?").unwrap();
        let fit = |told: u64, text: &str| {
            let mut times = Times::default();
            times.set(0, at(told), text);
            times.fit(0, &question)
        };
        assert_eq!(fit(19_479, "We sold the boat."), 1.0);
        assert_eq!(fit(19_480, "We sold the boat."), 0.0);
        assert_eq!(fit(19_480, "We sold the boat yesterday."), 1.0);
        assert_eq!(fit(19_500, "We sold the boat before 2023."), 0.0, "of no day that it names");
    }

    const TEXTS: [&str; 7] = [
        "nothing",
        "yesterday",
        "last week",
        "on 3 May 2023 and on 5 May 2023",
        "in May 2023",
        "tomorrow, or on 3 May 2023",
        "since 1 May 2023",
    ];

    /// All that is known, by place.
    fn seen(times: &Times) -> Vec<(i32, Vec<Days>)> {
        (0..times.told.len() as Place).map(|it| times.of(it)).collect()
    }

    proptest! {
        /// Places far apart lie in several blocks.
        #[test]
        fn what_fits_is_what_a_look_at_all_finds_and_what_is_gone_leaves_nothing(
            set in prop::collection::vec(
                (0_u32..6, 0_u32..5, 19_470_u64..19_490, 0..TEXTS.len()),
                1..60,
            ),
            removed in prop::collection::vec((0_u32..6, 0_u32..5), 0..20),
            asks in (19_470_i32..19_490, 0_i32..10, 0_i32..10, 0_i32..10),
        ) {
            let place = |block: u32, at: u32| block * 700 + at;
            let (mut times, mut all) = (Times::default(), BTreeMap::new());
            for (block, at_block, day, text) in set {
                let place = place(block, at_block);
                if all.insert(place, (day, TEXTS[text])).is_some() {
                    times.remove(place);
                }
                times.set(place, at(day), TEXTS[text]);
            }
            for (block, at_block) in removed {
                all.remove(&place(block, at_block));
                times.remove(place(block, at_block));
            }
            let one = Days { first: asks.0, last: asks.0 + asks.1 };
            let first = one.last + 2 + asks.2;
            let asked = AskedDays(vec![one, Days { first, last: first + asks.3 }]);
            let naive = |(place, (day, text)): (&Place, &(u64, &str))| {
                let named = named_in(text, at(*day));
                let told = asked.hold(*day as i32);
                let best = named.iter().map(|it| it.fit(&asked)).fold(0.0, f64::max);
                let of_told = if named.is_empty() { 1.0 } else { TOLD_ONLY };
                let fit = if told { best.max(of_told) } else { best };
                (fit > 0.0).then_some((*place, fit))
            };
            let expected: Vec<(Place, f64)> = all.iter().filter_map(naive).collect();
            let (count, mut places) = times.fitting(&asked, u64::MAX);
            places.sort_unstable();
            let found: Vec<_> = places.iter().map(|it| (*it, times.fit(*it, &asked))).collect();
            prop_assert_eq!(count as usize, expected.len());
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(times.fitting(&asked, 0), (count, Vec::new()));
            let fitting = (0..all.keys().last().map_or(0, |it| it + 1))
                .filter(|it| times.fit(*it, &asked) > 0.0);
            prop_assert!(fitting.eq(expected.iter().map(|it| it.0)));

            let (told, named) = times.bytes();
            let read = Times::of_bytes(&told, &named, times.told.len()).unwrap();
            prop_assert_eq!(seen(&read), seen(&times));
            all.keys().for_each(|it| times.remove(*it));
            prop_assert!(times.told.iter().all(|it| *it == NEVER));
            prop_assert!(times.named.iter().all(Vec::is_empty));
        }

        #[test]
        fn bytes_that_nobody_wrote_are_nothing_or_times_of_these_places(
            told in prop::collection::vec(any::<u8>(), 0..20),
            named in prop::collection::vec(0_u8..3, 0..30),
            places in 0_usize..5,
        ) {
            if let Some(times) = Times::of_bytes(&told, &named, places) {
                prop_assert_eq!(times.told.len(), places);
                prop_assert_eq!(times.bytes(), (told, named));
            }
        }
    }
}
