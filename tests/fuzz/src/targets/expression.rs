//! The text of an expression: it is read or refused at a place in it; what was checked has a value of
//! the type that was told, within the bounds.

use std::sync::LazyLock;

use voyager_base::{
    Type, Value,
    types::{IntKind, Named},
};
use voyager_manifest::{
    convert::convert,
    expr::{Env, EvalCause, Expr, Lookup, Scope},
};

/// Names with their types and values.
struct Names(Vec<(&'static str, Type, Value)>);

static NAMES: LazyLock<Names> = LazyLock::new(names);

/// States what must hold of any bytes.
///
/// # Panics
/// Where it does not.
pub fn target(bytes: &[u8]) {
    let text = &*String::from_utf8_lossy(bytes);
    let problems = match Expr::parse(text) {
        Ok(expr) => match expr.check(&*NAMES) {
            Ok(ty) => return evaluate(&expr, &ty.expect("every name has a type")),
            Err(problems) => problems,
        },
        Err(problems) => problems,
    };
    assert!(!problems.is_empty());
    for problem in problems {
        assert!(text.get(problem.span.clone()).is_some(), "{problem:?}");
    }
}

fn evaluate(expr: &Expr, ty: &Type) {
    match expr.evaluate(&*NAMES) {
        Ok(value) => {
            let converted = convert(value, ty).expect("a value is of the type that was told");
            assert!(converted.is_of(ty), "{converted:?} is no {ty}");
        }
        Err(error) => assert!(
            !matches!(error.cause, EvalCause::Type { .. } | EvalCause::Missing),
            "{error} of type {ty}"
        ),
    }
    let again = Expr::parse(expr.text()).expect("it was read before");
    assert_eq!(again.references(), expr.references());
}

impl Names {
    fn ty(&self, root: &str, name: &str) -> Lookup<'_> {
        match self.find(root, name) {
            Some((_, ty, _)) => Lookup::Type(ty),
            None => Lookup::Missing,
        }
    }

    fn value(&self, root: &str, name: &str) -> Option<&Value> {
        self.find(root, name).map(|(.., value)| value)
    }

    fn find(&self, root: &str, name: &str) -> Option<&(&'static str, Type, Value)> {
        self.0.iter().find(|(known, ..)| known.strip_prefix(root) == Some(name))
    }

    fn below(&self, root: &str) -> Vec<&str> {
        self.0.iter().filter_map(|(name, ..)| name.strip_prefix(root)).collect()
    }
}

impl Env for Names {
    fn input(&self, name: &str) -> Lookup<'_> {
        self.ty("inputs.", name)
    }

    fn step(&self, id: &str) -> Lookup<'_> {
        self.ty("steps.", id)
    }

    fn local(&self, name: &str) -> Lookup<'_> {
        self.ty("", name)
    }

    fn inputs(&self) -> Vec<&str> {
        self.below("inputs.")
    }

    fn steps(&self) -> Vec<&str> {
        self.below("steps.")
    }

    fn locals(&self) -> Vec<&str> {
        vec!["result"]
    }
}

impl Scope for Names {
    fn input(&self, name: &str) -> Option<&Value> {
        self.value("inputs.", name)
    }

    fn step(&self, id: &str) -> Option<&Value> {
        self.value("steps.", id)
    }

    fn local(&self, name: &str) -> Option<&Value> {
        self.value("", name)
    }
}

fn names() -> Names {
    let text = |text: &str| Value::String(text.to_owned());
    let level = Type::Enum(Named::new(None, vec!["low".into(), "high".into()]));
    let finding = Type::record([("path", Type::String), ("level", level)]);
    let found = |path: &str, level: &str| {
        Value::record([("path", text(path)), ("level", Value::Enum(level.to_owned()))])
    };
    let run =
        Type::record([("code", Type::option(Type::Int(IntKind::S32))), ("out", Type::String)]);
    let ran = Value::record([("code", Value::some(Value::Int(3))), ("out", text("ok"))]);
    let small = Type::Int(IntKind::U8);
    let large = Type::Int(IntKind::U64);
    Names(vec![
        ("inputs.name", Type::String, text("voyager")),
        ("inputs.count", small, Value::Int(7)),
        ("inputs.large", large, Value::Int(i128::from(u64::MAX))),
        ("inputs.share", Type::F64, Value::Float(0.5)),
        ("inputs.dry", Type::Bool, Value::Bool(true)),
        ("inputs.label", Type::option(Type::String), Value::NONE),
        ("inputs.data", Type::Bytes, Value::Bytes(vec![0, 255])),
        (
            "steps.scan",
            Type::list(finding),
            Value::List(vec![found("a", "low"), found("b", "high")]),
        ),
        ("steps.test", Type::option(run.clone()), Value::some(ran.clone())),
        ("steps.none", Type::option(run.clone()), Value::NONE),
        (
            "steps.lists",
            Type::list(Type::option(Type::list(Type::F64))),
            Value::List(vec![
                Value::NONE,
                Value::some(Value::List(vec![Value::Float(1.5), Value::Float(2.0)])),
            ]),
        ),
        ("result", run, ran),
    ])
}
