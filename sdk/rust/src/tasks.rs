//! Other operations as child tasks, with Rust types for their arguments and results.
//!
//! A struct whose fields stand in the order of the WIT record is that record; `Option` is `option`; an
//! enum with `#[serde(rename_all = "kebab-case")]` is an enum or a variant; bytes are
//! `serde_bytes::ByteBuf` or `Vec<u8>`.

use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, bindings::voyager::tasks::tasks};

/// Calls one operation with the tuple of its parameters, for example `("src/lib.rs", true)`; for one
/// parameter `(value,)`.
///
/// # Errors
/// What became of the child where it gave no result; `invalid` where its result is no `R`.
pub fn call<A: Serialize, R: DeserializeOwned>(operation: &str, arguments: &A) -> Result<R, Error> {
    read(operation, &tasks::call(operation, &written(arguments)?)?)
}

/// Calls one operation once for each of `arguments`, at most `parallel` at a time (0: as many as the
/// host has cores). Outcomes come in the order of the arguments; a failed child fails no other.
///
/// # Errors
/// `denied`, `not-found`, `limit`, `invalid`, for all of them together.
pub fn map<A: Serialize, R: DeserializeOwned>(
    operation: &str,
    arguments: impl IntoIterator<Item = A>,
    parallel: u32,
) -> Result<Vec<Result<R, Error>>, Error> {
    let arguments: Vec<Vec<u8>> =
        arguments.into_iter().map(|it| written(&it)).collect::<Result<_, _>>()?;
    let outcomes = tasks::map(operation, &arguments, parallel)?;
    Ok(outcomes.into_iter().map(|outcome| outcome.and_then(|it| read(operation, &it))).collect())
}

fn written<T: Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    rmp_serde::to_vec(value)
        .map_err(|error| Error::invalid(format!("arguments that can't be written: {error}")))
}

fn read<T: DeserializeOwned>(operation: &str, bytes: &[u8]) -> Result<T, Error> {
    rmp_serde::from_slice(bytes).map_err(|error| {
        Error::invalid(format!("the result of `{operation}` is of another type: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Place {
        path: String,
        line: Option<u32>,
    }

    #[test]
    fn a_struct_crosses_as_the_array_of_its_fields() {
        let place = Place { path: "a".into(), line: None };
        let bytes = written(&place).unwrap();
        assert_eq!(bytes, [0x92, 0xa1, b'a', 0xc0]);
        assert_eq!(read::<Place>("a:b/c.d", &bytes), Ok(place));
        let error = read::<u32>("a:b/c.d", &bytes).unwrap_err();
        assert_eq!(error.kind(), "invalid");
    }
}
