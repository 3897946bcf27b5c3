//! Estimates of the cosines of a question with the vectors of some shards.
//!
//! Of many vectors all sketches are scanned. Of very many, those of some lists are (`lists.rs`): first of the lists along
//! whose directions the question reaches furthest. The middle of the nearest that are found there lies nearer to what is
//! sought than the question itself does, so it says in which lists the rest is. What else is asked for is estimated when it
//! is asked. All that depends on the vectors alone, not on how they are split into shards.

use std::collections::HashMap;

use super::{
    Code, Vectors,
    level::Level,
    lists::{Chosen, LISTS, Reaches, least},
    select::{self, BLOCK, Moments, SUMMED, Told, best_of},
    sketch::{NONE, Probe, TAIL, Turned},
    sketches::{Run, Sketches},
};
use crate::pool::Pool;

/// So many lists are looked at first.
const FIRST: usize = LISTS / 128;

/// So many of the nearest in them make the middle.
const MIDDLE: usize = 50;

/// And at most so many: more are as near as those where very many vectors are the same.
const MIDDLE_MAX: usize = 10 * MIDDLE;

/// So many of them say how near to it the rest lies.
const NEAREST: usize = 10;

/// So sure: see [`least`].
const DEVIATIONS: f64 = 4.0;

/// Where more than one of so many lists would be looked at, all sketches are scanned: that takes no longer.
const SHARE: usize = 3;

/// What is known of cosines, by shard and place.
#[derive(Debug)]
pub struct Estimates<'a> {
    shards: Vec<&'a Vectors>,
    probe: Probe,
    known: Known,
    moments: Moments,
}

#[derive(Debug)]
enum Known {
    /// By shard and row.
    All(Vec<Scanned>),
    /// Of some rows; and what was estimated closer, by shard and place.
    Some(Vec<Part>, HashMap<(u32, u32), i32>),
}

/// Estimates in a buffer that is used again.
#[derive(Debug)]
struct Scanned {
    all: Vec<i32>,
    /// The highest of each [`BLOCK`].
    highest: Vec<i32>,
}

/// Some rows of a shard.
#[derive(Debug)]
struct Part {
    shard: u32,
    /// The rows, and where the estimates of each run begin.
    runs: Vec<(Run, usize)>,
    scanned: Scanned,
}

/// Buffers of estimates, which hold anything: all of one is written before it is read.
static BUFFERS: Pool<i32> = Pool::new();

impl Drop for Scanned {
    fn drop(&mut self) {
        BUFFERS.give_back(std::mem::take(&mut self.all));
    }
}

impl Scanned {
    fn take(count: usize) -> Self {
        let highest = Vec::with_capacity(count.div_ceil(BLOCK));
        Self { all: BUFFERS.take(count, NONE), highest }
    }

    /// All of a shard. Adds up how they are spread.
    fn all(probe: &Probe, sketches: &Sketches, moments: &mut Moments) -> Self {
        let mut scanned = Self::take(sketches.len());
        let rows = sketches.all().chunks(SUMMED * probe.row_bytes());
        for (rows, some) in rows.zip(scanned.all.chunks_mut(SUMMED)) {
            probe.estimate(rows, some);
            // As long as they are near.
            moments.add(some);
            select::highest_of_blocks(Level::best(), some, &mut scanned.highest);
        }
        scanned
    }
}

impl Part {
    /// The rows of some lists.
    fn of(probe: &Probe, (shard, sketches): (u32, &Sketches), chosen: &Chosen) -> Self {
        let runs = sketches.runs(chosen);
        let mut scanned = Scanned::take(runs.iter().map(Run::len).sum());
        let (mut start, mut placed) = (0, Vec::with_capacity(runs.len()));
        for (at, run) in runs.iter().enumerate() {
            let some = &mut scanned.all[start..start + run.len()];
            probe.estimate(sketches.run(run, runs.get(at + 1)), some);
            placed.push((run.clone(), start));
            start += run.len();
        }
        select::highest_of_blocks(Level::best(), &scanned.all, &mut scanned.highest);
        Self { shard, runs: placed, scanned }
    }

    /// The row of an estimate.
    fn row(&self, at: u32) -> usize {
        let at = at as usize;
        let run = self.runs.partition_point(|it| it.1 <= at) - 1;
        let (run, start) = &self.runs[run];
        run.start + at - start
    }
}

