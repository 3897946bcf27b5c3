//! Chats as text: lines like `Ada: hello`, `[2024-01-02 10:11] Ada: hello` or `31/12/2023, 10:11 - Ada: hello`; what
//! follows a message up to the next is a part of it.
//!
//! A file is read twice: which number of its dates is the day may be shown by its last line only.

use std::collections::BTreeMap;

use voyager_memory::{Draft, TEXT_BYTES_MAX};

use super::{
    Bad, Found, Item, Place, Stop,
    input::Input,
    stamp::{Orders, Stamp, is_mark, unmarked},
};
use crate::when;

/// Longest name in front of a message, in bytes: longer ones are sentences with a colon.
const NAME_BYTES_MAX: usize = 48;

/// Most words of such a name.
const NAME_WORDS_MAX: usize = 4;

/// A chat that is read message by message.
pub(super) struct Transcript {
    input: Input,
    /// What all times of the file show.
    orders: Orders,
    open: Option<Message>,
    /// Whether the first message has a time as telephones write them: then only lines that have one begin others.
    is_stamped: bool,
    /// A broken line, told once the message before it is.
    broken: Option<Bad>,
    /// Whether what comes next may go on with what was broken.
    is_lost: bool,
    ended: bool,
}

/// A message whose end is not read yet.
struct Message {
    place: Place,
    draft: Draft,
    untimed: Option<Bad>,
    too_long: bool,
}

impl Transcript {
    /// A chat from its beginning, once all of its times were seen.
    ///
    /// # Errors
    /// The machine refuses.
    pub(super) fn new(mut input: Input) -> Result<Self, Stop> {
        let mut orders = Orders::default();
        let mut is_stamped = None;
        while let Some(line) = input.text()? {
            let Ok((_, line)) = line else { continue };
            let stamp = stamped(line.trim_start_matches(is_mark)).map(|it| it.0);
            let as_shown = stamp.and_then(Stamp::read);
            if !line.trim().is_empty() {
                let is_ours = stamp.is_some_and(|it| when::read(it).is_some());
                let is_whole = as_shown.as_ref().is_some_and(Stamp::has_time_of_day);
                is_stamped.get_or_insert(is_whole && !is_ours);
            }
            as_shown.into_iter().for_each(|it| orders.see(it));
        }
        input.rewind()?;
        let is_stamped = is_stamped.unwrap_or_default();
        let (open, broken, is_lost, ended) = (None, None, false, false);
        Ok(Self { input, orders, open, is_stamped, broken, is_lost, ended })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.input.bytes()
    }

    /// The next message; none at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Found>, Stop> {
        loop {
            if let Some(bad) = self.broken.take() {
                return Ok(Some(Err(bad)));
            }
            if self.ended {
                return Ok(None);
            }
            let line = match self.input.text()? {
                None => {
                    self.ended = true;
                    None
                }
                Some(Err(bad)) => {
                    (self.broken, self.is_lost) = (Some(bad), true);
                    None
                }
                Some(Ok(line)) => Some(line),
            };
            let Some((place, line)) = line else {
                match self.open.take() {
                    Some(message) => return Ok(Some(message.found())),
                    None => continue,
                }
            };
            match (head(&line, &self.orders, self.is_stamped), &mut self.open) {
                (Some((draft, text, why)), _) => {
                    self.is_lost = false;
                    let untimed = why.map(|it| Bad::new(place, it));
                    let mut message = Message { place, draft, untimed, too_long: false };
                    message.push(text);
                    if let Some(before) = self.open.replace(message) {
                        return Ok(Some(before.found()));
                    }
                }
                (None, Some(message)) => message.push(&line),
                (None, None) if self.is_lost || line.trim().is_empty() => {}
                (None, None) => {
                    let problem = "no message begins here: `Name: text` or `[2024-01-02 10:11] Name: text` is wanted; \
                                   `--format markdown` takes any text, by its paragraphs";
                    return Err(Stop::Bad(Bad::new(place, problem)));
                }
            }
        }
    }
}

