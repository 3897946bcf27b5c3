//! Vectors of the records of a shard: what they mean, as far as an encoder knows.
//!
//! A record has at most one, of its own text alone: a vector of a text with its neighbours would still tell of
//! a neighbour that was forgotten. They are kept as whole numbers of ten bits with one scale, which changes a
//! cosine by less than 0.0025: steps of a byte each, by which they are sketched, and quarters of a step, by which they
//! are compared.
//!
//! Many are searched in three stages: [`sketch::Probe`] estimates the cosines with all from their sketches,
//! [`select::best`] names the best of the estimates, those are estimated again with their shades ([`shade`]), and the
//! best of these are compared exactly, by [`Query::cosine`]. Of very many, only the sketches of some lists are scanned
//! ([`Estimates::of_near`]).

mod codes;
mod estimates;
pub(crate) mod level;
mod lists;
mod product;
mod rotation;
mod scan;
pub mod select;
pub mod shade;
pub mod sketch;
mod sketches;

use std::{borrow::Cow, collections::BTreeSet, io, sync::OnceLock};

use serde::{Deserialize, Serialize};

pub use self::estimates::Estimates;
use self::{
    codes::Codes,
    level::{Level, ask_for},
    select::Moments,
    sketch::Turned,
    sketches::Sketches,
};
use crate::pack::{Gradual, Section, Writer, lengthen};

/// Most dimensions of a vector.
pub const DIMENSIONS_MAX: usize = 4096;

/// From so many vectors on recall scans the sketches of some lists, where nothing is filtered: see [`Estimates::of_near`].
pub const LISTED_MIN: usize = 2_000_000;

/// Parts of a step that a number is rounded to.
const QUARTERS: i32 = 4;

/// Quarters of different steps that one byte holds.
const A_BYTE: usize = 4;

/// Bytes of the quarters of a vector of so many dimensions.
pub const fn quarters_bytes(dimensions: usize) -> usize {
    dimensions.div_ceil(A_BYTE)
}

/// Bytes of the code of a vector of so many dimensions, beside its scale: steps, and quarters behind them.
const fn code_bytes(dimensions: usize) -> usize {
    dimensions + quarters_bytes(dimensions)
}

/// A vector of length one, as whole numbers.
///
/// A number is `steps + quarters / 4`, times the scale. Of `n` bytes of quarters byte `i` holds those of the numbers `i`,
/// `i + n`, `i + 2 n` and `i + 3 n`, two bits each, the first in the lowest, from -2 to 1: so they are read as runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// What a step is worth.
    scale: f32,
    /// The steps, as bytes.
    #[serde(with = "serde_bytes")]
    steps: Vec<u8>,
    /// The quarters, four a byte.
    #[serde(default, with = "serde_bytes")]
    quarters: Vec<u8>,
}

impl Code {
    /// The code of `vector`, whatever its length. None where it has no direction: all zero, or something
    /// that is no number.
    pub fn of(vector: &[f32]) -> Option<Self> {
        let length = vector.iter().map(|it| f64::from(*it).powi(2)).sum::<f64>().sqrt();
        if !length.is_finite() || length <= f64::from(f32::MIN_POSITIVE) {
            return None;
        }
        let largest = vector.iter().fold(0_f32, |it, other| it.max(other.abs()));
        let quarter = f64::from(largest) / f64::from(127 * QUARTERS);
        let mut steps = Vec::with_capacity(vector.len());
        let mut quarters = vec![0; quarters_bytes(vector.len())];
        // The length of the whole numbers, not that of the vector: rounding changes it a little, by other shares in other
        // vectors, and one that became longer would seem nearer to everything.
        let mut squares = 0.0;
        for (place, run) in vector.chunks(quarters.len()).enumerate() {
            for (number, byte) in run.iter().zip(&mut quarters) {
                let whole = (f64::from(*number) / quarter).round() as i32;
                let step = (whole + QUARTERS / 2).div_euclid(QUARTERS);
                let rest = whole - step * QUARTERS;
                steps.push(step as i8 as u8);
                *byte |= (rest as u8 & 0b11) << (2 * place);
                squares += f64::from(whole).powi(2);
            }
        }
        Some(Self { scale: (f64::from(QUARTERS) / squares.sqrt()) as f32, steps, quarters })
    }

