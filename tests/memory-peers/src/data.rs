//! The vectors that all are measured with, as files that any language reads.
//!
//! ```text
//! base.f32       RECORDS rows of 384 numbers of 32 bits, little-endian, each of length one
//! questions.f32  as many rows as there are questions
//! truth.u32      ten numbers of rows a question: the nearest, the nearest first, compared exactly
//! about.json     how many, and of which shape
//! ```

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use voyager_base::chance::Seeded;
use voyager_memory::evaluate::material::Clusters;

use crate::measured::resident;

pub(crate) const DIMENSIONS: usize = 384;
/// How many of the nearest are wanted.
pub(crate) const WANTED: usize = 10;
const CLUSTERS: usize = 1_000;
/// Dimensions in which thin clusters are round: about what is told of sentence encoders.
const RANK: usize = 24;
/// Rows that are in memory at once.
const CHUNK: usize = 10_000;
/// Of the best by numbers of 32 bits, those that are compared in 64.
const CLOSE: usize = 3 * WANTED;
const SEED: u64 = 20_261_127;

/// How the vectors lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Shape {
    /// Clusters that are round in all dimensions.
    Round,
    /// Clusters that are round in a few dimensions and thin in the others.
    Thin,
}

impl Shape {
    pub(crate) fn named(name: &str) -> Result<Self> {
        match name {
            "round" => Ok(Self::Round),
            "thin" => Ok(Self::Thin),
            _ => bail!("the clusters are `round` or `thin`, not `{name}`"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) records: usize,
    pub(crate) questions: usize,
    pub(crate) dimensions: usize,
    pub(crate) shape: Shape,
}

/// A folder with the data.
pub(crate) struct Data {
    folder: PathBuf,
    pub(crate) about: About,
    pub(crate) questions: Vec<Vec<f32>>,
    pub(crate) truth: Vec<Vec<u32>>,
}

impl Data {
    /// Makes the data in the folder, unless it holds the same already.
    pub(crate) fn make(folder: &Path, records: usize, shape: Shape) -> Result<()> {
        let questions = if records < 1_000_000 { 1_000 } else { 200 };
        let about = About { records, questions, dimensions: DIMENSIONS, shape };
        let note = folder.join("about.json");
        let there = fs::read(&note).ok().and_then(|it| serde_json::from_slice(&it).ok());
        if there == Some(about) {
            return Ok(());
        }
        fs::create_dir_all(folder)?;
        let chance = Seeded::new(SEED);
        let clusters = match shape {
            Shape::Round => Clusters::round(&chance, CLUSTERS, DIMENSIONS),
            Shape::Thin => Clusters::thin(&chance, CLUSTERS, DIMENSIONS, RANK),
        };
        for (name, count) in [("base.f32", records), ("questions.f32", questions)] {
            let mut file = BufWriter::new(File::create(folder.join(name))?);
            for at in 0..count {
                for number in unit(clusters.near(&chance, at)) {
                    file.write_all(&number.to_le_bytes())?;
                }
            }
            file.flush()?;
        }
        let mut truth = BufWriter::new(File::create(folder.join("truth.u32"))?);
        for row in nearest(folder, &rows_of(&folder.join("questions.f32"))?)?.concat() {
            truth.write_all(&row.to_le_bytes())?;
        }
        truth.flush()?;
        // Last, so that what was left half done is made again.
        Ok(fs::write(note, serde_json::to_vec(&about)?)?)
    }

    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let about = serde_json::from_slice(&fs::read(folder.join("about.json"))?)?;
        let questions = rows_of(&folder.join("questions.f32"))?;
        let truth = fs::read(folder.join("truth.u32"))?;
        let truth: Vec<u32> = truth.as_chunks().0.iter().copied().map(u32::from_le_bytes).collect();
        let truth = truth.chunks(WANTED).map(<[u32]>::to_vec).collect();
        Ok(Self { folder: folder.to_owned(), about, questions, truth })
    }

    /// Memory in use before an index is made, by a process that has read rows already: what that takes is not
    /// the index's.
    pub(crate) fn resident_before(&self) -> Result<u64> {
        drop(self.chunks()?.next());
        Ok(resident())
    }

    /// All rows, some at a time: the number of the first, and the rows.
    pub(crate) fn chunks(&self) -> Result<impl Iterator<Item = Result<(usize, Vec<Vec<f32>>)>>> {
        chunks_of(&self.folder.join("base.f32"))
    }
}

fn chunks_of(path: &Path) -> Result<impl Iterator<Item = Result<(usize, Vec<Vec<f32>>)>> + use<>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let rows = usize::try_from(file.metadata()?.len())? / (DIMENSIONS * size_of::<f32>());
    let mut file = BufReader::new(file);
    Ok((0..rows).step_by(CHUNK).map(move |first| {
        let mut bytes = vec![0; CHUNK.min(rows - first) * DIMENSIONS * size_of::<f32>()];
        file.read_exact(&mut bytes)?;
        let numbers = bytes.as_chunks().0.iter().copied().map(f32::from_le_bytes);
        let numbers: Vec<f32> = numbers.collect();
        Ok((first, numbers.chunks_exact(DIMENSIONS).map(<[f32]>::to_vec).collect()))
    }))
}

