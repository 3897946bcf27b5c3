//! Packs are read as they were written, or say that they are not.

use std::{
    borrow::Cow,
    panic::{AssertUnwindSafe, catch_unwind},
};

use expect_test::expect;
use proptest::prelude::*;
use voyager_base::{
    disk::Disk,
    sim::{CrashModel, SimDisk},
};

use super::{
    format::{BODY_BYTES_MAX, INDEX_BYTES_MAX, MANIFEST_BYTES_MAX, NAME_BYTES_MAX, Sizes},
    *,
};

const FILE: &str = "pack";
const KEY: [u8; 32] = [7; 32];
const MANIFEST: &str = "a manifest of the writer";

/// Bytes without a pattern, the same for the same length.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&length.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

fn write_to(disk: &dyn Disk, sections: &[(&str, Vec<u8>)]) -> io::Result<Root> {
    let mut writer = Writer::new(disk.open(FILE)?, &KEY)?;
    sections.iter().try_for_each(|(name, bytes)| writer.section(name, bytes))?;
    writer.finish(&MANIFEST)
}

fn written(sections: &[(&str, Vec<u8>)]) -> (SimDisk, Root) {
    let disk = SimDisk::new(1);
    let root = write_to(&disk, sections).unwrap();
    (disk, root)
}

fn open(disk: &SimDisk) -> Result<Pack, PackError> {
    Pack::open(disk.open(FILE).unwrap(), &KEY, None)
}

fn refused(disk: &SimDisk) -> String {
    open(disk).unwrap_err().to_string()
}

/// A disk whose only file holds `bytes`.
fn holding(bytes: &[u8]) -> SimDisk {
    let disk = SimDisk::new(1);
    disk.open(FILE).unwrap().write_at(0, bytes).unwrap();
    disk
}

/// Opens and reads everything; what was wrong with it, or what the sections hold.
fn opened_and_read(disk: &SimDisk, names: &[&str]) -> Result<Vec<Vec<u8>>, String> {
    let pack = open(disk).map_err(|it| it.to_string())?;
    let verified = pack.clone().verify();
    let sections = names.iter().map(|it| pack.section(it).unwrap().slice_all()).collect();
    let manifest: String = pack.manifest().map_err(|it| it.to_string())?;
    assert_eq!(manifest, MANIFEST);
    verified.map_err(|it| it.to_string())?;
    assert_eq!(pack.damage(), None);
    Ok(sections)
}

impl Section {
    fn slice_all(&self) -> Vec<u8> {
        self.slice(0..self.len()).into_owned()
    }
}

