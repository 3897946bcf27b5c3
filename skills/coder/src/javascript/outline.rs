//! The symbols of a JavaScript or TypeScript file: what is declared at the top, in namespaces, and in
//! classes, interfaces and enums. Bodies of functions are not looked into.

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    BindingPattern, Class, ClassElement, Comment, Declaration, ExportDefaultDeclarationKind,
    Expression, Function, Statement, TSAccessibility, TSInterfaceDeclaration,
    TSNamespaceDeclarationBody, TSSignature, VariableDeclaration, VariableDeclarationKind,
};
use oxc_span::{GetSpan, Span};
use rustc_hash::FxHashMap;

use crate::contract::exports::voyager::coder::metrics::Problem;
use crate::outline::{Found, Symbols, first_paragraph};
use crate::text::LineIndex;

/// Outlines a text.
pub(crate) fn text(path: &str, text: &str, symbols: &mut Symbols) -> Result<(), Problem> {
    let allocator = Allocator::default();
    let parsed = super::parse(&allocator, path, text)?;
    let program = &parsed.program;
    let index = LineIndex::new(text);
    let exported = program.body.iter().filter_map(|statement| match statement {
        Statement::ExportNamedDeclaration(export) => Some(&export.specifiers),
        _ => None,
    });
    let exported = exported.flatten().map(|specifier| specifier.local.name().to_string()).collect();
    let comments = program.comments.iter().filter(|comment| comment.is_jsdoc());
    let documented = comments.map(|comment| (comment.attached_to, comment)).collect();
    let outline = Outline { text, index: &index, documented, exported };
    let first = program.comments.first().filter(|comment| comment.is_jsdoc());
    let documents_the_file = |comment: &&Comment| {
        text[..comment.span.start as usize].trim().is_empty()
            && program.body.first().is_none_or(|statement| {
                statement.is_import() || comment.attached_to != statement.span().start
            })
    };
    symbols.doc = first.filter(documents_the_file).and_then(|comment| outline.paragraph(comment));
    program.body.iter().for_each(|statement| outline.statement(statement, symbols));
    Ok(())
}

trait IsImport {
    fn is_import(&self) -> bool;
}

impl IsImport for Statement<'_> {
    fn is_import(&self) -> bool {
        matches!(self, Statement::ImportDeclaration(_))
    }
}

struct Outline<'a> {
    text: &'a str,
    index: &'a LineIndex,
    /// Documentation, by the start of what it is attached to.
    documented: FxHashMap<u32, &'a Comment>,
    /// Names that the file exports elsewhere than where they are declared.
    exported: Vec<String>,
}

/// Where a declaration starts (with `export`, for its comment), and whether it is exported there.
#[derive(Clone, Copy)]
struct Start {
    at: u32,
    exported: bool,
}

