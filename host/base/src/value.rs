//! Values of operations, and their one canonical mapping to JSON and to bytes.
//!
//! JSON and YAML: records are objects with WIT's names; an absent option is an absent key or null;
//! bytes are base64; enums are strings; a variant is `{case: payload}` or the case's name; flags are a
//! list of names; whole numbers beyond 2^53 are strings. Whatever would lose something is refused.
//!
//! Bytes (`voyager:tasks`): MessagePack, a record as the array of its fields in declaration order, one
//! NaN, whole numbers in their shortest form.

mod bytes;
mod json;

use serde::{Deserialize, Serialize};

pub use self::{
    bytes::{
        BytesError, decode, decode_tuple, encode, encode_tuple, encoded_length,
        encoded_tuple_length,
    },
    json::Mismatch,
};
use crate::types::Type;

/// A value of any WIT type that can cross a manifest. It carries names, so that it can be shown and
/// searched without its type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number of any width.
    Int(i128),
    /// A float; a 32-bit one is widened, which is exact.
    Float(f64),
    /// A Unicode scalar value.
    Char(char),
    /// Text.
    String(String),
    /// `list<u8>`.
    Bytes(#[serde(with = "serde_bytes")] Vec<u8>),
    /// Values of one type.
    List(Vec<Self>),
    /// Values of several types.
    Tuple(Vec<Self>),
    /// A value or none.
    Option(Option<Box<Self>>),
    /// Success or failure.
    Result(Result<Option<Box<Self>>, Option<Box<Self>>>),
    /// Named fields, in declaration order.
    Record(Vec<(String, Self)>),
    /// The chosen case and what it carries.
    Variant(String, Option<Box<Self>>),
    /// The chosen name.
    Enum(String),
    /// The set names, in declaration order.
    Flags(Vec<String>),
}

impl Value {
    /// `value` as an option that is present.
    pub fn some(value: Self) -> Self {
        Self::Option(Some(Box::new(value)))
    }

    /// An absent option.
    pub const NONE: Self = Self::Option(None);

    /// A record from its fields.
    pub fn record<'a>(fields: impl IntoIterator<Item = (&'a str, Self)>) -> Self {
        Self::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The field `name`, where this is a record that has it.
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Record(fields) => {
                fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The text, where this is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the value is one of `ty`.
    pub fn is_of(&self, ty: &Type) -> bool {
        match (self, ty) {
            (Self::Bool(_), Type::Bool)
            | (Self::Float(_), Type::F64)
            | (Self::Char(_), Type::Char)
            | (Self::String(_), Type::String)
            | (Self::Bytes(_), Type::Bytes)
            | (Self::Option(None), Type::Option(_)) => true,
            (Self::Int(number), Type::Int(kind)) => kind.holds(*number),
            (Self::Float(number), Type::F32) => {
                f64::from(*number as f32) == *number || number.is_nan()
            }
            (Self::List(values), Type::List(ty)) => values.iter().all(|value| value.is_of(ty)),
            (Self::Option(Some(value)), Type::Option(ty)) => value.is_of(ty),
            (Self::Tuple(values), Type::Tuple(types)) => {
                values.len() == types.len()
                    && values.iter().zip(types).all(|(value, ty)| value.is_of(ty))
            }
            (Self::Result(Ok(value)), Type::Result(ty, _))
            | (Self::Result(Err(value)), Type::Result(_, ty)) => {
                payload_is_of(value.as_deref(), ty.as_deref())
            }
            (Self::Record(values), Type::Record(record)) => {
                values.len() == record.body.len()
                    && values
                        .iter()
                        .zip(&record.body)
                        .all(|((name, value), field)| *name == field.name && value.is_of(&field.ty))
            }
            (Self::Variant(name, value), Type::Variant(variant)) => {
                variant.body.iter().any(|case| {
                    case.name == *name && payload_is_of(value.as_deref(), case.ty.as_ref())
                })
            }
            (Self::Enum(name), Type::Enum(names)) => names.body.contains(name),
            (Self::Flags(set), Type::Flags(names)) => {
                set.iter().all(|name| names.body.contains(name))
            }
            _ => false,
        }
    }
}

fn payload_is_of(value: Option<&Value>, ty: Option<&Type>) -> bool {
    match (value, ty) {
        (Some(value), Some(ty)) => value.is_of(ty),
        (None, None) => true,
        _ => false,
    }
}
