//! What the JSON reader says is wrong, in words for those who do not program.

/// Most of what stands somewhere that is told of it, in characters.
const SHOWN_MAX: usize = 40;

/// A problem with a piece of JSON, of which the byte `there` is the one that is wrong.
pub(super) fn words(problem: &str, piece: &[u8], there: usize) -> String {
    if problem.starts_with("EOF while") {
        return "the JSON ends here, before it is whole".to_owned();
    }
    if let Some(types) = problem.strip_prefix("invalid type: ")
        && let Some((found, expected)) = types.rsplit_once(", expected ")
    {
        return stands_here(&found_type(found), expected_type(expected));
    }
    let key = |of: &str| problem.strip_prefix(of).map(str::to_owned);
    if let Some(key) = key("missing field ") {
        return format!("the key {key} is missing");
    }
    if let Some(key) = key("duplicate field ") {
        return format!("the key {key} stands there twice");
    }
    let there = || format!("`{}`", sign_at(piece, there));
    match problem {
        "expected ident" | "expected value" => stands_here(&there(), "a value of JSON"),
        "key must be a string" => stands_here(&there(), "a key in quotation marks"),
        "trailing comma" => "here something is to follow the comma, or the comma to go".to_owned(),
        "trailing characters" => format!("{} stands behind the end of the JSON", there()),
        _ if problem.starts_with("expected `") => {
            stands_here(&there(), problem.trim_start_matches("expected "))
        }
        _ if problem.starts_with("control character") => {
            "a sign without a shape stands in a text: write a new line as `\\n`, a tab as `\\t`"
                .to_owned()
        }
        other => other.to_owned(),
    }
}

/// What is wrong where something else was expected.
pub(super) fn stands_here(found: &str, expected: &str) -> String {
    format!("{found} stands here, and {expected} is expected")
}

/// The beginning of a piece, as far as it is told.
pub(super) fn beginning(piece: &[u8]) -> String {
    cut(String::from_utf8_lossy(piece).trim_end())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The word that a byte is a part of, or the one sign.
fn sign_at(piece: &[u8], there: usize) -> String {
    let there = there.min(piece.len().saturating_sub(1));
    let is_word = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.');
    let (before, behind) = piece.split_at(there);
    let from = there - before.iter().rev().take_while(|it| is_word(it)).count();
    let to = there + behind.iter().take_while(|it| is_word(it)).count();
    if from < to {
        return beginning(&piece[from..to]);
    }
    String::from_utf8_lossy(behind).chars().take(1).collect()
}

/// What was found, as serde calls it.
fn found_type(found: &str) -> String {
    let (kind, value) = found.split_once(' ').unwrap_or((found, ""));
    match (kind, value) {
        ("string", text) => format!("the text {}", cut(text)),
        ("integer", number) => format!("the number {number}"),
        ("floating", number) => format!("the number {}", number.trim_start_matches("point ")),
        ("boolean", value) => value.to_owned(),
        ("null", _) => "`null`".to_owned(),
        ("sequence", _) => "a list".to_owned(),
        ("map", _) => "an object".to_owned(),
        _ => cut(found),
    }
}

/// What was expected, as serde and Rust call it.
fn expected_type(expected: &str) -> &str {
    match expected {
        "f32" | "f64" => "a number",
        "a string" | "string" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object of texts",
        it if it.starts_with("struct ") => "an object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_told_by_their_word() {
        assert_eq!(sign_at(b"{\"a\": nope}", 7), "nope");
        assert_eq!(sign_at("{é}".as_bytes(), 1), "é");
        assert_eq!(sign_at(b"", 3), "");
        assert_eq!(beginning("é".repeat(50).as_bytes()), format!("{}…", "é".repeat(40)));
    }
}
