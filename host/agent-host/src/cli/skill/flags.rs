//! Flags that an operation's parameters make: `--name value`, `--record.field value`, a list's flag once for
//! each item. What stands in them is read as JSON is, by the parameter's type.

use std::{
    collections::BTreeSet,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value as Json};
use voyager_base::{Type, Value, operation::Operation};
use voyager_manifest::nearest;

use crate::failure::Failure;

/// Most bytes that are read from a file or from standard input: an argument stands in a manifest.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The arguments that `words` give to the operation. Those of `given` stand elsewhere on the command line, as
/// JSON. All mistakes are told at once.
pub(super) fn read(
    operation: &Operation,
    given: Map<String, Json>,
    words: &[String],
    directory: &Path,
) -> Result<Map<String, Json>, Failure> {
    let (named, problems) = (BTreeSet::new(), Vec::new());
    let mut reading = Reading { operation, directory, arguments: given, named, problems };
    reading.all(words);
    reading.check();
    let Reading { arguments, problems, .. } = reading;
    if problems.is_empty() {
        return Ok(arguments);
    }
    let name = operation.name.unversioned();
    Err(Failure::usage(problems.join("; "))
        .hint(format!("`agent-host skill run {name} --help` shows what it takes")))
}

/// Whether the operation's help is asked for.
pub(super) fn asks_for_help(words: &[String]) -> bool {
    words.iter().any(|word| word == "--help" || word == "-h")
}

struct Reading<'o> {
    operation: &'o Operation,
    directory: &'o Path,
    arguments: Map<String, Json>,
    /// Parameters that some flag spoke of, rightly or wrongly.
    named: BTreeSet<String>,
    problems: Vec<String>,
}

impl Reading<'_> {
    fn all(&mut self, words: &[String]) {
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            let Some(flag) = word.strip_prefix("--").filter(|flag| !flag.is_empty()) else {
                self.problems.push(format!(
                    "`{word}` belongs to no flag; a parameter is given as `--NAME VALUE`"
                ));
                continue;
            };
            let (name, inline) = match flag.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (flag, None),
            };
            let next = words.peek().filter(|next| !next.starts_with("--")).map(|it| it.as_str());
            let place = self.place(name);
            let is_switch = place.as_ref().is_ok_and(|ty| is_bool(ty));
            let next = next.filter(|it| !is_switch || matches!(*it, "true" | "false"));
            let value = inline.or(next);
            if inline.is_none() && next.is_some() {
                words.next();
            }
            self.named.insert(name.split('.').next().unwrap_or(name).to_owned());
            let read = place.and_then(|ty| match (value, is_switch) {
                (Some(value), _) => self.put(name, ty, value),
                (None, true) => self.put(name, ty, "true"),
                (None, false) => Err(format!("`--{name}` has no value; it takes {}", told(ty))),
            });
            self.problems.extend(read.err());
        }
    }

    /// The type of what a flag names: of a parameter, or of a field within.
    fn place<'t>(&self, name: &str) -> Result<&'t Type, String>
    where
        Self: 't,
    {
        place(self.operation, name)
    }

    fn put(&mut self, name: &str, ty: &Type, text: &str) -> Result<(), String> {
        let text = Source::of(ty, text).read(self.directory);
        let json = json_of(ty, &text.map_err(|error| format!("`--{name}`: {error}"))?);
        // Read here, so that a mistake is told of the flag that it stands in.
        Value::from_json(ty, &json)
            .map_err(|error| format!("`--{name}`: {error}{}", meant(ty, &json)))?;
        let mut at =
            self.arguments.entry(name.split('.').next().unwrap_or(name)).or_insert(Json::Null);
        for field in name.split('.').skip(1) {
            if at.is_null() {
                *at = Json::Object(Map::new());
            }
            let fields = at.as_object_mut().ok_or_else(|| format!("`--{name}` is given twice"))?;
            at = fields.entry(field).or_insert(Json::Null);
        }
        match (at, json) {
            (Json::Array(items), Json::Array(more)) => items.extend(more),
            (at @ Json::Null, json) => *at = json,
            _ => return Err(format!("`--{name}` is given twice")),
        }
        Ok(())
    }

    /// Whether every parameter has what it needs.
    fn check(&mut self) {
        for name in self.arguments.keys() {
            self.problems.extend(place(self.operation, name).err());
        }
        for (name, ty) in &self.operation.parameters {
            match (self.arguments.get(name), ty) {
                (Some(json), ty) => match Value::from_json(ty, json) {
                    Ok(value) => drop(self.arguments.insert(name.clone(), value.to_json())),
                    Err(error) => self.problems.push(format!("`--{name}`: {error}")),
                },
                (None, Type::Option(_)) => {}
                (None, _) if self.named.contains(name) => {}
                (None, ty) => {
                    self.problems.push(format!("`--{name}` is missing; it takes {}", told(ty)));
                }
            }
        }
        let mut seen = BTreeSet::new();
        self.problems.retain(|problem| seen.insert(problem.clone()));
    }
}

