//! Makes a value fit a type that is not quite its own.
//!
//! Whole numbers change their width where they fit and become floats where one is wanted, a value
//! becomes a present option and an option of an option one option, a record gets its absent options
//! and loses the fields that nobody asks for. Nothing else converts by itself.
//! [`fits`] says the same of types before a run, all but the ranges of numbers.

use voyager_base::{
    Type, Value,
    types::{Case, Field, IntKind},
};

/// A value doesn't fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", place(.at))]
pub struct Misfit {
    /// Fields and positions that lead to what doesn't fit, outermost first.
    pub at: Vec<String>,
    /// What doesn't fit there.
    pub reason: String,
}

fn place(at: &[String]) -> String {
    if at.is_empty() { String::new() } else { format!("in `{}`: ", at.join(".")) }
}

impl Misfit {
    fn new(reason: impl Into<String>) -> Self {
        Self { at: Vec::new(), reason: reason.into() }
    }

    fn inside(mut self, step: impl Into<String>) -> Self {
        self.at.insert(0, step.into());
        self
    }
}

/// Whether values of `from` can be [converted](convert) to `to`.
///
/// # Errors
/// The first part that can't, in words.
pub fn fits(from: &Type, to: &Type) -> Result<(), Misfit> {
    match (from, to) {
        (from, _) if is_nothing(from) => Ok(()),
        (Type::List(from), Type::Bytes) if is_nothing(from) => Ok(()),
        // Absent is absent, however often it is said.
        (Type::Option(from), Type::Option(to)) if is_option(from) && !is_option(to) => {
            fits(from, &Type::option((**to).clone()))
        }
        (Type::Option(from), Type::Option(to)) => fits(from, to),
        (from, Type::Option(to)) => fits(from, to),
        (Type::Int(_), Type::Int(_) | Type::F32 | Type::F64)
        | (Type::F32 | Type::F64, Type::F32 | Type::F64) => Ok(()),
        (Type::List(from), Type::List(to)) => fits(from, to).map_err(|e| e.inside("[]")),
        (Type::Tuple(from), Type::Tuple(to)) if from.len() == to.len() => from
            .iter()
            .zip(to)
            .enumerate()
            .try_for_each(|(i, (from, to))| fits(from, to).map_err(|e| e.inside(i.to_string()))),
        (Type::Record(from), Type::Record(to)) => record_fits(&from.body, &to.body),
        (Type::Enum(from), Type::Enum(to)) => {
            match from.body.iter().find(|name| !to.body.contains(name)) {
                Some(name) => {
                    Err(Misfit::new(format!("`{name}` is not one of {}", to.body.join(", "))))
                }
                None => Ok(()),
            }
        }
        (Type::Variant(from), Type::Variant(to)) => variant_fits(&from.body, &to.body),
        (Type::Option(inner), to) if fits(inner, to).is_ok() => {
            Err(Misfit::new(format!("the value may be absent, and {to} is wanted")))
        }
        (from, to) if from.same(to) => Ok(()),
        (from, to) => {
            Err(Misfit::new(format!("{} is wanted, this is {}", article(to), article(from))))
        }
    }
}

fn record_fits(from: &[Field], to: &[Field]) -> Result<(), Misfit> {
    for field in to {
        match from.iter().find(|given| given.name == field.name) {
            Some(given) => fits(&given.ty, &field.ty).map_err(|e| e.inside(&field.name))?,
            None if matches!(field.ty, Type::Option(_)) => {}
            None => return Err(Misfit::new(format!("the field `{}` is missing", field.name))),
        }
    }
    Ok(())
}

fn variant_fits(from: &[Case], to: &[Case]) -> Result<(), Misfit> {
    for case in from {
        let Some(wanted) = to.iter().find(|wanted| wanted.name == case.name) else {
            return Err(Misfit::new(format!("there is no case `{}`", case.name)));
        };
        match (&case.ty, &wanted.ty) {
            (Some(from), Some(to)) => fits(from, to).map_err(|e| e.inside(&case.name))?,
            (None, None) => {}
            _ => return Err(Misfit::new("only one of both carries a value").inside(&case.name)),
        }
    }
    Ok(())
}

