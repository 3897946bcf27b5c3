//! Where relations lead from what was found: personalised PageRank, by pushing.
//!
//! From each record that was found walks start, as many as it answers well. They follow a relation as likely as that is
//! strong, go on with [`ON`] at each record that they come to, and end where they come back. What a record is worth is
//! how often walks come by, so that one counts more that two relations lead to, or that several found ones lead to. A record
//! with many relations says little of each: steps are divided by the roots of what both ends have,
//!
//! ```text
//! one step from u to v = weight / sqrt(W(u) W(v)),  W = the sum of a record's weights, at least 1
//! ```
//!
//! so that a single relation gives its weight. That is `D^(-1/2) A D^(-1/2)` in place of `A D^(-1)`; it is pushed as
//! the latter, with what starts multiplied by `sqrt(W)` and what arrives divided by it. Pushing ends where little is
//! left, which takes as long in a large memory as in a small one.
//!
//! Andersen, Chung, Lang: Local graph partitioning using PageRank vectors, FOCS 2006. Zhou et al.: Learning with local
//! and global consistency, NIPS 2003.

use std::collections::{
    BTreeMap, VecDeque,
    btree_map::Entry::{Occupied, Vacant},
};

use crate::record::MemoryId;

/// How likely a walk goes on from a record that it came to.
const ON: f64 = 0.5;

/// What is left at a record is not pushed on where it is less than so much of its weights.
const LEFT: f64 = 1e-3;

/// A record with more relations leads nowhere: each of them would be worth less than a thirtieth.
pub(crate) const HUB: usize = 1_000;

/// So many relations are followed at most from one that was found.
const STEPS_MAX: usize = 2_000;

/// So many relations are looked at for a question, about. Records whose own were not looked at by then are passed over.
const LOOKED_AT_MAX: usize = 50_000;

/// How often walks from `seeds` come by, at most 1; records that nothing leads to are not among them. `related` gives
/// the relations of a record, of more than [`HUB`] the first.
pub(crate) fn walk(
    seeds: &[(MemoryId, f64)],
    related: impl FnMut(MemoryId) -> Vec<(MemoryId, f32)>,
) -> BTreeMap<MemoryId, f64> {
    let mut graph = Graph { related, known: BTreeMap::new(), looked_at: 0 };
    let mut came = BTreeMap::new();
    for (start, value) in seeds {
        if let Some((weights, _)) = graph.of(*start) {
            let value = value * weights.sqrt();
            graph.push(*start, value, &mut came);
        }
    }
    let worth = |(id, came): (MemoryId, f64)| {
        let (weights, _) = graph.of(id)?;
        Some((id, (came / weights.sqrt()).min(1.0)))
    };
    came.into_iter().filter_map(worth).collect()
}

/// Relations, and what they weigh together.
struct Graph<R> {
    related: R,
    known: BTreeMap<MemoryId, (f64, Vec<(MemoryId, f32)>)>,
    /// How many relations those are.
    looked_at: usize,
}

impl<R: FnMut(MemoryId) -> Vec<(MemoryId, f32)>> Graph<R> {
    /// Pushes what starts at a record, and adds up what comes by elsewhere.
    fn push(&mut self, start: MemoryId, value: f64, came: &mut BTreeMap<MemoryId, f64>) {
        let mut left = BTreeMap::from([(start, value)]);
        let mut waiting = VecDeque::from([start]);
        let mut steps = 0;
        while let Some(id) = waiting.pop_front() {
            let pushed = left.remove(&id).unwrap_or_default();
            let Some((weights, relations)) = self.of(id) else { continue };
            if pushed < LEFT * weights || relations.len() > HUB {
                continue;
            }
            steps += relations.len();
            if steps > STEPS_MAX {
                break;
            }
            for (to, weight) in relations.iter().filter(|it| it.0 != start) {
                let share = pushed * f64::from(*weight) / weights;
                *came.entry(*to).or_default() += share;
                let left = left.entry(*to).or_insert_with(|| {
                    waiting.push_back(*to);
                    0.0
                });
                *left += ON * share;
            }
        }
    }

