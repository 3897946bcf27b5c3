//! Assignments that look like a secret: `password = "..."`, `API_KEY: ...`, `"token" => '...'`,
//! `<password>...</password>`, `define('DB_PASSWORD', '...')`.
//!
//! Written by hand instead of as an expression, because its keywords are the frequent ones: nearly
//! every place is turned down after a few bytes. Tuned against false positives: names that go on
//! (`token_type`, `password_field`), identifiers, words, placeholders, templates are no secrets.

use super::check::{is_placeholder, is_template, is_wordy, plausible_password};
use super::words::{Makeup, entropy};
use std::ops::Range;

/// Longest value that is looked at.
const VALUE_MAX: usize = 400;

/// Names that hold a secret, in small letters.
pub(crate) const KEYWORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "accesskey",
    "access-key",
    "auth_key",
    "authkey",
    "private_key",
    "privatekey",
    "signing_key",
    "signingkey",
    "encryption_key",
    "encryptionkey",
    "credential",
    "master_key",
    "masterkey",
];

/// What may follow the keyword within the name, without separators: `SECRET_KEY_BASE`, `PASSWORD_PROD`.
const SUFFIXES: &[&str] = &[
    "",
    "key",
    "keybase",
    "base",
    "value",
    "val",
    "str",
    "string",
    "text",
    "plain",
    "plaintext",
    "prod",
    "production",
    "live",
    "dev",
    "stage",
    "staging",
    "main",
    "default",
    "salt",
    "seed",
    "bytes",
    "raw",
    "s",
    "hash",
    "backup",
    "old",
    "new",
    "prd",
];

/// How a value may be written in a file of this kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Source code: only quoted values are values, the rest are expressions.
    Code,
    /// Configuration: bare values too.
    Config,
    /// Prose, data, styles: assignments there are talk, not configuration.
    Prose,
}

impl Style {
    /// By the name of the file.
    pub(crate) fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        match extension {
            "env" | "ini" | "cfg" | "conf" | "config" | "properties" | "yml" | "yaml" | "toml"
            | "tf" | "tfvars" | "hcl" | "sh" | "bash" | "zsh" | "fish" | "ps1" | "bat" | "cmd"
            | "npmrc" | "pypirc" | "netrc" | "dockerfile" | "service" | "plist" | "cnf" | "my"
            | "pgpass" | "s3cfg" | "boto" | "reg" | "credentials" | "local" => Self::Config,
            "md" | "markdown" | "rst" | "txt" | "adoc" | "html" | "htm" | "css" | "scss"
            | "less" | "svg" | "csv" | "tsv" | "po" | "pot" | "mo" | "log" | "map" | "tex"
            | "lock" | "sum" | "ipynb" | "patch" | "diff" | "pdf" | "mdx" | "jsonl" | "ndjson"
            | "bib" => Self::Prose,
            "" => Self::Config,
            _ if name.starts_with(".env") || name.starts_with("dockerfile") => Self::Config,
            _ => Self::Code,
        }
    }
}

/// A value that looks like a secret.
pub(crate) struct Candidate {
    /// Where the value is.
    pub(crate) value: Range<usize>,
    /// Where the name is.
    pub(crate) name: Range<usize>,
    /// Chosen by a person: a password.
    pub(crate) human: bool,
}

/// Looks at the keyword at `keyword` in `data`.
pub(crate) fn candidate(data: &[u8], keyword: Range<usize>, style: Style) -> Option<Candidate> {
    if style == Style::Prose {
        return None;
    }
    let name_end = name_end(data, &keyword)?;
    let name_start = name_start(data, keyword.start);
    let name = &data[name_start..name_end];
    let (value, quoted, joined) = value_after(data, name_end, name_start, style)?;
    let human = is_password_name(&data[keyword.clone()]);
    let bytes = &data[value.clone()];
    (is_likely(bytes, human, quoted, joined) && !speaks_of_it(name, bytes)).then_some(Candidate {
        value,
        name: name_start..name_end,
        human,
    })
}

fn is_password_name(keyword: &[u8]) -> bool {
    matches!(
        keyword.to_ascii_lowercase().as_slice(),
        b"password" | b"passwd" | b"passphrase" | b"pwd" | b"credential"
    )
}

