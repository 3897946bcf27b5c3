//! Joins the analysis with the host: the exported operations. Only here, in [`crate::folders`] and in
//! [`crate::change`] is anything asked of the host.

use crate::contract::exports::voyager::coder::metrics::{
    Dialect, FileMetrics, Guest as Metrics, Overview, Skipped,
};
use crate::contract::exports::voyager::coder::outline::{FileOutline, Guest as Outline};
use crate::contract::voyager::run::run;
use crate::contract::voyager::tasks::tasks;
use crate::contract::voyager::types::types::Error;
use crate::folders::{Folders, invalid, other, sentence};
use crate::language::Language;
use crate::overview::{self, Sum};
use crate::spread::{self, Failure, Refusal, Sized};
use crate::{measure, outline};

/// The most files that one call names.
const PATHS_MAX: usize = 10_000;
/// The operation that child tasks run.
const TALLY: &str = "voyager:coder/metrics.tally";

/// The skill.
pub(crate) struct Coder;

#[allow(
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    reason = "generated: the symbols that the component model asks for"
)]
mod exported {
    use super::Coder;

    crate::contract::export!(Coder with_types_in crate::contract);
}

impl Metrics for Coder {
    fn dialects() -> Vec<Dialect> {
        overview::dialects()
    }

    fn measure(paths: Vec<String>) -> Result<Vec<FileMetrics>, Error> {
        check_number(&paths)?;
        let folders = Folders::granted()?;
        Ok(paths.iter().map(|path| measure_one(&folders, path)).collect())
    }

    fn tally(paths: Vec<String>, hot_spots: u32) -> Result<Overview, Error> {
        check_number(&paths)?;
        let folders = Folders::granted()?;
        let mut sum = Sum::new(hot_spots);
        paths.iter().for_each(|path| sum.add(&measure_one(&folders, path)));
        Ok(sum.finish())
    }

    fn survey(globs: Vec<String>, hot_spots: u32) -> Result<Overview, Error> {
        let folders = Folders::granted()?;
        let (files, skipped) = known_files(&folders, &globs)?;
        let total = files.len() as u64;
        run::progress(0, Some(total), "files");
        let children_max = run::get_remaining().child_tasks as usize;
        let children = |parts: &[Vec<String>]| tally_in_children(parts, hot_spots);
        let done = |settled: usize| run::progress(settled as u64, Some(total), "files");
        let begun = || {
            let mut sum = Sum::new(hot_spots);
            skipped.iter().cloned().for_each(|skipped| sum.skip(skipped));
            sum
        };
        match spread::survey(files.clone(), begun(), children_max, children, done) {
            Ok(overview) => Ok(overview),
            Err(Refusal::Whole(why)) => Err(why),
            Err(Refusal::NoChildren) => Ok(survey_here(&folders, &files, begun())),
        }
    }
}

impl Outline for Coder {
    fn outline(paths: Vec<String>) -> Result<Vec<FileOutline>, Error> {
        check_number(&paths)?;
        let folders = Folders::granted()?;
        Ok(paths.iter().map(|path| outline_one(&folders, path)).collect())
    }

    fn tree(globs: Vec<String>, files_max: u32) -> Result<Vec<FileOutline>, Error> {
        let folders = Folders::granted()?;
        let (files, _) = known_files(&folders, &globs)?;
        Ok(files
            .iter()
            .take(files_max as usize)
            .map(|(path, _)| outline_one(&folders, path))
            .collect())
    }
}

fn outline_one(folders: &Folders, path: &str) -> FileOutline {
    match folders.read(path) {
        Ok(content) => outline::file(path, &content),
        Err(problem) => FileOutline { problem: Some(problem), ..outline::empty(path) },
    }
}

/// The files of known languages that match one of the globs, and what was passed over.
fn known_files(folders: &Folders, globs: &[String]) -> Result<(Vec<Sized>, Vec<Skipped>), Error> {
    let globs = if globs.is_empty() { Language::globs() } else { globs.to_vec() };
    let (mut files, skipped) = folders.list(&globs)?;
    files.retain(|(path, _)| Language::of(path).is_some());
    Ok((files, skipped))
}

fn measure_one(folders: &Folders, path: &str) -> FileMetrics {
    match folders.read(path) {
        Ok(content) => measure::file(path, &content),
        Err(problem) => {
            let mut metrics = measure::empty(path, 0);
            metrics.problem = Some(problem);
            metrics
        }
    }
}

/// Does what the children would do, where none may be started.
fn survey_here(folders: &Folders, files: &[Sized], mut sum: Sum) -> Overview {
    for (number, (path, _)) in files.iter().enumerate() {
        if number % 64 == 0 {
            run::progress(number as u64, Some(files.len() as u64), "files");
        }
        sum.add(&measure_one(folders, path));
    }
    sum.finish()
}

fn tally_in_children(
    parts: &[Vec<String>],
    hot_spots: u32,
) -> Result<Vec<Result<Overview, Failure>>, Refusal> {
    let encode = |part: &Vec<String>| {
        rmp_serde::to_vec(&(part, hot_spots))
            .map_err(|error| Refusal::Whole(other("encoding", error.to_string())))
    };
    let arguments = parts.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
    let outcomes = tasks::map(TALLY, &arguments, 0).map_err(|error| match error {
        Error::Cancelled(_) => Refusal::Whole(error),
        // No grant, no such skill under this name, no more children: the work can still be done here.
        _ => Refusal::NoChildren,
    })?;
    Ok(outcomes.into_iter().map(overview_of).collect())
}

fn overview_of(outcome: Result<Vec<u8>, Error>) -> Result<Overview, Failure> {
    let bytes = outcome.map_err(|error| match error {
        Error::Cancelled(_) | Error::Denied(_) => Failure::Whole(error),
        _ => Failure::Child(sentence(&error)),
    })?;
    rmp_serde::from_slice(&bytes).map_err(|error| {
        let message = format!("The result of a child can't be read: {error}");
        Failure::Whole(other("encoding", message))
    })
}

fn check_number(paths: &[String]) -> Result<(), Error> {
    if paths.len() > PATHS_MAX {
        return Err(invalid(format!(
            "{} files are named; at most {PATHS_MAX} go into one call.",
            paths.len()
        )));
    }
    Ok(())
}