fn rows_of(path: &Path) -> Result<Vec<Vec<f32>>> {
    let chunks = chunks_of(path)?.map(|it| it.map(|it| it.1));
    Ok(chunks.collect::<Result<Vec<_>>>()?.concat())
}

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|it| f64::from(*it).powi(2)).sum::<f64>().sqrt();
    vector.iter_mut().for_each(|it| *it = (f64::from(*it) / length) as f32);
    vector
}

/// The nearest rows of each question, by comparing it with all.
fn nearest(folder: &Path, questions: &[Vec<f32>]) -> Result<Vec<Vec<u32>>> {
    let mut best: Vec<Vec<Near>> = vec![Vec::new(); questions.len()];
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let each = questions.len().div_ceil(threads);
    for chunk in chunks_of(&folder.join("base.f32"))? {
        let (first, rows) = chunk?;
        thread::scope(|scope| {
            for (questions, best) in questions.chunks(each).zip(best.chunks_mut(each)) {
                let rows = &rows;
                scope.spawn(move || {
                    for (at, row) in rows.iter().enumerate() {
                        for (question, best) in questions.iter().zip(best.iter_mut()) {
                            keep(best, question, row, first + at);
                        }
                    }
                });
            }
        });
    }
    let ranked = best.into_iter().map(|mut best| {
        best.sort_by(|one, other| other.exact.total_cmp(&one.exact).then(one.row.cmp(&other.row)));
        best.into_iter().take(WANTED).map(|it| it.row).collect()
    });
    Ok(ranked.collect())
}

#[derive(Clone, Copy)]
struct Near {
    about: f32,
    exact: f64,
    row: u32,
}

/// Keeps a row that is among the best, the best first.
fn keep(best: &mut Vec<Near>, question: &[f32], row: &[f32], number: usize) {
    let about = product(question, row);
    if best.len() == CLOSE && about <= best[CLOSE - 1].about {
        return;
    }
    let pairs = question.iter().zip(row);
    let exact = pairs.map(|(one, other)| f64::from(*one) * f64::from(*other)).sum();
    let at = best.partition_point(|it| it.about >= about);
    best.insert(at, Near { about, exact, row: number as u32 });
    best.truncate(CLOSE);
}

/// In lanes, which the compiler makes vectors of.
fn product(one: &[f32], other: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 16];
    for (one, other) in one.as_chunks::<16>().0.iter().zip(other.as_chunks::<16>().0) {
        for ((lane, one), other) in lanes.iter_mut().zip(one).zip(other) {
            *lane += one * other;
        }
    }
    lanes.iter().sum()
}
