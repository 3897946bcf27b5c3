//! Types of expressions. An unknown type (`None`) is one whose error is already told: nothing that
//! depends on it is reported again.

use std::borrow::Cow;

use voyager_base::{
    Type, Value,
    types::{IntKind, Named},
};

use super::{
    Env, Lookup, Problem,
    syntax::{Function, Kind, Node, Operator, Quantifier, Span},
};
use crate::{
    code::Code,
    convert::{article, is_nothing, nothing},
    nearest::nearest,
};

type Typed<'e> = Option<Cow<'e, Type>>;

pub(super) fn check(root: &Node, env: &dyn Env) -> Result<Option<Type>, Vec<Problem>> {
    let mut checker = Checker { env, problems: Vec::new() };
    let ty = checker.node(root, None).map(Cow::into_owned);
    if checker.problems.is_empty() { Ok(ty) } else { Err(checker.problems) }
}

struct Checker<'e> {
    env: &'e dyn Env,
    problems: Vec<Problem>,
}

/// Items that enclosing `map` and the like have bound, innermost first.
struct Bound<'b> {
    name: &'b str,
    ty: Option<Type>,
    outer: Option<&'b Self>,
}

const BOOL: Cow<'static, Type> = Cow::Owned(Type::Bool);
const S64: Cow<'static, Type> = Cow::Owned(Type::Int(IntKind::S64));
const F64: Cow<'static, Type> = Cow::Owned(Type::F64);
const STRING: Cow<'static, Type> = Cow::Owned(Type::String);

