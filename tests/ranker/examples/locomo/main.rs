//! How well recall finds the evidence of questions about long conversations.
//!
//! `locomo [DATA] [--encoder FOLDER] [--corrected FILE] [--ranks FILE] [--worklog] [--everyday] [--shipped]`
//!
//! `DATA` is a file of the LoCoMo data set (CC BY-NC 4.0: for evaluation only), by default the one beside the
//! repository. `--encoder` names a folder with a sentence encoder (`model.safetensors`, `tokenizer.json`,
//! `config.json`), or `none` for no vectors; without it, vectors are hashed features. `--ranks` writes what every question was worth, one
//! line of JSON each. `--worklog` measures on our own generated work logs instead, `--everyday` on our own talk of friends. `--shipped` trains nothing: it
//! shows what recall does, and ends.
//!
//! Nothing here reads answers or evidence while it ranks. What recall ranks by was trained on conversations that
//! we make up; what is trained here, on the other conversations alone. The mean of each measure stands before the interval that 10,000 resamplings of conversations give.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures reads the clock, prints, and stops where something fails"
)]

mod doubt;

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Instant,
};

use voyager_memory::{
    evaluate::{
        Asked, Category, Conversation, RECALL, RESAMPLES, Ranking, Scored, Seen, Summary, Trial,
        ask_all, details, gain, locomo, scored, summarise, table, untrained, write_lines,
    },
    features,
    rank::{self, Ranker, is_led_by_the_second},
};
use voyager_ranker::{
    Group, Vectors,
    forest::{Parameters, RandomTrees},
    linear::Penalty,
    or_exit, train, worklog,
};

#[derive(Default)]
struct Arguments {
    data: Option<PathBuf>,
    encoder: Option<PathBuf>,
    corrected: Option<PathBuf>,
    ranks: Option<PathBuf>,
    made_up: Option<&'static worklog::Setting>,
    shipped: bool,
}

fn arguments() -> Arguments {
    let mut arguments = Arguments::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut path =
            || Some(or_exit(words.next().ok_or("a path is missing behind the last option")).into());
        match word.as_str() {
            "--encoder" => arguments.encoder = path(),
            "--corrected" => arguments.corrected = path(),
            "--ranks" => arguments.ranks = path(),
            "--worklog" => arguments.made_up = Some(&worklog::WORK),
            "--everyday" => arguments.made_up = Some(&worklog::EVERYDAY),
            "--shipped" => arguments.shipped = true,
            other if other.starts_with('-') => or_exit(Err(format!("`{other}` is no option"))),
            _ => arguments.data = Some(word.into()),
        }
    }
    arguments
}

fn main() {
    let arguments = arguments();
    let conversations = if let Some(setting) = arguments.made_up {
        let size = worklog::Size { conversations: 5, turns: 600, questions: 150 };
        worklog::generate_in(setting, 1, size)
    } else {
        let beside =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/locomo/locomo-5.json");
        let data = match arguments.data {
            Some(data) => data,
            None if Path::new(beside).exists() => beside.into(),
            None => {
                println!("skipped: there is no {beside}; name the file of the data set");
                return;
            }
        };
        or_exit(locomo::read(&data, arguments.corrected.as_deref()))
    };
    let vectors = match arguments.encoder {
        Some(none) if none.as_os_str() == "none" => Vectors::None,
        Some(folder) => or_exit(Vectors::of_folder(&folder)),
        None => Vectors::hashed(),
    };
    let start = Instant::now();
    let trials = or_exit(ask_all(&conversations, &vectors, &mut |_, _| true));
    let questions: usize = conversations.iter().map(|it| it.gold.len()).sum();
    println!(
        "{} conversations, {questions} questions, vectors of {}: asked in {:?}",
        conversations.len(),
        vectors.id(),
        start.elapsed()
    );
    let mut rankings = or_exit(untrained(&conversations, &trials, &vectors)).to_vec();
    if arguments.shipped {
        let summaries = summaries(&rankings);
        print!("{}", table(summaries.iter().map(|it| (it.0, &it.1))));
        let (_, recall) = &summaries[summaries.len() - 1];
        print!("\n{}", details(RECALL, recall));
        let (_, scored) = &rankings[rankings.len() - 1];
        write_ranks(arguments.ranks.as_deref(), scored);
        return;
    }
    let start = Instant::now();
    let learned = learned(&conversations, &trials, ranker_of_recall(&vectors));
    println!("trained on the others {} times in {:?}\n", conversations.len(), start.elapsed());
    let learned_scored = or_exit(scored(&conversations, &vectors, |number, question| {
        learned[number].rankings[question].clone()
    }));
    let names = features::names();
    let turn = names.iter().position(|it| it == "keyword.z").unwrap();
    let keyword = or_exit(scored(&conversations, &vectors, |number, question| {
        let asked = &trials[number].asked[question];
        let order = asked.ranked_by(|row| f64::from(asked.row(row)[turn]));
        Ranking { order, doubt: None }
    }));
    let won = gain(&rankings[0].1, &learned_scored);
    rankings.insert(0, ("BM25, turns", keyword));
    rankings.push(("learned on the others", learned_scored.clone()));
    rankings.push(("gain over BM25, windows", won));
    let summaries = summaries(&rankings);
    print!("{}", table(summaries.iter().map(|it| (it.0, &it.1))));
    print!("\n{}", details("learned", &summarise(&learned_scored, RESAMPLES, 1)));
    write_ranks(arguments.ranks.as_deref(), &learned_scored);
}

