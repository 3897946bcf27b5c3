//! Spreads the measuring of many files over child tasks, and finds the files on which a child ends
//! badly: a parser that runs out of stack or memory ends its whole task, so the part that failed is
//! cut smaller until only the files at fault are left, and these are reported. Plain code: the host's
//! answers come through a closure.

use crate::contract::exports::voyager::coder::metrics::{Overview, Skipped};
use crate::contract::voyager::types::types::Error;
use crate::measure::{self, FILE_BYTES_MAX};
use crate::overview::Sum;

/// The size of a part, in bytes of source: some ten milliseconds of work, so that starting a child
/// costs little and a few cores share evenly.
const PART_BYTES: u64 = 512 << 10;
/// The most files of a part.
const PART_FILES: usize = 256;
/// Into how many a part that failed is cut.
const CUTS: usize = 8;

/// A file to measure, with its size in bytes.
pub type Sized = (String, u64);

/// How a child ended that gave no result.
pub enum Failure {
    /// The child itself failed: its part is at fault.
    Child(String),
    /// The run was cancelled, or the like: going on makes no sense.
    Whole(Error),
}

/// What may go wrong with all children at once.
pub enum Refusal {
    /// No children may be started: the work has to be done here.
    NoChildren,
    /// The work has to end.
    Whole(Error),
}

/// Cuts the files into parts of like size, in their order. `parts_max` bounds their number.
pub fn parts(files: Vec<Sized>, parts_max: usize) -> Vec<Vec<String>> {
    let total: u64 = files.iter().map(|(_, size)| *size).sum();
    let parts_max = parts_max.max(1);
    let bytes = PART_BYTES.max(total / parts_max as u64 + 1);
    let count = PART_FILES.max(files.len().div_ceil(parts_max));
    let mut parts = Vec::new();
    let (mut part, mut part_bytes) = (Vec::new(), 0);
    for (path, size) in files {
        if !part.is_empty() && (part_bytes + size > bytes || part.len() >= count) {
            parts.push(std::mem::take(&mut part));
            part_bytes = 0;
        }
        part_bytes += size;
        part.push(path);
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

/// Measures all files with `children`, which runs one child for each part and returns their outcomes
/// in order, and adds them to `sum`. `done` hears of the number of files that are settled.
///
/// # Errors
/// Where a refusal concerns all of the work; nothing is measured then.
pub fn survey(
    files: Vec<Sized>,
    mut sum: Sum,
    children_max: usize,
    mut children: impl FnMut(&[Vec<String>]) -> Result<Vec<Result<Overview, Failure>>, Refusal>,
    mut done: impl FnMut(usize),
) -> Result<Overview, Refusal> {
    let mut settled = 0;
    let (files, large): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|(_, size)| *size <= FILE_BYTES_MAX as u64);
    settled += large.len();
    large
        .into_iter()
        .for_each(|(path, size)| sum.skip(Skipped { path, problem: measure::too_large(size) }));
    // Half of the children are kept for parts that fail.
    let mut open = parts(files, children_max / 2);
    let mut started = 0;
    while !open.is_empty() {
        started += open.len();
        if started > children_max {
            return Err(Refusal::NoChildren);
        }
        let outcomes = children(&open)?;
        let mut failed = Vec::new();
        for (part, outcome) in open.into_iter().zip(outcomes) {
            match outcome {
                Ok(overview) => {
                    settled += part.len();
                    sum.merge(overview);
                }
                Err(Failure::Whole(why)) => return Err(Refusal::Whole(why)),
                Err(Failure::Child(why)) => match <[String; 1]>::try_from(part) {
                    Ok([path]) => {
                        settled += 1;
                        let message = format!("Measuring it ended badly: {why}");
                        sum.skip(Skipped {
                            path,
                            problem: measure::problem("failed", message, None),
                        });
                    }
                    Err(part) => {
                        let size = part.len().div_ceil(CUTS);
                        failed.extend(part.chunks(size).map(<[String]>::to_vec));
                    }
                },
            }
        }
        done(settled);
        open = failed;
    }
    Ok(sum.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: usize) -> Vec<Sized> {
        (0..files).map(|number| (format!("{number:04}.py"), 10_000)).collect()
    }

    /// A child that measures what is asked for, and ends badly on files whose name holds a 7.
    fn child(part: &[String]) -> Result<Overview, Failure> {
        if part.iter().any(|path| path.contains('7')) {
            return Err(Failure::Child("the stack is full".to_owned()));
        }
        let mut sum = Sum::new(5);
        part.iter().for_each(|path| sum.add(&measure::file(path, b"def f(): pass\n")));
        Ok(sum.finish())
    }

    #[test]
    fn parts_are_of_like_size_and_not_too_many() {
        let sizes: Vec<_> = parts(tree(100), 1_000).iter().map(Vec::len).collect();
        assert_eq!(sizes, [52, 48]);
        assert_eq!(parts(tree(100_000), 10).len(), 10);
        assert_eq!(
            parts(vec![("huge".to_owned(), u64::MAX / 2), ("b".to_owned(), 1)], 10).len(),
            2
        );
        assert!(parts(Vec::new(), 0).is_empty());
    }

    #[test]
    fn only_the_files_at_fault_are_lost() {
        let mut rounds = 0;
        let overview = survey(
            tree(300),
            Sum::new(5),
            10_000,
            |parts| {
                rounds += 1;
                Ok(parts.iter().map(|part| child(part)).collect())
            },
            |_| {},
        );
        let Ok(overview) = overview else { panic!("refused") };
        assert_eq!(overview.languages[0].files, 300 - overview.skipped_total);
        assert_eq!(overview.skipped_total, 57);
        assert!(overview.skipped.iter().all(|skipped| skipped.path.contains('7')));
        assert!(rounds <= 5, "{rounds}");
    }

    #[test]
    fn huge_files_are_reported_without_a_child() {
        let files = vec![("huge.py".to_owned(), 100 << 20)];
        let Ok(overview) = survey(files, Sum::new(5), 10, |_| panic!("no child is needed"), |_| {})
        else {
            panic!("refused")
        };
        assert_eq!(overview.skipped[0].problem.kind, "too-large");
    }

    #[test]
    fn it_gives_up_where_children_run_out() {
        let all_fail = |parts: &[Vec<String>]| {
            Ok(parts.iter().map(|_| Err(Failure::Child(String::new()))).collect())
        };
        assert!(matches!(
            survey(tree(300), Sum::new(5), 20, all_fail, |_| {}),
            Err(Refusal::NoChildren)
        ));
    }
}
