//! Templates in their fields: what they name, and whether it can stand in a text.

use std::ops::Range;

use voyager_base::Type;

use super::{
    Checker, StepResult,
    expressions::{At, Local, Typed},
    flow::TAKEN,
};
use crate::{
    code::Code,
    convert::{article, fits},
    diagnostic::Finding,
    expr::{Expr, Problem},
    template::{Inner, Part, Template},
    yaml::{Entry, Kind, Node},
};

/// The entry of `{ template: "..." }`.
pub(super) fn templated(node: &Node) -> Option<&Entry> {
    match node.entries() {
        [entry] if entry.key == "template" => Some(entry),
        _ => None,
    }
}

impl Checker<'_> {
    /// The template of a field that wants `ty`; what is wrong with it is told.
    pub(super) fn template(&mut self, entry: &Entry, ty: &Type, at: &At) -> Option<Template> {
        let template = self.checked_template(entry, at)?;
        if fits(&Type::String, ty).is_err() {
            let message = format!("a template gives a text, and {} is wanted", article(ty));
            self.report(
                Finding::new(Code::ArgumentType, &entry.key_span, message)
                    .help("write the value, or `{ expr: \"...\" }`"),
            );
            return None;
        }
        Some(template)
    }

    /// A template, wherever it stands.
    pub(super) fn checked_template(&mut self, entry: &Entry, at: &At) -> Option<Template> {
        let node = &entry.value;
        let Some(text) = node.text().filter(|_| !node.is_null()) else {
            let code = if node.is_null() { Code::NoValue } else { Code::WrongForm };
            self.report(Finding::new(code, &entry.key_span, "`template` needs a text"));
            return None;
        };
        match Template::parse(text) {
            Ok(template) => self.parts(node, template.parts(), at).then_some(template),
            Err(problems) => {
                self.template_problems(node, problems);
                None
            }
        }
    }

    fn template_problems(&mut self, node: &Node, problems: Vec<Problem>) {
        for problem in problems {
            let span = self.within_text(node, &problem.span);
            let finding = Finding::new(problem.code, &span, problem.message);
            self.report(match problem.help {
                Some(help) => finding.help(help),
                None => finding,
            });
        }
    }

    /// Checks parts of a template. Whether all are good.
    fn parts(&mut self, node: &Node, parts: &[Part], at: &At) -> bool {
        let mut good = true;
        for part in parts {
            good &= match part {
                Part::Text(_) => true,
                Part::Value(code) => self.written(node, code, at),
                Part::For { name, name_at, items, body } => {
                    let item = self.elements(node, items, at);
                    let is_free = self.is_free(node, name, name_at);
                    let is_good = item.is_some() && is_free;
                    let mut inner = at.clone();
                    let result = item.unwrap_or(StepResult::Unknown);
                    inner.locals.insert(0, Local { name: name.clone(), result });
                    self.parts(node, body, &inner) && is_good
                }
                Part::If { cases, otherwise } => {
                    let mut is_good = true;
                    for (condition, body) in cases {
                        is_good &= self.holds(node, condition, at);
                        is_good &= self.parts(node, body, at);
                    }
                    self.parts(node, otherwise, at) && is_good
                }
            };
        }
        good
    }

    fn code(&mut self, node: &Node, code: &Inner, at: &At) -> Option<Typed> {
        self.typed(code.expr.clone(), at)
            .map_err(|problems| {
                let moved = problems.into_iter().map(|it| Problem {
                    span: code.at.start + it.span.start..code.at.start + it.span.end,
                    ..it
                });
                self.template_problems(node, moved.collect());
            })
            .ok()
    }

    /// A value that is written into the text.
    fn written(&mut self, node: &Node, code: &Inner, at: &At) -> bool {
        let Some(typed) = self.code(node, code, at) else { return false };
        let Some(ty) = typed.ty else { return true };
        let is_text = matches!(
            ty,
            Type::String
                | Type::Bool
                | Type::Int(_)
                | Type::F32
                | Type::F64
                | Type::Char
                | Type::Enum(_)
        );
        if is_text {
            return true;
        }
        let (kind, help) = match &ty {
            Type::Option(_) => {
                (Code::Absent, format!("say what it is then: `default({}, \"...\")`", typed.expr))
            }
            ty => (Code::TemplateValue, shown_as(ty, &typed.expr)),
        };
        let message = match kind {
            Code::Absent => "this value may be absent".to_owned(),
            _ => format!("{} can't stand in a text", article(&ty)),
        };
        let span = self.within_text(node, &code.at);
        self.report(Finding::new(kind, &span, message).help(help));
        false
    }

    /// What an element of a list is; none where it is no list.
    fn elements(&mut self, node: &Node, items: &Inner, at: &At) -> Option<StepResult> {
        let typed = self.code(node, items, at)?;
        let span = self.within_text(node, &items.at);
        match typed.ty {
            None => Some(StepResult::Unknown),
            Some(Type::List(item)) => Some(StepResult::Type(*item)),
            Some(Type::Option(inner)) if matches!(*inner, Type::List(_)) => {
                self.report(
                    Finding::new(Code::Absent, &span, "this list may be absent")
                        .help(format!("write `default({}, [])`", typed.expr)),
                );
                None
            }
            Some(other) => {
                let message = format!("`for` needs a list, this is {}", article(&other));
                self.report(Finding::new(Code::ItemsType, &span, message));
                None
            }
        }
    }

    fn holds(&mut self, node: &Node, condition: &Inner, at: &At) -> bool {
        let Some(typed) = self.code(node, condition, at) else { return false };
        let span = self.within_text(node, &condition.at);
        let (code, message, help) = match typed.ty {
            None | Some(Type::Bool) => return true,
            Some(Type::Option(_)) => {
                let help = format!("ask whether it is there: `has({})`", typed.expr);
                (Code::Absent, "`if` asks for what may be absent".to_owned(), help)
            }
            Some(other) => {
                let message = format!("`if` is {}, not true or false", article(&other));
                (Code::ConditionType, message, "compare it with something".to_owned())
            }
        };
        self.report(Finding::new(code, &span, message).help(help));
        false
    }

    fn is_free(&mut self, node: &Node, name: &str, at: &Range<usize>) -> bool {
        if !TAKEN.contains(&name) {
            return true;
        }
        let span = self.within_text(node, at);
        let message = format!("`{name}` already means something in expressions");
        self.report(Finding::new(Code::ItemName, &span, message).help("choose another name"));
        false
    }

    /// The bytes of the file at which `span` of a template stands. Where it is written over several lines, that
    /// is where the same words stand for the same time: indentation lies between lines, never within one.
    fn within_text(&self, node: &Node, span: &Range<usize>) -> Range<usize> {
        let exact = self.inside(node, span);
        let Kind::Scalar { text, .. } = &node.kind else { return exact };
        let source = self.text.get(node.span.clone()).unwrap_or_default();
        if exact != node.span || source == text {
            return exact;
        }
        let words = text.get(span.clone()).unwrap_or_default();
        let number = text[..span.start].matches(words).count();
        if words.is_empty()
            || words.contains('\n')
            || source.matches(words).count() != text.matches(words).count()
        {
            return exact;
        }
        match source.match_indices(words).nth(number) {
            Some((start, _)) => {
                let start = node.span.start + start;
                start..start + words.len()
            }
            None => exact,
        }
    }
}

/// How a value could be written.
fn shown_as(ty: &Type, expr: &Expr) -> String {
    match ty {
        Type::List(item) if **item == Type::String => format!("write `join({expr}, \", \")`"),
        Type::List(_) => format!("write `{{% for item in {expr} %}}...{{% endfor %}}`"),
        Type::Record(record) => match record.body.first() {
            Some(field) => format!("write one of its fields, `{expr}.{}`", field.name),
            None => "leave it out".to_owned(),
        },
        _ => "write a text, a number or a truth value".to_owned(),
    }
}