    /// That of a row, with quarters where it was written before there were any; none where it has others than its steps
    /// ask for.
    pub(crate) fn complete(mut self) -> Option<Self> {
        if !self.borrowed().fits() {
            return None;
        }
        self.quarters.resize(quarters_bytes(self.dimensions()), 0);
        Some(self)
    }

    /// Numbers in the vector.
    pub fn dimensions(&self) -> usize {
        self.steps.len()
    }

    /// Whether each of its numbers is negative.
    pub(crate) fn signs(&self) -> impl Iterator<Item = bool> {
        self.steps.iter().map(|it| (*it).cast_signed() < 0)
    }

    /// The same, borrowed.
    pub fn borrowed(&self) -> CodeRef<'_> {
        CodeRef { scale: self.scale, steps: &self.steps, quarters: &self.quarters }
    }

    /// The cosine of the angle between two, of as many dimensions.
    pub fn cosine(&self, other: &Self) -> f64 {
        let (one, other) = (self.borrowed(), other.borrowed());
        let numbers = product::numbers(one);
        let product = product::product(Level::best(), &numbers, other.steps, other.quarters);
        f64::from(product) * one.quarter() * other.quarter()
    }
}

/// A vector of length one whose numbers lie elsewhere. It is read as [`Code`] is.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct CodeRef<'a> {
    /// What a step is worth.
    pub scale: f32,
    /// The steps: signed bytes.
    #[serde(with = "serde_bytes")]
    pub steps: &'a [u8],
    /// The quarters, as those of [`Code`]; of a row also nothing.
    #[serde(default, with = "serde_bytes")]
    pub quarters: &'a [u8],
}

impl CodeRef<'_> {
    /// Whether it has as many quarters as its steps ask for, or none, as it had before there were any.
    pub(crate) fn fits(&self) -> bool {
        self.quarters.is_empty() || self.quarters.len() == quarters_bytes(self.steps.len())
    }

    /// What a quarter of a step is worth.
    fn quarter(&self) -> f64 {
        f64::from(self.scale) / f64::from(QUARTERS)
    }

    /// Writes steps and quarters into a row.
    fn write(&self, row: &mut [u8]) {
        let (steps, quarters) = row.split_at_mut(self.steps.len());
        steps.copy_from_slice(self.steps);
        quarters.copy_from_slice(self.quarters);
    }
}

/// The vector of a question: as records have it, and finer, to be compared with many exactly. Each of two that are
/// rounded alike adds half to the error of their cosine.
#[derive(Clone, Debug)]
pub struct Query {
    code: Code,
    /// Whole numbers, as fine as sums of 32 bits allow.
    numbers: Vec<i16>,
    /// What one of them is worth.
    worth: f64,
}

impl Query {
    /// The query of `vector`, whatever its length; none where it has no code.
    pub fn of(vector: &[f32]) -> Option<Self> {
        let code = Code::of(vector)?;
        let length = vector.iter().map(|it| f64::from(*it).powi(2)).sum::<f64>().sqrt();
        let largest = vector.iter().fold(0_f32, |it, other| it.max(other.abs()));
        // No product of two is larger than that of their lengths, and no part of it: so sums fit, rounded up as they may be.
        let dimensions = (vector.len() as f64).sqrt();
        let length_max = f64::from(i32::MAX) / (product::LARGEST * dimensions) - dimensions / 2.0;
        let times = (f64::from(i16::MAX) / f64::from(largest)).min(length_max / length);
        let numbers: Vec<i16> =
            vector.iter().map(|it| (f64::from(*it) * times).round() as i16).collect();
        let squares: f64 = numbers.iter().map(|it| f64::from(*it).powi(2)).sum();
        Some(Self { code, numbers, worth: 1.0 / squares.sqrt() })
    }

    /// The same as records have it.
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// The cosine of the angle between both, of as many dimensions.
    pub fn cosine(&self, other: CodeRef<'_>) -> f64 {
        let product = product::product(Level::best(), &self.numbers, other.steps, other.quarters);
        f64::from(product) * self.worth * other.quarter()
    }
}

/// About one of so many vectors tells how all are spread,
const SAMPLED: u32 = 512;

/// and so many of those are estimated at once.
const GATHERED: usize = 64;

/// Whether the vector of such a scale is one of them. Scales of different vectors differ in their last bits.
fn is_sampled(scale: f32) -> bool {
    let mixed = scale.to_bits().wrapping_mul(0x9e37_79b9);
    let mixed = (mixed ^ mixed >> 15).wrapping_mul(0x85eb_ca6b);
    scale != 0.0 && mixed < u32::MAX / SAMPLED
}

