//! Python: one lexing pass bounds the depth, one parse gives tokens and tree, one walk over each of
//! them counts.

mod depth;
mod lines;
mod operands;
pub(crate) mod outline;
mod walk;

use ruff_python_ast::ModModule;
use ruff_python_parser::{Parsed, parse_module};

use crate::contract::exports::voyager::coder::metrics::{FileMetrics, Problem};
use crate::figures;
use crate::measure::problem;
use crate::text::LineIndex;

/// Fills in the figures of a Python text.
pub(crate) fn measure(text: &str, metrics: &mut FileMetrics) -> Result<(), Problem> {
    depth::check(text)?;
    let index = LineIndex::new(text);
    metrics.lines.total = index.count(text);
    let parsed = parse(text, &index)?;
    metrics.lines = lines::count(text, parsed.tokens());
    let counted = walk::module(&parsed.syntax().body, &index);
    metrics.halstead = counted.halstead;
    metrics.cyclomatic = counted.cyclomatic;
    metrics.functions = counted.functions;
    figures::finish(metrics);
    Ok(())
}

/// Parses a text whose depth was checked.
fn parse(text: &str, index: &LineIndex) -> Result<Parsed<ModModule>, Problem> {
    parse_module(text).map_err(|error| {
        let line = index.line(error.location.start().to_u32());
        problem("unparsable", error.error.to_string(), Some(line))
    })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use crate::measure;

    /// Name, `ruff-c901`, `radon-cc`, cognitive complexity and parameters of each function.
    fn check(text: &str, expected: &Expect) {
        expected.assert_eq(&measure::shown("a.py", text, ["ruff", "radon"]));
    }

    #[test]
    fn branches_and_loops_count_in_each_dialect() {
        let text = "
def f(a, b=1, *c, d, **e):
    if a and b:
        pass
    elif a:
        pass
    else:
        pass
    for x in c:
        while x:
            break
    else:
        pass
";
        check(
            text,
            &expect![[r#"
            2-13 f ruff 5 radon 7 cognitive 8 parameters 5
        "#]],
        );
    }

    #[test]
    fn exceptions_count_in_each_dialect() {
        let text = "
def f():
    try:
        pass
    except A:
        if a:
            pass
    except B:
        pass
    else:
        pass
    finally:
        if b:
            pass
def g():
    try:
        pass
    except* A:
        pass
";
        check(
            text,
            &expect![[r#"
            2-14 f ruff 6 radon 6 cognitive 6 parameters 0
            15-19 g ruff 2 radon 1 cognitive 1 parameters 0
        "#]],
        );
    }

    #[test]
    fn a_match_counts_its_cases_without_the_last_resort() {
        let text = "
def f(a):
    match a:
        case 1:
            pass
        case [x, y] if x:
            pass
        case _:
            pass
def g(a):
    match a:
        case 1:
            pass
";
        check(
            text,
            &expect![[r#"
            2-9 f ruff 3 radon 3 cognitive 1 parameters 1
            10-13 g ruff 2 radon 2 cognitive 1 parameters 1
        "#]],
        );
    }

    #[test]
    fn expressions_count_in_radon_and_some_in_cognitive_complexity() {
        let text = "
def f(a, b):
    x = [y for y in a if y if b]
    z = a if b else x
    assert a and b
    return a or b and z or (lambda: a and b)
";
        check(
            text,
            &expect![[r#"
            2-6 f ruff 1 radon 10 cognitive 6 parameters 2
        "#]],
        );
    }

    #[test]
    fn functions_in_functions_count_outside_only_where_the_dialect_says_so() {
        let text = "
def outer(a):
    def inner(b):
        if b:
            pass
    if a:
        pass
class C:
    @decorated(a and b)
    def method(self, x=a or b):
        for y in x:
            if y:
                self.method(y)
";
        check(
            text,
            &expect![[r#"
            2-7 outer ruff 4 radon 2 cognitive 3 parameters 1
            3-5 outer.inner ruff 2 radon 2 cognitive 1 parameters 1
            10-13 C.method ruff 3 radon 3 cognitive 4 parameters 2
        "#]],
        );
    }

    #[test]
    fn a_decorator_does_not_nest_the_function_it_returns() {
        let text = "
def decorator(call):
    def wrapped():
        if call:
            call()
    return wrapped
";
        check(
            text,
            &expect![[r#"
            2-6 decorator ruff 3 radon 1 cognitive 1 parameters 1
            3-5 decorator.wrapped ruff 2 radon 2 cognitive 1 parameters 0
        "#]],
        );
    }

    #[test]
    fn lines_are_told_apart_as_radon_does() {
        let text = "# comment\n\nx = {\n\n    1: 2,  # behind\n}\n'''one line'''\n'''many\n\nlines'''\nif x: a; b\n";
        let lines = measure::file("a.py", text.as_bytes()).lines;
        let counts = (
            lines.total,
            lines.source,
            lines.comment,
            lines.documentation,
            lines.blank,
            lines.logical,
            lines.comments,
        );
        assert_eq!(counts, (11, 4, 2, 2, 3, 6, 2));
    }

    #[test]
    fn operands_are_equal_where_python_says_so() {
        let text = "x = a + 1\ny = 1.0 + True\ndef f():\n    return a + 1 < f(2)\n";
        let halstead = measure::file("a.py", text.as_bytes()).halstead;
        // `+` and `<`; outside `a` and 1, inside `a`, 1, the sum and the call.
        assert_eq!(
            (
                halstead.operators_distinct,
                halstead.operands_distinct,
                halstead.operators,
                halstead.operands
            ),
            (2, 6, 4, 8)
        );
    }

    #[test]
    fn what_does_not_parse_is_reported_with_its_line() {
        let problem = measure::file("a.py", b"x = 1\ndef f(:\n").problem.unwrap();
        assert_eq!((problem.kind.as_str(), problem.line), ("unparsable", Some(2)));
    }

    #[test]
    fn what_nests_too_deeply_is_refused_before_anything_recurses() {
        let deep = [
            "(".repeat(100_000),
            "x = ".to_owned() + &"[".repeat(100_000) + &"]".repeat(100_000),
            "not ".repeat(100_000) + "x",
            "-".repeat(100_000) + "x",
            "lambda: ".repeat(100_000) + "x",
            "x if y else ".repeat(100_000) + "x",
            "x ** ".repeat(100_000) + "x",
            "x + ".repeat(100_000) + "x",
            "x".to_owned() + &".x".repeat(100_000),
            "x".to_owned() + &"()".repeat(100_000),
            (0..2_000).map(|level| " ".repeat(level) + "if x:\n").collect::<String>()
                + &" ".repeat(2_000)
                + "x",
            "f'{".repeat(1_000),
        ];
        for text in deep {
            let problem = measure::file("a.py", text.as_bytes()).problem.unwrap();
            assert_eq!(problem.kind, "too-deep", "{}", &text[..40]);
        }
    }

    #[test]
    fn long_but_flat_texts_are_measured() {
        let flat = [
            "x = [".to_owned() + &"-1, ".repeat(100_000) + "]",
            "x = ".to_owned() + &"-1 + ".repeat(1_000) + "1",
            "x = ".to_owned() + &"not a and ".repeat(10_000) + "b",
            "if x: pass\n".to_owned() + &"elif x: pass\n".repeat(10_000),
            "x = {".to_owned() + &"'a': lambda x: x, ".repeat(10_000) + "}",
        ];
        for text in flat {
            assert_eq!(measure::file("a.py", text.as_bytes()).problem, None, "{}", &text[..40]);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            measure::file("a.py", &bytes);
        }

        #[test]
        fn no_text_of_python_words_makes_it_panic(words in proptest::collection::vec(
            proptest::sample::select(vec![
                "def f(", "):", "\n", "    ", "if x:", "else:", "(", ")", "[", "]", "'", "\"\"\"", "f'{", "}", "#", ";", "\\\n",
                "lambda", "match x:", "case _:", "x", "1", "+", "not", "for", "in", "\r", "\u{c}", "é", "\u{2028}", ":", ",",
            ]),
            0..60,
        )) {
            measure::file("a.py", words.join(" ").as_bytes());
            measure::file("a.py", words.concat().as_bytes());
        }
    }
}
