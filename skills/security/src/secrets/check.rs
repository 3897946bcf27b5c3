//! Second looks at a candidate: checksums, encodings, placeholders, templates.
//!
//! Everything here only says no. What decides about single formats stands here as a function that
//! its row in `rules.rs` names.

use super::words::{Makeup, english, entropy};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// GitHub's and npm's checksum: the last six characters are the CRC-32 of the thirty before, in
/// base 62. What fails it was never issued.
pub(crate) fn github_crc(token: &[u8]) -> bool {
    let Some((_, body)) = token.split_at_checked(4) else { return false };
    let Some((random, sum)) = body.split_at_checked(30) else { return false };
    let mut rest = crc32fast::hash(random);
    let mut expected = [b'0'; 6];
    for digit in expected.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    sum == expected
}

/// Has a digit: vendors' random parts nearly always do, names and prose hardly ever.
pub(crate) fn has_digit(token: &[u8]) -> bool {
    token.iter().any(u8::is_ascii_digit)
}

/// Base64 with letters of both cases and a digit: no hash, no path, no name.
pub(crate) fn mixed_base64(value: &[u8]) -> bool {
    let makeup = Makeup::of(value);
    makeup.lower >= 4
        && makeup.upper >= 4
        && makeup.digits >= 1
        && makeup.other <= 6
        && !is_wordy(value)
}

/// A JSON Web Token whose header is JSON with an algorithm.
pub(crate) fn jwt(token: &[u8]) -> bool {
    let header = token.split(|b| *b == b'.').next().unwrap_or_default();
    let Ok(json) = URL_SAFE_NO_PAD.decode(header) else { return false };
    memchr::memmem::find(&json, b"\"alg\"").is_some() && json.last() == Some(&b'}')
}

/// Base64 of `user:password` in printable characters, the password not made up.
pub(crate) fn base64_pair(value: &[u8]) -> bool {
    let Ok(pair) = STANDARD.decode(value).or_else(|_| STANDARD_NO_PAD.decode(value)) else {
        return false;
    };
    if !pair.iter().all(|b| b.is_ascii_graphic() || *b == b' ') {
        return false;
    }
    let Some(colon) = memchr::memchr(b':', &pair) else { return false };
    colon > 0 && plausible_password(&pair[colon + 1..])
}

/// Key material after the header of a private key: forty characters of base64 that are no filler.
pub(crate) fn private_key(text: &[u8]) -> bool {
    let Some(end) = memchr::memmem::find(text, b"KEY-----")
        .or_else(|| memchr::memmem::find(text, b"BLOCK-----"))
    else {
        return false;
    };
    let after = memchr::memmem::find(&text[end..], b"-----").map_or(text.len(), |n| end + n + 5);
    let mut body: Vec<u8> = Vec::new();
    for line in text[after..].split(|b| *b == b'\n') {
        if memchr::memchr(b':', line).is_some() {
            continue;
        }
        let line = line.strip_prefix(b"\\n").unwrap_or(line);
        let mut rest = line;
        while let Some((byte, tail)) = rest.split_first() {
            rest = tail;
            match byte {
                b'\\' => rest = rest.get(1..).unwrap_or_default(),
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'=' => body.push(*byte),
                b' ' | b'\t' | b'\r' | b'"' | b'\'' | b',' | b'|' | b'>' | b'*' | b'#' => {}
                _ => return body.len() >= 40 && entropy(&body) > 4.2,
            }
        }
    }
    body.len() >= 40 && entropy(&body) > 4.2 && !is_placeholder(&body[..40])
}

/// `user:password` out of an address, with a password that may be real.
pub(crate) fn url_password(pair: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', pair) else { return false };
    let (user, password) = (&pair[..colon], &pair[colon + 1..]);
    let same = user.eq_ignore_ascii_case(password);
    !same && !password.iter().all(u8::is_ascii_digit) && plausible_password(password)
}

/// The address leads to no host that documentation and tests use (RFC 2606 and the local one).
pub(crate) fn real_host(address: &[u8]) -> bool {
    let host = memchr::memrchr(b'@', address)
        .map_or(address, |at| &address[at + 1..])
        .to_ascii_lowercase();
    let label = |name: &[u8]| host.split(|b| *b == b'.').any(|part| part == name);
    !(label(b"example")
        || label(b"test")
        || label(b"localhost")
        || label(b"host")
        || label(b"hostname")
        || host.starts_with(b"127.0."))
}

