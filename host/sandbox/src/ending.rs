//! Why a guest ended other than by returning, and how that is said.

use voyager_base::{Error, ErrorKind, Limits, call::Stop, error::NO_ROOM};
use wasmtime::{Trap, WasmBacktrace, WasmCoreDump};

use crate::{
    engine::EngineShape,
    lines::{Lines, NAME_BYTES_MAX, SourceLine, own_name, rustc_name},
    text::plain,
};

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

/// What the guest was when it ended, where it ended by itself or by a limit: how it was stopped says nothing
/// of it.
pub(crate) fn core(error: &wasmtime::Error) -> Option<&WasmCoreDump> {
    let stopped = matches!(error.downcast_ref::<Ending>(), Some(Ending::Stop(_)));
    error.downcast_ref::<WasmCoreDump>().filter(|_| !stopped)
}

/// Most lines of a trace.
const TRACE_LINES_MAX: usize = 24;

/// Where a guest broke, the innermost function first, a line each: for the people who watch. It is no part of
/// the task's error, which a replay compares, on another machine too.
pub(crate) fn trace(error: &wasmtime::Error, table: &[u8]) -> Vec<String> {
    let ended_itself = matches!(error.downcast_ref::<Ending>(), Some(Ending::Exit(_)));
    let backtrace = error.downcast_ref::<WasmBacktrace>();
    let Some(backtrace) = backtrace.filter(|_| error.is::<Trap>() || ended_itself) else {
        return Vec::new();
    };
    let lines = Lines::read(table);
    let mut trace = Vec::new();
    for frame in backtrace.frames() {
        let named = own_name(frame.func_name(), frame.func_index());
        for SourceLine { function, file, line } in lines.within(frame.module_offset(), named) {
            trace.push(match file.as_str() {
                "" => format!("  at {function}"),
                _ => format!("  at {function} ({file}:{line})"),
            });
        }
    }
    without_panicking(&mut trace);
    trace.truncate(TRACE_LINES_MAX);
    if table.is_empty() && !trace.is_empty() {
        trace.push("  for source lines build it with `agent-host skill build --debug`".to_owned());
    }
    trace
}

/// Leaves out how Rust ends a guest that panics: it begins where the panic was called for.
fn without_panicking(trace: &mut Vec<String>) {
    const MARKS: [&str; 4] =
        ["core::panicking::", "std::panicking::", "_failed (core", "rust_begin_unwind"];
    let is_panicking = |line: &String| MARKS.iter().any(|mark| line.contains(mark));
    if let Some(last) = trace.iter().take(TRACE_LINES_MAX).rposition(is_panicking) {
        // Where nothing else is left, all of it is better than nothing.
        if last + 1 < trace.len() {
            trace.drain(..=last);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_begins_where_the_panic_was_called_for() {
        let lines = [
            "  at abort",
            "  at core::panicking::panic_fmt (core/src/panicking.rs:80)",
            "  at count (a/src/lib.rs:2)",
        ];
        let mut trace: Vec<String> = lines.map(str::to_owned).into();
        without_panicking(&mut trace);
        assert_eq!(trace, lines[2..]);
        without_panicking(&mut trace);
        assert_eq!(trace, lines[2..]);
    }
}
