//! Reading components for fuzzing: outside, only [`Sandbox`](crate::Sandbox) does it, and compiles what
//! it has read.

use voyager_base::{Type, operation::Skill};

use crate::{decode, docs};

/// Reads `component` without compiling it.
///
/// # Panics
/// Where docs can't be taken out without harm, or a type is deeper than others can stand.
pub fn component(component: &[u8]) -> Option<Skill> {
    let (bare, _) = docs::split(component);
    assert!(bare.len() <= component.len());
    assert_eq!(docs::split(&bare).0, bare, "docs are taken out at once");
    let decoded = decode::decode(component).ok()?;
    for operation in &decoded.skill.operations {
        let types = operation.parameters.iter().map(|(_, ty)| ty).chain(&operation.result);
        types.for_each(|ty| assert!(depth(ty) <= 66, "{ty}"));
    }
    Some(decoded.skill)
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
