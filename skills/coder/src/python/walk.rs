//! One walk over a Python module that counts everything that needs the tree: both cyclomatic
//! dialects, cognitive complexity, Halstead's operands, and the functions with their places.
//!
//! The dialects look at different parts of the tree (radon never looks into decorators, default
//! values or below `assert`), so each rule stands where the part is visited.

use ruff_python_ast::{
    Arguments, BoolOp, Comprehension, ElifElseClause, ExceptHandler, Expr, ExprBoolOp,
    InterpolatedStringElement, MatchCase, Parameters, Pattern, Stmt, StmtClassDef, StmtFunctionDef,
    StmtIf, StmtMatch, StmtTry,
};
use ruff_text_size::Ranged;

use super::operands::{BINARY, BOOLEAN, COMPARISON, Operands, UNARY};
use crate::contract::exports::voyager::coder::metrics::{FunctionMetrics, Halstead};
use crate::text::LineIndex;

/// What the walk counted.
pub(super) struct Counted {
    pub(super) halstead: Halstead,
    pub(super) cyclomatic: u32,
    pub(super) functions: Vec<FunctionMetrics>,
}

/// Walks a module.
pub(super) fn module(body: &[Stmt], index: &LineIndex) -> Counted {
    let mut walk = Walk {
        index,
        operands: Operands::new(),
        functions: Vec::new(),
        scope: String::new(),
        block: Block::default(),
        nesting: 0,
        called: None,
    };
    walk.body(body);
    let block = &walk.block;
    let cyclomatic = 1 + block.decisions + block.functions - block.functions_number + block.classes;
    Counted { halstead: walk.operands.halstead(), cyclomatic, functions: walk.functions }
}

/// What is counted of one module, class or function, without the functions in it.
#[derive(Default)]
struct Block {
    /// radon's decisions.
    decisions: u32,
    /// radon's complexity of the functions directly in it, summed up, and their number.
    functions: u32,
    functions_number: u32,
    /// radon's complexity of the classes directly in it, less one each.
    classes: u32,
    /// Cognitive complexity, with nesting counted from this block.
    cognitive: u32,
    /// How many parts of it grow with the nesting around this block.
    cognitive_nested: u32,
}

/// Where a function stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Directly in a class.
    Class,
    /// Alone in a function that returns it.
    Decorator,
    /// Anywhere else.
    Nested,
}

/// A function that is being walked, for direct recursion.
struct Called<'a> {
    name: &'a str,
    method: bool,
    recursive: bool,
}

struct Walk<'a> {
    index: &'a LineIndex,
    operands: Operands<'a>,
    functions: Vec<FunctionMetrics>,
    /// Names of what is around, each followed by a dot.
    scope: String,
    block: Block,
    /// Nesting within the block, as cognitive complexity counts it.
    nesting: u32,
    called: Option<Called<'a>>,
}

/// Statements. Each function returns ruff's count of decisions, which sees statements alone and those
/// of nested functions too.
impl<'a> Walk<'a> {
    fn body(&mut self, body: &'a [Stmt]) -> u32 {
        body.iter().map(|statement| self.statement(statement)).sum()
    }

    fn nested_body(&mut self, body: &'a [Stmt]) -> u32 {
        self.nesting += 1;
        let decisions = self.body(body);
        self.nesting -= 1;
        decisions
    }

    fn statement(&mut self, statement: &'a Stmt) -> u32 {
        match statement {
            Stmt::FunctionDef(function) => self.function(function, Place::Nested),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::If(statement) => self.if_statement(statement),
            Stmt::For(statement) => {
                self.expression(&statement.target);
                self.expression(&statement.iter);
                self.repeated(&statement.body, &statement.orelse)
            }
            Stmt::While(statement) => {
                self.expression(&statement.test);
                self.repeated(&statement.body, &statement.orelse)
            }
            Stmt::Try(statement) => self.try_statement(statement),
            Stmt::Match(statement) => self.match_statement(statement),
            Stmt::With(statement) => {
                for item in &statement.items {
                    self.expression(&item.context_expr);
                    self.optional(item.optional_vars.as_deref());
                }
                self.body(&statement.body)
            }
            Stmt::Return(_)
            | Stmt::Delete(_)
            | Stmt::TypeAlias(_)
            | Stmt::Assign(_)
            | Stmt::AugAssign(_)
            | Stmt::AnnAssign(_)
            | Stmt::Raise(_)
            | Stmt::Assert(_)
            | Stmt::Expr(_) => {
                self.simple(statement);
                0
            }
            Stmt::Import(_)
            | Stmt::ImportFrom(_)
            | Stmt::Global(_)
            | Stmt::Nonlocal(_)
            | Stmt::Pass(_)
            | Stmt::Break(_)
            | Stmt::Continue(_)
            | Stmt::IpyEscapeCommand(_) => 0,
        }
    }

