//! Types of operations: WIT's value types, compared structurally.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// A WIT type that can cross a manifest. Two types are the [same](Type::same) when their shapes are;
/// the names of records, variants and enums only help people. Declared types are shared, so that a
/// copy of one costs next to nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number of a certain width.
    Int(IntKind),
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// A Unicode scalar value.
    Char,
    /// UTF-8 text.
    String,
    /// `list<u8>`: bytes.
    Bytes,
    /// Any number of values of one type.
    List(Box<Self>),
    /// A value or none.
    Option(Box<Self>),
    /// Success or failure, each with or without a value.
    Result(Option<Box<Self>>, Option<Box<Self>>),
    /// A fixed number of values.
    Tuple(Vec<Self>),
    /// Named fields, in declaration order.
    Record(Arc<Named<Vec<Field>>>),
    /// One of several cases.
    Variant(Arc<Named<Vec<Case>>>),
    /// One of several names.
    Enum(Arc<Named<Vec<String>>>),
    /// A set of names.
    Flags(Arc<Named<Vec<String>>>),
    /// A handle of a resource, a stream or a future: may be used between host and skill, never
    /// across a manifest.
    Handle(String),
}

/// Width and sign of a whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are WIT's")]
pub enum IntKind {
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
}

impl IntKind {
    /// Its name in WIT.
    pub const fn name(self) -> &'static str {
        match self {
            Self::S8 => "s8",
            Self::U8 => "u8",
            Self::S16 => "s16",
            Self::U16 => "u16",
            Self::S32 => "s32",
            Self::U32 => "u32",
            Self::S64 => "s64",
            Self::U64 => "u64",
        }
    }

    /// Smallest and largest value.
    pub const fn range(self) -> (i128, i128) {
        match self {
            Self::S8 => (i8::MIN as i128, i8::MAX as i128),
            Self::U8 => (0, u8::MAX as i128),
            Self::S16 => (i16::MIN as i128, i16::MAX as i128),
            Self::U16 => (0, u16::MAX as i128),
            Self::S32 => (i32::MIN as i128, i32::MAX as i128),
            Self::U32 => (0, u32::MAX as i128),
            Self::S64 => (i64::MIN as i128, i64::MAX as i128),
            Self::U64 => (0, u64::MAX as i128),
        }
    }

    /// Whether `number` fits.
    pub const fn holds(self, number: i128) -> bool {
        let (least, most) = self.range();
        least <= number && number <= most
    }
}

/// The body of a type with the name it was declared under.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Named<T> {
    /// The declared name, where it has one.
    pub name: Option<String>,
    /// What the type consists of.
    pub body: T,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// WIT's kebab-case name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: Type,
    /// Its doc comment; empty where there is none.
    #[serde(default)]
    pub docs: String,
}

/// A case of a variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// WIT's kebab-case name.
    pub name: String,
    /// What it carries.
    #[serde(rename = "type")]
    pub ty: Option<Type>,
    /// Its doc comment; empty where there is none.
    #[serde(default)]
    pub docs: String,
}

impl<T> Named<T> {
    /// A body under its name, where it has one, to be shared.
    pub fn new(name: Option<String>, body: T) -> Arc<Self> {
        Arc::new(Self { name, body })
    }
}

impl Type {
    /// A list of `ty`; of `u8`, bytes.
    pub fn list(ty: Self) -> Self {
        match ty {
            Self::Int(IntKind::U8) => Self::Bytes,
            other => Self::List(Box::new(other)),
        }
    }

    /// `ty` or none.
    pub fn option(ty: Self) -> Self {
        Self::Option(Box::new(ty))
    }

