//! One pass over the characters of JavaScript, TypeScript or Rust, without recursion: how deeply the
//! text nests, which bounds what a parser would do to the stack, and where comments stand.
//!
//! It knows strings, comments and brackets, and makes a good guess at the rest; a text that it takes
//! for too deep is refused as data. One that deceives it may still end its task, which `spread`
//! survives.

use std::ops::Range;

use crate::contract::exports::voyager::coder::metrics::{Lines, Problem};
use crate::measure::problem;

/// Whose strings and comments to expect.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    JavaScript,
    Rust,
}

/// A comment, and whether it documents something.
pub(crate) struct Comment {
    pub(crate) range: Range<usize>,
    pub(crate) documentation: bool,
}

/// Brackets, and operators that wait for their right side, together.
const NESTING_MAX: u32 = 200;
/// Operators of one expression that bind to the left. The tree of Rust is released recursively.
const CHAIN_MAX: u32 = 1_000;

/// What is open inside one pair of brackets, or outside all.
#[derive(Clone, Copy, Default)]
struct Level {
    tight: u32,
    loose: u32,
    chain: u32,
}

impl Level {
    fn depth(self) -> u32 {
        1 + self.tight + self.loose
    }
}

/// What stands before the current place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Operator,
    Word,
    /// A word after which an operand follows, as after an operator: `return`, `typeof`.
    Prefix,
    Literal,
    Parenthesis,
    Brace,
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    flavour: Flavour,
    comments: Vec<Comment>,
    level: Level,
    around: Vec<(u8, Level)>,
    around_depth: u32,
    elements: u32,
    before: Before,
    newline: bool,
}

/// Finds the comments of a text.
///
/// # Errors
/// `too-deep` where the text nests more deeply than a parser should be asked to follow.
pub(crate) fn comments(text: &str, flavour: Flavour) -> Result<Vec<Comment>, Problem> {
    let mut scan = Scan {
        text: text.as_bytes(),
        at: 0,
        flavour,
        comments: Vec::new(),
        level: Level::default(),
        around: Vec::new(),
        around_depth: 0,
        elements: 0,
        before: Before::Operator,
        newline: true,
    };
    while scan.at < scan.text.len() {
        scan.step();
        let nesting = scan.around_depth + scan.level.depth() + scan.elements;
        if nesting > NESTING_MAX || scan.level.chain > CHAIN_MAX {
            let line = scan.text.iter().take(scan.at).filter(|byte| **byte == b'\n').count() + 1;
            let message = format!(
                "The text nests more than {NESTING_MAX} levels deep, or chains more than {CHAIN_MAX} operators."
            );
            return Err(problem("too-deep", message, u32::try_from(line).ok()));
        }
    }
    Ok(scan.comments)
}