    /// A statement without statements in it.
    fn simple(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Return(statement) => self.optional(statement.value.as_deref()),
            Stmt::Delete(statement) => self.expressions(&statement.targets),
            Stmt::TypeAlias(statement) => self.expression(&statement.value),
            Stmt::Assign(statement) => {
                self.expressions(&statement.targets);
                self.expression(&statement.value);
            }
            Stmt::AugAssign(statement) => {
                self.operands.operator(BINARY, statement.op as u32);
                self.operands.operand(&statement.target);
                self.operands.operand(&statement.value);
                self.expression(&statement.target);
                self.expression(&statement.value);
            }
            Stmt::AnnAssign(statement) => {
                self.expression(&statement.target);
                self.expression(&statement.annotation);
                self.optional(statement.value.as_deref());
            }
            Stmt::Raise(statement) => {
                self.optional(statement.exc.as_deref());
                self.optional(statement.cause.as_deref());
            }
            Stmt::Assert(statement) => {
                // radon counts the assertion and no decision below it.
                let decisions = self.block.decisions + 1;
                self.expression(&statement.test);
                self.optional(statement.msg.as_deref());
                self.block.decisions = decisions;
            }
            Stmt::Expr(statement) => self.expression(&statement.value),
            _ => {}
        }
    }

    fn if_statement(&mut self, statement: &'a StmtIf) -> u32 {
        self.block.decisions += 1;
        self.nested_increment();
        self.expression(&statement.test);
        let decisions = 1 + self.nested_body(&statement.body);
        decisions
            + statement.elif_else_clauses.iter().map(|clause| self.clause(clause)).sum::<u32>()
    }

    fn clause(&mut self, clause: &'a ElifElseClause) -> u32 {
        let decision = u32::from(clause.test.is_some());
        self.block.decisions += decision;
        self.block.cognitive += 1;
        self.optional(clause.test.as_ref());
        decision + self.nested_body(&clause.body)
    }

    fn repeated(&mut self, body: &'a [Stmt], orelse: &'a [Stmt]) -> u32 {
        let otherwise = u32::from(!orelse.is_empty());
        self.block.decisions += 1 + otherwise;
        self.nested_increment();
        self.block.cognitive += otherwise;
        1 + self.nested_body(body) + self.nested_body(orelse)
    }

    fn try_statement(&mut self, statement: &'a StmtTry) -> u32 {
        let handlers = u32::try_from(statement.handlers.len()).unwrap_or(u32::MAX);
        let otherwise = u32::from(!statement.orelse.is_empty());
        if !statement.is_star {
            // radon doesn't know `except*`.
            self.block.decisions += handlers + otherwise;
        }
        let mut decisions = handlers + otherwise + self.body(&statement.body);
        for ExceptHandler::ExceptHandler(handler) in &statement.handlers {
            self.nested_increment();
            self.optional(handler.type_.as_deref());
            decisions += self.nested_body(&handler.body);
        }
        self.block.cognitive += otherwise;
        decisions += self.nested_body(&statement.orelse);
        decisions + self.body(&statement.finalbody)
    }

    fn match_statement(&mut self, statement: &'a StmtMatch) -> u32 {
        self.nested_increment();
        self.expression(&statement.subject);
        let cases = u32::try_from(statement.cases.len()).unwrap_or(u32::MAX);
        let catches_all = |case: &MatchCase| matches!(&case.pattern, Pattern::MatchAs(pattern) if pattern.pattern.is_none());
        self.block.decisions += cases - u32::from(statement.cases.iter().any(catches_all));
        let last_is_else = statement
            .cases
            .last()
            .is_some_and(|case| case.guard.is_none() && case.pattern.is_irrefutable());
        let mut decisions = cases - u32::from(last_is_else);
        for case in &statement.cases {
            self.pattern(&case.pattern);
            self.optional(case.guard.as_deref());
            decisions += self.nested_body(&case.body);
        }
        decisions
    }

    fn function(&mut self, function: &'a StmtFunctionDef, stands: Place) -> u32 {
        let name = function.name.as_str();
        let line = self.index.line(function.name.start().to_u32());
        let place = self.functions.len();
        self.functions.push(FunctionMetrics {
            name: format!("{}{name}", self.scope),
            line,
            end_line: self.index.line(function.end().to_u32().saturating_sub(1)),
            parameters: parameters(&function.parameters),
            cyclomatic: 0,
            cyclomatic_extended: 0,
            cognitive: 0,
        });
        let context = self.operands.enter(name);
        let called =
            self.called.replace(Called { name, method: stands == Place::Class, recursive: false });
        let nesting = std::mem::take(&mut self.nesting);
        let outer = std::mem::take(&mut self.block);
        let decisions = self.scoped(name, |walk| walk.function_body(&function.body));
        let mut block = std::mem::replace(&mut self.block, outer);
        self.nesting = nesting;
        self.operands.context = context;
        let recursive =
            std::mem::replace(&mut self.called, called).is_some_and(|called| called.recursive);
        block.cognitive += u32::from(recursive);
        let metrics = &mut self.functions[place];
        metrics.cyclomatic = decisions + 1;
        metrics.cyclomatic_extended = block.decisions + 1;
        metrics.cognitive = block.cognitive;
        self.block.functions += block.decisions + 1;
        self.block.functions_number += 1;
        self.absorb(&block, stands);
        decisions + 1
    }

    /// The body of a function. One that holds a function and returns it is a decorator: the function
    /// in it does not count as nested.
    fn function_body(&mut self, body: &'a [Stmt]) -> u32 {
        match body {
            [Stmt::FunctionDef(inner), returns @ Stmt::Return(_)] => {
                self.function(inner, Place::Decorator) + self.statement(returns)
            }
            _ => self.body(body),
        }
    }

    fn class(&mut self, class: &'a StmtClassDef) -> u32 {
        // Decorators and bases are part of Halstead's counts only.
        let decisions = self.block.decisions;
        class.decorator_list.iter().for_each(|decorator| self.expression(&decorator.expression));
        if let Some(arguments) = &class.arguments {
            self.arguments(arguments);
        }
        self.block.decisions = decisions;
        let outer = std::mem::take(&mut self.block);
        let decisions = self.scoped(class.name.as_str(), |walk| {
            class.body.iter().map(|statement| walk.statement_of_class(statement)).sum()
        });
        let block = std::mem::replace(&mut self.block, outer);
        self.block.classes += block.decisions + block.functions;
        self.block.cognitive += block.cognitive;
        self.block.cognitive_nested += block.cognitive_nested;
        decisions
    }

    fn statement_of_class(&mut self, statement: &'a Stmt) -> u32 {
        if let Stmt::FunctionDef(function) = statement {
            self.function(function, Place::Class)
        } else {
            self.statement(statement)
        }
    }

    fn scoped(&mut self, name: &str, inner: impl FnOnce(&mut Self) -> u32) -> u32 {
        let length = self.scope.len();
        self.scope.push_str(name);
        self.scope.push('.');
        let decisions = inner(self);
        self.scope.truncate(length);
        decisions
    }

    /// One more, and one for each level of nesting.
    fn nested_increment(&mut self) {
        self.block.cognitive += 1 + self.nesting;
        self.block.cognitive_nested += 1;
    }

    /// Adds the cognitive complexity of a function to what is around it.
    fn absorb(&mut self, block: &Block, stands: Place) {
        let nesting = self.nesting + u32::from(self.called.is_some() && stands != Place::Decorator);
        self.block.cognitive += block.cognitive + block.cognitive_nested * nesting;
        self.block.cognitive_nested += block.cognitive_nested;
    }
}

