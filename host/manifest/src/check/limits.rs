//! Limits: the run's, the tasks', and what they have to do with each other.

use std::time::Duration;

use voyager_base::Limits;

use super::Checker;
use crate::{
    code::Code,
    diagnostic::Finding,
    scalar::{duration, int, show_duration, show_size, size},
    yaml::{Entry, Node},
};

impl Checker<'_> {
    /// The manifest's limits: those of the run and those of each task.
    pub(super) fn manifest_limits(&mut self, node: Option<&Node>) {
        let Some(node) = node else { return };
        let text = |key: &str| node.get(key).and_then(Node::text);
        self.bounds.deadline = text("deadline").and_then(duration);
        if let Some(steps) = text("steps").and_then(number) {
            self.bounds.steps = steps;
        }
        if let Some(parallel) = text("parallel").and_then(number) {
            self.bounds.parallel = parallel;
        }
        self.limits = self.task_limits(node, self.limits.clone());
        self.time_is_given = node.get("time").is_some();
        if let (Some(entry), true) = (
            node.entry("children"),
            u64::from(self.limits.children) > self.bounds.steps && node.get("steps").is_some(),
        ) {
            let message = format!(
                "one task may have {} children, the whole run {} tasks",
                self.limits.children, self.bounds.steps
            );
            self.report(Finding::new(Code::ChildrenAboveSteps, &entry.value.span, message));
        }
    }

    /// The limits of each task, where `node` says something else than `limits`.
    pub(super) fn task_limits(&mut self, node: &Node, mut limits: Limits) -> Limits {
        for entry in node.entries() {
            let Some(text) = entry.value.text() else { continue };
            let most = self.policy;
            let above = match entry.key.as_str() {
                "memory" => set(&mut limits.memory, size(text), most.memory, show_size),
                "table-elements" => {
                    set(&mut limits.table_elements, number(text), most.table_elements, show)
                }
                "instances" => set(&mut limits.instances, number(text), most.instances, show),
                "handles" => set(&mut limits.handles, number(text), most.handles, show),
                "cpu" => set(&mut limits.cpu, duration(text), most.cpu, show_duration),
                "time" => set(&mut limits.time, duration(text), most.time, show_duration),
                "host-calls" => set(&mut limits.host_calls, number(text), most.host_calls, show),
                "call-bytes" => set(&mut limits.call_bytes, size(text), most.call_bytes, show_size),
                "value-bytes" => {
                    set(&mut limits.value_bytes, size(text), most.value_bytes, show_size)
                }
                "log-bytes" => set(&mut limits.log_bytes, size(text), most.log_bytes, show_size),
                "log-lines" => set(&mut limits.log_lines, number(text), most.log_lines, show),
                "children" => set(&mut limits.children, number(text), most.children, show),
                "depth" => set(&mut limits.depth, number(text), most.depth, show),
                _ => None,
            };
            if let Some(most) = above {
                self.above(entry, text, &most);
            }
        }
        limits
    }

    fn above(&mut self, entry: &Entry, text: &str, most: &str) {
        let message = format!("`{}: {text}` is above what the host allows", entry.key);
        self.report(
            Finding::new(Code::LimitAboveHost, &entry.value.span, message)
                .label(format!("at most {most}"))
                .help(format!(
                    "write `{}: {most}`; this host and its policy allow no more",
                    entry.key
                )),
        );
    }

    /// Tells of a step's timeout that something else comes before.
    pub(super) fn timeout_is_reached(
        &mut self,
        node: &Node,
        timeout: Duration,
        limits: Option<&Limits>,
    ) {
        if let Some(deadline) = self.bounds.deadline.filter(|deadline| *deadline < timeout) {
            let message = format!("the run's deadline passes after {}", show_duration(deadline));
            self.report(
                Finding::new(Code::TimeoutAboveDeadline, &node.span, message)
                    .help("raise `limits.deadline`, or lower the timeout"),
            );
        } else if let Some(limits) = limits.filter(|limits| limits.time < timeout) {
            let message =
                format!("the limit on a task's time bites after {}", show_duration(limits.time));
            self.report(
                Finding::new(Code::TimeoutAboveDeadline, &node.span, message)
                    .help("raise `limits.time`, or lower the timeout"),
            );
        }
    }
}

fn show<T: ToString>(number: T) -> String {
    number.to_string()
}

fn number<T: TryFrom<i128>>(text: &str) -> Option<T> {
    int(text).and_then(|number| T::try_from(number).ok())
}

/// Sets a limit, but not above `most`; gives that back where more was asked for.
fn set<T: PartialOrd + Copy>(
    limit: &mut T,
    value: Option<T>,
    most: T,
    show: impl Fn(T) -> String,
) -> Option<String> {
    let value = value?;
    if value > most {
        return Some(show(most));
    }
    *limit = value;
    None
}