/// The best of some parts that are allowed, by shard and row: their estimates, shards and rows.
fn best_of_parts(
    parts: &[Part],
    count: usize,
    allowed: Option<impl Fn((u32, u32)) -> bool>,
) -> Vec<Told> {
    let all: Vec<&[i32]> = parts.iter().map(|it| it.scanned.all.as_slice()).collect();
    let highest: Vec<&[i32]> = parts.iter().map(|it| it.scanned.highest.as_slice()).collect();
    let told = |(part, at): (u32, u32)| {
        let it = &parts[part as usize];
        (it.scanned.all[at as usize], it.shard, it.row(at) as u32)
    };
    let allowed = allowed.map(|allowed| {
        move |part, at| {
            let (_, shard, row) = told((part, at));
            allowed((shard, row))
        }
    });
    select::best_by(&all, &highest, count, allowed).into_iter().map(told).collect()
}

impl<'a> Estimates<'a> {
    /// Of all vectors.
    pub fn of_all(question: &Code, shards: Vec<&'a Vectors>) -> Self {
        Self::scanned(Probe::of(question), shards)
    }

    fn scanned(probe: Probe, shards: Vec<&'a Vectors>) -> Self {
        let mut moments = Moments::default();
        let all = shards.iter().map(|it| Scanned::all(&probe, &it.sketches, &mut moments));
        let known = Known::All(all.collect());
        Self { shards, probe, known, moments }
    }

    /// Of what may lie near; of all vectors where that could be nearly anything.
    pub fn of_near(question: &Code, shards: Vec<&'a Vectors>) -> Self {
        let level = Level::best();
        let turned = Turned::of(question.borrowed(), level);
        let probe = Probe::of_turned(&turned, level);
        let sketches = || (0..).zip(shards.iter().map(|it| &it.sketches));
        let look = |chosen: &Chosen| -> Vec<Part> {
            sketches().map(|it| Part::of(&probe, it, chosen)).collect()
        };
        let first = Reaches::of(&turned, level).furthest(FIRST);
        let mut parts = look(&first);
        let told = best_of_parts(&parts, MIDDLE, None::<fn((u32, u32)) -> bool>);
        let chosen = (MIDDLE..=MIDDLE_MAX).contains(&told.len()).then(|| {
            let rows: Vec<&[u8]> =
                told.iter().map(|it| shards[it.1 as usize].sketches.row(it.2 as usize)).collect();
            let (middle, cosine) = middle(&rows, &told);
            Reaches::of(&middle, level).beyond(least(cosine, DEVIATIONS)).without(&first)
        });
        let Some(chosen) = chosen.filter(|it| it.count() < LISTS / SHARE) else {
            drop(parts);
            return Self::scanned(probe, shards);
        };
        parts.extend(look(&chosen));
        let mut moments = Moments::default();
        shards.iter().for_each(|it| it.sample(&probe, &mut moments));
        Self { shards, probe, known: Known::Some(parts, HashMap::new()), moments }
    }

    /// How many were made at once.
    pub fn count(&self) -> usize {
        match &self.known {
            Known::All(scanned) => scanned.iter().map(|it| it.all.len()).sum(),
            Known::Some(parts, _) => parts.iter().map(|it| it.scanned.all.len()).sum(),
        }
    }

    /// As [`select::best`], by shard and place, of those that are allowed: all where nobody is there to ask.
    pub fn best(
        &self,
        count: usize,
        allowed: Option<impl Fn(u32, u32) -> bool>,
    ) -> Vec<(u32, u32)> {
        let place = |(shard, row): (u32, u32)| {
            (shard, self.shards[shard as usize].sketches.place_of(row as usize))
        };
        let allowed = allowed.map(|allowed| {
            move |row| {
                let (shard, place) = place(row);
                allowed(shard, place)
            }
        });
        match &self.known {
            Known::All(scanned) => {
                let all: Vec<&[i32]> = scanned.iter().map(|it| it.all.as_slice()).collect();
                let highest: Vec<&[i32]> = scanned.iter().map(|it| it.highest.as_slice()).collect();
                let allowed = allowed.map(|allowed| move |shard, row| allowed((shard, row)));
                let best = select::best_by(&all, &highest, count, allowed);
                best.into_iter().map(place).collect()
            }
            Known::Some(parts, _) => {
                let best = best_of_parts(parts, count, allowed);
                let mut best: Vec<_> = best.into_iter().map(|it| place((it.1, it.2))).collect();
                // Those of a shard lie in several parts.
                best.sort_unstable();
                best
            }
        }
    }

