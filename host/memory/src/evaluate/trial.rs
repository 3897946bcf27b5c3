//! A conversation in a store of its own, and what the store says to its questions.

use std::sync::Arc;

use voyager_base::{chance::Seeded, clock::Timestamp, sim::SimDisk};

use super::{Conversation, Ranking, Scored, Seen, Turn, Unfair, measure};
use crate::{
    BATCH_MAX, Considered, Draft, Encoder, Entry, Kindred, LIMIT_MAX, Meaning, Memory, MemoryId,
    Options, Question, features, terms, tokens_of,
};

/// So many texts are encoded at once.
const ENCODED: usize = 64;

/// Tokens that separate a turn from the next.
const BETWEEN: usize = 2;

/// What makes vectors, and counts tokens.
pub trait Reader {
    /// The name of what makes them; none where nothing does.
    fn name(&self) -> Option<String>;

    /// A vector for each text; none for one that has none.
    ///
    /// # Errors
    /// Why there are no vectors, in words.
    fn vectors(&self, texts: &[&str]) -> Result<Vec<Option<Vec<f32>>>, String>;

    /// Words that mean something like those of a question.
    ///
    /// # Errors
    /// As [`Reader::vectors`].
    fn kindred(&self, text: &str) -> Result<Vec<Kindred>, String>;

    /// Tokens of a text, about where nobody knows better.
    fn tokens(&self, text: &str) -> usize {
        tokens_of(text) as usize
    }
}

/// Why questions were not asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unasked {
    /// Somebody wants it to end.
    #[error("stopped: not all questions were asked")]
    Stopped,
    /// There are no vectors.
    #[error("{reason}")]
    Vectors {
        /// Why.
        reason: String,
    },
    /// A store does not take what was said.
    #[error("`{conversation}` can't be remembered: {reason}")]
    Refused {
        /// Which conversation.
        conversation: String,
        /// Why.
        reason: String,
    },
}

/// What a store says to the questions of one conversation.
pub struct Trial {
    /// By question.
    pub asked: Vec<Asked>,
}

/// What a store says to one question.
#[derive(Default)]
pub struct Asked {
    /// The candidates: places of turns.
    pub turns: Vec<usize>,
    /// Their features, one after the other.
    pub features: Vec<f32>,
    /// What each is worth without training.
    pub untrained: Vec<f64>,
    /// How probable recall thinks it that nothing answers.
    pub doubt: Option<f64>,
    /// Which share of the words that tell what is asked for some turn holds, by how rare they are; none where the
    /// question has no such words.
    pub known: Option<f64>,
    /// What recall ranks by.
    pub scores: Vec<f64>,
    /// Of which candidates the ranker of recall read something.
    pub ranked: Vec<usize>,
    /// What it read, one after the other.
    pub ranking: Vec<f32>,
}

impl Asked {
    /// The features of a candidate.
    pub fn row(&self, number: usize) -> &[f32] {
        let width = features::names().len();
        &self.features[number * width..(number + 1) * width]
    }

    /// Candidates by what they are worth, the best first, equal ones in their order.
    pub fn by(&self, worth: impl Fn(usize) -> f64) -> Vec<(f64, usize)> {
        let mut order: Vec<(f64, usize)> =
            (0..self.turns.len()).map(|it| (worth(it), it)).collect();
        order.sort_by(|one, other| other.0.total_cmp(&one.0));
        order
    }

    /// Turns by what they are worth, the best first.
    pub fn ranked_by(&self, worth: impl Fn(usize) -> f64) -> Vec<usize> {
        self.by(worth).into_iter().map(|it| self.turns[it.1]).collect()
    }
}

impl Trial {
    /// Remembers the turns, and asks the questions. `see` is told after so many more turns or questions, and says
    /// whether to go on.
    ///
    /// # Errors
    /// [`Unasked`].
    pub fn new(
        seen: &Seen,
        reader: &dyn Reader,
        see: &mut dyn FnMut(usize) -> bool,
    ) -> Result<Self, Unasked> {
        let vectors = |reason| Unasked::Vectors { reason };
        let refused = |error: &dyn ToString| {
            let (conversation, reason) = (seen.name.clone(), error.to_string());
            Unasked::Refused { conversation, reason }
        };
        let texts: Vec<String> = seen.turns.iter().map(Turn::full).collect();
        let encoded = encoded(&texts, reader, see)?;
        let dimensions = encoded.iter().flatten().map(Vec::len).next();
        let encoder = dimensions.zip(reader.name());
        let encoder = encoder.map(|(dimensions, name)| Encoder { name, dimensions });
        let options = Options { encoder, ..Options::default() };
        let memory = Memory::open(Arc::new(SimDisk::new(1)), options, Arc::new(Seeded::new(1)))
            .map_err(|it| refused(&it))?;
        let entries = seen.turns.iter().zip(encoded);
        let entries: Vec<Entry> = entries.map(|(turn, vector)| entry(turn, vector)).collect();
        let now = seen.turns.last().map_or_else(Timestamp::default, |it| it.at);
        let mut ids = Vec::with_capacity(entries.len());
        for some in entries.chunks(BATCH_MAX) {
            ids.extend(memory.remember(some, None, now).map_err(|it| refused(&it))?);
        }
        let first = ids.first().copied().unwrap_or_default();
        let mut asked = Vec::with_capacity(seen.questions.len());
        for text in &seen.questions {
            // One without a word that tells what to look for is refused, with a vector too: it finds nothing.
            asked.push(if terms::terms(text).is_empty() {
                Asked::default()
            } else {
                let question = question(text, reader, now).map_err(vectors)?;
                let considered = memory.consider(&question, now);
                of(considered.map_err(|it| refused(&it))?, first)
            });
            if !see(1) {
                return Err(Unasked::Stopped);
            }
        }
        Ok(Self { asked })
    }
}

