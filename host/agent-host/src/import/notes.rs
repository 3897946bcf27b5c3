//! Notes in Markdown: a record for each section, or for each paragraph of a long one.
//!
//! Headings and `[[links]]` become tags, front matter becomes fields. This is no reader of Markdown as it is drawn:
//! the text of a record is what stands in the file.

use std::{collections::BTreeMap, sync::Arc, vec};

use voyager_memory::{Draft, LABELS_MAX, NAME_BYTES_MAX};

use super::{
    Bad, Item, Place, name,
    stamp::{Orders, Stamp},
};

/// Longest section that is one record, in bytes; of a longer one each paragraph is.
const SECTION_BYTES_MAX: usize = 2_000;

/// Most front matter, in bytes: each record of the note has it, and of a note in which each line is one there may be
/// millions.
const FRONT_BYTES_MAX: usize = 4 << 10;

/// The records of a note, in order. Each is made when it is asked for: all at once they would hold what is said of the
/// whole note as often as there are records.
pub(super) struct Records {
    front: Front,
    pieces: vec::IntoIter<Piece>,
}

/// What becomes a record.
struct Piece {
    text: String,
    /// Its first line.
    number: usize,
    /// The names of those above it, each as long as a name may be.
    headings: Arc<[String]>,
}

impl Records {
    /// Those of a text.
    ///
    /// # Errors
    /// Front matter that no record can have.
    pub(super) fn of(text: &str) -> Result<Self, Bad> {
        let mut lines = Lines { lines: text.lines().collect(), at: 0 };
        let front = front_matter(&mut lines)?;
        let mut note = Note::default();
        while let Some((number, line)) = lines.next() {
            if let Some(fence) = fence(line) {
                note.section.push(Line { number, text: line, inside: false });
                note.fenced(&mut lines, fence);
            } else if let Some((level, heading)) = heading(line) {
                note.close(level);
                note.headings.push(Heading { level, text: heading, number, is_told: false });
            } else {
                note.section.push(Line { number, text: line, inside: false });
            }
        }
        note.close(1);
        Ok(Self { front, pieces: note.pieces.into_iter() })
    }
}

impl Iterator for Records {
    type Item = (Place, Item);

    fn next(&mut self) -> Option<Self::Item> {
        let Piece { text, number, headings } = self.pieces.next()?;
        let untimed = self.front.untimed.take();
        let Front { author, at, tags, mut fields, .. } = self.front.clone();
        if !headings.is_empty() && (fields.len() < LABELS_MAX || fields.contains_key("section")) {
            fields.insert("section".to_owned(), headings.join(" > "));
        }
        let mut all = tags;
        for tag in headings.iter().cloned().chain(links(&text).map(cut)) {
            if all.len() < LABELS_MAX && !all.contains(&tag) {
                all.push(tag);
            }
        }
        let place = Place { line: number as u64 + 1, column: 1 };
        let draft = Draft { text, author, at, tags: all, fields, ..Draft::default() };
        Some((place, Item::timed(draft, untimed)))
    }
}

/// The lines of a note, from 0.
struct Lines<'a> {
    lines: Vec<&'a str>,
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<(usize, &'a str)> {
        let line = self.lines.get(self.at)?;
        self.at += 1;
        Some((self.at - 1, line))
    }
}

/// What is said of the whole note.
#[derive(Clone, Default)]
struct Front {
    author: Option<String>,
    at: Option<voyager_base::clock::Timestamp>,
    /// Where it says a time that nobody can read: the first record tells.
    untimed: Option<Bad>,
    tags: Vec<String>,
    fields: BTreeMap<String, String>,
}

/// A heading above what is being read.
struct Heading {
    level: usize,
    text: String,
    number: usize,
    /// Whether a record has it: one that none has is one.
    is_told: bool,
}

/// A line of a section.
struct Line<'a> {
    number: usize,
    text: &'a str,
    /// Whether it stands within a fence: no paragraph ends there.
    inside: bool,
}

/// A note on its way.
#[derive(Default)]
struct Note<'a> {
    headings: Vec<Heading>,
    section: Vec<Line<'a>>,
    pieces: Vec<Piece>,
}

