//! What makes the vectors of programs that measure and train.

use std::{error::Error, path::Path};

use voyager_encoder::{Bert, Hashed, Lexicon, Precision, lexicon::Making};
use voyager_memory::{KINDRED_FROM, Kindred, evaluate::Reader, terms, tokens_of};

/// So many words are kindred to one, at most.
const NEAR_MAX: usize = 256;

/// What makes vectors and counts tokens.
pub enum Vectors {
    /// Nothing does.
    None,
    /// By spelling.
    Hashed(Hashed),
    /// A sentence encoder: with the words of its vocabulary, so that questions say which are kindred, or without.
    Bert(Box<(Bert, Option<Lexicon>)>),
}

impl Vectors {
    /// Those by spelling.
    pub fn hashed() -> Self {
        Self::Hashed(Hashed::new())
    }

    /// Those of a sentence encoder, with the words of its vocabulary.
    ///
    /// # Errors
    /// When there is no encoder in the folder, or its vocabulary has no words.
    pub fn of_folder(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let bert = Bert::open(folder, Precision::Bytes)?;
        let mut making = Making::new(&bert);
        while making.progress().0 < making.progress().1 {
            making.step(&bert, 1_024)?;
        }
        let lexicon =
            making.finish(terms::stem).ok_or("the vocabulary of the encoder has no words")?;
        Ok(Self::Bert(Box::new((bert, Some(lexicon)))))
    }

    /// The name of what makes them.
    pub fn id(&self) -> &str {
        match self {
            Self::None => "nothing",
            Self::Hashed(it) => it.id(),
            Self::Bert(it) => it.0.id(),
        }
    }
}

impl Reader for Vectors {
    fn name(&self) -> Option<String> {
        (!matches!(self, Self::None)).then(|| self.id().to_owned())
    }

    fn vectors(&self, texts: &[&str]) -> Result<Vec<Option<Vec<f32>>>, String> {
        let vectors = match self {
            Self::None => return Ok(vec![None; texts.len()]),
            Self::Hashed(it) => it.encode(texts),
            Self::Bert(it) => it.0.encode(texts).map_err(|it| it.to_string())?,
        };
        Ok(vectors.into_iter().map(Some).collect())
    }

    fn kindred(&self, text: &str) -> Result<Vec<Kindred>, String> {
        let Self::Bert(it) = self else { return Ok(Vec::new()) };
        let (bert, Some(lexicon)) = &**it else { return Ok(Vec::new()) };
        let words = terms::telling(text);
        let asked: Vec<&str> = words.iter().map(String::as_str).collect();
        let near =
            lexicon.near(bert, &asked, KINDRED_FROM, NEAR_MAX).map_err(|it| it.to_string())?;
        let of = |(word, near): (String, Vec<(&str, f32)>)| {
            let near = near.into_iter().map(|it| (it.0.to_owned(), it.1));
            Kindred { word, near: near.collect() }
        };
        Ok(words.into_iter().zip(near).map(of).collect())
    }

    fn tokens(&self, text: &str) -> usize {
        match self {
            Self::None | Self::Hashed(_) => tokens_of(text) as usize,
            Self::Bert(it) => it.0.count_tokens(text),
        }
    }
}