impl<'e> Checker<'e> {
    fn node(&mut self, node: &Node, locals: Option<&Bound<'_>>) -> Typed<'e> {
        match &node.kind {
            Kind::Literal(value) => Some(literal(value)),
            Kind::Input(name) => {
                let found = self.env.input(name);
                self.known(found, node, |env| ("input", name, env.inputs()))
            }
            Kind::Step(id) => {
                let found = self.env.step(id);
                self.known(found, node, |env| ("step", id, env.steps()))
            }
            Kind::Local(name) => self.local(name, node, locals),
            Kind::List(items) => self.list(items, locals),
            Kind::Field { of, name, name_span, optional } => {
                let ty = self.node(of, locals)?;
                self.field(ty, of, name, name_span, *optional)
            }
            Kind::Index { of, at, optional } => {
                let index = self.node(at, locals);
                if let Some(index) = index
                    && !matches!(*index, Type::Int(_))
                {
                    self.mismatch(&at.span, "a whole number", &index);
                }
                let ty = self.node(of, locals)?;
                self.element(ty, of, at, *optional)
            }
            Kind::Not(of) => {
                self.expect_bool(of, locals, "`!`");
                Some(BOOL)
            }
            Kind::Negate(of) => {
                let ty = self.node(of, locals)?;
                match numeric(&ty) {
                    Some(ty) => Some(ty),
                    None => self.mismatch(&of.span, "a number", &ty),
                }
            }
            Kind::Binary { operator, left, right } => self.binary(*operator, left, right, locals),
            Kind::Choose { condition, then, otherwise } => {
                self.expect_bool(condition, locals, "the condition before `?`");
                let (a, b) = (self.node(then, locals), self.node(otherwise, locals));
                let (a, b) = (a?, b?);
                match unify(&a, &b) {
                    Some(ty) => Some(Cow::Owned(ty)),
                    None => self.report(Problem::new(
                        Code::OperandTypes,
                        node.span.clone(),
                        format!("one side of `:` is {}, the other {}", article(&a), article(&b)),
                    )),
                }
            }
            Kind::Call { function, arguments } => self.call(*function, arguments, node, locals),
            Kind::Matches { of, .. } => {
                self.expect_text(of, locals);
                Some(BOOL)
            }
            Kind::Each { quantifier, list, variable, body } => {
                self.each(*quantifier, list, variable, body, locals)
            }
        }
    }

    fn known<'n>(
        &mut self,
        found: Lookup<'e>,
        node: &Node,
        known: impl FnOnce(&'e dyn Env) -> (&'static str, &'n str, Vec<&'e str>),
    ) -> Typed<'e> {
        match found {
            Lookup::Type(ty) => Some(Cow::Borrowed(ty)),
            Lookup::Unknown => None,
            Lookup::Refused { code, message, help } => {
                self.report(Problem::new(code, node.span.clone(), message).help(help))
            }
            Lookup::Missing => {
                let (what, name, names) = known(self.env);
                let code = if what == "input" { Code::UnknownInput } else { Code::UnknownStep };
                let message = format!("there is no {what} `{name}`");
                self.report(Problem::new(code, node.span.clone(), message).help(suggest(
                    name,
                    &names,
                    &format!("the manifest has no {what}s that can be named here"),
                )))
            }
        }
    }

    fn local(&mut self, name: &str, node: &Node, mut locals: Option<&Bound<'_>>) -> Typed<'e> {
        let mut names = Vec::new();
        while let Some(bound) = locals {
            if bound.name == name {
                return bound.ty.clone().map(Cow::Owned);
            }
            names.push(bound.name.to_owned());
            locals = bound.outer;
        }
        let message = match self.env.local(name) {
            Lookup::Type(ty) => return Some(Cow::Borrowed(ty)),
            Lookup::Unknown => return None,
            Lookup::Refused { code, message, help } => {
                return self.report(Problem::new(code, node.span.clone(), message).help(help));
            }
            Lookup::Missing => format!("there is no `{name}` here"),
        };
        names.extend(self.env.locals().into_iter().map(str::to_owned));
        let help = if self.env.inputs().contains(&name) {
            format!("write `inputs.{name}`")
        } else if self.env.steps().contains(&name) {
            format!("write `steps.{name}`")
        } else if let Some((a, b)) = name.split_once('-') {
            format!("`-` belongs to the name; to subtract, write `{a} - {b}`")
        } else {
            names.extend(["inputs".to_owned(), "steps".to_owned()]);
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!("{}; a text needs quotes", suggest(name, &names, ""))
        };
        self.report(Problem::new(Code::UnknownName, node.span.clone(), message).help(help))
    }

    fn list(&mut self, items: &[Node], locals: Option<&Bound<'_>>) -> Typed<'e> {
        let types: Vec<Typed<'e>> = items.iter().map(|item| self.node(item, locals)).collect();
        let mut common = nothing();
        for (item, ty) in items.iter().zip(types) {
            let ty = ty?;
            common = match unify(&common, &ty) {
                Some(common) => common,
                None => {
                    let message = format!(
                        "this is {}, what stands before it in the list {}",
                        article(&ty),
                        article(&common)
                    );
                    return self.report(Problem::new(
                        Code::OperandTypes,
                        item.span.clone(),
                        message,
                    ));
                }
            };
        }
        Some(Cow::Owned(Type::list(common)))
    }

    fn field(
        &mut self,
        ty: Cow<'e, Type>,
        of: &Node,
        name: &str,
        span: &Span,
        optional: bool,
    ) -> Typed<'e> {
        let record = match (&*ty, optional) {
            (Type::Option(inner), true) => innermost(inner).clone(),
            (Type::Option(inner), false) if innermost(inner).field(name).is_some() => {
                return self.absent(of.span.start..span.end, name);
            }
            _ => {
                return match ty {
                    Cow::Borrowed(ty) => match ty.field(name) {
                        Some(field) if optional => Some(Cow::Owned(option(field.clone()))),
                        Some(field) => Some(Cow::Borrowed(field)),
                        None => self.no_field(ty, name, span),
                    },
                    Cow::Owned(ty) => match ty.field(name) {
                        Some(field) if optional => Some(Cow::Owned(option(field.clone()))),
                        Some(field) => Some(Cow::Owned(field.clone())),
                        None => self.no_field(&ty, name, span),
                    },
                };
            }
        };
        match record.field(name) {
            Some(field) => Some(Cow::Owned(option(field.clone()))),
            None => self.no_field(&record, name, span),
        }
    }

    fn no_field(&mut self, ty: &Type, name: &str, span: &Span) -> Typed<'e> {
        let inner = match ty {
            Type::Option(inner) => inner,
            ty => ty,
        };
        let Type::Record(record) = inner else {
            let problem = Problem::new(
                Code::UnknownField,
                span.clone(),
                format!("{} has no fields", article(ty)),
            );
            return self.report(match inner {
                Type::List(_) => problem
                    .help(format!("take one element, `[0].{name}`, or all, `.map(x, x.{name})`")),
                _ => problem.help("use the value itself"),
            });
        };
        let names: Vec<&str> = record.body.iter().map(|field| field.name.as_str()).collect();
        let help = match name.split_once('-') {
            Some((a, b)) if names.contains(&a) => {
                format!("`-` belongs to the name; to subtract, write `{a} - {b}`")
            }
            _ => suggest(name, &names, "it has no fields"),
        };
        let message = format!("{} has no field `{name}`", article(ty));
        self.report(Problem::new(Code::UnknownField, span.clone(), message).help(help))
    }

    fn element(&mut self, ty: Cow<'e, Type>, of: &Node, at: &Node, optional: bool) -> Typed<'e> {
        let inner = match (&*ty, optional) {
            (Type::Option(inner), true) => inner,
            (Type::Option(inner), false) if matches!(**inner, Type::List(_) | Type::Tuple(_)) => {
                let message = "this list may be absent".to_owned();
                let help = "write `[?...]` and `default(..., other)`, or ask with `has`";
                return self
                    .report(Problem::new(Code::Absent, of.span.clone(), message).help(help));
            }
            (ty, _) => ty,
        };
        let element = match inner {
            Type::List(element) => (**element).clone(),
            Type::Tuple(types) => match &at.kind {
                Kind::Literal(Value::Int(position)) => {
                    let found = usize::try_from(*position).ok().and_then(|at| types.get(at));
                    match found {
                        Some(ty) => ty.clone(),
                        None => {
                            let message = format!("this tuple has {} elements", types.len());
                            let problem =
                                Problem::new(Code::OperandTypes, at.span.clone(), message);
                            return self.report(problem.help("the first one is `[0]`"));
                        }
                    }
                }
                _ => return self.mismatch(&of.span, "a list", &ty),
            },
            _ => return self.mismatch(&of.span, "a list", &ty),
        };
        Some(Cow::Owned(if optional { option(element) } else { element }))
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Node,
        right: &Node,
        locals: Option<&Bound<'_>>,
    ) -> Typed<'e> {
        if matches!(operator, Operator::Or | Operator::And) {
            let side = format!("`{}`", operator.text());
            self.expect_bool(left, locals, &side);
            self.expect_bool(right, locals, &side);
            return Some(BOOL);
        }
        let (a, b) = (self.node(left, locals), self.node(right, locals));
        let arithmetic = matches!(
            operator,
            Operator::Add
                | Operator::Subtract
                | Operator::Multiply
                | Operator::Divide
                | Operator::Remainder
        );
        let (Some(a), Some(b)) = (a, b) else { return (!arithmetic).then_some(BOOL) };
        let result = match operator {
            Operator::Equal | Operator::Unequal => self.comparable(&a, &b, left, right),
            Operator::In => member(&a, &b).then_some(BOOL),
            _ if arithmetic => sum(operator, &a, &b).map(Cow::Owned),
            _ => ordered(&a, &b).then_some(BOOL),
        };
        let fallback = (!arithmetic).then_some(BOOL);
        if let Operator::Equal | Operator::Unequal = operator
            && let (Some(names), Some(text)) = (enum_names(&a, &b), literal_text(left, right))
            && !names.contains(text)
        {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let span = left.span.start..right.span.end;
            let problem =
                Problem::new(Code::EnumName, span, format!("`{text}` is never this value"));
            self.report(problem.help(suggest(text, &names, "")));
        }
        if result.is_some() {
            return result;
        }
        self.operands(operator, &a, &b, left, right);
        fallback
    }

    fn comparable(&self, a: &Type, b: &Type, _: &Node, _: &Node) -> Typed<'e> {
        let text = matches!((a, b), (Type::Enum(_), Type::String) | (Type::String, Type::Enum(_)));
        let optional = matches!(a, Type::Option(_)) != matches!(b, Type::Option(_));
        ((text || unify(a, b).is_some()) && !optional).then_some(BOOL)
    }

    fn operands(&mut self, operator: Operator, a: &Type, b: &Type, left: &Node, right: &Node) {
        let absent = |ty: &Type| matches!(ty, Type::Option(_));
        let span = left.span.start..right.span.end;
        if absent(a) != absent(b) {
            let node = if absent(a) { left } else { right };
            let message = format!("a side of `{}` may be absent", operator.text());
            let help = "replace it where it is absent, `default(value, other)`, or ask with `has`";
            self.report(Problem::new(Code::Absent, node.span.clone(), message).help(help));
            return;
        }
        let message = format!("`{}` can't join {} and {}", operator.text(), article(a), article(b));
        let problem = Problem::new(Code::OperandTypes, span, message);
        let problem = match (operator, a, b) {
            (Operator::Add, Type::String, _) | (Operator::Add, _, Type::String) => {
                problem.help("make it a text with `string(...)`")
            }
            (Operator::In, _, Type::String) => {
                problem.help("for a part of a text, write `text.contains(part)`")
            }
            (_, Type::String, Type::Int(_)) | (_, Type::Int(_), Type::String) => {
                problem.help("read a number from a text with `int(...)`")
            }
            _ => problem.help("nothing converts by itself but whole numbers to floats"),
        };
        self.report(problem);
    }

    fn call(
        &mut self,
        function: Function,
        arguments: &[Node],
        node: &Node,
        locals: Option<&Bound<'_>>,
    ) -> Typed<'e> {
        let types: Vec<Typed<'e>> =
            arguments.iter().map(|argument| self.node(argument, locals)).collect();
        let known: Option<Vec<&Type>> = types.iter().map(|ty| ty.as_deref()).collect();
        let fixed = result_of(function);
        let Some(known) = known else { return fixed };
        let wanted = match signature(function, &known) {
            Ok(ty) => return Some(Cow::Owned(ty)),
            Err(wanted) => wanted,
        };
        let (position, wanted) = wanted;
        let (argument, ty) = (&arguments[position], known[position]);
        match ty {
            Type::Option(_) if function != Function::Flatten => {
                let message =
                    format!("`{}` takes {wanted}, and this may be absent", function.name());
                self.report(
                    Problem::new(Code::Absent, argument.span.clone(), message)
                        .help("replace it where it is absent: `default(value, other)`"),
                );
            }
            _ => {
                let message =
                    format!("`{}` takes {wanted}, this is {}", function.name(), article(ty));
                let span = if argument.span.is_empty() {
                    node.span.clone()
                } else {
                    argument.span.clone()
                };
                let problem = Problem::new(Code::FunctionArguments, span, message);
                self.report(match function {
                    Function::Has | Function::Default => {
                        problem.help("the value is always there: use it as it is")
                    }
                    _ => problem,
                });
            }
        }
        fixed
    }

    fn each(
        &mut self,
        quantifier: Quantifier,
        list: &Node,
        variable: &str,
        body: &Node,
        locals: Option<&Bound<'_>>,
    ) -> Typed<'e> {
        let of = self.node(list, locals);
        let item = match of.as_deref() {
            Some(Type::List(item)) => Some((**item).clone()),
            Some(Type::Option(_)) => {
                let message = "this list may be absent".to_owned();
                let help = "replace it where it is absent: `default(list, [])`";
                self.report(Problem::new(Code::Absent, list.span.clone(), message).help(help));
                None
            }
            Some(other) => {
                self.mismatch(&list.span, "a list", other);
                None
            }
            None => None,
        };
        let inner = Bound { name: variable, ty: item.clone(), outer: locals };
        if quantifier == Quantifier::Map {
            let ty = self.node(body, Some(&inner))?;
            return Some(Cow::Owned(Type::list(ty.into_owned())));
        }
        self.expect_bool(body, Some(&inner), &format!("what `{}` asks", quantifier.name()));
        match quantifier {
            Quantifier::Filter => item.map(|item| Cow::Owned(Type::list(item))),
            _ => Some(BOOL),
        }
    }

    fn expect_bool(&mut self, node: &Node, locals: Option<&Bound<'_>>, what: &str) {
        let Some(ty) = self.node(node, locals) else { return };
        match &*ty {
            Type::Bool => {}
            Type::Option(_) => {
                let problem = Problem::new(
                    Code::Absent,
                    node.span.clone(),
                    format!("{what} needs a bool, and this may be absent"),
                );
                self.report(problem.help("ask with `has(value)`, or `default(value, false)`"));
            }
            other => {
                let problem = Problem::new(
                    Code::OperandTypes,
                    node.span.clone(),
                    format!("{what} needs a bool, this is {}", article(other)),
                );
                self.report(problem.help(truth_help(other)));
            }
        }
    }

    fn expect_text(&mut self, node: &Node, locals: Option<&Bound<'_>>) {
        let Some(ty) = self.node(node, locals) else { return };
        if !is_text(&ty) {
            self.mismatch(&node.span, "a string", &ty);
        }
    }

    fn mismatch(&mut self, span: &Span, wanted: &str, found: &Type) -> Typed<'e> {
        if let Type::Option(_) = found {
            let message = format!("{wanted} is wanted, and this may be absent");
            let help = "replace it where it is absent: `default(value, other)`";
            return self.report(Problem::new(Code::Absent, span.clone(), message).help(help));
        }
        let message = format!("{wanted} is wanted, this is {}", article(found));
        self.report(Problem::new(Code::OperandTypes, span.clone(), message))
    }

    fn absent(&mut self, span: Span, name: &str) -> Typed<'e> {
        let message = format!("what `.{name}` is taken from may be absent");
        let help = format!(
            "write `.?{name}` and replace it where it is absent: `default(x.?{name}, other)`"
        );
        self.report(Problem::new(Code::Absent, span, message).help(help))
    }

    fn report(&mut self, problem: Problem) -> Typed<'e> {
        self.problems.push(problem);
        None
    }
}

