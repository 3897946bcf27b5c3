//! The end of a program's output, as text.

/// Most bytes of it.
pub const BYTES_MAX: usize = 16 << 10;

/// Standard output, then standard error, shortened at their beginnings. Each gets half, and what the
/// other leaves.
pub fn tail(stdout: &[u8], stderr: &[u8]) -> String {
    let half = BYTES_MAX / 2;
    let of_stderr = stderr.len().min(half.max(BYTES_MAX.saturating_sub(stdout.len())));
    let of_stdout = stdout.len().min(BYTES_MAX - of_stderr);
    let mut text = end(stdout, of_stdout);
    let apart = !text.is_empty() && !text.ends_with('\n') && !stderr.is_empty();
    text.push_str(if apart { "\n" } else { "" });
    text.push_str(&end(stderr, of_stderr));
    // Replacing a byte makes it three, and the line break between the two is one more.
    let surplus = text.len().saturating_sub(BYTES_MAX);
    text.split_off(text.ceil_char_boundary(surplus))
}

fn end(bytes: &[u8], length: usize) -> String {
    let mut bytes = &bytes[bytes.len() - length..];
    // Not in the middle of a character.
    while let [0x80..=0xbf, rest @ ..] = bytes {
        bytes = rest;
    }
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_outputs_are_whole() {
        assert_eq!(tail(b"out\n", b"err\n"), "out\nerr\n");
        assert_eq!(tail(b"out", b"err"), "out\nerr");
        assert_eq!(tail(b"", b"err"), "err");
        assert_eq!(tail(b"out", b""), "out");
    }

    #[test]
    fn long_outputs_are_cut_at_their_beginnings() {
        let text = tail(&vec![b'o'; BYTES_MAX], &vec![b'e'; BYTES_MAX]);
        assert!(text.len() <= BYTES_MAX && text.starts_with('o') && text.ends_with('e'));
        let text = tail(&vec![b'o'; BYTES_MAX * 2], b"e");
        assert!(text.len() <= BYTES_MAX && text.ends_with("o\ne"));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_within_the_bound() {
        let text = tail(&vec![0xff; BYTES_MAX], b"");
        assert!(text.len() <= BYTES_MAX && text.contains('\u{fffd}'));
        let text = tail("ä".repeat(BYTES_MAX).as_bytes(), b"x");
        assert!(!text.contains('\u{fffd}'));
    }
}
