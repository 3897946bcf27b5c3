//! What makes the vectors of the memory: which encoder this host has, and what it gives for texts.
//!
//! An encoder that can't be used is no reason to fail: records wait for their vectors, and questions are answered
//! from their words.

mod setting;
mod web;
mod words;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tokio::sync::watch;
use voyager_base::clock::{Clock, Timestamp};
use voyager_encoder::{Bert, Hashed, Precision};
use voyager_memory::{
    DIMENSIONS_MAX, Encoder as Known, Kindred, Options, tokens_of, vectors::Code,
};

use self::{setting::What, web::Web, words::Words};
pub(crate) use self::{
    setting::{Said, Setting},
    web::Patience,
};

use crate::failure::with_causes;

/// So long nobody asks an encoder again that could not be reached, and no files are read again that were none.
const REST: std::time::Duration = std::time::Duration::from_secs(10);

/// Bytes of a text that count: more than encoders look at, and no more tokens than they take.
const TEXT_BYTES_MAX: usize = 8_000;

/// Why there are no vectors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// Something of these texts; each for itself may do.
    #[error("the encoder refuses: {0}")]
    Refused(String),
    /// The encoder is not there, or not what it was. Trying again later may help.
    #[error("the encoder can't be used: {0}")]
    Down(String),
}

impl Trouble {
    /// What is wrong, without what follows from it.
    pub(crate) fn into_why(self) -> String {
        match self {
            Self::Refused(why) | Self::Down(why) => why,
        }
    }
}

/// The encoder of this process.
pub(crate) struct Encoder {
    setting: Setting,
    clock: Arc<dyn Clock>,
    /// Made when somebody first needs it: the weights of a folder take a moment.
    made: OnceLock<Maker>,
    /// When it could not be made last, and why. Held while it is made.
    unmade: Mutex<Option<(Timestamp, String)>>,
    words: Words,
    /// When it could not be reached last, and why.
    down: Mutex<Option<(Timestamp, String)>>,
    /// Why the last attempt gave nothing that another one followed.
    failed: watch::Sender<String>,
}

enum Maker {
    Hashed(Hashed),
    Folder(Arc<Bert>),
    Web(Web),
}

impl Encoder {
    /// That of a setting; nothing is opened yet. What is known of its words is kept in the folder `words`.
    pub(crate) fn new(setting: Setting, clock: Arc<dyn Clock>, words: PathBuf) -> Self {
        let words = Words::new(words);
        Self {
            setting,
            clock,
            made: OnceLock::new(),
            unmade: Mutex::default(),
            words,
            down: Mutex::default(),
            failed: watch::Sender::default(),
        }
    }

    /// Why attempts gave nothing that are followed by others: those from now on.
    pub(crate) fn failed_attempts(&self) -> watch::Receiver<String> {
        self.failed.subscribe()
    }

    /// Whether this host wants vectors at all.
    pub(crate) fn is_wanted(&self) -> bool {
        self.setting.is_some()
    }

