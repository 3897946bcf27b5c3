//! What `--log` says: a level for everything, and levels of single crates.
//!
//! Read here and not by the subscriber's own parser, to which each word that is no level is a crate, so that a
//! slip of the pen would be a log that says nothing.

use tracing_subscriber::filter::{LevelFilter, Targets};
use voyager_manifest::nearest;

use crate::failure::Failure;

/// The levels, the quietest first.
const LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

/// The crates that tell anything. `tests/tidy` keeps the list.
const CRATES: [&str; 3] = ["voyager_agent", "voyager_journal", "voyager_sandbox"];

/// Reads parts between commas, each a level or `CRATE=LEVEL`.
///
/// # Errors
/// A part is neither, or says something again.
pub(super) fn read(text: &str) -> Result<Targets, Failure> {
    let (mut targets, mut seen) = (Targets::new(), Vec::new());
    for part in text.split(',').map(str::trim) {
        let (name, word) = match part.split_once('=') {
            Some((name, word)) => (Some(name.trim()), word.trim()),
            None => (None, part),
        };
        if let Some(name) = name {
            known(name).map_err(|problem| refused(text, &problem))?;
        }
        let level = level(word).map_err(|problem| refused(text, &problem))?;
        if seen.contains(&name) {
            let whose = name.unwrap_or("everything");
            return Err(refused(text, &format!("it names a level for {whose} twice")));
        }
        seen.push(name);
        targets = match name {
            Some(name) => targets.with_target(name, level),
            None => targets.with_default(level),
        };
    }
    Ok(targets)
}

fn level(word: &str) -> Result<LevelFilter, String> {
    let word = word.to_ascii_lowercase();
    if let Some((_, level)) = LEVELS.iter().find(|(name, _)| *name == word) {
        return Ok(*level);
    }
    if word.is_empty() {
        return Err("a level is missing".to_owned());
    }
    if CRATES.contains(&word.as_str()) {
        return Err(format!("the level of `{word}` is missing: `{word}=debug`"));
    }
    Err(unknown("level", &word, nearest(&word, LEVELS.map(|(name, _)| name))))
}

fn known(name: &str) -> Result<(), String> {
    // Modules stand behind the crate.
    let crate_name = name.split("::").next().unwrap_or(name);
    match CRATES.contains(&crate_name) {
        true => Ok(()),
        false => Err(unknown("crate that tells anything", crate_name, nearest(crate_name, CRATES))),
    }
}

fn unknown(what: &str, name: &str, nearest: Option<&str>) -> String {
    let meant = nearest.map(|it| format!(", perhaps `{it}` is meant")).unwrap_or_default();
    format!("there is no {what} `{name}`{meant}")
}

fn refused(text: &str, problem: &str) -> Failure {
    let (levels, crates) = (LEVELS.map(|(name, _)| name).join(", "), CRATES.join(", "));
    Failure::usage(format!("the log level `{text}` can't be read: {problem}")).hint(format!(
        "a level ({levels}), or levels by crate ({crates}) as in `info,voyager_journal=debug`"
    ))
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn levels_are_for_everything_and_for_crates() {
        let targets = read("warn, voyager_journal=DEBUG,voyager_agent::drive=off")
            .expect("it is well formed");
        assert!(targets.would_enable("voyager_sandbox", &Level::WARN));
        assert!(!targets.would_enable("voyager_sandbox", &Level::INFO));
        assert!(targets.would_enable("voyager_journal::writer", &Level::DEBUG));
        assert!(!targets.would_enable("voyager_agent::drive", &Level::ERROR));
        assert!(targets.would_enable("voyager_agent", &Level::WARN));
    }

    #[test]
    fn what_would_be_a_silent_log_is_refused_with_what_is_meant() {
        let problems = [
            ("loud", "there is no level `loud`"),
            ("inf", "perhaps `info` is meant"),
            ("warnn,voyager_agent=debug", "perhaps `warn` is meant"),
            ("voyager_jurnal=debug", "perhaps `voyager_journal` is meant"),
            ("hyper=debug", "there is no crate that tells anything `hyper`"),
            ("voyager_agent", "the level of `voyager_agent` is missing"),
            ("voyager_agent=", "a level is missing"),
            ("=debug", "there is no crate"),
            ("very=much=so", "there is no crate"),
            ("info,", "a level is missing"),
            ("", "a level is missing"),
            ("info,debug", "a level for everything twice"),
            ("voyager_agent=info,voyager_agent=info", "a level for voyager_agent twice"),
            ("[task]=debug", "there is no crate"),
            ("3", "there is no level `3`"),
        ];
        for (text, problem) in problems {
            let refused = read(text).map(drop).expect_err(text);
            assert!(refused.message.contains(problem), "{text}: {}", refused.message);
        }
    }
}
