//! Values on their way to a guest and back, of types that the input chooses: only a value of the type
//! passes, in either direction, and it comes back as it went.
#![no_main]

use libfuzzer_sys::{
    arbitrary::{Result, Unstructured},
    fuzz_target,
};
use voyager_base::value;
use voyager_fuzz::shape;
use voyager_sandbox::fuzz::crosses;

/// Levels of a type.
const DEPTH: u32 = 4;

fuzz_target!(|bytes: &[u8]| {
    // An input too short for types is none.
    let _ = check(&mut Unstructured::new(bytes));
});

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let ty = shape::ty(u, DEPTH)?;
    // Another type is seldom near the first: half of the time it is the first in disguise.
    let other = if u.arbitrary()? { shape::like(u, &ty)? } else { shape::ty(u, DEPTH)? };
    let value = shape::value(u, &ty)?;
    crosses(&value, &ty, &other);
    crosses(&value, &other, &ty);
    if let Ok(value) = value::decode(&ty, u.peek_bytes(u.len()).unwrap_or_default()) {
        crosses(&value, &ty, &other);
    }
    Ok(())
}
