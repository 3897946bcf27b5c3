//! Whatever the bytes, the checker answers: no panic, in bounded time and memory.

use std::{fs, path::Path};

use proptest::prelude::*;
use voyager_base::Limits;
use voyager_manifest::{Checked, Code, Expr, check, render};

fn checked(text: &[u8]) -> Checked {
    let checked = check(text, "hostile.yaml", &crate::common::catalog(), &Limits::ceiling());
    // Showing findings must stand everything too.
    render(&checked.diagnostics, "hostile.yaml", text, false);
    assert_eq!(checked.plan.is_some(), checked.errors() == 0);
    checked
}

fn everything() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/good/everything.yaml");
    fs::read_to_string(path).unwrap()
}

/// Pieces that mean something.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ \t\n:,\\[\\]{}#&*!|>'\"%@`?-]{1,4}",
        "(steps|inputs|result)(\\.[a-z?-]{1,4}){0,2}",
        "[a-z-]{1,6}: ?",
        Just("&a ".to_owned()),
        Just("*a ".to_owned()),
        Just("{ from: steps.scan }".to_owned()),
        Just("\n  - id: b\n    use: text/clip\n".to_owned()),
        "\\PC{0,4}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        checked(&bytes);
    }

    #[test]
    fn a_manifest_with_wounds_is_answered(
        wounds in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, piece()), 1..6),
    ) {
        let mut text = everything();
        for (at, length, piece) in wounds {
            let start = text.floor_char_boundary(at.index(text.len() + 1));
            let end = text.floor_char_boundary((start + length).min(text.len()));
            text.replace_range(start..end, &piece);
        }
        checked(text.as_bytes());
    }

    #[test]
    fn any_text_as_an_expression_is_answered(
        pieces in prop::collection::vec(
            prop_oneof![
                "[-+*/%!<>=&|?:.,()\\[\\] ]{1,3}",
                "[a-z0-9'\"]{1,4}",
                Just("inputs.count".to_owned()),
                Just(".map(x, x)".to_owned()),
                "\\PC{0,2}",
            ],
            0..20,
        ),
    ) {
        let text: String = pieces.concat();
        if let Err(problems) = Expr::parse(&text) {
            for problem in problems {
                prop_assert!(text.get(problem.span.clone()).is_some(), "{problem:?} in {text:?}");
            }
        }
    }
}

fn codes(checked: &Checked) -> Vec<Code> {
    checked.diagnostics.iter().map(|found| found.code).collect()
}

#[test]
fn a_text_of_two_mebibytes_and_a_million_values_are_refused() {
    assert_eq!(codes(&checked(&vec![b' '; 2 << 20])), [Code::TooLarge]);
    let many = format!("voyager: manifest/v1\nx-a: [{}]\n", "1,".repeat(200_000));
    assert_eq!(codes(&checked(many.as_bytes())), [Code::Nodes]);
}

#[test]
fn what_is_marked_within_what_is_marked_stays_small() {
    let mut text = String::from("voyager: manifest/v1\nx-a: ");
    for level in 0..60 {
        text.push_str(&format!("[&a{level} "));
    }
    text.push_str(&format!("[{}]", "1,".repeat(90_000)));
    text.push_str(&"]".repeat(60));
    text.push('\n');
    assert!(checked(text.as_bytes()).plan.is_none());
}

#[test]
fn ten_thousand_errors_are_told_in_a_hundred() {
    let steps = "  - { id: a, use: nothing/known }\n".repeat(10_000);
    let text = format!("voyager: manifest/v1\nname: a\nversion: 1.0.0\nsteps:\n{steps}");
    let checked = checked(text.as_bytes());
    assert_eq!(checked.diagnostics.len(), 100);
    assert_eq!(checked.omitted, 19_999 - 100);
}
