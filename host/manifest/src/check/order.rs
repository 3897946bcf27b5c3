//! Who goes first, and who waits for whom: priorities and concurrency.

use voyager_base::Type;

use super::{Checker, expressions::At};
use crate::{
    code::Code,
    diagnostic::Finding,
    plan::{Argument, Concurrency, Priority},
    scalar::int,
    yaml::Node,
};

impl Checker<'_> {
    /// What a manifest, or a step, says of its own priority, which is at most `most`.
    pub(super) fn own_priority(&mut self, node: &Node, most: Priority) -> Option<Priority> {
        let node = node.get("priority")?;
        let own = Priority::named(node.text()?)?;
        if most < own {
            let message = format!("`priority: {own}` is above the `{most}` of what holds it");
            self.report(
                Finding::new(Code::PriorityAbove, &node.span, message)
                    .help(format!("raise the priority around it, or write `priority: {most}`")),
            );
        }
        Some(own)
    }

    /// By what the runs of a manifest take turns together.
    pub(super) fn fair_by(&mut self, root: &Node, at: &At) -> Option<Option<Argument>> {
        let Some(node) = root.get("fair-by") else { return Some(None) };
        // An optional input may stand here: a run that is not given it has turns of its own.
        self.argument(node, &Type::option(Type::String), Some(at)).map(Some)
    }

    /// What a manifest, or a step, says of those that stand in its way.
    pub(super) fn concurrency(&mut self, node: &Node, at: &At) -> Option<Option<Concurrency>> {
        let Some(entry) = node.entry("concurrency") else { return Some(None) };
        if !self.transactions.is_empty() {
            // It would be given up when the task ends, and what that changed is real later only.
            let message = "a step within a transaction has no key of its own";
            self.report(
                Finding::new(Code::StepForm, &entry.key_span, message)
                    .help("give the manifest the key: a run has it until it ends"),
            );
        }
        let node = &entry.value;
        let max = node.get("max").and_then(Node::text).and_then(int);
        let max = max.and_then(|max| u32::try_from(max).ok()).unwrap_or(1);
        let key = self.argument(node.get("key")?, &Type::String, Some(at))?;
        let cancels = node.entry("cancel-in-progress");
        let cancels = cancels.filter(|entry| entry.value.text() == Some("true"));
        if let (Some(entry), true) = (cancels, 1 < max) {
            let message = format!("{max} runs may have the key, so which of them is in the way?");
            self.report(
                Finding::new(Code::CancelsSeveral, &entry.key_span, message)
                    .help("remove `max`, or `cancel-in-progress`"),
            );
        }
        Some(Some(Concurrency { key, max, cancels: cancels.is_some() }))
    }
}
