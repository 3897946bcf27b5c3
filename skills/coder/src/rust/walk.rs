//! One walk over a file that counts decisions, cognitive complexity and statements, and finds the
//! functions with the types and modules around them.

use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::{
    BinOp, Block, Expr, ExprBinary, ExprBreak, ExprClosure, ExprContinue, ExprForLoop, ExprIf,
    ExprLoop, ExprMatch, ExprWhile, Field, ImplItem, ImplItemFn, Item, ItemFn, ItemImpl, ItemMod,
    ItemTrait, Local, Pat, Signature, Stmt, TraitItem, TraitItemFn, Type, Variant,
};

use crate::functions::{Declared, Functions};

/// What the walk counted.
pub(super) struct Counted {
    pub(super) functions: Functions,
    pub(super) logical: u32,
}

/// Walks a file.
pub(super) fn file(file: &syn::File) -> Counted {
    let mut walk = Walk { functions: Functions::default(), logical: 0 };
    walk.visit_file(file);
    Counted { functions: walk.functions, logical: walk.logical }
}

struct Walk {
    functions: Functions,
    logical: u32,
}

fn functions(walk: &mut Walk) -> &mut Functions {
    &mut walk.functions
}

/// The line, from 1, on which something starts.
pub(super) fn line(span: Span) -> u32 {
    u32::try_from(span.start().line).unwrap_or(u32::MAX)
}

/// The last line of a block.
pub(super) fn last_line(block: &Block) -> u32 {
    u32::try_from(block.brace_token.span.close().end().line).unwrap_or(u32::MAX)
}

/// The name of a type without its path and generics, for what is implemented on it.
pub(super) fn type_name(of: &Type) -> String {
    match of {
        Type::Path(path) => {
            path.path.segments.last().map_or_else(String::new, |segment| segment.ident.to_string())
        }
        Type::Reference(reference) => type_name(&reference.elem),
        Type::Group(group) => type_name(&group.elem),
        Type::Paren(paren) => type_name(&paren.elem),
        Type::Slice(slice) => format!("[{}]", type_name(&slice.elem)),
        _ => "_".to_owned(),
    }
}

impl Walk {
    fn nested(&mut self, inner: impl FnOnce(&mut Self)) {
        Functions::nested(self, functions, inner);
    }

    fn scoped(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        Functions::scoped(self, functions, name, inner);
    }

    fn function(&mut self, signature: &Signature, block: &Block) {
        let name = signature.ident.to_string();
        let declared = Declared {
            name: &name,
            line: line(signature.fn_token.span),
            end_line: last_line(block),
            parameters: signature.inputs.len(),
        };
        Functions::function(self, functions, &declared, |walk| walk.visit_block(block));
    }

    fn repeats(&mut self, body: &Block) {
        self.functions.statement();
        self.functions.nested_increment();
        self.nested(|walk| walk.visit_block(body));
    }

    /// `a && b && c || d`: one decision for each operator, one cognitive step for each run of like
    /// ones. The operands are walked without recursion along the left.
    fn logical_run(&mut self, whole: &ExprBinary) {
        let mut last = None;
        let mut open = vec![(whole, false)];
        while let Some((expression, left_done)) = open.pop() {
            let side = if left_done { &expression.right } else { &expression.left };
            if left_done {
                let and = matches!(expression.op, BinOp::And(_));
                self.functions.expression();
                if last.replace(and) != Some(and) {
                    self.functions.increment();
                }
            } else {
                open.push((expression, true));
            }
            match without_parentheses(side) {
                Expr::Binary(inner) if is_logical(inner) => open.push((inner, false)),
                side => self.visit_expr(side),
            }
        }
    }

    fn note_recursion(&mut self, callee: &Expr) {
        if let Expr::Path(path) = callee
            && let Some(last) = path.path.segments.last()
        {
            let first = &path.path.segments[0].ident;
            if path.path.segments.len() == 1 || first == "Self" {
                self.functions.called(&last.ident.to_string());
            }
        }
    }
}

fn is_logical(expression: &ExprBinary) -> bool {
    matches!(expression.op, BinOp::And(_) | BinOp::Or(_))
}

fn without_parentheses(mut expression: &Expr) -> &Expr {
    while let Expr::Paren(inner) = expression {
        expression = &inner.expr;
    }
    expression
}

impl<'a> Visit<'a> for Walk {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if !matches!(statement, Stmt::Item(_)) {
            self.logical += 1;
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_item(&mut self, item: &'a Item) {
        self.logical += 1;
        visit::visit_item(self, item);
    }

    fn visit_impl_item(&mut self, item: &'a ImplItem) {
        self.logical += 1;
        visit::visit_impl_item(self, item);
    }

    fn visit_trait_item(&mut self, item: &'a TraitItem) {
        self.logical += 1;
        visit::visit_trait_item(self, item);
    }

    fn visit_field(&mut self, _: &'a Field) {
        self.logical += 1;
    }

