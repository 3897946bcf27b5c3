//! What a large store costs: writing, asking, opening, bytes.
//!
//! `scale [RECORDS [FOLDER]] [--clusters]`: texts of about 40 tokens with words as frequent as in a language (Zipf), in threads
//! of 20, with vectors of 384 dimensions, without any order or in clusters. A question holds six words of one record and its vector, blurred; it
//! counts as found where that record is among the ten best. In a folder that is named the store stays, and is opened
//! and asked the same the next time; nothing is measured then that writes.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures reads the clock, prints, and stops where something fails"
)]

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use voyager_base::{
    Digest,
    chance::{Chance, Seeded},
    clock::Timestamp,
};
use voyager_disk::FileDisk;
use voyager_memory::{
    Draft, Encoder, Entry, Memory, MemoryId, Options, Question,
    evaluate::material::{Clusters, word},
};

const DIMENSIONS: usize = 384;
const BATCH: usize = 1_000;
/// In which vectors lie, where they have an order.
const CLUSTERS: usize = 1_000;
/// So often that many are asked.
const ROUNDS: usize = 5;
const QUESTIONS: usize = 200;
/// So many records are written one by one.
const WRITTEN_ALONE: usize = 50;
/// So many write at once, one record after the other each.
const WRITERS: usize = 16;

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let clusters = arguments.iter().position(|it| it == "--clusters");
    let clustered = clusters.map(|it| arguments.remove(it)).is_some();
    let mut arguments = arguments.into_iter();
    let records = arguments.next().map_or(Some(100_000), |it| it.parse().ok());
    let Some(records) = records.filter(|it| *it >= BATCH) else {
        eprintln!("error: name a number of records, {BATCH} or more");
        std::process::exit(2);
    };
    let named = arguments.next();
    let passing = tempfile::tempdir().unwrap();
    let folder = named.as_ref().map_or_else(|| passing.path(), Path::new);
    std::fs::create_dir_all(folder).unwrap();
    let chance = Seeded::new(1);
    let clusters = clustered.then(|| Clusters::round(&chance, CLUSTERS, DIMENSIONS));
    let entry = |number: usize| {
        let vector = |it: &Clusters| it.near(&chance, number);
        entry(&chance, number, clusters.as_ref().map(vector))
    };
    let batches: Vec<Vec<Entry>> = (0..records / BATCH)
        .map(|batch| (0..BATCH).map(|it| entry(batch * BATCH + it)).collect())
        .collect();
    // Those that are written one by one, then those of many at once.
    let extra: Vec<Entry> =
        (0..WRITTEN_ALONE * (1 + WRITERS)).map(|it| entry(records + it)).collect();
    let before = resident();
    let each = || resident().saturating_sub(before) / records as u64;
    let memory = open(folder);
    println!("records                     {records}");
    if memory.stats().unwrap().records == 0 {
        write(&memory, &batches, &extra, folder, &each);
    } else if memory.index_is_behind() {
        memory.keep_index().unwrap();
    }
    drop(extra);
    println!("memory with the index kept  {}", each());
    let start = Instant::now();
    let verified = memory.verify(&|_, _| true).unwrap().unwrap();
    assert_eq!(verified.faults, []);
    println!("everything verified in      {:?}", start.elapsed());
    // What a question touches first comes from the file into memory, so that later ones find more there.
    let mut found = 0;
    let mut answers = Vec::new();
    for round in 0..ROUNDS {
        let mut on_core = Duration::ZERO;
        let asking = percentiles((0..QUESTIONS).map(|it| {
            let place = ((round * QUESTIONS + it) * 7919) % records;
            let wanted = &batches[place / BATCH][place % BATCH];
            let question = question(&chance, wanted);
            let (start, busy) = (Instant::now(), processor_time());
            let recall = memory.recall(&question, now()).unwrap();
            let took = start.elapsed();
            on_core += processor_time().saturating_sub(busy);
            found += u32::from(recall.hits.iter().any(|it| it.record.id.0 == place as u64));
            answers.extend(serde_json::to_vec(&recall).unwrap());
            took
        }));
        println!("recall, p50 and p99         {:?} {:?}", asking.0, asking.1);
        println!("  of it on a core, mean     {:?}", on_core / QUESTIONS as u32);
    }
    println!("found among ten             {found} of {}", ROUNDS * QUESTIONS);
    println!("digest of all answers       {}", Digest::of(&answers));
    drop(answers);
    println!("memory after these          {}", each());
    watch(&memory);
    let first = question(&chance, &batches[0][0]);
    memory.recall(&first, now()).unwrap();
    let again = percentiles((0..QUESTIONS).map(|_| {
        let start = Instant::now();
        memory.recall(&first, now()).unwrap();
        start.elapsed()
    }));
    println!("the same again, p50 and p99 {:?} {:?}", again.0, again.1);
    drop(memory);
    let (memory, took) = first_answer(folder, &first);
    println!("opened with the index       {took:?}");
    // A store that is asked again stays as it is.
    if named.is_some() {
        return;
    }
    let more = entry(records + WRITTEN_ALONE * (1 + WRITERS));
    for which in ["first", "next "] {
        let start = Instant::now();
        memory.remember(std::slice::from_ref(&more), None, now()).unwrap();
        println!("the {which} write after that  {:?}", start.elapsed());
    }
    // Forgetting takes the kept index with it.
    memory.forget(&[MemoryId(1)], None, now()).unwrap();
    drop(memory);
    let (_, took) = first_answer(folder, &first);
    println!("opened without it           {took:?}");
}