impl Outline<'_> {
    fn statement(&self, statement: &Statement<'_>, symbols: &mut Symbols) {
        let at = statement.span().start;
        match statement {
            Statement::ExportDeclaration(export) => {
                self.declaration(&export.declaration, Start { at, exported: true }, symbols);
            }
            Statement::ExportDefaultDeclaration(export) => {
                let start = Start { at, exported: true };
                match &export.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                        self.function(function, start, symbols)
                    }
                    ExportDefaultDeclarationKind::ClassDeclaration(class) => {
                        self.class(class, start, symbols)
                    }
                    ExportDefaultDeclarationKind::TSInterfaceDeclaration(interface) => {
                        self.interface(interface, start, symbols);
                    }
                    _ => {}
                }
            }
            other => {
                if let Some(declaration) = other.as_declaration() {
                    self.declaration(declaration, Start { at, exported: false }, symbols);
                }
            }
        }
    }

    fn declaration(&self, declaration: &Declaration<'_>, start: Start, symbols: &mut Symbols) {
        match declaration {
            Declaration::VariableDeclaration(variables) => {
                self.variables(variables, start, symbols)
            }
            Declaration::FunctionDeclaration(function) => self.function(function, start, symbols),
            Declaration::ClassDeclaration(class) => self.class(class, start, symbols),
            Declaration::TSTypeAliasDeclaration(alias) => {
                self.add("type", &alias.id.name, alias.span, alias.span, start, symbols);
            }
            Declaration::TSInterfaceDeclaration(interface) => {
                self.interface(interface, start, symbols)
            }
            Declaration::TSEnumDeclaration(of) => {
                self.add(
                    "enum",
                    &of.id.name,
                    of.span,
                    before(of.span, of.body.span),
                    start,
                    symbols,
                );
                symbols.inside(&of.id.name, |symbols| {
                    for member in &of.body.members {
                        let name = member.id.static_name();
                        let inner = Start { at: member.span.start, exported: start.exported };
                        self.add("variant", &name, member.span, member.span, inner, symbols);
                    }
                });
            }
            Declaration::TSNamespaceDeclaration(namespace) => {
                let name = namespace.id.name.as_str();
                let span = namespace.span;
                let head = Span::new(span.start, namespace.id.span.end);
                self.add("namespace", name, span, head, start, symbols);
                if let TSNamespaceDeclarationBody::TSModuleBlock(block) = &namespace.body {
                    symbols.inside(name, |symbols| {
                        block.body.iter().for_each(|statement| self.statement(statement, symbols));
                    });
                }
            }
            Declaration::TSExternalModuleDeclaration(_)
            | Declaration::TSGlobalDeclaration(_)
            | Declaration::TSImportEqualsDeclaration(_) => {}
        }
    }

    fn variables(&self, variables: &VariableDeclaration<'_>, start: Start, symbols: &mut Symbols) {
        for declarator in &variables.declarations {
            let BindingPattern::BindingIdentifier(name) = &declarator.id else { continue };
            let (kind, head) = match &declarator.init {
                Some(Expression::ArrowFunctionExpression(function)) => {
                    ("function", before(declarator.span, function.body.span()))
                }
                Some(Expression::FunctionExpression(function)) => {
                    ("function", function_head(declarator.span, function))
                }
                Some(Expression::ClassExpression(class)) => {
                    ("class", before(declarator.span, class.body.span))
                }
                _ if variables.kind == VariableDeclarationKind::Const => {
                    ("constant", declarator.span)
                }
                _ => ("variable", declarator.span),
            };
            self.add(kind, &name.name, declarator.span, head, start, symbols);
        }
    }

    fn function(&self, function: &Function<'_>, start: Start, symbols: &mut Symbols) {
        let name = function.id.as_ref().map_or("default", |id| id.name.as_str());
        self.add(
            "function",
            name,
            function.span,
            function_head(function.span, function),
            start,
            symbols,
        );
    }

    fn class(&self, class: &Class<'_>, start: Start, symbols: &mut Symbols) {
        let name = class.id.as_ref().map_or("default", |id| id.name.as_str());
        self.add("class", name, class.span, before(class.span, class.body.span), start, symbols);
        symbols.inside(name, |symbols| {
            class.body.body.iter().for_each(|element| self.element(element, symbols));
        });
    }

    fn element(&self, element: &ClassElement<'_>, symbols: &mut Symbols) {
        let (kind, key, accessibility, head) = match element {
            ClassElement::MethodDefinition(method) => (
                "method",
                &method.key,
                method.accessibility,
                function_head(method.span, &method.value),
            ),
            ClassElement::PropertyDefinition(property) => {
                ("field", &property.key, property.accessibility, property.span)
            }
            ClassElement::AccessorProperty(property) => {
                ("field", &property.key, property.accessibility, property.span)
            }
            ClassElement::StaticBlock(_) | ClassElement::TSIndexSignature(_) => return,
        };
        let Some(name) = key.name() else { return };
        let hidden = key.is_private_identifier()
            || accessibility.is_some_and(|of| of != TSAccessibility::Public);
        let start = Start { at: element.span().start, exported: !hidden };
        self.add(kind, &name, element.span(), head, start, symbols);
    }

    fn interface(
        &self,
        interface: &TSInterfaceDeclaration<'_>,
        start: Start,
        symbols: &mut Symbols,
    ) {
        let span = interface.span;
        self.add(
            "interface",
            &interface.id.name,
            span,
            before(span, interface.body.span),
            start,
            symbols,
        );
        symbols.inside(&interface.id.name, |symbols| {
            for signature in &interface.body.body {
                let (kind, key) = match signature {
                    TSSignature::TSPropertySignature(property) => ("field", &property.key),
                    TSSignature::TSMethodSignature(method) => ("method", &method.key),
                    TSSignature::TSIndexSignature(_)
                    | TSSignature::TSCallSignatureDeclaration(_)
                    | TSSignature::TSConstructSignatureDeclaration(_) => continue,
                };
                if let Some(name) = key.name() {
                    let span = signature.span();
                    let inner = Start { at: span.start, exported: start.exported };
                    self.add(kind, &name, span, span, inner, symbols);
                }
            }
        });
    }

    fn add(
        &self,
        kind: &str,
        name: &str,
        whole: Span,
        head: Span,
        start: Start,
        symbols: &mut Symbols,
    ) {
        let signature = self.text.get(head.start as usize..head.end as usize).unwrap_or_default();
        let comment = self.documented.get(&start.at);
        symbols.add(Found {
            kind,
            name,
            lines: (self.index.line(whole.start), self.index.line(whole.end.saturating_sub(1))),
            signature: signature
                .trim_end()
                .trim_end_matches(['{', ';', ','])
                .trim_end()
                .trim_end_matches("=>"),
            doc: comment.and_then(|comment| self.paragraph(comment)),
            public: start.exported || self.exported.iter().any(|exported| exported == name),
        });
    }

    /// The first paragraph of a comment, up to its first tag.
    fn paragraph(&self, comment: &Comment) -> Option<String> {
        let span = comment.content_span();
        let text = self.text.get(span.start as usize..span.end as usize)?;
        let lines = text.lines().map(|line| line.trim().trim_start_matches('*').trim());
        let lines: Vec<_> = lines.take_while(|line| !line.starts_with('@')).collect();
        first_paragraph(&lines.join("\n"))
    }
}

fn before(whole: Span, body: Span) -> Span {
    Span::new(whole.start, body.start.max(whole.start))
}

fn function_head(whole: Span, function: &Function<'_>) -> Span {
    function.body.as_ref().map_or(whole, |body| before(whole, body.span))
}
