//! Reports to the people who watch.

use crate::bindings::voyager::run::run;

/// How important a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something went wrong.
    Error,
    /// Something looks wrong.
    Warn,
    /// Something happened.
    Info,
    /// For the author of the skill.
    Debug,
}

/// Writes one line to the run's log.
pub fn log(level: Level, message: &str) {
    let level = match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
    };
    run::log(level, message);
}

/// Says how far the operation is. `total` is none where it is not known.
pub fn progress(done: u64, total: Option<u64>, note: &str) {
    run::progress(done, total, note);
}
