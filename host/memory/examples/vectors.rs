//! How vectors are found: time and how many of the true neighbours, for each number of candidates that are
//! compared exactly: the best of the sketches, and the best by sketch and shade of those that recall looks at.
//!
//! `vectors [ROWS] [--real TEXTS [ENCODER]]`: vectors of 384 dimensions by chance, without any order and in clusters;
//! and of the turns of conversations in the form of LoCoMo, by spelling and, with a folder of one, by an
//! encoder. The truth is the exact comparison with all.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures reads the clock, prints, and stops where something fails"
)]

use std::{
    collections::BTreeSet,
    hint::black_box,
    time::{Duration, Instant},
};

use voyager_base::chance::Seeded;
use voyager_encoder::{Bert, Hashed, Precision};
use voyager_memory::{
    evaluate::material::{self, Clusters, blurred, direction},
    vectors::{
        Code, CodeRef, Estimates, Query, Vectors, quarters_bytes,
        select::{Moments, best},
        shade,
        sketch::{self, Probe},
    },
};

const DIMENSIONS: usize = 384;
/// Bytes of the quarters of each.
const QUARTERS: usize = quarters_bytes(DIMENSIONS);
const QUESTIONS: usize = 200;
const CLUSTERS: usize = 1_000;
/// How many of the nearest are wanted.
const WANTED: usize = 10;
const CANDIDATES: [usize; 8] = [50, 100, 200, 300, 500, 1_000, 2_000, 5_000];
/// So many of the best sketches are estimated again with their shades.
const SHADED: usize = 2_000;
/// Texts that are encoded at once.
const BATCH: usize = 32;

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let real = arguments.iter().position(|it| it == "--real");
    let real = real.map_or_else(Vec::new, |at| arguments.split_off(at).split_off(1));
    let rows = arguments.first().map_or(Some(100_000), |it| it.parse().ok());
    let Some(rows) = rows.filter(|it| *it >= CLUSTERS) else {
        eprintln!("error: name a number of rows, {CLUSTERS} or more");
        std::process::exit(2);
    };
    let chance = Seeded::new(1);
    without_order(&chance, rows);
    clustered(&chance, rows);
    if let Some(texts) = real.first() {
        let (turns, questions) = texts_of(texts);
        let spelled = |texts: &[String]| {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            Hashed::new().encode(&texts)
        };
        of_texts("turns, by spelling", spelled(&turns), spelled(&questions));
        if let Some(folder) = real.get(1) {
            let encoder = Bert::open(folder, Precision::Bytes).unwrap();
            let meant = |texts: &[String]| {
                let batches = texts.chunks(BATCH).flat_map(|texts| {
                    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                    encoder.encode(&texts).unwrap()
                });
                batches.collect()
            };
            of_texts("turns, by meaning", meant(&turns), meant(&questions));
        }
    }
}

fn of_texts(name: &str, texts: Vec<Vec<f32>>, questions: Vec<Vec<f32>>) {
    let texts: Vec<Code> = texts.iter().filter_map(|it| Code::of(it)).collect();
    let questions: Vec<Query> = questions.iter().filter_map(|it| Query::of(it)).collect();
    measure(name, &texts, &questions);
}

/// Nothing is near anything: a question is a vector, blurred until it is hardly nearer than the others.
fn without_order(chance: &Seeded, rows: usize) {
    let vector = || Code::of(&direction(chance, DIMENSIONS)).unwrap();
    let vectors: Vec<Code> = (0..rows).map(|_| vector()).collect();
    let questions: Vec<Query> = (0..QUESTIONS)
        .map(|it| Query::of(&blurred(chance, &numbers(&vectors[it * 7919 % rows]), 3.0)).unwrap())
        .collect();
    measure("chance", &vectors, &questions);
}

/// A vector is near the middle of its cluster: a cosine of about 0.7 with the others there.
fn clustered(chance: &Seeded, rows: usize) {
    let clusters = Clusters::round(chance, CLUSTERS, DIMENSIONS);
    let one = |at: usize| clusters.near(chance, at);
    let vectors: Vec<Code> = (0..rows).map(|it| Code::of(&one(it)).unwrap()).collect();
    let questions: Vec<Query> = (0..QUESTIONS).map(|it| Query::of(&one(it)).unwrap()).collect();
    measure("clusters", &vectors, &questions);
}

