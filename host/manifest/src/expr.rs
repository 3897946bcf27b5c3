//! Expressions: a subset of CEL with static types. Total, bounded, without side effects.
//!
//! # What can be written
//! - literals: `12`, `0x1f`, `1.5`, `"text"`, `'text'`, `r"raw\d"`, `true`, `[1, 2]`;
//! - names: `inputs.repo`, `steps.build.log`, `result` (in `expect`), the item of a `for-each`;
//! - fields `a.b`, elements `list[0]`; `a.?b` and `list[?0]` give an option, none where there is no
//!   such value or `a` itself is absent;
//! - `! - * / % + - == != < <= > >= in && || ?:` with the precedence of C;
//! - functions, each as `f(a, b)` or `a.f(b)`: `size`, `has`, `default` (also `orValue`), `contains`,
//!   `startsWith`, `endsWith`, `matches` (a literal pattern), `join`, `flatten`, `present`, `string`,
//!   `int`, `float`;
//! - over lists: `list.all(x, c)`, `list.exists(x, c)`, `list.filter(x, c)`, `list.map(x, e)`.
//!
//! Names are WIT's, so a `-` between letters belongs to the name: `exit-code` is one name, `a - b`
//! subtracts.
//!
//! # Types
//! They are WIT's. Arithmetic on whole numbers gives an `s64`, with a float a float; a whole number
//! compares with a float; an enum compares with a text that is one of its names. Nothing else converts.
//! An option has to be replaced (`default`) or asked (`has`) before its value is used.
//!
//! # Bounds
//! Text, parts and depth when parsed; the number of steps and the bytes made when evaluated.

mod check;
mod evaluate;
mod lex;
mod parse;
mod syntax;

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use voyager_base::{Type, Value};

pub use self::syntax::Span;
use self::syntax::{Kind, Node, Quantifier};
use crate::code::Code;

/// Most bytes of an expression's text.
pub const TEXT_BYTES_MAX: usize = 8 << 10;
/// Most nodes of an expression's tree: bounds the memory of a plan.
const NODES_MAX: usize = 1_000;
/// Most levels of an expression's tree: whoever walks it recurses, on stacks of 2 MiB.
const DEPTH_MAX: usize = 64;
/// Most bytes of a compiled pattern.
const PATTERN_BYTES_MAX: usize = 256 << 10;
/// Most steps of an evaluation; one takes some 50 ns, so this is a fraction of a second.
const COST_MAX: u64 = 4_000_000;

/// An expression that was parsed. It is kept, compared and stored as its text.
#[derive(Clone)]
pub struct Expr {
    text: String,
    root: Node,
}

/// Something wrong with an expression, at some bytes of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What sort.
    pub code: Code,
    /// Bytes of the text.
    pub span: Span,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { code, span, message: message.into(), help: None }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Types of the names that an expression may use.
pub trait Env {
    /// The type of `inputs.<name>`.
    fn input(&self, name: &str) -> Lookup<'_>;
    /// The type of `steps.<id>`.
    fn step(&self, id: &str) -> Lookup<'_>;
    /// The type of a name of its own: `result`, the item.
    fn local(&self, name: &str) -> Lookup<'_>;
    /// Names of the inputs, for suggestions.
    fn inputs(&self) -> Vec<&str>;
    /// Ids of the steps that may be named here, for suggestions.
    fn steps(&self) -> Vec<&str>;
    /// Names of its own, for suggestions.
    fn locals(&self) -> Vec<&str>;
}

/// What is known of a name.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup<'a> {
    /// Its type.
    Type(&'a Type),
    /// It exists, but its type is unknown because of an error that is reported elsewhere.
    Unknown,
    /// It exists and can't be used here.
    Refused {
        /// What sort of error.
        code: Code,
        /// Why, in one sentence.
        message: String,
        /// The way out.
        help: String,
    },
    /// There is no such name.
    Missing,
}

