//! One walk over a program that counts decisions, cognitive complexity and statements, and finds the
//! functions with the names they are known by. Types decide nothing and are passed over.

use oxc_ast::ast::{
    Argument, ArrowFunctionExpression, AssignmentExpression, AssignmentPattern, AssignmentTarget,
    AssignmentTargetWithDefault, BindingPattern, BreakStatement, CatchClause, ChainElement, Class,
    ConditionalExpression, ContinueStatement, DoWhileStatement, Expression, ForInStatement,
    ForOfStatement, ForStatement, FormalParameter, FormalParameters, Function, IfStatement,
    LogicalExpression, LogicalOperator, MethodDefinition, ObjectProperty, Program,
    PropertyDefinition, Statement, SwitchStatement, TSType, TSTypeAnnotation,
    TSTypeParameterDeclaration, TSTypeParameterInstantiation, VariableDeclarator, WhileStatement,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::Span;
use oxc_syntax::scope::ScopeFlags;

use crate::functions::{Declared, Functions};
use crate::text::LineIndex;

/// The name of a function that has none.
const ANONYMOUS: &str = "<anonymous>";

/// What the walk counted.
pub(super) struct Counted {
    pub(super) functions: Functions,
    pub(super) logical: u32,
}

/// Walks a program.
pub(super) fn program(program: &Program<'_>, index: &LineIndex) -> Counted {
    let mut walk = Walk { index, functions: Functions::default(), logical: 0, name: None };
    walk.visit_program(program);
    Counted { functions: walk.functions, logical: walk.logical }
}

struct Walk<'i> {
    index: &'i LineIndex,
    functions: Functions,
    logical: u32,
    /// What the next function or class is called, if it directly follows.
    name: Option<String>,
}

fn functions<'w>(walk: &'w mut Walk<'_>) -> &'w mut Functions {
    &mut walk.functions
}

impl Walk<'_> {
    fn nested(&mut self, inner: impl FnOnce(&mut Self)) {
        Functions::nested(self, functions, inner);
    }

    /// A loop or a `catch`: decides once, nests its body.
    fn repeats(&mut self, body: impl FnOnce(&mut Self)) {
        self.functions.statement();
        self.functions.nested_increment();
        self.nested(body);
    }

    /// Walks a value under the name that it gets.
    fn named<'a>(&mut self, name: Option<String>, value: &Expression<'a>) {
        self.name = name;
        self.visit_expression(value);
        self.name = None;
    }

    fn function_like(
        &mut self,
        name: &str,
        span: Span,
        parameters: &FormalParameters<'_>,
        body: impl FnOnce(&mut Self),
    ) {
        let declared = Declared {
            name,
            line: self.index.line(span.start),
            end_line: self.index.line(span.end.saturating_sub(1)),
            parameters: parameters.parameters_count(),
        };
        Functions::function(self, functions, &declared, body);
    }

    /// `a && b && c || d`: one decision for each operator, one cognitive step for each run of like
    /// ones. The operands are walked without recursion along the left.
    fn logical_run(&mut self, whole: &LogicalExpression<'_>) {
        let mut last: Option<LogicalOperator> = None;
        let mut open = vec![(whole, false)];
        while let Some((expression, left_done)) = open.pop() {
            if !left_done {
                open.push((expression, true));
                match expression.left.without_parentheses() {
                    Expression::LogicalExpression(left) => open.push((left, false)),
                    left => self.visit_expression(left),
                }
                continue;
            }
            self.functions.expression();
            // `??` is shorthand, which makes nothing harder to follow.
            let shorthand = expression.operator == LogicalOperator::Coalesce;
            if last.replace(expression.operator) != Some(expression.operator) && !shorthand {
                self.functions.increment();
            }
            match expression.right.without_parentheses() {
                Expression::LogicalExpression(right) => open.push((right, false)),
                right => self.visit_expression(right),
            }
        }
    }
}

