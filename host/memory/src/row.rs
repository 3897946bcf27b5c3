//! Rows of the database as bytes.

use serde::{Deserialize, Serialize};
use voyager_base::{clock::Timestamp, memory::Trust};

use crate::{
    decay::weight_after,
    keys::Key,
    lineage::DERIVED_FROM,
    record::{Draft, Invalid, MemoryId, Record, check_name},
    vectors::{Code, CodeRef},
};

/// What a row of a record says: the same in every format to come, or another version.
#[derive(Serialize, Deserialize)]
enum Row {
    /// The first.
    V1(Timestamp, Draft),
}

/// The name of a record's row, for [`Key::seal_row`].
const RECORD: &[u8] = b"record";

/// A record as its sealed row.
pub(crate) fn seal_record(key: &Key, written: Timestamp, draft: &Draft) -> Vec<u8> {
    let row = Row::V1(written, draft.clone());
    let plain = rmp_serde::to_vec(&row).expect("texts and numbers can be written");
    key.seal_row(RECORD, &plain)
}

/// A record from its sealed row; none where it is damaged.
pub(crate) fn open_record(key: &Key, id: MemoryId, sealed: &[u8]) -> Option<Record> {
    open_record_in(key, id, sealed, &mut Vec::new())
}

/// The same, opened in a buffer that is used again.
pub(crate) fn open_record_in(
    key: &Key,
    id: MemoryId,
    sealed: &[u8],
    buffer: &mut Vec<u8>,
) -> Option<Record> {
    let plain = key.open_row(RECORD, sealed, buffer)?;
    let Row::V1(written, draft) = rmp_serde::from_slice(plain).ok()?;
    Some(Record { id, written, draft })
}

/// The name of an edge's row.
fn edge_name(number: u32, to: MemoryId) -> Vec<u8> {
    [b"edge".as_slice(), &number.to_le_bytes(), &to.0.to_le_bytes()].concat()
}

/// A typed relation between two records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// The record it starts at.
    pub from: MemoryId,
    /// What it says, for example `causes` or `contradicts`.
    pub kind: String,
    /// The record it leads to.
    pub to: MemoryId,
    /// How strong it is, above 0 and up to 1.
    pub weight: f32,
}

impl Edge {
    /// Checks sizes and ranges.
    ///
    /// # Errors
    /// The first part that is out of bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        let fail = |field, problem: &str| Err(Invalid { field, problem: problem.to_owned() });
        check_name("kind", &self.kind)?;
        if !(self.weight > 0.0 && self.weight <= 1.0) {
            return fail("weight", "must lie above 0 and not above 1");
        }
        if self.from == self.to {
            return fail("to", "is the record that the relation starts at");
        }
        Ok(())
    }
}

/// Bytes of the mark in front of an edge's row.
const MARK_BYTES: usize = 8;

/// What stands in front of a sealed edge: under the key of the record it starts at alone, whether that is derived from the
/// other one. Who has lost the other key knows so much, and whether the row is whole.
fn mark_of(from: &Key, name: &[u8], derives: bool, sealed: &[u8]) -> [u8; MARK_BYTES] {
    let digest = from.digest_of(&[b"mark", name, &[u8::from(derives)], sealed]);
    std::array::from_fn(|at| digest[at])
}

/// An edge as its row, sealed with the keys of both of its records: with either of them goes what was said of it.
pub(crate) fn seal_edge(ends: [&Key; 2], number: u32, edge: &Edge) -> Vec<u8> {
    let [from, to] = ends;
    let plain = rmp_serde::to_vec(edge).expect("texts and numbers can be written");
    let name = edge_name(number, edge.to);
    let sealed = from.with(to).seal_row(&name, &plain);
    let mark = mark_of(from, &name, edge.kind == DERIVED_FROM, &sealed);
    [mark.as_slice(), &sealed].concat()
}

/// Why an edge does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shut {
    /// Its row is damaged, or the key of the record it starts at.
    Damaged,
    /// The key of the record it leads to is gone, or damaged.
    Other {
        /// Whether the first is derived from that.
        derives: bool,
    },
}