    /// Estimates some again, with their shades too, and tells what of which, in their order. It takes the place of what
    /// was estimated before.
    pub fn closer(&mut self, some: &[(u32, u32)]) -> Vec<Told> {
        let mut told = Vec::with_capacity(some.len());
        for of in some.chunk_by(|one, other| one.0 == other.0) {
            let shard = of[0].0;
            let vectors = self.shards[shard as usize];
            let places: Vec<u32> = of.iter().map(|it| it.1).collect();
            vectors.estimate_closer(&self.probe, &places, |place, estimate| {
                told.push((estimate, shard, place));
                match &mut self.known {
                    Known::All(scanned) => {
                        if let Some(row) = vectors.sketches.row_of(place) {
                            scanned[shard as usize].all[row] = estimate;
                        }
                    }
                    Known::Some(_, closer) => _ = closer.insert((shard, place), estimate),
                }
            });
        }
        told
    }

    /// That of a place; none where it has no vector.
    pub fn of(&self, shard: u32, place: u32) -> Option<i32> {
        let sketches = &self.shards.get(shard as usize)?.sketches;
        let row = sketches.row_of(place)?;
        match &self.known {
            Known::All(scanned) => Some(scanned[shard as usize].all[row]),
            Known::Some(_, closer) => closer.get(&(shard, place)).copied().or_else(|| {
                let mut estimate = [NONE];
                self.probe.estimate(sketches.row(row), &mut estimate);
                Some(estimate[0])
            }),
        }
        .filter(|it| *it != NONE)
    }

    /// What it is compared with.
    pub(crate) fn probe(&self) -> &Probe {
        &self.probe
    }

    /// How they are spread; those of some vectors, of a part of all.
    pub(crate) fn moments(&self) -> Moments {
        self.moments
    }
}

/// The middle of the signs of some vectors, and the cosine of those of them that are nearest with the middle of the others,
/// on average.
fn middle(rows: &[&[u8]], told: &[Told]) -> (Turned, f64) {
    let signs = |row: &'_ [u8]| -> Vec<i32> {
        let bytes = row[..row.len() - TAIL].iter();
        bytes.flat_map(|it| (0..8).map(move |bit| i32::from(it >> bit & 1) * 2 - 1)).collect()
    };
    let mut sums = vec![0_i32; (rows[0].len() - TAIL) * 8];
    for row in rows {
        sums.iter_mut().zip(signs(row)).for_each(|(sum, sign)| *sum += sign);
    }
    let (numbers, count) = (sums.len() as i64, rows.len() as i64);
    let square: i64 = sums.iter().map(|it| i64::from(*it).pow(2)).sum();
    let lowest = best_of(told.to_vec(), NEAREST).iter().map(|it| it.0).min();
    let (mut along, mut nearest) = (0, 0);
    for (row, _) in rows.iter().zip(told).filter(|it| Some(it.1.0) >= lowest) {
        along += sums.iter().zip(signs(row)).map(|it| i64::from(it.0 * it.1)).sum::<i64>();
        nearest += 1;
    }
    // What each has with another one, without itself.
    let others = (count - 1).max(1) as f64;
    let of_all = cosine_of_signs(square - count * numbers, count * (count - 1).max(1) * numbers);
    let of_nearest =
        cosine_of_signs(along - nearest * numbers, nearest * (count - 1).max(1) * numbers);
    let length = (others + others * (others - 1.0) * of_all.max(0.0)).sqrt();
    let numbers = sums.into_iter().map(|it| it as f32).collect();
    let middle = Turned { numbers, length: (square as f64).sqrt().max(1.0) };
    (middle, (others * of_nearest / length).clamp(0.0, 1.0))
}

