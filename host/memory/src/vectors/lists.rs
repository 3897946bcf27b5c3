//! Lists of vectors that point about the same way, so that a question of very many looks at some of them alone.
//!
//! A list has a direction, and holds the vectors that point along it more than along any other. The directions are axes:
//! those of the rotated vector, rotated a few times more by fixed signs and a Hadamard transform, and each of them in both
//! senses (cross-polytope hashing, Andoni and others 2015). They are nobody's vectors. So the list of a vector is a function
//! of that vector alone: it is the same in every shard and on every machine, it comes and goes with its record, and nothing
//! is left of what was forgotten.
//!
//! How far two vectors with the cosine `c` reach along a direction are nearly two normal variables with the correlation `c`,
//! whatever the vectors. One that is highest along the direction of its list reaches there about [`HIGHEST`], and so the
//! other reaches about `c` times that, with a deviation of `sqrt(1 - c^2)`: a list where a question reaches less than
//! [`least`] hardly holds anything that is so near.

use super::{
    level::{Level, for_each_level},
    rotation::{ROUNDS, flip, hadamards},
    sketch::Turned,
};

/// How many lists there are.
pub(crate) const LISTS: usize = 8192;

/// A list.
pub(crate) type List = u16;

/// How far a vector reaches along the direction of its list, in parts of what it reaches along any, on average and how much
/// that differs.
const HIGHEST: f64 = 3.8;
const DEVIATION: f64 = 0.31;

/// Numbers that are shared by two directions, one along them and one against.
const AXES: usize = LISTS / 2;

/// A number for each axis. Where a line of memory begins inside of a register's width, each step of a transform takes half as
/// long again.
#[repr(align(64))]
pub(super) struct Axes([f32; AXES]);

for_each_level! {
    /// How far a rotated vector reaches along each axis, in parts of what it reaches along any, times its length.
    fn reaches(level, numbers: &[f32], reaches: &mut Axes) -> () {
        // As many transforms, each with signs of its own, as are needed for so many axes; of what is longer, one.
        let transforms = (AXES / numbers.len().next_power_of_two()).max(1);
        let mut turned = Axes([0.0; AXES]);
        for (round, numbers) in (ROUNDS..).zip(numbers.chunks(AXES)) {
            for (sides, number) in turned.0.chunks_exact_mut(transforms).zip(numbers) {
                sides.fill(*number);
            }
            flip(&mut turned.0, round);
            reaches.0.iter_mut().zip(&turned.0).for_each(|(it, other)| *it += other);
            turned.0.fill(0.0);
        }
        hadamards(&mut reaches.0, transforms);
    }

    fn longest(level, reaches: &[f32]) -> f32 {
        reaches.iter().fold(0.0_f32, |it, other| it.max(other.abs()))
    }
}

/// The list of a vector.
pub(super) fn list_of(turned: &Turned, level: Level) -> List {
    let mut axes = Axes([0.0; AXES]);
    reaches(level, &turned.numbers, &mut axes);
    let all = &axes.0;
    let longest = longest(level, all);
    let axis = all.iter().position(|it| it.abs() == longest).unwrap_or(0);
    2 * axis as List + List::from(all[axis] < 0.0)
}

/// How far a vector reaches along each axis, in parts of what it reaches along any: nearly normal.
pub(super) struct Reaches(Box<Axes>);

impl Reaches {
    pub(super) fn of(turned: &Turned, level: Level) -> Self {
        let mut all = Box::new(Axes([0.0; AXES]));
        reaches(level, &turned.numbers, &mut all);
        let part = turned.length.recip() as f32;
        all.0.iter_mut().for_each(|it| *it *= part);
        Self(all)
    }

    fn each(&self) -> impl Iterator<Item = (List, f32)> {
        let both = |(axis, reach): (List, &f32)| [(2 * axis, *reach), (2 * axis + 1, -*reach)];
        (0..).zip(&self.0.0).flat_map(both)
    }

    /// The lists along whose directions it reaches furthest, so many.
    pub(super) fn furthest(&self, count: usize) -> Chosen {
        let mut all: Vec<(List, f32)> = self.each().collect();
        all.select_nth_unstable_by(count - 1, |one, other| {
            other.1.total_cmp(&one.1).then(one.0.cmp(&other.0))
        });
        Chosen::of(all[..count].iter().map(|it| it.0))
    }

    /// Those along whose directions it reaches as far.
    pub(super) fn beyond(&self, least: f64) -> Chosen {
        Chosen::of(self.each().filter(|it| f64::from(it.1) >= least).map(|it| it.0))
    }
}