    fn visit_variant(&mut self, variant: &'a Variant) {
        self.logical += 1;
        visit::visit_variant(self, variant);
    }

    fn visit_item_fn(&mut self, item: &'a ItemFn) {
        self.function(&item.sig, &item.block);
    }

    fn visit_impl_item_fn(&mut self, item: &'a ImplItemFn) {
        self.function(&item.sig, &item.block);
    }

    fn visit_trait_item_fn(&mut self, item: &'a TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
    }

    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        self.scoped(&item.ident.to_string(), |walk| visit::visit_item_mod(walk, item));
    }

    fn visit_item_impl(&mut self, item: &'a ItemImpl) {
        self.scoped(&type_name(&item.self_ty), |walk| {
            item.items.iter().for_each(|item| walk.visit_impl_item(item));
        });
    }

    fn visit_item_trait(&mut self, item: &'a ItemTrait) {
        self.scoped(&item.ident.to_string(), |walk| {
            item.items.iter().for_each(|item| walk.visit_trait_item(item));
        });
    }

    fn visit_type(&mut self, _: &'a Type) {}

    fn visit_expr_if(&mut self, conditional: &'a ExprIf) {
        self.functions.nested_increment();
        let mut conditional = conditional;
        loop {
            self.functions.statement();
            self.visit_expr(&conditional.cond);
            self.nested(|walk| walk.visit_block(&conditional.then_branch));
            let Some((_, otherwise)) = &conditional.else_branch else { return };
            self.functions.increment();
            match &**otherwise {
                Expr::If(next) => conditional = next,
                otherwise => return self.nested(|walk| walk.visit_expr(otherwise)),
            }
        }
    }

    fn visit_expr_match(&mut self, expression: &'a ExprMatch) {
        self.functions.nested_increment();
        self.visit_expr(&expression.expr);
        // A match is exhaustive: its last arm is what is left.
        expression.arms.iter().skip(1).for_each(|_| self.functions.statement());
        self.nested(|walk| {
            for arm in &expression.arms {
                if let Pat::Guard(pattern) = &arm.pat {
                    walk.functions.expression();
                    walk.visit_expr(&pattern.guard);
                }
                walk.visit_expr(&arm.body);
            }
        });
    }

    fn visit_expr_for_loop(&mut self, expression: &'a ExprForLoop) {
        self.visit_expr(&expression.expr);
        self.repeats(&expression.body);
    }

    fn visit_expr_while(&mut self, expression: &'a ExprWhile) {
        self.visit_expr(&expression.cond);
        self.repeats(&expression.body);
    }

    fn visit_expr_loop(&mut self, expression: &'a ExprLoop) {
        self.repeats(&expression.body);
    }

    fn visit_expr_closure(&mut self, closure: &'a ExprClosure) {
        self.nested(|walk| walk.visit_expr(&closure.body));
    }

    fn visit_local(&mut self, local: &'a Local) {
        let Some(value) = &local.init else { return };
        self.visit_expr(&value.expr);
        if let Some((_, diverge)) = &value.diverge {
            self.functions.statement();
            self.functions.nested_increment();
            self.nested(|walk| walk.visit_expr(diverge));
        }
    }

    fn visit_expr_break(&mut self, expression: &'a ExprBreak) {
        if expression.label.is_some() {
            self.functions.increment();
        }
        visit::visit_expr_break(self, expression);
    }

    fn visit_expr_continue(&mut self, expression: &'a ExprContinue) {
        if expression.label.is_some() {
            self.functions.increment();
        }
    }

    /// Chains to the left are followed without recursion.
    fn visit_expr(&mut self, expression: &'a Expr) {
        let mut expression = expression;
        loop {
            expression = match expression {
                Expr::Binary(operation) if is_logical(operation) => {
                    return self.logical_run(operation);
                }
                Expr::Binary(operation) => {
                    self.visit_expr(&operation.right);
                    &operation.left
                }
                Expr::MethodCall(call) => {
                    call.args.iter().for_each(|argument| self.visit_expr(argument));
                    if matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("self")) {
                        self.functions.called(&call.method.to_string());
                    }
                    &call.receiver
                }
                Expr::Call(call) => {
                    self.note_recursion(&call.func);
                    call.args.iter().for_each(|argument| self.visit_expr(argument));
                    &call.func
                }
                Expr::Try(inner) => {
                    self.functions.expression();
                    &inner.expr
                }
                Expr::Index(index) => {
                    self.visit_expr(&index.index);
                    &index.expr
                }
                Expr::Field(field) => &field.base,
                Expr::Await(inner) => &inner.base,
                Expr::Paren(inner) => &inner.expr,
                Expr::Group(inner) => &inner.expr,
                Expr::Reference(inner) => &inner.expr,
                Expr::Unary(inner) => &inner.expr,
                Expr::Cast(inner) => &inner.expr,
                other => return visit::visit_expr(self, other),
            };
        }
    }
}