/// Writes the records, and some more one by one, and keeps the index.
fn write(
    memory: &Memory,
    batches: &[Vec<Entry>],
    extra: &[Entry],
    folder: &Path,
    each: &dyn Fn() -> u64,
) {
    let records = batches.len() * BATCH;
    let start = Instant::now();
    for batch in batches {
        memory.remember(batch, None, now()).unwrap();
    }
    let writing = start.elapsed();
    println!("batches of {BATCH}, records/s   {:.0}", records as f64 / writing.as_secs_f64());
    println!("memory, bytes a record      {}", each());
    println!("disk, bytes a record        {}", bytes(folder) / records as u64);
    let (alone, at_once) = extra.split_at(WRITTEN_ALONE);
    let one = percentiles(alone.iter().map(|it| {
        let start = Instant::now();
        memory.remember(std::slice::from_ref(it), None, now()).unwrap();
        start.elapsed()
    }));
    let sync = percentiles((0..WRITTEN_ALONE).map(|_| bare_sync(folder)));
    println!("one durable write, p50      {:?}", one.0);
    println!("one sync of 4 KiB, p50      {:?}", sync.0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for entries in at_once.chunks(WRITTEN_ALONE) {
            scope.spawn(move || {
                for entry in entries {
                    memory.remember(std::slice::from_ref(entry), None, now()).unwrap();
                }
            });
        }
    });
    let writing = start.elapsed();
    println!(
        "{WRITERS} at once, records/s      {:.0}",
        at_once.len() as f64 / writing.as_secs_f64()
    );
    let start = Instant::now();
    memory.keep_index().unwrap();
    println!("index kept in               {:?}", start.elapsed());
    println!("disk with it, bytes         {}", bytes(folder) / records as u64);
}

/// Puts some of what was asked to all vectors, where not all are compared anyway.
fn watch(memory: &Memory) {
    let (mut steps, mut more) = (Vec::new(), true);
    while more {
        let start = Instant::now();
        more = memory.watch_step();
        steps.push(start.elapsed());
    }
    let watched = memory.watched();
    if let Some(recall) = watched.recall() {
        let (count, questions) = (steps.len(), watched.questions);
        let (middle, most) = percentiles(steps.into_iter());
        println!("of the ten nearest found    {recall:.4} ({questions} questions)");
        println!("  in steps, p50 and p99     {count}, {middle:?} {most:?}");
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000)
}

fn open(folder: &Path) -> Memory {
    let encoder = Some(Encoder { name: "random".to_owned(), dimensions: DIMENSIONS });
    let disk = FileDisk::open(folder).unwrap();
    let options = Options { encoder, check_bytes_max: 0, ..Options::default() };
    Memory::open(Arc::new(disk), options, Arc::new(Seeded::new(2))).unwrap()
}

/// Opens the store and asks it: how long both took.
fn first_answer(folder: &Path, question: &Question) -> (Memory, Duration) {
    let start = Instant::now();
    let memory = open(folder);
    memory.recall(question, now()).unwrap();
    (memory, start.elapsed())
}

fn vector(chance: &Seeded) -> Vec<f32> {
    (0..DIMENSIONS).map(|_| (chance.number() >> 40) as f32 / (1_u32 << 23) as f32 - 1.0).collect()
}

/// A record, with a vector by chance where it has no other.
fn entry(chance: &Seeded, number: usize, near: Option<Vec<f32>>) -> Entry {
    let words: Vec<String> = (0..30).map(|_| word(chance)).collect();
    let draft = Draft {
        text: words.join(" "),
        author: Some(format!("author {}", number % 7)),
        thread: Some(format!("thread {}", number / 20)),
        at: Some(Timestamp::from_millis(1_700_000_000_000 + number as u64 * 1_000)),
        ..Draft::default()
    };
    let vector = near.unwrap_or_else(|| vector(chance));
    Entry { draft, vector: Some(vector), ..Entry::default() }
}

fn question(chance: &Seeded, wanted: &Entry) -> Question {
    let words = wanted.draft.text.split(' ').step_by(5).collect::<Vec<_>>().join(" ");
    let noise = vector(chance);
    let blurred = wanted.vector.iter().flatten().zip(noise).map(|(it, noise)| it + noise);
    Question { text: words, vector: Some(blurred.collect()), ..Question::default() }
}

fn percentiles(times: impl Iterator<Item = Duration>) -> (Duration, Duration) {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

/// How long this thread was on a core until now, where the system tells: beside other programs it says more than a clock.
fn processor_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = told.split(' ').next().and_then(|it| it.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// What the system takes to make 4 KiB durable.
fn bare_sync(folder: &Path) -> Duration {
    let file =
        std::fs::OpenOptions::new().create(true).append(true).open(folder.join("bare")).unwrap();
    let start = Instant::now();
    std::io::Write::write_all(&mut &file, &[7; 4096]).unwrap();
    file.sync_data().unwrap();
    start.elapsed()
}

fn bytes(folder: &Path) -> u64 {
    folder.read_dir().unwrap().map(|it| it.unwrap().metadata().unwrap().len()).sum()
}

/// Memory of this process in use, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    status.split(' ').nth(1).and_then(|it| it.parse::<u64>().ok()).unwrap_or(0) * 4096
}
