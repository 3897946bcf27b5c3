//! Cuts an expression's text into words.

use super::{Problem, syntax::Span};
use crate::code::Code;

/// One word and its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) word: Word,
    pub(super) span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    Name(String),
    Int(i128),
    Float(f64),
    Text(String),
    /// An operator or bracket.
    Mark(&'static str),
    End,
}

/// Longer ones first, so that `<=` is not read as `<`.
const MARKS: [&str; 24] = [
    "==", "!=", "<=", ">=", "&&", "||", ".?", "[?", "(", ")", "[", "]", ",", ".", "?", ":", "<",
    ">", "!", "+", "-", "*", "/", "%",
];

/// The words of `text`, [`Word::End`] last.
pub(super) fn lex(text: &str) -> Result<Vec<Token>, Problem> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        if next.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let (word, length) = word(text, at, next)?;
        tokens.push(Token { word, span: at..at + length });
        at += length;
    }
    tokens.push(Token { word: Word::End, span: text.len()..text.len() });
    Ok(tokens)
}

fn word(text: &str, at: usize, next: char) -> Result<(Word, usize), Problem> {
    let rest = &text[at..];
    if next == '"' || next == '\'' {
        return quoted(text, at, next);
    }
    if let Some(quote) = rest.strip_prefix('r').and_then(|rest| rest.chars().next())
        && (quote == '"' || quote == '\'')
    {
        return raw(text, at, quote);
    }
    if next.is_ascii_digit() {
        return number(text, at);
    }
    if next.is_ascii_alphabetic() || next == '_' {
        let length = name_length(rest.as_bytes());
        return Ok((Word::Name(rest[..length].to_owned()), length));
    }
    match MARKS.into_iter().find(|mark| rest.starts_with(mark)) {
        Some(mark) => Ok((Word::Mark(mark), mark.len())),
        None => {
            let problem = Problem::new(
                Code::ExpressionSyntax,
                at..at + next.len_utf8(),
                format!("`{}` has no meaning in an expression", next.escape_debug()),
            );
            Err(match next {
                '=' => problem.help("compare with `==`"),
                '&' => problem.help("write `&&`"),
                '|' => problem.help("write `||`"),
                '{' | '}' => problem.help(
                    "expressions stand bare, without `{{ }}` or `${ }`; records are written in YAML, \
                     with `{ expr: \"...\" }` for their computed fields",
                ),
                '$' => problem.help("expressions stand bare, without `${ }`"),
                _ => problem,
            })
        }
    }
}

/// Length of the name that `text` begins with. WIT's names are kebab-case, so a `-` belongs to the
/// name where a letter follows it at once: `exit-code` is one name, `a - b` and `a-1` subtract.
fn name_length(text: &[u8]) -> usize {
    let mut length = 0;
    while let Some(byte) = text.get(length) {
        let letter_follows = || text.get(length + 1).is_some_and(u8::is_ascii_alphabetic);
        if byte.is_ascii_alphanumeric() || *byte == b'_' || (*byte == b'-' && letter_follows()) {
            length += 1;
        } else {
            break;
        }
    }
    length
}

fn number(text: &str, at: usize) -> Result<(Word, usize), Problem> {
    let bytes = &text.as_bytes()[at..];
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let out_of_range = |length| {
        Problem::new(Code::NumberRange, at..at + length, "this number is out of range")
            .help("whole numbers have 64 bits, floats are finite")
    };
    if bytes.starts_with(b"0x") {
        let length = 2 + bytes[2..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let number = u64::from_str_radix(&text[at + 2..at + length], 16);
        return number
            .map(|number| (Word::Int(number.into()), length))
            .map_err(|_| out_of_range(length));
    }
    let mut length = digits(0);
    let mut float = false;
    if bytes.get(length) == Some(&b'.') && bytes.get(length + 1).is_some_and(u8::is_ascii_digit) {
        length += 1 + digits(length + 1);
        float = true;
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits((length + 1 + sign).min(bytes.len()));
        if exponent > 0 {
            length += 1 + sign + exponent;
            float = true;
        }
    }
    let word = if float {
        let number: Option<f64> = text[at..at + length].parse().ok();
        number.filter(|number| number.is_finite()).map(Word::Float)
    } else {
        text[at..at + length].parse::<u64>().ok().map(|number| Word::Int(number.into()))
    };
    word.map(|word| (word, length)).ok_or_else(|| out_of_range(length))
}

fn raw(text: &str, at: usize, quote: char) -> Result<(Word, usize), Problem> {
    match text[at + 2..].find(quote) {
        Some(end) => Ok((Word::Text(text[at + 2..at + 2 + end].to_owned()), end + 3)),
        None => Err(unclosed(at, 2, quote)),
    }
}

fn quoted(text: &str, at: usize, quote: char) -> Result<(Word, usize), Problem> {
    let mut content = String::new();
    let mut chars = text[at + 1..].char_indices();
    while let Some((offset, next)) = chars.next() {
        let place = at + 1 + offset;
        if next == quote {
            return Ok((Word::Text(content), offset + 2));
        }
        if next != '\\' {
            content.push(next);
            continue;
        }
        let escaped = chars.next().map_or('\0', |(_, escaped)| escaped);
        let mut hex = |digits: usize| {
            let code: String = chars.by_ref().take(digits).map(|(_, digit)| digit).collect();
            u32::from_str_radix(&code, 16).ok().and_then(char::from_u32)
        };
        let meant = match escaped {
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' => Some('\r'),
            '\\' | '"' | '\'' => Some(escaped),
            'u' => hex(4),
            'U' => hex(8),
            _ => None,
        };
        content.push(meant.ok_or_else(|| {
            let end = text[place..].char_indices().nth(2).map_or(text.len(), |(i, _)| place + i);
            Problem::new(Code::ExpressionSyntax, place..end, "no such escape").help(
                "known are \\n \\t \\r \\\\ \\\" \\' \\uXXXX \\UXXXXXXXX; without escapes: r\"...\"",
            )
        })?);
    }
    Err(unclosed(at, 1, quote))
}

fn unclosed(at: usize, length: usize, quote: char) -> Problem {
    Problem::new(Code::ExpressionSyntax, at..at + length, "this text has no end")
        .help(format!("close it with `{quote}`"))
}
