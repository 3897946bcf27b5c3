//! What may stand at a place.

use std::ops::Range;

use voyager_base::{ErrorKind, Type};

use super::{
    hover::{operation_text, signature},
    language,
    outline::{CURSOR, Sort},
    reading::{Naming, Reading},
};
use crate::{
    catalog::Catalog,
    language::{HEADER, Object, SCENARIO_HEADER, STEP, Shape},
    type_text,
};

/// What may stand at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The bytes that an item replaces: the word up to the cursor.
    pub replaces: Range<usize>,
    /// The possibilities, in the order of the language or of the text.
    pub items: Vec<Item>,
}

/// One possibility.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What is shown, and what the word is compared with.
    pub label: String,
    /// What it is.
    pub sort: ItemSort,
    /// What is written.
    pub writes: String,
    /// A few words about it; may be empty.
    pub detail: String,
    /// Markdown; may be empty.
    pub docs: String,
}

/// What a possibility is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemSort {
    /// A key of the language.
    Key,
    /// An argument, or a field of a result.
    Field,
    /// A word of the language, or a literal.
    Word,
    /// An operation of a skill.
    Operation,
    /// A step, an input, or another name.
    Name,
    /// A function of expressions.
    Function,
}

/// What is known beside the text: a scenario speaks of its manifest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around<'a> {
    /// The manifest that a scenario names, as it is written now.
    pub manifest: Option<&'a str>,
    /// Paths that a scenario may name as its manifest.
    pub manifests: &'a [String],
}

/// Functions of expressions.
const FUNCTIONS: [&str; 18] = [
    "size",
    "has",
    "default",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "join",
    "flatten",
    "present",
    "string",
    "int",
    "float",
    "all",
    "exists",
    "filter",
    "map",
    "orValue",
];

/// What may stand at `byte`; none where nothing is known about the place.
pub fn complete(
    text: &str,
    byte: usize,
    catalog: &Catalog,
    around: &Around<'_>,
) -> Option<Completion> {
    let byte = text.floor_char_boundary(byte.min(text.len()));
    let marked = format!("{}{CURSOR}{}", &text[..byte], &text[byte..]);
    let Some(reading) = Reading::of(&marked) else { return header(text, byte) };
    let (part, is_named) = reading.outline.at(byte)?;
    let tested = around.manifest.and_then(Reading::of);
    let here = Here { reading: &reading, part, byte, catalog, around, tested };
    let within = reading.part(part).within;
    let is_word = reading.part(part).sort == Sort::Word;
    match (is_named, reading.container(part)) {
        (true, Some(shape @ (Shape::Steps | Shape::List { .. }))) if is_word => here.items(shape),
        (true, Some(shape)) => match here.keys(shape, within) {
            None if is_word => here.values(within?, reading.part(part).key.clone()),
            keys => keys,
        },
        (true, None) => None,
        (false, _) => match reading.shape(part)? {
            shape @ Shape::Object(_) => here.keys(shape, Some(part)),
            _ => here.values(part, reading.part(part).value.clone()),
        },
    }
}

/// The first line of a text that has none.
fn header(text: &str, byte: usize) -> Option<Completion> {
    let start = text[..byte].rfind('\n').map_or(0, |at| at + 1);
    let is_alone = text.lines().all(|line| line.starts_with('#') || !line.contains(':'));
    if language(text).is_some() || !is_alone || !"voyager".starts_with(&text[start..byte]) {
        return None;
    }
    let lines = [HEADER, SCENARIO_HEADER].map(|it| item(ItemSort::Word, &format!("voyager: {it}")));
    Some(Completion { replaces: start..byte, items: lines.into() })
}

fn item(sort: ItemSort, label: &str) -> Item {
    let (detail, docs) = (String::new(), String::new());
    Item { label: label.to_owned(), sort, writes: label.to_owned(), detail, docs }
}

/// The place of the cursor.
struct Here<'r, 't> {
    reading: &'r Reading<'t>,
    part: usize,
    byte: usize,
    catalog: &'r Catalog,
    around: &'r Around<'r>,
    /// The manifest that a scenario tests.
    tested: Option<Reading<'r>>,
}

impl Here<'_, '_> {
    fn done(&self, start: usize, items: Vec<Item>) -> Option<Completion> {
        Some(Completion { replaces: start.min(self.byte)..self.byte, items })
    }

