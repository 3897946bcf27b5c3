//! A scenario that is being written: its parts, and how they stand in a file.

use serde::{Deserialize, Serialize};
use voyager_base::Value;

/// A scenario below its first lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// Inputs that are given, a line each.
    pub(crate) inputs: Vec<String>,
    /// Files of the workspace: path and content.
    pub(crate) files: Vec<(String, String)>,
    /// What stands in for calls, and for people.
    pub(crate) answers: Vec<Answer>,
    /// Whether the run is expected to succeed.
    pub(crate) succeeded: bool,
    /// What is expected of its end: outputs, or the error.
    pub(crate) end: String,
    /// What is expected of its steps, a line each.
    pub(crate) steps: Vec<String>,
    /// What is expected of files that it changed, where all others are to be as they were; none where
    /// nothing is expected of files.
    pub(crate) after: Option<String>,
}

/// What stands in for a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The step.
    pub(crate) step: String,
    /// Which of its calls, and all that comes before its result.
    pub(crate) head: String,
    /// What it gives.
    pub(crate) result: Option<String>,
    /// What it changes.
    pub(crate) tail: String,
}

impl Answer {
    /// One for a step.
    pub(crate) fn of(step: &str) -> Self {
        Self { step: step.to_owned(), head: String::new(), result: None, tail: String::new() }
    }
}

impl Draft {
    /// Its text. What is expected comes last.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if !self.inputs.is_empty() {
            let told = self.inputs.iter().map(|it| format!("  {it}\n"));
            text += &format!("inputs:\n{}", told.collect::<String>());
        }
        text += &mapping("files", 0, &self.files);
        if !self.answers.is_empty() {
            text += "answers:\n";
        }
        for Answer { step, head, result, tail } in &self.answers {
            let result = result.as_ref().map(|it| format!("    result: {it}\n"));
            text += &format!("  - step: {step}\n{head}{}{tail}", result.unwrap_or_default());
        }
        text += &format!("expect:\n{}", self.end);
        if !self.steps.is_empty() {
            let told = self.steps.iter().map(|it| format!("    {it}\n"));
            text += &format!("  steps:\n{}", told.collect::<String>());
        }
        let Some(after) = &self.after else { return text };
        if !after.is_empty() {
            text += &format!("  files:\n{after}");
        }
        text + "  other-files: unchanged\n"
    }
}

/// Files below a key.
pub(crate) fn mapping(key: &str, indent: usize, files: &[(String, String)]) -> String {
    if files.is_empty() {
        return String::new();
    }
    let space = " ".repeat(indent);
    let file = |(path, content): &(String, String)| {
        format!("{space}  {}: {}", quoted(path), block(content, indent + 4))
    };
    format!("{space}{key}:\n{}", files.iter().map(file).collect::<String>())
}

/// A text over several lines where YAML keeps it as it is; quoted otherwise.
pub(crate) fn block(text: &str, indent: usize) -> String {
    let plain = text.strip_suffix('\n').is_some_and(|it| !it.is_empty() && !it.ends_with('\n'))
        && !text.starts_with([' ', '\n'])
        && !text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{feff}');
    if !plain || text.lines().count() < 2 {
        return format!("{}\n", quoted(text));
    }
    let space = " ".repeat(indent);
    let mut block = String::from("|\n");
    for line in text.lines() {
        if !line.is_empty() {
            block += &space;
            block += line;
        }
        block.push('\n');
    }
    block
}

/// A value as it is written in a scenario.
pub(crate) fn flow(value: &Value) -> String {
    let all = |values: &[Value]| values.iter().map(flow).collect::<Vec<_>>().join(", ");
    let case = |name: &str, value: Option<&Value>| match value {
        None => name.to_owned(),
        Some(value) => format!("{{ {name}: {} }}", flow(value)),
    };
    match value {
        Value::Int(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Char(character) => quoted(&character.to_string()),
        Value::List(values) | Value::Tuple(values) => format!("[{}]", all(values)),
        Value::Option(None) => "null".to_owned(),
        Value::Option(Some(value)) => flow(value),
        Value::Result(Ok(value)) => case("ok", value.as_deref()),
        Value::Result(Err(value)) => case("err", value.as_deref()),
        Value::Record(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Record(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}: {}", flow(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Variant(name, value) => case(name, value.as_deref()),
        Value::Enum(name) => name.clone(),
        Value::Flags(names) => format!("[{}]", names.join(", ")),
        Value::Bool(_) | Value::Float(_) | Value::Bytes(_) => value.to_json().to_string(),
    }
}

/// A text in quotes, as YAML reads them.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            other
                if other.is_control() || matches!(other, '\u{2028}' | '\u{2029}' | '\u{feff}') =>
            {
                quoted.push_str(&format!("\\u{:04X}", other as u32));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