    /// A record without a name or docs.
    pub fn record<'a>(fields: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        let field =
            |(name, ty): (&str, Self)| Field { name: name.to_owned(), ty, docs: String::new() };
        Self::Record(Named::new(None, fields.into_iter().map(field).collect()))
    }

    /// The type of the field `name`, where this is a record that has it.
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Record(record) => {
                record.body.iter().find(|field| field.name == name).map(|field| &field.ty)
            }
            _ => None,
        }
    }

    /// Whether both have the same shape, whatever they are called.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) | (Self::Option(a), Self::Option(b)) => a.same(b),
            (Self::Result(a, e), Self::Result(b, f)) => {
                same_option(a.as_deref(), b.as_deref()) && same_option(e.as_deref(), f.as_deref())
            }
            (Self::Tuple(a), Self::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            (Self::Record(a), Self::Record(b)) if Arc::ptr_eq(a, b) => true,
            (Self::Record(a), Self::Record(b)) => {
                a.body.len() == b.body.len()
                    && a.body.iter().zip(&b.body).all(|(a, b)| a.name == b.name && a.ty.same(&b.ty))
            }
            (Self::Variant(a), Self::Variant(b)) => {
                a.body.len() == b.body.len()
                    && a.body
                        .iter()
                        .zip(&b.body)
                        .all(|(a, b)| a.name == b.name && same_option(a.ty.as_ref(), b.ty.as_ref()))
            }
            (Self::Enum(a), Self::Enum(b)) | (Self::Flags(a), Self::Flags(b)) => a.body == b.body,
            (a, b) => a == b,
        }
    }

    /// The first handle inside, which can't cross a manifest.
    pub fn handle(&self) -> Option<&str> {
        match self {
            Self::Handle(name) => Some(name),
            Self::List(inner) | Self::Option(inner) => inner.handle(),
            Self::Result(ok, error) => {
                [ok, error].into_iter().flatten().find_map(|inner| inner.handle())
            }
            Self::Tuple(types) => types.iter().find_map(Self::handle),
            Self::Record(record) => record.body.iter().find_map(|field| field.ty.handle()),
            Self::Variant(variant) => {
                variant.body.iter().filter_map(|case| case.ty.as_ref()).find_map(Self::handle)
            }
            _ => None,
        }
    }
}

fn same_option(a: Option<&Type>, b: Option<&Type>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.same(b),
        (None, None) => true,
        _ => false,
    }
}

impl fmt::Display for Type {
    /// As in WIT; a declared name where there is one, the shape otherwise.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn named<T>(f: &mut fmt::Formatter<'_>, ty: &Named<T>) -> fmt::Result {
            f.write_str(ty.name.as_deref().unwrap_or_default())
        }
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int(kind) => f.write_str(kind.name()),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::Char => f.write_str("char"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("list<u8>"),
            Self::List(inner) => write!(f, "list<{inner}>"),
            Self::Option(inner) => write!(f, "option<{inner}>"),
            Self::Result(None, None) => f.write_str("result"),
            Self::Result(Some(ok), None) => write!(f, "result<{ok}>"),
            Self::Result(None, Some(error)) => write!(f, "result<_, {error}>"),
            Self::Result(Some(ok), Some(error)) => write!(f, "result<{ok}, {error}>"),
            Self::Tuple(types) => {
                let inner: Vec<String> = types.iter().map(ToString::to_string).collect();
                write!(f, "tuple<{}>", inner.join(", "))
            }
            Self::Record(record) if record.name.is_some() => named(f, record),
            Self::Variant(variant) if variant.name.is_some() => named(f, variant),
            Self::Enum(names) | Self::Flags(names) if names.name.is_some() => named(f, names),
            Self::Record(record) => {
                let fields: Vec<String> = record
                    .body
                    .iter()
                    .map(|field| format!("{}: {}", field.name, field.ty))
                    .collect();
                write!(f, "record {{ {} }}", fields.join(", "))
            }
            Self::Variant(variant) => {
                let cases: Vec<&str> = variant.body.iter().map(|case| case.name.as_str()).collect();
                write!(f, "variant {{ {} }}", cases.join(", "))
            }
            Self::Enum(names) => write!(f, "enum {{ {} }}", names.body.join(", ")),
            Self::Flags(names) => write!(f, "flags {{ {} }}", names.body.join(", ")),
            Self::Handle(name) => write!(f, "handle of {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_compare_by_shape_not_by_name() {
        let named = |name: &str| {
            Type::Record(Named::new(
                Some(name.to_owned()),
                vec![Field { name: "a".into(), ty: Type::Bool, docs: name.to_owned() }],
            ))
        };
        assert!(named("one").same(&named("other")));
        assert!(!named("one").same(&Type::record([("b", Type::Bool)])));
        assert!(!Type::Tuple(vec![Type::Bool]).same(&Type::Tuple(vec![])));
    }

    #[test]
    fn types_are_shown_as_in_wit() {
        let ty = Type::Result(Some(Box::new(Type::list(Type::Int(IntKind::U8)))), None);
        assert_eq!(ty.to_string(), "result<list<u8>>");
        let ty = Type::record([("path", Type::String), ("size", Type::option(Type::F64))]);
        assert_eq!(ty.to_string(), "record { path: string, size: option<f64> }");
    }

    #[test]
    fn a_handle_is_found_at_any_depth() {
        let ty = Type::list(Type::option(Type::Handle("folder".into())));
        assert_eq!(ty.handle(), Some("folder"));
        assert_eq!(Type::String.handle(), None);
    }
}
