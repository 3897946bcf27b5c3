//! Looks for a text in bytes, and replaces it, line by line on ripgrep's matcher and searcher.
//!
//! Knows no file. A match never crosses a line end, so that a search shows exactly what a replacement
//! would change.

use std::{
    cell::{Cell, RefCell},
    io,
};

use grep_matcher::{Captures, LineTerminator, Match, Matcher as _};
use grep_regex::{RegexCaptures, RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkMatch};
use voyager_base::{
    error::Error,
    workspace::{Place, TextQuery},
};

/// Longest pattern in bytes.
const PATTERN_BYTES_MAX: usize = 64 << 10;
/// Most memory of a compiled pattern, and of its cache of states.
const COMPILED_BYTES_MAX: usize = 10 << 20;
/// A place shows at most so many bytes of its line.
const SHOWN_BYTES_MAX: usize = 512;

/// A compiled [`TextQuery`].
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    matcher: RegexMatcher,
}

impl Pattern {
    /// Compiles a query.
    ///
    /// # Errors
    /// `invalid` for a pattern that is empty, malformed, too large, or matches line ends.
    pub(crate) fn new(query: &TextQuery) -> Result<Self, Error> {
        if query.pattern.is_empty() {
            return Err(Error::invalid("the pattern is empty; write the text to look for"));
        }
        if query.pattern.len() > PATTERN_BYTES_MAX {
            return Err(Error::invalid(format!(
                "the pattern has more than {PATTERN_BYTES_MAX} bytes"
            )));
        }
        let mut builder = RegexMatcherBuilder::new();
        builder.multi_line(true).fixed_strings(query.literal).word(query.word);
        builder.case_insensitive(query.ignore_case).crlf(true);
        builder.size_limit(COMPILED_BYTES_MAX).dfa_size_limit(COMPILED_BYTES_MAX);
        let malformed = |error| {
            let hint = if query.literal { "" } else { "; to take it as it is, set `literal`" };
            Error::invalid(format!("the pattern can't be used: {error}{hint}"))
        };
        Ok(Self { matcher: builder.build(&query.pattern).map_err(malformed)? })
    }

    /// Checks that a replacement names only groups that the pattern has.
    ///
    /// # Errors
    /// `invalid` with the first that it has not.
    pub(crate) fn check(&self, replacement: &str) -> Result<(), Error> {
        let probe = Probe { groups: self.matcher.capture_count(), missing: RefCell::new(None) };
        let index = |name: &str| {
            let index = self.matcher.capture_index(name);
            if index.is_none() {
                probe.missing.borrow_mut().get_or_insert_with(|| name.to_owned());
            }
            index
        };
        probe.interpolate(index, &[], replacement.as_bytes(), &mut Vec::new());
        let missing = probe.missing.into_inner();
        missing.map_or(Ok(()), |name| {
            Err(Error::invalid(format!(
                "the replacement names the group `{name}`, which the pattern does not have; \
                 write `$$` for a dollar sign, `${{name}}` before a letter"
            )))
        })
    }
}

/// Stands in for a match, to see which groups a replacement asks for.
struct Probe {
    groups: usize,
    missing: RefCell<Option<String>>,
}

impl Captures for Probe {
    fn len(&self) -> usize {
        self.groups
    }

    fn get(&self, index: usize) -> Option<Match> {
        if index >= self.groups {
            self.missing.borrow_mut().get_or_insert_with(|| index.to_string());
        }
        None
    }
}

/// The groups of a match, until they have given so many bytes; what is beyond is cut.
struct Bounded<'a> {
    captures: &'a RegexCaptures,
    left: Cell<usize>,
}

impl Captures for Bounded<'_> {
    fn len(&self) -> usize {
        self.captures.len()
    }

    fn get(&self, index: usize) -> Option<Match> {
        let found = self.captures.get(index)?;
        let length = found.len().min(self.left.get());
        self.left.set(self.left.get() - length);
        Some(found.with_end(found.start() + length))
    }
}

