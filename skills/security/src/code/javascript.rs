//! Dangerous calls in JavaScript and TypeScript.

use super::{DEPTH_MAX, Script, Sink, is_secret_name, is_sql};
use oxc_allocator::Allocator;
use oxc_ast::ast::{
    Argument, ArrayExpressionElement, AssignmentExpression, AssignmentTarget, BinaryOperator,
    BindingPattern, CallExpression, Expression, ImportDeclaration, ImportDeclarationSpecifier,
    JSXAttribute, JSXAttributeName, NewExpression, ObjectProperty, Statement, VariableDeclarator,
};
use oxc_ast_visit::{Visit, walk};
use oxc_parser::Parser;
use oxc_span::{GetSpan, SourceType, Span};
use std::collections::BTreeMap;
use std::ops::Range;

/// Names whose first argument decides: a literal is harmless.
const BUILT: &[(&str, &[&str])] = &[
    ("js-eval", &["eval", "window.eval", "globalThis.eval", "global.eval"]),
    ("js-exec-shell", &["child_process.exec", "child_process.execSync"]),
    (
        "js-vm-run",
        &[
            "vm.runInContext",
            "vm.runInNewContext",
            "vm.runInThisContext",
            "vm.compileFunction",
            "vm.Script",
        ],
    ),
    ("js-document-write", &["document.write", "document.writeln"]),
    ("js-unserialize", &["node-serialize.unserialize", "serialize-to-js.deserialize"]),
];

const SPAWN: &[&str] = &[
    "child_process.spawn",
    "child_process.spawnSync",
    "child_process.execFile",
    "child_process.execFileSync",
];

/// Walks a text.
pub(super) fn scan(script: Script, text: &str, sink: &mut Sink<'_>) -> Result<(), String> {
    let allocator = Allocator::default();
    let source_type = match script {
        Script::JavaScript => SourceType::mjs().with_jsx(true),
        Script::TypeScript => SourceType::ts(),
        Script::Tsx => SourceType::tsx(),
    };
    let mut parsed = Parser::new(&allocator, text, source_type).parse();
    if parsed.panicked && script == Script::JavaScript {
        parsed = Parser::new(&allocator, text, SourceType::script().with_jsx(true)).parse();
    }
    if parsed.panicked {
        return Err("syntax error".to_owned());
    }
    let mut walk = Walk { sink, names: BTreeMap::new(), depth: 0, assigned: Vec::new() };
    walk.visit_program(&parsed.program);
    Ok(())
}

struct Walk<'w, 't> {
    sink: &'w mut Sink<'t>,
    /// What imports and `require` call what: `cp` is `child_process`, `run` is `child_process.exec`.
    names: BTreeMap<String, String>,
    depth: u32,
    /// Names of what is assigned around, for guesses about what a value is for.
    assigned: Vec<String>,
}

impl<'a> Visit<'a> for Walk<'_, '_> {
    fn visit_statement(&mut self, statement: &Statement<'a>) {
        self.deeper(|visitor| walk::walk_statement(visitor, statement));
    }

