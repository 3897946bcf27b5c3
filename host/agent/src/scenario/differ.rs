//! What differs between two values or two texts, and nothing else.

use voyager_base::Value;

/// Most differences that are told: who sees so many looks at the whole.
const TOLD_MAX: usize = 20;
/// Most lines that are compared each with each.
const LINES_MAX: usize = 2_000;
/// Most characters of a value in a line.
const SHOWN_MAX: usize = 200;

/// Where two values part, a line each: `[2].path: wanted "a", is "b"`.
pub(super) fn values(wanted: &Value, is: &Value) -> Vec<String> {
    let mut told = Vec::new();
    parts("", wanted, is, &mut told);
    cut(told)
}

fn parts(path: &str, wanted: &Value, is: &Value, told: &mut Vec<String>) {
    if wanted == is {
        return;
    }
    match (wanted, is) {
        (Value::Record(wanted), Value::Record(is)) if wanted.len() == is.len() => {
            for ((name, wanted), (_, is)) in wanted.iter().zip(is) {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                parts(&path, wanted, is, told);
            }
        }
        (Value::List(wanted), Value::List(is)) | (Value::Tuple(wanted), Value::Tuple(is)) => {
            for (at, (wanted, is)) in wanted.iter().zip(is).enumerate() {
                parts(&format!("{path}[{at}]"), wanted, is, told);
            }
            let shared = wanted.len().min(is.len());
            let missing = wanted[shared..].iter().map(|it| (it, "is missing"));
            let added = is[shared..].iter().map(|it| (it, "is not wanted"));
            for (at, (value, word)) in missing.chain(added).enumerate() {
                told.push(format!("{path}[{}]: {} {word}", shared + at, shown(value)));
            }
        }
        (Value::Option(Some(wanted)), Value::Option(Some(is))) => parts(path, wanted, is, told),
        (Value::String(wanted), Value::String(is))
            if wanted.contains('\n') || is.contains('\n') =>
        {
            told.extend(texts(wanted, is));
        }
        _ => {
            let place = if path.is_empty() { String::new() } else { format!("{path}: ") };
            told.push(format!("{place}wanted {}, is {}", shown(wanted), shown(is)));
        }
    }
}

fn shown(value: &Value) -> String {
    clipped(&value.to_json().to_string())
}

/// A text on one line, cut where it is long.
pub(super) fn clipped(text: &str) -> String {
    let mut clipped: String = text.chars().take(SHOWN_MAX).collect();
    if text.chars().nth(SHOWN_MAX).is_some() {
        clipped.push_str("...");
    }
    clipped
}

/// The lines in which two texts differ: `-` is wanted and missing, `+` is there and not wanted.
pub(super) fn texts(wanted: &str, is: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (lines(wanted), lines(is));
    let head = old.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let behind = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = behind.take_while(|(one, other)| one == other).count();
    let (old, new) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut told = Vec::new();
    if old.len() > LINES_MAX || new.len() > LINES_MAX {
        told.push(format!(
            "line {}: {} lines are wanted, {} are there",
            head + 1,
            old.len(),
            new.len()
        ));
        return told;
    }
    let common = common(old, new);
    let (mut left, mut right) = (0, 0);
    for (at, other) in common.into_iter().chain([(old.len(), new.len())]) {
        if left < at || right < other {
            told.push(format!("line {}:", head + right + 1));
        }
        told.extend(old[left..at].iter().map(|line| format!("- {}", clipped(line))));
        told.extend(new[right..other].iter().map(|line| format!("+ {}", clipped(line))));
        (left, right) = (at + 1, other + 1);
    }
    cut(told)
}

/// Lines with their mark, so that a missing end of the last line shows.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n')
        .map(|line| line.strip_suffix('\n').unwrap_or(line))
        .chain(
            // A text without a line end differs from the same with one.
            (!text.is_empty() && !text.ends_with('\n')).then_some("(no line end)"),
        )
        .collect()
}

/// Positions of the lines of a longest common subsequence.
fn common(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    for (at, line) in old.iter().enumerate().rev() {
        for (other, own) in new.iter().enumerate().rev() {
            let here = at * width + other;
            lengths[here] = match line == own {
                true => lengths[here + width + 1] + 1,
                false => lengths[here + width].max(lengths[here + 1]),
            };
        }
    }
    let (mut at, mut other, mut found) = (0, 0, Vec::new());
    while at < old.len() && other < new.len() {
        let here = at * width + other;
        if old[at] == new[other] {
            found.push((at, other));
            (at, other) = (at + 1, other + 1);
        } else if lengths[here + width] >= lengths[here + 1] {
            at += 1;
        } else {
            other += 1;
        }
    }
    found
}

fn cut(mut told: Vec<String>) -> Vec<String> {
    if told.len() > TOLD_MAX {
        let more = told.len() - TOLD_MAX;
        told.truncate(TOLD_MAX);
        told.push(format!("... and {more} lines more"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let value = |path: &str, places| {
            let item =
                Value::record([("path", Value::String(path.to_owned())), ("places", places)]);
            Value::record([("files", Value::List(vec![item])), ("same", Value::Bool(true))])
        };
        let told = values(&value("a", Value::Int(1)), &value("a", Value::Int(2)));
        assert_eq!(told, ["files[0].places: wanted 1, is 2"]);
        let (one, two) = (Value::List(vec![Value::Int(1)]), Value::List(vec![]));
        assert_eq!(values(&one, &two), ["[0]: 1 is missing"]);
        assert_eq!(values(&two, &one), ["[0]: 1 is not wanted"]);
    }

    #[test]
    fn lines_that_are_the_same_are_left_out() {
        assert_eq!(
            texts("a\nb\nc\nd\n", "a\nx\nc\nd\ne\n"),
            ["line 2:", "- b", "+ x", "line 5:", "+ e"]
        );
        assert_eq!(texts("a\n", "a"), ["line 2:", "+ (no line end)"]);
    }
}