fn place<'t>(operation: &'t Operation, name: &str) -> Result<&'t Type, String> {
    let mut parts = name.split('.');
    let first = parts.next().unwrap_or(name);
    let known = operation.parameters.iter().map(|(name, _)| name.as_str());
    let mut ty = &operation
        .parameters
        .iter()
        .find(|(name, _)| name == first)
        .ok_or_else(|| unknown(&format!("--{first}"), first, known.collect(), "--"))?
        .1;
    let mut so_far = first.to_owned();
    for part in parts {
        let Type::Record(record) = bare(ty) else {
            return Err(format!("`--{so_far}` is {} and has no field `{part}`", told(ty)));
        };
        let known = record.body.iter().map(|field| field.name.as_str()).collect();
        let field = record.body.iter().find(|field| field.name == part);
        let whole = format!("--{so_far}.{part}");
        ty = &field.ok_or_else(|| unknown(&whole, part, known, &format!("--{so_far}.")))?.ty;
        so_far = format!("{so_far}.{part}");
    }
    Ok(ty)
}

fn unknown(whole: &str, name: &str, known: Vec<&str>, before: &str) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("there is no `{whole}`; did you mean `{before}{near}`?"),
        None if known.is_empty() => format!("there is no `{whole}`; it takes nothing"),
        None => {
            let all: Vec<String> = known.iter().map(|it| format!("`{before}{it}`")).collect();
            format!("there is no `{whole}`; there are {}", all.join(", "))
        }
    }
}

/// The name that was meant by a word that is none of an enum's, a set's or a variant's.
fn meant(ty: &Type, json: &Json) -> String {
    let known: Vec<&str> = match bare(ty) {
        Type::List(inner) => {
            return match json {
                Json::Array(items) if items.len() == 1 => meant(inner, &items[0]),
                _ => String::new(),
            };
        }
        Type::Enum(names) | Type::Flags(names) => names.body.iter().map(String::as_str).collect(),
        Type::Variant(cases) => cases.body.iter().map(|case| case.name.as_str()).collect(),
        _ => return String::new(),
    };
    let word = json.as_str().or_else(|| json.as_array().and_then(|it| it.first()?.as_str()));
    let near = word.and_then(|word| nearest(word, known));
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// The type without the option around it: an option is given by its value, or not at all.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Option(inner) => bare(inner),
        other => other,
    }
}

fn is_bool(ty: &Type) -> bool {
    matches!(bare(ty), Type::Bool)
}

/// A type as a person is told of it.
fn told(ty: &Type) -> String {
    match bare(ty) {
        Type::Enum(names) => format!("one of {}", names.body.join(", ")),
        bare => format!("a `{bare}`"),
    }
}

