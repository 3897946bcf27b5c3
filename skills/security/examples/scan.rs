//! Scans folders natively and says how fast: `cargo run --release --example scan -- secrets FOLDER...`.
//!
//! The words before the folders are `secrets`, `code`, `both`; with `list` in front every finding is
//! printed. Files are read before the clock starts, so that the figure is about scanning.

#![allow(clippy::print_stdout, reason = "an example prints")]
#![allow(clippy::disallowed_methods, reason = "it measures, and nobody replays it")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;
use voyager_skill_security::scan::{Look, scan};

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let list = arguments.first().is_some_and(|word| word == "list");
    if list {
        arguments.remove(0);
    }
    let look = match arguments.first().map(String::as_str) {
        Some("secrets") => Look::Secrets,
        Some("code") => Look::Code,
        _ => Look::Both,
    };
    let mut files = BTreeMap::new();
    for folder in arguments.iter().skip(1) {
        collect(Path::new(folder), &mut files);
    }
    let paths: Vec<String> = files.keys().cloned().collect();
    let start = Instant::now();
    let result = scan(&files, &paths, look, |_| ());
    let seconds = start.elapsed().as_secs_f64();

    let mut counts: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for finding in &result.findings {
        *counts.entry((&finding.rule, &finding.severity)).or_default() += 1;
        if list {
            println!(
                "{}:{}:{} {} {} {}",
                finding.path,
                finding.line,
                finding.column,
                finding.severity,
                finding.rule,
                finding.message
            );
        }
    }
    for ((rule, severity), count) in counts {
        println!("{count:6} {severity:8} {rule}");
    }
    let mut reasons: BTreeMap<&str, u32> = BTreeMap::new();
    for (_, reason) in &result.skipped {
        *reasons.entry(&reason[..reason.floor_char_boundary(60)]).or_default() += 1;
    }
    for (reason, count) in reasons {
        println!("{count:6} skipped: {reason}");
    }
    let megabytes = result.bytes_scanned as f64 / 1e6;
    println!(
        "{} files, {megabytes:.1} MB in {seconds:.2} s: {:.0} MB/s; {} suppressed, {} dropped",
        result.files_scanned,
        megabytes / seconds,
        result.suppressed,
        result.dropped
    );
}

fn collect(folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            collect(&entry.path(), files);
        } else if kind.is_file()
            && let Ok(content) = std::fs::read(entry.path())
        {
            files.insert(entry.path().to_string_lossy().into_owned(), content);
        }
    }
}
