//! Which other names count as words of a question.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use voyager_base::memory::Trust;

use super::{Memory, recalling::allowed};
use crate::{
    alias::{NAME_WORDS_MAX, OtherName, is_said, names, spelling},
    error::ReadError,
    index::Index,
    past::Past,
    recall::Question,
    record::MemoryId,
    shard::Shard,
    terms,
};

/// At most so many other names are words of one question.
const OTHER_NAMES_MAX: usize = 16;

/// So many words of a question are read for names.
const WORDS_MAX: usize = 512;

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

/// A record that tells other names of one that is said.
struct Told<'a> {
    trust: Trust,
    by: MemoryId,
    said: &'a str,
    others: Vec<&'a str>,
}

/// Other names of what a text says, in its order, as records tell that a question may go by: those of its spaces that are trusted
/// as far as it asks for. Of more than a question has room for, the most trusted count.
pub(super) fn other_names(
    index: &Index,
    (question, past): (&Question, Option<&Past>),
    text: &str,
) -> Vec<OtherName> {
    let mut shards = index.shards(&question.spaces);
    shards.retain(|it| it.has_aliases());
    if shards.is_empty() {
        return Vec::new();
    }
    let bounds = Question { trust: question.trust, ..Question::default() };
    let words: Vec<String> = terms::words(text).take(WORDS_MAX).collect();
    let (mut found, mut known) = (Vec::new(), HashMap::new());
    let mut at = 0;
    while at < words.len() {
        let of: Vec<&Shard> =
            shards.iter().copied().filter(|it| it.has_name_from(&words[at])).collect();
        // The longest counts: who says "New York" does not speak of York.
        let longest = if of.is_empty() { 0 } else { NAME_WORDS_MAX.min(words.len() - at) };
        let said = (1..=longest).rev().find(|count| {
            let name = words[at..at + count].join(" ");
            *known.entry(name).or_insert_with_key(|name| {
                let told = telling(index, (&bounds, past), &of, (name, text));
                let is_said = !told.is_empty();
                found.extend(told.into_iter().map(|it| (at, it)));
                is_said
            })
        });
        at += said.unwrap_or(1);
    }
    let mut others: Vec<(Trust, usize, OtherName)> = Vec::new();
    let mut known = HashSet::new();
    for (at, Told { trust, by, said, others: names }) in found {
        for other in names {
            // A name that finds nothing is none.
            if !terms::terms(other).is_empty() && known.insert((at, spelling(other))) {
                let (said, other) = (said.to_owned(), other.to_owned());
                others.push((trust, at, OtherName { said, other, by }));
            }
        }
    }
    others.sort_by_key(|it| Reverse(it.0));
    others.truncate(OTHER_NAMES_MAX);
    others.sort_by_key(|it| (it.1, it.2.by));
    others.into_iter().map(|it| it.2).collect()
}

/// The records that tell other names of one that a text says, the most trusted first.
fn telling<'a>(
    index: &Index,
    asked: (&Question, Option<&Past>),
    shards: &[&'a Shard],
    (name, text): (&str, &str),
) -> Vec<Told<'a>> {
    let mut all: Vec<(Trust, MemoryId, &'a str)> = Vec::new();
    for shard in shards {
        let docs = shard.with_name(name).filter_map(|it| shard.doc(it));
        let docs = docs.filter(|it| allowed(index, asked, shard, it));
        all.extend(docs.filter_map(|it| {
            Some((index.trust(it.id).unwrap_or_default(), it.id, shard.alias(it.place)?))
        }));
    }
    all.sort_unstable_by_key(|it| (Reverse(it.0), it.1));
    let told = all.into_iter().filter_map(|(trust, by, told)| {
        let said = names(told).find(|it| spelling(it) == name && is_said(it, text))?;
        let others = names(told).filter(|it| spelling(it) != name).collect();
        Some(Told { trust, by, said, others })
    });
    told.take(OTHER_NAMES_MAX).collect()
}
