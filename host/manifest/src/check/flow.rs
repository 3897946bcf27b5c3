//! What steers a step: for-each, retry, expectations, what happens on errors.

use std::time::Duration;

use voyager_base::{ErrorKind, Type};

use super::{
    Checker, StepResult,
    expressions::{At, Local},
};
use crate::{
    code::Code,
    convert::article,
    diagnostic::Finding,
    plan::{Expectation, FailMode, ForEach, Handler, Handling, RetryPlan},
    scalar::{duration, float, int},
    yaml::Node,
};

/// Names that mean something else in expressions.
const TAKEN: [&str; 8] = ["inputs", "steps", "result", "true", "false", "null", "none", "in"];

impl Checker<'_> {
    /// The items of a step, and the name of one for the expressions of the step.
    pub(super) fn for_each(&mut self, node: &Node, at: &At) -> (Option<ForEach>, Local) {
        let name = node.get("as").and_then(Node::text).unwrap_or("item").to_owned();
        if let Some(node) = node.get("as").filter(|_| TAKEN.contains(&name.as_str())) {
            let message = format!("`{name}` already means something in expressions");
            self.report(
                Finding::new(Code::ItemName, &node.span, message).help("choose another name"),
            );
        }
        let mut local = Local { name: name.clone(), result: StepResult::Unknown };
        let Some(items) = node.get("in") else { return (None, local) };
        let Some(typed) = self.expression(items, at) else { return (None, local) };
        match typed.ty {
            Some(Type::List(item)) => local.result = StepResult::Type(*item),
            Some(Type::Option(inner)) if matches!(*inner, Type::List(_)) => {
                self.report(
                    Finding::new(Code::Absent, &items.span, "this list may be absent")
                        .help(format!("write `default({}, [])`", typed.expr)),
                );
            }
            Some(other) => {
                let message = format!("for-each needs a list, this is {}", article(&other));
                self.report(Finding::new(Code::ItemsType, &items.span, message));
            }
            None => {}
        }
        let parallel = node.get("parallel").and_then(Node::text).and_then(int);
        let fail = match node.get("fail").and_then(Node::text) {
            Some("collect") => FailMode::Collect,
            _ => FailMode::Fast,
        };
        let for_each = ForEach {
            items: typed.expr,
            variable: name,
            parallel: parallel.and_then(|number| u32::try_from(number).ok()).unwrap_or(0),
            fail,
        };
        (Some(for_each), local)
    }

    /// When a failed attempt is followed by another.
    pub(super) fn retry(&mut self, node: &Node) -> Option<RetryPlan> {
        let text = |key: &str| node.get(key).and_then(Node::text);
        let attempts = text("attempts").and_then(int).and_then(|n| u32::try_from(n).ok())?;
        if attempts == 1
            && let Some(entry) = node.entry("attempts")
        {
            self.report(
                Finding::new(Code::UselessKey, &entry.value.span, "one attempt is no retry")
                    .help("write `attempts: 2`, or remove `retry`"),
            );
        }
        let mut on = Vec::new();
        for item in node.get("on").map(Node::items).unwrap_or_default() {
            let Some(kind) = item.text().and_then(ErrorKind::from_name) else { continue };
            if matches!(kind, ErrorKind::Denied | ErrorKind::Invalid | ErrorKind::Cancelled) {
                let message = format!("an attempt that was `{kind}` ends the same way again");
                self.report(
                    Finding::new(Code::HopelessRetry, &item.span, message)
                        .help("retry on `timeout`, `unavailable`, `conflict`"),
                );
            }
            if !on.contains(&kind) {
                on.push(kind);
            }
        }
        if node.get("on").is_none() {
            on = vec![ErrorKind::Timeout, ErrorKind::Unavailable];
        }
        Some(RetryPlan {
            attempts,
            wait: text("wait").and_then(duration).unwrap_or(Duration::from_secs(1)),
            factor: text("factor").and_then(float).unwrap_or(2.0),
            wait_max: text("wait-max").and_then(duration).unwrap_or(Duration::from_secs(60)),
            on,
        })
    }

    /// What must hold of a step's result, `result` in the expressions.
    pub(super) fn expectations(&mut self, node: &Node, at: &At) -> Option<Vec<Expectation>> {
        let mut expectations = Some(Vec::new());
        for item in node.items() {
            let that = item.get("that");
            let that = that.and_then(|that| self.condition(that, at, "an expectation"));
            let message = item.get("message").and_then(Node::text).map(str::to_owned);
            match (that, &mut expectations) {
                (Some(that), Some(all)) => {
                    let message = message.unwrap_or_else(|| format!("`{that}` does not hold"));
                    all.push(Expectation { that, message });
                }
                _ => expectations = None,
            }
        }
        expectations
    }

    /// What happens when a step fails for good.
    pub(super) fn handlers(&mut self, node: &Node) -> Vec<Handler> {
        let mut handlers = Vec::new();
        let mut any_seen = false;
        for entry in node.entries() {
            if any_seen {
                self.report(
                    Finding::new(
                        Code::UselessKey,
                        &entry.key_span,
                        format!("`{}` is never reached: `any` stands above it", entry.key),
                    )
                    .help("put `any` last"),
                );
            }
            let kinds = match ErrorKind::from_name(&entry.key) {
                Some(kind) => vec![kind],
                None if entry.key == "any" => Vec::new(),
                None => continue,
            };
            any_seen |= kinds.is_empty();
            let then = match entry.value.text() {
                Some("continue") => Handling::Continue,
                _ => Handling::Fail,
            };
            handlers.push(Handler { kinds, then });
        }
        handlers
    }
}
