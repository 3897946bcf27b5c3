//! Which other names count as words of a question.

use std::collections::HashSet;

use super::{Memory, recalling::allowed};
use crate::{
    alias::{OtherName, spelling},
    error::ReadError,
    index::Index,
    past::Past,
    recall::Question,
    record::MemoryId,
    shard::Said,
    terms,
};

/// At most so many other names are words of one question.
const OTHER_NAMES_MAX: usize = 16;

impl Memory {
    /// Other names of what a question says, as records of the kind `alias` tell it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn other_names(&self, question: &Question) -> Result<Vec<OtherName>, ReadError> {
        self.asked(|index| {
            let past = self.past(index, question)?;
            Ok(other_names(index, (question, past.as_ref()), &question.text))
        })
    }
}

/// Other names of what a text says, in its order, as records tell that a question may go by: those of its spaces that are trusted
/// as far as it asks for.
pub(super) fn other_names(
    index: &Index,
    (question, past): (&Question, Option<&Past>),
    text: &str,
) -> Vec<OtherName> {
    let shards = index.shards(&question.spaces);
    if !shards.iter().any(|it| it.has_aliases()) {
        return Vec::new();
    }
    let bounds = Question { trust: question.trust, ..Question::default() };
    let words: Vec<String> = terms::words(text).collect();
    let mut found: Vec<(usize, MemoryId, Said<'_>)> = Vec::new();
    for shard in shards {
        let said = shard.names_said(text, &words).into_iter();
        let docs = said.filter_map(|it| Some((shard.doc(it.place)?, it)));
        let docs = docs.filter(|it| allowed(index, (&bounds, past), shard, &it.0));
        found.extend(docs.map(|(doc, it)| (it.at, doc.id, it)));
    }
    found.sort_by_key(|it| (it.0, it.1));
    let (mut names, mut known) = (Vec::new(), HashSet::new());
    for (_, by, Said { name, others, .. }) in found {
        for other in others {
            if known.insert((spelling(name), spelling(other))) {
                let (said, other) = (name.to_owned(), other.to_owned());
                names.push(OtherName { said, other, by });
            }
        }
    }
    names.truncate(OTHER_NAMES_MAX);
    names
}