/// Looks through contents one after the other; reuses its buffers.
pub(crate) struct Finder<'a> {
    pattern: &'a Pattern,
    searcher: Searcher,
    captures: RegexCaptures,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(pattern: &'a Pattern) -> Self {
        let mut builder = SearcherBuilder::new();
        builder.line_terminator(LineTerminator::crlf()).binary_detection(BinaryDetection::none());
        builder.bom_sniffing(false).line_number(true);
        // Without captures a matcher could be asked for; RegexMatcher always has group 0.
        let captures =
            pattern.matcher.new_captures().expect("this matcher's error type has no value");
        Self { pattern, searcher: builder.build(), captures }
    }

    /// The places in `bytes`, at most `places_max`, with whether there are more.
    ///
    /// # Errors
    /// None is known of; the searcher's interface has one.
    pub(crate) fn places(
        &mut self,
        path: &str,
        bytes: &[u8],
        places_max: usize,
    ) -> io::Result<(Vec<Place>, bool)> {
        let mut sink = Places {
            matcher: &self.pattern.matcher,
            path,
            places: Vec::new(),
            places_max,
            more: false,
        };
        self.searcher.search_slice(&self.pattern.matcher, bytes, &mut sink)?;
        Ok((sink.places, sink.more))
    }

    /// `bytes` with every match replaced, and the number of matches; none where there is none.
    ///
    /// # Errors
    /// Where that has more than `bytes_max` bytes: a few bytes of text and of replacement can make
    /// terabytes, so it is looked at while they come to be.
    pub(crate) fn replaced(
        &mut self,
        bytes: &[u8],
        with: &Replacement,
        bytes_max: usize,
    ) -> io::Result<Option<(Vec<u8>, u64)>> {
        let mut sink = Rewrite {
            matcher: &self.pattern.matcher,
            captures: &mut self.captures,
            bytes,
            with,
            bytes_max,
            copied: 0,
            written: Vec::new(),
            places: 0,
        };
        self.searcher.search_slice(&self.pattern.matcher, bytes, &mut sink)?;
        if sink.places == 0 {
            return Ok(None);
        }
        sink.written.extend_from_slice(&bytes[sink.copied..]);
        sink.check()?;
        Ok(Some((sink.written, sink.places)))
    }
}

/// What to put in the place of a match.
#[derive(Clone, Debug)]
pub(crate) enum Replacement {
    /// As it is.
    Literal(Vec<u8>),
    /// With the groups of the match in it.
    Groups(Vec<u8>),
}

impl Replacement {
    /// The replacement of a query.
    ///
    /// # Errors
    /// `invalid` where it names a group that the pattern does not have.
    pub(crate) fn new(pattern: &Pattern, query: &TextQuery, text: String) -> Result<Self, Error> {
        if query.literal || !text.contains('$') {
            return Ok(Self::Literal(text.into_bytes()));
        }
        pattern.check(&text)?;
        Ok(Self::Groups(text.into_bytes()))
    }
}

struct Places<'a> {
    matcher: &'a RegexMatcher,
    path: &'a str,
    places: Vec<Place>,
    places_max: usize,
    more: bool,
}

impl Sink for Places<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> io::Result<bool> {
        let line = without_end(found.bytes());
        let number = found.line_number().unwrap_or(0).try_into().unwrap_or(u32::MAX);
        self.matcher.find_iter(line, |place| {
            if self.places.len() == self.places_max {
                self.more = true;
                return false;
            }
            let column = u32::try_from(place.start() + 1).unwrap_or(u32::MAX);
            self.places.push(Place {
                path: self.path.to_owned(),
                line: number,
                column,
                text: shown(line),
            });
            true
        })?;
        Ok(!self.more)
    }
}

struct Rewrite<'a> {
    matcher: &'a RegexMatcher,
    captures: &'a mut RegexCaptures,
    bytes: &'a [u8],
    with: &'a Replacement,
    bytes_max: usize,
    copied: usize,
    written: Vec<u8>,
    places: u64,
}

impl Rewrite<'_> {
    fn check(&self) -> io::Result<()> {
        if self.written.len() <= self.bytes_max {
            return Ok(());
        }
        Err(io::Error::other(format!("it would have more than {} bytes", self.bytes_max)))
    }
}