    /// What a record's relations weigh together, and the relations; none where too many of others were looked at.
    fn of(&mut self, id: MemoryId) -> Option<(f64, &Vec<(MemoryId, f32)>)> {
        let (weights, relations) = match self.known.entry(id) {
            Occupied(it) => it.into_mut(),
            Vacant(_) if self.looked_at >= LOOKED_AT_MAX => return None,
            Vacant(it) => {
                let relations = (self.related)(id);
                // One without any is looked at, too.
                self.looked_at += relations.len().max(1);
                let sum: f64 = relations.iter().map(|it| f64::from(it.1)).sum();
                it.insert((sum.max(1.0), relations))
            }
        };
        Some((*weights, relations))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Relations that lead both ways.
    fn related(edges: &[(u64, u64, f32)], id: MemoryId) -> Vec<(MemoryId, f32)> {
        let forward = edges.iter().filter(|it| it.0 == id.0).map(|it| (MemoryId(it.1), it.2));
        let backward = edges.iter().filter(|it| it.1 == id.0).map(|it| (MemoryId(it.0), it.2));
        forward.chain(backward).collect()
    }

    fn told(seeds: &[(u64, f64)], edges: &[(u64, u64, f32)]) -> BTreeMap<u64, f64> {
        let seeds: Vec<_> = seeds.iter().map(|it| (MemoryId(it.0), it.1)).collect();
        let all = walk(&seeds, |it| related(edges, it));
        all.into_iter().map(|it| (it.0.0, it.1)).collect()
    }

    #[test]
    fn a_single_relation_gives_its_weight() {
        let found = told(&[(0, 1.0)], &[(0, 1, 0.5), (7, 8, 1.0)]);
        assert_eq!(found, BTreeMap::from([(1, 0.5)]));
        assert_eq!(told(&[(0, 1.0)], &[]), BTreeMap::new());
    }

    #[test]
    fn a_walk_goes_on_and_what_two_lead_to_counts_more() {
        let chain = told(&[(0, 1.0)], &[(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)]);
        let of = |it| chain.get(&it).copied().unwrap_or_default();
        assert!(of(1) > of(2) && of(2) > of(3) && of(3) > 0.05, "{chain:?}");
        let joined = told(&[(0, 0.5), (1, 0.5)], &[(0, 2, 1.0), (1, 2, 1.0), (0, 3, 1.0)]);
        assert!(joined[&2] > 1.5 * joined[&3], "{joined:?}");
    }

    #[test]
    fn who_has_many_relations_says_little_of_each() {
        let fan: Vec<_> = (1..=16).map(|it| (0, it, 1.0)).collect();
        let found = told(&[(0, 1.0)], &fan);
        assert!((0.2..0.4).contains(&found[&1]), "{found:?}");
        let hub: Vec<_> = (1..=HUB as u64 + 1).map(|it| (0, it, 1.0)).collect();
        assert_eq!(told(&[(0, 1.0)], &hub), BTreeMap::new());
    }

    #[test]
    fn where_all_are_related_no_more_is_looked_at_than_is_bearable() {
        let all =
            |id: MemoryId| (0..900).filter(move |it| *it != id.0).map(|it| (MemoryId(it), 1.0));
        let mut looked_at = 0;
        let seeds: Vec<_> = (0..20).map(|it| (MemoryId(it), 1.0)).collect();
        let found = walk(&seeds, |id| {
            let related: Vec<_> = all(id).collect();
            looked_at += related.len();
            related
        });
        assert!(!found.is_empty() && looked_at <= LOOKED_AT_MAX + HUB, "{looked_at}");
    }

    proptest! {
        /// What is not pushed on is little: beside what comes of adding up all walks, step by step.
        #[test]
        fn pushing_gives_what_all_walks_give(
            edges in prop::collection::vec((0_u64..8, 0_u64..8, 0.05_f32..=1.0), 0..16),
            seeds in prop::collection::vec((0_u64..8, 0.1_f64..=1.0), 1..4),
        ) {
            let of = |id: u64| related(&edges, MemoryId(id));
            let weights: Vec<f64> = (0..8)
                .map(|it| of(it).iter().map(|it| f64::from(it.1)).sum::<f64>().max(1.0))
                .collect();
            let mut came = [0.0; 8];
            for (start, value) in &seeds {
                let start = *start as usize;
                let mut walks = [0.0; 8];
                walks[start] = *value;
                for _ in 0..60 {
                    let mut next = [0.0; 8];
                    for from in 0..8 {
                        for (to, weight) in of(from as u64) {
                            let to = to.0 as usize;
                            let step = f64::from(weight) / (weights[from] * weights[to]).sqrt();
                            next[to] += if to == start { 0.0 } else { walks[from] * step };
                        }
                    }
                    came.iter_mut().zip(&next).for_each(|it| *it.0 += it.1);
                    walks = next.map(|it| it * ON);
                }
            }
            let found = told(&seeds, &edges);
            for (id, came) in (0_u64..).zip(came) {
                let told = found.get(&id).copied().unwrap_or_default();
                let came = f64::min(came, 1.0);
                prop_assert!(told <= came + 1e-9 && came - told < 0.05, "{id}: {told} of {came}");
            }
        }
    }
}
