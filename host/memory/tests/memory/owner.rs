//! The owner's key: without it a copy of the folder says nothing, and locking is whole or not at all.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use voyager_base::{
    Digest,
    chance::Seeded,
    disk::Disk,
    sim::{CrashModel, SimDisk},
};
use voyager_memory::{
    Cost, Edge, Encoder, Memory, MemoryId, OpenError, Options, OwnerKey, OwnerKind, ReadError,
};

use crate::support::{DIMENSIONS, ask, draft, now, texts, turn, vector};

const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
const ENCODER: &str = "bassoon-minilm";

fn key(seed: u8) -> OwnerKey {
    OwnerKey::new(OwnerKind::KeyFile, &[seed; 32]).unwrap()
}

fn passphrase(text: &str) -> OwnerKey {
    OwnerKey::new(OwnerKind::Passphrase, text.as_bytes()).unwrap()
}

fn try_open(disk: &SimDisk, owner: Option<&OwnerKey>) -> Result<Memory, OpenError> {
    let encoder = Encoder { name: ENCODER.to_owned(), dimensions: DIMENSIONS };
    let options = Options { encoder: Some(encoder), owner: owner.cloned(), ..Options::default() };
    Memory::open(Arc::new(disk.clone()), options, Arc::new(Seeded::new(7)))
}

fn open(disk: &SimDisk, owner: Option<&OwnerKey>) -> Memory {
    try_open(disk, owner).unwrap()
}

fn refused(disk: &SimDisk, owner: Option<&OwnerKey>) -> OpenError {
    try_open(disk, owner).map(drop).unwrap_err()
}

/// The key under which the first batch is remembered: who guesses the batch can make it.
fn guessed() -> Digest {
    Digest::of(b"The vault opens with xylophone.")
}

/// A store with something in every table, one record forgotten, and a kept index.
fn filled(disk: &SimDisk) -> Memory {
    let memory = open(disk, None);
    let mut secret = turn("wardrobe", "Quentin", "The vault opens with xylophone.");
    secret.draft.space = "belvedere".to_owned();
    secret.draft.tags = vec!["kazoo".to_owned()];
    secret.draft.fields.insert("zither".to_owned(), "ocarina".to_owned());
    let entries = [secret, turn("wardrobe", "Ada", "noted"), turn("a", "Ada", "gone soon")];
    memory.remember(&entries, Some(&guessed()), now()).unwrap();
    let kind = "glockenspiel".to_owned();
    let edge = Edge { from: MemoryId(0), to: MemoryId(1), kind, weight: 1.0 };
    memory.relate(&edge, None, now()).unwrap();
    memory.forget(&[MemoryId(2)], None, now()).unwrap();
    memory.keep_index().unwrap();
    memory
}

/// What a store holds; it must be whole.
fn held(memory: &Memory) -> Vec<String> {
    assert_eq!(memory.stats().unwrap().damaged, []);
    assert_eq!(memory.stats().unwrap().vectors, memory.ids().len());
    assert_eq!(memory.remembered(&guessed()).unwrap().map(|it| it.len()), Some(3));
    assert_eq!(memory.record(MemoryId(2)), Err(ReadError::NotFound { id: MemoryId(2) }));
    assert_eq!(memory.all_relations().unwrap().len(), 1);
    assert_eq!(texts(&ask(memory, "xylophone"))[0], "The vault opens with xylophone.");
    memory.ids().iter().map(|it| memory.record(*it).unwrap().draft.text).collect()
}

fn contents(disk: &SimDisk) -> BTreeMap<String, Vec<u8>> {
    let names = disk.list().unwrap().into_iter();
    names.map(|it| (it.clone(), disk.content(&it).unwrap())).collect()
}

