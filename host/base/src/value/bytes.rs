//! Values as canonical bytes, and back by their type.

use std::io;

use rmp::{Marker, encode as write};

use crate::{
    types::{Case, Field, IntKind, Type},
    value::Value,
};

/// Deepest nesting that is read: a skill chooses the bytes, and reading recurses.
const DEPTH_MAX: u32 = 64;

/// Bytes are no value of the asked type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BytesError {
    /// The bytes end inside the value, or go on behind it.
    #[error("the bytes are {0}")]
    Length(&'static str),
    /// The bytes hold something else.
    #[error("expected {expected} at byte {at}")]
    Unlike {
        /// What the type asks for.
        expected: String,
        /// Offset of the first byte that does not fit.
        at: usize,
    },
    /// The value is nested more than 64 levels deep.
    #[error("the value is nested more than {DEPTH_MAX} levels deep")]
    Depth,
}

/// The canonical bytes of a value.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, value);
    out
}

/// The canonical bytes of a tuple of parameters.
pub fn encode_tuple(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    put_list(&mut out, values);
    out
}

/// Number of the canonical bytes of a value.
pub fn encoded_length(value: &Value) -> u64 {
    let mut length = Length(0);
    put(&mut length, value);
    length.0
}

/// Number of the canonical bytes of a tuple of parameters.
pub fn encoded_tuple_length(values: &[Value]) -> u64 {
    let mut length = Length(0);
    put_list(&mut length, values);
    length.0
}

/// Counts what is written.
struct Length(u64);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a value of type `ty`.
///
/// # Errors
/// [`BytesError`] where the bytes are anything else, or more than one value.
pub fn decode(ty: &Type, bytes: &[u8]) -> Result<Value, BytesError> {
    let mut reader = Reader { bytes, at: 0, depth: 0 };
    let value = reader.value(ty)?;
    reader.end().map(|()| value)
}

/// Reads a tuple of parameters.
///
/// # Errors
/// As [`decode`].
pub fn decode_tuple(types: &[Type], bytes: &[u8]) -> Result<Vec<Value>, BytesError> {
    let mut reader = Reader { bytes, at: 0, depth: 0 };
    let values = reader.tuple(types)?;
    reader.end().map(|()| values)
}

fn put<W: io::Write>(out: &mut W, value: &Value) {
    match value {
        Value::Bool(value) => infallible(write::write_bool(out, *value).map_err(drop)),
        Value::Int(number) => put_int(out, *number),
        Value::Float(number) => {
            let canonical = if number.is_nan() { f64::NAN } else { *number };
            infallible(write::write_f64(out, canonical).map_err(drop));
        }
        Value::Char(char) => put_text(out, char.encode_utf8(&mut [0; 4])),
        Value::String(text) | Value::Enum(text) => put_text(out, text),
        Value::Bytes(bytes) => infallible(write::write_bin(out, bytes).map_err(drop)),
        Value::List(values) | Value::Tuple(values) => put_list(out, values),
        Value::Option(None) => put_nil(out),
        Value::Option(Some(value)) => put(out, value),
        Value::Result(Ok(value)) => put_case(out, "Ok", value.as_deref()),
        Value::Result(Err(value)) => put_case(out, "Err", value.as_deref()),
        Value::Record(fields) => {
            put_array(out, fields.len());
            fields.iter().for_each(|(_, value)| put(out, value));
        }
        Value::Variant(name, None) => put_text(out, name),
        Value::Variant(name, value) => put_case(out, name, value.as_deref()),
        Value::Flags(names) => {
            put_array(out, names.len());
            names.iter().for_each(|name| put_text(out, name));
        }
    }
}

fn put_int<W: io::Write>(out: &mut W, number: i128) {
    // `write_sint` picks the shortest form of what fits 64 bits with a sign; the rest is `u64`.
    match i64::try_from(number) {
        Ok(number) => infallible(write::write_sint(out, number).map(drop).map_err(drop)),
        Err(_) => {
            let number = u64::try_from(number).expect("WIT has no whole number beyond 64 bits");
            infallible(write::write_uint(out, number).map(drop).map_err(drop));
        }
    }
}

