//! What was measured, as a table that the docs take as it is, or as JSON.

use anyhow::Result;
use serde_json::json;

use crate::{
    data::About,
    measured::{RECALL, Report},
};

/// Shares of the nearest that others may be content with.
const LESS: [f64; 2] = [0.9, 0.95];

pub(crate) fn print(about: &About, reports: &[Report], as_json: bool) -> Result<()> {
    if as_json {
        let all = json!({ "data": about, "recall-wanted": RECALL, "reports": reports });
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    println!(
        "{} vectors of {} dimensions ({:?}), {} questions; the fastest setting with recall@10 {RECALL}, else the fastest that finds most",
        about.records, about.dimensions, about.shape, about.questions
    );
    println!(
        "| | setting | recall@10 | questions a second | with recall {} | with {} | p50 | p99 | made in | memory, bytes a record | disk, bytes a record | a removed vector is still in its files |",
        LESS[0], LESS[1]
    );
    println!("{}|", "|---".repeat(12));
    for report in reports {
        // Both ways to ask the whole memory are told.
        let whole = report.name.contains("recall");
        let best = report.best().filter(|_| !whole);
        let told = report
            .settings
            .iter()
            .filter(|it| whole || best.is_some_and(|best| best.name == it.name));
        for setting in told {
            let each = |bytes: u64| match bytes {
                0 => "-".to_owned(),
                _ => (bytes / about.records as u64).to_string(),
            };
            let removed = match report.removed_stays {
                Some(true) => "yes",
                Some(false) => "no",
                None => "-",
            };
            let [less, more] = LESS.map(|it| match report.fastest(it) {
                Some(it) if !whole => format!("{:.0}", it.per_second),
                _ => "-".to_owned(),
            });
            println!(
                "| {} | {} | {:.4} | {:.0} | {less} | {more} | {:.2} ms | {:.2} ms | {:.1} s | {} | {} | {removed} |",
                report.name,
                setting.name,
                setting.recall,
                setting.per_second,
                setting.p50_micros / 1e3,
                setting.p99_micros / 1e3,
                report.build_seconds,
                each(report.memory_bytes),
                each(report.disk_bytes),
            );
        }
    }
    println!();
    for report in reports {
        let settings = report.settings.iter();
        let settings: Vec<String> = settings
            .map(|it| format!("{} {:.4} at {:.0}/s", it.name, it.recall, it.per_second))
            .collect();
        println!("{}: {}. {}", report.name, report.note, settings.join("; "));
    }
    Ok(())
}
