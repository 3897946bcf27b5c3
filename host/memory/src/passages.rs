//! Passages: what was found, put together as it was said.
//!
//! An answer has the best record first, so that the turns of one conversation lie apart in it. Here those that stand next to each
//! other in their thread become one passage, in the order of the thread, with turns beside them as far as the budget allows.
//! Which records are hits was decided before, and stays so.

use std::collections::{BTreeMap, BTreeSet};

use voyager_base::memory::PART_BYTES_MAX;

use crate::{
    recall::Hit,
    record::{MemoryId, Record},
    shard::tokens_of,
};

/// Turns that follow each other in their thread, or one record alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// How well the best of its hits answers.
    pub score: f64,
    /// Its turns, in the order of their thread.
    pub turns: Vec<Turn>,
}

impl Passage {
    /// How many tokens its texts take together, about.
    pub fn tokens(&self) -> u64 {
        self.turns.iter().map(|it| u64::from(it.tokens)).sum()
    }
}

/// A record in a passage.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// How well it answers; none where it is no hit, and stands beside one.
    pub score: Option<f64>,
    /// How many tokens its text takes, about.
    pub tokens: u32,
    /// The record.
    pub record: Record,
}

/// Where a record stands: in which thread, and as which turn of it.
pub(crate) type Seat<T> = (T, u32);

/// Puts hits together, the passage of the best first. `seat` says where a record stands, none where that is in no thread.
///
/// What the hits leave of the budget is given to turns beside them, each where it fits: first to those between two hits, which
/// makes one passage of two, then to those right before and after a hit, always the best hit first. `turn` is asked for them,
/// with how many tokens are left; none where there is none to be told. With or without a budget they end before they would take
/// more than [`PART_BYTES_MAX`].
pub(crate) fn passages<T: Copy + Ord, E>(
    hits: &[Hit],
    budget_tokens: Option<u32>,
    seat: impl Fn(MemoryId) -> Option<Seat<T>>,
    turn: impl Fn(Seat<T>, u64) -> Result<Option<Record>, E>,
) -> Result<Vec<Passage>, E> {
    let seats: Vec<Option<Seat<T>>> = hits.iter().map(|it| seat(it.record.id)).collect();
    let mut turns: BTreeMap<Seat<T>, (usize, Turn)> = BTreeMap::new();
    // By the rank of the best hit.
    let mut ranked: Vec<(usize, Vec<Turn>)> = Vec::new();
    for (rank, (hit, seat)) in hits.iter().zip(&seats).enumerate() {
        let Hit { score, tokens, record, .. } = hit.clone();
        let turn = Turn { score: Some(score), tokens, record };
        match seat {
            Some(seat) => _ = turns.insert(*seat, (rank, turn)),
            None => ranked.push((rank, vec![turn])),
        }
    }
    let spent: u64 = hits.iter().map(|it| u64::from(it.tokens)).sum();
    let mut left = budget_tokens.map_or(u64::MAX, u64::from).saturating_sub(spent);
    let mut bytes_left = PART_BYTES_MAX;
    for seat in beside(&seats) {
        let Some(record) = turn(seat, left)? else { continue };
        let Some(rest) = bytes_left.checked_sub(record.draft.bytes()) else { break };
        bytes_left = rest;
        let tokens = tokens_of(&record.draft.text);
        left = left.saturating_sub(u64::from(tokens));
        turns.insert(seat, (usize::MAX, Turn { score: None, tokens, record }));
    }
    let mut last: Option<Seat<T>> = None;
    for (seat, (rank, turn)) in turns {
        let follows = last.is_some_and(|(thread, position)| seat == (thread, position + 1));
        match ranked.last_mut().filter(|_| follows) {
            Some((best, turns)) => {
                *best = rank.min(*best);
                turns.push(turn);
            }
            None => ranked.push((rank, vec![turn])),
        }
        last = Some(seat);
    }
    ranked.sort_by_key(|it| it.0);
    let passage = |(best, turns): (usize, Vec<Turn>)| Passage { score: hits[best].score, turns };
    Ok(ranked.into_iter().map(passage).collect())
}

