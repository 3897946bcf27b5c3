//! Every value that goes through a real component comes back as it was.

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use voyager_base::{Limits, Type, Value};
use voyager_hostile::{Host, World, component};

/// A list of any elements is an address and a length: giving both back gives back the list.
const ECHO: &str = r#"
    (func (export "test:hostile/api@0.1.0#f") (param i32 i32) (result i32)
        (i32.store (i32.const 0) (local.get 0))
        (i32.store (i32.const 4) (local.get 1))
        (i32.const 0))"#;

/// A WIT type with a value for it.
fn typed() -> impl Strategy<Value = (String, Value)> {
    let int = |name: &str, least: i128, most: i128| {
        let name = name.to_owned();
        (least..=most).prop_map(move |it| (name.clone(), Value::Int(it)))
    };
    let leaf = prop_oneof![
        any::<bool>().prop_map(|it| ("bool".to_owned(), Value::Bool(it))),
        int("u8", 0, 255),
        int("s8", -128, 127),
        int("u16", 0, 65_535),
        int("s16", -32_768, 32_767),
        int("u32", 0, u32::MAX.into()),
        int("s32", i32::MIN.into(), i32::MAX.into()),
        int("u64", 0, u64::MAX.into()),
        int("s64", i64::MIN.into(), i64::MAX.into()),
        (-1e30_f32..1e30).prop_map(|it| ("f32".to_owned(), Value::Float(it.into()))),
        (-1e300_f64..1e300).prop_map(|it| ("f64".to_owned(), Value::Float(it))),
        any::<char>().prop_map(|it| ("char".to_owned(), Value::Char(it))),
        ".{0,8}".prop_map(|it| ("string".to_owned(), Value::String(it))),
        prop_oneof![Just("one"), Just("two")]
            .prop_map(|it| ("an-enum".to_owned(), Value::Enum(it.to_owned()))),
        prop::sample::subsequence(vec!["read", "write", "run"], 0..=3).prop_map(|names| {
            let names = names.into_iter().map(str::to_owned).collect();
            ("some-flags".to_owned(), Value::Flags(names))
        }),
        (any::<u32>(), ".{0,4}").prop_map(|(line, path)| {
            let fields = [("path", Value::String(path)), ("line", Value::Int(line.into()))];
            ("a-record".to_owned(), Value::record(fields))
        }),
        any::<Option<f64>>()
            .prop_filter("a NaN is no other", |it| !it.is_some_and(f64::is_nan))
            .prop_map(|it| {
                let value = match it {
                    None => Value::Variant("none".to_owned(), None),
                    Some(number) => {
                        Value::Variant("number".to_owned(), Some(Box::new(Value::Float(number))))
                    }
                };
                ("a-variant".to_owned(), value)
            }),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|(ty, value)| (format!("option<{ty}>"), Value::some(value))),
            inner.clone().prop_map(|(ty, _)| (format!("option<{ty}>"), Value::NONE)),
            (inner.clone(), inner.clone()).prop_map(|((a, x), (b, y))| {
                (format!("tuple<{a}, {b}>"), Value::Tuple(vec![x, y]))
            }),
            inner.clone().prop_map(|(ty, value)| {
                (format!("result<_, {ty}>"), Value::Result(Err(Some(Box::new(value)))))
            }),
            inner.clone().prop_map(|(ty, value)| {
                (format!("result<{ty}>"), Value::Result(Ok(Some(Box::new(value)))))
            }),
            inner.prop_map(|(ty, value)| list(&ty, vec![value.clone(), value])),
        ]
    })
}

fn list(ty: &str, values: Vec<Value>) -> (String, Value) {
    let values = match ty {
        "u8" => Value::Bytes(values.iter().map(byte).collect()),
        _ => Value::List(values),
    };
    (format!("list<{ty}>"), values)
}

fn byte(value: &Value) -> u8 {
    match value {
        Value::Int(number) => u8::try_from(*number).unwrap(),
        other => panic!("{other:?} is no byte"),
    }
}

#[test]
fn every_value_survives_a_real_component() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let host = Host::new();
    let mut runner = TestRunner::new(Config { cases: 48, ..Config::default() });
    let cases = (typed(), 0..4_usize);
    let checked = runner.run(&cases, |((ty, value), count)| {
        let (ty, values) = list(&ty, vec![value; count]);
        let wit = format!(
            "enum an-enum {{ one, two }} flags some-flags {{ read, write, run }}
             record a-record {{ path: string, line: u32 }}
             variant a-variant {{ none, number(f64) }}
             f: func(x: {ty}) -> {ty};"
        );
        let echo = component(&wit, "", ECHO);
        let skill = host.sandbox.load(&echo).unwrap();
        let declared: &Type = &skill.operations[0].parameters[0].1;
        prop_assert!(values.is_of(declared));
        let world = World::default();
        let back =
            runtime.block_on(host.run(&echo, vec![values.clone()], Limits::default(), &world));
        prop_assert_eq!(back, Ok(values));
        Ok(())
    });
    checked.unwrap();
}
