//! Secrets: inputs without a value that anything could name. Only a grant does, and a manifest that is run
//! by another gets them by name.

use std::collections::BTreeMap;

use voyager_base::{
    http::{HttpHost, is_placeholder},
    process::{HOST_VARIABLES, is_variable},
};

use super::{Checker, KnownInput, arguments::suggest};
use crate::{
    code::Code,
    diagnostic::Finding,
    plan::{Plan, SecretInput},
    shape::clip,
    yaml::{Entry, Node},
};

/// Keys of an input that say something of its value.
const RULES: [&str; 6] = ["pattern", "length-max", "min", "max", "choices", "default"];

impl Checker<'_> {
    /// An input that is a secret.
    pub(super) fn known_secret(&mut self, entry: &Entry) -> KnownInput {
        for rule in RULES.iter().filter_map(|rule| entry.value.entry(rule)) {
            let finding = match rule.key.as_str() {
                "default" => Finding::new(
                    Code::SecretValue,
                    &rule.key_span,
                    "a manifest is read by many, so no secret stands in it",
                )
                .help("remove it; whoever starts a run gives the secret with `--secret`"),
                key => {
                    let message = format!("`{key}` has no meaning for a secret");
                    Finding::new(Code::InputRule, &rule.key_span, message).help("remove it")
                }
            };
            self.report(finding);
        }
        let text = |key: &str| entry.value.get(key).and_then(Node::text);
        let secret = SecretInput {
            name: entry.key.clone(),
            description: text("description").unwrap_or_default().to_owned(),
            optional: text("optional") == Some("true"),
        };
        KnownInput {
            name: entry.key.clone(),
            span: entry.key_span.clone(),
            ty: None,
            is_path: false,
            input: None,
            secret: Some(secret),
        }
    }

    /// The secrets that a program gets, by variable.
    pub(super) fn program_secrets(&mut self, program: &Node) -> BTreeMap<String, String> {
        let mut secrets = BTreeMap::new();
        for entry in program.get("env").map(Node::entries).unwrap_or_default() {
            let problem = match entry.key.as_str() {
                key if HOST_VARIABLES.contains(&key) => Some("is set by the host itself"),
                key if key.starts_with("LD_") => Some("steers what is loaded"),
                key if !is_variable(key) => Some("is no name of a variable"),
                _ => None,
            };
            if let Some(problem) = problem {
                let message = format!("`{}` {problem}", clip(&entry.key));
                self.report(
                    Finding::new(Code::SecretVariable, &entry.key_span, message)
                        .help("letters, digits and `_`, for example `API_TOKEN`"),
                );
            }
            let named = entry.value.get("secret").and_then(|node| self.secret_named(node));
            if let (Some(name), None) = (named, problem) {
                secrets.insert(entry.key.clone(), name);
            }
        }
        secrets
    }

    /// The secrets that headers of a server may hold, by placeholder.
    pub(super) fn server_secrets(
        &mut self,
        server: &Node,
        host: &HttpHost,
    ) -> BTreeMap<String, String> {
        let mut secrets = BTreeMap::new();
        let Some(node) = server.entry("secrets") else { return secrets };
        if !host.is_one() {
            let message = format!("`{host}` is more than one server, and a secret is for one");
            self.report(
                Finding::new(Code::SecretHost, &node.key_span, message)
                    .help("give the server that needs it an entry of its own"),
            );
        }
        for entry in node.value.entries() {
            if !is_placeholder(&entry.key) {
                let message = format!("`{}` can't be the name in a placeholder", clip(&entry.key));
                self.report(
                    Finding::new(Code::SecretVariable, &entry.key_span, message)
                        .help("letters, digits, `-` and `_`, for example `token`"),
                );
                continue;
            }
            if let Some(name) = entry.value.get("secret").and_then(|node| self.secret_named(node)) {
                secrets.insert(entry.key.clone(), name);
            }
        }
        secrets
    }

    /// The secret that a node names.
    fn secret_named(&mut self, node: &Node) -> Option<String> {
        let text = node.text().filter(|_| !node.is_null())?;
        let name = text.strip_prefix("inputs.").unwrap_or(text);
        let secrets = self.inputs.iter().filter(|known| known.secret.is_some());
        let names: Vec<String> = secrets.map(|known| format!("inputs.{}", known.name)).collect();
        if names.iter().any(|known| known["inputs.".len()..] == *name) {
            self.used_inputs.insert(name.to_owned());
            return Some(name.to_owned());
        }
        let (message, help) = match self.inputs.iter().find(|known| known.name == name) {
            // What is wrong with its type is told already.
            Some(known) if known.ty.is_none() => return None,
            Some(_) => {
                self.used_inputs.insert(name.to_owned());
                let message = format!("the input `{name}` is no secret");
                (message, "declare it with `type: secret`".to_owned())
            }
            None if names.is_empty() => {
                let help = format!("declare `inputs: {{ {}: {{ type: secret }} }}`", clip(name));
                (format!("`{}` is no input", clip(text)), help)
            }
            None => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                (format!("`{}` is no input", clip(text)), suggest(text, &names))
            }
        };
        self.report(Finding::new(Code::UnknownSecret, &node.span, message).help(help));
        None
    }

    /// The caller's secret for each of those that a manifest wants; none for one that is not given.
    pub(super) fn sub_secrets(
        &mut self,
        step: &Node,
        path: &str,
        plan: &Plan,
    ) -> Option<BTreeMap<String, Option<String>>> {
        let with = step.get("with");
        let (mut secrets, mut good) = (BTreeMap::new(), true);
        for secret in &plan.secrets {
            let Some(node) = with.and_then(|with| with.get(&secret.name)) else {
                if !secret.optional {
                    let span = step.get("use").map_or(&step.span, |node| &node.span);
                    let message =
                        format!("the secret `{}` of `{}` is missing", secret.name, clip(path));
                    let help =
                        format!("add `{}: {{ secret: inputs.NAME }}` to `with`", secret.name);
                    self.report(Finding::new(Code::MissingArgument, span, message).help(help));
                    good = false;
                }
                secrets.insert(secret.name.clone(), None);
                continue;
            };
            let named = secret_of(node).map(|named| self.secret_named(named));
            if named.is_none() {
                let message = format!("`{}` is a secret, which is given by its name", secret.name);
                self.report(
                    Finding::new(Code::SubSecret, &node.span, message)
                        .help("write `{ secret: inputs.NAME }` with a secret of this manifest"),
                );
            }
            let own = named.flatten();
            good &= own.is_some();
            secrets.insert(secret.name.clone(), own);
        }
        good.then_some(secrets)
    }

    /// Tells of a secret that would become a value.
    pub(super) fn no_secret_here(&mut self, node: &Node) -> bool {
        let Some(named) = secret_of(node) else { return false };
        if self.secret_named(named).is_some() {
            self.report(
                Finding::new(Code::SecretUse, &node.span, "no skill is given a secret").help(
                    "grant it to the program or the server that needs it: `env: { NAME: { secret: inputs.NAME } }`",
                ),
            );
        }
        true
    }
}

/// The name in `{ secret: ... }`.
fn secret_of(node: &Node) -> Option<&Node> {
    match node.entries() {
        [entry] if entry.key == "secret" => {
            Some(&entry.value).filter(|it| it.text().is_some_and(|it| it.starts_with("inputs.")))
        }
        _ => None,
    }
}