/// The value as one of `ty`.
///
/// # Errors
/// The first part that doesn't fit, in words.
pub fn convert(value: Value, ty: &Type) -> Result<Value, Misfit> {
    match (value, ty) {
        (Value::Option(None), Type::Option(_)) => Ok(Value::NONE),
        (Value::Option(Some(value)), ty @ Type::Option(inner))
            if matches!(*value, Value::Option(_)) && !is_option(inner) =>
        {
            convert(*value, ty)
        }
        (Value::Option(Some(value)), Type::Option(ty)) => convert(*value, ty).map(Value::some),
        (value, Type::Option(ty)) => convert(value, ty).map(Value::some),
        (Value::Int(number), Type::Int(kind)) if !kind.holds(number) => {
            let (least, most) = kind.range();
            Err(Misfit::new(format!(
                "{number} doesn't fit {}, which holds {least} to {most}",
                kind.name()
            )))
        }
        (Value::Int(number), Type::F64) => Ok(Value::Float(number as f64)),
        (Value::Int(number), Type::F32) => Ok(Value::Float(f64::from(number as f32))),
        (Value::Float(number), Type::F32) => Ok(Value::Float(f64::from(number as f32))),
        (Value::List(values), Type::List(ty)) => {
            let each = |(i, value)| convert(value, ty).map_err(|e| e.inside(format!("[{i}]")));
            values.into_iter().enumerate().map(each).collect::<Result<_, _>>().map(Value::List)
        }
        // A list that an expression makes doesn't know what it is a list of.
        (Value::List(values), Type::Bytes) => {
            let byte = |(i, value)| match convert(value, &Type::Int(IntKind::U8)) {
                Ok(Value::Int(number)) => Ok(number as u8),
                Ok(other) => Err(Misfit::new(format!("a u8 is wanted, this is {}", kind(&other)))),
                Err(misfit) => Err(misfit.inside(format!("[{i}]"))),
            };
            values.into_iter().enumerate().map(byte).collect::<Result<_, _>>().map(Value::Bytes)
        }
        (Value::Tuple(values), Type::Tuple(types)) => {
            if values.len() != types.len() {
                let (wanted, given) = (types.len(), values.len());
                return Err(Misfit::new(format!("{wanted} values are wanted, these are {given}")));
            }
            let each = |(i, (value, ty)): (usize, (Value, &Type))| {
                convert(value, ty).map_err(|e| e.inside(i.to_string()))
            };
            let values = values.into_iter().zip(types).enumerate().map(each);
            values.collect::<Result<_, _>>().map(Value::Tuple)
        }
        // What a manifest writes as a list.
        (Value::List(values), tuple @ Type::Tuple(_)) => convert(Value::Tuple(values), tuple),
        (Value::Record(values), Type::Record(record)) => convert_record(values, &record.body),
        (Value::Variant(name, Some(value)), Type::Variant(variant)) => {
            let case = variant.body.iter().find(|case| case.name == name);
            match case.and_then(|case| case.ty.as_ref()) {
                Some(ty) => {
                    let value = convert(*value, ty).map_err(|e| e.inside(&name))?;
                    Ok(Value::Variant(name, Some(Box::new(value))))
                }
                None => Err(Misfit::new(format!("there is no case `{name}` with a value"))),
            }
        }
        (value, ty) if value.is_of(ty) => Ok(value),
        (Value::Option(None), ty) => {
            Err(Misfit::new(format!("the value is absent, and {} is wanted", article(ty))))
        }
        (Value::Option(Some(_)), ty) => {
            Err(Misfit::new(format!("the value is optional, and {} is wanted", article(ty))))
        }
        (value, ty) => {
            Err(Misfit::new(format!("{} is wanted, this is {}", article(ty), kind(&value))))
        }
    }
}

fn convert_record(mut values: Vec<(String, Value)>, fields: &[Field]) -> Result<Value, Misfit> {
    let mut converted = Vec::with_capacity(fields.len());
    for field in fields {
        let value = match values.iter().position(|(name, _)| *name == field.name) {
            Some(at) => {
                convert(values.swap_remove(at).1, &field.ty).map_err(|e| e.inside(&field.name))?
            }
            None if matches!(field.ty, Type::Option(_)) => Value::NONE,
            None => return Err(Misfit::new(format!("the field `{}` is missing", field.name))),
        };
        converted.push((field.name.clone(), value));
    }
    Ok(Value::Record(converted))
}

