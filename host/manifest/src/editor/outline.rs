//! Keys, values and their nesting in any text, be it YAML or on the way to it.
//!
//! Nesting goes by indentation, within brackets by them. A bracket or quote that is never closed ends where
//! a line begins no further in than the key that it belongs to: one slip must not swallow the rest.

use std::{cell::Cell, ops::Range};

/// Most parts within parts, and most brackets within brackets: whoever reads those recurses.
const DEPTH_MAX: usize = 64;

/// What stands in for the cursor where an answer depends on what could stand there: a word without a letter.
pub(super) const CURSOR: char = '\u{1}';

/// What sort of part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A key with its value.
    Key,
    /// An item of a list.
    Item,
    /// A word where a key could stand.
    Word,
}

/// A key, an item or a word.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) sort: Sort,
    /// The part that it stands in; none at the top.
    pub(super) within: Option<usize>,
    /// The bytes of the key; of the word; where an item begins.
    pub(super) key: Range<usize>,
    /// The bytes of a single value, without quotes; empty where it is none.
    pub(super) value: Range<usize>,
    /// Bytes between the start of the line and it.
    indent: usize,
}

/// The parts of a text, in its order.
#[derive(Debug)]
pub(super) struct Outline<'t> {
    pub(super) text: &'t str,
    pub(super) parts: Vec<Part>,
}

impl<'t> Outline<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let (parts, open, line_end) = (Vec::new(), Vec::new(), Cell::default());
        let mut reader = Reader { text, parts, open, line_end };
        reader.read();
        Self { text, parts: reader.parts }
    }

    pub(super) fn key(&self, part: usize) -> &'t str {
        &self.text[self.parts[part].key.clone()]
    }

    pub(super) fn value(&self, part: usize) -> &'t str {
        &self.text[self.parts[part].value.clone()]
    }

    /// The part whose key or word the byte touches, or else whose value.
    pub(super) fn at(&self, byte: usize) -> Option<(usize, bool)> {
        let touches = |range: &Range<usize>| range.start <= byte && byte <= range.end;
        let is_named = |part: &Part| part.sort != Sort::Item && touches(&part.key);
        if let Some(found) = self.parts.iter().rposition(is_named) {
            return Some((found, true));
        }
        let has_value = |part: &Part| !part.value.is_empty() && touches(&part.value);
        self.parts.iter().rposition(has_value).map(|found| (found, false))
    }

    /// The parts from the top down to `part`.
    pub(super) fn path(&self, part: usize) -> Vec<usize> {
        let mut path: Vec<usize> = self.above(part).collect();
        path.reverse();
        path
    }

    /// `part`, the part that it stands in, and so on.
    pub(super) fn above(&self, part: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(part), |part| self.parts[*part].within)
    }

    /// The parts directly within one, or at the top.
    pub(super) fn inside(&self, within: Option<usize>) -> impl Iterator<Item = usize> {
        let first = within.map_or(0, |it| it + 1);
        // What stands in a part follows it at once.
        let all = self.parts.iter().enumerate().skip(first);
        let all = all.take_while(move |(_, it)| it.within >= within);
        all.filter(move |(_, it)| it.within == within).map(|(at, _)| at)
    }

    /// The key `name` directly within a part, or at the top.
    pub(super) fn find(&self, within: Option<usize>, name: &str) -> Option<usize> {
        self.inside(within).find(|it| self.parts[*it].sort == Sort::Key && self.key(*it) == name)
    }
}

struct Reader<'t> {
    text: &'t str,
    parts: Vec<Part>,
    /// Parts that what comes further in stands in.
    open: Vec<usize>,
    /// The bytes for which the end of the line was looked for last: in brackets a line is asked for its end
    /// at every word, and it may be as long as the text.
    line_end: Cell<(usize, usize)>,
}

/// A bracket or quote was never closed; reading goes on at this line.
struct Broken(usize);

