//! Which words mean something alike, as far as an encoder knows: "dog" and "puppy", "painted" and "canvas".
//!
//! The words are those of the encoder's own vocabulary, each encoded alone. So a lexicon belongs to an encoder and
//! to nothing that anybody wrote, and one that is lost is made again. That takes some seconds: [`Making`] does it
//! bit by bit, and what is made can be kept as bytes.
//!
//! All words of an encoder point the same way more or less. What they have in common says nothing of them, so their
//! mean is taken away before two are compared (Mu and Viswanath 2018, "All-but-the-Top").

use std::collections::BTreeMap;

use crate::{
    Bert, EncodeError,
    kernel::{Level, products},
};

/// Most words of a vocabulary that count: the first ones, which are the commonest.
const WORDS_MAX: usize = 50_000;

/// The first bytes of what is kept, to be counted up with every change of its form.
const MAGIC: &[u8; 8] = b"words 1\n";

/// Bytes of the BLAKE3 hash at the end of what is kept.
const HASH_BYTES: usize = 32;

/// The words of an encoder, on their way to a [`Lexicon`].
#[derive(Clone, Debug)]
pub struct Making {
    id: String,
    dimensions: usize,
    words: Vec<String>,
    /// The vectors of the first words, a byte for each number, of any length.
    rows: Vec<i8>,
}

/// Words with what each means, for the words near one.
#[derive(Clone, Debug)]
pub struct Lexicon {
    /// In their order.
    words: Vec<String>,
    level: Level,
    /// What all words have in common.
    mean: Vec<f32>,
    /// The vectors without that, a byte for each number.
    rows: Vec<i8>,
    /// What makes each of them one of length 1.
    scales: Vec<f32>,
}

impl Making {
    /// Nothing made yet.
    pub fn new(bert: &Bert) -> Self {
        let (id, dimensions) = (bert.id().to_owned(), bert.dimensions());
        Self { id, dimensions, words: words_of(bert.vocabulary()), rows: Vec::new() }
    }

    /// What [`Making::to_bytes`] gave for the same encoder; none where it is damaged or of another one.
    pub fn resume(bert: &Bert, bytes: &[u8]) -> Option<Self> {
        let new = Self::new(bert);
        let (content, hash) = bytes.split_last_chunk::<HASH_BYTES>()?;
        (blake3::hash(content) == *hash).then_some(())?;
        let rows = content.strip_prefix(new.head().as_slice())?;
        let fits =
            rows.len() % new.dimensions == 0 && rows.len() / new.dimensions <= new.words.len();
        let rows = rows.iter().map(|it| it.cast_signed()).collect();
        fits.then_some(Self { rows, ..new })
    }

    /// What can be kept: equal encoders make equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.head();
        bytes.extend(self.rows.iter().map(|it| it.cast_unsigned()));
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        bytes
    }

    /// By what the bytes of another encoder are told.
    fn head(&self) -> Vec<u8> {
        [MAGIC.as_slice(), blake3::hash(self.id.as_bytes()).as_bytes()].concat()
    }

    /// How many words are made, and how many there are.
    pub fn progress(&self) -> (usize, usize) {
        (self.rows.len() / self.dimensions.max(1), self.words.len())
    }

    /// Makes up to so many more.
    ///
    /// # Errors
    /// As [`Bert::encode`]; what was made before stays.
    pub fn step(&mut self, bert: &Bert, count: usize) -> Result<(), EncodeError> {
        let (made, all) = self.progress();
        let words = &self.words[made..all.min(made + count)];
        let vectors = bert.encode(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
        vectors.iter().for_each(|it| self.rows.extend(steps(it)));
        Ok(())
    }

    /// The lexicon, once all are made. Words of which `fold` makes the same are one, which means what they mean on
    /// average: forms of a word, where it gives stems.
    pub fn finish(self, fold: impl Fn(&str) -> String) -> Option<Lexicon> {
        let (made, all) = self.progress();
        if made < all || all == 0 {
            return None;
        }
        let mut vectors: Vec<f32> = self.rows.iter().map(|it| f32::from(*it)).collect();
        let mut mean = vec![0.0_f32; self.dimensions];
        for vector in vectors.chunks_exact_mut(self.dimensions) {
            normalise(vector);
            mean.iter_mut().zip(&*vector).for_each(|(mean, it)| *mean += it);
        }
        mean.iter_mut().for_each(|it| *it /= all as f32);
        let mut folded: BTreeMap<String, Vec<f32>> = BTreeMap::new();
        for (word, vector) in self.words.iter().zip(vectors.chunks_exact_mut(self.dimensions)) {
            vector.iter_mut().zip(&mean).for_each(|(it, mean)| *it -= mean);
            normalise(vector);
            let sum = folded.entry(fold(word)).or_insert_with(|| vec![0.0; vector.len()]);
            sum.iter_mut().zip(&*vector).for_each(|(sum, it)| *sum += it);
        }
        let rows: Vec<i8> = folded.values().flat_map(|it| steps(it)).collect();
        let scales = rows.chunks_exact(self.dimensions).map(scale_of).collect();
        let (words, level) = (folded.into_keys().collect(), Level::detect());
        Some(Lexicon { words, level, mean, rows, scales })
    }
}