    /// Keys of what `within` holds that are not there yet.
    fn keys(&self, shape: Shape, within: Option<usize>) -> Option<Completion> {
        let outline = &self.reading.outline;
        let part = self.reading.part(self.part);
        let start = if part.sort == Sort::Item { part.value.start } else { part.key.start };
        let behind = if part.sort == Sort::Key { "" } else { ": " };
        let mut items = match shape {
            Shape::Object(object) => object_keys(object, behind),
            Shape::Kinds(_) => {
                let kinds = ErrorKind::ALL.iter().map(|kind| kind.name()).chain(["any"]);
                kinds.map(|it| with_behind(item(ItemSort::Word, it), behind)).collect()
            }
            Shape::Map { of: Shape::Argument, .. } => {
                let operation =
                    self.reading.operation(self.reading.part(within?).within, self.catalog)?;
                let parameters = operation.parameters.iter().map(|(name, ty)| {
                    let item = Item { detail: ty.to_string(), ..item(ItemSort::Field, name) };
                    with_behind(item, behind)
                });
                parameters.collect()
            }
            Shape::Argument => ["from", "expr", "template"]
                .map(|it| with_behind(item(ItemSort::Key, it), behind))
                .into(),
            Shape::Map { of: Shape::Literal, .. } => {
                let tested = self.tested.as_ref()?;
                let named = match outline.key(within?) {
                    "inputs" => inputs(tested, Naming::Expression),
                    "outputs" => tested.outputs().into_iter().map(|it| name(tested, it)).collect(),
                    _ => return None,
                };
                named.into_iter().map(|it| with_behind(it, behind)).collect()
            }
            Shape::StepNames(_) => {
                let steps = steps(self.tested.as_ref()?, &[]);
                steps.into_iter().map(|it| with_behind(it, behind)).collect()
            }
            _ => return None,
        };
        let there: Vec<&str> = outline
            .inside(within)
            .filter(|it| *it != self.part && self.reading.part(*it).sort == Sort::Key)
            .map(|it| outline.key(it))
            .collect();
        items.retain(|it| !there.contains(&it.label.as_str()));
        self.done(start, items)
    }

    /// The first key of an item of a list that has no dash yet.
    fn items(&self, shape: Shape) -> Option<Completion> {
        let object = match shape {
            Shape::Steps => &STEP,
            Shape::List { of: Shape::Object(object), .. } => *object,
            _ => return None,
        };
        let mut items = object_keys(object, ": ");
        items.iter_mut().for_each(|it| it.writes.insert_str(0, "- "));
        self.done(self.reading.part(self.part).key.start, items)
    }

    /// Values that `part` may have; `value` is what stands there.
    fn values(&self, part: usize, value: Range<usize>) -> Option<Completion> {
        let words = |words: &[&str]| words.iter().map(|it| item(ItemSort::Word, it)).collect();
        if let Some(naming) = self.reading.naming(part) {
            return self.references(naming, value.start);
        }
        let items = match self.reading.shape(part)? {
            Shape::Word(all) => words(all),
            Shape::Bool => words(&["true", "false"]),
            Shape::ErrorKind => words(&ErrorKind::ALL.map(ErrorKind::name)),
            Shape::Type => words(&type_text::WORDS),
            Shape::Operation => self.operations(),
            Shape::Argument => self.argument(part),
            Shape::StepName => steps(self.tested.as_ref()?, &[]),
            Shape::Text { .. } if self.reading.names_manifest(part) => {
                self.around.manifests.iter().map(|it| item(ItemSort::Name, it)).collect()
            }
            _ => return None,
        };
        self.done(value.start, items)
    }

    /// By the shortest name that finds the operation.
    fn operations(&self) -> Vec<Item> {
        let mut items = Vec::new();
        for skill in self.catalog.newest() {
            for operation in &skill.operations {
                let short = format!("{}/{}", skill.short_name(), operation.name.function);
                let is_clear = self.catalog.find(&short).is_ok();
                let label = if is_clear { short } else { operation.name.unversioned() };
                items.push(Item {
                    detail: signature(operation),
                    docs: operation_text(operation),
                    ..item(ItemSort::Operation, &label)
                });
            }
        }
        items
    }

    /// Literals of the parameter's type, and everything that can be referred to.
    fn argument(&self, part: usize) -> Vec<Item> {
        let with = self.reading.part(part).within;
        let step = with.and_then(|it| self.reading.part(it).within);
        let operation = self.reading.operation(step, self.catalog);
        let name = self.reading.outline.key(part);
        let ty = operation.and_then(|it| it.parameters.iter().find(|(it, _)| it == name));
        let mut items: Vec<Item> = match ty {
            Some((_, Type::Bool)) => ["true", "false"].map(|it| item(ItemSort::Word, it)).into(),
            Some((_, Type::Enum(names))) => {
                names.body.iter().map(|it| item(ItemSort::Word, it)).collect()
            }
            _ => Vec::new(),
        };
        let prefixed = |prefix: &str, named: Item| {
            let label = format!("{prefix}.{}", named.label);
            Item { writes: format!("{{ from: {label} }}"), label, ..named }
        };
        items.extend(self.inputs(Naming::Expression).into_iter().map(|it| prefixed("inputs", it)));
        items.extend(self.steps().into_iter().map(|it| prefixed("steps", it)));
        items
    }

