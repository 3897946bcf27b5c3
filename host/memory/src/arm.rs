//! One arm of recall: how well every record does by one measure, and how to compare that with other measures.
//!
//! Sums over records are whole numbers, so that they do not depend on the order or the shard in which records
//! are seen.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use crate::{
    shard::{NONE, Place, Shard},
    vectors::{Estimates, select::Moments, sketch},
};

/// So many of the best of each arm are looked at closely.
pub(crate) const CANDIDATES: usize = 200;

/// So many are gathered before those that can't be among the best are let go.
const GATHERED: usize = 8 * CANDIDATES;

/// Keeps what is as good as the last of the best, and gives back how good that is.
fn raise(top: &mut Vec<(f64, Spot)>) -> f64 {
    let mut values: Vec<f64> = top.iter().map(|it| it.0).collect();
    let at = values.len() - CANDIDATES;
    let raised = *values.select_nth_unstable_by(at, f64::total_cmp).1;
    top.retain(|it| it.0 >= raised);
    raised
}

/// A record of one of the shards that are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Spot {
    /// Which shard.
    pub(crate) shard: u32,
    /// Its place there.
    pub(crate) place: Place,
}

/// What is known of some records. The key is two small numbers that nobody outside chooses: a hash that withstands
/// chosen keys would take longer than what is asked for.
pub(crate) type BySpot<T> = HashMap<Spot, T, BuildHasherDefault<SpotHasher>>;

/// Multiplies and folds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SpotHasher(u64);

impl Hasher for SpotHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|it| self.write_u32(u32::from(*it)));
    }

    fn write_u32(&mut self, number: u32) {
        let product = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ (product >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A thread of one of the shards, or a record that stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Session {
    /// A thread.
    Thread(u32, u32),
    /// A record without one.
    Alone(Spot),
}

impl Session {
    /// The session of a record.
    pub(crate) fn of(shards: &[&Shard], spot: Spot) -> Self {
        match shards[spot.shard as usize].doc(spot.place).map(|it| it.thread) {
            None | Some(NONE) => Self::Alone(spot),
            Some(thread) => Self::Thread(spot.shard, thread),
        }
    }
}

impl Session {
    /// Its records: their shard, and their places there.
    pub(crate) fn records<'a>(&'a self, shards: &[&'a Shard]) -> (u32, &'a [Place]) {
        match self {
            Self::Alone(spot) => (spot.shard, std::slice::from_ref(&spot.place)),
            Self::Thread(shard, thread) => {
                let thread = shards[*shard as usize].thread(*thread);
                (*shard, thread.map_or(&[], |it| &it.docs))
            }
        }
    }
}

/// What records of a shard are worth by one measure; nothing of those that were not touched.
#[derive(Debug)]
pub(crate) struct Scores {
    /// Those that were touched, in their order.
    places: Vec<Place>,
    /// By those.
    values: Vec<f64>,
    /// Where those begin whose place, shifted by so many bits, is at least so much.
    starts: Vec<u32>,
    shift: u32,
}

/// About so many lie between two starts.
const BETWEEN: usize = 16;

impl Scores {
    /// Of places in their order.
    pub(crate) fn new(places: Vec<Place>, values: Vec<f64>) -> Self {
        let last = places.last().copied().unwrap_or(0);
        let parts = (places.len() / BETWEEN).max(1) as u64;
        let shift = (u64::from(last) / parts + 1).next_power_of_two().ilog2().min(31);
        let mut starts = Vec::with_capacity((last >> shift) as usize + 2);
        for (place, at) in places.iter().zip(0..) {
            while starts.len() <= (place >> shift) as usize {
                starts.push(at);
            }
        }
        starts.push(places.len() as u32);
        Self { places, values, starts, shift }
    }

    fn value(&self, place: Place) -> Option<f64> {
        let part = (place >> self.shift) as usize;
        let [from, to] = *self.starts.get(part..)?.first_chunk()?;
        let some = from as usize..to as usize;
        let at = self.places[some].binary_search(&place).ok()?;
        Some(self.values[from as usize + at])
    }

    fn each(&self) -> impl Iterator<Item = (Place, f64)> {
        self.places.iter().copied().zip(self.values.iter().copied())
    }
}

/// What a record that was not touched is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Untouched {
    /// Nothing: it holds no word of the question.
    Zero,
    /// Nobody knows: it has no vector.
    Unknown,
}

/// One arm, over all shards.
#[derive(Debug)]
pub(crate) struct Arm<'a> {
    values: Values<'a>,
    spread: Spread,
    best: f64,
    /// What the best of those is worth that may be given back.
    best_allowed: f64,
    /// The best, the first first.
    pub(crate) top: Vec<Spot>,
    ranks: BySpot<u32>,
}

