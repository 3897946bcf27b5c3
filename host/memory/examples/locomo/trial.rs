//! A conversation in a store of its own, and what the store says to its questions.

use std::{error::Error, path::Path, sync::Arc};

use voyager_base::{chance::Seeded, clock::Timestamp, sim::SimDisk};
use voyager_encoder::{Bert, Hashed, Lexicon, Precision, lexicon::Making};
use voyager_memory::{
    Considered, Draft, Encoder, Entry, KINDRED_FROM, Kindred, LIMIT_MAX, Memory, Options, Question,
    evaluate::Seen, features, terms, tokens_of,
};

/// So many words are kindred to one, at most.
const NEAR_MAX: usize = 256;

/// What makes vectors and counts tokens.
pub(crate) enum Vectors {
    None,
    Hashed(Hashed),
    /// With the words of its vocabulary, so that questions say which are kindred, or without.
    Bert(Box<(Bert, Option<Lexicon>)>),
}

impl Vectors {
    pub(crate) fn hashed() -> Self {
        Self::Hashed(Hashed::new())
    }

    pub(crate) fn of_folder(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let bert = Bert::open(folder, Precision::Bytes)?;
        let mut making = Making::new(&bert);
        while making.progress().0 < making.progress().1 {
            making.step(&bert, 1_024)?;
        }
        let lexicon =
            making.finish(terms::stem).ok_or("the vocabulary of the encoder has no words")?;
        Ok(Self::Bert(Box::new((bert, Some(lexicon)))))
    }

    /// An encoder whose vocabulary is not known, as that of an endpoint.
    pub(crate) fn of_folder_alone(folder: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(Self::Bert(Box::new((Bert::open(folder, Precision::Bytes)?, None))))
    }

    pub(crate) fn id(&self) -> &str {
        match self {
            Self::None => "nothing",
            Self::Hashed(it) => it.id(),
            Self::Bert(it) => it.0.id(),
        }
    }

    fn encode(&self, texts: &[&str]) -> Vec<Option<Vec<f32>>> {
        let vectors = match self {
            Self::None => return vec![None; texts.len()],
            Self::Hashed(it) => it.encode(texts),
            Self::Bert(it) => it.0.encode(texts).unwrap(),
        };
        vectors.into_iter().map(Some).collect()
    }

    /// Words that mean something like those of a question.
    fn kindred(&self, text: &str) -> Vec<Kindred> {
        let Self::Bert(it) = self else { return Vec::new() };
        let (bert, Some(lexicon)) = &**it else { return Vec::new() };
        let words = terms::telling(text);
        let asked: Vec<&str> = words.iter().map(String::as_str).collect();
        let near = lexicon.near(bert, &asked, KINDRED_FROM, NEAR_MAX).unwrap();
        let of = |(word, near): (String, Vec<(&str, f32)>)| {
            let near = near.into_iter().map(|it| (it.0.to_owned(), it.1));
            Kindred { word, near: near.collect() }
        };
        words.into_iter().zip(near).map(of).collect()
    }

    /// Tokens of a turn, with two that separate it from the next.
    pub(crate) fn tokens(&self, text: &str) -> usize {
        2 + match self {
            Self::None | Self::Hashed(_) => tokens_of(text) as usize,
            Self::Bert(it) => it.0.count_tokens(text),
        }
    }
}

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
    /// How probable recall thinks it that nothing answers.
    pub(crate) doubt: Option<f64>,
    /// What recall ranks by.
    pub(crate) scores: Vec<f64>,
    /// What the ranker of recall read: of which candidates, and their rows, one after the other.
    pub(crate) ranked: Vec<usize>,
    pub(crate) ranking: Vec<f32>,
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
    pub(crate) fn ranked_by(&self, worth: impl Fn(usize) -> f64) -> Vec<usize> {
        self.by(worth).into_iter().map(|it| self.turns[it.1]).collect()
    }
}

impl Trial {
    /// Remembers the turns, and asks the questions.
    pub(crate) fn new(seen: &Seen, vectors: &Vectors) -> Self {
        let texts: Vec<String> = seen.turns.iter().map(|it| it.full()).collect();
        let encoded = vectors.encode(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let dimensions = encoded.first().and_then(|it| Some(it.as_ref()?.len()));
        let encoder =
            dimensions.map(|dimensions| Encoder { name: vectors.id().to_owned(), dimensions });
        let options = Options { encoder, ..Options::default() };
        let disk = Arc::new(SimDisk::new(1));
        let memory = Memory::open(disk, options, Arc::new(Seeded::new(1))).unwrap();
        let entry = |(turn, vector): (&voyager_memory::evaluate::Turn, _)| {
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
            Entry { draft, vector, ..Entry::default() }
        };
        let entries: Vec<Entry> = seen.turns.iter().zip(encoded).map(entry).collect();
        let now = seen.turns.last().map_or_else(Timestamp::default, |it| it.at);
        let ids = memory.remember(&entries, None, now).unwrap();
        let first = ids.first().map_or(0, |it| it.0);
        let questions: Vec<&str> = seen.questions.iter().map(String::as_str).collect();
        let encoded = vectors.encode(&questions);
        let ask = |(text, vector): (&&str, _)| {
            let text = (*text).to_owned();
            let kindred = vectors.kindred(&text);
            let question =
                Question { text, vector, kindred, limit: LIMIT_MAX, ..Question::default() };
            let Considered { candidates, doubt } = memory.consider(&question, now).unwrap();
            Asked {
                doubt,
                turns: candidates.iter().map(|it| (it.id.0 - first) as usize).collect(),
                untrained: candidates.iter().map(|it| it.untrained).collect(),
                scores: candidates.iter().map(|it| it.score).collect(),
                ranked: (0..candidates.len())
                    .filter(|it| !candidates[*it].ranking.is_empty())
                    .collect(),
                ranking: candidates.iter().flat_map(|it| it.ranking.iter().copied()).collect(),
                features: candidates.into_iter().flat_map(|it| it.features).collect(),
            }
        };
        Self { asked: questions.iter().zip(encoded).map(ask).collect() }
    }
}