/// How to make a condition of a value that is none.
fn truth_help(ty: &Type) -> &'static str {
    match ty {
        Type::String | Type::Enum(_) => "compare it: `value == \"text\"`",
        Type::List(_) | Type::Bytes => "ask for its size: `size(value) > 0`",
        Type::Int(_) | Type::F32 | Type::F64 => "compare it: `value != 0`",
        _ => "compare one of its fields",
    }
}

fn literal(value: &Value) -> Cow<'static, Type> {
    match value {
        Value::Bool(_) => BOOL,
        Value::Int(number) if i64::try_from(*number).is_err() => {
            Cow::Owned(Type::Int(IntKind::U64))
        }
        Value::Int(_) => S64,
        Value::Float(_) => F64,
        _ => STRING,
    }
}

/// The nearest name, or all of them.
fn suggest(name: &str, known: &[&str], none: &str) -> String {
    /// More names than this help nobody.
    const NAMES_MAX: usize = 12;
    if let Some(near) = nearest(name, known.iter().copied()) {
        return format!("did you mean `{near}`?");
    }
    if known.is_empty() {
        return none.to_owned();
    }
    let shown = known.iter().take(NAMES_MAX).copied().collect::<Vec<_>>().join(", ");
    let more = known.len().saturating_sub(NAMES_MAX);
    if more == 0 {
        format!("there are {shown}")
    } else {
        format!("there are {shown} and {more} more")
    }
}

