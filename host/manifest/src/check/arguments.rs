//! Values in the manifest: literals of a type, and references and expressions among them.

use voyager_base::{
    Type, Value,
    types::{Case, Field},
};

use super::{Checker, expressions::At, templates::templated};
use crate::{
    code::Code,
    convert::{article, convert, fits},
    diagnostic::Finding,
    expr::Expr,
    nearest::nearest,
    plan::Argument,
    scalar,
    shape::{clip, malformed_bool},
    yaml::{Entry, Kind, Node},
};

impl Checker<'_> {
    /// Reads a value that stands in the manifest.
    pub(super) fn literal(&mut self, node: &Node, ty: &Type) -> Option<Value> {
        match self.argument(node, ty, None)? {
            Argument::Literal(value) => Some(value),
            Argument::Computed(_)
            | Argument::Template(_)
            | Argument::Record(_)
            | Argument::List(_) => None,
        }
    }

    /// Reads a value in which references and expressions may stand where `at` says what they can
    /// name.
    pub(super) fn argument(&mut self, node: &Node, ty: &Type, at: Option<&At>) -> Option<Argument> {
        if let (Some(at), Some(entry)) = (at, computed(node)) {
            return self.computed(entry, ty, at).map(Argument::Computed);
        }
        if let (Some(at), Some(entry)) = (at, templated(node)) {
            return self.template(entry, ty, at).map(Argument::Template);
        }
        if at.is_some() && self.no_secret_here(node) {
            return None;
        }
        match ty {
            Type::Option(_) if node.is_null() => Some(Argument::Literal(Value::NONE)),
            Type::Option(inner) => Some(match self.argument(node, inner, at)? {
                Argument::Literal(value) => Argument::Literal(Value::some(value)),
                other => other,
            }),
            Type::List(inner) => {
                let Kind::List(items) = &node.kind else { return self.misfit(node, ty) };
                let types = std::iter::repeat_n(&**inner, items.len());
                self.items(items, types, at, Value::List)
            }
            Type::Tuple(types) => match &node.kind {
                Kind::List(items) if items.len() == types.len() => {
                    self.items(items, types.iter(), at, Value::Tuple)
                }
                _ => self.misfit(node, ty),
            },
            Type::Record(record) => self.record(node, ty, &record.body, at),
            Type::Variant(variant) => self.variant(node, ty, &variant.body),
            Type::Result(ok, error) => {
                let case = |name: &str, ty: &Option<Box<Type>>| Case {
                    name: name.to_owned(),
                    ty: ty.as_deref().cloned(),
                    docs: String::new(),
                };
                let found = self.variant(node, ty, &[case("ok", ok), case("err", error)])?;
                let Argument::Literal(Value::Variant(name, value)) = found else { return None };
                let result = if name == "ok" { Ok(value) } else { Err(value) };
                Some(Argument::Literal(Value::Result(result)))
            }
            Type::Flags(names) => self.flags(node, ty, &names.body),
            _ => self.scalar(node, ty).map(Argument::Literal),
        }
    }

    fn items<'t>(
        &mut self,
        items: &[Node],
        types: impl Iterator<Item = &'t Type>,
        at: Option<&At>,
        whole: fn(Vec<Value>) -> Value,
    ) -> Option<Argument> {
        let read: Vec<Option<Argument>> =
            items.iter().zip(types).map(|(item, ty)| self.argument(item, ty, at)).collect();
        let items: Vec<Argument> = read.into_iter().collect::<Option<_>>()?;
        if items.iter().all(|item| matches!(item, Argument::Literal(_))) {
            return Some(Argument::Literal(whole(items.into_iter().map(value).collect())));
        }
        Some(Argument::List(items))
    }

    fn record(
        &mut self,
        node: &Node,
        ty: &Type,
        fields: &[Field],
        at: Option<&At>,
    ) -> Option<Argument> {
        let Kind::Map(entries) = &node.kind else { return self.misfit(node, ty) };
        let mut good = true;
        for entry in entries {
            if fields.iter().all(|field| field.name != entry.key) {
                let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                let message = format!("{} has no field `{}`", article(ty), clip(&entry.key));
                self.report(
                    Finding::new(Code::LiteralType, &entry.key_span, message)
                        .help(suggest(&entry.key, &names)),
                );
                good = false;
            }
        }
        let mut read = Vec::with_capacity(fields.len());
        for field in fields {
            let argument = match node.get(&field.name) {
                Some(node) => self.argument(node, &field.ty, at),
                None if matches!(field.ty, Type::Option(_)) => Some(Argument::Literal(Value::NONE)),
                None => {
                    let message = format!("the field `{}` is missing", field.name);
                    self.report(
                        Finding::new(Code::LiteralType, &start(node), message)
                            .help(format!("it is {}", article(&field.ty))),
                    );
                    None
                }
            };
            good &= argument.is_some();
            read.extend(argument.map(|argument| (field.name.clone(), argument)));
        }
        if !good {
            return None;
        }
        if read.iter().all(|(_, argument)| matches!(argument, Argument::Literal(_))) {
            let fields = read.into_iter().map(|(name, argument)| (name, value(argument)));
            return Some(Argument::Literal(Value::Record(fields.collect())));
        }
        Some(Argument::Record(read))
    }

    fn variant(&mut self, node: &Node, ty: &Type, cases: &[Case]) -> Option<Argument> {
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        let (name, span, payload) = match &node.kind {
            Kind::Scalar { text, .. } => (text, &node.span, None),
            Kind::Map(entries) => match entries.as_slice() {
                [entry] => (&entry.key, &entry.key_span, Some(&entry.value)),
                _ => return self.misfit(node, ty),
            },
            Kind::List(_) => return self.misfit(node, ty),
        };
        let Some(case) = cases.iter().find(|case| case.name == *name) else {
            let message = format!("{} has no case `{}`", article(ty), clip(name));
            self.report(Finding::new(Code::LiteralType, span, message).help(suggest(name, &names)));
            return None;
        };
        let payload = match (payload, &case.ty) {
            (Some(node), Some(ty)) => {
                Some(Box::new(self.argument(node, ty, None).and_then(literal)?))
            }
            (None, None) => None,
            (None, Some(ty)) => {
                let message = format!("the case `{name}` carries {}", article(ty));
                self.report(
                    Finding::new(Code::LiteralType, span, message)
                        .help(format!("write `{{ {name}: ... }}`")),
                );
                return None;
            }
            (Some(_), None) => {
                let message = format!("the case `{name}` carries nothing");
                self.report(
                    Finding::new(Code::LiteralType, span, message).help(format!("write `{name}`")),
                );
                return None;
            }
        };
        Some(Argument::Literal(Value::Variant(name.clone(), payload)))
    }

    fn flags(&mut self, node: &Node, ty: &Type, names: &[String]) -> Option<Argument> {
        let Kind::List(items) = &node.kind else { return self.misfit(node, ty) };
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        for item in items {
            let text = item.text().unwrap_or_default();
            if !known.contains(&text) {
                let message = format!("{} has no `{}`", article(ty), clip(text));
                self.report(
                    Finding::new(Code::LiteralType, &item.span, message)
                        .help(suggest(text, &known)),
                );
                return None;
            }
        }
        let is_set = |name: &&String| items.iter().any(|item| item.text() == Some(name));
        Some(Argument::Literal(Value::Flags(names.iter().filter(is_set).cloned().collect())))
    }

    fn scalar(&mut self, node: &Node, ty: &Type) -> Option<Value> {
        let Some(text) = node.text() else { return self.misfit(node, ty) };
        let plain = matches!(node.kind, Kind::Scalar { plain: true, .. });
        if plain && text.is_empty() {
            self.report(
                Finding::new(Code::NoValue, &node.span, "a value is missing")
                    .help("write the value; an empty text is `\"\"`"),
            );
            return None;
        }
        match ty {
            Type::String => Some(Value::String(text.to_owned())),
            Type::Bool => {
                let value = scalar::bool(text).filter(|_| plain);
                if value.is_none() {
                    self.report(malformed_bool(node, text));
                }
                value.map(Value::Bool)
            }
            Type::Int(kind) => {
                let Some(number) = scalar::int(text).filter(|_| plain) else {
                    return self.misfit(node, ty);
                };
                if kind.holds(number) {
                    return Some(Value::Int(number));
                }
                let (least, most) = kind.range();
                let message = format!("{} holds {least} to {most}", article(ty));
                self.report(Finding::new(Code::OutOfRange, &node.span, message));
                None
            }
            Type::F64 | Type::F32 => match scalar::float(text).filter(|_| plain) {
                Some(number) => convert(Value::Float(number), ty).ok(),
                None => self.misfit(node, ty),
            },
            Type::Char => {
                let mut characters = text.chars();
                match (characters.next(), characters.next()) {
                    (Some(character), None) => Some(Value::Char(character)),
                    _ => self.misfit(node, ty),
                }
            }
            Type::Bytes => {
                let json = serde_json::Value::String(text.to_owned());
                match Value::from_json(ty, &json) {
                    Ok(value) => Some(value),
                    Err(_) => {
                        self.report(
                            Finding::new(Code::LiteralType, &node.span, "bytes are wanted")
                                .help("write them in base64"),
                        );
                        None
                    }
                }
            }
            Type::Enum(names) if names.body.iter().any(|name| name == text) => {
                Some(Value::Enum(text.to_owned()))
            }
            Type::Enum(names) => {
                let known: Vec<&str> = names.body.iter().map(String::as_str).collect();
                let message = format!("`{}` is not possible here", clip(text));
                self.report(
                    Finding::new(Code::LiteralType, &node.span, message)
                        .help(suggest(text, &known)),
                );
                None
            }
            _ => self.misfit(node, ty),
        }
    }

    /// What `{ from: ... }` or `{ expr: ... }` gives, which has to fit `ty`.
    fn computed(&mut self, entry: &Entry, ty: &Type, at: &At) -> Option<Expr> {
        if entry.value.text().is_none() || entry.value.is_null() {
            let code = if entry.value.is_null() { Code::NoValue } else { Code::WrongForm };
            let message = format!("`{}` needs a text", entry.key);
            self.report(Finding::new(code, &start(&entry.value), message));
            return None;
        }
        let typed = self.expression(&entry.value, at)?;
        if entry.key == "from" && !typed.expr.is_reference() {
            self.report(
                Finding::new(
                    Code::NotAReference,
                    &entry.value.span,
                    "`from` names a value, and this computes one",
                )
                .help(format!("write `{{ expr: {:?} }}`", typed.expr.text())),
            );
            return None;
        }
        let Some(found) = &typed.ty else { return Some(typed.expr) };
        if let Err(misfit) = fits(found, ty) {
            let optional = matches!(found, Type::Option(inner) if fits(inner, ty).is_ok());
            let (code, help) = if optional {
                let help =
                    format!("say what it is then: `{{ expr: \"default({}, ...)\" }}`", typed.expr);
                (Code::Absent, help)
            } else {
                (Code::ArgumentType, conversion(found, ty, &typed.expr))
            };
            self.report(Finding::new(code, &entry.value.span, misfit.to_string()).help(help));
            return None;
        }
        // A literal's range is known already.
        if let Some(value) = typed.expr.literal()
            && let Err(misfit) = convert(value, ty)
        {
            self.report(Finding::new(Code::OutOfRange, &entry.value.span, misfit.to_string()));
            return None;
        }
        Some(typed.expr)
    }

    fn misfit<T>(&mut self, node: &Node, ty: &Type) -> Option<T> {
        if node.is_null() {
            let message = format!("{} is wanted, here is nothing", article(ty));
            self.report(Finding::new(Code::NoValue, &node.span, message).help(form(ty)));
            return None;
        }
        let found = match node.text() {
            Some(text) => format!("`{}`", clip(text)),
            None => node.form().to_owned(),
        };
        let span = if node.text().is_some() { node.span.clone() } else { start(node) };
        let message = format!("{} is wanted, here is {found}", article(ty));
        self.report(Finding::new(Code::LiteralType, &span, message).help(form(ty)));
        None
    }
}

