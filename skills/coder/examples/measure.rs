//! Measures the files below a folder natively and prints what the skill would say, one JSON object a
//! line, then the time on standard error. For comparing with other tools, and for profiling.
//!
//! `cargo run --release -p voyager-skill-coder --example measure -- FOLDER [--quiet]`

#![expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program for developers: it prints, and it measures time"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use voyager_skill_coder::language::Language;
use voyager_skill_coder::measure;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| ".".to_owned()));
    let quiet = arguments.next().as_deref() == Some("--quiet");
    let mut files = Vec::new();
    find(&folder, &mut files)?;
    files.sort();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut times, mut bytes, mut functions) = (Vec::new(), 0, 0);
    for file in &files {
        let content = std::fs::read(file)?;
        let path = file.strip_prefix(&folder).unwrap_or(file).to_string_lossy().into_owned();
        let begin = Instant::now();
        let metrics = measure::file(&path, &content);
        times.push(begin.elapsed());
        bytes += content.len();
        functions += metrics.functions.len();
        if !quiet {
            serde_json::to_writer(&mut out, &metrics)?;
            writeln!(out)?;
        }
    }
    let total: std::time::Duration = times.iter().sum();
    times.sort();
    let at = |share: usize| times.get(times.len() * share / 1000).copied().unwrap_or_default();
    eprintln!(
        "{} files, {bytes} bytes, {functions} functions: {total:?}; a file: median {:?}, p99 {:?}, most {:?}",
        files.len(),
        at(500),
        at(990),
        times.last().copied().unwrap_or_default(),
    );
    out.flush()
}

/// All files of known languages below a folder, symbolic links not followed.
fn find(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            find(&entry.path(), files)?;
        } else if kind.is_file() && Language::of(&entry.path().to_string_lossy()).is_some() {
            files.push(entry.path());
        }
    }
    Ok(())
}
