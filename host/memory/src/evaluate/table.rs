//! What rankings are worth, as people read it.

use std::fmt::Write as _;

use super::{Dates, Row, Summary};

/// What is shown of all rankings, a column each.
const SHOWN: [&str; 10] = [
    "R@10",
    "R@50",
    "ER@500",
    "ER@1000",
    "ER@2000",
    "ER@4000",
    "ER@7000",
    "nDCG@10",
    "MRR",
    "session Hit@1",
];

/// Rankings, a line each, with means and intervals in percent.
pub fn table<'a>(rankings: impl IntoIterator<Item = (&'a str, &'a Summary)>) -> String {
    let mut text = format!("{:<26}", "");
    SHOWN.iter().for_each(|it| _ = write!(text, " {it:>16}"));
    text.push('\n');
    for (name, summary) in rankings {
        text.push_str(&line(name, &summary.overall));
        if let Some(it) = &summary.abstention {
            let (auroc, caught) = (it.auroc, it.caught * 100.0);
            _ = writeln!(
                text,
                "{:<26} AUROC {auroc:.3}, {caught:.1} % caught at 5 % false alarms",
                ""
            );
        }
        if let Some(Dates { questions, exact, within }) = summary.dates {
            let share = exact as f64 * 100.0 / questions as f64;
            _ = writeln!(
                text,
                "{:<26} dates: {exact} of {questions} exact ({share:.1} %), {within} within",
                ""
            );
        }
    }
    text
}

/// One ranking by category, and what else was measured.
pub fn details(name: &str, summary: &Summary) -> String {
    let mut text = format!("{name}, by category:\n");
    for (category, row) in &summary.categories {
        text.push_str(&line(&format!("{category:?} ({})", row.questions), row));
    }
    _ = writeln!(text, "\n{name}, the rest:");
    for (measure, it) in summary.overall.measures.iter().filter(|it| !SHOWN.contains(it.0)) {
        let (mean, low, high) = (it.mean * 100.0, it.low * 100.0, it.high * 100.0);
        _ = writeln!(text, "  {measure:<16} {mean:.1} ({low:.1}..{high:.1})");
    }
    text
}

fn line(name: &str, row: &Row) -> String {
    let mut text = format!("{name:<26}");
    for measure in SHOWN {
        let shown = row.measures.get(measure).map_or_else(String::new, |it| {
            let (mean, low, high) = (it.mean * 100.0, it.low * 100.0, it.high * 100.0);
            format!("{mean:.1} {low:.1}..{high:.1}")
        });
        _ = write!(text, " {shown:>16}");
    }
    text.push('\n');
    text
}