    fn visit_expression(&mut self, expression: &Expression<'a>) {
        self.deeper(|visitor| walk::walk_expression(visitor, expression));
    }

    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        let module = module_name(import.source.value.as_str());
        for specifier in import.specifiers.iter().flatten() {
            let (local, target) = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(one) => {
                    (&one.local, format!("{module}.{}", one.imported.name()))
                }
                ImportDeclarationSpecifier::ImportDefaultSpecifier(one) => {
                    (&one.local, module.to_owned())
                }
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(one) => {
                    (&one.local, module.to_owned())
                }
            };
            self.names.insert(local.name.to_string(), target);
        }
    }

    fn visit_variable_declarator(&mut self, declarator: &VariableDeclarator<'a>) {
        if let Some(source) = declarator.init.as_ref().and_then(|value| self.resolve(value)) {
            self.bind(&declarator.id, &source);
        }
        let before = self.assigned.len();
        if let BindingPattern::BindingIdentifier(name) = &declarator.id {
            self.assigned.push(name.name.to_string());
        }
        walk::walk_variable_declarator(self, declarator);
        self.assigned.truncate(before);
    }

    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        let before = self.assigned.len();
        if let Some((object, property)) = target(&assignment.left) {
            self.assigned.push(property.clone());
            self.property_assignment(object, &property, assignment);
        } else if let AssignmentTarget::AssignmentTargetIdentifier(name) = &assignment.left {
            self.assigned.push(name.name.to_string());
        }
        walk::walk_assignment_expression(self, assignment);
        self.assigned.truncate(before);
    }

    fn visit_object_property(&mut self, property: &ObjectProperty<'a>) {
        let before = self.assigned.len();
        if let Some(name) = property.key.static_name() {
            self.option(&name, &property.value, bytes(property.span));
            self.assigned.push(name.into_owned());
        }
        walk::walk_object_property(self, property);
        self.assigned.truncate(before);
    }

    fn visit_jsx_attribute(&mut self, attribute: &JSXAttribute<'a>) {
        if let JSXAttributeName::Identifier(name) = &attribute.name
            && name.name == "dangerouslySetInnerHTML"
        {
            self.sink.report("js-react-inner-html", bytes(name.span), "dangerouslySetInnerHTML");
        }
        walk::walk_jsx_attribute(self, attribute);
    }

    fn visit_new_expression(&mut self, new: &NewExpression<'a>) {
        if let Some(name) = self.resolve(&new.callee) {
            let range = bytes(new.callee.span());
            match name.as_str() {
                "Function"
                    if new.arguments.iter().any(|argument| !is_literal_argument(argument)) =>
                {
                    self.sink.report("js-new-function", range, "new Function");
                }
                "Buffer" => self.sink.report("js-buffer-constructor", range, "new Buffer"),
                _ => self.named_call(&name, &new.arguments, range),
            }
        }
        walk::walk_new_expression(self, new);
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        let range = bytes(call.callee.span());
        if let Some(name) = self.resolve(&call.callee) {
            if name == "Function"
                && call.arguments.iter().any(|argument| !is_literal_argument(argument))
            {
                self.sink.report("js-new-function", range.clone(), "Function");
            }
            self.named_call(&name, &call.arguments, range.clone());
        }
        if let Some(method) =
            call.callee.as_member_expression().and_then(|member| member.static_property_name())
        {
            self.method_call(method, &call.arguments, range);
        }
        walk::walk_call_expression(self, call);
    }
}

impl Walk<'_, '_> {
    fn deeper(&mut self, descend: impl FnOnce(&mut Self)) {
        if self.depth < DEPTH_MAX {
            self.depth += 1;
            descend(self);
            self.depth -= 1;
        }
    }

    /// The dotted name of an expression, its first part resolved through imports and `require`.
    fn resolve(&self, expression: &Expression<'_>) -> Option<String> {
        let mut parts: Vec<String> = Vec::new();
        let mut at = expression;
        while parts.len() < 16 {
            match at {
                Expression::StaticMemberExpression(member) => {
                    parts.push(member.property.name.to_string());
                    at = &member.object;
                }
                Expression::Identifier(name) => {
                    parts.push(
                        self.names
                            .get(name.name.as_str())
                            .cloned()
                            .unwrap_or_else(|| name.name.to_string()),
                    );
                    parts.reverse();
                    return Some(parts.join("."));
                }
                Expression::CallExpression(call) if matches!(&call.callee, Expression::Identifier(name) if name.name == "require") =>
                {
                    let module = call
                        .arguments
                        .first()
                        .and_then(Argument::as_expression)
                        .and_then(text_of)?;
                    parts.push(module_name(module).to_owned());
                    parts.reverse();
                    return Some(parts.join("."));
                }
                Expression::ParenthesizedExpression(inner) => at = &inner.expression,
                Expression::AwaitExpression(inner) => at = &inner.argument,
                _ => return None,
            }
        }
        None
    }

    /// Remembers what the names of a pattern stand for.
    fn bind(&mut self, pattern: &BindingPattern<'_>, source: &str) {
        match pattern {
            BindingPattern::BindingIdentifier(name) => {
                self.names.insert(name.name.to_string(), source.to_owned());
            }
            BindingPattern::ObjectPattern(object) => {
                for property in &object.properties {
                    if let (Some(key), BindingPattern::BindingIdentifier(local)) =
                        (property.key.static_name(), &property.value)
                    {
                        self.names.insert(local.name.to_string(), format!("{source}.{key}"));
                    }
                }
            }
            BindingPattern::ArrayPattern(_) | BindingPattern::AssignmentPattern(_) => {}
        }
    }

