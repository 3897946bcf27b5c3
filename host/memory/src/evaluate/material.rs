//! Made-up material of any size: vectors that lie near others, and texts with words as frequent as in a language.
//!
//! What is measured with stores of any size takes it from here, so that all of them measure the same.

use voyager_base::chance::Chance;

use crate::vectors::{CodeRef, Query};

/// How far a vector lies from the middle of its cluster, in lengths of that: a cosine of about 0.7 between two
/// of a cluster.
const SPREAD: f32 = 0.65;

/// What a text says beside what few numbers hold.
const BESIDE: f32 = 0.2;

/// Words of the language.
const WORDS: f64 = 30_000.0;

/// A direction by chance: numbers that are nearly normal, sums of four.
pub fn direction(chance: &dyn Chance, dimensions: usize) -> Vec<f32> {
    let quarter = |word: u64, at: u32| (word >> (16 * at) & 0xffff) as f32;
    let one = |word: u64| (0..4).map(|at| quarter(word, at)).sum::<f32>() / 65_536.0 - 2.0;
    (0..dimensions).map(|_| one(chance.number())).collect()
}

/// A vector with noise of so many times its length.
pub fn blurred(chance: &dyn Chance, vector: &[f32], times: f32) -> Vec<f32> {
    let noise = direction(chance, vector.len());
    let length = |it: &[f32]| it.iter().map(|it| it * it).sum::<f32>().sqrt();
    let share = times * length(vector) / length(&noise);
    vector.iter().zip(noise).map(|(it, noise)| it + share * noise).collect()
}

/// So many of the nearest to a question, the nearest first; the earlier where two are as near.
pub fn nearest<'a, T>(
    question: &Query,
    all: impl Iterator<Item = (T, CodeRef<'a>)>,
    count: usize,
) -> Vec<T> {
    let mut near: Vec<(f64, T)> = Vec::with_capacity(count + 1);
    for (it, code) in all {
        let cosine = question.cosine(code);
        if near.len() == count && near.last().is_none_or(|last| cosine <= last.0) {
            continue;
        }
        near.insert(near.partition_point(|other| other.0 >= cosine), (cosine, it));
        near.truncate(count);
    }
    near.into_iter().map(|it| it.1).collect()
}

/// Middles that vectors lie around.
#[derive(Clone, Debug)]
pub struct Clusters {
    middles: Vec<Vec<f32>>,
    /// What each of the numbers of a vector takes from those of its place; none where that is the vector.
    frame: Option<Vec<Vec<f32>>>,
}

impl Clusters {
    /// Clusters that are round in all dimensions: the vectors of one are all about as far from each other, the
    /// hardest that an index meets where there is order at all.
    pub fn round(chance: &dyn Chance, count: usize, dimensions: usize) -> Self {
        let middles = (0..count).map(|_| direction(chance, dimensions)).collect();
        Self { middles, frame: None }
    }

    /// Clusters that are round in `rank` dimensions of all, and thin in the others, as vectors of texts are:
    /// some are much nearer to each other than the rest of their cluster.
    pub fn thin(chance: &dyn Chance, count: usize, dimensions: usize, rank: usize) -> Self {
        let frame = (0..dimensions).map(|_| direction(chance, rank)).collect();
        Self { frame: Some(frame), ..Self::round(chance, count, rank) }
    }

    /// A vector near the middle of cluster `at`, of which there are as many as it takes.
    pub fn near(&self, chance: &dyn Chance, at: usize) -> Vec<f32> {
        let place = blurred(chance, &self.middles[at % self.middles.len()], SPREAD);
        let Some(frame) = &self.frame else { return place };
        let product = |row: &Vec<f32>| row.iter().zip(&place).map(|(one, other)| one * other).sum();
        blurred(chance, &frame.iter().map(product).collect::<Vec<f32>>(), BESIDE)
    }
}

/// A word, as frequent as its rank says (Zipf).
pub fn word(chance: &dyn Chance) -> String {
    let rank = (WORDS.powf(chance.share()) - 1.0) as u64;
    // Words that no stemmer changes and that are not the common ones.
    format!("w{rank}x")
}

#[cfg(test)]
mod tests {
    use voyager_base::chance::Seeded;

    use super::*;
    use crate::vectors::Code;

    /// Cosines of ten of a cluster with an eleventh, and of that with one of another.
    fn cosines(clusters: &Clusters) -> (Vec<f64>, f64) {
        let chance = Seeded::new(7);
        let near = |at| Code::of(&clusters.near(&chance, at)).unwrap();
        let one = near(0);
        ((0..10).map(|_| one.cosine(&near(0))).collect(), one.cosine(&near(1)))
    }

    fn apart(cosines: &[f64]) -> f64 {
        let most = cosines.iter().copied().fold(f64::MIN, f64::max);
        most - cosines.iter().copied().fold(f64::MAX, f64::min)
    }

    #[test]
    fn vectors_of_a_cluster_are_near_and_in_thin_ones_some_are_nearer() {
        let chance = Seeded::new(1);
        let (round, other) = cosines(&Clusters::round(&chance, 2, 384));
        assert!(round.iter().all(|it| (0.6..0.8).contains(it)), "{round:?}");
        assert!(other < 0.3, "{other}");
        let (thin, _) = cosines(&Clusters::thin(&chance, 2, 384, 24));
        assert!(thin.iter().all(|it| *it > 0.3), "{thin:?}");
        assert!(apart(&thin) > 2.0 * apart(&round), "{thin:?} {round:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_material() {
        let made = || {
            let chance = Seeded::new(3);
            let clusters = Clusters::thin(&chance, 3, 16, 4);
            (clusters.near(&chance, 5), word(&chance))
        };
        assert_eq!(made(), made());
    }
}
