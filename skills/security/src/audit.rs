//! The whole audit: files in balanced shares, each scanned by a task of its own where that is
//! granted, and one report over all.
//!
//! A share whose task ends badly is halved and tried again, down to the one file that is to blame:
//! a file that brings a parser down costs itself and nothing else.

use crate::model::{
    DependencyResult, FINDINGS_MAX, Report, SKIPPED_MAX, ScanResult, Severity, settle,
};
use crate::scan::FILE_BYTES_MAX;
use crate::text::is_test_path;

/// Work in one share: enough that starting a task does not count, little enough for progress.
const SHARE_BYTES: u64 = 4 << 20;

/// Files in one share, for trees of many small ones.
const SHARE_FILES: usize = 250;

/// What a file costs beside its bytes: a question to the host, an answer, a record.
const FILE_COST: u64 = 4 << 10;

/// Shares that are handed over at once; progress is reported between.
const BATCH: usize = 16;

/// Halvings: enough to get from the largest share to one file.
const ROUNDS_MAX: usize = 10;

/// A file that a listing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path from the folder.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
}

/// Why nobody takes shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No grant: do it yourself.
    Denied,
    /// Anything else.
    Failed(String),
}

/// Whoever scans shares beside this task.
pub trait Crew {
    /// Scans each share; outcomes in the order of the shares, a failed one with its reason.
    ///
    /// # Errors
    /// Why none of them was scanned.
    fn scan(&self, shares: &[Vec<String>]) -> Result<Vec<Result<ScanResult, String>>, Refused>;
}

/// Cuts the files into shares of about the same work. The same files give the same shares.
#[must_use]
pub fn shares(entries: &[Entry]) -> Vec<Vec<String>> {
    let cost = |entry: &Entry| entry.size.min(FILE_BYTES_MAX) + FILE_COST;
    let total: u64 = entries.iter().map(cost).sum();
    let by_bytes = usize::try_from(total.div_ceil(SHARE_BYTES)).unwrap_or(usize::MAX);
    let count = by_bytes.max(entries.len().div_ceil(SHARE_FILES)).min(entries.len());
    if count == 0 {
        return Vec::new();
    }
    // The largest first, each to the share with the least work (Graham's LPT rule).
    let mut order: Vec<&Entry> = entries.iter().collect();
    order.sort_by(|a, b| (b.size, &a.path).cmp(&(a.size, &b.path)));
    let mut heap: std::collections::BinaryHeap<std::cmp::Reverse<(u64, usize)>> =
        (0..count).map(|index| std::cmp::Reverse((0, index))).collect();
    let mut shares: Vec<Vec<String>> = vec![Vec::new(); count];
    for entry in order {
        let Some(std::cmp::Reverse((work, index))) = heap.pop() else { break };
        shares[index].push(entry.path.clone());
        heap.push(std::cmp::Reverse((work + cost(entry), index)));
    }
    for share in &mut shares {
        share.sort();
    }
    shares
}

/// Scans the files through a crew, or by `own` where there is none. `progress` hears the number of
/// files that are done.
pub fn scan_all(
    entries: &[Entry],
    crew: &dyn Crew,
    own: impl FnOnce(&[String]) -> ScanResult,
    notes: &mut Vec<String>,
    mut progress: impl FnMut(u64),
) -> Vec<ScanResult> {
    let mut waiting = shares(entries);
    let (mut results, mut done) = (Vec::new(), 0);
    let mut failed: ScanResult = ScanResult::default();
    for _ in 0..ROUNDS_MAX {
        let mut again = Vec::new();
        let mut batches = waiting.chunks(BATCH);
        while let Some(batch) = batches.next() {
            match crew.scan(batch) {
                Ok(outcomes) => {
                    for (share, outcome) in batch.iter().zip(outcomes) {
                        match outcome {
                            Ok(result) => {
                                done += share.len() as u64;
                                results.push(result);
                            }
                            Err(_) if share.len() > 1 => {
                                let (left, right) = share.split_at(share.len() / 2);
                                again.extend([left.to_vec(), right.to_vec()]);
                            }
                            Err(reason) => {
                                done += 1;
                                failed.skipped.extend(share.iter().map(|path| {
                                    (path.clone(), format!("its scan ended: {reason}"))
                                }));
                            }
                        }
                    }
                    progress(done);
                }
                Err(refused) => {
                    if let Refused::Failed(reason) = refused {
                        notes.push(format!("child tasks failed ({reason}): the files were scanned one after another"));
                    }
                    let rest: Vec<String> = batch
                        .iter()
                        .chain(batches.flatten())
                        .chain(&again)
                        .flatten()
                        .cloned()
                        .collect();
                    results.push(own(&rest));
                    results.push(failed);
                    return results;
                }
            }
        }
        if again.is_empty() {
            break;
        }
        waiting = again;
    }
    results.push(failed);
    results
}

