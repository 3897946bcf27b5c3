//! JavaScript and TypeScript, with and without JSX: one pass over the characters bounds the depth,
//! one parse gives tokens and tree, one walk counts.

pub(crate) mod outline;
mod walk;

use oxc_allocator::Allocator;
use oxc_ast::ast::Comment as ParsedComment;
use oxc_parser::config::TokensParserConfig;
use oxc_parser::{Kind, ParseOptions, Parser, ParserReturn, Token};
use oxc_span::SourceType;

use crate::contract::exports::voyager::coder::metrics::{FileMetrics, Problem};
use crate::figures;
use crate::lexical::{self, Comment, Flavour, Vocabulary};
use crate::measure::problem;
use crate::text::LineIndex;

/// Fills in the figures of a JavaScript or TypeScript text.
pub(crate) fn measure(text: &str, metrics: &mut FileMetrics) -> Result<(), Problem> {
    let allocator = Allocator::default();
    let parsed = parse(&allocator, &metrics.path, text)?;
    let comments: Vec<_> = parsed.program.comments.iter().map(comment).collect();
    let mut lines = lexical::lines(text, &comments);
    let index = LineIndex::new(text);
    let counted = walk::program(&parsed.program, &index);
    lines.logical = counted.logical;
    metrics.lines = lines;
    metrics.halstead = vocabulary(text, &parsed.tokens).halstead();
    (metrics.functions, metrics.cyclomatic) = counted.functions.finish();
    figures::finish(metrics);
    Ok(())
}

/// Parses a text that does not nest too deeply. A `.js` file that is no module and no JSX is tried as
/// a script too.
fn parse<'a>(
    allocator: &'a Allocator,
    path: &str,
    text: &'a str,
) -> Result<ParserReturn<'a>, Problem> {
    lexical::comments(text, Flavour::JavaScript)?;
    let kind = SourceType::from_path(path).unwrap_or_else(|_| SourceType::unambiguous());
    let kind = if kind.is_javascript() && !path.ends_with(".mjs") {
        kind.with_unambiguous(true).with_jsx(true)
    } else {
        kind
    };
    let options = ParseOptions { allow_return_outside_function: true, ..ParseOptions::default() };
    let parsed = Parser::new(allocator, text, kind)
        .with_options(options)
        .with_config(TokensParserConfig)
        .parse();
    let Some(error) = parsed.diagnostics.iter().next() else { return Ok(parsed) };
    if !parsed.panicked && !parsed.program.is_empty() {
        // The parser went on behind the error: what it understood is worth more than nothing.
        return Ok(parsed);
    }
    let at = error.labels.first().map_or(0, |label| label.offset());
    let line = LineIndex::new(text).line(at);
    Err(problem("unparsable", error.message.to_string(), Some(line)))
}

fn comment(comment: &ParsedComment) -> Comment {
    Comment {
        range: comment.span.start as usize..comment.span.end as usize,
        documentation: comment.is_jsdoc(),
    }
}

fn vocabulary<'a>(text: &'a str, tokens: &[Token]) -> Vocabulary<'a> {
    let mut vocabulary = Vocabulary::default();
    for token in tokens {
        let word = text.get(token.start() as usize..token.end() as usize).unwrap_or_default();
        match token.kind() {
            Kind::Eof
            | Kind::Skip
            | Kind::HashbangComment
            | Kind::RParen
            | Kind::RBrack
            | Kind::RCurly => {}
            Kind::TemplateMiddle | Kind::TemplateTail => {}
            Kind::Let | Kind::Static | Kind::Async | Kind::Yield => vocabulary.operator(word),
            kind if is_operand(kind) => vocabulary.operand(word),
            _ => vocabulary.operator(word),
        }
    }
    vocabulary
}

