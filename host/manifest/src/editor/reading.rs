//! What the parts of an outline mean, by the tables of the language.

use std::ops::Range;

use voyager_base::{Type, operation::Operation};

use super::{
    Language, language,
    outline::{Outline, Part, Sort},
};
use crate::{
    catalog::Catalog,
    language::{MANIFEST, Object, SCENARIO, STEP, Shape},
    yaml::TEXT_BYTES_MAX,
};

/// A text, read with one of the languages.
pub(super) struct Reading<'t> {
    pub(super) outline: Outline<'t>,
    root: &'static Object,
}

/// What a value names, where it names something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// An expression: steps, inputs, names of its own.
    Expression,
    /// An input that is a path.
    Root,
    /// An input that is a secret.
    Secret,
    /// A step.
    Needs,
    /// A policy.
    Policy,
}

/// Something that a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A step: its `id`.
    Step(usize),
    /// An input.
    Input(usize),
    /// A policy.
    Policy(usize),
    /// A name that a block gives: the part that says so.
    Local(usize),
}

impl<'t> Reading<'t> {
    /// None where the text is in neither language, or larger than the checker reads.
    pub(super) fn of(text: &'t str) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let root = match language(text)? {
            Language::Manifest => &MANIFEST,
            Language::Scenario => &SCENARIO,
        };
        Some(Self { outline: Outline::of(text), root })
    }

    pub(super) fn part(&self, part: usize) -> &Part {
        &self.outline.parts[part]
    }

    /// What the value of a part may be.
    pub(super) fn shape(&self, part: usize) -> Option<Shape> {
        let path = self.outline.path(part);
        path.iter().try_fold(Shape::Object(self.root), |shape, it| {
            let part = self.part(*it);
            match (shape, part.sort) {
                (Shape::Object(object), Sort::Key) => {
                    let name = self.outline.key(*it);
                    object.keys.iter().find(|key| key.name == name).map(|key| key.shape)
                }
                (
                    Shape::Map { of, .. }
                    | Shape::Kinds(of)
                    | Shape::Paths(of)
                    | Shape::Variables(of)
                    | Shape::StepNames(of),
                    Sort::Key,
                )
                | (Shape::List { of, .. }, Sort::Item) => Some(*of),
                (Shape::Steps, Sort::Item) => Some(Shape::Object(&STEP)),
                (Shape::Argument, Sort::Key | Sort::Item) => Some(shape),
                _ => None,
            }
        })
    }

    /// What the part that holds `part` may be.
    pub(super) fn container(&self, part: usize) -> Option<Shape> {
        match self.part(part).within {
            None => Some(Shape::Object(self.root)),
            Some(within) => self.shape(within),
        }
    }

    /// Whether the value of a part names something.
    pub(super) fn naming(&self, part: usize) -> Option<Naming> {
        let is_key = self.part(part).sort == Sort::Key;
        match self.shape(part)? {
            Shape::Expression => Some(Naming::Expression),
            Shape::Root => Some(Naming::Root),
            Shape::Secret => Some(Naming::Secret),
            Shape::Policy => Some(Naming::Policy),
            Shape::Argument
                if is_key && matches!(self.outline.key(part), "from" | "expr" | "template") =>
            {
                matches!(self.container(part), Some(Shape::Argument)).then_some(Naming::Expression)
            }
            Shape::Name => {
                let list = self.part(part).within?;
                let is_needs =
                    self.part(part).sort == Sort::Item && self.outline.key(list) == "needs";
                is_needs.then_some(Naming::Needs)
            }
            _ => None,
        }
    }

    fn is_step(&self, part: usize) -> bool {
        matches!(self.shape(part), Some(Shape::Object(object)) if std::ptr::eq(object, &STEP))
    }

    /// The steps that a part stands in, the innermost first: their items.
    pub(super) fn steps_around(&self, part: usize) -> impl Iterator<Item = usize> {
        self.outline.above(part).filter(|it| self.is_step(*it))
    }

    /// The `id` of all steps.
    pub(super) fn steps(&self) -> Vec<usize> {
        let all = self.outline.parts.iter().enumerate();
        let ids = all.filter(|(_, part)| {
            part.sort == Sort::Key && &self.outline.text[part.key.clone()] == "id"
        });
        ids.filter(|(_, part)| part.within.is_some_and(|it| self.is_step(it)))
            .map(|(at, _)| at)
            .collect()
    }

    /// The inputs of a manifest.
    pub(super) fn inputs(&self) -> Vec<usize> {
        self.entries("inputs")
    }

    /// The outputs of a manifest.
    pub(super) fn outputs(&self) -> Vec<usize> {
        self.entries("outputs")
    }

    /// The policies of a manifest.
    pub(super) fn policies(&self) -> Vec<usize> {
        self.entries("policies")
    }

    /// What stands under a key of the text itself.
    fn entries(&self, name: &str) -> Vec<usize> {
        let Some(holder) = self.outline.find(None, name) else { return Vec::new() };
        let inside = self.outline.inside(Some(holder));
        inside.filter(|it| self.part(*it).sort == Sort::Key).collect()
    }

    /// Whether a part says which manifest a scenario tests.
    pub(super) fn names_manifest(&self, part: usize) -> bool {
        let is_scenario = std::ptr::eq(self.root, &SCENARIO);
        is_scenario && self.outline.find(None, "manifest") == Some(part)
    }

    /// The manifest that a scenario tests.
    pub(super) fn manifest(&self) -> Option<&'t str> {
        let part = self.outline.find(None, "manifest").filter(|it| self.names_manifest(*it))?;
        Some(self.outline.value(part)).filter(|it| !it.is_empty())
    }

    /// Names that the blocks around a part give: the item of a `for-each`, carried values. Each with the
    /// part that says so.
    pub(super) fn locals(&self, part: usize) -> Vec<(&'t str, usize)> {
        let mut locals = Vec::new();
        for step in self.steps_around(part) {
            if let Some(each) = self.outline.find(Some(step), "for-each") {
                let named = self.outline.find(Some(each), "as");
                locals.push(named.map_or(("item", each), |it| (self.outline.value(it), it)));
            }
            let repeat = self.outline.find(Some(step), "repeat");
            let carry = repeat.and_then(|it| self.outline.find(Some(it), "carry"));
            if let Some(carry) = carry {
                let names = self.outline.inside(Some(carry));
                locals.extend(names.map(|it| (self.outline.key(it), it)));
            }
        }
        locals
    }

    /// What the names at `byte` name, and the bytes of those up to there.
    pub(super) fn named(&self, part: usize, byte: usize) -> Option<(Named, Range<usize>)> {
        let naming = self.naming(part)?;
        let value = self.part(part).value.clone();
        let span = word_at(self.outline.text, &value, byte);
        let word = &self.outline.text[span.clone()];
        let named = match naming {
            Naming::Needs => Named::Step(self.step(word)?),
            Naming::Policy => {
                Named::Policy(self.policies().into_iter().find(|it| self.outline.key(*it) == word)?)
            }
            Naming::Root | Naming::Secret => {
                Named::Input(self.input(word.strip_prefix("inputs.").unwrap_or(word))?)
            }
            Naming::Expression => {
                // Only what stands before the cursor or around it is meant.
                let upto = byte - span.start;
                let end = word[upto..].find('.').map_or(word.len(), |at| upto + at);
                let names: Vec<&str> =
                    word[..end].split('.').map(|it| it.trim_start_matches('?')).collect();
                let named = self.expression(part, &names)?;
                return Some((named, span.start..span.start + end));
            }
        };
        Some((named, span))
    }

    fn expression(&self, part: usize, names: &[&str]) -> Option<Named> {
        match names {
            ["steps", id, inner @ ..] => {
                let mut step = self.step(id)?;
                for name in inner {
                    let block = self.part(step).within;
                    let within =
                        |it: &usize| self.outline.above(*it).skip(2).any(|it| Some(it) == block);
                    match self.step(name).filter(within) {
                        Some(inner) => step = inner,
                        None => break,
                    }
                }
                Some(Named::Step(step))
            }
            ["inputs", name, ..] => Some(Named::Input(self.input(name)?)),
            [name, ..] => {
                let locals = self.locals(part);
                locals.iter().find(|(local, _)| local == name).map(|(_, it)| Named::Local(*it))
            }
            [] => None,
        }
    }

    fn step(&self, id: &str) -> Option<usize> {
        self.steps().into_iter().find(|it| self.outline.value(*it) == id)
    }

    fn input(&self, name: &str) -> Option<usize> {
        self.inputs().into_iter().find(|it| self.outline.key(*it) == name)
    }

    /// The operation that `use` directly within a part names.
    pub(super) fn operation<'c>(
        &self,
        within: Option<usize>,
        catalog: &'c Catalog,
    ) -> Option<&'c Operation> {
        let name = self.outline.value(self.outline.find(within, "use")?);
        catalog.used(name)
    }

    /// The other manifests that steps run, as `use` calls them.
    pub(super) fn manifests(&self) -> Vec<&'t str> {
        let all = (0..self.outline.parts.len())
            .filter(|it| self.part(*it).sort == Sort::Key && self.outline.key(*it) == "use");
        all.map(|it| self.outline.value(it)).filter(|it| it.starts_with("./")).collect()
    }

    /// The type of what comes behind `names`, where it is the result of a call.
    pub(super) fn type_of<'c>(
        &self,
        part: usize,
        names: &[&str],
        catalog: &'c Catalog,
    ) -> Option<&'c Type> {
        let (step, fields) = match names {
            ["steps", id, fields @ ..] => (self.part(self.step(id)?).within, fields),
            ["result", fields @ ..] => (self.steps_around(part).next(), fields),
            _ => return None,
        };
        let is_list = *names.first()? == "steps" && self.outline.find(step, "for-each").is_some();
        let result = self.operation(step, catalog)?.success().filter(|_| !is_list)?;
        fields.iter().try_fold(present(result), |ty, field| ty.field(field).map(present))
    }
}

/// The value of an option, which `.?field` looks into.
fn present(ty: &Type) -> &Type {
    match ty {
        Type::Option(inner) => present(inner),
        ty => ty,
    }
}

/// Names joined by dots, around `byte` and within `value`.
fn word_at(text: &str, value: &Range<usize>, byte: usize) -> Range<usize> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.?".contains(byte);
    let bytes = text.as_bytes();
    let byte = byte.clamp(value.start, value.end);
    let before = bytes[value.start..byte].iter().rev().take_while(|it| is_word(it)).count();
    let behind = bytes[byte..value.end].iter().take_while(|it| is_word(it)).count();
    let start = byte - before;
    // A sign is no part of a name.
    let sign = bytes[start..byte].iter().take_while(|it| **it == b'-').count();
    start + sign..byte + behind
}
