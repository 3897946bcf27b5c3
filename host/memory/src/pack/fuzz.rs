//! Packs for fuzzing: any file, any parts under a root that is right, and packs that were changed.

use voyager_base::{clock::Timestamp, disk::Disk as _, sim::SimDisk};

use super::{
    Cipher, Pack, Writer,
    format::{CHUNK_BYTES, HEADER_BYTES, Header, Sizes},
};
use crate::{
    index::Index,
    record::{Draft, MemoryId, Record},
    row::Standing,
    shard::Shard,
};

const FILE: &str = "pack";
const KEY: [u8; 32] = [7; 32];

/// Reads `bytes` as a pack, as the parts of one, as a change of one, and as a section of a kept index.
///
/// # Panics
/// Where a changed pack is taken for a whole one, or an index is not read as it was written.
pub fn pack(bytes: &[u8]) {
    let Some((place, rest)) = bytes.split_first_chunk::<4>() else { return };
    if let Some(pack) = opened(rest) {
        look_at(&pack);
    }
    if let Some(pack) = opened(&made_of(*place, rest)) {
        look_at(&pack);
        assert!(pack.is_damaged() || pack.verify().is_ok(), "all hashes are right");
    }
    let whole = written(&[("one", rest), ("two", &[7; 100])]);
    let at = usize::from(u16::from_le_bytes([place[0], place[1]])) % whole.len();
    let mut changed = whole.clone();
    match place[2] % 10 {
        bit @ 0..8 => changed[at] ^= 1 << bit,
        8 => changed.truncate(at),
        _ => changed.insert(at, place[3]),
    }
    if changed != whole
        && let Some(pack) = opened(&changed)
    {
        assert!(pack.verify().is_err(), "byte {at} was changed");
    }
    shard(*place, rest);
}

/// What a disk with this file opens.
fn opened(file: &[u8]) -> Option<Pack> {
    let disk = SimDisk::new(1);
    disk.open(FILE).and_then(|it| it.write_at(0, file)).expect("there is room");
    Pack::open(disk.open(FILE).expect("it is there"), &KEY, None).ok()
}

/// Reads all of a pack, in every way.
fn look_at(pack: &Pack) {
    drop(pack.manifest::<(String, u64)>());
    let _ = (pack.verify(), pack.damage().map(str::len));
    for name in pack.sections.keys() {
        let section = pack.section(name).expect("it is listed");
        let all = section.to_vec();
        assert_eq!(all.len(), section.len());
        assert_eq!(section.slice(0..section.len()), all);
        if section.len() >= 8 {
            section.element::<8>(section.len() / 8 - 1);
        }
    }
    drop(Shard::read(pack, "0", 0));
}

/// A pack whose list, manifest and body are parts of `bytes`, with hashes and a root that are right.
fn made_of(place: [u8; 4], bytes: &[u8]) -> Vec<u8> {
    let cipher = Cipher::new(&KEY);
    let (index, rest) = bytes.split_at(usize::from(place[0]).min(bytes.len()));
    let (manifest, body) = rest.split_at(usize::from(place[1]).min(rest.len()));
    let mut body = body.repeat(1 + usize::from(place[2]) % 4);
    cipher.apply(0, &mut body);
    let hashes = body.chunks(CHUNK_BYTES).flat_map(|it| *blake3::hash(it).as_bytes());
    let mut table: Vec<u8> = hashes.collect();
    table.extend(index.iter().chain(manifest));
    let sizes = Sizes { body: body.len() as u64, index: index.len(), manifest: manifest.len() };
    cipher.apply(sizes.body, &mut table);
    let header = Header::new(&cipher, sizes, &table);
    let file = [header.bytes().as_slice(), &body, &table].concat();
    assert_eq!(file.len() - HEADER_BYTES, body.len() + table.len());
    file
}

/// The file of a pack of these sections.
fn written(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let disk = SimDisk::new(1);
    let mut writer = Writer::new(disk.open(FILE).expect("there is room"), &KEY).expect("so it is");
    let written = sections.iter().try_for_each(|(name, bytes)| writer.section(name, bytes));
    written.and_then(|()| writer.finish(&"some")).expect("there is room");
    disk.content(FILE).expect("it was written")
}

/// A kept index one of whose sections says something else.
fn shard(place: [u8; 4], bytes: &[u8]) {
    let mut index = Index::default();
    let standing = Standing { weight: 1.0, cycle: 0, pinned: false, archived: false, trust: None };
    for (id, text) in (0..).zip(["a green door", "the wall is blue", "a door"]) {
        let draft = Draft {
            text: text.to_owned(),
            thread: (id < 2).then(|| "t".to_owned()),
            tags: vec!["paint".to_owned()],
            ..Draft::default()
        };
        let record = Record { id: MemoryId(id), written: Timestamp::default(), draft };
        index.add(&record, standing, crate::vectors::Code::of(&[1.0, id as f32]));
    }
    index.remove(MemoryId(2));
    let disk = SimDisk::new(1);
    let mut writer = Writer::new(disk.open(FILE).expect("there is room"), &KEY).expect("so it is");
    let shards = index.shards(&[]);
    shards[0].write(&mut writer, "0").and_then(|()| writer.finish(&"some")).expect("it fits");
    let whole = Pack::open(disk.open(FILE).expect("it is there"), &KEY, None).expect("it is whole");
    assert!(Shard::read(&whole, "0", usize::MAX).is_some(), "what was written is read");
    let mut sections: Vec<(&str, Vec<u8>)> = whole
        .sections
        .keys()
        .map(|name| {
            let section = whole.section(name).expect("it is listed");
            (name.as_str(), section.slice(0..section.len()).into_owned())
        })
        .collect();
    let chosen = usize::from(place[0]) % sections.len();
    let section = &mut sections[chosen].1;
    let at = usize::from(place[1]) % (section.len() + 1);
    match place[2] % 3 {
        // Written over, in place of it, or within.
        0 => section.iter_mut().skip(at).zip(bytes).for_each(|(it, byte)| *it = *byte),
        1 => *section = bytes.to_vec(),
        _ => drop(section.splice(at..at, bytes.iter().copied())),
    }
    let sections: Vec<(&str, &[u8])> = sections.iter().map(|it| (it.0, it.1.as_slice())).collect();
    if let Some(pack) = opened(&written(&sections)) {
        drop(Shard::read(&pack, "0", usize::from(place[3])));
    }
}