fn is_operand(kind: Kind) -> bool {
    kind.is_identifier_name() && !kind.is_reserved_keyword()
        || kind.is_literal()
        || kind.is_number()
        || matches!(
            kind,
            Kind::Str
                | Kind::RegExp
                | Kind::NoSubstitutionTemplate
                | Kind::TemplateHead
                | Kind::PrivateIdentifier
                | Kind::JSXText
                | Kind::This
                | Kind::Super
        )
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use crate::measure;

    /// Line, name, `mccabe`, `eslint-complexity`, cognitive complexity and parameters of each function.
    fn check(path: &str, text: &str, expected: &Expect) {
        expected.assert_eq(&measure::shown(path, text, ["mccabe", "eslint"]));
    }

    #[test]
    fn branches_and_loops_count_in_each_dialect() {
        let text = "
function f(a, b = 1) {
  if (a && b || a) { } else if (b) { } else { }
  for (const x of a) { while (x) { break } }
  do { } while (b?.c ?? a)
  try { } catch { if (a) { } }
  switch (a) { case 1: case 2: break; default: }
  a ||= b ? 1 : 2;
  outer: for (;;) { continue outer }
}
";
        check(
            "a.js",
            text,
            &expect![[r#"
            2-10 f mccabe 11 eslint 18 cognitive 16 parameters 2
        "#]],
        );
    }

    #[test]
    fn functions_get_the_names_that_they_are_known_by() {
        let text = "
const arrow = (x) => x ? arrow(x) : 0;
class Shape extends Base {
  #hidden = () => 1;
  get area() { return this.area() }
  static make = function (a, ...rest) { return [1].map(y => y && a) };
}
module.exports.run = async function () {};
export default function () { return { handler() {} } }
";
        check(
            "a.js",
            text,
            &expect![[r#"
            2-2 arrow mccabe 1 eslint 2 cognitive 2 parameters 1
            4-4 Shape.hidden mccabe 1 eslint 1 cognitive 0 parameters 0
            5-5 Shape.area mccabe 1 eslint 1 cognitive 1 parameters 0
            6-6 Shape.make mccabe 1 eslint 1 cognitive 1 parameters 2
            6-6 Shape.make.<anonymous> mccabe 1 eslint 2 cognitive 1 parameters 1
            8-8 run mccabe 1 eslint 1 cognitive 0 parameters 0
            9-9 <anonymous> mccabe 1 eslint 1 cognitive 0 parameters 0
            9-9 <anonymous>.handler mccabe 1 eslint 1 cognitive 0 parameters 0
        "#]],
        );
    }

    #[test]
    fn types_decide_nothing() {
        let text = "
export function pick<T extends object>(from: T, key?: keyof T): T extends string ? 1 : 2 {
  return from!.x satisfies unknown as any;
}
declare function other(a: number): void;
abstract class A { abstract m(): void; constructor(private x = 1) {} }
";
        check(
            "a.ts",
            text,
            &expect![[r#"
            2-4 pick mccabe 1 eslint 1 cognitive 0 parameters 2
            6-6 A.constructor mccabe 1 eslint 2 cognitive 0 parameters 1
        "#]],
        );
    }

    #[test]
    fn jsx_is_understood() {
        let text = "export const View = ({ items }) => <ul>{items.map(i => i.on && <li>don't</li>)}</ul>;\n";
        check(
            "a.jsx",
            text,
            &expect![[r#"
            1-1 View mccabe 1 eslint 1 cognitive 1 parameters 1
            1-1 View.<anonymous> mccabe 1 eslint 2 cognitive 1 parameters 1
        "#]],
        );
        check(
            "a.tsx",
            text,
            &expect![[r#"
            1-1 View mccabe 1 eslint 1 cognitive 1 parameters 1
            1-1 View.<anonymous> mccabe 1 eslint 2 cognitive 1 parameters 1
        "#]],
        );
    }

    #[test]
    fn lines_are_told_apart() {
        let text = "/** doc\n *\n */\nlet a = `x\n\n// no comment` // behind\n\n// alone\n/* one\n\n */ a()\n";
        let lines = measure::file("a.js", text.as_bytes()).lines;
        let counts = (
            lines.total,
            lines.source,
            lines.comment,
            lines.documentation,
            lines.blank,
            lines.logical,
            lines.comments,
        );
        assert_eq!(counts, (11, 3, 2, 3, 3, 2, 4));
    }

    #[test]
    fn tokens_are_operators_or_operands() {
        let halstead = measure::file("a.js", b"let a = b + (a ? 'x' : 2);\n").halstead;
        // let = + ( ? : ; and a b a 'x' 2
        assert_eq!(
            (
                halstead.operators_distinct,
                halstead.operands_distinct,
                halstead.operators,
                halstead.operands
            ),
            (7, 4, 7, 5)
        );
    }

    #[test]
    fn what_does_not_parse_is_reported_with_its_line() {
        let problem = measure::file("a.js", b"let a = 1;\nlet = = 2;\n").problem.unwrap();
        assert_eq!((problem.kind.as_str(), problem.line), ("unparsable", Some(2)));
    }

    #[test]
    fn what_nests_too_deeply_is_refused_before_anything_recurses() {
        let many = 100_000;
        let deep = [
            "(".repeat(many),
            "x = ".to_owned() + &"[".repeat(many) + &"]".repeat(many),
            "!".repeat(many) + "x",
            "- ".repeat(many) + "x",
            "typeof ".repeat(many) + "x",
            "new ".repeat(many) + "x",
            "x => ".repeat(many) + "x",
            "x ? y : ".repeat(many) + "x",
            "x = ".repeat(many) + "x",
            "x ** ".repeat(many) + "x",
            "if(x)".repeat(many) + "x",
            "if(x){}else ".repeat(many) + "x",
            "{".repeat(many),
            "`${".repeat(many),
            "<a>".repeat(many),
            "x + ".repeat(many) + "x",
            "x".to_owned() + &".x".repeat(many),
            "x".to_owned() + &"()".repeat(many),
        ];
        for text in deep {
            let problem = measure::file("a.jsx", text.as_bytes()).problem.unwrap();
            assert_eq!(problem.kind, "too-deep", "{}", &text[..12]);
        }
    }

    #[test]
    fn long_but_flat_texts_are_measured() {
        let many = 10_000;
        let flat = [
            "x = [".to_owned() + &"-1, ".repeat(many) + "]",
            "foo.bar()\n".repeat(many),
            "if (x) { y() }\n".repeat(many),
            "if(x){y()}".repeat(many),
            "x = y ? 1 : 2\n".repeat(many),
            "const f = () => 1\n".repeat(many),
            "export function f() {}\n".repeat(many),
            "switch (x) {".to_owned() + &"case 1: y(); break\n".repeat(many) + "}",
            "x = <a>".to_owned() + &"<b>it's</b>\n<c/>".repeat(many) + "</a>",
            "class A {".to_owned() + &"m() { return 1 }\n".repeat(many) + "}",
        ];
        for text in flat {
            assert_eq!(measure::file("a.jsx", text.as_bytes()).problem, None, "{}", &text[..12]);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            measure::file("a.tsx", &bytes);
        }

        #[test]
        fn no_text_of_its_words_makes_it_panic(words in proptest::collection::vec(
            proptest::sample::select(vec![
                "function f(", ")", "{", "}", "=>", "\n", "if (x)", "else", "(", "[", "]", "'", "`", "${", "//", "/*", "*/",
                "class A", "x", "1", "+", "!", "?.", "??", "<a>", "</a>", "/", "\\", "é", "\u{2028}", ":", ",", ";", "case",
            ]),
            0..60,
        )) {
            measure::file("a.tsx", words.join(" ").as_bytes());
            measure::file("a.js", words.concat().as_bytes());
        }
    }
}