/// So many rows further on lies what is asked for ahead.
const AHEAD: usize = 16;

/// The vectors of a shard, by place: all of one encoder.
#[derive(Clone, Debug, Default)]
pub struct Vectors {
    /// Numbers of each vector.
    dimensions: usize,
    /// The sketch of each place.
    sketches: Sketches,
    /// By place: its shade, all zero where there is no vector.
    shades: Gradual,
    /// By place: what a step is worth, zero where there is no vector.
    scales: Vec<f32>,
    /// By place: its steps and their quarters.
    codes: Codes,
    count: usize,
    /// Places of some of the vectors, and of some that had one, from which it is told how all are spread; once somebody asks.
    sampled: OnceLock<BTreeSet<u32>>,
}

impl Vectors {
    /// Takes in the vector of a record, in place of the one that it had.
    pub fn set(&mut self, place: u32, code: &Code) {
        if self.count == 0 {
            let dimensions = code.dimensions();
            let codes = Codes::new(code_bytes(dimensions));
            let sketches = Sketches::new(sketch::row_bytes(dimensions));
            *self = Self { dimensions, sketches, codes, ..Self::default() };
        }
        assert_eq!(code.dimensions(), self.dimensions, "a store has vectors of one encoder");
        code.borrowed().write(self.codes.row_mut(place));
        let level = Level::best();
        let turned = Turned::of(code.borrowed(), level);
        let list = lists::list_of(&turned, level);
        sketch::write_turned(&turned, self.sketches.row_mut(place, list));
        let (place, row) = (place as usize, self.row_bytes());
        if self.scales.len() <= place {
            lengthen(&mut self.scales, place + 1);
            self.shades.lengthen((place + 1) * row);
        }
        self.count += usize::from(self.scales[place] == 0.0);
        self.scales[place] = code.scale;
        if let Some(sampled) = self.sampled.get_mut() {
            match is_sampled(code.scale) {
                true => sampled.insert(place as u32),
                false => sampled.remove(&(place as u32)),
            };
        }
        shade::write_shade(&turned, self.shades.row_mut(place * row, row));
    }

    /// Gives each vector the sketch of another one.
    #[cfg(test)]
    pub(crate) fn confuse_sketches(&mut self) {
        self.sketches.confuse();
    }

    /// Lets that of a record go.
    pub(crate) fn remove(&mut self, place: u32) {
        if self.has(place) {
            self.codes.remove(place);
            self.sketches.remove(place);
            let place = place as usize;
            self.count -= 1;
            self.scales[place] = 0.0;
            let row = self.row_bytes();
            self.shades.row_mut(place * row, row).fill(0);
        }
    }

    /// The sketches by place; none where there is no vector.
    #[cfg(test)]
    pub(crate) fn sketches(&self) -> Vec<Option<Vec<u8>>> {
        let sketch = |place| self.sketches.of(place).map(<[u8]>::to_vec);
        (0..self.places() as u32).map(sketch).collect()
    }

    /// Lets what points the same way lie together.
    pub fn settle(&mut self) {
        self.sketches.settle();
    }

    /// Whether a record has one.
    pub(crate) fn has(&self, place: u32) -> bool {
        self.scales.get(place as usize).is_some_and(|it| *it != 0.0)
    }

    /// That of a record, read into `row` where it is not in memory; none where it has none, or a damaged one.
    fn of<'a>(&'a self, place: u32, row: &'a mut Vec<u8>) -> Option<CodeRef<'a>> {
        let scale = *self.scales.get(place as usize).filter(|it| **it != 0.0)?;
        let (steps, quarters) = self.codes.of(place, row)?.split_at_checked(self.dimensions)?;
        Some(CodeRef { scale, steps, quarters })
    }

    /// The cosines of some with one. Those that have no vector are left out, and damaged ones, see
    /// [`Vectors::is_torn`].
    pub fn cosines(
        &self,
        query: &Query,
        places: impl Iterator<Item = u32> + Clone,
    ) -> impl Iterator<Item = (u32, f64)> {
        let (mut row, mut later) = (Vec::new(), places.clone().skip(AHEAD));
        places.filter_map(move |place| {
            later.next().into_iter().for_each(|it| self.codes.ask_for(it));
            Some((place, query.cosine(self.of(place, &mut row)?)))
        })
    }

