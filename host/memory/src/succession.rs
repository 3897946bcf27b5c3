//! Which records a newer one supersedes.
//!
//! A claim is a relation of the kind [`SUPERSEDES`] from the newer record to the older one. A record is superseded where
//! a chain of claims leads to it from one that lives: that is here and not archived. A claim of a record that is trusted
//! less than the other one counts for nothing, so that nobody hides what is known better. A chain leads through archived
//! records too, so that a fact which nobody uses any more does not bring back the one before it.
//!
//! Nothing of it has rows of its own: it follows from relations and standings, so that what is forgotten or archived
//! lets the older one come back by itself.
//!
//! The store refuses a claim that would close a cycle. Programs that knew of no claims may have written some: those of
//! which nobody can say what is newer don't count, and are relations like others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use voyager_base::memory::Trust;

use crate::record::MemoryId;

/// The kind of relation that says so.
pub const SUPERSEDES: &str = "supersedes";

/// A claim: the newer record, the older one, the number of the relation.
type Claim = (MemoryId, MemoryId, u32);

/// What decides whether a claim counts, beside claims.
pub(crate) trait Judge {
    /// Whether a record is here and not archived.
    fn lives(&self, id: MemoryId) -> bool;

    /// How far it is trusted.
    fn trust(&self, id: MemoryId) -> Trust;
}

/// All claims, and what follows from them.
#[derive(Default)]
pub(crate) struct Succession {
    /// Those that count, by the newer record.
    claims: BTreeSet<Claim>,
    /// The same by the older one, which stands first.
    backward: BTreeSet<Claim>,
    /// Those that lie on a cycle, or between two.
    knotted: BTreeSet<Claim>,
    superseded: BTreeSet<MemoryId>,
}

fn all_of(id: MemoryId) -> std::ops::RangeInclusive<Claim> {
    (id, MemoryId(0), 0)..=(id, MemoryId(u64::MAX), u32::MAX)
}

impl Succession {
    /// Takes a claim in.
    pub(crate) fn add(&mut self, claim: Claim, judge: &impl Judge) {
        self.insert(claim);
        if self.knotted.is_empty() {
            self.settle(vec![claim.1], judge);
        } else {
            self.untie(judge);
        }
    }

    /// Takes a claim in whose consequences are judged later, by [`Succession::untie`].
    pub(crate) fn insert(&mut self, (newer, older, number): Claim) {
        self.claims.insert((newer, older, number));
        self.backward.insert((older, newer, number));
    }

    /// Takes a claim back.
    pub(crate) fn take_back(&mut self, claim: Claim, judge: &impl Judge) {
        let (newer, older, number) = claim;
        if !self.claims.remove(&claim) && !self.knotted.remove(&claim) {
            return;
        }
        self.backward.remove(&(older, newer, number));
        if self.knotted.is_empty() {
            self.settle(vec![older], judge);
        } else {
            self.untie(judge);
        }
    }

    /// Lets a record go with its claims.
    pub(crate) fn remove(&mut self, id: MemoryId, judge: &impl Judge) {
        let below: Vec<Claim> = self.claims.range(all_of(id)).copied().collect();
        let above: Vec<Claim> = self.backward.range(all_of(id)).copied().collect();
        for (_, older, number) in &below {
            self.claims.remove(&(id, *older, *number));
            self.backward.remove(&(*older, id, *number));
        }
        for (_, newer, number) in above {
            self.claims.remove(&(newer, id, number));
            self.backward.remove(&(id, newer, number));
        }
        self.superseded.remove(&id);
        if self.knotted.is_empty() {
            self.settle(below.into_iter().map(|it| it.1).collect(), judge);
        } else {
            self.knotted.retain(|it| it.0 != id && it.1 != id);
            self.untie(judge);
        }
    }

    /// A record was archived, or came back.
    pub(crate) fn turned(&mut self, id: MemoryId, judge: &impl Judge) {
        let below = self.claims.range(all_of(id)).map(|it| it.1).collect();
        self.settle(below, judge);
    }

    /// A record is trusted more or less than before.
    pub(crate) fn retrusted(&mut self, id: MemoryId, judge: &impl Judge) {
        let older = self.claims.range(all_of(id)).map(|it| it.1);
        let open: Vec<MemoryId> = older.chain([id]).collect();
        self.settle(open, judge);
    }