/// The entry of `{ from: ... }` or `{ expr: ... }`.
pub(super) fn computed(node: &Node) -> Option<&Entry> {
    match node.entries() {
        [entry] if entry.key == "from" || entry.key == "expr" => Some(entry),
        _ => None,
    }
}

/// The first byte: enough to find a value that may be long.
fn start(node: &Node) -> std::ops::Range<usize> {
    node.span.start..(node.span.start + 1).min(node.span.end)
}

fn literal(argument: Argument) -> Option<Value> {
    match argument {
        Argument::Literal(value) => Some(value),
        Argument::Computed(_) | Argument::Template(_) | Argument::Record(_) | Argument::List(_) => {
            None
        }
    }
}

fn value(argument: Argument) -> Value {
    literal(argument).expect("only called where all are literals")
}

pub(super) fn suggest(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => String::new(),
        None => format!("there are {}", known.join(", ")),
    }
}

/// How a value of the type is written.
fn form(ty: &Type) -> String {
    match ty {
        Type::Bool => "write `true` or `false`".to_owned(),
        Type::Int(_) => "write digits, without quotes".to_owned(),
        Type::F32 | Type::F64 => "write a number, without quotes".to_owned(),
        Type::Char => "write one character".to_owned(),
        Type::List(inner) => format!("write `[...]` with {} each", article(inner)),
        Type::Tuple(types) => format!("write a list of {} values", types.len()),
        Type::Record(record) => {
            let fields: Vec<&str> = record.body.iter().map(|field| field.name.as_str()).collect();
            format!("write a mapping with {}", fields.join(", "))
        }
        Type::Variant(_) | Type::Result(..) => "write `{ case: value }`".to_owned(),
        Type::Flags(_) => "write a list of names".to_owned(),
        Type::String => "write a text".to_owned(),
        _ => String::new(),
    }
}

