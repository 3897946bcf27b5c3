//! Chats as text: lines like `Ada: hello` or `[2024-01-02 10:11] Ada: hello`; what follows a message up to the next
//! is a part of it.

use std::collections::BTreeMap;

use voyager_memory::{Draft, TEXT_BYTES_MAX};

use super::{Bad, Found, Item, Place, Stop, input::Input};
use crate::when;

/// Longest name in front of a message, in bytes: longer ones are sentences with a colon.
const NAME_BYTES_MAX: usize = 48;

/// Most words of such a name.
const NAME_WORDS_MAX: usize = 4;

/// A chat that is read message by message.
pub(super) struct Transcript {
    input: Input,
    open: Option<Message>,
    /// A broken line, told once the message before it is.
    broken: Option<Bad>,
    ended: bool,
}

/// A message whose end is not read yet.
struct Message {
    place: Place,
    draft: Draft,
    too_long: bool,
}

impl Transcript {
    pub(super) fn new(input: Input) -> Self {
        Self { input, open: None, broken: None, ended: false }
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
                    self.broken = Some(bad);
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
            match (head(&line), &mut self.open) {
                (Some((draft, text)), _) => {
                    let mut message = Message { place, draft, too_long: false };
                    message.push(text);
                    if let Some(before) = self.open.replace(message) {
                        return Ok(Some(before.found()));
                    }
                }
                (None, Some(message)) => message.push(&line),
                (None, None) if line.trim().is_empty() => {}
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
        Ok((self.place, if empty { Item::Empty } else { Item::record(self.draft) }))
    }
}

/// The beginning of a message: a draft with its author and time, and the first line of its text.
fn head(line: &str) -> Option<(Draft, &str)> {
    let (stamp, rest) = match line.strip_prefix('[') {
        Some(rest) => {
            let (stamp, rest) = rest.split_once(']')?;
            (Some(stamp.trim()), rest.trim_start())
        }
        None => (None, line),
    };
    let (author, text) = match rest.split_once(": ") {
        Some(it) => it,
        None => (rest.trim_end().strip_suffix(':')?, ""),
    };
    let author = author.trim();
    if !is_name(author) {
        return None;
    }
    let at = stamp.and_then(when::read);
    let mut fields = BTreeMap::new();
    if let (Some(stamp), None) = (stamp, at) {
        let clock = |it: char| it.is_ascii_digit() || " :./-,+APMapmTZ".contains(it);
        if stamp.is_empty() || !stamp.chars().all(clock) {
            return None;
        }
        // A time without a day, or one whose order of day and month nobody can tell.
        fields.insert("time".to_owned(), stamp.to_owned());
    }
    let author = Some(author.to_owned());
    Some((Draft { author, at, fields, ..Draft::default() }, text.trim_start()))
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