impl Scan<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn step(&mut self) {
        match self.peek(0) {
            b'\n' => {
                self.newline = true;
                self.at += 1;
            }
            byte if byte.is_ascii_whitespace() => self.at += 1,
            b'/' if self.peek(1) == b'/' => self.line_comment(),
            b'/' if self.peek(1) == b'*' => self.block_comment(),
            byte => {
                self.token(byte);
                self.newline = false;
            }
        }
    }

    fn token(&mut self, byte: u8) {
        match byte {
            b'"' => self.string(b'"'),
            b'\'' if self.flavour == Flavour::Rust => self.character(),
            b'\'' => self.string(b'\''),
            b'`' => self.template(),
            b'/' if self.flavour == Flavour::JavaScript && !self.after_operand() => {
                self.regular_expression()
            }
            b'(' | b'[' | b'{' => self.open(byte),
            b')' | b']' | b'}' => self.close(byte),
            b',' | b';' => {
                self.level = Level::default();
                self.operator(1);
            }
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..) => {
                self.word()
            }
            byte => self.punctuation(byte),
        }
    }

    fn after_operand(&self) -> bool {
        !matches!(self.before, Before::Operator | Before::Prefix)
    }

    fn operator(&mut self, length: usize) {
        self.at += length;
        self.before = Before::Operator;
    }

    fn open(&mut self, byte: u8) {
        self.level.chain += 1;
        self.around_depth += self.level.depth();
        self.around.push((byte, std::mem::take(&mut self.level)));
        self.operator(1);
    }

    fn close(&mut self, byte: u8) {
        self.at += 1;
        if let Some((open, level)) = self.around.pop() {
            self.level = level;
            self.around_depth = self.around_depth.saturating_sub(level.depth());
            if open == b'`' {
                self.before = Before::Literal;
                return self.template_rest();
            }
        }
        self.before = if byte == b'}' { Before::Brace } else { Before::Parenthesis };
    }

    fn word(&mut self) {
        let start = self.at;
        while self.peek(0).is_ascii_alphanumeric() || matches!(self.peek(0), b'_' | b'$' | 0x80..) {
            self.at += 1;
        }
        let text = self.text;
        let word = &text[start..self.at];
        if self.raw_string(word) {
            return;
        }
        self.end_statement(word);
        let mut next = Before::Word;
        match word {
            b"typeof" | b"void" | b"delete" | b"await" | b"new" | b"yield" | b"return"
            | b"break" | b"throw" => {
                self.level.tight += 1;
                next = Before::Prefix;
            }
            b"case" | b"in" | b"of" | b"instanceof" | b"default" | b"extends" => {
                next = Before::Prefix
            }
            b"else" | b"if" | b"for" | b"while" | b"do" | b"with" => {
                self.level.loose += 1;
                next = Before::Prefix;
            }
            _ => {}
        }
        self.before = next;
    }

    /// Two operands side by side are two statements, where no semicolon stands between them.
    fn end_statement(&mut self, word: &[u8]) {
        let goes_on = matches!(
            word,
            b"else"
                | b"as"
                | b"in"
                | b"of"
                | b"instanceof"
                | b"catch"
                | b"finally"
                | b"from"
                | b"satisfies"
        );
        let ends = match self.before {
            Before::Operator | Before::Prefix => false,
            Before::Brace => true,
            Before::Word | Before::Literal | Before::Parenthesis => self.newline,
        };
        if ends && !goes_on {
            // `if (a)` with its statement on the next line looks like a call that ends one.
            let loose = if self.before == Before::Parenthesis { self.level.loose } else { 0 };
            self.level = Level { loose, ..Level::default() };
        }
    }

    fn punctuation(&mut self, byte: u8) {
        let next = self.peek(1);
        match (byte, next) {
            (b'=' | b'-', b'>') => {
                self.level.loose += 1;
                return self.operator(2);
            }
            (b'&', b'&') | (b'|', b'|') if self.after_operand() => {
                self.level.tight = 0;
                self.level.chain += 1;
                return self.operator(2);
            }
            (b'*', b'*') => {
                self.level.tight += 1;
                return self.operator(2);
            }
            (b'=' | b'!' | b'<' | b'>', b'=') => {
                self.level.chain += 1;
                return self.operator(2);
            }
            (b'<', b'/') => {
                self.elements = self.elements.saturating_sub(1);
                return self.operator(2);
            }
            (b'/', b'>') => {
                self.elements = self.elements.saturating_sub(1);
                return self.operator(2);
            }
            (b'<', _) if !self.after_operand() && self.flavour == Flavour::JavaScript => {
                self.elements += 1
            }
            (b'<', _) => self.level.loose += 1,
            (b'>', _) => self.level.loose = self.level.loose.saturating_sub(1),
            (b'?', _) if self.flavour == Flavour::Rust => {
                self.level.chain += 1;
                self.at += 1;
                self.before = Before::Parenthesis;
                return;
            }
            (b'=' | b'?', _) => self.level.loose += 1,
            (b'!' | b'~' | b'-' | b'+' | b'&' | b'*' | b'|', _) if !self.after_operand() => {
                self.level.tight += 1
            }
            (b':' | b'#' | b'@', _) => {}
            _ => {
                self.level.tight = 0;
                self.level.chain += 1;
            }
        }
        self.operator(1);
    }

    fn line_comment(&mut self) {
        let start = self.at;
        let length = self.text[start..]
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(self.text.len() - start);
        self.at = start + length;
        let text = &self.text[start..self.at];
        let documentation = self.flavour == Flavour::Rust
            && (text.starts_with(b"//!") || text.starts_with(b"///") && !text.starts_with(b"////"));
        self.comments.push(Comment { range: start..self.at, documentation });
    }

    fn block_comment(&mut self) {
        let start = self.at;
        let mut depth = 0;
        while self.at < self.text.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') if depth == 0 || self.flavour == Flavour::Rust => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        break;
                    }
                }
                _ => self.at += 1,
            }
        }
        self.at = self.at.min(self.text.len());
        let text = &self.text[start..self.at];
        let documentation = text.len() > 5
            && (text.starts_with(b"/**") && text[3] != b'*' || text.starts_with(b"/*!"));
        self.comments.push(Comment { range: start..self.at, documentation });
    }

    /// A string with escapes. One of JavaScript ends with its line at the latest: what looks like an
    /// open one there is an apostrophe in JSX.
    fn string(&mut self, quote: u8) {
        self.at += 1;
        while self.at < self.text.len() {
            match self.peek(0) {
                b'\\' => self.at += 2,
                b'\n' if self.flavour == Flavour::JavaScript => break,
                byte => {
                    self.at += 1;
                    if byte == quote {
                        break;
                    }
                }
            }
        }
        self.before = Before::Literal;
    }

    /// A character of Rust, or a lifetime.
    fn character(&mut self) {
        let rest = &self.text[self.at + 1..];
        let length = match rest.first() {
            Some(b'\\') => rest.iter().skip(2).position(|byte| *byte == b'\'').map(|at| at + 3),
            Some(first) => {
                let width = match first {
                    0..0x80 => 1,
                    0x80..0xe0 => 2,
                    0xe0..0xf0 => 3,
                    _ => 4,
                };
                (rest.get(width) == Some(&b'\'')).then_some(width + 1)
            }
            None => None,
        };
        self.at += 1 + length.unwrap_or(0);
        self.before = if length.is_some() { Before::Literal } else { Before::Operator };
    }

    /// `r"..."`, `br#"..."#` and the like, behind whose prefix the scan stands.
    fn raw_string(&mut self, prefix: &[u8]) -> bool {
        if self.flavour != Flavour::Rust || !matches!(prefix, b"r" | b"br" | b"cr") {
            return false;
        }
        let hashes = self.text[self.at..].iter().take_while(|byte| **byte == b'#').count();
        if self.peek(hashes) != b'"' {
            return false;
        }
        self.at += hashes + 1;
        while self.at < self.text.len() {
            let ends = self.peek(0) == b'"' && (1..=hashes).all(|ahead| self.peek(ahead) == b'#');
            self.at += 1;
            if ends {
                self.at += hashes;
                break;
            }
        }
        self.before = Before::Literal;
        true
    }

    fn template(&mut self) {
        self.at += 1;
        self.before = Before::Literal;
        if self.flavour == Flavour::JavaScript {
            self.template_rest();
        }
    }

    /// The text of a template up to its end or to its next expression.
    fn template_rest(&mut self) {
        while self.at < self.text.len() {
            match (self.peek(0), self.peek(1)) {
                (b'\\', _) => self.at += 2,
                (b'`', _) => {
                    self.at += 1;
                    return;
                }
                (b'$', b'{') => {
                    self.at += 1;
                    return self.open(b'`');
                }
                _ => self.at += 1,
            }
        }
    }

    fn regular_expression(&mut self) {
        self.at += 1;
        let mut class = false;
        while self.at < self.text.len() {
            let byte = self.peek(0);
            match byte {
                b'\\' => self.at += 1,
                b'[' => class = true,
                b']' => class = false,
                b'\n' => break,
                _ => {}
            }
            self.at += 1;
            if byte == b'/' && !class {
                break;
            }
        }
        self.before = Before::Literal;
    }
}