fn measure(name: &str, vectors: &[Code], questions: &[Query]) {
    let bytes = sketch::row_bytes(vectors[0].dimensions());
    let mut rows = vec![0; vectors.len() * bytes];
    let start = Instant::now();
    for (code, row) in vectors.iter().zip(rows.chunks_exact_mut(bytes)) {
        sketch::write(code.borrowed(), row);
    }
    let writing = start.elapsed();
    let asked = questions.len().min(QUESTIONS);
    println!("{name}: {} vectors, {asked} questions", vectors.len());
    println!("  writing a sketch     {:?}", writing / vectors.len() as u32);
    let mut shades = vec![0; rows.len()];
    let both = rows.chunks_exact_mut(bytes).zip(shades.chunks_exact_mut(bytes));
    for (code, (row, shade)) in vectors.iter().zip(both) {
        shade::write_both(code.borrowed(), row, shade);
    }
    // As a memory has them: one behind the other.
    let one_behind_the_other = |of: fn(CodeRef<'_>) -> &[u8]| -> Vec<u8> {
        vectors.iter().flat_map(|it| of(it.borrowed())).copied().collect()
    };
    let steps = one_behind_the_other(|it| it.steps);
    let quarters = one_behind_the_other(|it| it.quarters);
    let of = |place: usize| CodeRef {
        scale: vectors[place].borrowed().scale,
        steps: &steps[place * DIMENSIONS..][..DIMENSIONS],
        quarters: &quarters[place * QUARTERS..][..QUARTERS],
    };
    let mut estimates = vec![0; vectors.len()];
    let mut spent = [const { Vec::new() }; 6];
    let mut reranking = [const { Vec::new() }; CANDIDATES.len()];
    let (mut found, mut found_closer) = ([0; CANDIDATES.len()], [0; CANDIDATES.len()]);
    let mut wanted = 0;
    let mut errors = [0.0, 0.0];
    let mut looked_at = 0_u64;
    for question in questions.iter().take(QUESTIONS) {
        let exact =
            timed(&mut spent[0], || nearest(question, (0..vectors.len()).map(|it| (it, of(it)))));
        wanted += exact.len();
        let probe = timed(&mut spent[1], || Probe::of(question.code()));
        timed(&mut spent[2], || probe.estimate(&rows, &mut estimates));
        timed(&mut spent[3], || black_box(Moments::of(&[&estimates])));
        timed(&mut spent[4], || black_box(best(&[&estimates], 300)));
        let row = |place: usize| place * bytes..(place + 1) * bytes;
        let closer = |it: usize| probe.estimate_closer(&rows[row(it)], &shades[row(it)]);
        for place in (0..vectors.len()).step_by(997) {
            let cosine = question.cosine(of(place));
            for (sum, estimate) in errors.iter_mut().zip([estimates[place], closer(place)]) {
                *sum += (f64::from(estimate) / f64::from(sketch::ONE) - cosine).powi(2);
            }
            looked_at += 1;
        }
        let shaded = best(&[&estimates], SHADED);
        let told: Vec<i32> =
            timed(&mut spent[5], || shaded.iter().map(|it| closer(it.1 as usize)).collect());
        for (at, count) in CANDIDATES.into_iter().enumerate() {
            let candidates = best(&[&estimates], count);
            let places = candidates.iter().map(|it| (it.1 as usize, of(it.1 as usize)));
            let near = timed(&mut reranking[at], || nearest(question, places));
            found[at] += exact.intersection(&near).count();
            let candidates = best(&[&told], count);
            let places = candidates.iter().map(|it| shaded[it.1 as usize].1 as usize);
            let near = nearest(question, places.map(|it| (it, of(it))));
            found_closer[at] += exact.intersection(&near).count();
        }
    }
    let [exact, probe, scan, moments, select, closer] = spent.map(middle);
    println!("  all, exactly         {exact:?}");
    println!("  question made ready  {probe:?}");
    println!("  scan                 {scan:?}");
    println!("  moments              {moments:?}");
    println!("  300 best             {select:?}");
    println!("  {SHADED} with shades     {closer:?}");
    let [error, error_closer] = errors.map(|it: f64| (it / looked_at as f64).sqrt());
    println!("  error of an estimate {error:.4}, with its shade {error_closer:.4}");
    for (at, count) in CANDIDATES.into_iter().enumerate() {
        let share = found[at] as f64 / wanted as f64;
        let closer = found_closer[at] as f64 / wanted as f64;
        let took = middle(std::mem::take(&mut reranking[at]));
        println!(
            "  {count:>5} candidates: {share:.4} of the {WANTED} nearest, with shades {closer:.4}, {took:?} to compare"
        );
    }
    in_lists(vectors, questions);
}

