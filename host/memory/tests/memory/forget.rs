//! What was forgotten is gone: from every arm, and from the bytes of the files.

use voyager_base::sim::{CrashModel, SimDisk};
use voyager_memory::{Edge, MemoryId, ReadError, WriteError};

use crate::support::{ask, draft, now, open, texts, turn};

const SECRET: &str = "The vault opens with xylophone.";

#[test]
fn no_file_ever_shows_a_text() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let mut entry = turn("wardrobe", "Quentin", SECRET);
    entry.draft.tags = vec!["kazoo".to_owned()];
    entry.draft.fields.insert("zither".to_owned(), "ocarina".to_owned());
    entry.draft.space = "belvedere".to_owned();
    let id = memory.remember(&[entry, draft("other").into()], None, now()).unwrap();
    let kind = "glockenspiel".to_owned();
    memory.relate(&Edge { from: id[0], to: id[1], kind, weight: 1.0 }, None, now()).unwrap();
    drop(memory);
    let words = [
        "xylophone",
        "wardrobe",
        "Quentin",
        "kazoo",
        "zither",
        "ocarina",
        "belvedere",
        "glockenspiel",
    ];
    for word in words {
        assert!(!disk.holds(word.as_bytes()), "{word}");
    }
    assert!(disk.holds(b"voyager memory keys"), "the search finds what is there");
}

#[test]
fn what_was_forgotten_is_in_no_arm() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let entries = [
        turn("a", "Ada", "Who knows how the vault opens?"),
        turn("a", "Quentin", SECRET),
        turn("a", "Ada", "Thanks, noted."),
    ];
    let ids = memory.remember(&entries, None, now()).unwrap();
    let kind = "answers".to_owned();
    memory.relate(&Edge { from: ids[1], to: ids[0], kind, weight: 1.0 }, None, now()).unwrap();
    assert!(texts(&ask(&memory, "xylophone")).contains(&SECRET));
    let forgotten = memory.forget(&[ids[1], ids[1]], None, now()).unwrap();
    assert_eq!(forgotten.ids, ids[1..2]);
    let check = |memory: &voyager_memory::Memory| {
        for question in ["xylophone", "Quentin", "vault opens", SECRET] {
            let answer = ask(memory, question);
            assert!(answer.hits.iter().all(|it| it.record.id != ids[1]), "{question}");
        }
        assert_eq!(memory.record(ids[1]), Err(ReadError::NotFound { id: ids[1] }));
        assert_eq!(memory.relations(ids[0]).unwrap(), []);
        let again = memory.forget(&[ids[0], ids[1]], None, now());
        assert_eq!(
            again,
            Err(WriteError::NotFound { id: ids[1] }),
            "and nothing else is forgotten"
        );
        assert_eq!(memory.stats().unwrap().records, 2);
    };
    check(&memory);
    drop(memory);
    check(&open(&disk));
}

/// The rows of a forgotten record may lie in old pages of the database, or in a copy of it. Without its key they
/// are noise: the key must be gone from the disk before forgetting is acknowledged.
#[test]
fn the_key_is_gone_before_forgetting_is_acknowledged() {
    let disk = SimDisk::new(1);
    let memory = open(&disk);
    let ids = memory.remember(&[draft(SECRET).into(), draft("b").into()], None, now()).unwrap();
    let keys = disk.content("keys").unwrap();
    let slot = |keys: &[u8], id: MemoryId| {
        let at = 512 + id.0 as usize * 32;
        <[u8; 32]>::try_from(&keys[at..at + 32]).unwrap()
    };
    let (key, other) = (slot(&keys, ids[0]), slot(&keys, ids[1]));
    assert!(key != [0; 32]);
    memory.forget(&ids[..1], None, now()).unwrap();
    let left = disk.after_crash(CrashModel::Lost, 1);
    assert!(!left.holds(&key), "even if the power fails now");
    assert!(left.holds(&other), "and that of the other is there");
}

/// Removing rows and destroying keys are two steps. Whatever a crash leaves between them is finished when the
/// store is opened.
#[test]
fn a_crash_while_forgetting_leaves_no_key_without_its_record() {
    let begin = || {
        let disk = SimDisk::new(1);
        let memory = open(&disk);
        let entries = [draft("a").into(), draft(SECRET).into(), draft("c").into()];
        let ids = memory.remember(&entries, None, now()).unwrap();
        (disk, memory, ids)
    };
    let (disk, memory, ids) = begin();
    let before = disk.calls();
    memory.forget(&ids[1..2], None, now()).unwrap();
    let calls = disk.calls() - before;
    let mut unfinished = 0;
    for call in 1..=calls {
        for model in CrashModel::ALL {
            let (disk, memory, ids) = begin();
            let keys = disk.content("keys").unwrap();
            let at = 512 + ids[1].0 as usize * 32;
            disk.crash_at(disk.calls() + call);
            let done = memory.forget(&ids[1..2], None, now()).is_ok();
            let left = disk.after_crash(model, call);
            let held_key = left.holds(&keys[at..at + 32]);
            let memory = open(&left);
            let there = memory.record(ids[1]).is_ok();
            assert!(!(done && there), "call {call}, {model:?}: it was acknowledged");
            drop(memory);
            unfinished += u32::from(held_key && !there);
            let holds = left.holds(&keys[at..at + 32]);
            assert_eq!(holds, there, "call {call}, {model:?}: a key without a record");
        }
    }
    assert!(unfinished > 0, "no crash fell between the two steps");
}
