//! Values as JSON, and back by their type.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value as Json};

use crate::{
    types::{Case, Field, Type},
    value::Value,
};

/// Whole numbers beyond are not exact in JSON.
const EXACT_MAX: i128 = 1 << 53;

/// A JSON value does not have the asked type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}expected {expected}, found {found}", place(.path))]
pub struct Mismatch {
    /// Where, as keys and positions from the outside in.
    pub path: Vec<String>,
    /// What the type asks for.
    pub expected: String,
    /// What was there.
    pub found: String,
}

fn place(path: &[String]) -> String {
    if path.is_empty() { String::new() } else { format!("at `{}`: ", path.join(".")) }
}

impl Mismatch {
    fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { path: Vec::new(), expected: expected.into(), found: found.into() }
    }

    fn below(mut self, key: impl Into<String>) -> Self {
        self.path.insert(0, key.into());
        self
    }
}

impl Value {
    /// The value as JSON.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(number) => int_to_json(*number),
            Self::Float(number) => float_to_json(*number),
            Self::Char(char) => Json::String(char.to_string()),
            Self::String(text) | Self::Enum(text) => Json::String(text.clone()),
            Self::Bytes(bytes) => Json::String(STANDARD.encode(bytes)),
            Self::List(values) | Self::Tuple(values) => values.iter().map(Self::to_json).collect(),
            Self::Option(value) => value.as_ref().map_or(Json::Null, |value| value.to_json()),
            Self::Result(Ok(value)) => case_to_json("ok", value.as_deref()),
            Self::Result(Err(value)) => case_to_json("err", value.as_deref()),
            Self::Record(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), value.to_json())).collect()
            }
            Self::Variant(name, None) => Json::String(name.clone()),
            Self::Variant(name, value) => case_to_json(name, value.as_deref()),
            Self::Flags(names) => names.iter().cloned().map(Json::String).collect(),
        }
    }

    /// Reads a value of type `ty` from JSON.
    ///
    /// # Errors
    /// [`Mismatch`] with the place where JSON and type part, also where the mapping would lose
    /// something.
    pub fn from_json(ty: &Type, json: &Json) -> Result<Self, Mismatch> {
        match ty {
            Type::Bool => json.as_bool().map(Self::Bool).ok_or_else(|| unlike(ty, json)),
            Type::Int(kind) => int_from_json(json)
                .filter(|number| kind.holds(*number))
                .map(Self::Int)
                .ok_or_else(|| unlike(ty, json)),
            Type::F64 => float_from_json(json).map(Self::Float).ok_or_else(|| unlike(ty, json)),
            Type::F32 => float_from_json(json)
                .map(|number| Self::Float(f64::from(number as f32)))
                .ok_or_else(|| unlike(ty, json)),
            Type::Char => {
                json.as_str().and_then(only_char).map(Self::Char).ok_or_else(|| unlike(ty, json))
            }
            Type::String => json
                .as_str()
                .map(|text| Self::String(text.to_owned()))
                .ok_or_else(|| unlike(ty, json)),
            Type::Bytes => json
                .as_str()
                .and_then(|text| STANDARD.decode(text).ok())
                .map(Self::Bytes)
                .ok_or_else(|| Mismatch::new("bytes in base64", describe(json))),
            Type::List(inner) => list_from_json(inner, ty, json),
            Type::Tuple(types) => tuple_from_json(types, ty, json),
            Type::Option(inner) => option_from_json(inner, json),
            Type::Result(ok, error) => result_from_json(ok.as_deref(), error.as_deref(), ty, json),
            Type::Record(record) => record_from_json(&record.body, ty, json),
            Type::Variant(variant) => variant_from_json(&variant.body, ty, json),
            Type::Enum(names) => json
                .as_str()
                .filter(|name| names.body.iter().any(|it| it == name))
                .map(|name| Self::Enum(name.to_owned()))
                .ok_or_else(|| Mismatch::new(one_of(&names.body), describe(json))),
            Type::Flags(names) => flags_from_json(&names.body, json),
            Type::Handle(_) => {
                Err(Mismatch::new("no handle: it can't cross a manifest", describe(json)))
            }
        }
    }
}

fn int_to_json(number: i128) -> Json {
    match i64::try_from(number) {
        Ok(small) if number.abs() <= EXACT_MAX => Json::from(small),
        _ => Json::String(number.to_string()),
    }
}