/// Joins what was found.
#[must_use]
pub fn report(
    scans: Vec<ScanResult>,
    dependencies: DependencyResult,
    mut notes: Vec<String>,
) -> Report {
    let mut report = Report {
        findings: dependencies.findings,
        packages: dependencies.packages,
        advisories: dependencies.advisories,
        suppressed: dependencies.suppressed,
        dropped: dependencies.dropped,
        skipped: dependencies.skipped,
        ..Report::default()
    };
    notes.extend(dependencies.notes);
    for scan in scans {
        report.findings.extend(scan.findings);
        report.files_scanned += scan.files_scanned;
        report.bytes_scanned += scan.bytes_scanned;
        report.suppressed += scan.suppressed;
        report.dropped += scan.dropped;
        report.skipped.extend(scan.skipped);
    }
    report.dropped += settle(&mut report.findings, FINDINGS_MAX);
    report.skipped.sort();
    // Two listings may have passed over the same.
    report.skipped.dedup();
    if report.skipped.len() > SKIPPED_MAX {
        notes.push(format!(
            "only {SKIPPED_MAX} of {} skipped files are listed",
            report.skipped.len()
        ));
        report.skipped.truncate(SKIPPED_MAX);
    }
    report.counts = Severity::ALL
        .iter()
        .map(|severity| {
            (
                severity.name().to_owned(),
                report.findings.iter().filter(|f| f.severity == severity.name()).count() as u64,
            )
        })
        .collect();
    report.notes = notes;
    report
}

/// Whether a lock file is worth checking: fixtures of tests hold old versions on purpose.
#[must_use]
pub fn is_own_lock_file(path: &str) -> bool {
    crate::dependencies::is_lock_file(path)
        && !is_test_path(path)
        && !path.split('/').any(|part| part == "node_modules")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::RefCell;

    fn entries(sizes: &[u64]) -> Vec<Entry> {
        sizes
            .iter()
            .enumerate()
            .map(|(n, size)| Entry { path: format!("f{n:05}"), size: *size })
            .collect()
    }

    /// Counts one file and one byte each; ends badly at files that are named.
    struct Mock {
        bad: Vec<String>,
        refuse: Option<Refused>,
        calls: RefCell<Vec<usize>>,
    }

    fn counted(share: &[String]) -> ScanResult {
        ScanResult { files_scanned: share.len() as u64, ..ScanResult::default() }
    }

    impl Crew for Mock {
        fn scan(&self, shares: &[Vec<String>]) -> Result<Vec<Result<ScanResult, String>>, Refused> {
            self.calls.borrow_mut().push(shares.len());
            if let Some(refused) = &self.refuse {
                return Err(refused.clone());
            }
            let one = |share: &Vec<String>| {
                if share.iter().any(|path| self.bad.contains(path)) {
                    Err("trapped".to_owned())
                } else {
                    Ok(counted(share))
                }
            };
            Ok(shares.iter().map(one).collect())
        }
    }

    fn run(mock: &Mock, files: &[Entry]) -> (Report, Vec<String>) {
        let mut notes = Vec::new();
        let scans = scan_all(files, mock, counted, &mut notes, |_| ());
        (report(scans, DependencyResult::default(), Vec::new()), notes)
    }

    #[test]
    fn files_that_end_their_task_are_found_and_cost_only_themselves() {
        let files = entries(&[10; 700]);
        let mock = Mock {
            bad: vec!["f00007".into(), "f00311".into()],
            refuse: None,
            calls: RefCell::default(),
        };
        let (report, _) = run(&mock, &files);
        assert_eq!(report.files_scanned, 698);
        let skipped: Vec<_> = report.skipped.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(skipped, ["f00007", "f00311"]);
    }

    #[test]
    fn without_a_grant_the_task_does_the_work_itself() {
        let files = entries(&[10; 700]);
        for (refuse, noted) in [(Refused::Denied, 0), (Refused::Failed("full".into()), 1)] {
            let mock = Mock { bad: Vec::new(), refuse: Some(refuse), calls: RefCell::default() };
            let (report, notes) = run(&mock, &files);
            assert_eq!(
                (report.files_scanned, notes.len(), mock.calls.borrow().len()),
                (700, noted, 1)
            );
        }
    }

    #[test]
    fn shares_are_balanced() {
        let mut sizes = vec![1_000; 2_000];
        sizes.extend([3 << 20, 5 << 20, 9 << 20, 200 << 20]);
        let files = entries(&sizes);
        let shares = shares(&files);
        let work = |share: &Vec<String>| -> u64 {
            share
                .iter()
                .map(|path| files[path[1..].parse::<usize>().unwrap()].size.min(FILE_BYTES_MAX))
                .sum()
        };
        let mut works: Vec<u64> = shares.iter().map(work).collect();
        works.sort_unstable();
        assert!(
            works[works.len() - 4] < SHARE_BYTES * 3 / 2,
            "all but the three large files are spread: {works:?}"
        );
    }

    proptest! {
        #[test]
        fn every_file_is_in_one_share(sizes in proptest::collection::vec(0u64..20_000_000, 0..600)) {
            let files = entries(&sizes);
            let mut all: Vec<String> = shares(&files).concat();
            all.sort();
            prop_assert_eq!(all, files.iter().map(|entry| entry.path.clone()).collect::<Vec<_>>());
        }
    }
}
