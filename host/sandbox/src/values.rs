//! Values of `voyager-base` to those of wasmtime and back, by type.

use voyager_base::{
    Type, Value,
    types::{Case, IntKind},
};
use wasmtime::component::Val;

/// A value is not of the type that the component declares.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a value is no `{0}`")]
pub(crate) struct Unlike(String);

/// `value` for the guest, where it is of type `ty`: with all names, in their order.
pub(crate) fn lower(value: Value, ty: &Type) -> Result<Val, Unlike> {
    Ok(match (value, ty) {
        (Value::Bool(it), Type::Bool) => Val::Bool(it),
        (Value::Int(number), Type::Int(kind)) => {
            lower_int(number, *kind).ok_or_else(|| unlike(ty))?
        }
        (Value::Float(number), Type::F32)
            if f64::from(number as f32) == number || number.is_nan() =>
        {
            Val::Float32(number as f32)
        }
        (Value::Float(number), Type::F64) => Val::Float64(number),
        (Value::Char(char), Type::Char) => Val::Char(char),
        (Value::String(text), Type::String) => Val::String(text),
        (Value::Bytes(bytes), Type::Bytes) => Val::List(bytes.into_iter().map(Val::U8).collect()),
        (Value::List(values), Type::List(inner)) => Val::List(each(values, |it| lower(it, inner))?),
        (Value::Tuple(values), Type::Tuple(types)) if values.len() == types.len() => {
            let pairs = values.into_iter().zip(types);
            Val::Tuple(each(pairs, |(value, ty)| lower(value, ty))?)
        }
        (Value::Option(value), Type::Option(inner)) => {
            let payload = value.map(|value| lower(*value, inner).map(Box::new));
            Val::Option(payload.transpose()?)
        }
        (Value::Result(Ok(value)), Type::Result(inner, _)) => {
            Val::Result(Ok(lower_payload(value, inner.as_deref(), ty)?))
        }
        (Value::Result(Err(value)), Type::Result(_, inner)) => {
            Val::Result(Err(lower_payload(value, inner.as_deref(), ty)?))
        }
        (Value::Record(fields), Type::Record(record)) if fields.len() == record.body.len() => {
            let pairs = fields.into_iter().zip(&record.body);
            Val::Record(each(pairs, |((name, value), field)| match name == field.name {
                true => Ok((name, lower(value, &field.ty)?)),
                false => Err(unlike(ty)),
            })?)
        }
        (Value::Variant(name, value), Type::Variant(variant)) => {
            let case = case(&variant.body, &name).ok_or_else(|| unlike(ty))?;
            let payload = lower_payload(value, case.ty.as_ref(), ty)?;
            Val::Variant(name, payload)
        }
        (Value::Enum(name), Type::Enum(names)) if names.body.contains(&name) => Val::Enum(name),
        (Value::Flags(set), Type::Flags(names))
            if set.iter().all(|name| names.body.contains(name)) =>
        {
            Val::Flags(set)
        }
        _ => return Err(unlike(ty)),
    })
}

fn lower_payload(
    value: Option<Box<Value>>,
    inner: Option<&Type>,
    outer: &Type,
) -> Result<Option<Box<Val>>, Unlike> {
    match (value, inner) {
        (None, None) => Ok(None),
        (Some(value), Some(inner)) => lower(*value, inner).map(|it| Some(Box::new(it))),
        _ => Err(unlike(outer)),
    }
}

fn lower_int(number: i128, kind: IntKind) -> Option<Val> {
    Some(match kind {
        IntKind::S8 => Val::S8(number.try_into().ok()?),
        IntKind::U8 => Val::U8(number.try_into().ok()?),
        IntKind::S16 => Val::S16(number.try_into().ok()?),
        IntKind::U16 => Val::U16(number.try_into().ok()?),
        IntKind::S32 => Val::S32(number.try_into().ok()?),
        IntKind::U32 => Val::U32(number.try_into().ok()?),
        IntKind::S64 => Val::S64(number.try_into().ok()?),
        IntKind::U64 => Val::U64(number.try_into().ok()?),
    })
}