/// Where a vector reaches less along the direction of a list, another one with such a cosine does not lie there, but for
/// so many deviations.
pub(super) fn least(cosine: f64, deviations: f64) -> f64 {
    let square = cosine * cosine;
    let deviation = ((1.0 - square).max(0.0) + DEVIATION * DEVIATION * square).sqrt();
    cosine * HIGHEST - deviations * deviation
}

/// Some of the lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chosen(Box<[u64; LISTS / 64]>);

impl Chosen {
    pub(super) fn of(lists: impl Iterator<Item = List>) -> Self {
        let mut bits = Box::new([0; LISTS / 64]);
        lists.for_each(|it| bits[usize::from(it) / 64] |= 1 << (it % 64));
        Self(bits)
    }

    pub(super) fn has(&self, list: List) -> bool {
        self.0.get(usize::from(list) / 64).is_some_and(|it| it >> (list % 64) & 1 != 0)
    }

    pub(super) fn without(&self, others: &Self) -> Self {
        Self::of(self.each().filter(|it| !others.has(*it)))
    }

    pub(super) fn count(&self) -> usize {
        self.0.iter().map(|it| it.count_ones() as usize).sum()
    }

    pub(super) fn each(&self) -> impl Iterator<Item = List> {
        (0..LISTS as List).filter(|it| self.has(*it))
    }
}

#[cfg(test)]
mod tests {
    use voyager_base::chance::Seeded;

    use super::*;
    use crate::{
        evaluate::material::{blurred, direction},
        vectors::Code,
    };

    fn turned(vector: &[f32]) -> Turned {
        Turned::of(Code::of(vector).unwrap().borrowed(), Level::best())
    }

    #[test]
    fn every_level_gives_a_vector_the_same_list() {
        let chance = Seeded::new(1);
        for dimensions in [1, 3, 100, 384, 1024, 1536, 4096] {
            let turned = turned(&direction(&chance, dimensions));
            let lists = Level::all().into_iter().map(|it| list_of(&turned, it));
            let lists: Vec<List> = lists.collect();
            assert!(lists.windows(2).all(|it| it[0] == it[1]), "{dimensions} {lists:?}");
            let furthest = Reaches::of(&turned, Level::best()).furthest(1);
            assert!(furthest.each().eq([lists[0]]), "{dimensions}");
        }
    }

    /// What [`HIGHEST`] and [`DEVIATION`] say, and that vectors which have nothing in common are spread over the lists.
    #[test]
    fn vectors_reach_as_far_along_their_lists_as_is_said() {
        let chance = Seeded::new(2);
        for dimensions in [3, 100, 384, 1024, 4096] {
            let count = 600;
            let mut lists = std::collections::BTreeSet::new();
            let reach = |_| {
                let turned = turned(&direction(&chance, dimensions));
                let list = list_of(&turned, Level::best());
                lists.insert(list);
                let reaches = Reaches::of(&turned, Level::best());
                f64::from(reaches.each().nth(usize::from(list)).unwrap().1)
            };
            let all: Vec<f64> = (0..count).map(reach).collect();
            let mean = all.iter().sum::<f64>() / count as f64;
            let variance = all.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / count as f64;
            let deviation = variance.sqrt();
            assert!((mean - HIGHEST).abs() < 0.1, "{dimensions}: {mean}");
            assert!((deviation - DEVIATION).abs() < 0.07, "{dimensions}: {deviation}");
            assert!(dimensions < 100 || lists.len() > count * 9 / 10, "{dimensions}: {lists:?}");
        }
    }

    #[test]
    fn what_lies_near_is_in_the_lists_that_are_looked_at_as_often_as_is_said() {
        let chance = Seeded::new(3);
        // A vector with noise of such a length has such a cosine with it.
        for (noise, deviations, least_share, most_lists) in
            [(0.75_f32, 2.0, 0.955, 0.09), (0.75, 3.0, 0.995, 0.2), (0.5, 3.0, 0.995, 0.08)]
        {
            let cosine = 1.0 / (1.0 + f64::from(noise).powi(2)).sqrt();
            let (mut found, mut looked_at) = (0, 0);
            for _ in 0..1_000 {
                let question = direction(&chance, 384);
                let near = turned(&blurred(&chance, &question, noise));
                let reaches = Reaches::of(&turned(&question), Level::best());
                let chosen = reaches.beyond(least(cosine, deviations));
                found += usize::from(chosen.has(list_of(&near, Level::best())));
                looked_at += chosen.count();
            }
            let (found, looked_at) = (found as f64 / 1e3, looked_at as f64 / 1e3 / LISTS as f64);
            assert!(found >= least_share, "{noise} {deviations}: {found}");
            assert!(looked_at <= most_lists, "{noise} {deviations}: {looked_at}");
        }
    }
}
