//! Templates: texts with values in them, for prompts and messages.
//!
//! `{{ EXPRESSION }}` writes a value, `{% for NAME in LIST %}` and `{% if CONDITION %}` repeat and choose,
//! `{# ... #}` says nothing. The expressions are those of the language, with the same names and types, so that
//! a template is checked before a run like everything else. It gives a text, which is never read again.

use std::{fmt, ops::Range};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use voyager_base::Value;

use crate::{
    code::Code,
    expr::{EvalError, Expr, Problem, Scope},
    scalar,
};

/// Most bytes of a template's text.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// Most loops and choices within each other.
const DEPTH_MAX: usize = 16;
/// Most bytes that a template gives: it goes into an argument, and from there into the journal.
const OUTPUT_BYTES_MAX: usize = 1 << 20;
/// Most parts that are written, and rounds of loops: where nothing is written these end it.
const WORK_MAX: u64 = 1_000_000;

/// A template. It is kept, compared and stored as its text.
#[derive(Clone, PartialEq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    /// A text as it is.
    Text(String),
    /// A value.
    Value(Inner),
    /// Once for each element of a list.
    For { name: String, name_at: Range<usize>, items: Inner, body: Vec<Self> },
    /// The first case that holds, or else what stands last.
    If { cases: Vec<(Inner, Vec<Self>)>, otherwise: Vec<Self> },
}

/// An expression, and where it stands in the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Inner {
    pub(crate) expr: Expr,
    pub(crate) at: Range<usize>,
}

/// Why a template gives no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// An expression has no value.
    #[error(transparent)]
    Value(#[from] EvalError),
    /// It would be longer than a text may be.
    #[error("the text has more than {OUTPUT_BYTES_MAX} bytes")]
    TooLong,
    /// It would take too long.
    #[error("it takes more than {WORK_MAX} steps")]
    TooMuch,
    /// What it repeats is no list: not what was checked.
    #[error("what is repeated is no list")]
    NoList,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// All that is wrong with its form and that of its expressions, by the bytes of the text.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        if TEXT_BYTES_MAX < text.len() {
            let message =
                format!("a template has at most 64 KiB, this one has {} bytes", text.len());
            return Err(vec![Problem::new(Code::TemplateSyntax, 0..text.len(), message)]);
        }
        let mut parser = Parser { text, at: 0, depth: 0, problems: Vec::new() };
        let (parts, end) = parser.parts();
        if let Some(end) = end {
            let message = format!("`{}` ends nothing", end.word);
            parser.problems.push(problem(
                end.at,
                message,
                "remove it, or begin with `for` or `if`",
            ));
        }
        match parser.problems.is_empty() {
            true => Ok(Self { text: text.to_owned(), parts }),
            false => Err(parser.problems),
        }
    }

    /// As it stands in the manifest.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Each of its expressions.
    pub(crate) fn expressions(&self, take: &mut dyn FnMut(&Expr)) {
        expressions(&self.parts, take);
    }

    /// The text that it gives.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn render(&self, scope: &dyn Scope) -> Result<String, TemplateError> {
        let mut writer = Writer { output: String::new(), work: 0 };
        writer.parts(&self.parts, scope)?;
        Ok(writer.output)
    }
}

struct Writer {
    output: String,
    work: u64,
}

impl Writer {
    fn parts(&mut self, parts: &[Part], scope: &dyn Scope) -> Result<(), TemplateError> {
        for part in parts {
            self.pay()?;
            match part {
                Part::Text(text) => self.write(text)?,
                Part::Value(code) => self.write(&code.expr.shown(scope)?)?,
                Part::For { name, items, body, .. } => {
                    let Value::List(items) = items.expr.evaluate(scope)? else {
                        return Err(TemplateError::NoList);
                    };
                    for value in &items {
                        self.pay()?;
                        self.parts(body, &Round { outer: scope, name, value })?;
                    }
                }
                Part::If { cases, otherwise } => {
                    let mut chosen = otherwise;
                    for (condition, body) in cases {
                        self.pay()?;
                        if condition.expr.evaluate(scope)? == Value::Bool(true) {
                            chosen = body;
                            break;
                        }
                    }
                    self.parts(chosen, scope)?;
                }
            }
        }
        Ok(())
    }

    fn pay(&mut self) -> Result<(), TemplateError> {
        self.work += 1;
        if WORK_MAX < self.work { Err(TemplateError::TooMuch) } else { Ok(()) }
    }

    fn write(&mut self, text: &str) -> Result<(), TemplateError> {
        if OUTPUT_BYTES_MAX < self.output.len() + text.len() {
            return Err(TemplateError::TooLong);
        }
        self.output.push_str(text);
        Ok(())
    }
}

