//! Why a guest ended other than by returning, and how that is said.

use voyager_base::{Error, ErrorKind, Limits, call::Stop, error::NO_ROOM};
use wasmtime::{Trap, WasmBacktrace};

use crate::{engine::EngineShape, text::plain};

/// Longest name of a function in a message; names come from the skill.
const NAME_BYTES_MAX: usize = 120;

/// An end that the host chose.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ending {
    /// A limit, or something else that the task's error says.
    #[error("{0}")]
    Host(Error),
    /// The ledger does not let it go on.
    #[error("{0}")]
    Stop(Stop),
    /// It ended itself by `wasi:cli/exit`.
    #[error("exit {0}")]
    Exit(u8),
}

impl Ending {
    /// A limit as an error of wasmtime.
    pub(crate) fn limit(name: &str, value: impl std::fmt::Display) -> wasmtime::Error {
        Self::Host(Error::limit(name, value)).into()
    }
}

/// What a call's end means for the task.
pub(crate) fn explain(error: &wasmtime::Error, limits: &Limits, shape: &EngineShape) -> Error {
    if let Some(ending) = error.downcast_ref::<Ending>() {
        return chosen(ending);
    }
    if error.is::<wasmtime::PoolConcurrencyLimitError>() {
        let message = format!(
            "all {} instances of this host are in use; run less at a time",
            shape.instances_max
        );
        return Error { code: Some(NO_ROOM.to_owned()), ..Error::unavailable(message) };
    }
    if error.downcast_ref::<Trap>() == Some(&Trap::StackOverflow) {
        let bound = format!("stack: {}", shape.stack_bytes);
        let message = format!(
            "the skill used up its stack of {} bytes{}; it recurses too deeply",
            shape.stack_bytes,
            frames(error)
        );
        return Error::new(ErrorKind::Limit, message).bound(bound);
    }
    by_text(error, limits).unwrap_or_else(|| trapped(error))
}

fn chosen(ending: &Ending) -> Error {
    match ending {
        Ending::Host(error) => error.clone(),
        Ending::Stop(Stop::Cancelled) => Error::cancelled(),
        Ending::Stop(stop @ (Stop::Diverged(_) | Stop::Journal(_))) => {
            Error::unavailable(stop.to_string())
        }
        Ending::Exit(code) => Error::new(
            ErrorKind::Trapped,
            format!("the skill ended itself with exit code {code} instead of returning"),
        ),
    }
}

/// wasmtime tells some limits by text only.
fn by_text(error: &wasmtime::Error, limits: &Limits) -> Option<Error> {
    let cause = error.root_cause().to_string();
    if cause.starts_with("resource limit exceeded") || cause.contains("maximum per-component limit")
    {
        return Some(Error::limit("instances", limits.instances));
    }
    if cause.contains("handle limit exceeded") {
        return Some(Error::limit("handles", limits.handles));
    }
    if cause.contains("fuel") {
        // Functions of the guest are on the stack where it asks, and none where its result is taken.
        return Some(match error.downcast_ref::<WasmBacktrace>() {
            Some(_) => Error::limit("call-bytes", limits.call_bytes),
            None => Error::limit("value-bytes", limits.value_bytes),
        });
    }
    None
}

fn trapped(error: &wasmtime::Error) -> Error {
    let reason = plain(&error.root_cause().to_string(), 500);
    Error::new(ErrorKind::Trapped, format!("the skill broke: {reason}{}", frames(error)))
}

/// The functions in which it happened, innermost first.
fn frames(error: &wasmtime::Error) -> String {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else { return String::new() };
    let names: Vec<String> = backtrace
        .frames()
        .iter()
        .filter_map(|frame| frame.func_name())
        .map(|name| plain(&rustc_name(name), NAME_BYTES_MAX))
        .take(8)
        .collect();
    if names.is_empty() { String::new() } else { format!(" (in {})", names.join(" < ")) }
}

fn rustc_name(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}