/// The slots of a file of keys that hold something, and what an unlocked store says of its secrets.
fn told(disk: &SimDisk) -> Vec<Vec<u8>> {
    let (keys, owner) = (disk.content("keys").unwrap(), disk.content("owner").unwrap());
    let slots = keys[512..512 + 3 * 32].as_chunks::<32>().0.iter().map(|it| it.to_vec());
    let sealed = 31 + 8 + 2 + 12 + 32;
    let secrets = [owner[sealed..sealed + 32].to_vec(), owner[sealed + 32..sealed + 64].to_vec()];
    let slip = keys[80..160].to_vec();
    let all = slots.chain(secrets).chain([slip]);
    all.filter(|it| it.iter().any(|byte| *byte != 0)).collect()
}

#[test]
fn a_locked_folder_says_nothing() {
    let disk = SimDisk::new(1);
    let memory = filled(&disk);
    let before = told(&disk);
    assert_eq!(before.len(), 2 + 2 + 1);
    assert!(before.iter().all(|it| disk.holds(it)), "the search finds what is there");
    assert_eq!(memory.locked_with(), None);
    memory.lock(&key(1), CHEAP).unwrap();
    assert_eq!(memory.locked_with(), Some(OwnerKind::KeyFile));
    memory.remember(&[turn("b", "Bo", "after it: theremin")], None, now()).unwrap();
    memory.keep_index().unwrap();
    drop(memory);
    for secret in &before {
        assert!(!disk.holds(secret), "what was told before is overwritten");
    }
    let words = [
        "xylophone",
        "wardrobe",
        "Quentin",
        "kazoo",
        "zither",
        "ocarina",
        "belvedere",
        "glockenspiel",
        "theremin",
        "bassoon",
        "minilm",
    ];
    for word in words {
        assert!(!disk.holds(word.as_bytes()), "{word}");
    }
    assert!(!disk.holds(&guessed().0), "a digest of something that can be guessed");
    assert!(!disk.holds(&[1; 32]), "the key of the owner");
    assert!(disk.holds(b"voyager memory owner"), "the search finds what is there");
}

#[test]
fn it_opens_with_its_key_alone_and_a_wrong_one_changes_nothing() {
    let disk = SimDisk::new(1);
    let memory = filled(&disk);
    let texts = held(&memory);
    memory.lock(&passphrase("green door"), CHEAP).unwrap();
    assert_eq!(held(&memory), texts, "it goes on while it is open");
    drop(memory);
    let before = contents(&disk);
    let kind = OwnerKind::Passphrase;
    assert_eq!(refused(&disk, None), OpenError::Locked { kind });
    assert_eq!(refused(&disk, Some(&passphrase("green d00r"))), OpenError::WrongKey { kind });
    assert_eq!(refused(&disk, Some(&key(1))), OpenError::WrongKey { kind });
    assert!(contents(&disk) == before);
    assert_eq!(held(&open(&disk, Some(&passphrase("green door")))), texts);
}

#[test]
fn another_key_takes_the_place_of_the_one_before() {
    let disk = SimDisk::new(1);
    let memory = filled(&disk);
    let texts = held(&memory);
    memory.lock(&passphrase("green door"), CHEAP).unwrap();
    let (slots, owner) = (told(&disk), disk.content("owner").unwrap());
    memory.lock(&key(2), CHEAP).unwrap();
    drop(memory);
    assert!(slots.iter().all(|it| !disk.holds(it)), "a stolen passphrase opens no later copy");
    assert!(!disk.holds(&owner[..256]));
    assert_eq!(
        refused(&disk, Some(&passphrase("green door"))),
        OpenError::WrongKey { kind: OwnerKind::KeyFile }
    );
    let memory = open(&disk, Some(&key(2)));
    assert_eq!(held(&memory), texts);
    memory.unlock().unwrap();
    memory.unlock().unwrap();
    drop(memory);
    assert_eq!(held(&open(&disk, None)), texts);
    assert_eq!(held(&open(&disk, Some(&key(9)))), texts, "no key is needed");
}

