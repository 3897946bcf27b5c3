//! The memory: its search through vectors alone, and recall as a whole.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Instant};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use voyager_base::{chance::Seeded, clock::Timestamp};
use voyager_disk::FileDisk;
use voyager_memory::{
    Draft, Encoder, Entry, Memory, MemoryId, Options, Question,
    evaluate::material::word,
    vectors::{Code, Estimates, LISTED_MIN, Query, Vectors, select::best_of},
};

use crate::{
    data::{DIMENSIONS, Data, WANTED},
    measured::{Report, asked, holds, pin, resident, sweep},
};

/// How many of the best sketches are estimated again with their shades, none for not at all, and how many are compared.
/// Recall takes the last but one, where there are as many vectors; the last is all.
const STAGES: [(usize, usize); 6] =
    [(0, 50), (0, 100), (0, 300), (0, 1_000), (2_000, 200), (0, usize::MAX)];
const BATCH: usize = 1_000;
/// Words of a text, and each how many-th of them a question asks for.
const WORDS: usize = 30;
const ASKED: usize = 5;

/// The stages, over one flat list.
pub(crate) fn vectors(data: &Data) -> Result<Report> {
    let records = data.about.records;
    let before = data.resident_before()?;
    let mut took = 0.0;
    let mut vectors = Vectors::default();
    for chunk in data.chunks()? {
        let (first, rows) = chunk?;
        let start = Instant::now();
        for (at, row) in rows.iter().enumerate() {
            vectors.set((first + at) as u32, &Code::of(row).context("a vector has a direction")?);
        }
        took += start.elapsed().as_secs_f64();
    }
    let start = Instant::now();
    vectors.settle();
    took += start.elapsed().as_secs_f64();
    let memory_bytes = resident().saturating_sub(before);
    pin()?;
    let listed = records >= LISTED_MIN;
    let name = |(shaded, compared): (usize, usize)| {
        let of = if listed { "some lists, " } else { "" };
        match (shaded, compared) {
            (_, usize::MAX) => "all compared".to_owned(),
            (0, _) => format!("{of}{compared} compared"),
            _ => format!("{of}{shaded} with shades, {compared} compared"),
        }
    };
    let ask = |(shaded, compared): (usize, usize), question: &[f32]| {
        let question = Query::of(question).context("a question has a direction")?;
        let mut candidates: Vec<(u32, u32)>;
        if compared >= records {
            candidates = (0..records as u32).map(|it| (0, it)).collect();
        } else {
            let shards = vec![&vectors];
            let mut estimates = match listed {
                true => Estimates::of_near(question.code(), shards),
                false => Estimates::of_all(question.code(), shards),
            };
            candidates = estimates.best(shaded.max(compared), None::<fn(u32, u32) -> bool>);
            if shaded > 0 {
                let told = best_of(estimates.closer(&candidates), compared);
                candidates = told.into_iter().map(|it| (it.1, it.2)).collect();
            }
        }
        let places = candidates.into_iter().map(|it| it.1);
        let mut near: Vec<(u32, f64)> = vectors.cosines(&question, places).collect();
        let by_cosine = |one: &(u32, f64), other: &(u32, f64)| {
            other.1.total_cmp(&one.1).then(one.0.cmp(&other.0))
        };
        if near.len() > WANTED {
            near.select_nth_unstable_by(WANTED, by_cosine);
            near.truncate(WANTED);
        }
        near.sort_by(by_cosine);
        Ok(near.into_iter().map(|it| it.0).collect())
    };
    let settings = sweep(data, &STAGES, name, ask)?;
    // Vectors are kept in ten bits a number: more than all of those show, no search finds.
    let bound = (0, usize::MAX);
    let bound = asked(data, name(bound), |_, question| ask(bound, question))?;
    Ok(Report {
        name: "memory, vectors".to_owned(),
        build_seconds: took,
        memory_bytes,
        disk_bytes: 0,
        removed_stays: None,
        settings,
        note: format!(
            "built by one thread; all codes compared find {:.4} at {:.0}/s",
            bound.recall, bound.per_second
        ),
    })
}

/// What making a store took, and the texts of those that are asked for.
#[derive(Serialize, Deserialize)]
struct Made {
    build_seconds: f64,
    disk_bytes: u64,
    texts: BTreeMap<u32, String>,
}