    /// Those of all with one, by place.
    pub(crate) fn all_cosines(&self, query: &Query) -> impl Iterator<Item = (u32, f64)> {
        self.cosines(query, 0..self.scales.len() as u32)
    }

    /// Whether what lies in a pack was found damaged.
    pub(crate) fn is_torn(&self) -> bool {
        self.codes.is_torn()
    }

    /// Adds up how the estimates of about one of [`SAMPLED`] vectors are spread. Which those are depends on each of them
    /// alone.
    fn sample(&self, probe: &sketch::Probe, moments: &mut Moments) {
        let all = (0..).zip(&self.scales).filter(|it| is_sampled(*it.1)).map(|it| it.0);
        let sampled = self.sampled.get_or_init(|| all.collect());
        let mut later = sampled.iter().skip(AHEAD);
        let (mut rows, mut estimates) = (Vec::new(), [sketch::NONE; GATHERED]);
        for (place, left) in sampled.iter().zip((0..sampled.len()).rev()) {
            let row = later.next().and_then(|it| self.sketches.of(*it));
            row.into_iter().for_each(|it| ask_for(it, 0));
            rows.extend_from_slice(self.sketches.of(*place).unwrap_or_default());
            let count = rows.len() / self.row_bytes();
            if count == GATHERED || left == 0 {
                probe.estimate(&rows, &mut estimates[..count]);
                moments.add(&estimates[..count]);
                rows.clear();
            }
        }
    }

    /// Estimates some again, closer than from their sketches alone. Gives back what can be told of those; nothing is
    /// told of damaged ones, see [`Vectors::is_torn`].
    pub(crate) fn estimate_closer(
        &self,
        probe: &sketch::Probe,
        places: &[u32],
        mut told: impl FnMut(u32, i32),
    ) {
        self.shades.bring();
        let bytes = self.row_bytes();
        let start = |place: u32| place as usize * bytes;
        let shade = |place: u32| self.shades.row(start(place), bytes);
        let mut alone = vec![0; bytes];
        for (at, place) in places.iter().enumerate() {
            let Some(sketch) = self.sketches.of(*place) else { continue };
            if let Some(later) = places.get(at + AHEAD) {
                for row in [self.sketches.of(*later), shade(*later)].into_iter().flatten() {
                    ask_for(row, 0);
                    ask_for(row, bytes - 1);
                }
            }
            let shade = shade(*place).unwrap_or_else(|| {
                self.shades.read(start(*place), &mut alone);
                if !shade::is_whole(&alone) {
                    self.shades.doubt("the shade of a vector");
                    alone.fill(0);
                }
                &alone
            });
            let estimate = probe.estimate_closer(sketch, shade);
            if estimate != sketch::NONE {
                told(*place, estimate);
            }
        }
    }

    /// How many records have vectors.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Places up to that of the last vector.
    pub(crate) fn places(&self) -> usize {
        self.scales.len()
    }

    /// Their dimensions.
    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Shades and scales, by place.
    pub(crate) fn arrays(&self) -> (Cow<'_, [u8]>, &[f32]) {
        (self.shades.all(), &self.scales)
    }

    /// Writes the sketches as sections of a pack: their lists, and they themselves.
    pub(crate) fn write_sketches(&self, writer: &mut Writer, names: [&str; 2]) -> io::Result<()> {
        self.sketches.write(writer, names)
    }

    /// Writes the codes as a section of a pack.
    pub(crate) fn write_codes(&self, writer: &mut Writer, name: &str) -> io::Result<()> {
        self.codes.write(writer, name, self.places(), |it| self.has(it))
    }

