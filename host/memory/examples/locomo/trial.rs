//! A conversation in a store of its own, and what the store says to its questions.

use std::sync::Arc;

use voyager_base::{chance::Seeded, clock::Timestamp, sim::SimDisk};
use voyager_memory::{
    Draft, Encoder, Entry, LIMIT_MAX, Memory, Options, Question, evaluate::Seen, features,
};

use crate::Vectors;

/// What a store says to the questions of one conversation.
pub(crate) struct Trial {
    pub(crate) asked: Vec<Asked>,
}

/// What a store says to one question.
pub(crate) struct Asked {
    /// The candidates: places of turns.
    pub(crate) turns: Vec<usize>,
    /// Their features, one after the other.
    pub(crate) features: Vec<f32>,
    /// What each is worth without training.
    pub(crate) untrained: Vec<f64>,
}

impl Asked {
    /// The features of a candidate.
    pub(crate) fn row(&self, number: usize) -> &[f32] {
        let width = features::names().len();
        &self.features[number * width..(number + 1) * width]
    }

    /// Candidates by what they are worth, the best first, equal ones in their order.
    pub(crate) fn by(&self, worth: impl Fn(usize) -> f64) -> Vec<(f64, usize)> {
        let mut order: Vec<(f64, usize)> =
            (0..self.turns.len()).map(|it| (worth(it), it)).collect();
        order.sort_by(|one, other| other.0.total_cmp(&one.0));
        order
    }

    /// Turns by what they are worth, the best first.
    pub(crate) fn ranked(&self, worth: impl Fn(usize) -> f64) -> Vec<usize> {
        self.by(worth).into_iter().map(|it| self.turns[it.1]).collect()
    }
}

impl Trial {
    /// Remembers the turns, and asks the questions.
    pub(crate) fn new(seen: &Seen, vectors: &Vectors) -> Self {
        let texts: Vec<String> = seen.turns.iter().map(|it| it.full()).collect();
        let encoded = vectors.encode(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let dimensions = encoded.first().map_or(1, Vec::len);
        let encoder = Some(Encoder { name: vectors.id().to_owned(), dimensions });
        let options = Options { encoder, ..Options::default() };
        let disk = Arc::new(SimDisk::new(1));
        let memory = Memory::open(disk, options, Arc::new(Seeded::new(1))).unwrap();
        let entry = |(turn, vector): (&voyager_memory::evaluate::Turn, Vec<f32>)| {
            let text = match &turn.caption {
                Some(caption) => format!("{} [shares {caption}]", turn.text),
                None if turn.text.trim().is_empty() => "...".to_owned(),
                None => turn.text.clone(),
            };
            let draft = Draft {
                text,
                author: Some(turn.speaker.clone()),
                thread: Some(format!("session {}", turn.session)),
                at: Some(turn.at),
                ..Draft::default()
            };
            Entry { draft, vector: Some(vector) }
        };
        let entries: Vec<Entry> = seen.turns.iter().zip(encoded).map(entry).collect();
        let now = seen.turns.last().map_or_else(Timestamp::default, |it| it.at);
        let ids = memory.remember(&entries, None, now).unwrap();
        let first = ids.first().map_or(0, |it| it.0);
        let questions: Vec<&str> = seen.questions.iter().map(String::as_str).collect();
        let encoded = vectors.encode(&questions);
        let ask = |(text, vector): (&&str, Vec<f32>)| {
            let text = (*text).to_owned();
            let question =
                Question { text, vector: Some(vector), limit: LIMIT_MAX, ..Question::default() };
            let candidates = memory.candidates(&question, now).unwrap();
            Asked {
                turns: candidates.iter().map(|it| (it.id.0 - first) as usize).collect(),
                untrained: candidates.iter().map(|it| it.untrained).collect(),
                features: candidates.into_iter().flat_map(|it| it.features).collect(),
            }
        };
        Self { asked: questions.iter().zip(encoded).map(ask).collect() }
    }
}