/// Values of the names that an expression may use.
pub trait Scope {
    /// The value of `inputs.<name>`.
    fn input(&self, name: &str) -> Option<&Value>;
    /// The value of `steps.<id>`: [`Value::NONE`] where it was skipped or its failure passed over,
    /// and [`Value::some`] of its result where that could have happened.
    fn step(&self, id: &str) -> Option<&Value>;
    /// The value of a name of its own: `result`, the item.
    fn local(&self, name: &str) -> Option<&Value>;
}

/// What an expression names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Inputs.
    pub inputs: BTreeSet<String>,
    /// Steps.
    pub steps: BTreeSet<String>,
    /// Names of its own, the variables of `map` and the like left out.
    pub locals: BTreeSet<String>,
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}`: {cause}")]
pub struct EvalError {
    /// What went wrong.
    pub cause: EvalCause,
    /// Bytes of the expression's text.
    pub span: Span,
    /// The text at these bytes.
    pub text: String,
}

/// What went wrong in an evaluation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalCause {
    /// A whole number beyond 64 bits, or a float that is not finite.
    #[error("the number is out of range")]
    Overflow,
    /// A whole number was divided by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// A list has no such element.
    #[error("there is no element {index}, the list has {length}")]
    Index {
        /// The element asked for.
        index: i128,
        /// How many there are.
        length: usize,
    },
    /// A name without a value.
    #[error("it has no value")]
    Missing,
    /// An option was used whose value is absent.
    #[error("the value is absent")]
    Absent,
    /// A value of a type that this can't be done with: the scope doesn't hold what was checked.
    #[error("this can't be done with {found}")]
    Type {
        /// What it is.
        found: &'static str,
    },
    /// A text that is no number.
    #[error("the text is no number")]
    NoNumber,
    /// It would take too long, or make too much.
    #[error("it takes more than {COST_MAX} steps")]
    Cost,
}

impl Expr {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        match parse::parse(text) {
            Ok(root) => Ok(Self { text: text.to_owned(), root }),
            Err(problem) => Err(vec![problem]),
        }
    }

    /// As it stands in the manifest.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its type where the names have those of `env`; none where that depends on a name whose type is
    /// [unknown](Lookup::Unknown).
    ///
    /// # Errors
    /// All that is wrong with its names and types.
    pub fn check(&self, env: &dyn Env) -> Result<Option<Type>, Vec<Problem>> {
        check::check(&self.root, env)
    }

    /// What it names.
    pub fn references(&self) -> References {
        let mut references = References::default();
        collect(&self.root, &mut Vec::new(), &mut references);
        references
    }

    /// Its value. What was [checked](Self::check) only fails for reasons that types don't show: a
    /// number out of range, a missing element, too much work.
    ///
    /// # Errors
    /// [`EvalError`].
    pub fn evaluate(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        evaluate::evaluate(&self.root, scope).map_err(|failure| self.failed(failure))
    }

    /// Its value as a text, as the function `string` gives it.
    pub(crate) fn shown(&self, scope: &dyn Scope) -> Result<String, EvalError> {
        evaluate::text_of(&self.root, scope).map_err(|failure| self.failed(failure))
    }

    fn failed(&self, (cause, span): (EvalCause, Span)) -> EvalError {
        let text = self.text.get(span.clone()).unwrap_or_default().to_owned();
        EvalError { cause, span, text }
    }

    /// Whether it only names a value: `inputs.x`, `steps.a.b[0]`, the item and its fields.
    pub fn is_reference(&self) -> bool {
        is_reference(&self.root)
    }

    /// The value where it stands in the text itself: a literal, or a list of literals.
    pub fn literal(&self) -> Option<Value> {
        literal(&self.root)
    }

    /// Most elements of the list that it gives, where its text alone bounds them.
    pub fn elements_max(&self) -> Option<u64> {
        elements_max(&self.root)
    }
}

fn is_reference(node: &Node) -> bool {
    match &node.kind {
        Kind::Input(_) | Kind::Step(_) | Kind::Local(_) => true,
        Kind::Field { of, .. } => is_reference(of),
        Kind::Index { of, at, .. } => is_reference(of) && matches!(at.kind, Kind::Literal(_)),
        _ => false,
    }
}

fn elements_max(node: &Node) -> Option<u64> {
    match &node.kind {
        Kind::List(nodes) => Some(nodes.len() as u64),
        Kind::Literal(Value::List(values)) => Some(values.len() as u64),
        Kind::Each { quantifier: Quantifier::Filter | Quantifier::Map, list, .. } => {
            elements_max(list)
        }
        Kind::Choose { then, otherwise, .. } => {
            Some(elements_max(then)?.max(elements_max(otherwise)?))
        }
        _ => None,
    }
}

fn literal(node: &Node) -> Option<Value> {
    match &node.kind {
        Kind::Literal(value) => Some(value.clone()),
        Kind::List(nodes) => nodes.iter().map(literal).collect::<Option<_>>().map(Value::List),
        _ => None,
    }
}

fn collect<'n>(node: &'n Node, bound: &mut Vec<&'n str>, references: &mut References) {
    match &node.kind {
        Kind::Input(name) => {
            references.inputs.insert(name.clone());
        }
        Kind::Step(id) => {
            references.steps.insert(id.clone());
        }
        Kind::Local(name) if !bound.contains(&name.as_str()) => {
            references.locals.insert(name.clone());
        }
        Kind::Each { list, variable, body, .. } => {
            collect(list, bound, references);
            bound.push(variable);
            collect(body, bound, references);
            bound.pop();
        }
        other => other.children().into_iter().for_each(|child| collect(child, bound, references)),
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expr({:?})", self.text)
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Expr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|problems| {
            let message = problems.into_iter().next().map(|problem| problem.message);
            serde::de::Error::custom(format!("`{text}`: {}", message.unwrap_or_default()))
        })
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use voyager_base::types::{IntKind, Named};

    use super::*;

    /// Names with types and values, for tests.
    struct Names(Vec<(&'static str, Type, Value)>);

    impl Names {
        fn ty(&self, name: &str) -> Lookup<'_> {
            match self.0.iter().find(|(known, ..)| *known == name) {
                Some((_, ty, _)) => Lookup::Type(ty),
                None => Lookup::Missing,
            }
        }

        fn value(&self, name: &str) -> Option<&Value> {
            self.0.iter().find(|(known, ..)| *known == name).map(|(.., value)| value)
        }

        fn below(&self, root: &str) -> Vec<&str> {
            self.0.iter().filter_map(|(name, ..)| name.strip_prefix(root)).collect()
        }
    }

    impl Env for Names {
        fn input(&self, name: &str) -> Lookup<'_> {
            self.ty(&format!("inputs.{name}"))
        }
        fn step(&self, id: &str) -> Lookup<'_> {
            self.ty(&format!("steps.{id}"))
        }
        fn local(&self, name: &str) -> Lookup<'_> {
            self.ty(name)
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
            self.value(&format!("inputs.{name}"))
        }
        fn step(&self, id: &str) -> Option<&Value> {
            self.value(&format!("steps.{id}"))
        }
        fn local(&self, name: &str) -> Option<&Value> {
            self.value(name)
        }
    }

    fn names() -> Names {
        let int = Type::Int(IntKind::U32);
        let text = |text: &str| Value::String(text.to_owned());
        let severity = Type::Enum(Named::new(None, vec!["low".into(), "high".into()]));
        let finding = Type::record([("path", Type::String), ("severity", severity)]);
        let one = |path: &str, severity: &str| {
            Value::record([("path", text(path)), ("severity", Value::Enum(severity.to_owned()))])
        };
        let run = Type::record([
            ("exit-code", Type::option(Type::Int(IntKind::S32))),
            ("stdout", Type::String),
        ]);
        let ran =
            Value::record([("exit-code", Value::some(Value::Int(3))), ("stdout", text("ok"))]);
        Names(vec![
            ("inputs.name", Type::String, text("voyager")),
            ("inputs.count", int, Value::Int(7)),
            ("inputs.dry-run", Type::Bool, Value::Bool(true)),
            ("inputs.label", Type::option(Type::String), Value::NONE),
            (
                "steps.scan",
                Type::list(finding),
                Value::List(vec![one("a", "low"), one("b", "high")]),
            ),
            ("steps.test", Type::option(run.clone()), Value::some(ran.clone())),
            ("steps.skipped", Type::option(run.clone()), Value::NONE),
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

    /// One line for each text: type and value, or what is wrong.
    fn check(texts: &[&str], expect: Expect) {
        let names = names();
        let mut lines = String::new();
        for text in texts {
            let outcome = Expr::parse(text).and_then(|expr| {
                let ty = expr.check(&names)?.expect("all names of the test are known");
                Ok(match expr.evaluate(&names) {
                    Ok(value) => format!("{ty} = {}", show(&value)),
                    Err(error) => format!("{ty} fails: {error}"),
                })
            });
            let outcome = outcome.unwrap_or_else(|problems| {
                let show = |problem: &Problem| {
                    let at = &text[problem.span.clone()];
                    let help = problem.help.as_ref().map(|help| format!(" ({help})"));
                    format!("`{at}`: {}{}", problem.message, help.unwrap_or_default())
                };
                problems.iter().map(show).collect::<Vec<_>>().join("; ")
            });
            lines.push_str(&format!("{text}  ->  {outcome}\n"));
        }
        expect.assert_eq(&lines);
    }

    fn show(value: &Value) -> String {
        match value {
            Value::List(values) => {
                format!("[{}]", values.iter().map(show).collect::<Vec<_>>().join(", "))
            }
            Value::Record(fields) => {
                let fields = fields.iter().map(|(name, value)| format!("{name}: {}", show(value)));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
            }
            Value::Option(Some(value)) => format!("some({})", show(value)),
            Value::Option(None) => "none".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => format!("{value:?}"),
            Value::String(value) => format!("{value:?}"),
            Value::Enum(value) => value.clone(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn operators_bind_as_in_c() {
        check(
            &[
                "1 + 2 * 3 == 7 && !false",
                "10 - 4 - 3",
                "-inputs.count + 1",
                "7 / 2 + 7 % 2",
                "7 / 2.0",
                "1 < 2 ? 'a' : 'b'",
                "true || 1 / 0 == 1",
                "0x10 + 1e2",
                "-9223372036854775808",
            ],
            expect![[r#"
                1 + 2 * 3 == 7 && !false  ->  bool = true
                10 - 4 - 3  ->  s64 = 3
                -inputs.count + 1  ->  s64 = -6
                7 / 2 + 7 % 2  ->  s64 = 4
                7 / 2.0  ->  f64 = 3.5
                1 < 2 ? 'a' : 'b'  ->  string = "a"
                true || 1 / 0 == 1  ->  bool = true
                0x10 + 1e2  ->  f64 = 116.0
                -9223372036854775808  ->  s64 = -9223372036854775808
            "#]],
        );
    }

    #[test]
    fn a_list_of_bytes_is_bytes() {
        let names = Names(vec![
            ("inputs.byte", Type::Int(IntKind::U8), Value::Int(7)),
            ("inputs.data", Type::Bytes, Value::Bytes(vec![7])),
        ]);
        for (text, expected) in [
            ("[inputs.byte] == inputs.data", true),
            ("inputs.data != [inputs.byte]", false),
            ("[inputs.byte, inputs.byte] == inputs.data", false),
        ] {
            let expr = Expr::parse(text).unwrap();
            assert_eq!(expr.check(&names), Ok(Some(Type::Bool)), "{text}");
            assert_eq!(expr.evaluate(&names), Ok(Value::Bool(expected)), "{text}");
        }
        let made = Expr::parse("[[inputs.byte]]").unwrap();
        let ty = made.check(&names).unwrap().unwrap();
        let value = crate::convert::convert(made.evaluate(&names).unwrap(), &ty);
        assert_eq!(value, Ok(Value::List(vec![Value::Bytes(vec![7])])));
    }

    #[test]
    fn a_minus_between_letters_belongs_to_the_name() {
        check(
            &[
                "result.exit-code == default(result.exit-code, 0)",
                "result.exit-code.orValue(0) - 1",
                "inputs.dry-run",
                "inputs.count-1",
                "inputs.count - inputs.count",
                "inputs.count-inputs.count",
            ],
            expect![[r#"
                result.exit-code == default(result.exit-code, 0)  ->  `result.exit-code`: a side of `==` may be absent (replace it where it is absent, `default(value, other)`, or ask with `has`)
                result.exit-code.orValue(0) - 1  ->  s64 = 2
                inputs.dry-run  ->  bool = true
                inputs.count-1  ->  s64 = 6
                inputs.count - inputs.count  ->  s64 = 0
                inputs.count-inputs.count  ->  `inputs.count-inputs`: there is no input `count-inputs` (there are name, count, dry-run, label)
            "#]],
        );
    }

    #[test]
    fn texts_and_lists_have_their_functions() {
        check(
            &[
                "size(inputs.name) + inputs.name.size()",
                "inputs.name + ' ' + string(inputs.count)",
                r#"inputs.name.matches(r"^voy\w+$")"#,
                "inputs.name.contains('yag') && startsWith(inputs.name, 'v')",
                "'a' in ['a', 'b']",
                "['a', 'b'].join(', ')",
                "[1, 2.5] + []",
                "steps.scan.filter(f, f.severity == 'high').map(f, f.path)",
                "steps.scan.all(f, f.severity in ['low', 'high'])",
                "steps.scan.exists(f, steps.scan.exists(g, f.path != g.path && g == g))",
                "steps.lists.present().flatten()",
                "steps.scan[1].path",
                "int('12') + int(2.9)",
                "'\\u00e9\\n'",
            ],
            expect![[r#"
                size(inputs.name) + inputs.name.size()  ->  s64 = 14
                inputs.name + ' ' + string(inputs.count)  ->  string = "voyager 7"
                inputs.name.matches(r"^voy\w+$")  ->  bool = true
                inputs.name.contains('yag') && startsWith(inputs.name, 'v')  ->  bool = true
                'a' in ['a', 'b']  ->  bool = true
                ['a', 'b'].join(', ')  ->  string = "a, b"
                [1, 2.5] + []  ->  list<f64> = [1, 2.5]
                steps.scan.filter(f, f.severity == 'high').map(f, f.path)  ->  list<string> = ["b"]
                steps.scan.all(f, f.severity in ['low', 'high'])  ->  bool = true
                steps.scan.exists(f, steps.scan.exists(g, f.path != g.path && g == g))  ->  bool = true
                steps.lists.present().flatten()  ->  list<f64> = [1.5, 2.0]
                steps.scan[1].path  ->  string = "b"
                int('12') + int(2.9)  ->  s64 = 14
                '\u00e9\n'  ->  string = "é\n"
            "#]],
        );
    }

    #[test]
    fn what_may_be_absent_has_to_be_replaced_or_asked() {
        check(
            &[
                "inputs.label",
                "inputs.label == 'x'",
                "default(inputs.label, 'none')",
                "has(steps.test)",
                "steps.test.stdout",
                "steps.test.?stdout.orValue('')",
                "steps.skipped.?stdout",
                "steps.test.?exit-code",
                "default(steps.skipped.?exit-code, -1) == 0",
                "steps.scan[?9].?path",
                "has(inputs.name)",
                "!inputs.label",
            ],
            expect![[r#"
                inputs.label  ->  option<string> = none
                inputs.label == 'x'  ->  `inputs.label`: a side of `==` may be absent (replace it where it is absent, `default(value, other)`, or ask with `has`)
                default(inputs.label, 'none')  ->  string = "none"
                has(steps.test)  ->  bool = true
                steps.test.stdout  ->  `steps.test.stdout`: what `.stdout` is taken from may be absent (write `.?stdout` and replace it where it is absent: `default(x.?stdout, other)`)
                steps.test.?stdout.orValue('')  ->  string = "ok"
                steps.skipped.?stdout  ->  option<string> = none
                steps.test.?exit-code  ->  option<s32> = some(3)
                default(steps.skipped.?exit-code, -1) == 0  ->  bool = false
                steps.scan[?9].?path  ->  option<string> = none
                has(inputs.name)  ->  `inputs.name`: `has` takes a value that may be absent, this is a string (the value is always there: use it as it is)
                !inputs.label  ->  `inputs.label`: `!` needs a bool, and this may be absent (ask with `has(value)`, or `default(value, false)`)
            "#]],
        );
    }

    #[test]
    fn mistakes_are_named_with_the_way_out() {
        check(
            &[
                "",
                "1 +",
                "(1",
                "inputs",
                "inputs.nam",
                "steps.scna",
                "name",
                "nonsense",
                "result.exit_code",
                "result.exitcode",
                "inputs.name.lenght",
                "steps.scan.path",
                "inputs.count && true",
                "inputs.name + 1",
                "steps.scan[0].severity == 'hihg'",
                "inputs.name = 'a'",
                "inputs.name and true",
                "null",
                "sizeof(inputs.name)",
                "size()",
                "map(steps.scan, x)",
                "'open",
                "'a\\q'",
                "inputs.name.matches('(')",
                "inputs.name.matches(inputs.name)",
                "99999999999999999999",
                "${inputs.name}",
                "steps.scan.map(x, x.pth) == [] && inputs.nam == ''",
            ],
            expect![[r#"
                  ->  ``: the expression is empty
                1 +  ->  ``: the expression ends where a value belongs
                (1  ->  ``: the expression ends where the `)` that closes this bracket belongs
                inputs  ->  `inputs`: `inputs` alone is no value (name an input: `inputs.NAME`)
                inputs.nam  ->  `inputs.nam`: there is no input `nam` (did you mean `name`?)
                steps.scna  ->  `steps.scna`: there is no step `scna` (did you mean `scan`?)
                name  ->  `name`: there is no `name` here (write `inputs.name`)
                nonsense  ->  `nonsense`: there is no `nonsense` here (there are result, inputs, steps; a text needs quotes)
                result.exit_code  ->  `exit_code`: a record { exit-code: option<s32>, stdout: string } has no field `exit_code` (did you mean `exit-code`?)
                result.exitcode  ->  `exitcode`: a record { exit-code: option<s32>, stdout: string } has no field `exitcode` (did you mean `exit-code`?)
                inputs.name.lenght  ->  `lenght`: a string has no fields (use the value itself)
                steps.scan.path  ->  `path`: a list<record { path: string, severity: enum { low, high } }> has no fields (take one element, `[0].path`, or all, `.map(x, x.path)`)
                inputs.count && true  ->  `inputs.count`: `&&` needs a bool, this is a u32 (compare it: `value != 0`)
                inputs.name + 1  ->  `inputs.name + 1`: `+` can't join a string and an s64 (make it a text with `string(...)`)
                steps.scan[0].severity == 'hihg'  ->  `steps.scan[0].severity == 'hihg'`: `hihg` is never this value (did you mean `high`?)
                inputs.name = 'a'  ->  `=`: `=` has no meaning in an expression (compare with `==`)
                inputs.name and true  ->  `and`: here is `and` where an operator or the end belongs (the operators are `&&`, `||`, `!`)
                null  ->  `null`: there is no `null` (ask with `has(x)` whether an optional value is there; `default(x, y)` replaces an absent one)
                sizeof(inputs.name)  ->  `sizeof`: there is no function `sizeof` (did you mean `size`?)
                size()  ->  `size()`: `size` takes 1 argument, here are 0 (what stands before the dot counts as the first)
                map(steps.scan, x)  ->  `map`: there is no function `map` (it works on a list: `list.map(x, ...)`)
                'open  ->  `'`: this text has no end (close it with `'`)
                'a\q'  ->  `\q`: no such escape (known are \n \t \r \\ \" \' \uXXXX \UXXXXXXXX; without escapes: r"...")
                inputs.name.matches('(')  ->  `'('`: malformed pattern: unclosed group
                inputs.name.matches(inputs.name)  ->  `inputs.name`: the pattern must be a literal text (for a computed text use `contains`, `startsWith`, `endsWith`)
                99999999999999999999  ->  `99999999999999999999`: this number is out of range (whole numbers have 64 bits, floats are finite)
                ${inputs.name}  ->  `$`: `$` has no meaning in an expression (expressions stand bare, without `${ }`)
                steps.scan.map(x, x.pth) == [] && inputs.nam == ''  ->  `pth`: a record { path: string, severity: enum { low, high } } has no field `pth` (did you mean `path`?); `inputs.nam`: there is no input `nam` (did you mean `name`?)
            "#]],
        );
    }

    #[test]
    fn failures_of_values_are_values() {
        check(
            &[
                "1 / 0",
                "1 % 0",
                "1.0 / 0",
                "9223372036854775807 + 1",
                "steps.scan[2]",
                "int('x')",
                "int(1e300)",
            ],
            expect![[r#"
                1 / 0  ->  s64 fails: `1 / 0`: division by zero
                1 % 0  ->  s64 fails: `1 % 0`: division by zero
                1.0 / 0  ->  f64 fails: `1.0 / 0`: the number is out of range
                9223372036854775807 + 1  ->  s64 fails: `9223372036854775807 + 1`: the number is out of range
                steps.scan[2]  ->  record { path: string, severity: enum { low, high } } fails: `steps.scan[2]`: there is no element 2, the list has 2
                int('x')  ->  s64 fails: `'x'`: the text is no number
                int(1e300)  ->  s64 fails: `1e300`: the number is out of range
            "#]],
        );
    }

    #[test]
    fn size_depth_and_work_are_bounded() {
        let code = |text: &str| Expr::parse(text).unwrap_err()[0].code;
        assert_eq!(code(&"(".repeat(5_000)), Code::ExpressionSize);
        assert_eq!(code(&"!".repeat(5_000)), Code::ExpressionSize);
        assert_eq!(code(&vec!["1"; 200].join("+")), Code::ExpressionSize);
        assert_eq!(code(&format!("[{}]", "1,".repeat(2_000))), Code::ExpressionSize);
        assert_eq!(code(&" ".repeat(TEXT_BYTES_MAX + 1)), Code::ExpressionSize);

        let list = format!("[{}1]", "1,".repeat(200));
        let nested = (0..6).fold("true".to_owned(), |body, i| format!("l.all(x{i}, {body})"));
        let text = format!("[{list}].all(l, {nested})");
        let error = Expr::parse(&text).unwrap().evaluate(&names()).unwrap_err();
        assert_eq!(error.cause, EvalCause::Cost);
    }

    #[test]
    fn references_leave_bound_items_out() {
        let expr = Expr::parse("steps.a.map(x, x + inputs.b + item)").unwrap();
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(
            expr.references(),
            References { inputs: set(&["b"]), steps: set(&["a"]), locals: set(&["item"]) }
        );
    }

    #[test]
    fn an_expression_is_stored_as_its_text() {
        let expr = Expr::parse("inputs.a-b > 1").unwrap();
        let json = serde_json::to_string(&expr).unwrap();
        assert_eq!(json, "\"inputs.a-b > 1\"");
        assert_eq!(serde_json::from_str::<Expr>(&json).unwrap(), expr);
        assert!(serde_json::from_str::<Expr>("\"1 +\"").is_err());
    }
}