    /// From the arrays; none where they do not belong together. Codes of more than `resident_max` stay in the pack.
    /// Of many, sketches are read while others do without them, and shades as questions are asked.
    pub(crate) fn of_arrays(
        dimensions: usize,
        [lists, sketches, shades]: [&Section; 3],
        scales: Vec<f32>,
        codes: Section,
        resident_max: usize,
    ) -> Option<Self> {
        let count = scales.iter().filter(|it| **it != 0.0).count();
        let fits = dimensions <= DIMENSIONS_MAX
            && scales.iter().all(|it| it.is_finite())
            && shades.len() == scales.len() * sketch::row_bytes(dimensions);
        fits.then_some(())?;
        let row_bytes = sketch::row_bytes(dimensions);
        let sketches = Sketches::of_sections(row_bytes, [lists, sketches])?;
        let has = |it: usize| sketches.row_of(it as u32).is_some();
        let fits = sketches.places() == scales.len()
            && scales.iter().enumerate().all(|it| (*it.1 != 0.0) == has(it.0));
        fits.then_some(())?;
        let shades = Gradual::of(shades, row_bytes);
        let (bytes, rests) = (code_bytes(dimensions), count > resident_max);
        let codes = Codes::of_section(codes, bytes, scales.len(), rests)?;
        let sampled = OnceLock::new();
        Some(Self { dimensions, sketches, shades, scales, codes, count, sampled })
    }

    /// Lets the codes of more than `resident_max` stay where they were just written, and the sketches lie as they do there.
    pub(crate) fn rest_on(&mut self, codes: Section, resident_max: usize) {
        self.settle();
        let bytes = code_bytes(self.dimensions);
        if self.count > resident_max
            && let Some(codes) = Codes::of_section(codes, bytes, self.places(), true)
        {
            self.codes = codes;
        }
    }