impl Sink for Rewrite<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> io::Result<bool> {
        let line = without_end(found.bytes());
        let start = usize::try_from(found.absolute_byte_offset()).map_err(io::Error::other)?;
        if self.written.capacity() == 0 {
            self.written.reserve(self.bytes.len() + self.bytes.len() / 8);
        }
        self.written.extend_from_slice(&self.bytes[self.copied..start]);
        self.copied = start + line.len();
        let (matcher, places, bytes_max) = (self.matcher, &mut self.places, self.bytes_max);
        match self.with {
            Replacement::Literal(text) => {
                matcher.replace(line, &mut self.written, |_, written| {
                    *places += 1;
                    written.extend_from_slice(text);
                    written.len() <= bytes_max
                })?
            }
            Replacement::Groups(text) => {
                let append = |captures: &RegexCaptures, written: &mut Vec<u8>| {
                    *places += 1;
                    // One byte more than fits, so that it shows.
                    let left = Cell::new((bytes_max + 1).saturating_sub(written.len()));
                    let bounded = Bounded { captures, left };
                    bounded.interpolate(|name| matcher.capture_index(name), line, text, written);
                    written.len() <= bytes_max
                };
                matcher.replace_with_captures(line, self.captures, &mut self.written, append)?;
            }
        }
        self.check()?;
        Ok(true)
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn shown(line: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(&line[..line.len().min(SHOWN_BYTES_MAX)]).into_owned();
    let end = (0..=SHOWN_BYTES_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
    text
}

#[cfg(test)]
mod tests {
    use voyager_base::ErrorKind;

    use super::*;

    fn query(pattern: &str) -> TextQuery {
        TextQuery {
            pattern: pattern.into(),
            literal: false,
            word: false,
            ignore_case: false,
            globs: vec![],
        }
    }

    fn replace(query: &TextQuery, replacement: &str, text: &str) -> Option<(String, u64)> {
        let pattern = Pattern::new(query).unwrap();
        let with = Replacement::new(&pattern, query, replacement.into()).unwrap();
        let replaced = Finder::new(&pattern).replaced(text.as_bytes(), &with, 1_000).unwrap();
        replaced.map(|(bytes, places)| (String::from_utf8(bytes).unwrap(), places))
    }

    fn places(query: &TextQuery, bytes: &[u8]) -> Vec<(u32, u32, String)> {
        let pattern = Pattern::new(query).unwrap();
        let (places, _) = Finder::new(&pattern).places("f", bytes, 100).unwrap();
        places.into_iter().map(|it| (it.line, it.column, it.text)).collect()
    }

    #[test]
    fn every_match_of_a_line_is_a_place() {
        let found = places(&query("a+"), b"xaa a\r\n\nb\na");
        assert_eq!(found, [(1, 2, "xaa a".into()), (1, 5, "xaa a".into()), (4, 1, "a".into())]);
    }

    #[test]
    fn a_long_line_is_cut_at_a_character() {
        let line = "x".repeat(511) + "üüü";
        let found = places(&query("x{511}"), line.as_bytes());
        assert!(found[0].2.len() <= 512, "{}", found[0].2.len());
    }

    #[test]
    fn bytes_that_are_not_utf8_are_searched_and_kept() {
        let q = query("b");
        assert_eq!(places(&q, b"a\xff b"), [(1, 4, "a\u{fffd} b".into())]);
        let pattern = Pattern::new(&q).unwrap();
        let with = Replacement::Literal(b"c".to_vec());
        let (bytes, _) =
            Finder::new(&pattern).replaced(b"a\xff b\xfe", &with, 100).unwrap().unwrap();
        assert_eq!(bytes, b"a\xff c\xfe");
    }

    #[test]
    fn words_literals_and_case_are_honoured() {
        let word = TextQuery { word: true, literal: true, ..query("a.b") };
        assert_eq!(replace(&word, "$1", "a.b xa.b a.bx axb"), Some(("$1 xa.b a.bx axb".into(), 1)));
        let any_case = TextQuery { ignore_case: true, ..query("ÜBER") };
        assert_eq!(replace(&any_case, "x", "über Über\n"), Some(("x x\n".into(), 2)));
        assert_eq!(replace(&query("z"), "x", "abc"), None);
    }

    #[test]
    fn groups_are_filled_in_by_number_and_name() {
        let q = query(r"(?P<first>\w+)\.(\w+)");
        assert_eq!(
            replace(&q, "$2:${first}$$", "a.b c.d\r\ne.f"),
            Some(("b:a$ d:c$\r\nf:e$".into(), 3))
        );
    }

    #[test]
    fn a_replacement_that_grows_without_end_stops_at_the_bound() {
        for (pattern, replacement) in [
            ("a", "x".repeat(1_000_000)),
            ("a*", "$0".repeat(1_000_000)),
            ("b*", "y".repeat(1_000_000)),
        ] {
            let q = query(pattern);
            let pattern = Pattern::new(&q).unwrap();
            let with = Replacement::new(&pattern, &q, replacement).unwrap();
            let text = "a".repeat(1_000_000);
            let error = Finder::new(&pattern).replaced(text.as_bytes(), &with, 3_000_000);
            assert_eq!(error.unwrap_err().to_string(), "it would have more than 3000000 bytes");
        }
        assert_eq!(replace(&query("a"), &"x".repeat(1_000), "a").unwrap().0.len(), 1_000);
    }

    #[test]
    fn a_group_that_the_pattern_has_not_is_refused() {
        for replacement in ["$2", "$name", "${3}"] {
            let q = query("(a)");
            let error =
                Replacement::new(&Pattern::new(&q).unwrap(), &q, replacement.into()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Invalid, "{replacement}");
        }
    }

    #[test]
    fn line_ends_stay_as_they_are() {
        assert_eq!(
            replace(&query("a.*"), "b", "ax\r\nay\nz\r\n"),
            Some(("b\r\nb\nz\r\n".into(), 2))
        );
        assert_eq!(replace(&query("x$"), "y", "x\r\nx\nx"), Some(("y\r\ny\ny".into(), 3)));
    }

    #[test]
    fn patterns_that_cannot_be_used_are_invalid() {
        for pattern in ["", "(", "a\nb", r"(?s)a.b\n", &"x".repeat(70_000), r"(\w{1000}){1000}"] {
            let error = Pattern::new(&query(pattern)).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Invalid);
        }
    }
}
