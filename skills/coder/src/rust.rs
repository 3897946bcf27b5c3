//! Rust: one pass over the characters bounds the depth and finds the comments, one lexing and one
//! parse give tokens and tree, one walk counts. What stands in the arguments of macros is no tree:
//! it counts as tokens only.

pub(crate) mod outline;
mod walk;

use proc_macro2::{Delimiter, LexError, Span, TokenStream, TokenTree};

use crate::contract::exports::voyager::coder::metrics::{FileMetrics, Problem};
use crate::figures;
use crate::lexical::{self, Flavour, Vocabulary};
use crate::measure::problem;

/// Fills in the figures of a Rust text.
pub(crate) fn measure(text: &str, metrics: &mut FileMetrics) -> Result<(), Problem> {
    let comments = lexical::comments(text, Flavour::Rust)?;
    metrics.lines = lexical::lines(text, &comments);
    let body = without_shebang(text);
    let tokens = lex(body)?;
    let mut vocabulary = Vocabulary::default();
    count(body, tokens.clone(), &mut vocabulary);
    metrics.halstead = vocabulary.halstead();
    let counted = walk::file(&parse(tokens)?);
    metrics.lines.logical = counted.logical;
    (metrics.functions, metrics.cyclomatic) = counted.functions.finish();
    figures::finish(metrics);
    Ok(())
}

fn lex(body: &str) -> Result<TokenStream, Problem> {
    // The lexer keeps a map of all texts for the places of its tokens; nobody asks for older ones.
    proc_macro2::extra::invalidate_current_thread_spans();
    body.parse().map_err(|error: LexError| unparsable(&error, error.span()))
}

fn parse(tokens: TokenStream) -> Result<syn::File, Problem> {
    syn::parse2(tokens).map_err(|error| unparsable(&error, error.span()))
}

fn unparsable(error: &dyn std::fmt::Display, at: Span) -> Problem {
    problem("unparsable", error.to_string(), Some(walk::line(at)))
}

/// The text behind a `#!` line, whose line feed stays so that lines keep their numbers.
fn without_shebang(text: &str) -> &str {
    let is_attribute = |rest: &str| rest.trim_start().starts_with('[');
    match text.strip_prefix("#!") {
        Some(rest) if !is_attribute(rest) => rest.find('\n').map_or("", |end| &rest[end..]),
        _ => text,
    }
}

fn count<'a>(text: &'a str, tokens: TokenStream, vocabulary: &mut Vocabulary<'a>) {
    let slice = |range| text.get::<std::ops::Range<usize>>(range).unwrap_or_default();
    let mut punctuation: Option<std::ops::Range<usize>> = None;
    for token in tokens {
        if let TokenTree::Punct(mark) = &token {
            let range = mark.span().byte_range();
            let whole = punctuation.take().map_or(range.start, |before| before.start)..range.end;
            match mark.spacing() {
                proc_macro2::Spacing::Joint => punctuation = Some(whole),
                proc_macro2::Spacing::Alone => vocabulary.operator(slice(whole)),
            }
            continue;
        }
        if let Some(whole) = punctuation.take() {
            vocabulary.operator(slice(whole));
        }
        match token {
            TokenTree::Group(group) => {
                match group.delimiter() {
                    Delimiter::Parenthesis => vocabulary.operator("("),
                    Delimiter::Brace => vocabulary.operator("{"),
                    Delimiter::Bracket => vocabulary.operator("["),
                    Delimiter::None => {}
                }
                count(text, group.stream(), vocabulary);
            }
            TokenTree::Ident(word) => {
                let word = slice(word.span().byte_range());
                if is_keyword(word) { vocabulary.operator(word) } else { vocabulary.operand(word) }
            }
            TokenTree::Literal(literal) => vocabulary.operand(slice(literal.span().byte_range())),
            TokenTree::Punct(_) => {}
        }
    }
}