#[test]
fn the_kept_index_outlives_locking() {
    let disk = SimDisk::new(1);
    let memory = filled(&disk);
    let index = |disk: &SimDisk| {
        let names: Vec<_> = contents(disk).into_keys().collect();
        names.into_iter().find(|it| it.starts_with("index-"))
    };
    let before = index(&disk);
    assert!(before.is_some());
    memory.lock(&key(1), CHEAP).unwrap();
    drop(memory);
    let calls = |disk: &SimDisk| {
        let before = disk.calls();
        drop(open(disk, Some(&key(1))));
        disk.calls() - before
    };
    assert_eq!(index(&disk), before);
    let with = calls(&disk);
    disk.remove(&before.unwrap()).unwrap();
    assert_ne!(with, calls(&disk), "it was read");
}

#[test]
fn a_record_forgotten_in_a_locked_store_is_gone_for_its_owner_too() {
    let disk = SimDisk::new(1);
    let memory = filled(&disk);
    memory.lock(&key(1), CHEAP).unwrap();
    let slot = disk.content("keys").unwrap()[512..544].to_vec();
    assert!(disk.holds(&slot));
    memory.forget(&[MemoryId(0)], None, now()).unwrap();
    assert!(!disk.after_crash(CrashModel::Lost, 1).holds(&slot), "nor in the file beside");
    drop(memory);
    assert_eq!(open(&disk, Some(&key(1))).ids(), [MemoryId(1)]);
}

#[test]
fn readers_do_not_notice() {
    let disk = SimDisk::new(1);
    let memory = filled(&disk);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut read = 0;
            while !done.load(Ordering::Relaxed) || read == 0 {
                assert_eq!(memory.record(MemoryId(1)).unwrap().draft.text, "noted");
                read += 1;
            }
        });
        for seed in 1..40 {
            memory.lock(&key(seed), CHEAP).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    held(&memory);
}

#[test]
fn one_of_two_copies_is_enough() {
    let disk = SimDisk::new(1);
    filled(&disk).lock(&key(1), CHEAP).unwrap();
    for at in [0, 4096] {
        // Each bit of its first line, where one makes another format of it.
        let line = b"voyager memory owner, format 1\n".len() * 8;
        for bit in (0..line).chain((line..200 * 8).step_by(61)) {
            disk.flip_bit("owner", at * 8 + bit);
            held(&open(&disk, Some(&key(1))));
        }
    }
    disk.flip_bit("owner", 300);
    disk.flip_bit("owner", 4096 * 8 + 300);
    let error = refused(&disk, Some(&key(1))).to_string();
    assert!(error.contains("owner is damaged: neither"), "{error}");
    disk.remove("owner").unwrap();
    let error = refused(&disk, Some(&key(1))).to_string();
    assert!(error.contains("owner is damaged: it is missing"), "{error}");
    assert!(disk.content("owner").is_none(), "and nothing takes its place");
}

#[test]
fn a_full_disk_leaves_it_as_it_was() {
    let disk = SimDisk::new(1);
    let memory = filled(&disk);
    disk.crash_at(disk.calls() + 2);
    assert!(memory.lock(&key(1), CHEAP).is_err());
    assert!(!memory.has_failed(), "nothing was changed");
    assert_eq!(memory.locked_with(), None);
}

/// What somebody does with the key.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Lock,
    Rekey,
    Unlock,
}

impl Turn {
    /// What opens the store before, and after.
    fn keys(self) -> (Option<OwnerKey>, Option<OwnerKey>) {
        match self {
            Self::Lock => (None, Some(key(1))),
            Self::Rekey => (Some(key(1)), Some(key(2))),
            Self::Unlock => (Some(key(1)), None),
        }
    }

    /// A store just before it, with what its files must not hold after it.
    fn begin(self) -> (SimDisk, Memory, Vec<Vec<u8>>) {
        let disk = SimDisk::new(1);
        let memory = filled(&disk);
        if self.keys().0.is_some() {
            memory.lock(&key(1), CHEAP).unwrap();
        }
        let told = told(&disk);
        (disk, memory, told)
    }

