//! What may be renamed: one identifier, never a pattern.

/// The longest identifier.
const BYTES_MAX: usize = 255;

/// Checks that a name is one identifier: letters, digits, `_` and `$`, no digit first.
///
/// # Errors
/// A sentence that names what is wrong.
pub fn check(name: &str) -> Result<(), String> {
    let starts = |first: char| first.is_alphabetic() || matches!(first, '_' | '$');
    let goes_on = |next: char| next.is_alphanumeric() || matches!(next, '_' | '$');
    if name.len() > BYTES_MAX {
        return Err(format!("An identifier has at most {BYTES_MAX} bytes."));
    }
    if !name.chars().next().is_some_and(starts) || !name.chars().all(goes_on) {
        return Err(format!(
            "`{}` is no identifier: letters, digits, `_` and `$`, no digit first.",
            name.escape_debug()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_pass_and_nothing_else() {
        assert!(["a", "_a1", "$x", "größe", "A_B"].iter().all(|name| check(name).is_ok()));
        assert!(
            ["", "1a", "a b", "a.b", "a|b", "a\n", ".*", "a-b"]
                .iter()
                .all(|name| check(name).is_err())
        );
        assert!(check(&"a".repeat(256)).is_err());
    }
}