fn int_from_json(json: &Json) -> Option<i128> {
    match json {
        Json::Number(number) => {
            number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
        }
        // Only the form that `to_json` writes: digits, no sign but a minus, no leading zeros.
        Json::String(text) => text
            .parse::<i128>()
            .ok()
            .filter(|number| number.abs() > EXACT_MAX && number.to_string() == *text),
        _ => None,
    }
}

fn float_to_json(number: f64) -> Json {
    match serde_json::Number::from_f64(number) {
        Some(number) => Json::Number(number),
        None if number.is_nan() => Json::String("nan".to_owned()),
        None if number > 0.0 => Json::String("inf".to_owned()),
        None => Json::String("-inf".to_owned()),
    }
}

fn float_from_json(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => match text.as_str() {
            "nan" => Some(f64::NAN),
            "inf" => Some(f64::INFINITY),
            "-inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn only_char(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn case_to_json(name: &str, value: Option<&Value>) -> Json {
    let payload = value.map_or(Json::Null, Value::to_json);
    Json::Object(Map::from_iter([(name.to_owned(), payload)]))
}

fn list_from_json(inner: &Type, ty: &Type, json: &Json) -> Result<Value, Mismatch> {
    let items = json.as_array().ok_or_else(|| unlike(ty, json))?;
    let read = |(place, item): (usize, &Json)| {
        Value::from_json(inner, item).map_err(|it| it.below(place.to_string()))
    };
    items.iter().enumerate().map(read).collect::<Result<_, _>>().map(Value::List)
}

fn tuple_from_json(types: &[Type], ty: &Type, json: &Json) -> Result<Value, Mismatch> {
    let items = json
        .as_array()
        .filter(|items| items.len() == types.len())
        .ok_or_else(|| unlike(ty, json))?;
    let read = |(place, (ty, item)): (usize, (&Type, &Json))| {
        Value::from_json(ty, item).map_err(|it| it.below(place.to_string()))
    };
    types.iter().zip(items).enumerate().map(read).collect::<Result<_, _>>().map(Value::Tuple)
}

fn option_from_json(inner: &Type, json: &Json) -> Result<Value, Mismatch> {
    match json {
        Json::Null => Ok(Value::NONE),
        _ => Value::from_json(inner, json).map(Value::some),
    }
}

fn result_from_json(
    ok: Option<&Type>,
    error: Option<&Type>,
    ty: &Type,
    json: &Json,
) -> Result<Value, Mismatch> {
    let (name, payload) = single_entry(json).ok_or_else(|| unlike(ty, json))?;
    match name {
        "ok" => payload_from_json(ok, payload).map(|value| Value::Result(Ok(value))),
        "err" => payload_from_json(error, payload).map(|value| Value::Result(Err(value))),
        _ => Err(unlike(ty, json)),
    }
    .map_err(|it| it.below(name))
}

fn record_from_json(fields: &[Field], ty: &Type, json: &Json) -> Result<Value, Mismatch> {
    let object = json.as_object().ok_or_else(|| unlike(ty, json))?;
    if let Some(unknown) = object.keys().find(|key| fields.iter().all(|field| field.name != **key))
    {
        let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
        return Err(Mismatch::new(one_of(&names), "an unknown key").below(unknown));
    }
    let read = |field: &Field| {
        let value = match (object.get(&field.name), &field.ty) {
            (Some(json), ty) => Value::from_json(ty, json),
            (None, Type::Option(_)) => Ok(Value::NONE),
            (None, ty) => Err(Mismatch::new(ty.to_string(), "nothing")),
        };
        value.map(|value| (field.name.clone(), value)).map_err(|it| it.below(&field.name))
    };
    fields.iter().map(read).collect::<Result<_, _>>().map(Value::Record)
}

fn variant_from_json(cases: &[Case], ty: &Type, json: &Json) -> Result<Value, Mismatch> {
    let (name, payload) = match json {
        Json::String(name) => (name.as_str(), None),
        _ => single_entry(json)
            .map(|(name, payload)| (name, Some(payload)))
            .ok_or_else(|| unlike(ty, json))?,
    };
    let case = cases.iter().find(|case| case.name == name).ok_or_else(|| {
        let names: Vec<String> = cases.iter().map(|case| case.name.clone()).collect();
        Mismatch::new(one_of(&names), format!("`{name}`"))
    })?;
    let value = match (&case.ty, payload) {
        (None, None) => None,
        (Some(ty), Some(payload)) => {
            Some(Box::new(Value::from_json(ty, payload).map_err(|it| it.below(name))?))
        }
        (Some(ty), None) => return Err(Mismatch::new(format!("{{{name}: {ty}}}"), describe(json))),
        (None, Some(_)) => return Err(Mismatch::new(format!("`{name}`"), describe(json))),
    };
    Ok(Value::Variant(name.to_owned(), value))
}

fn flags_from_json(names: &[String], json: &Json) -> Result<Value, Mismatch> {
    let wrong = || Mismatch::new(format!("a list of {}", one_of(names)), describe(json));
    let items = json.as_array().ok_or_else(wrong)?;
    let known = |item: &Json| item.as_str().is_some_and(|name| names.iter().any(|it| it == name));
    if !items.iter().all(known) {
        return Err(wrong());
    }
    let set = |name: &&String| items.iter().any(|item| item.as_str() == Some(name.as_str()));
    Ok(Value::Flags(names.iter().filter(set).cloned().collect()))
}

fn payload_from_json(ty: Option<&Type>, json: &Json) -> Result<Option<Box<Value>>, Mismatch> {
    match (ty, json) {
        (None, Json::Null) => Ok(None),
        (None, _) => Err(Mismatch::new("null", describe(json))),
        (Some(ty), _) => Value::from_json(ty, json).map(|value| Some(Box::new(value))),
    }
}

fn single_entry(json: &Json) -> Option<(&str, &Json)> {
    let object = json.as_object().filter(|object| object.len() == 1)?;
    object.iter().next().map(|(key, value)| (key.as_str(), value))
}

fn unlike(ty: &Type, json: &Json) -> Mismatch {
    Mismatch::new(ty.to_string(), describe(json))
}

fn one_of(names: &[String]) -> String {
    format!("one of {}", names.join(", "))
}

fn describe(json: &Json) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) if text.chars().count() <= 40 => format!("\"{text}\""),
        Json::String(_) => "a long text".to_owned(),
        Json::Array(items) => format!("a list of {}", items.len()),
        Json::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::types::{IntKind, Named};

    #[test]
    fn a_mismatch_names_its_place() {
        let ty = Type::record([("a", Type::list(Type::record([("b", Type::Bool)])))]);
        let error =
            Value::from_json(&ty, &json!({ "a": [{ "b": true }, { "b": 1 }] })).unwrap_err();
        assert_eq!(error.to_string(), "at `a.1.b`: expected bool, found 1");
        let error = Value::from_json(&ty, &json!({ "a": [], "c": 1 })).unwrap_err();
        assert_eq!(error.to_string(), "at `c`: expected one of a, found an unknown key");
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        let ty = Type::Int(IntKind::U8);
        assert!(Value::from_json(&ty, &json!(256)).is_err());
        assert!(Value::from_json(&ty, &json!(-1)).is_err());
        assert!(Value::from_json(&ty, &json!(1.5)).is_err());
        assert!(Value::from_json(&ty, &json!("7")).is_err());
    }

    #[test]
    fn large_numbers_are_text_in_json() {
        let ty = Type::Int(IntKind::U64);
        let value = Value::Int(i128::from(u64::MAX));
        assert_eq!(value.to_json(), json!("18446744073709551615"));
        assert_eq!(Value::from_json(&ty, &value.to_json()), Ok(value));
    }

    #[test]
    fn an_absent_option_is_an_absent_key_or_null() {
        let ty = Type::record([("a", Type::option(Type::String))]);
        let none = Value::record([("a", Value::NONE)]);
        assert_eq!(Value::from_json(&ty, &json!({})), Ok(none.clone()));
        assert_eq!(Value::from_json(&ty, &json!({ "a": null })), Ok(none));
    }

    #[test]
    fn a_variant_is_its_name_or_a_map_of_one() {
        let case = |name: &str, ty| Case { name: name.into(), ty, docs: String::new() };
        let body = vec![case("plain", None), case("with", Some(Type::Bool))];
        let ty = Type::Variant(Named::new(None, body));
        let read = |json| Value::from_json(&ty, &json);
        assert_eq!(read(json!("plain")), Ok(Value::Variant("plain".into(), None)));
        let with = Value::Variant("with".into(), Some(Box::new(Value::Bool(true))));
        assert_eq!(read(json!({ "with": true })), Ok(with));
        assert!(read(json!("with")).is_err());
        assert!(read(json!({ "plain": null })).is_err());
    }
}
