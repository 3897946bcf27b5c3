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
#[allow(dead_code, reason = "another program reads what this one does not")]
mod trial;

use std::{
    collections::BTreeMap,
    error::Error,
    fs::File,
    path::{Path, PathBuf},
    time::Instant,
};

use voyager_memory::{
    evaluate::{
        Category, Conversation, RESAMPLES, Ranking, Row, Scored, Seen, Summary, dates, gain,
        locomo, measure, summarise, worklog, write_lines,
    },
    features,
    rank::{Forest, Group, Logistic, Parameters, train},
    when,
};

use crate::trial::{Asked, Trial, Vectors};

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

/// What somebody named and can't be used ends the program.
fn or_exit<T>(outcome: Result<T, impl Into<Box<dyn Error>>>) -> T {
    outcome.unwrap_or_else(|error| {
        let error = error.into();
        eprint!("error: {error}");
        let mut cause = error.source();
        while let Some(it) = cause {
            eprint!(": {it}");
            cause = it.source();
        }
        eprintln!();
        std::process::exit(2)
    })
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
    let trials: Vec<Trial> =
        conversations.iter().map(|it| Trial::new(&it.seen, &vectors)).collect();
    let questions: usize = conversations.iter().map(|it| it.gold.len()).sum();
    println!(
        "{} conversations, {questions} questions, vectors of {}: asked in {:?}",
        conversations.len(),
        vectors.id(),
        start.elapsed()
    );
    let names = features::names();
    let column = |name: &str| names.iter().position(|it| it == name).unwrap();
    let (turn, window) = (column("keyword.z"), column("window2.z"));
    let by = |value: &dyn Fn(&Asked, usize) -> f64| {
        scored(&conversations, &vectors, |number, question| {
            let asked = &trials[number].asked[question];
            Ranking { order: asked.ranked_by(|row| value(asked, row)), doubt: None }
        })
    };
    let keyword = by(&|asked, row| f64::from(asked.row(row)[turn]));
    let windowed = by(&|asked, row| f64::from(asked.row(row)[window]));
    let untrained = by(&|asked, row| asked.untrained[row]);
    let ships = scored(&conversations, &vectors, |number, question| {
        let asked = &trials[number].asked[question];
        Ranking { order: asked.ranked_by(|row| asked.scores[row]), doubt: asked.doubt }
    });
    if arguments.shipped {
        heading();
        for (name, scored) in [
            ("BM25, windows of 2", &windowed),
            ("untrained fusion", &untrained),
            ("what recall ranks by", &ships),
        ] {
            show(name, &summarise(scored, RESAMPLES, 1));
        }
        details("what recall ranks by", &summarise(&ships, RESAMPLES, 1));
        return;
    }
    let start = Instant::now();
    let learned = learned(&conversations, &trials);
    println!("trained on the others {} times in {:?}\n", conversations.len(), start.elapsed());
    let learned_scored = scored(&conversations, &vectors, |number, question| {
        learned[number].rankings[question].clone()
    });
    heading();
    for (name, scored) in [
        ("BM25, turns", &keyword),
        ("BM25, windows of 2", &windowed),
        ("untrained fusion", &untrained),
        ("what recall ranks by", &ships),
        ("learned on the others", &learned_scored),
    ] {
        show(name, &summarise(scored, RESAMPLES, 1));
    }
    let won = gain(&windowed, &learned_scored);
    show("gain over BM25, windows", &summarise(&won, RESAMPLES, 1));
    details("learned", &summarise(&learned_scored, RESAMPLES, 1));
    when_it_was(&conversations, &learned_scored, &learned);
    if let Some(path) = arguments.ranks {
        write_lines(&learned_scored, File::create(&path).unwrap()).unwrap();
        println!("\nranks of every question: {}", path.display());
    }
}

fn scored(
    conversations: &[Conversation],
    vectors: &Vectors,
    mut rank: impl FnMut(usize, usize) -> Ranking,
) -> Vec<Scored> {
    let number = |seen: &Seen| conversations.iter().position(|it| it.seen.name == seen.name);
    let tokens = |turn: &_| vectors.tokens(&voyager_memory::evaluate::Turn::full(turn));
    measure(conversations, tokens, |seen, question| rank(number(seen).unwrap(), question)).unwrap()
}

/// What a ranker that was trained on the other conversations says of one.
struct Learned {
    rankings: Vec<Ranking>,
}

fn learned(conversations: &[Conversation], trials: &[Trial]) -> Vec<Learned> {
    let forests: Vec<Forest> =
        (0..trials.len()).map(|held| forest(conversations, trials, &[held])).collect();
    let doubts = doubt::features();
    let mut all = Vec::new();
    for held in 0..trials.len() {
        // Doubt is learned from rankings as good as those that it will see: of forests that did not see the
        // conversation either.
        let (mut rows, mut labels) = (Vec::new(), Vec::new());
        for (number, forest) in forests.iter().enumerate().filter(|it| it.0 != held) {
            for (asked, gold) in trials[number].asked.iter().zip(&conversations[number].gold) {
                rows.push(doubt::row(asked, forest));
                labels.push(gold.category == Category::Adversarial);
            }
        }
        assert!(rows.iter().all(|it| it.len() == doubts.len()));
        let both = labels.contains(&true) && labels.contains(&false);
        let doubt = both.then(|| Logistic::fit(&rows, &labels, 1.0).unwrap());
        let ranking = |asked: &Asked| Ranking {
            order: asked.ranked_by(|row| forests[held].score(asked.row(row))),
            doubt: doubt.as_ref().map(|it| it.probability(&doubt::row(asked, &forests[held]))),
        };
        all.push(Learned { rankings: trials[held].asked.iter().map(ranking).collect() });
    }
    all
}

