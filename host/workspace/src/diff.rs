//! Shows two contents of a file as a unified diff.
//!
//! The algorithm is imara-diff's; here is the layout of `diff -u`, with its mark for a missing line end,
//! and the bound on what is shown.

use std::fmt::{self, Write as _};

use imara_diff::{Algorithm, Diff, Hunk, InternedInput, Token, sources::lines};

/// Unchanged lines that are shown before and behind a change.
const CONTEXT: u32 = 3;
/// Larger contents are only said to differ.
const SHOWN_BYTES_MAX: usize = 8 << 20;

/// One side of a diff.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side<'a> {
    /// No file.
    Absent,
    /// A content.
    Bytes(&'a [u8]),
    /// A content that may not be shown, and why.
    Hidden(&'a str),
}

/// Adds the diff of one file to `shown`.
pub(crate) fn add(shown: &mut String, path: &str, before: Side<'_>, after: Side<'_>) {
    let name = |side: &str, it: &Side<'_>| match it {
        Side::Absent => "/dev/null".to_owned(),
        Side::Bytes(_) | Side::Hidden(_) => format!("{side}/{path}"),
    };
    let (old, new) = (name("a", &before), name("b", &after));
    let text = |side| match side {
        Side::Absent => Ok(""),
        Side::Hidden(reason) => Err(reason),
        Side::Bytes(bytes) if bytes.len() > SHOWN_BYTES_MAX => Err("too large to be shown"),
        Side::Bytes(bytes) if memchr::memchr(0, bytes).is_some() => Err("binary"),
        Side::Bytes(bytes) => std::str::from_utf8(bytes).map_err(|_| "not UTF-8"),
    };
    let written = match (text(before), text(after)) {
        (Ok(before), Ok(after)) => {
            let input = InternedInput::new(lines(before), lines(after));
            let mut diff = Diff::compute(Algorithm::Histogram, &input);
            diff.postprocess_lines(&input);
            write!(shown, "--- {old}\n+++ {new}\n").and_then(|()| unified(shown, &diff, &input))
        }
        (Err(reason), _) | (_, Err(reason)) => {
            writeln!(shown, "Files {old} and {new} differ ({reason})")
        }
    };
    written.expect("writing to a string does not fail");
}

/// Cuts a diff behind the last line that ends within `bytes_max`, and says so.
pub(crate) fn cut(shown: &mut String, bytes_max: u64) {
    let max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
    if shown.len() <= max {
        return;
    }
    let note = format!("[cut: the diff has {} bytes, {bytes_max} were asked for]\n", shown.len());
    let room = max.saturating_sub(note.len());
    let end = memchr::memrchr(b'\n', &shown.as_bytes()[..room]).map_or(0, |end| end + 1);
    shown.truncate(end);
    if note.len() <= max {
        shown.push_str(&note);
    }
}

/// The changes with their surroundings; those whose surroundings meet are shown as one.
fn unified(shown: &mut String, diff: &Diff, input: &InternedInput<&str>) -> fmt::Result {
    let mut group: Vec<Hunk> = Vec::new();
    for hunk in diff.hunks() {
        if group.last().is_some_and(|last| hunk.before.start - last.before.end > 2 * CONTEXT) {
            show(shown, &std::mem::take(&mut group), input)?;
        }
        group.push(hunk);
    }
    show(shown, &group, input)
}

fn show(shown: &mut String, group: &[Hunk], input: &InternedInput<&str>) -> fmt::Result {
    let (Some(first), Some(last)) = (group.first(), group.last()) else { return Ok(()) };
    let lead = first.before.start.min(CONTEXT);
    let trail = (input.before.len() as u32 - last.before.end).min(CONTEXT);
    let (old, new) = (first.before.start - lead, first.after.start - lead);
    let (old_length, new_length) = (last.before.end + trail - old, last.after.end + trail - new);
    // The number of the first line, or of the one before an empty range.
    let number = |start, length| if length == 0 { start } else { start + 1 };
    let (old_number, new_number) = (number(old, old_length), number(new, new_length));
    writeln!(shown, "@@ -{old_number},{old_length} +{new_number},{new_length} @@")?;
    let mut lines = |mark: char, tokens: &[Token]| {
        tokens.iter().try_for_each(|token| {
            let line = input.interner[*token];
            write!(shown, "{mark}{line}")?;
            if line.ends_with('\n') {
                Ok(())
            } else {
                shown.write_str("\n\\ No newline at end of file\n")
            }
        })
    };
    let part =
        |tokens: &'_ [Token], from: u32, to: u32| tokens[from as usize..to as usize].to_vec();
    let mut at = old;
    for hunk in group {
        lines(' ', &part(&input.before, at, hunk.before.start))?;
        lines('-', &part(&input.before, hunk.before.start, hunk.before.end))?;
        lines('+', &part(&input.after, hunk.after.start, hunk.after.end))?;
        at = hunk.before.end;
    }
    lines(' ', &part(&input.before, at, at + trail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(before: Side<'_>, after: Side<'_>) -> String {
        let mut shown = String::new();
        add(&mut shown, "f", before, after);
        shown
    }

    #[test]
    fn a_changed_line_is_shown_with_its_surroundings() {
        let shown = diff(Side::Bytes(b"1\n2\n3\n4\n5\n"), Side::Bytes(b"1\n2\n3\n4\nfive"));
        let expected = "--- a/f\n+++ b/f\n@@ -2,4 +2,4 @@\n 2\n 3\n 4\n-5\n+five\n\\ No newline at end of file\n";
        assert_eq!(shown, expected);
    }

    #[test]
    fn new_and_removed_files_have_one_empty_side() {
        let shown = diff(Side::Absent, Side::Bytes(b"a\n"));
        assert_eq!(shown, "--- /dev/null\n+++ b/f\n@@ -0,0 +1,1 @@\n+a\n");
        let shown = diff(Side::Bytes(b"a\n"), Side::Absent);
        assert_eq!(shown, "--- a/f\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n");
    }

    #[test]
    fn what_cannot_be_shown_is_said_to_differ() {
        let shown = diff(Side::Bytes(b"a\0"), Side::Bytes(b"b"));
        assert_eq!(shown, "Files a/f and b/f differ (binary)\n");
    }

    #[test]
    fn a_long_diff_is_cut_at_a_line() {
        let long = "line\n".repeat(1000);
        let mut shown = diff(Side::Absent, Side::Bytes(long.as_bytes()));
        cut(&mut shown, 200);
        assert!(shown.len() <= 200);
        assert!(shown.ends_with("bytes, 200 were asked for]\n"), "{shown}");
        assert!(shown.contains("+line\n[cut:"), "{shown}");
        cut(&mut shown, 3);
        assert_eq!(shown, "");
    }
}