/// A round of a loop: what is seen outside, and the element.
struct Round<'s> {
    outer: &'s dyn Scope,
    name: &'s str,
    value: &'s Value,
}

impl Scope for Round<'_> {
    fn input(&self, name: &str) -> Option<&Value> {
        self.outer.input(name)
    }

    fn step(&self, id: &str) -> Option<&Value> {
        self.outer.step(id)
    }

    fn local(&self, name: &str) -> Option<&Value> {
        if name == self.name { Some(self.value) } else { self.outer.local(name) }
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    problems: Vec<Problem>,
}

/// A tag that ends a list of parts.
struct End<'t> {
    word: &'t str,
    /// What stands behind its word.
    rest: Range<usize>,
    at: Range<usize>,
}

impl<'t> Parser<'t> {
    /// Parts up to a tag that ends them, or the end of the text.
    fn parts(&mut self) -> (Vec<Part>, Option<End<'t>>) {
        let mut parts = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            let next = ["{{", "{%", "{#"].iter().filter_map(|mark| rest.find(mark)).min();
            let Some(next) = next.map(|next| self.at + next) else {
                self.plain(self.text.len(), &mut parts);
                return (parts, None);
            };
            let is_value = self.text[next..].starts_with("{{");
            let close = if is_value {
                "}}"
            } else if self.text[next..].starts_with("{%") {
                "%}"
            } else {
                "#}"
            };
            let Some(end) = self.end(next + 2, close) else {
                let message = format!("`{}` is never closed", &self.text[next..next + 2]);
                self.problems.push(problem(
                    next..next + 2,
                    message,
                    &format!("write `{close}` behind it"),
                ));
                self.at = self.text.len();
                return (parts, None);
            };
            let whole = next..end + 2;
            let inner = trimmed(self.text, next + 2..end);
            if is_value {
                self.plain(next, &mut parts);
                self.at = whole.end;
                parts.extend(self.code(inner, &whole).map(Part::Value));
                continue;
            }
            let (start, behind) = alone(self.text, &whole);
            self.plain(start.max(self.at), &mut parts);
            self.at = behind;
            if close == "#}" {
                continue;
            }
            let word = self.text[inner.clone()].split_whitespace().next().unwrap_or_default();
            let rest = trimmed(self.text, inner.start + word.len()..inner.end);
            match word {
                "for" => parts.extend(self.repeated(rest, &whole)),
                "if" => parts.extend(self.chosen(rest, &whole)),
                "elif" | "else" | "endif" | "endfor" => {
                    return (parts, Some(End { word, rest, at: whole }));
                }
                other => {
                    let message = format!("there is no `{other}` in templates");
                    let help = "there are `for`, `endfor`, `if`, `elif`, `else`, `endif`";
                    self.problems.push(problem(whole, message, help));
                }
            }
        }
    }

    /// Text as it is, up to `end`.
    fn plain(&mut self, end: usize, parts: &mut Vec<Part>) {
        if self.at < end {
            parts.push(Part::Text(self.text[self.at..end].to_owned()));
        }
        self.at = end;
    }

    /// Where `close` stands that is in no text of an expression.
    fn end(&self, from: usize, close: &str) -> Option<usize> {
        if close == "#}" {
            return self.text[from..].find(close).map(|at| from + at);
        }
        let bytes = self.text.as_bytes();
        let (mut at, mut quote) = (from, None);
        while at < bytes.len() {
            match (quote, bytes[at]) {
                (None, b'"' | b'\'') => {
                    let is_raw = from < at && bytes[at - 1] == b'r';
                    quote = Some((bytes[at], is_raw));
                }
                (None, _)
                    if self.text.is_char_boundary(at) && self.text[at..].starts_with(close) =>
                {
                    return Some(at);
                }
                (Some((_, false)), b'\\') => at += 1,
                (Some((mark, _)), byte) if byte == mark => quote = None,
                _ => {}
            }
            at += 1;
        }
        None
    }

    fn code(&mut self, at: Range<usize>, whole: &Range<usize>) -> Option<Inner> {
        if at.is_empty() {
            let message = "here is no expression".to_owned();
            self.problems.push(problem(whole.clone(), message, "for example `{{ inputs.name }}`"));
            return None;
        }
        match Expr::parse(&self.text[at.clone()]) {
            Ok(expr) => Some(Inner { expr, at }),
            Err(problems) => {
                let moved = problems.into_iter().map(|it| Problem {
                    span: at.start + it.span.start..at.start + it.span.end,
                    ..it
                });
                self.problems.extend(moved);
                None
            }
        }
    }

    /// What is within a tag, up to the one that ends it.
    fn within(&mut self, whole: &Range<usize>, word: &str) -> (Vec<Part>, Option<End<'t>>) {
        if DEPTH_MAX <= self.depth {
            let message = format!("at most {DEPTH_MAX} loops and choices stand within each other");
            self.problems.push(problem(whole.clone(), message, "make several templates of it"));
            self.at = self.text.len();
            return (Vec::new(), None);
        }
        self.depth += 1;
        let (parts, end) = self.parts();
        self.depth -= 1;
        if end.is_none() && self.problems.is_empty() {
            let message = format!("`{word}` is never ended");
            self.problems.push(problem(
                whole.clone(),
                message,
                &format!("write `{{% end{word} %}}`"),
            ));
        }
        (parts, end)
    }

    fn repeated(&mut self, rest: Range<usize>, whole: &Range<usize>) -> Option<Part> {
        let text = &self.text[rest.clone()];
        let name = text.split_whitespace().next().unwrap_or_default();
        let behind = trimmed(self.text, rest.start + name.len()..rest.end);
        let items = self.text[behind.clone()].strip_prefix("in ").map(|items| {
            let start = behind.end - items.len();
            trimmed(self.text, start..behind.end)
        });
        let head = match items.filter(|_| scalar::is_name(name)) {
            Some(items) => self.code(items, whole).map(|it| (name.to_owned(), it)),
            None => {
                let message = "`for` needs a name and a list".to_owned();
                self.problems.push(problem(
                    whole.clone(),
                    message,
                    "write `{% for item in LIST %}`",
                ));
                None
            }
        };
        let (body, end) = self.within(whole, "for");
        self.must_be(end?, "endfor");
        let (name, items) = head?;
        let name_at = rest.start..rest.start + name.len();
        Some(Part::For { name, name_at, items, body })
    }

    fn chosen(&mut self, rest: Range<usize>, whole: &Range<usize>) -> Option<Part> {
        let mut condition = self.code(rest, whole);
        let mut cases = Some(Vec::new());
        loop {
            let (body, end) = self.within(whole, "if");
            let end = end?;
            match (&mut cases, condition.take()) {
                (Some(all), Some(condition)) => all.push((condition, body)),
                _ => cases = None,
            }
            match end.word {
                "elif" => condition = self.code(end.rest, &end.at),
                "else" => {
                    let (otherwise, end) = self.within(whole, "if");
                    self.must_be(end?, "endif");
                    return Some(Part::If { cases: cases?, otherwise });
                }
                _ => {
                    self.must_be(end, "endif");
                    return Some(Part::If { cases: cases?, otherwise: Vec::new() });
                }
            }
        }
    }

    fn must_be(&mut self, end: End<'_>, wanted: &str) {
        if end.word != wanted {
            let message = format!("`{wanted}` is wanted, here is `{}`", end.word);
            self.problems.push(problem(end.at, message, &format!("write `{{% {wanted} %}}`")));
        }
    }
}

