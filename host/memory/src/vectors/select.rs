//! The best of many estimates, and how they are spread.
//!
//! Both are functions of what is estimated, not of how it is split into segments: ties are all kept, and sums
//! are of whole numbers.

use super::{
    level::{Level, for_each_level},
    sketch::NONE,
};

/// Estimates that are looked at together: most hold none that matters.
pub(super) const BLOCK: usize = 32;

/// Estimates whose sums fit 64 bits with room to spare.
pub(super) const SUMMED: usize = 4096;

/// The places of the `count` best estimates, and of those that are as good as the last of them: segment and
/// place in it, in this order. Never a place without a vector.
pub fn best(estimates: &[&[i32]], count: usize) -> Vec<(u32, u32)> {
    let level = Level::best();
    let of = |it: &&[i32]| it.chunks(BLOCK).map(|it| highest(level, it)).collect();
    let highest: Vec<Vec<i32>> = estimates.iter().map(of).collect();
    let highest: Vec<&[i32]> = highest.iter().map(Vec::as_slice).collect();
    best_by(estimates, &highest, count, None::<fn(u32, u32) -> bool>)
}

/// The same of those that are allowed, by segment and place, given the highest of each block, by segment. All are
/// allowed where nobody is there to ask.
pub(super) fn best_by(
    estimates: &[&[i32]],
    highest: &[&[i32]],
    count: usize,
    allowed: Option<impl Fn(u32, u32) -> bool>,
) -> Vec<(u32, u32)> {
    if count == 0 {
        return Vec::new();
    }
    // What is at least `lowest` may belong to the best; when too many do, the bar rises.
    let mut kept = Vec::new();
    let mut lowest = match &allowed {
        Some(_) => NONE + 1,
        None => bar_of_blocks(highest, count),
    };
    let mut room = 2 * count.max(BLOCK);
    for (segment, (estimates, highest)) in estimates.iter().zip(highest).enumerate() {
        for (at, (block, highest)) in estimates.chunks(BLOCK).zip(*highest).enumerate() {
            if *highest < lowest {
                continue;
            }
            let first = at * BLOCK;
            let good = block.iter().enumerate().filter(|(_, it)| **it >= lowest);
            let good = good.map(|(place, it)| (*it, segment as u32, (first + place) as u32));
            let allows = |segment, place| allowed.as_ref().is_none_or(|it| it(segment, place));
            kept.extend(good.filter(|(_, segment, place)| allows(*segment, *place)));
            if kept.len() >= room {
                lowest = raise(&mut kept, count, lowest);
                room = 2 * kept.len().max(BLOCK);
            }
        }
    }
    raise(&mut kept, count, lowest);
    kept.into_iter().map(|(_, segment, place)| (segment, place)).collect()
}

/// An estimate with its segment, and its place there.
pub type Told = (i32, u32, u32);

/// The best of some, as [`best`], in their order.
pub fn best_of(mut some: Vec<Told>, count: usize) -> Vec<Told> {
    if count == 0 {
        return Vec::new();
    }
    raise(&mut some, count, NONE);
    some
}

/// A bar that so many reach, and with them all of the best: where that many blocks hold one that does, none of the best
/// lies below it.
fn bar_of_blocks(highest: &[&[i32]], count: usize) -> i32 {
    let mut all = highest.concat();
    match all.len().checked_sub(count) {
        Some(at) if at < all.len() => (*all.select_nth_unstable(at).1).max(NONE + 1),
        _ => NONE + 1,
    }
}

/// Keeps what is as good as the last of the best, which is returned.
fn raise(kept: &mut Vec<Told>, count: usize, lowest: i32) -> i32 {
    if kept.len() <= count {
        return lowest;
    }
    let mut estimates: Vec<i32> = kept.iter().map(|it| it.0).collect();
    let at = estimates.len() - count;
    let (_, lowest, _) = estimates.select_nth_unstable(at);
    kept.retain(|it| it.0 >= *lowest);
    *lowest
}

for_each_level! {
    fn highest(level, estimates: &[i32]) -> i32 {
        estimates.iter().fold(NONE, |highest, it| highest.max(*it))
    }

    /// The highest of each block, behind those of others.
    fn highest_of_blocks(level, estimates: &[i32], into: &mut Vec<i32>) -> () {
        let blocks = estimates.chunks(BLOCK);
        into.extend(blocks.map(|it| it.iter().fold(NONE, |highest, it| highest.max(*it))));
    }
}

/// How estimates are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moments {
    /// How many there are; a place without a vector has none.
    pub count: u64,
    /// Their sum.
    pub sum: i128,
    /// The sum of their squares.
    pub squares: i128,
}

impl Moments {
    /// Those of the estimates, whatever their split.
    pub fn of(estimates: &[&[i32]]) -> Self {
        let mut all = Self::default();
        estimates.iter().for_each(|it| all.add(it));
        all
    }

