//! The symbols that a file declares: what it offers, with signature and documentation, without
//! bodies.

use crate::contract::exports::voyager::coder::outline::{FileOutline, Symbol};
use crate::language::Language;
use crate::measure::{problem, readable};
use crate::text::one_line;
use crate::{javascript, python, rust};

/// The most symbols of one file.
const SYMBOLS_MAX: usize = 5_000;
/// The longest signature and the longest documentation, in bytes.
const TEXT_MAX: usize = 400;

/// Outlines a file.
pub fn file(path: &str, bytes: &[u8]) -> FileOutline {
    let mut outline = empty(path);
    let Some(language) = Language::of(path) else {
        outline.problem =
            Some(problem("language", "No known language has files of this name.".to_owned(), None));
        return outline;
    };
    outline.language = language.name().to_owned();
    let mut symbols = Symbols::default();
    let result = readable(bytes).and_then(|text| match language {
        Language::Python => python::outline::text(text, &mut symbols),
        Language::JavaScript | Language::TypeScript => {
            javascript::outline::text(path, text, &mut symbols)
        }
        Language::Rust => rust::outline::text(text, &mut symbols),
    });
    outline.problem = result.err();
    outline.doc = symbols.doc;
    outline.symbols = symbols.list;
    outline
}

/// An outline of which nothing is known yet.
pub fn empty(path: &str) -> FileOutline {
    FileOutline {
        path: path.to_owned(),
        language: String::new(),
        doc: None,
        symbols: Vec::new(),
        problem: None,
    }
}

/// The symbols of a file, as they are found.
#[derive(Default)]
pub(crate) struct Symbols {
    /// Documentation of the file itself.
    pub(crate) doc: Option<String>,
    list: Vec<Symbol>,
    scope: String,
    depth: u32,
}

/// What was found of a symbol.
pub(crate) struct Found<'a> {
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    /// First and last line, from 1.
    pub(crate) lines: (u32, u32),
    /// The declaration without its body; white space is made single spaces.
    pub(crate) signature: &'a str,
    pub(crate) doc: Option<String>,
    pub(crate) public: bool,
}

impl Symbols {
    /// Adds a symbol; beyond [`SYMBOLS_MAX`] nothing.
    pub(crate) fn add(&mut self, found: Found<'_>) {
        if self.list.len() < SYMBOLS_MAX {
            self.list.push(Symbol {
                kind: found.kind.to_owned(),
                name: format!("{}{}", self.scope, found.name),
                depth: self.depth,
                line: found.lines.0,
                end_line: found.lines.1,
                signature: one_line(found.signature, TEXT_MAX),
                doc: found.doc,
                public: found.public,
            });
        }
    }

    /// Adds what stands inside a symbol.
    pub(crate) fn inside(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        let length = self.scope.len();
        self.scope.push_str(name);
        self.scope.push('.');
        self.depth += 1;
        inner(self);
        self.depth -= 1;
        self.scope.truncate(length);
    }
}