impl Message {
    fn push(&mut self, line: &str) {
        let text = &mut self.draft.text;
        if text.len() + line.len() > TEXT_BYTES_MAX {
            self.too_long = true;
        } else {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line);
        }
    }

    fn found(mut self) -> Found {
        if self.too_long {
            let problem = format!("the message has more than {TEXT_BYTES_MAX} bytes");
            return Err(Bad::new(self.place, problem));
        }
        self.draft.text.truncate(self.draft.text.trim_end().len());
        let empty = self.draft.text.is_empty();
        Ok((self.place, if empty { Item::Empty } else { Item::timed(self.draft, self.untimed) }))
    }
}

/// The beginning of a message: a draft with its author and time, the first line of its text, and where nobody can
/// read its time, why not. One without a time is none where `is_stamped`.
fn head<'a>(
    line: &'a str,
    orders: &Orders,
    is_stamped: bool,
) -> Option<(Draft, &'a str, Option<String>)> {
    let line = line.trim_start_matches(is_mark);
    let (stamp, rest) = match (line.starts_with('['), stamped(line)) {
        (true, None) => return None,
        (false, None) if is_stamped => return None,
        (false, None) => (None, line),
        (_, Some((stamp, rest))) => (Some(stamp), rest),
    };
    let as_shown = stamp.and_then(Stamp::read);
    let is_time = stamp.is_some_and(|it| when::read(it).is_some()) || as_shown.is_some();
    let split = match rest.split_once(": ") {
        Some(it) => Some(it),
        None => rest.trim_end().strip_suffix(':').map(|author| (author, "")),
    };
    let named = split.map(|(author, text)| (unmarked(author.trim()).trim(), text));
    let named = named.filter(|(it, _)| is_name(it) || is_time && is_shown_name(it));
    let (author, text) = match named {
        Some((author, text)) => (Some(author.to_owned()), text),
        // What the app itself says, like who came and went, has no author.
        None if as_shown.is_some_and(|it| it.has_time_of_day()) => (None, rest),
        None => return None,
    };
    let read = stamp.map(|it| orders.read(it));
    let mut fields = BTreeMap::new();
    if let (Some(stamp), Some(Err(_))) = (stamp, &read) {
        let clock =
            |it: char| it.is_ascii_digit() || it.is_whitespace() || ":./-,+APMapmTZ".contains(it);
        if !is_time && (stamp.is_empty() || !stamp.chars().all(clock)) {
            return None;
        }
        // A time without a day, or one whose order of day and month nobody can tell.
        fields.insert("time".to_owned(), stamp.to_owned());
    }
    let (at, untimed) = match read {
        Some(Ok(at)) => (Some(at), None),
        Some(Err(why)) => (None, Some(why)),
        None => (None, None),
    };
    // What an app says for a picture begins with a mark of direction.
    let text = text.trim_start().trim_start_matches('\u{200e}');
    Some((Draft { author, at, fields, ..Draft::default() }, text, untimed))
}

/// The time in front of a message and what follows it: `[time] Name: text` or `time - Name: text`.
fn stamped(line: &str) -> Option<(&str, &str)> {
    if let Some(rest) = line.strip_prefix('[') {
        let (stamp, rest) = rest.split_once(']')?;
        return Some((unmarked(stamp.trim()).trim(), rest.trim_start()));
    }
    let (stamp, rest) = line.split_once(" - ")?;
    // A day alone may be a line of a list.
    let has_both = Stamp::read(stamp).is_some_and(|it| it.has_time_of_day());
    has_both.then(|| (unmarked(stamp), rest.trim_start()))
}

/// Whether a name may stand behind a time as apps show names: also numbers of telephones, and with signs of any kind.
fn is_shown_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= NAME_BYTES_MAX
        && text.split_whitespace().count() <= NAME_WORDS_MAX
        && !text.contains(char::is_control)
}

fn is_name(text: &str) -> bool {
    let begins = text.starts_with(|it: char| it.is_alphanumeric() || it == '@');
    let foreign = |it: char| it.is_control() || "/\\<>{}[]()\"`*=;,!?|#".contains(it);
    begins
        && text.len() <= NAME_BYTES_MAX
        && text.split_whitespace().count() <= NAME_WORDS_MAX
        && !text.contains(foreign)
        && !text.contains(": ")
}
