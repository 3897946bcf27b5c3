//! Turns down text that is nested so deeply that a recursive parser would run out of the sandbox's
//! small stack, which would end the whole task instead of one file.
//!
//! It reads brackets and runs of prefix operators only, passing over strings and comments the way
//! the language writes them. It is a cheap estimate: where a text fools it (a regular expression
//! with a quote), the audit still isolates the file by calling smaller shares.

use super::Language;

/// Brackets within brackets.
const BRACKETS_MAX: usize = 150;

/// Operators and words in a row without a separator: each may be a level of recursion.
const CHAIN_MAX: usize = 2_000;

/// Operators and words in a row that all wait for one operand (`not not x`), each a level of the
/// parser. At 1,900 the parsers of Python and Rust overflow a stack of 1 MiB.
const PREFIX_MAX: usize = 200;

/// `else if` after `else if`. At 3,000 the parser of JavaScript overflows a stack of 1 MiB.
const ELSE_MAX: usize = 300;

/// Words that stand before an operand.
const PREFIX_WORDS: &[&[u8]] = &[
    b"not", b"await", b"typeof", b"void", b"delete", b"new", b"yield", b"mut", b"dyn", b"box",
    b"const", b"lambda",
];

/// Columns of indentation; a level of Python takes at least one.
const INDENTATION_MAX: usize = 150;

/// Checks a text.
///
/// # Errors
/// What is too deep, with its line.
pub(super) fn check(language: Language, text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    let python = language == Language::Python;
    let (mut at, mut depth, mut chain, mut prefix) = (0, 0usize, 0usize, 0usize);
    let mut elses = [0usize; BRACKETS_MAX + 2];
    while at < bytes.len() {
        let byte = bytes[at];
        at = match byte {
            b'(' | b'[' | b'{' => {
                depth += 1;
                chain = if byte == b'{' { 0 } else { chain };
                elses[depth] = 0;
                at + 1
            }
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                chain = if byte == b'}' { 0 } else { chain };
                prefix = 0;
                if byte == b'}' && !is_else(bytes, at + 1) {
                    elses[depth] = 0;
                }
                at + 1
            }
            b',' | b';' => {
                (chain, prefix) = (0, 0);
                if byte == b';' && !is_else(bytes, at + 1) {
                    elses[depth] = 0;
                }
                at + 1
            }
            b'\n' if python => {
                chain = if depth == 0 { 0 } else { chain };
                let indentation =
                    bytes[at + 1..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
                let blank = bytes
                    .get(at + 1 + indentation)
                    .is_none_or(|b| matches!(b, b'\n' | b'\r' | b'#'));
                if indentation > INDENTATION_MAX && depth == 0 && !blank {
                    return Err(deep("indentation", bytes, at + 1));
                }
                at + 1
            }
            b'#' if python => line_end(bytes, at),
            b'/' if !python && bytes.get(at + 1) == Some(&b'/') => line_end(bytes, at),
            b'/' if !python && bytes.get(at + 1) == Some(&b'*') => {
                memchr::memmem::find(&bytes[at + 2..], b"*/").map_or(bytes.len(), |n| at + n + 4)
            }
            // Strings side by side are no levels; what joins them is counted.
            b'\'' | b'"' | b'`' => {
                prefix = 0;
                string_end(language, bytes, at)
            }
            b'\n' if ends_statement(bytes, at) => {
                chain = 0;
                at + 1
            }
            b' ' | b'\t' | b'\r' | b'\n' => at + 1,
            byte if byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80 => {
                chain += 1;
                let length = bytes[at..]
                    .iter()
                    .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_' || **b >= 0x80)
                    .count();
                let word = &bytes[at..at + length];
                prefix = if PREFIX_WORDS.contains(&word) { prefix + 1 } else { 0 };
                elses[depth] += usize::from(!python && word == b"else");
                at + length
            }
            _ => {
                chain += 1;
                prefix += 1;
                at + 1
            }
        };
        if depth > BRACKETS_MAX {
            return Err(deep("brackets", bytes, at - 1));
        }
        if elses[depth] > ELSE_MAX {
            return Err(deep("`else`", bytes, at - 1));
        }
        if chain > CHAIN_MAX || prefix > PREFIX_MAX {
            return Err(deep("an expression", bytes, at - 1));
        }
    }
    Ok(())
}

/// Whether the next word is `else`.
fn is_else(bytes: &[u8], at: usize) -> bool {
    bytes[at..].trim_ascii_start().starts_with(b"else")
}

