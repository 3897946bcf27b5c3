//! Graphs: usearch and hnsw_rs. They are made by all cores, and asked on one.

use std::{fs, path::Path, thread, time::Instant};

use anyhow::{Context as _, Result, bail};
use hnsw_rs::{api::AnnT as _, prelude::*};
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

use crate::{
    data::{DIMENSIONS, Data, WANTED},
    measured::{Report, holds, pin, resident, sweep},
};

/// Neighbours of each vector, twice as many on the lowest level: what both suggest.
const CONNECTIVITY: usize = 16;
/// Candidates while a graph is made: what usearch suggests.
const EXPANSION: usize = 128;
/// Candidates of a question.
const EXPANSIONS: [usize; 11] = [16, 32, 64, 96, 128, 192, 256, 512, 1_024, 2_048, 4_096];

/// usearch, with vectors of numbers of 32 bits or of bytes.
pub(crate) fn usearch(data: &Data, folder: &Path, kind: &str) -> Result<Report> {
    let quantization = match kind {
        "f32" => ScalarKind::F32,
        "i8" => ScalarKind::I8,
        _ => bail!("usearch is measured with `f32` and `i8`, not `{kind}`"),
    };
    let before = data.resident_before()?;
    let index = Index::new(&IndexOptions {
        dimensions: DIMENSIONS,
        metric: MetricKind::Cos,
        quantization,
        connectivity: CONNECTIVITY,
        expansion_add: EXPANSION,
        expansion_search: EXPANSIONS[0],
        multi: false,
    })?;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    index.reserve_capacity_and_threads(data.about.records, threads)?;
    let mut took = 0.0;
    for chunk in data.chunks()? {
        let (first, rows) = chunk?;
        let start = Instant::now();
        let each = rows.len().div_ceil(threads);
        let parts = rows.chunks(each).enumerate();
        let add = |part: usize, rows: &[Vec<f32>]| -> Result<()> {
            for (at, row) in rows.iter().enumerate() {
                index.add((first + part * each + at) as u64, row)?;
            }
            Ok(())
        };
        let add = &add;
        thread::scope(|scope| {
            let start = |(part, rows)| scope.spawn(move || add(part, rows));
            let parts: Vec<_> = parts.map(start).collect();
            parts.into_iter().try_for_each(|it| it.join().expect("a thread that adds ends"))
        })?;
        took += start.elapsed().as_secs_f64();
    }
    let memory_bytes = resident().saturating_sub(before);
    pin()?;
    let name = |expansion| format!("expansion {expansion}");
    let settings = sweep(data, &EXPANSIONS, name, |expansion, question| {
        index.change_expansion_search(expansion);
        Ok(index.search(question, WANTED)?.keys.iter().map(|it| *it as u32).collect())
    })?;
    let file = folder.join("usearch.index");
    let path = file.to_str().context("the folder has a name of letters")?;
    index.save(path)?;
    let disk_bytes = fs::metadata(&file)?.len();
    let removed_stays = if kind == "f32" {
        let mut first: Vec<f32> = Vec::new();
        index.export(0, &mut first)?;
        index.remove(0)?;
        index.save(path)?;
        let first: Vec<u8> = first.iter().take(16).flat_map(|it| it.to_le_bytes()).collect();
        Some(holds(&file, &first)?)
    } else {
        None
    };
    fs::remove_file(&file)?;
    Ok(Report {
        name: format!("usearch {}, {kind}", usearch::version()),
        build_seconds: took,
        memory_bytes,
        disk_bytes,
        removed_stays,
        settings,
        note: format!("connectivity {CONNECTIVITY}, {EXPANSION} candidates while it is made"),
    })
}

/// hnsw_rs, with vectors of numbers of 32 bits.
pub(crate) fn hnsw_rs(data: &Data, folder: &Path) -> Result<Report> {
    let before = data.resident_before()?;
    // The distance of vectors of length one, which is its fastest.
    let mut index: Hnsw<'_, f32, DistDot> =
        Hnsw::new(CONNECTIVITY, data.about.records, 16, EXPANSION, DistDot);
    let mut took = 0.0;
    for chunk in data.chunks()? {
        let (first, rows) = chunk?;
        let start = Instant::now();
        let rows: Vec<(&Vec<f32>, usize)> =
            rows.iter().enumerate().map(|(at, row)| (row, first + at)).collect();
        index.parallel_insert(&rows);
        took += start.elapsed().as_secs_f64();
    }
    index.set_searching_mode(true);
    let memory_bytes = resident().saturating_sub(before);
    pin()?;
    let name = |expansion| format!("expansion {expansion}");
    let settings = sweep(data, &EXPANSIONS, name, |expansion, question| {
        let near = index.search(question, WANTED, expansion);
        Ok(near.iter().map(|it| it.d_id as u32).collect())
    })?;
    let basename = index.file_dump(folder, "hnsw_rs")?;
    let mut disk_bytes = 0;
    for file in folder.read_dir()? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with(&basename) {
            disk_bytes += file.metadata()?.len();
            fs::remove_file(file.path())?;
        }
    }
    Ok(Report {
        name: "hnsw_rs 0.3.5, f32".to_owned(),
        build_seconds: took,
        memory_bytes,
        disk_bytes,
        removed_stays: None,
        settings,
        note: format!(
            "connectivity {CONNECTIVITY}, {EXPANSION} candidates while it is made; nothing can be removed"
        ),
    })
}