impl Lexicon {
    /// How many words it knows.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// They themselves, in their order.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// For each of `asked`, which need not be of the lexicon, the words near it: those with a cosine of `least` or
    /// more, without what all words have in common, and of them the `most` nearest, the nearest first. `bert` is the
    /// encoder that the lexicon was made with.
    ///
    /// # Errors
    /// As [`Bert::encode`].
    pub fn near(
        &self,
        bert: &Bert,
        asked: &[&str],
        least: f32,
        most: usize,
    ) -> Result<Vec<Vec<(&str, f32)>>, EncodeError> {
        let vectors = bert.encode(asked)?;
        Ok(vectors.iter().map(|it| self.near_vector(it, least, most)).collect())
    }

    fn near_vector(&self, vector: &[f32], least: f32, most: usize) -> Vec<(&str, f32)> {
        let centred: Vec<f32> = vector.iter().zip(&self.mean).map(|(it, mean)| it - mean).collect();
        let asked: Vec<i8> = steps(&centred).collect();
        let scale = scale_of(&asked);
        let mut found = vec![0; self.words.len()];
        products(self.level, &asked, &self.rows, &mut found);
        let cosines = found.iter().zip(&self.scales).map(|(it, of)| *it as f32 * scale * of);
        let mut near: Vec<(&str, f32)> = self
            .words
            .iter()
            .zip(cosines)
            .filter(|it| it.1 >= least)
            .map(|(word, cosine)| (word.as_str(), cosine.min(1.0)))
            .collect();
        near.sort_by(|one, other| other.1.total_cmp(&one.1).then_with(|| one.0.cmp(other.0)));
        near.truncate(most);
        near
    }
}

/// Of a vocabulary what is a word and no piece of one, sign or number, by the tokens' numbers.
fn words_of(mut vocabulary: Vec<(u32, String)>) -> Vec<String> {
    vocabulary.sort_unstable();
    let is_word = |it: &str| it.chars().nth(1).is_some() && it.chars().all(char::is_alphabetic);
    let words = vocabulary.into_iter().map(|it| it.1).filter(|it| is_word(it));
    words.take(WORDS_MAX).collect()
}

/// A vector as whole numbers: the largest is 127.
fn steps(vector: &[f32]) -> impl Iterator<Item = i8> {
    let largest = vector.iter().fold(f32::MIN_POSITIVE, |it, other| it.max(other.abs()));
    vector.iter().map(move |it| (it / largest * 127.0).round() as i8)
}

/// A vector without a direction stays as it is.
fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|it| it * it).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    vector.iter_mut().for_each(|it| *it /= length);
}

/// What makes steps a vector of length 1.
fn scale_of(steps: &[i8]) -> f32 {
    let square: i64 = steps.iter().map(|it| i64::from(*it).pow(2)).sum();
    1.0 / (square as f32).sqrt().max(f32::MIN_POSITIVE)
}