fn is_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 35] = [
        "as", "async", "await", "box", "break", "const", "continue", "crate", "dyn", "else",
        "enum", "extern", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move",
        "mut", "pub", "ref", "return", "static", "struct", "trait", "type", "union", "unsafe",
        "use", "where", "while",
    ];
    KEYWORDS.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;
    use crate::measure;

    /// Line, name, `mccabe`, `mccabe-extended`, cognitive complexity and parameters of each function.
    fn check(text: &str, expected: &Expect) {
        expected.assert_eq(&measure::shown("a.rs", text, ["mccabe", "extended"]));
    }

    #[test]
    fn keywords_are_in_order() {
        assert!(is_keyword("while") && is_keyword("as") && is_keyword("fn") && !is_keyword("word"));
    }

    #[test]
    fn branches_and_loops_count_in_each_dialect() {
        let text = "
fn f(a: bool, b: Option<u32>) -> Option<u32> {
    if a && b.is_some() || a { } else if let Some(x) = b { } else { }
    'outer: for x in 0..3 { while a { continue 'outer } loop { break } }
    let Some(y) = b else { return None };
    match b? { 1 => {} x if x > 2 && a => {} _ => {} }
    [1].iter().map(|x| if a { f(a, b) } else { None });
    None
}
";
        check(
            text,
            &expect![[r#"
            2-9 f mccabe 10 extended 15 cognitive 18 parameters 2
        "#]],
        );
    }

    #[test]
    fn functions_stand_behind_what_is_around_them() {
        let text = "
mod inner {
    impl<T> super::Shape<T> for Vec<T> {
        #[inline]
        pub fn area(&self) -> f64 { fn helper() { if true {} } self.area() }
    }
    trait Named { fn name(&self) -> String; fn other() {} }
}
#[test]
async unsafe fn g() { let c = |x| { if x {} }; }
";
        check(
            text,
            &expect![[r#"
            5-5 inner.Vec.area mccabe 1 extended 1 cognitive 3 parameters 1
            5-5 inner.Vec.area.helper mccabe 2 extended 2 cognitive 1 parameters 0
            7-7 inner.Named.other mccabe 1 extended 1 cognitive 0 parameters 0
            10-10 g mccabe 2 extended 2 cognitive 2 parameters 0
        "#]],
        );
    }

    #[test]
    fn lines_are_told_apart() {
        let text = "//! doc\n\n/// doc\nfn f() { // behind\n    /* one /* two */\n\n    */ let x = r#\"\n\n//no\"#; // two\n    'a'; '\\''; \"//\";\n}\n//// comment\n";
        let lines = measure::file("a.rs", text.as_bytes()).lines;
        let counts = (
            lines.total,
            lines.source,
            lines.comment,
            lines.documentation,
            lines.blank,
            lines.logical,
            lines.comments,
        );
        assert_eq!(counts, (12, 5, 2, 2, 3, 5, 5));
    }

    #[test]
    fn tokens_are_operators_or_operands() {
        let halstead = measure::file("a.rs", b"fn f(a: u8) -> u8 { a << 2 }\n").halstead;
        // fn ( : -> { << and f a u8 u8 a 2
        assert_eq!(
            (
                halstead.operators_distinct,
                halstead.operands_distinct,
                halstead.operators,
                halstead.operands
            ),
            (6, 4, 6, 6)
        );
    }

    #[test]
    fn a_shebang_is_no_attribute() {
        check(
            "#!/usr/bin/env run\nfn f() {}\n",
            &expect![[r#"
            2-2 f mccabe 1 extended 1 cognitive 0 parameters 0
        "#]],
        );
        check(
            "#![allow(x)]\nfn f() {}\n",
            &expect![[r#"
            2-2 f mccabe 1 extended 1 cognitive 0 parameters 0
        "#]],
        );
    }

    #[test]
    fn what_does_not_parse_is_reported_with_its_line() {
        for text in ["fn f() {}\nfn g( {}\n", "fn f() {}\nfn 1() {}\n"] {
            let problem = measure::file("a.rs", text.as_bytes()).problem.unwrap();
            assert_eq!((problem.kind.as_str(), problem.line), ("unparsable", Some(2)));
        }
    }

    #[test]
    fn what_nests_too_deeply_is_refused_before_anything_recurses() {
        let many = 100_000;
        let deep = [
            "(".repeat(many),
            "fn f() { ".to_owned() + &"[".repeat(many),
            "!".repeat(many) + "x",
            "fn f() { ".to_owned() + &"&".repeat(many) + "x }",
            "fn f() { ".to_owned() + &"- ".repeat(many) + "x }",
            "fn f() { ".to_owned() + &"return ".repeat(many) + "}",
            "fn f() { ".to_owned() + &"|x| ".repeat(many) + "x }",
            "fn f() { ".to_owned() + &"|| ".repeat(many) + "x }",
            "fn f() { ".to_owned() + &"x = ".repeat(many) + "x }",
            "fn f() { ".to_owned() + &"if x {} else ".repeat(many) + "{} }",
            "type T = ".to_owned() + &"A<".repeat(many),
            "type T = ".to_owned() + &"fn() -> ".repeat(many),
            "fn f() { ".to_owned() + &"x + ".repeat(many) + "x }",
            "fn f() { x".to_owned() + &".x()".repeat(many) + " }",
            "fn f() { x".to_owned() + &"?".repeat(many) + " }",
            "/*".repeat(many) + &"(".repeat(many),
        ];
        for text in deep {
            let problem = measure::file("a.rs", text.as_bytes()).problem;
            let kind = problem.as_ref().map(|problem| problem.kind.as_str());
            let comment = text.starts_with("/*");
            assert_eq!(
                kind,
                Some(if comment { "unparsable" } else { "too-deep" }),
                "{}",
                &text[..20]
            );
        }
    }

    #[test]
    fn long_but_flat_texts_are_measured() {
        let many = 5_000;
        let flat = [
            "const X: &[i32] = &[".to_owned() + &"-1, ".repeat(many) + "];",
            "fn f() {}\n".repeat(many),
            "fn f() {".to_owned() + &"if x { y() }\n".repeat(many) + "}",
            "fn f() {".to_owned() + &"x?;\n".repeat(many) + "}",
            "fn f() { match x {".to_owned() + &"A | B if a && b => {}\n".repeat(many) + "} }",
            "fn f<'a>(x: &'a [Vec<u8>]) -> Option<&'a u8> { 'x' }\n".repeat(many),
        ];
        for text in flat {
            assert_eq!(measure::file("a.rs", text.as_bytes()).problem, None, "{}", &text[..12]);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            measure::file("a.rs", &bytes);
        }

        #[test]
        fn no_text_of_its_words_makes_it_panic(words in proptest::collection::vec(
            proptest::sample::select(vec![
                "fn f(", ")", "{", "}", "->", "\n", "if x", "else", "(", "[", "]", "'", "r#\"", "\"#", "//", "/*", "*/",
                "impl A", "x", "1", "+", "!", "?", "|", "&", "<", ">", "'a", "\\", "é", "#!", ":", ",", ";", "match x", "=>",
            ]),
            0..60,
        )) {
            measure::file("a.rs", words.join(" ").as_bytes());
            measure::file("a.rs", words.concat().as_bytes());
        }
    }
}
