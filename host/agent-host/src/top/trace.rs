//! A run as lines of a tree with bars over time.

use crate::{
    answer::{RunDetail, Status, TaskDetail},
    printing,
};

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bar {
    /// Step or operation, further in the deeper it is.
    pub(super) label: String,
    /// How it stands.
    pub(super) state: String,
    /// From the start of the run to its own.
    pub(super) after: u64,
    /// Its time.
    pub(super) millis: u64,
}

/// All lines of a run, and its time as far as tasks tell of it.
pub(super) fn bars(detail: &RunDetail) -> (Vec<Bar>, u64) {
    let mut bars = Vec::new();
    let now = (detail.row.status == Status::Running).then_some(detail.row.millis);
    for step in &detail.steps {
        let begins = step.tasks.iter().map(|it| it.after_millis);
        let ends = step.tasks.iter().map(|it| it.after_millis + time(it, &step.tasks, now));
        let after = begins.min().unwrap_or_default();
        let millis = ends.max().unwrap_or_default() - after;
        let (label, state) = (printing::harmless(&step.step), step.state.clone());
        bars.push(Bar { label, state, after, millis });
        below(&step.tasks, 1, now, &mut bars);
    }
    let end = bars.iter().map(|it| it.after + it.millis).max().unwrap_or_default();
    (bars, end.max(detail.row.millis).max(1))
}

fn below(tasks: &[TaskDetail], depth: usize, now: Option<u64>, into: &mut Vec<Bar>) {
    for task in tasks {
        // The interface and the function are enough beside the step.
        let operation = task.operation.rsplit('/').next().unwrap_or_default();
        let label = format!("{}{operation} #{}", "  ".repeat(depth), task.attempt);
        into.push(Bar {
            label: printing::harmless(&label),
            state: task.state.clone(),
            after: task.after_millis,
            millis: time(task, tasks, now),
        });
        below(&task.children, depth + 1, now, into);
    }
}

/// The time of a task among its siblings: until now, where it goes on. One that a crash ended is open for
/// ever, and has a later attempt.
fn time(task: &TaskDetail, siblings: &[TaskDetail], now: Option<u64>) -> u64 {
    let has_later = siblings.iter().any(|it| it.task == task.task && it.attempt > task.attempt);
    match now {
        Some(now) if task.state == "open" && !has_later => now.saturating_sub(task.after_millis),
        _ => task.millis,
    }
}

/// The bar itself, `width` characters for the time of the whole run.
pub(super) fn drawn(bar: &Bar, total: u64, width: usize) -> String {
    if bar.state == "waiting" || bar.state == "skipped" || width == 0 {
        return String::new();
    }
    let place = |millis: u64| {
        let place = u128::from(millis) * width as u128 / u128::from(total);
        usize::try_from(place).unwrap_or(width)
    };
    let begin = place(bar.after).min(width - 1);
    let end = place(bar.after + bar.millis).clamp(begin + 1, width);
    format!("{}{}", " ".repeat(begin), "█".repeat(end - begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(after: u64, millis: u64) -> String {
        let (label, state) = (String::new(), "done".to_owned());
        drawn(&Bar { label, state, after, millis }, 100, 10)
    }

    #[test]
    fn a_bar_lies_where_its_time_lies_and_is_never_nothing() {
        assert_eq!(bar(0, 100), "██████████");
        assert_eq!(bar(50, 20), "     ██");
        assert_eq!(bar(0, 0), "█");
        assert_eq!(bar(100, 0), "         █");
    }
}
