//! The value mapping over every type: what goes out comes back, and hostile bytes never panic.

use proptest::prelude::*;
use voyager_base::{
    types::{Case, Field, IntKind, Named, Type},
    value::{
        Value, decode, decode_tuple, encode, encode_tuple, encoded_length, encoded_tuple_length,
    },
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

fn leaf_type() -> impl Strategy<Value = Type> {
    prop_oneof![
        Just(Type::Bool),
        prop::sample::select(INTS.to_vec()).prop_map(Type::Int),
        Just(Type::F32),
        Just(Type::F64),
        Just(Type::Char),
        Just(Type::String),
        Just(Type::Bytes),
        names().prop_map(|body| Type::Enum(Named::new(None, body))),
        names().prop_map(|body| Type::Flags(Named::new(None, body))),
    ]
}

fn names() -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set("[a-z]{1,4}", 1..4).prop_map(|set| set.into_iter().collect())
}

fn any_type() -> impl Strategy<Value = Type> {
    leaf_type().prop_recursive(4, 24, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let field = |(name, ty)| Field { name, ty, docs: String::new() };
        let case = |(name, ty)| Case { name, ty, docs: String::new() };
        prop_oneof![
            inner.clone().prop_map(Type::list),
            // An option of an option has no JSON; the checker refuses it.
            inner
                .clone()
                .prop_filter("nested option", |ty| !matches!(ty, Type::Option(_)))
                .prop_map(Type::option),
            (prop::option::of(boxed.clone()), prop::option::of(boxed))
                .prop_map(|(ok, error)| Type::Result(ok, error)),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Type::Tuple),
            prop::collection::btree_map("[a-z]{1,4}", inner.clone(), 1..4).prop_map(
                move |fields| {
                    Type::Record(Named::new(None, fields.into_iter().map(field).collect()))
                }
            ),
            prop::collection::btree_map("[a-z]{1,4}", prop::option::of(inner), 1..4).prop_map(
                move |cases| Type::Variant(Named::new(None, cases.into_iter().map(case).collect()))
            ),
        ]
    })
}

fn value_of(ty: &Type) -> BoxedStrategy<Value> {
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Int(kind) => {
            let (least, most) = kind.range();
            (least..=most).prop_map(Value::Int).boxed()
        }
        Type::F32 => any::<f32>().prop_map(|it| Value::Float(f64::from(it))).boxed(),
        Type::F64 => any::<f64>().prop_map(Value::Float).boxed(),
        Type::Char => any::<char>().prop_map(Value::Char).boxed(),
        Type::String => any::<String>().prop_map(Value::String).boxed(),
        Type::Bytes => any::<Vec<u8>>().prop_map(Value::Bytes).boxed(),
        Type::List(inner) => {
            prop::collection::vec(value_of(inner), 0..4).prop_map(Value::List).boxed()
        }
        Type::Option(inner) => {
            prop_oneof![Just(Value::NONE), value_of(inner).prop_map(Value::some),].boxed()
        }
        Type::Result(ok, error) => prop_oneof![
            payload_of(ok.as_deref()).prop_map(|it| Value::Result(Ok(it))),
            payload_of(error.as_deref()).prop_map(|it| Value::Result(Err(it))),
        ]
        .boxed(),
        Type::Tuple(types) => {
            types.iter().map(value_of).collect::<Vec<_>>().prop_map(Value::Tuple).boxed()
        }
        Type::Record(record) => {
            let names: Vec<String> = record.body.iter().map(|it| it.name.clone()).collect();
            let values: Vec<_> = record.body.iter().map(|it| value_of(&it.ty)).collect();
            values
                .prop_map(move |values| Value::Record(names.iter().cloned().zip(values).collect()))
                .boxed()
        }
        Type::Variant(variant) => prop::sample::select(variant.body.clone())
            .prop_flat_map(|case| {
                payload_of(case.ty.as_ref())
                    .prop_map(move |it| Value::Variant(case.name.clone(), it))
            })
            .boxed(),
        Type::Enum(names) => prop::sample::select(names.body.clone()).prop_map(Value::Enum).boxed(),
        Type::Flags(names) => {
            let all = names.body.clone();
            prop::collection::vec(any::<bool>(), all.len())
                .prop_map(move |set| {
                    let names = all.iter().zip(set).filter(|(_, set)| *set);
                    Value::Flags(names.map(|(name, _)| name.clone()).collect())
                })
                .boxed()
        }
        Type::Handle(_) => unreachable!("no handle is generated"),
    }
}

fn payload_of(ty: Option<&Type>) -> BoxedStrategy<Option<Box<Value>>> {
    match ty {
        None => Just(None).boxed(),
        Some(ty) => value_of(ty).prop_map(|it| Some(Box::new(it))).boxed(),
    }
}

fn typed_value() -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(|ty| value_of(&ty).prop_map(move |value| (ty.clone(), value)))
}

/// NaN equals nothing, so values are compared by their canonical bytes.
fn same(a: &Value, b: &Value) -> bool {
    encode(a) == encode(b)
}

proptest! {
    #[test]
    fn a_value_is_of_its_type((ty, value) in typed_value()) {
        prop_assert!(value.is_of(&ty));
    }

    #[test]
    fn json_gives_back_what_went_out((ty, value) in typed_value()) {
        let text = value.to_json().to_string();
        let back = Value::from_json(&ty, &serde_json::from_str(&text).unwrap());
        prop_assert!(back.as_ref().is_ok_and(|back| same(back, &value)), "{ty}: {text}: {back:?}");
    }

    #[test]
    fn bytes_give_back_what_went_out((ty, value) in typed_value()) {
        let back = decode(&ty, &encode(&value));
        prop_assert!(back.as_ref().is_ok_and(|back| same(back, &value)), "{ty}: {back:?}");
        prop_assert_eq!(encoded_length(&value), encode(&value).len() as u64);
        let tuple = [value.clone(), value];
        prop_assert_eq!(encoded_tuple_length(&tuple), encode_tuple(&tuple).len() as u64);
        let back = decode_tuple(&[ty.clone(), ty], &encode_tuple(&tuple)).unwrap();
        prop_assert!(same(&back[1], &tuple[1]));
    }

    #[test]
    fn the_record_gives_back_what_went_out((_, value) in typed_value()) {
        let bytes = rmp_serde::to_vec_named(&value).unwrap();
        let back: Value = rmp_serde::from_slice(&bytes).unwrap();
        prop_assert!(same(&back, &value));
    }

    #[test]
    fn any_bytes_are_a_value_or_an_error(ty in any_type(), bytes in any::<Vec<u8>>()) {
        if let Ok(value) = decode(&ty, &bytes) {
            prop_assert!(value.is_of(&ty));
        }
    }

    #[test]
    fn cut_bytes_are_an_error((ty, value) in typed_value(), share in 0.0..1.0_f64) {
        let bytes = encode(&value);
        let cut = (bytes.len() as f64 * share) as usize;
        prop_assume!(cut < bytes.len());
        prop_assert!(decode(&ty, &bytes[..cut]).is_err());
    }
}
