//! Inputs: types, rules, defaults.

use regex::RegexBuilder;
use voyager_base::{Type, Value, types::Named};

use super::{Checker, KnownInput};
use crate::{
    code::Code,
    convert::article,
    diagnostic::Finding,
    input::PATTERN_BYTES_MAX,
    plan::{Input, InputKind},
    scalar,
    type_text::{self, SECRET, TypeError},
    yaml::{Entry, Node},
};

impl Checker<'_> {
    /// Learns the inputs.
    pub(super) fn known_inputs(&mut self, node: Option<&Node>) {
        for entry in node.map(Node::entries).unwrap_or_default() {
            // What has no proper name can't be referred to.
            if !scalar::is_name(&entry.key) {
                continue;
            }
            let known = self.known_input(entry);
            self.inputs.push(known);
        }
    }

    fn known_input(&mut self, entry: &Entry) -> KnownInput {
        let word = entry.value.get("type").and_then(Node::text).unwrap_or_default().trim();
        if word == SECRET {
            return self.known_secret(entry);
        }
        let ty = entry.value.get("type").and_then(|node| self.ty(node));
        let ty = ty.and_then(|ty| self.with_choices(ty, word, &entry.value));
        let optional = entry.value.get("optional").and_then(Node::text) == Some("true");
        let kind = ty.as_ref().and_then(|ty| self.kind(ty, word, &entry.value));
        let default = self.default(entry, ty.as_ref(), kind.as_ref(), optional);
        let seen = ty.map(|ty| if optional { Type::option(ty) } else { ty });
        let description = entry.value.get("description").and_then(Node::text);
        let input = match (&seen, kind, default) {
            (Some(ty), Some(kind), Ok(default)) => Some(Input {
                name: entry.key.clone(),
                description: description.unwrap_or_default().to_owned(),
                kind,
                ty: ty.clone(),
                default,
            }),
            _ => None,
        };
        KnownInput {
            name: entry.key.clone(),
            span: entry.key_span.clone(),
            ty: seen,
            is_path: word == "path",
            input,
            secret: None,
        }
    }

    /// Reads a type.
    pub(super) fn ty(&mut self, node: &Node) -> Option<Type> {
        match type_text::parse(node.text().filter(|_| !node.is_null())?) {
            Ok(ty) => Some(ty),
            Err(TypeError { at, message, help }) => {
                let span = self.inside(node, &at);
                self.report(Finding::new(Code::MalformedType, &span, message).help(help));
                None
            }
        }
    }

    /// The names of a `choice`.
    fn with_choices(&mut self, ty: Type, word: &str, input: &Node) -> Option<Type> {
        let choices = input.entry("choices");
        if word != "choice" {
            if let Some(entry) = choices {
                self.report(
                    Finding::new(
                        Code::InputRule,
                        &entry.key_span,
                        format!("`choices` has no meaning for {}", article(&ty)),
                    )
                    .help("write `type: choice`"),
                );
            }
            return Some(ty);
        }
        let Some(entry) = choices else {
            let span = input.get("type").map_or(&input.span, |node| &node.span);
            self.report(
                Finding::new(Code::Choices, span, "a choice needs `choices`")
                    .help("write `choices: [first, second]`"),
            );
            return None;
        };
        let mut names: Vec<String> = Vec::new();
        for item in entry.value.items() {
            let name = item.text()?;
            if names.iter().any(|known| known == name) {
                let message = format!("the choice `{name}` stands twice");
                self.report(
                    Finding::new(Code::Choices, &item.span, message).help("list each once"),
                );
            } else {
                names.push(name.to_owned());
            }
        }
        (!names.is_empty()).then_some(Type::Enum(Named::new(None, names)))
    }

    /// What an input may be beyond its type.
    fn kind(&mut self, ty: &Type, word: &str, input: &Node) -> Option<InputKind> {
        let texts: &[&str] = if *ty == Type::String { &["pattern", "length-max"] } else { &[] };
        let numbers: &[&str] = if matches!(ty, Type::Int(_)) { &["min", "max"] } else { &[] };
        for rule in ["pattern", "length-max", "min", "max"] {
            let belongs = (texts.contains(&rule) && word != "path") || numbers.contains(&rule);
            if let Some(entry) = input.entry(rule).filter(|_| !belongs) {
                let bounded = if rule.starts_with('m') { "whole numbers" } else { "texts" };
                let message = format!("`{rule}` bounds {bounded}, this is {}", article(ty));
                self.report(
                    Finding::new(Code::InputRule, &entry.key_span, message).help("remove it"),
                );
            }
        }
        match ty {
            Type::String if word == "path" => Some(InputKind::Path),
            Type::String => {
                let pattern = match input.get("pattern") {
                    Some(node) => Some(self.pattern(node)?),
                    None => None,
                };
                let length_max = input.get("length-max").and_then(Node::text);
                let length_max = length_max.and_then(scalar::int).and_then(|n| n.try_into().ok());
                Some(InputKind::Text { pattern, length_max })
            }
            Type::Int(_) if word == "duration" => Some(InputKind::Duration),
            Type::Int(_) if word == "size" => Some(InputKind::Size),
            Type::Int(_) => {
                let number = |key: &str| {
                    let text = input.get(key).and_then(Node::text);
                    text.and_then(scalar::int).and_then(|number| i64::try_from(number).ok())
                };
                let (min, max) = (number("min"), number("max"));
                if let (Some(least), Some(most), Some(entry)) = (min, max, input.entry("min"))
                    && least > most
                {
                    let message = format!("no number is at least {least} and at most {most}");
                    self.report(
                        Finding::new(Code::InputBounds, &entry.value.span, message)
                            .help("swap `min` and `max`"),
                    );
                    return None;
                }
                Some(InputKind::Int { min, max })
            }
            Type::Enum(names) => Some(InputKind::Choice(names.body.clone())),
            _ => Some(InputKind::Any),
        }
    }

    fn pattern(&mut self, node: &Node) -> Option<String> {
        let text = node.text().filter(|_| !node.is_null())?;
        match RegexBuilder::new(&format!("^(?:{text})$")).size_limit(PATTERN_BYTES_MAX).build() {
            Ok(_) => Some(text.to_owned()),
            Err(error) => {
                let error = error.to_string();
                let last = error.lines().last().unwrap_or("malformed");
                let message = format!("malformed pattern: {}", last.trim_start_matches("error: "));
                self.report(
                    Finding::new(Code::InputPattern, &node.span, message)
                        .help("in single quotes every `\\` stays as it is"),
                );
                None
            }
        }
    }

    /// The default; an error where something is wrong with it.
    fn default(
        &mut self,
        entry: &Entry,
        ty: Option<&Type>,
        kind: Option<&InputKind>,
        optional: bool,
    ) -> Result<Option<Value>, ()> {
        let Some(default) = entry.value.entry("default") else { return Ok(None) };
        if optional {
            self.report(
                Finding::new(
                    Code::OptionalDefault,
                    &default.key_span,
                    "an input with a default is never absent",
                )
                .help("remove `default` or `optional`"),
            );
            return Err(());
        }
        let (Some(ty), Some(kind)) = (ty, kind) else { return Err(()) };
        if default.value.is_null() {
            return Err(());
        }
        let value = self.given(&default.value, ty, kind).ok_or(())?;
        crate::input::accepts(kind, &value).map_err(|error| {
            let message = format!("the default is none that could be given: {}", error.reason);
            self.report(Finding::new(Code::DefaultMisfit, &default.value.span, message));
        })?;
        Ok(Some(value))
    }

    /// Reads a value that is given for an input.
    pub(super) fn given(&mut self, node: &Node, ty: &Type, kind: &InputKind) -> Option<Value> {
        match (kind, node.text()) {
            (InputKind::Duration | InputKind::Size, Some(text)) => {
                let code = match kind {
                    InputKind::Duration => Code::MalformedDuration,
                    _ => Code::MalformedSize,
                };
                let read = crate::input::read(kind, ty, text);
                read.map_err(|error| self.report(Finding::new(code, &node.span, error.reason))).ok()
            }
            _ => self.literal(node, ty),
        }
    }

    /// Tells of inputs that nothing refers to.
    pub(super) fn unused_inputs(&mut self) {
        let unused: Vec<Finding> = self
            .inputs
            .iter()
            .filter(|known| known.input.is_some() || known.secret.is_some())
            .filter(|known| !self.used_inputs.contains(&known.name))
            .map(|input| {
                let message = format!("nothing uses the input `{}`", input.name);
                let help = match input.secret {
                    None => format!("use it, `inputs.{}`, or remove it", input.name),
                    Some(_) => format!(
                        "grant it to a program, `env: {{ NAME: {{ secret: inputs.{} }} }}`, or remove it",
                        input.name
                    ),
                };
                Finding::new(Code::UnusedInput, &input.span, message).help(help)
            })
            .collect();
        unused.into_iter().for_each(|finding| self.report(finding));
    }
}
