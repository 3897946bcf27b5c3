//! Checks the form of a text against the tables of [`crate::language`]: keys that are unknown or
//! missing, values of another form, single values that can't be read.
//!
//! What passes can be read without asking again, so that the checks that follow only speak of
//! meaning.

use crate::{
    code::Code,
    diagnostic::{Finding, Findings},
    language::{
        CONFINEMENTS, HEADER, Object, POLICY_HEADER, SCENARIO_HEADER, SCRIPT_HEADER, STEP, Shape,
    },
    nearest::nearest,
    scalar,
    yaml::{Kind, Node},
};
use voyager_base::ErrorKind;

static STEP_SHAPE: Shape = Shape::Object(&STEP);

/// Most items of a list or mapping, steps included.
const ITEMS_MAX: usize = 10_000;

/// Checks `node` against `object`, at the place `what`.
pub(crate) fn check_object(node: &Node, object: &Object, findings: &mut Findings) {
    if !matches!(node.kind, Kind::Map(_)) {
        let keys: Vec<&str> = object.keys.iter().map(|key| key.name).collect();
        findings.push(
            wrong_form(node, &format!("{} is a mapping", object.what))
                .help(format!("its keys are {}", keys.join(", "))),
        );
        return;
    }
    for entry in node.entries() {
        match object.keys.iter().find(|key| key.name == entry.key) {
            Some(key) if entry.value.is_null() && !matches!(key.shape, Shape::Result) => {
                findings.push(
                    Finding::new(
                        Code::NoValue,
                        &entry.key_span,
                        format!("`{}` has no value", entry.key),
                    )
                    .help("write the value, or remove the key"),
                );
            }
            Some(key) => check(&entry.value, &key.shape, findings),
            // Keys that YAML makes of something else are told by the reader.
            None if entry.key.starts_with("x-") || entry.key.is_empty() || entry.key == "<<" => {}
            None => findings.push(unknown_key(&entry.key, object).at(entry)),
        }
    }
    let missing: Vec<&str> = object
        .keys
        .iter()
        // The header's lack is told in words of its own.
        .filter(|key| key.required && key.name != "voyager" && node.entry(key.name).is_none())
        .map(|key| key.name)
        .collect();
    for name in missing {
        let docs = object.keys.iter().find(|key| key.name == name).map_or("", |key| key.docs);
        // The whole construct lacks the key; its first key is where one would look.
        let span = node.entries().first().map_or(&node.span, |first| &first.key_span);
        findings.push(
            Finding::new(Code::MissingKey, span, format!("{} needs `{name}`", object.what))
                .label(format!("`{name}` is missing"))
                .help(docs),
        );
    }
}

/// Checks `node` against `shape`.
pub(crate) fn check(node: &Node, shape: &Shape, findings: &mut Findings) {
    match shape {
        Shape::Object(object) => check_object(node, object, findings),
        Shape::Steps => {
            check(node, &Shape::List { of: &STEP_SHAPE, least: 1 }, findings);
        }
        Shape::List { of, least } => {
            let Kind::List(items) = &node.kind else {
                let help = node.text().map(|text| format!("write `[{text}]`")).unwrap_or_default();
                findings.push(wrong_form(node, "a list is wanted").help(help));
                return;
            };
            counted(node, items.len(), *least, findings);
            items.iter().for_each(|item| check(item, of, findings));
        }
        Shape::Map { of, least } => {
            let Kind::Map(entries) = &node.kind else {
                findings.push(wrong_form(node, "a mapping from names to values is wanted"));
                return;
            };
            counted(node, entries.len(), *least, findings);
            for entry in entries {
                if !entry.key.is_empty() && entry.key != "<<" {
                    name(&entry.key, &entry.key_span, findings);
                }
                check(&entry.value, of, findings);
            }
        }
        Shape::StepNames(of) => {
            let Kind::Map(entries) = &node.kind else {
                findings.push(wrong_form(node, "a mapping from steps to values is wanted"));
                return;
            };
            counted(node, entries.len(), 0, findings);
            for entry in entries {
                if !entry.key.is_empty() && entry.key != "<<" {
                    step_name(&entry.key, &entry.key_span, findings);
                }
                check(&entry.value, of, findings);
            }
        }
        Shape::Paths(of) => {
            let Kind::Map(entries) = &node.kind else {
                findings.push(
                    wrong_form(node, "a mapping from paths to values is wanted")
                        .help("for example `{ src/main.rs: ... }`"),
                );
                return;
            };
            counted(node, entries.len(), 0, findings);
            for entry in entries {
                if !entry.key.is_empty() && entry.key != "<<" {
                    path(&entry.key, &entry.key_span, findings);
                }
                check(&entry.value, of, findings);
            }
        }
        Shape::Variables(of) => {
            let Kind::Map(entries) = &node.kind else {
                findings.push(
                    wrong_form(node, "a mapping from names of variables is wanted")
                        .help("for example `{ API_TOKEN: { secret: inputs.token } }`"),
                );
                return;
            };
            counted(node, entries.len(), 0, findings);
            // What they may be called is told where the program is looked at.
            entries.iter().for_each(|entry| check(&entry.value, of, findings));
        }
        Shape::Kinds(of) => {
            let Kind::Map(entries) = &node.kind else {
                findings.push(
                    wrong_form(node, "a mapping from kinds of error is wanted")
                        .help("for example `{ timeout: continue, any: fail }`"),
                );
                return;
            };
            counted(node, entries.len(), 1, findings);
            for entry in entries {
                if entry.key != "any" {
                    error_kind(&entry.key, &entry.key_span, true, findings);
                }
                check(&entry.value, of, findings);
            }
        }
        Shape::Words if matches!(node.kind, Kind::List(_)) => {
            counted(node, node.items().len(), 1, findings);
            for item in node.items() {
                check(item, &Shape::Text { chars_max: 4_000 }, findings);
            }
        }
        Shape::Argument | Shape::Literal | Shape::Result => {}
        _ => match node.text() {
            Some(_) if node.is_null() => findings.push(
                Finding::new(Code::NoValue, &node.span, "a value is missing")
                    .help("write the value"),
            ),
            Some(text) => single(node, text, shape, findings),
            None => findings.push(wrong_form(node, &format!("{} is wanted", describe(shape)))),
        },
    }
}

