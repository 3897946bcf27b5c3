//! Which words mean something alike to the encoder of a folder: made once, while nobody waits, and kept in the state.
//!
//! What is kept belongs to the encoder and holds nothing that anybody wrote. It may be deleted: it is made again.

use std::{
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use voyager_base::Digest;
use voyager_encoder::{Bert, Lexicon, lexicon::Making};
use voyager_memory::{KINDRED_FROM, Kindred, terms};

/// Words that are made at once: a fifth of a second.
const STEP: usize = 512;

/// After so many words what is made is kept.
const KEPT_EVERY: usize = 8 * STEP;

/// So many words are kindred to one, at most.
const NEAR_MAX: usize = 256;

/// The words of an encoder.
pub(super) struct Words {
    folder: PathBuf,
    made: Mutex<Made>,
}

enum Made {
    /// What is kept was not looked at yet.
    Unread,
    Part(Making),
    Whole(Arc<Lexicon>),
    /// The encoder has no words, or fails on one.
    Never,
}

impl Words {
    /// Those that are kept in `folder`, which is made when there is something to keep.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, made: Mutex::new(Made::Unread) }
    }

    /// Words that mean something like those of a question; none as long as not all are made. May block.
    pub(super) fn kindred(&self, bert: &Bert, text: &str) -> Vec<Kindred> {
        let Some(lexicon) = self.whole(bert) else { return Vec::new() };
        let words = terms::telling(text);
        let asked: Vec<&str> = words.iter().map(String::as_str).collect();
        let near = match lexicon.near(bert, &asked, KINDRED_FROM, NEAR_MAX) {
            Ok(near) => near,
            Err(error) => {
                tracing::warn!(%error, "a question is answered without words like its own");
                return Vec::new();
            }
        };
        let of = |(word, near): (String, Vec<(&str, f32)>)| {
            let own = terms::stem(&word);
            let near = near.into_iter().filter(|it| it.0 != own);
            let near = near.map(|(term, cosine)| (term.to_owned(), cosine)).collect();
            Kindred { word, near }
        };
        words.into_iter().zip(near).map(of).collect()
    }

    /// Makes some more; says whether there are others to be made. May block.
    pub(super) fn step(&self, bert: &Bert) -> bool {
        let mut made = self.read(bert);
        let Made::Part(making) = &mut *made else { return false };
        if let Err(error) = making.step(bert, STEP) {
            tracing::warn!(%error, "there will be no words like those of a question");
            *made = Made::Never;
            return false;
        }
        let (done, all) = making.progress();
        if done < all && !done.is_multiple_of(KEPT_EVERY) {
            return true;
        }
        if let Err(error) = self.keep(bert, making) {
            let folder = self.folder.display();
            tracing::warn!(%error, %folder, "words of the encoder are not kept");
        }
        if done == all {
            *made = whole(making.clone());
        }
        done < all
    }

    fn whole(&self, bert: &Bert) -> Option<Arc<Lexicon>> {
        match &*self.read(bert) {
            Made::Whole(lexicon) => Some(Arc::clone(lexicon)),
            _ => None,
        }
    }

    /// What is made, with what is kept.
    fn read(&self, bert: &Bert) -> MutexGuard<'_, Made> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*made, Made::Unread) {
            let kept = fs::read(self.file(bert)).ok();
            let kept = kept.and_then(|it| Making::resume(bert, &it));
            *made = whole(kept.unwrap_or_else(|| Making::new(bert)));
        }
        made
    }

    fn keep(&self, bert: &Bert, making: &Making) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        // One that is half written tells so by its hash, and is made anew.
        fs::write(self.file(bert), making.to_bytes())
    }

    fn file(&self, bert: &Bert) -> PathBuf {
        let name = Digest::of(bert.id().as_bytes()).to_string();
        self.folder.join(name)
    }
}

/// The words as far as they are made.
fn whole(making: Making) -> Made {
    match making.progress() {
        (_, 0) => Made::Never,
        (done, all) if done < all => Made::Part(making),
        _ => making.finish(terms::stem).map_or(Made::Never, |it| Made::Whole(Arc::new(it))),
    }
}