/// What an option of options holds in the end.
fn innermost(mut ty: &Type) -> &Type {
    while let Type::Option(inner) = ty {
        ty = inner;
    }
    ty
}

/// Options don't nest: absent is absent.
fn option(ty: Type) -> Type {
    match ty {
        Type::Option(_) => ty,
        other => Type::option(other),
    }
}

fn numeric(ty: &Type) -> Typed<'static> {
    match ty {
        Type::Int(_) => Some(S64),
        Type::F32 | Type::F64 => Some(F64),
        _ => None,
    }
}

fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::String | Type::Enum(_))
}

/// The type that holds values of both, where there is one.
fn unify(a: &Type, b: &Type) -> Option<Type> {
    match (a, b) {
        (a, b) if is_nothing(a) => Some(b.clone()),
        (a, b) if is_nothing(b) => Some(a.clone()),
        (a, b) if a.same(b) => Some(a.clone()),
        (Type::Int(_), Type::Int(_)) => Some(Type::Int(IntKind::S64)),
        (Type::Int(_) | Type::F32 | Type::F64, Type::Int(_) | Type::F32 | Type::F64) => {
            Some(Type::F64)
        }
        (Type::Option(a), Type::Option(b)) => unify(a, b).map(Type::option),
        (Type::Option(a), b) | (b, Type::Option(a)) => unify(a, b).map(Type::option),
        (Type::Bytes, Type::List(item)) | (Type::List(item), Type::Bytes) if is_nothing(item) => {
            Some(Type::Bytes)
        }
        (Type::List(a), Type::List(b)) => unify(a, b).map(|item| Type::List(Box::new(item))),
        // A choice and a text.
        (Type::Enum(_), Type::String) | (Type::String, Type::Enum(_)) => None,
        (Type::Enum(a), Type::Enum(b)) => {
            let mut names = a.body.clone();
            names.extend(b.body.iter().filter(|name| !a.body.contains(name)).cloned());
            Some(Type::Enum(Named::new(None, names)))
        }
        _ => None,
    }
}