fn is_option(ty: &Type) -> bool {
    matches!(ty, Type::Option(_))
}

/// The type of the elements of an empty list: it fits every type, and no value has it.
pub(crate) fn nothing() -> Type {
    Type::Handle(NOTHING.to_owned())
}

pub(crate) fn is_nothing(ty: &Type) -> bool {
    matches!(ty, Type::Handle(name) if name == NOTHING)
}

/// No identifier of WIT, so no handle has it.
const NOTHING: &str = "(nothing)";

/// The type's name with the article that a sentence needs: `a string`, `an option<s32>`.
pub(crate) fn article(ty: &Type) -> String {
    let name = ty.to_string();
    let spoken = ["s8", "s16", "s32", "s64", "f32", "f64"].contains(&name.as_str());
    let vowel = spoken || name.starts_with(['a', 'e', 'i', 'o']);
    format!("{} {name}", if vowel { "an" } else { "a" })
}

/// What a value is, for messages.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "a bool",
        Value::Int(_) => "a whole number",
        Value::Float(_) => "a float",
        Value::Char(_) => "a character",
        Value::String(_) => "a string",
        Value::Bytes(_) => "bytes",
        Value::List(_) => "a list",
        Value::Tuple(_) => "a tuple",
        Value::Option(_) => "an option",
        Value::Result(_) => "a result",
        Value::Record(_) => "a record",
        Value::Variant(..) => "a variant",
        Value::Enum(_) => "an enum",
        Value::Flags(_) => "flags",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_converts_and_what_does_not_names_its_place() {
        let u8s = Type::Int(IntKind::U8);
        let text = |text: &str| Value::String(text.to_owned());
        let pair = Type::record([("a", Type::option(u8s.clone())), ("b", Type::F64)]);
        let wide = Value::record([("c", text("x")), ("b", Value::Int(2))]);
        let narrow = Value::record([("a", Value::NONE), ("b", Value::Float(2.0))]);
        assert_eq!(convert(wide, &pair).unwrap(), narrow);
        let missing = Value::record([("a", Value::Int(1))]);
        assert_eq!(convert(missing, &pair).unwrap_err().to_string(), "the field `b` is missing");

        let nested = Value::some(Value::some(Value::Int(7)));
        assert_eq!(
            convert(nested, &Type::option(u8s.clone())).unwrap(),
            Value::some(Value::Int(7))
        );
        let list = Value::List(vec![Value::Int(1), Value::Int(300)]);
        assert_eq!(
            convert(list, &Type::List(Box::new(u8s.clone()))).unwrap_err().to_string(),
            "in `[1]`: 300 doesn't fit u8, which holds 0 to 255"
        );
        let bytes = |numbers: &[i128]| {
            let list = Value::List(numbers.iter().copied().map(Value::Int).collect());
            convert(list, &Type::Bytes).map_err(|misfit| misfit.to_string())
        };
        assert_eq!(bytes(&[7, 255]), Ok(Value::Bytes(vec![7, 255])));
        assert_eq!(
            bytes(&[7, 256]),
            Err("in `[1]`: 256 doesn't fit u8, which holds 0 to 255".to_owned())
        );
        assert!(convert(text("7"), &u8s).is_err());
        assert!(convert(Value::NONE, &u8s).is_err());
    }

    #[test]
    fn types_say_before_a_run_what_values_will() {
        let option = |ty: &Type| Type::option(ty.clone());
        let int = Type::Int(IntKind::S64);
        assert!(fits(&int, &Type::F64).is_ok());
        assert!(fits(&int, &option(&Type::Int(IntKind::U8))).is_ok());
        assert!(fits(&option(&option(&int)), &option(&int)).is_ok());
        assert!(fits(&option(&int), &int).is_err());
        assert!(fits(&Type::F64, &int).is_err());
        assert!(fits(&Type::Bool, &Type::String).is_err());
        assert!(fits(&Type::List(Box::new(nothing())), &Type::Bytes).is_ok());
    }
}
