//! Text that a skill chose and a person will see: without anything that a terminal obeys.

/// `text` without escape sequences and control characters, tabs as spaces, of at most `bytes_max` bytes.
pub(crate) fn plain(text: &str, bytes_max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(bytes_max));
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => skip_sequence(&mut chars),
            '\t' | '\n' => out.push(' '),
            _ if char.is_control() || is_invisible_direction(char) => {}
            _ => out.push(char),
        }
        if out.len() >= bytes_max {
            break;
        }
    }
    out.truncate(out.floor_char_boundary(bytes_max));
    out
}

/// Skips what follows an escape: `[` up to a final letter, `]` up to its end, or one character.
fn skip_sequence(chars: &mut std::str::Chars<'_>) {
    match chars.next() {
        Some('[') => drop(chars.find(|char| ('\u{40}'..='\u{7e}').contains(char))),
        Some(']') => drop(chars.find(|char| matches!(char, '\u{7}' | '\u{1b}'))),
        _ => {}
    }
}

/// Characters that make text read otherwise than it is written.
fn is_invisible_direction(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(plain("a\u{1b}[31mred\u{1b}[0m\tb\r\u{8}\u{9b}c", 100), "ared bc");
        assert_eq!(plain("\u{1b}]0;title\u{7}x\u{202e}y", 100), "xy");
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        assert_eq!(plain("aää", 4), "aä");
    }
}
