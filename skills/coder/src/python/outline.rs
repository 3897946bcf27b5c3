//! The symbols of a Python module: classes, functions, methods, module constants and variables,
//! annotated fields. Bodies of functions are not looked into.

use ruff_python_ast::{Expr, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use crate::contract::exports::voyager::coder::metrics::Problem;
use crate::outline::{Found, Symbols, first_paragraph};
use crate::text::LineIndex;

/// Outlines a text.
pub(crate) fn text(text: &str, symbols: &mut Symbols) -> Result<(), Problem> {
    super::depth::check(text)?;
    let index = LineIndex::new(text);
    let parsed = super::parse(text, &index)?;
    let body = &parsed.syntax().body;
    symbols.doc = doc(body);
    let outline = Outline { text, index: &index, exported: exported(body) };
    outline.body(body, Around::Module, symbols);
    Ok(())
}

/// What a statement stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    Module,
    Class,
}

struct Outline<'a> {
    text: &'a str,
    index: &'a LineIndex,
    /// The names in `__all__`, where the module has one.
    exported: Option<Vec<&'a str>>,
}

impl Outline<'_> {
    fn body(&self, body: &[Stmt], around: Around, symbols: &mut Symbols) {
        for statement in body {
            match statement {
                Stmt::FunctionDef(function) => self.function(function, around, symbols),
                Stmt::ClassDef(class) => self.class(class, around, symbols),
                Stmt::Assign(assign) => {
                    if let ([Expr::Name(name)], Around::Module) =
                        (assign.targets.as_slice(), around)
                    {
                        self.variable(name.id.as_str(), assign.range(), around, symbols);
                    }
                }
                Stmt::AnnAssign(assign) => {
                    if let Expr::Name(name) = &*assign.target {
                        self.variable(name.id.as_str(), assign.range(), around, symbols);
                    }
                }
                // What is defined for one platform or version only is defined all the same.
                Stmt::If(statement) => {
                    self.body(&statement.body, around, symbols);
                    statement
                        .elif_else_clauses
                        .iter()
                        .for_each(|clause| self.body(&clause.body, around, symbols));
                }
                Stmt::Try(statement) => self.body(&statement.body, around, symbols),
                _ => {}
            }
        }
    }

    fn function(&self, function: &StmtFunctionDef, around: Around, symbols: &mut Symbols) {
        let end = function
            .returns
            .as_ref()
            .map_or_else(|| function.parameters.end(), |returns| returns.end());
        let name = function.name.as_str();
        let signature = &self.text[TextRange::new(function.name.start(), end)];
        let keyword = if function.is_async { "async def" } else { "def" };
        symbols.add(Found {
            kind: if around == Around::Class { "method" } else { "function" },
            name,
            lines: self.lines(function.name.start().to_u32(), function.end().to_u32()),
            signature: &format!("{keyword} {signature}"),
            doc: doc(&function.body),
            public: self.public(name, around),
        });
    }

    fn class(&self, class: &StmtClassDef, around: Around, symbols: &mut Symbols) {
        let end =
            class.arguments.as_ref().map_or_else(|| class.name.end(), |arguments| arguments.end());
        let name = class.name.as_str();
        symbols.add(Found {
            kind: "class",
            name,
            lines: self.lines(class.name.start().to_u32(), class.end().to_u32()),
            signature: &format!("class {}", &self.text[TextRange::new(class.name.start(), end)]),
            doc: doc(&class.body),
            public: self.public(name, around),
        });
        symbols.inside(name, |symbols| self.body(&class.body, Around::Class, symbols));
    }

    fn variable(&self, name: &str, range: TextRange, around: Around, symbols: &mut Symbols) {
        if name.starts_with("__") {
            return;
        }
        let constant =
            name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase);
        symbols.add(Found {
            kind: match around {
                Around::Class => "field",
                Around::Module if constant => "constant",
                Around::Module => "variable",
            },
            name,
            lines: self.lines(range.start().to_u32(), range.end().to_u32()),
            signature: &self.text[range],
            doc: None,
            public: self.public(name, around),
        });
    }

    fn lines(&self, start: u32, end: u32) -> (u32, u32) {
        (self.index.line(start), self.index.line(end.saturating_sub(1)))
    }

    fn public(&self, name: &str, around: Around) -> bool {
        match (&self.exported, around) {
            (Some(exported), Around::Module) => exported.contains(&name),
            (None, Around::Module) | (_, Around::Class) => {
                !name.starts_with('_') || name.starts_with("__") && name.ends_with("__")
            }
        }
    }
}

/// The first paragraph of the string with which a body begins.
fn doc(body: &[Stmt]) -> Option<String> {
    let Some(Stmt::Expr(first)) = body.first() else { return None };
    let Expr::StringLiteral(literal) = &*first.value else { return None };
    first_paragraph(literal.value.to_str())
}

/// The names in `__all__`, where it is a plain list or tuple of strings.
fn exported(body: &[Stmt]) -> Option<Vec<&str>> {
    let lists = body.iter().filter_map(|statement| match statement {
        Stmt::Assign(assign) if matches!(assign.targets.as_slice(), [Expr::Name(name)] if name.id == "__all__") => {
            match &*assign.value {
                Expr::List(list) => Some(list.elts.as_slice()),
                Expr::Tuple(tuple) => Some(tuple.elts.as_slice()),
                _ => None,
            }
        }
        _ => None,
    });
    let names =
        lists.last()?.iter().map(|item| Some(item.as_string_literal_expr()?.value.to_str()));
    names.collect()
}