/// The first paragraph of a documentation, on one line.
pub(crate) fn first_paragraph(text: &str) -> Option<String> {
    let lines = text.lines().map(str::trim).skip_while(|line| line.is_empty());
    let paragraph: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let line = one_line(&paragraph.join(" "), TEXT_MAX);
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn check(path: &str, text: &str, expected: &Expect) {
        let outline = file(path, text.as_bytes());
        assert_eq!(outline.problem, None);
        let mut lines = format!("file: {}\n", outline.doc.unwrap_or_default());
        for symbol in outline.symbols {
            lines += &format!(
                "{}{}{}-{} {} {} | {} | {}\n",
                "  ".repeat(symbol.depth as usize),
                if symbol.public { "+" } else { "-" },
                symbol.line,
                symbol.end_line,
                symbol.kind,
                symbol.name,
                symbol.signature,
                symbol.doc.unwrap_or_default(),
            );
        }
        expected.assert_eq(&lines);
    }

    #[test]
    fn python_is_outlined() {
        let text = "'''A module.\n\nMore.'''\nimport x\nLIMIT: int = 3\n_cache = {}\n\n@decorated\nclass Shape(Base, metaclass=Meta):\n    \"\"\"A shape\n    of things.\n\n    Long.\"\"\"\n    sides: int = 0\n    async def area(self, *, unit='m',\n                   exact: bool) -> float:\n        def inner(): pass\n    def _hide(self): pass\n    def __len__(self): return 0\nif x:\n    def late(): 'Late.'\n";
        check(
            "a.py",
            text,
            &expect![[r#"
            file: A module.
            +5-5 constant LIMIT | LIMIT: int = 3 | 
            -6-6 variable _cache | _cache = {} | 
            +9-19 class Shape | class Shape(Base, metaclass=Meta) | A shape of things.
              +14-14 field Shape.sides | sides: int = 0 | 
              +15-17 method Shape.area | async def area(self, *, unit='m', exact: bool) -> float | 
              -18-18 method Shape._hide | def _hide(self) | 
              +19-19 method Shape.__len__ | def __len__(self) | 
            +21-21 function late | def late() | Late.
        "#]],
        );
    }

    #[test]
    fn names_in_all_are_the_public_ones() {
        check(
            "a.py",
            "__all__ = ['_a', 'b']\ndef _a(): pass\ndef b(): pass\ndef c(): pass\n",
            &expect![[r#"
            file: 
            +2-2 function _a | def _a() | 
            +3-3 function b | def b() | 
            -4-4 function c | def c() | 
        "#]],
        );
    }

    #[test]
    fn typescript_is_outlined() {
        let text = "/** Shapes. */\nimport x from 'y';\n/**\n * A limit.\n *\n * More.\n */\nexport const LIMIT: number = 3, other = (a) => { return a };\nlet hidden = 1;\n/** A shape. @public */\nexport abstract class Shape<T> extends Base implements Named {\n  private sides = 0;\n  #x;\n  /** Its area. */\n  async area(unit: string): Promise<number> { return 1 }\n  get name() { return '' }\n}\nexport interface Named { name: string; greet(a: T): void }\nexport type Id = string | number;\nexport enum Color { Red, Green = 2 }\nnamespace Inner { export function f() {} }\nexport default function main(a?: number): void {}\nfunction later() {}\nexport { later };\n";
        check(
            "a.ts",
            text,
            &expect![[r#"
            file: Shapes.
            +8-8 constant LIMIT | LIMIT: number = 3 | A limit.
            +8-8 function other | other = (a) | A limit.
            -9-9 variable hidden | hidden = 1 | 
            +11-17 class Shape | abstract class Shape<T> extends Base implements Named | A shape. @public
              -12-12 field Shape.sides | private sides = 0 | 
              -13-13 field Shape.x | #x | 
              +15-15 method Shape.area | async area(unit: string): Promise<number> | Its area.
              +16-16 method Shape.name | get name() | 
            +18-18 interface Named | interface Named | 
              +18-18 field Named.name | name: string | 
              +18-18 method Named.greet | greet(a: T): void | 
            +19-19 type Id | type Id = string | number | 
            +20-20 enum Color | enum Color | 
              +20-20 variant Color.Red | Red | 
              +20-20 variant Color.Green | Green = 2 | 
            -21-21 namespace Inner | namespace Inner | 
              +21-21 function Inner.f | function f() | 
            +22-22 function main | function main(a?: number): void | 
            +23-23 function later | function later() | 
        "#]],
        );
    }

    #[test]
    fn rust_is_outlined() {
        let text = "//! A crate.\n//!\n//! More.\n\n/// A shape\n/// of things.\n///\n/// Long.\n#[derive(Debug)]\npub struct Shape<T: Clone> where T: Copy { pub sides: u32, hidden: T }\n/// Either.\npub(crate) enum Either { A, B(u32) }\nimpl<T> Named for Shape<T> {\n    /// Its area.\n    pub async fn area(&self,\n        unit: &str) -> f64 { 0.0 }\n}\npub trait Named { const N: usize; fn name(&self) -> String; }\n/// Limit.\npub const LIMIT: usize = 3;\nmod inner { pub fn f() {} }\n#[macro_export]\nmacro_rules! shout { () => {} }\npub type Id = u32;\nstatic S: u8 = 1;\n";
        check(
            "a.rs",
            text,
            &expect![[r#"
            file: A crate.
            +10-10 struct Shape | pub struct Shape<T: Clone> where T: Copy | A shape of things.
              +10-10 field Shape.sides | pub sides: u32 | 
              -10-10 field Shape.hidden | hidden: T | 
            -12-12 enum Either | pub(crate) enum Either | Either.
              -12-12 variant Either.A | A | 
              -12-12 variant Either.B | B(u32) | 
              +15-16 method Shape.area | pub async fn area(&self, unit: &str) -> f64 | Its area.
            +18-18 trait Named | pub trait Named | 
              +18-18 constant Named.N | const N: usize | 
              +18-18 method Named.name | fn name(&self) -> String | 
            +20-20 constant LIMIT | pub const LIMIT: usize = 3 | Limit.
            -21-21 module inner | mod inner | 
              +21-21 function inner.f | pub fn f() | 
            +23-23 macro shout | macro_rules! shout | 
            +24-24 type Id | pub type Id = u32 | 
            -25-25 static S | static S: u8 = 1 | 
        "#]],
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\PC\\n]{0,80}", ending in "py|tsx|rs") {
            file(&format!("a.{ending}"), text.as_bytes());
        }
    }
}
