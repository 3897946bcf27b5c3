//! Values as bytes and as JSON, of a type that the input chooses: what is read is of the type, and what
//! is written is read as the same.

use crate::shape;
use arbitrary::{Result, Unstructured};
use voyager_base::{Type, Value, value};

/// Levels of a type.
const DEPTH: u32 = 4;

/// States what must hold of any bytes.
///
/// # Panics
/// Where it does not.
pub fn target(bytes: &[u8]) {
    // An input too short for a type is none.
    let _ = check(&mut Unstructured::new(bytes));
}

fn check(u: &mut Unstructured<'_>) -> Result<()> {
    let ty = shape::ty(u, DEPTH)?;
    let made: bool = u.arbitrary()?;
    if made {
        let value = shape::value(u, &ty)?;
        assert!(value.is_of(&ty));
        round_trips(&ty, &value);
        return Ok(());
    }
    let bytes = u.peek_bytes(u.len()).unwrap_or_default();
    if let Ok(value) = value::decode(&ty, bytes) {
        round_trips(&ty, &value);
    }
    if let Ok(json) = serde_json::from_slice(bytes)
        && let Ok(value) = Value::from_json(&ty, &json)
    {
        round_trips(&ty, &value);
    }
    Ok(())
}

fn round_trips(ty: &Type, value: &Value) {
    assert!(value.is_of(ty), "{value:?} is no {ty}");
    let bytes = value::encode(value);
    let read = value::decode(ty, &bytes).expect("what was written is read");
    // Compared as bytes: NaN is no other than itself there.
    assert_eq!(value::encode(&read), bytes, "{value:?}");
    let json = value.to_json();
    let text = json.to_string();
    let json = serde_json::from_str(&text).expect("what was written is read");
    let read = Value::from_json(ty, &json).expect("what was written is read");
    assert_eq!(value::encode(&read), bytes, "{value:?} as {text}");
}