    fn row_bytes(&self) -> usize {
        sketch::row_bytes(self.dimensions)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use proptest::prelude::*;
    use voyager_base::{chance::Seeded, disk::Disk, sim::SimDisk};

    use super::*;
    use crate::{evaluate::material::Clusters, pack::Pack};

    #[test]
    fn what_has_no_direction_has_no_code() {
        for vector in [vec![], vec![0.0; 4], vec![f32::NAN, 1.0], vec![f32::INFINITY, 1.0]] {
            assert_eq!(Code::of(&vector), None, "{vector:?}");
        }
        assert!(Code::of(&[1e30, 1e30]).is_some());
    }

    /// The largest sums that there can be, of few numbers and of many.
    #[test]
    fn what_is_asked_with_itself_is_one() {
        for dimensions in [1, 2, 100, DIMENSIONS_MAX] {
            let vector = vec![-1.0; dimensions];
            let (code, query) = (Code::of(&vector).unwrap(), Query::of(&vector).unwrap());
            let cosine = query.cosine(code.borrowed());
            assert!((cosine - 1.0).abs() < 1e-6, "{dimensions}: {cosine}");
        }
    }

    #[test]
    fn what_came_since_somebody_asked_tells_how_all_are_spread() {
        let code = |it: u32| {
            let numbers = [it as f32 * 0.37, it as f32 * 0.73, 1.0].map(f32::sin);
            Code::of(&numbers).unwrap()
        };
        let probe = sketch::Probe::of(&code(7));
        let moments = |of: &Vectors| {
            let mut moments = Moments::default();
            of.sample(&probe, &mut moments);
            moments
        };
        let of = |codes: &mut dyn Iterator<Item = u32>| {
            let mut vectors = Vectors::default();
            (0..).zip(codes).for_each(|(place, it)| vectors.set(place, &code(it)));
            vectors
        };
        let mut asked = of(&mut (0..3_000));
        let before = moments(&asked);
        // Each place gets the vector that another one had, so that others are sampled; and some go.
        (0..3_000).for_each(|place| asked.set(place, &code((place + 1) % 3_000)));
        assert_eq!(moments(&asked), before);
        (2_000..3_000).for_each(|place| asked.remove(place));
        assert_eq!(moments(&asked), moments(&of(&mut (1..2_001))));
        assert!(moments(&asked).count < before.count && moments(&asked).count > 0);
    }

    #[test]
    fn what_is_seen_while_estimating_is_what_looking_again_finds() {
        let mut vectors = Vectors::default();
        let code = |it: u32| {
            let numbers = [it as f32 * 0.37, it as f32 * 0.73, 1.0].map(f32::sin);
            Code::of(&numbers).unwrap()
        };
        let last = 2 * select::SUMMED as u32 + 100;
        for place in (0..=last).filter(|it| it % 7 != 3) {
            vectors.set(place, &code(place));
        }
        let none = Vectors::default();
        let mut settled = vectors.clone();
        settled.settle();
        for vectors in [&vectors, &settled] {
            let estimates = Estimates::of_all(&code(12), vec![vectors, &none]);
            let of = |place| estimates.of(0, place).unwrap_or(sketch::NONE);
            let all: Vec<i32> = (0..=last).map(of).collect();
            let slices: [&[i32]; 2] = [&all, &[]];
            assert_eq!(estimates.moments(), Moments::of(&slices));
            assert_eq!(estimates.moments().count as usize, vectors.len());
            for count in [0, 1, 50, 1000, 20_000] {
                let expected = select::best(&slices, count);
                let sorted = |mut found: Vec<(u32, u32)>| {
                    found.sort_unstable();
                    found
                };
                let none = None::<fn(u32, u32) -> bool>;
                assert_eq!(sorted(estimates.best(count, none)), expected);
                assert_eq!(sorted(estimates.best(count, Some(|_, _| true))), expected);
            }
        }
    }

    /// Vectors in a pack, shades first.
    fn written(vectors: &Vectors) -> SimDisk {
        let disk = SimDisk::new(1);
        let mut writer = Writer::new(disk.open("pack").unwrap(), &[7; 32]).unwrap();
        writer.section("shades", &vectors.arrays().0).unwrap();
        vectors.write_sketches(&mut writer, ["lists", "sketches"]).unwrap();
        vectors.write_codes(&mut writer, "codes").unwrap();
        writer.finish(&0).unwrap();
        disk
    }

    /// What was written of some, read; codes stay where they are.
    fn read(disk: &SimDisk, of: &Vectors) -> Vectors {
        let pack = Pack::open(disk.open("pack").unwrap(), &[7; 32], None).unwrap();
        let section = |name| pack.section(name).unwrap();
        let arrays = [&section("lists"), &section("sketches"), &section("shades")];
        let scales = of.scales.clone();
        Vectors::of_arrays(of.dimensions, arrays, scales, section("codes"), 0).unwrap()
    }

    #[test]
    fn shades_in_memory_and_in_the_file_tell_the_same() {
        let mut vectors = Vectors::default();
        let of = |it: u32| {
            let numbers = |at: u32| ((it * 31 + at * 17) % 101) as f32 - 50.0;
            Code::of(&(0..8).map(numbers).collect::<Vec<_>>()).unwrap()
        };
        // More than are read at once, most of them without a vector.
        (0..=1200).for_each(|it| vectors.set(it * 41 + 7, &of(it * 41 + 7)));
        let disk = written(&vectors);
        let opened = read(&disk, &vectors);
        let probe = sketch::Probe::of(&of(7));
        let ask = |vectors: &Vectors| {
            let mut all = Estimates::of_all(&of(7), vec![vectors]);
            let some = all.best(300, None::<fn(u32, u32) -> bool>);
            let mut told = all.closer(&some);
            assert!(told.iter().map(|it| (it.1, it.2)).eq(some));
            told.sort_unstable();
            (told, (0..vectors.places() as u32).map(|it| all.of(0, it)).collect::<Vec<_>>())
        };
        let expected = ask(&vectors);
        let first = |vectors: &Vectors| vectors.shades.row(0, vectors.row_bytes()).is_some();
        let last = |vectors: &Vectors| {
            let bytes = vectors.row_bytes();
            vectors.shades.row((vectors.places() - 1) * bytes, bytes).is_some()
        };
        assert!(!first(&opened), "nobody asked yet");
        assert_eq!(ask(&opened), expected);
        assert!(first(&opened) && !last(&opened), "half of them came");
        assert_eq!(ask(&opened), expected);
        assert!(last(&opened));
        assert_eq!(ask(&opened), expected);
        // Behind the header lie the shades: the last is damaged.
        let end = 4096 + vectors.arrays().0.len();
        disk.flip_bit("pack", (end - 20) * 8);
        let damaged = read(&disk, &vectors);
        let (mut told, places) = (Vec::new(), [7, vectors.places() as u32 - 1]);
        damaged.estimate_closer(&probe, &places, |place, _| told.push(place));
        assert!(told == [7] && damaged.is_torn(), "nothing is told of what is damaged");
    }

    /// All that an opening reads beside is read meanwhile.
    #[test]
    fn an_opening_does_not_wait_for_sketches() {
        let code = Code::of(&[1.0; 384]).unwrap();
        let mut vectors = Vectors::default();
        // A mebibyte of sketches.
        (0..1 << 14).for_each(|it| vectors.set(it, &code));
        let opened = read(&written(&vectors), &vectors);
        assert!(opened.sketches.are_coming());
        assert_eq!(opened.sketches(), vectors.sketches());
    }

    #[test]
    fn what_is_estimated_again_is_the_better_for_it() {
        let chance = Seeded::new(3);
        let clusters = Clusters::round(&chance, 20, 384);
        let mut vectors = Vectors::default();
        let near = |at| Code::of(&clusters.near(&chance, at)).unwrap();
        (0..2_000).for_each(|it| vectors.set(it, &near(it as usize)));
        // What was given another vector, or none any more, too.
        vectors.set(30, &near(7));
        vectors.remove(40);
        let of_gone = vectors.arrays().0[40 * 64..41 * 64].iter().all(|it| *it == 0);
        assert!(of_gone && vectors.sketches.of(40).is_none(), "nothing is left of what went");
        let question = Query::of(&clusters.near(&chance, 0)).unwrap();
        let probe = sketch::Probe::of(question.code());
        let mut all = Estimates::of_all(question.code(), vec![&vectors]);
        let some = all.best(500, None::<fn(u32, u32) -> bool>);
        let places: Vec<u32> = some.iter().map(|it| it.1).collect();
        let errors = |estimates: &Estimates<'_>| -> f64 {
            let error = |(place, cosine): (u32, f64)| {
                f64::from(estimates.of(0, place).unwrap()) / f64::from(sketch::ONE) - cosine
            };
            vectors.cosines(&question, places.iter().copied()).map(|it| error(it).powi(2)).sum()
        };
        let before = errors(&all);
        let told = all.closer(&some);
        assert!(errors(&all) < before / 3.0, "{} {before}", errors(&all));
        let expected = |cosine: f64| probe.error_closer(cosine).powi(2);
        let cosines = vectors.cosines(&question, places.iter().copied());
        let stated: f64 = cosines.map(|it| expected(it.1)).sum();
        let share = errors(&all) / stated;
        assert!((0.7..1.3).contains(&share), "errors are what is said of them: {share}");
        let best = select::best_of(told.clone(), 100);
        let least = best.iter().map(|it| it.0).min();
        let others = told.iter().filter(|it| !best.contains(it));
        assert_eq!(best.len(), 100);
        assert!(others.map(|it| Some(it.0)).max() < Some(least));
    }

