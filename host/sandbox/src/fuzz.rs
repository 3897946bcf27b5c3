//! The sandbox's borders for fuzzing: components read without being compiled, which outside only
//! [`Sandbox`](crate::Sandbox) does, and values on their way to a guest and back.

use voyager_base::{Type, Value, operation::Skill, value};
use wasmparser::Parser;

use crate::{
    decode::{self, Decoded},
    docs, imports,
    values::{lift, lower},
};

/// Reads `component` without compiling it.
///
/// # Panics
/// Where docs can't be taken out without harm, or what is said of the component is not always the same,
/// is not its own, or is more than others can stand.
pub fn component(component: &[u8]) -> Option<Skill> {
    let (bare, _) = docs::split(component);
    assert!(bare.len() <= component.len());
    assert_eq!(docs::split(&bare).0, bare, "docs are taken out at once");
    let decoded = decode::decode(component).ok()?;
    assert!(Parser::is_component(component), "what is no component is no skill");
    assert_eq!(decode::decode(component).as_ref(), Ok(&decoded), "it is always the same");
    let told = rmp_serde::to_vec_named(&decoded).expect("the compiler's process can tell it");
    let heard: Decoded = rmp_serde::from_slice(&told).expect("what was told is heard");
    assert_eq!(heard, decoded, "it is heard as told");
    if let Err(error) = imports::check(&decoded.imports) {
        assert!(error.to_string().len() <= 2_000, "a refusal is short: {error}");
    }
    described(&decoded, component.len());
    Some(decoded.skill)
}

/// What is said of a skill holds.
fn described(decoded: &Decoded, size: usize) {
    let skill = &decoded.skill;
    assert_eq!(skill.size, size as u64);
    let files = "voyager:workspace/files@0.1.0";
    let is_files = |import: &String| decoded.program.is_some() && import == files;
    assert!(skill.imports.iter().all(|it| decoded.imports.contains(it) || is_files(it)));
    assert!(skill.operations.is_sorted_by(|a, b| a.name < b.name), "each operation once, in order");
    let mut parts_left = 200_000;
    for operation in &skill.operations {
        let types = operation.parameters.iter().map(|(_, ty)| ty).chain(&operation.result);
        types.for_each(|ty| {
            assert!(depth(ty) <= 66, "{ty}");
            parts_left = usize::checked_sub(parts_left, parts(ty)).expect("types are bounded");
        });
    }
}

/// Lowers `value`, and lifts what that gives, as a `ty`, and as an `other`.
///
/// # Panics
/// Where anything but a value of the type passes, or it does not come back as it went.
pub fn crosses(value: &Value, ty: &Type, other: &Type) {
    let val = lower(value.clone(), ty);
    assert_eq!(val.is_ok(), value.is_of(ty), "{value:?} as {ty}");
    let Ok(val) = val else { return };
    if let Ok(lifted) = lift(val.clone(), other) {
        assert!(lifted.is_of(other), "{lifted:?} was lifted as {other}");
    }
    let lifted = lift(val, ty).expect("what was lowered is lifted");
    // Compared as bytes: NaN is no other than itself there.
    assert_eq!(value::encode(&lifted), value::encode(value), "{value:?} as {ty}");
}

fn parts(ty: &Type) -> usize {
    let all = |types: &mut dyn Iterator<Item = &Type>| types.map(parts).sum();
    1 + match ty {
        Type::List(inner) | Type::Option(inner) => parts(inner),
        Type::Result(ok, error) => all(&mut [ok, error].into_iter().flatten().map(|it| &**it)),
        Type::Tuple(types) => all(&mut types.iter()),
        Type::Record(record) => all(&mut record.body.iter().map(|it| &it.ty)),
        Type::Variant(variant) => all(&mut variant.body.iter().filter_map(|it| it.ty.as_ref())),
        _ => 0,
    }
}

fn depth(ty: &Type) -> u32 {
    let most = |types: &mut dyn Iterator<Item = &Type>| types.map(depth).max().unwrap_or(0);
    1 + match ty {
        Type::List(inner) | Type::Option(inner) => depth(inner),
        Type::Result(ok, error) => most(&mut [ok, error].into_iter().flatten().map(|it| &**it)),
        Type::Tuple(types) => most(&mut types.iter()),
        Type::Record(record) => most(&mut record.body.iter().map(|it| &it.ty)),
        Type::Variant(variant) => most(&mut variant.body.iter().filter_map(|it| it.ty.as_ref())),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    /// Components to begin with: they give on what they import, which no host has; one does nothing.
    fn seeds() -> Vec<Vec<u8>> {
        let passing = |function: &str| {
            format!(
                r#"(component
                    (import "other:no/no@9.0.0" (instance $no (export "f" (func {function}))))
                    (alias export $no "f" (func $f))
                    (instance $out (export "f" (func $f)))
                    (export "some:skill/it@0.1.0" (instance $out)))"#
            )
        };
        let texts = [
            passing(r#"(param "a" string) (result (list u8))"#),
            passing(r#"(param "a" (option bool)) (result (tuple f32 char))"#),
            passing(r#"(result (result u64 (error string)))"#),
            "(component)".to_owned(),
        ];
        texts.iter().map(|text| wat::parse_str(text).unwrap()).collect()
    }

    #[test]
    fn seeds_are_read() {
        let skills: Vec<_> = seeds().iter().map(|seed| component(seed)).collect();
        let operations = |it: &Option<Skill>| it.as_ref().map(|it| it.operations.len());
        assert_eq!(
            skills.iter().map(operations).collect::<Vec<_>>(),
            [Some(1), Some(1), Some(1), None]
        );
    }

    proptest! {
        #[test]
        fn changed_components_are_read_or_refused(
            seed in select(seeds()),
            changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            end in any::<prop::sample::Index>(),
            is_cut in prop::bool::weighted(0.1),
        ) {
            let mut bytes = seed;
            changes.iter().for_each(|(at, byte)| *at.get_mut(&mut bytes) = *byte);
            if is_cut {
                bytes.truncate(end.index(bytes.len()));
            }
            component(&bytes);
        }
    }
}
