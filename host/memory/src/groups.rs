//! Which records one stands for: those that say the same.
//!
//! A row says of a record which other one stands for it, and in which commit somebody had that found out. Nothing is
//! made up, moved or removed: rows are all that there is of a consolidation, and without them recall is what it was.
//! Rows are not relations, so that they neither lead recall anywhere nor keep a record from fading.
//!
//! Whether the one stands for the other is judged at each question: it has to be among those that the question
//! allows, and to be trusted as much as what it stands for. Else that speaks for itself.

use std::collections::{BTreeMap, BTreeSet};

use voyager_base::Digest;

use crate::{
    lexicon::Lexicon,
    record::{MemoryId, Record, is_of_host},
    when::{self, Basis, Interval},
};

/// A row: the record, what stands for it, the commit.
pub(crate) type GroupRow = (MemoryId, MemoryId, u64);

/// All rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Groups {
    /// By the record: what stands for it, and since which commit.
    of: BTreeMap<MemoryId, (MemoryId, u64)>,
    /// What stands, before the records that it stands for.
    members: BTreeSet<(MemoryId, MemoryId)>,
}

impl Groups {
    pub(crate) fn add(&mut self, (id, standing, commit): GroupRow) {
        self.remove_row(id);
        self.of.insert(id, (standing, commit));
        self.members.insert((standing, id));
    }

    pub(crate) fn remove_row(&mut self, id: MemoryId) {
        if let Some((standing, _)) = self.of.remove(&id) {
            self.members.remove(&(standing, id));
        }
    }

    /// Lets a record go: nothing stands for it, and it stands for nothing.
    pub(crate) fn remove(&mut self, id: MemoryId) {
        self.remove_row(id);
        let members: Vec<MemoryId> = self.members(id).collect();
        members.into_iter().for_each(|it| self.remove_row(it));
    }

    /// What stands for a record, and since which commit.
    pub(crate) fn standing(&self, id: MemoryId) -> Option<(MemoryId, u64)> {
        self.of.get(&id).copied()
    }

    /// The records that one stands for.
    pub(crate) fn members(&self, id: MemoryId) -> impl Iterator<Item = MemoryId> + '_ {
        self.members.range((id, MemoryId(0))..=(id, MemoryId(u64::MAX))).map(|it| it.1)
    }

    /// All rows, by the record.
    pub(crate) fn all(&self) -> impl Iterator<Item = GroupRow> + '_ {
        self.of.iter().map(|(id, (standing, commit))| (*id, *standing, *commit))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }
}

/// Words that change nothing of what a text says, wherever they stand.
static LIGHT: Lexicon = Lexicon::new(&[
    "a", "also", "an", "indeed", "just", "ok", "okay", "please", "quite", "really", "the", "very",
]);

/// The same for records that say the same: who, what kind of thing, with which values, in which words. Case, marks between
/// words, articles and the like make no difference; numbers, negations, order and everything else do. "Yesterday" is the
/// day that it was when it was told.
pub(crate) fn saying(record: &Record) -> Digest {
    let draft = &record.draft;
    let mut parts: Vec<&[u8]> = vec![draft.kind.as_bytes()];
    match &draft.author {
        Some(author) => parts.extend([b"by".as_slice(), author.as_bytes()]),
        None => parts.push(b"by nobody"),
    }
    for (name, value) in draft.fields.iter().filter(|it| !is_of_host(it.0)) {
        parts.extend([name.as_bytes(), value.as_bytes()]);
    }
    parts.push(b"words");
    let text = draft.text.to_lowercase();
    let words = pieces(&text).filter(|it| !LIGHT.holds(it));
    parts.extend(words.map(str::as_bytes));
    let times = when::mentions(&draft.text, record.at());
    let of_told = times.iter().filter(|it| it.basis == Basis::Told).filter_map(when::Mention::at);
    let days: Vec<[u8; 16]> = of_told.map(|(it, _)| bytes_of(it)).collect();
    parts.extend(days.iter().map(<[u8; 16]>::as_slice));
    Digest::of_parts(parts)
}

fn bytes_of(Interval { from, to }: Interval) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&from.to_le_bytes());
    bytes[8..].copy_from_slice(&to.to_le_bytes());
    bytes
}