/// What was typed, as JSON of the type, as far as it can be.
fn json_of(ty: &Type, text: &str) -> Json {
    let plain = || Json::String(text.to_owned());
    let parsed = || serde_json::from_str(text).ok();
    match ty {
        Type::Option(inner) => json_of(inner, text),
        Type::String | Type::Char | Type::Enum(_) | Type::Bytes | Type::Handle(_) => plain(),
        Type::Bool | Type::Int(_) | Type::F32 | Type::F64 => {
            parsed().filter(|it: &Json| !it.is_string()).unwrap_or_else(plain)
        }
        Type::List(inner) => {
            let whole = parsed().filter(|it| Value::from_json(ty, it).is_ok());
            whole.unwrap_or_else(|| Json::Array(vec![json_of(inner, text)]))
        }
        Type::Flags(_) => {
            parsed().filter(Json::is_array).unwrap_or_else(|| Json::Array(vec![plain()]))
        }
        Type::Variant(_) | Type::Record(_) | Type::Tuple(_) | Type::Result(..) => {
            parsed().unwrap_or_else(plain)
        }
    }
}

/// Where a value stands: on the command line, or where that points to.
enum Source {
    Here(String),
    File(PathBuf, Form),
    Input(Form),
}

/// What becomes of bytes of a file.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Base64,
}

impl Source {
    /// Texts and bytes may be `@FILE`, or `@-` for standard input; `@@` begins a text with `@`.
    fn of(ty: &Type, text: &str) -> Self {
        let form = match ty {
            Type::Option(inner) | Type::List(inner) => return Self::of(inner, text),
            Type::String => Form::Text,
            Type::Bytes => Form::Base64,
            _ => return Self::Here(text.to_owned()),
        };
        match text.strip_prefix('@') {
            None => Self::Here(text.to_owned()),
            Some("-") => Self::Input(form),
            Some(rest) if rest.starts_with('@') => Self::Here(rest.to_owned()),
            Some(path) => Self::File(path.into(), form),
        }
    }

    fn read(self, directory: &Path) -> Result<String, String> {
        let mut bytes = Vec::new();
        let (read, name, form) = match self {
            Self::Here(text) => return Ok(text),
            Self::Input(form) => {
                let input = std::io::stdin().lock();
                (
                    input.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes),
                    "standard input".into(),
                    form,
                )
            }
            Self::File(path, form) => {
                let file = fs::File::open(directory.join(&path));
                let read = file.and_then(|it| it.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
                (read, path.display().to_string(), form)
            }
        };
        let length = read
            .map_err(|error| format!("{name}: {error}; a text that begins with `@` is `@@...`"))?;
        if FILE_BYTES_MAX < length as u64 {
            return Err(format!("{name} has more than {FILE_BYTES_MAX} bytes"));
        }
        match form {
            Form::Text => String::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8")),
            Form::Base64 => match Value::Bytes(bytes).to_json() {
                Json::String(text) => Ok(text),
                other => Ok(other.to_string()),
            },
        }
    }
}

/// What the operation takes, for people.
pub(super) fn help(operation: &Operation) -> String {
    let mut lines = vec![operation.name.to_string()];
    lines.extend(operation.docs.lines().map(|line| format!("  {line}")));
    lines.push(String::new());
    lines.push(operation.signature());
    if operation.parameters.is_empty() {
        lines.push("  it takes nothing".to_owned());
    }
    let mut rows = Vec::new();
    for (name, ty) in &operation.parameters {
        describe(&format!("--{name}"), ty, "", &mut rows);
    }
    let width = rows.iter().map(|row| row.flag.chars().count()).max().unwrap_or_default();
    for row in rows {
        lines.push(format!("  {:<width$}  {}", row.flag, row.about).trim_end().to_owned());
        let indent = " ".repeat(width + 4);
        lines.extend(row.docs.lines().map(|line| format!("{indent}{line}")));
    }
    lines.push(String::new());
    lines.push("texts and bytes may be @FILE, or @- for standard input".to_owned());
    lines.push("`agent-host skill run --help` shows what may be granted".to_owned());
    lines.join("\n")
}

struct Row {
    flag: String,
    about: String,
    docs: String,
}

