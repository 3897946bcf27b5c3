//! Computes an expression. Values of the scope are borrowed until one is changed or given back.

use std::{borrow::Cow, cmp::Ordering};

use voyager_base::Value;

use super::{
    COST_MAX, EvalCause, Scope,
    syntax::{Function, Kind, Node, Operator, Quantifier, Span},
};
use crate::convert::kind;

type Failure = (EvalCause, Span);
type Evaluated<'v> = Result<Cow<'v, Value>, Failure>;

pub(super) fn evaluate(root: &Node, scope: &dyn Scope) -> Result<Value, Failure> {
    Evaluation { scope, cost: 0 }.node(root, None).map(Cow::into_owned)
}

struct Evaluation<'s> {
    scope: &'s dyn Scope,
    cost: u64,
}

/// Items that enclosing `map` and the like have bound, innermost first.
#[derive(Clone, Copy)]
struct Bound<'v> {
    name: &'v str,
    value: &'v Value,
    outer: Option<&'v Self>,
}

fn bound<'v>(name: &str, mut from: Option<&'v Bound<'v>>) -> Option<&'v Value> {
    while let Some(bound) = from {
        if bound.name == name {
            return Some(bound.value);
        }
        from = bound.outer;
    }
    None
}

impl<'s> Evaluation<'s> {
    fn node<'v>(&mut self, node: &'v Node, locals: Option<&'v Bound<'v>>) -> Evaluated<'v>
    where
        's: 'v,
    {
        self.pay(1, &node.span)?;
        let scope = self.scope;
        let known = |value: Option<&'v Value>| match value {
            Some(value) => Ok(Cow::Borrowed(value)),
            None => Err((EvalCause::Missing, node.span.clone())),
        };
        match &node.kind {
            Kind::Literal(value) => Ok(Cow::Borrowed(value)),
            Kind::Input(name) => known(scope.input(name)),
            Kind::Step(id) => known(scope.step(id)),
            Kind::Local(name) => known(bound(name, locals).or_else(|| scope.local(name))),
            Kind::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    values.push(self.owned(item, locals)?);
                }
                Ok(Cow::Owned(Value::List(values)))
            }
            Kind::Field { of, name, optional, .. } => {
                let of_value = self.node(of, locals)?;
                self.field(of_value, name, *optional, &node.span)
            }
            Kind::Index { of, at, optional } => {
                let of_value = self.node(of, locals)?;
                let at = self.int(at, locals)?;
                self.element(of_value, at, *optional, &node.span)
            }
            Kind::Not(of) => {
                let value = self.bool(of, locals)?;
                Ok(Cow::Owned(Value::Bool(!value)))
            }
            Kind::Negate(of) => match &*self.node(of, locals)? {
                Value::Int(number) => whole(number.checked_neg(), &node.span),
                Value::Float(number) => Ok(Cow::Owned(Value::Float(-number))),
                other => Err(mistyped(other, &of.span)),
            },
            Kind::Binary { operator, left, right } => {
                self.binary(*operator, left, right, locals, &node.span)
            }
            Kind::Choose { condition, then, otherwise } => {
                let chosen = if self.bool(condition, locals)? { then } else { otherwise };
                self.node(chosen, locals)
            }
            Kind::Call { function, arguments } => {
                self.call(*function, arguments, locals, &node.span)
            }
            Kind::Matches { of, pattern } => {
                let value = self.node(of, locals)?;
                let text = text(&value, &of.span)?;
                self.pay_bytes(text.len(), &node.span)?;
                Ok(Cow::Owned(Value::Bool(pattern.is_match(text))))
            }
            Kind::Each { quantifier, list, variable, body } => {
                self.each(*quantifier, list, variable, body, locals)
            }
        }
    }

    fn field<'v>(
        &mut self,
        of: Cow<'v, Value>,
        name: &str,
        optional: bool,
        span: &Span,
    ) -> Evaluated<'v> {
        let mut of = Some(of);
        while let Some(value) = of.take_if(|of| optional && matches!(**of, Value::Option(_))) {
            of = present(value);
        }
        let Some(of) = of else { return Ok(Cow::Owned(Value::NONE)) };
        let found = match of {
            Cow::Borrowed(of) => of.field(name).map(Cow::Borrowed),
            Cow::Owned(Value::Record(fields)) => fields
                .into_iter()
                .find(|(field, _)| field == name)
                .map(|(_, value)| Cow::Owned(value)),
            Cow::Owned(other) => return Err(mistyped(&other, span)),
        };
        let found = found.ok_or_else(|| (EvalCause::Missing, span.clone()))?;
        if optional { self.some(found, span) } else { Ok(found) }
    }

    fn element<'v>(
        &mut self,
        of: Cow<'v, Value>,
        at: i128,
        optional: bool,
        span: &Span,
    ) -> Evaluated<'v> {
        let of = if optional { present(of) } else { Some(of) };
        let Some(of) = of else { return Ok(Cow::Owned(Value::NONE)) };
        let position = usize::try_from(at).unwrap_or(usize::MAX);
        let (found, length) = match of {
            Cow::Borrowed(Value::List(values) | Value::Tuple(values)) => {
                (values.get(position).map(Cow::Borrowed), values.len())
            }
            Cow::Owned(Value::List(mut values) | Value::Tuple(mut values)) => {
                let length = values.len();
                let found = (position < length).then(|| Cow::Owned(values.swap_remove(position)));
                (found, length)
            }
            other => return Err(mistyped(&other, span)),
        };
        match found {
            Some(found) if optional => self.some(found, span),
            Some(found) => Ok(found),
            None if optional => Ok(Cow::Owned(Value::NONE)),
            None => Err((EvalCause::Index { index: at, length }, span.clone())),
        }
    }

    /// The value as a present option; an option stays as it is, so that chains don't nest.
    fn some<'v>(&mut self, value: Cow<'v, Value>, span: &Span) -> Evaluated<'v> {
        if matches!(*value, Value::Option(_)) {
            return Ok(value);
        }
        if let Cow::Borrowed(value) = &value {
            self.pay_value(value, span)?;
        }
        Ok(Cow::Owned(Value::some(value.into_owned())))
    }

    fn binary<'v>(
        &mut self,
        operator: Operator,
        left: &'v Node,
        right: &'v Node,
        locals: Option<&'v Bound<'v>>,
        span: &Span,
    ) -> Evaluated<'v>
    where
        's: 'v,
    {
        let truth = |truth| Ok(Cow::Owned(Value::Bool(truth)));
        match operator {
            Operator::Or => {
                let truth_value = self.bool(left, locals)? || self.bool(right, locals)?;
                return truth(truth_value);
            }
            Operator::And => {
                let truth_value = self.bool(left, locals)? && self.bool(right, locals)?;
                return truth(truth_value);
            }
            _ => {}
        }
        let (a, b) = (self.node(left, locals)?, self.node(right, locals)?);
        match operator {
            Operator::Equal => truth(self.equal(&a, &b, span)?),
            Operator::Unequal => truth(!self.equal(&a, &b, span)?),
            Operator::In => truth(self.holds(&b, &a, span)?),
            Operator::Less => truth(order(&a, &b, span)? == Some(Ordering::Less)),
            Operator::LessEqual => {
                truth(matches!(order(&a, &b, span)?, Some(Ordering::Less | Ordering::Equal)))
            }
            Operator::Greater => truth(order(&a, &b, span)? == Some(Ordering::Greater)),
            Operator::GreaterEqual => {
                truth(matches!(order(&a, &b, span)?, Some(Ordering::Greater | Ordering::Equal)))
            }
            Operator::Add if !is_number(&a) => self.joined(a, &b, span),
            _ => arithmetic(operator, &a, &b, span),
        }
    }

    /// Texts or lists one after the other.
    fn joined<'v>(&mut self, a: Cow<'v, Value>, b: &Value, span: &Span) -> Evaluated<'v> {
        self.pay_value(&a, span)?;
        self.pay_value(b, span)?;
        match (a.into_owned(), b) {
            (Value::String(a), Value::String(b)) => Ok(Cow::Owned(Value::String(a + b))),
            (Value::List(mut a), Value::List(b)) => {
                a.extend(b.iter().cloned());
                Ok(Cow::Owned(Value::List(a)))
            }
            (Value::String(_) | Value::List(_), other) => Err(mistyped(other, span)),
            (other, _) => Err(mistyped(&other, span)),
        }
    }

    fn holds(&mut self, of: &Value, item: &Value, span: &Span) -> Result<bool, Failure> {
        match of {
            Value::List(values) => {
                for value in values {
                    if self.equal(value, item, span)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Value::Flags(names) => {
                let name = text(item, span)?;
                Ok(names.iter().any(|known| known == name))
            }
            other => Err(mistyped(other, span)),
        }
    }

    fn equal(&mut self, a: &Value, b: &Value, span: &Span) -> Result<bool, Failure> {
        self.pay(1, span)?;
        Ok(match (a, b) {
            (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => *a as f64 == *b,
            (Value::Enum(a) | Value::String(a), Value::Enum(b) | Value::String(b)) => {
                self.pay_bytes(a.len().min(b.len()), span)?;
                a == b
            }
            (Value::Bytes(a), Value::Bytes(b)) => {
                self.pay_bytes(a.len().min(b.len()), span)?;
                a == b
            }
            // A list that an expression makes of `u8`.
            (Value::List(list), Value::Bytes(bytes)) | (Value::Bytes(bytes), Value::List(list)) => {
                self.pay_bytes(bytes.len(), span)?;
                let byte = |(value, byte): (&Value, &u8)| *value == Value::Int((*byte).into());
                list.len() == bytes.len() && list.iter().zip(bytes).all(byte)
            }
            (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
                a.len() == b.len() && self.all_equal(a.iter().zip(b), span)?
            }
            (Value::Record(a), Value::Record(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|(a, b)| a.0 == b.0)
                    && self.all_equal(a.iter().zip(b).map(|(a, b)| (&a.1, &b.1)), span)?
            }
            (Value::Option(Some(a)), Value::Option(Some(b))) => self.equal(a, b, span)?,
            (Value::Variant(a, Some(x)), Value::Variant(b, Some(y))) => {
                a == b && self.equal(x, y, span)?
            }
            (a, b) => a == b,
        })
    }

    fn all_equal<'v>(
        &mut self,
        pairs: impl Iterator<Item = (&'v Value, &'v Value)>,
        span: &Span,
    ) -> Result<bool, Failure> {
        for (a, b) in pairs {
            if !self.equal(a, b, span)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn call<'v>(
        &mut self,
        function: Function,
        arguments: &'v [Node],
        locals: Option<&'v Bound<'v>>,
        span: &Span,
    ) -> Evaluated<'v>
    where
        's: 'v,
    {
        let [first, rest @ ..] = arguments else {
            return Err((EvalCause::Missing, span.clone()));
        };
        let value = self.node(first, locals)?;
        if function == Function::Default {
            return match (present(value), rest) {
                (Some(value), _) => Ok(value),
                (None, [other, ..]) => self.node(other, locals),
                (None, []) => Err((EvalCause::Missing, span.clone())),
            };
        }
        let second = match rest.first() {
            Some(node) => Some((self.node(node, locals)?, &node.span)),
            None => None,
        };
        let second_text = || match &second {
            Some((value, span)) => text(value, span),
            None => Err((EvalCause::Missing, span.clone())),
        };
        let value_of = |value| Ok(Cow::Owned(value));
        match function {
            Function::Default => unreachable!("it evaluates its second argument only where needed"),
            Function::Has => value_of(Value::Bool(!matches!(*value, Value::Option(None)))),
            Function::Size => {
                let size = self.size(&value, &first.span)?;
                value_of(Value::Int(size as i128))
            }
            Function::Contains if matches!(*value, Value::List(_) | Value::Flags(_)) => {
                let Some((item, _)) = &second else {
                    return Err((EvalCause::Missing, span.clone()));
                };
                let holds = self.holds(&value, item, span)?;
                value_of(Value::Bool(holds))
            }
            Function::Contains | Function::StartsWith | Function::EndsWith => {
                let (of, part) = (text(&value, &first.span)?, second_text()?);
                self.pay_bytes(of.len(), span)?;
                value_of(Value::Bool(match function {
                    Function::StartsWith => of.starts_with(part),
                    Function::EndsWith => of.ends_with(part),
                    _ => of.contains(part),
                }))
            }
            Function::Join => self.join(&value, second_text()?, span),
            Function::Flatten => self.flatten(&value, span),
            Function::Present => self.present(&value, span),
            Function::String => string(value, &first.span),
            Function::Int => int(&value, &first.span),
            Function::Float => float(&value, &first.span),
        }
    }

    fn size(&mut self, value: &Value, span: &Span) -> Result<usize, Failure> {
        match value {
            Value::String(text) => {
                self.pay_bytes(text.len(), span)?;
                Ok(text.chars().count())
            }
            Value::Bytes(bytes) => Ok(bytes.len()),
            Value::List(values) => Ok(values.len()),
            Value::Flags(names) => Ok(names.len()),
            other => Err(mistyped(other, span)),
        }
    }

    fn join<'v>(&mut self, list: &Value, between: &str, span: &Span) -> Evaluated<'v> {
        let mut joined = String::new();
        for (position, value) in items(list, span)?.iter().enumerate() {
            let part = text(value, span)?;
            self.pay_bytes(part.len() + between.len(), span)?;
            if position > 0 {
                joined.push_str(between);
            }
            joined.push_str(part);
        }
        Ok(Cow::Owned(Value::String(joined)))
    }

    fn flatten<'v>(&mut self, list: &Value, span: &Span) -> Evaluated<'v> {
        let mut flat = Vec::new();
        for inner in items(list, span)? {
            for value in items(inner, span)? {
                self.pay_value(value, span)?;
                flat.push(value.clone());
            }
        }
        Ok(Cow::Owned(Value::List(flat)))
    }

    fn present<'v>(&mut self, list: &Value, span: &Span) -> Evaluated<'v> {
        let mut there = Vec::new();
        for value in items(list, span)? {
            if let Value::Option(Some(value)) = value {
                self.pay_value(value, span)?;
                there.push((**value).clone());
            }
        }
        Ok(Cow::Owned(Value::List(there)))
    }

    fn each<'v>(
        &mut self,
        quantifier: Quantifier,
        list: &'v Node,
        variable: &'v str,
        body: &'v Node,
        locals: Option<&'v Bound<'v>>,
    ) -> Evaluated<'v>
    where
        's: 'v,
    {
        let of = self.node(list, locals)?;
        let mut made = Vec::new();
        for item in items(&of, &list.span)? {
            let inner = Bound { name: variable, value: item, outer: locals };
            if quantifier == Quantifier::Map {
                made.push(self.owned(body, Some(&inner))?);
                continue;
            }
            let holds = self.bool(body, Some(&inner))?;
            match quantifier {
                Quantifier::All if !holds => return Ok(Cow::Owned(Value::Bool(false))),
                Quantifier::Exists if holds => return Ok(Cow::Owned(Value::Bool(true))),
                Quantifier::Filter if holds => {
                    self.pay_value(item, &list.span)?;
                    made.push(item.clone());
                }
                _ => {}
            }
        }
        Ok(Cow::Owned(match quantifier {
            Quantifier::All => Value::Bool(true),
            Quantifier::Exists => Value::Bool(false),
            Quantifier::Filter | Quantifier::Map => Value::List(made),
        }))
    }

    fn owned(&mut self, node: &Node, locals: Option<&Bound<'_>>) -> Result<Value, Failure> {
        let value = self.node(node, locals)?;
        if let Cow::Borrowed(value) = &value {
            self.pay_value(value, &node.span)?;
        }
        Ok(value.into_owned())
    }

    fn bool(&mut self, node: &Node, locals: Option<&Bound<'_>>) -> Result<bool, Failure> {
        match &*self.node(node, locals)? {
            Value::Bool(truth) => Ok(*truth),
            other => Err(mistyped(other, &node.span)),
        }
    }

    fn int(&mut self, node: &Node, locals: Option<&Bound<'_>>) -> Result<i128, Failure> {
        match &*self.node(node, locals)? {
            Value::Int(number) => Ok(*number),
            other => Err(mistyped(other, &node.span)),
        }
    }

    fn pay(&mut self, cost: u64, span: &Span) -> Result<(), Failure> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost > COST_MAX { Err((EvalCause::Cost, span.clone())) } else { Ok(()) }
    }

    /// Bytes are cheap: 64 cost as much as a step.
    fn pay_bytes(&mut self, bytes: usize, span: &Span) -> Result<(), Failure> {
        self.pay(bytes as u64 / 64, span)
    }

    /// What copying the value costs.
    fn pay_value(&mut self, value: &Value, span: &Span) -> Result<(), Failure> {
        self.pay(1, span)?;
        match value {
            Value::String(text) => self.pay_bytes(text.len(), span),
            Value::Bytes(bytes) => self.pay_bytes(bytes.len(), span),
            Value::List(values) | Value::Tuple(values) => {
                values.iter().try_for_each(|value| self.pay_value(value, span))
            }
            Value::Record(fields) => {
                fields.iter().try_for_each(|(_, value)| self.pay_value(value, span))
            }
            Value::Option(Some(inner))
            | Value::Variant(_, Some(inner))
            | Value::Result(Ok(Some(inner)) | Err(Some(inner))) => self.pay_value(inner, span),
            _ => Ok(()),
        }
    }
}

