//! Outputs: their values, types and files.

use std::collections::BTreeMap;

use super::{Checker, expressions::At};
use crate::{
    code::Code,
    convert::fits,
    diagnostic::Finding,
    plan::Output,
    yaml::{Entry, Node},
};

impl Checker<'_> {
    /// The outputs, where all are good.
    pub(super) fn outputs(&mut self, node: Option<&Node>) -> Option<Vec<Output>> {
        let mut files = BTreeMap::new();
        let entries = node.map(Node::entries).unwrap_or_default();
        for entry in entries {
            let Some(file) = entry.value.get("file") else { continue };
            let Some(text) = file.text() else { continue };
            if let Some(first) = files.insert(text.to_lowercase(), &file.span) {
                self.report(
                    Finding::new(
                        Code::OutputFile,
                        &file.span,
                        format!("the file `{text}` is written twice"),
                    )
                    .help("give each output a file of its own")
                    .related(first, "the first one"),
                );
            }
        }
        let outputs: Vec<Option<Output>> = entries.iter().map(|entry| self.output(entry)).collect();
        outputs.into_iter().collect()
    }

    fn output(&mut self, entry: &Entry) -> Option<Output> {
        let declared = entry.value.get("type").map(|node| self.ty(node));
        let from = entry.value.get("from")?;
        let at = At { step: None, locals: Vec::new() };
        let typed = self.expression(from, &at)?;
        let found = typed.ty?;
        let ty = match declared {
            Some(declared) => declared?,
            None => found.clone(),
        };
        if let Err(misfit) = fits(&found, &ty) {
            self.report(
                Finding::new(Code::OutputType, &from.span, misfit.to_string())
                    .help(format!("write `type: {found}`, or another expression")),
            );
            return None;
        }
        let file = entry.value.get("file").and_then(Node::text).map(str::to_owned);
        Some(Output { name: entry.key.clone(), ty, from: typed.expr, file })
    }
}