/// What records are worth.
#[derive(Debug)]
enum Values<'a> {
    /// By shard: what was looked at; and what the others are worth.
    Known(Vec<Scores>, Untouched),
    /// An estimate; and what those are worth that were looked at closely.
    Estimated(Estimates<'a>, BySpot<f64>),
}

/// The nearest whole number, the one further from zero of two. As `round`, which older instructions make a call.
fn rounded(value: f64) -> i64 {
    let whole = value as i64;
    let rest = value - whole as f64;
    whole.saturating_add(i64::from(rest >= 0.5) - i64::from(rest <= -0.5))
}

/// How values lie around their mean. Sums are of whole numbers, so that no order of adding changes them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    mean: f64,
    deviation: f64,
}

impl Spread {
    /// The spread of `count` values; those that are not among `values` are zero.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>, count: u64) -> Self {
        const UNIT: f64 = (1_u64 << 20) as f64;
        let (mut sum, mut squares) = (0_i128, 0_i128);
        for value in values {
            let units = i128::from(rounded(value * UNIT));
            sum += units;
            squares += units.pow(2);
        }
        let count = count.max(1) as f64;
        let mean = sum as f64 / UNIT / count;
        let variance = squares as f64 / UNIT / UNIT / count - mean * mean;
        Self { mean, deviation: variance.max(0.0).sqrt() }
    }

    /// The spread of estimates of [`sketch::ONE`] parts.
    fn of_moments(moments: Moments) -> Self {
        let one = f64::from(sketch::ONE);
        let count = moments.count.max(1) as f64;
        let mean = moments.sum as f64 / one / count;
        let variance = moments.squares as f64 / one / one / count - mean * mean;
        Self { mean, deviation: variance.max(0.0).sqrt() }
    }

    /// How many standard deviations a value lies above the mean.
    pub(crate) fn z(&self, value: f64) -> f64 {
        if self.deviation < 1e-9 { 0.0 } else { (value - self.mean) / self.deviation }
    }
}

impl<'a> Arm<'a> {
    /// Sums up what the shards say. `docs` records were looked at, and only `allowed` ones may be given back.
    pub(crate) fn new(
        shards: &[&Shard],
        scores: Vec<Scores>,
        untouched: Untouched,
        docs: u64,
        allowed: impl Fn(Spot) -> bool,
    ) -> Self {
        let mut top = Vec::new();
        // Below it nothing is among the best any more: it rises each time that many more were gathered.
        let (mut bar, mut room) = (f64::NEG_INFINITY, GATHERED);
        let mut best = 0.0_f64;
        for (shard, of_shard) in scores.iter().enumerate() {
            for (place, value) in of_shard.each() {
                best = best.max(value);
                let spot = Spot { shard: shard as u32, place };
                if value >= bar && allowed(spot) {
                    top.push((value, spot));
                }
                if top.len() >= room {
                    bar = raise(&mut top);
                    room = top.len() + GATHERED;
                }
            }
        }
        let count = match untouched {
            Untouched::Zero => docs,
            Untouched::Unknown => scores.iter().map(|it| it.places.len() as u64).sum(),
        };
        let values = scores.iter().flat_map(|it| it.values.iter().copied());
        let spread = Spread::of(values, count);
        Self::sorted(shards, Values::Known(scores, untouched), spread, best, top)
    }

    /// Sums up estimates of [`sketch::ONE`] parts, of which `looked_at` were looked at closely.
    pub(crate) fn of_estimates(
        shards: &[&Shard],
        estimates: Estimates<'a>,
        looked_at: Vec<(f64, Spot)>,
    ) -> Self {
        let best = looked_at.iter().fold(0.0_f64, |it, other| it.max(other.0));
        let exact = looked_at.iter().map(|(value, spot)| (*spot, *value)).collect();
        let spread = Spread::of_moments(estimates.moments());
        Self::sorted(shards, Values::Estimated(estimates, exact), spread, best, looked_at)
    }

