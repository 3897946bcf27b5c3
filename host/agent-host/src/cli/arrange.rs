//! Flags that an operation has and this program does not know: they go behind a `--`, where the command finds
//! them, before the command line is read.

use std::ffi::OsString;

use clap::{Arg, Command, CommandFactory as _};

use super::Cli;

/// The argument of a command that takes flags of an operation: all that stands behind a `--`.
const OWN: &str = "own";

/// The command line with whatever is no option of ours behind a `--`, where the command calls an operation.
/// What stands behind a `--` already is the operation's, too, also where an option of ours has its name.
pub(crate) fn arranged(words: Vec<OsString>) -> Vec<OsString> {
    let mut root = Cli::command();
    root.build();
    let mut level = &root;
    let (mut kept, mut own) = (Vec::new(), Vec::new());
    let mut operation_named = false;
    let mut rest = words.iter().cloned();
    kept.extend(rest.next());
    while let Some(word) = rest.next() {
        let text = word.to_str().unwrap_or_default();
        if text == "--" {
            own.extend(rest.by_ref());
            break;
        }
        match option(level, text) {
            // Whose help it is depends on whether an operation was named.
            Some(arg) if operation_named && arg.get_id() == "help" => own.push(word),
            Some(arg) => {
                let value_follows = arg.get_action().takes_values() && !has_value(text);
                kept.push(word);
                kept.extend(value_follows.then(|| rest.next()).flatten());
            }
            None if operation_named => own.push(word),
            None => {
                if let Some(below) = level.find_subcommand(text) {
                    level = below;
                } else if !text.starts_with('-') && takes_own(level) {
                    operation_named = true;
                }
                kept.push(word);
            }
        }
    }
    if !takes_own(level) {
        return words;
    }
    if !own.is_empty() {
        kept.push("--".into());
    }
    kept.append(&mut own);
    kept
}

fn takes_own(command: &Command) -> bool {
    command.get_arguments().any(|arg| arg.get_id() == OWN)
}

/// The option of `command` that the word names.
fn option<'c>(command: &'c Command, word: &str) -> Option<&'c Arg> {
    let is_named = |arg: &&Arg| match word.strip_prefix("--") {
        Some(long) => arg.get_long() == long.split('=').next(),
        None => {
            let mut letters = word.chars();
            letters.next() == Some('-')
                && letters.next().is_some_and(|it| arg.get_short() == Some(it))
        }
    };
    command.get_arguments().find(is_named)
}

/// Whether the word of an option has its value in it: `--read=x`, `-wx=1`.
fn has_value(word: &str) -> bool {
    if word.starts_with("--") { word.contains('=') } else { word.len() > 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        let words = text.split(' ').map(OsString::from).collect();
        let words: Vec<String> =
            arranged(words).iter().map(|it| it.to_string_lossy().into_owned()).collect();
        words.join(" ")
    }

    #[test]
    fn what_only_the_operation_knows_goes_behind() {
        assert_eq!(
            line("host --state s skill run a/b --most 5 --read . --all -w x=1 --n=-3"),
            "host --state s skill run a/b --read . -w x=1 -- --most 5 --all --n=-3"
        );
        assert_eq!(line("host skill run --json a/b --help"), "host skill run --json a/b -- --help");
        assert_eq!(line("host skill run a/b -- --read x"), "host skill run a/b -- --read x");
    }

    #[test]
    fn other_command_lines_stay_as_they_are() {
        for text in
            ["host run m.yaml --nonsense", "host skill run --help", "host", "host skill run a/b"]
        {
            assert_eq!(line(text), text);
        }
    }
}