/// Not drawn from the words that stand for a password in documentation.
pub(crate) fn plausible_password(password: &[u8]) -> bool {
    const STOCK: &[&str] = &[
        "pass",
        "pw",
        "pwd",
        "user",
        "username",
        "admin",
        "root",
        "guest",
        "postgres",
        "mysql",
        "mongo",
        "redis",
        "rabbitmq",
        "minio",
        "minioadmin",
        "elastic",
        "test",
        "testing",
        "tester",
        "hello",
        "world",
        "default",
        "empty",
        "none",
        "null",
        "nil",
        "true",
        "false",
        "string",
        "value",
        "bar",
        "foo",
        "baz",
        "qux",
        "letmein",
        "qwerty",
        "hunter2",
        "s3cr3t",
        "p4ssw0rd",
        "passw0rd",
        "p@ssw0rd",
        "p@ssword",
        "pa55word",
        "x-oauth-basic",
        "key",
        "auth",
        "private",
        "public",
        "openssl",
        "correct",
        "opensesame",
        "abc",
        "sa",
        "me",
        "you",
        "port",
        "host",
        "database",
    ];
    let lower = password.to_ascii_lowercase();
    let bare = lower.trim_ascii();
    bare.len() >= 4
        && !is_placeholder(bare)
        && !is_template(bare)
        && !STOCK.iter().any(|word| bare == word.as_bytes() || strip_count(bare) == word.as_bytes())
        && entropy(bare) > 1.6
}

/// Good enough a password that nobody types it into documentation: long, of several kinds.
pub(crate) fn strong_password(password: &[u8]) -> bool {
    let makeup = Makeup::of(password);
    plausible_password(password)
        && password.len() >= 8
        && makeup.digits >= 1
        && makeup.letters() >= 2
        && !is_wordy(password)
}

/// Drawn by a machine: letters and digits mixed often, nothing like words.
pub(crate) fn random_looking(value: &[u8]) -> bool {
    let makeup = Makeup::of(value);
    let hexadecimal = value.iter().all(u8::is_ascii_hexdigit);
    let switches = if hexadecimal { value.len() / 8 } else { value.len() / 12 };
    makeup.digits >= 2
        && makeup.letters() >= 3
        && makeup.switches >= switches.max(2)
        && !is_wordy(value)
}

/// Looks like words, identifiers, or a path rather than like noise.
pub(crate) fn is_wordy(value: &[u8]) -> bool {
    english(value).is_some_and(|score| score > 5.4)
}

/// Without digits and marks at the end: `password123!` is `password`.
fn strip_count(value: &[u8]) -> &[u8] {
    let end = value
        .iter()
        .rposition(|b| !(b.is_ascii_digit() || matches!(b, b'!' | b'.' | b'_' | b'-' | b'@')));
    &value[..end.map_or(0, |at| at + 1)]
}

/// Holds a word that says: put yours here. Case does not matter.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    const WORDS: &[&str] = &[
        "example",
        "sample",
        "changeme",
        "change_me",
        "change-me",
        "changethis",
        "change_this",
        "placeholder",
        "dummy",
        "fake",
        "redact",
        "your",
        "insert",
        "replace",
        "todo",
        "fixme",
        "xxxx",
        "****",
        "....",
        "----",
        "____",
        "mysecret",
        "my_secret",
        "my-secret",
        "supersecret",
        "super_secret",
        "super-secret",
        "topsecret",
        "password",
        "passwd",
        "passphrase",
        "not-a-",
        "not_a_",
        "notreal",
        "invalid",
        "bogus",
        "1234567",
        "12345abc",
        "abcdef",
        "qwerty",
        "deadbeef",
        "0123456",
        "987654321",
        "abc123",
        "aabbccdd",
        "secret_here",
        "secrethere",
        "lorem",
        "foobar",
        "undefined",
        "omitted",
        "hidden",
        "masked",
        "testtest",
        "test_",
        "test-",
        "_test",
        "-test",
        "dont-use",
        "do-not-use",
        "unused",
        "mock",
    ];
    let lower = value.to_ascii_lowercase();
    is_monotonous(&lower)
        || WORDS.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