fn open(folder: &Path) -> Result<Memory> {
    let encoder = Some(Encoder { name: "made up".to_owned(), dimensions: DIMENSIONS });
    let options = Options { encoder, check_bytes_max: 0, ..Options::default() };
    let disk = Arc::new(FileDisk::open(folder)?);
    Ok(Memory::open(disk, options, Arc::new(Seeded::new(2)))?)
}

/// Makes a store on the disk, in a process of its own.
pub(crate) fn make(data: &Data, folder: &Path) -> Result<()> {
    let place = folder.join("recall");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir(&place)?;
    let mut texts: BTreeMap<u32, String> =
        data.truth.iter().map(|it| (it[0], String::new())).collect();
    let chance = Seeded::new(3);
    let memory = open(&place)?;
    let mut build_seconds = 0.0;
    for chunk in data.chunks()? {
        let (first, rows) = chunk?;
        for (part, rows) in rows.chunks(BATCH).enumerate() {
            let first = first + part * BATCH;
            let entry = |(at, row): (usize, &Vec<f32>)| {
                let text = (0..WORDS).map(|_| word(&chance)).collect::<Vec<_>>().join(" ");
                if let Some(kept) = texts.get_mut(&((first + at) as u32)) {
                    kept.clone_from(&text);
                }
                let thread = Some(format!("thread {}", (first + at) / 20));
                let draft = Draft { text, thread, at: Some(now()), ..Draft::default() };
                Entry { draft, vector: Some(row.clone()), ..Entry::default() }
            };
            let batch: Vec<Entry> = rows.iter().enumerate().map(entry).collect();
            let start = Instant::now();
            memory.remember(&batch, None, now())?;
            build_seconds += start.elapsed().as_secs_f64();
        }
    }
    let start = Instant::now();
    memory.keep_index()?;
    build_seconds += start.elapsed().as_secs_f64();
    let mut disk_bytes = 0;
    for file in place.read_dir()? {
        disk_bytes += file?.metadata()?.len();
    }
    let made = serde_json::to_vec(&Made { build_seconds, disk_bytes, texts })?;
    Ok(fs::write(folder.join("recall.json"), made)?)
}

/// The store, asked with a vector alone, then with words and a vector.
pub(crate) fn recall(data: &Data, folder: &Path) -> Result<Report> {
    let made: Made = serde_json::from_slice(&fs::read(folder.join("recall.json"))?)?;
    let before = resident();
    let memory = open(&folder.join("recall"))?;
    pin()?;
    let ask = |question: Question| -> Result<Vec<u32>> {
        let hits = memory.recall_anew(&question, now())?.hits;
        Ok(hits.iter().map(|it| it.record.id.0 as u32).collect())
    };
    let alone = asked(data, "a vector alone".to_owned(), |_, vector| {
        ask(Question { vector: Some(vector.to_vec()), ..Question::default() })
    })?;
    let mut found = BTreeMap::new();
    let both = asked(data, "six words and a vector".to_owned(), |at, vector| {
        let wanted = data.truth[at][0];
        let words = made.texts[&wanted].split(' ').step_by(ASKED).collect::<Vec<_>>().join(" ");
        let vector = Some(vector.to_vec());
        let near = ask(Question { text: words, vector, ..Question::default() })?;
        found.insert(at, near.contains(&wanted));
        Ok(near)
    })?;
    let note = format!(
        "does more than find vectors: texts, sealed rows, ranking, records read. Of the records whose words are \
         asked for, {} of {} are among the ten",
        found.values().filter(|it| **it).count(),
        found.len()
    );
    let memory_bytes = resident().saturating_sub(before);
    memory.forget(&[MemoryId(0)], None, now())?;
    drop(memory);
    let (_, rows) = data.chunks()?.next().context("there are rows")??;
    let code = Code::of(&rows[0]).context("a vector has a direction")?;
    let mut stays = false;
    for file in folder.join("recall").read_dir()? {
        stays |= holds(&file?.path(), code.borrowed().steps)?;
    }
    fs::remove_dir_all(folder.join("recall"))?;
    Ok(Report {
        name: "memory, recall".to_owned(),
        build_seconds: made.build_seconds,
        memory_bytes,
        disk_bytes: made.disk_bytes,
        removed_stays: Some(stays),
        settings: vec![alone, both],
        note,
    })
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000)
}