    /// Adds those of some more.
    pub(super) fn add(&mut self, estimates: &[i32]) {
        let level = Level::best();
        for estimates in estimates.chunks(SUMMED) {
            let (count, sum, squares) = sums(level, estimates);
            self.count += u64::from(count);
            self.sum += i128::from(sum);
            self.squares += i128::from(squares);
        }
    }
}

for_each_level! {
    /// How many, their sum, the sum of their squares: of at most `SUMMED`.
    fn sums(level, estimates: &[i32]) -> (u32, i64, i64) {
        let (mut count, mut sum, mut squares) = (0, 0, 0);
        for estimate in estimates {
            let there = *estimate != NONE;
            let estimate = i64::from(if there { *estimate } else { 0 });
            count += u32::from(there);
            sum += estimate;
            squares += estimate * estimate;
        }
        (count, sum, squares)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors::sketch::ONE;

    /// What sorting finds.
    fn sorted(estimates: &[&[i32]], count: usize) -> Vec<(u32, u32)> {
        let mut all = Vec::new();
        for (segment, estimates) in estimates.iter().enumerate() {
            for (place, estimate) in estimates.iter().enumerate().filter(|(_, it)| **it != NONE) {
                all.push((*estimate, segment as u32, place as u32));
            }
        }
        all.sort_by_key(|it| std::cmp::Reverse(it.0));
        let last = count.min(all.len()).checked_sub(1).map_or(i32::MAX, |it| all[it].0);
        let mut found: Vec<_> =
            all.into_iter().filter(|it| it.0 >= last).map(|it| (it.1, it.2)).collect();
        found.sort_unstable();
        found
    }

    /// Estimates in segments: many ties, or few; some places without a vector; in any order, or rising.
    fn segments() -> impl Strategy<Value = Vec<Vec<i32>>> {
        let estimate = |most: i32| prop_oneof![9 => -most..=most, 1 => Just(NONE)];
        let segment = prop_oneof![
            proptest::collection::vec(estimate(2 * ONE), 0..700),
            proptest::collection::vec(estimate(5), 0..700),
            proptest::collection::vec(estimate(2 * ONE), 0..700).prop_map(|mut it| {
                it.sort_unstable();
                it
            }),
        ];
        proptest::collection::vec(segment, 0..4)
    }

    fn borrowed(segments: &[Vec<i32>]) -> Vec<&[i32]> {
        segments.iter().map(Vec::as_slice).collect()
    }

    proptest! {
        #[test]
        fn the_best_are_what_sorting_finds(segments in segments(), count in 0_usize..900) {
            let segments = borrowed(&segments);
            prop_assert_eq!(best(&segments, count), sorted(&segments, count));
        }

        #[test]
        fn what_is_not_allowed_is_as_if_it_had_no_vector(
            segments in segments(),
            count in 0_usize..300,
            every in 1_u32..20,
        ) {
            let allowed = |segment: u32, place: u32| (segment + place).is_multiple_of(every);
            let mut masked = segments.clone();
            for (number, segment) in masked.iter_mut().enumerate() {
                let all = segment.iter_mut().enumerate();
                let not = all.filter(|it| !allowed(number as u32, it.0 as u32));
                not.for_each(|it| *it.1 = NONE);
            }
            let (segments, masked) = (borrowed(&segments), borrowed(&masked));
            let of = |it: &&[i32]| it.chunks(BLOCK).map(|it| highest(Level::best(), it)).collect();
            let blocks: Vec<Vec<i32>> = segments.iter().map(of).collect();
            let found = best_by(&segments, &borrowed(&blocks), count, Some(allowed));
            prop_assert_eq!(found, sorted(&masked, count));
        }

        #[test]
        fn a_split_changes_nothing(segments in segments(), count in 0_usize..300) {
            let whole = segments.concat();
            let mut first = 0;
            let mut starts = Vec::new();
            for segment in &segments {
                starts.push(first);
                first += segment.len() as u32;
            }
            let parts = borrowed(&segments);
            let found = best(&parts, count);
            let found: Vec<_> = found.iter().map(|it| (0, starts[it.0 as usize] + it.1)).collect();
            prop_assert_eq!(found, best(&[&whole], count));
            prop_assert_eq!(Moments::of(&parts), Moments::of(&[&whole]));
        }

        #[test]
        fn moments_are_exact(segments in segments()) {
            let segments = borrowed(&segments);
            let all = segments.iter().flat_map(|it| it.iter()).filter(|it| **it != NONE);
            let all: Vec<i128> = all.map(|it| i128::from(*it)).collect();
            let expected = Moments {
                count: all.len() as u64,
                sum: all.iter().sum(),
                squares: all.iter().map(|it| it * it).sum(),
            };
            prop_assert_eq!(Moments::of(&segments), expected);
        }
    }

    #[test]
    fn every_level_agrees() {
        let estimates: Vec<i32> = (0..999).map(|it| it * 7919 % 2003 - 1000).collect();
        for level in Level::all() {
            assert_eq!(highest(level, &estimates), *estimates.iter().max().unwrap());
            assert_eq!(sums(level, &estimates), sums(Level::best(), &estimates));
        }
    }
}