impl<'a> Note<'a> {
    /// Takes the lines of a fence with its end.
    fn fenced(&mut self, lines: &mut Lines<'a>, fence: (char, usize)) {
        while let Some((number, line)) = lines.next() {
            let ends = closes(line, fence);
            self.section.push(Line { number, text: line, inside: true });
            if ends {
                break;
            }
        }
    }

    /// Ends the section, and the headings from a level on.
    fn close(&mut self, level: usize) {
        let lines = std::mem::take(&mut self.section);
        let above = self.above();
        for paragraph in records(&lines) {
            self.headings.iter_mut().for_each(|it| it.is_told = true);
            let text: Vec<&str> = paragraph.iter().map(|it| it.text).collect();
            let number = paragraph.first().map_or(0, |it| it.number);
            self.tell(&text.join("\n"), number, &above);
        }
        while let Some(heading) = self.headings.pop_if(|it| it.level >= level) {
            if !heading.is_told {
                self.headings.iter_mut().for_each(|it| it.is_told = true);
                self.tell(&heading.text, heading.number, &self.above());
            }
        }
    }

    fn above(&self) -> Arc<[String]> {
        self.headings.iter().filter_map(|it| name(&it.text)).map(cut).collect()
    }

    fn tell(&mut self, text: &str, number: usize, headings: &Arc<[String]>) {
        let text = text.trim_end().to_owned();
        self.pieces.push(Piece { text, number, headings: Arc::clone(headings) });
    }
}

/// A section as one record, or a long one as its paragraphs.
fn records<'a, 'b>(lines: &'b [Line<'a>]) -> Vec<&'b [Line<'a>]> {
    let blank = |it: &Line<'_>| it.text.trim().is_empty() && !it.inside;
    let bytes: usize = lines.iter().map(|it| it.text.len() + 1).sum();
    if bytes <= SECTION_BYTES_MAX {
        let (first, last) =
            (lines.iter().position(|it| !blank(it)), lines.iter().rposition(|it| !blank(it)));
        return match (first, last) {
            (Some(first), Some(last))
                if lines[first..=last].iter().any(|it| !it.text.trim().is_empty()) =>
            {
                vec![&lines[first..=last]]
            }
            _ => Vec::new(),
        };
    }
    let paragraphs = lines.split(blank);
    paragraphs.filter(|it| it.iter().any(|it| !it.text.trim().is_empty())).collect()
}

/// The level and the text of a heading.
fn heading(line: &str) -> Option<(usize, String)> {
    let level = line.bytes().take_while(|it| *it == b'#').count();
    let text = line.get(level..)?;
    if level == 0 || level > 6 || !(text.is_empty() || text.starts_with([' ', '\t'])) {
        return None;
    }
    let text = text.trim().trim_end_matches('#').trim();
    (!text.is_empty()).then(|| (level, text.to_owned()))
}

/// What opens a block of code: the sign, and how often.
fn fence(line: &str) -> Option<(char, usize)> {
    let text = line.trim_start();
    let sign = text.chars().next().filter(|it| matches!(it, '`' | '~'))?;
    let count = text.chars().take_while(|it| *it == sign).count();
    let is_inline = sign == '`' && text[count..].contains('`');
    (count >= 3 && !is_inline).then_some((sign, count))
}

fn closes(line: &str, (sign, count): (char, usize)) -> bool {
    let text = line.trim();
    text.chars().count() >= count && text.chars().all(|it| it == sign)
}

/// What `[[links]]` of a text name, without what they show.
fn links(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split("[[").skip(1).filter_map(|it| it.split_once("]]"));
    let target = |link: &str| {
        let target = link.split(['|', '#']).next().unwrap_or_default();
        if target.contains('[') { None } else { name(target) }
    };
    parts.filter_map(move |(link, _)| target(link))
}

