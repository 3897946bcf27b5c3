//! Expressions in their fields: their names, their types, and their places in the file.

use std::ops::Range;

use voyager_base::Type;

use super::{Checker, KnownInput, KnownStep, StepResult};
use crate::{
    code::Code,
    convert::article,
    diagnostic::Finding,
    expr::{Env, Expr, Lookup, Problem},
    plan::Part,
    yaml::{Kind, Node},
};

/// Where an expression stands: what it may name.
#[derive(Clone, Debug)]
pub(super) struct At {
    /// Position of its step; steps before it may be named. None behind all steps.
    pub(super) step: Option<usize>,
    /// `result`, the item, and what else has a name there; the innermost first.
    pub(super) locals: Vec<Local>,
}

#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) name: String,
    pub(super) result: StepResult,
}

/// An expression without errors in itself, and its type where that is known.
pub(super) struct Typed {
    pub(super) expr: Expr,
    pub(super) ty: Option<Type>,
}

impl Checker<'_> {
    /// Reads the expression of a field. What is wrong with it is told.
    pub(super) fn expression(&mut self, node: &Node, at: &At) -> Option<Typed> {
        let text = node.text()?;
        if node.is_null() {
            return None;
        }
        let expr = match Expr::parse(text) {
            Ok(expr) => expr,
            Err(problems) => {
                self.problems(node, problems);
                return None;
            }
        };
        match self.typed(expr, at) {
            Ok(typed) => Some(typed),
            Err(problems) => {
                self.problems(node, problems);
                None
            }
        }
    }

    /// The type of an expression, whose names are used.
    pub(super) fn typed(&mut self, expr: Expr, at: &At) -> Result<Typed, Vec<Problem>> {
        let references = expr.references();
        self.referred.extend(references.steps.iter().filter_map(|id| self.ids.get(id)));
        self.used_inputs.extend(references.inputs);
        let names = Names {
            inputs: &self.inputs,
            steps: &self.steps,
            ids: &self.ids,
            around: &self.around,
            at,
        };
        let ty = expr.check(&names)?;
        Ok(Typed { expr, ty })
    }

    /// Reads an expression that has to give true or false.
    pub(super) fn condition(&mut self, node: &Node, at: &At, what: &str) -> Option<Expr> {
        let typed = self.expression(node, at)?;
        match typed.ty {
            None | Some(Type::Bool) => return Some(typed.expr),
            Some(Type::Option(inner)) if *inner == Type::Bool => self.report(
                Finding::new(Code::Absent, &node.span, format!("{what} may be absent"))
                    .help(format!("say what holds then: `default({}, false)`", typed.expr)),
            ),
            Some(other) => self.report(
                Finding::new(
                    Code::ConditionType,
                    &node.span,
                    format!("{what} is {}, not true or false", article(&other)),
                )
                .help(condition_help(&other, &typed.expr)),
            ),
        }
        None
    }

    fn problems(&mut self, node: &Node, problems: Vec<Problem>) {
        for problem in problems {
            let span = self.inside(node, &problem.span);
            let mut finding = Finding::new(problem.code, &span, problem.message);
            if let Some(help) = problem.help {
                finding = finding.help(help);
            }
            self.report(finding);
        }
    }

    /// The bytes of the file at which `span` of a scalar's text stands; all of the scalar where it
    /// is written with escapes or over several lines.
    pub(super) fn inside(&self, node: &Node, span: &Range<usize>) -> Range<usize> {
        let Kind::Scalar { text, .. } = &node.kind else { return node.span.clone() };
        let source = self.text.get(node.span.clone()).unwrap_or_default();
        let offset = match source.find(text.as_str()) {
            Some(offset @ (0 | 1)) if !text.is_empty() => offset,
            _ => return node.span.clone(),
        };
        let start = node.span.start + offset;
        start + span.start..start + span.end
    }
}

/// How a step inside blocks is named from outside all of them.
fn path_of(steps: &[KnownStep], position: usize) -> String {
    let outward = std::iter::successors(Some(position), |at| steps[*at].within);
    let mut ids: Vec<&str> = outward.map(|at| steps[at].id.as_str()).collect();
    ids.reverse();
    format!("steps.{}", ids.join("."))
}

fn condition_help(ty: &Type, expr: &Expr) -> String {
    match ty {
        Type::String => format!("compare it: `{expr} == \"text\"`"),
        Type::List(_) => format!("ask for its size: `size({expr}) > 0`"),
        Type::Int(_) | Type::F32 | Type::F64 => format!("compare it: `{expr} != 0`"),
        Type::Option(_) => format!("ask whether it is there: `has({expr})`"),
        _ => "compare it with something".to_owned(),
    }
}

/// The names that an expression sees.
struct Names<'c> {
    inputs: &'c [KnownInput],
    steps: &'c [KnownStep],
    ids: &'c std::collections::BTreeMap<String, usize>,
    around: &'c [Local],
    at: &'c At,
}

