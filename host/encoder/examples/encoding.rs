//! How fast a sentence encoder is on one core of this machine.
//!
//! ```text
//! cargo run --release -p voyager-encoder --example encoding -- FOLDER [FILE]
//! ```
//!
//! `FOLDER` holds the encoder. `FILE` holds a text on each line; without it, texts are made of sentences
//! about daily life, about 40 tokens each.
#![allow(clippy::print_stdout, reason = "it prints its figures")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::{env, error::Error, fs, time::Instant};

use voyager_encoder::{Bert, Hashed, Precision};

const SENTENCES: [&str; 8] = [
    "Caroline: I finally signed up for the pottery class on Thursday evenings, and the first bowl came out crooked.",
    "Melanie: We took the kids camping near the lake last weekend; nobody slept, but the stars were amazing.",
    "The deployment on Friday failed because the certificate of the staging server had expired the night before.",
    "She prefers the aisle seat, does not eat shellfish, and wants every receipt in one file by the end of the month.",
    "My sister adopted a rescue dog named Biscuit who is afraid of bicycles but loves the vacuum cleaner.",
    "In March 2023 the team moved from the old office on Baker Street to the third floor of the library building.",
    "After the interview he said that the salary mattered less to him than working from home three days a week.",
    "The doctor changed the dose to twenty milligrams in the morning and asked to see the blood test in six weeks.",
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("the folder of an encoder is missing")?;
    let texts = match env::args().nth(2) {
        Some(file) => fs::read_to_string(file)?.lines().map(str::to_owned).collect(),
        None => texts(),
    };
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut exact = None;
    for precision in [Precision::Exact, Precision::Bytes] {
        let start = Instant::now();
        let bert = Bert::open(&folder, precision)?;
        println!("{precision:?}: {} opened in {:.2} s", bert.id(), start.elapsed().as_secs_f64());
        let vectors = bert.encode(&texts)?;
        let exact = exact.get_or_insert_with(|| vectors.clone());
        println!("  lowest cosine with the exact vectors {:.5}", lowest_cosine(exact, &vectors));
        let tokens: usize = texts.iter().map(|it| bert.count_tokens(it) + 2).sum();
        println!("  {:.1} tokens a text", tokens as f64 / texts.len() as f64);
        for together in [1, 32] {
            measure(&texts, together, |batch| bert.encode(batch).map_err(Into::into))?;
        }
    }
    println!("Hashed:");
    measure(&texts, 1, |batch| Ok(Hashed::new().encode(batch)))
}

fn texts() -> Vec<String> {
    let pairs = (0..8).flat_map(|a| (1..8).map(move |b| (a, (a + b) % 8)));
    pairs.map(|(a, b)| format!("{} {}", SENTENCES[a], &SENTENCES[b][..80])).collect()
}

fn measure(
    texts: &[&str],
    together: usize,
    mut encode: impl FnMut(&[&str]) -> Result<Vec<Vec<f32>>, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut seconds = Vec::new();
    let begin = Instant::now();
    while seconds.len() < 50 || begin.elapsed().as_secs() < 3 {
        for batch in texts.chunks(together).filter(|it| it.len() == together) {
            let start = Instant::now();
            encode(batch)?;
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    let all: f64 = seconds.iter().sum();
    seconds.sort_by(f64::total_cmp);
    println!(
        "  {together:2} at once: {:.0} texts/s, p50 {:.3} ms",
        (seconds.len() * together) as f64 / all,
        1e3 * seconds[seconds.len() / 2]
    );
    Ok(())
}

fn lowest_cosine(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    let cosines = a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>());
    cosines.fold(1.0, f32::min)
}