/// A forest that did not see some conversations.
fn forest(conversations: &[Conversation], trials: &[Trial], held: &[usize]) -> Forest {
    let mut relevant = Vec::new();
    for (number, trial) in trials.iter().enumerate().filter(|it| !held.contains(&it.0)) {
        for (asked, gold) in trial.asked.iter().zip(&conversations[number].gold) {
            let of = asked.turns.iter().map(|it| gold.evidence.contains(it));
            relevant.push((asked, of.collect::<Vec<bool>>()));
        }
    }
    let groups: Vec<Group<'_>> = relevant
        .iter()
        .map(|(asked, relevant)| Group { features: &asked.features, relevant })
        .collect();
    train(&groups, features::names().len(), &Parameters::default()).unwrap()
}

const SHOWN: [&str; 10] = [
    "R@10",
    "R@50",
    "ER@500",
    "ER@1000",
    "ER@2000",
    "ER@4000",
    "ER@7000",
    "nDCG@10",
    "MRR",
    "session Hit@1",
];

fn heading() {
    print!("{:<26}", "");
    SHOWN.iter().for_each(|it| print!(" {it:>16}"));
    println!();
}

fn show(name: &str, summary: &Summary) {
    line(name, &summary.overall);
    if let Some(it) = &summary.abstention {
        println!(
            "{:<26} AUROC {:.3}, {:.1} % caught at 5 % false alarms",
            "",
            it.auroc,
            it.caught * 100.0
        );
    }
}

fn line(name: &str, row: &Row) {
    print!("{name:<26}");
    for measure in SHOWN {
        let it = row.measures[measure];
        let (mean, low, high) = (it.mean * 100.0, it.low * 100.0, it.high * 100.0);
        print!(" {:>16}", format!("{mean:.1} {low:.1}..{high:.1}"));
    }
    println!();
}

fn details(name: &str, summary: &Summary) {
    println!("\n{name}, by category:");
    for (category, row) in &summary.categories {
        line(&format!("{category:?} ({})", row.questions), row);
    }
    println!("\n{name}, the rest:");
    for (measure, it) in summary.overall.measures.iter().filter(|it| !SHOWN.contains(it.0)) {
        println!(
            "  {measure:<16} {:.1} ({:.1}..{:.1})",
            it.mean * 100.0,
            it.low * 100.0,
            it.high * 100.0
        );
    }
}

/// So many of the next best turns may give the date.
const DATED: usize = 3;

/// For questions whose answer is a date: whether the best turn gives it.
fn when_it_was(conversations: &[Conversation], scored: &[Scored], learned: &[Learned]) {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for (number, conversation) in conversations.iter().enumerate() {
        let of = scored.iter().filter(|it| it.conversation == conversation.seen.name);
        assert_eq!(of.count(), conversation.gold.len());
        for (question, gold) in conversation.gold.iter().enumerate() {
            let Some(answer) = gold.answer.as_ref().filter(|_| gold.category == Category::Temporal)
            else {
                continue;
            };
            let order = &learned[number].rankings[question].order;
            let Some(best) = order.first().map(|it| &conversation.seen.turns[*it]) else {
                continue;
            };
            let dates::Answer::At { interval, granularity } = dates::answer(answer, best.at) else {
                *counts.entry("not a date").or_default() += 1;
                continue;
            };
            let found = date(&conversation.seen, question, order);
            let agreement = match dates::agreement(found, (interval, granularity)) {
                dates::Agreement::Exact => "exact",
                dates::Agreement::Within => "within",
                dates::Agreement::Wrong => "wrong",
            };
            *counts.entry(agreement).or_default() += 1;
        }
    }
    let of = |name: &str| counts.get(name).copied().unwrap_or_default();
    let dated = of("exact") + of("within") + of("wrong");
    if dated > 0 {
        println!(
            "\ndates from the best turn: {} of {dated} exact ({:.1} %), {} within; {} answers are no dates",
            of("exact"),
            f64::from(of("exact")) * 100.0 / f64::from(dated),
            of("within"),
            of("not a date")
        );
    }
}

/// The date that a ranking gives for a question: that of the best turn, of one near it, of the next best ones,
/// or else the day on which the best was said.
fn date(seen: &Seen, question: usize, order: &[usize]) -> (when::Interval, when::Granularity) {
    let text = &seen.questions[question];
    let best = order[0];
    let near = [0_isize, -1, 1, -2, 2].into_iter().filter_map(|it| best.checked_add_signed(it));
    let near = near
        .filter(|it| seen.turns.get(*it).is_some_and(|it| it.session == seen.turns[best].session));
    let turns = near.chain(order.iter().skip(1).take(DATED).copied());
    let mut dates = turns.filter_map(|it| {
        let turn = &seen.turns[it];
        when::date_of(text, &turn.text, turn.at)
    });
    dates
        .next()
        .unwrap_or_else(|| (when::Interval::day_of(seen.turns[best].at), when::Granularity::Day))
}
