//! What a run is given: values as text, and the rules that they have to keep.

use regex::RegexBuilder;
use voyager_base::{Type, Value};

use crate::{
    plan::{Input, InputKind},
    scalar,
};

/// Most bytes of a compiled pattern.
pub(crate) const PATTERN_BYTES_MAX: usize = 256 << 10;

/// A value can't be given for an input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct InputError {
    /// Why, in a few words.
    pub reason: String,
}

fn error(reason: impl Into<String>) -> InputError {
    InputError { reason: reason.into() }
}

impl Input {
    /// Reads what somebody wrote: `7`, `true`, `10m`, a text as it is; lists and records as JSON.
    ///
    /// # Errors
    /// Why it can't be given.
    pub fn read(&self, text: &str) -> Result<Value, InputError> {
        let inner = match &self.ty {
            Type::Option(inner) => inner,
            ty => ty,
        };
        let value = read(&self.kind, inner, text)?;
        accepts(&self.kind, &value)?;
        Ok(if matches!(self.ty, Type::Option(_)) { Value::some(value) } else { value })
    }

    /// Checks a value of the input's type against its rules.
    ///
    /// # Errors
    /// Why it can't be given.
    pub fn accepts(&self, value: &Value) -> Result<(), InputError> {
        if !value.is_of(&self.ty) {
            return Err(error(format!("{} is wanted", crate::convert::article(&self.ty))));
        }
        match value {
            Value::Option(None) => Ok(()),
            Value::Option(Some(value)) => accepts(&self.kind, value),
            value => accepts(&self.kind, value),
        }
    }
}

/// Reads a text as a value of the kind.
pub(crate) fn read(kind: &InputKind, ty: &Type, text: &str) -> Result<Value, InputError> {
    let wanted = |what: &str| error(format!("{what} is wanted, here is `{text}`"));
    match (kind, ty) {
        (InputKind::Duration, _) => {
            let duration =
                scalar::duration(text).ok_or_else(|| wanted("a duration like `30s` or `5m`"))?;
            Ok(Value::Int(i128::try_from(duration.as_millis()).unwrap_or(i128::MAX)))
        }
        (InputKind::Size, _) => match scalar::size(text) {
            Some(bytes) => Ok(Value::Int(bytes.into())),
            None => Err(wanted("a size like `64KiB` or `16MiB`")),
        },
        (_, Type::String) => Ok(Value::String(text.to_owned())),
        (_, Type::Enum(_)) => Ok(Value::Enum(text.to_owned())),
        (_, Type::Bool) => {
            scalar::bool(text).map(Value::Bool).ok_or_else(|| wanted("`true` or `false`"))
        }
        (_, Type::Int(width)) => match scalar::int(text) {
            Some(number) if width.holds(number) => Ok(Value::Int(number)),
            _ => Err(wanted(&format!("a whole number ({})", width.name()))),
        },
        (_, Type::F32 | Type::F64) => match scalar::float(text) {
            Some(number) => crate::convert::convert(Value::Float(number), ty)
                .map_err(|misfit| error(misfit.to_string())),
            None => Err(wanted("a number")),
        },
        _ => {
            let json: serde_json::Value = serde_json::from_str(text)
                .map_err(|_| wanted(&format!("{} as JSON", crate::convert::article(ty))))?;
            Value::from_json(ty, &json).map_err(|mismatch| error(mismatch.to_string()))
        }
    }
}

/// Checks a value against the rules of the kind.
pub(crate) fn accepts(kind: &InputKind, value: &Value) -> Result<(), InputError> {
    match (kind, value) {
        (InputKind::Text { pattern, length_max }, Value::String(text)) => {
            if length_max.is_some_and(|most| text.chars().count() as u64 > most) {
                let most = length_max.unwrap_or_default();
                return Err(error(format!("the text has more than {most} characters")));
            }
            let Some(pattern) = pattern else { return Ok(()) };
            let whole = format!("^(?:{pattern})$");
            match RegexBuilder::new(&whole).size_limit(PATTERN_BYTES_MAX).build() {
                Ok(regex) if regex.is_match(text) => Ok(()),
                _ => Err(error(format!("the text doesn't match the pattern `{pattern}`"))),
            }
        }
        (InputKind::Int { min, max }, Value::Int(number)) => {
            if min.is_some_and(|least| *number < least.into()) {
                return Err(error(format!("at least {} is wanted", min.unwrap_or_default())));
            }
            if max.is_some_and(|most| *number > most.into()) {
                return Err(error(format!("at most {} is wanted", max.unwrap_or_default())));
            }
            Ok(())
        }
        (InputKind::Choice(names), Value::Enum(name)) if !names.contains(name) => {
            Err(error(format!("`{name}` is not one of {}", names.join(", "))))
        }
        _ => Ok(()),
    }
}