    /// Judges records anew, and those that they supersede where that changes anything. One change makes all of them
    /// superseded, or none any more, so that each is judged again at most once by each claim.
    fn settle(&mut self, mut open: Vec<MemoryId>, judge: &impl Judge) {
        while let Some(id) = open.pop() {
            let is = self.hiding(id, judge).next().is_some();
            let changed = if is { self.superseded.insert(id) } else { self.superseded.remove(&id) };
            if changed {
                open.extend(self.claims.range(all_of(id)).map(|it| it.1));
            }
        }
    }

    /// Finds out which claims lie on cycles, or between two, and judges all records anew. To be called once when all
    /// is loaded.
    pub(crate) fn untie(&mut self, judge: &impl Judge) {
        std::mem::take(&mut self.knotted).into_iter().for_each(|it| self.insert(it));
        self.knotted = self.knots();
        for (newer, older, number) in &self.knotted {
            self.claims.remove(&(*newer, *older, *number));
            self.backward.remove(&(*older, *newer, *number));
        }
        self.superseded.clear();
        let all = self.backward.iter().map(|it| it.0).collect();
        self.settle(all, judge);
    }

    /// What is left of all claims where those go, again and again, of a record with none that lead to it, or none that lead
    /// from it. Each is looked at a few times at most, however long their chains are.
    fn knots(&self) -> BTreeSet<Claim> {
        let mut left = self.claims.clone();
        // How many are left that lead from a record, and to it.
        let mut counts: BTreeMap<MemoryId, [usize; 2]> = BTreeMap::new();
        for (newer, older, _) in &left {
            counts.entry(*newer).or_default()[0] += 1;
            counts.entry(*older).or_default()[1] += 1;
        }
        let mut open: Vec<MemoryId> =
            counts.iter().filter(|it| it.1.contains(&0)).map(|it| *it.0).collect();
        while let Some(id) = open.pop() {
            let above = self.backward.range(all_of(id)).map(|it| (it.1, id, it.2));
            for claim in self.claims.range(all_of(id)).copied().chain(above) {
                if !left.remove(&claim) {
                    continue;
                }
                for (end, side) in [(claim.0, 0), (claim.1, 1)] {
                    let count = &mut counts.entry(end).or_default()[side];
                    *count -= 1;
                    if *count == 0 {
                        open.push(end);
                    }
                }
            }
        }
        left
    }

    /// Whether a record is superseded.
    pub(crate) fn holds(&self, id: MemoryId) -> bool {
        self.superseded.contains(&id)
    }