/// Words, and what between them says something: marks but those that end and join sentences. A point within a word is a
/// part of it: of a number, a name, a path.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let is_joint = |it: char| matches!(it, '.' | ',' | ';' | ':' | '!' | '"');
    let parts = text.split_whitespace().map(move |it| it.trim_matches(is_joint));
    parts.filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use voyager_base::clock::Timestamp;

    use super::*;
    use crate::record::Draft;

    fn told(draft: Draft) -> Record {
        Record { id: MemoryId(0), written: Timestamp::default(), draft }
    }

    fn of(text: &str) -> Digest {
        saying(&told(Draft { text: text.to_owned(), ..Draft::default() }))
    }

    #[test]
    fn a_time_that_is_told_by_today_is_the_one_that_it_was() {
        let of = |text: &str, day: u64| {
            let at = Some(Timestamp::from_millis(day * 86_400_000));
            saying(&told(Draft { text: text.to_owned(), at, ..Draft::default() }))
        };
        assert_ne!(of("We met Bob yesterday.", 19_481), of("We met Bob yesterday.", 19_528));
        assert_eq!(of("We met Bob yesterday.", 19_481), of("we met Bob yesterday", 19_481));
        for same in ["We met Bob.", "We met Bob on 3 May 2023.", "We met Bob in May."] {
            assert_eq!(of(same, 19_481), of(same, 19_528), "{same}");
        }
        assert_ne!(of("We met Bob in May.", 19_481), of("We met Bob in May.", 19_900));
    }

    #[test]
    fn what_changes_nothing_changes_nothing_and_the_rest_does() {
        let said = of("The door is green, really.");
        for same in ["the door is green", "Door is green!", "  A door: is   very GREEN;"] {
            assert_eq!(of(same), said, "{same}");
        }
        for other in [
            "The door is red.",
            "The door is not green.",
            "Is the door green?",
            "The door was green.",
            "The doors is green.",
            "Green is the door.",
            "The door is green 2",
            "",
        ] {
            assert_ne!(of(other), said, "{other}");
        }
        for (one, other) in [
            ("It costs 3.14", "It costs 314"),
            ("Ada owes Bob", "Bob owes Ada"),
            ("From Oslo to Rome", "To Oslo from Rome"),
            ("x = -1", "x = 1"),
            ("a/b", "a b"),
            (&"x".repeat(100), &"y".repeat(100)),
        ] {
            assert_ne!(of(one), of(other), "{one} {other}");
        }
        let draft = Draft { text: "x".to_owned(), ..Draft::default() };
        let with = |change: fn(&mut Draft)| {
            let mut draft = draft.clone();
            change(&mut draft);
            saying(&told(draft))
        };
        let plain = with(|_| {});
        assert_ne!(with(|it| it.author = Some("Ada".to_owned())), plain);
        assert_ne!(with(|it| it.author = Some(String::new())), plain);
        assert_ne!(with(|it| it.kind = "lesson".to_owned()), plain);
        let field = |it: &mut Draft| drop(it.fields.insert("worked".to_owned(), "no".to_owned()));
        assert_ne!(with(field), plain);
        let run = |it: &mut Draft| drop(it.fields.insert("run".to_owned(), "7".to_owned()));
        assert_eq!(with(run), plain);
        assert_eq!(with(|it| it.tags = vec!["t".to_owned()]), plain);
    }

    #[test]
    fn what_goes_frees_what_it_stood_for() {
        let mut groups = Groups::default();
        let id = MemoryId;
        let rows = [(id(2), id(1), 7), (id(3), id(1), 7), (id(5), id(4), 8)];
        rows.into_iter().for_each(|it| groups.add(it));
        assert_eq!(groups.members(id(1)).collect::<Vec<_>>(), [id(2), id(3)]);
        groups.remove(id(3));
        assert_eq!(groups.standing(id(2)), Some((id(1), 7)));
        groups.remove(id(1));
        assert_eq!(groups.all().collect::<Vec<_>>(), [(id(5), id(4), 8)]);
        groups.remove_row(id(5));
        assert!(groups == Groups::default());
    }
}