/// A name up to the bound of names.
fn cut(mut name: String) -> String {
    let mut end = name.len().min(NAME_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name.truncate(name.trim_end().len());
    name
}

/// The front matter, where a note begins with one that ends: `key: value` and lists.
fn front_matter(lines: &mut Lines<'_>) -> Result<Front, Bad> {
    let mut front = Front::default();
    let begins = lines.lines.first().is_some_and(|it| it.trim_end() == "---");
    let end = lines.lines.iter().skip(1).position(|it| matches!(it.trim_end(), "---" | "..."));
    let Some(end) = end.filter(|_| begins) else { return Ok(front) };
    let inside = &lines.lines[1..=end];
    lines.at = end + 2;
    check_front(inside)?;
    let mut values: Vec<(u64, String, Vec<String>)> = Vec::new();
    for (number, line) in (2..).zip(inside) {
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let further =
            text.strip_prefix("- ").or_else(|| line.starts_with([' ', '\t']).then_some(text));
        match (further, values.last_mut(), text.split_once(':')) {
            (Some(item), Some((_, _, items)), _) => items.push(bare(item)),
            (_, _, Some((key, value))) => values.push((number, bare(key), items_of(value))),
            (_, Some((_, _, items)), None) => items.push(bare(text)),
            (_, None, None) => values.push((number, "front-matter".to_owned(), vec![bare(text)])),
        }
    }
    let orders = orders(&values);
    for (number, key, items) in values {
        let one = items.first().map(String::as_str).unwrap_or_default();
        match key.to_lowercase().as_str() {
            "tags" | "tag" | "keywords" => {
                let tags = items.iter().flat_map(|it| it.split(',')).filter_map(tag).map(cut);
                for tag in tags {
                    if front.tags.len() < LABELS_MAX && !front.tags.contains(&tag) {
                        front.tags.push(tag);
                    }
                }
            }
            "author" if items.len() == 1 => front.author = name(one).map(cut),
            key if is_time(key) && front.at.is_none() && orders.read(one).is_ok() => {
                front.at = orders.read(one).ok();
            }
            known => {
                if is_time(known)
                    && !one.is_empty()
                    && let Err(why) = orders.read(one)
                {
                    let place = Place { line: number, column: 1 };
                    front.untimed.get_or_insert_with(|| Bad::new(place, why));
                }
                let value = items.join(", ");
                if let Some(key) = name(&key).filter(|_| !value.is_empty()) {
                    front.fields.insert(cut(key), value);
                }
                if front.fields.len() > LABELS_MAX {
                    let problem = format!(
                        "the front matter has more than {LABELS_MAX} fields, which no record can have: remove some (--skip-bad leaves the note out)"
                    );
                    return Err(Bad::new(Place { line: number, column: 1 }, problem));
                }
            }
        }
    }
    front.untimed.take_if(|_| front.at.is_some());
    Ok(front)
}

/// Refuses front matter that is too long to be in each record.
fn check_front(inside: &[&str]) -> Result<(), Bad> {
    let mut bytes = 0;
    for (number, line) in (2..).zip(inside) {
        bytes += line.len() + 1;
        if bytes > FRONT_BYTES_MAX {
            let problem = format!(
                "the front matter has more than {FRONT_BYTES_MAX} bytes, and each record of the note has all of it: \
                 shorten it; where it is none, begin the note with an empty line (--skip-bad leaves the note out)"
            );
            return Err(Bad::new(Place { line: number, column: 1 }, problem));
        }
    }
    Ok(())
}

/// Whether front matter says when a note was written with this key.
fn is_time(key: &str) -> bool {
    matches!(key, "date" | "created" | "at")
}

/// What all values show that are times: which number of a date is the day.
fn orders(values: &[(u64, String, Vec<String>)]) -> Orders {
    let mut orders = Orders::default();
    let times = values.iter().flat_map(|it| &it.2).filter_map(|it| Stamp::read(it));
    times.for_each(|it| orders.see(it));
    orders
}

/// The items of a value: of a list in brackets, or the one.
fn items_of(value: &str) -> Vec<String> {
    let value = value.trim();
    let list = value.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let items = match list {
        Some(list) if !list.starts_with('[') => list.split(',').map(bare).collect(),
        _ => vec![bare(value)],
    };
    items.into_iter().filter(|it: &String| !it.is_empty()).collect()
}

fn tag(text: &str) -> Option<String> {
    name(text.trim_start().trim_start_matches('#'))
}

/// A scalar without its quotation marks.
fn bare(text: &str) -> String {
    let text = text.trim();
    let quoted = |sign: char| text.strip_prefix(sign).and_then(|it| it.strip_suffix(sign));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text).to_owned()
}
