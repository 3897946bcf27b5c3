//! A sentence encoder of the BERT family, from files as they are published.
//!
//! [`folder`] reads and checks the files, [`tokens`] cuts texts, [`layers`] holds the weights in the order in which they are
//! used, [`forward`] runs texts through them. The inner loops are in [`crate::kernel`].
//!
//! Texts run one after another on the thread that asks, several short ones at once so that the weights
//! are read from memory once for all of them; a text's vector does not depend on its company.

mod folder;
mod forward;
mod layers;
mod tokens;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use self::{folder::Folder, forward::Scratch, layers::Layers, tokens::Tokens};
use crate::kernel::Level;

/// Part of the id: to be counted up with every change that changes a vector.
const METHOD: u32 = 1;

/// A sentence encoder: words in pieces, layers of attention, one vector for each text.
#[derive(Debug)]
pub struct Bert {
    id: String,
    tokens: Tokens,
    layers: Layers,
    level: Level,
    /// One for each call that ever ran beside others.
    scratches: Mutex<Vec<Scratch>>,
}

/// With which numbers the weights are multiplied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Bytes, with a scale for each row and column: several times faster, a quarter of the memory, and
    /// vectors whose cosine with the exact ones is above 0.99.
    #[default]
    Bytes,
    /// `f32`, as the weights were trained.
    Exact,
}

/// Why a folder is no encoder. Nothing was changed; trying again helps only after the file was.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file could not be read.
    #[error("cannot read {}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is larger than an encoder's.
    #[error("{} has {bytes} bytes, more than the {bytes_max} that are read", file.display())]
    TooLarge {
        /// Which.
        file: PathBuf,
        /// How large it is.
        bytes: u64,
        /// How large it may be.
        bytes_max: u64,
    },
    /// The file is not of its format, or the files contradict each other.
    #[error("{}: {problem}", file.display())]
    Malformed {
        /// Which.
        file: PathBuf,
        /// What is there, and what was expected.
        problem: String,
    },
    /// The file is right, and asks for what this encoder does not do.
    #[error("{}: {problem}", file.display())]
    Unsupported {
        /// Which.
        file: PathBuf,
        /// What it asks for, and what there is.
        problem: String,
    },
}

/// Why texts have no vectors. None was made; trying again does not help.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The vocabulary has no way to write the text.
    #[error("text {index} cannot be cut into tokens of the vocabulary: {problem}")]
    Tokens {
        /// Which of the texts.
        index: usize,
        /// What the tokenizer says.
        problem: String,
    },
    /// The weights lead to numbers out of range.
    #[error(
        "text {index} has no direction: the weights of the encoder lead out of the range of numbers"
    )]
    NoDirection {
        /// Which of the texts.
        index: usize,
    },
}

impl Bert {
    /// Opens the encoder in `folder`: `model.safetensors`, `tokenizer.json` and `config.json`; and, where
    /// they are, `modules.json`, `1_Pooling/config.json` and `sentence_bert_config.json`.
    ///
    /// The weights are read once, not mapped: a file that changes below a map would change the vectors
    /// under the same id, or end the process.
    ///
    /// # Errors
    ///
    /// When a file is missing, malformed, does not fit the others, or asks for what is not here.
    pub fn open(folder: impl AsRef<Path>, precision: Precision) -> Result<Self, OpenError> {
        let folder = Folder::read(folder.as_ref())?;
        let layers = Layers::of(&folder, precision)?;
        Ok(Self {
            id: folder.id(precision)?,
            tokens: folder.tokens()?,
            layers,
            level: Level::detect(),
            scratches: Mutex::default(),
        })
    }

    /// The name of what this encoder does to a text: equal ids, equal vectors. It comes from the files, the
    /// precision and the method.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Numbers in a vector.
    pub fn dimensions(&self) -> usize {
        self.layers.width()
    }

    /// Tokens of a text that count, with the two that stand around it.
    pub fn tokens_max(&self) -> usize {
        self.tokens.max()
    }

    /// Tokens of `text`, all of them, without those that stand around it. A text that cannot be cut into
    /// tokens has none.
    pub fn count_tokens(&self, text: &str) -> usize {
        self.tokens.count(text)
    }

    /// The tokens of its vocabulary, with their numbers, in no order.
    pub(crate) fn vocabulary(&self) -> Vec<(u32, String)> {
        self.tokens.vocabulary()
    }

    /// A vector of length 1 for each text. Of a text with more than [`tokens_max`](Self::tokens_max)
    /// tokens only the beginning counts.
    ///
    /// # Errors
    ///
    /// When the vocabulary or the weights fail on a text; the published ones do not.
    pub fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let mut scratch = self.scratches().pop().unwrap_or_default();
        let vectors = self.encode_with(&mut scratch, texts);
        self.scratches().push(scratch);
        vectors
    }

    fn encode_with(
        &self,
        scratch: &mut Scratch,
        texts: &[&str],
    ) -> Result<Vec<Vec<f32>>, EncodeError> {
        let mut vectors = Vec::with_capacity(texts.len());
        scratch.clear();
        for (index, text) in texts.iter().enumerate() {
            scratch
                .add(|tokens| self.tokens.write(text, tokens))
                .map_err(|problem| EncodeError::Tokens { index, problem })?;
            if scratch.is_full() || index + 1 == texts.len() {
                self.layers.run(self.level, scratch, &mut vectors);
            }
        }
        for (index, vector) in vectors.iter().enumerate() {
            if !vector.iter().all(|it| it.is_finite()) {
                return Err(EncodeError::NoDirection { index });
            }
        }
        Ok(vectors)
    }

    fn scratches(&self) -> MutexGuard<'_, Vec<Scratch>> {
        // A scratch is put back whole or not at all.
        self.scratches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