/// The same for tokens of known vendors, whose random part may hold a short word by chance.
pub(crate) fn is_placeholder_token(token: &[u8]) -> bool {
    const WORDS: &[&str] = &[
        "example",
        "changeme",
        "placeholder",
        "dummy",
        "redacted",
        "insert",
        "replace",
        "xxxxx",
        "12345678",
        "abcdefgh",
        "0123456789",
        "987654321",
        "aaaaaa",
        "000000",
        "yourtoken",
        "yourkey",
        "your_",
        "your-",
        "testtest",
        "deadbeef",
        "fakefake",
        "asdfasdf",
        "1234abcd",
        "abcd1234",
        "foobar",
        "sample",
    ];
    let lower = token.to_ascii_lowercase();
    WORDS.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

/// Filled in later, by a template engine, a shell, or the program itself.
pub(crate) fn is_template(value: &[u8]) -> bool {
    const MARKS: &[&str] = &[
        "${",
        "{{",
        "}}",
        "<%",
        "%>",
        "#{",
        "$(",
        "%(",
        "@@",
        "%s",
        "%d",
        "%v",
        "{0}",
        "{}",
        "env.",
        "environ",
        "getenv",
        "process.",
        "config.",
        "secrets.",
        "settings.",
        "vars.",
        "params.",
        "vault:",
        "arn:aws:",
        "ssm:",
        "!ref",
        "\\(",
        "...",
    ];
    let first = value.first().copied().unwrap_or(b' ');
    let last = value.last().copied().unwrap_or(b' ');
    matches!(first, b'$' | b'<' | b'{' | b'[' | b'(' | b'%' | b'*' | b'&')
        || matches!((first, last), (_, b'>') | (b'_', b'_') | (b'@', b'@'))
        || (first == b'{' && last == b'}')
        || MARKS.iter().any(|mark| memchr::memmem::find(value, mark.as_bytes()).is_some())
        || has_braced_name(value)
}

/// `{name}` somewhere inside: a format string.
fn has_braced_name(value: &[u8]) -> bool {
    let Some(open) = memchr::memchr(b'{', value) else { return false };
    let Some(close) = memchr::memchr(b'}', &value[open..]) else { return false };
    value[open + 1..open + close]
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':'))
}

/// One character four times in a row and more, or hardly any different ones.
fn is_monotonous(value: &[u8]) -> bool {
    let run = value.chunk_by(|a, b| a == b).map(<[u8]>::len).max().unwrap_or(0);
    run >= 5 || (value.len() >= 8 && entropy(value) < 1.8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_github_tokens_is_checked() {
        let real = ["ghp_", "zQWBuTSOoRi4A9spHcVY", "5ncnsDkxkJ", "0mLq17"].concat();
        assert!(github_crc(real.as_bytes()));
        assert!(!github_crc(real.replace('7', "8").as_bytes()));
        assert!(!github_crc(b"ghp_short"));
    }

    #[test]
    fn placeholders_and_templates_are_recognised() {
        for value in [
            "changeme",
            "YOUR_API_KEY",
            "xxxxxxxxxxxxxxxx",
            "aaaaaaaaaa",
            "ExamplePass1",
            "1234567890",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
        for value in [
            "${TOKEN}",
            "{{ token }}",
            "<token>",
            "$(cat x)",
            "%(password)s",
            "a{token}b",
            "process.env.X",
        ] {
            assert!(is_template(value.as_bytes()), "{value}");
        }
        assert!(!is_placeholder(b"q8Zk2Vx7Lw0Bn4Td6Rf1") && !is_template(b"q8Zk2Vx7Lw0Bn4Td6Rf1"));
    }

    #[test]
    fn stock_passwords_are_not_worth_a_report() {
        for value in ["password", "admin123", "root", "test1234", "hunter2", "postgres", "pass"] {
            assert!(!plausible_password(value.as_bytes()), "{value}");
        }
        assert!(plausible_password(b"tR7-bluewhale") && strong_password(b"tR7!kq9zVw"));
    }

    #[test]
    fn a_token_with_a_header_of_json_is_a_jwt() {
        let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        assert!(jwt(format!("{header}.e30.abc").as_bytes()));
        assert!(!jwt(b"eyJhello.e30.abc"));
    }
}