/// Counts lines from the places of comments; what is neither blank nor comment is source.
pub(crate) fn lines(text: &str, comments: &[Comment]) -> Lines {
    const CODE: u8 = 1;
    const COMMENT: u8 = 2;
    const DOCUMENTATION: u8 = 4;
    let mut lines = Lines {
        total: 0,
        source: 0,
        comment: 0,
        documentation: 0,
        blank: 0,
        logical: 0,
        comments: 0,
    };
    let mut comments = comments.iter().peekable();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let (mut marks, mut at) = (0, start);
        while let Some(comment) = comments.peek().filter(|comment| comment.range.start < end) {
            if has_text(text, at..comment.range.start) {
                marks |= CODE;
            }
            marks |= if comment.documentation { DOCUMENTATION } else { COMMENT };
            at = comment.range.end;
            if comment.range.end >= end {
                break;
            }
            comments.next();
        }
        if has_text(text, at..end) {
            marks |= CODE;
        }
        let blank = line.trim().is_empty();
        lines.total += 1;
        lines.comments += u32::from(marks & COMMENT != 0 && !blank);
        match marks {
            _ if blank => lines.blank += 1,
            marks if marks & CODE != 0 => lines.source += 1,
            marks if marks & DOCUMENTATION != 0 => lines.documentation += 1,
            _ => lines.comment += 1,
        }
        start = end;
    }
    lines
}

fn has_text(text: &str, range: Range<usize>) -> bool {
    text.as_bytes()
        .get(range)
        .is_some_and(|part| part.iter().any(|byte| !byte.is_ascii_whitespace()))
}

/// Distinct and total operators and operands, as the tokens come.
#[derive(Default)]
pub(crate) struct Vocabulary<'a> {
    operators: rustc_hash::FxHashSet<&'a str>,
    operands: rustc_hash::FxHashSet<&'a str>,
    operators_total: u32,
    operands_total: u32,
}

impl<'a> Vocabulary<'a> {
    /// Counts an operator: a keyword or punctuation; of brackets, the opening one.
    pub(crate) fn operator(&mut self, text: &'a str) {
        self.operators_total += 1;
        self.operators.insert(text);
    }

    /// Counts an operand: a name or a literal.
    pub(crate) fn operand(&mut self, text: &'a str) {
        self.operands_total += 1;
        self.operands.insert(text);
    }

    /// Halstead's measures of what was counted.
    pub(crate) fn halstead(&self) -> crate::contract::exports::voyager::coder::metrics::Halstead {
        let number = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        crate::figures::halstead(
            number(self.operators.len()),
            number(self.operands.len()),
            self.operators_total,
            self.operands_total,
        )
    }
}