    /// All claims, also those that don't count.
    pub(crate) fn all(&self) -> impl Iterator<Item = Claim> + '_ {
        self.claims.iter().chain(&self.knotted).copied()
    }

    /// All claims that count.
    pub(crate) fn claims(&self) -> impl Iterator<Item = Claim> + '_ {
        self.claims.iter().copied()
    }

    /// The records that are superseded.
    pub(crate) fn superseded(&self) -> &BTreeSet<MemoryId> {
        &self.superseded
    }

    /// The records that supersede one directly, living or not.
    pub(crate) fn newer(&self, id: MemoryId) -> impl Iterator<Item = MemoryId> + '_ {
        self.backward.range(all_of(id)).map(|it| it.1)
    }

    /// The records that supersede one directly and hide it: each lives, or is hidden itself.
    pub(crate) fn hiding<'a>(
        &'a self,
        id: MemoryId,
        judge: &'a impl Judge,
    ) -> impl Iterator<Item = MemoryId> + 'a {
        // Who is trusted less hides nothing. Along a chain trust only rises, so that its end decides.
        let trust = judge.trust(id);
        self.newer(id).filter(move |it| {
            (judge.lives(*it) || self.superseded.contains(it)) && judge.trust(*it) >= trust
        })
    }

    /// The records that one supersedes directly.
    pub(crate) fn older(&self, id: MemoryId) -> impl Iterator<Item = MemoryId> + '_ {
        self.claims.range(all_of(id)).map(|it| it.1)
    }

    /// The way by which one record supersedes another, both of it; none where it does not. Claims to come may be
    /// given beside.
    pub(crate) fn way(&self, from: MemoryId, to: MemoryId, beside: &Self) -> Option<Vec<MemoryId>> {
        // Most claims are of a newest record, to which no way leads however long that is which begins at the older one.
        if from != to && !self.has_newer(to) && !beside.has_newer(to) {
            return None;
        }
        let mut before: BTreeMap<MemoryId, MemoryId> = BTreeMap::new();
        let mut open = VecDeque::from([from]);
        while let Some(id) = open.pop_front() {
            if id == to {
                let mut way = vec![id];
                while let Some(it) =
                    way.last().filter(|it| **it != from).and_then(|it| before.get(it))
                {
                    way.push(*it);
                }
                way.reverse();
                return Some(way);
            }
            let claims = [&self.claims, &self.knotted, &beside.claims].into_iter();
            for (_, older, _) in claims.flat_map(|it| it.range(all_of(id)).copied()) {
                if older != from && !before.contains_key(&older) {
                    before.insert(older, id);
                    open.push_back(older);
                }
            }
        }
        None
    }

    /// Whether any claim leads to a record, also one that does not count.
    fn has_newer(&self, id: MemoryId) -> bool {
        self.newer(id).next().is_some() || self.knotted.iter().any(|it| it.1 == id)
    }

    /// All that supersede each other around a record, itself among them: newer ones before what they supersede, else
    /// the later written first. Others than those that are told are not there, nor what only they lead to.
    pub(crate) fn story(&self, id: MemoryId, is_told: impl Fn(MemoryId) -> bool) -> Vec<MemoryId> {
        let mut all = BTreeSet::from([id]);
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let older = self.claims.range(all_of(id)).map(|it| it.1);
            let around: Vec<MemoryId> = older.chain(self.newer(id)).collect();
            open.extend(around.into_iter().filter(|it| is_told(*it) && all.insert(*it)));
        }
        let newer = |it: &MemoryId| self.newer(*it).filter(|it| all.contains(it)).count();
        let mut waits: BTreeMap<MemoryId, usize> = all.iter().map(|it| (*it, newer(it))).collect();
        let mut ready: BTreeSet<MemoryId> =
            waits.iter().filter(|it| *it.1 == 0).map(|it| *it.0).collect();
        let mut story = Vec::with_capacity(all.len());
        while let Some(next) = ready.pop_last() {
            story.push(next);
            for (_, older, _) in self.claims.range(all_of(next)) {
                if let Some(left) = waits.get_mut(older) {
                    *left -= 1;
                    if *left == 0 {
                        ready.insert(*older);
                    }
                }
            }
        }
        story
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Says who lives, and trusts all alike.
    impl<F: Fn(MemoryId) -> bool> Judge for F {
        fn lives(&self, id: MemoryId) -> bool {
            self(id)
        }

        fn trust(&self, _: MemoryId) -> Trust {
            Trust::Outside
        }
    }

    fn id(number: u8) -> MemoryId {
        MemoryId(u64::from(number))
    }

    /// Whether a chain of claims leads to a record from one that lives, where claims on cycles don't count.
    fn naive(claims: &[Claim], living: &BTreeSet<MemoryId>, of: MemoryId) -> bool {
        let mut above = BTreeSet::new();
        let mut open = vec![of];
        while let Some(id) = open.pop() {
            let newer = claims.iter().filter(|it| it.1 == id).map(|it| it.0);
            open.extend(newer.filter(|it| above.insert(*it)));
        }
        above.iter().any(|it| living.contains(it))
    }

    #[derive(Clone, Debug)]
    enum Act {
        Claim(u8, u8),
        Turn(u8),
        Remove(u8),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            5 => (0_u8..8, 0_u8..8).prop_map(|it| Act::Claim(it.0, it.1)),
            3 => (0_u8..8).prop_map(Act::Turn),
            1 => (0_u8..8).prop_map(Act::Remove),
        ]
    }

    /// Each supersedes the one before.
    fn chain(count: u64) -> impl Iterator<Item = Claim> {
        (1..count).map(|it| (MemoryId(it), MemoryId(it - 1), 0))
    }

    /// One after the other from both ends, with all claims looked at each time, would take an hour.
    #[test]
    fn a_long_chain_has_no_knots_and_that_is_known_at_once() {
        const COUNT: u64 = 100_000;
        let mut succession = Succession::default();
        chain(COUNT).for_each(|it| succession.insert(it));
        // A circle in front of it, and what lies behind that.
        let last = MemoryId(COUNT - 1);
        succession.insert((last, MemoryId(COUNT), 1));
        succession.insert((MemoryId(COUNT), last, 0));
        succession.untie(&|_: MemoryId| true);
        assert_eq!(succession.knotted.len(), 2);
        assert_eq!(succession.superseded.len() as u64, COUNT - 1);
    }

    /// A search down the chain for each claim would take an hour.
    #[test]
    fn no_way_is_looked_for_where_none_can_lead() {
        const COUNT: u64 = 100_000;
        let (mut known, mut beside) = (Succession::default(), Succession::default());
        for claim in chain(COUNT) {
            assert_eq!(known.way(claim.1, claim.0, &beside), None);
            if claim.0.0 < COUNT / 2 { known.insert(claim) } else { beside.insert(claim) }
        }
        let way = known.way(MemoryId(COUNT - 1), MemoryId(0), &beside);
        assert_eq!(way, Some((0..COUNT).rev().map(MemoryId).collect()), "over both");
    }

    proptest! {
        #[test]
        fn what_changes_step_by_step_is_what_follows_from_all_claims(
            acts in prop::collection::vec(act(), 0..60),
        ) {
            let mut succession = Succession::default();
            let mut claims: Vec<Claim> = Vec::new();
            let mut living: BTreeSet<MemoryId> = (0..8).map(id).collect();
            for (number, act) in acts.into_iter().enumerate() {
                match act {
                    Act::Claim(newer, older) => {
                        let claim = (id(newer), id(older), number as u32);
                        let way = succession.way(claim.1, claim.0, &Succession::default());
                        let closes = newer == older
                            || naive(&claims, &BTreeSet::from([claim.1]), claim.0);
                        prop_assert_eq!(way.is_some(), closes);
                        if let Some(way) = way {
                            let is_claim = |it: &[MemoryId]| {
                                claims.iter().any(|claim| [claim.0, claim.1] == it)
                            };
                            prop_assert!(way.windows(2).all(is_claim), "{:?}", way);
                            continue;
                        }
                        claims.push(claim);
                        succession.add(claim, &|it: MemoryId| living.contains(&it));
                    }
                    Act::Turn(number) => {
                        if !living.remove(&id(number)) {
                            living.insert(id(number));
                        }
                        succession.turned(id(number), &|it: MemoryId| living.contains(&it));
                    }
                    Act::Remove(number) => {
                        claims.retain(|it| it.0 != id(number) && it.1 != id(number));
                        succession.remove(id(number), &|it: MemoryId| living.contains(&it));
                    }
                }
                for id in (0..8).map(id) {
                    prop_assert_eq!(succession.holds(id), naive(&claims, &living, id), "{}", id);
                    let story = succession.story(id, |_| true);
                    let place = |it: MemoryId| story.iter().position(|other| *other == it);
                    for claim in claims.iter().filter(|it| place(it.0).is_some()) {
                        prop_assert!(place(claim.0) < place(claim.1), "{:?}", story);
                    }
                }
            }
        }

        /// As rows of a program that knew of no claims may be.
        #[test]
        fn claims_on_cycles_do_not_count_whatever_their_order(
            pairs in prop::collection::vec((0_u8..5, 0_u8..5), 0..12),
            gone in 0_u8..5,
        ) {
            let claims: Vec<Claim> = pairs.iter().zip(0..)
                .filter(|(it, _)| it.0 != it.1)
                .map(|(it, number)| (id(it.0), id(it.1), number))
                .collect();
            let read = |claims: &mut dyn Iterator<Item = Claim>| {
                let mut succession = Succession::default();
                claims.for_each(|it| succession.add(it, &|_: MemoryId| true));
                succession.untie(&|_: MemoryId| true);
                succession
            };
            let one = read(&mut claims.iter().copied());
            let mut other = read(&mut claims.iter().rev().copied());
            prop_assert_eq!(&one.superseded, &other.superseded);
            prop_assert_eq!(&one.knotted, &other.knotted);
            // Nobody on a cycle is superseded by those on it: something is always left.
            prop_assert!(claims.is_empty() || one.superseded.len() < 5);
            other.remove(id(gone), &|it: MemoryId| it != id(gone));
            let left = claims.iter().filter(|it| it.0 != id(gone) && it.1 != id(gone));
            let left = read(&mut left.copied());
            prop_assert_eq!(&other.superseded, &left.superseded);
            prop_assert_eq!(&other.knotted, &left.knotted);
        }
    }
}