    /// The arm whose best are among `top`.
    fn sorted(
        shards: &[&Shard],
        values: Values<'a>,
        spread: Spread,
        best: f64,
        mut top: Vec<(f64, Spot)>,
    ) -> Self {
        let id = |spot: &Spot| shards[spot.shard as usize].doc(spot.place).map(|it| it.id);
        let order = |one: &(f64, Spot), other: &(f64, Spot)| {
            other.0.total_cmp(&one.0).then_with(|| id(&one.1).cmp(&id(&other.1)))
        };
        if top.len() > CANDIDATES {
            top.select_nth_unstable_by(CANDIDATES, order);
            top.truncate(CANDIDATES);
        }
        top.sort_unstable_by(order);
        let best_allowed = top.first().map_or(0.0, |it| it.0);
        let top: Vec<Spot> = top.into_iter().map(|it| it.1).collect();
        let ranks = top.iter().enumerate().map(|(rank, spot)| (*spot, rank as u32)).collect();
        Self { values, spread, best, best_allowed, top, ranks }
    }

    /// What a record is worth.
    pub(crate) fn value(&self, spot: Spot) -> Option<f64> {
        self.known(spot).or_else(|| self.nothing())
    }

    /// What a record is worth, where it was looked at.
    fn known(&self, spot: Spot) -> Option<f64> {
        match &self.values {
            Values::Known(scores, _) => scores.get(spot.shard as usize)?.value(spot.place),
            Values::Estimated(estimates, exact) => exact.get(&spot).copied().or_else(|| {
                Some(f64::from(estimates.of(spot.shard, spot.place)?) / f64::from(sketch::ONE))
            }),
        }
    }

    /// How many standard deviations a record lies above the mean; zero where nobody knows.
    pub(crate) fn z(&self, spot: Spot) -> f64 {
        self.value(spot).map_or(0.0, |it| self.spread.z(it))
    }

    /// One over its rank, where it is among the best; else nothing.
    pub(crate) fn reciprocal_rank(&self, spot: Spot) -> f64 {
        self.ranks.get(&spot).map_or(0.0, |it| 1.0 / f64::from(it + 1))
    }

    /// What it is worth against the best.
    pub(crate) fn ratio(&self, spot: Spot) -> f64 {
        self.of(self.best, spot)
    }

    /// What it is worth against the best of those that may be given back: a number that may be told, since no other record
    /// speaks in it for itself.
    pub(crate) fn share(&self, spot: Spot) -> f64 {
        self.of(self.best_allowed, spot)
    }

    fn of(&self, best: f64, spot: Spot) -> f64 {
        if best <= 0.0 { 0.0 } else { self.value(spot).unwrap_or(0.0) / best }
    }

    /// The best of some records of a shard, as [`Arm::z`].
    pub(crate) fn best_z(&self, shard: u32, places: &[Place]) -> f64 {
        let known = places.iter().filter_map(|it| self.known(Spot { shard, place: *it }));
        let best = known.reduce(f64::max).or_else(|| self.nothing());
        best.map_or(0.0, |it| self.spread.z(it))
    }

    /// What a record is worth that was not touched.
    fn nothing(&self) -> Option<f64> {
        matches!(self.values, Values::Known(_, Untouched::Zero)).then_some(0.0)
    }

    /// What the best is worth.
    pub(crate) fn best(&self) -> f64 {
        self.best
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn scores_are_found_where_there_are_some(
            places in proptest::collection::btree_set(
                prop_oneof![0_u32..99, 0_u32..5000, any::<u32>()],
                0..200,
            ),
            others in proptest::collection::vec(0_u32..5000, 20),
        ) {
            let all: Vec<Place> = places.iter().copied().collect();
            let values: Vec<f64> = all.iter().map(|it| f64::from(*it)).collect();
            let scores = Scores::new(all.clone(), values);
            for place in all.iter().chain(&others).chain(&[0, u32::MAX]) {
                let expected = places.contains(place).then_some(f64::from(*place));
                prop_assert_eq!(scores.value(*place), expected);
            }
        }

        #[test]
        fn rounding_is_that_of_the_language(
            value in prop_oneof![
                any::<f64>(),
                -1e6..1e6,
                (-1000_i32..1000).prop_map(|it| f64::from(it) / 2.0),
                Just(0.5 - f64::EPSILON / 4.0),
                Just(f64::INFINITY),
            ],
        ) {
            prop_assert_eq!(rounded(value), value.round() as i64);
        }
    }
}