fn sum(operator: Operator, a: &Type, b: &Type) -> Option<Type> {
    match (operator, a, b) {
        (Operator::Add, Type::String, Type::String) => Some(Type::String),
        (Operator::Add, Type::List(_), Type::List(_)) => unify(a, b),
        (Operator::Remainder, Type::Int(_), Type::Int(_)) => Some(Type::Int(IntKind::S64)),
        (Operator::Remainder, ..) => None,
        _ => match (&*numeric(a)?, &*numeric(b)?) {
            (Type::Int(_), Type::Int(_)) => Some(Type::Int(IntKind::S64)),
            _ => Some(Type::F64),
        },
    }
}

fn ordered(a: &Type, b: &Type) -> bool {
    matches!((a, b), (Type::String, Type::String)) || (numeric(a).is_some() && numeric(b).is_some())
}

fn member(item: &Type, of: &Type) -> bool {
    match of {
        Type::List(of) => {
            let optional = matches!(item, Type::Option(_)) != matches!(**of, Type::Option(_));
            let text = is_text(item) && is_text(of);
            is_nothing(of) || text || (unify(item, of).is_some() && !optional)
        }
        Type::Flags(_) => *item == Type::String,
        _ => false,
    }
}

fn enum_names<'t>(a: &'t Type, b: &'t Type) -> Option<&'t Vec<String>> {
    match (a, b) {
        (Type::Enum(names), Type::String) | (Type::String, Type::Enum(names)) => Some(&names.body),
        _ => None,
    }
}