fn describe(flag: &str, ty: &Type, docs: &str, rows: &mut Vec<Row>) {
    let optional = if matches!(ty, Type::Option(_)) { "; may be absent" } else { "" };
    let (shape, about) = match bare(ty) {
        Type::Bool => (String::new(), "switch".to_owned()),
        Type::String => ("TEXT".to_owned(), "string".to_owned()),
        Type::Char => ("LETTER".to_owned(), "char".to_owned()),
        Type::Bytes => ("BASE64".to_owned(), "list<u8>".to_owned()),
        it @ (Type::Int(_) | Type::F32 | Type::F64) => ("NUMBER".to_owned(), it.to_string()),
        Type::Enum(names) => ("WORD".to_owned(), format!("one of {}", names.body.join(", "))),
        Type::Flags(names) => {
            ("WORD".to_owned(), format!("any of {}; once for each", names.body.join(", ")))
        }
        Type::List(inner) => {
            let shape = if json_alone(inner) { "JSON" } else { "ITEM" };
            (shape.to_owned(), format!("list<{inner}>; once for each item, or all as JSON"))
        }
        Type::Variant(cases) => {
            let cases = cases.body.iter().map(|case| match &case.ty {
                None => case.name.clone(),
                Some(ty) => format!("{{\"{}\": {ty}}}", case.name),
            });
            let cases: Vec<String> = cases.collect();
            ("JSON".to_owned(), format!("one of {}", cases.join(", ")))
        }
        it => ("JSON".to_owned(), it.to_string()),
    };
    let flag = format!("{flag} {shape}").trim_end().to_owned();
    rows.push(Row { flag: flag.clone(), about: about + optional, docs: docs.to_owned() });
    if let Type::Record(record) = bare(ty) {
        let name = flag.split(' ').next().unwrap_or_default();
        for field in &record.body {
            describe(&format!("{name}.{}", field.name), &field.ty, &field.docs, rows);
        }
    }
}