fn mistyped(value: &Value, span: &Span) -> Failure {
    let cause = match value {
        Value::Option(None) => EvalCause::Absent,
        other => EvalCause::Type { found: kind(other) },
    };
    (cause, span.clone())
}

/// What an option holds; anything else itself.
fn present(value: Cow<'_, Value>) -> Option<Cow<'_, Value>> {
    match value {
        Cow::Borrowed(Value::Option(inner)) => inner.as_deref().map(Cow::Borrowed),
        Cow::Owned(Value::Option(inner)) => inner.map(|inner| Cow::Owned(*inner)),
        other => Some(other),
    }
}

fn items<'v>(value: &'v Value, span: &Span) -> Result<&'v [Value], Failure> {
    match value {
        Value::List(values) => Ok(values),
        other => Err(mistyped(other, span)),
    }
}

fn text<'v>(value: &'v Value, span: &Span) -> Result<&'v str, Failure> {
    match value {
        Value::String(text) | Value::Enum(text) => Ok(text),
        other => Err(mistyped(other, span)),
    }
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_))
}

fn whole<'v>(number: Option<i128>, span: &Span) -> Evaluated<'v> {
    match number.filter(|number| i64::try_from(*number).is_ok()) {
        Some(number) => Ok(Cow::Owned(Value::Int(number))),
        None => Err((EvalCause::Overflow, span.clone())),
    }
}