fn literal_text<'n>(left: &'n Node, right: &'n Node) -> Option<&'n String> {
    [left, right].into_iter().find_map(|node| match &node.kind {
        Kind::Literal(Value::String(text)) => Some(text),
        _ => None,
    })
}

/// The type of a call whatever its arguments, where it has one.
fn result_of<'e>(function: Function) -> Typed<'e> {
    match function {
        Function::Has | Function::Contains | Function::StartsWith | Function::EndsWith => {
            Some(BOOL)
        }
        Function::Size | Function::Int => Some(S64),
        Function::Join | Function::String => Some(STRING),
        Function::Float => Some(F64),
        Function::Default | Function::Flatten | Function::Present => None,
    }
}

/// The type of a call with arguments of these types; otherwise the position of the first that is
/// wrong, and what it should be.
fn signature(function: Function, types: &[&Type]) -> Result<Type, (usize, String)> {
    let first = types[0];
    let wanted = |text: &str| (0, text.to_owned());
    let second = |ok: bool, text: &str| if ok { Ok(()) } else { Err((1, text.to_owned())) };
    match function {
        Function::Size => match first {
            Type::String | Type::Bytes | Type::List(_) | Type::Flags(_) => {
                Ok(Type::Int(IntKind::S64))
            }
            _ => Err(wanted("a string, bytes, or a list")),
        },
        Function::Has => match first {
            Type::Option(_) => Ok(Type::Bool),
            _ => Err(wanted("a value that may be absent")),
        },
        Function::Default => match first {
            Type::Option(inner) => unify(inner, types[1]).ok_or_else(|| (1, article(inner))),
            _ => Err(wanted("a value that may be absent")),
        },
        Function::Contains => match first {
            Type::String => second(is_text(types[1]), "a string").map(|()| Type::Bool),
            Type::List(_) | Type::Flags(_) => {
                second(member(types[1], first), "an element of the list").map(|()| Type::Bool)
            }
            _ => Err(wanted("a string or a list")),
        },
        Function::StartsWith | Function::EndsWith => {
            if !is_text(first) {
                return Err(wanted("a string"));
            }
            second(is_text(types[1]), "a string").map(|()| Type::Bool)
        }
        Function::Join => match first {
            Type::List(item) if is_text(item) || is_nothing(item) => {
                second(*types[1] == Type::String, "a string").map(|()| Type::String)
            }
            _ => Err(wanted("a list of strings")),
        },
        Function::Flatten => match first {
            Type::List(inner) if matches!(**inner, Type::List(_)) || is_nothing(inner) => {
                Ok((**inner).clone())
            }
            Type::List(inner) if matches!(**inner, Type::Option(_)) => {
                Err(wanted("a list of lists; leave absent ones out with `present(...)` first"))
            }
            _ => Err(wanted("a list of lists")),
        },
        Function::Present => match first {
            Type::List(inner) => match &**inner {
                Type::Option(inner) => Ok(Type::list((**inner).clone())),
                _ => Err(wanted("a list of values that may be absent")),
            },
            _ => Err(wanted("a list of values that may be absent")),
        },
        Function::String => match first {
            Type::String
            | Type::Bool
            | Type::Int(_)
            | Type::F32
            | Type::F64
            | Type::Char
            | Type::Enum(_) => Ok(Type::String),
            _ => Err(wanted("a bool, a number, or an enum")),
        },
        Function::Int => match first {
            Type::Int(_) | Type::F32 | Type::F64 | Type::String => Ok(Type::Int(IntKind::S64)),
            _ => Err(wanted("a number or a string")),
        },
        Function::Float => match first {
            Type::Int(_) | Type::F32 | Type::F64 | Type::String => Ok(Type::F64),
            _ => Err(wanted("a number or a string")),
        },
    }
}