    fn named_call(&mut self, name: &str, arguments: &[Argument<'_>], range: Range<usize>) {
        let first = arguments.first().and_then(Argument::as_expression);
        let second = arguments.get(1).and_then(Argument::as_expression);
        if let Some((rule, _)) = BUILT.iter().find(|(_, names)| names.contains(&name)) {
            if first.is_some_and(|argument| !is_literal(argument)) {
                self.sink.report(rule, range, name);
            }
            return;
        }
        let weak_hash = || {
            first.and_then(text_of).is_some_and(|hash| {
                matches!(hash.to_ascii_lowercase().as_str(), "md5" | "sha1" | "md4")
            })
        };
        let rule = match name {
            "setTimeout" | "setInterval" | "window.setTimeout" | "window.setInterval" => {
                first.is_some_and(is_text).then_some("js-implied-eval")
            }
            "crypto.createHash" | "crypto.createHmac" if weak_hash() => Some("js-weak-hash"),
            "crypto.createCipher" | "crypto.createDecipher" => Some("js-weak-cipher"),
            "crypto.createCipheriv" | "crypto.createDecipheriv" => {
                first.and_then(text_of).is_some_and(is_weak_cipher).then_some("js-weak-cipher")
            }
            "Math.random" => self
                .assigned
                .iter()
                .any(|name| is_secret_name(name))
                .then_some("js-insecure-random"),
            "jsonwebtoken.sign" | "jsonwebtoken.verify" => second
                .and_then(text_of)
                .is_some_and(|secret| secret.len() >= 3)
                .then_some("js-jwt-hardcoded-secret"),
            _ if SPAWN.contains(&name) => {
                let shell = arguments
                    .iter()
                    .filter_map(Argument::as_expression)
                    .any(|argument| has_option(argument, "shell"));
                let built = first.is_some_and(|program| !is_literal(program))
                    || second.is_some_and(|list| !is_literal(list));
                (shell && built).then_some("js-spawn-shell")
            }
            _ => None,
        };
        if let Some(rule) = rule {
            self.sink.report(rule, range, name);
        }
    }

    /// Calls that are known by the name of their method, on whatever object.
    fn method_call(&mut self, method: &str, arguments: &[Argument<'_>], range: Range<usize>) {
        let first = arguments.first().and_then(Argument::as_expression);
        let second = arguments.get(1).and_then(Argument::as_expression);
        let rule = match method {
            "query" | "execute" | "raw" | "queryRawUnsafe" | "$queryRawUnsafe"
            | "$executeRawUnsafe" | "run" | "all" | "prepare"
                if first.is_some_and(is_built_sql) =>
            {
                "js-sql-string"
            }
            "insertAdjacentHTML" if second.is_some_and(|markup| !is_literal(markup)) => {
                "js-inner-html"
            }
            "postMessage" if second.and_then(text_of) == Some("*") => "js-post-message-any",
            "setHeader" | "header" | "set" | "append"
                if first.and_then(text_of).is_some_and(|name| {
                    name.eq_ignore_ascii_case("access-control-allow-origin")
                }) && second.and_then(text_of) == Some("*") =>
            {
                "js-cors-any-origin"
            }
            _ if method.starts_with("bypassSecurityTrust") => "js-angular-bypass",
            _ => return,
        };
        self.sink.report(rule, range, method);
    }

    fn property_assignment(
        &mut self,
        object: &Expression<'_>,
        property: &str,
        assignment: &AssignmentExpression<'_>,
    ) {
        let value = &assignment.right;
        let range = bytes(assignment.left.span());
        let object = self.resolve(object).unwrap_or_default();
        let rule = match property {
            "innerHTML" | "outerHTML" if !is_literal(value) => "js-inner-html",
            "NODE_TLS_REJECT_UNAUTHORIZED" if object == "process.env" && is_off(value) => {
                "js-tls-no-verify"
            }
            "href" | "src" | "location"
                if text_of(value)
                    .is_some_and(|text| text.trim_start().starts_with("javascript:")) =>
            {
                "js-script-url"
            }
            _ => return,
        };
        self.sink.report(rule, range, property);
    }

    /// A property of an object literal, which mostly is an option of some call.
    fn option(&mut self, name: &str, value: &Expression<'_>, range: Range<usize>) {
        let is = |wanted: bool| matches!(value, Expression::BooleanLiteral(literal) if literal.value == wanted);
        let rule = match name {
            "rejectUnauthorized" | "strictSSL" if is(false) => "js-tls-no-verify",
            "httpOnly" | "secure" if is(false) => "js-cookie-flags",
            "nodeIntegration" | "allowRunningInsecureContent" if is(true) => {
                "js-electron-web-preferences"
            }
            "contextIsolation" | "webSecurity" if is(false) => "js-electron-web-preferences",
            "algorithms" if has_element(value, "none") => "js-jwt-none",
            "algorithm" if text_of(value) == Some("none") => "js-jwt-none",
            "Access-Control-Allow-Origin" if text_of(value) == Some("*") => "js-cors-any-origin",
            _ => return,
        };
        self.sink.report(rule, range, name);
    }
}

/// `node:child_process` is `child_process`.
fn module_name(name: &str) -> &str {
    name.strip_prefix("node:").unwrap_or(name)
}

fn bytes(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

/// Object and property of an assignment's left side.
fn target<'t, 'a>(left: &'t AssignmentTarget<'a>) -> Option<(&'t Expression<'a>, String)> {
    match left {
        AssignmentTarget::StaticMemberExpression(member) => {
            Some((&member.object, member.property.name.to_string()))
        }
        AssignmentTarget::ComputedMemberExpression(member) => {
            text_of(&member.expression).map(|name| (&member.object, name.to_owned()))
        }
        _ => None,
    }
}

fn text_of<'t>(expression: &'t Expression<'_>) -> Option<&'t str> {
    match expression {
        Expression::StringLiteral(literal) => Some(literal.value.as_str()),
        Expression::TemplateLiteral(template) if template.expressions.is_empty() => {
            template.quasis.first().map(|part| part.value.raw.as_str())
        }
        _ => None,
    }
}

fn is_literal_argument(argument: &Argument<'_>) -> bool {
    argument.as_expression().is_some_and(is_literal)
}

/// Known before the program runs.
fn is_literal(expression: &Expression<'_>) -> bool {
    match expression {
        Expression::StringLiteral(_)
        | Expression::NumericLiteral(_)
        | Expression::BooleanLiteral(_)
        | Expression::NullLiteral(_) => true,
        Expression::TemplateLiteral(template) => template.expressions.is_empty(),
        Expression::BinaryExpression(binary) => {
            is_literal(&binary.left) && is_literal(&binary.right)
        }
        Expression::ParenthesizedExpression(inner) => is_literal(&inner.expression),
        Expression::ArrayExpression(array) => array.elements.iter().all(|element| match element {
            ArrayExpressionElement::SpreadElement(_) => false,
            other => other.as_expression().is_some_and(is_literal),
        }),
        _ => false,
    }
}

/// A string, whole or put together.
fn is_text(expression: &Expression<'_>) -> bool {
    match expression {
        Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => true,
        Expression::BinaryExpression(binary) => {
            binary.operator == BinaryOperator::Addition && is_text(leftmost(expression))
        }
        _ => false,
    }
}

/// The operand that a chain of operators begins with.
fn leftmost<'t, 'a>(expression: &'t Expression<'a>) -> &'t Expression<'a> {
    let mut at = expression;
    while let Expression::BinaryExpression(binary) = at {
        at = &binary.left;
    }
    at
}

/// SQL with something from run time in it.
fn is_built_sql(expression: &Expression<'_>) -> bool {
    match expression {
        Expression::TemplateLiteral(template) => {
            !template.expressions.is_empty()
                && template.quasis.first().is_some_and(|part| is_sql(part.value.raw.as_str()))
        }
        Expression::BinaryExpression(_) => {
            !is_literal(expression) && text_of(leftmost(expression)).is_some_and(is_sql)
        }
        _ => false,
    }
}

fn is_weak_cipher(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("ecb")
        || ["des", "rc4", "rc2", "bf-", "blowfish", "idea"]
            .iter()
            .any(|weak| name.starts_with(weak))
}

/// Any value but false stands for the option.
fn has_option(argument: &Expression<'_>, name: &str) -> bool {
    let Expression::ObjectExpression(object) = argument else { return false };
    object.properties.iter().any(|property| {
        property.as_property().is_some_and(|property| {
            property.key.static_name().is_some_and(|key| key == name)
                && !matches!(&property.value, Expression::BooleanLiteral(literal) if !literal.value)
        })
    })
}

fn has_element(expression: &Expression<'_>, text: &str) -> bool {
    let Expression::ArrayExpression(array) = expression else { return false };
    array
        .elements
        .iter()
        .filter_map(ArrayExpressionElement::as_expression)
        .any(|element| text_of(element) == Some(text))
}

/// `0`, `"0"`.
fn is_off(expression: &Expression<'_>) -> bool {
    text_of(expression) == Some("0")
        || matches!(expression, Expression::NumericLiteral(number) if number.value == 0.0)
}