fn arithmetic<'v>(operator: Operator, a: &Value, b: &Value, span: &Span) -> Evaluated<'v> {
    if let (Value::Int(a), Value::Int(b)) = (a, b) {
        if matches!(operator, Operator::Divide | Operator::Remainder) && *b == 0 {
            return Err((EvalCause::DivisionByZero, span.clone()));
        }
        let number = match operator {
            Operator::Add => a.checked_add(*b),
            Operator::Subtract => a.checked_sub(*b),
            Operator::Multiply => a.checked_mul(*b),
            Operator::Divide => a.checked_div(*b),
            _ => a.checked_rem(*b),
        };
        return whole(number, span);
    }
    let (a, b) = (number(a, span)?, number(b, span)?);
    let number = match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        _ => a % b,
    };
    if number.is_finite() {
        Ok(Cow::Owned(Value::Float(number)))
    } else {
        Err((EvalCause::Overflow, span.clone()))
    }
}

fn number(value: &Value, span: &Span) -> Result<f64, Failure> {
    match value {
        Value::Int(number) => Ok(*number as f64),
        Value::Float(number) => Ok(*number),
        other => Err(mistyped(other, span)),
    }
}

fn order(a: &Value, b: &Value, span: &Span) -> Result<Option<Ordering>, Failure> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(Some(a.cmp(b))),
        (Value::String(a), Value::String(b)) => Ok(Some(a.cmp(b))),
        _ => Ok(number(a, span)?.partial_cmp(&number(b, span)?)),
    }
}

