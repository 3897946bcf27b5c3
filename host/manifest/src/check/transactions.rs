//! Blocks whose steps change files together.

use super::{Checker, blocks::can_change};
use crate::{
    catalog::Found,
    code::Code,
    diagnostic::Finding,
    plan::{Changes, FolderPlan, GrantPlan},
    shape::clip,
    yaml::{Entry, Node},
};
use voyager_base::grant::Globs;

/// Why a transaction does not hold what may be remembered.
pub(super) const REMEMBERED: &str =
    "the memory may be written, and what is remembered there is not taken back";

/// A transaction whose steps are being checked.
pub(super) struct Open {
    root: Option<String>,
    /// Whether a step within it may change a file of its folder.
    changes: bool,
}

impl Checker<'_> {
    /// Begins a transaction: the name of its folder, where that is good. Its steps may change files of no
    /// other folder, since these would not be part of it: that is what `grants` are narrowed to.
    pub(super) fn begin_transaction(
        &mut self,
        entry: &Entry,
        grants: &mut Option<GrantPlan>,
    ) -> Option<String> {
        let root = self.transaction_root(entry, grants.as_ref());
        if let (Some(root), Some(grants)) = (&root, grants) {
            let all = grants.workspace.clone().or_else(|| self.grants.workspace.clone());
            let only = |mut folder: FolderPlan| {
                if folder.root != *root {
                    folder.write = Globs::none();
                }
                folder
            };
            let all = all.unwrap_or_default().into_iter().map(only);
            let useful = |it: &FolderPlan| !it.read.is_empty() || !it.write.is_empty();
            grants.workspace = Some(all.filter(useful).collect());
        }
        self.transactions.push(Open { root: root.clone(), changes: false });
        root
    }

    fn transaction_root(&mut self, entry: &Entry, grants: Option<&GrantPlan>) -> Option<String> {
        let node = entry.value.get("workspace")?;
        let text = node.text().filter(|_| !node.is_null())?;
        let name = text.strip_prefix("inputs.").unwrap_or(text);
        let own = grants.and_then(|own| own.workspace.as_ref());
        let folders = own.or(self.grants.workspace.as_ref()).into_iter().flatten();
        let known = folders.clone().find(|it| it.input == name || it.root == name);
        let writable = known.filter(|it| !it.write.is_empty()).map(|it| it.root.clone());
        let input = known.map_or(name, |it| it.input.as_str()).to_owned();
        if !self.path_input(&input, node, text) {
            return None;
        }
        if writable.is_none() {
            let message = format!("nothing in `{}` may be written here", clip(text));
            self.report(Finding::new(Code::TransactionFolder, &node.span, message).help(format!(
                "grant it: `{{ root: inputs.{input}, read: [\"**\"], write: [\"**\"] }}`"
            )));
        }
        writable
    }

    /// Ends a transaction. Whether it is good.
    pub(super) fn end_transaction(&mut self, node: &Node, begun: Option<String>) -> bool {
        let changes = self.transactions.pop().is_some_and(|open| open.changes);
        if let (false, Some(root), Some(entry)) = (changes, &begun, node.entry("transaction")) {
            let message = format!("no step within it can change a file of `{root}`");
            self.report(
                Finding::new(Code::UselessTransaction, &entry.key_span, message)
                    .help("remove `transaction`, or put the steps that change files into it"),
            );
        }
        begun.is_some()
    }

    /// Knows that a step may change files of these folders.
    pub(super) fn changed_in_transactions(&mut self, roots: &[String]) {
        for open in &mut self.transactions {
            open.changes |= open.root.as_ref().is_none_or(|root| roots.contains(root));
        }
    }

    /// What a call means to the transactions around it: whether it changes files of theirs, and whether it
    /// may do what they can't take back.
    pub(super) fn within_transactions(
        &mut self,
        node: &Node,
        found: Option<&Found<'_>>,
        grants: Option<&GrantPlan>,
        changes: Changes,
    ) {
        if self.transactions.is_empty() {
            return;
        }
        let own = grants.and_then(|own| own.workspace.as_ref());
        let folders = own.or(self.grants.workspace.as_ref());
        let writable = |root: &str| {
            let mut folders = folders.into_iter().flatten();
            folders.any(|it| it.root == root && !it.write.is_empty())
        };
        // Of an unknown skill the best is assumed: that it is unknown is told.
        let keeps = changes == Changes::Commit && found.is_none_or(can_change);
        let changed: Vec<bool> = (self.transactions.iter())
            .map(|open| keeps && open.root.as_deref().is_none_or(writable))
            .collect();
        for (open, changes) in self.transactions.iter_mut().zip(changed) {
            open.changes |= changes;
        }
        let calls = grants.and_then(|own| own.tasks.as_ref()).or(self.grants.tasks.as_ref());
        let calls = calls.is_some_and(|globs| !globs.is_empty());
        let starts = found.is_some_and(|found| {
            let imports = |capability| found.skill.imports_capability(capability);
            imports("process") || calls && imports("tasks")
        });
        let own = grants.and_then(|own| own.process.as_ref());
        let programs = own.or(self.grants.process.as_ref()).into_iter().flatten();
        let online = programs.clone().find(|program| program.network);
        let taken_back = node.get("compensate").is_some();
        if let (true, Some(program), Some(name)) = (starts && !taken_back, online, node.get("use"))
        {
            let message = format!(
                "`{}` may use the network, and what it does there is not taken back",
                clip(&program.run.join(" "))
            );
            self.report(Finding::new(Code::BeyondTransaction, &name.span, message).help(
                "move the step out of the transaction, or narrow its grants: `process: [ { run: ... } ]`",
            ));
        }
        let asks = found.is_some_and(|found| {
            let imports = |capability| found.skill.imports_capability(capability);
            imports("http") || calls && imports("tasks")
        });
        let own = grants.and_then(|own| own.http.as_ref()).or(self.grants.http.as_ref());
        let changed = own.into_iter().flatten().find(|server| server.may_change());
        if let (true, Some(server), Some(name)) = (asks && !taken_back, changed, node.get("use")) {
            let message = format!(
                "`{}` may be changed, and what is done there is not taken back",
                server.host
            );
            self.report(Finding::new(Code::BeyondTransaction, &name.span, message).help(
                "move the step out of the transaction, or narrow its grants: `http: [ { host: ..., methods: [GET] } ]`",
            ));
        }
        let remembers = found.is_some_and(|found| {
            let imports = |capability| found.skill.imports_capability(capability);
            imports("memory") || calls && imports("tasks")
        });
        let own = grants.and_then(|own| own.memory.as_ref()).or(self.grants.memory.as_ref());
        let writes = own.is_some_and(|spaces| !spaces.write.is_empty());
        if let (true, true, Some(name)) = (remembers && !taken_back, writes, node.get("use")) {
            self.report(Finding::new(Code::BeyondTransaction, &name.span, REMEMBERED).help(
                "move the step out of the transaction, or narrow its grants: `memory: { read: [...] }`",
            ));
        }
    }
}