/// Checks a single value.
fn single(node: &Node, text: &str, shape: &Shape, findings: &mut Findings) {
    let span = &node.span;
    let malformed = |code, what: &str| Finding::new(code, span, what.to_owned());
    match shape {
        Shape::Text { chars_max } => {
            if text.chars().count() > *chars_max {
                findings.push(malformed(
                    Code::TooLong,
                    &format!("this text has more than {chars_max} characters"),
                ));
            }
        }
        Shape::Name | Shape::Policy => name(text, span, findings),
        Shape::StepName => step_name(text, span, findings),
        Shape::Version => {
            if semver::Version::parse(text).is_err() {
                let help = match text.split('.').count() {
                    1 => format!("write `{text}.0.0`"),
                    2 => format!("write `{text}.0`"),
                    _ => "versions look like `1.2.3`".to_owned(),
                };
                findings.push(
                    malformed(Code::MalformedVersion, &format!("`{text}` is no version"))
                        .help(help),
                );
            }
        }
        Shape::Day => {
            if scalar::day(text).is_none() {
                findings.push(
                    malformed(Code::MalformedDay, &format!("`{text}` is no day"))
                        .help("days look like `2024-05-31`"),
                );
            }
        }
        Shape::Bool => {
            if scalar::bool(text).is_none() {
                findings.push(malformed_bool(node, text));
            }
        }
        Shape::Int { least, most } => match scalar::int(text) {
            None => findings.push(
                malformed(Code::MalformedNumber, &format!("`{text}` is no whole number"))
                    .help("write digits"),
            ),
            Some(number) if number < (*least).into() || number > (*most).into() => {
                findings.push(out_of_range(node, text, *least, *most));
            }
            Some(_) => {}
        },
        Shape::Number { least, most } => match scalar::float(text) {
            None => findings.push(
                malformed(Code::MalformedNumber, &format!("`{text}` is no number"))
                    .help("write digits"),
            ),
            Some(number) if !(*least..=*most).contains(&number) => {
                findings.push(out_of_range(node, text, *least, *most));
            }
            Some(_) => {}
        },
        Shape::Duration { least_ms } => duration(node, text, *least_ms, findings),
        Shape::Size { least } => size(node, text, *least, findings),
        Shape::Word(words) => word(node, text, words, findings),
        Shape::ErrorKind => error_kind(text, span, false, findings),
        Shape::File => file(node, text, findings),
        Shape::Path => path(text, span, findings),
        Shape::Glob => {
            if text.is_empty() || text.len() > 1_000 {
                findings.push(malformed(Code::MalformedGlob, "a glob has 1 to 1,000 bytes"));
            }
        }
        // Read where their meaning is checked.
        Shape::Expression
        | Shape::Type
        | Shape::Operation
        | Shape::Root
        | Shape::Secret
        | Shape::Words => {}
        Shape::List { .. }
        | Shape::Map { .. }
        | Shape::Paths(_)
        | Shape::Variables(_)
        | Shape::StepNames(_)
        | Shape::Kinds(_)
        | Shape::Object(_)
        | Shape::Steps
        | Shape::Argument
        | Shape::Literal
        | Shape::Result => {}
    }
}