/// Whether a line of a language with semicolons probably ends a statement without one.
fn ends_statement(bytes: &[u8], at: usize) -> bool {
    let before = bytes[..at].trim_ascii_end().last().copied().unwrap_or(b';');
    let after =
        bytes[at..bytes.len().min(at + 200)].trim_ascii_start().first().copied().unwrap_or(b';');
    let operand = |b: u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'_' | b'$' | b'"' | b'\'' | b'`' | b'/' | b'@')
            || b >= 0x80
    };
    (operand(before) || matches!(before, b')' | b']')) && operand(after)
}

fn deep(what: &str, bytes: &[u8], at: usize) -> String {
    let line = memchr::memchr_iter(b'\n', &bytes[..at.min(bytes.len())]).count() + 1;
    format!("{what} nested too deeply at line {line}")
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n)
}

/// The byte after the string, the character, or the lifetime that begins at `at`.
fn string_end(language: Language, bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let triple = [quote; 3];
    if language == Language::Python && bytes[at..].starts_with(&triple) {
        return memchr::memmem::find(&bytes[at + 3..], &triple).map_or(bytes.len(), |n| at + n + 6);
    }
    if language == Language::Rust {
        return rust_string_end(bytes, at);
    }
    let lines = quote == b'`';
    let mut end = at + 1;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'\\' => end += 2,
            b'\n' if !lines => return end,
            byte if *byte == quote => return end + 1,
            _ => end += 1,
        }
    }
    bytes.len()
}

fn rust_string_end(bytes: &[u8], at: usize) -> usize {
    match bytes[at] {
        b'"' => {
            let hashes = bytes[..at].iter().rev().take_while(|b| **b == b'#').count();
            let raw = at > hashes && bytes[at - hashes - 1] == b'r';
            if raw {
                let close: Vec<u8> =
                    std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
                return memchr::memmem::find(&bytes[at + 1..], &close)
                    .map_or(bytes.len(), |n| at + 1 + n + close.len());
            }
            let mut end = at + 1;
            while let Some(byte) = bytes.get(end) {
                match byte {
                    b'\\' => end += 2,
                    b'"' => return end + 1,
                    _ => end += 1,
                }
            }
            bytes.len()
        }
        b'\'' if bytes.get(at + 1) == Some(&b'\\') => {
            memchr::memchr(b'\'', &bytes[(at + 3).min(bytes.len())..])
                .map_or(bytes.len(), |n| at + n + 4)
        }
        b'\'' if bytes.get(at + 2) == Some(&b'\'') => at + 3,
        _ => at + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Script;
    use super::*;

    const ALL: [Language; 3] =
        [Language::Python, Language::Script(Script::TypeScript), Language::Rust];

    #[test]
    fn deep_brackets_and_long_runs_are_turned_down() {
        for language in ALL {
            assert!(check(language, &"(".repeat(10_000)).unwrap_err().contains("brackets"));
            assert!(check(language, &"!".repeat(10_000)).is_err());
            assert!(check(language, &format!("x = {}1", "not ".repeat(250))).is_err());
            assert!(check(language, &format!("x = {}1", "-".repeat(250))).is_err());
            assert!(check(language, &format!("x = 1{}", "+1".repeat(5_000))).is_err());
        }
    }

    #[test]
    fn long_ladders_of_else_are_turned_down() {
        let ladder = format!("if (a) {{ if (b) {{}} }}{}", " else if (a) { b; }".repeat(400));
        assert!(check(Language::Script(Script::JavaScript), &ladder).unwrap_err().contains("else"));
        let short = format!("if (a) {{}}{}\n", " else if (a) { b; }".repeat(200));
        check(Language::Rust, &short.repeat(3)).unwrap();
    }

    #[test]
    fn ordinary_and_wide_text_passes() {
        for language in ALL {
            check(language, &"f(a, [b, c]);\n".repeat(10_000)).unwrap();
            check(language, &format!("x = [{}]", "1, ".repeat(100_000))).unwrap();
            check(language, &"x = \"((((((\"\n".repeat(1_000)).unwrap();
        }
        check(Language::Python, &"# ((((( [\nx = '''((('''\n".repeat(200)).unwrap();
        check(
            Language::Rust,
            &"fn f<'a>(c: char) { let c = '('; let r = r#\"((\"#; }\n".repeat(200),
        )
        .unwrap();
        check(
            Language::Script(Script::JavaScript),
            &"x = `(((${a}`; // ((\n/* (( */\n".repeat(200),
        )
        .unwrap();
    }
}