/// Expressions.
impl<'a> Walk<'a> {
    fn optional(&mut self, expression: Option<&'a Expr>) {
        if let Some(expression) = expression {
            self.expression(expression);
        }
    }

    fn expressions(&mut self, expressions: &'a [Expr]) {
        expressions.iter().for_each(|expression| self.expression(expression));
    }

    /// An expression. Chains to the left (`a + b + c`, `a.b().c`) can be thousands long in sane code,
    /// so they are followed without recursion.
    fn expression(&mut self, mut expression: &'a Expr) {
        loop {
            expression = match expression {
                Expr::BinOp(operation) => {
                    self.operands.operator(BINARY, operation.op as u32);
                    self.operands.operand(&operation.left);
                    self.operands.operand(&operation.right);
                    self.expression(&operation.right);
                    &operation.left
                }
                Expr::Attribute(attribute) => &attribute.value,
                Expr::Call(call) => {
                    self.note_recursion(&call.func);
                    self.arguments(&call.arguments);
                    &call.func
                }
                Expr::Subscript(subscript) => {
                    self.expression(&subscript.slice);
                    &subscript.value
                }
                Expr::UnaryOp(operation) => {
                    self.operands.operator(UNARY, operation.op as u32);
                    self.operands.operand(&operation.operand);
                    &operation.operand
                }
                Expr::Await(inner) => &inner.value,
                Expr::YieldFrom(inner) => &inner.value,
                Expr::Starred(inner) => &inner.value,
                Expr::Name(_)
                | Expr::StringLiteral(_)
                | Expr::BytesLiteral(_)
                | Expr::NumberLiteral(_)
                | Expr::BooleanLiteral(_)
                | Expr::NoneLiteral(_)
                | Expr::EllipsisLiteral(_)
                | Expr::IpyEscapeCommand(_) => return,
                other => return self.branching(other),
            };
        }
    }