impl Reader<'_> {
    fn read(&mut self) {
        let mut at = 0;
        while at < self.text.len() {
            at = self.line(at);
        }
    }

    /// Reads from the start of a line; gives back where the next one that was not read begins.
    fn line(&mut self, start: usize) -> usize {
        let end = self.line_end(start);
        let next = (end + 1).min(self.text.len().max(end));
        let mut at = self.blank(start, end);
        let is_marker =
            at == start && ["---", "...", "%"].iter().any(|it| self.text[at..end].starts_with(it));
        if at == end || self.text[at..].starts_with('#') || is_marker {
            return next.max(start + 1);
        }
        loop {
            let indent = at - start;
            let rest = &self.text[at..end];
            if rest == "-" || rest.starts_with("- ") {
                let is_outside = |part: &Part| match part.sort {
                    // A list may stand as far out as the key that it belongs to.
                    Sort::Key => part.indent > indent,
                    _ => part.indent >= indent,
                };
                self.leave(is_outside);
                let item = self.push(Sort::Item, at..at, indent);
                self.enter(item);
                at = self.blank(at + 1, end);
                if at == end || self.text[at..].starts_with('#') {
                    return next;
                }
                continue;
            }
            let Some((key, behind)) = self.block_key(at, end) else {
                // A value of its own line, or a word that becomes a key.
                let owner = self.open.last().copied().filter(|it| {
                    let part = &self.parts[*it];
                    part.sort == Sort::Item && part.key.start >= start && part.value.is_empty()
                });
                self.leave(|part| part.indent >= indent);
                let stop = match owner {
                    Some(item) => self.value(item, at, end, indent),
                    None if rest.starts_with(['{', '[', '"', '\'']) => match self.open.last() {
                        Some(part) => self.value(*part, at, end, indent),
                        None => self.value_at_top(at),
                    },
                    None => {
                        let word = at..self.plain_end(at, end);
                        self.push(Sort::Word, word, indent);
                        next
                    }
                };
                return stop.max(start + 1);
            };
            self.leave(|part| part.indent >= indent);
            let part = self.push(Sort::Key, key, indent);
            self.enter(part);
            at = self.blank(behind, end);
            if at == end || self.text[at..].starts_with('#') {
                return next;
            }
            return self.value(part, at, end, indent).max(start + 1);
        }
    }

    fn push(&mut self, sort: Sort, key: Range<usize>, indent: usize) -> usize {
        let value = key.end..key.end;
        self.parts.push(Part { sort, within: self.open.last().copied(), key, value, indent });
        self.parts.len() - 1
    }

    fn enter(&mut self, part: usize) {
        if self.open.len() < DEPTH_MAX {
            self.open.push(part);
        }
    }

    fn leave(&mut self, is_outside: impl Fn(&Part) -> bool) {
        while self.open.last().is_some_and(|it| is_outside(&self.parts[*it])) {
            self.open.pop();
        }
    }

    /// Reads the value of `part`, which begins at `at`; gives back where a line begins that was not read.
    fn value(&mut self, part: usize, at: usize, end: usize, indent: usize) -> usize {
        let behind = match self.text.as_bytes()[at] {
            b'|' | b'>' => return self.block_text(end, indent),
            b'{' | b'[' => self.flow(at, part, Some(indent), 0),
            b'"' | b'\'' => match self.quoted(at, Some(indent)) {
                Ok(inner) => {
                    self.parts[part].value = inner.clone();
                    Ok(inner.end + 1)
                }
                Err(broken) => {
                    self.parts[part].value = at + 1..end;
                    Err(broken)
                }
            },
            _ => {
                self.parts[part].value = at..self.plain_end(at, end);
                Ok(end)
            }
        };
        match behind {
            Ok(behind) => self.line_end(behind.min(self.text.len())) + 1,
            Err(Broken(line)) => line,
        }
    }

    /// A text that begins with a bracket, or with a quote of no key.
    fn value_at_top(&mut self, at: usize) -> usize {
        let part = self.push(Sort::Item, at..at, 0);
        // What stands in it stands at the top.
        let first = self.parts.len();
        let end = self.line_end(at);
        let stop = self.value(part, at, end, 0);
        for inner in &mut self.parts[first..] {
            inner.within = inner.within.filter(|it| *it != part);
        }
        stop
    }

    /// Passes a text of several lines over: all lines that begin further in, and empty ones.
    fn block_text(&self, end: usize, indent: usize) -> usize {
        let mut line = end + 1;
        while line < self.text.len() {
            let end = self.line_end(line);
            let content = self.blank(line, end);
            if content < end && content - line <= indent {
                break;
            }
            line = end + 1;
        }
        line
    }

    /// Reads a list or mapping in brackets; gives back the byte behind it.
    fn flow(
        &mut self,
        at: usize,
        within: usize,
        owner: Option<usize>,
        depth: usize,
    ) -> Result<usize, Broken> {
        if depth > DEPTH_MAX {
            return Err(Broken(self.text.len()));
        }
        let outer = std::mem::replace(&mut self.open, vec![within]);
        let read = self.flow_parts(at + 1, self.text.as_bytes()[at] == b'{', owner, depth);
        self.open = outer;
        read
    }

    fn flow_parts(
        &mut self,
        mut at: usize,
        is_map: bool,
        owner: Option<usize>,
        depth: usize,
    ) -> Result<usize, Broken> {
        loop {
            at = self.space(at, owner)?;
            let byte = self.text.as_bytes()[at];
            match byte {
                b',' => {
                    at += 1;
                    continue;
                }
                b'}' | b']' => return Ok(at + 1),
                b'{' | b'[' => {
                    let item = self.push(Sort::Item, at..at, usize::MAX);
                    at = self.flow(at, item, owner, depth + 1)?;
                    continue;
                }
                _ => {}
            }
            let (token, behind) = self.token(at, owner)?;
            let colon = self.blank(behind, self.line_end(behind));
            if !self.text[colon..].starts_with(':') {
                if is_map {
                    self.push(Sort::Word, token, usize::MAX);
                } else {
                    let item = self.push(Sort::Item, at..at, usize::MAX);
                    self.parts[item].value = token;
                }
                at = behind.max(at + 1);
                continue;
            }
            let part = self.push(Sort::Key, token, usize::MAX);
            at = self.space(colon + 1, owner)?;
            match self.text.as_bytes()[at] {
                b',' | b'}' | b']' => {}
                b'{' | b'[' => at = self.flow(at, part, owner, depth + 1)?,
                _ => {
                    let token = self.token(at, owner);
                    if let Err(Broken(line)) = token {
                        let end = self.line_end(at);
                        self.parts[part].value = (at + 1).min(end)..end;
                        return Err(Broken(line));
                    }
                    let (token, behind) = token?;
                    self.parts[part].value = token;
                    at = behind.max(at + 1);
                }
            }
        }
    }

    /// A quoted or plain text within brackets, and the byte behind it.
    fn token(&self, at: usize, owner: Option<usize>) -> Result<(Range<usize>, usize), Broken> {
        if self.text[at..].starts_with(['"', '\'']) {
            let inner = self.quoted(at, owner)?;
            let behind = inner.end + 1;
            return Ok((inner, behind));
        }
        let line = &self.text[at..self.line_end(at)];
        let bytes = line.as_bytes();
        let ends = |(index, byte): (usize, &u8)| match byte {
            b',' | b'[' | b']' | b'{' | b'}' => true,
            b':' => bytes.get(index + 1).is_none_or(|next| b" ,[]{}\r".contains(next)),
            b'#' => index > 0 && bytes[index - 1] == b' ',
            _ => false,
        };
        let length = bytes.iter().enumerate().position(ends).unwrap_or(line.len());
        let text = line[..length].trim_end();
        Ok((at..at + text.len(), at + length))
    }

    /// The bytes within quotes.
    fn quoted(&self, at: usize, owner: Option<usize>) -> Result<Range<usize>, Broken> {
        let bytes = self.text.as_bytes();
        let quote = bytes[at];
        let mut index = at + 1;
        while let Some(byte) = bytes.get(index) {
            match byte {
                b'\\' if quote == b'"' => index += 1,
                b'\'' if quote == b'\'' && bytes.get(index + 1) == Some(&b'\'') => index += 1,
                byte if *byte == quote => return Ok(at + 1..index),
                b'\n' if self.begins_anew(index + 1, owner) => return Err(Broken(index + 1)),
                _ => {}
            }
            index += 1;
        }
        Err(Broken(self.text.len()))
    }

    /// Passes blanks, ends of lines and comments over.
    fn space(&self, mut at: usize, owner: Option<usize>) -> Result<usize, Broken> {
        loop {
            match self.text.as_bytes().get(at) {
                None => return Err(Broken(self.text.len())),
                Some(b' ' | b'\t' | b'\r') => at += 1,
                Some(b'#') => at = self.line_end(at),
                Some(b'\n') if self.begins_anew(at + 1, owner) => return Err(Broken(at + 1)),
                Some(b'\n') => at += 1,
                Some(_) => return Ok(at),
            }
        }
    }

    /// Whether the line begins with a key or an item no further in than `owner`.
    fn begins_anew(&self, line: usize, owner: Option<usize>) -> bool {
        let Some(owner) = owner.filter(|_| line < self.text.len()) else { return false };
        let end = self.line_end(line);
        let at = self.blank(line, end);
        let rest = &self.text[at..end];
        let is_word = |key: &str| {
            !key.is_empty()
                && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let is_key = rest.split_once(':').is_some_and(|(key, _)| is_word(key));
        at - line <= owner && (is_key || rest.starts_with("- "))
    }

    /// A key and the byte behind its colon.
    fn block_key(&self, at: usize, end: usize) -> Option<(Range<usize>, usize)> {
        let rest = &self.text[at..end];
        if rest.starts_with(['"', '\'']) {
            let inner = self.quoted(at, Some(usize::MAX)).ok().filter(|inner| inner.end < end)?;
            let behind = self.blank(inner.end + 1, end);
            return self.text[behind..end].starts_with(':').then_some((inner, behind + 1));
        }
        if rest.starts_with(['{', '[', '|', '>']) {
            return None;
        }
        let bytes = rest.as_bytes();
        let is_colon = |index: &usize| {
            bytes[*index] == b':' && bytes.get(index + 1).is_none_or(|next| b" \t\r".contains(next))
        };
        let colon = (0..bytes.len()).find(is_colon)?;
        let key = rest[..colon].trim_end();
        (!key.contains(" #")).then(|| (at..at + key.len(), at + colon + 1))
    }

    /// Where a plain text ends: before a comment, and before blanks at the end of the line.
    fn plain_end(&self, at: usize, end: usize) -> usize {
        let rest = &self.text[at..end];
        let text = rest.split_once(" #").map_or(rest, |(text, _)| text);
        at + text.trim_end().len()
    }

    fn line_end(&self, at: usize) -> usize {
        let (from, end) = self.line_end.get();
        if (from..end).contains(&at) {
            return end;
        }
        let end = self.text[at..].find('\n').map_or(self.text.len(), |length| at + length);
        self.line_end.set((at, end));
        end
    }

    /// The first byte from `at` on that is no blank, at most `end`.
    fn blank(&self, at: usize, end: usize) -> usize {
        let rest = self.text.get(at..end).unwrap_or_default();
        at + (rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn shown(text: &str) -> String {
        let outline = Outline::of(text);
        let parts = outline.parts.iter().enumerate().map(|(at, part)| {
            let depth = outline.above(at).count() - 1;
            let name = match part.sort {
                Sort::Key => format!("{}:", outline.key(at)),
                Sort::Item => "-".to_owned(),
                Sort::Word => format!("({})", outline.key(at)),
            };
            format!("{}{name} {}", "  ".repeat(depth), outline.value(at)).trim_end().to_owned()
        });
        parts.collect::<Vec<_>>().join("\n") + "\n"
    }

    #[test]
    fn keys_and_values_are_found_with_their_nesting() {
        expect![[r#"
            name: a
            inputs:
              repo:
                type: path
                description: A: b
            steps:
              -
                id: one
                with:
                  text:
                    expr: inputs.repo
                  list:
                    - 1
                    -
                      a: b
              -
                id: two
                needs:
                  - one
            finally:
              -
                id: last
                description:
                use: a/b
        "#]]
        .assert_eq(&shown(
            "# first\nname: a # why\ninputs:\n  repo: { type: path, description: \"A: b\" }\nsteps:\n  \
             - id: one\n    with:\n      text: { expr: 'inputs.repo' }\n      list: [1, {a: b}]\n\n  - \
             id: two\n    needs: [ one,\n      ]\nfinally:\n- id: last\n  description: |\n    id: no\n\n    \
             no\n  use: a/b\n",
        ));
    }

    #[test]
    fn what_is_half_written_does_not_swallow_the_rest() {
        expect![[r#"
            steps:
              -
                id: one
                with:
                  text:
                    from: steps.
                when: inputs.
                use: a/b
                (tim)
              -
                id: two
                (us)
              -
                id: three
        "#]]
        .assert_eq(&shown(
            "steps:\n  - id: one\n    with: { text: { from: steps.\n    when: \"inputs.\n    use: a/b\n    \
             tim\n  - { id: two, us\n  - id: three\n",
        ));
    }

    #[test]
    fn brackets_may_hold_everything() {
        let deep = shown(&"[".repeat(100_000));
        assert!(deep.lines().count() <= DEPTH_MAX + 2, "{}", deep.len());
        let deep = shown(&format!("{}[a]", "- ".repeat(10_000)));
        assert!(deep.lines().all(|line| line.len() <= 2 * DEPTH_MAX + 4), "{}", deep.len());
        // In time that grows with the text, which is one line.
        assert_eq!(shown(&format!("a: [{}", "b,".repeat(200_000))).lines().count(), 200_001);
        expect![[r#"
            -
            name: a
            steps:
              -
                id: b
        "#]]
        .assert_eq(&shown("{ name: a,\n  \"steps\": [ { id: b } ] }\n"));
    }
}
