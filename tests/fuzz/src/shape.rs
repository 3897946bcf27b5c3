//! Types, and values of them.

use std::sync::Arc;

use arbitrary::{Result, Unstructured};
use voyager_base::{
    Type, Value,
    types::{Case, Field, IntKind, Named},
};

const INTS: [IntKind; 8] = [
    IntKind::S8,
    IntKind::U8,
    IntKind::S16,
    IntKind::U16,
    IntKind::S32,
    IntKind::U32,
    IntKind::S64,
    IntKind::U64,
];

/// Most members of a type, and elements of a value.
const MEMBERS_MAX: u32 = 4;

/// A type that can cross a manifest, at most `depth` levels deep. No option of an option: it has no
/// JSON, and the checker refuses it.
///
/// # Errors
/// Where the bytes can't be used.
pub fn ty(u: &mut Unstructured<'_>, depth: u32) -> Result<Type> {
    let kinds = if depth == 0 { 9 } else { 15 };
    Ok(match u.int_in_range(0..=kinds - 1)? {
        0 => Type::Bool,
        1 => Type::Int(*u.choose(&INTS)?),
        2 => Type::F32,
        3 => Type::F64,
        4 => Type::Char,
        5 => Type::String,
        6 => Type::Bytes,
        7 => Type::Enum(named(names(u)?)),
        8 => Type::Flags(named(names(u)?)),
        9 => Type::list(ty(u, depth - 1)?),
        10 => match ty(u, depth - 1)? {
            Type::Option(inner) => Type::Option(inner),
            other => Type::option(other),
        },
        11 => Type::Result(boxed(u, depth)?, boxed(u, depth)?),
        12 => {
            let length = u.int_in_range(0..=MEMBERS_MAX)?;
            Type::Tuple((0..length).map(|_| ty(u, depth - 1)).collect::<Result<_>>()?)
        }
        13 => {
            let names = names(u)?;
            let field = |name| Ok(Field { name, ty: ty(u, depth - 1)?, docs: String::new() });
            Type::Record(named(names.into_iter().map(field).collect::<Result<_>>()?))
        }
        _ => {
            let names = names(u)?;
            let case = |name| Ok(Case { name, ty: payload(u, depth)?, docs: String::new() });
            Type::Variant(named(names.into_iter().map(case).collect::<Result<_>>()?))
        }
    })
}

fn boxed(u: &mut Unstructured<'_>, depth: u32) -> Result<Option<Box<Type>>> {
    payload(u, depth).map(|ty| ty.map(Box::new))
}

fn payload(u: &mut Unstructured<'_>, depth: u32) -> Result<Option<Type>> {
    if u.arbitrary()? { ty(u, depth - 1).map(Some) } else { Ok(None) }
}

fn named<T>(body: T) -> Arc<Named<T>> {
    Named::new(None, body)
}

/// One to four names, each once.
fn names(u: &mut Unstructured<'_>) -> Result<Vec<String>> {
    let first = u.int_in_range(0..=25_u8)?;
    let length = u.int_in_range(1..=MEMBERS_MAX as u8)?;
    let letter = |place: u8| char::from(b'a' + (first + place) % 26).to_string();
    Ok((0..length).map(letter).collect())
}

