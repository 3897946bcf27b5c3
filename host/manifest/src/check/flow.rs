//! What steers a step: for-each, retry, expectations, what happens on errors.

use std::{ops::Range, time::Duration};

use voyager_base::{ErrorKind, Type, operation::Operation};

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
pub(super) const TAKEN: [&str; 9] =
    ["inputs", "steps", "result", "round", "true", "false", "null", "none", "in"];

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
            if is_hopeless(kind) {
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
        let wait = text("wait").and_then(duration).unwrap_or(Duration::from_secs(1));
        let wait_max = text("wait-max").and_then(duration).unwrap_or(Duration::from_secs(60));
        if wait_max < wait
            && let Some(entry) = node.entry("wait").or_else(|| node.entry("wait-max"))
        {
            let message = "the first wait is longer than the longest";
            self.report(
                Finding::new(Code::UselessKey, &entry.value.span, message)
                    .help("raise `wait-max` (1m where it is not given), or lower `wait`"),
            );
        }
        let factor = text("factor").and_then(float).unwrap_or(2.0);
        Some(RetryPlan { attempts, wait, factor, wait_max, on })
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

    /// Tells of kinds in `on-error` and `retry.on` that no attempt of this step can end with.
    pub(super) fn kinds_are_reached(&mut self, node: &Node, operation: &Operation) {
        let handled = node.get("on-error").map(Node::entries).unwrap_or_default();
        let retried = node.get("retry").and_then(|retry| retry.get("on"));
        let retried = retried.map(Node::items).unwrap_or_default();
        let kind = |name: &str| ErrorKind::from_name(name);
        let handled = handled.iter().filter_map(|entry| Some((kind(&entry.key)?, &entry.key_span)));
        let retried = retried
            .iter()
            .filter_map(|item| Some((kind(item.text()?)?, &item.span)))
            // Of these it is told already that trying again can't help.
            .filter(|(kind, _)| !is_hopeless(*kind));
        // A policy speaks of what other steps meet.
        let is_own =
            |span: &Range<usize>| node.span.start <= span.start && span.end <= node.span.end;
        for (kind, span) in handled.chain(retried).filter(|(_, span)| is_own(span)) {
            if let Some((message, help)) = unreachable(kind, operation, node) {
                self.report(Finding::new(Code::UselessKey, span, message).help(help));
            }
        }
    }
}

impl Checker<'_> {
    /// Tells of kinds in `on-error` that a wait for somebody can't end with.
    pub(super) fn kinds_of_waits_are_reached(&mut self, node: &Node) {
        for entry in node.get("on-error").map(Node::entries).unwrap_or_default() {
            let Some(kind) = ErrorKind::from_name(&entry.key) else { continue };
            let told = match kind {
                ErrorKind::Refused if node.get("approve").is_none() => {
                    Some(("nobody refuses a signal", "remove it"))
                }
                ErrorKind::Timeout if node.get("timeout").is_none() => {
                    Some(("this step waits for ever", "remove it, or add `timeout`"))
                }
                ErrorKind::Expectation if node.get("expect").is_none() => {
                    Some(("this step expects nothing", "remove it, or add `expect`"))
                }
                ErrorKind::Refused
                | ErrorKind::Timeout
                | ErrorKind::Expectation
                | ErrorKind::Cancelled
                | ErrorKind::Invalid => None,
                _ => Some((
                    "a wait never ends so",
                    "write `refused`, `timeout`, `expectation` or `any`",
                )),
            };
            if let Some((message, help)) = told {
                self.report(Finding::new(Code::UselessKey, &entry.key_span, message).help(help));
            }
        }
    }
}

/// Whether an attempt that ended so ends the same way the next time.
const fn is_hopeless(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Denied | ErrorKind::Invalid | ErrorKind::Cancelled)
}

/// Why the step can't fail with `kind`, and what to write; none where it can.
fn unreachable(
    kind: ErrorKind,
    operation: &Operation,
    step: &Node,
) -> Option<(String, &'static str)> {
    let name = operation.name.unversioned();
    match kind {
        ErrorKind::Refused => {
            Some((format!("`{name}` asks nobody"), "it is how an `approve` fails: remove it"))
        }
        ErrorKind::Expectation if step.get("expect").is_none() => {
            Some(("this step expects nothing".to_owned(), "remove it, or add `expect`"))
        }
        ErrorKind::Failed if operation.fails_by_kind() => Some((
            format!("`{name}` never ends with `failed`: it tells the kind of what it met"),
            "name the kind, for example `denied`, `invalid`, `timeout`, `other`; or write `any`",
        )),
        ErrorKind::Failed if operation.failure().is_none() => {
            Some((format!("`{name}` has no failure of its own"), "remove it"))
        }
        // Only a skill meets these, and only that type of failure carries them further.
        ErrorKind::Denied | ErrorKind::UnknownEffect if !operation.fails_by_kind() => {
            let help = match operation.failure() {
                Some(_) => "write `failed`",
                None => "remove it",
            };
            let message = format!(
                "`{name}` never ends with `{kind}`: its failure is not the contract's `error`"
            );
            Some((message, help))
        }
        _ => None,
    }
}