/// Writes what each question was worth, where somebody named a file for it.
fn write_ranks(path: Option<&Path>, scored: &[Scored]) {
    if let Some(path) = path {
        let written = File::create(path).and_then(|it| write_lines(scored, it));
        or_exit(written.map_err(|it| format!("cannot write `{}`: {it}", path.display())));
        println!("\nranks of every question: {}", path.display());
    }
}

/// What rankings are worth, with how far to trust it.
fn summaries<'a>(rankings: &[(&'a str, Vec<Scored>)]) -> Vec<(&'a str, Summary)> {
    rankings.iter().map(|(name, scored)| (*name, summarise(scored, RESAMPLES, 1))).collect()
}

/// What recall ranks by, with these vectors.
fn ranker_of_recall(vectors: &Vectors) -> &'static Ranker {
    rank::ranker(matches!(vectors, Vectors::Bert(it) if it.1.is_some()))
}

/// What a ranker that was trained on the other conversations says of one.
struct Learned {
    rankings: Vec<Ranking>,
}

fn learned(conversations: &[Conversation], trials: &[Trial], of_recall: &Ranker) -> Vec<Learned> {
    let rankers: Vec<Ranker> =
        (0..trials.len()).map(|held| ranker(conversations, trials, held)).collect();
    let mut all = Vec::new();
    for held in 0..trials.len() {
        // Doubt is learned from rankings as good as those that it will see: of rankers that did not see the
        // conversation either.
        let (mut rows, mut labels) = (Vec::new(), Vec::new());
        for (number, ranker) in rankers.iter().enumerate().filter(|it| it.0 != held) {
            for (asked, gold) in trials[number].asked.iter().zip(&conversations[number].gold) {
                rows.push(doubt::row(asked, ranker, of_recall));
                labels.push(gold.category == Category::Adversarial);
            }
        }
        let both = labels.contains(&true) && labels.contains(&false);
        let trees = RandomTrees::of(rows.first().map_or(0, Vec::len));
        let doubt = both.then(|| trees.train(&rows, &labels).unwrap());
        let ranking = |asked: &Asked| Ranking {
            order: order(&conversations[held].seen, asked, &rankers[held]),
            doubt: doubt.as_ref().map(|it| it.score(&doubt::row(asked, &rankers[held], of_recall))),
        };
        all.push(Learned { rankings: trials[held].asked.iter().map(ranking).collect() });
    }
    all
}

/// Turns as a ranker orders them, led as recall has them led.
fn order(seen: &Seen, asked: &Asked, ranker: &Ranker) -> Vec<usize> {
    let ranked = asked.by(|row| ranker.score(asked.row(row)));
    let turns = ranked.iter().map(|it| (it.0, asked.turns[it.1]));
    let session = |(score, turn): (f64, usize)| (score, seen.turns[turn].session);
    let sessions: Vec<(f64, u32)> = turns.clone().map(session).collect();
    let mut order: Vec<usize> = turns.map(|it| it.1).collect();
    if is_led_by_the_second(&sessions) {
        order.swap(0, 1);
    }
    order
}

/// What a ranker's sum pays for its weights. Talk here is all of one kind.
const PENALTY: Penalty = Penalty { each: 0.02, unlike: 0.0 };

/// A ranker that did not see one of the conversations.
fn ranker(conversations: &[Conversation], trials: &[Trial], held: usize) -> Ranker {
    let mut relevant = Vec::new();
    for (number, trial) in trials.iter().enumerate().filter(|it| it.0 != held) {
        for (asked, gold) in trial.asked.iter().zip(&conversations[number].gold) {
            let of = asked.turns.iter().map(|it| gold.evidence.contains(it));
            relevant.push((asked, of.collect::<Vec<bool>>()));
        }
    }
    let groups: Vec<Group<'_>> = relevant
        .iter()
        .map(|(asked, relevant)| Group { features: &asked.features, relevant })
        .collect();
    train(&[&groups], features::names().len(), &Parameters::default(), PENALTY).unwrap()
}