/// A question as a host asks it.
fn question(text: &str, reader: &dyn Reader, now: Timestamp) -> Result<Question, String> {
    let texts = Meaning::texts(text, now);
    let vectors = reader.vectors(&texts.iter().map(String::as_str).collect::<Vec<_>>())?;
    let Meaning { vector, kindred, parts } = Meaning::of(texts, vectors, reader.kindred(text)?);
    let text = text.to_owned();
    Ok(Question { text, vector, kindred, parts, limit: LIMIT_MAX, ..Question::default() })
}

/// The vectors of what was said.
fn encoded(
    texts: &[String],
    reader: &dyn Reader,
    see: &mut dyn FnMut(usize) -> bool,
) -> Result<Vec<Option<Vec<f32>>>, Unasked> {
    let mut all = Vec::with_capacity(texts.len());
    for some in texts.chunks(ENCODED) {
        let some: Vec<&str> = some.iter().map(String::as_str).collect();
        let vectors = reader.vectors(&some);
        all.extend(vectors.map_err(|reason| Unasked::Vectors { reason })?);
        if !see(some.len()) {
            return Err(Unasked::Stopped);
        }
    }
    Ok(all)
}

/// A turn as it is remembered.
fn entry(turn: &Turn, vector: Option<Vec<f32>>) -> Entry {
    let text = match &turn.caption {
        Some(caption) => format!("{} [shares {caption}]", turn.text),
        None if turn.text.trim().is_empty() => "...".to_owned(),
        None => turn.text.clone(),
    };
    let draft = Draft {
        text,
        author: (!turn.speaker.is_empty()).then(|| turn.speaker.clone()),
        thread: (turn.session > 0).then(|| format!("session {}", turn.session)),
        at: Some(turn.at),
        ..Draft::default()
    };
    Entry { draft, vector, ..Entry::default() }
}

/// What was looked at, where the first turn has the id `first`.
fn of(considered: Considered, first: MemoryId) -> Asked {
    let Considered { candidates, doubt, known, .. } = considered;
    let read = |it: &usize| !candidates[*it].ranking.is_empty();
    Asked {
        doubt,
        known,
        turns: candidates.iter().map(|it| (it.id.0 - first.0) as usize).collect(),
        untrained: candidates.iter().map(|it| it.untrained).collect(),
        scores: candidates.iter().map(|it| it.score).collect(),
        ranked: (0..candidates.len()).filter(read).collect(),
        ranking: candidates.iter().flat_map(|it| it.ranking.iter().copied()).collect(),
        features: candidates.into_iter().flat_map(|it| it.features).collect(),
    }
}

/// Asks all questions of some conversations. `see` is told how many turns and questions are done, of how many, and says
/// whether to go on.
///
/// # Errors
/// [`Unasked`].
pub fn ask_all(
    conversations: &[Conversation],
    reader: &dyn Reader,
    see: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Vec<Trial>, Unasked> {
    let sizes = conversations.iter().map(|it| it.seen.turns.len() + it.seen.questions.len());
    let (mut done, total) = (0, sizes.sum::<usize>() as u64);
    let mut more = |count: usize| {
        done += count as u64;
        see(done, total)
    };
    conversations.iter().map(|it| Trial::new(&it.seen, reader, &mut more)).collect()
}

/// What rankings are worth; `rank` gives that of a question, by the numbers of its conversation and of itself.
///
/// # Errors
/// As [`measure`].
pub fn scored(
    conversations: &[Conversation],
    reader: &dyn Reader,
    mut rank: impl FnMut(usize, usize) -> Ranking,
) -> Result<Vec<Scored>, Unfair> {
    let tokens = |turn: &Turn| BETWEEN + reader.tokens(&turn.full());
    let number = |seen: &Seen| conversations.iter().position(|it| it.seen.name == seen.name);
    measure(conversations, tokens, |seen, question| {
        number(seen).map_or_else(Ranking::default, |it| rank(it, question))
    })
}

/// The name of the ranking that recall goes by.
pub const RECALL: &str = "what recall ranks by";

/// What rankings are worth of which none is trained on these conversations, by name: two that know little, and that of
/// recall, which is the last.
///
/// # Errors
/// As [`measure`].
pub fn untrained(
    conversations: &[Conversation],
    trials: &[Trial],
    reader: &dyn Reader,
) -> Result<[(&'static str, Vec<Scored>); 3], Unfair> {
    let asked = |number: usize, question: usize| &trials[number].asked[question];
    let window = features::names().iter().position(|it| it == "window2.z").unwrap_or_default();
    let windowed = scored(conversations, reader, |number, question| {
        let asked = asked(number, question);
        let order = asked.ranked_by(|it| f64::from(asked.row(it)[window]));
        Ranking { order, doubt: None }
    })?;
    let fused = scored(conversations, reader, |number, question| {
        let asked = asked(number, question);
        Ranking { order: asked.ranked_by(|it| asked.untrained[it]), doubt: None }
    })?;
    let recalled = scored(conversations, reader, |number, question| {
        let asked = asked(number, question);
        Ranking { order: asked.ranked_by(|it| asked.scores[it]), doubt: asked.doubt }
    })?;
    Ok([("BM25, windows of 2", windowed), ("untrained fusion", fused), (RECALL, recalled)])
}
