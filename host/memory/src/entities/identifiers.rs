//! Identifiers, told by their shape.

use std::ops::Range;

use super::{Entity, Kind};
use crate::lexicon::Lexicon;

/// Longest quoted title, in bytes.
const TITLE_BYTES_MAX: usize = 100;

/// Longest identifier, in bytes: what is longer is an encoded blob.
const IDENTIFIER_BYTES_MAX: usize = 256;

/// Endings of file names that are no ends of sentences.
static ENDINGS: Lexicon = Lexicon::new(&[
    "bin", "c", "cc", "cfg", "conf", "cpp", "css", "csv", "docx", "exe", "gif", "go", "gz", "h",
    "html", "ini", "ipynb", "java", "jpeg", "jpg", "js", "json", "jsonl", "jsx", "kt", "lock",
    "log", "md", "mp3", "mp4", "parquet", "pdf", "php", "png", "pptx", "proto", "py", "rb", "rs",
    "sh", "sql", "svg", "swift", "tar", "toml", "ts", "tsx", "txt", "wasm", "wav", "webp", "wit",
    "xlsx", "xml", "yaml", "yml", "zip",
]);

/// The identifiers of `text` and its quoted titles, in their order; they do not overlap.
pub(super) fn identifiers(text: &str) -> Vec<Entity> {
    let mut found = quoted(text);
    let marked: Vec<Range<usize>> = found.iter().map(|it| it.span.clone()).collect();
    let mut taken = marked.iter().peekable();
    for chunk in chunks(text) {
        while taken.next_if(|it| it.end <= chunk.start).is_some() {}
        if taken.peek().is_some_and(|it| it.start < chunk.end) {
            continue;
        }
        let Some(span) = trimmed(text, chunk) else { continue };
        let name = &text[span.clone()];
        if let Some(kind) = kind(name) {
            found.push(entity(name, kind, span));
        }
    }
    found.sort_by_key(|it| it.span.start);
    found
}

fn entity(name: &str, kind: Kind, span: Range<usize>) -> Entity {
    let normal = match kind {
        Kind::Title => super::normal(name),
        Kind::Tag => super::normal(name.trim_start_matches('#')),
        Kind::Name => super::normal(name.trim_start_matches('@')),
        _ => name.to_lowercase(),
    };
    Entity { name: name.to_owned(), normal, kind, span }
}

/// What stands between backticks or double quotation marks.
fn quoted(text: &str) -> Vec<Entity> {
    let mut found = Vec::new();
    let mut open: Option<(usize, char)> = None;
    for (at, letter) in text.char_indices() {
        match open {
            Some((from, close)) if letter == close => {
                let span = from..at;
                let inner = &text[span.clone()];
                let kind = if close == '`' { Kind::Code } else { Kind::Title };
                if is_quotable(inner, kind) {
                    found.push(entity(inner, kind, span));
                }
                open = None;
            }
            Some((from, _)) if at - from > TITLE_BYTES_MAX || letter == '\n' => {
                open = opened(at, letter)
            }
            Some(_) => {}
            None => open = opened(at, letter),
        }
    }
    found
}

fn opened(at: usize, letter: char) -> Option<(usize, char)> {
    let close = match letter {
        '"' => '"',
        '“' | '„' => '”',
        '«' => '»',
        '`' => '`',
        _ => return None,
    };
    Some((at + letter.len_utf8(), close))
}

/// Whether the quoted is a title and no speech: it begins with a capital or a digit, and has few words.
fn is_quotable(inner: &str, kind: Kind) -> bool {
    let words = inner.split_whitespace().count();
    let said = inner.ends_with(['.', '!', '?', ',']) && words > 4;
    let capital = inner.starts_with(|it: char| it.is_uppercase() || it.is_ascii_digit());
    words > 0
        && inner.trim() == inner
        && (kind == Kind::Code || (!said && words <= 12 && (capital || words > 1)))
}

/// Stretches of `text` between white space.
fn chunks(text: &str) -> impl Iterator<Item = Range<usize>> {
    let start = text.as_ptr() as usize;
    text.split_whitespace().map(move |it| {
        let from = it.as_ptr() as usize - start;
        from..from + it.len()
    })
}

/// A chunk without the punctuation around it.
fn trimmed(text: &str, chunk: Range<usize>) -> Option<Range<usize>> {
    let raw = &text[chunk.clone()];
    // Before the brackets are counted, which takes time in proportion to the square of their number.
    if raw.len() > 2 * IDENTIFIER_BYTES_MAX {
        return None;
    }
    let left =
        raw.trim_start_matches(['(', '[', '{', '<', '"', '\'', '“', '‘', '«', '*', ',', ';', ':']);
    let mut inner = left.trim_end_matches([
        '.', ',', ';', ':', '!', '?', ']', '}', '>', '"', '\'', '”', '’', '»', '*', '…',
    ]);
    // A closing bracket belongs to what opened it: "call()" keeps it, "(see main.rs)" does not.
    while inner.ends_with(')') && inner.matches('(').count() < inner.matches(')').count() {
        inner = inner[..inner.len() - 1]
            .trim_end_matches(['.', ',', ';', ':', '!', '?', '"', '\'', '”']);
    }
    let inner = super::without_possessive(inner);
    let from = chunk.start + (raw.len() - left.len());
    (!inner.is_empty() && inner.len() <= IDENTIFIER_BYTES_MAX).then(|| from..from + inner.len())
}

/// Whether a word has a shape.
type Check = fn(&str) -> bool;