    proptest! {
        #[test]
        fn a_cosine_is_the_exact_product_of_the_numbers(
            one in proptest::collection::vec(-1.0_f32..1.0, 1..500),
        ) {
            let other: Vec<f32> = one.iter().rev().map(|it| it + 0.25).collect();
            if let (Some(one), Some(other)) = (Code::of(&one), Code::of(&other)) {
                // As the layout is written down.
                let number = |code: &Code, at: usize| {
                    let (byte, place) = (at % code.quarters.len(), at / code.quarters.len());
                    let quarter = i64::from(code.quarters[byte] >> (2 * place) & 3);
                    4 * i64::from(code.steps[at] as i8) + (quarter ^ 2) - 2
                };
                let product: i64 =
                    (0..one.dimensions()).map(|it| number(&one, it) * number(&other, it)).sum();
                let expected =
                    product as f64 * f64::from(one.scale) / 4.0 * (f64::from(other.scale) / 4.0);
                prop_assert_eq!(one.cosine(&other).to_bits(), expected.to_bits());
            }
        }

        #[test]
        fn a_cosine_is_as_near_as_stated_and_that_of_a_query_nearer(
            (one, other) in prop_oneof![1_usize..40, Just(384), Just(4096)].prop_flat_map(|it| {
                let numbers = || proptest::collection::vec(-1.0_f32..1.0, it);
                (numbers(), numbers())
            }),
        ) {
            let codes = (Code::of(&one), Code::of(&other), Query::of(&one));
            let (Some(code), Some(other_code), Some(query)) = codes else { return Ok(()) };
            let length = |it: &[f32]| it.iter().map(|it| f64::from(*it).powi(2)).sum::<f64>().sqrt();
            let product: f64 =
                one.iter().zip(&other).map(|(one, other)| f64::from(*one) * f64::from(*other)).sum();
            let exact = product / length(&one) / length(&other);
            let (coded, asked) = (code.cosine(&other_code), query.cosine(other_code.borrowed()));
            prop_assert!((exact - coded).abs() < 0.0025, "{exact} {coded}");
            prop_assert!((exact - asked).abs() < 0.00125, "{exact} {asked}");
        }
    }
}