/// The seats next to hits, each once, in the order in which they are filled.
fn beside<T: Copy + Ord>(hits: &[Option<Seat<T>>]) -> Vec<Seat<T>> {
    let hits = || hits.iter().flatten();
    let next_to = |(thread, position): Seat<T>| {
        let positions = [position.checked_sub(1), position.checked_add(1)];
        positions.into_iter().flatten().map(move |it| (thread, it))
    };
    let taken: BTreeSet<Seat<T>> = hits().copied().collect();
    let is_between = |it: &Seat<T>| next_to(*it).filter(|it| taken.contains(it)).count() == 2;
    let all = hits().flat_map(|it| next_to(*it));
    let (mut seats, others): (Vec<_>, Vec<_>) = all.partition(is_between);
    seats.extend(others);
    let mut known = taken.clone();
    seats.retain(|it| known.insert(*it));
    seats
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;
    use voyager_base::clock::Timestamp;

    use super::*;
    use crate::{recall::Signals, record::Draft};

    /// Turns have ids of their seats; from here on they are in no thread.
    const LOOSE: u64 = 1_000;

    fn seat(id: MemoryId) -> Option<Seat<u64>> {
        (id.0 < LOOSE).then_some((id.0 / 100, (id.0 % 100) as u32))
    }

    fn id((thread, position): Seat<u64>) -> u64 {
        thread * 100 + u64::from(position)
    }

    fn record(id: u64, tokens: usize) -> Record {
        let draft = Draft { text: "a ".repeat(tokens), ..Draft::default() };
        Record { id: MemoryId(id), written: Timestamp::default(), draft }
    }

    /// The best first.
    fn hits(all: &[(u64, usize)]) -> Vec<Hit> {
        let hit = |((id, tokens), rank): (&(u64, usize), u32)| Hit {
            score: 100.0 - f64::from(rank),
            tokens: *tokens as u32,
            signals: Signals::default(),
            record: record(*id, *tokens),
            same: Vec::new(),
            same_more: 0,
        };
        all.iter().zip(0..).map(hit).collect()
    }

    /// Ids of passages of hits that take a token each, as turns beside them do, of threads of ten.
    fn told(all: &[u64], budget: Option<u32>) -> Vec<Vec<u64>> {
        let hits = hits(&all.iter().map(|it| (*it, 1)).collect::<Vec<_>>());
        let turn = |at: Seat<u64>, left: u64| {
            Ok::<_, Infallible>((at.1 < 10 && left > 0).then(|| record(id(at), 1)))
        };
        let passages = passages(&hits, budget, seat, turn).unwrap();
        let ids = |it: Passage| it.turns.iter().map(|it| it.record.id.0).collect();
        passages.into_iter().map(ids).collect()
    }

    #[test]
    fn turns_next_to_each_other_are_told_in_their_order() {
        assert_eq!(told(&[5, 107, 4, LOOSE, 6], Some(5)), [vec![4, 5, 6], vec![107], vec![LOOSE]]);
        assert_eq!(told(&[LOOSE + 1, LOOSE], None), [[LOOSE + 1], [LOOSE]]);
        assert_eq!(told(&[9, 100], Some(2)), [[9], [100]], "two threads");
        assert_eq!(told(&[], None), [[0; 0]; 0]);
    }

    #[test]
    fn what_is_left_goes_to_the_turn_between_and_then_to_those_beside_the_best() {
        let hits = [102, 5, 7];
        assert_eq!(told(&hits, Some(3)), [[102], [5], [7]], "nothing is left");
        assert_eq!(told(&hits, Some(4)), [vec![102], vec![5, 6, 7]]);
        assert_eq!(told(&hits, Some(5)), [vec![101, 102], vec![5, 6, 7]]);
        assert_eq!(told(&hits, Some(6)), [vec![101, 102, 103], vec![5, 6, 7]]);
        let all = [vec![101, 102, 103], vec![4, 5, 6, 7, 8]];
        assert_eq!((told(&hits, Some(8)), told(&hits, None)), (all.to_vec(), all.to_vec()));
        // What both sides bring along makes one passage of two.
        assert_eq!(told(&[0, 3], None), [[0, 1, 2, 3, 4]]);
    }

    #[test]
    fn what_stands_beside_hits_is_bounded_without_a_budget_too() {
        let half = |at: Seat<u64>, _| {
            Ok::<_, Infallible>(Some(record(id(at), PART_BYTES_MAX / 2 / "a ".len())))
        };
        let passages = passages(&hits(&[(5, 1), (7, 1)]), None, seat, half).unwrap();
        let turns = passages.iter().flat_map(|it| &it.turns);
        assert_eq!(turns.map(|it| it.record.id.0).collect::<Vec<_>>(), [4, 5, 6, 7]);
    }

    proptest! {
        #[test]
        fn passages_hold_each_hit_once_in_order_and_within_the_budget(
            found in prop::collection::btree_map(
                (0_u64..4, 0_u64..12),
                (any::<u16>(), 0_usize..5),
                0..30,
            ),
            beside in prop::collection::vec(prop::option::of(0_usize..5), 400),
            more in prop::option::of(0_u32..40),
        ) {
            // The last of the four are in no thread.
            let of = |thread: u64, position: u64| match thread {
                3 => LOOSE + position,
                _ => thread * 100 + position,
            };
            let mut ranked: Vec<_> = found.iter().collect();
            ranked.sort_by_key(|it| it.1.0);
            let all: Vec<(u64, usize)> =
                ranked.iter().map(|it| (of(it.0.0, it.0.1), it.1.1)).collect();
            let hits = hits(&all);
            let spent: u32 = hits.iter().map(|it| it.tokens).sum();
            let budget = more.map(|it| spent + it);
            let turn = |at: Seat<u64>, left: u64| {
                let tokens = beside[id(at) as usize].filter(|it| *it as u64 <= left);
                Ok::<_, Infallible>(tokens.map(|it| record(id(at), it)))
            };
            let passages = passages(&hits, budget, seat, turn).unwrap();

            let turns = || passages.iter().flat_map(|it| &it.turns);
            let ids: BTreeSet<MemoryId> = turns().map(|it| it.record.id).collect();
            prop_assert_eq!(ids.len(), turns().count(), "nothing is told twice");
            let tokens: u64 = passages.iter().map(Passage::tokens).sum();
            prop_assert!(budget.is_none_or(|it| tokens <= u64::from(it)));
            let mut told: Vec<Hit> = Vec::new();
            for turn in turns().filter(|it| it.score.is_some()) {
                told.extend(hits.iter().find(|it| it.record == turn.record).cloned());
            }
            told.sort_by(|a, b| b.score.total_cmp(&a.score));
            prop_assert_eq!(&told, &hits, "each hit is there");
            prop_assert!(passages.is_sorted_by(|a, b| a.score > b.score));
            let taken: BTreeSet<Seat<u64>> = ids.iter().filter_map(|it| seat(*it)).collect();
            for passage in &passages {
                let best = passage.turns.iter().filter_map(|it| it.score).reduce(f64::max);
                prop_assert_eq!(best, Some(passage.score));
                let seats: Vec<_> = passage.turns.iter().map(|it| seat(it.record.id)).collect();
                let next = |(thread, position): Seat<u64>| (thread, position + 1);
                prop_assert!(seats.windows(2).all(|it| it[0].map(next) == it[1]), "{:?}", seats);
                if let Some(last) = seats[seats.len() - 1] {
                    prop_assert!(!taken.contains(&next(last)), "what follows is in it");
                }
            }
        }
    }
}