/// How a value could be made one of the type.
fn conversion(from: &Type, to: &Type, expr: &Expr) -> String {
    let to = match to {
        Type::Option(inner) => inner,
        other => other,
    };
    match (from, to) {
        (Type::Int(_) | Type::F32 | Type::F64 | Type::Bool | Type::Enum(_), Type::String) => {
            format!("write `{{ expr: \"string({expr})\" }}`")
        }
        (Type::String, Type::Int(_)) => format!("write `{{ expr: \"int({expr})\" }}`"),
        (Type::F32 | Type::F64, Type::Int(_)) => format!("write `{{ expr: \"int({expr})\" }}`"),
        (item, Type::List(of)) if fits(item, of).is_ok() => {
            format!("write `{{ expr: \"[{expr}]\" }}`")
        }
        (Type::List(item), Type::List(of)) => match (&**item, &**of) {
            (Type::Option(inner), of) if fits(inner, of).is_ok() => {
                format!("leave absent ones out: `{{ expr: \"{expr}.present()\" }}`")
            }
            (Type::List(inner), of) if fits(inner, of).is_ok() => {
                format!("join the lists: `{{ expr: \"{expr}.flatten()\" }}`")
            }
            _ => String::new(),
        },
        (Type::Record(record), to) => {
            let field = record.body.iter().find(|field| fits(&field.ty, to).is_ok());
            field.map(|field| format!("did you mean `{expr}.{}`?", field.name)).unwrap_or_default()
        }
        _ => String::new(),
    }
}