/// What the shape of `word` tells.
pub(super) fn kind(word: &str) -> Option<Kind> {
    let checks: [(Check, Kind); 9] = [
        (is_url, Kind::Url),
        (is_email, Kind::Email),
        (is_issue, Kind::Issue),
        (is_tag, Kind::Tag),
        (is_version, Kind::Version),
        (is_hash, Kind::Hash),
        (is_path, Kind::Path),
        (is_code, Kind::Code),
        (is_handle, Kind::Name),
    ];
    checks.iter().find(|(check, _)| check(word)).map(|it| it.1)
}

fn is_url(word: &str) -> bool {
    let scheme = word.split_once("://").is_some_and(|(scheme, rest)| {
        let letters = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'-' | b'.');
        scheme.starts_with(|it: char| it.is_ascii_alphabetic())
            && scheme.bytes().all(letters)
            && !rest.is_empty()
    });
    scheme || (word.starts_with("www.") && word.len() > 6)
}

fn is_email(word: &str) -> bool {
    let Some((user, domain)) = word.split_once('@') else { return false };
    let part = |it: char| it.is_alphanumeric() || matches!(it, '.' | '-' | '_' | '+');
    let dotted = domain.split('.').count() > 1 && domain.split('.').all(|it| !it.is_empty());
    !user.is_empty() && dotted && user.chars().all(part) && domain.chars().all(part)
}

/// `ABC-123`, `#42`.
fn is_issue(word: &str) -> bool {
    let digits =
        |it: &str| !it.is_empty() && it.len() <= 9 && it.bytes().all(|it| it.is_ascii_digit());
    if let Some(number) = word.strip_prefix('#') {
        return digits(number);
    }
    word.rsplit_once('-').is_some_and(|(project, number)| {
        let letters = |it: u8| it.is_ascii_uppercase() || it.is_ascii_digit();
        // "COVID-19" has the shape as well, and is found by the same letters.
        (2..=12).contains(&project.len())
            && project.starts_with(|it: char| it.is_ascii_uppercase())
            && project.bytes().all(letters)
            && digits(number)
    })
}

fn is_tag(word: &str) -> bool {
    word.strip_prefix('#').is_some_and(|it| {
        it.starts_with(char::is_alphabetic)
            && it.chars().all(|it| it.is_alphanumeric() || matches!(it, '-' | '_'))
    })
}

/// `@anna`.
fn is_handle(word: &str) -> bool {
    let letters = |it: char| it.is_alphanumeric() || matches!(it, '-' | '_' | '.');
    word.strip_prefix('@')
        .is_some_and(|it| it.starts_with(char::is_alphabetic) && it.chars().all(letters))
}

/// `1.2.3`, `v2`, `v1.4-rc1`; "3.5" alone is a number.
fn is_version(word: &str) -> bool {
    let bare = word.strip_prefix(['v', 'V']);
    let number = bare.unwrap_or(word);
    let core = number.split(['-', '+']).next().unwrap_or_default();
    let parts = core.split('.').count();
    let digits = core
        .split('.')
        .all(|it| !it.is_empty() && it.len() <= 6 && it.bytes().all(|it| it.is_ascii_digit()));
    let suffix = number[core.len()..]
        .bytes()
        .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-' | b'+'));
    // Three parts with a year at the end are a date.
    let date = parts == 3 && core.rsplit('.').next().is_some_and(|it| it.len() == 4);
    digits && suffix && !date && (bare.is_some() || (3..=4).contains(&parts))
}

/// At least seven hexadecimal digits in lower case, letters and digits among them; or a UUID.
fn is_hash(word: &str) -> bool {
    let hex = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
    let lengths: Vec<usize> = word.split('-').map(str::len).take(6).collect();
    if lengths == [8, 4, 4, 4, 12] {
        return word.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
    }
    let mixed = word.bytes().any(|it| it.is_ascii_digit())
        && word.bytes().any(|it| it.is_ascii_lowercase());
    (7..=128).contains(&word.len()) && mixed && word.bytes().all(hex)
}

/// `/etc/hosts`, `src/main.rs`, `notes.txt`, `C:\temp`.
fn is_path(word: &str) -> bool {
    let drive =
        word.get(1..3) == Some(":\\") && word.starts_with(|it: char| it.is_ascii_alphabetic());
    let allowed = |it: char| it.is_alphanumeric() || "/._-~+@%=:".contains(it);
    if drive || !word.chars().all(allowed) {
        return drive;
    }
    let last = word.rsplit('/').next().unwrap_or_default();
    let ending = last.rsplit_once('.').is_some_and(|(stem, it)| {
        let it = it.to_ascii_lowercase();
        !stem.is_empty() && ENDINGS.holds(&it)
    });
    let rooted = ["/", "./", "../", "~/"].iter().any(|it| word.starts_with(it));
    let letters = word.chars().any(char::is_alphabetic);
    let slashes = word.matches('/').count();
    letters
        && (ending
            || (rooted && word.len() > 2)
            || (slashes >= 1 && word.ends_with('/'))
            || slashes >= 3)
}

/// `snake_case`, `Type::method`, `call()`, `camelCase`.
fn is_code(word: &str) -> bool {
    let called = word.strip_suffix("()");
    let name = called.unwrap_or(word);
    let letters = |it: char| it.is_alphanumeric() || matches!(it, '_' | ':' | '.');
    if name.is_empty() || !name.chars().all(letters) || !name.chars().any(char::is_alphabetic) {
        return false;
    }
    let inner = name.trim_matches('_');
    let snake = inner.contains('_');
    let scoped = inner.contains("::") && !inner.starts_with(':') && !inner.ends_with(':');
    let plain = !name.contains([':', '.']);
    let camel =
        plain && name.starts_with(char::is_lowercase) && name.chars().any(char::is_uppercase);
    called.is_some() || snake || scoped || camel
}