    fn references(&self, naming: Naming, start: usize) -> Option<Completion> {
        let before = &self.reading.outline.text[start.min(self.byte)..self.byte];
        let is_word = |it: char| it.is_ascii_alphanumeric() || "-_.?".contains(it);
        let word = before.rfind(|it| !is_word(it)).map_or(before, |at| {
            &before[at + before[at..].chars().next().map_or(0, char::len_utf8)..]
        });
        let (base, name) =
            word.rsplit_once('.').map_or((None, word), |(base, name)| (Some(base), name));
        let name = name.trim_start_matches(['?', '-']);
        let items = match (naming, base) {
            (Naming::Needs, _) => self.steps(),
            (Naming::Policy, _) => {
                let known = self.reading.policies();
                let known = known.into_iter().map(|it| self.reading.outline.key(it));
                known.chain(["none"]).map(|it| item(ItemSort::Name, it)).collect()
            }
            (Naming::Root | Naming::Secret, None) => {
                let all = self.inputs(naming).into_iter();
                all.map(|it| Item { writes: format!("inputs.{}", it.label), ..it }).collect()
            }
            (_, Some("inputs")) => self.inputs(naming),
            (Naming::Expression, Some("steps")) => self.steps(),
            (Naming::Expression, Some(base)) => {
                let names: Vec<&str> =
                    base.split('.').map(|it| it.trim_start_matches('?')).collect();
                self.fields(&names)
            }
            (Naming::Expression, None) => self.names(),
            (Naming::Root | Naming::Secret, Some(_)) => return None,
        };
        self.done(self.byte - name.len(), items)
    }

    /// All steps but those that the cursor stands in.
    fn steps(&self) -> Vec<Item> {
        let around: Vec<usize> = self.reading.steps_around(self.part).collect();
        steps(self.reading, &around)
    }

    /// The inputs that such a name may be.
    fn inputs(&self, naming: Naming) -> Vec<Item> {
        inputs(self.reading, naming)
    }

    /// Fields of a result; the steps of a block.
    fn fields(&self, names: &[&str]) -> Vec<Item> {
        if let Some(Type::Record(record)) = self.reading.type_of(self.part, names, self.catalog) {
            let all = record.body.iter().map(|field| Item {
                detail: field.ty.to_string(),
                docs: field.docs.clone(),
                ..item(ItemSort::Field, &field.name)
            });
            return all.collect();
        }
        let ["steps", block] = names else { return Vec::new() };
        let outline = &self.reading.outline;
        let steps = self.reading.steps();
        let Some(block) = steps.iter().find(|it| outline.value(**it) == *block) else {
            return Vec::new();
        };
        let block = self.reading.part(*block).within;
        let holder = |id: usize| self.reading.steps_around(id).nth(1);
        let inside = steps.iter().filter(|it| block.is_some() && holder(**it) == block);
        inside.map(|it| item(ItemSort::Name, outline.value(*it))).collect()
    }

    /// Everything that an expression can begin with.
    fn names(&self) -> Vec<Item> {
        let locals = self.reading.locals(self.part);
        let mut names = vec!["inputs", "steps"];
        let has_result = ["expect", "repeat", "compensate"];
        let mut above = self.reading.outline.above(self.part);
        if above.any(|it| has_result.contains(&self.reading.outline.key(it))) {
            names.push("result");
        }
        names.extend(locals.iter().map(|(name, _)| *name));
        let names = names.into_iter().map(|it| item(ItemSort::Name, it));
        names.chain(FUNCTIONS.map(|it| item(ItemSort::Function, it))).collect()
    }
}

/// The steps of a manifest but those of `without`.
fn steps(reading: &Reading<'_>, without: &[usize]) -> Vec<Item> {
    let outline = &reading.outline;
    let mut items = Vec::new();
    for id in reading.steps() {
        let step = reading.part(id).within;
        if outline.value(id).is_empty() || step.is_some_and(|it| without.contains(&it)) {
            continue;
        }
        let detail = outline.find(step, "use").map(|it| outline.value(it).to_owned());
        let detail = detail.unwrap_or_default();
        items.push(Item { detail, ..item(ItemSort::Name, outline.value(id)) });
    }
    items
}

/// The inputs of a manifest that such a name may be.
fn inputs(reading: &Reading<'_>, naming: Naming) -> Vec<Item> {
    let all = reading.inputs().into_iter().map(|input| name(reading, input));
    all.filter(|it| match naming {
        Naming::Root => it.detail == "path",
        Naming::Secret => it.detail == "secret",
        _ => it.detail != "secret",
    })
    .collect()
}

/// An input or an output.
fn name(reading: &Reading<'_>, part: usize) -> Item {
    let outline = &reading.outline;
    let value = |key| {
        let found = outline.find(Some(part), key).map(|it| outline.value(it).to_owned());
        found.unwrap_or_default()
    };
    let (detail, docs) = (value("type"), value("description"));
    Item { detail, docs, ..item(ItemSort::Name, outline.key(part)) }
}

fn object_keys(object: &Object, behind: &str) -> Vec<Item> {
    let keys = object.keys.iter().map(|key| {
        let detail = if key.required { "has to be there".to_owned() } else { String::new() };
        let item = Item { detail, docs: key.docs.to_owned(), ..item(ItemSort::Key, key.name) };
        with_behind(item, behind)
    });
    keys.collect()
}

fn with_behind(item: Item, behind: &str) -> Item {
    Item { writes: format!("{}{behind}", item.label), ..item }
}