impl<'a> Visit<'a> for Walk<'_> {
    fn visit_statement(&mut self, statement: &Statement<'a>) {
        if !matches!(statement, Statement::BlockStatement(_) | Statement::EmptyStatement(_)) {
            self.logical += 1;
        }
        walk::walk_statement(self, statement);
    }

    fn visit_if_statement(&mut self, statement: &IfStatement<'a>) {
        self.functions.nested_increment();
        let mut statement = statement;
        loop {
            self.functions.statement();
            self.visit_expression(&statement.test);
            self.nested(|walk| walk.visit_statement(&statement.consequent));
            match &statement.alternate {
                None => return,
                Some(Statement::IfStatement(next)) => {
                    self.functions.increment();
                    self.logical += 1;
                    statement = next;
                }
                Some(alternate) => {
                    self.functions.increment();
                    return self.nested(|walk| walk.visit_statement(alternate));
                }
            }
        }
    }

    fn visit_for_statement(&mut self, statement: &ForStatement<'a>) {
        self.repeats(|walk| walk::walk_for_statement(walk, statement));
    }

    fn visit_for_in_statement(&mut self, statement: &ForInStatement<'a>) {
        self.repeats(|walk| walk::walk_for_in_statement(walk, statement));
    }

    fn visit_for_of_statement(&mut self, statement: &ForOfStatement<'a>) {
        self.repeats(|walk| walk::walk_for_of_statement(walk, statement));
    }

    fn visit_while_statement(&mut self, statement: &WhileStatement<'a>) {
        self.visit_expression(&statement.test);
        self.repeats(|walk| walk.visit_statement(&statement.body));
    }

    fn visit_do_while_statement(&mut self, statement: &DoWhileStatement<'a>) {
        self.repeats(|walk| walk.visit_statement(&statement.body));
        self.visit_expression(&statement.test);
    }

    fn visit_catch_clause(&mut self, clause: &CatchClause<'a>) {
        self.repeats(|walk| walk::walk_catch_clause(walk, clause));
    }

    fn visit_switch_statement(&mut self, statement: &SwitchStatement<'a>) {
        self.functions.nested_increment();
        statement
            .cases
            .iter()
            .filter(|case| case.test.is_some())
            .for_each(|_| self.functions.statement());
        self.nested(|walk| walk::walk_switch_statement(walk, statement));
    }

    fn visit_conditional_expression(&mut self, conditional: &ConditionalExpression<'a>) {
        self.functions.expression();
        self.functions.nested_increment();
        self.nested(|walk| walk::walk_conditional_expression(walk, conditional));
    }

    fn visit_logical_expression(&mut self, expression: &LogicalExpression<'a>) {
        self.logical_run(expression);
    }

    fn visit_break_statement(&mut self, statement: &BreakStatement<'a>) {
        if statement.label.is_some() {
            self.functions.increment();
        }
    }

    fn visit_continue_statement(&mut self, statement: &ContinueStatement<'a>) {
        if statement.label.is_some() {
            self.functions.increment();
        }
    }

    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        if assignment.operator.is_logical() {
            self.functions.expression();
        }
        self.visit_assignment_target(&assignment.left);
        self.named(target_name(&assignment.left), &assignment.right);
    }

    fn visit_assignment_pattern(&mut self, pattern: &AssignmentPattern<'a>) {
        self.functions.expression();
        walk::walk_assignment_pattern(self, pattern);
    }

    fn visit_assignment_target_with_default(&mut self, target: &AssignmentTargetWithDefault<'a>) {
        self.functions.expression();
        walk::walk_assignment_target_with_default(self, target);
    }

    fn visit_formal_parameter(&mut self, parameter: &FormalParameter<'a>) {
        if parameter.initializer.is_some() {
            self.functions.expression();
        }
        walk::walk_formal_parameter(self, parameter);
    }

    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        self.visit_binding_pattern(&declarator.id);
        if let Some(value) = &declarator.init {
            self.named(binding_name(&declarator.id), value);
        }
    }

    fn visit_object_property(&mut self, property: &ObjectProperty<'a>) {
        self.visit_property_key(&property.key);
        self.named(property.key.name().map(Into::into), &property.value);
    }

    fn visit_property_definition(&mut self, property: &PropertyDefinition<'a>) {
        self.logical += 1;
        self.visit_decorators(&property.decorators);
        self.visit_property_key(&property.key);
        if let Some(value) = &property.value {
            self.named(property.key.name().map(Into::into), value);
        }
    }

    fn visit_method_definition(&mut self, method: &MethodDefinition<'a>) {
        self.logical += 1;
        self.visit_decorators(&method.decorators);
        self.visit_property_key(&method.key);
        self.name = method.key.name().map(Into::into);
        self.visit_function(&method.value, ScopeFlags::Function);
        self.name = None;
    }

    fn visit_class(&mut self, class: &Class<'a>) {
        let given = self.name.take();
        let name = class
            .id
            .as_ref()
            .map(|id| id.name.to_string())
            .or(given)
            .unwrap_or_else(|| ANONYMOUS.to_owned());
        Functions::scoped(self, functions, &name, |walk| walk::walk_class(walk, class));
    }

    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        let given = self.name.take();
        let name = function.id.as_ref().map(|id| id.name.to_string()).or(given);
        if function.body.is_none() {
            // A declaration without a body is a type.
            return;
        }
        let name = name.unwrap_or_else(|| ANONYMOUS.to_owned());
        self.function_like(&name, function.span, &function.params, |walk| {
            walk::walk_function(walk, function, flags)
        });
    }

    fn visit_arrow_function_expression(&mut self, function: &ArrowFunctionExpression<'a>) {
        let name = self.name.take().unwrap_or_else(|| ANONYMOUS.to_owned());
        self.function_like(&name, function.span, &function.params, |walk| {
            walk::walk_arrow_function_expression(walk, function);
        });
    }

    /// Chains to the left are followed without recursion: thousands of links stand in sane code.
    fn visit_expression(&mut self, expression: &Expression<'a>) {
        let mut expression = expression;
        loop {
            if !matches!(
                expression,
                Expression::FunctionExpression(_)
                    | Expression::ArrowFunctionExpression(_)
                    | Expression::ClassExpression(_)
                    | Expression::ParenthesizedExpression(_)
            ) {
                self.name = None;
            }
            expression = match expression {
                Expression::BinaryExpression(operation) => {
                    self.visit_expression(&operation.right);
                    &operation.left
                }
                Expression::StaticMemberExpression(member) => {
                    self.optional(member.optional);
                    &member.object
                }
                Expression::ComputedMemberExpression(member) => {
                    self.optional(member.optional);
                    self.visit_expression(&member.expression);
                    &member.object
                }
                Expression::PrivateFieldExpression(member) => {
                    self.optional(member.optional);
                    &member.object
                }
                Expression::CallExpression(call) => {
                    self.optional(call.optional);
                    self.note_recursion(&call.callee);
                    call.arguments.iter().for_each(|argument| self.visit_argument(argument));
                    &call.callee
                }
                Expression::ChainExpression(chain) => match &chain.expression {
                    ChainElement::CallExpression(call) => {
                        self.optional(call.optional);
                        call.arguments.iter().for_each(|argument| self.visit_argument(argument));
                        &call.callee
                    }
                    ChainElement::TSNonNullExpression(inner) => &inner.expression,
                    ChainElement::StaticMemberExpression(member) => {
                        self.optional(member.optional);
                        &member.object
                    }
                    ChainElement::ComputedMemberExpression(member) => {
                        self.optional(member.optional);
                        self.visit_expression(&member.expression);
                        &member.object
                    }
                    ChainElement::PrivateFieldExpression(member) => {
                        self.optional(member.optional);
                        &member.object
                    }
                },
                Expression::ParenthesizedExpression(inner) => &inner.expression,
                Expression::TSAsExpression(inner) => &inner.expression,
                Expression::TSSatisfiesExpression(inner) => &inner.expression,
                Expression::TSNonNullExpression(inner) => &inner.expression,
                Expression::UnaryExpression(inner) => &inner.argument,
                Expression::AwaitExpression(inner) => &inner.argument,
                other => return walk::walk_expression(self, other),
            };
        }
    }

    fn visit_ts_type(&mut self, _: &TSType<'a>) {}

    fn visit_ts_type_annotation(&mut self, _: &TSTypeAnnotation<'a>) {}

    fn visit_ts_type_parameter_declaration(&mut self, _: &TSTypeParameterDeclaration<'a>) {}

    fn visit_ts_type_parameter_instantiation(&mut self, _: &TSTypeParameterInstantiation<'a>) {}

    fn visit_argument(&mut self, argument: &Argument<'a>) {
        self.name = None;
        walk::walk_argument(self, argument);
    }
}

impl Walk<'_> {
    fn optional(&mut self, optional: bool) {
        if optional {
            self.functions.expression();
        }
    }

    fn note_recursion(&mut self, callee: &Expression<'_>) {
        match callee {
            Expression::Identifier(name) => self.functions.called(name.name.as_str()),
            Expression::StaticMemberExpression(member)
                if matches!(member.object, Expression::ThisExpression(_)) =>
            {
                self.functions.called(member.property.name.as_str());
            }
            _ => {}
        }
    }
}

fn target_name(target: &AssignmentTarget<'_>) -> Option<String> {
    match target {
        AssignmentTarget::AssignmentTargetIdentifier(name) => Some(name.name.to_string()),
        AssignmentTarget::StaticMemberExpression(member) => Some(member.property.name.to_string()),
        _ => None,
    }
}

fn binding_name(pattern: &BindingPattern<'_>) -> Option<String> {
    match pattern {
        BindingPattern::BindingIdentifier(name) => Some(name.name.to_string()),
        BindingPattern::ObjectPattern(_)
        | BindingPattern::ArrayPattern(_)
        | BindingPattern::AssignmentPattern(_) => None,
    }
}
