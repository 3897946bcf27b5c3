//! Which store a store was restored from, and that one in turn: ids that two of them gave away are of the same records
//! up to where they parted, and of different ones from there on.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;

/// So many are told, the first and the last ones; they have their place in the header of the keys' file.
const TOLD_MAX: usize = 9;

/// The stores that a store comes from, the first one first, and itself last: which incarnation each is, and the first id
/// that it gave away itself. None gave away an id below that of the one before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Descent(Vec<(ByteArray<16>, u64)>);

impl Descent {
    /// That of a store of which no more is known; `since` is 0 where it is the first one.
    pub(crate) fn of(incarnation: [u8; 16], since: u64) -> Self {
        Self(vec![(ByteArray::new(incarnation), since)])
    }

    /// That of a store which is restored from a snapshot that knows ids below `next`.
    pub(crate) fn child(&self, incarnation: [u8; 16], next: u64) -> Self {
        let mut all = self.0.clone();
        all.push((ByteArray::new(incarnation), next));
        if all.len() > TOLD_MAX {
            // As if the one after it had begun there: less is taken for shared then, never more.
            let (_, since) = all.remove(1);
            all[1].1 = since;
        }
        Self(all)
    }

    /// Whether nothing is told.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Which incarnation it is.
    pub(crate) fn incarnation(&self) -> [u8; 16] {
        self.0.last().map_or([0; 16], |it| *it.0)
    }

    /// The first id that is not that of the first store; 0 where all are.
    pub(crate) fn since(&self) -> u64 {
        self.0.iter().map(|it| it.1).find(|it| *it > 0).unwrap_or(0)
    }

    /// Ids below it are of the same records in both; none where what is known of the two does not tell.
    pub(crate) fn shared_below(&self, other: &Self) -> Option<u64> {
        let place = |it: &(ByteArray<16>, u64)| other.0.iter().position(|other| other.0 == it.0);
        let (here, there) =
            self.0.iter().enumerate().rev().find_map(|(at, it)| Some((at, place(it)?)))?;
        let parted = [self.0.get(here + 1), other.0.get(there + 1)].into_iter().flatten();
        Some(parted.map(|it| it.1).min().unwrap_or(u64::MAX))
    }

    /// The same, and where it is not told what both surely have in common: the ids of the first store, as far as each
    /// knows.
    pub(crate) fn surely_shared_below(&self, other: &Self) -> u64 {
        self.shared_below(other).unwrap_or_else(|| {
            let since = [self.since(), other.since()].into_iter().filter(|it| *it > 0);
            since.min().unwrap_or(0)
        })
    }

    /// As bytes: how many, and each.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.0.len() as u8];
        for (incarnation, since) in &self.0 {
            bytes.extend(**incarnation);
            bytes.extend(since.to_le_bytes());
        }
        bytes
    }

    /// What [`Descent::encode`] wrote; nothing of anything else.
    pub(crate) fn decode(bytes: &[u8]) -> Self {
        let Some((count, rest)) = bytes.split_first() else { return Self::default() };
        let each = rest.as_chunks::<24>().0.iter().take(usize::from(*count));
        let each = each.map(|it| {
            let (mut incarnation, mut since) = ([0; 16], [0; 8]);
            incarnation.copy_from_slice(&it[..16]);
            since.copy_from_slice(&it[16..]);
            (ByteArray::new(incarnation), u64::from_le_bytes(since))
        });
        Self(each.collect())
    }
}

/// Bytes that a descent takes at most.
pub(crate) const DESCENT_BYTES: usize = 1 + TOLD_MAX * 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> Descent {
        Descent::of([0; 16], 0)
    }

    #[test]
    fn two_share_what_was_given_away_before_they_parted() {
        let child = first().child([1; 16], 50);
        let (grand, other) = (child.child([2; 16], 100), first().child([3; 16], 70));
        let cases = [
            (&child, &child, u64::MAX),
            (&first(), &child, 50),
            (&first(), &grand, 50),
            (&child, &grand, 100),
            (&grand, &other, 50),
            (&first(), &other, 70),
        ];
        for (one, two, expected) in cases {
            assert_eq!(one.shared_below(two), Some(expected), "{one:?} {two:?}");
            assert_eq!(two.shared_below(one), Some(expected), "{two:?} {one:?}");
        }
        assert_eq!(grand.since(), 50);
    }

    /// An earlier program said only which incarnation it is, and since when.
    #[test]
    fn where_it_is_not_told_only_the_first_ids_are_surely_shared() {
        let old = Descent::of([4; 16], 80);
        let child = first().child([1; 16], 50);
        assert_eq!(old.shared_below(&child), None);
        assert_eq!(old.surely_shared_below(&child), 50);
        assert_eq!(old.surely_shared_below(&first()), 80);
        assert_eq!(old.child([5; 16], 90).shared_below(&old), Some(90));
    }

    #[test]
    fn a_long_descent_keeps_its_ends_and_takes_no_more_for_shared() {
        let (mut all, mut long) = (vec![first()], first());
        for number in 1..30_u8 {
            long = long.child([number; 16], u64::from(number) * 10);
            all.push(long.clone());
        }
        assert!(long.encode().len() <= DESCENT_BYTES);
        assert_eq!(Descent::decode(&long.encode()), long);
        for (number, it) in all.iter().enumerate().take(29) {
            let shared = long.shared_below(it).unwrap();
            assert!(shared <= (number as u64 + 1) * 10, "{number}: {shared}");
            assert!(number < 22 || shared == (number as u64 + 1) * 10, "{number}: {shared}");
        }
    }
}
