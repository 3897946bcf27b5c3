//! Halstead's operators and operands of Python, as radon counts them: an operand is what stands
//! beside an operator; names, attributes and constants are the same operand where Python holds them
//! equal (`1`, `1.0` and `True` are) within functions of one name, anything else is one of its own.

use std::borrow::Cow;

use ruff_python_ast::{Expr, ExprNumberLiteral, Number};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::contract::exports::voyager::coder::metrics::Halstead;
use crate::figures;

/// A name, an attribute or a constant, compared as Python compares.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Text(&'a str),
    Bytes(Cow<'a, [u8]>),
    Integer(u64),
    Large(String),
    Float(u64),
    Imaginary(u64),
    None,
    Ellipsis,
}

/// The name of the function around an operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Context(usize);

/// The operators and operands that were met.
pub(super) struct Operands<'a> {
    /// The function around what comes next.
    pub(super) context: Context,
    contexts: FxHashMap<&'a str, Context>,
    keys: FxHashSet<(Context, Key<'a>)>,
    unequal: u32,
    operands: u32,
    operators: u32,
    operators_seen: u64,
}

/// The operators of one group start at this bit of `operators_seen`.
pub(super) const BINARY: u32 = 0;
pub(super) const UNARY: u32 = 16;
pub(super) const BOOLEAN: u32 = 24;
pub(super) const COMPARISON: u32 = 32;

impl<'a> Operands<'a> {
    pub(super) fn new() -> Self {
        Self {
            context: Context(0),
            contexts: FxHashMap::default(),
            keys: FxHashSet::default(),
            unequal: 0,
            operands: 0,
            operators: 0,
            operators_seen: 0,
        }
    }

    /// Enters a function; returns the context to go back to.
    pub(super) fn enter(&mut self, name: &'a str) -> Context {
        let next = Context(self.contexts.len() + 1);
        std::mem::replace(&mut self.context, *self.contexts.entry(name).or_insert(next))
    }

    /// Counts an operator, the `number`th of its group.
    pub(super) fn operator(&mut self, group: u32, number: u32) {
        self.operators += 1;
        self.operators_seen |= 1 << (group + number);
    }

    /// Counts an operand.
    pub(super) fn operand(&mut self, expression: &'a Expr) {
        self.operands += 1;
        match key(expression) {
            Some(key) => {
                self.keys.insert((self.context, key));
            }
            None => self.unequal += 1,
        }
    }

    /// What was counted.
    pub(super) fn halstead(&self) -> Halstead {
        let operands_distinct =
            u32::try_from(self.keys.len()).unwrap_or(u32::MAX).saturating_add(self.unequal);
        figures::halstead(
            self.operators_seen.count_ones(),
            operands_distinct,
            self.operators,
            self.operands,
        )
    }
}
fn key(expression: &Expr) -> Option<Key<'_>> {
    Some(match expression {
        Expr::Name(name) => Key::Text(name.id.as_str()),
        Expr::Attribute(attribute) => Key::Text(attribute.attr.as_str()),
        Expr::StringLiteral(literal) => Key::Text(literal.value.to_str()),
        Expr::BytesLiteral(literal) => Key::Bytes(match literal.value.as_slice() {
            [one] => Cow::Borrowed(&one.value),
            many => many.iter().flat_map(|part| part.value.iter().copied()).collect(),
        }),
        Expr::NumberLiteral(literal) => number(literal),
        Expr::BooleanLiteral(literal) => Key::Integer(u64::from(literal.value)),
        Expr::NoneLiteral(_) => Key::None,
        Expr::EllipsisLiteral(_) => Key::Ellipsis,
        _ => return None,
    })
}

fn number(literal: &ExprNumberLiteral) -> Key<'_> {
    match &literal.value {
        Number::Int(integer) => {
            integer.as_u64().map_or_else(|| Key::Large(integer.to_string()), Key::Integer)
        }
        Number::Float(float) => real(*float),
        Number::Complex { imag, .. } if *imag == 0.0 => Key::Integer(0),
        Number::Complex { imag, .. } => Key::Imaginary(imag.to_bits()),
    }
}

/// A float equals the integer of its value.
fn real<'a>(float: f64) -> Key<'a> {
    if float.fract() == 0.0 && float < 18_446_744_073_709_551_616.0 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "literals are not negative; checked"
        )]
        let integer = float as u64;
        Key::Integer(integer)
    } else {
        Key::Float(float.to_bits())
    }
}