fn put_text<W: io::Write>(out: &mut W, text: &str) {
    infallible(write::write_str(out, text).map_err(drop));
}

fn put_nil<W: io::Write>(out: &mut W) {
    infallible(write::write_nil(out).map_err(drop));
}

fn put_array<W: io::Write>(out: &mut W, length: usize) {
    let length = u32::try_from(length).expect("values are bounded far below 2^32 elements");
    infallible(write::write_array_len(out, length).map(drop).map_err(drop));
}

fn put_list<W: io::Write>(out: &mut W, values: &[Value]) {
    put_array(out, values.len());
    values.iter().for_each(|value| put(out, value));
}

fn put_case<W: io::Write>(out: &mut W, name: &str, value: Option<&Value>) {
    infallible(write::write_map_len(out, 1).map(drop).map_err(drop));
    put_text(out, name);
    match value {
        Some(value) => put(out, value),
        None => put_nil(out),
    }
}

fn infallible(written: Result<(), ()>) {
    written.expect("writing to memory does not fail");
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
}

impl<'a> Reader<'a> {
    fn end(&self) -> Result<(), BytesError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(BytesError::Length("too long")) }
    }

    fn value(&mut self, ty: &Type) -> Result<Value, BytesError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(BytesError::Depth);
        }
        let value = self.shallow(ty);
        self.depth -= 1;
        value
    }

    fn shallow(&mut self, ty: &Type) -> Result<Value, BytesError> {
        match ty {
            Type::Bool => match self.marker()? {
                Marker::True => Ok(Value::Bool(true)),
                Marker::False => Ok(Value::Bool(false)),
                _ => Err(self.unlike("bool")),
            },
            Type::Int(kind) => self.int(*kind),
            Type::F32 => self.float().map(|number| Value::Float(f64::from(number as f32))),
            Type::F64 => self.float().map(Value::Float),
            Type::Char => {
                let mut chars = self.text()?.chars();
                match (chars.next(), chars.next()) {
                    (Some(char), None) => Ok(Value::Char(char)),
                    _ => Err(self.unlike("char")),
                }
            }
            Type::String => self.text().map(|text| Value::String(text.to_owned())),
            Type::Bytes => self.blob().map(Value::Bytes),
            Type::List(inner) => {
                let length = self.array()?;
                (0..length).map(|_| self.value(inner)).collect::<Result<_, _>>().map(Value::List)
            }
            Type::Tuple(types) => self.tuple(types).map(Value::Tuple),
            Type::Option(inner) => {
                if self.take_nil() {
                    return Ok(Value::NONE);
                }
                self.value(inner).map(Value::some)
            }
            Type::Result(ok, error) => match self.case()? {
                "Ok" => self.payload(ok.as_deref()).map(|value| Value::Result(Ok(value))),
                "Err" => self.payload(error.as_deref()).map(|value| Value::Result(Err(value))),
                _ => Err(self.unlike("`Ok` or `Err`")),
            },
            Type::Record(record) => self.record(&record.body),
            Type::Variant(variant) => self.variant(&variant.body),
            Type::Enum(names) => self.name(&names.body).map(Value::Enum),
            Type::Flags(names) => {
                let length = self.array()?;
                (0..length)
                    .map(|_| self.name(&names.body))
                    .collect::<Result<_, _>>()
                    .map(Value::Flags)
            }
            Type::Handle(name) => Err(self.unlike(name)),
        }
    }

    fn tuple(&mut self, types: &[Type]) -> Result<Vec<Value>, BytesError> {
        if self.array()? != types.len() {
            return Err(self.unlike(format!("{} values", types.len())));
        }
        types.iter().map(|ty| self.value(ty)).collect()
    }

    fn record(&mut self, fields: &[Field]) -> Result<Value, BytesError> {
        if self.array()? != fields.len() {
            return Err(self.unlike(format!("{} fields", fields.len())));
        }
        let read = |field: &Field| Ok((field.name.clone(), self.value(&field.ty)?));
        fields.iter().map(read).collect::<Result<_, _>>().map(Value::Record)
    }

    fn variant(&mut self, cases: &[Case]) -> Result<Value, BytesError> {
        let unlike = self.unlike("a case of the variant");
        let carries = !self.at_text();
        let name = if carries { self.case()? } else { self.text()? };
        let case = cases.iter().find(|case| case.name == name).ok_or_else(|| unlike.clone())?;
        if case.ty.is_some() != carries {
            return Err(unlike);
        }
        let value = if carries { self.payload(case.ty.as_ref())? } else { None };
        Ok(Value::Variant(case.name.clone(), value))
    }

    fn payload(&mut self, ty: Option<&Type>) -> Result<Option<Box<Value>>, BytesError> {
        match ty {
            Some(ty) => self.value(ty).map(|value| Some(Box::new(value))),
            None if self.take_nil() => Ok(None),
            None => Err(self.unlike("nil")),
        }
    }

    /// The name of the single entry of a map; its payload follows.
    fn case(&mut self) -> Result<&'a str, BytesError> {
        match self.marker()? {
            Marker::FixMap(1) => self.text(),
            _ => Err(self.unlike("a map of one entry")),
        }
    }

    fn name(&mut self, names: &[String]) -> Result<String, BytesError> {
        let name = self.text()?;
        if names.iter().any(|it| it == name) {
            return Ok(name.to_owned());
        }
        Err(self.unlike(format!("one of {}", names.join(", "))))
    }

    fn int(&mut self, kind: IntKind) -> Result<Value, BytesError> {
        let number = match self.marker()? {
            Marker::FixPos(number) => i128::from(number),
            Marker::FixNeg(number) => i128::from(number),
            Marker::U8 => self.array_of::<1>().map(|it| i128::from(it[0]))?,
            Marker::U16 => self.array_of().map(|it| i128::from(u16::from_be_bytes(it)))?,
            Marker::U32 => self.array_of().map(|it| i128::from(u32::from_be_bytes(it)))?,
            Marker::U64 => self.array_of().map(|it| i128::from(u64::from_be_bytes(it)))?,
            Marker::I8 => self.array_of().map(|it| i128::from(i8::from_be_bytes(it)))?,
            Marker::I16 => self.array_of().map(|it| i128::from(i16::from_be_bytes(it)))?,
            Marker::I32 => self.array_of().map(|it| i128::from(i32::from_be_bytes(it)))?,
            Marker::I64 => self.array_of().map(|it| i128::from(i64::from_be_bytes(it)))?,
            _ => return Err(self.unlike(kind.name())),
        };
        if kind.holds(number) { Ok(Value::Int(number)) } else { Err(self.unlike(kind.name())) }
    }

    fn float(&mut self) -> Result<f64, BytesError> {
        let number = match self.marker()? {
            Marker::F64 => self.array_of().map(f64::from_be_bytes)?,
            Marker::F32 => self.array_of().map(|it| f64::from(f32::from_be_bytes(it)))?,
            _ => return Err(self.unlike("a float")),
        };
        Ok(if number.is_nan() { f64::NAN } else { number })
    }

    fn text(&mut self) -> Result<&'a str, BytesError> {
        let length = match self.marker()? {
            Marker::FixStr(length) => usize::from(length),
            Marker::Str8 => self.length::<1>()?,
            Marker::Str16 => self.length::<2>()?,
            Marker::Str32 => self.length::<4>()?,
            _ => return Err(self.unlike("text")),
        };
        let unlike = self.unlike("UTF-8 text");
        std::str::from_utf8(self.take(length)?).map_err(|_| unlike)
    }

    /// Bytes as such, or as the list of numbers that a plain `Vec<u8>` becomes in serde.
    fn blob(&mut self) -> Result<Vec<u8>, BytesError> {
        let before = self.at;
        let length = match self.marker()? {
            Marker::Bin8 => self.length::<1>()?,
            Marker::Bin16 => self.length::<2>()?,
            Marker::Bin32 => self.length::<4>()?,
            _ => {
                self.at = before;
                return self.blob_as_list();
            }
        };
        self.take(length).map(<[u8]>::to_vec)
    }

    fn blob_as_list(&mut self) -> Result<Vec<u8>, BytesError> {
        let length = self.array()?;
        let byte = |_| match self.int(IntKind::U8)? {
            Value::Int(number) => Ok(number as u8),
            _ => Err(self.unlike("u8")),
        };
        (0..length).map(byte).collect()
    }

    fn array(&mut self) -> Result<usize, BytesError> {
        let length = match self.marker()? {
            Marker::FixArray(length) => usize::from(length),
            Marker::Array16 => self.length::<2>()?,
            Marker::Array32 => self.length::<4>()?,
            _ => return Err(self.unlike("an array")),
        };
        // Every element takes a byte at least, so a length beyond the rest is a lie that would make
        // us allocate.
        if length > self.bytes.len() - self.at {
            return Err(BytesError::Length("too short"));
        }
        Ok(length)
    }

    fn take_nil(&mut self) -> bool {
        let nil = self.peek() == Some(Marker::Null);
        self.at += usize::from(nil);
        nil
    }

    fn at_text(&self) -> bool {
        matches!(
            self.peek(),
            Some(Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32)
        )
    }

    fn peek(&self) -> Option<Marker> {
        self.bytes.get(self.at).map(|byte| Marker::from_u8(*byte))
    }

    fn marker(&mut self) -> Result<Marker, BytesError> {
        let marker = self.peek().ok_or(BytesError::Length("too short"))?;
        self.at += 1;
        Ok(marker)
    }

    fn length<const N: usize>(&mut self) -> Result<usize, BytesError> {
        let bytes = self.array_of::<N>()?;
        Ok(bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
    }

    fn array_of<const N: usize>(&mut self) -> Result<[u8; N], BytesError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], BytesError> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..length).ok_or(BytesError::Length("too short"))?;
        self.at += length;
        Ok(taken)
    }

    /// The byte before the place where reading stands did not fit.
    fn unlike(&self, expected: impl Into<String>) -> BytesError {
        BytesError::Unlike { expected: expected.into(), at: self.at.saturating_sub(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_the_array_of_its_fields() {
        let value = Value::record([("path", Value::String("a".into())), ("size", Value::Int(300))]);
        assert_eq!(encode(&value), [0x92, 0xa1, b'a', 0xcd, 0x01, 0x2c]);
        let ty = Type::record([("path", Type::String), ("size", Type::Int(IntKind::U32))]);
        assert_eq!(decode(&ty, &encode(&value)), Ok(value));
    }

    #[test]
    fn what_serde_writes_is_read() {
        let bytes = rmp_serde::to_vec(&(("a", vec![1_u8, 255]), None::<bool>)).unwrap();
        let types = [Type::Tuple(vec![Type::String, Type::Bytes]), Type::option(Type::Bool)];
        let inner = vec![Value::String("a".into()), Value::Bytes(vec![1, 255])];
        assert_eq!(decode_tuple(&types, &bytes), Ok(vec![Value::Tuple(inner), Value::NONE]));
    }

    #[test]
    fn a_length_that_lies_allocates_nothing() {
        let list = Type::list(Type::Bool);
        assert_eq!(
            decode(&list, &[0xdd, 0xff, 0xff, 0xff, 0xff]),
            Err(BytesError::Length("too short"))
        );
        assert_eq!(decode(&Type::Bool, &[0xc3, 0xc3]), Err(BytesError::Length("too long")));
    }
}