pub(crate) fn malformed_bool(node: &Node, text: &str) -> Finding {
    let meant = match text.to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" | "y" => "write `true`",
        "false" | "no" | "off" | "0" | "n" => "write `false`",
        _ => "write `true` or `false`",
    };
    let message = format!("`{}` is neither true nor false", clip(text));
    Finding::new(Code::MalformedBool, &node.span, message).help(meant)
}

fn duration(node: &Node, text: &str, least_ms: u64, findings: &mut Findings) {
    let Some(duration) = scalar::duration(text) else {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let help = if digits {
            format!("say in which unit: `{text}s`, `{text}ms`, `{text}m`")
        } else {
            "a number and its unit: `250ms`, `30s`, `5m`, `1h30m`, `2d`".to_owned()
        };
        let message = format!("`{}` is no duration", clip(text));
        findings.push(Finding::new(Code::MalformedDuration, &node.span, message).help(help));
        return;
    };
    if duration.as_millis() < least_ms.into() {
        let message = format!("at least {least_ms}ms are wanted");
        findings.push(Finding::new(Code::OutOfRange, &node.span, message));
    }
}

fn size(node: &Node, text: &str, least: u64, findings: &mut Findings) {
    let Some(size) = scalar::size(text) else {
        let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
        let help = match text[number.len()..].trim().to_lowercase().as_str() {
            "k" | "kb" | "kib" => format!("write `{number}KiB`"),
            "m" | "mb" | "mib" => format!("write `{number}MiB`"),
            "g" | "gb" | "gib" => format!("write `{number}GiB`"),
            "" if !number.is_empty() => {
                format!("say in which unit: `{number}B`, `{number}KiB`, `{number}MiB`")
            }
            _ => "a whole number and its unit: `64KiB`, `16MiB`, `1GiB`".to_owned(),
        };
        let message = format!("`{}` is no size", clip(text));
        findings.push(Finding::new(Code::MalformedSize, &node.span, message).help(help));
        return;
    };
    if size < least {
        let message = format!("at least {} are wanted", scalar::show_size(least));
        findings.push(Finding::new(Code::OutOfRange, &node.span, message));
    }
}

fn word(node: &Node, text: &str, words: &[&str], findings: &mut Findings) {
    if words.contains(&text) {
        return;
    }
    if let [header @ (HEADER | SCENARIO_HEADER | SCRIPT_HEADER | POLICY_HEADER)] = *words {
        let message = format!("`{}` is a language that this program doesn't know", clip(text));
        findings.push(
            Finding::new(Code::HeaderVersion, &node.span, message)
                .help(format!("write `voyager: {header}`")),
        );
        return;
    }
    let help = match nearest(text, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if words == CONFINEMENTS => format!("known are {}", words.join(", ")),
        None => format!("write {}", words.join(" or ")),
    };
    let message = format!("`{}` is not possible here", clip(text));
    findings.push(Finding::new(Code::UnknownWord, &node.span, message).help(help));
}

fn error_kind(text: &str, span: &std::ops::Range<usize>, any: bool, findings: &mut Findings) {
    if ErrorKind::from_name(text).is_some() {
        return;
    }
    let mut names: Vec<&str> = ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
    if any {
        names.push("any");
    }
    let help = match nearest(text, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", names.join(", ")),
    };
    let message = format!("there is no kind of error `{}`", clip(text));
    findings.push(Finding::new(Code::UnknownErrorKind, span, message).help(help));
}

/// Whether a text is a plain path downwards.
pub(crate) fn is_path(text: &str) -> bool {
    let part = |part: &str| part.is_empty() || part == "." || part == "..";
    let odd = |c: char| c == '\\' || c == ':' || c.is_control();
    !(text.len() > 255 || text.contains(odd) || text.split('/').any(part))
}

fn path(text: &str, span: &std::ops::Range<usize>, findings: &mut Findings) {
    if !is_path(text) {
        let message = format!("`{}` is no path within the workspace", clip(text));
        findings.push(
            Finding::new(Code::WorkspacePath, span, message)
                .help("write it from the workspace's root, for example `src/main.rs`"),
        );
    }
}

fn file(node: &Node, text: &str, findings: &mut Findings) {
    if !is_path(text) {
        findings.push(
            Finding::new(
                Code::OutputFile,
                &node.span,
                format!("`{}` is no relative file name", clip(text)),
            )
            .help("a plain name such as `report.md`, or `folder/report.md`"),
        );
    }
}

/// The id of a step, behind those of the steps that run its manifest.
fn step_name(text: &str, span: &std::ops::Range<usize>, findings: &mut Findings) {
    let wrong = text.split('/').find(|part| !scalar::is_name(part));
    if let Some(wrong) = wrong {
        name(if text.contains('/') { wrong } else { text }, span, findings);
    }
}