    /// An expression that decides, or that has several parts.
    fn branching(&mut self, expression: &'a Expr) {
        match expression {
            Expr::BoolOp(operation) => self.boolean(operation),
            Expr::Compare(comparison) => {
                comparison
                    .ops
                    .iter()
                    .for_each(|operator| self.operands.operator(COMPARISON, *operator as u32));
                self.operands.operand(&comparison.left);
                comparison.comparators.iter().for_each(|operand| self.operands.operand(operand));
                self.expressions(&comparison.comparators);
                self.expression(&comparison.left);
            }
            Expr::If(conditional) => {
                self.block.decisions += 1;
                self.nested_increment();
                self.nested(|walk| {
                    walk.expression(&conditional.test);
                    walk.expression(&conditional.body);
                    walk.expression(&conditional.orelse);
                });
            }
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    let defaults = parameters
                        .iter_non_variadic_params()
                        .filter_map(|parameter| parameter.default.as_deref());
                    defaults.for_each(|default| self.expression(default));
                }
                self.nested(|walk| walk.expression(&lambda.body));
            }
            Expr::Named(named) => {
                self.expression(&named.target);
                self.expression(&named.value);
            }
            Expr::Yield(inner) => self.optional(inner.value.as_deref()),
            Expr::Tuple(inner) => self.expressions(&inner.elts),
            Expr::List(inner) => self.expressions(&inner.elts),
            Expr::Set(inner) => self.expressions(&inner.elts),
            Expr::Dict(inner) => {
                for item in &inner.items {
                    self.optional(item.key.as_ref());
                    self.expression(&item.value);
                }
            }
            Expr::Slice(inner) => {
                self.optional(inner.lower.as_deref());
                self.optional(inner.upper.as_deref());
                self.optional(inner.step.as_deref());
            }
            Expr::ListComp(inner) => self.comprehension(&[&inner.elt], &inner.generators),
            Expr::SetComp(inner) => self.comprehension(&[&inner.elt], &inner.generators),
            Expr::Generator(inner) => self.comprehension(&[&inner.elt], &inner.generators),
            Expr::DictComp(inner) => {
                self.optional(inner.key.as_deref());
                self.comprehension(&[&inner.value], &inner.generators);
            }
            Expr::FString(inner) => {
                inner.value.elements().for_each(|element| self.interpolated(element))
            }
            Expr::TString(inner) => {
                inner.value.elements().for_each(|element| self.interpolated(element))
            }
            _ => {}
        }
    }

    /// A tree of `and` and `or`: one for each operator in radon's count, one for each run of like
    /// operators in cognitive complexity.
    fn boolean(&mut self, operation: &'a ExprBoolOp) {
        let mut last = None;
        self.boolean_run(operation, &mut last);
    }

    fn boolean_run(&mut self, operation: &'a ExprBoolOp, last: &mut Option<BoolOp>) {
        self.operands.operator(BOOLEAN, operation.op as u32);
        for (place, value) in operation.values.iter().enumerate() {
            if place > 0 {
                self.block.decisions += 1;
                self.block.cognitive += u32::from(last.replace(operation.op) != Some(operation.op));
            }
            self.operands.operand(value);
            if let Expr::BoolOp(inner) = value {
                self.boolean_run(inner, last);
            } else {
                self.expression(value);
            }
        }
    }

    fn comprehension(&mut self, elements: &[&'a Expr], generators: &'a [Comprehension]) {
        elements.iter().for_each(|element| self.expression(element));
        for generator in generators {
            self.block.decisions += 1 + u32::try_from(generator.ifs.len()).unwrap_or(u32::MAX);
            self.expression(&generator.target);
            self.expression(&generator.iter);
            self.expressions(&generator.ifs);
        }
    }

    fn arguments(&mut self, arguments: &'a Arguments) {
        self.expressions(&arguments.args);
        arguments.keywords.iter().for_each(|keyword| self.expression(&keyword.value));
    }

    fn interpolated(&mut self, element: &'a InterpolatedStringElement) {
        if let InterpolatedStringElement::Interpolation(part) = element {
            self.expression(&part.expression);
            if let Some(format) = &part.format_spec {
                format.elements.iter().for_each(|element| self.interpolated(element));
            }
        }
    }

    fn pattern(&mut self, pattern: &'a Pattern) {
        match pattern {
            Pattern::MatchValue(pattern) => self.expression(&pattern.value),
            Pattern::MatchSingleton(_) | Pattern::MatchStar(_) => {}
            Pattern::MatchSequence(pattern) => {
                pattern.patterns.iter().for_each(|part| self.pattern(part))
            }
            Pattern::MatchMapping(pattern) => {
                self.expressions(&pattern.keys);
                pattern.patterns.iter().for_each(|part| self.pattern(part));
            }
            Pattern::MatchClass(pattern) => {
                self.expression(&pattern.cls);
                pattern.arguments.patterns.iter().for_each(|part| self.pattern(part));
                pattern.arguments.keywords.iter().for_each(|part| self.pattern(&part.pattern));
            }
            Pattern::MatchAs(pattern) => {
                if let Some(pattern) = &pattern.pattern {
                    self.pattern(pattern);
                }
            }
            Pattern::MatchOr(pattern) => {
                pattern.patterns.iter().for_each(|part| self.pattern(part))
            }
        }
    }

    fn nested(&mut self, inner: impl FnOnce(&mut Self)) {
        self.nesting += 1;
        inner(self);
        self.nesting -= 1;
    }

    fn note_recursion(&mut self, callee: &Expr) {
        let Some(called) = &mut self.called else { return };
        called.recursive |= if called.method {
            matches!(callee, Expr::Attribute(attribute) if attribute.attr.as_str() == called.name && is_receiver(&attribute.value))
        } else {
            matches!(callee, Expr::Name(name) if name.id.as_str() == called.name)
        };
    }
}

fn is_receiver(expression: &Expr) -> bool {
    matches!(expression, Expr::Name(name) if matches!(name.id.as_str(), "self" | "cls"))
}

fn parameters(parameters: &Parameters) -> u32 {
    let named = parameters.posonlyargs.len() + parameters.args.len() + parameters.kwonlyargs.len();
    let variadic =
        usize::from(parameters.vararg.is_some()) + usize::from(parameters.kwarg.is_some());
    u32::try_from(named + variadic).unwrap_or(u32::MAX)
}