fn length() -> impl Strategy<Value = usize> {
    const C: usize = CHUNK_BYTES;
    prop_oneof![
        prop::sample::select(vec![0, 1, 63, 64, 65, C - 64, C - 1, C, C + 1, 2 * C, 3 * C + 17]),
        0_usize..300,
        0_usize..4 * C,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_was_written_is_read_whole_and_in_any_part(
        lengths in prop::collection::vec((length(), any::<bool>()), 0..5),
        places in prop::collection::vec((any::<u32>(), any::<u32>(), 0..4_u8), 1..30),
    ) {
        let disk = SimDisk::new(1);
        let mut writer = Writer::new(disk.open(FILE).unwrap(), &KEY).unwrap();
        let all: Vec<Vec<u8>> = lengths.iter().map(|(length, _)| noise(*length)).collect();
        for (number, (bytes, (_, streamed))) in all.iter().zip(&lengths).enumerate() {
            if *streamed {
                writer.begin(&number.to_string()).unwrap();
                let (first, second) = bytes.split_at(bytes.len() / 3);
                writer.append(first).unwrap();
                writer.append(second).unwrap();
                writer.end().unwrap();
            } else {
                writer.section(&number.to_string(), bytes).unwrap();
            }
        }
        let root = writer.finish(&lengths).unwrap();
        let pack = Pack::open(disk.open(FILE).unwrap(), &KEY, Some(&root)).unwrap();
        prop_assert_eq!(&pack.manifest::<Vec<(usize, bool)>>().unwrap(), &lengths);
        prop_assert!(pack.section("none").is_none());
        for (number, bytes) in all.iter().enumerate() {
            let section = pack.section(&number.to_string()).unwrap();
            prop_assert_eq!(section.len(), bytes.len());
            for (from, to, how) in &places {
                let (from, to) = (*from as usize % (bytes.len() + 1), *to as usize % (bytes.len() + 1));
                let (from, to) = (from.min(to), from.max(to));
                match how {
                    0 => prop_assert!(*section.slice(from..to) == bytes[from..to]),
                    1 if 4 <= bytes.len() => {
                        let (index, all) = (from % (bytes.len() / 4), bytes.as_chunks().0);
                        prop_assert_eq!(section.element::<4>(index), all[index]);
                    }
                    2 => prop_assert!(section.copied(from..to) == bytes[from..to]),
                    _ => {
                        let mut row = vec![1; to - from];
                        section.read_row(from, &mut row);
                        prop_assert!(row == bytes[from..to]);
                    }
                }
            }
            prop_assert!(section.to_vec() == *bytes);
            prop_assert!(section.slice_all() == *bytes);
        }
        prop_assert_eq!(pack.verify(), Ok(()));
        prop_assert!(!pack.is_damaged());
    }

    #[test]
    fn hostile_bytes_open_nothing(
        start in prop::sample::select(vec![0, 20, 24, 56, 88, HEADER_BYTES]),
        bytes in prop::collection::vec(any::<u8>(), 0..5000),
    ) {
        let (disk, _) = written(&[("one", noise(300))]);
        let mut content = disk.content(FILE).unwrap();
        let whole = content.clone();
        content.truncate(start);
        content.extend_from_slice(&bytes);
        prop_assume!(content != whole);
        prop_assert!(opened_and_read(&holding(&content), &["one"]).is_err());
    }
}

#[test]
fn a_section_that_fits_a_chunk_is_borrowed_and_a_long_one_begins_with_a_chunk() {
    let lengths = [CHUNK_BYTES - 100, 101, 3, 2 * CHUNK_BYTES, CHUNK_BYTES];
    let names = ["a", "b", "c", "d", "e"];
    let sections: Vec<_> = names.iter().copied().zip(lengths.map(noise)).collect();
    let (disk, _) = written(&sections);
    let pack = open(&disk).unwrap();
    for (name, bytes) in &sections {
        let section = pack.section(name).unwrap();
        let first = section.slice(0..bytes.len().min(CHUNK_BYTES));
        assert!(matches!(first, Cow::Borrowed(_)), "{name}");
    }
    assert_eq!(pack.body.chunks.len(), 5);
}

#[test]
fn a_chunk_is_read_once_and_rows_bring_none_into_memory() {
    let (disk, _) = written(&[("one", noise(3 * CHUNK_BYTES))]);
    let pack = open(&disk).unwrap();
    let section = pack.section("one").unwrap();
    let calls = |work: &dyn Fn()| {
        let before = disk.calls();
        work();
        disk.calls() - before
    };
    let mut row = [0; 388];
    section.read_row(5, &mut row);
    assert_eq!(calls(&|| section.read_row(5, &mut [0; 388])), 1);
    assert_eq!(calls(&|| _ = section.element::<4>(0)), 1);
    assert_eq!(calls(&|| _ = section.clone().element::<8>(CHUNK_BYTES / 8 - 1)), 0);
    assert_eq!(calls(&|| section.read_row(5, &mut [0; 388])), 0, "its chunk is there");
    assert_eq!(calls(&|| section.read_row(CHUNK_BYTES - 1, &mut [0; 388])), 1, "half of it is not");
    assert_eq!(calls(&|| _ = section.slice(0..3 * CHUNK_BYTES)), 2);
}

#[test]
fn small_sections_of_a_chunk_are_copied_with_one_read() {
    let names: Vec<String> = (0..50).map(|it| format!("{it:02}")).collect();
    let sections: Vec<(&str, Vec<u8>)> = names.iter().map(|it| (it.as_str(), noise(90))).collect();
    let (disk, _) = written(&sections);
    let pack = open(&disk).unwrap();
    let before = disk.calls();
    for (name, bytes) in &sections {
        assert_eq!(pack.section(name).unwrap().to_vec(), *bytes);
    }
    assert_eq!(disk.calls() - before, 1);
    assert!(pack.body.chunks[0].get().is_none(), "none is kept");
}

#[test]
fn the_same_input_makes_the_same_bytes_in_every_version() {
    let sections = [("codes", noise(CHUNK_BYTES + 5)), ("offsets", noise(100)), ("empty", vec![])];
    let (disk, root) = written(&sections);
    let content = disk.content(FILE).unwrap();
    let shown = format!("{} bytes, {}, {root:?}", content.len(), blake3::hash(&content).to_hex());
    expect![[r#"12605 bytes, a010cd4e0bdf414209b1e64e164a2c993f31c27ee0a7b7ca73738940aa5225ff, "70808443b178e3ed2878d3291f5d3c99583ea39636bc3fd6c43e5203acc0695a""#]].assert_eq(&shown);
    assert_eq!(written(&sections).0.content(FILE).unwrap(), content);
}

#[test]
fn every_changed_byte_is_noticed() {
    let names = ["one", "two"];
    let sections = [("one", noise(200)), ("two", noise(30))];
    let content = written(&sections).0.content(FILE).unwrap();
    assert!(opened_and_read(&holding(&content), &names).is_ok());
    for at in 0..content.len() {
        let disk = holding(&content);
        disk.flip_bit(FILE, at * 8 + at % 8);
        let fault = opened_and_read(&disk, &names).expect_err("a changed byte is noticed");
        let known = match at {
            0..20 => "is no pack",
            20..24 if fault.contains("has format") => "has format",
            20..HEADER_BYTES => "damaged: its header",
            _ if at < HEADER_BYTES + 256 + 30 => "damaged: chunk 0 of 1",
            _ => "damaged: its table",
        };
        assert!(fault.contains(known), "byte {at}: {fault}");
    }
}

#[test]
fn every_other_length_is_noticed() {
    let content = written(&[("one", noise(200))]).0.content(FILE).unwrap();
    for length in 0..content.len() {
        let fault = refused(&holding(&content[..length]));
        let known = match length {
            0..20 => "no pack",
            20..HEADER_BYTES => "ends within its header",
            _ => "its length",
        };
        assert!(fault.contains(known), "{length} bytes: {fault}");
    }
    assert!(refused(&holding(&[content.as_slice(), &[0]].concat())).contains("its length"));
}

#[test]
fn foreign_files_other_keys_other_packs_and_newer_ones_are_told_apart() {
    let (disk, root) = written(&[("one", noise(200))]);
    let open = |disk: &SimDisk, key, root| {
        Pack::open(disk.open(FILE).unwrap(), key, root).map(drop).unwrap_err()
    };
    assert_eq!(open(&holding(&noise(9_000)), &KEY, None), PackError::NotAPack);
    assert_eq!(open(&holding(&[0; 9_000]), &KEY, Some(&root)), PackError::NotAPack);
    assert_eq!(open(&disk, &[8; 32], Some(&root)), PackError::WrongKey);
    assert_eq!(open(&disk, &KEY, Some(&Root([1; 32]))), PackError::Another);
    let (other, _) = written(&[("one", noise(201))]);
    assert_eq!(open(&other, &KEY, Some(&root)), PackError::Another);
    disk.flip_bit(FILE, 20 * 8 + 2);
    assert_eq!(open(&disk, &KEY, None), PackError::Newer { found: 7, known: 3 });
}

#[test]
fn headers_that_tell_of_more_than_there_is_are_refused_before_memory_is_taken() {
    let whole = Sizes { body: 0, index: 0, manifest: 0 };
    for sizes in [
        Sizes { body: u64::MAX, ..whole },
        Sizes { body: BODY_BYTES_MAX + 1, ..whole },
        Sizes { body: BODY_BYTES_MAX, ..whole },
        Sizes { index: INDEX_BYTES_MAX, ..whole },
        Sizes { index: u32::MAX as usize, ..whole },
        Sizes { manifest: MANIFEST_BYTES_MAX, ..whole },
        Sizes { manifest: u32::MAX as usize, ..whole },
    ] {
        let header = Header::new(&Cipher::new(&KEY), sizes, &[]);
        let fault = refused(&holding(header.bytes()));
        assert!(fault.contains("its header, which tells of more") || fault.contains("its length"));
    }
    // What a writer would not write, under the right key.
    let header = Header::new(&Cipher::new(&KEY), whole, &[]);
    assert!(refused(&holding(header.bytes())).contains("its list of sections"));
}

#[test]
fn sections_where_none_can_lie_are_refused() {
    const C: u64 = CHUNK_BYTES as u64;
    let fault = |sections: &[(&str, u64, u64)]| {
        let listed: Vec<_> = sections.iter().map(|it| (it.0.to_owned(), it.1, it.2)).collect();
        fault_of(&listed, 4 * C)
    };
    let long = "n".repeat(NAME_BYTES_MAX + 1);
    assert_eq!(fault(&[("a", 0, 64), ("b", 64, 0), ("c", C, 3 * C)]), None);
    assert!(fault(&[("", 0, 1)]).unwrap().contains("name"));
    assert!(fault(&[(&long, 0, 1)]).unwrap().contains("name"));
    assert!(fault(&[("a", 0, 1), ("a", 64, 1)]).unwrap().contains("one name"));
    assert!(fault(&[("a", 1, 1)]).unwrap().contains("where none"));
    assert!(fault(&[("a", 0, 65), ("b", 64, 1)]).unwrap().contains("where none"));
    assert!(fault(&[("a", 0, 4 * C + 1)]).unwrap().contains("where none"));
    assert!(fault(&[("a", 4 * C + 64, 0)]).unwrap().contains("where none"));
    assert!(fault(&[("a", u64::MAX - 63, 64)]).unwrap().contains("where none"));
    assert!(fault(&[("a", 64, C)]).unwrap().contains("begin with a chunk"));
}

#[test]
fn plain_bytes_names_and_the_manifest_stand_nowhere_on_the_disk() {
    let text = b"What was told in confidence. ".repeat(10_000);
    let (disk, _) = written(&[("confidential", text.clone()), ("more", noise(1_000))]);
    assert!(!disk.holds(b"confiden"));
    assert!(!disk.holds(&MANIFEST.as_bytes()[..8]));
    assert!(noise(1_000).chunks_exact(8).all(|it| !disk.holds(it)));
    assert_eq!(open(&disk).unwrap().section("confidential").unwrap().slice_all(), text);
    // Nor are two packs of one content alike under two keys.
    let other = SimDisk::new(1);
    let mut writer = Writer::new(other.open(FILE).unwrap(), &[8; 32]).unwrap();
    writer.section("confidential", &text).unwrap();
    writer.finish(&MANIFEST).unwrap();
    let (one, other) = (disk.content(FILE).unwrap(), other.content(FILE).unwrap());
    let alike = one.iter().zip(&other).skip(HEADER_BYTES).filter(|it| it.0 == it.1).count();
    assert!(alike < one.len() / 128, "{alike} of {} bytes are alike", one.len());
}

#[test]
fn damage_gives_zeros_and_shows() {
    let bytes = noise(3 * CHUNK_BYTES);
    let (disk, _) = written(&[("one", bytes.clone())]);
    disk.flip_bit(FILE, (HEADER_BYTES + CHUNK_BYTES + 100) * 8);
    let copied = open(&disk).unwrap().section("one").unwrap().to_vec();
    let pack = open(&disk).unwrap();
    let section = pack.section("one").unwrap();
    assert!(*section.slice(0..CHUNK_BYTES) == bytes[..CHUNK_BYTES]);
    let mut row = [0; 8];
    section.read_row(CHUNK_BYTES + 96, &mut row);
    assert_ne!(row, bytes[CHUNK_BYTES + 96..][..8], "rows are not compared with hashes");
    assert!(!pack.is_damaged());
    assert_eq!(section.element(CHUNK_BYTES / 4), [0; 4]);
    assert!(pack.is_damaged());
    assert_eq!(pack.damage(), Some("the pack is damaged: chunk 1 of 3"));
    let read = section.slice_all();
    assert!(read[..CHUNK_BYTES] == bytes[..CHUNK_BYTES]);
    assert!(read[CHUNK_BYTES..2 * CHUNK_BYTES].iter().all(|it| *it == 0));
    assert!(read[2 * CHUNK_BYTES..] == bytes[2 * CHUNK_BYTES..]);
    assert!(copied == *read, "what is read at once is what is read chunk by chunk");
    assert!(pack.verify().is_err());
    // Zeros may have been taken for places: those find nothing, and stop nobody.
    assert_eq!(section.element(usize::MAX), [0; 4]);
    assert_eq!(section.element(3 * CHUNK_BYTES / 8), [0; 8]);
    assert!(section.slice(usize::MAX - 1..usize::MAX).is_empty());
    #[allow(clippy::reversed_empty_ranges, reason = "that is what zeros make of places")]
    let reversed = section.slice(500..0);
    assert!(reversed.is_empty());
    assert_eq!(section.slice(3 * CHUNK_BYTES - 5..usize::MAX).len(), 5);
    row = [1; 8];
    section.read_row(usize::MAX, &mut row);
    assert_eq!(row, [0; 8]);
}

#[test]
fn a_disk_that_refuses_gives_zeros_and_shows() {
    let bytes = noise(2 * CHUNK_BYTES);
    for rows in [false, true] {
        let (disk, _) = written(&[("one", bytes.clone())]);
        let pack = open(&disk).unwrap();
        let section = pack.section("one").unwrap();
        assert_eq!(section.element::<4>(0), bytes[..4]);
        disk.crash_at(disk.calls() + 1);
        assert_eq!(section.element::<4>(1), bytes[4..8], "it is in memory");
        let mut row = [1; 8];
        if rows {
            section.read_row(CHUNK_BYTES, &mut row);
        } else {
            row = section.element(CHUNK_BYTES / 8);
        }
        assert_eq!(row, [0; 8]);
        assert_eq!(pack.damage(), Some("cannot read the pack: the power failed"));
        let copied = section.to_vec();
        assert!(copied[..CHUNK_BYTES] == bytes[..CHUNK_BYTES], "it is in memory");
        assert!(copied[CHUNK_BYTES..].iter().all(|it| *it == 0));
    }
}

#[test]
fn a_read_beyond_the_end_of_a_whole_section_is_a_bug() {
    let (disk, _) = written(&[("one", noise(100)), ("two", noise(100))]);
    let section = open(&disk).unwrap().section("one").unwrap();
    let stops = |read: &dyn Fn(&Section)| {
        assert!(catch_unwind(AssertUnwindSafe(|| read(&section))).is_err());
    };
    stops(&|it| _ = it.element::<4>(25));
    stops(&|it| _ = it.element::<8>(12));
    stops(&|it| _ = it.element::<8>(usize::MAX));
    stops(&|it| _ = it.slice(0..101));
    stops(&|it| _ = it.copied(0..101));
    stops(&|it| it.read_row(99, &mut [0; 2]));
    assert_eq!(section.element::<4>(24), noise(100)[96..]);
}

#[test]
fn what_a_crash_leaves_is_refused_or_whole() {
    let sections = [("one", noise(CHUNK_BYTES + 700)), ("two", noise(3_000))];
    let (disk, root) = written(&sections);
    let (calls, mut whole) = (disk.calls(), 0);
    for call in 1..=calls + 1 {
        let disk = SimDisk::new(call);
        disk.crash_at(call);
        let done = write_to(&disk, &sections);
        assert_eq!(done.is_ok(), calls < call);
        for model in CrashModel::ALL {
            for draw in 0..8 {
                let after = disk.after_crash(model, draw);
                let file = after.open(FILE).unwrap();
                match Pack::open(file, &KEY, Some(&root)) {
                    Ok(pack) => {
                        assert_eq!(pack.verify(), Ok(()), "call {call}, {model:?}");
                        whole += 1;
                    }
                    // The folder was not synced: the name may be lost.
                    Err(PackError::NotAPack | PackError::Damaged { .. }) => {}
                    Err(other) => panic!("call {call}, {model:?}: {other}"),
                }
            }
        }
    }
    assert!(0 < whole, "at last it is written");
}

#[test]
fn a_writer_whose_write_failed_writes_no_more() {
    let plain = vec![5; 3 * CHUNK_BYTES];
    let disk = SimDisk::new(1);
    let mut writer = Writer::new(disk.open(FILE).unwrap(), &KEY).unwrap();
    disk.crash_at(disk.calls() + 1);
    assert!(writer.section("one", &plain).is_err());
    assert!(writer.append(&plain).unwrap_err().to_string().contains("a write failed before"));
    assert!(writer.end().is_ok());
    assert!(writer.section("two", &plain).unwrap_err().to_string().contains("failed before"));
    let _ = writer.end();
    assert!(writer.finish(&MANIFEST).unwrap_err().to_string().contains("failed before"));
    assert!(!disk.holds(&[5; 16]));
}

#[test]
fn a_writer_that_is_used_wrongly_makes_no_pack() {
    let make = |write: &dyn Fn(&mut Writer) -> io::Result<()>| {
        let disk = SimDisk::new(1);
        let mut writer = Writer::new(disk.open(FILE).unwrap(), &KEY).unwrap();
        let made = write(&mut writer).and_then(|()| writer.finish(&MANIFEST));
        assert!(open(&disk).is_err());
        made.unwrap_err().to_string()
    };
    assert!(make(&|it| it.append(b"x")).contains("no section was begun"));
    assert!(make(&|it| it.end()).contains("no section was begun"));
    assert!(make(&|it| it.begin("a")).contains("a section did not end"));
    assert!(make(&|it| it.begin("a").and_then(|()| it.begin("b"))).contains("did not end"));
    assert!(make(&|it| it.begin("a").and_then(|()| it.section("b", b""))).contains("did not end"));
    assert!(make(&|it| it.section("", b"x")).contains("no name"));
    let twice = |it: &mut Writer| it.section("a", b"x").and_then(|()| it.section("a", b"y"));
    assert!(make(&twice).contains("of another"));
}