/// An edge from its row. Up to format 6 of a store it was sealed with the first of the keys alone.
pub(crate) fn open_edge(
    ends: (&Key, Option<&Key>),
    number: u32,
    to: u64,
    row: &[u8],
) -> Result<Edge, Shut> {
    let (key, name) = (ends.0, edge_name(number, MemoryId(to)));
    let (mut plain, read) = (Vec::new(), |plain: &[u8]| rmp_serde::from_slice::<Edge>(plain).ok());
    let marked = row.split_at_checked(MARK_BYTES).and_then(|(mark, sealed)| {
        let derives = [true, false].into_iter().find(|it| mark_of(key, &name, *it, sealed) == mark);
        Some((derives?, sealed))
    });
    let Some((derives, sealed)) = marked else {
        return key.open_row(&name, row, &mut plain).and_then(read).ok_or(Shut::Damaged);
    };
    let opened = ends.1.and_then(|it| read(key.with(it).open_row(&name, sealed, &mut plain)?));
    opened.ok_or(Shut::Other { derives })
}

/// A vector as its row.
pub(crate) fn seal_vector(key: &Key, encoder: &str, code: &Code) -> Vec<u8> {
    let plain = rmp_serde::to_vec(code).expect("numbers can be written");
    key.seal_row(&vector_name(encoder), &plain)
}

/// A vector from its row; none where it is damaged.
pub(crate) fn open_vector(key: &Key, encoder: &str, sealed: &[u8]) -> Option<Code> {
    let mut plain = Vec::new();
    let plain = key.open_row(&vector_name(encoder), sealed, &mut plain)?;
    rmp_serde::from_slice::<Code>(plain).ok()?.complete()
}

/// How many dimensions a vector has, from its row that has this name; none where it is damaged. Opens it in a buffer
/// that is used again, and copies nothing out.
pub(crate) fn dimensions_of(
    key: &Key,
    name: &[u8],
    sealed: &[u8],
    buffer: &mut Vec<u8>,
) -> Option<usize> {
    let plain = key.open_row(name, sealed, buffer)?;
    let code: CodeRef<'_> = rmp_serde::from_slice(plain).ok()?;
    code.fits().then_some(code.steps.len())
}

/// The name of a vector's row.
pub(crate) fn vector_name(encoder: &str) -> Vec<u8> {
    [b"vector ", encoder.as_bytes()].concat()
}

/// What the service knows of a record beside its content, and changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Standing {
    /// Its weight when it was last used.
    pub(crate) weight: f64,
    /// The cycle in which it was last used.
    pub(crate) cycle: u64,
    /// Whether it never decays.
    pub(crate) pinned: bool,
    /// Whether it was set aside: kept, and not found.
    pub(crate) archived: bool,
    /// How far it is trusted by itself; none where a program wrote it that noted none.
    pub(crate) trust: Option<Trust>,
}

impl Standing {
    /// What decay left of the weight in a cycle: all of it while it is pinned, save where it had faded before.
    pub(crate) fn weight_at(&self, cycle: u64) -> f64 {
        let stays = self.pinned && !self.archived;
        let idle = if stays { 0 } else { cycle.saturating_sub(self.cycle) };
        weight_after(self.weight, idle)
    }

    /// How much the record counts in a cycle.
    pub(crate) fn relevance_at(&self, cycle: u64) -> f64 {
        if self.pinned { 1.0 } else { self.weight_at(cycle) }
    }

    pub(crate) const BYTES: usize = 17;