/// Whether a value can only be given as JSON.
fn json_alone(ty: &Type) -> bool {
    matches!(
        bare(ty),
        Type::Record(_) | Type::Tuple(_) | Type::Result(..) | Type::List(_) | Type::Variant(_)
    )
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;
    use voyager_base::types::{Case, Field, IntKind, Named};

    use super::*;

    fn operation() -> Operation {
        let names = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let field = |name: &str, ty, docs: &str| Field { name: name.into(), ty, docs: docs.into() };
        let style = Type::Enum(Named::new(Some("style".into()), names(&["plain", "loud"])));
        let body = vec![
            field("depth", Type::Int(IntKind::U8), "How deep."),
            field("note", Type::option(Type::String), ""),
        ];
        let range = Type::Record(Named::new(Some("range".into()), body));
        let flags = Type::Flags(Named::new(Some("marks".into()), names(&["old", "new"])));
        let case = |name: &str, ty| Case { name: name.into(), ty, docs: String::new() };
        let cases = vec![case("all", None), case("some", Some(Type::Int(IntKind::U32)))];
        let choice = Type::Variant(Named::new(Some("choice".into()), cases));
        let parameters = [
            ("name", Type::String),
            ("most", Type::Int(IntKind::U64)),
            ("ratio", Type::option(Type::F64)),
            ("all", Type::Bool),
            ("style", Type::option(style)),
            ("globs", Type::list(Type::String)),
            ("range", Type::option(range)),
            ("marks", Type::option(flags)),
            ("choice", Type::option(choice)),
            ("body", Type::option(Type::Bytes)),
        ];
        Operation {
            name: "a:b/c.d".parse().unwrap(),
            docs: "Does it.".into(),
            parameters: parameters.map(|(name, ty)| (name.to_owned(), ty)).into(),
            result: Some(Type::Bool),
        }
    }

    fn given(words: &str) -> Result<Json, String> {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        read(&operation(), Map::new(), &words, folder)
            .map(Json::Object)
            .map_err(|failure| failure.message)
    }

    const LEAST: &str = "--name x --most 1 --all --globs a";

    fn value(words: &str) -> Json {
        let all = given(&format!("{LEAST} {words}")).unwrap();
        let name = words.trim_start_matches('-').split([' ', '.', '=']).next().unwrap();
        all[name].clone()
    }

    #[test]
    fn each_type_has_its_way_of_being_typed() {
        assert_eq!(
            given(LEAST),
            Ok(json!({ "name": "x", "most": 1, "all": true, "globs": ["a"] }))
        );
        assert_eq!(value("--globs b --globs [\"c\"]"), json!(["a", "b", "c"]));
        assert_eq!(value("--ratio=-0.5"), json!(-0.5));
        assert_eq!(value("--style loud"), json!("loud"));
        assert_eq!(value("--range.depth 3"), json!({ "depth": 3, "note": null }));
        assert_eq!(value("--range {\"depth\":3}"), json!({ "depth": 3, "note": null }));
        assert_eq!(value("--range.depth 3 --range.note 7"), json!({ "depth": 3, "note": "7" }));
        assert_eq!(value("--marks new --marks old"), json!(["old", "new"]));
        assert_eq!(value("--choice all"), json!("all"));
        assert_eq!(value("--choice {\"some\":3}"), json!({ "some": 3 }));
        assert_eq!(value("--body AAE="), json!("AAE="));
    }

    #[test]
    fn what_is_typed_is_text_where_the_parameter_is() {
        let all = given("--name 007 --most 18446744073709551615 --all false --globs=[]").unwrap();
        let whole = json!({
            "name": "007", "most": "18446744073709551615", "all": false, "globs": [],
        });
        assert_eq!(all, whole);
    }

    #[test]
    fn a_file_may_hold_the_value() {
        let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        let all = given("--name @Cargo.toml --most 1 --all --globs @@scope").unwrap();
        assert_eq!(all["name"].as_str(), manifest.ok().as_deref());
        assert_eq!(all["globs"], json!(["@scope"]));
    }

    fn wrong(words: &str, expected: &Expect) {
        expected.assert_eq(&given(words).unwrap_err());
    }

    #[test]
    fn mistakes_name_the_flag_what_it_takes_and_the_nearest() {
        wrong(
            "--nam x --most many --all --globs a --style lout",
            &expect![[
                r#"there is no `--nam`; did you mean `--name`?; `--most`: expected u64, found "many"; `--style`: expected one of plain, loud, found "lout"; did you mean `loud`?; `--name` is missing; it takes a `string`"#
            ]],
        );
        wrong(&format!("{LEAST} --most 2"), &expect!["`--most` is given twice"]);
        wrong(
            &format!("{LEAST} --range.dept 2"),
            &expect!["there is no `--range.dept`; did you mean `--range.depth`?"],
        );
        wrong(
            &format!("{LEAST} --name.first x"),
            &expect!["`--name` is a `string` and has no field `first`"],
        );
        wrong(
            &format!("{LEAST} --range.depth 300 stray"),
            &expect![
                "`--range.depth`: expected u8, found 300; `stray` belongs to no flag; a parameter is given as `--NAME VALUE`"
            ],
        );
        wrong(
            "--all --most",
            &expect![
                "`--most` has no value; it takes a `u64`; `--name` is missing; it takes a `string`; `--globs` is missing; it takes a `list<string>`"
            ],
        );
        wrong(
            &format!("{LEAST} --body @nowhere"),
            &expect![
                "`--body`: nowhere: No such file or directory (os error 2); a text that begins with `@` is `@@...`"
            ],
        );
    }

    #[test]
    fn help_says_how_each_parameter_is_given() {
        expect![[r#"
            a:b/c.d
              Does it.

            c.d(name: string, most: u64, ratio: option<f64>, all: bool, style: option<style>, globs: list<string>, range: option<range>, marks: option<marks>, choice: option<choice>, body: option<list<u8>>) -> bool
              --name TEXT           string
              --most NUMBER         u64
              --ratio NUMBER        f64; may be absent
              --all                 switch
              --style WORD          one of plain, loud; may be absent
              --globs ITEM          list<string>; once for each item, or all as JSON
              --range JSON          range; may be absent
              --range.depth NUMBER  u8
                                    How deep.
              --range.note TEXT     string; may be absent
              --marks WORD          any of old, new; once for each; may be absent
              --choice JSON         one of all, {"some": u32}; may be absent
              --body BASE64         list<u8>; may be absent

            texts and bytes may be @FILE, or @- for standard input
            `agent-host skill run --help` shows what may be granted"#]].assert_eq(&help(&operation()));
    }
}
