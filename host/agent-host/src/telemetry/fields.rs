//! The fields of a span or an event, as values.

use std::fmt;

use tracing::field::{Field, Visit};

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Bool(bool),
    Int(i64),
    Float(f64),
}

/// All fields, in the order in which they were recorded.
#[derive(Clone, Default)]
pub(super) struct Fields(pub(super) Vec<(&'static str, Value)>);

impl Fields {
    fn last(&self, name: &str) -> Option<&Value> {
        self.0.iter().rev().find_map(|(field, value)| (*field == name).then_some(value))
    }

    /// A text of this name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        if let Some(Value::Text(text)) = self.last(name) { Some(text) } else { None }
    }

    /// A number of this name.
    pub(super) fn int(&self, name: &str) -> Option<i64> {
        if let Some(Value::Int(number)) = self.last(name) { Some(*number) } else { None }
    }

    /// Whether there is a `true` of this name.
    pub(super) fn bool(&self, name: &str) -> bool {
        self.last(name) == Some(&Value::Bool(true))
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), Value::Text(value.to_owned())));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.push((field.name(), Value::Bool(value)));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.push((field.name(), Value::Int(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record_i64(field, i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.push((field.name(), Value::Float(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push((field.name(), Value::Text(format!("{value:?}"))));
    }
}