fn expressions(parts: &[Part], take: &mut dyn FnMut(&Expr)) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Value(value) => take(&value.expr),
            Part::For { items, body, .. } => {
                take(&items.expr);
                expressions(body, take);
            }
            Part::If { cases, otherwise } => {
                for (holds, body) in cases {
                    take(&holds.expr);
                    expressions(body, take);
                }
                expressions(otherwise, take);
            }
        }
    }
}

fn problem(at: Range<usize>, message: String, help: &str) -> Problem {
    Problem { help: Some(help.to_owned()), ..Problem::new(Code::TemplateSyntax, at, message) }
}

/// The same bytes without white space around them.
fn trimmed(text: &str, at: Range<usize>) -> Range<usize> {
    let inner = &text[at.clone()];
    let start = at.start + inner.len() - inner.trim_start().len();
    start..(start + inner.trim().len())
}

/// From where to where a tag reaches that writes nothing: where it stands alone on a line, all of the line.
fn alone(text: &str, tag: &Range<usize>) -> (usize, usize) {
    let before = text[..tag.start].trim_end_matches([' ', '\t']);
    let behind = text[tag.end..].trim_start_matches([' ', '\t']);
    let begins = before.is_empty() || before.ends_with('\n');
    let rest = if behind.is_empty() { Some("") } else { behind.strip_prefix('\n') };
    match rest {
        Some(rest) if begins => (before.len(), text.len() - rest.len()),
        _ => (tag.start, tag.end),
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.text).finish()
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|problems| {
            let message = problems.into_iter().next().map(|problem| problem.message);
            serde::de::Error::custom(format!("a template: {}", message.unwrap_or_default()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Names(Vec<(&'static str, Value)>);

    impl Scope for Names {
        fn input(&self, _: &str) -> Option<&Value> {
            None
        }

        fn step(&self, _: &str) -> Option<&Value> {
            None
        }

        fn local(&self, name: &str) -> Option<&Value> {
            self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
        }
    }

    fn scope() -> Names {
        let text = |it: &str| Value::String(it.to_owned());
        let list = Value::List(vec![text("x"), text("y"), text("{{ list }}")]);
        let long = Value::List(vec![text(&"z".repeat(1 << 12)); 1_000]);
        let many = Value::List(vec![Value::List(Vec::new()); 2_000]);
        Names(vec![("list", list), ("long", long), ("many", many), ("n", Value::Int(7))])
    }

    fn rendered(text: &str) -> String {
        let template = Template::parse(text).unwrap_or_else(|problems| panic!("{problems:?}"));
        template.render(&scope()).unwrap_or_else(|error| error.to_string())
    }

    fn wrong(text: &str) -> String {
        let problems = Template::parse(text).expect_err("it is wrong");
        let told = problems.iter().map(|it| format!("{:?} {}", &text[it.span.clone()], it.message));
        told.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn values_are_written_and_never_read_again() {
        assert_eq!(rendered("a {{ n }}{{ n + 1 }} {{ list[2] }}"), "a 78 {{ list }}");
        assert_eq!(rendered(r#"{{ "}}" }} {{ r"\" }} {{ '\'}}' }}"#), r"}} \ '}}");
        assert_eq!(rendered("plain } text { with % marks"), "plain } text { with % marks");
    }

    #[test]
    fn lists_are_repeated_and_cases_chosen() {
        let text = "Of {# nothing #}these:\n{% for it in list %}\n- {{ it }}\n{% endfor %}\nend";
        assert_eq!(rendered(text), "Of these:\n- x\n- y\n- {{ list }}\nend");
        let cases = "{% if n < 5 %}few{% elif n < 9 %}some{% else %}many{% endif %}";
        assert_eq!(rendered(cases), "some");
        assert_eq!(rendered("{% if n < 5 %}few{% endif %}."), ".");
        let nested = "{% for a in list %}{% for b in list %}{% if a == b %}{{ a + b }} {% endif %}{% endfor %}{% endfor %}";
        assert_eq!(rendered(nested), "xx yy {{ list }}{{ list }} ");
    }

    #[test]
    fn what_is_no_template_is_told_with_its_place() {
        assert_eq!(wrong("a {{ n"), r#""{{" `{{` is never closed"#);
        assert_eq!(wrong("{{ }}"), r#""{{ }}" here is no expression"#);
        assert_eq!(
            wrong("{% for x list %}{% endfor %}"),
            "\"{% for x list %}\" `for` needs a name and a list"
        );
        assert_eq!(wrong("{% for x in list %}"), "\"{% for x in list %}\" `for` is never ended");
        assert_eq!(
            wrong("{% if n == 7 %}{% endfor %}"),
            "\"{% endfor %}\" `endif` is wanted, here is `endfor`"
        );
        assert_eq!(wrong("{% endif %}"), "\"{% endif %}\" `endif` ends nothing");
        assert_eq!(wrong("{% set x = 1 %}"), "\"{% set x = 1 %}\" there is no `set` in templates");
        let both = wrong("{{ n + }} {{ * }}");
        assert_eq!(both.matches(';').count(), 1, "{both}");
        let deep = "{% if true %}".repeat(17);
        assert!(wrong(&deep).contains("at most 16"), "{}", wrong(&deep));
    }

    #[test]
    fn what_would_be_too_long_or_take_too_long_ends() {
        let long = "{% for x in long %}{{ x }}{% endfor %}";
        assert_eq!(rendered(long), "the text has more than 1048576 bytes");
        let idle = "{% for a in many %}{% for b in many %}{% endfor %}{% endfor %}";
        assert_eq!(rendered(idle), "it takes more than 1000000 steps");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_told_with_places_in_it(
            parts in proptest::collection::vec(
                proptest::sample::select(&[
                    "{{", "}}", "{%", "%}", "{#", "#}", "for", "if", "in", "else", "endif", "endfor", " ", "\n",
                    "ä", "'", "\"", "r\"", "\\", "list", "n", "1", "==",
                ][..]),
                0..40,
            ),
        ) {
            let text = parts.concat();
            match Template::parse(&text) {
                Ok(template) => drop(template.render(&scope())),
                Err(problems) => for problem in problems {
                    proptest::prop_assert!(text.get(problem.span).is_some(), "{text:?}");
                },
            }
        }
    }
}