/// `val` of the guest, where it is of type `ty`.
pub(crate) fn lift(val: Val, ty: &Type) -> Result<Value, Unlike> {
    Ok(match (val, ty) {
        (Val::Bool(it), Type::Bool) => Value::Bool(it),
        (val, Type::Int(kind)) => Value::Int(lift_int(&val, *kind).ok_or_else(|| unlike(ty))?),
        (Val::Float32(number), Type::F32) => Value::Float(f64::from(number)),
        (Val::Float64(number), Type::F64) => Value::Float(number),
        (Val::Char(char), Type::Char) => Value::Char(char),
        (Val::String(text), Type::String) => Value::String(text),
        (Val::List(vals), Type::Bytes) => {
            let byte = |val| match val {
                Val::U8(byte) => Ok(byte),
                _ => Err(unlike(ty)),
            };
            Value::Bytes(each(vals, byte)?)
        }
        (Val::List(vals), Type::List(inner)) => Value::List(each(vals, |val| lift(val, inner))?),
        (Val::Tuple(vals), Type::Tuple(types)) if vals.len() == types.len() => {
            let pairs = vals.into_iter().zip(types);
            Value::Tuple(each(pairs, |(val, ty)| lift(val, ty))?)
        }
        (Val::Option(val), Type::Option(inner)) => {
            let payload = val.map(|val| lift(*val, inner).map(Box::new));
            Value::Option(payload.transpose()?)
        }
        (Val::Result(Ok(val)), Type::Result(inner, _)) => {
            Value::Result(Ok(lift_payload(val, inner.as_deref(), ty)?))
        }
        (Val::Result(Err(val)), Type::Result(_, inner)) => {
            Value::Result(Err(lift_payload(val, inner.as_deref(), ty)?))
        }
        (Val::Record(vals), Type::Record(record)) if vals.len() == record.body.len() => {
            let pairs = vals.into_iter().zip(&record.body);
            Value::Record(each(pairs, |((name, val), field)| match name == field.name {
                true => Ok((name, lift(val, &field.ty)?)),
                false => Err(unlike(ty)),
            })?)
        }
        (Val::Variant(name, val), Type::Variant(variant)) => {
            let case = case(&variant.body, &name).ok_or_else(|| unlike(ty))?;
            let payload = lift_payload(val, case.ty.as_ref(), ty)?;
            Value::Variant(name, payload)
        }
        (Val::Enum(name), Type::Enum(names)) if names.body.contains(&name) => Value::Enum(name),
        (Val::Flags(set), Type::Flags(names))
            if set.iter().all(|name| names.body.contains(name)) =>
        {
            Value::Flags(set)
        }
        _ => return Err(unlike(ty)),
    })
}

fn lift_payload(
    val: Option<Box<Val>>,
    inner: Option<&Type>,
    outer: &Type,
) -> Result<Option<Box<Value>>, Unlike> {
    match (val, inner) {
        (None, None) => Ok(None),
        (Some(val), Some(inner)) => lift(*val, inner).map(|it| Some(Box::new(it))),
        _ => Err(unlike(outer)),
    }
}

fn lift_int(val: &Val, kind: IntKind) -> Option<i128> {
    Some(match (val, kind) {
        (Val::S8(number), IntKind::S8) => i128::from(*number),
        (Val::U8(number), IntKind::U8) => i128::from(*number),
        (Val::S16(number), IntKind::S16) => i128::from(*number),
        (Val::U16(number), IntKind::U16) => i128::from(*number),
        (Val::S32(number), IntKind::S32) => i128::from(*number),
        (Val::U32(number), IntKind::U32) => i128::from(*number),
        (Val::S64(number), IntKind::S64) => i128::from(*number),
        (Val::U64(number), IntKind::U64) => i128::from(*number),
        _ => return None,
    })
}

/// All of them converted, in room that is made once: collected as results, their number would not be known.
pub(crate) fn each<A, B, E>(
    items: impl IntoIterator<Item = A, IntoIter: ExactSizeIterator>,
    convert: impl Fn(A) -> Result<B, E>,
) -> Result<Vec<B>, E> {
    let items = items.into_iter();
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        all.push(convert(item)?);
    }
    Ok(all)
}

fn case<'a>(cases: &'a [Case], name: &str) -> Option<&'a Case> {
    cases.iter().find(|case| case.name == name)
}

