//! What ships, on conversations that it was not trained on.

use std::sync::Arc;

use voyager_base::{chance::Seeded, clock::Timestamp, sim::SimDisk};
use voyager_memory::{
    Candidate, Considered, Draft, Entry, LIMIT_MAX, Memory, Options, Question,
    evaluate::{Category, Turn},
};
use voyager_ranker::worklog;

#[test]
fn recall_finds_more_than_the_sum_of_its_arms_and_doubts_what_nobody_told() {
    let size = worklog::Size { conversations: 2, turns: 240, questions: 80 };
    let made_up = worklog::generate(9, size);
    let (told, other) = (&made_up[0], &made_up[1]);
    let disk = Arc::new(SimDisk::new(1));
    let memory = Memory::open(disk, Options::default(), Arc::new(Seeded::new(7))).unwrap();
    let now = Timestamp::from_millis(1_790_000_000_000);
    let entry = |turn: &Turn| -> Entry {
        let draft = Draft {
            text: turn.text.clone(),
            author: Some(turn.speaker.clone()),
            thread: Some(format!("session {}", turn.session)),
            at: Some(turn.at),
            ..Draft::default()
        };
        draft.into()
    };
    let entries: Vec<Entry> = told.seen.turns.iter().map(entry).collect();
    let ids = memory.remember(&entries, None, now).unwrap();
    let ask = |text: &str| {
        let question = Question { text: text.to_owned(), limit: LIMIT_MAX, ..Question::default() };
        memory.consider(&question, now).unwrap()
    };
    let found = |considered: &Considered, evidence: &[usize], worth: fn(&Candidate) -> f64| {
        let mut order: Vec<_> = considered.candidates.iter().collect();
        order.sort_by(|one, other| worth(other).total_cmp(&worth(one)));
        let best = order.iter().take(10);
        best.filter(|it| evidence.iter().any(|turn| ids[*turn] == it.id)).count()
    };
    let (mut learned, mut untrained, mut doubts) = (0, 0, Vec::new());
    for (text, gold) in told.seen.questions.iter().zip(&told.gold) {
        let considered = ask(text);
        learned += found(&considered, &gold.evidence, |it| it.score);
        untrained += found(&considered, &gold.evidence, |it| it.untrained);
        if gold.category != Category::Adversarial {
            doubts.push(considered.doubt.unwrap());
        }
    }
    assert!(learned > untrained + 5, "{learned} and {untrained} turns that answer");
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    let foreign: Vec<f64> = other.seen.questions.iter().map(|it| ask(it).doubt.unwrap()).collect();
    assert!(mean(&foreign) > mean(&doubts) + 0.2, "{foreign:?} {doubts:?}");
}