/// What the best sketches of some lists hold, as recall looks at them where there are very many, beside those of all.
fn in_lists(codes: &[Code], questions: &[Query]) {
    let mut vectors = Vectors::default();
    (0..).zip(codes).for_each(|(place, code)| vectors.set(place, code));
    let start = Instant::now();
    vectors.settle();
    let settling = start.elapsed();
    let (mut spent, mut found, mut wanted) = ([const { Vec::new() }; 2], 0, 0);
    let (mut shares, mut scanned) = (0.0, 0);
    for question in questions.iter().take(QUESTIONS) {
        let best = |estimates: &Estimates<'_>| estimates.best(SHADED, None::<fn(u32, u32) -> bool>);
        let near = |places: Vec<(u32, u32)>| -> BTreeSet<u32> {
            let cosines = vectors.cosines(question, places.into_iter().map(|it| it.1));
            let mut near: Vec<(u32, f64)> = cosines.collect();
            near.sort_by(|one, other| other.1.total_cmp(&one.1));
            near.into_iter().take(WANTED).map(|it| it.0).collect()
        };
        let of_all =
            timed(&mut spent[0], || best(&Estimates::of_all(question.code(), vec![&vectors])));
        let (of_near, count) = timed(&mut spent[1], || {
            let estimates = Estimates::of_near(question.code(), vec![&vectors]);
            (best(&estimates), estimates.count())
        });
        let all = near(of_all);
        wanted += all.len();
        found += all.intersection(&near(of_near)).count();
        shares += count as f64 / codes.len() as f64;
        scanned += usize::from(count >= codes.len());
    }
    let [all, some] = spent.map(middle);
    let asked = questions.len().min(QUESTIONS) as f64;
    let (share, found) = (shares / asked, found as f64 / wanted as f64);
    println!("  put into lists in    {settling:?}");
    println!("  {SHADED} best of all     {all:?}");
    println!(
        "  {SHADED} best of lists   {some:?}: {found:.4} of what is found of all, in {share:.4} of them; {scanned} questions scanned all"
    );
}

fn nearest<'a>(
    question: &Query,
    all: impl Iterator<Item = (usize, CodeRef<'a>)>,
) -> BTreeSet<usize> {
    material::nearest(question, all, WANTED).into_iter().collect()
}

fn timed<T>(spent: &mut Vec<Duration>, what: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = what();
    spent.push(start.elapsed());
    result
}

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn numbers(code: &Code) -> Vec<f32> {
    let code = code.borrowed();
    code.steps.iter().map(|it| f32::from(*it as i8) * code.scale).collect()
}

/// The turns and the questions of conversations.
fn texts_of(path: &str) -> (Vec<String>, Vec<String>) {
    let all: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (mut turns, mut questions) = (Vec::new(), Vec::new());
    let text = |it: &serde_json::Value, name: &str| it[name].as_str().map(str::to_owned);
    for one in all.as_array().unwrap() {
        let sessions = one["conversation"].as_object().unwrap().values();
        let said = sessions.filter_map(|it| it.as_array()).flatten();
        turns.extend(said.filter_map(|it| text(it, "text")));
        questions
            .extend(one["qa"].as_array().unwrap().iter().filter_map(|it| text(it, "question")));
    }
    (turns, questions)
}
