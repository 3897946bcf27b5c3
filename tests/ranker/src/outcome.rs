//! What ends a program that somebody asked for what can't be done.

use std::error::Error;

/// What somebody named and can't be used ends the program.
pub fn or_exit<T>(outcome: Result<T, impl Into<Box<dyn Error>>>) -> T {
    outcome.unwrap_or_else(|error| {
        let error = error.into();
        eprint!("error: {error}");
        let mut cause = error.source();
        while let Some(it) = cause {
            eprint!(": {it}");
            cause = it.source();
        }
        eprintln!();
        std::process::exit(2)
    })
}