/// End of the name whose keyword stands at `keyword`, if the name may be a secret's.
fn name_end(data: &[u8], keyword: &Range<usize>) -> Option<usize> {
    let rest = &data[keyword.end..data.len().min(keyword.end + 24)];
    let length = rest
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')))
        .unwrap_or(rest.len());
    let mut suffix = [0u8; 24];
    let mut used = 0;
    for byte in &rest[..length] {
        if !matches!(byte, b'_' | b'-') {
            suffix[used] = byte.to_ascii_lowercase();
            used += 1;
        }
    }
    let suffix = suffix[..used].trim_ascii_end();
    let letters = suffix.iter().rposition(|b| !b.is_ascii_digit()).map_or(0, |at| at + 1);
    SUFFIXES
        .iter()
        .any(|known| known.as_bytes() == &suffix[..letters])
        .then_some(keyword.end + length)
}

/// Where the name that holds the byte before `at` begins.
fn name_start(data: &[u8], at: usize) -> usize {
    let floor = at.saturating_sub(48);
    data[floor..at]
        .iter()
        .rposition(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')))
        .map_or(floor, |n| floor + n + 1)
}

/// The value that is assigned to the name that ends at `end`: its place, whether it is quoted, and
/// whether it was handed over by a call rather than assigned.
fn value_after(
    data: &[u8],
    end: usize,
    start: usize,
    style: Style,
) -> Option<(Range<usize>, bool, bool)> {
    let mut at = end;
    let quote_before = start.checked_sub(1).map(|n| data[n]);
    let key_quoted =
        data.get(at).is_some_and(|b| matches!(b, b'"' | b'\'' | b'`') && Some(*b) == quote_before);
    at += usize::from(key_quoted);
    at += usize::from(data.get(at) == Some(&b']'));
    if quote_before == Some(b'<') && data.get(at) == Some(&b'>') {
        return element_text(data, at + 1);
    }
    at = skip_blanks(data, at);
    let (next, joined) = operator(data, at, key_quoted)?;
    at = skip_blanks(data, next);
    let annotated = if joined { at } else { skip_annotation(data, at) };
    quoted_value(data, annotated).map(|range| (range, true, joined)).or_else(|| {
        (style == Style::Config && !joined)
            .then(|| bare_value(data, at))
            .flatten()
            .map(|range| (range, false, false))
    })
}

fn skip_blanks(data: &[u8], mut at: usize) -> usize {
    let limit = at + 40;
    while at < limit && data.get(at).is_some_and(|b| matches!(b, b' ' | b'\t')) {
        at += 1;
    }
    at
}

/// The byte after an assignment operator at `at`, and whether it hands over rather than assigns.
fn operator(data: &[u8], at: usize, key_quoted: bool) -> Option<(usize, bool)> {
    let next = |n: usize| data.get(at + n).copied();
    match next(0)? {
        b'=' if next(1) == Some(b'>') => Some((at + 2, false)),
        b'=' if next(1) == Some(b'=') || next(1) == Some(b'~') => None,
        b'=' => Some((at + 1, false)),
        b':' if next(1) == Some(b':') => None,
        b':' if next(1) == Some(b'=') => Some((at + 2, false)),
        b':' => Some((at + 1, false)),
        b',' if key_quoted => Some((at + 1, true)),
        b'(' if !key_quoted => Some((at + 1, true)),
        _ => None,
    }
}

/// Passes over a type between `:` and `=`, as in `password: &str = "..."`.
fn skip_annotation(data: &[u8], at: usize) -> usize {
    let window = &data[at..data.len().min(at + 40)];
    let name = window.iter().position(|b| {
        !(b.is_ascii_alphanumeric()
            || matches!(b, b'&' | b'\'' | b'<' | b'>' | b'[' | b']' | b'_' | b'|' | b' '))
    });
    match name {
        Some(n)
            if n > 0
                && window[n] == b'='
                && window.get(n + 1) != Some(&b'=')
                && window[..n].iter().any(u8::is_ascii_alphabetic) =>
        {
            skip_blanks(data, at + n + 1)
        }
        _ => at,
    }
}

/// A string literal at `at`, with a letter or two before its quote at most.
fn quoted_value(data: &[u8], mut at: usize) -> Option<Range<usize>> {
    let mut prefix = 0;
    while prefix < 2
        && data.get(at).is_some_and(|b| matches!(b, b'b' | b'r' | b'u' | b'f' | b'L' | b'@'))
    {
        (at, prefix) = (at + 1, prefix + 1);
    }
    let quote = *data.get(at).filter(|b| matches!(b, b'"' | b'\'' | b'`'))?;
    let start = at + 1;
    let window = &data[start..data.len().min(start + VALUE_MAX)];
    let end = window.iter().position(|b| *b == quote || *b == b'\n')?;
    (window[end] == quote && end > 0).then_some(start..start + end)
}

/// A bare value at `at`: everything to the end of the line or a comment.
fn bare_value(data: &[u8], at: usize) -> Option<Range<usize>> {
    let window = &data[at..data.len().min(at + VALUE_MAX)];
    let end = window
        .iter()
        .position(|b| {
            b.is_ascii_whitespace() || matches!(b, b'"' | b'\'' | b'`' | b';' | b',' | b'|' | b'&')
        })
        .unwrap_or(window.len());
    (end > 0).then_some(at..at + end)
}

/// The text of an XML element that begins at `at`.
fn element_text(data: &[u8], at: usize) -> Option<(Range<usize>, bool, bool)> {
    let window = &data[at..data.len().min(at + VALUE_MAX)];
    let end = memchr::memchr(b'<', window)?;
    (end > 0 && window.get(end + 1) == Some(&b'/')).then_some((at..at + end, true, false))
}

/// Whether a value is likely a secret.
fn is_likely(value: &[u8], human: bool, quoted: bool, joined: bool) -> bool {
    if value.iter().any(|b| b.is_ascii_whitespace() || *b < 0x20)
        || is_template(value)
        || is_placeholder(value)
        || is_reference(value)
    {
        return false;
    }
    if human && !joined {
        is_likely_password(value, quoted) || is_likely_token(value)
    } else {
        is_likely_token(value)
    }
}

/// A password that a person chose, or that was drawn for one.
fn is_likely_password(value: &[u8], quoted: bool) -> bool {
    let makeup = Makeup::of(value);
    let marks = value
        .iter()
        .filter(|b| {
            matches!(b, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'+' | b'?')
        })
        .count();
    let mixed = makeup.digits >= 1
        && makeup.letters() >= 3
        && (makeup.switches >= 2 || marks >= 1 || makeup.lower.min(makeup.upper) >= 1);
    (8..=64).contains(&value.len())
        && plausible_password(value)
        && (mixed || (quoted && marks >= 1 && makeup.letters() >= 4))
        && !is_identifier(value)
}

/// A token that a machine drew.
fn is_likely_token(value: &[u8]) -> bool {
    let makeup = Makeup::of(value);
    let length = value.len();
    if !(16..=300).contains(&length)
        || !value.iter().all(|b| {
            b.is_ascii_alphanumeric()
                || matches!(
                    b,
                    b'_' | b'-'
                        | b'+'
                        | b'/'
                        | b'='
                        | b'.'
                        | b'~'
                        | b'!'
                        | b'@'
                        | b'#'
                        | b'$'
                        | b'%'
                        | b'^'
                        | b'&'
                        | b'*'
                )
        })
    {
        return false;
    }
    let hexadecimal = value.iter().all(u8::is_ascii_hexdigit);
    if hexadecimal {
        return length >= 24
            && makeup.digits >= 3
            && makeup.letters() >= 2
            && entropy(value) >= 3.0;
    }
    let bits = if length >= 32 { 3.9 } else { 3.4 };
    makeup.digits >= 2
        && makeup.letters() >= 4
        && makeup.switches >= 3.max(length / 12)
        && entropy(value) >= bits
        && !is_wordy(value)
}

/// Words joined by separators, whole or with a number: a name.
fn is_identifier(value: &[u8]) -> bool {
    let plain = value.iter().all(|b| {
        b.is_ascii_lowercase()
            || b.is_ascii_digit()
            || matches!(b, b'_' | b'-' | b'.' | b':' | b'/')
    });
    let makeup = Makeup::of(value);
    plain && makeup.switches <= 2 && is_wordy(value)
}

/// A path, an address, a type, a call: something that names a secret instead of being one.
fn is_reference(value: &[u8]) -> bool {
    let slashes = memchr::memchr_iter(b'/', value).count();
    memchr::memmem::find(value, b"://").is_some()
        || memchr::memmem::find(value, b"::").is_some()
        || memchr::memchr2(b'(', b')', value).is_some()
        || value.starts_with(b"/")
        || value.starts_with(b"./")
        || value.starts_with(b"~/")
        || (slashes >= 2 && is_wordy(value))
        || value.starts_with(b"sha256:")
        || value.starts_with(b"sha512-")
        || value.starts_with(b"$2a$")
        || value.starts_with(b"$2b$")
        || value.starts_with(b"ssh-rsa")
}

/// The value repeats its name: `password = "db_password"`, `TOKEN = 'token-name'`.
fn speaks_of_it(name: &[u8], value: &[u8]) -> bool {
    let squeeze = |text: &[u8]| -> Vec<u8> {
        text.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
    };
    let (name, value) = (squeeze(name), squeeze(value));
    name == value
        || (value.len() >= 5 && memchr::memmem::find(&name, &value).is_some())
        || KEYWORDS
            .iter()
            .any(|word| word.len() >= 5 && memchr::memmem::find(&value, word.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(path: &str, text: &str) -> Option<String> {
        let lower = text.to_ascii_lowercase();
        KEYWORDS.iter().find_map(|word| {
            let at = lower.find(word)?;
            let found = candidate(text.as_bytes(), at..at + word.len(), Style::of(path))?;
            Some(text[found.value].to_owned())
        })
    }

    #[test]
    fn assignments_of_many_languages_are_found() {
        let value = ["q8Zk2Vx7", "Lw0Bn4Td6Rf1"].concat();
        for (path, text) in [
            ("a.py", "API_KEY = 'V'"),
            ("a.py", "password: str = \"V\""),
            ("a.rs", "const API_KEY: &'static str = \"V\";"),
            ("a.js", "const apiKey = `V`;"),
            ("a.js", "{ \"token\": \"V\" }"),
            ("a.rb", ":secret => 'V'"),
            ("a.php", "define('DB_PASSWORD', 'V');"),
            ("a.java", "config.setPassword(\"V\");"),
            ("a.xml", "<password>V</password>"),
            (".env", "SECRET_KEY_BASE=V"),
            ("a.yml", "  db_password: V"),
            ("a.go", "token := \"V\""),
            ("a.py", "d[\"secret\"] = \"V\""),
        ] {
            assert_eq!(
                find(path, &text.replace('V', &value)).as_deref(),
                Some(value.as_str()),
                "{text}"
            );
        }
    }

    #[test]
    fn names_words_templates_and_expressions_are_no_secrets() {
        for (path, text) in [
            ("a.py", "token = tokenizer.next()"),
            ("a.py", "token_type = 'q8Zk2Vx7Lw0Bn4Td6Rf1'"),
            ("a.py", "password = 'user_password_field'"),
            ("a.py", "secret = 'authentication.provider.settings.client1'"),
            ("a.yml", "password: ${DB_PASSWORD}"),
            ("a.yml", "secret: kubernetes-dashboard-certs"),
            (".env", "API_KEY=your-api-key-goes-here-1234"),
            ("a.js", "apiKey: process.env.API_KEY"),
            ("a.md", "password = \"q8Zk2Vx7Lw0Bn4Td6Rf1\""),
            ("a.rs", "let secret = \"../keys/server-key-2048.pem\";"),
            ("a.py", "if token == 'q8Zk2Vx7Lw0Bn4Td6Rf1': pass"),
            ("a.py", "PASSWORD = 'passw0rd'"),
            ("a.json", "\"token\": \"00000000000000000000000000000000\""),
        ] {
            assert_eq!(find(path, text), None, "{text}");
        }
    }

    #[test]
    fn a_human_password_of_mixed_characters_is_found() {
        let text = ["password = \"Blue", "whale", "!77x\""].concat();
        assert!(find("a.py", &text).is_some());
    }
}