impl Names<'_> {
    /// What stands at the level of the step at `position` on the way from the expression's own step to
    /// the outside: that step itself, or a block that holds it. None where the expression stands outside
    /// the block that holds `position`; the inner `None` is the end of the manifest.
    #[expect(clippy::option_option, reason = "the outer says whether there is a way")]
    fn level_of(&self, position: usize) -> Option<Option<usize>> {
        let wanted = self.steps[position].within;
        let Some(mut own) = self.at.step else { return wanted.is_none().then_some(None) };
        loop {
            if self.steps[own].within == wanted {
                return Some(Some(own));
            }
            own = self.steps[own].within?;
        }
    }

    fn locals(&self) -> impl Iterator<Item = &Local> {
        self.at.locals.iter().chain(self.around.iter().rev())
    }
}

impl Env for Names<'_> {
    fn input(&self, name: &str) -> Lookup<'_> {
        match self.inputs.iter().find(|input| input.name == name) {
            Some(KnownInput { secret: Some(_), .. }) => Lookup::Refused {
                code: Code::SecretUse,
                message: format!("`inputs.{name}` is a secret, and what is computed is recorded and shown"),
                help: "grant it to the program that needs it: `env: { NAME: { secret: inputs.NAME } }`"
                    .to_owned(),
            },
            Some(KnownInput { ty: Some(ty), .. }) => Lookup::Type(ty),
            Some(_) => Lookup::Unknown,
            None => Lookup::Missing,
        }
    }

    fn step(&self, id: &str) -> Lookup<'_> {
        let Some(position) = self.ids.get(id) else { return Lookup::Missing };
        let Some(level) = self.level_of(*position) else {
            let path = path_of(self.steps, *position);
            return Lookup::Refused {
                code: Code::InsideBlock,
                message: format!("the step `{id}` stands inside a block"),
                help: format!("from outside it is `{path}`"),
            };
        };
        if Some(*position) == self.at.step {
            return Lookup::Refused {
                code: Code::Cycle,
                message: format!("the step `{id}` refers to its own result"),
                help: "in `expect` it is called `result`".to_owned(),
            };
        }
        let own = self.at.step.map(|own| &self.steps[own]);
        let compensated =
            own.filter(|own| own.part == Part::Compensation).and_then(|own| own.within);
        if compensated.is_some() && compensated == self.steps[*position].within {
            return Lookup::Refused {
                code: Code::InsideBlock,
                message: format!("the step `{id}` stands inside a block that has ended"),
                help: format!("from here it is `result.{id}`"),
            };
        }
        if Some(*position) == level && compensated == level {
            return Lookup::Refused {
                code: Code::Cycle,
                message: format!("the step `{id}` is the one that is taken back"),
                help: "its result is called `result` here".to_owned(),
            };
        }
        if Some(*position) == level {
            return Lookup::Refused {
                code: Code::Cycle,
                message: format!(
                    "this step stands inside the block `{id}`, whose end it is part of"
                ),
                help: "refer to the steps of the block by their own names".to_owned(),
            };
        }
        if level.is_some_and(|level| *position > level) {
            return Lookup::Refused {
                code: Code::ForwardReference,
                message: format!("the step `{id}` comes later"),
                help: format!("move this step below `{id}`"),
            };
        }
        let step = &self.steps[*position];
        let is_late = level.is_some_and(|level| self.steps[level].part == Part::Finally);
        if let (true, Part::Body, Some(ty)) = (is_late, step.part, &step.optional) {
            return Lookup::Type(ty);
        }
        match &step.result {
            StepResult::Type(ty) => Lookup::Type(ty),
            StepResult::Unknown => Lookup::Unknown,
            StepResult::Nothing => Lookup::Refused {
                code: Code::NoResult,
                message: format!("the step `{id}` has no result"),
                help: format!("to wait for it, write `needs: [{id}]`"),
            },
        }
    }

    fn local(&self, name: &str) -> Lookup<'_> {
        match self.locals().find(|local| local.name == name) {
            Some(Local { result: StepResult::Type(ty), .. }) => Lookup::Type(ty),
            Some(Local { result: StepResult::Unknown, .. }) => Lookup::Unknown,
            Some(Local { result: StepResult::Nothing, .. }) => Lookup::Refused {
                code: Code::NoResult,
                message: "this operation has no result".to_owned(),
                help: "remove the expectation: that the step ended well is all there is to expect"
                    .to_owned(),
            },
            None => Lookup::Missing,
        }
    }

    fn inputs(&self) -> Vec<&str> {
        let values = self.inputs.iter().filter(|input| input.secret.is_none());
        values.map(|input| input.name.as_str()).collect()
    }

    fn steps(&self) -> Vec<&str> {
        let seen = |position: &usize| {
            self.level_of(*position).is_some_and(|level| level.is_none_or(|it| *position < it))
        };
        let seen = (0..self.steps.len()).filter(seen);
        seen.map(|position| self.steps[position].id.as_str()).collect()
    }

    fn locals(&self) -> Vec<&str> {
        Names::locals(self).map(|local| local.name.as_str()).collect()
    }
}
