//! Lines of Python as radon's `raw` counts them, from the parser's tokens.
//!
//! radon cuts the text into the smallest runs of lines that Python's tokenizer takes as complete: a
//! logical line, a comment, or a blank line. This does the same with the tokens of the whole text.

use ruff_python_ast::token::{Token, TokenKind, Tokens};
use ruff_text_size::{Ranged, TextRange};

use crate::contract::exports::voyager::coder::metrics::Lines;

/// Bytes of characters at which Python may break a line, a line feed left out.
const UNUSUAL: [bool; 256] = {
    let mut unusual = [false; 256];
    let bytes = [b'\r', 0x0b, 0x0c, 0x1c, 0x1d, 0x1e, 0xc2, 0xe2];
    let mut at = 0;
    while at < bytes.len() {
        unusual[bytes[at] as usize] = true;
        at += 1;
    }
    unusual
};

/// What is known of the run of lines that is being read.
#[derive(Default)]
struct Run {
    /// Tokens that count, of the current statement.
    tokens: u32,
    /// Position of the last colon among them.
    colon: Option<u32>,
    /// Statements before the last semicolon.
    logical: u32,
    /// Tokens that count, of all statements of the run.
    all: u32,
    comments: u32,
    /// Where the run's first token is a string: its place.
    string: Option<TextRange>,
    brackets: u32,
    /// How many formatted strings are open; each is one token from outside.
    formatted: u32,
}

/// Counts the lines of a text.
pub(super) fn count(text: &str, tokens: &Tokens) -> Lines {
    let mut lines = Lines {
        total: 0,
        source: 0,
        comment: 0,
        documentation: 0,
        blank: 0,
        logical: 0,
        comments: 0,
    };
    let unusual = text.bytes().any(|byte| UNUSUAL[usize::from(byte)]);
    let mut run = Run::default();
    let mut start = 0;
    for token in tokens {
        if run.take(token) {
            run.finish(&text[start..token.start().to_usize()], unusual, &mut lines);
            start = token.end().to_usize();
            run = Run::default();
        }
    }
    if start < text.len() {
        run.finish(&text[start..], unusual, &mut lines);
    }
    lines.total = lines.source + lines.comment + lines.documentation + lines.blank;
    lines
}

impl Run {
    /// Takes a token; says whether it ends the run.
    fn take(&mut self, token: &Token) -> bool {
        match token.kind() {
            TokenKind::FStringStart | TokenKind::TStringStart => {
                if self.formatted == 0 {
                    self.count(token.range(), true);
                }
                self.formatted += 1;
            }
            TokenKind::FStringEnd | TokenKind::TStringEnd => {
                self.formatted = self.formatted.saturating_sub(1);
                self.string = self.string.map(|string| string.cover(token.range()));
            }
            _ if self.formatted > 0 => {}
            TokenKind::Indent | TokenKind::Dedent | TokenKind::EndOfFile => {}
            TokenKind::Newline => return !token.range().is_empty(),
            TokenKind::NonLogicalNewline => return self.brackets == 0,
            TokenKind::Comment => self.comments += 1,
            TokenKind::String => self.count(token.range(), true),
            TokenKind::Semi => self.semicolon(),
            TokenKind::Colon => {
                self.colon = Some(self.tokens);
                self.count(token.range(), false);
            }
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                self.brackets += 1;
                self.count(token.range(), false);
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                self.brackets = self.brackets.saturating_sub(1);
                self.count(token.range(), false);
            }
            _ => self.count(token.range(), false),
        }
        false
    }

    fn count(&mut self, range: TextRange, string: bool) {
        if self.all == 0 && string {
            self.string = Some(range);
        }
        self.tokens += 1;
        self.all += 1;
    }

    /// radon looks for the colon of `if x: y` one place further left before a semicolon than at the
    /// end of a line, where its list ends with an end marker. So does this.
    fn semicolon(&mut self) {
        self.logical += statements(self.tokens, self.colon, 2);
        self.all += 1;
        self.tokens = 0;
        self.colon = None;
    }

    fn finish(&self, text: &str, unusual: bool, lines: &mut Lines) {
        lines.comments += self.comments;
        lines.logical += self.logical + statements(self.tokens, self.colon, 1);
        let (filled, blank) = filled_and_blank(text, unusual);
        lines.blank += blank;
        match self.string {
            _ if self.all == 0 && self.comments > 0 => lines.comment += filled,
            Some(string) if self.all == 1 && self.comments == 0 => {
                let lines_of_string = text.trim_end().contains('\n') && !string.is_empty();
                let place =
                    if lines_of_string { &mut lines.documentation } else { &mut lines.comment };
                *place += filled;
            }
            _ => lines.source += filled,
        }
    }
}

/// Statements of a run up to a semicolon or its end: none, one, or two where a colon is followed by
/// more than `last - 1` tokens.
fn statements(tokens: u32, colon: Option<u32>, last: u32) -> u32 {
    match colon {
        Some(colon) if colon + last == tokens => 1,
        Some(_) => 2,
        None => u32::from(tokens > 0),
    }
}

/// Lines with something and lines with nothing; `unusual` where Python may break lines at more than
/// line feeds.
fn filled_and_blank(text: &str, unusual: bool) -> (u32, u32) {
    if !unusual {
        return tell_apart(text.split('\n'));
    }
    let text = text.strip_suffix('\r').unwrap_or(text).replace("\r\n", "\n");
    let breaks = [
        '\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}',
        '\u{2029}',
    ];
    tell_apart(text.split(breaks))
}

fn tell_apart<'a>(lines: impl Iterator<Item = &'a str>) -> (u32, u32) {
    lines.fold((0, 0), |(filled, blank), line| {
        if line.trim_start().is_empty() { (filled, blank + 1) } else { (filled + 1, blank) }
    })
}