fn string<'v>(value: Cow<'v, Value>, span: &Span) -> Evaluated<'v> {
    match shown(&value) {
        Some(text) => Ok(Cow::Owned(Value::String(text))),
        None if matches!(*value, Value::String(_)) => Ok(value),
        None => Err(mistyped(&value, span)),
    }
}

/// A value that is no text as one, where it can be shown so.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Char(character) => Some(character.to_string()),
        Value::Enum(name) => Some(name.clone()),
        _ => None,
    }
}

/// The value of an expression as a text.
pub(super) fn text_of(root: &Node, scope: &dyn Scope) -> Result<String, Failure> {
    match evaluate(root, scope)? {
        Value::String(text) => Ok(text),
        value => shown(&value).ok_or_else(|| mistyped(&value, &root.span)),
    }
}

fn int<'v>(value: &Value, span: &Span) -> Evaluated<'v> {
    match value {
        Value::Int(number) => whole(Some(*number), span),
        // Towards zero, as in CEL; `as` saturates, so what is out of range stays so.
        Value::Float(number) => whole(number.is_finite().then_some(number.trunc() as i128), span),
        Value::String(text) => match text.parse::<i64>() {
            Ok(number) => Ok(Cow::Owned(Value::Int(number.into()))),
            Err(_) => Err((EvalCause::NoNumber, span.clone())),
        },
        other => Err(mistyped(other, span)),
    }
}

fn float<'v>(value: &Value, span: &Span) -> Evaluated<'v> {
    match value {
        Value::String(text) => match text.parse::<f64>().ok().filter(|number| number.is_finite()) {
            Some(number) => Ok(Cow::Owned(Value::Float(number))),
            None => Err((EvalCause::NoNumber, span.clone())),
        },
        other => number(other, span).map(|number| Cow::Owned(Value::Float(number))),
    }
}