    /// Its name, which changes whenever its vectors do; none where none is wanted. May block.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(crate) fn name(&self) -> Result<Option<String>, String> {
        if !self.is_wanted() {
            return Ok(None);
        }
        Ok(Some(match self.made()? {
            Maker::Hashed(it) => it.id().to_owned(),
            Maker::Folder(it) => it.id().to_owned(),
            Maker::Web(it) => it.name(),
        }))
    }

    /// How the memory is opened for it. May block.
    pub(crate) fn options(&self) -> Options {
        let known = |name: &str, dimensions| Some(Known { name: name.to_owned(), dimensions });
        let (encoder, encoder_named) = match self.is_wanted().then(|| self.made()) {
            None | Some(Err(_)) => (None, None),
            Some(Ok(Maker::Hashed(it))) => (known(it.id(), it.dimensions()), None),
            Some(Ok(Maker::Folder(it))) => (known(it.id(), it.dimensions()), None),
            Some(Ok(Maker::Web(it))) => (None, Some(it.name())),
        };
        Options { encoder, encoder_named, ..Options::default() }
    }

    /// Lets what could not be made be tried before its rest is over: somebody may have mended what was wrong.
    pub(crate) fn try_again(&self) {
        *self.unmade() = None;
    }

    /// Made once. What could not be made is tried again after a rest: its files may be there by then.
    fn made(&self) -> Result<&Maker, String> {
        if let Some(made) = self.made.get() {
            return Ok(made);
        }
        let mut unmade = self.unmade();
        if let Some((since, why)) = &*unmade
            && self.clock.now() < since.after(REST)
        {
            return Err(why.clone());
        }
        // Another thread may have made it while this one waited.
        let made = match self.made.get() {
            Some(made) => return Ok(made),
            None => self.make(),
        };
        *unmade = made.as_ref().err().map(|why| (self.clock.now(), why.clone()));
        made.map(|it| self.made.get_or_init(|| it))
    }

    fn make(&self) -> Result<Maker, String> {
        match &self.setting.what {
            What::None => Err("none is set".to_owned()),
            What::Hashed => Ok(Maker::Hashed(Hashed::new())),
            What::Folder(folder) => match Bert::open(folder, Precision::default()) {
                Ok(bert) if bert.dimensions() <= DIMENSIONS_MAX => Ok(Maker::Folder(bert.into())),
                Ok(_) => Err(format!("its vectors have more than {DIMENSIONS_MAX} dimensions")),
                Err(error) => Err(with_causes(&error)),
            },
            What::Web(endpoint) => {
                Web::new(endpoint.clone(), self.setting.key.as_ref()).map(Maker::Web)
            }
        }
    }

    /// Vectors for texts; none for those that have no direction, and none at all where `dimensions` are others, or where
    /// the first text is a question and has none.
    pub(crate) async fn encode(
        self: &Arc<Self>,
        texts: Vec<String>,
        dimensions: Option<usize>,
        patience: Patience,
    ) -> Result<Vec<Option<Vec<f32>>>, Trouble> {
        if let Some((since, why)) = self.down().clone()
            && patience == Patience::Question
            && self.clock.now() < since.after(REST)
        {
            return Err(Trouble::Down(why));
        }
        let texts: Vec<String> = texts.iter().map(|it| beginning(it).to_owned()).collect();
        let this = Arc::clone(self);
        let local = tokio::task::spawn_blocking(move || match this.made() {
            Err(why) => Err(Trouble::Down(why)),
            Ok(Maker::Hashed(it)) => {
                Ok(Ok(it.encode(&texts.iter().map(String::as_str).collect::<Vec<_>>())))
            }
            Ok(Maker::Folder(it)) => {
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                it.encode(&texts).map(Ok).map_err(|it| Trouble::Refused(it.to_string()))
            }
            Ok(Maker::Web(_)) => Ok(Err(texts)),
        });
        let vectors = match local.await.map_err(|it| Trouble::Down(it.to_string()))?? {
            Ok(vectors) => Ok(vectors),
            Err(texts) => match self.made() {
                Ok(Maker::Web(web)) => {
                    let failed = |why| self.failed.send_modify(|it| *it = why);
                    web.encode(&texts, patience, failed).await
                }
                _ => Err(Trouble::Down("it is none".to_owned())),
            },
        };
        let vectors = vectors.and_then(|it| fits(it, dimensions));
        *self.down() = match &vectors {
            Err(Trouble::Down(why)) => Some((self.clock.now(), why.clone())),
            _ => None,
        };
        let with_direction = |it: Vec<f32>| Code::of(&it).is_some().then_some(it);
        let vectors: Vec<_> = vectors?.into_iter().map(with_direction).collect();
        if patience == Patience::Question && matches!(vectors.first(), Some(None)) {
            return Err(Trouble::Refused("its vector has no direction".to_owned()));
        }
        Ok(vectors)
    }

    /// Words that mean something like those of a question, where the encoder knows words, and all are made.
    pub(crate) async fn kindred(self: &Arc<Self>, text: &str) -> Vec<Kindred> {
        let (this, text) = (Arc::clone(self), text.to_owned());
        let near = tokio::task::spawn_blocking(move || match this.made() {
            Ok(Maker::Folder(bert)) => this.words.kindred(bert, beginning(&text)),
            _ => Vec::new(),
        });
        near.await.unwrap_or_default()
    }

    /// Makes some more of the words that [`Encoder::kindred`] needs; says whether there are others to be made.
    pub(crate) async fn make_words(self: &Arc<Self>) -> bool {
        let this = Arc::clone(self);
        let more = tokio::task::spawn_blocking(move || match this.made() {
            Ok(Maker::Folder(bert)) => this.words.step(bert),
            _ => false,
        });
        more.await.unwrap_or(false)
    }

    /// Tokens of a text as the encoder counts them; about so many, where it does not tell. May block.
    pub(crate) fn tokens(&self, text: &str) -> usize {
        match self.is_wanted().then(|| self.made()) {
            Some(Ok(Maker::Folder(bert))) => bert.count_tokens(text),
            _ => tokens_of(text) as usize,
        }
    }

    fn unmade(&self) -> std::sync::MutexGuard<'_, Option<(Timestamp, String)>> {
        self.unmade.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn down(&self) -> std::sync::MutexGuard<'_, Option<(Timestamp, String)>> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Vectors, where they have the dimensions of those that are kept.
fn fits(vectors: Vec<Vec<f32>>, dimensions: Option<usize>) -> Result<Vec<Vec<f32>>, Trouble> {
    let Some(wanted) = dimensions else { return Ok(vectors) };
    match vectors.iter().map(Vec::len).find(|it| *it != wanted) {
        None => Ok(vectors),
        Some(found) => Err(Trouble::Down(format!(
            "it answers with {found} dimensions, and its vectors here have {wanted}: another model needs another name"
        ))),
    }
}

/// The beginning of a text, so much of it as counts.
fn beginning(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_other_dimensions_are_refused() {
        assert!(fits(vec![vec![1.0; 3]], Some(3)).is_ok() && fits(vec![vec![1.0]], None).is_ok());
        let error = fits(vec![vec![1.0; 3], vec![1.0; 4]], Some(3)).unwrap_err();
        assert!(error.to_string().contains("4 dimensions"), "{error}");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let text = format!("a{}", "ä".repeat(TEXT_BYTES_MAX));
        assert_eq!(beginning(&text).len(), TEXT_BYTES_MAX - 1);
        assert_eq!(beginning("short"), "short");
    }
}