pub(crate) fn name(text: &str, span: &std::ops::Range<usize>, findings: &mut Findings) {
    if scalar::is_name(text) {
        return;
    }
    let help = match scalar::name_like(text) {
        Some(like) => format!("write `{like}`"),
        None => "lower-case words of letters and digits, joined by `-`".to_owned(),
    };
    let message = format!("`{}` is no name", clip(text));
    findings.push(Finding::new(Code::MalformedName, span, message).help(help));
}

fn counted(node: &Node, count: usize, least: usize, findings: &mut Findings) {
    if count < least {
        findings.push(Finding::new(Code::EmptyValue, &node.span, "at least one entry is wanted"));
    }
    if count > ITEMS_MAX {
        let message = format!("at most {ITEMS_MAX} entries are possible, these are {count}");
        findings.push(Finding::new(Code::TooLong, &(node.span.start..node.span.start), message));
    }
}

fn wrong_form(node: &Node, wanted: &str) -> Finding {
    let code = if node.is_null() { Code::NoValue } else { Code::WrongForm };
    // Of a long value the start is enough to find it.
    let span = if node.text().is_some() {
        node.span.clone()
    } else {
        node.span.start..node.span.start + 1
    };
    Finding::new(code, &span, format!("{wanted}, here is {}", node.form()))
}

fn out_of_range(
    node: &Node,
    text: &str,
    least: impl std::fmt::Display,
    most: impl std::fmt::Display,
) -> Finding {
    let message = format!("`{}` is not between {least} and {most}", clip(text));
    Finding::new(Code::OutOfRange, &node.span, message)
}

/// A text for a message: not all of a long one.
pub(crate) fn clip(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut clipped: String = text.chars().take(CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        clipped.push_str("...");
    }
    clipped
}

fn describe(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text { .. } => "a text",
        Shape::Name => "a name",
        Shape::Policy => "the name of a policy",
        Shape::StepName => "the id of a step",
        Shape::Version => "a version",
        Shape::Day => "a day",
        Shape::Bool => "`true` or `false`",
        Shape::Int { .. } => "a whole number",
        Shape::Number { .. } => "a number",
        Shape::Duration { .. } => "a duration",
        Shape::Size { .. } => "a size",
        Shape::Word(_) => "a word",
        Shape::Expression => "an expression",
        Shape::Type => "a type",
        Shape::Glob => "a glob",
        Shape::Operation => "the name of an operation",
        Shape::Root => "the name of an input",
        Shape::Secret => "the name of a secret",
        Shape::ErrorKind => "a kind of error",
        Shape::File => "a file name",
        Shape::Path => "a path",
        Shape::Words => "a program and its first arguments",
        Shape::List { .. } | Shape::Steps => "a list",
        Shape::Map { .. }
        | Shape::Paths(_)
        | Shape::Variables(_)
        | Shape::StepNames(_)
        | Shape::Kinds(_)
        | Shape::Object(_) => "a mapping",
        Shape::Argument | Shape::Literal | Shape::Result => "a value",
    }
}

struct UnknownKey {
    message: String,
    help: String,
}

impl UnknownKey {
    fn at(self, entry: &crate::yaml::Entry) -> Finding {
        Finding::new(Code::UnknownKey, &entry.key_span, self.message).help(self.help)
    }
}

/// Words of other languages for a key of this one.
const FOREIGN: [(&str, &str); 25] = [
    ("while", "repeat"),
    ("until", "repeat"),
    ("do", "steps"),
    ("cases", "switch"),
    ("ensure", "finally"),
    ("if", "when"),
    ("uses", "use"),
    ("run", "use"),
    ("skill", "use"),
    ("depends-on", "needs"),
    ("depends_on", "needs"),
    ("args", "with"),
    ("arguments", "with"),
    ("params", "with"),
    ("foreach", "for-each"),
    ("for_each", "for-each"),
    ("loop", "for-each"),
    ("permissions", "grants"),
    ("enum", "choices"),
    ("required", "optional"),
    ("retries", "retry"),
    ("catch", "on-error"),
    ("items", "in"),
    ("value", "from"),
    ("max-length", "length-max"),
];

fn unknown_key(key: &str, object: &Object) -> UnknownKey {
    let names = || object.keys.iter().map(|key| key.name);
    let foreign = FOREIGN
        .iter()
        .find(|(word, known)| *word == key && names().any(|name| name == *known))
        .map(|(_, known)| *known);
    let help = match foreign.or_else(|| nearest(key, names())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            format!(
                "there are {}; keys of your own begin with `x-`",
                names().collect::<Vec<_>>().join(", ")
            )
        }
    };
    UnknownKey { message: format!("{} has no key `{}`", object.what, clip(key)), help }
}