fn unlike(ty: &Type) -> Unlike {
    Unlike(ty.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use voyager_base::types::Named;

    use super::*;

    /// A type together with a value of it.
    fn typed() -> impl Strategy<Value = (Type, Value)> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(|it| (Type::Bool, Value::Bool(it))),
            any::<u8>().prop_map(|it| (Type::Int(IntKind::U8), Value::Int(it.into()))),
            any::<i16>().prop_map(|it| (Type::Int(IntKind::S16), Value::Int(it.into()))),
            any::<u32>().prop_map(|it| (Type::Int(IntKind::U32), Value::Int(it.into()))),
            any::<i64>().prop_map(|it| (Type::Int(IntKind::S64), Value::Int(it.into()))),
            any::<u64>().prop_map(|it| (Type::Int(IntKind::U64), Value::Int(it.into()))),
            (-1e9_f32..1e9).prop_map(|it| (Type::F32, Value::Float(it.into()))),
            (-1e300_f64..1e300).prop_map(|it| (Type::F64, Value::Float(it))),
            any::<char>().prop_map(|it| (Type::Char, Value::Char(it))),
            ".{0,8}".prop_map(|it| (Type::String, Value::String(it))),
            any::<Vec<u8>>().prop_map(|it| (Type::Bytes, Value::Bytes(it))),
            Just((
                Type::Enum(Named::new(None, vec!["one".into(), "two".into()])),
                Value::Enum("two".into())
            )),
            Just((
                Type::Flags(Named::new(None, vec!["r".into(), "w".into()])),
                Value::Flags(vec!["w".into()])
            )),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(|(ty, value)| (Type::option(ty), Value::some(value))),
                inner.clone().prop_map(|(ty, _)| (Type::option(ty), Value::NONE)),
                inner.clone().prop_map(|(ty, value)| {
                    let list = Type::list(ty);
                    let values = match (&list, value) {
                        (Type::Bytes, Value::Int(byte)) => Value::Bytes(vec![byte as u8]),
                        (_, value) => Value::List(vec![value.clone(), value]),
                    };
                    (list, values)
                }),
                prop::collection::vec(inner.clone(), 1..4).prop_map(|items| {
                    let (types, values) = items.into_iter().unzip();
                    (Type::Tuple(types), Value::Tuple(values))
                }),
                prop::collection::vec(inner.clone(), 1..4).prop_map(|items| {
                    let names: Vec<String> = (0..items.len()).map(|at| format!("f{at}")).collect();
                    let ty =
                        names.iter().map(String::as_str).zip(items.iter().map(|it| it.0.clone()));
                    let ty = Type::record(ty);
                    let values = items.into_iter().map(|it| it.1);
                    (ty, Value::Record(names.iter().cloned().zip(values).collect()))
                }),
                inner.clone().prop_map(|(ty, value)| {
                    let ty = Type::Result(Some(Box::new(ty)), None);
                    (ty, Value::Result(Ok(Some(Box::new(value)))))
                }),
                inner.prop_map(|(ty, value)| {
                    let case = |name: &str, ty| Case { name: name.into(), ty, docs: String::new() };
                    let body = vec![case("none", None), case("some", Some(ty))];
                    let ty = Type::Variant(Named::new(None, body));
                    (ty, Value::Variant("some".into(), Some(Box::new(value))))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_comes_back_as_it_went((ty, value) in typed()) {
            prop_assert!(value.is_of(&ty));
            let val = lower(value.clone(), &ty).unwrap();
            prop_assert_eq!(lift(val, &ty).unwrap(), value);
        }

        #[test]
        fn only_values_of_the_type_are_lowered((_, value) in typed(), (ty, _) in typed()) {
            prop_assert_eq!(lower(value.clone(), &ty).is_ok(), value.is_of(&ty));
        }

        #[test]
        fn only_values_of_the_type_are_lifted((own, value) in typed(), (ty, _) in typed()) {
            let val = lower(value, &own).unwrap();
            prop_assert!(lift(val, &ty).map_or(true, |value| value.is_of(&ty)));
        }
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let error = lower(Value::Bool(true), &Type::String).unwrap_err();
        assert_eq!(error.to_string(), "a value is no `string`");
        assert!(lower(Value::Int(300), &Type::Int(IntKind::U8)).is_err());
    }

    #[test]
    fn what_a_guest_gives_that_is_of_another_type_is_refused() {
        let names = |names: &[&str]| Named::new(None, names.iter().map(|&it| it.into()).collect());
        let maybe = Case { name: "some".into(), ty: Some(Type::Bool), docs: String::new() };
        for (val, ty) in [
            (Val::U16(300), Type::Int(IntKind::U8)),
            (Val::Enum("two".into()), Type::Enum(names(&["one"]))),
            (Val::Flags(vec!["w".into()]), Type::Flags(names(&["r"]))),
            (Val::Result(Ok(None)), Type::Result(Some(Box::new(Type::Bool)), None)),
            (Val::Variant("some".into(), None), Type::Variant(Named::new(None, vec![maybe]))),
            (Val::Record(vec![("b".into(), Val::Bool(true))]), Type::record([("a", Type::Bool)])),
        ] {
            lift(val, &ty).unwrap_err();
        }
    }
}
