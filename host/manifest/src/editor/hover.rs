//! What stands at a place, and where it comes from.

use std::ops::Range;

use voyager_base::{Type, operation::Operation};

use super::{
    outline::Sort,
    reading::{Named, Reading},
};
use crate::{
    catalog::Catalog,
    check::operation_at,
    language::{Key, Shape},
    library::Library,
};

/// What is said about a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The bytes that it is about.
    pub span: Range<usize>,
    /// Markdown.
    pub text: String,
}

/// What stands at `byte`: a key of the language, an operation, an argument, a reference.
pub fn hover(text: &str, byte: usize, catalog: &Catalog) -> Option<Hover> {
    let reading = Reading::of(text)?;
    let (part, is_named) = reading.outline.at(byte)?;
    if is_named {
        let span = reading.part(part).key.clone();
        let text = key_text(&reading, part, catalog)?;
        return Some(Hover { span, text });
    }
    if let Some(Shape::Operation) = reading.shape(part) {
        let found = catalog.used(reading.outline.value(part))?;
        let span = reading.part(part).value.clone();
        return Some(Hover { span, text: operation_text(found) });
    }
    let (named, span) = reading.named(part, byte)?;
    let text = match named {
        Named::Step(id) => step_text(&reading, id, catalog),
        Named::Input(input) => input_text(&reading, input),
        Named::Policy(policy) => policy_text(&reading, policy),
        Named::Local(part) => format!("given by `{}`", reading.outline.key(part)),
    };
    Some(Hover { span, text })
}

/// The path of the other manifest that `use` names at `byte`, as it stands there.
pub fn manifest_at(text: &str, byte: usize) -> Option<String> {
    let reading = Reading::of(text)?;
    let (part, is_named) = reading.outline.at(byte)?;
    let is_use = !is_named && matches!(reading.shape(part), Some(Shape::Operation));
    let path = is_use.then(|| reading.outline.value(part))?;
    path.starts_with("./").then(|| path.to_owned())
}

/// The path of the manifest that a scenario tests, as it stands there.
pub fn tested_manifest(text: &str) -> Option<String> {
    Reading::of(text)?.manifest().map(str::to_owned)
}

/// A catalog that also knows the other manifests that steps of the text run.
pub fn with_manifests(text: &str, catalog: &Catalog, library: Library<'_>) -> Catalog {
    let used = Reading::of(text).map(|reading| reading.manifests()).unwrap_or_default();
    let known = used
        .into_iter()
        .filter_map(|path| Some((path.to_owned(), operation_at(path, catalog, library)?)));
    catalog.with_manifests(known.collect())
}

/// The bytes of the step, the input or the name that a reference at `byte` means.
pub fn definition(text: &str, byte: usize) -> Option<Range<usize>> {
    let reading = Reading::of(text)?;
    let (part, is_named) = reading.outline.at(byte)?;
    if is_named {
        return None;
    }
    let (named, _) = reading.named(part, byte)?;
    Some(match named {
        Named::Step(id) => reading.part(id).value.clone(),
        Named::Input(input) | Named::Policy(input) => reading.part(input).key.clone(),
        Named::Local(part) => reading.part(part).key.clone(),
    })
}

fn key_text(reading: &Reading<'_>, part: usize, catalog: &Catalog) -> Option<String> {
    let name = reading.outline.key(part);
    match reading.container(part)? {
        Shape::Object(object) => {
            let key = object.keys.iter().find(|key| key.name == name)?;
            Some(format!("`{name}` of {}{}", object.what, docs_of(key)))
        }
        Shape::Map { of: Shape::Argument, .. } => {
            let with = reading.part(part).within?;
            let operation = reading.operation(reading.part(with).within, catalog)?;
            let (_, ty) = operation.parameters.iter().find(|(parameter, _)| parameter == name)?;
            Some(format!("`{name}`: `{ty}`{}", fields(ty)))
        }
        Shape::Map { .. } if reading.inputs().contains(&part) => Some(input_text(reading, part)),
        _ => None,
    }
}

fn docs_of(key: &Key) -> String {
    let needed = if key.required { ", which has to be there" } else { "" };
    format!("{needed}\n\n{}", key.docs)
}

fn step_text(reading: &Reading<'_>, id: usize, catalog: &Catalog) -> String {
    let step = reading.part(id).within;
    let mut text = format!("step `{}`", reading.outline.value(id));
    if let Some(named) = reading.outline.find(step, "use") {
        text += &format!(": `{}`", reading.outline.value(named));
    }
    if let Some(ty) = reading.operation(step, catalog).and_then(Operation::success) {
        let each = reading.outline.find(step, "for-each").map_or("", |_| ", for each item");
        text += &format!("\n\nResult: `{ty}`{each}{}", fields(ty));
    }
    text
}

fn policy_text(reading: &Reading<'_>, policy: usize) -> String {
    let says =
        reading.outline.inside(Some(policy)).filter(|it| reading.part(*it).sort == Sort::Key);
    let says = says.map(|it| format!("\n- `{}`", reading.outline.key(it)));
    format!("policy `{}`\n{}", reading.outline.key(policy), says.collect::<String>())
}

fn input_text(reading: &Reading<'_>, input: usize) -> String {
    let value = |key| reading.outline.find(Some(input), key).map(|it| reading.outline.value(it));
    let mut text = format!("input `{}`", reading.outline.key(input));
    if let Some(ty) = value("type") {
        text += &format!(": `{ty}`");
    }
    if let Some(description) = value("description") {
        text += &format!("\n\n{description}");
    }
    text
}

/// An operation with its docs, its parameters and what it gives back.
pub(super) fn operation_text(operation: &Operation) -> String {
    let mut text = format!("```wit\n{}\n```\n", signature(operation));
    if !operation.docs.is_empty() {
        text += &format!("\n{}\n", operation.docs.trim());
    }
    for (name, ty) in &operation.parameters {
        text += &format!("\n- `{name}`: `{ty}`");
    }
    if let Some(ty) = operation.success() {
        text += &format!("\n\nResult: `{ty}`{}", fields(ty));
    }
    text + &format!("\n\n{}", operation.name)
}

/// Its function as WIT has it.
pub(super) fn signature(operation: &Operation) -> String {
    let parameters = operation.parameters.iter().map(|(name, ty)| format!("{name}: {ty}"));
    let parameters = parameters.collect::<Vec<_>>().join(", ");
    let result = operation.result.as_ref().map(|ty| format!(" -> {ty}")).unwrap_or_default();
    format!("{}: func({parameters}){result}", operation.name.function)
}

/// What a type consists of, where it has a name only.
fn fields(ty: &Type) -> String {
    let inner = match ty {
        Type::Option(inner) | Type::List(inner) => inner,
        ty => ty,
    };
    let entry = |name: &str, what: String, docs: &str| {
        let docs = docs.lines().next().map(|line| format!(": {line}")).unwrap_or_default();
        format!("\n- `{name}`{what}{docs}")
    };
    match inner {
        Type::Record(record) => {
            let all = record.body.iter();
            all.map(|it| entry(&it.name, format!(" (`{}`)", it.ty), &it.docs)).collect()
        }
        Type::Enum(names) | Type::Flags(names) => {
            names.body.iter().map(|it| entry(it, String::new(), "")).collect()
        }
        _ => String::new(),
    }
}