    fn act(self, memory: &Memory) -> bool {
        match self {
            Self::Lock => memory.lock(&key(1), CHEAP).is_ok(),
            Self::Rekey => memory.lock(&key(2), CHEAP).is_ok(),
            Self::Unlock => memory.unlock().is_ok(),
        }
    }
}

/// Whether the store opens, and says what it is locked with.
fn opens(disk: &SimDisk, owner: Option<&OwnerKey>) -> bool {
    match try_open(disk, owner) {
        Ok(memory) => memory.locked_with().is_some() == owner.is_some(),
        Err(OpenError::Locked { .. } | OpenError::WrongKey { .. }) => false,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_crash_leaves_it_as_before_or_as_after() {
    let texts = held(&filled(&SimDisk::new(1)));
    for turn in [Turn::Lock, Turn::Rekey, Turn::Unlock] {
        let (disk, memory, _) = turn.begin();
        let first = disk.calls();
        assert!(turn.act(&memory));
        let calls = disk.calls() - first;
        let (old, new) = turn.keys();
        let mut found = [0; 2];
        for call in 1..=calls + 1 {
            for model in CrashModel::ALL {
                let at = format!("{turn:?}, call {call}, {model:?}");
                let (disk, memory, told) = turn.begin();
                disk.crash_at(disk.calls() + call);
                let done = turn.act(&memory);
                let left = disk.after_crash(model, call);
                let (before, after) = (opens(&left, old.as_ref()), opens(&left, new.as_ref()));
                assert!(before != after, "{at}: before {before}, after {after}");
                assert!(after || !done, "{at}: it was acknowledged");
                found[usize::from(after)] += 1;
                let owner = if after { &new } else { &old };
                let memory = open(&left, owner.as_ref());
                assert_eq!(held(&memory), texts, "{at}");
                if after && !matches!(turn, Turn::Unlock) {
                    assert!(told.iter().all(|it| !left.holds(it)), "{at}: something stays");
                }
                assert!(left.content("keys-anew").is_none(), "{at}");
                // It goes on from there.
                memory.remember(&[draft("goes on").into()], None, now()).unwrap();
                let code = vector("goes on");
                memory.encode(&[(MemoryId(3), code)], now()).unwrap();
                drop(memory);
                assert_eq!(held(&open(&left, owner.as_ref())).len(), texts.len() + 1, "{at}");
            }
        }
        assert!(found.iter().all(|it| 0 < *it), "{turn:?}: {found:?}");
    }
}

/// Opening finishes what a crash left, and may itself end at any call.
#[test]
fn a_crash_while_a_crash_is_finished_loses_nothing() {
    let texts = held(&filled(&SimDisk::new(1)));
    let (disk, memory, _) = Turn::Rekey.begin();
    let first = disk.calls();
    assert!(Turn::Rekey.act(&memory));
    let calls = disk.calls() - first;
    let mut tried = 0;
    for call in (1..=calls).step_by(2) {
        let begin = || {
            let (disk, memory, _) = Turn::Rekey.begin();
            disk.crash_at(disk.calls() + call);
            Turn::Rekey.act(&memory);
            disk.after_crash(CrashModel::Torn, call)
        };
        let whole = begin();
        let first = whole.calls();
        let after = opens(&whole, Some(&key(2)));
        let owner = key(if after { 2 } else { 1 });
        for again in (1..=whole.calls() - first).step_by(7) {
            let left = begin();
            left.crash_at(left.calls() + again);
            drop(try_open(&left, Some(&owner)));
            let model = CrashModel::ALL[again as usize % 4];
            let left = left.after_crash(model, again);
            assert_eq!(held(&open(&left, Some(&owner))), texts, "{call}, {again}, {model:?}");
            tried += 1;
        }
    }
    assert!(tried > 30, "{tried}");
}