/// A value of `ty`.
///
/// # Errors
/// Where the bytes can't be used.
pub fn value(u: &mut Unstructured<'_>, ty: &Type) -> Result<Value> {
    Ok(match ty {
        Type::Bool => Value::Bool(u.arbitrary()?),
        Type::Int(kind) => {
            let (least, most) = kind.range();
            Value::Int(u.int_in_range(least..=most)?)
        }
        Type::F32 => Value::Float(f64::from(u.arbitrary::<f32>()?)),
        Type::F64 => Value::Float(u.arbitrary()?),
        Type::Char => Value::Char(u.arbitrary()?),
        Type::String => Value::String(u.arbitrary()?),
        Type::Bytes => Value::Bytes(u.arbitrary()?),
        Type::List(inner) => {
            let length = u.int_in_range(0..=MEMBERS_MAX)?;
            Value::List((0..length).map(|_| value(u, inner)).collect::<Result<_>>()?)
        }
        Type::Option(inner) => match u.arbitrary()? {
            true => Value::some(value(u, inner)?),
            false => Value::NONE,
        },
        Type::Result(ok, error) => match u.arbitrary()? {
            true => Value::Result(Ok(maybe(u, ok.as_deref())?)),
            false => Value::Result(Err(maybe(u, error.as_deref())?)),
        },
        Type::Tuple(types) => {
            Value::Tuple(types.iter().map(|ty| value(u, ty)).collect::<Result<_>>()?)
        }
        Type::Record(record) => {
            let field = |field: &Field| Ok((field.name.clone(), value(u, &field.ty)?));
            Value::Record(record.body.iter().map(field).collect::<Result<_>>()?)
        }
        Type::Variant(variant) => {
            let case = u.choose(&variant.body)?;
            Value::Variant(case.name.clone(), maybe(u, case.ty.as_ref())?)
        }
        Type::Enum(names) => Value::Enum(u.choose(&names.body)?.clone()),
        Type::Flags(names) => {
            let mut set = Vec::new();
            for name in &names.body {
                if u.arbitrary()? {
                    set.push(name.clone());
                }
            }
            Value::Flags(set)
        }
        Type::Handle(_) => return Err(arbitrary::Error::IncorrectFormat),
    })
}

/// `ty` with a member here and there renamed, dropped or of another type.
///
/// # Errors
/// Where the bytes can't be used.
pub fn like(u: &mut Unstructured<'_>, whole: &Type) -> Result<Type> {
    if u.ratio(1, 8)? {
        return ty(u, 1);
    }
    let inner = |u: &mut Unstructured<'_>, ty: &Option<Box<Type>>| match ty {
        Some(ty) if !u.ratio(1, 8)? => like(u, ty).map(|ty| Some(Box::new(ty))),
        _ => Ok(None),
    };
    Ok(match whole {
        Type::List(inner) => Type::list(like(u, inner)?),
        Type::Option(inner) => match like(u, inner)? {
            Type::Option(inner) => Type::Option(inner),
            other => Type::option(other),
        },
        Type::Result(ok, error) => Type::Result(inner(u, ok)?, inner(u, error)?),
        Type::Tuple(types) => {
            Type::Tuple(types.iter().map(|ty| like(u, ty)).collect::<Result<_>>()?)
        }
        Type::Record(record) => {
            let field = |field: &Field| {
                let name = renamed(u, &field.name)?;
                Ok(Field { name, ty: like(u, &field.ty)?, docs: String::new() })
            };
            Type::Record(named(record.body.iter().map(field).collect::<Result<_>>()?))
        }
        Type::Variant(variant) => {
            let case = |case: &Case| {
                let name = renamed(u, &case.name)?;
                let ty = inner(u, &case.ty.clone().map(Box::new))?.map(|ty| *ty);
                Ok(Case { name, ty, docs: String::new() })
            };
            Type::Variant(named(variant.body.iter().map(case).collect::<Result<_>>()?))
        }
        Type::Enum(names) => Type::Enum(named(all_renamed(u, &names.body)?)),
        Type::Flags(names) => Type::Flags(named(all_renamed(u, &names.body)?)),
        other => other.clone(),
    })
}

fn all_renamed(u: &mut Unstructured<'_>, names: &[String]) -> Result<Vec<String>> {
    names.iter().map(|name| renamed(u, name)).collect()
}

/// The name, or now and then another that `names` does not give.
fn renamed(u: &mut Unstructured<'_>, name: &str) -> Result<String> {
    Ok(if u.ratio(1, 8)? { format!("{name}-x") } else { name.to_owned() })
}

fn maybe(u: &mut Unstructured<'_>, ty: Option<&Type>) -> Result<Option<Box<Value>>> {
    ty.map(|ty| value(u, ty).map(Box::new)).transpose()
}
