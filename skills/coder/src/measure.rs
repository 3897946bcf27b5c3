//! Figures of one file, from its path and its bytes. What can't be measured comes back as a problem,
//! never as a failure: one bad file must not cost the others.

use crate::contract::exports::voyager::coder::metrics::{FileMetrics, Halstead, Lines, Problem};
use crate::language::Language;
use crate::{javascript, python, rust};

/// The largest file that is measured. Generated and vendored bundles are larger; parsing them would
/// tell nobody anything and would cost the memory of everybody else.
pub const FILE_BYTES_MAX: usize = 8 << 20;

/// Measures a file.
pub fn file(path: &str, bytes: &[u8]) -> FileMetrics {
    let mut metrics = empty(path, bytes.len() as u64);
    let Some(language) = Language::of(path) else {
        metrics.problem =
            Some(problem("language", "No known language has files of this name.".to_owned(), None));
        return metrics;
    };
    metrics.language = language.name().to_owned();
    make_room(bytes.len());
    let measured = readable(bytes).and_then(|text| match language {
        Language::Python => python::measure(text, &mut metrics),
        Language::JavaScript | Language::TypeScript => javascript::measure(text, &mut metrics),
        Language::Rust => rust::measure(text, &mut metrics),
    });
    metrics.problem = measured.err();
    metrics
}

/// Asks for the memory that a tree of so large a text needs, and gives it back to the allocator: it
/// grows the memory of a component by the page otherwise, and each time the host is asked.
fn make_room(bytes: usize) {
    const OF_EACH_BYTE: usize = 32;
    const ROOM_MAX: usize = 16 << 20;
    let room = bytes.saturating_mul(OF_EACH_BYTE).min(ROOM_MAX);
    drop(std::hint::black_box(Vec::<u8>::with_capacity(room)));
}

/// The functions of a text, one a line, with these names for its two cyclomatic dialects.
#[cfg(test)]
pub(crate) fn shown(path: &str, text: &str, [plain, extended]: [&str; 2]) -> String {
    let metrics = file(path, text.as_bytes());
    assert_eq!(metrics.problem, None);
    let line = |it: &crate::contract::exports::voyager::coder::metrics::FunctionMetrics| {
        format!(
            "{}-{} {} {plain} {} {extended} {} cognitive {} parameters {}\n",
            it.line,
            it.end_line,
            it.name,
            it.cyclomatic,
            it.cyclomatic_extended,
            it.cognitive,
            it.parameters
        )
    };
    metrics.functions.iter().map(line).collect()
}

/// The text of a file, without a byte order mark, or why it is none.
///
/// # Errors
/// `too-large`, or `encoding` for what is not UTF-8 or holds NUL bytes, which no language allows.
pub fn readable(bytes: &[u8]) -> Result<&str, Problem> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(too_large(bytes.len() as u64));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = line_of(bytes, error.valid_up_to());
        problem("encoding", "The file is not UTF-8.".to_owned(), Some(line))
    })?;
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        let message = "The file holds a NUL byte: it is no text.".to_owned();
        return Err(problem("encoding", message, Some(line_of(bytes, at))));
    }
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The problem of a file that is larger than [`FILE_BYTES_MAX`].
pub fn too_large(bytes: u64) -> Problem {
    problem(
        "too-large",
        format!("The file has {bytes} bytes; at most {FILE_BYTES_MAX} are measured."),
        None,
    )
}

/// A file of which nothing is known yet.
pub fn empty(path: &str, bytes: u64) -> FileMetrics {
    FileMetrics {
        path: path.to_owned(),
        language: String::new(),
        bytes,
        lines: Lines {
            total: 0,
            source: 0,
            comment: 0,
            documentation: 0,
            blank: 0,
            logical: 0,
            comments: 0,
        },
        halstead: Halstead {
            operators_distinct: 0,
            operands_distinct: 0,
            operators: 0,
            operands: 0,
            volume: 0.0,
            difficulty: 0.0,
            effort: 0.0,
        },
        cyclomatic: 0,
        maintainability: 0.0,
        functions: Vec::new(),
        problem: None,
    }
}

/// A problem of this kind.
pub fn problem(kind: &str, message: String, line: Option<u32>) -> Problem {
    Problem { kind: kind.to_owned(), message, line }
}

fn line_of(bytes: &[u8], at: usize) -> u32 {
    let before = bytes.iter().take(at).filter(|byte| **byte == b'\n').count();
    u32::try_from(before + 1).unwrap_or(u32::MAX)
}