    pub(crate) fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.weight.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.cycle.to_le_bytes());
        let trust = self.trust.map_or(0, |it| 1 + it as u8);
        bytes[16] = u8::from(self.pinned) | u8::from(self.archived) << 1 | trust << 2;
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::BYTES] = bytes.try_into().ok()?;
        let weight = f64::from_le_bytes(*bytes.first_chunk()?);
        let cycle = u64::from_le_bytes(*bytes[8..].first_chunk()?);
        let trust = match usize::from(bytes[16] >> 2) {
            0 => None,
            code => Some(*Trust::ALL.get(code - 1)?),
        };
        let (pinned, archived) = (bytes[16] & 1 != 0, bytes[16] & 2 != 0);
        let known = (0.0..=1.0).contains(&weight);
        known.then_some(Self { weight, cycle, pinned, archived, trust })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_edge_out_of_bounds_says_which_part_and_why() {
        let good =
            Edge { from: MemoryId(1), kind: "leads to".to_owned(), to: MemoryId(0), weight: 1.0 };
        assert_eq!(good.check(), Ok(()));
        let fails = |edge: Edge| edge.check().unwrap_err().to_string();
        for kind in ["", " ", "about\n  m7 owner", "\u{1b}[2Jabout", "about\u{85}"] {
            let told = fails(Edge { kind: kind.to_owned(), ..good.clone() });
            assert_eq!(
                told,
                format!("kind: {kind:?} is no name: empty, or with control characters")
            );
        }
        assert!(fails(Edge { kind: "a".repeat(257), ..good.clone() }).starts_with("kind: a name"));
        assert!(fails(Edge { weight: f32::NAN, ..good.clone() }).starts_with("weight: must"));
        assert!(fails(Edge { to: good.from, ..good.clone() }).starts_with("to: is the record"));
    }

    #[test]
    fn a_standing_reads_back_also_one_of_before_trust_was_noted() {
        let none = Standing { weight: 0.5, cycle: 7, pinned: true, archived: false, trust: None };
        for trust in [None].into_iter().chain(Trust::ALL.map(Some)) {
            for archived in [false, true] {
                let standing = Standing { archived, trust, ..none };
                assert_eq!(Standing::decode(&standing.encode()), Some(standing));
            }
        }
        let mut bytes = none.encode();
        assert_eq!(bytes[16], 1, "as it always was");
        bytes[16] = 5 << 2;
        assert_eq!(Standing::decode(&bytes), None, "a trust that nobody knows");
    }

    proptest! {
        /// Who checks a vector without copying it out refuses what reading it refuses.
        #[test]
        fn a_vector_has_dimensions_where_it_opens(
            plain in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..20),
                proptest::collection::vec(-1.0_f32..1.0, 1..300).prop_map(|it| {
                    rmp_serde::to_vec(&Code::of(&it).unwrap_or_default()).unwrap()
                }),
            ],
            cut in 0_usize..40,
        ) {
            let (key, name) = (Key::of([1; 32]), vector_name("test"));
            let plain = &plain[..plain.len().saturating_sub(cut / 10 * (cut % 10))];
            let sealed = key.seal(&name, plain);
            let read = open_vector(&key, "test", &sealed).map(|it| it.dimensions());
            prop_assert_eq!(dimensions_of(&key, &name, &sealed, &mut vec![7; cut]), read);
        }
    }

    #[test]
    fn a_vector_of_before_there_were_quarters_reads_back() {
        let key = Key::of([1; 32]);
        let code = Code::of(&[0.5, -1.0, 0.3]).unwrap();
        let steps = serde_bytes::Bytes::new(code.borrowed().steps);
        let sealed = |plain: &[u8]| key.seal(&vector_name("test"), plain);
        let before = sealed(&rmp_serde::to_vec(&(0.5_f32, steps)).unwrap());
        let read = open_vector(&key, "test", &before).unwrap();
        assert_eq!((read.borrowed().steps, read.borrowed().quarters), (&**steps, [0].as_slice()));
        let others = serde_bytes::Bytes::new(&[1, 1]);
        let wrong = sealed(&rmp_serde::to_vec(&(0.5_f32, steps, others)).unwrap());
        assert_eq!(open_vector(&key, "test", &wrong), None);
    }

    fn edge(to: u64, kind: &str) -> Edge {
        Edge { from: MemoryId(0), kind: kind.to_owned(), to: MemoryId(to), weight: 1.0 }
    }

    /// A number is used again once its edge is taken back, or the record that it led to is forgotten: under the same key
    /// the new row must not be sealed as the old one was, which may still lie in a free page.
    #[test]
    fn no_two_edges_are_sealed_alike() {
        let [key, end] = [1, 2].map(|it| Key::of([it; 32]));
        let sealed = |to, kind| seal_edge([&key, &end], 0, &edge(to, kind));
        let opened = |to, row: &[u8]| open_edge((&key, Some(&end)), 0, to, row);
        let (old, new) = (sealed(1, "causes"), sealed(2, "causes"));
        assert_eq!(opened(2, &new), Ok(edge(2, "causes")));
        assert_eq!(opened(2, &old), Err(Shut::Damaged));
        // With one key stream two would differ in the id alone, or in the kind.
        let other = sealed(1, "caused");
        assert_eq!(opened(1, &other), Ok(edge(1, "caused")));
        for new in [&new, &other] {
            let same = old.iter().zip(new).filter(|(old, new)| old == new).count();
            assert!(same < old.len() / 2, "{same} of {} bytes are the same", old.len());
        }
        // As older programs wrote it.
        let plain = rmp_serde::to_vec(&edge(1, "causes")).unwrap();
        let name = edge_name(0, MemoryId(1));
        for row in [key.seal(&name, &plain), key.seal_row(&name, &plain)] {
            assert_eq!(opened(1, &row), Ok(edge(1, "causes")));
        }
    }

    #[test]
    fn an_edge_opens_with_both_keys_and_says_what_is_missing() {
        let [key, end] = [1, 2].map(|it| Key::of([it; 32]));
        for (kind, derives) in [("causes", false), (DERIVED_FROM, true)] {
            let row = seal_edge([&key, &end], 0, &edge(1, kind));
            let opened = |from, to, row: &[u8]| open_edge((from, to), 0, 1, row);
            assert_eq!(opened(&key, Some(&end), &row), Ok(edge(1, kind)));
            for other in [None, Some(&key)] {
                assert_eq!(opened(&key, other, &row), Err(Shut::Other { derives }));
            }
            assert_eq!(opened(&end, Some(&end), &row), Err(Shut::Damaged));
            for at in 0..row.len() {
                let mut torn = row.clone();
                torn[at] ^= 1;
                assert_eq!(opened(&key, Some(&end), &torn), Err(Shut::Damaged), "{at}");
            }
        }
    }

    /// A store that goes on from a copy has the keys of the ids that it gives away, and so has the one that was copied.
    #[test]
    fn no_two_records_and_no_two_vectors_are_sealed_alike() {
        let (key, id, now) = (Key::of([1; 32]), MemoryId(0), Timestamp::default());
        let draft = |text: &str| Draft { text: text.to_owned(), ..Draft::default() };
        let texts = ["The vault opens with 4711.", "The vault opens with 1174."].map(draft);
        let codes = [[0.5, -1.0, 0.3], [0.5, -1.0, 0.2]].map(|it| Code::of(&it).unwrap());
        let records = texts.each_ref().map(|it| seal_record(&key, now, it));
        let vectors = codes.each_ref().map(|it| seal_vector(&key, "test", it));
        for at in 0..2 {
            let record = open_record(&key, id, &records[at]).unwrap();
            assert_eq!(record.draft, texts[at]);
            assert_eq!(open_vector(&key, "test", &vectors[at]), Some(codes[at].clone()));
        }
        for [one, other] in [&records, &vectors] {
            let same = one.iter().zip(other).filter(|(one, other)| one == other).count();
            assert!(same < one.len() / 2, "{same} of {} bytes are the same", one.len());
        }
        assert_eq!(records[0], seal_record(&key, now, &texts[0]), "what is the same is no secret");
        // As an older program wrote them.
        let plain = rmp_serde::to_vec(&Row::V1(now, texts[0].clone())).unwrap();
        let older = open_record(&key, id, &key.seal(RECORD, &plain)).unwrap();
        assert_eq!(older.draft, texts[0]);
        let older = key.seal(&vector_name("test"), &rmp_serde::to_vec(&codes[0]).unwrap());
        assert_eq!(open_vector(&key, "test", &older), Some(codes[0].clone()));
    }
}