/// The cosine of vectors whose signs have such a product, where that of a vector with itself is `whole`: as two normal
/// variables, they differ in their signs by the arc between them (Sheppard 1899).
fn cosine_of_signs(product: i64, whole: i64) -> f64 {
    let share = (product as f64 / whole as f64).clamp(-1.0, 1.0);
    // The sine by its series, which every machine adds up to the same bits.
    let arc = share * std::f64::consts::FRAC_PI_2;
    let square = arc * arc;
    let rest = [72.0, 42.0, 20.0, 6.0].iter().fold(1.0, |rest, of| 1.0 - rest * square / of);
    arc * rest
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use voyager_base::chance::Seeded;

    use super::*;
    use crate::{
        evaluate::material::{Clusters, direction},
        vectors::Query,
    };

    #[test]
    fn signs_tell_the_cosine_of_what_they_are_of() {
        for share in -100..=100 {
            let expected = (f64::from(share) / 100.0 * std::f64::consts::FRAC_PI_2).sin();
            assert!((cosine_of_signs(share.into(), 100) - expected).abs() < 4e-6, "{share}");
        }
    }

    const NOBODY: Option<fn(u32, u32) -> bool> = None;

    fn vectors<'a>(codes: impl Iterator<Item = &'a Code>) -> Vectors {
        let mut vectors = Vectors::default();
        (0..).zip(codes).for_each(|(place, code)| vectors.set(place, code));
        vectors
    }

    /// The nearest of some places.
    fn nearest(of: &Vectors, question: &Query, places: &[(u32, u32)]) -> Vec<u32> {
        let places = places.iter().map(|it| it.1);
        let mut near: Vec<(u32, f64)> = of.cosines(question, places).collect();
        near.sort_by(|one, other| other.1.total_cmp(&one.1));
        near.into_iter().take(10).map(|it| it.0).collect()
    }

    #[test]
    fn some_lists_hold_what_is_near_however_it_is_split() {
        let chance = Seeded::new(4);
        let clusters = Clusters::thin(&chance, 40, 384, 48);
        let codes: Vec<Code> =
            (0..12_000).map(|it| Code::of(&clusters.near(&chance, it)).unwrap()).collect();
        let one = vectors(codes.iter());
        let mut settled = one.clone();
        settled.settle();
        // Every third, and what is left of the others by halves.
        let part = |at: usize| vectors(codes.iter().skip(at).step_by(3));
        let mut parts = [0, 1, 2].map(part);
        parts[1].settle();
        let (mut found, mut looked_at, mut spreads) = (0, 0, [0.0; 2]);
        for at in 0..20 {
            let question = Query::of(&clusters.near(&chance, at)).unwrap();
            let all = Estimates::of_all(question.code(), vec![&one]);
            let wanted = nearest(&one, &question, &all.best(300, NOBODY));
            let mut near = Estimates::of_near(question.code(), vec![&one]);
            assert!(matches!(near.known, Known::Some(..)), "{at}: all are scanned");
            looked_at += near.count();
            let best = near.best(300, NOBODY);
            found +=
                nearest(&one, &question, &best).iter().filter(|it| wanted.contains(it)).count();
            for (sum, estimates) in spreads.iter_mut().zip([&near, &all]) {
                let Moments { count, squares, .. } = estimates.moments();
                *sum += (squares as f64 / count as f64).sqrt() / 20.0;
            }
            // However they lie and are split, the same is found.
            let again = Estimates::of_near(question.code(), vec![&settled]);
            assert_eq!(again.best(300, NOBODY), best);
            // And the same of what is allowed.
            let third = Some(|_, place: u32| place.is_multiple_of(3));
            let some = [near.best(300, third), again.best(300, third)];
            assert_eq!(some[0], some[1]);
            assert!(some[0].len() == 300 && some[0].iter().all(|it| it.1 % 3 == 0));
            let split = Estimates::of_near(question.code(), parts.iter().collect());
            assert_eq!((split.moments(), again.moments()), (near.moments(), near.moments()));
            let place = |(part, place): (u32, u32)| (0, 3 * place + part);
            let mut of_split: Vec<_> = split.best(300, NOBODY).into_iter().map(place).collect();
            of_split.sort_unstable();
            assert_eq!(of_split, best);
            // What is not in the lists is estimated when it is asked for.
            for it in (0..12_000).step_by(97) {
                assert_eq!(near.of(0, it), all.of(0, it));
            }
            let told = near.closer(&best);
            assert!(told.iter().all(|it| near.of(0, it.2) == Some(it.0)));
        }
        assert!(found >= 198, "{found} of 200");
        assert!(looked_at < 20 * 12_000 / 3, "{looked_at}");
        assert!((0.8..1.25).contains(&(spreads[0] / spreads[1])), "{spreads:?}");
    }

    #[test]
    fn where_nothing_is_near_all_are_scanned() {
        let chance = Seeded::new(5);
        let code = |_| Code::of(&direction(&chance, 384)).unwrap();
        let codes: Vec<Code> = (0..8_000).map(code).collect();
        let many = vectors(codes.iter());
        let few = vectors(codes.iter().take(100));
        for shards in [vec![&many], vec![&few, &Vectors::default()], vec![]] {
            let near = Estimates::of_near(&code(0), shards);
            assert!(matches!(near.known, Known::All(_)));
        }
    }
}
