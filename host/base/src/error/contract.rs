//! The error as it crosses to skills and back: the shape of `voyager:types/types.error`.

use super::{Error, ErrorKind, Retry};
use crate::{
    types::{Case, IntKind, Named, Type},
    value::Value,
};

/// The kinds that have a case of their own in the contract. The others are the host's to say, and cross
/// as `other` with their name as the code.
const CASES: [ErrorKind; 9] = [
    ErrorKind::Denied,
    ErrorKind::NotFound,
    ErrorKind::Invalid,
    ErrorKind::Conflict,
    ErrorKind::Limit,
    ErrorKind::Timeout,
    ErrorKind::Unavailable,
    ErrorKind::UnknownEffect,
    ErrorKind::Cancelled,
];

/// The type of `voyager:types/types.error`. An operation that fails with it keeps the kind.
pub fn contract_type() -> Type {
    let retry =
        [case("never", None), case("after", Some(Type::Int(IntKind::U64))), case("as-is", None)];
    let fault = Type::record([
        ("message", Type::String),
        ("bound", Type::option(Type::String)),
        ("retry", variant(retry)),
    ]);
    let other = Type::record([("code", Type::String), ("fault", fault.clone())]);
    let own = CASES.into_iter().map(|kind| case(kind.name(), Some(fault.clone())));
    variant(own.chain([case("other", Some(other))]))
}

fn variant(cases: impl IntoIterator<Item = Case>) -> Type {
    Type::Variant(Named::new(None, cases.into_iter().collect()))
}

fn case(name: &str, ty: Option<Type>) -> Case {
    Case { name: name.to_owned(), ty, docs: String::new() }
}

impl Error {
    /// What a skill gave back as the failure of its operation; none where `failure` is no
    /// [`contract_type`].
    ///
    /// `cancelled` becomes `other`: whether a run was cancelled is what the host says, and a skill that
    /// says so changes nothing about it.
    pub fn from_contract(failure: &Value) -> Option<Self> {
        let Value::Variant(name, Some(payload)) = failure else { return None };
        let kind = ErrorKind::from_name(name)?;
        let (code, fault) = match kind {
            ErrorKind::Other => (Some(text(field(payload, "code")?)?), field(payload, "fault")?),
            ErrorKind::Cancelled => (Some(kind.name().to_owned()), &**payload),
            kind if CASES.contains(&kind) => (None, &**payload),
            _ => return None,
        };
        let kind = if code.is_some() { ErrorKind::Other } else { kind };
        let bound = match field(fault, "bound")? {
            Value::Option(bound) => bound.as_deref().map(text),
            _ => None,
        };
        let retry = retry(field(fault, "retry")?)?;
        let message = text(field(fault, "message")?)?;
        Some(Self { kind, message, bound: bound.flatten(), retry, code, detail: None })
    }
}

fn field<'a>(record: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Record(fields) = record else { return None };
    fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn retry(value: &Value) -> Option<Retry> {
    let Value::Variant(name, payload) = value else { return None };
    match (name.as_str(), payload.as_deref()) {
        ("never", None) => Some(Retry::Never),
        ("after", Some(Value::Int(millis))) => u64::try_from(*millis).ok().map(Retry::After),
        ("as-is", None) => Some(Retry::AsIs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(bound: Option<&str>, retry: Value) -> Value {
        let bound = bound.map_or(Value::NONE, |bound| Value::some(Value::String(bound.into())));
        Value::Record(vec![
            ("message".into(), Value::String("why".into())),
            ("bound".into(), bound),
            ("retry".into(), retry),
        ])
    }

    fn never() -> Value {
        Value::Variant("never".into(), None)
    }

    fn read(case: &str, payload: Value) -> Option<Error> {
        let value = Value::Variant(case.into(), Some(Box::new(payload)));
        assert!(value.is_of(&contract_type()), "{case}");
        Error::from_contract(&value)
    }

    #[test]
    fn every_case_keeps_its_kind_but_the_one_that_only_the_host_can_say() {
        for kind in CASES {
            let error = read(kind.name(), fault(None, never())).unwrap();
            if kind == ErrorKind::Cancelled {
                assert_eq!(
                    (error.kind, error.code.as_deref()),
                    (ErrorKind::Other, Some("cancelled"))
                );
            } else {
                assert_eq!(error, Error::new(kind, "why"));
            }
        }
    }

    #[test]
    fn message_bound_retry_and_code_are_kept() {
        let after = Value::Variant("after".into(), Some(Box::new(Value::Int(250))));
        let error = read("limit", fault(Some("memory: 1"), after)).unwrap();
        assert_eq!((error.bound.as_deref(), error.retry), (Some("memory: 1"), Retry::After(250)));
        let as_is = fault(None, Value::Variant("as-is".into(), None));
        let other = vec![("code".into(), Value::String("full".into())), ("fault".into(), as_is)];
        let error = read("other", Value::Record(other)).unwrap();
        assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Other, Some("full")));
        assert_eq!((error.message.as_str(), error.retry), ("why", Retry::AsIs));
    }

    #[test]
    fn what_has_another_shape_is_no_error() {
        for value in [Value::String("denied".into()), Value::Variant("denied".into(), None)] {
            assert_eq!(Error::from_contract(&value), None);
        }
        let failed = Value::Variant("failed".into(), Some(Box::new(fault(None, never()))));
        assert_eq!(Error::from_contract(&failed), None);
    }
}
